/* trmm and gemmGroupedBatched of the emulated cuBLAS against plain loops.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "blas_fixture.h"

using namespace fixture;

namespace
{

/* ---- trmm ------------------------------------------------------------------------------------ */

cublasStatus_t call_trmm(cublasHandle_t h, const Trsm &t, const float *alpha,
                         const Matrix<float> &A, const Matrix<float> &B, const Matrix<float> &C)
{
    return cublasStrmm_64(h, t.side, t.uplo, t.op, t.diag, C.rows, C.cols, alpha, A.p, A.ld, B.p,
                          B.ld, C.p, C.ld);
}

cublasStatus_t call_trmm(cublasHandle_t h, const Trsm &t, const double *alpha,
                         const Matrix<double> &A, const Matrix<double> &B, const Matrix<double> &C)
{
    return cublasDtrmm_64(h, t.side, t.uplo, t.op, t.diag, C.rows, C.cols, alpha, A.p, A.ld, B.p,
                          B.ld, C.p, C.ld);
}

/* Element (i, j) of op(A) as the routine sees it. */
template <class T> double triangular(const Trsm &t, const Matrix<T> &A, int64_t i, int64_t j)
{
    int64_t r = t.op == CUBLAS_OP_N ? i : j, c = t.op == CUBLAS_OP_N ? j : i;
    if (r == c && t.diag == CUBLAS_DIAG_UNIT) return 1;
    return in_triangle(t.uplo, r, c) ? double(A.at(r, c)) : 0;
}

template <class T> void try_trmm(const Trsm &t, int64_t m, int64_t n, double alpha, bool in_place)
{
    Blas blas;
    int64_t order = t.side == CUBLAS_SIDE_LEFT ? m : n;
    Matrix<T> A(order, order), B(m, n), other(m, n);
    Matrix<T> &C = in_place ? B : other;
    prepare(t, &A);
    other.fill(nan_of<T>());
    B.up();
    other.up();
    T a = T(alpha);
    FINE(call_trmm(blas.h, t, &a, A, B, C));
    C.down(blas.stream);
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < m; i++) {
            double sum = 0;
            for (int64_t l = 0; l < order; l++)
                sum += t.side == CUBLAS_SIDE_LEFT
                           ? triangular(t, A, i, l) * double(B.uploaded[size_t(l + j * B.ld)])
                           : double(B.uploaded[size_t(i + l * B.ld)]) * triangular(t, A, l, j);
            CHECK(std::abs(double(C.at(i, j)) - alpha * sum) <= 100 * eps<T>());
        }
    }
}

/* ---- grouped products ------------------------------------------------------------------------ */

cublasStatus_t call_grouped(cublasHandle_t h, const cublasOperation_t *op, const int64_t *m,
                            const int64_t *n, const int64_t *k, const float *alpha, float *const *A,
                            const int64_t *lda, float *const *B, const int64_t *ldb,
                            const float *beta, float *const *C, const int64_t *ldc, int64_t count,
                            const int64_t *size)
{
    return cublasSgemmGroupedBatched_64(h, op, op, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc,
                                        count, size);
}

cublasStatus_t call_grouped(cublasHandle_t h, const cublasOperation_t *op, const int64_t *m,
                            const int64_t *n, const int64_t *k, const double *alpha,
                            double *const *A, const int64_t *lda, double *const *B,
                            const int64_t *ldb, const double *beta, double *const *C,
                            const int64_t *ldc, int64_t count, const int64_t *size)
{
    return cublasDgemmGroupedBatched_64(h, op, op, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc,
                                        count, size);
}

