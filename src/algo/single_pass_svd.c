/* The leading singular triplets from the sketches of a single pass.
 *
 *     Q = orth(Y),  P = orth(Xᵀ)
 *     C = (Phi Q)⁺ Z ((Psi P)⁺)ᵀ       so that A ≈ Q C Pᵀ
 *     C = U_C diag(S) V_Cᵀ,  U = Q U_C,  V = P V_C, the leading k of them
 *
 * For s >= 2l + 1 and every r < l - 1, with τ² the sum of the squares of all singular values but
 * the r largest (theorem 5.1),
 *
 *     E ‖A - Q C Pᵀ‖_F² <= (s - 1)/(s - l - 1) (l + r - 1)/(l - r - 1) τ²
 *
 * The pseudoinverses go through the QR factorizations of Phi Q and Psi P, well-conditioned with
 * overwhelming probability for such s. Where one is not (s close to l), substitution could return
 * anything, so the triangular factor's own pseudoinverse is used: singular values below rounding
 * are dropped. The host looks at the two condition numbers.
 *
 * Error: with Theta (10 x m) of independent standard normal elements E ‖Theta B‖_F² = 10 ‖B‖_F² for
 * every B that does not depend on Theta (section 6), here A and A - U diag(S) Vᵀ.
 *
 * Source: Tropp, Yurtsever, Udell and Cevher, Streaming low-rank matrix approximation with an
 * application to scientific simulation, SIAM J. Sci. Comput. 41(4), 2019.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/single_pass.h"

/* From this condition number on, Phi Q and Psi P are not trusted to substitution. */
#define LARGEST_CONDITION 1e6

/* What the reconstruction works with: all in the workspace. */
struct reconstruction {
    struct ritz_verdict v;
    ritz_dmat Q, P;         /* m x l, n x l: the bases */
    ritz_dmat probed_Q;     /* 10 x l: Theta Q */
    ritz_dmat E;            /* 10 x n: Theta A, guarded */
    ritz_dmat C;            /* l x l */
    ritz_dmat S;            /* l x 1 */
    ritz_dmat U_C, V_C;     /* l x k */
    double range_condition; /* of Phi Q */
    double corange_condition;
};

/* ---- the core ---------------------------------------------------------------------------- */

/* X = R⁺ X for upper triangular R whose condition is past substitution. */
static ritz_status multiply_pseudoinverse(ritz_stream *s, ritz_dmat R, double rtol, ritz_dmat X)
{
    const int64_t l = R.rows;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    ritz_dmat U, S, V, W;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, 1, &v));
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, l, l, 1, &U));
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, l, 1, 1, &S));
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, l, l, 1, &V));
    RITZ_TRY_OUT(ritz_work_dmat(s, R.dtype, RITZ_COL_MAJOR, l, X.cols, 1, &W));
    RITZ_TRY_OUT(ritz_algo_svd(s, R, U, S, V, v.flags, v.info));
    RITZ_TRY_OUT(ritz_op_cut_values(s, rtol, 0.0, S, RITZ_NO_MAT, RITZ_NO_MAT));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(U), X, 0.0, W));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 1, S, ritz_t(W), ritz_t(W)));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, V, W, 0.0, X));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status fetch_condition(ritz_stream *s, ritz_dmat R, double *condition)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat cond;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &cond));
    RITZ_TRY_OUT(ritz_algo_triangular_condition(s, R, cond));
    RITZ_TRY_OUT(ritz_algo_fetch(s, cond, condition));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* X (l x c) = G⁺ B for G s x l, B s x c. Waits for the condition of G. */
static ritz_status solve(ritz_stream *s, ritz_dmat G, ritz_dmat B, ritz_dmat X, double *condition)
{
    const double rtol = 2.0 * ritz_algo_roundoff(G.dtype) * (double)G.rows;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat F, R;
    RITZ_TRY_OUT(ritz_work_dmat(s, G.dtype, RITZ_COL_MAJOR, G.rows, G.cols, 1, &F));
    RITZ_TRY_OUT(ritz_work_dmat(s, G.dtype, RITZ_COL_MAJOR, G.cols, G.cols, 1, &R));
    RITZ_TRY_OUT(ritz_algo_qr(s, G, F, R));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(F), B, 0.0, X));
    RITZ_TRY_OUT(fetch_condition(s, R, condition));
    if (*condition <= LARGEST_CONDITION)
        RITZ_TRY_OUT(ritz_op_trsm(s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, R, X));
    else
        RITZ_TRY_OUT(multiply_pseudoinverse(s, R, rtol, X));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Orthonormal bases of the ranges of Y and Xᵀ, and a copy of E; what is not finite is flagged. */
