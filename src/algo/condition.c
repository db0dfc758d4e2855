/* Estimate of κ₁(A) = ‖A‖₁ ‖A⁻¹‖₁ from a factorization of A.
 *
 * ‖A⁻¹ x‖₁ is convex in x, so over the unit ball it is largest at a unit vector. From a start, the
 * method of Hager goes uphill: with y = A⁻¹ x and s the signs of y, the gradient is z = A⁻ᵀ s, and
 * the next x is the unit vector where z is largest. Each ‖A⁻¹ x‖₁ with ‖x‖₁ = 1 is a lower bound,
 * and the best is kept, so a fixed number of steps does no harm where fewer would do: nobody looks
 * at the values in between. There are two starts, of ones and of random signs (the second keeps a
 * matrix from being made for the first); both go uphill side by side.
 *
 * The right-hand sides are in the scale of A, where solutions neither overflow nor underflow: with
 * d = ‖A‖₁/n they are d x for unit vectors x, d/n times signs at the start, and κ₁ is n times the
 * largest sum.
 *
 * Source: Hager, Condition estimates, SIAM J. Sci. Stat. Comput. 5, 1984; Higham, Accuracy and
 * Stability of Numerical Algorithms, 2nd ed. 2002, section 15.3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"
#include "core/random_maps.h"

enum { STARTS = 2, ASCENTS = 2 };

/* How to solve with a factored A. */
struct factored {
    ritz_uplo uplo;   /* Cholesky: the triangle of F */
    ritz_dmat F;      /* n x n; one, or one for each item */
    ritz_dmat pivots; /* LU; RITZ_NO_MAT: Cholesky */
    int triangular;   /* A is F, upper triangular */
};

static ritz_status solve(ritz_stream *s, const struct factored *f, int transposed, ritz_dmat X)
{
    if (f->triangular)
        return ritz_op_trsm(s, RITZ_LEFT, transposed ? RITZ_LOWER : RITZ_UPPER, RITZ_NON_UNIT, 1.0,
                            transposed ? ritz_t(f->F) : f->F, X);
    if (!ritz_present(f->pivots)) return ritz_algo_cholesky_substitute(s, f->uplo, f->F, X);
    return ritz_algo_lu_substitute(s, transposed, f->F, f->pivots, X);
}

/* norm = ‖A‖₁, 1 x 1 F64 per item. */
static ritz_status norm_one(ritz_stream *s, ritz_dmat A, ritz_dmat norm)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat sums;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, A.cols, 1, norm.batch, &sums));
    RITZ_TRY_OUT(ritz_op_abs_sums(s, A, sums));
    RITZ_TRY_OUT(ritz_op_max_abs(s, sums, norm));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The columns of X: d/n times ones, and times signs that are the same in each item. */
static ritz_status start(ritz_stream *s, ritz_dmat d, ritz_dmat X)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat signs;
    ritz_dmat stacked = X; /* the columns of an item as one, for its one d */
    stacked.rows = X.rows * STARTS;
    stacked.cols = 1;
    stacked.ld = stacked.rows;
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, X.rows, 1, 1, &signs));
    RITZ_TRY_OUT(ritz_op_random_fill(s, RITZ_RADEMACHER, 0, RITZ_STREAM_WORD(RITZ_RANDOM_PROBE, 0),
                                     0, 0, signs));
    RITZ_TRY_OUT(ritz_op_fill(s, 1.0, ritz_cols(X, 0, 1)));
    RITZ_TRY_OUT(ritz_op_copy(s, signs, ritz_cols(X, 1, 1)));
    RITZ_TRY_OUT(ritz_op_scale(s, 1.0 / (double)X.rows, X));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, d, stacked, stacked));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* entries: κ₁ of each item, 1 x 1 F64; NaN where A or one of the F64 numbers `witness` (1 x 1 per
 * item, or RITZ_NO_MAT) is not finite. */
