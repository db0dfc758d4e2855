/* cuSOLVER: QR (cusolverDnXgeqrf, cusolverDn<t>orgqr, cusolverDn<t>ormqr).
 *
 * The factorization is Ritz's own, column by column, because LAPACK always takes the same sign of
 * R's diagonal.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cblas.h>
#include <cmath>
#include <lapacke.h>

#include "solver_call.h"

namespace emu
{

namespace
{

constexpr int64_t BLOCK = 32;

/* ---- one type -------------------------------------------------------------------------------- */

float norm(int64_t n, const float *x)
{
    return cblas_snrm2(blas_int(n), x, 1);
}

double norm(int64_t n, const double *x)
{
    return cblas_dnrm2(blas_int(n), x, 1);
}

/* C -= tau v (Cᵀ v)ᵀ */
void reflect(int64_t m, int64_t n, const float *v, float tau, float *C, int64_t ld, float *w)
{
    cblas_sgemv(CblasColMajor, CblasTrans, blas_int(m), blas_int(n), 1, C, blas_int(ld), v, 1, 0, w,
                1);
    cblas_sger(CblasColMajor, blas_int(m), blas_int(n), -tau, v, 1, w, 1, C, blas_int(ld));
}

void reflect(int64_t m, int64_t n, const double *v, double tau, double *C, int64_t ld, double *w)
{
    cblas_dgemv(CblasColMajor, CblasTrans, blas_int(m), blas_int(n), 1, C, blas_int(ld), v, 1, 0, w,
                1);
    cblas_dger(CblasColMajor, blas_int(m), blas_int(n), -tau, v, 1, w, 1, C, blas_int(ld));
}

int form(int64_t m, int64_t n, int64_t k, float *A, const float *tau, float *work, int64_t lwork)
{
    return LAPACKE_sorgqr_work(LAPACK_COL_MAJOR, blas_int(m), blas_int(n), blas_int(k), A,
                               blas_int(m), tau, work, int(lwork));
}

int form(int64_t m, int64_t n, int64_t k, double *A, const double *tau, double *work, int64_t lwork)
{
    return LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, blas_int(m), blas_int(n), blas_int(k), A,
                               blas_int(m), tau, work, int(lwork));
}

struct Application {
    cublasSideMode_t side;
    cublasOperation_t trans;
    int m, n, k, lda, ldc;

    int order() const
    {
        return side == CUBLAS_SIDE_LEFT ? m : n;
    }
    char side_letter() const
    {
        return side == CUBLAS_SIDE_LEFT ? 'L' : 'R';
    }
    char trans_letter() const
    {
        return trans == CUBLAS_OP_N ? 'N' : 'T';
    }
};

int apply(const Application &a, const float *A, const float *tau, float *C, float *work, int lwork)
{
    return LAPACKE_sormqr_work(LAPACK_COL_MAJOR, a.side_letter(), a.trans_letter(), a.m, a.n, a.k,
                               A, a.order(), tau, C, a.m, work, lwork);
}

int apply(const Application &a, const double *A, const double *tau, double *C, double *work,
          int lwork)
{
    return LAPACKE_dormqr_work(LAPACK_COL_MAJOR, a.side_letter(), a.trans_letter(), a.m, a.n, a.k,
                               A, a.order(), tau, C, a.m, work, lwork);
}

/* ---- geqrf ----------------------------------------------------------------------------------- */

/* H = I - tau v vᵀ with v(0) = 1 and H x = (beta, 0, ...): x becomes (beta, v(1), ...). Either
 * sign of beta will do; where alpha - beta cancels, it is -(|x|² - alpha²) / (alpha + beta)
 * (Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 5.1.3, after Parlett 1971),
 * unless the rest of x is so small that v would be huge. */
template <class T> T make_reflector(int64_t n, T *x, Freedom *freedom)
{
    constexpr T SMALL = T(1e-3);
    T alpha = x[0], rest = n > 1 ? norm(n - 1, x + 1) : T(0);
    bool coin = freedom->coin();
    if (rest == 0) {
        if (coin) x[0] = -alpha;
        return coin ? T(2) : T(0);
    }
    T beta = -std::copysign(std::hypot(alpha, rest), alpha), difference = alpha - beta;
    if (coin && rest > SMALL * std::abs(alpha)) {
        beta = -beta;
        difference = -rest * (rest / (alpha + beta));
    }
    x[0] = beta;
    for (int64_t i = 1; i < n; i++) x[i] /= difference;
    return -difference / beta;
}

