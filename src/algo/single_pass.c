/* The sketches of a matrix that is seen once: creating and updating them.
 *
 *     X = Upsilon A (l x n),  Y = A Omegaᵀ (m x l),  Z = Phi A Psiᵀ (s x s),  E = Theta A (10 x n)
 *
 * They are linear in A, so A <- theta A + eta H scales all of them by theta and adds eta times
 * those of H. For H with the rows H_b of a block, and the rows N_b of the left random matrix that
 * belong to them,
 *
 *     W      = eta H_b [Omegaᵀ, Psiᵀ]
 *     [X; E] += eta [Upsilonᵀ, Thetaᵀ]_bᵀ H_b
 *     Y_b    += W(:, 1:l)
 *     Z      += (Phiᵀ)_bᵀ W(:, l+1:l+s)
 *
 * Source: Tropp, Yurtsever, Udell and Cevher, Streaming low-rank matrix approximation with an
 * application to scientific simulation, SIAM J. Sci. Comput. 41(4), 2019, section 2.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/single_pass.h"

#include <math.h>
#include <stdlib.h>

#include "core/random_maps.h"
#include "core/rows.h"

/* Tiles and blocks: enough rows that making the random numbers costs little beside the products. */
#define TILE_ELEMENTS (INT64_C(1) << 20)
#define LEAST_TILE_ROWS INT64_C(64)
#define MOST_TILE_ROWS INT64_C(2048)
#define BLOCK_BYTES (INT64_C(32) << 20)
#define LEAST_BLOCK_ROWS INT64_C(32)

/* ---- the random matrices ----------------------------------------------------------------- */

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t single_pass_tile_rows(const struct ritz_single_pass *sp)
{
    const int64_t columns = sp->range_size + SINGLE_PASS_PROBES + sp->core_size;
    return min_i64(max_i64(TILE_ELEMENTS / columns, LEAST_TILE_ROWS), MOST_TILE_ROWS);
}

/* tile = the rows row0 .. and the columns col0 .. of the random matrix of a side. */
static ritz_status fill_tile(ritz_stream *s, const struct ritz_single_pass *sp,
                             enum single_pass_side side, int64_t row0, int64_t col0, ritz_dmat tile)
{
    return ritz_op_random_fill(s, RITZ_NORMAL, sp->seed,
                               RITZ_STREAM_WORD(RITZ_RANDOM_SINGLE_PASS, side), row0, col0, tile);
}

