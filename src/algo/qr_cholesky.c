/* QR factorization of tall matrices by Cholesky factorizations of Gram matrices: all work that
 * grows with m is in triangular solves and symmetric products.
 *
 *     sketch       R_s of the QR of S A;   B = A R_s⁻¹;  G = BᵀB = R₂ᵀR₂;  Q = B R₂⁻¹,  R = R₂ R_s
 *     CholeskyQR2  AᵀA = R₁ᵀR₁;            X = A R₁⁻¹;   G = XᵀX = R₂ᵀR₂;  Q = X R₂⁻¹,  R = R₂ R₁
 *     shifted      AᵀA + sI = R₀ᵀR₀, s = 11 n ε ‖A‖_F²; then CholeskyQR2 of A R₀⁻¹
 *
 * S is a stack of 8 sparse sign matrices, d x m with d = max(2n, n + 64): B has a condition number
 * of about 6 whatever that of A, so that one Gram matrix suffices. The error of a triangular solve
 * is small relative to the columns of A, so R_s may be as ill-conditioned as A is.
 *
 * Checks: every Cholesky factorization succeeds, ‖G - I‖_F <= 1/2 in the two plain methods, and no
 * column of the last factor is close to the span of the others: the pivot that it would have as the
 * last column of the Gram matrix, scaled to a unit diagonal,
 *
 *     p_j = 1 / (G(j,j) G⁻¹(j,j)),    Σ 1/p_j >= ‖(scaled G)⁻¹‖
 *
 * is at least 0.1. With a good sketch it is about 0.4. It is smaller where columns of A depend on
 * each other to working precision, so that B is quotients of rounding errors; then the sketched
 * method goes on like CholeskyQR2. No test of rank is made: it would refuse columns of very
 * different size, which the methods handle.
 *
 * Source: Balabanov, arXiv:2210.09953; Yamamoto, Nakatsukasa, Yanagisawa, Fukaya, ETNA 44, 2015;
 * Fukaya, Kannan, Nakatsukasa, Yamamoto, Yanagisawa, SIAM J. Sci. Comput. 42, 2020 (their s has mn
 * in place of n, which is useless in float32 for many rows); SparseStack: arXiv:2508.21189.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "algo/qr.h"
#include "core/random_maps.h"

#define NONZEROS 8
#define LEAST_PIVOT 0.1
#define MOST_DEVIATION 0.5

/* ---- the sketch ------------------------------------------------------------------------- */

static int64_t sketch_rows(int64_t n)
{
    const int64_t d = 2 * n > n + 64 ? 2 * n : n + 64;
    return (d + NONZEROS - 1) / NONZEROS * NONZEROS;
}

int qr_is_tall(int64_t m, int64_t n, int64_t batch)
{
    const double least_work = 1 << 20;
    return batch == 1 && m / 4 >= n && m / 2 >= sketch_rows(n) &&
           (double)m * (double)n * (double)n >= least_work;
}

/* Reflections take 4mn² - 4n³/3 flops for both factors, the sketch 3mn² + 6n³, most of that in the
 * QR of the sketch: as many at m = 7n. Reflections have the slower ones, and the more so the more
 * threads: on a CPU both took as long at 7n with one thread, at 5n with two (n = 500 and 1000). */
int qr_sketch_pays(int64_t m, int64_t n, int64_t batch)
{
    return qr_is_tall(m, n, batch) && m / 6 >= n;
}

ritz_status qr_sketch(ritz_stream *s, uint64_t seed, uint32_t draw, ritz_dmat A, ritz_dmat flags,
                      ritz_dmat *SA)
{
    RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, sketch_rows(A.cols), A.cols, 1, SA));
    RITZ_TRY(ritz_op_fill(s, 0.0, *SA));
    RITZ_TRY(ritz_op_sketch_rows(s, seed, RITZ_STREAM_WORD(RITZ_RANDOM_ROWS, draw), NONZEROS, 0, A,
                                 *SA));
    return ritz_op_finite_guard(s, RITZ_BOTH, *SA, flags);
}

/* ---- checks ------------------------------------------------------------------------------ */

ritz_status qr_check_open(ritz_stream *s, ritz_dtype dtype, int64_t n, struct qr_check *c)
{
    ritz_dmat both;
    *c = (struct qr_check){.s = s, .dtype = dtype, .n = n};
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 2, 1, 1, &both));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, n + QR_STATE_COUNT, QR_FIGURE_COUNT, 1,
                            &c->figures));
    c->flags = ritz_row_range(both, 0, 1);
    c->info = ritz_row_range(both, 1, 1);
    RITZ_TRY(ritz_op_fill(s, 0.0, both));
    RITZ_TRY(ritz_op_fill(s, 0.0, c->figures));
    c->host = malloc((size_t)((n + QR_STATE_COUNT) * QR_FIGURE_COUNT) * sizeof *c->host);
    RITZ_REQUIRE(c->host != NULL, RITZ_ERR_MEMORY, "no host memory for the figures of a check");
    return RITZ_OK;
}

