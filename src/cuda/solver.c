/* What the calls of cuSOLVER have in common: host workspace, verdicts, scaling.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"

/* ---- host workspace ---- */

static void nothing(void *context)
{
    (void)context;
}

ritz_status cuda_host_workspace(size_t bytes, void **p)
{
    *p = NULL;
    if (bytes == 0) return RITZ_OK;
    *p = malloc(bytes);
    RITZ_REQUIRE(*p, RITZ_ERR_MEMORY, "no host memory for a workspace of %zu bytes", bytes);
    return RITZ_OK;
}

/* The host function does nothing: when the stream reaches it, the memory may go. */
void cuda_host_workspace_done(ritz_stream *s, void *p)
{
    if (!p || cuda_host_job(s, nothing, p, free) == RITZ_OK) return;
    /* The stream cannot tell when it has passed: wait for it. */
    (void)cudaStreamSynchronize(cuda_native(s));
    free(p);
}

/* ---- verdicts ---- */

ritz_status cuda_verdicts(ritz_stream *s, ritz_dmat info, ritz_dmat *verdicts)
{
    *verdicts = info;
    if (cuda_row_step(info) == 1 || info.rows == 1) return RITZ_OK;
    return ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, info.rows, 1, 1, verdicts);
}

ritz_status cuda_deliver_verdicts(ritz_stream *s, ritz_dmat verdicts, ritz_dmat info)
{
    return verdicts.data == info.data ? RITZ_OK : cuda_copy(s, verdicts, info);
}

/* ---- scaling ---- */

static ritz_status scale_items(ritz_stream *s, ritz_dmat X, ritz_dmat factors, int divide)
{
    const int64_t row = cuda_row_step(X), col = cuda_col_step(X), stride = cuda_batch_step(X);
    if (X.dtype == RITZ_F64)
        return CUDA(launch_scale_items_f64(X.data, X.rows, X.cols, row, col, stride, X.batch,
                                           factors.data, divide, cuda_native(s)));
    return CUDA(launch_scale_items_f32(X.data, X.rows, X.cols, row, col, stride, X.batch,
                                       factors.data, divide, cuda_native(s)));
}

ritz_status cuda_balance(ritz_stream *s, ritz_dmat A, ritz_dmat *factors)
{
    const int wide = A.dtype == RITZ_F64;
    const double eps = wide ? DBL_EPSILON : (double)FLT_EPSILON;
    const double low = sqrt(wide ? DBL_MIN : (double)FLT_MIN) / eps;
    const double high = sqrt(wide ? DBL_MAX : (double)FLT_MAX) * eps;
    const int most = (wide ? DBL_MAX_EXP : FLT_MAX_EXP) - 2;
    ritz_dmat largest;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, A.batch, &largest));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, A.batch, 1, 1, factors));
    RITZ_TRY(cuda_max_abs(s, A, largest));
    RITZ_TRY(CUDA(launch_balance_factors(largest.data, A.batch, low, high, most, factors->data,
                                         cuda_native(s))));
    return scale_items(s, A, *factors, 0);
}

ritz_status cuda_unbalance(ritz_stream *s, ritz_dmat factors, ritz_dmat X)
{
    return scale_items(s, X, factors, 1);
}
