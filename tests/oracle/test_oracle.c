/* The oracle against closed forms and published values: storage, products, factorizations. */
#include "test_support.h"

#include <string.h>

/* ---- Arithmetic and storage ------------------------------------------------------------------ */

static void long_double_is_wide_at_run_time(void **state)
{
    (void)state;
    /* Some emulators (Valgrind) quietly compute long double in 53 bits. */
    volatile long double one = 1, little = 0x1p-60L;
    volatile long double sum = one + little;
    assert_true(sum != one);
    assert_true(sum - one == little);
}

static void strided_conversion_reads_what_it_should(void **state)
{
    (void)state;
    /* Row-major 2 x 3 with ld 4: the fourth column is padding. */
    const float f[] = {1, 2, 3, NAN, 4, 5, 6, NAN};
    omat want = ROWS(2, 3, 1, 2, 3, 4, 5, 6);
    omat A = omat_from_f32(f, 2, 3, 4, 1);
    assert_matrix_near(A, want, 0);

    const double d[] = {1, 4, NAN, 2, 5, NAN, 3, 6, NAN}; /* column-major, ld 3 */
    omat B = omat_from_f64(d, 2, 3, 1, 3);
    assert_matrix_near(B, want, 0);

    omat backwards = omat_from_f32(f + 6, 2, 3, -4, -1);
    assert_near(OMAT_AT(backwards, 0, 0), 6, 0);
    assert_near(OMAT_AT(backwards, 1, 2), 1, 0);

    float out[8];
    for (int i = 0; i < 8; i++) out[i] = -9;
    omat_to_f32(A, out, 4, 1);
    const float expected[] = {1, 2, 3, -9, 4, 5, 6, -9};
    assert_memory_equal(out, expected, sizeof out);
    double dout[6];
    omat_to_f64(A, dout, 1, 2);
    const double dexpected[] = {1, 4, 2, 5, 3, 6};
    assert_memory_equal(dout, dexpected, sizeof dout);

    omat_destroy(&want);
    omat_destroy(&A);
    omat_destroy(&B);
    omat_destroy(&backwards);
}

static void narrowing_rounds_to_nearest(void **state)
{
    (void)state;
    omat A = omat_create(1, 3);
    A.a[0] = 1 + 0x1p-24L;            /* a tie for float: to even */
    A.a[1] = 1 + 0x1p-24L + 0x1p-50L; /* just above it */
    A.a[2] = 1e300L;
    float f[3];
    omat_to_f32(A, f, 3, 1);
    assert_true(f[0] == 1.0f);
    assert_true(f[1] == 1.0f + FLT_EPSILON);
    assert_true(isinf(f[2]) && f[2] > 0);
    omat_destroy(&A);
}

static void storage_helpers(void **state)
{
    (void)state;
    omat A = ROWS(2, 3, 1, 2, 3, 4, 5, 6);
    omat At = omat_transposed(A), At_want = ROWS(3, 2, 1, 4, 2, 5, 3, 6);
    assert_matrix_near(At, At_want, 0);
    omat B = omat_block(A, 0, 1, 2, 2), B_want = ROWS(2, 2, 2, 3, 5, 6);
    assert_matrix_near(B, B_want, 0);
    omat I = omat_identity(2, 3), I_want = ROWS(2, 3, 1, 0, 0, 0, 1, 0);
    assert_matrix_near(I, I_want, 0);
    omat row = omat_block(A, 1, 0, 1, 3), D = omat_diagonal(row);
    omat D_want = ROWS(3, 3, 4, 0, 0, 0, 5, 0, 0, 0, 6);
    assert_matrix_near(D, D_want, 0);
    omat copy = omat_copy(A);
    copy.a[0] = 7;
    assert_near(A.a[0], 1, 0);
    assert_true(omat_is_finite(A));
    copy.a[5] = (long double)NAN;
    assert_false(omat_is_finite(copy));
    copy.a[5] = -(long double)INFINITY;
    assert_false(omat_is_finite(copy));

    omat empty = omat_create(0, 5), empty_t = omat_transposed(empty);
    assert_true(empty_t.rows == 5 && empty_t.cols == 0 && omat_is_finite(empty));

    omat all[] = {A, At, At_want, B, B_want, I, I_want, row, D, D_want, copy, empty, empty_t};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
    omat_destroy(&all[0]);
    assert_null(all[0].a);
}

