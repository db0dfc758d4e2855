/* Thin singular value decomposition of tiles, m >= n.
 *
 *     AᵀA = V0 D V0ᵀ;   B = A V0;   B J = U S by one-sided Jacobi;   V = V0 J
 *
 * V0 need only be orthogonal: it makes the columns of B nearly so, and the digits that AᵀA has lost
 * are found again by the rotations. They are few, where plain Jacobi iteration takes 5 to 10 sweeps
 * over all pairs.
 *
 * Source: Drmač and Veselić, New fast and accurate Jacobi SVD algorithm I, SIAM J. Matrix Anal.
 * Appl. 29, 2008 (preconditioning).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_SVD_H
#define RITZ_CPU_LANE_LANE_SVD_H

#include "cpu/lane/lane_eig.h"
#include "cpu/lane/lane_jacobi.h"

/* B is made so much larger than A that squares of small columns do not underflow. */
#define SVD_BOOST ((T)(LANE_F64 ? 1.0 : 0x1p40))

struct svd_work {
    struct eig_work eig; /* V in eig.A */
    vec *A;              /* m x n, leading dimension ld */
    vec *B, *G;          /* m x n and n x n, shared by the tiles of a group */
    vec *values;
    int64_t ld;
};

/* Lay out the work of a group. */
NOINLINE void svd_work(int m, int n, vec *scratch, struct svd_work *w)
{
    const int64_t ld = lane_ld(m);
    vec *B = scratch, *G = B + ld * n, *behind = G + n * n;
    for (int k = 0; k < LANE_GROUP; k++) {
        behind = eig_work(n, behind, &w[k].eig);
        w[k].ld = ld;
        w[k].B = B;
        w[k].G = G;
        w[k].A = behind;
        w[k].values = w[k].A + ld * n;
        w[k].eig.buffer = w[k].values + n; /* that of the eigenproblem has n rows, this one m */
        behind = w[k].eig.buffer + LANE_BLOCK * m;
    }
    assert(behind - scratch == lane_svd_vectors(m, n));
}

/* U of columns without a norm (`lost`) in some lane: what completes the others. In sorted order,
 * where they come last, it is what QR factorization makes of them. */
NOINLINE void complete_u(int m, int n, struct svd_work *w, const ivec *lost)
{
    vec *X = w->A, *U = w->B;
    const ivec *rank = w->eig.rank;
    for (int j = 0; j < n; j++)
        for (int l = 0; l < W; l++)
            for (int i = 0; i < m; i++)
                X[i + rank[j][l] * w->ld][l] = lost[j][l] ? 0 : U[i + j * w->ld][l];
    factor_qr(m, n, X, w->ld, &w->eig.h, w->eig.d);
    form_q(m, n, X, w->ld, &w->eig.h, X, w->eig.buffer);
    for (int j = 0; j < n; j++)
        for (int l = 0; l < W; l++)
            for (int i = 0; lost[j][l] && i < m; i++)
                U[i + j * w->ld][l] = X[i + rank[j][l] * w->ld][l];
}

/* x = x / length. */
INLINE void divide_column(int n, vec *x, vec length)
{
    const vec inverse = splat(1) / length;
    for (int i = 0; i < n; i++) x[i] *= inverse;
}

/* Norms of the columns of B, in descending order by rank, and U in B. The columns of V are
 * normalised once more, because very many rotations make their lengths drift. */
NOINLINE void normalise(int m, int n, int vectors, struct svd_work *w)
{
    ivec some = isplat(0), *lost = (ivec *)w->G;
    for (int j = 0; j < n; j++) {
        const vec *b = w->B + j * w->ld;
        const vec squares = sum_of_squares(b, m, 1, 0, PART_ALL);
        lost[j] = squares < splat(SQUARES_LEAST);
        some |= lost[j];
        w->values[j] = any(lost[j]) ? small_norm(m, b, squares) : vsqrt(squares);
    }
    rank_values(n, w->values, 1, w->eig.rank);
    if (!vectors) return;
    for (int j = 0; j < n; j++) {
        vec *v = w->eig.A + j * w->eig.ld;
        divide_column(n, v, vsqrt(sum_of_squares(v, n, 1, 0, PART_ALL)));
        divide_column(m, w->B + j * w->ld, vselect(lost[j], splat(1), w->values[j]));
    }
    if (any(some)) complete_u(m, n, w, lost);
}

