/* Matrix products and triangular solves: checks, then one operation of the backend each.
 *
 *     gemm  C = alpha A B + beta C        A m x k, B k x n
 *     syrk  C = alpha A Aᵀ + beta C       A n x k, C symmetric
 *     trsm  A X = alpha B, X A = alpha B  A triangular
 *
 * Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, sections 3.5 and
 * 8.1.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

/* The table of (A, B, C): one real type for all, or two equal halves summed in float32. */
static ritz_status check_gemm_dtypes(ritz_dmat A, ritz_dmat B, ritz_dmat C)
{
    const int real = C.dtype == RITZ_F32 || C.dtype == RITZ_F64;
    const int half = A.dtype == RITZ_F16 || A.dtype == RITZ_BF16;
    const int same = real && A.dtype == C.dtype;
    RITZ_REQUIRE(A.dtype == B.dtype && (same || (half && C.dtype == RITZ_F32)), RITZ_ERR_DTYPE,
                 "A is %s, B is %s and C is %s; the combinations are all float32, all float64, or "
                 "A and B both float16 or both bfloat16 with C float32",
                 ritz_dtype_name(A.dtype), ritz_dtype_name(B.dtype), ritz_dtype_name(C.dtype));
    return RITZ_OK;
}

ritz_status ritz_gemm(ritz_stream *s, double alpha, ritz_dmat A, ritz_dmat B, double beta,
                      ritz_dmat C)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_input(s, B, "B"));
    RITZ_TRY(ritz_check_output(s, C, "C"));
    RITZ_TRY(check_gemm_dtypes(A, B, C));
    RITZ_REQUIRE(A.cols == B.rows, RITZ_ERR_SHAPE,
                 "A is %" PRId64 " x %" PRId64 " and B is %" PRId64 " x %" PRId64
                 "; inner dimensions %" PRId64 " and %" PRId64 " differ",
                 A.rows, A.cols, B.rows, B.cols, A.cols, B.rows);
    RITZ_TRY(ritz_check_shape(C, "C", A.rows, B.cols, "C must be rows of A x columns of B"));
    RITZ_TRY(ritz_check_batch(A, "A", C.batch, 1));
    RITZ_TRY(ritz_check_batch(B, "B", C.batch, 1));
    RITZ_TRY(ritz_check_no_overlap(C, "C", A, "A"));
    RITZ_TRY(ritz_check_no_overlap(C, "C", B, "B"));
    if (ritz_empty(C)) return RITZ_OK;
    return ritz_op_gemm(s, alpha, A, B, beta, C);
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

ritz_status ritz_trsm(ritz_stream *s, ritz_side side, ritz_uplo uplo, ritz_diag diag, double alpha,
                      ritz_dmat A, ritz_dmat B)
{
    RITZ_ENTER(s, &A);
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
    RITZ_TRY(ritz_check_no_overlap(B, "B", A, "A"));
    if (ritz_empty(B)) return RITZ_OK;
    return ritz_op_trsm(s, side, uplo, diag, alpha, A, B);
}
