/* Streams: order, asynchrony, the ring of jobs, errors, host functions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "core/backend.h"
#include "unit/support.h"

/* ---- order ---- */

enum { MANY = 3000 }; /* more than the ring holds, many times over */

struct log {
    int entries[MANY];
    int count;
};

struct note {
    struct log *log;
    int value;
};

static void write_note(void *context)
{
    const struct note *note = context;
    note->log->entries[note->log->count++] = note->value;
}

static void check_order(ritz_stream *s)
{
    static struct log log;
    static struct note notes[MANY];
    log.count = 0;
    for (int i = 0; i < MANY; i++) {
        notes[i] = (struct note){&log, i};
        expect_ok(ritz_stream_host_function(s, write_note, &notes[i]));
    }
    expect_ok(ritz_stream_sync(s));
    assert_int_equal(log.count, MANY);
    for (int i = 0; i < MANY; i++) assert_int_equal(log.entries[i], i);
}

static void test_first_in_first_out(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *q = queued_stream(dev), *d = inline_stream(dev);
    check_order(q);
    check_order(d);
    expect_ok(ritz_stream_destroy(&q));
    expect_ok(ritz_stream_destroy(&d));
}

/* The caller goes on while the stream stands still, up to the size of the ring. */
static void test_queued_is_asynchronous(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    struct gate gate = {0};
    int idle = 1;
    float value = 0;
    ritz_dmat A;
    expect_ok(ritz_dmat_create(s, RITZ_F32, RITZ_COL_MAJOR, 1, 1, &A));
    expect_ok(ritz_stream_host_function(s, wait_at_gate, &gate));
    for (int i = 0; i < 100; i++) expect_ok(ritz_fill(s, i, A));
    expect_ok(ritz_download(s, A, ritz_hmat_wrap(&value, RITZ_F32, 1, 1, RITZ_COL_MAJOR)));
    expect_ok(ritz_stream_query(s, &idle));
    assert_int_equal(idle, 0);
    open_gate(&gate);
    expect_ok(ritz_stream_sync(s));
    assert_true(value > 98.5f && value < 99.5f);
    expect_ok(ritz_stream_query(s, &idle));
    assert_int_equal(idle, 1);
    expect_ok(ritz_dmat_destroy(s, &A));
    expect_ok(ritz_stream_destroy(&s));
}

static void *open_later(void *gate)
{
    const struct timespec pause = {0, 20 * 1000 * 1000};
    nanosleep(&pause, NULL);
    open_gate(gate);
    return NULL;
}

/* A full ring makes the caller wait, and loses nothing. */
static void test_full_ring_waits(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    struct gate gate = {0};
    pthread_t helper;
    assert_int_equal(pthread_create(&helper, NULL, open_later, &gate), 0);
    expect_ok(ritz_stream_host_function(s, wait_at_gate, &gate));
    check_order(s);
    assert_int_equal(pthread_join(helper, NULL), 0);
    expect_ok(ritz_stream_destroy(&s));
}

static void test_inline_is_done_on_return(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    double x[4] = {0};
    int idle = 0;
    expect_ok(ritz_fill(s, 2.5, ritz_dmat_wrap(dev, x, RITZ_F64, 2, 2, RITZ_COL_MAJOR)));
    assert_true(x[0] > 2 && x[3] > 2);
    expect_ok(ritz_stream_query(s, &idle));
    assert_int_equal(idle, 1);
    expect_ok(ritz_stream_destroy(&s));
}

static void test_destroy_drains(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    struct gate gate = {0};
    static struct log log;
    struct note note[3];
    log.count = 0;
    expect_ok(ritz_stream_host_function(s, wait_at_gate, &gate));
    for (int i = 0; i < 3; i++) {
        note[i] = (struct note){&log, i};
        expect_ok(ritz_stream_host_function(s, write_note, &note[i]));
    }
    open_gate(&gate);
    expect_ok(ritz_stream_destroy(&s));
    assert_null(s);
    assert_int_equal(log.count, 3);
    expect_ok(ritz_stream_destroy(&s));
    expect_ok(ritz_stream_destroy(NULL));
}

/* ---- errors ---- */

/* A matrix whose Cholesky factorization fails with the given info. */
static ritz_dmat bad_matrix(ritz_device *dev, double *memory, int64_t info)
{
    static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    memcpy(memory, identity, sizeof identity);
    if (info < 0)
        memory[0] = (double)NAN;
    else
        memory[4 * (info - 1)] = -1;
    return ritz_dmat_wrap(dev, memory, RITZ_F64, 3, 3, RITZ_COL_MAJOR);
}

