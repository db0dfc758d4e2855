"""gpu-validate on the emulation: a dry run does each step and passes; with each of five kinds of
planted faults (tests/cudaemu/plant.h) it fails and names the fault. Arguments: the build, where to
write, and "dry" or "faults".

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
COMMAND = HERE.parent.parent / "scripts" / "gpu-validate"

# What is planted, which steps find it, and what the row of the report has to say.
FAULTS = {
    "wrong kernel": ("kernel:random_down", ["--only=conformance", "--groups=random"],
                     "conformance random", ["wrong result", "FAIL random", "random_fill"]),
    "missing synchronisation": ("sync", ["--only=compare"], "same answers as the CPU",
                                ["missing synchronisation", "ritz_gemm", "cudaMemcpyAsync"]),
    "bad library status": ("status:cublasGemmEx_64:3:13", ["--only=conformance", "--groups=gemm"],
                           "conformance gemm",
                           ["library status", "ritz_gemm", "cublasGemmEx_64",
                            "CUBLAS_STATUS_EXECUTION_FAILED"]),
    "several operations": ("status:cublasGemmEx_64:3:13", ["--only=compare"],
                           "same answers as the CPU", ["ritz_gemm", "ritz_svd_randomized"]),
    "leak": ("leak", ["--only=conformance", "--groups=cholesky"], "conformance cholesky",
             ["leak", "cudaMallocFromPoolAsync"]),
    "wrong bits": ("bits:cublasGemmEx_64:3", ["--only=capture"], "capture ritz_gemm",
                   ["wrong bits", "ritz_gemm", "replay"]),
    # The second product of that probe; those before it make eight.
    "disagreeing probe": ("bits:cublasGemmEx_64:10", ["--only=probes"], "probes",
                          ["blas_same_bits", "gemm DIFFERENT"]),
}
ALL = ["machine", "same answers as the CPU", "conformance gemm", "same model as the CPU",
       "capture ritz_gemm", "probes", "memcheck transfer", "racecheck cholesky",
       "initcheck transfer", "times on cuda: products", "times on cpu: factors",
       "times of torch", "times of cupy", "full conformance"]


def expect(right, what):
    """Stop with a message unless it is right."""
    if not right:
        sys.exit(f"FAIL: {what}")


def validate(directory, name, options, plant=""):
    """Run it: exit status, what it printed, the Markdown and the JSON."""
    report = directory / f"{name.replace(' ', '_')}.md"
    build = sys.argv[1]
    done = subprocess.run([sys.executable, COMMAND, "--emulated", "--build", build, *options,
                           report], env={**os.environ, "EMU_PLANT": plant}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    print(f"---- {name}\n{done.stdout}", flush=True)
    expect(report.exists(), f"{name}: no report was written")
    found = json.loads(report.with_suffix(".json").read_text(encoding="utf-8"))
    text = report.read_text(encoding="utf-8")
    expect(text.splitlines()[-1] == done.stdout.splitlines()[-1], "two different last lines")
    return done.returncode, text, found


def dry_run(directory):
    """Every step has its row, and nothing fails."""
    status, text, found = validate(directory, "dry", ["--sanitizer", HERE / "sanitizer_stub.py"])
    rows = {step["name"]: step for step in found["steps"]}
    failed = [name for name, step in rows.items() if step["outcome"] == "failed"]
    expect(status == 0 and not failed, f"exit status {status}, failed: {failed}")
    expect("nothing failed" in text.splitlines()[-1], "the last line does not say so")
    for name in ALL:
        expect(name in rows, f"there is no row {name}")
    for name in ALL[:-3]:
        expect(rows[name]["outcome"] == "passed", f"{name}: {rows[name]['seen']}")
    asked = [probe for probe in found["probes"] if not probe["gpu_only"]]
    expect(len(asked) >= 20, f"{len(asked)} probes were asked")
    for probe in asked:
        expect(probe["answer"] and "not run" not in probe["answer"], f"no answer: {probe}")
    expect({entry["contender"] for entry in found["bench"]} >= {"ritz, GPU", "ritz, CPU"},
           "there are no times")
    status, _, found = validate(directory, "no time", ["--budget=0", "--sanitizer=none"])
    late = {step["outcome"] for step in found["steps"][1:]}
    expect(status == 0 and late == {"not run"}, f"without time: {status}, {late}")


def planted(directory):
    """Each fault is found, by the step that is to find it, and named."""
    for name, (plant, options, row, words) in FAULTS.items():
        status, text, found = validate(directory, name, options, plant)
        expect(status == 1, f"{name}: exit status {status}")
        expect(found["failed"] == [row], f"{name}: {found['failed']} failed, and not {row}")
        seen = next(step["seen"] for step in found["steps"] if step["name"] == row)
        for word in words:
            expect(word in seen, f"{name}: \"{word}\" is not in \"{seen}\"")
        expect("FAILED" in text.splitlines()[-1], f"{name}: the last line does not say so")


def main():
    directory = pathlib.Path(sys.argv[2]) / "gpu_validate"
    directory.mkdir(parents=True, exist_ok=True)
    {"dry": dry_run, "faults": planted}[sys.argv[3]](directory)


if __name__ == "__main__":
    main()
