/* Statistics of rows: the object, what is added to it, and its files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/lstsq_stats.h"

#include <stdlib.h>

#include "core/stats_file.h"

/* In float64, whatever the data is: the means may be large beside the spread. */
ritz_status lstsq_stats_intercept(ritz_stream *s, ritz_dmat mean_a, ritz_dmat mean_b, ritz_dmat X,
                                  ritz_dmat c)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W, v;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, X.rows, X.cols, X.batch, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, X.cols, 1, X.batch, &v));
    RITZ_TRY_OUT(ritz_op_copy(s, X, W));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_broadcast(mean_b, X.batch), v));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, ritz_t(W), ritz_broadcast(mean_a, X.batch), 1.0, v));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_t(v), c));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the object -------------------------------------------------------------------------- */

ritz_status lstsq_stats_check(const ritz_stream *s, const ritz_lstsq_stats *stats, const char *name)
{
    RITZ_REQUIRE(stats, RITZ_ERR_ARGUMENT, "%s is NULL", name);
    RITZ_REQUIRE(stats->device == s->device, RITZ_ERR_DEVICE,
                 "%s is on another device than the stream", name);
    return RITZ_OK;
}

static ritz_status create(ritz_stream *s, ritz_dtype dtype, int64_t cols, int64_t targets,
                          ritz_lstsq_stats **out)
{
    struct ritz_lstsq_stats *stats = calloc(1, sizeof *stats);
    ritz_status rc;
    RITZ_REQUIRE(stats, RITZ_ERR_MEMORY, "no host memory for statistics");
    stats->device = s->device;
    stats->cols = cols;
    stats->targets = targets;
    const int64_t q = cols + targets;
    RITZ_TRY_OUT(ritz_dmat_create(s, dtype, RITZ_COL_MAJOR, q, q, &stats->c.factor));
    RITZ_TRY_OUT(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, q, 2, &stats->c.means));
    if (q > 0) {
        RITZ_TRY_OUT(ritz_op_fill(s, 0.0, stats->c.factor));
        RITZ_TRY_OUT(ritz_op_fill(s, 0.0, stats->c.means));
    }
    *out = stats;
    return RITZ_OK;
out:
    (void)ritz_lstsq_stats_destroy(s, &stats);
    return rc;
}

ritz_status ritz_lstsq_stats_create(ritz_stream *s, ritz_dtype dtype, int64_t cols, int64_t targets,
                                    ritz_lstsq_stats **stats)
{
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(stats, RITZ_ERR_ARGUMENT, "stats is NULL");
    *stats = NULL;
    RITZ_REQUIRE(dtype == RITZ_F32 || dtype == RITZ_F64, RITZ_ERR_DTYPE,
                 "dtype is %s; it must be float32 or float64", ritz_dtype_name(dtype));
    RITZ_REQUIRE(cols >= 0 && targets >= 0, RITZ_ERR_ARGUMENT,
                 "cols is %" PRId64 " and targets %" PRId64 "; they cannot be negative", cols,
                 targets);
    RITZ_REQUIRE(cols < INT32_MAX && targets < INT32_MAX, RITZ_ERR_TOO_LARGE,
                 "%" PRId64 " columns and %" PRId64 " targets are too many", cols, targets);
    return create(s, dtype, cols, targets, stats);
}

ritz_status ritz_lstsq_stats_destroy(ritz_stream *s, ritz_lstsq_stats **stats)
{
    RITZ_SCOPE();
    if (!stats || !*stats) return RITZ_OK;
    RITZ_TRY(ritz_check_stream(s));
    RITZ_TRY(lstsq_stats_check(s, *stats, "stats"));
    const ritz_status first = ritz_dmat_destroy(s, &(*stats)->c.factor);
    const ritz_status second = ritz_dmat_destroy(s, &(*stats)->c.means);
    free(*stats);
    *stats = NULL;
    return first != RITZ_OK ? first : second;
}

ritz_status ritz_lstsq_stats_shape(const ritz_lstsq_stats *stats, int64_t *rows, int64_t *cols,
                                   int64_t *targets)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(stats, RITZ_ERR_ARGUMENT, "stats is NULL");
    if (rows) *rows = stats->c.rows;
    if (cols) *cols = stats->cols;
    if (targets) *targets = stats->targets;
    return RITZ_OK;
}

/* ---- adding ------------------------------------------------------------------------------ */

