/* Pivoted Cholesky factorization and rank-one changes of a factor, by own kernels.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"

/* ---- chol_update ---- */

static ritz_status update(ritz_stream *s, int sigma, ritz_dmat x, ritz_dmat L, void *info)
{
    const struct update_shape q = {
        .n = L.rows,
        .row_step = cuda_row_step(L),
        .col_step = cuda_col_step(L),
        .stride = L.batch_stride,
        .step_x = cuda_row_step(x),
        .stride_x = x.batch_stride,
        .batch = L.batch,
        .sigma = sigma,
    };
    if (L.dtype == RITZ_F64)
        return CUDA(launch_chol_update_f64(&q, x.data, L.data, info, cuda_native(s)));
    return CUDA(launch_chol_update_f32(&q, x.data, L.data, info, cuda_native(s)));
}

ritz_status cuda_chol_update(ritz_stream *s, ritz_uplo uplo, int sigma, ritz_dmat x, ritz_dmat L,
                             ritz_dmat info)
{
    if (L.rows == 0 || L.batch == 0) return cuda_fill(s, 0.0, info);
    CUDA_ENTER(cuda_device_of(s));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat verdicts;
    RITZ_TRY_OUT(cuda_verdicts(s, info, &verdicts));
    RITZ_TRY_OUT(update(s, sigma, x, uplo == RITZ_LOWER ? L : cuda_t(L), verdicts.data));
    RITZ_TRY_OUT(cuda_deliver_verdicts(s, verdicts, info));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- pstrf ---- */

/* F column-major. */
static ritz_status factor(ritz_stream *s, double rtol, double atol, ritz_dmat A, ritz_dmat F,
                          ritz_dmat pivots, ritz_dmat rank, ritz_dmat error, void *info)
{
    const struct pivoted_shape q = {
        .n = A.rows,
        .steps = F.cols,
        .ld = A.ld,
        .stride = A.batch_stride,
        .ldf = F.ld,
        .stride_f = F.batch_stride,
        .pivot_step = cuda_row_step(pivots),
        .pivot_stride = pivots.batch_stride,
        .rank_step = cuda_row_step(rank),
        .error_step = cuda_row_step(error),
        .batch = A.batch,
        .rtol = rtol,
        .atol = atol,
    };
    void *work;
    RITZ_TRY(ritz_work_bytes(s, pstrf_workspace(&q), &work));
    if (A.dtype == RITZ_F64)
        return CUDA(launch_pstrf_f64(&q, A.data, F.data, pivots.data, rank.data, error.data, info,
                                     work, cuda_native(s)));
    return CUDA(launch_pstrf_f32(&q, A.data, F.data, pivots.data, rank.data, error.data, info, work,
                                 cuda_native(s)));
}

ritz_status cuda_pstrf(ritz_stream *s, double rtol, double atol, ritz_dmat A, ritz_dmat F,
                       ritz_dmat pivots, ritz_dmat rank, ritz_dmat error, ritz_dmat info)
{
    if (A.batch == 0) return RITZ_OK;
    if (A.rows == 0) {
        RITZ_TRY(cuda_fill(s, 0.0, rank));
        RITZ_TRY(cuda_fill(s, 0.0, error));
        return cuda_fill(s, 0.0, info);
    }
    CUDA_ENTER(cuda_device_of(s));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat verdicts, columns = F;
    RITZ_TRY_OUT(cuda_verdicts(s, info, &verdicts));
    if (F.layout != RITZ_COL_MAJOR)
        RITZ_TRY_OUT(ritz_work_dmat(s, F.dtype, RITZ_COL_MAJOR, F.rows, F.cols, F.batch, &columns));
    RITZ_TRY_OUT(factor(s, rtol, atol, A, columns, pivots, rank, error, verdicts.data));
    if (columns.data != F.data) RITZ_TRY_OUT(cuda_copy(s, columns, F));
    RITZ_TRY_OUT(cuda_deliver_verdicts(s, verdicts, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
