/* Shared by the oracle's own tests. */
#ifndef RITZ_TESTS_ORACLE_TEST_SUPPORT_H
#define RITZ_TESTS_ORACLE_TEST_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oracle.h"

static inline void check_near(long double got, long double want, long double tolerance,
                              const char *file, int line)
{
    if (fabsl(got - want) <= tolerance) return;
    print_error("%.20Lg is not within %.3Lg of %.20Lg\n", got, tolerance, want);
    _fail(file, line);
}
#define assert_near(got, want, tolerance) check_near((got), (want), (tolerance), __FILE__, __LINE__)

static inline void check_matrix(omat got, omat want, long double tolerance, const char *file,
                                int line)
{
    _assert_int_equal((LargestIntegralType)got.rows, (LargestIntegralType)want.rows, file, line);
    _assert_int_equal((LargestIntegralType)got.cols, (LargestIntegralType)want.cols, file, line);
    for (int64_t i = 0; i < got.rows * got.cols; i++)
        check_near(got.a[i], want.a[i], tolerance, file, line);
}
#define assert_matrix_near(got, want, tolerance)                                                   \
    check_matrix((got), (want), (tolerance), __FILE__, __LINE__)

/* A matrix from literals written row by row. */
static inline omat rows_of(int64_t rows, int64_t cols, const double *p)
{
    return omat_from_f64(p, rows, cols, cols, 1);
}
#define ROWS(m, n, ...) rows_of((m), (n), (const double[]){__VA_ARGS__})

/* The oracle's own working accuracy; every closed form is met to a modest multiple of it. */
#define TINY (100 * LDBL_EPSILON)

#endif
