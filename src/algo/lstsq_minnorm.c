/* Least squares by the complete orthogonal decomposition: the solution of minimum norm.
 *
 * With pivoted QR and the numerical rank r, R(i,i) > rtol R(1,1) for i <= r,
 *
 *     A P = Q [ T ],   T r x n;   Tᵀ = Z [ L ];   X = P Z [ L⁻ᵀ (Qᵀ B)(1:r) ]
 *             [ * ]                      [ 0 ]            [ 0              ]
 *
 * what stands below T being as small as rounding errors. r differs from item to item and the host
 * does not ask for it: the rows below T are multiplied by 0 instead of cut off. The columns of
 * zeros that they are in the transpose come out of its QR factorization as zeros, exactly, and get
 * a 1 on the diagonal for the triangular solve, whose right-hand side is 0 there.
 *
 * A tall or wide matrix is reduced to a square one first, without pivoting:
 *
 *     tall    A = Q R        min ‖R X - Qᵀ B‖
 *     wide    Aᵀ = Q R       min ‖Rᵀ Y - B‖, X = Q Y
 *
 * Source: Golub and Van Loan 2013, section 5.5.6; Hough and Vavasis, Complete orthogonal
 * decomposition for weighted least squares, SIAM J. Matrix Anal. Appl. 18, 1997.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/lstsq.h"

/* ---- the decomposition --------------------------------------------------------------------- */

/* The kept rows of C become the first rows of Y; the others stay in C. */
static ritz_status move_kept(ritz_stream *s, ritz_dmat keep, ritz_dmat C, ritz_dmat Y)
{
    const ritz_dmat from = ritz_row_range(C, 0, keep.rows), to = ritz_row_range(Y, 0, keep.rows);
    RITZ_TRY(ritz_op_fill(s, 0.0, Y));
    RITZ_TRY(ritz_op_scale_cols(s, 0, keep, ritz_t(from), ritz_t(to)));
    return ritz_op_axpby(s, -1.0, to, 1.0, from);
}

/* squares += those of the norms of C's columns. */
static ritz_status add_squares(ritz_stream *s, ritz_dmat C, ritz_dmat squares)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat own;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, C.cols, 1, C.batch, &own));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, C, own));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, own, 1.0, squares));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Y = Z L⁻ᵀ Y from the masked factor, W = R of the pivoted QR. */
static ritz_status apply_inverse(ritz_stream *s, ritz_dmat W, ritz_dmat keep, ritz_dmat Y)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t q = keep.rows, n = W.cols;
    ritz_status rc;
    ritz_dmat V, tau;
    RITZ_TRY_OUT(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, n, q, W.batch, &V));
    RITZ_TRY_OUT(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, q, 1, W.batch, &tau));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, ritz_row_range(W, 0, q), ritz_t(V)));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, keep, V, V));
    RITZ_TRY_OUT(ritz_op_geqrf(s, V, tau));
    RITZ_TRY_OUT(qr_guard_diagonal(s, keep, V));
    RITZ_TRY_OUT(ritz_op_trsm(s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0,
                              ritz_t(ritz_row_range(V, 0, q)), ritz_row_range(Y, 0, q)));
    RITZ_TRY_OUT(ritz_op_ormqr(s, RITZ_APPLY_Q, V, tau, Y));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* X = P Y. */
static ritz_status unpivot(ritz_stream *s, ritz_dmat pivots, ritz_dmat Y, ritz_dmat X)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t n = X.rows;
    ritz_status rc;
    ritz_dmat I, P;
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, n, n, 1, &I));
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, n, n, X.batch, &P));
    RITZ_TRY_OUT(ritz_op_set_identity(s, I));
    RITZ_TRY_OUT(ritz_op_gather_cols(s, pivots, ritz_broadcast(I, X.batch), P));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, P, Y, 0.0, X));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* By default several times what rounding leaves in the place of an exact zero, and no more: what is
 * cut off is in the backward error. */
static double tolerance(ritz_dtype dtype, double rtol, int64_t least)
{
    return rtol > 0 ? rtol : 16.0 * sqrt((double)least) * lstsq_roundoff(dtype);
}

