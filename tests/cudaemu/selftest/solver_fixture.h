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

} // namespace fixture

#endif
