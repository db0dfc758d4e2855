/* What keeps the columns of a sample apart between two products of a power iteration.
 *
 *     QR         Y = Q of Y = Q R
 *     Cholesky   Y = Y L⁻ᵀ,  L Lᵀ = YᵀY + s I,  s = 11 l ε ‖Y‖_F²
 *     none       Y = Y / max |y_ij|
 *
 * The shift keeps the Cholesky factorization from failing whatever Y is, so that the host is not
 * asked: a direction of singular value σ gets the length σ / sqrt(σ² + s), in place of 1. Before
 * the Gram matrix is formed Y is divided by its largest entry, so that no square overflows.
 *
 * Source: Fukaya, Kannan, Nakatsukasa, Yamamoto, Yanagisawa, Shifted Cholesky QR, SIAM J. Sci.
 * Comput. 42, 2020 (their s has mn in place of l, which is useless in float32 for many rows).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>

#include "algo/qr.h"

/* Y = Y / max |y_ij|; zeros stay zeros. */
static ritz_status divide_by_largest(ritz_stream *s, ritz_dmat Y)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat most, divisors;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &most));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, Y.cols, 1, 1, &divisors));
    RITZ_TRY_OUT(ritz_op_max_abs(s, Y, most));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, divisors));
    RITZ_TRY_OUT(ritz_op_add_row(s, 1.0, most, divisors, divisors));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 1, divisors, Y, Y));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* diag(G) += 11 l ε trace(G) + ε: the last for a zero matrix, the trace of any other being at least
 * 1. */
static ritz_status shift(ritz_stream *s, ritz_dmat G)
{
    const double eps = G.dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat trace, amount;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &trace));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &amount));
    RITZ_TRY_OUT(ritz_op_col_sums(s, qr_diagonal(G), trace));
    RITZ_TRY_OUT(ritz_op_fill(s, eps, amount));
    RITZ_TRY_OUT(ritz_op_axpby(s, 11.0 * (double)G.rows * eps, trace, 1.0, amount));
    RITZ_TRY_OUT(ritz_op_shift_diag(s, amount, G));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status by_cholesky(ritz_stream *s, ritz_dmat Y)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat G, info;
    RITZ_TRY_OUT(ritz_work_dmat(s, Y.dtype, RITZ_COL_MAJOR, Y.cols, Y.cols, 1, &G));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &info));
    RITZ_TRY_OUT(ritz_op_syrk(s, RITZ_LOWER, 1.0, ritz_t(Y), 0.0, G));
    RITZ_TRY_OUT(shift(s, G));
    RITZ_TRY_OUT(ritz_op_potrf(s, RITZ_LOWER, G, info));
    RITZ_TRY_OUT(ritz_op_trsm(s, RITZ_RIGHT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, ritz_t(G), Y));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_algo_normalise(ritz_stream *s, ritz_normalisation scheme, ritz_dmat Y)
{
    if (scheme == RITZ_NORMALISE_QR) return ritz_algo_orth(s, Y);
    RITZ_TRY(divide_by_largest(s, Y));
    return scheme == RITZ_NORMALISE_CHOLESKY ? by_cholesky(s, Y) : RITZ_OK;
}
