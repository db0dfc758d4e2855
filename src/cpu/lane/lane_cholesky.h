/* Cholesky factorization, and solves with symmetric positive definite matrices.
 *
 *     A = L Lᵀ
 *
 * by columns of blocks: a block of COLS columns is updated with all columns before it, its diagonal
 * block is factored in registers, and the rows below are solved with it at once. So every element
 * is written once. The matrix is seen with its triangle lower, whichever it is.
 *
 * A NaN, an infinity and an overflow all end in a pivot that is not a positive finite number; what
 * it was is found out afterwards, for the items concerned only.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_CHOLESKY_H
#define RITZ_CPU_LANE_LANE_CHOLESKY_H

#include <float.h>

#include "cpu/lane/lane_triangular.h"

#define LARGEST (sizeof(T) == 8 ? (T)DBL_MAX : (T)FLT_MAX)

/* ---- the tile ---- */

struct cholesky_tile {
    vec *P; /* the lower triangle, P[i + j * ld] */
    int64_t ld;
    vec *inverse; /* n of them: 1 / L(j, j) */
    int n;
    vec info; /* j + 1 of the first pivot that failed */
};

/* x = Cholesky factor of the lower triangle of x; column j is that of the matrix. */
INLINE void cholesky_diagonal(vec (*x)[COLS], const int cols, int64_t j, vec *inverse, vec *info)
{
    UNROLL
    for (int c = 0; c < cols; c++) {
        const vec d = x[c][c];
        const ivec good = (d > splat(0)) & (d <= splat(LARGEST));
        *info = vselect(good | (*info > splat(0)), *info, splat((T)(j + c + 1)));
        x[c][c] = vsqrt(d);
        inverse[c] = splat(1) / x[c][c];
        UNROLL
        for (int r = c + 1; r < cols; r++) x[r][c] *= inverse[c];
        UNROLL
        for (int q = c + 1; q < cols; q++) UNROLL
        for (int r = q; r < cols; r++) x[r][q] -= x[r][c] * x[q][c];
    }
}

INLINE void cholesky_block(struct cholesky_tile *t, int64_t j, const int cols)
{
    vec x[COLS][COLS], inverse[COLS], *P = t->P + j * (t->ld + 1);
    UNROLL
    for (int c = 0; c < cols; c++) UNROLL
    for (int r = c; r < cols; r++) x[r][c] = P[r + c * t->ld];
    subtract_products(x, cols, cols, 1, t->P + j, 1, t->ld, t->P + j, t->ld, 1, j);
    cholesky_diagonal(x, cols, j, inverse, &t->info);
    UNROLL
    for (int c = 0; c < cols; c++) {
        t->inverse[j + c] = inverse[c];
        UNROLL
        for (int r = c; r < cols; r++) P[r + c * t->ld] = x[r][c];
    }
}

/* Rows i .. i+rows-1 of the columns j .. j+COLS-1, whose diagonal block is done. */
INLINE void cholesky_rows(const struct cholesky_tile *t, int64_t i, int64_t j, const int rows)
{
    const int64_t ld = t->ld;
    const vec *D = t->P + j * (ld + 1);
    vec x[ROWS][COLS], *P = t->P + i + j * ld;
    UNROLL
    for (int c = 0; c < COLS; c++) UNROLL
    for (int r = 0; r < rows; r++) x[r][c] = P[r + c * ld];
    subtract_products(x, rows, COLS, 0, t->P + i, 1, ld, t->P + j, ld, 1, j);
    UNROLL
    for (int c = 0; c < COLS; c++) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            x[r][c] *= t->inverse[j + c];
            P[r + c * ld] = x[r][c];
        }
        UNROLL
        for (int q = c + 1; q < COLS; q++) UNROLL
        for (int r = 0; r < rows; r++) x[r][q] -= x[r][c] * D[q + c * ld];
    }
}

INLINE void cholesky_factor(struct cholesky_tile *t, struct ahead *next, int lines)
{
    const int64_t n = t->n;
    int64_t j = 0;
    for (; j + COLS <= n; j += COLS) {
        cholesky_block(t, j, COLS);
        ahead_step(next, lines);
        int64_t i = j + COLS;
        for (; i + ROWS <= n; i += ROWS) {
            cholesky_rows(t, i, j, ROWS);
            ahead_step(next, lines);
        }
        switch (n - i) {
        case 1: cholesky_rows(t, i, j, 1); break;
        case 2: cholesky_rows(t, i, j, 2); break;
#if ROWS > 3
        case 3: cholesky_rows(t, i, j, 3); break;
#endif
        default: break;
        }
    }
    switch (n - j) {
    case 1: cholesky_block(t, j, 1); break;
    case 2: cholesky_block(t, j, 2); break;
    case 3: cholesky_block(t, j, 3); break;
    default: break;
    }
}

