/* LU factorization with partial pivoting, and the solves that rest on it.
 *
 *     P A = L U
 *     A X = B:   L Y = P B, U X = Y
 *     X A = B:   Y U = B, Z L = Y, X = Z P
 *
 * P is kept as the interchanges that make it, one a step; P applied to rows is the interchanges in
 * order, Pᵀ is the same backwards.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 3.4; Higham, Accuracy and
 * Stability of Numerical Algorithms, 2nd ed. 2002, chapter 9 and section 14.3 (the inverse).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

/* ---- pivots ---------------------------------------------------------------------------------- */

ritz_status ritz_algo_check_pivots(const ritz_stream *s, ritz_dmat pivots, int64_t n, int64_t batch,
                                   int output)
{
    RITZ_TRY(output ? ritz_check_output(s, pivots, "pivots")
                    : ritz_check_input(s, pivots, "pivots"));
    RITZ_REQUIRE(pivots.dtype == RITZ_I32, RITZ_ERR_DTYPE, "pivots is %s; it must be int32",
                 ritz_dtype_name(pivots.dtype));
    RITZ_TRY(ritz_check_shape(pivots, "pivots", n, 1, "one entry a row"));
    return ritz_check_batch(pivots, "pivots", batch, !output);
}

/* ---- factorization --------------------------------------------------------------------------- */

/* P A = L U of a batch in any layout; items that are not finite are cleared and flagged. */
static ritz_status factor(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, struct ritz_verdict v)
{
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, A, v.flags));
    if (A.layout == RITZ_COL_MAJOR) return ritz_op_getrf(s, A, pivots, v.info);
    /* The transpose has another LU factorization, so there is nothing to gain but a copy. */
    ritz_dmat W;
    RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, A.cols, A.batch, &W));
    RITZ_TRY(ritz_op_copy(s, A, W));
    RITZ_TRY(ritz_op_getrf(s, W, pivots, v.info));
    return ritz_op_copy(s, W, A);
}

ritz_status ritz_lu(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat info)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_output(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_square(A, "A"));
    RITZ_TRY(ritz_algo_check_pivots(s, pivots, A.rows, A.batch, 1));
    RITZ_TRY(ritz_check_info(s, info, A.batch));
    RITZ_TRY(ritz_check_no_overlap(pivots, "pivots", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", pivots, "pivots"));
    if (A.batch == 0) return RITZ_OK;
    if (A.rows == 0) return ritz_algo_info_clear(s, info);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    if (ritz_op_offered(s, RITZ_OP_small_lu, &A, 1)) {
        ritz_dmat found;
        RITZ_TRY_OUT(ritz_algo_info_open(s, A.batch, info, &found));
        RITZ_TRY_OUT(ritz_op_small_lu(s, A, pivots, found));
        RITZ_TRY_OUT(ritz_algo_info_close(s, RITZ_ERR_SINGULAR, found, info));
    } else {
        struct ritz_verdict v;
        RITZ_TRY_OUT(ritz_algo_verdict_open(s, A.batch, &v));
        RITZ_TRY_OUT(factor(s, A, pivots, v));
        RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
        /* A singular matrix has its factorization: only what is not finite becomes NaN. */
        RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.flags, A));
        RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_SINGULAR, v, info));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- from the factors ------------------------------------------------------------------------ */

ritz_status ritz_algo_lu_substitute(ritz_stream *s, int transposed, ritz_dmat LU, ritz_dmat pivots,
                                    ritz_dmat B)
{
    if (!transposed) {
        RITZ_TRY(ritz_op_swap_rows(s, 0, pivots, B));
        RITZ_TRY(ritz_op_trsm(s, RITZ_LEFT, RITZ_LOWER, RITZ_UNIT, 1.0, LU, B));
        return ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, LU, B);
    }
    const ritz_dmat transpose = ritz_t(LU);
    RITZ_TRY(ritz_op_trsm(s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, transpose, B));
    RITZ_TRY(ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_UNIT, 1.0, transpose, B));
    return ritz_op_swap_rows(s, 1, pivots, B);
}

static ritz_status check_factors(const ritz_stream *s, ritz_dmat LU, ritz_dmat pivots,
                                 int64_t batch)
{
    RITZ_TRY(ritz_check_input(s, LU, "LU"));
    RITZ_TRY(ritz_check_real(LU, "LU"));
    RITZ_TRY(ritz_check_square(LU, "LU"));
    RITZ_TRY(ritz_check_batch(LU, "LU", batch, 1));
    return ritz_algo_check_pivots(s, pivots, LU.rows, batch, 0);
}

ritz_status ritz_lu_solve(ritz_stream *s, ritz_side side, ritz_dmat LU, ritz_dmat pivots,
                          ritz_dmat B)
{
    RITZ_ENTER(s, &LU);
    RITZ_REQUIRE(side == RITZ_LEFT || side == RITZ_RIGHT, RITZ_ERR_ARGUMENT,
                 "side is %d; it must be RITZ_LEFT or RITZ_RIGHT", (int)side);
    RITZ_TRY(ritz_check_output(s, B, "B"));
    RITZ_TRY(check_factors(s, LU, pivots, B.batch));
    RITZ_TRY(ritz_check_same_dtype(LU, "LU", B, "B"));
    const ritz_dmat columns = side == RITZ_LEFT ? B : ritz_t(B);
    RITZ_REQUIRE(columns.rows == LU.rows, RITZ_ERR_SHAPE,
                 "LU is %" PRId64 " x %" PRId64 " and B is %" PRId64 " x %" PRId64
                 "; B must have as many %s as LU",
                 LU.rows, LU.cols, B.rows, B.cols, side == RITZ_LEFT ? "rows" : "columns");
    RITZ_TRY(ritz_check_no_overlap(B, "B", LU, "LU"));
    RITZ_TRY(ritz_check_no_overlap(B, "B", pivots, "pivots"));
    if (ritz_empty(B)) return RITZ_OK;
    /* X A = B is Aᵀ Xᵀ = Bᵀ. */
    return ritz_algo_lu_substitute(s, side == RITZ_RIGHT, LU, pivots, columns);
}

