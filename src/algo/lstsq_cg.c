/* Least squares by conjugate gradients with a sketch as preconditioner.
 *
 *     S A = Qs Rs,  X = Rs⁻¹ QsᵀS B;  then, twice or more:
 *     C = Rs⁻ᵀAᵀ(B - A X),  solve Rs⁻ᵀAᵀA Rs⁻¹ Y = C,  X += Rs⁻¹ Y
 *
 * S has d rows. With δ = sqrt(n/d), the singular values of A Rs⁻¹ are about within 1/(1 ± δ)
 * whatever the condition of A, and an inner step takes a factor of δ off the error. The right-hand
 * side C of an inner solve is kept as it was computed: a method that updates residuals of
 * min ‖A Rs⁻¹ y - b‖ itself stalls above the accuracy of Householder QR. Two outer steps from the
 * solution of the sketched problem are backward stable.
 *
 * The inner solve takes the scalars of conjugate gradients on the device, a number for each column
 * of B: the host only looks now and then whether all columns are done. Without inner products,
 * "heavy ball" of Polyak, with the interval above known beforehand:
 *
 *     Y += α (C - M Y) + β (Y - Y_before),  ρ = 1.05 δ,  α = (1 - ρ²)²,  β = ρ²
 *
 * Source: Rokhlin and Tygert 2008; Avron, Maymounkov, Toledo 2010; Epperly, Meier, Nakatsukasa,
 * arXiv:2406.03468 (both inner methods, and why the outer steps are stable).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "algo/lstsq_iterate.h"

enum {
    NONZEROS = 8,       /* of a column of S */
    LEAST_SKETCH = 256, /* rows, for a matrix with few columns */
    CHECK_STEPS = 4     /* inner steps between looks of the host */
};
/* Outer steps. */
#define LEAST_REFINEMENTS 2
#define MOST_REFINEMENTS 4
#define REFINEMENTS_FIXED 3
#define WORTHWHILE 4.0 /* an outer step pays if it divides the backward error by this */

/* ---- the sketch --------------------------------------------------------------------------- */

int64_t lstsq_cg_sketch_rows(int64_t m, int64_t n)
{
    /* The QR of the sketch then costs an eighth of that of A, or twice what it does at d = 2n. */
    int64_t d = m / 8;
    if (d > 12 * n) d = 12 * n;
    if (d < 4 * n) d = 4 * n;
    if (d < LEAST_SKETCH) d = LEAST_SKETCH;
    return (d + NONZEROS - 1) / NONZEROS * NONZEROS;
}

/* Rs, and Y = the first n rows of QsᵀS B. */
static ritz_status factor(struct lstsq_cg *cg, uint32_t draw, ritz_dmat Y)
{
    const struct lstsq_products *on = cg->on;
    ritz_stream *s = on->s;
    const int64_t d = on->sketch_rows;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat SA, SB;
    RITZ_TRY_OUT(ritz_work_dmat(s, on->dtype, RITZ_COL_MAJOR, d, on->n, 1, &SA));
    RITZ_TRY_OUT(ritz_work_dmat(s, on->dtype, RITZ_COL_MAJOR, d, on->targets, 1, &SB));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, SA));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, SB));
    RITZ_TRY_OUT(on->sketch(on->context, draw, SA, SB));
    RITZ_TRY_OUT(lstsq_sketch_factor(s, SA, SB, cg->Rs, Y, &cg->finite));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_cg_start(struct lstsq_cg *cg, uint32_t draw)
{
    ritz_stream *s = cg->on->s;
    const int64_t n = cg->on->n;
    RITZ_TRY(ritz_work_dmat(s, cg->on->dtype, RITZ_COL_MAJOR, n, n, 1, &cg->Rs));
    cg->iterations = cg->refinements = 0;
    RITZ_TRY(factor(cg, draw, cg->X));
    cg->condition = (double)INFINITY;
    if (cg->finite) RITZ_TRY(lstsq_condition(s, cg->Rs, &cg->condition));
    if (lstsq_is_singular(cg->on->dtype, cg->condition)) cg->condition = (double)INFINITY;
    if (!isfinite(cg->condition)) return RITZ_OK;
    return ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, cg->Rs, cg->X);
}

/* ---- the inner solve ---------------------------------------------------------------------- */