template <class T>
void factor(int64_t m, int64_t n, std::vector<T> *A, std::vector<T> *tau, Freedom *freedom)
{
    std::vector<T> v(size_t(m), T(0)), w(size_t(n), T(0));
    for (int64_t j = 0; j < std::min(m, n); j++) {
        T *x = A->data() + j + j * m;
        T t = (*tau)[size_t(j)] = make_reflector(m - j, x, freedom);
        if (j + 1 == n) break;
        std::copy(x, x + (m - j), v.begin());
        v[0] = 1;
        reflect(m - j, n - j - 1, v.data(), t, x + m, m, w.data());
    }
}

template <class T>
void run_geqrf(int64_t m, int64_t n, void *A, int64_t lda, void *tau, Freedom freedom,
               bool poisoned, Verdicts *verdicts)
{
    int64_t q = std::min(m, n);
    Operand a = operand("A", A, sizeof(T), m, n, lda, Access::ReadWrite);
    Operand t = array("tau", tau, sizeof(T), q, Access::Write);
    declare(a);
    declare(t);
    std::vector<T> copy = fetch(static_cast<T *>(A), m, n, lda), scales(size_t(q), T(0));
    factor(m, n, &copy, &scales, &freedom);
    store(copy, static_cast<T *>(A), m, n, lda);
    store(scales, static_cast<T *>(tau), q, 1, q);
    verdicts->settle(0, 0);
    if (poisoned) {
        spoil(a);
        spoil(t);
    }
}

Key geqrf_key(int64_t m, int64_t n, cudaDataType type, int64_t lda)
{
    return {"Xgeqrf", {m, n, type, lda}, BLOCK * n, bytes_of_real(type), true, false};
}

void check_geqrf(SolverCall *c, cusolverDnParams_t params, int64_t m, int64_t n,
                 cudaDataType type_a, int64_t lda, cudaDataType type_tau, cudaDataType compute)
{
    if (!c->fine()) return;
    c->parameters(params);
    c->positive("m", m);
    c->positive("n", n);
    c->arguments().leading_dimension("lda", lda, m);
    c->types({type_a, type_tau, compute});
}

/* ---- orgqr ----------------------------------------------------------------------------------- */

struct Formation {
    int m, n, k, lda;
};

template <class T> Key orgqr_key(const Formation &f)
{
    return {"orgqr", {f.m, f.n, f.k, f.lda}, BLOCK * f.n, sizeof(T), false, false};
}

void check_orgqr(SolverCall *c, const Formation &f)
{
    c->positive("m", f.m);
    c->positive("n", f.n);
    c->arguments().require(f.m >= f.n && f.n >= f.k && f.k >= 0, "size",
                           "orgqr needs m >= n >= k >= 0: m is %d, n is %d, k is %d", f.m, f.n,
                           f.k);
    c->arguments().leading_dimension("lda", f.lda, f.m);
}

/* Reads the reflectors only: neither R nor the columns from k on. */
template <class T>
void run_orgqr(const Formation &f, T *A, const T *tau, bool poisoned, Verdicts *verdicts)
{
    declare(operand("A", A, sizeof(T), f.m, f.k, f.lda, Access::Read, Part::StrictLower));
    declare(array("tau", tau, sizeof(T), f.k, Access::Read));
    Operand out = operand("A", A, sizeof(T), f.m, f.n, f.lda, Access::Write);
    declare(out);
    std::vector<T> Q = fetch(A, f.m, f.k, f.lda, Part::StrictLower);
    Q.resize(size_t(f.m) * size_t(f.n), not_a_number<T>());
    std::vector<T> scales = fetch(tau, f.k, 1, f.k), work(size_t(BLOCK * f.n));
    form(f.m, f.n, f.k, Q.data(), scales.data(), work.data(), BLOCK * f.n);
    store(Q, A, f.m, f.n, f.lda);
    verdicts->settle(0, 0);
    if (poisoned) spoil(out);
}

template <class T>
cusolverStatus_t orgqr_buffer_size(const char *name, cusolverDnHandle_t handle, Formation f,
                                   int *lwork)
{
    SolverCall c(name, handle, SolverCall::Setting);
    if (!c.fine()) return c.status();
    check_orgqr(&c, f);
    return c.fine() ? c.answer(orgqr_key<T>(f), lwork) : c.status();
}

template <class T>
cusolverStatus_t orgqr(const char *name, cusolverDnHandle_t handle, Formation f, T *A, const T *tau,
                       T *work, int lwork, int *info)
{
    SolverCall c(name, handle, SolverCall::Computing);
    if (!c.fine()) return c.status();
    check_orgqr(&c, f);
    if (!c.fine()) return c.status();
    c.arguments().device_operand(operand("A", A, sizeof(T), f.m, f.n, f.lda, Access::ReadWrite));
    c.arguments().device_operand(array("tau", tau, sizeof(T), f.k, Access::Read));
    c.workspace(orgqr_key<T>(f), {work, lwork, nullptr, 0});
    count_flops(4.0 * f.m * f.n * f.k);
    bool poisoned = c.poisoned();
    return c.enqueue(info, 1, [=](Verdicts *v) { run_orgqr(f, A, tau, poisoned, v); });
}

