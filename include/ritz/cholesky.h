/** @file
 * Cholesky factorization of symmetric positive (semi)definite matrices, and what rests on it.
 *
 * `info` is an optional matrix of dtype RITZ_I32 with one entry an item, on the stream's device. 0:
 * done; k > 0: the LAPACK meaning; -1: the item has a NaN or an infinity. Who passes it has taken
 * charge of failures: nothing surfaces at ritz_stream_sync. Without it (RITZ_NO_MAT) a failed item
 * surfaces there as RITZ_ERR_NOT_SPD or RITZ_ERR_NOT_FINITE. In both cases a failed item's outputs
 * are NaN (or undefined where said), and the other items are right.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CHOLESKY_H
#define RITZ_CHOLESKY_H

#include "ritz/blas.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Cholesky factorization of symmetric positive definite matrices, A = L Lᵀ, item by item.
 *
 * @param s    the stream.
 * @param uplo the triangle of A that is read and overwritten.
 * @param A    n x n per item, float32 or float64, any layout. In: the matrix. Out: L in the lower
 *   triangle (RITZ_LOWER) or Lᵀ in the upper (RITZ_UPPER); the other triangle is not touched. A
 *   failed item's triangle is NaN.
 * @param info batch x 1 of RITZ_I32, or RITZ_NO_MAT. k > 0: the leading minor of order k is not
 *   positive definite.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: a few bytes an item. Cost: n³/3 flops an item.
 * Accuracy: |A - L Lᵀ| <= g |L||Lᵀ|, g = (n+1)u / (1 - (n+1)u), u = eps/2.
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 4.2; bound: Higham,
 * Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, theorem 10.3. */
RITZ_API RITZ_NODISCARD ritz_status ritz_cholesky(ritz_stream *s, ritz_uplo uplo, ritz_dmat A,
                                                  ritz_dmat info);

/** Solve A X = B from a Cholesky factor; X overwrites B.
 *
 * @param s    the stream.
 * @param uplo as given to ritz_cholesky.
 * @param L    what ritz_cholesky left, n x n per item.
 * @param B    n x r per item, of the same data type. In: B. Out: X.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: 2n²r flops an item. Accuracy: (A + E)x = b with
 * |E| <= g_(3n+1) |L||Lᵀ| (Higham 2002, theorem 10.4). */
RITZ_API RITZ_NODISCARD ritz_status ritz_cholesky_solve(ritz_stream *s, ritz_uplo uplo, ritz_dmat L,
                                                        ritz_dmat B);

/** Choices of ritz_spd_solve. Zero is the default of every field. */
typedef struct ritz_spd_solve_options {
    size_t size;    /**< sizeof(ritz_spd_solve_options) */
    ritz_uplo uplo; /**< the triangle of A that is read; RITZ_LOWER */
} ritz_spd_solve_options;

/** Default choices of ritz_spd_solve. */
#define RITZ_SPD_SOLVE_DEFAULTS                                                                    \
    {                                                                                              \
        sizeof(ritz_spd_solve_options), RITZ_LOWER                                                 \
    }

/** Solve A X = B for symmetric positive definite A by Cholesky; A is kept, X overwrites B.
 *
 * @param s    the stream.
 * @param A    n x n per item, float32 or float64; not changed. One matrix for all items is factored
 *   once.
 * @param B    n x r per item, of the same data type. In: B. Out: X; NaN for a failed item.
 * @param opts choices, or NULL for the defaults.
 * @param info batch x 1 of RITZ_I32, or RITZ_NO_MAT. k > 0 as in ritz_cholesky; -1: A's triangle or
 *   B is not finite.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: a copy of A. Cost: n³/3 + 2n²r flops an item.
 * Accuracy and source: as ritz_cholesky and ritz_cholesky_solve. */
RITZ_API RITZ_NODISCARD ritz_status ritz_spd_solve(ritz_stream *s, ritz_dmat A, ritz_dmat B,
                                                   const ritz_spd_solve_options *opts,
                                                   ritz_dmat info);

/** X = A⁻¹ from a Cholesky factor, the whole symmetric matrix. A solve needs no inverse.
 *
 * @param s    the stream.
 * @param uplo as given to ritz_cholesky.
 * @param L    what ritz_cholesky left, n x n per item; kept.
 * @param X    n x n per item, of the same data type. Out: the inverse, both triangles.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: 2n³ flops an item. Accuracy: |X - A⁻¹| <= c n u
 * κ(A) |A⁻¹|, in norm (Higham 2002, section 14.2). */
