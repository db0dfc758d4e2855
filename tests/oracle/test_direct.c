/* Determinants, condition numbers and the comparators that go with LU and Cholesky, on closed
 * forms. */
#include "test_support.h"

static const double eps = DBL_EPSILON;

#define assert_ratio(ratio, want) assert_near((ratio), (want), 0.01L * (want))
#define assert_fails(ratio) assert_true(isinf(ratio) && (ratio) > 0)

static void logdet_of_closed_forms(void **state)
{
    (void)state;
    int sign = 7;
    omat A = ROWS(3, 3, 4, 2, 1, 2, 5, 3, 1, 3, 6), swap = ROWS(2, 2, 0, 3, 2, 0);
    omat singular = ROWS(2, 2, 1, 2, 2, 4), none = omat_create(0, 0), L = matgen_laplacian(9);
    assert_near(oracle_logdet(A, &sign), logl(67), TINY);
    assert_int_equal(sign, 1);
    assert_near(oracle_logdet(swap, &sign), logl(6), TINY);
    assert_int_equal(sign, -1);
    assert_true(isinf(oracle_logdet(singular, &sign)) && sign == 0);
    assert_near(oracle_logdet(none, &sign), 0, 0);
    assert_int_equal(sign, 1);
    assert_near(oracle_logdet(L, &sign), logl(10), TINY); /* det = n + 1 */
    omat all[] = {A, swap, singular, none, L};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void condition_of_closed_forms(void **state)
{
    (void)state;
    omat I = omat_identity(4, 4), D = ROWS(2, 2, 100, 0, 0, 0.5), H = matgen_hilbert(3, 3);
    omat singular = ROWS(2, 2, 1, 2, 2, 4);
    assert_near(oracle_condition_one(I), 1, TINY);
    assert_near(oracle_condition_one(D), 200, 200 * TINY);
    assert_near(oracle_condition_one(H), 748, 1e6L * TINY); /* 11/6 times 408 */
    assert_true(isinf(oracle_condition_one(singular)));
    omat all[] = {I, D, H, singular};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void lu_ratio_measures(void **state)
{
    (void)state;
    /* P A = L U by hand: rows interchanged, L = [1 0; 1/2 1], U = [4 2; 0 3]. */
    omat A = ROWS(2, 2, 2, 4, 4, 2), LU = ROWS(2, 2, 4, 2, 0.5, 3), pivots = ROWS(2, 1, 2, 2);
    assert_near(oracle_lu_ratio(A, LU, pivots, eps), 0, 0);
    for (int64_t place = 0; place < 4; place++) {
        const long double kept = LU.a[place];
        LU.a[place] = (long double)NAN;
        assert_fails(oracle_lu_ratio(A, LU, pivots, eps));
        LU.a[place] = kept;
    }
    LU.a[3] += 1000.0L * 2 * 6 * eps;
    assert_ratio(oracle_lu_ratio(A, LU, pivots, eps), 1000);
    LU.a[3] = 3;
    pivots.a[0] = 1; /* another permutation */
    assert_true(oracle_lu_ratio(A, LU, pivots, eps) > 1e12);
    const long double wrong[] = {0, 3, (long double)NAN};
    for (int w = 0; w < 3; w++) {
        pivots.a[0] = wrong[w];
        assert_fails(oracle_lu_ratio(A, LU, pivots, eps));
    }
    omat none = ROWS(2, 1, 1, 2), unpivoted = ROWS(2, 2, 2, 4, 2, -6);
    assert_fails(oracle_lu_ratio(A, unpivoted, none, eps)); /* L U = A, but a multiplier of 2 */
    omat all[] = {A, LU, pivots, none, unpivoted};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void update_ratio_measures(void **state)
{
    (void)state;
    /* diag(3, 5)² + (4, 0)(4, 0)' = diag(5, 5)²; the other triangle is never read. */
    omat F = ROWS(2, 2, 3, NAN, 0, 5), G = ROWS(2, 2, 5, NAN, 0, 5), x = ROWS(2, 1, 4, 0);
    omat Ft = omat_transposed(F), Gt = omat_transposed(G);
    assert_near(oracle_update_ratio(ORACLE_LOWER, F, 1, x, G, eps), 0, 0);
    assert_near(oracle_update_ratio(ORACLE_UPPER, Ft, 1, x, Gt, eps), 0, 0);
    assert_near(oracle_update_ratio(ORACLE_LOWER, G, -1, x, F, eps), 0, 0);
    assert_true(oracle_update_ratio(ORACLE_LOWER, G, 1, x, F, eps) > 1e12);
    OMAT_AT(G, 1, 1) = sqrtl(25 + 1000.0L * 2 * (25 + 16) * eps);
    assert_ratio(oracle_update_ratio(ORACLE_LOWER, F, 1, x, G, eps), 1000);
    OMAT_AT(G, 1, 0) = (long double)INFINITY;
    assert_fails(oracle_update_ratio(ORACLE_LOWER, F, 1, x, G, eps));
    omat all[] = {F, G, x, Ft, Gt};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void pivoted_ratio_measures(void **state)
{
    (void)state;
    /* The second row first: F = (1, 2, 0)' leaves diag(1 - 1, 0, 3). */
    omat A = ROWS(3, 3, 1, 2, 0, 2, 4, 0, 0, 0, 3), F = ROWS(3, 2, 1, 0, 2, 0, 0, 0);
    omat pivots = ROWS(3, 1, 1, 2, 0);
    assert_near(oracle_pivoted_ratio(A, F, pivots, 1, 3, eps), 0, 0);
    assert_near(oracle_nuclear_distance(A, F), 3, TINY);
    assert_ratio(oracle_pivoted_ratio(A, F, pivots, 1, 3 + 1000.0L * 8 * 5 * eps, eps), 1000);
    assert_fails(oracle_pivoted_ratio(A, F, pivots, 0, 3, eps)); /* a column beyond the rank */
    assert_fails(oracle_pivoted_ratio(A, F, pivots, 2, 3, eps)); /* 0 on the diagonal */
    assert_fails(oracle_pivoted_ratio(A, F, pivots, 3, 3, eps));
    assert_fails(oracle_pivoted_ratio(A, F, pivots, 1, (long double)NAN, eps));
    pivots.a[1] = 1; /* no permutation */
    assert_fails(oracle_pivoted_ratio(A, F, pivots, 1, 3, eps));
    pivots.a[1] = 2;
    OMAT_AT(F, 1, 1) = 1; /* above the diagonal */
    assert_fails(oracle_pivoted_ratio(A, F, pivots, 2, 3, eps));
    OMAT_AT(F, 1, 1) = (long double)NAN;
    assert_fails(oracle_nuclear_distance(A, F));
    assert_fails(oracle_pivoted_ratio(A, F, pivots, 2, 3, eps));
    omat_destroy(&A);
    omat_destroy(&F);
    omat_destroy(&pivots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logdet_of_closed_forms), cmocka_unit_test(condition_of_closed_forms),
        cmocka_unit_test(lu_ratio_measures),      cmocka_unit_test(update_ratio_measures),
        cmocka_unit_test(pivoted_ratio_measures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
