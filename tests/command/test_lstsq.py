"""ritz lstsq: its answers against NumPy's, every option that changes them, and bad input."""

import importlib.util
import json
import os
import pty
import select
import signal
import subprocess
import time
import unittest

import numpy as np

from support import BINARY, FAILED, INTERRUPTED, OK, USAGE, CommandTest, main

ROWS, COLS = 300, 8
EPS64 = np.finfo(np.float64).eps


def solve(A, b, intercept=True, weights=None, penalty=0.0):
    """Coefficients and intercept from the definition, in float64, by NumPy's SVD."""
    A, b = np.asarray(A, float), np.asarray(b, float)
    w = np.ones(len(A)) if weights is None else np.asarray(weights, float)
    mean_a = w @ A / w.sum() if intercept else np.zeros(A.shape[1])
    mean_b = w @ b / w.sum() if intercept else np.zeros(b.shape[1:])
    root = np.sqrt(w)[:, None]
    rows = np.vstack([root * (A - mean_a), np.sqrt(penalty) * np.eye(A.shape[1])])
    targets = np.atleast_2d((b - mean_b).T).T * root
    targets = np.vstack([targets, np.zeros((A.shape[1], targets.shape[1]))])
    x, _, _, _ = np.linalg.lstsq(rows, targets, rcond=None)
    return x, np.atleast_2d(mean_b - mean_a @ x)


def leave_one_out(A, b, penalty):
    """Mean squared error of each row under the model of all others, by fitting every one."""
    errors = []
    for i in range(len(A)):
        rest = np.arange(len(A)) != i
        x, c = solve(A[rest], b[rest], penalty=penalty)
        errors.append(((A[i] @ x + c - b[i]) ** 2).sum())
    return np.mean(errors)


def gcv(A, b, penalty):
    """The published formula, with the hat matrix written out; an intercept is fitted."""
    m = len(A)
    centred = A - A.mean(axis=0)
    hat = centred @ np.linalg.solve(centred.T @ centred + penalty * np.eye(A.shape[1]), centred.T)
    hat = hat + 1.0 / m
    return ((b - hat @ b) ** 2).sum() / m / (1 - np.trace(hat) / m) ** 2


class LstsqTest(CommandTest):
    def setUp(self):
        super().setUp()
        generator = np.random.default_rng(1)
        self.A = generator.standard_normal((ROWS, COLS)) + 1.0
        self.x = np.arange(1.0, COLS + 1)
        self.b = self.A @ self.x + 5.0 + 0.1 * generator.standard_normal(ROWS)
        self.save("X.npy", self.A)
        self.save("y.npy", self.b)

    def fit(self, *arguments, files=("X.npy", "y.npy")):
        """Runs with --out; gives the report, the coefficients and the intercept."""
        report = self.report("lstsq", *files, *arguments, "-q", "--out", "out")
        return report, self.load("out", "coefficients.npy"), self.load("out", "intercept.npy")

    def compare(self, answer, expected, rtol=1e-10):
        """Well-conditioned: coefficients to a multiple of the rounding unit."""
        report, x, c = answer
        np.testing.assert_allclose(x, expected[0], rtol=0, atol=rtol * abs(expected[0]).max())
        np.testing.assert_allclose(c, expected[1], rtol=0,
                                   atol=rtol * max(1.0, abs(expected[1]).max()))
        return report


