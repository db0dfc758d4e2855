/* Device memory: who may free what, the account, the caller's allocator.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "unit/support.h"

static ritz_memory_info held(ritz_device *dev)
{
    ritz_memory_info memory = RITZ_MEMORY_INFO_INIT;
    expect_ok(ritz_device_memory(dev, &memory));
    return memory;
}

static void test_account(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    ritz_dmat A, B, C;
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_ROW_MAJOR, 10, 20, &A));
    expect_ok(ritz_dmat_create_batch(s, RITZ_F16, RITZ_COL_MAJOR, 3, 4, 5, &B));
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_ROW_MAJOR, 0, 20, &C)); /* empty: no memory */
    assert_true(A.ld == 20 && A.flags == RITZ_MAT_OWNED && A.device == dev && A.batch == 1);
    assert_true(B.batch == 5 && B.batch_stride == 12 && B.ld == 3);
    assert_true(C.data == NULL && C.ld == 20);
    assert_int_equal((uintptr_t)A.data % 256, 0);
    assert_int_equal(held(dev).matrices, 2);
    assert_int_equal(held(dev).matrix_bytes, 10 * 20 * 8 + 3 * 4 * 5 * 2);
    assert_true(held(dev).peak_bytes >= held(dev).matrix_bytes);
    expect_ok(ritz_stream_reserve(s, 5000000));
    assert_true(held(dev).workspace_bytes >= 5000000);
    assert_int_equal(held(dev).workspace_bytes, ritz_stream_workspace(s));
    const int64_t peak = held(dev).peak_bytes;
    expect_ok(ritz_dmat_destroy(s, &A));
    assert_true(A.data == NULL && A.device == NULL);
    expect_ok(ritz_dmat_destroy(s, &A)); /* nothing left to do */
    expect_ok(ritz_dmat_destroy(s, NULL));
    expect_ok(ritz_dmat_destroy(s, &B));
    expect_ok(ritz_dmat_destroy(s, &C));
    expect_ok(ritz_stream_destroy(&s));
    expect_nothing_held(dev);
    assert_int_equal(held(dev).peak_bytes, peak);
}

static void test_only_owners_free(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    double memory[4] = {0};
    ritz_dmat A, copy, view, borrowed = ritz_dmat_wrap(dev, memory, RITZ_F64, 2, 2, RITZ_COL_MAJOR);
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, 2, 2, &A));
    copy = A;
    view = ritz_t(A);
    expect_error(ritz_dmat_destroy(s, &view), RITZ_ERR_ARGUMENT, "A is a view or borrowed");
    view = ritz_block(A, 0, 0, 2, 2);
    expect_error(ritz_dmat_destroy(s, &view), RITZ_ERR_ARGUMENT, "A is a view or borrowed");
    expect_error(ritz_dmat_destroy(s, &borrowed), RITZ_ERR_ARGUMENT, "A is a view or borrowed");
    expect_error(ritz_dmat_destroy(NULL, &A), RITZ_ERR_ARGUMENT, "the stream is NULL");
    assert_int_equal(held(dev).matrices, 1);
    expect_ok(ritz_dmat_destroy(s, &A));
    expect_error(ritz_dmat_destroy(s, &copy), RITZ_ERR_ARGUMENT, "destroyed already");
    assert_int_equal(held(dev).matrices, 0);
    expect_ok(ritz_stream_destroy(&s));
}

/* The table of allocations grows, and finds each entry again, in any order of freeing. */
static void test_many_matrices(void **state)
{
    enum { MANY = 1000 };
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    static ritz_dmat A[MANY];
    for (int i = 0; i < MANY; i++)
        expect_ok(ritz_dmat_create(s, RITZ_U8, RITZ_COL_MAJOR, 1 + i % 50, 1, &A[i]));
    assert_int_equal(held(dev).matrices, MANY);
    for (int i = 0; i < MANY; i++) {
        const int j = (int)((int64_t)i * 617 % MANY); /* 617 and 1000 are coprime */
        ritz_dmat copy = A[j];
        expect_ok(ritz_dmat_destroy(s, &A[j]));
        expect_error(ritz_dmat_destroy(s, &copy), RITZ_ERR_ARGUMENT, "destroyed already");
    }
    expect_ok(ritz_stream_destroy(&s));
    expect_nothing_held(dev);
}