/* Rs⁻ᵀAᵀA Rs⁻¹ Y = C; each n x s. */
struct inner {
    const struct lstsq_cg *cg;
    ritz_dmat C; /* conjugate gradients: becomes the residual */
    ritz_dmat Y;
    ritz_dmat P;       /* the direction; heavy ball: the Y before */
    ritz_dmat V, W;    /* Rs⁻¹ P, and the matrix times P */
    ritz_dmat squares; /* s x 1 F64: Pᵀ matrix P */
};

static ritz_status inner_open(struct inner *in, const struct lstsq_cg *cg)
{
    const struct lstsq_products *on = cg->on;
    ritz_dmat *const vectors[] = {&in->C, &in->Y, &in->P, &in->V, &in->W};
    in->cg = cg;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        RITZ_TRY(
            ritz_work_dmat(on->s, on->dtype, RITZ_COL_MAJOR, on->n, on->targets, 1, vectors[i]));
    return ritz_work_dmat(on->s, RITZ_F64, RITZ_COL_MAJOR, on->targets, 1, 1, &in->squares);
}

/* X = Rs⁻¹ X and X = Rs⁻ᵀ X. */
static ritz_status solve(const struct lstsq_cg *cg, ritz_dmat X)
{
    return ritz_op_trsm(cg->on->s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, cg->Rs, X);
}
static ritz_status solve_transposed(const struct lstsq_cg *cg, ritz_dmat X)
{
    return ritz_op_trsm(cg->on->s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, ritz_t(cg->Rs), X);
}

/* W = Rs⁻ᵀAᵀA Rs⁻¹ P. */
static ritz_status apply(struct inner *in, ritz_dmat P)
{
    const struct lstsq_products *on = in->cg->on;
    RITZ_TRY(ritz_op_copy(on->s, P, in->V));
    RITZ_TRY(solve(in->cg, in->V));
    RITZ_TRY(on->normal(on->context, in->V, in->W, in->squares));
    return solve_transposed(in->cg, in->W);
}

static double contraction(const struct lstsq_products *on)
{
    return sqrt((double)on->n / (double)on->sketch_rows);
}

/* Steps that take a factor of `rate` each until `tolerance`. */
static int steps_to(double tolerance, double rate)
{
    return (int)ceil(log(tolerance) / log(rate));
}

/* ---- conjugate gradients ------------------------------------------------------------------ */

/* The scalars of each column: s x 1 F64. */
struct scalars {
    ritz_dmat both;             /* their storage as s x 2: */
    ritz_dmat square, previous; /* of the residual: now, one step before */
    ritz_dmat ratio;
};

static ritz_status scalars_open(ritz_stream *s, int64_t targets, struct scalars *c)
{
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, targets, 2, 1, &c->both));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, targets, 1, 1, &c->ratio));
    c->square = ritz_cols(c->both, 0, 1);
    c->previous = ritz_cols(c->both, 1, 1);
    return RITZ_OK;
}

/* ratio = a / b, 0 where b = 0: a column that is solved exactly stands still. */
static ritz_status divide(ritz_stream *s, ritz_dmat a, ritz_dmat b, ritz_dmat ratio)
{
    return ritz_op_scale_cols(s, 1, b, ritz_t(a), ritz_t(ratio));
}

/* One step; `W` serves as scratch when it has been used. */
static ritz_status cg_iterate(struct inner *in, struct scalars *c)
{
    ritz_stream *s = in->cg->on->s;
    RITZ_TRY(apply(in, in->P));
    RITZ_TRY(divide(s, c->square, in->squares, c->ratio));
    RITZ_TRY(ritz_op_scale_cols(s, 0, c->ratio, in->W, in->W));
    RITZ_TRY(ritz_op_axpby(s, -1.0, in->W, 1.0, in->C));
    RITZ_TRY(ritz_op_scale_cols(s, 0, c->ratio, in->P, in->W));
    RITZ_TRY(ritz_op_axpby(s, 1.0, in->W, 1.0, in->Y));
    RITZ_TRY(ritz_op_copy(s, c->square, c->previous));
    RITZ_TRY(ritz_op_col_sumsq(s, in->C, c->square));
    RITZ_TRY(divide(s, c->square, c->previous, c->ratio));
    RITZ_TRY(ritz_op_scale_cols(s, 0, c->ratio, in->P, in->P));
    return ritz_op_axpby(s, 1.0, in->C, 1.0, in->P);
}

