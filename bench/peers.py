"""What run_peers.py compares: every contender of every task, run inside a worker process.

A contender is a class: its constructor imports and prepares (not timed), `run(data)` is timed and
returns what `check` of the task judges. Ritz is one of them.

SPDX-License-Identifier: Apache-2.0
"""

import gzip
import importlib
import pathlib

import numpy as np

FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")


class Missing(Exception):
    """This contender cannot run here; the message says why."""


def need(module):
    """Import a module or raise Missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Missing(str(error)) from None


# ---- data ----------------------------------------------------------------------------------------

def read_images(path, count, out):
    """The pixels of an IDX file of images into `out`, as they are (0 to 255)."""
    with gzip.open(path) as file:
        header = np.frombuffer(file.read(16), ">u4")
        if tuple(header) != (0x803, count, 28, 28):
            raise ValueError(f"{path}: not {count} images of 28 x 28")
        step = 5000
        for start in range(0, count, step):
            block = np.frombuffer(file.read(step * 784), np.uint8).reshape(-1, 784)
            out[start:start + len(block)] = block


def fashion_mnist(dtype):
    """70 000 x 784; generated with a similar spectrum where the data set is not installed."""
    train, test = FASHION / "train-images-idx3-ubyte.gz", FASHION / "t10k-images-idx3-ubyte.gz"
    if not (train.exists() and test.exists()):
        return decaying(70000, 784, dtype, 1.0), "generated, 70000 x 784"
    data = np.empty((70000, 784), dtype)
    read_images(train, 60000, data[:60000])
    read_images(test, 10000, data[60000:])
    return data, "Fashion-MNIST, 70000 x 784"


def decaying(rows, cols, dtype, power):
    """Rows with a mean, and standard deviation i^-power along orthogonal direction i."""
    random = np.random.default_rng(1)
    basis = np.linalg.qr(random.standard_normal((cols, cols)))[0]
    basis *= np.arange(1, cols + 1)[:, None] ** -power
    mean = random.standard_normal(cols)
    data = np.empty((rows, cols), dtype)
    for start in range(0, rows, 10000):
        block = data[start:start + 10000]
        block[...] = random.standard_normal((len(block), cols)) @ basis + mean
    return data


def matrix(rows, cols, dtype):
    """Uniform on (-1, 1)."""
    return np.random.default_rng(2).uniform(-1, 1, (rows, cols)).astype(dtype)


def symmetric(n, dtype):
    """Positive definite."""
    g = np.random.default_rng(3).uniform(-1, 1, (n, n))
    return (g @ g.T / n + np.eye(n)).astype(dtype)


def least_squares(rows, cols, dtype, rank, condition):
    """A = G F with G tall and nearly orthonormal, F of the wanted singular values; b = A x + r with
    r orthogonal to the columns of G and small, so that the normal equations do harm, and x in the
    range of A^T: the solution of minimum norm."""
    random = np.random.default_rng(5)
    u, v = (np.linalg.qr(random.standard_normal((cols, cols)))[0][:, :rank] for _ in range(2))
    values = condition ** -np.linspace(0, 1, rank)
    factor, x = (u * values) @ v.T, v @ random.choice([-1.0, 1.0], rank)
    g = random.standard_normal((rows, cols)) / np.sqrt(rows)
    r = random.standard_normal(rows)
    r -= g @ np.linalg.solve(g.T @ g, g.T @ r)
    b = g @ (factor @ x)
    b += r * (1e-8 * np.linalg.norm(b) / np.linalg.norm(r))
    return (g @ factor).astype(dtype), b.astype(dtype), x


def documents(rows, cols, dtype, nonzeros):
    """A sparse matrix like one of words in documents: the arrays of its compressed rows. Both how
    long a document is and how frequent a word is follow power laws; words come by topic, so that
    the singular values decay."""
    random = np.random.default_rng(6)
    topics = 200
    topic = random.zipf(1.5, rows) % topics
    length = np.minimum(random.pareto(2.0, rows) + 0.5, 20)
    count = np.maximum(1, (length * (nonzeros / length.sum())).astype(np.int64))
    row = np.repeat(np.arange(rows), count)
    common = np.floor(cols * random.random(len(row)) ** 3).astype(np.int64)
    special = (topic[row] * (cols // topics)
               + np.floor(cols // topics * random.random(len(row)) ** 2)).astype(np.int64)
    col = np.where(random.random(len(row)) < 0.5, common, special)
    place = np.unique(row * cols + col)
    row, col = np.divmod(place, cols)
    values = random.random(len(place)).astype(dtype) + np.array(0.5, dtype)
    offsets = np.zeros(rows + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=rows), out=offsets[1:])
    return values, col.astype(np.int32), offsets


def grid(side, dtype):
    """The 5-point Laplacian of a square grid: the arrays of its compressed rows."""
    node = np.arange(side * side).reshape(side, side)
    row, col = [node.ravel()], [node.ravel()]
    for a, b in ((node[1:], node[:-1]), (node[:, 1:], node[:, :-1])):
        row += [a.ravel(), b.ravel()]
        col += [b.ravel(), a.ravel()]
    row, col = np.concatenate(row), np.concatenate(col)
    order = np.lexsort((col, row))
    row, col = row[order], col[order]
    offsets = np.zeros(side * side + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=side * side), out=offsets[1:])
    return np.where(row == col, 4, -1).astype(dtype), col.astype(np.int32), offsets


def sparse_matrix(sparse, task, data):
    """SciPy's matrix over the arrays of compressed rows; an array as it is."""
    if not isinstance(data, tuple):
        return data
    return sparse.csr_matrix(data, (task["rows"], task["cols"]), copy=False)


