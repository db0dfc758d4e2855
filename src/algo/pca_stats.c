/* Statistics of rows for principal components: the object, what is added to it, its files, and the
 * model that follows from it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/bad_row.h"
#include "algo/pca.h"
#include "core/state_file.h"

/* Columns up to which the covariance matrix is kept unasked. */
enum { GRAM_MOST = 4096 };

struct ritz_pca_stats {
    ritz_device *device;
    int64_t components; /* incremental: that were asked for */
    struct pca_moments m;
};

/* ---- the object -------------------------------------------------------------------------- */

static ritz_status check_stats(const ritz_stream *s, const ritz_pca_stats *stats, const char *name)
{
    RITZ_REQUIRE(stats, RITZ_ERR_ARGUMENT, "%s is NULL", name);
    RITZ_REQUIRE(stats->device == s->device, RITZ_ERR_DEVICE,
                 "%s is on another device than the stream", name);
    return RITZ_OK;
}

static ritz_status create(ritz_stream *s, const struct pca_moments *kind, int64_t components,
                          ritz_pca_stats **out)
{
    ritz_status rc;
    struct ritz_pca_stats *stats = calloc(1, sizeof *stats);
    RITZ_REQUIRE(stats, RITZ_ERR_MEMORY, "no host memory for statistics");
    stats->device = s->device;
    stats->components = components;
    stats->m = *kind;
    RITZ_TRY_OUT(pca_moments_create(s, &stats->m));
    *out = stats;
    return RITZ_OK;
out:
    (void)ritz_pca_stats_destroy(s, &stats);
    return rc;
}

/* What is to be kept of n columns. */
static ritz_status choose_kind(const ritz_pca_options *o, struct pca_moments *kind)
{
    kind->method = o->method;
    if (o->method == RITZ_PCA_AUTO)
        kind->method = kind->n <= GRAM_MOST ? RITZ_PCA_COVARIANCE : RITZ_PCA_INCREMENTAL;
    RITZ_REQUIRE(kind->method == RITZ_PCA_COVARIANCE || kind->method == RITZ_PCA_EXACT ||
                     kind->method == RITZ_PCA_INCREMENTAL,
                 RITZ_ERR_OPTION,
                 "statistics are kept by method covariance, exact or incremental, not %s",
                 pca_method_name(kind->method));
    if (kind->method != RITZ_PCA_INCREMENTAL) return RITZ_OK;
    RITZ_REQUIRE(o->components >= 1 && o->components <= kind->n, RITZ_ERR_OPTION,
                 "incremental statistics of %" PRId64
                 " columns need components from 1 to that number; it is %" PRId64,
                 kind->n, o->components);
    kind->keep = ritz_algo_sample_size(o->components, o->oversampling, kind->n);
    return RITZ_OK;
}

ritz_status ritz_pca_stats_create(ritz_stream *s, ritz_dtype dtype, int64_t cols,
                                  const ritz_pca_options *opts, ritz_pca_stats **stats)
{
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(stats, RITZ_ERR_ARGUMENT, "stats is NULL");
    *stats = NULL;
    RITZ_REQUIRE(dtype == RITZ_F32 || dtype == RITZ_F64, RITZ_ERR_DTYPE,
                 "dtype is %s; it must be float32 or float64", ritz_dtype_name(dtype));
    RITZ_REQUIRE(cols >= 1, RITZ_ERR_ARGUMENT, "cols is %" PRId64 "; it must be at least 1", cols);
    RITZ_REQUIRE(cols < INT32_MAX, RITZ_ERR_TOO_LARGE, "%" PRId64 " columns are too many", cols);
    struct pca_fit f = {.s = s};
    struct pca_moments kind = {.dtype = dtype, .n = cols};
    RITZ_TRY(pca_read_options(&f, opts));
    RITZ_TRY(choose_kind(&f.opts, &kind));
    return create(s, &kind, f.opts.components, stats);
}

