/* The emulated cuBLAS against plain loops, and what it must refuse.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "library_fixture.h"

using namespace fixture;

namespace
{

/* ---- gemm ---------------------------------------------------------------------------------------- */

cublasStatus_t call_gemm(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb,
                         const float *alpha, const Matrix<float> &A, const Matrix<float> &B,
                         const float *beta, const Matrix<float> &C, int64_t k)
{
    return cublasSgemm_64(h, ta, tb, C.rows, C.cols, k, alpha, A.p, A.ld, B.p, B.ld, beta, C.p, C.ld);
}

cublasStatus_t call_gemm(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb,
                         const double *alpha, const Matrix<double> &A, const Matrix<double> &B,
                         const double *beta, const Matrix<double> &C, int64_t k)
{
    return cublasDgemm_64(h, ta, tb, C.rows, C.cols, k, alpha, A.p, A.ld, B.p, B.ld, beta, C.p, C.ld);
}

cublasStatus_t call_strided(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb,
                            const float *alpha, const Matrix<float> &A, const Matrix<float> &B,
                            const float *beta, const Matrix<float> &C, int64_t k)
{
    return cublasSgemmStridedBatched_64(h, ta, tb, C.rows, C.cols, k, alpha, A.p, A.ld, A.stride, B.p,
                                        B.ld, B.stride, beta, C.p, C.ld, C.stride, C.batch);
}

cublasStatus_t call_strided(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb,
                            const double *alpha, const Matrix<double> &A, const Matrix<double> &B,
                            const double *beta, const Matrix<double> &C, int64_t k)
{
    return cublasDgemmStridedBatched_64(h, ta, tb, C.rows, C.cols, k, alpha, A.p, A.ld, A.stride, B.p,
                                        B.ld, B.stride, beta, C.p, C.ld, C.stride, C.batch);
}

cublasStatus_t call_pointers(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int64_t k,
                             const float *alpha, float *const *A, const Matrix<float> &a,
                             float *const *B, const Matrix<float> &b, const float *beta,
                             float *const *C, const Matrix<float> &c)
{
    return cublasSgemmBatched_64(h, ta, tb, c.rows, c.cols, k, alpha, A, a.ld, B, b.ld, beta, C, c.ld,
                                 c.batch);
}

cublasStatus_t call_pointers(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int64_t k,
                             const double *alpha, double *const *A, const Matrix<double> &a,
                             double *const *B, const Matrix<double> &b, const double *beta,
                             double *const *C, const Matrix<double> &c)
{
    return cublasDgemmBatched_64(h, ta, tb, c.rows, c.cols, k, alpha, A, a.ld, B, b.ld, beta, C, c.ld,
                                 c.batch);
}

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

constexpr double SCALARS[][2] = {{1, 0}, {-0.5, 1}, {2, -0.25}, {0, 0.5}, {0, 0}};
enum class Form { One, Strided, Pointers, DeviceScalars };

