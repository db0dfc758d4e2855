/* Products of a sparse matrix, stored by rows, with a block of vectors.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/kernels.h"
#include "cuda/thresholds.h"

/* X lies by rows, or is a column. */
static ritz_status enqueue(ritz_stream *s, const struct cuda_csr *a, ritz_dmat X, ritz_dmat Y)
{
    const size_t bytes = (size_t)(a->count * Y.cols) * cuda_size(Y.dtype);
    void *partial;
    RITZ_TRY(ritz_work_bytes(s, bytes, &partial));
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_csr(a, cuda_operand_of(X), partial, cuda_operand_of(Y), cuda_native(s)));
}

/* Columns from j on: X turned, so that it lies by rows. */
static ritz_status enqueue_panel(ritz_stream *s, const struct cuda_csr *a, ritz_dmat X, ritz_dmat Y)
{
    ritz_dmat panel;
    RITZ_TRY(ritz_work_dmat(s, X.dtype, RITZ_ROW_MAJOR, X.rows, X.cols, 1, &panel));
    RITZ_TRY(cuda_copy(s, X, panel));
    return enqueue(s, a, panel, Y);
}

ritz_status cuda_csr_gemm(ritz_stream *s, double alpha, ritz_dmat offsets, ritz_dmat indices,
                          ritz_dmat values, ritz_dmat parts, ritz_dmat X, double beta, ritz_dmat Y)
{
    if (Y.rows == 0 || Y.cols == 0) return RITZ_OK;
    if (alpha == 0.0 || values.rows == 0) return cuda_scale(s, beta, Y);
    const struct cuda_csr a = {.offsets = offsets.data,
                               .parts = parts.data,
                               .indices = indices.data,
                               .values = values.data,
                               .rows = Y.rows,
                               .elements = values.rows,
                               .count = parts.cols,
                               .part = RITZ_CSR_PART,
                               .alpha = alpha,
                               .beta = beta};
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    if (X.cols == 1 || X.layout == RITZ_ROW_MAJOR) {
        rc = enqueue(s, &a, X, Y);
        goto out;
    }
    for (int64_t j = 0; j < X.cols; j += CUDA_CSR_PANEL) {
        const int64_t width = X.cols - j < CUDA_CSR_PANEL ? X.cols - j : CUDA_CSR_PANEL;
        ritz_work_release(s, mark); /* the last panel is read before this one is written */
        RITZ_TRY_OUT(enqueue_panel(s, &a, cuda_block(X, 0, j, X.rows, width),
                                   cuda_block(Y, 0, j, Y.rows, width)));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}
