/* Eigenvalues and eigenvectors of tridiagonal tiles by implicit QL iteration.
 *
 * In every sweep each lane works on its own first block that has not split up, rows l .. m; the
 * others' rows are masked out. The chain from one rotation to the next has a square root, and
 * latency decides: it is kept short, and the chains of LANE_GROUP tiles run side by side. The
 * rotations of a few sweeps are kept, and then applied to a few rows of the vectors at a time, for
 * which these stay in the first cache.
 *
 * The elements are at most about 2^10 in absolute value (2^200 in float64): then squares cannot
 * overflow, and what is neglected beside them is below the rounding errors of the largest.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 8.3.5; Bowdler, Martin,
 * Reinsch and Wilkinson, The QR and QL algorithms for symmetric matrices, Numer. Math. 11, 1968.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_QL_H
#define RITZ_CPU_LANE_LANE_QL_H

#include "cpu/lane/lane_scale.h"

enum { SWEEPS_FOR_EACH = 30 };

/* Off-diagonal elements that count as zero; and squares so small that underflow shows in their
 * digits. An element that is not zero starts a chain well above these. */
#define OFF_DIAGONAL_LEAST ((T)(LANE_F64 ? 0x1p-450 : 0x1p-46))
#define ROTATION_LEAST ((T)(LANE_F64 ? 0x1p-1000 : 0x1p-120))

/* A sweep's rotations: that of index i turns columns i and i + 1, lo <= i < hi, hi - 1 first. */
struct sweep {
    int lo, hi;
    vec *c, *s;
};

/* One tile of a group. */
struct ql {
    vec *d, *e; /* n elements each; of e the last does not count */
    vec *Z;     /* n x n, or NULL: values only */
    int64_t ld;
    struct sweep kept[LANE_SWEEPS];
    ivec failed; /* 0, or how many elements of e are left where a lane did not converge */
};

INLINE void ql_begin(struct ql *t, int n, vec *d, vec *e, vec *Z, int64_t ld, vec *rotations)
{
    t->d = d;
    t->e = e;
    t->Z = Z;
    t->ld = ld;
    t->failed = isplat(0);
    e[n - 1] = splat(0);
    for (int k = 0; k < LANE_SWEEPS; k++) {
        t->kept[k].c = rotations + 2 * k * n;
        t->kept[k].s = rotations + (2 * k + 1) * n;
    }
}

/* ---- vectors ---- */

