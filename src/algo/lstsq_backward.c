/* The backward error of a least squares solution x of min ‖A x - b‖, of r = b - A x and g = Aᵀr:
 * the least ‖E‖_F for which x solves min ‖(A + E) x - b‖ is, within a factor of about 1.2,
 *
 *     ‖(‖x‖² AᵀA + ‖r‖² I)^-½ g‖ = ‖S⁻ᵀg‖,   [‖x‖ R; ‖r‖ I] = Q S,   RᵀR = AᵀA
 *
 * and nothing was squared.
 *
 * Source: Karlson and Waldén, Estimation of optimal backward perturbation bounds for the linear
 * least squares problem, BIT 37, 1997; Gratton, Jiránek and Titley-Peloquin, Linear Algebra Appl.
 * 436, 2012 (how good the estimate is).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/lstsq.h"

ritz_status lstsq_backward_estimate(ritz_stream *s, ritz_dmat R, double norm, double x, double r,
                                    ritz_dmat g, double *eta)
{
    const int64_t k = R.cols;
    const double unit = fmax(x * norm, r);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W, tau, v, square;
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, 2 * k, k, 1, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, k, 1, 1, &tau));
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, k, 1, 1, &v));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &square));
    const ritz_dmat top = ritz_row_range(W, 0, k), bottom = ritz_row_range(W, k, k);
    RITZ_TRY_OUT(ritz_op_axpby(s, x / unit, R, 0.0, top));
    RITZ_TRY_OUT(ritz_op_set_identity(s, bottom));
    RITZ_TRY_OUT(ritz_op_scale(s, r / unit, bottom));
    RITZ_TRY_OUT(ritz_op_geqrf(s, W, tau));
    RITZ_TRY_OUT(ritz_op_copy(s, g, v));
    RITZ_TRY_OUT(ritz_op_trsm(s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, ritz_t(top), v));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, v, square));
    RITZ_TRY_OUT(ritz_algo_fetch(s, square, eta));
    *eta = sqrt(*eta) / unit / norm;
    if (isnan(*eta)) *eta = (double)INFINITY;
out:
    ritz_work_release(s, mark);
    return rc;
}
