/* Matrix products and triangular solves: checks, then operations of the backend.
 *
 *     gemm       C = alpha A B + beta C                 A m x k, B k x n
 *     gemm_bias  C = alpha A B diag(scale) + 1 biasᵀ    bias first, as the product 1 biasᵀ
 *     syrk       C = alpha A Aᵀ + beta C                A n x k, C symmetric
 *     trsm       A X = alpha B, X A = alpha B           A triangular
 *     trmm       B = alpha A B, B = alpha B A           A triangular
 *
 * Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, sections 3.5 and
 * 8.1.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

/* The table of (A, B, C): one real type for all, or two equal halves summed in float32. */
static ritz_status check_gemm_dtypes(ritz_dmat A, const char *a, ritz_dmat B, const char *b,
                                     ritz_dmat C, const char *c)
{
    const int real = C.dtype == RITZ_F32 || C.dtype == RITZ_F64;
    const int half = A.dtype == RITZ_F16 || A.dtype == RITZ_BF16;
    const int same = real && A.dtype == C.dtype;
    RITZ_REQUIRE(A.dtype == B.dtype && (same || (half && C.dtype == RITZ_F32)), RITZ_ERR_DTYPE,
                 "%s is %s, %s is %s and %s is %s; the combinations are all float32, all float64, "
                 "or A and B both float16 or both bfloat16 with C float32",
                 a, ritz_dtype_name(A.dtype), b, ritz_dtype_name(B.dtype), c,
                 ritz_dtype_name(C.dtype));
    return RITZ_OK;
}

ritz_status ritz_algo_check_gemm(const ritz_stream *s, ritz_dmat A, const char *a, ritz_dmat B,
                                 const char *b, ritz_dmat C, const char *c)
{
    RITZ_TRY(ritz_check_input(s, A, a));
    RITZ_TRY(ritz_check_input(s, B, b));
    RITZ_TRY(ritz_check_output(s, C, c));
    RITZ_TRY(check_gemm_dtypes(A, a, B, b, C, c));
    RITZ_REQUIRE(A.cols == B.rows, RITZ_ERR_SHAPE,
                 "%s is %" PRId64 " x %" PRId64 " and %s is %" PRId64 " x %" PRId64
                 "; inner dimensions %" PRId64 " and %" PRId64 " differ",
                 a, A.rows, A.cols, b, B.rows, B.cols, A.cols, B.rows);
    RITZ_TRY(ritz_check_shape(C, c, A.rows, B.cols, "C must be rows of A x columns of B"));
    RITZ_TRY(ritz_check_batch(A, a, C.batch, 1));
    RITZ_TRY(ritz_check_batch(B, b, C.batch, 1));
    RITZ_TRY(ritz_check_no_overlap(C, c, A, a));
    return ritz_check_no_overlap(C, c, B, b);
}

ritz_status ritz_gemm(ritz_stream *s, double alpha, ritz_dmat A, ritz_dmat B, double beta,
                      ritz_dmat C)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_algo_check_gemm(s, A, "A", B, "B", C, "C"));
    if (ritz_empty(C)) return RITZ_OK;
    return ritz_op_gemm(s, alpha, A, B, beta, C);
}

/* A vector with an entry for each column of C, if there is one. */
static ritz_status check_columns(const ritz_stream *s, ritz_dmat x, const char *name, ritz_dmat C)
{
    if (!ritz_present(x)) return RITZ_OK;
    RITZ_TRY(ritz_check_input(s, x, name));
    RITZ_TRY(ritz_check_same_dtype(C, "C", x, name));
    RITZ_TRY(ritz_check_shape(x, name, C.cols, 1, "one entry a column of C"));
    RITZ_TRY(ritz_check_batch(x, name, C.batch, 1));
    return ritz_check_no_overlap(C, "C", x, name);
}

/* W = B diag(scale), of as few items as these have. */
static ritz_status scaled_columns(ritz_stream *s, ritz_dmat B, ritz_dmat scale, ritz_dmat *W)
{
    const int64_t batch = B.batch > scale.batch ? B.batch : scale.batch;
    RITZ_TRY(ritz_work_dmat(s, B.dtype, B.layout, B.rows, B.cols, batch, W));
    return ritz_op_scale_cols(s, 0, scale, B, *W);
}

/* C = 1 biasᵀ, written once. */
static ritz_status spread_bias(ritz_stream *s, ritz_dmat bias, ritz_dmat C)
{
    ritz_dmat ones;
    RITZ_TRY(ritz_work_dmat(s, C.dtype, RITZ_COL_MAJOR, C.rows, 1, 1, &ones));
    RITZ_TRY(ritz_op_fill(s, 1.0, ones));
    return ritz_op_gemm(s, 1.0, ones, ritz_t(bias), 0.0, C);
}

