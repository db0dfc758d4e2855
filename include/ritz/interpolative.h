/** @file
 * Low-rank factorizations from a matrix's own rows and columns: interpolative and CUR.
 *
 * Which columns or rows stand for the whole is found by column-pivoted QR of a random sketch, so
 * that A is touched by a few products only. The factors keep what A's rows and columns mean:
 * sparsity, signs, units.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_INTERPOLATIVE_H
#define RITZ_INTERPOLATIVE_H

#include "ritz/lowrank.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Column interpolative decomposition: A ~ A(:, J) X with k columns J, and X(:, J) = I.
 *
 * @param s       the stream.
 * @param A       the operator, m x n.
 * @param columns J: k x 1 of RITZ_I32, from 0, k <= min(m, n), in the order of the pivots.
 * @param X       k x n, of the operator's data type.
 * @param opts    choices, or NULL for the defaults; RITZ_RANGE_KRYLOV is refused. Columns beyond
 *   the rank, which a tolerance or A itself may make less than k, are -1, and those rows of X zero.
 * @param report  receives the outcome, or NULL. The error figure estimates ‖A - A(:, J) X‖_F from 4
 *   Gaussian probes; the tolerance is judged by what the pivoted QR leaves of the sketch, and by
 *   what probes say that the sketch misses.
 * @return RITZ_OK or an argument error. At ritz_stream_sync: RITZ_ERR_NOT_FINITE.
 *
 * Synchronises: once with a tolerance; else never on the CPU, on a GPU as ritz_qr_pivoted.
 * Capturable: no (the host decides by results).
 * Cost: (2q+1) 2mnl flops, and 4nl² for the pivoted QR. Workspace: (m + 2n) l
 * elements.
 * Accuracy: ‖A - A(:, J) X‖_2 <= sqrt(1 + k(n - k)) times about the error of the best
 * approximation of rank k at the worst, and near it in practice.
 * Source: Cheng, Gimbutas, Martinsson and Rokhlin 2005; Voronin and Martinsson 2017. */
RITZ_API RITZ_NODISCARD ritz_status ritz_interpolative_cols(ritz_stream *s, const ritz_linop *A,
                                                            ritz_dmat columns, ritz_dmat X,
                                                            const ritz_sketch_options *opts,
                                                            ritz_sketch_report *report);

/** Row interpolative decomposition: A ~ X A(I, :) with k rows I, and X(I, :) = I.
 *
 * @param s      the stream.
 * @param A      the operator, m x n.
 * @param rows   I: k x 1 of RITZ_I32, from 0, k <= min(m, n), in the order of the pivots.
 * @param X      m x k, of the operator's data type.
 * @param opts   as of ritz_interpolative_cols.
 * @param report receives the outcome, or NULL, as of ritz_interpolative_cols.
 * @return as ritz_interpolative_cols.
 *
 * Synchronises, capturable, cost, accuracy, source: as ritz_interpolative_cols of Aᵀ. */
RITZ_API RITZ_NODISCARD ritz_status ritz_interpolative_rows(ritz_stream *s, const ritz_linop *A,
                                                            ritz_dmat rows, ritz_dmat X,
                                                            const ritz_sketch_options *opts,
                                                            ritz_sketch_report *report);

/** CUR decomposition: A ~ C U R with C = A(:, J), R = A(I, :) and U = C⁺ A R⁺, the best for them.
 *
 * @param s       the stream.
 * @param A       the operator, m x n.
 * @param columns J: k x 1 of RITZ_I32, from 0, k <= min(m, n).
 * @param rows    I: k x 1 of RITZ_I32, from 0.
 * @param C       m x k, of the operator's data type; RITZ_NO_MAT if not wanted.
 * @param U       k x k.
 * @param R       k x n; RITZ_NO_MAT if not wanted.
 * @param opts    as of ritz_interpolative_cols. Beyond the rank indices are -1 and the rest zero.
 * @param report  receives the outcome, or NULL: the error figure estimates ‖A - C U R‖_F from 4
 *   Gaussian probes.
 * @return as ritz_interpolative_cols.
 *
 * Synchronises: as ritz_interpolative_cols, and as ritz_qr.
 * Capturable: no (the host decides by results).
 * Cost: (2q+1) 2mnl + 2mnk flops, 4mnk more unless A is a dense matrix, and O((m + n) l²).
 * Workspace: (m + 2n) l elements, or (3m + 2n) k if that is more.
 * Accuracy: U comes from the QR factorizations of C and Rᵀ, so no pseudo-inverse is formed. Its
 * elements grow with the condition of C and R, and so does their rounding error, so that C U R is
 * no nearer to A than about sqrt(u) ‖A‖: columns beyond a condition of 1/sqrt(eps) would only do
 * harm, and are beyond the rank. An interpolative decomposition has no such limit.
 * Source: Mahoney and Drineas 2009; Voronin and Martinsson 2017. */
RITZ_API RITZ_NODISCARD ritz_status ritz_cur(ritz_stream *s, const ritz_linop *A, ritz_dmat columns,
                                             ritz_dmat rows, ritz_dmat C, ritz_dmat U, ritz_dmat R,
                                             const ritz_sketch_options *opts,
                                             ritz_sketch_report *report);

#ifdef __cplusplus
}
#endif
#endif
