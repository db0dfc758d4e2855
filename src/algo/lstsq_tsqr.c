/* Least squares in one pass over the rows: the triangular factor of [A B],
 *
 *     [A B] = Q [ R  C ]      min ‖A X - B‖_F² = min ‖R X - C‖_F² + ‖E‖_F²
 *               [ 0  E ]
 *
 * accumulated over blocks of rows. Where R is singular to working precision, X is the solution of
 * minimum norm of what is then a small problem.
 *
 * Source: Golub and Van Loan 2013, section 5.3; Demmel, Grigori, Hoemmen and Langou 2012.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/lstsq.h"
#include "algo/stacked_qr.h"

/* Take in a block in parts that there is room for. */
static ritz_status absorb(struct stacked_qr *q, const struct lstsq_block *block, int64_t most,
                          ritz_dmat flags)
{
    const int64_t n = block->A.cols, rows = block->A.rows;
    for (int64_t i = 0; i < rows; i += most) {
        const int64_t part = rows - i < most ? rows - i : most;
        const ritz_dmat room = stacked_qr_room(q, part);
        RITZ_TRY(ritz_op_copy(q->s, ritz_row_range(block->A, i, part), ritz_cols(room, 0, n)));
        RITZ_TRY(ritz_op_copy(q->s, ritz_row_range(block->B, i, part),
                              ritz_cols(room, n, block->B.cols)));
        RITZ_TRY(ritz_op_finite_guard(q->s, RITZ_BOTH, room, flags));
        RITZ_TRY(stacked_qr_absorb(q, part));
    }
    return RITZ_OK;
}

/* A pass over all rows. */
static ritz_status absorb_all(struct lstsq *p, struct stacked_qr *q, int64_t most, ritz_dmat flags)
{
    RITZ_TRY(ritz_op_fill(p->s, 0.0, flags));
    RITZ_TRY(lstsq_rows_start(p->rows));
    for (;;) {
        struct lstsq_block block;
        RITZ_TRY(lstsq_rows_next(p->rows, &block));
        if (block.A.rows == 0) return RITZ_OK;
        RITZ_TRY(absorb(q, &block, most, flags));
    }
}

ritz_status lstsq_triangle(struct lstsq *p, ritz_dmat *T)
{
    ritz_stream *s = p->s;
    const int64_t width = p->n + p->targets;
    const int64_t most = stacked_qr_block(p->dtype, width, lstsq_rows_count(p->rows));
    double flagged = 0;
    ritz_dmat flags;
    struct stacked_qr q;
    RITZ_TRY(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, width, width, 1, T));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &flags));
    RITZ_TRY_OUT(stacked_qr_open(s, p->dtype, width, most, &q));
    RITZ_TRY_OUT(absorb_all(p, &q, most, flags));
    RITZ_TRY_OUT(ritz_op_copy(s, stacked_qr_factor(&q), *T));
    RITZ_TRY_OUT(ritz_algo_fetch(s, flags, &flagged));
    if (flagged != 0) p->finite = 0;
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the solution from the triangle -------------------------------------------------------- */

/* The blocks of T. */
struct blocks {
    ritz_dmat R, C, E;
};

static struct blocks blocks_of(ritz_dmat T, int64_t n)
{
    const int64_t s = T.cols - n;
    return (struct blocks){ritz_block(T, 0, 0, n, n), ritz_block(T, 0, n, n, s),
                           ritz_block(T, n, n, s, s)};
}

/* Of minimum norm; R and C are overwritten. */
static ritz_status solve_singular(ritz_stream *s, double rtol, struct blocks t, ritz_dmat X,
                                  ritz_dmat squares, int64_t *rank)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    double found = 0;
    ritz_dmat count;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &count));
    RITZ_TRY_OUT(lstsq_minimum_norm(s, rtol, t.R, t.C, X, count, squares));
    RITZ_TRY_OUT(ritz_algo_fetch(s, count, &found));
    *rank = (int64_t)found;
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_from_triangle(ritz_stream *s, double rtol, ritz_dmat T, ritz_dmat X,
                                ritz_dmat squares, double *condition, int64_t *rank)
{
    const int64_t n = X.rows;
    const struct blocks t = blocks_of(T, n);
    RITZ_TRY(ritz_op_col_sumsq(s, t.E, squares));
    RITZ_TRY(lstsq_condition(s, t.R, condition));
    if (lstsq_is_singular(T.dtype, *condition)) return solve_singular(s, rtol, t, X, squares, rank);
    *rank = n;
    RITZ_TRY(ritz_op_copy(s, t.C, X));
    return ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, t.R, X);
}

/* ---- the method ---------------------------------------------------------------------------- */

/* ‖A‖_F and ‖B‖_F from T. Data that can be read again has to be scaled first if their squares are
 * out of range. */
static ritz_status size_up(struct lstsq *p, ritz_dmat T)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    double norm[2];
    ritz_dmat norms;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 2, 1, 1, &norms));
    RITZ_TRY_OUT(ritz_op_frobenius(s, blocks_of(T, p->n).R, ritz_row_range(norms, 0, 1)));
    RITZ_TRY_OUT(ritz_op_frobenius(s, ritz_cols(T, p->n, p->targets), ritz_row_range(norms, 1, 1)));
    RITZ_TRY_OUT(ritz_algo_fetch(s, norms, norm));
    p->norm_a = norm[0];
    p->r.rhs_norm = norm[1];
    p->out_of_range = lstsq_rows_can_repeat(p->rows) &&
                      (!lstsq_in_range(p->dtype, norm[0]) || !lstsq_in_range(p->dtype, norm[1]));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_report_norms(struct lstsq *p)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    double square[2];
    ritz_dmat squares;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 2, 1, 1, &squares));
    RITZ_TRY_OUT(ritz_op_sumsq(s, p->X, ritz_row_range(squares, 0, 1)));
    RITZ_TRY_OUT(ritz_op_col_sums(s, p->squares, ritz_row_range(squares, 1, 1)));
    RITZ_TRY_OUT(ritz_algo_fetch(s, squares, square));
    p->r.solution_norm = sqrt(square[0]);
    p->r.residual_norm = sqrt(square[1]);
    if (!isfinite(square[0])) p->finite = 0;
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The report, measured with the data where that can be read once more. */
static ritz_status judge(struct lstsq *p, ritz_dmat R, int *accepted)
{
    const int repeat = lstsq_rows_can_repeat(p->rows);
    if (p->r.rank < 0) p->finite = 0;
    if (p->finite && repeat && !p->rank_deficient) return lstsq_refine(p, R, 0, 2, accepted);
    if (p->finite) RITZ_TRY(repeat ? lstsq_assess(p, R) : lstsq_report_norms(p));
    *accepted = p->finite;
    return RITZ_OK;
}

ritz_status lstsq_by_tsqr(struct lstsq *p, int *accepted)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat T, R;
    *accepted = 0;
    RITZ_TRY_OUT(lstsq_triangle(p, &T));
    if (!p->finite) goto out;
    RITZ_TRY_OUT(size_up(p, T));
    if (p->out_of_range) goto out;
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &R));
    RITZ_TRY_OUT(ritz_op_copy(s, blocks_of(T, p->n).R, R));
    RITZ_TRY_OUT(
        lstsq_from_triangle(s, p->opts->rtol, T, p->X, p->squares, &p->r.condition, &p->r.rank));
    p->rank_deficient = lstsq_is_singular(p->dtype, p->r.condition);
    RITZ_TRY_OUT(judge(p, R, accepted));
out:
    ritz_work_release(s, mark);
    return rc;
}
