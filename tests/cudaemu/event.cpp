/* Entry points for streams and events (NVIDIA, CUDA Runtime API 13.0, "Stream Management", "Event
 * Management" and "Stream synchronization behavior").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>

#include "state.h"

namespace emu
{

namespace
{

struct Event {
    int device;
    std::shared_ptr<Stream> stream; /* of the latest record; nullptr: never recorded */
    uint64_t epoch;
    Clock clock;
};

Event *event_of(cudaEvent_t handle)
{
    return static_cast<Event *>(handle_object(handle, "event"));
}

bool happened(const Event *e)
{
    return !e->stream || e->stream->done >= e->epoch;
}

cudaError_t wait_for_event(Stream *s, const Event *e)
{
    if (!e->stream) return cudaSuccess;
    std::vector<Dependency> after;
    if (!happened(e)) after.push_back({e->stream, e->epoch});
    merge(s->clock, e->clock);
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
    cudaError_t error = begin_release();
    if (error != cudaSuccess) return error;
    if (!stream || stream == cudaStreamLegacy || stream == cudaStreamPerThread) {
        violation("handle", "a default stream is destroyed");
        return remember(cudaErrorInvalidResourceHandle);
    }
    Stream *s = static_cast<Stream *>(retire_handle(stream, "stream"));
    if (!s) return remember(cudaErrorInvalidResourceHandle);
    int device = s->device;
    abandon_stream(s);
    return end_release(device);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    Call call("cudaStreamSynchronize", SYNCHRONISES | NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_of(stream);
    return remember(s ? synchronise(s) : cudaErrorInvalidResourceHandle);
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    Call call("cudaStreamQuery", NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_of(stream);
    if (!s) return remember(cudaErrorInvalidResourceHandle);
    if (!idle(s)) return not_ready(s, s->last);
    host_waited_for(s->clock);
    return remember(pending_error(s->device));
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags)
{
    Call call("cudaStreamWaitEvent", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_of(stream);
    Event *e = event_of(event);
    if (!s || !e) return remember(cudaErrorInvalidResourceHandle);
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
    Stream *s = stream_of(stream);
    if (!s) return remember(cudaErrorInvalidResourceHandle);
    if (!function) return remember(cudaErrorInvalidValue);
    enqueue_host_function(s, function, data);
    return cudaSuccess;
}

/* ---- capture, which is not emulated ---------------------------------------------------------- */

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status)
{
    Call call("cudaStreamIsCapturing", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    if (!stream_of(stream)) return remember(cudaErrorInvalidResourceHandle);
    *status = cudaStreamCaptureStatusNone;
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
    cudaError_t error = begin_release();
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
    Stream *s = stream_of(stream);
    Event *e = event_of(event);
    if (!s || !e) return remember(cudaErrorInvalidResourceHandle);
    if (s->device != e->device) {
        violation("other-device", "an event of device %d is recorded in a stream of device %d",
                  e->device, s->device);
        return remember(cudaErrorInvalidResourceHandle);
    }
    e->epoch = enqueue_mark(s, "cudaEventRecord", {}, nullptr);
    e->stream = s->shared_from_this();
    e->clock = s->clock;
    return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    Call call("cudaEventQuery", NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Event *e = event_of(event);
    if (!e) return remember(cudaErrorInvalidResourceHandle);
    if (!happened(e)) return not_ready(e->stream.get(), e->epoch);
    host_waited_for(e->clock);
    return remember(pending_error(e->device));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    Call call("cudaEventSynchronize", SYNCHRONISES | NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Event *e = event_of(event);
    if (!e) return remember(cudaErrorInvalidResourceHandle);
    if (e->stream) run_until(e->stream.get(), e->epoch);
    host_waited_for(e->clock);
    after_synchronisation();
    return remember(pending_error(e->device));
}
