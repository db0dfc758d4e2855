/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/lstsq_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
static int64_t shorter(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void drop_all(omat *const *all, size_t count)
{
    for (size_t i = 0; i < count; i++) omat_destroy(all[i]);
}
#define DROP(...)                                                                                  \
    drop_all((omat *const[]){__VA_ARGS__}, sizeof((omat *const[]){__VA_ARGS__}) / sizeof(omat *))

/* ---- problems -------------------------------------------------------------------------------- */

struct lsq_problem lsq_make_of(const char *name, ritz_dtype dtype, omat A, int64_t s,
                               long double residual)
{
    struct lsq_problem q = {.name = name, .dtype = dtype, .A = A, .rank = -1};
    const ritz_lstsq_options defaults = RITZ_LSTSQ_DEFAULTS;
    omat Y = matgen_gaussian(811, A.cols, s), Z = matgen_gaussian(812, A.rows, s);
    omat AY = oracle_product(A, Y);
    const long double fit = oracle_norm_fro(AY), noise = oracle_norm_fro(Z);
    q.o = defaults;
    q.B = oracle_add(AY, noise > 0 ? residual * (fit > 0 ? fit : 1) / noise : 0, Z);
    DROP(&Y, &Z, &AY);
    return q;
}

struct lsq_problem lsq_make(ritz_dtype dtype, int64_t m, int64_t n, int64_t s, long double kappa,
                            long double residual)
{
    omat values = matgen_spectrum(MATGEN_GEOMETRIC, shorter(m, n), kappa);
    struct lsq_problem q =
        lsq_make_of("spectrum", dtype, matgen_with_singular_values(813, m, n, values), s, residual);
    omat_destroy(&values);
    return q;
}

void lsq_drop(struct lsq_problem *q)
{
    omat_destroy(&q->A);
    omat_destroy(&q->B);
    omat_destroy(&q->w);
}

const char *lsq_name(ritz_lstsq_method method)
{
    static const char *const names[] = {
        "auto",         "normal",  "qr",   "sketch_qr", "sketch_cg", "sketch_cg_fixed",
        "sketch_solve", "minnorm", "tsqr", "lsmr"};
    return names[method];
}

bool lsq_begin(const struct place *p, const struct lsq_problem *q)
{
    return begin_case(p,
                      "lstsq %s %s %s %lldx%lld, %lld targets%s%s, lambda %g, digits %d, mixed %d, "
                      "seed %llu, rtol %g, A %s B %s X %s",
                      lsq_name(q->o.method), ritz_dtype_name(q->dtype), q->name,
                      (long long)q->A.rows, (long long)q->A.cols, (long long)q->B.cols,
                      q->w.a ? ", weights" : "", q->intercept ? ", intercept" : "", q->o.lambda,
                      q->o.digits, q->o.mixed, (unsigned long long)q->o.seed, q->o.rtol,
                      form_name(q->f[0]), form_name(q->f[1]), form_name(q->f[2]));
}

bool lsq_allows(ritz_lstsq_method method, int64_t m, int64_t n)
{
    switch (method) {
    case RITZ_LSTSQ_NORMAL:
    case RITZ_LSTSQ_QR:
    case RITZ_LSTSQ_TSQR: return m >= n;
    case RITZ_LSTSQ_SKETCH_QR:
    case RITZ_LSTSQ_SKETCH_CG:
    case RITZ_LSTSQ_SKETCH_CG_FIXED: return m >= 2 * n + 128;
    case RITZ_LSTSQ_SKETCH_SOLVE: return m >= 32 * n + 512;
    case RITZ_LSTSQ_LSMR: return false;
    case RITZ_LSTSQ_AUTO:
    case RITZ_LSTSQ_MINNORM: break;
    }
    return true;
}

/* ---- the problem that is solved -------------------------------------------------------------- */

/* diag(w)^½ [1 A] with the rows of the penalty below, or without the column; b likewise. */
static void weigh(const struct lsq_problem *q, struct lsq_run *run)
{
    omat A = item_before(run->A, 0), B = item_before(run->B, 0);
    omat w = {0, 0, NULL};
    if (run->w) w = item_before(run->w, 0);
    const int64_t m = A.rows, n = A.cols, extra = q->o.lambda > 0 ? n : 0, c = q->intercept;
    run->a = omat_create(m + extra, n + c);
    run->b = omat_create(m + extra, B.cols);
    for (int64_t i = 0; i < m; i++) {
        const long double root = w.a ? sqrtl(w.a[i]) : 1;
        if (root == 0) continue;
        if (c) OMAT_AT(run->a, i, 0) = root;
        for (int64_t j = 0; j < n; j++) OMAT_AT(run->a, i, c + j) = root * OMAT_AT(A, i, j);
        for (int64_t j = 0; j < B.cols; j++) OMAT_AT(run->b, i, j) = root * OMAT_AT(B, i, j);
    }
    for (int64_t j = 0; j < extra; j++)
        OMAT_AT(run->a, m + j, c + j) = sqrtl((long double)q->o.lambda);
    DROP(&A, &B, &w);
}

void lsq_gather(const struct lsq_problem *q, struct lsq_run *run)
{
    const int64_t n = q->A.cols, c = q->intercept;
    weigh(q, run);
    omat X = item_after(run->X, 0);
    run->x = omat_create(n + c, X.cols);
    for (int64_t j = 0; j < X.cols; j++)
        for (int64_t i = 0; i < n; i++) OMAT_AT(run->x, c + i, j) = OMAT_AT(X, i, j);
    if (c) {
        omat one = item_after(run->intercept, 0);
        for (int64_t j = 0; j < X.cols; j++) OMAT_AT(run->x, 0, j) = one.a[j];
        omat_destroy(&one);
    }
    omat_destroy(&X);
    run->r = oracle_gemm(-1, run->a, run->x, 1, run->b);
    run->size = oracle_norm_fro(run->a) * oracle_norm_fro(run->x) + oracle_norm_fro(run->b);
}

void lsq_lay_out(const struct place *p, const struct lsq_problem *q, struct lsq_run *run,
                 ritz_lstsq_options *o)
{
    const int64_t n = q->A.cols, s = q->B.cols;
    *o = q->o;
    *run = (struct lsq_run){.report = RITZ_LSTSQ_REPORT_INIT};
    struct scene *sc = &run->sc;
    scene_begin(sc, p);
    run->A = add_input(sc, "A", q->dtype, q->f[0], 1, SHARE_NONE, &q->A);
    run->B = add_input(sc, "B", q->dtype, q->f[1], 1, SHARE_NONE, &q->B);
    if (q->w.a) run->w = add_input(sc, "weights", q->dtype, q->f[1], 1, SHARE_NONE, &q->w);
    run->X = add_output(sc, "X", q->dtype, q->f[2], n, s, 1);
    if (q->intercept) run->intercept = add_output(sc, "intercept", q->dtype, q->f[2], 1, s, 1);
    run->rank = add_info(sc, COL_PLAIN, 1);
    run->norms = add_output(sc, "residual_norms", RITZ_F64, q->f[2], s, 1, 1);
    scene_upload(sc);
    if (run->w) o->weights = run->w->mat;
    if (run->intercept) o->intercept = run->intercept->mat;
    o->rank = run->rank->mat;
    o->residual_norms = run->norms->mat;
}

void lsq_solve(const struct place *p, const struct lsq_problem *q, ritz_status code,
               const char *words, struct lsq_run *run)
{
    ritz_lstsq_options o;
    lsq_lay_out(p, q, run, &o);
    run->status = ritz_lstsq(p->s, run->A->mat, run->B->mat, run->X->mat, &o, &run->report);
    if (code != RITZ_OK) (void)expect_error(run->status, code, words);
    run->usable = scene_finish(&run->sc, code == RITZ_OK ? run->status : RITZ_OK);
    if (run->usable) lsq_gather(q, run);
}

void lsq_end(struct lsq_run *run)
{
    scene_end(&run->sc);
    DROP(&run->a, &run->b, &run->x, &run->r);
}

/* ---- textbook Householder QR ----------------------------------------------------------------- */

/* A number of the data type: one rounding after each operation. */
static double fl(ritz_dtype dtype, double x)
{
    return dtype == RITZ_F32 ? (double)(float)x : x;
}

static double dot(ritz_dtype t, int64_t n, const double *x, const double *y)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum = fl(t, sum + fl(t, x[i] * y[i]));
    return sum;
}

