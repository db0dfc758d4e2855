/** @file
 * Cholesky and QR factorizations, and the solves that rest on them.
 *
 * `info` is an optional matrix of dtype RITZ_I32 with one entry an item, on the stream's device. 0:
 * done; k > 0: the LAPACK meaning; -1: the item has a NaN or an infinity. Who passes it has taken
 * charge of failures: nothing surfaces at ritz_stream_sync. Without it (RITZ_NO_MAT) a failed item
 * surfaces there as RITZ_ERR_NOT_SPD or RITZ_ERR_NOT_FINITE. In both cases a failed item's outputs
 * are NaN (or undefined where said), and the other items are right.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_FACTOR_H
#define RITZ_FACTOR_H

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

/** Thin QR factorization A = Q R by Householder reflections, item by item; A is kept.
 *
 * The diagonal of R is made non-negative, so that the factorization of a matrix of full column rank
 * is unique. An item with a NaN or an infinity gives NaN in its Q and R, and surfaces at
 * ritz_stream_sync as RITZ_ERR_NOT_FINITE.
 *
 * @param s the stream.
 * @param A m x n per item, float32 or float64.
 * @param Q m x k with orthonormal columns, k = min(m, n); RITZ_NO_MAT if only R is wanted. May be A
 *   itself when m >= n.
 * @param R k x n, upper triangular with zeros below; RITZ_NO_MAT if only Q is wanted.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: no (cuSOLVER). Workspace: a copy of A. Cost: 4mn² - 4n³/3 flops
 * for both (m >= n). Accuracy: ‖A - QR‖_F <= c m n u ‖A‖_F, ‖QᵀQ - I‖_F <= c m n u,
 * unconditionally.
 * Source: Golub and Van Loan 2013, section 5.2; Higham 2002, theorem 19.4. */
RITZ_API RITZ_NODISCARD ritz_status ritz_qr(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R);

/** Householder QR in factored form: A is overwritten by R and the reflectors.
 *
 * @param s   the stream.
 * @param A   m x n per item. In: the matrix. Out: R on and above the diagonal, the essential parts
 *   of the reflectors below (LAPACK's geqrf).
 * @param tau min(m, n) x 1 per item, of A's data type.
 * @return RITZ_OK or an argument error; a non-finite item gives NaN in A and tau, and surfaces at
 *   ritz_stream_sync.
 *
 * Synchronises: never. Capturable: no (cuSOLVER). Workspace: a copy of A if A is row-major.
 * Cost: 2mn² - 2n³/3 flops. Accuracy and source: as ritz_qr. */
RITZ_API RITZ_NODISCARD ritz_status ritz_qr_factor(ritz_stream *s, ritz_dmat A, ritz_dmat tau);

/** Q from its factored form.
 *
 * @param s   the stream.
 * @param A   what ritz_qr_factor left, m x n per item; kept.
 * @param tau its companion, min(m, n) x 1.
 * @param Q   m x k, min(m, n) <= k <= m; columns beyond min(m, n) complete the basis.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: no (cuSOLVER). Workspace: a copy of Q. Cost: 4mkn flops at the
 * most.
 * Accuracy and source: as ritz_qr. */
RITZ_API RITZ_NODISCARD ritz_status ritz_qr_form(ritz_stream *s, ritz_dmat A, ritz_dmat tau,
                                                 ritz_dmat Q);

/** Whether an orthogonal matrix or its transpose is applied. */
typedef enum ritz_apply {
    RITZ_APPLY_Q = 0,           /**< Q */
    RITZ_APPLY_Q_TRANSPOSED = 1 /**< Qᵀ */
} ritz_apply;

/** C = Q C or C = Qᵀ C without forming Q, from its factored form.
 *
 * @param s     the stream.
 * @param which Q or Qᵀ; Q is the full m x m product of reflectors.
 * @param A     what ritz_qr_factor left, m x n per item.
 * @param tau   its companion.
 * @param C     m x r per item. In and out. For C Q pass ritz_t(C) with the other `which`.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: no (cuSOLVER). Workspace: copies of row-major operands.
 * Cost: 4mnr - 2n²r flops. Accuracy and source: as ritz_qr. */
RITZ_API RITZ_NODISCARD ritz_status ritz_qr_apply(ritz_stream *s, ritz_apply which, ritz_dmat A,
                                                  ritz_dmat tau, ritz_dmat C);

#ifdef __cplusplus
}
#endif
#endif
