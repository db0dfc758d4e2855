/* Fitting, and judging a fit against the oracle's SVD of the centred data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/pca.h"

const char *const pca_method_names[] = {"auto",  "covariance", "randomized",
                                        "exact", "dual",       "incremental"};
static const double inf = (double)INFINITY;

static double larger(omat X)
{
    return (double)(X.rows > X.cols ? X.rows : X.cols);
}

/* ---- a fitted model on the host -------------------------------------------------------------- */

static omat fetch(const struct place *p, ritz_dmat A)
{
    double *host = calloc((size_t)(A.rows * A.cols) + 1, sizeof *host);
    if (!host) abort();
    (void)expect_ok(
        ritz_download(p->s, A, ritz_hmat_wrap(host, RITZ_F64, A.rows, A.cols, RITZ_COL_MAJOR)));
    (void)expect_ok(ritz_stream_sync(p->s));
    omat M = omat_from_f64(host, A.rows, A.cols, 1, A.rows);
    free(host);
    return M;
}

bool fit_rows(const struct place *p, ritz_rows rows, const ritz_pca_options *opts, struct fit *f)
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

void forget_fit(const struct place *p, struct fit *f)
{
    omat *const all[] = {&f->components, &f->mean, &f->variance, &f->singular};
    (void)expect_ok(ritz_pca_destroy(p->s, &f->pca));
    (void)expect(f->pca == NULL, "the handle was not cleared");
    for (int i = 0; i < 4; i++) omat_destroy(all[i]);
}

/* ---- judging a fit --------------------------------------------------------------------------- */

/* The largest difference of two vectors; +Inf if they differ in length. */
double largest_difference(omat a, omat b)
{
    if (a.rows != b.rows || a.cols != b.cols) return inf;
    omat d = oracle_add(a, -1, b);
    const double most = (double)oracle_norm_max(d);
    omat_destroy(&d);
    return most;
}

double error_quotient(double error, double scale)
{
    return error == 0 ? 0 : error / scale;
}

/* The directions, as far as the gap behind the last one determines them (Davis and Kahan 1970). */
static void check_subspace(ritz_dtype dtype, omat X, const oracle_pca *all, omat got,
                           double accuracy)
{
    const int64_t k = got.rows, most = all->variance.rows;
    const double first = most > 0 ? (double)all->variance.a[0] : 0;
    const double next = k < most ? (double)all->variance.a[k] : 0;
    const double gap = k == 0 ? 0 : (double)all->variance.a[k - 1] - next;
    if (gap <= 100 * larger(X) * accuracy * first) return;
    omat want = omat_block(all->components, 0, 0, k, X.cols);
    omat want_t = omat_transposed(want), got_t = omat_transposed(got);
    const double sine = (double)oracle_subspace_sine(want_t, got_t);
    (void)expect_ratio("pca subspace * gap", dtype, sine * gap / (first * larger(X) * accuracy),
                       30);
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
    (void)expect(r->rows == X.rows && r->cols == X.cols && r->components == k,
                 "the report's sizes are wrong");
    (void)expect(r->reason[0] && r->method_name &&
                     strcmp(r->method_name, pca_method_names[r->method]) == 0,
                 "method %d is called %s", (int)r->method, r->method_name);
    (void)expect_ratio("pca total variance", dtype,
                       error_quotient(fabs(r->total_variance - total), total * eps), 30);
    (void)expect_ratio("pca explained fraction", dtype,
                       total > 0 ? fabs(r->explained - (double)(kept / all->total)) / eps : 0, 30);
    (void)expect(r->explained >= 0 && r->explained <= 1, "explained is %g", r->explained);
    /* An identity between squares. */
    if (r->error_kind == RITZ_ERROR_EXACT)
        (void)expect_ratio("pca error identity", dtype, fabs(r->error * r->error - part) / eps, 30);
    else
        (void)expect(r->error_kind == RITZ_ERROR_BOUND && r->error >= sqrt(part),
                     "error figure %g of kind %d", r->error, (int)r->error_kind);
    const int64_t possible = X.rows - 1 < X.cols ? X.rows - 1 : X.cols;
    const double noise = possible > k ? (double)lost / (double)(possible - k) : 0;
    (void)expect_ratio("pca noise variance", dtype,
                       error_quotient(fabs(r->noise_variance - noise), total * eps), 30);
    (void)expect(r->passes >= 1 && r->seconds >= 0, "%d passes, %g s", r->passes, r->seconds);
}

