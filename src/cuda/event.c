/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cuda/cuda.h"

struct ritz_event_state {
    struct cuda_device *device;
    cudaEvent_t event;
};

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
    CUDA_ENTER(e->device);
    return CUDA(cudaEventRecord(e->event, cuda_native(s)));
}

ritz_status cuda_event_wait(struct ritz_event_state *e, ritz_stream *s)
{
    CUDA_ENTER(e->device);
    return CUDA(cudaStreamWaitEvent(cuda_native(s), e->event, cudaEventWaitDefault));
}

ritz_status cuda_event_sync(struct ritz_event_state *e)
{
    CUDA_ENTER(e->device);
    return CUDA(cudaEventSynchronize(e->event));
}

ritz_status cuda_event_query(struct ritz_event_state *e, int *done)
{
    CUDA_ENTER(e->device);
    const cudaError_t code = cudaEventQuery(e->event);
    *done = code == cudaSuccess;
    return code == cudaErrorNotReady ? RITZ_OK : CUDA_CODE("cudaEventQuery", code);
}