template <class T> void try_gemm(Form form, cublasOperation_t ta, cublasOperation_t tb, int64_t m,
                                 int64_t n, int64_t k, double alpha, double beta)
{
    Blas blas;
    int64_t batch = form == Form::Strided || form == Form::Pointers ? 3 : 1;
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
    Addresses<T> pa(A), pb(B), pc(C);
    switch (form) {
    case Form::One: FINE(call_gemm(blas.h, ta, tb, &a, A, B, &b, C, k)); break;
    case Form::Strided: FINE(call_strided(blas.h, ta, tb, &a, A, B, &b, C, k)); break;
    case Form::Pointers:
        FINE(call_pointers(blas.h, ta, tb, k, &a, pa.p, A, pb.p, B, &b, pc.p, C));
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
    const int64_t shapes[][3] = {{1, 1, 1}, {3, 5, 0}, {4, 1, 7}, {between(2, 9), between(2, 9), 8}};
    for (cublasOperation_t ta : OPERATIONS)
        for (cublasOperation_t tb : OPERATIONS)
            for (const auto &s : shapes)
                for (const auto &c : SCALARS) try_gemm<T>(form, ta, tb, s[0], s[1], s[2], c[0], c[1]);
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

PASSES_IN(cases::LATE, gemm_pointers)
{
    try_all_gemms<float>(Form::Pointers);
    try_all_gemms<double>(Form::Pointers);
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
    FINE(cublasDgemm_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 0, 3, 2, &one, nullptr, 1, nullptr, 2, &one,
                        nullptr, 1));
    FINE(cublasDgemmStridedBatched_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 2, 3, 2, &one, nullptr, 2, 4,
                                      nullptr, 2, 6, &one, nullptr, 2, 6, 0));
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
    FINE(cublasDgemmStridedBatched_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 2, 3, 2, &one, A.p, A.ld, 0, B.p,
                                      B.ld, B.stride, &zero, C.p, C.ld, C.stride, 4));
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
        FINE(cublasGemmStridedBatchedEx_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_T, 2, 2, 2, &one, A.p, f.type,
                                           2, 4, B.p, f.type, 2, 4, &zero, C.p, CUDA_R_32F, 2, 4, 2,
                                           CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
        C.down(blas.stream);
        const float expected[] = {-1, 1.5, 5, -1.5, 1.5, 2, 4.5, 5};
        for (size_t i = 0; i < 8; i++) CHECK(C.v[i] == expected[i]);
        FINE(cublasGemmEx_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_T, 2, 2, 2, &one, A.p, f.type, 2, B.p, f.type,
                             2, &zero, C.p + 4, CUDA_R_32F, 2, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
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
        FINE(cublasSgemm_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, A.p, 1, B.p, 1, &zero, C.p,
                            1));
        C.down(blas.stream);
        CHECK(C.v[0] == expected);
    }
}

/* ---- syrk ---------------------------------------------------------------------------------------- */

namespace
{

cublasStatus_t call_syrk(cublasHandle_t h, cublasFillMode_t uplo, cublasOperation_t op, int64_t k,
                         const float *alpha, const Matrix<float> &A, const float *beta,
                         const Matrix<float> &C)
{
    return cublasSsyrk_64(h, uplo, op, C.rows, k, alpha, A.p, A.ld, beta, C.p, C.ld);
}

cublasStatus_t call_syrk(cublasHandle_t h, cublasFillMode_t uplo, cublasOperation_t op, int64_t k,
                         const double *alpha, const Matrix<double> &A, const double *beta,
                         const Matrix<double> &C)
{
    return cublasDsyrk_64(h, uplo, op, C.rows, k, alpha, A.p, A.ld, beta, C.p, C.ld);
}

template <class T>
void try_syrk(cublasFillMode_t uplo, cublasOperation_t op, int64_t n, int64_t k, double alpha,
              double beta)
{
    Blas blas;
    Matrix<T> A(op == CUBLAS_OP_N ? n : k, op == CUBLAS_OP_N ? k : n), C(n, n);
    if (beta == 0) C.fill(nan_of<T>());
    A.up();
    C.up();
    T a = T(alpha), b = T(beta);
    FINE(call_syrk(blas.h, uplo, op, k, &a, A, &b, C));
    C.down(blas.stream);
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < n; i++) {
            if (!in_triangle(uplo, i, j)) {
                CHECK(C.kept(i, j));
                continue;
            }
            double sum = beta == 0 ? 0 : beta * double(C.uploaded[size_t(i + j * C.ld)]);
            double size = std::abs(sum);
            for (int64_t l = 0; l < k && alpha != 0; l++) {
                double term = alpha * element(A, op, i, l) * element(A, op, j, l);
                sum += term;
                size += std::abs(term);
            }
            CHECK(std::abs(double(C.at(i, j)) - sum) <= double(k + 3) * eps<T>() * size);
        }
    }
}

} // namespace

PASSES_IN(cases::LATE, syrk)
{
    for (cublasFillMode_t uplo : TRIANGLES) {
        for (cublasOperation_t op : {CUBLAS_OP_N, CUBLAS_OP_T}) {
            for (int64_t k : {0, 1, 6}) {
                for (const auto &c : SCALARS) {
                    try_syrk<float>(uplo, op, between(1, 7), k, c[0], c[1]);
                    try_syrk<double>(uplo, op, between(1, 7), k, c[0], c[1]);
                }
            }
        }
    }
}