/* Of larger matrices, what lies on the other side of the diagonal is left out, in whole chunks; of
 * smaller ones it passes through unchanged. */
enum { WHOLE_SQUARE = 2 * W - 1 };

/* Cache lines of the next tile for each step of the factorization. */
static int cholesky_lines(const struct lane_matrix *A)
{
    const int64_t n = A->rows, steps = (n / COLS) * (n / ROWS + 2) / 2 + 1;
    const int64_t elements = n <= WHOLE_SQUARE ? n * n : n * (n + W) / 2;
    return (int)((elements * (int64_t)sizeof(T) / 64 + n) * W / steps + 1);
}

/* ---- the triangle in memory ---- */

INLINE void pack_lower(const struct lane_matrix *A, const struct ptr *q, vec *P, int64_t ld)
{
    const int n = A->rows;
    if (n <= WHOLE_SQUARE) {
        pack(A, q, P, 1, ld);
    } else if (A->row == 1) {
        for (int j = 0; j < n; j++) {
            const int top = j / W * W;
            pack_run(q, j * A->col + top, n - top, P + j * ld + top, 1);
        }
    } else {
        for (int i = 0; i < n; i++) {
            const int end = (i / W + 1) * W;
            pack_run(q, i * A->row, end < n ? end : n, P + i, ld);
        }
    }
}

INLINE void unpack_lower(const struct lane_matrix *A, const struct ptr *q, const vec *P, int64_t ld)
{
    const int n = A->rows;
    if (n <= WHOLE_SQUARE) {
        unpack(A, q, P, 1, ld);
    } else if (A->row == 1) {
        for (int j = 0; j < n; j++) {
            const int top = j / W * W;
            unpack_run(q, j * A->col + top, n - top, P + j * ld + top, 1);
        }
    } else {
        for (int i = 0; i < n; i++) {
            const int end = (i / W + 1) * W;
            unpack_run(q, i * A->row, end < n ? end : n, P + i, ld);
        }
    }
}

static int lower_is_finite(const struct lane_matrix *A, int64_t b)
{
    const T *p = (const T *)A->data + b * A->item;
    T sum = 0;
    for (int j = 0; j < A->cols; j++)
        for (int i = j; i < A->rows; i++) sum += p[i * A->row + j * A->col] * (T)0;
    return sum == 0;
}

static void poison_lower(const struct lane_matrix *A, int64_t b)
{
    T *p = (T *)A->data + b * A->item;
    for (int j = 0; j < A->cols; j++)
        for (int i = j; i < A->rows; i++) p[i * A->row + j * A->col] = (T)__builtin_nan("");
}

/* What became of the items of a tile whose factors are not yet in A: info for each. Whether any of
 * them failed. */
INLINE int cholesky_info(const struct lane_matrix *A, const struct lane_info *info, int64_t first,
                         int64_t end, vec failed)
{
    if (!any(failed > splat(0))) {
        for (int64_t b = first; b < first + W && b < end; b++) info->data[b * info->stride] = 0;
        return 0;
    }
    for (int64_t b = first; b < first + W && b < end; b++) {
        int32_t k = (int32_t)failed[b - first];
        if (k != 0 && !lower_is_finite(A, b)) k = -1;
        info->data[b * info->stride] = k;
    }
    return 1;
}

/* What pack_lower reads. */
INLINE enum ahead_part cholesky_part(const struct lane_matrix *A)
{
    if (A->rows <= WHOLE_SQUARE) return AHEAD_ALL;
    return A->row == 1 ? AHEAD_FROM_DIAGONAL : AHEAD_TO_DIAGONAL;
}

/* ---- factorization ---- */

/* Order 4 without gaps: all of a tile in registers. `upper`: in memory, the triangle is the upper
 * one of columns. */
INLINE void cholesky_four(const struct lane_cholesky *p, int64_t begin, int64_t end,
                          const int upper)
{
    for (int64_t b = begin; b < end; b += W) {
        const struct ptr q = tile_items(&p->A, b, end);
        struct ahead next = ahead_of(&p->A, b + 4 * W, end);
        ahead_step(&next, W * 16 * (int)sizeof(T) / 64);
        vec P[16], x[4][COLS], inverse[COLS];
        UNROLL
        for (int k = 0; k < 16; k += W) load_chunk(&q, k, P + k);
        UNROLL
        for (int c = 0; c < 4; c++) UNROLL
        for (int r = c; r < 4; r++) x[r][c] = P[upper ? c + 4 * r : r + 4 * c];
        vec info = {0};
        cholesky_diagonal(x, 4, 0, inverse, &info);
        const int failed = cholesky_info(&p->A, &p->info, b, end, info);
        UNROLL
        for (int c = 0; c < 4; c++) UNROLL
        for (int r = c; r < 4; r++) P[upper ? c + 4 * r : r + 4 * c] = x[r][c];
        UNROLL
        for (int k = 0; k < 16; k += W) store_chunk(&q, k, P + k);
        if (!failed) continue;
        for (int64_t l = b; l < b + W && l < end; l++)
            if (p->info.data[l * p->info.stride] != 0) poison_lower(&p->A, l);
    }
}