# ---- PCA -----------------------------------------------------------------------------------------

class RitzPca:
    """Ritz, method auto."""

    def __init__(self, task, library):
        from ritz_ctypes import Ritz
        self.ritz, self.k, self.report = Ritz(library), task["k"], {}

    def run(self, data):
        found, self.report = self.ritz.pca_fit(data, self.k)
        return found


class TiledCovariance:
    """What a careful user writes by hand on SciPy.

    One pass over tiles that stay in the cache, shifted by the mean of the first tile so that a
    large mean costs no digits; syrk on each tile (half the flops of a full product), summed in
    float64; then only the wanted eigenvectors. No copy of the data, no temporary larger than a
    tile.
    """

    def __init__(self, task, _library):
        self.linalg, self.k, self.tile = need("scipy.linalg"), task["k"], task.get("tile", 4096)

    def run(self, data):
        rows, cols = data.shape
        tile = min(self.tile, rows)
        syrk = self.linalg.get_blas_funcs("syrk", dtype=data.dtype)
        gemv = self.linalg.get_blas_funcs("gemv", dtype=data.dtype)
        shift = data[:tile].mean(axis=0, dtype=np.float64).astype(data.dtype)
        block = np.empty((tile, cols), data.dtype)
        gram = np.zeros((cols, cols), data.dtype, order="F")
        ones = np.ones(tile, data.dtype)
        total, sums = np.zeros((cols, cols), order="F"), np.zeros(cols)
        for start in range(0, rows, tile):
            part = data[start:start + tile]
            centred = np.subtract(part, shift, out=block[:len(part)])
            gram = syrk(1, centred.T, lower=1, c=gram, overwrite_c=1)
            total += gram
            sums += gemv(1, centred.T, ones[:len(part)])
        total -= np.outer(sums, sums / rows)
        total /= rows - 1
        _, vectors = self.linalg.eigh(total, lower=True, overwrite_a=True, check_finite=False,
                                      subset_by_index=[cols - self.k, cols - 1])
        return vectors[:, ::-1].T


class SklearnPca:
    """scikit-learn with one of its solvers."""
    solver = None

    def __init__(self, task, _library):
        decomposition = need("sklearn.decomposition")
        version = need("sklearn").__version__
        if self.solver == "covariance_eigh" and tuple(map(int, version.split(".")[:2])) < (1, 5):
            raise Missing(f"scikit-learn {version} has no covariance_eigh (from 1.5 on)")
        self.make = lambda: decomposition.PCA(task["k"], svd_solver=self.solver, random_state=0)

    def run(self, data):
        return self.make().fit(data).components_


class SklearnRandomized(SklearnPca):
    """scikit-learn, randomized."""
    solver = "randomized"


class SklearnFull(SklearnPca):
    """scikit-learn, full."""
    solver = "full"


