/* The numerical rank that a pivoted QR factorization shows, as a mask that the device can use.
 *
 * r = the number of |R(i,i)| > rtol |R(1,1)|. Where the host is not to ask for r, what lies beyond
 * it is multiplied by 0 instead of cut off, and a triangular factor gets ones there.
 *
 * Source: Golub and Van Loan 2013, section 5.4.2.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/qr.h"

ritz_status qr_find_rank(ritz_stream *s, double rtol, ritz_dmat W, ritz_dmat rank, ritz_dmat keep)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_dmat diagonal = qr_diagonal(W);
    ritz_status rc;
    ritz_dmat values, flags;
    RITZ_TRY_OUT(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, keep.rows, 1, keep.batch, &values));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, keep.batch, 1, 1, &flags));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, flags));
    RITZ_TRY_OUT(ritz_op_diag_signs(s, W, keep));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, keep, ritz_t(diagonal), ritz_t(values)));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, values, flags));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, flags, values));
    RITZ_TRY_OUT(ritz_op_cut_values(s, rtol, 0.0, values, rank, RITZ_NO_MAT));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 1, values, ritz_t(values), ritz_t(keep)));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status qr_guard_diagonal(ritz_stream *s, ritz_dmat keep, ritz_dmat V)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_dmat diagonal = qr_diagonal(V);
    ritz_status rc;
    ritz_dmat rest;
    RITZ_TRY_OUT(ritz_work_dmat(s, V.dtype, RITZ_COL_MAJOR, keep.rows, 1, keep.batch, &rest));
    RITZ_TRY_OUT(qr_complement(s, keep, rest));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, rest, 1.0, diagonal));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status qr_complement(ritz_stream *s, ritz_dmat keep, ritz_dmat rest)
{
    RITZ_TRY(ritz_op_fill(s, 1.0, rest));
    return ritz_op_axpby(s, -1.0, keep, 1.0, rest);
}
