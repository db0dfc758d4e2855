/* LU factorization with partial pivoting, and solves with it.
 *
 *     P A = L U
 *
 * Each lane has pivots of its own. Within a panel of few columns, rows are exchanged by masks while
 * the panel is updated: row i of a lane is the pivot row where the lane's pivot index is i.
 * Matrices up to LU_PANEL_ORDER are one panel. Larger ones are halved by columns (Toledo, SIAM J.
 * Matrix Anal. Appl. 18, 1997, section 2), which leaves nearly all the work to products; the
 * exchanges outside the panel then go lane by lane.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_LU_H
#define RITZ_CPU_LANE_LANE_LU_H

#include <float.h>

#include "cpu/lane/lane_triangular.h"

enum { LU_PANEL_ORDER = 16, LU_PANEL_COLUMNS = 8 };

/* Outside of these bounds the reciprocal of a pivot is not a normal number, or close to it. */
#define SMALLEST_PIVOT (4 * (sizeof(T) == 8 ? (T)DBL_MIN : (T)FLT_MIN))
#define LARGEST_PIVOT ((sizeof(T) == 8 ? (T)DBL_MAX : (T)FLT_MAX) / 4)

struct lu_tile {
    vec *P; /* P[i + j * ld] */
    int64_t ld;
    int n;
    vec *inverse; /* n of them: 1 / U(k, k), or 1 where that is zero */
    vec *pivots;  /* n of them: the row exchanged with row k, from 0 */
    vec info;     /* k + 1 of the first U(k, k) = 0 */
    ivec extreme; /* lanes with a pivot out of bounds */
    int any_extreme;
};

/* Row numbers are numbers of T: every instruction set can compare those. */

/* ---- one panel ---- */

/* The first largest element of |x(k..n-1)|: its row; and the element itself. */
INLINE vec lu_search(const vec *x, int64_t k, const int64_t n, vec *pivot)
{
    vec largest = splat(0);
    for (int64_t i = k; i < n; i++) largest = vmax(vabs(x[i]), largest);
    vec row = splat((T)k);
    *pivot = x[k];
    for (int64_t i = n - 1; i >= k; i--) {
        const ivec found = vabs(x[i]) == largest;
        row = vselect(found, splat((T)i), row);
        *pivot = vselect(found, x[i], *pivot);
    }
    return row;
}

/* Exchange rows k and `row` of `cols` columns; with `update`, subtract column `l` times row k from
 * the rows below. cols and update are constants. */
INLINE void lu_exchange(vec *X, int64_t ld, const int64_t n, int64_t k, vec row, const int cols,
                        const int update, const vec *l)
{
    vec old[COLS], pivot[COLS];
    UNROLL
    for (int c = 0; c < cols; c++) pivot[c] = old[c] = X[k + c * ld];
    for (int64_t i = k + 1; i < n; i++) {
        const ivec here = row == splat((T)i);
        UNROLL
        for (int c = 0; c < cols; c++) pivot[c] = vselect(here, X[i + c * ld], pivot[c]);
    }
    UNROLL
    for (int c = 0; c < cols; c++) X[k + c * ld] = pivot[c];
    for (int64_t i = k + 1; i < n; i++) {
        const ivec here = row == splat((T)i);
        UNROLL
        for (int c = 0; c < cols; c++) {
            vec x = vselect(here, old[c], X[i + c * ld]);
            if (update) x -= l[i] * pivot[c];
            X[i + c * ld] = x;
        }
    }
}

INLINE void lu_exchange_columns(vec *X, int64_t ld, const int64_t n, int64_t k, vec row,
                                int64_t cols, const int update, const vec *l)
{
    for (; cols >= COLS; cols -= COLS, X += COLS * ld)
        lu_exchange(X, ld, n, k, row, COLS, update, l);
    for (; cols > 0; cols--, X += ld) lu_exchange(X, ld, n, k, row, 1, update, l);
}

