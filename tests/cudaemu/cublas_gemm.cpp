/* cuBLAS: products (2.8 "BLAS-like Extension": cublasGemmEx, cublasGemmStridedBatchedEx; 2.1.11
 * "64-bit Integer Interface").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cmath>
#include <cstring>

#include "blas_call.h"

namespace emu
{

namespace
{

/* ---- formats of 16 and 19 bits --------------------------------------------------------------- */

float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

float from_half(uint16_t h)
{
    uint32_t exponent = (h >> 10) & 31u, fraction = h & 1023u;
    float magnitude;
    if (exponent == 31)
        magnitude = fraction ? not_a_number<float>() : std::numeric_limits<float>::infinity();
    else if (exponent == 0)
        magnitude = ldexpf(float(fraction), -24);
    else
        magnitude = ldexpf(float(fraction + 1024u), int(exponent) - 25);
    return h & 0x8000u ? -magnitude : magnitude;
}

float from_bfloat16(uint16_t b)
{
    return from_bits(uint32_t(b) << 16);
}

/* The 10 explicit bits of fraction that TF32 keeps, to nearest; documentation leaves the tie
 * open. */
float to_tf32(float x)
{
    if (!std::isfinite(x)) return x;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return from_bits((bits + 0x1000u) & ~0x1fffu);
}

size_t bytes_of(cudaDataType type)
{
    switch (type) {
    case CUDA_R_64F: return 8;
    case CUDA_R_32F: return 4;
    case CUDA_R_16F:
    case CUDA_R_16BF: return 2;
    default: return 0;
    }
}

/* ---- one call -------------------------------------------------------------------------------- */

struct Gemm {
    cublasOperation_t ta, tb;
    int64_t m, n, k, batch;
    Items A, B, C;
    cudaDataType in, out; /* of A and B; of C, and of the arithmetic */
    int64_t lda, ldb, ldc;
    bool tf32;

    int64_t rows_a() const
    {
        return ta == CUBLAS_OP_N ? m : k;
    }
    int64_t cols_a() const
    {
        return ta == CUBLAS_OP_N ? k : m;
    }
    int64_t rows_b() const
    {
        return tb == CUBLAS_OP_N ? k : n;
    }
    int64_t cols_b() const
    {
        return tb == CUBLAS_OP_N ? n : k;
    }
    Operand item_a() const
    {
        return operand("A", A.p, bytes_of(in), rows_a(), cols_a(), lda, Access::Read);
    }
    Operand item_b() const
    {
        return operand("B", B.p, bytes_of(in), rows_b(), cols_b(), ldb, Access::Read);
    }
    Operand item_c(Access access) const
    {
        return operand("C", C.p, bytes_of(out), m, n, ldc, access);
    }
    Freedom freedom() const
    {
        return Freedom("gemm", {ta, tb, m, n, k, batch, in, out, lda, ldb, ldc, tf32,
                                alignment_class(A.p), alignment_class(B.p), alignment_class(C.p)});
    }
};

template <class T>
std::vector<T> fetch_input(const Gemm &g, const void *p, int64_t rows, int64_t cols, int64_t ld)
{
    if (bytes_of(g.in) == sizeof(T)) {
        std::vector<T> copy = fetch(static_cast<const T *>(p), rows, cols, ld);
        if (g.tf32)
            for (T &x : copy) x = T(to_tf32(float(x)));
        return copy;
    }
    const uint16_t *narrow = static_cast<const uint16_t *>(p);
    std::vector<T> copy(size_t(rows * cols));
    for (int64_t j = 0; j < cols; j++)
        for (int64_t i = 0; i < rows; i++)
            copy[size_t(i + j * rows)] = T(g.in == CUDA_R_16F ? from_half(narrow[i + j * ld])
                                                              : from_bfloat16(narrow[i + j * ld]));
    return copy;
}

