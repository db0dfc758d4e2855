/* The contract table: rows of cuBLAS.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "contracts.h"

namespace contracts
{

namespace
{

constexpr cublasOperation_t N = CUBLAS_OP_N;
constexpr cublasFillMode_t LOWER = CUBLAS_FILL_MODE_LOWER;
constexpr int BATCH = 2;

/* By the C type that holds an element. */
template <class T> constexpr cudaDataType gemm_type()
{
    return sizeof(T) == sizeof(double)  ? CUDA_R_64F
           : sizeof(T) == sizeof(float) ? CUDA_R_32F
                                        : CUDA_R_16F;
}

template <class T> constexpr cublasComputeType_t gemm_compute()
{
    return sizeof(T) == sizeof(double) ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F;
}

/* A, B, C of order n. */
template <class In, class Out> std::vector<Buffer> three(int64_t n, int64_t batch)
{
    return {square<In>("A", n, batch), square<In>("B", n, batch), square<Out>("C", n, batch)};
}

/* Arrays of BATCH pointers, and after them the matrices: `names` counts the arrays. */
template <class T> std::vector<Buffer> batches(int64_t n, std::vector<const char *> names)
{
    std::vector<Buffer> all;
    size_t item = names.size();
    for (const char *name : names) {
        all.push_back({name, sizeof(T *), BATCH, {item, item + 1}});
        item += BATCH;
    }
    for (const char *name : names)
        for (int b = 0; b < BATCH; b++) all.push_back(square<T>(name, n));
    return all;
}

/* cublasGemmEx_64 and cublasGemmStridedBatchedEx_64, by the types of the factors and of the sum. */
template <class In, class Out> int multiply(Trial &t, const void *alpha, const void *beta)
{
    constexpr cudaDataType in = gemm_type<In>(), out = gemm_type<Out>();
    return int(cublasGemmEx_64(t.blas, N, N, t.n, t.n, t.n, alpha, t.p[0], in, t.ld(0), t.p[1], in,
                               t.ld(1), beta, t.p[2], out, t.ld(2), gemm_compute<Out>(),
                               CUBLAS_GEMM_DEFAULT));
}

template <class In, class Out> Row gemm_row(const char *name)
{
    return with_buffers(
        name, {Handle::Blas}, 3, [](int64_t n) { return three<In, Out>(n, 1); },
        [](Trial &t) {
            Out one = 1, zero = 0;
            return multiply<In, Out>(t, &one, &zero);
        });
}

template <class T> Row device_scalars_row(const char *name)
{
    return with_buffers(
        name, {Handle::Blas}, 3,
        [](int64_t n) {
            std::vector<Buffer> all = three<T, T>(n, 1);
            all.push_back({"alpha", sizeof(T), 1, {}});
            all.push_back({"beta", sizeof(T), 1, {}});
            return all;
        },
        [](Trial &t) {
            (void)cublasSetPointerMode(t.blas, CUBLAS_POINTER_MODE_DEVICE);
            int status = multiply<T, T>(t, t.p[3], t.p[4]);
            (void)cublasSetPointerMode(t.blas, CUBLAS_POINTER_MODE_HOST);
            return status;
        });
}

template <class In, class Out> Row strided_row(const char *name)
{
    return with_buffers(
        name, {Handle::Blas}, 3, [](int64_t n) { return three<In, Out>(n, BATCH); },
        [](Trial &t) {
            constexpr cudaDataType in = gemm_type<In>(), out = gemm_type<Out>();
            Out one = 1, zero = 0;
            long long stride = t.n * t.n;
            return int(cublasGemmStridedBatchedEx_64(t.blas, N, N, t.n, t.n, t.n, &one, t.p[0], in,
                                                     t.ld(0), stride, t.p[1], in, t.ld(1), stride,
                                                     &zero, t.p[2], out, t.ld(2), stride, BATCH,
                                                     gemm_compute<Out>(), CUBLAS_GEMM_DEFAULT));
        });
}