/* ---- trsm ---------------------------------------------------------------------------------------- */

namespace
{

struct Trsm {
    cublasSideMode_t side;
    cublasFillMode_t uplo;
    cublasOperation_t op;
    cublasDiagType_t diag;
};

cublasStatus_t call_trsm(cublasHandle_t h, const Trsm &t, const float *alpha, const Matrix<float> &A,
                         const Matrix<float> &B)
{
    return cublasStrsm_64(h, t.side, t.uplo, t.op, t.diag, B.rows, B.cols, alpha, A.p, A.ld, B.p, B.ld);
}

cublasStatus_t call_trsm(cublasHandle_t h, const Trsm &t, const double *alpha, const Matrix<double> &A,
                         const Matrix<double> &B)
{
    return cublasDtrsm_64(h, t.side, t.uplo, t.op, t.diag, B.rows, B.cols, alpha, A.p, A.ld, B.p, B.ld);
}

cublasStatus_t call_trsm_batched(cublasHandle_t h, const Trsm &t, const float *alpha,
                                 float *const *pa, const Matrix<float> &A, float *const *pb,
                                 const Matrix<float> &B)
{
    return cublasStrsmBatched_64(h, t.side, t.uplo, t.op, t.diag, B.rows, B.cols, alpha, pa, A.ld, pb,
                                 B.ld, B.batch);
}

cublasStatus_t call_trsm_batched(cublasHandle_t h, const Trsm &t, const double *alpha,
                                 double *const *pa, const Matrix<double> &A, double *const *pb,
                                 const Matrix<double> &B)
{
    return cublasDtrsmBatched_64(h, t.side, t.uplo, t.op, t.diag, B.rows, B.cols, alpha, pa, A.ld, pb,
                                 B.ld, B.batch);
}

/* Element (i, j) of op(A) as the routine sees it. */
template <class T> double triangular(const Trsm &t, const Matrix<T> &A, int64_t i, int64_t j, int64_t b)
{
    int64_t r = t.op == CUBLAS_OP_N ? i : j, c = t.op == CUBLAS_OP_N ? j : i;
    if (r == c && t.diag == CUBLAS_DIAG_UNIT) return 1;
    return in_triangle(t.uplo, r, c) ? double(A.at(r, c, b)) : 0;
}

/* What the routine must not read is NaN; what it reads has a dominant diagonal. */
template <class T> void prepare(const Trsm &t, Matrix<T> *A)
{
    for (int64_t b = 0; b < A->batch; b++) {
        for (int64_t j = 0; j < A->cols; j++) {
            for (int64_t i = 0; i < A->rows; i++) {
                if (!in_triangle(t.uplo, i, j)) A->at(i, j, b) = nan_of<T>();
                if (i == j) A->at(i, j, b) = t.diag == CUBLAS_DIAG_UNIT ? nan_of<T>() : T(3 + uniform());
                if (i != j) A->at(i, j, b) *= T(0.3);
            }
        }
    }
    A->up();
}

template <class T> void try_trsm(const Trsm &t, int64_t m, int64_t n, double alpha, int64_t batch)
{
    Blas blas;
    int64_t order = t.side == CUBLAS_SIDE_LEFT ? m : n;
    Matrix<T> A(order, order, batch), B(m, n, batch);
    prepare(t, &A);
    B.up();
    T a = T(alpha);
    Addresses<T> pa(A), pb(B);
    if (batch == 1)
        FINE(call_trsm(blas.h, t, &a, A, B));
    else
        FINE(call_trsm_batched(blas.h, t, &a, pa.p, A, pb.p, B));
    B.down(blas.stream);
    for (int64_t b = 0; b < batch; b++) {
        for (int64_t j = 0; j < n; j++) {
            for (int64_t i = 0; i < m; i++) {
                double sum = 0;
                for (int64_t l = 0; l < order; l++)
                    sum += t.side == CUBLAS_SIDE_LEFT
                               ? triangular(t, A, i, l, b) * double(B.at(l, j, b))
                               : double(B.at(i, l, b)) * triangular(t, A, l, j, b);
                double wanted = alpha * double(B.uploaded[size_t(b * B.stride + j * B.ld + i)]);
                CHECK(std::abs(sum - wanted) <= 100 * eps<T>());
            }
        }
    }
}

} // namespace

