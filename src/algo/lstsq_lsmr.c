/* Least squares by LSMR: only products with A and Aᵀ.
 *
 * Golub and Kahan's bidiagonalization from u = r / ‖r‖, r = B - A X, makes the solution in the
 * Krylov space of AᵀA and Aᵀr with the least ‖Aᵀ(residual)‖:
 *
 *     β u' = A v - α u,   α' v' = Aᵀu' - β v
 *
 * One product with A and one with Aᵀ of the same vectors: for a matrix a single pass over memory.
 * Columns of B are independent recurrences that share the products. Vectors and the norms α and β
 * stay on the device; the rotations of the bidiagonal matrix are a few numbers for each column,
 * done on the host, which waits once an iteration.
 *
 * Columns of a matrix are scaled to unit length, y = D x, where they differ in size. The solution
 * is then of minimum norm in y, so this is not done where m < n. A penalty is rows of the operator.
 *
 * The recurrences lose the orthogonality of u and v, and their estimates may say that the iteration
 * has converged when X has not: it is started again from the residual of X, until X is as good as
 * rounding allows.
 *
 * Source: Fong and Saunders, LSMR: an iterative algorithm for sparse least-squares problems, SIAM
 * J. Sci. Comput. 33(5), 2011 (sections 2.7, 2.8, 3.2 and 3.3: rotations and estimates).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "algo/lstsq_iterate.h"

#define LEAST_ITERATIONS 100
#define RESTARTS 4
/* Columns are scaled if the longest is this many times the shortest. */
#define UNEVEN 4.0
/* Aᵀr cannot be told from rounding below this many u ‖A‖_F² ‖x‖. */
#define RESOLUTION 8.0

/* ---- the rotations of one column ---------------------------------------------------------- */

struct rotations {
    int done;
    double alpha_bar, zeta_bar, rho, rho_bar, c_bar, s_bar, zeta; /* of the solution */
    double beta_dd, beta_d, rho_d, tau_tilde, theta_tilde;        /* of ‖r‖ */
    double gradient, residual; /* ‖Aᵀr‖ and ‖r‖, estimated */
};

/* What the vectors are updated with: h̄ = h - h_bar h̄, y += step h̄, h = v - h h. */
struct factors {
    double h_bar, step, h;
};

static void rotations_start(struct rotations *t, double beta, double alpha)
{
    *t = (struct rotations){.alpha_bar = alpha,
                            .zeta_bar = alpha * beta,
                            .rho = 1,
                            .rho_bar = 1,
                            .c_bar = 1,
                            .beta_dd = beta,
                            .rho_d = 1,
                            .gradient = alpha * beta,
                            .residual = beta};
    t->done = t->zeta_bar == 0;
}

/* ‖r‖ from the R of the bidiagonal matrix made lower bidiagonal. */
static void estimate_residual(struct rotations *t, double c, double s, double theta_bar,
                              double zeta_before)
{
    const double beta_hat = c * t->beta_dd;
    t->beta_dd = -s * t->beta_dd;
    const double theta_before = t->theta_tilde, rho_tilde = hypot(t->rho_d, theta_bar);
    const double c_tilde = t->rho_d / rho_tilde, s_tilde = theta_bar / rho_tilde;
    t->theta_tilde = s_tilde * t->rho_bar;
    t->rho_d = c_tilde * t->rho_bar;
    t->beta_d = -s_tilde * t->beta_d + c_tilde * beta_hat;
    t->tau_tilde = (zeta_before - theta_before * t->tau_tilde) / rho_tilde;
    const double tau_d = (t->zeta - t->theta_tilde * t->tau_tilde) / t->rho_d;
    t->residual = hypot(t->beta_d - tau_d, t->beta_dd);
}

