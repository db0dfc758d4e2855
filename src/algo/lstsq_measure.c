/* How good a least squares solution of an operator's problem is.
 *
 * The backward error of a column is, in the estimate of Karlson and Waldén, with g = Aᵀr,
 *
 *     η = ‖(‖x‖² AᵀA + ‖r‖² I)^(-1/2) g‖ / ‖A‖_F
 *       <= min(‖g‖ / ‖r‖,  ‖Rs⁻ᵀg‖ / ‖x‖) / ‖A‖_F       where RsᵀRs ~ AᵀA
 *
 * and ‖r‖ / (‖x‖ ‖A‖_F) bounds the backward error too: A + r xᵀ/‖x‖² has no residual. The bounds
 * cost nothing beyond g; the estimate, by a QR factorization of [‖x‖ Rs; ‖r‖ I], is computed where
 * they are not small.
 *
 * Source: Karlson and Waldén, BIT 37, 1997; Stewart, Research, development, and LINPACK, in:
 * Mathematical Software III, 1977 (the two bounds without Rs); Epperly, Meier, Nakatsukasa,
 * arXiv:2406.03468 (a sketch in place of A).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "algo/lstsq_iterate.h"

/* Bounds below this many sqrt(n) u need not be sharpened. */
#define WANTED 4.0

enum measured { RESIDUAL, GRADIENT, SOLUTION, RHS, PRECONDITIONED, MEASURED };

/* The norms of columns, from their squares. */
static void read_columns(int64_t targets, const double *host, struct lstsq_column *columns)
{
    for (int64_t j = 0; j < targets; j++)
        columns[j] = (struct lstsq_column){
            .residual = sqrt(host[RESIDUAL * targets + j]),
            .gradient = sqrt(host[GRADIENT * targets + j]),
            .solution = sqrt(host[SOLUTION * targets + j]),
            .rhs = sqrt(host[RHS * targets + j]),
            .preconditioned = sqrt(host[PRECONDITIONED * targets + j]),
        };
}

/* The squares of all norms on the device; G = the gradients. */
static ritz_status enqueue(struct lstsq_operator *p, const struct lstsq_measure *with, ritz_dmat G,
                           ritz_dmat squares)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat C;
    RITZ_TRY_OUT(ritz_work_dmat(s, G.dtype, RITZ_COL_MAJOR, G.rows, G.cols, 1, &C));
    RITZ_TRY_OUT(lstsq_stacked_residual(with->a, p->X, with->a->B, RITZ_NO_MAT, G, p->squares));
    RITZ_TRY_OUT(ritz_op_copy(s, p->squares, ritz_cols(squares, RESIDUAL, 1)));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, G, ritz_cols(squares, GRADIENT, 1)));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, p->X, ritz_cols(squares, SOLUTION, 1)));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, p->B, ritz_cols(squares, RHS, 1)));
    RITZ_TRY_OUT(ritz_op_fill(s, (double)INFINITY, ritz_cols(squares, PRECONDITIONED, 1)));
    if (ritz_present(with->Rs)) {
        RITZ_TRY_OUT(ritz_op_copy(s, G, C));
        RITZ_TRY_OUT(
            ritz_op_trsm(s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, ritz_t(with->Rs), C));
        RITZ_TRY_OUT(ritz_op_col_sumsq(s, C, ritz_cols(squares, PRECONDITIONED, 1)));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- backward errors ---------------------------------------------------------------------- */

static double bound(const struct lstsq_column *c, double norm_a)
{
    if (c->gradient == 0 || c->residual == 0) return 0.0;
    /* Without a solution two of the three are infinite. */
    const double by_solution = fmin(c->preconditioned, c->residual) / c->solution;
    return fmin(c->gradient / c->residual, by_solution) / norm_a;
}

/* The estimate, of one column of the gradients. */
static ritz_status estimate(ritz_stream *s, const struct lstsq_measure *with, ritz_dmat g,
                            struct lstsq_column *c)
{
    double found;
    RITZ_TRY(
        lstsq_backward_estimate(s, with->Rs, with->norm_a, c->solution, c->residual, g, &found));
    c->backward_error = fmin(found, c->backward_error);
    return RITZ_OK;
}

static ritz_status backward_errors(struct lstsq_operator *p, const struct lstsq_measure *with,
                                   ritz_dmat G, struct lstsq_column *columns)
{
    const double small = WANTED * sqrt((double)G.rows) * lstsq_roundoff(G.dtype);
    for (int64_t j = 0; j < G.cols; j++) {
        columns[j].backward_error = bound(&columns[j], with->norm_a);
        if (columns[j].backward_error > small && ritz_present(with->Rs))
            RITZ_TRY(estimate(p->s, with, ritz_cols(G, j, 1), &columns[j]));
    }
    return RITZ_OK;
}

/* ---- the report --------------------------------------------------------------------------- */

static void summarise(struct lstsq_operator *p, double norm_a, const struct lstsq_column *columns)
{
    double residual = 0, solution = 0, rhs = 0;
    ritz_lstsq_report *r = &p->r;
    r->optimality = r->backward_error = 0;
    for (int64_t j = 0; j < p->B.cols; j++) {
        const struct lstsq_column *c = &columns[j];
        residual = hypot(residual, c->residual);
        solution = hypot(solution, c->solution);
        rhs = hypot(rhs, c->rhs);
        if (c->gradient > 0)
            r->optimality = fmax(r->optimality, c->gradient / c->residual / norm_a);
        r->backward_error = fmax(r->backward_error, c->backward_error);
    }
    r->residual_norm = residual;
    r->solution_norm = solution;
    r->rhs_norm = rhs;
    p->finite = isfinite(residual) && isfinite(solution) && isfinite(rhs) && isfinite(norm_a);
}

ritz_status lstsq_measure(struct lstsq_operator *p, const struct lstsq_measure *with,
                          struct lstsq_column *columns)
{
    ritz_stream *s = p->s;
    const int64_t n = p->X.rows, targets = p->B.cols;
    struct lstsq_column *const own = malloc((size_t)targets * sizeof *own);
    double *const host = malloc((size_t)(targets * MEASURED) * sizeof *host);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat G, squares;
    if (own == NULL || host == NULL) {
        rc = ritz_fail(RITZ_ERR_MEMORY, "no host memory for the figures of the report");
        goto out;
    }
    RITZ_TRY_OUT(ritz_work_dmat(s, p->X.dtype, RITZ_COL_MAJOR, n, targets, 1, &G));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, targets, MEASURED, 1, &squares));
    RITZ_TRY_OUT(enqueue(p, with, G, squares));
    RITZ_TRY_OUT(ritz_algo_fetch(s, squares, host));
    read_columns(targets, host, own);
    RITZ_TRY_OUT(backward_errors(p, with, G, own));
    summarise(p, with->norm_a, own);
    for (int64_t j = 0; columns != NULL && j < targets; j++) columns[j] = own[j];
out:
    ritz_work_release(s, mark);
    free(host);
    free(own);
    return rc;
}
