/* Fitting principal components: the choice of a route, its result as a model, and the report.
 *
 * Source of the choice: the limits of each method. Squaring (covariance, dual) loses components
 * below √(10³u) of the first;
 * a sketch pays when k is small beside both sizes; QR always works.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "algo/pca.h"

/* Sizes up to which an n x n or N x N Gram matrix is formed unasked. */
enum { GRAM_MOST = 4096, TALL = 5 };
/* Up to here no sketch is worth its error. */
enum { SMALL = 256 };
enum { PHASE_BYTES = 32 << 20 };
#define SKETCH_FRACTION 0.2

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double unit_roundoff(ritz_dtype dtype)
{
    return (dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON) / 2;
}

/* ---- shared steps ---- */

double pca_gram_limit(ritz_dtype dtype)
{
    return 1e3 * unit_roundoff(dtype);
}

ritz_status pca_progress(const struct pca_fit *f, const char *phase, int64_t done)
{
    if (!f->opts.progress) return RITZ_OK;
    RITZ_REQUIRE(f->opts.progress(f->opts.progress_context, phase, done, f->N) == 0,
                 RITZ_ERR_CANCELLED, "stopped in phase %s after %" PRId64 " of %" PRId64 " rows",
                 phase, done, f->N);
    return RITZ_OK;
}

int64_t pca_block_rows(const struct pca_fit *f, int64_t bytes)
{
    if (f->opts.block_rows) return f->opts.block_rows;
    /* Views cost nothing: blocks of them need only be small enough to show progress. */
    if (ritz_feed_in_place(f->feed)) bytes = PHASE_BYTES;
    const int64_t row = f->n * (int64_t)ritz_dtype_size(ritz_feed_info(f->feed)->dtype);
    const int64_t rows = bytes / row / 512 * 512;
    return rows < 512 ? 512 : rows;
}

ritz_status pca_all_rows(struct pca_fit *f, ritz_dmat *A)
{
    if (ritz_present(f->loaded)) {
        *A = f->loaded;
        return RITZ_OK;
    }
    return ritz_feed_all(f->feed, A, &f->loaded);
}

ritz_status pca_mean(struct pca_fit *f, ritz_dmat A)
{
    f->passes++;
    RITZ_TRY(ritz_op_col_sums(f->s, A, f->mean));
    return ritz_op_scale(f->s, 1.0 / (double)f->N, f->mean);
}

ritz_dmat pca_diagonal(ritz_dmat G)
{
    ritz_dmat d = ritz_dmat_wrap(G.device, G.data, G.dtype, G.rows, 1, RITZ_ROW_MAJOR);
    return ritz_with_ld(d, G.ld + 1);
}

ritz_status pca_fetch(struct pca_fit *f, ritz_dmat v, double *values)
{
    ritz_status status = f->s->device->backend->download(
        f->s, v, ritz_hmat_wrap(values, RITZ_F64, v.rows, 1, RITZ_COL_MAJOR));
    if (status == RITZ_OK) status = ritz_stream_sync(f->s);
    /* After a failure `values` may go at once: nothing may be on its way there. */
    if (status != RITZ_OK) (void)f->s->device->backend->stream_sync(f->s);
    return status;
}

void pca_roots(struct pca_fit *f, int64_t count)
{
    for (int64_t i = 0; i < count; i++) f->sigma[i] = f->sigma[i] > 0 ? sqrt(f->sigma[i]) : 0;
    f->known = count;
}

/* The first row of a block whose sum is not finite, or -1. */
static ritz_status bad_row_of_block(struct pca_fit *f, ritz_dmat block, int64_t *row)
{
    const struct ritz_work_mark mark = ritz_work_mark(f->s);
    ritz_status rc;
    ritz_dmat sums;
    double *host = malloc((size_t)block.rows * sizeof *host);
    RITZ_REQUIRE(host, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " row sums", block.rows);
    RITZ_TRY_OUT(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, block.rows, 1, 1, &sums));
    RITZ_TRY_OUT(ritz_op_col_sums(f->s, ritz_t(block), sums));
    RITZ_TRY_OUT(pca_fetch(f, sums, host));
    *row = -1;
    for (int64_t i = 0; i < block.rows && *row < 0; i++)
        if (!isfinite(host[i])) *row = i;