class Answers(LstsqTest):
    def test_methods_and_types(self):
        for method in ("auto", "normal", "qr", "sketch-qr", "sketch-cg", "minnorm", "tsqr"):
            for dtype, rtol in (("float64", 1e-11), ("float32", 1e-4)):
                with self.subTest(method=method, dtype=dtype):
                    answer = self.fit("--method", method, "--dtype", dtype)
                    report = self.compare(answer, solve(self.A, self.b), rtol)
                    self.assertEqual((answer[1].dtype, answer[2].dtype), (dtype, dtype))
                    self.assertEqual(answer[1].shape, (COLS, 1))
                    self.assertEqual(answer[2].shape, (1, 1))
                    self.assertEqual(report["method"]["dtype"], dtype)
                    self.assertEqual(report["rank"], COLS)
                    np.testing.assert_allclose(report["coefficients"], answer[1].T)
                    np.testing.assert_allclose(report["intercept"], answer[2][0])

    def test_sketched_problem_alone(self):
        _, x, c = self.fit("--method", "sketch-solve")
        least = np.linalg.norm(self.b - self.A @ solve(self.A, self.b)[0][:, 0] -
                               solve(self.A, self.b)[1][0, 0])
        residual = np.linalg.norm(self.b - (self.A @ x + c)[:, 0])
        self.assertLess(residual, 2 * least)

    def test_figures(self):
        report = self.report("lstsq", "X.npy", "y.npy")
        x, c = solve(self.A, self.b)
        residual = self.b - (self.A @ x + c)[:, 0]
        total = self.b - self.b.mean()
        np.testing.assert_allclose(report["residual_norm"], np.linalg.norm(residual), rtol=1e-9)
        np.testing.assert_allclose(report["residual_norms"], [np.linalg.norm(residual)], rtol=1e-9)
        np.testing.assert_allclose(report["rhs_norm"], np.linalg.norm(total), rtol=1e-12)
        np.testing.assert_allclose(report["solution_norm"], np.linalg.norm(x), rtol=1e-10)
        np.testing.assert_allclose(report["r_squared"],
                                   1 - (residual @ residual) / (total @ total), rtol=1e-12)
        self.assertEqual(report["dof"], ROWS - COLS - 1)
        self.assertLess(report["backward_error"], 100 * EPS64 * np.sqrt(COLS))
        self.assertEqual((report["data"]["rows"], report["data"]["columns"],
                          report["data"]["targets"]), (ROWS, COLS, 1))

    def test_without_intercept(self):
        report, x, c = self.fit("--no-intercept")
        self.compare((report, x, c), solve(self.A, self.b, intercept=False))
        self.assertIsNone(report["intercept"])
        self.assertEqual(c.tolist(), [[0.0]])
        self.assertEqual(report["dof"], ROWS - COLS)
        self.compare(self.fit("--no-intercept", "--intercept"), solve(self.A, self.b))

    def test_several_targets(self):
        b = np.column_stack([self.b, -2 * self.b + self.A[:, 0] ** 2, self.A[:, 1] ** 2])
        self.save("Y.npy", b)
        report = self.compare(self.fit(files=("X.npy", "Y.npy")), solve(self.A, b))
        self.assertEqual(report["data"]["targets"], 3)
        self.assertEqual(np.shape(report["coefficients"]), (3, COLS))
        x, c = solve(self.A, b)
        np.testing.assert_allclose(report["residual_norms"],
                                   np.linalg.norm(b - self.A @ x - c, axis=0), rtol=1e-9)

    def test_weights(self):
        weights = np.random.default_rng(2).uniform(0, 3, ROWS)
        weights[:20] = 0
        self.save("w.npy", weights)
        report = self.compare(self.fit("--weights", "w.npy"), solve(self.A, self.b, weights=weights))
        self.assertEqual(report["dof"], ROWS - 20 - COLS - 1)
        self.assertEqual(report["data"]["weights"], "w.npy")

    def test_penalty(self):
        report = self.compare(self.fit("--ridge", 37.5), solve(self.A, self.b, penalty=37.5))
        self.assertEqual(report["penalty"], {"lambda": 37.5, "criterion": None, "score": None,
                                             "at_end": False})
        residual = self.b - (self.A @ self.load("out", "coefficients.npy") +
                             self.load("out", "intercept.npy"))[:, 0]
        total = self.b - self.b.mean()
        np.testing.assert_allclose(report["r_squared"],
                                   1 - (residual @ residual) / (total @ total), rtol=1e-9)

    def test_more_columns_than_rows(self):
        A = np.random.default_rng(3).standard_normal((20, 50))
        self.save("wide.npy", A)
        self.save("short.npy", self.b[:20])
        report = self.compare(self.fit(files=("wide.npy", "short.npy")), solve(A, self.b[:20]))
        self.assertEqual(report["rank"], 19)  # one direction goes to the intercept

    def test_deficient_rank_gives_the_least_norm(self):
        A = np.column_stack([self.A, self.A[:, 0] - self.A[:, 1]])
        self.save("deficient.npy", A)
        report, x, _ = self.fit(files=("deficient.npy", "y.npy"))
        self.assertEqual(report["rank"], COLS)
        expected, _ = solve(A, self.b)
        np.testing.assert_allclose(x, expected, atol=1e-9)

    def test_column_of_zeros(self):
        A = self.A.copy()
        A[:, 3] = 0
        self.save("zeros.npy", A)
        _, x, _ = self.fit("--no-intercept", files=("zeros.npy", "y.npy"))
        self.assertEqual(x[3, 0], 0.0)

    def test_type_follows_the_data(self):
        self.save("X32.npy", self.A.astype(np.float32))
        self.save("y32.npy", self.b.astype(np.float32))
        self.assertEqual(self.report("lstsq", "X32.npy", "y32.npy")["method"]["dtype"], "float32")
        self.assertEqual(self.report("lstsq", "X32.npy", "y.npy")["method"]["dtype"], "float64")

    def test_csv(self):
        np.savetxt(self.directory / "X.csv", self.A, delimiter=",", fmt="%.17g")
        np.savetxt(self.directory / "y.csv", self.b, fmt="%.17g")
        self.compare(self.fit(files=("X.csv", "y.csv")), solve(self.A, self.b))

    def test_same_seed_same_answer(self):
        answers = [self.fit("--method", "sketch-solve", "--seed", seed)[1].tolist()
                   for seed in (1, 1, 2)]
        self.assertEqual(answers[0], answers[1])
        self.assertNotEqual(answers[0], answers[2])


