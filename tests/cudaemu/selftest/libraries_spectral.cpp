/* The emulated cuSOLVER: SVD and symmetric eigenproblems, what their results must satisfy, which
 * freedoms they take.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "solver_fixture.h"

using namespace fixture;

/* ---- SVD ------------------------------------------------------------------------------------- */

namespace
{

template <class T> void expect_descending(const Array<T> &S, int64_t q)
{
    for (int64_t j = 0; j < q; j++)
        CHECK(S.v[size_t(j)] >= 0 && (j == 0 || S.v[size_t(j)] <= S.v[size_t(j - 1)]));
}

/* A = U diag(S) V1 where V1(l, j) is `right`. */
template <class T, class Right>
void expect_svd(const Matrix<T> &A, const Array<T> &S, const Matrix<T> &U, int64_t q, Right right)
{
    for (int64_t j = 0; j < A.cols; j++) {
        for (int64_t i = 0; i < A.rows; i++) {
            double sum = -original(A, i, j);
            for (int64_t l = 0; l < q; l++)
                sum += double(U.at(i, l)) * double(S.v[size_t(l)]) * double(right(l, j));
            CHECK(std::abs(sum) <= LIMIT * double(A.rows + A.cols) * eps<T>());
        }
    }
}

template <class T>
void xgesvd(Solver *s, char jobu, char jobvt, Matrix<T> *A, Array<T> *S, Matrix<T> *U,
            Matrix<T> *VT, int *info)
{
    Workspaces w;
    cudaDataType t = type_of<T>();
    T *u = jobu == 'N' ? nullptr : U->p, *vt = jobvt == 'N' ? nullptr : VT->p;
    FINE(cusolverDnXgesvd_bufferSize(s->h, s->params, jobu, jobvt, A->rows, A->cols, t, A->p, A->ld,
                                     t, S->p, t, u, U->ld, t, vt, VT->ld, t, &w.device_bytes,
                                     &w.host_bytes));
    w.make();
    FINE(cusolverDnXgesvd(s->h, s->params, jobu, jobvt, A->rows, A->cols, t, A->p, A->ld, t, S->p,
                          t, u, U->ld, t, vt, VT->ld, t, w.device->p, w.device_bytes, w.host.data(),
                          w.host_bytes, info));
    OK(cudaStreamSynchronize(s->stream));
}

template <class T> void try_gesvd(char jobu, char jobvt, int64_t m, int64_t n)
{
    Solver s;
    Matrix<T> A(m, n), U(m, jobu == 'A' ? m : n), VT(n, n);
    Array<T> S{size_t(n)};
    Array<int> info(1);
    A.up();
    U.up();
    VT.up();
    xgesvd(&s, jobu, jobvt, &A, &S, &U, &VT, info.p);
    A.down(s.stream);
    S.down(s.stream);
    U.down(s.stream);
    VT.down(s.stream);
    info.down(s.stream);
    CHECK(info.v[0] == 0 && all_nan(A));
    expect_descending(S, n);
    double sum = 0, norm = 0;
    for (int64_t j = 0; j < n; j++) {
        sum += double(S.v[size_t(j)]) * double(S.v[size_t(j)]);
        for (int64_t i = 0; i < m; i++) norm += original(A, i, j) * original(A, i, j);
    }
    CHECK(std::abs(sum - norm) <= LIMIT * double(m) * eps<T>() * norm);
    if (jobu != 'N') CHECK(orthogonality(U, U.cols) <= LIMIT * double(m) * eps<T>());
    if (jobvt != 'N') CHECK(orthogonality(VT, n) <= LIMIT * double(n) * eps<T>());
    if (jobu != 'N' && jobvt != 'N')
        expect_svd(A, S, U, n, [&](int64_t l, int64_t j) { return VT.at(l, j); });
    if (jobu == 'N') CHECK(U.kept(0, 0));
    if (jobvt == 'N') CHECK(VT.kept(0, 0));
}

} // namespace

PASSES_IN(cases::LATE, gesvd)
{
    for (char jobu : {'A', 'S', 'N'}) {
        for (char jobvt : {'A', 'S', 'N'}) {
            try_gesvd<float>(jobu, jobvt, between(4, 9), between(1, 4));
            try_gesvd<double>(jobu, jobvt, 30, 30);
        }
    }
}

