/* The workspace of a stream: a stack that grows by chunks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "core/backend.h"
#include "unit/support.h"

static void *take(ritz_stream *s, size_t bytes)
{
    void *p = NULL;
    expect_ok(ritz_work_bytes(s, bytes, &p));
    return p;
}

static void test_stack_order(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    const struct ritz_work_mark bottom = ritz_work_mark(s);
    char *a = take(s, 1000);
    const struct ritz_work_mark middle = ritz_work_mark(s);
    char *b = take(s, 1), *c = take(s, 300);
    assert_true(b >= a + 1000 && c >= b + 1);
    assert_int_equal((uintptr_t)a % 256, 0);
    assert_int_equal((uintptr_t)b % 256, 0);
    assert_int_equal((uintptr_t)c % 256, 0);
    memset(a, 1, 1000);
    memset(c, 2, 300);
    ritz_work_release(s, middle);
    assert_ptr_equal(take(s, 5), b); /* released memory is taken again */
    ritz_work_release(s, bottom);
    assert_ptr_equal(take(s, 5), a);
    ritz_work_release(s, bottom);
    assert_null(take(s, 0));
    expect_ok(ritz_stream_destroy(&s));
    expect_nothing_held(dev);
}

/* Pieces never overlap, whatever their sizes; memory that was handed out stays where it is while
 * the arena grows. */
static void test_growth(void **state)
{
    enum { PIECES = 200 };
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    const struct ritz_work_mark bottom = ritz_work_mark(s);
    unsigned char *piece[PIECES];
    size_t size[PIECES];
    size_t held = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PIECES; i++) {
            size[i] = (size_t)(1 + (i * 7919) % 90000);
            piece[i] = take(s, size[i]);
            memset(piece[i], i, size[i]);
        }
        for (int i = 0; i < PIECES; i++)
            for (size_t k = 0; k < size[i]; k += 97) assert_int_equal(piece[i][k], i);
        /* The second round finds all it needs. */
        if (round == 0)
            held = ritz_stream_workspace(s);
        else
            assert_int_equal(ritz_stream_workspace(s), held);
        ritz_work_release(s, bottom);
    }
    expect_ok(ritz_stream_destroy(&s));
    expect_nothing_held(dev);
}

static void test_matrices_from_the_arena(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    ritz_dmat A;
    expect_ok(ritz_work_dmat(s, RITZ_F64, RITZ_ROW_MAJOR, 3, 5, 4, &A));
    assert_true(A.rows == 3 && A.cols == 5 && A.ld == 5 && A.batch == 4 && A.batch_stride == 15 &&
                A.flags == 0 && A.device == dev && A.data);
    expect_ok(ritz_work_dmat(s, RITZ_F64, RITZ_ROW_MAJOR, 3, 0, 4, &A));
    assert_true(A.data == NULL && !(A.flags & RITZ_MAT_INVALID));
    expect_error(
        ritz_work_dmat(s, RITZ_F64, RITZ_ROW_MAJOR, INT64_C(1) << 40, INT64_C(1) << 40, 1, &A),
        RITZ_ERR_TOO_LARGE, "workspace of 1099511627776 x 1099511627776");
    expect_error(ritz_work_dmat(s, RITZ_F64, RITZ_ROW_MAJOR, INT64_C(1) << 30, 1 << 10,
                                INT64_C(1) << 40, &A),
                 RITZ_ERR_TOO_LARGE, "workspace");
    void *p = s;
    expect_error(ritz_work_bytes(s, SIZE_MAX - 5, &p), RITZ_ERR_TOO_LARGE, "bytes");
    assert_null(p);
    expect_ok(ritz_stream_destroy(&s));
}

