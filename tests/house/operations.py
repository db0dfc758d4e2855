"""operations.py CHECK_OPERATIONS: the script accepts what headers and cases say alike, and names each difference."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(sys.argv.pop(1))


class Operations(unittest.TestCase):
    def run_with(self, says, *cases, update=True):
        """The script's answer about one function, what its header says, and its cases."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in ("include/ritz", "tests/emu", "docs"):
                (root / name).mkdir(parents=True)
            (root / "include/ritz/one.h").write_text(
                f"/** One.\n * @return RITZ_OK.\n *\n * {says} */\n"
                "RITZ_API ritz_status ritz_one(ritz_stream *s);\n")
            rows = (f'OPERATION(ritz_one, "", nothing, one, nothing, 0, {may}, {capture}, 0)\n'
                    for may, capture in cases)
            (root / "tests/emu/operations.def").write_text("/* OPERATION(x) */\n" + "".join(rows))
            command = [sys.executable, SCRIPT, "--root", folder]
            if update:
                subprocess.run(command + ["--update"], capture_output=True, check=False)
            return subprocess.run(command, capture_output=True, text=True, check=False)

    def accepts(self, says, *cases):
        result = self.run_with(says, *cases)
        self.assertEqual(result.returncode, 0, result.stdout)

    def refuses(self, reason, says, *cases):
        result = self.run_with(says, *cases)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("include/ritz/one.h:5: ritz_one " + reason, result.stdout)

    def test_accepts_what_agrees(self):
        self.accepts("Synchronises: never. Capturable: yes.", ("0", "CAPTURED"))
        self.accepts("Synchronises: once. Capturable: no (reads results).",
                     ("MAY_SYNC", "NEEDS_RESULT"))
        self.accepts("Synchronises: never. Capturable: n <= 32; else no (cuSOLVER).",
                     ("0", "NEEDS_SOLVER_IF_LARGE"))
        self.accepts("Synchronises: never. Capturable: to pinned memory only.", ("0", "CAPTURED"),
                     ("0", "NEEDS_PINNED"))
        self.accepts("Synchronises, Capturable: as ritz_two.")
        self.accepts("Nothing of the kind.")

    def test_names_what_cannot_be_captured(self):
        self.refuses("is said to be capturable, and has no case", "Synchronises: never. Capturable: yes.")
        self.refuses("is said to be capturable, and its case \"\" is NEEDS_RESULT",
                     "Synchronises: never. Capturable: yes.", ("0", "CAPTURED"), ("0", "NEEDS_RESULT"))

    def test_names_what_can_be_captured(self):
        self.refuses("is said not to be capturable", "Synchronises: never. Capturable: no (allocates).",
                     ("0", "CAPTURED"))

    def test_wants_a_reason(self):
        self.refuses("cannot be captured, and does not say why",
                     "Synchronises: once. Capturable: no. Cost: n.")

    def test_wants_a_case_for_a_condition(self):
        self.refuses("can be captured under a condition", "Synchronises: never. Capturable: n <= 32.",
                     ("0", "NEEDS_RESULT"))

    def test_wants_a_statement_where_there_are_cases(self):
        self.refuses("has cases, and its header does not say", "Nothing of the kind.",
                     ("0", "CAPTURED"))

    def test_names_what_waits(self):
        self.refuses("never synchronises, and its case", "Synchronises: never. Capturable: yes.",
                     ("MAY_SYNC", "CAPTURED"))

    def test_names_a_table_that_is_old(self):
        result = self.run_with("Synchronises: never. Capturable: yes.", ("0", "CAPTURED"),
                               update=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("docs/calls.md", result.stdout)


if __name__ == "__main__":
    unittest.main()
