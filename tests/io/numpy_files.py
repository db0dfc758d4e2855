"""Files made by NumPy for the tests of the file formats, and a check of files that Ritz wrote.

    numpy_files.py make DIRECTORY    writes files, a manifest, and what each file must be read as
    numpy_files.py check DIRECTORY   compares every saved_*.npy with the saved_*.raw beside it

Exit status 77: NumPy is not installed.

SPDX-License-Identifier: Apache-2.0
"""

import gzip
import io
import os
import struct
import sys

try:
    import numpy as np
except ImportError:
    sys.exit(77)

# What a matrix of each file type is held as.
HELD = {
    "int16": "float32", "uint16": "float32", "bool": "float32",
    "uint32": "float64", "uint64": "float64",
}

rng = np.random.default_rng(7)


def values(dtype, shape):
    """Random elements, with the extremes of the type at the front."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape))
    if dtype.kind == "f":
        x = rng.standard_normal(count).astype(dtype)
        info = np.finfo(dtype)
        special = np.array([np.inf, -np.inf, np.nan, info.max, info.tiny, -info.tiny / 4, -0.0],
                           dtype=dtype)
    elif dtype.kind == "b":
        x = rng.integers(0, 2, count).astype(dtype)
        special = np.array([], dtype=dtype)
    else:
        info = np.iinfo(dtype)
        x = rng.integers(info.min, info.max, count, dtype=dtype, endpoint=True)
        special = np.array([info.max, info.min, info.max - 1], dtype=dtype)
    k = min(count, len(special))
    x[:k] = special[:k]
    return x.reshape(shape)


class Writer:
    def __init__(self, directory):
        self.directory = directory
        self.manifest = []

    def put(self, name, data, compressed):
        if compressed:
            data = gzip.compress(data, 6)
        with open(os.path.join(self.directory, name), "wb") as f:
            f.write(data)

    def add(self, name, fmt, data, x, col_major=False, compressed=False, swapped=False):
        """x is what the file holds, in this machine's byte order."""
        matrix = x.reshape(x.shape[0], -1) if x.size else x.reshape(
            x.shape[0], int(np.prod(x.shape[1:])))
        held = HELD.get(x.dtype.name, x.dtype.name)
        self.put(name, data, compressed)
        with open(os.path.join(self.directory, name + ".held"), "wb") as f:
            f.write(np.ascontiguousarray(matrix.astype(held)).tobytes())
        with open(os.path.join(self.directory, name + ".float64"), "wb") as f:
            f.write(np.ascontiguousarray(matrix.astype("float64")).tobytes())
        self.manifest.append(
            f"{name} {fmt} {held} {x.dtype.name} {matrix.shape[0]} {matrix.shape[1]} "
            f"{int(col_major)} {int(compressed)} {int(swapped)} {x.ndim}")

    def npy(self, name, x, order="C", version=(1, 0), compressed=False, swapped=False):
        stored = np.asarray(x, order=order)
        if swapped:
            stored = stored.astype(stored.dtype.newbyteorder(">"), order="K")
        f = io.BytesIO()
        np.lib.format.write_array(f, stored, version=version)
        col_major = not stored.flags.c_contiguous  # what NumPy writes as Fortran order
        self.add(name, "npy", f.getvalue(), x, col_major, compressed, swapped)

    def idx(self, name, code, x, compressed=False):
        data = struct.pack(">BBBB", 0, 0, code, x.ndim)
        data += b"".join(struct.pack(">I", n) for n in x.shape)
        data += np.ascontiguousarray(x).astype(x.dtype.newbyteorder(">")).tobytes()
        self.add(name, "idx", data, x, compressed=compressed, swapped=x.dtype.itemsize > 1)

    def csv(self, name, x, compressed=False, **options):
        f = io.StringIO()
        np.savetxt(f, x, **options)
        self.add(name, "csv", f.getvalue().encode(), x, compressed=compressed)

    def finish(self):
        with open(os.path.join(self.directory, "manifest.txt"), "w") as f:
            f.write("\n".join(self.manifest) + "\n")


