#!/usr/bin/python3
"""Compare Ritz with what NumPy, SciPy, scikit-learn and PyTorch users have, on the same inputs.

Each contender lives in a process of its own, which imports its libraries, loads the data and then
waits on a pipe; the driver lets one after the other run once, round after round. That is fairer
than one process for all, because two copies of OpenBLAS in one process (NumPy's and Ritz's are
different flavours on Debian) keep spinning threads and caches of buffers in each other's way, and
because each contender's memory can then be told from the others'. It is as fair as one process
otherwise: the rounds are interleaved and the ratio is formed round by round, so that what the
machine does meanwhile falls on all alike. Before each run the driver waits until the threads of the
one before have stopped spinning. The number of threads and OpenBLAS's core type are the same for
all.

Other programs spoil a measurement, and threads that wait for one another most of all. A round
starts when the machine is idle, and the processor time that was spent on others is looked at in
each run; a round in which that was more than a tenth of a run is repeated until the time is up. If
too few quiet rounds were found, all count, and the table says so.

Ritz's library is loaded before NumPy: Debian's NumPy brings the pthread flavour of OpenBLAS, and
the loader gives a library that comes later and asks for the same name (libopenblas.so.0) the copy
that is there. Ritz's own threads (OpenMP) and that flavour's would then spin against each other.
The JSON lists what each process has loaded.

Memory is the peak of the resident set during the first fit, above what was resident before
(libraries imported, data loaded); the kernel's high-water mark is set back in between.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import ctypes
import json
import os
import pathlib
import pickle
import platform
import statistics
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PAUSE = 0.1     # seconds; OpenBLAS's threads spin for less

PCA = ["ritz", "tiled", "sklearn-randomized", "sklearn-full", "sklearn-covariance", "torch-lowrank"]
DENSE = ["ritz", "numpy", "scipy"]
LSTSQ = ["ritz", "numpy", "scipy", "scipy-gelsy", "sklearn", "torch-gels", "torch-gelsy"]
RIDGE = ["ritz", "sklearn", "sklearn-cv"]
TRIPLETS = ["ritz", "scipy-arpack", "sklearn-triplets", "torch-triplets"]
SPMM = ["ritz", "scipy"]


def pca(dtype, k, source, **more):
    """A PCA task."""
    return {"kind": "pca", "dtype": dtype, "k": k, "source": source, "contenders": PCA, **more}


def dense(operation, rows, cols, dtype):
    """A task of dense linear algebra."""
    source = "symmetric" if operation == "eigh" else "uniform"
    return {"kind": "dense", "operation": operation, "rows": rows, "cols": cols, "dtype": dtype,
            "source": source, "contenders": DENSE}


def lstsq(rows, cols, dtype, condition, rank=None):
    """A least squares task, of full rank unless told otherwise."""
    return {"kind": "lstsq", "rows": rows, "cols": cols, "dtype": dtype, "condition": condition,
            "rank": rank or cols, "source": "least squares", "contenders": LSTSQ}


def ridge(rows, cols, penalties):
    """Ridge regression for many penalties."""
    return {**lstsq(rows, cols, "float64", 1e4), "kind": "ridge", "penalties": penalties,
            "contenders": RIDGE}


def triplets(source, rows, cols, k, method, q, **more):
    """The k leading singular triplets, by Ritz with q power iterations of a method."""
    return {"kind": "triplets", "source": source, "dtype": "float32", "rows": rows, "cols": cols,
            "k": k, "method": method, "q": q, "contenders": TRIPLETS, **more}


def spmm(side, dtype, vectors):
    """A product of the 5-point Laplacian of a square grid with a block of vectors."""
    return {"kind": "spmm", "source": "grid", "dtype": dtype, "side": side, "vectors": vectors,
            "rows": side * side, "cols": side * side, "contenders": SPMM}


TASKS = {
    "pca-fashion-f32": pca("float32", 50, "fashion"),
    "pca-fashion-f64": pca("float64", 50, "fashion"),
    "pca-1000000x100-f32": pca("float32", 10, "decaying", rows=1000000, cols=100, power=0.5),
    "pca-20000x5000-f32": pca("float32", 50, "decaying", rows=20000, cols=5000, power=1.0),
    "gemm-1024-f32": dense("gemm", 1024, 1024, "float32"),
    "gemm-1024-f64": dense("gemm", 1024, 1024, "float64"),
    "qr-4000x1000-f64": dense("qr", 4000, 1000, "float64"),
    "qr-100000x100-f64": dense("qr", 100000, 100, "float64"),
    "svd-1000-f64": dense("svd", 1000, 1000, "float64"),
    "svd-100000x100-f64": dense("svd", 100000, 100, "float64"),
    "eigh-1000-f64": dense("eigh", 1000, 1000, "float64"),
    "lstsq-20000x200-f64-1e2": lstsq(20000, 200, "float64", 1e2),
    "lstsq-20000x200-f64-1e12": lstsq(20000, 200, "float64", 1e12),
    "lstsq-20000x200-f64-rank150": lstsq(20000, 200, "float64", 1e1, 150),
    "lstsq-1000000x100-f64-1e2": lstsq(1000000, 100, "float64", 1e2),
    "lstsq-1000000x100-f64-1e8": lstsq(1000000, 100, "float64", 1e8),
    "lstsq-1000000x100-f32-1e1": lstsq(1000000, 100, "float32", 1e1),
    "lstsq-200000x500-f64-1e8": lstsq(200000, 500, "float64", 1e8),
    "ridge-20000x200-f64": ridge(20000, 200, 50),
    "triplets-20000x5000-f32": triplets("decaying", 20000, 5000, 50, "subspace", 2, power=1.0),
    "triplets-sparse-100000x50000-f32": triplets("sparse", 100000, 50000, 100, "krylov", 6,
                                                 nonzeros=5000000),
    "spmm-grid-1000-f64-1": spmm(1000, "float64", 1),
    "spmm-grid-1000-f64-32": spmm(1000, "float64", 32),
    "spmm-grid-1000-f32-32": spmm(1000, "float32", 32),
}
DEFAULT = ["pca-fashion-f32"]
LARGE = ["pca-1000000x100-f32"]
TINY = {    # for tests of this program; too small to say anything about speed
    "pca-tiny-f32": pca("float32", 5, "decaying", rows=2000, cols=40, power=1.0),
    "qr-tiny-f64": dense("qr", 200, 30, "float64"),
    "lstsq-tiny-f64": lstsq(2000, 30, "float64", 1e8),
    "lstsq-tiny-f64-rank20": lstsq(2000, 30, "float64", 1e1, 20),
    "ridge-tiny-f64": ridge(1000, 20, 5),
    "triplets-tiny-f32": triplets("decaying", 2000, 60, 5, "subspace", 4, power=1.0),
    "triplets-tiny-sparse-f32": triplets("sparse", 2000, 400, 5, "krylov", 4, nonzeros=20000),
    "spmm-tiny-f64": spmm(30, "float64", 3),
}


# ---- in the worker -------------------------------------------------------------------------------

def memory_kib(key):
    """VmRSS or VmHWM."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(key + ":"))