static void check_errors(ritz_device *dev, ritz_stream *s)
{
    double m[3][9];
    expect_ok(ritz_cholesky(s, RITZ_LOWER, bad_matrix(dev, m[0], 2), RITZ_NO_MAT));
    expect_ok(ritz_cholesky(s, RITZ_LOWER, bad_matrix(dev, m[1], -1), RITZ_NO_MAT));
    struct gate gate = {1};
    expect_ok(ritz_stream_host_function(s, wait_at_gate, &gate)); /* later work still runs */
    int idle = 0;
    while (!idle) expect_ok(ritz_stream_query(s, &idle));
    /* The first error, which looking does not clear and waiting does. */
    expect_error(ritz_stream_status(s), RITZ_ERR_NOT_SPD,
                 "ritz_stream_status: in ritz_cholesky (3 x 3 float64");
    expect_error(ritz_stream_status(s), RITZ_ERR_NOT_SPD, "order 2");
    expect_error(ritz_stream_sync(s), RITZ_ERR_NOT_SPD, "ritz_stream_sync: in ritz_cholesky");
    expect_ok(ritz_stream_status(s));
    expect_ok(ritz_stream_sync(s));
    /* The stream is as good as new. */
    expect_ok(ritz_cholesky(s, RITZ_LOWER, bad_matrix(dev, m[2], -1), RITZ_NO_MAT));
    expect_error(ritz_stream_sync(s), RITZ_ERR_NOT_FINITE, "item 0");
}

static void test_first_error_wins(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *q = queued_stream(dev), *d = inline_stream(dev);
    check_errors(dev, q);
    check_errors(dev, d);
    /* Errors belong to the stream on which they happened; destroying it returns them. */
    double m[9];
    expect_ok(ritz_cholesky(q, RITZ_LOWER, bad_matrix(dev, m, 3), RITZ_NO_MAT));
    expect_ok(ritz_stream_sync(d));
    expect_error(ritz_stream_destroy(&q), RITZ_ERR_NOT_SPD, "order 3");
    assert_null(q);
    expect_ok(ritz_stream_destroy(&d));
    expect_nothing_held(dev);
}

static void test_arguments(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev), *none = (ritz_stream *)state;
    int idle;
    expect_error(ritz_stream_create(NULL, &none), RITZ_ERR_ARGUMENT,
                 "ritz_stream_create: the device is NULL");
    assert_null(none);
    expect_error(ritz_stream_create(dev, NULL), RITZ_ERR_ARGUMENT, "s is NULL");
    expect_error(ritz_stream_create_inline(dev, NULL), RITZ_ERR_ARGUMENT, "s is NULL");
    expect_error(ritz_stream_sync(NULL), RITZ_ERR_ARGUMENT, "ritz_stream_sync: the stream is NULL");
    expect_error(ritz_stream_status(NULL), RITZ_ERR_ARGUMENT, "the stream is NULL");
    expect_error(ritz_stream_query(NULL, &idle), RITZ_ERR_ARGUMENT, "the stream is NULL");
    expect_error(ritz_stream_query(s, NULL), RITZ_ERR_ARGUMENT, "idle is NULL");
    expect_error(ritz_stream_host_function(s, NULL, NULL), RITZ_ERR_ARGUMENT, "fn is NULL");
    expect_error(ritz_stream_reserve(NULL, 5), RITZ_ERR_ARGUMENT, "the stream is NULL");
    expect_error(ritz_stream_wrap_native(dev, NULL, &none), RITZ_ERR_UNSUPPORTED, "native");
    assert_null(none);
    assert_ptr_equal(ritz_stream_device(s), dev);
    assert_null(ritz_stream_device(NULL));
    assert_int_equal(ritz_stream_workspace(NULL), 0);
    expect_ok(ritz_stream_destroy(&s));
}

/* ---- host functions ---- */

struct from_host_function {
    ritz_stream *own, *other;
    ritz_status fill, sync, status, query, reserve, function, destroy, elsewhere, create;
    char message[256];
    double *x;
};

static void call_ritz(void *context)
{
    struct from_host_function *c = context;
    ritz_device *dev = ritz_stream_device(c->own);
    const ritz_dmat A = ritz_dmat_wrap(dev, c->x, RITZ_F64, 1, 1, RITZ_COL_MAJOR);
    ritz_dmat B;
    ritz_stream *same = c->own;
    int idle;
    c->fill = ritz_fill(c->own, 7, A);
    strncpy(c->message, ritz_last_error(), sizeof c->message - 1);
    c->sync = ritz_stream_sync(c->own);
    c->status = ritz_stream_status(c->own);
    c->query = ritz_stream_query(c->own, &idle);
    c->reserve = ritz_stream_reserve(c->own, 100);
    c->function = ritz_stream_host_function(c->own, call_ritz, c);
    c->create = ritz_dmat_create(c->own, RITZ_F32, RITZ_COL_MAJOR, 1, 1, &B);
    c->destroy = ritz_stream_destroy(&same);
    c->elsewhere = ritz_fill(c->other, 9, A);
    if (c->elsewhere == RITZ_OK) c->elsewhere = ritz_stream_sync(c->other);
}