/* After a reservation, or a first call, later calls take nothing. */
static void test_reserved_is_enough(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *first = inline_stream(dev), *second = inline_stream(dev);
    ritz_dmat A, S;
    expect_ok(ritz_dmat_create(first, RITZ_F64, RITZ_ROW_MAJOR, 200, 150, &A));
    expect_ok(ritz_dmat_create(first, RITZ_F64, RITZ_ROW_MAJOR, 150, 1, &S));
    expect_ok(ritz_random_fill(first, RITZ_NORMAL, 5, 0, A));
    expect_ok(ritz_svd(first, A, RITZ_NO_MAT, S, RITZ_NO_MAT, RITZ_NO_MAT));
    const size_t needed = ritz_stream_workspace(first);
    expect_ok(ritz_svd(first, A, RITZ_NO_MAT, S, RITZ_NO_MAT, RITZ_NO_MAT));
    assert_int_equal(ritz_stream_workspace(first), needed);
    expect_ok(ritz_stream_reserve(second, needed));
    const size_t reserved = ritz_stream_workspace(second);
    assert_true(reserved >= needed);
    expect_ok(ritz_stream_reserve(second, needed)); /* is there already */
    expect_ok(ritz_stream_reserve(second, 0));
    assert_int_equal(ritz_stream_workspace(second), reserved);
    expect_ok(ritz_svd(second, A, RITZ_NO_MAT, S, RITZ_NO_MAT, RITZ_NO_MAT));
    assert_int_equal(ritz_stream_workspace(second), reserved);
    expect_ok(ritz_dmat_destroy(first, &A));
    expect_ok(ritz_dmat_destroy(first, &S));
    expect_ok(ritz_stream_destroy(&first));
    expect_ok(ritz_stream_destroy(&second));
    expect_nothing_held(dev);
}

/* A larger reservation on a stream whose first chunk is too small for it. */
static void test_reserve_after_use(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    const struct ritz_work_mark bottom = ritz_work_mark(s);
    (void)take(s, 100);
    ritz_work_release(s, bottom);
    expect_ok(ritz_stream_reserve(s, 10 << 20));
    const size_t held = ritz_stream_workspace(s);
    for (int i = 0; i < 10; i++) (void)take(s, 1 << 20); /* 10 MiB in pieces of one */
    assert_int_equal(ritz_stream_workspace(s), held);
    ritz_work_release(s, bottom);
    memset(take(s, 10 << 20), 1, 10 << 20);
    assert_int_equal(ritz_stream_workspace(s), held);
    ritz_work_release(s, bottom);
    expect_ok(ritz_stream_destroy(&s));
}

/* Work that is enqueued and released on the host may still use the memory: the next use comes
 * after it. */
static void test_reuse_in_stream_order(void **state)
{
    enum { N = 60, TIMES = 30 };
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    ritz_dmat A, S;
    double values[TIMES][N], direct[N];
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, N, N, &A));
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, N, 1, &S));
    for (int t = 0; t < TIMES; t++) {
        expect_ok(ritz_random_fill(s, RITZ_NORMAL, (uint64_t)t, 0, A));
        expect_ok(ritz_svd(s, A, RITZ_NO_MAT, S, RITZ_NO_MAT, RITZ_NO_MAT));
        expect_ok(ritz_download(s, S, ritz_hmat_wrap(values[t], RITZ_F64, N, 1, RITZ_COL_MAJOR)));
    }
    expect_ok(ritz_stream_sync(s));
    for (int t = 0; t < TIMES; t++) { /* one at a time */
        expect_ok(ritz_random_fill(s, RITZ_NORMAL, (uint64_t)t, 0, A));
        expect_ok(ritz_svd(s, A, RITZ_NO_MAT, S, RITZ_NO_MAT, RITZ_NO_MAT));
        expect_ok(ritz_download(s, S, ritz_hmat_wrap(direct, RITZ_F64, N, 1, RITZ_COL_MAJOR)));
        expect_ok(ritz_stream_sync(s));
        assert_memory_equal(values[t], direct, sizeof direct);
    }
    expect_ok(ritz_dmat_destroy(s, &A));
    expect_ok(ritz_dmat_destroy(s, &S));
    expect_ok(ritz_stream_destroy(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stack_order),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_matrices_from_the_arena),
        cmocka_unit_test(test_reserved_is_enough),
        cmocka_unit_test(test_reserve_after_use),
        cmocka_unit_test(test_reuse_in_stream_order),
    };
    return cmocka_run_group_tests(tests, open_cpu, close_cpu);
}