def reset_high_water():
    """VmHWM := VmRSS."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def blas_libraries():
    """The BLAS libraries and OpenMP runtimes that this process has loaded."""
    with open("/proc/self/maps", encoding="utf-8") as file:
        paths = {line.split(None, 5)[5].strip() for line in file if len(line.split(None, 5)) == 6}
    return sorted(path for path in paths
                  if any(name in os.path.basename(path)
                         for name in ("blas", "gomp", "mkl", "omp-")))


def versions():
    """Versions of what is loaded."""
    return {name: sys.modules[name].__version__ for name in ("numpy", "scipy", "sklearn", "torch")
            if name in sys.modules and hasattr(sys.modules[name], "__version__")}


def send(message):
    """A message to the driver: length and pickle."""
    data = pickle.dumps(message, protocol=4)
    CHANNEL.write(struct.pack("<q", len(data)) + data)
    CHANNEL.flush()


def machine_seconds():
    """Processor time that the machine has been busy with anything."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _idle, _wait, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def timed_run(contender, data):
    """Seconds, processor seconds of others meanwhile, and the result."""
    machine, own, start = machine_seconds(), time.process_time(), time.perf_counter()
    result = contender.run(data)
    seconds = time.perf_counter() - start
    others = machine_seconds() - machine - (time.process_time() - own)
    return seconds, max(0.0, others), result


