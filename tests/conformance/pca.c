/* Principal component analysis: every method and every source against the oracle's SVD of the centred data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };
static const char *const method_names[] = {"auto", "covariance", "randomized", "exact", "dual"};
static const double inf = (double)INFINITY;

static double larger(omat X)
{
    return (double)(X.rows > X.cols ? X.rows : X.cols);
}

/* ---- a fitted model on the host --------------------------------------------------------------- */

struct fit {
    ritz_pca *pca;
    ritz_pca_report report;
    omat components, mean, variance, singular; /* k x n; columns of n, k, k */
};

static omat fetch(const struct place *p, ritz_dmat A)
{
    double *host = calloc((size_t)(A.rows * A.cols) + 1, sizeof *host);
    if (!host) abort();
    (void)expect_ok(ritz_download(p->s, A, ritz_hmat_wrap(host, RITZ_F64, A.rows, A.cols, RITZ_COL_MAJOR)));
    (void)expect_ok(ritz_stream_sync(p->s));
    omat M = omat_from_f64(host, A.rows, A.cols, 1, A.rows);
    free(host);
    return M;
}

static bool fit_rows(const struct place *p, ritz_rows rows, const ritz_pca_options *opts, struct fit *f)
{
    memset(f, 0, sizeof *f);
    f->report = (ritz_pca_report)RITZ_PCA_REPORT_INIT;
    if (!expect_ok(ritz_pca_fit(p->s, rows, opts, &f->pca, &f->report))) return false;
    f->components = fetch(p, ritz_pca_components(f->pca));
    f->mean = fetch(p, ritz_pca_mean(f->pca));
    f->variance = fetch(p, ritz_pca_explained_variance(f->pca));
    f->singular = fetch(p, ritz_pca_singular_values(f->pca));
    return true;
}

static void forget(const struct place *p, struct fit *f)
{
    omat *const all[] = {&f->components, &f->mean, &f->variance, &f->singular};
    (void)expect_ok(ritz_pca_destroy(p->s, &f->pca));
    (void)expect(f->pca == NULL, "the handle was not cleared");
    for (int i = 0; i < 4; i++) omat_destroy(all[i]);
}

/* ---- judging a fit ---------------------------------------------------------------------------- */

/* The largest difference of two vectors; +Inf if they differ in length. */
static double difference(omat a, omat b)
{
    if (a.rows != b.rows || a.cols != b.cols) return inf;
    omat d = oracle_add(a, -1, b);
    const double most = (double)oracle_norm_max(d);
    omat_destroy(&d);
    return most;
}

static double quotient(double error, double scale)
{
    return error == 0 ? 0 : error / scale;
}

/* The directions, as far as the gap behind the last one determines them (Davis and Kahan 1970). */
static void check_subspace(ritz_dtype dtype, omat X, const oracle_pca *all, omat got, double accuracy)
{
    const int64_t k = got.rows, most = all->variance.rows;
    const double first = most > 0 ? (double)all->variance.a[0] : 0;
    const double next = k < most ? (double)all->variance.a[k] : 0;
    const double gap = k == 0 ? 0 : (double)all->variance.a[k - 1] - next;
    if (gap <= 100 * larger(X) * accuracy * first) return;
    omat want = omat_block(all->components, 0, 0, k, X.cols);
    omat want_t = omat_transposed(want), got_t = omat_transposed(got);
    const double sine = (double)oracle_subspace_sine(want_t, got_t);
    (void)expect_ratio("pca subspace * gap", dtype, sine * gap / (first * larger(X) * accuracy), 30);
    omat_destroy(&want);
    omat_destroy(&want_t);
    omat_destroy(&got_t);
}

static void check_report(ritz_dtype dtype, omat X, const oracle_pca *all, const struct fit *f)
{
    const ritz_pca_report *r = &f->report;
    const int64_t k = f->components.rows, most = all->variance.rows;
    const double eps = eps_of(dtype) * larger(X), total = (double)all->total;
    long double lost = 0, kept = 0;
    for (int64_t i = 0; i < most; i++) *(i < k ? &kept : &lost) += all->variance.a[i];
    const double part = total > 0 ? (double)(lost / all->total) : 0;
    (void)expect(r->rows == X.rows && r->cols == X.cols && r->components == k, "the report's sizes are wrong");
    (void)expect(r->reason[0] && r->method_name && strcmp(r->method_name, method_names[r->method]) == 0,
                 "method %d is called %s", (int)r->method, r->method_name);
    (void)expect_ratio("pca total variance", dtype, quotient(fabs(r->total_variance - total), total * eps), 30);
    (void)expect_ratio("pca explained fraction", dtype,
                       total > 0 ? fabs(r->explained - (double)(kept / all->total)) / eps : 0, 30);
    (void)expect(r->explained >= 0 && r->explained <= 1, "explained is %g", r->explained);
    /* An identity between squares. */
    if (r->error_kind == RITZ_ERROR_EXACT)
        (void)expect_ratio("pca error identity", dtype, fabs(r->error * r->error - part) / eps, 30);
    else
        (void)expect(r->error_kind == RITZ_ERROR_BOUND && r->error >= sqrt(part), "error figure %g of kind %d", r->error, (int)r->error_kind);
    const int64_t possible = X.rows - 1 < X.cols ? X.rows - 1 : X.cols;
    const double noise = possible > k ? (double)lost / (double)(possible - k) : 0;
    (void)expect_ratio("pca noise variance", dtype, quotient(fabs(r->noise_variance - noise), total * eps), 30);
    (void)expect(r->passes >= 1 && r->seconds >= 0, "%d passes, %g s", r->passes, r->seconds);
}

