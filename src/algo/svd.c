/* Thin singular value decomposition A = U diag(S) Vᵀ.
 *
 *     m >= n           the backend's SVD of a copy of A
 *     m >= 1.6 n       A = Q R first; R = U_R diag(S) Vᵀ; U = Q U_R          (Chan 1982)
 *     m < n            of Aᵀ, with U and V exchanged
 *
 * Only the leading triplets that the caller has room for are delivered. The signs are decided on V,
 * so that U is never computed without it.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 8.6; Chan, An improved
 * algorithm for computing the singular value decomposition, ACM TOMS 8, 1982 (QR first).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

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

/* The same for p >> n: an SVD of the n x n factor R only. */
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
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, info, S));
    if (ritz_present(U)) RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, info, U));
    if (ritz_present(V)) RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, info, V));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* An output of vectors, if wanted: rows x k, and apart from A and S. */
static ritz_status check_vectors(const ritz_stream *s, ritz_dmat X, const char *name, ritz_dmat A,
                                 ritz_dmat S, int64_t rows, const char *shape)
{
    if (!ritz_present(X)) return RITZ_OK;
    RITZ_TRY(ritz_check_output(s, X, name));
    RITZ_TRY(ritz_check_same_dtype(A, "A", X, name));
    RITZ_TRY(ritz_check_shape(X, name, rows, S.rows, shape));
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
    RITZ_TRY(check_vectors(s, U, "U", A, S, A.rows, "U must be m x min(m, n)"));
    RITZ_TRY(check_vectors(s, V, "V", A, S, A.cols, "V must be n x min(m, n)"));
    RITZ_TRY(ritz_check_no_overlap(U, "U", V, "V"));
    RITZ_TRY(ritz_check_info(s, info, S.batch));
    RITZ_TRY(ritz_check_no_overlap(info, "info", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", U, "U"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", S, "S"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", V, "V"));
    if (S.batch == 0) return RITZ_OK;
    if (S.rows == 0) return ritz_algo_info_clear(s, info);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, S.batch, &v));
    RITZ_TRY_OUT(ritz_algo_svd(s, A, U, S, V, v.flags, v.info));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_CONVERGED, v, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