static struct factors rotate(struct rotations *t, double beta, double alpha)
{
    struct factors f = {0, 0, 0};
    if (t->done) return f;
    const double rho_before = t->rho, rho_bar_before = t->rho_bar, zeta_before = t->zeta;
    t->rho = hypot(t->alpha_bar, beta);
    const double c = t->alpha_bar / t->rho, s = beta / t->rho, theta = s * alpha;
    t->alpha_bar = c * alpha;
    const double theta_bar = t->s_bar * t->rho, rho_bar = hypot(t->c_bar * t->rho, theta);
    t->c_bar = t->c_bar * t->rho / rho_bar;
    t->s_bar = theta / rho_bar;
    t->rho_bar = rho_bar;
    t->zeta = t->c_bar * t->zeta_bar;
    t->zeta_bar = -t->s_bar * t->zeta_bar;
    t->gradient = fabs(t->zeta_bar);
    f.h_bar = theta_bar * t->rho / (rho_before * rho_bar_before);
    f.step = t->zeta / (t->rho * rho_bar);
    f.h = theta / t->rho;
    estimate_residual(t, c, s, theta_bar, zeta_before);
    return f;
}

/* ---- the vectors -------------------------------------------------------------------------- */

enum { ALPHA, BETA, SQUARE, NUMBERS }; /* from the device: α, β, ‖y‖² */
enum { H_BAR, STEP, H, FACTORS };      /* to the device */

struct lsmr {
    struct lstsq_operator *p;
    struct lstsq_stacked a;
    int64_t n, targets;
    int scaled;
    ritz_dmat d;              /* n x 1 F64: lengths of the columns of A; if scaled */
    double norm;              /* ‖A‖_F of what is iterated with */
    ritz_dmat U, T, R;        /* rows x s: u, α u, β u' */
    ritz_dmat V, W, Z;        /* n x s: v, and scratch */
    ritz_dmat Hv, Hbar, Y;    /* n x s */
    ritz_dmat numbers;        /* s x NUMBERS F64 */
    ritz_dmat minus;          /* s x 1 F64: -β */
    ritz_dmat squares;        /* s x 1 F64 */
    ritz_dmat factors;        /* s x FACTORS F64 */
    double *host_numbers;     /* the same on the host */
    double *host_factors;     /* read by the device until the next wait */
    struct rotations *column; /* s */
};

static ritz_status lsmr_vectors(struct lsmr *l)
{
    ritz_stream *s = l->p->s;
    const ritz_dtype dtype = l->p->A->dtype;
    ritz_dmat *const tall[] = {&l->U, &l->T, &l->R};
    ritz_dmat *const wide[] = {&l->V, &l->W, &l->Z, &l->Hv, &l->Hbar, &l->Y};
    const int64_t rows = lstsq_stacked_rows(&l->a);
    for (size_t i = 0; i < sizeof tall / sizeof tall[0]; i++)
        RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, rows, l->targets, 1, tall[i]));
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, l->n, l->targets, 1, wide[i]));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, l->targets, NUMBERS, 1, &l->numbers));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, l->targets, FACTORS, 1, &l->factors));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, l->targets, 1, 1, &l->minus));
    return ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, l->targets, 1, 1, &l->squares);
}

static ritz_status lsmr_open(struct lsmr *l, struct lstsq_operator *p)
{
    *l = (struct lsmr){.p = p, .n = p->A->cols, .targets = p->B.cols};
    const size_t targets = (size_t)l->targets;
    l->host_numbers = malloc(targets * NUMBERS * sizeof *l->host_numbers);
    l->host_factors = malloc(targets * FACTORS * sizeof *l->host_factors);
    l->column = malloc(targets * sizeof *l->column);
    RITZ_REQUIRE(l->host_numbers != NULL && l->host_factors != NULL && l->column != NULL,
                 RITZ_ERR_MEMORY, "no host memory for the scalars of LSMR");
    RITZ_TRY(lstsq_stacked_open(p, &l->a));
    RITZ_TRY(ritz_work_dmat(p->s, RITZ_F64, RITZ_COL_MAJOR, l->n, 1, 1, &l->d));
    return lsmr_vectors(l);
}

