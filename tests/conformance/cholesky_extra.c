/* What rests on Cholesky: inverse, determinant, condition, jitter, changes of rank one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static oracle_uplo as_oracle(ritz_uplo uplo)
{
    return uplo == RITZ_UPPER ? ORACLE_UPPER : ORACLE_LOWER;
}
static const char *uplo_name(ritz_uplo uplo)
{
    return uplo == RITZ_UPPER ? "upper" : "lower";
}

struct extra_case {
    int64_t n, batch;
    ritz_dtype dtype;
    ritz_uplo uplo;
    const struct kind *kind;
    struct form fa, fb;
    bool with_info;
};

static bool begin(const struct place *p, const struct extra_case *c, const char *operation)
{
    return begin_case(p, "%s %s n %lld batch %lld %s %s A %s B %s %s", operation,
                      ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->batch,
                      uplo_name(c->uplo), c->kind->name, form_name(c->fa), form_name(c->fb),
                      c->with_info ? "info" : "no info");
}

static omat spd_item(const struct extra_case *c, uint64_t seed, int64_t b)
{
    return c->kind->make(seed + 1000003u * (uint64_t)b, c->n, c->n, c->dtype);
}

/* The triangle that must not be read becomes NaN. */
static void hide_other_triangle(omat A, ritz_uplo uplo)
{
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            if (uplo == RITZ_LOWER ? i < j : i > j) OMAT_AT(A, i, j) = (long double)NAN;
}

static omat *array_of(int64_t count)
{
    omat *items = calloc((size_t)(count > 0 ? count : 1), sizeof *items);
    if (!items) abort();
    return items;
}

/* The exact factor of A in the triangle, NaN beside it. */
static omat factor_of(omat A, ritz_uplo uplo)
{
    omat L;
    if (oracle_cholesky(A, &L) != 0) abort();
    omat F = uplo == RITZ_LOWER ? omat_copy(L) : omat_transposed(L);
    omat_destroy(&L);
    hide_other_triangle(F, uplo);
    return F;
}

/* The matrices of a case with one triangle hidden, or their factors. */
static omat *make_spd(const struct extra_case *c, uint64_t seed, bool factored)
{
    omat *items = array_of(c->batch);
    for (int64_t b = 0; b < c->batch || b == 0; b++) {
        omat A = spd_item(c, seed, b);
        items[b] = factored ? factor_of(A, c->uplo) : omat_copy(A);
        hide_other_triangle(items[b], c->uplo);
        omat_destroy(&A);
    }
    return items;
}

static void expect_infos(const struct operand *info, int64_t count, const int64_t *want)
{
    for (int64_t b = 0; info && b < count; b++)
        if (info_after(info, b) != (want ? want[b] : 0))
            (void)expect(false, "info of item %lld is %lld, not %lld", (long long)b,
                         (long long)info_after(info, b), (long long)(want ? want[b] : 0));
}

/* ---- inverse, determinant, condition --------------------------------------------------------- */

struct figures {
    double inverse, logdet;
};

/* Forward error of the inverse in units of n u kappa |A^-1|, and of log det in those of the factor:
 * both matter only where the matrix is not hidden by rounding. */
