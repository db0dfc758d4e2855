/* BLAS and LAPACK count in 32 bits. Ritz's own loops, and gemm's sizes (which it splits), have no
 * such limit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/limits.h"

#include <stdint.h>
#include <stdio.h>

enum { SIZES = 1, LEADING_DIMENSIONS = 2 };

static int limited(enum ritz_op op)
{
    switch (op) {
    case RITZ_OP_gemm: return LEADING_DIMENSIONS;
    case RITZ_OP_syrk:
    case RITZ_OP_trsm:
    case RITZ_OP_potrf:
    case RITZ_OP_geqrf:
    case RITZ_OP_orgqr:
    case RITZ_OP_ormqr:
    case RITZ_OP_gesvd:
    case RITZ_OP_syev: return SIZES | LEADING_DIMENSIONS;
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

const char *cpu_limits(enum ritz_op op, const ritz_dmat *key, int count)
{
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
