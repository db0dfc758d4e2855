"""The command line."""

import argparse
import pathlib
import re
import time
import traceback

from . import machine
from .bench import bench
from .probes import probe
from .process import Clock, run
from .report import Report
from .steps import Steps

DESCRIPTION = """Build Ritz for the GPU of this machine, check it, ask the GPU what NVIDIA's
documentation leaves open, time it, and write one Markdown report and one JSON file. Exit status:
0 nothing failed; 1 something did; 2 wrong usage."""

# The most important first, each with the part of the budget that it may take; what they leave is
# for the last.
STEPS = {"compare": (0.14, Steps.compare), "probes": (0.07, probe),
         "capture": (0.1, Steps.capture), "model": (0.04, Steps.model),
         "conformance": (0.3, Steps.quick), "bench": (0.16, bench),
         "sanitizer": (0.19, Steps.sanitizer), "full": (1, Steps.full)}


def arguments():
    """Of the command."""
    parser = argparse.ArgumentParser(prog="gpu-validate", description=DESCRIPTION)
    parser.add_argument("report", nargs="?", type=pathlib.Path,
                        default=pathlib.Path("gpu-report.md"), metavar="REPORT.md",
                        help="the report (default: %(default)s)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE",
                        help="the same for programs (default: beside the report)")
    parser.add_argument("--emulated", action="store_true",
                        help="a reduced run on the emulation of a finished build, which shows "
                        "that this program works and nothing about a GPU")
    parser.add_argument("--build", type=pathlib.Path, metavar="DIRECTORY",
                        help="the build directory (default: build/gpu, or build/release with "
                        "--emulated)")
    parser.add_argument("--budget", type=float, default=9, metavar="MINUTES",
                        help="for everything after the build (default: %(default)s)")
    parser.add_argument("--only", type=names_of(STEPS), default=list(STEPS), metavar="STEP,...",
                        help=f"some of: {', '.join(STEPS)}")
    parser.add_argument("--groups", type=lambda text: text.split(","), metavar="GROUP,...",
                        help="these groups of the conformance suite instead of all")
    parser.add_argument("--sanitizer", metavar="PROGRAM",
                        help="instead of the compute-sanitizer that is in the path")
    return parser.parse_args()


def names_of(known):
    """A type of argument: names with commas between."""
    def parse(text):
        for name in text.split(","):
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no step {name}")
        return text.split(",")
    return parse


def prepare(options, work):
    """The build, or Stop."""
    if options.emulated:
        return machine.emulated_build((options.build or machine.ROOT / "build/release").resolve())
    card = machine.gpu_facts().get("compute cap")
    if not card:
        raise machine.Stop("nvidia-smi finds no GPU")
    root = (options.build or machine.ROOT / "build/gpu").resolve()
    return machine.built_for(card, root, work / "build.log")


def begin(options, build, seconds):
    """The report with its first row."""
    info = run([build.command, "info"], 60, build.environment)
    facts = {"version": machine.version(), "commit": machine.commit(),
             "machine": {**machine.describe(), "info": info.output}, "emulated": options.emulated}
    report = Report(options.report, options.json or options.report.with_suffix(".json"), facts)
    usable = info.good and re.search(r"^cuda:0\b", info.output, re.MULTILINE)
    report.add("machine", "passed" if usable else "failed", seconds,
               "ritz finds the GPU" if usable else f"ritz info finds no GPU: {info.ending}")
    return report


def validate(options, work):
    """All steps; the report."""
    start = time.monotonic()
    build = prepare(options, work)
    report = begin(options, build, time.monotonic() - start)
    clock = Clock(60 * options.budget)
    for name, (share, step) in STEPS.items() if not report.failures else []:
        if name in options.only:
            steps = Steps(build, report, clock.part(60 * options.budget * share), work, options)
            attempt(name, step, steps)
    return report


def attempt(name, step, steps):
    """A step. If this program itself fails in it, that is a row, and the other steps follow."""
    start = time.monotonic()
    try:
        step(steps)
    except Exception as error:    # whatever it is, the time on the machine is not to be lost
        (steps.work / f"{name}.traceback.log").write_text(traceback.format_exc(),
                                                          encoding="utf-8")
        steps.report.add(name, "failed", time.monotonic() - start,
                         f"gpu-validate itself: {type(error).__name__}: {error}")


def main():
    """Returns the exit status."""
    options = arguments()
    logs = options.report.with_suffix(".logs")
    try:
        logs.mkdir(exist_ok=True)
        report = validate(options, logs.resolve())
    except (machine.Stop, OSError) as reason:
        print(f"gpu-validate: {reason}")
        return 1
    print(f"The report is {report.markdown}, and {report.json_file} for programs; what each step "
          f"printed is in {logs}.")
    print(f"gpu-validate: {report.verdict}")
    return 1 if report.failures else 0
