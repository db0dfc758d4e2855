/* QR factorization in blocks of rows (TSQR).
 *
 *     A = [A_1; ...; A_p],  A_i = Q_i R_i;  [R_1; R_2] = Q_12 R_12, ... in pairs, up to R
 *
 * The tree of pairs depends on the shape alone. Q comes from the root, where C = diag(±1) makes
 * diag(R) >= 0: the halves of a node's Q times its C are the C of its children, and the rows of
 * A_i's block of Q are Q_i C_i. An odd node at the end of a level passes to the next.
 * All nodes of a level are one batch.
 *
 * Stable as Householder QR of the whole. Cost: 4mn² flops + O(p n³).
 *
 * Source: Demmel, Grigori, Hoemmen, Langou, Communication-optimal parallel and sequential QR and LU
 * factorizations, SIAM J. Sci. Comput. 34(1), 2012.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/qr.h"

enum { MOST_LEVELS = 64, LEAST_ROWS = 1024 };

/* The nodes of a level: stacked factors R, from the second level on as reflectors of the level
 * below. */
struct level {
    int64_t count;
    ritz_dmat stack; /* count n x n: R of each node, then the Q of each pair */
    ritz_dmat tau;   /* of the pairs */
    ritz_dmat C;     /* count n x n */
};

struct tree {
    ritz_stream *s;
    ritz_dmat A;
    int64_t n, block, blocks; /* the last block takes what remains, less than twice as much */
    ritz_dmat equal, last;    /* the blocks of A, each contiguous: a batch, and the last one */
    ritz_dmat equal_tau, last_tau;
    struct level level[MOST_LEVELS];
    int levels;
};

/* Rows number first .. of each of `count` groups of `rows` rows, as a batch. */
static ritz_dmat groups(ritz_dmat A, int64_t rows, int64_t count)
{
    const int64_t apart = A.layout == RITZ_COL_MAJOR ? rows : rows * A.ld;
    return ritz_batched(ritz_row_range(A, 0, rows), count, apart);
}

/* Rows of the last node. */
static ritz_dmat tail(ritz_dmat A, int64_t rows)
{
    return ritz_row_range(A, A.rows - rows, rows);
}

/* ---- leaves ------------------------------------------------------------------------------ */

/* A block by block, which is kinder to the cache than its columns; items that are not finite are
 * flagged and 0. */
static ritz_status load(struct tree *t, ritz_dmat flags)
{
    ritz_stream *s = t->s;
    const ritz_dtype dtype = t->A.dtype;
    const int64_t full = t->blocks - 1, rest = t->A.rows - full * t->block;
    ritz_dmat all;
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, t->A.rows * t->n, 1, 1, &all));
    char *first = all.data;
    const int64_t bytes = full * t->block * t->n * (int64_t)ritz_dtype_size(dtype);
    t->equal = ritz_batched(ritz_dmat_wrap(s->device, first, dtype, t->block, t->n, RITZ_COL_MAJOR),
                            full, t->block * t->n);
    t->last = ritz_dmat_wrap(s->device, first + bytes, dtype, rest, t->n, RITZ_COL_MAJOR);
    RITZ_TRY(ritz_op_copy(s, groups(t->A, t->block, full), t->equal));
    RITZ_TRY(ritz_op_copy(s, tail(t->A, rest), t->last));
    return ritz_present(flags) ? ritz_op_finite_guard(s, RITZ_BOTH, all, flags) : RITZ_OK;
}

static ritz_status factor_leaves(struct tree *t, ritz_dmat stack)
{
    ritz_stream *s = t->s;
    const ritz_dtype dtype = t->A.dtype;
    const int64_t full = t->blocks - 1, n = t->n;
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, n, 1, full, &t->equal_tau));
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, n, 1, 1, &t->last_tau));
    RITZ_TRY(ritz_op_geqrf(s, t->equal, t->equal_tau));
    RITZ_TRY(ritz_op_geqrf(s, t->last, t->last_tau));
    RITZ_TRY(
        ritz_op_tri_copy(s, RITZ_UPPER, ritz_row_range(t->equal, 0, n), groups(stack, n, full)));
    return ritz_op_tri_copy(s, RITZ_UPPER, ritz_row_range(t->last, 0, n), tail(stack, n));
}

