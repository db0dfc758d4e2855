/* The rows of a least squares problem, block by block.
 *
 * Data in memory without weights, intercept or scaling is one block, where it lies. Otherwise a
 * block is staged in the workspace,
 *
 *     diag(w)^½ (scale A_i - 1 meanᵀ),
 *
 * computed afresh in every pass. The rows of the penalty, [sqrt(lambda) I, 0], are the last block.
 * A pair of sources is cut where either of them is cut.
 *
 * Means need not be exact: an error δ of the mean changes AᵀA by a multiple of δδᵀ only.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "algo/lstsq.h"

enum { SHAPE = 8, LEAST_ROWS = 512 }; /* rows of a block, at least: SHAPE n */
#define BLOCK_BYTES (INT64_C(32) << 20)

/* What a feed has delivered and is not used up yet. */
struct source {
    struct ritz_feed *feed;
    ritz_dmat rest;
};

struct lstsq_rows {
    ritz_stream *s;
    struct lstsq_data data;
    int64_t block; /* rows */
    int staged;
    int passes;

    int64_t counted;
    double weight;      /* sum of the weights */
    ritz_dmat divisors; /* m x 1 F64: w^-½, or 0 where w is 0 */
    double *weights;    /* the divisors on the host; NULL where there are no weights */
    ritz_dmat mean_a;   /* n x 1 F64, of the scaled data */
    ritz_dmat mean_b;   /* s x 1 F64 */
    ritz_dmat stage_a, stage_b;
    ritz_dmat penalty_a, penalty_b;

    int64_t next; /* row of the pass that comes next */
    struct source a, b;
    ritz_dmat rhs_squares; /* 1 x 1 F64 */
    int rhs_state;         /* 0: none, 1: being summed, 2: complete */
};

/* ---- what is known ----------------------------------------------------------------------- */

int64_t lstsq_rows_count(const struct lstsq_rows *rows)
{
    return rows->data.m + (rows->data.opts->lambda > 0 ? rows->data.n : 0);
}

int64_t lstsq_rows_block(const struct lstsq_rows *rows)
{
    const int64_t penalty = rows->data.opts->lambda > 0 ? rows->data.n : 0;
    return rows->block > penalty ? rows->block : penalty;
}

int64_t lstsq_rows_counted(const struct lstsq_rows *rows)
{
    return rows->counted;
}

int lstsq_rows_passes(const struct lstsq_rows *rows)
{
    return rows->passes;
}

int lstsq_rows_can_repeat(const struct lstsq_rows *rows)
{
    return rows->a.feed == NULL ||
           (ritz_feed_can_rewind(rows->a.feed) && ritz_feed_can_rewind(rows->b.feed));
}

ritz_status lstsq_rows_rhs_squares(struct lstsq_rows *rows, double *squares)
{
    *squares = (double)NAN;
    return rows->rhs_state == 2 ? ritz_algo_fetch(rows->s, rows->rhs_squares, squares) : RITZ_OK;
}

/* ---- raw rows ---------------------------------------------------------------------------- */

static ritz_status refill(struct source *source)
{
    return source->rest.rows > 0 ? RITZ_OK : ritz_feed_next(source->feed, &source->rest);
}

static ritz_dmat take(struct source *source, int64_t rows)
{
    const ritz_dmat taken = ritz_row_range(source->rest, 0, rows);
    source->rest = ritz_row_range(source->rest, rows, source->rest.rows - rows);
    return taken;
}

/* The next rows as they are stored; none after the last. */
static ritz_status next_raw(struct lstsq_rows *rows, struct lstsq_block *block)
{
    const struct lstsq_data *data = &rows->data;
    int64_t count = data->m - rows->next < rows->block ? data->m - rows->next : rows->block;
    block->first = rows->next;
    if (rows->a.feed == NULL || count == 0) {
        block->A = ritz_row_range(data->A, rows->next, count);
        block->B = ritz_row_range(data->B, rows->next, count);
    } else {
        RITZ_TRY(refill(&rows->a));
        RITZ_TRY(refill(&rows->b));
        if (count > rows->a.rest.rows) count = rows->a.rest.rows;
        if (count > rows->b.rest.rows) count = rows->b.rest.rows;
        block->A = take(&rows->a, count);
        block->B = take(&rows->b, count);
    }
    rows->next += count;
    return RITZ_OK;
}

