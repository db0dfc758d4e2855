/* cuSOLVER: Cholesky. Contracts: 4.2, 4.3, 4.4, 4.9, 8.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <lapacke.h>

#include "solver_call.h"

namespace emu
{

namespace
{

constexpr int64_t BLOCK = 32;

int factor(char uplo, int64_t n, float *A)
{
    return LAPACKE_spotrf_work(LAPACK_COL_MAJOR, uplo, blas_int(n), A, blas_int(n));
}

int factor(char uplo, int64_t n, double *A)
{
    return LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, uplo, blas_int(n), A, blas_int(n));
}

/* After info = k > 0 the contract leaves all but the leading part unspecified: NaN. LAPACK has
 * factored the leading minor of order k - 1, and not always the rows below it. */
template <class T> void spoil_after(int k, int64_t n, std::vector<T> *A)
{
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++)
            if (std::max(i, j) >= k - 1) (*A)[size_t(i + j * n)] = not_a_number<T>();
}

/* Factors a triangle that lies in device memory; the copy leaves the other one alone. */
template <class T>
void factor_item(cublasFillMode_t uplo, int64_t n, T *A, int64_t lda, Freedom *freedom,
                 int64_t item, Verdicts *verdicts)
{
    Part part = triangle_part(uplo);
    std::vector<T> copy = fetch(A, n, n, lda, part);
    int computed = 0;
    if (all_finite(copy, n, n, part)) {
        computed = factor(uplo == CUBLAS_FILL_MODE_LOWER ? 'L' : 'U', n, copy.data());
    } else {
        /* Either is to be expected: an index, or a factor full of NaN and info 0 (4.9). */
        if (freedom->coin()) computed = 1;
        fill_all(&copy, not_a_number<T>());
    }
    int info = verdicts->settle(item, computed);
    if (info > 0) spoil_after(info, n, &copy);
    store(copy, A, n, n, lda, part);
}

Key potrf_key(cublasFillMode_t uplo, int64_t n, cudaDataType type, int64_t lda)
{
    return {"Xpotrf", {uplo, n, type, lda}, BLOCK * n, bytes_of_real(type), true, false};
}

void check_potrf(SolverCall *c, cusolverDnParams_t params, cublasFillMode_t uplo, int64_t n,
                 cudaDataType type, int64_t lda, cudaDataType compute)
{
    if (!c->fine()) return;
    c->parameters(params);
    c->triangle(uplo);
    c->positive("n", n);
    c->arguments().leading_dimension("lda", lda, n);
    c->types({type, compute});
}

template <class T>
void run_potrf(cublasFillMode_t uplo, int64_t n, void *A, int64_t lda, Freedom freedom,
               bool poisoned, Verdicts *verdicts)
{
    Operand o = operand("A", A, sizeof(T), n, n, lda, Access::ReadWrite, triangle_part(uplo));
    declare(o);
    factor_item(uplo, n, static_cast<T *>(A), lda, &freedom, 0, verdicts);
    if (poisoned) spoil(o);
}

/* ---- batched, 4.4: the other triangle is scratch --------------------------------------------- */

template <class T>
void run_potrf_batched(cublasFillMode_t uplo, int n, T *const *A, int lda, int batch,
                       Freedom freedom, bool poisoned, Verdicts *verdicts)
{
    declare(array("Aarray", A, sizeof *A, batch, Access::Read));
    Part other = uplo == CUBLAS_FILL_MODE_LOWER ? Part::StrictUpper : Part::StrictLower;
    for (int b = 0; b < batch; b++) {
        Operand named = operand("an item of Aarray", A[b], sizeof(T), n, n, lda, Access::ReadWrite,
                                triangle_part(uplo));
        Operand scratch = named;
        scratch.access = Access::Write;
        scratch.part = other;
        if (!reach(named) || !reach(scratch)) return;
        factor_item(uplo, n, A[b], lda, &freedom, b, verdicts);
        spoil(scratch);
        if (poisoned) spoil(named);
    }
}

