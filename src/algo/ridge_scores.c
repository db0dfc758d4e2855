/* Ridge regression: figures for the choice of a penalty, from small vectors and never from squares
 * of singular values.
 *
 *     f = σ² / (σ² + λ), the shrinkage;   1 - f = λ / (σ² + λ), computed as such
 *     dof = Σ f,   rss = Σ (1 - f)² C² + ‖B - U C‖²
 *     h_i = w_i (Σ ((a_i - μ)ᵀ V)² / (σ² + λ) + 1 / Σ w), the leverage of row i
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>

#include "algo/ridge.h"

/* Bytes of a part of the penalties, and of a block of rows. */
#define PART_BYTES (INT64_C(16) << 20)

static int64_t part_of(int64_t all, int64_t bytes_each)
{
    const int64_t part = PART_BYTES / (bytes_each > 0 ? bytes_each : 1);
    return part < 1 ? 1 : part < all ? part : all;
}

/* x = value, a 1 x 1 F64 from the workspace. */
static ritz_status scalar(ritz_stream *s, double value, ritz_dmat *x)
{
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, x));
    return ritz_op_fill(s, value, *x);
}

/* Columns of `wide`, `cols` at a time, as the items of a batch. */
static ritz_dmat items_of(ritz_dmat wide, int64_t cols, int64_t batch)
{
    return ritz_batched(ritz_cols(wide, 0, cols), batch, cols * wide.ld);
}

/* ---- degrees of freedom and residual sums ------------------------------------------------ */

/* σ and C (or NULL); where there are none, a single zero, so that a bad penalty gives NaN. */
static ritz_status values(ritz_stream *s, const ritz_ridge *ridge, ritz_dmat *sigma, ritz_dmat *C)
{
    *sigma = ridge->sigma;
    if (C) *C = ridge->C;
    if (ridge->sigma.rows > 0) return RITZ_OK;
    RITZ_TRY(scalar(s, 0.0, sigma));
    if (!C) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(s, ridge->C.dtype, RITZ_COL_MAJOR, 1, ridge->C.cols, 1, C));
    return ritz_op_fill(s, 0.0, *C);
}

/* dof (L x 1). */
static ritz_status degrees(ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda, ritz_dmat dof)
{
    ritz_dmat sigma, F, one;
    RITZ_TRY(values(s, ridge, &sigma, NULL));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, sigma.rows, lambda.rows, 1, &F));
    RITZ_TRY(ritz_op_ridge_filter(s, RITZ_RIDGE_SHRINK, sigma, lambda, RITZ_NO_MAT,
                                  items_of(F, 1, lambda.rows)));
    RITZ_TRY(ritz_op_col_sums(s, F, dof));
    if (!ridge->intercept) return RITZ_OK;
    RITZ_TRY(scalar(s, 1.0, &one));
    return ritz_op_add_row(s, 1.0, one, dof, dof);
}

/* rss (L x s). */
static ritz_status residuals(ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda,
                             ritz_dmat rss)
{
    const int64_t targets = ridge->C.cols, L = lambda.rows;
    ritz_dmat sigma, C, W, sums;
    RITZ_TRY(values(s, ridge, &sigma, &C));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, targets, L, 1, &sums));
    const ritz_dmat column =
        ritz_dmat_wrap(sums.device, sums.data, RITZ_F64, targets * L, 1, RITZ_COL_MAJOR);
    RITZ_TRY(ritz_work_dmat(s, C.dtype, RITZ_COL_MAJOR, C.rows, targets * L, 1, &W));
    RITZ_TRY(
        ritz_op_ridge_filter(s, RITZ_RIDGE_REMAINDER, sigma, lambda, C, items_of(W, targets, L)));
    RITZ_TRY(ritz_op_col_sumsq(s, W, column));
    return ritz_op_add_row(s, 1.0, ridge->rest, ritz_t(sums), rss);
}

