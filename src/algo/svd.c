/* Singular value decomposition A = U diag(S) Vᵀ.
 *
 *     m >= n           the backend's SVD of a copy of A
 *     m >= 1.6 n       A = Q R first; R = U_R diag(S) Vᵀ; U = Q U_R          (Chan 1982)
 *     m >= 4 n         with the QR factorization of a sketched A, if its check holds
 *     m < n            of Aᵀ, with U and V exchanged
 *     full U or V      the thin one, completed by the last columns of its own factor Q: for U with
 *                      orthonormal columns, U = Q [±I; 0]
 *
 * Only the leading triplets that the caller has room for are delivered. The signs are decided on V,
 * so that U is never computed without it.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 8.6; Chan, An improved
 * algorithm for computing the singular value decomposition, ACM TOMS 8, 1982 (QR first).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/qr.h"

/* Where an operation may write a column-major rows x cols result of which `wanted` (perhaps
 * RITZ_NO_MAT) is the leading block: in `wanted` itself, or in the workspace. */
static ritz_status result_home(ritz_stream *s, ritz_dmat wanted, ritz_dtype dtype, int64_t rows,
                               int64_t cols, int64_t batch, ritz_dmat *home)
{
    *home = wanted;
    const int fits = ritz_present(wanted) && wanted.layout == RITZ_COL_MAJOR &&
                     wanted.rows == rows && wanted.cols == cols;
    return fits ? RITZ_OK : ritz_work_dmat(s, dtype, RITZ_COL_MAJOR, rows, cols, batch, home);
}

static ritz_status deliver(ritz_stream *s, ritz_dmat home, ritz_dmat wanted)
{
    if (!ritz_present(wanted) || wanted.data == home.data) return RITZ_OK;
    return ritz_op_copy(s, ritz_block(home, 0, 0, wanted.rows, wanted.cols), wanted);
}

/* SVD of W (p x n, p >= n, column-major, destroyed), the leading triplets in U, S, V; U and V may
 * be absent. */
static ritz_status decompose(ritz_stream *s, ritz_dmat W, ritz_dmat U, ritz_dmat S, ritz_dmat V,
                             ritz_dmat info)
{
    const int64_t p = W.rows, n = W.cols, batch = W.batch;
    const ritz_dmat Vt = ritz_present(V) ? ritz_t(V) : RITZ_NO_MAT;
    ritz_dmat S_all, U_all = RITZ_NO_MAT, Vt_all = RITZ_NO_MAT;
    RITZ_TRY(result_home(s, S, W.dtype, n, 1, batch, &S_all));
    if (ritz_present(U) || ritz_present(V)) {
        RITZ_TRY(result_home(s, U, W.dtype, p, n, batch, &U_all));
        RITZ_TRY(result_home(s, Vt, W.dtype, n, n, batch, &Vt_all));
    }
    RITZ_TRY(ritz_op_gesvd(s, W, S_all, U_all, Vt_all, info));
    RITZ_TRY(deliver(s, S_all, S));
    RITZ_TRY(deliver(s, U_all, U));
    return deliver(s, Vt_all, Vt);
}

/* The same for p >> n: an SVD of the n x n factor R only. For a batch, or where the host may not
 * wait. */
static ritz_status decompose_by_qr(ritz_stream *s, ritz_dmat W, ritz_dmat U, ritz_dmat S,
                                   ritz_dmat V, ritz_dmat info)
{
    const int64_t n = W.cols, batch = W.batch;
    ritz_dmat tau, R, U_R = RITZ_NO_MAT;
    RITZ_TRY(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, n, 1, batch, &tau));
    RITZ_TRY(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, n, n, batch, &R));
    if (ritz_present(U))
        RITZ_TRY(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, n, U.cols, batch, &U_R));

    RITZ_TRY(ritz_op_geqrf(s, W, tau));
    RITZ_TRY(ritz_op_tri_copy(s, RITZ_UPPER, ritz_row_range(W, 0, n), R));
    RITZ_TRY(decompose(s, R, U_R, S, V, info));
    if (!ritz_present(U)) return RITZ_OK;
    RITZ_TRY(ritz_op_orgqr(s, W, tau));
    return ritz_op_gemm(s, 1.0, W, U_R, 0.0, U);
}

/* NaN for items that failed. */
static ritz_status poison_failed(ritz_stream *s, ritz_dmat U, ritz_dmat S, ritz_dmat V,
                                 ritz_dmat info)
{
    RITZ_TRY(ritz_op_poison(s, RITZ_BOTH, info, S));
    if (ritz_present(U)) RITZ_TRY(ritz_op_poison(s, RITZ_BOTH, info, U));
    return ritz_present(V) ? ritz_op_poison(s, RITZ_BOTH, info, V) : RITZ_OK;
}

