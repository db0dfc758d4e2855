/* Householder QR: Ritz's own kernels for matrices that fit into shared memory, a whole batch in one
 * launch; for a batch of larger ones, or one of few columns, the blocked algorithm of qr_batch.c;
 * cuSOLVER for one larger matrix.
 *
 * cuSOLVER's `info` of these routines speaks of wrong arguments only, which the checks of core
 * exclude; it is not read.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"
#include "cuda/thresholds.h"

/* Of the matrices that do not fit into shared memory, those that qr_batch.c takes. */
static int in_blocks(ritz_dmat A, int64_t reflectors)
{
    return A.batch > 1 || (A.rows <= CUDA_QR_BLOCKS_ROWS && reflectors <= CUDA_QR_BLOCKS_MOST);
}

/* tau as cuSOLVER wants it: contiguous. `tau` itself, or workspace of the same shape. */
static ritz_status contiguous(ritz_stream *s, ritz_dmat tau, ritz_dmat *t)
{
    *t = tau;
    if (cuda_row_step(tau) == 1 || tau.rows == 1) return RITZ_OK;
    return ritz_work_dmat(s, tau.dtype, RITZ_COL_MAJOR, tau.rows, 1, tau.batch, t);
}

/* ---- geqrf ---- */

static ritz_status geqrf_contiguous(ritz_stream *s, ritz_dmat A, ritz_dmat tau, void *info)
{
    cusolverDnHandle_t solver;
    cusolverDnParams_t params;
    size_t on_device = 0, on_host = 0;
    void *device_work = NULL, *host_work = NULL;
    const cudaDataType type = cuda_data_type(A.dtype);
    RITZ_TRY(cuda_solver(s, &solver, &params));
    RITZ_TRY(SOLVER(cusolverDnXgeqrf_bufferSize(solver, params, A.rows, A.cols, type, A.data, A.ld,
                                                type, tau.data, type, &on_device, &on_host)));
    RITZ_TRY(ritz_work_bytes(s, on_device, &device_work));
    RITZ_TRY(cuda_host_workspace(on_host, &host_work));
    const ritz_status status =
        SOLVER(cusolverDnXgeqrf(solver, params, A.rows, A.cols, type, A.data, A.ld, type, tau.data,
                                type, device_work, on_device, host_work, on_host, info));
    cuda_host_workspace_done(s, host_work);
    return status;
}

static ritz_status geqrf_one(ritz_stream *s, ritz_dmat A, ritz_dmat tau)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    void *info = NULL;
    ritz_dmat t;
    RITZ_TRY_OUT(ritz_work_bytes(s, sizeof(int), &info));
    RITZ_TRY_OUT(contiguous(s, tau, &t));
    RITZ_TRY_OUT(geqrf_contiguous(s, A, t, info));
    if (t.data != tau.data) RITZ_TRY_OUT(cuda_copy(s, t, tau));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_geqrf(ritz_stream *s, ritz_dmat A, ritz_dmat tau)
{
    if (A.rows == 0 || A.cols == 0 || A.batch == 0) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    if (!cuda_fits_shared(A.dtype, A.rows, A.cols))
        return in_blocks(A, tau.rows) ? cuda_geqrf_batch(s, A, tau) : geqrf_one(s, A, tau);
    const struct qr_small q = {
        .m = A.rows,
        .n = A.cols,
        .ld = A.ld,
        .stride = A.batch_stride,
        .tau_step = cuda_row_step(tau),
        .tau_stride = tau.batch_stride,
        .batch = A.batch,
    };
    if (A.dtype == RITZ_F64) return CUDA(launch_geqrf_f64(&q, A.data, tau.data, cuda_native(s)));
    return CUDA(launch_geqrf_f32(&q, A.data, tau.data, cuda_native(s)));
}

/* ---- orgqr ---- */

static ritz_status orgqr_contiguous(ritz_stream *s, ritz_dmat A, ritz_dmat tau, void *info)
{
    cusolverDnHandle_t solver;
    cusolverDnParams_t params;
    const int m = (int)A.rows, n = (int)A.cols, r = (int)tau.rows, ld = (int)A.ld;
    int elements = 0;
    void *work = NULL;
    RITZ_TRY(cuda_solver(s, &solver, &params));
    if (A.dtype == RITZ_F64)
        RITZ_TRY(
            SOLVER(cusolverDnDorgqr_bufferSize(solver, m, n, r, A.data, ld, tau.data, &elements)));
    else
        RITZ_TRY(
            SOLVER(cusolverDnSorgqr_bufferSize(solver, m, n, r, A.data, ld, tau.data, &elements)));
    RITZ_TRY(ritz_work_bytes(s, (size_t)elements * cuda_size(A.dtype), &work));
    if (A.dtype == RITZ_F64)
        return SOLVER(
            cusolverDnDorgqr(solver, m, n, r, A.data, ld, tau.data, work, elements, info));
    return SOLVER(cusolverDnSorgqr(solver, m, n, r, A.data, ld, tau.data, work, elements, info));
}

