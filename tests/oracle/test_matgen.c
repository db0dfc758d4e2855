/* The test matrices have the properties that they are used for. */
#include "test_support.h"

/* The first words of splitmix64 for this seed, as published with Vigna's reference code. */
static void words_are_splitmix64(void **state)
{
    (void)state;
    const uint64_t want[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                             UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                             UINT64_C(16408922859458223821)};
    for (uint64_t i = 0; i < 5; i++) assert_true(matgen_word(1234567, i) == want[i]);
}

static void entries_depend_on_seed_and_index_only(void **state)
{
    (void)state;
    omat A = matgen_uniform(9, 4, 3), B = matgen_uniform(9, 4, 3), C = matgen_uniform(10, 4, 3);
    assert_matrix_near(A, B, 0);
    assert_near(OMAT_AT(A, 1, 2), matgen_uniform_at(9, 9), 0);
    int64_t equal = 0;
    for (int64_t i = 0; i < 12; i++) equal += A.a[i] == C.a[i];
    assert_int_equal(equal, 0);
    omat_destroy(&A);
    omat_destroy(&B);
    omat_destroy(&C);
}

/* First four moments within five standard errors of the exact ones. */
static void moments(void **state)
{
    (void)state;
    const int64_t count = 100000;
    const struct {
        omat A;
        long double second, fourth, spread[4];
    } cases[] = {
        /* spread: standard deviations of x, x^2, x^3, x^4 */
        {matgen_uniform(1, count, 1),
         1 / 3.0L,
         1 / 5.0L,
         {sqrtl(1 / 3.0L), sqrtl(4 / 45.0L), sqrtl(1 / 7.0L), sqrtl(16 / 225.0L)}},
        {matgen_gaussian(2, count, 1), 1, 3, {1, sqrtl(2), sqrtl(15), sqrtl(96)}},
    };
    for (int c = 0; c < 2; c++) {
        omat A = cases[c].A;
        const long double want[] = {0, cases[c].second, 0, cases[c].fourth};
        for (int p = 0; p < 4; p++) {
            long double sum = 0;
            for (int64_t i = 0; i < count; i++) sum += powl(A.a[i], p + 1);
            assert_near(sum / (long double)count, want[p],
                        5 * cases[c].spread[p] / sqrtl((long double)count));
        }
        if (c == 0) assert_true(oracle_norm_max(A) < 1);
        omat_destroy(&A);
    }
}

static void given_spectra_come_back(void **state)
{
    (void)state;
    const matgen_shape shapes[] = {MATGEN_GEOMETRIC, MATGEN_ARITHMETIC, MATGEN_CLUSTERED,
                                   MATGEN_ONE_SMALL, MATGEN_REPEATED};
    for (uint64_t c = 0; c < 5; c++) {
        const int64_t sizes[][2] = {{20, 12}, {12, 20}, {12, 12}};
        omat want = matgen_spectrum(shapes[c], 12, 1e6L), U, s, V, w;
        assert_near(want.a[0], 1, 0);
        assert_near(want.a[11], 1e-6L, TINY);
        for (int k = 0; k < 3; k++) {
            omat A = matgen_with_singular_values(c, sizes[k][0], sizes[k][1], want);
            oracle_svd(A, &U, &s, &V);
            assert_matrix_near(s, want, TINY);
            omat all[] = {A, U, s, V};
            for (size_t i = 0; i < 4; i++) omat_destroy(&all[i]);
        }
        omat P = matgen_spd(c, 12, shapes[c], 1e6L), L;
        for (int64_t i = 0; i < 12; i++)
            for (int64_t j = 0; j < i; j++) assert_true(OMAT_AT(P, i, j) == OMAT_AT(P, j, i));
        assert_int_equal(oracle_cholesky(P, &L), 0);
        oracle_eig(P, &w, &V);
        for (int64_t i = 0; i < 12; i++) assert_near(w.a[i], want.a[11 - i], TINY);
        omat all[] = {want, P, L, w, V};
        for (size_t i = 0; i < 5; i++) omat_destroy(&all[i]);
    }
}

static void spectra_by_hand(void **state)
{
    (void)state;
    const struct {
        matgen_shape shape;
        double values[5];
    } cases[] = {
        {MATGEN_GEOMETRIC, {1, 0.5, 0.25, 0.125, 0.0625}},
        {MATGEN_ARITHMETIC, {1, 0.765625, 0.53125, 0.296875, 0.0625}},
        {MATGEN_CLUSTERED, {1, 0.0625, 0.0625, 0.0625, 0.0625}},
        {MATGEN_ONE_SMALL, {1, 1, 1, 1, 0.0625}},
        {MATGEN_REPEATED, {1, 1, 1, 0.0625, 0.0625}},
    };
    for (int c = 0; c < 5; c++) {
        omat got = matgen_spectrum(cases[c].shape, 5, 16), want = rows_of(5, 1, cases[c].values);
        assert_matrix_near(got, want, TINY);
        omat one = matgen_spectrum(cases[c].shape, 1, 16);
        assert_near(one.a[0], 1, 0);
        omat_destroy(&got);
        omat_destroy(&want);
        omat_destroy(&one);
    }
    omat even = matgen_spectrum(MATGEN_REPEATED, 4, 16), halves = ROWS(4, 1, 1, 1, 0.0625, 0.0625);
    assert_matrix_near(even, halves, TINY);
    omat_destroy(&even);
    omat_destroy(&halves);
    omat got = matgen_spectrum_rank(5, 2, 0.125L), want = ROWS(5, 1, 1, 0.75, 0.125, 0.125, 0.125);
    assert_matrix_near(got, want, TINY);
    omat_destroy(&got);
    omat_destroy(&want);
}

