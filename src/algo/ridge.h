/* What the parts of ridge regression share.
 *
 *     ridge_fit.c      the factorization
 *     ridge.c          the object, and its coefficients
 *     ridge_scores.c   figures for the choice of a penalty
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_RIDGE_H
#define RITZ_ALGO_RIDGE_H

#include "algo/lstsq_stats.h"

/* Of the weighted rows, centred where there is an intercept: A = U diag(σ) Vᵀ, C = UᵀB, and
 * ‖B - U C‖² of each column, k values. */
struct ritz_ridge {
    ritz_device *device;
    int64_t rows; /* of positive weight */
    int64_t rank;
    int intercept;
    double weight;   /* sum of the weights */
    double first;    /* σ_1 */
    ritz_dmat sigma; /* k x 1 F64, those that count as zero are 0 */
    ritz_dmat V;     /* n x k */
    ritz_dmat C;     /* k x s */
    ritz_dmat rest;  /* s x 1 F64 */
    ritz_dmat means; /* (n + s) x 2 F64: the means and what rounding left; 0 without an intercept */
};

ritz_status ridge_check(const ritz_stream *s, const ritz_ridge *ridge);

/* lambda: F64, one column, or one for each target if `each`. */
ritz_status ridge_check_lambda(const ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda,
                               int each);

/* part 0: the means, part 1: what rounding left of them. */
static inline ritz_dmat ridge_mean_a(const ritz_ridge *r, int part)
{
    return ritz_block(r->means, 0, part, r->V.rows, 1);
}
static inline ritz_dmat ridge_mean_b(const ritz_ridge *r, int part)
{
    return ritz_block(r->means, r->V.rows, part, r->C.cols, 1);
}

/* X of the penalties, as ritz_ridge_solve. */
ritz_status ridge_coefficients(ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda,
                               ritz_dmat X);

#endif
