/* Householder reflections on a tile: making one, applying them in pairs, forming their product.
 *
 * A reflector H = I - t v vᵀ has v(0) = 1, which is not stored, and the rest of v below the
 * diagonal of column j. Two of them are applied in one pass:
 *
 *     H1 H2 = I - (v1 v2) [t1  -t1 t2 g; 0  t2] (v1 v2)ᵀ,   g = v1ᵀ v2
 *
 * Four columns at a time, because that many sums, and the elements of two reflectors, are what the
 * registers hold.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, sections 5.1 and 5.2; Schreiber
 * and Van Loan, A storage-efficient WY representation, SIAM J. Sci. Stat. Comput. 10, 1989.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_REFLECT_H
#define RITZ_CPU_LANE_LANE_REFLECT_H

#include "cpu/lane/lane_scale.h"

/* Below this, a sum of squares has lost digits to underflow; and a norm that counts as zero. */
#define SQUARES_LEAST ((T)(LANE_F64 ? 0x1p-900 : 0x1p-90))
#define NORM_LEAST ((T)(LANE_F64 ? 0x1p-1000 : 0x1p-115))

/* Reflectors as a factorization leaves them, by column. */
struct reflectors {
    vec *t;
    vec *g;    /* of reflectors j and j + 1, j even */
    vec *sign; /* of the diagonal of R before it was made positive */
};

/* The norm where `sum`, that of the squares, is too small; else its root. */
NOINLINE vec small_norm(int n, const vec *x, vec sum)
{
    const ivec small = sum < splat(SQUARES_LEAST);
    vec largest = splat(0), squares = splat(0);
    for (int i = 0; i < n; i++) largest = vmax(vabs(x[i]), largest);
    const vec f = vselect(small, scale_to_one(largest), splat(1));
    for (int i = 0; i < n; i++) squares += (x[i] * f) * (x[i] * f);
    const vec norm = vsqrt(squares) * inverse_scale(f);
    const ivec counts = small & (largest >= splat(NORM_LEAST));
    return vselect(small, (vec)((ivec)norm & counts), vsqrt(sum));
}

/* Norms of a column; 0 where it is below NORM_LEAST. */
INLINE vec column_norm(int n, const vec *x)
{
    const vec sum = sum_of_squares(x, n, 1, 0, PART_ALL);
    if (any(sum < splat(SQUARES_LEAST))) return small_norm(n, x, sum);
    return vsqrt(sum);
}

/* Turn x(1:n-1) into v(1:n-1) with H x = -sign(x0) norm e_0; x(0) is kept. Where the norm is 0,
 * H = I. */
INLINE vec make_reflector(int n, vec *x, vec *t)
{
    const vec norm = column_norm(n, x);
    const ivec alive = norm > splat(0);
    const vec sum = vabs(x[0]) + norm;
    const vec safe = vselect(alive, norm, splat(1));
    const vec inverse = vcopysign(splat(1) / vselect(alive, sum, splat(1)), x[0]);
    *t = sum / safe; /* 0 where not alive */
    for (int i = 1; i < n; i++) x[i] = vselect(alive, x[i] * inverse, splat(0));
    return norm;
}

/* C = H C for `nb` columns of n rows, and row 0 of the result times `sign`. */
INLINE void reflect_one(const int nb, int n, const vec *v, vec t, vec sign, vec *C, int64_t ld)
{
    vec w[LANE_BLOCK];
    UNROLL
    for (int q = 0; q < nb; q++) w[q] = C[q * ld];
    for (int i = 1; i < n; i++) UNROLL
    for (int q = 0; q < nb; q++) w[q] += v[i] * C[i + q * ld];
    UNROLL
    for (int q = 0; q < nb; q++) {
        w[q] *= t;
        C[q * ld] = (C[q * ld] - w[q]) * sign;
    }
    for (int i = 1; i < n; i++) UNROLL
    for (int q = 0; q < nb; q++) C[i + q * ld] -= v[i] * w[q];
}

/* Two successive reflectors, of columns j and j + 1 of V = &A(j,j). */
struct pair {
    const vec *v1, *v2; /* from row j */
    vec t1, t2, g, sign1, sign2;
};

/* C = H2 H1 C and rows 0, 1 times the signs (forward), or C = H1 H2 C; n >= 2 rows. */
INLINE void reflect_two(const int nb, const int forward, int n, const struct pair *h, vec *C,
                        int64_t ld)
{
    const vec *v1 = h->v1, *v2 = h->v2;
    vec a[LANE_BLOCK], b[LANE_BLOCK];
    UNROLL
    for (int q = 0; q < nb; q++) {
        const vec c1 = C[1 + q * ld];
        a[q] = C[q * ld] + v1[1] * c1;
        b[q] = c1;
    }
    for (int i = 2; i < n; i++) UNROLL
    for (int q = 0; q < nb; q++) {
        const vec c = C[i + q * ld];
        a[q] += v1[i] * c;
        b[q] += v2[i] * c;
    }
    UNROLL
    for (int q = 0; q < nb; q++) {
        if (forward) {
            a[q] *= h->t1;
            b[q] = (b[q] - h->g * a[q]) * h->t2;
            C[q * ld] = (C[q * ld] - a[q]) * h->sign1;
            C[1 + q * ld] = (C[1 + q * ld] - (v1[1] * a[q] + b[q])) * h->sign2;
        } else {
            b[q] *= h->t2;
            a[q] = (a[q] - h->g * b[q]) * h->t1;
            C[q * ld] -= a[q];
            C[1 + q * ld] -= v1[1] * a[q] + b[q];
        }
    }
    for (int i = 2; i < n; i++) UNROLL
    for (int q = 0; q < nb; q++) C[i + q * ld] -= v1[i] * a[q] + v2[i] * b[q];
}

