/* ritz_svd_rows: the randomized SVD of rows that stream by (svd_rows.h), or of a sparse matrix.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algo/bad_row.h"
#include "algo/svd_rows.h"

/* What the host knows of the outcome. */
struct outcome {
    double *values; /* all l of them */
    double sumsq;   /* ‖A‖_F² */
    int64_t rank;   /* of the k that are wanted, those that a tolerance leaves */
    double lost;    /* ‖A‖_F² less the squares of these */
};

/* ---- checks ----------------------------------------------------------------------------- */

static ritz_status check_outputs(const ritz_stream *s, const ritz_rows *rows, ritz_dmat S,
                                 ritz_dmat V)
{
    RITZ_TRY(ritz_check_output(s, S, "S"));
    RITZ_TRY(ritz_check_single(S, "S"));
    RITZ_TRY(ritz_check_real(S, "S"));
    RITZ_TRY(ritz_check_shape(S, "S", S.rows, 1, "S must be k x 1"));
    RITZ_TRY(ritz_check_no_overlap(S, "S", rows->device, "the source"));
    if (!ritz_present(V)) return RITZ_OK;
    RITZ_TRY(ritz_check_output(s, V, "V"));
    RITZ_TRY(ritz_check_single(V, "V"));
    RITZ_TRY(ritz_check_same_dtype(V, "V", S, "S"));
    RITZ_TRY(ritz_check_no_overlap(V, "V", S, "S"));
    return ritz_check_no_overlap(V, "V", rows->device, "the source");
}

static ritz_status choose(const ritz_sketch_options *opts, int64_t k, const ritz_rows_info *info,
                          struct ritz_algo_sketch *sketch)
{
    RITZ_REQUIRE(k <= min_i64(info->rows, info->cols), RITZ_ERR_SHAPE,
                 "S has %" PRId64 " rows; %" PRId64 " x %" PRId64 " data has at most %" PRId64
                 " singular values",
                 k, info->rows, info->cols, min_i64(info->rows, info->cols));
    RITZ_TRY(ritz_algo_sketch_options(opts, k, info->rows, info->cols, sketch));
    RITZ_REQUIRE(!sketch->krylov, RITZ_ERR_OPTION,
                 "RITZ_RANGE_KRYLOV keeps samples of all rows; use RITZ_RANGE_SUBSPACE");
    RITZ_REQUIRE(sketch->normalisation == RITZ_NORMALISE_QR, RITZ_ERR_OPTION,
                 "normalisation is %d; rows that stream by take RITZ_NORMALISE_QR",
                 (int)sketch->normalisation);
    return RITZ_OK;
}

/* ---- the outcome ------------------------------------------------------------------------ */

/* The smallest rank, up to k, whose error the identity shows to be within the tolerance. */
static void cut(const struct ritz_algo_sketch *sketch, int64_t k, ritz_dtype dtype,
                struct outcome *o)
{
    const double resolved = pow(RITZ_SKETCH_RESOLUTION, 2) * ritz_algo_roundoff(dtype) * o->sumsq;
    const double allowed = sketch->tolerance * sketch->tolerance * o->sumsq;
    o->lost = o->sumsq;
    for (int64_t i = 0; i < k; i++) o->lost -= o->values[i] * o->values[i];
    if (o->lost < 0) o->lost = 0;
    o->rank = k;
    while (o->rank > 0 && allowed >= resolved) {
        const double last = o->values[o->rank - 1], more = o->lost + last * last;
        if (more > allowed) break;
        o->lost = more;
        o->rank--;
    }
}

static void warn_of_rounding(const struct outcome *o, ritz_dtype dtype, ritz_sketch_report *r)
{
    const double least = sqrt(svd_rows_resolution(dtype, r->power_iterations));
    if (o->rank == 0 || !(o->values[o->rank - 1] < least * o->values[0])) return;
    ritz_algo_append(r->warning, sizeof r->warning,
                     "values below %.1e of the first are hidden by rounding; more power iterations "
                     "%s.",
                     least, dtype == RITZ_F32 ? "or float64 may show them" : "may show them");
}

static void warn_of_tolerance(const struct ritz_algo_sketch *sketch, ritz_dtype dtype,
                              ritz_sketch_report *r)
{
    const double least = RITZ_SKETCH_RESOLUTION * sqrt(ritz_algo_roundoff(dtype));
    if (sketch->tolerance == 0 || r->tolerance_met) return;
    if (sketch->tolerance < least)
        ritz_algo_append(r->warning, sizeof r->warning,
                         "a tolerance below %.1e is not resolved in %s.", least,
                         ritz_dtype_name(dtype));
    else
        ritz_algo_append(r->warning, sizeof r->warning,
                         "the tolerance needs more than %" PRId64 " singular values.", r->rank);
}

static void describe(const struct outcome *o, const struct ritz_algo_sketch *sketch, int64_t most,
                     ritz_dtype dtype, int with_error, ritz_sketch_report *report)
{
    const int64_t l = sketch->sample_size;
    ritz_sketch_report r = {
        .rank = o->rank,
        .sample_size = l,
        .power_iterations = l > 0 ? sketch->power_iterations : 0,
        .matvec_blocks = l > 0 ? 2 * sketch->power_iterations + 3 : 0,
        .norm = sqrt(o->sumsq),
    };
    if (with_error) ritz_algo_report_identity(o->lost, ritz_algo_roundoff(dtype), &r);
    double tail = o->lost;
    for (int64_t i = o->rank; i < l; i++) tail -= o->values[i] * o->values[i];
    const struct ritz_algo_sample sample = {.values = o->values,
                                            .count = l,
                                            .k = o->rank,
                                            .most = most,
                                            .norm = r.norm,
                                            .tail = tail > 0 ? tail : 0,
                                            .powers = sketch->power_iterations,
                                            .dtype = dtype};
    r.gap = ritz_algo_sample_gap(&sample);
    r.tolerance_met = l > 0 && sketch->tolerance > 0 &&
                      sqrt(o->lost) <= sketch->tolerance * r.norm &&
                      sketch->tolerance >= RITZ_SKETCH_RESOLUTION * sqrt(ritz_algo_roundoff(dtype));
    warn_of_tolerance(sketch, dtype, &r);
    warn_of_rounding(o, dtype, &r);
    ritz_algo_sample_warn(&sample, r.warning, sizeof r.warning);
    r.size = report->size;
    memcpy(report, &r, r.size < sizeof r ? r.size : sizeof r);
}

