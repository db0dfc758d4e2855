"""ritz svd: its answers against NumPy's, and every option that changes them."""

import numpy as np

from support import FAILED, CommandTest, main, matrix_with_spectrum, sine

SPECTRUM = 10.0 * 0.6 ** np.arange(20)
EPS = {"float32": np.finfo(np.float32).eps, "float64": np.finfo(np.float64).eps}


class Svd(CommandTest):
    def setUp(self):
        super().setUp()
        self.data = matrix_with_spectrum(200, 60, SPECTRUM)
        self.expected = np.linalg.svd(self.data, compute_uv=False)
        self.save("data.npy", self.data)

    def check_factors(self, k, dtype, matrix):
        values, left, right = (self.load("out", f"{name}.npy")
                               for name in ("singular_values", "U", "V"))
        limit = 30 * max(matrix.shape) * EPS[dtype]
        self.assertEqual((values.shape, left.shape, right.shape),
                         ((k,), (matrix.shape[0], k), (matrix.shape[1], k)))
        self.assertEqual((values.dtype, left.dtype, right.dtype), (np.float64, dtype, dtype))
        for factor in (left, right):
            np.testing.assert_allclose(factor.T @ factor, np.eye(k), atol=limit)
        np.testing.assert_allclose(left.T.astype(float) @ matrix @ right, np.diag(values),
                                   atol=limit * self.expected[0])

    def test_all_values_are_the_default(self):
        report = self.report("svd", "data.npy")
        self.assertEqual((report["method"]["name"], report["components"]), ("exact", 60))
        np.testing.assert_allclose(report["singular_values"], self.expected,
                                   atol=30 * 200 * EPS["float64"] * self.expected[0])
        self.assertEqual(report["error"]["value"], 0.0)
        self.assertAlmostEqual(report["norm"], np.linalg.norm(self.data), delta=1e-10)

    def test_exact_factors(self):
        for dtype in EPS:
            for matrix in (self.data, self.data.T):
                with self.subTest(dtype=dtype, shape=matrix.shape):
                    self.save("matrix.npy", matrix)
                    self.succeed("svd", "matrix.npy", "-k", 8, "--method", "exact", "--dtype",
                                 dtype, "-q", "--out", "out")
                    self.check_factors(8, dtype, matrix)

    def test_randomized_factors(self):
        for dtype in EPS:
            with self.subTest(dtype=dtype):
                report = self.report("svd", "data.npy", "-k", 6, "--method", "randomized",
                                     "--dtype", dtype, "--power-iterations", 4, "--out", "out")
                self.assertEqual(report["method"]["name"], "randomized")
                self.assertEqual(report["method"]["power_iterations"], 4)
                self.check_factors(6, dtype, self.data)
                np.testing.assert_allclose(report["singular_values"], self.expected[:6],
                                           rtol=1e3 * EPS[dtype])

    def test_randomized_is_chosen_for_few_values(self):
        few = self.report("svd", "data.npy", "-k", 12)
        many = self.report("svd", "data.npy", "-k", 13)
        self.assertEqual(few["method"]["name"], "randomized")
        self.assertEqual(many["method"]["name"], "exact")
        self.assertIn("12 of 60", few["method"]["reason"])

    def test_oversampling_sets_the_sample_size(self):
        report = self.report("svd", "data.npy", "-k", 6, "--method", "randomized",
                             "--oversampling", 7)
        self.assertEqual(report["method"]["sample_size"], 13)

    def test_no_power_iterations(self):
        report = self.report("svd", "data.npy", "-k", 6, "--power-iterations", 0)
        self.assertEqual(report["method"]["power_iterations"], 0)

    def test_seed(self):
        self.save("noise.npy", np.random.default_rng(2).standard_normal((150, 100)))
        values = [self.report("svd", "noise.npy", "-k", 3, "--seed", seed)["singular_values"]
                  for seed in (1, 1, 2)]
        self.assertEqual(values[0], values[1])
        self.assertNotEqual(values[0], values[2])

    def test_error_is_what_is_left_out(self):
        missing = np.sqrt((self.expected[13:] ** 2).sum())
        report = self.report("svd", "data.npy", "-k", 13, "--method", "exact")
        self.assertEqual(report["error"]["kind"], "exact")
        self.assertAlmostEqual(report["error"]["value"], missing, delta=1e-10)

    def test_table(self):
        text = self.succeed("svd", "data.npy")
        self.assertRegex(text, r"(?m)^ +10 .*\n +\.\.\.\n +60 ")
        self.assertRegex(text, r"(?m)^Method  +exact, in float64")

    def test_files(self):
        report = self.report("svd", "data.npy", "-k", 3, "--out", "out")
        names = ["U.npy", "V.npy", "report.json", "singular_values.npy"]
        self.assertEqual(self.names("out"), names)
        self.assertEqual(sorted(report["output"]["files"]), names)

    def test_range_is_the_leading_one(self):
        self.succeed("svd", "data.npy", "-k", 5, "-q", "--out", "out")
        _, _, right = np.linalg.svd(self.data, full_matrices=False)
        self.assertLess(sine(self.load("out", "V.npy").T, right[:5]), 1e-9)


class Refused(CommandTest):
    def test_too_many_values(self):
        self.save("x.npy", np.ones((4, 3)))
        self.refuse(FAILED, "4 is too many: x.npy is 4 x 3 and has 3", "svd", "x.npy", "-k", 4)

    def test_not_finite(self):
        data = np.ones((6, 4))
        data[3, 2] = np.nan
        self.save("x.npy", data)
        for options in ([], ["-k", "1", "--method", "randomized"]):
            self.refuse(FAILED, "(?i)nan|finite", "svd", "x.npy", *options)

    def test_no_elements(self):
        self.save("x.npy", np.ones((0, 3)))
        self.refuse(FAILED, "without elements", "svd", "x.npy")

    def test_missing_file(self):
        self.refuse(FAILED, "none.npy.*: No such file", "svd", "none.npy")


if __name__ == "__main__":
    main()
