/* Least squares by a sparse random sketch of the rows: S A = Qs Rs.
 *
 *     sketched problem   X = Rs⁻¹ QsᵀS B: min ‖S (A X - B)‖_F
 *     sketched QR        G = (A Rs⁻¹)ᵀ(A Rs⁻¹) = R₂ᵀR₂,  R = R₂ Rs,  then refined from that X
 *
 * S is a stack of 4 sparse sign matrices (sketch_rows in ops.def). With d = max(2n, n + 64) rows,
 * A Rs⁻¹ has a condition number of about 6 whatever that of A; R is then R of A as a QR
 * factorization would give it, and two steps of refinement from the sketched solution are backward
 * stable. With d = 12n rows, the sketched problem's residual is expected to be sqrt(d / (d - n)) of
 * the least, about 4.5% above it.
 *
 * Whether R can be trusted is decided as in qr_cholesky.c; where A is so ill-conditioned that A
 * Rs⁻¹ is quotients of rounding errors in places, the second step is done once more with R for Rs.
 *
 * Source: Rokhlin and Tygert, PNAS 105(36), 2008; Epperly, Meier and Nakatsukasa, arXiv:2406.03468;
 * the sketch: arXiv:2508.21189.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>

#include "algo/lstsq.h"
#include "core/random_maps.h"

enum {
    NONZEROS = LSTSQ_NONZEROS,
    FACTOR = 12, /* rows of the sketched problem, in units of n */
    LEAST_STEPS = 2,
    MOST_STEPS = 5
};

int64_t lstsq_sketch_height(int64_t n)
{
    const int64_t d = 2 * n > n + 64 ? 2 * n : n + 64;
    return (d + NONZEROS - 1) / NONZEROS * NONZEROS;
}

/* ---- the sketch -------------------------------------------------------------------------- */

ritz_status lstsq_sketch_pass(struct lstsq *p, uint32_t draw, int nonzeros, ritz_dmat SA,
                              ritz_dmat SB)
{
    ritz_stream *s = p->s;
    const uint32_t word = RITZ_STREAM_WORD(RITZ_RANDOM_ROWS, draw);
    const uint64_t seed = p->opts->seed;
    RITZ_TRY(lstsq_rows_start(p->rows));
    for (;;) {
        struct lstsq_block b;
        RITZ_TRY(lstsq_rows_next(p->rows, &b));
        if (b.A.rows == 0) return RITZ_OK;
        RITZ_TRY(ritz_op_sketch_rows(s, seed, word, nonzeros, b.first, b.A, SA));
        if (ritz_present(SB))
            RITZ_TRY(ritz_op_sketch_rows(s, seed, word, nonzeros, b.first, b.B, SB));
    }
}

ritz_status lstsq_sketch_factor(ritz_stream *s, ritz_dmat SA, ritz_dmat SB, ritz_dmat Rs,
                                ritz_dmat Y, int *finite)
{
    const int64_t n = SA.cols;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    double flagged;
    ritz_status rc;
    ritz_dmat flags, tau, signs;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &flags));
    RITZ_TRY_OUT(ritz_work_dmat(s, SA.dtype, RITZ_COL_MAJOR, n, 1, 1, &tau));
    RITZ_TRY_OUT(ritz_work_dmat(s, SA.dtype, RITZ_COL_MAJOR, n, 1, 1, &signs));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, flags));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, SA, flags));
    if (ritz_present(SB)) RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, SB, flags));
    RITZ_TRY_OUT(ritz_op_geqrf(s, SA, tau));
    RITZ_TRY_OUT(qr_positive_r(s, SA, Rs));
    if (ritz_present(SB)) {
        RITZ_TRY_OUT(ritz_op_ormqr(s, RITZ_APPLY_Q_TRANSPOSED, SA, tau, SB));
        RITZ_TRY_OUT(ritz_op_diag_signs(s, SA, signs));
        RITZ_TRY_OUT(ritz_op_scale_cols(s, 0, signs, ritz_t(ritz_row_range(SB, 0, n)), ritz_t(Y)));
    }
    RITZ_TRY_OUT(ritz_algo_fetch(s, flags, &flagged));
    *finite = flagged == 0;
out:
    ritz_work_release(s, mark);
    return rc;
}

/* lstsq_sketch with d rows. */
static ritz_status sketch_to(struct lstsq *p, uint32_t draw, int64_t d, ritz_dmat *Rs, ritz_dmat *Y,
                             double *condition)
{
    ritz_stream *s = p->s;
    RITZ_TRY(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, Rs));
    RITZ_TRY(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->targets, 1, Y));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    int finite;
    ritz_dmat SA, SB;
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, d, p->n, 1, &SA));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, d, p->targets, 1, &SB));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, SA));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, SB));
    RITZ_TRY_OUT(lstsq_sketch_pass(p, draw, NONZEROS, SA, SB));
    RITZ_TRY_OUT(lstsq_sketch_factor(s, SA, SB, *Rs, *Y, &finite));
    if (!finite) p->finite = 0;
    RITZ_TRY_OUT(lstsq_condition(s, *Rs, condition));
    if (lstsq_is_singular(p->dtype, *condition)) *condition = (double)INFINITY;
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_sketch(struct lstsq *p, uint32_t draw, ritz_dmat *Rs, ritz_dmat *Y,
                         double *condition)
{
    return sketch_to(p, draw, lstsq_sketch_height(p->n), Rs, Y, condition);
}