/* Apply rotations to `rows` rows. */
INLINE void rotate_rows(const int rows, const struct sweep *w, vec *Z, int64_t ld)
{
    vec f[4];
    UNROLL
    for (int r = 0; r < rows; r++) f[r] = Z[r + w->hi * ld];
    for (int i = w->hi - 1; i >= w->lo; i--) {
        const vec c = w->c[i], s = w->s[i];
        UNROLL
        for (int r = 0; r < rows; r++) {
            const vec z = Z[r + i * ld];
            Z[r + (i + 1) * ld] = s * z + c * f[r];
            f[r] = c * z - s * f[r];
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) Z[r + w->lo * ld] = f[r];
}

NOINLINE void rotate_all(int n, int sweeps, const struct ql *t)
{
    if (!t->Z) return;
    int r = 0;
    for (; r + 4 <= n; r += 4)
        for (int k = 0; k < sweeps; k++) rotate_rows(4, &t->kept[k], t->Z + r, t->ld);
    for (; r + 2 <= n; r += 2)
        for (int k = 0; k < sweeps; k++) rotate_rows(2, &t->kept[k], t->Z + r, t->ld);
    for (; r < n; r++)
        for (int k = 0; k < sweeps; k++) rotate_rows(1, &t->kept[k], t->Z + r, t->ld);
}

/* ---- a sweep ---- */

/* Where e is not 0 in some lane of some tile: lo <= i < hi. */
struct range {
    int lo, hi;
};

/* A chain of rotations. */
struct chain {
    vec l, m;       /* the block: rows l .. m; no row is in it where the lane has converged */
    vec f, g, b, p; /* what goes from a rotation to the next */
    vec d, e;       /* to be written at i + 1 */
};

/* Clear negligible elements of e, and find each lane's block. The new range is joined to `left`. */
INLINE void find_blocks(int n, const struct ql *t, const struct range range, struct chain *x,
                        struct range *left)
{
    vec l = splat((T)n), m = splat(-1), end = splat((T)range.hi);
    vec below = vabs(t->d[range.hi]);
    for (int i = range.hi - 1; i >= range.lo; i--) {
        const vec here = vabs(t->d[i]);
        const vec least = (here + below) * splat(LANE_EPS) + splat(OFF_DIAGONAL_LEAST);
        const ivec large = vabs(t->e[i]) > least;
        t->e[i] = (vec)((ivec)t->e[i] & large);
        end = vselect(large, end, splat((T)i));
        l = vselect(large, splat((T)i), l);
        m = vselect(large, end, m);
        if (any(large)) {
            left->lo = i < left->lo ? i : left->lo;
            left->hi = i < left->hi ? left->hi : i + 1;
        }
        below = here;
    }
    x->l = l;
    x->m = m;
}

/* Wilkinson's shift, from the upper end of the block. */
INLINE void start_chain(const struct ql *t, const struct range range, struct chain *x)
{
    vec dl, dn, el, dm;
    UNROLL
    for (int lane = 0; lane < W; lane++) {
        const int l = x->m[lane] > 0 ? (int)x->l[lane] : range.lo;
        const int m = x->m[lane] > 0 ? (int)x->m[lane] : range.lo;
        dl[lane] = t->d[l][lane];
        dn[lane] = t->d[l + 1][lane];
        el[lane] = t->e[l][lane];
        dm[lane] = t->d[m][lane];
    }
    const vec half = (dn - dl) / (el + el);
    const vec root = vsqrt(half * half + splat(1));
    x->g = dm - dl + el / (half + vcopysign(root, half));
    x->p = splat(0);
    x->f = x->b = t->e[range.hi - 1];
    x->d = t->d[range.hi];
    x->e = t->e[range.hi];
}

/* One rotation, in the plane of i and i + 1. */
INLINE void turn(const struct ql *t, int lo, struct chain *x, const struct sweep *w, int i)
{
    const vec at = splat((T)i);
    const ivec active = (at >= x->l) & (at < x->m);
    const ivec inside = active & (at + splat(1) < x->m), last = at == x->l;
    const vec di = t->d[i], ei = t->e[i], next = i > lo ? t->e[i - 1] : splat(0);
    const vec square = x->f * x->f + x->g * x->g;
    const ivec zero = square < splat(ROTATION_LEAST);
    const vec r = (vec)((ivec)vsqrt(square) & ~zero);
    const vec q = splat(1) / vselect(zero, splat(1), square), inverse = r * q;
    const vec c = vselect(zero, splat(1), x->g * inverse), s = x->f * inverse;
    const vec dp = x->d - x->p, twice = x->b + x->b;
    const vec turned = ((di - dp) * x->f + twice * x->g) * inverse; /* (di - dp) s + 2 c b */
    const vec y = vselect(zero, twice, turned);
    const vec p = s * y, g = c * y - x->b;
    t->d[i + 1] = vselect(active, dp + p, x->d);
    t->e[i + 1] = vselect(inside, r, x->e);
    w->c[i] = vselect(active, c, splat(1));
    w->s[i] = (vec)((ivec)s & active);
    x->d = di - (vec)((ivec)p & last);
    x->e = vselect(last, g, ei);
    x->f = vselect(active, (x->f * q) * (next * r), next); /* s next */
    x->b = vselect(active, c * next, next);
    x->g = vselect(active, g, x->g);
    x->p = (vec)((ivec)p & active);
}

INLINE void sweep_group(struct ql *t, const struct range range, struct chain *x, int slot)
{
    UNROLL
    for (int k = 0; k < LANE_GROUP; k++) {
        start_chain(&t[k], range, &x[k]);
        t[k].kept[slot].lo = range.lo;
        t[k].kept[slot].hi = range.hi;
    }
    for (int i = range.hi - 1; i >= range.lo; i--) UNROLL
    for (int k = 0; k < LANE_GROUP; k++) turn(&t[k], range.lo, &x[k], &t[k].kept[slot], i);
    UNROLL
    for (int k = 0; k < LANE_GROUP; k++) {
        t[k].d[range.lo] = x[k].d;
        t[k].e[range.lo] = x[k].e;
    }
}

/* Diagonalise LANE_GROUP tiles of order n: eigenvalues in d, in no order; the vectors of T times Z
 * in Z. A lane converges or is given up after a number of sweeps that does not depend on others. */
NOINLINE void ql_iterate(int n, struct ql *t)
{
    struct range range = {0, n - 1};
    int kept = 0;
    for (int sweeps = 0;; sweeps++) {
        struct chain x[LANE_GROUP];
        struct range left = {range.hi, range.lo};
        UNROLL
        for (int k = 0; k < LANE_GROUP; k++) find_blocks(n, &t[k], range, &x[k], &left);
        range = left;
        if (range.lo >= range.hi || sweeps == SWEEPS_FOR_EACH * n) break;
        sweep_group(t, range, x, kept);
        kept = (kept + 1) % LANE_SWEEPS;
        for (int k = 0; kept == 0 && k < LANE_GROUP; k++) rotate_all(n, LANE_SWEEPS, &t[k]);
    }
    for (int k = 0; k < LANE_GROUP; k++) {
        rotate_all(n, kept, &t[k]);
        for (int i = range.lo; i < range.hi; i++) t[k].failed -= t[k].e[i] != splat(0);
    }
}

#endif
