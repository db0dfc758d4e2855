/* Products and triangular solves by cuBLAS, on its 64-bit interface; a batch of triangular products
 * by an own kernel, as cuBLAS has none.
 *
 * cuBLAS is column-major. A row-major matrix is the transpose of a column-major one, so a row-major
 * result is computed as its
 * transpose: C = A B becomes Cᵀ = Bᵀ Aᵀ over the same memory, and nothing is copied.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/factor_kernels.h"
#include "cuda/kernels.h"

/* Items that one strided-batched call is given; more have been accepted, but nowhere promised. */
enum { BATCH_MOST = 65535 };

/* How cuBLAS is told to read a matrix that is wanted as it is described here. */
static cublasOperation_t as_stored(ritz_dmat A)
{
    return A.layout == RITZ_COL_MAJOR ? CUBLAS_OP_N : CUBLAS_OP_T;
}

/* A scalar in the type that the routine reads: float for everything but float64. */
union scalar {
    float f32;
    double f64;
};

static union scalar scalar_of(ritz_dtype dtype, double value)
{
    union scalar s;
    if (dtype == RITZ_F64)
        s.f64 = value;
    else
        s.f32 = (float)value;
    return s;
}

/* ---- gemm ---- */

/* C = alpha A B + beta C for column-major C and at most BATCH_MOST items. */
static ritz_status multiply(cublasHandle_t blas, double alpha, ritz_dmat A, ritz_dmat B,
                            double beta, ritz_dmat C)
{
    const union scalar a = scalar_of(C.dtype, alpha), b = scalar_of(C.dtype, beta);
    const cublasComputeType_t compute =
        C.dtype == RITZ_F64 ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F;
    if (C.batch == 1)
        return BLAS(cublasGemmEx_64(blas, as_stored(A), as_stored(B), C.rows, C.cols, A.cols, &a,
                                    A.data, cuda_data_type(A.dtype), A.ld, B.data,
                                    cuda_data_type(B.dtype), B.ld, &b, C.data,
                                    cuda_data_type(C.dtype), C.ld, compute, CUBLAS_GEMM_DEFAULT));
    return BLAS(cublasGemmStridedBatchedEx_64(
        blas, as_stored(A), as_stored(B), C.rows, C.cols, A.cols, &a, A.data,
        cuda_data_type(A.dtype), A.ld, cuda_batch_step(A), B.data, cuda_data_type(B.dtype), B.ld,
        cuda_batch_step(B), &b, C.data, cuda_data_type(C.dtype), C.ld, C.batch_stride, C.batch,
        compute, CUBLAS_GEMM_DEFAULT));
}

/* Items first .. first+count-1; an input that stands for all items stays. */
static ritz_dmat part(ritz_dmat A, int64_t first, int64_t count)
{
    return A.batch == 1 ? A : cuda_items(A, first, count);
}

/* The batched routine wants the items of C apart, not side by side inside padded lines: such a
 * batch is made elsewhere. */
static ritz_status multiply_apart(ritz_stream *s, double alpha, ritz_dmat A, ritz_dmat B,
                                  double beta, ritz_dmat C)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W;
    RITZ_TRY_OUT(ritz_work_dmat(s, C.dtype, RITZ_COL_MAJOR, C.rows, C.cols, C.batch, &W));
    if (beta != 0) RITZ_TRY_OUT(cuda_copy(s, C, W));
    RITZ_TRY_OUT(cuda_gemm(s, alpha, A, B, beta, W));
    RITZ_TRY_OUT(cuda_copy(s, W, C));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_gemm(ritz_stream *s, double alpha, ritz_dmat A, ritz_dmat B, double beta,
                      ritz_dmat C)
{
    if (C.rows == 0 || C.cols == 0 || C.batch == 0) return RITZ_OK;
    if (alpha == 0 || A.cols == 0) return cuda_scale(s, beta, C);
    if (C.layout == RITZ_ROW_MAJOR)
        return cuda_gemm(s, alpha, cuda_t(B), cuda_t(A), beta, cuda_t(C));
    if (C.cols == 1) C.ld = C.rows; /* says nothing, but cuBLAS holds it against the stride */
    if (C.batch > 1 && C.batch_stride < C.ld * C.cols)
        return multiply_apart(s, alpha, A, B, beta, C);
    CUDA_ENTER(cuda_device_of(s));
    cublasHandle_t blas;
    RITZ_TRY(cuda_blas(s, &blas));
    for (int64_t i = 0; i < C.batch; i += BATCH_MOST) {
        const int64_t count = C.batch - i < BATCH_MOST ? C.batch - i : BATCH_MOST;
        RITZ_TRY(multiply(blas, alpha, part(A, i, count), part(B, i, count), beta,
                          cuda_items(C, i, count)));
    }
    return RITZ_OK;
}

