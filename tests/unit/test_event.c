/* Events: order between streams.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "unit/support.h"

static ritz_dmat number(ritz_device *dev, double *x)
{
    return ritz_dmat_wrap(dev, x, RITZ_F64, 1, 1, RITZ_COL_MAJOR);
}

/* a stands at a gate, then writes x; b copies x after the event. Without the event b would be
 * first. */
static void test_one_stream_waits_for_another(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *a = queued_stream(dev), *b = queued_stream(dev);
    ritz_event *e = NULL;
    struct gate gate = {0};
    double x = 0, y = 0;
    int done = 1;
    expect_ok(ritz_event_create(dev, &e));
    expect_ok(ritz_stream_host_function(a, wait_at_gate, &gate));
    expect_ok(ritz_fill(a, 8, number(dev, &x)));
    expect_ok(ritz_event_record(e, a));
    expect_ok(ritz_stream_wait(b, e));
    expect_ok(ritz_copy(b, number(dev, &x), number(dev, &y)));
    expect_ok(ritz_event_query(e, &done));
    assert_int_equal(done, 0);
    open_gate(&gate);
    expect_ok(ritz_stream_sync(b));
    assert_true(y > 7.5);
    expect_ok(ritz_event_query(e, &done));
    assert_int_equal(done, 1);
    expect_ok(ritz_event_sync(e));
    expect_ok(ritz_event_destroy(&e));
    assert_null(e);
    expect_ok(ritz_stream_destroy(&a));
    expect_ok(ritz_stream_destroy(&b));
}

/* An inline stream waits on the thread that calls. */
static void test_inline_waits_for_queued(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *q = queued_stream(dev), *d = inline_stream(dev);
    ritz_event *e = NULL;
    double x = 0, y = 0;
    expect_ok(ritz_event_create(dev, &e));
    for (int round = 0; round < 200; round++) {
        expect_ok(ritz_fill(q, round + 1, number(dev, &x)));
        expect_ok(ritz_event_record(e, q));
        expect_ok(ritz_stream_wait(d, e));
        expect_ok(ritz_copy(d, number(dev, &x), number(dev, &y)));
        assert_true(y > round + 0.5 && y < round + 1.5);
        /* And the other way round. */
        expect_ok(ritz_event_record(e, d));
        expect_ok(ritz_stream_wait(q, e));
    }
    expect_ok(ritz_event_destroy(&e));
    expect_ok(ritz_stream_destroy(&q));
    expect_ok(ritz_stream_destroy(&d));
}

static void test_never_recorded_does_not_delay(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    ritz_event *e = NULL;
    int done = 0;
    expect_ok(ritz_event_create(dev, &e));
    expect_ok(ritz_stream_wait(s, e));
    expect_ok(ritz_stream_sync(s));
    expect_ok(ritz_event_sync(e));
    expect_ok(ritz_event_query(e, &done));
    assert_int_equal(done, 1);
    expect_ok(ritz_event_destroy(&e));
    expect_ok(ritz_stream_destroy(&s));
}

/* A wait is for the record that was there when it was enqueued, not for a later one. */
static void test_record_again(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *a = queued_stream(dev), *b = queued_stream(dev);
    ritz_event *e = NULL;
    struct gate gate = {0};
    int done = 1;
    expect_ok(ritz_event_create(dev, &e));
    expect_ok(ritz_event_record(e, a));
    expect_ok(ritz_stream_wait(b, e));
    expect_ok(ritz_stream_host_function(a, wait_at_gate, &gate));
    expect_ok(ritz_event_record(e, a)); /* behind the gate */
    expect_ok(ritz_stream_sync(b));     /* would hang if b waited for that */
    expect_ok(ritz_event_query(e, &done));
    assert_int_equal(done, 0);
    open_gate(&gate);
    expect_ok(ritz_event_sync(e));
    expect_ok(ritz_event_query(e, &done));
    assert_int_equal(done, 1);
    expect_ok(ritz_event_destroy(&e));
    expect_ok(ritz_stream_destroy(&a));
    expect_ok(ritz_stream_destroy(&b));
}

