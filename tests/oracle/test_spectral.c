/* The oracle's eigen and singular value decompositions and its PCA against closed forms. */
#include "test_support.h"

static const long double pi = 3.141592653589793238462643383279502884L;

static void destroy_all(omat *all, size_t count)
{
    for (size_t i = 0; i < count; i++) omat_destroy(&all[i]);
}
#define DESTROY(...)                                                                               \
    destroy_all((omat[]){__VA_ARGS__}, sizeof((omat[]){__VA_ARGS__}) / sizeof(omat))

static void assert_orthonormal(omat Q)
{
    omat Qt = omat_transposed(Q), gram = oracle_product(Qt, Q), I = omat_identity(Q.cols, Q.cols);
    assert_matrix_near(gram, I, 10 * TINY);
    DESTROY(Qt, gram, I);
}

static void assert_eig_holds(omat A, omat w, omat V)
{
    omat AV = oracle_product(A, V), D = omat_diagonal(w), VD = oracle_product(V, D);
    assert_matrix_near(AV, VD, 10 * TINY * oracle_norm_fro(A));
    assert_orthonormal(V);
    assert_int_equal(oracle_sign_violation(V), -1);
    for (int64_t i = 1; i < w.rows; i++) assert_true(w.a[i - 1] <= w.a[i]);
    DESTROY(AV, D, VD);
}

static void assert_svd_holds(omat A, omat U, omat s, omat V)
{
    const int64_t k = A.rows < A.cols ? A.rows : A.cols;
    assert_true(U.rows == A.rows && U.cols == k && V.rows == A.cols && V.cols == k);
    assert_true(s.rows == k && s.cols == 1);
    omat D = omat_diagonal(s), UD = oracle_product(U, D), Vt = omat_transposed(V);
    omat P = oracle_product(UD, Vt);
    assert_matrix_near(P, A, 10 * TINY * oracle_norm_fro(A));
    assert_orthonormal(U);
    assert_orthonormal(V);
    assert_int_equal(oracle_sign_violation(V), -1);
    for (int64_t i = 0; i < k; i++) assert_true(s.a[i] >= 0 && (i == 0 || s.a[i - 1] >= s.a[i]));
    DESTROY(D, UD, Vt, P);
}

/* ---- Symmetric eigenproblem ------------------------------------------------------------------ */

static void eig_of_three_by_three(void **state)
{
    (void)state;
    /* Only the lower triangle is read. */
    omat A = ROWS(3, 3, 3, NAN, NAN, 1, 3, NAN, 0, 1, 3), w, V;
    oracle_eig(A, &w, &V);
    assert_near(w.a[0], 3 - sqrtl(2), TINY);
    assert_near(w.a[1], 3, TINY);
    assert_near(w.a[2], 3 + sqrtl(2), TINY);
    const long double half = 0.5L, root = sqrtl(0.5L); /* the top vector is (1, sqrt 2, 1) / 2 */
    const long double top[] = {half, root, half};
    for (int i = 0; i < 3; i++) assert_near(OMAT_AT(V, i, 2), top[i], TINY);
    omat S = oracle_symmetric(ORACLE_LOWER, A);
    assert_eig_holds(S, w, V);
    DESTROY(A, w, V, S);
}

static void eig_of_ones(void **state)
{
    (void)state;
    omat A = ROWS(3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1), w, V;
    oracle_eig(A, &w, &V);
    assert_near(w.a[0], 0, TINY);
    assert_near(w.a[1], 0, TINY);
    assert_near(w.a[2], 3, TINY);
    assert_eig_holds(A, w, V);
    DESTROY(A, w, V);
}

static void eig_of_the_laplacian(void **state)
{
    (void)state;
    const int64_t n = 60;
    omat A = matgen_laplacian(n), w, V;
    oracle_eig(A, &w, &V);
    for (int64_t k = 1; k <= n; k++)
        assert_near(w.a[k - 1], 2 - 2 * cosl((long double)k * pi / (long double)(n + 1)), TINY);
    assert_eig_holds(A, w, V);
    DESTROY(A, w, V);
}

/* W21+: Wilkinson, The Algebraic Eigenvalue Problem, 1965, chapter 5, section 45: the two largest
 * eigenvalues agree to about 14 digits and are not equal. */
static void eig_of_wilkinson(void **state)
{
    (void)state;
    omat A = omat_create(21, 21), w, V;
    for (int64_t i = 0; i < 21; i++) {
        OMAT_AT(A, i, i) = (long double)(i < 10 ? 10 - i : i - 10);
        if (i > 0) OMAT_AT(A, i, i - 1) = OMAT_AT(A, i - 1, i) = 1;
    }
    oracle_eig(A, &w, &V);
    assert_near(w.a[20], 10.746194182903393L, 2e-15L);
    assert_near(w.a[19], 10.746194182903322L, 2e-15L);
    assert_true(w.a[20] - w.a[19] > 5e-14L);
    assert_eig_holds(A, w, V);
    DESTROY(A, w, V);
}

