/* Solving from statistics: min ‖R X - C‖, with rows [√λ I 0] below for a penalty.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algo/lstsq_stats.h"
#include "algo/stacked_qr.h"

/* Norms of the columns of s targets, a column of the figures each. */
enum { RESIDUAL, GRADIENT, SOLUTION, RHS, FIGURES };

struct solve {
    ritz_stream *s;
    const ritz_lstsq_stats *stats;
    ritz_lstsq_options o;
    ritz_dmat X;
    ritz_dmat F;       /* without the penalty */
    ritz_dmat R, C;    /* with it */
    ritz_dmat rank;    /* I32 1 x 1 */
    ritz_dmat figures; /* s x FIGURES F64 */
    ritz_dmat norm_a;  /* 1 x 1 F64: ‖R‖_F */
    double condition;
};

/* ---- arguments --------------------------------------------------------------------------- */

static ritz_status check_outputs(const struct solve *p)
{
    const ritz_lstsq_options *o = &p->o;
    const int64_t targets = p->stats->targets;
    if (ritz_present(o->intercept)) {
        RITZ_TRY(ritz_check_output(p->s, o->intercept, "intercept"));
        RITZ_TRY(ritz_check_single(o->intercept, "intercept"));
        RITZ_TRY(ritz_check_same_dtype(o->intercept, "intercept", p->X, "X"));
        RITZ_TRY(ritz_check_shape(o->intercept, "intercept", 1, targets,
                                  "intercept must be 1 x targets"));
        RITZ_TRY(ritz_check_no_overlap(o->intercept, "intercept", p->X, "X"));
    }
    RITZ_TRY(ritz_check_info(p->s, o->rank, 1));
    RITZ_TRY(ritz_check_no_overlap(o->rank, "rank", p->X, "X"));
    RITZ_TRY(ritz_check_no_overlap(o->rank, "rank", o->intercept, "intercept"));
    if (!ritz_present(o->residual_norms)) return RITZ_OK;
    RITZ_TRY(ritz_algo_check_scalars(p->s, o->residual_norms, "residual_norms", RITZ_F64, targets,
                                     1, p->X));
    RITZ_TRY(ritz_check_no_overlap(o->residual_norms, "residual_norms", o->intercept, "intercept"));
    return ritz_check_no_overlap(o->residual_norms, "residual_norms", o->rank, "rank");
}

static ritz_status check(struct solve *p, const ritz_lstsq_options *opts)
{
    const ritz_lstsq_options defaults = RITZ_LSTSQ_DEFAULTS;
    RITZ_TRY(lstsq_stats_check(p->s, p->stats, "stats"));
    RITZ_TRY(ritz_check_output(p->s, p->X, "X"));
    RITZ_TRY(ritz_check_single(p->X, "X"));
    RITZ_TRY(ritz_check_same_dtype(p->X, "X", p->stats->c.factor, "the statistics"));
    RITZ_TRY(ritz_check_shape(p->X, "X", p->stats->cols, p->stats->targets,
                              "X must be columns x targets of the statistics"));
    RITZ_TRY(ritz_check_options(opts, sizeof defaults, "opts"));
    p->o = opts ? *opts : defaults;
    RITZ_REQUIRE(p->o.lambda >= 0 && isfinite(p->o.lambda), RITZ_ERR_OPTION,
                 "lambda is %g; it must be finite and >= 0", p->o.lambda);
    RITZ_REQUIRE(p->o.rtol >= 0 && isfinite(p->o.rtol), RITZ_ERR_OPTION,
                 "rtol is %g; it must be finite and >= 0", p->o.rtol);
    return check_outputs(p);
}

/* ---- the solution ------------------------------------------------------------------------ */

