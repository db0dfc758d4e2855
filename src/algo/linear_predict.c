/* Predictions of a linear model.
 *
 *     Y = A X + 1 cᵀ,    c the intercept
 *
 * The intercept is written first, as the product 1 cᵀ, and the product A X added to it: one pass
 * over Y more than without.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/rows_map.h"

/* ---- checks ---- */

/* Of what both functions take; A has `cols` columns. */
static ritz_status check_model(const ritz_stream *s, int64_t cols, ritz_dmat X, ritz_dmat intercept)
{
    RITZ_TRY(ritz_check_input(s, X, "X"));
    RITZ_TRY(ritz_check_single(X, "X"));
    RITZ_TRY(ritz_check_real(X, "X"));
    RITZ_REQUIRE(cols == X.rows, RITZ_ERR_SHAPE,
                 "A has %" PRId64 " columns and X %" PRId64 " rows; they must be as many", cols,
                 X.rows);
    if (!ritz_present(intercept)) return RITZ_OK;
    RITZ_TRY(ritz_check_input(s, intercept, "intercept"));
    RITZ_TRY(ritz_check_single(intercept, "intercept"));
    RITZ_TRY(ritz_check_same_dtype(X, "X", intercept, "intercept"));
    return ritz_check_shape(intercept, "intercept", 1, X.cols, "1 x columns of X");
}

static ritz_status check_memory(const ritz_stream *s, ritz_dmat A, ritz_dmat X, ritz_dmat intercept,
                                ritz_dmat Y)
{
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_output(s, Y, "Y"));
    RITZ_TRY(ritz_check_single(A, "A"));
    RITZ_TRY(ritz_check_single(Y, "Y"));
    RITZ_TRY(check_model(s, A.cols, X, intercept));
    RITZ_TRY(ritz_check_same_dtype(X, "X", A, "A"));
    RITZ_TRY(ritz_check_same_dtype(X, "X", Y, "Y"));
    RITZ_TRY(ritz_check_shape(Y, "Y", A.rows, X.cols, "rows of A x columns of X"));
    RITZ_TRY(ritz_check_no_overlap(Y, "Y", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(Y, "Y", X, "X"));
    return ritz_present(intercept) ? ritz_check_no_overlap(Y, "Y", intercept, "intercept")
                                   : RITZ_OK;
}

/* ---- in memory ---- */

static ritz_status predict(ritz_stream *s, ritz_dmat A, ritz_dmat X, ritz_dmat intercept,
                           ritz_dmat Y)
{
    if (!ritz_present(intercept)) return ritz_op_gemm(s, 1.0, A, X, 0.0, Y);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat ones;
    RITZ_TRY_OUT(ritz_work_dmat(s, Y.dtype, RITZ_COL_MAJOR, Y.rows, 1, 1, &ones));
    RITZ_TRY_OUT(ritz_op_fill(s, 1.0, ones));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ones, intercept, 0.0, Y));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, A, X, 1.0, Y));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_linear_predict(ritz_stream *s, ritz_dmat A, ritz_dmat X, ritz_dmat intercept,
                                ritz_dmat Y)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_memory(s, A, X, intercept, Y));
    return ritz_empty(Y) ? RITZ_OK : predict(s, A, X, intercept, Y);
}

/* ---- rows that stream by ---- */

struct model {
    ritz_dmat X, intercept;
};

static ritz_status predict_block(ritz_stream *s, ritz_dmat A, ritz_dmat Y, const void *context)
{
    const struct model *model = context;
    return predict(s, A, model->X, model->intercept, Y);
}

static ritz_status check_answer(ritz_hmat Y, int64_t rows, int64_t cols)
{
    RITZ_REQUIRE(Y.rows == rows && Y.cols == cols && Y.batch == 1, RITZ_ERR_SHAPE,
                 "Y is %" PRId64 " x %" PRId64 "; it must be %" PRId64 " x %" PRId64
                 " (rows of the source x columns of X)",
                 Y.rows, Y.cols, rows, cols);
    RITZ_REQUIRE(Y.dtype == RITZ_F32 || Y.dtype == RITZ_F64, RITZ_ERR_DTYPE,
                 "Y is %s; it must be float32 or float64", ritz_dtype_name(Y.dtype));
    return RITZ_OK;
}

ritz_status ritz_linear_predict_rows(ritz_stream *s, ritz_rows A, ritz_dmat X, ritz_dmat intercept,
                                     ritz_hmat Y)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(ritz_check_host_output(Y, "Y"));
    struct ritz_feed *feed = NULL;
    RITZ_TRY(ritz_feed_open(s, &A, &feed));
    const ritz_rows_info *info = ritz_feed_info(feed);
    ritz_status rc = check_model(s, info->cols, X, intercept);
    if (rc == RITZ_OK) rc = check_answer(Y, info->rows, X.cols);
    const struct model model = {X, intercept};
    const struct rows_map map = {
        .dtype = X.dtype, .cols = X.cols, .converts = 1, .block = predict_block, .context = &model};
    if (rc == RITZ_OK) rc = rows_map_into(s, feed, &map, Y);
    const ritz_status waited = ritz_stream_sync(s), closed = ritz_feed_close(&feed);
    if (rc == RITZ_OK) rc = waited;
    return rc != RITZ_OK ? rc : closed;
}