static ritz_status start_raw(struct lstsq_rows *rows)
{
    rows->next = 0;
    rows->a.rest = rows->b.rest = RITZ_NO_MAT;
    if (rows->a.feed == NULL) return RITZ_OK;
    RITZ_TRY(ritz_feed_start(rows->a.feed, rows->block));
    return ritz_feed_start(rows->b.feed, rows->block);
}

static ritz_status tell_progress(const struct lstsq_rows *rows)
{
    const ritz_lstsq_options *o = rows->data.opts;
    if (!o->progress || rows->a.feed == NULL) return RITZ_OK;
    RITZ_REQUIRE(o->progress(o->progress_context, "rows", rows->next, rows->data.m) == 0,
                 RITZ_ERR_CANCELLED, "stopped after %" PRId64 " of %" PRId64 " rows", rows->next,
                 rows->data.m);
    return RITZ_OK;
}

/* ---- staging ----------------------------------------------------------------------------- */

ritz_status lstsq_rows_weigh(struct lstsq_rows *rows, int64_t first, ritz_dmat W)
{
    if (!ritz_present(rows->divisors)) return RITZ_OK;
    const ritz_dmat d = ritz_row_range(rows->divisors, first, W.rows);
    return ritz_op_scale_cols(rows->s, 1, d, ritz_t(W), ritz_t(W));
}

/* stage = scale raw - 1 meanᵀ; mean may be RITZ_NO_MAT. */
static ritz_status shift(struct lstsq_rows *rows, double scale, ritz_dmat raw, ritz_dmat mean,
                         ritz_dmat stage)
{
    ritz_stream *s = rows->s;
    if (scale != 1.0) {
        RITZ_TRY(ritz_op_copy(s, raw, stage));
        RITZ_TRY(ritz_op_scale(s, scale, stage));
        raw = stage;
    }
    if (ritz_present(mean)) return ritz_op_add_row(s, -1.0, mean, raw, stage);
    return scale != 1.0 ? RITZ_OK : ritz_op_copy(s, raw, stage);
}

static ritz_status stage(struct lstsq_rows *rows, struct lstsq_block *block)
{
    const struct lstsq_data *data = &rows->data;
    const ritz_dmat A = ritz_row_range(rows->stage_a, 0, block->A.rows);
    const ritz_dmat B = ritz_row_range(rows->stage_b, 0, block->B.rows);
    RITZ_TRY(shift(rows, data->scale_a, block->A, rows->mean_a, A));
    RITZ_TRY(shift(rows, data->scale_b, block->B, rows->mean_b, B));
    RITZ_TRY(lstsq_rows_weigh(rows, block->first, A));
    RITZ_TRY(lstsq_rows_weigh(rows, block->first, B));
    block->A = A;
    block->B = B;
    return RITZ_OK;
}

/* ---- the passes -------------------------------------------------------------------------- */

ritz_status lstsq_rows_start(struct lstsq_rows *rows)
{
    RITZ_TRY(start_raw(rows));
    rows->passes++;
    if (rows->rhs_state == 1) rows->rhs_state = 0; /* that pass was not completed */
    if (rows->rhs_state == 0) {
        RITZ_TRY(ritz_op_fill(rows->s, 0.0, rows->rhs_squares));
        rows->rhs_state = 1;
    }
    return RITZ_OK;
}

static ritz_status add_rhs(struct lstsq_rows *rows, ritz_dmat B)
{
    const struct ritz_work_mark mark = ritz_work_mark(rows->s);
    ritz_status rc;
    ritz_dmat square;
    RITZ_TRY_OUT(ritz_work_dmat(rows->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &square));
    RITZ_TRY_OUT(ritz_op_sumsq(rows->s, B, square));
    RITZ_TRY_OUT(ritz_op_axpby(rows->s, 1.0, square, 1.0, rows->rhs_squares));
out:
    ritz_work_release(rows->s, mark);
    return rc;
}

