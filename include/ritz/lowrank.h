/** @file
 * Randomized range finding and low-rank factorization.
 *
 * Same seed, same sketch, on every device. Every result comes with an error figure that was
 * computed, not assumed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_LOWRANK_H
#define RITZ_LOWRANK_H

#include "ritz/linop.h"
#include "ritz/rows.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What an error figure claims. */
typedef enum ritz_error_kind {
    RITZ_ERROR_NONE = 0,     /**< not computed */
    RITZ_ERROR_EXACT = 1,    /**< an identity: equal to the error up to rounding */
    RITZ_ERROR_ESTIMATE = 2, /**< near the error, on either side */
    RITZ_ERROR_BOUND = 3     /**< not below the error, with the stated probability */
} ritz_error_kind;

/** How an approximate range is found. */
typedef enum ritz_range_method {
    RITZ_RANGE_AUTO = 0,     /**< RITZ_RANGE_SUBSPACE */
    RITZ_RANGE_SUBSPACE = 1, /**< subspace iteration: the last of q + 1 products is kept */
    /** Block Krylov: all q + 1 products are kept, so that each pass over A yields more where the
     * singular values decay slowly; (q + 1) l columns in place of l. The kept blocks are always
     * orthonormal. Not with a tolerance. */
    RITZ_RANGE_KRYLOV = 2
} ritz_range_method;

/** What keeps the columns of a sample apart between two products. The last one is always followed
 * by a QR factorization. */
typedef enum ritz_normalisation {
    RITZ_NORMALISE_QR = 0, /**< an orthonormal basis after every product: no digit is lost */
    /** Columns made nearly orthonormal by a shifted Cholesky factor of their Gram matrix: cheaper,
     * and enough for condition numbers up to about 1/sqrt(u) in each product */
    RITZ_NORMALISE_CHOLESKY = 1,
    /** Nothing but a common factor: components below u^(1/(2q+1)) of the largest drown */
    RITZ_NORMALISE_NONE = 2
} ritz_normalisation;

/** Choices of the randomized methods. Zero is the default of every field. */
typedef struct ritz_sketch_options {
    size_t size;          /**< sizeof(ritz_sketch_options) */
    int64_t oversampling; /**< sample columns beyond k; 0: max(10, k/10) */
    int power_iterations; /**< q; 0: 2; RITZ_POWER_ITERATIONS_NONE: none */
    int no_error_figure;  /**< 1: skip the error figure and its cost */
    uint64_t seed;        /**< of the sketch */
    /** Above 0, and below 1: the rank is found. The least k (to a block) with an error of at most
     * tolerance ‖A‖_F in the Frobenius norm is taken, at most as many as the outputs have room for;
     * what is beyond the rank becomes zero, and the report has the rank. */
    double tolerance;
    int64_t block;                    /**< tolerance: columns added at once; 0: 32 */
    ritz_range_method method;         /**< RITZ_RANGE_AUTO */
    ritz_normalisation normalisation; /**< RITZ_NORMALISE_QR */
} ritz_sketch_options;

/** Explicitly no power iterations. */
#define RITZ_POWER_ITERATIONS_NONE (-1)

/** Default choices of the randomized methods. */
#define RITZ_SKETCH_DEFAULTS                                                                       \
    {                                                                                              \
        .size = sizeof(ritz_sketch_options)                                                        \
    }

/** How good a low-rank approximation is. Written in stream order, valid after ritz_stream_sync; it
 * must stay in place until then. Set `size` before the call. Of a matrix or function that is not
 * finite, `error` and `norm` are NaN. */
typedef struct ritz_sketch_report {
    size_t size;          /**< sizeof(ritz_sketch_report) */
    int64_t rank;         /**< columns of the result */
    int64_t sample_size;  /**< columns of the sketch */
    int power_iterations; /**< made */
    int matvec_blocks;    /**< products of the operator (or its transpose) with a block */
    ritz_error_kind kind; /**< what `error` claims */
    /** Range finder: bound on ‖A - QQᵀA‖_2; the others: that of the approximation in the Frobenius
     * norm, as `kind` says. */
    double error;
    double probability; /**< for a bound: probability that it holds */
    /** Frobenius norm of A: exact for matrices, an estimate for functions; 0 if not computed. */
    double norm;
    /** s_k / s_(k+1): near 1, the last vectors are not determined; infinity if s_(k+1) is 0, and 0
     * if it is unknown, as with a range alone. */
    double gap;
    int tolerance_met; /**< 1 if a tolerance was given and met */
    /** What the user should know about the answer, and what to change; "" if nothing. */
    char warning[256];
} ritz_sketch_report;

/** Start value of a ritz_sketch_report. */
#define RITZ_SKETCH_REPORT_INIT                                                                    \
    {                                                                                              \
        .size = sizeof(ritz_sketch_report)                                                         \
    }

