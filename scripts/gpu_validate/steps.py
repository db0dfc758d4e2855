"""The checks: each adds rows to the report."""

import array
import ast
import itertools
import pathlib
import re
import struct
import sys
import tempfile

from .machine import ROOT, tool
from .process import run
from .report import diagnosis, fault, last_line

ENOUGH = 5      # seconds that must be left to begin something
GROUP = 60      # the quick table of a conformance group
FULL = 240      # and the full one
TOOL = 45       # a group under a tool of compute-sanitizer
ENOUGH_TOOL = 15    # must be left to begin one
MANY = 8        # operations that ended their program: the others can wait
# The last line of one that came to its end.
SUMMARY = re.compile(r"\d+ (operations|captured)")

# What a dry run does: the rest takes minutes on the emulation, and is tested there anyway.
DRY_GROUPS = ["transfer", "gemm", "cholesky", "eigh", "random", "errors"]
DRY_CAPTURES = ["ritz_gemm", "ritz_qr"]
DRY_COMPARISONS = ["ritz_gemm", "ritz_sketch", "ritz_cholesky", "ritz_svd"]

# Own kernels above all; those of the libraries take long under these tools. The first group of each
# tool, then the second of each, ...: there may not be time for all.
SANITIZED = {
    "memcheck": ["transfer", "gemm", "cholesky", "qr", "eigh", "random"],
    "racecheck": ["cholesky", "qr", "svd", "primitives"],
    "initcheck": ["transfer", "cholesky", "sparse"],
}
# Ritz checks each status itself; reports of calls would be of those that NVIDIA's libraries make to
# find out what the driver has.
OPTIONS = {"memcheck": ["--leak-check", "full", "--report-api-errors", "no"], "racecheck": [],
           "initcheck": []}


class Failure(Exception):
    """A program did not do what it was to do."""


