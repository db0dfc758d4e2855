/* The k eigenvalues of largest modulus of a symmetric A by a randomized method, A ≈ V diag(W) Vᵀ.
 *
 *     A n x n, l = k + oversampling
 *     Q = range finder(A)              n x l
 *     T = QᵀA Q = E diag(w) Eᵀ         l x l
 *     V = Q E(:, p),  W = w(p)         p: the order of descending |w|, its first k
 *
 * The order is found on the device, without the host: a pivoted Cholesky factorization of the
 * diagonal matrix of the |w| eliminates the largest first.
 *
 * Source: Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 53(2), 2011,
 * algorithm 5.3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/qr.h"

/* order (I32, l x 1, from 0) = that of descending |w|; a w that is not finite counts as zero. */
static ritz_status order_by_modulus(ritz_stream *s, ritz_dmat w, ritz_dmat order)
{
    const int64_t l = w.rows;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat moduli, D, F, flags, verdict, rest;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, l, 1, 1, &moduli));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &rest));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &flags));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 2, 1, 1, &verdict));
    RITZ_TRY_OUT(ritz_work_dmat(s, w.dtype, RITZ_COL_MAJOR, l, l, 1, &D));
    RITZ_TRY_OUT(ritz_work_dmat(s, w.dtype, RITZ_COL_MAJOR, l, l, 1, &F));
    RITZ_TRY_OUT(ritz_op_abs_sums(s, ritz_t(w), moduli));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, D));
    RITZ_TRY_OUT(ritz_op_copy(s, moduli, qr_diagonal(D)));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_LOWER, D, flags));
    RITZ_TRY_OUT(ritz_op_pstrf(s, 0.0, 0.0, D, F, order, ritz_row_range(verdict, 0, 1), rest,
                               ritz_row_range(verdict, 1, 1)));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* W (k x 1), V (n x k, or RITZ_NO_MAT) and all l values of the sample, in their order. */
static ritz_status eigenpairs(ritz_stream *s, const ritz_linop *op,
                              const struct ritz_algo_sketch *sketch, ritz_dmat W, ritz_dmat V,
                              ritz_dmat values, struct ritz_verdict v)
{
    const int64_t n = op->rows, l = sketch->sample_size, k = W.rows;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat Q, AQ, T, E, Ek, w, order;
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, n, l, 1, &Q));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, n, l, 1, &AQ));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, l, l, 1, &T));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, l, l, 1, &E));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, l, k, 1, &Ek));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, l, 1, 1, &w));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, l, 1, 1, &order));

    RITZ_TRY_OUT(ritz_algo_range_finder(s, op, sketch, Q, v.flags));
    RITZ_TRY_OUT(ritz_algo_guarded_product(s, op, 0, Q, AQ, v.flags));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(Q), AQ, 0.0, T));
    RITZ_TRY_OUT(ritz_algo_eigh(s, RITZ_LOWER, RITZ_ASCENDING, T, 0, w, E, v.info));
    RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
    RITZ_TRY_OUT(order_by_modulus(s, w, order));
    RITZ_TRY_OUT(ritz_op_gather_cols(s, order, ritz_t(w), ritz_t(values)));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, values));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_row_range(values, 0, k), W));
    if (ritz_present(V)) {
        RITZ_TRY_OUT(ritz_op_gather_cols(s, ritz_row_range(order, 0, k), E, Ek));
        RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, Q, Ek, 0.0, V));
        RITZ_TRY_OUT(ritz_op_sign_cols(s, V, RITZ_NO_MAT));
        RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, V));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The figures PROBES and RESIDUALS of A - V diag(W) Vᵀ. */
