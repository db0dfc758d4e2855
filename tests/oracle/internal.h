/* Private to the oracle's own sources. */
#ifndef RITZ_TESTS_ORACLE_INTERNAL_H
#define RITZ_TESTS_ORACLE_INTERNAL_H

#include "oracle.h"

/* Prints where and what, and aborts. */
_Noreturn void oracle_misused(const char *function, const char *what);

#define ORACLE_REQUIRE(cond, what) ((cond) ? (void)0 : oracle_misused(__func__, (what)))

static inline int64_t oracle_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t oracle_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Sum of x[i] y[i]. */
static inline long double oracle_dot(int64_t n, const long double *x, const long double *y)
{
    long double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* y += t x. */
static inline void oracle_axpy(int64_t n, long double t, const long double *x, long double *y)
{
    for (int64_t i = 0; i < n; i++) y[i] += t * x[i];
}

/* (x, y) <- (c x - s y, s x + c y). */
static inline void oracle_rotate(int64_t n, long double c, long double s, long double *x,
                                 long double *y)
{
    for (int64_t i = 0; i < n; i++) {
        long double xi = x[i], yi = y[i];
        x[i] = c * xi - s * yi;
        y[i] = s * xi + c * yi;
    }
}

static inline long double *oracle_col(omat A, int64_t j)
{
    return A.a + j * A.rows;
}

#endif