static void eig_of_indefinite_and_edge_cases(void **state)
{
    (void)state;
    omat A = ROWS(2, 2, 0, 1, 1, 0), w, V; /* zero diagonal, eigenvalues -1 and 1 */
    oracle_eig(A, &w, &V);
    assert_near(w.a[0], -1, TINY);
    assert_near(w.a[1], 1, TINY);
    assert_eig_holds(A, w, V);
    DESTROY(A, w, V);

    for (int64_t n = 0; n < 4; n++) {
        omat Z = omat_create(n, n);
        oracle_eig(Z, &w, &V);
        for (int64_t i = 0; i < n; i++) assert_true(w.a[i] == 0);
        assert_eig_holds(Z, w, V);
        DESTROY(Z, w, V);
    }

    const double values[] = {-7, -7, -1e-9, 0, 0, 2, 2, 2, 1e4};
    omat want = rows_of(9, 1, values), B = matgen_with_eigenvalues(5, want);
    oracle_eig(B, &w, &V);
    assert_matrix_near(w, want, 1e4L * TINY);
    assert_eig_holds(B, w, V);
    DESTROY(want, B, w, V);
}

/* ---- Singular values ------------------------------------------------------------------------- */

static void svd_of_a_shear(void **state)
{
    (void)state;
    omat A = ROWS(2, 2, 1, 1, 0, 1), U, s, V; /* the golden ratio and its inverse */
    oracle_svd(A, &U, &s, &V);
    assert_near(s.a[0], (sqrtl(5) + 1) / 2, TINY);
    assert_near(s.a[1], (sqrtl(5) - 1) / 2, TINY);
    assert_svd_holds(A, U, s, V);
    DESTROY(A, U, s, V);
}

static void svd_signs_and_order_by_hand(void **state)
{
    (void)state;
    /* A = -5 e2 e1' + 2 e1 e2': V's entries must come out positive, U takes the sign. */
    omat A = ROWS(2, 2, 0, 2, -5, 0), U, s, V;
    oracle_svd(A, &U, &s, &V);
    omat s_want = ROWS(2, 1, 5, 2), U_want = ROWS(2, 2, 0, 1, -1, 0), V_want = omat_identity(2, 2);
    assert_matrix_near(s, s_want, TINY);
    assert_matrix_near(U, U_want, TINY);
    assert_matrix_near(V, V_want, TINY);
    DESTROY(A, U, s, V, s_want, U_want, V_want);
}

static void svd_of_the_laplacian_and_its_halves(void **state)
{
    (void)state;
    /* The n+1 x n difference matrix D has D'D = the Laplacian: sigma = 2 sin(k pi / (2(n+1))). */
    const int64_t n = 40;
    omat D = omat_create(n + 1, n), U, s, V;
    for (int64_t j = 0; j < n; j++) {
        OMAT_AT(D, j, j) = 1;
        OMAT_AT(D, j + 1, j) = -1;
    }
    omat Dt = omat_transposed(D);
    const omat both[] = {D, Dt};
    for (int c = 0; c < 2; c++) {
        oracle_svd(both[c], &U, &s, &V);
        for (int64_t k = 1; k <= n; k++)
            assert_near(s.a[n - k], 2 * sinl((long double)k * pi / (2 * (long double)(n + 1))),
                        TINY);
        assert_svd_holds(both[c], U, s, V);
        DESTROY(U, s, V);
    }
    DESTROY(D, Dt);
}

static void svd_without_full_rank(void **state)
{
    (void)state;
    omat Z = omat_create(4, 3), ones = omat_create(5, 3), U, s, V;
    for (int64_t i = 0; i < 15; i++) ones.a[i] = 1;
    oracle_svd(Z, &U, &s, &V);
    assert_true(s.a[0] == 0);
    assert_svd_holds(Z, U, s, V);
    DESTROY(U, s, V);
    oracle_svd(ones, &U, &s, &V);
    assert_near(s.a[0], sqrtl(15), TINY);
    assert_near(s.a[1], 0, TINY);
    assert_svd_holds(ones, U, s, V);
    DESTROY(Z, ones, U, s, V);

    omat E = omat_create(0, 3);
    oracle_svd(E, &U, &s, &V);
    assert_svd_holds(E, U, s, V);
    DESTROY(E, U, s, V);
}

