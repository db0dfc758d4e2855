/* ritz_lstsq on everything that makes least squares hard: every method, every condition number, and
 * data with structure that a method may trip over. An answer that its method cannot give must come
 * from another one; what is judged is only the answer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conformance/lstsq_check.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

/* Forms of A, B and X that differ from problem to problem. */
static void vary(struct lsq_problem *q, struct forms *walk)
{
    if (!next_forms(walk)) {
        *walk = forms_of(3, 0);
        (void)next_forms(walk);
    }
    memcpy(q->f, walk->f, sizeof q->f);
}

/* With each method that the shape allows. */
static void by_all(const struct place *p, struct lsq_problem *q, struct forms *walk)
{
    for (int method = RITZ_LSTSQ_AUTO; method <= RITZ_LSTSQ_TSQR; method++) {
        if (method == RITZ_LSTSQ_SKETCH_SOLVE ||
            !lsq_allows((ritz_lstsq_method)method, q->A.rows, q->A.cols))
            continue;
        q->o.method = (ritz_lstsq_method)method;
        vary(q, walk);
        lsq_try(p, q);
    }
}

/* ---- condition and residual ------------------------------------------------------------------ */

static void conditions(const struct place *p, ritz_dtype dtype, struct forms *walk)
{
    static const long double kappas32[] = {1, 1e1L, 1e2L, 1e3L, 1e4L, 1e5L, 1e6L, 1e7L, 1e8L},
                             kappas64[] = {1,     1e2L,  1e4L,  1e5L,  1e6L, 1e8L,
                                           1e10L, 1e12L, 1e14L, 1e15L, 1e16L},
                             residuals[] = {1e-12L, 1e-8L, 1e-4L, 1e-2L, 1};
    const bool single = dtype == RITZ_F32;
    const size_t count =
        single ? sizeof kappas32 / sizeof *kappas32 : sizeof kappas64 / sizeof *kappas64;
    static const struct {
        int64_t m, n, s;
    } shapes[] = {{200, 12, 1}, {23, 12, 3}};
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sizeof residuals / sizeof *residuals; j++)
            for (size_t k = 0; k < 2; k++) {
                if (!full_level() && (i + j) % 3 != 0) continue;
                char name[64];
                const long double kappa = single ? kappas32[i] : kappas64[i];
                struct lsq_problem q =
                    lsq_make(dtype, shapes[k].m, shapes[k].n, shapes[k].s, kappa, residuals[j]);
                (void)snprintf(name, sizeof name, "kappa %.0Le residual %.0Le", kappa,
                               residuals[j]);
                q.name = name;
                by_all(p, &q, walk);
                lsq_drop(&q);
            }
}

/* The condition at which one method hands over to the next, by the default. */
static void handing_over(const struct place *p, ritz_dtype dtype)
{
    const long double from = dtype == RITZ_F32 ? 1e1L : 1e3L;
    for (int i = 0; i < 10; i++) {
        char name[64];
        const long double kappa = from * powl(2.5L, i);
        struct lsq_problem q = lsq_make(dtype, 400, 60, 2, kappa, 1);
        (void)snprintf(name, sizeof name, "kappa %.1Le", kappa);
        q.name = name;
        lsq_try(p, &q);
        lsq_drop(&q);
    }
}

/* ---- structure ------------------------------------------------------------------------------- */

#define MATRIX(name) static omat name(int64_t m, int64_t n, ritz_dtype dtype)

