/* Householder QR of a batch of matrices beyond a block's shared memory: reflectors in blocks, made
 * by an own kernel and applied by products, the whole batch at a time.
 *
 *     H_1 ... H_r = I - V T Vᵀ
 *
 * Source: Schreiber and Van Loan 1989; Golub and Van Loan, Matrix Computations, 4th ed. 2013,
 * section 5.2.3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"
#include "cuda/kernels.h"
#include "cuda/thresholds.h"

static struct qr_small shape_of(ritz_dmat A, ritz_dmat tau)
{
    return (struct qr_small){
        .m = A.rows,
        .n = A.cols,
        .r = tau.rows,
        .ld = A.ld,
        .stride = cuda_batch_step(A),
        .tau_step = cuda_row_step(tau),
        .tau_stride = cuda_batch_step(tau),
        .batch = A.batch,
    };
}

/* V and T of the reflectors in A, as many as tau has, at most CUDA_PANEL. From the workspace. */
struct block {
    ritz_dmat V, T;
};

static ritz_status make_block(ritz_stream *s, ritz_dmat A, ritz_dmat tau, struct block *B)
{
    const int64_t r = tau.rows;
    RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, r, A.batch, &B->V));
    RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, r, r,
                            A.batch > tau.batch ? A.batch : tau.batch, &B->T));
    RITZ_TRY(CUDA(launch_reflectors(cuda_operand_of(cuda_block(A, 0, 0, A.rows, r)),
                                    cuda_operand_of(B->V), cuda_native(s))));
    RITZ_TRY(cuda_gemm(s, 1.0, cuda_t(B->V), B->V, 0.0, B->T));
    const struct qr_small q = shape_of(B->T, tau);
    if (A.dtype == RITZ_F64)
        return CUDA(launch_block_triangle_f64(&q, B->T.data, tau.data, cuda_native(s)));
    return CUDA(launch_block_triangle_f32(&q, B->T.data, tau.data, cuda_native(s)));
}

/* C = C - V op(T) (Vᵀ C) */
static ritz_status apply_block(ritz_stream *s, ritz_apply which, const struct block *B, ritz_dmat C)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t r = B->T.rows;
    ritz_status rc;
    ritz_dmat W, TW;
    RITZ_TRY_OUT(ritz_work_dmat(s, C.dtype, RITZ_COL_MAJOR, r, C.cols, C.batch, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, C.dtype, RITZ_COL_MAJOR, r, C.cols, C.batch, &TW));
    RITZ_TRY_OUT(cuda_gemm(s, 1.0, cuda_t(B->V), C, 0.0, W));
    RITZ_TRY_OUT(cuda_gemm(s, 1.0, which == RITZ_APPLY_Q ? B->T : cuda_t(B->T), W, 0.0, TW));
    RITZ_TRY_OUT(cuda_gemm(s, -1.0, B->V, TW, 1.0, C));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The reflectors from number k on, `count` of them, on the rows of C from k on. */
static ritz_status apply_range(ritz_stream *s, ritz_apply which, ritz_dmat A, ritz_dmat tau,
                               int64_t k, int64_t count, ritz_dmat C)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct block B;
    if (C.cols == 0) return RITZ_OK;
    RITZ_TRY_OUT(
        make_block(s, cuda_block(A, k, k, A.rows - k, count), cuda_block(tau, k, 0, count, 1), &B));
    RITZ_TRY_OUT(apply_block(s, which, &B, cuda_block(C, k, 0, C.rows - k, C.cols)));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status factor_panel(ritz_stream *s, ritz_dmat A, ritz_dmat tau)
{
    const struct qr_small q = shape_of(A, tau);
    if (cuda_fits_shared(A.dtype, A.rows, A.cols)) return cuda_geqrf(s, A, tau);
    if (A.dtype == RITZ_F64)
        return CUDA(launch_geqrf_panel_f64(&q, A.data, tau.data, cuda_native(s)));
    return CUDA(launch_geqrf_panel_f32(&q, A.data, tau.data, cuda_native(s)));
}

ritz_status cuda_geqrf_batch(ritz_stream *s, ritz_dmat A, ritz_dmat tau)
{
    for (int64_t k = 0; k < tau.rows; k += CUDA_PANEL) {
        const int64_t nb = tau.rows - k < CUDA_PANEL ? tau.rows - k : CUDA_PANEL;
        RITZ_TRY(
            factor_panel(s, cuda_block(A, k, k, A.rows - k, nb), cuda_block(tau, k, 0, nb, 1)));
        RITZ_TRY(apply_range(s, RITZ_APPLY_Q_TRANSPOSED, A, tau, k, nb,
                             cuda_block(A, 0, k + nb, A.rows, A.cols - k - nb)));
    }
    return RITZ_OK;
}

/* Qᵀ C takes the blocks in their order, Q C from the last to the first. */
ritz_status cuda_ormqr_batch(ritz_stream *s, ritz_apply which, ritz_dmat A, ritz_dmat tau,
                             ritz_dmat C)
{
    const int64_t blocks = (tau.rows + CUDA_PANEL - 1) / CUDA_PANEL;
    for (int64_t i = 0; i < blocks; i++) {
        const int64_t k = (which == RITZ_APPLY_Q ? blocks - 1 - i : i) * CUDA_PANEL;
        const int64_t nb = tau.rows - k < CUDA_PANEL ? tau.rows - k : CUDA_PANEL;
        RITZ_TRY(apply_range(s, which, A, tau, k, nb, C));
    }
    return RITZ_OK;
}

/* Q times the identity, from a copy of the reflectors. */
ritz_status cuda_orgqr_batch(ritz_stream *s, ritz_dmat A, ritz_dmat tau)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_dmat given = cuda_block(A, 0, 0, A.rows, tau.rows);
    ritz_status rc;
    ritz_dmat R;
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, given.rows, given.cols, A.batch, &R));
    RITZ_TRY_OUT(cuda_copy(s, given, R));
    RITZ_TRY_OUT(cuda_set_identity(s, A));
    RITZ_TRY_OUT(cuda_ormqr_batch(s, RITZ_APPLY_Q, R, tau, A));
out:
    ritz_work_release(s, mark);
    return rc;
}
