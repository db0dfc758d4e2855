"""The probes: all that break no rule in one process, since opening a GPU takes long; if it comes to
an early end, the others in another one. Each that may end the use of the GPU alone."""

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


def answers_in(text):
    """By name. A line may also be what a library prints."""
    found = {}
    for line in text.splitlines():
        try:
            answer = json.loads(line)
            found[answer["probe"]] = answer
        except (ValueError, TypeError, KeyError):
            continue
    return found


def ask(steps, group):
    """Answers to these questions, in their order, and whether the last of them was not to fail.
    Those that are left out were not reached."""
    limit = min(SECONDS + len(group), steps.clock.left)
    outcome = run([steps.build.program("gpu_probes"), *(asked["probe"] for asked in group)], limit,
                  steps.build.environment)
    found, answers = answers_in(outcome.output), []
    for question in group:
        if question["probe"] in found:
            answers.append(found[question["probe"]])
            continue
        if outcome.status is None and limit < SECONDS:
            return answers, False
        answers.append({**question, "answer": f"no answer: {diagnosis(outcome)}", "agrees": None})
        return answers, not question["gpu_only"]
    return answers, False


def probe(steps):
    """One row for all."""
    start = steps.clock.left
    asked, missing = questions(steps.build.program("gpu_probes"))
    together = [question for question in asked if not question["gpu_only"]]
    waiting = [[question] for question in asked if question["gpu_only"]]
    if together:
        waiting.insert(0, together)
    wrong, answered = [], 0
    while waiting:
        group = waiting.pop(0)
        reason = why_not(steps, group)
        if reason:
            steps.report.probes += [{**question, "answer": f"not run: {reason}", "agrees": None}
                                    for question in group]
            continue
        answers, failed = ask(steps, group)
        steps.report.probes += answers
        answered += len(answers)
        wrong += [f"{answer['probe']}: {answer['answer']}" for answer in answers
                  if answer["agrees"] is False or failed and answer is answers[-1]]
        if len(answers) < len(group):
            waiting.insert(0, group[len(answers):])
    outcome = "failed" if wrong or missing else ("passed" if answered else "not run")
    summary = f"{answered} answered, {len(asked) - answered} not run; none contradicts what " \
              "Ritz assumes" if answered else "budget"
    steps.report.add("probes", outcome, start - steps.clock.left,
                     "; ".join(wrong) or missing or summary)


def why_not(steps, group):
    """Why they are not asked, or an empty text."""
    if steps.clock.left < ENOUGH:
        return "budget"
    broken = steps.build.emulated and group[0]["gpu_only"]
    return "the emulation would stop it" if broken else ""