static void check_figures(const struct extra_case *c, const struct scene *sc, int64_t b,
                          struct figures *worst)
{
    const struct operand *op = sc->operand; /* in the order of figures_one */
    const long double eps = (long double)eps_of(c->dtype), n = (long double)(c->n > 0 ? c->n : 1);
    omat a = item_before(&op[0], b), A = oracle_symmetric(as_oracle(c->uplo), a);
    omat F = item_before(&op[1], b), got = item_after(&op[2], b), gott = omat_transposed(got);
    omat logdet = item_after(&op[3], 0), cond = item_after(&op[4], 0),
         I = omat_identity(c->n, c->n);
    omat inverse;
    (void)oracle_solve(A, I, &inverse);
    const long double kappa = c->n > 0 ? oracle_condition_one(A) : 0;
    omat error = oracle_add(inverse, -1, got), skew = oracle_add(got, -1, gott);
    if (c->n > 0) {
        worst->inverse =
            oracle_worst(worst->inverse, (double)(oracle_norm_one(error) /
                                                  (n * eps * kappa * oracle_norm_one(inverse))));
        (void)expect(oracle_norm_max(skew) <= 0, "the inverse of item %lld is not symmetric",
                     (long long)b);
    }
    long double want = 0, size = 1;
    for (int64_t i = 0; i < c->n; i++) {
        want += 2 * logl(OMAT_AT(F, i, i));
        size += 2 * fabsl(logl(OMAT_AT(F, i, i)));
    }
    worst->logdet = oracle_worst(
        worst->logdet, (double)(fabsl(logdet.a[b] - want) / (n * size * (long double)DBL_EPSILON)));
    if (c->n == 0) {
        (void)expect(fabsl(cond.a[b]) <= 0, "the condition of nothing is %Lg", cond.a[b]);
    } else if (kappa * eps * n < 0.1L) {
        (void)expect_bound("condition above the truth", c->dtype, (double)(cond.a[b] / kappa), 1.2);
        (void)expect_bound("condition below the truth", c->dtype, (double)(kappa / cond.a[b]), 10);
    }
    omat all[] = {a, A, F, got, gott, logdet, cond, I, inverse, error, skew};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void figures_one(const struct place *p, const struct extra_case *c)
{
    if (!begin(p, c, "cholesky_inverse, _logdet, _condition")) return;
    omat *a = make_spd(c, 81, false), *f = make_spd(c, 81, true);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->fa, c->batch, SHARE_NONE, a);
    struct operand *L = add_input(&sc, "L", c->dtype, c->fb, c->batch, SHARE_NONE, f);
    struct operand *X = add_output(&sc, "X", c->dtype, c->fa, c->n, c->n, c->batch);
    struct operand *logdet = add_output(&sc, "logdet", RITZ_F64, c->fb, c->batch, 1, 1);
    struct operand *cond = add_output(&sc, "cond", RITZ_F64, c->fa, c->batch, 1, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_cholesky_inverse(p->s, c->uplo, L->mat, X->mat));
    (void)expect_ok(ritz_cholesky_logdet(p->s, c->uplo, L->mat, logdet->mat));
    if (scene_finish(&sc, ritz_cholesky_condition(p->s, c->uplo, A->mat, L->mat, cond->mat))) {
        struct figures worst = {0, 0};
        for (int64_t b = 0; b < c->batch; b++) check_figures(c, &sc, b, &worst);
        (void)expect_ratio("cholesky_inverse forward error", c->dtype, worst.inverse, 30);
        (void)expect_ratio("cholesky_logdet", c->dtype, worst.logdet, 30);
    }
    scene_end(&sc);
    free_items(a, c->batch);
    free_items(f, c->batch);
}