class SklearnCovariance(SklearnPca):
    """scikit-learn 1.5 or later, covariance_eigh."""
    solver = "covariance_eigh"


class TorchPca:
    """torch.pca_lowrank with its defaults."""

    def __init__(self, task, _library):
        self.torch, self.k = need("torch"), task["k"]

    def run(self, data):
        self.torch.manual_seed(0)
        return self.torch.pca_lowrank(self.torch.from_numpy(data), q=self.k)[2].T.numpy()


# ---- leading singular triplets: V is judged ------------------------------------------------------

class RitzTriplets:
    """Ritz, by the method and power iterations of the task."""

    def __init__(self, task, library):
        from ritz_ctypes import Ritz
        self.ritz, self.task, self.operator = Ritz(library), task, None

    def run(self, data):
        if self.operator is None and isinstance(data, tuple):
            shape = self.task["rows"], self.task["cols"]
            self.operator = self.ritz.lib.ritz_linop_sparse(self.ritz.sparse(shape, *data))
        elif self.operator is None:
            self.operator = self.ritz.lib.ritz_linop_dense(self.ritz.mat(data))
        return self.ritz.svd_randomized(self.operator, self.task["k"], self.task["q"],
                                        self.task["method"])[2]


class PeerTriplets:
    """A peer's matrix: the array, or SciPy's view of the arrays of a sparse one."""

    def __init__(self, task, _library):
        self.task, self.matrix = task, None
        self.sparse, self.linalg = need("scipy.sparse"), need("scipy.sparse.linalg")

    def run(self, data):
        if self.matrix is None:
            self.matrix = sparse_matrix(self.sparse, self.task, data)
        return self.triplets()[2].T


class ArpackTriplets(PeerTriplets):
    """scipy.sparse.linalg.svds, ARPACK with its default tolerance: to machine precision."""

    def triplets(self):
        """U, S, V^T"""
        return self.linalg.svds(self.matrix, self.task["k"], random_state=0)


class SklearnTriplets(PeerTriplets):
    """scikit-learn's randomized_svd with its defaults."""

    def __init__(self, task, library):
        super().__init__(task, library)
        self.extmath = need("sklearn.utils.extmath")

    def triplets(self):
        """U, S, V^T"""
        return self.extmath.randomized_svd(self.matrix, self.task["k"], random_state=0)


class TorchTriplets:
    """torch.svd_lowrank, of dense data, with its defaults."""

    def __init__(self, task, _library):
        self.torch, self.k = need("torch"), task["k"]
        if task["source"] == "sparse":
            raise Missing("of dense data only")

    def run(self, data):
        self.torch.manual_seed(0)
        return self.torch.svd_lowrank(self.torch.from_numpy(data), q=self.k)[2].numpy()


# ---- products with a sparse matrix ---------------------------------------------------------------

class RitzSparse:
    """Ritz."""

    def __init__(self, task, library):
        from ritz_ctypes import Ritz
        self.ritz, self.task, self.matrix = Ritz(library), task, None

    def run(self, data):
        shape = self.task["rows"], self.task["cols"]
        if self.matrix is None:
            self.matrix = self.ritz.sparse(shape, *data[:3])
        y = np.empty((shape[0], data[3].shape[1]), data[3].dtype)
        self.ritz.spmm(self.matrix, data[3], y)
        return y


class ScipySparse:
    """SciPy."""

    def __init__(self, task, _library):
        self.task, self.matrix, self.sparse = task, None, need("scipy.sparse")

    def run(self, data):
        if self.matrix is None:
            self.matrix = sparse_matrix(self.sparse, self.task, data[:3])
        return self.matrix @ data[3]


# ---- dense linear algebra ------------------------------------------------------------------------

class RitzDense:
    """Ritz."""

    def __init__(self, task, library):
        from ritz_ctypes import Ritz
        self.ritz, self.operation = Ritz(library), task["operation"]

    def run(self, data):
        if self.operation == "gemm":
            return self.ritz.gemm(data, data)
        return getattr(self.ritz, self.operation)(data)


class NumpyDense:
    """numpy.linalg."""

    def __init__(self, task, _library):
        self.operation = task["operation"]

    def run(self, data):
        if self.operation == "gemm":
            return data @ data
        if self.operation == "svd":
            return np.linalg.svd(data, full_matrices=False)
        return getattr(np.linalg, self.operation)(data)