/* A part of the work is the host's: the call waits, and says so. */
PASSES_IN(cases::LATE, gesvd_waits)
{
    int waits = 0;
    for (int64_t n = 1; n <= 20; n++) {
        Solver s;
        Matrix<double> A(n, n), U(n, n), VT(n, n);
        Array<double> S{size_t(n)};
        Array<int> info(1);
        A.up();
        Workspaces w;
        FINE(cusolverDnXgesvd_bufferSize(s.h, s.params, 'S', 'S', n, n, CUDA_R_64F, A.p, A.ld,
                                         CUDA_R_64F, S.p, CUDA_R_64F, U.p, U.ld, CUDA_R_64F, VT.p,
                                         VT.ld, CUDA_R_64F, &w.device_bytes, &w.host_bytes));
        w.make();
        emu_counters_clear();
        FINE(cusolverDnXgesvd(s.h, s.params, 'S', 'S', n, n, CUDA_R_64F, A.p, A.ld, CUDA_R_64F, S.p,
                              CUDA_R_64F, U.p, U.ld, CUDA_R_64F, VT.p, VT.ld, CUDA_R_64F,
                              w.device->p, w.device_bytes, w.host.data(), w.host_bytes, info.p));
        emu_counts c;
        emu_counters(&c);
        CHECK(c.hidden_syncs == (w.host_bytes > 0 ? 1 : 0));
        waits += int(c.hidden_syncs);
        OK(cudaStreamSynchronize(s.stream));
    }
    CHECK(waits > 0 && waits < 20);
}

PASSES(gesvd_not_finite)
{
    Solver s;
    Matrix<double> A(4, 2), U(4, 2), VT(2, 2);
    Array<double> S(2);
    Array<int> info(1);
    A.at(1, 1) = INFINITY;
    A.up();
    U.up();
    VT.up();
    xgesvd(&s, 'S', 'S', &A, &S, &U, &VT, info.p);
    info.down(s.stream);
    CHECK(info.v[0] > 0);
}

/* ---- symmetric eigenproblems ----------------------------------------------------------------- */

namespace
{

/* NaN in the triangle that is not named. */
template <class T> void hide_other(Matrix<T> *A, cublasFillMode_t uplo)
{
    for (int64_t b = 0; b < A->batch; b++)
        for (int64_t j = 0; j < A->cols; j++)
            for (int64_t i = 0; i < A->rows; i++)
                if (!in_triangle(uplo, i, j)) A->at(i, j, b) = nan_of<T>();
}

template <class T>
double symmetric(const Matrix<T> &A, cublasFillMode_t uplo, int64_t i, int64_t j, int64_t b)
{
    return in_triangle(uplo, i, j) ? original(A, i, j, b) : original(A, j, i, b);
}

/* Columns of A hold eigenvectors of what A was, for the given values. */
template <class T>
void expect_pairs(const Matrix<T> &A, cublasFillMode_t uplo, const T *W, int64_t count,
                  int64_t b = 0)
{
    CHECK(orthogonality(A, count, b) <= LIMIT * double(A.rows) * eps<T>());
    for (int64_t j = 0; j < count; j++) {
        CHECK(j == 0 || W[j] >= W[j - 1]);
        for (int64_t i = 0; i < A.rows; i++) {
            double sum = -double(W[j]) * double(A.at(i, j, b));
            for (int64_t l = 0; l < A.rows; l++)
                sum += symmetric(A, uplo, i, l, b) * double(A.at(l, j, b));
            CHECK(std::abs(sum) <= LIMIT * double(A.rows) * eps<T>());
        }
    }
}

template <class T>
void xsyevd(Solver *s, cusolverEigMode_t jobz, cublasFillMode_t uplo, Matrix<T> *A, Array<T> *W,
            Array<int> *info)
{
    Workspaces w;
    cudaDataType t = type_of<T>();
    A->up();
    FINE(cusolverDnXsyevd_bufferSize(s->h, s->params, jobz, uplo, A->rows, t, A->p, A->ld, t, W->p,
                                     t, &w.device_bytes, &w.host_bytes));
    w.make();
    FINE(cusolverDnXsyevd(s->h, s->params, jobz, uplo, A->rows, t, A->p, A->ld, t, W->p, t,
                          w.device->p, w.device_bytes, w.host.data(), w.host_bytes, info->p));
    A->down(s->stream);
    W->down(s->stream);
    info->down(s->stream);
}

template <class T> void try_xsyevd(cublasFillMode_t uplo, int64_t n)
{
    Solver s;
    Matrix<T> A(n, n), B(n, n, 1, A.ld - n);
    B.v = A.v;
    Array<T> W{size_t(n)}, values{size_t(n)};
    Array<int> info(1);
    hide_other(&A, uplo);
    hide_other(&B, uplo);
    xsyevd(&s, VECTORS, uplo, &A, &W, &info);
    CHECK(info.v[0] == 0);
    expect_pairs(A, uplo, W.v.data(), n);
    xsyevd(&s, VALUES, uplo, &B, &values, &info);
    CHECK(all_nan(B));
    for (int64_t j = 0; j < n; j++)
        CHECK(std::abs(double(W.v[size_t(j)]) - double(values.v[size_t(j)])) <=
              LIMIT * double(n) * eps<T>());
}

template <class T> void try_batched(cublasFillMode_t uplo, int64_t n)
{
    Solver s;
    cudaDataType t = type_of<T>();
    Matrix<T> A(n, n, 3, 0);
    Array<T> W{size_t(3 * n)};
    Array<int> info(3);
    hide_other(&A, uplo);
    A.at(0, 0, 1) = nan_of<T>();
    A.up();
    Workspaces w;
    FINE(cusolverDnXsyevBatched_bufferSize(s.h, s.params, VECTORS, uplo, n, t, A.p, A.ld, t, W.p, t,
                                           &w.device_bytes, &w.host_bytes, 3));
    w.make();
    FINE(cusolverDnXsyevBatched(s.h, s.params, VECTORS, uplo, n, t, A.p, A.ld, t, W.p, t,
                                w.device->p, w.device_bytes, w.host.data(), w.host_bytes, info.p,
                                3));
    A.down(s.stream);
    W.down(s.stream);
    info.down(s.stream);
    for (int64_t b = 0; b < 3; b++) {
        CHECK(b == 1 ? info.v[1] > 0 : info.v[size_t(b)] == 0);
        if (b != 1) expect_pairs(A, uplo, W.v.data() + b * n, n, b);
    }
}

} // namespace

