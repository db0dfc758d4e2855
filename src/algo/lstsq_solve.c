/* Solving a least squares problem: one method after the other until an answer passes its check.
 *
 * A method is given the rows of the problem as they are. Only if it finds that squares overflow or
 * underflow, or something that is not finite, all rows are looked at; if they are finite, the
 * problem is solved again with A and B scaled by powers of two. Methods that copy the data are
 * preceded by that look, which costs little beside them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/lstsq_call.h"

static void warn(struct lstsq_call *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void warn(struct lstsq_call *c, const char *format, ...)
{
    char *text = c->p.r.warning;
    const size_t size = sizeof c->p.r.warning;
    size_t used = strlen(text);
    va_list arguments;
    if (used > 0 && used + 2 < size) text[used++] = ' ';
    va_start(arguments, format);
    (void)vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

/* ---- the range of the data --------------------------------------------------------------- */

static ritz_status open_rows(struct lstsq_call *c)
{
    c->data.scale_a = ldexp(1.0, c->exp_a);
    c->data.scale_b = ldexp(1.0, c->exp_b);
    RITZ_TRY(lstsq_rows_open(c->p.s, &c->data, &c->p.rows));
    c->rows = lstsq_rows_count(c->p.rows);
    return RITZ_OK;
}

/* The largest moduli in A and B; NaN where there is one. */
static ritz_status largest(struct lstsq_call *c, double most[2])
{
    ritz_stream *s = c->p.s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat two;
    most[0] = most[1] = 0;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 2, 1, 1, &two));
    RITZ_TRY_OUT(lstsq_rows_start(c->p.rows));
    for (;;) {
        struct lstsq_block b;
        double of_block[2];
        RITZ_TRY_OUT(lstsq_rows_next(c->p.rows, &b));
        if (b.A.rows == 0) break;
        RITZ_TRY_OUT(ritz_op_max_abs(s, b.A, ritz_row_range(two, 0, 1)));
        RITZ_TRY_OUT(ritz_op_max_abs(s, b.B, ritz_row_range(two, 1, 1)));
        RITZ_TRY_OUT(ritz_algo_fetch(s, two, of_block));
        for (int i = 0; i < 2; i++)
            if (!(of_block[i] <= most[i])) most[i] = most[i] + of_block[i] - most[i];
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The exponent that brings x near 1, as far as the data type has it. */
static int exponent_for(ritz_dtype dtype, double x)
{
    const int most = dtype == RITZ_F32 ? 120 : 1000;
    int e = 0;
    if (x > 0) (void)frexp(x, &e);
    return e > most ? -most : e < -most ? most : -e;
}

static ritz_status reopen(struct lstsq_call *c, struct ritz_work_mark mark)
{
    c->passes += lstsq_rows_passes(c->p.rows);
    lstsq_rows_free(&c->p.rows);
    ritz_work_release(c->p.s, mark);
    return open_rows(c);
}

static int fits(const struct lstsq_call *c, double most)
{
    const double size = sqrt((double)c->rows * (double)(c->data.n + c->data.s));
    return lstsq_in_range(c->data.dtype, most) && lstsq_in_range(c->data.dtype, most * size);
}

/* Look at all rows, and scale them where that is needed; p->finite says whether they are finite. */
static ritz_status measure(struct lstsq_call *c, struct ritz_work_mark mark)
{
    const int guard = -64;
    double most[2];
    c->measured = c->p.measured = 1;
    RITZ_TRY(largest(c, most));
    if (fits(c, most[0]) && fits(c, most[1])) return RITZ_OK;
    if (!isfinite(most[0]) || !isfinite(most[1])) {
        /* Sums and weighted rows may overflow where the data does not. */
        c->exp_a = c->exp_b = guard;
        RITZ_TRY(reopen(c, mark));
        RITZ_TRY(largest(c, most));
        c->p.finite = isfinite(most[0]) && isfinite(most[1]);
        if (!c->p.finite) return RITZ_OK;
    }
    c->exp_a += exponent_for(c->data.dtype, most[0]);
    c->exp_b += exponent_for(c->data.dtype, most[1]);
    return reopen(c, mark);
}

/* ---- solving ----------------------------------------------------------------------------- */

static ritz_status run(struct lstsq *p, ritz_lstsq_method method, int *accepted)
{
    switch (method) {
    case RITZ_LSTSQ_NORMAL: return lstsq_by_normal(p, accepted);
    case RITZ_LSTSQ_QR: return lstsq_by_qr(p, accepted);
    case RITZ_LSTSQ_SKETCH_QR: return lstsq_by_sketch_qr(p, accepted);
    case RITZ_LSTSQ_SKETCH_CG: return lstsq_by_cg(p, 0, accepted);
    case RITZ_LSTSQ_SKETCH_CG_FIXED: return lstsq_by_cg(p, 1, accepted);
    case RITZ_LSTSQ_SKETCH_SOLVE: return lstsq_by_sketch_solve(p, accepted);
    case RITZ_LSTSQ_MINNORM: return lstsq_by_minnorm(p, accepted);
    case RITZ_LSTSQ_TSQR: return lstsq_by_tsqr(p, accepted);
    case RITZ_LSTSQ_AUTO:
    case RITZ_LSTSQ_LSMR: break;
    }
    return ritz_fail(RITZ_ERR_INTERNAL, "method %d has no solver", (int)method);
}

/* Forget what a method left. */
void lstsq_clear_figures(struct lstsq *p)
{
    ritz_lstsq_report *r = &p->r;
    p->finite = 1;
    p->out_of_range = p->rank_deficient = 0;
    p->norm_a = 0;
    r->rank = -1;
    r->condition = r->residual_norm = r->rhs_norm = r->solution_norm = (double)NAN;
    r->optimality = r->backward_error = r->dof = (double)NAN;
    r->refinements = r->iterations = -1;
}

/* The method was accepted with factors in float32. */
static void explain_mixed(struct lstsq_call *c)
{
    char *text = c->p.r.reason;
    const size_t used = strlen(text);
    (void)snprintf(text + used, sizeof c->p.r.reason - used, "; preconditioner in float32");
}

/* Why factors in float32 would not do. */
static void explain_not_mixed(struct lstsq_call *c, const ritz_lstsq_report *r,
                              ritz_lstsq_method method)
{
    if (r->condition > lstsq_mixed_limit(method))
        lstsq_explain(c, RITZ_LSTSQ_CHECK_FAILED,
                      "the condition of A is about %.1e, too large for a preconditioner in float32",
                      r->condition);
    else if (!isnan(r->backward_error))
        lstsq_explain(c, RITZ_LSTSQ_CHECK_FAILED,
                      "a preconditioner in float32 left a backward error of %.1e",
                      r->backward_error);
    else
        lstsq_explain(c, RITZ_LSTSQ_CHECK_FAILED, "A could not be factored in float32");
}

/* Why the method before was not accepted. */
static void explain_fallback(struct lstsq_call *c, const struct lstsq *failed,
                             ritz_lstsq_method method)
{
    const ritz_lstsq_report *r = &failed->r;
    if (failed->rank_deficient)
        lstsq_explain(c, RITZ_LSTSQ_RANK_DEFICIENT,
                      "%s found that the columns of A depend on each other to working precision",
                      lstsq_method_name(method));
    else if (method == RITZ_LSTSQ_NORMAL && !(r->condition <= lstsq_normal_limit(failed->dtype)))
        lstsq_explain(c, RITZ_LSTSQ_CHECK_FAILED,
                      "the condition of A is about %.1e, beyond the %.0e of the normal equations",
                      r->condition, lstsq_normal_limit(failed->dtype));
    else
        lstsq_explain(c, RITZ_LSTSQ_CHECK_FAILED, "%s left a backward error of %.1e",
                      lstsq_method_name(method), r->backward_error);
}

/* Whether a method works on a copy, beside which a look at all rows costs little. */
static int copies(ritz_lstsq_method method)
{
    return method == RITZ_LSTSQ_QR || method == RITZ_LSTSQ_MINNORM;
}

/* Make sure that the data is fit: p->finite, and *anew = 1 if it had to be scaled, so that the
 * choice is to be made again. */
static ritz_status make_fit(struct lstsq_call *c, struct ritz_work_mark mark, int *anew)
{
    *anew = 0;
    if (c->measured) return RITZ_OK;
    const int before_a = c->exp_a, before_b = c->exp_b;
    RITZ_TRY(measure(c, mark));
    *anew = c->p.finite && (c->exp_a != before_a || c->exp_b != before_b);
    return *anew ? lstsq_choose(c) : RITZ_OK;
}

/* The chain, until one is accepted; p->finite = 0: the data is not finite. */
static ritz_status solve(struct lstsq_call *c, struct ritz_work_mark mark)
{
    struct lstsq *p = &c->p;
    const int can_look = lstsq_rows_can_repeat(p->rows);
    int next = 0;
    RITZ_TRY(lstsq_choose(c));
    while (next < c->length) {
        const ritz_lstsq_method method = c->chain[next];
        const int mixed = c->mixed && next == 0;
        int accepted = 0, anew = 0;
        lstsq_clear_figures(p);
        if (can_look && copies(method)) RITZ_TRY(make_fit(c, mark, &anew));
        if (!p->finite) return RITZ_OK;
        if (anew) {
            next = 0;
            continue;
        }
        p->r.method = method;
        RITZ_TRY(mixed ? lstsq_by_mixed(p, method, &accepted) : run(p, method, &accepted));
        if (accepted) {
            if (mixed) explain_mixed(c);
            return RITZ_OK;
        }
        if (!p->finite || p->out_of_range) {
            if (!can_look || c->measured) {
                p->finite = 0;
                return RITZ_OK;
            }
            p->finite = 1;
            RITZ_TRY(make_fit(c, mark, &anew));
            if (!p->finite) return RITZ_OK;
            if (anew) next = 0;
            continue;
        }
        if (mixed)
            explain_not_mixed(c, &p->r, method);
        else
            explain_fallback(c, p, method);
        p->r.fallbacks++;
        next++;
    }
    return ritz_fail(RITZ_ERR_NOT_CONVERGED, "no method was accepted: %s", p->r.reason);
}

/* ---- what the caller gets ---------------------------------------------------------------- */

/* A = 2^exponent A, also where 2^exponent itself is out of range. */
static ritz_status scale_by_power(ritz_stream *s, int exponent, ritz_dmat A)
{
    const int most = 100;
    while (exponent != 0) {
        const int e = exponent > most ? most : exponent < -most ? -most : exponent;
        RITZ_TRY(ritz_op_scale(s, ldexp(1.0, e), A));
        exponent -= e;
    }
    return RITZ_OK;
}

/* squares -= lambda ‖x‖², what the rows of the penalty have added, for each column x of X; the rows
 * are scaled, and lambda with them. */
static ritz_status take_off_penalty(struct lstsq_call *c)
{
    ritz_stream *s = c->p.s;
    const double root = sqrt(c->opts.lambda) * c->data.scale_a;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat penalty;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, c->p.targets, 1, 1, &penalty));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, c->p.X, penalty));
    RITZ_TRY_OUT(ritz_op_axpby(s, -root * root, penalty, 1.0, c->p.squares));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Norms on the host, unscaled, to where the caller wants them. */
