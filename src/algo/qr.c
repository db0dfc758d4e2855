/* QR factorization: the choice of a method, and Householder reflections, A = Q R.
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
#include <string.h>

#include "algo/qr.h"

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

ritz_status qr_positive_r(ritz_stream *s, ritz_dmat W, ritz_dmat R)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat signs;
    RITZ_TRY_OUT(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, R.rows, 1, W.batch, &signs));
    RITZ_TRY_OUT(ritz_op_diag_signs(s, W, signs));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, ritz_row_range(W, 0, R.rows), R));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, signs, ritz_t(R), ritz_t(R)));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Q = (H_1 ... H_k)(:, 1:k) D, formed in Q if that is column-major, else in W. */
static ritz_status signed_q(ritz_stream *s, ritz_dmat W, ritz_dmat tau, ritz_dmat Q)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_dmat home = is_col_major(Q) ? Q : ritz_cols(W, 0, Q.cols);
    ritz_status rc;
    ritz_dmat signs;
    RITZ_TRY_OUT(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, tau.rows, 1, W.batch, &signs));
    RITZ_TRY_OUT(ritz_op_diag_signs(s, W, signs));
    if (home.data != W.data) RITZ_TRY_OUT(ritz_op_copy(s, ritz_cols(W, 0, home.cols), home));
    RITZ_TRY_OUT(ritz_op_orgqr(s, home, tau));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, signs, home, Q));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status qr_factors(ritz_stream *s, ritz_dmat W, ritz_dmat tau, ritz_dmat Q, ritz_dmat R)
{
    if (ritz_present(R)) RITZ_TRY(qr_positive_r(s, W, R));
    return ritz_present(Q) ? signed_q(s, W, tau, Q) : RITZ_OK;
}

ritz_status qr_by_reflections(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R,
                              ritz_dmat flags)
{
    const int64_t m = A.rows, n = A.cols, k = min_i64(m, n);
    const int64_t batch = ritz_present(Q) ? Q.batch : R.batch;
    const int in_q = ritz_present(Q) && is_col_major(Q) && m >= n;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W = Q, tau;
    if (!in_q) RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, m, n, batch, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, k, 1, batch, &tau));

    if (!same_place(W, A)) RITZ_TRY_OUT(ritz_op_copy(s, A, W));
    if (ritz_present(flags)) RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, W, flags));
    RITZ_TRY_OUT(ritz_op_geqrf(s, W, tau));
    RITZ_TRY_OUT(qr_factors(s, W, tau, Q, R));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_algo_qr(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R)
{
    return qr_by_reflections(s, A, Q, R, RITZ_NO_MAT);
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

/* ---- the choice of a method -------------------------------------------------------------- */

static const char *method_name(ritz_qr_method method)
{
    switch (method) {
    case RITZ_QR_SKETCH: return "sketched CholeskyQR";
    case RITZ_QR_CHOLESKY2: return "CholeskyQR2";
    case RITZ_QR_CHOLESKY3: return "shifted CholeskyQR3";
    case RITZ_QR_TSQR: return "TSQR";
    default: return "Householder";
    }
}

/* What is tried where a method fails its check; the last is unconditional. */
static ritz_qr_method fallback(ritz_qr_method method)
{
    return method == RITZ_QR_CHOLESKY2 ? RITZ_QR_CHOLESKY3 : RITZ_QR_HOUSEHOLDER;
}

/* The methods whose outcome is checked, one after the other, of one item; `r` is what became of it.
 * Householder is left to the caller. */
static ritz_status try_checked(ritz_stream *s, ritz_qr_method method, uint64_t seed, ritz_dmat A,
                               ritz_dmat Q, ritz_dmat R, ritz_qr_report *r)
{
    struct qr_outcome outcome = {0, 1, 0.0};
    r->method = method;
    while (!outcome.accepted && r->method != RITZ_QR_HOUSEHOLDER) {
        const int draws = r->method == RITZ_QR_SKETCH ? 2 : 1;
        for (int draw = 0; draw < draws && !outcome.accepted && (draw == 0 || outcome.finite);
             draw++)
            RITZ_TRY(qr_by_cholesky(s, r->method, seed, (uint32_t)draw, A, Q, R, &outcome));
        if (outcome.accepted) break;
        r->fallbacks++;
        r->method = outcome.finite ? fallback(r->method) : RITZ_QR_HOUSEHOLDER;
        r->reason = outcome.finite
                        ? "a pivot of the Gram matrix was zero or small, or Q far from orthogonal"
                        : "the data is not finite, or its squares overflow";
    }
    r->smallest_pivot = outcome.accepted ? outcome.smallest_pivot : 0.0;
    return RITZ_OK;
}

/* Reflections of the whole or of blocks of rows, with the verdict on each item in v.info. */
static ritz_status judged_qr(ritz_stream *s, ritz_qr_method method, ritz_dmat A, ritz_dmat Q,
                             ritz_dmat R, struct ritz_verdict v)
{
    if (method == RITZ_QR_TSQR)
        RITZ_TRY(qr_by_blocks(s, A, Q, R, v.flags));
    else
        RITZ_TRY(qr_by_reflections(s, A, Q, R, v.flags));
    RITZ_TRY(ritz_algo_verdict_settle(s, v));
    if (ritz_present(Q)) RITZ_TRY(ritz_op_poison(s, RITZ_BOTH, v.info, Q));
    return ritz_present(R) ? ritz_op_poison(s, RITZ_BOTH, v.info, R) : RITZ_OK;
}

static ritz_dmat item_or_none(ritz_dmat A, int64_t b)
{
    return ritz_present(A) ? ritz_item(A, b) : A;
}

/* Methods for one matrix, item by item; the report is that of the item that fell back furthest, and
 * the smallest pivot that of all. */
static ritz_status one_by_one(ritz_stream *s, ritz_qr_method method, uint64_t seed, ritz_dmat A,
                              ritz_dmat Q, ritz_dmat R, struct ritz_verdict v,
                              ritz_qr_report *report)
{
    const int64_t batch = v.info.rows;
    const ritz_qr_report start = *report;
    for (int64_t b = 0; b < batch; b++) {
        const ritz_dmat a = ritz_item(A, b), q = item_or_none(Q, b), r = item_or_none(R, b);
        ritz_qr_report item = start;
        item.method = method;
        if (method != RITZ_QR_TSQR) RITZ_TRY(try_checked(s, method, seed, a, q, r, &item));
        if (item.method == RITZ_QR_HOUSEHOLDER || item.method == RITZ_QR_TSQR) {
            const struct ritz_verdict own = {ritz_row_range(v.flags, b, 1),
                                             ritz_row_range(v.info, b, 1)};
            RITZ_TRY(judged_qr(s, item.method, a, q, r, own));
        }
        if (b > 0 && report->smallest_pivot < item.smallest_pivot)
            item.smallest_pivot = report->smallest_pivot;
        if (b == 0 || item.fallbacks > report->fallbacks)
            *report = item;
        else
            report->smallest_pivot = item.smallest_pivot;
    }
    return RITZ_OK;
}

/* The options, defaults filled in, and the method with the reason for it. */
static ritz_status choose(const ritz_qr_options *opts, ritz_dmat A, int64_t batch,
                          ritz_qr_options *o, ritz_qr_report *r)
{
    const ritz_qr_options defaults = RITZ_QR_DEFAULTS;
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_qr_options), "opts"));
    *o = opts != NULL ? *opts : defaults;
    RITZ_REQUIRE(o->method >= RITZ_QR_AUTO && o->method <= RITZ_QR_TSQR, RITZ_ERR_OPTION,
                 "method is %d; it must be one of ritz_qr_method", (int)o->method);
    RITZ_REQUIRE(o->method <= RITZ_QR_HOUSEHOLDER || A.rows >= A.cols, RITZ_ERR_OPTION,
                 "method is %s and A is %" PRId64 " x %" PRId64
                 "; only RITZ_QR_HOUSEHOLDER takes fewer rows than columns",
                 method_name(o->method), A.rows, A.cols);
    const int tall = qr_sketch_pays(A.rows, A.cols, batch);
    r->reason = o->method != RITZ_QR_AUTO ? "asked for"
                : tall                    ? "one tall matrix"
                                          : "a batch, not tall, or small";
    if (o->method == RITZ_QR_AUTO) o->method = tall ? RITZ_QR_SKETCH : RITZ_QR_HOUSEHOLDER;
    r->method = o->method;
    return RITZ_OK;
}