static void test_destroyed_while_waited_for(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *a = queued_stream(dev), *b = queued_stream(dev);
    ritz_event *e = NULL;
    struct gate gate = {0};
    double x = 0, y = 0;
    expect_ok(ritz_event_create(dev, &e));
    expect_ok(ritz_stream_host_function(a, wait_at_gate, &gate));
    expect_ok(ritz_fill(a, 3, number(dev, &x)));
    expect_ok(ritz_event_record(e, a));
    expect_ok(ritz_stream_wait(b, e));
    expect_ok(ritz_event_destroy(&e));
    expect_ok(ritz_copy(b, number(dev, &x), number(dev, &y)));
    open_gate(&gate);
    expect_ok(ritz_stream_sync(b));
    assert_true(y > 2.5);
    expect_ok(ritz_stream_destroy(&a));
    expect_ok(ritz_stream_destroy(&b));
}

/* The stream that recorded is gone; its work was done. */
static void test_outlives_the_stream(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *a = queued_stream(dev), *b = inline_stream(dev);
    ritz_event *e = NULL;
    expect_ok(ritz_event_create(dev, &e));
    expect_ok(ritz_event_record(e, a));
    expect_ok(ritz_stream_destroy(&a));
    expect_ok(ritz_stream_wait(b, e));
    expect_ok(ritz_event_sync(e));
    expect_ok(ritz_event_destroy(&e));
    expect_ok(ritz_stream_destroy(&b));
}

static void test_arguments(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    ritz_event *e = (ritz_event *)state;
    int done;
    expect_error(ritz_event_create(NULL, &e), RITZ_ERR_ARGUMENT, "the device is NULL");
    assert_null(e);
    expect_error(ritz_event_create(dev, NULL), RITZ_ERR_ARGUMENT, "e is NULL");
    expect_error(ritz_event_record(NULL, s), RITZ_ERR_ARGUMENT, "the event is NULL");
    expect_error(ritz_stream_wait(s, NULL), RITZ_ERR_ARGUMENT, "the event is NULL");
    expect_error(ritz_event_sync(NULL), RITZ_ERR_ARGUMENT, "the event is NULL");
    expect_error(ritz_event_query(NULL, &done), RITZ_ERR_ARGUMENT, "the event is NULL");
    expect_ok(ritz_event_create(dev, &e));
    expect_error(ritz_event_record(e, NULL), RITZ_ERR_ARGUMENT, "the stream is NULL");
    expect_error(ritz_stream_wait(NULL, e), RITZ_ERR_ARGUMENT, "the stream is NULL");
    expect_error(ritz_event_query(e, NULL), RITZ_ERR_ARGUMENT, "done is NULL");
    expect_ok(ritz_event_destroy(&e));
    expect_ok(ritz_event_destroy(&e));
    expect_ok(ritz_event_destroy(NULL));
    expect_ok(ritz_stream_destroy(&s));
}

/* A ring of streams that hand a number on, each adding one: thousands of waits. */
static void test_relay(void **state)
{
    enum { STREAMS = 5, LAPS = 300 };
    ritz_device *dev = *state;
    ritz_stream *s[STREAMS];
    ritz_event *e = NULL;
    double x = 0, y = 0, one = 1;
    expect_ok(ritz_event_create(dev, &e));
    for (int i = 0; i < STREAMS; i++) s[i] = i == 0 ? inline_stream(dev) : queued_stream(dev);
    for (int lap = 0; lap < LAPS; lap++)
        for (int i = 0; i < STREAMS; i++) {
            expect_ok(ritz_stream_wait(s[i], e));
            expect_ok(ritz_gemm(s[i], 1, number(dev, &one), number(dev, &one), 1, number(dev, &x)));
            expect_ok(ritz_event_record(e, s[i]));
        }
    expect_ok(ritz_event_sync(e));
    expect_ok(ritz_copy(s[0], number(dev, &x), number(dev, &y)));
    assert_true(y > STREAMS * LAPS - 0.5 && y < STREAMS * LAPS + 0.5);
    expect_ok(ritz_event_destroy(&e));
    for (int i = 0; i < STREAMS; i++) expect_ok(ritz_stream_destroy(&s[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_stream_waits_for_another),
        cmocka_unit_test(test_inline_waits_for_queued),
        cmocka_unit_test(test_never_recorded_does_not_delay),
        cmocka_unit_test(test_record_again),
        cmocka_unit_test(test_destroyed_while_waited_for),
        cmocka_unit_test(test_outlives_the_stream),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_relay),
    };
    return cmocka_run_group_tests(tests, open_cpu, close_cpu);
}