class ScipyDense:
    """scipy.linalg, without its check of the input, which Ritz makes."""

    def __init__(self, task, _library):
        self.linalg, self.operation = need("scipy.linalg"), task["operation"]
        if self.operation == "gemm":
            raise Missing("SciPy multiplies as NumPy does")

    def run(self, data):
        if self.operation == "qr":
            return self.linalg.qr(data, mode="economic", check_finite=False)
        if self.operation == "svd":
            return self.linalg.svd(data, full_matrices=False, check_finite=False)
        return self.linalg.eigh(data, check_finite=False, driver="evd")


# ---- least squares and ridge regression: data is A, b and the solution of minimum norm -----------

class RitzLstsq:
    """Ritz, method auto."""

    def __init__(self, _task, library):
        from ritz_ctypes import Ritz
        self.ritz, self.report = Ritz(library), {}

    def run(self, data):
        found, self.report = self.ritz.lstsq(data[0], data[1])
        return found


class NumpyLstsq:
    """numpy.linalg.lstsq."""

    def __init__(self, _task, _library):
        pass

    def run(self, data):
        return np.linalg.lstsq(data[0], data[1], rcond=None)[0]


class ScipyLstsq:
    """scipy.linalg.lstsq with its default driver, gelsd."""
    driver = "gelsd"

    def __init__(self, _task, _library):
        self.linalg = need("scipy.linalg")

    def run(self, data):
        return self.linalg.lstsq(data[0], data[1], check_finite=False,
                                 lapack_driver=self.driver)[0]


class ScipyGelsy(ScipyLstsq):
    """scipy.linalg.lstsq, gelsy."""
    driver = "gelsy"


class SklearnLstsq:
    """scikit-learn's LinearRegression, without an intercept."""

    def __init__(self, _task, _library):
        self.linear = need("sklearn.linear_model")

    def run(self, data):
        return self.linear.LinearRegression(fit_intercept=False).fit(data[0], data[1]).coef_


class TorchGels:
    """torch.linalg.lstsq by QR, for full rank."""
    driver = "gels"

    def __init__(self, _task, _library):
        self.torch = need("torch")

    def run(self, data):
        a, b = (self.torch.from_numpy(array) for array in data[:2])
        return self.torch.linalg.lstsq(a, b[:, None], driver=self.driver).solution[:, 0].numpy()


class TorchGelsy(TorchGels):
    """torch.linalg.lstsq with its default driver on the CPU."""
    driver = "gelsy"


def penalties(task):
    """Penalties from 1e-6 to 1, for singular values that fall from 1."""
    return np.logspace(-6, 0, task["penalties"])


class RitzRidge:
    """Ritz: one factorization, all penalties."""

    def __init__(self, task, library):
        from ritz_ctypes import Ritz
        self.ritz, self.penalties = Ritz(library), penalties(task)

    def run(self, data):
        return self.penalties, self.ritz.ridge(data[0], data[1], self.penalties)


class SklearnRidge:
    """scikit-learn's Ridge, penalty by penalty."""

    def __init__(self, task, _library):
        self.linear, self.penalties = need("sklearn.linear_model"), penalties(task)

    def run(self, data):
        return self.penalties, np.array([
            self.linear.Ridge(alpha, fit_intercept=False).fit(data[0], data[1]).coef_
            for alpha in self.penalties])


class SklearnRidgeCV:
    """scikit-learn's RidgeCV: looks at all penalties, and returns the coefficients for the best."""

    def __init__(self, task, _library):
        self.linear, self.penalties = need("sklearn.linear_model"), penalties(task)

    def run(self, data):
        fit = self.linear.RidgeCV(self.penalties, fit_intercept=False).fit(data[0], data[1])
        return np.array([fit.alpha_]), fit.coef_[None]