/* R and C of the problem, with the rows of the penalty. */
static ritz_status make_problem(struct solve *p)
{
    const int64_t n = p->stats->cols, targets = p->stats->targets;
    ritz_stream *s = p->s;
    RITZ_TRY(lstsq_centred_factor(s, &p->stats->c, ritz_present(p->o.intercept), &p->F));
    ritz_dmat W = p->F;
    if (p->o.lambda > 0 && n > 0) {
        struct stacked_qr q;
        RITZ_TRY(stacked_qr_open(s, W.dtype, W.cols, n, &q));
        const ritz_dmat penalty = stacked_qr_room(&q, n);
        RITZ_TRY(ritz_op_copy(s, p->F, stacked_qr_factor(&q)));
        RITZ_TRY(ritz_op_fill(s, 0.0, penalty));
        RITZ_TRY(ritz_op_set_identity(s, penalty));
        RITZ_TRY(ritz_op_scale(s, sqrt(p->o.lambda), penalty));
        RITZ_TRY(stacked_qr_absorb(&q, n));
        W = stacked_qr_factor(&q);
    }
    RITZ_TRY(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, n, n, 1, &p->R));
    RITZ_TRY(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, n, targets, 1, &p->C));
    RITZ_TRY(ritz_op_copy(s, ritz_block(W, 0, 0, n, n), p->R));
    return ritz_op_copy(s, ritz_block(W, 0, n, n, targets), p->C);
}

static ritz_status make_intercept(struct solve *p)
{
    const int64_t n = p->stats->cols, both = n + p->stats->targets;
    ritz_dmat means;
    if (!ritz_present(p->o.intercept)) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(p->s, RITZ_F64, RITZ_COL_MAJOR, both, 2, 1, &means));
    RITZ_TRY(lstsq_centred_means(p->s, &p->stats->c, means));
    means = ritz_cols(means, 0, 1);
    return lstsq_stats_intercept(p->s, ritz_row_range(means, 0, n),
                                 ritz_row_range(means, n, p->stats->targets), p->X, p->o.intercept);
}

static ritz_status solve(struct solve *p)
{
    ritz_stream *s = p->s;
    const int64_t n = p->stats->cols;
    p->rank = p->o.rank;
    if (!ritz_present(p->rank))
        RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &p->rank));
    RITZ_TRY(make_problem(p));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &p->norm_a));
    RITZ_TRY(ritz_op_frobenius(s, p->R, p->norm_a));
    p->condition = (double)NAN;
    if (n == 0) {
        RITZ_TRY(ritz_op_fill(s, 0.0, p->rank));
    } else {
        RITZ_TRY(lstsq_condition(s, p->R, &p->condition));
        RITZ_TRY(lstsq_minimum_norm(s, p->o.rtol, p->R, p->C, p->X, p->rank, RITZ_NO_MAT));
    }
    return make_intercept(p);
}

/* ---- figures ----------------------------------------------------------------------------- */

static ritz_status norms_of(const struct solve *p, ritz_dmat A, ritz_dmat norms)
{
    if (A.cols == 0) return RITZ_OK;
    const ritz_dmat items = ritz_batched(ritz_cols(A, 0, 1), A.cols, A.ld);
    return ritz_op_frobenius(p->s, items, ritz_algo_scalar_items(norms));
}

/* Residuals of the rows of F: [C - R X; E], whose columns are as long as those of B - A X. */
static ritz_status measure(struct solve *p)
{
    const int64_t n = p->stats->cols, targets = p->stats->targets;
    const ritz_dmat R = ritz_block(p->F, 0, 0, n, n), B = ritz_cols(p->F, n, targets);
    ritz_stream *s = p->s;
    ritz_dmat D, G, X;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, targets, FIGURES, 1, &p->figures));
    RITZ_TRY(ritz_work_dmat(s, B.dtype, RITZ_COL_MAJOR, n + targets, targets, 1, &D));
    RITZ_TRY(ritz_work_dmat(s, B.dtype, RITZ_COL_MAJOR, n, targets, 1, &G));
    RITZ_TRY(ritz_work_dmat(s, B.dtype, RITZ_COL_MAJOR, n, targets, 1, &X));
    RITZ_TRY(ritz_op_copy(s, p->X, X));
    RITZ_TRY(ritz_op_copy(s, B, D));
    RITZ_TRY(ritz_op_gemm(s, -1.0, R, X, 1.0, ritz_row_range(D, 0, n)));
    RITZ_TRY(ritz_op_gemm(s, 1.0, ritz_t(R), ritz_row_range(D, 0, n), 0.0, G));
    RITZ_TRY(ritz_op_axpby(s, -p->o.lambda, X, 1.0, G));
    RITZ_TRY(norms_of(p, D, ritz_cols(p->figures, RESIDUAL, 1)));
    RITZ_TRY(norms_of(p, G, ritz_cols(p->figures, GRADIENT, 1)));
    RITZ_TRY(norms_of(p, X, ritz_cols(p->figures, SOLUTION, 1)));
    RITZ_TRY(norms_of(p, B, ritz_cols(p->figures, RHS, 1)));
    if (!ritz_present(p->o.residual_norms)) return RITZ_OK;
    return ritz_op_copy(s, ritz_cols(p->figures, RESIDUAL, 1), p->o.residual_norms);
}

