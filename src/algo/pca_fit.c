/* Fitting principal components: the options, the choice of a route, and what is done where it does
 * not suffice.
 *
 * Source of the choice: the limits of each method. Squaring (covariance, dual) loses components
 * below √(10³u) of the first; a sketch pays when k is small beside both sizes; QR always works, in
 * the memory for R.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/bad_row.h"
#include "algo/checkpoint.h"
#include "algo/pca.h"
#include "algo/sparse.h"

/* Sizes up to which an n x n or N x N Gram matrix is formed unasked. */
enum { GRAM_MOST = 4096, TALL = 5 };
/* Up to here no sketch is worth its error. */
enum { SMALL = 256 };
enum { PHASE_BYTES = 32 << 20 };
#define SKETCH_FRACTION 0.2

/* ---- shared steps ---- */

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

ritz_status pca_find_bad_row(struct pca_fit *f)
{
    if (f->sparse) return bad_row_find_sparse(f->s, f->sparse);
    if (!f->feed) return RITZ_OK; /* of statistics, whose rows were looked at */
    return bad_row_find(f->s, f->feed, pca_block_rows(f, PHASE_BYTES));
}

/* ---- the routes ---- */

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
    [RITZ_PCA_INCREMENTAL] = {"incremental", pca_by_increments, 0},
};

const char *pca_method_name(ritz_pca_method method)
{
    return routes[method].name;
}

int pca_method_squares(ritz_pca_method method)
{
    return routes[method].squares;
}

/* ---- options ---- */

/* Callers built against the first version have shorter structs. */
enum {
    FIRST_OPTIONS = offsetof(ritz_pca_options, tolerance),
    FIRST_REPORT = offsetof(ritz_pca_report, resumed)
};

ritz_status pca_check_report(const ritz_pca_report *report)
{
    return ritz_check_options(report, FIRST_REPORT, "report");
}

void pca_write_report(const ritz_pca_report *r, ritz_pca_report *report)
{
    if (!report) return;
    const size_t size = report->size;
    memcpy(report, r, size < sizeof *r ? size : sizeof *r);
    report->size = size;
}