/* y -= beta v (v'y) */
static void reflect(ritz_dtype t, int64_t n, const double *v, double beta, double *y)
{
    const double f = fl(t, beta * dot(t, n, v, y));
    for (int64_t i = 0; i < n; i++) y[i] = fl(t, y[i] - fl(t, f * v[i]));
}

/* A power of two that brings the largest entry near 1. */
static long double to_one(omat M)
{
    int e = 0;
    const long double most = oracle_norm_max(M);
    if (most > 0) (void)frexpl(most, &e);
    return ldexpl(1, -e);
}

static double *rounded(ritz_dtype t, omat M)
{
    const int64_t count = M.rows * M.cols;
    const long double scale = to_one(M);
    double *p = calloc((size_t)(count + 1), sizeof *p);
    if (!p) abort();
    for (int64_t i = 0; i < count; i++) p[i] = fl(t, (double)(M.a[i] * scale));
    return p;
}

/* X = R^-1 Q'B for a copy of [A B] scaled to 1; m >= n. Where a column is zero, so is X. */
static omat householder(ritz_dtype t, omat A, omat B)
{
    const int64_t m = A.rows, n = A.cols;
    double *a = rounded(t, A), *b = rounded(t, B), *v = calloc((size_t)m + 1, sizeof *v);
    if (!v) abort();
    for (int64_t l = 0; l < n; l++) {
        double *column = a + l * m + l;
        const int64_t rest = m - l;
        const double norm = fl(t, sqrt(dot(t, rest, column, column)));
        if (norm == 0) continue;
        memcpy(v, column, (size_t)rest * sizeof *v);
        v[0] = fl(t, v[0] + (v[0] >= 0 ? norm : -norm));
        const double beta = fl(t, 2 / dot(t, rest, v, v));
        for (int64_t j = l; j < n; j++) reflect(t, rest, v, beta, a + j * m + l);
        for (int64_t j = 0; j < B.cols; j++) reflect(t, rest, v, beta, b + j * m + l);
    }
    omat X = omat_create(n, B.cols);
    const long double unscale = to_one(A) / to_one(B);
    for (int64_t j = 0; j < B.cols; j++)
        for (int64_t i = n - 1; i >= 0; i--) {
            double x = b[i + j * m];
            for (int64_t k = i + 1; k < n; k++) {
                const double y = (double)(OMAT_AT(X, k, j) / unscale);
                x = fl(t, x - fl(t, a[i + k * m] * y));
            }
            x = a[i + i * m] == 0 ? 0 : fl(t, x / a[i + i * m]);
            OMAT_AT(X, i, j) = x * unscale;
        }
    free(a);
    free(b);
    free(v);
    return X;
}

