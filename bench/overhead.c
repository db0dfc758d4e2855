/* What a call costs beyond its work.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "bench.h"

enum { SMALL = 4, CALLS = 2000, BURST = 64 };

/* ---- an inline 4 x 4 product against the direct call ----------------------------------------- */

struct small {
    ritz_stream *stream;
    ritz_dtype dtype;
    double memory[2][3 * SMALL * SMALL]; /* A, B and C of each side */
    ritz_dmat A, B, C;
};

static void *element_of(struct small *t, int side, int matrix)
{
    return (char *)t->memory[side] + (size_t)(matrix * SMALL * SMALL) * ritz_dtype_size(t->dtype);
}

static void small_fill(struct small *t)
{
    for (int side = 0; side < 2; side++) {
        uint64_t state = 5;
        for (int i = 0; i < 2 * SMALL * SMALL; i++) {
            const double x = bench_uniform(&state);
            if (t->dtype == RITZ_F32)
                ((float *)(void *)t->memory[side])[i] = (float)x;
            else
                t->memory[side][i] = x;
        }
    }
}

static ritz_dmat small_matrix(struct small *t, int matrix)
{
    return ritz_dmat_wrap(ritz_stream_device(t->stream), element_of(t, BENCH_RITZ, matrix),
                          t->dtype, SMALL, SMALL, RITZ_COL_MAJOR);
}

static int small_ritz(void *context)
{
    struct small *t = context;
    for (int i = 0; i < CALLS; i++)
        if (ritz_gemm(t->stream, 1, t->A, t->B, 0, t->C)) return -1;
    return 0;
}

static int small_direct(void *context)
{
    struct small *t = context;
    const int n = SMALL;
    const void *A = element_of(t, BENCH_PEER, 0), *B = element_of(t, BENCH_PEER, 1);
    void *C = element_of(t, BENCH_PEER, 2);
    for (int i = 0; i < CALLS; i++) {
        if (t->dtype == RITZ_F32)
            cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, A, n, B, n, 0, C, n);
        else
            cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, A, n, B, n, 0, C, n);
    }
    return 0;
}

/* Both sides compute the same product of the same numbers. */
static int small_agrees(struct small *t)
{
    for (int i = 0; i < SMALL * SMALL; i++) {
        double got, want;
        if (t->dtype == RITZ_F32) {
            got = (double)((const float *)element_of(t, BENCH_RITZ, 2))[i];
            want = (double)((const float *)element_of(t, BENCH_PEER, 2))[i];
        } else {
            got = ((const double *)element_of(t, BENCH_RITZ, 2))[i];
            want = ((const double *)element_of(t, BENCH_PEER, 2))[i];
        }
        if (!(fabs(got - want) <= 2 * SMALL * check_eps(t->dtype) * SMALL)) return 0;
    }
    return 1;
}

static struct bench_stats per_call(struct bench_stats s, double calls)
{
    s.median /= calls;
    s.q1 /= calls;
    s.q3 /= calls;
    return s;
}

static int inline_gemm(ritz_device *device, ritz_dtype dtype, struct bench_budget budget,
                       struct bench_stats *stats, char *why)
{
    if (ritz_device_get_kind(device) != RITZ_DEVICE_CPU) return 1;
    struct small t = {.dtype = dtype};
    int failed = -1;
    if (ritz_stream_create_inline(device, &t.stream)) goto out;
    small_fill(&t);
    t.A = small_matrix(&t, 0);
    t.B = small_matrix(&t, 1);
    t.C = small_matrix(&t, 2);
    const struct bench_contender ritz = {NULL, small_ritz, &t}, direct = {NULL, small_direct, &t};
    struct bench_timing timing;
    if (small_ritz(&t) || small_direct(&t) || bench_sample(budget, ritz, &direct, &timing))
        goto out;
    if (!small_agrees(&t)) {
        (void)snprintf(why, 256, "the 4 x 4 products of Ritz and cblas differ");
        goto out_checked;
    }
    *stats = per_call(timing.difference, CALLS);
    failed = ritz_stream_sync(t.stream) ? -1 : 0;
out:
    if (failed) (void)snprintf(why, 256, "%s", ritz_last_error());
out_checked:
    if (ritz_stream_destroy(&t.stream)) failed = -1;
    return failed;
}

static int inline_gemm_f32(ritz_device *device, struct bench_budget budget,
                           struct bench_stats *stats, char *why)
{
    return inline_gemm(device, RITZ_F32, budget, stats, why);
}

static int inline_gemm_f64(ritz_device *device, struct bench_budget budget,
                           struct bench_stats *stats, char *why)
{
    return inline_gemm(device, RITZ_F64, budget, stats, why);
}

/* ---- enqueueing on a stream that works by itself --------------------------------------------- */

/* A gate holds the stream while calls are enqueued, so that what is timed is the caller's part
 * alone. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int open;
};

struct enqueue {
    ritz_stream *stream;
    ritz_dmat A;
    struct gate gate;
    int held; /* is the gate used? */
    int calls;
};

static void wait_at_gate(void *context)
{
    struct gate *gate = context;
    (void)pthread_mutex_lock(&gate->lock);
    while (!gate->open) (void)pthread_cond_wait(&gate->changed, &gate->lock);
    (void)pthread_mutex_unlock(&gate->lock);
}

static void set_gate(struct gate *gate, int open)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->open = open;
    (void)pthread_cond_broadcast(&gate->changed);
    (void)pthread_mutex_unlock(&gate->lock);
}

