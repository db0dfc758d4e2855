"""exports.py NM EMULATION PLUGIN [PTX_PLUGIN]: the emulation has no call that nobody makes.

A call of CUDA, cuBLAS or cuSOLVER that the emulation exports must be one that a plugin makes, or
one of those below, which the emulation's own tests need. An emulated call without a caller would be
code that only its own test runs. What only objects of nvcc call is looked at where there are some:
PTX_PLUGIN is linked from them.
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
    "__cudaPushCallConfiguration": "<<<>>> in programs of callers, as examples/training_step.cu",
    "cudaMemcpy": "self-tests bring data to a device and back",
}

# Called by objects of nvcc only: launches, and what registers kernels, or stands in their stubs.
OF_NVCC = re.compile(r"cudaLaunchKernelExC|__cuda[A-Z].*")


def symbols(nm, file, kind):
    """Dynamic symbols that are named as CUDA's are; kind is an option of nm."""
    listing = subprocess.run([nm, "-D", kind, file], capture_output=True, text=True, check=True)
    names = {line.split()[-1].split("@")[0] for line in listing.stdout.splitlines()}
    of_cuda = re.compile(r"(__cuda|cuda|cublas|cusolver)[A-Z]|cusolver")
    return {name for name in names if of_cuda.match(name)}


def main():
    nm, emulation, *plugins = sys.argv[1:]
    exported = symbols(nm, emulation, "--defined-only")
    calls = {plugin: symbols(nm, plugin, "--undefined-only") for plugin in plugins}
    called = set().union(*calls.values())
    excused = set(ALLOWED)
    if len(plugins) == 1:
        excused |= {name for name in exported if OF_NVCC.fullmatch(name)}
    problems = [f"{name} is emulated and never called by src/cuda: delete it"
                for name in sorted(exported - called - excused)]
    problems += [f"{name} is excused ({reason}) for nothing: take it from the list"
                 for name, reason in sorted(ALLOWED.items())
                 if name in called or name not in exported]
    problems += [f"{plugin} calls nothing of CUDA" for plugin in plugins if not calls[plugin]]
    for problem in problems:
        print(problem)
    print(f"{len(exported)} emulated calls, {len(called)} called by {len(plugins)} plugins, "
          f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
