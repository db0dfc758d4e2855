/* QR factorization by Householder reflections, A = Q R.
 *
 *     A m x n, k = min(m, n);  Q = H_1 ... H_k,  H_j = I - tau_j v_j v_jᵀ;  R k x n triangular
 *
 * The thin factors are made unique by diag(R) >= 0: with D = diag(±1), A = (Q D)(D R).
 *
 * The backend factors column-major matrices; others pass through a column-major copy in the
 * workspace.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 5.2; Higham, Accuracy and
 * Stability of Numerical Algorithms, 2nd ed. 2002, theorem 19.4.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int is_col_major(ritz_dmat A)
{
    return A.layout == RITZ_COL_MAJOR;
}

/* A itself if it is column-major; else a column-major matrix of its shape from the workspace, whose
 * contents are undefined. */
static ritz_status col_major_home(ritz_stream *s, ritz_dmat A, ritz_dmat *H)
{
    *H = A;
    if (is_col_major(A)) return RITZ_OK;
    return ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, A.cols, A.batch, H);
}

/* The same with A's elements. */
static ritz_status col_major_copy(ritz_stream *s, ritz_dmat A, ritz_dmat *H)
{
    RITZ_TRY(col_major_home(s, A, H));
    return is_col_major(A) ? RITZ_OK : ritz_op_copy(s, A, *H);
}

/* The elements of a home to where they belong. */
static ritz_status bring_back(ritz_stream *s, ritz_dmat H, ritz_dmat A)
{
    return is_col_major(A) ? RITZ_OK : ritz_op_copy(s, H, A);
}

/* ---- thin factors ----------------------------------------------------------------------- */

static int same_place(ritz_dmat A, ritz_dmat B)
{
    return A.data == B.data && A.layout == B.layout && A.ld == B.ld && A.rows == B.rows &&
           A.cols == B.cols && A.batch == B.batch &&
           (A.batch == 1 || A.batch_stride == B.batch_stride);
}

/* R = D (upper triangle of W's first k rows). */
static ritz_status extract_r(ritz_stream *s, ritz_dmat W, ritz_dmat signs, ritz_dmat R)
{
    RITZ_TRY(ritz_op_tri_copy(s, RITZ_UPPER, ritz_row_range(W, 0, R.rows), R));
    return ritz_op_scale_cols(s, 0, signs, ritz_t(R), ritz_t(R));
}

/* Q = (H_1 ... H_k)(:, 1:k) D; W, which holds the reflectors, is overwritten if Qc lies in it. */
static ritz_status extract_q(ritz_stream *s, ritz_dmat W, ritz_dmat tau, ritz_dmat signs,
                             ritz_dmat Qc, ritz_dmat Q)
{
    if (Qc.data != W.data) RITZ_TRY(ritz_op_copy(s, ritz_cols(W, 0, Qc.cols), Qc));
    RITZ_TRY(ritz_op_orgqr(s, Qc, tau));
    return ritz_op_scale_cols(s, 0, signs, Qc, Q);
}

/* ritz_qr; flags (batch x 1, or RITZ_NO_MAT for data known to be finite) receives the items that
 * are not finite, which are factored as zeros. */