static ritz_status deliver_norms(struct lstsq_call *c)
{
    struct lstsq *p = &c->p;
    const struct ritz_backend *backend = p->s->device->backend;
    const ritz_dmat out = c->opts.residual_norms;
    const int64_t count = p->targets;
    ritz_status rc, waited;
    if (!ritz_present(out) || count == 0) return RITZ_OK;
    double *norms = malloc((size_t)count * sizeof *norms);
    RITZ_REQUIRE(norms != NULL, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " norms", count);
    rc = ritz_algo_fetch(p->s, p->squares, norms);
    for (int64_t j = 0; j < count; j++) norms[j] = ldexp(sqrt(fmax(norms[j], 0)), -c->exp_b);
    if (rc == RITZ_OK)
        rc = backend->upload(p->s, ritz_hmat_wrap(norms, RITZ_F64, count, 1, RITZ_COL_MAJOR), out);
    waited = backend->stream_sync(p->s); /* `norms` goes */
    free(norms);
    return rc != RITZ_OK ? rc : waited;
}

static ritz_status deliver(struct lstsq_call *c)
{
    struct lstsq *p = &c->p;
    ritz_lstsq_report *r = &p->r;
    double squares;
    RITZ_TRY(lstsq_rows_rhs_squares(p->rows, &squares));
    if (isnan(r->rhs_norm)) r->rhs_norm = sqrt(squares);
    r->rhs_norm = ldexp(r->rhs_norm, -c->exp_b);
    r->residual_norm = ldexp(r->residual_norm, -c->exp_b);
    r->solution_norm = ldexp(r->solution_norm, c->exp_a - c->exp_b);
    r->dof = (double)(lstsq_rows_counted(p->rows) - r->rank - ritz_present(c->opts.intercept));
    if (r->dof < 0) r->dof = 0; /* with a penalty there may be fewer rows than columns */
    r->passes = c->passes + lstsq_rows_passes(p->rows);
    if (c->opts.lambda > 0) RITZ_TRY(take_off_penalty(c));
    RITZ_TRY(scale_by_power(p->s, c->exp_a - c->exp_b, p->X));
    RITZ_TRY(lstsq_rows_intercept(p->rows, p->X));
    RITZ_TRY(deliver_norms(c));
    return ritz_present(c->opts.rank) ? ritz_op_fill(p->s, (double)r->rank, c->opts.rank) : RITZ_OK;
}

