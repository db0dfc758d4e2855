"""ritz cur: its columns and rows are those of the matrix, and its error is what NumPy finds."""

import json

import numpy as np

from support import FAILED, NOT_MET, OK, CommandTest, main, matrix_with_spectrum

SPECTRUM = 50.0 * 0.5 ** np.arange(8)


class Cur(CommandTest):
    def setUp(self):
        super().setUp()
        self.data = matrix_with_spectrum(120, 70, SPECTRUM)
        self.save("data.npy", self.data)

    def check(self, report, data, dtype="float64"):
        """The parts belong together; gives the norm of what they leave out."""
        columns, rows, left, middle, right = (self.load("out", f"{name}.npy")
                                              for name in ("columns", "rows", "C", "U", "R"))
        k = report["components"]
        eps = np.finfo(dtype).eps
        self.assertEqual((columns.shape, rows.shape), ((k,), (k,)))
        self.assertEqual((columns.dtype, rows.dtype), (np.int64, np.int64))
        self.assertEqual((report["columns"], report["rows"]), (columns.tolist(), rows.tolist()))
        self.assertEqual((len(set(columns)), len(set(rows))), (k, k))
        self.assertEqual((left.dtype, middle.dtype, right.dtype), (dtype, dtype, dtype))
        np.testing.assert_allclose(left, data[:, columns], atol=4 * eps * abs(data).max())
        np.testing.assert_allclose(right, data[rows], atol=4 * eps * abs(data).max())
        self.assertEqual(middle.shape, (k, k))
        return np.linalg.norm(data - left.astype(float) @ middle @ right)

    def test_all_of_a_matrix_of_low_rank(self):
        for dtype, limit in (("float64", 1e-10), ("float32", 1e-3)):
            report = self.report("cur", "data.npy", "-k", 8, "--dtype", dtype, "--out", "out")
            error = self.check(report, self.data, dtype)
            self.assertLess(error, limit * np.linalg.norm(self.data))
            self.assertEqual(report["method"]["dtype"], dtype)

    def test_error_is_near_the_truth_and_near_the_best(self):
        values = np.linalg.svd(self.data, compute_uv=False)
        for k in (2, 4, 6):
            report = self.report("cur", "data.npy", "-k", k, "--out", "out")
            error = self.check(report, self.data)
            self.assertEqual(report["error"]["kind"], "estimate")
            # Four Gaussian probes: a factor of 3 is many standard deviations.
            self.assertLess(error / 3, report["error"]["value"])
            self.assertLess(report["error"]["value"], 3 * error)
            best = np.sqrt((values[k:] ** 2).sum())
            self.assertLess(best * (1 - 1e-9), error)
            self.assertLess(error, 10 * best)

    def test_tolerance(self):
        previous = 0
        for tolerance in (0.3, 0.1, 0.02):
            report = self.report("cur", "data.npy", "--tol", tolerance, "--out", "out")
            self.assertGreater(report["components"], previous)
            self.assertEqual(report["tolerance"], {"asked": tolerance, "met": True})
            # The figure that is judged is an estimate.
            self.assertLess(self.check(report, self.data),
                            1.3 * tolerance * np.linalg.norm(self.data))
            previous = report["components"]
        self.assertLessEqual(previous, 8)

    def test_met_is_judged_by_the_error(self):
        for tolerance in (0.4, 0.2, 0.1, 0.05):
            for most in (1, 2, 4, 8):
                done = self.run_ritz("cur", "data.npy", "--tol", tolerance, "-k", most, "--json",
                                     "--out", "out")
                report = json.loads(done.stdout)
                met = report["tolerance"]["met"]
                figure = report["error"]["value"] / report["norm"]
                self.assertEqual((done.returncode, met),
                                 (OK, True) if figure <= tolerance else (NOT_MET, False))
                error = self.check(report, self.data) / np.linalg.norm(self.data)
                if not tolerance / 2 < error < 2 * tolerance:  # the figure is an estimate
                    self.assertEqual(met, bool(error < tolerance), (tolerance, most, error))

    def test_tolerance_with_a_number_above_the_smaller_side(self):
        whole = self.report("cur", "data.npy", "--tol", 0.1)
        report = self.report("cur", "data.npy", "--tol", 0.1, "-k", 500)
        self.assertEqual(report["columns"], whole["columns"])

    def test_tolerance_that_is_not_met(self):
        done = self.run_ritz("cur", "data.npy", "--tol", 0.001, "-k", 2, "--json", "--out", "out")
        report = json.loads(done.stdout)
        self.assertEqual((done.returncode, report["components"]), (NOT_MET, 2))
        self.assertIs(report["tolerance"]["met"], False)
        self.assertIn("not met with 2 columns and rows", report["warning"])
        self.check(report, self.data)

    def test_more_than_the_rank(self):
        done = self.run_ritz("cur", "data.npy", "-k", 20, "--json", "--out", "out")
        self.assertEqual(done.returncode, OK, done.stderr)
        error = self.check(json.loads(done.stdout), self.data)
        self.assertLess(error, 1e-8 * np.linalg.norm(self.data))

    def test_sparse(self):
        generator = np.random.default_rng(5)
        data = np.where(generator.random((90, 40)) < 0.2, generator.standard_normal((90, 40)), 0.0)
        self.save("dense.npy", data)
        dense = self.report("cur", "dense.npy", "-k", 10)
        for name in ("data.mtx", "data.mtx.gz"):
            report = self.report("cur", self.save_sparse(name, data), "-k", 10, "--out", "out")
            self.check(report, data)
            self.assertEqual(report["columns"], dense["columns"])
            self.assertEqual(report["data"]["nonzeros"], np.count_nonzero(data))
            self.assertGreater(report["seconds"]["read"], 0.0)

    def test_several_files(self):
        whole = self.report("cur", "data.npy", "-k", 5)
        parts = [self.save(f"{i}.npy", part) for i, part in enumerate(np.array_split(self.data, 3))]
        report = self.report("cur", *parts, "-k", 5, "--out", "out")
        self.assertEqual((report["columns"], report["rows"]), (whole["columns"], whole["rows"]))
        self.check(report, self.data)

    def test_text(self):
        text = self.succeed("cur", "data.npy", "-k", 3, "--out", "out")
        report = self.report("cur", "data.npy", "-k", 3)
        lines = [line.split() for line in text.splitlines()]
        for i in range(3):
            self.assertIn([str(i + 1), str(report["columns"][i]), str(report["rows"][i])], lines)
        for label in ("Data", "Device", "Method", "Norm", "Error", "Time", "Memory", "Results"):
            self.assertRegex(text, rf"(?m)^{label}  +\S")

    def test_files(self):
        report = self.report("cur", "data.npy", "-k", 3, "--out", "out")
        names = ["C.npy", "R.npy", "U.npy", "columns.npy", "report.json", "rows.npy"]
        self.assertEqual(self.names("out"), names)
        self.assertEqual(sorted(report["output"]["files"]), names)

    def test_zeros(self):
        self.save("zeros.npy", np.zeros((30, 20)))
        done = self.run_ritz("cur", "zeros.npy", "-k", 2, "--json", "--out", "out")
        self.assertEqual(done.returncode, OK, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual((report["norm"], report["error"]["value"]), (0.0, 0.0))


class Refused(CommandTest):
    def test_too_many(self):
        self.save("x.npy", np.ones((4, 3)))
        self.refuse(FAILED, "4 is too many: x.npy is 4 x 3", "cur", "x.npy", "-k", 4)

    def test_no_elements(self):
        self.save("x.npy", np.ones((0, 3)))
        self.refuse(FAILED, "without elements", "cur", "x.npy", "-k", 1)

    def test_missing_file(self):
        self.refuse(FAILED, "none.npy.*: No such file", "cur", "none.npy", "-k", 1)

    def test_no_space(self):
        self.save("x.npy", np.ones((4, 3)))
        self.refuse(FAILED, "/proc/ritz", "cur", "x.npy", "-k", 1, "--out", "/proc/ritz")


if __name__ == "__main__":
    main()
