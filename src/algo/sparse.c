/* Products of sparse matrices, and what a centred one needs: means, and the Frobenius norm.
 *
 * Aᵀ is stored like A, so that a product with it, and the sum of a column of A, is a sum along a
 * row of what is stored. Sums that are wanted in float64 take the values in float64 and a block of
 * ones.
 *
 * The norm of A - 1 μᵀ is a sum of squares, in which nothing cancels: with g_j elements of column j
 * that are not stored,
 *
 *     ‖A - 1 μᵀ‖_F² = sum over stored (a_ij - μ_j)² + sum_j g_j μ_j²
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/algo.h"
#include "algo/sparse.h"

ritz_status ritz_algo_spmat_check(const ritz_stream *s, const ritz_spmat *A, const char *name)
{
    RITZ_REQUIRE(A != NULL, RITZ_ERR_ARGUMENT, "the sparse matrix %s is NULL", name);
    RITZ_REQUIRE(A->device == s->device, RITZ_ERR_DEVICE,
                 "the sparse matrix %s is on another device than the stream", name);
    return RITZ_OK;
}

ritz_status ritz_algo_spmat_check_two_ways(const ritz_spmat *A, const char *name)
{
    RITZ_REQUIRE(!A->one_way, RITZ_ERR_UNSUPPORTED,
                 "the sparse matrix %s was made with one_way, and its transpose is needed", name);
    return RITZ_OK;
}

ritz_status ritz_algo_spmat_check_apart(ritz_dmat out, const char *out_name, const ritz_spmat *A)
{
    RITZ_TRY(ritz_check_no_overlap(out, out_name, A->forward.values, "A"));
    return ritz_check_no_overlap(out, out_name, A->backward.values, "A");
}

/* ---- products -------------------------------------------------------------------------------- */

ritz_status ritz_algo_spmm(ritz_stream *s, int transposed, double alpha, const ritz_spmat *A,
                           ritz_dmat X, double beta, ritz_dmat Y)
{
    const struct ritz_csr *M = transposed ? &A->backward : &A->forward;
    return ritz_op_csr_gemm(s, alpha, M->offsets, M->indices, M->values, M->parts, X, beta, Y);
}

ritz_status ritz_spmm(ritz_stream *s, int transposed, double alpha, const ritz_spmat *A,
                      ritz_dmat X, double beta, ritz_dmat Y)
{
    RITZ_ENTER(s, &X);
    RITZ_TRY(ritz_algo_spmat_check(s, A, "A"));
    if (transposed) RITZ_TRY(ritz_algo_spmat_check_two_ways(A, "A"));
    RITZ_TRY(ritz_check_input(s, X, "X"));
    RITZ_TRY(ritz_check_output(s, Y, "Y"));
    RITZ_REQUIRE(X.dtype == A->dtype && Y.dtype == A->dtype, RITZ_ERR_DTYPE,
                 "A is %s, X is %s and Y is %s; all three must be the same",
                 ritz_dtype_name(A->dtype), ritz_dtype_name(X.dtype), ritz_dtype_name(Y.dtype));
    RITZ_TRY(ritz_check_single(X, "X"));
    RITZ_TRY(ritz_check_single(Y, "Y"));
    RITZ_TRY(ritz_check_shape(X, "X", transposed ? A->rows : A->cols, X.cols,
                              transposed ? "X must have a row for each row of A"
                                         : "X must have a row for each column of A"));
    RITZ_TRY(ritz_check_shape(Y, "Y", transposed ? A->cols : A->rows, X.cols,
                              transposed ? "Y must be columns of A x columns of X"
                                         : "Y must be rows of A x columns of X"));
    RITZ_TRY(ritz_check_no_overlap(Y, "Y", X, "X"));
    RITZ_TRY(ritz_algo_spmat_check_apart(Y, "Y", A));
    if (ritz_empty(Y)) return RITZ_OK;
    return ritz_algo_spmm(s, transposed != 0, alpha, A, X, beta, Y);
}

/* ---- sums of columns ------------------------------------------------------------------------- */

/* The values of M in float64: where they are, or in the workspace. */
static ritz_status in_float64(ritz_stream *s, const struct ritz_csr *M, ritz_dmat *values)
{
    *values = M->values;
    if (M->values.dtype == RITZ_F64) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, M->values.rows, 1, 1, values));
    return ritz_op_copy(s, M->values, *values);
}

/* out = factor times the sums of the columns of A whose elements have these values (F64, as those
 * of Aᵀ are ordered). */
static ritz_status sum_columns(ritz_stream *s, const ritz_spmat *A, double factor, ritz_dmat values,
                               ritz_dmat out)
{
    const struct ritz_csr *M = &A->backward;
    ritz_dmat ones;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, A->rows, 1, 1, &ones));
    RITZ_TRY(ritz_op_fill(s, 1.0, ones));
    return ritz_op_csr_gemm(s, factor, M->offsets, M->indices, values, M->parts, ones, 0.0, out);
}