ritz_status lstsq_rows_next(struct lstsq_rows *rows, struct lstsq_block *block)
{
    const int64_t m = rows->data.m;
    if (rows->next >= m) {
        block->first = m;
        block->A = rows->penalty_a;
        block->B = rows->penalty_b;
        if (rows->next > m || !ritz_present(rows->penalty_a)) {
            block->A = RITZ_NO_MAT;
            block->B = RITZ_NO_MAT;
            if (rows->rhs_state == 1) rows->rhs_state = 2;
        }
        rows->next = m + 1;
        return RITZ_OK;
    }
    RITZ_TRY(next_raw(rows, block));
    if (rows->staged) RITZ_TRY(stage(rows, block));
    if (rows->rhs_state == 1) RITZ_TRY(add_rhs(rows, block->B));
    return tell_progress(rows);
}

ritz_status lstsq_rows_next_raw(struct lstsq_rows *rows, struct lstsq_block *block)
{
    *block = (struct lstsq_block){.first = rows->next, .A = RITZ_NO_MAT, .B = RITZ_NO_MAT};
    if (rows->next >= rows->data.m) return RITZ_OK;
    RITZ_TRY(next_raw(rows, block));
    return tell_progress(rows);
}

ritz_status lstsq_rows_peek(struct lstsq_rows *rows, struct lstsq_block *block)
{
    *block = (struct lstsq_block){.A = RITZ_NO_MAT, .B = RITZ_NO_MAT};
    if (rows->a.feed != NULL) return RITZ_OK;
    RITZ_TRY(start_raw(rows));
    RITZ_TRY(next_raw(rows, block));
    return rows->staged ? stage(rows, block) : RITZ_OK;
}

ritz_status lstsq_rows_all(struct lstsq_rows *rows, ritz_dmat *A, ritz_dmat *B)
{
    const struct lstsq_data *data = &rows->data;
    const int64_t all = lstsq_rows_count(rows);
    struct lstsq_block block;
    RITZ_TRY(ritz_work_dmat(rows->s, data->dtype, RITZ_COL_MAJOR, all, data->n, 1, A));
    RITZ_TRY(ritz_work_dmat(rows->s, data->dtype, RITZ_COL_MAJOR, all, data->s, 1, B));
    RITZ_TRY(lstsq_rows_start(rows));
    for (;;) {
        RITZ_TRY(lstsq_rows_next(rows, &block));
        if (block.A.rows == 0) return RITZ_OK;
        RITZ_TRY(ritz_op_copy(rows->s, block.A, ritz_row_range(*A, block.first, block.A.rows)));
        RITZ_TRY(ritz_op_copy(rows->s, block.B, ritz_row_range(*B, block.first, block.B.rows)));
    }
}

/* ---- weights ----------------------------------------------------------------------------- */

/* Turn weights on the host into divisors, and count. */
static ritz_status read_weights(struct lstsq_rows *rows, double *w)
{
    const int64_t m = rows->data.m;
    rows->counted = 0;
    rows->weight = 0;
    for (int64_t i = 0; i < m; i++) {
        RITZ_REQUIRE(w[i] >= 0 && isfinite(w[i]), RITZ_ERR_ARGUMENT,
                     "weight %" PRId64 " (counted from 0) is %g; weights must be >= 0 and finite",
                     i, w[i]);
        if (w[i] == 0) continue;
        rows->counted++;
        rows->weight += w[i];
        w[i] = 1 / sqrt(w[i]);
    }
    RITZ_REQUIRE(isfinite(rows->weight), RITZ_ERR_ARGUMENT,
                 "the sum of the weights overflows float64; scale them");
    RITZ_REQUIRE(m == 0 || rows->counted > 0 || rows->data.raw, RITZ_ERR_ARGUMENT,
                 "all %" PRId64 " weights are zero; no row counts", m);
    return RITZ_OK;
}

static ritz_status open_weights(struct lstsq_rows *rows)
{
    ritz_stream *s = rows->s;
    const struct ritz_backend *backend = s->device->backend;
    const int64_t m = rows->data.m;
    rows->counted = m;
    rows->weight = (double)m;
    if (!ritz_present(rows->data.opts->weights) || m == 0) return RITZ_OK;
    double *host = malloc((size_t)m * sizeof *host);
    RITZ_REQUIRE(host != NULL, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " weights", m);
    rows->weights = host; /* freed with the rows */
    RITZ_TRY(ritz_algo_fetch(s, rows->data.opts->weights, host));
    RITZ_TRY(read_weights(rows, host));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, m, 1, 1, &rows->divisors));
    const ritz_status rc =
        backend->upload(s, ritz_hmat_wrap(host, RITZ_F64, m, 1, RITZ_COL_MAJOR), rows->divisors);
    const ritz_status waited = backend->stream_sync(s); /* the caller may free the rows */
    return rc != RITZ_OK ? rc : waited;
}