MATRIX(leading_block)
{
    (void)dtype;
    return m >= n ? matgen_leading_block(821, m, n, 1e-3L) : matgen_gaussian(821, m, n);
}
MATRIX(spikes)
{
    (void)dtype;
    omat A = omat_create(m, n);
    for (int64_t j = 0; j < n && m > 0; j++) OMAT_AT(A, j * m / n, j) += 1 + (long double)j / 8;
    return A;
}
/* One row far larger than the others. */
MATRIX(heavy_row)
{
    (void)dtype;
    omat A = matgen_gaussian(822, m, n);
    for (int64_t j = 0; j < n; j++) OMAT_AT(A, m / 2, j) *= dtype == RITZ_F32 ? 1e4L : 1e8L;
    return A;
}
MATRIX(falling_rows)
{
    (void)dtype;
    omat A = matgen_gaussian(823, m, n);
    if (m > 1) matgen_grade_rows(&A, -10);
    return A;
}
static omat graded_columns(int64_t m, int64_t n, long double decades)
{
    omat A = matgen_gaussian(824, m, n);
    if (n > 1) matgen_grade_cols(&A, decades);
    return A;
}
MATRIX(rising_columns)
{
    (void)dtype;
    return graded_columns(m, n, 8);
}
MATRIX(falling_columns)
{
    (void)dtype;
    return graded_columns(m, n, -8);
}
/* Every second column 1e8 times the others. */
MATRIX(mixed_columns)
{
    (void)dtype;
    omat A = matgen_gaussian(825, m, n);
    for (int64_t j = 0; j < n; j += 2)
        for (int64_t i = 0; i < m; i++) OMAT_AT(A, i, j) *= 1e8L;
    return A;
}
MATRIX(duplicates)
{
    (void)dtype;
    return matgen_duplicates(826, m, n, n > 1 ? n / 2 : 1, 0);
}
MATRIX(nearly_duplicates)
{
    return matgen_duplicates(827, m, n, n > 1 ? n / 2 : 1, 4 * eps_of(dtype));
}
/* Duplicates, at another scale. */
MATRIX(scaled_duplicates)
{
    omat A = duplicates(m, n, dtype);
    for (int64_t j = 0; j < n; j += 2)
        for (int64_t i = 0; i < m; i++) OMAT_AT(A, i, j) *= 0x1p-20L;
    return A;
}
MATRIX(zero_rows)
{
    (void)dtype;
    omat A = matgen_gaussian(828, m, n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < m; i += 3) OMAT_AT(A, i, j) = 0;
    return A;
}
MATRIX(zero_columns)
{
    (void)dtype;
    omat A = matgen_gaussian(829, m, n);
    for (int64_t j = 0; j < n; j += 3)
        for (int64_t i = 0; i < m; i++) OMAT_AT(A, i, j) = 0;
    return A;
}
MATRIX(zeros)
{
    (void)dtype;
    return omat_create(m, n);
}
MATRIX(hilbert)
{
    (void)dtype;
    return matgen_hilbert(m, n);
}
MATRIX(vandermonde)
{
    (void)dtype;
    return matgen_vandermonde(m, n);
}
MATRIX(one_direction)
{
    (void)dtype;
    return matgen_rank(830, m, n, 1);
}
/* Läuchli: the square of the matrix loses all of its second part. */
MATRIX(lauchli)
{
    omat A = omat_create(m, n);
    for (int64_t j = 0; j < n; j++) {
        OMAT_AT(A, 0, j) = 1;
        if (j + 1 < m) OMAT_AT(A, j + 1, j) = sqrtl((long double)eps_of(dtype)) / 4;
    }
    return A;
}
/* A large mean in every column: an intercept that is not fitted. */
MATRIX(far_from_origin)
{
    omat A = matgen_gaussian(831, m, n);
    for (int64_t i = 0; i < m * n; i++) A.a[i] += dtype == RITZ_F32 ? 1e3L : 1e6L;
    return A;
}
static omat scaled_gaussian(int64_t m, int64_t n, long double factor)
{
    omat A = matgen_gaussian(832, m, n);
    for (int64_t i = 0; i < m * n; i++) A.a[i] *= factor;
    return A;
}
MATRIX(huge)
{
    return scaled_gaussian(m, n, dtype == RITZ_F32 ? 1e30L : 1e300L);
}
MATRIX(tiny)
{
    return scaled_gaussian(m, n, dtype == RITZ_F32 ? 1e-30L : 1e-300L);
}

