"""What the tests of the command share: running it, making data, comparing."""

import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np

BINARY = os.environ.get("RITZ_BIN", "ritz")
SOURCE = pathlib.Path(os.environ.get("RITZ_SOURCE_DIR",
                                     pathlib.Path(__file__).resolve().parents[2]))
OK, FAILED, USAGE, NOT_MET, INTERRUPTED = 0, 1, 2, 3, 130
SKIPPED = 77  # CTest's SKIP_RETURN_CODE
SECONDS = 120


class CommandTest(unittest.TestCase):
    """A test with a directory of its own, which is also where the command runs."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="ritz-test-")
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)

    def run_ritz(self, *arguments, environment=None, **keywords):
        """Runs the command to its end; the answer has stdout and stderr as text."""
        return subprocess.run([BINARY, *map(str, arguments)], cwd=self.directory,
                              env={**os.environ, **(environment or {})}, timeout=SECONDS,
                              stdin=subprocess.DEVNULL, text=True,
                              **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **keywords})

    def succeed(self, *arguments, **keywords):
        """Runs the command, which must succeed without a word on standard error."""
        done = self.run_ritz(*arguments, **keywords)
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        return done.stdout

    def report(self, *arguments, **keywords):
        """The JSON object that the command prints, and nothing else but its own warning."""
        done = self.run_ritz(*arguments, "--json", **keywords)
        self.assertEqual(done.returncode, OK, done.stderr)
        report = json.loads(done.stdout)
        warning = report.get("warning")
        silent = not warning or "-q" in arguments or "--quiet" in arguments
        self.assertEqual(done.stderr, "" if silent else f"ritz: warning: {warning}\n")
        return report

    def refuse(self, status, pattern, *arguments, **keywords):
        """Runs the command, which must fail with this status and a message of one line."""
        done = self.run_ritz(*arguments, **keywords)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"\Aritz: .*\n\Z")
        self.assertRegex(done.stderr, pattern)
        return done.stderr

    def save(self, name, array):
        np.save(self.directory / name, array)
        return name

    def save_sparse(self, name, array):
        """A Matrix Market file; the name says whether it is compressed."""
        rows, cols = np.nonzero(array)
        lines = [f"{i + 1} {j + 1} {array[i, j]:.17g}\n" for i, j in zip(rows, cols)]
        head = ("%%MatrixMarket matrix coordinate real general\n"
                f"{array.shape[0]} {array.shape[1]} {len(lines)}\n")
        contents = (head + "".join(lines)).encode()
        (self.directory / name).write_bytes(
            gzip.compress(contents) if name.endswith(".gz") else contents)
        return name

    def load(self, *parts):
        return np.load(self.directory.joinpath(*parts))

    def names(self, directory="."):
        return sorted(os.listdir(self.directory / directory))


def matrix_with_spectrum(rows, cols, spectrum, seed=1, mean=0.0):
    """Rows whose centred matrix has these singular values; the mean of each column is `mean`."""
    generator = np.random.default_rng(seed)
    count = len(spectrum)
    left = generator.standard_normal((rows, count))
    left, _ = np.linalg.qr(left - left.mean(axis=0))
    right, _ = np.linalg.qr(generator.standard_normal((cols, count)))
    return (left * spectrum) @ right.T + mean


class Pca:
    """Principal components from their definition, in float64, by NumPy."""

    def __init__(self, data, divisor=None):
        data = np.asarray(data, dtype=np.float64)
        self.mean = data.mean(axis=0)
        centred = data - self.mean
        _, self.singular_values, right = np.linalg.svd(centred, full_matrices=False)
        self.components = fix_signs(right)
        self.variance = self.singular_values**2 / (divisor or len(data) - 1)
        self.total = self.variance.sum()
        self.scores = centred @ self.components.T


def fix_signs(rows):
    """The entry of largest modulus of each row is not negative."""
    largest = np.take_along_axis(rows, np.abs(rows).argmax(axis=1)[:, None], axis=1)
    return rows * np.where(largest < 0, -1.0, 1.0)


def sine(first, second):
    """Sine of the largest angle between the spaces of two sets of orthonormal rows."""
    residual = first - (first @ second.T) @ second
    return np.linalg.norm(residual, 2)


def main():
    """Runs the tests of the file; tells CTest if all of them were skipped."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful() or result.testsRun == 0:
        sys.exit(1)
    if len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
