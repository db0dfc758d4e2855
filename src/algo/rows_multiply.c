/* Y = A X for rows A that stream by, or for a sparse A, delivered block by block.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/rows_map.h"
#include "algo/sparse.h"

static ritz_status check_factor(const ritz_stream *s, int64_t cols, ritz_dmat X)
{
    RITZ_TRY(ritz_check_input(s, X, "X"));
    RITZ_TRY(ritz_check_single(X, "X"));
    RITZ_TRY(ritz_check_real(X, "X"));
    RITZ_REQUIRE(X.rows == cols, RITZ_ERR_SHAPE,
                 "the source has %" PRId64 " columns and X has %" PRId64
                 " rows; they must be as many",
                 cols, X.rows);
    return RITZ_OK;
}

/* Y = A X; context: X. */
static ritz_status multiply_block(ritz_stream *s, ritz_dmat A, ritz_dmat Y, const void *context)
{
    return ritz_op_gemm(s, 1.0, A, *(const ritz_dmat *)context, 0.0, Y);
}

/* The whole product lies on the device first: rows of a sparse matrix are not taken apart. */
static ritz_status multiply_sparse(ritz_stream *s, const ritz_spmat *A, ritz_dmat X,
                                   ritz_block_function deliver, void *context)
{
    RITZ_TRY(ritz_algo_spmat_check(s, A, "the source"));
    RITZ_TRY(check_factor(s, A->cols, X));
    RITZ_REQUIRE(X.dtype == A->dtype, RITZ_ERR_DTYPE,
                 "the source is a sparse matrix of %s and X is %s; they must agree",
                 ritz_dtype_name(A->dtype), ritz_dtype_name(X.dtype));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat Y;
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_ROW_MAJOR, A->rows, X.cols, 1, &Y));
    RITZ_TRY_OUT(ritz_algo_spmm(s, 0, 1.0, A, X, 0.0, Y));
    RITZ_TRY_OUT(rows_deliver(s, Y, deliver, context));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_rows_multiply(ritz_stream *s, ritz_rows rows, ritz_dmat X,
                               ritz_block_function deliver, void *context)
{
    RITZ_ENTER(s, &X);
    RITZ_REQUIRE(deliver, RITZ_ERR_ARGUMENT, "deliver is NULL");
    if (rows.kind == RITZ_ROWS_SPARSE) {
        const ritz_status rc = multiply_sparse(s, rows.sparse, X, deliver, context);
        const ritz_status waited = ritz_stream_sync(s);
        return rc != RITZ_OK ? rc : waited;
    }
    struct ritz_feed *feed = NULL;
    RITZ_TRY(ritz_feed_open(s, &rows, &feed));
    const struct rows_map map = {
        .dtype = X.dtype, .cols = X.cols, .converts = 1, .block = multiply_block, .context = &X};
    ritz_status rc = check_factor(s, ritz_feed_info(feed)->cols, X);
    if (rc == RITZ_OK) rc = rows_map_deliver(s, feed, &map, deliver, context);
    const ritz_status waited = ritz_stream_sync(s), closed = ritz_feed_close(&feed);
    if (rc != RITZ_OK) return rc;
    return waited != RITZ_OK ? waited : closed;
}