static ritz_status orgqr_one(ritz_stream *s, ritz_dmat A, ritz_dmat tau)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    void *info = NULL;
    ritz_dmat t;
    RITZ_TRY_OUT(ritz_work_bytes(s, sizeof(int), &info));
    RITZ_TRY_OUT(contiguous(s, tau, &t));
    if (t.data != tau.data) RITZ_TRY_OUT(cuda_copy(s, tau, t));
    RITZ_TRY_OUT(orgqr_contiguous(s, A, t, info));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_orgqr(ritz_stream *s, ritz_dmat A, ritz_dmat tau)
{
    if (A.rows == 0 || A.cols == 0 || A.batch == 0) return RITZ_OK;
    if (tau.rows == 0) return cuda_set_identity(s, A);
    CUDA_ENTER(cuda_device_of(s));
    if (!cuda_fits_shared(A.dtype, A.rows, A.cols))
        return in_blocks(A, tau.rows) ? cuda_orgqr_batch(s, A, tau) : orgqr_one(s, A, tau);
    const struct qr_small q = {
        .m = A.rows,
        .n = A.cols,
        .r = tau.rows,
        .ld = A.ld,
        .stride = A.batch_stride,
        .tau_step = cuda_row_step(tau),
        .tau_stride = cuda_batch_step(tau),
        .batch = A.batch,
    };
    if (A.dtype == RITZ_F64) return CUDA(launch_orgqr_f64(&q, A.data, tau.data, cuda_native(s)));
    return CUDA(launch_orgqr_f32(&q, A.data, tau.data, cuda_native(s)));
}

/* ---- ormqr ---- */

static ritz_status ormqr_contiguous(ritz_stream *s, cublasOperation_t op, ritz_dmat A,
                                    ritz_dmat tau, ritz_dmat C, void *info)
{
    cusolverDnHandle_t solver;
    cusolverDnParams_t params;
    const cublasSideMode_t left = CUBLAS_SIDE_LEFT;
    const int m = (int)C.rows, n = (int)C.cols, r = (int)tau.rows, lda = (int)A.ld, ldc = (int)C.ld;
    int elements = 0;
    void *work = NULL;
    RITZ_TRY(cuda_solver(s, &solver, &params));
    if (A.dtype == RITZ_F64)
        RITZ_TRY(SOLVER(cusolverDnDormqr_bufferSize(solver, left, op, m, n, r, A.data, lda,
                                                    tau.data, C.data, ldc, &elements)));
    else
        RITZ_TRY(SOLVER(cusolverDnSormqr_bufferSize(solver, left, op, m, n, r, A.data, lda,
                                                    tau.data, C.data, ldc, &elements)));
    RITZ_TRY(ritz_work_bytes(s, (size_t)elements * cuda_size(A.dtype), &work));
    if (A.dtype == RITZ_F64)
        return SOLVER(cusolverDnDormqr(solver, left, op, m, n, r, A.data, lda, tau.data, C.data,
                                       ldc, work, elements, info));
    return SOLVER(cusolverDnSormqr(solver, left, op, m, n, r, A.data, lda, tau.data, C.data, ldc,
                                   work, elements, info));
}

static ritz_status ormqr_one(ritz_stream *s, cublasOperation_t op, ritz_dmat A, ritz_dmat tau,
                             ritz_dmat C)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    void *info = NULL;
    ritz_dmat t;
    RITZ_TRY_OUT(ritz_work_bytes(s, sizeof(int), &info));
    RITZ_TRY_OUT(contiguous(s, tau, &t));
    if (t.data != tau.data) RITZ_TRY_OUT(cuda_copy(s, tau, t));
    RITZ_TRY_OUT(ormqr_contiguous(s, op, A, t, C, info));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_ormqr(ritz_stream *s, ritz_apply which, ritz_dmat A, ritz_dmat tau, ritz_dmat C)
{
    if (C.rows == 0 || C.cols == 0 || C.batch == 0 || tau.rows == 0) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    const int transposed = which == RITZ_APPLY_Q_TRANSPOSED;
    const int small = cuda_fits_shared(C.dtype, C.rows, tau.rows + C.cols);
    if (!small && in_blocks(C, tau.rows)) return cuda_ormqr_batch(s, which, A, tau, C);
    if (!small) return ormqr_one(s, transposed ? CUBLAS_OP_T : CUBLAS_OP_N, A, tau, C);
    const struct qr_small q = {
        .m = C.rows,
        .n = C.cols,
        .r = tau.rows,
        .ld = A.ld,
        .stride = cuda_batch_step(A),
        .tau_step = cuda_row_step(tau),
        .tau_stride = cuda_batch_step(tau),
        .ldc = C.ld,
        .stride_c = C.batch_stride,
        .batch = C.batch,
    };
    if (C.dtype == RITZ_F64)
        return CUDA(launch_ormqr_f64(&q, transposed, A.data, tau.data, C.data, cuda_native(s)));
    return CUDA(launch_ormqr_f32(&q, transposed, A.data, tau.data, C.data, cuda_native(s)));
}