/* The worked example, and what becomes of an item that failed. */
static void known_figures(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "cholesky figures %s of the worked example, indefinite, NaN",
                    ritz_dtype_name(dtype)))
        return;
    static const double A3[] = {4, 2, 1, 2, 5, 3, 1, 3, 6};
    omat a[3] = {omat_from_f64(A3, 3, 3, 1, 3), omat_identity(3, 3), omat_identity(3, 3)};
    OMAT_AT(a[1], 1, 1) = -1;
    OMAT_AT(a[2], 2, 0) = (long double)NAN;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 3, SHARE_NONE, a);
    struct operand *L = add_inout(&sc, "L", dtype, COL_PLAIN, 3, a);
    struct operand *info = add_info(&sc, COL_PLAIN, 3);
    struct operand *logdet = add_output(&sc, "logdet", RITZ_F64, COL_PLAIN, 3, 1, 1);
    struct operand *cond = add_output(&sc, "cond", RITZ_F64, COL_PLAIN, 3, 1, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_cholesky(p->s, RITZ_LOWER, L->mat, info->mat));
    (void)expect_ok(ritz_cholesky_logdet(p->s, RITZ_LOWER, L->mat, logdet->mat));
    if (scene_finish(&sc, ritz_cholesky_condition(p->s, RITZ_LOWER, A->mat, L->mat, cond->mat))) {
        omat l = item_after(logdet, 0), k = item_after(cond, 0);
        (void)expect_ratio("cholesky_logdet worked example", dtype,
                           (double)(fabsl(l.a[0] - 4.204692619390966L) / eps_of(dtype)), 30);
        (void)expect(isnan(l.a[1]) && isnan(l.a[2]), "log det of failed items is not NaN");
        /* ‖A‖₁ = 10, and A⁻¹ = [21 -9 1; -9 23 -10; 1 -10 16] / 67. */
        (void)expect_ratio("cholesky_condition worked example", dtype,
                           (double)(fabsl(k.a[0] - 420 / 67.0L) / (10 * eps_of(dtype))), 30);
        (void)expect(isnan(k.a[1]) && isnan(k.a[2]), "the condition of failed items is not NaN");
        omat_destroy(&l);
        omat_destroy(&k);
    }
    scene_end(&sc);
    for (int i = 0; i < 3; i++) omat_destroy(&a[i]);
}

/* ---- jitter ---------------------------------------------------------------------------------- */

enum { LADDER = 9 }; /* items: needing try 0 .. 6, needing one more, NaN */

/* diag(1, ..., 1, -delta): factored as soon as the shift exceeds delta, without any rounding that
 * matters. */
static omat needing(int64_t n, int attempt, long double u)
{
    omat A = omat_identity(n, n);
    const long double ones = (long double)(n - 1);
    if (attempt > 0) OMAT_AT(A, n - 1, n - 1) = -3 * powl(10, attempt - 1) * u * ones;
    return A;
}

/* The shift of each item is the first of its sequence that is enough, and is reported. */
static void ladder(const struct place *p, ritz_dtype dtype, ritz_uplo uplo, struct form form,
                   int tries, bool with_info)
{
    if (!begin_case(p, "cholesky_jittered %s, sequence, %d tries, %s, %s, %s",
                    ritz_dtype_name(dtype), tries, uplo_name(uplo), form_name(form),
                    with_info ? "info" : "no info"))
        return;
    const int64_t n = 5;
    const int most = tries > 0 ? tries : 6;
    const long double u = (long double)eps_of(dtype) / 2;
    omat a[LADDER];
    int64_t want[LADDER];
    for (int b = 0; b < LADDER; b++) {
        a[b] = needing(n, b < LADDER - 1 ? b : 0, u);
        want[b] = b < LADDER - 1 && b > most ? n : 0;
        if (b == LADDER - 1) OMAT_AT(a[b], 3, 3) = (long double)NAN;
        hide_other_triangle(a[b], uplo);
    }
    want[LADDER - 1] = -1;
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.tries = tries;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_inout(&sc, "A", dtype, form, LADDER, a);
    struct operand *shift = add_output(&sc, "shift", RITZ_F64, form, LADDER, 1, 1);
    struct operand *info = with_info ? add_info(&sc, form, LADDER) : NULL;
    scene_upload(&sc);
    if (scene_collect(&sc,
                      ritz_cholesky_jittered(p->s, uplo, A->mat, tries ? &opts : NULL, shift->mat,
                                             info ? info->mat : RITZ_NO_MAT),
                      with_info ? RITZ_OK : RITZ_ERR_NOT_SPD, "ritz_cholesky_jittered|item")) {
        omat tau = item_after(shift, 0);
        expect_infos(info, LADDER, want);
        expect_other_triangle_kept(A, uplo);
        for (int b = 0; b < LADDER; b++) {
            omat before = item_before(A, b), after = item_after(A, b);
            const int attempt = b == LADDER - 1 ? 0 : b < most ? b : most;
            const long double trace = (long double)(n - 1) + OMAT_AT(before, n - 1, n - 1);
            const long double exact = attempt == 0 ? 0 : powl(10, attempt) * u * trace;
            if (b < LADDER - 1)
                (void)expect(fabsl(tau.a[b] - exact) <= 8 * (long double)DBL_EPSILON * exact,
                             "the shift of item %d is %Lg, not %Lg", b, tau.a[b], exact);
            if (want[b] != 0) {
                (void)expect(item_is_nan(A, b, uplo), "failed item %d is not NaN", b);
            } else {
                for (int64_t i = 0; i < n; i++) OMAT_AT(before, i, i) += tau.a[b];
                (void)expect_ratio(
                    "cholesky_jittered |A + shift I - LL'|", dtype,
                    oracle_cholesky_ratio(as_oracle(uplo), before, after, eps_of(dtype)), 30);
            }
            omat_destroy(&before);
            omat_destroy(&after);
        }
        omat_destroy(&tau);
    }
    scene_end(&sc);
    for (int b = 0; b < LADDER; b++) omat_destroy(&a[b]);
}