/* Column k below the diagonal, its rows exchanged and divided by the pivot. */
INLINE void lu_scale(struct lu_tile *t, const int64_t n, int64_t k, vec row, vec pivot)
{
    vec *x = t->P + k * t->ld;
    const vec old = x[k], size = vabs(pivot);
    const ivec zero = size == splat(0);
    const ivec extreme = ~zero & ((size < splat(SMALLEST_PIVOT)) | (size > splat(LARGEST_PIVOT)));
    const vec divisor = vselect(zero, splat(1), pivot), inverse = splat(1) / divisor;
    const int any_extreme = any(extreme);
    t->info = vselect(zero & (t->info == splat(0)), splat((T)(k + 1)), t->info);
    t->inverse[k] = inverse;
    x[k] = pivot;
    for (int64_t i = k + 1; i < n; i++) {
        const vec a = vselect(row == splat((T)i), old, x[i]);
        x[i] = a * inverse;
        if (any_extreme) x[i] = vselect(extreme, a / divisor, x[i]);
    }
    t->extreme |= extreme;
    t->any_extreme |= any_extreme;
}

/* Columns first .. first+cols-1, rows from `first` on. */
INLINE void lu_panel(struct lu_tile *t, const int64_t n, int64_t first, const int64_t cols)
{
    const int64_t ld = t->ld;
    for (int64_t k = first; k < first + cols; k++) {
        const vec *l = t->P + k * ld;
        vec pivot;
        const vec row = lu_search(l, k, n, &pivot);
        t->pivots[k] = row;
        lu_scale(t, n, k, row, pivot);
        lu_exchange_columns(t->P + first * ld, ld, n, k, row, k - first, 0, NULL);
        lu_exchange_columns(t->P + (k + 1) * ld, ld, n, k, row, first + cols - k - 1, 1, l);
    }
}

NOINLINE void lu_panel_any(struct lu_tile *t, int64_t first, int64_t cols)
{
    lu_panel(t, t->n, first, cols);
}

/* ---- halving ---- */

/* The exchanges of steps begin .. end-1 in `cols` columns, lane by lane. */
NOINLINE void lu_swap(const struct lu_tile *t, vec *X, int64_t ld, int64_t begin, int64_t end,
                      int64_t cols)
{
    for (int64_t c = 0; c < cols; c++) {
        T *x = (T *)(X + c * ld);
        for (int64_t k = begin; k < end; k++) {
            const vec row = t->pivots[k];
            UNROLL
            for (int l = 0; l < W; l++) {
                T *a = x + k * W + l, *b = x + (int64_t)row[l] * W + l;
                const T swapped = *a;
                *a = *b;
                *b = swapped;
            }
        }
    }
}

static void lu_columns(struct lu_tile *t, int64_t first, int64_t cols)
{
    if (cols <= LU_PANEL_COLUMNS) {
        lu_panel_any(t, first, cols);
        return;
    }
    const int64_t ld = t->ld, end = first + cols;
    const int64_t left = (cols / 2 + LU_PANEL_COLUMNS - 1) / LU_PANEL_COLUMNS * LU_PANEL_COLUMNS;
    const int64_t middle = first + left;
    lu_columns(t, first, left);

    vec *right = t->P + middle * ld;
    lu_swap(t, right, ld, first, middle, cols - left);
    const struct triangle L = {
        .M = t->P + first * (ld + 1), .row = 1, .col = ld, .n = (int)left, .inverse = NULL};
    solve_lower(&L, right + first, ld, cols - left);
    const struct product p = {.A = t->P + middle + first * ld,
                              .B = right + first,
                              .a_row = 1,
                              .a_k = ld,
                              .b_k = 1,
                              .b_col = ld,
                              .depth = left};
    subtract(&p, right + middle, ld, t->n - middle, cols - left);

    lu_columns(t, middle, cols - left);
    lu_swap(t, t->P + first * ld, ld, middle, end, left);
}

/* ---- the tile ---- */

/* Packed from A; factored. Lanes with a NaN or an infinity. */
INLINE ivec lu_factor(struct lu_tile *t, const struct lane_matrix *A, const struct ptr *q)
{
    pack(A, q, t->P, 1, t->ld);
    t->info = splat(0);
    t->extreme = isplat(0);
    t->any_extreme = 0;
    const ivec bad = not_finite_lanes(t->P, t->n, t->n, t->ld);
    if (t->n == 4)
        lu_panel(t, 4, 0, 4);
    else if (t->n == 8)
        lu_panel(t, 8, 0, 8);
    else if (t->n <= LU_PANEL_ORDER)
        lu_panel_any(t, 0, t->n);
    else
        lu_columns(t, 0, t->n);
    return bad;
}