/* gcv = (rss / m) / (1 - dof / m)². */
static ritz_status cross_validation(ritz_stream *s, const ritz_ridge *ridge, ritz_dmat dof,
                                    ritz_dmat rss, ritz_dmat gcv)
{
    const double by_rows = 1.0 / (double)ridge->rows;
    ritz_dmat h, tol;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, dof.rows, 1, 1, &h));
    RITZ_TRY(ritz_op_copy(s, dof, h));
    RITZ_TRY(ritz_op_scale(s, by_rows, h));
    RITZ_TRY(scalar(s, 4 * DBL_EPSILON, &tol));
    RITZ_TRY(ritz_op_divide_rest(s, 2, (double)INFINITY, h, tol, ritz_t(rss), ritz_t(gcv)));
    return ritz_op_scale(s, by_rows, gcv);
}

/* The figures of some penalties; what the caller does not want is in the workspace. */
static ritz_status score(ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda, ritz_dmat dof,
                         ritz_dmat rss, ritz_dmat gcv)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t L = lambda.rows, targets = ridge->C.cols;
    const int all = ritz_present(gcv);
    ritz_status rc = RITZ_OK;
    if (all && !ritz_present(dof))
        RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, L, 1, 1, &dof));
    if (all && !ritz_present(rss))
        RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, L, targets, 1, &rss));
    if (ritz_present(dof)) RITZ_TRY_OUT(degrees(s, ridge, lambda, dof));
    if (targets == 0) goto out;
    if (ritz_present(rss)) RITZ_TRY_OUT(residuals(s, ridge, lambda, rss));
    if (all) RITZ_TRY_OUT(cross_validation(s, ridge, dof, rss, gcv));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Rows of a figure that may be absent. */
static ritz_dmat some(ritz_dmat figure, int64_t i, int64_t count)
{
    return ritz_present(figure) ? ritz_row_range(figure, i, count) : figure;
}

static ritz_status check_figure(const ritz_stream *s, ritz_dmat figure, const char *name,
                                ritz_dmat lambda, int64_t cols)
{
    if (!ritz_present(figure)) return RITZ_OK;
    RITZ_TRY(ritz_check_output(s, figure, name));
    RITZ_TRY(ritz_check_single(figure, name));
    RITZ_REQUIRE(figure.dtype == RITZ_F64, RITZ_ERR_DTYPE, "%s is %s; it must be float64", name,
                 ritz_dtype_name(figure.dtype));
    RITZ_TRY(ritz_check_shape(figure, name, lambda.rows, cols, "a row for each penalty"));
    return ritz_check_no_overlap(figure, name, lambda, "lambda");
}

ritz_status ritz_ridge_scores(ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda,
                              ritz_dmat dof, ritz_dmat rss, ritz_dmat gcv)
{
    RITZ_ENTER(s, &lambda);
    RITZ_TRY(ridge_check(s, ridge));
    RITZ_TRY(ridge_check_lambda(s, ridge, lambda, 0));
    RITZ_TRY(check_figure(s, dof, "dof", lambda, 1));
    RITZ_TRY(check_figure(s, rss, "rss", lambda, ridge->C.cols));
    RITZ_TRY(check_figure(s, gcv, "gcv", lambda, ridge->C.cols));
    RITZ_TRY(ritz_check_no_overlap(dof, "dof", rss, "rss"));
    RITZ_TRY(ritz_check_no_overlap(dof, "dof", gcv, "gcv"));
    RITZ_TRY(ritz_check_no_overlap(rss, "rss", gcv, "gcv"));
    const int64_t k = ridge->sigma.rows, targets = ridge->C.cols;
    const int64_t part = part_of(lambda.rows, (k + 1) * (targets + 1) * 8);
    for (int64_t i = 0; i < lambda.rows; i += part) {
        const int64_t count = lambda.rows - i < part ? lambda.rows - i : part;
        RITZ_TRY(score(s, ridge, ritz_row_range(lambda, i, count), some(dof, i, count),
                       some(rss, i, count), some(gcv, i, count)));
    }
    return RITZ_OK;
}