class Blocks(LstsqTest):
    """--memory below the size of the data: it streams by."""

    def test_answers(self):
        for method in ("auto", "normal", "sketch-qr", "tsqr"):
            for extra, keywords in ((), {}), (("--ridge", 3), {"penalty": 3}):
                with self.subTest(method=method, extra=extra):
                    answer = self.fit("--memory", "8K", "--method", method, *extra)
                    self.compare(answer, solve(self.A, self.b, **keywords))

    def test_weights(self):
        weights = np.random.default_rng(2).uniform(0, 3, ROWS)
        self.save("w.npy", weights)
        self.compare(self.fit("--memory", "8K", "--weights", "w.npy"),
                     solve(self.A, self.b, weights=weights))

    def test_fitted_values(self):
        self.fit("--memory", "8K", "--residuals")
        self.assertEqual(self.load("out", "fitted.npy").shape, (ROWS, 1))
        np.testing.assert_allclose(
            (self.load("out", "fitted.npy") + self.load("out", "residuals.npy"))[:, 0], self.b,
            rtol=1e-12)

    def test_path(self):
        whole = self.report("lstsq", "X.npy", "y.npy", "--ridge-path=0.01:100:9")
        blocks = self.report("lstsq", "X.npy", "y.npy", "--ridge-path=0.01:100:9", "--memory", "8K")
        np.testing.assert_allclose(blocks["path"]["gcv"], whole["path"]["gcv"], rtol=1e-9)
        np.testing.assert_allclose(blocks["coefficients"], whole["coefficients"], rtol=1e-9)

    def test_leave_one_out_needs_the_data(self):
        self.refuse(FAILED, "--criterion loo holds all of the data", "lstsq", "X.npy", "y.npy",
                    "--memory", "1K", "--ridge-path", "--criterion", "loo")


