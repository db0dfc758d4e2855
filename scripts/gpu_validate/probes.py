"""The probes, each in a process of its own."""

import json

from .process import run
from .report import diagnosis

SECONDS = 30    # for one; most take less than one
ENOUGH = 5      # must be left to begin one


def questions(program):
    """All of them, or why they cannot be asked."""
    outcome = run([program, "--list"], SECONDS)
    if not outcome.good:
        return [], diagnosis(outcome)
    return json.loads(outcome.output), ""


def ask(program, question, environment, seconds):
    """The question with its answer. One that broke no rule must come to an end."""
    outcome = run([program, question["probe"]], min(seconds, SECONDS), environment)
    try:
        return json.loads(outcome.output.strip().splitlines()[-1]), False
    except (ValueError, IndexError):
        words = f"no answer: {diagnosis(outcome)}"
        return {**question, "answer": words, "agrees": None}, not question["gpu_only"]


def probe(steps):
    """One row for all."""
    program, clock = steps.build.program("gpu_probes"), steps.clock
    start = clock.left
    asked, missing = questions(program)
    wrong, answered = [], 0
    for question in asked:
        reason = why_not(steps, question)
        if reason:
            steps.report.probes.append({**question, "answer": f"not run: {reason}",
                                        "agrees": None})
            continue
        answer, failed = ask(program, question, steps.build.environment, clock.left)
        steps.report.probes.append(answer)
        answered += 1
        if failed or answer["agrees"] is False:
            wrong.append(f"{answer['probe']}: {answer['answer']}")
    outcome = "failed" if wrong or missing else ("passed" if answered else "not run")
    summary = f"{answered} answered, {len(asked) - answered} not run; none contradicts what " \
              "Ritz assumes" if answered else "budget"
    steps.report.add("probes", outcome, start - clock.left, "; ".join(wrong) or missing or summary)


def why_not(steps, question):
    """Why it is not asked, or an empty text."""
    if steps.clock.left < ENOUGH:
        return "budget"
    return "the emulation would stop it" if steps.build.emulated and question["gpu_only"] else ""
