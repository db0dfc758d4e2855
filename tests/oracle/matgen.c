/* Test matrices with independent random entries or a closed form. */
#include "internal.h"

#include <math.h>

uint64_t matgen_word(uint64_t seed, uint64_t i)
{
    uint64_t z = seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* In (0, 1): 53 bits and half a unit, exact in long double. */
static long double unit_interval(uint64_t word)
{
    return ((long double)(word >> 11) + 0.5L) * 0x1p-53L;
}

long double matgen_uniform_at(uint64_t seed, uint64_t i)
{
    return 2 * unit_interval(matgen_word(seed, i)) - 1;
}

long double matgen_normal_at(uint64_t seed, uint64_t i)
{
    const long double two_pi = 8 * atanl(1);
    long double radius = sqrtl(-2 * logl(unit_interval(matgen_word(seed, 2 * i))));
    return radius * cosl(two_pi * unit_interval(matgen_word(seed, 2 * i + 1)));
}

omat matgen_uniform(uint64_t seed, int64_t m, int64_t n)
{
    omat A = omat_create(m, n);
    for (int64_t i = 0; i < m * n; i++) A.a[i] = matgen_uniform_at(seed, (uint64_t)i);
    return A;
}

omat matgen_gaussian(uint64_t seed, int64_t m, int64_t n)
{
    omat A = omat_create(m, n);
    for (int64_t i = 0; i < m * n; i++) A.a[i] = matgen_normal_at(seed, (uint64_t)i);
    return A;
}

omat matgen_hilbert(int64_t m, int64_t n)
{
    omat A = omat_create(m, n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < m; i++) OMAT_AT(A, i, j) = 1 / (long double)(i + j + 1);
    return A;
}

omat matgen_kahan(int64_t n, long double theta)
{
    omat A = omat_create(n, n);
    long double row = 1; /* sin^i */
    for (int64_t i = 0; i < n; i++) {
        OMAT_AT(A, i, i) = row;
        for (int64_t j = i + 1; j < n; j++) OMAT_AT(A, i, j) = -cosl(theta) * row;
        row *= sinl(theta);
    }
    return A;
}

omat matgen_vandermonde(int64_t m, int64_t n)
{
    omat A = omat_create(m, n);
    for (int64_t i = 0; i < m; i++) {
        long double x = m > 1 ? (long double)(2 * i - (m - 1)) / (long double)(m - 1) : 0;
        long double power = 1;
        for (int64_t j = 0; j < n; j++) {
            OMAT_AT(A, i, j) = power;
            power *= x;
        }
    }
    return A;
}

omat matgen_laplacian(int64_t n)
{
    omat A = omat_create(n, n);
    for (int64_t i = 0; i < n; i++) {
        OMAT_AT(A, i, i) = 2;
        if (i > 0) OMAT_AT(A, i, i - 1) = OMAT_AT(A, i - 1, i) = -1;
    }
    return A;
}

omat matgen_duplicates(uint64_t seed, int64_t m, int64_t n, int64_t distinct, long double noise)
{
    ORACLE_REQUIRE(distinct >= 1, "no column to repeat");
    omat A = matgen_gaussian(seed, m, n); /* the later columns are the noise at first */
    for (int64_t j = distinct; j < n; j++)
        for (int64_t i = 0; i < m; i++)
            OMAT_AT(A, i, j) = OMAT_AT(A, i, j % distinct) + noise * OMAT_AT(A, i, j);
    return A;
}

omat matgen_spikes(int64_t m, int64_t n)
{
    ORACLE_REQUIRE(n <= m, "more columns than rows");
    omat A = omat_create(m, n);
    for (int64_t j = 0; j < n; j++) OMAT_AT(A, j * m / n, j) = 1;
    return A;
}

omat matgen_leading_block(uint64_t seed, int64_t m, int64_t n, long double tail)
{
    ORACLE_REQUIRE(n <= m, "more columns than rows");
    omat A = omat_identity(m, n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = n; i < m; i++)
            OMAT_AT(A, i, j) = tail * matgen_normal_at(seed, (uint64_t)(i + j * m));
    return A;
}

/* 10^(decades i / (count-1)). */
static long double grade(long double decades, int64_t i, int64_t count)
{
    return count > 1 ? powl(10, decades * (long double)i / (long double)(count - 1)) : 1;
}

void matgen_grade_rows(omat *A, long double decades)
{
    for (int64_t i = 0; i < A->rows; i++) {
        long double factor = grade(decades, i, A->rows);
        for (int64_t j = 0; j < A->cols; j++) OMAT_AT(*A, i, j) *= factor;
    }
}

void matgen_grade_cols(omat *A, long double decades)
{
    for (int64_t j = 0; j < A->cols; j++) {
        long double factor = grade(decades, j, A->cols);
        for (int64_t i = 0; i < A->rows; i++) OMAT_AT(*A, i, j) *= factor;
    }
}
