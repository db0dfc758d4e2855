/* The matrices that operations are tried on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static long double unit(ritz_dtype dtype)
{
    return (long double)eps_of(dtype) / 2;
}

static int64_t shorter(int64_t m, int64_t n)
{
    return m < n ? m : n;
}

static omat with_spectrum(uint64_t seed, int64_t m, int64_t n, omat s)
{
    omat A = matgen_with_singular_values(seed, m, n, s);
    omat_destroy(&s);
    return A;
}

#define MATRIX(name) static omat name(uint64_t seed, int64_t m, int64_t n, ritz_dtype dtype)

MATRIX(uniform)
{
    (void)dtype;
    return matgen_uniform(seed, m, n);
}
MATRIX(geometric)
{
    (void)dtype;
    return with_spectrum(seed, m, n, matgen_spectrum(MATGEN_GEOMETRIC, shorter(m, n), 1000));
}
MATRIX(ill_conditioned)
{
    return with_spectrum(seed, m, n,
                         matgen_spectrum(MATGEN_GEOMETRIC, shorter(m, n), 1 / unit(dtype)));
}
MATRIX(clustered)
{
    return with_spectrum(seed, m, n,
                         matgen_spectrum(MATGEN_CLUSTERED, shorter(m, n), 0.1L / unit(dtype)));
}
MATRIX(one_small)
{
    return with_spectrum(seed, m, n,
                         matgen_spectrum(MATGEN_ONE_SMALL, shorter(m, n), 0.1L / unit(dtype)));
}
MATRIX(repeated)
{
    (void)dtype;
    return with_spectrum(seed, m, n, matgen_spectrum(MATGEN_REPEATED, shorter(m, n), 100));
}
MATRIX(deficient)
{
    (void)dtype;
    return matgen_rank(seed, m, n, shorter(m, n) / 2);
}
MATRIX(duplicates)
{
    (void)dtype;
    return matgen_duplicates(seed, m, n, n > 1 ? n / 2 : 1, 0);
}
MATRIX(collinear)
{
    return matgen_duplicates(seed, m, n, n > 1 ? n / 2 : 1, 4 * unit(dtype));
}
MATRIX(zeros)
{
    (void)seed, (void)dtype;
    return omat_create(m, n);
}
MATRIX(identity)
{
    (void)seed, (void)dtype;
    return omat_identity(m, n);
}
MATRIX(hilbert)
{
    (void)seed, (void)dtype;
    return matgen_hilbert(m, n);
}
MATRIX(vandermonde)
{
    (void)seed, (void)dtype;
    return matgen_vandermonde(m, n);
}
MATRIX(graded_rows)
{
    (void)dtype;
    omat A = matgen_uniform(seed, m, n);
    matgen_grade_rows(&A, 8);
    return A;
}
MATRIX(graded_cols)
{
    (void)dtype;
    omat A = matgen_uniform(seed, m, n);
    matgen_grade_cols(&A, -8);
    return A;
}

static omat scaled(omat A, long double factor)
{
    for (int64_t i = 0; i < A.rows * A.cols; i++) A.a[i] *= factor;
    return A;
}
MATRIX(huge)
{
    return scaled(matgen_uniform(seed, m, n), dtype == RITZ_F64 ? 1e150L : 1e30L);
}
MATRIX(tiny)
{
    return scaled(matgen_uniform(seed, m, n), dtype == RITZ_F64 ? 1e-150L : 1e-30L);
}

const struct kind general_kinds[] = {
    {"uniform", uniform},
    {"geometric", geometric},
    {"ill", ill_conditioned},
    {"clustered", clustered},
    {"one-small", one_small},
    {"repeated", repeated},
    {"deficient", deficient},
    {"duplicates", duplicates},
    {"collinear", collinear},
    {"zeros", zeros},
    {"identity", identity},
    {"hilbert", hilbert},
    {"vandermonde", vandermonde},
    {"graded-rows", graded_rows},
    {"graded-cols", graded_cols},
    {"huge", huge},
    {"tiny", tiny},
    {NULL, NULL},
};

/* ---- symmetric ------------------------------------------------------------------------------- */