static void lsmr_close(struct lsmr *l)
{
    free(l->host_numbers);
    free(l->host_factors);
    free(l->column);
}

static ritz_dmat number(const struct lsmr *l, int which)
{
    return ritz_cols(l->numbers, which, 1);
}
static ritz_dmat factor(const struct lsmr *l, int which)
{
    return ritz_cols(l->factors, which, 1);
}

/* Norms of the columns of column-major A, without squares that overflow. */
static ritz_status column_norms(ritz_stream *s, ritz_dmat A, ritz_dmat norms)
{
    const ritz_dmat columns = ritz_batched(ritz_cols(A, 0, 1), A.cols, A.ld);
    return ritz_op_frobenius(s, columns, ritz_algo_scalar_items(norms));
}

/* X = D⁻¹ X. */
static ritz_status unscale(const struct lsmr *l, ritz_dmat X)
{
    if (!l->scaled) return RITZ_OK;
    return ritz_op_scale_cols(l->p->s, 1, l->d, ritz_t(X), ritz_t(X));
}

/* R = U - A D⁻¹X, W = D⁻¹AᵀR, β = ‖R‖, u = ±R / β, W = ±W / β; the signs are those of `sign`. */
static ritz_status product(struct lsmr *l, ritz_dmat X, ritz_dmat U, double sign)
{
    ritz_stream *s = l->p->s;
    const ritz_dmat beta = number(l, BETA);
    RITZ_TRY(ritz_op_copy(s, X, l->Z));
    RITZ_TRY(unscale(l, l->Z));
    RITZ_TRY(lstsq_stacked_residual(&l->a, l->Z, U, l->R, l->W, l->squares));
    RITZ_TRY(unscale(l, l->W));
    RITZ_TRY(column_norms(s, l->R, beta));
    RITZ_TRY(ritz_op_axpby(s, sign, beta, 0.0, l->minus));
    RITZ_TRY(ritz_op_scale_cols(s, 1, l->minus, l->R, l->U));
    return ritz_op_scale_cols(s, 1, l->minus, l->W, l->W);
}

/* α = ‖W‖, v = W / α. */
static ritz_status normalise(struct lsmr *l)
{
    ritz_stream *s = l->p->s;
    RITZ_TRY(column_norms(s, l->W, number(l, ALPHA)));
    return ritz_op_scale_cols(s, 1, number(l, ALPHA), l->W, l->V);
}

/* u and v from the residual of Y. */
static ritz_status first(struct lsmr *l)
{
    ritz_stream *s = l->p->s;
    RITZ_TRY(product(l, l->Y, l->a.B, 1.0));
    RITZ_TRY(normalise(l));
    RITZ_TRY(ritz_op_copy(s, l->V, l->Hv));
    RITZ_TRY(ritz_op_fill(s, 0.0, l->Hbar));
    return ritz_op_col_sumsq(s, l->Y, number(l, SQUARE));
}

/* The next u and v: α u - A v = -β u'. */
static ritz_status next(struct lsmr *l)
{
    ritz_stream *s = l->p->s;
    RITZ_TRY(ritz_op_scale_cols(s, 0, number(l, ALPHA), l->U, l->T));
    RITZ_TRY(product(l, l->V, l->T, -1.0));
    RITZ_TRY(ritz_op_scale_cols(s, 0, number(l, BETA), l->V, l->Z));
    RITZ_TRY(ritz_op_axpby(s, -1.0, l->Z, 1.0, l->W));
    RITZ_TRY(normalise(l));
    return ritz_op_col_sumsq(s, l->Y, number(l, SQUARE));
}

