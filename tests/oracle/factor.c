/* Cholesky, Householder QR and LU by the textbook (Golub and Van Loan, Matrix Computations, 4th
 * ed. 2013: sections 4.2, 5.2, 3.4). */
#include "internal.h"

#include <math.h>
#include <stdlib.h>

int64_t oracle_cholesky(omat A, omat *L)
{
    ORACLE_REQUIRE(A.rows == A.cols, "A is not square");
    const int64_t n = A.rows;
    *L = omat_create(n, n);
    for (int64_t j = 0; j < n; j++) {
        long double *lj = oracle_col(*L, j);
        for (int64_t i = j; i < n; i++) lj[i] = OMAT_AT(A, i, j);
        for (int64_t l = 0; l < j; l++)
            oracle_axpy(n - j, -OMAT_AT(*L, j, l), oracle_col(*L, l) + j, lj + j);

        if (!(lj[j] > 0) || !isfinite(lj[j])) return j + 1; /* the negation catches NaN */
        long double pivot = sqrtl(lj[j]);
        for (int64_t i = j; i < n; i++) lj[i] /= pivot;
    }
    return 0;
}

/* v (overwriting x, length n) and tau with (I - tau v v') x = beta e1, beta returned. */
static long double make_reflector(int64_t n, long double *x, long double *tau)
{
    long double norm = sqrtl(oracle_dot(n, x, x));
    *tau = 0;
    if (norm == 0) return 0;
    long double beta = x[0] > 0 ? -norm : norm; /* opposite signs: no cancellation */
    x[0] -= beta;
    *tau = 2 / oracle_dot(n, x, x);
    return beta;
}

static void apply_reflector(int64_t n, const long double *v, long double tau, long double *y)
{
    oracle_axpy(n, -tau * oracle_dot(n, v, y), v, y);
}

void oracle_qr(omat A, omat *Q, omat *R)
{
    const int64_t m = A.rows, n = A.cols, k = oracle_min(m, n);
    omat W = omat_copy(A); /* reflectors below, R on and above the diagonal */
    omat tau = omat_create(k, 1), beta = omat_create(k, 1);
    for (int64_t l = 0; l < k; l++) {
        long double *v = oracle_col(W, l) + l;
        beta.a[l] = make_reflector(m - l, v, &tau.a[l]);
        for (int64_t j = l + 1; j < n; j++)
            apply_reflector(m - l, v, tau.a[l], oracle_col(W, j) + l);
    }

    *R = omat_create(k, n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i <= j && i < k; i++)
            OMAT_AT(*R, i, j) = i == j ? beta.a[i] : OMAT_AT(W, i, j);
    *Q = omat_identity(m, k);
    for (int64_t l = k - 1; l >= 0; l--)
        for (int64_t j = l; j < k; j++)
            apply_reflector(m - l, oracle_col(W, l) + l, tau.a[l], oracle_col(*Q, j) + l);

    for (int64_t i = 0; i < k; i++) {
        if (OMAT_AT(*R, i, i) >= 0) continue;
        for (int64_t j = i; j < n; j++) OMAT_AT(*R, i, j) *= -1;
        for (int64_t p = 0; p < m; p++) OMAT_AT(*Q, p, i) *= -1;
    }
    omat_destroy(&W);
    omat_destroy(&tau);
    omat_destroy(&beta);
}

static void swap_rows(omat A, int64_t p, int64_t q)
{
    for (int64_t j = 0; j < A.cols; j++) {
        long double t = OMAT_AT(A, p, j);
        OMAT_AT(A, p, j) = OMAT_AT(A, q, j);
        OMAT_AT(A, q, j) = t;
    }
}

int64_t oracle_lu(omat A, omat *LU, int64_t *perm, int *sign)
{
    ORACLE_REQUIRE(A.rows == A.cols, "A is not square");
    const int64_t n = A.rows;
    int64_t first_zero = 0;
    int parity = 1;
    *LU = omat_copy(A);
    for (int64_t i = 0; i < n; i++) perm[i] = i;
    for (int64_t l = 0; l < n; l++) {
        long double *pivots = oracle_col(*LU, l);
        int64_t p = l;
        for (int64_t i = l + 1; i < n; i++)
            if (fabsl(pivots[i]) > fabsl(pivots[p])) p = i;
        if (pivots[p] == 0) {
            if (first_zero == 0) first_zero = l + 1;
            continue;
        }
        if (p != l) {
            int64_t t = perm[p];
            perm[p] = perm[l];
            perm[l] = t;
            swap_rows(*LU, p, l);
            parity = -parity;
        }
        for (int64_t i = l + 1; i < n; i++) pivots[i] /= pivots[l];
        for (int64_t j = l + 1; j < n; j++)
            oracle_axpy(n - 1 - l, -OMAT_AT(*LU, l, j), pivots + l + 1, oracle_col(*LU, j) + l + 1);
    }
    if (sign) *sign = parity;
    return first_zero;
}

static int64_t *create_permutation(int64_t n)
{
    int64_t *perm = calloc((size_t)(n ? n : 1), sizeof *perm);
    ORACLE_REQUIRE(perm != NULL, "out of memory");
    return perm;
}

int64_t oracle_solve(omat A, omat B, omat *X)
{
    ORACLE_REQUIRE(A.rows == A.cols && A.rows == B.rows, "A is not square or does not fit B");
    const int64_t n = A.rows;
    int64_t *perm = create_permutation(n);
    omat LU, PB = omat_create(n, B.cols);
    int64_t info = oracle_lu(A, &LU, perm, NULL);
    if (info != 0) {
        *X = omat_create(n, B.cols);
        for (int64_t i = 0; i < n * B.cols; i++) X->a[i] = (long double)NAN;
    } else {
        for (int64_t j = 0; j < B.cols; j++)
            for (int64_t i = 0; i < n; i++) OMAT_AT(PB, i, j) = OMAT_AT(B, perm[i], j);
        omat Y = oracle_trsm(ORACLE_LOWER, ORACLE_UNIT, LU, PB);
        *X = oracle_trsm(ORACLE_UPPER, ORACLE_NON_UNIT, LU, Y);
        omat_destroy(&Y);
    }
    omat_destroy(&LU);
    omat_destroy(&PB);
    free(perm);
    return info;
}

long double oracle_det(omat A)
{
    int64_t *perm = create_permutation(A.rows);
    omat LU;
    int sign;
    (void)oracle_lu(A, &LU, perm, &sign); /* a zero pivot makes the product zero */
    long double det = sign;
    for (int64_t i = 0; i < A.rows; i++) det *= OMAT_AT(LU, i, i);
    omat_destroy(&LU);
    free(perm);
    return det;
}
