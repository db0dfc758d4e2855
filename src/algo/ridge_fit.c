/* Ridge regression: the factorization.
 *
 *     m >= n    the triangular factor [R C'; 0 E] of [A B], centred where there is an intercept,
 *               and R = U diag(σ) Vᵀ; C = UᵀC', the rest of B is E
 *     m < n     the thin SVD of a copy of A, weighted and centred; the columns of U span all of B
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "algo/ridge.h"

/* A factorization under way. */
struct fit {
    ritz_stream *s;
    ritz_ridge_options o;
    struct ritz_ridge *r;
    int64_t n, targets;
    ritz_dtype dtype;
};

/* ---- the object -------------------------------------------------------------------------- */

static ritz_status make_object(struct fit *f, int64_t k)
{
    struct ritz_ridge *r = f->r;
    ritz_stream *s = f->s;
    const int64_t both = f->n + f->targets;
    RITZ_TRY(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, k, 1, &r->sigma));
    RITZ_TRY(ritz_dmat_create(s, f->dtype, RITZ_COL_MAJOR, f->n, k, &r->V));
    RITZ_TRY(ritz_dmat_create(s, f->dtype, RITZ_COL_MAJOR, k, f->targets, &r->C));
    RITZ_TRY(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, f->targets, 1, &r->rest));
    RITZ_TRY(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, both, 2, &r->means));
    if (f->targets > 0) RITZ_TRY(ritz_op_fill(s, 0.0, r->rest));
    return both > 0 ? ritz_op_fill(s, 0.0, r->means) : RITZ_OK;
}

/* Singular values to float64, those below the tolerance to 0; host waits. */
static ritz_status settle(struct fit *f, ritz_dmat S, struct ritz_verdict v)
{
    struct ritz_ridge *r = f->r;
    const double eps = f->dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    const int64_t larger = r->rows > f->n ? r->rows : f->n;
    const double rtol = f->o.rtol > 0 ? f->o.rtol : (double)larger * eps;
    double outcome = 0, rank = 0;
    ritz_dmat count;
    RITZ_TRY(ritz_algo_fetch(f->s, v.info, &outcome));
    RITZ_REQUIRE(
        outcome >= 0, RITZ_ERR_NOT_FINITE,
        "the data has a NaN or an infinity, or overflows %s when it is centred or weighted",
        ritz_dtype_name(f->dtype));
    RITZ_REQUIRE(outcome == 0, RITZ_ERR_NOT_CONVERGED,
                 "the singular value decomposition did not converge in %s",
                 ritz_dtype_name(f->dtype));
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &count));
    RITZ_TRY(ritz_op_copy(f->s, S, r->sigma));
    RITZ_TRY(ritz_op_cut_values(f->s, rtol, 0.0, r->sigma, count, RITZ_NO_MAT));
    RITZ_TRY(ritz_algo_fetch(f->s, count, &rank));
    RITZ_TRY(ritz_algo_fetch(f->s, ritz_row_range(r->sigma, 0, 1), &r->first));
    r->rank = (int64_t)rank;
    return RITZ_OK;
}

/* σ, V and C of A and B, which are weighted and centred; flags: set where they are not finite. */
static ritz_status decompose(struct fit *f, ritz_dmat A, ritz_dmat B, struct ritz_verdict v)
{
    struct ritz_ridge *r = f->r;
    ritz_stream *s = f->s;
    const int64_t k = r->sigma.rows;
    ritz_dmat S, U, V;
    if (k == 0) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, k, 1, 1, &S));
    RITZ_TRY(ritz_work_dmat(s, f->dtype, RITZ_COL_MAJOR, A.rows, k, 1, &U));
    V = r->V;
    if (A.rows == A.cols) /* what is square is small: the check of a sketch would gain nothing */
        RITZ_TRY(ritz_algo_svd(s, A, U, S, V, v.flags, v.info));
    else
        RITZ_TRY(ritz_algo_svd_thin(s, A, U, S, V, v));
    RITZ_TRY(settle(f, S, v));
    return ritz_op_gemm(s, 1.0, ritz_t(U), B, 0.0, r->C);
}