static ritz_status check_options(const ritz_pca_options *o)
{
    RITZ_REQUIRE(o->components >= 0, RITZ_ERR_OPTION,
                 "components is %" PRId64 "; give at least 1, or 0 for all", o->components);
    RITZ_REQUIRE(o->variance >= 0 && o->variance < 1, RITZ_ERR_OPTION,
                 "variance is %g; give a fraction between 0 and 1", o->variance);
    RITZ_REQUIRE(o->tolerance >= 0 && o->tolerance < 1, RITZ_ERR_OPTION,
                 "tolerance is %g; give a relative error between 0 and 1", o->tolerance);
    RITZ_REQUIRE((o->components > 0) + (o->variance > 0) + (o->tolerance > 0) <= 1, RITZ_ERR_OPTION,
                 "of components, variance and tolerance more than one is set; set one of them");
    RITZ_REQUIRE(o->memory >= 0, RITZ_ERR_OPTION, "memory is %" PRId64 " bytes", o->memory);
    RITZ_REQUIRE((int)o->method >= RITZ_PCA_AUTO && (int)o->method <= RITZ_PCA_INCREMENTAL,
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
    RITZ_REQUIRE(o->checkpoint_seconds >= 0, RITZ_ERR_OPTION, "checkpoint_seconds is %g",
                 o->checkpoint_seconds);
    RITZ_REQUIRE(!o->checkpoint || o->checkpoint[0], RITZ_ERR_OPTION,
                 "the path of the checkpoint is empty");
    return RITZ_OK;
}

ritz_status pca_read_options(struct pca_fit *f, const ritz_pca_options *opts)
{
    f->opts = (ritz_pca_options)RITZ_PCA_DEFAULTS;
    RITZ_TRY(ritz_check_options(opts, FIRST_OPTIONS, "opts"));
    if (opts) memcpy(&f->opts, opts, opts->size < sizeof f->opts ? opts->size : sizeof f->opts);
    return check_options(&f->opts);
}

static ritz_dtype dtype_of_computation(ritz_dtype data)
{
    const int wide = data == RITZ_F64 || data == RITZ_I32 || data == RITZ_I64;
    return wide ? RITZ_F64 : RITZ_F32;
}

/* A feed, or a sparse matrix, which has none. */
static ritz_status open_source(struct pca_fit *f, const ritz_rows *rows)
{
    if (rows->kind != RITZ_ROWS_SPARSE) return ritz_feed_open(f->s, rows, &f->feed);
    RITZ_TRY(ritz_algo_spmat_check(f->s, rows->sparse, "the source"));
    RITZ_TRY(ritz_algo_spmat_check_two_ways(rows->sparse, "the source"));
    const ritz_dtype dtype = rows->sparse->dtype;
    RITZ_REQUIRE(!f->opts.dtype || f->opts.dtype == dtype, RITZ_ERR_OPTION,
                 "dtype is %s and the sparse matrix is %s, in which the computation is then done",
                 ritz_dtype_name(f->opts.dtype), ritz_dtype_name(dtype));
    RITZ_REQUIRE(f->opts.method == RITZ_PCA_AUTO || f->opts.method == RITZ_PCA_RANDOMIZED,
                 RITZ_ERR_OPTION,
                 "method %s reads dense rows; a sparse matrix is taken by method randomized only",
                 routes[f->opts.method].name);
    f->sparse = rows->sparse;
    return RITZ_OK;
}

static ritz_rows_info source_info(const struct pca_fit *f)
{
    if (!f->sparse) return *ritz_feed_info(f->feed);
    return (ritz_rows_info){
        .rows = f->sparse->rows, .cols = f->sparse->cols, .dtype = f->sparse->dtype};
}

static ritz_status size_up(struct pca_fit *f)
{
    const ritz_rows_info info = source_info(f);
    f->N = info.rows;
    f->n = info.cols;
    f->most = f->N < f->n ? f->N : f->n;
    f->dtype = f->opts.dtype ? f->opts.dtype : dtype_of_computation(info.dtype);
    f->pass = (struct row_pass){.s = f->s,
                                .feed = f->feed,
                                .rows = f->N,
                                .progress = f->opts.progress,
                                .progress_context = f->opts.progress_context};
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

static int fits(const struct pca_fit *f, ritz_pca_method method)
{
    const struct pca_moments kind = pca_moments_kind(f, method);
    return pca_moments_fit(f, &kind);
}

/* A tolerance that only singular values resolve, which were never squared. */
static int is_fine(const struct pca_fit *f)
{
    const double allowed = f->opts.tolerance * f->opts.tolerance;
    return f->opts.tolerance > 0 && allowed < pca_gram_limit(f->dtype);
}

/* Rows that come once, and that the memory allowed does not hold. */
static ritz_pca_method choose_for_one_pass(const struct pca_fit *f, char *reason, size_t size)
{
    if (f->n <= GRAM_MOST && fits(f, RITZ_PCA_COVARIANCE)) {
        snprintf(reason, size, "the rows can be read only once, and do not fit into memory");
        return RITZ_PCA_COVARIANCE;
    }
    if (f->opts.components > 0) {
        snprintf(reason, size,
                 "the rows can be read only once, and neither they nor %" PRId64 " x %" PRId64
                 " matrices fit into memory",
                 f->n, f->n);
        return RITZ_PCA_INCREMENTAL;
    }
    snprintf(reason, size, "the rows can be read only once, and all components are wanted");
    return RITZ_PCA_EXACT;
}

static ritz_pca_method choose_unasked(const struct pca_fit *f, char *reason, size_t size)
{
    if (f->sparse) {
        snprintf(reason, size, "a sparse matrix is not made dense");
        return RITZ_PCA_RANDOMIZED;
    }
    if (is_fine(f)) {
        snprintf(reason, size, "a tolerance of %g is not resolved by squares", f->opts.tolerance);
        return RITZ_PCA_EXACT;
    }
    if (f->n <= GRAM_MOST && f->N >= TALL * f->n && fits(f, RITZ_PCA_COVARIANCE)) {
        snprintf(reason, size,
                 "%" PRId64 " columns <= %d and rows >= %d columns: one pass over the data", f->n,
                 GRAM_MOST, TALL);
        return RITZ_PCA_COVARIANCE;
    }
    const int again = ritz_feed_can_rewind(f->feed);
    if (!again && !pca_randomized_in_memory(f)) return choose_for_one_pass(f, reason, size);
    if (f->N <= GRAM_MOST && GRAM_MOST < f->n &&
        (again ? pca_dual_passes(f) > 0 : pca_dual_in_memory(f))) {
        snprintf(reason, size,
                 "%" PRId64 " rows <= %d < %" PRId64 " columns: %" PRId64 " x %" PRId64
                 " Gram matrix of the rows",
                 f->N, GRAM_MOST, f->n, f->N, f->N);
        return RITZ_PCA_DUAL;
    }
    const int few = (double)f->want <= SKETCH_FRACTION * (double)f->most || pca_demands(f);
    if (few && f->most > SMALL) {
        snprintf(reason, size, "few components of %" PRId64 " possible ones", f->most);
        return RITZ_PCA_RANDOMIZED;
    }
    if (f->opts.components > 0 && !(f->N > f->n ? fits(f, RITZ_PCA_EXACT) : pca_fits(f, 0))) {
        snprintf(reason, size, "the memory allowed holds neither the data nor its factor R");
        return RITZ_PCA_RANDOMIZED;
    }
    snprintf(reason, size, "neither side is small and many components are wanted");
    return RITZ_PCA_EXACT;
}

static ritz_pca_method choose(const struct pca_fit *f, char *reason, size_t size)
{
    if (f->opts.method == RITZ_PCA_AUTO) return choose_unasked(f, reason, size);
    snprintf(reason, size, "asked for");
    return f->opts.method;
}

/* ---- the checkpoint ---- */

static int64_t bits_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* What decides the bits of the answer, but for the rows of a block, which row_pass looks at. */
static ritz_status open_checkpoint(struct pca_fit *f, ritz_pca_method method)
{
    const ritz_pca_options *o = &f->opts;
    if (!o->checkpoint) return RITZ_OK;
    const struct checkpoint_identity identity = {
        .kind = "pca",
        .rows = f->N,
        .cols = f->n,
        .stored = source_info(f).dtype,
        .computed = f->dtype,
        .choices = {(int64_t)o->method, (int64_t)method, o->components, bits_of(o->variance),
                    bits_of(o->tolerance), o->oversampling, o->power_iterations, (int64_t)o->seed},
        .count = 8,
        .names = {"method", "method", "components", "variance", "tolerance", "oversampling",
                  "power_iterations", "seed"},
    };
    return checkpoint_open(f->s, o->checkpoint, o->checkpoint_seconds, &identity,
                           &f->pass.checkpoint);
}

/* The fit is done: a file that cannot be removed is no reason to withhold it. */
static void finish_checkpoint(const struct pca_fit *f, ritz_pca_report *r)
{
    const size_t used = strlen(r->warning);
    r->resumed = f->pass.resumed;
    r->checkpoints = checkpoint_count(f->pass.checkpoint);
    if (checkpoint_finish(f->pass.checkpoint) != RITZ_OK)
        snprintf(r->warning + used, sizeof r->warning - used,
                 "%sthe checkpoint could not be removed.", used > 0 ? " " : "");
}

/* ---- solving ---- */

int pca_is_unresolved(const struct pca_fit *f, ritz_pca_method method)
{
    if (!routes[method].squares) return 0;
    if (f->overflow) return 1;
    if (is_fine(f)) return 1;
    const double first = f->sigma[0], last = f->sigma[pca_components(f) - 1];
    return last * last < pca_gram_limit(f->dtype) * first * first;
}

void pca_warn_unresolved(const struct pca_fit *f, ritz_pca_report *r)
{
    snprintf(r->warning, sizeof r->warning,
             "components with a variance below %.1e of the first are lost in rounding: use method "
             "exact%s.",
             pca_gram_limit(f->dtype), f->dtype == RITZ_F32 ? " or dtype float64" : "");
}

static ritz_status run_route(struct pca_fit *f, ritz_pca_method method)
{
    f->overflow = 0;
    f->known = 0;
    f->accuracy = 0;
    f->sample_size = 0;
    f->cut = f->updates = 0;
    return routes[method].run(f);
}

/* A checkpoint of the pass after that of the covariance matrix tells that this did not suffice. */
static int was_unresolved(struct pca_fit *f, ritz_pca_method method)
{
    if (method != RITZ_PCA_COVARIANCE || !row_pass_behind(&f->pass)) return 0;
    f->passes++;
    return 1;
}

static ritz_status solve(struct pca_fit *f, ritz_pca_report *r)
{
    r->method = choose(f, r->reason, sizeof r->reason);
    RITZ_TRY(open_checkpoint(f, r->method));
    if (!was_unresolved(f, r->method)) {
        RITZ_TRY(run_route(f, r->method));
        if (!pca_is_unresolved(f, r->method)) return RITZ_OK;
    }
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
    pca_warn_unresolved(f, r);
    return RITZ_OK;
}

/* ---- the fit ---- */

static ritz_status fit(struct pca_fit *f, struct ritz_pca *p, ritz_pca_report *r)
{
    RITZ_TRY(size_up(f));
    RITZ_TRY(pca_open_model(f, p));
    RITZ_TRY(solve(f, r));
    RITZ_TRY(pca_close_model(f, p, r));
    finish_checkpoint(f, r);
    return RITZ_OK;
}

ritz_status ritz_pca_fit(ritz_stream *s, ritz_rows rows, const ritz_pca_options *opts,
                         ritz_pca **pca, ritz_pca_report *report)
{
    const double start = ritz_algo_seconds();
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(pca, RITZ_ERR_ARGUMENT, "pca is NULL");
    *pca = NULL;
    RITZ_TRY(pca_check_report(report));
    struct pca_fit f = {.s = s};
    RITZ_TRY(pca_read_options(&f, opts));
    struct ritz_pca *p = calloc(1, sizeof *p);
    RITZ_REQUIRE(p, RITZ_ERR_MEMORY, "no host memory for a model");
    p->device = s->device;

    ritz_pca_report r = RITZ_PCA_REPORT_INIT;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc, closed;
    RITZ_TRY_OUT(open_source(&f, &rows));
    RITZ_TRY_OUT(fit(&f, p, &r));
out:
    /* Nothing may be on its way from rows of the host, or from sigma. */
    if (rc != RITZ_OK && f.feed != NULL) (void)s->device->backend->stream_sync(s);
    closed = ritz_feed_close(&f.feed);
    if (rc == RITZ_OK) rc = closed;
    checkpoint_close(&f.pass.checkpoint);
    if (ritz_present(f.loaded)) (void)ritz_dmat_destroy(s, &f.loaded);
    ritz_work_release(s, mark);
    free(f.sigma);
    if (rc != RITZ_OK) {
        (void)ritz_pca_destroy(s, &p);
        return rc;
    }
    r.seconds = ritz_algo_seconds() - start;
    pca_write_report(&r, report);
    *pca = p;
    return RITZ_OK;
}