static ritz_status take_sketches(ritz_stream *s, const struct ritz_single_pass *sp,
                                 struct reconstruction *r)
{
    const int64_t l = sp->range_size;
    RITZ_TRY(ritz_op_copy(s, sp->Y, r->Q));
    RITZ_TRY(ritz_op_copy(s, ritz_t(ritz_row_range(sp->XE, 0, l)), r->P));
    RITZ_TRY(ritz_op_copy(s, ritz_row_range(sp->XE, l, SINGLE_PASS_PROBES), r->E));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, r->Q, r->v.flags));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, r->P, r->v.flags));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, r->E, r->v.flags));
    RITZ_TRY(ritz_algo_orth(s, r->Q));
    return ritz_algo_orth(s, r->P);
}

static ritz_status make_core(ritz_stream *s, const struct ritz_single_pass *sp,
                             struct reconstruction *r)
{
    const int64_t l = sp->range_size, core = sp->core_size;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat left, right, Z, half; /* half: (Phi Q)⁺ Z, l x s */
    RITZ_TRY_OUT(
        ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, SINGLE_PASS_PROBES + core, l, 1, &left));
    RITZ_TRY_OUT(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, core, l, 1, &right));
    RITZ_TRY_OUT(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, core, core, 1, &Z));
    RITZ_TRY_OUT(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, l, core, 1, &half));
    RITZ_TRY_OUT(single_pass_sketch_left(s, sp, r->Q, left));
    RITZ_TRY_OUT(single_pass_sketch_right(s, sp, r->P, right));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_row_range(left, 0, SINGLE_PASS_PROBES), r->probed_Q));
    RITZ_TRY_OUT(ritz_op_copy(s, sp->Z, Z));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, Z, r->v.flags));
    RITZ_TRY_OUT(
        solve(s, ritz_row_range(left, SINGLE_PASS_PROBES, core), Z, half, &r->range_condition));
    RITZ_TRY_OUT(solve(s, right, ritz_t(half), ritz_t(r->C), &r->corange_condition));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the triplets ------------------------------------------------------------------------ */

static ritz_status open_reconstruction(ritz_stream *s, const struct ritz_single_pass *sp, int64_t k,
                                       struct reconstruction *r)
{
    const int64_t l = sp->range_size;
    RITZ_TRY(ritz_algo_verdict_open(s, 1, &r->v));
    RITZ_TRY(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, sp->rows, l, 1, &r->Q));
    RITZ_TRY(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, sp->cols, l, 1, &r->P));
    RITZ_TRY(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, SINGLE_PASS_PROBES, l, 1, &r->probed_Q));
    RITZ_TRY(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, SINGLE_PASS_PROBES, sp->cols, 1, &r->E));
    RITZ_TRY(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, l, l, 1, &r->C));
    RITZ_TRY(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, l, 1, 1, &r->S));
    RITZ_TRY(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, l, k, 1, &r->U_C));
    return ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, l, k, 1, &r->V_C);
}

/* U and V from the factors of the core; the signs go by V. */
static ritz_status deliver(ritz_stream *s, const struct reconstruction *r, ritz_dmat U, ritz_dmat S,
                           ritz_dmat V)
{
    RITZ_TRY(ritz_op_copy(s, ritz_row_range(r->S, 0, S.rows), S));
    if (ritz_present(U)) RITZ_TRY(ritz_op_gemm(s, 1.0, r->Q, r->U_C, 0.0, U));
    RITZ_TRY(ritz_op_gemm(s, 1.0, r->P, r->V_C, 0.0, V));
    RITZ_TRY(ritz_op_sign_cols(s, V, U));
    if (ritz_present(U)) RITZ_TRY(ritz_op_poison(s, RITZ_BOTH, r->v.info, U));
    return ritz_op_poison(s, RITZ_BOTH, r->v.info, V);
}

/* ---- the report -------------------------------------------------------------------------- */

/* The figures are squares of ‖Theta B‖_F: the norm of A stands for itself, and the report takes the
 * mean over its probes as the square of the error. E is overwritten. */
static ritz_status take_figures(ritz_stream *s, const struct reconstruction *r, int64_t k,
                                ritz_dmat figures)
{
    const ritz_dmat norm = ritz_row_range(figures, RITZ_FIGURE_NORM, 1);
    const ritz_dmat residual = ritz_row_range(figures, RITZ_FIGURE_RESIDUALS, 1);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat T, B; /* Theta U diag(S), 10 x k; that times V_Cᵀ, 10 x l */
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, r->v.info, r->E));
    RITZ_TRY_OUT(ritz_op_sumsq(s, r->E, norm));
    RITZ_TRY_OUT(ritz_op_scale(s, 1.0 / SINGLE_PASS_PROBES, norm));

    RITZ_TRY_OUT(ritz_work_dmat(s, r->E.dtype, RITZ_COL_MAJOR, SINGLE_PASS_PROBES, k, 1, &T));
    RITZ_TRY_OUT(
        ritz_work_dmat(s, r->E.dtype, RITZ_COL_MAJOR, SINGLE_PASS_PROBES, r->P.cols, 1, &B));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, r->probed_Q, r->U_C, 0.0, T));
    RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, ritz_row_range(r->S, 0, k), T, T));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, T, ritz_t(r->V_C), 0.0, B));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, B, ritz_t(r->P), 1.0, r->E));
    RITZ_TRY_OUT(ritz_op_sumsq(s, r->E, residual));
    RITZ_TRY_OUT(ritz_op_scale(s, (double)RITZ_SKETCH_PROBES / SINGLE_PASS_PROBES, residual));