CONTENDERS = {
    "ritz": {"pca": RitzPca, "dense": RitzDense, "lstsq": RitzLstsq, "ridge": RitzRidge,
             "triplets": RitzTriplets, "spmm": RitzSparse},
    "tiled": {"pca": TiledCovariance},
    "sklearn-randomized": {"pca": SklearnRandomized},
    "sklearn-full": {"pca": SklearnFull},
    "sklearn-covariance": {"pca": SklearnCovariance},
    "torch-lowrank": {"pca": TorchPca},
    "numpy": {"dense": NumpyDense, "lstsq": NumpyLstsq},
    "scipy": {"dense": ScipyDense, "lstsq": ScipyLstsq, "spmm": ScipySparse},
    "scipy-arpack": {"triplets": ArpackTriplets},
    "sklearn-triplets": {"triplets": SklearnTriplets},
    "torch-triplets": {"triplets": TorchTriplets},
    "scipy-gelsy": {"lstsq": ScipyGelsy},
    "sklearn": {"lstsq": SklearnLstsq, "ridge": SklearnRidge},
    "sklearn-cv": {"ridge": SklearnRidgeCV},
    "torch-gels": {"lstsq": TorchGels},
    "torch-gelsy": {"lstsq": TorchGelsy},
}


# ---- tasks ---------------------------------------------------------------------------------------

def load(task):
    """The data of a task, and what it is."""
    source, dtype = task["source"], task["dtype"]
    if source == "fashion":
        return fashion_mnist(dtype)
    rows, cols = task["rows"], task["cols"]
    if source == "least squares":
        data = least_squares(rows, cols, dtype, task["rank"], task["condition"])
        return data, f"{rows} x {cols}, rank {task['rank']}, condition {task['condition']:.0e}"
    if source == "sparse":
        data = documents(rows, cols, dtype, task["nonzeros"])
        return data, f"generated, {rows} x {cols}, {len(data[0])} nonzeros"
    if source == "grid":
        data = grid(task["side"], dtype)
        x = np.random.default_rng(7).standard_normal((cols, task["vectors"])).astype(dtype)
        return (*data, x), f"5-point grid, {rows} x {cols}, {task['vectors']} vectors"
    if source == "decaying":
        return decaying(rows, cols, dtype, task["power"]), f"generated, {rows} x {cols}"
    if source == "symmetric":
        return symmetric(rows, dtype), f"positive definite, {rows} x {rows}"
    return matrix(rows, cols, dtype), f"uniform, {rows} x {cols}"


def exact_components(data, k):
    """Leading components from the float64 covariance of centred float64 tiles."""
    rows, cols = data.shape
    tiles = [slice(start, start + 5000) for start in range(0, rows, 5000)]
    mean = sum(data[t].sum(axis=0, dtype=np.float64) for t in tiles) / rows
    covariance = np.zeros((cols, cols))
    for t in tiles:
        centred = data[t].astype(np.float64) - mean
        covariance += centred.T @ centred
    return np.linalg.eigh(covariance)[1][:, :-k - 1:-1].T


def packed(array):
    """A matrix in a form that another version of NumPy can read."""
    array = np.ascontiguousarray(array, np.float64)
    return array.shape, array.tobytes()


def unpacked(parts):
    """The matrix again."""
    return np.frombuffer(parts[1], np.float64).reshape(parts[0])


def subspace_sine(exact, found):
    """Sine of the largest angle between the row spaces of two matrices of the same shape."""
    q = np.linalg.qr(np.asarray(found, np.float64).T)[0]
    return float(np.linalg.norm(q - exact.T @ (exact @ q), 2))


def check_pca(exact, found):
    """The sine to the exact answer; whether that is acceptable is the reader's to judge."""
    if np.shape(found) != exact.shape or not np.all(np.isfinite(found)):
        return float("inf")
    return subspace_sine(exact, found)


def captured(task, data, vectors):
    """The part of the squared Frobenius norm that orthonormal columns capture, |A V|^2; infinite if
    they are not orthonormal."""
    v = np.asarray(vectors, np.float64)
    if v.shape != (task["cols"], task["k"]) or not np.all(np.isfinite(v)):
        return float("inf")
    if np.linalg.norm(v.T @ v - np.eye(task["k"])) > 1e3 * np.finfo(task["dtype"]).eps:
        return float("inf")
    matrix = sparse_matrix(need("scipy.sparse"), task, data)
    step = 5000
    return float(sum(np.sum(np.square((matrix[i:i + step].astype(np.float64)) @ v))
                     for i in range(0, task["rows"], step)))