/* All components of X by the oracle. They are costly and wanted again and again for the same data, so the last ones are kept. */
static const oracle_pca *reference(omat X, double divisor)
{
    enum { KEPT = 64 };
    static struct {
        omat X;
        double divisor;
        oracle_pca all;
    } kept[KEPT];
    static int next;
    const size_t bytes = (size_t)(X.rows * X.cols) * sizeof *X.a;
    for (int i = 0; i < KEPT; i++)
        if (kept[i].X.a && kept[i].X.rows == X.rows && kept[i].X.cols == X.cols &&
            fabs(kept[i].divisor - divisor) < 0.5 && memcmp(kept[i].X.a, X.a, bytes) == 0)
            return &kept[i].all;
    const int place = next++ % KEPT;
    if (kept[place].X.a) oracle_pca_destroy(&kept[place].all);
    omat_destroy(&kept[place].X);
    kept[place].X = omat_create(X.rows, X.cols);
    memcpy(kept[place].X.a, X.a, bytes); /* omat_copy need not keep the padding of a long double */
    kept[place].divisor = divisor;
    kept[place].all = oracle_pca_fit(X, X.rows < X.cols ? X.rows : X.cols, divisor);
    return &kept[place].all;
}

/* `dtype`: of computation. */
static void check_fit(ritz_dtype dtype, omat X, int64_t k, double divisor, const struct fit *f)
{
    const double eps = eps_of(dtype);
    const oracle_pca *all = reference(X, divisor);
    omat mean = omat_transposed(all->mean), V = omat_transposed(f->components);
    omat want = omat_block(all->variance, 0, 0, k, 1);
    omat want_s = omat_block(all->singular_values, 0, 0, k, 1);
    if (expect(f->components.rows == k && f->components.cols == X.cols, "%lld components of %lld features",
               (long long)f->components.rows, (long long)f->components.cols)) {
        (void)expect_ratio("pca mean", dtype,
                           quotient(difference(mean, f->mean), (double)oracle_norm_max(X) * larger(X) * 0x1p-52), 1);
        (void)expect_ratio("pca |I - V'V|", dtype, oracle_orth_ratio(V, eps), 30);
        (void)expect(oracle_sign_violation(V) < 0, "component %lld breaks the sign rule",
                     (long long)oracle_sign_violation(V));
        (void)expect_ratio("pca variances", dtype,
                           oracle_values_ratio(ORACLE_SINGULAR, want, f->variance, (int64_t)larger(X), eps), 30);
        /* What the route squared is accurate in its squares only. */
        const bool squares = f->report.method == RITZ_PCA_COVARIANCE || f->report.method == RITZ_PCA_DUAL;
        if (!squares)
            (void)expect_ratio("pca singular values", dtype,
                               oracle_values_ratio(ORACLE_SINGULAR, want_s, f->singular, (int64_t)larger(X), eps), 30);
        for (int64_t i = 0; i < k; i++)
            (void)expect(fabsl(f->singular.a[i] * f->singular.a[i] / divisor - f->variance.a[i]) <=
                             1e-14L * (long double)f->variance.a[0],
                         "variance %lld is not that of the singular value", (long long)i);
        check_subspace(dtype, X, all, f->components, eps);
        check_report(dtype, X, all, f);
    }
    omat *const done[] = {&mean, &V, &want, &want_s};
    for (int i = 0; i < 4; i++) omat_destroy(done[i]);
}

/* ---- data ------------------------------------------------------------------------------------- */

/* N x n with a falling spectrum around a mean; offset: the mean in units of the first deviation. */
static omat make_data(uint64_t seed, int64_t N, int64_t n, double decay, double offset)
{
    const int64_t most = N < n ? N : n;
    omat s = omat_create(most, 1);
    for (int64_t i = 0; i < most; i++) s.a[i] = sqrtl((long double)N) * powl((long double)decay, (long double)i);
    omat X = matgen_with_singular_values(seed, N, n, s);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < N; i++) OMAT_AT(X, i, j) += (long double)(offset * (double)(j % 5 - 1));
    omat_destroy(&s);
    return X;
}

static double divisor_of(omat X, int population)
{
    return (double)(population ? X.rows : X.rows - 1);
}

/* ---- transforms ------------------------------------------------------------------------------- */

/* (X - 1 meanᵀ) Vᵀ of the model as it is. */
static omat scores_of(const struct fit *f, omat X)
{
    omat row = omat_transposed(f->mean), Xc = oracle_centred(X, row), V = omat_transposed(f->components);
    omat Y = oracle_product(Xc, V);
    omat_destroy(&row);
    omat_destroy(&Xc);
    omat_destroy(&V);
    return Y;
}

