/* cuBLAS: syrk, trsm, trsmBatched (2.7 "cuBLAS Level-3 Function Reference", 2.8 "BLAS-like
 * Extension", 2.1.11 "64-bit Integer Interface").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>

#include "blas_call.h"

namespace emu
{

namespace
{

Part part_of(cublasFillMode_t uplo)
{
    return uplo == CUBLAS_FILL_MODE_LOWER ? Part::Lower : Part::Upper;
}

/* ---- syrk ------------------------------------------------------------------------------------ */

struct Syrk {
    cublasFillMode_t uplo;
    cublasOperation_t trans;
    int64_t n, k, lda, ldc;

    int64_t rows_a() const
    {
        return trans == CUBLAS_OP_N ? n : k;
    }
    int64_t cols_a() const
    {
        return trans == CUBLAS_OP_N ? k : n;
    }
};

template <class T> Operand syrk_input(const Syrk &s, const T *A)
{
    return operand("A", A, sizeof(T), s.rows_a(), s.cols_a(), s.lda, Access::Read);
}

template <class T>
void run_syrk(const Syrk &s, Scalar<T> alpha, const T *A, Scalar<T> beta, T *C, bool poisoned)
{
    T a = alpha.get(), b = beta.get();
    Part part = part_of(s.uplo);
    Operand input = syrk_input(s, A);
    Operand output = operand("C", C, sizeof(T), s.n, s.n, s.ldc,
                             b != 0 ? Access::ReadWrite : Access::Write, part);
    if (a != 0) declare(input);
    declare(output);
    /* The products of both triangles are formed in a copy; only one triangle leaves it. */
    std::vector<T> sum(size_t(s.n * s.n), T(0));
    if (b != 0) {
        sum = fetch(C, s.n, s.n, s.ldc, part);
        for (T &x : sum) x *= b;
    }
    if (a != 0 && s.k > 0) {
        Freedom freedom("syrk", {s.uplo, s.trans, s.n, s.k, s.lda, s.ldc, int64_t(sizeof(T)),
                                 alignment_class(A), alignment_class(C)});
        std::vector<T> copy = fetch(A, s.rows_a(), s.cols_a(), s.lda);
        int64_t ld = s.rows_a();
        cublasOperation_t other = s.trans == CUBLAS_OP_N ? CUBLAS_OP_T : CUBLAS_OP_N;
        multiply_in_parts(&freedom, s.trans, other, s.n, s.n, s.k, a, copy.data(), ld, copy.data(),
                          ld, T(1), sum.data());
    }
    store(sum, C, s.n, s.n, s.ldc, part);
    if (poisoned) spoil(output);
}

template <class T>
cublasStatus_t syrk(const char *name, cublasHandle_t handle, Syrk s, const T *alpha, const T *A,
                    const T *beta, T *C)
{
    BlasCall c(name, handle, BlasCall::Computing);
    if (!c.fine()) return c.status();
    Arguments &args = c.arguments();
    c.triangle(s.uplo);
    args.require(s.trans == CUBLAS_OP_N || s.trans == CUBLAS_OP_T, "enum", "trans is %d",
                 int(s.trans));
    args.size("n", s.n);
    args.size("k", s.k);
    args.leading_dimension("lda", s.lda, s.rows_a());
    args.leading_dimension("ldc", s.ldc, s.n);
    if (!c.fine() || s.n == 0) return c.status();
    Scalar<T> a = c.scalar("alpha", alpha), b = c.scalar("beta", beta);
    if (s.k > 0) args.device_operand(syrk_input(s, A));
    args.device_operand(operand("C", C, sizeof(T), s.n, s.n, s.ldc, Access::ReadWrite));
    count_flops(double(s.n) * double(s.n + 1) * double(s.k));
    bool poisoned = c.poisoned();
    return c.fine() ? c.enqueue([=] { run_syrk(s, a, A, b, C, poisoned); }) : c.status();
}

/* ---- trsm ------------------------------------------------------------------------------------ */

struct Trsm {
    cublasSideMode_t side;
    cublasFillMode_t uplo;
    cublasOperation_t trans;
    cublasDiagType_t diag;
    int64_t m, n, lda, ldb, batch;

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
    template <class T> Operand item_a(const Items &A) const
    {
        return operand("A", A.p, sizeof(T), order(), order(), lda, Access::Read, part());
    }
    template <class T> Operand item_b(const Items &B, Access access) const
    {
        return operand("B", B.p, sizeof(T), m, n, ldb, access);
    }
};

void solve(const Trsm &t, const float *A, float *B)
{
    cblas_strsm(CblasColMajor, t.side == CUBLAS_SIDE_LEFT ? CblasLeft : CblasRight,
                t.uplo == CUBLAS_FILL_MODE_LOWER ? CblasLower : CblasUpper, transposition(t.trans),
                t.diag == CUBLAS_DIAG_UNIT ? CblasUnit : CblasNonUnit, blas_int(t.m), blas_int(t.n),
                1, A, blas_int(t.order()), B, blas_int(t.m));
}

void solve(const Trsm &t, const double *A, double *B)
{
    cblas_dtrsm(CblasColMajor, t.side == CUBLAS_SIDE_LEFT ? CblasLeft : CblasRight,
                t.uplo == CUBLAS_FILL_MODE_LOWER ? CblasLower : CblasUpper, transposition(t.trans),
                t.diag == CUBLAS_DIAG_UNIT ? CblasUnit : CblasNonUnit, blas_int(t.m), blas_int(t.n),
                1, A, blas_int(t.order()), B, blas_int(t.m));
}