PASSES_IN(cases::LATE, syevd)
{
    for (cublasFillMode_t uplo : TRIANGLES) {
        for (int64_t n : {1, 2, 9, 40}) {
            try_xsyevd<float>(uplo, n);
            try_xsyevd<double>(uplo, n);
        }
    }
}

PASSES(syev_batched)
{
    for (cublasFillMode_t uplo : TRIANGLES) {
        try_batched<float>(uplo, 4);
        try_batched<double>(uplo, 6);
    }
}

/* Signs are drawn from the seed, and are the same for the same call. */
PASSES_IN(cases::LATE, eigenvector_signs)
{
    int differ = 0;
    std::vector<double> first[2];
    for (uint64_t seed = 1; seed <= 4; seed++) {
        emu_reset(seed);
        for (int again = 0; again < 2; again++) {
            Solver s;
            Matrix<double> A(5, 5, 1, 0);
            for (int64_t j = 0; j < 5; j++)
                for (int64_t i = 0; i < 5; i++) A.at(i, j) = 1.0 / double(i + j + 1);
            Array<double> W(5);
            Array<int> info(1);
            xsyevd(&s, VECTORS, CUBLAS_FILL_MODE_LOWER, &A, &W, &info);
            if (again == 0) {
                if (seed > 1 && A.v != first[0]) differ++;
                first[0] = A.v;
            } else {
                CHECK(A.v == first[0]);
            }
        }
    }
    CHECK(differ > 0);
}

PASSES_IN(cases::LATE, eigenvectors_turn_in_clusters)
{
    Solver s;
    Matrix<double> A(4, 4);
    Array<double> W(4);
    Array<int> info(1);
    int full = 0;
    for (int rotate : {0, 1}) {
        emu_rotate_clusters(rotate);
        A.fill(0);
        for (int64_t i = 0; i < 4; i++) A.at(i, i) = 3;
        xsyevd(&s, VECTORS, CUBLAS_FILL_MODE_UPPER, &A, &W, &info);
        expect_pairs(A, CUBLAS_FILL_MODE_UPPER, W.v.data(), 4);
        int entries = 0;
        for (int64_t j = 0; j < 4; j++)
            for (int64_t i = 0; i < 4; i++)
                if (A.at(i, j) != 0) entries++;
        full = rotate ? entries - full : entries;
    }
    CHECK(full > 0);
}

/* ---- limits ---------------------------------------------------------------------------------- */

ABORTS(gesvd_of_a_wide_matrix, "size")
{
    Solver s;
    size_t a, b;
    FINE(cusolverDnXgesvd_bufferSize(s.h, s.params, 'N', 'N', 2, 3, CUDA_R_64F, nullptr, 2,
                                     CUDA_R_64F, nullptr, CUDA_R_64F, nullptr, 1, CUDA_R_64F,
                                     nullptr, 1, CUDA_R_64F, &a, &b));
}

ABORTS(syev_batched_too_large, "size")
{
    Solver s;
    size_t a, b;
    FINE(cusolverDnXsyevBatched_bufferSize(s.h, s.params, VECTORS, CUBLAS_FILL_MODE_LOWER, 256,
                                           CUDA_R_64F, nullptr, 256, CUDA_R_64F, nullptr,
                                           CUDA_R_64F, &a, &b, 8192));
}
