/* An orthonormal basis Q of an approximate range of A, by randomized subspace iteration.
 *
 *     A m x n, Ω n x l Gaussian
 *     Q = orth(A Ω);   q times:  Z = orth(AᵀQ), Q = orth(A Z)
 *
 * Orthonormalised after every product: without that the columns turn towards the leading singular
 * vectors until rounding has swallowed all others.
 *
 * A NaN or an infinity in A reaches the sketch with probability one, so each product is checked
 * (m x l or n x l elements), and not A itself.
 *
 * Source: Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 53(2), 2011,
 * algorithms 4.3 and 4.4.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

/* Y = orth(A X), or orth(AᵀX). A product that is not finite counts as zero, and is flagged. */
static ritz_status orthonormal_product(ritz_stream *s, const ritz_linop *op, int transposed,
                                       ritz_dmat X, ritz_dmat Y, ritz_dmat flags)
{
    RITZ_TRY(ritz_algo_linop_apply(s, op, transposed, X, Y));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, Y, flags));
    return ritz_algo_orth(s, Y);
}

ritz_status ritz_algo_range_finder(ritz_stream *s, const ritz_linop *op,
                                   const struct ritz_algo_sketch *sketch, ritz_dmat Q,
                                   ritz_dmat flags)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat Z; /* n x l: Ω at first */
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->cols, Q.cols, 1, &Z));
    RITZ_TRY_OUT(ritz_algo_gaussian(s, RITZ_RANDOM_SKETCH, sketch->seed, Z));
    RITZ_TRY_OUT(orthonormal_product(s, op, 0, Z, Q, flags));
    for (int t = 0; t < sketch->power_iterations; t++) {
        RITZ_TRY_OUT(orthonormal_product(s, op, 1, Q, Z, flags));
        RITZ_TRY_OUT(orthonormal_product(s, op, 0, Z, Q, flags));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status report_basis(ritz_stream *s, const ritz_linop *op,
                                const struct ritz_algo_sketch *sketch, int with_error, ritz_dmat Q,
                                ritz_sketch_report *report)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_dmat figures = RITZ_NO_MAT;
    const int q = Q.cols > 0 ? sketch->power_iterations : 0;
    const int products = Q.cols > 0 ? 1 + 2 * q : 0;
    const ritz_sketch_report known = {
        .rank = Q.cols,
        .sample_size = Q.cols,
        .power_iterations = q,
        .matvec_blocks = products + (with_error ? 1 : 0),
        .kind = with_error ? RITZ_ERROR_BOUND : RITZ_ERROR_NONE,
    };
    if (with_error) {
        RITZ_TRY_OUT(ritz_algo_figures_open(s, &figures));
        RITZ_TRY_OUT(ritz_algo_figures_probe(s, op, sketch->seed, Q, figures));
        if (op->kind != RITZ_LINOP_ENQUEUE)
            RITZ_TRY_OUT(
                ritz_algo_linop_sumsq(s, op, ritz_row_range(figures, RITZ_FIGURE_NORM, 1)));
    }
    RITZ_TRY_OUT(ritz_algo_sketch_report(s, op, &known, figures, report));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_range_finder(ritz_stream *s, const ritz_linop *A, ritz_dmat Q,
                              const ritz_sketch_options *opts, ritz_sketch_report *report)
{
    RITZ_ENTER(s, &Q);
    struct ritz_algo_sketch sketch;
    RITZ_TRY(ritz_algo_linop_check(s, A, "A"));
    RITZ_TRY(ritz_check_output(s, Q, "Q"));
    RITZ_TRY(ritz_check_single(Q, "Q"));
    RITZ_REQUIRE(Q.dtype == A->dtype, RITZ_ERR_DTYPE,
                 "the operator A is %s and Q is %s; they must agree", ritz_dtype_name(A->dtype),
                 ritz_dtype_name(Q.dtype));
    RITZ_REQUIRE(Q.rows == A->rows && Q.cols <= A->rows && Q.cols <= A->cols, RITZ_ERR_SHAPE,
                 "the operator A is %" PRId64 " x %" PRId64 " and Q is %" PRId64 " x %" PRId64
                 "; Q must be m x l with l <= min(m, n)",
                 A->rows, A->cols, Q.rows, Q.cols);
    RITZ_TRY(ritz_check_no_overlap(Q, "Q", A->A, "A"));
    RITZ_TRY(ritz_check_no_overlap(Q, "Q", A->mean, "mean"));
    RITZ_TRY(ritz_algo_sketch_options(opts, Q.cols, A->rows, A->cols, &sketch));
    RITZ_TRY(ritz_algo_sketch_report_check(report));
    const int with_error = !(opts != NULL && opts->no_error_figure != 0);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    struct ritz_verdict v;
    ritz_dmat basis = Q;
    if (!ritz_empty(Q)) {
        RITZ_TRY_OUT(ritz_algo_verdict_open(s, 1, &v));
        if (Q.layout == RITZ_ROW_MAJOR)
            RITZ_TRY_OUT(ritz_work_dmat(s, Q.dtype, RITZ_COL_MAJOR, Q.rows, Q.cols, 1, &basis));
        RITZ_TRY_OUT(ritz_algo_range_finder(s, A, &sketch, basis, v.flags));
        if (Q.layout == RITZ_ROW_MAJOR) RITZ_TRY_OUT(ritz_op_copy(s, basis, Q));
        RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
        RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, Q));
        RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT));
    }
    if (report != NULL) RITZ_TRY_OUT(report_basis(s, A, &sketch, with_error, Q, report));
out:
    ritz_work_release(s, mark);
    return rc;
}
