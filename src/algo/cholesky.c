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
    if (ritz_op_offered(s, RITZ_OP_small_cholesky, &A, 1)) {
        ritz_dmat found;
        RITZ_TRY_OUT(ritz_algo_info_open(s, A.batch, info, &found));
        RITZ_TRY_OUT(ritz_op_small_cholesky(s, uplo, A, found));
        RITZ_TRY_OUT(ritz_algo_info_close(s, RITZ_ERR_NOT_SPD, found, info));
    } else {
        struct ritz_verdict v;
        RITZ_TRY_OUT(ritz_algo_verdict_open(s, A.batch, &v));
        RITZ_TRY_OUT(factor(s, uplo, A, v));
        RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_SPD, v, info));
    }
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

ritz_status ritz_cholesky_solve(ritz_stream *s, ritz_uplo uplo, ritz_dmat L, ritz_dmat B)
{
    RITZ_ENTER(s, &L);
    RITZ_TRY(ritz_algo_check_triangle(uplo, RITZ_ERR_ARGUMENT));
    RITZ_TRY(ritz_algo_check_system(s, L, "L", B));
    if (ritz_empty(B)) return RITZ_OK;
    return ritz_algo_cholesky_substitute(s, uplo, L, B);
}

/* info: -1 for an item that is not finite, else as potrf says; flags may tell of -1 instead. */
static ritz_status factor_any(ritz_stream *s, ritz_uplo uplo, ritz_dmat F, struct ritz_verdict v)
{
    if (ritz_op_offered(s, RITZ_OP_small_cholesky, &F, 1))
        return ritz_op_small_cholesky(s, uplo, F, v.info);
    RITZ_TRY(ritz_op_finite_guard(s, uplo, F, v.flags));
    return ritz_op_potrf(s, uplo, F, v.info);
}

static ritz_status factor_copy(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, struct ritz_verdict v,
                               ritz_dmat *F)
{
    ritz_dmat source;
    struct ritz_verdict own;
    RITZ_TRY(ritz_algo_system_open(s, A, v, &source, &own));
    RITZ_TRY(ritz_work_dmat(s, A.dtype, A.layout, A.rows, A.cols, source.batch, F));
    RITZ_TRY(ritz_op_tri_copy(s, uplo, source, *F));
    RITZ_TRY(factor_any(s, uplo, *F, own));
    return ritz_algo_system_close(s, own, v);
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
    RITZ_TRY(ritz_algo_check_system(s, A, "A", B));
    RITZ_TRY(ritz_check_info(s, info, B.batch));
    RITZ_TRY(ritz_check_no_overlap(info, "info", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", B, "B"));
    if (B.batch == 0) return RITZ_OK;
    if (A.rows == 0) return ritz_algo_info_clear(s, info);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    const ritz_dmat key[] = {A, B};
    if (ritz_op_offered(s, RITZ_OP_small_spd_solve, key, 2)) {
        ritz_dmat found;
        RITZ_TRY_OUT(ritz_algo_info_open(s, B.batch, info, &found));
        RITZ_TRY_OUT(ritz_op_small_spd_solve(s, uplo, A, B, found));
        RITZ_TRY_OUT(ritz_algo_info_close(s, RITZ_ERR_NOT_SPD, found, info));
    } else {
        struct ritz_verdict v;
        RITZ_TRY_OUT(ritz_algo_verdict_open(s, B.batch, &v));
        RITZ_TRY_OUT(solve_by_parts(s, uplo, A, B, v));
        RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_SPD, v, info));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}