/* C of an item, from its old value if beta != 0. */
template <class T>
void compute_item(const Gemm &g, int64_t b, T alpha, T beta, bool reads_inputs, Freedom freedom)
{
    T *to = static_cast<T *>(const_cast<void *>(g.C.item(b, sizeof(T))));
    std::vector<T> C(size_t(g.m * g.n), T(0));
    if (beta != 0) C = fetch(to, g.m, g.n, g.ldc);
    std::vector<T> A, B;
    if (reads_inputs) {
        A = fetch_input<T>(g, g.A.item(b, bytes_of(g.in)), g.rows_a(), g.cols_a(), g.lda);
        B = fetch_input<T>(g, g.B.item(b, bytes_of(g.in)), g.rows_b(), g.cols_b(), g.ldb);
    }
    int64_t lda = std::max<int64_t>(1, g.rows_a()), ldb = std::max<int64_t>(1, g.rows_b());
    if (alpha != 0 && g.k > 0) {
        multiply_in_parts(&freedom, g.ta, g.tb, g.m, g.n, g.k, alpha, A.data(), lda, B.data(), ldb,
                          beta, C.data());
    } else {
        std::vector<T> product(size_t(g.m * g.n), T(0));
        if (reads_inputs && g.k > 0)
            multiply(g.ta, g.tb, g.m, g.n, g.k, T(1), A.data(), lda, B.data(), ldb, T(0),
                     product.data());
        for (size_t i = 0; i < C.size(); i++)
            C[i] = (beta != 0 ? beta * C[i] : T(0)) + alpha * product[i];
    }
    store(C, to, g.m, g.n, g.ldc);
}

template <class T> void run_gemm(const Gemm &g, Scalar<T> alpha, Scalar<T> beta, bool poisoned)
{
    T a = alpha.get(), b = beta.get();
    Freedom freedom = g.freedom();
    /* alpha = 0: A and B need not be read, but nobody promises that their NaN is suppressed. */
    bool reads = a != 0 || freedom.coin();
    if (a != 0 && g.k > 0) {
        declare(batched(g.item_a(), g.A.stride, g.batch));
        declare(batched(g.item_b(), g.B.stride, g.batch));
    }
    Operand C = g.item_c(b != 0 ? Access::ReadWrite : Access::Write);
    declare(batched(C, g.C.stride, g.batch));
    for (int64_t i = 0; i < g.batch; i++) {
        compute_item<T>(g, i, a, b, reads, freedom);
        C.p = g.C.item(i, sizeof(T));
        if (poisoned) spoil(C);
    }
}

void check_items(Arguments *args, const Items &items, const Operand &item, int64_t batch)
{
    args->require(items.stride >= 0, "stride", "the stride of %s is negative", items.what);
    bool written = item.access != Access::Read;
    args->require(!written || batch <= 1 || items.stride >= item.ld * item.cols, "overlap",
                  "the stride of %s is %lld, its items have %lld columns at %lld", items.what,
                  static_cast<long long>(items.stride), static_cast<long long>(item.cols),
                  static_cast<long long>(item.ld));
    args->device_operand(batched(item, items.stride, batch));
}

template <class T> cublasStatus_t gemm(BlasCall *c, Gemm g, const void *alpha, const void *beta)
{
    Arguments &args = c->arguments();
    c->operation("transa", g.ta);
    c->operation("transb", g.tb);
    args.size("m", g.m);
    args.size("n", g.n);
    args.size("k", g.k);
    args.size("the batch", g.batch);
    args.leading_dimension("lda", g.lda, g.rows_a());
    args.leading_dimension("ldb", g.ldb, g.rows_b());
    args.leading_dimension("ldc", g.ldc, g.m);
    if (!c->fine() || g.m == 0 || g.n == 0 || g.batch == 0) return c->status();
    Scalar<T> a = c->scalar("alpha", static_cast<const T *>(alpha));
    Scalar<T> b = c->scalar("beta", static_cast<const T *>(beta));
    if (g.k > 0) {
        check_items(&args, g.A, g.item_a(), g.batch);
        check_items(&args, g.B, g.item_b(), g.batch);
    }
    check_items(&args, g.C, g.item_c(Access::Write), g.batch);
    if (!c->fine()) return c->status();
    int math = int(c->handle()->math) & ~int(CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);
    if (g.in == CUDA_R_32F && math == CUBLAS_TF32_TENSOR_OP_MATH) g.tf32 = true;
    count_flops(2.0 * double(g.m) * double(g.n) * double(g.k) * double(g.batch));
    bool poisoned = c->poisoned();
    return c->enqueue([=] { run_gemm<T>(g, a, b, poisoned); });
}

