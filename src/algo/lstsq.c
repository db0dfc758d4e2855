/* Linear least squares: the public functions and their checks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/lstsq_call.h"

/* ---- checks ------------------------------------------------------------------------------ */

static ritz_status check_outputs(const ritz_stream *s, const ritz_lstsq_options *o, ritz_dmat X)
{
    const ritz_dmat norms = o->residual_norms, c = o->intercept;
    if (ritz_present(o->rank)) {
        RITZ_TRY(ritz_check_output(s, o->rank, "rank"));
        RITZ_REQUIRE(o->rank.dtype == RITZ_I32, RITZ_ERR_DTYPE, "rank is %s; it must be int32",
                     ritz_dtype_name(o->rank.dtype));
        RITZ_TRY(ritz_check_single(o->rank, "rank"));
        RITZ_TRY(ritz_check_shape(o->rank, "rank", X.batch, 1, "one entry an item"));
        RITZ_TRY(ritz_check_no_overlap(o->rank, "rank", X, "X"));
    }
    if (ritz_present(norms)) {
        RITZ_TRY(ritz_check_output(s, norms, "residual_norms"));
        RITZ_REQUIRE(norms.dtype == RITZ_F64, RITZ_ERR_DTYPE,
                     "residual_norms is %s; it must be float64", ritz_dtype_name(norms.dtype));
        RITZ_TRY(ritz_check_shape(norms, "residual_norms", X.cols, 1, "one entry a target"));
        RITZ_TRY(ritz_check_batch(norms, "residual_norms", X.batch, 0));
        RITZ_TRY(ritz_check_no_overlap(norms, "residual_norms", X, "X"));
        RITZ_TRY(ritz_check_no_overlap(norms, "residual_norms", o->rank, "rank"));
    }
    if (ritz_present(c)) {
        RITZ_TRY(ritz_check_output(s, c, "intercept"));
        RITZ_TRY(ritz_check_same_dtype(X, "X", c, "intercept"));
        RITZ_TRY(ritz_check_single(c, "intercept"));
        RITZ_TRY(ritz_check_shape(c, "intercept", 1, X.cols, "one entry a target, in a row"));
        RITZ_TRY(ritz_check_no_overlap(c, "intercept", X, "X"));
        RITZ_TRY(ritz_check_no_overlap(c, "intercept", o->rank, "rank"));
        RITZ_TRY(ritz_check_no_overlap(c, "intercept", norms, "residual_norms"));
    }
    return RITZ_OK;
}

/* No output may lie in an input. */
static ritz_status check_apart(const ritz_lstsq_options *o, ritz_dmat X, ritz_dmat input,
                               const char *name)
{
    RITZ_TRY(ritz_check_no_overlap(X, "X", input, name));
    RITZ_TRY(ritz_check_no_overlap(o->intercept, "intercept", input, name));
    RITZ_TRY(ritz_check_no_overlap(o->rank, "rank", input, name));
    return ritz_check_no_overlap(o->residual_norms, "residual_norms", input, name);
}

static ritz_status check_weights(const ritz_stream *s, const ritz_lstsq_options *o, int64_t m,
                                 ritz_dmat X)
{
    if (!ritz_present(o->weights)) return RITZ_OK;
    RITZ_TRY(ritz_check_input(s, o->weights, "weights"));
    RITZ_TRY(ritz_check_same_dtype(X, "X", o->weights, "weights"));
    RITZ_TRY(ritz_check_single(o->weights, "weights"));
    RITZ_TRY(ritz_check_shape(o->weights, "weights", m, 1, "one weight a row"));
    return check_apart(o, X, o->weights, "weights");
}

/* Choices whose range does not depend on the problem. */
static ritz_status read_options(const ritz_lstsq_options *opts, const ritz_lstsq_report *report,
                                ritz_dtype dtype, ritz_lstsq_options *o)
{
    const double most = dtype == RITZ_F32 ? 1e60 : 1e280;
    const ritz_lstsq_options defaults = RITZ_LSTSQ_DEFAULTS;
    RITZ_TRY(ritz_check_options(opts, sizeof defaults, "opts"));
    RITZ_TRY(ritz_check_options(report, sizeof(ritz_lstsq_report), "report"));
    *o = opts ? *opts : defaults;
    RITZ_REQUIRE((int)o->method >= RITZ_LSTSQ_AUTO && (int)o->method <= RITZ_LSTSQ_LSMR,
                 RITZ_ERR_OPTION, "method %d is not known", (int)o->method);
    RITZ_REQUIRE(o->lambda >= 0 && o->lambda <= most, RITZ_ERR_OPTION,
                 "lambda is %g; the penalty must be >= 0 and at most %g in %s", o->lambda, most,
                 ritz_dtype_name(dtype));
    RITZ_REQUIRE(o->rtol >= 0 && o->rtol < 1, RITZ_ERR_OPTION,
                 "rtol is %g; give a fraction below 1, or 0 for the default", o->rtol);
    RITZ_REQUIRE(o->digits >= 0, RITZ_ERR_OPTION, "digits is %d; it must not be negative",
                 o->digits);
    RITZ_REQUIRE(o->max_refinement >= 0, RITZ_ERR_OPTION,
                 "max_refinement is %d; it must not be negative", o->max_refinement);
    RITZ_REQUIRE(o->block_rows >= 0, RITZ_ERR_OPTION,
                 "block_rows is %" PRId64 "; it must not be negative", o->block_rows);
    return RITZ_OK;
}

