"""The machine, and the build for its GPU."""

import dataclasses
import os
import pathlib
import platform
import re
import shutil

from .process import run

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
QUERY = ["name", "driver_version", "compute_cap", "memory.total", "power.limit",
         "clocks.max.sm", "clocks.max.memory", "clocks_event_reasons.active",
         "persistence_mode", "ecc.mode.current", "mig.mode.current", "pstate"]
TARGETS = ["ritz_cuda", "ritz_command", "conformance", "compare_devices", "capture_device",
           "gpu_probes", "ritz_bench", "example_make_dataset"]
BUILD_SECONDS = 1800

# Variables of the environment that may change what a GPU or a library does.
TELLING = ("CUDA_", "CUBLAS", "CUSOLVER", "NVIDIA_TF32", "TORCH_", "CUPY_", "OMP_", "OPENBLAS_",
           "RITZ_", "LD_LIBRARY_PATH", "LD_PRELOAD")


class Stop(Exception):
    """Nothing can be checked here."""


@dataclasses.dataclass
class Build:
    """Where the programs are, and what they need to find the backend."""
    root: pathlib.Path
    emulated: bool
    environment: dict

    def program(self, name):
        """A test program by its name in the build for a GPU."""
        twins = {"conformance": "conformance_emu", "capture_device": "test_emu_capture",
                 "gpu_probes": "gpu_probes_emu"}
        return self.root / "tests" / (twins.get(name, name) if self.emulated else name)

    @property
    def command(self):
        """ritz"""
        return self.root / "bin" / "ritz"

    @property
    def bench(self):
        """ritz-bench"""
        return self.root / "bin" / "ritz-bench"


def tool(name):
    """A program of the toolkit, in the path or where CMake finds the toolkit without it; None if
    there is none."""
    places = [os.path.join(os.environ[variable], "bin") for variable in ("CUDA_PATH", "CUDA_HOME")
              if os.environ.get(variable)]
    found = (shutil.which(name, path=place) for place in [None, *places, "/usr/local/cuda/bin"])
    return next(filter(None, found), None)


def first_line(command, seconds=20):
    """What a small program says, or nothing."""
    outcome = run(command, seconds)
    return outcome.output.strip().splitlines()[0] if outcome.good and outcome.output.strip() else ""


def version():
    """Of this tree."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    found = re.search(r"project\([^)]*VERSION\s+([0-9.]+)", text)
    return found.group(1) if found else "unknown"


def commit():
    """And its commit, with a mark if it has been changed since."""
    name = first_line(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"]) or "unknown"
    changed = first_line(["git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no"])
    return name + (" and changes" if changed else "")


def ask_driver(names):
    """The answers of nvidia-smi for the first GPU; none if it does not know one of the names."""
    line = first_line(["nvidia-smi", "--id=0", f"--query-gpu={','.join(names)}",
                       "--format=csv,noheader"])
    values = [value.strip() for value in line.split(",")]
    return dict(zip(names, values)) if len(values) == len(names) and line else {}


def gpu_facts():
    """What the driver says of the first GPU: all at once, or what it knows of it."""
    if not shutil.which("nvidia-smi"):
        return {}
    facts = ask_driver(QUERY)
    for name in [] if facts else QUERY:
        facts.update(ask_driver([name]))
    return {name.replace("_", " ").replace(".", " "): value for name, value in facts.items()}


def processor():
    """The name of the CPU."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file
                     if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def describe():
    """Name and value of what may explain a result."""
    nvcc = run([tool("nvcc") or "nvcc", "--version"], 20)
    release = [line for line in nvcc.output.splitlines() if "release" in line]
    telling = [f"{name}={value}" for name, value in sorted(os.environ.items())
               if name.startswith(TELLING)]
    return {"processor": f"{processor()}, {len(os.sched_getaffinity(0))} cores",
            "system": platform.platform(), "python": platform.python_version(),
            "toolkit": release[0].strip() if nvcc.good and release else "nvcc is not in the path",
            "environment": " ".join(telling) or "nothing that matters", **gpu_facts()}


def emulated_build(root):
    """A finished build with the emulation."""
    plugin = root / "emu" / "libritz_cuda.so"
    if not plugin.exists():
        raise Stop(f"there is no emulation in {root}; build it first")
    return Build(root, True, {"RITZ_PLUGIN_PATH": str(plugin.parent), "RITZ_TEST_LEVEL": "sample"})


def built_for(card, root, log):
    """Configure and build for this compute capability: "9.0"."""
    outcome = run(["cmake", "-S", ROOT, "--preset", "release", "-B", root, "-DRITZ_CUDA=plugin",
                   f"-DRITZ_CUDA_ARCHITECTURES={card.replace('.', '')}",
                   "-DRITZ_BUILD_EMULATION=OFF", "-DRITZ_BUILD_TESTS=ON", "-DRITZ_BUILD_BENCH=ON"],
                  BUILD_SECONDS, log=log)
    if outcome.good:
        outcome = run(["cmake", "--build", root, "--target", *TARGETS], BUILD_SECONDS, log=log)
    if not outcome.good:
        tail = "\n".join(outcome.output.splitlines()[-20:])
        raise Stop(f"the build failed ({outcome.ending}); see {log}\n{tail}")
    return Build(root, False, {"RITZ_PLUGIN_PATH": str(root / "lib")})