static ritz_status probe_pairs(ritz_stream *s, const ritz_linop *op, uint64_t seed, ritz_dmat W,
                               ritz_dmat V, ritz_dmat figures)
{
    const int64_t r = RITZ_SKETCH_PROBES;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat X, Y, C; /* X, Y: n x r; C: k x r */
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->rows, r, 1, &X));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->rows, r, 1, &Y));
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, W.rows, r, 1, &C));
    RITZ_TRY_OUT(ritz_algo_gaussian(s, RITZ_RANDOM_PROBE, seed, X));
    RITZ_TRY_OUT(ritz_algo_linop_apply(s, op, 0, X, Y));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, Y, ritz_row_range(figures, RITZ_FIGURE_PROBES, r)));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(V), X, 0.0, C));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, W, ritz_t(C), ritz_t(C)));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, V, C, 1.0, Y));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, Y, ritz_row_range(figures, RITZ_FIGURE_RESIDUALS, r)));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status report_pairs(ritz_stream *s, const ritz_linop *op,
                                const struct ritz_algo_sketch *sketch, int with_error, ritz_dmat W,
                                ritz_dmat V, ritz_dmat values, ritz_sketch_report *report)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_dmat figures = RITZ_NO_MAT;
    const int any = W.rows > 0;
    const int q = any ? ritz_algo_powers_made(sketch, sketch->sample_size) : 0;
    const ritz_sketch_report known = {
        .rank = W.rows,
        .sample_size = any ? sketch->sample_size : 0,
        .power_iterations = q,
        .matvec_blocks = (any ? 2 + 2 * q : 0) + (with_error ? 1 : 0),
        .kind = with_error ? RITZ_ERROR_ESTIMATE : RITZ_ERROR_NONE,
    };
    if (with_error) {
        RITZ_TRY_OUT(ritz_algo_figures_open(s, &figures));
        RITZ_TRY_OUT(probe_pairs(s, op, sketch->seed, W, V, figures));
        if (op->kind != RITZ_LINOP_ENQUEUE)
            RITZ_TRY_OUT(
                ritz_algo_linop_sumsq(s, op, ritz_row_range(figures, RITZ_FIGURE_NORM, 1)));
    }
    RITZ_TRY_OUT(ritz_algo_sketch_report_values(s, op, &known, figures, sketch, values, report));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status check_pairs(const ritz_stream *s, const ritz_linop *op, ritz_dmat W, ritz_dmat V)
{
    RITZ_TRY(ritz_algo_linop_check(s, op, "A"));
    RITZ_REQUIRE(op->rows == op->cols, RITZ_ERR_SHAPE,
                 "the operator A is %" PRId64 " x %" PRId64 "; it must be square and symmetric",
                 op->rows, op->cols);
    RITZ_TRY(ritz_algo_check_factor(s, op, W, "W"));
    RITZ_REQUIRE(W.cols == 1 && W.rows <= op->rows, RITZ_ERR_SHAPE,
                 "W is %" PRId64 " x %" PRId64 ", for eigenvalues of an operator of order %" PRId64
                 "; it must be k x 1 with k <= n",
                 W.rows, W.cols, op->rows);
    if (!ritz_present(V)) return RITZ_OK;
    RITZ_TRY(ritz_algo_check_factor(s, op, V, "V"));
    RITZ_TRY(ritz_check_shape(V, "V", op->rows, W.rows, "V must be n x rows of W"));
    return ritz_check_no_overlap(V, "V", W, "W");
}

ritz_status ritz_eigh_randomized(ritz_stream *s, const ritz_linop *A, ritz_dmat W, ritz_dmat V,
                                 const ritz_sketch_options *opts, ritz_sketch_report *report)
{
    RITZ_ENTER(s, &W);
    struct ritz_algo_sketch sketch;
    RITZ_TRY(check_pairs(s, A, W, V));
    RITZ_TRY(ritz_algo_sketch_options(opts, W.rows, A->rows, A->cols, &sketch));
    RITZ_REQUIRE(sketch.tolerance == 0, RITZ_ERR_OPTION,
                 "tolerance is %g; the number of eigenvalues must be given (ritz_qb finds a rank)",
                 sketch.tolerance);
    RITZ_TRY(ritz_algo_sketch_report_check(report));
    const int with_error = report != NULL && !(opts != NULL && opts->no_error_figure != 0);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    struct ritz_verdict v;
    ritz_dmat values = RITZ_NO_MAT;
    if (with_error && !ritz_present(V)) /* the probes measure against V */
        RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->rows, W.rows, 1, &V));
    if (W.rows > 0) {
        RITZ_TRY_OUT(ritz_algo_verdict_open(s, 1, &v));
        RITZ_TRY_OUT(
            ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, sketch.sample_size, 1, 1, &values));
        RITZ_TRY_OUT(eigenpairs(s, A, &sketch, W, V, values, v));
        RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_CONVERGED, v, RITZ_NO_MAT));
    }
    if (report != NULL) RITZ_TRY_OUT(report_pairs(s, A, &sketch, with_error, W, V, values, report));
out:
    ritz_work_release(s, mark);
    return rc;
}
