/* What rests on LU and Cholesky: determinants, condition numbers, and the comparators of
 * factorizations with pivots and of changed factors. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>

long double oracle_logdet(omat A, int *sign)
{
    const int64_t n = A.rows;
    int64_t *perm = calloc((size_t)(n ? n : 1), sizeof *perm);
    ORACLE_REQUIRE(perm != NULL, "out of memory");
    omat LU;
    long double sum = 0;
    const int64_t singular = oracle_lu(A, &LU, perm, sign);
    for (int64_t i = 0; i < n; i++) {
        sum += logl(fabsl(OMAT_AT(LU, i, i)));
        if (OMAT_AT(LU, i, i) < 0) *sign = -*sign;
    }
    omat_destroy(&LU);
    free(perm);
    if (singular) *sign = 0;
    return singular ? -(long double)INFINITY : sum;
}

long double oracle_condition_one(omat A)
{
    omat I = omat_identity(A.rows, A.rows), X;
    const int64_t singular = oracle_solve(A, I, &X);
    const long double cond =
        singular ? (long double)INFINITY : oracle_norm_one(A) * oracle_norm_one(X);
    omat_destroy(&I);
    omat_destroy(&X);
    return cond;
}

long double oracle_nuclear_distance(omat A, omat F)
{
    omat Ft = omat_transposed(F), product = oracle_product(F, Ft);
    omat rest = oracle_add(A, -1, product), w, V;
    long double sum = (long double)INFINITY;
    if (isfinite(oracle_norm_max(rest))) {
        oracle_eig(rest, &w, &V);
        sum = 0;
        for (int64_t i = 0; i < w.rows; i++) sum += fabsl(w.a[i]);
        omat_destroy(&w);
        omat_destroy(&V);
    }
    omat_destroy(&Ft);
    omat_destroy(&product);
    omat_destroy(&rest);
    return sum;
}

/* ---- comparators ----------------------------------------------------------------------------- */

/* P A, by the interchanges; false if one of them is none that partial pivoting makes. */
static bool interchange(omat A, omat pivots)
{
    if (pivots.rows != A.rows || pivots.cols != 1) return A.rows == 0;
    for (int64_t i = 0; i < A.rows; i++) {
        const long double with = pivots.a[i];
        if (!(with >= (long double)(i + 1) && with <= (long double)A.rows)) return false;
        const int64_t k = (int64_t)with - 1;
        for (int64_t j = 0; j < A.cols && k != i; j++) {
            const long double t = OMAT_AT(A, i, j);
            OMAT_AT(A, i, j) = OMAT_AT(A, k, j);
            OMAT_AT(A, k, j) = t;
        }
    }
    return true;
}

double oracle_lu_ratio(omat A, omat LU, omat pivots, double eps)
{
    if (A.rows != A.cols || LU.rows != A.rows || LU.cols != A.cols) return (double)INFINITY;
    omat PA = omat_copy(A);
    omat L = oracle_triangle(ORACLE_LOWER, ORACLE_UNIT, LU);
    omat U = oracle_triangle(ORACLE_UPPER, ORACLE_NON_UNIT, LU), product = oracle_product(L, U);
    double ratio = (double)INFINITY;
    if (interchange(PA, pivots)) ratio = oracle_factor_ratio(PA, product, eps);
    /* Partial pivoting: no multiplier is larger than 1. */
    for (int64_t j = 0; j < L.cols; j++)
        for (int64_t i = j + 1; i < L.rows; i++)
            if (!(fabsl(OMAT_AT(L, i, j)) <= 1)) ratio = (double)INFINITY;
    omat_destroy(&PA);
    omat_destroy(&L);
    omat_destroy(&U);
    omat_destroy(&product);
    return ratio;
}

double oracle_update_ratio(oracle_uplo uplo, omat F, int sigma, omat x, omat got, double eps)
{
    const int64_t n = F.rows;
    if (got.rows != n || got.cols != n || x.rows != n) return (double)INFINITY;
    if (n == 0) return 0;
    omat T = oracle_triangle(uplo, ORACLE_NON_UNIT, F);
    omat G = oracle_triangle(uplo, ORACLE_NON_UNIT, got);
    omat L = uplo == ORACLE_LOWER ? omat_copy(T) : omat_transposed(T);
    omat M = uplo == ORACLE_LOWER ? omat_copy(G) : omat_transposed(G);
    omat Lt = omat_transposed(L), Mt = omat_transposed(M), xt = omat_transposed(x);
    omat before = oracle_product(L, Lt), after = oracle_product(M, Mt);
    omat change = oracle_product(x, xt), wanted = oracle_add(before, sigma, change);
    omat error = oracle_add(wanted, -1, after);
    const long double scale = oracle_norm_one(before) + oracle_norm_one(change);
    const long double ratio = oracle_norm_one(error) / (scale * (long double)n * eps);
    omat all[] = {T, G, L, M, Lt, Mt, xt, before, after, change, wanted, error};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
    return isfinite(ratio) ? (double)ratio : (double)INFINITY;
}

double oracle_pivoted_ratio(omat A, omat F, omat pivots, int64_t rank, long double error,
                            double eps)
{
    const int64_t n = A.rows;
    if (F.rows != n || pivots.rows != n || rank < 0 || rank > F.cols) return (double)INFINITY;
    bool *seen = calloc((size_t)(n ? n : 1), sizeof *seen);
    ORACLE_REQUIRE(seen != NULL, "out of memory");
    bool right = true;
    long double trace = 0, rest = 0;
    for (int64_t i = 0; i < n; i++) {
        const long double named = pivots.a[i];
        if (!(named >= 0 && named < (long double)n) || seen[(int64_t)named]) {
            right = false;
            break;
        }
        const int64_t row = (int64_t)named;
        seen[row] = true;
        trace += fabsl(OMAT_AT(A, row, row));
        long double left = OMAT_AT(A, row, row);
        for (int64_t j = 0; j < F.cols; j++) {
            const long double f = OMAT_AT(F, row, j);
            left -= f * f;
            /* Lower trapezoidal in this order, nothing beyond the rank, a positive diagonal that
             * bounds its column. */
            if ((j > i || j >= rank) && f != 0) right = false;
            if (j == i && j < rank && !(f > 0)) right = false;
        }
        if (i >= rank) rest += left;
    }
    free(seen);
    if (!right) return (double)INFINITY;
    if (trace == 0) return error == 0 ? 0 : (double)INFINITY;
    const long double ratio = fabsl(rest - error) / (trace * (long double)(n + F.cols) * eps);
    return isfinite(ratio) ? (double)ratio : (double)INFINITY;
}
