/* QR factorization with column pivoting, A(:, p) = Q R.
 *
 * By norms: at each step the column of the largest remaining norm (LAPACK's geqp3).
 *
 * By a sketch (CQRRPT), for tall matrices: a pivoted QR of S A, which is small, gives the order p
 * and R_s; then Q and R of A(:, p) by Cholesky of the Gram matrix of A(:, p) R_s⁻¹ (qr_cholesky.c).
 * Where the sketch or the Cholesky factorization does not resolve all columns, R_s⁻¹ would only
 * magnify rounding: the columns, in the order that was found, are then factored by reflections, so
 * that Q is orthonormal and A(:, p) = Q R to rounding whatever the rank.
 *
 * The sparse signs are 8 a column, not the 2 of the published code, which fail on coherent data.
 *
 * Source: Golub and Van Loan 2013, section 5.4.2; Melnichenko, Balabanov, Murray, Demmel, Mahoney,
 * Luszczek, CholeskyQR with randomization and pivoting for tall matrices, arXiv:2311.08316.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>

#include "algo/qr.h"

struct pivoted {
    ritz_stream *s;
    ritz_dmat A, Q, R, pivots;
};

/* ---- by norms ---------------------------------------------------------------------------- */

/* Reflections of W, which is column-major: in the order of norms, or (pivots = RITZ_NO_MAT) in the
 * given one. */
static ritz_status factor_columns(const struct pivoted *f, ritz_dmat W, ritz_dmat pivots)
{
    ritz_stream *s = f->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat tau;
    RITZ_TRY_OUT(
        ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, min_i64(W.rows, W.cols), 1, W.batch, &tau));
    if (ritz_present(pivots))
        RITZ_TRY_OUT(ritz_op_geqp3(s, W, pivots, tau));
    else
        RITZ_TRY_OUT(ritz_op_geqrf(s, W, tau));
    RITZ_TRY_OUT(qr_factors(s, W, tau, f->Q, f->R));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Q itself if a column-major m x n matrix can be factored in it, else one from the workspace. */
static ritz_status column_home(const struct pivoted *f, ritz_dmat *W)
{
    *W = f->Q;
    if (ritz_present(f->Q) && f->Q.layout == RITZ_COL_MAJOR && f->A.rows >= f->A.cols)
        return RITZ_OK;
    return ritz_work_dmat(f->s, f->A.dtype, RITZ_COL_MAJOR, f->A.rows, f->A.cols, f->pivots.batch,
                          W);
}

static ritz_status by_norms(const struct pivoted *f, ritz_dmat flags)
{
    ritz_stream *s = f->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W;
    RITZ_TRY_OUT(column_home(f, &W));
    RITZ_TRY_OUT(ritz_op_copy(s, f->A, W));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, W, flags));
    RITZ_TRY_OUT(factor_columns(f, W, f->pivots));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- by a sketch ------------------------------------------------------------------------- */