static ritz_status check_sums(const ritz_stream *s, const ritz_spmat *A, ritz_dmat out)
{
    RITZ_TRY(ritz_algo_spmat_check(s, A, "A"));
    RITZ_TRY(ritz_algo_spmat_check_two_ways(A, "A"));
    RITZ_TRY(ritz_check_output(s, out, "out"));
    RITZ_REQUIRE(out.dtype == RITZ_F64, RITZ_ERR_DTYPE, "out is %s; it must be float64",
                 ritz_dtype_name(out.dtype));
    RITZ_TRY(ritz_check_single(out, "out"));
    RITZ_TRY(ritz_check_shape(out, "out", A->cols, 1, "out must be columns of A x 1"));
    return ritz_algo_spmat_check_apart(out, "out", A);
}

static ritz_status scaled_sums(ritz_stream *s, const ritz_spmat *A, double factor, ritz_dmat out)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat values;
    RITZ_TRY_OUT(in_float64(s, &A->backward, &values));
    RITZ_TRY_OUT(sum_columns(s, A, factor, values, out));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_spmat_col_sums(ritz_stream *s, const ritz_spmat *A, ritz_dmat out)
{
    RITZ_ENTER(s, &out);
    RITZ_TRY(check_sums(s, A, out));
    return scaled_sums(s, A, 1.0, out);
}

ritz_status ritz_spmat_col_means(ritz_stream *s, const ritz_spmat *A, ritz_dmat out)
{
    RITZ_ENTER(s, &out);
    RITZ_TRY(check_sums(s, A, out));
    if (A->rows == 0) return ritz_op_fill(s, (double)NAN, out);
    return scaled_sums(s, A, 1.0 / (double)A->rows, out);
}

ritz_status ritz_spmat_col_sumsq(ritz_stream *s, const ritz_spmat *A, ritz_dmat out)
{
    RITZ_ENTER(s, &out);
    RITZ_TRY(check_sums(s, A, out));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat values, squares;
    RITZ_TRY_OUT(in_float64(s, &A->backward, &values));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, A->nonzeros, 1, 1, &squares));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, values, ritz_t(values), ritz_t(squares)));
    RITZ_TRY_OUT(sum_columns(s, A, 1.0, squares, out));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- as an operator -------------------------------------------------------------------------- */

ritz_status ritz_algo_spmat_sumsq(ritz_stream *s, const ritz_spmat *A, ritz_dmat out)
{
    return ritz_op_sumsq(s, ritz_t(A->forward.values), out);
}

/* out = the sum over stored elements of (a_ij - μ_j)². */
static ritz_status stored_sumsq(ritz_stream *s, const ritz_spmat *A, ritz_dmat mean, ritz_dmat out)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat values, centred;
    RITZ_TRY_OUT(in_float64(s, &A->forward, &values));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, A->nonzeros, 1, 1, &centred));
    RITZ_TRY_OUT(ritz_op_gather_cols(s, A->forward.indices, ritz_t(mean), ritz_t(centred)));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, values, -1.0, centred));
    RITZ_TRY_OUT(ritz_op_sumsq(s, ritz_t(centred), out));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_algo_spmat_centred_sumsq(ritz_stream *s, const ritz_spmat *A, ritz_dmat mean,
                                          ritz_dmat out)
{
    if (A->rows == 0 || A->cols == 0) return ritz_op_fill(s, 0.0, out);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat gaps, other;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, A->cols, 1, 1, &gaps));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &other));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, A->gaps, ritz_t(mean), ritz_t(gaps)));
    RITZ_TRY_OUT(ritz_op_sumsq(s, gaps, out));
    RITZ_TRY_OUT(stored_sumsq(s, A, mean, other));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, other, 1.0, out));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Y = Y - 1 (μᵀ X). */
static ritz_status subtract_from_rows(ritz_stream *s, ritz_dmat mean, ritz_dmat X, ritz_dmat Y)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat factor, row, exact;
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, mean.rows, 1, 1, &factor));
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, X.cols, 1, 1, &row));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, X.cols, 1, 1, &exact));
    RITZ_TRY_OUT(ritz_op_copy(s, mean, factor));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(X), factor, 0.0, row));
    RITZ_TRY_OUT(ritz_op_copy(s, row, exact));
    RITZ_TRY_OUT(ritz_op_add_row(s, -1.0, exact, Y, Y));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Y = Y - μ (1ᵀ X). */
static ritz_status subtract_outer(ritz_stream *s, ritz_dmat mean, ritz_dmat X, ritz_dmat Y)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat sums, left, right;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, X.cols, 1, 1, &sums));
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, mean.rows, 1, 1, &left));
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, X.cols, 1, 1, &right));
    RITZ_TRY_OUT(ritz_op_col_sums(s, X, sums));
    RITZ_TRY_OUT(ritz_op_copy(s, mean, left));
    RITZ_TRY_OUT(ritz_op_copy(s, sums, right));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, left, ritz_t(right), 1.0, Y));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_algo_spmm_centred(ritz_stream *s, int transposed, const ritz_spmat *A,
                                   ritz_dmat mean, ritz_dmat X, ritz_dmat Y)
{
    RITZ_TRY(ritz_algo_spmm(s, transposed, 1.0, A, X, 0.0, Y));
    return transposed ? subtract_outer(s, mean, X, Y) : subtract_from_rows(s, mean, X, Y);
}
