/* The operator of a least squares problem with its penalty, [A; sqrt(lambda) I], and what the
 * iterations ask of it.
 *
 * The rows of a dense matrix are sketched where they are, or as they are centred. Of a sparse
 * matrix or a caller's function some columns at a time are formed, A E for columns E of the
 * identity, and then sketched.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/lstsq_iterate.h"
#include "core/random_maps.h"

enum {
    NONZEROS = 8,       /* of a column of S */
    CHUNK_ROWS = 512,   /* of the penalty that are sketched at a time */
    LEAST_COLUMNS = 64, /* that are formed at a time, */
    PROBES = 16         /* and products for a norm */
};
/* As many columns as fit into this, if that is more. */
#define FORMED_BYTES (INT64_C(64) << 20)

int lstsq_stacked_has_rows(const struct lstsq_stacked *a)
{
    return a->A->kind == RITZ_LINOP_DENSE || a->A->kind == RITZ_LINOP_CENTRED;
}

int64_t lstsq_stacked_rows(const struct lstsq_stacked *a)
{
    return a->A->rows + (a->lambda > 0 ? a->A->cols : 0);
}

ritz_status lstsq_stacked_open(struct lstsq_operator *p, struct lstsq_stacked *a)
{
    ritz_stream *s = p->s;
    *a = (struct lstsq_stacked){
        .s = s, .A = p->A, .lambda = p->opts->lambda, .B = p->B, .seed = p->opts->seed};
    const int64_t m = p->A->rows, rows = lstsq_stacked_rows(a), targets = p->B.cols;
    RITZ_TRY(ritz_work_dmat(s, p->A->dtype, RITZ_COL_MAJOR, rows, targets, 1, &a->zero));
    RITZ_TRY(ritz_op_fill(s, 0.0, a->zero));
    if (rows == m) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(s, p->A->dtype, RITZ_COL_MAJOR, rows, targets, 1, &a->B));
    RITZ_TRY(ritz_op_copy(s, p->B, ritz_row_range(a->B, 0, m)));
    return ritz_op_fill(s, 0.0, ritz_row_range(a->B, m, rows - m));
}

/* ---- residuals ---------------------------------------------------------------------------- */

struct residual {
    ritz_dmat X, B, R, G, squares;
};

static ritz_dmat rows_of(ritz_dmat A, int64_t first, int64_t rows)
{
    return ritz_present(A) ? ritz_row_range(A, first, rows) : A;
}

static ritz_status block_residual(ritz_stream *s, ritz_dmat C, int64_t first, const void *context)
{
    const struct residual *r = context;
    return ritz_op_residual(s, C, r->X, ritz_row_range(r->B, first, C.rows),
                            rows_of(r->R, first, C.rows), r->G, r->squares);
}

/* squares += those of the columns of R. */
static ritz_status add_squares(ritz_stream *s, ritz_dmat R, ritz_dmat squares)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat more;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, R.cols, 1, 1, &more));
    RITZ_TRY_OUT(ritz_op_col_sumsq(s, R, more));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, more, 1.0, squares));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* R is r->R, or scratch of the same rows. */
static ritz_status product_residual(const struct lstsq_stacked *a, const struct residual *r,
                                    ritz_dmat R)
{
    RITZ_TRY(ritz_algo_linop_apply(a->s, a->A, 0, r->X, R));
    RITZ_TRY(ritz_op_axpby(a->s, 1.0, ritz_row_range(r->B, 0, R.rows), -1.0, R));
    RITZ_TRY(ritz_algo_linop_apply(a->s, a->A, 1, R, r->G));
    return add_squares(a->s, R, r->squares);
}

/* The rows of the penalty. */
static ritz_status penalty_residual(const struct lstsq_stacked *a, const struct residual *r,
                                    ritz_dmat R)
{
    const double root = sqrt(a->lambda);
    RITZ_TRY(ritz_op_copy(a->s, ritz_row_range(r->B, a->A->rows, R.rows), R));
    RITZ_TRY(ritz_op_axpby(a->s, -root, r->X, 1.0, R));
    RITZ_TRY(ritz_op_axpby(a->s, root, R, 1.0, r->G));
    return add_squares(a->s, R, r->squares);
}

ritz_status lstsq_stacked_residual(struct lstsq_stacked *a, ritz_dmat X, ritz_dmat B, ritz_dmat R,
                                   ritz_dmat G, ritz_dmat squares)
{
    ritz_stream *s = a->s;
    const int64_t m = a->A->rows, rows = lstsq_stacked_rows(a);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const struct residual r = {X, B, R, G, squares};
    ritz_status rc;
    ritz_dmat home = R;
    if (!ritz_present(R) && (!lstsq_stacked_has_rows(a) || rows > m))
        RITZ_TRY_OUT(ritz_work_dmat(s, a->A->dtype, RITZ_COL_MAJOR, rows, X.cols, 1, &home));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, G));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, squares));
    if (lstsq_stacked_has_rows(a))
        RITZ_TRY_OUT(ritz_algo_linop_blocks(s, a->A, block_residual, &r));
    else
        RITZ_TRY_OUT(product_residual(a, &r, ritz_row_range(home, 0, m)));
    if (rows > m) RITZ_TRY_OUT(penalty_residual(a, &r, ritz_row_range(home, m, rows - m)));
    a->products++;
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- sketches ----------------------------------------------------------------------------- */

struct sketch {
    uint64_t seed;
    uint32_t word;
    ritz_dmat SA;
};

/* SA += S times the rows first .. first+C.rows-1. */
static ritz_status block_sketch(ritz_stream *s, ritz_dmat C, int64_t first, const void *context)
{
    const struct sketch *k = context;
    return ritz_op_sketch_rows(s, k->seed, k->word, NONZEROS, first, C, k->SA);
}

