/* Device memory in stream order, from Ritz's own pool; page-locked host memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cuda/cuda.h"

ritz_status cuda_allocate(ritz_stream *s, size_t bytes, void **p)
{
    struct cuda_device *g = cuda_device_of(s);
    *p = NULL;
    CUDA_ENTER(g);
    RITZ_TRY(cuda_not_in_capture(s,
                                 "memory, or more workspace, cannot be taken (make the same call "
                                 "once before the capture, or ritz_stream_reserve)"));
    cuda_release_deferred(s);
    const cudaError_t code = cudaMallocFromPoolAsync(p, bytes, g->pool, cuda_native(s));
    if (code != cudaErrorMemoryAllocation) return CUDA_CODE("cudaMallocFromPoolAsync", code);
    size_t free_bytes = 0, total = 0;
    (void)cudaMemGetInfo(&free_bytes, &total);
    return ritz_fail(
        RITZ_ERR_DEVICE_MEMORY,
        "cudaMallocFromPoolAsync: GPU %d is out of memory: %zu bytes are needed, %zu of "
        "%zu are free",
        g->index, bytes, free_bytes, total);
}

struct cuda_release {
    void *p;
    struct cuda_release *next;
};

/* Without host memory to note it, the memory is lost. */
static void defer(struct cuda_stream *c, void *p)
{
    struct cuda_release *r = malloc(sizeof *r);
    if (!r) return;
    *r = (struct cuda_release){p, c->releases};
    c->releases = r;
}

/* A graph can free only what it has allocated itself. */
void cuda_release(ritz_stream *s, void *p, size_t bytes)
{
    (void)bytes;
    CUDA_ENTER_TO_RELEASE(cuda_device_of(s));
    if (cuda_seems_capturing(s))
        defer(cuda_stream_of(s), p);
    else
        (void)cudaFreeAsync(p, cuda_native(s));
}

void cuda_release_deferred(ritz_stream *s)
{
    struct cuda_stream *c = cuda_stream_of(s);
    while (c->releases) {
        struct cuda_release *r = c->releases;
        c->releases = r->next;
        (void)cudaFreeAsync(r->p, cuda_native(s));
        free(r);
    }
}

ritz_status cuda_host_allocate(ritz_device *dev, size_t bytes, void **p)
{
    *p = NULL;
    CUDA_ENTER((struct cuda_device *)dev->impl);
    const cudaError_t code = cudaMallocHost(p, bytes);
    RITZ_REQUIRE(code != cudaErrorMemoryAllocation, RITZ_ERR_MEMORY,
                 "cudaMallocHost: no %zu bytes of page-locked host memory", bytes);
    return CUDA_CODE("cudaMallocHost", code);
}

void cuda_host_release(ritz_device *dev, void *p)
{
    CUDA_ENTER_TO_RELEASE((struct cuda_device *)dev->impl);
    (void)cudaFreeHost(p);
}
