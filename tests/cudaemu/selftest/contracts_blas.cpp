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

template <class T, class F> Row gemm_row(const char *name, F *f)
{
    return with_buffers(
        name, {Handle::Blas}, 3, [](int64_t n) { return three<T, T>(n, 1); },
        [=](Trial &t) {
            T one = 1, zero = 0;
            return int(f(t.blas, N, N, t.n, t.n, t.n, &one, t.at<T>(0), t.ld(0), t.at<T>(1),
                         t.ld(1), &zero, t.at<T>(2), t.ld(2)));
        });
}

template <class T, class F> Row device_scalars_row(const char *name, F *f)
{
    return with_buffers(
        name, {Handle::Blas}, 3,
        [](int64_t n) {
            std::vector<Buffer> all = three<T, T>(n, 1);
            all.push_back({"alpha", sizeof(T), 1, {}});
            all.push_back({"beta", sizeof(T), 1, {}});
            return all;
        },
        [=](Trial &t) {
            (void)cublasSetPointerMode(t.blas, CUBLAS_POINTER_MODE_DEVICE);
            int status = int(f(t.blas, N, N, t.n, t.n, t.n, t.at<T>(3), t.at<T>(0), t.ld(0),
                               t.at<T>(1), t.ld(1), t.at<T>(4), t.at<T>(2), t.ld(2)));
            (void)cublasSetPointerMode(t.blas, CUBLAS_POINTER_MODE_HOST);
            return status;
        });
}

template <class T, class F> Row strided_row(const char *name, F *f)
{
    return with_buffers(
        name, {Handle::Blas}, 3, [](int64_t n) { return three<T, T>(n, BATCH); },
        [=](Trial &t) {
            T one = 1, zero = 0;
            long long stride = t.n * t.n;
            return int(f(t.blas, N, N, t.n, t.n, t.n, &one, t.at<T>(0), t.ld(0), stride, t.at<T>(1),
                         t.ld(1), stride, &zero, t.at<T>(2), t.ld(2), stride, BATCH));
        });
}

template <class T, class F> Row pointers_row(const char *name, F *f)
{
    return with_buffers(
        name, {Handle::Blas}, 3,
        [](int64_t n) {
            return batches<T>(n, {"A", "B", "C"});
        },
        [=](Trial &t) {
            T one = 1, zero = 0;
            return int(f(t.blas, N, N, t.n, t.n, t.n, &one, t.at<T *>(0), t.ld(0), t.at<T *>(1),
                         t.ld(1), &zero, t.at<T *>(2), t.ld(2), BATCH));
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

template <class T, class F> Row geam_row(const char *name, F *f)
{
    return with_buffers(
        name, {Handle::Blas}, 3, [](int64_t n) { return three<T, T>(n, 1); },
        [=](Trial &t) {
            T one = 1;
            return int(f(t.blas, N, CUBLAS_OP_T, t.n, t.n, &one, t.at<T>(0), t.ld(0), &one,
                         t.at<T>(1), t.ld(1), t.at<T>(2), t.ld(2)));
        });
}

Row mixed_row()
{
    return with_buffers(
        "cublasGemmEx_64", {Handle::Blas}, 3,
        [](int64_t n) { return three<uint16_t, float>(n, 1); },
        [](Trial &t) {
            float one = 1, zero = 0;
            return int(cublasGemmEx_64(t.blas, N, N, t.n, t.n, t.n, &one, t.p[0], CUDA_R_16F,
                                       t.ld(0), t.p[1], CUDA_R_16F, t.ld(1), &zero, t.p[2],
                                       CUDA_R_32F, t.ld(2), CUBLAS_COMPUTE_32F,
                                       CUBLAS_GEMM_DEFAULT));
        });
}

Row mixed_strided_row()
{
    return with_buffers(
        "cublasGemmStridedBatchedEx_64", {Handle::Blas}, 3,
        [](int64_t n) { return three<uint16_t, float>(n, BATCH); },
        [](Trial &t) {
            float one = 1, zero = 0;
            long long stride = t.n * t.n;
            return int(cublasGemmStridedBatchedEx_64(
                t.blas, N, N, t.n, t.n, t.n, &one, t.p[0], CUDA_R_16BF, t.ld(0), stride, t.p[1],
                CUDA_R_16BF, t.ld(1), stride, &zero, t.p[2], CUDA_R_32F, t.ld(2), stride, BATCH,
                CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
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
    rows.push_back(gemm_row<float>("cublasSgemm_v2_64", cublasSgemm_64));
    rows.push_back(gemm_row<double>("cublasDgemm_v2_64", cublasDgemm_64));
    rows.push_back(device_scalars_row<float>("cublasSgemm_v2_64 (device scalars)", cublasSgemm_64));
    rows.push_back(
        device_scalars_row<double>("cublasDgemm_v2_64 (device scalars)", cublasDgemm_64));
    rows.push_back(
        strided_row<float>("cublasSgemmStridedBatched_64", cublasSgemmStridedBatched_64));
    rows.push_back(
        strided_row<double>("cublasDgemmStridedBatched_64", cublasDgemmStridedBatched_64));
    rows.push_back(pointers_row<float>("cublasSgemmBatched_64", cublasSgemmBatched_64));
    rows.push_back(pointers_row<double>("cublasDgemmBatched_64", cublasDgemmBatched_64));
    rows.push_back(mixed_row());
    rows.push_back(mixed_strided_row());
    rows.push_back(syrk_row<float>("cublasSsyrk_v2_64", cublasSsyrk_64));
    rows.push_back(syrk_row<double>("cublasDsyrk_v2_64", cublasDsyrk_64));
    rows.push_back(trsm_row<float>("cublasStrsm_v2_64", cublasStrsm_64));
    rows.push_back(trsm_row<double>("cublasDtrsm_v2_64", cublasDtrsm_64));
    rows.push_back(trsm_batched_row<float>("cublasStrsmBatched_64", cublasStrsmBatched_64));
    rows.push_back(trsm_batched_row<double>("cublasDtrsmBatched_64", cublasDtrsmBatched_64));
    rows.push_back(geam_row<float>("cublasSgeam_64", cublasSgeam_64));
    rows.push_back(geam_row<double>("cublasDgeam_64", cublasDgeam_64));
    return rows;
}

} // namespace contracts
