/* CUR decomposition, A ≈ C U R with C = A(:, J), R = A(I, :) and U = C⁺ A R⁺.
 *
 *     J   from an interpolative decomposition of A (interpolative.c)
 *     I   the rows that a pivoted QR of Cᵀ takes first
 *     C = Q_C R_C,  Rᵀ = Q_R R_R
 *     U = R_C⁻¹ (Q_Cᵀ A Q_R) R_R⁻ᵀ
 *
 * For given C and R this U makes ‖A - C U R‖_F smallest: C U R = Q_C Q_Cᵀ A Q_R Q_Rᵀ. Its square is
 * at most the sum of the squares of what the columns and what the rows alone miss.
 *
 * Rank. The elements of U grow with the condition numbers of C and R, and their rounding errors
 * come to about u κ ‖A‖ in C U R, while what a further column explains is ‖A‖/κ: beyond κ =
 * 1/sqrt(u) it would do harm. So the rank is cut where the diagonal of the pivoted QR is sqrt(eps)
 * of its first; beyond it the columns of C and the rows of R are multiplied by 0, and come out of
 * their QR factorizations as zeros, exactly.
 *
 * Source: Mahoney and Drineas, CUR matrix decompositions for improved data analysis, PNAS 106,
 * 2009; Voronin and Martinsson, Efficient algorithms for CUR and interpolative matrix
 * decompositions, Adv. Comput. Math. 43, 2017, section 5; Stewart, Four algorithms for the
 * efficient computation of truncated pivoted QR approximations to a sparse matrix, Numer. Math. 83,
 * 1999 (U by QR).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/interpolative.h"
#include "algo/qr.h"

struct cur_call {
    const ritz_linop *A, *At;
    ritz_dmat columns, rows, C, U, R;
    struct interpolative_choices o;
    ritz_sketch_report *report;
};

/* ---- the rows ----------------------------------------------------------------------------- */

/* I and the rank of C, which holds for J as well; C's columns beyond it become 0. */
static ritz_status choose_rows(ritz_stream *s, ritz_dmat C, struct interpolation *columns,
                               struct interpolation *rows, ritz_dmat flags)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat F, order;
    RITZ_TRY_OUT(ritz_work_dmat(s, C.dtype, RITZ_COL_MAJOR, C.cols, C.rows, 1, &F));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, C.rows, 1, 1, &order));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, C, flags));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_t(C), F));
    RITZ_TRY_OUT(interpolation_pivot(s, sqrt(interpolative_eps(C.dtype)), F, order, rows, flags));
    RITZ_TRY_OUT(ritz_op_copy(s, rows->keep, columns->keep));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, rows->keep, C, C));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the middle factor -------------------------------------------------------------------- */

/* Q and R of F, with ones on R's diagonal beyond the rank. */
static ritz_status factor(ritz_stream *s, ritz_dmat keep, ritz_dmat F, ritz_dmat Q, ritz_dmat R)
{
    RITZ_TRY(ritz_algo_qr(s, F, Q, R));
    return qr_guard_diagonal(s, keep, R);
}

static ritz_status middle(ritz_stream *s, const ritz_linop *A, ritz_dmat keep, ritz_dmat C,
                          ritz_dmat R, ritz_dmat U)
{
    const int64_t m = A->rows, n = A->cols, k = keep.rows;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat Qc, Rc, Qr, Rr, AQ;
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, m, k, 1, &Qc));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, k, k, 1, &Rc));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, n, k, 1, &Qr));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, k, k, 1, &Rr));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, m, k, 1, &AQ));
    RITZ_TRY_OUT(factor(s, keep, C, Qc, Rc));
    RITZ_TRY_OUT(factor(s, keep, ritz_t(R), Qr, Rr));
    RITZ_TRY_OUT(ritz_algo_linop_apply(s, A, 0, Qr, AQ));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(Qc), AQ, 0.0, U));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, keep, U, U));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, keep, ritz_t(U), ritz_t(U)));
    RITZ_TRY_OUT(ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, Rc, U));
    RITZ_TRY_OUT(ritz_op_trsm(s, RITZ_RIGHT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, ritz_t(Rr), U));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the report --------------------------------------------------------------------------- */

static ritz_status probe(ritz_stream *s, const struct cur_call *call, ritz_dmat figures)
{
    const int64_t r = RITZ_SKETCH_PROBES, k = call->U.rows;
    const ritz_linop *A = call->A;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W, Y, X, Z;
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->cols, r, 1, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->rows, r, 1, &Y));
    RITZ_TRY_OUT(ritz_algo_gaussian(s, RITZ_RANDOM_PROBE, call->o.sketch.seed, W));
    RITZ_TRY_OUT(ritz_algo_linop_apply(s, A, 0, W, Y));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, Y, ritz_row_range(figures, RITZ_FIGURE_PROBES, r)));
    if (k > 0) {
        RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, k, r, 1, &X));
        RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, k, r, 1, &Z));
        RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, call->R, W, 0.0, X));
        RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, call->U, X, 0.0, Z));
        RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, call->C, Z, 1.0, Y));
    }
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, Y, ritz_row_range(figures, RITZ_FIGURE_RESIDUALS, r)));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status report_factors(ritz_stream *s, const struct cur_call *call,
                                  const struct interpolation *c)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_dmat figures = RITZ_NO_MAT;
    if (call->o.with_error) {
        RITZ_TRY_OUT(ritz_algo_figures_open(s, &figures));
        RITZ_TRY_OUT(probe(s, call, figures));
    }
    RITZ_TRY_OUT(interpolative_report(s, call->A, &call->o, c, figures, call->report));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the call ----------------------------------------------------------------------------- */

