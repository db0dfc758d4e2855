"""The benchmarks: that their output keeps its form, and their view of Ritz's structs is right.

No time is asserted, except that there is one.
"""

import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from support import BINARY, FAILED, OK, SOURCE, USAGE, CommandTest, main

BENCH = pathlib.Path(BINARY).resolve().parent / "ritz-bench"
LIBRARY = pathlib.Path(BINARY).resolve().parent.parent / "lib" / "libritz.so"
SANITIZED = "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ

sys.path.insert(0, str(SOURCE / "bench"))
import ritz_ctypes  # noqa: E402  pylint: disable=wrong-import-position

STATS = {"samples", "median", "q1", "q3", "spread"}


class BenchTest(CommandTest):
    def run_bench(self, *arguments):
        return subprocess.run([BENCH, *arguments], cwd=self.directory, timeout=120, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)

    def check_stats(self, stats):
        self.assertEqual(set(stats), STATS)
        self.assertGreater(stats["samples"], 0)
        self.assertLessEqual(stats["q1"], stats["median"])
        self.assertLessEqual(stats["median"], stats["q3"])

    def check_side(self, side, rate):
        self.check_stats(side["seconds"])
        self.assertGreater(side["seconds"]["median"], 0)
        self.assertGreater(side[rate], 0)
        self.assertGreater(side["fraction_of_peak"], 0)
        self.assertLessEqual(side["error"], 1)