RITZ_API RITZ_NODISCARD ritz_status ritz_cholesky_inverse(ritz_stream *s, ritz_uplo uplo,
                                                          ritz_dmat L, ritz_dmat X);

/** log det A = 2 sum_i log L(i,i) from a Cholesky factor.
 *
 * @param s      the stream.
 * @param uplo   as given to ritz_cholesky.
 * @param L      what ritz_cholesky left, n x n per item; kept.
 * @param logdet batch x 1 of RITZ_F64; NaN for a failed item, 0 if n is 0.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: n logarithms an item, the sum in float64. */
RITZ_API RITZ_NODISCARD ritz_status ritz_cholesky_logdet(ritz_stream *s, ritz_uplo uplo,
                                                         ritz_dmat L, ritz_dmat logdet);

/** Estimate of the condition number κ₁(A) = ‖A‖₁ ‖A⁻¹‖₁ from a Cholesky factor.
 *
 * A lower bound, up to rounding, rarely below a third of the truth.
 *
 * @param s    the stream.
 * @param uplo as given to ritz_cholesky.
 * @param A    the matrix that was factored; its triangle `uplo` is read.
 * @param L    what ritz_cholesky left, n x n per item.
 * @param cond batch x 1 of RITZ_F64; infinity for a matrix that is singular in the arithmetic, NaN
 *   for a failed item; 0 if n is 0.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: a copy of A and a few vectors an item. Cost: 5
 * solves with two right-hand sides an item.
 * Source: as ritz_lu_condition. */
RITZ_API RITZ_NODISCARD ritz_status ritz_cholesky_condition(ritz_stream *s, ritz_uplo uplo,
                                                            ritz_dmat A, ritz_dmat L,
                                                            ritz_dmat cond);

/** What is added to the diagonal of a matrix that is not positive definite. */
typedef enum ritz_jitter {
    RITZ_JITTER_AUTO = 0,    /**< only what is needed: 10 n u trace(A)/n, then ten times more */
    RITZ_JITTER_ABSOLUTE = 1 /**< `shift`, always */
} ritz_jitter;

/** Choices of ritz_cholesky_jittered. Zero is the default of every field. */
typedef struct ritz_jitter_options {
    size_t size;        /**< sizeof(ritz_jitter_options) */
    ritz_jitter policy; /**< RITZ_JITTER_AUTO */
    double shift;       /**< RITZ_JITTER_ABSOLUTE: what is added, >= 0 */
    int tries;          /**< RITZ_JITTER_AUTO: factorizations with a shift at the most; 0: 6 */
} ritz_jitter_options;

/** Default choices of ritz_cholesky_jittered. */
#define RITZ_JITTER_DEFAULTS                                                                       \
    {                                                                                              \
        sizeof(ritz_jitter_options), RITZ_JITTER_AUTO, 0.0, 0                                      \
    }

/** Cholesky factorization of A + shift I, with the smallest shift of a stated sequence that makes
 * it positive definite; the shift is reported.
 *
 * An item that is positive definite as it is gets no shift under RITZ_JITTER_AUTO, and the same
 * factor as from ritz_cholesky. Try t >= 1 of an item that is not adds 10^t n u trace(A)/n, u =
 * eps/2. An item without a positive trace cannot be mended so and fails at once.
 *
 * @param s     the stream.
 * @param uplo  the triangle of A that is read and overwritten.
 * @param A     as in ritz_cholesky.
 * @param opts  choices, or NULL for the defaults.
 * @param shift batch x 1 of RITZ_F64: what was added to each item's diagonal.
 * @param info  as in ritz_cholesky, of the last try.
 * @return RITZ_OK or an argument error; under RITZ_JITTER_AUTO also RITZ_ERR_MEMORY (host memory),
 *   and what ritz_stream_sync returns for earlier calls.
 *
 * Synchronises: under RITZ_JITTER_AUTO once a try, the first without a shift included; under
 * RITZ_JITTER_ABSOLUTE never. Capturable: with RITZ_JITTER_ABSOLUTE only.
 * Workspace: a copy of A under RITZ_JITTER_AUTO. Cost: n³/3 flops an item and try; each try takes
 * all items. */
RITZ_API RITZ_NODISCARD ritz_status ritz_cholesky_jittered(ritz_stream *s, ritz_uplo uplo,
                                                           ritz_dmat A,
                                                           const ritz_jitter_options *opts,
                                                           ritz_dmat shift, ritz_dmat info);

