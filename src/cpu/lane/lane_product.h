/* Products of tiles.
 *
 * Sums of 2 x 4 elements are kept in registers: six loads feed eight multiplications.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_PRODUCT_H
#define RITZ_CPU_LANE_LANE_PRODUCT_H

#include "cpu/lane/lane_body.h"

/* An ni x nj block of Aᵀ B, A and B with m rows and leading dimension ld:
 * C(i,j) at C[i + j ldc]. */
INLINE void dots(const int ni, const int nj, int m, const vec *A, const vec *B, int64_t ld, vec *C,
                 int64_t ldc)
{
    vec sum[2][4];
    UNROLL
    for (int i = 0; i < ni; i++) UNROLL
    for (int j = 0; j < nj; j++) sum[i][j] = splat(0);
    for (int k = 0; k < m; k++) UNROLL
    for (int j = 0; j < nj; j++) UNROLL
    for (int i = 0; i < ni; i++) sum[i][j] += A[k + i * ld] * B[k + j * ld];
    UNROLL
    for (int i = 0; i < ni; i++) UNROLL
    for (int j = 0; j < nj; j++) C[i + j * ldc] = sum[i][j];
}

INLINE void gram_columns(const int nj, int m, int n, int j, const vec *A, int64_t ld, vec *G,
                         int64_t ldg)
{
    int i = j;
    for (; i + 2 <= n; i += 2) dots(2, nj, m, A + i * ld, A + j * ld, ld, G + i + j * ldg, ldg);
    if (i < n) dots(1, nj, m, A + i * ld, A + j * ld, ld, G + i + j * ldg, ldg);
}

/* The lower triangle of G = Aᵀ A, A m x n; some of the upper one is overwritten. */
NOINLINE void gram(int m, int n, const vec *A, int64_t ld, vec *G, int64_t ldg)
{
    int j = 0;
    for (; j + 4 <= n; j += 4) gram_columns(4, m, n, j, A, ld, G, ldg);
    switch (n - j) {
    case 1: gram_columns(1, m, n, j, A, ld, G, ldg); break;
    case 2: gram_columns(2, m, n, j, A, ld, G, ldg); break;
    case 3: gram_columns(3, m, n, j, A, ld, G, ldg); break;
    default: break;
    }
}

/* ni rows and nj columns of f A V, A with k columns. */
INLINE void product_block(const int ni, const int nj, int k, T f, const vec *A, int64_t lda,
                          const vec *V, int64_t ldv, vec *B, int64_t ldb)
{
    vec sum[2][4];
    UNROLL
    for (int i = 0; i < ni; i++) UNROLL
    for (int j = 0; j < nj; j++) sum[i][j] = splat(0);
    for (int p = 0; p < k; p++) UNROLL
    for (int j = 0; j < nj; j++) UNROLL
    for (int i = 0; i < ni; i++) sum[i][j] += A[i + p * lda] * V[p + j * ldv];
    UNROLL
    for (int j = 0; j < nj; j++) UNROLL
    for (int i = 0; i < ni; i++) B[i + j * ldb] = sum[i][j] * splat(f);
}

INLINE void product_columns(const int nj, int m, int n, T f, const vec *A, int64_t lda,
                            const vec *V, int64_t ldv, vec *B, int64_t ldb)
{
    int i = 0;
    for (; i + 2 <= m; i += 2) product_block(2, nj, n, f, A + i, lda, V, ldv, B + i, ldb);
    if (i < m) product_block(1, nj, n, f, A + i, lda, V, ldv, B + i, ldb);
}

/* B = f A V: A m x n, V n x n; B has the leading dimension of A. */
NOINLINE void product(int m, int n, T f, const vec *A, int64_t ld, const vec *V, int64_t ldv,
                      vec *B)
{
    int j = 0;
    for (; j + 4 <= n; j += 4) product_columns(4, m, n, f, A, ld, V + j * ldv, ldv, B + j * ld, ld);
    switch (n - j) {
    case 1: product_columns(1, m, n, f, A, ld, V + j * ldv, ldv, B + j * ld, ld); break;
    case 2: product_columns(2, m, n, f, A, ld, V + j * ldv, ldv, B + j * ld, ld); break;
    case 3: product_columns(3, m, n, f, A, ld, V + j * ldv, ldv, B + j * ld, ld); break;
    default: break;
    }
}

#endif
