/* Random sketches: their elements, and products with every kind of operator.
 *
 * Elements. Numbers are addressed by the long side of S, whose tiles are made along it: with word
 * and variate as in core/random_maps.h, of the stream word of the kind and the substream,
 *
 *     Gaussian, Rademacher    S(i, j) = variate(j, i) / sqrt(d)
 *     sparse sign             as the operation sketch_rows says (core/ops.def)
 *     Hadamard                core/hadamard_maps.h
 *
 * Products. A dense matrix is multiplied by tiles of S, which pass through the cache, or where S
 * has structure by an operation that uses it: nothing of the size of S is ever stored. From the
 * right, A Sᵀ = (S Aᵀ)ᵀ. A centred matrix comes in blocks of rows C_i = A_i - 1 μᵀ,
 *
 *     S (A - 1 μᵀ) = sum_i S(:, rows i) C_i,     (A - 1 μᵀ) Sᵀ = [C_1 Sᵀ; C_2 Sᵀ; ...]
 *
 * but for two cases: the fast transform needs all rows of a few columns, and dense tiles of S,
 * which would be made anew for each block, are kept for all of A instead. Other operators offer
 * products only: (S A)ᵀ = Aᵀ Sᵀ, with some rows of S at a time as a dense matrix.
 *
 * Distortion. For Gaussian x, | ‖S A x‖ / ‖A x‖ - 1 |, the largest of 8.
 *
 * Sources: Halko, Martinsson and Tropp, SIAM Review 53(2), 2011 (Gaussian); Tropp and Webber,
 * Randomized algorithms for low-rank matrix approximation, 2023 (survey); Cohen, SODA 2016 (sparse
 * signs); Ailon and Chazelle, SIAM J. Comput. 39(1), 2009, and Tropp, Adv. Adapt. Data Anal. 3,
 * 2011 (Hadamard).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "algo/algo.h"
#include "core/hadamard_maps.h"

enum {
    TILE_ELEMENTS = 1 << 20, /* of S, where it is multiplied as a dense matrix */
    TILE_ROWS = 1024,
    TILE_LEAST = 256, /* columns: as many as make a product efficient */
    FEW_ROWS = 64,    /* of S for an operator that offers products only; columns of a centred matrix
                         that are transformed at a time */
    MOST_NONZEROS = 32,
    PROBES = 8
};

ritz_sketch ritz_sketch_make(ritz_sketch_kind kind, int64_t rows, int64_t cols, uint64_t seed)
{
    int nonzeros = 8;
    while (rows % nonzeros != 0) nonzeros--;
    return (ritz_sketch){
        .kind = kind, .rows = rows, .cols = cols, .seed = seed, .nonzeros = nonzeros};
}

static int is_independent(const ritz_sketch *S)
{
    return S->kind == RITZ_SKETCH_GAUSSIAN || S->kind == RITZ_SKETCH_RADEMACHER;
}

static uint32_t word_of(const ritz_sketch *S)
{
    return RITZ_STREAM_WORD(RITZ_RANDOM_SKETCHES + (int)S->kind, S->substream);
}

/* ---- checks ----------------------------------------------------------------------------- */

static ritz_status check_independent(const ritz_sketch *S)
{
    RITZ_REQUIRE(S->rows < INT64_C(1) << 32, RITZ_ERR_TOO_LARGE,
                 "S has %" PRId64 " rows; a Gaussian or Rademacher sketch has less than 2^32",
                 S->rows);
    return RITZ_OK;
}

static ritz_status check_sparse_sign(const ritz_sketch *S)
{
    RITZ_REQUIRE(S->nonzeros >= 1 && S->nonzeros <= MOST_NONZEROS, RITZ_ERR_ARGUMENT,
                 "S.nonzeros is %d; it must be 1 to %d", S->nonzeros, (int)MOST_NONZEROS);
    RITZ_REQUIRE(S->rows % S->nonzeros == 0, RITZ_ERR_ARGUMENT,
                 "S has %" PRId64
                 " rows, which %d nonzeros do not divide; set S.rows to a multiple, as %" PRId64
                 ", or S.nonzeros to a divisor",
                 S->rows, S->nonzeros, (S->rows / S->nonzeros + 1) * S->nonzeros);
    RITZ_REQUIRE(S->rows / S->nonzeros < INT64_C(1) << 32, RITZ_ERR_TOO_LARGE,
                 "S has %" PRId64
                 " rows in parts of %d; a part has less than 2^32; increase S.nonzeros",
                 S->rows, S->nonzeros);
    return RITZ_OK;
}

