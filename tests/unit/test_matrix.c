/* Descriptions of matrices: wrapping, views, and the questions core asks about them.
 *
 * Whether memory overlaps is judged against brute force over all element addresses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "core/check.h"
#include "core/matrix.h"
#include "unit/support.h"

enum { SPACE = 400 };
static double space[SPACE];

static ritz_dmat wrap(ritz_device *dev, int64_t rows, int64_t cols, ritz_layout layout)
{
    return ritz_dmat_wrap(dev, space, RITZ_F64, rows, cols, layout);
}

/* The place in `space` of element (i, j) of item b, by the formula of the header. */
static int64_t place(ritz_dmat A, int64_t b, int64_t i, int64_t j)
{
    const int64_t index =
        b * A.batch_stride + (A.layout == RITZ_COL_MAJOR ? i + j * A.ld : i * A.ld + j);
    return (const double *)A.data - space + index;
}

static bool is_invalid(ritz_dmat A)
{
    return A.flags & RITZ_MAT_INVALID;
}

static void test_wrap(void **state)
{
    ritz_device *dev = *state;
    const ritz_dmat A = wrap(dev, 4, 3, RITZ_COL_MAJOR), B = wrap(dev, 4, 3, RITZ_ROW_MAJOR);
    assert_true(A.ld == 4 && A.batch == 1 && A.batch_stride == 12 && A.flags == 0 &&
                A.device == dev);
    assert_true(B.ld == 3 && B.layout == RITZ_ROW_MAJOR);
    assert_true(wrap(dev, 0, 3, RITZ_COL_MAJOR).ld == 1); /* BLAS wants 1 at least */
    const ritz_dmat none = RITZ_NO_MAT;
    assert_true(none.data == NULL && none.device == NULL);
    assert_true(ritz_dmat_wrap_const(dev, space, RITZ_F32, 1, 1, RITZ_COL_MAJOR).flags &
                RITZ_MAT_READ_ONLY);
    assert_true(sizeof(ritz_dmat) == 72 && sizeof(ritz_hmat) == 72);
}

static void test_impossible_wraps_are_marked(void **state)
{
    ritz_device *dev = *state;
    const int64_t huge = INT64_C(1) << 62;
    assert_true(is_invalid(wrap(dev, -1, 3, RITZ_COL_MAJOR)));
    assert_true(is_invalid(wrap(dev, 1, -3, RITZ_ROW_MAJOR)));
    assert_true(is_invalid(wrap(dev, huge, 2, RITZ_COL_MAJOR)));
    assert_true(is_invalid(wrap(dev, huge, 1, RITZ_COL_MAJOR))); /* as bytes */
    assert_true(is_invalid(wrap(NULL, 2, 2, RITZ_COL_MAJOR)));
    assert_true(is_invalid(wrap(dev, 2, 2, (ritz_layout)2)));
    assert_true(is_invalid(ritz_dmat_wrap(dev, space, (ritz_dtype)0, 2, 2, RITZ_COL_MAJOR)));
    assert_true(is_invalid(ritz_dmat_wrap(dev, space, (ritz_dtype)9, 2, 2, RITZ_COL_MAJOR)));
    assert_true(is_invalid(ritz_dmat_wrap(dev, NULL, RITZ_F64, 2, 2, RITZ_COL_MAJOR)));
    assert_false(is_invalid(ritz_dmat_wrap(dev, NULL, RITZ_F64, 2, 0, RITZ_COL_MAJOR)));
}

