/** @file
 * Norms, rank, condition, pseudoinverse, truncation and determinant.
 *
 * Scalars of a batch are the entries of a batch x 1 matrix on the stream's device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_DERIVED_H
#define RITZ_DERIVED_H

#include "ritz/matrix.h"
#include "ritz/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A matrix norm. */
typedef enum ritz_norm_kind {
    RITZ_NORM_FROBENIUS = 0, /**< sqrt(sum a²) */
    RITZ_NORM_ONE = 1,       /**< largest column sum of moduli */
    RITZ_NORM_INFINITY = 2,  /**< largest row sum of moduli */
    RITZ_NORM_MAX = 3,       /**< largest modulus */
    RITZ_NORM_TWO = 4,       /**< largest singular value */
    RITZ_NORM_NUCLEAR = 5    /**< sum of the singular values */
} ritz_norm_kind;

/** A norm of each item. A NaN gives NaN, an infinity (without NaN) infinity; an empty matrix 0.
 *
 * @param s    the stream.
 * @param kind which.
 * @param A    m x n per item, float32 or float64; kept.
 * @param norm batch x 1 of RITZ_F64.
 * @return RITZ_OK or an argument error.
 *
 * RITZ_NORM_TWO and RITZ_NORM_NUCLEAR come from ritz_svd without vectors; an item whose iteration
 * did not converge, which has not been seen, gives NaN.
 *
 * Synchronises: never; RITZ_NORM_TWO and RITZ_NORM_NUCLEAR as ritz_svd. Capturable: these two where
 * ritz_svd is, the others always. Workspace: n float64 numbers an item at the most.
 * Cost: one pass, or the singular values of A. Accuracy: sums in float64; the Frobenius norm is
 * scaled where squares would overflow or underflow.
 * Source: Golub and Van Loan 2013, sections 2.3 and 2.4; Blue 1978 (the scaling). */
RITZ_API RITZ_NODISCARD ritz_status ritz_norm(ritz_stream *s, ritz_norm_kind kind, ritz_dmat A,
                                              ritz_dmat norm);

/** From which size a singular value counts as zero. Zero is the default of every field. */
typedef struct ritz_rank_options {
    size_t size; /**< sizeof(ritz_rank_options) */
    double rtol; /**< counted: s > rtol s_1; 0: max(m, n) eps */
    double atol; /**< and s > atol */
} ritz_rank_options;

/** Default tolerance. */
#define RITZ_RANK_DEFAULTS                                                                         \
    {                                                                                              \
        sizeof(ritz_rank_options), 0.0, 0.0                                                        \
    }

/** The numerical rank: how many singular values are above the tolerance.
 *
 * @param s    the stream.
 * @param A    m x n per item, float32 or float64; kept.
 * @param opts the tolerance, or NULL for the default.
 * @param rank batch x 1 of RITZ_I32; -1 for an item that is not finite (or, which has not been
 *   seen, whose iteration did not converge).
 * @return RITZ_OK or an argument error.
 *
 * Synchronises, Capturable, Cost, Source: as ritz_svd without vectors. */
RITZ_API RITZ_NODISCARD ritz_status ritz_rank(ritz_stream *s, ritz_dmat A,
                                              const ritz_rank_options *opts, ritz_dmat rank);

/** The condition number κ₂(A) = s_1 / s_k, k = min(m, n); infinity if s_k is 0, 1 if k is 0.
 *
 * @param s    the stream.
 * @param A    m x n per item, float32 or float64; kept.
 * @param cond batch x 1 of RITZ_F64; NaN where ritz_rank gives -1.
 * @return RITZ_OK or an argument error.
 *
 * Estimates at the cost of a few solves: ritz_lu_condition, ritz_cholesky_condition.
 *
 * Synchronises, Capturable, Cost, Source: as ritz_svd without vectors. */
RITZ_API RITZ_NODISCARD ritz_status ritz_cond(ritz_stream *s, ritz_dmat A, ritz_dmat cond);

/** The pseudoinverse X = V diag(1/s) Uᵀ, with 0 for 1/s of singular values that count as zero.
 *
 * @param s    the stream.
 * @param A    m x n per item, float32 or float64; kept.
 * @param X    n x m per item, of the same data type; NaN for a failed item.
 * @param opts the tolerance, or NULL for the default.
 * @param rank batch x 1 of RITZ_I32: singular values that were kept (-1 for a failed item), or
 *   RITZ_NO_MAT.
 * @return RITZ_OK or an argument error. At ritz_stream_sync: as ritz_svd.
 *
 * Synchronises, Capturable: as ritz_svd. Workspace: that of the SVD and the thin factors. Cost:
 * that of the SVD and 2mn min(m, n) flops.
 * Source: Golub and Van Loan 2013, section 5.5.2. */
RITZ_API RITZ_NODISCARD ritz_status ritz_pinv(ritz_stream *s, ritz_dmat A, ritz_dmat X,
                                              const ritz_rank_options *opts, ritz_dmat rank);

/** The best approximation of rank k, B = sum_{i <= k} s_i u_i v_iᵀ, and its error.
 *
 * @param s     the stream.
 * @param A     m x n per item, float32 or float64; kept.
 * @param k     0 <= k <= min(m, n).
 * @param B     m x n per item, of the same data type; NaN for a failed item.
 * @param error batch x 2 of RITZ_F64, or RITZ_NO_MAT: ‖A - B‖ in the 2-norm (s_{k+1}) and in the
 *   Frobenius norm.
 * @return RITZ_OK or an argument error. At ritz_stream_sync: as ritz_svd.
 *
 * Synchronises, Capturable: as ritz_svd. Workspace: that of the SVD and the leading factors. Cost:
 * that of the SVD and 2mnk flops.
 * Source: Eckart and Young 1936; Mirsky 1960. */
RITZ_API RITZ_NODISCARD ritz_status ritz_truncate(ritz_stream *s, ritz_dmat A, int64_t k,
                                                  ritz_dmat B, ritz_dmat error);

/** Determinants: sign and log |det A|, and det A itself. Each output may be RITZ_NO_MAT.
 *
 * @param s      the stream.
 * @param A      n x n per item, float32 or float64; kept.
 * @param sign   batch x 1 of RITZ_F64: -1, 0 or 1; NaN for an item that is not finite.
 * @param logdet batch x 1 of RITZ_F64: log |det A|; -infinity where the sign is 0.
 * @param det    batch x 1 of RITZ_F64: the determinant, which may overflow or underflow.
 * @return RITZ_OK or an argument error. A singular matrix is no error.
 *
 * Synchronises, Capturable, Source: as ritz_lu. Workspace: a copy of A. Cost: 2n³/3 flops. */
RITZ_API RITZ_NODISCARD ritz_status ritz_det(ritz_stream *s, ritz_dmat A, ritz_dmat sign,
                                             ritz_dmat logdet, ritz_dmat det);

#ifdef __cplusplus
}
#endif
#endif
