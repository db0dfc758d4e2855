/* Linear least squares with an operator: checks, the choice of a method, and the report.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/lstsq_iterate.h"

enum { TALL = 4, MOST_SKETCHED = 5000 };

/* ---- checks ------------------------------------------------------------------------------- */

static ritz_status check_options(const ritz_stream *s, const ritz_lstsq_options *o,
                                 const ritz_linop *A, ritz_dmat B)
{
    RITZ_REQUIRE(o->method == RITZ_LSTSQ_AUTO || o->method == RITZ_LSTSQ_SKETCH_CG ||
                     o->method == RITZ_LSTSQ_SKETCH_CG_FIXED ||
                     o->method == RITZ_LSTSQ_SKETCH_SOLVE || o->method == RITZ_LSTSQ_LSMR,
                 RITZ_ERR_OPTION,
                 "method is %d; an operator takes RITZ_LSTSQ_AUTO, one of the sketched iterations, "
                 "RITZ_LSTSQ_SKETCH_SOLVE or RITZ_LSTSQ_LSMR",
                 (int)o->method);
    RITZ_REQUIRE(o->lambda >= 0 && isfinite(o->lambda), RITZ_ERR_OPTION,
                 "lambda is %g; it must be finite and not negative", o->lambda);
    RITZ_REQUIRE(o->tolerance >= 0 && isfinite(o->tolerance), RITZ_ERR_OPTION,
                 "tolerance is %g; it must be positive, or 0 for the default", o->tolerance);
    RITZ_REQUIRE(o->max_iterations >= 0, RITZ_ERR_OPTION,
                 "max_iterations is %d; it must be positive, or 0 for the default",
                 o->max_iterations);
    RITZ_REQUIRE(!ritz_present(o->weights) && !ritz_present(o->intercept), RITZ_ERR_OPTION,
                 "an operator takes neither weights nor an intercept; make them part of it");
    if (ritz_present(o->rank))
        RITZ_TRY(ritz_algo_check_scalars(s, o->rank, "rank", RITZ_I32, 1, 1, A->A));
    if (ritz_present(o->residual_norms))
        RITZ_TRY(ritz_algo_check_scalars(s, o->residual_norms, "residual_norms", RITZ_F64, B.cols,
                                         1, A->A));
    return RITZ_OK;
}

static ritz_status check(const ritz_stream *s, const ritz_linop *A, ritz_dmat B, ritz_dmat X)
{
    RITZ_TRY(ritz_algo_linop_check(s, A, "A"));
    RITZ_TRY(ritz_check_input(s, B, "B"));
    RITZ_TRY(ritz_check_output(s, X, "X"));
    RITZ_REQUIRE(B.dtype == A->dtype && X.dtype == A->dtype, RITZ_ERR_DTYPE,
                 "the operator is %s, B is %s and X is %s; all three must be the same",
                 ritz_dtype_name(A->dtype), ritz_dtype_name(B.dtype), ritz_dtype_name(X.dtype));
    RITZ_TRY(ritz_check_single(B, "B"));
    RITZ_TRY(ritz_check_single(X, "X"));
    RITZ_TRY(ritz_check_shape(B, "B", A->rows, B.cols,
                              "B must have a row for each row of the operator"));
    RITZ_TRY(ritz_check_shape(X, "X", A->cols, B.cols,
                              "X must be columns of the operator x columns of B"));
    RITZ_TRY(ritz_check_no_overlap(X, "X", B, "B"));
    RITZ_TRY(ritz_check_no_overlap(X, "X", A->A, "A"));
    return ritz_check_no_overlap(X, "X", A->mean, "mean");
}

/* ---- the choice --------------------------------------------------------------------------- */

