/* The randomized SVD of rows that stream by; see svd_rows.h.
 *
 * Y is summed in float64 from block to block, so that float32 sums are no longer than a block; in
 * float32 the products of a block are formed PANEL columns at a time, which keeps the float64 copy
 * small.
 *
 * Rounding of AᵀA z is about u σ_1 ‖A z‖. In the first pass ‖A z‖ is about σ_1, so that directions
 * of values below √u σ_1 drown; but orthonormalised against the larger ones they have an ‖A z‖ of
 * √u σ_1 only, so that the next pass loses no more than those below u^(3/4) σ_1, and q power
 * iterations those below u^(1 - 2^-(q+1)) σ_1. The values are those of A Z, which nothing squares.
 *
 * Traffic: the rows q + 2 times; Z and Y once a block.
 * Source: Halko, Martinsson, Shkolnisky, Tygert, An algorithm for the principal component analysis
 * of large data sets, SIAM J. Sci. Comput. 33(5), 2011.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/svd_rows.h"

#include <float.h>
#include <math.h>

#include "algo/bad_row.h"
#include "algo/centred_rows.h"
#include "algo/stacked_qr.h"

enum { PANEL = 64, UNIT = 256 };
/* In units of u. */
#define RESOLUTION 10.0
#define BLOCK_BYTES (INT64_C(32) << 20)

/* ---- sizes ------------------------------------------------------------------------------ */

int64_t svd_rows_fixed_bytes(ritz_dtype dtype, int64_t n, int64_t l)
{
    const int64_t size = (int64_t)ritz_dtype_size(dtype), panel = min_i64(l, PANEL);
    const int64_t panels = dtype == RITZ_F64 ? 0 : n * panel * (size + 8);
    return n * l * (2 * size + 8) + panels + 4 * l * l * size + 4 * n * 8;
}

int64_t svd_rows_row_bytes(ritz_dtype dtype, int64_t n, int64_t l)
{
    return (n + l) * (int64_t)ritz_dtype_size(dtype);
}

int64_t svd_rows_block(ritz_dtype dtype, int64_t m, int64_t n, int64_t l)
{
    const int64_t affordable = BLOCK_BYTES / svd_rows_row_bytes(dtype, n, l);
    const int64_t rows = (affordable > 2 * l ? affordable : 2 * l) / UNIT * UNIT;
    return min_i64(rows < UNIT ? UNIT : rows, m);
}

double svd_rows_resolution(ritz_dtype dtype, int power_iterations)
{
    return pow(RESOLUTION * ritz_algo_roundoff(dtype), 2 - pow(2, -power_iterations));
}

int svd_rows_passes(const struct ritz_algo_sketch *sketch)
{
    return sketch->power_iterations + 2;
}

/* ---- a block of rows -------------------------------------------------------------------- */

struct job {
    const struct svd_rows *c;
    int pass;
    ritz_dmat Z;      /* n x l, T */
    ritz_dmat Y;      /* n x l F64 */
    ritz_dmat R;      /* l x l, T, of the last pass */
    ritz_dmat stage;  /* block + 1 rows, T, row-major */
    ritz_dmat T;      /* block + 1 rows of A Z */
    ritz_dmat P, sum; /* a panel of a block's product, and its copy in F64; of float32 only */
    ritz_dmat watch;  /* 3 x 1 F64: a square or the largest element, the flag, the norm */
    ritz_dmat flags;
    struct stacked_qr qr;
};

/* The rows that stand for a block: centred, and in T. In the first pass one row more carries what
 * the mean has moved. */
static ritz_status stage(ritz_stream *s, const struct job *j, ritz_dmat block, int64_t first,
                         ritz_dmat *C)
{
    const struct svd_rows *c = j->c;
    const int centred = ritz_present(c->mean);
    if (!centred && block.dtype == c->dtype) {
        *C = block;
        return RITZ_OK;
    }
    const int moves = centred && j->pass == 0;
    *C = ritz_row_range(j->stage, 0, block.rows + moves);
    if (moves) return centred_rows(s, first, block, c->mean, *C);
    return centred ? ritz_op_add_row(s, -1.0, c->mean, block, *C) : ritz_op_copy(s, block, *C);
}

/* Y = Y + CᵀT. */
static ritz_status add_product(ritz_stream *s, const struct job *j, ritz_dmat C, ritz_dmat T)
{
    if (j->c->dtype == RITZ_F64) return ritz_op_gemm(s, 1.0, ritz_t(C), T, 1.0, j->Y);
    for (int64_t first = 0; first < T.cols; first += j->P.cols) {
        const int64_t width = min_i64(j->P.cols, T.cols - first);
        const ritz_dmat P = ritz_cols(j->P, 0, width), sum = ritz_cols(j->sum, 0, width);
        RITZ_TRY(ritz_op_gemm(s, 1.0, ritz_t(C), ritz_cols(T, first, width), 0.0, P));
        RITZ_TRY(ritz_op_copy(s, P, sum));
        RITZ_TRY(ritz_op_axpby(s, 1.0, sum, 1.0, ritz_cols(j->Y, first, width)));
    }
    return RITZ_OK;
}

