/* syrk, trsm and geam of the emulated cuBLAS against plain loops.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "blas_fixture.h"

using namespace fixture;

/* ---- syrk ------------------------------------------------------------------------------------ */

namespace
{

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

/* ---- trsm ------------------------------------------------------------------------------------ */

namespace
{

/* Element (i, j) of op(A) as the routine sees it. */
template <class T>
double triangular(const Trsm &t, const Matrix<T> &A, int64_t i, int64_t j, int64_t b)
{
    int64_t r = t.op == CUBLAS_OP_N ? i : j, c = t.op == CUBLAS_OP_N ? j : i;
    if (r == c && t.diag == CUBLAS_DIAG_UNIT) return 1;
    return in_triangle(t.uplo, r, c) ? double(A.at(r, c, b)) : 0;
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

/* A unit diagonal is not read: nobody needs to have written it. */
PASSES(trsm_unit_diagonal_unwritten)
{
    Blas blas;
    Matrix<double> A(1, 1), B(1, 2);
    B.up();
    double one = 1;
    FINE(cublasDtrsm_64(blas.h, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                        CUBLAS_DIAG_UNIT, 1, 2, &one, A.p, A.ld, B.p, B.ld));
    B.down(blas.stream);
    CHECK(B.kept(0, 0) && B.kept(0, 1));
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

/* ---- geam ------------------------------------------------------------------------------------ */

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
void try_geam(cublasOperation_t ta, cublasOperation_t tb, int64_t m, int64_t n, double alpha,
              double beta)
{
    Blas blas;
    bool plain_a = ta == CUBLAS_OP_N, plain_b = tb == CUBLAS_OP_N;
    Matrix<T> A(plain_a ? m : n, plain_a ? n : m), B(plain_b ? m : n, plain_b ? n : m), C(m, n);
    C.fill(nan_of<T>());
    A.up();
    B.up();
    C.up();
    T a = T(alpha), b = T(beta);
    FINE(call_geam(blas.h, ta, tb, &a, alpha == 0 ? nullptr : A.p, A.ld, &b,
                   beta == 0 ? nullptr : B.p, B.ld, C));
    C.down(blas.stream);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < m; i++)
            CHECK(std::abs(double(C.at(i, j)) - (alpha * element(A, ta, i, j) +
                                                 beta * element(B, tb, i, j))) <= 8 * eps<T>());
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
    FINE(cublasDgeam_64(blas.h, CUBLAS_OP_N, CUBLAS_OP_T, 3, 4, &two, A.p, A.ld, &one, B.p, B.ld,
                        A.p, A.ld));
    A.down(blas.stream);
    for (int64_t j = 0; j < 4; j++)
        for (int64_t i = 0; i < 3; i++)
            CHECK(A.at(i, j) == 2 * A.uploaded[size_t(i + j * A.ld)] + B.at(j, i));
}
