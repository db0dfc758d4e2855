/* Refinement of least squares solutions with a triangular factor, and their backward error.
 *
 *     r = b - A x,  g = Aᵀr,  x += R⁻¹ R⁻ᵀ g        RᵀR ~ AᵀA
 *
 * Backward error: the estimate of lstsq_backward.c is at most
 *
 *     ‖(‖x‖² AᵀA + ‖r‖² I)^-½ g‖ <= min(‖R⁻ᵀg‖ / ‖x‖, ‖g‖ / ‖r‖)
 *
 * The bound on the right costs nothing. Where it is not small enough, the left side is computed.
 *
 * All this is done for A with columns of unit length, A D⁻¹ and D x, since a norm of E does not see
 * what happens to small columns. E = F D has ‖E‖_F <= max(D) ‖F‖_F, which the report makes use of.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "algo/lstsq.h"

/* What an answer must reach, in units of sqrt(n) u. */
#define ACCEPTED 16.0
/* A step that takes less than this factor off the error is the last. */
#define WORTHWHILE 2.0

double lstsq_roundoff(ritz_dtype dtype)
{
    return (dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON) / 2;
}

int lstsq_in_range(ritz_dtype dtype, double norm)
{
    const int most = dtype == RITZ_F32 ? 30 : 300;
    return norm == 0 || (norm >= ldexp(1.0, -most) && norm <= ldexp(1.0, most));
}

/* ---- condition --------------------------------------------------------------------------- */

/* norms (n x 1 F64) of the columns of column-major R. */
static ritz_status column_norms(ritz_stream *s, ritz_dmat R, ritz_dmat norms)
{
    const ritz_dmat columns = ritz_batched(ritz_cols(R, 0, 1), R.cols, R.ld);
    return ritz_op_frobenius(s, columns, ritz_algo_scalar_items(norms));
}

ritz_status lstsq_condition(ritz_stream *s, ritz_dmat R, double *condition)
{
    const int64_t n = R.cols;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_dmat norms, E, cond;
    *condition = 1.0;
    if (n == 0) return RITZ_OK;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, n, 1, 1, &norms));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &cond));
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, n, n, 1, &E));
    RITZ_TRY_OUT(column_norms(s, R, norms));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 1, norms, R, E));
    RITZ_TRY_OUT(ritz_algo_triangular_condition(s, E, cond));
    RITZ_TRY_OUT(ritz_algo_fetch(s, cond, condition));
    if (!isfinite(*condition)) *condition = (double)INFINITY;
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- figures ----------------------------------------------------------------------------- */

/* SOLUTION and GRADIENT are those of A with columns of unit length. */
enum figure { RESIDUAL, SOLUTION, GRADIENT, CORRECTION, RAW_SOLUTION, RAW_GRADIENT, FIGURES };

struct refinement {
    struct lstsq *p;
    ritz_dmat R;
    ritz_dmat lengths; /* n x 1 F64: of the columns of R */
    double longest;    /* of them */
    ritz_dmat G;       /* Aᵀ(B - A X) */
    ritz_dmat H;       /* R⁻ᵀG */
    ritz_dmat scaled;  /* D X, or D⁻¹G */
    ritz_dmat before;  /* X before the last step */
    ritz_dmat figures; /* s x FIGURES of F64: squares of the norms of columns */
    double *host;      /* the same on the host, as norms */
    double eta;        /* largest backward error, or the bound of it */
};

static double figure(const struct refinement *f, enum figure which, int64_t j)
{
    return f->host[which * f->p->targets + j];
}

/* G and the squares of the residual, in one pass over the rows. */
static ritz_status residual_pass(struct refinement *f)
{
    struct lstsq *p = f->p;
    const ritz_dmat squares = ritz_cols(f->figures, RESIDUAL, 1);
    RITZ_TRY(ritz_op_fill(p->s, 0.0, f->G));
    RITZ_TRY(ritz_op_fill(p->s, 0.0, squares));
    RITZ_TRY(lstsq_rows_start(p->rows));
    for (;;) {
        struct lstsq_block b;
        RITZ_TRY(lstsq_rows_next(p->rows, &b));
        if (b.A.rows == 0) return RITZ_OK;
        RITZ_TRY(ritz_op_residual(p->s, b.A, p->X, b.B, RITZ_NO_MAT, f->G, squares));
    }
}

static double bound(const struct refinement *f, int64_t j)
{
    const double g = figure(f, GRADIENT, j), h = figure(f, CORRECTION, j);
    const double by_solution = h / figure(f, SOLUTION, j);
    const double by_residual = g / figure(f, RESIDUAL, j);
    if (g == 0) return 0;
    /* One of the two may be infinite, or a NaN that says nothing. */
    return fmin(by_solution, by_residual) / sqrt((double)f->p->n);
}

