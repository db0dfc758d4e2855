/* cuBLAS: trmm, out of place with three matrices (2.7 "cuBLAS Level-3 Function
 * Reference", 2.1.11 "64-bit Integer Interface").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>

#include "blas_call.h"

namespace emu
{

namespace
{

struct Trmm {
    cublasSideMode_t side;
    cublasFillMode_t uplo;
    cublasOperation_t trans;
    cublasDiagType_t diag;
    int64_t m, n, lda, ldb, ldc;

    int64_t order() const
    {
        return side == CUBLAS_SIDE_LEFT ? m : n;
    }
    /* A unit diagonal is not read. */
    Part part() const
    {
        bool lower = uplo == CUBLAS_FILL_MODE_LOWER;
        if (diag == CUBLAS_DIAG_UNIT) return lower ? Part::StrictLower : Part::StrictUpper;
        return lower ? Part::Lower : Part::Upper;
    }
    /* Element (i, j) of op(A), from a packed copy. */
    template <class T> T element(const std::vector<T> &A, int64_t i, int64_t j) const
    {
        if (trans != CUBLAS_OP_N) std::swap(i, j);
        if (i == j && diag == CUBLAS_DIAG_UNIT) return 1;
        bool lower = uplo == CUBLAS_FILL_MODE_LOWER;
        return (lower ? i >= j : i <= j) ? A[size_t(i + j * order())] : T(0);
    }
};

template <class T> Operand triangle(const Trmm &t, const T *A)
{
    return operand("A", A, sizeof(T), t.order(), t.order(), t.lda, Access::Read, t.part());
}

/* alpha op(A) B or alpha B op(A), term by term, leaving out what is 0 by its place. */
template <class T>
std::vector<T> product(const Trmm &t, T alpha, const std::vector<T> &A, const std::vector<T> &B,
                       bool backwards)
{
    bool lower = (t.uplo == CUBLAS_FILL_MODE_LOWER) == (t.trans == CUBLAS_OP_N);
    std::vector<T> C(size_t(t.m * t.n), T(0));
    for (int64_t j = 0; j < t.n; j++) {
        for (int64_t i = 0; i < t.m; i++) {
            bool left = t.side == CUBLAS_SIDE_LEFT;
            /* Row i of op(A), or its column j, has its elements before or behind the diagonal. */
            int64_t at = left ? i : j, first = (lower == left) ? 0 : at;
            int64_t last = (lower == left) ? at : t.order() - 1;
            T sum = 0;
            for (int64_t step = 0; step <= last - first; step++) {
                int64_t l = backwards ? last - step : first + step;
                sum += left ? t.element(A, i, l) * B[size_t(l + j * t.m)]
                            : B[size_t(i + l * t.m)] * t.element(A, l, j);
            }
            C[size_t(i + j * t.m)] = alpha * sum;
        }
    }
    return C;
}

template <class T>
void run_trmm(const Trmm &t, Scalar<T> alpha, const T *A, const T *B, T *C, bool poisoned)
{
    T a = alpha.get();
    Operand output = operand("C", C, sizeof(T), t.m, t.n, t.ldc,
                             B == C && a != 0 ? Access::ReadWrite : Access::Write);
    std::vector<T> result(size_t(t.m * t.n), T(0));
    if (a != 0) {
        declare(triangle(t, A));
        if (B != C) declare(operand("B", B, sizeof(T), t.m, t.n, t.ldb, Access::Read));
    }
    declare(output);
    if (a != 0) {
        Freedom freedom("trmm", {t.side, t.uplo, t.trans, t.diag, t.m, t.n, t.lda, t.ldb, t.ldc,
                                 int64_t(sizeof(T)), alignment_class(A), alignment_class(B)});
        result = product(t, a, fetch(A, t.order(), t.order(), t.lda, t.part()),
                         fetch(B, t.m, t.n, t.ldb), freedom.coin());
    }
    store(result, C, t.m, t.n, t.ldc);
    if (poisoned) spoil(output);
}

template <class T>
cublasStatus_t trmm(const char *name, cublasHandle_t handle, Trmm t, const T *alpha, const T *A,
                    const T *B, T *C)
{
    BlasCall c(name, handle, BlasCall::Computing);
    if (!c.fine()) return c.status();
    Arguments &args = c.arguments();
    args.require(t.side == CUBLAS_SIDE_LEFT || t.side == CUBLAS_SIDE_RIGHT, "enum", "side is %d",
                 int(t.side));
    c.triangle(t.uplo);
    c.operation("trans", t.trans);
    args.require(t.diag == CUBLAS_DIAG_NON_UNIT || t.diag == CUBLAS_DIAG_UNIT, "enum", "diag is %d",
                 int(t.diag));
    args.size("m", t.m);
    args.size("n", t.n);
    args.leading_dimension("lda", t.lda, t.order());
    args.leading_dimension("ldb", t.ldb, t.m);
    args.leading_dimension("ldc", t.ldc, t.m);
    if (!c.fine() || t.m == 0 || t.n == 0) return c.status();
    Scalar<T> a = c.scalar("alpha", alpha);
    args.device_operand(triangle(t, A));
    /* In place only as the same matrix; any other overlap is refused with the rest. */
    bool in_place = B == C && t.ldb == t.ldc;
    if (!in_place) args.device_operand(operand("B", B, sizeof(T), t.m, t.n, t.ldb, Access::Read));
    args.device_operand(
        operand("C", C, sizeof(T), t.m, t.n, t.ldc, in_place ? Access::ReadWrite : Access::Write));
    count_flops(double(t.m) * double(t.n) * double(t.order()));
    bool poisoned = c.poisoned();
    return c.fine() ? c.enqueue([=] { run_trmm(t, a, A, B, C, poisoned); }) : c.status();
}

} // namespace

} // namespace emu

using namespace emu;

extern "C" cublasStatus_t cublasStrmm_v2_64(cublasHandle_t handle, cublasSideMode_t side,
                                            cublasFillMode_t uplo, cublasOperation_t trans,
                                            cublasDiagType_t diag, int64_t m, int64_t n,
                                            const float *alpha, const float *A, int64_t lda,
                                            const float *B, int64_t ldb, float *C, int64_t ldc)
{
    return trmm(__func__, handle, {side, uplo, trans, diag, m, n, lda, ldb, ldc}, alpha, A, B, C);
}

extern "C" cublasStatus_t cublasDtrmm_v2_64(cublasHandle_t handle, cublasSideMode_t side,
                                            cublasFillMode_t uplo, cublasOperation_t trans,
                                            cublasDiagType_t diag, int64_t m, int64_t n,
                                            const double *alpha, const double *A, int64_t lda,
                                            const double *B, int64_t ldb, double *C, int64_t ldc)
{
    return trmm(__func__, handle, {side, uplo, trans, diag, m, n, lda, ldb, ldc}, alpha, A, B, C);
}