static ritz_status check_hadamard(const ritz_sketch *S)
{
    RITZ_REQUIRE(S->cols < INT64_C(1) << 32, RITZ_ERR_TOO_LARGE,
                 "S has %" PRId64
                 " columns; a Hadamard sketch has less than 2^32; use a sparse sign sketch",
                 S->cols);
    const int64_t order = INT64_C(1) << ritz_hadamard_bits(S->cols);
    RITZ_REQUIRE(S->rows <= order, RITZ_ERR_ARGUMENT,
                 "S has %" PRId64 " rows of a Hadamard matrix of order %" PRId64
                 "; set S.rows to that at most, or use another kind of sketch",
                 S->rows, order);
    return RITZ_OK;
}

static ritz_status check_sketch(const ritz_sketch *S)
{
    RITZ_REQUIRE(S != NULL, RITZ_ERR_ARGUMENT,
                 "the sketch S is NULL; make one with ritz_sketch_make");
    RITZ_REQUIRE(S->rows >= 0 && S->cols >= 0, RITZ_ERR_ARGUMENT,
                 "S is %" PRId64 " x %" PRId64 "; its sizes must not be negative", S->rows,
                 S->cols);
    RITZ_REQUIRE(S->substream < UINT32_C(1) << 24, RITZ_ERR_ARGUMENT,
                 "S.substream is %" PRIu32 "; it must be below 2^24; use another seed for more",
                 S->substream);
    switch (S->kind) {
    case RITZ_SKETCH_GAUSSIAN:
    case RITZ_SKETCH_RADEMACHER: return check_independent(S);
    case RITZ_SKETCH_SPARSE_SIGN: return check_sparse_sign(S);
    case RITZ_SKETCH_HADAMARD: return check_hadamard(S);
    }
    return ritz_fail(
        RITZ_ERR_ARGUMENT,
        "S is of unknown kind %d; make it with ritz_sketch_make and a RITZ_SKETCH_ kind",
        (int)S->kind);
}

/* Rows first .. first+count-1 (or columns) are among those of S. */
static ritz_status check_inside(const char *first_name, int64_t first, int64_t count,
                                const char *what, int64_t total)
{
    RITZ_REQUIRE(first >= 0 && first <= total - count, RITZ_ERR_SHAPE,
                 "%s is %" PRId64 " for %" PRId64 " %s, and S has %" PRId64
                 "; they must lie within S",
                 first_name, first, count, what, total);
    return RITZ_OK;
}

/* A matrix of one item, float32 or float64. */
static ritz_status check_output(const ritz_stream *s, ritz_dmat Y, const char *name)
{
    RITZ_TRY(ritz_check_output(s, Y, name));
    RITZ_TRY(ritz_check_real(Y, name));
    return ritz_check_single(Y, name);
}

/* A sketch for the left side of an operator, or the right one. */
static ritz_status check_pair(const ritz_stream *s, const ritz_sketch *S, const ritz_linop *A,
                              int left)
{
    RITZ_TRY(check_sketch(S));
    RITZ_TRY(ritz_algo_linop_check(s, A, "A"));
    const int64_t side = left ? A->rows : A->cols;
    RITZ_REQUIRE(S->cols == side, RITZ_ERR_SHAPE,
                 "S has %" PRId64 " columns and A %" PRId64
                 " %s; make S with as many columns, or sketch from the other side",
                 S->cols, side, left ? "rows" : "columns");
    return RITZ_OK;
}

/* The sketch of an operator: one matrix of its data type, from the left d x n, from the right
 * m x d. */
static ritz_status check_sketched(const ritz_sketch *S, const ritz_linop *A, int left, ritz_dmat Y,
                                  const char *name)
{
    RITZ_REQUIRE(Y.dtype == A->dtype, RITZ_ERR_DTYPE, "A is %s and %s is %s; both must be the same",
                 ritz_dtype_name(A->dtype), name, ritz_dtype_name(Y.dtype));
    RITZ_TRY(ritz_check_single(Y, name));
    return left ? ritz_check_shape(Y, name, S->rows, A->cols, "it must be rows of S x columns of A")
                : ritz_check_shape(Y, name, A->rows, S->rows, "it must be rows of A x rows of S");
}