ritz_status ritz_algo_svd(ritz_stream *s, ritz_dmat A, ritz_dmat U, ritz_dmat S, ritz_dmat V,
                          ritz_dmat flags, ritz_dmat info)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int wide = A.rows < A.cols;
    const ritz_dmat T = wide ? ritz_t(A) : A;
    ritz_status rc;
    ritz_dmat W;
    if (ritz_present(U) && !ritz_present(V))
        RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.cols, U.cols, S.batch, &V));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, T.rows, T.cols, S.batch, &W));
    RITZ_TRY_OUT(ritz_op_copy(s, T, W));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, W, flags));
    const ritz_dmat left = wide ? V : U, right = wide ? U : V;
    if (5 * T.rows >= 8 * T.cols)
        RITZ_TRY_OUT(decompose_by_qr(s, W, left, S, right, info));
    else
        RITZ_TRY_OUT(decompose(s, W, left, S, right, info));

    RITZ_TRY_OUT(ritz_op_info_merge(s, flags, info));
    if (ritz_present(V)) RITZ_TRY_OUT(ritz_op_sign_cols(s, V, U));
    RITZ_TRY_OUT(poison_failed(s, U, S, V, info));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* T = X Lᵀ R1 and Lᵀ R1 = U_R diag(S) Vᵀ, so that T = (X L⁻ᵀ U_R) diag(S) Vᵀ: `left` = X times the
 * n x n factor, whose signs follow `right` unless those are decided by `left` itself. */
static ritz_status decompose_sketched(ritz_stream *s, ritz_dmat X, ritz_dmat G, ritz_dmat R1,
                                      ritz_dmat left, ritz_dmat S, ritz_dmat right, int wide,
                                      ritz_dmat info)
{
    const int64_t n = R1.cols;
    ritz_dmat R, F = RITZ_NO_MAT;
    RITZ_TRY(ritz_work_dmat(s, R1.dtype, RITZ_COL_MAJOR, n, n, 1, &R));
    if (ritz_present(left))
        RITZ_TRY(ritz_work_dmat(s, R1.dtype, RITZ_COL_MAJOR, n, left.cols, 1, &F));
    RITZ_TRY(qr_finish(s, G, R1, RITZ_NO_MAT, RITZ_NO_MAT, R));
    RITZ_TRY(decompose(s, R, F, S, right, info));
    if (!wide && ritz_present(right)) RITZ_TRY(ritz_op_sign_cols(s, right, F));
    if (!ritz_present(left)) return RITZ_OK;
    RITZ_TRY(ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, ritz_t(G), F));
    RITZ_TRY(ritz_op_gemm(s, 1.0, X, F, 0.0, left));
    return wide ? ritz_op_sign_cols(s, left, right) : RITZ_OK;
}

/* One tall or wide matrix by a sketched QR factorization (qr_cholesky.c), for which the host waits
 * once; *done = 0, and nothing else, if its check failed. */
static ritz_status by_sketched_qr(ritz_stream *s, ritz_dmat A, ritz_dmat U, ritz_dmat S,
                                  ritz_dmat V, ritz_dmat info, int *done)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int wide = A.rows < A.cols;
    const ritz_dmat T = wide ? ritz_t(A) : A;
    const int64_t m = T.rows, n = T.cols;
    struct qr_outcome outcome;
    ritz_status rc;
    ritz_dmat X = RITZ_NO_MAT, G, R1;
    if (ritz_present(U) && !ritz_present(V))
        RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.cols, U.cols, 1, &V));
    const ritz_dmat left = wide ? V : U, right = wide ? U : V;
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, n, 1, &G));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, n, 1, &R1));
    if (ritz_present(left)) RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, T.layout, m, n, 1, &X));
    RITZ_TRY_OUT(qr_by_sketch(s, 0, 0, T, X, G, R1, &outcome));
    *done = outcome.accepted;
    if (!*done) goto out;

    RITZ_TRY_OUT(decompose_sketched(s, X, G, R1, left, S, right, wide, info));
    RITZ_TRY_OUT(poison_failed(s, U, S, V, info));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* An output that is absent, or of all columns. */
static int whole(ritz_dmat X, int64_t k)
{
    return !ritz_present(X) || X.cols == k;
}