template <class T>
cusolverStatus_t potrf_batched(const char *name, cusolverDnHandle_t handle, cublasFillMode_t uplo,
                               int n, T **A, int lda, int *info, int batch)
{
    SolverCall c(name, handle, SolverCall::Computing);
    if (!c.fine()) return c.status();
    c.triangle(uplo);
    c.positive("n", n);
    c.positive("the batch", batch);
    c.arguments().leading_dimension("lda", lda, n);
    c.arguments().device_operand(array("Aarray", A, sizeof *A, batch, Access::Read));
    if (!c.fine()) return c.status();
    count_flops(double(n) * n * n / 3 * batch);
    Freedom freedom = c.freedom({uplo, n, lda, batch});
    bool poisoned = c.poisoned();
    return c.enqueue(info, batch, [=](Verdicts *v) {
        run_potrf_batched<T>(uplo, n, A, lda, batch, freedom, poisoned, v);
    });
}

} // namespace

} // namespace emu

using namespace emu;

extern "C" cusolverStatus_t
cusolverDnXpotrf_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params,
                            cublasFillMode_t uplo, int64_t n, cudaDataType dataTypeA, const void *,
                            int64_t lda, cudaDataType computeType, size_t *workspaceInBytesOnDevice,
                            size_t *workspaceInBytesOnHost)
{
    SolverCall c(__func__, handle, SolverCall::Setting);
    check_potrf(&c, params, uplo, n, dataTypeA, lda, computeType);
    if (!c.fine()) return c.status();
    return c.answer(potrf_key(uplo, n, dataTypeA, lda), workspaceInBytesOnDevice,
                    workspaceInBytesOnHost);
}

extern "C" cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                             cublasFillMode_t uplo, int64_t n,
                                             cudaDataType dataTypeA, void *A, int64_t lda,
                                             cudaDataType computeType, void *bufferOnDevice,
                                             size_t workspaceInBytesOnDevice, void *bufferOnHost,
                                             size_t workspaceInBytesOnHost, int *info)
{
    SolverCall c(__func__, handle, SolverCall::Computing);
    check_potrf(&c, params, uplo, n, dataTypeA, lda, computeType);
    if (!c.fine()) return c.status();
    c.arguments().device_operand(
        operand("A", A, bytes_of_real(dataTypeA), n, n, lda, Access::ReadWrite));
    c.workspace(
        potrf_key(uplo, n, dataTypeA, lda),
        {bufferOnDevice, int64_t(workspaceInBytesOnDevice), bufferOnHost, workspaceInBytesOnHost});
    if (!c.fine()) return c.status();
    count_flops(double(n) * double(n) * double(n) / 3);
    Freedom freedom = c.freedom({uplo, n, dataTypeA, lda});
    bool poisoned = c.poisoned();
    return c.enqueue(info, 1, [=](Verdicts *v) {
        if (dataTypeA == CUDA_R_64F)
            run_potrf<double>(uplo, n, A, lda, freedom, poisoned, v);
        else
            run_potrf<float>(uplo, n, A, lda, freedom, poisoned, v);
    });
}

extern "C" cusolverStatus_t cusolverDnSpotrfBatched(cusolverDnHandle_t handle,
                                                    cublasFillMode_t uplo, int n, float *Aarray[],
                                                    int lda, int *infoArray, int batchSize)
{
    return potrf_batched(__func__, handle, uplo, n, Aarray, lda, infoArray, batchSize);
}

extern "C" cusolverStatus_t cusolverDnDpotrfBatched(cusolverDnHandle_t handle,
                                                    cublasFillMode_t uplo, int n, double *Aarray[],
                                                    int lda, int *infoArray, int batchSize)
{
    return potrf_batched(__func__, handle, uplo, n, Aarray, lda, infoArray, batchSize);
}