static void cholesky_range(const void *arguments, int64_t begin, int64_t end, void *scratch)
{
    const struct lane_cholesky *p = arguments;
    const int n = p->A.rows;
    if (n == 4 && p->A.row == 1 && p->A.col == 4) {
        cholesky_four(p, begin, end, 0);
        return;
    }
    if (n == 4 && p->A.row == 4 && p->A.col == 1) {
        cholesky_four(p, begin, end, 1);
        return;
    }
    struct cholesky_tile t = {.P = scratch, .ld = lane_ld(n), .n = n};
    t.inverse = t.P + t.ld * n;
    const int lines = cholesky_lines(&p->A), far = n <= 8 ? 4 * W : W;
    for (int64_t b = begin; b < end; b += W) {
        const struct ptr q = tile_items(&p->A, b, end);
        struct ahead next = ahead_of_part(&p->A, b + far, end, cholesky_part(&p->A));
        pack_lower(&p->A, &q, t.P, t.ld);
        t.info = splat(0);
        cholesky_factor(&t, &next, lines);
        const int failed = cholesky_info(&p->A, &p->info, b, end, t.info);
        unpack_lower(&p->A, &q, t.P, t.ld);
        if (!failed) continue;
        for (int64_t l = b; l < b + W && l < end; l++)
            if (p->info.data[l * p->info.stride] != 0) poison_lower(&p->A, l);
    }
}

/* ---- solve ---- */

/* X = A⁻¹ B for a tile, in blocks of LANE_RHS columns. Lanes with a NaN or an infinity in B. */
NOINLINE ivec spd_solve_tile(const struct cholesky_tile *t, const struct lane_matrix *B,
                             const struct ptr *q, vec *X)
{
    const struct triangle lower = {
        .M = t->P, .row = 1, .col = t->ld, .n = t->n, .inverse = t->inverse};
    struct triangle upper = lower;
    upper.row = t->ld;
    upper.col = 1;
    ivec not_finite = {0};
    for (int j = 0; j < B->cols; j += LANE_RHS) {
        struct lane_matrix part = *B;
        part.cols = B->cols - j < LANE_RHS ? B->cols - j : LANE_RHS;
        struct ptr at = *q;
        for (int l = 0; l < W; l++) at.p[l] += j * B->col;
        pack(&part, &at, X, 1, t->n);
        not_finite |= not_finite_lanes(X, t->n, part.cols, t->n);
        solve_lower(&lower, X, t->n, part.cols);
        solve_upper(&upper, X, t->n, part.cols);
        unpack(&part, &at, X, 1, t->n);
    }
    return not_finite;
}

static void spd_solve_range(const void *arguments, int64_t begin, int64_t end, void *scratch)
{
    const struct lane_spd_solve *p = arguments;
    const int n = p->A.rows;
    struct cholesky_tile t = {.P = scratch, .ld = lane_ld(n), .n = n};
    t.inverse = t.P + t.ld * n;
    vec *X = t.inverse + n;
    const int lines = cholesky_lines(&p->A), far = n <= 8 ? 4 * W : W;
    for (int64_t b = begin; b < end; b += W) {
        const struct ptr a = tile_items(&p->A, b, end), q = tile_items(&p->B, b, end);
        if (p->A.item != 0 || b == begin) { /* one matrix for all is factored once */
            struct ahead next =
                ahead_of_part(&p->A, p->A.item ? b + far : end, end, cholesky_part(&p->A));
            pack_lower(&p->A, &a, t.P, t.ld);
            t.info = splat(0);
            cholesky_factor(&t, &next, lines);
        }
        int failed = cholesky_info(&p->A, &p->info, b, end, t.info);
        const ivec bad = spd_solve_tile(&t, &p->B, &q, X);
        if (!failed && !any(bad)) continue;
        for (int64_t l = b; l < b + W && l < end; l++) {
            if (bad[l - b]) p->info.data[l * p->info.stride] = -1;
            if (p->info.data[l * p->info.stride] != 0) poison_item(&p->B, l);
        }
    }
}

#endif