/* h̄ = h - a h̄, y += b h̄, h = v - c h. */
static ritz_status update(struct lsmr *l)
{
    ritz_stream *s = l->p->s;
    const struct ritz_backend *backend = s->device->backend;
    RITZ_TRY(backend->upload(
        s, ritz_hmat_wrap(l->host_factors, RITZ_F64, l->targets, FACTORS, RITZ_COL_MAJOR),
        l->factors));
    RITZ_TRY(ritz_op_scale_cols(s, 0, factor(l, H_BAR), l->Hbar, l->Hbar));
    RITZ_TRY(ritz_op_axpby(s, 1.0, l->Hv, -1.0, l->Hbar));
    RITZ_TRY(ritz_op_scale_cols(s, 0, factor(l, STEP), l->Hbar, l->Z));
    RITZ_TRY(ritz_op_axpby(s, 1.0, l->Z, 1.0, l->Y));
    RITZ_TRY(ritz_op_scale_cols(s, 0, factor(l, H), l->Hv, l->Hv));
    return ritz_op_axpby(s, 1.0, l->V, -1.0, l->Hv);
}

/* ---- the iteration ------------------------------------------------------------------------ */

static double tolerance(const struct lsmr *l)
{
    const double asked = l->p->opts->tolerance;
    return asked > 0 ? asked : 8.0 * lstsq_roundoff(l->p->A->dtype);
}

static int64_t most_iterations(const struct lsmr *l)
{
    if (l->p->opts->max_iterations > 0) return l->p->opts->max_iterations;
    const int64_t m = lstsq_stacked_rows(&l->a), least = m < l->n ? m : l->n;
    return 4 * least > LEAST_ITERATIONS ? 4 * least : LEAST_ITERATIONS;
}

static double host_number(const struct lsmr *l, int which, int64_t j)
{
    return l->host_numbers[which * l->targets + j];
}

/* The backward error of a column is small, by the estimates. */
static int is_done(const struct lsmr *l, int64_t j)
{
    const struct rotations *t = &l->column[j];
    const double size = tolerance(l) * l->norm, y = sqrt(host_number(l, SQUARE, j));
    return t->done || t->gradient <= size * t->residual || t->residual <= size * y;
}

/* One waited-for look at the numbers: the rotations, and what they do to the vectors. *left:
 * columns that are not done. */
static void rotate_all(struct lsmr *l, int64_t *left)
{
    *left = 0;
    for (int64_t j = 0; j < l->targets; j++) {
        struct rotations *t = &l->column[j];
        const struct factors f = rotate(t, host_number(l, BETA, j), host_number(l, ALPHA, j));
        l->host_factors[H_BAR * l->targets + j] = f.h_bar;
        l->host_factors[STEP * l->targets + j] = f.step;
        l->host_factors[H * l->targets + j] = f.h;
        t->done = is_done(l, j);
        if (!t->done) ++*left;
        if (!isfinite(t->gradient) || !isfinite(f.step)) l->p->finite = 0;
    }
}

/* From the residual of Y until all columns are done or `most` iterations have been made in all.
 * *left: columns that are not. */
static ritz_status iterate(struct lsmr *l, int64_t most, int64_t *left)
{
    ritz_stream *s = l->p->s;
    RITZ_TRY(first(l));
    RITZ_TRY(ritz_algo_fetch(s, l->numbers, l->host_numbers));
    *left = 0;
    for (int64_t j = 0; j < l->targets; j++) {
        rotations_start(&l->column[j], host_number(l, BETA, j), host_number(l, ALPHA, j));
        if (!isfinite(l->column[j].gradient)) l->p->finite = 0;
        l->column[j].done = is_done(l, j);
        if (!l->column[j].done) ++*left;
    }
    while (*left > 0 && l->p->finite && l->p->r.iterations < most) {
        RITZ_TRY(next(l));
        RITZ_TRY(ritz_algo_fetch(s, l->numbers, l->host_numbers));
        rotate_all(l, left);
        RITZ_TRY(update(l));
        l->p->r.iterations++;
    }
    return RITZ_OK;
}

/* ---- around it ---------------------------------------------------------------------------- */

