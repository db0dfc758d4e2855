/* What the parts of the emulation share. Test code only; nothing of it is installed.
 *
 * All entry points of the emulated libraries take one lock, so the emulation's state needs no
 * other. Device
 * work ("ops") waits in FIFO queues, one per stream, and runs on a thread that calls into the
 * emulation: at a
 * synchronisation, or earlier, as the mode says. While ops run, device memory is accessible; on
 * return to the
 * caller it is closed again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_EMU_INT_H
#define RITZ_TESTS_CUDAEMU_EMU_INT_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cuda_runtime_api.h>

#include "emu.h"

namespace emu
{

/* What the test or the environment wished (control.cpp). Reading it needs no lock inside a Call. */
struct Settings {
    uint64_t seed;
    enum emu_order_kind order;
    enum emu_mode_kind mode;
    enum emu_profile profile;
    int devices;
    size_t capacity;    /* of each device's memory */
    unsigned forbidden; /* enum emu_forbidden */
    bool guard, trace;
};
const Settings &settings();

/* ---- calls (fault.cpp, count.cpp) ------------------------------------------------------------ */

/* Every emulated function begins with one of these. The constructor takes the lock, counts and
 * numbers the call,
 * writes the trace line; in mode `early` or `random` the destructor runs queued ops; it closes the
 * arenas and gives
 * the lock back. Calls may nest (a library call that copies): only the outermost counts. */
enum CallKind : unsigned {
    PLAIN = 0,
    SYNCHRONISES = 1, /* documented: counted as an explicit synchronisation */
    HIDDEN_SYNC = 2,  /* synchronises without being asked to: counted apart */
    ALLOCATES = 4,
    FREES = 8,
    NOT_IN_CAPTURE = 16, /* fails and invalidates a capture */
    INFALLIBLE = 32      /* never gets an injected failure (destroy, free, get-last-error) */
};
class Call
{
  public:
    Call(const char *name, unsigned kind);
    ~Call();
    Call(const Call &) = delete;
    /* True if this call is to fail as the test wished; `status` then receives the wished code,
     * or `otherwise`. */
    bool injected(int *status, int otherwise);
    const char *name() const
    {
        return name_;
    }
    unsigned kind() const
    {
        return kind_;
    }

  private:
    const char *name_;
    unsigned kind_;
    bool outermost_;
};

/* What CUDA does not allow: prints kind and text with seed, orders and mode, and aborts the
 * process, unless the test
 * expects violations (emu_collect): then it is recorded and the caller goes on to return an error
 * status. `kind` is one
 * word: "ld", "host-pointer", "freed", "other-device", "workspace", "range", "handle", "alignment",
 * "overlap",
 * "enum", "capture", "race", "uninitialised", "barrier", "shared", "leak", "sticky", ... */
