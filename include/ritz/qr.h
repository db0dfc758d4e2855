/** @file
 * QR factorizations, plain and with column pivoting.
 *
 * A matrix that is not finite surfaces at ritz_stream_sync as RITZ_ERR_NOT_FINITE, and its outputs
 * are NaN; other items of a batch are right.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_QR_H
#define RITZ_QR_H

#include "ritz/blas.h"
#include "ritz/rows.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How a QR factorization is computed. */
typedef enum ritz_qr_method {
    /** One matrix with m >= 6n, m >= 2n + 128 and mn² >= 2^20: RITZ_QR_SKETCH; else
     * RITZ_QR_HOUSEHOLDER. */
    RITZ_QR_AUTO = 0,
    RITZ_QR_HOUSEHOLDER = 1, /**< reflections; unconditionally stable */
    /** Cholesky QR of A R_s⁻¹, R_s from a QR of a sparse random sketch of A: all work in matrix
     * products, orthogonal to O(u) whatever the condition of A. */
    RITZ_QR_SKETCH = 2,
    RITZ_QR_CHOLESKY2 = 3, /**< CholeskyQR2: κ(A) up to about 1/sqrt(8 u m n) */
    RITZ_QR_CHOLESKY3 = 4, /**< shifted CholeskyQR3: κ(A) up to about 1/u in float64 */
    RITZ_QR_TSQR = 5       /**< Householder in blocks of rows, the factors R reduced pairwise */
} ritz_qr_method;

/** Choices of ritz_qr. Zero is the default of every field. */
typedef struct ritz_qr_options {
    size_t size;           /**< sizeof(ritz_qr_options) */
    ritz_qr_method method; /**< RITZ_QR_AUTO */
    uint64_t seed;         /**< of the sketch */
} ritz_qr_options;

/** Default choices of ritz_qr. */
#define RITZ_QR_DEFAULTS                                                                           \
    {                                                                                              \
        sizeof(ritz_qr_options), RITZ_QR_AUTO, 0                                                   \
    }

/** How a factorization went. Valid after ritz_stream_sync; it must stay in place until then. Set
 * `size` before the call. */
typedef struct ritz_qr_report {
    size_t size;             /**< sizeof(ritz_qr_report) */
    ritz_qr_method method;   /**< that gave the result */
    const char *method_name; /**< its name, a constant string */
    const char *reason;      /**< why it was taken, a constant string */
    int fallbacks;           /**< methods that failed their check before it */
    /** Methods of the Cholesky family: the smallest pivot that any column, put last, has in the
     * Gram matrix of the last step, scaled to a unit diagonal. 1 is best, below 0.1 is refused.
     * Other methods: 0. */
    double smallest_pivot;
} ritz_qr_report;

/** Start value of a ritz_qr_report. */
#define RITZ_QR_REPORT_INIT                                                                        \
    {                                                                                              \
        sizeof(ritz_qr_report), RITZ_QR_AUTO, NULL, NULL, 0, 0.0                                   \
    }

/** Thin QR factorization A = Q R, item by item; A is kept.
 *
 * The diagonal of R is made non-negative, so that the factorization of a matrix of full column rank
 * is unique. An item with a NaN or an infinity gives NaN in its Q and R, and surfaces at
 * ritz_stream_sync as RITZ_ERR_NOT_FINITE. The methods of the Cholesky family check their result;
 * where the check fails, CholeskyQR2 is followed by the shifted CholeskyQR3, and the others (the
 * sketch after a second draw) by reflections. They take a batch item by item.
 *
 * @param s      the stream.
 * @param A      m x n per item, float32 or float64.
 * @param Q      m x k with orthonormal columns, k = min(m, n); RITZ_NO_MAT if only R is wanted. May
 *   be A itself when m >= n.
 * @param R      k x n, upper triangular with zeros below; RITZ_NO_MAT if only Q is wanted.
 * @param opts   choices, or NULL for the defaults. The methods other than RITZ_QR_HOUSEHOLDER need
 *   m >= n.
 * @param report receives the outcome, or NULL. Of a batch: that of the item that fell back
 *   furthest, with the smallest pivot of all.
 * @return RITZ_OK or an argument error; where it waits, also a failure of the device, or
 *   RITZ_ERR_MEMORY (host memory).
 *
 * Synchronises: never with RITZ_QR_HOUSEHOLDER and RITZ_QR_TSQR; with the others once an item, to
 * see the check, and once more for each check that fails.
 * Capturable: RITZ_QR_HOUSEHOLDER where ritz_qr_factor is; RITZ_QR_TSQR with n <= 64; else no
 * (cuSOLVER, or the check).
 * Workspace: a copy of A, unless a column-major Q with m >= n takes its place; for the Cholesky
 * family O(n²), and a copy of A where Q is A, or where it is absent with RITZ_QR_CHOLESKY3. A
 * method that is fallen back on takes its own.
 * Cost: 4mn² - 4n³/3 flops for both factors by reflections, 3mn² + O(n³) by the sketch.
 * Accuracy: ‖A - QR‖_F <= c n u ‖A‖_F, ‖QᵀQ - I‖_F <= c n u, unconditionally.
 * Source: Golub and Van Loan 2013, section 5.2; Higham 2002, theorem 19.4; Balabanov,
 * arXiv:2210.09953 (sketch); Yamamoto, Nakatsukasa, Yanagisawa and Fukaya 2015 (CholeskyQR2);
 * Fukaya et al. 2020 (shifted CholeskyQR3); Demmel, Grigori, Hoemmen and Langou 2012 (TSQR). */
RITZ_API RITZ_NODISCARD ritz_status ritz_qr(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R,
                                            const ritz_qr_options *opts, ritz_qr_report *report);