out:
    free(host);
    ritz_work_release(f->s, mark);
    return rc;
}

ritz_status pca_find_bad_row(struct pca_fit *f)
{
    RITZ_REQUIRE(ritz_feed_can_rewind(f->feed), RITZ_ERR_NOT_FINITE,
                 "the data has a NaN or an infinity; remove or impute it");
    RITZ_TRY(ritz_feed_start(f->feed, pca_block_rows(f, PHASE_BYTES)));
    for (int64_t count = 0; count < f->N;) {
        ritz_dmat block;
        int64_t row = -1;
        RITZ_TRY(ritz_feed_next(f->feed, &block));
        RITZ_TRY(bad_row_of_block(f, block, &row));
        RITZ_REQUIRE(row < 0, RITZ_ERR_NOT_FINITE,
                     "row %" PRId64
                     " (counted from 0) has a NaN or an infinity; remove or impute it",
                     count + row);
        count += block.rows;
    }
    return RITZ_OK;
}

/* ---- options ---- */

static ritz_status read_options(struct pca_fit *f, const ritz_pca_options *opts)
{
    const ritz_pca_options defaults = RITZ_PCA_DEFAULTS;
    RITZ_TRY(ritz_check_options(opts, sizeof defaults, "opts"));
    f->opts = opts ? *opts : defaults;
    const ritz_pca_options *o = &f->opts;
    RITZ_REQUIRE(o->components >= 0, RITZ_ERR_OPTION,
                 "components is %" PRId64 "; give at least 1, or 0 for all", o->components);
    RITZ_REQUIRE(o->variance >= 0 && o->variance < 1, RITZ_ERR_OPTION,
                 "variance is %g; give a fraction between 0 and 1", o->variance);
    RITZ_REQUIRE(!(o->components && o->variance > 0), RITZ_ERR_OPTION,
                 "components and variance are both set; set one of them");
    RITZ_REQUIRE((int)o->method >= RITZ_PCA_AUTO && (int)o->method <= RITZ_PCA_DUAL,
                 RITZ_ERR_OPTION, "method %d is not known", (int)o->method);
    RITZ_REQUIRE((int)o->dtype == 0 || o->dtype == RITZ_F32 || o->dtype == RITZ_F64,
                 RITZ_ERR_OPTION, "dtype is %s; computation is in float32 or float64",
                 ritz_dtype_name(o->dtype));
    RITZ_REQUIRE(o->block_rows >= 0, RITZ_ERR_OPTION, "block_rows is %" PRId64, o->block_rows);
    RITZ_REQUIRE(o->oversampling >= 0, RITZ_ERR_OPTION, "oversampling is %" PRId64,
                 o->oversampling);
    RITZ_REQUIRE(o->power_iterations >= RITZ_POWER_ITERATIONS_NONE, RITZ_ERR_OPTION,
                 "power_iterations is %d; give at least 1, 0 for the default, or "
                 "RITZ_POWER_ITERATIONS_NONE",
                 o->power_iterations);
    return RITZ_OK;
}

static ritz_dtype dtype_of_computation(ritz_dtype data)
{
    const int wide = data == RITZ_F64 || data == RITZ_I32 || data == RITZ_I64;
    return wide ? RITZ_F64 : RITZ_F32;
}