void violation(const char *kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A seeded stream of choices: [0, n). One per purpose, so that one use does not shift another. */
enum class Choice {
    BlockOrder,
    ThreadOrder,
    StreamOrder,
    Sign,
    Summation,
    WorkspaceSize,
    Poison,
    Other
};
uint32_t choose(Choice purpose, uint32_t n);

/* `function` is called by emu_reset: for the state of other parts of the emulation. */
void at_reset(void (*function)());

/* Results set by the test (emu_set_info, emu_poison_output): true if this call's `info` is to
 * become *value. Ask at the
 * call, not in the closure: k counts the calls of that name so far. */
bool forced_info(const char *name, int *value);
bool forced_poison(const char *name);

/* For what is only known after the Call began (a host result, a pageable copy): counts a
 * synchronisation, and complains
 * where the test forbids it. Waiting is the caller's business (synchronise). */
void note_sync(const char *why, bool hidden);

/* ---- handles (handle.cpp): whatever a create call makes and a destroy call ends -------------- */

/* A handle value for `object`: not dereferenceable, and never given out again before emu_reset.
 * `kind` is a word for
 * messages and for the list of leaks ("stream", "event", "cuBLAS handle"). */
void *make_handle(const char *kind, void *object);
/* The object behind a handle; violation "handle" (never made, destroyed, of another kind) and
 * nullptr otherwise. */
void *handle_object(const void *handle, const char *kind);
/* Destroys it: returns its object, or nullptr after a violation "handle". */
void *retire_handle(void *handle, const char *kind);

/* ---- memory (memory.cpp) --------------------------------------------------------------------- */

enum class Space { Host, Pinned, Device };
struct Allocation {
    char *p;
    size_t bytes;
    Space space;
    int device;
    uint64_t id;
    bool freed;         /* by a call that has been made: no later call may name it */
    bool gone;          /* that free has also run, in stream order: no running op may touch it */
    std::string origin; /* call and backtrace of the allocation */
};
/* The allocation that contains p (live, or the last one freed there), or nullptr for ordinary
 * host memory. */
const Allocation *find(const void *p);
/* The device whose arena holds this address (allocated or not), or -1. */
int arena_device(const void *p);
/* For messages: "12 bytes past the end of 400 bytes of device 0, allocated by cudaMalloc at
 * ...". */
std::string locate(const void *p);

enum class Access { Read, Write, ReadWrite };

/* A device range that a call names: `count` pieces of `width` bytes, `pitch` bytes apart, in
 * `batch` copies `batch_pitch` bytes apart. */
struct Range {
    const char *what; /* argument name: "A", "workspace" */
    const void *p;
    size_t width, pitch, count;
    size_t batch_pitch, batch;
    Access access;
};
Range range(const char *what, const void *p, size_t bytes, Access access);
/* Column-major: `rows` elements of `size` bytes at `ld`, `cols` columns, `batch` items at
 * `stride` elements. */
Range matrix(const char *what, const void *p, size_t size, int64_t rows, int64_t cols, int64_t ld,
             int64_t stride, int64_t batch, Access access);

/* At the call: lies inside one live allocation of `device`? Violations "host-pointer", "freed",
 * "other-device", "range".
 * False if a violation was recorded. An empty range is fine with any pointer. */
bool check_range(const Range &r, int device);
/* The same for a host argument (h): not device memory, not NULL. */
bool check_host(const char *what, const void *p, size_t bytes);
/* Overlap of two ranges (conservative on pitches: exact pieces are compared). */
bool overlap(const Range &a, const Range &b);

/* While an op runs: the op reads or writes this range now. Checks life, initialised bytes
 * ("uninitialised") for reads, and the
 * order of streams against earlier accesses ("race"); marks bytes as written. */
void touch(const Range &r);
/* The same for workspace of a library: what it moves there is not known, and not counted. */
void touch_workspace(const Range &r);

/* The same for one access of a running kernel, fast and without messages: the access checker finds
 * the allocation
 * itself, reports with the kernel's source line, and takes the text from describe(). `size` is
 * any number of bytes. */
enum class Finding { Fine, Uninitialised, Race };
Finding touch_cell(const void *p, size_t size, Access access);
std::string
describe(Finding
             /* of the last touch_cell that was not Fine: "written by 'cudaMemsetAsync' (stream 2,
         * ...)" */
             f);
/* Fill with the pattern of memory that nobody wrote, and mark it so. */
void poison(void *p, size_t bytes);

/* Make device memory accessible for the current thread's ops; nests. */
void open_arenas();
void close_arenas();

/* Bookkeeping for memory.cpp's users in runtime.cpp. */
cudaError_t allocate_device(void **p, size_t bytes, int device, const char *origin);
cudaError_t allocate_pinned(void **p, size_t bytes);
bool release(void *p, Space space);

/* ---- streams (stream.cpp) -------------------------------------------------------------------- */

struct Stream;
/* The stream behind a handle (also 0, legacy and per-thread); violation "handle" and nullptr if
 * it is none. */
Stream *stream_of(cudaStream_t handle);
int device_of(const Stream *s);
bool capturing(const Stream *s);
/* Queue an op. `name` for traces; the closure runs later, under the lock with arenas open: once, or
 * in a stream that is capturing a copy of it at each launch of the graph. If the stream's device is
 * dead (sticky error), nothing is queued. Injected asynchronous failures (emu_fail_async)
 * replace the closure. */
void enqueue(Stream *s, const char *name, std::function<void()> op);
/* For calls that take no stream and are made while one is capturing (NOT_IN_CAPTURE), graph.cpp: a
 * violation "capture" that invalidates the capture, and cudaErrorStreamCaptureUnsupported. */
cudaError_t forbidden_in_capture(const Call &call);
/* The stream of a call that enqueues: nullptr, after a violation where there is reason, with
 * *error: no stream; a capture that was invalidated; the legacy stream beside a blocking one that
 * is capturing. */
Stream *stream_for_work(cudaStream_t handle, cudaError_t *error);
/* If the stream is capturing: a violation "capture" that says why this cannot be captured. */
cudaError_t not_captured(Stream *s, const char *why);
/* Run everything up to now on one stream (and what it waits for). */
cudaError_t synchronise(Stream *s);
cudaError_t synchronise_device(int device);
/* The error that earlier asynchronous work left on the device: cudaSuccess, or a code; sticky
 * ones stay. */
cudaError_t pending_error(int device);
void raise_async(int device, cudaError_t code); /* from inside an op */

/* Vector clocks: epoch of the running op on its stream; used by the race check. */
struct Clock {
    std::vector<uint64_t> at; /* index: stream number; 0 is the host */
};
struct Running { /* the op that runs at this moment */
    const char *name;
    int device;
    uint32_t stream;    /* number */
    uint64_t epoch;     /* of this op on its stream */
    const Clock *clock; /* everything it is ordered after */
    uint32_t id;        /* of this op, in all queues; never 0 */
};
extern Running *running; /* nullptr outside ops */

/* ---- current device and last error (runtime.cpp) --------------------------------------------- */

int current_device();
cudaError_t
remember(cudaError_t code); /* sets the thread's last error if not success; returns code */

/* ---- kernels (simt.cpp) ---------------------------------------------------------------------- */

/* Run a grid now (called from inside an op). `thread` runs one thread of the kernel; the
 * arguments are captured in it. */
struct Grid {
    const char *name;
    dim3 grid, block;
    size_t dynamic_shared;
    std::function<void()> thread;
    const void *key = nullptr; /* the kernel's address */
    bool checked = false;      /* compiled so that access.cpp sees each of its accesses */
};
void run_grid(const Grid &g);
/* False once a kernel has run that was not: then nobody can tell which memory was written, until
 * emu_reset. */
bool writes_are_known();

/* The launch that RITZ_LAUNCH makes, as a runtime call named cudaLaunchKernelExC (runtime.cpp):
 * limits, counting,
 * injection, then run_grid in stream order. `key` is the kernel's address, as given to
 * cudaFuncSetAttribute. */
cudaError_t launch(const void *key, const Grid &g, cudaStream_t stream);
/* Dynamic shared memory that `key` may use on `device`: 48 KiB, or what cudaFuncSetAttribute
 * set. */
size_t dynamic_shared_limit(const void *key, int device);
/* Hard limits of the emulated devices. */
constexpr size_t SHARED_PER_BLOCK = 48 * 1024, SHARED_PER_BLOCK_OPTIN = 99 * 1024;

/* ---- counters (count.cpp): see emu.h for what the test reads --------------------------------- */

void count_launch(const char *kernel);
void count_bytes(cudaMemcpyKind kind, size_t bytes);
void count_memset(size_t bytes);
void count_flops(double flops);
void count_kernel_bytes(size_t read, size_t written);
void count_library_op();
void count_traffic(size_t fetched, size_t stored); /* of one op */

} // namespace emu

#endif
