"""Rows, and the two files that they end in."""

import dataclasses
import json
import re

FORMAT = 1    # of the JSON file

# What a failed program printed, and which kind of fault it shows: the first that is found.
KINDS = [
    ("library status", r".*\b(?:CUBLAS|CUSOLVER)_STATUS_\w+.*|.*\bcudaError\w+.*"),
    ("missing synchronisation", r".*violation \[race\].*|.*Race reported.*"
     r"|.*page-locked.*(?:queued|pending).*"),
    ("leak", r"emu: alive: .*|FAIL.*(?:left on the emulated devices|not given back).*"
     r"|.*still holds.*|.*[Ll]eaked [\d,]+ bytes.*"),
    ("wrong bits", r".*does not give what a direct call gives.*"),
    ("memory error", r".*emu: violation.*|.*Invalid __\w+__.*|.*ERROR SUMMARY: [1-9].*"
     r"|.*Uninitialized .* memory.*"),
    ("wrong result", r".*\bFAIL\b.*"),
]


@dataclasses.dataclass
class Step:
    """A row of the report. outcome: passed, failed or not run."""
    name: str
    outcome: str
    seconds: float
    seen: str


def fault(text):
    """Kind of fault, and the line that shows it; nothing if no line does."""
    for kind, pattern in KINDS:
        match = re.search("^(?:" + pattern + ")", text, re.MULTILINE)
        if match:
            return f"{kind}: {with_next_line(text, match)}"
    return ""


def diagnosis(outcome):
    """One line about a program that failed."""
    return fault(outcome.output) or f"{outcome.ending}: {last_line(outcome.output)}"


def with_next_line(text, match):
    """A line, and what is indented below it."""
    line, rest = match.group().strip(), text[match.end():].lstrip("\n")
    below = re.match(r" {4,}(\S.*)", rest)
    return f"{line} {below.group(1)}" if below else line


def last_line(text):
    """The last that is not empty."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "nothing was printed"


def cell(text):
    """For a table."""
    text = re.sub(r"\s+", " ", str(text)).replace("|", "\\|")
    return text if len(text) <= 400 else text[:397] + "..."


class Report:
    """What has been found so far. It is written after each step: a machine may be lost."""

    def __init__(self, markdown, json_file, facts):
        self.markdown, self.json_file, self.facts = markdown, json_file, facts
        self.steps, self.probes, self.bench = [], [], []

    def add(self, name, outcome, seconds, seen):
        """A row, shown at once."""
        step = Step(name, outcome, round(seconds, 1), " ".join(str(seen).split()))
        self.steps.append(step)
        print(f"{outcome:8} {seconds:6.1f} s  {name}: {step.seen[:160]}", flush=True)
        self.write()

    @property
    def failures(self):
        """Names of the rows that failed."""
        return [step.name for step in self.steps if step.outcome == "failed"]

    @property
    def verdict(self):
        """The last line."""
        failed = self.failures
        missing = sum(step.outcome == "not run" for step in self.steps)
        if failed:
            return f"FAILED: {len(failed)} of {len(self.steps)} steps: {', '.join(failed)}"
        return f"passed: {len(self.steps) - missing} steps; {missing} not run; nothing failed"

    def write(self):
        """Both files."""
        steps = [dataclasses.asdict(step) for step in self.steps]
        everything = {"format": FORMAT, **self.facts, "steps": steps, "probes": self.probes,
                      "bench": self.bench, "failed": self.failures}
        self.json_file.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
        self.markdown.write_text("\n".join(self.lines()) + "\n", encoding="utf-8")

    def lines(self):
        """The Markdown file."""
        machine = self.facts["machine"]
        yield "# Ritz on a GPU"
        yield ""
        if self.facts["emulated"]:
            yield "Executed on the emulation: this says nothing about a GPU, and no time is one."
            yield ""
        yield f"Version {self.facts['version']}, commit {self.facts['commit']}."
        yield ""
        yield from table(["machine", ""],
                         [[name, value] for name, value in machine.items() if name != "info"])
        yield from ["```", machine.get("info", "").strip(), "```", ""]
        yield from table(["step", "outcome", "time", "seen"],
                         [[s.name, s.outcome, f"{s.seconds} s", s.seen] for s in self.steps])
        if self.probes:
            yield from ["## Probes", ""]
            yield from table(["probe", "question", "Ritz assumes", "answer", "agrees"],
                             [[p["probe"], p["question"], p["assumed"], p["answer"],
                               {True: "yes", False: "NO", None: ""}[p["agrees"]]]
                              for p in self.probes])
        if self.bench:
            yield from ["## Times", "", "Milliseconds, medians; the factor is the time over that "
                        "of Ritz on the GPU.", ""]
            yield from table(["case", "contender", "ms", "factor"], map(bench_row, self.bench))
        yield f"gpu-validate: {self.verdict}"


def bench_row(entry):
    """One contender of one case."""
    if entry["seconds"] is None:
        return [entry["case"], entry["contender"], entry["note"], ""]
    factor = f"{entry['factor']:.3g}" if entry["factor"] else ""
    return [entry["case"], entry["contender"], f"{1e3 * entry['seconds']:.4g}", factor]


def table(head, rows):
    """Lines of a Markdown table, and an empty one."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(cell, row)) + " |"
    yield ""
