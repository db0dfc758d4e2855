/* Determinants from P A = L U: det A = det(P) u_11 ... u_nn.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 3.4; Higham, Accuracy and
 * Stability of Numerical Algorithms, 2nd ed. 2002, section 14.6.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

/* P A = L U in W, NaN for items that are not finite. A singular item is no failure. */
static ritz_status factorize(ritz_stream *s, ritz_dmat A, ritz_dmat W, ritz_dmat pivots,
                             struct ritz_verdict v)
{
    RITZ_TRY(ritz_op_copy(s, A, W));
    if (ritz_op_offered(s, RITZ_OP_small_lu, &W, 1)) return ritz_op_small_lu(s, W, pivots, v.info);
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, W, v.flags));
    RITZ_TRY(ritz_op_getrf(s, W, pivots, v.info));
    return ritz_op_poison(s, RITZ_BOTH, v.flags, W);
}

static ritz_status det_of(ritz_stream *s, ritz_dmat A, ritz_dmat sign, ritz_dmat logdet,
                          ritz_dmat det)
{
    struct ritz_verdict v;
    ritz_dmat W, pivots, scalars;
    RITZ_TRY(ritz_algo_verdict_open(s, A.batch, &v));
    RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, A.cols, A.batch, &W));
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, A.rows, 1, A.batch, &pivots));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, A.batch, 2, 1, &scalars));
    RITZ_TRY(factorize(s, A, W, pivots, v));
    if (ritz_present(det)) RITZ_TRY(ritz_op_diag_product(s, W, pivots, det));
    if (!ritz_present(sign) && !ritz_present(logdet)) return RITZ_OK;
    return ritz_op_log_diag(s, W, pivots, ritz_present(sign) ? sign : ritz_cols(scalars, 0, 1),
                            ritz_present(logdet) ? logdet : ritz_cols(scalars, 1, 1));
}

/* A matrix without elements has the determinant 1. */
static ritz_status det_of_nothing(ritz_stream *s, ritz_dmat sign, ritz_dmat logdet, ritz_dmat det)
{
    if (ritz_present(sign)) RITZ_TRY(ritz_op_fill(s, 1.0, sign));
    if (ritz_present(logdet)) RITZ_TRY(ritz_op_fill(s, 0.0, logdet));
    return ritz_present(det) ? ritz_op_fill(s, 1.0, det) : RITZ_OK;
}

ritz_status ritz_det(ritz_stream *s, ritz_dmat A, ritz_dmat sign, ritz_dmat logdet, ritz_dmat det)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_square(A, "A"));
    if (ritz_present(sign))
        RITZ_TRY(ritz_algo_check_scalars(s, sign, "sign", RITZ_F64, A.batch, 1, A));
    if (ritz_present(logdet))
        RITZ_TRY(ritz_algo_check_scalars(s, logdet, "logdet", RITZ_F64, A.batch, 1, A));
    if (ritz_present(det))
        RITZ_TRY(ritz_algo_check_scalars(s, det, "det", RITZ_F64, A.batch, 1, A));
    RITZ_TRY(ritz_check_no_overlap(logdet, "logdet", sign, "sign"));
    RITZ_TRY(ritz_check_no_overlap(det, "det", sign, "sign"));
    RITZ_TRY(ritz_check_no_overlap(det, "det", logdet, "logdet"));
    if (A.batch == 0) return RITZ_OK;
    if (A.rows == 0) return det_of_nothing(s, sign, logdet, det);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_status rc = det_of(s, A, sign, logdet, det);
    ritz_work_release(s, mark);
    return rc;
}