double lstsq_rows_weight(const struct lstsq_rows *rows, int64_t first, int64_t count, int64_t *at)
{
    double sum = 0;
    *at = first;
    if (!rows->weights) return (double)count;
    for (int64_t i = first + count - 1; i >= first; i--) {
        const double d = rows->weights[i];
        if (d == 0) continue;
        sum += 1 / d * (1 / d); /* d² may overflow */
        *at = i;
    }
    return sum;
}

/* ---- means ------------------------------------------------------------------------------- */

/* sums += wᵀ scale raw; stage as in `stage`. */
static ritz_status add_sums(struct lstsq_rows *rows, double scale, const struct lstsq_block *at,
                            ritz_dmat raw, ritz_dmat stage, ritz_dmat sums)
{
    ritz_stream *s = rows->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat part;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, raw.cols, 1, 1, &part));
    if (scale != 1.0 || ritz_present(rows->divisors)) {
        const ritz_dmat W = ritz_row_range(stage, 0, raw.rows);
        RITZ_TRY_OUT(shift(rows, scale, raw, RITZ_NO_MAT, W));
        RITZ_TRY_OUT(lstsq_rows_weigh(rows, at->first, W));
        RITZ_TRY_OUT(lstsq_rows_weigh(rows, at->first, W));
        raw = W;
    }
    RITZ_TRY_OUT(ritz_op_col_sums(s, raw, part));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, part, 1.0, sums));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status open_means(struct lstsq_rows *rows)
{
    const struct lstsq_data *data = &rows->data;
    ritz_stream *s = rows->s;
    ritz_dmat mean_a, mean_b;
    if (!ritz_present(data->opts->intercept)) return RITZ_OK;
    RITZ_REQUIRE(lstsq_rows_can_repeat(rows), RITZ_ERR_STATE,
                 "an intercept needs the means first, and the source cannot be read twice");
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, data->n, 1, 1, &mean_a));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, data->s, 1, 1, &mean_b));
    RITZ_TRY(ritz_op_fill(s, 0.0, mean_a));
    RITZ_TRY(ritz_op_fill(s, 0.0, mean_b));
    RITZ_TRY(start_raw(rows));
    rows->passes++;
    while (rows->next < data->m) {
        struct lstsq_block block;
        RITZ_TRY(next_raw(rows, &block));
        RITZ_TRY(add_sums(rows, data->scale_a, &block, block.A, rows->stage_a, mean_a));
        RITZ_TRY(add_sums(rows, data->scale_b, &block, block.B, rows->stage_b, mean_b));
        RITZ_TRY(tell_progress(rows));
    }
    const double total = rows->weight > 0 ? rows->weight : 1.0;
    RITZ_TRY(ritz_op_scale(s, 1.0 / total, mean_a));
    RITZ_TRY(ritz_op_scale(s, 1.0 / total, mean_b));
    rows->mean_a = mean_a;
    rows->mean_b = mean_b;
    return RITZ_OK;
}

/* In float64, whatever the data is: the means may be large beside the spread. */
ritz_status lstsq_rows_intercept(struct lstsq_rows *rows, ritz_dmat X)
{
    const struct lstsq_data *data = &rows->data;
    ritz_stream *s = rows->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_dmat W, c;
    if (!ritz_present(data->opts->intercept)) return RITZ_OK;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, data->n, data->s, 1, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, data->s, 1, 1, &c));
    RITZ_TRY_OUT(ritz_op_copy(s, X, W));
    RITZ_TRY_OUT(ritz_op_copy(s, rows->mean_b, c));
    RITZ_TRY_OUT(ritz_op_scale(s, 1.0 / data->scale_b, c));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0 / data->scale_a, ritz_t(W), rows->mean_a, 1.0, c));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_t(c), data->opts->intercept));
out:
    ritz_work_release(s, mark);
    return rc;
}

void lstsq_rows_means(const struct lstsq_rows *rows, ritz_dmat *mean_a, ritz_dmat *mean_b,
                      double *weight)
{
    *mean_a = rows->mean_a;
    *mean_b = rows->mean_b;
    *weight = rows->weight;
}

