/* Streams and events, as far as they are the same on every device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core/check.h"
#include "core/device.h"
#include "core/work.h"

struct ritz_event {
    ritz_device *device;
    struct ritz_event_state *state; /* the backend's own */
};

/* ---- streams ---- */

static void free_stream(ritz_stream *s)
{
    s->alive = 0;
    ritz_tickets_destroy(s->tickets);
    free(s->arena);
    free(s);
}

/* A new stream, or one over `native` if `wrap`. */
static ritz_status create(ritz_device *dev, enum ritz_stream_kind kind, int wrap, void *native,
                          ritz_stream **out)
{
    ritz_status rc = RITZ_OK;
    RITZ_REQUIRE(out, RITZ_ERR_ARGUMENT, "s is NULL");
    *out = NULL;
    RITZ_TRY(ritz_check_device(dev));
    ritz_stream *s = calloc(1, sizeof *s);
    RITZ_REQUIRE(s, RITZ_ERR_MEMORY, "no host memory for a stream");
    s->device = dev;
    RITZ_TRY_OUT(ritz_tickets_create(&s->tickets));
    RITZ_TRY_OUT(ritz_arena_create(&s->arena));
    RITZ_TRY_OUT(wrap ? dev->backend->stream_wrap(s, native)
                      : dev->backend->stream_create(s, kind));
    s->alive = RITZ_STREAM_ALIVE;
    ritz_device_count_streams(dev, 1);
    *out = s;
    return RITZ_OK;
out:
    free_stream(s);
    return rc;
}

ritz_status ritz_stream_create(ritz_device *dev, ritz_stream **s)
{
    RITZ_SCOPE();
    return create(dev, RITZ_STREAM_QUEUED, 0, NULL, s);
}

ritz_status ritz_stream_create_inline(ritz_device *dev, ritz_stream **s)
{
    RITZ_SCOPE();
    return create(dev, RITZ_STREAM_INLINE, 0, NULL, s);
}

ritz_status ritz_stream_wrap_native(ritz_device *dev, void *native, ritz_stream **s)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(s, RITZ_ERR_ARGUMENT, "s is NULL");
    *s = NULL;
    RITZ_TRY(ritz_check_device(dev));
    RITZ_REQUIRE(dev->backend->stream_wrap, RITZ_ERR_UNSUPPORTED,
                 "the CPU has no native streams; use ritz_stream_create");
    return create(dev, RITZ_STREAM_QUEUED, 1, native, s);
}

ritz_status ritz_stream_destroy(ritz_stream **s)
{
    RITZ_SCOPE();
    if (!s || !*s) return RITZ_OK;
    RITZ_REQUIRE(*s != ritz_stream_in_host_function, RITZ_ERR_STATE,
                 "a host function must not destroy the stream that runs it");
    ritz_device *dev = (*s)->device;
    ritz_status status = ritz_check_device(dev);
    if (status == RITZ_OK) { /* in a forked child there is no worker to wait for */
        int capturing = 0;
        if (dev->backend->stream_capturing) /* where it cannot tell, the stream goes */
            (void)dev->backend->stream_capturing(*s, &capturing);
        RITZ_REQUIRE(!capturing, RITZ_ERR_STATE,
                     "a stream that is capturing a graph cannot be destroyed");
        status = ritz_stream_sync(*s);
        ritz_arena_destroy(*s);
        dev->backend->stream_destroy(*s);
        ritz_device_count_streams(dev, -1);
        free_stream(*s);
    }
    *s = NULL;
    return status;
}

static ritz_status first_error(ritz_stream *s, int clear)
{
    struct ritz_device_status word = {0, 0, 0, 0};
    RITZ_TRY(s->device->backend->stream_status(s, clear, &word));
    return word.code ? ritz_ticket_fail(s, &word) : RITZ_OK;
}

ritz_status ritz_stream_sync(ritz_stream *s)
{
    RITZ_SCOPE();
    RITZ_TRY(ritz_check_stream(s));
    RITZ_TRY(s->device->backend->stream_sync(s));
    return first_error(s, 1);
}

ritz_status ritz_stream_status(ritz_stream *s)
{
    RITZ_SCOPE();
    RITZ_TRY(ritz_check_stream(s));
    return first_error(s, 0);
}

ritz_status ritz_stream_query(ritz_stream *s, int *idle)
{
    RITZ_SCOPE();
    RITZ_TRY(ritz_check_stream(s));
    RITZ_REQUIRE(idle, RITZ_ERR_ARGUMENT, "idle is NULL");
    return s->device->backend->stream_query(s, idle);
}

ritz_device *ritz_stream_device(const ritz_stream *s)
{
    return s ? s->device : NULL;
}

ritz_status ritz_stream_host_function(ritz_stream *s, ritz_host_function fn, void *context)
{
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(fn, RITZ_ERR_ARGUMENT, "fn is NULL");
    return s->device->backend->host_function(s, fn, context);
}

/* ---- events ---- */

ritz_status ritz_event_create(ritz_device *dev, ritz_event **e)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(e, RITZ_ERR_ARGUMENT, "e is NULL");
    *e = NULL;
    RITZ_TRY(ritz_check_device(dev));
    ritz_event *event = calloc(1, sizeof *event);
    RITZ_REQUIRE(event, RITZ_ERR_MEMORY, "no host memory for an event");
    event->device = dev;
    ritz_status status = dev->backend->event_create(dev, &event->state);
    if (status != RITZ_OK) {
        free(event);
        return status;
    }
    ritz_device_count_events(dev, 1);
    *e = event;
    return RITZ_OK;
}

ritz_status ritz_event_destroy(ritz_event **e)
{
    RITZ_SCOPE();
    if (!e || !*e) return RITZ_OK;
    ritz_device *dev = (*e)->device;
    ritz_status status = ritz_check_device(dev);
    if (status == RITZ_OK) {
        dev->backend->event_destroy((*e)->state);
        ritz_device_count_events(dev, -1);
        free(*e);
    }
    *e = NULL;
    return status;
}

static ritz_status check_event(const ritz_event *e)
{
    RITZ_REQUIRE(e, RITZ_ERR_ARGUMENT, "the event is NULL");
    return ritz_check_device(e->device);
}

static ritz_status check_event_on(const ritz_event *e, const ritz_stream *s)
{
    RITZ_TRY(check_event(e));
    RITZ_TRY(ritz_check_stream(s));
    RITZ_REQUIRE(e->device == s->device, RITZ_ERR_DEVICE,
                 "the event is of another device than the stream");
    return RITZ_OK;
}

ritz_status ritz_event_record(ritz_event *e, ritz_stream *s)
{
    RITZ_SCOPE();
    RITZ_TRY(check_event_on(e, s));
    return s->device->backend->event_record(e->state, s);
}

ritz_status ritz_stream_wait(ritz_stream *s, ritz_event *e)
{
    RITZ_SCOPE();
    RITZ_TRY(check_event_on(e, s));
    return s->device->backend->event_wait(e->state, s);
}

ritz_status ritz_event_sync(ritz_event *e)
{
    RITZ_SCOPE();
    RITZ_TRY(check_event(e));
    return e->device->backend->event_sync(e->state);
}

ritz_status ritz_event_query(ritz_event *e, int *done)
{
    RITZ_SCOPE();
    RITZ_TRY(check_event(e));
    RITZ_REQUIRE(done, RITZ_ERR_ARGUMENT, "done is NULL");
    return e->device->backend->event_query(e->state, done);
}