static ritz_status size_up(struct pca_fit *f)
{
    const ritz_rows_info *info = ritz_feed_info(f->feed);
    f->N = info->rows;
    f->n = info->cols;
    f->most = f->N < f->n ? f->N : f->n;
    f->dtype = f->opts.dtype ? f->opts.dtype : dtype_of_computation(info->dtype);
    RITZ_REQUIRE(f->N >= 2, RITZ_ERR_SHAPE,
                 "a variance needs at least two rows, and the data has %" PRId64, f->N);
    RITZ_REQUIRE(f->n >= 1, RITZ_ERR_SHAPE, "the data has no columns");
    RITZ_REQUIRE(f->opts.components <= f->most, RITZ_ERR_OPTION,
                 "components is %" PRId64 "; %" PRId64 " x %" PRId64 " data has at most %" PRId64,
                 f->opts.components, f->N, f->n, f->most);
    f->want = f->opts.components ? f->opts.components : f->most;
    return RITZ_OK;
}

/* ---- the choice of a route ---- */

struct route {
    const char *name;
    ritz_status (*run)(struct pca_fit *f);
    int squares; /* works on a Gram matrix, so small components drown */
};

static const struct route routes[] = {
    [RITZ_PCA_COVARIANCE] = {"covariance", pca_by_covariance, 1},
    [RITZ_PCA_RANDOMIZED] = {"randomized", pca_by_sketch, 0},
    [RITZ_PCA_EXACT] = {"exact", pca_by_qr, 0},
    [RITZ_PCA_DUAL] = {"dual", pca_by_dual, 1},
};

static ritz_pca_method choose(const struct pca_fit *f, char *reason, size_t size)
{
    if (f->opts.method != RITZ_PCA_AUTO) {
        snprintf(reason, size, "asked for");
        return f->opts.method;
    }
    if (f->n <= GRAM_MOST && f->N >= TALL * f->n) {
        snprintf(reason, size,
                 "%" PRId64 " columns <= %d and rows >= %d columns: one pass over the data", f->n,
                 GRAM_MOST, TALL);
        return RITZ_PCA_COVARIANCE;
    }
    if (f->N <= GRAM_MOST && GRAM_MOST < f->n) {
        snprintf(reason, size,
                 "%" PRId64 " rows <= %d < %" PRId64 " columns: %" PRId64 " x %" PRId64
                 " Gram matrix of the rows",
                 f->N, GRAM_MOST, f->n, f->N, f->N);
        return RITZ_PCA_DUAL;
    }
    const int few = (double)f->want <= SKETCH_FRACTION * (double)f->most || f->opts.variance > 0;
    if (few && f->most > SMALL) {
        snprintf(reason, size, "few components of %" PRId64 " possible ones", f->most);
        return RITZ_PCA_RANDOMIZED;
    }
    snprintf(reason, size, "neither side is small and many components are wanted");
    return RITZ_PCA_EXACT;
}

/* How many components the user gets: as asked, or by the fraction of variance. */
static int64_t components(const struct pca_fit *f)
{
    if (f->opts.variance == 0) return f->want;
    double sum = 0;
    int64_t k = 0;
    while (k < f->known && k < f->V.cols && sum < f->opts.variance * f->sumsq)
        sum += f->sigma[k] * f->sigma[k], k++;
    return k < 1 ? 1 : k;
}

/* A Gram matrix was squared and does not resolve the last component that the user gets. */
static int unresolved(const struct pca_fit *f, ritz_pca_method method)
{
    if (!routes[method].squares) return 0;
    if (f->overflow) return 1;
    const double first = f->sigma[0], last = f->sigma[components(f) - 1];
    return last * last < pca_gram_limit(f->dtype) * first * first;
}

static ritz_status run_route(struct pca_fit *f, ritz_pca_method method)
{
    f->overflow = 0;
    f->known = 0;
    return routes[method].run(f);
}

