"""Just enough of Ritz's C interface for the benchmarks, through ctypes.

The structs repeat include/ritz field by field; tests/command/test_bench_format.py compares their
sizes and offsets with those of the C compiler. NumPy arrays are borrowed, never copied.

Load libritz.so (ctypes.CDLL) before NumPy is imported; run_peers.py says why.

SPDX-License-Identifier: Apache-2.0
"""

import ctypes
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint32, \
    c_uint64, c_void_p

import numpy as np

DTYPES = {"float32": 1, "float64": 2, "float16": 3, "int8": 5, "uint8": 6, "int32": 7, "int64": 8}
COL_MAJOR, ROW_MAJOR = 0, 1
METHODS = {"auto": 0, "covariance": 1, "randomized": 2, "exact": 3, "dual": 4, "incremental": 5}
RANGES = {"auto": 0, "subspace": 1, "krylov": 2}


class Mat(ctypes.Structure):
    """ritz_dmat and ritz_hmat, which have the same layout; `device` has another meaning there."""
    _fields_ = [("data", c_void_p), ("device", c_void_p), ("rows", c_int64), ("cols", c_int64),
                ("ld", c_int64), ("batch", c_int64), ("batch_stride", c_int64), ("dtype", c_int),
                ("layout", c_int), ("flags", c_uint32), ("reserved", c_uint32)]


class Rows(ctypes.Structure):
    """ritz_rows"""
    _fields_ = [("kind", c_int), ("dtype", c_int), ("device", Mat), ("host", Mat),
                ("path", c_char_p), ("paths", c_void_p), ("count", c_int64), ("rows", c_int64),
                ("cols", c_int64), ("function", c_void_p), ("context", c_void_p), ("once", c_int),
                ("sparse", c_void_p)]


class Linop(ctypes.Structure):
    """ritz_linop"""
    _fields_ = [("kind", c_int), ("dtype", c_int), ("rows", c_int64), ("cols", c_int64),
                ("A", Mat), ("mean", Mat), ("function", c_void_p), ("context", c_void_p),
                ("sparse", c_void_p)]


class DeviceInfo(ctypes.Structure):
    """ritz_device_info"""
    _fields_ = [("size", c_size_t), ("kind", c_int), ("index", c_int), ("name", c_char * 128),
                ("library", c_char * 192), ("threads", c_int), ("memory_bytes", c_int64)]


class PcaOptions(ctypes.Structure):
    """ritz_pca_options"""
    _fields_ = [("size", c_size_t), ("components", c_int64), ("variance", c_double),
                ("method", c_int), ("dtype", c_int), ("population", c_int),
                ("oversampling", c_int64), ("power_iterations", c_int), ("seed", c_uint64),
                ("block_rows", c_int64), ("progress", c_void_p), ("progress_context", c_void_p),
                ("tolerance", c_double), ("memory", c_int64), ("checkpoint", c_char_p),
                ("checkpoint_seconds", c_double)]


class PcaReport(ctypes.Structure):
    """ritz_pca_report"""
    _fields_ = [("size", c_size_t), ("method", c_int), ("method_name", c_char_p),
                ("reason", c_char * 256), ("warning", c_char * 512), ("rows", c_int64),
                ("cols", c_int64), ("components", c_int64), ("rank", c_int64), ("passes", c_int),
                ("fallbacks", c_int), ("error_kind", c_int), ("error", c_double),
                ("resolution", c_double), ("value_accuracy", c_double), ("gap", c_double),
                ("total_variance", c_double), ("explained", c_double),
                ("noise_variance", c_double), ("seconds", c_double), ("resumed", c_int64),
                ("checkpoints", c_int)]


class SketchOptions(ctypes.Structure):
    """ritz_sketch_options"""
    _fields_ = [("size", c_size_t), ("oversampling", c_int64), ("power_iterations", c_int),
                ("no_error_figure", c_int), ("seed", c_uint64), ("tolerance", c_double),
                ("block", c_int64), ("method", c_int), ("normalisation", c_int)]


class EighOptions(ctypes.Structure):
    """ritz_eigh_options"""
    _fields_ = [("size", c_size_t), ("upper", c_int), ("order", c_int), ("first", c_int64)]