/* The order of the columns into f->pivots, and R_s. */
static ritz_status order_by_sketch(const struct pivoted *f, uint64_t seed, struct qr_check *check,
                                   ritz_dmat Rs)
{
    ritz_stream *s = f->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat SA, tau;
    RITZ_TRY_OUT(ritz_work_dmat(s, f->A.dtype, RITZ_COL_MAJOR, f->A.cols, 1, 1, &tau));
    RITZ_TRY_OUT(qr_sketch(s, seed, 0, f->A, check->flags, &SA));
    RITZ_TRY_OUT(ritz_op_geqp3(s, SA, f->pivots, tau));
    RITZ_TRY_OUT(qr_positive_r(s, SA, Rs));
    RITZ_TRY_OUT(ritz_op_copy(s, qr_diagonal(Rs), qr_check_figure(check, QR_FIGURE_SKETCH)));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status by_reflections_in_order(const struct pivoted *f)
{
    ritz_stream *s = f->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W;
    RITZ_TRY_OUT(column_home(f, &W));
    RITZ_TRY_OUT(ritz_op_gather_cols(s, f->pivots, f->A, W));
    RITZ_TRY_OUT(factor_columns(f, W, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* One item. Data that is not finite, or overflows in the sketch, is left to by_norms. */
static ritz_status by_sketch(const struct pivoted *f, uint64_t seed, ritz_dmat flags)
{
    ritz_stream *s = f->s;
    const ritz_dtype dtype = f->A.dtype;
    const int64_t n = f->A.cols;
    const double eps = dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct qr_check check;
    struct qr_outcome outcome;
    ritz_dmat X = f->Q, G, Rs;
    RITZ_TRY_OUT(qr_check_open(s, dtype, n, &check));
    RITZ_TRY_OUT(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, n, n, 1, &Rs));
    RITZ_TRY_OUT(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, n, n, 1, &G));
    if (!ritz_present(X)) RITZ_TRY_OUT(ritz_work_dmat(s, dtype, f->A.layout, f->A.rows, n, 1, &X));
    RITZ_TRY_OUT(order_by_sketch(f, seed, &check, Rs));
    RITZ_TRY_OUT(ritz_op_gather_cols(s, f->pivots, f->A, X));
    RITZ_TRY_OUT(ritz_op_solve_gram(s, Rs, X, ritz_present(f->Q) ? X : RITZ_NO_MAT, G));
    RITZ_TRY_OUT(qr_check_factor(&check, G));
    RITZ_TRY_OUT(qr_check_wait(&check));
    const int pivots = qr_check_pivots(&check, &outcome);
    if (!outcome.finite)
        RITZ_TRY_OUT(by_norms(f, flags));
    else if (pivots && qr_check_sketch(&check, 2.0 * pow(eps, 0.95)))
        RITZ_TRY_OUT(qr_finish(s, G, Rs, X, f->Q, f->R));
    else
        RITZ_TRY_OUT(by_reflections_in_order(f));
out:
    qr_check_close(&check);
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the call ---------------------------------------------------------------------------- */

/* rank of each item from diag(R); -1 where that is not a number. */
static ritz_status count_rank(ritz_stream *s, const ritz_qr_pivoted_options *o, ritz_dmat R,
                              ritz_dmat rank)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_dmat diagonal = qr_diagonal(R);
    ritz_status rc;
    ritz_dmat values;
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, diagonal.rows, 1, R.batch, &values));
    RITZ_TRY_OUT(ritz_op_copy(s, diagonal, values));
    RITZ_TRY_OUT(ritz_op_cut_values(s, o->rtol, o->atol, values, rank, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_dmat item_or_none(ritz_dmat A, int64_t b)
{
    return ritz_present(A) ? ritz_item(A, b) : A;
}

static ritz_status factor(const struct pivoted *f, const ritz_qr_pivoted_options *o,
                          struct ritz_verdict v)
{
    if (o->pivoting == RITZ_PIVOTING_NORM) return by_norms(f, v.flags);
    for (int64_t b = 0; b < f->pivots.batch; b++) {
        const struct pivoted item = {f->s, ritz_item(f->A, b), item_or_none(f->Q, b),
                                     item_or_none(f->R, b), ritz_item(f->pivots, b)};
        RITZ_TRY(by_sketch(&item, o->seed, ritz_row_range(v.flags, b, 1)));
    }
    return RITZ_OK;
}

static ritz_status check_arguments(const ritz_stream *s, const struct pivoted *f, ritz_dmat rank)
{
    const ritz_dmat A = f->A, Q = f->Q, R = f->R, pivots = f->pivots;
    const int64_t k = min_i64(A.rows, A.cols);
    const struct {
        ritz_dmat mat;
        const char *name;
    } outputs[] = {{pivots, "pivots"}, {Q, "Q"}, {R, "R"}, {rank, "rank"}};
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_output(s, pivots, "pivots"));
    RITZ_REQUIRE(pivots.dtype == RITZ_I32, RITZ_ERR_DTYPE, "pivots is %s; it must be int32",
                 ritz_dtype_name(pivots.dtype));
    RITZ_TRY(ritz_check_shape(pivots, "pivots", A.cols, 1, "pivots must be n x 1"));
    RITZ_TRY(ritz_check_batch(A, "A", pivots.batch, 1));
    if (ritz_present(Q)) {
        RITZ_TRY(ritz_check_output(s, Q, "Q"));
        RITZ_TRY(ritz_check_same_dtype(A, "A", Q, "Q"));
        RITZ_TRY(ritz_check_shape(Q, "Q", A.rows, k, "Q must be m x min(m, n)"));
        RITZ_TRY(ritz_check_batch(Q, "Q", pivots.batch, 0));
    }
    if (ritz_present(R)) {
        RITZ_TRY(ritz_check_output(s, R, "R"));
        RITZ_TRY(ritz_check_same_dtype(A, "A", R, "R"));
        RITZ_TRY(ritz_check_shape(R, "R", k, A.cols, "R must be min(m, n) x n"));
        RITZ_TRY(ritz_check_batch(R, "R", pivots.batch, 0));
    }
    if (ritz_present(rank)) {
        RITZ_TRY(ritz_check_output(s, rank, "rank"));
        RITZ_REQUIRE(rank.dtype == RITZ_I32, RITZ_ERR_DTYPE, "rank is %s; it must be int32",
                     ritz_dtype_name(rank.dtype));
        RITZ_TRY(ritz_check_shape(rank, "rank", pivots.batch, 1, "rank must be batch x 1"));
        RITZ_TRY(ritz_check_single(rank, "rank"));
    }
    for (int i = 0; i < 4; i++) {
        if (!ritz_present(outputs[i].mat)) continue;
        RITZ_TRY(ritz_check_no_overlap(outputs[i].mat, outputs[i].name, A, "A"));
        for (int j = 0; j < i; j++)
            if (ritz_present(outputs[j].mat))
                RITZ_TRY(ritz_check_no_overlap(outputs[i].mat, outputs[i].name, outputs[j].mat,
                                               outputs[j].name));
    }
    return RITZ_OK;
}

static ritz_status read_options(const ritz_qr_pivoted_options *opts, ritz_dmat A, int64_t batch,
                                ritz_qr_pivoted_options *o)
{
    const ritz_qr_pivoted_options defaults = RITZ_QR_PIVOTED_DEFAULTS;
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_qr_pivoted_options), "opts"));
    *o = opts != NULL ? *opts : defaults;
    RITZ_REQUIRE(o->pivoting >= RITZ_PIVOTING_AUTO && o->pivoting <= RITZ_PIVOTING_SKETCH,
                 RITZ_ERR_OPTION, "pivoting is %d; it must be one of ritz_pivoting",
                 (int)o->pivoting);
    RITZ_REQUIRE(o->pivoting != RITZ_PIVOTING_SKETCH || A.rows >= A.cols, RITZ_ERR_OPTION,
                 "pivoting is RITZ_PIVOTING_SKETCH and A is %" PRId64 " x %" PRId64
                 "; it needs as many rows as columns",
                 A.rows, A.cols);
    RITZ_REQUIRE(o->rtol >= 0 && o->atol >= 0, RITZ_ERR_OPTION,
                 "rtol is %g and atol is %g; neither may be negative or NaN", o->rtol, o->atol);
    if (o->pivoting == RITZ_PIVOTING_AUTO)
        o->pivoting = qr_is_tall(A.rows, A.cols, batch) ? RITZ_PIVOTING_SKETCH : RITZ_PIVOTING_NORM;
    const int64_t longest = A.rows > A.cols ? A.rows : A.cols;
    if (!(o->rtol > 0))
        o->rtol = (double)longest * (A.dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
    return RITZ_OK;
}