static ritz_status check_product(const ritz_stream *s, const ritz_sketch *S, const ritz_linop *A,
                                 int left, ritz_dmat Y)
{
    RITZ_TRY(check_pair(s, S, A, left));
    RITZ_TRY(ritz_check_output(s, Y, "Y"));
    RITZ_TRY(check_sketched(S, A, left, Y, "Y"));
    return ritz_algo_linop_check_apart(A, Y, "Y");
}

/* ---- elements --------------------------------------------------------------------------- */

/* factor * D = S(row0 .., col0 ..); what is a factor of all elements is left to the product. */
static ritz_status make_tile(ritz_stream *s, const ritz_sketch *S, int64_t row0, int64_t col0,
                             ritz_dmat D, double *factor)
{
    const uint32_t word = word_of(S);
    *factor = 1;
    switch (S->kind) {
    case RITZ_SKETCH_SPARSE_SIGN:
        return ritz_op_sketch_fill(s, S->seed, word, S->nonzeros, S->rows, row0, col0, D);
    case RITZ_SKETCH_HADAMARD:
        return ritz_op_hadamard_fill(s, S->seed, word, ritz_hadamard_bits(S->cols), S->rows, row0,
                                     col0, D);
    case RITZ_SKETCH_GAUSSIAN:
    case RITZ_SKETCH_RADEMACHER: break;
    }
    *factor = 1 / sqrt((double)S->rows);
    return ritz_op_random_fill(s, S->kind == RITZ_SKETCH_GAUSSIAN ? RITZ_NORMAL : RITZ_RADEMACHER,
                               S->seed, word, col0, row0, ritz_t(D));
}

static ritz_status make_elements(ritz_stream *s, const ritz_sketch *S, int64_t row0, int64_t col0,
                                 ritz_dmat D)
{
    double factor;
    RITZ_TRY(make_tile(s, S, row0, col0, D, &factor));
    return factor == 1 ? RITZ_OK : ritz_op_scale(s, factor, D);
}

ritz_status ritz_sketch_fill(ritz_stream *s, const ritz_sketch *S, int64_t row0, int64_t col0,
                             ritz_dmat D)
{
    RITZ_ENTER(s, &D);
    RITZ_TRY(check_sketch(S));
    RITZ_TRY(check_output(s, D, "D"));
    RITZ_TRY(check_inside("row0", row0, D.rows, "rows", S->rows));
    RITZ_TRY(check_inside("col0", col0, D.cols, "columns", S->cols));
    return ritz_empty(D) ? RITZ_OK : make_elements(s, S, row0, col0, D);
}

/* ---- dense matrices --------------------------------------------------------------------- */

/* Y = Y + S(:, row0 ..) A by dense tiles of S. */
static ritz_status add_by_tiles(ritz_stream *s, const ritz_sketch *S, int64_t row0, ritz_dmat A,
                                ritz_dmat Y)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t height = min_i64(Y.rows, TILE_ROWS);
    const int64_t most = TILE_ELEMENTS / height;
    const int64_t width = min_i64(A.rows, most > TILE_LEAST ? most : TILE_LEAST);
    ritz_status rc;
    ritz_dmat tile;
    double factor;
    RITZ_TRY_OUT(ritz_work_dmat(s, A.dtype, RITZ_ROW_MAJOR, height, width, 1, &tile));
    for (int64_t j = 0; j < A.rows; j += width)
        for (int64_t i = 0; i < Y.rows; i += height) {
            const int64_t rows = min_i64(height, Y.rows - i), cols = min_i64(width, A.rows - j);
            const ritz_dmat part = ritz_block(tile, 0, 0, rows, cols);
            RITZ_TRY_OUT(make_tile(s, S, i, row0 + j, part, &factor));
            RITZ_TRY_OUT(ritz_op_gemm(s, factor, part, ritz_row_range(A, j, cols), 1.0,
                                      ritz_row_range(Y, i, rows)));
        }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Y = Y + S(:, row0 ..) A; A and Y have elements. */
static ritz_status add_rows(ritz_stream *s, const ritz_sketch *S, int64_t row0, ritz_dmat A,
                            ritz_dmat Y)
{
    if (S->kind == RITZ_SKETCH_SPARSE_SIGN)
        return ritz_op_sketch_rows(s, S->seed, word_of(S), S->nonzeros, row0, A, Y);
    return add_by_tiles(s, S, row0, A, Y);
}