/* The outputs of a problem that has no answer. */
static ritz_status deliver_nothing(struct lstsq_call *c)
{
    const ritz_lstsq_options *o = &c->opts;
    ritz_stream *s = c->p.s;
    RITZ_TRY(ritz_op_fill(s, (double)NAN, c->p.X));
    if (ritz_present(o->intercept)) RITZ_TRY(ritz_op_fill(s, (double)NAN, o->intercept));
    if (ritz_present(o->residual_norms)) RITZ_TRY(ritz_op_fill(s, (double)NAN, o->residual_norms));
    if (ritz_present(o->rank)) RITZ_TRY(ritz_op_fill(s, -1.0, o->rank));
    lstsq_clear_figures(&c->p);
    return ritz_fail(RITZ_ERR_NOT_FINITE,
                     "A or B has a NaN or an infinity; remove or impute it, or give its row the "
                     "weight 0");
}

static void describe(struct lstsq_call *c)
{
    ritz_lstsq_report *r = &c->p.r;
    const double lost = r->condition * lstsq_roundoff(c->data.dtype);
    const int64_t least = c->rows < c->data.n ? c->rows : c->data.n;
    r->method_name = lstsq_method_name(r->method);
    if (r->rank >= 0 && r->rank < least)
        warn(c,
             "A has rank %" PRId64 " of %" PRId64
             ": many X fit equally well, and this is the one of minimum norm.",
             r->rank, least);
    else if (r->method != RITZ_LSTSQ_MINNORM && lost > 1e-3)
        warn(c,
             "A is ill-conditioned (about %.1e): small changes of the data change X by much; what "
             "A X predicts is not affected.",
             r->condition);
    if (r->method == RITZ_LSTSQ_SKETCH_SOLVE)
        warn(c, "X solves a sketch of the problem: the residual is a few percent above the least.");
}

