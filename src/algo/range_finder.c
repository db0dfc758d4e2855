/* An orthonormal basis Q of an approximate range of A, by randomized subspace iteration.
 *
 *     A m x n, Ω n x l Gaussian
 *     Q = orth(A Ω);   q times:  Z = orth(AᵀQ), Q = orth(A Z)
 *
 * Orthonormalised after every product, or at least normalised (normalise.c): without that the
 * columns turn towards the leading singular vectors until rounding has swallowed all others. By
 * block Krylov: krylov.c; with a tolerance: qb_adaptive.c.
 *
 * A NaN or an infinity in A reaches the sketch with probability one, so each product is checked
 * (m x l or n x l elements), and not A itself.
 *
 * Source: Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 53(2), 2011,
 * algorithms 4.3 and 4.4.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"
#include "core/random_maps.h"

int ritz_algo_powers_made(const struct ritz_algo_sketch *sketch, int64_t l)
{
    if (l == 0) return 0;
    /* Of a Krylov basis each power has at least one column. */
    return sketch->krylov ? (int)min_i64(sketch->power_iterations, l - 1)
                          : sketch->power_iterations;
}

ritz_status ritz_algo_guarded_product(ritz_stream *s, const ritz_linop *op, int transposed,
                                      ritz_dmat X, ritz_dmat Y, ritz_dmat flags)
{
    RITZ_TRY(ritz_algo_linop_apply(s, op, transposed, X, Y));
    return ritz_op_finite_guard(s, RITZ_BOTH, Y, flags);
}