static void test_views_address_the_right_elements(void **state)
{
    ritz_device *dev = *state;
    for (int layout = 0; layout < 2; layout++) {
        const ritz_dmat one = ritz_with_ld(wrap(dev, 5, 4, (ritz_layout)layout), 7);
        const ritz_dmat A = ritz_batched(one, 3, 40);
        const ritz_dmat block = ritz_block(A, 1, 2, 3, 2), T = ritz_t(block);
        const ritz_dmat cols = ritz_cols(A, 1, 3), rows = ritz_row_range(A, 2, 2);
        const ritz_dmat tail = ritz_batch_range(A, 1, 2), item = ritz_batch_item(A, 2);
        for (int64_t b = 0; b < 3; b++)
            for (int64_t i = 0; i < 3; i++)
                for (int64_t j = 0; j < 2; j++) {
                    assert_int_equal(place(block, b, i, j), place(A, b, i + 1, j + 2));
                    assert_int_equal(place(T, b, j, i), place(block, b, i, j));
                    assert_int_equal(place(ritz_block(T, 1, 1, 1, 2), b, 0, 1),
                                     place(block, b, 2, 1));
                }
        assert_true(T.rows == 2 && T.cols == 3 && T.layout != block.layout && T.ld == block.ld);
        assert_int_equal(place(cols, 1, 4, 2), place(A, 1, 4, 3));
        assert_int_equal(place(rows, 2, 1, 3), place(A, 2, 3, 3));
        assert_int_equal(place(tail, 1, 3, 2), place(A, 2, 3, 2));
        assert_int_equal(place(item, 0, 3, 2), place(A, 2, 3, 2));
        assert_int_equal(item.batch, 1);
        const ritz_dmat back = ritz_t(ritz_t(A));
        assert_memory_equal(&back, &A, sizeof A);
    }
}

static void test_views_outside_are_marked(void **state)
{
    ritz_device *dev = *state;
    const ritz_dmat A = wrap(dev, 5, 4, RITZ_COL_MAJOR);
    static const int64_t bad[][4] = {{-1, 0, 1, 1},        {0, -1, 1, 1}, {0, 0, -1, 1},
                                     {0, 0, 1, -1},        {0, 0, 6, 1},  {0, 0, 1, 5},
                                     {5, 0, 1, 1},         {3, 2, 3, 1},  {INT64_MAX, 0, 1, 1},
                                     {1, 1, INT64_MAX, 1}, {6, 0, 0, 0}};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_true(is_invalid(ritz_block(A, bad[i][0], bad[i][1], bad[i][2], bad[i][3])));
    assert_false(is_invalid(ritz_block(A, 5, 4, 0, 0)));
    assert_true(is_invalid(ritz_cols(A, 3, 2)) && is_invalid(ritz_row_range(A, 5, 1)));
    assert_true(is_invalid(ritz_batch_item(A, 1)) && is_invalid(ritz_batch_item(A, -1)));
    assert_true(is_invalid(ritz_batch_range(A, 0, 2)) && is_invalid(ritz_batch_range(A, 1, -1)));
    assert_true(is_invalid(ritz_batched(ritz_batched(A, 2, 20), 2, 40)));
    assert_true(is_invalid(ritz_batched(A, -1, 20)) && is_invalid(ritz_batched(A, 2, -20)));
    assert_true(is_invalid(ritz_batched(A, INT64_MAX, INT64_MAX)));
    assert_true(is_invalid(ritz_with_ld(A, 4)) && is_invalid(ritz_with_ld(A, INT64_MAX)));
    assert_false(is_invalid(ritz_with_ld(A, 5)));
    /* Nothing makes an invalid view valid again. */
    const ritz_dmat bad_view = ritz_cols(A, 3, 2);
    assert_true(is_invalid(ritz_t(bad_view)) && is_invalid(ritz_block(bad_view, 0, 0, 1, 1)) &&
                is_invalid(ritz_batched(bad_view, 2, 50)) &&
                is_invalid(ritz_with_ld(bad_view, 9)) && is_invalid(ritz_read_only(bad_view)) &&
                is_invalid(ritz_batch_item(bad_view, 0)));
}

