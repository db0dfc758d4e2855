/* Interpolative decompositions, A ≈ A(:, J) X, from pivoted QR of a sketch.
 *
 *     A m x n, l = k + oversampling, Ω m x l Gaussian
 *     Y = ΩᵀA,  or  Y = WᵀA with W an orthonormal basis of the range of (A Aᵀ)^q Ω
 *     Y P = Q [ R11 R12 ]      l x n, R11 k x k
 *             [  0  R22 ]
 *     J = the first k of P,  X = [ I  R11⁻¹ R12 ] Pᵀ
 *
 * What interpolates the columns of Y interpolates those of A nearly as well. The rows of A are the
 * columns of Aᵀ.
 *
 * Rank. Where R11 is singular to rounding, R(r+1,r+1) <= max(l, n) eps R(1,1), the rows and columns
 * beyond r are multiplied by 0, and their diagonal set to 1: on the device, the host does not ask.
 *
 * Tolerance. The squared error of r columns is estimated as what they leave of the sketch,
 * ‖R22‖_F², and what the sketch misses of A: for W, ‖(I - WWᵀ)A‖_F² from probes; for Ω, where R22
 * is what is left of l random rows after a fit of r, by the factor l/(l - r) of the unbiased
 * estimate of a variance. The host waits once for these figures, and takes the least r.
 *
 * Source: Cheng, Gimbutas, Martinsson, Rokhlin, On the compression of low rank matrices, SIAM J.
 * Sci. Comput. 26, 2005; Voronin and Martinsson, Efficient algorithms for CUR and interpolative
 * matrix decompositions, Adv. Comput. Math. 43, 2017, section 4; Halko, Martinsson, Tropp 2011,
 * sections 4.5 and 5.2.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/interpolative.h"

#include <stddef.h>
#include <stdlib.h>

#include "algo/qr.h"

/* ---- an operator and its transpose -------------------------------------------------------- */

static ritz_status apply_transposed(void *context, ritz_stream *s, int transposed, ritz_dmat X,
                                    ritz_dmat Y)
{
    return ritz_algo_linop_apply(s, context, !transposed, X, Y);
}

void interpolative_pair_of(const ritz_linop *A, struct interpolative_pair *p)
{
    p->op = *A;
    p->transpose = A->kind == RITZ_LINOP_DENSE
                       ? ritz_linop_dense(ritz_t(A->A))
                       : ritz_linop_enqueue(A->dtype, A->cols, A->rows, apply_transposed, &p->op);
}

/* ---- arguments ---------------------------------------------------------------------------- */

ritz_status interpolative_options(const ritz_sketch_options *opts, int64_t k, const ritz_linop *A,
                                  struct interpolative_choices *o)
{
    RITZ_TRY(ritz_algo_sketch_options(opts, k, A->rows, A->cols, &o->sketch));
    RITZ_REQUIRE(!o->sketch.krylov, RITZ_ERR_OPTION,
                 "method is RITZ_RANGE_KRYLOV; rows and columns are chosen by subspace iteration, "
                 "RITZ_RANGE_AUTO");
    o->with_error = opts == NULL || opts->no_error_figure == 0;
    return RITZ_OK;
}

ritz_status interpolative_check_indices(const ritz_stream *s, const ritz_linop *A, ritz_dmat J,
                                        const char *name)
{
    RITZ_TRY(ritz_check_output(s, J, name));
    RITZ_TRY(ritz_check_single(J, name));
    RITZ_REQUIRE(J.dtype == RITZ_I32, RITZ_ERR_DTYPE, "%s is %s; it must be int32", name,
                 ritz_dtype_name(J.dtype));
    RITZ_REQUIRE(J.cols == 1 && J.rows <= A->rows && J.rows <= A->cols, RITZ_ERR_SHAPE,
                 "the operator A is %" PRId64 " x %" PRId64 " and %s is %" PRId64 " x %" PRId64
                 "; it must be k x 1 with k <= min(m, n)",
                 A->rows, A->cols, name, J.rows, J.cols);
    return ritz_algo_linop_check_apart(A, J, name);
}

ritz_status interpolative_check_output(const ritz_stream *s, const ritz_linop *A, ritz_dmat X,
                                       const char *name, int64_t rows, int64_t cols,
                                       const char *shape)
{
    RITZ_TRY(ritz_algo_check_factor(s, A, X, name));
    return ritz_check_shape(X, name, rows, cols, shape);
}