/* Components whose variance is rounding are not whitened. */
static void whiten(const struct fit *f, omat Y, double least)
{
    for (int64_t j = 0; j < Y.cols; j++) {
        const long double v = f->variance.a[j];
        for (int64_t i = 0; i < Y.rows; i++)
            OMAT_AT(Y, i, j) = v > (long double)least * f->variance.a[0] ? OMAT_AT(Y, i, j) / sqrtl(v) : 0;
    }
}

static void check_transforms(const struct place *p, ritz_dtype dtype, const struct fit *f, const struct form *form)
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
    if (scene_finish(&sc, ritz_pca_inverse_transform(p->s, f->pca, white->mat, white_back->mat, &opts))) {
        const double eps = eps_of(dtype), least = 2 * eps * 1e4;
        omat x = item_before(X, 0), y = item_after(Y, 0), w = item_after(white, 0), b = item_after(back, 0);
        omat wb = item_after(white_back, 0);
        omat want = scores_of(f, x), scaled = omat_copy(want), unscaled = omat_copy(y);
        omat row = omat_transposed(f->mean), again = oracle_product(y, f->components);
        for (int64_t i = 0; i < ROWS; i++)
            for (int64_t j = 0; j < n; j++) OMAT_AT(again, i, j) += row.a[j];
        const double size = (double)oracle_norm_max(want) + (double)oracle_norm_max(x) * eps;
        (void)expect_ratio("pca transform", dtype, quotient(difference(want, y), size * (double)(n + 3) * eps), 30);
        (void)expect_ratio("pca inverse", dtype,
                           quotient(difference(again, b), (double)oracle_norm_max(again) * (double)(k + 3) * eps), 30);
        if (k > 0 && (double)f->variance.a[k - 1] > least * (double)f->variance.a[0]) {
            whiten(f, scaled, least);
            const double smallest = sqrt((double)f->variance.a[k - 1]);
            (void)expect_ratio("pca whiten", dtype, quotient(difference(scaled, w), size / smallest * (double)(n + 4) * eps), 30);
            (void)expect_ratio("pca whiten and back", dtype,
                               quotient(difference(again, wb), ((double)oracle_norm_max(again) + size) * (double)(k + 5) * eps), 30);
        }
        omat *const all[] = {&x, &y, &w, &b, &wb, &want, &scaled, &unscaled, &row, &again};
        for (int i = 0; i < 10; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    omat_destroy(&fresh);
}

/* ---- methods ---------------------------------------------------------------------------------- */

static void method_one(const struct place *p, const struct shape *s, ritz_dtype dtype, ritz_pca_method method,
                       int population, const struct form *form)
{
    if (!begin_case(p, "pca_fit %s %lldx%lld k %lld %s%s X %s", ritz_dtype_name(dtype), (long long)s->m,
                    (long long)s->n, (long long)s->k, method_names[method], population ? " population" : "",
                    form_name(form[0])))
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
        (void)expect(method == RITZ_PCA_AUTO || f.report.method == method, "method %s was asked for and %s was taken",
                     method_names[method], f.report.method_name);
        check_fit(dtype, data, s->k, divisor_of(data, population), &f);
        check_transforms(p, dtype, &f, form);
        omat_destroy(&data);
    }
    forget(p, &f);
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

/* ---- particular data -------------------------------------------------------------------------- */

/* Fit host data of any type and hand it to a check. */
static bool fit_host(const struct place *p, ritz_dtype stored, omat x, const ritz_pca_options *opts, struct fit *f,
                     omat *data)
{
    const size_t size = ritz_dtype_size(stored);
    unsigned char *host = calloc((size_t)(x.rows * x.cols) + 1, size);
    if (!host) abort();
    *data = omat_create(x.rows, x.cols);
    for (int64_t i = 0; i < x.rows * x.cols; i++) {
        store_element(stored, host + (size_t)i * size, x.a[i]);
        data->a[i] = load_element(stored, host + (size_t)i * size);
    }
    const bool ok = fit_rows(p, ritz_rows_hmat(ritz_hmat_wrap_const(host, stored, x.rows, x.cols, RITZ_COL_MAJOR)), opts, f);
    free(host);
    return ok;
}

/* Points on a line through the origin of direction (3, 4)/5: singular values sqrt(10), 0. */
static void line(const struct place *p, ritz_dtype dtype, ritz_pca_method method, double dx, double dy)
{
    if (!begin_case(p, "pca_fit %s %s of points on the line along (%g, %g)", ritz_dtype_name(dtype), method_names[method], dx, dy))
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
        (void)expect(fabsl(f.singular.a[0] - sqrtl(10)) <= 30 * eps * sqrtl(10), "the first singular value is %Lg", f.singular.a[0]);
        (void)expect(f.variance.a[1] <= 30 * eps, "the second variance is %Lg", f.variance.a[1]);
        (void)expect(fabs(f.report.explained - 1) <= 30 * eps, "explained %g", f.report.explained);
        (void)expect(f.report.warning[0], "no warning that there is one direction only");
        /* The entry of larger modulus is positive; equal ones are a matter of rounding. */
        const bool equal = fabs(dx) >= fabs(dy) && fabs(dx) <= fabs(dy), flip = fabs(dx) > fabs(dy) ? dx < 0 : dy < 0;
        const long double got = OMAT_AT(f.components, 0, 0), want = (flip ? -1 : 1) * (long double)dx / norm;
        (void)expect(fabsl(equal ? fabsl(got) - fabsl(want) : got - want) <= 30 * eps,
                     "the first component begins with %Lg, not %Lg", got, want);
        omat V = omat_transposed(f.components);
        (void)expect(oracle_sign_violation(V) < 0, "component %lld breaks the sign rule", (long long)oracle_sign_violation(V));
        omat_destroy(&V);
    }
    forget(p, &f);
    omat_destroy(&x);
    omat_destroy(&data);
}