class Path(LstsqTest):
    def setUp(self):
        super().setUp()
        # Few noisy rows, so that a penalty helps.
        generator = np.random.default_rng(4)
        self.A = generator.standard_normal((40, 20))
        self.b = self.A @ generator.standard_normal(20) + 4.0 * generator.standard_normal(40)
        self.save("X.npy", self.A)
        self.save("y.npy", self.b)

    def test_criteria(self):
        for criterion, formula in (("gcv", gcv), ("loo", leave_one_out)):
            with self.subTest(criterion=criterion):
                report, x, c = self.fit("--ridge-path=0.1:1000:7", "--criterion", criterion)
                penalties = np.geomspace(0.1, 1000, 7)
                expected = [formula(self.A, self.b, penalty) for penalty in penalties]
                np.testing.assert_allclose(report["path"]["lambda"], penalties, rtol=1e-12)
                np.testing.assert_allclose(report["path"][criterion], expected, rtol=1e-8)
                best = int(np.argmin(expected))
                self.assertTrue(0 < best < 6)
                np.testing.assert_allclose(report["penalty"]["lambda"], penalties[best], rtol=1e-12)
                self.assertEqual(report["penalty"]["criterion"], criterion)
                np.testing.assert_allclose(report["penalty"]["score"], expected[best], rtol=1e-8)
                self.assertFalse(report["penalty"]["at_end"])
                self.compare((report, x, c), solve(self.A, self.b, penalty=penalties[best]))

    def test_figures_of_the_path(self):
        report, _, _ = self.fit("--ridge-path=1:100:3")
        lines = self.load("out", "path_coefficients.npy")
        self.assertEqual(lines.shape, (3, 20))
        spectrum = np.linalg.svd(self.A - self.A.mean(axis=0), compute_uv=False) ** 2
        for i, penalty in enumerate((1.0, 10.0, 100.0)):
            x, c = solve(self.A, self.b, penalty=penalty)
            np.testing.assert_allclose(lines[i], x[:, 0], atol=1e-11)
            np.testing.assert_allclose(report["path"]["rss"][i],
                                       ((self.b - (self.A @ x + c)[:, 0]) ** 2).sum(), rtol=1e-9)
            np.testing.assert_allclose(report["path"]["dof"][i],
                                       1 + (spectrum / (spectrum + penalty)).sum(), rtol=1e-10)

    def test_targets_share_the_penalty(self):
        b = np.column_stack([self.b, self.b[::-1]])
        self.save("y.npy", b)
        report, _, _ = self.fit("--ridge-path=0.1:1000:7")
        expected = [gcv(self.A, b, penalty) for penalty in np.geomspace(0.1, 1000, 7)]
        np.testing.assert_allclose(report["path"]["gcv"], expected, rtol=1e-8)
        self.assertEqual(self.load("out", "path_coefficients.npy").shape, (7, 40))

    def test_default_path_covers_the_spectrum(self):
        penalties = self.report("lstsq", "X.npy", "y.npy", "--ridge-path")["path"]["lambda"]
        spectrum = np.linalg.svd(self.A - self.A.mean(axis=0), compute_uv=False) ** 2
        self.assertEqual(len(penalties), 50)
        self.assertEqual(penalties, sorted(penalties))
        np.testing.assert_allclose([penalties[0], penalties[-1]],
                                   [1e-4 * spectrum[-1], 10 * spectrum[0]], rtol=1e-9)

    def test_weighted_leave_one_out(self):
        # A row of weight 2 is two equal rows; leaving one out leaves the other in, though, so that
        # only weights of 0 and 1 have a definition to compare with.
        weights = np.ones(40)
        weights[:10] = 0
        self.save("w.npy", weights)
        report, x, c = self.fit("--ridge-path=1:100:3", "--criterion", "loo", "--weights", "w.npy")
        A, b = self.A[10:], self.b[10:]
        np.testing.assert_allclose(report["path"]["loo"],
                                   [leave_one_out(A, b, penalty) for penalty in (1, 10, 100)],
                                   rtol=1e-8)

    def test_end_of_the_path_is_told(self):
        report = self.report("lstsq", "X.npy", "y.npy", "--ridge-path=0.001:0.01:3")
        self.assertTrue(report["penalty"]["at_end"])
        self.assertIn("end of the path", " ".join(
            self.succeed("lstsq", "X.npy", "y.npy", "--ridge-path=0.001:0.01:3").split()))

    def test_one_penalty(self):
        report = self.report("lstsq", "X.npy", "y.npy", "--ridge-path=2:2:1")
        self.assertEqual(report["path"]["lambda"], [2.0])
        self.assertFalse(report["penalty"]["at_end"])

    def test_nothing_to_choose(self):
        self.save("X.npy", np.ones((40, 3)))
        self.refuse(FAILED, "name the penalties", "lstsq", "X.npy", "y.npy", "--ridge-path")