static const struct {
    const char *name;
    omat (*make)(int64_t m, int64_t n, ritz_dtype dtype);
} kinds[] = {
    {"leading block", leading_block},
    {"spikes", spikes},
    {"heavy row", heavy_row},
    {"falling rows", falling_rows},
    {"rising columns", rising_columns},
    {"falling columns", falling_columns},
    {"mixed columns", mixed_columns},
    {"duplicates", duplicates},
    {"nearly duplicates", nearly_duplicates},
    {"scaled duplicates", scaled_duplicates},
    {"zero rows", zero_rows},
    {"zero columns", zero_columns},
    {"zeros", zeros},
    {"hilbert", hilbert},
    {"vandermonde", vandermonde},
    {"one direction", one_direction},
    {"lauchli", lauchli},
    {"far from the origin", far_from_origin},
    {"huge", huge},
    {"tiny", tiny},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Tall, square, on both sides of every border of the choice, wide, one row, one column. */
static const int64_t shapes[][2] = {{200, 12}, {12, 12}, {24, 12}, {23, 12}, {47, 12},
                                    {48, 12},  {6, 12},  {5, 11},  {7, 12},  {9, 10},
                                    {200, 1},  {3, 1},   {1, 5},   {1, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void structures(const struct place *p, ritz_dtype dtype, struct forms *walk)
{
    static const long double residuals[] = {1, 1e-8L, 0};
    int turn = 0;
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < SHAPES; i++, turn++) {
            if (!full_level() && turn % 4 != 0) continue;
            struct lsq_problem q =
                lsq_make_of(kinds[k].name, dtype, kinds[k].make(shapes[i][0], shapes[i][1], dtype),
                            turn % 4 == 3 ? 3 : 1, residuals[turn % 3]);
            by_all(p, &q, walk);
            lsq_drop(&q);
        }
}

/* A and B of sizes at the ends of the range of the data type. */
static void ranges(const struct place *p, ritz_dtype dtype, struct forms *walk)
{
    const long double far = dtype == RITZ_F32 ? 1e30L : 1e300L;
    const long double sizes[][2] = {{far, 1},     {1, far},     {far, far},
                                    {1 / far, 1}, {1, 1 / far}, {1 / far, 1 / far}};
    static const int64_t few[][2] = {{200, 5}, {9, 5}, {4, 7}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t k = 0; k < 3; k++) {
            char name[64];
            struct lsq_problem q =
                lsq_make_of("", dtype, matgen_gaussian(833, few[k][0], few[k][1]), 2, 1);
            for (int64_t e = 0; e < q.A.rows * q.A.cols; e++) q.A.a[e] *= sizes[i][0];
            for (int64_t e = 0; e < q.B.rows * q.B.cols; e++) q.B.a[e] *= sizes[i][1];
            (void)snprintf(name, sizeof name, "A %.0Le B %.0Le", sizes[i][0], sizes[i][1]);
            q.name = name;
            by_all(p, &q, walk);
            lsq_drop(&q);
        }
}

/* B of zeros, or in the range of A exactly. */
static void consistent(const struct place *p, ritz_dtype dtype, struct forms *walk)
{
    for (int zero = 0; zero < 2; zero++) {
        omat A = matgen_gaussian(834, 200, 7);
        struct lsq_problem q = lsq_make_of(zero ? "B zero" : "B consistent", dtype, A, 2, 0);
        for (int64_t e = 0; zero && e < 400; e++) q.B.a[e] = 0;
        by_all(p, &q, walk);
        lsq_drop(&q);
    }
}

void test_lstsq_trust(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        struct forms walk = forms_of(3, 0);
        conditions(p, reals[t], &walk);
        handing_over(p, reals[t]);
        structures(p, reals[t], &walk);
        ranges(p, reals[t], &walk);
        consistent(p, reals[t], &walk);
    }
}