out:
    ritz_work_release(s, mark);
    return rc;
}

static void write_warning(const struct ritz_single_pass *sp, const struct reconstruction *r,
                          ritz_sketch_report *known)
{
    const int by_range = !(r->range_condition <= r->corange_condition);
    const double worst = by_range ? r->range_condition : r->corange_condition;
    if (worst <= LARGEST_CONDITION) return;
    ritz_algo_append(known->warning, sizeof known->warning,
                     "%s has the condition number %.1e: the core was found through its singular "
                     "values, and the error may be large; take core_size >= %" PRId64
                     " = 2 range_size + 1, or another seed.",
                     by_range ? "Phi Q" : "Psi P", worst, 2 * sp->range_size + 1);
}

static ritz_status make_report(ritz_stream *s, const struct ritz_single_pass *sp,
                               const struct reconstruction *r, int64_t k,
                               ritz_sketch_report *report)
{
    const ritz_linop op = {
        .kind = RITZ_LINOP_DENSE, .dtype = sp->dtype, .rows = sp->rows, .cols = sp->cols};
    ritz_sketch_report known = {
        .rank = k, .sample_size = sp->range_size, .kind = RITZ_ERROR_ESTIMATE};
    ritz_dmat figures;
    write_warning(sp, r, &known);
    RITZ_TRY(ritz_algo_figures_open(s, &figures));
    RITZ_TRY(take_figures(s, r, k, figures));
    return ritz_algo_sketch_report_values(s, &op, &known, figures, NULL, r->S, report);
}

/* ---- the public function ----------------------------------------------------------------- */

static ritz_status check_vectors(const ritz_stream *s, ritz_dmat X, const char *name, ritz_dmat S,
                                 int64_t rows, const char *shape)
{
    if (!ritz_present(X)) return RITZ_OK;
    RITZ_TRY(ritz_check_output(s, X, name));
    RITZ_TRY(ritz_check_single(X, name));
    RITZ_TRY(ritz_check_same_dtype(X, name, S, "S"));
    RITZ_TRY(ritz_check_shape(X, name, rows, S.rows, shape));
    return ritz_check_no_overlap(X, name, S, "S");
}

static ritz_status check_outputs(const ritz_stream *s, const struct ritz_single_pass *sp,
                                 ritz_dmat U, ritz_dmat S, ritz_dmat V)
{
    RITZ_TRY(ritz_check_output(s, S, "S"));
    RITZ_TRY(ritz_check_single(S, "S"));
    RITZ_TRY(ritz_check_same_dtype(S, "S", sp->Y, "the sketches"));
    RITZ_TRY(ritz_check_shape(S, "S", S.rows, 1, "S must be k x 1"));
    RITZ_REQUIRE(S.rows <= sp->rank, RITZ_ERR_SHAPE,
                 "S asks for %" PRId64 " singular values and the sketches are made for %" PRId64
                 "; create them with a larger rank",
                 S.rows, sp->rank);
    RITZ_TRY(check_vectors(s, U, "U", S, sp->rows, "U must be m x rows of S"));
    RITZ_TRY(check_vectors(s, V, "V", S, sp->cols, "V must be n x rows of S"));
    return ritz_check_no_overlap(U, "U", V, "V");
}

ritz_status ritz_single_pass_svd(ritz_stream *s, const ritz_single_pass *sp, ritz_dmat U,
                                 ritz_dmat S, ritz_dmat V, ritz_sketch_report *report)
{
    RITZ_ENTER(s, &S);
    RITZ_TRY(single_pass_check(s, sp));
    RITZ_TRY(check_outputs(s, sp, U, S, V));
    RITZ_TRY(ritz_algo_sketch_report_check(report));

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct reconstruction r;
    RITZ_TRY_OUT(open_reconstruction(s, sp, S.rows, &r));
    if (!ritz_present(V)) /* the signs of U go by V */
        RITZ_TRY_OUT(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, sp->cols, S.rows, 1, &V));
    RITZ_TRY_OUT(take_sketches(s, sp, &r));
    RITZ_TRY_OUT(make_core(s, sp, &r));
    RITZ_TRY_OUT(ritz_algo_svd(s, r.C, r.U_C, r.S, r.V_C, r.v.flags, r.v.info));
    RITZ_TRY_OUT(deliver(s, &r, U, S, V));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_CONVERGED, r.v, RITZ_NO_MAT));
    if (report != NULL) RITZ_TRY_OUT(make_report(s, sp, &r, S.rows, report));
out:
    ritz_work_release(s, mark);
    return rc;
}