/* Freed in the order of the stream: work that is still to come may use the memory. */
static void test_freed_in_stream_order(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    struct gate gate = {0};
    double back[4] = {0};
    ritz_dmat A;
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, 2, 2, &A));
    expect_ok(ritz_stream_host_function(s, wait_at_gate, &gate));
    expect_ok(ritz_fill(s, 6, A));
    expect_ok(ritz_download(s, A, ritz_hmat_wrap(back, RITZ_F64, 2, 2, RITZ_COL_MAJOR)));
    expect_ok(ritz_dmat_destroy(s, &A));
    open_gate(&gate);
    expect_ok(ritz_stream_destroy(&s));
    assert_true(back[0] > 5.5 && back[3] > 5.5);
}

static void test_create_refuses(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    const int64_t big = INT64_C(1) << 32;
    ritz_dmat A = {.rows = 5};
    expect_error(ritz_dmat_create(NULL, RITZ_F32, RITZ_COL_MAJOR, 1, 1, &A), RITZ_ERR_ARGUMENT,
                 "the stream is NULL");
    expect_error(ritz_dmat_create(s, RITZ_F32, RITZ_COL_MAJOR, 1, 1, NULL), RITZ_ERR_ARGUMENT,
                 "A is NULL");
    expect_error(ritz_dmat_create(s, (ritz_dtype)20, RITZ_COL_MAJOR, 1, 1, &A), RITZ_ERR_DTYPE,
                 "ritz_dmat_create: 20 is not a data type");
    assert_int_equal(A.rows, 0);
    expect_error(ritz_dmat_create(s, RITZ_F32, (ritz_layout)4, 1, 1, &A), RITZ_ERR_LAYOUT,
                 "4 is not a layout");
    expect_error(ritz_dmat_create(s, RITZ_F32, RITZ_COL_MAJOR, -2, 1, &A), RITZ_ERR_ARGUMENT,
                 "-2 x 1");
    expect_error(ritz_dmat_create_batch(s, RITZ_F32, RITZ_COL_MAJOR, 2, 1, -1, &A),
                 RITZ_ERR_ARGUMENT, "batch -1");
    expect_error(ritz_dmat_create(s, RITZ_F32, RITZ_COL_MAJOR, big, big, &A), RITZ_ERR_TOO_LARGE,
                 "2^63");
    expect_error(ritz_dmat_create_batch(s, RITZ_F64, RITZ_COL_MAJOR, big, 1 << 10, 1 << 20, &A),
                 RITZ_ERR_TOO_LARGE, "2^63");
    ritz_status status = ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, big, 1 << 20, &A);
    assert_true(status == RITZ_ERR_MEMORY || status == RITZ_ERR_DEVICE_MEMORY);
    assert_non_null(strstr(ritz_last_error(), "36028797018963968")); /* 2^55 bytes */
    expect_nothing_held(dev);
    expect_ok(ritz_stream_destroy(&s));
}

/* ---- the caller's allocator ---- */

struct pool {
    int64_t taken, returned, bytes, refuse_after;
    bool wrong;
};

static void *pool_take(void *context, size_t bytes, ritz_stream *s)
{
    struct pool *pool = context;
    void *p = NULL;
    pool->wrong = pool->wrong || !s || bytes == 0;
    if (pool->refuse_after == pool->taken - pool->returned) return NULL;
    if (posix_memalign(&p, 256, bytes)) return NULL;
    memset(p, 0xFF, bytes);
    pool->taken++;
    pool->bytes += (int64_t)bytes;
    return p;
}