PASSES_IN(cases::LATE, trsm)
{
    for (cublasSideMode_t side : {CUBLAS_SIDE_LEFT, CUBLAS_SIDE_RIGHT}) {
        for (cublasFillMode_t uplo : TRIANGLES) {
            for (cublasOperation_t op : OPERATIONS) {
                for (cublasDiagType_t diag : {CUBLAS_DIAG_NON_UNIT, CUBLAS_DIAG_UNIT}) {
                    for (int64_t batch : {1, 3}) {
                        Trsm t = {side, uplo, op, diag};
                        try_trsm<float>(t, between(1, 7), between(1, 7), 1, batch);
                        try_trsm<double>(t, between(1, 7), between(1, 7), -0.5, batch);
                        try_trsm<double>(t, 3, 4, 0, batch);
                    }
                }
            }
        }
    }
}

/* A zero on the diagonal is no error: Inf or NaN. */
PASSES(trsm_singular)
{
    Blas blas;
    Array<double> A(1), B(1);
    A.v[0] = 0;
    B.v[0] = 1;
    A.up();
    B.up();
    double one = 1;
    FINE(cublasDtrsm_64(blas.h, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                        CUBLAS_DIAG_NON_UNIT, 1, 1, &one, A.p, 1, B.p, 1));
    B.down(blas.stream);
    CHECK(!std::isfinite(B.v[0]));
}

/* ---- geam ---------------------------------------------------------------------------------------- */

namespace
{

cublasStatus_t call_geam(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb,
                         const float *alpha, const float *A, int64_t lda, const float *beta,
                         const float *B, int64_t ldb, const Matrix<float> &C)
{
    return cublasSgeam_64(h, ta, tb, C.rows, C.cols, alpha, A, lda, beta, B, ldb, C.p, C.ld);
}

cublasStatus_t call_geam(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb,
                         const double *alpha, const double *A, int64_t lda, const double *beta,
                         const double *B, int64_t ldb, const Matrix<double> &C)
{
    return cublasDgeam_64(h, ta, tb, C.rows, C.cols, alpha, A, lda, beta, B, ldb, C.p, C.ld);
}

template <class T>
void try_geam(cublasOperation_t ta, cublasOperation_t tb, int64_t m, int64_t n, double alpha, double beta)
{
    Blas blas;
    bool plain_a = ta == CUBLAS_OP_N, plain_b = tb == CUBLAS_OP_N;
    Matrix<T> A(plain_a ? m : n, plain_a ? n : m), B(plain_b ? m : n, plain_b ? n : m), C(m, n);
    C.fill(nan_of<T>());
    A.up();
    B.up();
    C.up();
    T a = T(alpha), b = T(beta);
    FINE(call_geam(blas.h, ta, tb, &a, alpha == 0 ? nullptr : A.p, A.ld, &b, beta == 0 ? nullptr : B.p,
                   B.ld, C));
    C.down(blas.stream);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < m; i++)
            CHECK(std::abs(double(C.at(i, j)) -
                           (alpha * element(A, ta, i, j) + beta * element(B, tb, i, j))) <= 8 * eps<T>());
}

} // namespace

PASSES_IN(cases::LATE, geam)
{
    for (cublasOperation_t ta : OPERATIONS) {
        for (cublasOperation_t tb : OPERATIONS) {
            for (const auto &c : SCALARS) {
                try_geam<float>(ta, tb, between(1, 6), between(1, 6), c[0], c[1]);
                try_geam<double>(ta, tb, between(1, 6), between(1, 6), c[0], c[1]);
            }
        }
    }
}

PASSES(geam_in_place)
{
    Blas blas;
    Matrix<double> A(3, 4), B(4, 3);
    A.up();
    B.up();
    double two = 2, one = 1;
    FINE(cublasDgeam_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_T, 3, 4, &two, A.p, A.ld, &one, B.p, B.ld, A.p,
                        A.ld));
    A.down(blas.stream);
    for (int64_t j = 0; j < 4; j++)
        for (int64_t i = 0; i < 3; i++)
            CHECK(A.at(i, j) == 2 * A.uploaded[size_t(i + j * A.ld)] + B.at(j, i));
}