static ritz_status visit_product(ritz_stream *s, ritz_dmat block, int64_t first, void *context)
{
    const struct job *j = context;
    ritz_dmat C;
    RITZ_TRY(stage(s, j, block, first, &C));
    if (j->pass == 0) {
        const ritz_dmat square = ritz_row_range(j->watch, 0, 1);
        RITZ_TRY(ritz_op_sumsq(s, C, square));
        RITZ_TRY(ritz_op_axpby(s, 1.0, square, 1.0, j->c->sumsq));
    }
    const ritz_dmat T = ritz_row_range(j->T, 0, C.rows);
    RITZ_TRY(ritz_op_gemm(s, 1.0, C, j->Z, 0.0, T));
    return add_product(s, j, C, T);
}

/* R is kept apart from the stack, so that it can be saved. */
static ritz_status visit_factor(ritz_stream *s, ritz_dmat block, int64_t first, void *context)
{
    struct job *j = context;
    ritz_dmat C;
    RITZ_TRY(stage(s, j, block, first, &C));
    const ritz_dmat room = stacked_qr_room(&j->qr, C.rows), factor = stacked_qr_factor(&j->qr);
    RITZ_TRY(ritz_op_gemm(s, 1.0, C, j->Z, 0.0, room));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, room, j->flags));
    RITZ_TRY(ritz_op_copy(s, j->R, factor));
    RITZ_TRY(stacked_qr_absorb(&j->qr, C.rows));
    return ritz_op_copy(s, factor, j->R);
}

/* ---- the passes ------------------------------------------------------------------------- */

/* Say what is wrong with rows whose products are not finite. */
static ritz_status refuse(const struct row_pass *p, const struct svd_rows *c)
{
    RITZ_TRY(bad_row_find(p->s, p->feed, c->block_rows));
    return ritz_fail(
        RITZ_ERR_NOT_FINITE, "the squares of the data overflow %s; scale the columns%s",
        ritz_dtype_name(c->dtype), c->dtype == RITZ_F32 ? ", or compute in float64" : "");
}

/* Z = orth(Y), if Y is good for anything. */
static ritz_status settle_product(const struct row_pass *p, const struct job *j)
{
    ritz_stream *s = p->s;
    const struct svd_rows *c = j->c;
    double seen[3] = {0};
    RITZ_TRY(ritz_op_copy(s, j->Y, j->Z));
    RITZ_TRY(ritz_op_finite_guard(s, RITZ_BOTH, j->Z, j->flags));
    RITZ_TRY(ritz_op_max_abs(s, j->Z, ritz_row_range(j->watch, 0, 1)));
    RITZ_TRY(ritz_op_copy(s, j->flags, ritz_row_range(j->watch, 1, 1)));
    RITZ_TRY(ritz_op_copy(s, c->sumsq, ritz_row_range(j->watch, 2, 1)));
    RITZ_TRY(ritz_algo_fetch(s, j->watch, seen));
    const double largest = seen[0], bad = seen[1], sumsq = seen[2];
    if (bad > 0) return refuse(p, c);
    const double least =
        c->dtype == RITZ_F32 ? (double)(FLT_MIN / FLT_EPSILON) : DBL_MIN / DBL_EPSILON;
    RITZ_REQUIRE(!(sumsq > 0) || largest >= least, RITZ_ERR_NOT_FINITE,
                 "the squares of the data underflow %s; scale the columns%s",
                 ritz_dtype_name(c->dtype), c->dtype == RITZ_F32 ? ", or compute in float64" : "");
    return ritz_algo_orth(s, j->Z);
}

