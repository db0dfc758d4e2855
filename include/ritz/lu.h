/** @file
 * LU factorization with partial pivoting, and the solves that rest on it.
 *
 * `info` is an optional matrix of dtype RITZ_I32 with one entry an item, on the stream's device. 0:
 * done; k > 0: the LAPACK meaning; -1: the item has a NaN or an infinity. Who passes it has taken
 * charge of failures: nothing surfaces at ritz_stream_sync. Without it (RITZ_NO_MAT) a failed item
 * surfaces there as RITZ_ERR_SINGULAR or RITZ_ERR_NOT_FINITE. In both cases a failed item's outputs
 * are NaN (or undefined where said), and the other items are right.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_LU_H
#define RITZ_LU_H

#include "ritz/blas.h"

#ifdef __cplusplus
extern "C" {
#endif

/** LU factorization with partial pivoting, P A = L U, item by item.
 *
 * @param s      the stream.
 * @param A      n x n per item, float32 or float64, any layout. In: the matrix. Out: U on and above
 *   the diagonal, the unit lower triangular L below it.
 * @param pivots n x 1 per item of RITZ_I32: in step i row i was interchanged with row pivots(i)
 *   (numbers from 1, LAPACK's ipiv).
 * @param info   batch x 1 of RITZ_I32, or RITZ_NO_MAT. k > 0: U(k,k) is exactly 0 (the first such
 *   k); the factorization is complete, A is singular.
 * @return RITZ_OK or an argument error. At ritz_stream_sync, without info: RITZ_ERR_SINGULAR or
 *   RITZ_ERR_NOT_FINITE.
 *
 * Synchronises: never on the CPU; on a GPU cuSOLVER, which factors one matrix that is not small,
 * may make the caller wait for the stream. Capturable: a batch, or n <= 77; else no (cuSOLVER).
 * Workspace: a copy of A if that is row-major, on a GPU the library's own.
 * Cost: 2n³/3 flops an item. Accuracy: A + E = Pᵀ L U with |E| <= g_n Pᵀ|L||U|.
 * Source: Golub and Van Loan 2013, section 3.4; Higham 2002, theorem 9.3. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lu(ritz_stream *s, ritz_dmat A, ritz_dmat pivots,
                                            ritz_dmat info);

/** Solve A X = B or X A = B from an LU factorization, as often as wanted; X overwrites B.
 *
 * @param s      the stream.
 * @param side   RITZ_LEFT: A X = B; RITZ_RIGHT: X A = B (for Aᵀ Y = C pass ritz_t(C)).
 * @param LU     what ritz_lu left, n x n per item.
 * @param pivots its companion.
 * @param B      n x r (left) or r x n (right) per item, of the same data type. In: B. Out: X.
 * @return RITZ_OK or an argument error. A singular item gives Inf or NaN, not an error.
 *
 * Synchronises: never. Capturable: yes. Workspace: none. Cost: 2n²r flops an item.
 * Source: Higham 2002, theorem 9.4. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lu_solve(ritz_stream *s, ritz_side side, ritz_dmat LU,
                                                  ritz_dmat pivots, ritz_dmat B);

/** X = A⁻¹ from an LU factorization. A solve needs no inverse.
 *
 * @param s      the stream.
 * @param LU     what ritz_lu left, n x n per item.
 * @param pivots its companion.
 * @param X      n x n per item, of the same data type.
 * @return RITZ_OK or an argument error. A singular item gives Inf or NaN, not an error.
 *
 * Synchronises: never. Capturable: yes. Cost: 2n³ flops an item.
 * Source: Higham 2002, section 14.3. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lu_inverse(ritz_stream *s, ritz_dmat LU, ritz_dmat pivots,
                                                    ritz_dmat X);

/** Sign and logarithm of the modulus of det A from an LU factorization.
 *
 * @param s      the stream.
 * @param LU     what ritz_lu left, n x n per item.
 * @param pivots its companion.
 * @param sign   batch x 1 of RITZ_F64: -1, 0 or 1; NaN for an item that is not finite.
 * @param logdet batch x 1 of RITZ_F64: log |det A|; -infinity where the sign is 0.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: n logarithms an item, the sum in float64. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lu_slogdet(ritz_stream *s, ritz_dmat LU, ritz_dmat pivots,
                                                    ritz_dmat sign, ritz_dmat logdet);

/** Estimate of the condition number κ₁(A) = ‖A‖₁ ‖A⁻¹‖₁ from an LU factorization.
 *
 * A lower bound, up to rounding, rarely below a third of the truth.
 *
 * @param s      the stream.
 * @param A      the matrix that was factored; kept.
 * @param LU     what ritz_lu left, n x n per item.
 * @param pivots its companion.
 * @param cond   batch x 1 of RITZ_F64; infinity for a singular item, NaN for one that is not
 *   finite; 0 if n is 0.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: a few vectors an item. Cost: 5 solves with A or
 * Aᵀ and two right-hand sides an item.
 * Source: Hager 1984; Higham 2002, section 15.3 (five steps in any case; a second start, of random
 * signs, in place of the vector that he tries at the end). */
RITZ_API RITZ_NODISCARD ritz_status ritz_lu_condition(ritz_stream *s, ritz_dmat A, ritz_dmat LU,
                                                      ritz_dmat pivots, ritz_dmat cond);

/** Solve A X = B by LU with partial pivoting; A is kept, X overwrites B.
 *
 * @param s    the stream.
 * @param A    n x n per item, float32 or float64. One matrix for all items is factored once.
 * @param B    n x r per item, of the same data type. In: B. Out: X; NaN for a failed item.
 * @param info batch x 1 of RITZ_I32, or RITZ_NO_MAT. k > 0: U(k,k) is exactly 0; -1: A or B is not
 *   finite.
 * @return RITZ_OK or an argument error. At ritz_stream_sync, without info: RITZ_ERR_SINGULAR or
 *   RITZ_ERR_NOT_FINITE.
 *
 * Synchronises, Capturable: as ritz_lu (one A for all items: as one matrix). Workspace: a copy of
 * A. Cost: 2n³/3 + 2n²r flops an item. Accuracy and source: as ritz_lu and ritz_lu_solve. */
RITZ_API RITZ_NODISCARD ritz_status ritz_solve(ritz_stream *s, ritz_dmat A, ritz_dmat B,
                                               ritz_dmat info);

#ifdef __cplusplus
}
#endif
#endif