struct data_case {
    const char *name;
    ritz_dtype stored, compute, want; /* compute: option, 0 for the default; want: the one that results */
    int64_t N, n, k;
    double decay, offset;
    ritz_pca_method method, result;   /* result: 0 if any */
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
    {"float64 in float32", RITZ_F64, RITZ_F32, RITZ_F32, 200, 15, 5, 0.8, 1, RITZ_PCA_COVARIANCE, 0},
    {"float32 in float64", RITZ_F32, RITZ_F64, RITZ_F64, 200, 15, 5, 0.8, 1, RITZ_PCA_EXACT, 0},
    {"tall", RITZ_F32, 0, RITZ_F32, 600, 20, 5, 0.8, 1, RITZ_PCA_AUTO, RITZ_PCA_COVARIANCE},
    {"wide", RITZ_F32, 0, RITZ_F32, 23, 4111, 5, 0.8, 1, RITZ_PCA_AUTO, RITZ_PCA_DUAL},
    {"wide", RITZ_F64, 0, RITZ_F64, 53, 1037, 5, 0.8, 1, RITZ_PCA_AUTO, 0},
    {"large", RITZ_F64, 0, RITZ_F64, 331, 277, 5, 0.5, 1, RITZ_PCA_AUTO, RITZ_PCA_RANDOMIZED},
    {"many wanted", RITZ_F64, 0, RITZ_F64, 101, 61, 55, 0.9, 1, RITZ_PCA_AUTO, RITZ_PCA_EXACT},
};

static void data_one(const struct place *p, const struct data_case *c)
{
    if (!begin_case(p, "pca_fit of %s, %s as %s, %lldx%lld k %lld %s", c->name, ritz_dtype_name(c->stored),
                    ritz_dtype_name(c->want), (long long)c->N, (long long)c->n, (long long)c->k, method_names[c->method]))
        return;
    omat x = make_data(103, c->N, c->n, c->decay, c->offset), data;
    const bool integers = c->stored == RITZ_U8 || c->stored == RITZ_I8 || c->stored == RITZ_I32 || c->stored == RITZ_I64;
    for (int64_t i = 0; integers && i < c->N * c->n; i++)
        x.a[i] = c->stored == RITZ_U8 ? 128 + 60 * x.a[i] : 60 * x.a[i];
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = c->k;
    opts.method = c->method;
    opts.dtype = c->compute;
    struct fit f;
    if (fit_host(p, c->stored, x, &opts, &f, &data)) {
        (void)expect(ritz_pca_components(f.pca).dtype == c->want, "the model is %s", ritz_dtype_name(ritz_pca_components(f.pca).dtype));
        (void)expect(!c->result || f.report.method == c->result, "method %s: %s", f.report.method_name, f.report.reason);
        check_fit(c->want, data, c->k, divisor_of(data, 0), &f);
    }
    forget(p, &f);
    omat_destroy(&x);
    omat_destroy(&data);
}

/* A component below what squares resolve in float32: auto goes on to the exact method; who insists is warned. */
static void hidden_components(const struct place *p, ritz_pca_method method)
{
    if (!begin_case(p, "pca_fit float32 400x3 with a deviation of 1e-4, %s", method_names[method])) return;
    omat x = make_data(104, 400, 3, 0.01, 0.1), data;
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.method = method;
    struct fit f;
    if (fit_host(p, RITZ_F32, x, &opts, &f, &data)) {
        const oracle_pca *want = reference(data, 399);
        const double off = (double)fabsl(f.singular.a[2] / want->singular_values.a[2] - 1);
        if (method == RITZ_PCA_AUTO) {
            (void)expect(f.report.method == RITZ_PCA_EXACT && f.report.fallbacks == 1, "method %s after %d fallbacks",
                         f.report.method_name, f.report.fallbacks);
            (void)expect(off < 0.05, "the last singular value is off by %g", off);
            (void)expect(strstr(f.report.reason, "covariance"), "the reason is \"%s\"", f.report.reason);
        } else {
            (void)expect(f.report.method == method && strstr(f.report.warning, "exact"), "the warning is \"%s\"", f.report.warning);
        }
    }
    forget(p, &f);
    omat_destroy(&x);
    omat_destroy(&data);
}

