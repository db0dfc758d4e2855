/** @file
 * Ridge regression for many penalties from one factorization.
 *
 *     X(λ) = argmin ‖A X - B‖_F² + λ ‖X‖_F² = V diag(σ / (σ² + λ)) Uᵀ B,    A = U diag(σ) Vᵀ
 *
 *     ritz_ridge_fit(s, A, B, &opts, &ridge);
 *     ritz_ridge_scores(s, ridge, lambda, dof, RITZ_NO_MAT, gcv);
 *     ritz_ridge_solve(s, ridge, best, X, intercept);
 *
 * λ = 0 gives the solution of minimum norm: singular values below the tolerance are taken as zero
 * for every λ.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_RIDGE_H
#define RITZ_RIDGE_H

#include "ritz/lstsq_stats.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A factorized problem. Immutable after the fit; several streams of its device may use it. */
typedef struct ritz_ridge ritz_ridge;

/** Choices of ritz_ridge_fit. Zero is the default of every field. */
typedef struct ritz_ridge_options {
    size_t size;       /**< sizeof(ritz_ridge_options) */
    int intercept;     /**< 1: fit an intercept, which is not penalised */
    ritz_dmat weights; /**< In: m x 1, of A's data type: weights >= 0; absent: 1 */
    double rtol;       /**< σ <= rtol σ_1 counts as zero; 0: max(m, n) eps */
} ritz_ridge_options;

/** Default choices of ritz_ridge_fit. */
#define RITZ_RIDGE_DEFAULTS                                                                        \
    {                                                                                              \
        .size = sizeof(ritz_ridge_options)                                                         \
    }

/** Factorize: the singular values and right singular vectors of A (centred where there is an
 * intercept, weighted), and UᵀB.
 *
 * Tall data by QR of [A B] in blocks of rows and the SVD of its factor; wide data by QR of Aᵀ.
 *
 * @param s     a stream; the result lives on its device.
 * @param A     m x n, float32 or float64, m >= 1; kept.
 * @param B     m x s, of the same data type; kept.
 * @param opts  choices, or NULL for the defaults.
 * @param[out] ridge to be destroyed with ritz_ridge_destroy; NULL on failure.
 * @return RITZ_OK; an argument error; RITZ_ERR_ARGUMENT for weights that are negative or all zero;
 *   RITZ_ERR_NOT_FINITE; RITZ_ERR_NOT_CONVERGED; memory errors.
 *
 * Synchronises: at the end, and as ritz_svd. Capturable: no (allocates, and reads results).
 * Cost: 2m(n + s)² + O(n³) flops if m >= n, 4nm² + O(m³) else. Workspace: blocks of rows and
 * O((n + s)²) if m >= n, a copy of A else.
 * Source: Golub and Van Loan 2013, section 6.1.4; Hastie, Tibshirani and Friedman 2009, section
 * 3.4.1. */
RITZ_API RITZ_NODISCARD ritz_status ritz_ridge_fit(ritz_stream *s, ritz_dmat A, ritz_dmat B,
                                                   const ritz_ridge_options *opts,
                                                   ritz_ridge **ridge);

/** The same from statistics of the rows.
 * @param s     a stream of their device.
 * @param stats kept.
 * @param opts  intercept and rtol are used.
 * @param[out] ridge to be destroyed with ritz_ridge_destroy; NULL on failure.
 * @return as ritz_ridge_fit.
 *
 * Synchronises: at the end. Capturable: no (allocates, and reads results). Cost: O((n + s)³). */
RITZ_API RITZ_NODISCARD ritz_status ritz_ridge_fit_stats(ritz_stream *s,
                                                         const ritz_lstsq_stats *stats,
                                                         const ritz_ridge_options *opts,
                                                         ritz_ridge **ridge);

/** Destroy in the order of a stream.
 * @param s a stream of its device.
 * @param[in,out] ridge set to NULL; NULL and *ridge == NULL are accepted.
 * @return RITZ_OK or an argument error. */
RITZ_API ritz_status ritz_ridge_destroy(ritz_stream *s, ritz_ridge **ridge);

/** The singular values: k x 1, float64, descending; those that count as zero are 0.
 * @param ridge the object.
 * @return a read-only view, valid while the object is. */
RITZ_API ritz_dmat ritz_ridge_singular_values(const ritz_ridge *ridge);

/** The numerical rank.
 * @param ridge the object.
 * @return how many singular values are not 0; -1 if `ridge` is NULL. */
RITZ_API int64_t ritz_ridge_rank(const ritz_ridge *ridge);

/** The coefficients for each of L penalties.
 *
 * @param s         a stream of the object's device.
 * @param ridge     the object.
 * @param lambda    RITZ_F64, >= 0: L x 1, one for all targets, or L x s, one for each. A negative
 *   or NaN penalty gives NaN.
 * @param X         n x s with L items: item i belongs to row i of lambda.
 * @param intercept 1 x s with L items; RITZ_NO_MAT if not wanted. 0 where none was fitted.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: 2Lnks flops. */
RITZ_API RITZ_NODISCARD ritz_status ritz_ridge_solve(ritz_stream *s, const ritz_ridge *ridge,
                                                     ritz_dmat lambda, ritz_dmat X,
                                                     ritz_dmat intercept);

/** Figures for the choice of a penalty, without the coefficients.
 *
 *     dof(λ) = Σ σ² / (σ² + λ), and 1 for an intercept
 *     rss(λ) = ‖b - A x(λ)‖², for each target
 *     gcv(λ) = (rss / m) / (1 - dof / m)²
 *
 * m is the number of rows of positive weight. A negative or NaN penalty gives NaN.
 *
 * @param s      a stream of the object's device.
 * @param ridge  the object.
 * @param lambda L x 1 of RITZ_F64, >= 0.
 * @param dof    L x 1 of RITZ_F64; RITZ_NO_MAT if not wanted.
 * @param rss    L x s of RITZ_F64; RITZ_NO_MAT if not wanted.
 * @param gcv    L x s of RITZ_F64; RITZ_NO_MAT if not wanted. Infinity where dof is m.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: O(Lks).
 * Source: Golub, Heath and Wahba 1979. */
RITZ_API RITZ_NODISCARD ritz_status ritz_ridge_scores(ritz_stream *s, const ritz_ridge *ridge,
                                                      ritz_dmat lambda, ritz_dmat dof,
                                                      ritz_dmat rss, ritz_dmat gcv);

/** Leave-one-out residuals: of row i by the model fitted to the others, r_i / (1 - h_i).
 *
 * @param s      a stream of the object's device.
 * @param ridge  the object, fitted to these A and B.
 * @param lambda 1 x 1 of RITZ_F64, > 0, or 0 where A has full column rank.
 * @param A      m x n, as given to the fit.
 * @param B      m x s, as given to the fit.
 * @param weights as given to the fit.
 * @param E      m x s: the residuals, not weighted. Where h_i = 1 (the others do not determine it),
 *   NaN.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: 2mnk + 4mns flops. Workspace: blocks of rows.
 * Source: Allen 1974; Hastie, Tibshirani and Friedman 2009, equation 7.64. */
RITZ_API RITZ_NODISCARD ritz_status ritz_ridge_leave_one_out(ritz_stream *s,
                                                             const ritz_ridge *ridge,
                                                             ritz_dmat lambda, ritz_dmat A,
                                                             ritz_dmat B, ritz_dmat weights,
                                                             ritz_dmat E);

#ifdef __cplusplus
}
#endif
#endif