ritz_status ritz_pca_stats_destroy(ritz_stream *s, ritz_pca_stats **stats)
{
    RITZ_SCOPE();
    if (!stats || !*stats) return RITZ_OK;
    RITZ_TRY(ritz_check_stream(s));
    RITZ_TRY(check_stats(s, *stats, "stats"));
    const ritz_status status = pca_moments_destroy(s, &(*stats)->m);
    free(*stats);
    *stats = NULL;
    return status;
}

ritz_status ritz_pca_stats_shape(const ritz_pca_stats *stats, int64_t *rows, int64_t *cols)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(stats, RITZ_ERR_ARGUMENT, "stats is NULL");
    if (rows) *rows = stats->m.rows;
    if (cols) *cols = stats->m.n;
    return RITZ_OK;
}

/* ---- adding ------------------------------------------------------------------------------ */

/* *good = 0 if there is a NaN or an infinity in the moments. Waits. */
static ritz_status look(struct pca_absorb *a, int *good)
{
    double bad = 0;
    ritz_dmat flag;
    RITZ_TRY(ritz_work_dmat(a->s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &flag));
    RITZ_TRY(ritz_op_fill(a->s, 0.0, flag));
    RITZ_TRY(ritz_op_finite_guard(a->s, RITZ_BOTH, a->m.mean, flag));
    RITZ_TRY(ritz_op_finite_guard(a->s, RITZ_BOTH, a->m.state, flag));
    RITZ_TRY(ritz_op_finite_guard(a->s, RITZ_BOTH, a->m.cut, flag));
    RITZ_TRY(ritz_algo_fetch(a->s, flag, &bad));
    *good = bad == 0;
    return RITZ_OK;
}

static ritz_status overflows(const struct pca_absorb *a)
{
    return ritz_fail(RITZ_ERR_NOT_FINITE, "the %s of the data overflow %s; scale the features%s",
                     a->m.method == RITZ_PCA_COVARIANCE ? "squares" : "norms",
                     ritz_dtype_name(a->m.dtype),
                     a->m.method == RITZ_PCA_COVARIANCE ? ", or use method exact" : "");
}

static ritz_status visit(ritz_stream *s, ritz_dmat block, int64_t first, void *context)
{
    (void)s;
    (void)first;
    return pca_absorb_block(context, block);
}

/* On a copy, which takes the place of the statistics when all is well. */
static ritz_status add_rows(ritz_stream *s, ritz_pca_stats *stats, struct row_pass *pass,
                            const ritz_pca_options *o)
{
    const int64_t wanted = o->block_rows ? o->block_rows : pca_absorb_rows(&stats->m, pass->rows);
    const int64_t block_rows = min_i64(wanted, pass->rows);
    int good = 1;
    struct pca_absorb a;
    RITZ_TRY(pca_absorb_open(s, &stats->m, block_rows, &a));
    RITZ_TRY(row_pass(pass, pca_method_name(a.m.method), block_rows, visit, &a));
    RITZ_TRY(look(&a, &good));
    if (!good) {
        RITZ_TRY(bad_row_find(s, pass->feed, block_rows));
        return overflows(&a);
    }
    return pca_moments_copy(s, &a.m, &stats->m);
}

ritz_status ritz_pca_stats_add_rows(ritz_stream *s, ritz_pca_stats *stats, ritz_rows rows,
                                    const ritz_pca_options *opts)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(check_stats(s, stats, "stats"));
    struct pca_fit f = {.s = s};
    RITZ_TRY(pca_read_options(&f, opts));
    struct row_pass pass = {
        .s = s, .progress = f.opts.progress, .progress_context = f.opts.progress_context};
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc, closed;
    RITZ_TRY_OUT(ritz_feed_open(s, &rows, &pass.feed));
    const ritz_rows_info *info = ritz_feed_info(pass.feed);
    pass.rows = info->rows;
    if (info->cols != stats->m.n) {
        rc = ritz_fail(RITZ_ERR_SHAPE,
                       "the rows have %" PRId64 " columns; the statistics have %" PRId64,
                       info->cols, stats->m.n);
        goto out;
    }
    if (pass.rows > 0) RITZ_TRY_OUT(add_rows(s, stats, &pass, &f.opts));
