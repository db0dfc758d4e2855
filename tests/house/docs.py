"""docs.py CHECK_DOCS: the script accepts documents that agree with the tree, and names each fault in
ones that do not."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = sys.argv.pop(1)

GOOD = {
    "CMakeLists.txt": "project(Ritz\n    VERSION 0.2.0)\n",
    "include/ritz/a.h": (
        "/* RITZ_API int ritz_not_this(void); */\n"
        "#ifndef RITZ_A_H\n#define RITZ_A_H\n"
        "typedef enum ritz_kind { RITZ_ONE = 1 } ritz_kind;\n"
        "RITZ_API RITZ_NODISCARD int\nritz_f(int (*g)(int), int x);\n#endif\n"),
    "examples/e.c": "int main(void)\n{\n    int a = 1;\n    int b = 2;\n    return a - b + 1;\n}\n",
    "README.md": (
        "# Title of `this`\n`ritz_f` in `include/ritz/a.h`, [up](#title-of-this), [log](CHANGELOG.md#020)\n"
        "- [web](https://example.org/x)\n\n"
        "  <!-- from examples/e.c -->\n  ```c\n  {\n      int a = 1;\n  /* ... */\n"
        "      return a - b + 1;\n  ```\n"),
    "CHANGELOG.md": "# Changes\n## [Unreleased]\n## 0.2.0\n- `ritz_f`\n",
    "docs/symbols-in-versions": "# comment\nRITZ_ONE 0.1.0\nritz_f 0.2.0\nritz_kind 0.1.0\nritz_old 0.1.0 0.2.0\n",
}

# file, text in it, what takes its place, what the message must say
BAD = [
    ("README.md", "int a = 1;", "int a = 2;", "README.md:7: the block is no excerpt of examples/e.c"),
    ("README.md", "from examples/e.c", "from examples/f.c", "examples/f.c does not exist"),
    ("README.md", "<!-- from examples/e.c -->", "Look:", "a C block without <!-- from FILE -->"),
    ("README.md", "`ritz_f`", "`ritz_g`", "README.md:1: ritz_f is not in the table"),
    ("README.md", "include/ritz/a.h", "include/ritz/b.h", "README.md:2: include/ritz/b.h does not"),
    ("README.md", "#title-of-this", "#title", "README.md:2: README.md has no heading #title"),
    ("README.md", "CHANGELOG.md#020", "CHANGES.md", "README.md:2: the link to CHANGES.md leads"),
    ("CHANGELOG.md", "`ritz_f`", "nothing", "CHANGELOG.md:1: ritz_f is not named under 0.2.0"),
    ("CHANGELOG.md", "## 0.2.0", "## 0.1.0", "CHANGELOG.md:1: ritz_f is not named under 0.2.0"),
    ("docs/symbols-in-versions", "ritz_f 0.2.0\n", "", "ritz_f is missing"),
    ("docs/symbols-in-versions", "RITZ_ONE 0.1.0\n", "", "RITZ_ONE is missing"),
    ("docs/symbols-in-versions", "ritz_kind 0.1.0\n", "", "ritz_kind is missing"),
    ("docs/symbols-in-versions", "ritz_f 0.2.0", "ritz_f", ":3: ritz_f has no version"),
    ("docs/symbols-in-versions", "ritz_old 0.1.0 0.2.0", "ritz_old 0.1.0", ":5: ritz_old is gone"),
    ("docs/symbols-in-versions", "ritz_f 0.2.0", "ritz_f 0.2.0 0.3.0", ":3: ritz_f is there"),
    ("include/ritz/a.h", "RITZ_API RITZ_NODISCARD", "", "no public function was found"),
]


class Docs(unittest.TestCase):
    def run_on(self, files, *arguments):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = pathlib.Path(root) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            result = subprocess.run([sys.executable, SCRIPT, "--root", root, *arguments],
                                    capture_output=True, text=True, check=False)
            return result, (pathlib.Path(root) / "docs/symbols-in-versions").read_text()

    def test_accepts_good_documents(self):
        result, _ = self.run_on(GOOD)
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)

    def test_names_each_fault(self):
        for name, old, new, message in BAD:
            with self.subTest(name=name, old=old, new=new):
                self.assertIn(old, GOOD[name])
                result, _ = self.run_on(GOOD | {name: GOOD[name].replace(old, new)})
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertIn(message, result.stdout)

    def test_update_adds_and_keeps(self):
        header = GOOD["include/ritz/a.h"].replace("#endif", "RITZ_API void ritz_h(void);\n#endif")
        result, symbols = self.run_on(
            GOOD | {"include/ritz/a.h": header, "README.md": "`ritz_f` `ritz_h`\n",
                    "CHANGELOG.md": GOOD["CHANGELOG.md"] + "- `ritz_h`\n"}, "--update")
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)
        lines = [line.split() for line in symbols.splitlines() if not line.startswith("#")]
        self.assertIn(["ritz_h", "0.2.0"], lines)
        self.assertIn(["RITZ_ONE", "0.1.0"], lines)
        self.assertIn(["ritz_old", "0.1.0", "0.2.0"], lines)

    def test_compares_with_the_library(self):
        result, _ = self.run_on(GOOD, "--library", "/bin/sh")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("/bin/sh does not export ritz_f", result.stdout)


if __name__ == "__main__":
    unittest.main()