/* ---- judging --------------------------------------------------------------------------------- */

/* |got - want| in units of `unit`; both may be 0. */
static void expect_close(const char *metric, ritz_dtype dtype, double got, long double want,
                         long double unit)
{
    const long double error = fabsl((long double)got - want);
    (void)expect_ratio(metric, dtype, error == 0 ? 0 : (double)(error / unit), 30);
}

static long double penalised_norm(const struct lsq_problem *q, const struct lsq_run *run)
{
    omat X = omat_block(run->x, q->intercept, 0, q->A.cols, run->x.cols);
    const long double norm = oracle_norm_fro(X);
    omat_destroy(&X);
    return norm;
}

static int64_t counted_rows(const struct lsq_run *run, int64_t m)
{
    int64_t count = m;
    if (!run->w) return m;
    omat w = item_before(run->w, 0);
    for (int64_t i = 0; i < m; i++) count -= w.a[i] == 0;
    omat_destroy(&w);
    return count;
}

/* Of the columns of the residual, without the rows of the penalty: these are taken off the sum of
 * squares, which leaves its error in what may be small beside it. */
static void check_norms(const struct lsq_problem *q, const struct lsq_run *run)
{
    const ritz_lstsq_report *r = &run->report;
    const long double eps = eps_of(q->dtype), root = sqrtl((long double)q->A.cols + 4);
    omat norms = item_after(run->norms, 0);
    for (int64_t j = 0; j < run->r.cols; j++) {
        omat column = omat_block(run->r, 0, j, q->A.rows, 1);
        omat whole = omat_block(run->r, 0, j, run->r.rows, 1);
        omat x = omat_block(run->x, 0, j, run->x.rows, 1);
        omat b = omat_block(run->b, 0, j, run->b.rows, 1);
        const long double size = oracle_norm_fro(run->a) * oracle_norm_fro(x) + oracle_norm_fro(b);
        const long double norm = oracle_norm_fro(column), all = oracle_norm_fro(whole);
        expect_close("lstsq column norm", q->dtype, (double)norms.a[j], norm,
                     eps * root * size * fminl(all / norm, 1 / sqrtl(eps)));
        DROP(&column, &whole, &x, &b);
    }
    expect_close("lstsq residual norm", q->dtype, r->residual_norm, oracle_norm_fro(run->r),
                 eps * root * run->size);
    const long double solution = penalised_norm(q, run);
    expect_close("lstsq solution norm", q->dtype, r->solution_norm, solution, eps * solution);
    if (!q->intercept) {
        const long double rhs = oracle_norm_fro(run->b);
        expect_close("lstsq rhs norm", q->dtype, r->rhs_norm, rhs, eps * rhs);
    }
    omat_destroy(&norms);
}

