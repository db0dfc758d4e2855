/* The symmetric eigenproblem A V = V diag(W).
 *
 * The backend delivers a range of the ascending order, from the lower triangle. The upper triangle
 * of A is the lower one of Aᵀ; a descending order is the end of the ascending one, reversed.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, sections 8.3 to 8.5; Dhillon and
 * Parlett, Multiple representations to compute orthogonal eigenvectors of symmetric tridiagonal
 * matrices, 2004.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

/* Eigenpairs first .. first+W.rows-1 of C (lower triangle, destroyed), ascending. */
static ritz_status ascending_pairs(ritz_stream *s, ritz_dmat C, int64_t first, ritz_dmat W,
                                   ritz_dmat V, ritz_dmat info)
{
    if (!ritz_present(V) || V.layout == RITZ_COL_MAJOR)
        return ritz_op_syev(s, C, first, W, V, info);
    ritz_dmat Z;
    RITZ_TRY(ritz_work_dmat(s, V.dtype, RITZ_COL_MAJOR, V.rows, V.cols, V.batch, &Z));
    RITZ_TRY(ritz_op_syev(s, C, first, W, Z, info));
    return ritz_op_copy(s, Z, V);
}

/* The same of the descending order. */
static ritz_status descending_pairs(ritz_stream *s, ritz_dmat C, int64_t first, ritz_dmat W,
                                    ritz_dmat V, ritz_dmat info)
{
    const int64_t n = C.rows, k = W.rows;
    ritz_dmat rising, Z = RITZ_NO_MAT;
    RITZ_TRY(ritz_work_dmat(s, W.dtype, RITZ_COL_MAJOR, k, 1, W.batch, &rising));
    if (ritz_present(V)) RITZ_TRY(ritz_work_dmat(s, V.dtype, RITZ_COL_MAJOR, n, k, V.batch, &Z));
    RITZ_TRY(ritz_op_syev(s, C, n - first - k, rising, Z, info));
    RITZ_TRY(ritz_op_flip_cols(s, ritz_t(rising), ritz_t(W)));
    return ritz_present(V) ? ritz_op_flip_cols(s, Z, V) : RITZ_OK;
}

ritz_status ritz_algo_eigh(ritz_stream *s, ritz_uplo uplo, ritz_order order, ritz_dmat A,
                           int64_t first, ritz_dmat W, ritz_dmat V, ritz_dmat info)
{
    if (ritz_op_offered(s, RITZ_OP_small_eigh, &A, 1))
        return ritz_op_small_eigh(s, uplo, order, A, first, W, V, info);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat flags, C;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, W.batch, 1, 1, &flags));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, flags));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, A.rows, A.cols, W.batch, &C));
    RITZ_TRY_OUT(ritz_op_copy(s, uplo == RITZ_LOWER ? A : ritz_t(A), C));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_LOWER, C, flags));
    if (order == RITZ_ASCENDING)
        RITZ_TRY_OUT(ascending_pairs(s, C, first, W, V, info));
    else
        RITZ_TRY_OUT(descending_pairs(s, C, first, W, V, info));

    RITZ_TRY_OUT(ritz_op_info_merge(s, flags, info));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, info, W));
    if (ritz_present(V)) {
        RITZ_TRY_OUT(ritz_op_sign_cols(s, V, RITZ_NO_MAT));
        RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, info, V));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status check_pairs(const ritz_stream *s, ritz_dmat A, int64_t first, ritz_dmat W,
                               ritz_dmat V)
{
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_square(A, "A"));
    RITZ_TRY(ritz_check_output(s, W, "W"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", W, "W"));
    RITZ_REQUIRE(first >= 0 && first <= A.rows, RITZ_ERR_OPTION,
                 "first is %" PRId64 "; it must be between 0 and the order %" PRId64, first,
                 A.rows);
    RITZ_REQUIRE(W.rows <= A.rows - first, RITZ_ERR_SHAPE,
                 "W asks for %" PRId64 " eigenvalues from number %" PRId64
                 " on, of a matrix of order %" PRId64 "; W must be k x 1 with k <= n - first",
                 W.rows, first, A.rows);
    RITZ_TRY(ritz_check_shape(W, "W", W.rows, 1, "W must be k x 1"));
    RITZ_TRY(ritz_check_batch(A, "A", W.batch, 1));
    RITZ_TRY(ritz_check_no_overlap(W, "W", A, "A"));
    if (!ritz_present(V)) return RITZ_OK;
    RITZ_TRY(ritz_check_output(s, V, "V"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", V, "V"));
    RITZ_TRY(ritz_check_shape(V, "V", A.rows, W.rows, "V must be n x rows of W"));
    RITZ_TRY(ritz_check_batch(V, "V", W.batch, 0));
    RITZ_TRY(ritz_check_no_overlap(V, "V", A, "A"));
    return ritz_check_no_overlap(V, "V", W, "W");
}

ritz_status ritz_eigh(ritz_stream *s, ritz_dmat A, ritz_dmat W, ritz_dmat V,
                      const ritz_eigh_options *opts, ritz_dmat info)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_eigh_options), "opts"));
    const ritz_uplo uplo = opts != NULL && opts->upper != 0 ? RITZ_UPPER : RITZ_LOWER;
    const ritz_order order = opts != NULL ? opts->order : RITZ_DESCENDING;
    RITZ_REQUIRE(order == RITZ_DESCENDING || order == RITZ_ASCENDING, RITZ_ERR_OPTION,
                 "order is %d; it must be RITZ_DESCENDING or RITZ_ASCENDING", (int)order);
    const int64_t first = opts != NULL ? opts->first : 0;
    RITZ_TRY(check_pairs(s, A, first, W, V));
    RITZ_TRY(ritz_check_info(s, info, W.batch));
    RITZ_TRY(ritz_check_no_overlap(info, "info", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", W, "W"));
    RITZ_TRY(ritz_check_no_overlap(info, "info", V, "V"));
    if (W.batch == 0) return RITZ_OK;
    if (W.rows == 0) return ritz_algo_info_clear(s, info);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, W.batch, &v));
    RITZ_TRY_OUT(ritz_algo_eigh(s, uplo, order, A, first, W, V, v.info));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_CONVERGED, v, info));
out:
    ritz_work_release(s, mark);
    return rc;
}