def measured_first_run(contender, data):
    """The first run: warm-up, and the one whose memory is looked at."""
    before = memory_kib("VmRSS")
    reset_high_water()
    seconds, _, result = timed_run(contender, data)
    return {"seconds": seconds, "memory_bytes": 1024 * (memory_kib("VmHWM") - before)}, result


def work(name, task, library):
    """Obey the driver until it closes the pipe."""
    sys.path.insert(0, str(HERE))
    try:
        if name == "ritz":
            ctypes.CDLL(library)
    except OSError as error:
        send({"missing": str(error)})
        return
    import peers
    try:
        maker = peers.CONTENDERS[name].get(task["kind"])
        contender = maker(task, library)
    except (peers.Missing, OSError) as missing:
        send({"missing": str(missing)})
        return
    data, description = peers.load(task)
    # Nobody writes the input; torch warns of arrays that it could not write.
    for array in data if isinstance(data, tuple) else (data,):
        array.flags.writeable = name.startswith("torch")
    send({"ready": description})
    result = None
    for command in sys.stdin:
        if command == "first\n":
            answer, result = measured_first_run(contender, data)
            send(answer)
        elif command == "run\n":
            seconds, others, result = timed_run(contender, data)
            send({"seconds": seconds, "others": others})
        elif command == "facts\n":
            send({"libraries": blas_libraries(), "versions": versions(),
                  "report": getattr(contender, "report", {})})
        elif command == "error\n":
            if task["kind"] == "pca":
                send({"result": peers.packed(result)})
            elif task["kind"] == "lstsq":
                send({"error": peers.check_lstsq(task, data, result)})
            elif task["kind"] == "ridge":
                send({"error": peers.check_ridge(data, result)})
            elif task["kind"] == "triplets":
                send({"captured": peers.captured(task, data, result)})
            elif task["kind"] == "spmm":
                send({"error": peers.check_spmm(task, data, result)})
            else:
                send({"error": peers.check_dense(task["operation"], data, result)})
        elif command == "exact\n":
            send({"exact": peers.packed(peers.exact_components(data, task["k"]))})
        elif command == "most\n":
            send({"most": peers.most_captured(task, data)})


# ---- in the driver -------------------------------------------------------------------------------

class Worker:
    """A contender in a process of its own."""

    def __init__(self, name, task, options):
        environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads),
                           OPENBLAS_NUM_THREADS=str(options.threads),
                           MKL_NUM_THREADS=str(options.threads), PYTHONDONTWRITEBYTECODE="1")
        python = options.python if name != "ritz" and options.python else sys.executable
        self.name, self.seconds, self.error, self.first, self.facts = name, [], None, None, {}
        arguments = [python, str(HERE / "run_peers.py"), "--worker",
                     json.dumps([name, task, str(options.library)])]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=environment)

    def receive(self):
        """The next message."""
        head = self.process.stdout.read(8)
        if len(head) < 8:
            raise RuntimeError(f"the worker of {self.name} ended with status {self.process.wait()}")
        return pickle.loads(self.process.stdout.read(struct.unpack("<q", head)[0]))

    def ask(self, command):
        """Send a command and wait for the answer."""
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        return self.receive()

    def close(self):
        """Let the process end."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def open_workers(task, options):
    """The workers that can run this task, and why the others cannot."""
    workers, missing, description = [], {}, ""
    for name in task["contenders"]:
        if options.only and name != "ritz" and name not in options.only:
            continue
        worker = Worker(name, task, options)
        answer = worker.receive()
        if "missing" in answer and name == "ritz":
            sys.exit(f"run_peers.py: ritz: {answer['missing']}")
        if "missing" in answer:
            missing[name] = answer["missing"]
            worker.close()
        else:
            description = answer["ready"]
            workers.append(worker)
    return workers, missing, description


def judge(task, workers):
    """The error of each contender's last answer."""
    if task["kind"] == "triplets":
        most = workers[0].ask("most")["most"]
        for worker in workers:    # rounding must not make an exact answer a negative deficit
            worker.error = abs(1 - worker.ask("error")["captured"] / most)
        return
    if task["kind"] != "pca":
        for worker in workers:
            worker.error = worker.ask("error")["error"]
        return
    sys.path.insert(0, str(HERE))
    import peers
    exact = peers.unpacked(workers[0].ask("exact")["exact"])
    for worker in workers:
        worker.error = peers.check_pca(exact, peers.unpacked(worker.ask("error")["result"]))


