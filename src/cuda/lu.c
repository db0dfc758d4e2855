/* LU factorization with partial pivoting: Ritz's own kernel for matrices that fit into shared
 * memory; for a batch of larger ones panels by an own kernel and the rest by cuBLAS, the whole
 * batch at a time; cuSOLVER for one larger matrix.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"
#include "cuda/thresholds.h"

/* ---- interchanges ---- */

/* `count` interchanges of rows of B, which begins at row `first` of the matrix that the pivots
 * speak of. */
static ritz_status interchange(ritz_stream *s, int inverse, ritz_dmat pivots, int64_t first,
                               ritz_dmat B)
{
    if (pivots.rows == 0 || B.cols == 0 || B.batch == 0) return RITZ_OK;
    const struct swap_shape q = {
        .count = pivots.rows,
        .rows = B.rows,
        .cols = B.cols,
        .row_step = cuda_row_step(B),
        .col_step = cuda_col_step(B),
        .stride = cuda_batch_step(B),
        .batch = B.batch,
        .pivot_step = cuda_row_step(pivots),
        .pivot_stride = cuda_batch_step(pivots),
        .first = first,
        .inverse = inverse,
        .down = B.layout == RITZ_COL_MAJOR,
    };
    if (B.dtype == RITZ_F64)
        return CUDA(launch_swap_rows_f64(&q, pivots.data, B.data, cuda_native(s)));
    return CUDA(launch_swap_rows_f32(&q, pivots.data, B.data, cuda_native(s)));
}

ritz_status cuda_swap_rows(ritz_stream *s, int inverse, ritz_dmat pivots, ritz_dmat B)
{
    CUDA_ENTER(cuda_device_of(s));
    return interchange(s, inverse, pivots, 0, B);
}

/* ---- getrf ---- */

static ritz_status factor_panel(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, int64_t first,
                                void *info)
{
    const struct lu_panel_shape q = {
        .m = A.rows,
        .n = A.cols,
        .ld = A.ld,
        .stride = A.batch_stride,
        .batch = A.batch,
        .first = first,
        .pivot_step = cuda_row_step(pivots),
        .pivot_stride = cuda_batch_step(pivots),
    };
    const int in_shared = cuda_fits_shared(A.dtype, A.rows, A.cols);
    if (A.dtype == RITZ_F64)
        return CUDA(launch_lu_panel_f64(&q, in_shared, A.data, pivots.data, info, cuda_native(s)));
    return CUDA(launch_lu_panel_f32(&q, in_shared, A.data, pivots.data, info, cuda_native(s)));
}

/* With A = [A11 A12; A21 A22] and the panel [A11; A21] factored: A12 becomes L11⁻¹ A12, A22 loses
 * A21 A12. */
static ritz_status by_panels(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, void *info)
{
    const int64_t n = A.rows;
    for (int64_t k = 0; k < n; k += CUDA_PANEL) {
        const int64_t nb = n - k < CUDA_PANEL ? n - k : CUDA_PANEL, rest = n - k - nb;
        const ritz_dmat swaps = cuda_block(pivots, k, 0, nb, 1);
        RITZ_TRY(factor_panel(s, cuda_block(A, k, k, n - k, nb), swaps, k, info));
        RITZ_TRY(interchange(s, 0, swaps, k, cuda_block(A, k, 0, n - k, k)));
        if (rest == 0) break;
        const ritz_dmat A12 = cuda_block(A, k, k + nb, nb, rest);
        RITZ_TRY(interchange(s, 0, swaps, k, cuda_block(A, k, k + nb, n - k, rest)));
        RITZ_TRY(
            cuda_trsm(s, RITZ_LEFT, RITZ_LOWER, RITZ_UNIT, 1.0, cuda_block(A, k, k, nb, nb), A12));
        RITZ_TRY(cuda_gemm(s, -1.0, cuda_block(A, k + nb, k, rest, nb), A12, 1.0,
                           cuda_block(A, k + nb, k + nb, rest, rest)));
    }
    return RITZ_OK;
}

/* cuSOLVER's pivots are int64. */
static ritz_status by_library(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, void *info)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const cudaDataType type = cuda_data_type(A.dtype);
    ritz_status rc;
    cusolverDnHandle_t solver;
    cusolverDnParams_t params;
    size_t on_device = 0, on_host = 0;
    void *device_work = NULL, *host_work = NULL;
    ritz_dmat wide;
    RITZ_TRY_OUT(cuda_solver(s, &solver, &params));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I64, RITZ_COL_MAJOR, A.rows, 1, 1, &wide));
    RITZ_TRY_OUT(SOLVER(cusolverDnXgetrf_bufferSize(solver, params, A.rows, A.cols, type, A.data,
                                                    A.ld, type, &on_device, &on_host)));
    RITZ_TRY_OUT(ritz_work_bytes(s, on_device, &device_work));
    RITZ_TRY_OUT(cuda_host_workspace(on_host, &host_work));
    rc = SOLVER(cusolverDnXgetrf(solver, params, A.rows, A.cols, type, A.data, A.ld, wide.data,
                                 type, device_work, on_device, host_work, on_host, info));
    cuda_host_workspace_done(s, host_work);
    if (rc == RITZ_OK) rc = cuda_copy(s, wide, pivots);
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_getrf(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat info)
{
    if (A.rows == 0 || A.batch == 0) return cuda_fill(s, 0.0, info);
    CUDA_ENTER(cuda_device_of(s));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat verdicts;
    RITZ_TRY_OUT(cuda_verdicts(s, info, &verdicts));
    RITZ_TRY_OUT(cuda_fill(s, 0.0, verdicts));
    if (cuda_fits_shared(A.dtype, A.rows, A.cols))
        RITZ_TRY_OUT(factor_panel(s, A, pivots, 0, verdicts.data));
    else if (A.batch > 1)
        RITZ_TRY_OUT(by_panels(s, A, pivots, verdicts.data));
    else
        RITZ_TRY_OUT(by_library(s, A, pivots, verdicts.data));
    RITZ_TRY_OUT(cuda_deliver_verdicts(s, verdicts, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
