/* References for the self-tests of the emulated cuSOLVER.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_SELFTEST_SOLVER_FIXTURE_H
#define RITZ_TESTS_CUDAEMU_SELFTEST_SOLVER_FIXTURE_H

#include "library_fixture.h"

namespace fixture
{

constexpr double LIMIT = 50; /* in units of size times machine epsilon */
constexpr cusolverEigMode_t VECTORS = CUSOLVER_EIG_MODE_VECTOR, VALUES = CUSOLVER_EIG_MODE_NOVECTOR;

/* |XᵀX - I| over the first k columns of X. */
template <class T> double orthogonality(const Matrix<T> &X, int64_t k, int64_t b = 0)
{
    double worst = 0;
    for (int64_t p = 0; p < k; p++) {
        for (int64_t q = 0; q < k; q++) {
            double sum = p == q ? -1 : 0;
            for (int64_t i = 0; i < X.rows; i++)
                sum += double(X.at(i, p, b)) * double(X.at(i, q, b));
            worst = std::max(worst, std::abs(sum));
        }
    }
    return worst;
}

template <class T> bool all_nan(const Matrix<T> &A, int64_t b = 0)
{
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            if (!std::isnan(A.at(i, j, b))) return false;
    return true;
}

/* The element as it was uploaded. */
template <class T> double original(const Matrix<T> &A, int64_t i, int64_t j, int64_t b = 0)
{
    return double(A.uploaded[size_t(b * A.stride + i + j * A.ld)]);
}

/* A triangle of a positive definite matrix, NaN in the other one. */
template <class T> void make_definite(Matrix<T> *A, cublasFillMode_t uplo)
{
    for (int64_t b = 0; b < A->batch; b++)
        for (int64_t j = 0; j < A->cols; j++)
            for (int64_t i = 0; i < A->rows; i++) {
                A->at(i, j, b) = T(i == j ? double(A->rows) + 1 : uniform());
                if (!in_triangle(uplo, i, j)) A->at(i, j, b) = nan_of<T>();
            }
}

template <class T>
double factor_at(const Matrix<T> &F, cublasFillMode_t uplo, int64_t i, int64_t j, int64_t b)
{
    /* L(i, j), which is U(j, i) */
    if (i < j) return 0;
    return double(uplo == CUBLAS_FILL_MODE_LOWER ? F.at(i, j, b) : F.at(j, i, b));
}

template <class T>
void expect_factor(const Matrix<T> &F, cublasFillMode_t uplo, int64_t order, int64_t b = 0)
{
    for (int64_t j = 0; j < order; j++) {
        for (int64_t i = j; i < order; i++) {
            double sum =
                uplo == CUBLAS_FILL_MODE_LOWER ? -original(F, i, j, b) : -original(F, j, i, b);
            for (int64_t l = 0; l <= j; l++)
                sum += factor_at(F, uplo, i, l, b) * factor_at(F, uplo, j, l, b);
            CHECK(std::abs(sum) <= LIMIT * double(F.rows) * eps<T>());
        }
    }
}

inline cusolverStatus_t call_potrf_batched(cusolverDnHandle_t h, cublasFillMode_t uplo, float **p,
                                           const Matrix<float> &A, int *info)
{
    return cusolverDnSpotrfBatched(h, uplo, int(A.rows), p, int(A.ld), info, int(A.batch));
}

inline cusolverStatus_t call_potrf_batched(cusolverDnHandle_t h, cublasFillMode_t uplo, double **p,
                                           const Matrix<double> &A, int *info)
{
    return cusolverDnDpotrfBatched(h, uplo, int(A.rows), p, int(A.ld), info, int(A.batch));
}

} // namespace fixture

#endif
