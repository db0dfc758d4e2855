/* Norms. A maximum taken by comparison loses NaN, so finiteness is asked first. */
#include "internal.h"

#include <math.h>

long double oracle_norm_one(omat A)
{
    if (!omat_is_finite(A)) return (long double)INFINITY;
    long double largest = 0;
    for (int64_t j = 0; j < A.cols; j++) {
        long double sum = 0;
        for (int64_t i = 0; i < A.rows; i++) sum += fabsl(OMAT_AT(A, i, j));
        largest = fmaxl(largest, sum);
    }
    return largest;
}

long double oracle_norm_inf(omat A)
{
    omat At = omat_transposed(A);
    long double norm = oracle_norm_one(At);
    omat_destroy(&At);
    return norm;
}

long double oracle_norm_fro(omat A)
{
    if (!omat_is_finite(A)) return (long double)INFINITY;
    return sqrtl(oracle_dot(A.rows * A.cols, A.a, A.a));
}

long double oracle_norm_max(omat A)
{
    if (!omat_is_finite(A)) return (long double)INFINITY;
    long double largest = 0;
    for (int64_t i = 0; i < A.rows * A.cols; i++) largest = fmaxl(largest, fabsl(A.a[i]));
    return largest;
}

/* The sum of the first `count` singular values. */
static long double sum_of_values(omat A, int64_t count)
{
    if (!omat_is_finite(A)) return (long double)INFINITY;
    if (A.rows == 0 || A.cols == 0) return 0;
    omat U, s, V;
    oracle_svd(A, &U, &s, &V);
    long double sum = 0;
    for (int64_t i = 0; i < s.rows && i < count; i++) sum += s.a[i];
    omat_destroy(&U);
    omat_destroy(&s);
    omat_destroy(&V);
    return sum;
}

long double oracle_norm_two(omat A)
{
    return sum_of_values(A, 1);
}

long double oracle_norm_nuclear(omat A)
{
    return sum_of_values(A, INT64_MAX);
}
