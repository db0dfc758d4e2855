/* The randomized SVD of rows that stream by, centred or not.
 *
 *     Z = Ω, n x l Gaussian;  q + 1 passes Y = AᵀA Z, each followed by Z = orth(Y)
 *     a last pass A Z = Q R, in blocks of rows;  R = U_R diag(S) V_Rᵀ,  V = Z V_R
 *
 * A Z is never stored: a block C of rows is staged, centred if wanted, and adds Cᵀ(C Z) to Y. The
 * mean needs no pass of its own (centred_rows.h).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_SVD_ROWS_H
#define RITZ_ALGO_SVD_ROWS_H

#include "algo/row_pass.h"

struct svd_rows {
    ritz_dtype dtype; /* T, of computation */
    int64_t n;        /* columns */
    struct ritz_algo_sketch sketch;
    int64_t block_rows;
    ritz_dmat mean;  /* n x 1 F64, contiguous: on return the mean of the rows, by which they are
                        centred; or RITZ_NO_MAT: they are not */
    ritz_dmat sumsq; /* 1 x 1 F64, contiguous: on return ‖A‖_F², of the centred rows */
};

/* Bytes that it takes beside the blocks of the feed: at all, and for each row of a block. */
int64_t svd_rows_fixed_bytes(ritz_dtype dtype, int64_t n, int64_t l);
int64_t svd_rows_row_bytes(ritz_dtype dtype, int64_t n, int64_t l);

/* Rows of a block that the step wants: as many as make the products efficient and the factor R
 * cheap, a multiple of 256, at most m. */
int64_t svd_rows_block(ritz_dtype dtype, int64_t m, int64_t n, int64_t l);

/* Times that it reads the rows. */
int svd_rows_passes(const struct ritz_algo_sketch *sketch);

/* Squares of singular values below this part of the first are hidden by the rounding of AᵀA Z. */
double svd_rows_resolution(ritz_dtype dtype, int power_iterations);

/* S (S.rows <= l, T) and V (n x k, k <= l, T, column-major; or RITZ_NO_MAT), signs fixed. Waits for
 * the stream after each pass. Refuses rows that are not finite, and those whose squares overflow or
 * underflow T. */
ritz_status svd_rows_run(struct row_pass *p, const struct svd_rows *c, ritz_dmat S, ritz_dmat V);

#endif
