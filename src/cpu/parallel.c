/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/parallel.h"

#include <pthread.h>
#include <stdatomic.h>

#if RITZ_THREADS_OPENMP
#include <omp.h>
#endif

#include "cpu/blas_threads.h"

static pthread_mutex_t token = PTHREAD_MUTEX_INITIALIZER;

static struct cpu_compute begin(const struct cpu_context *ctx, int large)
{
    struct cpu_compute c = {1, 0, 0};
    if (large && ctx->threads > 1) {
        pthread_mutex_lock(&token);
        c.has_token = 1;
        c.threads = ctx->threads;
    }
    c.saved = cpu_blas_set_threads(c.threads);
    return c;
}

struct cpu_compute cpu_compute_begin(const struct cpu_context *ctx, double flops)
{
    return begin(ctx, flops >= CPU_PARALLEL_FLOPS);
}

struct cpu_compute cpu_compute_begin_bytes(const struct cpu_context *ctx, double bytes)
{
    return begin(ctx, bytes >= CPU_PARALLEL_BYTES);
}

void cpu_compute_end(struct cpu_compute *c)
{
    (void)cpu_blas_set_threads(c->saved);
    if (c->has_token) pthread_mutex_unlock(&token);
}

#if RITZ_THREADS_OPENMP

/* OpenBLAS in its OpenMP flavour sees that it is inside a parallel region and stays on its
 * thread. */
void ritz_parallel_for(const struct cpu_compute *c, int64_t count, cpu_loop_body body,
                       void *context)
{
    if (c->threads == 1 || count <= 1) {
        const int saved = cpu_blas_set_threads(1);
        for (int64_t i = 0; i < count; i++) body(context, i, 0);
        (void)cpu_blas_set_threads(saved);
        return;
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(c->threads)
    for (int64_t i = 0; i < count; i++) body(context, i, omp_get_thread_num());
}

#else

/* Plain threads, which the thread sanitizer understands. Each loop starts its own: this build is
 * for checking. */
enum { MAX_THREADS = 64 };

struct loop {
    cpu_loop_body body;
    void *context;
    int64_t count;
    _Atomic int64_t next;
};

struct loop_thread {
    struct loop *loop;
    int number;
};

static void *run_thread(void *argument)
{
    struct loop_thread *self = argument;
    struct loop *loop = self->loop;
    const int saved = cpu_blas_set_threads(1);
    for (;;) {
        const int64_t i = atomic_fetch_add(&loop->next, 1);
        if (i >= loop->count) break;
        loop->body(loop->context, i, self->number);
    }
    (void)cpu_blas_set_threads(saved);
    return NULL;
}

void ritz_parallel_for(const struct cpu_compute *c, int64_t count, cpu_loop_body body,
                       void *context)
{
    struct loop loop = {body, context, count, 0};
    struct loop_thread self[MAX_THREADS];
    pthread_t id[MAX_THREADS];
    int wanted = c->threads < MAX_THREADS ? c->threads : MAX_THREADS;
    if (wanted > count) wanted = count > 0 ? (int)count : 1;
    int started = 1; /* the calling thread is number 0 */
    for (int t = 0; t < wanted; t++) self[t] = (struct loop_thread){&loop, t};
    while (started < wanted && pthread_create(&id[started], NULL, run_thread, &self[started]) == 0)
        started++;
    (void)run_thread(&self[0]);
    for (int t = 1; t < started; t++) pthread_join(id[t], NULL);
}

#endif
