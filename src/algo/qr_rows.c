/* The factor R of rows that stream by: a flat tree,
 *
 *     [R; A_i] = Q_i R_new     for each block A_i of rows
 *
 * Rows of R that no block has filled yet are zero. Cost: 2 (b + n) n² flops a block of b rows.
 *
 * Source: Demmel, Grigori, Hoemmen, Langou, Communication-optimal parallel and sequential QR and LU
 * factorizations, SIAM J. Sci. Comput. 34(1), 2012, section 3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/qr.h"
#include "core/rows.h"

#define STACK_BYTES (INT64_C(128) << 20)

/* Rows of a block: enough that the n rows of R cost little beside them. */
static int64_t block_rows(ritz_dtype dtype, int64_t n, int64_t all)
{
    const int64_t wanted = 4 * n > 1024 ? 4 * n : 1024;
    const int64_t affordable = STACK_BYTES / (n * (int64_t)ritz_dtype_size(dtype));
    int64_t rows = wanted < affordable ? wanted : affordable;
    if (rows < n) rows = n;
    return rows < all ? rows : all;
}

/* stack: its first n rows hold R on entry and on return; the block goes below. */
static ritz_status merge(ritz_stream *s, ritz_dmat block, ritz_dmat stack, ritz_dmat tau,
                         ritz_dmat flags)
{
    const int64_t n = stack.cols;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_dmat used = ritz_row_range(stack, 0, n + block.rows);
    const ritz_dmat below = ritz_row_range(stack, n, block.rows), R = ritz_row_range(stack, 0, n);
    ritz_status rc;
    ritz_dmat tri;
    RITZ_TRY_OUT(ritz_work_dmat(s, stack.dtype, RITZ_COL_MAJOR, n, n, 1, &tri));
    RITZ_TRY_OUT(ritz_op_copy(s, block, below));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, below, flags));
    RITZ_TRY_OUT(ritz_op_geqrf(s, used, tau));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, R, tri));
    RITZ_TRY_OUT(ritz_op_copy(s, tri, R));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status factor(ritz_stream *s, struct ritz_feed *feed, int64_t all, ritz_dmat R)
{
    const int64_t n = R.cols, block = block_rows(R.dtype, n, all);
    ritz_dmat stack, tau;
    struct ritz_verdict v;
    RITZ_TRY(ritz_algo_verdict_open(s, 1, &v));
    RITZ_TRY(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, n + block, n, 1, &stack));
    RITZ_TRY(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, n, 1, 1, &tau));
    RITZ_TRY(ritz_op_fill(s, 0.0, ritz_row_range(stack, 0, n)));
    RITZ_TRY(ritz_feed_start(feed, block));
    for (int64_t count = 0; count < all;) {
        ritz_dmat rows;
        RITZ_TRY(ritz_feed_next(feed, &rows));
        RITZ_TRY(merge(s, rows, stack, tau, v.flags));
        count += rows.rows;
    }
    RITZ_TRY(qr_positive_r(s, ritz_row_range(stack, 0, n), R));
    RITZ_TRY(ritz_algo_verdict_settle(s, v));
    RITZ_TRY(ritz_op_poison(s, RITZ_BOTH, v.info, R));
    return ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT);
}

ritz_status ritz_qr_rows(ritz_stream *s, ritz_rows rows, ritz_dmat R)
{
    RITZ_ENTER(s, &R);
    RITZ_TRY(ritz_check_output(s, R, "R"));
    RITZ_TRY(ritz_check_real(R, "R"));
    RITZ_TRY(ritz_check_single(R, "R"));
    RITZ_TRY(ritz_check_square(R, "R"));

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc, closed;
    struct ritz_feed *feed = NULL;
    const ritz_rows_info *info;
    RITZ_TRY_OUT(ritz_feed_open(s, &rows, &feed));
    info = ritz_feed_info(feed);
    if (info->cols != R.cols || info->rows < info->cols) {
        rc = ritz_fail(RITZ_ERR_SHAPE,
                       "the data is %" PRId64 " x %" PRId64 " and R is of order %" PRId64
                       "; the order must be the number of columns, and that of rows no less",
                       info->rows, info->cols, R.cols);
        goto out;
    }
    if (R.cols > 0) RITZ_TRY_OUT(factor(s, feed, info->rows, R));
out:
    closed = ritz_feed_close(&feed);
    if (rc == RITZ_OK) rc = closed;
    ritz_work_release(s, mark);
    return rc;
}
