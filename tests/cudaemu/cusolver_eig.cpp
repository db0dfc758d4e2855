/* cuSOLVER: symmetric eigenproblems (cusolverDnXsyevd, cusolverDnXsyevBatched).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <climits>
#include <cmath>
#include <lapacke.h>

#include "solver_call.h"

namespace emu
{

namespace
{

int decompose(char jobz, char uplo, int n, float *A, float *W)
{
    return LAPACKE_ssyevd(LAPACK_COL_MAJOR, jobz, uplo, n, A, n, W);
}

int decompose(char jobz, char uplo, int n, double *A, double *W)
{
    return LAPACKE_dsyevd(LAPACK_COL_MAJOR, jobz, uplo, n, A, n, W);
}

struct Syev {
    cusolverEigMode_t jobz;
    cublasFillMode_t uplo;
    int64_t n;
    cudaDataType type;
    int64_t lda, batch;

    bool vectors() const
    {
        return jobz == CUSOLVER_EIG_MODE_VECTOR;
    }
};

Key syev_key(const char *routine, const Syev &s, bool hybrid)
{
    return {routine,
            {s.jobz, s.uplo, s.n, s.type, s.lda, s.batch},
            2 * s.n * s.n + 6 * s.n + 1,
            bytes_of_real(s.type),
            true,
            hybrid};
}

void check_syev(SolverCall *c, cusolverDnParams_t params, const Syev &s, cudaDataType type_w,
                cudaDataType compute)
{
    if (!c->fine()) return;
    c->parameters(params);
    c->vectors(s.jobz);
    c->triangle(s.uplo);
    c->positive("n", s.n);
    c->positive("the batch", s.batch);
    c->arguments().leading_dimension("lda", s.lda, s.n);
    c->types({s.type, type_w, compute});
}

void check_arrays(SolverCall *c, const Syev &s, void *A, void *W)
{
    size_t size = bytes_of_real(s.type);
    c->arguments().device_operand(
        batched(operand("A", A, size, s.n, s.n, s.lda, Access::ReadWrite), s.lda * s.n, s.batch));
    c->arguments().device_operand(batched(array("W", W, size, s.n, Access::Write), s.n, s.batch));
}

/* Eigenvectors of equal eigenvalues are any basis of their space: turn neighbours by any angle. */
template <class T>
void rotate_clusters(int64_t n, const std::vector<T> &W, std::vector<T> *Z, Freedom *f)
{
    T largest = std::max(std::abs(W.front()), std::abs(W.back()));
    T close = T(8 * n) * std::numeric_limits<T>::epsilon() * largest;
    for (int64_t j = 0; j + 1 < n; j++) {
        if (W[size_t(j + 1)] - W[size_t(j)] > close) continue;
        double angle = 2 * M_PI * f->uniform();
        T c = T(cos(angle)), s = T(sin(angle)), *x = Z->data() + j * n, *y = x + n;
        for (int64_t i = 0; i < n; i++) {
            T a = x[i], b = y[i];
            x[i] = c * a + s * b;
            y[i] = c * b - s * a;
        }
    }
}

/* All eigenvalues and vectors of a triangle, with signs and, if the test wishes,
 * bases of clusters as nobody promises them. Returns info. */
template <class T> int solve(const Syev &s, std::vector<T> *A, std::vector<T> *W, Freedom *freedom)
{
    W->assign(size_t(s.n), not_a_number<T>());
    /* Not finite: nothing is documented; info > 0 at best. */
    if (!all_finite(*A, s.n, s.n, triangle_part(s.uplo)))
        return 1 + int(freedom->draw(uint64_t(s.n)));
    int info = decompose(s.vectors() ? 'V' : 'N', s.uplo == CUBLAS_FILL_MODE_LOWER ? 'L' : 'U',
                         blas_int(s.n), A->data(), W->data());
    if (!s.vectors() || info != 0) return info;
    if (clusters_rotate()) rotate_clusters(s.n, *W, A, freedom);
    for (int64_t j = 0; j < s.n; j++)
        if (freedom->coin()) flip_column(A, s.n, j);
    return info;
}

template <class T>
void run_syev(const Syev &s, void *A, void *W, Freedom freedom, bool poisoned, Verdicts *verdicts)
{
    Operand in = operand("A", A, sizeof(T), s.n, s.n, s.lda, Access::Read, triangle_part(s.uplo));
    Operand out = operand("A", A, sizeof(T), s.n, s.n, s.lda, Access::Write);
    Operand values = array("W", W, sizeof(T), s.n, Access::Write);
    declare(batched(in, s.lda * s.n, s.batch));
    declare(batched(out, s.lda * s.n, s.batch));
    declare(batched(values, s.n, s.batch));
    for (int64_t b = 0; b < s.batch; b++) {
        T *a = static_cast<T *>(A) + b * s.lda * s.n, *w = static_cast<T *>(W) + b * s.n;
        out.p = a;
        values.p = w;
        std::vector<T> Z = fetch(a, s.n, s.n, s.lda, triangle_part(s.uplo)), all;
        int info = verdicts->settle(b, solve(s, &Z, &all, &freedom));
        spoil(out); /* all that is not a result is destroyed */
        spoil(values);
        if (info != 0 || poisoned) continue;
        std::copy(all.begin(), all.end(), w);
        if (s.vectors()) store(Z, a, s.n, s.n, s.lda);
    }
}