/* ---- ormqr ----------------------------------------------------------------------------------- */

template <class T> Key ormqr_key(const Application &a)
{
    int64_t other = a.side == CUBLAS_SIDE_LEFT ? a.n : a.m;
    return {"ormqr",
            {a.side, a.trans, a.m, a.n, a.k, a.lda, a.ldc},
            BLOCK * (other + BLOCK),
            sizeof(T),
            false,
            false};
}

void check_ormqr(SolverCall *c, const Application &a)
{
    Arguments &args = c->arguments();
    args.require(a.side == CUBLAS_SIDE_LEFT || a.side == CUBLAS_SIDE_RIGHT, "enum", "side is %d",
                 int(a.side));
    args.require(a.trans == CUBLAS_OP_N || a.trans == CUBLAS_OP_T, "enum", "trans is %d",
                 int(a.trans));
    c->positive("m", a.m);
    c->positive("n", a.n);
    args.require(a.k >= 0 && a.k <= a.order(), "size", "ormqr has %d reflectors of order %d", a.k,
                 a.order());
    args.leading_dimension("lda", a.lda, a.order());
    args.leading_dimension("ldc", a.ldc, a.m);
}

template <class T>
void run_ormqr(const Application &a, const T *A, const T *tau, T *C, bool poisoned,
               Verdicts *verdicts)
{
    declare(operand("A", A, sizeof(T), a.order(), a.k, a.lda, Access::Read, Part::StrictLower));
    declare(array("tau", tau, sizeof(T), a.k, Access::Read));
    Operand out = operand("C", C, sizeof(T), a.m, a.n, a.ldc, Access::ReadWrite);
    declare(out);
    std::vector<T> V = fetch(A, a.order(), a.k, a.lda, Part::StrictLower);
    std::vector<T> scales = fetch(tau, a.k, 1, a.k), product = fetch(C, a.m, a.n, a.ldc);
    T best;
    apply(a, V.data(), scales.data(), product.data(), &best, -1);
    std::vector<T> work(size_t(best) + 1);
    apply(a, V.data(), scales.data(), product.data(), work.data(), int(work.size()));
    store(product, C, a.m, a.n, a.ldc);
    verdicts->settle(0, 0);
    if (poisoned) spoil(out);
}

template <class T>
cusolverStatus_t ormqr_buffer_size(const char *name, cusolverDnHandle_t handle, Application a,
                                   int *lwork)
{
    SolverCall c(name, handle, SolverCall::Setting);
    if (!c.fine()) return c.status();
    check_ormqr(&c, a);
    return c.fine() ? c.answer(ormqr_key<T>(a), lwork) : c.status();
}

template <class T>
cusolverStatus_t ormqr(const char *name, cusolverDnHandle_t handle, Application a, const T *A,
                       const T *tau, T *C, T *work, int lwork, int *info)
{
    SolverCall c(name, handle, SolverCall::Computing);
    if (!c.fine()) return c.status();
    check_ormqr(&c, a);
    if (!c.fine()) return c.status();
    c.arguments().device_operand(operand("A", A, sizeof(T), a.order(), a.k, a.lda, Access::Read));
    c.arguments().device_operand(array("tau", tau, sizeof(T), a.k, Access::Read));
    c.arguments().device_operand(operand("C", C, sizeof(T), a.m, a.n, a.ldc, Access::ReadWrite));
    c.workspace(ormqr_key<T>(a), {work, lwork, nullptr, 0});
    count_flops(4.0 * a.m * a.n * a.k);
    bool poisoned = c.poisoned();
    return c.enqueue(info, 1, [=](Verdicts *v) { run_ormqr(a, A, tau, C, poisoned, v); });
}

} // namespace

} // namespace emu

using namespace emu;

extern "C" cusolverStatus_t
cusolverDnXgeqrf_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m,
                            int64_t n, cudaDataType dataTypeA, const void *, int64_t lda,
                            cudaDataType dataTypeTau, const void *, cudaDataType computeType,
                            size_t *workspaceInBytesOnDevice, size_t *workspaceInBytesOnHost)
{
    SolverCall c(__func__, handle, SolverCall::Setting);
    check_geqrf(&c, params, m, n, dataTypeA, lda, dataTypeTau, computeType);
    if (!c.fine()) return c.status();
    return c.answer(geqrf_key(m, n, dataTypeA, lda), workspaceInBytesOnDevice,
                    workspaceInBytesOnHost);
}