@unittest.skipUnless(BENCH.exists(), "ritz-bench is not built here")
class RitzBench(BenchTest):
    def bench(self, *arguments):
        done = self.run_bench("--quick", "--seconds=0.05", "--json=out.json", *arguments)
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        with open(self.directory / "out.json", encoding="utf-8") as file:
            return json.load(file), done.stdout

    def test_json(self):
        report, table = self.bench("gemm/f64/33x17x29/b1", "random_fill/f32")
        self.assertEqual(set(report), {"format", "ritz", "device", "threads", "stream", "quick",
                                       "load", "machine", "cases", "lstsq", "overheads", "failed"})
        self.assertEqual((report["format"], report["quick"], report["stream"], report["failed"]),
                         (2, True, "inline", 0))
        self.assertEqual(report["lstsq"], [])
        self.assertEqual(set(report["device"]), {"kind", "name", "library", "memory_bytes"})
        self.assertEqual(set(report["machine"]["gemm_flops"]), {"float32", "float64"})
        self.assertGreater(report["machine"]["triad_bytes_per_second"], 0)
        gemm, random = report["cases"]
        self.assertEqual(set(gemm), {"name", "operation", "dtype", "shape", "batch", "ok",
                                     "message", "ritz", "peer", "ratio", "others"})
        self.assertEqual((gemm["operation"], gemm["dtype"], gemm["shape"], gemm["batch"]),
                         ("gemm", "float64", {"m": 33, "n": 17, "k": 29}, 1))
        self.assertTrue(gemm["ok"])
        self.check_side(gemm["ritz"], "flops")
        self.check_side(gemm["peer"], "flops")
        self.check_stats(gemm["ratio"])
        self.assertEqual(gemm["peer"]["name"], "cblas_?gemm")
        self.check_side(random["ritz"], "bytes_per_second")
        self.assertEqual((random["peer"], random["ratio"]), (None, None))
        for name in (gemm["name"], random["name"]):
            self.assertIn(name, table)

    def test_further_peers(self):
        report, table = self.bench("cholesky/f64/0x8x1/b100", "gemm/f32/64x64x64/b10")
        names = [other["name"] for case in report["cases"] for other in case["others"]]
        self.assertLessEqual(set(names), {"Eigen", "libxsmm"})
        for case in report["cases"]:
            for other in case["others"]:
                self.assertEqual(set(other), {"name", "peer", "ratio"})
                self.check_side(other["peer"], "flops")
                self.check_stats(other["ratio"])
        for case in report["cases"]:
            fastest = min(case["others"], key=lambda o: o["ratio"]["median"], default=None)
            line = next(line for line in table.splitlines() if line.startswith(case["name"]))
            self.assertIn(fastest["name"] if fastest else "", line)

    def test_lstsq(self):
        report, table = self.bench("--lstsq", "--threads=1")
        self.assertEqual((report["cases"], report["overheads"]), ([], []))
        kinds = {case["name"].split("/")[0] for case in report["lstsq"]}
        self.assertEqual(kinds, {"lstsq", "ridge"})
        for case in report["lstsq"]:
            self.assertEqual(set(case), {"name", "dtype", "m", "n", "rank", "condition",
                                         "penalties", "ok", "message", "reference", "contenders"})
            self.assertTrue(case["ok"], case["message"])
            self.assertIn(case["name"], table)
            self.check_contenders(case)

    def check_contenders(self, case):
        eps = {"float32": 2.0 ** -23, "float64": 2.0 ** -52}[case["dtype"]]
        for entry in case["contenders"]:
            self.assertEqual(set(entry), {"name", "ritz", "note", "seconds", "ratio",
                                          "backward_error", "forward_error"})
            if entry["ritz"] or entry["name"] == case["reference"]:
                self.check_stats(entry["seconds"])
                self.check_stats(entry["ratio"])
                self.assertLessEqual(entry["backward_error"], case["n"] * eps)
            if entry["ritz"] and case["rank"] < case["n"]:
                self.assertLess(entry["forward_error"], 1e-11)
            if entry["name"] == case["reference"]:
                self.assertEqual(entry["ratio"]["median"], 1)

    def test_rate_is_work_over_time(self):
        report, _ = self.bench("gemm/f32/33x17x29/b1")
        side = report["cases"][0]["ritz"]
        work = side["flops"] * side["seconds"]["median"]
        self.assertAlmostEqual(work, 2 * 33 * 17 * 29, places=2)

    def test_overheads(self):
        report, _ = self.bench("overhead/inline", "overhead/enqueue")
        self.assertEqual(report["cases"], [])
        names = [overhead["name"] for overhead in report["overheads"]]
        self.assertIn("overhead/inline_gemm_4x4/f64", names)
        self.assertIn("overhead/enqueue", names)
        for overhead in report["overheads"]:
            self.assertEqual(set(overhead), {"name", "what", "seconds", "goal_seconds"})
            self.check_stats(overhead["seconds"])

    def test_first_opening(self):
        report, _ = self.bench("overhead/first_open")
        cpu, cuda = report["overheads"]
        self.assertEqual(cpu["name"], "overhead/first_open/cpu")
        self.assertIn(cuda["name"], {"overhead/first_open/cuda", "overhead/first_open/no_cuda"})
        for overhead in (cpu, cuda):
            self.check_stats(overhead["seconds"])
            self.assertGreater(overhead["seconds"]["median"], 0)

    def test_json_to_standard_output(self):
        done = self.run_bench("--quick", "--seconds=0.05", "--json=-", "gemm/f64/33x17x29/b1")
        self.assertEqual(done.returncode, OK)
        self.assertEqual(len(json.loads(done.stdout)["cases"]), 1)

    def test_threads_and_worker(self):
        report, _ = self.bench("--threads=1", "--worker", "gemm/f64/33x17x29/b1")
        self.assertEqual((report["threads"], report["stream"]), (1, "worker"))

    def test_every_operation_gives_a_right_answer(self):
        report, _ = self.bench("--threads=1", "/f32/", "/f64/")
        operations = {case["operation"] for case in report["cases"]}
        self.assertEqual(operations, {"gemm", "syrk", "trsm", "trmm", "cholesky", "lu", "solve",
                                      "qr", "qr_sketch", "svd", "eigh", "svd_randomized",
                                      "pca_fit", "random_fill", "transpose"})

    def test_error_figures_hold(self):
        done = self.run_bench("--estimates", "--quick", "--threads=1")
        self.assertEqual((done.returncode, done.stderr), (OK, ""), done.stdout)
        rows = [line for line in done.stdout.splitlines() if " f32 " in line or " f64 " in line]
        names = {line[:24].strip() for line in rows}
        self.assertLessEqual({"SVD in a single pass", "interpolative, q = 2", "CUR, q = 2"}, names)
        self.assertEqual(len(rows), 10 * len(names))
        self.assertNotIn("DOES NOT HOLD", done.stdout)

    def test_list(self):
        names = self.run_bench("--list", "--lstsq", "rank").stdout.split()
        self.assertEqual(names, ["lstsq/f64/20000x200/rank150"])
        done = self.run_bench("--list", "gemm/f64")
        names = done.stdout.split()
        self.assertIn("gemm/f64/256x256x256/b1", names)
        self.assertTrue(all("gemm/f64" in name for name in names))

    def test_usage(self):
        for arguments in (["--threads=0"], ["--threads=x"], ["--seconds=-1"], ["--nonsense"],
                          ["--estimates", "--json=-"], ["--estimates", "gemm"]):
            self.assertEqual(self.run_bench(*arguments).returncode, USAGE, arguments)

    def test_no_such_case(self):
        done = self.run_bench("--quick", "no-such-case")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("--list", done.stderr)

    def test_no_such_device(self):
        done = self.run_bench("--device=abacus")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("abacus", done.stderr)

    def test_full_disk(self):
        done = self.run_bench("--quick", "--seconds=0.05", "--json=/dev/full", "gemm/f64/33x17x29")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("No space", done.stderr)