void qr_check_close(struct qr_check *c)
{
    free(c->host);
}

ritz_dmat qr_check_figure(const struct qr_check *c, enum qr_figure which)
{
    return ritz_block(c->figures, 0, which, which == QR_FIGURE_STATE ? QR_STATE_COUNT : c->n, 1);
}

const double *qr_check_values(const struct qr_check *c, enum qr_figure which)
{
    return c->host + which * (c->n + QR_STATE_COUNT);
}

/* state += a number of the device. */
static ritz_status note(struct qr_check *c, enum qr_state which, ritz_dmat number)
{
    const struct ritz_work_mark mark = ritz_work_mark(c->s);
    ritz_status rc;
    ritz_dmat wide;
    RITZ_TRY_OUT(ritz_work_dmat(c->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &wide));
    RITZ_TRY_OUT(ritz_op_copy(c->s, number, wide));
    RITZ_TRY_OUT(ritz_op_axpby(c->s, 1.0, wide, 1.0,
                               ritz_row_range(qr_check_figure(c, QR_FIGURE_STATE), which, 1)));
out:
    ritz_work_release(c->s, mark);
    return rc;
}

/* The diagonal of G⁻¹ = L⁻ᵀL⁻¹. */
static ritz_status note_inverse(struct qr_check *c, ritz_dmat L)
{
    const struct ritz_work_mark mark = ritz_work_mark(c->s);
    ritz_status rc;
    ritz_dmat W;
    RITZ_TRY_OUT(ritz_work_dmat(c->s, c->dtype, RITZ_COL_MAJOR, c->n, c->n, 1, &W));
    RITZ_TRY_OUT(ritz_op_set_identity(c->s, W));
    RITZ_TRY_OUT(ritz_op_trsm(c->s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, L, W));
    RITZ_TRY_OUT(ritz_op_col_sumsq(c->s, W, qr_check_figure(c, QR_FIGURE_INVERSE)));
out:
    ritz_work_release(c->s, mark);
    return rc;
}

ritz_status qr_check_factor(struct qr_check *c, ritz_dmat G)
{
    RITZ_TRY(ritz_op_finite_guard(c->s, RITZ_LOWER, G, c->flags));
    RITZ_TRY(ritz_op_copy(c->s, qr_diagonal(G), qr_check_figure(c, QR_FIGURE_GRAM)));
    RITZ_TRY(ritz_op_potrf(c->s, RITZ_LOWER, G, c->info));
    RITZ_TRY(note_inverse(c, G));
    return note(c, QR_STATE_INFO, c->info);
}

/* The deviation of G (its lower triangle) from I. */
static ritz_status note_deviation(struct qr_check *c, ritz_dmat G)
{
    const struct ritz_work_mark mark = ritz_work_mark(c->s);
    ritz_status rc;
    ritz_dmat E, one, square;
    RITZ_TRY_OUT(ritz_work_dmat(c->s, c->dtype, RITZ_COL_MAJOR, c->n, c->n, 1, &E));
    RITZ_TRY_OUT(ritz_work_dmat(c->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &one));
    RITZ_TRY_OUT(ritz_work_dmat(c->s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &square));
    RITZ_TRY_OUT(ritz_op_tri_copy(c->s, RITZ_LOWER, G, E));
    RITZ_TRY_OUT(ritz_op_fill(c->s, 1.0, one));
    RITZ_TRY_OUT(ritz_op_add_row(c->s, -1.0, one, qr_diagonal(E), qr_diagonal(E)));
    RITZ_TRY_OUT(ritz_op_sumsq(c->s, E, square));
    RITZ_TRY_OUT(note(c, QR_STATE_DEVIATION, square));
out:
    ritz_work_release(c->s, mark);
    return rc;
}

ritz_status qr_check_wait(struct qr_check *c)
{
    RITZ_TRY(note(c, QR_STATE_FLAGS, c->flags));
    return ritz_algo_fetch(c->s, c->figures, c->host);
}