/* ---- the sketch --------------------------------------------------------------------------- */

/* Y (l x n, column-major), and W (m x l): Ω, or the basis. Where flagged, Y is zero. */
static ritz_status sketch_rows(ritz_stream *s, const ritz_linop *A, const ritz_linop *At,
                               const struct ritz_algo_sketch *sketch, ritz_dmat W, ritz_dmat Y,
                               ritz_dmat flags)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    if (sketch->power_iterations == 0) {
        RITZ_TRY_OUT(ritz_algo_gaussian(s, RITZ_RANDOM_SKETCH, sketch->seed, W));
    } else {
        struct ritz_algo_sketch steps = *sketch;
        ritz_dmat Z;
        steps.power_iterations--;
        RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->cols, W.cols, 1, &Z));
        RITZ_TRY_OUT(ritz_algo_range_finder(s, At, &steps, Z, flags));
        RITZ_TRY_OUT(ritz_algo_guarded_product(s, A, 0, Z, W, flags));
        RITZ_TRY_OUT(ritz_algo_orth(s, W));
    }
    RITZ_TRY_OUT(ritz_algo_linop_apply(s, A, 1, W, ritz_t(Y)));
    /* What an earlier product flagged may leave no trace in the last one. */
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, flags, Y));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, Y, flags));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the rank that a tolerance asks for --------------------------------------------------- */

/* What the host decides by: the rank, the squares of the rows of R, and what the sketch misses. */
struct tolerance_figures {
    double rank;
    const double *rows; /* l of them */
    double missed;      /* ‖(I - WWᵀ)A‖_F²; 0 for Ω */
};

/* The least rank within the tolerance, at most k; `met` if it is within. */
static int64_t rank_within(const struct tolerance_figures *f, int orthonormal, double tolerance,
                           int64_t k, int64_t l, int *met)
{
    double total = f->missed, left = 0.0;
    for (int64_t i = l - 1; i >= 0; i--) total += f->rows[i];
    int64_t best = k;
    *met = 0;
    for (int64_t r = l; r >= 0; r--) {
        if (r < l) left += f->rows[r];
        const double fit = orthonormal || r == l ? 1.0 : (double)l / (double)(l - r);
        if (r > k) continue;
        if (!(fit * left + f->missed <= tolerance * tolerance * total)) break;
        best = r;
        *met = 1;
    }
    return best;
}

/* Bring the figures to the host, and cut the rank. U: the triangular factor, l x n. */
static ritz_status cut_by_tolerance(ritz_stream *s, const ritz_linop *A,
                                    const struct interpolative_choices *o, ritz_dmat W, ritz_dmat U,
                                    struct interpolation *c)
{
    const int64_t k = c->keep.rows, l = U.rows, r = RITZ_SKETCH_PROBES;
    const int orthonormal = o->sketch.power_iterations > 0;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat all, figures;
    double *host = malloc((size_t)(1 + l + r) * sizeof *host);
    RITZ_REQUIRE(host, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " figures", 1 + l + r);
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1 + l + r, 1, 1, &all));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, all));
    RITZ_TRY_OUT(ritz_op_copy(s, c->rank, ritz_row_range(all, 0, 1)));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, ritz_t(U), ritz_row_range(all, 1, l)));
    if (orthonormal) {
        RITZ_TRY_OUT(ritz_algo_figures_open(s, &figures));
        RITZ_TRY_OUT(ritz_algo_figures_probe(s, A, o->sketch.seed, W, figures));
        RITZ_TRY_OUT(ritz_op_copy(s, ritz_row_range(figures, RITZ_FIGURE_RESIDUALS, r),
                                  ritz_row_range(all, 1 + l, r)));
        c->products++;
    }
    RITZ_TRY_OUT(ritz_algo_fetch(s, all, host));
    struct tolerance_figures f = {host[0], host + 1, 0.0};
    for (int64_t i = 0; i < r; i++) f.missed += host[1 + l + i] / (double)r;
    const int64_t most = rank_within(&f, orthonormal, o->sketch.tolerance, k, l, &c->tolerance_met);
    if (most < k) RITZ_TRY_OUT(ritz_op_fill(s, 0.0, ritz_row_range(c->keep, most, k - most)));
    if ((double)most < f.rank) RITZ_TRY_OUT(ritz_op_fill(s, (double)most, c->rank));
    c->wanted = most;