/* Y = S A; Y has elements. */
static ritz_status dense_left(ritz_stream *s, const ritz_sketch *S, ritz_dmat A, ritz_dmat Y)
{
    if (A.rows > 0 && S->kind == RITZ_SKETCH_HADAMARD)
        return ritz_op_hadamard_rows(s, S->seed, word_of(S), A, Y);
    RITZ_TRY(ritz_op_fill(s, 0.0, Y));
    return A.rows > 0 ? add_rows(s, S, 0, A, Y) : RITZ_OK;
}

/* ---- operators that offer products ------------------------------------------------------ */

/* Y = A Sᵀ, or Aᵀ Sᵀ, `most` rows of S at a time. */
static ritz_status by_products(ritz_stream *s, const ritz_sketch *S, const ritz_linop *A,
                               int transposed, int64_t most, ritz_dmat Y)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t step = min_i64(S->rows, most);
    ritz_status rc;
    ritz_dmat X;
    if (S->cols == 0) return ritz_op_fill(s, 0.0, Y);
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, S->cols, step, 1, &X));
    for (int64_t i = 0; i < S->rows; i += step) {
        const int64_t rows = min_i64(step, S->rows - i);
        const ritz_dmat part = ritz_cols(X, 0, rows);
        RITZ_TRY_OUT(make_elements(s, S, i, 0, ritz_t(part)));
        RITZ_TRY_OUT(ritz_algo_linop_apply(s, A, transposed, part, ritz_cols(Y, i, rows)));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- centred matrices ------------------------------------------------------------------- */

struct block_product {
    const ritz_sketch *S;
    ritz_dmat Y;
};

static ritz_status block_left(ritz_stream *s, ritz_dmat C, int64_t first, const void *context)
{
    const struct block_product *p = context;
    return add_rows(s, p->S, first, C, p->Y);
}

static ritz_status block_right(ritz_stream *s, ritz_dmat C, int64_t first, const void *context)
{
    const struct block_product *p = context;
    return dense_left(s, p->S, ritz_t(C), ritz_t(ritz_row_range(p->Y, first, C.rows)));
}

/* All rows of a few columns at a time. */
static ritz_status centred_by_columns(ritz_stream *s, const ritz_sketch *S, const ritz_linop *A,
                                      ritz_dmat Y)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t step = min_i64(A->cols, FEW_ROWS);
    ritz_status rc;
    ritz_dmat C;
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, A->A.layout, A->rows, step, 1, &C));
    for (int64_t j = 0; j < A->cols; j += step) {
        const int64_t cols = min_i64(step, A->cols - j);
        const ritz_dmat part = ritz_cols(C, 0, cols);
        RITZ_TRY_OUT(ritz_op_add_row(s, -1.0, ritz_row_range(A->mean, j, cols),
                                     ritz_cols(A->A, j, cols), part));
        RITZ_TRY_OUT(dense_left(s, S, part, ritz_cols(Y, j, cols)));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status centred_left(ritz_stream *s, const ritz_sketch *S, const ritz_linop *A,
                                ritz_dmat Y)
{
    const struct block_product p = {S, Y};
    if (S->kind == RITZ_SKETCH_HADAMARD) return centred_by_columns(s, S, A, Y);
    RITZ_TRY(ritz_op_fill(s, 0.0, Y));
    return ritz_algo_linop_blocks(s, A, block_left, &p);
}

static ritz_status centred_right(ritz_stream *s, const ritz_sketch *S, const ritz_linop *A,
                                 ritz_dmat Y)
{
    const struct block_product p = {S, Y};
    if (A->cols == 0) return ritz_op_fill(s, 0.0, Y);
    if (is_independent(S)) {
        const int64_t most = TILE_ELEMENTS / A->cols;
        return by_products(s, S, A, 0, most > FEW_ROWS ? most : FEW_ROWS, Y);
    }
    return ritz_algo_linop_blocks(s, A, block_right, &p);
}

/* ---- the public functions --------------------------------------------------------------- */

ritz_status ritz_sketch_left(ritz_stream *s, const ritz_sketch *S, const ritz_linop *A, ritz_dmat Y)
{
    RITZ_ENTER(s, &Y);
    RITZ_TRY(check_product(s, S, A, 1, Y));
    if (ritz_empty(Y)) return RITZ_OK;
    if (A->kind == RITZ_LINOP_DENSE) return dense_left(s, S, A->A, Y);
    if (A->kind == RITZ_LINOP_CENTRED) return centred_left(s, S, A, Y);
    return by_products(s, S, A, 1, FEW_ROWS, ritz_t(Y));
}

ritz_status ritz_sketch_right(ritz_stream *s, const ritz_linop *A, const ritz_sketch *S,
                              ritz_dmat Y)
{
    RITZ_ENTER(s, &Y);
    RITZ_TRY(check_product(s, S, A, 0, Y));
    if (ritz_empty(Y)) return RITZ_OK;
    if (A->kind == RITZ_LINOP_DENSE) return dense_left(s, S, ritz_t(A->A), ritz_t(Y));
    if (A->kind == RITZ_LINOP_CENTRED) return centred_right(s, S, A, Y);
    return by_products(s, S, A, 0, FEW_ROWS, Y);
}

ritz_status ritz_sketch_rows(ritz_stream *s, const ritz_sketch *S, int64_t row0, ritz_dmat A,
                             ritz_dmat Y)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(check_sketch(S));
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_real(A, "A"));
    RITZ_TRY(ritz_check_single(A, "A"));
    RITZ_TRY(check_output(s, Y, "Y"));
    RITZ_TRY(ritz_check_same_dtype(A, "A", Y, "Y"));
    RITZ_TRY(check_inside("row0", row0, A.rows, "rows", S->cols));
    RITZ_TRY(ritz_check_shape(Y, "Y", S->rows, A.cols, "Y must be rows of S x columns of A"));
    RITZ_TRY(ritz_check_no_overlap(Y, "Y", A, "A"));
    if (ritz_empty(A) || ritz_empty(Y)) return RITZ_OK;
    return add_rows(s, S, row0, A, Y);
}