static ritz_status solve(struct pca_fit *f, ritz_pca_report *r)
{
    r->method = choose(f, r->reason, sizeof r->reason);
    RITZ_TRY(run_route(f, r->method));
    if (!unresolved(f, r->method)) return RITZ_OK;
    if (f->opts.method == RITZ_PCA_AUTO && ritz_feed_can_rewind(f->feed)) {
        snprintf(r->reason, sizeof r->reason, "the %s method in %s %s; QR does not square",
                 routes[r->method].name, ritz_dtype_name(f->dtype),
                 f->overflow ? "overflows" : "loses the smallest of the wanted components");
        r->method = RITZ_PCA_EXACT;
        r->fallbacks++;
        return run_route(f, RITZ_PCA_EXACT);
    }
    RITZ_REQUIRE(!f->overflow, RITZ_ERR_NOT_FINITE,
                 "the squares of the data overflow %s; use method exact, or scale the features",
                 ritz_dtype_name(f->dtype));
    snprintf(r->warning, sizeof r->warning,
             "components with a variance below %.1e of the first are lost in rounding: use method "
             "exact%s.",
             pca_gram_limit(f->dtype), f->dtype == RITZ_F32 ? " or dtype float64" : "");
    return RITZ_OK;
}

/* ---- the report ---- */

static double divisor(const struct pca_fit *f)
{
    return (double)(f->opts.population ? f->N : f->N - 1);
}

static void warn(ritz_pca_report *r, const char *text)
{
    const size_t used = strlen(r->warning);
    snprintf(r->warning + used, sizeof r->warning - used, "%s%s", used > 0 ? " " : "", text);
}

static void describe(const struct pca_fit *f, int64_t k, ritz_pca_report *r)
{
    const double u = unit_roundoff(f->dtype), larger = (double)(f->N > f->n ? f->N : f->n);
    const double first = f->sigma[0];
    double kept = 0;
    for (int64_t i = k - 1; i >= 0; i--) kept += f->sigma[i] * f->sigma[i];
    const double lost = f->sumsq > kept ? f->sumsq - kept : 0;

    r->method_name = routes[r->method].name;
    r->rows = f->N;
    r->cols = f->n;
    r->components = k;
    r->passes = f->passes;
    for (r->rank = 0; r->rank < k; r->rank++)
        if (f->sigma[r->rank] <= larger * 2 * u * first) break;
    r->error_kind = RITZ_ERROR_EXACT;
    r->error = f->sumsq > 0 ? sqrt(lost / f->sumsq) : 0;
    r->resolution = sqrt(2 * u);
    r->value_accuracy =
        routes[r->method].squares ? pca_gram_limit(f->dtype) : pow((double)f->n * u, 2);
    r->total_variance = f->sumsq / divisor(f);
    r->explained = f->sumsq > 0 ? kept / f->sumsq : 0;
    if (r->explained > 1) r->explained = 1;
    const int64_t possible = f->N - 1 < f->n ? f->N - 1 : f->n;
    r->noise_variance = possible > k ? lost / divisor(f) / (double)(possible - k) : 0;

    r->gap = 0;
    if (k < f->known && f->sigma[k] > 0) r->gap = f->sigma[k - 1] / f->sigma[k];
    if (r->rank < k)
        warn(r, "the data has fewer independent directions than components were asked for.");
    /* Davis and Kahan 1970: the angle of the subspace is bounded by rounding over the gap of the
     * squares. */
    if (k < f->known && r->rank == k) {
        const double gap = f->sigma[k - 1] * f->sigma[k - 1] - f->sigma[k] * f->sigma[k];
        if (gap <= 1e3 * u * first * first)
            warn(r, "the last component and the next have nearly equal variance: which of their "
                    "directions is returned is arbitrary.");
    }
    if (f->sumsq == 0) warn(r, "the data is constant: there is no variance to explain.");
}

/* ---- the model ---- */

static ritz_status upload_vector(ritz_stream *s, double *values, int64_t k, ritz_dmat *v)
{
    RITZ_TRY(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, k, 1, v));
    return ritz_upload(s, ritz_hmat_wrap(values, RITZ_F64, k, 1, RITZ_COL_MAJOR), *v);
}

/* Components, singular values, variances and deviations; `scratch` has room for 2k numbers and
 * lives
 * until the stream has passed. */