static ritz_status check_rows(const ritz_stream *s, const ritz_lstsq_stats *stats, ritz_dmat A,
                              ritz_dmat B, ritz_dmat weights)
{
    RITZ_TRY(lstsq_stats_check(s, stats, "stats"));
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_input(s, B, "B"));
    RITZ_TRY(ritz_check_single(A, "A"));
    RITZ_TRY(ritz_check_single(B, "B"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", stats->c.factor, "the statistics"));
    RITZ_TRY(ritz_check_same_dtype(B, "B", stats->c.factor, "the statistics"));
    RITZ_TRY(ritz_check_shape(A, "A", A.rows, stats->cols, "A must have the statistics' columns"));
    RITZ_TRY(ritz_check_shape(B, "B", A.rows, stats->targets, "B must be rows of A x targets"));
    if (!ritz_present(weights)) return RITZ_OK;
    RITZ_TRY(ritz_check_input(s, weights, "weights"));
    RITZ_TRY(ritz_check_single(weights, "weights"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", weights, "weights"));
    return ritz_check_shape(weights, "weights", A.rows, 1, "one weight for each row of A");
}

static ritz_status add(ritz_stream *s, ritz_lstsq_stats *stats, struct lstsq_data *data)
{
    data->dtype = stats->c.factor.dtype;
    data->n = stats->cols;
    data->s = stats->targets;
    return lstsq_centred_absorb(s, data, &stats->c);
}

ritz_status ritz_lstsq_stats_add(ritz_stream *s, ritz_lstsq_stats *stats, ritz_dmat A, ritz_dmat B,
                                 ritz_dmat weights)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_rows(s, stats, A, B, weights));
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    o.weights = weights;
    struct lstsq_data data = {.A = A, .B = B, .m = A.rows, .opts = &o};
    return add(s, stats, &data);
}

static ritz_status check_sources(const ritz_lstsq_stats *stats, const ritz_rows_info *a,
                                 const ritz_rows_info *b)
{
    RITZ_REQUIRE(a->cols == stats->cols, RITZ_ERR_SHAPE,
                 "the rows of A have %" PRId64 " columns; the statistics have %" PRId64, a->cols,
                 stats->cols);
    RITZ_REQUIRE(b->cols == stats->targets, RITZ_ERR_SHAPE,
                 "the rows of B have %" PRId64 " columns; the statistics have %" PRId64 " targets",
                 b->cols, stats->targets);
    RITZ_REQUIRE(a->rows == b->rows, RITZ_ERR_SHAPE, "A has %" PRId64 " rows and B has %" PRId64,
                 a->rows, b->rows);
    return RITZ_OK;
}

ritz_status ritz_lstsq_stats_add_rows(ritz_stream *s, ritz_lstsq_stats *stats, ritz_rows A,
                                      ritz_rows B, const ritz_lstsq_options *opts)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(lstsq_stats_check(s, stats, "stats"));
    RITZ_TRY(ritz_check_options(opts, sizeof *opts, "opts"));
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    if (opts) {
        RITZ_REQUIRE(opts->block_rows >= 0, RITZ_ERR_OPTION, "block_rows is %" PRId64,
                     opts->block_rows);
        o.block_rows = opts->block_rows;
        o.progress = opts->progress;
        o.progress_context = opts->progress_context;
    }
    struct lstsq_data data = {.opts = &o};
    ritz_status rc, closed;
    RITZ_TRY_OUT(ritz_feed_open(s, &A, &data.feed_a));
    RITZ_TRY_OUT(ritz_feed_open(s, &B, &data.feed_b));
    RITZ_TRY_OUT(check_sources(stats, ritz_feed_info(data.feed_a), ritz_feed_info(data.feed_b)));
    data.m = ritz_feed_info(data.feed_a)->rows;
    RITZ_TRY_OUT(add(s, stats, &data));
out:
    closed = ritz_feed_close(&data.feed_a);
    if (rc == RITZ_OK) rc = closed;
    closed = ritz_feed_close(&data.feed_b);
    return rc != RITZ_OK ? rc : closed;
}

