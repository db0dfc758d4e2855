/* The row of a source that is to blame where a result is not finite: the first whose sum is not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/bad_row.h"

#include <math.h>
#include <stdlib.h>

#include "algo/sparse.h"

/* Refuse the first of these row sums (count x 1 F64) that is not finite. */
static ritz_status judge_sums(ritz_stream *s, ritz_dmat sums, int64_t first)
{
    double *host = malloc((size_t)sums.rows * sizeof *host);
    RITZ_REQUIRE(host, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " row sums", sums.rows);
    ritz_status rc = ritz_algo_fetch(s, sums, host);
    for (int64_t i = 0; i < sums.rows && rc == RITZ_OK; i++)
        if (!isfinite(host[i]))
            rc = ritz_fail(
                RITZ_ERR_NOT_FINITE,
                "row %" PRId64
                " (counted from 0) has a NaN or an infinity, or its sum overflows; remove, "
                "impute or scale it",
                first + i);
    free(host);
    return rc;
}

static ritz_status judge_block(ritz_stream *s, ritz_dmat block, int64_t first)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat sums;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, block.rows, 1, 1, &sums));
    RITZ_TRY_OUT(ritz_op_col_sums(s, ritz_t(block), sums));
    RITZ_TRY_OUT(judge_sums(s, sums, first));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status bad_row_find(ritz_stream *s, struct ritz_feed *feed, int64_t block_rows)
{
    RITZ_REQUIRE(ritz_feed_can_rewind(feed), RITZ_ERR_NOT_FINITE,
                 "the data has a NaN or an infinity; remove or impute it");
    RITZ_TRY(ritz_feed_start(feed, block_rows));
    for (int64_t count = 0; count < ritz_feed_info(feed)->rows;) {
        ritz_dmat block;
        RITZ_TRY(ritz_feed_next(feed, &block));
        RITZ_TRY(judge_block(s, block, count));
        count += block.rows;
    }
    return RITZ_OK;
}

ritz_status bad_row_find_sparse(ritz_stream *s, const ritz_spmat *A)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat ones, sums;
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->cols, 1, 1, &ones));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->rows, 1, 1, &sums));
    RITZ_TRY_OUT(ritz_op_fill(s, 1.0, ones));
    RITZ_TRY_OUT(ritz_algo_spmm(s, 0, 1.0, A, ones, 0.0, sums));
    RITZ_TRY_OUT(judge_sums(s, sums, 0));
out:
    ritz_work_release(s, mark);
    return rc;
}
