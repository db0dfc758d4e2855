/* Events of the CPU device: a count of records made and of records passed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "cpu/stream.h"

struct ritz_event_state {
    pthread_mutex_t lock;
    pthread_cond_t passed_more;
    uint64_t recorded; /* records enqueued so far */
    uint64_t passed;   /* the last one that a stream has reached */
    int references;    /* the handle, and every job under way that names the event */
};

struct event_job {
    struct ritz_event_state *event;
    uint64_t number; /* of the record that is marked or waited for */
};

ritz_status cpu_event_create(ritz_device *dev, struct ritz_event_state **e)
{
    (void)dev;
    struct ritz_event_state *event = calloc(1, sizeof *event);
    *e = NULL;
    RITZ_REQUIRE(event, RITZ_ERR_MEMORY, "no host memory for an event");
    if (pthread_mutex_init(&event->lock, NULL)) goto fail;
    if (pthread_cond_init(&event->passed_more, NULL)) goto fail_lock;
    event->references = 1;
    *e = event;
    return RITZ_OK;
fail_lock:
    pthread_mutex_destroy(&event->lock);
fail:
    free(event);
    return ritz_fail(RITZ_ERR_MEMORY, "no host memory for an event");
}

static void drop(struct ritz_event_state *e)
{
    pthread_mutex_lock(&e->lock);
    const int left = --e->references;
    pthread_mutex_unlock(&e->lock);
    if (left) return;
    pthread_cond_destroy(&e->passed_more);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

void cpu_event_destroy(struct ritz_event_state *e)
{
    drop(e);
}

static void wait_until_passed(struct ritz_event_state *e, uint64_t number)
{
    pthread_mutex_lock(&e->lock);
    while (e->passed < number) pthread_cond_wait(&e->passed_more, &e->lock);
    pthread_mutex_unlock(&e->lock);
}

static void mark_job(const struct cpu_context *ctx, const void *arguments)
{
    (void)ctx;
    const struct event_job *job = arguments;
    pthread_mutex_lock(&job->event->lock);
    if (job->event->passed < job->number) job->event->passed = job->number;
    pthread_cond_broadcast(&job->event->passed_more);
    pthread_mutex_unlock(&job->event->lock);
    drop(job->event);
}

static void wait_job(const struct cpu_context *ctx, const void *arguments)
{
    (void)ctx;
    const struct event_job *job = arguments;
    wait_until_passed(job->event, job->number);
    drop(job->event);
}

static ritz_status enqueue(struct ritz_event_state *e, ritz_stream *s, int record)
{
    pthread_mutex_lock(&e->lock);
    if (record) e->recorded++;
    const struct event_job job = {e, e->recorded};
    e->references++;
    pthread_mutex_unlock(&e->lock);
    ritz_status status = cpu_enqueue(s, record ? mark_job : wait_job, &job, sizeof job);
    if (status != RITZ_OK) drop(e);
    return status;
}

ritz_status cpu_event_record(struct ritz_event_state *e, ritz_stream *s)
{
    return enqueue(e, s, 1);
}

ritz_status cpu_event_wait(struct ritz_event_state *e, ritz_stream *s)
{
    return enqueue(e, s, 0);
}

ritz_status cpu_event_sync(struct ritz_event_state *e)
{
    pthread_mutex_lock(&e->lock);
    const uint64_t number = e->recorded;
    pthread_mutex_unlock(&e->lock);
    wait_until_passed(e, number);
    return RITZ_OK;
}

ritz_status cpu_event_query(struct ritz_event_state *e, int *done)
{
    pthread_mutex_lock(&e->lock);
    *done = e->passed >= e->recorded;
    pthread_mutex_unlock(&e->lock);
    return RITZ_OK;
}