/* The blocks of Q: Q_i C_i. */
static ritz_status form_leaves(struct tree *t, ritz_dmat Q)
{
    ritz_stream *s = t->s;
    const ritz_dmat C = t->level[0].C;
    const int64_t full = t->blocks - 1;
    RITZ_TRY(ritz_op_orgqr(s, t->equal, t->equal_tau));
    RITZ_TRY(ritz_op_orgqr(s, t->last, t->last_tau));
    RITZ_TRY(ritz_op_gemm(s, 1.0, t->equal, groups(C, t->n, full), 0.0, groups(Q, t->block, full)));
    return ritz_op_gemm(s, 1.0, t->last, tail(C, t->n), 0.0, tail(Q, t->last.rows));
}

/* ---- the tree ---------------------------------------------------------------------------- */

/* Reduce a level in pairs to the next one. */
static ritz_status reduce(struct tree *t, struct level *below, struct level *above)
{
    ritz_stream *s = t->s;
    const int64_t n = t->n, pairs = below->count / 2;
    const ritz_dmat pair = groups(below->stack, 2 * n, pairs);
    above->count = below->count - pairs;
    RITZ_TRY(ritz_work_dmat(s, t->A.dtype, RITZ_COL_MAJOR, n, 1, pairs, &below->tau));
    RITZ_TRY(ritz_work_dmat(s, t->A.dtype, RITZ_COL_MAJOR, above->count * n, n, 1, &above->stack));
    RITZ_TRY(ritz_op_geqrf(s, pair, below->tau));
    RITZ_TRY(ritz_op_tri_copy(s, RITZ_UPPER, ritz_row_range(pair, 0, n),
                              groups(above->stack, n, pairs)));
    if (below->count % 2 == 0) return RITZ_OK;
    return ritz_op_copy(s, tail(below->stack, n), tail(above->stack, n));
}

/* C of a level from that of the next one. */
static ritz_status expand(struct tree *t, const struct level *above, struct level *below)
{
    ritz_stream *s = t->s;
    const int64_t n = t->n, pairs = below->count / 2;
    const ritz_dmat pair = groups(below->stack, 2 * n, pairs);
    RITZ_TRY(ritz_work_dmat(s, t->A.dtype, RITZ_COL_MAJOR, below->count * n, n, 1, &below->C));
    RITZ_TRY(ritz_op_orgqr(s, pair, below->tau));
    RITZ_TRY(ritz_op_gemm(s, 1.0, pair, groups(above->C, n, pairs), 0.0,
                          groups(below->C, 2 * n, pairs)));
    if (below->count % 2 == 0) return RITZ_OK;
    return ritz_op_copy(s, tail(above->C, n), tail(below->C, n));
}

static ritz_status factor(struct tree *t, ritz_dmat Q, ritz_dmat R, ritz_dmat flags)
{
    ritz_stream *s = t->s;
    const ritz_dtype dtype = t->A.dtype;
    const int64_t n = t->n;
    ritz_dmat signs;
    RITZ_TRY(load(t, flags));
    t->level[0].count = t->blocks;
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, t->blocks * n, n, 1, &t->level[0].stack));
    RITZ_TRY(factor_leaves(t, t->level[0].stack));
    for (t->levels = 1; t->level[t->levels - 1].count > 1; t->levels++)
        RITZ_TRY(reduce(t, &t->level[t->levels - 1], &t->level[t->levels]));

    struct level *root = &t->level[t->levels - 1];
    if (ritz_present(R)) RITZ_TRY(qr_positive_r(s, root->stack, R));
    if (!ritz_present(Q)) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, n, 1, 1, &signs));
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, n, n, 1, &root->C));
    RITZ_TRY(ritz_op_diag_signs(s, root->stack, signs));
    RITZ_TRY(ritz_op_fill(s, 0.0, root->C));
    RITZ_TRY(ritz_op_copy(s, signs, qr_diagonal(root->C)));
    for (int l = t->levels - 2; l >= 0; l--) RITZ_TRY(expand(t, &t->level[l + 1], &t->level[l]));
    return form_leaves(t, Q);
}

ritz_status qr_by_blocks(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R, ritz_dmat flags)
{
    const int64_t wanted = 4 * A.cols > LEAST_ROWS ? 4 * A.cols : LEAST_ROWS;
    const int64_t blocks = A.rows / wanted;
    if (blocks < 2) return qr_by_reflections(s, A, Q, R, flags);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    struct tree t = {.s = s, .A = A, .n = A.cols, .block = wanted, .blocks = blocks};
    const ritz_status rc = factor(&t, Q, R, flags);
    ritz_work_release(s, mark);
    return rc;
}