/* k > 0 and C and R present. */
static ritz_status decompose(ritz_stream *s, const struct cur_call *call,
                             struct interpolation *columns, struct interpolation *rows,
                             struct ritz_verdict v)
{
    const ritz_linop *A = call->A, *At = call->At;
    RITZ_TRY(interpolative_choose(s, A, At, &call->o, columns, RITZ_NO_MAT, v.flags));
    RITZ_TRY(interpolative_gather(s, A, columns, call->C));
    RITZ_TRY(choose_rows(s, call->C, columns, rows, v.flags));
    RITZ_TRY(interpolative_gather(s, At, rows, ritz_t(call->R)));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, call->R, v.flags));
    RITZ_TRY(middle(s, A, rows->keep, call->C, call->R, call->U));
    /* C and R by a product each, unless their elements are at hand, and A Q_R. */
    columns->products += A->kind == RITZ_LINOP_DENSE ? 1 : 3;
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, call->U, v.flags));
    RITZ_TRY(ritz_algo_verdict_settle(s, v));
    RITZ_TRY(ritz_op_poison(s, RITZ_BOTH, v.info, call->C));
    RITZ_TRY(ritz_op_poison(s, RITZ_BOTH, v.info, call->U));
    return ritz_op_poison(s, RITZ_BOTH, v.info, call->R);
}

static ritz_status run(ritz_stream *s, struct cur_call *call)
{
    const int64_t m = call->A->rows, n = call->A->cols, k = call->U.rows;
    const ritz_dtype dtype = call->A->dtype;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    struct ritz_verdict v;
    struct interpolation columns, rows;
    if (k > 0) {
        RITZ_TRY_OUT(ritz_algo_verdict_open(s, 1, &v));
        RITZ_TRY_OUT(interpolation_open(s, dtype, k, &columns));
        RITZ_TRY_OUT(interpolation_open(s, dtype, k, &rows));
        if (!ritz_present(call->C))
            RITZ_TRY_OUT(ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, m, k, 1, &call->C));
        if (!ritz_present(call->R))
            RITZ_TRY_OUT(ritz_work_dmat(s, dtype, RITZ_ROW_MAJOR, k, n, 1, &call->R));
        RITZ_TRY_OUT(decompose(s, call, &columns, &rows, v));
        columns.rank = rows.rank;
    }
    if (call->report != NULL) RITZ_TRY_OUT(report_factors(s, call, k > 0 ? &columns : NULL));
    if (k > 0) {
        RITZ_TRY_OUT(interpolative_indices(s, &columns, call->columns));
        RITZ_TRY_OUT(interpolative_indices(s, &rows, call->rows));
        RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status check_arguments(const ritz_stream *s, const struct cur_call *call)
{
    const ritz_linop *A = call->A;
    const int64_t k = call->columns.rows;
    const struct {
        ritz_dmat mat;
        const char *name;
    } outputs[] = {{call->columns, "columns"},
                   {call->rows, "rows"},
                   {call->C, "C"},
                   {call->U, "U"},
                   {call->R, "R"}};
    RITZ_TRY(interpolative_check_indices(s, A, call->columns, "columns"));
    RITZ_TRY(interpolative_check_indices(s, A, call->rows, "rows"));
    RITZ_REQUIRE(call->rows.rows == k, RITZ_ERR_SHAPE,
                 "columns has %" PRId64 " rows and rows has %" PRId64 "; both must be k x 1", k,
                 call->rows.rows);
    RITZ_TRY(interpolative_check_output(s, A, call->U, "U", k, k, "U must be k x k"));
    if (ritz_present(call->C))
        RITZ_TRY(interpolative_check_output(s, A, call->C, "C", A->rows, k, "C must be m x k"));
    if (ritz_present(call->R))
        RITZ_TRY(interpolative_check_output(s, A, call->R, "R", k, A->cols, "R must be k x n"));
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++)
            if (ritz_present(outputs[i].mat) && ritz_present(outputs[j].mat))
                RITZ_TRY(ritz_check_no_overlap(outputs[i].mat, outputs[i].name, outputs[j].mat,
                                               outputs[j].name));
    return RITZ_OK;
}

ritz_status ritz_cur(ritz_stream *s, const ritz_linop *A, ritz_dmat columns, ritz_dmat rows,
                     ritz_dmat C, ritz_dmat U, ritz_dmat R, const ritz_sketch_options *opts,
                     ritz_sketch_report *report)
{
    RITZ_ENTER(s, &U);
    struct interpolative_pair pair;
    struct cur_call call = {A, &pair.transpose, columns, rows, C, U, R, .report = report};
    RITZ_TRY(ritz_algo_linop_check(s, A, "A"));
    RITZ_TRY(check_arguments(s, &call));
    RITZ_TRY(interpolative_options(opts, columns.rows, A, &call.o));
    RITZ_TRY(ritz_algo_sketch_report_check(report));
    /* The squares of what columns and rows miss add up, and the rows are like the columns. */
    call.o.sketch.tolerance /= 2.0;
    interpolative_pair_of(A, &pair);
    return run(s, &call);
}