class LstsqOptions(ctypes.Structure):
    """ritz_lstsq_options"""
    _fields_ = [("size", c_size_t), ("method", c_int), ("lambda_", c_double), ("weights", Mat),
                ("intercept", Mat), ("rank", Mat), ("residual_norms", Mat), ("rtol", c_double),
                ("digits", c_int), ("mixed", c_int), ("max_refinement", c_int),
                ("max_iterations", c_int), ("tolerance", c_double), ("seed", c_uint64),
                ("block_rows", c_int64), ("progress", c_void_p), ("progress_context", c_void_p)]


class LstsqReport(ctypes.Structure):
    """ritz_lstsq_report"""
    _fields_ = [("size", c_size_t), ("method", c_int), ("method_name", c_char_p),
                ("reason_code", c_int), ("reason", c_char * 256), ("warning", c_char * 512),
                ("rows", c_int64), ("cols", c_int64), ("targets", c_int64), ("rank", c_int64),
                ("condition", c_double), ("residual_norm", c_double), ("rhs_norm", c_double),
                ("solution_norm", c_double), ("optimality", c_double),
                ("backward_error", c_double), ("dof", c_double), ("passes", c_int),
                ("refinements", c_int), ("iterations", c_int), ("fallbacks", c_int),
                ("seconds", c_double)]


class RidgeOptions(ctypes.Structure):
    """ritz_ridge_options"""
    _fields_ = [("size", c_size_t), ("intercept", c_int), ("weights", Mat), ("rtol", c_double)]


# C name of each struct, for the test that compares them.
STRUCTS = {"ritz_dmat": Mat, "ritz_hmat": Mat, "ritz_rows": Rows, "ritz_linop": Linop,
           "ritz_sketch_options": SketchOptions, "ritz_device_info": DeviceInfo,
           "ritz_pca_options": PcaOptions, "ritz_pca_report": PcaReport,
           "ritz_eigh_options": EighOptions, "ritz_lstsq_options": LstsqOptions,
           "ritz_lstsq_report": LstsqReport, "ritz_ridge_options": RidgeOptions}
# Where a field has another name in C.
RENAMED = {("ritz_hmat", "device"): "pinned_by", ("ritz_lstsq_options", "lambda_"): "lambda"}

SIGNATURES = {
    "ritz_last_error": (c_char_p, []),
    "ritz_device_open": (c_int, [c_char_p, POINTER(c_void_p)]),
    "ritz_device_close": (c_int, [POINTER(c_void_p)]),
    "ritz_device_describe": (c_int, [c_void_p, POINTER(DeviceInfo)]),
    "ritz_stream_create_inline": (c_int, [c_void_p, POINTER(c_void_p)]),
    "ritz_stream_destroy": (c_int, [POINTER(c_void_p)]),
    "ritz_stream_sync": (c_int, [c_void_p]),
    "ritz_hmat_wrap_const": (Mat, [c_void_p, c_int, c_int64, c_int64, c_int]),
    "ritz_dmat_wrap": (Mat, [c_void_p, c_void_p, c_int, c_int64, c_int64, c_int]),
    "ritz_dmat_wrap_const": (Mat, [c_void_p, c_void_p, c_int, c_int64, c_int64, c_int]),
    "ritz_rows_hmat": (Rows, [Mat]),
    "ritz_pca_fit": (c_int, [c_void_p, Rows, POINTER(PcaOptions), POINTER(c_void_p),
                             POINTER(PcaReport)]),
    "ritz_pca_destroy": (c_int, [c_void_p, POINTER(c_void_p)]),
    "ritz_pca_components": (Mat, [c_void_p]),
    "ritz_spmat_create_csr": (c_int, [c_void_p, c_int64, c_int64, Mat, Mat, Mat, c_void_p,
                                      POINTER(c_void_p)]),
    "ritz_spmat_destroy": (c_int, [c_void_p, POINTER(c_void_p)]),
    "ritz_spmm": (c_int, [c_void_p, c_int, c_double, c_void_p, Mat, c_double, Mat]),
    "ritz_linop_dense": (Linop, [Mat]),
    "ritz_linop_sparse": (Linop, [c_void_p]),
    "ritz_svd_randomized": (c_int, [c_void_p, POINTER(Linop), Mat, Mat, Mat,
                                    POINTER(SketchOptions), c_void_p]),
    "ritz_gemm": (c_int, [c_void_p, c_double, Mat, Mat, c_double, Mat]),
    "ritz_qr": (c_int, [c_void_p, Mat, Mat, Mat, c_void_p, c_void_p]),
    "ritz_svd": (c_int, [c_void_p, Mat, Mat, Mat, Mat, Mat]),
    "ritz_eigh": (c_int, [c_void_p, Mat, Mat, Mat, POINTER(EighOptions), Mat]),
    "ritz_lstsq": (c_int, [c_void_p, Mat, Mat, Mat, POINTER(LstsqOptions), POINTER(LstsqReport)]),
    "ritz_ridge_fit": (c_int, [c_void_p, Mat, Mat, POINTER(RidgeOptions), POINTER(c_void_p)]),
    "ritz_ridge_destroy": (c_int, [c_void_p, POINTER(c_void_p)]),
    "ritz_ridge_solve": (c_int, [c_void_p, c_void_p, Mat, Mat, Mat]),
}