/* Without elements of A: the columns as they are, rank 0. */
static ritz_status nothing_to_factor(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat rank)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_dmat none, tau;
    if (ritz_present(rank)) RITZ_TRY_OUT(ritz_op_fill(s, 0.0, rank));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, 0, A.cols, pivots.batch, &none));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, 0, 1, pivots.batch, &tau));
    RITZ_TRY_OUT(ritz_op_geqp3(s, none, pivots, tau));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_qr_pivoted(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R, ritz_dmat pivots,
                            ritz_dmat rank, const ritz_qr_pivoted_options *opts)
{
    RITZ_ENTER(s, &A);
    struct pivoted f = {s, A, Q, R, pivots};
    ritz_qr_pivoted_options o;
    RITZ_TRY(check_arguments(s, &f, rank));
    RITZ_TRY(read_options(opts, A, pivots.batch, &o));
    if (pivots.batch == 0) return RITZ_OK;
    if (A.rows == 0 || A.cols == 0) return nothing_to_factor(s, A, pivots, rank);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t k = min_i64(A.rows, A.cols);
    ritz_status rc;
    struct ritz_verdict v;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, pivots.batch, &v));
    if (!ritz_present(R) && ritz_present(rank))
        RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, k, A.cols, pivots.batch, &f.R));
    RITZ_TRY_OUT(factor(&f, &o, v));
    RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
    if (ritz_present(Q)) RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, Q));
    if (ritz_present(f.R)) RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, f.R));
    if (ritz_present(rank)) RITZ_TRY_OUT(count_rank(s, &o, f.R, rank));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}