ritz_status lstsq_minimum_norm(ritz_stream *s, double rtol, ritz_dmat R, ritz_dmat C, ritz_dmat X,
                               ritz_dmat rank, ritz_dmat rest)
{
    const int64_t n = R.cols, q = min_i64(R.rows, n), batch = X.batch;
    const double relative = tolerance(R.dtype, rtol, q);
    if (q == 0) {
        RITZ_TRY(ritz_op_fill(s, 0.0, X));
        RITZ_TRY(ritz_op_fill(s, 0.0, rank));
        return ritz_present(rest) ? add_squares(s, C, rest) : RITZ_OK;
    }
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat pivots, tau, keep, Y;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, n, 1, batch, &pivots));
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, q, 1, batch, &tau));
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, q, 1, batch, &keep));
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, n, X.cols, batch, &Y));
    RITZ_TRY_OUT(ritz_op_geqp3(s, R, pivots, tau));
    RITZ_TRY_OUT(ritz_op_ormqr(s, RITZ_APPLY_Q_TRANSPOSED, R, tau, C));
    RITZ_TRY_OUT(qr_find_rank(s, relative, R, rank, keep));
    RITZ_TRY_OUT(move_kept(s, keep, C, Y));
    if (ritz_present(rest)) RITZ_TRY_OUT(add_squares(s, C, rest));
    RITZ_TRY_OUT(apply_inverse(s, R, keep, Y));
    RITZ_TRY_OUT(unpivot(s, pivots, Y, X));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- any shape ----------------------------------------------------------------------------- */

static ritz_status copy_if(ritz_stream *s, ritz_dmat A, ritz_dmat B)
{
    return ritz_present(B) ? ritz_op_copy(s, A, B) : RITZ_OK;
}

static ritz_status solve_tall(ritz_stream *s, double rtol, ritz_dmat A, ritz_dmat B, ritz_dmat X,
                              ritz_dmat rank, ritz_dmat core)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t n = A.cols;
    ritz_status rc;
    ritz_dmat tau, R;
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, 1, X.batch, &tau));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, n, X.batch, &R));
    RITZ_TRY_OUT(ritz_op_geqrf(s, A, tau));
    RITZ_TRY_OUT(ritz_op_ormqr(s, RITZ_APPLY_Q_TRANSPOSED, A, tau, B));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, ritz_row_range(A, 0, n), R));
    RITZ_TRY_OUT(copy_if(s, R, core));
    RITZ_TRY_OUT(lstsq_minimum_norm(s, rtol, R, ritz_row_range(B, 0, n), X, rank, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status solve_wide(ritz_stream *s, double rtol, ritz_dmat A, ritz_dmat B, ritz_dmat X,
                              ritz_dmat rank, ritz_dmat core)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t m = A.rows, n = A.cols;
    ritz_status rc;
    ritz_dmat V, tau, L, Y;
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, m, X.batch, &V));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, m, 1, X.batch, &tau));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, m, m, X.batch, &L));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, X.cols, X.batch, &Y));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_t(A), V));
    RITZ_TRY_OUT(ritz_op_geqrf(s, V, tau));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_LOWER, ritz_t(ritz_row_range(V, 0, m)), L));
    RITZ_TRY_OUT(copy_if(s, L, core));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, Y));
    RITZ_TRY_OUT(lstsq_minimum_norm(s, rtol, L, B, ritz_row_range(Y, 0, m), rank, RITZ_NO_MAT));
    RITZ_TRY_OUT(ritz_op_ormqr(s, RITZ_APPLY_Q, V, tau, Y));
    RITZ_TRY_OUT(ritz_op_copy(s, Y, X));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_complete(ritz_stream *s, double rtol, ritz_dmat A, ritz_dmat B, ritz_dmat X,
                           ritz_dmat rank, ritz_dmat core)
{
    const int64_t m = A.rows, n = A.cols;
    const int wanted = ritz_present(core), some = m > 0 && n > 0;
    if (some && m >= (wanted ? n : 2 * n)) return solve_tall(s, rtol, A, B, X, rank, core);
    if (some && (wanted || n >= 2 * m)) return solve_wide(s, rtol, A, B, X, rank, core);
    return lstsq_minimum_norm(s, rtol, A, B, X, rank, RITZ_NO_MAT);
}

