/* Cholesky factorization of symmetric positive definite matrices, and the solves that rest on it.
 *
 *     A = L Lᵀ;   A X = B:   L Y = B, Lᵀ X = Y
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 4.2; Higham, Accuracy and
 * Stability of Numerical Algorithms, 2nd ed. 2002, section 10.1.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

static ritz_status factor(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, struct ritz_verdict v)
{
    RITZ_TRY(ritz_op_finite_guard(s, uplo, A, v.flags));
    RITZ_TRY(ritz_op_potrf(s, uplo, A, v.info));
    RITZ_TRY(ritz_algo_verdict_settle(s, v));
    return ritz_op_poison(s, uplo, v.info, A);
}

/* In one pass, without a verdict of our own: clearing and copying it would be felt. */
static ritz_status small(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat info)
{
    ritz_dmat found = info;
    if (!ritz_present(info))
        RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, A.batch, 1, 1, &found));
    RITZ_TRY(ritz_op_small_cholesky(s, uplo, A, found));
    return ritz_present(info) ? RITZ_OK : ritz_op_info_report(s, RITZ_ERR_NOT_SPD, found);
}

ritz_status ritz_cholesky(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat info)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_algo_check_triangle(uplo, RITZ_ERR_ARGUMENT));
    RITZ_TRY(ritz_check_output(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_square(A, "A"));
    RITZ_TRY(ritz_check_info(s, info, A.batch));
    RITZ_TRY(ritz_check_no_overlap(info, "info", A, "A"));
    if (A.batch == 0) return RITZ_OK;
    if (A.rows == 0) return ritz_algo_info_clear(s, info);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    if (ritz_op_offered(s, RITZ_OP_small_cholesky, &A, 1)) {
        RITZ_TRY_OUT(small(s, uplo, A, info));
        goto out;
    }
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, A.batch, &v));
    RITZ_TRY_OUT(factor(s, uplo, A, v));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_SPD, v, info));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_algo_cholesky_substitute(ritz_stream *s, ritz_uplo uplo, ritz_dmat F, ritz_dmat B)
{
    const ritz_dmat L = uplo == RITZ_LOWER ? F : ritz_t(F);
    RITZ_TRY(ritz_op_trsm(s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, L, B));
    return ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, ritz_t(L), B);
}

static ritz_status check_system(const ritz_stream *s, ritz_dmat A, const char *a, ritz_dmat B)
{
    RITZ_TRY(ritz_check_input(s, A, a));
    RITZ_TRY(ritz_check_output(s, B, "B"));
    RITZ_TRY(ritz_check_real(A, a));
    RITZ_TRY(ritz_check_same_dtype(A, a, B, "B"));
    RITZ_TRY(ritz_check_square(A, a));
    RITZ_REQUIRE(B.rows == A.rows, RITZ_ERR_SHAPE,
                 "%s is %" PRId64 " x %" PRId64 " and B is %" PRId64 " x %" PRId64
                 "; B must have as many rows as %s",
                 a, A.rows, A.cols, B.rows, B.cols, a);
    RITZ_TRY(ritz_check_batch(A, a, B.batch, 1));
    return ritz_check_no_overlap(B, "B", A, a);
}

ritz_status ritz_cholesky_solve(ritz_stream *s, ritz_uplo uplo, ritz_dmat L, ritz_dmat B)
{
    RITZ_ENTER(s, &L);
    RITZ_TRY(ritz_algo_check_triangle(uplo, RITZ_ERR_ARGUMENT));
    RITZ_TRY(check_system(s, L, "L", B));
    if (ritz_empty(B)) return RITZ_OK;
    return ritz_algo_cholesky_substitute(s, uplo, L, B);
}

/* Factor a copy F of A. A matrix that stands for all items is factored once, and its verdict is
 * theirs. */
static ritz_status factor_copy(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, struct ritz_verdict v,
                               ritz_dmat *F)
{
    const int shared = A.batch == 1 || A.batch_stride == 0;
    const ritz_dmat source = shared ? ritz_item(A, 0) : A;
    struct ritz_verdict own = v;
    if (shared) RITZ_TRY(ritz_algo_verdict_open(s, 1, &own));
    RITZ_TRY(ritz_work_dmat(s, A.dtype, A.layout, A.rows, A.cols, source.batch, F));
    RITZ_TRY(ritz_op_copy(s, source, *F));
    RITZ_TRY(ritz_op_finite_guard(s, uplo, *F, own.flags));
    RITZ_TRY(ritz_op_potrf(s, uplo, *F, own.info));
    if (!shared) return RITZ_OK;
    RITZ_TRY(ritz_op_copy(s, own.flags, ritz_algo_scalar_items(v.flags)));
    return ritz_op_copy(s, own.info, ritz_algo_scalar_items(v.info));
}

static ritz_status solve_by_parts(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat B,
                                  struct ritz_verdict v)
{
    ritz_dmat F;
    RITZ_TRY(factor_copy(s, uplo, A, v, &F));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, B, v.flags));
    RITZ_TRY(ritz_algo_cholesky_substitute(s, uplo, F, B));
    RITZ_TRY(ritz_algo_verdict_settle(s, v));
    return ritz_op_poison(s, RITZ_BOTH, v.info, B);
}

ritz_status ritz_spd_solve(ritz_stream *s, ritz_dmat A, ritz_dmat B,
                           const ritz_spd_solve_options *opts, ritz_dmat info)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_spd_solve_options), "opts"));
    const ritz_uplo uplo = opts != NULL ? opts->uplo : RITZ_LOWER;
    RITZ_TRY(ritz_algo_check_triangle(uplo, RITZ_ERR_OPTION));
    RITZ_TRY(check_system(s, A, "A", B));
    RITZ_TRY(ritz_check_info(s, info, B.batch));
    RITZ_TRY(ritz_check_no_overlap(info, "info", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", B, "B"));
    if (B.batch == 0) return RITZ_OK;
    if (A.rows == 0) return ritz_algo_info_clear(s, info);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    const ritz_dmat key[] = {A, B};
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, B.batch, &v));
    if (ritz_op_offered(s, RITZ_OP_small_spd_solve, key, 2))
        RITZ_TRY_OUT(ritz_op_small_spd_solve(s, uplo, A, B, v.info));
    else
        RITZ_TRY_OUT(solve_by_parts(s, uplo, A, B, v));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_SPD, v, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