def wait_until_idle(deadline):
    """Return when hardly anything runs, or at the deadline."""
    while time.monotonic() < deadline:
        before = machine_seconds()
        time.sleep(2 * PAUSE)
        if machine_seconds() - before <= 0.02:
            return


def one_round(workers, first):
    """Each contender once; who follows whom differs from round to round."""
    answers = {}
    for worker in workers[first:] + workers[:first]:
        time.sleep(PAUSE)
        answers[worker.name] = worker.ask("run")
    return answers


def is_quiet(answers):
    """Did others use less than a tenth of each run? The kernel counts in steps of 10 ms."""
    return all(answer["others"] <= 0.1 * answer["seconds"] + 0.02 for answer in answers.values())


def rounds(workers, options):
    """First run of each, then rounds of all. True if only quiet rounds count."""
    for worker in workers:
        worker.first = worker.ask("first")
    quiet, disturbed = [], []
    start = time.monotonic()
    while len(quiet) < options.max_rounds:
        done = len(quiet) + len(disturbed)
        if done >= options.min_rounds and time.monotonic() - start > options.seconds:
            break
        wait_until_idle(start + options.seconds)
        answers = one_round(workers, done % len(workers))
        (quiet if is_quiet(answers) else disturbed).append(answers)
    enough = len(quiet) >= options.min_rounds
    for worker in workers:
        worker.seconds = [answers[worker.name]["seconds"]
                          for answers in (quiet if enough else quiet + disturbed)]
    return enough


def quartiles(values):
    """Median and quartiles."""
    low, middle, high = (statistics.quantiles(values, n=4, method="inclusive")
                         if len(values) > 1 else values * 3)
    return {"median": middle, "q1": low, "q3": high, "samples": len(values)}


def acceptable(name, task, error):
    """Is the answer good enough for its time to be shown? In PCA the sine is shown beside the time,
    because peers trade it for speed; Ritz has to be right."""
    if task["kind"] == "ridge":    # RidgeCV squares A
        return error <= (30 if name == "ritz" else 1e6)
    if task["kind"] == "triplets":
        return error <= (1e-5 if name == "ritz" else 1)
    if task["kind"] != "pca":
        return error <= 30
    return error <= (1e-4 if name == "ritz" else 1 + 1e-9)


def summarise(task, workers):
    """One dictionary for each contender. A wrong answer has no time."""
    ritz = next(worker for worker in workers if worker.name == "ritz")
    entries = []
    for worker in workers:
        entry = {"name": worker.name, "error": worker.error,
                 "ok": acceptable(worker.name, task, worker.error),
                 "seconds": None, "ratio": None, "memory_bytes": None, **worker.ask("facts")}
        if entry["ok"]:
            entry["seconds"] = quartiles(worker.seconds)
            entry["first_seconds"] = worker.first["seconds"]
            entry["memory_bytes"] = worker.first["memory_bytes"]
            entry["ratio"] = quartiles([theirs / ours for theirs, ours
                                        in zip(worker.seconds, ritz.seconds)])
        entries.append(entry)
    return entries


