/* Thin SVD of matrices with m >= n: Ritz's own Jacobi kernels for small ones and for batches, a
 * whole batch in one launch; cuSOLVER's QR iteration (Xgesvd) for one larger matrix, and for
 * batches of very large ones, item by item. Xgesvd is the slow and safe one of its SVDs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"
#include "cuda/thresholds.h"

static int is_small(ritz_dmat A)
{
    if (A.cols > CUDA_JACOBI_MOST || A.rows > CUDA_SMALL_BYTES) return 0;
    const int64_t elements = (A.rows | 1) * A.cols + (A.cols | 1) * A.cols;
    return (size_t)elements * cuda_size(A.dtype) <= CUDA_SMALL_BYTES;
}

static struct jacobi_small shape_of(ritz_dmat A, ritz_dmat S, ritz_dmat U, ritz_dmat Vt)
{
    return (struct jacobi_small){
        .m = A.rows,
        .n = A.cols,
        .ld = A.ld,
        .stride = A.batch_stride,
        .s_step = cuda_row_step(S),
        .s_stride = S.batch_stride,
        .u_ld = U.ld,
        .u_stride = U.batch_stride,
        .v_ld = Vt.ld,
        .v_stride = Vt.batch_stride,
        .batch = A.batch,
    };
}

static ritz_status by_jacobi(ritz_stream *s, ritz_dmat A, ritz_dmat S, ritz_dmat U, ritz_dmat Vt,
                             ritz_dmat info)
{
    const struct jacobi_small q = shape_of(A, S, U, Vt);
    if (A.dtype == RITZ_F64)
        return CUDA(launch_svd_f64(&q, A.data, S.data, U.data, Vt.data, info.data, cuda_native(s)));
    return CUDA(launch_svd_f32(&q, A.data, S.data, U.data, Vt.data, info.data, cuda_native(s)));
}

/* The same in place of A, which need not fit into shared memory. */
static ritz_status jacobi_in_place(ritz_stream *s, ritz_dmat A, ritz_dmat S, ritz_dmat U,
                                   ritz_dmat Vt, ritz_dmat info)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const struct jacobi_small q = shape_of(A, S, U, Vt);
    ritz_status rc;
    ritz_dmat numbers, ranks;
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.cols, A.cols + 1, A.batch, &numbers));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, A.cols, 1, A.batch, &ranks));
    if (A.dtype == RITZ_F64)
        RITZ_TRY_OUT(CUDA(launch_svd_large_f64(&q, A.data, S.data, U.data, Vt.data, info.data,
                                               numbers.data, ranks.data, cuda_native(s))));
    else
        RITZ_TRY_OUT(CUDA(launch_svd_large_f32(&q, A.data, S.data, U.data, Vt.data, info.data,
                                               numbers.data, ranks.data, cuda_native(s))));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* With A P = Q R and Rᵀ = X diag(S) Yᵀ: U = Q Y, V = P X. The columns of Rᵀ are nearly orthogonal
 * already, in descending order; on an ill-conditioned A itself Jacobi's method may not converge
 * (Drmac and Veselic 2008, section 2). */
