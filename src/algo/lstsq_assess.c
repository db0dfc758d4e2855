/* How good a least squares solution is where A may have any rank.
 *
 * With r = b - A x and g = Aᵀr, the backward error is at most
 *
 *     min(‖r‖ / ‖x‖, ‖g‖ / ‖r‖),
 *
 * and within a small factor of ‖(‖x‖² AᵀA + ‖r‖² I)^-½ g‖ (Karlson and Waldén), which is ‖S⁻ᵀg‖
 * with [‖x‖ R; ‖r‖ I] = Q S, R the triangular factor of A. For wide A = L Qᵀ the rows of Qᵀ are a
 * basis in which g is Lᵀr, and L takes the place of R. Neither R nor L need be regular.
 *
 * Source: Stewart, Research, development, and LINPACK, in: Mathematical Software III, 1977 (the two
 * bounds); Karlson and Waldén, BIT 37, 1997.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "algo/lstsq.h"

/* In units of sqrt(n) u: a bound that need not be sharpened. */
#define WANTED 4.0

enum figure { RESIDUAL, SOLUTION, GRADIENT, FIGURES };

struct assessment {
    struct lstsq *p;
    ritz_dmat core;    /* R or L */
    int wide;          /* it is L */
    ritz_dmat G;       /* Aᵀ(B - A X) */
    ritz_dmat H;       /* the same in the basis of the core */
    ritz_dmat figures; /* s x FIGURES of F64: squares of the norms of columns */
    double *host;      /* the same on the host, as norms */
    double *bounds;    /* of the backward error of each column */
};

static double figure(const struct assessment *f, enum figure which, int64_t j)
{
    return f->host[which * f->p->targets + j];
}

/* ---- a pass over the rows ------------------------------------------------------------------ */

static ritz_status take_block(struct assessment *f, const struct lstsq_block *b)
{
    ritz_stream *s = f->p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_dmat squares = ritz_cols(f->figures, RESIDUAL, 1);
    ritz_status rc;
    ritz_dmat r = RITZ_NO_MAT;
    if (f->wide)
        RITZ_TRY_OUT(ritz_work_dmat(s, f->p->dtype, RITZ_COL_MAJOR, b->B.rows, b->B.cols, 1, &r));
    RITZ_TRY_OUT(ritz_op_residual(s, b->A, f->p->X, b->B, r, f->G, squares));
    if (f->wide) {
        const ritz_dmat L = ritz_row_range(f->core, b->first, b->A.rows);
        RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(L), r, 1.0, f->H));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status take_rows(struct assessment *f)
{
    struct lstsq *p = f->p;
    RITZ_TRY(ritz_op_fill(p->s, 0.0, f->G));
    RITZ_TRY(ritz_op_fill(p->s, 0.0, f->H));
    RITZ_TRY(ritz_op_fill(p->s, 0.0, f->figures));
    RITZ_TRY(lstsq_rows_start(p->rows));
    for (;;) {
        struct lstsq_block b;
        RITZ_TRY(lstsq_rows_next(p->rows, &b));
        if (b.A.rows == 0) return RITZ_OK;
        RITZ_TRY(take_block(f, &b));
    }
}

/* The figures to the host. */
static ritz_status bring_figures(struct assessment *f)
{
    struct lstsq *p = f->p;
    RITZ_TRY(ritz_op_col_sumsq(p->s, p->X, ritz_cols(f->figures, SOLUTION, 1)));
    RITZ_TRY(ritz_op_col_sumsq(p->s, f->G, ritz_cols(f->figures, GRADIENT, 1)));
    RITZ_TRY(ritz_op_copy(p->s, ritz_cols(f->figures, RESIDUAL, 1), p->squares));
    RITZ_TRY(ritz_algo_fetch(p->s, f->figures, f->host));
    for (int64_t i = 0; i < FIGURES * p->targets; i++) {
        f->host[i] = sqrt(f->host[i]);
        if (!isfinite(f->host[i])) p->finite = 0;
    }
    return RITZ_OK;
}

/* ---- the backward error -------------------------------------------------------------------- */

static double bound(const struct assessment *f, int64_t j)
{
    const double g = figure(f, GRADIENT, j), r = figure(f, RESIDUAL, j);
    if (g == 0) return 0;
    /* ‖x‖ = 0 gives infinity */
    return fmin(r / figure(f, SOLUTION, j), g / r) / f->p->norm_a;
}

/* The estimate for column j. */
static ritz_status estimate(const struct assessment *f, int64_t j, double *eta)
{
    const struct lstsq *p = f->p;
    return lstsq_backward_estimate(p->s, f->core, p->norm_a, figure(f, SOLUTION, j),
                                   figure(f, RESIDUAL, j), ritz_cols(f->wide ? f->H : f->G, j, 1),
                                   eta);
}

/* The largest backward error of all columns; the bounds are sharpened, worst first, until none can
 * be above what was found. */
static ritz_status backward_error(struct assessment *f, double *eta)
{
    const struct lstsq *p = f->p;
    const double enough = WANTED * sqrt((double)p->n) * lstsq_roundoff(p->dtype);
    double found = 0;
    for (int64_t j = 0; j < p->targets; j++) f->bounds[j] = bound(f, j);
    for (;;) {
        int64_t worst = 0;
        double sharper;
        for (int64_t j = 1; j < p->targets; j++)
            if (f->bounds[j] > f->bounds[worst]) worst = j;
        *eta = fmax(found, f->bounds[worst]);
        if (f->bounds[worst] <= fmax(enough, found)) return RITZ_OK;
        RITZ_TRY(estimate(f, worst, &sharper));
        found = fmax(found, fmin(sharper, f->bounds[worst]));
        f->bounds[worst] = 0;
    }
}

static ritz_status report(struct assessment *f)
{
    ritz_lstsq_report *r = &f->p->r;
    r->residual_norm = r->solution_norm = r->optimality = 0;
    for (int64_t j = 0; j < f->p->targets; j++) {
        const double g = figure(f, GRADIENT, j), residual = figure(f, RESIDUAL, j);
        r->residual_norm = hypot(r->residual_norm, residual);
        r->solution_norm = hypot(r->solution_norm, figure(f, SOLUTION, j));
        if (g > 0) r->optimality = fmax(r->optimality, g / f->p->norm_a / residual);
    }
    return backward_error(f, &r->backward_error);
}

ritz_status lstsq_assess(struct lstsq *p, ritz_dmat core)
{
    ritz_stream *s = p->s;
    const int64_t targets = p->targets, k = core.cols;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    struct assessment f = {.p = p, .core = core, .wide = k < p->n};
    ritz_status rc;
    f.host = malloc((size_t)((FIGURES + 1) * targets) * sizeof *f.host);
    if (f.host == NULL && targets > 0)
        return ritz_fail(RITZ_ERR_MEMORY, "no host memory for %" PRId64 " figures", targets);
    f.bounds = f.host + FIGURES * targets;
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, targets, 1, &f.G));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, k, targets, 1, &f.H));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, targets, FIGURES, 1, &f.figures));
    RITZ_TRY_OUT(take_rows(&f));
    RITZ_TRY_OUT(bring_figures(&f));
    if (p->finite) RITZ_TRY_OUT(report(&f));
out:
    free(f.host);
    ritz_work_release(s, mark);
    return rc;
}