/* A feature that never changes has no part in any component, rows that repeat change nothing but weights. */
static void degenerate(const struct place *p, ritz_dtype dtype, ritz_pca_method method)
{
    if (!begin_case(p, "pca_fit %s %s with a constant feature, duplicate rows, constant data", ritz_dtype_name(dtype),
                    method_names[method]))
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
            (void)expect(fabsl(OMAT_AT(f.components, i, 2)) <= 300 * eps_of(dtype), "component %d has %Lg of the constant feature",
                         i, OMAT_AT(f.components, i, 2));
    }
    forget(p, &f);
    omat_destroy(&data);
    for (int64_t i = 0; i < 60 * 6; i++) x.a[i] = 3.5L;
    opts.components = 2;
    if (fit_host(p, dtype, x, &opts, &f, &data)) {
        (void)expect(f.variance.a[0] == 0 && f.report.total_variance == 0 && f.report.explained == 0 && f.report.error == 0,
                     "constant data has variance %Lg", f.variance.a[0]);
        (void)expect(strstr(f.report.warning, "constant"), "the warning is \"%s\"", f.report.warning);
        omat V = omat_transposed(f.components);
        (void)expect_ratio("pca |I - V'V|", dtype, oracle_orth_ratio(V, eps_of(dtype)), 30);
        omat_destroy(&V);
    }
    forget(p, &f);
    omat_destroy(&data);
    omat_destroy(&x);
}

/* k as a fraction of variance: the smallest number that reaches it. */
static void fraction(const struct place *p, ritz_dtype dtype, ritz_pca_method method, double wanted)
{
    if (!begin_case(p, "pca_fit %s %s for %g of the variance", ritz_dtype_name(dtype), method_names[method], wanted)) return;
    omat x = make_data(106, 120, 50, 0.9, 1), data;
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.method = method;
    opts.variance = wanted;
    struct fit f;
    if (fit_host(p, dtype, x, &opts, &f, &data)) {
        const oracle_pca *all = reference(data, 119);
        long double sum = 0;
        int64_t k = 0;
        while (k < 50 && sum < (long double)wanted * all->total) sum += all->variance.a[k++];
        (void)expect(f.components.rows == k, "%lld components, not %lld", (long long)f.components.rows, (long long)k);
        (void)expect(f.report.explained >= wanted - 1e-5, "explained %g", f.report.explained);
        check_fit(dtype, data, k, 119, &f);
    }
    forget(p, &f);
    omat_destroy(&x);
    omat_destroy(&data);
}

/* ---- sources ---------------------------------------------------------------------------------- */

enum source { FROM_DEVICE, FROM_HOST, FROM_FILE, FROM_FILES, FROM_FUNCTION, FROM_FUNCTION_ONCE, SOURCES };
static const char *const source_names[] = {"device matrix", "host matrix", "file", "three files", "function",
                                           "function once"};
enum { SOURCE_ROWS = 97, SOURCE_COLS = 7, SOURCE_K = 3 };
static const char *const paths[3] = {"conformance-pca-1.npy", "conformance-pca-2.npy", "conformance-pca-3.npy"};
static const char whole_path[] = "conformance-pca.npy";

struct feeder {
    const double *values; /* row-major */
    int64_t next, rows;
    int starts;
    ritz_status answer; /* to be given at the second block, if not RITZ_OK */
    bool silent;        /* delivers nothing at the second block */
};

static ritz_status feed(void *context, int rewind, int64_t count, void *dst, int64_t ld, int64_t *delivered)
{
    struct feeder *f = context;
    *delivered = 0;
    if (rewind) {
        f->next = 0;
        f->starts++;
        return RITZ_OK;
    }
    if (f->next > 0 && f->answer != RITZ_OK) return f->answer;
    if (f->next > 0 && f->silent) return RITZ_OK;
    /* Fewer than asked for is allowed. */
    while (*delivered < count && *delivered < 10 && f->next < f->rows) {
        memcpy((double *)dst + *delivered * ld, f->values + f->next * SOURCE_COLS, SOURCE_COLS * sizeof(double));
        f->next++;
        (*delivered)++;
    }
    return RITZ_OK;
}