/* ---- tall data, and statistics ------------------------------------------------------------ */

static ritz_status fit_centred(struct fit *f, const struct lstsq_centred *c)
{
    struct ritz_ridge *r = f->r;
    ritz_stream *s = f->s;
    const int64_t n = f->n, targets = f->targets;
    struct ritz_verdict v;
    ritz_dmat F;
    r->rows = c->rows;
    r->weight = c->weight;
    RITZ_TRY(make_object(f, n));
    RITZ_TRY(ritz_algo_verdict_open(s, 1, &v));
    RITZ_TRY(lstsq_centred_factor(s, c, r->intercept, &F));
    RITZ_TRY(decompose(f, ritz_block(F, 0, 0, n, n), ritz_block(F, 0, n, n, targets), v));
    if (targets > 0) RITZ_TRY(ritz_op_col_sumsq(s, ritz_block(F, n, n, targets, targets), r->rest));
    return r->intercept ? lstsq_centred_means(s, c, r->means) : RITZ_OK;
}

static ritz_status fit_tall(struct fit *f, const struct lstsq_data *data)
{
    const int64_t q = f->n + f->targets;
    struct lstsq_centred c = {.rows = 0};
    RITZ_TRY(ritz_work_dmat(f->s, f->dtype, RITZ_COL_MAJOR, q, q, 1, &c.factor));
    RITZ_TRY(ritz_work_dmat(f->s, RITZ_F64, RITZ_COL_MAJOR, q, 2, 1, &c.means));
    if (q > 0) {
        RITZ_TRY(ritz_op_fill(f->s, 0.0, c.factor));
        RITZ_TRY(ritz_op_fill(f->s, 0.0, c.means));
    }
    RITZ_TRY(lstsq_centred_absorb(f->s, data, &c));
    RITZ_REQUIRE(c.rows > 0, RITZ_ERR_ARGUMENT, "all %" PRId64 " weights are zero; no row counts",
                 data->m);
    return fit_centred(f, &c);
}

/* ---- wide data --------------------------------------------------------------------------- */

static ritz_status fit_copy(struct fit *f, struct lstsq_rows *rows)
{
    struct ritz_ridge *r = f->r;
    ritz_stream *s = f->s;
    struct ritz_verdict v;
    double bad = 0;
    ritz_dmat A, B, mean_a, mean_b, flags;
    RITZ_TRY(make_object(f, lstsq_rows_count(rows)));
    RITZ_TRY(ritz_algo_verdict_open(s, 1, &v));
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &flags));
    RITZ_TRY(ritz_op_fill(s, 0.0, flags));
    r->rows = lstsq_rows_counted(rows);
    RITZ_TRY(lstsq_rows_all(rows, &A, &B));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, B, flags));
    RITZ_TRY(ritz_algo_fetch(s, flags, &bad));
    RITZ_REQUIRE(bad == 0, RITZ_ERR_NOT_FINITE,
                 "B has a NaN or an infinity, or overflows %s when it is centred or weighted",
                 ritz_dtype_name(f->dtype));
    RITZ_TRY(decompose(f, A, B, v));
    lstsq_rows_means(rows, &mean_a, &mean_b, &r->weight);
    if (!r->intercept) return RITZ_OK;
    RITZ_TRY(ritz_op_copy(s, mean_a, ridge_mean_a(r, 0)));
    return ritz_op_copy(s, mean_b, ridge_mean_b(r, 0));
}

static ritz_status fit_wide(struct fit *f, const struct lstsq_data *data)
{
    struct lstsq_rows *rows = NULL;
    RITZ_TRY(lstsq_rows_open(f->s, data, &rows));
    const ritz_status rc = fit_copy(f, rows);
    lstsq_rows_free(&rows);
    return rc;
}

static ritz_status fit_data(struct fit *f, ritz_dmat A, ritz_dmat B)
{
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    struct lstsq_data data = {
        .A = A, .B = B, .dtype = A.dtype, .m = A.rows, .n = A.cols, .s = B.cols, .opts = &o};
    o.weights = f->o.weights;
    if (A.rows >= A.cols) return fit_tall(f, &data);
    /* A place for the intercept is how the rows are asked to be centred. */
    if (f->o.intercept)
        RITZ_TRY(ritz_work_dmat(f->s, A.dtype, RITZ_COL_MAJOR, 1, B.cols, 1, &o.intercept));
    return fit_wide(f, &data);
}