static void check_host_function(ritz_stream *own, ritz_stream *other)
{
    double x = 1;
    struct from_host_function c = {.own = own, .other = other, .x = &x};
    expect_ok(ritz_stream_host_function(own, call_ritz, &c));
    expect_ok(ritz_stream_sync(own));
    assert_non_null(strstr(c.message, "a host function must not call Ritz on the stream"));
    const ritz_status refused[] = {c.fill,    c.sync,     c.status, c.query,
                                   c.reserve, c.function, c.create, c.destroy};
    for (size_t i = 0; i < COUNT(refused); i++) assert_int_equal(refused[i], RITZ_ERR_STATE);
    assert_int_equal(c.elsewhere, RITZ_OK);
    assert_true(x > 8.5);
    expect_ok(ritz_stream_sync(own)); /* and afterwards the stream is free again */
}

static void test_host_functions_may_not_use_their_stream(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *q = queued_stream(dev), *d = inline_stream(dev);
    check_host_function(q, d);
    check_host_function(d, q);
    expect_ok(ritz_stream_destroy(&q));
    expect_ok(ritz_stream_destroy(&d));
}

/* ---- several streams, several threads ---- */

enum { THREADS = 4, ROUNDS = 60, N = 24 };

static void *work_alone(void *device)
{
    ritz_device *dev = device;
    static const double shift = 3;
    bool ok = true;
    double host[N * N], back[N];
    for (int i = 0; i < N * N; i++) host[i] = (i % (N + 1) == 0 ? N : 0) + shift / (1 + i);
    for (int round = 0; ok && round < ROUNDS; round++) {
        ritz_stream *s = NULL;
        ritz_dmat A = RITZ_NO_MAT, S = RITZ_NO_MAT;
        ok = (round % 3 ? ritz_stream_create(dev, &s) : ritz_stream_create_inline(dev, &s)) ==
                 RITZ_OK &&
             ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, N, N, &A) == RITZ_OK &&
             ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, N, 1, &S) == RITZ_OK &&
             ritz_upload(s, ritz_hmat_wrap(host, RITZ_F64, N, N, RITZ_COL_MAJOR), A) == RITZ_OK &&
             ritz_svd(s, A, RITZ_NO_MAT, S, RITZ_NO_MAT, RITZ_NO_MAT) == RITZ_OK &&
             ritz_download(s, S, ritz_hmat_wrap(back, RITZ_F64, N, 1, RITZ_COL_MAJOR)) == RITZ_OK &&
             ritz_dmat_destroy(s, &A) == RITZ_OK && ritz_dmat_destroy(s, &S) == RITZ_OK &&
             ritz_stream_sync(s) == RITZ_OK && back[0] > N && back[0] < N + 2 * shift;
        ok = ritz_stream_destroy(&s) == RITZ_OK && ok;
    }
    return ok ? device : NULL;
}

static void test_several_threads(void **state)
{
    ritz_device *dev = *state;
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work_alone, dev), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(thread[i], &result), 0);
        assert_ptr_equal(result, dev);
    }
    expect_nothing_held(dev);
}

/* A stream may be handed from one thread to another. */
struct errand {
    ritz_stream *s;
    ritz_dmat A;
    ritz_status status;
};

static void *continue_elsewhere(void *context)
{
    struct errand *errand = context;
    errand->status = ritz_fill(errand->s, 5, errand->A);
    if (errand->status == RITZ_OK) errand->status = ritz_stream_sync(errand->s);
    return NULL;
}

static void test_handed_over(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    double x = 0;
    struct errand errand = {s, ritz_dmat_wrap(dev, &x, RITZ_F64, 1, 1, RITZ_COL_MAJOR),
                            RITZ_ERR_INTERNAL};
    pthread_t thread;
    expect_ok(ritz_fill(s, 4, errand.A));
    assert_int_equal(pthread_create(&thread, NULL, continue_elsewhere, &errand), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    expect_ok(errand.status);
    assert_true(x > 4.5);
    expect_ok(ritz_stream_destroy(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_queued_is_asynchronous),
        cmocka_unit_test(test_full_ring_waits),
        cmocka_unit_test(test_inline_is_done_on_return),
        cmocka_unit_test(test_destroy_drains),
        cmocka_unit_test(test_first_error_wins),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_host_functions_may_not_use_their_stream),
        cmocka_unit_test(test_several_threads),
        cmocka_unit_test(test_handed_over),
    };
    return cmocka_run_group_tests(tests, open_cpu, close_cpu);
}
