#!/usr/bin/env python3
"""Times PyTorch or CuPy on the cases of ritz-bench, by their names, on one device.

Each case is run until its time is up, five times at least, each run to the end of the device's
work; the median counts. Inputs are on the device already, as they are for ritz-bench. Products in
float32 have its accuracy, not TF32's. What a peer cannot do is left out.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import json
import pathlib
import statistics
import sys
import time

LEAST = 5    # runs


class Missing(Exception):
    """The peer cannot be timed here."""


def parse_case(name):
    """operation/type/MxNxK/bBATCH, as ritz-bench writes it."""
    operation, dtype, shape, batch = name.split("/")
    m, n, k = map(int, shape.split("x"))
    return {"name": name, "operation": operation, "k": k, "batch": int(batch[1:]),
            "dtype": {"f32": "float32", "f64": "float64"}[dtype], "m": m, "n": n}


def shapes(case):
    """Of the inputs."""
    m, n, k, operation = case["m"], case["n"], case["k"], case["operation"]
    if operation == "gemm":
        one = [(m, k), (k, n)]
    elif operation in ("cholesky", "lu", "eigh"):
        one = [(n, n)]
    else:
        one = [(m, n)]
    return [(case["batch"], *shape) if case["batch"] > 1 else shape for shape in one]


class Torch:
    """PyTorch."""

    def __init__(self, device):
        try:
            import torch
        except ImportError as error:
            raise Missing("PyTorch is not installed") from error
        if device == "cuda" and not torch.cuda.is_available():
            raise Missing(f"PyTorch {torch.__version__} finds no GPU")
        torch.backends.cuda.matmul.allow_tf32 = False
        self.torch, self.device = torch, device
        self.name = f"PyTorch {torch.__version__}"

    def inputs(self, case):
        """Random; positive definite for cholesky, symmetric for eigh."""
        dtype = getattr(self.torch, case["dtype"])
        given = [self.torch.rand(shape, dtype=dtype, device=self.device) - 0.5
                 for shape in shapes(case)]
        if case["operation"] in ("cholesky", "eigh"):
            given[0] = given[0] + given[0].mT
            eye = self.torch.eye(case["n"], dtype=dtype, device=self.device)
            given[0] += case["n"] * eye if case["operation"] == "cholesky" else 0
        return given

    def function(self, case):
        """What does the same as Ritz's operation, or None."""
        linalg, k = self.torch.linalg, case["k"]
        return {"gemm": self.torch.matmul, "cholesky": linalg.cholesky, "lu": linalg.lu_factor,
                "qr": linalg.qr, "svd": lambda A: linalg.svd(A, full_matrices=False),
                "eigh": linalg.eigh,
                "svd_randomized": lambda A: self.torch.svd_lowrank(A, q=k + 10),
                "pca_fit": lambda A: self.torch.pca_lowrank(A, q=k + 10),
                }.get(case["operation"])

    def wait(self):
        """For the device."""
        if self.device == "cuda":
            self.torch.cuda.synchronize()


class Cupy:
    """CuPy."""

    def __init__(self, device):
        if device != "cuda":
            raise Missing("CuPy needs a GPU")
        try:
            import cupy
            cupy.cuda.runtime.getDeviceCount()
        except ImportError as error:
            raise Missing("CuPy is not installed") from error
        except Exception as error:    # the errors of CUDA have no common class of Python's
            raise Missing(f"CuPy finds no GPU: {error}") from error
        self.cupy = cupy
        self.name = f"CuPy {cupy.__version__}"

    def inputs(self, case):
        """As PyTorch's."""
        given = [(self.cupy.random.rand(*shape) - 0.5).astype(case["dtype"])
                 for shape in shapes(case)]
        if case["operation"] in ("cholesky", "eigh"):
            given[0] = given[0] + given[0].swapaxes(-1, -2)
            if case["operation"] == "cholesky":
                given[0] += case["n"] * self.cupy.eye(case["n"], dtype=case["dtype"])
        return given

    def function(self, case):
        """As PyTorch's."""
        linalg = self.cupy.linalg
        return {"gemm": self.cupy.matmul, "cholesky": linalg.cholesky, "qr": linalg.qr,
                "svd": lambda A: linalg.svd(A, full_matrices=False), "eigh": linalg.eigh,
                }.get(case["operation"])

    def wait(self):
        """For the device."""
        self.cupy.cuda.Device().synchronize()


def median_time(peer, case, seconds):
    """Seconds of a run, after one that is not counted."""
    function, given, times = peer.function(case), peer.inputs(case), []
    function(*given)
    peer.wait()
    end = time.perf_counter() + seconds
    while len(times) < LEAST or time.perf_counter() < end:
        start = time.perf_counter()
        function(*given)
        peer.wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def time_all(peer, names, seconds):
    """One dictionary for each case that the peer can do; an error is a text."""
    for case in map(parse_case, names):
        if not peer.function(case):
            continue
        try:
            yield {"name": case["name"], "seconds": median_time(peer, case, seconds)}
        except Exception as error:    # of the peer: it is reported, and the others go on
            yield {"name": case["name"], "seconds": f"failed: {error}"}


def write(path, result):
    """The JSON file, at once as a whole."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def main():
    """Writes the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("peer", choices=["torch", "cupy"])
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda")
    parser.add_argument("--seconds", type=float, default=1, help="for a case (%(default)s)")
    parser.add_argument("--json", type=pathlib.Path, required=True)
    options = parser.parse_intermixed_args()
    try:
        peer = (Torch if options.peer == "torch" else Cupy)(options.device)
        result = {"name": peer.name, "cases": []}
        for case in time_all(peer, options.cases, options.seconds):
            result["cases"].append(case)
            write(options.json, result)    # each time: there may be no time for the next
    except Missing as missing:
        result = {"missing": str(missing)}
    write(options.json, result)
    print(result.get("missing") or f"{result['name']}: {len(result['cases'])} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
