"""Programs that run under a clock."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import signal
import subprocess
import time

PATIENCE = 20    # seconds for a program to come to its end


@dataclasses.dataclass
class Outcome:
    """How a program ended. status is None if it ran out of time, negative after a signal."""
    status: int | None
    output: str
    seconds: float

    @property
    def good(self):
        """Did it say that all is well?"""
        return self.status == 0

    @property
    def ending(self):
        """In words."""
        if self.status is None:
            return f"stopped after {self.seconds:.0f} s"
        if self.status < 0:
            return f"ended by {signal.Signals(-self.status).name}"
        return f"exit status {self.status}"


def run(command, seconds, environment=None, log=None):
    """Run a program and all that it starts; what it prints also goes to the file `log`."""
    start = time.monotonic()
    try:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env={**os.environ, **(environment or {})},
                                   start_new_session=True)
    except OSError as error:
        return Outcome(127, f"{command[0]}: {error.strerror}", 0.0)
    try:
        output = process.communicate(timeout=max(seconds, 0.1))[0]
        status = process.returncode
    except subprocess.TimeoutExpired:
        end_group(process)
        output, status = rest_of(process), None
    except BaseException:
        end_group(process)
        raise
    text = output.decode("utf-8", "replace")
    if log:
        pathlib.Path(log).write_text(text, encoding="utf-8")
    return Outcome(status, text, time.monotonic() - start)


def rest_of(process):
    """What an ended program has printed. One that waits inside the driver may not come to its end:
    it is left behind."""
    try:
        return process.communicate(timeout=PATIENCE)[0]
    except subprocess.TimeoutExpired as late:
        return late.output or b""


def end_group(process):
    """End the program and its children."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Clock:
    """The time that some checks together may take."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def part(self, seconds):
        """So much of what is left."""
        return Clock(min(seconds, self.left))

    @property
    def left(self):
        """Seconds."""
        return self.end - time.monotonic()
