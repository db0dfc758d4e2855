/* R of rows that come block by block: a flat tree,
 *
 *     [R; A_i] = Q_i R_new     for each block A_i of rows
 *
 * R and the block are stacked in one matrix of the workspace. Rows of R that no block has filled
 * yet are zero. Cost: 2 (b + n) n² flops a block of b rows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_STACKED_QR_H
#define RITZ_ALGO_STACKED_QR_H

#include "algo/algo.h"

struct stacked_qr {
    ritz_stream *s;
    ritz_dmat stack, tau;
};

/* Rows of a block of n columns, of `all` rows: enough that the n rows of R cost little beside
 * them. */
int64_t stacked_qr_block(ritz_dtype dtype, int64_t n, int64_t all);

/* R = 0, n x n, with room for `rows` rows below; from the workspace. */
ritz_status stacked_qr_open(ritz_stream *s, ritz_dtype dtype, int64_t n, int64_t rows,
                            struct stacked_qr *q);
/* Where the next rows go, column-major; no more than there is room for. */
ritz_dmat stacked_qr_room(const struct stacked_qr *q, int64_t rows);
/* Take in that many rows of the room, which are finite. */
ritz_status stacked_qr_absorb(struct stacked_qr *q, int64_t rows);
/* R of the rows so far, upper triangular with zeros below; its diagonal has any sign. */
ritz_dmat stacked_qr_factor(const struct stacked_qr *q);

#endif