/* Bit patterns from IEEE 754-2019 (binary16) and from float, whose upper half bfloat16 is. */
static void sixteen_bit_formats(void **state)
{
    (void)state;
    assert_near(oracle_f16_value(0x3c00), 1, 0);
    assert_near(oracle_f16_value(0xc000), -2, 0);
    assert_near(oracle_f16_value(0x7bff), 65504, 0);
    assert_near(oracle_f16_value(0x0400), 0x1p-14L, 0);
    assert_near(oracle_f16_value(0x0001), 0x1p-24L, 0);
    assert_near(oracle_f16_value(0x3555), 0.333251953125L, 0);
    assert_true(isinf(oracle_f16_value(0x7c00)) && isnan(oracle_f16_value(0x7e00)));

    assert_int_equal(oracle_f16_bits(1 + 0x1p-11L), 0x3c00);     /* ties to even, down ... */
    assert_int_equal(oracle_f16_bits(1 + 3 * 0x1p-11L), 0x3c02); /* ... and up */
    assert_int_equal(oracle_f16_bits(1 + 0x1p-11L + 0x1p-40L), 0x3c01);
    assert_int_equal(oracle_f16_bits(65519.9L), 0x7bff);
    assert_int_equal(oracle_f16_bits(65520), 0x7c00);
    assert_int_equal(oracle_f16_bits(-1e9L), 0xfc00);
    assert_int_equal(oracle_f16_bits(0x1p-25L), 0x0000);
    assert_int_equal(oracle_f16_bits(0x1p-25L + 0x1p-60L), 0x0001);
    assert_int_equal(oracle_f16_bits(0x1p-14L - 0x1p-26L), 0x0400); /* carries out of subnormal */
    assert_int_equal(oracle_f16_bits(-0.0L), 0x8000);

    for (uint32_t bits = 0; bits <= 0xffff; bits++) {
        long double h = oracle_f16_value((uint16_t)bits), b = oracle_bf16_value((uint16_t)bits);
        uint32_t word = bits << 16;
        float f;
        memcpy(&f, &word, sizeof f);
        if (isnan(f)) {
            assert_true(isnan(b) && isnan(oracle_bf16_value(oracle_bf16_bits(b))));
        } else {
            assert_true(b == f);
            assert_int_equal(oracle_bf16_bits(b), bits);
        }
        if (isnan(h))
            assert_true(isnan(oracle_f16_value(oracle_f16_bits(h))));
        else
            assert_int_equal(oracle_f16_bits(h), bits);
    }

    const uint16_t h[] = {0x3c00, 0xffff, 0x4000, 0xffff}; /* stride 2 skips the NaN */
    omat A = omat_from_f16(h, 2, 1, 2, 4), A_want = ROWS(2, 1, 1, 2);
    assert_matrix_near(A, A_want, 0);
    uint16_t back[4] = {7, 7, 7, 7};
    omat_to_bf16(A, back, 2, 4);
    const uint16_t expected[] = {0x3f80, 7, 0x4000, 7};
    assert_memory_equal(back, expected, sizeof back);
    omat B = omat_from_bf16(back, 2, 1, 2, 4);
    assert_matrix_near(B, A_want, 0);
    omat_to_f16(B, back, 2, 4);
    assert_int_equal(back[0], 0x3c00);
    assert_int_equal(back[2], 0x4000);
    omat_destroy(&A);
    omat_destroy(&A_want);
    omat_destroy(&B);
}

/* ---- Products, triangular solves, norms ------------------------------------------------------ */

