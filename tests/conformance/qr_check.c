/* Judging QR factorizations, and the matrices that are hard for them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "conformance/qr.h"

void check_form_of_r(omat R)
{
    const int64_t k = R.rows < R.cols ? R.rows : R.cols;
    bool zeros = true, positive = true;
    for (int64_t j = 0; j < R.cols; j++)
        for (int64_t i = j + 1; i < R.rows; i++) zeros = zeros && OMAT_AT(R, i, j) == 0;
    for (int64_t i = 0; i < k; i++) positive = positive && OMAT_AT(R, i, i) >= 0;
    (void)expect(zeros, "R is not zero below the diagonal");
    (void)expect(positive, "R has a negative diagonal element");
}

double qr_range_ratio(omat A, omat Q, double eps)
{
    omat Qt = omat_transposed(Q), B = oracle_product(Qt, A), P = oracle_product(Q, B);
    const double ratio = oracle_factor_ratio(A, P, eps);
    omat_destroy(&Qt);
    omat_destroy(&B);
    omat_destroy(&P);
    return ratio;
}

double qr_gram_ratio(omat A, omat R, double eps)
{
    omat At = omat_transposed(A), Rt = omat_transposed(R);
    omat G = oracle_product(At, A), H = oracle_product(Rt, R), E = oracle_add(G, -1, H);
    const long double scale = 2 * oracle_norm_one(A) * oracle_norm_one(At) * eps *
                              (long double)(A.rows > A.cols ? A.rows : A.cols);
    const long double error = oracle_norm_one(E);
    omat_destroy(&At);
    omat_destroy(&Rt);
    omat_destroy(&G);
    omat_destroy(&H);
    omat_destroy(&E);
    return error == 0 ? 0 : (double)(error / scale);
}

/* ---- matrices ------------------------------------------------------------------------------ */

#define MATRIX(name) static omat name(uint64_t seed, int64_t m, int64_t n, ritz_dtype dtype)

static omat conditioned(uint64_t seed, int64_t m, int64_t n, long double kappa)
{
    omat s = matgen_spectrum(MATGEN_GEOMETRIC, n, kappa);
    omat A = matgen_with_singular_values(seed, m, n, s);
    omat_destroy(&s);
    return A;
}
/* 1, and powers of the largest condition number that the type resolves: 10^16 or 10^8. */
static omat power_of_limit(uint64_t seed, int64_t m, int64_t n, ritz_dtype dtype, long double power)
{
    return conditioned(seed, m, n, powl(dtype == RITZ_F64 ? 1e16L : 1e8L, power));
}
MATRIX(kappa_1)
{
    return power_of_limit(seed, m, n, dtype, 0);
}
MATRIX(kappa_eighth)
{
    return power_of_limit(seed, m, n, dtype, 0.125L);
}
MATRIX(kappa_quarter)
{
    return power_of_limit(seed, m, n, dtype, 0.25L);
}
MATRIX(kappa_half)
{
    return power_of_limit(seed, m, n, dtype, 0.5L);
}
MATRIX(kappa_three_quarters)
{
    return power_of_limit(seed, m, n, dtype, 0.75L);
}
MATRIX(kappa_limit)
{
    return power_of_limit(seed, m, n, dtype, 1);
}
MATRIX(falling_cols)
{
    (void)dtype;
    omat A = matgen_uniform(seed, m, n);
    matgen_grade_cols(&A, -8);
    return A;
}
MATRIX(rising_cols)
{
    (void)dtype;
    omat A = matgen_uniform(seed, m, n);
    matgen_grade_cols(&A, 8);
    return A;
}
MATRIX(zero_col)
{
    (void)dtype;
    omat A = matgen_uniform(seed, m, n);
    for (int64_t i = 0; i < m; i++) OMAT_AT(A, i, n / 2) = 0;
    return A;
}
MATRIX(duplicates)
{
    (void)dtype;
    return matgen_duplicates(seed, m, n, n > 1 ? n / 2 : 1, 0);
}
MATRIX(spikes)
{
    (void)seed, (void)dtype;
    return matgen_spikes(m, n);
}
MATRIX(leading_block)
{
    (void)dtype;
    return matgen_leading_block(seed, m, n, 1e-6L);
}
/* Kahan's matrix over zeros. */
MATRIX(kahan)
{
    (void)seed, (void)dtype;
    omat K = matgen_kahan(n, 1.2L), A = omat_create(m, n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++) OMAT_AT(A, i, j) = OMAT_AT(K, i, j);
    omat_destroy(&K);
    return A;
}
/* As large and as small as squares of norms leave room for in neither type, and R does in both. */
static omat to_scale(uint64_t seed, int64_t m, int64_t n, long double scale)
{
    omat A = matgen_uniform(seed, m, n);
    for (int64_t i = 0; i < m * n; i++) A.a[i] *= scale;
    return A;
}
MATRIX(largest)
{
    return to_scale(seed, m, n, dtype == RITZ_F64 ? 1e300L : 1e35L);
}
MATRIX(smallest)
{
    return to_scale(seed, m, n, dtype == RITZ_F64 ? 1e-290L : 1e-32L);
}

const struct kind hard_qr_kinds[] = {
    {"kappa 1", kappa_1},
    {"kappa limit^(1/8)", kappa_eighth},
    {"kappa limit^(1/4)", kappa_quarter},
    {"kappa limit^(1/2)", kappa_half},
    {"kappa limit^(3/4)", kappa_three_quarters},
    {"kappa limit", kappa_limit},
    {"falling columns", falling_cols},
    {"rising columns", rising_cols},
    {"zero column", zero_col},
    {"duplicates", duplicates},
    {"spikes", spikes},
    {"leading block", leading_block},
    {"kahan", kahan},
    {"largest", largest},
    {"smallest", smallest},
    {NULL, NULL},
};
