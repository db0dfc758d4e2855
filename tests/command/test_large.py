"""Data that does not fit into --memory, that comes from several files or is sparse, and fits that
are killed and go on: the answers are those of NumPy for all of the data at once."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import numpy as np

from support import (BINARY, FAILED, INTERRUPTED, NOT_MET, OK, CommandTest, Pca, main,
                     matrix_with_spectrum, sine)

SPECTRUM = 100.0 * 0.6 ** np.arange(14)
SANITIZED = any(f"{name}SAN_OPTIONS" in os.environ for name in ("A", "T", "M"))
LARGE_ROWS, LARGE_COLS = 80000, 400  # 128 MB of float32
ATTEMPTS = 30  # to meddle with a process before it is done


def sparse_matrix(rows, cols, seed=7):
    """A tenth of the entries, and columns of different weight, so that components stand apart."""
    generator = np.random.default_rng(seed)
    data = generator.standard_normal((rows, cols)) * 0.8 ** np.arange(cols)
    return np.where(generator.random((rows, cols)) < 0.1, data, 0.0)


def write_large(path):
    """A file whose rows are known only block by block; gives the sums for its covariance."""
    generator = np.random.default_rng(3)
    mixing = (0.9 ** np.arange(30))[:, None] * generator.standard_normal((30, LARGE_COLS))
    sums, products = np.zeros(LARGE_COLS), np.zeros((LARGE_COLS, LARGE_COLS))
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (LARGE_ROWS, LARGE_COLS)})
        for _ in range(10):
            block = generator.standard_normal((LARGE_ROWS // 10, 30)) @ mixing + 2.0
            block = block.astype(np.float32)
            file.write(block.data)
            wide = block.astype(np.float64)
            sums += wide.sum(axis=0)
            products += wide.T @ wide
    return sums, products


def holds(number, name):
    """Whether the process has a file open or in its memory; one that ends has none."""
    process = pathlib.Path(f"/proc/{number}")
    try:
        if name in (process / "maps").read_text(encoding="utf-8"):
            return True
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return False
    for descriptor in descriptors:
        try:
            if name in os.readlink(descriptor):
                return True
        except OSError:  # closed since it was listed
            pass
    return False


class LargeTest(CommandTest):
    def check_memory(self, report, limit):
        self.assertLess(report["memory"]["device_peak_bytes"], limit)
        if not SANITIZED:  # sanitizers hold memory of their own
            self.assertLess(report["memory"]["peak_bytes"], limit)


class LargeFile:
    """One large file for all tests, and the sums for its covariance."""

    path = sums = products = None

    @classmethod
    def link(cls, directory):
        """Puts the file into a directory."""
        if cls.path is None:
            temporary = tempfile.TemporaryDirectory(prefix="ritz-test-")
            unittest.addModuleCleanup(temporary.cleanup)
            cls.path = pathlib.Path(temporary.name, "large.npy")
            cls.sums, cls.products = write_large(cls.path)
        (directory / "large.npy").symlink_to(cls.path)


class StreamedPca(LargeTest):
    def compare(self, data, k, limit, *arguments, rtol=1e-9):
        """Runs with so little memory that the data, at 10 times the limit, has to stream by."""
        self.save("data.npy", data)
        self.assertGreater(data.nbytes, 2 * limit)
        report = self.report("pca", "data.npy", "-k", k, "--memory", limit, "--out", "out",
                             *arguments)
        expected = Pca(data)
        np.testing.assert_allclose(report["explained_variance"], expected.variance[:k], rtol=rtol)
        components = self.load("out", "components.npy")
        self.assertLess(sine(components, expected.components[:k]), 100 * rtol)
        signs = np.sign((components * expected.components[:k]).sum(axis=1))
        np.testing.assert_allclose(self.load("out", "scores.npy") * signs, expected.scores[:, :k],
                                   atol=100 * rtol * abs(expected.scores).max())
        self.assertEqual(report["memory"]["limit_bytes"], limit)
        return report

    def test_one_pass(self):
        data = matrix_with_spectrum(40000, 30, SPECTRUM, mean=3.0)
        for method in ("auto", "covariance", "exact"):
            report = self.compare(data, 5, 3 << 20, "--method", method)
            self.assertEqual(report["method"]["passes"], 1)

    def test_randomized(self):
        data = matrix_with_spectrum(20000, 60, SPECTRUM, mean=3.0)
        report = self.compare(data, 4, 3 << 20, "--method", "randomized", "--power-iterations", 3)
        self.assertEqual(report["method"]["name"], "randomized")
        self.assertEqual(report["method"]["passes"], 3 + 2)

    def test_incremental(self):
        # Of rank 14 the leading 15 rows of R lose nothing.
        data = matrix_with_spectrum(20000, 60, SPECTRUM, mean=3.0)
        report = self.compare(data, 4, 3 << 20, "--method", "incremental", "--oversampling", 12)
        self.assertEqual((report["method"]["name"], report["method"]["passes"]),
                         ("incremental", 1))

    def test_several_files(self):
        data = matrix_with_spectrum(20000, 30, SPECTRUM, mean=3.0)
        whole = self.compare(data, 5, 2 << 20)
        parts = [self.save(f"{i}.npy", part) for i, part in enumerate(np.array_split(data, 3))]
        scores = self.load("out", "scores.npy")
        report = self.report("pca", *parts, "-k", 5, "--memory", 2 << 20, "--out", "parts")
        np.testing.assert_allclose(report["explained_variance"], whole["explained_variance"],
                                   rtol=1e-12)
        np.testing.assert_allclose(self.load("parts", "scores.npy"), scores, atol=1e-9)

    def test_tolerance_takes_the_fewest_components(self):
        data = matrix_with_spectrum(20000, 30, SPECTRUM, mean=3.0)
        values = Pca(data).singular_values
        error = np.sqrt(np.append(np.cumsum(values[::-1] ** 2)[::-1][1:], 0.0) / (values**2).sum())
        self.save("data.npy", data)
        for tolerance in (0.3, 0.02):
            report = self.report("pca", "data.npy", "--tol", tolerance, "--memory", "2M",
                                 "--method", "exact")
            self.assertEqual(report["components"], int((error > tolerance).sum()) + 1)
            self.assertEqual(report["tolerance"], {"asked": tolerance, "met": True})

    def test_memory_stays_below_the_limit(self):
        LargeFile.link(self.directory)
        sums, products = LargeFile.sums, LargeFile.products
        limit = 100 << 20
        report = self.report("pca", "large.npy", "-k", 20, "--memory", limit, "--out", "out")
        self.check_memory(report, limit)
        covariance = (products - np.outer(sums, sums) / LARGE_ROWS) / (LARGE_ROWS - 1)
        np.testing.assert_allclose(report["explained_variance"],
                                   np.linalg.eigvalsh(covariance)[::-1][:20], rtol=1e-4)
        scores = np.load(self.directory / "out/scores.npy", mmap_mode="r")
        self.assertEqual(scores.shape, (LARGE_ROWS, 20))
        np.testing.assert_allclose(scores.var(axis=0, dtype=np.float64, ddof=1),
                                   report["explained_variance"], rtol=1e-4)


class Sparse(CommandTest):
    def setUp(self):
        super().setUp()
        self.data = sparse_matrix(400, 50)
        self.files = [self.save_sparse(name, self.data) for name in ("data.mtx", "data.mtx.gz")]

    def test_pca(self):
        expected = Pca(self.data)
        for file in self.files:
            report = self.report("pca", file, "-k", 4, "--out", "out")
            self.assertEqual(report["data"]["nonzeros"], np.count_nonzero(self.data))
            self.assertEqual((report["data"]["rows"], report["data"]["columns"]), (400, 50))
            np.testing.assert_allclose(report["explained_variance"], expected.variance[:4],
                                       rtol=1e-6)
            components = self.load("out", "components.npy")
            self.assertLess(sine(components, expected.components[:4]), 1e-2)
            np.testing.assert_allclose(self.load("out", "scores.npy"),
                                       (self.data - expected.mean) @ components.T, atol=1e-9)

    def test_svd(self):
        expected = np.linalg.svd(self.data, compute_uv=False)
        for file in self.files:
            for method in ("auto", "krylov", "streamed"):
                report = self.report("svd", file, "-k", 5, "--method", method, "--out", "out",
                                     "--power-iterations", 6)
                np.testing.assert_allclose(report["singular_values"], expected[:5], rtol=1e-6)
                left, right = self.load("out", "U.npy"), self.load("out", "V.npy")
                np.testing.assert_allclose(left.T @ left, np.eye(5), atol=1e-8)
                np.testing.assert_allclose(self.data @ right, left * report["singular_values"],
                                           atol=1e-8 * expected[0])

    def test_text_counts_the_elements(self):
        text = self.succeed("svd", "data.mtx", "-k", 2)
        self.assertIn(f"{np.count_nonzero(self.data)} stored elements", text)

    def test_refused(self):
        self.save("dense.npy", self.data)
        for command in ("pca", "svd", "cur"):
            self.refuse(FAILED, "data.mtx is a sparse matrix, which cannot be stacked", command,
                        "dense.npy", "data.mtx", "-k", 2)
        for options in ([], ["-k", 2, "--method", "exact"]):
            self.refuse(FAILED, "data.mtx is sparse, and its whole decomposition is not", "svd",
                        "data.mtx", *options)
        (self.directory / "cut.mtx").write_bytes((self.directory / "data.mtx").read_bytes()[:-200])
        self.refuse(FAILED, "cut.mtx", "svd", "cut.mtx", "-k", 2)


class StreamedSvd(LargeTest):
    def check(self, data, k, report, accuracy=1e-9):
        left, values, right = np.linalg.svd(data, full_matrices=False)
        self.assertFalse(report["method"]["in_memory"])
        np.testing.assert_allclose(report["singular_values"], values[:k], rtol=accuracy)
        found = [self.load("out", f"{name}.npy") for name in ("U", "V")]
        self.assertEqual([factor.shape for factor in found],
                         [(data.shape[0], k), (data.shape[1], k)])
        for factor, expected in zip(found, (left[:, :k], right[:k].T)):
            np.testing.assert_allclose(factor.T @ factor, np.eye(k), atol=100 * accuracy)
            self.assertLess(sine(factor.T, expected.T), 100 * accuracy)
        error = np.sqrt((values[k:] ** 2).sum())
        self.assertAlmostEqual(report["norm"], np.linalg.norm(data), delta=1e-9 * values[0])
        self.assertAlmostEqual(report["error"]["value"], error, delta=1e-6 * values[0])

    def test_few_of_wide_rows(self):
        data = matrix_with_spectrum(3000, 500, SPECTRUM, mean=1.0)
        self.save("data.npy", data)
        for method in ("auto", "randomized", "streamed"):
            report = self.report("svd", "data.npy", "-k", 4, "--memory", "3M", "--method", method,
                                 "--out", "out", "--power-iterations", 3)
            self.assertEqual((report["method"]["name"], report["method"]["passes"]),
                             ("streamed", 5))
            self.check(data, 4, report)
            self.assertGreater(report["gap"], 1.5)

    def test_all_of_narrow_rows_in_one_pass(self):
        data = matrix_with_spectrum(20000, 14, SPECTRUM)
        self.save("data.npy", data)
        for options, k in (([], 14), (["-k", 6], 6), (["-k", 6, "--method", "exact"], 6)):
            report = self.report("svd", "data.npy", "--memory", "1M", "--out", "out", *options)
            self.assertEqual((report["method"]["name"], report["method"]["passes"]), ("exact", 1))
            self.check(data, k, report)

    def test_several_files_in_memory_and_streamed(self):
        data = matrix_with_spectrum(3000, 200, SPECTRUM)
        parts = [self.save(f"{i}.npy", part) for i, part in enumerate(np.array_split(data, 3))]
        np.savetxt(self.directory / "1.npy", np.array_split(data, 3)[1], delimiter=",", fmt="%.17g")
        values = np.linalg.svd(data, compute_uv=False)
        for options in ([], ["--memory", "2M"]):
            report = self.report("svd", *parts, "-k", 4, *options)
            self.assertEqual(report["method"]["in_memory"], not options)
            self.assertEqual(report["data"]["files"], parts)
            np.testing.assert_allclose(report["singular_values"], values[:4], rtol=1e-9)

    def test_memory_stays_below_the_limit(self):
        LargeFile.link(self.directory)
        limit = 100 << 20
        report = self.report("svd", "large.npy", "-k", 10, "--memory", limit, "--out", "out",
                             "--method", "streamed")
        self.check_memory(report, limit)
        np.testing.assert_allclose(report["singular_values"],
                                   np.sqrt(np.linalg.eigvalsh(LargeFile.products)[::-1][:10]),
                                   rtol=1e-3)

    def test_what_nothing_can_do_is_refused(self):
        self.save("wide.npy", np.ones((400, 600)))
        for options in ([], ["--method", "exact"], ["-k", "300", "--method", "exact"]):
            self.refuse(FAILED, "more than the memory allowed", "svd", "wide.npy", "--memory",
                        "200K", *options)
        self.refuse(FAILED, "--method streamed", "svd", "wide.npy", "--memory", "200K", "-k", 2,
                    "--method", "krylov")


class InMemory(LargeTest):
    """Work in memory: the data, and what is made of it, within --memory."""

    def check_fits(self, command, limit, *arguments):
        report = self.report(command, *arguments, "--memory", limit, "--out", "out")
        self.assertTrue(report["method"].get("in_memory", True))
        # The limit is that of the work, beside the program and its libraries.
        self.save("tiny.npy", np.eye(2))
        program = self.report("svd", "tiny.npy")["memory"]["peak_bytes"]
        self.assertLess(report["memory"]["device_peak_bytes"], limit)
        if not SANITIZED:
            self.assertLess(report["memory"]["peak_bytes"] - program, limit)

    def test_memory_stays_below_the_limit(self):
        generator = np.random.default_rng(4)
        self.save("square.npy", generator.standard_normal((600, 600)))
        self.check_fits("svd", 36 << 20, "square.npy", "--method", "exact")
        data = generator.standard_normal((20000, 100)) * 0.9 ** np.arange(100)
        self.save("data.npy", data)
        parts = [self.save(f"{i}.npy", part) for i, part in enumerate(np.array_split(data, 2))]
        for command, limit in (("svd", 56 << 20), ("cur", 40 << 20)):
            self.check_fits(command, limit, "data.npy", "--tol", "0.3")
            self.check_fits(command, 48 << 20, *parts, "-k", "5")

    def test_exact_that_does_not_fit(self):
        self.save("square.npy", np.random.default_rng(4).standard_normal((600, 600)))
        message = self.refuse(FAILED, "take another --method, or raise --memory", "svd",
                              "square.npy", "--method", "exact", "--memory", "8M")
        self.assertNotIn("--components", message)
        # A sketch of many columns fits where the whole decomposition does not.
        report = self.report("svd", "square.npy", "-k", 200, "--memory", "16M")
        self.assertEqual((report["method"]["name"], report["method"]["in_memory"]),
                         ("randomized", True))
        self.assertIn("the whole decomposition needs more", report["method"]["reason"])

    def test_cur_says_how_much_memory_it_needs(self):
        self.save("data.npy", np.random.default_rng(4).standard_normal((3000, 100)))
        message = self.refuse(FAILED, "raise --memory to [0-9]+M", "cur", "data.npy", "-k", 20,
                              "--memory", "3M")
        needed = re.search("to ([0-9]+M)", message).group(1)
        self.assertEqual(self.report("cur", "data.npy", "-k", 20, "--memory", needed)["components"],
                         20)


class Tolerance(CommandTest):
    def setUp(self):
        super().setUp()
        self.data = matrix_with_spectrum(600, 80, SPECTRUM)
        self.save("data.npy", self.data)
        values = np.linalg.svd(self.data, compute_uv=False)
        self.left_out = np.sqrt(np.append(np.cumsum(values[::-1] ** 2)[::-1], 0.0))
        self.norm = self.left_out[0]

    def fewest(self, tolerance):
        return int((self.left_out > tolerance * self.norm).sum())

    def test_rank(self):
        for method in ("auto", "exact", "streamed"):
            for tolerance in (0.5, 0.1, 0.01):
                with self.subTest(method=method, tolerance=tolerance):
                    report = self.report("svd", "data.npy", "--tol", tolerance, "--method", method,
                                         "--out", "out", "--power-iterations", 4)
                    k = self.fewest(tolerance)
                    self.assertEqual(report["components"], k)
                    self.assertEqual(len(report["singular_values"]), k)
                    self.assertEqual(report["tolerance"], {"asked": tolerance, "met": True})
                    self.assertLessEqual(report["error"]["value"], tolerance * self.norm)
                    left, values, right = (self.load("out", f"{name}.npy")
                                           for name in ("U", "singular_values", "V"))
                    error = np.linalg.norm(self.data - (left * values) @ right.T)
                    self.assertLessEqual(error, 1.0001 * tolerance * self.norm)

    def test_with_a_number_that_suffices(self):
        report = self.report("svd", "data.npy", "--tol", 0.1, "-k", 60)
        self.assertEqual(report["components"], self.fewest(0.1))

    def test_with_a_number_above_the_smaller_side(self):
        for method in ("auto", "exact", "randomized", "streamed"):
            report = self.report("svd", "data.npy", "--tol", 0.1, "-k", 1000, "--method", method)
            self.assertEqual(report["components"], self.fewest(0.1))

    def test_not_met(self):
        for method in ("exact", "randomized", "streamed"):
            done = self.run_ritz("svd", "data.npy", "--tol", 0.01, "-k", 3, "--json", "--out",
                                 "out", "--method", method)
            report = json.loads(done.stdout)
            self.assertEqual(done.returncode, NOT_MET, method)
            self.assertRegex(done.stderr, r"\Aritz: warning: .*the tolerance (1.0e-02 was not met: "
                             "with the 3 |needs more than 3 )")
            self.assertEqual((report["components"], report["tolerance"]["met"]), (3, False))
            self.assertAlmostEqual(report["error"]["value"], self.left_out[3],
                                   delta=0.02 * self.left_out[3])
            self.assertEqual(self.load("out", "singular_values.npy").shape, (3,))
        done = self.run_ritz("svd", "data.npy", "--tol", 0.01, "-k", 3)
        self.assertEqual(done.returncode, NOT_MET)
        self.assertRegex(done.stdout, r"(?m)^Tolerance +0\.01 of the norm: not met$")

    def test_more_values_than_the_rank(self):
        for options in (["--method", "exact"], ["--method", "randomized"],
                        ["--method", "streamed"]):
            done = self.run_ritz("svd", "data.npy", "-k", 20, "--json", *options)
            report = json.loads(done.stdout)
            self.assertEqual((done.returncode, report["rank"], report["components"]), (OK, 14, 20))
            self.assertRegex(report["warning"], "numerical rank is 14|only 14 of the 20 values")

    def test_zeros(self):
        self.save("zeros.npy", np.zeros((300, 40)))
        for method in ("exact", "randomized", "streamed"):
            done = self.run_ritz("svd", "zeros.npy", "-k", 2, "--json", "--method", method,
                                 "--out", "out")
            report = json.loads(done.stdout)
            self.assertEqual((done.returncode, report["rank"]), (OK, 0), done.stderr)
            self.assertEqual(report["singular_values"], [0.0, 0.0])
            done = self.run_ritz("svd", "zeros.npy", "--tol", 0.1, "--json", "--method", method,
                                 "--out", "out")
            report = json.loads(done.stdout)
            self.assertEqual((done.returncode, report["components"]), (OK, 0), done.stderr)
            self.assertEqual(self.load("out", "U.npy").shape, (300, 0))


class Resumed(CommandTest):
    OPTIONS = ("pca", "large.npy", "-k", "5", "--memory", "64M", "--no-scores", "--threads", "1",
               "--json", "--out", "out")
    STATE = ("--checkpoint", "state", "--checkpoint-seconds", "0.001")

    def setUp(self):
        super().setUp()
        LargeFile.link(self.directory)

    def start(self, arguments):
        process = subprocess.Popen([BINARY, *self.OPTIONS, *self.STATE, *arguments],
                                   cwd=self.directory, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def stop_once(self, number, arguments):
        """Stops a fit once it saved its state anew; gives the process."""
        state = self.directory / "state"
        before = state.stat().st_ino if state.exists() else None
        process = self.start(arguments)
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            try:
                if state.stat().st_ino != before:
                    break
            except FileNotFoundError:
                pass
            time.sleep(0.0005)
        process.send_signal(number)
        process.wait(60)
        return process

    def stop(self, number, *arguments):
        """Stops a fit, which leaves its state; gives what it says. On a busy machine the fit may be
        done before this program gets its turn: then once more."""
        stopped = INTERRUPTED if number == signal.SIGINT else -number
        for _ in range(ATTEMPTS):
            process = self.stop_once(number, arguments)
            message = process.stderr.read()
            if process.returncode == stopped and (self.directory / "state").exists():
                return message
            self.assertIn(process.returncode, (OK, stopped), message)
            shutil.rmtree(self.directory / "out", ignore_errors=True)
        return self.fail("each fit was done before it could be stopped")

    def test_killed_fits_go_on(self):
        for method in ("covariance", "randomized"):
            with self.subTest(method=method):
                options = ("--method", method, "--power-iterations", "1")
                expected = self.report(*self.OPTIONS[:-3], *options, "--out", "whole")
                self.stop(signal.SIGKILL, *options)
                self.stop(signal.SIGKILL, *options)
                message = self.stop(signal.SIGINT, *options)
                self.assertRegex(message, r"\Aritz: interrupted; state has the state of the fit, "
                                 "and the same command goes on from it\n")
                self.assertNotIn("out", self.names())
                report = json.loads(self.succeed(*self.OPTIONS, *self.STATE, *options))
                self.assertGreater(report["method"]["resumed_rows"], 0)
                self.assertEqual(report["explained_variance"], expected["explained_variance"])
                self.assertEqual(self.load("out", "components.npy").tobytes(),
                                 self.load("whole", "components.npy").tobytes())
                self.assertNotIn("state", self.names())
                for name in ("out", "whole"):
                    shutil.rmtree(self.directory / name)

    def test_says_so(self):
        self.stop(signal.SIGKILL)
        arguments = [argument for argument in self.OPTIONS if argument != "--json"]
        self.assertRegex(self.succeed(*arguments, *self.STATE),
                         r"(?m)^Resumed +\d+ rows, over all passes, had been read before$")

    def test_state_of_other_work_is_refused(self):
        self.stop(signal.SIGKILL)
        state = (self.directory / "state").read_bytes()
        self.save("other.npy", np.random.default_rng(1).standard_normal((900, LARGE_COLS)))
        self.refuse(FAILED, "state", "pca", "other.npy", "-k", 5, *self.STATE)
        self.refuse(FAILED, "state", "pca", "large.npy", "-k", 5, "--method", "exact", *self.STATE)
        self.assertEqual((self.directory / "state").read_bytes(), state)
        (self.directory / "state").write_bytes(b"something else")
        self.refuse(FAILED, "state", *self.OPTIONS, *self.STATE)
        self.assertEqual((self.directory / "state").read_bytes(), b"something else")

    def test_place_that_cannot_be_written(self):
        self.save("x.npy", np.ones((4, 3)))
        self.refuse(FAILED, "cannot write the checkpoint none/state", "pca", "x.npy",
                    "--checkpoint", "none/state")


class BadInput(CommandTest):
    def setUp(self):
        super().setUp()
        self.data = matrix_with_spectrum(4000, 30, SPECTRUM)

    def test_row_that_is_not_finite_is_named(self):
        for bad in (np.nan, np.inf):
            data = self.data.copy()
            data[2929, 3] = bad
            self.save("bad.npy", data)
            for memory in ("100M", "300K"):
                self.refuse(FAILED, r"\b2929\b", "pca", "bad.npy", "-k", 2, "--memory", memory)
                self.refuse(FAILED, r"\b2929\b", "svd", "bad.npy", "-k", 2, "--memory", memory,
                            "--method", "randomized")
            self.refuse(FAILED, "bad.npy: row 2929, column 3", "svd", "bad.npy")
            self.refuse(FAILED, "bad.npy: row 2929, column 3", "cur", "bad.npy", "-k", 2)
            self.refuse(FAILED, "(?i)finite|nan", "svd", "bad.npy", "--memory", "300K")
            self.save("good.npy", self.data)
            self.refuse(FAILED, "bad.npy: row 2929, column 3", "svd", "good.npy", "bad.npy")

    def test_truncated(self):
        self.save("data.npy", self.data)
        whole = (self.directory / "data.npy").read_bytes()
        (self.directory / "cut.npy").write_bytes(whole[:-100])
        for command in ("pca", "svd", "cur"):
            self.refuse(FAILED, "cut.npy", command, "cut.npy", "-k", 2, "--memory", "300K")

    def test_columns_differ(self):
        self.save("data.npy", self.data)
        self.save("wide.npy", np.ones((5, 31)))
        for command in ("pca", "svd", "cur"):
            self.refuse(FAILED, "wide.npy.*31.*30|30.*31", command, "data.npy", "wide.npy", "-k", 2)

    def test_memory_that_no_method_can_do_with(self):
        self.save("data.npy", self.data)
        self.refuse(FAILED, "memory", "pca", "data.npy", "-k", 2, "--memory", "1K")
        self.refuse(FAILED, "memory", "cur", "data.npy", "-k", 2, "--memory", "1K")

    def shrink_once(self, arguments):
        """Cuts the file short while it is read; gives the exit status and what is printed."""
        path = self.directory / "large.npy"
        path.unlink(missing_ok=True)
        shutil.copyfile(LargeFile.path, path)
        process = subprocess.Popen([BINARY, *arguments, "--threads", "1", "--out", "out"],
                                   cwd=self.directory, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            if holds(process.pid, path.name):
                break
        os.truncate(path, 1 << 20)
        stdout, stderr = process.communicate(timeout=60)
        return process.returncode, stdout, stderr

    def shrink(self, *arguments):
        """The message about a file that is cut short; a run that was done before that, on a busy
        machine, does not count."""
        LargeFile.link(self.directory)
        for _ in range(ATTEMPTS):
            status, stdout, stderr = self.shrink_once(arguments)
            if status != OK:
                self.assertEqual((status, stdout), (FAILED, ""), stderr)
                self.assertEqual(self.names(), ["large.npy"])
                (self.directory / "large.npy").unlink()
                return stderr
            shutil.rmtree(self.directory / "out")
        return self.fail("each run was done before the file could be cut")

    def test_file_that_shrinks_while_it_is_read(self):
        self.assertRegex(self.shrink("pca", "large.npy", "-k", "5", "--memory", "64M"),
                         r"\Aritz: .*large\.npy")
        # In memory its pages are those of the file.
        self.assertRegex(self.shrink("svd", "large.npy", "-k", "100", "--memory", "2G"),
                         r"\Aritz: (a file became shorter while it was read|.*large\.npy)")


if __name__ == "__main__":
    main()