out:
    free(host);
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the columns and their coefficients --------------------------------------------------- */

ritz_status interpolation_open(ritz_stream *s, ritz_dtype dtype, int64_t k, struct interpolation *c)
{
    *c = (struct interpolation){.wanted = k};
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, k, 1, 1, &c->pivots));
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, k, 1, 1, &c->keep));
    return ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &c->rank);
}

ritz_status interpolation_pivot(ritz_stream *s, double rtol, ritz_dmat F, ritz_dmat order,
                                struct interpolation *c, ritz_dmat flags)
{
    const int64_t k = c->keep.rows;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat tau;
    RITZ_TRY_OUT(ritz_work_dmat(s, F.dtype, RITZ_COL_MAJOR, min_i64(F.rows, F.cols), 1, 1, &tau));
    RITZ_TRY_OUT(ritz_op_geqp3(s, F, order, tau));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_row_range(order, 0, k), c->pivots));
    RITZ_TRY_OUT(qr_find_rank(s, rtol, ritz_block(F, 0, 0, k, k), c->rank, c->keep));
    /* A diagonal that overflowed. */
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, c->keep, flags));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* X = [I R11⁻¹ R12] Pᵀ; U, l x n, is overwritten. */
static ritz_status coefficients(ritz_stream *s, ritz_dmat order, ritz_dmat keep, ritz_dmat U,
                                ritz_dmat X)
{
    const int64_t k = keep.rows;
    const ritz_dmat V = ritz_row_range(U, 0, k), first = ritz_cols(V, 0, k);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat T, rest;
    RITZ_TRY_OUT(ritz_work_dmat(s, U.dtype, RITZ_COL_MAJOR, k, k, 1, &T));
    RITZ_TRY_OUT(ritz_work_dmat(s, U.dtype, RITZ_COL_MAJOR, k, 1, 1, &rest));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, keep, ritz_t(V), ritz_t(V)));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, keep, first, T));
    RITZ_TRY_OUT(qr_guard_diagonal(s, keep, T));
    /* The columns of J itself are not solved for, so that they are those of I exactly. */
    RITZ_TRY_OUT(qr_complement(s, keep, rest));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, rest, first, first));
    RITZ_TRY_OUT(ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, T, V));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, keep, 1.0, qr_diagonal(first)));
    RITZ_TRY_OUT(ritz_op_scatter_cols(s, order, V, X));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status interpolative_choose(ritz_stream *s, const ritz_linop *A, const ritz_linop *At,
                                 const struct interpolative_choices *o, struct interpolation *c,
                                 ritz_dmat X, ritz_dmat flags)
{
    const int64_t m = A->rows, n = A->cols, l = o->sketch.sample_size, longest = l > n ? l : n;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W, Y, U, order;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, n, 1, 1, &order));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, m, l, 1, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, l, n, 1, &Y));
    RITZ_TRY_OUT(sketch_rows(s, A, At, &o->sketch, W, Y, flags));
    c->products = 1 + 2 * o->sketch.power_iterations;
    RITZ_TRY_OUT(
        interpolation_pivot(s, (double)longest * interpolative_eps(A->dtype), Y, order, c, flags));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, l, n, 1, &U));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, Y, U));
    if (o->sketch.tolerance > 0) RITZ_TRY_OUT(cut_by_tolerance(s, A, o, W, U, c));
    if (ritz_present(X)) RITZ_TRY_OUT(coefficients(s, order, c->keep, U, X));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status interpolative_gather(ritz_stream *s, const ritz_linop *A, const struct interpolation *c,
                                 ritz_dmat C)
{
    const int64_t k = c->keep.rows;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    if (A->kind == RITZ_LINOP_DENSE) {
        RITZ_TRY_OUT(ritz_op_gather_cols(s, c->pivots, A->A, C));
    } else {
        ritz_dmat I, E; /* E = I_n(:, pivots) */
        RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, k, k, 1, &I));
        RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_ROW_MAJOR, A->cols, k, 1, &E));
        RITZ_TRY_OUT(ritz_op_set_identity(s, I));
        RITZ_TRY_OUT(ritz_op_fill(s, 0.0, E));
        RITZ_TRY_OUT(ritz_op_scatter_cols(s, c->pivots, I, ritz_t(E)));
        RITZ_TRY_OUT(ritz_algo_linop_apply(s, A, 0, E, C));
    }
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, c->keep, C, C));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status interpolative_indices(ritz_stream *s, const struct interpolation *c, ritz_dmat indices)
{
    const int64_t k = c->keep.rows;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat rest, beyond;
    RITZ_TRY_OUT(ritz_work_dmat(s, c->keep.dtype, RITZ_COL_MAJOR, k, 1, 1, &rest));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, k, 1, 1, &beyond));
    RITZ_TRY_OUT(qr_complement(s, c->keep, rest));
    RITZ_TRY_OUT(ritz_op_copy(s, rest, beyond));
    RITZ_TRY_OUT(ritz_op_info_merge(s, beyond, c->pivots));
    RITZ_TRY_OUT(ritz_op_copy(s, c->pivots, indices));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the report --------------------------------------------------------------------------- */