static void gemm_by_hand(void **state)
{
    (void)state;
    omat A = ROWS(2, 3, 1, -2, 3, 4, 5, -6), B = ROWS(3, 2, 7, 8, 9, -10, 11, 12);
    omat C = ROWS(2, 2, 1, -1, 2, 0);
    omat D = oracle_gemm(2, A, B, -3, C), D_want = ROWS(2, 2, 41, 131, 8, -180);
    assert_matrix_near(D, D_want, 0);
    omat S = oracle_gemm_scale(2, A, B, -3, C), S_want = ROWS(2, 2, 119, 131, 284, 308);
    assert_matrix_near(S, S_want, 0);

    C.a[0] = (long double)NAN; /* beta = 0 does not read C */
    omat E = oracle_gemm(1, A, B, 0, C), E_want = ROWS(2, 2, 22, 64, 7, -90);
    assert_matrix_near(E, E_want, 0);
    C.a[0] = 1;
    A.a[0] = (long double)NAN; /* alpha = 0 does not read A */
    omat F = oracle_gemm(0, A, B, 2, C), F_want = ROWS(2, 2, 2, -2, 4, 0);
    assert_matrix_near(F, F_want, 0);
    omat thin = omat_create(2, 0), flat = omat_create(0, 2);
    omat G = oracle_gemm(1, thin, flat, 2, C); /* k = 0 only scales */
    assert_matrix_near(G, F_want, 0);

    omat all[] = {A, B, C, D, D_want, S, S_want, E, E_want, F, F_want, thin, flat, G};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void syrk_and_triangles_by_hand(void **state)
{
    (void)state;
    omat A = ROWS(2, 2, 1, 2, 3, 4), C = ROWS(2, 2, 1, 2, 3, 4);
    omat L = oracle_syrk(ORACLE_LOWER, 1, A, 10, C), L_want = ROWS(2, 2, 15, 2, 41, 65);
    assert_matrix_near(L, L_want, 0);
    omat U = oracle_syrk(ORACLE_UPPER, 2, A, 0, (omat){0}), U_want = ROWS(2, 2, 10, 22, 0, 50);
    assert_matrix_near(U, U_want, 0);
    omat S = oracle_symmetric(ORACLE_UPPER, C), S_want = ROWS(2, 2, 1, 2, 2, 4);
    assert_matrix_near(S, S_want, 0);
    omat T = oracle_triangle(ORACLE_LOWER, ORACLE_UNIT, C), T_want = ROWS(2, 2, 1, 0, 3, 1);
    assert_matrix_near(T, T_want, 0);
    omat D = oracle_add(A, -2, C), D_want = ROWS(2, 2, -1, -2, -3, -4);
    assert_matrix_near(D, D_want, 0);

    omat all[] = {A, C, L, L_want, U, U_want, S, S_want, T, T_want, D, D_want};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void triangular_solves_by_hand(void **state)
{
    (void)state;
    omat T = ROWS(3, 3, 2, 5, -1, 1, 4, 3, -3, 2, 8), X = ROWS(3, 2, 1, 4, -2, 0, 3, 1);
    const struct {
        oracle_uplo uplo;
        oracle_diag diag;
        double b[6];
    } cases[] = {
        {ORACLE_LOWER, ORACLE_NON_UNIT, {2, 8, -7, 4, 17, -4}},
        {ORACLE_UPPER, ORACLE_NON_UNIT, {-11, 7, 1, 3, 24, 8}},
        {ORACLE_LOWER, ORACLE_UNIT, {1, 4, -1, 4, -4, -11}},
        {ORACLE_UPPER, ORACLE_UNIT, {-12, 3, 7, 3, 3, 1}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        omat B = rows_of(3, 2, cases[c].b);
        omat got = oracle_trsm(cases[c].uplo, cases[c].diag, T, B);
        assert_matrix_near(got, X, TINY);
        omat_destroy(&B);
        omat_destroy(&got);
    }
    omat_destroy(&T);
    omat_destroy(&X);
}

static void norms_by_hand(void **state)
{
    (void)state;
    omat A = ROWS(2, 2, 1, -2, 3, 4);
    assert_near(oracle_norm_one(A), 6, 0);
    assert_near(oracle_norm_inf(A), 7, 0);
    assert_near(oracle_norm_max(A), 4, 0);
    assert_near(oracle_norm_fro(A), sqrtl(30), TINY);
    assert_near(oracle_norm_two(A), sqrtl(15 + 5 * sqrtl(5)), TINY); /* A'A: 10 10; 10 20 */
    assert_near(oracle_norm_nuclear(A), sqrtl(50), TINY);            /* s1² + s2² + 2 |det| */

    long double (*const norms[])(omat) = {oracle_norm_one, oracle_norm_inf, oracle_norm_fro,
                                          oracle_norm_max, oracle_norm_two, oracle_norm_nuclear};
    omat empty = omat_create(0, 3);
    for (size_t k = 0; k < 6; k++) {
        assert_true(norms[k](empty) == 0);
        for (int64_t i = 0; i < 4; i++) {
            long double kept = A.a[i];
            A.a[i] = (long double)NAN;
            assert_true(norms[k](A) == (long double)INFINITY);
            A.a[i] = kept;
        }
    }
    omat_destroy(&A);
    omat_destroy(&empty);
}

/* ---- Factorizations -------------------------------------------------------------------------- */

static void cholesky_example(void **state)
{
    (void)state;
    omat A = ROWS(3, 3, 4, NAN, NAN, 2, 5, NAN, 1, 3, 6), L; /* the upper triangle is not read */
    assert_int_equal(oracle_cholesky(A, &L), 0);
    omat want = ROWS(3, 3, 2, 0, 0, 1, 2, 0, 0.5, 1.25, 0);
    OMAT_AT(want, 2, 2) = sqrtl(4.1875L);
    assert_matrix_near(L, want, TINY);
    assert_near(OMAT_AT(L, 2, 2), 2.0463381930L, 1e-10L);

    omat b = ROWS(3, 1, 1, 2, 3), Lt = omat_transposed(L);
    omat y = oracle_trsm(ORACLE_LOWER, ORACLE_NON_UNIT, L, b);
    omat x = oracle_trsm(ORACLE_UPPER, ORACLE_NON_UNIT, Lt, y);
    omat S = oracle_symmetric(ORACLE_LOWER, A), z;
    assert_int_equal(oracle_solve(S, b, &z), 0);
    const long double x_want[] = {6 / 67.0L, 7 / 67.0L, 29 / 67.0L};
    for (int i = 0; i < 3; i++) {
        assert_near(x.a[i], x_want[i], TINY);
        assert_near(z.a[i], x_want[i], TINY);
    }
    omat all[] = {A, L, want, b, Lt, y, x, S, z};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void cholesky_names_the_bad_pivot(void **state)
{
    (void)state;
    for (int64_t bad = 0; bad < 4; bad++) {
        const long double pivots[] = {0, -1, (long double)NAN, (long double)INFINITY};
        for (int p = 0; p < 4; p++) {
            omat A = omat_identity(4, 4), L;
            for (int64_t i = 0; i < 4; i++) OMAT_AT(A, i, i) = 9;
            OMAT_AT(A, bad, bad) = pivots[p];
            assert_int_equal(oracle_cholesky(A, &L), bad + 1);
            for (int64_t i = 0; i < bad; i++) assert_near(OMAT_AT(L, i, i), 3, 0);
            omat_destroy(&A);
            omat_destroy(&L);
        }
    }
    omat ones = ROWS(2, 2, 1, 1, 1, 1), L; /* the second pivot is exactly 0 */
    assert_int_equal(oracle_cholesky(ones, &L), 2);
    omat_destroy(&ones);
    omat_destroy(&L);
}

static void qr_by_hand(void **state)
{
    (void)state;
    omat A = ROWS(2, 2, 3, 0, 4, 5), Q, R;
    oracle_qr(A, &Q, &R);
    omat Q_want = omat_create(2, 2), R_want = ROWS(2, 2, 5, 4, 0, 3);
    OMAT_AT(Q_want, 0, 0) = OMAT_AT(Q_want, 1, 1) = 0.6L;
    OMAT_AT(Q_want, 1, 0) = 0.8L;
    OMAT_AT(Q_want, 0, 1) = -0.8L;
    assert_matrix_near(Q, Q_want, TINY);
    assert_matrix_near(R, R_want, TINY);
    omat all[] = {A, Q, R, Q_want, R_want};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void check_qr(omat A)
{
    const int64_t k = A.rows < A.cols ? A.rows : A.cols;
    omat Q, R;
    oracle_qr(A, &Q, &R);
    assert_true(Q.rows == A.rows && Q.cols == k && R.rows == k && R.cols == A.cols);
    for (int64_t i = 0; i < k; i++) {
        assert_true(OMAT_AT(R, i, i) >= 0);
        for (int64_t j = 0; j < i; j++) assert_true(OMAT_AT(R, i, j) == 0);
    }
    omat P = oracle_product(Q, R), Qt = omat_transposed(Q), gram = oracle_product(Qt, Q);
    omat I = omat_identity(k, k);
    assert_matrix_near(P, A, TINY * (1 + oracle_norm_fro(A)));
    assert_matrix_near(gram, I, TINY);
    omat all[] = {Q, R, P, Qt, gram, I};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void qr_of_many_shapes(void **state)
{
    (void)state;
    const int64_t shapes[][2] = {{0, 0}, {3, 0}, {0, 3},  {1, 1}, {1, 5},
                                 {5, 1}, {7, 7}, {33, 8}, {8, 33}};
    for (size_t c = 0; c < sizeof shapes / sizeof *shapes; c++) {
        omat A = matgen_gaussian(c, shapes[c][0], shapes[c][1]);
        omat Z = omat_create(shapes[c][0], shapes[c][1]);
        check_qr(A);
        check_qr(Z);
        omat_destroy(&A);
        omat_destroy(&Z);
    }
    omat D = matgen_duplicates(1, 12, 6, 2, 0);
    check_qr(D);
    omat_destroy(&D);
}

/* Inverse and determinant of the 4 x 4 Hilbert matrix: Choi, Tricks or treats with the Hilbert
 * matrix, Amer. Math. Monthly 90 (1983). */
static void hilbert_inverse_and_determinant(void **state)
{
    (void)state;
    omat H = matgen_hilbert(4, 4), I = omat_identity(4, 4), inverse;
    omat want = ROWS(4, 4, 16, -120, 240, -140, -120, 1200, -2700, 1680, 240, -2700, 6480, -4200,
                     -140, 1680, -4200, 2800);
    assert_int_equal(oracle_solve(H, I, &inverse), 0);
    assert_matrix_near(inverse, want, 6480 * 15514 * LDBL_EPSILON); /* cond = 15514 */
    assert_near(oracle_det(H) * 6048000, 1, 15514 * LDBL_EPSILON);
    omat all[] = {H, I, inverse, want};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void lu_pivots_and_signs(void **state)
{
    (void)state;
    /* A cyclic permutation of 3 is even, an exchange of 2 is odd. */
    omat cycle = ROWS(3, 3, 0, 1, 0, 0, 0, 1, 1, 0, 0), swap = ROWS(2, 2, 0, 1, 1, 0);
    assert_near(oracle_det(cycle), 1, 0);
    assert_near(oracle_det(swap), -1, 0);

    omat A = ROWS(3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 10), LU;
    int64_t perm[3];
    assert_int_equal(oracle_lu(A, &LU, perm, NULL), 0);
    omat L = oracle_triangle(ORACLE_LOWER, ORACLE_UNIT, LU);
    omat U = oracle_triangle(ORACLE_UPPER, ORACLE_NON_UNIT, LU), P = oracle_product(L, U);
    for (int64_t i = 0; i < 3; i++)
        for (int64_t j = 0; j < 3; j++) {
            assert_near(OMAT_AT(P, i, j), OMAT_AT(A, perm[i], j), TINY);
            assert_true(fabsl(OMAT_AT(L, i, j)) <= 1);
        }
    assert_int_equal(perm[0], 2);
    assert_near(oracle_det(A), -3, TINY);

    omat singular = ROWS(3, 3, 1, 2, 0, 2, 4, 0, 0, 1, 1), b = ROWS(3, 1, 1, 1, 1), x;
    OMAT_AT(singular, 2, 1) = 0; /* columns 1 and 2 parallel: the second pivot is 0 */
    assert_int_equal(oracle_solve(singular, b, &x), 2);
    for (int i = 0; i < 3; i++) assert_true(isnan(x.a[i]));
    assert_true(oracle_det(singular) == 0);

    omat empty = omat_create(0, 0);
    assert_near(oracle_det(empty), 1, 0);
    omat all[] = {cycle, swap, A, LU, L, U, P, singular, b, x, empty};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_double_is_wide_at_run_time),
        cmocka_unit_test(strided_conversion_reads_what_it_should),
        cmocka_unit_test(narrowing_rounds_to_nearest),
        cmocka_unit_test(storage_helpers),
        cmocka_unit_test(sixteen_bit_formats),
        cmocka_unit_test(gemm_by_hand),
        cmocka_unit_test(syrk_and_triangles_by_hand),
        cmocka_unit_test(triangular_solves_by_hand),
        cmocka_unit_test(norms_by_hand),
        cmocka_unit_test(cholesky_example),
        cmocka_unit_test(cholesky_names_the_bad_pivot),
        cmocka_unit_test(qr_by_hand),
        cmocka_unit_test(qr_of_many_shapes),
        cmocka_unit_test(hilbert_inverse_and_determinant),
        cmocka_unit_test(lu_pivots_and_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