static void test_flags_of_views(void **state)
{
    ritz_device *dev = *state;
    ritz_dmat A = wrap(dev, 5, 4, RITZ_COL_MAJOR);
    A.flags = RITZ_MAT_OWNED;
    const ritz_dmat views[] = {ritz_t(A),
                               ritz_block(A, 0, 0, 5, 4),
                               ritz_cols(A, 0, 4),
                               ritz_row_range(A, 0, 5),
                               ritz_batch_item(A, 0),
                               ritz_batch_range(A, 0, 1),
                               ritz_batched(A, 1, 20),
                               ritz_with_ld(A, 5),
                               ritz_read_only(A),
                               ritz_block(A, 9, 9, 1, 1)};
    for (size_t i = 0; i < COUNT(views); i++) assert_false(views[i].flags & RITZ_MAT_OWNED);
    const ritz_dmat constant = ritz_read_only(A);
    assert_true(ritz_t(constant).flags & RITZ_MAT_READ_ONLY);
    assert_true(ritz_block(constant, 1, 1, 1, 1).flags & RITZ_MAT_READ_ONLY);
}

static void test_host_views(void **state)
{
    ritz_device *dev = *state;
    const ritz_hmat H = ritz_hmat_wrap(space, RITZ_F64, 5, 4, RITZ_ROW_MAJOR);
    const ritz_hmat B = ritz_hmat_block(ritz_hmat_t(H), 1, 2, 3, 2);
    assert_ptr_equal(B.data, &space[2 * 4 + 1]);
    assert_true(B.rows == 3 && B.cols == 2 && B.layout == RITZ_COL_MAJOR && B.ld == 4);
    assert_true(ritz_hmat_block(H, 0, 0, 6, 1).flags & RITZ_MAT_INVALID);
    assert_true(ritz_hmat_with_ld(H, 3).flags & RITZ_MAT_INVALID);
    assert_int_equal(ritz_hmat_batched(H, 2, 20).batch, 2);
    assert_true(ritz_hmat_wrap_const(space, RITZ_F64, 1, 1, RITZ_COL_MAJOR).flags &
                RITZ_MAT_READ_ONLY);
    const ritz_dmat D = ritz_dmat_borrow(dev, B);
    assert_ptr_equal(D.data, B.data);
    assert_ptr_equal(D.device, dev);
    assert_true(D.rows == 3 && D.ld == 4 && D.layout == RITZ_COL_MAJOR && D.flags == 0);
    assert_true(is_invalid(ritz_dmat_borrow(NULL, B)));
    assert_true(is_invalid(ritz_dmat_borrow(dev, ritz_hmat_block(H, 0, 0, 6, 1))));
}

static void test_host_memory(void **state)
{
    ritz_device *dev = *state;
    ritz_hmat H, view;
    expect_ok(ritz_hmat_create(RITZ_F32, RITZ_ROW_MAJOR, 3, 5, &H));
    assert_true(H.data && H.ld == 5 && (H.flags & RITZ_MAT_OWNED));
    memset(H.data, 1, 3 * 5 * sizeof(float));
    view = ritz_hmat_t(H);
    expect_error(ritz_hmat_destroy(&view), RITZ_ERR_ARGUMENT, "H is a view");
    assert_non_null(view.data);
    expect_ok(ritz_hmat_destroy(&H));
    assert_null(H.data);
    expect_ok(ritz_hmat_destroy(&H));
    expect_ok(ritz_hmat_destroy(NULL));
    expect_ok(ritz_hmat_create_pinned(dev, RITZ_F64, RITZ_COL_MAJOR, 2, 2, &H));
    memset(H.data, 1, 4 * sizeof(double));
    expect_ok(ritz_hmat_destroy(&H));
    expect_ok(ritz_hmat_create(RITZ_F32, RITZ_ROW_MAJOR, 0, 5, &H));
    expect_ok(ritz_hmat_destroy(&H));
    expect_error(ritz_hmat_create(RITZ_F32, RITZ_ROW_MAJOR, -1, 5, &H), RITZ_ERR_ARGUMENT,
                 "-1 x 5");
    expect_error(ritz_hmat_create((ritz_dtype)77, RITZ_ROW_MAJOR, 1, 5, &H), RITZ_ERR_DTYPE, "77");
    expect_error(ritz_hmat_create(RITZ_F32, (ritz_layout)5, 1, 5, &H), RITZ_ERR_LAYOUT, "5");
    expect_error(ritz_hmat_create(RITZ_F32, RITZ_ROW_MAJOR, INT64_C(1) << 40, INT64_C(1) << 40, &H),
                 RITZ_ERR_TOO_LARGE, "2^63");
    expect_error(ritz_hmat_create(RITZ_F32, RITZ_ROW_MAJOR, 1, 5, NULL), RITZ_ERR_ARGUMENT,
                 "H is NULL");
    expect_error(ritz_hmat_create(RITZ_F64, RITZ_ROW_MAJOR, INT64_C(1) << 40, 1000000, &H),
                 RITZ_ERR_MEMORY, "bytes");
    assert_null(H.data);
}