ritz_status ritz_algo_project_out(ritz_stream *s, ritz_dmat P, ritz_dmat Y)
{
    if (P.cols == 0) return RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat C;
    RITZ_TRY_OUT(ritz_work_dmat(s, Y.dtype, RITZ_COL_MAJOR, P.cols, Y.cols, 1, &C));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(P), Y, 0.0, C));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, P, C, 1.0, Y));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_algo_subspace_sample(ritz_stream *s, const ritz_linop *op,
                                      const struct ritz_algo_sketch *sketch, ritz_dmat P,
                                      int64_t first, ritz_dmat Y, ritz_dmat flags)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat Z; /* n x b: Ω at first */
    RITZ_TRY_OUT(ritz_work_dmat(s, op->dtype, RITZ_COL_MAJOR, op->cols, Y.cols, 1, &Z));
    RITZ_TRY_OUT(ritz_op_random_fill(s, RITZ_NORMAL, sketch->seed,
                                     RITZ_STREAM_WORD(RITZ_RANDOM_SKETCH, 0), 0, first, Z));
    RITZ_TRY_OUT(ritz_algo_guarded_product(s, op, 0, Z, Y, flags));
    RITZ_TRY_OUT(ritz_algo_project_out(s, P, Y));
    for (int t = 0; t < sketch->power_iterations; t++) {
        RITZ_TRY_OUT(ritz_algo_normalise(s, sketch->normalisation, Y));
        /* What rounding left of P was blown up with the rest, and Aᵀ would magnify it. */
        RITZ_TRY_OUT(ritz_algo_project_out(s, P, Y));
        RITZ_TRY_OUT(ritz_algo_guarded_product(s, op, 1, Y, Z, flags));
        RITZ_TRY_OUT(ritz_algo_normalise(s, sketch->normalisation, Z));
        RITZ_TRY_OUT(ritz_algo_guarded_product(s, op, 0, Z, Y, flags));
        RITZ_TRY_OUT(ritz_algo_project_out(s, P, Y));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_algo_range_finder(ritz_stream *s, const ritz_linop *op,
                                   const struct ritz_algo_sketch *sketch, ritz_dmat Q,
                                   ritz_dmat flags)
{
    if (sketch->krylov) return ritz_algo_krylov(s, op, sketch, Q, flags);
    RITZ_TRY(ritz_algo_subspace_sample(s, op, sketch, ritz_cols(Q, 0, 0), 0, Q, flags));
    return ritz_algo_orth(s, Q);
}

/* ---- the public function ----------------------------------------------------------------- */

static ritz_status report_basis(ritz_stream *s, const ritz_linop *op, int with_error, ritz_dmat Q,
                                uint64_t seed, const ritz_sketch_report *known,
                                ritz_sketch_report *report)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_sketch_report r = *known;
    ritz_dmat figures = RITZ_NO_MAT;
    r.kind = with_error ? RITZ_ERROR_BOUND : RITZ_ERROR_NONE;
    r.error = r.probability = 0; /* of a search for the rank: in another norm */
    if (with_error) {
        r.matvec_blocks++;
        RITZ_TRY_OUT(ritz_algo_figures_open(s, &figures));
        RITZ_TRY_OUT(ritz_algo_figures_probe(s, op, seed, Q, figures));
        if (op->kind != RITZ_LINOP_ENQUEUE)
            RITZ_TRY_OUT(
                ritz_algo_linop_sumsq(s, op, ritz_row_range(figures, RITZ_FIGURE_NORM, 1)));
    }
    RITZ_TRY_OUT(ritz_algo_sketch_report(s, op, &r, figures, report));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* basis = the approximate range, and what is known of it by now. */
static ritz_status find(ritz_stream *s, const ritz_linop *op, const struct ritz_algo_sketch *sketch,
                        ritz_dmat basis, ritz_dmat flags, ritz_sketch_report *known)
{
    const int64_t l = basis.cols;
    const int q = ritz_algo_powers_made(sketch, l);
    if (sketch->tolerance > 0) {
        struct ritz_algo_found found;
        RITZ_TRY(ritz_algo_qb_adaptive(s, op, sketch, 1, basis, RITZ_NO_MAT, flags, &found));
        ritz_algo_found_report(op, sketch, &found, found.rank, l, found.square, known);
        return ritz_op_fill(s, 0.0, ritz_cols(basis, found.rank, l - found.rank));
    }
    *known = (ritz_sketch_report){
        .rank = l,
        .sample_size = l,
        .power_iterations = q,
        .matvec_blocks = l > 0 ? 1 + 2 * q : 0,
    };
    return l > 0 ? ritz_algo_range_finder(s, op, sketch, basis, flags) : RITZ_OK;
}

ritz_status ritz_range_finder(ritz_stream *s, const ritz_linop *A, ritz_dmat Q,
                              const ritz_sketch_options *opts, ritz_sketch_report *report)
{
    RITZ_ENTER(s, &Q);
    struct ritz_algo_sketch sketch;
    RITZ_TRY(ritz_algo_linop_check(s, A, "A"));
    RITZ_TRY(ritz_algo_check_basis(s, A, Q));
    RITZ_TRY(ritz_algo_sketch_options(opts, Q.cols, A->rows, A->cols, &sketch));
    RITZ_TRY(ritz_algo_sketch_report_check(report));
    const int with_error = !(opts != NULL && opts->no_error_figure != 0);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    struct ritz_verdict v;
    ritz_sketch_report known;
    ritz_dmat basis = Q;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, 1, &v));
    if (Q.layout == RITZ_ROW_MAJOR)
        RITZ_TRY_OUT(ritz_work_dmat(s, Q.dtype, RITZ_COL_MAJOR, Q.rows, Q.cols, 1, &basis));
    RITZ_TRY_OUT(find(s, A, &sketch, basis, v.flags, &known));
    if (Q.layout == RITZ_ROW_MAJOR) RITZ_TRY_OUT(ritz_op_copy(s, basis, Q));
    RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, Q));
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT));
    if (report != NULL)
        RITZ_TRY_OUT(report_basis(s, A, with_error, Q, sketch.seed, &known, report));
out:
    ritz_work_release(s, mark);
    return rc;
}