static double largest_bound(const struct refinement *f)
{
    double most = 0;
    for (int64_t j = 0; j < f->p->targets; j++) most = fmax(most, bound(f, j));
    return most;
}

static int all_finite(const struct refinement *f)
{
    for (int64_t i = 0; i < FIGURES * f->p->targets; i++)
        if (!isfinite(f->host[i])) return 0;
    return 1;
}

/* Squares of the norms of the columns of W, and of D W or D⁻¹W. */
static ritz_status note(struct refinement *f, int divide, ritz_dmat W, enum figure raw,
                        enum figure scaled)
{
    ritz_stream *s = f->p->s;
    RITZ_TRY(ritz_op_col_sumsq(s, W, ritz_cols(f->figures, raw, 1)));
    RITZ_TRY(ritz_op_scale_cols(s, divide, f->lengths, ritz_t(W), ritz_t(f->scaled)));
    return ritz_op_col_sumsq(s, f->scaled, ritz_cols(f->figures, scaled, 1));
}

/* The residual of X and all that is known of it. */
static ritz_status look(struct refinement *f)
{
    ritz_stream *s = f->p->s;
    RITZ_TRY(residual_pass(f));
    RITZ_TRY(ritz_op_copy(s, f->G, f->H));
    RITZ_TRY(ritz_op_trsm(s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, ritz_t(f->R), f->H));
    RITZ_TRY(note(f, 0, f->p->X, RAW_SOLUTION, SOLUTION));
    RITZ_TRY(note(f, 1, f->G, RAW_GRADIENT, GRADIENT)); /* `scaled` is D⁻¹G from here on */
    RITZ_TRY(ritz_op_col_sumsq(s, f->H, ritz_cols(f->figures, CORRECTION, 1)));
    RITZ_TRY(ritz_algo_fetch(s, f->figures, f->host));
    for (int64_t i = 0; i < FIGURES * f->p->targets; i++) f->host[i] = sqrt(f->host[i]);
    f->p->finite = f->p->finite && all_finite(f);
    f->eta = largest_bound(f);
    return RITZ_OK;
}

/* ---- the estimate ------------------------------------------------------------------------ */

/* The estimate of Karlson and Waldén for column j. */
static ritz_status estimate(const struct refinement *f, int64_t j, double *eta)
{
    const struct lstsq *p = f->p;
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    ritz_dmat E; /* R with columns of unit length */
    RITZ_TRY_OUT(ritz_work_dmat(p->s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &E));
    RITZ_TRY_OUT(ritz_op_scale_cols(p->s, 1, f->lengths, f->R, E));
    RITZ_TRY_OUT(lstsq_backward_estimate(p->s, E, sqrt((double)p->n), figure(f, SOLUTION, j),
                                         figure(f, RESIDUAL, j), ritz_cols(f->scaled, j, 1), eta));
out:
    ritz_work_release(p->s, mark);
    return rc;
}

/* f->eta = the largest backward error: the estimate of the columns whose bound is above `level`,
 * worst first, unless one of them is above it itself. */
static ritz_status sharpen(struct refinement *f, double level)
{
    const int64_t targets = f->p->targets;
    double largest = 0, *left = malloc((size_t)targets * sizeof *left);
    ritz_status rc = RITZ_OK;
    RITZ_REQUIRE(left != NULL, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " figures", targets);
    for (int64_t j = 0; j < targets; j++) left[j] = bound(f, j);
    for (;;) {
        int64_t worst = 0;
        for (int64_t j = 1; j < targets; j++)
            if (left[j] > left[worst]) worst = j;
        if (left[worst] <= fmax(level, largest)) {
            f->eta = fmax(largest, left[worst]);
            break;
        }
        double eta;
        RITZ_TRY_OUT(estimate(f, worst, &eta));
        largest = fmax(largest, fmin(eta, left[worst]));
        left[worst] = 0;
        if (largest > level) {
            f->eta = largest;
            break;
        }
    }
out:
    free(left);
    return rc;
}

/* ---- steps ------------------------------------------------------------------------------- */

static ritz_status step(struct refinement *f)
{
    ritz_stream *s = f->p->s;
    RITZ_TRY(ritz_op_copy(s, f->p->X, f->before));
    RITZ_TRY(ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, f->R, f->H));
    RITZ_TRY(ritz_op_axpby(s, 1.0, f->H, 1.0, f->p->X));
    f->p->r.refinements++;
    return look(f);
}

/* Where refinement ends: what Householder QR leaves. */
static double wanted(const struct lstsq *p)
{
    return fmax(2.0, sqrt((double)p->n) / 4) * lstsq_roundoff(p->dtype);
}

