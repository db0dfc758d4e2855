/* Symmetric eigenproblem of tiles: A = Q T Qᵀ by reflections, T by QL iteration; the rotations are
 * applied to Q.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_EIG_H
#define RITZ_CPU_LANE_LANE_EIG_H

#include "cpu/lane/lane_order.h"
#include "cpu/lane/lane_ql.h"
#include "cpu/lane/lane_tridiagonal.h"

/* Sums of squares between which nothing is scaled: what QL iteration asks for. */
#define EIG_SQUARES_LEAST ((T)(LANE_F64 ? 0x1p-100 : 0x1p-8))
#define EIG_SQUARES_MOST ((T)(LANE_F64 ? 0x1p100 : 0x1p8))

struct eig_work {
    vec *A; /* n x n, leading dimension ld: the matrix, then the vectors */
    vec *d, *e, *w;
    ivec *rank;
    vec *buffer; /* LANE_BLOCK columns */
    vec *rotations;
    struct reflectors h;
    int64_t ld;
};

/* Lay out the work; returns what lies behind it. */
NOINLINE vec *eig_work(int n, vec *scratch, struct eig_work *w)
{
    w->ld = lane_ld(n);
    w->A = scratch;
    w->d = w->A + w->ld * n;
    w->e = w->d + n;
    w->w = w->e + n;
    w->rank = (ivec *)(w->w + n);
    w->h.t = (vec *)(w->rank + n);
    w->h.g = w->h.t + n;
    w->h.sign = w->h.g + n;
    w->buffer = w->h.sign + n;
    w->rotations = w->buffer + LANE_BLOCK * n;
    return w->rotations + 2 * LANE_SWEEPS * n;
}

/* Eigenvalues of the lower triangles in w->A, in w->d; the vectors in w->A. failed: 0 where the
 * iteration converged. A group that lacks tiles is filled up with zeros: the same code then does
 * the same to a matrix wherever in the batch it stands. */
NOINLINE void eig_tiles(int tiles, int n, int vectors, struct eig_work *w, ivec *failed)
{
    struct ql t[LANE_GROUP];
    for (int k = 0; k < LANE_GROUP; k++) {
        if (k < tiles) {
            tridiagonalise(n, w[k].A, w[k].ld, w[k].d, w[k].e, &w[k].h, w[k].w);
            if (vectors) form_tridiagonal_q(n, w[k].A, w[k].ld, &w[k].h, w[k].buffer);
        } else {
            for (int i = 0; i < n; i++) w[k].d[i] = w[k].e[i] = splat(0);
        }
        vec *Z = vectors && k < tiles ? w[k].A : NULL;
        ql_begin(&t[k], n, w[k].d, w[k].e, Z, w[k].ld, w[k].rotations);
    }
    ql_iterate(n, t);
    for (int k = 0; k < tiles; k++) failed[k] = t[k].failed;
}

/* Results of a tile to where they belong. */
NOINLINE void deliver_eig(const struct lane_eigh *g, struct eig_work *w,
                          const struct prepared *what, ivec failed, int64_t first, int64_t end)
{
    const int n = g->A.rows;
    const struct ptr values = tile_items(&g->W, first, end);
    if (what->altered) restore_scale(w->d, n, 1, 0, what);
    for (int j = 0; j < n; j++) w->d[j] += splat(0);
    if (g->descending)
        rank_values(n, w->d, 1, w->rank);
    else
        rank_values(n, w->d, 0, w->rank);
    unpack_ranked_values(&g->W, &values, n, w->d, w->rank, g->first);
    if (g->V.data) {
        const struct ptr v = tile_items(&g->V, first, end);
        for (int j = 0; j < n; j++) {
            vec *z = w->A + j * w->ld;
            turn_sign(n, z, leading_sign(n, z));
        }
        unpack_ranked_columns(&g->V, &v, n, w->A, w->ld, w->rank, g->first, w->buffer);
    }
    for (int l = 0; l < W && first + l < end; l++) {
        const int32_t info = what->failed[l] ? -1 : (int32_t)failed[l];
        g->info.data[(first + l) * g->info.stride] = info;
        if (info == 0) continue;
        poison_item(&g->W, first + l);
        if (g->V.data) poison_item(&g->V, first + l);
    }
}

NOINLINE void eigh_tiles(int tiles, const struct lane_eigh *g, struct eig_work *w, int64_t first,
                         int64_t end)
{
    const int n = g->A.rows;
    struct prepared what[LANE_GROUP];
    ivec failed[LANE_GROUP];
    for (int k = 0; k < tiles; k++) {
        const struct ptr a = tile_items(&g->A, first + k * W, end);
        pack(&g->A, &a, w[k].A, 1, w[k].ld);
        what[k] = prepare(w[k].A, n, n, w[k].ld, PART_LOWER, EIG_SQUARES_LEAST, EIG_SQUARES_MOST);
    }
    eig_tiles(tiles, n, g->V.data != NULL, w, failed);
    for (int k = 0; k < tiles; k++) deliver_eig(g, &w[k], &what[k], failed[k], first + k * W, end);
}

static void eigh_range(const void *arguments, int64_t begin, int64_t end, void *scratch)
{
    const struct lane_eigh *g = arguments;
    struct eig_work w[LANE_GROUP];
    vec *behind = scratch;
    for (int k = 0; k < LANE_GROUP; k++) behind = eig_work(g->A.rows, behind, &w[k]);
    assert(behind - (vec *)scratch == lane_eigh_vectors(g->A.rows));
    int64_t b = begin;
    for (; b + W < end; b += LANE_GROUP * W) eigh_tiles(LANE_GROUP, g, w, b, end);
    if (b < end) eigh_tiles(1, g, w, b, end);
}

#endif