static ritz_status estimate(ritz_stream *s, const struct factored *f, ritz_dmat A,
                            ritz_dmat witness, ritz_dmat entries)
{
    const int64_t n = A.rows, batch = entries.batch;
    ritz_dmat d, best, X, flags;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, batch, &d));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, STARTS, 1, batch, &best));
    RITZ_TRY(ritz_work_dmat(s, f->F.dtype, RITZ_COL_MAJOR, n, STARTS, batch, &X));
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, batch, 1, 1, &flags));
    RITZ_TRY(ritz_op_fill(s, 0.0, flags));
    RITZ_TRY(ritz_op_fill(s, 0.0, best));
    RITZ_TRY(norm_one(s, A, d));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, d, flags));
    if (ritz_present(witness)) RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, witness, flags));
    RITZ_TRY(ritz_op_scale(s, 1.0 / (double)n, d));
    RITZ_TRY(start(s, d, X));
    RITZ_TRY(solve(s, f, 0, X));
    RITZ_TRY(ritz_op_probe_cols(s, 0, d, X, best));
    for (int ascent = 0; ascent < ASCENTS; ascent++) {
        RITZ_TRY(solve(s, f, 1, X));
        RITZ_TRY(ritz_op_probe_cols(s, 1, d, X, best));
        RITZ_TRY(solve(s, f, 0, X));
        RITZ_TRY(ritz_op_probe_cols(s, 0, d, X, best));
    }
    RITZ_TRY(ritz_op_max_abs(s, best, entries));
    RITZ_TRY(ritz_op_scale(s, (double)n, entries));
    return ritz_op_poison(s, RITZ_BOTH, flags, entries);
}

/* What both functions ask of A and of the factor, whose batch is at most that of A. */
static ritz_status check(const ritz_stream *s, ritz_dmat A, ritz_dmat F, const char *name,
                         ritz_dmat cond)
{
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_input(s, F, name));
    RITZ_TRY(ritz_check_real(F, name));
    RITZ_TRY(ritz_check_same_dtype(A, "A", F, name));
    RITZ_TRY(ritz_check_square(F, name));
    RITZ_TRY(ritz_check_shape(A, "A", F.rows, F.cols, "the shape of its factor"));
    RITZ_TRY(ritz_algo_check_scalars(s, cond, "cond", RITZ_F64, F.batch, 1, RITZ_NO_MAT));
    RITZ_TRY(ritz_check_batch(A, "A", F.batch, 1));
    RITZ_TRY(ritz_check_no_overlap(cond, "cond", A, "A"));
    return ritz_check_no_overlap(cond, "cond", F, name);
}

ritz_status ritz_lu_condition(ritz_stream *s, ritz_dmat A, ritz_dmat LU, ritz_dmat pivots,
                              ritz_dmat cond)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check(s, A, LU, "LU", cond));
    RITZ_TRY(ritz_algo_check_pivots(s, pivots, LU.rows, LU.batch, 0));
    RITZ_TRY(ritz_check_no_overlap(cond, "cond", pivots, "pivots"));
    if (LU.batch == 0) return RITZ_OK;
    if (LU.rows == 0) return ritz_op_fill(s, 0.0, cond);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    const struct factored f = {RITZ_LOWER, LU, pivots, 0};
    const ritz_status rc =
        estimate(s, &f, ritz_broadcast(A, LU.batch), RITZ_NO_MAT, ritz_algo_scalar_items(cond));
    ritz_work_release(s, mark);
    return rc;
}

/* W = the whole symmetric matrix. */
static ritz_status symmetric_copy(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat *W)
{
    RITZ_TRY(ritz_work_dmat(s, A.dtype, A.layout, A.rows, A.cols, A.batch, W));
    RITZ_TRY(ritz_op_tri_copy(s, uplo, A, *W));
    return ritz_op_mirror(s, uplo, *W);
}

ritz_status ritz_cholesky_condition(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat L,
                                    ritz_dmat cond)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_algo_check_triangle(uplo, RITZ_ERR_ARGUMENT));
    RITZ_TRY(check(s, A, L, "L", cond));
    if (L.batch == 0) return RITZ_OK;
    if (L.rows == 0) return ritz_op_fill(s, 0.0, cond);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    const struct factored f = {uplo, L, RITZ_NO_MAT, 0};
    ritz_status rc;
    ritz_dmat W, witness, logs;
    RITZ_TRY_OUT(symmetric_copy(s, uplo, A.batch_stride == 0 ? ritz_item(A, 0) : A, &W));
    /* The factor of an item that failed is NaN, also where A is not. */
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, L.batch, 1, 1, &witness));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, L.batch, 1, 1, &logs));
    RITZ_TRY_OUT(ritz_op_log_diag(s, L, RITZ_NO_MAT, witness, logs));
    RITZ_TRY_OUT(estimate(s, &f, ritz_broadcast(W, L.batch), ritz_algo_scalar_items(witness),
                          ritz_algo_scalar_items(cond)));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_algo_triangular_condition(ritz_stream *s, ritz_dmat R, ritz_dmat cond)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const struct factored f = {RITZ_UPPER, R, RITZ_NO_MAT, 1};
    const ritz_status rc = estimate(s, &f, R, RITZ_NO_MAT, cond);
    ritz_work_release(s, mark);
    return rc;
}