int qr_check_pivots(const struct qr_check *c, struct qr_outcome *outcome)
{
    const double *gram = qr_check_values(c, QR_FIGURE_GRAM);
    const double *inverse = qr_check_values(c, QR_FIGURE_INVERSE);
    const double *state = qr_check_values(c, QR_FIGURE_STATE);
    double smallest = 1.0;
    for (int64_t j = 0; j < c->n; j++) {
        const double pivot = 1.0 / gram[j] / inverse[j];
        if (!(pivot >= smallest)) smallest = isfinite(pivot) ? pivot : 0.0;
    }
    const int failed = state[QR_STATE_FLAGS] > 0 || state[QR_STATE_INFO] > 0;
    outcome->finite = !(state[QR_STATE_FLAGS] > 0);
    outcome->smallest_pivot = failed ? 0.0 : smallest;
    return outcome->smallest_pivot >= LEAST_PIVOT &&
           2.0 * state[QR_STATE_DEVIATION] <= MOST_DEVIATION * MOST_DEVIATION;
}

int qr_check_sketch(const struct qr_check *c, double tolerance)
{
    const double least = 16.0 * (c->dtype == RITZ_F32 ? (double)FLT_MIN : DBL_MIN);
    const double *r = qr_check_values(c, QR_FIGURE_SKETCH);
    for (int64_t j = 0; j < c->n; j++)
        if (!(r[j] >= least && r[j] <= 1.0 / least && r[j] >= tolerance * r[0])) return 0;
    return 1;
}

/* ---- the methods ------------------------------------------------------------------------- */

struct factorization {
    struct qr_check check;
    ritz_dmat A;
    ritz_dmat X;  /* A R1⁻¹: in Q, or in the workspace if that is A; or RITZ_NO_MAT */
    ritz_dmat G;  /* n x n */
    ritz_dmat R1; /* n x n, upper triangular with zeros below */
};

/* R1 = R of the QR factorization of a sketch. */
static ritz_status precondition(struct factorization *f, uint64_t seed, uint32_t draw)
{
    ritz_stream *s = f->check.s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat SA, tau;
    RITZ_TRY_OUT(ritz_work_dmat(s, f->A.dtype, RITZ_COL_MAJOR, f->check.n, 1, 1, &tau));
    RITZ_TRY_OUT(qr_sketch(s, seed, draw, f->A, f->check.flags, &SA));
    RITZ_TRY_OUT(ritz_op_geqrf(s, SA, tau));
    RITZ_TRY_OUT(qr_positive_r(s, SA, f->R1));
    RITZ_TRY_OUT(ritz_op_copy(s, qr_diagonal(f->R1), qr_check_figure(&f->check, QR_FIGURE_SKETCH)));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* diag(G) += 11 n ε trace(G). */
static ritz_status shift(struct factorization *f)
{
    ritz_stream *s = f->check.s;
    const double eps = f->A.dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat trace;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &trace));
    RITZ_TRY_OUT(ritz_op_col_sums(s, qr_diagonal(f->G), trace));
    RITZ_TRY_OUT(ritz_op_add_row(s, 11.0 * (double)f->check.n * eps, trace, qr_diagonal(f->G),
                                 qr_diagonal(f->G)));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* R1 = Lᵀ from the lower triangle of G. */
static ritz_status take_factor(struct factorization *f)
{
    return ritz_op_tri_copy(f->check.s, RITZ_UPPER, ritz_t(f->G), f->R1);
}

/* R1 = R of the Cholesky factorization of AᵀA, shifted or not. */
static ritz_status precondition_by_gram(struct factorization *f, int shifted)
{
    ritz_stream *s = f->check.s;
    RITZ_TRY(ritz_op_fill(s, 0.0, f->G)); /* the other triangle may be read, and kept */
    RITZ_TRY(ritz_op_syrk(s, RITZ_LOWER, 1.0, ritz_t(f->A), 0.0, f->G));
    if (shifted) RITZ_TRY(shift(f));
    RITZ_TRY(qr_check_factor(&f->check, f->G));
    return take_factor(f);
}

/* Once more, of X = A R1⁻¹ and the factored G: X becomes X L⁻ᵀ, R1 becomes Lᵀ R1, G the Gram matrix
 * of the new X. */
static ritz_status improve(struct factorization *f)
{
    ritz_stream *s = f->check.s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat before, next;
    RITZ_TRY_OUT(ritz_work_dmat(s, f->A.dtype, RITZ_COL_MAJOR, f->check.n, f->check.n, 1, &before));
    RITZ_TRY_OUT(ritz_work_dmat(s, f->A.dtype, RITZ_COL_MAJOR, f->check.n, f->check.n, 1, &next));
    RITZ_TRY_OUT(ritz_op_copy(s, f->R1, before));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, ritz_t(f->G), next));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, next, before, 0.0, f->R1));
    RITZ_TRY_OUT(ritz_op_solve_gram(s, next, f->X, f->X, f->G));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status qr_finish(ritz_stream *s, ritz_dmat G, ritz_dmat R1, ritz_dmat X, ritz_dmat Q,
                      ritz_dmat R)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_dmat R2;
    if (ritz_present(Q) && X.data == Q.data)
        RITZ_TRY_OUT(ritz_op_trsm(s, RITZ_RIGHT, RITZ_UPPER, RITZ_NON_UNIT, 1.0, ritz_t(G), Q));
    else if (ritz_present(Q))
        RITZ_TRY_OUT(ritz_op_solve_gram(s, ritz_t(G), X, Q, RITZ_NO_MAT));
    if (ritz_present(R)) {
        RITZ_TRY_OUT(ritz_work_dmat(s, R1.dtype, RITZ_COL_MAJOR, R1.rows, R1.cols, 1, &R2));
        RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, ritz_t(G), R2));
        RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, R2, R1, 0.0, R));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* What there is of the factorization is good enough to go on from. */