std::function<void(Verdicts *)> work_of(const SolverCall &c, const Syev &s, void *A, void *W)
{
    Freedom freedom = c.freedom({s.jobz, s.uplo, s.n, s.type, s.lda, s.batch});
    bool poisoned = c.poisoned();
    return [=](Verdicts *v) {
        if (s.type == CUDA_R_64F)
            run_syev<double>(s, A, W, freedom, poisoned, v);
        else
            run_syev<float>(s, A, W, freedom, poisoned, v);
    };
}

/* ---- batched --------------------------------------------------------------------------------- */

/* The documented limit counts elements (n * lda * batchSize <= INT32_MAX); JAX, which calls it in
 * chunks, found batches refused from INT_MAX bytes and 32 Ki items on. */
void check_batch_limit(SolverCall *c, const Syev &s)
{
    constexpr int64_t MOST_ITEMS = 32768;
    if (!c->fine()) return;
    c->arguments().require(s.batch <= MOST_ITEMS && double(s.n) * double(s.lda) * double(s.batch) *
                                                            double(bytes_of_real(s.type)) <=
                                                        double(INT_MAX),
                           "size", "XsyevBatched of %lld items of order %lld is too large",
                           static_cast<long long>(s.batch), static_cast<long long>(s.n));
}

} // namespace

} // namespace emu

using namespace emu;

extern "C" cusolverStatus_t
cusolverDnXsyevd_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params,
                            cusolverEigMode_t jobz, cublasFillMode_t uplo, int64_t n,
                            cudaDataType dataTypeA, const void *, int64_t lda,
                            cudaDataType dataTypeW, const void *, cudaDataType computeType,
                            size_t *workspaceInBytesOnDevice, size_t *workspaceInBytesOnHost)
{
    SolverCall c(__func__, handle, SolverCall::Setting);
    Syev s = {jobz, uplo, n, dataTypeA, lda, 1};
    check_syev(&c, params, s, dataTypeW, computeType);
    if (!c.fine()) return c.status();
    return c.answer(syev_key("Xsyevd", s, true), workspaceInBytesOnDevice, workspaceInBytesOnHost);
}

extern "C" cusolverStatus_t cusolverDnXsyevd(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                             cusolverEigMode_t jobz, cublasFillMode_t uplo,
                                             int64_t n, cudaDataType dataTypeA, void *A,
                                             int64_t lda, cudaDataType dataTypeW, void *W,
                                             cudaDataType computeType, void *bufferOnDevice,
                                             size_t workspaceInBytesOnDevice, void *bufferOnHost,
                                             size_t workspaceInBytesOnHost, int *info)
{
    SolverCall c(__func__, handle, SolverCall::Computing);
    Syev s = {jobz, uplo, n, dataTypeA, lda, 1};
    check_syev(&c, params, s, dataTypeW, computeType);
    if (!c.fine()) return c.status();
    check_arrays(&c, s, A, W);
    c.workspace(syev_key("Xsyevd", s, true), {bufferOnDevice, int64_t(workspaceInBytesOnDevice),
                                              bufferOnHost, workspaceInBytesOnHost});
    return c.fine() ? c.enqueue(info, 1, work_of(c, s, A, W)) : c.status();
}

extern "C" cusolverStatus_t cusolverDnXsyevBatched_bufferSize(
    cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t jobz,
    cublasFillMode_t uplo, int64_t n, cudaDataType dataTypeA, const void *, int64_t lda,
    cudaDataType dataTypeW, const void *, cudaDataType computeType,
    size_t *workspaceInBytesOnDevice, size_t *workspaceInBytesOnHost, int64_t batchSize)
{
    SolverCall c(__func__, handle, SolverCall::Setting);
    Syev s = {jobz, uplo, n, dataTypeA, lda, batchSize};
    check_syev(&c, params, s, dataTypeW, computeType);
    check_batch_limit(&c, s);
    if (!c.fine()) return c.status();
    return c.answer(syev_key("XsyevBatched", s, false), workspaceInBytesOnDevice,
                    workspaceInBytesOnHost);
}

extern "C" cusolverStatus_t
cusolverDnXsyevBatched(cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t jobz,
                       cublasFillMode_t uplo, int64_t n, cudaDataType dataTypeA, void *A,
                       int64_t lda, cudaDataType dataTypeW, void *W, cudaDataType computeType,
                       void *bufferOnDevice, size_t workspaceInBytesOnDevice, void *bufferOnHost,
                       size_t workspaceInBytesOnHost, int *info, int64_t batchSize)
{
    SolverCall c(__func__, handle, SolverCall::Computing);
    Syev s = {jobz, uplo, n, dataTypeA, lda, batchSize};
    check_syev(&c, params, s, dataTypeW, computeType);
    check_batch_limit(&c, s);
    if (!c.fine()) return c.status();
    check_arrays(&c, s, A, W);
    c.workspace(
        syev_key("XsyevBatched", s, false),
        {bufferOnDevice, int64_t(workspaceInBytesOnDevice), bufferOnHost, workspaceInBytesOnHost});
    return c.fine() ? c.enqueue(info, batchSize, work_of(c, s, A, W)) : c.status();
}
