/* Entry points for streams and events (NVIDIA, CUDA Runtime API 13.0, "Stream Management", "Event
 * Management" and "Stream synchronization behavior").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>

#include "plant.h"
#include "state.h"

namespace emu
{

namespace
{

struct Event {
    int device;
    Position at;             /* of the latest record; nowhere: never recorded */
    CapturedRecord captured; /* the latest record was made in a capture */
};

Event *event_of(cudaEvent_t handle)
{
    return static_cast<Event *>(handle_object(handle, "event"));
}

cudaError_t wait_for_event(Stream *s, const Event *e)
{
    if (e->captured.capture) return wait_for_captured(s, e->captured);
    if (!e->at.stream) return cudaSuccess;
    if (s->capture) {
        violation("capture", "a stream that is capturing waits for an event from outside");
        invalidate(s->capture.get());
        return cudaErrorStreamCaptureIsolation;
    }
    std::vector<Dependency> after;
    if (!passed(e->at)) after.push_back({e->at.stream, e->at.epoch});
    merge(s->clock, e->at.clock);
    enqueue_mark(s, "cudaStreamWaitEvent", std::move(after), nullptr);
    return cudaSuccess;
}

/* A stream that is polled makes progress, or a polling loop would never end in mode `late`. */
cudaError_t not_ready(Stream *s, uint64_t epoch)
{
    run_some(s, epoch);
    return remember(cudaErrorNotReady);
}

} // namespace

} // namespace emu

using namespace emu;

/* ---- streams --------------------------------------------------------------------------------- */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    Call call("cudaStreamCreateWithFlags", PLAIN);
    cudaError_t error = begin(call, cudaErrorMemoryAllocation);
    if (error != cudaSuccess) return error;
    if (!stream || flags > cudaStreamNonBlocking) return remember(cudaErrorInvalidValue);
    std::shared_ptr<Stream> s = new_stream(current_device(), flags != cudaStreamNonBlocking);
    *stream = static_cast<cudaStream_t>(make_handle("stream", s.get()));
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    Call call("cudaStreamDestroy", INFALLIBLE);
    cudaError_t error = begin_release(call);
    if (error != cudaSuccess) return error;
    if (!stream || stream == cudaStreamLegacy || stream == cudaStreamPerThread) {
        violation("handle", "a default stream is destroyed");
        return remember(cudaErrorInvalidResourceHandle);
    }
    Stream *s = static_cast<Stream *>(retire_handle(stream, "stream"));
    if (!s) return remember(cudaErrorInvalidResourceHandle);
    int device = s->device;
    (void)not_captured(s, "the stream is destroyed");
    abandon_stream(s);
    return end_release(device);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    Call call("cudaStreamSynchronize", SYNCHRONISES | NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_of(stream);
    if (!s) return remember(cudaErrorInvalidResourceHandle);
    error = refuse_capturing(s);
    if (no_wait_planted()) return remember(error);
    return remember(error == cudaSuccess ? synchronise(s) : error);
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    Call call("cudaStreamQuery", NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_of(stream);
    if (!s) return remember(cudaErrorInvalidResourceHandle);
    error = refuse_capturing(s);
    if (error != cudaSuccess) return remember(error);
    if (!idle(s)) return not_ready(s, s->last);
    host_waited_for(s->clock);
    return remember(pending_error(s->device));
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags)
{
    Call call("cudaStreamWaitEvent", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_for_work(stream, &error);
    Event *e = event_of(event);
    if (!s || !e) return remember(s ? cudaErrorInvalidResourceHandle : error);
    if (flags > cudaEventWaitExternal) return remember(cudaErrorInvalidValue);
    return remember(wait_for_event(s, e));
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int *device)
{
    Call call("cudaStreamGetDevice", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_of(stream);
    if (!s) return remember(cudaErrorInvalidResourceHandle);
    *device = s->device;
    return cudaSuccess;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data)
{
    Call call("cudaLaunchHostFunc", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_for_work(stream, &error);
    if (!s) return remember(error);
    if (!function) return remember(cudaErrorInvalidValue);
    enqueue_host_function(s, function, data);
    return cudaSuccess;
}

/* ---- events ---------------------------------------------------------------------------------- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    Call call("cudaEventCreateWithFlags", PLAIN);
    cudaError_t error = begin(call, cudaErrorMemoryAllocation);
    if (error != cudaSuccess) return error;
    constexpr unsigned KNOWN =
        cudaEventBlockingSync | cudaEventDisableTiming | cudaEventInterprocess;
    bool interprocess_with_timing =
        (flags & cudaEventInterprocess) && !(flags & cudaEventDisableTiming);
    if (!event || (flags & ~KNOWN) || interprocess_with_timing)
        return remember(cudaErrorInvalidValue);
    Event *e = new Event();
    e->device = current_device();
    *event = static_cast<cudaEvent_t>(make_handle("event", e));
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    Call call("cudaEventDestroy", INFALLIBLE);
    cudaError_t error = begin_release(call);
    if (error != cudaSuccess) return error;
    Event *e = static_cast<Event *>(retire_handle(event, "event"));
    if (!e) return remember(cudaErrorInvalidResourceHandle);
    int device = e->device;
    delete e;
    return end_release(device);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    Call call("cudaEventRecord", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_for_work(stream, &error);
    Event *e = event_of(event);
    if (!s || !e) return remember(s ? cudaErrorInvalidResourceHandle : error);
    if (s->device != e->device) {
        violation("other-device", "an event of device %d is recorded in a stream of device %d",
                  e->device, s->device);
        return remember(cudaErrorInvalidResourceHandle);
    }
    e->captured = captured_record(s);
    if (e->captured.capture) return cudaSuccess;
    enqueue_mark(s, "cudaEventRecord", {}, nullptr);
    e->at = position_of(s);
    return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    Call call("cudaEventQuery", NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Event *e = event_of(event);
    if (!e) return remember(cudaErrorInvalidResourceHandle);
    error = refuse_captured(e->captured);
    if (error != cudaSuccess) return remember(error);
    if (!passed(e->at)) return not_ready(e->at.stream.get(), e->at.epoch);
    host_waited_for(e->at.clock);
    return remember(pending_error(e->device));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    Call call("cudaEventSynchronize", SYNCHRONISES | NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Event *e = event_of(event);
    if (!e) return remember(cudaErrorInvalidResourceHandle);
    error = refuse_captured(e->captured);
    if (error != cudaSuccess) return remember(error);
    if (e->at.stream) run_until(e->at.stream.get(), e->at.epoch);
    host_waited_for(e->at.clock);
    after_synchronisation();
    return remember(pending_error(e->device));
}