/* The method that was asked for is one that the shape allows. */
static ritz_status check_method(const ritz_lstsq_options *o, int64_t m, int64_t n)
{
    const int64_t rows = m + (o->lambda > 0 ? n : 0);
    int64_t least = 0;
    switch (o->method) {
    case RITZ_LSTSQ_AUTO:
    case RITZ_LSTSQ_MINNORM: break;
    case RITZ_LSTSQ_NORMAL:
    case RITZ_LSTSQ_QR:
    case RITZ_LSTSQ_TSQR: least = n; break;
    case RITZ_LSTSQ_SKETCH_QR:
    case RITZ_LSTSQ_SKETCH_CG:
    case RITZ_LSTSQ_SKETCH_CG_FIXED: least = lstsq_sketch_least_rows(n); break;
    case RITZ_LSTSQ_SKETCH_SOLVE: least = 2 * lstsq_sketch_solve_rows(n); break;
    case RITZ_LSTSQ_LSMR:
        return ritz_fail(
            RITZ_ERR_OPTION,
            "LSMR is for operators; call ritz_lstsq_operator with ritz_linop_dense(A)");
    }
    RITZ_REQUIRE(rows >= least, RITZ_ERR_OPTION,
                 "%s needs at least %" PRId64 " rows for %" PRId64
                 " columns, and there are %" PRId64
                 "; leave the method to RITZ_LSTSQ_AUTO, or take RITZ_LSTSQ_MINNORM",
                 lstsq_method_name(o->method), least, n, rows);
    return RITZ_OK;
}

static ritz_status check_problem(const ritz_stream *s, ritz_dmat A, ritz_dmat B, ritz_dmat X)
{
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_input(s, B, "B"));
    RITZ_TRY(ritz_check_output(s, X, "X"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", B, "B"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", X, "X"));
    RITZ_TRY(ritz_check_shape(B, "B", A.rows, B.cols, "the rows of A"));
    RITZ_TRY(ritz_check_shape(X, "X", A.cols, B.cols, "columns of A x columns of B"));
    RITZ_TRY(ritz_check_batch(A, "A", X.batch, 1));
    return ritz_check_batch(B, "B", X.batch, 1);
}

/* ---- the public functions ---------------------------------------------------------------- */

static ritz_status solve_batch(struct lstsq_call *c, ritz_dmat X, ritz_lstsq_report *report)
{
    const ritz_lstsq_options *o = &c->opts;
    struct lstsq *p = &c->p;
    RITZ_REQUIRE(!ritz_present(o->weights) && !ritz_present(o->intercept) && !(o->lambda > 0),
                 RITZ_ERR_OPTION,
                 "a batch takes neither weights nor penalty nor intercept; scale and centre its "
                 "items, or solve them one by one (ritz_batch_item)");
    RITZ_REQUIRE(o->method == RITZ_LSTSQ_AUTO || o->method == RITZ_LSTSQ_QR ||
                     o->method == RITZ_LSTSQ_MINNORM,
                 RITZ_ERR_OPTION,
                 "a batch is solved by RITZ_LSTSQ_QR or RITZ_LSTSQ_MINNORM, not by %s",
                 lstsq_method_name(o->method));
    RITZ_TRY(lstsq_batch(p->s, ritz_broadcast(c->data.A, X.batch),
                         ritz_broadcast(c->data.B, X.batch), X, o));
    p->r = (ritz_lstsq_report)RITZ_LSTSQ_REPORT_INIT;
    lstsq_clear_figures(p);
    p->r.method = o->method == RITZ_LSTSQ_AUTO ? RITZ_LSTSQ_MINNORM : o->method;
    p->r.method_name = lstsq_method_name(p->r.method);
    p->r.rows = c->data.m;
    p->r.cols = c->data.n;
    p->r.targets = c->data.s;
    if (o->method == RITZ_LSTSQ_AUTO)
        lstsq_explain(c, RITZ_LSTSQ_SMALL_BATCH, "a batch of %" PRId64 " problems", X.batch);
    else
        lstsq_explain(c, RITZ_LSTSQ_REASON_ASKED, "asked for");
    p->r.passes = -1;
    p->r.seconds = (double)NAN; /* the work is only under way */
    lstsq_give_report(c, report);
    return RITZ_OK;
}

