/** @file
 * Singular value decomposition and the symmetric eigenproblem.
 *
 * Signs are fixed: in each right singular vector or eigenvector the entry of largest modulus (the
 * first of equals) is non-negative, and the left singular vector follows; the columns that complete
 * a full basis are signed by themselves. `info` is as in ritz/cholesky.h: k > 0 means that the
 * iteration did not converge. A failed item's outputs are NaN.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_SPECTRAL_H
#define RITZ_SPECTRAL_H

#include "ritz/matrix.h"
#include "ritz/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Singular value decomposition A = U diag(S) Vᵀ, thin or full, item by item; A is kept.
 *
 * @param s    the stream.
 * @param A    m x n per item, float32 or float64, any layout.
 * @param U    m x k, k = min(m, n), orthonormal columns; or m x m, the full basis (columns beyond
 *   k complete it); RITZ_NO_MAT if not wanted.
 * @param S    k x 1, descending, non-negative.
 * @param V    n x k, orthonormal columns (V, not Vᵀ; for Vᵀ pass ritz_t of a k x n matrix); or
 *   n x n; RITZ_NO_MAT if not wanted.
 * @param info batch x 1 of RITZ_I32, or RITZ_NO_MAT.
 * @return RITZ_OK or an argument error. At ritz_stream_sync, without info: RITZ_ERR_NOT_FINITE or
 *   RITZ_ERR_NOT_CONVERGED.
 *
 * Synchronises: for one large matrix with m >= 4n or n >= 4m once (to see the check of its QR
 * factorization), twice if the first check fails; else never on the CPU, and on a GPU cuSOLVER may
 * make the caller wait for the stream, where Ritz's own kernels for small matrices do not serve.
 * Capturable: one matrix with min(m, n) <= 32 and max(m, n) <= 4096, for which it does not
 * synchronise, or a batch with min(m, n) <= 512; else no (cuSOLVER).
 * Workspace: a copy of A, n x n factors, and the vectors that the
 * library cannot write in place (U that is row-major, V that is column-major; the reverse if m <
 * n); V if only U is wanted; m x m for a full U. A tall or wide matrix (m >= 1.6 n, n >= 1.6 m)
 * goes through a QR factorization first, for one matrix as RITZ_QR_AUTO says. Values that would
 * overflow or underflow in squares are scaled.
 * Cost: about 6mn² + 20n³ flops (m >= n) with vectors. Accuracy: singular values to n u ‖A‖,
 * backward stable.
 * Source: Golub and Van Loan 2013, section 8.6; Gu and Eisenstat 1995 (divide and conquer); Chan
 * 1982 (QR first). */
RITZ_API RITZ_NODISCARD ritz_status ritz_svd(ritz_stream *s, ritz_dmat A, ritz_dmat U, ritz_dmat S,
                                             ritz_dmat V, ritz_dmat info);

/** Order of eigenvalues. */
typedef enum ritz_order {
    RITZ_DESCENDING = 0, /**< largest first */
    RITZ_ASCENDING = 1   /**< smallest first */
} ritz_order;

/** Choices of ritz_eigh. Zero is the default of every field. */
typedef struct ritz_eigh_options {
    size_t size;      /**< sizeof(ritz_eigh_options) */
    int upper;        /**< 0: the lower triangle is read; 1: the upper */
    ritz_order order; /**< RITZ_DESCENDING */
    int64_t first;    /**< how many eigenpairs of that order are passed over; 0 */
} ritz_eigh_options;

/** Default choices of ritz_eigh. */
#define RITZ_EIGH_DEFAULTS                                                                         \
    {                                                                                              \
        sizeof(ritz_eigh_options), 0, RITZ_DESCENDING, 0                                           \
    }

/** Eigenvalues and eigenvectors of symmetric matrices, A V = V diag(W), item by item; A is kept.
 *
 * @param s    the stream.
 * @param A    n x n per item, float32 or float64; one triangle is read.
 * @param W    k x 1, 0 <= k <= n - first: k eigenvalues in the order of the options; all if k is n.
 * @param V    n x k, the eigenvectors in the same order; RITZ_NO_MAT if not wanted.
 * @param opts choices, or NULL for the defaults.
 * @param info batch x 1 of RITZ_I32, or RITZ_NO_MAT.
 * @return RITZ_OK or an argument error. At ritz_stream_sync, without info: RITZ_ERR_NOT_FINITE or
 *   RITZ_ERR_NOT_CONVERGED.
 *
 * Synchronises: never on the CPU; on a GPU cuSOLVER may make the caller wait for the stream, where
 * Ritz's own kernels for small matrices do not serve. Capturable: n <= 32; else no (cuSOLVER).
 * Workspace: a copy of A, the vectors and the library's own.
 * Cost: 4n³/3 flops for the values, up to 9n³ with all vectors. Accuracy: backward stable, |w - w*|
 * <= c n u ‖A‖.
 * Source: Golub and Van Loan 2013, sections 8.3 to 8.5; Dhillon and Parlett 2004 (a range of
 * eigenpairs). */
RITZ_API RITZ_NODISCARD ritz_status ritz_eigh(ritz_stream *s, ritz_dmat A, ritz_dmat W, ritz_dmat V,
                                              const ritz_eigh_options *opts, ritz_dmat info);

#ifdef __cplusplus
}
#endif
#endif