/* G (c x r) = Nᵀ B for the columns col0 .. col0+c-1 of the random matrix N of a side. */
static ritz_status multiply(ritz_stream *s, const struct ritz_single_pass *sp,
                            enum single_pass_side side, int64_t col0, double alpha, ritz_dmat B,
                            ritz_dmat G)
{
    const int64_t rows = min_i64(single_pass_tile_rows(sp), B.rows);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat room;
    RITZ_TRY_OUT(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, rows, G.rows, 1, &room));
    for (int64_t i = 0; i < B.rows; i += rows) {
        const ritz_dmat part = ritz_row_range(B, i, min_i64(rows, B.rows - i));
        const ritz_dmat tile = ritz_row_range(room, 0, part.rows);
        RITZ_TRY_OUT(fill_tile(s, sp, side, i, col0, tile));
        RITZ_TRY_OUT(ritz_op_gemm(s, alpha, ritz_t(tile), part, i == 0 ? 0.0 : 1.0, G));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status single_pass_sketch_left(ritz_stream *s, const struct ritz_single_pass *sp, ritz_dmat Q,
                                    ritz_dmat G)
{
    return multiply(s, sp, SINGLE_PASS_LEFT, sp->range_size, 1.0, Q, G);
}

ritz_status single_pass_sketch_right(ritz_stream *s, const struct ritz_single_pass *sp, ritz_dmat P,
                                     ritz_dmat G)
{
    return multiply(s, sp, SINGLE_PASS_RIGHT, sp->range_size, 1.0, P, G);
}

/* ---- the object -------------------------------------------------------------------------- */

ritz_status single_pass_check(const ritz_stream *s, const struct ritz_single_pass *sp)
{
    RITZ_REQUIRE(sp != NULL, RITZ_ERR_ARGUMENT, "sp is NULL");
    RITZ_REQUIRE(sp->device == s->device, RITZ_ERR_DEVICE,
                 "the sketches are on another device than the stream");
    return RITZ_OK;
}

static ritz_status check_matrix(ritz_dtype dtype, int64_t rows, int64_t cols, int64_t rank)
{
    RITZ_REQUIRE(dtype == RITZ_F32 || dtype == RITZ_F64, RITZ_ERR_DTYPE,
                 "dtype is %s; it must be float32 or float64", ritz_dtype_name(dtype));
    RITZ_REQUIRE(rows >= 1 && cols >= 1, RITZ_ERR_ARGUMENT,
                 "the matrix is %" PRId64 " x %" PRId64 "; it must have rows and columns", rows,
                 cols);
    RITZ_REQUIRE(rank >= 1 && rank <= min_i64(rows, cols), RITZ_ERR_ARGUMENT,
                 "rank is %" PRId64 " and the matrix %" PRId64 " x %" PRId64
                 "; it must be from 1 to min(m, n)",
                 rank, rows, cols);
    return RITZ_OK;
}

/* 4k + 1 and 2l + 1 where nothing is said. */
static ritz_status read_options(const ritz_single_pass_options *opts, struct ritz_single_pass *sp)
{
    const ritz_single_pass_options defaults = RITZ_SINGLE_PASS_DEFAULTS;
    RITZ_TRY(ritz_check_options(opts, sizeof(ritz_single_pass_options), "opts"));
    const ritz_single_pass_options *o = opts != NULL ? opts : &defaults;
    const int64_t most = min_i64(sp->rows, sp->cols);
    const int64_t usual = sp->rank <= (most - 1) / 4 ? 4 * sp->rank + 1 : most;
    const int64_t l = o->range_size != 0 ? o->range_size : usual;
    RITZ_REQUIRE(l >= sp->rank && l <= most, RITZ_ERR_OPTION,
                 "range_size is %" PRId64 "; it must be from rank = %" PRId64
                 " to min(m, n) = %" PRId64 ", or 0 for the default",
                 l, sp->rank, most);
    const int64_t s = o->core_size != 0 ? o->core_size : 2 * l + 1;
    RITZ_REQUIRE(s >= l, RITZ_ERR_OPTION,
                 "core_size is %" PRId64 "; it must be at least range_size = %" PRId64
                 ", or 0 for the default",
                 s, l);
    sp->range_size = l;
    sp->core_size = s;
    sp->seed = o->seed;
    return RITZ_OK;
}

static ritz_status make_sketches(ritz_stream *s, struct ritz_single_pass *sp)
{
    const int64_t l = sp->range_size;
    RITZ_TRY(
        ritz_dmat_create(s, sp->dtype, RITZ_ROW_MAJOR, l + SINGLE_PASS_PROBES, sp->cols, &sp->XE));
    RITZ_TRY(ritz_dmat_create(s, sp->dtype, RITZ_COL_MAJOR, sp->rows, l, &sp->Y));
    RITZ_TRY(ritz_dmat_create(s, sp->dtype, RITZ_COL_MAJOR, sp->core_size, sp->core_size, &sp->Z));
    RITZ_TRY(ritz_op_fill(s, 0.0, sp->XE));
    RITZ_TRY(ritz_op_fill(s, 0.0, sp->Y));
    return ritz_op_fill(s, 0.0, sp->Z);
}

static ritz_status destroy(ritz_stream *s, struct ritz_single_pass *sp)
{
    ritz_dmat *const owned[] = {&sp->XE, &sp->Y, &sp->Z};
    const ritz_status rc = ritz_dmat_destroy_all(s, owned, sizeof owned / sizeof owned[0]);
    free(sp);
    return rc;
}

ritz_status ritz_single_pass_create(ritz_stream *s, ritz_dtype dtype, int64_t rows, int64_t cols,
                                    int64_t rank, const ritz_single_pass_options *opts,
                                    ritz_single_pass **sp)
{
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(sp != NULL, RITZ_ERR_ARGUMENT, "sp is NULL; it receives the sketches");
    *sp = NULL;
    RITZ_TRY(check_matrix(dtype, rows, cols, rank));
    struct ritz_single_pass choice = {
        .device = s->device, .dtype = dtype, .rows = rows, .cols = cols, .rank = rank};
    RITZ_TRY(read_options(opts, &choice));
    struct ritz_single_pass *made = malloc(sizeof *made);
    RITZ_REQUIRE(made != NULL, RITZ_ERR_MEMORY, "no memory for the sketches");
    *made = choice;
    const ritz_status rc = make_sketches(s, made);
    if (rc == RITZ_OK)
        *sp = made;
    else
        (void)destroy(s, made);
    return rc;
}

ritz_status ritz_single_pass_destroy(ritz_stream *s, ritz_single_pass **sp)
{
    RITZ_SCOPE();
    if (sp == NULL || *sp == NULL) return RITZ_OK;
    RITZ_TRY(ritz_check_stream(s));
    RITZ_TRY(single_pass_check(s, *sp));
    struct ritz_single_pass *gone = *sp;
    *sp = NULL;
    return destroy(s, gone);
}

/* ---- updates ----------------------------------------------------------------------------- */

/* The sketches of eta H added, for the rows H from row0 on, at most those of a tile. */
static ritz_status add_tile(ritz_stream *s, struct ritz_single_pass *sp, double eta, int64_t row0,
                            ritz_dmat H)
{
    const int64_t l = sp->range_size, core = sp->core_size, left = l + SINGLE_PASS_PROBES;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const ritz_dmat Y = ritz_row_range(sp->Y, row0, H.rows);
    ritz_status rc;
    ritz_dmat W, tile;
    RITZ_TRY_OUT(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, H.rows, l + core, 1, &W));
    RITZ_TRY_OUT(multiply(s, sp, SINGLE_PASS_RIGHT, 0, eta, ritz_t(H), ritz_t(W)));
    RITZ_TRY_OUT(ritz_op_axpby(s, 1.0, ritz_cols(W, 0, l), 1.0, Y));

    RITZ_TRY_OUT(ritz_work_dmat(s, sp->dtype, RITZ_COL_MAJOR, H.rows, left + core, 1, &tile));
    RITZ_TRY_OUT(fill_tile(s, sp, SINGLE_PASS_LEFT, row0, 0, tile));
    RITZ_TRY_OUT(ritz_op_gemm(s, eta, ritz_t(ritz_cols(tile, 0, left)), H, 1.0, sp->XE));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_t(ritz_cols(tile, left, core)), ritz_cols(W, l, core),
                              1.0, sp->Z));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status add(ritz_stream *s, struct ritz_single_pass *sp, double eta, int64_t row0,
                       ritz_dmat H)
{
    const int64_t rows = single_pass_tile_rows(sp);
    for (int64_t i = 0; i < H.rows; i += rows)
        RITZ_TRY(add_tile(s, sp, eta, row0 + i, ritz_row_range(H, i, min_i64(rows, H.rows - i))));
    return RITZ_OK;
}

