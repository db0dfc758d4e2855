/* Thin QR of a tile by Householder reflections, diag(R) >= 0.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_QR_H
#define RITZ_CPU_LANE_LANE_QR_H

#include "cpu/lane/lane_reflect.h"

/* Squares and products of several elements of a lane between these neither overflow nor underflow
 * before the last digits. */
#define QR_SQUARES_LEAST ((T)(LANE_F64 ? 0x1p-900 : 0x1p-90))
#define QR_SQUARES_MOST ((T)(LANE_F64 ? 0x1p900 : 0x1p100))

struct qr_work {
    vec *A;        /* m x n, leading dimension ld */
    vec *R;        /* n x n, leading dimension n */
    vec *diagonal; /* of R */
    vec *buffer;   /* LANE_BLOCK columns */
    struct reflectors h;
    int64_t ld;
};

INLINE struct qr_work qr_work(int m, int n, vec *scratch)
{
    struct qr_work w = {.ld = lane_ld(m)};
    w.A = scratch;
    w.R = w.A + w.ld * n;
    w.diagonal = w.R + n * n;
    w.h.t = w.diagonal + n;
    w.h.g = w.h.t + n;
    w.h.sign = w.h.g + n;
    w.buffer = w.h.sign + n;
    assert(w.buffer + LANE_BLOCK * m - scratch == lane_qr_vectors(m, n));
    return w;
}

/* R with zeros below the diagonal. */
INLINE void extract_r(int n, const struct qr_work *w)
{
    for (int j = 0; j < n; j++) {
        vec *r = w->R + j * n;
        for (int i = 0; i < j; i++) r[i] = w->A[i + j * w->ld];
        r[j] = w->diagonal[j];
        for (int i = j + 1; i < n; i++) r[i] = splat(0);
    }
}

/* Ask for the memory of a later tile, which is worth it as long as tiles are small: up to QR_NEAR
 * columns of one some tiles ahead, up to QR_FAR columns of the next. */
enum { QR_NEAR = 8, QR_FAR = 16, QR_TILES_AHEAD = 4 };

INLINE void ask_ahead(const struct lane_matrix *A, int64_t first, int64_t end)
{
    if (A->cols > QR_FAR || A->rows > 2 * QR_FAR || !A->data) return;
    const int64_t later = first + W * (A->cols <= QR_NEAR ? QR_TILES_AHEAD : 1);
    if (later >= end) return;
    struct ahead a = ahead_of(A, later, end);
    ahead_step(&a, W * (A->rows * A->cols * (int)sizeof(T) / 64 + A->rows + A->cols));
}

/* `order`, if not 0, is that of the square matrices: a constant, for which loops unroll. */
INLINE void qr_tile(const struct lane_qr *g, const int order, struct qr_work *w, int64_t first,
                    int64_t end)
{
    const int m = order ? order : g->A.rows, n = order ? order : g->A.cols;
    const int64_t ld = order ? order : w->ld;
    const struct ptr a = tile_items(&g->A, first, end);
    pack(&g->A, &a, w->A, 1, ld);
    const struct prepared what =
        prepare(w->A, m, n, ld, PART_ALL, QR_SQUARES_LEAST, QR_SQUARES_MOST);
    ask_ahead(&g->A, first, end);
    if (order)
        factor_columns(m, n, w->A, ld, &w->h, w->diagonal);
    else
        factor_qr(m, n, w->A, ld, &w->h, w->diagonal);
    if (g->R.data) {
        const struct ptr r = tile_items(&g->R, first, end);
        ask_ahead(&g->R, first, end);
        extract_r(n, w);
        if (what.altered) restore_scale(w->R, n, n, n, &what);
        unpack(&g->R, &r, w->R, 1, n);
    }
    if (g->Q.data) {
        const struct ptr q = tile_items(&g->Q, first, end);
        ask_ahead(&g->Q, first, end);
        if (order)
            form_columns(m, n, w->A, ld, &w->h, w->A, w->buffer);
        else
            form_q(m, n, w->A, ld, &w->h, w->A, w->buffer);
        unpack(&g->Q, &q, w->A, 1, ld);
    }
    for (int l = 0; l < W && first + l < end; l++) {
        const int failed = what.failed[l] != 0;
        g->info.data[(first + l) * g->info.stride] = failed ? -1 : 0;
        if (failed && g->Q.data) poison_item(&g->Q, first + l);
        if (failed && g->R.data) poison_item(&g->R, first + l);
    }
}

static void qr_range(const void *arguments, int64_t begin, int64_t end, void *scratch)
{
    const struct lane_qr *g = arguments;
    const int order = g->A.rows == g->A.cols ? g->A.rows : 0;
    struct qr_work w = qr_work(g->A.rows, g->A.cols, scratch);
    switch (order) {
    case 4:
        for (int64_t b = begin; b < end; b += W) qr_tile(g, 4, &w, b, end);
        break;
    default:
        for (int64_t b = begin; b < end; b += W) qr_tile(g, 0, &w, b, end);
        break;
    }
}

#endif