static void explain(ritz_lstsq_report *r, ritz_lstsq_reason code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void explain(ritz_lstsq_report *r, ritz_lstsq_reason code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    r->reason_code = code;
    (void)vsnprintf(r->reason, sizeof r->reason, format, arguments);
    va_end(arguments);
}

static ritz_lstsq_method choose(struct lstsq_operator *p)
{
    const int64_t m = p->r.rows + (p->opts->lambda > 0 ? p->r.cols : 0), n = p->r.cols;
    ritz_lstsq_report *r = &p->r;
    if (p->opts->method != RITZ_LSTSQ_AUTO) {
        explain(r, RITZ_LSTSQ_REASON_ASKED, "asked for");
        return p->opts->method;
    }
    if (m < n) {
        explain(r, RITZ_LSTSQ_UNDERDETERMINED, "%" PRId64 " rows < %" PRId64 " columns", m, n);
        return RITZ_LSTSQ_LSMR;
    }
    if (m / TALL < n) {
        explain(r, RITZ_LSTSQ_NOT_TALL,
                "%" PRId64 " rows are fewer than %d times %" PRId64 " columns", m, TALL, n);
        return RITZ_LSTSQ_LSMR;
    }
    if (n > MOST_SKETCHED) {
        explain(r, RITZ_LSTSQ_OPERATOR_LARGE, "%" PRId64 " columns are too many for a sketch", n);
        return RITZ_LSTSQ_LSMR;
    }
    if (p->opts->digits == 1 || p->opts->digits == 2) {
        explain(r, RITZ_LSTSQ_LOW_ACCURACY, "%d digits are enough", p->opts->digits);
        return RITZ_LSTSQ_SKETCH_SOLVE;
    }
    explain(r, RITZ_LSTSQ_OPERATOR, "an operator of %" PRId64 " x %" PRId64 ", which is tall", m,
            n);
    return RITZ_LSTSQ_SKETCH_CG;
}

static ritz_status run(struct lstsq_operator *p, ritz_lstsq_method method, int *accepted)
{
    p->r.method = method;
    switch (method) {
    case RITZ_LSTSQ_SKETCH_SOLVE: return lstsq_operator_by_sketch_solve(p, accepted);
    case RITZ_LSTSQ_LSMR: return lstsq_operator_by_lsmr(p, accepted);
    default: return lstsq_operator_by_cg(p, method == RITZ_LSTSQ_SKETCH_CG_FIXED, accepted);
    }
}

/* A sketched method that did not pass its check is followed by LSMR, which needs no full rank. */
static ritz_status solve(struct lstsq_operator *p, int *accepted)
{
    const ritz_lstsq_method method = choose(p);
    RITZ_TRY(run(p, method, accepted));
    if (*accepted || !p->finite || method == RITZ_LSTSQ_LSMR) return RITZ_OK;
    p->r.fallbacks = 1;
    if (p->rank_deficient)
        explain(&p->r, RITZ_LSTSQ_RANK_DEFICIENT,
                "a sketch found that the columns depend on each other to working precision");
    else
        explain(&p->r, RITZ_LSTSQ_CHECK_FAILED, "%s left a backward error of %.1e",
                lstsq_method_name(method), p->r.backward_error);
    p->r.condition = p->rank_deficient ? (double)INFINITY : p->r.condition;
    return run(p, RITZ_LSTSQ_LSMR, accepted);
}

/* ---- outputs ------------------------------------------------------------------------------ */

/* The norms, from their squares. */
static ritz_status hand_over_norms(struct lstsq_operator *p)
{
    const int64_t targets = p->r.targets;
    const struct ritz_backend *backend = p->s->device->backend;
    const ritz_dmat norms = p->opts->residual_norms;
    if (!ritz_present(norms)) return RITZ_OK;
    if (!p->finite) return ritz_op_fill(p->s, (double)NAN, norms);
    double *const host = malloc((size_t)targets * sizeof *host);
    RITZ_REQUIRE(host != NULL, RITZ_ERR_MEMORY, "no host memory for the norms of residuals");
    ritz_status rc, waited;
    RITZ_TRY_OUT(ritz_algo_fetch(p->s, p->squares, host));
    for (int64_t j = 0; j < targets; j++) host[j] = sqrt(host[j]);
    rc = backend->upload(p->s, ritz_hmat_wrap(host, RITZ_F64, targets, 1, RITZ_COL_MAJOR), norms);
    waited = backend->stream_sync(p->s);
    if (rc == RITZ_OK) rc = waited;
out:
    free(host);
    return rc;
}

static ritz_status hand_over(struct lstsq_operator *p)
{
    if (!p->finite) RITZ_TRY(ritz_op_fill(p->s, (double)NAN, p->X));
    if (!p->finite) p->r.rank = -1;
    if (ritz_present(p->opts->rank)) RITZ_TRY(ritz_op_fill(p->s, (double)p->r.rank, p->opts->rank));
    RITZ_TRY(hand_over_norms(p));
    /* An error of earlier work on the stream surfaces here, and `X` is complete. */
    return p->s->device->backend->stream_sync(p->s);
}

/* Without columns, rows or right-hand sides X is zero and the residual B. */
static ritz_status solve_empty(struct lstsq_operator *p)
{
    double square = 0;
    ritz_dmat sum;
    p->r.method = RITZ_LSTSQ_LSMR;
    explain(&p->r, RITZ_LSTSQ_REASON_ASKED, "there is nothing to solve for");
    RITZ_TRY(ritz_op_fill(p->s, 0.0, p->X));
    RITZ_TRY(ritz_op_col_sumsq(p->s, p->B, p->squares));
    RITZ_TRY(ritz_work_dmat(p->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &sum));
    RITZ_TRY(ritz_op_sumsq(p->s, p->B, sum));
    RITZ_TRY(ritz_algo_fetch(p->s, sum, &square));
    p->finite = isfinite(square);
    p->r.rank = 0;
    p->r.rhs_norm = p->r.residual_norm = sqrt(square);
    p->r.solution_norm = p->r.optimality = p->r.backward_error = 0;
    return RITZ_OK;
}

static void describe(struct lstsq_operator *p, double start, ritz_lstsq_report *report)
{
    const double nan = (double)NAN;
    ritz_lstsq_report *r = &p->r;
    r->method_name = lstsq_method_name(r->method);
    if (r->rank >= 0) r->dof = r->rows > r->rank ? (double)(r->rows - r->rank) : 0;
    if (!p->finite)
        r->residual_norm = r->rhs_norm = r->solution_norm = r->optimality = r->backward_error = nan;
    r->seconds = ritz_algo_seconds() - start;
    if (report == NULL) return;
    r->size = report->size;
    memcpy(report, r, r->size < sizeof *r ? r->size : sizeof *r);
}

static ritz_status solve_checked(struct lstsq_operator *p, ritz_lstsq_report *report)
{
    const double start = ritz_algo_seconds();
    int accepted = 1;
    RITZ_TRY(ritz_work_dmat(p->s, RITZ_F64, RITZ_COL_MAJOR, p->r.targets, 1, 1, &p->squares));
    if (p->r.rows > 0 && p->r.cols > 0 && p->r.targets > 0)
        RITZ_TRY(solve(p, &accepted));
    else
        RITZ_TRY(solve_empty(p));
    RITZ_TRY(hand_over(p));
    if (!p->finite)
        (void)snprintf(p->r.warning, sizeof p->r.warning, "the data or its squares overflow");
    else if (!accepted)
        (void)snprintf(p->r.warning, sizeof p->r.warning,
                       "%s ended after %d iterations with a backward error of %.1e",
                       lstsq_method_name(p->r.method), p->r.iterations, p->r.backward_error);
    describe(p, start, report);
    RITZ_REQUIRE(p->finite, RITZ_ERR_NOT_FINITE,
                 "A or B has a NaN or an infinity, or numbers whose squares overflow");
    RITZ_REQUIRE(accepted, RITZ_ERR_NOT_CONVERGED, "%s", p->r.warning);
    return RITZ_OK;
}

ritz_status ritz_lstsq_operator(ritz_stream *s, const ritz_linop *A, ritz_dmat B, ritz_dmat X,
                                const ritz_lstsq_options *opts, ritz_lstsq_report *report)
{
    const ritz_lstsq_options defaults = RITZ_LSTSQ_DEFAULTS;
    const double nan = (double)NAN;
    RITZ_ENTER(s, &B);
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_lstsq_options), "opts"));
    RITZ_TRY(ritz_check_options(report, sizeof(ritz_lstsq_report), "report"));
    RITZ_TRY(check(s, A, B, X));
    RITZ_TRY(check_options(s, opts != NULL ? opts : &defaults, A, B));

    const struct ritz_work_mark mark = ritz_work_mark(s);
    struct lstsq_operator p = {
        .s = s,
        .A = A,
        .B = B,
        .X = X,
        .opts = opts != NULL ? opts : &defaults,
        .r = {.size = sizeof(ritz_lstsq_report),
              .rows = A->rows,
              .cols = A->cols,
              .targets = B.cols,
              .rank = -1,
              .condition = nan,
              .residual_norm = nan,
              .rhs_norm = nan,
              .solution_norm = nan,
              .optimality = nan,
              .backward_error = nan,
              .dof = nan},
        .finite = 1,
    };
    const ritz_status rc = solve_checked(&p, report);
    ritz_work_release(s, mark);
    return rc;
}