static int can_improve(const struct factorization *f, const struct qr_outcome *outcome)
{
    const double eps = f->A.dtype == RITZ_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    return ritz_present(f->X) && outcome->smallest_pivot >= sqrt(eps) &&
           qr_check_sketch(&f->check, 0.0);
}

static ritz_status by_sketch(struct factorization *f, uint64_t seed, uint32_t draw,
                             struct qr_outcome *outcome)
{
    struct qr_check *c = &f->check;
    RITZ_TRY(precondition(f, seed, draw));
    RITZ_TRY(ritz_op_solve_gram(c->s, f->R1, f->A, f->X, f->G));
    RITZ_TRY(qr_check_factor(c, f->G));
    RITZ_TRY(qr_check_wait(c));
    outcome->accepted = qr_check_pivots(c, outcome) && qr_check_sketch(c, 0.0);
    if (outcome->accepted || !can_improve(f, outcome)) return RITZ_OK;
    RITZ_TRY(improve(f));
    RITZ_TRY(note_deviation(c, f->G));
    RITZ_TRY(qr_check_factor(c, f->G));
    RITZ_TRY(qr_check_wait(c));
    outcome->accepted = qr_check_pivots(c, outcome);
    return RITZ_OK;
}

static ritz_status by_gram(struct factorization *f, int shifted, struct qr_outcome *outcome)
{
    struct qr_check *c = &f->check;
    RITZ_TRY(precondition_by_gram(f, shifted));
    RITZ_TRY(ritz_op_solve_gram(c->s, f->R1, f->A, f->X, f->G));
    if (shifted) {
        RITZ_TRY(qr_check_factor(c, f->G));
        RITZ_TRY(improve(f));
    }
    RITZ_TRY(note_deviation(c, f->G));
    RITZ_TRY(qr_check_factor(c, f->G));
    RITZ_TRY(qr_check_wait(c));
    outcome->accepted = qr_check_pivots(c, outcome);
    return RITZ_OK;
}

ritz_status qr_by_cholesky(ritz_stream *s, ritz_qr_method method, uint64_t seed, uint32_t draw,
                           ritz_dmat A, ritz_dmat Q, ritz_dmat R, struct qr_outcome *outcome)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t n = A.cols;
    ritz_status rc;
    struct factorization f = {.A = A, .X = Q};
    *outcome = (struct qr_outcome){0, 0, 0.0};
    RITZ_TRY_OUT(qr_check_open(s, A.dtype, n, &f.check));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, n, 1, &f.G));
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_COL_MAJOR, n, n, 1, &f.R1));
    /* Until the check has passed, A is not touched. Without Q only the shifted method, which solves
     * twice, has to keep X. */
    if (ritz_present(Q) ? Q.data == A.data : method == RITZ_QR_CHOLESKY3)
        RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, A.layout, A.rows, n, 1, &f.X));
    if (method == RITZ_QR_SKETCH)
        RITZ_TRY_OUT(by_sketch(&f, seed, draw, outcome));
    else
        RITZ_TRY_OUT(by_gram(&f, method == RITZ_QR_CHOLESKY3, outcome));
    if (outcome->accepted) RITZ_TRY_OUT(qr_finish(s, f.G, f.R1, f.X, Q, R));
out:
    qr_check_close(&f.check);
    ritz_work_release(s, mark);
    return rc;
}

ritz_status qr_by_sketch(ritz_stream *s, uint64_t seed, uint32_t draw, ritz_dmat A, ritz_dmat X,
                         ritz_dmat G, ritz_dmat R1, struct qr_outcome *outcome)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct factorization f = {.A = A, .X = X, .G = G, .R1 = R1};
    *outcome = (struct qr_outcome){0, 0, 0.0};
    RITZ_TRY_OUT(qr_check_open(s, A.dtype, A.cols, &f.check));
    RITZ_TRY_OUT(by_sketch(&f, seed, draw, outcome));
out:
    qr_check_close(&f.check);
    ritz_work_release(s, mark);
    return rc;
}
