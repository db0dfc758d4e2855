/* Rank, condition, pseudoinverse and truncation, from the singular values A = U diag(s) Vᵀ.
 *
 *     rank      r = the number of s_i > max(rtol s_1, atol)
 *     cond      s_1 / s_k
 *     pinv      V diag(1/s_1, ..., 1/s_r, 0, ...) Uᵀ
 *     truncate  sum_{i <= k} s_i u_i v_iᵀ; it misses A by s_{k+1} in the 2-norm and by the norm of
 *               s_{k+1}, s_{k+2}, ... in the Frobenius norm
 *
 * The tolerance is applied on the device; the host waits for nothing.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, sections 2.4, 5.4.1 and 5.5.2;
 * Eckart and Young, The approximation of one matrix by another of lower rank, Psychometrika 1,
 * 1936; Mirsky, Symmetric gauge functions and unitarily invariant norms, 1960.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>

#include "algo/algo.h"

/* ---- the tolerance --------------------------------------------------------------------------- */

struct tolerance {
    double rtol, atol;
};

static ritz_status check_tolerance(const ritz_rank_options *opts)
{
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_rank_options), "opts"));
    if (opts == NULL) return RITZ_OK;
    RITZ_REQUIRE(opts->rtol >= 0, RITZ_ERR_OPTION, "rtol is %g; it must not be negative",
                 opts->rtol);
    RITZ_REQUIRE(opts->atol >= 0, RITZ_ERR_OPTION, "atol is %g; it must not be negative",
                 opts->atol);
    return RITZ_OK;
}

static struct tolerance tolerance_of(const ritz_rank_options *opts, ritz_dmat A)
{
    const double longer = (double)(A.rows > A.cols ? A.rows : A.cols);
    struct tolerance t = {longer * (A.dtype == RITZ_F64 ? DBL_EPSILON : (double)FLT_EPSILON), 0.0};
    if (opts != NULL && opts->rtol > 0) t.rtol = opts->rtol;
    if (opts != NULL) t.atol = opts->atol;
    return t;
}

/* ---- rank, cond ------------------------------------------------------------------------------ */

/* Compare the singular values of each item with the tolerance; rank or cond may be absent. An item
 * that fails shows in its result. */
static ritz_status judge_values(ritz_stream *s, ritz_dmat A, struct tolerance t, ritz_dmat rank,
                                ritz_dmat cond)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    ritz_dmat S;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, A.batch, &v));
    RITZ_TRY_OUT(
        ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, min_i64(A.rows, A.cols), 1, A.batch, &S));
    RITZ_TRY_OUT(ritz_algo_svd_thin(s, A, RITZ_NO_MAT, S, RITZ_NO_MAT, v));
    RITZ_TRY_OUT(ritz_op_cut_values(s, t.rtol, t.atol, S, rank, cond));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_rank(ritz_stream *s, ritz_dmat A, const ritz_rank_options *opts, ritz_dmat rank)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_tolerance(opts));
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_algo_check_scalars(s, rank, "rank", RITZ_I32, A.batch, 1, A));
    if (A.batch == 0) return RITZ_OK;
    if (ritz_empty(A)) return ritz_op_fill(s, 0.0, rank);
    return judge_values(s, A, tolerance_of(opts, A), rank, RITZ_NO_MAT);
}

ritz_status ritz_cond(ritz_stream *s, ritz_dmat A, ritz_dmat cond)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_algo_check_scalars(s, cond, "cond", RITZ_F64, A.batch, 1, A));
    if (A.batch == 0) return RITZ_OK;
    if (ritz_empty(A)) return ritz_op_fill(s, 1.0, cond);
    return judge_values(s, A, (struct tolerance){0.0, 0.0}, RITZ_NO_MAT, cond);
}

/* ---- pinv, truncate -------------------------------------------------------------------------- */

/* A thin SVD in the workspace. */
struct factors {
    struct ritz_verdict v;
    ritz_dmat U, S, V;
};

/* Of all singular values and at least the leading `vectors` triplets; the operation for small
 * matrices makes them all. */
static ritz_status factorize(ritz_stream *s, ritz_dmat A, int64_t batch, int64_t vectors,
                             struct factors *f)
{
    const int64_t k = min_i64(A.rows, A.cols);
    const int small = ritz_op_offered(s, RITZ_OP_small_svd, &A, 1);
    const int64_t columns = small && vectors > 0 ? k : vectors;
    f->U = f->V = RITZ_NO_MAT;
    RITZ_TRY(ritz_algo_verdict_open(s, batch, &f->v));
    RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, k, 1, batch, &f->S));
    if (columns > 0) {
        RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, columns, batch, &f->U));
        RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.cols, columns, batch, &f->V));
    }
    return ritz_algo_svd_thin(s, A, f->U, f->S, f->V, f->v);
}

