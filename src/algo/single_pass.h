/* The sketches of a single pass, as they are kept, and the random matrices that they are made with.
 *
 * There are two of these, one for each side of A (m x n), independent normal numbers that are made
 * in tiles where a product needs them:
 *
 *     left    m x (l + 10 + s)   [Upsilonᵀ, Thetaᵀ, Phiᵀ]
 *     right   n x (l + s)        [Omegaᵀ, Psiᵀ]
 *
 * Row i belongs to row (or column) i of A and is a function of the seed and i alone, so that the
 * blocks in which A comes do not matter.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_SINGLE_PASS_H
#define RITZ_ALGO_SINGLE_PASS_H

#include "algo/algo.h"

enum { SINGLE_PASS_PROBES = 10 }; /* rows of Theta */

struct ritz_single_pass {
    ritz_device *device;
    ritz_dtype dtype;
    int64_t rows, cols, rank;
    int64_t range_size, core_size; /* l, s */
    uint64_t seed;
    ritz_dmat XE; /* (l + 10) x n, row-major: X above E */
    ritz_dmat Y;  /* m x l */
    ritz_dmat Z;  /* s x s */
};

/* The substreams of their numbers. */
enum single_pass_side { SINGLE_PASS_LEFT = 0, SINGLE_PASS_RIGHT = 1 };

/* Rows of a tile; at least one. */
int64_t single_pass_tile_rows(const struct ritz_single_pass *sp);

/* G = [Theta; Phi] Q, (10 + s) x c, for Q m x c. */
ritz_status single_pass_sketch_left(ritz_stream *s, const struct ritz_single_pass *sp, ritz_dmat Q,
                                    ritz_dmat G);

/* G = Psi P, s x c, for P n x c. */
ritz_status single_pass_sketch_right(ritz_stream *s, const struct ritz_single_pass *sp, ritz_dmat P,
                                     ritz_dmat G);

/* A usable object on the stream's device. */
ritz_status single_pass_check(const ritz_stream *s, const struct ritz_single_pass *sp);

#endif
