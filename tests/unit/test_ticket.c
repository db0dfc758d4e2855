/* What a failure found at synchronisation says: which call, on what, which item.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "core/check.h"
#include "unit/support.h"

static const struct ritz_device_status none = {0, 0, 0, 0};

static void test_message(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    struct ritz_device_status status = none;
    const ritz_dmat A = {.rows = 7, .cols = 5, .batch = 3, .dtype = RITZ_F32};
    {
        struct ritz_scope call = ritz_scope_enter("ritz_example");
        ritz_ticket_take(s, &A);
        status.ticket = s->ticket;
        ritz_scope_leave(&call);
    }
    status.code = RITZ_ERR_NOT_SPD;
    status.item = 2;
    status.index = 4;
    expect_error(
        ritz_ticket_fail(s, &status), RITZ_ERR_NOT_SPD,
        "in ritz_example (7 x 5 float32, batch 3), item 2: the leading minor of order 4 is not "
        "positive definite");
    status.code = RITZ_ERR_NOT_CONVERGED;
    expect_error(ritz_ticket_fail(s, &status), RITZ_ERR_NOT_CONVERGED, "did not converge (info 4)");
    status.code = RITZ_ERR_NOT_FINITE;
    expect_error(ritz_ticket_fail(s, &status), RITZ_ERR_NOT_FINITE,
                 "item 2: the input has a NaN or an infinity");
    expect_ok(ritz_stream_destroy(&s));
}

/* A call inside another belongs to the outer one. */
static void test_nested_calls_keep_the_ticket(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    const ritz_dmat A = {.rows = 1, .cols = 1, .batch = 1, .dtype = RITZ_F64};
    struct ritz_scope outer = ritz_scope_enter("ritz_outer");
    ritz_ticket_take(s, &A);
    const uint32_t ticket = s->ticket;
    struct ritz_scope inner = ritz_scope_enter("ritz_inner");
    ritz_ticket_take(s, NULL);
    assert_int_equal(s->ticket, ticket);
    ritz_scope_leave(&inner);
    ritz_scope_leave(&outer);
    const struct ritz_device_status status = {RITZ_ERR_NOT_FINITE, ticket, 0, 0};
    expect_error(ritz_ticket_fail(s, &status), RITZ_ERR_NOT_FINITE, "in ritz_outer (1 x 1 float64");
    expect_ok(ritz_stream_destroy(&s));
}

/* The failing call is named although others followed; after a thousand of them it is forgotten,
 * and the message says so. */
static void test_ring(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    double bad[4] = {1, 0, 0, -1}, x = 0;
    const ritz_dmat A = ritz_dmat_wrap(dev, bad, RITZ_F64, 2, 2, RITZ_COL_MAJOR);
    const ritz_dmat X = ritz_dmat_wrap(dev, &x, RITZ_F64, 1, 1, RITZ_COL_MAJOR);
    expect_ok(ritz_cholesky(s, RITZ_LOWER, A, RITZ_NO_MAT));
    for (int i = 0; i < 500; i++) expect_ok(ritz_fill(s, i, X));
    expect_error(ritz_stream_sync(s), RITZ_ERR_NOT_SPD,
                 "in ritz_cholesky (2 x 2 float64, batch 1), item 0: the leading minor of order 2");
    bad[0] = (double)NAN;
    expect_ok(ritz_cholesky(s, RITZ_LOWER, A, RITZ_NO_MAT));
    for (int i = 0; i < 1500; i++) expect_ok(ritz_fill(s, i, X));
    expect_error(ritz_stream_sync(s), RITZ_ERR_NOT_FINITE, "in a call more than 1024 calls ago");
    expect_ok(ritz_stream_destroy(&s));
}

/* The first item of a batch that failed is the one that is named. */
static void test_item_of_a_batch(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    float items[5] = {1, 4, -1, 9, -4};
    const ritz_dmat A =
        ritz_batched(ritz_dmat_wrap(dev, items, RITZ_F32, 1, 1, RITZ_COL_MAJOR), 5, 1);
    expect_ok(ritz_cholesky(s, RITZ_UPPER, A, RITZ_NO_MAT));
    expect_error(ritz_stream_sync(s), RITZ_ERR_NOT_SPD,
                 "ritz_cholesky (1 x 1 float32, batch 5), item 2");
    assert_true(items[1] > 1.9f && items[3] > 2.9f && isnan(items[2]) && isnan(items[4]));
    expect_ok(ritz_stream_destroy(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_nested_calls_keep_the_ticket),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_item_of_a_batch),
    };
    return cmocka_run_group_tests(tests, open_cpu, close_cpu);
}