/* ---- modes, workspace, wishes of the test --------------------------------------------------------- */

PASSES(default_workspace_is_counted)
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    A.up();
    C.up();
    double one = 1, zero = 0;
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    CHECK(emu_default_workspace_calls() == 0);
    FINE(cublasSetStream(blas.h, blas.stream));
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    CHECK(emu_default_workspace_calls() == 1);
    C.down(blas.stream);
}

ABORTS(workspace_dropped_by_set_stream, "workspace")
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    A.up();
    C.up();
    double one = 1, zero = 0;
    emu_forbid_default_workspace(1);
    FINE(cublasSetStream(blas.h, blas.stream));
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
}

ABORTS(workspace_misaligned, "alignment")
{
    Blas blas;
    FINE(cublasSetWorkspace(blas.h, blas.workspace.p + 128, BLAS_WORKSPACE - 128));
}

ABORTS(workspace_too_small, "workspace")
{
    Blas blas;
    double one = 1;
    Matrix<double> A(1, 1);
    A.up();
    FINE(cublasSetWorkspace(blas.h, nullptr, 0));
    FINE(cublasDtrsm_64(blas.h, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                        CUBLAS_DIAG_NON_UNIT, 1, 1, &one, A.p, 1, A.p, 1));
}

ABORTS(workspace_shared_by_two_streams, "race")
{
    Blas first, second;
    FINE(cublasSetWorkspace(second.h, first.workspace.p, BLAS_WORKSPACE));
    Matrix<double> A(2, 2), C(2, 2), D(2, 2);
    A.up();
    C.up();
    D.up();
    double one = 1, zero = 0;
    FINE(call_syrk(first.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    FINE(call_syrk(second.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, D));
    OK(cudaDeviceSynchronize());
}

ABORTS(device_scalar_in_host_mode, "device-pointer")
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    Array<double> scalars(2);
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, scalars.p, A, scalars.p + 1, C));
}

ABORTS(host_scalar_in_device_mode, "host-pointer")
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    double one = 1, zero = 0;
    FINE(cublasSetPointerMode(blas.h, CUBLAS_POINTER_MODE_DEVICE));
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
}

ABORTS(pointer_array_on_the_stack, "host-pointer")
{
    Blas blas;
    Matrix<double> A(2, 2, 2), B(2, 2, 2), C(2, 2, 2);
    Addresses<double> pa(A), pc(C);
    double *pb[] = {B.item(0), B.item(1)}, one = 1, zero = 0;
    FINE(call_pointers(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 2, &one, pa.p, A, pb, B, &zero, pc.p, C));
}

ABORTS(pointer_array_changed_on_another_stream, "race")
{
    Blas blas;
    Matrix<double> A(2, 2, 2), B(2, 2, 2);
    Trsm t = {CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT};
    prepare(t, &A);
    B.up();
    Addresses<double> pa(A), pb(B);
    double one = 1;
    cudaStream_t other = new_stream();
    FINE(call_trsm_batched(blas.h, t, &one, pa.p, A, pb.p, B));
    OK(cudaMemsetAsync(pa.p, 0, 2 * sizeof(double *), other));
    OK(cudaDeviceSynchronize());
}

ABORTS(items_of_a_batch_overlap, "overlap")
{
    Blas blas;
    Matrix<double> A(2, 2, 2), B(2, 2, 2), C(2, 2, 2);
    A.up();
    B.up();
    C.up();
    Addresses<double> pa(A), pb(B), pc(C);
    pc.v[1] = pc.v[0] + 1;
    pc.up();
    double one = 1, zero = 0;
    FINE(call_pointers(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 2, &one, pa.p, A, pb.p, B, &zero, pc.p, C));
    OK(cudaStreamSynchronize(blas.stream));
}

ABORTS(stride_of_the_output_too_small, "overlap")
{
    Blas blas;
    Matrix<double> A(2, 2, 2), B(2, 2, 2), C(2, 2, 2);
    double one = 1, zero = 0;
    FINE(cublasDgemmStridedBatched_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, A.p, A.ld,
                                      A.stride, B.p, B.ld, B.stride, &zero, C.p, C.ld, C.ld, 2));
}