/* A matrix that needs no shift gets the factor that ritz_cholesky makes, bit for bit; one of low
 * rank, of which rounding decides, gets a small one; RITZ_JITTER_ABSOLUTE adds what it says. */
static void jittered_one(const struct place *p, const struct extra_case *c)
{
    for (int absolute = 0; absolute <= 1; absolute++) {
        if (!begin(p, c, absolute ? "cholesky_jittered absolute" : "cholesky_jittered auto"))
            continue;
        ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
        opts.policy = absolute ? RITZ_JITTER_ABSOLUTE : RITZ_JITTER_AUTO;
        opts.shift = 0.25;
        omat *a = make_spd(c, 83, false);
        struct scene sc;
        scene_begin(&sc, p);
        struct operand *A = add_inout(&sc, "A", c->dtype, c->fa, c->batch, a);
        struct operand *plain = add_inout(&sc, "plain", c->dtype, c->fa, c->batch, a);
        struct operand *shift = add_output(&sc, "shift", RITZ_F64, c->fb, c->batch, 1, 1);
        struct operand *info = c->with_info ? add_info(&sc, c->fb, c->batch) : NULL;
        scene_upload(&sc);
        (void)expect_ok(ritz_cholesky(p->s, c->uplo, plain->mat, RITZ_NO_MAT));
        if (scene_finish(&sc, ritz_cholesky_jittered(p->s, c->uplo, A->mat, &opts, shift->mat,
                                                     info ? info->mat : RITZ_NO_MAT))) {
            double worst = 0;
            omat tau = item_after(shift, 0);
            expect_infos(info, c->batch, NULL);
            expect_other_triangle_kept(A, c->uplo);
            for (int64_t b = 0; b < c->batch; b++) {
                omat before = item_before(A, b), after = item_after(A, b);
                if (fabsl(tau.a[b] - (absolute ? 0.25L : 0)) > 0)
                    (void)expect(false, "the shift of item %lld is %Lg", (long long)b, tau.a[b]);
                for (int64_t i = 0; i < c->n; i++) OMAT_AT(before, i, i) += tau.a[b];
                worst = oracle_worst(worst, oracle_cholesky_ratio(as_oracle(c->uplo), before, after,
                                                                  eps_of(c->dtype)));
                omat_destroy(&before);
                omat_destroy(&after);
            }
            (void)expect_ratio("cholesky_jittered |A + shift I - LL'|", c->dtype, worst, 30);
            if (!absolute)
                (void)expect(same_bits(A, plain), "without a shift, the factor is another");
            omat_destroy(&tau);
        }
        scene_end(&sc);
        free_items(a, c->batch);
    }
}

