/* Principal component analysis: every method, on data of every kind.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/pca.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static double divisor_of(omat X, int population)
{
    return (double)(population ? X.rows : X.rows - 1);
}

/* ---- transforms ---------------------------------------------------------------------------- */

static void check_transforms(const struct place *p, ritz_dtype dtype, const struct fit *f,
                             const struct form *form)
{
    enum { ROWS = 9 };
    const int64_t n = f->components.cols, k = f->components.rows;
    /* Other rows, and another number of them, than the model was fitted to. */
    omat fresh = matgen_uniform(77, ROWS, n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < ROWS; i++) OMAT_AT(fresh, i, j) += OMAT_AT(f->mean, j, 0);
    const ritz_pca_transform_options opts = {sizeof opts, 1};
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *X = add_input(&sc, "X", dtype, form[0], 1, SHARE_NONE, &fresh);
    struct operand *Y = add_output(&sc, "Y", dtype, form[1], ROWS, k, 1);
    struct operand *white = add_output(&sc, "whitened Y", dtype, form[2], ROWS, k, 1);
    struct operand *back = add_output(&sc, "X again", dtype, form[0], ROWS, n, 1);
    struct operand *white_back = add_output(&sc, "X from whitened Y", dtype, form[1], ROWS, n, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_pca_transform(p->s, f->pca, X->mat, Y->mat, NULL));
    (void)expect_ok(ritz_pca_transform(p->s, f->pca, X->mat, white->mat, &opts));
    (void)expect_ok(ritz_pca_inverse_transform(p->s, f->pca, Y->mat, back->mat, NULL));
    if (scene_finish(
            &sc, ritz_pca_inverse_transform(p->s, f->pca, white->mat, white_back->mat, &opts))) {
        const double eps = eps_of(dtype), least = 2 * eps * 1e4;
        omat x = item_before(X, 0), y = item_after(Y, 0), w = item_after(white, 0),
             b = item_after(back, 0);
        omat wb = item_after(white_back, 0);
        omat want = scores_of(f, x), scaled = omat_copy(want), unscaled = omat_copy(y);
        omat row = omat_transposed(f->mean), again = oracle_product(y, f->components);
        for (int64_t i = 0; i < ROWS; i++)
            for (int64_t j = 0; j < n; j++) OMAT_AT(again, i, j) += row.a[j];
        const double size = (double)oracle_norm_max(want) + (double)oracle_norm_max(x) * eps;
        (void)expect_ratio(
            "pca transform", dtype,
            error_quotient(largest_difference(want, y), size * (double)(n + 3) * eps), 30);
        (void)expect_ratio("pca inverse", dtype,
                           error_quotient(largest_difference(again, b),
                                          (double)oracle_norm_max(again) * (double)(k + 3) * eps),
                           30);
        if (k > 0 && (double)f->variance.a[k - 1] > least * (double)f->variance.a[0]) {
            whiten_scores(f, scaled, least);
            const double smallest = sqrt((double)f->variance.a[k - 1]);
            (void)expect_ratio("pca whiten", dtype,
                               error_quotient(largest_difference(scaled, w),
                                              size / smallest * (double)(n + 4) * eps),
                               30);
            (void)expect_ratio(
                "pca whiten and back", dtype,
                error_quotient(largest_difference(again, wb),
                               ((double)oracle_norm_max(again) + size) * (double)(k + 5) * eps),
                30);
        }
        omat *const all[] = {&x, &y, &w, &b, &wb, &want, &scaled, &unscaled, &row, &again};
        for (int i = 0; i < 10; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    omat_destroy(&fresh);
}

/* ---- methods --------------------------------------------------------------------------------- */

static void method_one(const struct place *p, const struct shape *s, ritz_dtype dtype,
                       ritz_pca_method method, int population, const struct form *form)
{
    if (!begin_case(p, "pca_fit %s %lldx%lld k %lld %s%s X %s", ritz_dtype_name(dtype),
                    (long long)s->m, (long long)s->n, (long long)s->k, pca_method_names[method],
                    population ? " population" : "", form_name(form[0])))
        return;
    omat x = make_data(101, s->m, s->n, 0.7, 2);
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = s->k;
    opts.method = method;
    opts.population = population;
    opts.block_rows = s->m > 20 ? s->m / 3 : 0;
    struct scene sc;
    struct fit f;
    scene_begin(&sc, p);
    struct operand *X = add_input(&sc, "X", dtype, form[0], 1, SHARE_NONE, &x);
    scene_upload(&sc);
    if (fit_rows(p, ritz_rows_dmat(X->mat), &opts, &f)) {
        omat data = item_before(X, 0);
        (void)expect(method == RITZ_PCA_AUTO || f.report.method == method,
                     "method %s was asked for and %s was taken", pca_method_names[method],
                     f.report.method_name);
        check_fit(dtype, data, s->k, divisor_of(data, population), &f);
        check_transforms(p, dtype, &f, form);
        omat_destroy(&data);
    }
    forget_fit(p, &f);
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
    omat_destroy(&x);
}

static void methods(const struct place *p, ritz_dtype dtype)
{
    int turn = 0;
    for (const struct shape *s = NULL; (s = next_shape("pca_fit", s));)
        for (int method = RITZ_PCA_AUTO; method <= RITZ_PCA_DUAL; method++)
            for (struct forms walk = forms_of(3, s->m * s->n > 2000 ? 2 : 4); next_forms(&walk);)
                method_one(p, s, dtype, (ritz_pca_method)method, turn++ % 4 == 0, walk.f);
}

/* ---- particular data ------------------------------------------------------------------------- */

/* Fit host data of any type and hand it to a check. */
static bool fit_host(const struct place *p, ritz_dtype stored, omat x, const ritz_pca_options *opts,
                     struct fit *f, omat *data)
{
    const size_t size = ritz_dtype_size(stored);
    unsigned char *host = calloc((size_t)(x.rows * x.cols) + 1, size);
    if (!host) abort();
    *data = omat_create(x.rows, x.cols);
    for (int64_t i = 0; i < x.rows * x.cols; i++) {
        store_element(stored, host + (size_t)i * size, x.a[i]);
        data->a[i] = load_element(stored, host + (size_t)i * size);
    }
    const bool ok = fit_rows(
        p, ritz_rows_hmat(ritz_hmat_wrap_const(host, stored, x.rows, x.cols, RITZ_COL_MAJOR)), opts,
        f);
    free(host);
    return ok;
}

/* Points on a line through the origin of direction (3, 4)/5: singular values sqrt(10), 0. */
static void line(const struct place *p, ritz_dtype dtype, ritz_pca_method method, double dx,
                 double dy)
{
    if (!begin_case(p, "pca_fit %s %s of points on the line along (%g, %g)", ritz_dtype_name(dtype),
                    pca_method_names[method], dx, dy))
        return;
    omat x = omat_create(5, 2), data;
    const long double norm = sqrtl((long double)(dx * dx + dy * dy));
    for (int i = 0; i < 5; i++) {
        OMAT_AT(x, i, 0) = (long double)(i - 2) * (long double)dx / norm + 1;
        OMAT_AT(x, i, 1) = (long double)(i - 2) * (long double)dy / norm - 2;
    }
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.method = method;
    struct fit f;
    if (fit_host(p, dtype, x, &opts, &f, &data)) {
        const double eps = eps_of(dtype);
        (void)expect(fabsl(f.singular.a[0] - sqrtl(10)) <= 30 * eps * sqrtl(10),
                     "the first singular value is %Lg", f.singular.a[0]);
        (void)expect(f.variance.a[1] <= 30 * eps, "the second variance is %Lg", f.variance.a[1]);
        (void)expect(fabs(f.report.explained - 1) <= 30 * eps, "explained %g", f.report.explained);
        (void)expect(f.report.warning[0], "no warning that there is one direction only");
        /* The entry of larger modulus is positive; equal ones are a matter of rounding. */
        const bool equal = fabs(dx) >= fabs(dy) && fabs(dx) <= fabs(dy),
                   flip = fabs(dx) > fabs(dy) ? dx < 0 : dy < 0;
        const long double got = OMAT_AT(f.components, 0, 0),
                          want = (flip ? -1 : 1) * (long double)dx / norm;
        (void)expect(fabsl(equal ? fabsl(got) - fabsl(want) : got - want) <= 30 * eps,
                     "the first component begins with %Lg, not %Lg", got, want);
        omat V = omat_transposed(f.components);
        (void)expect(oracle_sign_violation(V) < 0, "component %lld breaks the sign rule",
                     (long long)oracle_sign_violation(V));
        omat_destroy(&V);
    }
    forget_fit(p, &f);
    omat_destroy(&x);
    omat_destroy(&data);
}

struct data_case {
    const char *name;
    ritz_dtype stored, compute,
        want; /* compute: option, 0 for the default; want: the one that results */
    int64_t N, n, k;
    double decay, offset;
    ritz_pca_method method, result; /* result: 0 if any */
};

static const struct data_case data_cases[] = {
    {"large mean", RITZ_F32, 0, RITZ_F32, 400, 12, 4, 0.6, 1e4, RITZ_PCA_COVARIANCE, 0},
    {"large mean", RITZ_F32, 0, RITZ_F32, 400, 12, 4, 0.6, 1e4, RITZ_PCA_RANDOMIZED, 0},
    {"large mean", RITZ_F32, 0, RITZ_F32, 400, 12, 4, 0.6, 1e4, RITZ_PCA_EXACT, 0},
    {"large mean", RITZ_F32, 0, RITZ_F32, 12, 400, 4, 0.6, 1e4, RITZ_PCA_DUAL, 0},
    {"uint8", RITZ_U8, 0, RITZ_F32, 200, 15, 5, 0.8, 0, RITZ_PCA_AUTO, RITZ_PCA_COVARIANCE},
    {"int8", RITZ_I8, 0, RITZ_F32, 200, 15, 5, 0.8, 0, RITZ_PCA_EXACT, 0},
    {"int32", RITZ_I32, 0, RITZ_F64, 200, 15, 5, 0.8, 0, RITZ_PCA_AUTO, 0},
    {"int64", RITZ_I64, 0, RITZ_F64, 200, 15, 5, 0.8, 0, RITZ_PCA_RANDOMIZED, 0},
    {"float16", RITZ_F16, 0, RITZ_F32, 200, 15, 5, 0.8, 1, RITZ_PCA_COVARIANCE, 0},
    {"bfloat16", RITZ_BF16, 0, RITZ_F32, 200, 15, 5, 0.8, 1, RITZ_PCA_RANDOMIZED, 0},
    {"float64 in float32", RITZ_F64, RITZ_F32, RITZ_F32, 200, 15, 5, 0.8, 1, RITZ_PCA_COVARIANCE,
     0},
    {"float32 in float64", RITZ_F32, RITZ_F64, RITZ_F64, 200, 15, 5, 0.8, 1, RITZ_PCA_EXACT, 0},
    {"tall", RITZ_F32, 0, RITZ_F32, 600, 20, 5, 0.8, 1, RITZ_PCA_AUTO, RITZ_PCA_COVARIANCE},
    {"wide", RITZ_F32, 0, RITZ_F32, 23, 4111, 5, 0.8, 1, RITZ_PCA_AUTO, RITZ_PCA_DUAL},
    {"wide", RITZ_F64, 0, RITZ_F64, 53, 1037, 5, 0.8, 1, RITZ_PCA_AUTO, 0},
    {"large", RITZ_F64, 0, RITZ_F64, 331, 277, 5, 0.5, 1, RITZ_PCA_AUTO, RITZ_PCA_RANDOMIZED},
    {"many wanted", RITZ_F64, 0, RITZ_F64, 101, 61, 55, 0.9, 1, RITZ_PCA_AUTO, RITZ_PCA_EXACT},
};

static void data_one(const struct place *p, const struct data_case *c)
{
    if (!begin_case(p, "pca_fit of %s, %s as %s, %lldx%lld k %lld %s", c->name,
                    ritz_dtype_name(c->stored), ritz_dtype_name(c->want), (long long)c->N,
                    (long long)c->n, (long long)c->k, pca_method_names[c->method]))
        return;
    omat x = make_data(103, c->N, c->n, c->decay, c->offset), data;
    const bool integers = c->stored == RITZ_U8 || c->stored == RITZ_I8 || c->stored == RITZ_I32 ||
                          c->stored == RITZ_I64;
    for (int64_t i = 0; integers && i < c->N * c->n; i++)
        x.a[i] = c->stored == RITZ_U8 ? 128 + 60 * x.a[i] : 60 * x.a[i];
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = c->k;
    opts.method = c->method;
    opts.dtype = c->compute;
    struct fit f;
    if (fit_host(p, c->stored, x, &opts, &f, &data)) {
        (void)expect(ritz_pca_components(f.pca).dtype == c->want, "the model is %s",
                     ritz_dtype_name(ritz_pca_components(f.pca).dtype));
        (void)expect(!c->result || f.report.method == c->result, "method %s: %s",
                     f.report.method_name, f.report.reason);
        check_fit(c->want, data, c->k, divisor_of(data, 0), &f);
    }
    forget_fit(p, &f);
    omat_destroy(&x);
    omat_destroy(&data);
}

/* A component below what squares resolve in float32: auto goes on to the exact method; who insists
 * is warned. */
static void hidden_components(const struct place *p, ritz_pca_method method)
{
    if (!begin_case(p, "pca_fit float32 400x3 with a deviation of 1e-4, %s",
                    pca_method_names[method]))
        return;
    omat x = make_data(104, 400, 3, 0.01, 0.1), data;
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.method = method;
    struct fit f;
    if (fit_host(p, RITZ_F32, x, &opts, &f, &data)) {
        const oracle_pca *want = reference_pca(data, 399);
        const double off = (double)fabsl(f.singular.a[2] / want->singular_values.a[2] - 1);
        if (method == RITZ_PCA_AUTO) {
            (void)expect(f.report.method == RITZ_PCA_EXACT && f.report.fallbacks == 1,
                         "method %s after %d fallbacks", f.report.method_name, f.report.fallbacks);
            (void)expect(off < 0.05, "the last singular value is off by %g", off);
            (void)expect(strstr(f.report.reason, "covariance"), "the reason is \"%s\"",
                         f.report.reason);
        } else {
            (void)expect(f.report.method == method && strstr(f.report.warning, "exact"),
                         "the warning is \"%s\"", f.report.warning);
        }
    }
    forget_fit(p, &f);
    omat_destroy(&x);
    omat_destroy(&data);
}

/* A feature that never changes has no part in any component, rows that repeat change nothing but
 * weights. */
static void degenerate(const struct place *p, ritz_dtype dtype, ritz_pca_method method)
{
    if (!begin_case(p, "pca_fit %s %s with a constant feature, duplicate rows, constant data",
                    ritz_dtype_name(dtype), pca_method_names[method]))
        return;
    omat x = make_data(105, 60, 6, 0.6, 1), data;
    for (int64_t i = 0; i < 60; i++) OMAT_AT(x, i, 2) = 4.25L;
    for (int64_t j = 0; j < 6; j++)
        for (int64_t i = 20; i < 60; i++) OMAT_AT(x, i, j) = OMAT_AT(x, i % 20, j);
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.method = method;
    opts.components = 4;
    struct fit f;
    if (fit_host(p, dtype, x, &opts, &f, &data)) {
        check_fit(dtype, data, 4, 59, &f);
        for (int i = 0; i < 4; i++)
            (void)expect(fabsl(OMAT_AT(f.components, i, 2)) <= 300 * eps_of(dtype),
                         "component %d has %Lg of the constant feature", i,
                         OMAT_AT(f.components, i, 2));
    }
    forget_fit(p, &f);
    omat_destroy(&data);
    for (int64_t i = 0; i < 60 * 6; i++) x.a[i] = 3.5L;
    opts.components = 2;
    if (fit_host(p, dtype, x, &opts, &f, &data)) {
        (void)expect(f.variance.a[0] == 0 && f.report.total_variance == 0 &&
                         f.report.explained == 0 && f.report.error == 0,
                     "constant data has variance %Lg", f.variance.a[0]);
        (void)expect(strstr(f.report.warning, "constant"), "the warning is \"%s\"",
                     f.report.warning);
        omat V = omat_transposed(f.components);
        (void)expect_ratio("pca |I - V'V|", dtype, oracle_orth_ratio(V, eps_of(dtype)), 30);
        omat_destroy(&V);
    }
    forget_fit(p, &f);
    omat_destroy(&data);
    omat_destroy(&x);
}

/* k as a fraction of variance: the smallest number that reaches it. */
static void fraction(const struct place *p, ritz_dtype dtype, ritz_pca_method method, double wanted)
{
    if (!begin_case(p, "pca_fit %s %s for %g of the variance", ritz_dtype_name(dtype),
                    pca_method_names[method], wanted))
        return;
    omat x = make_data(106, 120, 50, 0.9, 1), data;
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.method = method;
    opts.variance = wanted;
    struct fit f;
    if (fit_host(p, dtype, x, &opts, &f, &data)) {
        const oracle_pca *all = reference_pca(data, 119);
        long double sum = 0;
        int64_t k = 0;
        while (k < 50 && sum < (long double)wanted * all->total) sum += all->variance.a[k++];
        (void)expect(f.components.rows == k, "%lld components, not %lld",
                     (long long)f.components.rows, (long long)k);
        (void)expect(f.report.explained >= wanted - 1e-5, "explained %g", f.report.explained);
        check_fit(dtype, data, k, 119, &f);
    }
    forget_fit(p, &f);
    omat_destroy(&x);
    omat_destroy(&data);
}

void test_pca(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        methods(p, reals[t]);
        for (int method = RITZ_PCA_AUTO; method <= RITZ_PCA_DUAL; method++) {
            line(p, reals[t], (ritz_pca_method)method, 3, 4);
            line(p, reals[t], (ritz_pca_method)method, -4, 3);
            line(p, reals[t], (ritz_pca_method)method, 1, 1);
            line(p, reals[t], (ritz_pca_method)method, -1, 1);
            degenerate(p, reals[t], (ritz_pca_method)method);
            fraction(p, reals[t], (ritz_pca_method)method, 0.5);
            fraction(p, reals[t], (ritz_pca_method)method, 0.95);
        }
    }
    for (size_t i = 0; i < sizeof data_cases / sizeof data_cases[0]; i++)
        data_one(p, &data_cases[i]);
    hidden_components(p, RITZ_PCA_AUTO);
    hidden_components(p, RITZ_PCA_COVARIANCE);
    test_pca_sources(p);
}