/* One product of a group of one, and a group of two. */
template <class T> void try_grouped(double alpha, double beta)
{
    Blas blas;
    const cublasOperation_t op[] = {CUBLAS_OP_N, CUBLAS_OP_T};
    const int64_t m[] = {3, 5}, n[] = {4, 2}, k[] = {6, 3}, size[] = {1, 2};
    const T a[] = {T(alpha), T(-alpha)}, b[] = {T(beta), T(beta)};
    Matrix<T> A0(3, 6), B0(6, 4), C0(3, 4), A1(3, 5, 2), B1(2, 3, 2), C1(5, 2, 2);
    Array<T *> pa(3), pb(3), pc(3);
    pa.v = {A0.item(0), A1.item(0), A1.item(1)};
    pb.v = {B0.item(0), B1.item(0), B1.item(1)};
    pc.v = {C0.item(0), C1.item(0), C1.item(1)};
    if (beta == 0) C0.fill(nan_of<T>());
    if (beta == 0) C1.fill(nan_of<T>());
    for (Matrix<T> *x : {&A0, &B0, &C0, &A1, &B1, &C1}) x->up();
    pa.up();
    pb.up();
    pc.up();
    const int64_t lda[] = {A0.ld, A1.ld}, ldb[] = {B0.ld, B1.ld}, ldc[] = {C0.ld, C1.ld};
    FINE(call_grouped(blas.h, op, m, n, k, a, pa.p, lda, pb.p, ldb, b, pc.p, ldc, 2, size));
    C0.down(blas.stream);
    C1.down(blas.stream);
    for (int g = 0; g < 2; g++) {
        const Matrix<T> &A = g ? A1 : A0, &B = g ? B1 : B0, &C = g ? C1 : C0;
        for (int64_t item = 0; item < C.batch; item++)
            for (int64_t j = 0; j < C.cols; j++)
                for (int64_t i = 0; i < C.rows; i++) {
                    double before = double(C.uploaded[size_t(item * C.stride + j * C.ld + i)]);
                    double sum = beta == 0 ? 0 : beta * before;
                    for (int64_t l = 0; l < k[g]; l++)
                        sum += double(a[g]) * element(A, op[g], i, l, item) *
                               element(B, op[g], l, j, item);
                    CHECK(std::abs(double(C.at(i, j, item)) - sum) <= 100 * eps<T>());
                }
    }
}

} // namespace

PASSES_IN(cases::LATE, trmm)
{
    for (cublasSideMode_t side : {CUBLAS_SIDE_LEFT, CUBLAS_SIDE_RIGHT})
        for (cublasFillMode_t uplo : TRIANGLES)
            for (cublasOperation_t op : OPERATIONS)
                for (cublasDiagType_t diag : {CUBLAS_DIAG_NON_UNIT, CUBLAS_DIAG_UNIT})
                    for (bool in_place : {false, true}) {
                        Trsm t = {side, uplo, op, diag};
                        try_trmm<float>(t, between(1, 7), between(1, 7), 1, in_place);
                        try_trmm<double>(t, between(1, 7), between(1, 7), -0.5, in_place);
                        try_trmm<double>(t, 3, 4, 0, in_place);
                    }
}

ABORTS(trmm_half_in_place, "overlap")
{
    Blas blas;
    Matrix<double> A(3, 3), B(3, 4, 1, 2);
    double one = 1;
    A.up();
    B.up();
    (void)cublasDtrmm_64(blas.h, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N,
                         CUBLAS_DIAG_UNIT, 3, 4, &one, A.p, A.ld, B.p, B.ld, B.p, B.ld - 1);
}

PASSES_IN(cases::LATE, grouped_products)
{
    for (const auto &c : SCALARS) {
        try_grouped<float>(c[0], c[1]);
        try_grouped<double>(c[0], c[1]);
    }
}

ABORTS(grouped_products_to_one_place, "overlap")
{
    Blas blas;
    const cublasOperation_t op[] = {CUBLAS_OP_N};
    const int64_t n[] = {3}, two[] = {2};
    const double one[] = {1}, zero[] = {0};
    Matrix<double> A(3, 3, 1, 0), B(3, 3, 1, 0), C(3, 3, 1, 0);
    Array<double *> pa(2), pb(2), pc(2);
    pa.v = {A.p, A.p};
    pb.v = {B.p, B.p};
    pc.v = {C.p, C.p};
    pa.up();
    pb.up();
    pc.up();
    A.up();
    B.up();
    C.up();
    (void)cublasDgemmGroupedBatched_64(blas.h, op, op, n, n, n, one, pa.p, n, pb.p, n, zero, pc.p,
                                       n, 1, two);
    (void)cudaStreamSynchronize(blas.stream);
}