ritz_status ritz_lu_inverse(ritz_stream *s, ritz_dmat LU, ritz_dmat pivots, ritz_dmat X)
{
    RITZ_ENTER(s, &LU);
    RITZ_TRY(ritz_check_output(s, X, "X"));
    RITZ_TRY(check_factors(s, LU, pivots, X.batch));
    RITZ_TRY(ritz_check_same_dtype(LU, "LU", X, "X"));
    RITZ_TRY(ritz_check_shape(X, "X", LU.rows, LU.cols, "the shape of LU"));
    RITZ_TRY(ritz_check_no_overlap(X, "X", LU, "LU"));
    RITZ_TRY(ritz_check_no_overlap(X, "X", pivots, "pivots"));
    if (ritz_empty(X)) return RITZ_OK;
    RITZ_TRY(ritz_op_set_identity(s, X));
    return ritz_algo_lu_substitute(s, 0, LU, pivots, X);
}

ritz_status ritz_lu_slogdet(ritz_stream *s, ritz_dmat LU, ritz_dmat pivots, ritz_dmat sign,
                            ritz_dmat logdet)
{
    RITZ_ENTER(s, &LU);
    RITZ_TRY(check_factors(s, LU, pivots, LU.batch));
    RITZ_TRY(ritz_algo_check_scalars(s, sign, "sign", RITZ_F64, LU.batch, 1, RITZ_NO_MAT));
    RITZ_TRY(ritz_algo_check_scalars(s, logdet, "logdet", RITZ_F64, LU.batch, 1, RITZ_NO_MAT));
    RITZ_TRY(ritz_check_no_overlap(sign, "sign", LU, "LU"));
    RITZ_TRY(ritz_check_no_overlap(sign, "sign", pivots, "pivots"));
    RITZ_TRY(ritz_check_no_overlap(logdet, "logdet", LU, "LU"));
    RITZ_TRY(ritz_check_no_overlap(logdet, "logdet", pivots, "pivots"));
    RITZ_TRY(ritz_check_no_overlap(logdet, "logdet", sign, "sign"));
    if (LU.batch == 0) return RITZ_OK;
    if (LU.rows == 0) {
        RITZ_TRY(ritz_op_fill(s, 1.0, sign));
        return ritz_op_fill(s, 0.0, logdet);
    }
    return ritz_op_log_diag(s, LU, pivots, sign, logdet);
}

/* ---- solve ----------------------------------------------------------------------------------- */

static ritz_status factor_copy(ritz_stream *s, ritz_dmat A, struct ritz_verdict v, ritz_dmat *F,
                               ritz_dmat *pivots)
{
    ritz_dmat source;
    struct ritz_verdict own;
    RITZ_TRY(ritz_algo_system_open(s, A, v, &source, &own));
    RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, A.cols, source.batch, F));
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, A.rows, 1, source.batch, pivots));
    RITZ_TRY(ritz_op_copy(s, source, *F));
    RITZ_TRY(factor(s, *F, *pivots, own));
    return ritz_algo_system_close(s, own, v);
}

static ritz_status solve_by_parts(ritz_stream *s, ritz_dmat A, ritz_dmat B, struct ritz_verdict v)
{
    ritz_dmat F, pivots;
    RITZ_TRY(factor_copy(s, A, v, &F, &pivots));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, B, v.flags));
    RITZ_TRY(ritz_algo_lu_substitute(s, 0, F, pivots, B));
    RITZ_TRY(ritz_algo_verdict_settle(s, v));
    return ritz_op_poison(s, RITZ_BOTH, v.info, B);
}

ritz_status ritz_solve(ritz_stream *s, ritz_dmat A, ritz_dmat B, ritz_dmat info)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_algo_check_system(s, A, "A", B));
    RITZ_TRY(ritz_check_info(s, info, B.batch));
    RITZ_TRY(ritz_check_no_overlap(info, "info", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", B, "B"));
    if (B.batch == 0) return RITZ_OK;
    if (A.rows == 0) return ritz_algo_info_clear(s, info);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_dmat key[] = {A, B};
    ritz_status rc;
    if (ritz_op_offered(s, RITZ_OP_small_solve, key, 2)) {
        ritz_dmat found;
        RITZ_TRY_OUT(ritz_algo_info_open(s, B.batch, info, &found));
        RITZ_TRY_OUT(ritz_op_small_solve(s, A, B, found));
        RITZ_TRY_OUT(ritz_algo_info_close(s, RITZ_ERR_SINGULAR, found, info));
    } else {
        struct ritz_verdict v;
        RITZ_TRY_OUT(ritz_algo_verdict_open(s, B.batch, &v));
        RITZ_TRY_OUT(solve_by_parts(s, A, B, v));
        RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_SINGULAR, v, info));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}