/* ---- distortion ------------------------------------------------------------------------- */

/* norms(j) = ‖A(:, j)‖ of a column-major A. */
static ritz_status column_norms(ritz_stream *s, ritz_dmat A, ritz_dmat norms)
{
    const ritz_dmat columns = ritz_batched(ritz_cols(A, 0, 1), A.cols, A.ld);
    return ritz_op_frobenius(s, columns, ritz_algo_scalar_items(norms));
}

/* out = max_j | sketched_j / norms_j - 1 |, leaving out where norms_j = 0; destroys `sketched`. */
static ritz_status largest_change(ritz_stream *s, ritz_dmat norms, ritz_dmat sketched,
                                  ritz_dmat out)
{
    const ritz_dmat row = ritz_t(sketched);
    RITZ_TRY(ritz_op_axpby(s, -1.0, norms, 1.0, sketched));
    RITZ_TRY(ritz_op_scale_cols(s, 1, norms, row, row));
    return ritz_op_max_abs(s, sketched, out);
}

ritz_status ritz_sketch_distortion(ritz_stream *s, const ritz_sketch *S, const ritz_linop *A,
                                   ritz_dmat SA, ritz_dmat distortion)
{
    RITZ_ENTER(s, &SA);
    RITZ_TRY(check_pair(s, S, A, 1));
    RITZ_TRY(ritz_check_input(s, SA, "SA"));
    RITZ_TRY(check_sketched(S, A, 1, SA, "SA"));
    RITZ_TRY(ritz_algo_check_scalars(s, distortion, "distortion", RITZ_F64, 1, 1, SA));
    RITZ_TRY(ritz_algo_linop_check_apart(A, distortion, "distortion"));

    const uint32_t word = RITZ_STREAM_WORD(RITZ_RANDOM_DISTORTION, S->substream);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat X, AX, SAX, norms, sketched;
    if (A->rows == 0 || A->cols == 0) return ritz_op_fill(s, 0.0, distortion);
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->cols, PROBES, 1, &X));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, A->rows, PROBES, 1, &AX));
    RITZ_TRY_OUT(ritz_work_dmat(s, A->dtype, RITZ_COL_MAJOR, SA.rows, PROBES, 1, &SAX));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, PROBES, 1, 1, &norms));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, PROBES, 1, 1, &sketched));
    RITZ_TRY_OUT(ritz_op_random_fill(s, RITZ_NORMAL, S->seed, word, 0, 0, X));
    RITZ_TRY_OUT(ritz_algo_linop_apply(s, A, 0, X, AX));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, SA, X, 0.0, SAX));
    RITZ_TRY_OUT(column_norms(s, AX, norms));
    RITZ_TRY_OUT(column_norms(s, SAX, sketched));
    RITZ_TRY_OUT(largest_change(s, norms, sketched, distortion));
out:
    ritz_work_release(s, mark);
    return rc;
}
