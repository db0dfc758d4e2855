/* Cholesky factorization with diagonal pivoting, of positive semidefinite matrices.
 *
 *     A ~ F Fᵀ,   ‖A - F Fᵀ‖_* = trace(A - F Fᵀ) = the sum of the remaining diagonal
 *
 * The remainder of a positive semidefinite matrix is positive semidefinite, so its trace is its
 * nuclear norm, and a diagonal element that becomes negative shows that A was not.
 *
 * Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 10.3;
 * Harbrecht, Peters and Schneider, On the low-rank approximation by the pivoted Cholesky
 * decomposition, Appl. Numer. Math. 62, 2012.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>

#include "algo/algo.h"

static ritz_status check_options(const ritz_pivoted_cholesky_options *opts)
{
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_pivoted_cholesky_options), "opts"));
    if (opts == NULL) return RITZ_OK;
    RITZ_TRY(ritz_algo_check_triangle(opts->uplo, RITZ_ERR_OPTION));
    RITZ_REQUIRE(opts->rtol >= 0, RITZ_ERR_OPTION, "rtol is %g; it must not be negative",
                 opts->rtol);
    RITZ_REQUIRE(opts->atol >= 0, RITZ_ERR_OPTION, "atol is %g; it must not be negative",
                 opts->atol);
    return RITZ_OK;
}

/* No output lies on another, nor on A. */
static ritz_status check_apart(ritz_dmat A, ritz_dmat F, ritz_dmat pivots, ritz_dmat rank,
                               ritz_dmat error, ritz_dmat info)
{
    const ritz_dmat operands[] = {A, F, pivots, rank, error, info};
    static const char *const names[] = {"A", "F", "pivots", "rank", "error", "info"};
    for (int i = 1; i < 6; i++)
        for (int k = 0; k < i; k++)
            RITZ_TRY(ritz_check_no_overlap(operands[i], names[i], operands[k], names[k]));
    return RITZ_OK;
}

/* v, or as many elements of the workspace. */
static ritz_status given_or_work(ritz_stream *s, ritz_dtype dtype, int64_t batch, ritz_dmat *v)
{
    if (ritz_present(*v)) return RITZ_OK;
    return ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, batch, 1, 1, v);
}

ritz_status ritz_cholesky_pivoted(ritz_stream *s, ritz_dmat A, ritz_dmat F, ritz_dmat pivots,
                                  ritz_dmat rank, ritz_dmat error,
                                  const ritz_pivoted_cholesky_options *opts, ritz_dmat info)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_options(opts));
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_output(s, F, "F"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", F, "F"));
    RITZ_TRY(ritz_check_square(A, "A"));
    RITZ_REQUIRE(F.rows == A.rows && F.cols <= A.rows, RITZ_ERR_SHAPE,
                 "F is %" PRId64 " x %" PRId64 "; it must be n x k with k <= n = %" PRId64, F.rows,
                 F.cols, A.rows);
    RITZ_TRY(ritz_check_batch(A, "A", F.batch, 1));
    RITZ_TRY(ritz_algo_check_pivots(s, pivots, A.rows, F.batch, 1));
    if (ritz_present(rank))
        RITZ_TRY(ritz_algo_check_scalars(s, rank, "rank", RITZ_I32, F.batch, 1, RITZ_NO_MAT));
    if (ritz_present(error))
        RITZ_TRY(ritz_algo_check_scalars(s, error, "error", RITZ_F64, F.batch, 1, RITZ_NO_MAT));
    RITZ_TRY(ritz_check_info(s, info, F.batch));
    RITZ_TRY(check_apart(A, F, pivots, rank, error, info));
    if (F.batch == 0) return RITZ_OK;

    const double u = (A.dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON) / 2;
    const double rtol = opts && opts->rtol > 0 ? opts->rtol : (double)A.rows * u;
    const double atol = opts ? opts->atol : 0;
    const ritz_dmat lower = opts && opts->uplo == RITZ_UPPER ? ritz_t(A) : A;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    ritz_dmat W;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, F.batch, &v));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, A.rows, F.batch, &W));
    RITZ_TRY_OUT(given_or_work(s, RITZ_I32, F.batch, &rank));
    RITZ_TRY_OUT(given_or_work(s, RITZ_F64, F.batch, &error));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_broadcast(lower, F.batch), W));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_LOWER, W, v.flags));
    RITZ_TRY_OUT(ritz_op_pstrf(s, rtol, atol, W, F, pivots, rank, error, v.info));
    RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, F));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, ritz_algo_scalar_items(error)));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_SPD, v, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