/* ---- the method ---------------------------------------------------------------------------- */

/* Whether the data, which is finite, can be squared; if not, it is to be scaled and read again. */
static ritz_status check_range(struct lstsq *p, ritz_dmat A, ritz_dmat B)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    double norm[2];
    ritz_dmat norms;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 2, 1, 1, &norms));
    RITZ_TRY_OUT(ritz_op_frobenius(s, A, ritz_row_range(norms, 0, 1)));
    RITZ_TRY_OUT(ritz_op_frobenius(s, B, ritz_row_range(norms, 1, 1)));
    RITZ_TRY_OUT(ritz_algo_fetch(s, norms, norm));
    p->norm_a = norm[0];
    p->out_of_range = lstsq_rows_can_repeat(p->rows) &&
                      (!lstsq_in_range(p->dtype, norm[0]) || !lstsq_in_range(p->dtype, norm[1]));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Of the triangular factor of all rows. */
static ritz_status solve_rows(struct lstsq *p, ritz_dmat rank, ritz_dmat core)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat T;
    RITZ_TRY_OUT(lstsq_triangle(p, &T));
    if (!p->finite) goto out;
    const ritz_dmat R = ritz_block(T, 0, 0, p->n, p->n);
    const ritz_dmat C = ritz_block(T, 0, p->n, p->n, p->targets);
    RITZ_TRY_OUT(check_range(p, R, ritz_cols(T, p->n, p->targets)));
    if (p->out_of_range) goto out;
    RITZ_TRY_OUT(ritz_op_copy(s, R, core));
    RITZ_TRY_OUT(
        ritz_op_col_sumsq(s, ritz_block(T, p->n, p->n, p->targets, p->targets), p->squares));
    RITZ_TRY_OUT(lstsq_minimum_norm(s, p->opts->rtol, R, C, p->X, rank, p->squares));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Of all rows at once. */
static ritz_status solve_all(struct lstsq *p, ritz_dmat rank, ritz_dmat core)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat A, B, V, W;
    RITZ_TRY_OUT(lstsq_rows_all(p->rows, &A, &B));
    RITZ_TRY_OUT(lstsq_guard(p, A, B));
    if (!p->finite) goto out;
    RITZ_TRY_OUT(check_range(p, A, B));
    if (p->out_of_range) goto out;
    if (lstsq_rows_can_repeat(p->rows)) {
        RITZ_TRY_OUT(lstsq_complete(s, p->opts->rtol, A, B, p->X, rank, core));
        goto out;
    }
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, A.rows, A.cols, 1, &V));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, B.rows, B.cols, 1, &W));
    RITZ_TRY_OUT(ritz_op_copy(s, A, V));
    RITZ_TRY_OUT(ritz_op_copy(s, B, W));
    RITZ_TRY_OUT(lstsq_complete(s, p->opts->rtol, V, W, p->X, rank, core));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, A, p->X, 1.0, B));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, B, p->squares));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_by_minnorm(struct lstsq *p, int *accepted)
{
    ritz_stream *s = p->s;
    const int64_t m = lstsq_rows_count(p->rows), k = min_i64(m, p->n);
    const int in_blocks = m >= p->n && lstsq_rows_block(p->rows) < m;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    double found = 0;
    ritz_dmat rank, core;
    *accepted = 0;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &rank));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, k, k, 1, &core));
    RITZ_TRY_OUT(in_blocks ? solve_rows(p, rank, core) : solve_all(p, rank, core));
    if (!p->finite || p->out_of_range) goto out;
    RITZ_TRY_OUT(ritz_algo_fetch(s, rank, &found));
    p->r.rank = (int64_t)found;
    if (found < 0) p->finite = 0;
    if (p->finite && m >= p->n) RITZ_TRY_OUT(lstsq_condition(s, core, &p->r.condition));
    if (p->finite)
        RITZ_TRY_OUT(lstsq_rows_can_repeat(p->rows) ? lstsq_assess(p, core)
                                                    : lstsq_report_norms(p));
    *accepted = p->finite;
out:
    ritz_work_release(s, mark);
    return rc;
}