static void svd_of_difficult_matrices(void **state)
{
    (void)state;
    omat graded = matgen_gaussian(3, 30, 20), graded_cols = matgen_gaussian(4, 20, 30);
    matgen_grade_rows(&graded, 16);
    matgen_grade_cols(&graded_cols, -16);
    omat huge = matgen_gaussian(6, 6, 6), minute = matgen_gaussian(7, 6, 6);
    for (int i = 0; i < 36; i++) {
        huge.a[i] *= 1e300L;
        minute.a[i] *= 1e-300L;
    }
    omat cases[] = {matgen_hilbert(60, 60),
                    matgen_kahan(50, 1.2L),
                    matgen_vandermonde(60, 30),
                    matgen_duplicates(1, 30, 20, 7, 0),
                    matgen_duplicates(2, 30, 20, 7, 1e-12L),
                    matgen_rank(8, 40, 40, 11),
                    matgen_spikes(20, 7),
                    graded,
                    graded_cols,
                    huge,
                    minute};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        omat U, s, V;
        oracle_svd(cases[c], &U, &s, &V);
        assert_svd_holds(cases[c], U, s, V);
        DESTROY(U, s, V);
        omat_destroy(&cases[c]);
    }
}

static void sign_rule(void **state)
{
    (void)state;
    omat V = ROWS(3, 3, 1, -2, 0, -3, 2, 0, 2, 1, 0), U = ROWS(1, 3, 5, 6, 7);
    assert_int_equal(oracle_sign_violation(V), 0);
    oracle_fix_signs(U, V);
    omat V_want = ROWS(3, 3, -1, 2, 0, 3, -2, 0, -2, -1, 0), U_want = ROWS(1, 3, -5, -6, 7);
    assert_matrix_near(V, V_want, 0);
    assert_matrix_near(U, U_want, 0);
    assert_int_equal(oracle_sign_violation(V), -1);
    for (int64_t j = 0; j < 2; j++) {
        for (int64_t i = 0; i < 3; i++) OMAT_AT(V, i, j) *= -1;
        assert_int_equal(oracle_sign_violation(V), j);
        for (int64_t i = 0; i < 3; i++) OMAT_AT(V, i, j) *= -1;
    }
    OMAT_AT(V, 2, 2) = (long double)NAN;
    assert_int_equal(oracle_sign_violation(V), 2);
    DESTROY(V, U, V_want, U_want);
}

static void sine_between_subspaces(void **state)
{
    (void)state;
    const long double angles[] = {0, 1e-15L, 1e-3L, 1, pi / 2};
    for (int c = 0; c < 5; c++) {
        /* U = span(e1, e2), V = span((e1 + e2) / sqrt 2, cos (e1 - e2) / sqrt 2 + sin e3). */
        long double r = sqrtl(0.5L), cosine = cosl(angles[c]), sine = sinl(angles[c]);
        omat U = omat_identity(4, 2), V = omat_create(4, 2);
        OMAT_AT(V, 0, 0) = OMAT_AT(V, 1, 0) = r;
        OMAT_AT(V, 0, 1) = r * cosine;
        OMAT_AT(V, 1, 1) = -r * cosine;
        OMAT_AT(V, 2, 1) = sine;
        assert_near(oracle_subspace_sine(U, V), sine, TINY);
        assert_near(oracle_subspace_sine(V, U), sine, TINY);
        omat one = omat_block(V, 0, 0, 4, 1); /* one vector inside U; the converse is false */
        assert_near(oracle_subspace_sine(U, one), 0, TINY);
        assert_true(isinf(oracle_subspace_sine(one, U)));
        OMAT_AT(V, 3, 1) = (long double)NAN;
        assert_true(isinf(oracle_subspace_sine(U, V)));
        DESTROY(U, V, one);
    }
    omat U = omat_identity(4, 2), W = omat_identity(5, 2);
    assert_true(isinf(oracle_subspace_sine(U, W)));
    DESTROY(U, W);
}

/* ---- PCA ------------------------------------------------------------------------------------- */

/* Points -2 .. 2 times (0.6, 0.8), far from the origin: sigma = sqrt 10, everything on one axis. */
static void pca_of_points_on_a_line(void **state)
{
    (void)state;
    omat X = omat_create(5, 2);
    for (int64_t i = 0; i < 5; i++) {
        OMAT_AT(X, i, 0) = 1000 + 0.6L * (long double)(i - 2);
        OMAT_AT(X, i, 1) = -4000 + 0.8L * (long double)(i - 2);
    }
    oracle_pca p = oracle_pca_fit(X, 2, 4);
    const long double tolerance = 4000 * TINY;
    assert_near(p.mean.a[0], 1000, tolerance);
    assert_near(p.mean.a[1], -4000, tolerance);
    assert_near(OMAT_AT(p.components, 0, 0), 0.6L, tolerance);
    assert_near(OMAT_AT(p.components, 0, 1), 0.8L, tolerance);
    assert_near(p.singular_values.a[0], sqrtl(10), tolerance);
    assert_near(p.singular_values.a[1], 0, tolerance);
    assert_near(p.variance.a[0], 2.5L, tolerance);
    assert_near(p.ratio.a[0], 1, tolerance);
    assert_near(p.ratio.a[1], 0, tolerance);
    assert_near(p.total, 2.5L, tolerance);
    assert_true(p.noise == 0);
    oracle_pca_destroy(&p);
    omat_destroy(&X);
}