static ritz_status product_pass(struct row_pass *p, struct job *j)
{
    ritz_stream *s = p->s;
    const struct svd_rows *c = j->c;
    const int64_t rows = c->block_rows + 1, l = j->Z.cols;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    RITZ_TRY_OUT(ritz_work_dmat(s, c->dtype, RITZ_COL_MAJOR, rows, l, 1, &j->T));
    if (c->dtype != RITZ_F64) {
        const int64_t width = min_i64(l, PANEL);
        RITZ_TRY_OUT(ritz_work_dmat(s, c->dtype, RITZ_COL_MAJOR, c->n, width, 1, &j->P));
        RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, c->n, width, 1, &j->sum));
    }
    if (!row_pass_resumes(p)) {
        if (j->pass == 0) {
            RITZ_TRY_OUT(ritz_algo_gaussian(s, RITZ_RANDOM_SKETCH, c->sketch.seed, j->Z));
            RITZ_TRY_OUT(ritz_op_fill(s, 0.0, c->sumsq));
            if (ritz_present(c->mean)) RITZ_TRY_OUT(ritz_op_fill(s, 0.0, c->mean));
        }
        RITZ_TRY_OUT(ritz_op_fill(s, 0.0, j->Y));
    }
    RITZ_TRY_OUT(row_pass(p, "range", c->block_rows, visit_product, j));
    RITZ_TRY_OUT(settle_product(p, j));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status factor_pass(struct row_pass *p, struct job *j)
{
    const struct svd_rows *c = j->c;
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    double bad = 0;
    RITZ_TRY_OUT(stacked_qr_open(p->s, c->dtype, j->Z.cols, c->block_rows, &j->qr));
    RITZ_TRY_OUT(row_pass(p, "values", c->block_rows, visit_factor, j));
    RITZ_TRY_OUT(ritz_algo_fetch(p->s, j->flags, &bad));
    if (bad > 0) rc = refuse(p, c);
out:
    ritz_work_release(p->s, mark);
    return rc;
}

/* S and V from R. */
static ritz_status decompose(ritz_stream *s, const struct job *j, ritz_dmat S, ritz_dmat V)
{
    double outcome = 0;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct ritz_verdict v;
    ritz_dmat W = RITZ_NO_MAT;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, 1, &v));
    if (ritz_present(V))
        RITZ_TRY_OUT(ritz_work_dmat(s, V.dtype, RITZ_COL_MAJOR, j->R.rows, V.cols, 1, &W));
    RITZ_TRY_OUT(ritz_algo_svd(s, j->R, RITZ_NO_MAT, S, W, v.flags, v.info));
    if (ritz_present(V)) {
        RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, j->Z, W, 0.0, V));
        RITZ_TRY_OUT(ritz_op_sign_cols(s, V, RITZ_NO_MAT));
    }
    RITZ_TRY_OUT(ritz_algo_fetch(s, v.info, &outcome));
    if (outcome < 0 || outcome > 0)
        rc = ritz_fail(RITZ_ERR_NOT_CONVERGED,
                       "the singular value decomposition in %s did not converge",
                       ritz_dtype_name(j->R.dtype));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* Files may differ in their types. */
static int is_staged(const struct row_pass *p, const struct svd_rows *c)
{
    return ritz_present(c->mean) || !ritz_feed_in_place(p->feed) ||
           ritz_feed_info(p->feed)->dtype != c->dtype;
}

static ritz_status open_job(const struct row_pass *p, struct job *j)
{
    ritz_stream *s = p->s;
    const struct svd_rows *c = j->c;
    const int64_t n = c->n, l = c->sketch.sample_size;
    RITZ_TRY(ritz_work_dmat(s, c->dtype, RITZ_COL_MAJOR, n, l, 1, &j->Z));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, n, l, 1, &j->Y));
    RITZ_TRY(ritz_work_dmat(s, c->dtype, RITZ_COL_MAJOR, l, l, 1, &j->R));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, 3, 1, 1, &j->watch));
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 1, 1, 1, &j->flags));
    if (is_staged(p, c))
        RITZ_TRY(ritz_work_dmat(s, c->dtype, RITZ_ROW_MAJOR, c->block_rows + 1, n, 1, &j->stage));
    RITZ_TRY(ritz_op_fill(s, 0.0, j->R));
    return ritz_op_fill(s, 0.0, j->flags);
}

ritz_status svd_rows_run(struct row_pass *p, const struct svd_rows *c, ritz_dmat S, ritz_dmat V)
{
    const int last = svd_rows_passes(&c->sketch) - 1;
    RITZ_REQUIRE(ritz_feed_can_rewind(p->feed), RITZ_ERR_STATE,
                 "the randomized method reads the rows %d times, and the source can be read once "
                 "only",
                 last + 1);
    struct job j = {.c = c};
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_status rc;
    RITZ_TRY_OUT(open_job(p, &j));
    const ritz_dmat state[] = {j.Z, j.Y, j.R, c->sumsq, c->mean};
    row_pass_keep(p, state, ritz_present(c->mean) ? 5 : 4);
    for (; j.pass <= last; j.pass++) {
        if (row_pass_behind(p)) continue;
        if (j.pass < last)
            RITZ_TRY_OUT(product_pass(p, &j));
        else
            RITZ_TRY_OUT(factor_pass(p, &j));
    }
    RITZ_TRY_OUT(decompose(p->s, &j, S, V));
out:
    ritz_work_release(p->s, mark);
    return rc;
}