/* A sketch that can be solved with: the host has looked at it. */
static int usable(struct lstsq *p, double condition)
{
    p->r.condition = condition;
    if (p->finite && !isfinite(condition)) p->rank_deficient = 1;
    return p->finite && !p->rank_deficient;
}

static ritz_status solve_sketched(struct lstsq *p, ritz_dmat Rs, ritz_dmat Y)
{
    RITZ_TRY(ritz_op_trsm(p->s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, Rs, Y));
    return ritz_op_copy(p->s, Y, p->X);
}

/* ---- the sketched problem alone ---------------------------------------------------------- */

int64_t lstsq_sketch_solve_rows(int64_t n)
{
    return (FACTOR * n > n + 64 ? FACTOR * n : n + 64) / NONZEROS * NONZEROS + NONZEROS;
}

ritz_status lstsq_by_sketch_solve(struct lstsq *p, int *accepted)
{
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    int stable;
    double condition;
    ritz_dmat Rs, Y;
    *accepted = 0;
    RITZ_TRY_OUT(sketch_to(p, 0, lstsq_sketch_solve_rows(p->n), &Rs, &Y, &condition));
    if (!usable(p, condition)) goto out;
    RITZ_TRY_OUT(solve_sketched(p, Rs, Y));
    /* Only the figures of the report: this answer is not meant to be stable. */
    if (lstsq_rows_can_repeat(p->rows)) RITZ_TRY_OUT(lstsq_refine(p, Rs, 0, 0, &stable));
    p->r.rank = p->n;
    *accepted = p->finite && !p->out_of_range;
out:
    ritz_work_release(p->s, mark);
    return rc;
}

/* ---- sketched QR ------------------------------------------------------------------------- */

/* G (lower triangle) = (A R⁻¹)ᵀ(A R⁻¹). */
static ritz_status gram(struct lstsq *p, ritz_dmat R, ritz_dmat G)
{
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    ritz_dmat part = G;
    RITZ_TRY_OUT(lstsq_rows_start(p->rows));
    for (int first = 1;; first = 0) {
        struct lstsq_block b;
        RITZ_TRY_OUT(lstsq_rows_next(p->rows, &b));
        if (b.A.rows == 0) break;
        if (!first && part.data == G.data)
            RITZ_TRY_OUT(ritz_work_dmat(p->s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &part));
        RITZ_TRY_OUT(ritz_op_solve_gram(p->s, R, b.A, RITZ_NO_MAT, part));
        if (!first) RITZ_TRY_OUT(ritz_op_axpby(p->s, 1.0, part, 1.0, G));
    }
out:
    ritz_work_release(p->s, mark);
    return rc;
}

/* From R with A R⁻¹ nearly orthogonal, a better one. */
static ritz_status improve(struct lstsq *p, struct qr_check *check, ritz_dmat R, double least,
                           struct qr_outcome *outcome, int *good)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat G, next, product;
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &G));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &next));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &product));
    RITZ_TRY_OUT(gram(p, R, G));
    RITZ_TRY_OUT(ritz_op_copy(s, qr_diagonal(R), qr_check_figure(check, QR_FIGURE_SKETCH)));
    RITZ_TRY_OUT(qr_check_factor(check, G));
    RITZ_TRY_OUT(qr_check_wait(check));
    *good = qr_check_pivots(check, outcome);
    if (outcome->smallest_pivot < least) goto out;
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, ritz_t(G), next));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, next, R, 0.0, product));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, product, R));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* R = R of A; *good = 0 where it cannot be had. */
static ritz_status precise_factor(struct lstsq *p, ritz_dmat R, int *good)
{
    const double least = sqrt(2 * lstsq_roundoff(p->dtype));
    struct qr_check check;
    struct qr_outcome outcome = {0, 0, 0.0};
    ritz_status rc;
    *good = 0;
    RITZ_TRY_OUT(qr_check_open(p->s, p->dtype, p->n, &check));
    RITZ_TRY_OUT(improve(p, &check, R, least, &outcome, good));
    p->out_of_range = !qr_check_sketch(&check, 0.0);
    if (!*good && outcome.smallest_pivot >= least)
        RITZ_TRY_OUT(improve(p, &check, R, least, &outcome, good));
    if (!*good) p->rank_deficient = 1;
out:
    qr_check_close(&check);
    return rc;
}

ritz_status lstsq_by_sketch_qr(struct lstsq *p, int *accepted)
{
    const int most = p->opts->max_refinement > 0 ? p->opts->max_refinement : MOST_STEPS;
    const int least = most < LEAST_STEPS ? most : LEAST_STEPS;
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    int good;
    double condition;
    ritz_dmat R, Y;
    *accepted = 0;
    RITZ_TRY_OUT(lstsq_sketch(p, 0, &R, &Y, &condition));
    if (!usable(p, condition)) goto out;
    RITZ_TRY_OUT(solve_sketched(p, R, Y));
    RITZ_TRY_OUT(precise_factor(p, R, &good));
    if (!good || p->out_of_range) goto out;
    RITZ_TRY_OUT(lstsq_refine(p, R, least, most, accepted));
    p->r.rank = p->n;
out:
    ritz_work_release(p->s, mark);
    return rc;
}
