/* Ritz inside a program that has its own CUDA streams and its own device memory: streams of every
 * kind are wrapped, the caller's copies and Ritz's work follow one another on them without a
 * synchronisation, and device memory may come from the caller's allocator.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cuda_runtime_api.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudaemu/emu.h"
#include "unit/support.h"

enum { N = 40, BYTES = N * N * (int)sizeof(double) };

#define expect_cuda(call) assert_int_equal((call), cudaSuccess)

/* The caller's side: two matrices on the device and page-locked room on the host. */
struct caller {
    ritz_device *dev;
    double *spd, *rhs;   /* page-locked, N x N, column-major */
    double *result;      /* likewise */
    double *d_spd, *d_b; /* on the device */
};

static void make_caller(struct caller *c, const char *device)
{
    expect_ok(ritz_device_open(device, &c->dev));
    expect_cuda(cudaMallocHost((void **)&c->spd, BYTES));
    expect_cuda(cudaMallocHost((void **)&c->rhs, BYTES));
    expect_cuda(cudaMallocHost((void **)&c->result, BYTES));
    expect_cuda(cudaMalloc((void **)&c->d_spd, BYTES));
    expect_cuda(cudaMalloc((void **)&c->d_b, BYTES));
    for (int j = 0; j < N; j++) {
        for (int i = 0; i < N; i++) {
            c->spd[i + j * N] = 1.0 / (1 + abs(i - j)) + (i == j ? N : 0);
            c->rhs[i + j * N] = sin(1.0 + i + 2.0 * j);
        }
    }
}

static void drop_caller(struct caller *c)
{
    expect_cuda(cudaFree(c->d_b));
    expect_cuda(cudaFree(c->d_spd));
    expect_cuda(cudaFreeHost(c->result));
    expect_cuda(cudaFreeHost(c->rhs));
    expect_cuda(cudaFreeHost(c->spd));
    expect_ok(ritz_device_close(&c->dev));
    assert_int_equal(emu_check_idle(), 0);
}

/* The caller's copies before and after Ritz's solve, all on one native stream. */
static void enqueue_solve(struct caller *c, ritz_stream *s, cudaStream_t native)
{
    const ritz_dmat A = ritz_dmat_wrap(c->dev, c->d_spd, RITZ_F64, N, N, RITZ_COL_MAJOR);
    const ritz_dmat B = ritz_dmat_wrap(c->dev, c->d_b, RITZ_F64, N, N, RITZ_COL_MAJOR);
    memset(c->result, 0, BYTES);
    expect_cuda(cudaMemcpyAsync(c->d_spd, c->spd, BYTES, cudaMemcpyHostToDevice, native));
    expect_cuda(cudaMemcpyAsync(c->d_b, c->rhs, BYTES, cudaMemcpyHostToDevice, native));
    expect_ok(ritz_spd_solve(s, A, B, NULL, RITZ_NO_MAT));
    expect_cuda(cudaMemcpyAsync(c->result, c->d_b, BYTES, cudaMemcpyDeviceToHost, native));
}

static void expect_solved(const struct caller *c)
{
    double worst = 0;
    for (int j = 0; j < N; j++) {
        for (int i = 0; i < N; i++) {
            long double sum = -(long double)c->rhs[i + j * N];
            for (int k = 0; k < N; k++)
                sum += (long double)c->spd[i + k * N] * (long double)c->result[k + j * N];
            worst = fmax(worst, fabs((double)sum));
        }
    }
    assert_true(worst < 1e-13); /* cond(A) < 1.3: the residual of any stable solve */
}

/* ---- streams --------------------------------------------------------------------------------- */

/* Wrap, warm up, then once more with every synchronisation and allocation forbidden. */
static void solve_on(struct caller *c, cudaStream_t native)
{
    ritz_stream *s = NULL;
    expect_ok(ritz_stream_wrap_native(c->dev, native, &s));
    enqueue_solve(c, s, native);
    expect_cuda(cudaStreamSynchronize(native));
    expect_solved(c);

    emu_forbid(EMU_FORBID_SYNC | EMU_FORBID_ALLOC);
    enqueue_solve(c, s, native);
    emu_forbid(0);
    expect_cuda(cudaStreamSynchronize(native));
    expect_solved(c);
    expect_ok(ritz_stream_destroy(&s));
}