/* An output of A's data type, apart from A. */
static ritz_status check_result(const ritz_stream *s, ritz_dmat A, ritz_dmat X, const char *name,
                                int64_t rows, int64_t cols, const char *shape)
{
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_output(s, X, name));
    RITZ_TRY(ritz_check_same_dtype(A, "A", X, name));
    RITZ_TRY(ritz_check_shape(X, name, rows, cols, shape));
    RITZ_TRY(ritz_check_batch(A, "A", X.batch, 1));
    return ritz_check_no_overlap(X, name, A, "A");
}

ritz_status ritz_pinv(ritz_stream *s, ritz_dmat A, ritz_dmat X, const ritz_rank_options *opts,
                      ritz_dmat rank)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_tolerance(opts));
    RITZ_TRY(check_result(s, A, X, "X", A.cols, A.rows, "X must be n x m"));
    if (ritz_present(rank)) {
        RITZ_TRY(ritz_algo_check_scalars(s, rank, "rank", RITZ_I32, X.batch, 1, A));
        RITZ_TRY(ritz_check_no_overlap(rank, "rank", X, "X"));
    }
    if (X.batch == 0) return RITZ_OK;
    if (ritz_empty(X)) return ritz_present(rank) ? ritz_op_fill(s, 0.0, rank) : RITZ_OK;

    const struct tolerance t = tolerance_of(opts, A);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct factors f;
    RITZ_TRY_OUT(factorize(s, A, X.batch, min_i64(A.rows, A.cols), &f));
    RITZ_TRY_OUT(ritz_op_cut_values(s, t.rtol, t.atol, f.S, rank, RITZ_NO_MAT));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 1, f.S, f.V, f.V)); /* 0 where S is 0 */
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, f.V, ritz_t(f.U), 0.0, X));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, f.v.info, X));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_CONVERGED, f.v, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* What is left of the singular values behind the first k, in both norms. */
static ritz_status tail_norms(ritz_stream *s, const struct factors *f, int64_t k, ritz_dmat error)
{
    const ritz_dmat two = ritz_algo_scalar_items(ritz_cols(error, 0, 1));
    const ritz_dmat frobenius = ritz_algo_scalar_items(ritz_cols(error, 1, 1));
    if (k < f->S.rows) {
        RITZ_TRY(ritz_op_copy(s, ritz_row_range(f->S, k, 1), two));
        return ritz_op_frobenius(s, ritz_row_range(f->S, k, f->S.rows - k), frobenius);
    }
    RITZ_TRY(ritz_op_fill(s, 0.0, error));
    RITZ_TRY(ritz_op_poison(s, RITZ_BOTH, f->v.info, two));
    return ritz_op_poison(s, RITZ_BOTH, f->v.info, frobenius);
}

/* B = U_k diag(s_k) V_kᵀ; U is scaled in place. */
static ritz_status leading_sum(ritz_stream *s, const struct factors *f, int64_t k, ritz_dmat B)
{
    if (k == 0) return ritz_op_fill(s, 0.0, B);
    const ritz_dmat U = ritz_cols(f->U, 0, k), V = ritz_cols(f->V, 0, k);
    RITZ_TRY(ritz_op_scale_cols(s, 0, ritz_row_range(f->S, 0, k), U, U));
    return ritz_op_gemm(s, 1.0, U, ritz_t(V), 0.0, B);
}

ritz_status ritz_truncate(ritz_stream *s, ritz_dmat A, int64_t k, ritz_dmat B, ritz_dmat error)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_result(s, A, B, "B", A.rows, A.cols, "B must be m x n"));
    RITZ_REQUIRE(k >= 0 && k <= min_i64(A.rows, A.cols), RITZ_ERR_ARGUMENT,
                 "k is %" PRId64 "; it must be between 0 and min(m, n) = %" PRId64, k,
                 min_i64(A.rows, A.cols));
    if (ritz_present(error)) {
        RITZ_TRY(ritz_algo_check_scalars(s, error, "error", RITZ_F64, B.batch, 2, A));
        RITZ_TRY(ritz_check_no_overlap(error, "error", B, "B"));
    }
    if (B.batch == 0) return RITZ_OK;
    if (ritz_empty(B)) return ritz_present(error) ? ritz_op_fill(s, 0.0, error) : RITZ_OK;

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct factors f;
    RITZ_TRY_OUT(factorize(s, A, B.batch, k, &f));
    RITZ_TRY_OUT(leading_sum(s, &f, k, B));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, f.v.info, B));
    if (ritz_present(error)) RITZ_TRY_OUT(tail_norms(s, &f, k, error));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_CONVERGED, f.v, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}