/* Scratch: the tile, then inverse, then pivots. */
INLINE struct lu_tile lu_tile_in(void *scratch, int n)
{
    struct lu_tile t = {.P = scratch, .ld = lane_ld(n), .n = n};
    t.inverse = t.P + t.ld * n;
    t.pivots = t.inverse + n;
    return t;
}

static void lu_store_pivots(const struct lu_tile *t, const struct lane_matrix *pivots,
                            int64_t first, int64_t end)
{
    for (int l = 0; l < W && first + l < end; l++) {
        int32_t *p = (int32_t *)pivots->data + (first + l) * pivots->item;
        for (int k = 0; k < t->n; k++) p[k * pivots->row] = (int32_t)t->pivots[k][l] + 1;
    }
}

static void lu_poison(const struct lane_lu *p, int64_t b)
{
    poison_item(&p->A, b);
    int32_t *pivots = (int32_t *)p->pivots.data + b * p->pivots.item;
    for (int k = 0; k < p->A.rows; k++) pivots[k * p->pivots.row] = k + 1;
}

static void lu_range(const void *arguments, int64_t begin, int64_t end, void *scratch)
{
    const struct lane_lu *p = arguments;
    struct lu_tile t = lu_tile_in(scratch, p->A.rows);
    for (int64_t b = begin; b < end; b += W) {
        const struct ptr q = tile_items(&p->A, b, end);
        const ivec bad = lu_factor(&t, &p->A, &q);
        unpack(&p->A, &q, t.P, 1, t.ld);
        lu_store_pivots(&t, &p->pivots, b, end);
        for (int64_t l = b; l < b + W && l < end; l++) {
            p->info.data[l * p->info.stride] = bad[l - b] ? -1 : (int32_t)t.info[l - b];
            if (bad[l - b]) lu_poison(p, l);
        }
    }
}

/* ---- solve ---- */

/* X = A⁻¹ B for a tile, in blocks of LANE_RHS columns. Lanes with a NaN or an infinity in B. */
INLINE ivec lu_solve_tile(const struct lu_tile *t, const struct lane_matrix *B, const struct ptr *q,
                          vec *X)
{
    const int n = t->n;
    const struct triangle L = {.M = t->P, .row = 1, .col = t->ld, .n = n, .inverse = NULL};
    struct triangle U = L;
    U.inverse = t->inverse;
    U.extreme = t->extreme;
    U.any_extreme = t->any_extreme;
    ivec bad = {0};
    for (int j = 0; j < B->cols; j += LANE_RHS) {
        struct lane_matrix part = *B;
        part.cols = B->cols - j < LANE_RHS ? B->cols - j : LANE_RHS;
        struct ptr at = *q;
        for (int l = 0; l < W; l++) at.p[l] += j * B->col;
        pack(&part, &at, X, 1, n);
        bad |= not_finite_lanes(X, n, part.cols, n);
        if (n <= LU_PANEL_ORDER)
            for (int k = 0; k < n; k++)
                lu_exchange_columns(X, n, n, k, t->pivots[k], part.cols, 0, NULL);
        else
            lu_swap(t, X, n, 0, n, part.cols);
        solve_lower(&L, X, n, part.cols);
        solve_upper(&U, X, n, part.cols);
        unpack(&part, &at, X, 1, n);
    }
    return bad;
}

static void solve_range(const void *arguments, int64_t begin, int64_t end, void *scratch)
{
    const struct lane_solve *p = arguments;
    struct lu_tile t = lu_tile_in(scratch, p->A.rows);
    vec *X = t.pivots + t.n;
    ivec bad_matrix = {0};
    for (int64_t b = begin; b < end; b += W) {
        const struct ptr a = tile_items(&p->A, b, end), q = tile_items(&p->B, b, end);
        /* One matrix for all is factored once. */
        if (p->A.item != 0 || b == begin) bad_matrix = lu_factor(&t, &p->A, &a);
        const ivec bad = lu_solve_tile(&t, &p->B, &q, X) | bad_matrix;
        for (int64_t l = b; l < b + W && l < end; l++) {
            const int32_t info = bad[l - b] ? -1 : (int32_t)t.info[l - b];
            p->info.data[l * p->info.stride] = info;
            if (info != 0) poison_item(&p->B, l);
        }
    }
}

#endif