/* Let the work of the run before finish, and the worker fall asleep if it is going to. */
static int enqueue_prepare(void *context)
{
    struct enqueue *t = context;
    set_gate(&t->gate, 1);
    if (ritz_stream_sync(t->stream)) return -1;
    if (t->held) {
        set_gate(&t->gate, 0);
        if (ritz_stream_host_function(t->stream, wait_at_gate, &t->gate)) return -1;
    }
    const double start = bench_now();
    while (bench_now() - start < 2e-3) continue;
    return 0;
}

static int enqueue_run(void *context)
{
    struct enqueue *t = context;
    for (int i = 0; i < t->calls; i++)
        if (ritz_fill(t->stream, i, t->A)) return -1;
    return 0;
}

static int enqueue(ritz_device *device, int held, int calls, struct bench_budget budget,
                   struct bench_stats *stats, char *why)
{
    struct enqueue t = {.gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 1},
                        .held = held,
                        .calls = calls};
    struct bench_timing timing;
    int failed = -1;
    if (ritz_stream_create(device, &t.stream) ||
        ritz_dmat_create(t.stream, RITZ_F32, RITZ_COL_MAJOR, SMALL, SMALL, &t.A))
        goto out;
    const struct bench_contender contender = {enqueue_prepare, enqueue_run, &t};
    if (enqueue_run(&t) || bench_sample(budget, contender, NULL, &timing)) goto out;
    *stats = per_call(timing.ritz, calls);
    failed = 0;
out:
    set_gate(&t.gate, 1);
    if (failed) (void)snprintf(why, 256, "%s", ritz_last_error());
    if (ritz_dmat_destroy(t.stream, &t.A) || ritz_stream_destroy(&t.stream)) failed = -1;
    return failed;
}

static int enqueue_held(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                        char *why)
{
    return enqueue(device, 1, BURST, budget, stats, why);
}

static int enqueue_burst(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                         char *why)
{
    return enqueue(device, 0, BURST, budget, stats, why);
}

static int enqueue_idle(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                        char *why)
{
    return enqueue(device, 0, 1, budget, stats, why);
}

/* ---- devices and streams --------------------------------------------------------------------- */

/* An open device of the same kind is there: this is what a second user of it pays. */
static int open_close(void *context)
{
    ritz_device *again = NULL;
    if (ritz_device_open(context, &again)) return -1;
    return ritz_device_close(&again) ? -1 : 0;
}

static int device_open(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                       char *why)
{
    char name[32];
    ritz_device_info info = RITZ_DEVICE_INFO_INIT;
    struct bench_timing timing;
    if (ritz_device_describe(device, &info)) return -1;
    if (info.kind == RITZ_DEVICE_CPU)
        (void)snprintf(name, sizeof name, "cpu");
    else
        (void)snprintf(name, sizeof name, "cuda:%d", info.index);
    const struct bench_contender contender = {NULL, open_close, name};
    if (open_close(name) || bench_sample(budget, contender, NULL, &timing)) {
        (void)snprintf(why, 256, "%s", ritz_last_error());
        return -1;
    }
    *stats = timing.ritz;
    return 0;
}

static int stream_round(void *context)
{
    ritz_stream *s = NULL;
    if (ritz_stream_create(context, &s)) return -1;
    return ritz_stream_destroy(&s) ? -1 : 0;
}

static int stream_create(ritz_device *device, struct bench_budget budget, struct bench_stats *stats,
                         char *why)
{
    struct bench_timing timing;
    const struct bench_contender contender = {NULL, stream_round, device};
    if (stream_round(device) || bench_sample(budget, contender, NULL, &timing)) {
        (void)snprintf(why, 256, "%s", ritz_last_error());
        return -1;
    }
    *stats = timing.ritz;
    return 0;
}

/* ---- the list -------------------------------------------------------------------------------- */

static const struct {
    const char *name, *what;
    double limit;
    int (*measure)(ritz_device *, struct bench_budget, struct bench_stats *, char *why);
} overheads[] = {
    {"overhead/inline_gemm_4x4/f32", "inline ritz_gemm less cblas_sgemm, 4 x 4", 0.5e-6,
     inline_gemm_f32},
    {"overhead/inline_gemm_4x4/f64", "inline ritz_gemm less cblas_dgemm, 4 x 4", 0.5e-6,
     inline_gemm_f64},
    {"overhead/enqueue", "enqueue a call behind others, the caller's part", 2e-6, enqueue_held},
    {"overhead/enqueue_burst", "enqueue 64 calls on an idle stream, a call", 2e-6, enqueue_burst},
    {"overhead/enqueue_idle", "enqueue one call on an idle stream (wakes the worker)", 0,
     enqueue_idle},
    {"overhead/device_open", "open and close a device that is open already", 0, device_open},
    {"overhead/stream_create", "create and destroy a stream", 0, stream_create},
    {"overhead/first_open/cpu", "the first opening of a process: \"cpu\", without the CUDA plugin",
     0, bench_open_cpu},
    {"overhead/first_open/cuda",
     "the first opening of a process: \"cuda\", with loading the plugin", 0, bench_open_cuda},
    {"overhead/first_open/no_cuda", "the first opening of a process: \"cuda\", until it is refused",
     0, bench_refuse_cuda},
};

int bench_overhead_count(void)
{
    return (int)(sizeof overheads / sizeof *overheads);
}

const char *bench_overhead_name(int index)
{
    return overheads[index].name;
}

int bench_measure_overhead(int index, ritz_device *device, struct bench_budget budget,
                           struct bench_overhead *overhead, char *why)
{
    *overhead = (struct bench_overhead){.name = overheads[index].name,
                                        .what = overheads[index].what,
                                        .limit = overheads[index].limit};
    return overheads[index].measure(device, budget, &overhead->stats, why);
}