/* The rank, on its way to a report that is otherwise written. */
struct pending_rank {
    ritz_sketch_report *target;
    int64_t wanted;
    double rank;
};

/* Runs on the host in stream order. */
static void write_rank(void *context)
{
    struct pending_rank *p = context;
    ritz_sketch_report *target = p->target;
    target->rank = p->rank > 0 ? (int64_t)p->rank : 0; /* it is -1 where there is none */
    /* What the tolerance asks for is beyond the numerical rank. */
    const size_t end = offsetof(ritz_sketch_report, tolerance_met) + sizeof target->tolerance_met;
    if (target->rank < p->wanted && target->size >= end) target->tolerance_met = 0;
    free(p);
}

static ritz_status report_rank(ritz_stream *s, const struct interpolation *c,
                               ritz_sketch_report *report)
{
    const struct ritz_backend *backend = s->device->backend;
    struct pending_rank *p = calloc(1, sizeof *p);
    RITZ_REQUIRE(p != NULL, RITZ_ERR_MEMORY, "no memory for the report");
    p->target = report;
    p->wanted = c->wanted;
    ritz_status rc =
        backend->download(s, c->rank, ritz_hmat_wrap(&p->rank, RITZ_F64, 1, 1, RITZ_COL_MAJOR));
    if (rc == RITZ_OK) rc = backend->host_function(s, write_rank, p);
    if (rc == RITZ_OK) return RITZ_OK;
    /* The download may be on its way into the block. */
    (void)backend->stream_sync(s);
    free(p);
    return rc;
}

ritz_status interpolative_report(ritz_stream *s, const ritz_linop *A,
                                 const struct interpolative_choices *o,
                                 const struct interpolation *c, ritz_dmat figures,
                                 ritz_sketch_report *report)
{
    const int with_error = ritz_present(figures);
    const ritz_sketch_report known = {
        .sample_size = c != NULL ? o->sketch.sample_size : 0,
        .power_iterations = c != NULL ? o->sketch.power_iterations : 0,
        .matvec_blocks = (c != NULL ? c->products : 0) + (with_error ? 1 : 0),
        .kind = with_error ? RITZ_ERROR_ESTIMATE : RITZ_ERROR_NONE,
        .tolerance_met = c != NULL && c->tolerance_met,
    };
    if (with_error && A->kind != RITZ_LINOP_ENQUEUE)
        RITZ_TRY(ritz_algo_linop_sumsq(s, A, ritz_row_range(figures, RITZ_FIGURE_NORM, 1)));
    RITZ_TRY(ritz_algo_sketch_report(s, A, &known, figures, report));
    return c != NULL ? report_rank(s, c, report) : RITZ_OK;
}

/* The figures of A - A(:, pivots) X, which is applied to w as A (w - I(:, pivots) X w). */
static ritz_status probe(ritz_stream *s, const ritz_linop *A, uint64_t seed,
                         const struct interpolation *c, ritz_dmat X, ritz_dmat figures)
{
    const int64_t r = RITZ_SKETCH_PROBES;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat V, Y, Z, P; /* V = [w, w - I(:, pivots) X w] */
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->cols, 2 * r, 1, &V));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->rows, 2 * r, 1, &Y));
    const ritz_dmat w = ritz_cols(V, 0, r), left = ritz_cols(V, r, r);
    RITZ_TRY_OUT(ritz_algo_gaussian(s, RITZ_RANDOM_PROBE, seed, w));
    RITZ_TRY_OUT(ritz_op_copy(s, w, left));
    if (!ritz_empty(X)) {
        RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, X.rows, r, 1, &Z));
        RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->cols, r, 1, &P));
        RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, X, w, 0.0, Z));
        RITZ_TRY_OUT(ritz_op_fill(s, 0.0, P));
        RITZ_TRY_OUT(ritz_op_scatter_cols(s, c->pivots, ritz_t(Z), ritz_t(P)));
        RITZ_TRY_OUT(ritz_op_axpby(s, -1.0, P, 1.0, left));
    }
    RITZ_TRY_OUT(ritz_algo_linop_apply(s, A, 0, V, Y));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, Y, ritz_row_range(figures, RITZ_FIGURE_PROBES, 2 * r)));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the calls ---------------------------------------------------------------------------- */