/* ---- public ------------------------------------------------------------------------------ */

static ritz_status open_fit(struct fit *f, const ritz_ridge_options *opts)
{
    const ritz_ridge_options defaults = RITZ_RIDGE_DEFAULTS;
    RITZ_TRY(ritz_check_options(opts, sizeof defaults, "opts"));
    f->o = opts ? *opts : defaults;
    RITZ_REQUIRE(f->o.rtol >= 0 && isfinite(f->o.rtol), RITZ_ERR_OPTION,
                 "rtol is %g; it must be finite and >= 0", f->o.rtol);
    return RITZ_OK;
}

static ritz_status new_object(struct fit *f)
{
    f->r = calloc(1, sizeof *f->r);
    RITZ_REQUIRE(f->r, RITZ_ERR_MEMORY, "no host memory for a ridge regression");
    f->r->device = f->s->device;
    f->r->intercept = f->o.intercept != 0;
    return RITZ_OK;
}

/* Hand the object over if all went well. */
static ritz_status finish(struct fit *f, ritz_status rc, ritz_ridge **ridge)
{
    if (rc == RITZ_OK) rc = ritz_stream_sync(f->s);
    if (rc == RITZ_OK)
        *ridge = f->r;
    else
        (void)ritz_ridge_destroy(f->s, &f->r);
    return rc;
}

static ritz_status check_data(const ritz_stream *s, ritz_dmat A, ritz_dmat B, ritz_dmat weights)
{
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_single(A, "A"));
    RITZ_REQUIRE(A.rows >= 1, RITZ_ERR_SHAPE, "A has no rows");
    RITZ_TRY(ritz_check_input(s, B, "B"));
    RITZ_TRY(ritz_check_single(B, "B"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", B, "B"));
    RITZ_TRY(ritz_check_shape(B, "B", A.rows, B.cols, "B must have a row for each row of A"));
    if (!ritz_present(weights)) return RITZ_OK;
    RITZ_TRY(ritz_check_input(s, weights, "weights"));
    RITZ_TRY(ritz_check_single(weights, "weights"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", weights, "weights"));
    return ritz_check_shape(weights, "weights", A.rows, 1, "one weight for each row of A");
}

ritz_status ritz_ridge_fit(ritz_stream *s, ritz_dmat A, ritz_dmat B, const ritz_ridge_options *opts,
                           ritz_ridge **ridge)
{
    RITZ_ENTER(s, &A);
    RITZ_REQUIRE(ridge, RITZ_ERR_ARGUMENT, "ridge is NULL");
    *ridge = NULL;
    struct fit f = {.s = s, .n = A.cols, .targets = B.cols, .dtype = A.dtype};
    RITZ_TRY(open_fit(&f, opts));
    RITZ_TRY(check_data(s, A, B, f.o.weights));
    RITZ_TRY(new_object(&f));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_status rc = fit_data(&f, A, B);
    ritz_work_release(s, mark);
    return finish(&f, rc, ridge);
}

ritz_status ritz_ridge_fit_stats(ritz_stream *s, const ritz_lstsq_stats *stats,
                                 const ritz_ridge_options *opts, ritz_ridge **ridge)
{
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(ridge, RITZ_ERR_ARGUMENT, "ridge is NULL");
    *ridge = NULL;
    RITZ_TRY(lstsq_stats_check(s, stats, "stats"));
    RITZ_REQUIRE(stats->c.rows >= 1, RITZ_ERR_SHAPE, "the statistics have no rows");
    struct fit f = {
        .s = s, .n = stats->cols, .targets = stats->targets, .dtype = stats->c.factor.dtype};
    RITZ_TRY(open_fit(&f, opts));
    RITZ_TRY(new_object(&f));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_status rc = fit_centred(&f, &stats->c);
    ritz_work_release(s, mark);
    return finish(&f, rc, ridge);
}