void lsq_judge_report(const struct lsq_problem *q, const struct lsq_run *run)
{
    const ritz_lstsq_report *r = &run->report;
    (void)expect(r->rows == q->A.rows && r->cols == q->A.cols && r->targets == q->B.cols,
                 "the report is of %lld x %lld with %lld targets", (long long)r->rows,
                 (long long)r->cols, (long long)r->targets);
    (void)expect(r->method_name && strcmp(r->method_name, lsq_name(r->method)) == 0 &&
                     r->reason[0] != '\0',
                 "no name or no reason");
    (void)expect(info_after(run->rank, 0) == r->rank, "rank %lld, and %lld in the report",
                 (long long)info_after(run->rank, 0), (long long)r->rank);
    (void)expect(r->rank >= 0 && r->rank <= q->A.cols, "rank %lld", (long long)r->rank);
    if (q->rank >= 0)
        (void)expect(r->rank == q->rank, "rank %lld of %lld", (long long)r->rank,
                     (long long)q->rank);
    const int64_t left = counted_rows(run, q->A.rows) - r->rank - (q->intercept ? 1 : 0);
    const double dof = left > 0 ? (double)left : 0;
    (void)expect(r->dof == dof, "dof %g, not %g", r->dof, dof);
    (void)expect(r->passes >= 0 && r->seconds >= 0, "%d passes, %g seconds", r->passes, r->seconds);
    check_norms(q, run);
}

/* What Householder QR leaves, in the same precision; 0 for m < n. */
static double reference_error(const struct lsq_problem *q, const struct lsq_run *run)
{
    if (run->a.rows < run->a.cols) return 0;
    omat X = householder(q->dtype, run->a, run->b);
    const double eta = oracle_lstsq_backward_error(run->a, X, run->b);
    omat_destroy(&X);
    return isfinite(eta) ? eta : 0;
}

void lsq_judge(const struct lsq_problem *q, const struct lsq_run *run)
{
    const double u = eps_of(q->dtype) / 2;
    const int64_t full = shorter(run->a.rows, q->A.cols);
    const double eta = oracle_lstsq_backward_error(run->a, run->x, run->b);
    const double reference = reference_error(q, run);
    double level = fmax(4 * sqrt((double)run->a.cols) * u, reference);
    /* What is cut off below the numerical rank is a backward error. */
    if (run->report.rank < full)
        level =
            fmax(level, q->o.rtol > 0 ? q->o.rtol : (double)longer(run->a.rows, run->a.cols) * u);
    (void)expect_ratio("lstsq backward error", q->dtype, eta / level, 8);
    if (!isnan(run->report.backward_error))
        (void)expect_ratio("lstsq reported error", q->dtype, run->report.backward_error / level, 8);
    lsq_judge_report(q, run);
}

/* To first order X changes by the backward error times kappa ‖x‖ + kappa² ‖r‖ / ‖A‖. */
void lsq_judge_minimum_norm(const struct lsq_problem *q, const struct lsq_run *run)
{
    omat best = omat_create(run->a.cols, run->b.cols), U, s, V;
    int64_t rank;
    oracle_lstsq(run->a.rows, run->a.cols, run->b.cols, run->a.a, run->b.a, 1e-14L, best.a, &rank);
    (void)expect(q->rank < 0 || rank == q->rank, "the oracle finds rank %lld", (long long)rank);
    oracle_svd(run->a, &U, &s, &V);
    omat E = oracle_add(run->x, -1, best);
    const long double kappa = rank > 0 ? s.a[0] / s.a[rank - 1] : 1;
    const long double unit = eps_of(q->dtype) * (long double)longer(run->a.rows, run->a.cols) *
                             (kappa * oracle_norm_fro(best) +
                              (rank > 0 ? kappa * kappa * oracle_norm_fro(run->r) / s.a[0] : 0));
    expect_close("lstsq minimum norm", q->dtype, (double)oracle_norm_fro(E), 0, unit);
    DROP(&best, &U, &s, &V, &E);
}

static void try_with(const struct place *p, const struct lsq_problem *q, bool expecting,
                     ritz_lstsq_method method, ritz_lstsq_reason reason)
{
    struct lsq_run run;
    if (!lsq_begin(p, q)) return;
    lsq_solve(p, q, RITZ_OK, NULL, &run);
    if (run.usable) {
        const ritz_lstsq_report *r = &run.report;
        if (expecting)
            (void)expect(r->method == method && r->reason_code == reason,
                         "%s was taken, reason %d: %s", r->method_name, (int)r->reason_code,
                         r->reason);
        if (r->method == RITZ_LSTSQ_SKETCH_SOLVE)
            lsq_judge_report(q, &run);
        else
            lsq_judge(q, &run);
        if (q->rank >= 0 && q->rank < q->A.cols) lsq_judge_minimum_norm(q, &run);
    }
    lsq_end(&run);
}

void lsq_try(const struct place *p, const struct lsq_problem *q)
{
    try_with(p, q, false, RITZ_LSTSQ_AUTO, RITZ_LSTSQ_REASON_ASKED);
}

void lsq_try_expecting(const struct place *p, const struct lsq_problem *q, ritz_lstsq_method method,
                       ritz_lstsq_reason reason)
{
    try_with(p, q, true, method, reason);
}
