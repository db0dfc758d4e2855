/* Least squares, on closed forms. */
#include "test_support.h"

#include "lstsq.h"

static omat solve(omat A, omat B, int64_t *rank)
{
    omat X = omat_create(A.cols, B.cols);
    oracle_lstsq(A.rows, A.cols, B.cols, A.a, B.a, 1e-15L, X.a, rank);
    return X;
}

/* The pseudoinverse of [1 2 3; 4 5 6; 7 8 9] has the first column (-23, -2, 19) / 36. */
static void minimum_norm_of_rank_two(void **state)
{
    (void)state;
    int64_t rank = 0;
    omat A = ROWS(3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9), B = ROWS(3, 1, 1, 0, 0), X = solve(A, B, &rank);
    assert_int_equal(rank, 2);
    assert_near(X.a[0], -23 / 36.0L, 100 * TINY);
    assert_near(X.a[1], -2 / 36.0L, 100 * TINY);
    assert_near(X.a[2], 19 / 36.0L, 100 * TINY);
    omat all[] = {A, B, X};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void other_shapes(void **state)
{
    (void)state;
    int64_t rank = 7;
    /* a line through (0, 1), (1, 3), (2, 4), (3, 4): intercept 3/2, slope 1 */
    omat A = ROWS(4, 2, 1, 0, 1, 1, 1, 2, 1, 3), B = ROWS(4, 1, 1, 3, 4, 4), X = solve(A, B, &rank);
    assert_int_equal(rank, 2);
    assert_near(X.a[0], 1.5L, TINY);
    assert_near(X.a[1], 1, TINY);
    /* x + 2 y + 2 z = 9: the multiple of (1, 2, 2) */
    omat wide = ROWS(1, 3, 1, 2, 2), nine = ROWS(1, 1, 9), W = solve(wide, nine, &rank);
    assert_int_equal(rank, 1);
    assert_near(W.a[0], 1, TINY);
    assert_near(W.a[1], 2, TINY);
    assert_near(W.a[2], 2, TINY);
    omat zero = omat_create(4, 2), Z = solve(zero, B, &rank);
    assert_int_equal(rank, 0);
    assert_near(Z.a[0], 0, 0);
    omat all[] = {A, B, X, wide, nine, W, zero, Z};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

/* Of the identity, with x off by d: norm(d) / sqrt((norm(x)^2 + norm(d)^2) n). */
static void backward_error_measures(void **state)
{
    (void)state;
    omat I = omat_identity(2, 2), B = ROWS(2, 1, 3, 4), X = ROWS(2, 1, 3, 4.5);
    assert_near(oracle_lstsq_backward_error(I, B, B), 0, 0);
    assert_near(oracle_lstsq_backward_error(I, X, B), 0.5L / sqrtl((9 + 20.25L + 0.25L) * 2),
                1e-15L);
    X.a[0] = (long double)NAN;
    assert_true(isinf(oracle_lstsq_backward_error(I, X, B)));
    omat all[] = {I, B, X};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minimum_norm_of_rank_two),
        cmocka_unit_test(other_shapes),
        cmocka_unit_test(backward_error_measures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