static ritz_status thin_qr(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R, ritz_dmat flags)
{
    const int64_t m = A.rows, n = A.cols, k = min_i64(m, n);
    const int64_t batch = ritz_present(Q) ? Q.batch : R.batch;
    const int in_q = ritz_present(Q) && is_col_major(Q) && m >= n;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W = Q, Qc = Q, tau, signs;
    if (!in_q) RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, m, n, batch, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, k, 1, batch, &tau));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, k, 1, batch, &signs));

    if (!same_place(W, A)) RITZ_TRY_OUT(ritz_op_copy(s, A, W));
    if (ritz_present(flags)) RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, W, flags));
    RITZ_TRY_OUT(ritz_op_geqrf(s, W, tau));
    RITZ_TRY_OUT(ritz_op_diag_signs(s, W, signs));
    if (ritz_present(R)) RITZ_TRY_OUT(extract_r(s, W, signs, R));
    if (ritz_present(Q)) {
        if (!is_col_major(Q)) Qc = ritz_cols(W, 0, k);
        RITZ_TRY_OUT(extract_q(s, W, tau, signs, Qc, Q));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ritz_qr, with the verdict on each item in v.info. */
static ritz_status judged_qr(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R,
                             struct ritz_verdict v)
{
    RITZ_TRY(thin_qr(s, A, Q, R, v.flags));
    RITZ_TRY(ritz_algo_verdict_settle(s, v));
    if (ritz_present(Q)) RITZ_TRY(ritz_op_poison(s, RITZ_BOTH, v.info, Q));
    return ritz_present(R) ? ritz_op_poison(s, RITZ_BOTH, v.info, R) : RITZ_OK;
}

ritz_status ritz_algo_qr(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R)
{
    return thin_qr(s, A, Q, R, RITZ_NO_MAT);
}

ritz_status ritz_algo_orth(ritz_stream *s, ritz_dmat Y)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat tau;
    RITZ_TRY_OUT(ritz_work_dmat(s, Y.dtype, RITZ_COL_MAJOR, Y.cols, 1, 1, &tau));
    RITZ_TRY_OUT(ritz_op_geqrf(s, Y, tau));
    RITZ_TRY_OUT(ritz_op_orgqr(s, Y, tau));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status check_thin(const ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R)
{
    const int64_t k = min_i64(A.rows, A.cols);
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_REQUIRE(ritz_present(Q) || ritz_present(R), RITZ_ERR_ARGUMENT,
                 "Q and R are both RITZ_NO_MAT; pass at least one of them");
    if (ritz_present(Q)) {
        RITZ_TRY(ritz_check_output(s, Q, "Q"));
        RITZ_TRY(ritz_check_same_dtype(A, "A", Q, "Q"));
        RITZ_TRY(ritz_check_shape(Q, "Q", A.rows, k, "Q must be m x min(m, n)"));
        RITZ_TRY(ritz_check_batch(A, "A", Q.batch, 1));
        if (!same_place(A, Q)) RITZ_TRY(ritz_check_no_overlap(Q, "Q", A, "A"));
    }
    if (ritz_present(R)) {
        RITZ_TRY(ritz_check_output(s, R, "R"));
        RITZ_TRY(ritz_check_same_dtype(A, "A", R, "R"));
        RITZ_TRY(ritz_check_shape(R, "R", k, A.cols, "R must be min(m, n) x n"));
        RITZ_TRY(ritz_check_batch(A, "A", R.batch, 1));
        RITZ_TRY(ritz_check_no_overlap(R, "R", A, "A"));
    }
    if (ritz_present(Q) && ritz_present(R)) {
        RITZ_TRY(ritz_check_batch(R, "R", Q.batch, 0));
        RITZ_TRY(ritz_check_no_overlap(R, "R", Q, "Q"));
    }
    return RITZ_OK;
}

ritz_status ritz_qr(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R,
                    const ritz_qr_options *opts, ritz_qr_report *report)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_qr_options), "opts"));
    (void)report;
    RITZ_TRY(check_thin(s, A, Q, R));
    const int64_t batch = ritz_present(Q) ? Q.batch : R.batch;
    if (A.rows == 0 || A.cols == 0 || batch == 0) return RITZ_OK;

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, batch, &v));
    if (ritz_op_offered(s, RITZ_OP_small_qr, &A, 1))
        RITZ_TRY_OUT(ritz_op_small_qr(s, A, Q, R, v.info));
    else
        RITZ_TRY_OUT(judged_qr(s, A, Q, R, v));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- factored form ---------------------------------------------------------------------- */