template <class T> void solve_item(const Trsm &t, T alpha, const T *A, T *B)
{
    std::vector<T> X(size_t(t.m * t.n), T(0));
    if (alpha != 0) {
        X
        = fetch(B, t.m, t.n, t.ldb);
        for (T &x : X) x *= alpha;
        solve(t, fetch(A, t.order(), t.order(), t.lda, t.part()).data(), X.data());
    }
    store(X, B, t.m, t.n, t.ldb);
}

template <class T>
void run_trsm(const Trsm &t, Scalar<T> alpha, const Items &A, const Items &B, bool poisoned)
{
    T a = alpha.get();
    Operand input = t.template item_a<T>(A);
    Operand output = t.template item_b<T>(B, a != 0 ? Access::ReadWrite : Access::Write);
    if (A.by_pointer) {
        declare(pointer_array(A, t.batch));
        declare(pointer_array(B, t.batch));
        if (a != 0 && !reach_items(A, input, t.batch)) return;
        if (!reach_items(B, output, t.batch)) return;
    } else {
        if (a != 0) declare(input);
        declare(output);
    }
    for (int64_t b = 0; b < t.batch; b++) {
        T *X
        = static_cast<T *>(const_cast<void *>(B.item(b, sizeof(T))));
        solve_item(t, a, static_cast<const T *>(A.item(b, sizeof(T))), X);
        output.p = X;
        if (poisoned) spoil(output);
    }
}

template <class T>
cublasStatus_t trsm(const char *name, cublasHandle_t handle, Trsm t, const T *alpha, Items A,
                    Items B)
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
    args.size("the batch", t.batch);
    args.leading_dimension("lda", t.lda, t.order());
    args.leading_dimension("ldb", t.ldb, t.m);
    if (!c.fine() || t.m == 0 || t.n == 0 || t.batch == 0) return c.status();
    Scalar<T> a = c.scalar("alpha", alpha);
    if (A.by_pointer) {
        args.device_operand(pointer_array(A, t.batch));
        args.device_operand(pointer_array(B, t.batch));
    } else {
        args.device_operand(t.template item_a<T>(A));
        args.device_operand(t.template item_b<T>(B, Access::ReadWrite));
    }
    count_flops(double(t.m) * double(t.n) * double(t.order()) * double(t.batch));
    bool poisoned = c.poisoned();
    return c.fine() ? c.enqueue([=] { run_trsm(t, a, A, B, poisoned); }) : c.status();
}

Items one(const char *what, const void *p)
{
    return {what, p, 0, false};
}

Items pointers(const char *what, const void *p)
{
    return {what, p, 0, true};
}

} // namespace

} // namespace emu

using namespace emu;

extern "C" cublasStatus_t cublasSsyrk_v2_64(cublasHandle_t handle, cublasFillMode_t uplo,
                                            cublasOperation_t trans, int64_t n, int64_t k,
                                            const float *alpha, const float *A, int64_t lda,
                                            const float *beta, float *C, int64_t ldc)
{
    return syrk(__func__, handle, {uplo, trans, n, k, lda, ldc}, alpha, A, beta, C);
}

extern "C" cublasStatus_t cublasDsyrk_v2_64(cublasHandle_t handle, cublasFillMode_t uplo,
                                            cublasOperation_t trans, int64_t n, int64_t k,
                                            const double *alpha, const double *A, int64_t lda,
                                            const double *beta, double *C, int64_t ldc)
{
    return syrk(__func__, handle, {uplo, trans, n, k, lda, ldc}, alpha, A, beta, C);
}

extern "C" cublasStatus_t cublasStrsm_v2_64(cublasHandle_t handle, cublasSideMode_t side,
                                            cublasFillMode_t uplo, cublasOperation_t trans,
                                            cublasDiagType_t diag, int64_t m, int64_t n,
                                            const float *alpha, const float *A, int64_t lda,
                                            float *B, int64_t ldb)
{
    return trsm(__func__, handle, {side, uplo, trans, diag, m, n, lda, ldb, 1}, alpha, one("A", A),
                one("B", B));
}

extern "C" cublasStatus_t cublasDtrsm_v2_64(cublasHandle_t handle, cublasSideMode_t side,
                                            cublasFillMode_t uplo, cublasOperation_t trans,
                                            cublasDiagType_t diag, int64_t m, int64_t n,
                                            const double *alpha, const double *A, int64_t lda,
                                            double *B, int64_t ldb)
{
    return trsm(__func__, handle, {side, uplo, trans, diag, m, n, lda, ldb, 1}, alpha, one("A", A),
                one("B", B));
}

extern "C" cublasStatus_t cublasStrsmBatched_64(cublasHandle_t handle, cublasSideMode_t side,
                                                cublasFillMode_t uplo, cublasOperation_t trans,
                                                cublasDiagType_t diag, int64_t m, int64_t n,
                                                const float *alpha, const float *const A[],
                                                int64_t lda, float *const B[], int64_t ldb,
                                                int64_t batchCount)
{
    return trsm(__func__, handle, {side, uplo, trans, diag, m, n, lda, ldb, batchCount}, alpha,
                pointers("A", A), pointers("B", B));
}

extern "C" cublasStatus_t cublasDtrsmBatched_64(cublasHandle_t handle, cublasSideMode_t side,
                                                cublasFillMode_t uplo, cublasOperation_t trans,
                                                cublasDiagType_t diag, int64_t m, int64_t n,
                                                const double *alpha, const double *const A[],
                                                int64_t lda, double *const B[], int64_t ldb,
                                                int64_t batchCount)
{
    return trsm(__func__, handle, {side, uplo, trans, diag, m, n, lda, ldb, batchCount}, alpha,
                pointers("A", A), pointers("B", B));
}