static void source_one(const struct place *p, enum source source, ritz_pca_method method, int64_t block_rows)
{
    if (!begin_case(p, "pca_fit and transform_rows of a %s, %s, blocks of %lld", source_names[source],
                    method_names[method], (long long)block_rows))
        return;
    omat x = make_data(107, SOURCE_ROWS, SOURCE_COLS, 0.7, 1);
    double host[SOURCE_ROWS * SOURCE_COLS];
    omat_to_f64(x, host, SOURCE_COLS, 1);
    omat data = omat_from_f64(host, SOURCE_ROWS, SOURCE_COLS, SOURCE_COLS, 1);
    const ritz_hmat H = ritz_hmat_wrap(host, RITZ_F64, SOURCE_ROWS, SOURCE_COLS, RITZ_ROW_MAJOR);
    struct feeder feeder = {.values = host, .rows = SOURCE_ROWS};
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *X = add_input(&sc, "X", RITZ_F64, (struct form){RITZ_ROW_MAJOR, VIEW_PADDED}, 1, SHARE_NONE, &data);
    scene_upload(&sc);
    ritz_rows rows = ritz_rows_dmat(X->mat);
    switch (source) {
    case FROM_HOST: rows = ritz_rows_hmat(H); break;
    case FROM_FILE: rows = ritz_rows_file(whole_path); break;
    case FROM_FILES: rows = ritz_rows_files(paths, 3); break;
    case FROM_FUNCTION: rows = ritz_rows_callback(RITZ_F64, SOURCE_ROWS, SOURCE_COLS, 0, feed, &feeder); break;
    case FROM_FUNCTION_ONCE: rows = ritz_rows_callback(RITZ_F64, SOURCE_ROWS, SOURCE_COLS, 1, feed, &feeder); break;
    case FROM_DEVICE:
    case SOURCES: break;
    }
    for (int i = 0; i < 3; i++)
        (void)expect_ok(ritz_save_npy(paths[i], ritz_hmat_block(H, i * 40, 0, i < 2 ? 40 : 17, SOURCE_COLS)));
    (void)expect_ok(ritz_save_npy(whole_path, H));
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = SOURCE_K;
    opts.method = method;
    opts.block_rows = block_rows;
    struct fit f;
    if (fit_rows(p, rows, &opts, &f)) {
        check_fit(RITZ_F64, data, SOURCE_K, SOURCE_ROWS - 1, &f);
        feeder.next = 0;
        double scores[SOURCE_ROWS * SOURCE_K];
        for (int whitened = 0; whitened <= 1; whitened++) {
            const ritz_pca_transform_options t = {sizeof t, whitened};
            feeder.next = 0;
            if (!expect_ok(ritz_pca_transform_rows(p->s, f.pca, rows,
                                                   ritz_hmat_wrap(scores, RITZ_F64, SOURCE_ROWS, SOURCE_K, RITZ_COL_MAJOR), &t)))
                continue;
            omat got = omat_from_f64(scores, SOURCE_ROWS, SOURCE_K, 1, SOURCE_ROWS), want = scores_of(&f, data);
            if (whitened) whiten(&f, want, 0);
            (void)expect_ratio("pca transform_rows", RITZ_F64,
                               quotient(difference(want, got), (double)oracle_norm_max(want) * SOURCE_COLS * eps_of(RITZ_F64)), 30);
            omat_destroy(&got);
            omat_destroy(&want);
        }
    }
    forget(p, &f);
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
    for (int i = 0; i < 3; i++) (void)unlink(paths[i]);
    (void)unlink(whole_path);
    omat_destroy(&x);
    omat_destroy(&data);
}

/* ---- refusals --------------------------------------------------------------------------------- */

static int progress_calls, stop_at;
static int stop_soon(void *context, const char *phase, int64_t done, int64_t total)
{
    (void)context;
    (void)expect(phase && phase[0] && done >= 0 && done <= total, "progress %lld of %lld", (long long)done, (long long)total);
    return ++progress_calls == stop_at;
}
static int never_stop(void *context, const char *phase, int64_t done, int64_t total)
{
    (void)context, (void)phase, (void)done, (void)total;
    progress_calls++;
    return 0;
}

/* The fit is refused, leaves no model, and the stream is as it was. */
static void refused(const struct place *p, const char *name, ritz_rows rows, const ritz_pca_options *opts,
                    ritz_status code, const char *words)
{
    if (!begin_case(p, "pca_fit: %s", name)) return;
    ritz_pca *pca = (ritz_pca *)(void *)&rows;
    ritz_pca_report report = RITZ_PCA_REPORT_INIT;
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_memory_info before = RITZ_MEMORY_INFO_INIT, after = RITZ_MEMORY_INFO_INIT;
    (void)expect_ok(ritz_device_memory(p->dev, &before));
    (void)expect_error(ritz_pca_fit(p->s, rows, opts, &pca, &report), code, words);
    if (!expect(pca == NULL, "a model was left")) (void)ritz_pca_destroy(p->s, &pca);
    (void)expect_ok(ritz_stream_sync(p->s));
    (void)expect_ok(ritz_device_memory(p->dev, &after));
    (void)expect(before.matrices == after.matrices, "%lld matrices were left", (long long)(after.matrices - before.matrices));
    const struct ritz_work_mark now = ritz_work_mark(p->s);
    (void)expect(now.chunk == mark.chunk && now.used == mark.used, "the workspace was not given back");
}

static ritz_pca_options options(int64_t components, ritz_pca_method method)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = components;
    opts.method = method;
    return opts;
}

