"""ritz pca: its answers against NumPy's, and every option that changes them."""

import gzip
import struct

import numpy as np

from support import CommandTest, Pca, main, matrix_with_spectrum, sine

ROWS, COLS, K = 300, 24, 5
SPECTRUM = 100.0 * 0.5 ** np.arange(12)
EPS32, EPS64 = np.finfo(np.float32).eps, np.finfo(np.float64).eps


class PcaTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.data = matrix_with_spectrum(ROWS, COLS, SPECTRUM, mean=3.0)
        self.save("data.npy", self.data)

    def fit(self, *arguments, file="data.npy"):
        """Runs with --out; gives the report and the four matrices."""
        report = self.report("pca", file, *arguments, "--out", "out")
        names = ("components", "mean", "explained_variance", "scores")
        matrices = [self.load("out", f"{name}.npy") for name in names]
        return (report, *matrices)

    def compare(self, expected, answer, eps):
        """Backward error: each figure to a modest multiple of n eps, relative to the largest."""
        report, components, mean, variance, scores = answer
        k = len(variance)
        limit = 30 * max(ROWS, COLS) * eps
        self.assertEqual(components.shape, (k, COLS))
        self.assertEqual(scores.shape, (ROWS, k))
        self.assertEqual((mean.shape, variance.shape), ((COLS,), (k,)))
        self.assertEqual((mean.dtype, variance.dtype), (np.float64, np.float64))
        np.testing.assert_allclose(mean, expected.mean, atol=limit * abs(expected.mean).max())
        np.testing.assert_allclose(variance, expected.variance[:k],
                                   atol=limit * expected.variance[0])
        np.testing.assert_allclose(components @ components.T, np.eye(k), atol=limit)
        # Vectors are as good as the gap between neighbouring values lets them be.
        gap = expected.singular_values[k - 1] / expected.singular_values[0]
        np.testing.assert_allclose(components, expected.components[:k], atol=limit / gap)
        np.testing.assert_allclose(scores, expected.scores[:, :k],
                                   atol=limit / gap * abs(expected.scores).max())
        self.assertEqual(report["explained_variance"], variance.tolist())
        np.testing.assert_allclose(report["total_variance"], expected.total, rtol=limit)
        np.testing.assert_allclose(report["explained_variance_ratio"],
                                   variance / report["total_variance"])
        np.testing.assert_allclose(report["cumulative_ratio"],
                                   np.cumsum(variance) / report["total_variance"])


