/* Least squares with an operator by a sketch, alone or with conjugate gradients.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/lstsq_iterate.h"

/* The backward error of Householder QR is below this many sqrt(n) u. */
#define HOUSEHOLDER 16.0

struct problem {
    struct lstsq_operator *p;
    struct lstsq_stacked a;
    struct lstsq_products on;
    struct lstsq_cg cg;
    struct lstsq_measure with;
};

static ritz_status gradient(void *context, ritz_dmat X, ritz_dmat G, ritz_dmat squares)
{
    struct problem *q = context;
    return lstsq_stacked_residual(&q->a, X, q->a.B, RITZ_NO_MAT, G, squares);
}

static ritz_status normal(void *context, ritz_dmat V, ritz_dmat W, ritz_dmat squares)
{
    struct problem *q = context;
    RITZ_TRY(lstsq_stacked_residual(&q->a, V, q->a.zero, RITZ_NO_MAT, W, squares));
    return ritz_op_scale(q->p->s, -1.0, W);
}

static ritz_status sketch(void *context, uint32_t draw, ritz_dmat SA, ritz_dmat SB)
{
    struct problem *q = context;
    return lstsq_stacked_sketch(&q->a, draw, SA, SB);
}

static ritz_status judge(void *context, const struct lstsq_cg *cg, double *backward_error,
                         int *accepted)
{
    struct problem *q = context;
    const double n = (double)q->on.n;
    (void)cg;
    RITZ_TRY(lstsq_measure(q->p, &q->with, NULL));
    *backward_error = q->p->r.backward_error;
    *accepted =
        q->p->finite && *backward_error <= HOUSEHOLDER * sqrt(n) * lstsq_roundoff(q->on.dtype);
    return RITZ_OK;
}

/* ‖A‖_F. */
static ritz_status fetch_norm(struct problem *q)
{
    ritz_stream *s = q->p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat square, norms;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &square));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, q->on.n, 1, 1, &norms));
    RITZ_TRY_OUT(lstsq_stacked_norms(&q->a, square, norms));
    RITZ_TRY_OUT(ritz_algo_fetch(s, square, &q->with.norm_a));
    q->with.norm_a = sqrt(q->with.norm_a);
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The sketch, and the solution of the sketched problem. *solved: there is one. */
static ritz_status start(struct lstsq_operator *p, struct problem *q, int64_t sketch_rows,
                         int *solved)
{
    q->p = p;
    RITZ_TRY(lstsq_stacked_open(p, &q->a));
    const int64_t n = p->A->cols;
    q->on = (struct lstsq_products){.s = p->s,
                                    .dtype = p->A->dtype,
                                    .n = n,
                                    .targets = p->B.cols,
                                    .sketch_rows = sketch_rows,
                                    .context = q,
                                    .gradient = gradient,
                                    .normal = normal,
                                    .sketch = sketch};
    q->cg = (struct lstsq_cg){.on = &q->on, .X = p->X};
    RITZ_TRY(fetch_norm(q));
    RITZ_TRY(lstsq_cg_start(&q->cg, 0));
    q->with = (struct lstsq_measure){&q->a, q->cg.Rs, q->with.norm_a};
    p->finite = q->cg.finite && isfinite(q->with.norm_a);
    p->rank_deficient = p->finite && !isfinite(q->cg.condition);
    p->r.condition = q->cg.condition;
    *solved = p->finite && !p->rank_deficient;
    return RITZ_OK;
}

static void finish(struct lstsq_operator *p, const struct problem *q)
{
    p->r.iterations += q->cg.iterations;
    p->r.refinements = q->cg.refinements;
    p->r.passes += q->a.products + 1;
    p->r.rank = q->on.n;
}

ritz_status lstsq_operator_by_cg(struct lstsq_operator *p, int fixed, int *accepted)
{
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    struct problem q;
    int solved;
    const int64_t m = p->A->rows + (p->opts->lambda > 0 ? p->A->cols : 0);
    *accepted = 0;
    RITZ_TRY_OUT(start(p, &q, lstsq_cg_sketch_rows(m, p->A->cols), &solved));
    if (solved) RITZ_TRY_OUT(lstsq_cg_refine(&q.cg, fixed, judge, accepted));
    finish(p, &q);
out:
    ritz_work_release(p->s, mark);
    return rc;
}

ritz_status lstsq_operator_by_sketch_solve(struct lstsq_operator *p, int *accepted)
{
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    struct problem q;
    *accepted = 0;
    RITZ_TRY_OUT(start(p, &q, lstsq_sketch_solve_rows(p->A->cols), accepted));
    if (*accepted) RITZ_TRY_OUT(lstsq_measure(p, &q.with, NULL));
    *accepted = *accepted && p->finite;
    finish(p, &q);
out:
    ritz_work_release(p->s, mark);
    return rc;
}