/* ---- leave one out ----------------------------------------------------------------------- */

struct left_out {
    ritz_stream *s;
    const ritz_ridge *ridge;
    ritz_dmat X;    /* the coefficients of all rows */
    ritz_dmat root; /* k x 1 F64: (σ² + λ)^-½ */
    ritz_dmat tol;  /* 1 x 1 F64: what of 1 - h is rounding */
};

/* h (b x 1 F64) of centred rows D; weights may be absent. */
static ritz_status leverages(const struct left_out *p, ritz_dmat D, ritz_dmat weights, ritz_dmat h)
{
    ritz_stream *s = p->s;
    const ritz_ridge *ridge = p->ridge;
    ritz_dmat P, constant, w;
    RITZ_TRY(ritz_op_fill(s, 0.0, h));
    if (ridge->V.cols > 0) {
        RITZ_TRY(ritz_work_dmat(s, D.dtype, RITZ_COL_MAJOR, D.rows, ridge->V.cols, 1, &P));
        RITZ_TRY(ritz_op_gemm(s, 1.0, D, ridge->V, 0.0, P));
        RITZ_TRY(ritz_op_scale_cols(s, 0, p->root, P, P));
        RITZ_TRY(ritz_op_col_sumsq(s, ritz_t(P), h));
    }
    if (ridge->intercept) {
        RITZ_TRY(scalar(s, 1.0, &constant));
        RITZ_TRY(ritz_op_add_row(s, 1.0 / ridge->weight, constant, h, h));
    }
    if (!ritz_present(weights)) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, D.rows, 1, 1, &w));
    RITZ_TRY(ritz_op_copy(s, weights, w));
    return ritz_op_scale_cols(s, 0, w, ritz_t(h), ritz_t(h));
}

/* D = A - 1 (mean + left)ᵀ. */
static ritz_status less_means(ritz_stream *s, ritz_dmat mean, ritz_dmat left, ritz_dmat A,
                              ritz_dmat D)
{
    RITZ_TRY(ritz_op_add_row(s, -1.0, mean, A, D));
    return ritz_op_add_row(s, -1.0, left, D, D);
}

/* The residuals of a block of rows. */
static ritz_status leave_out_block(const struct left_out *p, ritz_dmat A, ritz_dmat B,
                                   ritz_dmat weights, ritz_dmat E)
{
    ritz_stream *s = p->s;
    const ritz_ridge *ridge = p->ridge;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat D, h;
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, A.layout, A.rows, A.cols, 1, &D));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, A.rows, 1, 1, &h));
    RITZ_TRY_OUT(less_means(s, ridge_mean_a(ridge, 0), ridge_mean_a(ridge, 1), A, D));
    RITZ_TRY_OUT(leverages(p, D, weights, h));
    RITZ_TRY_OUT(less_means(s, ridge_mean_b(ridge, 0), ridge_mean_b(ridge, 1), B, E));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, D, p->X, 1.0, E));
    RITZ_TRY_OUT(ritz_op_divide_rest(s, 1, (double)NAN, h, p->tol, ritz_t(E), ritz_t(E)));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Rounding of h: that of (a - μ)ᵀ V is up to eps σ_1 beside values of sqrt(σ² + λ). */