class Steps:
    """Build, report and clock, for all checks."""

    def __init__(self, build, report, clock, work, options):
        self.build, self.report, self.clock, self.work = build, report, clock, work
        self.options = options

    def check(self, name, command, seconds, environment=None):
        """A row for a program that fails if something is wrong."""
        if self.clock.left < ENOUGH:
            self.report.add(name, "not run", 0, "budget")
            return
        limit = min(seconds, self.clock.left)
        outcome = run(command, limit, {**self.build.environment, **(environment or {})},
                      log=self.work / f"{name}.log")
        if outcome.status is None and limit < seconds and not fault(outcome.output):
            self.report.add(name, "not run", outcome.seconds,
                            f"budget: stopped at \"{last_line(outcome.output)}\"")
        elif outcome.good:
            self.report.add(name, "passed", outcome.seconds, last_line(outcome.output))
        else:
            self.report.add(name, "failed", outcome.seconds, diagnosis(outcome))

    def operations(self, name, command, seconds):
        """A row for a program that takes one operation after the other. Where one ends the program,
        another run goes on with the next."""
        start, clock = self.clock.left, self.clock.part(seconds)
        first, wrong, outcome = 0, [], None
        while first is not None and clock.left >= ENOUGH and len(wrong) < MANY:
            log = self.work / (f"{name} from {first}.log" if first else f"{name}.log")
            outcome = run([command[0], f"--from={first}", *command[1:]], clock.left,
                          self.build.environment, log=log)
            late = outcome.status is None and start < seconds and not fault(outcome.output)
            if not outcome.good and not late:
                wrong.append(diagnosis(outcome))
            first = next_operation(outcome)
        if wrong:
            self.report.add(name, "failed", start - self.clock.left,
                            "; ".join(dict.fromkeys(wrong)))
        elif outcome is None or not outcome.good:
            self.report.add(name, "not run", start - self.clock.left, "budget"
                            if outcome is None else
                            f"budget: stopped at \"{last_line(outcome.output)}\"")
        else:
            self.report.add(name, "passed", start - self.clock.left, last_line(outcome.output))

    # ---- the same answers as the CPU ----

    def compare(self):
        """Every public operation on both devices."""
        words = ["--quick", *DRY_COMPARISONS] if self.build.emulated else []
        self.operations("same answers as the CPU",
                        [self.build.program("compare_devices"), *words], 150)

    def groups(self):
        """Of the conformance suite: all that are to be run."""
        if self.options.groups:
            return self.options.groups
        text = (ROOT / "tests/conformance/groups.txt").read_text(encoding="utf-8")
        every = [line for line in text.splitlines() if line[:1].isalpha()]
        return DRY_GROUPS if self.build.emulated else every

    def conformance(self, name, groups, level, seconds):
        """Each group against the oracle; one row for all that there is no time for."""
        program = self.build.program("conformance")
        for i, group in enumerate(groups):
            if self.clock.left < ENOUGH:
                self.report.add(name, "not run", 0, f"budget: {' '.join(groups[i:])}")
                return
            self.check(f"{name} {group}", [program, "--device", "cuda", group], seconds,
                       {"RITZ_TEST_LEVEL": level})

    def quick(self):
        """The quick table of each group: says most of what there is to say."""
        self.conformance("conformance", self.groups(),
                         "sample" if self.build.emulated else "quick", GROUP)

    def full(self):
        """With the time that is left, the full tables; first of the groups that had no time."""
        if self.build.emulated:
            self.report.add("full conformance", "not run", 0, "a dry run has the quick tables only")
            return
        done = {step.name for step in self.report.steps if step.outcome == "passed"}
        groups = sorted(self.groups(), key=lambda group: f"conformance {group}" in done)
        self.conformance("full conformance", groups, "full", FULL)

    def model(self):
        """A model fitted on both devices, from the same numbers."""
        start = self.clock.left
        if start < ENOUGH:
            self.report.add("same model as the CPU", "not run", 0, "budget")
            return
        try:
            with tempfile.TemporaryDirectory(prefix="gpu-validate-") as directory:
                worst = max(self.models_apart(pathlib.Path(directory), method)
                            for method in ("covariance", "exact", "randomized"))
            good = worst < 1e-5    # equal to float32
            seen = f"the largest difference of explained variances is {worst:.1e}"
        except Failure as failure:
            good, seen = False, str(failure)
        self.report.add("same model as the CPU", "passed" if good else "failed",
                        start - self.clock.left, seen)

    def models_apart(self, directory, method):
        """How far the explained variances of the two devices are apart."""
        data, found = directory / "data.npy", []
        self.demand([self.build.root / "examples/make_dataset", data, directory / "labels.npy",
                     "400"])
        for device in ("cpu", "cuda"):
            result = directory / f"{device}.{method}"
            self.demand([self.build.command, "pca", data, "-k", "5", "--method", method,
                         "--device", device, "--out", result, "--quiet"])
            found.append(read_npy(result / "explained_variance.npy"))
        return apart(*found)

    def demand(self, command):
        """Run a program that must succeed."""
        outcome = run(command, min(GROUP, self.clock.left), self.build.environment)
        if not outcome.good:
            raise Failure(f"{pathlib.Path(command[0]).name}: {diagnosis(outcome)}")

    # ---- graphs ----

    def capture(self):
        """Operations captured in a graph and replayed on other data, bit by bit."""
        program = self.build.program("capture_device")
        for only in DRY_CAPTURES if self.build.emulated else [""]:
            self.operations(f"capture {only}".strip(), [program, *([only] if only else [])], 120)

    # ---- compute-sanitizer ----

    def sanitizer(self):
        """Groups under the tools of compute-sanitizer."""
        program = self.options.sanitizer or tool("compute-sanitizer")
        if not self.options.sanitizer and self.build.emulated:
            self.report.add("sanitizer", "not run", 0, "a dry run has no GPU for it")
        elif not program:
            self.report.add("sanitizer", "not run", 0, "compute-sanitizer is not installed")
        else:
            turns = itertools.zip_longest(*([(name, group) for group in groups]
                                            for name, groups in SANITIZED.items()))
            for turn in itertools.islice(turns, 1 if self.build.emulated else None):
                for name, group in filter(None, turn):
                    self.sanitize(program, name, group)

    def sanitize(self, program, checker, group):
        """One group under one tool. What it does not finish says nothing."""
        name = f"{checker} {group}"
        limit = min(TOOL, self.clock.left)
        if limit < ENOUGH_TOOL:
            self.report.add(name, "not run", 0, "budget")
            return
        command = [program, "--tool", checker, *OPTIONS[checker], "--error-exitcode", "1",
                   self.build.program("conformance"), "--device", "cuda", group]
        outcome = run(command, limit, {**self.build.environment, "RITZ_TEST_LEVEL": "sample"},
                      log=self.work / f"{name}.log")
        faults = [line for line in outcome.output.splitlines()
                  if "=========" in line and any(word in line for word in
                                                 ("Invalid", "Race", "Uninit", "Leaked"))]
        # A tool that does not fit the driver may say that all is well of a program it never ran.
        ran = re.search(rf"^{group}: \d+ cases", outcome.output, re.MULTILINE)
        if outcome.status is None and not faults:
            self.report.add(name, "not run", outcome.seconds,
                            f"not finished in {limit:.0f} s; nothing was found until then")
        elif outcome.good and not ran:
            self.report.add(name, "failed", outcome.seconds,
                            f"{group} did not run under it: {last_line(outcome.output)}")
        elif outcome.good:
            self.report.add(name, "passed", outcome.seconds, last_line(outcome.output))
        else:
            self.report.add(name, "failed", outcome.seconds,
                            faults[0] if faults else diagnosis(outcome))


def next_operation(outcome):
    """Number of the one after that which ended the program; None if that came to its end."""
    begun = re.findall(r"^ *(\d+) ritz_", outcome.output, re.MULTILINE)
    if outcome.status in (None, 0) or not begun or SUMMARY.match(last_line(outcome.output)):
        return None
    return int(begun[-1]) + 1


# ---- files of NumPy, without NumPy ----

def read_npy(path):
    """The numbers of a one-dimensional .npy file of float32 or float64, format 1.0 (NumPy,
    numpy.lib.format)."""
    content = pathlib.Path(path).read_bytes()
    length = struct.unpack_from("<H", content, 8)[0]
    head = ast.literal_eval(content[10:10 + length].decode("latin-1"))
    numbers = array.array({"<f4": "f", "<f8": "d"}[head["descr"]], content[10 + length:])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def apart(expected, found):
    """The largest difference, relative to the largest number; a NaN is infinitely far."""
    if len(expected) != len(found) or any(x != x for x in found):
        return float("inf")
    return max(abs(x - y) for x, y in zip(expected, found)) / max(map(abs, expected))
