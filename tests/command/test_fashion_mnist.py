"""PCA of Fashion-MNIST against scikit-learn's exact PCA."""

import gzip
import importlib.util
import os
import pathlib
import unittest

import numpy as np

from support import CommandTest, main, sine

FOLDER = pathlib.Path(os.environ.get("RITZ_FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))
FILES = [FOLDER / "train-images-idx3-ubyte.gz", FOLDER / "t10k-images-idx3-ubyte.gz"]
K = 50
LIMIT = 1e-4  # for the subspace and the variances, in float32


def load_images():
    """All images as rows, read without Ritz: 16 bytes of header, then pixels."""
    parts = [np.frombuffer(gzip.open(file).read(), np.uint8, offset=16) for file in FILES]
    return np.concatenate(parts).reshape(-1, 784).astype(np.float64)


@unittest.skipUnless(all(file.is_file() for file in FILES),
                     "the data set is not installed (Debian package dataset-fashion-mnist)")
@unittest.skipUnless(importlib.util.find_spec("sklearn"),
                     "scikit-learn is not installed (Debian package python3-sklearn)")
class FashionMnist(CommandTest):
    @classmethod
    def setUpClass(cls):
        from sklearn.decomposition import PCA
        images = load_images()
        cls.peer = PCA(n_components=K, svd_solver="full").fit(images)
        cls.scores = cls.peer.transform(images)

    def check(self, method):
        report = self.report("pca", *FILES, "-k", K, "--method", method, "--dtype", "float32",
                             "--out", "out")
        components, scores = self.load("out/components.npy"), self.load("out/scores.npy")
        self.assertEqual((report["data"]["rows"], report["data"]["columns"]), (70000, 784))
        self.assertLessEqual(sine(components.astype(float), self.peer.components_), LIMIT)
        np.testing.assert_allclose(report["explained_variance"], self.peer.explained_variance_,
                                   rtol=LIMIT)
        np.testing.assert_allclose(report["explained_variance_ratio"],
                                   self.peer.explained_variance_ratio_, rtol=LIMIT)
        np.testing.assert_allclose(self.load("out/mean.npy"), self.peer.mean_, rtol=1e-6)
        # Scores in the peer's coordinates: the same up to the sign of each component.
        signs = np.sign((components * self.peer.components_).sum(axis=1))
        error = np.linalg.norm(scores * signs - self.scores) / np.linalg.norm(self.scores)
        self.assertLess(error, 20 * LIMIT)

    def test_chosen_method(self):
        self.check("auto")

    def test_exact_method(self):
        self.check("exact")


if __name__ == "__main__":
    main()