/** Orthonormal basis Q of an approximate range of A by randomized subspace iteration.
 *
 * Y = A Omega with a Gaussian n x l sketch, Q = orth(Y); then q times Q = orth(A orth(Aᵀ Q)).
 * Orthonormalised after every product.
 *
 * @param s      the stream.
 * @param A      the operator, m x n.
 * @param Q      m x l, l <= min(m, n): the basis; its width is the sample size (oversampling of the
 *   options is not added), with a tolerance the most that is allowed. With RITZ_RANGE_KRYLOV, l
 *   columns in all, from a block of l/(q + 1).
 * @param opts   choices, or NULL for the defaults.
 * @param report receives the outcome, or NULL. The error figure: with probability 1 - 10^-r (r = 4
 *   probes) ‖(I - QQᵀ)A‖ <= 10 sqrt(2/pi) max ‖(I - QQᵀ)A w‖ (Halko, Martinsson and Tropp 2011,
 *   lemma 4.1).
 * @return RITZ_OK or an argument error. At ritz_stream_sync: RITZ_ERR_NOT_FINITE.
 *
 * Synchronises: never; with a tolerance once a block. Capturable: l <= 64 and m, n <= 4096, with
 * neither tolerance nor report; else no (cuSOLVER, or results). Cost: (2q+1) 2mnl flops, and 4mnr
 * for the error figure; with a tolerance those of ritz_qb.
 * Workspace: (m + n) l elements.
 * Source: Halko, Martinsson, Tropp, SIAM Review 53(2), 2011, algorithms 4.3 and 4.4; Musco and
 * Musco 2015 (block Krylov). */
RITZ_API RITZ_NODISCARD ritz_status ritz_range_finder(ritz_stream *s, const ritz_linop *A,
                                                      ritz_dmat Q, const ritz_sketch_options *opts,
                                                      ritz_sketch_report *report);

/** A ~ Q B with orthonormal Q, B = QᵀA.
 *
 * With a tolerance the basis grows block by block until the error is met, which the identity
 * ‖A - QB‖_F² = ‖A‖_F² - ‖B‖_F² tells without a further product; below 10 sqrt(u) ‖A‖_F, which the
 * identity does not resolve, and for a function, 4 Gaussian probes of the residual tell. A
 * tolerance that l columns do not meet is no error: the report says what was reached. Columns that
 * are only rounding (10 u ‖A‖_F) are not taken, so that a lower rank than asked for is found. The
 * squares of the elements must neither overflow nor vanish in float64.
 *
 * @param s      the stream.
 * @param A      the operator, m x n.
 * @param Q      m x l, l <= min(m, n), orthonormal columns; with a tolerance those beyond the rank
 *   are zero.
 * @param B      l x n; with a tolerance rows beyond the rank are zero.
 * @param opts   choices, or NULL for the defaults.
 * @param report receives the outcome, or NULL. The error figure is the identity, as of
 *   ritz_svd_randomized; where probes tell, an estimate.
 * @return RITZ_OK or an argument error. At ritz_stream_sync: RITZ_ERR_NOT_FINITE.
 *
 * Synchronises: once a block with a tolerance, else never. Capturable: no (cuSOLVER). Cost: (2q+2)
 * 2mnl flops, with a tolerance of the columns found. Workspace: (m + n) l elements; of a block with
 * a tolerance.
 * Source: Halko, Martinsson, Tropp 2011, section 4; Martinsson and Voronin 2016; Yu, Gu and Li
 * 2018, algorithm 2. */
RITZ_API RITZ_NODISCARD ritz_status ritz_qb(ritz_stream *s, const ritz_linop *A, ritz_dmat Q,
                                            ritz_dmat B, const ritz_sketch_options *opts,
                                            ritz_sketch_report *report);

/** The k largest singular triplets of A by a randomized method, A ~ U diag(S) Vᵀ.
 *
 * Range finder with l = k + oversampling columns, QR of (QᵀA)ᵀ, SVD of its small factor. If l would
 * exceed min(m, n)/1.5 and A is a dense matrix, the exact SVD is computed instead: the report's
 * sample_size is then min(m, n), and its matvec_blocks 0. l is at most min(m, n). With
 * RITZ_RANGE_KRYLOV, l = (q + 1) (k + oversampling).
 *
 * With a tolerance, ritz_qb finds the range, and the smallest rank whose error is within the
 * tolerance is kept: k is the most triplets that there is room for; those beyond the rank are zero.
 *
 * @param s      the stream.
 * @param A      the operator, m x n.
 * @param U      m x k, orthonormal columns; RITZ_NO_MAT if not wanted.
 * @param S      k x 1, k <= min(m, n), descending.
 * @param V      n x k, orthonormal columns; RITZ_NO_MAT if not wanted.
 * @param opts   choices, or NULL for the defaults.
 * @param report receives the outcome, or NULL. The error figure for a matrix is the identity
 *   ‖A - U S Vᵀ‖_F² = ‖A‖_F² - ‖S‖² (sums in float64); an error below its resolution of 6 sqrt(u)
 *   ‖A‖_F is reported as that bound (RITZ_ERROR_BOUND, probability 1). For a function it is an
 *   estimate from 4 Gaussian probes.
 * @return RITZ_OK or an argument error. At ritz_stream_sync: RITZ_ERR_NOT_FINITE,
 *   RITZ_ERR_NOT_CONVERGED.
 *
 * Synchronises: never on the CPU; on a GPU as ritz_svd of the small factor; with a tolerance also
 * as ritz_qb, and once for the values. Capturable: k + oversampling <= 32 and m, n <= 4096, with
 * neither tolerance nor report; else no (cuSOLVER, or results). Cost: (2q+2) 2mnl flops. Workspace:
 * (m + 2n) l elements. Source: Halko, Martinsson, Tropp 2011, algorithm 5.1. */
