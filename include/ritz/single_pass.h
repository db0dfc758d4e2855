/** @file
 * Low-rank approximation of a matrix that is seen once: as rows that stream by, or as a sum of
 * updates.
 *
 * Kept are linear sketches of the matrix, not the matrix:
 *
 *     X = Upsilon A (l x n),  Y = A Omegaᵀ (m x l),  Z = Phi A Psiᵀ (s x s),  E = Theta A (10 x n)
 *
 * with l = 4k + 1 and s = 2l + 1 unless told otherwise. Because they are linear, the order of the
 * updates does not matter, to rounding. E only serves to estimate the error.
 *
 *     ritz_single_pass_create(s, RITZ_F32, m, n, k, NULL, &sp);
 *     ritz_single_pass_add_rows(s, sp, ritz_rows_file("data.npy"));
 *     ritz_single_pass_svd(s, sp, U, S, V, &report);
 *
 * Source: Tropp, Yurtsever, Udell and Cevher, Streaming low-rank matrix approximation with an
 * application to scientific simulation, SIAM J. Sci. Comput. 41(4), 2019.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_SINGLE_PASS_H
#define RITZ_SINGLE_PASS_H

#include "ritz/lowrank.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The sketches of a matrix. Used by one stream at a time. */
typedef struct ritz_single_pass ritz_single_pass;

/** Choices of a single pass. Zero is the default of every field. */
typedef struct ritz_single_pass_options {
    size_t size;        /**< sizeof(ritz_single_pass_options) */
    int64_t range_size; /**< l, from k to min(m, n); 0: 4k + 1, or min(m, n) if that is less */
    int64_t
        core_size; /**< s >= l, also beyond m and n; 0: 2l + 1, from where on errors are bounded */
    uint64_t seed; /**< of the sketches */
} ritz_single_pass_options;

/** Default choices of a single pass. */
#define RITZ_SINGLE_PASS_DEFAULTS                                                                  \
    {                                                                                              \
        .size = sizeof(ritz_single_pass_options)                                                   \
    }

/** Sketches of an m x n matrix of zeros.
 * @param s     a stream; the sketches live on its device.
 * @param dtype RITZ_F32 or RITZ_F64.
 * @param rows  m >= 1.
 * @param cols  n >= 1.
 * @param rank  k >= 1, at most min(m, n): the largest rank that will be asked for.
 * @param opts  choices, or NULL for the defaults.
 * @param[out] sp to be destroyed with ritz_single_pass_destroy; NULL on failure.
 * @return RITZ_OK, an argument error, or a memory error. Memory: l (m + n) + s² + 10 n elements. */
RITZ_API RITZ_NODISCARD ritz_status ritz_single_pass_create(ritz_stream *s, ritz_dtype dtype,
                                                            int64_t rows, int64_t cols,
                                                            int64_t rank,
                                                            const ritz_single_pass_options *opts,
                                                            ritz_single_pass **sp);

/** Destroy sketches in the order of a stream.
 * @param s a stream of their device.
 * @param[in,out] sp set to NULL; NULL and *sp == NULL are accepted.
 * @return RITZ_OK or an argument error. */
RITZ_API ritz_status ritz_single_pass_destroy(ritz_stream *s, ritz_single_pass **sp);

/** Update the matrix: A = theta A + eta H, where H has the rows of `block` from row0 on and zeros
 * elsewhere.
 *
 * @param s     a stream of the sketches' device.
 * @param sp    the sketches.
 * @param theta factor of what was there; 1 to add.
 * @param eta   factor of the update.
 * @param row0  number of the block's first row.
 * @param block b x n, row0 + b <= m, of their data type.
 * @return RITZ_OK or an argument error. What is not finite surfaces in ritz_single_pass_svd.
 *
 * Synchronises: never. Capturable: yes. Cost: 2bn (2l + s + 10) flops. */
RITZ_API RITZ_NODISCARD ritz_status ritz_single_pass_update(ritz_stream *s, ritz_single_pass *sp,
                                                            double theta, double eta, int64_t row0,
                                                            ritz_dmat block);

/** Add all rows of a source, which is read once: A = A + H.
 *
 * @param s    a stream of the sketches' device.
 * @param sp   the sketches.
 * @param rows the source, m x n.
 * @return RITZ_OK; an argument error; errors of files, after which the sketches hold a part of the
 *   rows and must be destroyed.
 *
 * Synchronises: at the end. Capturable: no (reads rows). */
RITZ_API RITZ_NODISCARD ritz_status ritz_single_pass_add_rows(ritz_stream *s, ritz_single_pass *sp,
                                                              ritz_rows rows);

/** The k leading singular triplets of the approximation that the sketches give.
 *
 * Q = orth(Y), P = orth(Xᵀ), C = (Phi Q)⁺ Z ((Psi P)⁺)ᵀ by QR factorizations; the SVD of Q C Pᵀ is
 * cut off at k. Where Phi Q or Psi P has a condition number above 1e6 (s close to l), its singular
 * values take the place of the QR factorization, and the report warns.
 *
 * @param s      a stream of their device.
 * @param sp     the sketches; kept, so that updates may go on.
 * @param U      m x k; RITZ_NO_MAT if not wanted.
 * @param S      k x 1, k at most the rank that was announced.
 * @param V      n x k; RITZ_NO_MAT if not wanted.
 * @param report receives the outcome, or NULL. The error figure estimates ‖A - U diag(S) Vᵀ‖_F from
 *   E, without bias in its square; `norm` estimates ‖A‖_F.
 * @return RITZ_OK or an argument error. At ritz_stream_sync: RITZ_ERR_NOT_FINITE,
 *   RITZ_ERR_NOT_CONVERGED.
 *
 * Synchronises: twice, to look at two condition numbers; on a GPU also as ritz_svd.
 * Capturable: no (the host decides by results).
 * Cost: O((m + n) l²) flops. Workspace: (m + n) l + 3 s² elements. */
RITZ_API RITZ_NODISCARD ritz_status ritz_single_pass_svd(ritz_stream *s, const ritz_single_pass *sp,
                                                         ritz_dmat U, ritz_dmat S, ritz_dmat V,
                                                         ritz_sketch_report *report);

#ifdef __cplusplus
}
#endif
#endif