static ritz_status scale(ritz_stream *s, struct ritz_single_pass *sp, double theta)
{
    RITZ_TRY(ritz_op_scale(s, theta, sp->XE));
    RITZ_TRY(ritz_op_scale(s, theta, sp->Y));
    return ritz_op_scale(s, theta, sp->Z);
}

static ritz_status check_block(const ritz_stream *s, const struct ritz_single_pass *sp,
                               int64_t row0, ritz_dmat block)
{
    RITZ_TRY(ritz_check_input(s, block, "block"));
    RITZ_TRY(ritz_check_single(block, "block"));
    RITZ_TRY(ritz_check_same_dtype(block, "block", sp->Y, "the sketches"));
    RITZ_REQUIRE(block.cols == sp->cols, RITZ_ERR_SHAPE,
                 "block has %" PRId64 " columns and the matrix %" PRId64 "; they must agree",
                 block.cols, sp->cols);
    RITZ_REQUIRE(row0 >= 0 && block.rows <= sp->rows && row0 <= sp->rows - block.rows,
                 RITZ_ERR_SHAPE,
                 "block has %" PRId64 " rows from row %" PRId64 " on, and the matrix %" PRId64
                 " rows; row0 + b must be at most m",
                 block.rows, row0, sp->rows);
    return RITZ_OK;
}

