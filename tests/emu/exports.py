"""exports.py NM EMULATION PLUGIN: the emulation has no call that nobody makes.

A call of CUDA, cuBLAS or cuSOLVER that the emulation exports must be one that the plugin makes, or
one of those below, which the emulation's own tests need. An emulated call without a caller would be
code that only its own test runs.
"""

import re
import subprocess
import sys

# Not called by src/cuda: why they are there.
ALLOWED = {
    "cudaDeviceSynchronize": "self-tests wait for a device",
    "cudaFuncSetAttribute": "RITZ_ALLOW_SHARED in src/cuda/kernel.cuh",
    "cudaGetLastError": "the error that a call leaves behind, which self-tests look at and clear",
    "cudaGraphDestroy": "graphs of callers of Ritz",
    "cudaGraphExecDestroy": "graphs of callers of Ritz",
    "cudaGraphGetNodes": "graphs of callers of Ritz",
    "cudaGraphInstantiate": "graphs of callers of Ritz",
    "cudaGraphLaunch": "graphs of callers of Ritz",
    "cudaHostRegister": "page-locked memory that callers have made themselves",
    "cudaHostUnregister": "the end of it",
    "cudaMallocAsync": "stream-ordered memory of self-tests, from the device's own pool",
    "cudaStreamBeginCapture": "callers of Ritz capture its calls",
    "cudaStreamEndCapture": "callers of Ritz capture its calls",
    "cudaMemcpy": "self-tests bring data to a device and back",
}


def symbols(nm, file, kind):
    """Dynamic symbols that are named as CUDA's are; kind is an option of nm."""
    listing = subprocess.run([nm, "-D", kind, file], capture_output=True, text=True, check=True)
    names = {line.split()[-1].split("@")[0] for line in listing.stdout.splitlines()}
    return {name for name in names if re.match(r"(cuda|cublas|cusolver)[A-Z]|cusolver", name)}


def main():
    nm, emulation, plugin = sys.argv[1:]
    exported = symbols(nm, emulation, "--defined-only")
    called = symbols(nm, plugin, "--undefined-only")
    problems = [f"{name} is emulated and never called by src/cuda: delete it"
                for name in sorted(exported - called - set(ALLOWED))]
    problems += [f"{name} is excused ({reason}) for nothing: take it from the list"
                 for name, reason in sorted(ALLOWED.items())
                 if name in called or name not in exported]
    if not called:
        problems.append(f"{plugin} calls nothing of CUDA")
    for problem in problems:
        print(problem)
    print(f"{len(exported)} emulated calls, {len(called)} called by the plugin, "
          f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