/* ---- opening ----------------------------------------------------------------------------- */

static int64_t choose_block(const struct lstsq_rows *rows)
{
    const struct lstsq_data *data = &rows->data;
    if (!rows->staged && data->feed_a == NULL) return data->m > 1 ? data->m : 1;
    int64_t block = data->opts->block_rows;
    if (block == 0) {
        const int64_t width = data->n + data->s > 0 ? data->n + data->s : 1;
        block = BLOCK_BYTES / (width * (int64_t)ritz_dtype_size(data->dtype));
        if (block < SHAPE * data->n) block = SHAPE * data->n;
        if (block < LEAST_ROWS) block = LEAST_ROWS;
    }
    return block < data->m ? block : data->m > 1 ? data->m : 1;
}

static int same_type(const struct ritz_feed *feed, ritz_dtype dtype)
{
    return ritz_feed_info(feed)->dtype == dtype;
}

/* The blocks are not what the data is. A source of several files may deliver each in a type of its
 * own, so that only memory is taken as it is. */
static int must_stage(const struct lstsq_data *data)
{
    const ritz_lstsq_options *o = data->opts;
    if (data->raw) return 0;
    if (ritz_present(o->weights) || ritz_present(o->intercept)) return 1;
    if (data->scale_a != 1.0 || data->scale_b != 1.0) return 1;
    if (data->feed_a == NULL) return 0;
    return !(ritz_feed_in_place(data->feed_a) && ritz_feed_in_place(data->feed_b) &&
             same_type(data->feed_a, data->dtype) && same_type(data->feed_b, data->dtype));
}

static ritz_status open_stage(struct lstsq_rows *rows)
{
    const struct lstsq_data *data = &rows->data;
    const ritz_layout a = data->feed_a ? RITZ_ROW_MAJOR : data->A.layout;
    const ritz_layout b = data->feed_b ? RITZ_ROW_MAJOR : data->B.layout;
    if (!rows->staged) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(rows->s, data->dtype, a, rows->block, data->n, 1, &rows->stage_a));
    return ritz_work_dmat(rows->s, data->dtype, b, rows->block, data->s, 1, &rows->stage_b);
}

static ritz_status open_penalty(struct lstsq_rows *rows)
{
    const struct lstsq_data *data = &rows->data;
    const int64_t n = data->n;
    ritz_stream *s = rows->s;
    ritz_dmat A, B;
    if (!(data->opts->lambda > 0)) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(s, data->dtype, RITZ_COL_MAJOR, n, n, 1, &A));
    RITZ_TRY(ritz_work_dmat(s, data->dtype, RITZ_COL_MAJOR, n, data->s, 1, &B));
    RITZ_TRY(ritz_op_set_identity(s, A));
    RITZ_TRY(ritz_op_scale(s, sqrt(data->opts->lambda) * data->scale_a, A));
    RITZ_TRY(ritz_op_fill(s, 0.0, B));
    rows->penalty_a = A;
    rows->penalty_b = B;
    return RITZ_OK;
}

ritz_status lstsq_rows_open(ritz_stream *s, const struct lstsq_data *data, struct lstsq_rows **out)
{
    struct lstsq_rows *rows = calloc(1, sizeof *rows);
    ritz_status rc;
    *out = NULL;
    RITZ_REQUIRE(rows != NULL, RITZ_ERR_MEMORY, "no host memory for the rows of a problem");
    rows->s = s;
    rows->data = *data;
    if (!(data->scale_a > 0)) rows->data.scale_a = 1.0;
    if (!(data->scale_b > 0)) rows->data.scale_b = 1.0;
    rows->a.feed = data->feed_a;
    rows->b.feed = data->feed_b;
    rows->staged = must_stage(&rows->data);
    rows->block = choose_block(rows);
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &rows->rhs_squares));
    RITZ_TRY_OUT(open_stage(rows));
    RITZ_TRY_OUT(open_weights(rows));
    RITZ_TRY_OUT(open_means(rows));
    RITZ_TRY_OUT(open_penalty(rows));
    *out = rows;
    return RITZ_OK;
out:
    lstsq_rows_free(&rows);
    return rc;
}

void lstsq_rows_free(struct lstsq_rows **rows)
{
    if (*rows) free((*rows)->weights);
    free(*rows);
    *rows = NULL;
}