def show(name, description, task, entries, missing):
    """The table of one task."""
    error = {"pca": "sine", "triplets": "deficit", "spmm": "error/eps"}.get(task["kind"],
                                                                            "error/n eps")
    print(f"\n{name}: {description} {task['dtype']}" +
          (f", k = {task['k']}" if "k" in task else ""))
    print(f"{'':20}{'median s':>10}{'spread':>9}{'x Ritz':>9}{'quartiles':>16}{'memory MB':>11}"
          f"{error:>13}")
    for entry in entries:
        if not entry["ok"]:
            print(f"{entry['name']:20}WRONG: {error} {entry['error']:.2g}")
            continue
        seconds, ratio = entry["seconds"], entry["ratio"]
        spread = (seconds["q3"] - seconds["q1"]) / seconds["median"]
        print(f"{entry['name']:20}{seconds['median']:10.4f}{spread:9.1%}{ratio['median']:9.2f}"
              f"{ratio['q1']:8.2f}{ratio['q3']:8.2f}{entry['memory_bytes'] / 1e6:11.1f}"
              f"{entry['error']:13.1e}")
    for contender, why in missing.items():
        print(f"{contender:20}not run: {why}")
    for entry in entries:
        if entry["name"] == "ritz" and entry["report"]:
            print(f"ritz: {entry['report']['method']}: {entry['report']['reason']}")
            if entry["report"]["warning"]:
                print(f"ritz warns: {entry['report']['warning']}")


def compare(name, task, options):
    """Run one task; its JSON object."""
    workers, missing, description = open_workers(task, options)
    try:
        quiet = rounds(workers, options)
        judge(task, workers)
        entries = summarise(task, workers)
    finally:
        for worker in workers:
            worker.close()
    show(name, description, task, entries, missing)
    if not quiet:
        print("Other programs were running: these times are not reliable.")
    return {"name": name, "data": description, "task": task, "quiet": quiet, "contenders": entries,
            "missing": missing}


def newest_library():
    """libritz.so of the build trees of this checkout."""
    found = sorted(HERE.parent.glob("build/*/lib/libritz.so"), key=lambda p: p.stat().st_mtime)
    return found[-1] if found else "libritz.so"


def parse_arguments():
    """Options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK",
                        help="tasks by name, or parts of names (default: %s)" % " ".join(DEFAULT))
    parser.add_argument("--large", action="store_true", help="also the million-row PCA")
    parser.add_argument("--all", action="store_true", help="every task")
    parser.add_argument("--list", action="store_true", help="print the names of the tasks and stop")
    parser.add_argument("--only", action="append", metavar="CONTENDER",
                        help="only these beside Ritz; can be repeated")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=90,
                        help="time limit of a task (%(default)s)")
    parser.add_argument("--min-rounds", type=int, default=5)
    parser.add_argument("--max-rounds", type=int, default=25)
    parser.add_argument("--library", type=pathlib.Path, default=newest_library(),
                        help="libritz.so (default: the newest in build/*/lib)")
    parser.add_argument("--python", help="interpreter of the peers, such as that of a virtual "
                        "environment with newer ones; Ritz stays with this one")
    parser.add_argument("--json", type=pathlib.Path, help="also write the results here")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


def chosen(options):
    """The tasks that the options name."""
    if options.all:
        return list(TASKS)
    if not options.tasks:
        return DEFAULT + (LARGE if options.large else [])
    everything = {**TASKS, **TINY}
    return [name for name in everything if any(part in name for part in options.tasks)
            and (name in TASKS or name in options.tasks)]


def main():
    """Run the tasks; fails if Ritz's answer was wrong."""
    options = parse_arguments()
    if options.worker:
        work(*json.loads(options.worker))
        return 0
    if options.list:
        print("\n".join(TASKS))
        return 0
    names = chosen(options)
    if not names:
        print("run_peers.py: no task has such a name; see --list", file=sys.stderr)
        return 2
    run = {"format": 1, "machine": platform.processor() or platform.machine(),
           "threads": options.threads, "openblas_coretype": os.environ.get("OPENBLAS_CORETYPE", ""),
           "load": {"before": os.getloadavg()[0]}, "tasks": []}
    print(f"{options.threads} threads, load {run['load']['before']:.1f}"
          f", OPENBLAS_CORETYPE={run['openblas_coretype'] or '(not set)'}")
    for name in names:
        run["tasks"].append(compare(name, {**TASKS, **TINY}[name], options))
        run["load"]["after"] = os.getloadavg()[0]
        if options.json:
            options.json.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    wrong = [task["name"] for task in run["tasks"] for entry in task["contenders"]
             if entry["name"] == "ritz" and not entry["ok"]]
    return 1 if wrong else 0


if __name__ == "__main__":
    # The worker's messages go through a private copy of standard output: libraries may print.
    if "--worker" in sys.argv:
        CHANNEL = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
    sys.exit(main())