/* A caller compiled against an older, smaller report gets what fits. */
static void write_report(ritz_qr_report *report, const ritz_qr_report *r)
{
    if (report == NULL) return;
    const size_t size = report->size;
    memcpy(report, r, size < sizeof *r ? size : sizeof *r);
    report->size = size;
    report->method_name = method_name(r->method);
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
    ritz_qr_options o;
    ritz_qr_report r = RITZ_QR_REPORT_INIT;
    RITZ_TRY(check_thin(s, A, Q, R));
    const int64_t batch = ritz_present(Q) ? Q.batch : R.batch;
    RITZ_TRY(choose(opts, A, batch, &o, &r));
    RITZ_TRY(ritz_check_options(report, sizeof(ritz_qr_report), "report"));
    if (A.rows == 0 || A.cols == 0 || batch == 0) {
        write_report(report, &r);
        return RITZ_OK;
    }

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    if (o.method == RITZ_QR_HOUSEHOLDER && ritz_op_offered(s, RITZ_OP_small_qr, &A, 1)) {
        ritz_dmat info;
        RITZ_TRY_OUT(ritz_algo_info_open(s, batch, RITZ_NO_MAT, &info));
        RITZ_TRY_OUT(ritz_op_small_qr(s, A, Q, R, info));
        RITZ_TRY_OUT(ritz_algo_info_close(s, RITZ_ERR_NOT_FINITE, info, RITZ_NO_MAT));
    } else {
        struct ritz_verdict v;
        RITZ_TRY_OUT(ritz_algo_verdict_open(s, batch, &v));
        if (o.method != RITZ_QR_HOUSEHOLDER)
            RITZ_TRY_OUT(one_by_one(s, o.method, o.seed, A, Q, R, v, &r));
        else
            RITZ_TRY_OUT(judged_qr(s, o.method, A, Q, R, v));
        RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT));
    }
    write_report(report, &r);
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
