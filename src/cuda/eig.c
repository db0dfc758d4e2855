/* Symmetric eigenproblem: Ritz's own Jacobi kernel for small matrices, a whole batch in one launch;
 * cuSOLVER's divide and conquer
 * (Xsyevd) for one large matrix, XsyevBatched for many.
 *
 * cuSOLVER computes all eigenpairs: its routine for a range writes a count to the host and so
 * synchronises.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"
#include "cuda/thresholds.h"

static int is_small(ritz_dmat A)
{
    return A.cols <= CUDA_JACOBI_MOST &&
           (size_t)(2 * (A.cols | 1) * A.cols) * cuda_size(A.dtype) <= CUDA_SMALL_BYTES;
}

static ritz_status by_jacobi(ritz_stream *s, ritz_dmat A, int64_t first, ritz_dmat W, ritz_dmat Z,
                             ritz_dmat info)
{
    const struct jacobi_small q = {
        .n = A.cols,
        .ld = A.ld,
        .stride = A.batch_stride,
        .s_step = cuda_row_step(W),
        .s_stride = W.batch_stride,
        .u_ld = Z.ld,
        .u_stride = Z.batch_stride,
        .first = first,
        .wanted = W.rows,
        .batch = A.batch,
    };
    if (A.dtype == RITZ_F64)
        return CUDA(launch_eigen_f64(&q, A.data, W.data, Z.data, info.data, cuda_native(s)));
    return CUDA(launch_eigen_f32(&q, A.data, W.data, Z.data, info.data, cuda_native(s)));
}

/* All eigenpairs of a dense batch: A becomes the vectors (or is destroyed), W (n x 1 an item,
 * dense) the values. */
struct problem {
    cusolverDnHandle_t solver;
    cusolverDnParams_t params;
    cusolverEigMode_t job;
    cudaDataType type;
};

static ritz_status syevd_one(ritz_stream *s, const struct problem *p, ritz_dmat A, ritz_dmat W,
                             int *info)
{
    const cublasFillMode_t lower = CUBLAS_FILL_MODE_LOWER;
    size_t on_device = 0, on_host = 0;
    void *device_work = NULL, *host_work = NULL;
    RITZ_TRY(SOLVER(cusolverDnXsyevd_bufferSize(p->solver, p->params, p->job, lower, A.rows,
                                                p->type, A.data, A.ld, p->type, W.data, p->type,
                                                &on_device, &on_host)));
    RITZ_TRY(ritz_work_bytes(s, on_device, &device_work));
    RITZ_TRY(cuda_host_workspace(on_host, &host_work));
    const ritz_status status = SOLVER(cusolverDnXsyevd(
        p->solver, p->params, p->job, lower, A.rows, p->type, A.data, A.ld, p->type, W.data,
        p->type, device_work, on_device, host_work, on_host, info));
    cuda_host_workspace_done(s, host_work);
    return status;
}

static ritz_status syevd_many(ritz_stream *s, const struct problem *p, ritz_dmat A, ritz_dmat W,
                              int *info)
{
    const cublasFillMode_t lower = CUBLAS_FILL_MODE_LOWER;
    size_t on_device = 0, on_host = 0;
    void *device_work = NULL, *host_work = NULL;
    RITZ_TRY(SOLVER(cusolverDnXsyevBatched_bufferSize(p->solver, p->params, p->job, lower, A.rows,
                                                      p->type, A.data, A.ld, p->type, W.data,
                                                      p->type, &on_device, &on_host, A.batch)));
    RITZ_TRY(ritz_work_bytes(s, on_device, &device_work));
    RITZ_TRY(cuda_host_workspace(on_host, &host_work));
    const ritz_status status = SOLVER(cusolverDnXsyevBatched(
        p->solver, p->params, p->job, lower, A.rows, p->type, A.data, A.ld, p->type, W.data,
        p->type, device_work, on_device, host_work, on_host, info, A.batch));
    cuda_host_workspace_done(s, host_work);
    return status;
}

/* Items that one call of XsyevBatched may have. */
static int64_t chunk_of(ritz_dmat A)
{
    const int64_t item = A.ld * A.cols * (int64_t)cuda_size(A.dtype);
    const int64_t fit = CUDA_SYEV_BATCH_BYTES / item;
    return fit < CUDA_SYEV_BATCH_MOST ? fit : CUDA_SYEV_BATCH_MOST;
}

static ritz_status solve_dense(ritz_stream *s, const struct problem *p, ritz_dmat A, ritz_dmat W,
                               int *info)
{
    const int64_t chunk = A.batch == 1 ? 1 : chunk_of(A);
    const int64_t step = chunk > 1 ? chunk : 1;
    for (int64_t b = 0; b < A.batch; b += step) {
        const int64_t left = A.batch - b, count = left < step ? left : step;
        const ritz_dmat Ab = cuda_items(A, b, count), Wb = cuda_items(W, b, count);
        const struct ritz_work_mark mark = ritz_work_mark(s);
        const ritz_status status =
            count == 1 ? syevd_one(s, p, Ab, Wb, info + b) : syevd_many(s, p, Ab, Wb, info + b);
        ritz_work_release(s, mark);
        RITZ_TRY(status);
    }
    return RITZ_OK;
}

static ritz_status by_divide_and_conquer(ritz_stream *s, ritz_dmat A, int64_t first, ritz_dmat W,
                                         ritz_dmat Z, ritz_dmat info)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct problem p = {
        .job = Z.data ? CUSOLVER_EIG_MODE_VECTOR : CUSOLVER_EIG_MODE_NOVECTOR,
        .type = cuda_data_type(A.dtype),
    };
    ritz_dmat dense = A, values, factors;
    /* One triangle is given, and what the other one holds must not count for the scale. */
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, A.cols, A.batch, &dense));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, 1, A.batch, &values));
    RITZ_TRY_OUT(cuda_tri_copy(s, RITZ_LOWER, A, dense));
    RITZ_TRY_OUT(cuda_balance(s, dense, &factors));
    RITZ_TRY_OUT(cuda_solver(s, &p.solver, &p.params));
    RITZ_TRY_OUT(solve_dense(s, &p, dense, values, info.data));
    RITZ_TRY_OUT(cuda_unbalance(s, factors, values));
    RITZ_TRY_OUT(cuda_copy(s, cuda_block(values, first, 0, W.rows, 1), W));
    if (Z.data) RITZ_TRY_OUT(cuda_copy(s, cuda_block(dense, 0, first, A.rows, W.rows), Z));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_syev(ritz_stream *s, ritz_dmat A, int64_t first, ritz_dmat W, ritz_dmat Z,
                      ritz_dmat info)
{
    if (A.batch == 0) return RITZ_OK;
    if (A.cols == 0) return cuda_fill(s, 0.0, info);
    CUDA_ENTER(cuda_device_of(s));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat verdicts;
    RITZ_TRY_OUT(cuda_verdicts(s, info, &verdicts));
    if (is_small(A))
        RITZ_TRY_OUT(by_jacobi(s, A, first, W, Z, verdicts));
    else
        RITZ_TRY_OUT(by_divide_and_conquer(s, A, first, W, Z, verdicts));
    RITZ_TRY_OUT(cuda_deliver_verdicts(s, verdicts, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