ritz_status ritz_single_pass_update(ritz_stream *s, ritz_single_pass *sp, double theta, double eta,
                                    int64_t row0, ritz_dmat block)
{
    RITZ_ENTER(s, &block);
    RITZ_TRY(single_pass_check(s, sp));
    RITZ_REQUIRE(isfinite(theta) && isfinite(eta), RITZ_ERR_ARGUMENT,
                 "theta is %g and eta %g; they must be finite", theta, eta);
    RITZ_TRY(check_block(s, sp, row0, block));
    if (theta != 1.0) RITZ_TRY(scale(s, sp, theta));
    return eta != 0.0 ? add(s, sp, eta, row0, block) : RITZ_OK;
}

/* ---- rows that stream by ----------------------------------------------------------------- */

/* Blocks of a tile's rows, so that the sums are those of one update with all rows; fewer where
 * they are long. */
static int64_t block_rows(const struct ritz_single_pass *sp)
{
    const int64_t row_bytes = sp->cols * (int64_t)ritz_dtype_size(sp->dtype);
    return min_i64(single_pass_tile_rows(sp), max_i64(BLOCK_BYTES / row_bytes, LEAST_BLOCK_ROWS));
}

/* The sketches of a block in whatever data type it is stored. */
static ritz_status add_stored(ritz_stream *s, struct ritz_single_pass *sp, int64_t row0,
                              ritz_dmat block)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat H = block;
    if (block.dtype != sp->dtype) {
        RITZ_TRY_OUT(ritz_work_dmat(s, sp->dtype, block.layout, block.rows, block.cols, 1, &H));
        RITZ_TRY_OUT(ritz_op_copy(s, block, H));
    }
    RITZ_TRY_OUT(add(s, sp, 1.0, row0, H));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status add_feed(ritz_stream *s, struct ritz_single_pass *sp, struct ritz_feed *feed)
{
    RITZ_TRY(ritz_feed_start(feed, block_rows(sp)));
    for (int64_t i = 0; i < sp->rows;) {
        ritz_dmat block;
        RITZ_TRY(ritz_feed_next(feed, &block));
        RITZ_TRY(add_stored(s, sp, i, block));
        i += block.rows;
    }
    return RITZ_OK;
}

ritz_status ritz_single_pass_add_rows(ritz_stream *s, ritz_single_pass *sp, ritz_rows rows)
{
    RITZ_ENTER(s, NULL);
    RITZ_TRY(single_pass_check(s, sp));
    ritz_status rc, closed;
    struct ritz_feed *feed = NULL;
    const ritz_rows_info *info;
    RITZ_TRY_OUT(ritz_feed_open(s, &rows, &feed));
    info = ritz_feed_info(feed);
    if (info->rows != sp->rows || info->cols != sp->cols) {
        rc = ritz_fail(RITZ_ERR_SHAPE,
                       "the data is %" PRId64 " x %" PRId64 " and the matrix %" PRId64 " x %" PRId64
                       "; they must agree",
                       info->rows, info->cols, sp->rows, sp->cols);
        goto out;
    }
    RITZ_TRY_OUT(add_feed(s, sp, feed));
    RITZ_TRY_OUT(s->device->backend->stream_sync(s));
out:
    /* Rows of the host are read in place: nothing may be on its way from them. */
    if (rc != RITZ_OK && feed != NULL) (void)s->device->backend->stream_sync(s);
    closed = ritz_feed_close(&feed);
    if (rc == RITZ_OK) rc = closed;
    return rc;
}
