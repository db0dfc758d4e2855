/* R of rows that come block by block.
 *
 * Source: Demmel, Grigori, Hoemmen, Langou, Communication-optimal parallel and sequential QR and LU
 * factorizations, SIAM J. Sci. Comput. 34(1), 2012, section 3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/stacked_qr.h"

#define STACK_BYTES (INT64_C(128) << 20)

int64_t stacked_qr_block(ritz_dtype dtype, int64_t n, int64_t all)
{
    const int64_t wanted = 4 * n > 1024 ? 4 * n : 1024;
    const int64_t affordable = STACK_BYTES / (n * (int64_t)ritz_dtype_size(dtype));
    int64_t rows = wanted < affordable ? wanted : affordable;
    if (rows < n) rows = n;
    return rows < all ? rows : all;
}

ritz_status stacked_qr_open(ritz_stream *s, ritz_dtype dtype, int64_t n, int64_t rows,
                            struct stacked_qr *q)
{
    q->s = s;
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, n + rows, n, 1, &q->stack));
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, n, 1, 1, &q->tau));
    return ritz_op_fill(s, 0.0, stacked_qr_factor(q));
}

ritz_dmat stacked_qr_room(const struct stacked_qr *q, int64_t rows)
{
    return ritz_row_range(q->stack, q->stack.cols, rows);
}

ritz_dmat stacked_qr_factor(const struct stacked_qr *q)
{
    return ritz_row_range(q->stack, 0, q->stack.cols);
}

ritz_status stacked_qr_absorb(struct stacked_qr *q, int64_t rows)
{
    ritz_stream *s = q->s;
    const int64_t n = q->stack.cols;
    const ritz_dmat R = stacked_qr_factor(q);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat tri;
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, n, n, 1, &tri));
    RITZ_TRY_OUT(ritz_op_geqrf(s, ritz_row_range(q->stack, 0, n + rows), q->tau));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, R, tri));
    RITZ_TRY_OUT(ritz_op_copy(s, tri, R));
out:
    ritz_work_release(s, mark);
    return rc;
}