static int64_t numerical_rank(omat A)
{
    omat U, s, V;
    oracle_svd(A, &U, &s, &V);
    int64_t rank = 0;
    while (rank < s.rows && s.a[rank] > 1e-15L * s.a[0]) rank++;
    omat all[] = {U, s, V};
    for (size_t i = 0; i < 3; i++) omat_destroy(&all[i]);
    return rank;
}

static void ranks(void **state)
{
    (void)state;
    omat A = matgen_rank(3, 15, 10, 4), D = matgen_duplicates(4, 15, 10, 3, 0);
    omat E = matgen_duplicates(4, 15, 10, 3, 1e-12L), S = matgen_spikes(15, 10);
    assert_int_equal(numerical_rank(A), 4);
    assert_int_equal(numerical_rank(D), 3);
    assert_int_equal(numerical_rank(E), 10);
    assert_int_equal(numerical_rank(S), 10);
    for (int64_t i = 0; i < 15; i++) {
        assert_true(OMAT_AT(D, i, 7) == OMAT_AT(D, i, 1));
        assert_true(OMAT_AT(E, i, 7) != OMAT_AT(E, i, 1));
        assert_near(OMAT_AT(E, i, 7), OMAT_AT(E, i, 1), 1e-11L);
    }
    omat all[] = {A, D, E, S};
    for (size_t i = 0; i < 4; i++) omat_destroy(&all[i]);
}

static void orthonormal_factors(void **state)
{
    (void)state;
    omat Q = matgen_orthonormal(5, 40, 15), S = matgen_spikes(17, 5);
    assert_true(oracle_orth_ratio(Q, LDBL_EPSILON) < 30);
    assert_true(oracle_orth_ratio(S, LDBL_EPSILON) == 0);
    omat_destroy(&Q);
    omat_destroy(&S);
}

static void closed_forms(void **state)
{
    (void)state;
    /* Kahan: det = s^(n(n-1)/2), and every column has norm 1. */
    const long double theta = 1.2L;
    omat K = matgen_kahan(6, theta);
    assert_near(oracle_det(K), powl(sinl(theta), 15), TINY);
    for (int64_t j = 0; j < 6; j++) {
        omat column = omat_block(K, 0, j, 6, 1);
        assert_near(oracle_norm_fro(column), 1, TINY);
        omat_destroy(&column);
    }
    /* Vandermonde: det = product of all differences, for points -1, -1/3, 1/3, 1. */
    omat V = matgen_vandermonde(4, 4);
    assert_near(oracle_det(V), 2.0L / 3 * (4.0L / 3) * 2 * (2.0L / 3) * (4.0L / 3) * (2.0L / 3),
                TINY);
    omat H = matgen_hilbert(2, 3), third = omat_block(H, 1, 1, 1, 1);
    assert_near(third.a[0], 1 / 3.0L, 0);
    omat L = matgen_laplacian(5);
    assert_near(oracle_det(L), 6, TINY); /* n + 1 */

    omat G = ROWS(3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    matgen_grade_rows(&G, 8);
    omat rows = ROWS(3, 3, 1, 1, 1, 1e4, 1e4, 1e4, 1e8, 1e8, 1e8);
    assert_matrix_near(G, rows, 1e8L * TINY);
    matgen_grade_cols(&G, -8);
    assert_near(OMAT_AT(G, 0, 1), 1e-4L, TINY);
    assert_near(OMAT_AT(G, 2, 2), 1, TINY);

    omat B = matgen_leading_block(6, 5, 2, 1e-3L);
    omat top = omat_block(B, 0, 0, 2, 2), rest = omat_block(B, 2, 0, 3, 2), I = omat_identity(2, 2);
    assert_matrix_near(top, I, 0);
    assert_true(oracle_norm_max(rest) > 0 && oracle_norm_max(rest) < 0.01L);
    omat all[] = {K, V, H, third, L, G, rows, B, top, rest, I};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_splitmix64),
        cmocka_unit_test(entries_depend_on_seed_and_index_only),
        cmocka_unit_test(moments),
        cmocka_unit_test(given_spectra_come_back),
        cmocka_unit_test(spectra_by_hand),
        cmocka_unit_test(ranks),
        cmocka_unit_test(orthonormal_factors),
        cmocka_unit_test(closed_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