/* ---- rows that stream by ---------------------------------------------------------------- */

static ritz_status decompose(ritz_stream *s, struct ritz_feed *feed,
                             const struct ritz_algo_sketch *sketch, ritz_dmat S, ritz_dmat V,
                             struct outcome *o)
{
    const ritz_rows_info *info = ritz_feed_info(feed);
    const int64_t l = sketch->sample_size;
    struct svd_rows c = {.dtype = S.dtype,
                         .n = info->cols,
                         .sketch = *sketch,
                         .block_rows = svd_rows_block(S.dtype, info->rows, info->cols, l)};
    struct row_pass p = {.s = s, .feed = feed, .rows = info->rows};
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat values, vectors = V;
    RITZ_TRY_OUT(ritz_work_dmat(s, S.dtype, RITZ_COL_MAJOR, l, 1, 1, &values));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &c.sumsq));
    if (ritz_present(V) && V.layout == RITZ_ROW_MAJOR)
        RITZ_TRY_OUT(ritz_work_dmat(s, V.dtype, RITZ_COL_MAJOR, V.rows, V.cols, 1, &vectors));
    RITZ_TRY_OUT(svd_rows_run(&p, &c, values, vectors));
    RITZ_TRY_OUT(ritz_algo_fetch(s, c.sumsq, &o->sumsq));
    RITZ_TRY_OUT(ritz_algo_fetch(s, values, o->values));
    cut(sketch, S.rows, S.dtype, o);

    const int64_t rest = S.rows - o->rank;
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_row_range(values, 0, S.rows), S));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, ritz_row_range(S, o->rank, rest)));
    if (ritz_present(V)) {
        if (V.layout == RITZ_ROW_MAJOR) RITZ_TRY_OUT(ritz_op_copy(s, vectors, V));
        RITZ_TRY_OUT(ritz_op_fill(s, 0.0, ritz_cols(V, o->rank, rest)));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status svd_of_feed(ritz_stream *s, struct ritz_feed *feed,
                               const ritz_sketch_options *opts, ritz_dmat S, ritz_dmat V,
                               ritz_sketch_report *report)
{
    const ritz_rows_info *info = ritz_feed_info(feed);
    struct ritz_algo_sketch sketch;
    struct outcome o = {0};
    ritz_status rc = RITZ_OK;
    RITZ_TRY(choose(opts, S.rows, info, &sketch));
    if (ritz_present(V))
        RITZ_TRY(ritz_check_shape(V, "V", info->cols, S.rows, "columns of the source x rows of S"));
    if (S.rows == 0) sketch.sample_size = 0;
    o.values = calloc((size_t)sketch.sample_size + 1, sizeof *o.values);
    RITZ_REQUIRE(o.values, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " singular values",
                 sketch.sample_size);
    if (S.rows > 0) RITZ_TRY_OUT(decompose(s, feed, &sketch, S, V, &o));
    if (report != NULL)
        describe(&o, &sketch, min_i64(info->rows, info->cols), S.dtype,
                 S.rows > 0 && !(opts != NULL && opts->no_error_figure != 0), report);
out:
    free(o.values);
    return rc;
}

/* ---- a sparse matrix -------------------------------------------------------------------- */

static ritz_status svd_of_sparse(ritz_stream *s, const ritz_spmat *A,
                                 const ritz_sketch_options *opts, ritz_dmat S, ritz_dmat V,
                                 ritz_sketch_report *report)
{
    const ritz_linop op = ritz_linop_sparse(A);
    const ritz_rows_info info = {.rows = op.rows, .cols = op.cols};
    struct ritz_algo_sketch sketch;
    RITZ_TRY(ritz_algo_linop_check(s, &op, "A"));
    RITZ_TRY(choose(opts, S.rows, &info, &sketch));
    RITZ_TRY(ritz_svd_randomized(s, &op, RITZ_NO_MAT, S, V, opts, report));
    const ritz_status outcome = ritz_stream_sync(s);
    if (outcome == RITZ_ERR_NOT_FINITE) RITZ_TRY(bad_row_find_sparse(s, A));
    return outcome;
}

ritz_status ritz_svd_rows(ritz_stream *s, ritz_rows rows, ritz_dmat S, ritz_dmat V,
                          const ritz_sketch_options *opts, ritz_sketch_report *report)
{
    RITZ_ENTER(s, &S);
    RITZ_TRY(ritz_algo_sketch_report_check(report));
    RITZ_TRY(check_outputs(s, &rows, S, V));
    if (rows.kind == RITZ_ROWS_SPARSE) return svd_of_sparse(s, rows.sparse, opts, S, V, report);
    struct ritz_feed *feed = NULL;
    RITZ_TRY(ritz_feed_open(s, &rows, &feed));
    const ritz_status rc = svd_of_feed(s, feed, opts, S, V, report);
    const ritz_status waited = ritz_stream_sync(s), closed = ritz_feed_close(&feed);
    if (rc != RITZ_OK) return rc;
    return waited != RITZ_OK ? waited : closed;
}
