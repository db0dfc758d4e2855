/* cuBLAS by the type of its arguments, for the self-tests.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_SELFTEST_BLAS_FIXTURE_H
#define RITZ_TESTS_CUDAEMU_SELFTEST_BLAS_FIXTURE_H

#include "library_fixture.h"

namespace fixture
{

/* alpha and beta. */
constexpr double SCALARS[][2] = {{1, 0}, {-0.5, 1}, {2, -0.25}, {0, 0.5}, {0, 0}};

template <class T> constexpr cublasComputeType_t compute_in()
{
    return sizeof(T) == sizeof(double) ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F;
}

/* alpha and beta are of type T, on the host or on the device. */
template <class T>
cublasStatus_t call_gemm(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb,
                         const T *alpha, const Matrix<T> &A, const Matrix<T> &B, const T *beta,
                         const Matrix<T> &C, int64_t k)
{
    cudaDataType t = type_of<T>();
    return cublasGemmEx_64(h, ta, tb, C.rows, C.cols, k, alpha, A.p, t, A.ld, B.p, t, B.ld, beta,
                           C.p, t, C.ld, compute_in<T>(), CUBLAS_GEMM_DEFAULT);
}

template <class T>
cublasStatus_t call_strided(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb,
                            const T *alpha, const Matrix<T> &A, int64_t stride_a,
                            const Matrix<T> &B, const T *beta, const Matrix<T> &C, int64_t stride_c,
                            int64_t k)
{
    cudaDataType t = type_of<T>();
    return cublasGemmStridedBatchedEx_64(h, ta, tb, C.rows, C.cols, k, alpha, A.p, t, A.ld,
                                         stride_a, B.p, t, B.ld, B.stride, beta, C.p, t, C.ld,
                                         stride_c, C.batch, compute_in<T>(), CUBLAS_GEMM_DEFAULT);
}

inline cublasStatus_t call_syrk(cublasHandle_t h, cublasFillMode_t uplo, cublasOperation_t op,
                                int64_t k, const float *alpha, const Matrix<float> &A,
                                const float *beta, const Matrix<float> &C)
{
    return cublasSsyrk_64(h, uplo, op, C.rows, k, alpha, A.p, A.ld, beta, C.p, C.ld);
}

inline cublasStatus_t call_syrk(cublasHandle_t h, cublasFillMode_t uplo, cublasOperation_t op,
                                int64_t k, const double *alpha, const Matrix<double> &A,
                                const double *beta, const Matrix<double> &C)
{
    return cublasDsyrk_64(h, uplo, op, C.rows, k, alpha, A.p, A.ld, beta, C.p, C.ld);
}

struct Trsm {
    cublasSideMode_t side;
    cublasFillMode_t uplo;
    cublasOperation_t op;
    cublasDiagType_t diag;
};

inline cublasStatus_t call_trsm(cublasHandle_t h, const Trsm &t, const float *alpha,
                                const Matrix<float> &A, const Matrix<float> &B)
{
    return cublasStrsm_64(h, t.side, t.uplo, t.op, t.diag, B.rows, B.cols, alpha, A.p, A.ld, B.p,
                          B.ld);
}

inline cublasStatus_t call_trsm(cublasHandle_t h, const Trsm &t, const double *alpha,
                                const Matrix<double> &A, const Matrix<double> &B)
{
    return cublasDtrsm_64(h, t.side, t.uplo, t.op, t.diag, B.rows, B.cols, alpha, A.p, A.ld, B.p,
                          B.ld);
}

inline cublasStatus_t call_trsm_batched(cublasHandle_t h, const Trsm &t, const float *alpha,
                                        float *const *pa, const Matrix<float> &A, float *const *pb,
                                        const Matrix<float> &B)
{
    return cublasStrsmBatched_64(h, t.side, t.uplo, t.op, t.diag, B.rows, B.cols, alpha, pa, A.ld,
                                 pb, B.ld, B.batch);
}

inline cublasStatus_t call_trsm_batched(cublasHandle_t h, const Trsm &t, const double *alpha,
                                        double *const *pa, const Matrix<double> &A,
                                        double *const *pb, const Matrix<double> &B)
{
    return cublasDtrsmBatched_64(h, t.side, t.uplo, t.op, t.diag, B.rows, B.cols, alpha, pa, A.ld,
                                 pb, B.ld, B.batch);
}

/* What the routine must not read is NaN; what it reads has a dominant diagonal. */
template <class T> void prepare(const Trsm &t, Matrix<T> *A)
{
    for (int64_t b = 0; b < A->batch; b++) {
        for (int64_t j = 0; j < A->cols; j++) {
            for (int64_t i = 0; i < A->rows; i++) {
                if (!in_triangle(t.uplo, i, j)) A->at(i, j, b) = nan_of<T>();
                if (i == j)
                    A->at(i, j, b) = t.diag == CUBLAS_DIAG_UNIT ? nan_of<T>() : T(3 + uniform());
                if (i != j) A->at(i, j, b) *= T(0.3);
            }
        }
    }
    A->up();
}

} // namespace fixture

#endif
