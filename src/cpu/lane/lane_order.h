/* Results by rank: each lane's values have an order of their own, and the columns that belong to
 * them find their place only when they are unpacked.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_ORDER_H
#define RITZ_CPU_LANE_LANE_ORDER_H

#include "cpu/lane/lane_body.h"

/* rank[j]: how many of the n values come before value j; of equal ones the first does. */
INLINE void rank_values(int n, const vec *values, const int descending, ivec *rank)
{
    for (int j = 0; j < n; j++) rank[j] = isplat(0);
    for (int j = 1; j < n; j++) {
        const vec x = values[j];
        ivec before = isplat(0);
        for (int i = 0; i < j; i++) {
            const ivec keeps = descending ? values[i] >= x : values[i] <= x;
            before -= keeps;
            rank[i] -= ~keeps;
        }
        rank[j] += before;
    }
}

/* Value j of each lane to entry rank[j] - first of the vector x, if there is one. */
INLINE void unpack_ranked_values(const struct lane_matrix *x, const struct ptr *q, int n,
                                 const vec *values, const ivec *rank, int first)
{
    for (int j = 0; j < n; j++) {
        for (int l = 0; l < W; l++) {
            const IT at = rank[j][l] - first;
            if (at >= 0 && at < x->rows) q->p[l][at * x->row] = values[j][l];
        }
    }
}

/* Column j of each lane of P (leading dimension ld) to column rank[j] - first of A, if there is
 * one. spare: room for a column that is not wanted. */
NOINLINE void unpack_ranked_columns(const struct lane_matrix *A, const struct ptr *q, int n,
                                    const vec *P, int64_t ld, const ivec *rank, int first,
                                    vec *spare)
{
    for (int j = 0; j < n; j++) {
        struct ptr column;
        for (int l = 0; l < W; l++) {
            const IT at = rank[j][l] - first;
            column.p[l] = at >= 0 && at < A->cols ? q->p[l] + at * A->col : NULL;
        }
        if (A->row == 1) {
            for (int l = 0; l < W; l++)
                if (!column.p[l]) column.p[l] = (T *)spare;
            unpack_run(&column, 0, A->rows, P + j * ld, 1);
            continue;
        }
        for (int l = 0; l < W; l++) {
            if (!column.p[l]) continue;
            for (int i = 0; i < A->rows; i++) column.p[l][i * A->row] = P[i + j * ld][l];
        }
    }
}

/* The sign of the first element of largest modulus in a column of m elements: its sign bit. */
INLINE ivec leading_sign(int m, const vec *x)
{
    vec largest = vabs(x[0]), leader = x[0];
    for (int i = 1; i < m; i++) {
        const vec size = vabs(x[i]);
        leader = vselect(size > largest, x[i], leader);
        largest = vmax(size, largest);
    }
    return (ivec)leader & sign_bit();
}

/* Turn the sign of a column where the bits are set. Zeros become positive: what a zero's sign was
 * may depend on other lanes. */
INLINE void turn_sign(int m, vec *x, ivec bits)
{
    for (int i = 0; i < m; i++) x[i] = (vec)((ivec)x[i] ^ bits) + splat(0);
}

#endif