/* The corners of a box with half sides 3, 2, 1: diagonal covariance 9, 4, 1 with divisor N. */
static void pca_of_a_box(void **state)
{
    (void)state;
    omat X = omat_create(8, 3);
    for (int64_t i = 0; i < 8; i++) {
        OMAT_AT(X, i, 0) = 10 + (i & 1 ? 2 : -2);
        OMAT_AT(X, i, 1) = 20 + (i & 2 ? 3 : -3);
        OMAT_AT(X, i, 2) = 30 + (i & 4 ? 1 : -1);
    }
    oracle_pca p = oracle_pca_fit(X, 1, 8);
    omat axis = ROWS(1, 3, 0, 1, 0);
    assert_matrix_near(p.components, axis, TINY);
    assert_near(p.variance.a[0], 9, 10 * TINY);
    assert_near(p.total, 14, 10 * TINY);
    assert_near(p.ratio.a[0], 9 / 14.0L, TINY);
    assert_near(p.noise, 2.5L, 10 * TINY); /* (4 + 1) / (3 - 1) */

    omat S = oracle_covariance(X, p.mean, 8);
    omat S_want = ROWS(3, 3, 4, 0, 0, 0, 9, 0, 0, 0, 1);
    assert_matrix_near(S, S_want, TINY);
    oracle_pca_destroy(&p);
    assert_null(p.components.a);
    DESTROY(X, axis, S, S_want);
}

/* The covariance and its eigenvectors, computed by other code, give the same answer. */
static void pca_agrees_with_the_covariance(void **state)
{
    (void)state;
    const int64_t shapes[][2] = {{30, 6}, {6, 30}, {12, 12}};
    for (int c = 0; c < 3; c++) {
        omat X = matgen_gaussian((uint64_t)c + 40, shapes[c][0], shapes[c][1]), w, V;
        const int64_t n = X.cols, k = 4;
        oracle_pca p = oracle_pca_fit(X, k, (long double)(X.rows - 1));
        omat S = oracle_covariance(X, p.mean, (long double)(X.rows - 1));
        oracle_eig(S, &w, &V);
        long double total = 0;
        for (int64_t i = 0; i < n; i++) total += w.a[i];
        assert_near(p.total, total, 100 * TINY);
        for (int64_t i = 0; i < k; i++) {
            assert_near(p.variance.a[i], w.a[n - 1 - i], 100 * TINY);
            for (int64_t j = 0; j < n; j++)
                assert_near(OMAT_AT(p.components, i, j), OMAT_AT(V, j, n - 1 - i), 1000 * TINY);
        }
        oracle_pca_destroy(&p);
        DESTROY(X, S, w, V);
    }
}

static void means_survive_a_large_offset(void **state)
{
    (void)state;
    /* A plain sum of these would round; the mean itself is representable. */
    const int64_t n = 999;
    omat X = omat_create(n, 1);
    for (int64_t i = 0; i < n; i++) X.a[i] = 0x1p50L + (long double)(i % 3) * 0x1p-10L;
    omat mean = oracle_column_means(X);
    assert_true(mean.a[0] == 0x1p50L + 0x1p-10L);
    omat C = oracle_centred(X, mean);
    assert_true(C.a[0] == -0x1p-10L && C.a[1] == 0 && C.a[2] == 0x1p-10L);
    DESTROY(X, mean, C);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eig_of_three_by_three),
        cmocka_unit_test(eig_of_ones),
        cmocka_unit_test(eig_of_the_laplacian),
        cmocka_unit_test(eig_of_wilkinson),
        cmocka_unit_test(eig_of_indefinite_and_edge_cases),
        cmocka_unit_test(svd_of_a_shear),
        cmocka_unit_test(svd_signs_and_order_by_hand),
        cmocka_unit_test(svd_of_the_laplacian_and_its_halves),
        cmocka_unit_test(svd_without_full_rank),
        cmocka_unit_test(svd_of_difficult_matrices),
        cmocka_unit_test(sign_rule),
        cmocka_unit_test(sine_between_subspaces),
        cmocka_unit_test(pca_of_points_on_a_line),
        cmocka_unit_test(pca_of_a_box),
        cmocka_unit_test(pca_agrees_with_the_covariance),
        cmocka_unit_test(means_survive_a_large_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
