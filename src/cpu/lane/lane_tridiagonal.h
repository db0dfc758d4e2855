/* Reduction of a symmetric tile to tridiagonal form, A = Q T Qᵀ, by Householder reflections.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 8.3.1.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_TRIDIAGONAL_H
#define RITZ_CPU_LANE_LANE_TRIDIAGONAL_H

#include "cpu/lane/lane_reflect.h"

/* p += A v for nb columns from column j of the lower triangle of A (n x n). */
INLINE void multiply_columns(const int nb, int n, int j, const vec *A, int64_t ld, const vec *v,
                             vec *p)
{
    const vec *a = A + j * ld;
    vec sum[LANE_BLOCK], vj[LANE_BLOCK];
    UNROLL
    for (int q = 0; q < nb; q++) {
        vj[q] = v[j + q];
        sum[q] = a[j + q + q * ld] * vj[q];
    }
    UNROLL
    for (int q = 0; q < nb; q++) UNROLL
    for (int r = q + 1; r < nb; r++) {
        sum[q] += a[j + r + q * ld] * vj[r];
        sum[r] += a[j + r + q * ld] * vj[q];
    }
    for (int i = j + nb; i < n; i++) {
        const vec vi = v[i];
        vec down[2] = {p[i], splat(0)};
        UNROLL
        for (int q = 0; q < nb; q++) {
            const vec x = a[i + q * ld];
            down[q % 2] += x * vj[q];
            sum[q] += x * vi;
        }
        p[i] = down[0] + down[1];
    }
    UNROLL
    for (int q = 0; q < nb; q++) p[j + q] += sum[q];
}

/* p = A v for symmetric A (n x n), from its lower triangle. */
INLINE void symmetric_product(int n, const vec *A, int64_t ld, const vec *v, vec *p)
{
    for (int i = 0; i < n; i++) p[i] = splat(0);
    int j = 0;
    for (; j + LANE_BLOCK <= n; j += LANE_BLOCK) multiply_columns(LANE_BLOCK, n, j, A, ld, v, p);
    switch (n - j) {
    case 1: multiply_columns(1, n, j, A, ld, v, p); break;
    case 2: multiply_columns(2, n, j, A, ld, v, p); break;
    case 3: multiply_columns(3, n, j, A, ld, v, p); break;
    default: break;
    }
}

/* nb columns of A -= v wᵀ + w vᵀ from row j on: of the block on the diagonal both triangles, which
 * nobody minds. */
INLINE void update_columns(const int nb, int n, int j, vec *A, int64_t ld, const vec *v,
                           const vec *w)
{
    vec *a = A + j * ld;
    vec vj[LANE_BLOCK], wj[LANE_BLOCK];
    UNROLL
    for (int q = 0; q < nb; q++) {
        vj[q] = v[j + q];
        wj[q] = w[j + q];
    }
    for (int i = j; i < n; i++) UNROLL
    for (int q = 0; q < nb; q++) a[i + q * ld] -= v[i] * wj[q] + w[i] * vj[q];
}

INLINE void rank_two_update(int n, vec *A, int64_t ld, const vec *v, const vec *w)
{
    int j = 0;
    for (; j + LANE_BLOCK <= n; j += LANE_BLOCK) update_columns(LANE_BLOCK, n, j, A, ld, v, w);
    switch (n - j) {
    case 1: update_columns(1, n, j, A, ld, v, w); break;
    case 2: update_columns(2, n, j, A, ld, v, w); break;
    case 3: update_columns(3, n, j, A, ld, v, w); break;
    default: break;
    }
}

/* A = (I - t v vᵀ) A (I - t v vᵀ), lower triangle. */
INLINE void reflect_both_sides(int n, vec *A, int64_t ld, const vec *v, vec t, vec *w)
{
    symmetric_product(n, A, ld, v, w);
    vec dot = splat(0), more = splat(0);
    int i = 0;
    for (; i + 2 <= n; i += 2) {
        dot += w[i] * v[i];
        more += w[i + 1] * v[i + 1];
    }
    if (i < n) dot += w[i] * v[i];
    const vec half = (dot + more) * t * t * splat((T)0.5);
    for (i = 0; i < n; i++) w[i] = w[i] * t - half * v[i];
    rank_two_update(n, A, ld, v, w);
}

/* The lower triangle of A (n x n, n >= 1) becomes d (n) and e (n - 1), and the reflectors: that
 * of column k acts on rows k + 1 .. n - 1. w: n vectors. */
NOINLINE void tridiagonalise(int n, vec *A, int64_t ld, vec *d, vec *e, struct reflectors *h,
                             vec *w)
{
    for (int k = 0; k + 2 < n; k++) {
        const int rest = n - k - 1;
        vec *x = A + k + 1 + k * ld;
        const vec norm = make_reflector(rest, x, &h->t[k]);
        d[k] = x[-1];
        e[k] = -vcopysign(norm, x[0]);
        h->sign[k] = splat(1);
        x[0] = splat(1);
        reflect_both_sides(rest, x + ld, ld, x, h->t[k], w);
        if (k % 2 == 1) h->g[k - 1] = pair_product(n - 1, A + 1, ld, k - 1);
    }
    if (n >= 2) {
        d[n - 2] = A[n - 2 + (n - 2) * ld];
        e[n - 2] = A[n - 1 + (n - 2) * ld];
    }
    d[n - 1] = A[n - 1 + (n - 1) * ld];
}

/* Q in place of the reflectors; all of A. buffer: LANE_BLOCK columns. */
NOINLINE void form_tridiagonal_q(int n, vec *A, int64_t ld, struct reflectors *h, vec *buffer)
{
    if (n >= 2) { /* a reflector that does nothing makes them as many as the columns of Q */
        h->t[n - 2] = splat(0);
        h->sign[n - 2] = splat(1);
        if (n >= 3 && n % 2 == 1) h->g[n - 3] = splat(0);
        form_q(n - 1, n - 1, A + 1, ld, h, A + 1 + ld, buffer);
    }
    for (int j = 1; j < n; j++) A[j * ld] = splat(0);
    for (int i = 0; i < n; i++) A[i] = splat(i == 0 ? 1 : 0);
}

#endif
