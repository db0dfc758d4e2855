/* Centring rows that come block by block, before their mean is known; see centred_rows.h.
 *
 * Traffic: the block twice, its centred rows once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/centred_rows.h"

#include <math.h>

ritz_status centred_rows(ritz_stream *s, int64_t count, ritz_dmat block, ritz_dmat mean,
                         ritz_dmat rows)
{
    const double c = (double)count, b = (double)block.rows;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat m, change;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, block.cols, 1, 1, &m));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, block.cols, 1, 1, &change));
    /* m, and B - 1 mᵀ */
    RITZ_TRY_OUT(ritz_op_col_sums(s, block, m));
    RITZ_TRY_OUT(ritz_op_scale(s, 1 / b, m));
    RITZ_TRY_OUT(ritz_op_add_row(s, -1.0, m, block, ritz_row_range(rows, 0, block.rows)));
    /* the last row, and μ */
    if (count == 0) RITZ_TRY_OUT(ritz_op_copy(s, m, mean));
    RITZ_TRY_OUT(ritz_op_axpby(s, -1.0, mean, 1.0, m));
    RITZ_TRY_OUT(ritz_op_copy(s, m, change));
    RITZ_TRY_OUT(ritz_op_scale(s, sqrt(c * b / (c + b)), change));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_t(change), ritz_row_range(rows, block.rows, 1)));
    RITZ_TRY_OUT(ritz_op_axpby(s, b / (c + b), m, 1.0, mean));
out:
    ritz_work_release(s, mark);
    return rc;
}
