"""Times: Ritz on both devices, and PyTorch and CuPy beside it where they are installed."""

import json
import sys

from .machine import ROOT
from .process import run
from .report import diagnosis

# Those of one line are timed in one run of ritz-bench.
CASES = {
    "products": ["gemm/f32/2048x2048x2048/", "gemm/f64/2048x2048x2048/", "gemm/f32/32x32x32/b4096"],
    "factors": ["cholesky/f64/0x2048x1/", "cholesky/f32/0x16x1/b4096", "lu/f64/0x2048x1/",
                "qr/f32/4096x128x1/", "qr/f64/1024x1024x1/"],
    "spectra": ["svd/f32/512x512x0/", "svd/f64/4096x128x0/", "eigh/f64/0x1024x1024/"],
    "models": ["svd_randomized/f32/20000x784x50/", "pca_fit/f32/70000x784x50/"],
}
OVERHEADS = {"calls": ["overhead/"]}
DRY_CASES = {"products": ["gemm/f32/33x17x29/"], "factors": ["cholesky/f64/0x100x1/"]}
LIMIT = 60      # seconds, for one run
EACH = 0.5      # seconds, for a case
ENOUGH = 10     # seconds that must be left to begin


def bench(steps):
    """Rows for both devices and the peers; the figures go to the report's table."""
    build, report = steps.build, steps.report
    cases = DRY_CASES if build.emulated else CASES
    gpu = time_ritz(steps, "cuda", {**cases, **({} if build.emulated else OVERHEADS)})
    peers = time_peers(steps, [name for name in gpu if not name.startswith("overhead")])
    cpu = time_ritz(steps, "cpu", cases)
    for name in sorted(set(gpu) | set(cpu)):
        base = gpu.get(name)
        for contender, found in [("ritz, GPU", gpu), ("ritz, CPU", cpu), *peers.items()]:
            if name in found:
                report.bench.append(entry(name, contender, found[name], base))
    report.write()


def entry(case, contender, seconds, base):
    """A row of the table; where seconds is a text, it says why there are none."""
    if isinstance(seconds, str):
        return {"case": case, "contender": contender, "seconds": None, "factor": None,
                "note": seconds}
    known = isinstance(base, (int, float)) and base > 0 and seconds is not None
    factor = seconds / base if known else None
    return {"case": case, "contender": contender, "seconds": seconds, "factor": factor, "note": ""}


def measure(steps, name, command, result):
    """Run a program that writes the file `result`, and add a row; what it wrote, or nothing."""
    report, limit = steps.report, min(LIMIT, steps.clock.left)
    if limit < ENOUGH:
        report.add(name, "not run", 0, "budget")
        return {}
    result.unlink(missing_ok=True)
    outcome = run(command, limit, steps.build.environment, log=result.with_suffix(".log"))
    found = written(result)
    if outcome.status is None:
        report.add(name, "not run", outcome.seconds, "budget: stopped half-way")
    elif not outcome.good:
        report.add(name, "failed", outcome.seconds, diagnosis(outcome))
    elif "missing" in found:
        report.add(name, "not run", outcome.seconds, found["missing"])
    else:
        count = len(found.get("cases", [])) + len(found.get("overheads", []))
        report.add(name, "passed", outcome.seconds, f"{count} cases")
    return found


def written(path):
    """A JSON file, or nothing if it is not whole."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def time_ritz(steps, device, cases):
    """Seconds by the name of the case."""
    quick = ["--quick", "--seconds=0.1"] if steps.build.emulated else [f"--seconds={EACH}"]
    times = {}
    for part, filters in cases.items():
        result = steps.work / f"bench_{device}_{part}.json"
        found = measure(steps, f"times on {device}: {part}",
                        [steps.build.bench, f"--device={device}", *quick, f"--json={result}",
                         *filters], result)
        for case in found.get("cases", []):
            times[case["name"]] = (case["ritz"]["seconds"]["median"] if case["ok"]
                                   else case["message"])
        for overhead in found.get("overheads", []):
            times[overhead["name"]] = overhead["seconds"]["median"]
    return times


def time_peers(steps, names):
    """Seconds by peer and case."""
    times = {}
    for peer in ("torch", "cupy"):
        result = steps.work / f"bench_{peer}.json"
        device = "cpu" if steps.build.emulated else "cuda"
        found = measure(steps, f"times of {peer}",
                        [sys.executable, ROOT / "bench/gpu_peers.py", peer, "--device", device,
                         "--seconds", EACH, "--json", result, *names], result)
        times[found.get("name", peer)] = {case["name"]: case["seconds"]
                                          for case in found.get("cases", [])}
    return times