NOINLINE void deliver_svd(const struct lane_svd *g, struct svd_work *w, const struct prepared *what,
                          ivec failed, int64_t first, int64_t end)
{
    const int m = g->A.rows, n = g->A.cols;
    const struct ptr values = tile_items(&g->S, first, end);
    for (int j = 0; j < n; j++) w->values[j] *= splat(1 / SVD_BOOST);
    if (what->altered) restore_scale(w->values, n, 1, 0, what);
    unpack_ranked_values(&g->S, &values, n, w->values, w->eig.rank, 0);
    for (int j = 0; j < n && (g->U.data || g->V.data); j++) {
        vec *u = w->B + j * w->ld, *v = w->eig.A + j * w->eig.ld;
        const ivec bits = g->signs_on_u ? leading_sign(m, u) : leading_sign(n, v);
        turn_sign(m, u, bits);
        turn_sign(n, v, bits);
    }
    if (g->U.data) {
        const struct ptr u = tile_items(&g->U, first, end);
        unpack_ranked_columns(&g->U, &u, n, w->B, w->ld, w->eig.rank, 0, w->eig.buffer);
    }
    if (g->V.data) {
        const struct ptr v = tile_items(&g->V, first, end);
        unpack_ranked_columns(&g->V, &v, n, w->eig.A, w->eig.ld, w->eig.rank, 0, w->eig.buffer);
    }
    for (int l = 0; l < W && first + l < end; l++) {
        const int32_t info = what->failed[l] ? -1 : (int32_t)failed[l];
        g->info.data[(first + l) * g->info.stride] = info;
        if (info == 0) continue;
        poison_item(&g->S, first + l);
        if (g->U.data) poison_item(&g->U, first + l);
        if (g->V.data) poison_item(&g->V, first + l);
    }
}

NOINLINE void svd_tiles(int tiles, const struct lane_svd *g, struct svd_work *w, int64_t first,
                        int64_t end)
{
    const int m = g->A.rows, n = g->A.cols, vectors = g->U.data || g->V.data;
    struct prepared what[LANE_GROUP];
    struct eig_work eig[LANE_GROUP];
    ivec failed[LANE_GROUP];
    for (int k = 0; k < tiles; k++) {
        const struct ptr a = tile_items(&g->A, first + k * W, end);
        pack(&g->A, &a, w[k].A, 1, w[k].ld);
        what[k] = prepare(w[k].A, m, n, w[k].ld, PART_ALL, EIG_SQUARES_LEAST, EIG_SQUARES_MOST);
        gram(m, n, w[k].A, w[k].ld, w[k].eig.A, w[k].eig.ld);
    }
    for (int k = 0; k < LANE_GROUP; k++) eig[k] = w[k].eig;
    eig_tiles(tiles, n, 1, eig, failed);
    for (int k = 0; k < tiles; k++) {
        vec *V = w[k].eig.A;
        product(m, n, SVD_BOOST, w[k].A, w[k].ld, V, w[k].eig.ld, w[k].B);
        failed[k] -= jacobi(m, n, w[k].B, w[k].ld, vectors ? V : NULL, w[k].eig.ld, w[k].G);
        normalise(m, n, vectors, &w[k]);
        deliver_svd(g, &w[k], &what[k], failed[k], first + k * W, end);
    }
}

static void svd_range(const void *arguments, int64_t begin, int64_t end, void *scratch)
{
    const struct lane_svd *g = arguments;
    struct svd_work w[LANE_GROUP];
    svd_work(g->A.rows, g->A.cols, scratch, w);
    int64_t b = begin;
    for (; b + W < end; b += LANE_GROUP * W) svd_tiles(LANE_GROUP, g, w, b, end);
    if (b < end) svd_tiles(1, g, w, b, end);
}

#endif