RITZ_API RITZ_NODISCARD ritz_status ritz_svd_randomized(ritz_stream *s, const ritz_linop *A,
                                                        ritz_dmat U, ritz_dmat S, ritz_dmat V,
                                                        const ritz_sketch_options *opts,
                                                        ritz_sketch_report *report);

/** The k eigenvalues of largest modulus of a symmetric A, and their vectors, by a randomized
 * method: A ~ V diag(W) Vᵀ.
 *
 * Range finder with l = k + oversampling columns, or (q + 1) times as many with RITZ_RANGE_KRYLOV,
 * T = QᵀAQ, eigenvalues of T. The error figure is
 * ‖A - V diag(W) Vᵀ‖_F: an estimate from 4 Gaussian probes.
 *
 * @param s      the stream.
 * @param A      the operator, n x n and symmetric, which is not checked; of a dense matrix both
 *   triangles are read.
 * @param W      k x 1, k <= n, by descending modulus.
 * @param V      n x k, orthonormal columns; RITZ_NO_MAT if not wanted.
 * @param opts   choices, or NULL for the defaults. A tolerance is refused: use ritz_qb.
 * @param report receives the outcome, or NULL.
 * @return RITZ_OK or an argument error. At ritz_stream_sync: RITZ_ERR_NOT_FINITE,
 *   RITZ_ERR_NOT_CONVERGED.
 *
 * Synchronises: never on the CPU; on a GPU as ritz_eigh of the small matrix. Capturable: no
 * (cuSOLVER). Cost: (2q+2) 2n²l flops. Workspace: 3nl elements.
 * Source: Halko, Martinsson, Tropp 2011, algorithm 5.3. */
RITZ_API RITZ_NODISCARD ritz_status ritz_eigh_randomized(ritz_stream *s, const ritz_linop *A,
                                                         ritz_dmat W, ritz_dmat V,
                                                         const ritz_sketch_options *opts,
                                                         ritz_sketch_report *report);

/** The k largest singular values and right singular vectors of rows that stream by, in q + 2
 * passes: of files larger than memory.
 *
 * The first pass is Y = AᵀA Omega, each power iteration one pass Z = orth(Y), Y = AᵀA Z, and the
 * last a QR factorization of A Z in blocks of rows. A Z is never stored. Left vectors, if wanted,
 * are those of ritz_rows_multiply with V diag(1/S).
 *
 * @param s      the stream.
 * @param rows   the data, m x n; read q + 2 times.
 * @param S      k x 1, k <= min(m, n), descending, float32 or float64: the type of computation.
 * @param V      n x k, orthonormal columns; RITZ_NO_MAT if not wanted.
 * @param opts   choices, or NULL for the defaults; a tolerance keeps the smallest rank within it,
 *   of at most k. RITZ_RANGE_KRYLOV and other normalisations than RITZ_NORMALISE_QR are refused.
 * @param report receives the outcome, or NULL; complete when the call returns. The error figure is
 *   the identity, as of ritz_svd_randomized.
 * @return RITZ_OK or an argument error; RITZ_ERR_NOT_FINITE; errors of files;
 *   RITZ_ERR_NOT_CONVERGED.
 *
 * Synchronises: once a pass, and at the end. Capturable: no (reads rows). Cost: (4q + 6) mnl flops.
 * Memory: 3 n l
 * elements, in float32 up to 192 n more, and two blocks of rows. Accuracy: two products between
 * orthonormalisations leave values below u^(1 - 2^-(q+1)) of the largest few digits (sqrt(u)
 * without power iterations); the report says so.
 * Source: Halko, Martinsson, Shkolnisky and Tygert 2011 (out of core). */
RITZ_API RITZ_NODISCARD ritz_status ritz_svd_rows(ritz_stream *s, ritz_rows rows, ritz_dmat S,
                                                  ritz_dmat V, const ritz_sketch_options *opts,
                                                  ritz_sketch_report *report);

#ifdef __cplusplus
}
#endif
#endif
