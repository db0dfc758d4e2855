/* Products and triangular solves. */
#include "internal.h"

#include <math.h>

static void require_gemm_shapes(omat A, omat B, long double beta, omat C)
{
    ORACLE_REQUIRE(A.cols == B.rows, "the inner dimensions differ");
    ORACLE_REQUIRE(beta == 0 || (C.rows == A.rows && C.cols == B.cols), "C has another shape");
}

omat oracle_gemm(long double alpha, omat A, omat B, long double beta, omat C)
{
    require_gemm_shapes(A, B, beta, C);
    omat D = omat_create(A.rows, B.cols);
    for (int64_t j = 0; j < B.cols && alpha != 0; j++)
        for (int64_t l = 0; l < A.cols; l++)
            oracle_axpy(A.rows, OMAT_AT(B, l, j), oracle_col(A, l), oracle_col(D, j));
    for (int64_t i = 0; i < D.rows * D.cols; i++) {
        D.a[i] *= alpha;
        if (beta != 0) D.a[i] += beta * C.a[i];
    }
    return D;
}

omat oracle_product(omat A, omat B)
{
    return oracle_gemm(1, A, B, 0, (omat){0});
}

omat oracle_gemm_scale(long double alpha, omat A, omat B, long double beta, omat C)
{
    require_gemm_shapes(A, B, beta, C);
    omat S = omat_create(A.rows, B.cols);
    for (int64_t j = 0; j < B.cols && alpha != 0; j++)
        for (int64_t l = 0; l < A.cols; l++) {
            long double b = fabsl(OMAT_AT(B, l, j));
            for (int64_t i = 0; i < A.rows; i++) OMAT_AT(S, i, j) += fabsl(OMAT_AT(A, i, l)) * b;
        }
    for (int64_t i = 0; i < S.rows * S.cols; i++) {
        S.a[i] *= fabsl(alpha);
        if (beta != 0) S.a[i] += fabsl(beta) * fabsl(C.a[i]);
    }
    return S;
}

static bool in_triangle(oracle_uplo uplo, int64_t i, int64_t j)
{
    return uplo == ORACLE_LOWER ? i >= j : i <= j;
}

omat oracle_syrk(oracle_uplo uplo, long double alpha, omat A, long double beta, omat C)
{
    omat At = omat_transposed(A);
    omat D = oracle_gemm(alpha, A, At, beta, C);
    for (int64_t j = 0; j < D.cols; j++)
        for (int64_t i = 0; i < D.rows; i++)
            if (!in_triangle(uplo, i, j)) OMAT_AT(D, i, j) = beta != 0 ? OMAT_AT(C, i, j) : 0;
    omat_destroy(&At);
    return D;
}

omat oracle_triangle(oracle_uplo uplo, oracle_diag diag, omat A)
{
    omat T = omat_create(A.rows, A.cols);
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++) {
            if (i == j && diag == ORACLE_UNIT)
                OMAT_AT(T, i, j) = 1;
            else if (in_triangle(uplo, i, j))
                OMAT_AT(T, i, j) = OMAT_AT(A, i, j);
        }
    return T;
}

omat oracle_symmetric(oracle_uplo uplo, omat A)
{
    ORACLE_REQUIRE(A.rows == A.cols, "A is not square");
    omat S = omat_create(A.rows, A.cols);
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            OMAT_AT(S, i, j) = in_triangle(uplo, i, j) ? OMAT_AT(A, i, j) : OMAT_AT(A, j, i);
    return S;
}

omat oracle_trsm(oracle_uplo uplo, oracle_diag diag, omat T, omat B)
{
    ORACLE_REQUIRE(T.rows == T.cols && T.rows == B.rows, "T is not square or does not fit B");
    const int64_t n = T.rows;
    omat X = omat_copy(B);
    for (int64_t r = 0; r < B.cols; r++) {
        long double *x = oracle_col(X, r);
        for (int64_t step = 0; step < n; step++) {
            int64_t l = uplo == ORACLE_LOWER ? step : n - 1 - step;
            const long double *t = oracle_col(T, l);
            if (diag == ORACLE_NON_UNIT) x[l] /= t[l];
            if (uplo == ORACLE_LOWER)
                oracle_axpy(n - 1 - l, -x[l], t + l + 1, x + l + 1);
            else
                oracle_axpy(l, -x[l], t, x);
        }
    }
    return X;
}

omat oracle_add(omat A, long double t, omat B)
{
    ORACLE_REQUIRE(A.rows == B.rows && A.cols == B.cols, "the shapes differ");
    omat C = omat_copy(A);
    oracle_axpy(A.rows * A.cols, t, B.a, C.a);
    return C;
}