/* ‖A‖_F, and whether and how the columns are scaled. */
static ritz_status set_scale(struct lsmr *l, double *norm_a)
{
    ritz_stream *s = l->p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    double shortest = (double)INFINITY, longest = 0;
    ritz_dmat square, squares;
    double *const host = malloc((size_t)l->n * sizeof *host);
    RITZ_REQUIRE(host != NULL, RITZ_ERR_MEMORY, "no host memory for the norms of columns");
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &square));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, l->n, 1, 1, &squares));
    RITZ_TRY_OUT(lstsq_stacked_norms(&l->a, square, squares));
    RITZ_TRY_OUT(ritz_algo_fetch(s, square, norm_a));
    *norm_a = sqrt(*norm_a);
    l->norm = *norm_a;
    if (!lstsq_stacked_has_rows(&l->a) || lstsq_stacked_rows(&l->a) < l->n) goto out;
    RITZ_TRY_OUT(ritz_algo_fetch(s, squares, host));
    for (int64_t j = 0; j < l->n; j++) {
        host[j] = sqrt(host[j]);
        if (host[j] > longest) longest = host[j];
        if (host[j] > 0 && host[j] < shortest) shortest = host[j];
    }
    l->scaled = longest > UNEVEN * shortest;
    if (!l->scaled) goto out;
    l->norm = sqrt((double)l->n);
    RITZ_TRY_OUT(s->device->backend->upload(
        s, ritz_hmat_wrap(host, RITZ_F64, l->n, 1, RITZ_COL_MAJOR), l->d));
    rc = s->device->backend->stream_sync(s);
out:
    free(host);
    ritz_work_release(s, mark);
    return rc;
}

/* Another start would not make this column better. */
static int is_settled(const struct lsmr *l, double norm_a, const struct lstsq_column *c)
{
    const double floor = RESOLUTION * lstsq_roundoff(l->p->A->dtype) * norm_a * norm_a;
    return c->backward_error <= tolerance(l) || c->gradient <= floor * c->solution;
}

static ritz_status solve(struct lsmr *l, int *accepted)
{
    struct lstsq_operator *p = l->p;
    const int64_t most = most_iterations(l);
    struct lstsq_measure with = {&l->a, RITZ_NO_MAT, 0};
    struct lstsq_column *const columns = malloc((size_t)l->targets * sizeof *columns);
    RITZ_REQUIRE(columns != NULL, RITZ_ERR_MEMORY, "no host memory for the figures of LSMR");
    ritz_status rc;
    p->finite = 1;
    RITZ_TRY_OUT(set_scale(l, &with.norm_a));
    p->finite = isfinite(with.norm_a);
    RITZ_TRY_OUT(ritz_op_fill(p->s, 0.0, l->Y));
    for (int starts = 0; p->finite && !*accepted && starts < RESTARTS; starts++) {
        int64_t left, settled = 0;
        RITZ_TRY_OUT(iterate(l, most, &left));
        RITZ_TRY_OUT(ritz_op_copy(p->s, l->Y, p->X));
        RITZ_TRY_OUT(unscale(l, p->X));
        if (!p->finite) break;
        RITZ_TRY_OUT(lstsq_measure(p, &with, columns));
        p->r.refinements = starts;
        for (int64_t j = 0; j < l->targets; j++)
            if (is_settled(l, with.norm_a, &columns[j])) settled++;
        *accepted = p->finite && settled == l->targets;
        if (left > 0) break;
    }
out:
    free(columns);
    return rc;
}

ritz_status lstsq_operator_by_lsmr(struct lstsq_operator *p, int *accepted)
{
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    struct lsmr l;
    *accepted = 0;
    RITZ_TRY_OUT(lsmr_open(&l, p));
    RITZ_TRY_OUT(solve(&l, accepted));
    p->r.passes += l.a.products + 1;
    p->r.rank = -1;
out:
    /* After a failure nothing may be on its way from the host's numbers. */
    if (rc != RITZ_OK) (void)p->s->device->backend->stream_sync(p->s);
    lsmr_close(&l);
    ritz_work_release(p->s, mark);
    return rc;
}