ritz_status ritz_lstsq(ritz_stream *s, ritz_dmat A, ritz_dmat B, ritz_dmat X,
                       const ritz_lstsq_options *opts, ritz_lstsq_report *report)
{
    RITZ_ENTER(s, &A);
    struct lstsq_call c = {
        .p.s = s,
        .data = {.A = A, .B = B, .dtype = A.dtype, .m = A.rows, .n = A.cols, .s = B.cols}};
    RITZ_TRY(check_problem(s, A, B, X));
    RITZ_TRY(read_options(opts, report, A.dtype, &c.opts));
    RITZ_TRY(check_outputs(s, &c.opts, X));
    RITZ_TRY(check_apart(&c.opts, X, A, "A"));
    RITZ_TRY(check_apart(&c.opts, X, B, "B"));
    RITZ_TRY(check_method(&c.opts, A.rows, A.cols));
    if (X.batch != 1) return solve_batch(&c, X, report);
    RITZ_TRY(check_weights(s, &c.opts, A.rows, X));
    return lstsq_solve(&c, X, report);
}

/* The shapes of two sources and X. */
static ritz_status check_sources(const ritz_rows_info *a, const ritz_rows_info *b, ritz_dmat X)
{
    RITZ_REQUIRE(a->rows == b->rows, RITZ_ERR_SHAPE,
                 "the source A has %" PRId64 " rows and the source B has %" PRId64
                 "; they must have as many",
                 a->rows, b->rows);
    return ritz_check_shape(X, "X", a->cols, b->cols, "columns of A x columns of B");
}

static ritz_status check_streaming_method(ritz_lstsq_method method)
{
    RITZ_REQUIRE(method != RITZ_LSTSQ_QR && method != RITZ_LSTSQ_SKETCH_CG_FIXED, RITZ_ERR_OPTION,
                 "%s is for data in memory; RITZ_LSTSQ_TSQR and RITZ_LSTSQ_SKETCH_CG take rows",
                 lstsq_method_name(method));
    return RITZ_OK;
}

static ritz_status solve_rows(struct lstsq_call *c, struct ritz_feed *a, struct ritz_feed *b,
                              ritz_dmat X, ritz_lstsq_report *report)
{
    const ritz_rows_info *info = ritz_feed_info(a);
    struct lstsq_data *data = &c->data;
    ritz_dmat owned;
    RITZ_TRY(check_sources(info, ritz_feed_info(b), X));
    data->dtype = X.dtype;
    data->m = info->rows;
    data->n = info->cols;
    data->s = ritz_feed_info(b)->cols;
    RITZ_TRY(check_weights(c->p.s, &c->opts, data->m, X));
    RITZ_TRY(check_method(&c->opts, data->m, data->n));
    if (ritz_feed_in_place(a) && ritz_feed_in_place(b) && info->dtype == X.dtype &&
        ritz_feed_info(b)->dtype == X.dtype) {
        RITZ_TRY(ritz_feed_all(a, &data->A, &owned)); /* in place: nothing is owned */
        RITZ_TRY(ritz_feed_all(b, &data->B, &owned));
        RITZ_TRY(check_apart(&c->opts, X, data->A, "A"));
        RITZ_TRY(check_apart(&c->opts, X, data->B, "B"));
    } else {
        RITZ_TRY(check_streaming_method(c->opts.method));
        data->feed_a = a;
        data->feed_b = b;
    }
    return lstsq_solve(c, X, report);
}

ritz_status ritz_lstsq_rows(ritz_stream *s, ritz_rows A, ritz_rows B, ritz_dmat X,
                            const ritz_lstsq_options *opts, ritz_lstsq_report *report)
{
    RITZ_ENTER(s, &X);
    struct lstsq_call c = {.p.s = s};
    struct ritz_feed *a = NULL, *b = NULL;
    ritz_status rc, closed;
    RITZ_TRY(ritz_check_output(s, X, "X"));
    RITZ_TRY(ritz_check_real(X, "X"));
    RITZ_TRY(ritz_check_single(X, "X"));
    RITZ_TRY(read_options(opts, report, X.dtype, &c.opts));
    RITZ_TRY(check_outputs(s, &c.opts, X));
    RITZ_TRY_OUT(ritz_feed_open(s, &A, &a));
    RITZ_TRY_OUT(ritz_feed_open(s, &B, &b));
    RITZ_TRY_OUT(solve_rows(&c, a, b, X, report));
out:
    closed = ritz_feed_close(&a);
    if (rc == RITZ_OK) rc = closed;
    closed = ritz_feed_close(&b);
    return rc != RITZ_OK ? rc : closed;
}
