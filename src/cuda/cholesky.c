/* Cholesky factorization without cuSOLVER, so that it can be captured in a graph. A small matrix is
 * one block of threads' work, from the check of its numbers to its verdict. Of a larger one Ritz's
 * own kernel factors diagonal blocks, and cuBLAS does what lies below and right of them.
 *
 * The factorization runs on a dense copy, lower and column-major, so that the trailing update may
 * be a plain product although
 * the caller's other triangle must not be touched.
 *
 *     A11 = L11 L11ᵀ,   L21 = A21 L11⁻ᵀ,   A22 -= L21 L21ᵀ
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 4.2.9.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"

static ritz_status factor_block(ritz_stream *s, ritz_dmat W, int64_t first, void *info)
{
    if (W.dtype == RITZ_F64)
        return CUDA(launch_cholesky_block_f64(W.data, W.rows, W.ld, W.batch_stride, W.batch, first,
                                              info, cuda_native(s)));
    return CUDA(launch_cholesky_block_f32(W.data, W.rows, W.ld, W.batch_stride, W.batch, first,
                                          info, cuda_native(s)));
}

/* W: n x n, column-major, its lower triangle given and its upper one free. */
static ritz_status factor(ritz_stream *s, ritz_dmat W, void *info)
{
    for (int64_t k = 0; k < W.rows; k += CHOLESKY_BLOCK) {
        const int64_t nb = W.rows - k < CHOLESKY_BLOCK ? W.rows - k : CHOLESKY_BLOCK;
        const int64_t rest = W.rows - k - nb;
        const ritz_dmat L11 = cuda_block(W, k, k, nb, nb);
        RITZ_TRY(factor_block(s, L11, k, info));
        if (rest == 0) break;
        const ritz_dmat A21 = cuda_block(W, k + nb, k, rest, nb);
        const ritz_dmat A22 = cuda_block(W, k + nb, k + nb, rest, rest);
        RITZ_TRY(cuda_trsm(s, RITZ_RIGHT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, cuda_t(L11), A21));
        if (W.batch == 1)
            RITZ_TRY(cuda_syrk(s, RITZ_LOWER, -1.0, A21, 1.0, A22));
        else
            RITZ_TRY(cuda_gemm(s, -1.0, A21, cuda_t(A21), 1.0, A22));
    }
    return RITZ_OK;
}

ritz_status cuda_small_cholesky(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat info)
{
    const struct cuda_operand a = cuda_operand_of(uplo == RITZ_LOWER ? A : cuda_t(A));
    if (cuda_operand_empty(&a)) return cuda_fill(s, 0.0, info);
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_cholesky_small(a, info.data, cuda_row_step(info), cuda_native(s)));
}

ritz_status cuda_potrf(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat info)
{
    if (A.rows == 0 || A.batch == 0) return cuda_fill(s, 0.0, info);
    CUDA_ENTER(cuda_device_of(s));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_dmat L = uplo == RITZ_LOWER ? A : cuda_t(A); /* the triangle as a lower one */
    ritz_status rc;
    ritz_dmat W, verdict;
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, A.rows, A.batch, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, A.batch, 1, 1, &verdict));
    RITZ_TRY_OUT(cuda_fill(s, 0.0, verdict));
    RITZ_TRY_OUT(cuda_tri_copy(s, RITZ_LOWER, L, W));
    RITZ_TRY_OUT(factor(s, W, verdict.data));
    RITZ_TRY_OUT(cuda_tri_put(s, RITZ_LOWER, W, L));
    RITZ_TRY_OUT(cuda_copy(s, verdict, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
