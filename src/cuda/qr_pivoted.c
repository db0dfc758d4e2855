/* QR with column pivoting, by own kernels: cuSOLVER has none.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"

ritz_status cuda_geqp3(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat tau)
{
    if (A.cols == 0 || A.batch == 0) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const struct qr_small q = {
        .m = A.rows,
        .n = A.cols,
        .ld = A.ld,
        .stride = A.batch_stride,
        .tau_step = cuda_row_step(tau),
        .tau_stride = tau.batch_stride,
        .batch = A.batch,
    };
    const int64_t step = cuda_row_step(pivots);
    ritz_status rc;
    ritz_dmat lengths = {.data = NULL};
    /* Two numbers a column go with the matrix into shared memory. */
    if (!cuda_fits_shared(A.dtype, A.rows + 2, A.cols))
        RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.cols, 2, A.batch, &lengths));
    if (A.dtype == RITZ_F64)
        RITZ_TRY_OUT(CUDA(launch_geqp3_f64(&q, A.data, pivots.data, step, pivots.batch_stride,
                                           tau.data, lengths.data, cuda_native(s))));
    else
        RITZ_TRY_OUT(CUDA(launch_geqp3_f32(&q, A.data, pivots.data, step, pivots.batch_stride,
                                           tau.data, lengths.data, cuda_native(s))));
out:
    ritz_work_release(s, mark);
    return rc;
}
