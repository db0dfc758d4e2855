/* What probes work with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gpu/probes.h"

/* What Ritz gives cuBLAS on this GPU: see src/cuda/stream.c. */
static size_t blas_bytes(void)
{
    int major = 0;
    need(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
    return (size_t)(major >= 9 ? 32 : 4) << 20;
}

void open_rig(struct rig *r)
{
    memset(r, 0, sizeof *r);
    need(cudaSetDevice(0));
    need(cudaStreamCreateWithFlags(&r->stream, cudaStreamNonBlocking));
    need(cublasCreate(&r->blas));
    need(cusolverDnCreate(&r->solver));
    need(cusolverDnCreateParams(&r->params));
    need(cublasSetStream(r->blas, r->stream));
    need(cudaMalloc(&r->workspace, WORKSPACE_BYTES));
    need(cublasSetWorkspace(r->blas, r->workspace, blas_bytes()));
    need(cublasSetPointerMode(r->blas, CUBLAS_POINTER_MODE_HOST));
    need(cublasSetAtomicsMode(r->blas, CUBLAS_ATOMICS_NOT_ALLOWED));
    need(cublasSetMathMode(r->blas, CUBLAS_DEFAULT_MATH));
    need(cusolverDnSetStream(r->solver, r->stream));
    need(cusolverDnSetDeterministicMode(r->solver, CUSOLVER_DETERMINISTIC_RESULTS));
}

void close_rig(struct rig *r)
{
    wait_for(r);
    need(cusolverDnDestroyParams(r->params));
    need(cusolverDnDestroy(r->solver));
    need(cublasDestroy(r->blas));
    release_all(r);
    need(cudaFree(r->workspace));
    need(cudaStreamDestroy(r->stream));
}

/* ---- memory ---------------------------------------------------------------------------------- */

void *take(struct rig *r, size_t bytes)
{
    void *p = NULL;
    if (r->count == (int)(sizeof r->taken / sizeof *r->taken)) abort();
    need(cudaMalloc(&p, bytes));
    r->taken[r->count++] = p;
    need(cudaMemsetAsync(p, 0, bytes, r->stream));
    wait_for(r);
    return p;
}

void release_all(struct rig *r)
{
    wait_for(r);
    while (r->count > 0) need(cudaFree(r->taken[--r->count]));
}

/* In the rig's stream: cudaMemcpy would use another, and may return before its copy has arrived. */
void put(struct rig *r, void *device, const void *host, size_t bytes)
{
    need(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, r->stream));
    wait_for(r);
}

void fetch(struct rig *r, void *host, const void *device, size_t bytes)
{
    need(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, r->stream));
    wait_for(r);
}

double *take_f64(struct rig *r, const double *values, size_t count)
{
    double *p = take(r, count * sizeof *p);
    put(r, p, values, count * sizeof *p);
    return p;
}

static float *allocate_floats(size_t count)
{
    float *values = calloc(count, sizeof *values);
    if (!values) abort();
    return values;
}

float *take_f32(struct rig *r, const double *values, size_t count)
{
    float *p = take(r, count * sizeof *p), *rounded = allocate_floats(count);
    for (size_t i = 0; i < count; i++) rounded[i] = (float)values[i];
    put(r, p, rounded, count * sizeof *p);
    free(rounded);
    return p;
}

void fetch_f64(struct rig *r, const double *device, double *values, size_t count)
{
    fetch(r, values, device, count * sizeof *device);
}

void fetch_f32(struct rig *r, const float *device, double *values, size_t count)
{
    float *found = allocate_floats(count);
    fetch(r, found, device, count * sizeof *device);
    for (size_t i = 0; i < count; i++) values[i] = (double)found[i];
    free(found);
}

int fetch_int(struct rig *r, const int *device)
{
    int value = 0;
    fetch(r, &value, device, sizeof value);
    return value;
}

void wait_for(struct rig *r)
{
    need(cudaStreamSynchronize(r->stream));
}

/* ---- a busy stream --------------------------------------------------------------------------- */

/* Much longer than any of the calls takes. */
static const struct timespec A_WHILE = {0, 300000000};
static atomic_bool asleep;

static void sleep_in_stream(void *context)
{
    (void)context;
    (void)nanosleep(&A_WHILE, NULL);
    atomic_store(&asleep, false);
}

void hold(cudaStream_t stream)
{
    atomic_store(&asleep, true);
    need(cudaLaunchHostFunc(stream, sleep_in_stream, NULL));
}

bool is_held(void)
{
    return atomic_load(&asleep);
}

bool returns_while_busy(struct rig *r, void (*call)(struct rig *r, void *context), void *context)
{
    call(r, context); /* loads what is loaded at the first use */
    wait_for(r);
    hold(r->stream);
    call(r, context);
    const bool held = is_held();
    wait_for(r);
    return held;
}

/* ---- numbers --------------------------------------------------------------------------------- */

double *numbers(size_t count)
{
    double *values = calloc(count, sizeof *values);
    if (!values) abort();
    /* A linear congruence: Knuth, Seminumerical Algorithms, 3rd ed. 1997, 3.3.4. */
    uint64_t state = 12345;
    for (size_t i = 0; i < count; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        values[i] = (double)(state >> 11) * 0x1p-53 - 0.5;
    }
    return values;
}

double *definite(int n)
{
    double *A = numbers((size_t)n * (size_t)n);
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < j; i++) A[j + i * n] = A[i + j * n];
        A[j + j * n] += n;
    }
    return A;
}

double *triangle(int n, double other)
{
    double *A = numbers((size_t)n * (size_t)n);
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < j; i++) A[i + j * n] = other;
        A[j + j * n] += n;
    }
    return A;
}

bool all_finite(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}
