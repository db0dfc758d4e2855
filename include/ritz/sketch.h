/** @file
 * Random sketches: short, wide random matrices S that keep the geometry of what they are applied
 * to.
 *
 * A `ritz_sketch` is a value, a description of S: d x m with E[SᵀS] = I. Every element is a
 * function of the seed and its indices alone, so that blocks, threads and devices agree bit for bit
 * on it, and S need not be stored: it is made in tiles where a product needs it.
 *
 *     ritz_sketch S = ritz_sketch_make(RITZ_SKETCH_SPARSE_SIGN, 4 * n, m, seed);
 *     ritz_sketch_left(s, &S, &A, SA);
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_SKETCH_H
#define RITZ_SKETCH_H

#include "ritz/linop.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The distributions of a sketch. */
typedef enum ritz_sketch_kind {
    RITZ_SKETCH_GAUSSIAN = 0,   /**< independent normal elements of variance 1/d */
    RITZ_SKETCH_RADEMACHER = 1, /**< independent elements +-1/sqrt(d) */
    /** A stack of `nonzeros` matrices of d/nonzeros rows; each has one +-1/sqrt(nonzeros) in each
     * column, at a random row. d is a multiple of nonzeros. */
    RITZ_SKETCH_SPARSE_SIGN = 2,
    /** d rows of a Hadamard matrix of order M, the next power of two, with its columns permuted and
     * their signs changed at random, divided by sqrt(d). d <= M. */
    RITZ_SKETCH_HADAMARD = 3
} ritz_sketch_kind;

/** A sketch, d x m: a value. */
typedef struct ritz_sketch {
    ritz_sketch_kind kind; /**< its distribution */
    int64_t rows;          /**< d */
    int64_t cols;          /**< m, below 2^32 for a Hadamard sketch */
    uint64_t seed;         /**< any value */
    uint32_t substream;    /**< number of the draw under this seed, 0 .. 2^24-1 */
    int nonzeros;          /**< sparse sign: elements in a column, 1 .. 32 */
} ritz_sketch;

/** Describe a sketch; substream 0, and 8 nonzeros in a column (as many as divide d, if 8 does not).
 * @param kind its distribution.
 * @param rows d.
 * @param cols m.
 * @param seed any value.
 * @return the description; what is wrong with it is found where it is used. */
RITZ_API ritz_sketch ritz_sketch_make(ritz_sketch_kind kind, int64_t rows, int64_t cols,
                                      uint64_t seed);

/** Write a part of a sketch into a dense matrix: D(i, j) = S(row0 + i, col0 + j).
 *
 * @param s    the stream.
 * @param S    the sketch, d x m.
 * @param row0 first row.
 * @param col0 first column.
 * @param D    one matrix, float32 or float64, which lies inside S.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. */
RITZ_API RITZ_NODISCARD ritz_status ritz_sketch_fill(ritz_stream *s, const ritz_sketch *S,
                                                     int64_t row0, int64_t col0, ritz_dmat D);

/** Sketch from the left: Y = S A.
 *
 * @param s the stream.
 * @param S the sketch, d x m.
 * @param A the operator, m x n. A sparse matrix is not made dense, a centred one never formed.
 * @param Y d x n, of the operator's data type.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never (a caller's function: as it does). Capturable: as A's products.
 * Cost: Gaussian, Rademacher 2dmn flops; sparse sign nonzeros m n additions; Hadamard M n log2 M
 * additions; of a sparse matrix 2 d nnz flops; of a centred matrix as of a dense one; of a function
 * products of Aᵀ with d columns, 64 at a time. Workspace: a tile of S; Hadamard: M x 64.
 * Source: Halko, Martinsson and Tropp 2011 (Gaussian); Tropp and Webber 2023 (survey); Cohen 2016
 * (sparse signs); Ailon and Chazelle 2009, Tropp 2011 (Hadamard). */
RITZ_API RITZ_NODISCARD ritz_status ritz_sketch_left(ritz_stream *s, const ritz_sketch *S,
                                                     const ritz_linop *A, ritz_dmat Y);

/** Sketch from the right: Y = A Sᵀ.
 *
 * @param s the stream.
 * @param A the operator, m x n.
 * @param S the sketch, d x n.
 * @param Y m x d, of the operator's data type.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises, capturable, cost, workspace: as ritz_sketch_left of Aᵀ. */
RITZ_API RITZ_NODISCARD ritz_status ritz_sketch_right(ritz_stream *s, const ritz_linop *A,
                                                      const ritz_sketch *S, ritz_dmat Y);

/** Sketch rows as they come: Y = Y + S(:, row0 .. row0+b-1) A, for the rows row0 .. of a matrix of
 * m rows. The sum over all blocks is S times the whole, to rounding, in whatever blocks it comes.
 *
 * @param s    the stream.
 * @param S    the sketch, d x m.
 * @param row0 number of the first row of A among the m.
 * @param A    b x n, row0 + b <= m, float32 or float64.
 * @param Y    d x n; read and written.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: as ritz_sketch_left; Hadamard 2dbn flops. */
RITZ_API RITZ_NODISCARD ritz_status ritz_sketch_rows(ritz_stream *s, const ritz_sketch *S,
                                                     int64_t row0, ritz_dmat A, ritz_dmat Y);

/** How much a sketch changes lengths: the largest | ‖S A x‖ / ‖A x‖ - 1 | over 8 random x; probes
 * with A x = 0 count as unchanged.
 *
 * @param s          the stream.
 * @param S          the sketch, d x m.
 * @param A          the operator, m x n.
 * @param SA         its sketch, d x n, as ritz_sketch_left gives it.
 * @param distortion 1 x 1 of RITZ_F64. Above 0.9 the sketch is too short: draw one with 2d rows.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: as A's products. Cost: one product of A with 8 columns. */
RITZ_API RITZ_NODISCARD ritz_status ritz_sketch_distortion(ritz_stream *s, const ritz_sketch *S,
                                                           const ritz_linop *A, ritz_dmat SA,
                                                           ritz_dmat distortion);

#ifdef __cplusplus
}
#endif
#endif
