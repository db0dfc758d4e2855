"""layering.py CHECK_LAYERING: the script accepts a tree that keeps the rules, and names each
violation in one that does not."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = sys.argv.pop(1)

GOOD = {
    "include/ritz/a.h": '#include <stdint.h>\n#include "ritz/b.h"\n',
    "include/ritz/b.h": "",
    "src/core/core.h": '#include "ritz/a.h"\n',
    "src/algo/x.c": '#include "core/core.h"\n/* cpu_gemm() would be wrong; #include "cpu/cpu.h" */\n',
    "src/cpu/cpu.h": '#include <cblas.h>\n#include "core/core.h"\n',
    "src/cuda/x.c": "#include <cuda_runtime.h>\n",
    "tools/main.c": "#include <ritz/a.h>\n#include <jansson.h>\n",
}

# file, its text, what the message must say
BAD = [
    ("src/algo/y.c", '#include "cpu/cpu.h"\n', "src/algo must not include src/cpu/cpu.h"),
    ("src/algo/y.c", "void f(void) { cpu_gemm(); }\n", "must not name a backend's function"),
    ("src/algo/y.c", "#include <cblas.h>\n", "may include <cblas.h>"),
    ("src/cpu/y.c", '#include "algo/x.h"\n', "src/cpu must not include src/algo/x.h"),
    ("src/cpu/y.c", "#include <cublas_v2.h>\n",
     "only examples, src/cuda, tests/cudaemu, tests/emu, tests/gpu may include <cublas_v2.h>"),
    ("src/core/y.c", '#include "../cpu/cpu.h"\n', "src/core must not include src/cpu/cpu.h"),
    ("include/ritz/y.h", '#include "core/core.h"\n', "include must not include src/core/core.h"),
    ("include/ritz/y.h", "#include <sys/types.h>\n", "only public and standard headers"),
    ("tools/y.c", '#include "core/core.h"\n', "tools must not include src/core/core.h"),
    ("examples/y.c", '#include "../src/core/core.h"\n', "examples must not include src/core/core.h"),
    ("tests/oracle/y.c", "#include <ritz/a.h>\n", "tests/oracle must not include include/ritz/a.h"),
    ("src/io/y.c", '#include "gone.h"\n', "is no file of this tree"),
]


class Layering(unittest.TestCase):
    def run_on(self, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = pathlib.Path(root) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return subprocess.run([sys.executable, SCRIPT, "--root", root],
                                  capture_output=True, text=True, check=False)

    def test_accepts_a_good_tree(self):
        result = self.run_on(GOOD)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_refuses_an_empty_tree(self):
        self.assertNotEqual(self.run_on({}).returncode, 0)

    def test_names_each_violation(self):
        for name, text, message in BAD:
            with self.subTest(name=name, text=text):
                result = self.run_on(GOOD | {"src/algo/x.h": ""} | {name: text})
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn(message, result.stdout)
                self.assertIn(f"{name}:1:", result.stdout)


if __name__ == "__main__":
    unittest.main()
