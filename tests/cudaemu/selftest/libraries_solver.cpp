/* The emulated cuSOLVER: QR and LU, what its results must satisfy.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "solver_fixture.h"

using namespace fixture;

/* ---- QR -------------------------------------------------------------------------------------- */

namespace
{

template <class T> void xgeqrf(Solver *s, Matrix<T> *A, Array<T> *tau, Array<int> *info)
{
    Workspaces w;
    cudaDataType t = type_of<T>();
    FINE(cusolverDnXgeqrf_bufferSize(s->h, s->params, A->rows, A->cols, t, A->p, A->ld, t, tau->p,
                                     t, &w.device_bytes, &w.host_bytes));
    w.make();
    FINE(cusolverDnXgeqrf(s->h, s->params, A->rows, A->cols, t, A->p, A->ld, t, tau->p, t,
                          w.device->p, w.device_bytes, w.host.data(), w.host_bytes, info->p));
    OK(cudaStreamSynchronize(s->stream));
}

void xorgqr(Solver *s, Matrix<float> *Q, int k, const Array<float> &tau, int *info)
{
    int lwork = -1, m = int(Q->rows), n = int(Q->cols), ld = int(Q->ld);
    FINE(cusolverDnSorgqr_bufferSize(s->h, m, n, k, Q->p, ld, tau.p, &lwork));
    Array<float> work{size_t(lwork)};
    FINE(cusolverDnSorgqr(s->h, m, n, k, Q->p, ld, tau.p, work.p, lwork, info));
    OK(cudaStreamSynchronize(s->stream));
}

void xorgqr(Solver *s, Matrix<double> *Q, int k, const Array<double> &tau, int *info)
{
    int lwork = -1, m = int(Q->rows), n = int(Q->cols), ld = int(Q->ld);
    FINE(cusolverDnDorgqr_bufferSize(s->h, m, n, k, Q->p, ld, tau.p, &lwork));
    Array<double> work{size_t(lwork)};
    FINE(cusolverDnDorgqr(s->h, m, n, k, Q->p, ld, tau.p, work.p, lwork, info));
    OK(cudaStreamSynchronize(s->stream));
}

void xormqr(Solver *s, cublasSideMode_t side, cublasOperation_t op, const Matrix<float> &A, int k,
            const Array<float> &tau, Matrix<float> *C, int *info)
{
    int lwork = -1, m = int(C->rows), n = int(C->cols), lda = int(A.ld), ldc = int(C->ld);
    FINE(cusolverDnSormqr_bufferSize(s->h, side, op, m, n, k, A.p, lda, tau.p, C->p, ldc, &lwork));
    Array<float> work{size_t(lwork)};
    FINE(
        cusolverDnSormqr(s->h, side, op, m, n, k, A.p, lda, tau.p, C->p, ldc, work.p, lwork, info));
    OK(cudaStreamSynchronize(s->stream));
}

void xormqr(Solver *s, cublasSideMode_t side, cublasOperation_t op, const Matrix<double> &A, int k,
            const Array<double> &tau, Matrix<double> *C, int *info)
{
    int lwork = -1, m = int(C->rows), n = int(C->cols), lda = int(A.ld), ldc = int(C->ld);
    FINE(cusolverDnDormqr_bufferSize(s->h, side, op, m, n, k, A.p, lda, tau.p, C->p, ldc, &lwork));
    Array<double> work{size_t(lwork)};
    FINE(
        cusolverDnDormqr(s->h, side, op, m, n, k, A.p, lda, tau.p, C->p, ldc, work.p, lwork, info));
    OK(cudaStreamSynchronize(s->stream));
}

/* Q with `columns` columns, from the reflectors of F. */
template <class T>
void form_q(Solver *s, const Matrix<T> &F, const Array<T> &tau, Matrix<T> *Q, int *info)
{
    int64_t q = std::min(F.rows, F.cols);
    for (int64_t j = 0; j < Q->cols; j++)
        for (int64_t i = 0; i < Q->rows; i++)
            Q->at(i, j) = j < q && i > j ? F.at(i, j) : nan_of<T>();
    Q->up();
    xorgqr(s, Q, int(std::min(q, Q->cols)), tau, info);
    Q->down(s->stream);
}

template <class T> void expect_qr(const Matrix<T> &Q, const Matrix<T> &F)
{
    CHECK(orthogonality(Q, Q.cols) <= LIMIT * double(Q.rows) * eps<T>());
    for (int64_t j = 0; j < F.cols; j++) {
        for (int64_t i = 0; i < F.rows; i++) {
            double sum = -original(F, i, j);
            for (int64_t l = 0; l <= std::min(j, Q.cols - 1); l++)
                sum += double(Q.at(i, l)) * double(F.at(l, j));
            CHECK(std::abs(sum) <= LIMIT * double(F.rows) * eps<T>());
        }
    }
}

template <class T> void try_qr(int64_t m, int64_t n, int *negative, int *positive)
{
    Solver s;
    Matrix<T> A(m, n);
    A.up();
    int64_t q = std::min(m, n);
    Array<T> tau{size_t(q)};
    Array<int> info(1);
    xgeqrf(&s, &A, &tau, &info);
    info.down(s.stream);
    CHECK(info.v[0] == 0);
    A.down(s.stream);
    for (int64_t j = 0; j < q; j++) (A.at(j, j) < 0 ? *negative : *positive)++;
    Matrix<T> thin(m, q), full(m, m);
    form_q(&s, A, tau, &thin, info.p);
    expect_qr(thin, A);
    form_q(&s, A, tau, &full, info.p);
    expect_qr(full, A);

    /* ormqr against the explicit Q; what lies on and above the diagonal of A is not read */
    for (cublasSideMode_t side : {CUBLAS_SIDE_LEFT, CUBLAS_SIDE_RIGHT}) {
        for (cublasOperation_t op : {CUBLAS_OP_N, CUBLAS_OP_T}) {
            bool left = side == CUBLAS_SIDE_LEFT;
            Matrix<T> C(left ? m : 3, left ? 3 : m), V(m, q);
            for (int64_t j = 0; j < q; j++)
                for (int64_t i = 0; i < m; i++) V.at(i, j) = i > j ? A.at(i, j) : nan_of<T>();
            V.up();
            C.up();
            xormqr(&s, side, op, V, int(q), tau, &C, info.p);
            C.down(s.stream);
            for (int64_t j = 0; j < C.cols; j++) {
                for (int64_t i = 0; i < C.rows; i++) {
                    double sum = -double(C.at(i, j));
                    for (int64_t l = 0; l < m; l++)
                        sum += left ? element(full, op, i, l) * original(C, l, j)
                                    : original(C, i, l) * element(full, op, l, j);
                    CHECK(std::abs(sum) <= LIMIT * double(m) * eps<T>());
                }
            }
        }
    }
}

} // namespace

