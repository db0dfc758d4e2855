#!/bin/sh
# nvcc.sh LOG NVCC ARGUMENT...
# Runs nvcc with its output in LOG (ptxas describes every kernel there), and shows it only where it warns or fails.
set -u
log=$1
shift

"$@" >"$log" 2>&1
status=$?
if [ "$status" -ne 0 ]; then
    cat "$log" >&2
else
    grep -E 'warning|error' "$log" >&2
fi
exit "$status"
