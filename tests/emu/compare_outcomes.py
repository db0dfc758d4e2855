"""compare_outcomes.py PROGRAM PLUGIN OTHER [NAME=VALUE...]: PROGRAM (dump_outcomes.c) with both
plugins, the other one with these variables besides. Every case must be the same, within the bound
that it states."""

import array
import math
import os
import subprocess
import sys
import tempfile


def dump(program, plugin, variables):
    """The cases in their order: (name, bound, pieces)."""
    environment = dict(os.environ, RITZ_PLUGIN_PATH=plugin, **variables)
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([program, file.name], env=environment, check=True)
        cases = []
        while line := file.readline():
            name, bound, sizes = line.decode().rstrip("\n").split("\t")
            pieces = []
            for size in map(int, sizes.split()):
                pieces.append(array.array("d"))
                pieces[-1].frombytes(file.read(8 * size))
            cases.append((name, float(bound), pieces))
        return cases


def apart(piece, other):
    """The largest difference, relative to the largest number; what is not finite must be equal,
    and so must pieces of zeros."""
    if piece == other:
        return 0.0
    worst = 0.0
    largest = max(map(abs, filter(math.isfinite, other)), default=0.0)
    for a, b in zip(piece, other):
        if a != b and not (math.isnan(a) and math.isnan(b)):
            if not (math.isfinite(a) and math.isfinite(b)) or largest == 0:
                return math.inf
            worst = max(worst, abs(a - b))
    return worst / largest if worst else 0.0


def shape(case):
    """What the two plugins must agree upon before numbers are compared."""
    name, bound, pieces = case
    return name, bound, [len(piece) for piece in pieces]


def main():
    program, plugin, other = sys.argv[1:4]
    variables = dict(argument.split("=", 1) for argument in sys.argv[4:])
    cases, others = dump(program, plugin, {}), dump(program, other, variables)
    if not cases or list(map(shape, cases)) != list(map(shape, others)):
        sys.exit("not the same cases")
    problems, same, largest = 0, 0, 0.0
    for (name, bound, pieces), (_, _, other_pieces) in zip(cases, others):
        difference = max(map(apart, pieces, other_pieces))
        same += difference == 0
        if bound:
            largest = max(largest, difference / bound)
        if not difference <= bound:
            problems += 1
            print(f"FAIL {name}: {difference:.2e} apart, may be {bound:.0e}")
    print(f"{len(cases)} cases, {same} the same to the last bit, the others up to {largest:.1e} of "
          f"their bounds apart; {problems} problems")
    return problems > 0


if __name__ == "__main__":
    sys.exit(main())
