/* Matrix norms, one an item.
 *
 *     Frobenius  sqrt(sum a²), the squares scaled where they leave the range
 *     one        the largest column sum of moduli;  infinity: of Aᵀ
 *     max        the largest modulus
 *     two        s_1;  nuclear: s_1 + ... + s_k
 *
 * Sums and maxima carry NaN and infinities by themselves. An SVD does not: there, items that are
 * not finite are set to zero, and what they are is added to their norm.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, sections 2.3 and 2.4; Blue, A
 * portable Fortran program to find the Euclidean norm of a vector, ACM TOMS 4, 1978.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

static ritz_status largest_column_sum(ritz_stream *s, ritz_dmat A, ritz_dmat norm)
{
    ritz_dmat sums;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, A.cols, 1, A.batch, &sums));
    RITZ_TRY(ritz_op_abs_sums(s, A, sums));
    return ritz_op_max_abs(s, sums, norm);
}

/* 0 for an item that is finite, else infinity or NaN. */
static ritz_status nonfinite_part(ritz_stream *s, ritz_dmat A, ritz_dmat part)
{
    RITZ_TRY(ritz_op_max_abs(s, A, part));
    for (int i = 0; i < 3; i++) /* the largest float64 is below 2^1024 */
        RITZ_TRY(ritz_op_scale(s, 0x1p-1000, part));
    return RITZ_OK;
}

/* s_1, or the sum of the singular values. */
static ritz_status value_norm(ritz_stream *s, ritz_norm_kind kind, ritz_dmat A, ritz_dmat norm)
{
    struct ritz_verdict v, guarded;
    ritz_dmat W, S, value;
    RITZ_TRY(ritz_algo_verdict_open(s, A.batch, &v));
    RITZ_TRY(ritz_algo_verdict_open(s, A.batch, &guarded));
    RITZ_TRY(ritz_work_dmat(s, A.dtype, A.layout, A.rows, A.cols, A.batch, &W));
    RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, min_i64(A.rows, A.cols), 1, A.batch, &S));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, A.batch, &value));

    RITZ_TRY(ritz_op_copy(s, A, W));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, W, guarded.flags));
    RITZ_TRY(ritz_algo_svd_thin(s, W, RITZ_NO_MAT, S, RITZ_NO_MAT, v));
    if (kind == RITZ_NORM_TWO)
        RITZ_TRY(ritz_op_copy(s, ritz_row_range(S, 0, 1), value));
    else
        RITZ_TRY(ritz_op_abs_sums(s, S, value));
    RITZ_TRY(nonfinite_part(s, A, norm));
    return ritz_op_axpby(s, 1.0, value, 1.0, norm);
}

static ritz_status norm_of(ritz_stream *s, ritz_norm_kind kind, ritz_dmat A, ritz_dmat norm)
{
    switch (kind) {
    case RITZ_NORM_FROBENIUS: return ritz_op_frobenius(s, A, norm);
    case RITZ_NORM_ONE: return largest_column_sum(s, A, norm);
    case RITZ_NORM_INFINITY: return largest_column_sum(s, ritz_t(A), norm);
    case RITZ_NORM_MAX: return ritz_op_max_abs(s, A, norm);
    case RITZ_NORM_TWO:
    case RITZ_NORM_NUCLEAR: break;
    }
    return value_norm(s, kind, A, norm);
}

ritz_status ritz_norm(ritz_stream *s, ritz_norm_kind kind, ritz_dmat A, ritz_dmat norm)
{
    RITZ_ENTER(s, &A);
    RITZ_REQUIRE((int)kind >= RITZ_NORM_FROBENIUS && (int)kind <= RITZ_NORM_NUCLEAR,
                 RITZ_ERR_ARGUMENT, "kind is %d; there is no such norm", (int)kind);
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_algo_check_scalars(s, norm, "norm", RITZ_F64, A.batch, 1, A));
    if (A.batch == 0) return RITZ_OK;
    if (ritz_empty(A)) return ritz_op_fill(s, 0.0, norm);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_status rc = norm_of(s, kind, A, ritz_algo_scalar_items(norm));
    ritz_work_release(s, mark);
    return rc;
}