ritz_status ritz_qr_factor(ritz_stream *s, ritz_dmat A, ritz_dmat tau)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_output(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_output(s, tau, "tau"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", tau, "tau"));
    RITZ_TRY(ritz_check_shape(tau, "tau", min_i64(A.rows, A.cols), 1, "tau must be min(m, n) x 1"));
    RITZ_TRY(ritz_check_batch(tau, "tau", A.batch, 0));
    RITZ_TRY(ritz_check_no_overlap(tau, "tau", A, "A"));
    if (ritz_empty(A)) return RITZ_OK;

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    ritz_dmat W;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, A.batch, &v));
    RITZ_TRY_OUT(col_major_copy(s, A, &W));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, W, v.flags));
    RITZ_TRY_OUT(ritz_op_geqrf(s, W, tau));
    RITZ_TRY_OUT(bring_back(s, W, A));
    RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, A));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, tau));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* A and tau as ritz_qr_factor left them, for an output of `batch` items. */
static ritz_status check_factored(const ritz_stream *s, ritz_dmat A, ritz_dmat tau, int64_t batch)
{
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_input(s, tau, "tau"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", tau, "tau"));
    RITZ_TRY(ritz_check_shape(tau, "tau", min_i64(A.rows, A.cols), 1, "tau must be min(m, n) x 1"));
    RITZ_TRY(ritz_check_batch(A, "A", batch, 1));
    return ritz_check_batch(tau, "tau", batch, 1);
}

ritz_status ritz_qr_form(ritz_stream *s, ritz_dmat A, ritz_dmat tau, ritz_dmat Q)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_output(s, Q, "Q"));
    RITZ_TRY(check_factored(s, A, tau, Q.batch));
    RITZ_TRY(ritz_check_same_dtype(A, "A", Q, "Q"));
    const int64_t r = min_i64(A.rows, A.cols);
    RITZ_REQUIRE(Q.rows == A.rows && r <= Q.cols && Q.cols <= A.rows, RITZ_ERR_SHAPE,
                 "A is %" PRId64 " x %" PRId64 " and Q is %" PRId64 " x %" PRId64
                 "; Q must have the rows of A and between min(m, n) = %" PRId64 " and m = %" PRId64
                 " columns",
                 A.rows, A.cols, Q.rows, Q.cols, r, A.rows);
    RITZ_TRY(ritz_check_no_overlap(Q, "Q", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(Q, "Q", tau, "tau"));
    if (ritz_empty(Q)) return RITZ_OK;

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W;
    RITZ_TRY_OUT(col_major_home(s, Q, &W));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_cols(A, 0, r), ritz_cols(W, 0, r)));
    RITZ_TRY_OUT(ritz_op_orgqr(s, W, tau));
    RITZ_TRY_OUT(bring_back(s, W, Q));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_qr_apply(ritz_stream *s, ritz_apply which, ritz_dmat A, ritz_dmat tau, ritz_dmat C)
{
    RITZ_ENTER(s, &A);
    RITZ_REQUIRE(which == RITZ_APPLY_Q || which == RITZ_APPLY_Q_TRANSPOSED, RITZ_ERR_ARGUMENT,
                 "which is %d; it must be RITZ_APPLY_Q or RITZ_APPLY_Q_TRANSPOSED", (int)which);
    RITZ_TRY(ritz_check_output(s, C, "C"));
    RITZ_TRY(check_factored(s, A, tau, C.batch));
    RITZ_TRY(ritz_check_same_dtype(A, "A", C, "C"));
    RITZ_REQUIRE(C.rows == A.rows, RITZ_ERR_SHAPE,
                 "A is %" PRId64 " x %" PRId64 " and C is %" PRId64 " x %" PRId64
                 "; C must have as many rows as A",
                 A.rows, A.cols, C.rows, C.cols);
    RITZ_TRY(ritz_check_no_overlap(C, "C", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(C, "C", tau, "tau"));
    if (ritz_empty(C) || A.cols == 0) return RITZ_OK;

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat V, W;
    RITZ_TRY_OUT(col_major_copy(s, A, &V));
    RITZ_TRY_OUT(col_major_copy(s, C, &W));
    RITZ_TRY_OUT(ritz_op_ormqr(s, which, V, tau, W));
    RITZ_TRY_OUT(bring_back(s, W, C));
out:
    ritz_work_release(s, mark);
    return rc;
}