void lstsq_give_report(const struct lstsq_call *c, ritz_lstsq_report *report)
{
    if (!report) return;
    const size_t size = report->size < sizeof c->p.r ? report->size : sizeof c->p.r;
    const size_t given = report->size;
    memcpy(report, &c->p.r, size);
    report->size = given;
}

/* ---- the call ---------------------------------------------------------------------------- */

/* A problem without rows or without columns. */
static ritz_status solve_empty(struct lstsq_call *c)
{
    struct lstsq *p = &c->p;
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    double squares;
    ritz_dmat part;
    lstsq_explain(c, RITZ_LSTSQ_NOT_TALL, "A is empty");
    p->r.method = RITZ_LSTSQ_MINNORM;
    p->r.rank = 0;
    p->r.solution_norm = 0;
    RITZ_TRY_OUT(ritz_work_dmat(p->s, RITZ_F64, RITZ_COL_MAJOR, p->targets, 1, 1, &part));
    RITZ_TRY_OUT(ritz_op_fill(p->s, 0.0, p->X));
    RITZ_TRY_OUT(ritz_op_fill(p->s, 0.0, p->squares));
    RITZ_TRY_OUT(lstsq_rows_start(p->rows));
    for (;;) {
        struct lstsq_block b;
        RITZ_TRY_OUT(lstsq_rows_next(p->rows, &b));
        if (b.A.rows == 0) break;
        RITZ_TRY_OUT(ritz_op_col_sumsq(p->s, b.B, part));
        RITZ_TRY_OUT(ritz_op_axpby(p->s, 1.0, part, 1.0, p->squares));
    }
    RITZ_TRY_OUT(lstsq_rows_rhs_squares(p->rows, &squares));
    p->finite = isfinite(squares);
    p->r.residual_norm = p->r.rhs_norm = sqrt(squares);
    p->r.backward_error = p->r.optimality = 0;
out:
    ritz_work_release(p->s, mark);
    return rc;
}

ritz_status lstsq_solve(struct lstsq_call *c, ritz_dmat X, ritz_lstsq_report *report)
{
    const double start = ritz_algo_seconds();
    struct lstsq *p = &c->p;
    const struct ritz_work_mark outer = ritz_work_mark(p->s);
    ritz_status rc;
    c->data.opts = p->opts = &c->opts;
    c->pilot = (double)NAN;
    p->dtype = c->data.dtype;
    p->n = c->data.n;
    p->targets = c->data.s;
    p->X = X;
    p->r = (ritz_lstsq_report)RITZ_LSTSQ_REPORT_INIT;
    p->r.rows = c->data.m;
    p->r.cols = c->data.n;
    p->r.targets = c->data.s;
    lstsq_clear_figures(p);
    RITZ_TRY_OUT(ritz_work_dmat(p->s, RITZ_F64, RITZ_COL_MAJOR, p->targets, 1, 1, &p->squares));
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    RITZ_TRY_OUT(open_rows(c));
    RITZ_TRY_OUT(p->n == 0 || c->data.m == 0 ? solve_empty(c) : solve(c, mark));
    RITZ_TRY_OUT(p->finite ? deliver(c) : deliver_nothing(c));
    describe(c);
out:
    lstsq_rows_free(&p->rows);
    ritz_work_release(p->s, outer);
    p->r.seconds = ritz_algo_seconds() - start;
    if (rc == RITZ_OK || rc == RITZ_ERR_NOT_CONVERGED) lstsq_give_report(c, report);
    return rc;
}
