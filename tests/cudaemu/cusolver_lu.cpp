/* cuSOLVER: LU (cusolverDnXgetrf).
 *
 * The factorization is Ritz's own, column by column, because which of several largest elements
 * becomes the pivot is the routine's choice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cmath>

#include "solver_call.h"

namespace emu
{

namespace
{

/* The row of a pivot for column k of an m-row packed copy: any of the largest elements. */
template <class T>
int64_t choose_pivot(const std::vector<T> &A, int64_t m, int64_t k, Freedom *freedom)
{
    int64_t best = k, equals = 1;
    for (int64_t i = k + 1; i < m; i++) {
        T x = std::abs(A[size_t(i + k * m)]), y = std::abs(A[size_t(best + k * m)]);
        if (x > y) {
            best = i;
            equals = 1;
        } else if (x == y && x > 0 && freedom->draw(uint64_t(++equals)) == 0) {
            best = i;
        }
    }
    return best;
}

/* What the first column without a pivot is called in info; the pivots, from 1, unless `pivots` is
 * empty: then no rows are interchanged. */
template <class T>
int factor(int64_t m, int64_t n, std::vector<T> *A, std::vector<int64_t> *pivots, Freedom *freedom)
{
    auto at = [=](int64_t i, int64_t j) -> T & { return (*A)[size_t(i + j * m)]; };
    int info = 0;
    for (int64_t k = 0; k < std::min(m, n); k++) {
        if (!pivots->empty()) {
            int64_t p = choose_pivot(*A, m, k, freedom);
            (*pivots)[size_t(k)] = p + 1;
            for (int64_t j = 0; j < n && p != k; j++) std::swap(at(k, j), at(p, j));
        }
        T pivot = at(k, k);
        if (pivot == 0 && info == 0) info = int(k + 1);
        if (pivot == 0 && !pivots->empty()) continue;
        for (int64_t i = k + 1; i < m; i++) at(i, k) /= pivot;
        for (int64_t j = k + 1; j < n; j++)
            for (int64_t i = k + 1; i < m; i++) at(i, j) -= at(i, k) * at(k, j);
    }
    return info;
}

template <class T>
void run_getrf(int64_t m, int64_t n, void *A, int64_t lda, int64_t *ipiv, Freedom freedom,
               bool poisoned, Verdicts *verdicts)
{
    int64_t q = std::min(m, n);
    Operand a = operand("A", A, sizeof(T), m, n, lda, Access::ReadWrite);
    Operand p = array("ipiv", ipiv, sizeof(int64_t), q, Access::Write);
    declare(a);
    if (ipiv) declare(p);
    std::vector<T> copy = fetch(static_cast<T *>(A), m, n, lda);
    std::vector<int64_t> pivots(ipiv ? size_t(q) : 0, 0);
    verdicts->settle(0, factor(m, n, &copy, &pivots, &freedom));
    store(copy, static_cast<T *>(A), m, n, lda);
    if (ipiv) store(pivots, ipiv, q, 1, q);
    if (poisoned) spoil(a);
}

/* The default algorithm takes about as much workspace as the matrix. */
Key getrf_key(int64_t m, int64_t n, cudaDataType type, int64_t lda)
{
    return {"Xgetrf", {m, n, type, lda}, m * n, bytes_of_real(type), true, false};
}

void check_getrf(SolverCall *c, cusolverDnParams_t params, int64_t m, int64_t n, cudaDataType type,
                 int64_t lda, cudaDataType compute)
{
    if (!c->fine()) return;
    c->parameters(params);
    c->positive("m", m);
    c->positive("n", n);
    c->arguments().leading_dimension("lda", lda, m);
    c->types({type, compute});
}

} // namespace

} // namespace emu

using namespace emu;

extern "C" cusolverStatus_t
cusolverDnXgetrf_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m,
                            int64_t n, cudaDataType dataTypeA, const void *, int64_t lda,
                            cudaDataType computeType, size_t *workspaceInBytesOnDevice,
                            size_t *workspaceInBytesOnHost)
{
    SolverCall c(__func__, handle, SolverCall::Setting);
    check_getrf(&c, params, m, n, dataTypeA, lda, computeType);
    if (!c.fine()) return c.status();
    return c.answer(getrf_key(m, n, dataTypeA, lda), workspaceInBytesOnDevice,
                    workspaceInBytesOnHost);
}

extern "C" cusolverStatus_t cusolverDnXgetrf(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                             int64_t m, int64_t n, cudaDataType dataTypeA, void *A,
                                             int64_t lda, int64_t *ipiv, cudaDataType computeType,
                                             void *bufferOnDevice, size_t workspaceInBytesOnDevice,
                                             void *bufferOnHost, size_t workspaceInBytesOnHost,
                                             int *info)
{
    SolverCall c(__func__, handle, SolverCall::Computing);
    check_getrf(&c, params, m, n, dataTypeA, lda, computeType);
    if (!c.fine()) return c.status();
    size_t size = bytes_of_real(dataTypeA);
    c.arguments().device_operand(operand("A", A, size, m, n, lda, Access::ReadWrite));
    if (ipiv) /* NULL: no interchanges */
        c.arguments().device_operand(
            not_a_result(array("ipiv", ipiv, sizeof(int64_t), std::min(m, n), Access::Write)));
    c.workspace(getrf_key(m, n, dataTypeA, lda), {bufferOnDevice, int64_t(workspaceInBytesOnDevice),
                                                  bufferOnHost, workspaceInBytesOnHost});
    count_flops(double(m) * double(n) * double(std::min(m, n)));
    Freedom freedom = c.freedom({m, n, lda});
    bool poisoned = c.poisoned();
    return c.enqueue(info, 1, [=](Verdicts *v) {
        if (dataTypeA == CUDA_R_64F)
            run_getrf<double>(m, n, A, lda, ipiv, freedom, poisoned, v);
        else
            run_getrf<float>(m, n, A, lda, ipiv, freedom, poisoned, v);
    });
}