ritz_status ritz_algo_svd_thin(ritz_stream *s, ritz_dmat A, ritz_dmat U, ritz_dmat S, ritz_dmat V,
                               struct ritz_verdict v)
{
    int done = 0;
    if (whole(U, S.rows) && whole(V, S.rows) && ritz_op_offered(s, RITZ_OP_small_svd, &A, 1))
        return ritz_op_small_svd(s, A, U, S, V, v.info);
    if (qr_is_tall(A.rows, A.cols, S.batch) || qr_is_tall(A.cols, A.rows, S.batch))
        RITZ_TRY(by_sketched_qr(s, A, U, S, V, v.info, &done));
    return done ? RITZ_OK : ritz_algo_svd(s, A, U, S, V, v.flags, v.info);
}

/* The columns of X (m x m) from k on, an orthonormal basis of what its first k do not span. */
static ritz_status complete_basis(ritz_stream *s, ritz_dmat X, int64_t k, struct ritz_verdict v)
{
    const int64_t m = X.rows;
    const ritz_dmat rest = ritz_cols(X, k, m - k);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat Q, tau;
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, m, m, X.batch, &Q));
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, k, 1, X.batch, &tau));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_cols(X, 0, k), ritz_cols(Q, 0, k)));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, ritz_cols(Q, k, m - k)));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, ritz_cols(Q, 0, k), v.flags));
    RITZ_TRY_OUT(ritz_op_geqrf(s, ritz_cols(Q, 0, k), tau));
    RITZ_TRY_OUT(ritz_op_orgqr(s, Q, tau));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_cols(Q, k, m - k), rest));
    RITZ_TRY_OUT(ritz_op_sign_cols(s, rest, RITZ_NO_MAT));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, rest));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The leading k columns of an output that may be absent. */
static ritz_dmat leading(ritz_dmat X, int64_t k)
{
    return ritz_present(X) ? ritz_cols(X, 0, k) : X;
}

/* The factors of a matrix without elements: no singular values, any basis. */
static ritz_status empty_factors(ritz_stream *s, ritz_dmat U, ritz_dmat V, ritz_dmat info)
{
    if (ritz_present(U) && !ritz_empty(U)) RITZ_TRY(ritz_op_set_identity(s, U));
    if (ritz_present(V) && !ritz_empty(V)) RITZ_TRY(ritz_op_set_identity(s, V));
    return ritz_algo_info_clear(s, info);
}

/* An output of vectors, if wanted: rows x k or rows x rows, and apart from A and S. */
static ritz_status check_vectors(const ritz_stream *s, ritz_dmat X, const char *name, ritz_dmat A,
                                 ritz_dmat S, int64_t rows, const char *shape)
{
    if (!ritz_present(X)) return RITZ_OK;
    RITZ_TRY(ritz_check_output(s, X, name));
    RITZ_TRY(ritz_check_same_dtype(A, "A", X, name));
    if (X.cols != rows) RITZ_TRY(ritz_check_shape(X, name, rows, S.rows, shape));
    RITZ_TRY(ritz_check_shape(X, name, rows, X.cols, shape));
    RITZ_TRY(ritz_check_batch(X, name, S.batch, 0));
    RITZ_TRY(ritz_check_no_overlap(X, name, A, "A"));
    return ritz_check_no_overlap(X, name, S, "S");
}

ritz_status ritz_svd(ritz_stream *s, ritz_dmat A, ritz_dmat U, ritz_dmat S, ritz_dmat V,
                     ritz_dmat info)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_output(s, S, "S"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", S, "S"));
    RITZ_TRY(ritz_check_shape(S, "S", min_i64(A.rows, A.cols), 1, "S must be min(m, n) x 1"));
    RITZ_TRY(ritz_check_batch(A, "A", S.batch, 1));
    RITZ_TRY(ritz_check_no_overlap(S, "S", A, "A"));
    RITZ_TRY(check_vectors(s, U, "U", A, S, A.rows, "U must be m x min(m, n) or m x m"));
    RITZ_TRY(check_vectors(s, V, "V", A, S, A.cols, "V must be n x min(m, n) or n x n"));
    RITZ_TRY(ritz_check_no_overlap(U, "U", V, "V"));
    RITZ_TRY(ritz_check_info(s, info, S.batch));
    RITZ_TRY(ritz_check_no_overlap(info, "info", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", U, "U"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", S, "S"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", V, "V"));
    if (S.batch == 0) return RITZ_OK;
    const int64_t k = S.rows;
    if (k == 0) return empty_factors(s, U, V, info);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, S.batch, &v));
    RITZ_TRY_OUT(ritz_algo_svd_thin(s, A, leading(U, k), S, leading(V, k), v));
    if (ritz_present(U) && U.cols > k) RITZ_TRY_OUT(complete_basis(s, U, k, v));
    if (ritz_present(V) && V.cols > k) RITZ_TRY_OUT(complete_basis(s, V, k, v));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_CONVERGED, v, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
