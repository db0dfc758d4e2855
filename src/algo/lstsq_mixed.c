/* Least squares in float64 with factors that are made in float32.
 *
 *     normal equations   fl(A)ᵀfl(A) = RᵀR
 *     sketched QR        fl(S A) = Qs Rs,  (fl(A) Rs⁻¹)ᵀ(fl(A) Rs⁻¹) = R₂ᵀR₂,  R = R₂ Rs
 *
 * fl rounds to float32, one block of rows at a time. R is then the factor of refinement in float64,
 * which begins with X = 0: a step takes a factor of about κ² u (normal equations) or κ u (sketched
 * QR) off the error, u the unit roundoff of float32 and κ the condition of A with columns of unit
 * length. Where that converges, the answer is as good as one with factors in float64, and it is
 * checked in the same way.
 *
 * What float32 cannot hold is refused: κ beyond the limits, which the factor shows (rounding to
 * float32 makes nothing more singular than that), and columns whose norms are extreme.
 *
 * Source: Higham and Pranesh, Exploiting lower precision arithmetic in solving symmetric positive
 * definite linear systems and least squares problems, SIAM J. Sci. Comput. 43, 2021; Carson and
 * Daužickaitė, arXiv:2410.06319 (sketches in lower precision).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/lstsq.h"

enum { MOST_STEPS = 12, SHAPE = 8, LEAST_ROWS = 512 }; /* rows of a block, at least: SHAPE n */
#define BLOCK_BYTES (INT64_C(16) << 20)
#define SAFE 0.1 /* κ u, at the most */
/* Squares of norms of columns that leave room for small entries. */
#define LEAST_SQUARE 0x1p-80
#define MOST_SQUARE 0x1p80

/* All but `p` and `check` are float32. */
struct mixed {
    struct lstsq *p;
    struct qr_check check;
    ritz_dmat G;     /* n x n */
    ritz_dmat R;     /* n x n, upper triangular */
    ritz_dmat stage; /* block x n: storage of either layout */
    int64_t block;
    int good; /* R has been made, and passed its checks */
};

double lstsq_mixed_limit(ritz_lstsq_method method)
{
    return method == RITZ_LSTSQ_NORMAL ? lstsq_normal_limit(RITZ_F32)
                                       : SAFE / lstsq_roundoff(RITZ_F32);
}

static ritz_status open_mixed(struct mixed *x, struct lstsq *p)
{
    ritz_stream *s = p->s;
    const int64_t n = p->n, m = lstsq_rows_count(p->rows);
    int64_t block = BLOCK_BYTES / (n * (int64_t)sizeof(float));
    if (block < SHAPE * n) block = SHAPE * n;
    if (block < LEAST_ROWS) block = LEAST_ROWS;
    x->p = p;
    x->block = block < m ? block : m;
    RITZ_TRY(qr_check_open(s, RITZ_F32, n, &x->check));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F32, RITZ_COL_MAJOR, n, n, 1, &x->G));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F32, RITZ_COL_MAJOR, n, n, 1, &x->R));
    return ritz_work_dmat(s, RITZ_F32, RITZ_COL_MAJOR, x->block, n, 1, &x->stage);
}

/* ---- Gram matrices ----------------------------------------------------------------------- */

/* G (lower triangle) += AᵀA, or (A Rs⁻¹)ᵀ(A Rs⁻¹) by way of `part`, of rows in float64. */
static ritz_status add_rows(struct mixed *x, ritz_dmat Rs, ritz_dmat part, ritz_dmat A)
{
    ritz_stream *s = x->p->s;
    for (int64_t first = 0; first < A.rows; first += x->block) {
        const int64_t rows = A.rows - first < x->block ? A.rows - first : x->block;
        const ritz_dmat W =
            ritz_dmat_wrap(A.device, x->stage.data, RITZ_F32, rows, A.cols, A.layout);
        RITZ_TRY(ritz_op_copy(s, ritz_row_range(A, first, rows), W));
        if (ritz_present(Rs)) {
            RITZ_TRY(ritz_op_solve_gram(s, Rs, W, RITZ_NO_MAT, part));
            RITZ_TRY(ritz_op_axpby(s, 1.0, part, 1.0, x->G));
        } else {
            RITZ_TRY(ritz_op_syrk(s, RITZ_LOWER, 1.0, ritz_t(W), 1.0, x->G));
        }
    }
    return RITZ_OK;
}

/* The same of all rows; Rs may be RITZ_NO_MAT. */
static ritz_status gram(struct mixed *x, ritz_dmat Rs)
{
    struct lstsq *p = x->p;
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    ritz_dmat part = RITZ_NO_MAT;
    if (ritz_present(Rs)) {
        RITZ_TRY_OUT(ritz_work_dmat(p->s, RITZ_F32, RITZ_COL_MAJOR, p->n, p->n, 1, &part));
        RITZ_TRY_OUT(ritz_op_fill(p->s, 0.0, part)); /* the other triangle is added up, too */
    }
    RITZ_TRY_OUT(ritz_op_fill(p->s, 0.0, x->G));
    RITZ_TRY_OUT(lstsq_rows_start(p->rows));
    for (;;) {
        struct lstsq_block b;
        RITZ_TRY_OUT(lstsq_rows_next(p->rows, &b));
        if (b.A.rows == 0) break;
        RITZ_TRY_OUT(add_rows(x, Rs, part, b.A));
    }
out:
    ritz_work_release(p->s, mark);
    return rc;
}