ritz_status ritz_lstsq_stats_merge(ritz_stream *s, ritz_lstsq_stats *stats,
                                   const ritz_lstsq_stats *other)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(lstsq_stats_check(s, stats, "stats"));
    RITZ_TRY(lstsq_stats_check(s, other, "other"));
    RITZ_REQUIRE(stats != other, RITZ_ERR_OVERLAP, "statistics cannot be merged with themselves");
    RITZ_TRY(ritz_check_same_dtype(stats->c.factor, "stats", other->c.factor, "other"));
    RITZ_REQUIRE(stats->cols == other->cols && stats->targets == other->targets, RITZ_ERR_SHAPE,
                 "stats are of %" PRId64 " columns and %" PRId64 " targets, other of %" PRId64
                 " and %" PRId64,
                 stats->cols, stats->targets, other->cols, other->targets);
    RITZ_TRY(ritz_check_not_capturing(s, "the number of rows is kept on the host"));
    return lstsq_centred_merge(s, &stats->c, &other->c);
}

/* ---- files ------------------------------------------------------------------------------- */

static ritz_status drop(struct ritz_stats_file *file)
{
    const ritz_status first = ritz_hmat_destroy(&file->factor);
    const ritz_status second = ritz_hmat_destroy(&file->means);
    return first != RITZ_OK ? first : second;
}

static ritz_status fetch(ritz_stream *s, const ritz_lstsq_stats *stats,
                         struct ritz_stats_file *file)
{
    const struct ritz_backend *backend = s->device->backend;
    const struct lstsq_centred *c = &stats->c;
    const int64_t q = c->factor.cols;
    RITZ_TRY(ritz_hmat_create(c->factor.dtype, RITZ_COL_MAJOR, q, q, &file->factor));
    RITZ_TRY(ritz_hmat_create(RITZ_F64, RITZ_COL_MAJOR, q, 2, &file->means));
    if (q == 0) return RITZ_OK;
    ritz_status rc = backend->download(s, c->factor, file->factor);
    if (rc == RITZ_OK) rc = backend->download(s, c->means, file->means);
    const ritz_status waited = ritz_stream_sync(s);
    if (waited != RITZ_OK) (void)backend->stream_sync(s); /* the caller frees the file's numbers */
    return rc != RITZ_OK ? rc : waited;
}

ritz_status ritz_lstsq_stats_save(ritz_stream *s, const ritz_lstsq_stats *stats, const char *path)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(lstsq_stats_check(s, stats, "stats"));
    RITZ_REQUIRE(path && path[0], RITZ_ERR_ARGUMENT, "path is %s", path ? "empty" : "NULL");
    struct ritz_stats_file file = {.rows = stats->c.rows,
                                   .cols = stats->cols,
                                   .targets = stats->targets,
                                   .weight = stats->c.weight};
    ritz_status rc = fetch(s, stats, &file);
    if (rc == RITZ_OK) rc = ritz_stats_file_write(path, &file);
    const ritz_status dropped = drop(&file);
    return rc != RITZ_OK ? rc : dropped;
}

static ritz_status place(ritz_stream *s, const struct ritz_stats_file *file,
                         struct lstsq_centred *c)
{
    const struct ritz_backend *backend = s->device->backend;
    c->rows = file->rows;
    c->weight = file->weight;
    if (c->factor.cols == 0) return RITZ_OK;
    ritz_status rc = backend->upload(s, file->factor, c->factor);
    if (rc == RITZ_OK) rc = backend->upload(s, file->means, c->means);
    const ritz_status waited = backend->stream_sync(s); /* the caller frees the file's numbers */
    return rc != RITZ_OK ? rc : waited;
}

ritz_status ritz_lstsq_stats_load(ritz_stream *s, const char *path, ritz_lstsq_stats **stats)
{
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(stats, RITZ_ERR_ARGUMENT, "stats is NULL");
    *stats = NULL;
    RITZ_REQUIRE(path && path[0], RITZ_ERR_ARGUMENT, "path is %s", path ? "empty" : "NULL");
    struct ritz_stats_file file;
    ritz_lstsq_stats *loaded = NULL;
    RITZ_TRY(ritz_stats_file_read(path, &file));
    ritz_status rc = create(s, file.factor.dtype, file.cols, file.targets, &loaded);
    if (rc == RITZ_OK) rc = place(s, &file, &loaded->c);
    const ritz_status dropped = drop(&file);
    if (rc == RITZ_OK) rc = dropped;
    if (rc != RITZ_OK)
        (void)ritz_lstsq_stats_destroy(s, &loaded);
    else
        *stats = loaded;
    return rc;
}