/* SA += S A of an operator without rows at hand. */
static ritz_status sketch_products(const struct lstsq_stacked *a, const struct sketch *k)
{
    ritz_stream *s = a->s;
    const int64_t m = a->A->rows, n = a->A->cols;
    int64_t width = FORMED_BYTES / ((m > 0 ? m : 1) * (int64_t)ritz_dtype_size(a->A->dtype));
    width = min_i64(width > LEAST_COLUMNS ? width : LEAST_COLUMNS, n);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat E, Y;
    RITZ_TRY_OUT(ritz_work_dmat(s, a->A->dtype, RITZ_COL_MAJOR, n, width, 1, &E));
    RITZ_TRY_OUT(ritz_work_dmat(s, a->A->dtype, RITZ_COL_MAJOR, m, width, 1, &Y));
    for (int64_t j = 0; j < n; j += width) {
        const int64_t cols = min_i64(width, n - j);
        const ritz_dmat formed = ritz_cols(Y, 0, cols);
        const struct sketch part = {k->seed, k->word, ritz_cols(k->SA, j, cols)};
        RITZ_TRY_OUT(ritz_op_fill(s, 0.0, E));
        RITZ_TRY_OUT(ritz_op_set_identity(s, ritz_block(E, j, 0, cols, cols)));
        RITZ_TRY_OUT(ritz_algo_linop_apply(s, a->A, 0, ritz_cols(E, 0, cols), formed));
        RITZ_TRY_OUT(block_sketch(s, formed, 0, &part));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* SA += S times the rows of the penalty. */
static ritz_status sketch_penalty(const struct lstsq_stacked *a, const struct sketch *k)
{
    ritz_stream *s = a->s;
    const int64_t n = a->A->cols, height = min_i64(CHUNK_ROWS, n);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat E;
    RITZ_TRY_OUT(ritz_work_dmat(s, a->A->dtype, RITZ_COL_MAJOR, height, n, 1, &E));
    for (int64_t i = 0; i < n; i += height) {
        const int64_t rows = min_i64(height, n - i);
        const ritz_dmat some = ritz_row_range(E, 0, rows), square = ritz_block(E, 0, i, rows, rows);
        RITZ_TRY_OUT(ritz_op_fill(s, 0.0, some));
        RITZ_TRY_OUT(ritz_op_set_identity(s, square));
        RITZ_TRY_OUT(ritz_op_scale(s, sqrt(a->lambda), square));
        RITZ_TRY_OUT(block_sketch(s, some, a->A->rows + i, k));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_stacked_sketch(struct lstsq_stacked *a, uint32_t draw, ritz_dmat SA, ritz_dmat SB)
{
    const uint32_t word = RITZ_STREAM_WORD(RITZ_RANDOM_ROWS, draw);
    const struct sketch k = {a->seed, word, SA}, rhs = {a->seed, word, SB};
    RITZ_TRY(lstsq_stacked_has_rows(a) ? ritz_algo_linop_blocks(a->s, a->A, block_sketch, &k)
                                       : sketch_products(a, &k));
    if (a->lambda > 0) RITZ_TRY(sketch_penalty(a, &k));
    return block_sketch(a->s, a->B, 0, &rhs);
}

/* ---- norms -------------------------------------------------------------------------------- */

static ritz_status block_norms(ritz_stream *s, ritz_dmat C, int64_t first, const void *context)
{
    const ritz_dmat *norms = context;
    (void)first;
    return add_squares(s, C, *norms);
}

/* square = ‖A Ω‖_F² / columns of Ω, of random signs: its mean is ‖A‖_F². */
static ritz_status probe(const struct lstsq_stacked *a, ritz_dmat square)
{
    ritz_stream *s = a->s;
    const int64_t n = a->A->cols, probes = min_i64(PROBES, n);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat V, Y;
    RITZ_TRY_OUT(ritz_work_dmat(s, a->A->dtype, RITZ_COL_MAJOR, n, probes, 1, &V));
    RITZ_TRY_OUT(ritz_work_dmat(s, a->A->dtype, RITZ_COL_MAJOR, a->A->rows, probes, 1, &Y));
    if (probes < n)
        RITZ_TRY_OUT(ritz_op_random_fill(s, RITZ_RADEMACHER, a->seed,
                                         RITZ_STREAM_WORD(RITZ_RANDOM_PROBE, 0), 0, 0, V));
    else
        RITZ_TRY_OUT(ritz_op_set_identity(s, V));
    RITZ_TRY_OUT(ritz_algo_linop_apply(s, a->A, 0, V, Y));
    RITZ_TRY_OUT(ritz_op_sumsq(s, Y, square));
    if (probes < n) RITZ_TRY_OUT(ritz_op_scale(s, 1.0 / (double)probes, square));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_stacked_norms(struct lstsq_stacked *a, ritz_dmat square, ritz_dmat norms)
{
    ritz_stream *s = a->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat penalty;
    RITZ_TRY_OUT(ritz_op_fill(s, a->lambda, norms));
    if (lstsq_stacked_has_rows(a)) {
        RITZ_TRY_OUT(ritz_algo_linop_blocks(s, a->A, block_norms, &norms));
        RITZ_TRY_OUT(ritz_op_col_sums(s, norms, square));
    } else {
        RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 1, 1, 1, &penalty));
        RITZ_TRY_OUT(ritz_op_col_sums(s, norms, penalty));
        RITZ_TRY_OUT(probe(a, square));
        RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, penalty, 1.0, square));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}
