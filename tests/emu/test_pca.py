"""`ritz pca --device cuda` on a part of Fashion-MNIST, executed on the emulation, gives the CPU's answer to rounding."""

import gzip
import os
import pathlib
import unittest

import numpy as np

from support import CommandTest, fix_signs, main, sine

FOLDER = pathlib.Path(os.environ.get("RITZ_FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))
FILE = FOLDER / "t10k-images-idx3-ubyte.gz"
ROWS, K = 2000, 20


@unittest.skipUnless(FILE.is_file(),
                     "the data set is not installed (Debian package dataset-fashion-mnist)")
class EmulatedPca(CommandTest):
    def setUp(self):
        super().setUp()
        images = np.frombuffer(gzip.open(FILE).read(), np.uint8, offset=16).reshape(-1, 784)
        self.save("images.npy", images[:ROWS])
        self.save("images64.npy", images[:ROWS].astype(np.float64))

    def fit(self, device, file, method):
        report = self.report("pca", file, "-k", K, "--method", method, "--device", device,
                             "--out", device)
        return report, self.load(device, "components.npy"), self.load(device, "scores.npy")

    def check(self, file, method, limit):
        cpu, components, scores = self.fit("cpu", file, method)
        gpu, gpu_components, gpu_scores = self.fit("cuda", file, method)
        self.assertEqual((cpu["device"]["kind"], gpu["device"]["kind"]), ("cpu", "cuda"))
        self.assertEqual(gpu["method"], cpu["method"])
        np.testing.assert_allclose(gpu["explained_variance"], cpu["explained_variance"], rtol=limit)
        self.assertLessEqual(sine(gpu_components.astype(float), components.astype(float)),
                             100 * limit)
        # The sign rule makes the components themselves comparable.
        np.testing.assert_array_equal(fix_signs(gpu_components), gpu_components)
        np.testing.assert_allclose(gpu_components, components, atol=100 * limit)
        np.testing.assert_allclose(gpu_scores, scores, atol=100 * limit * np.abs(scores).max())

    def test_exact_float64(self):
        self.check("images64.npy", "exact", 1e-12)

    def test_randomized_float64(self):
        self.check("images64.npy", "randomized", 1e-11)

    def test_bytes(self):
        self.check("images.npy", "auto", 2e-5)


if __name__ == "__main__":
    main()
