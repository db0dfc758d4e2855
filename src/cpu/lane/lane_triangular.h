/* Products and triangular solves within a tile: the inner loops of the factorizations.
 *
 * A block of up to ROWS x COLS elements is kept in registers while products are subtracted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_TRIANGULAR_H
#define RITZ_CPU_LANE_LANE_TRIANGULAR_H

#include "cpu/lane/lane_body.h"

/* 16 vector registers hold 12 sums and what goes into them; 32 hold 16 of them with ease. */
#if LANE_BYTES == 64 || defined(__aarch64__)
#define ROWS 4
#else
#define ROWS 3
#endif
#define COLS 4

/* x[r][c] -= sum over k < depth of A(r, k) B(k, c), r < rows, c < cols; `lower`: only c <= r. rows,
 * cols and lower are constants. A(r, k) is A[r * a_row + k * a_k], and B likewise. */
INLINE void subtract_products(vec (*x)[COLS], const int rows, const int cols, const int lower,
                              const vec *A, int64_t a_row, int64_t a_k, const vec *B, int64_t b_k,
                              int64_t b_col, int64_t depth)
{
    const vec *end = A + depth * a_k;
    while (A != end) {
        vec b[COLS];
        UNROLL
        for (int c = 0; c < cols; c++) b[c] = B[c * b_col];
        UNROLL
        for (int r = 0; r < rows; r++) {
            const vec a = A[r * a_row];
            UNROLL
            for (int c = 0; c < cols; c++)
                if (!lower || c <= r) x[r][c] -= a * b[c];
        }
        A += a_k;
        B += b_k;
    }
}

/* ---- C -= A B ---- */

struct product {
    const vec *A, *B;
    int64_t a_row, a_k, b_k, b_col; /* strides */
    int64_t depth;
};

INLINE void subtract_block(const struct product *p, vec *C, int64_t ld, int64_t i, int64_t j,
                           const int rows, const int cols)
{
    vec x[ROWS][COLS];
    UNROLL
    for (int r = 0; r < rows; r++) UNROLL
    for (int c = 0; c < cols; c++) x[r][c] = C[i + r + (j + c) * ld];
    subtract_products(x, rows, cols, 0, p->A + i * p->a_row, p->a_row, p->a_k, p->B + j * p->b_col,
                      p->b_k, p->b_col, p->depth);
    UNROLL
    for (int r = 0; r < rows; r++) UNROLL
    for (int c = 0; c < cols; c++) C[i + r + (j + c) * ld] = x[r][c];
}

INLINE void subtract_columns(const struct product *p, vec *C, int64_t ld, int64_t rows, int64_t j,
                             const int cols)
{
    int64_t i = 0;
    for (; i + ROWS <= rows; i += ROWS) subtract_block(p, C, ld, i, j, ROWS, cols);
    switch (rows - i) {
    case 1: subtract_block(p, C, ld, i, j, 1, cols); break;
    case 2: subtract_block(p, C, ld, i, j, 2, cols); break;
#if ROWS > 3
    case 3: subtract_block(p, C, ld, i, j, 3, cols); break;
#endif
    default: break;
    }
}

/* C (rows x cols, ld) -= A B. */
NOINLINE void subtract(const struct product *p, vec *C, int64_t ld, int64_t rows, int64_t cols)
{
    int64_t j = 0;
    for (; j + COLS <= cols; j += COLS) subtract_columns(p, C, ld, rows, j, COLS);
    for (; j < cols; j++) subtract_columns(p, C, ld, rows, j, 1);
}

/* ---- M X = B ---- */

/* A triangular matrix M(i, k) = M[i * row + k * col] of order n. */
struct triangle {
    const vec *M;
    int64_t row, col;
    int n;
    const vec *inverse; /* 1 / M(i, i), or NULL: a unit diagonal */
    ivec extreme;       /* lanes that are divided by M(i, i), their reciprocals being inexact */
    int any_extreme;
};

INLINE vec divide_by_pivot(const struct triangle *t, int64_t i, vec x)
{
    if (!t->inverse) return x;
    const vec y = x * t->inverse[i];
    return t->any_extreme ? vselect(t->extreme, x / t->M[i * (t->row + t->col)], y) : y;
}

/* Rows i .. i+rows-1 of `cols` columns, the rows before them (behind them, if backward) being
 * solved. */
INLINE void solve_block(const struct triangle *t, vec *X, int64_t ld, int64_t i, const int rows,
                        const int cols, const int backward)
{
    const int64_t first = backward ? i + rows : 0, depth = backward ? t->n - i - rows : i;
    vec x[ROWS][COLS];
    UNROLL
    for (int r = 0; r < rows; r++) UNROLL
    for (int c = 0; c < cols; c++) x[r][c] = X[i + r + c * ld];
    subtract_products(x, rows, cols, 0, t->M + i * t->row + first * t->col, t->row, t->col,
                      X + first, 1, ld, depth);
    UNROLL
    for (int q = 0; q < rows; q++) {
        const int k = backward ? rows - 1 - q : q;
        UNROLL
        for (int c = 0; c < cols; c++) {
            x[k][c] = divide_by_pivot(t, i + k, x[k][c]);
            X[i + k + c * ld] = x[k][c];
        }
        UNROLL
        for (int r = 0; r < rows; r++) {
            if (backward ? r >= k : r <= k) continue;
            const vec m = t->M[(i + r) * t->row + (i + k) * t->col];
            UNROLL
            for (int c = 0; c < cols; c++) x[r][c] -= m * x[k][c];
        }
    }
}

INLINE void solve_columns(const struct triangle *t, vec *X, int64_t ld, const int cols,
                          const int backward)
{
    const int64_t whole = t->n / ROWS, rest = t->n % ROWS;
    const int64_t first = backward ? rest : 0;
    if (!backward) {
        for (int64_t q = 0; q < whole; q++) solve_block(t, X, ld, q * ROWS, ROWS, cols, 0);
    } else {
        for (int64_t q = whole; q-- > 0;) solve_block(t, X, ld, first + q * ROWS, ROWS, cols, 1);
    }
    const int64_t i = backward ? 0 : whole * ROWS;
    switch (rest) {
    case 1: solve_block(t, X, ld, i, 1, cols, backward); break;
    case 2: solve_block(t, X, ld, i, 2, cols, backward); break;
#if ROWS > 3
    case 3: solve_block(t, X, ld, i, 3, cols, backward); break;
#endif
    default: break;
    }
}

/* X (n x cols, ld) = M⁻¹ X with M lower triangular. */
NOINLINE void solve_lower(const struct triangle *t, vec *X, int64_t ld, int64_t cols)
{
    for (; cols >= COLS; cols -= COLS, X += COLS * ld) solve_columns(t, X, ld, COLS, 0);
    for (; cols > 0; cols--, X += ld) solve_columns(t, X, ld, 1, 0);
}

/* The same with M upper triangular. */
NOINLINE void solve_upper(const struct triangle *t, vec *X, int64_t ld, int64_t cols)
{
    for (; cols >= COLS; cols -= COLS, X += COLS * ld) solve_columns(t, X, ld, COLS, 1);
    for (; cols > 0; cols--, X += ld) solve_columns(t, X, ld, 1, 1);
}

#endif