/* All components of X by the oracle. They are costly and wanted again and again for the same data,
 * so the last ones are kept. */
const oracle_pca *reference_pca(omat X, double divisor)
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
void check_fit(ritz_dtype dtype, omat X, int64_t k, double divisor, const struct fit *f)
{
    const double eps = eps_of(dtype);
    const oracle_pca *all = reference_pca(X, divisor);
    omat mean = omat_transposed(all->mean), V = omat_transposed(f->components);
    omat want = omat_block(all->variance, 0, 0, k, 1);
    omat want_s = omat_block(all->singular_values, 0, 0, k, 1);
    if (expect(f->components.rows == k && f->components.cols == X.cols,
               "%lld components of %lld features", (long long)f->components.rows,
               (long long)f->components.cols)) {
        (void)expect_ratio("pca mean", dtype,
                           error_quotient(largest_difference(mean, f->mean),
                                          (double)oracle_norm_max(X) * larger(X) * 0x1p-52),
                           1);
        (void)expect_ratio("pca |I - V'V|", dtype, oracle_orth_ratio(V, eps), 30);
        (void)expect(oracle_sign_violation(V) < 0, "component %lld breaks the sign rule",
                     (long long)oracle_sign_violation(V));
        (void)expect_ratio(
            "pca variances", dtype,
            oracle_values_ratio(ORACLE_SINGULAR, want, f->variance, (int64_t)larger(X), eps), 30);
        /* What the route squared is accurate in its squares only. */
        const bool squares =
            f->report.method == RITZ_PCA_COVARIANCE || f->report.method == RITZ_PCA_DUAL;
        if (!squares)
            (void)expect_ratio(
                "pca singular values", dtype,
                oracle_values_ratio(ORACLE_SINGULAR, want_s, f->singular, (int64_t)larger(X), eps),
                30);
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

/* ---- data ------------------------------------------------------------------------------------ */

/* N x n with a falling spectrum around a mean; offset: the mean in units of the first deviation. */
omat make_data(uint64_t seed, int64_t N, int64_t n, double decay, double offset)
{
    const int64_t most = N < n ? N : n;
    omat s = omat_create(most, 1);
    for (int64_t i = 0; i < most; i++)
        s.a[i] = sqrtl((long double)N) * powl((long double)decay, (long double)i);
    omat X = matgen_with_singular_values(seed, N, n, s);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < N; i++)
            OMAT_AT(X, i, j) += (long double)(offset * (double)(j % 5 - 1));
    omat_destroy(&s);
    return X;
}

/* ---- transforms ------------------------------------------------------------------------------ */

/* (X - 1 meanᵀ) Vᵀ of the model as it is. */
omat scores_of(const struct fit *f, omat X)
{
    omat row = omat_transposed(f->mean), Xc = oracle_centred(X, row),
         V = omat_transposed(f->components);
    omat Y = oracle_product(Xc, V);
    omat_destroy(&row);
    omat_destroy(&Xc);
    omat_destroy(&V);
    return Y;
}

/* Components whose variance is rounding are not whitened. */
void whiten_scores(const struct fit *f, omat Y, double least)
{
    for (int64_t j = 0; j < Y.cols; j++) {
        const long double v = f->variance.a[j];
        for (int64_t i = 0; i < Y.rows; i++)
            OMAT_AT(Y, i, j) =
                v > (long double)least * f->variance.a[0] ? OMAT_AT(Y, i, j) / sqrtl(v) : 0;
    }
}