out:
    /* Nothing may be on its way from rows of the host. */
    if (rc != RITZ_OK && pass.feed != NULL) (void)s->device->backend->stream_sync(s);
    closed = ritz_feed_close(&pass.feed);
    ritz_work_release(s, mark);
    return rc != RITZ_OK ? rc : closed;
}

static ritz_status check_alike(const struct pca_moments *a, const struct pca_moments *b)
{
    RITZ_REQUIRE(a->n == b->n, RITZ_ERR_SHAPE, "stats have %" PRId64 " columns and other %" PRId64,
                 a->n, b->n);
    RITZ_REQUIRE(a->dtype == b->dtype, RITZ_ERR_DTYPE, "stats are %s and other %s",
                 ritz_dtype_name(a->dtype), ritz_dtype_name(b->dtype));
    RITZ_REQUIRE(a->method == b->method, RITZ_ERR_ARGUMENT,
                 "stats are of method %s and other of method %s", pca_method_name(a->method),
                 pca_method_name(b->method));
    RITZ_REQUIRE(a->keep == b->keep, RITZ_ERR_ARGUMENT,
                 "stats keep %" PRId64 " directions and other %" PRId64, a->keep, b->keep);
    return RITZ_OK;
}

ritz_status ritz_pca_stats_merge(ritz_stream *s, ritz_pca_stats *stats, const ritz_pca_stats *other)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(check_stats(s, stats, "stats"));
    RITZ_TRY(check_stats(s, other, "other"));
    RITZ_REQUIRE(stats != other, RITZ_ERR_OVERLAP, "statistics cannot be merged with themselves");
    RITZ_TRY(check_alike(&stats->m, &other->m));
    RITZ_TRY(ritz_check_not_capturing(s, "the number of rows is kept on the host"));
    if (other->m.rows == 0) return RITZ_OK;
    if (stats->m.rows == 0) return pca_moments_copy(s, &other->m, &stats->m);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct pca_absorb a;
    const int64_t order = stats->m.method == RITZ_PCA_INCREMENTAL ? stats->m.keep : stats->m.n;
    RITZ_TRY_OUT(pca_absorb_open(s, &stats->m, order, &a));
    RITZ_TRY_OUT(pca_absorb_moments(&a, &other->m));
    RITZ_TRY_OUT(pca_moments_copy(s, &a.m, &stats->m));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- files ------------------------------------------------------------------------------- */

static const char file_kind[] = "pca stats";
static const char file_what[] = "file of PCA statistics";

enum { METHOD, DTYPE, COLS, KEEP, COMPONENTS, ROWS, NUMBERS };
enum { MEAN, STATE, CUT, MATRICES };

/* The numbers as the file has them; the matrices are brought to the host. Waits, also after a
 * failure. */
static ritz_status to_file(ritz_stream *s, const ritz_pca_stats *stats,
                           struct ritz_state_file *file)
{
    const struct pca_moments *m = &stats->m;
    const ritz_dmat matrices[MATRICES] = {m->mean, m->state, m->cut};
    const struct ritz_backend *backend = s->device->backend;
    const int64_t numbers[NUMBERS] = {
        (int64_t)m->method, (int64_t)m->dtype, m->n, m->keep, stats->components, m->rows};
    ritz_status rc = RITZ_OK;
    memcpy(file->kind, file_kind, sizeof file_kind);
    memcpy(file->numbers, numbers, sizeof numbers);
    file->number_count = NUMBERS;
    file->matrix_count = MATRICES;
    for (int i = 0; i < MATRICES && rc == RITZ_OK; i++) {
        const ritz_dmat M = matrices[i];
        rc = ritz_hmat_create(M.dtype, RITZ_COL_MAJOR, M.rows, M.cols, &file->matrices[i]);
        if (rc == RITZ_OK) rc = backend->download(s, M, file->matrices[i]);
    }
    const ritz_status waited = ritz_stream_sync(s);
    if (waited != RITZ_OK) (void)backend->stream_sync(s);
    return rc != RITZ_OK ? rc : waited;
}

