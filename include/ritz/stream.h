/** @file
 * Streams and events.
 *
 * A stream is an ordered queue of work on one device, used by one thread at a time. Calls enqueue
 * and return. On a GPU it is a CUDA stream. On the CPU it is either a worker thread with a queue,
 * so that reading files and computing overlap and a program that forgets to synchronise is wrong on
 * both devices alike, or *inline*: the call computes before it returns. Errors of inline work
 * surface at ritz_stream_sync just the same.
 *
 * **Graphs.** Calls on a stream that wraps a CUDA stream can be captured in a CUDA graph:
 *
 * 1. wrap the stream, and make the calls once: that creates library handles and workspace;
 * 2. `cudaStreamBeginCapture`, the same calls with the same sizes and addresses,
 *    `cudaStreamEndCapture`;
 * 3. launch the graph as often as wanted, on new data at the same addresses. ritz_stream_sync then
 *    waits, and returns errors of the replayed work.
 *
 * *Capturable* in the description of a function says whether it takes part. What cannot be captured
 * is refused with RITZ_ERR_STATE and a message that says why, and the capture goes on; but what the
 * call had enqueued before stays in the graph, which is then of no use. A replay repeats calls
 * with the arguments that they had: seeds, scalars and sizes are fixed. The Ritz stream, the
 * matrices and the memory behind them must live as long as the graph. Each replay uses the
 * workspace of the Ritz stream, so other work on it must be ordered before or after, as it is where
 * the graph is launched in the same CUDA stream. The message of an error names the captured call
 * while the stream remembers it, for 1024 calls.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_STREAM_H
#define RITZ_STREAM_H

#include "ritz/device.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A point in the work of a stream, for ordering streams among one another. */
typedef struct ritz_event ritz_event;

/** A function that runs on the host in the order of a stream.
 * It must not call Ritz on that stream. */
typedef void (*ritz_host_function)(void *context);

/** Create a stream: a CUDA stream, or a worker thread on the CPU.
 * @param dev the device.
 * @param[out] s receives the stream; NULL on failure.
 * @return RITZ_OK, RITZ_ERR_MEMORY, RITZ_ERR_FORKED, RITZ_ERR_DEVICE_LOST. */
RITZ_API RITZ_NODISCARD ritz_status ritz_stream_create(ritz_device *dev, ritz_stream **s);

/** Create a stream whose work is done by the calling thread before each call returns.
 * @param dev the CPU device; a GPU refuses.
 * @param[out] s receives the stream; NULL on failure.
 * @return RITZ_OK, RITZ_ERR_MEMORY, RITZ_ERR_UNSUPPORTED on a GPU. */
RITZ_API RITZ_NODISCARD ritz_status ritz_stream_create_inline(ritz_device *dev, ritz_stream **s);

/** Use a stream that the caller owns: Ritz enqueues on it, and synchronises it only where a
 * function says so.
 *
 * Any CUDA stream of the device will do, the legacy and the per-thread default stream too. It must
 * outlive the result, and must not be capturing at this moment. Library handles come from a pool
 * that the device keeps.
 *
 * @param dev    the GPU that the native stream belongs to.
 * @param native a `cudaStream_t`.
 * @param[out] s receives the stream, to be destroyed before the native one; NULL on failure.
 * @return RITZ_OK; RITZ_ERR_UNSUPPORTED on the CPU; RITZ_ERR_DEVICE (of another GPU);
 *   RITZ_ERR_STATE (capturing); RITZ_ERR_MEMORY. */
RITZ_API RITZ_NODISCARD ritz_status ritz_stream_wrap_native(ritz_device *dev, void *native,
                                                            ritz_stream **s);

/** Let all work finish, and destroy the stream with its workspace.
 * @param[in,out] s set to NULL; NULL and *s == NULL are accepted.
 * @return the error that ritz_stream_sync would have returned, and the stream is gone; or
 *   RITZ_ERR_STATE while it is capturing a graph, and it stays. */
RITZ_API ritz_status ritz_stream_destroy(ritz_stream **s);

/** Wait until all work is done.
 * @param s the stream.
 * @return RITZ_OK, or the first error that happened since the last call; it is cleared.
 *
 * Synchronises: yes, that is what it does. Capturable: no (waits). */
RITZ_API ritz_status ritz_stream_sync(ritz_stream *s);

