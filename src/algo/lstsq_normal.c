/* Least squares by the normal equations: AᵀA = RᵀR, X = R⁻¹R⁻ᵀAᵀB, refined with true residuals.
 *
 * Each step takes a factor of about κ² u off the error, κ the condition of A with columns of unit
 * length (Cholesky factorizations do not see the scaling of columns), so that the answer has the
 * backward error of Householder QR as long as that converges; beyond the limits the method refuses.
 *
 * The first step is from X = 0: its residual is B.
 *
 * Source: Björck, Numerical Methods for Least Squares Problems, 1996, sections 2.2 and 2.9; Higham,
 * Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 10.1 (scaling).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "algo/lstsq.h"

#define LIMIT_F64 1e5
#define LIMIT_F32 1e3

enum { MOST_STEPS = 8 };

double lstsq_normal_limit(ritz_dtype dtype)
{
    return dtype == RITZ_F32 ? LIMIT_F32 : LIMIT_F64;
}

/* R of the Cholesky factorization of G (its lower triangle, destroyed), and the condition of R:
 * infinity where there is no R. */
static ritz_status factor(ritz_stream *s, ritz_dmat G, ritz_dmat R, double *condition)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    double failed[2];
    ritz_status rc;
    ritz_dmat state;
    *condition = (double)INFINITY;
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, 2, 1, 1, &state));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, state));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_LOWER, G, ritz_row_range(state, 0, 1)));
    RITZ_TRY_OUT(ritz_op_potrf(s, RITZ_LOWER, G, ritz_row_range(state, 1, 1)));
    RITZ_TRY_OUT(ritz_op_tri_copy(s, RITZ_UPPER, ritz_t(G), R));
    RITZ_TRY_OUT(ritz_algo_fetch(s, state, failed));
    if (failed[0] == 0 && failed[1] == 0) RITZ_TRY_OUT(lstsq_condition(s, R, condition));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- a look at the condition ------------------------------------------------------------- */

enum { SAMPLE = 2 }; /* rows in units of n */

/* Row i of a sample of `count` of m rows: one of each stretch of m / count rows, at a place that
 * follows no pattern, as the rows may. */
static int32_t scattered(int64_t i, int64_t count, int64_t m)
{
    const int64_t begin = m / count * i, length = m / count;
    const uint64_t hash = ((uint64_t)i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    return (int32_t)(begin + (int64_t)((hash ^ hash >> 29) % (uint64_t)length));
}

/* W = some rows of A. Host waits. */
static ritz_status sample(ritz_stream *s, ritz_dmat A, ritz_dmat *W)
{
    const struct ritz_backend *backend = s->device->backend;
    const int64_t m = A.rows < INT32_MAX ? A.rows : INT32_MAX;
    const int64_t count = min_i64(m, SAMPLE * A.cols);
    ritz_status rc, waited;
    ritz_dmat index;
    RITZ_TRY(ritz_work_dmat(s, A.dtype, RITZ_ROW_MAJOR, count, A.cols, 1, W));
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, count, 1, 1, &index));
    int32_t *rows = malloc((size_t)count * sizeof *rows);
    RITZ_REQUIRE(rows != NULL, RITZ_ERR_MEMORY,
                 "no host memory for the numbers of %" PRId64 " rows", count);
    for (int64_t i = 0; i < count; i++) rows[i] = scattered(i, count, m);
    rc = backend->upload(s, ritz_hmat_wrap(rows, RITZ_I32, count, 1, RITZ_COL_MAJOR), index);
    waited = backend->stream_sync(s); /* `rows` goes */
    free(rows);
    RITZ_TRY(rc);
    RITZ_TRY(waited);
    return ritz_op_gather_cols(s, index, ritz_t(A), ritz_t(*W));
}

/* G(j,j) += 1 where column j of W is zero: a feature that a sample happens to miss says nothing. */
static ritz_status fill_gaps(ritz_stream *s, ritz_dmat W, ritz_dmat G)
{
    const int64_t n = W.cols;
    ritz_dmat lengths, gaps;
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, n, 1, 1, &lengths));
    RITZ_TRY(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, n, 1, 1, &gaps));
    RITZ_TRY(ritz_op_col_sumsq(s, W, lengths));
    RITZ_TRY(ritz_op_scale_cols(s, 1, lengths, ritz_t(lengths), ritz_t(lengths))); /* 0 or 1 */
    RITZ_TRY(ritz_op_fill(s, 1.0, gaps));
    RITZ_TRY(ritz_op_axpby(s, -1.0, lengths, 1.0, gaps));
    RITZ_TRY(ritz_work_dmat(s, G.dtype, RITZ_COL_MAJOR, n, 1, 1, &lengths));
    RITZ_TRY(ritz_op_copy(s, gaps, lengths));
    return ritz_op_axpby(s, 1.0, lengths, 1.0, qr_diagonal(G));
}

ritz_status lstsq_pilot(struct lstsq *p, double *condition)
{
    ritz_stream *s = p->s;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    struct lstsq_block block;
    ritz_dmat W, G, R;
    *condition = (double)INFINITY;
    RITZ_TRY_OUT(lstsq_rows_peek(p->rows, &block));
    if (block.A.rows == 0 || p->n == 0) goto out;
    RITZ_TRY_OUT(sample(s, block.A, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &G));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &R));
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, G)); /* the other triangle may be read, and kept */
    RITZ_TRY_OUT(ritz_op_syrk(s, RITZ_LOWER, 1.0, ritz_t(W), 0.0, G));
    RITZ_TRY_OUT(fill_gaps(s, W, G));
    RITZ_TRY_OUT(factor(s, G, R, condition));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* ---- the method -------------------------------------------------------------------------- */

/* The lower triangle of G = AᵀA. */
static ritz_status gram(struct lstsq *p, ritz_dmat G)
{
    RITZ_TRY(ritz_op_fill(p->s, 0.0, G));
    RITZ_TRY(lstsq_rows_start(p->rows));
    for (;;) {
        struct lstsq_block b;
        RITZ_TRY(lstsq_rows_next(p->rows, &b));
        if (b.A.rows == 0) return RITZ_OK;
        RITZ_TRY(ritz_op_syrk(p->s, RITZ_LOWER, 1.0, ritz_t(b.A), 1.0, G));
    }
}

ritz_status lstsq_by_normal(struct lstsq *p, int *accepted)
{
    ritz_stream *s = p->s;
    const int most = p->opts->max_refinement > 0 ? p->opts->max_refinement : MOST_STEPS;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat G, R;
    *accepted = 0;
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &G));
    RITZ_TRY_OUT(ritz_work_dmat(s, p->dtype, RITZ_COL_MAJOR, p->n, p->n, 1, &R));
    RITZ_TRY_OUT(gram(p, G));
    RITZ_TRY_OUT(factor(s, G, R, &p->r.condition));
    if (!(p->r.condition <= lstsq_normal_limit(p->dtype))) goto out;
    RITZ_TRY_OUT(ritz_op_fill(s, 0.0, p->X));
    RITZ_TRY_OUT(lstsq_refine(p, R, 1, most, accepted));
    if (p->r.refinements > 0) p->r.refinements--; /* the first made the solution */
    p->r.rank = p->n;
out:
    ritz_work_release(s, mark);
    return rc;
}