class Answers(PcaTest):
    def test_methods_and_types(self):
        for method in ("auto", "covariance", "randomized", "exact"):
            for dtype, eps in (("float32", EPS32), ("float64", EPS64)):
                with self.subTest(method=method, dtype=dtype):
                    answer = self.fit("-k", K, "--method", method, "--dtype", dtype)
                    self.compare(Pca(self.data), answer, eps)
                    self.assertEqual(answer[1].dtype, dtype)
                    self.assertEqual(answer[4].dtype, dtype)
                    self.assertEqual(answer[0]["method"]["dtype"], dtype)
                    if method != "auto":
                        self.assertEqual(answer[0]["method"]["name"], method)

    def test_dual(self):
        wide = matrix_with_spectrum(30, 500, SPECTRUM, mean=1.0)
        self.save("wide.npy", wide)
        report = self.report("pca", "wide.npy", "-k", K, "--method", "dual", "--out", "out")
        expected = Pca(wide)
        self.assertEqual(report["method"]["name"], "dual")
        np.testing.assert_allclose(report["explained_variance"], expected.variance[:K], rtol=1e-10)
        self.assertLess(sine(self.load("out", "components.npy"), expected.components[:K]), 1e-10)

    def test_type_follows_the_data(self):
        for stored, computed in (("float32", "float32"), ("float64", "float64"),
                                 ("uint8", "float32"), ("int64", "float64")):
            self.save("typed.npy", (10 * self.data).astype(stored))
            report = self.report("pca", "typed.npy", "-k", 2)
            self.assertEqual((report["data"]["dtype"], report["method"]["dtype"]),
                             (stored, computed))

    def test_error_is_the_part_that_is_left_out(self):
        expected = Pca(self.data).singular_values
        missing = np.sqrt((expected[K:] ** 2).sum() / (expected**2).sum())
        report = self.report("pca", "data.npy", "-k", K, "--method", "exact")
        self.assertIn(report["error"]["kind"], ("exact", "estimate"))
        self.assertAlmostEqual(report["error"]["value"], missing,
                               delta=1e-6 + report["error"]["resolution"])
        self.assertAlmostEqual(report["gap"], expected[K - 1] / expected[K], delta=1e-6)

    def test_same_seed_same_answer(self):
        # A slow decay, so that the sketch shows in the answer.
        self.save("noise.npy", np.random.default_rng(5).standard_normal((200, 150)))
        options = ("-k", 3, "--method", "randomized", "--power-iterations", 0)
        values = [self.report("pca", "noise.npy", *options, "--seed", seed)["explained_variance"]
                  for seed in (1, 1, 2)]
        self.assertEqual(values[0], values[1])
        self.assertNotEqual(values[0], values[2])

    def test_sketch_options_improve_the_answer(self):
        noise = np.random.default_rng(5).standard_normal((200, 150))
        self.save("noise.npy", noise)
        exact = Pca(noise).variance[:3].sum()
        def loss(*options):
            report = self.report("pca", "noise.npy", "-k", 3, "--method", "randomized", *options)
            return exact - sum(report["explained_variance"])
        coarse = loss("--oversampling", 1, "--power-iterations", 0)
        self.assertGreater(coarse, 2 * loss("--oversampling", 1, "--power-iterations", 6))
        self.assertGreater(coarse, 1.2 * loss("--oversampling", 60, "--power-iterations", 0))

    def test_threads(self):
        report = self.report("pca", "data.npy", "--threads", 1)
        self.assertEqual(report["device"]["threads"], 1)

    def test_device(self):
        self.assertEqual(self.report("pca", "data.npy", "--device", "cpu")["device"]["kind"], "cpu")


class Components(PcaTest):
    def test_default_is_ten_or_as_many_as_there_are(self):
        self.assertEqual(self.report("pca", "data.npy")["components"], 10)
        self.save("narrow.npy", self.data[:, :4])
        self.assertEqual(self.report("pca", "narrow.npy")["components"], 4)
        self.save("short.npy", self.data[:3])
        # Less their mean, three rows have two independent directions.
        self.assertEqual(self.report("pca", "short.npy")["components"], 2)

    def test_as_many_as_explain_a_fraction(self):
        ratio = np.cumsum(Pca(self.data).variance) / Pca(self.data).total
        for fraction in (0.5, 0.76, 0.99):
            expected = int(np.searchsorted(ratio, fraction)) + 1
            report = self.report("pca", "data.npy", "--variance", fraction)
            self.assertEqual(report["components"], expected)
            self.assertGreaterEqual(report["explained"], fraction)

    def test_population(self):
        answer = self.fit("-k", K, "--population")
        self.compare(Pca(self.data, divisor=ROWS), answer, EPS64)
        self.assertEqual(answer[0]["method"]["divisor"], "N")

    def test_whiten(self):
        report, _, _, _, scores = self.fit("-k", K, "--whiten")
        self.assertTrue(report["method"]["whitened"])
        np.testing.assert_allclose(np.cov(scores.T), np.eye(K), atol=1e-9)

    def test_no_scores(self):
        report = self.report("pca", "data.npy", "--no-scores", "--out", "out")
        self.assertNotIn("scores.npy", self.names("out"))
        self.assertNotIn("scores.npy", report["output"]["files"])
        self.assertEqual(report["seconds"]["transform"], 0.0)