MATRIX(spd_easy)
{
    (void)m, (void)dtype;
    return matgen_spd(seed, n, MATGEN_GEOMETRIC, 100);
}
/* As hard as it can be and still surely succeed: Demmel's condition, n(n+1) u kappa < 1. */
MATRIX(spd_hard)
{
    (void)m;
    const long double order = (long double)(n + 1);
    const long double kappa = 0.05L / (unit(dtype) * order * order);
    return matgen_spd(seed, n, MATGEN_ONE_SMALL, kappa > 1 ? kappa : 1);
}
MATRIX(spd_identity)
{
    (void)seed, (void)m, (void)dtype;
    return omat_identity(n, n);
}
MATRIX(spd_laplacian)
{
    (void)seed, (void)m, (void)dtype;
    return matgen_laplacian(n);
}
/* D A D with D running over eight decades: positive definite, however badly scaled. */
MATRIX(spd_graded)
{
    (void)m, (void)dtype;
    omat A = matgen_spd(seed, n, MATGEN_ARITHMETIC, 10);
    matgen_grade_rows(&A, 8);
    matgen_grade_cols(&A, 8);
    return A;
}
MATRIX(spd_huge)
{
    (void)m;
    return scaled(matgen_spd(seed, n, MATGEN_GEOMETRIC, 100), dtype == RITZ_F64 ? 1e150L : 1e30L);
}
MATRIX(spd_tiny)
{
    (void)m;
    return scaled(matgen_spd(seed, n, MATGEN_GEOMETRIC, 100), dtype == RITZ_F64 ? 1e-150L : 1e-30L);
}

const struct kind spd_kinds[] = {
    {"easy", spd_easy},           {"hard", spd_hard},     {"identity", spd_identity},
    {"laplacian", spd_laplacian}, {"graded", spd_graded}, {"huge", spd_huge},
    {"tiny", spd_tiny},           {NULL, NULL},
};

static omat with_eigenvalues(uint64_t seed, omat w, bool alternate)
{
    for (int64_t i = 1; alternate && i < w.rows; i += 2) w.a[i] = -w.a[i];
    omat A = matgen_with_eigenvalues(seed, w);
    omat_destroy(&w);
    return A;
}
MATRIX(sym_geometric)
{
    (void)m;
    return with_eigenvalues(seed, matgen_spectrum(MATGEN_GEOMETRIC, n, 1 / unit(dtype)), false);
}
MATRIX(sym_indefinite)
{
    (void)m, (void)dtype;
    return with_eigenvalues(seed, matgen_spectrum(MATGEN_ARITHMETIC, n, 10), true);
}
MATRIX(sym_clustered)
{
    (void)m;
    return with_eigenvalues(seed, matgen_spectrum(MATGEN_CLUSTERED, n, 0.1L / unit(dtype)), false);
}
MATRIX(sym_repeated)
{
    (void)m, (void)dtype;
    return with_eigenvalues(seed, matgen_spectrum(MATGEN_REPEATED, n, 3), true);
}
MATRIX(sym_deficient)
{
    (void)m, (void)dtype;
    return with_eigenvalues(seed, matgen_spectrum_rank(n, n / 2, 0), false);
}
MATRIX(sym_huge)
{
    (void)m;
    return scaled(sym_indefinite(seed, n, n, dtype), dtype == RITZ_F64 ? 1e150L : 1e30L);
}
MATRIX(sym_tiny)
{
    (void)m;
    return scaled(sym_indefinite(seed, n, n, dtype), dtype == RITZ_F64 ? 1e-150L : 1e-30L);
}

const struct kind symmetric_kinds[] = {
    {"indefinite", sym_indefinite},
    {"geometric", sym_geometric},
    {"clustered", sym_clustered},
    {"repeated", sym_repeated},
    {"deficient", sym_deficient},
    {"laplacian", spd_laplacian},
    {"zeros", zeros},
    {"identity", identity},
    {"hilbert", hilbert},
    {"huge", sym_huge},
    {"tiny", sym_tiny},
    {NULL, NULL},
};

omat *make_items(const struct kind *kind, uint64_t seed, int64_t count, int64_t m, int64_t n,
                 ritz_dtype dtype)
{
    /* A broadcast input of an empty batch still has a shape. */
    const int64_t made = count > 0 ? count : 1;
    omat *items = calloc((size_t)made, sizeof *items);
    if (!items) abort();
    for (int64_t b = 0; b < made; b++)
        items[b] = kind->make(seed + 1000003u * (uint64_t)b, m, n, dtype);
    return items;
}

void free_items(omat *items, int64_t count)
{
    for (int64_t b = 0; b < (count > 0 ? count : 1); b++) omat_destroy(&items[b]);
    free(items);
}