extern "C" cusolverStatus_t cusolverDnXgeqrf(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                             int64_t m, int64_t n, cudaDataType dataTypeA, void *A,
                                             int64_t lda, cudaDataType dataTypeTau, void *tau,
                                             cudaDataType computeType, void *bufferOnDevice,
                                             size_t workspaceInBytesOnDevice, void *bufferOnHost,
                                             size_t workspaceInBytesOnHost, int *info)
{
    SolverCall c(__func__, handle, SolverCall::Computing);
    check_geqrf(&c, params, m, n, dataTypeA, lda, dataTypeTau, computeType);
    if (!c.fine()) return c.status();
    size_t size = bytes_of_real(dataTypeA);
    c.arguments().device_operand(operand("A", A, size, m, n, lda, Access::ReadWrite));
    c.arguments().device_operand(array("tau", tau, size, std::min(m, n), Access::Write));
    c.workspace(geqrf_key(m, n, dataTypeA, lda), {bufferOnDevice, int64_t(workspaceInBytesOnDevice),
                                                  bufferOnHost, workspaceInBytesOnHost});
    if (!c.fine()) return c.status();
    count_flops(2.0 * double(m) * double(n) * double(std::min(m, n)));
    Freedom freedom = c.freedom({m, n, dataTypeA, lda});
    bool poisoned = c.poisoned();
    return c.enqueue(info, 1, [=](Verdicts *v) {
        if (dataTypeA == CUDA_R_64F)
            run_geqrf<double>(m, n, A, lda, tau, freedom, poisoned, v);
        else
            run_geqrf<float>(m, n, A, lda, tau, freedom, poisoned, v);
    });
}

extern "C" cusolverStatus_t cusolverDnSorgqr_bufferSize(cusolverDnHandle_t handle, int m, int n,
                                                        int k, const float *, int lda,
                                                        const float *, int *lwork)
{
    return orgqr_buffer_size<float>(__func__, handle, {m, n, k, lda}, lwork);
}

extern "C" cusolverStatus_t cusolverDnDorgqr_bufferSize(cusolverDnHandle_t handle, int m, int n,
                                                        int k, const double *, int lda,
                                                        const double *, int *lwork)
{
    return orgqr_buffer_size<double>(__func__, handle, {m, n, k, lda}, lwork);
}

extern "C" cusolverStatus_t cusolverDnSorgqr(cusolverDnHandle_t handle, int m, int n, int k,
                                             float *A, int lda, const float *tau, float *work,
                                             int lwork, int *info)
{
    return orgqr(__func__, handle, {m, n, k, lda}, A, tau, work, lwork, info);
}

extern "C" cusolverStatus_t cusolverDnDorgqr(cusolverDnHandle_t handle, int m, int n, int k,
                                             double *A, int lda, const double *tau, double *work,
                                             int lwork, int *info)
{
    return orgqr(__func__, handle, {m, n, k, lda}, A, tau, work, lwork, info);
}

extern "C" cusolverStatus_t
cusolverDnSormqr_bufferSize(cusolverDnHandle_t handle, cublasSideMode_t side,
                            cublasOperation_t trans, int m, int n, int k, const float *, int lda,
                            const float *, const float *, int ldc, int *lwork)
{
    return ormqr_buffer_size<float>(__func__, handle, {side, trans, m, n, k, lda, ldc}, lwork);
}

extern "C" cusolverStatus_t
cusolverDnDormqr_bufferSize(cusolverDnHandle_t handle, cublasSideMode_t side,
                            cublasOperation_t trans, int m, int n, int k, const double *, int lda,
                            const double *, const double *, int ldc, int *lwork)
{
    return ormqr_buffer_size<double>(__func__, handle, {side, trans, m, n, k, lda, ldc}, lwork);
}

extern "C" cusolverStatus_t cusolverDnSormqr(cusolverDnHandle_t handle, cublasSideMode_t side,
                                             cublasOperation_t trans, int m, int n, int k,
                                             const float *A, int lda, const float *tau, float *C,
                                             int ldc, float *work, int lwork, int *devInfo)
{
    return ormqr(__func__, handle, {side, trans, m, n, k, lda, ldc}, A, tau, C, work, lwork,
                 devInfo);
}

extern "C" cusolverStatus_t cusolverDnDormqr(cusolverDnHandle_t handle, cublasSideMode_t side,
                                             cublasOperation_t trans, int m, int n, int k,
                                             const double *A, int lda, const double *tau, double *C,
                                             int ldc, double *work, int lwork, int *devInfo)
{
    return ormqr(__func__, handle, {side, trans, m, n, k, lda, ldc}, A, tau, C, work, lwork,
                 devInfo);
}
