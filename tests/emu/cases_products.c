/* Products and triangular systems.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/cases.h"

CALL(gemm)
{
    return ritz_gemm(w->s, 1, A_, S_, 0, X_);
}

/* The bfloat16 matrix, and room behind it for the float32 product. */
PREPARE(gemm_bfloat16)
{
    const ritz_status status =
        ritz_dmat_create(w->service, RITZ_BF16, RITZ_COL_MAJOR, w->n, 3 * w->n, &w->made);
    return status ? status : ritz_copy(w->service, S_, ritz_cols(w->made, 0, w->n));
}

CALL(gemm_bfloat16)
{
    const ritz_dmat B = ritz_cols(w->made, 0, w->n);
    const ritz_dmat F = ritz_dmat_wrap(w->dev, ritz_cols(w->made, w->n, w->n).data, RITZ_F32, w->n,
                                       w->n, RITZ_ROW_MAJOR);
    const ritz_status status = ritz_gemm(w->s, 1, B, B, 0, F);
    return status ? status : ritz_copy(w->s, F, C_);
}

CALL(gemm_batch)
{
    /* Items of ten rows each. */
    const ritz_dmat A = ritz_batched(top(A_, 10), w->m / 10, 10 * A_.ld);
    return ritz_gemm(w->s, 1, A, S_, 0, ritz_batched(top(X_, 10), w->m / 10, 10 * X_.ld));
}

CALL(gemm_grouped)
{
    const ritz_dmat A[] = {top(A_, 10), ritz_row_range(A_, 10, w->m - 10)}, B[] = {S_, S_};
    const ritz_dmat C[] = {top(X_, 10), ritz_row_range(X_, 10, w->m - 10)};
    return ritz_gemm_grouped(w->s, 2, 1, A, B, 0, C);
}

CALL(gemm_bias)
{
    return ritz_gemm_bias(w->s, 1, A_, S_, column(S_, 0, w->n), column(S_, 1, w->n), X_);
}

CALL(syrk)
{
    return ritz_syrk(w->s, RITZ_BOTH, 1, ritz_t(A_), 0, C_);
}

CALL(trsm)
{
    return ritz_trsm(w->s, RITZ_RIGHT, RITZ_LOWER, RITZ_NON_UNIT, 1, S_, X_);
}

CALL(trmm)
{
    return ritz_trmm(w->s, RITZ_RIGHT, RITZ_LOWER, RITZ_NON_UNIT, 1, S_, X_);
}