/** The first error recorded so far, without waiting and without clearing it.
 * @param s the stream.
 * @return RITZ_OK if nothing has gone wrong so far; work may still be under way.
 *
 * Synchronises: never. Capturable: no (looks at results). */
RITZ_API ritz_status ritz_stream_status(ritz_stream *s);

/** Whether all work is done, without waiting.
 * @param s the stream.
 * @param[out] idle 1 if nothing is under way, else 0.
 * @return RITZ_OK or RITZ_ERR_ARGUMENT.
 *
 * Synchronises: never. Capturable: no (nothing is under way). */
RITZ_API ritz_status ritz_stream_query(ritz_stream *s, int *idle);

/** The device of a stream.
 * @param s the stream.
 * @return its device; no reference is taken. */
RITZ_API ritz_device *ritz_stream_device(const ritz_stream *s);

/** Make sure that the workspace of a stream holds a number of bytes, so that later calls allocate
 * nothing.
 * @param s     the stream.
 * @param bytes bytes.
 * @return RITZ_OK, RITZ_ERR_MEMORY or RITZ_ERR_DEVICE_MEMORY.
 *
 * Synchronises: the driver may. Capturable: no (allocates). */
RITZ_API RITZ_NODISCARD ritz_status ritz_stream_reserve(ritz_stream *s, size_t bytes);

/** Bytes of workspace that a stream holds.
 * @param s the stream.
 * @return the bytes in its arena. */
RITZ_API size_t ritz_stream_workspace(const ritz_stream *s);

/** Run a function on the host once the stream has reached this point.
 * @param s       the stream.
 * @param fn      the function; it must not call Ritz on `s` (such calls are refused).
 * @param context passed to it. In a graph: at each launch.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. */
RITZ_API RITZ_NODISCARD ritz_status ritz_stream_host_function(ritz_stream *s, ritz_host_function fn,
                                                              void *context);

/** Create an event.
 * @param dev the device.
 * @param[out] e receives the event; NULL on failure.
 * @return RITZ_OK or RITZ_ERR_MEMORY.
 *
 * Synchronises: never. Capturable: no (allocates). */
RITZ_API RITZ_NODISCARD ritz_status ritz_event_create(ritz_device *dev, ritz_event **e);

/** Destroy an event; waits that were enqueued on it stay valid.
 * @param[in,out] e set to NULL; NULL and *e == NULL are accepted.
 * @return RITZ_OK. */
RITZ_API ritz_status ritz_event_destroy(ritz_event **e);

/** Mark the present end of a stream's work; a second record replaces the first.
 * @param e the event.
 * @param s a stream of the same device.
 * @return RITZ_OK, RITZ_ERR_DEVICE or an argument error.
 *
 * Synchronises: never. Capturable: yes; the event then orders parts of the graph and nothing
 * else. */
RITZ_API RITZ_NODISCARD ritz_status ritz_event_record(ritz_event *e, ritz_stream *s);

/** Let the later work of a stream wait for an event. An event that was never recorded does not
 * delay.
 * @param s the stream that waits.
 * @param e the event, as recorded at this moment.
 * @return RITZ_OK, RITZ_ERR_DEVICE or an argument error; RITZ_ERR_STATE in a capture, for an event
 *   that was recorded outside.
 *
 * Synchronises: never. Capturable: yes; a stream that waits for a captured event joins the capture,
 * and must be joined back. */
RITZ_API RITZ_NODISCARD ritz_status ritz_stream_wait(ritz_stream *s, ritz_event *e);

/** Wait on the host until the work before the last record is done.
 * @param e the event.
 * @return RITZ_OK or an argument error; RITZ_ERR_STATE if it was recorded in a capture. Errors of
 *   the stream stay with the stream.
 *
 * Synchronises: yes, that is what it does. Capturable: no (waits). */
RITZ_API ritz_status ritz_event_sync(ritz_event *e);

/** Whether the work before the last record is done.
 * @param e the event.
 * @param[out] done 1 or 0.
 * @return RITZ_OK or an argument error; RITZ_ERR_STATE if it was recorded in a capture.
 *
 * Synchronises: never. Capturable: no (nothing is under way). */
RITZ_API ritz_status ritz_event_query(ritz_event *e, int *done);

#ifdef __cplusplus
}
#endif
#endif
