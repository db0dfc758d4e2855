/* Linear least squares. */
#include "lstsq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* ---- minimum norm ---- */

static long double norm(int64_t n, const long double *x)
{
    return sqrtl(oracle_dot(n, x, x));
}

/* (I - 2 v v'/v'v) x. */
static void reflect(int64_t n, const long double *v, long double *x)
{
    const long double square = oracle_dot(n, v, v);
    if (square > 0) oracle_axpy(n, -2 * oracle_dot(n, v, x) / square, v, x);
}

static void swap_columns(omat W, int64_t *order, int64_t i, int64_t j)
{
    for (int64_t k = 0; k < W.rows; k++) {
        const long double t = OMAT_AT(W, k, i);
        OMAT_AT(W, k, i) = OMAT_AT(W, k, j);
        OMAT_AT(W, k, j) = t;
    }
    const int64_t t = order[i];
    order[i] = order[j];
    order[j] = t;
}

/* W becomes R of W P, C becomes Q'C; returns the rank. */
static int64_t pivoted_qr(omat W, omat C, long double rtol, int64_t *order)
{
    const int64_t m = W.rows, n = W.cols, most = oracle_min(m, n);
    omat v = omat_create(m, 1);
    long double first = 0;
    int64_t l = 0;
    for (; l < most; l++) {
        int64_t longest = l;
        for (int64_t j = l + 1; j < n; j++)
            if (norm(m - l, oracle_col(W, j) + l) > norm(m - l, oracle_col(W, longest) + l))
                longest = j;
        swap_columns(W, order, l, longest);
        const long double pivot = norm(m - l, oracle_col(W, l) + l);
        if (l == 0) first = pivot;
        if (!(pivot > rtol * first) || pivot == 0) break;
        memcpy(v.a, oracle_col(W, l) + l, (size_t)(m - l) * sizeof *v.a);
        v.a[0] += v.a[0] >= 0 ? pivot : -pivot;
        for (int64_t j = l; j < n; j++) reflect(m - l, v.a, oracle_col(W, j) + l);
        for (int64_t j = 0; j < C.cols; j++) reflect(m - l, v.a, oracle_col(C, j) + l);
    }
    omat_destroy(&v);
    return l;
}

/* The solution of minimum norm of T Y = C, T r x n of full row rank. */
static omat trapezoid_solution(omat T, omat C)
{
    omat Tt = omat_transposed(T), Z, L;
    oracle_qr(Tt, &Z, &L);
    omat Lt = omat_transposed(L), y = oracle_trsm(ORACLE_LOWER, ORACLE_NON_UNIT, Lt, C);
    omat Y = oracle_product(Z, y);
    omat all[] = {Tt, Z, L, Lt, y};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
    return Y;
}

void oracle_lstsq(int64_t m, int64_t n, int64_t s, const long double *A, const long double *B,
                  long double rtol, long double *X, int64_t *rank)
{
    omat W = omat_create(m, n), C = omat_create(m, s);
    int64_t *order = calloc((size_t)(n ? n : 1), sizeof *order);
    ORACLE_REQUIRE(order != NULL, "out of memory");
    if (m * n > 0) memcpy(W.a, A, (size_t)(m * n) * sizeof *A);
    if (m * s > 0) memcpy(C.a, B, (size_t)(m * s) * sizeof *B);
    for (int64_t j = 0; j < n; j++) order[j] = j;
    *rank = pivoted_qr(W, C, rtol, order);

    for (int64_t i = 0; i < n * s; i++) X[i] = 0;
    if (*rank > 0) {
        omat R = omat_block(W, 0, 0, *rank, n),
             T = oracle_triangle(ORACLE_UPPER, ORACLE_NON_UNIT, R);
        omat head = omat_block(C, 0, 0, *rank, s), Y = trapezoid_solution(T, head);
        for (int64_t j = 0; j < s; j++)
            for (int64_t i = 0; i < n; i++) X[order[i] + j * n] = OMAT_AT(Y, i, j);
        omat all[] = {R, T, head, Y};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
    }
    free(order);
    omat_destroy(&W);
    omat_destroy(&C);
}

/* ---- backward error ---- */

/* The SVD, of a tall matrix by way of R. */
static void left_singular(omat A, omat *U, omat *s, omat *V)
{
    omat Q, R, inner;
    if (A.rows <= A.cols) {
        oracle_svd(A, U, s, V);
        return;
    }
    oracle_qr(A, &Q, &R);
    oracle_svd(R, &inner, s, V);
    *U = oracle_product(Q, inner);
    omat_destroy(&Q);
    omat_destroy(&R);
    omat_destroy(&inner);
}

double oracle_lstsq_backward_error(omat A, omat X, omat B)
{
    if (X.rows != A.cols || B.rows != A.rows || X.cols != B.cols || !omat_is_finite(X))
        return (double)INFINITY;
    const long double size = oracle_norm_fro(A);
    if (size == 0) return 0;
    omat U, s, V, R = oracle_gemm(-1, A, X, 1, B);
    left_singular(A, &U, &s, &V);
    double worst = 0;
    for (int64_t j = 0; j < X.cols; j++) {
        const long double *r = oracle_col(R, j);
        const long double xx = oracle_dot(X.rows, oracle_col(X, j), oracle_col(X, j));
        const long double rr = oracle_dot(R.rows, r, r);
        long double sum = 0;
        for (int64_t i = 0; i < s.rows; i++) {
            const long double g = s.a[i] * oracle_dot(R.rows, oracle_col(U, i), r);
            if (g != 0) sum += g * g / (xx * s.a[i] * s.a[i] + rr);
        }
        worst = oracle_worst(worst, (double)(sqrtl(sum) / size));
    }
    omat all[] = {U, s, V, R};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
    return worst;
}