static ritz_status by_preconditioned_jacobi(ritz_stream *s, ritz_dmat A, ritz_dmat S, ritz_dmat U,
                                            ritz_dmat Vt, ritz_dmat info)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t n = A.cols, batch = A.batch;
    ritz_status rc;
    ritz_dmat pivots, tau, L, X = {.data = NULL}, Yt = {.data = NULL};
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, n, 1, batch, &pivots));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, 1, batch, &tau));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, n, batch, &L));
    if (U.data) {
        RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, n, batch, &X));
        RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, n, batch, &Yt));
    }
    RITZ_TRY_OUT(cuda_geqp3(s, A, pivots, tau));
    RITZ_TRY_OUT(cuda_tri_copy(s, RITZ_UPPER, cuda_block(A, 0, 0, n, n), cuda_t(L)));
    RITZ_TRY_OUT(jacobi_in_place(s, L, S, X, Yt, info));
    if (U.data) {
        RITZ_TRY_OUT(cuda_fill(s, 0.0, U));
        RITZ_TRY_OUT(cuda_copy(s, cuda_t(Yt), cuda_block(U, 0, 0, n, n)));
        RITZ_TRY_OUT(cuda_ormqr(s, RITZ_APPLY_Q, A, tau, U));
        RITZ_TRY_OUT(cuda_scatter_cols(s, pivots, cuda_t(X), Vt));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* One item; S contiguous. */
static ritz_status gesvd_item(ritz_stream *s, ritz_dmat A, ritz_dmat S, ritz_dmat U, ritz_dmat Vt,
                              int *info)
{
    cusolverDnHandle_t solver;
    cusolverDnParams_t params;
    size_t on_device = 0, on_host = 0;
    void *device_work = NULL, *host_work = NULL;
    const cudaDataType type = cuda_data_type(A.dtype);
    const signed char job = U.data ? 'S' : 'N';
    /* The leading dimensions are checked even where there is nothing to write. */
    const int64_t ldu = U.data ? U.ld : A.rows, ldv = Vt.data ? Vt.ld : A.cols;
    RITZ_TRY(cuda_solver(s, &solver, &params));
    RITZ_TRY(SOLVER(cusolverDnXgesvd_bufferSize(solver, params, job, job, A.rows, A.cols, type,
                                                A.data, A.ld, type, S.data, type, U.data, ldu, type,
                                                Vt.data, ldv, type, &on_device, &on_host)));
    RITZ_TRY(ritz_work_bytes(s, on_device, &device_work));
    RITZ_TRY(cuda_host_workspace(on_host, &host_work));
    const ritz_status status = SOLVER(cusolverDnXgesvd(
        solver, params, job, job, A.rows, A.cols, type, A.data, A.ld, type, S.data, type, U.data,
        ldu, type, Vt.data, ldv, type, device_work, on_device, host_work, on_host, info));
    cuda_host_workspace_done(s, host_work);
    return status;
}

static ritz_dmat item(ritz_dmat A, int64_t b)
{
    return A.data ? cuda_items(A, A.batch == 1 ? 0 : b, 1) : A;
}

static ritz_status by_qr_iteration(ritz_stream *s, ritz_dmat A, ritz_dmat S, ritz_dmat U,
                                   ritz_dmat Vt, ritz_dmat info)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat sigma, factors;
    RITZ_TRY_OUT(cuda_balance(s, A, &factors));
    RITZ_TRY_OUT(ritz_work_dmat(s, S.dtype, RITZ_COL_MAJOR, S.rows, 1, S.batch, &sigma));
    for (int64_t b = 0; b < A.batch; b++) {
        const struct ritz_work_mark inner = ritz_work_mark(s);
        RITZ_TRY_OUT(gesvd_item(s, item(A, b), item(sigma, b), item(U, b), item(Vt, b),
                                (int *)info.data + b));
        ritz_work_release(s, inner);
    }
    RITZ_TRY_OUT(cuda_unbalance(s, factors, sigma));
    RITZ_TRY_OUT(cuda_copy(s, sigma, S));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_gesvd(ritz_stream *s, ritz_dmat A, ritz_dmat S, ritz_dmat U, ritz_dmat Vt,
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
        RITZ_TRY_OUT(by_jacobi(s, A, S, U, Vt, verdicts));
    else if (A.batch > 1 && A.cols <= CUDA_JACOBI_BATCH_MOST && A.rows <= INT32_MAX)
        RITZ_TRY_OUT(by_preconditioned_jacobi(s, A, S, U, Vt, verdicts));
    else
        RITZ_TRY_OUT(by_qr_iteration(s, A, S, U, Vt, verdicts));
    RITZ_TRY_OUT(cuda_deliver_verdicts(s, verdicts, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
