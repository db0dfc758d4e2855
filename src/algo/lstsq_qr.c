/* Least squares by Householder QR: A = Q R, X = R⁻¹ (Qᵀ B)(1:n), where R is not singular.
 *
 * Source: Golub and Van Loan 2013, section 5.3.2; Higham 2002, theorem 20.3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/lstsq.h"

/* κ₁ u from which columns of unit length count as dependent: below it the least singular value is
 * larger than what rounding leaves of 0. */
#define SINGULAR 0.1

int lstsq_is_singular(ritz_dtype dtype, double condition)
{
    return !(condition * lstsq_roundoff(dtype) < SINGULAR);
}

ritz_status lstsq_guard(struct lstsq *p, ritz_dmat A, ritz_dmat B)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    double flagged = 0;
    ritz_dmat flags;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &flags));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, flags));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, A, flags));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, B, flags));
    RITZ_TRY_OUT(ritz_algo_fetch(s, flags, &flagged));
    if (flagged != 0) p->finite = 0;
out:
    ritz_work_release(s, mark);
    return rc;
}

/* A (m x n) and B become factors and Qᵀ B; R: n x n with zeros below. */
static ritz_status factor(struct lstsq *p, ritz_dmat A, ritz_dmat B, ritz_dmat R)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat tau;
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, 1, 1, &tau));
    RITZ_TRY_OUT(ritz_op_geqrf(s, A, tau));
    RITZ_TRY_OUT(ritz_op_ormqr(s, RITZ_APPLY_Q_TRANSPOSED, A, tau, B));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, ritz_row_range(A, 0, p->n), R));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_by_qr(struct lstsq *p, int *accepted)
{
    ritz_stream *s = p->s;
    *accepted = 0;
    if (lstsq_rows_count(p->rows) < p->n) return RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat A, B, R;
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &R));
    const struct ritz_work_mark copies = ritz_work_mark(s);
    RITZ_TRY_OUT(lstsq_rows_all(p->rows, &A, &B));
    RITZ_TRY_OUT(lstsq_guard(p, A, B));
    if (!p->finite) goto out;
    RITZ_TRY_OUT(factor(p, A, B, R));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_row_range(B, 0, p->n), p->X));
    ritz_work_release(s, copies);
    RITZ_TRY_OUT(lstsq_condition(s, R, &p->r.condition));
    p->rank_deficient = lstsq_is_singular(p->dtype, p->r.condition);
    if (p->rank_deficient) goto out;
    p->r.rank = p->n;
    RITZ_TRY_OUT(ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, R, p->X));
    RITZ_TRY_OUT(lstsq_refine(p, R, 0, 2, accepted));
out:
    ritz_work_release(s, mark);
    return rc;
}