@unittest.skipIf(SANITIZED, "Python cannot load a sanitized library")
@unittest.skipUnless(LIBRARY.exists(), "the shared library is not beside the command")
class Peers(BenchTest):
    def test_json(self):
        output = self.directory / "peers.json"
        subprocess.run([sys.executable, SOURCE / "bench" / "run_peers.py", "--library", LIBRARY,
                        "--threads", "1", "--seconds", "0.1", "--min-rounds", "2",
                        "--only", "tiled", "--only", "numpy", "--only", "sklearn",
                        "--only", "scipy", "--only", "scipy-arpack", "--json", output,
                        "pca-tiny-f32", "qr-tiny-f64", "lstsq-tiny-f64-rank20", "ridge-tiny-f64",
                        "triplets-tiny-f32", "triplets-tiny-sparse-f32", "spmm-tiny-f64"],
                       check=True, timeout=120, stdout=subprocess.DEVNULL)
        report = json.loads(output.read_text(encoding="utf-8"))
        self.assertEqual(report["format"], 1)
        self.assertEqual([task["name"] for task in report["tasks"]],
                         ["pca-tiny-f32", "qr-tiny-f64", "lstsq-tiny-f64-rank20",
                          "ridge-tiny-f64", "triplets-tiny-f32", "triplets-tiny-sparse-f32",
                          "spmm-tiny-f64"])
        peers_of = [["tiled"], ["numpy", "scipy"], ["numpy", "scipy", "sklearn"], ["sklearn"],
                    ["scipy-arpack"], ["scipy-arpack"], ["scipy"]]
        for task, peers in zip(report["tasks"], peers_of):
            self.assertEqual([entry["name"] for entry in task["contenders"]], ["ritz", *peers])
            for entry in task["contenders"]:
                if entry["name"] == "scipy" and task["task"].get("rank", 30) < 30:
                    continue    # wrong, as the table says
                self.assertTrue(entry["ok"], entry)
                self.assertGreater(entry["seconds"]["median"], 0)
                self.assertGreaterEqual(entry["memory_bytes"], 0)
                self.assertIn("numpy", entry["versions"])
            self.assertEqual(task["contenders"][0]["ratio"]["median"], 1)
        for entry in report["tasks"][0]["contenders"]:
            self.assertLess(entry["error"], 1e-4)
        self.assertTrue(report["tasks"][0]["contenders"][0]["report"]["reason"])


class Structs(BenchTest):
    """Sizes and offsets in ritz_ctypes.py against those of the compiler."""

    @staticmethod
    def c_fields(name, struct):
        return [ritz_ctypes.RENAMED.get((name, field), field) for field, _ in struct._fields_]

    def program(self):
        lines = ["#include <stddef.h>", "#include <stdio.h>", "#include <ritz/device.h>",
                 "#include <ritz/pca.h>", "#include <ritz/ridge.h>", "#include <ritz/spectral.h>",
                 "int main(void) {"]
        for name, struct in ritz_ctypes.STRUCTS.items():
            lines.append(f'printf("%zu\\n", sizeof({name}));')
            lines += [f'printf("%zu %zu\\n", offsetof({name}, {field}), '
                      f'sizeof((({name} *)0)->{field}));'
                      for field in self.c_fields(name, struct)]
        return "\n".join(lines + ["return 0; }", ""])

    def test_layout(self):
        compiler = shutil.which("cc") or self.skipTest("no C compiler")
        (self.directory / "layout.c").write_text(self.program(), encoding="ascii")
        subprocess.run([compiler, "-std=c11", "-I", SOURCE / "include", "layout.c", "-o", "layout"],
                       cwd=self.directory, check=True, timeout=60)
        lines = iter(subprocess.run([self.directory / "layout"], check=True, text=True, timeout=60,
                                    stdout=subprocess.PIPE).stdout.splitlines())
        for name, struct in ritz_ctypes.STRUCTS.items():
            self.assertEqual(next(lines), str(ctypes.sizeof(struct)), name)
            for field, _ in struct._fields_:
                descriptor = getattr(struct, field)
                self.assertEqual(next(lines), f"{descriptor.offset} {descriptor.size}",
                                 f"{name}.{field}")


if __name__ == "__main__":
    main()