/* ---- syrk ---- */

static cublasFillMode_t fill_mode(ritz_uplo uplo, int flipped)
{
    return (uplo == RITZ_LOWER) != flipped ? CUBLAS_FILL_MODE_LOWER : CUBLAS_FILL_MODE_UPPER;
}

/* One item: cuBLAS has no batched syrk, and cuda_limits sends batches to the composite. */
ritz_status cuda_syrk(ritz_stream *s, ritz_uplo uplo, double alpha, ritz_dmat A, double beta,
                      ritz_dmat C)
{
    if (C.rows == 0 || C.batch == 0) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    cublasHandle_t blas;
    RITZ_TRY(cuda_blas(s, &blas));
    /* The lower triangle of a row-major matrix is the upper one of what cuBLAS sees. */
    const cublasFillMode_t fill = fill_mode(uplo, C.layout == RITZ_ROW_MAJOR);
    if (C.dtype == RITZ_F64) {
        return BLAS(cublasDsyrk_64(blas, fill, as_stored(A), C.rows, A.cols, &alpha, A.data, A.ld,
                                   &beta, C.data, C.ld));
    }
    const float a = (float)alpha, b = (float)beta;
    return BLAS(cublasSsyrk_64(blas, fill, as_stored(A), C.rows, A.cols, &a, A.data, A.ld, &b,
                               C.data, C.ld));
}

/* ---- trsm ---- */

/* op(A) and B for column-major B, on the given side. */
struct triangular {
    cublasSideMode_t side;
    cublasFillMode_t fill;
    cublasOperation_t op;
    cublasDiagType_t diag;
    double alpha;
    ritz_dmat A, B;
};

static struct triangular triangular_of(ritz_side side, ritz_uplo uplo, ritz_diag diag, double alpha,
                                       ritz_dmat A, ritz_dmat B)
{
    const int flipped = A.layout == RITZ_ROW_MAJOR;
    return (struct triangular){
        .side = side == RITZ_LEFT ? CUBLAS_SIDE_LEFT : CUBLAS_SIDE_RIGHT,
        .fill = fill_mode(uplo, flipped),
        .op = flipped ? CUBLAS_OP_T : CUBLAS_OP_N,
        .diag = diag == RITZ_UNIT ? CUBLAS_DIAG_UNIT : CUBLAS_DIAG_NON_UNIT,
        .alpha = alpha,
        .A = A,
        .B = B,
    };
}

static ritz_side other_side(ritz_side side)
{
    return side == RITZ_LEFT ? RITZ_RIGHT : RITZ_LEFT;
}

static ritz_uplo other_triangle(ritz_uplo uplo)
{
    return uplo == RITZ_LOWER ? RITZ_UPPER : RITZ_LOWER;
}

static ritz_status solve_one(cublasHandle_t blas, const struct triangular *t)
{
    const ritz_dmat A = t->A, B = t->B;
    if (B.dtype == RITZ_F64) {
        return BLAS(cublasDtrsm_64(blas, t->side, t->fill, t->op, t->diag, B.rows, B.cols,
                                   &t->alpha, A.data, A.ld, B.data, B.ld));
    }
    const float alpha = (float)t->alpha;
    return BLAS(cublasStrsm_64(blas, t->side, t->fill, t->op, t->diag, B.rows, B.cols, &alpha,
                               A.data, A.ld, B.data, B.ld));
}