/* Of the combinations of types in cublasGemmEx's table: those that compute in float32 or float64
 * and store what they computed. */
cublasStatus_t gemm_ex(const char *name, cublasHandle_t handle, Gemm g, cudaDataType type_b,
                       const void *alpha, const void *beta, cublasComputeType_t compute,
                       cublasGemmAlgo_t algorithm)
{
    BlasCall c(name, handle, BlasCall::Computing);
    if (!c.fine()) return c.status();
    bool fast = compute == CUBLAS_COMPUTE_32F_FAST_TF32;
    bool single = compute == CUBLAS_COMPUTE_32F || compute == CUBLAS_COMPUTE_32F_PEDANTIC || fast;
    bool twice = compute == CUBLAS_COMPUTE_64F || compute == CUBLAS_COMPUTE_64F_PEDANTIC;
    c.arguments().support(g.in == type_b, "A has type %d, B has %d", int(g.in), int(type_b));
    c.arguments().support(single || twice, "compute type %d is not known or not emulated",
                          int(compute));
    if (twice)
        c.arguments().support(g.in == CUDA_R_64F && g.out == CUDA_R_64F,
                              "types %d -> %d with computation in float64", int(g.in), int(g.out));
    else
        c.arguments().support(
            g.out == CUDA_R_32F &&
                (g.in == CUDA_R_32F || (!fast && (g.in == CUDA_R_16F || g.in == CUDA_R_16BF))),
            "types %d -> %d with computation in float32", int(g.in), int(g.out));
    c.arguments().require(algorithm == CUBLAS_GEMM_DEFAULT, "enum",
                          "algorithm %d: pass CUBLAS_GEMM_DEFAULT", int(algorithm));
    if (!c.fine()) return c.status();
    g.tf32 = fast;
    return twice ? gemm<double>(&c, g, alpha, beta) : gemm<float>(&c, g, alpha, beta);
}

Items strided(const char *what, const void *p, int64_t stride)
{
    return {what, p, stride, false};
}

} // namespace

} // namespace emu

using namespace emu;

extern "C" cublasStatus_t cublasGemmEx_64(cublasHandle_t handle, cublasOperation_t transa,
                                          cublasOperation_t transb, int64_t m, int64_t n, int64_t k,
                                          const void *alpha, const void *A, cudaDataType Atype,
                                          int64_t lda, const void *B, cudaDataType Btype,
                                          int64_t ldb, const void *beta, void *C,
                                          cudaDataType Ctype, int64_t ldc,
                                          cublasComputeType_t computeType, cublasGemmAlgo_t algo)
{
    Gemm g = {transa,
              transb,
              m,
              n,
              k,
              1,
              strided("A", A, 0),
              strided("B", B, 0),
              strided("C", C, 0),
              Atype,
              Ctype,
              lda,
              ldb,
              ldc,
              false};
    return gemm_ex(__func__, handle, g, Btype, alpha, beta, computeType, algo);
}

extern "C" cublasStatus_t cublasGemmStridedBatchedEx_64(
    cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int64_t m, int64_t n,
    int64_t k, const void *alpha, const void *A, cudaDataType Atype, int64_t lda,
    long long int strideA, const void *B, cudaDataType Btype, int64_t ldb, long long int strideB,
    const void *beta, void *C, cudaDataType Ctype, int64_t ldc, long long int strideC,
    int64_t batchCount, cublasComputeType_t computeType, cublasGemmAlgo_t algo)
{
    Gemm g = {transa,
              transb,
              m,
              n,
              k,
              batchCount,
              strided("A", A, strideA),
              strided("B", B, strideB),
              strided("C", C, strideC),
              Atype,
              Ctype,
              lda,
              ldb,
              ldc,
              false};
    return gemm_ex(__func__, handle, g, Btype, alpha, beta, computeType, algo);
}
