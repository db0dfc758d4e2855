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