class Statistics(LstsqTest):
    def setUp(self):
        super().setUp()
        for i, part in enumerate((slice(0, 90), slice(90, 200), slice(200, ROWS))):
            self.save(f"X{i}.npy", self.A[part])
            self.save(f"y{i}.npy", self.b[part])
        for i in range(2):
            self.succeed("lstsq", f"X{i}.npy", f"y{i}.npy", "-q", "--statistics", f"{i}.stats")

    def test_merged_statistics_give_the_answer_of_all_rows(self):
        self.succeed("lstsq", "X2.npy", "y2.npy", "-q", "--statistics", "2.stats")
        parts = [word for i in range(3) for word in ("--merge", f"{i}.stats")]
        report = self.compare(self.fit(*parts, files=()), solve(self.A, self.b))
        self.assertEqual((report["data"]["rows"], report["data"]["files"]), (ROWS, []))
        self.assertEqual(report["data"]["merged"], ["0.stats", "1.stats", "2.stats"])
        self.compare(self.fit(*parts, "--ridge", 12, "--no-intercept", files=()),
                     solve(self.A, self.b, intercept=False, penalty=12))

    def test_statistics_and_data(self):
        report = self.compare(self.fit("--merge", "0.stats", "--merge", "1.stats", "--statistics",
                                       "all.stats", files=("X2.npy", "y2.npy")),
                              solve(self.A, self.b))
        self.assertEqual(report["data"]["rows"], ROWS)
        self.assertEqual(report["output"]["statistics"], "all.stats")
        self.compare(self.fit("--merge", "all.stats", files=()), solve(self.A, self.b))

    def test_blocks(self):
        self.compare(self.fit("--memory", "2K", "--merge", "0.stats", "--merge", "1.stats",
                              files=("X2.npy", "y2.npy")), solve(self.A, self.b))

    def test_path(self):
        parts = ("--merge", "0.stats", "--merge", "1.stats", "--ridge-path=1:100:3")
        report, _, _ = self.fit(*parts, files=("X2.npy", "y2.npy"))
        np.testing.assert_allclose(report["path"]["gcv"],
                                   [gcv(self.A, self.b, penalty) for penalty in (1, 10, 100)],
                                   rtol=1e-8)

    def test_weights(self):
        weights = np.random.default_rng(2).uniform(0, 3, ROWS)
        self.save("w.npy", weights)
        self.succeed("lstsq", "X.npy", "y.npy", "-q", "--weights", "w.npy", "--statistics",
                     "w.stats")
        self.compare(self.fit("--merge", "w.stats", files=()),
                     solve(self.A, self.b, weights=weights))

    def test_float32(self):
        for i in range(2):
            self.succeed("lstsq", f"X{i}.npy", f"y{i}.npy", "-q", "--dtype", "float32",
                         "--statistics", f"{i}.stats")
        report = self.report("lstsq", "--merge", "0.stats", "--merge", "1.stats")
        self.assertEqual(report["method"]["dtype"], "float32")
        np.testing.assert_allclose(report["coefficients"],
                                   solve(self.A[:200], self.b[:200])[0].T, rtol=1e-4)

    def test_bad_files(self):
        whole = (self.directory / "0.stats").read_bytes()
        for content in (b"", whole[:-3], whole[:20], b"no statistics\n" * 100,
                        whole[:-20] + bytes(20)):
            (self.directory / "bad.stats").write_bytes(content)
            self.refuse(FAILED, "bad.stats", "lstsq", "--merge", "0.stats", "--merge", "bad.stats",
                        "--out", "out")
        self.refuse(FAILED, "none.stats", "lstsq", "--merge", "none.stats")
        self.assertNotIn("out", self.names())

    def test_shapes_differ(self):
        self.save("narrow.npy", self.A[:, :5])
        self.refuse(FAILED, r"\b5\b", "lstsq", "narrow.npy", "y.npy", "--merge", "0.stats")

    def test_nothing_to_write_to(self):
        self.refuse(FAILED, "cannot write the statistics none/x: the directory none", "lstsq",
                    "X.npy", "y.npy", "--statistics", "none/x")


class Predictions(LstsqTest):
    def test_new_rows(self):
        new = np.random.default_rng(5).standard_normal((70, COLS))
        self.save("new.npy", new)
        for dtype, rtol in (("float64", 1e-12), ("float32", 1e-5)):
            _, x, c = self.fit("--predict", "new.npy", "--dtype", dtype)
            predictions = self.load("out", "predictions.npy")
            self.assertEqual((predictions.shape, predictions.dtype), ((70, 1), dtype))
            np.testing.assert_allclose(predictions, new @ x.astype(float) + c,
                                       atol=rtol * abs(predictions).max())

    def test_new_rows_of_another_type(self):
        new = np.random.default_rng(5).integers(0, 256, (70, COLS), dtype=np.uint8)
        self.save("new.npy", new)
        _, x, c = self.fit("--predict", "new.npy")
        np.testing.assert_allclose(self.load("out", "predictions.npy"), new @ x + c, rtol=1e-12)

    def test_residuals(self):
        _, x, c = self.fit("--residuals")
        fitted, residuals = self.load("out", "fitted.npy"), self.load("out", "residuals.npy")
        np.testing.assert_allclose(fitted, self.A @ x + c, rtol=1e-12)
        np.testing.assert_allclose(residuals[:, 0], self.b - fitted[:, 0], atol=1e-12)

    def test_columns_differ(self):
        self.save("new.npy", np.ones((5, COLS + 1)))
        self.refuse(FAILED, "new.npy has 9 columns, and the model 8", "lstsq", "X.npy", "y.npy",
                    "--predict", "new.npy", "--out", "out")
        self.assertNotIn("out", self.names())

    def test_missing(self):
        self.refuse(FAILED, "none.npy.*: No such file", "lstsq", "X.npy", "y.npy", "--predict",
                    "none.npy", "--out", "out")


