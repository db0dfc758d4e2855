/* GPUs: whether there are any, and why not; opening one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cuda.h"

enum { LEAST_COMPUTE = 75 };

/* Why cudaGetDeviceCount failed, in the user's terms. */
static ritz_status explain(cudaError_t code)
{
    int driver = 0;
    (void)cudaDriverGetVersion(&driver);
    switch (code) {
    case cudaErrorInsufficientDriver:
        if (driver == 0) return ritz_fail(RITZ_ERR_UNAVAILABLE, "there is no NVIDIA driver");
        return ritz_fail(
            RITZ_ERR_UNAVAILABLE,
            "the NVIDIA driver is too old: it supports CUDA %d.%d and Ritz was built with "
            "CUDA %d.%d; update the driver",
            driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    case cudaErrorStubLibrary:
        return ritz_fail(
            RITZ_ERR_UNAVAILABLE,
            "the CUDA toolkit's stub stands in for the driver; take lib64/stubs out of "
            "the library path");
    case cudaErrorNoDevice:
        return ritz_fail(RITZ_ERR_UNAVAILABLE,
                         "the driver finds no GPU (or CUDA_VISIBLE_DEVICES hides all of them)");
    default:
        return ritz_fail(RITZ_ERR_UNAVAILABLE,
                         "the CUDA runtime cannot start: cudaGetDeviceCount gives %s (%s)",
                         cudaGetErrorString(code), cudaGetErrorName(code));
    }
}

ritz_status cuda_device_count(int *count)
{
    *count = 0;
    const cudaError_t code = cudaGetDeviceCount(count);
    if (code != cudaSuccess) return explain(code);
    if (*count == 0) return explain(cudaErrorNoDevice);
    return RITZ_OK;
}

static ritz_status attribute(const struct cuda_device *g, enum cudaDeviceAttr which, int *value)
{
    *value = 0;
    return CUDA(cudaDeviceGetAttribute(value, which, g->index));
}

/* What Ritz needs of a GPU. */
static ritz_status examine(struct cuda_device *g)
{
    int major, minor, pools, shared;
    RITZ_TRY(attribute(g, cudaDevAttrComputeCapabilityMajor, &major));
    RITZ_TRY(attribute(g, cudaDevAttrComputeCapabilityMinor, &minor));
    RITZ_TRY(attribute(g, cudaDevAttrMemoryPoolsSupported, &pools));
    RITZ_TRY(attribute(g, cudaDevAttrMultiProcessorCount, &g->multiprocessors));
    RITZ_TRY(attribute(g, cudaDevAttrMaxSharedMemoryPerBlockOptin, &shared));
    g->compute = 10 * major + minor;
    g->shared_bytes = (size_t)shared;
    RITZ_REQUIRE(g->compute >= LEAST_COMPUTE, RITZ_ERR_UNAVAILABLE,
                 "GPU %d has compute capability %d.%d; %d.%d is the least that Ritz supports",
                 g->index, major, minor, LEAST_COMPUTE / 10, LEAST_COMPUTE % 10);
    RITZ_REQUIRE(pools, RITZ_ERR_UNAVAILABLE,
                 "GPU %d has no stream-ordered memory pools, which Ritz needs", g->index);
    return RITZ_OK;
}

/* A pool of its own, which keeps what is freed: the default pool belongs to the whole process. */
static ritz_status create_pool(struct cuda_device *g)
{
    struct cudaMemPoolProps props;
    memset(&props, 0, sizeof props);
    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    props.location.id = g->index;
    g->pool = NULL;
    RITZ_TRY(CUDA(cudaMemPoolCreate(&g->pool, &props)));
    uint64_t keep = UINT64_MAX;
    RITZ_TRY(CUDA(cudaMemPoolSetAttribute(g->pool, cudaMemPoolAttrReleaseThreshold, &keep)));
    /* No hidden waits between streams. */
    int no = 0;
    return CUDA(cudaMemPoolSetAttribute(g->pool, cudaMemPoolReuseAllowInternalDependencies, &no));
}

static ritz_status describe(const struct cuda_device *g, ritz_device_info *info)
{
    struct cudaDeviceProp props;
    size_t free_bytes = 0, total = 0;
    int blas = 0, solver = 0;
    memset(&props, 0, sizeof props);
    RITZ_TRY(CUDA(cudaGetDeviceProperties(&props, g->index)));
    RITZ_TRY(CUDA(cudaMemGetInfo(&free_bytes, &total)));
    RITZ_TRY(BLAS(cublasGetVersion(NULL, &blas)));
    RITZ_TRY(SOLVER(cusolverGetVersion(&solver)));
    info->kind = RITZ_DEVICE_CUDA;
    info->index = g->index;
    info->threads = g->multiprocessors;
    info->memory_bytes = (int64_t)total;
    snprintf(info->name, sizeof info->name, "%.64s (compute capability %d.%d)", props.name,
             g->compute / 10, g->compute % 10);
    snprintf(info->library, sizeof info->library, "CUDA %d.%d, cuBLAS %d.%d.%d, cuSOLVER %d.%d.%d",
             CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10, blas / 10000, blas / 100 % 100,
             blas % 100, solver / 1000, solver / 100 % 10, solver % 100);
    return RITZ_OK;
}

ritz_status cuda_device_open(ritz_device *dev, int index)
{
    int count = 0;
    RITZ_TRY(cuda_device_count(&count));
    RITZ_REQUIRE(index < count, RITZ_ERR_UNAVAILABLE, "there is no GPU %d; this machine has %d",
                 index, count);
    struct cuda_device *g = calloc(1, sizeof *g);
    RITZ_REQUIRE(g, RITZ_ERR_MEMORY, "no host memory for a device");
    g->index = index;
    if (pthread_mutex_init(&g->lock, NULL)) {
        free(g);
        return ritz_fail(RITZ_ERR_MEMORY, "no host memory for a device");
    }
    ritz_status rc;
    {
        __attribute__((cleanup(cuda_leave))) struct cuda_scope scope = {-1, NULL};
        RITZ_TRY_OUT(cuda_enter(g, &scope));
        RITZ_TRY_OUT(examine(g));
        RITZ_TRY_OUT(create_pool(g));
        RITZ_TRY_OUT(describe(g, &dev->info));
    }
    dev->impl = g;
    return RITZ_OK;
out:
    if (g->pool) (void)cudaMemPoolDestroy(g->pool);
    pthread_mutex_destroy(&g->lock);
    free(g);
    return rc;
}

static void destroy_handles(struct cuda_handles *h)
{
    if (h->params) (void)cusolverDnDestroyParams(h->params);
    if (h->solver) (void)cusolverDnDestroy(h->solver);
    if (h->blas) (void)cublasDestroy(h->blas);
    if (h->workspace) (void)cudaFree(h->workspace);
    free(h);
}

void cuda_device_close(ritz_device *dev)
{
    struct cuda_device *g = dev->impl;
    {
        CUDA_ENTER_TO_RELEASE(g);
        while (g->idle) {
            struct cuda_handles *h = g->idle;
            g->idle = h->next;
            destroy_handles(h);
        }
        (void)cudaMemPoolDestroy(g->pool);
    }
    pthread_mutex_destroy(&g->lock);
    free(g);
    dev->impl = NULL;
}

ritz_status cuda_device_set_threads(ritz_device *dev, int threads)
{
    (void)dev;
    return ritz_fail(RITZ_ERR_UNSUPPORTED, "threads is %d, but a GPU has no threads to set",
                     threads);
}