/* R's diagonal takes both signs. */
PASSES_IN(cases::LATE, qr)
{
    int negative = 0, positive = 0;
    const int64_t shapes[][2] = {{1, 1}, {5, 3}, {3, 5}, {20, 20}, {40, 7}};
    for (const auto &shape : shapes) {
        try_qr<float>(shape[0], shape[1], &negative, &positive);
        try_qr<double>(shape[0], shape[1], &negative, &positive);
    }
    CHECK(negative > 10 && positive > 10);
}

/* A column of zeros, and one that is upper triangular already. */
PASSES(qr_of_special_columns)
{
    Solver s;
    Matrix<double> A(4, 3);
    A.fill(0);
    A.at(0, 0) = 2;
    A.at(0, 1) = 1;
    A.at(1, 1) = 3;
    A.up();
    Array<double> tau(3);
    Array<int> info(1);
    xgeqrf(&s, &A, &tau, &info);
    A.down(s.stream);
    Matrix<double> Q(4, 3);
    form_q(&s, A, tau, &Q, info.p);
    expect_qr(Q, A);
}

PASSES(orgqr_without_reflectors)
{
    Solver s;
    Matrix<double> Q(3, 2);
    Q.up();
    Array<double> tau(1);
    Array<int> info(1);
    xorgqr(&s, &Q, 0, tau, info.p);
    Q.down(s.stream);
    CHECK(Q.at(0, 0) == 1 && Q.at(1, 1) == 1 && Q.at(1, 0) == 0 && Q.at(0, 1) == 0);
}

/* ---- LU -------------------------------------------------------------------------------------- */

namespace
{

/* P A = L U with |L| <= 1; `zero`: a column of zeros, or -1. */
template <class T> void try_getrf(int64_t m, int64_t n, int64_t zero)
{
    Solver s;
    Matrix<T> A(m, n);
    for (int64_t i = 0; i < m && zero >= 0; i++) A.at(i, zero) = 0;
    A.up();
    int64_t q = std::min(m, n);
    Array<int64_t> pivots{size_t(q)};
    Array<int> info(1);
    Workspaces w;
    cudaDataType t = type_of<T>();
    FINE(cusolverDnXgetrf_bufferSize(s.h, s.params, m, n, t, A.p, A.ld, t, &w.device_bytes,
                                     &w.host_bytes));
    w.make();
    FINE(cusolverDnXgetrf(s.h, s.params, m, n, t, A.p, A.ld, pivots.p, t, w.device->p,
                          w.device_bytes, w.host.data(), w.host_bytes, info.p));
    OK(cudaStreamSynchronize(s.stream));
    A.down(s.stream);
    info.down(s.stream);
    pivots.down(s.stream);
    CHECK(info.v[0] == zero + 1);
    std::vector<int64_t> row(static_cast<size_t>(m));
    for (int64_t i = 0; i < m; i++) row[size_t(i)] = i;
    for (int64_t k = 0; k < q; k++) {
        CHECK(pivots.v[size_t(k)] > k && pivots.v[size_t(k)] <= m);
        std::swap(row[size_t(k)], row[size_t(pivots.v[size_t(k)] - 1)]);
    }
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < m; i++) {
            if (i > j) CHECK(std::abs(A.at(i, j)) <= 1);
            double sum = -original(A, row[size_t(i)], j);
            for (int64_t l = 0; l <= std::min(i, j) && l < q; l++)
                sum += (l == i ? 1 : double(A.at(i, l))) * double(A.at(l, j));
            CHECK(std::abs(sum) <= LIMIT * double(n) * eps<T>());
        }
    }
}

} // namespace

PASSES_IN(cases::LATE, lu)
{
    try_getrf<float>(6, 6, -1);
    try_getrf<double>(1, 1, -1);
    try_getrf<double>(9, 4, -1);
    try_getrf<double>(4, 9, -1);
    try_getrf<double>(7, 7, 3);
}
