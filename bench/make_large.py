#!/usr/bin/env python3
"""Makes a .npy file of any size, in constant memory, whose principal components are known.

    bench/make_large.py big.npy --size 30G --cols 1000 --rank 50
    ritz pca big.npy -k 20 --memory 2G --out results
    bench/make_large.py --check results big.npy

The rows are X = Z diag(s) V' + mean (+ noise), with the entries of Z independent and normal, V
orthonormal, and s falling geometrically. While they are made, the moments of Z are summed in
float64: the covariance of the file's own rows, not only the expected one, is then

    V diag(s) cov(Z) diag(s) V'

up to rounding (and, with --noise, up to that noise), and its eigenvalues and eigenvectors are
written beside the file, to big.npy.truth.npz. Every block has a random stream of its own, so that
the file depends on the options only, not on the number of threads.
"""

import argparse
import collections
import concurrent.futures
import os
import sys
import time

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"  # blocks are made side by side instead

import numpy as np  # pylint: disable=wrong-import-position

BLOCK_BYTES = 32 << 20
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size_of(text):
    """A number of bytes such as 500M or 30G."""
    unit = UNITS.get(text[-1:].upper(), 1)
    return int(float(text[:-1] if unit > 1 else text) * unit)


class Model:
    """What the rows are drawn from."""

    def __init__(self, options):
        generator = np.random.default_rng([options.seed, 1])
        rank = min(options.rank, options.cols)
        self.options = options
        self.scale = options.decay ** np.arange(rank)
        self.basis, _ = np.linalg.qr(generator.standard_normal((options.cols, rank)))
        self.mean = options.mean * generator.standard_normal(options.cols)
        self.factor = (self.scale[:, None] * self.basis.T).astype(options.dtype)
        self.shift = self.mean.astype(options.dtype)

    def block(self, number, rows):
        """Rows of a block; sums and products of the normal numbers that they are made of."""
        options = self.options
        generator = np.random.default_rng([options.seed, 2, number])
        normal = generator.standard_normal((rows, len(self.scale)), dtype=options.dtype)
        data = normal @ self.factor
        data += self.shift
        if options.noise > 0:
            data += options.noise * generator.standard_normal(data.shape, dtype=options.dtype)
        wide = normal.astype(np.float64)
        return data, wide.sum(axis=0), wide.T @ wide

    def truth(self, rows, sums, products):
        """Mean, variances and components (in rows) of the data whose normal numbers had these."""
        mean = sums / rows
        covariance = (products - rows * np.outer(mean, mean)) / (rows - 1)
        values, vectors = np.linalg.eigh(self.scale[:, None] * covariance * self.scale)
        values = values[::-1] + self.options.noise**2
        return {"mean": self.mean + self.basis @ (self.scale * mean), "variance": values,
                "components": (self.basis @ vectors[:, ::-1]).T,
                "total": values.sum() + self.options.noise**2 * (self.options.cols - len(values)),
                "noise": self.options.noise}


def blocks(model, rows, height, threads):
    """The blocks in order; a few are made ahead."""
    waiting = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for number, first in enumerate(range(0, rows, height)):
            waiting.append(pool.submit(model.block, number, min(height, rows - first)))
            if len(waiting) > threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def make(path, options):
    model = Model(options)
    row_bytes = options.cols * np.dtype(options.dtype).itemsize
    rows = options.rows or max(2, size_of(options.size) // row_bytes)
    height = max(1, BLOCK_BYTES // row_bytes)
    sums, products = 0.0, 0.0
    started = time.monotonic()
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": np.dtype(options.dtype).str, "fortran_order": False,
                   "shape": (rows, options.cols)})
        for data, block_sums, block_products in blocks(model, rows, height, options.threads):
            file.write(data.data)
            sums, products = sums + block_sums, products + block_products
        file.flush()
        os.fsync(file.fileno())
    seconds = time.monotonic() - started
    np.savez(f"{path}.truth.npz", **model.truth(rows, sums, products))
    print(f"{path}: {rows} x {options.cols} {options.dtype}, {rows * row_bytes / 1e9:.2f} GB in "
          f"{seconds:.1f} s, {rows * row_bytes / seconds / 1e6:.0f} MB/s")


def check(path, results):
    """Compares what `ritz pca --out` wrote with the truth; false if it is wrong."""
    truth = np.load(f"{path}.truth.npz")
    components = np.load(os.path.join(results, "components.npy")).astype(np.float64)
    variance = np.load(os.path.join(results, "explained_variance.npy"))
    mean = np.load(os.path.join(results, "mean.npy"))
    k = min(len(variance), len(truth["variance"]))
    expected = truth["components"][:k]
    sine = np.linalg.norm(expected - (expected @ components[:k].T) @ components[:k], 2)
    relative = abs(variance[:k] / truth["variance"][:k] - 1).max()
    offset = np.linalg.norm(mean - truth["mean"]) / np.linalg.norm(truth["mean"])
    print(f"{k} components: sine of the largest angle {sine:.2e}, variances to {relative:.2e}, "
          f"mean to {offset:.2e}")
    return truth["noise"] > 0 or (sine < 1e-3 and relative < 1e-3 and offset < 1e-3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("file")
    parser.add_argument("--size", default="1G", help="bytes, such as 500M or 30G (default: 1G)")
    parser.add_argument("--rows", type=int, help="rows, instead of a size")
    parser.add_argument("--cols", type=int, default=1000)
    parser.add_argument("--rank", type=int, default=50, help="components (default: 50)")
    parser.add_argument("--decay", type=float, default=0.9, help="s(i+1)/s(i) (default: 0.9)")
    parser.add_argument("--mean", type=float, default=1.0, help="size of the means (default: 1)")
    parser.add_argument("--noise", type=float, default=0.0,
                        help="standard deviation of noise in every entry, which takes longer")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--check", metavar="RESULTS", help="compare the output of ritz pca instead")
    options = parser.parse_args()
    if options.check:
        return 0 if check(options.file, options.check) else 1
    make(options.file, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