template <class T, class F> Row syrk_row(const char *name, F *f)
{
    return with_buffers(
        name, {Handle::Blas}, 2,
        [](int64_t n) {
            return std::vector<Buffer>{square<T>("A", n), square<T>("C", n)};
        },
        [=](Trial &t) {
            T one = 1, zero = 0;
            return int(f(t.blas, LOWER, N, t.n, t.n, &one, t.at<T>(0), t.ld(0), &zero, t.at<T>(1),
                         t.ld(1)));
        });
}

template <class T, class F> Row trsm_row(const char *name, F *f)
{
    return with_buffers(
        name, {Handle::Blas}, 2,
        [](int64_t n) {
            return std::vector<Buffer>{square<T>("A", n), square<T>("B", n)};
        },
        [=](Trial &t) {
            T one = 1;
            return int(f(t.blas, CUBLAS_SIDE_LEFT, LOWER, N, CUBLAS_DIAG_UNIT, t.n, t.n, &one,
                         t.at<T>(0), t.ld(0), t.at<T>(1), t.ld(1)));
        });
}

template <class T, class F> Row trsm_batched_row(const char *name, F *f)
{
    return with_buffers(
        name, {Handle::Blas}, 2,
        [](int64_t n) {
            return batches<T>(n, {"A", "B"});
        },
        [=](Trial &t) {
            T one = 1;
            return int(f(t.blas, CUBLAS_SIDE_LEFT, LOWER, N, CUBLAS_DIAG_UNIT, t.n, t.n, &one,
                         t.at<T *>(0), t.ld(0), t.at<T *>(1), t.ld(1), BATCH));
        });
}

template <class T, class F> Row trmm_row(const char *name, F *f)
{
    return with_buffers(
        name, {Handle::Blas}, 3, [](int64_t n) { return three<T, T>(n, 1); },
        [=](Trial &t) {
            T one = 1;
            return int(f(t.blas, CUBLAS_SIDE_LEFT, LOWER, N, CUBLAS_DIAG_UNIT, t.n, t.n, &one,
                         t.at<T>(0), t.ld(0), t.at<T>(1), t.ld(1), t.at<T>(2), t.ld(2)));
        });
}

/* Two groups of one product each. */
template <class T, class F> Row grouped_row(const char *name, F *f)
{
    return with_buffers(
        name, {Handle::Blas}, 3,
        [](int64_t n) {
            return batches<T>(n, {"A", "B", "C"});
        },
        [=](Trial &t) {
            const cublasOperation_t ops[] = {N, N};
            const int64_t n[] = {t.n, t.n}, each[] = {1, 1};
            const int64_t lda[] = {t.n, t.ld(0)}, ldb[] = {t.ld(1), t.n}, ldc[] = {t.n, t.ld(2)};
            const T one[] = {1, 1}, zero[] = {0, 0};
            return int(f(t.blas, ops, ops, n, n, n, one, t.at<T *>(0), lda, t.at<T *>(1), ldb, zero,
                         t.at<T *>(2), ldc, 2, each));
        });
}

/* The workspace stays with the handle, so each call sets a right one again. */
constexpr size_t WORKSPACE_BYTES = 32768;

Row set_workspace_row()
{
    return with_buffers(
        "cublasSetWorkspace_v2", {Handle::Blas}, 0,
        [](int64_t) {
            return std::vector<Buffer>{{"workspace", 1, WORKSPACE_BYTES, {}}};
        },
        [](Trial &t) {
            int status = int(cublasSetWorkspace(t.blas, t.p[0], WORKSPACE_BYTES));
            (void)cublasSetStream(t.blas, t.stream); /* drops it */
            return status;
        });
}