ritz_status ritz_gemm_bias(ritz_stream *s, double alpha, ritz_dmat A, ritz_dmat B, ritz_dmat scale,
                           ritz_dmat bias, ritz_dmat C)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_algo_check_gemm(s, A, "A", B, "B", C, "C"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(check_columns(s, scale, "scale", C));
    RITZ_TRY(check_columns(s, bias, "bias", C));
    if (ritz_empty(C)) return RITZ_OK;

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    if (ritz_present(bias)) RITZ_TRY_OUT(spread_bias(s, bias, C));
    if (ritz_present(scale) && alpha != 0.0 && A.cols > 0)
        RITZ_TRY_OUT(scaled_columns(s, B, scale, &B));
    RITZ_TRY_OUT(ritz_op_gemm(s, alpha, A, B, ritz_present(bias) ? 1.0 : 0.0, C));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_syrk(ritz_stream *s, ritz_uplo uplo, double alpha, ritz_dmat A, double beta,
                      ritz_dmat C)
{
    RITZ_ENTER(s, &A);
    RITZ_REQUIRE(uplo == RITZ_LOWER || uplo == RITZ_UPPER || uplo == RITZ_BOTH, RITZ_ERR_ARGUMENT,
                 "uplo is %d; it must be RITZ_LOWER, RITZ_UPPER or RITZ_BOTH", (int)uplo);
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_output(s, C, "C"));
    RITZ_TRY(ritz_check_real(C, "C"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", C, "C"));
    RITZ_TRY(ritz_check_shape(C, "C", A.rows, A.rows, "C must be rows of A x rows of A"));
    RITZ_TRY(ritz_check_batch(A, "A", C.batch, 1));
    RITZ_TRY(ritz_check_no_overlap(C, "C", A, "A"));
    if (ritz_empty(C)) return RITZ_OK;
    if (uplo != RITZ_BOTH) return ritz_op_syrk(s, uplo, alpha, A, beta, C);
    RITZ_TRY(ritz_op_syrk(s, RITZ_LOWER, alpha, A, beta, C));
    return ritz_op_mirror(s, RITZ_LOWER, C);
}

/* What ritz_trsm and ritz_trmm ask of their arguments. */
static ritz_status check_triangular(const ritz_stream *s, ritz_side side, ritz_uplo uplo,
                                    ritz_diag diag, ritz_dmat A, ritz_dmat B)
{
    RITZ_REQUIRE(side == RITZ_LEFT || side == RITZ_RIGHT, RITZ_ERR_ARGUMENT,
                 "side is %d; it must be RITZ_LEFT or RITZ_RIGHT", (int)side);
    RITZ_TRY(ritz_algo_check_triangle(uplo, RITZ_ERR_ARGUMENT));
    RITZ_REQUIRE(diag == RITZ_NON_UNIT || diag == RITZ_UNIT, RITZ_ERR_ARGUMENT,
                 "diag is %d; it must be RITZ_NON_UNIT or RITZ_UNIT", (int)diag);
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_output(s, B, "B"));
    RITZ_TRY(ritz_check_real(B, "B"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", B, "B"));
    RITZ_TRY(ritz_check_square(A, "A"));
    RITZ_REQUIRE(A.rows == (side == RITZ_LEFT ? B.rows : B.cols), RITZ_ERR_SHAPE,
                 "A is %" PRId64 " x %" PRId64 " and B is %" PRId64 " x %" PRId64
                 "; with A on the %s, B must have as many %s as A",
                 A.rows, A.cols, B.rows, B.cols, side == RITZ_LEFT ? "left" : "right",
                 side == RITZ_LEFT ? "rows" : "columns");
    RITZ_TRY(ritz_check_batch(A, "A", B.batch, 1));
    return ritz_check_no_overlap(B, "B", A, "A");
}

ritz_status ritz_trsm(ritz_stream *s, ritz_side side, ritz_uplo uplo, ritz_diag diag, double alpha,
                      ritz_dmat A, ritz_dmat B)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_triangular(s, side, uplo, diag, A, B));
    if (ritz_empty(B)) return RITZ_OK;
    return ritz_op_trsm(s, side, uplo, diag, alpha, A, B);
}

ritz_status ritz_trmm(ritz_stream *s, ritz_side side, ritz_uplo uplo, ritz_diag diag, double alpha,
                      ritz_dmat A, ritz_dmat B)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_triangular(s, side, uplo, diag, A, B));
    if (ritz_empty(B)) return RITZ_OK;
    return ritz_op_trmm(s, side, uplo, diag, alpha, A, B);
}
