/* Arguments and scratch of the batched QR, SVD and symmetric eigenproblem; see lane.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_SPECTRAL_H
#define RITZ_CPU_LANE_LANE_SPECTRAL_H

#include "cpu/lane/lane.h"

/* Thin QR, m >= n; Q or R may have no data. Q may be A. */
struct lane_qr {
    struct lane_matrix A, Q, R;
    struct lane_info info;
};

/* Eigenvalues number first .. first + W.rows - 1 of the order, from the lower triangle of A; V may
 * have no data. */
struct lane_eigh {
    struct lane_matrix A, W, V;
    int first, descending;
    struct lane_info info;
};

/* Thin SVD, m >= n; U, V or both may have no data. The sign rule is applied to V, or to U: for a
 * wide matrix, whose transpose this is, with U and V exchanged. */
struct lane_svd {
    struct lane_matrix A, U, S, V;
    int signs_on_u;
    struct lane_info info;
};

/* Tiles of an eigenproblem or SVD that are worked on together; columns that reflections are applied
 * to at a time; sweeps of QL iteration whose rotations are kept. */
enum { LANE_GROUP = 2, LANE_BLOCK = 4, LANE_SWEEPS = 6 };

/* Vectors of scratch that the functions take. */
static inline int64_t lane_qr_vectors(int m, int n)
{
    return ((int64_t)lane_ld(m) + n + 4) * n + (int64_t)LANE_BLOCK * m;
}

static inline int64_t lane_eigh_vectors(int n)
{
    return LANE_GROUP * (int64_t)n * (lane_ld(n) + 7 + LANE_BLOCK + 2 * LANE_SWEEPS);
}

static inline int64_t lane_svd_vectors(int m, int n)
{
    const int64_t tile = (int64_t)lane_ld(m) * n, column = (int64_t)LANE_BLOCK * m;
    return lane_eigh_vectors(n) + (LANE_GROUP + 1) * tile + (int64_t)n * n +
           LANE_GROUP * (n + column);
}

#endif
