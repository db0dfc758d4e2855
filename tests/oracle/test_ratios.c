/* The comparators: they accept what is right, measure what is wrong in the units they name, and
 * fail on an error in any one place. */
#include "test_support.h"

enum { M = 7, N = 5, K = 6 };

static const double eps = DBL_EPSILON;

/* Expects ratio within 1 % of want: the planted error dominates, rounding does not matter. */
#define assert_ratio(ratio, want) assert_near((ratio), (want), 0.01L * (want))
#define assert_fails(ratio) assert_true(isinf(ratio) && (ratio) > 0)

static const long double not_finite[] = {(long double)NAN, (long double)INFINITY,
                                         -(long double)INFINITY};

/* A through double, as a result of the library would arrive. */
static omat rounded(omat A)
{
    omat B = omat_copy(A);
    for (int64_t i = 0; i < A.rows * A.cols; i++) B.a[i] = (double)A.a[i];
    return B;
}

/* Calls judge on `tested` with each kind of non-finite number in each single place. */
static void assert_notices_non_finite(omat tested, double (*judge)(void *), void *context)
{
    for (int64_t i = 0; i < tested.rows * tested.cols; i++) {
        long double kept = tested.a[i];
        for (int v = 0; v < 3; v++) {
            tested.a[i] = not_finite[v];
            assert_fails(judge(context));
        }
        tested.a[i] = kept;
    }
}

/* ---- The running maximum --------------------------------------------------------------------- */

static void worst_remembers_every_item(void **state)
{
    (void)state;
    const double bad[] = {1e9, (double)NAN, (double)INFINITY, -(double)NAN};
    for (int b = 0; b < 4; b++)
        for (int place = 0; place < 9; place++) {
            double worst = 0;
            for (int item = 0; item < 9; item++)
                worst = oracle_worst(worst, item == place ? bad[b] : 0.25);
            assert_true(worst >= 1e9);
        }
    assert_true(oracle_worst(0.25, 0.125) == 0.25);
    assert_true(oracle_worst(0, 0) == 0);
}

/* ---- gemm, syrk ------------------------------------------------------------------------------ */

struct product {
    omat A, B, C, got;
    long double alpha, beta;
};

static double judge_gemm(void *context)
{
    struct product *p = context;
    return oracle_gemm_ratio(p->alpha, p->A, p->B, p->beta, p->C, p->got, eps);
}

static struct product make_product(void)
{
    struct product p = {matgen_gaussian(1, M, K),
                        matgen_gaussian(2, K, N),
                        matgen_gaussian(3, M, N),
                        {0},
                        1.5L,
                        -0.5L};
    omat exact = oracle_gemm(p.alpha, p.A, p.B, p.beta, p.C);
    p.got = rounded(exact);
    omat_destroy(&exact);
    return p;
}

static void destroy_product(struct product *p)
{
    omat_destroy(&p->A);
    omat_destroy(&p->B);
    omat_destroy(&p->C);
    omat_destroy(&p->got);
}

static void gemm_ratio_sees_each_entry(void **state)
{
    (void)state;
    struct product p = make_product();
    omat scale = oracle_gemm_scale(p.alpha, p.A, p.B, p.beta, p.C);
    assert_true(judge_gemm(&p) <= 0.5);
    for (int64_t i = 0; i < M * N; i++) {
        long double kept = p.got.a[i];
        p.got.a[i] = kept + 1000 * scale.a[i] * eps;
        assert_ratio(judge_gemm(&p), 1000);
        p.got.a[i] = kept - 1000 * scale.a[i] * eps;
        assert_ratio(judge_gemm(&p), 1000);
        p.got.a[i] = kept;
    }
    assert_notices_non_finite(p.got, judge_gemm, &p);

    omat turned = omat_transposed(p.got), shorter = omat_block(p.got, 0, 0, M, N - 1);
    assert_fails(oracle_gemm_ratio(p.alpha, p.A, p.B, p.beta, p.C, turned, eps));
    assert_fails(oracle_gemm_ratio(p.alpha, p.A, p.B, p.beta, p.C, shorter, eps));
    p.alpha = -p.alpha;
    assert_true(judge_gemm(&p) > 1e9);
    omat_destroy(&turned);
    omat_destroy(&shorter);
    omat_destroy(&scale);
    destroy_product(&p);
}

