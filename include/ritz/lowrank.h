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

/** Choices of the randomized methods. Zero is the default of every field. */
typedef struct ritz_sketch_options {
    size_t size;          /**< sizeof(ritz_sketch_options) */
    int64_t oversampling; /**< sample columns beyond k; 0: max(10, k/10) */
    int power_iterations; /**< q; 0: 2; RITZ_POWER_ITERATIONS_NONE: none */
    int no_error_figure;  /**< 1: skip the error figure and its cost */
    uint64_t seed;        /**< of the sketch */
} ritz_sketch_options;

/** Explicitly no power iterations. */
#define RITZ_POWER_ITERATIONS_NONE (-1)

/** Default choices of the randomized methods. */
#define RITZ_SKETCH_DEFAULTS                                                                       \
    {                                                                                              \
        sizeof(ritz_sketch_options), 0, 0, 0, 0                                                    \
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
    /** Range finder: bound on ‖A - QQᵀA‖_2; SVD: ‖A - U S Vᵀ‖_F, as `kind` says. */
    double error;
    double probability; /**< for a bound: probability that it holds */
    /** Frobenius norm of A: exact for matrices, an estimate for functions; 0 if not computed. */
    double norm;
} ritz_sketch_report;

/** Start value of a ritz_sketch_report. */
#define RITZ_SKETCH_REPORT_INIT                                                                    \
    {                                                                                              \
        sizeof(ritz_sketch_report), 0, 0, 0, 0, RITZ_ERROR_NONE, 0, 0, 0                           \
    }

/** Orthonormal basis Q of an approximate range of A by randomized subspace iteration.
 *
 * Y = A Omega with a Gaussian n x l sketch, Q = orth(Y); then q times Q = orth(A orth(Aᵀ Q)).
 * Orthonormalised after every product.
 *
 * @param s      the stream.
 * @param A      the operator, m x n.
 * @param Q      m x l, l <= min(m, n): the basis; its width is the sample size (oversampling of the
 *   options is not added).
 * @param opts   choices, or NULL for the defaults.
 * @param report receives the outcome, or NULL. The error figure: with probability 1 - 10^-r (r = 4
 *   probes) ‖(I - QQᵀ)A‖ <= 10 sqrt(2/pi) max ‖(I - QQᵀ)A w‖ (Halko, Martinsson and Tropp 2011,
 *   lemma 4.1).
 * @return RITZ_OK or an argument error. At ritz_stream_sync: RITZ_ERR_NOT_FINITE.
 *
 * Synchronises: never. Capturable: no (cuSOLVER). Cost: (2q+1) 2mnl flops, and 4mnr for the error
 * figure.
 * Workspace: (m + n) l elements.
 * Source: Halko, Martinsson, Tropp, SIAM Review 53(2), 2011, algorithms 4.3 and 4.4. */
RITZ_API RITZ_NODISCARD ritz_status ritz_range_finder(ritz_stream *s, const ritz_linop *A,
                                                      ritz_dmat Q, const ritz_sketch_options *opts,
                                                      ritz_sketch_report *report);

/** The k largest singular triplets of A by a randomized method, A ~ U diag(S) Vᵀ.
 *
 * Range finder with l = k + oversampling columns, QR of (QᵀA)ᵀ, SVD of its small factor. If l would
 * exceed min(m, n)/1.5 and A is a dense matrix, the exact SVD is computed instead: the report's
 * sample_size is then min(m, n), and its matvec_blocks 0. l is at most min(m, n).
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
 * Synchronises: never on the CPU; on a GPU as ritz_svd of the small factor. Capturable: no
 * (cuSOLVER). Cost: (2q+2) 2mnl flops. Workspace: (m + 2n) l
 * elements.
 * Source: Halko, Martinsson, Tropp 2011, algorithm 5.1. */
RITZ_API RITZ_NODISCARD ritz_status ritz_svd_randomized(ritz_stream *s, const ritz_linop *A,
                                                        ritz_dmat U, ritz_dmat S, ritz_dmat V,
                                                        const ritz_sketch_options *opts,
                                                        ritz_sketch_report *report);

#ifdef __cplusplus
}
#endif
#endif
