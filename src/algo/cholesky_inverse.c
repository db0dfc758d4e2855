/* What a Cholesky factor tells: the inverse and the logarithm of the determinant.
 *
 *     X = A⁻¹:   L Y = I, Lᵀ X = Y;   log det A = 2 sum_i log L(i,i)
 *
 * Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 14.2.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

static ritz_status check_factor(const ritz_stream *s, ritz_uplo uplo, ritz_dmat L)
{
    RITZ_TRY(ritz_algo_check_triangle(uplo, RITZ_ERR_ARGUMENT));
    RITZ_TRY(ritz_check_input(s, L, "L"));
    RITZ_TRY(ritz_check_real(L, "L"));
    return ritz_check_square(L, "L");
}

ritz_status ritz_cholesky_inverse(ritz_stream *s, ritz_uplo uplo, ritz_dmat L, ritz_dmat X)
{
    RITZ_ENTER(s, &L);
    RITZ_TRY(check_factor(s, uplo, L));
    RITZ_TRY(ritz_check_output(s, X, "X"));
    RITZ_TRY(ritz_check_same_dtype(L, "L", X, "X"));
    RITZ_TRY(ritz_check_shape(X, "X", L.rows, L.cols, "the shape of L"));
    RITZ_TRY(ritz_check_batch(L, "L", X.batch, 1));
    RITZ_TRY(ritz_check_no_overlap(X, "X", L, "L"));
    if (ritz_empty(X)) return RITZ_OK;
    RITZ_TRY(ritz_op_set_identity(s, X));
    RITZ_TRY(ritz_algo_cholesky_substitute(s, uplo, L, X));
    return ritz_op_mirror(s, RITZ_LOWER, X); /* symmetric to the last bit */
}

ritz_status ritz_cholesky_logdet(ritz_stream *s, ritz_uplo uplo, ritz_dmat L, ritz_dmat logdet)
{
    RITZ_ENTER(s, &L);
    RITZ_TRY(check_factor(s, uplo, L));
    RITZ_TRY(ritz_algo_check_scalars(s, logdet, "logdet", RITZ_F64, L.batch, 1, RITZ_NO_MAT));
    RITZ_TRY(ritz_check_no_overlap(logdet, "logdet", L, "L"));
    if (L.batch == 0) return RITZ_OK;
    if (L.rows == 0) return ritz_op_fill(s, 0.0, logdet);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat sign;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, L.batch, 1, 1, &sign));
    RITZ_TRY_OUT(ritz_op_log_diag(s, L, RITZ_NO_MAT, sign, logdet));
    RITZ_TRY_OUT(ritz_op_scale(s, 2.0, logdet));
out:
    ritz_work_release(s, mark);
    return rc;
}
