"""Files are written whole or not at all; progress and interruption."""

import json
import os
import pty
import resource
import select
import signal
import subprocess
import time

import numpy as np

from support import BINARY, FAILED, INTERRUPTED, OK, CommandTest, main

FILES = ["components.npy", "explained_variance.npy", "mean.npy", "report.json", "scores.npy"]


class OutputTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.data = np.random.default_rng(1).standard_normal((400, 20))
        self.save("data.npy", self.data)

    def contents(self, directory):
        return {name: (self.directory / directory / name).read_bytes()
                for name in self.names(directory)}


class Written(OutputTest):
    def test_files_and_nothing_else(self):
        report = self.report("pca", "data.npy", "-k", 3, "--out", "out")
        self.assertEqual(self.names("out"), FILES)
        self.assertEqual(sorted(report["output"]["files"]), FILES)
        self.assertEqual(report["output"]["directory"], "out")

    def test_report_is_what_json_prints(self):
        printed = self.report("pca", "data.npy", "-k", 3, "--out", "out")
        written = json.loads((self.directory / "out/report.json").read_text(encoding="utf-8"))
        self.assertEqual(written, printed)

    def test_nothing_without_out(self):
        self.succeed("pca", "data.npy")
        self.assertEqual(self.names(), ["data.npy"])

    def test_earlier_results_are_replaced_and_other_files_kept(self):
        os.mkdir(self.directory / "out")
        (self.directory / "out/notes.txt").write_text("mine", encoding="ascii")
        self.succeed("pca", "data.npy", "-k", 3, "--out", "out")
        self.succeed("pca", "data.npy", "-k", 4, "--out", "out")
        self.assertEqual(self.names("out"), sorted(FILES + ["notes.txt"]))
        self.assertEqual(self.load("out/components.npy").shape, (4, 20))

    def test_permissions_follow_the_umask(self):
        self.succeed("pca", "data.npy", "--out", "out", preexec_fn=lambda: os.umask(0o027))
        for name in FILES:
            mode = (self.directory / "out" / name).stat().st_mode & 0o777
            self.assertEqual(oct(mode), oct(0o640), name)


class Refused(OutputTest):
    """Found before the fit, which is why the data may be missing the point."""

    def test_parent_is_missing(self):
        self.refuse(FAILED, "cannot create the directory none/out: No such file", "pca",
                    "data.npy", "--out", "none/out")

    def test_is_a_file(self):
        self.refuse(FAILED, "data.npy is not a directory", "pca", "data.npy", "--out", "data.npy")
        self.refuse(FAILED, "cannot create the directory data.npy/out: Not a directory", "svd",
                    "data.npy", "--out", "data.npy/out")

    def test_cannot_be_written(self):
        # Not even the superuser may write here.
        self.refuse(FAILED, "/proc/ritz", "pca", "data.npy", "--out", "/proc/ritz")


class NoSpace(OutputTest):
    """A limit on the size of files stands for a full disk."""

    def run_limited(self, size, *arguments):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        # The final place, and neither the hidden directory nor a function of the library.
        return self.refuse(FAILED, r"\Aritz: cannot write [a-z]+/\w+\.(npy|json): File too large$",
                           *arguments, preexec_fn=limit)

    def test_nothing_is_left_behind(self):
        # From no space at all to all but the last bytes of the largest file.
        largest = 128 + self.data.shape[0] * 3 * 8
        for size in (0, 100, 128 + 3 * 20 * 8 - 1, largest - 1):
            with self.subTest(size=size):
                self.run_limited(size, "pca", "data.npy", "-k", 3, "--out", "out")
                self.assertEqual(self.names(), ["data.npy"])

    def test_earlier_results_stay(self):
        for command in ("pca", "svd"):
            with self.subTest(command=command):
                self.succeed(command, "data.npy", "-k", 3, "-q", "--out", command)
                before = self.contents(command)
                self.run_limited(2000, command, "data.npy", "-k", 4, "--out", command)
                self.assertEqual(self.contents(command), before)


class LongWork(CommandTest):
    """A file of 4 GB of zeros that takes no space on the disk."""

    def setUp(self):
        super().setUp()
        with open(self.directory / "long.npy", "wb") as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": "<f4", "fortran_order": False, "shape": (1000000, 1000)})
            file.truncate(file.tell() + 4 * 10**9)

    def start(self, *arguments, **keywords):
        process = subprocess.Popen([BINARY, "pca", "long.npy", "-k", "2", "--out", "out",
                                    *arguments], cwd=self.directory, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, **keywords)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def start_on_terminal(self, *arguments):
        terminal, stderr = pty.openpty()
        self.addCleanup(os.close, terminal)
        process = self.start(*arguments, stderr=stderr)
        os.close(stderr)
        return process, terminal

    def read_for(self, terminal, seconds, until=None):
        """What is written to the terminal, until a text appears or the time is over."""
        text, end = "", time.monotonic() + seconds
        while time.monotonic() < end and not (until and until in text):
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    text += os.read(terminal, 4096).decode()
                except OSError:  # the other side is closed
                    break
        return text

    def test_progress_on_a_terminal(self):
        process, terminal = self.start_on_terminal()
        text = self.read_for(terminal, 60, until=" left")
        self.assertRegex(text, r"\r\x1b\[K[a-z ]+ +\d+ %  [\d.]+( [kMG])? rows/s  [\d:]+ left")
        self.assertNotIn("\n", text)
        process.kill()

    def test_quiet_on_a_terminal(self):
        process, terminal = self.start_on_terminal("--quiet")
        self.assertEqual(self.read_for(terminal, 1.5), "")
        process.kill()

    def test_silence_when_piped(self):
        process = self.start(stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.assertFalse(select.select([process.stderr, process.stdout], [], [], 1.5)[0])
        process.kill()

    def test_interruption_leaves_nothing_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                process, terminal = self.start_on_terminal()
                self.read_for(terminal, 60, until=" left")
                process.send_signal(number)
                text = self.read_for(terminal, 60, until="written")
                self.assertEqual(process.wait(60), INTERRUPTED)
                self.assertIn("ritz: interrupted; nothing was written", text)
                self.assertEqual(process.stdout.read(), b"")
                self.assertEqual(os.listdir(self.directory), ["long.npy"])


class Progress(OutputTest):
    def test_line_is_cleared_at_the_end(self):
        terminal, stderr = pty.openpty()
        self.addCleanup(os.close, terminal)
        done = self.run_ritz("pca", "data.npy", stderr=stderr)
        os.close(stderr)
        self.assertEqual(done.returncode, OK)
        text = b""
        while select.select([terminal], [], [], 0.2)[0]:
            try:
                text += os.read(terminal, 4096)
            except OSError:
                break
        self.assertTrue(text == b"" or text.endswith(b"\r\x1b[K"), text)

    def test_passes_are_counted(self):
        self.save("long.npy", np.random.default_rng(1).standard_normal((40000, 100)))
        terminal, stderr = pty.openpty()
        self.addCleanup(os.close, terminal)
        done = self.run_ritz("pca", "long.npy", "-k", "2", "--method", "randomized", "--memory",
                             "8M", "--no-scores", stderr=stderr)
        os.close(stderr)
        self.assertEqual(done.returncode, OK)
        text = b""
        while select.select([terminal], [], [], 0.2)[0]:
            try:
                text += os.read(terminal, 4096)
            except OSError:
                break
        self.assertNotIn(b", pass 1", text)
        self.assertRegex(text.decode(), r"\r\x1b\[K[a-z ]+, pass 2 ")


if __name__ == "__main__":
    main()