static void test_dtypes(void **state)
{
    (void)state;
    static const struct {
        ritz_dtype dtype;
        size_t size;
        const char *name;
    } all[] = {{RITZ_F32, 4, "float32"},   {RITZ_F64, 8, "float64"}, {RITZ_F16, 2, "float16"},
               {RITZ_BF16, 2, "bfloat16"}, {RITZ_I8, 1, "int8"},     {RITZ_U8, 1, "uint8"},
               {RITZ_I32, 4, "int32"},     {RITZ_I64, 8, "int64"}};
    for (size_t i = 0; i < COUNT(all); i++) {
        assert_int_equal(ritz_dtype_size(all[i].dtype), all[i].size);
        assert_string_equal(ritz_dtype_name(all[i].dtype), all[i].name);
    }
    for (int bad = -1; bad < 12; bad += bad == 0 ? 9 : 1) {
        assert_int_equal(ritz_dtype_size((ritz_dtype)bad), 0);
        assert_string_equal(ritz_dtype_name((ritz_dtype)bad), "unknown");
    }
}

/* ---- overlaps against brute force ---- */

/* uses[k]: how many elements of A lie at space[k]. */
static void mark(ritz_dmat A, int uses[SPACE])
{
    for (int64_t b = 0; b < A.batch; b++)
        for (int64_t j = 0; j < A.cols; j++)
            for (int64_t i = 0; i < A.rows; i++) uses[place(A, b, i, j)]++;
}

static bool share(ritz_dmat A, ritz_dmat B)
{
    int a[SPACE] = {0}, b[SPACE] = {0};
    mark(A, a);
    mark(B, b);
    for (int k = 0; k < SPACE; k++)
        if (a[k] && b[k]) return true;
    return false;
}

static bool uses_twice(ritz_dmat A)
{
    int uses[SPACE] = {0};
    mark(A, uses);
    for (int k = 0; k < SPACE; k++)
        if (uses[k] > 1) return true;
    return false;
}

/* All pairs of blocks of one parent: exact. */
static void test_overlap_of_blocks_is_exact(void **state)
{
    ritz_device *dev = *state;
    enum { R = 4, C = 3 };
    ritz_dmat blocks[300];
    int count = 0;
    const ritz_dmat parent = ritz_with_ld(wrap(dev, R, C, RITZ_COL_MAJOR), R + 2);
    for (int64_t i = 0; i < R; i++)
        for (int64_t j = 0; j < C; j++)
            for (int64_t m = 0; m <= R - i; m++)
                for (int64_t n = 0; n <= C - j; n++) {
                    blocks[count] = ritz_block(parent, i, j, m, n);
                    if (count % 2) blocks[count] = ritz_t(blocks[count]);
                    count++;
                }
    assert_in_range(count, 100, 300);
    for (int a = 0; a < count; a++)
        for (int b = 0; b < count; b++)
            assert_int_equal(ritz_mat_overlap(blocks[a], blocks[b]), share(blocks[a], blocks[b]));
}