class Output(LstsqTest):
    def test_files_and_nothing_else(self):
        report, _, _ = self.fit()
        files = ["coefficients.npy", "intercept.npy", "report.json"]
        self.assertEqual(self.names("out"), files)
        self.assertEqual(sorted(report["output"]["files"]), files)
        written = json.loads((self.directory / "out/report.json").read_text(encoding="utf-8"))
        self.assertEqual(written, report)
        self.assertEqual(self.names(), ["X.npy", "out", "y.npy"])

    def test_table(self):
        text = self.succeed("lstsq", "X.npy", "y.npy", "--ridge", 2)
        x, c = solve(self.A, self.b, penalty=2)
        lines = [line.split() for line in text.splitlines()]
        for i in range(COLS):
            value = next(float(words[1]) for words in lines if words[:1] == [str(i)])
            self.assertAlmostEqual(value, x[i, 0], delta=1e-6)
        value = next(float(words[1]) for words in lines if words[:1] == ["intercept"])
        self.assertAlmostEqual(value, c[0, 0], delta=1e-6)
        for label in ("Data", "Device", "Method", "Penalty", "Fit", "Rank", "Error", "Time",
                      "Memory"):
            self.assertIn(f"\n{label:<12}", "\n" + text)

    def test_many_targets_and_columns_are_shortened(self):
        generator = np.random.default_rng(6)
        self.save("X.npy", generator.standard_normal((ROWS, 40)))
        self.save("y.npy", generator.standard_normal((ROWS, 9)))
        text = self.succeed("lstsq", "X.npy", "y.npy")
        self.assertIn("target 3", text)
        self.assertNotIn("target 4", text)
        self.assertRegex(text, r"(?m)^ +9 .*\n +\.\.\.\n +39 ")

    def test_coefficients_that_fill_pages_are_left_to_the_file(self):
        generator = np.random.default_rng(6)
        self.save("X.npy", generator.standard_normal((ROWS, 101)))
        self.save("y.npy", generator.standard_normal((ROWS, 100)))
        self.assertIsNone(self.report("lstsq", "X.npy", "y.npy")["coefficients"])

    def test_quiet(self):
        self.assertEqual(self.succeed("lstsq", "X.npy", "y.npy", "-q"), "")


@unittest.skipUnless(importlib.util.find_spec("matplotlib"),
                     "matplotlib is not installed (Debian package python3-matplotlib)")
class Picture(LstsqTest):
    def draw(self, *arguments, files=("X.npy", "y.npy")):
        self.succeed("lstsq", *files, "-q", "--plot", "plot.svg", *arguments)
        return (self.directory / "plot.svg").read_text(encoding="utf-8")

    PATH = ("Coefficients along the penalties", "penalty λ")
    RESIDUALS = ("Residuals against fitted values", "Distribution of the residuals")

    def check(self, text, present, absent=()):
        # Matplotlib keeps the text of each label in a comment.
        for label in present:
            self.assertIn(f"<!-- {label}", text)
        for label in absent:
            self.assertNotIn(f"<!-- {label}", text)

    def test_residuals(self):
        self.check(self.draw(), self.RESIDUALS, self.PATH)

    def test_path_and_residuals(self):
        for criterion, title in (("gcv", "Generalized cross-validation"), ("loo", "Leave-one-out")):
            self.check(self.draw("--ridge-path", "--criterion", criterion),
                       (*self.PATH, *self.RESIDUALS, title))

    def test_path_of_statistics(self):
        self.succeed("lstsq", "X.npy", "y.npy", "-q", "--statistics", "all.stats")
        self.check(self.draw("--merge", "all.stats", "--ridge-path", files=()), self.PATH,
                   self.RESIDUALS)

    def test_several_targets(self):
        self.save("y.npy", np.column_stack([self.b] * 12))
        self.draw("--ridge-path")

    def test_nothing_else_is_left(self):
        os.mkdir(self.directory / "tmp")
        self.succeed("lstsq", "X.npy", "y.npy", "-q", "--plot", "plot.png",
                     environment={"TMPDIR": str(self.directory / "tmp")})
        self.assertEqual(self.names("tmp"), [])
        self.assertEqual(self.names(), ["X.npy", "plot.png", "tmp", "y.npy"])

    def test_residuals_of_an_earlier_run_are_not_drawn(self):
        self.succeed("lstsq", "X.npy", "y.npy", "-q", "--statistics", "all.stats", "--residuals",
                     "--out", "out")
        self.check(self.draw("--merge", "all.stats", "--ridge-path", "--out", "out", files=()),
                   self.PATH, self.RESIDUALS)