static ritz_status build(struct pca_fit *f, int64_t k, double *scratch, struct ritz_pca *p)
{
    double *variance = scratch, *deviation = scratch + k;
    const double larger = (double)(f->N > f->n ? f->N : f->n);
    const double least = larger * 2 * unit_roundoff(f->dtype);
    for (int64_t i = 0; i < k; i++) {
        variance[i] = f->sigma[i] * f->sigma[i] / divisor(f);
        deviation[i] = variance[i] > least * variance[0] ? sqrt(variance[i]) : 0;
    }
    RITZ_TRY(upload_vector(f->s, f->sigma, k, &p->singular));
    RITZ_TRY(upload_vector(f->s, variance, k, &p->variance));
    RITZ_TRY(upload_vector(f->s, deviation, k, &p->deviation));
    RITZ_TRY(ritz_dmat_create(f->s, f->dtype, RITZ_ROW_MAJOR, k, f->n, &p->components));
    RITZ_TRY(ritz_op_copy(f->s, ritz_t(ritz_cols(f->V, 0, k)), p->components));
    /* Rounding to T may have made two entries equally large: the rule holds for what is
     * delivered. */
    return ritz_op_sign_cols(f->s, ritz_t(p->components), RITZ_NO_MAT);
}

static ritz_status fit(struct pca_fit *f, struct ritz_pca *p, ritz_pca_report *r)
{
    ritz_status rc = RITZ_OK;
    double *scratch = NULL;
    RITZ_TRY(size_up(f));
    RITZ_TRY(ritz_dmat_create(f->s, RITZ_F64, RITZ_COL_MAJOR, f->n, 1, &p->mean));
    f->mean = p->mean;
    f->sigma = malloc(((size_t)f->most + 1) * sizeof *f->sigma);
    RITZ_REQUIRE(f->sigma, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " singular values",
                 f->most);
    RITZ_TRY(solve(f, r));
    const int64_t k = components(f);
    describe(f, k, r);
    scratch = malloc(2 * (size_t)k * sizeof *scratch);
    RITZ_REQUIRE(scratch, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " variances", k);
    RITZ_TRY_OUT(build(f, k, scratch, p));
    RITZ_TRY_OUT(ritz_stream_sync(f->s));
out:
    if (rc != RITZ_OK) (void)f->s->device->backend->stream_sync(f->s);
    free(scratch);
    return rc;
}

ritz_status ritz_pca_fit(ritz_stream *s, ritz_rows rows, const ritz_pca_options *opts,
                         ritz_pca **pca, ritz_pca_report *report)
{
    const double start = now();
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(pca, RITZ_ERR_ARGUMENT, "pca is NULL");
    *pca = NULL;
    RITZ_TRY(ritz_check_options(report, sizeof(ritz_pca_report), "report"));
    struct pca_fit f = {.s = s};
    RITZ_TRY(read_options(&f, opts));
    struct ritz_pca *p = calloc(1, sizeof *p);
    RITZ_REQUIRE(p, RITZ_ERR_MEMORY, "no host memory for a model");
    p->device = s->device;

    ritz_pca_report r = RITZ_PCA_REPORT_INIT;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc, closed;
    RITZ_TRY_OUT(ritz_feed_open(s, &rows, &f.feed));
    RITZ_TRY_OUT(fit(&f, p, &r));
out:
    closed = ritz_feed_close(&f.feed);
    if (rc == RITZ_OK) rc = closed;
    if (ritz_present(f.loaded)) (void)ritz_dmat_destroy(s, &f.loaded);
    ritz_work_release(s, mark);
    free(f.sigma);
    if (rc != RITZ_OK) {
        (void)ritz_pca_destroy(s, &p);
        return rc;
    }
    r.seconds = now() - start;
    r.size = report ? report->size : 0;
    if (report) memcpy(report, &r, r.size < sizeof r ? r.size : sizeof r);
    *pca = p;
    return RITZ_OK;
}
