/* Questions to the CUDA runtime.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gpu/probes.h"

enum { BYTES = 1 << 20, LARGE = 50 };

/* ---- streams --------------------------------------------------------------------------------- */

/* What another stream does while `busy` is. */
static void work_beside(struct rig *r, cudaStream_t busy, const char *name, struct finding *f)
{
    cudaStream_t other;
    void *p = take(r, BYTES);
    need(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    hold(busy);
    need(cudaMemsetAsync(p, 1, BYTES, other));
    need(cudaStreamSynchronize(other));
    const bool meanwhile = is_held();
    judge(f, meanwhile, "beside %s it %s", name, meanwhile ? "finishes" : "WAITS");
    need(cudaStreamSynchronize(busy));
    need(cudaStreamDestroy(other));
}

static void streams_independent(struct rig *r, struct finding *f)
{
    work_beside(r, r->stream, "another stream", f);
    work_beside(r, NULL, "the legacy stream", f);
}

struct copy {
    void *device, *host;
};

static void copy_rectangle(struct rig *r, void *context)
{
    const struct copy *c = context;
    need(cudaMemcpy2DAsync(c->host, 1024, c->device, 2048, 512, 256, cudaMemcpyDeviceToHost,
                           r->stream));
}

static void pinned_rectangle(struct rig *r, struct finding *f)
{
    struct copy c = {take(r, BYTES), NULL};
    need(cudaMallocHost(&c.host, BYTES));
    const bool early = returns_while_busy(r, copy_rectangle, &c);
    judge(f, early, "the call %s", early ? "returns at once" : "waits for the stream");
    need(cudaFreeHost(c.host));
}

static void pageable_in_capture(struct rig *r, struct finding *f)
{
    cudaGraph_t graph = NULL;
    void *device = take(r, BYTES), *host = calloc(BYTES, 1);
    if (!host) abort();
    need(cudaStreamBeginCapture(r->stream, cudaStreamCaptureModeGlobal));
    const cudaError_t copy =
        cudaMemcpyAsync(device, host, BYTES, cudaMemcpyHostToDevice, r->stream);
    const cudaError_t end = cudaStreamEndCapture(r->stream, &graph);
    say(f, "the copy returns %s, the end of the capture %s", cudaGetErrorName(copy),
        cudaGetErrorName(end));
    free(host);
}

static void pageable_download(struct rig *r, struct finding *f)
{
    void *device = take(r, BYTES), *host = calloc(BYTES, 1);
    if (!host) abort();
    need(cudaMemsetAsync(device, 7, BYTES, r->stream));
    hold(r->stream);
    need(cudaMemcpyAsync(host, device, BYTES, cudaMemcpyDeviceToHost, r->stream));
    const bool early = is_held();
    say(f, "the call %s", early ? "returns at once" : "waits for the copy");
    wait_for(r);
    free(host);
}

/* ---- rates ----------------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t)) abort();
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* GB/s, the best of a few times. */
static double copy_rate(struct rig *r, void *to, const void *from, size_t bytes,
                        enum cudaMemcpyKind kind)
{
    double best = 0;
    for (int i = 0; i < 4; i++) {
        const double start = now();
        need(cudaMemcpyAsync(to, from, bytes, kind, r->stream));
        wait_for(r);
        best = fmax(best, 1e-9 * (double)bytes / (now() - start));
    }
    return best;
}

static void copy_rates(struct rig *r, struct finding *f)
{
    enum { COPIED = 64 * BYTES };
    void *a = take(r, COPIED), *b = take(r, COPIED), *pinned = NULL, *ordinary = calloc(COPIED, 1);
    if (!ordinary) abort();
    need(cudaMallocHost(&pinned, COPIED));
    memset(pinned, 1, COPIED);
    say(f, "GB/s: page-locked to device %.1f, back %.1f; ",
        copy_rate(r, a, pinned, COPIED, cudaMemcpyHostToDevice),
        copy_rate(r, pinned, a, COPIED, cudaMemcpyDeviceToHost));
    say(f, "ordinary to device %.1f, back %.1f; ",
        copy_rate(r, a, ordinary, COPIED, cudaMemcpyHostToDevice),
        copy_rate(r, ordinary, a, COPIED, cudaMemcpyDeviceToHost));
    say(f, "on the device %.1f", copy_rate(r, b, a, COPIED, cudaMemcpyDeviceToDevice));
    need(cudaFreeHost(pinned));
    free(ordinary);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* A pool as Ritz makes it: it keeps what it has, and takes no memory from another stream's
 * future. */
static cudaMemPool_t open_pool(void)
{
    cudaMemPool_t pool = NULL;
    struct cudaMemPoolProps props;
    uint64_t keep = UINT64_MAX;
    int no = 0;
    memset(&props, 0, sizeof props);
    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    need(cudaMemPoolCreate(&pool, &props));
    need(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep));
    need(cudaMemPoolSetAttribute(pool, cudaMemPoolReuseAllowInternalDependencies, &no));
    return pool;
}

static void take_and_give_back(struct rig *r, void *pool)
{
    void *p = NULL;
    need(cudaMallocFromPoolAsync(&p, BYTES, pool, r->stream));
    need(cudaMemsetAsync(p, 0, BYTES, r->stream));
    need(cudaFreeAsync(p, r->stream));
}

static void pool_returns(struct rig *r, struct finding *f)
{
    cudaMemPool_t pool = open_pool();
    const bool early = returns_while_busy(r, take_and_give_back, pool);
    judge(f, early, "allocation and release %s", early ? "return at once" : "wait for the stream");
    need(cudaMemPoolDestroy(pool));
}

static size_t free_memory(void)
{
    size_t available = 0, total = 0;
    need(cudaMemGetInfo(&available, &total));
    return available;
}

static void pool_keeps(struct rig *r, struct finding *f)
{
    cudaMemPool_t pool = open_pool();
    take_and_give_back(r, pool);
    wait_for(r);
    const size_t before = free_memory();
    for (int i = 0; i < 100; i++) {
        take_and_give_back(r, pool);
        wait_for(r);
    }
    const size_t after = free_memory();
    judge(f, after >= before, "free memory goes from %zu to %zu bytes in a hundred turns", before,
          after);
    need(cudaMemPoolDestroy(pool));
}

static void pool_alignment(struct rig *r, struct finding *f)
{
    cudaMemPool_t pool = open_pool();
    uintptr_t bits = 0;
    void *p[8];
    for (size_t i = 0; i < 8; i++) {
        need(cudaMallocFromPoolAsync(&p[i], 1 + 24 * i, pool, r->stream));
        bits |= (uintptr_t)p[i];
    }
    for (size_t i = 0; i < 8; i++) need(cudaFreeAsync(p[i], r->stream));
    wait_for(r);
    judge(f, bits % 256 == 0, "addresses are multiples of %zu", (size_t)(bits & (0 - bits)));
    need(cudaMemPoolDestroy(pool));
}

static const char *kind_of(const void *p)
{
    struct cudaPointerAttributes a;
    memset(&a, 0, sizeof a);
    const cudaError_t code = cudaPointerGetAttributes(&a, p);
    if (code != cudaSuccess) return cudaGetErrorName(code);
    switch (a.type) {
    case cudaMemoryTypeUnregistered: return "ordinary";
    case cudaMemoryTypeHost: return "page-locked";
    case cudaMemoryTypeDevice: return "device";
    default: return "managed";
    }
}

static void pointer_kinds(struct rig *r, struct finding *f)
{
    cudaMemPool_t pool = open_pool();
    void *device = NULL, *pinned = NULL, *ordinary = malloc(64);
    if (!ordinary) abort();
    need(cudaMallocFromPoolAsync(&device, 64, pool, r->stream));
    need(cudaMallocHost(&pinned, 64));
    judge(f, strcmp(kind_of(device), "device") == 0, "memory of a pool is %s", kind_of(device));
    judge(f, strcmp(kind_of(pinned), "page-locked") == 0, "of cudaMallocHost %s", kind_of(pinned));
    judge(f, strcmp(kind_of(ordinary), "ordinary") == 0, "of malloc %s", kind_of(ordinary));
    need(cudaFreeAsync(device, r->stream));
    need(cudaFreeHost(pinned));
    wait_for(r);
    need(cudaMemPoolDestroy(pool));
    free(ordinary);
}

static void nothing_allocated(struct rig *r, struct finding *f)
{
    cudaMemPool_t pool = open_pool();
    void *p = &pool;
    const cudaError_t taken = cudaMallocFromPoolAsync(&p, 0, pool, r->stream);
    say(f, "an allocation of 0 bytes returns %s and %s address", cudaGetErrorName(taken),
        p == &pool ? "leaves the" : (p ? "an" : "no"));
    const cudaError_t given = cudaFreeAsync(NULL, r->stream);
    say(f, "; cudaFreeAsync of NULL returns %s", cudaGetErrorName(given));
}

static void take_device_memory(struct rig *r, void *context)
{
    void **p = context;
    (void)r;
    if (*p) need(cudaFree(*p));
    need(cudaMalloc(p, LARGE * (size_t)BYTES));
}

static void take_host_memory(struct rig *r, void *context)
{
    void **p = context;
    (void)r;
    if (*p) need(cudaFreeHost(*p));
    need(cudaMallocHost(p, BYTES));
}

static void allocation_waits(struct rig *r, struct finding *f)
{
    void *device = NULL, *pinned = NULL;
    const bool device_early = returns_while_busy(r, take_device_memory, &device);
    const bool host_early = returns_while_busy(r, take_host_memory, &pinned);
    say(f, "cudaFree with cudaMalloc %s, cudaFreeHost with cudaMallocHost %s",
        device_early ? "returns at once" : "waits", host_early ? "returns at once" : "waits");
    need(cudaFree(device));
    need(cudaFreeHost(pinned));
}

#define RUNTIME "CUDA Runtime API, "
const struct probe runtime_probes[] = {
    {"streams_independent", "Does a stream finish its work while another one is busy?",
     "yes, beside the legacy stream as well, if it was created as non-blocking",
     "CUDA C++ Programming Guide, Streams", EMULATED, streams_independent},
    {"pinned_rectangle", "Does a strided copy to page-locked memory return before it is done?",
     "yes", RUNTIME "API synchronization behavior, Memcpy", EMULATED, pinned_rectangle},
    {"pageable_download", "Does an asynchronous copy to ordinary memory wait for the stream?",
     "nothing: such copies go through a page-locked ring",
     RUNTIME "API synchronization behavior, Memcpy", EMULATED, pageable_download},
    {"pageable_in_capture", "Can a copy from ordinary memory be captured?",
     "nothing: Ritz refuses it", RUNTIME "Graph Management", GPU_ONLY, pageable_in_capture},
    {"copy_rates", "How fast are copies of 64 MiB?",
     "nothing: for those who read other times of this machine",
     "CUDA C++ Best Practices Guide, Data Transfer Between Host and Device", EMULATED, copy_rates},
    {"pool_returns", "Do allocation from a pool and release return while the stream is busy?",
     "yes, after the first time", RUNTIME "Stream Ordered Memory Allocator", EMULATED,
     pool_returns},
    {"pool_keeps", "Does a pool with the largest release threshold keep its memory?",
     "yes, over any number of synchronisations", RUNTIME "Stream Ordered Memory Allocator",
     EMULATED, pool_keeps},
    {"pool_alignment", "How is memory of a pool aligned?", "to 256 bytes",
     "CUDA C++ Programming Guide, Device Memory Accesses", EMULATED, pool_alignment},
    {"pointer_kinds", "Does cudaPointerGetAttributes tell the kinds of memory apart?",
     "yes, and it succeeds for ordinary memory", RUNTIME "Unified Addressing", EMULATED,
     pointer_kinds},
    {"nothing_allocated", "What becomes of allocations of no bytes, and of a release of NULL?",
     "nothing: Ritz makes neither", RUNTIME "Stream Ordered Memory Allocator", GPU_ONLY,
     nothing_allocated},
    {"allocation_waits", "Do the old allocation functions wait for a busy stream?",
     "nothing: they are called only where a matrix, a stream or a device is made or ends",
     RUNTIME "Memory Management", EMULATED, allocation_waits},
};
const size_t runtime_probe_count = sizeof runtime_probes / sizeof *runtime_probes;
