/* The Cholesky factor after a change of rank one.
 *
 *     L' L'ᵀ = L Lᵀ + sigma x xᵀ
 *
 * Rotations, one for each column, that bring x to zero against L: plane ones for an update,
 * hyperbolic ones for a downdate.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 6.5.4; Bojanczyk, Brent,
 * van Dooren and de Hoog, A note on downdating the Cholesky factorization, SIAM J. Sci. Stat.
 * Comput. 8, 1987 (why a downdate in this order of operations is stable).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

ritz_status ritz_cholesky_update(ritz_stream *s, ritz_uplo uplo, int sigma, ritz_dmat x,
                                 ritz_dmat L, ritz_dmat info)
{
    RITZ_ENTER(s, &L);
    RITZ_TRY(ritz_algo_check_triangle(uplo, RITZ_ERR_ARGUMENT));
    RITZ_REQUIRE(sigma == 1 || sigma == -1, RITZ_ERR_ARGUMENT, "sigma is %d; it must be 1 or -1",
                 sigma);
    RITZ_TRY(ritz_check_input(s, x, "x"));
    RITZ_TRY(ritz_check_output(s, L, "L"));
    RITZ_TRY(ritz_check_real(L, "L"));
    RITZ_TRY(ritz_check_same_dtype(x, "x", L, "L"));
    RITZ_TRY(ritz_check_square(L, "L"));
    RITZ_TRY(ritz_check_shape(x, "x", L.rows, 1, "one entry a row of L"));
    RITZ_TRY(ritz_check_batch(x, "x", L.batch, 1));
    RITZ_TRY(ritz_check_info(s, info, L.batch));
    RITZ_TRY(ritz_check_no_overlap(L, "L", x, "x"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", L, "L"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", x, "x"));
    if (L.batch == 0) return RITZ_OK;
    if (L.rows == 0) return ritz_algo_info_clear(s, info);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    ritz_dmat y;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, L.batch, &v));
    RITZ_TRY_OUT(ritz_work_dmat(s, L.dtype, RITZ_COL_MAJOR, L.rows, 1, L.batch, &y));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_broadcast(x, L.batch), y));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, y, v.flags));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, uplo, L, v.flags));
    RITZ_TRY_OUT(ritz_op_chol_update(s, uplo, sigma, y, L, v.info));
    RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
    RITZ_TRY_OUT(ritz_op_poison(s, uplo, v.info, L));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_SPD, v, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