/* A kernel matrix of points that coincide: semidefinite, one needs the shift, and little. */
static void jittered_semidefinite(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "cholesky_jittered %s of low rank", ritz_dtype_name(dtype))) return;
    const int64_t n = 33;
    omat G = matgen_rank(84, n, n, 3), Gt = omat_transposed(G), A = oracle_product(G, Gt);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *F = add_inout(&sc, "A", dtype, COL_PLAIN, 1, &A);
    struct operand *shift = add_output(&sc, "shift", RITZ_F64, COL_PLAIN, 1, 1, 1);
    scene_upload(&sc);
    if (scene_finish(
            &sc, ritz_cholesky_jittered(p->s, RITZ_LOWER, F->mat, NULL, shift->mat, RITZ_NO_MAT))) {
        omat tau = item_after(shift, 0), before = item_before(F, 0), after = item_after(F, 0);
        long double trace = 0;
        for (int64_t i = 0; i < n; i++) trace += OMAT_AT(before, i, i);
        for (int64_t i = 0; i < n; i++) OMAT_AT(before, i, i) += tau.a[0];
        (void)expect(tau.a[0] > 0, "rank 3 of 33 is positive definite without a shift");
        (void)expect_bound("shift / (n u trace)", dtype,
                           (double)(tau.a[0] / ((long double)n * eps_of(dtype) * trace)), 100);
        (void)expect_ratio("cholesky_jittered |A + shift I - LL'|", dtype,
                           oracle_cholesky_ratio(ORACLE_LOWER, before, after, eps_of(dtype)), 30);
        omat_destroy(&tau);
        omat_destroy(&before);
        omat_destroy(&after);
    }
    scene_end(&sc);
    omat_destroy(&G);
    omat_destroy(&Gt);
    omat_destroy(&A);
}

/* ---- changes of rank one --------------------------------------------------------------------- */

static void update_one(const struct place *p, const struct extra_case *c, int sigma, bool shared)
{
    if (!begin(p, c, sigma > 0 ? "cholesky_update" : "cholesky_update, down")) return;
    omat *f = array_of(c->batch), *x = array_of(c->batch);
    for (int64_t b = 0; b < c->batch || b == 0; b++) {
        omat A = spd_item(c, 85, b), u = matgen_uniform(86 + (uint64_t)(shared ? 0 : b), c->n, 1);
        x[b] = omat_copy(u);
        /* In the scale of A; what is taken away was there before. */
        for (int64_t i = 0; i < c->n; i++) x[b].a[i] *= sqrtl(OMAT_AT(A, i, i)) / 2;
        if (shared && b > 0)
            for (int64_t i = 0; i < c->n; i++) x[b].a[i] = x[0].a[i];
        for (int64_t j = 0; sigma < 0 && j < c->n; j++)
            for (int64_t i = 0; i < c->n; i++) OMAT_AT(A, i, j) += x[b].a[i] * x[b].a[j];
        f[b] = factor_of(A, c->uplo);
        omat_destroy(&A);
        omat_destroy(&u);
    }
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *X =
        add_input(&sc, "x", c->dtype, c->fb, c->batch, shared ? SHARE_ONE : SHARE_NONE, x);
    struct operand *L = add_inout(&sc, "L", c->dtype, c->fa, c->batch, f);
    struct operand *info = c->with_info ? add_info(&sc, c->fb, c->batch) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_cholesky_update(p->s, c->uplo, sigma, X->mat, L->mat,
                                               info ? info->mat : RITZ_NO_MAT))) {
        double worst = 0;
        expect_infos(info, c->batch, NULL);
        expect_other_triangle_kept(L, c->uplo);
        for (int64_t b = 0; b < c->batch; b++) {
            omat before = item_before(L, b), after = item_after(L, b);
            omat v = item_before(X, shared ? 0 : b);
            worst = oracle_worst(worst, oracle_update_ratio(as_oracle(c->uplo), before, sigma, v,
                                                            after, eps_of(c->dtype)));
            omat_destroy(&before);
            omat_destroy(&after);
            omat_destroy(&v);
        }
        (void)expect_ratio(sigma > 0 ? "cholesky_update" : "cholesky_update, down", c->dtype, worst,
                           30);
    }
    scene_end(&sc);
    free_items(f, c->batch);
    free_items(x, c->batch);
}