class RitzError(OSError):
    """A call failed; the message is Ritz's."""


def layout_of(array):
    """The layout of a contiguous matrix or vector."""
    if array.dtype.name not in DTYPES:
        raise RitzError(f"{array.dtype} is not a type of Ritz matrices")
    if array.ndim > 2 or not (array.flags.c_contiguous or array.flags.f_contiguous):
        raise RitzError("only contiguous matrices and vectors can be borrowed")
    return ROW_MAJOR if array.ndim == 2 and array.flags.c_contiguous else COL_MAJOR


def shape_of(array):
    """Rows and columns; a vector is a column."""
    return array.shape if array.ndim == 2 else (array.shape[0], 1)


class Ritz:
    """The library with one device and one inline stream."""

    def __init__(self, library, device="cpu"):
        self.lib = ctypes.CDLL(str(library))
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(self.lib, name)
            function.restype, function.argtypes = result, arguments
        self.device, self.stream = c_void_p(), c_void_p()
        self.check(self.lib.ritz_device_open(device.encode(), byref(self.device)))
        self.check(self.lib.ritz_stream_create_inline(self.device, byref(self.stream)))

    def close(self):
        """Give back stream and device."""
        self.check(self.lib.ritz_stream_destroy(byref(self.stream)))
        self.check(self.lib.ritz_device_close(byref(self.device)))

    def check(self, status):
        """Raise if a call failed."""
        if status:
            raise RitzError(self.lib.ritz_last_error().decode())

    def describe(self):
        """Library and threads of the device."""
        info = DeviceInfo(size=ctypes.sizeof(DeviceInfo))
        self.check(self.lib.ritz_device_describe(self.device, byref(info)))
        return {"library": info.library.decode(), "threads": info.threads}

    def mat(self, array):
        """A matrix of the CPU device over the memory of an array."""
        rows, cols = shape_of(array)
        wrap = self.lib.ritz_dmat_wrap if array.flags.writeable else self.lib.ritz_dmat_wrap_const
        return wrap(self.device, array.ctypes.data, DTYPES[array.dtype.name], rows, cols,
                    layout_of(array))

    def sync(self):
        """Wait, and raise what went wrong on the way."""
        self.check(self.lib.ritz_stream_sync(self.stream))

    def array(self, mat):
        """A copy of a matrix of the CPU device."""
        element = {1: np.float32, 2: np.float64}[mat.dtype]
        row_major = mat.layout == ROW_MAJOR
        outer, inner = (mat.rows, mat.cols) if row_major else (mat.cols, mat.rows)
        size = ((outer - 1) * mat.ld + inner) * np.dtype(element).itemsize
        memory = (c_char * size).from_address(mat.data)
        strides = (mat.ld * np.dtype(element).itemsize, np.dtype(element).itemsize)
        view = np.ndarray((outer, inner), element, memory, strides=strides)
        return (view if row_major else view.T).copy()

    def pca_fit(self, data, components, method="auto"):
        """Components (k x n) and report of a fit to the rows of an array."""
        options = PcaOptions(size=ctypes.sizeof(PcaOptions), components=components,
                             method=METHODS[method])
        report = PcaReport(size=ctypes.sizeof(PcaReport))
        pca = c_void_p()
        self.check(self.lib.ritz_pca_fit(self.stream, self.lib.ritz_rows_hmat(self.host(data)),
                                         byref(options), byref(pca), byref(report)))
        try:
            found = self.array(self.lib.ritz_pca_components(pca))
        finally:
            self.check(self.lib.ritz_pca_destroy(self.stream, byref(pca)))
        return found, {"method": report.method_name.decode(), "reason": report.reason.decode(),
                       "warning": report.warning.decode()}

    def host(self, array):
        """A host matrix over the memory of an array."""
        rows, cols = shape_of(array)
        return self.lib.ritz_hmat_wrap_const(array.ctypes.data, DTYPES[array.dtype.name], rows,
                                             cols, layout_of(array))

    def sparse(self, shape, values, indices, offsets):
        """A sparse matrix from compressed sparse rows, for as long as the process lives."""
        made = c_void_p()
        self.check(self.lib.ritz_spmat_create_csr(self.stream, *shape, self.host(offsets),
                                                  self.host(indices), self.host(values), None,
                                                  byref(made)))
        return made

    def spmm(self, sparse, x, y):
        """y = sparse @ x"""
        self.check(self.lib.ritz_spmm(self.stream, 0, 1, sparse, self.mat(x), 0, self.mat(y)))
        self.sync()

    def svd_randomized(self, operator, k, power_iterations, method):
        """U, S and V of an operator made by ritz_linop_dense or ritz_linop_sparse."""
        kind = {1: np.float32, 2: np.float64}[operator.dtype]
        u, s = np.empty((operator.rows, k), kind, order="F"), np.empty(k, kind)
        v = np.empty((operator.cols, k), kind, order="F")
        options = SketchOptions(size=ctypes.sizeof(SketchOptions), method=RANGES[method],
                                power_iterations=power_iterations)
        self.check(self.lib.ritz_svd_randomized(self.stream, byref(operator), self.mat(u),
                                                self.mat(s), self.mat(v), byref(options), None))
        self.sync()
        return u, s, v

    def gemm(self, a, b):
        """a @ b"""
        c = np.empty((a.shape[0], b.shape[1]), a.dtype)
        self.check(self.lib.ritz_gemm(self.stream, 1, self.mat(a), self.mat(b), 0, self.mat(c)))
        self.sync()
        return c

    def qr(self, a):
        """Thin Q and R."""
        k = min(a.shape)
        q = np.empty((a.shape[0], k), a.dtype, order="F")
        r = np.empty((k, a.shape[1]), a.dtype, order="F")
        self.check(self.lib.ritz_qr(self.stream, self.mat(a), self.mat(q), self.mat(r), None, None))
        self.sync()
        return q, r

    def svd(self, a):
        """Thin U, S and Vᵀ."""
        k = min(a.shape)
        u, s = np.empty((a.shape[0], k), a.dtype, order="F"), np.empty(k, a.dtype)
        vt = np.empty((k, a.shape[1]), a.dtype, order="F")
        self.check(self.lib.ritz_svd(self.stream, self.mat(a), self.mat(u), self.mat(s),
                                     self.mat(vt.T), Mat()))
        self.sync()
        return u, s, vt

    def eigh(self, a, k=None):
        """The k largest eigenvalues (all by default), descending, and their vectors."""
        k = k or a.shape[0]
        w, v = np.empty(k, a.dtype), np.empty((a.shape[0], k), a.dtype, order="F")
        self.check(self.lib.ritz_eigh(self.stream, self.mat(a), self.mat(w), self.mat(v), None,
                                      Mat()))
        self.sync()
        return w, v

    def lstsq(self, a, b):
        """The solution of min |a x - b|, and the report."""
        x = np.empty(a.shape[1], a.dtype)
        report = LstsqReport(size=ctypes.sizeof(LstsqReport))
        self.check(self.lib.ritz_lstsq(self.stream, self.mat(a), self.mat(b), self.mat(x), None,
                                       byref(report)))
        self.sync()
        return x, {"method": report.method_name.decode(), "reason": report.reason.decode(),
                   "warning": report.warning.decode()}

    def ridge(self, a, b, penalties):
        """A row of coefficients for each penalty (float64)."""
        x = np.empty((len(penalties), a.shape[1]), a.dtype)
        items = self.mat(x.T)
        items.batch, items.batch_stride, items.cols = items.cols, items.ld, 1
        ridge = c_void_p()
        self.check(self.lib.ritz_ridge_fit(self.stream, self.mat(a), self.mat(b), None,
                                           byref(ridge)))
        try:
            self.check(self.lib.ritz_ridge_solve(self.stream, ridge, self.mat(penalties), items,
                                                 Mat()))
            self.sync()
        finally:
            self.check(self.lib.ritz_ridge_destroy(self.stream, byref(ridge)))
        return x