class Files(PcaTest):
    def same_answer(self, *files, rtol=1e-9):
        report = self.report("pca", *files, "-k", K, "--dtype", "float64")
        np.testing.assert_allclose(report["explained_variance"], Pca(self.data).variance[:K],
                                   rtol=rtol)
        return report

    def test_several_files_are_stacked(self):
        self.save("first.npy", self.data[:100])
        self.save("second.npy", np.asfortranarray(self.data[100:]))
        report = self.same_answer("first.npy", "second.npy")
        self.assertEqual(report["data"]["files"], ["first.npy", "second.npy"])
        self.assertEqual((report["data"]["rows"], report["data"]["columns"]), (ROWS, COLS))

    def test_csv_and_gzip(self):
        np.savetxt(self.directory / "data.csv", self.data, delimiter=",", fmt="%.17g")
        self.same_answer("data.csv")
        for name in ("data.csv", "data.npy"):
            with gzip.open(self.directory / f"{name}.gz", "wb") as packed:
                packed.write((self.directory / name).read_bytes())
            self.same_answer(f"{name}.gz")

    def test_idx_images(self):
        pixels = np.random.default_rng(3).integers(0, 256, (50, 4, 6), dtype=np.uint8)
        header = struct.pack(">BBBBIII", 0, 0, 8, 3, *pixels.shape)
        (self.directory / "images").write_bytes(header + pixels.tobytes())
        report = self.report("pca", "images", "-k", 3)
        self.assertEqual((report["data"]["rows"], report["data"]["columns"]), (50, 24))
        np.testing.assert_allclose(report["explained_variance"],
                                   Pca(pixels.reshape(50, 24)).variance[:3], rtol=1e-4)


class Table(PcaTest):
    def rows(self, text):
        """The lines between the heading of the table and the empty line below it."""
        lines = text.splitlines()
        start = next(i for i, line in enumerate(lines) if line.split()[:1] == ["component"])
        return [line.split() for line in lines[start + 1:lines.index("", start)]]

    def test_all_of_a_short_table(self):
        rows = self.rows(self.succeed("pca", "data.npy", "-k", K))
        expected = Pca(self.data)
        self.assertEqual([int(row[0]) for row in rows], list(range(1, K + 1)))
        for i, row in enumerate(rows):
            self.assertAlmostEqual(float(row[1]) / expected.variance[i], 1.0, delta=1e-5)
            self.assertAlmostEqual(float(row[2]), 100 * expected.variance[i] / expected.total,
                                   delta=0.001)

    def test_long_tables_are_shortened(self):
        rows = self.rows(self.succeed("pca", "data.npy", "-k", 24))
        self.assertEqual([row[0] for row in rows], [*map(str, range(1, 11)), "...", "24"])

    def test_says_how_and_how_good(self):
        text = self.succeed("pca", "data.npy", "-k", K, "--out", "out")
        for label in ("Data", "Device", "Method", "Explained", "Error", "Gap", "Time", "Memory",
                      "Results"):
            self.assertRegex(text, rf"(?m)^{label}  +\S")


class Degenerate(PcaTest):
    """Data that is odd but not wrong."""

    def test_fewer_rows_than_columns(self):
        self.save("wide.npy", self.data[:8])
        report = self.report("pca", "wide.npy", "-k", 4)
        np.testing.assert_allclose(report["explained_variance"], Pca(self.data[:8]).variance[:4],
                                   rtol=1e-9)

    def test_some_constant_columns(self):
        data = self.data.copy()
        data[:, [0, 7]] = 5.0
        report, components, mean, _, _ = self.fit("-k", K, file=self.save("constant.npy", data))
        np.testing.assert_allclose(report["explained_variance"], Pca(data).variance[:K], rtol=1e-9)
        self.assertLess(abs(components[:, [0, 7]]).max(), 1e-10)
        np.testing.assert_allclose(mean[[0, 7]], 5.0, rtol=1e-14)

    def test_nothing_but_constant_columns(self):
        self.save("constant.npy", np.full((40, 6), 2.5))
        done = self.run_ritz("pca", "constant.npy", "-k", 2, "--json", "--out", "out")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.load("out", "explained_variance.npy").tolist(), [0.0, 0.0])
        self.assertTrue(np.isfinite(self.load("out", "components.npy")).all())
        self.assertTrue(np.isfinite(self.load("out", "scores.npy")).all())

    def test_one_column(self):
        self.save("column.npy", self.data[:, :1])
        report = self.report("pca", "column.npy")
        self.assertEqual(report["components"], 1)
        np.testing.assert_allclose(report["explained_variance_ratio"], [1.0], rtol=1e-12)


if __name__ == "__main__":
    main()
