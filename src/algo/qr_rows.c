/* The factor R of rows that stream by.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/qr.h"
#include "algo/stacked_qr.h"
#include "core/rows.h"

static ritz_status factor(ritz_stream *s, struct ritz_feed *feed, int64_t all, ritz_dmat R)
{
    const int64_t block = stacked_qr_block(R.dtype, R.cols, all);
    struct stacked_qr q;
    struct ritz_verdict v;
    RITZ_TRY(ritz_algo_verdict_open(s, 1, &v));
    RITZ_TRY(stacked_qr_open(s, R.dtype, R.cols, block, &q));
    RITZ_TRY(ritz_feed_start(feed, block));
    for (int64_t count = 0; count < all;) {
        ritz_dmat rows;
        RITZ_TRY(ritz_feed_next(feed, &rows));
        const ritz_dmat room = stacked_qr_room(&q, rows.rows);
        RITZ_TRY(ritz_op_copy(s, rows, room));
        RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, room, v.flags));
        RITZ_TRY(stacked_qr_absorb(&q, rows.rows));
        count += rows.rows;
    }
    RITZ_TRY(qr_positive_r(s, stacked_qr_factor(&q), R));
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
