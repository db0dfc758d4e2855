/* One-sided Jacobi iteration on tiles: makes the columns of B orthogonal by rotations, B J = U S.
 *
 * Meant for columns that are nearly orthogonal already. A sweep begins with the Gram matrix BᵀB,
 * which is cheap, and turns only pairs of columns that it shows not to be orthogonal in some lane;
 * in the other lanes it turns by nothing. So a lane's result does not depend on the others, and a
 * lane is done when its Gram matrix is diagonal.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 8.6.4; the stopping rule:
 * Demmel and Veselić, Jacobi's method is more accurate than QR, SIAM J. Matrix Anal. Appl. 13,
 * 1992.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_JACOBI_H
#define RITZ_CPU_LANE_LANE_JACOBI_H

#include "cpu/lane/lane_product.h"
#include "cpu/lane/lane_reflect.h"

enum { JACOBI_SWEEPS = 40 };

/* Beyond this, a number is lost beside its square's root, and the square might overflow. */
#define LARGE_COTANGENT ((T)(LANE_F64 ? 0x1p400 : 0x1p50))

/* The tangent that makes two columns orthogonal, of squared norms p and q and product g != 0. */
INLINE vec jacobi_tangent(vec p, vec q, vec g)
{
    const vec cot = (q - p) / (g + g), size = vabs(cot);
    const ivec large = size > splat(LARGE_COTANGENT);
    const vec root = vsqrt(vselect(large, splat(1), size * size + splat(1)));
    return vcopysign(splat(1) / (size + vselect(large, size, root)), cot);
}

INLINE void turn_pair(int n, vec *x, vec *y, vec c, vec s)
{
    for (int i = 0; i < n; i++) {
        const vec a = x[i], b = y[i];
        x[i] = c * a - s * b;
        y[i] = s * a + c * b;
    }
}

/* Make columns p and q of B orthogonal in the lanes of `turns`; V (n rows) or NULL follows. */
NOINLINE void orthogonalise(int m, vec *x, vec *y, int n, vec *v, vec *w, ivec turns)
{
    vec p[2] = {{0}, {0}}, q[2] = {{0}, {0}}, g[2] = {{0}, {0}};
    int i = 0;
    for (; i + 2 <= m; i += 2) UNROLL
    for (int k = 0; k < 2; k++) {
        p[k] += x[i + k] * x[i + k];
        q[k] += y[i + k] * y[i + k];
        g[k] += x[i + k] * y[i + k];
    }
    if (i < m) {
        p[0] += x[i] * x[i];
        q[0] += y[i] * y[i];
        g[0] += x[i] * y[i];
    }
    const vec product = g[0] + g[1];
    turns &= product != splat(0);
    const vec t = jacobi_tangent(p[0] + p[1], q[0] + q[1], vselect(turns, product, splat(1)));
    const vec c = vselect(turns, splat(1) / vsqrt(t * t + splat(1)), splat(1));
    const vec s = (vec)((ivec)(c * t) & turns);
    turn_pair(m, x, y, c, s);
    if (v) turn_pair(n, v, w, c, s);
}

/* B m x n, V n x n or NULL, leading dimensions ldb, ldv; G: room for n x n. Returns the lanes that
 * did not converge. Columns with squares below SQUARES_LEAST are left alone. */
NOINLINE ivec jacobi(int m, int n, vec *B, int64_t ldb, vec *V, int64_t ldv, vec *G)
{
    T root = 1;
    while (root * root < (T)m) root += 1;
    const vec tolerance = splat(LANE_EPS * root);
    ivec left = isplat(0);
    for (int sweep = 0; sweep < JACOBI_SWEEPS; sweep++) {
        gram(m, n, B, ldb, G, n);
        for (int j = 0; j < n; j++) { /* the diagonal becomes the norms, 0 of columns to skip */
            const vec square = G[j + j * n];
            G[j + j * n] = (vec)((ivec)vsqrt(square) & (square >= splat(SQUARES_LEAST)));
        }
        left = isplat(0);
        for (int p = 0; p < n; p++) {
            const vec bound = tolerance * G[p + p * n];
            for (int q = p + 1; q < n; q++) {
                const vec limit = bound * G[q + q * n];
                const ivec turns = (vabs(G[q + p * n]) > limit) & (limit > splat(0));
                if (!any(turns)) continue;
                left |= turns;
                orthogonalise(m, B + p * ldb, B + q * ldb, n, V ? V + p * ldv : NULL,
                              V ? V + q * ldv : NULL, turns);
            }
        }
        if (!any(left)) break;
    }
    return left;
}

#endif
