"""cuda_calls.py CHECK_CUDA_CALLS: the script accepts this tree's places, and names each call elsewhere."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(sys.argv.pop(1))
SOURCES = SCRIPT.resolve().parent.parent / "src" / "cuda"


class CudaCalls(unittest.TestCase):
    def run_with(self, name, text, drop=None):
        """The script's answer about a copy of src/cuda with one more file, and without another."""
        with tempfile.TemporaryDirectory() as root:
            copy = pathlib.Path(root, "src", "cuda")
            shutil.copytree(SOURCES, copy)
            (copy / name).write_text(text)
            if drop:
                (copy / drop).unlink()
            return subprocess.run([sys.executable, SCRIPT, "--root", root], capture_output=True,
                                  text=True, check=False)

    def test_accepts_what_never_waits(self):
        text = ("/* cudaFree(p) would wait */\n"
                'const char *t = "cudaMalloc(";\n'
                "void f(void) { cudaFreeAsync(p, s); cudaMemcpyAsync(a, b, n, k, s); }\n")
        result = self.run_with("more.c", text)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_names_each_call(self):
        for call in ("cudaDeviceSynchronize()", "cudaStreamSynchronize(s)", "cudaMemcpy(a, b, n, k)",
                     "cudaMemset(p, 0, n)", "cudaMalloc(&p, n)", "cudaFree (p)", "cudaDeviceReset()"):
            with self.subTest(call=call):
                result = self.run_with("more.cu", f"\nvoid f(void) {{ {call}; }}\n")
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn("src/cuda/more.cu:2: " + call.split("(", maxsplit=1)[0].strip(),
                              result.stdout)

    def test_refuses_a_second_call_in_an_allowed_file(self):
        text = (SOURCES / "memory.c").read_text() + "void g(void) { (void)cudaFreeHost(0); }\n"
        result = self.run_with("memory.c", text)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("cudaFreeHost", result.stdout)

    def test_names_a_place_that_is_no_more(self):
        result = self.run_with("more.c", "", drop="memory.c")
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("shorten the list", result.stdout)


if __name__ == "__main__":
    unittest.main()