/* The squares of the norms of A's columns, in one of the figures, are within float32. */
static int in_range(const struct mixed *x, enum qr_figure squares)
{
    const double *values = qr_check_values(&x->check, squares);
    for (int64_t j = 0; j < x->p->n; j++)
        if (!(values[j] >= LEAST_SQUARE && values[j] <= MOST_SQUARE)) return 0;
    return 1;
}

/* ---- the factor -------------------------------------------------------------------------- */

static ritz_status factor_gram(struct mixed *x)
{
    struct lstsq *p = x->p;
    struct qr_outcome outcome;
    RITZ_TRY(gram(x, RITZ_NO_MAT));
    RITZ_TRY(qr_check_factor(&x->check, x->G));
    RITZ_TRY(qr_check_wait(&x->check));
    (void)qr_check_pivots(&x->check, &outcome); /* pivots may be small: the condition decides */
    if (!(outcome.smallest_pivot > 0) || !in_range(x, QR_FIGURE_GRAM)) return RITZ_OK;
    RITZ_TRY(ritz_op_tri_copy(p->s, RITZ_UPPER, ritz_t(x->G), x->R));
    RITZ_TRY(lstsq_condition(p->s, x->R, &p->r.condition));
    x->good = p->r.condition <= lstsq_mixed_limit(RITZ_LSTSQ_NORMAL);
    return RITZ_OK;
}

/* Rs, and the squares of the norms of its columns among the figures. */
static ritz_status factor_sketch(struct mixed *x, ritz_dmat Rs, int *finite)
{
    struct lstsq *p = x->p;
    ritz_stream *s = p->s;
    const int64_t d = lstsq_sketch_height(p->n);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat wide, SA;
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, d, p->n, 1, &wide));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F32, RITZ_COL_MAJOR, d, p->n, 1, &SA));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, wide));
    RITZ_TRY_OUT(lstsq_sketch_pass(p, 0, LSTSQ_NONZEROS, wide, RITZ_NO_MAT));
    RITZ_TRY_OUT(ritz_op_copy(s, wide, SA));
    RITZ_TRY_OUT(lstsq_sketch_factor(s, SA, RITZ_NO_MAT, Rs, RITZ_NO_MAT, finite));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, Rs, qr_check_figure(&x->check, QR_FIGURE_SKETCH)));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status factor_sketched_qr(struct mixed *x)
{
    struct lstsq *p = x->p;
    ritz_stream *s = p->s;
    struct qr_outcome outcome;
    int finite;
    ritz_dmat Rs, R2;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F32, RITZ_COL_MAJOR, p->n, p->n, 1, &Rs));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F32, RITZ_COL_MAJOR, p->n, p->n, 1, &R2));
    RITZ_TRY(factor_sketch(x, Rs, &finite));
    if (!finite) return RITZ_OK;
    RITZ_TRY(lstsq_condition(s, Rs, &p->r.condition));
    if (!(p->r.condition <= lstsq_mixed_limit(RITZ_LSTSQ_SKETCH_QR))) return RITZ_OK;
    RITZ_TRY(gram(x, Rs));
    RITZ_TRY(qr_check_factor(&x->check, x->G));
    RITZ_TRY(qr_check_wait(&x->check));
    x->good = qr_check_pivots(&x->check, &outcome) && in_range(x, QR_FIGURE_SKETCH);
    RITZ_TRY(ritz_op_tri_copy(s, RITZ_UPPER, ritz_t(x->G), R2));
    RITZ_TRY(ritz_op_gemm(s, 1.0, R2, Rs, 0.0, x->G));
    return ritz_op_tri_copy(s, RITZ_UPPER, x->G, x->R);
}

/* ---- the method -------------------------------------------------------------------------- */

ritz_status lstsq_by_mixed(struct lstsq *p, ritz_lstsq_method method, int *accepted)
{
    ritz_stream *s = p->s;
    const int most = p->opts->max_refinement > 0 ? p->opts->max_refinement : MOST_STEPS;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    struct mixed x = {.good = 0};
    ritz_status rc;
    ritz_dmat R;
    *accepted = 0;
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &R));
    RITZ_TRY_OUT(open_mixed(&x, p));
    RITZ_TRY_OUT(method == RITZ_LSTSQ_NORMAL ? factor_gram(&x) : factor_sketched_qr(&x));
    if (!x.good) goto out;
    RITZ_TRY_OUT(ritz_op_copy(s, x.R, R));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, p->X));
    RITZ_TRY_OUT(lstsq_refine(p, R, 1, most, accepted));
    if (p->r.refinements > 0) p->r.refinements--; /* the first made the solution */
    p->r.rank = p->n;
out:
    qr_check_close(&x.check);
    ritz_work_release(s, mark);
    return rc;
}