static void any_native_stream(void **state)
{
    (void)state;
    struct caller c;
    cudaStream_t blocking = NULL, other = NULL;
    make_caller(&c, "cuda");
    expect_cuda(cudaStreamCreateWithFlags(&blocking, cudaStreamDefault));
    expect_cuda(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    solve_on(&c, blocking);
    solve_on(&c, other);
    solve_on(&c, NULL); /* the legacy default stream, by its two names */
    solve_on(&c, cudaStreamLegacy);
    solve_on(&c, cudaStreamPerThread);
    expect_cuda(cudaStreamDestroy(other));
    expect_cuda(cudaStreamDestroy(blocking));
    drop_caller(&c);
}

/* Destroying a wrapped stream leaves the native one to its owner. */
static void native_stream_survives(void **state)
{
    (void)state;
    struct caller c;
    cudaStream_t native = NULL;
    make_caller(&c, "cuda");
    expect_cuda(cudaStreamCreateWithFlags(&native, cudaStreamNonBlocking));
    for (int round = 0; round < 5; round++) solve_on(&c, native);
    expect_cuda(cudaStreamQuery(native));
    expect_cuda(cudaStreamDestroy(native));
    drop_caller(&c);
}

/* What one wrapped stream made is used on another one, ordered by an event of the caller's. */
static void ordered_by_native_event(void **state)
{
    (void)state;
    struct caller c;
    cudaStream_t first = NULL, second = NULL;
    cudaEvent_t solved = NULL;
    ritz_stream *s = NULL, *t = NULL;
    double norm = 0, want = 0;
    ritz_dmat sum = RITZ_NO_MAT;
    make_caller(&c, "cuda");
    expect_cuda(cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking));
    expect_cuda(cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking));
    expect_cuda(cudaEventCreateWithFlags(&solved, cudaEventDisableTiming));
    expect_ok(ritz_stream_wrap_native(c.dev, first, &s));
    expect_ok(ritz_stream_wrap_native(c.dev, second, &t));
    expect_ok(ritz_dmat_create(t, RITZ_F64, RITZ_COL_MAJOR, N, N, &sum));

    enqueue_solve(&c, s, first);
    expect_cuda(cudaEventRecord(solved, first));
    expect_cuda(cudaStreamWaitEvent(second, solved, 0));
    const ritz_dmat X = ritz_dmat_wrap(c.dev, c.d_b, RITZ_F64, N, N, RITZ_COL_MAJOR);
    expect_ok(ritz_gemm(t, 1.0, ritz_t(X), X, 0.0, sum));
    expect_ok(ritz_download(t, ritz_block(sum, 0, 0, 1, 1),
                            ritz_hmat_wrap(&norm, RITZ_F64, 1, 1, RITZ_COL_MAJOR)));
    expect_ok(ritz_stream_sync(t));
    expect_cuda(cudaStreamSynchronize(first));
    for (int i = 0; i < N; i++) want += c.result[i] * c.result[i];
    assert_true(fabs(norm - want) <= 1e-14 * N * want);

    expect_ok(ritz_dmat_destroy(t, &sum));
    expect_ok(ritz_stream_destroy(&t));
    expect_ok(ritz_stream_destroy(&s));
    expect_cuda(cudaEventDestroy(solved));
    expect_cuda(cudaStreamDestroy(second));
    expect_cuda(cudaStreamDestroy(first));
    drop_caller(&c);
}

static void stream_of_another_gpu_is_refused(void **state)
{
    (void)state;
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    cudaStream_t native = NULL;
    expect_ok(ritz_device_open("cuda:0", &dev));
    expect_cuda(cudaSetDevice(1));
    expect_cuda(cudaStreamCreateWithFlags(&native, cudaStreamNonBlocking));
    expect_error(ritz_stream_wrap_native(dev, native, &s), RITZ_ERR_DEVICE, "GPU 1");
    assert_null(s);
    expect_cuda(cudaStreamDestroy(native));
    expect_cuda(cudaSetDevice(0));
    expect_ok(ritz_device_close(&dev));
    assert_int_equal(emu_check_idle(), 0);
}

/* ---- handles --------------------------------------------------------------------------------- */

static int64_t calls_of(const char *function)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", function);
    const char *at = strstr(emu_counters_json(), key);
    return at ? strtoll(at + strlen(key), NULL, 10) : 0;
}

/* Wrapping is cheap: library handles are made once and lent to one stream after the other. */
static void handles_are_pooled(void **state)
{
    (void)state;
    struct caller c;
    cudaStream_t native = NULL;
    make_caller(&c, "cuda");
    expect_cuda(cudaStreamCreateWithFlags(&native, cudaStreamNonBlocking));
    emu_counters_clear();
    solve_on(&c, native);
    const int64_t made = calls_of("cublasCreate_v2");
    assert_int_equal(made, 1);
    for (int round = 0; round < 5; round++) solve_on(&c, native);
    assert_int_equal(calls_of("cublasCreate_v2"), made);
    expect_cuda(cudaStreamDestroy(native));
    drop_caller(&c);
}

/* ---- the caller's allocator ------------------------------------------------------------------ */

struct pool {
    int taken, returned, refuse;
};

static void *take(void *context, size_t bytes, ritz_stream *s)
{
    struct pool *pool = context;
    void *p = NULL;
    (void)s;
    if (pool->refuse || cudaMalloc(&p, bytes) != cudaSuccess) return NULL;
    pool->taken++;
    return p;
}

static void give_back(void *context, void *p, size_t bytes, ritz_stream *s)
{
    struct pool *pool = context;
    (void)bytes;
    (void)s;
    if (cudaFree(p) == cudaSuccess) pool->returned++;
}

static void memory_from_the_caller(void **state)
{
    (void)state;
    struct caller c;
    struct pool pool = {0, 0, 0};
    const ritz_allocator allocator = {&pool, take, give_back};
    ritz_stream *s = NULL;
    ritz_dmat Q = RITZ_NO_MAT;
    make_caller(&c, "cuda");
    expect_ok(ritz_device_set_allocator(c.dev, &allocator));
    expect_ok(ritz_stream_wrap_native(c.dev, NULL, &s));
    enqueue_solve(&c, s, NULL);
    expect_cuda(cudaStreamSynchronize(NULL));
    expect_solved(&c);
    assert_true(pool.taken > 0);

    pool.refuse = 1;
    expect_error(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, N, N, &Q), RITZ_ERR_DEVICE_MEMORY,
                 "allocator");
    pool.refuse = 0;
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, N, N, &Q));
    expect_ok(ritz_dmat_destroy(s, &Q));
    expect_ok(ritz_stream_destroy(&s));
    drop_caller(&c);
    assert_int_equal(pool.taken, pool.returned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_native_stream),
        cmocka_unit_test(native_stream_survives),
        cmocka_unit_test(ordered_by_native_event),
        cmocka_unit_test(stream_of_another_gpu_is_refused),
        cmocka_unit_test(handles_are_pooled),
        cmocka_unit_test(memory_from_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