/* ‖r‖ of a column of the residual, the rows of the penalty included. */
static double whole_residual(const struct solve *p, const double *f, int64_t j)
{
    const int64_t targets = p->stats->targets;
    return hypot(f[RESIDUAL * targets + j], sqrt(p->o.lambda) * f[SOLUTION * targets + j]);
}

static void summarise(const struct solve *p, const double *f, double norm_a, ritz_lstsq_report *r)
{
    const int64_t targets = p->stats->targets;
    r->residual_norm = r->rhs_norm = r->solution_norm = r->optimality = 0;
    for (int64_t j = 0; j < targets; j++) {
        const double residual = whole_residual(p, f, j), size = norm_a * residual;
        r->residual_norm = hypot(r->residual_norm, residual);
        r->rhs_norm = hypot(r->rhs_norm, f[RHS * targets + j]);
        r->solution_norm = hypot(r->solution_norm, f[SOLUTION * targets + j]);
        if (size > 0) r->optimality = fmax(r->optimality, f[GRADIENT * targets + j] / size);
    }
}

static ritz_status fill_report(const struct solve *p, ritz_lstsq_report *r)
{
    const int64_t targets = p->stats->targets;
    const int intercept = ritz_present(p->o.intercept);
    double rank = 0, norm_a = 0;
    double *figures = calloc((size_t)(targets * FIGURES + 1), sizeof *figures);
    ritz_status rc;
    RITZ_REQUIRE(figures, RITZ_ERR_MEMORY, "no host memory for the figures of %" PRId64 " targets",
                 targets);
    RITZ_TRY_OUT(ritz_algo_fetch(p->s, p->rank, &rank));
    RITZ_TRY_OUT(ritz_algo_fetch(p->s, p->norm_a, &norm_a));
    if (targets > 0) RITZ_TRY_OUT(ritz_algo_fetch(p->s, p->figures, figures));
    summarise(p, figures, norm_a, r);
    r->method = RITZ_LSTSQ_TSQR;
    r->method_name = "tsqr";
    r->reason_code = RITZ_LSTSQ_REASON_ASKED;
    snprintf(r->reason, sizeof r->reason, "statistics of %" PRId64 " rows", p->stats->c.rows);
    r->rows = p->stats->c.rows;
    r->cols = p->stats->cols;
    r->targets = targets;
    r->rank = (int64_t)rank;
    r->condition = p->condition;
    r->backward_error = (double)NAN;
    r->dof = (double)(r->rows - r->rank - intercept);
    if (r->dof < 0) r->dof = 0; /* with a penalty there may be fewer rows than columns */
    if (r->rank < r->cols)
        snprintf(r->warning, sizeof r->warning,
                 "the rows determine %" PRId64 " of %" PRId64
                 " coefficients: X is the solution of minimum norm.",
                 r->rank, r->cols);
out:
    free(figures);
    return rc;
}

ritz_status ritz_lstsq_stats_solve(ritz_stream *s, const ritz_lstsq_stats *stats, ritz_dmat X,
                                   const ritz_lstsq_options *opts, ritz_lstsq_report *report)
{
    const double start = ritz_algo_seconds();
    RITZ_ENTER(s, &X);
    struct solve p = {.s = s, .stats = stats, .X = X};
    RITZ_TRY(check(&p, opts));
    RITZ_TRY(ritz_check_options(report, sizeof *report, "report"));
    ritz_lstsq_report r = RITZ_LSTSQ_REPORT_INIT;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    RITZ_TRY_OUT(solve(&p));
    RITZ_TRY_OUT(measure(&p));
    if (!report) goto out;
    RITZ_TRY_OUT(fill_report(&p, &r));
    r.seconds = ritz_algo_seconds() - start;
    r.size = report->size;
    memcpy(report, &r, r.size < sizeof r ? r.size : sizeof r);
out:
    ritz_work_release(s, mark);
    return rc;
}
