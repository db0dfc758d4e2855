/* The gemm family of the emulated cuBLAS against plain loops.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "blas_fixture.h"

using namespace fixture;

namespace
{

/* C against alpha op(A) op(B) + beta C0; C0 in C.uploaded. */
template <class T>
void expect_product(cublasOperation_t ta, cublasOperation_t tb, int64_t k, double alpha,
                    const Matrix<T> &A, const Matrix<T> &B, double beta, const Matrix<T> &C)
{
    for (int64_t b = 0; b < C.batch; b++) {
        for (int64_t j = 0; j < C.cols; j++) {
            for (int64_t i = 0; i < C.rows; i++) {
                double sum = 0, size = 0;
                for (int64_t l = 0; l < k && alpha != 0; l++) {
                    double term = alpha * element(A, ta, i, l, b) * element(B, tb, l, j, b);
                    sum += term;
                    size += std::abs(term);
                }
                double before = double(C.uploaded[size_t(b * C.stride + j * C.ld + i)]);
                if (beta != 0) {
                    sum += beta * before;
                    size += std::abs(beta * before);
                }
                CHECK(std::abs(double(C.at(i, j, b)) - sum) <= double(k + 3) * eps<T>() * size);
            }
        }
    }
}

enum class Form { One, Strided, DeviceScalars };

template <class T>
void try_gemm(Form form, cublasOperation_t ta, cublasOperation_t tb, int64_t m, int64_t n,
              int64_t k, double alpha, double beta)
{
    Blas blas;
    int64_t batch = form == Form::Strided ? 3 : 1;
    Matrix<T> A(ta == CUBLAS_OP_N ? m : k, ta == CUBLAS_OP_N ? k : m, batch);
    Matrix<T> B(tb == CUBLAS_OP_N ? k : n, tb == CUBLAS_OP_N ? n : k, batch);
    Matrix<T> C(m, n, batch);
    if (beta == 0) C.fill(nan_of<T>());
    A.up();
    B.up();
    C.up();
    T a = T(alpha), b = T(beta);
    Array<T> scalars(2);
    scalars.v = {a, b};
    scalars.up();
    switch (form) {
    case Form::One: FINE(call_gemm(blas.h, ta, tb, &a, A, B, &b, C, k)); break;
    case Form::Strided:
        FINE(call_strided(blas.h, ta, tb, &a, A, A.stride, B, &b, C, C.stride, k));
        break;
    case Form::DeviceScalars:
        FINE(cublasSetPointerMode(blas.h, CUBLAS_POINTER_MODE_DEVICE));
        FINE(call_gemm(blas.h, ta, tb, scalars.p, A, B, scalars.p + 1, C, k));
        break;
    }
    a = b = 99; /* host scalars were copied at the call */
    C.down(blas.stream);
    expect_product(ta, tb, k, alpha, A, B, beta, C);
}

template <class T> void try_all_gemms(Form form)
{
    const int64_t shapes[][3] = {
        {1, 1, 1}, {3, 5, 0}, {4, 1, 7}, {between(2, 9), between(2, 9), 8}};
    for (cublasOperation_t ta : OPERATIONS)
        for (cublasOperation_t tb : OPERATIONS)
            for (const auto &s : shapes)
                for (const auto &c : SCALARS)
                    try_gemm<T>(form, ta, tb, s[0], s[1], s[2], c[0], c[1]);
}

} // namespace

PASSES_IN(cases::LATE, gemm)
{
    try_all_gemms<float>(Form::One);
    try_all_gemms<double>(Form::One);
}

PASSES_IN(cases::EARLY, gemm_strided)
{
    try_all_gemms<float>(Form::Strided);
    try_all_gemms<double>(Form::Strided);
}

PASSES_IN(cases::RANDOM, gemm_device_scalars)
{
    try_all_gemms<float>(Form::DeviceScalars);
    try_all_gemms<double>(Form::DeviceScalars);
}

PASSES(gemm_of_nothing)
{
    Blas blas;
    double one = 1;
    FINE(cublasGemmEx_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 0, 3, 2, &one, nullptr, CUDA_R_64F, 1,
                         nullptr, CUDA_R_64F, 2, &one, nullptr, CUDA_R_64F, 1, CUBLAS_COMPUTE_64F,
                         CUBLAS_GEMM_DEFAULT));
    FINE(cublasGemmStridedBatchedEx_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 2, 3, 2, &one, nullptr,
                                       CUDA_R_64F, 2, 4, nullptr, CUDA_R_64F, 2, 6, &one, nullptr,
                                       CUDA_R_64F, 2, 6, 0, CUBLAS_COMPUTE_64F,
                                       CUBLAS_GEMM_DEFAULT));
}