static void refusals(const struct place *p)
{
    enum { N = 30, C = SOURCE_COLS };
    double x[N * C];
    for (int i = 0; i < N * C; i++) x[i] = (double)((i * 37) % 101);
    const ritz_rows good = ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, N, C, RITZ_ROW_MAJOR));
    ritz_pca_options o = options(2, RITZ_PCA_AUTO);
    refused(p, "one row", ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, 1, C, RITZ_ROW_MAJOR)), NULL, RITZ_ERR_SHAPE, "ritz_pca_fit|two rows");
    refused(p, "no row", ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, 0, C, RITZ_ROW_MAJOR)), NULL, RITZ_ERR_SHAPE, "ritz_pca_fit|two rows");
    refused(p, "no column", ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, 4, 0, RITZ_ROW_MAJOR)), NULL, RITZ_ERR_SHAPE, "ritz_pca_fit|column");
    refused(p, "a batch", ritz_rows_hmat(ritz_hmat_batched(ritz_hmat_wrap(x, RITZ_F64, 2, C, RITZ_ROW_MAJOR), 2, 2 * C)), NULL, RITZ_ERR_SHAPE, "batch");
    o = options(C + 1, RITZ_PCA_AUTO);
    refused(p, "k > n", good, &o, RITZ_ERR_OPTION, "ritz_pca_fit|components is 8|30 x 7|at most 7");
    o = options(-1, RITZ_PCA_AUTO);
    refused(p, "k < 0", good, &o, RITZ_ERR_OPTION, "components is -1");
    o = options(2, (ritz_pca_method)5);
    refused(p, "unknown method", good, &o, RITZ_ERR_OPTION, "method 5");
    o = options(2, RITZ_PCA_AUTO);
    o.variance = 0.5;
    refused(p, "components and variance", good, &o, RITZ_ERR_OPTION, "components|variance");
    o = options(0, RITZ_PCA_AUTO);
    o.variance = 1.5;
    refused(p, "variance 1.5", good, &o, RITZ_ERR_OPTION, "variance is 1.5");
    o.variance = (double)NAN;
    refused(p, "variance NaN", good, &o, RITZ_ERR_OPTION, "variance is");
    o = options(2, RITZ_PCA_AUTO);
    o.dtype = RITZ_F16;
    refused(p, "dtype float16", good, &o, RITZ_ERR_OPTION, "dtype is float16");
    o = options(2, RITZ_PCA_RANDOMIZED);
    o.oversampling = -3;
    refused(p, "oversampling", good, &o, RITZ_ERR_OPTION, "oversampling is -3");
    o = options(2, RITZ_PCA_RANDOMIZED);
    o.power_iterations = -2;
    refused(p, "powers", good, &o, RITZ_ERR_OPTION, "power_iterations is -2");
    o = options(2, RITZ_PCA_AUTO);
    o.block_rows = -1;
    refused(p, "block rows", good, &o, RITZ_ERR_OPTION, "block_rows is -1");
    o = options(2, RITZ_PCA_AUTO);
    o.size = 1;
    refused(p, "options size", good, &o, RITZ_ERR_OPTION, "opts has size 1");
    refused(p, "an empty source", (ritz_rows){.kind = (ritz_rows_kind)0}, NULL, RITZ_ERR_ARGUMENT, "source");
    refused(p, "no file", ritz_rows_file("does-not-exist.npy"), NULL, RITZ_ERR_IO, "does-not-exist.npy");
    refused(p, "no path", ritz_rows_file(NULL), NULL, RITZ_ERR_ARGUMENT, "source");
    refused(p, "no function", ritz_rows_callback(RITZ_F64, N, C, 0, NULL, NULL), NULL, RITZ_ERR_ARGUMENT, "function");
    refused(p, "integers from a function", ritz_rows_callback(RITZ_I32, N, C, 0, feed, NULL), NULL, RITZ_ERR_DTYPE, "int32");

    struct feeder feeder = {.values = x, .rows = N, .answer = RITZ_ERR_IO};
    o = options(2, RITZ_PCA_COVARIANCE);
    o.block_rows = 10;
    refused(p, "a function that fails", ritz_rows_callback(RITZ_F64, N, C, 0, feed, &feeder), &o, RITZ_ERR_IO, "");
    feeder = (struct feeder){.values = x, .rows = N, .silent = true};
    refused(p, "a function that stops", ritz_rows_callback(RITZ_F64, N, C, 0, feed, &feeder), &o, RITZ_ERR_IO, "rows are missing");

    for (int method = RITZ_PCA_AUTO; method <= RITZ_PCA_DUAL; method++) {
        char words[32];
        for (int bad = 0; bad < N; bad += 13) {
            const double kept = x[bad * C + bad % C];
            o = options(2, (ritz_pca_method)method);
            o.block_rows = 4;
            snprintf(words, sizeof words, "ritz_pca_fit|row %d ", bad);
            x[bad * C + bad % C] = bad % 2 ? (double)NAN : (double)INFINITY;
            refused(p, "a row that is not finite", good, &o, RITZ_ERR_NOT_FINITE, words);
            x[bad * C + bad % C] = kept;
        }
        progress_calls = 0;
        o = options(2, (ritz_pca_method)method);
        o.block_rows = 4;
        o.progress = never_stop;
        struct fit f;
        if (begin_case(p, "pca_fit %s with progress", method_names[method])) {
            if (fit_rows(p, good, &o, &f)) (void)expect(progress_calls > 0, "progress was never told");
            forget(p, &f);
        }
    }
    progress_calls = 0;
    stop_at = 2;
    o = options(2, RITZ_PCA_COVARIANCE);
    o.block_rows = 4;
    o.progress = stop_soon;
    refused(p, "cancelled", good, &o, RITZ_ERR_CANCELLED, "ritz_pca_fit|covariance");
    stop_at = 1;
    for (int method = RITZ_PCA_RANDOMIZED; method <= RITZ_PCA_DUAL; method++) {
        progress_calls = 0;
        o.method = (ritz_pca_method)method;
        refused(p, "cancelled at once", good, &o, RITZ_ERR_CANCELLED, "ritz_pca_fit");
    }
}