/* A call for the columns of `A`, which is the caller's operator or its transpose. */
struct interpolative_call {
    const ritz_linop *given, *A, *At;
    ritz_dmat indices, X;
    struct interpolative_choices o;
    ritz_sketch_report *report;
};

static ritz_status report_columns(ritz_stream *s, const struct interpolative_call *call,
                                  const struct interpolation *c)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_dmat figures = RITZ_NO_MAT;
    if (call->o.with_error) {
        RITZ_TRY_OUT(ritz_algo_figures_open(s, &figures));
        RITZ_TRY_OUT(probe(s, call->A, call->o.sketch.seed, c, call->X, figures));
    }
    RITZ_TRY_OUT(interpolative_report(s, call->given, &call->o, c, figures, call->report));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status interpolate(ritz_stream *s, const struct interpolative_call *call)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t k = call->indices.rows;
    ritz_status rc = RITZ_OK;
    struct ritz_verdict v;
    struct interpolation c;
    if (k > 0) {
        RITZ_TRY_OUT(ritz_algo_verdict_open(s, 1, &v));
        RITZ_TRY_OUT(interpolation_open(s, call->A->dtype, k, &c));
        RITZ_TRY_OUT(interpolative_choose(s, call->A, call->At, &call->o, &c, call->X, v.flags));
        RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
        RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, call->X));
    }
    if (call->report != NULL) RITZ_TRY_OUT(report_columns(s, call, k > 0 ? &c : NULL));
    if (k > 0) {
        RITZ_TRY_OUT(interpolative_indices(s, &c, call->indices));
        RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_interpolative_cols(ritz_stream *s, const ritz_linop *A, ritz_dmat columns,
                                    ritz_dmat X, const ritz_sketch_options *opts,
                                    ritz_sketch_report *report)
{
    RITZ_ENTER(s, &X);
    struct interpolative_pair pair;
    struct interpolative_call call = {
        .given = A, .A = &pair.op, .At = &pair.transpose, columns, X, .report = report};
    RITZ_TRY(ritz_algo_linop_check(s, A, "A"));
    RITZ_TRY(interpolative_check_indices(s, A, columns, "columns"));
    RITZ_TRY(interpolative_check_output(s, A, X, "X", columns.rows, A->cols,
                                        "X must be rows of `columns` x n"));
    RITZ_TRY(ritz_check_no_overlap(columns, "columns", X, "X"));
    RITZ_TRY(interpolative_options(opts, columns.rows, A, &call.o));
    RITZ_TRY(ritz_algo_sketch_report_check(report));
    interpolative_pair_of(A, &pair);
    return interpolate(s, &call);
}

ritz_status ritz_interpolative_rows(ritz_stream *s, const ritz_linop *A, ritz_dmat rows,
                                    ritz_dmat X, const ritz_sketch_options *opts,
                                    ritz_sketch_report *report)
{
    RITZ_ENTER(s, &X);
    struct interpolative_pair pair;
    struct interpolative_call call = {
        .given = A, .A = &pair.transpose, .At = &pair.op, rows, ritz_t(X), .report = report};
    RITZ_TRY(ritz_algo_linop_check(s, A, "A"));
    RITZ_TRY(interpolative_check_indices(s, A, rows, "rows"));
    RITZ_TRY(interpolative_check_output(s, A, X, "X", A->rows, rows.rows,
                                        "X must be m x rows of `rows`"));
    RITZ_TRY(ritz_check_no_overlap(rows, "rows", X, "X"));
    RITZ_TRY(interpolative_options(opts, rows.rows, A, &call.o));
    RITZ_TRY(ritz_algo_sketch_report_check(report));
    interpolative_pair_of(A, &pair);
    return interpolate(s, &call);
}