/** Householder QR in factored form: A is overwritten by R and the reflectors.
 *
 * @param s   the stream.
 * @param A   m x n per item. In: the matrix. Out: R on and above the diagonal, the essential parts
 *   of the reflectors below (LAPACK's geqrf).
 * @param tau min(m, n) x 1 per item, of A's data type.
 * @return RITZ_OK or an argument error; a non-finite item gives NaN in A and tau, and surfaces at
 *   ritz_stream_sync.
 *
 * Synchronises: never. Capturable: a batch, or one matrix with min(m, n) <= 64 and m <= 4096; else
 * no (cuSOLVER). Workspace: a copy of A if A is row-major.
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
 * Synchronises: never. Capturable: where ritz_qr_factor is. Workspace: a copy of Q if Q is
 * row-major. Cost: 4mkn flops at the most.
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
 * Synchronises: never. Capturable: where ritz_qr_factor is. Workspace: copies of row-major
 * operands.
 * Cost: 4mnr - 2n²r flops. Accuracy and source: as ritz_qr. */
RITZ_API RITZ_NODISCARD ritz_status ritz_qr_apply(ritz_stream *s, ritz_apply which, ritz_dmat A,
                                                  ritz_dmat tau, ritz_dmat C);

/** How the columns of a pivoted QR factorization are chosen. */
typedef enum ritz_pivoting {
    /** One matrix with m >= 4n, m >= 2n + 128 and mn² >= 2^20: RITZ_PIVOTING_SKETCH; else
     * RITZ_PIVOTING_NORM. */
    RITZ_PIVOTING_AUTO = 0,
    RITZ_PIVOTING_NORM = 1,  /**< the column of the largest remaining norm (LAPACK's geqp3) */
    RITZ_PIVOTING_SKETCH = 2 /**< by norms of a sketch of the columns: CQRRPT for tall matrices */
} ritz_pivoting;

/** Choices of ritz_qr_pivoted. Zero is the default of every field. */
typedef struct ritz_qr_pivoted_options {
    size_t size;            /**< sizeof(ritz_qr_pivoted_options) */
    ritz_pivoting pivoting; /**< RITZ_PIVOTING_AUTO */
    double rtol;            /**< rank: R(i,i) > rtol R(1,1); 0: max(m, n) eps */
    double atol;            /**< and R(i,i) > atol */
    uint64_t seed;          /**< of the sketch */
} ritz_qr_pivoted_options;

/** Default choices of ritz_qr_pivoted. */
#define RITZ_QR_PIVOTED_DEFAULTS                                                                   \
    {                                                                                              \
        sizeof(ritz_qr_pivoted_options), RITZ_PIVOTING_AUTO, 0.0, 0.0, 0                           \
    }

/** QR factorization with column pivoting, A(:, pivots) = Q R, and the numerical rank; A is kept.
 *
 * @param s      the stream.
 * @param A      m x n per item, float32 or float64.
 * @param Q      m x k with orthonormal columns, k = min(m, n); RITZ_NO_MAT if not wanted.
 * @param R      k x n, upper triangular with zeros below, diag(R) >= 0; RITZ_NO_MAT if not wanted.
 * @param pivots n x 1 per item of RITZ_I32: column j of Q R is column pivots(j) of A, from 0.
 * @param rank   batch x 1 of RITZ_I32: how many elements of diag(R) are above the tolerance, or
 *   RITZ_NO_MAT.
 * @param opts   choices, or NULL for the defaults. RITZ_PIVOTING_SKETCH needs m >= n.
 * @return RITZ_OK or an argument error; where it waits, also a failure of the device, or
 *   RITZ_ERR_MEMORY (host memory). An item that is not finite gives NaN and rank -1, and surfaces
 *   at ritz_stream_sync.
 *
 * Synchronises: never with RITZ_PIVOTING_NORM, once an item with RITZ_PIVOTING_SKETCH.
 * Capturable: no (the host decides by results).
 * Workspace: a copy of A. Cost: about 4mn² flops with Q; by the sketch 3mn², and 4mn² more where
 * not all columns are resolved. Accuracy: as ritz_qr; that a small R(k,k)
 * shows the rank is the rule, not a theorem (Kahan's matrix is the exception); where it must be
 * certain take ritz_svd.
 * Source: Golub and Van Loan 2013, section 5.4; Melnichenko et al., arXiv:2311.08316 (CQRRPT). */
RITZ_API RITZ_NODISCARD ritz_status ritz_qr_pivoted(ritz_stream *s, ritz_dmat A, ritz_dmat Q,
                                                    ritz_dmat R, ritz_dmat pivots, ritz_dmat rank,
                                                    const ritz_qr_pivoted_options *opts);

/** The factor R of the QR factorization of data that streams by, A = Q R, in one pass; Q is not
 * formed.
 *
 * @param s    the stream.
 * @param rows the data, m x n with m >= n, read once in blocks of rows.
 * @param R    n x n, float32 or float64 (the type of the computation), upper triangular with zeros
 *   below and diag(R) >= 0.
 * @return RITZ_OK, an argument error, or what reading failed with.
 *
 * Synchronises: once a block of rows. Capturable: no (reads rows). Workspace: two blocks of rows
 * and n².
 * Cost: 2(1 + n/b)mn² flops with blocks of b rows; b is 4n or 1024, the larger, unless a block
 * would take more than 128 MiB. Accuracy: as Householder QR of the whole.
 * Source: Demmel, Grigori, Hoemmen and Langou 2012, section 3 (a flat tree). */
RITZ_API RITZ_NODISCARD ritz_status ritz_qr_rows(ritz_stream *s, ritz_rows rows, ritz_dmat R);

#ifdef __cplusplus
}
#endif
#endif