ritz_status ritz_pca_stats_save(ritz_stream *s, const ritz_pca_stats *stats, const char *path)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(check_stats(s, stats, "stats"));
    RITZ_REQUIRE(path && path[0], RITZ_ERR_ARGUMENT, "path is %s", path ? "empty" : "NULL");
    struct ritz_state_file file;
    memset(&file, 0, sizeof file);
    ritz_status rc = to_file(s, stats, &file);
    if (rc == RITZ_OK) rc = ritz_state_file_write(path, &file);
    ritz_state_file_drop(&file);
    return rc;
}

static int is_finite(ritz_hmat M)
{
    for (int64_t i = 0; i < M.rows * M.cols; i++)
        if (!isfinite(M.dtype == RITZ_F32 ? (double)((const float *)M.data)[i]
                                          : ((const double *)M.data)[i]))
            return 0;
    return 1;
}

static int is_shape(ritz_hmat M, ritz_dtype dtype, int64_t rows, int64_t cols)
{
    return M.dtype == dtype && M.rows == rows && M.cols == cols;
}

/* Statistics that the library could have written: a reader trusts no file. */
static int is_plausible(const struct ritz_state_file *file)
{
    const int64_t *n = file->numbers;
    if (file->number_count != NUMBERS || file->matrix_count != MATRICES) return 0;
    const int covariance = n[METHOD] == RITZ_PCA_COVARIANCE;
    const int incremental = n[METHOD] == RITZ_PCA_INCREMENTAL;
    const ritz_dtype dtype = covariance ? RITZ_F64 : (ritz_dtype)n[DTYPE];
    const ritz_hmat *M = file->matrices;
    if (!covariance && !incremental && n[METHOD] != RITZ_PCA_EXACT) return 0;
    if ((n[DTYPE] != RITZ_F32 && n[DTYPE] != RITZ_F64) || n[ROWS] < 0 || n[COLS] < 1 ||
        n[COLS] >= INT32_MAX)
        return 0;
    if (incremental ? n[COMPONENTS] < 1 || n[COMPONENTS] > n[KEEP] || n[KEEP] > n[COLS]
                    : n[KEEP] != 0)
        return 0;
    return is_shape(M[MEAN], RITZ_F64, n[COLS], 1) &&
           is_shape(M[STATE], dtype, n[COLS], incremental ? n[KEEP] : n[COLS]) &&
           is_shape(M[CUT], RITZ_F64, PCA_CUT_COUNT, 1) && is_finite(M[MEAN]) &&
           is_finite(M[STATE]) && is_finite(M[CUT]);
}

static ritz_status from_file(ritz_stream *s, const char *path, const struct ritz_state_file *file,
                             ritz_pca_stats **stats)
{
    RITZ_REQUIRE(strcmp(file->kind, file_kind) == 0, RITZ_ERR_FORMAT, "%s is no %s: it holds '%s'",
                 path, file_what, file->kind);
    RITZ_REQUIRE(is_plausible(file), RITZ_ERR_FORMAT,
                 "%s is damaged: its numbers are no statistics", path);
    const int64_t *n = file->numbers;
    const struct pca_moments kind = {.method = (ritz_pca_method)n[METHOD],
                                     .dtype = (ritz_dtype)n[DTYPE],
                                     .n = n[COLS],
                                     .keep = n[KEEP]};
    const struct ritz_backend *backend = s->device->backend;
    RITZ_TRY(create(s, &kind, n[COMPONENTS], stats));
    (*stats)->m.rows = n[ROWS];
    ritz_status rc = backend->upload(s, file->matrices[MEAN], (*stats)->m.mean);
    if (rc == RITZ_OK) rc = backend->upload(s, file->matrices[STATE], (*stats)->m.state);
    if (rc == RITZ_OK) rc = backend->upload(s, file->matrices[CUT], (*stats)->m.cut);
    const ritz_status waited = backend->stream_sync(s); /* what was read goes now */
    return rc != RITZ_OK ? rc : waited;
}

