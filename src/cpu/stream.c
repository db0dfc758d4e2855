/* The queue of a CPU stream.
 *
 * A queued stream has one worker thread and a ring of jobs. The calling thread copies a job into
 * the ring; the
 * worker runs it there, and gives the place back. The worker looks for work for a short while
 * before it sleeps, so that
 * a burst of calls does not pay for waking it each time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/stream.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/check.h"

enum { RING = 256, SPINS = 4000 };
#define JOB_BYTES 512u

struct slot {
    cpu_job job;
    uint32_t ticket;
    int threads; /* as they were set when the job was enqueued */
    void *large; /* arguments that do not fit into `small` */
    _Alignas(16) unsigned char small[JOB_BYTES];
};

struct cpu_stream {
    enum ritz_stream_kind kind;

    /* The status word: the first failure since it was cleared. */
    pthread_mutex_t status_lock;
    struct ritz_device_status status;

    /* The queue: jobs number `done` .. `queued` - 1 are waiting or running. */
    pthread_t worker;
    pthread_mutex_t lock;
    pthread_cond_t work, room, idle;
    _Atomic uint64_t queued, done;
    int sleeping; /* the worker waits for `work`; under lock */
    int waiting;  /* somebody waits for `room` or `idle`; under lock */
    int stop;     /* under lock */
    struct slot *ring;
};

static struct cpu_stream *state(const ritz_stream *s)
{
    return s->impl;
}

static void run(ritz_stream *s, cpu_job job, uint32_t ticket, int threads, const void *arguments)
{
    const struct cpu_context ctx = {s, ticket, threads};
    job(&ctx, arguments);
}

/* ---- the worker ---- */

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Wait for job number `next`; 0 when the stream ends. */
static int wait_for_work(struct cpu_stream *q, uint64_t next)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&q->queued, memory_order_acquire) > next) return 1;
        relax();
    }
    pthread_mutex_lock(&q->lock);
    while (atomic_load_explicit(&q->queued, memory_order_acquire) <= next && !q->stop) {
        q->sleeping = 1;
        pthread_cond_wait(&q->work, &q->lock);
    }
    q->sleeping = 0;
    const int more = atomic_load_explicit(&q->queued, memory_order_acquire) > next;
    pthread_mutex_unlock(&q->lock);
    return more;
}

static void *work(void *stream)
{
    ritz_stream *s = stream;
    struct cpu_stream *q = state(s);
    for (uint64_t next = 0; wait_for_work(q, next); next++) {
        struct slot *slot = &q->ring[next % RING];
        run(s, slot->job, slot->ticket, slot->threads, slot->large ? slot->large : slot->small);
        free(slot->large);
        slot->large = NULL;
        pthread_mutex_lock(&q->lock);
        atomic_store_explicit(&q->done, next + 1, memory_order_release);
        if (q->waiting) {
            pthread_cond_broadcast(&q->room);
            pthread_cond_broadcast(&q->idle);
        }
        pthread_mutex_unlock(&q->lock);
    }
    return NULL;
}

/* ---- the calling thread ---- */

static int in_flight(const struct cpu_stream *q)
{
    return (int)(atomic_load_explicit(&q->queued, memory_order_relaxed) -
                 atomic_load_explicit(&q->done, memory_order_acquire));
}

static void wait_until(struct cpu_stream *q, pthread_cond_t *condition, int most_in_flight)
{
    pthread_mutex_lock(&q->lock);
    q->waiting++;
    while (in_flight(q) > most_in_flight) pthread_cond_wait(condition, &q->lock);
    q->waiting--;
    pthread_mutex_unlock(&q->lock);
}

static ritz_status push(ritz_stream *s, cpu_job job, const void *arguments, size_t bytes)
{
    struct cpu_stream *q = state(s);
    void *large = NULL;
    if (bytes > JOB_BYTES) {
        large = malloc(bytes);
        RITZ_REQUIRE(large, RITZ_ERR_MEMORY, "no host memory for the arguments of a job");
        memcpy(large, arguments, bytes);
    }
    if (in_flight(q) >= RING) wait_until(q, &q->room, RING - 1);
    const uint64_t number = atomic_load_explicit(&q->queued, memory_order_relaxed);
    struct slot *slot = &q->ring[number % RING];
    slot->job = job;
    slot->ticket = s->ticket;
    slot->threads = s->device->info.threads;
    slot->large = large;
    if (!large && bytes > 0) memcpy(slot->small, arguments, bytes);
    pthread_mutex_lock(&q->lock);
    atomic_store_explicit(&q->queued, number + 1, memory_order_release);
    const int wake = q->sleeping;
    q->sleeping = 0; /* one signal is enough for a burst of calls */
    pthread_mutex_unlock(&q->lock);
    if (wake) pthread_cond_signal(&q->work);
    return RITZ_OK;
}