/* The batched routine reads device arrays of pointers: a kernel makes them, in workspace. */
static ritz_status solve_batch(ritz_stream *s, cublasHandle_t blas, const struct triangular *t)
{
    const ritz_dmat A = t->A, B = t->B;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    void *a = NULL, *b = NULL;
    RITZ_TRY_OUT(cuda_pointers(s, A, B.batch, &a));
    RITZ_TRY_OUT(cuda_pointers(s, B, B.batch, &b));
    if (B.dtype == RITZ_F64) {
        RITZ_TRY_OUT(BLAS(cublasDtrsmBatched_64(blas, t->side, t->fill, t->op, t->diag, B.rows,
                                                B.cols, &t->alpha, (const double *const *)a, A.ld,
                                                (double *const *)b, B.ld, B.batch)));
    } else {
        const float alpha = (float)t->alpha;
        RITZ_TRY_OUT(BLAS(cublasStrsmBatched_64(blas, t->side, t->fill, t->op, t->diag, B.rows,
                                                B.cols, &alpha, (const float *const *)a, A.ld,
                                                (float *const *)b, B.ld, B.batch)));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_pointers(ritz_stream *s, ritz_dmat A, int64_t batch, void **pointers)
{
    RITZ_TRY(ritz_work_bytes(s, (size_t)batch * sizeof(void *), pointers));
    const int64_t step = cuda_batch_step(A) * (int64_t)cuda_size(A.dtype);
    return CUDA(launch_pointers(A.data, step, batch, *pointers, cuda_native(s)));
}

ritz_status cuda_trsm(ritz_stream *s, ritz_side side, ritz_uplo uplo, ritz_diag diag, double alpha,
                      ritz_dmat A, ritz_dmat B)
{
    if (B.rows == 0 || B.cols == 0 || B.batch == 0) return RITZ_OK;
    if (alpha == 0) return cuda_fill(s, 0.0, B);
    if (B.layout == RITZ_ROW_MAJOR) /* A X = B is Xᵀ Aᵀ = Bᵀ */
        return cuda_trsm(s, other_side(side), other_triangle(uplo), diag, alpha, cuda_t(A),
                         cuda_t(B));
    CUDA_ENTER(cuda_device_of(s));
    cublasHandle_t blas;
    RITZ_TRY(cuda_blas(s, &blas));
    const struct triangular t = triangular_of(side, uplo, diag, alpha, A, B);
    return B.batch == 1 ? solve_one(blas, &t) : solve_batch(s, blas, &t);
}

/* ---- trmm ---- */

/* cuBLAS writes the product over B if it is given as the result too. */
static ritz_status multiply_one(ritz_stream *s, const struct triangular *t)
{
    const ritz_dmat A = t->A, B = t->B;
    cublasHandle_t blas;
    RITZ_TRY(cuda_blas(s, &blas));
    if (B.dtype == RITZ_F64)
        return BLAS(cublasDtrmm_64(blas, t->side, t->fill, t->op, t->diag, B.rows, B.cols,
                                   &t->alpha, A.data, A.ld, B.data, B.ld, B.data, B.ld));
    const float alpha = (float)t->alpha;
    return BLAS(cublasStrmm_64(blas, t->side, t->fill, t->op, t->diag, B.rows, B.cols, &alpha,
                               A.data, A.ld, B.data, B.ld, B.data, B.ld));
}

/* B = alpha A B, from a copy of B. */
static ritz_status multiply_batch(ritz_stream *s, ritz_uplo uplo, ritz_diag diag, double alpha,
                                  ritz_dmat A, ritz_dmat B)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W;
    RITZ_TRY_OUT(ritz_work_dmat(s, B.dtype, B.layout, B.rows, B.cols, B.batch, &W));
    RITZ_TRY_OUT(cuda_copy(s, B, W));
    RITZ_TRY_OUT(CUDA(launch_trmm(uplo == RITZ_LOWER, diag == RITZ_UNIT, alpha,
                                  cuda_operand_broadcast(A, B.batch), cuda_operand_of(W),
                                  cuda_operand_of(B), cuda_native(s))));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cuda_trmm(ritz_stream *s, ritz_side side, ritz_uplo uplo, ritz_diag diag, double alpha,
                      ritz_dmat A, ritz_dmat B)
{
    if (B.rows == 0 || B.cols == 0 || B.batch == 0) return RITZ_OK;
    if (alpha == 0) return cuda_fill(s, 0.0, B);
    /* Transposed, where that makes a single B column-major, and of a batch a product from the
     * left. */
    if (B.batch == 1 ? B.layout == RITZ_ROW_MAJOR : side == RITZ_RIGHT)
        return cuda_trmm(s, other_side(side), other_triangle(uplo), diag, alpha, cuda_t(A),
                         cuda_t(B));
    CUDA_ENTER(cuda_device_of(s));
    if (B.batch > 1) return multiply_batch(s, uplo, diag, alpha, A, B);
    const struct triangular t = triangular_of(side, uplo, diag, alpha, A, B);
    return multiply_one(s, &t);
}