class BadInput(LstsqTest):
    def refuse_lstsq(self, pattern, *arguments):
        """Fails, and leaves neither a directory nor statistics behind."""
        before = self.names()
        self.refuse(FAILED, pattern, "lstsq", *arguments, "--out", "out")
        self.refuse(FAILED, pattern, "lstsq", *arguments, "--statistics", "x.stats")
        self.assertEqual(self.names(), before)

    def test_missing(self):
        self.refuse_lstsq("none.npy.*: No such file", "none.npy", "y.npy")
        self.refuse_lstsq("none.npy.*: No such file", "X.npy", "none.npy")
        self.refuse_lstsq("none.npy.*: No such file", "X.npy", "y.npy", "--weights", "none.npy")

    def test_rows_differ(self):
        self.save("short.npy", self.b[:-1])
        self.refuse_lstsq("X.npy has 300 rows and short.npy has 299", "X.npy", "short.npy")

    def test_truncated(self):
        for name in ("X.npy", "y.npy"):
            whole = (self.directory / name).read_bytes()
            (self.directory / "cut.npy").write_bytes(whole[:-8])
            files = ["cut.npy" if file == name else file for file in ("X.npy", "y.npy")]
            self.refuse_lstsq("cut.npy", *files)

    def test_not_finite(self):
        for bad in (np.nan, np.inf):
            for method in ("auto", "tsqr"):
                with self.subTest(value=bad, method=method):
                    A = self.A.copy()
                    A[29, 3] = bad
                    self.save("bad.npy", A)
                    self.refuse_lstsq("bad.npy: row 29, column 3", "bad.npy", "y.npy", "--method",
                                      method)
                    b = self.b.copy()
                    b[7] = bad
                    self.save("bad.npy", b)
                    self.refuse_lstsq("bad.npy: row 7, column 0", "X.npy", "bad.npy", "--method",
                                      method)

    def test_not_finite_in_blocks(self):
        A = self.A.copy()
        A[290, 3] = np.nan
        self.save("bad.npy", A)
        self.refuse_lstsq("finite", "bad.npy", "y.npy", "--memory", "8K")
        self.refuse_lstsq("finite", "bad.npy", "y.npy", "--memory", "8K", "--ridge-path")

    def test_weights(self):
        for weights, pattern in ((-np.ones(ROWS), "row 0 .from 0. is -1"),
                                 (np.zeros(ROWS), "all weights are 0"),
                                 (np.full(ROWS, np.nan), "row 0 .from 0. is -?nan"),
                                 (np.ones(ROWS + 1), "301 x 1; --weights needs one number"),
                                 (np.ones((ROWS, 2)), "300 x 2; --weights needs one number")):
            self.save("w.npy", weights)
            self.refuse_lstsq(pattern, "X.npy", "y.npy", "--weights", "w.npy")

    def test_no_rows_or_columns(self):
        self.save("empty.npy", np.ones((0, 3)))
        self.refuse_lstsq("empty.npy is 0 x 3; least squares needs", "empty.npy", "y.npy")
        self.save("empty.npy", np.ones((ROWS, 0)))
        self.refuse_lstsq("empty.npy is 300 x 0; least squares needs", "X.npy", "empty.npy")


