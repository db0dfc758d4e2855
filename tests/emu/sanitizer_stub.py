#!/usr/bin/env python3
"""Stands in for compute-sanitizer in dry runs of gpu-validate: runs the program, finds nothing."""

import subprocess
import sys

VALUES = {"--tool", "--leak-check", "--report-api-errors", "--error-exitcode"}


def command(words):
    """What follows the options, each of which has a value."""
    while words and words[0] in VALUES:
        words = words[2:]
    if not words or words[0].startswith("-"):
        sys.exit(f"sanitizer_stub.py: unknown option in {sys.argv[1:]}")
    return words


done = subprocess.run(command(sys.argv[1:]), check=False)
print("========= ERROR SUMMARY: 0 errors")
sys.exit(done.returncode)