static void gemm_ratio_of_zeros(void **state)
{
    (void)state;
    omat A = omat_create(2, 3), B = omat_create(3, 2), C = omat_create(2, 2);
    omat got = omat_create(2, 2);
    assert_true(oracle_gemm_ratio(1, A, B, 0, C, got, eps) == 0);
    C.a[2] = (long double)NAN; /* not read if beta = 0 */
    assert_true(oracle_gemm_ratio(1, A, B, 0, C, got, eps) == 0);
    assert_fails(oracle_gemm_ratio(1, A, B, 1, C, got, eps));
    for (int i = 0; i < 4; i++) { /* no error is small next to zero */
        got.a[i] = 1e-300L;
        assert_fails(oracle_gemm_ratio(1, A, B, 0, C, got, eps));
        got.a[i] = 0;
    }
    omat empty = omat_create(0, 3), nothing = omat_create(0, 2);
    assert_true(oracle_gemm_ratio(1, empty, B, 0, C, nothing, eps) == 0);
    omat all[] = {A, B, C, got, empty, nothing};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

/* A float32 accumulation delivered in binary16 (unit 2^-11) and in bfloat16 (2^-8). */
static void gemm_ratio_grants_the_last_rounding(void **state)
{
    (void)state;
    const double units[] = {0x1p-11, 0x1p-8};
    for (int type = 0; type < 2; type++) {
        struct product p = make_product();
        const double tiny = type ? 0 : 0x1p-25;
        omat exact = oracle_gemm(p.alpha, p.A, p.B, p.beta, p.C);
        omat scale = oracle_gemm_scale(p.alpha, p.A, p.B, p.beta, p.C);
        for (int64_t i = 0; i < M * N; i++)
            p.got.a[i] = type ? oracle_bf16_value(oracle_bf16_bits(p.got.a[i]))
                              : oracle_f16_value(oracle_f16_bits(p.got.a[i]));
#define JUDGE()                                                                                    \
    oracle_gemm_ratio_rounded(p.alpha, p.A, p.B, p.beta, p.C, p.got, FLT_EPSILON, units[type], tiny)
        assert_true(judge_gemm(&p) > 1e6);
        assert_true(JUDGE() == 0);
        for (int64_t i = 0; i < M * N; i++) {
            long double kept = p.got.a[i];
            long double granted = units[type] * fabsl(exact.a[i]) + tiny;
            p.got.a[i] = exact.a[i] - 0.99L * granted;
            assert_true(JUDGE() == 0);
            p.got.a[i] = exact.a[i] - granted - 100 * FLT_EPSILON * scale.a[i];
            assert_ratio(JUDGE(), 100);
            p.got.a[i] = not_finite[i % 3];
            assert_fails(JUDGE());
            p.got.a[i] = kept;
        }
#undef JUDGE
        omat_destroy(&exact);
        omat_destroy(&scale);
        destroy_product(&p);
    }
}

static void syrk_ratio_sees_its_triangle_only(void **state)
{
    (void)state;
    omat A = matgen_gaussian(4, N, K), C = matgen_gaussian(5, N, N), At = omat_transposed(A);
    omat exact = oracle_gemm(2, A, At, 3, C), got = rounded(exact);
    for (int u = 0; u < 2; u++) {
        oracle_uplo uplo = u ? ORACLE_UPPER : ORACLE_LOWER;
        assert_true(oracle_syrk_ratio(uplo, 2, A, 3, C, got, eps) <= 0.5);
        for (int64_t j = 0; j < N; j++)
            for (int64_t i = 0; i < N; i++) {
                bool inside = u ? i <= j : i >= j;
                long double kept = OMAT_AT(got, i, j);
                OMAT_AT(got, i, j) = kept + 1e-6L;
                assert_true((oracle_syrk_ratio(uplo, 2, A, 3, C, got, eps) > K + 2) == inside);
                OMAT_AT(got, i, j) = (long double)NAN;
                assert_true(!!isinf(oracle_syrk_ratio(uplo, 2, A, 3, C, got, eps)) == inside);
                OMAT_AT(got, i, j) = kept;
            }
    }
    omat wrong = omat_create(N, N + 1);
    assert_fails(oracle_syrk_ratio(ORACLE_LOWER, 2, A, 3, C, wrong, eps));
    omat all[] = {A, C, At, exact, got, wrong};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

/* ---- Factorizations -------------------------------------------------------------------------- */

struct factors {
    omat A, X, Y, Z; /* the factors as the operation orders them */
    oracle_uplo uplo;
};

static double judge_factor(void *c)
{
    struct factors *f = c;
    return oracle_factor_ratio(f->A, f->X, eps);
}

static double judge_cholesky(void *c)
{
    struct factors *f = c;
    return oracle_cholesky_ratio(f->uplo, f->A, f->X, eps);
}

static double judge_qr(void *c)
{
    struct factors *f = c;
    return oracle_qr_ratio(f->A, f->X, f->Y, eps);
}

static double judge_svd(void *c)
{
    struct factors *f = c;
    return oracle_svd_ratio(f->A, f->X, f->Y, f->Z, eps);
}

static double judge_eig(void *c)
{
    struct factors *f = c;
    return oracle_eig_ratio(f->A, f->X, f->Y, eps);
}

static double judge_orth(void *c)
{
    struct factors *f = c;
    return oracle_orth_ratio(f->X, eps);
}

/* A visible error in each entry of a factor, one at a time. */
static void assert_notices_each_entry(omat factor, double (*judge)(void *), void *context)
{
    assert_true(judge(context) <= 30);
    for (int64_t i = 0; i < factor.rows * factor.cols; i++) {
        long double kept = factor.a[i];
        factor.a[i] = kept + 1e-9L;
        assert_true(judge(context) > 30);
        factor.a[i] = kept;
    }
    assert_notices_non_finite(factor, judge, context);
    assert_true(judge(context) <= 30);
}

static void destroy_factors(struct factors *f)
{
    omat_destroy(&f->A);
    omat_destroy(&f->X);
    omat_destroy(&f->Y);
    omat_destroy(&f->Z);
}

static void factor_ratio_measures(void **state)
{
    (void)state;
    struct factors f = {.A = matgen_gaussian(6, M, N)};
    f.X = rounded(f.A);
    assert_notices_each_entry(f.X, judge_factor, &f);
    long double unit = (long double)M * oracle_norm_one(f.A) * eps;
    omat_destroy(&f.X);
    f.X = omat_copy(f.A);
    for (int64_t i = 0; i < M * N; i++) {
        f.X.a[i] -= 1000 * unit;
        assert_ratio(judge_factor(&f), 1000);
        f.X.a[i] = f.A.a[i];
    }
    assert_notices_non_finite(f.A, judge_factor, &f); /* Inf / Inf is no small number */
    omat turned = omat_transposed(f.A);
    assert_fails(oracle_factor_ratio(f.A, turned, eps));
    omat_destroy(&turned);
    destroy_factors(&f);

    f = (struct factors){.A = omat_create(3, 2), .X = omat_create(3, 2)}; /* zero matrices */
    assert_true(judge_factor(&f) == 0);
    f.X.a[5] = 1e-300L;
    assert_fails(judge_factor(&f));
    destroy_factors(&f);
    f = (struct factors){.A = omat_create(0, 2), .X = omat_create(0, 2)};
    assert_true(judge_factor(&f) == 0);
    destroy_factors(&f);
}

static void cholesky_ratio_reads_one_triangle(void **state)
{
    (void)state;
    for (int u = 0; u < 2; u++) {
        struct factors f = {.uplo = u ? ORACLE_UPPER : ORACLE_LOWER};
        f.A = matgen_spd(7, N, MATGEN_ARITHMETIC, 10);
        omat L, Lt;
        assert_int_equal(oracle_cholesky(f.A, &L), 0);
        Lt = omat_transposed(L);
        f.X = rounded(u ? Lt : L);
        for (int64_t j = 0; j < N; j++)
            for (int64_t i = 0; i < N; i++) {
                bool inside = u ? i <= j : i >= j;
                if (!inside) OMAT_AT(f.A, i, j) = OMAT_AT(f.X, i, j) = (long double)NAN;
            }
        assert_true(judge_cholesky(&f) <= 1);
        for (int64_t j = 0; j < N; j++)
            for (int64_t i = 0; i < N; i++) {
                if (u ? i > j : i < j) continue;
                long double kept = OMAT_AT(f.X, i, j);
                OMAT_AT(f.X, i, j) = kept + 1e-9L;
                assert_true(judge_cholesky(&f) > 30);
                OMAT_AT(f.X, i, j) = (long double)NAN;
                assert_fails(judge_cholesky(&f));
                OMAT_AT(f.X, i, j) = kept;
            }
        omat wrong = omat_create(N, N + 1);
        assert_fails(oracle_cholesky_ratio(f.uplo, f.A, wrong, eps));
        omat_destroy(&wrong);
        omat_destroy(&L);
        omat_destroy(&Lt);
        destroy_factors(&f);
    }
}

static void qr_ratio_measures(void **state)
{
    (void)state;
    struct factors f = {.A = matgen_gaussian(8, M, N)};
    omat Q, R;
    oracle_qr(f.A, &Q, &R);
    f.X = rounded(Q);
    f.Y = rounded(R);
    assert_notices_each_entry(f.X, judge_qr, &f);
    for (int64_t j = 0; j < N; j++)
        for (int64_t i = 0; i < N; i++) { /* below the diagonal lie reflectors */
            long double kept = OMAT_AT(f.Y, i, j);
            OMAT_AT(f.Y, i, j) = kept + 1e-9L;
            assert_true((judge_qr(&f) > 30) == (i <= j));
            OMAT_AT(f.Y, i, j) = kept;
        }
    for (int64_t j = 0; j < N; j++) OMAT_AT(f.Y, 0, j) *= -1; /* one sign, in R alone */
    assert_true(judge_qr(&f) > 1e9);
    assert_fails(oracle_qr_ratio(f.A, R, Q, eps));
    omat_destroy(&Q);
    omat_destroy(&R);
    destroy_factors(&f);
}

static void svd_ratio_measures(void **state)
{
    (void)state;
    struct factors f = {.A = matgen_gaussian(9, M, N)};
    omat U, s, V;
    oracle_svd(f.A, &U, &s, &V);
    f.X = rounded(U);
    f.Y = rounded(s);
    f.Z = rounded(V);
    assert_notices_each_entry(f.X, judge_svd, &f);
    assert_notices_each_entry(f.Y, judge_svd, &f);
    assert_notices_each_entry(f.Z, judge_svd, &f);
    for (int64_t i = 0; i < M; i++) OMAT_AT(f.X, i, 2) *= -1; /* one sign, in U alone */
    assert_true(judge_svd(&f) > 1e9);
    assert_fails(oracle_svd_ratio(f.A, V, s, U, eps));
    omat_destroy(&U);
    omat_destroy(&s);
    omat_destroy(&V);
    destroy_factors(&f);
}

static void eig_ratio_measures(void **state)
{
    (void)state;
    omat spectrum = ROWS(5, 1, -3, -1, 0.5, 2, 4);
    struct factors f = {.A = matgen_with_eigenvalues(10, spectrum)};
    omat w, V;
    oracle_eig(f.A, &w, &V);
    f.X = rounded(w);
    f.Y = rounded(V);
    assert_notices_each_entry(f.X, judge_eig, &f);
    assert_notices_each_entry(f.Y, judge_eig, &f);
    f.X.a[1] *= -1;
    assert_true(judge_eig(&f) > 1e9);
    omat_destroy(&spectrum);
    omat_destroy(&w);
    omat_destroy(&V);
    destroy_factors(&f);
}

static void orth_ratio_measures(void **state)
{
    (void)state;
    omat Q = matgen_orthonormal(11, M, N);
    struct factors f = {.X = rounded(Q)};
    assert_true(judge_orth(&f) <= 2);
    assert_notices_non_finite(f.X, judge_orth, &f);
    for (int64_t j = 0; j < N; j++) { /* a column too long by 1000 n eps / 2 */
        for (int64_t i = 0; i < M; i++) OMAT_AT(f.X, i, j) = OMAT_AT(Q, i, j) * (1 + 500 * N * eps);
        assert_ratio(judge_orth(&f), 1000);
        for (int64_t i = 0; i < M; i++) OMAT_AT(f.X, i, j) = OMAT_AT(Q, i, j);
    }
    for (int64_t j = 1; j < N; j++) { /* a column leaning on the first */
        for (int64_t i = 0; i < M; i++) OMAT_AT(f.X, i, j) += 1e-9L * OMAT_AT(Q, i, 0);
        assert_ratio(judge_orth(&f), sqrtl(2) * 1e-9L / (N * eps));
        for (int64_t i = 0; i < M; i++) OMAT_AT(f.X, i, j) = OMAT_AT(Q, i, j);
    }
    for (int64_t i = 0; i < M; i++) OMAT_AT(f.X, i, N - 1) = 0;
    assert_ratio(judge_orth(&f), 1 / (N * (long double)eps));
    omat empty = omat_create(M, 0);
    assert_true(oracle_orth_ratio(empty, eps) == 0);
    omat_destroy(&empty);
    omat_destroy(&Q);
    destroy_factors(&f);
}

/* ---- Values and solutions -------------------------------------------------------------------- */

struct values {
    oracle_order order;
    omat want, got;
};

static double judge_values(void *context)
{
    struct values *v = context;
    return oracle_values_ratio(v->order, v->want, v->got, 10, eps);
}

static void values_ratio_measures(void **state)
{
    (void)state;
    const struct {
        oracle_order order;
        double values[5];
    } cases[] = {
        {ORACLE_ASCENDING, {-8, -1, 0, 2, 4}},
        {ORACLE_DESCENDING, {4, 2, 0, -1, -8}},
        {ORACLE_SINGULAR, {8, 4, 2, 1, 0.5}},
    };
    for (int c = 0; c < 3; c++) {
        struct values v = {cases[c].order, rows_of(5, 1, cases[c].values), {0}};
        v.got = omat_copy(v.want);
        assert_true(judge_values(&v) == 0);
        for (int64_t i = 0; i < 5; i++) { /* the unit is 8 * 10 * eps */
            v.got.a[i] = v.want.a[i] + 1000 * 80 * eps;
            assert_ratio(judge_values(&v), 1000);
            v.got.a[i] = v.want.a[i] - 1000 * 80 * eps;
            assert_ratio(judge_values(&v), 1000);
            v.got.a[i] = v.want.a[i];
        }
        assert_notices_non_finite(v.got, judge_values, &v);
        assert_notices_non_finite(v.want, judge_values, &v);
        for (int64_t i = 1; i < 5; i++) {
            v.got.a[i - 1] = v.want.a[i];
            v.got.a[i] = v.want.a[i - 1];
            assert_fails(judge_values(&v));
            v.got.a[i - 1] = v.want.a[i - 1];
            v.got.a[i] = v.want.a[i];
        }
        for (int64_t i = 0; i < 5; i++) v.got.a[i] = v.want.a[4 - i];
        assert_fails(judge_values(&v));
        omat few = omat_block(v.want, 0, 0, 4, 1);
        assert_fails(oracle_values_ratio(v.order, v.want, few, 10, eps));
        omat_destroy(&few);
        omat_destroy(&v.want);
        omat_destroy(&v.got);
    }
}

static void values_ratio_watches_order_and_sign(void **state)
{
    (void)state;
    /* Errors far below the limit, but out of order, or a negative singular value. */
    omat want = ROWS(3, 1, 2, 1, 1), got = omat_copy(want);
    got.a[2] = 1 + 0x1p-60L;
    assert_fails(oracle_values_ratio(ORACLE_DESCENDING, want, got, 3, eps));
    assert_fails(oracle_values_ratio(ORACLE_SINGULAR, want, got, 3, eps));
    omat up = ROWS(3, 1, 1, 1, 2), got_up = omat_copy(up);
    got_up.a[0] = 1 + 0x1p-60L;
    assert_fails(oracle_values_ratio(ORACLE_ASCENDING, up, got_up, 3, eps));

    omat zero_last = ROWS(3, 1, 2, 1, 0), negative = omat_copy(zero_last);
    negative.a[2] = -1e-18L;
    assert_fails(oracle_values_ratio(ORACLE_SINGULAR, zero_last, negative, 3, eps));
    assert_true(oracle_values_ratio(ORACLE_DESCENDING, zero_last, negative, 3, eps) < 1);

    omat zeros = omat_create(3, 1), nearly = omat_create(3, 1), empty = omat_create(0, 1);
    assert_true(oracle_values_ratio(ORACLE_SINGULAR, zeros, nearly, 3, eps) == 0);
    nearly.a[0] = 1e-300L;
    assert_fails(oracle_values_ratio(ORACLE_SINGULAR, zeros, nearly, 3, eps));
    assert_true(oracle_values_ratio(ORACLE_SINGULAR, empty, empty, 0, eps) == 0);
    omat all[] = {want, got, up, got_up, zero_last, negative, zeros, nearly, empty};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

struct system {
    omat A, X, B;
};

static double judge_solve(void *context)
{
    struct system *s = context;
    return oracle_solve_ratio(s->A, s->X, s->B, eps);
}

static void solve_ratio_measures(void **state)
{
    (void)state;
    struct system s = {matgen_gaussian(12, N, N), {0}, matgen_gaussian(13, N, 3)};
    omat exact;
    assert_int_equal(oracle_solve(s.A, s.B, &exact), 0);
    s.X = rounded(exact);
    assert_notices_each_entry(s.X, judge_solve, &s);
    assert_notices_non_finite(s.A, judge_solve, &s);
    assert_notices_non_finite(s.B, judge_solve, &s);

    omat I = omat_identity(N, N), X = omat_create(N, 3), B = omat_create(N, 3);
    for (int64_t i = 0; i < N * 3; i++) B.a[i] = 1;
    for (int64_t place = 0; place < N * 3; place++) { /* I x = 1: the unit is 2 N n eps */
        for (int64_t i = 0; i < N * 3; i++) X.a[i] = 1;
        X.a[place] += 1000.0L * 2 * N * N * eps;
        assert_ratio(oracle_solve_ratio(I, X, B, eps), 1000);
        assert_ratio(oracle_backward_error(I, X, B), 1000 * N * eps);
    }
    for (int64_t i = 0; i < N * 3; i++) X.a[i] = -1;
    assert_ratio(oracle_backward_error(I, X, B), 1);

    omat zero = omat_create(N, 3), singular = omat_create(N, N), few = omat_create(N, 2);
    assert_true(oracle_solve_ratio(I, zero, zero, eps) == 0);
    assert_true(oracle_solve_ratio(singular, X, zero, eps) == 0);
    assert_true(oracle_backward_error(singular, X, B) > 0.99);
    assert_fails(oracle_solve_ratio(I, few, B, eps));
    assert_fails(oracle_solve_ratio(s.A, exact, few, eps));
    omat all[] = {s.A, s.X, s.B, exact, I, X, B, zero, singular, few};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worst_remembers_every_item),
        cmocka_unit_test(gemm_ratio_sees_each_entry),
        cmocka_unit_test(gemm_ratio_of_zeros),
        cmocka_unit_test(gemm_ratio_grants_the_last_rounding),
        cmocka_unit_test(syrk_ratio_sees_its_triangle_only),
        cmocka_unit_test(factor_ratio_measures),
        cmocka_unit_test(cholesky_ratio_reads_one_triangle),
        cmocka_unit_test(qr_ratio_measures),
        cmocka_unit_test(svd_ratio_measures),
        cmocka_unit_test(eig_ratio_measures),
        cmocka_unit_test(orth_ratio_measures),
        cmocka_unit_test(values_ratio_measures),
        cmocka_unit_test(values_ratio_watches_order_and_sign),
        cmocka_unit_test(solve_ratio_measures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