void add_handles(std::vector<Row> *rows)
{
    const std::string creates = "has no handle yet", host = "works without a handle";
    rows->push_back(plain("cublasCreate_v2", {}, [](Trial &) {
        cublasHandle_t h;
        int status = int(cublasCreate(&h));
        return status ? status : int(cublasDestroy(h));
    }));
    rows->back().inapplicable[HANDLE] = creates;
    rows->push_back(ending<cublasHandle_t>(
        "cublasDestroy_v2", [](cublasHandle_t *h) { return int(cublasCreate(h)); },
        [](cublasHandle_t h) { return int(cublasDestroy(h)); }));
    rows->push_back(plain("cublasGetVersion_v2", {}, [](Trial &) {
        int version;
        return int(cublasGetVersion(nullptr, &version));
    }));
    rows->back().inapplicable[HANDLE] = host;
    rows->push_back(plain("cublasSetStream_v2", {Handle::Blas, Handle::Stream},
                          [](Trial &t) { return int(cublasSetStream(t.blas, t.stream)); }));
    rows->push_back(set_workspace_row());
    rows->push_back(plain("cublasSetPointerMode_v2", {Handle::Blas}, [](Trial &t) {
        return int(cublasSetPointerMode(t.blas, CUBLAS_POINTER_MODE_HOST));
    }));
    rows->push_back(plain("cublasSetAtomicsMode", {Handle::Blas}, [](Trial &t) {
        return int(cublasSetAtomicsMode(t.blas, CUBLAS_ATOMICS_NOT_ALLOWED));
    }));
    rows->push_back(plain("cublasSetMathMode", {Handle::Blas}, [](Trial &t) {
        return int(cublasSetMathMode(t.blas, CUBLAS_PEDANTIC_MATH));
    }));
    rows->push_back(plain("cublasGetStatusName", {}, [](Trial &) {
        return cublasGetStatusName(CUBLAS_STATUS_SUCCESS) ? 0 : 1;
    }));
    rows->back().inapplicable[HANDLE] = host;
    rows->push_back(plain("cublasGetStatusString", {}, [](Trial &) {
        return cublasGetStatusString(CUBLAS_STATUS_SUCCESS) ? 0 : 1;
    }));
    rows->back().inapplicable[HANDLE] = host;
}

} // namespace

std::vector<Row> blas_rows()
{
    std::vector<Row> rows;
    add_handles(&rows);
    rows.push_back(gemm_row<uint16_t, float>("cublasGemmEx_64"));
    rows.push_back(gemm_row<float, float>("cublasGemmEx_64 (float32)"));
    rows.push_back(gemm_row<double, double>("cublasGemmEx_64 (float64)"));
    rows.push_back(device_scalars_row<float>("cublasGemmEx_64 (device scalars)"));
    rows.push_back(device_scalars_row<double>("cublasGemmEx_64 (float64 scalars)"));
    rows.push_back(strided_row<uint16_t, float>("cublasGemmStridedBatchedEx_64"));
    rows.push_back(strided_row<double, double>("cublasGemmStridedBatchedEx_64 (f64)"));
    rows.push_back(syrk_row<float>("cublasSsyrk_v2_64", cublasSsyrk_64));
    rows.push_back(syrk_row<double>("cublasDsyrk_v2_64", cublasDsyrk_64));
    rows.push_back(trsm_row<float>("cublasStrsm_v2_64", cublasStrsm_64));
    rows.push_back(trsm_row<double>("cublasDtrsm_v2_64", cublasDtrsm_64));
    rows.push_back(trmm_row<float>("cublasStrmm_v2_64", cublasStrmm_64));
    rows.push_back(trmm_row<double>("cublasDtrmm_v2_64", cublasDtrmm_64));
    rows.push_back(
        grouped_row<float>("cublasSgemmGroupedBatched_64", cublasSgemmGroupedBatched_64));
    rows.push_back(
        grouped_row<double>("cublasDgemmGroupedBatched_64", cublasDgemmGroupedBatched_64));
    rows.push_back(trsm_batched_row<float>("cublasStrsmBatched_64", cublasStrsmBatched_64));
    rows.push_back(trsm_batched_row<double>("cublasDtrsmBatched_64", cublasDtrsmBatched_64));
    return rows;
}

} // namespace contracts