ABORTS(gemm_output_is_an_input, "overlap")
{
    Blas blas;
    Matrix<double> A(2, 2), B(2, 2);
    double one = 1, zero = 0;
    FINE(call_gemm(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, &one, A, B, &zero, A, 2));
}

ABORTS(geam_transposed_in_place, "overlap")
{
    Blas blas;
    Matrix<double> A(2, 2);
    double one = 1, zero = 0;
    FINE(cublasDgeam_64(blas.h, CUBLAS_OP_T, CUBLAS_OP_N, 2, 2, &one, A.p, A.ld, &zero, nullptr, 2, A.p,
                        A.ld));
}

ABORTS(fast_math_misaligned, "alignment")
{
    Blas blas;
    Matrix<float> A(4, 4, 1, 0), B(4, 4, 1, 0), C(4, 4, 1, 0);
    A.up();
    B.up();
    C.up();
    Addresses<float> pa(A), pb(B), pc(C);
    pa.v[0] += 1;
    pa.up();
    float one = 1, zero = 0;
    FINE(cublasSetMathMode(blas.h, CUBLAS_TF32_TENSOR_OP_MATH));
    FINE(cublasSgemmBatched_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 3, 4, 4, &one, pa.p, 4, pb.p, 4, &zero,
                               pc.p, 4, 1));
    OK(cudaStreamSynchronize(blas.stream));
}

ABORTS(types_mixed, "enum")
{
    Blas blas;
    Array<float> x(4);
    float one = 1, zero = 0;
    FINE(cublasGemmEx_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, x.p, CUDA_R_16F, 1, x.p + 1,
                         CUDA_R_16BF, 1, &zero, x.p + 2, CUDA_R_32F, 1, CUBLAS_COMPUTE_32F,
                         CUBLAS_GEMM_DEFAULT));
}

ABORTS(unwritten_input, "uninitialised")
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    double one = 1, zero = 0;
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    OK(cudaStreamSynchronize(blas.stream));
}

ABORTS(inputs_not_ordered_before, "race")
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    A.up();
    double one = 1, zero = 0;
    cudaStream_t other = new_stream();
    OK(cudaMemsetAsync(A.p, 0, 4 * sizeof(double), other));
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    OK(cudaDeviceSynchronize());
}

PASSES(wished_failures)
{
    Blas blas;
    Matrix<double> A(2, 2), C(2, 2);
    A.up();
    C.up();
    double one = 1, zero = 0;
    emu_fail_call("cublasDsyrk_v2_64", 1, CUBLAS_STATUS_ARCH_MISMATCH);
    emu_poison_output("cublasDsyrk_v2_64", 2);
    STATUS(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C),
           CUBLAS_STATUS_ARCH_MISMATCH);
    C.down(blas.stream);
    CHECK(C.kept(0, 0));
    FINE(call_syrk(blas.h, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, 2, &one, A, &zero, C));
    C.down(blas.stream);
    CHECK(std::isnan(C.at(1, 0)) && C.kept(0, 1));
    emu_fail_call("cublasCreate_v2", 2, CUBLAS_STATUS_NOT_INITIALIZED);
    cublasHandle_t h = nullptr;
    STATUS(cublasCreate(&h), CUBLAS_STATUS_NOT_INITIALIZED);
    CHECK(h == nullptr);
}

PASSES(without_a_driver)
{
    emu_set_devices(2, EMU_NO_DRIVER);
    cublasHandle_t h = nullptr;
    STATUS(cublasCreate(&h), CUBLAS_STATUS_NOT_INITIALIZED);
    CHECK(h == nullptr);
    int version = 0;
    FINE(cublasGetVersion(nullptr, &version));
    CHECK(version == CUBLAS_VERSION);
    CHECK(strcmp(cublasGetStatusName(CUBLAS_STATUS_NOT_SUPPORTED), "CUBLAS_STATUS_NOT_SUPPORTED") == 0);
    CHECK(strlen(cublasGetStatusString(CUBLAS_STATUS_ALLOC_FAILED)) > 0);
}
