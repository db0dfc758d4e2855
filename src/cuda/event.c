/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cuda/cuda.h"

struct ritz_event_state {
    struct cuda_device *device;
    cudaEvent_t event;
    _Atomic int last; /* read and written by the threads of several streams */
};

/* How an event was last recorded. CAPTURED: in a stream that was capturing. */
enum { NEVER_RECORDED, RECORDED, CAPTURED };

ritz_status cuda_event_create(ritz_device *dev, struct ritz_event_state **e)
{
    struct cuda_device *g = dev->impl;
    *e = NULL;
    CUDA_ENTER(g);
    struct ritz_event_state *event = calloc(1, sizeof *event);
    RITZ_REQUIRE(event, RITZ_ERR_MEMORY, "no host memory for an event");
    event->device = g;
    const ritz_status status =
        CUDA(cudaEventCreateWithFlags(&event->event, cudaEventDisableTiming));
    if (status != RITZ_OK) {
        free(event);
        return status;
    }
    *e = event;
    return RITZ_OK;
}

void cuda_event_destroy(struct ritz_event_state *e)
{
    CUDA_ENTER_TO_RELEASE(e->device);
    (void)cudaEventDestroy(e->event);
    free(e);
}

ritz_status cuda_event_record(struct ritz_event_state *e, ritz_stream *s)
{
    int capturing;
    CUDA_ENTER(e->device);
    RITZ_TRY(cuda_ask_capturing(s, &capturing));
    RITZ_TRY(CUDA(cudaEventRecord(e->event, cuda_native(s))));
    e->last = capturing ? CAPTURED : RECORDED;
    return RITZ_OK;
}

ritz_status cuda_event_wait(struct ritz_event_state *e, ritz_stream *s)
{
    CUDA_ENTER(e->device);
    if (e->last == RECORDED)
        RITZ_TRY(
            cuda_not_in_capture(s, "a wait for an event that was recorded outside the capture"));
    return CUDA(cudaStreamWaitEvent(cuda_native(s), e->event, cudaEventWaitDefault));
}

static ritz_status check_not_captured(const struct ritz_event_state *e)
{
    RITZ_REQUIRE(
        e->last != CAPTURED, RITZ_ERR_STATE,
        "the event was last recorded while a graph was captured: it orders the parts of the "
        "graph and nothing else");
    return RITZ_OK;
}

ritz_status cuda_event_sync(struct ritz_event_state *e)
{
    CUDA_ENTER(e->device);
    RITZ_TRY(check_not_captured(e));
    return CUDA(cudaEventSynchronize(e->event));
}

ritz_status cuda_event_query(struct ritz_event_state *e, int *done)
{
    CUDA_ENTER(e->device);
    RITZ_TRY(check_not_captured(e));
    const cudaError_t code = cudaEventQuery(e->event);
    *done = code == cudaSuccess;
    return code == cudaErrorNotReady ? RITZ_OK : CUDA_CODE("cudaEventQuery", code);
}