static void transform_refusals(const struct place *p)
{
    if (!begin_case(p, "pca_transform and its relatives: wrong arguments")) return;
    enum { N = 30, C = SOURCE_COLS };
    double x[N * C], host[N * C];
    for (int i = 0; i < N * C; i++) x[i] = (double)((i * 37) % 101);
    ritz_pca_options o = options(3, RITZ_PCA_EXACT);
    struct fit f;
    if (!fit_rows(p, ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, N, C, RITZ_ROW_MAJOR)), &o, &f)) return;
    omat a = matgen_uniform(1, 6, C);
    struct scene sc;
    scene_begin(&sc, p);
    const ritz_dmat X = add_input(&sc, "X", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a)->mat;
    const ritz_dmat Y = add(&sc, "Y", ROLE_INPUT, RITZ_F64, COL_PLAIN, 6, 3, 1, SHARE_NONE, NULL)->mat;
    scene_upload(&sc);
    ritz_dmat single = X;
    single.dtype = RITZ_F32;
    const ritz_pca_transform_options bad = {1, 0};
    (void)expect_error(ritz_pca_transform(p->s, NULL, X, Y, NULL), RITZ_ERR_ARGUMENT, "ritz_pca_transform|pca is NULL");
    (void)expect_error(ritz_pca_transform(NULL, f.pca, X, Y, NULL), RITZ_ERR_ARGUMENT, "ritz_pca_transform|stream");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, single, Y, NULL), RITZ_ERR_DTYPE, "ritz_pca_transform|X is float32");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, ritz_cols(X, 0, 5), Y, NULL), RITZ_ERR_SHAPE, "X has 5 columns|7");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, X, ritz_cols(Y, 0, 2), NULL), RITZ_ERR_SHAPE, "Y is 6 x 2|6 x 3");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, X, ritz_read_only(Y), NULL), RITZ_ERR_READ_ONLY, "Y");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, X, ritz_cols(X, 1, 3), NULL), RITZ_ERR_OVERLAP, "Y|X");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, X, Y, &bad), RITZ_ERR_OPTION, "opts has size 1");
    (void)expect_error(ritz_pca_inverse_transform(p->s, f.pca, Y, ritz_cols(X, 0, 4), NULL), RITZ_ERR_SHAPE, "ritz_pca_inverse_transform|X has 4");
    (void)expect_error(ritz_pca_inverse_transform(p->s, f.pca, Y, ritz_pca_components(f.pca), NULL), RITZ_ERR_READ_ONLY, "X");
    (void)expect_error(ritz_pca_inverse_transform(p->s, NULL, Y, X, NULL), RITZ_ERR_ARGUMENT, "pca is NULL");
    const ritz_rows rows = ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, N, C, RITZ_ROW_MAJOR));
    const ritz_hmat out = ritz_hmat_wrap(host, RITZ_F64, N, 3, RITZ_ROW_MAJOR);
    (void)expect_error(ritz_pca_transform_rows(p->s, f.pca, rows, ritz_hmat_block(out, 0, 0, N - 1, 3), NULL), RITZ_ERR_SHAPE, "Y is 29 x 3|30 x 3");
    (void)expect_error(ritz_pca_transform_rows(p->s, f.pca, ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, N, 5, RITZ_ROW_MAJOR)), out, NULL),
                       RITZ_ERR_SHAPE, "ritz_pca_transform_rows|5 columns|7");
    (void)expect_error(ritz_pca_transform_rows(p->s, f.pca, rows, ritz_hmat_wrap(host, RITZ_I32, N, 3, RITZ_ROW_MAJOR), NULL), RITZ_ERR_DTYPE, "int32");
    (void)expect_error(ritz_pca_transform_rows(p->s, f.pca, ritz_rows_file("does-not-exist.npy"), out, NULL), RITZ_ERR_IO, "does-not-exist.npy");
    (void)expect_error(ritz_pca_destroy(NULL, &f.pca), RITZ_ERR_ARGUMENT, "stream");
    (void)expect(f.pca != NULL, "the model is gone although it was not destroyed");
    (void)expect(ritz_pca_components(NULL).device == NULL && ritz_pca_mean(NULL).device == NULL, "views of nothing");
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
    forget(p, &f);
    omat_destroy(&a);
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
    for (size_t i = 0; i < sizeof data_cases / sizeof data_cases[0]; i++) data_one(p, &data_cases[i]);
    hidden_components(p, RITZ_PCA_AUTO);
    hidden_components(p, RITZ_PCA_COVARIANCE);
    for (int source = 0; source < SOURCES; source++)
        for (int method = RITZ_PCA_AUTO; method <= RITZ_PCA_DUAL; method++)
            source_one(p, (enum source)source, (ritz_pca_method)method, method % 2 ? 8 : 0);
    refusals(p);
    transform_refusals(p);
}