/* Anything else may be called an overlap without being one, never the other way round. */
static void test_no_overlap_is_missed(void **state)
{
    ritz_device *dev = *state;
    int64_t found = 0, cleared = 0;
    uint64_t random = 1;
    ritz_dmat list[200];
    for (size_t k = 0; k < COUNT(list); k++) {
        int64_t draw[7];
        static const int64_t limit[7] = {5, 5, 4, 3, 12, 100, 2};
        for (int d = 0; d < 7; d++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            draw[d] = (int64_t)((random >> 33) % (uint64_t)limit[d]);
        }
        const ritz_layout layout = (ritz_layout)draw[6];
        ritz_dmat A = ritz_dmat_wrap(dev, space + draw[5], RITZ_F64, draw[0], draw[1], layout);
        list[k] = ritz_batched(ritz_with_ld(A, A.ld + draw[2]), draw[3], draw[4]);
    }
    for (size_t a = 0; a < COUNT(list); a++)
        for (size_t b = 0; b < COUNT(list); b++) {
            const bool real = share(list[a], list[b]);
            const bool said = ritz_mat_overlap(list[a], list[b]);
            assert_true(said || !real);
            found += real;
            cleared += !said;
        }
    assert_true(found > 1000 && cleared > 1000);
}

static void test_self_overlap(void **state)
{
    ritz_device *dev = *state;
    int64_t overlapping = 0, apart = 0;
    for (int64_t rows = 0; rows <= 3; rows++)
        for (int64_t cols = 0; cols <= 3; cols++)
            for (int64_t pad = 0; pad <= 9; pad++)
                for (int64_t batch = 0; batch <= 3; batch++)
                    for (int64_t stride = 0; stride <= 20; stride++)
                        for (int layout = 0; layout < 2; layout++) {
                            ritz_dmat A = wrap(dev, rows, cols, (ritz_layout)layout);
                            A = ritz_batched(ritz_with_ld(A, A.ld + pad), batch, stride);
                            const bool real = uses_twice(A), said = ritz_mat_self_overlaps(A);
                            assert_true(said || !real);
                            /* Exact for items one behind the other, and side by side in a line. */
                            int64_t extent, inner = layout ? cols : rows;
                            ritz_dmat one = A;
                            one.batch = 1;
                            assert_true(ritz_mat_extent(one, &extent));
                            if (stride >= extent ||
                                (stride >= inner && (batch - 1) * stride + inner <= A.ld))
                                assert_false(said);
                            overlapping += real;
                            apart += !said;
                        }
    assert_true(overlapping > 1000 && apart > 1000);
}

static void test_extent_and_consistency(void **state)
{
    ritz_device *dev = *state;
    int64_t n;
    ritz_dmat A = ritz_batched(ritz_with_ld(wrap(dev, 3, 2, RITZ_COL_MAJOR), 5), 2, 11);
    assert_true(ritz_mat_extent(A, &n));
    assert_int_equal(n, 11 + 5 + 3);
    assert_true(ritz_mat_consistent(A));
    A.ld = 2;
    assert_false(ritz_mat_consistent(A));
    A.ld = INT64_MAX / 2;
    assert_false(ritz_mat_consistent(A));
    A = wrap(dev, 3, 2, RITZ_COL_MAJOR);
    A.data = NULL;
    assert_false(ritz_mat_consistent(A));
    A.rows = 0;
    assert_true(ritz_mat_consistent(A));
    assert_true(ritz_product_overflows(INT64_C(1) << 32, INT64_C(1) << 32, 1));
    assert_true(ritz_product_overflows(INT64_C(1) << 31, INT64_C(1) << 31, 4));
    assert_false(ritz_product_overflows(INT64_C(1) << 31, INT64_C(1) << 31, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_impossible_wraps_are_marked),
        cmocka_unit_test(test_views_address_the_right_elements),
        cmocka_unit_test(test_views_outside_are_marked),
        cmocka_unit_test(test_flags_of_views),
        cmocka_unit_test(test_host_views),
        cmocka_unit_test(test_host_memory),
        cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_overlap_of_blocks_is_exact),
        cmocka_unit_test(test_no_overlap_is_missed),
        cmocka_unit_test(test_self_overlap),
        cmocka_unit_test(test_extent_and_consistency),
    };
    return cmocka_run_group_tests(tests, open_cpu, close_cpu);
}