static ritz_status refine(struct refinement *f, int least, int most)
{
    struct lstsq *p = f->p;
    const double level = wanted(p);
    RITZ_TRY(look(f));
    for (int done = 0; p->finite; done++) {
        if (done >= least && f->eta <= level) return RITZ_OK;
        if (done >= most) return sharpen(f, level);
        const double before = f->eta;
        RITZ_TRY(step(f));
        if (done < least || !p->finite || f->eta < before / WORTHWHILE) continue;
        RITZ_TRY(sharpen(f, level));
        if (f->eta < before / WORTHWHILE) continue;
        if (f->eta > before) {
            RITZ_TRY(ritz_op_copy(p->s, f->before, p->X));
            RITZ_TRY(look(f));
            f->eta = before;
        }
        return RITZ_OK;
    }
    return RITZ_OK;
}

/* An upper bound of the normwise backward error of column j. */
static double normwise_bound(const struct refinement *f, int64_t j)
{
    const double g = figure(f, RAW_GRADIENT, j), h = figure(f, CORRECTION, j);
    if (g == 0) return 0;
    return fmin(h / figure(f, RAW_SOLUTION, j), g / figure(f, RESIDUAL, j)) / f->p->norm_a;
}

static void report(const struct refinement *f)
{
    struct lstsq *p = f->p;
    ritz_lstsq_report *r = &p->r;
    double residual = 0, solution = 0, most = 0;
    r->optimality = 0;
    for (int64_t j = 0; j < p->targets; j++) {
        const double g = figure(f, RAW_GRADIENT, j);
        residual = hypot(residual, figure(f, RESIDUAL, j));
        solution = hypot(solution, figure(f, RAW_SOLUTION, j));
        most = fmax(most, normwise_bound(f, j));
        if (g > 0) r->optimality = fmax(r->optimality, g / p->norm_a / figure(f, RESIDUAL, j));
    }
    r->residual_norm = residual;
    r->solution_norm = solution;
    r->backward_error = fmin(most, f->eta * sqrt((double)p->n) * f->longest / p->norm_a);
}

/* ‖R‖_F and the lengths of its columns, and whether products of R and B are safe. */
static ritz_status size_up(struct refinement *f)
{
    struct lstsq *p = f->p;
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    double squares, norms[2];
    ritz_dmat two;
    RITZ_TRY_OUT(ritz_work_dmat(p->s, RITZ_F64, RITZ_COL_MAJOR, 2, 1, 1, &two));
    RITZ_TRY_OUT(column_norms(p->s, f->R, f->lengths));
    RITZ_TRY_OUT(ritz_op_frobenius(p->s, f->R, ritz_row_range(two, 0, 1)));
    RITZ_TRY_OUT(ritz_op_max_abs(p->s, f->lengths, ritz_row_range(two, 1, 1)));
    RITZ_TRY_OUT(ritz_algo_fetch(p->s, two, norms));
    RITZ_TRY_OUT(lstsq_rows_rhs_squares(p->rows, &squares));
    p->norm_a = norms[0];
    f->longest = norms[1];
    if (!isfinite(p->norm_a)) p->finite = 0;
    p->out_of_range = !lstsq_in_range(p->dtype, p->norm_a) || (squares == 0 && !p->measured) ||
                      (isfinite(squares) && !lstsq_in_range(p->dtype, sqrt(squares)));
out:
    ritz_work_release(p->s, mark);
    return rc;
}

ritz_status lstsq_refine(struct lstsq *p, ritz_dmat R, int least, int most, int *accepted)
{
    ritz_stream *s = p->s;
    const double accept = ACCEPTED * sqrt((double)p->n) * lstsq_roundoff(p->dtype);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    struct refinement f = {.p = p, .R = R};
    ritz_status rc;
    *accepted = 0;
    p->r.refinements = 0;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, p->n, 1, 1, &f.lengths));
    RITZ_TRY_OUT(size_up(&f));
    if (!p->finite || p->out_of_range) goto out;
    f.host = malloc((size_t)(FIGURES * p->targets) * sizeof *f.host);
    if (f.host == NULL) {
        rc = ritz_fail(RITZ_ERR_MEMORY, "no host memory for %" PRId64 " figures", p->targets);
        goto out;
    }
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->targets, 1, &f.G));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->targets, 1, &f.H));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->targets, 1, &f.before));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->targets, 1, &f.scaled));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, p->targets, FIGURES, 1, &f.figures));
    RITZ_TRY_OUT(refine(&f, least, most));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_cols(f.figures, RESIDUAL, 1), p->squares));
    report(&f);
    *accepted = p->finite && f.eta <= accept;
out:
    free(f.host);
    ritz_work_release(s, mark);
    return rc;
}