static void pool_return(void *context, void *p, size_t bytes, ritz_stream *s)
{
    struct pool *pool = context;
    pool->wrong = pool->wrong || !p || !s;
    pool->returned++;
    pool->bytes -= (int64_t)bytes;
    free(p);
}

static void test_callers_allocator(void **state)
{
    ritz_device *dev = *state;
    struct pool pool = {.refuse_after = -1};
    const ritz_allocator allocator = {&pool, pool_take, pool_return};
    const ritz_allocator half = {&pool, pool_take, NULL};
    expect_error(ritz_device_set_allocator(dev, &half), RITZ_ERR_ARGUMENT, "both functions");
    expect_ok(ritz_device_set_allocator(dev, &allocator));
    ritz_stream *s = inline_stream(dev);
    ritz_dmat A, S;
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, 40, 30, &A));
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, 30, 1, &S));
    assert_int_equal(pool.taken, 2);
    expect_ok(ritz_random_fill(s, RITZ_NORMAL, 1, 0, A));
    expect_ok(ritz_svd(s, A, RITZ_NO_MAT, S, RITZ_NO_MAT, RITZ_NO_MAT));
    assert_int_equal(pool.bytes, held(dev).matrix_bytes + held(dev).workspace_bytes);
    assert_true(pool.taken > 2); /* the workspace too */
    expect_error(ritz_device_set_allocator(dev, NULL), RITZ_ERR_STATE, "holds memory");
    expect_ok(ritz_dmat_destroy(s, &A));
    expect_ok(ritz_dmat_destroy(s, &S));
    expect_ok(ritz_stream_destroy(&s));
    assert_int_equal(pool.taken, pool.returned);
    assert_int_equal(pool.bytes, 0);
    assert_false(pool.wrong);
    expect_ok(ritz_device_set_allocator(dev, NULL));
}

/* At each allocation in turn: refused with the bytes, nothing lost, and the same call works
 * afterwards. */
static void test_allocator_that_refuses(void **state)
{
    ritz_device *dev = *state;
    struct pool pool = {.refuse_after = 0};
    const ritz_allocator allocator = {&pool, pool_take, pool_return};
    expect_ok(ritz_device_set_allocator(dev, &allocator));
    ritz_stream *s = inline_stream(dev);
    ritz_dmat A, S;
    expect_error(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, 40, 30, &A), RITZ_ERR_DEVICE_MEMORY,
                 "ritz_dmat_create: the installed allocator refused 9600 bytes");
    assert_null(A.device);
    expect_nothing_held(dev);
    pool.refuse_after = -1;
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, 40, 30, &A));
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, 30, 1, &S));
    expect_ok(ritz_random_fill(s, RITZ_NORMAL, 1, 0, A));
    pool.refuse_after = pool.taken - pool.returned;
    expect_error(ritz_svd(s, A, RITZ_NO_MAT, S, RITZ_NO_MAT, RITZ_NO_MAT), RITZ_ERR_DEVICE_MEMORY,
                 "ritz_svd: the installed allocator refused");
    expect_error(ritz_stream_reserve(s, 1 << 20), RITZ_ERR_DEVICE_MEMORY, "ritz_stream_reserve");
    expect_ok(ritz_stream_sync(s));
    pool.refuse_after = -1;
    expect_ok(ritz_svd(s, A, RITZ_NO_MAT, S, RITZ_NO_MAT, RITZ_NO_MAT));
    expect_ok(ritz_dmat_destroy(s, &A));
    expect_ok(ritz_dmat_destroy(s, &S));
    expect_ok(ritz_stream_destroy(&s));
    assert_int_equal(pool.bytes, 0);
    expect_ok(ritz_device_set_allocator(dev, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account),
        cmocka_unit_test(test_only_owners_free),
        cmocka_unit_test(test_many_matrices),
        cmocka_unit_test(test_freed_in_stream_order),
        cmocka_unit_test(test_create_refuses),
        cmocka_unit_test(test_callers_allocator),
        cmocka_unit_test(test_allocator_that_refuses),
    };
    return cmocka_run_group_tests(tests, open_cpu, close_cpu);
}
