"""test_training_step.py PROGRAM DIRECTORY...: examples/training_step.cu, as nvcc compiled it, on
the emulation with the plugin of each DIRECTORY.

The program checks its own numbers. Here: a step waits for nothing and takes no memory, from CUDA or
from the program, so runs of 8 and of 32 steps differ in launches and calls alone; and the order in
which things happen on the device changes no bit.
"""

import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FEW, MANY = 8, 32
MODES = ("late", "early", "random")
ORDERS = ("ascending", "descending", "random")
CONSTANT = ("syncs", "hidden_syncs", "allocations", "frees", "peak_device_bytes", "bytes_h2d",
            "bytes_d2h", "graph_launches")


def run(program, plugin, steps, mode="late", order="random"):
    """What the program printed, and what the emulation counted."""
    with tempfile.TemporaryDirectory() as folder:
        counters = pathlib.Path(folder, "counters.json")
        environment = dict(os.environ, RITZ_PLUGIN_PATH=plugin, EMU_MODE=mode, EMU_ORDER=order,
                           EMU_COUNTERS=str(counters))
        done = subprocess.run([program, str(steps)], env=environment, capture_output=True,
                              text=True)
        if done.returncode != 0:
            sys.exit(f"{plugin}, {steps} steps, {mode}, {order}: exit status {done.returncode}\n"
                     f"{done.stdout}{done.stderr}")
        return done.stdout, json.loads(counters.read_text())


def memory_line(output):
    return [line for line in output.splitlines() if line.endswith("are in use")]


def check_steps(program, plugin):
    """The faults of more steps; there must be none."""
    (few_output, few), (many_output, many) = (run(program, plugin, n) for n in (FEW, MANY))
    faults = [f"{MANY - FEW} more steps: {key} {few[key]} -> {many[key]}"
              for key in CONSTANT if few[key] != many[key]]
    own = {name: many["kernels"].get(name, 0) - few["kernels"].get(name, 0)
           for name in ("activate", "regularise", "update")}
    faults += [f"{MANY - FEW} more steps launched {name} {count} times"
               for name, count in own.items() if count != MANY - FEW]
    if len(memory_line(few_output)) != 1 or memory_line(few_output) != memory_line(many_output):
        faults.append("later steps took memory of the program")
    print(f"{pathlib.Path(plugin).name}: a step makes "
          f"{(many['launches'] - few['launches']) / (MANY - FEW):g} launches and "
          f"{(many['library_calls'] - few['library_calls']) / (MANY - FEW):g} library calls; "
          f"the whole program waits {many['syncs']} times, {many['hidden_syncs']} hidden")
    return faults


def check_orders(program, plugin):
    outputs = {(mode, order): run(program, plugin, FEW, mode, order)[0]
               for mode, order in itertools.product(MODES, ORDERS)}
    first = outputs[MODES[0], ORDERS[0]]
    return [f"{mode}, {order}: other bits than {MODES[0]}, {ORDERS[0]}:\n{output}{first}"
            for (mode, order), output in outputs.items() if output != first]


def main():
    program, *plugins = sys.argv[1:]
    faults = [f"{plugin}: {fault}" for plugin in plugins
              for fault in check_steps(program, plugin) + check_orders(program, plugin)]
    for fault in faults:
        print(fault)
    return 1 if faults or not plugins else 0


if __name__ == "__main__":
    sys.exit(main())