/* Downdates of the identity: by 0, by twice e_k, by exactly e_k, and what is not finite. */
static void flawed_update(const struct place *p, ritz_dtype dtype, ritz_uplo uplo, struct form form,
                          bool with_info)
{
    if (!begin_case(p, "cholesky_update %s, items that fail, %s, %s, %s", ritz_dtype_name(dtype),
                    uplo_name(uplo), form_name(form), with_info ? "info" : "no info"))
        return;
    enum { ITEMS = 5 };
    const int64_t n = 7, want[ITEMS] = {0, 4, 7, -1, -1};
    omat f[ITEMS], x[ITEMS];
    for (int b = 0; b < ITEMS; b++) {
        f[b] = omat_identity(n, n);
        x[b] = omat_create(n, 1);
        hide_other_triangle(f[b], uplo);
    }
    x[1].a[3] = 2;
    x[2].a[6] = 1;
    x[3].a[0] = (long double)NAN;
    OMAT_AT(f[4], 2, 2) = (long double)INFINITY;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *X = add_input(&sc, "x", dtype, form, ITEMS, SHARE_NONE, x);
    struct operand *L = add_inout(&sc, "L", dtype, form, ITEMS, f);
    struct operand *info = with_info ? add_info(&sc, form, ITEMS) : NULL;
    scene_upload(&sc);
    if (scene_collect(
            &sc,
            ritz_cholesky_update(p->s, uplo, -1, X->mat, L->mat, info ? info->mat : RITZ_NO_MAT),
            with_info ? RITZ_OK : RITZ_ERR_NOT_SPD, "ritz_cholesky_update|item 1")) {
        expect_infos(info, ITEMS, want);
        expect_other_triangle_kept(L, uplo);
        for (int64_t b = 0; b < ITEMS; b++)
            (void)expect(item_is_nan(L, b, uplo) == (want[b] != 0), "item %lld is NaN, or is not",
                         (long long)b);
    }
    scene_end(&sc);
    for (int b = 0; b < ITEMS; b++) {
        omat_destroy(&f[b]);
        omat_destroy(&x[b]);
    }
}

static void try_shape(const struct place *p, const struct shape *s, ritz_dtype dtype, int *turn)
{
    const struct kind *kind = spd_kinds;
    struct forms walk = forms_of(2, s->n <= 3 && s->batch <= 3 ? 0 : s->n > 50 ? 3 : 9);
    if (s->batch >= 100) walk.left = 1;
    while (next_forms(&walk)) {
        struct extra_case c = {s->n, s->batch,  dtype,     (ritz_uplo)(*turn % 2),
                               kind, walk.f[0], walk.f[1], *turn % 3 == 0};
        if (s->batch > 1 && s->batch < 100 && *turn % 4 == 3)
            c.fa.view = c.fb.view = VIEW_INTERLEAVED;
        if (s->batch < 100) figures_one(p, &c);
        if (s->batch <= 1000) jittered_one(p, &c);
        update_one(p, &c, *turn % 5 < 3 ? 1 : -1, false);
        if (s->batch <= 1000) update_one(p, &c, -1, s->batch > 1 && s->batch < 100);
        (*turn)++;
        if (!(++kind)->name) kind = spd_kinds;
    }
}

void test_cholesky_extra(const struct place *p)
{
    int turn = 0;
    for (int t = 0; t < REALS; t++) {
        known_figures(p, reals[t]);
        jittered_semidefinite(p, reals[t]);
        for (const struct shape *s = NULL; (s = next_shape("cholesky", s));)
            try_shape(p, s, reals[t], &turn);
        for (struct forms walk = forms_of(1, 0); next_forms(&walk); turn++)
            for (int with_info = 0; with_info <= 1; with_info++) {
                const ritz_uplo uplo = (ritz_uplo)(turn % 2);
                ladder(p, reals[t], uplo, walk.f[0], turn % 3 * 2, with_info);
                flawed_update(p, reals[t], uplo, walk.f[0], with_info);
            }
    }
}