/** The factor of A + sigma x xᵀ from that of A: an update (sigma = 1) or a downdate (sigma = -1).
 *
 * @param s     the stream.
 * @param uplo  as given to ritz_cholesky.
 * @param sigma 1 or -1.
 * @param x     n x 1 per item, of the data type of L; kept.
 * @param L     what ritz_cholesky left, n x n per item. In: the factor of A. Out: that of
 *   A + sigma x xᵀ; NaN for a failed item.
 * @param info  batch x 1 of RITZ_I32, or RITZ_NO_MAT. k > 0: the downdated matrix is not positive
 *   definite (found at step k); -1: not finite.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: a copy of x. Cost: 3n² flops an item. Accuracy:
 * backward stable; a downdate that leaves little is ill-conditioned.
 * Source: Golub and Van Loan 2013, section 6.5.4 (plane and hyperbolic rotations); Bojanczyk,
 * Brent, van Dooren and de Hoog 1987 (the order of operations in a downdate). */
RITZ_API RITZ_NODISCARD ritz_status ritz_cholesky_update(ritz_stream *s, ritz_uplo uplo, int sigma,
                                                         ritz_dmat x, ritz_dmat L, ritz_dmat info);

/** Choices of ritz_cholesky_pivoted. Zero is the default of every field. */
typedef struct ritz_pivoted_cholesky_options {
    size_t size;    /**< sizeof(ritz_pivoted_cholesky_options) */
    ritz_uplo uplo; /**< the triangle of A that is read; RITZ_LOWER */
    /** Stop when the largest remaining diagonal element is at most rtol times the largest of A; 0:
     * n u. */
    double rtol;
    double atol; /**< and likewise when it is at most atol */
} ritz_pivoted_cholesky_options;

/** Default choices of ritz_cholesky_pivoted. */
#define RITZ_PIVOTED_CHOLESKY_DEFAULTS                                                             \
    {                                                                                              \
        sizeof(ritz_pivoted_cholesky_options), RITZ_LOWER, 0.0, 0.0                                \
    }

/** Rank-revealing Cholesky factorization with diagonal pivoting, A ~ F Fᵀ, of positive semidefinite
 * matrices; its error is known exactly.
 *
 * F has rows in the order of A; with rows in the order of `pivots` it is lower trapezoidal. Columns
 * beyond the rank are 0. In the nuclear norm ‖A - F Fᵀ‖_* = trace(A - F Fᵀ) = `error`, an identity
 * up to rounding.
 *
 * @param s      the stream.
 * @param A      n x n per item, float32 or float64; kept.
 * @param F      n x k per item, of the same data type, k <= n: at most k steps are made. NaN, as
 *   `error` is, for a failed item.
 * @param pivots n x 1 per item of RITZ_I32: the order of elimination, a permutation of 0 .. n-1.
 * @param rank   batch x 1 of RITZ_I32: steps made, or RITZ_NO_MAT.
 * @param error  batch x 1 of RITZ_F64: the sum of the remaining diagonal, or RITZ_NO_MAT.
 * @param opts   choices, or NULL for the defaults.
 * @param info   batch x 1 of RITZ_I32, or RITZ_NO_MAT. k > 0: before step k (or after the last,
 *   k - 1) a remaining diagonal element was negative beyond the tolerance: A is indefinite; -1: not
 *   finite. Of a failed item, rank and pivots are those of the steps before.
 * @return RITZ_OK or an argument error. At ritz_stream_sync, without info: RITZ_ERR_NOT_SPD or
 *   RITZ_ERR_NOT_FINITE.
 *
 * Synchronises: never. Capturable: yes. Workspace: a copy of A; on a GPU also of F if that is
 * row-major. Cost: n k² flops an item. Accuracy: backward error as ritz_cholesky for what the
 * pivots reach.
 * Source: Higham 2002, section 10.3; Harbrecht, Peters and Schneider 2012 (the error). */
RITZ_API RITZ_NODISCARD ritz_status ritz_cholesky_pivoted(ritz_stream *s, ritz_dmat A, ritz_dmat F,
                                                          ritz_dmat pivots, ritz_dmat rank,
                                                          ritz_dmat error,
                                                          const ritz_pivoted_cholesky_options *opts,
                                                          ritz_dmat info);

#ifdef __cplusplus
}
#endif
#endif