ritz_status cpu_enqueue(ritz_stream *s, cpu_job job, const void *arguments, size_t bytes)
{
    if (state(s)->kind == RITZ_STREAM_QUEUED) return push(s, job, arguments, bytes);
    run(s, job, s->ticket, s->device->info.threads, arguments);
    return RITZ_OK;
}

void cpu_report(const struct cpu_context *ctx, ritz_status code, int64_t item, int64_t index)
{
    struct cpu_stream *q = state(ctx->stream);
    pthread_mutex_lock(&q->status_lock);
    if (q->status.code == RITZ_OK)
        q->status = (struct ritz_device_status){code, ctx->ticket, item, index};
    pthread_mutex_unlock(&q->status_lock);
}

/* ---- creating and destroying ---- */

/* Everything of a queued stream but the worker. */
static int init_queue(struct cpu_stream *q)
{
    q->ring = calloc(RING, sizeof *q->ring);
    if (!q->ring) return 0;
    if (pthread_mutex_init(&q->lock, NULL)) goto ring;
    if (pthread_cond_init(&q->work, NULL)) goto lock;
    if (pthread_cond_init(&q->room, NULL)) goto work;
    if (pthread_cond_init(&q->idle, NULL)) goto room;
    return 1;
room:
    pthread_cond_destroy(&q->room);
work:
    pthread_cond_destroy(&q->work);
lock:
    pthread_mutex_destroy(&q->lock);
ring:
    free(q->ring);
    return 0;
}

static void destroy_queue(struct cpu_stream *q)
{
    pthread_cond_destroy(&q->idle);
    pthread_cond_destroy(&q->room);
    pthread_cond_destroy(&q->work);
    pthread_mutex_destroy(&q->lock);
    free(q->ring);
}

ritz_status cpu_stream_create(ritz_stream *s, enum ritz_stream_kind kind)
{
    struct cpu_stream *q = calloc(1, sizeof *q);
    RITZ_REQUIRE(q, RITZ_ERR_MEMORY, "no host memory for a stream");
    q->kind = kind;
    if (pthread_mutex_init(&q->status_lock, NULL)) goto fail;
    s->impl = q;
    if (kind == RITZ_STREAM_INLINE) return RITZ_OK;
    if (!init_queue(q)) goto fail_status;
    if (pthread_create(&q->worker, NULL, work, s) == 0) return RITZ_OK;
    destroy_queue(q);
fail_status:
    pthread_mutex_destroy(&q->status_lock);
fail:
    free(q);
    s->impl = NULL;
    return ritz_fail(RITZ_ERR_MEMORY, "no worker thread for a stream could be started");
}

void cpu_stream_destroy(ritz_stream *s)
{
    struct cpu_stream *q = state(s);
    if (q->kind == RITZ_STREAM_QUEUED) {
        pthread_mutex_lock(&q->lock);
        q->stop = 1;
        pthread_cond_signal(&q->work);
        pthread_mutex_unlock(&q->lock);
        pthread_join(q->worker, NULL); /* the worker empties the queue first */
        destroy_queue(q);
    }
    pthread_mutex_destroy(&q->status_lock);
    free(q);
    s->impl = NULL;
}

ritz_status cpu_stream_sync(ritz_stream *s)
{
    struct cpu_stream *q = state(s);
    if (q->kind == RITZ_STREAM_QUEUED && in_flight(q) > 0) wait_until(q, &q->idle, 0);
    return RITZ_OK;
}

ritz_status cpu_stream_query(ritz_stream *s, int *idle)
{
    struct cpu_stream *q = state(s);
    *idle = q->kind == RITZ_STREAM_INLINE || in_flight(q) == 0;
    return RITZ_OK;
}

ritz_status cpu_stream_status(ritz_stream *s, int clear, struct ritz_device_status *status)
{
    struct cpu_stream *q = state(s);
    pthread_mutex_lock(&q->status_lock);
    *status = q->status;
    if (clear) q->status = (struct ritz_device_status){0, 0, 0, 0};
    pthread_mutex_unlock(&q->status_lock);
    return RITZ_OK;
}

/* ---- host functions ---- */

struct host_call {
    ritz_host_function fn;
    void *context;
};

static void call_host(const struct cpu_context *ctx, const void *arguments)
{
    const struct host_call *call = arguments;
    const ritz_stream *outer = ritz_stream_in_host_function;
    ritz_stream_in_host_function = ctx->stream;
    call->fn(call->context);
    ritz_stream_in_host_function = outer;
}

ritz_status cpu_host_function(ritz_stream *s, ritz_host_function fn, void *context)
{
    const struct host_call call = {fn, context};
    return cpu_enqueue(s, call_host, &call, sizeof call);
}
