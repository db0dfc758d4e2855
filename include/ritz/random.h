/** @file
 * Random matrices.
 *
 * Philox4x32-10 addressed by matrix index: element (i, j) depends on the seed, the stream number,
 * the distribution and (i, j) alone, never on the size of the matrix, its layout, the device, the
 * number of threads or the order of calls. Every device gives the same bits. Normal variates are
 * made in float32 and widened, so that both data types share them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_RANDOM_H
#define RITZ_RANDOM_H

#include "ritz/matrix.h"
#include "ritz/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Distributions. */
typedef enum ritz_distribution {
    RITZ_NORMAL = 0,    /**< mean 0, variance 1 */
    RITZ_UNIFORM = 1,   /**< on (0, 1), both ends excluded */
    RITZ_RADEMACHER = 2 /**< -1 or 1 */
} ritz_distribution;

/** Fill a matrix with independent random numbers.
 *
 * @param s         the stream.
 * @param dist      the distribution.
 * @param seed      the seed; any value.
 * @param substream number of the sequence under this seed, 0 .. 2^24-1.
 * @param A         float32 or float64, at most 2^32 - 1 columns in all. Element (i, j) of item b
 *   has the address (i, b*cols + j).
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: 3 ns (float32) or less an element and core.
 * Source: Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011; Box and
 *   Muller 1958. */
RITZ_API RITZ_NODISCARD ritz_status ritz_random_fill(ritz_stream *s, ritz_distribution dist,
                                                     uint64_t seed, uint32_t substream,
                                                     ritz_dmat A);

/** A uniformly (Haar) distributed matrix with orthonormal columns, item by item: Q of the QR
 * factorization of a Gaussian matrix with diag(R) >= 0.
 *
 * @param s       the stream.
 * @param seed    of the Gaussian matrix; item b takes columns b n .. (b+1) n - 1 of it.
 * @param special 1: square items get determinant 1 (the last column is flipped where needed): a
 *   uniformly distributed rotation.
 * @param Q       m x n per item, m >= n, float32 or float64.
 * @return RITZ_OK or an argument error; RITZ_ERR_TOO_LARGE beyond 2^32 - 1 columns in all.
 *
 * Synchronises: never; square with `special` as ritz_lu. Capturable: where ritz_qr_factor is, and
 * square with `special` ritz_lu. Workspace: a copy of Q if Q is row-major, and if it is square with
 * `special`.
 * Cost: 4mn² flops, and 2n³/3 for the determinant.
 * Source: Stewart 1980; Mezzadri 2007. */
RITZ_API RITZ_NODISCARD ritz_status ritz_random_orthogonal(ritz_stream *s, uint64_t seed,
                                                           int special, ritz_dmat Q);

#ifdef __cplusplus
}
#endif
#endif