INLINE struct pair pair_of(const vec *V, int64_t ld, int j, const struct reflectors *h)
{
    return (struct pair){V + j + j * ld, V + j + (j + 1) * ld, h->t[j],       h->t[j + 1],
                         h->g[j],        h->sign[j],           h->sign[j + 1]};
}

/* v1ᵀ v2 of the reflectors j and j + 1. */
INLINE vec pair_product(int rows, const vec *V, int64_t ld, int j)
{
    const vec *v1 = V + j * ld, *v2 = V + (j + 1) * ld;
    vec g = v1[j + 1], more = splat(0);
    int i = j + 2;
    for (; i + 2 <= rows; i += 2) {
        g += v1[i] * v2[i];
        more += v1[i + 1] * v2[i + 1];
    }
    if (i < rows) g += v1[i] * v2[i];
    return g + more;
}

/* A = Q R with diag(R) >= 0, in place, m >= n: R strictly above the diagonal,
 * its diagonal in `diagonal`. */
INLINE void factor_block(const int nb, int m, int j0, vec *A, int64_t ld, struct reflectors *h,
                         vec *diagonal)
{
    vec *C = A + j0 * ld;
    for (int j = 0; j < j0; j += 2) {
        const struct pair two = pair_of(A, ld, j, h);
        reflect_two(nb, 1, m - j, &two, C + j, ld);
    }
    UNROLL
    for (int p = 0; p < nb; p++) {
        const int j = j0 + p;
        vec *x = C + j + p * ld;
        h->sign[j] = -vcopysign(splat(1), x[0]);
        diagonal[j] = make_reflector(m - j, x, &h->t[j]);
        h->sign[j] = vselect(diagonal[j] > splat(0), h->sign[j], splat(1));
        if (p + 1 < nb) reflect_one(nb - p - 1, m - j, x, h->t[j], h->sign[j], x + ld, ld);
        if (p % 2 == 1) h->g[j - 1] = pair_product(m, A, ld, j - 1);
    }
}

INLINE void factor_columns(int m, int n, vec *A, int64_t ld, struct reflectors *h, vec *diagonal)
{
    int j = 0;
    for (; j + LANE_BLOCK <= n; j += LANE_BLOCK) factor_block(LANE_BLOCK, m, j, A, ld, h, diagonal);
    switch (n - j) {
    case 1: factor_block(1, m, j, A, ld, h, diagonal); break;
    case 2: factor_block(2, m, j, A, ld, h, diagonal); break;
    case 3: factor_block(3, m, j, A, ld, h, diagonal); break;
    default: break;
    }
}

NOINLINE void factor_qr(int m, int n, vec *A, int64_t ld, struct reflectors *h, vec *diagonal)
{
    factor_columns(m, n, A, ld, h, diagonal);
}

/* Apply the first `count` reflectors of V to nb columns: C = H_0 ... H_(count-1) C, m rows. */
INLINE void apply_block(const int nb, int m, int count, const vec *V, int64_t ldv,
                        const struct reflectors *h, vec *C, int64_t ld)
{
    int j = count;
    if (j % 2 == 1) {
        j--;
        reflect_one(nb, m - j, V + j + j * ldv, h->t[j], splat(1), C + j, ld);
    }
    for (j -= 2; j >= 0; j -= 2) {
        const struct pair two = pair_of(V, ldv, j, h);
        reflect_two(nb, 0, m - j, &two, C + j, ld);
    }
}

INLINE void form_block(const int nb, int m, int j0, const vec *V, int64_t ld,
                       const struct reflectors *h, vec *Q, vec *buffer)
{
    for (int q = 0; q < nb; q++) {
        for (int i = 0; i < m; i++) buffer[i + q * m] = splat(0);
        buffer[j0 + q + q * m] = h->sign[j0 + q];
    }
    apply_block(nb, m, j0 + nb, V, ld, h, buffer, m);
    for (int q = 0; q < nb; q++)
        for (int i = 0; i < m; i++) Q[i + (j0 + q) * ld] = buffer[i + q * m];
}

/* The n columns of Q = H_0 ... H_(n-1) diag(sign), of m rows and the leading dimension of V. A
 * block of columns needs only the reflectors up to its own, and the blocks come last to first: so Q
 * may be V, or V + ld. buffer: LANE_BLOCK columns. */
INLINE void form_columns(int m, int n, const vec *V, int64_t ld, const struct reflectors *h, vec *Q,
                         vec *buffer)
{
    const int full = n / LANE_BLOCK * LANE_BLOCK;
    switch (n - full) {
    case 1: form_block(1, m, full, V, ld, h, Q, buffer); break;
    case 2: form_block(2, m, full, V, ld, h, Q, buffer); break;
    case 3: form_block(3, m, full, V, ld, h, Q, buffer); break;
    default: break;
    }
    for (int j = full - LANE_BLOCK; j >= 0; j -= LANE_BLOCK)
        form_block(LANE_BLOCK, m, j, V, ld, h, Q, buffer);
}

NOINLINE void form_q(int m, int n, const vec *V, int64_t ld, const struct reflectors *h, vec *Q,
                     vec *buffer)
{
    form_columns(m, n, V, ld, h, Q, buffer);
}

#endif