/* Every residual is below `tolerance` of its start; NaN counts as done, for it will not improve. */
static int all_done(int64_t targets, const double *squares, const double *start, double tolerance)
{
    for (int64_t j = 0; j < targets; j++)
        if (squares[j] > tolerance * tolerance * start[j]) return 0;
    return 1;
}

static ritz_status cg_solve(struct inner *in, double *host, int *steps)
{
    const struct lstsq_products *on = in->cg->on;
    ritz_stream *s = on->s;
    const double tolerance = on->dtype == RITZ_F32 ? 1e-6 : 1e-14;
    const int expected = steps_to(tolerance, contraction(on)), most = 2 * expected + 8;
    double *const start = host, *const now = host + on->targets;
    struct scalars c;
    RITZ_TRY(scalars_open(s, on->targets, &c));
    RITZ_TRY(ritz_op_col_sumsq(s, in->C, c.square));
    RITZ_TRY(ritz_algo_fetch(s, c.square, start));
    RITZ_TRY(ritz_op_fill(s, 0.0, in->Y));
    RITZ_TRY(ritz_op_copy(s, in->C, in->P));
    int done = all_done(on->targets, start, start, 0.0);
    for (*steps = 0; !done && *steps < most;) {
        RITZ_TRY(cg_iterate(in, &c));
        if (++*steps % CHECK_STEPS != 0) continue;
        RITZ_TRY(ritz_algo_fetch(s, c.square, now));
        done = all_done(on->targets, now, start, tolerance);
    }
    return RITZ_OK;
}

/* ---- without inner products --------------------------------------------------------------- */

/* ρ, widened for few columns, where the extreme singular values of a sketch scatter more than
 * 5 percent. */
static double heavy_ball_rate(const struct lstsq_products *on)
{
    const double n = (double)on->n, d = (double)on->sketch_rows;
    const double usual = 1.05 * sqrt(n / d), few = (sqrt(n) + 3.0 * pow(n, -1.0 / 6.0)) / sqrt(d);
    const double rate = usual > few ? usual : few;
    return rate < 0.95 ? rate : 0.95;
}

static ritz_status heavy_ball(struct inner *in, int *steps)
{
    const struct lstsq_products *on = in->cg->on;
    ritz_stream *s = on->s;
    const double rho = heavy_ball_rate(on), beta = rho * rho;
    const double alpha = (1.0 - beta) * (1.0 - beta);
    ritz_dmat now = in->Y, before = in->P;
    RITZ_TRY(ritz_op_copy(s, in->C, now));
    RITZ_TRY(ritz_op_copy(s, in->C, before));
    *steps = steps_to(on->dtype == RITZ_F32 ? 1e-7 : 1e-15, rho);
    for (int i = 0; i < *steps; i++) {
        RITZ_TRY(apply(in, now));
        /* (1 + β) Y - β Y_before + α (C - M Y), over Y_before. */
        RITZ_TRY(ritz_op_axpby(s, 1.0 + beta, now, -beta, before));
        RITZ_TRY(ritz_op_axpby(s, -alpha, in->W, 1.0, before));
        RITZ_TRY(ritz_op_axpby(s, alpha, in->C, 1.0, before));
        const ritz_dmat swapped = now;
        now = before;
        before = swapped;
    }
    in->Y = now;
    return RITZ_OK;
}

/* ---- outer steps -------------------------------------------------------------------------- */

/* X += the least squares solution of A D = B - A X. */
static ritz_status outer_step(struct lstsq_cg *cg, int fixed)
{
    const struct lstsq_products *on = cg->on;
    ritz_stream *s = on->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    double *host = malloc((size_t)(2 * on->targets) * sizeof *host);
    RITZ_REQUIRE(host != NULL, RITZ_ERR_MEMORY, "no host memory for the figures of a step");
    ritz_status rc;
    struct inner in;
    int steps = 0;
    RITZ_TRY_OUT(inner_open(&in, cg));
    RITZ_TRY_OUT(on->gradient(on->context, cg->X, in.C, in.squares));
    RITZ_TRY_OUT(solve_transposed(cg, in.C));
    RITZ_TRY_OUT(fixed ? heavy_ball(&in, &steps) : cg_solve(&in, host, &steps));
    RITZ_TRY_OUT(solve(cg, in.Y));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, in.Y, 1.0, cg->X));
    cg->iterations += steps;
    cg->refinements++;
