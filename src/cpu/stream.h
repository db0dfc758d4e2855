/* Streams of the CPU device: a worker thread with a queue of jobs, or inline execution.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_STREAM_H
#define RITZ_CPU_STREAM_H

#include "core/backend.h"

/* What a job knows while it runs. */
struct cpu_context {
    ritz_stream *stream;
    uint32_t ticket; /* of the call that enqueued it */
    int threads;     /* that one primitive may use */
};

/* A job: plain C on host memory. `arguments` is a private copy, valid during the call. */
typedef void (*cpu_job)(const struct cpu_context *ctx, const void *arguments);

/* Run the job in the order of the stream: now (inline) or on the worker. The arguments are
 * copied. */
ritz_status cpu_enqueue(ritz_stream *s, cpu_job job, const void *arguments, size_t bytes);

/* From a job: record a failure in the stream's status word, if it is the first. */
void cpu_report(const struct cpu_context *ctx, ritz_status code, int64_t item, int64_t index);

ritz_status cpu_stream_create(ritz_stream *s, enum ritz_stream_kind kind);
void cpu_stream_destroy(ritz_stream *s);
ritz_status cpu_stream_sync(ritz_stream *s);
ritz_status cpu_stream_query(ritz_stream *s, int *idle);
ritz_status cpu_stream_status(ritz_stream *s, int clear, struct ritz_device_status *status);
ritz_status cpu_host_function(ritz_stream *s, ritz_host_function fn, void *context);

ritz_status cpu_event_create(ritz_device *dev, struct ritz_event_state **e);
void cpu_event_destroy(struct ritz_event_state *e);
ritz_status cpu_event_record(struct ritz_event_state *e, ritz_stream *s);
ritz_status cpu_event_wait(struct ritz_event_state *e, ritz_stream *s);
ritz_status cpu_event_sync(struct ritz_event_state *e);
ritz_status cpu_event_query(struct ritz_event_state *e, int *done);

#endif
