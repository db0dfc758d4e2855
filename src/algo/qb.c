/* A ≈ Q B with orthonormal Q and B = QᵀA, of a given rank, or to a tolerance (qb_adaptive.c).
 *
 * B is formed as Bᵀ = AᵀQ, so that it costs one more product of the operator with a block.
 *
 * Source: Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 53(2), 2011,
 * section 4.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

static ritz_status check_factors(const ritz_stream *s, const ritz_linop *op, ritz_dmat Q,
                                 ritz_dmat B)
{
    RITZ_TRY(ritz_algo_linop_check(s, op, "A"));
    RITZ_TRY(ritz_algo_check_basis(s, op, Q));
    RITZ_TRY(ritz_algo_check_factor(s, op, B, "B"));
    RITZ_TRY(ritz_check_shape(B, "B", Q.cols, op->cols, "B must be columns of Q x n"));
    return ritz_check_no_overlap(B, "B", Q, "Q");
}

/* What is beyond the rank becomes zero. */
static ritz_status clear_rest(ritz_stream *s, int64_t rank, ritz_dmat Q, ritz_dmat B)
{
    RITZ_TRY(ritz_op_fill(s, 0.0, ritz_cols(Q, rank, Q.cols - rank)));
    return ritz_op_fill(s, 0.0, ritz_row_range(B, rank, B.rows - rank));
}

/* Q (column-major) and B, and what is known of them by now: with a tolerance, all. */
static ritz_status factor(ritz_stream *s, const ritz_linop *op,
                          const struct ritz_algo_sketch *sketch, ritz_dmat Q, ritz_dmat B,
                          ritz_dmat flags, ritz_sketch_report *known)
{
    const int64_t l = Q.cols;
    const int q = ritz_algo_powers_made(sketch, l);
    if (sketch->tolerance > 0) {
        struct ritz_algo_found found;
        RITZ_TRY(ritz_algo_qb_adaptive(s, op, sketch, 1, Q, ritz_t(B), flags, &found));
        ritz_algo_found_report(op, sketch, &found, found.rank, l, found.square, known);
        return clear_rest(s, found.rank, Q, B);
    }
    *known = (ritz_sketch_report){
        .rank = l,
        .sample_size = l,
        .power_iterations = q,
        .matvec_blocks = l > 0 ? 2 + 2 * q : 0,
    };
    if (l == 0) return RITZ_OK;
    RITZ_TRY(ritz_algo_range_finder(s, op, sketch, Q, flags));
    return ritz_algo_guarded_product(s, op, 1, Q, ritz_t(B), flags);
}

/* The error of a given rank. */
static ritz_status report_factors(ritz_stream *s, const ritz_linop *op, uint64_t seed, ritz_dmat Q,
                                  ritz_dmat B, ritz_sketch_report *known,
                                  ritz_sketch_report *report)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat figures;
    RITZ_TRY_OUT(ritz_algo_figures_open(s, &figures));
    if (op->kind == RITZ_LINOP_ENQUEUE) {
        known->kind = RITZ_ERROR_ESTIMATE;
        known->matvec_blocks++;
        RITZ_TRY_OUT(ritz_algo_figures_probe(s, op, seed, Q, figures));
    } else {
        known->kind = RITZ_ERROR_EXACT;
        RITZ_TRY_OUT(ritz_algo_linop_sumsq(s, op, ritz_row_range(figures, RITZ_FIGURE_NORM, 1)));
        RITZ_TRY_OUT(ritz_op_sumsq(s, B, ritz_row_range(figures, RITZ_FIGURE_CAPTURED, 1)));
    }
    RITZ_TRY_OUT(ritz_algo_sketch_report(s, op, known, figures, report));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_qb(ritz_stream *s, const ritz_linop *A, ritz_dmat Q, ritz_dmat B,
                    const ritz_sketch_options *opts, ritz_sketch_report *report)
{
    RITZ_ENTER(s, &Q);
    struct ritz_algo_sketch sketch;
    RITZ_TRY(check_factors(s, A, Q, B));
    RITZ_TRY(ritz_algo_sketch_options(opts, Q.cols, A->rows, A->cols, &sketch));
    RITZ_TRY(ritz_algo_sketch_report_check(report));
    const int with_error = !(opts != NULL && opts->no_error_figure != 0);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    struct ritz_verdict v;
    ritz_sketch_report known;
    ritz_dmat basis = Q;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, 1, &v));
    if (Q.layout == RITZ_ROW_MAJOR)
        RITZ_TRY_OUT(ritz_work_dmat(s, Q.dtype, RITZ_COL_MAJOR, Q.rows, Q.cols, 1, &basis));
    RITZ_TRY_OUT(factor(s, A, &sketch, basis, B, v.flags, &known));
    if (Q.layout == RITZ_ROW_MAJOR) RITZ_TRY_OUT(ritz_op_copy(s, basis, Q));
    RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, Q));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, B));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT));
    if (report == NULL) goto out;
    if (sketch.tolerance > 0 || !with_error)
        RITZ_TRY_OUT(ritz_algo_sketch_report(s, A, &known, RITZ_NO_MAT, report));
    else
        RITZ_TRY_OUT(report_factors(s, A, sketch.seed, Q, B, &known, report));
out:
    ritz_work_release(s, mark);
    return rc;
}