/* One matrix against many: the stride of an input may be 0. */
PASSES(gemm_broadcast)
{
    Blas blas;
    Matrix<double> A(2, 2), B(2, 3, 4), C(2, 3, 4);
    A.up();
    B.up();
    C.up();
    double one = 1, zero = 0;
    FINE(call_strided(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, &one, A, 0, B, &zero, C, C.stride, 2));
    C.down(blas.stream);
    for (int64_t b = 0; b < 4; b++)
        CHECK(std::abs(C.at(1, 2, b) - (A.at(1, 0) * B.at(0, 2, b) + A.at(1, 1) * B.at(1, 2, b))) <
              1e-14);
}

/* The libraries promise equal bits for equal calls. */
PASSES(gemm_repeats_its_bits)
{
    Blas blas;
    Matrix<float> A(7, 40), B(40, 5), C(7, 5), D(7, 5, 1, C.ld - 7);
    float one = 1, zero = 0;
    A.up();
    B.up();
    C.up();
    D.up();
    FINE(call_gemm(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, &one, A, B, &zero, C, 40));
    FINE(call_gemm(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, &one, A, B, &zero, D, 40));
    C.down(blas.stream);
    D.down(blas.stream);
    for (int64_t j = 0; j < 5; j++)
        for (int64_t i = 0; i < 7; i++) CHECK(C.at(i, j) == D.at(i, j));
}

/* Small integers are exact in all formats. */
PASSES(gemm_of_16_bits)
{
    const struct {
        cudaDataType type;
        uint16_t one, two, half, minus;
    } formats[] = {{CUDA_R_16F, 0x3c00, 0x4000, 0x3800, 0xbc00},
                   {CUDA_R_16BF, 0x3f80, 0x4000, 0x3f00, 0xbf80}};
    for (const auto &f : formats) {
        Blas blas;
        Array<uint16_t> A(8), B(8);
        Array<float> C(8);
        /* two items of a 2 x 2 matrix, columns first */
        A.v = {f.one, f.half, f.two, f.minus, f.two, f.two, f.half, f.one};
        B.v = {f.one, f.one, f.minus, f.two, f.half, f.two, f.one, f.one};
        A.up();
        B.up();
        C.up();
        float one = 1, zero = 0;
        FINE(cublasGemmStridedBatchedEx_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_T, 2, 2, 2, &one, A.p,
                                           f.type, 2, 4, B.p, f.type, 2, 4, &zero, C.p, CUDA_R_32F,
                                           2, 4, 2, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
        C.down(blas.stream);
        const float expected[] = {-1, 1.5, 5, -1.5, 1.5, 2, 4.5, 5};
        for (size_t i = 0; i < 8; i++) CHECK(C.v[i] == expected[i]);
        FINE(cublasGemmEx_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_T, 2, 2, 2, &one, A.p, f.type, 2, B.p,
                             f.type, 2, &zero, C.p + 4, CUDA_R_32F, 2, CUBLAS_COMPUTE_32F,
                             CUBLAS_GEMM_DEFAULT));
        C.down(blas.stream);
        for (size_t i = 0; i < 4; i++) CHECK(C.v[4 + i] == expected[i]);
    }
}

/* TF32 keeps ten bits of fraction, and only where it was asked for. */
PASSES(gemm_in_tf32)
{
    Blas blas;
    Array<float> A(1), B(1), C(1);
    A.v[0] = 1 + 0x1p-20f;
    B.v[0] = 1;
    A.up();
    B.up();
    float one = 1, zero = 0;
    const std::pair<cublasMath_t, float> modes[] = {{CUBLAS_DEFAULT_MATH, A.v[0]},
                                                    {CUBLAS_PEDANTIC_MATH, A.v[0]},
                                                    {CUBLAS_TF32_TENSOR_OP_MATH, 1.0f}};
    for (const auto &[mode, expected] : modes) {
        FINE(cublasSetMathMode(blas.h, mode));
        FINE(cublasGemmEx_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, A.p, CUDA_R_32F, 1,
                             B.p, CUDA_R_32F, 1, &zero, C.p, CUDA_R_32F, 1, CUBLAS_COMPUTE_32F,
                             CUBLAS_GEMM_DEFAULT));
        C.down(blas.stream);
        CHECK(C.v[0] == expected);
    }
}