ritz_status ritz_pca_stats_load(ritz_stream *s, const char *path, ritz_pca_stats **stats)
{
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(stats, RITZ_ERR_ARGUMENT, "stats is NULL");
    *stats = NULL;
    RITZ_REQUIRE(path && path[0], RITZ_ERR_ARGUMENT, "path is %s", path ? "empty" : "NULL");
    struct ritz_state_file file;
    ritz_pca_stats *loaded = NULL;
    RITZ_TRY(ritz_state_file_read(path, file_what, &file));
    const ritz_status rc = from_file(s, path, &file, &loaded);
    ritz_state_file_drop(&file);
    if (rc != RITZ_OK)
        (void)ritz_pca_stats_destroy(s, &loaded);
    else
        *stats = loaded;
    return rc;
}

/* ---- the model --------------------------------------------------------------------------- */

static ritz_status size_up(struct pca_fit *f, const ritz_pca_stats *stats)
{
    const struct pca_moments *m = &stats->m;
    f->dtype = m->dtype;
    f->N = m->rows;
    f->n = m->n;
    f->most = min_i64(f->N, f->n);
    RITZ_REQUIRE(f->N >= 2, RITZ_ERR_SHAPE,
                 "a variance needs at least two rows, and the statistics have %" PRId64, f->N);
    const int64_t most = m->keep ? min_i64(f->most, m->keep) : f->most;
    RITZ_REQUIRE(f->opts.components <= most, RITZ_ERR_OPTION,
                 "components is %" PRId64 "; statistics of %" PRId64 " rows and %" PRId64
                 " columns, of method %s, have at most %" PRId64,
                 f->opts.components, f->N, f->n, pca_method_name(m->method), most);
    f->passes = 1; /* that of the statistics */
    f->want = most;
    if (!pca_demands(f) && m->keep) f->want = min_i64(most, stats->components);
    if (f->opts.components) f->want = f->opts.components;
    return RITZ_OK;
}

static ritz_status solve(struct pca_fit *f, const struct pca_moments *m)
{
    RITZ_TRY(ritz_op_copy(f->s, m->mean, f->mean));
    switch (m->method) {
    case RITZ_PCA_COVARIANCE:
        RITZ_TRY(pca_covariance_open(f));
        return pca_covariance_components(f, m);
    case RITZ_PCA_INCREMENTAL: RITZ_TRY(pca_exact_open(f)); return pca_incremental_components(f, m);
    default: RITZ_TRY(pca_exact_open(f)); return pca_svd_components(f, m->state);
    }
}

static ritz_status fit(struct pca_fit *f, const ritz_pca_stats *stats, struct ritz_pca *p,
                       ritz_pca_report *r)
{
    RITZ_TRY(size_up(f, stats));
    RITZ_TRY(pca_open_model(f, p));
    RITZ_TRY(solve(f, &stats->m));
    RITZ_REQUIRE(!f->overflow, RITZ_ERR_NOT_FINITE, "the statistics are not finite");
    const int64_t k = pca_components(f);
    RITZ_REQUIRE(!pca_demands(f) || pca_explains(f, k), RITZ_ERR_OPTION,
                 "the %" PRId64 " directions that the statistics keep do not explain that much; "
                 "make statistics with more components",
                 k);
    r->method = stats->m.method;
    snprintf(r->reason, sizeof r->reason, "statistics of %" PRId64 " rows", f->N);
    if (pca_is_unresolved(f, r->method)) pca_warn_unresolved(f, r);
    return pca_close_model(f, p, r);
}

ritz_status ritz_pca_stats_fit(ritz_stream *s, const ritz_pca_stats *stats,
                               const ritz_pca_options *opts, ritz_pca **pca,
                               ritz_pca_report *report)
{
    const double start = ritz_algo_seconds();
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(pca, RITZ_ERR_ARGUMENT, "pca is NULL");
    *pca = NULL;
    RITZ_TRY(check_stats(s, stats, "stats"));
    RITZ_TRY(pca_check_report(report));
    struct pca_fit f = {.s = s};
    RITZ_TRY(pca_read_options(&f, opts));
    struct ritz_pca *p = calloc(1, sizeof *p);
    RITZ_REQUIRE(p, RITZ_ERR_MEMORY, "no host memory for a model");
    p->device = s->device;
    ritz_pca_report r = RITZ_PCA_REPORT_INIT;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_status rc = fit(&f, stats, p, &r);
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