static ritz_status prepare(struct left_out *p, ritz_dmat lambda, ritz_dtype dtype)
{
    ritz_stream *s = p->s;
    const ritz_ridge *ridge = p->ridge;
    const int64_t n = ridge->V.rows, k = ridge->V.cols;
    const double eps = dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    ritz_dmat least;
    RITZ_TRY(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, n, ridge->C.cols, 1, &p->X));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, k, 1, 1, &p->root));
    RITZ_TRY(scalar(s, 8 * sqrt((double)n + 1) * eps, &p->tol));
    if (k == 0) return RITZ_OK;
    RITZ_TRY(ridge_coefficients(s, ridge, lambda, p->X));
    RITZ_TRY(ritz_op_ridge_filter(s, RITZ_RIDGE_ROOT, ridge->sigma, lambda, RITZ_NO_MAT, p->root));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &least));
    RITZ_TRY(ritz_op_max_abs(s, p->root, least));
    return ritz_op_axpby(s, 2 * eps * ridge->first, least, 1.0, p->tol);
}

static ritz_status leave_out(struct left_out *p, ritz_dmat lambda, ritz_dmat A, ritz_dmat B,
                             ritz_dmat weights, ritz_dmat E)
{
    const int64_t width = A.cols + p->ridge->V.cols + 2;
    const int64_t part = part_of(A.rows, width * (int64_t)ritz_dtype_size(A.dtype));
    RITZ_TRY(prepare(p, lambda, A.dtype));
    for (int64_t i = 0; i < A.rows; i += part) {
        const int64_t count = A.rows - i < part ? A.rows - i : part;
        RITZ_TRY(leave_out_block(p, ritz_row_range(A, i, count), ritz_row_range(B, i, count),
                                 some(weights, i, count), ritz_row_range(E, i, count)));
    }
    return RITZ_OK;
}

static ritz_status check_left_out(const ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda,
                                  ritz_dmat A, ritz_dmat B, ritz_dmat weights, ritz_dmat E)
{
    RITZ_TRY(ridge_check(s, ridge));
    RITZ_TRY(ridge_check_lambda(s, ridge, lambda, 0));
    RITZ_TRY(ritz_check_shape(lambda, "lambda", 1, 1, "one penalty"));
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_input(s, B, "B"));
    RITZ_TRY(ritz_check_output(s, E, "E"));
    RITZ_TRY(ritz_check_single(A, "A"));
    RITZ_TRY(ritz_check_single(B, "B"));
    RITZ_TRY(ritz_check_single(E, "E"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", ridge->V, "ridge"));
    RITZ_TRY(ritz_check_same_dtype(B, "B", ridge->V, "ridge"));
    RITZ_TRY(ritz_check_same_dtype(E, "E", ridge->V, "ridge"));
    RITZ_TRY(ritz_check_shape(A, "A", A.rows, ridge->V.rows, "A must be that of the fit"));
    RITZ_TRY(ritz_check_shape(B, "B", A.rows, ridge->C.cols, "B must be that of the fit"));
    RITZ_TRY(ritz_check_shape(E, "E", A.rows, ridge->C.cols, "E must be of the shape of B"));
    RITZ_TRY(ritz_check_no_overlap(E, "E", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(E, "E", B, "B"));
    RITZ_TRY(ritz_check_no_overlap(E, "E", lambda, "lambda"));
    if (!ritz_present(weights)) return RITZ_OK;
    RITZ_TRY(ritz_check_input(s, weights, "weights"));
    RITZ_TRY(ritz_check_single(weights, "weights"));
    RITZ_TRY(ritz_check_same_dtype(weights, "weights", ridge->V, "ridge"));
    RITZ_TRY(ritz_check_shape(weights, "weights", A.rows, 1, "one weight for each row of A"));
    return ritz_check_no_overlap(E, "E", weights, "weights");
}

ritz_status ritz_ridge_leave_one_out(ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda,
                                     ritz_dmat A, ritz_dmat B, ritz_dmat weights, ritz_dmat E)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_left_out(s, ridge, lambda, A, B, weights, E));
    if (ritz_empty(E)) return RITZ_OK;
    struct left_out p = {.s = s, .ridge = ridge};
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_status rc = leave_out(&p, lambda, A, B, weights, E);
    ritz_work_release(s, mark);
    return rc;
}