def most_captured(task, data):
    """The most that k columns can capture: from the Gram matrix, or by ARPACK, in float64."""
    if isinstance(data, tuple):
        matrix = sparse_matrix(need("scipy.sparse"), task, data).astype(np.float64)
        values = need("scipy.sparse.linalg").svds(matrix, task["k"], return_singular_vectors=False,
                                                  random_state=0)
        return float(np.sum(np.square(values)))
    gram = np.zeros((task["cols"], task["cols"]))
    for start in range(0, task["rows"], 5000):
        tile = data[start:start + 5000].astype(np.float64)
        gram += tile.T @ tile
    last = task["cols"] - 1
    return float(np.sum(need("scipy.linalg").eigh(gram, eigvals_only=True, overwrite_a=True,
                                                  subset_by_index=[last - task["k"] + 1, last])))


def check_spmm(task, data, result):
    """The largest error of an element, in units of eps times the sum of moduli."""
    matrix = sparse_matrix(need("scipy.sparse"), task, data[:3]).astype(np.float64)
    x = data[3].astype(np.float64)
    scale = np.finfo(data[3].dtype).eps * (abs(matrix) @ abs(x))
    return float(np.max(abs(matrix @ x - result) / scale))


def check_dense(operation, data, result):
    """Relative residual, or loss of orthogonality if that is larger, in units of n eps."""
    a = np.asarray(data, np.float64)
    x = np.random.default_rng(4).choice([-1.0, 1.0], (a.shape[1], 2))
    parts = [np.asarray(part, np.float64) for part in
             (result if isinstance(result, (tuple, list)) else [result])]
    want, bases = a @ x, []
    if operation == "gemm":
        want, got = a @ want, parts[0] @ x
    elif operation == "qr":
        got, bases = parts[0] @ (parts[1] @ x), [parts[0]]
    elif operation == "svd":
        got = parts[0] @ (parts[1][:, None] * (parts[2] @ x))
        bases = [parts[0], parts[2].T]
    else:
        got, bases = parts[1] @ (parts[0][:, None] * (parts[1].T @ x)), [parts[1]]
    scale = np.finfo(data.dtype).eps * a.shape[1]
    norm = np.linalg.norm(a) * np.linalg.norm(x)
    if operation == "gemm":
        norm *= np.linalg.norm(a)
    errors = [np.linalg.norm(got - want) / norm]
    errors += [np.linalg.norm(q.T @ (q @ y) - y) / np.linalg.norm(y)
               for q in bases for y in [np.resize(x, (q.shape[1], 2))]]
    return float(max(errors) / scale) if np.all(np.isfinite(errors)) else float("inf")


def backward_error(a, b, x):
    """Normwise, relative: the estimate of Karlson and Walden (BIT 37, 1997)."""
    residual, norm = b - a @ x, np.linalg.norm(x)
    r = np.linalg.qr(a, mode="r")
    stack = np.linalg.qr(np.vstack([norm * r, np.linalg.norm(residual) * np.eye(len(x))]), mode="r")
    return np.linalg.norm(np.linalg.solve(stack.T, a.T @ residual)) / np.linalg.norm(r)


def check_lstsq(task, data, x):
    """In units of n eps: the backward error; of less than full rank, the distance to the solution
    of minimum norm instead, over the condition."""
    a, b, want = (np.asarray(part, np.float64) for part in data)
    x = np.asarray(x, np.float64)
    if x.shape != want.shape or not np.all(np.isfinite(x)):
        return float("inf")
    scale = np.finfo(data[0].dtype).eps * len(x)
    if task["rank"] < len(x):
        return float(np.linalg.norm(x - want) / np.linalg.norm(want) / task["condition"] / scale)
    return float(backward_error(a, b, x) / scale)


def check_ridge(data, result):
    """The gradient, relative, in units of n eps; the largest of all penalties."""
    a, b = (np.asarray(part, np.float64) for part in data[:2])
    alphas, x = result[0], np.asarray(result[1], np.float64).T
    if x.shape != (a.shape[1], len(alphas)) or not np.all(np.isfinite(x)):
        return float("inf")
    gradient = np.linalg.norm(a.T @ (b[:, None] - a @ x) - alphas * x, axis=0)
    norm = np.linalg.norm(a)
    size = norm * (norm * np.linalg.norm(x, axis=0) + np.linalg.norm(b))
    return float(np.max(gradient / size) / (np.finfo(data[0].dtype).eps * a.shape[1]))
