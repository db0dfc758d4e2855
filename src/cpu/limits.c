/* BLAS and LAPACK count in 32 bits. Ritz's own loops, and gemm's sizes (which it splits), have no
 * such limit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/limits.h"

#include <stdint.h>
#include <stdio.h>

#include "cpu/lane/lane.h"

enum { SIZES = 1, LEADING_DIMENSIONS = 2 };

static int limited(enum ritz_op op)
{
    switch (op) {
    case RITZ_OP_gemm:
    case RITZ_OP_gemm_grouped: return LEADING_DIMENSIONS;
    case RITZ_OP_syrk:
    case RITZ_OP_trsm:
    case RITZ_OP_trmm:
    case RITZ_OP_potrf:
    case RITZ_OP_pstrf:
    case RITZ_OP_getrf:
    case RITZ_OP_geqrf:
    case RITZ_OP_geqp3:
    case RITZ_OP_orgqr:
    case RITZ_OP_ormqr:
    case RITZ_OP_gesvd:
    case RITZ_OP_syev:
    case RITZ_OP_residual: return SIZES | LEADING_DIMENSIONS;
    default: return 0;
    }
}

/* An upper bound of the length of LAPACK's workspace; n < 2^31. */
static int64_t workspace(enum ritz_op op, const ritz_dmat *A)
{
    const int64_t n = A->cols, block = 64;
    switch (op) {
    case RITZ_OP_geqrf:
    case RITZ_OP_orgqr: return n * block;
    case RITZ_OP_geqp3: return 2 * n + (n + 1) * block;
    case RITZ_OP_gesvd: return 4 * n * n + (7 + 2 * block) * n + A->rows * block;
    case RITZ_OP_syev: return n * n + (4 + block) * n + 1;
    default: return 0;
    }
}

static const char *too_large(const char *what, int64_t size)
{
    static _Thread_local char reason[96];
    snprintf(reason, sizeof reason, "%s %lld is beyond 32-bit BLAS and LAPACK", what,
             (long long)size);
    return reason;
}

/* What solve_gram gains by blocks in the cache and loses by single-threaded products in them. */
static const char *solve_gram_limits(const ritz_dmat *A)
{
    const int64_t widest = 1024, tall = 32;
    if (A->cols > widest || A->rows / tall < A->cols)
        return "the matrix is not tall and narrow enough for blocks of rows";
    return NULL;
}

static int is_small(enum ritz_op op)
{
    switch (op) {
    case RITZ_OP_small_cholesky:
    case RITZ_OP_small_spd_solve:
    case RITZ_OP_small_lu:
    case RITZ_OP_small_solve:
    case RITZ_OP_small_qr:
    case RITZ_OP_small_svd:
    case RITZ_OP_small_eigh: return 1;
    default: return 0;
    }
}

/* A vector of matrices costs the same whether all its lanes are used or not; with fewer items than
 * this, LAPACK on each is faster. */
static int64_t least_batch(const ritz_dmat *A)
{
    const int lanes = cpu_lane_table(A->dtype)->lanes;
    const int64_t least = A->rows <= 16 && A->cols <= 16 ? lanes / 4 : lanes / 2;
    return least > 2 ? least : 2;
}

/* Orders up to LANE_LARGEST; and tall matrices (for the SVD also wide ones) of so few columns, as
 * long as a tile of them fits in the second cache. */
static int small_enough(enum ritz_op op, const ritz_dmat *A)
{
    const int64_t least = A->rows < A->cols ? A->rows : A->cols;
    const int64_t most = A->rows < A->cols ? A->cols : A->rows;
    const int tall = op == RITZ_OP_small_qr && A->rows >= A->cols;
    if (!tall && op != RITZ_OP_small_svd) return op != RITZ_OP_small_qr && most <= LANE_LARGEST;
    return least <= LANE_LARGEST && least * most <= LANE_LARGEST_TILE;
}

/* The last of the key matrices has the batch of the operation. */
static const char *small_limits(enum ritz_op op, const ritz_dmat *key, int count)
{
    const ritz_dmat *A = &key[0];
    if (!small_enough(op, A)) return "matrices of this size are not taken together";
    if (key[count - 1].batch < least_batch(A)) return "too few matrices to be taken together";
    return NULL;
}

const char *cpu_limits(enum ritz_op op, const ritz_dmat *key, int count)
{
    if (is_small(op)) return small_limits(op, key, count);
    if (op == RITZ_OP_solve_gram) return solve_gram_limits(&key[0]);
    const int which = limited(op);
    for (int i = 0; which && i < count; i++) {
        const ritz_dmat *A = &key[i];
        const int64_t lines = A->layout == RITZ_COL_MAJOR ? A->cols : A->rows;
        if (which & SIZES && A->rows > INT32_MAX) return too_large("the number of rows", A->rows);
        if (which & SIZES && A->cols > INT32_MAX)
            return too_large("the number of columns", A->cols);
        if (lines > 1 && A->ld > INT32_MAX) return too_large("the leading dimension", A->ld);
    }
    if (count > 0 && which & SIZES && workspace(op, &key[0]) > INT32_MAX)
        return too_large("a workspace of length", workspace(op, &key[0]));
    return NULL;
}