out:
    free(host);
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_cg_refine(struct lstsq_cg *cg, int fixed, lstsq_judge *judge, int *accepted)
{
    const int least = fixed ? REFINEMENTS_FIXED : LEAST_REFINEMENTS;
    const int most = fixed ? REFINEMENTS_FIXED : MOST_REFINEMENTS;
    double before = (double)INFINITY, now;
    for (;;) {
        RITZ_TRY(outer_step(cg, fixed));
        if (cg->refinements < least) continue;
        RITZ_TRY(judge(cg->on->context, cg, &now, accepted));
        if (*accepted || cg->refinements >= most || !(now < before / WORTHWHILE)) return RITZ_OK;
        before = now;
    }
}

/* ---- rows that arrive in blocks ----------------------------------------------------------- */

struct row_products {
    struct lstsq *p;
    ritz_dmat zero; /* a block of right-hand sides of zeros */
};

/* One pass: G = Aᵀ(B - A X), with B = 0 if `normal`. */
static ritz_status row_pass(struct row_products *a, int normal, ritz_dmat X, ritz_dmat G,
                            ritz_dmat squares)
{
    ritz_stream *s = a->p->s;
    struct lstsq_block b;
    RITZ_TRY(ritz_op_fill(s, 0.0, G));
    RITZ_TRY(ritz_op_fill(s, 0.0, squares));
    RITZ_TRY(lstsq_rows_start(a->p->rows));
    for (;;) {
        RITZ_TRY(lstsq_rows_next(a->p->rows, &b));
        if (b.A.rows == 0) return RITZ_OK;
        const ritz_dmat B = normal ? ritz_row_range(a->zero, 0, b.A.rows) : b.B;
        RITZ_TRY(ritz_op_residual(s, b.A, X, B, RITZ_NO_MAT, G, squares));
    }
}

static ritz_status row_gradient(void *context, ritz_dmat X, ritz_dmat G, ritz_dmat squares)
{
    return row_pass(context, 0, X, G, squares);
}

static ritz_status row_normal(void *context, ritz_dmat V, ritz_dmat W, ritz_dmat squares)
{
    struct row_products *a = context;
    RITZ_TRY(row_pass(a, 1, V, W, squares));
    return ritz_op_scale(a->p->s, -1.0, W);
}

static ritz_status row_sketch(void *context, uint32_t draw, ritz_dmat SA, ritz_dmat SB)
{
    const struct row_products *a = context;
    return lstsq_sketch_pass(a->p, draw, NONZEROS, SA, SB);
}

static ritz_status row_judge(void *context, const struct lstsq_cg *cg, double *backward_error,
                             int *accepted)
{
    const struct row_products *a = context;
    RITZ_TRY(lstsq_refine(a->p, cg->Rs, 0, 0, accepted));
    *backward_error = a->p->r.backward_error;
    return RITZ_OK;
}

ritz_status lstsq_by_cg(struct lstsq *p, int fixed, int *accepted)
{
    ritz_stream *s = p->s;
    const int64_t m = lstsq_rows_count(p->rows);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct row_products a = {.p = p};
    const struct lstsq_products on = {.s = s,
                                      .dtype = p->dtype,
                                      .n = p->n,
                                      .targets = p->targets,
                                      .sketch_rows = lstsq_cg_sketch_rows(m, p->n),
                                      .context = &a,
                                      .gradient = row_gradient,
                                      .normal = row_normal,
                                      .sketch = row_sketch};
    struct lstsq_cg cg = {.on = &on, .X = p->X};
    *accepted = 0;
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, lstsq_rows_block(p->rows), p->targets,
                                1, &a.zero));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, a.zero));
    RITZ_TRY_OUT(lstsq_cg_start(&cg, 0));
    p->r.condition = cg.condition;
    if (!cg.finite) p->finite = 0;
    if (cg.finite && !isfinite(cg.condition)) p->rank_deficient = 1;
    if (isfinite(cg.condition)) RITZ_TRY_OUT(lstsq_cg_refine(&cg, fixed, row_judge, accepted));
    p->r.iterations = cg.iterations;
    p->r.refinements = cg.refinements;
    p->r.rank = p->n;
out:
    ritz_work_release(s, mark);
    return rc;
}