def make_npy(w):
    types = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
    for t in types:
        name = np.dtype(t).name
        x = values(t, (9, 5))
        for order in "CF":
            w.npy(f"{name}_{order}.npy", x, order)
            w.npy(f"{name}_{order}.npy.gz", x, order, compressed=True)
            if np.dtype(t).itemsize > 1:
                w.npy(f"{name}_{order}_swapped.npy", x, order, swapped=True)
        w.npy(f"{name}_swapped.npy.gz", x, swapped=np.dtype(t).itemsize > 1, compressed=True)
    for version in [(1, 0), (2, 0), (3, 0)]:
        w.npy(f"version_{version[0]}.npy", values("f4", (4, 3)), version=version)
    for shape in [(6,), (1,), (1, 4), (4, 1), (0,), (0, 3), (3, 0), (3, 4, 2), (2, 2, 2, 3),
                  (2, 0, 3)]:
        tag = "x".join(map(str, shape))
        w.npy(f"shape_{tag}.npy", values("f8", shape))
        w.npy(f"shape_{tag}.npy.gz", values("f8", shape), compressed=True)
        if len(shape) == 2:
            w.npy(f"shape_{tag}_F.npy", values("f8", shape), "F")
    # Larger than the buffers of the reader, in each of its ways to read.
    w.npy("tall_C.npy", values("f4", (3001, 97)))
    w.npy("tall_F.npy", values("f4", (40001, 9)), "F")
    w.npy("tall_F.npy.gz", values("i2", (3001, 211)), "F", compressed=True)
    w.npy("tall_C_int16.npy.gz", values("i2", (3001, 211)), compressed=True)
    w.npy("wide_C.npy", values("f8", (3, 150001)))
    w.npy("wide_C_swapped.npy", values("f4", (3, 300001)), swapped=True)
    w.npy("wide_F.npy", values("u1", (3, 150001)), "F")


def make_idx(w):
    codes = {0x08: "u1", 0x09: "i1", 0x0B: "i2", 0x0C: "i4", 0x0D: "f4", 0x0E: "f8"}
    for code, t in codes.items():
        x = values(t, (5, 3, 2))
        w.idx(f"{x.dtype.name}.idx", code, x)
        w.idx(f"{x.dtype.name}.idx.gz", code, x, compressed=True)
    w.idx("labels.idx", 0x08, values("u1", (11,)))
    w.idx("none.idx", 0x08, values("u1", (0, 28, 28)))


def make_csv(w):
    x = values("f8", (13, 4))
    for name, delimiter in [("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("space", " ")]:
        w.csv(f"{name}.csv", x, fmt="%.17g", delimiter=delimiter)
        w.csv(f"{name}.csv.gz", x, fmt="%.17g", delimiter=delimiter, compressed=True)
    w.csv("one_column.csv", x[:, :1], fmt="%.17g")
    w.csv("commented.csv", x, fmt="%.17g", delimiter=",", header="a,b,c,d")
    w.csv("named.csv", x, fmt="%.17g", delimiter=",", header="a,b,c,d", comments="")
    w.csv("crlf.csv", x, fmt="%.17g", delimiter=",", newline="\r\n")
    exponents = rng.integers(-1060, 1000, (50, 6))
    w.csv("exponents.csv", np.ldexp(rng.standard_normal((50, 6)), exponents), fmt="%.16e",
          delimiter=",")
    w.csv("shortest.csv", np.round(rng.standard_normal((40, 8)), 3), fmt="%s", delimiter=",")
    w.csv("long.csv", rng.standard_normal((9001, 7)), fmt="%.17g", delimiter=",")
    w.csv("wide.csv", rng.standard_normal((3, 40001)), fmt="%.17g", delimiter=" ")


def make(directory):
    w = Writer(directory)
    make_npy(w)
    make_idx(w)
    make_csv(w)
    w.finish()


def check(directory):
    names = sorted(n for n in os.listdir(directory)
                   if n.startswith("saved_") and n.endswith(".npy"))
    if not names:
        sys.exit("there is nothing to check")
    for name in names:
        # saved_<dtype>_<rows>_<cols>_<order>.npy
        _, dtype, rows, cols, order = name[:-4].split("_")[:5]
        x = np.load(os.path.join(directory, name))
        with open(os.path.join(directory, name[:-4] + ".raw"), "rb") as f:
            expected = f.read()
        assert x.dtype == np.dtype(dtype), (name, x.dtype)
        assert x.shape == (int(rows), int(cols)), (name, x.shape)
        assert x.flags.c_contiguous if order == "C" else x.flags.f_contiguous, name
        assert np.ascontiguousarray(x).tobytes() == expected, name


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](sys.argv[2])