class Usage(LstsqTest):
    """Refused although there are no files: nothing was read."""

    def refuse_usage(self, pattern, *arguments):
        self.refuse(USAGE, pattern, "lstsq", *arguments)

    def test_files(self):
        for files in ((), ("a.npy",), ("a.npy", "b.npy", "c.npy")):
            self.refuse_usage(f"needs two files, X and Y, not {len(files)}", *files)
        self.refuse_usage("needs two files", "a.npy", "--merge", "x.stats")

    def test_numbers(self):
        for text in ("-1", "x", "nan", "inf", "", "1x"):
            self.refuse_usage("--ridge needs a number", "a.npy", "b.npy", f"--ridge={text}")
        for text in ("0", "18", "x", "-1"):
            self.refuse_usage("--digits needs a whole number", "a.npy", "b.npy", "--digits", text)
        for text in ("0", "1", "x", "-0.5"):
            self.refuse_usage("--rtol needs a fraction", "a.npy", "b.npy", f"--rtol={text}")
        for text in ("0", "x", "-1", "5X", "1GG", "", "nan"):
            self.refuse_usage("--memory needs a size", "a.npy", "b.npy", f"--memory={text}")

    def test_paths(self):
        for text in ("1", "1:2", "1:2:0", "2:1:5", "0:1:5", "-1:1:5", "1:inf:5", "1:2:5x", "x:y:z",
                     "1:2:10001", ""):
            self.refuse_usage("--ridge-path needs MIN:MAX:COUNT", "a.npy", "b.npy",
                              f"--ridge-path={text}")

    def test_choices_are_listed(self):
        self.refuse_usage("auto, normal, qr, sketch-qr, sketch-cg, sketch-solve, minnorm, tsqr",
                          "a.npy", "b.npy", "--method", "magic")
        self.refuse_usage("gcv, loo", "a.npy", "b.npy", "--criterion", "aic")

    def test_contradictions(self):
        files = ("a.npy", "b.npy")
        for pattern, arguments in (
                ("give one of them", (*files, "--ridge", "1", "--ridge-path")),
                ("give --ridge-path as well", (*files, "--criterion", "loo")),
                ("use gcv", (*files, "--ridge-path", "--criterion", "loo", "--merge", "x")),
                ("go with --method tsqr only", (*files, "--method", "qr", "--statistics", "x")),
                ("say where with --out", (*files, "--predict", "new.npy")),
                ("say where with --out", (*files, "--residuals")),
                ("need data", ("--merge", "x", "--residuals", "--out", "out")),
                ("need data", ("--merge", "x", "--weights", "w.npy")),
                ("--plot needs data", ("--merge", "x", "--plot", "x.png"))):
            self.refuse_usage(pattern, *arguments)

    def test_pictures_and_options(self):
        self.refuse_usage(r"\.png, \.pdf or \.svg", "a.npy", "b.npy", "--plot", "x.gif")
        for option in ("--power-iterations", "--oversampling", "--components"):
            self.refuse_usage("unknown or ambiguous option", "a.npy", "b.npy", option, "3")


class Interruption(CommandTest):
    """Files of zeros that take no space on the disk: 4 GB in X, read in blocks."""

    def setUp(self):
        super().setUp()
        for name, cols in (("X.npy", 1000), ("y.npy", 1)):
            with open(self.directory / name, "wb") as file:
                np.lib.format.write_array_header_1_0(
                    file, {"descr": "<f4", "fortran_order": False, "shape": (1000000, cols)})
                file.truncate(file.tell() + 4 * cols * 10**6)

    def test_leaves_nothing_behind(self):
        terminal, stderr = pty.openpty()
        self.addCleanup(os.close, terminal)
        process = subprocess.Popen(
            [BINARY, "lstsq", "X.npy", "y.npy", "--memory", "100M", "--method", "tsqr", "--out",
             "out", "--statistics", "x.stats"], cwd=self.directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=stderr)
        os.close(stderr)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        text, end = "", time.monotonic() + 60
        while " left" not in text and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                text += os.read(terminal, 4096).decode()
        process.send_signal(signal.SIGINT)
        while "written" not in text and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                text += os.read(terminal, 4096).decode()
        self.assertEqual(process.wait(60), INTERRUPTED)
        self.assertIn("ritz: interrupted; nothing was written", text)
        self.assertEqual(self.names(), ["X.npy", "y.npy"])


class Warnings(LstsqTest):
    def test_are_printed_beside_the_json(self):
        # What the report warns of is the library's choice; this checks that it is not swallowed.
        A = np.column_stack([self.A, self.A[:, 0]])
        self.save("X.npy", A)
        done = self.run_ritz("lstsq", "X.npy", "y.npy", "--json")
        self.assertEqual(done.returncode, OK)
        warning = json.loads(done.stdout)["warning"]
        self.assertEqual(done.stderr, f"ritz: warning: {warning}\n" if warning else "")


if __name__ == "__main__":
    main()
