/* What the least squares solvers share.
 *
 * A problem is min ‖A X - B‖_F over rows that arrive in blocks: from a matrix (one block, in
 * place), from a matrix with weights, an intercept or a penalty (blocks staged in the workspace), or
 * from sources that stream by. The methods are written for such rows, so that each is both the one
 * for memory and the one for data beyond memory.
 *
 *     lstsq.c            the public functions: checks, the choice of a method, the report
 *     lstsq_rows.c       struct lstsq_rows: the blocks
 *     lstsq_refine.c     refinement with a triangular factor, and the backward error
 *     lstsq_normal.c     normal equations
 *     lstsq_sketch.c     sketched problem; sketched QR
 *     lstsq_cg.c         sketch and conjugate gradients, with and without inner products
 *     lstsq_lsmr.c       LSMR
 *     lstsq_qr.c         Householder QR
 *     lstsq_minnorm.c    minimum norm: any rank, wide matrices, batches
 *     lstsq_tsqr.c       R of [A B]
 *     lstsq_stats.c      statistics of rows
 *     ridge.c            many penalties
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_LSTSQ_H
#define RITZ_ALGO_LSTSQ_H

#include "algo/qr.h"
#include "core/rows.h"

/* ---- the rows of a problem (lstsq_rows.c) ------------------------------------------------ */

struct lstsq_rows;

/* A block of rows: A_i (b x n) and B_i (b x s), of the type of the computation. They are weighted,
 * centred and, at the end, the rows of the penalty, [sqrt(lambda) I, 0]. Valid for work enqueued
 * before the next call. */
struct lstsq_block {
    int64_t first; /* number of its first row */
    ritz_dmat A, B;
};

/* Where rows come from: a pair of matrices, or a pair of feeds. */
struct lstsq_data {
    ritz_dmat A, B; /* matrices, if `feed_a` is NULL */
    struct ritz_feed *feed_a, *feed_b;
    ritz_dtype dtype; /* of the computation */
    int64_t m, n, s;
    const ritz_lstsq_options *opts; /* weights, intercept, lambda, block_rows, progress; not NULL */
};

/* Prepare: counts the rows of positive weight, and finds the means where there is an intercept (a
 * pass over the data, for which the host waits). Refuses negative weights and weights that are all
 * zero. Workspace of the stream holds what it needs until the caller releases it; `free` afterwards
 * on every path. */
ritz_status lstsq_rows_open(ritz_stream *s, const struct lstsq_data *data,
                            struct lstsq_rows **rows);
void lstsq_rows_free(struct lstsq_rows **rows);

/* All rows, those of the penalty included; blocks have at most lstsq_rows_block rows. */
int64_t lstsq_rows_count(const struct lstsq_rows *rows);
int64_t lstsq_rows_block(const struct lstsq_rows *rows);
/* Rows of positive weight in the data. */
int64_t lstsq_rows_counted(const struct lstsq_rows *rows);
/* Times the data was read. */
int lstsq_rows_passes(const struct lstsq_rows *rows);
/* Another pass is possible. */
int lstsq_rows_can_repeat(const struct lstsq_rows *rows);

/* Start a pass; then the blocks, with A.rows = 0 after the last. */
ritz_status lstsq_rows_start(struct lstsq_rows *rows);
ritz_status lstsq_rows_next(struct lstsq_rows *rows, struct lstsq_block *block);

/* The whole problem as one pair of matrices that the caller may overwrite: a staged copy from the
 * workspace, column-major. */
ritz_status lstsq_rows_all(struct lstsq_rows *rows, ritz_dmat *A, ritz_dmat *B);

/* c = mean_B - mean_Aᵀ X into opts->intercept, where there is one. */
ritz_status lstsq_rows_intercept(struct lstsq_rows *rows, ritz_dmat X);

/* ---- a problem being solved -------------------------------------------------------------- */

struct lstsq {
    ritz_stream *s;
    struct lstsq_rows *rows;
    ritz_dtype dtype;
    int64_t n, targets;
    const ritz_lstsq_options *opts; /* defaults filled in */
    ritz_dmat X;                    /* n x s: the answer */
    ritz_lstsq_report r;            /* filled by the methods */
    ritz_dmat squares;              /* s x 1 F64: of the residual's columns; the methods fill it */
    double norm_a;                  /* ‖A‖_F, 0 until known */
    int finite;                     /* 0: the data was found not to be finite */
    int rank_deficient;             /* set by a method that finds it */
};

/* Each method fills X, squares and what it knows of the report. *accepted = 0: the method does not
 * apply or did not pass its check (X is undefined; rank_deficient or finite may say why). Host
 * waits. */
ritz_status lstsq_by_normal(struct lstsq *p, int *accepted);
ritz_status lstsq_by_sketch_qr(struct lstsq *p, int *accepted);
ritz_status lstsq_by_sketch_solve(struct lstsq *p, int *accepted);
ritz_status lstsq_by_qr(struct lstsq *p, int *accepted);
ritz_status lstsq_by_minnorm(struct lstsq *p, int *accepted);
ritz_status lstsq_by_tsqr(struct lstsq *p, int *accepted);
ritz_status lstsq_by_cg(struct lstsq *p, int fixed, int *accepted);

/* ---- shared steps ------------------------------------------------------------------------ */

/* Refine X with the upper triangular factor R (n x n, RᵀR ~ AᵀA): r = B - A X, g = Aᵀr, X += R⁻¹R⁻ᵀg,
 * while it helps, `least` to `most` times; then the figures of the report: norms, optimality,
 * backward error, refinements. *accepted: the backward error is at the level of Householder QR.
 * (lstsq_refine.c) */
ritz_status lstsq_refine(struct lstsq *p, ritz_dmat R, int least, int most, int *accepted);

/* The sketch of the rows: Rs (n x n, upper triangular) and Y = Qsᵀ S B (n x s), from the workspace.
 * *condition: estimate of κ₁ of Rs with columns of unit length, infinity if it is singular to
 * working precision. Host waits. (lstsq_sketch.c) */
ritz_status lstsq_sketch(struct lstsq *p, uint32_t draw, ritz_dmat *Rs, ritz_dmat *Y,
                         double *condition);

/* *condition as above, of any upper triangular R; a column of zeros counts as singular. Host waits.
 * (lstsq_refine.c) */
ritz_status lstsq_condition(ritz_stream *s, ritz_dmat R, double *condition);

/* X of minimum norm from triangular data: min ‖R X - C‖, R k x n, C k x s, both destroyed. rank: I32
 * 1 x 1 per item. Batch. Does not wait. rest: s x 1 F64 per item, squares of the norms of what is left of C, added; or
 * RITZ_NO_MAT. (lstsq_minnorm.c) */
ritz_status lstsq_minimum_norm(ritz_stream *s, double rtol, int64_t m, ritz_dmat R, ritz_dmat C,
                               ritz_dmat X, ritz_dmat rank, ritz_dmat rest);

/* [R C; 0 E]: the triangular factor of [A B] of all rows in one pass, (n + s) square, upper
 * triangular, column-major, from the workspace. (lstsq_tsqr.c) */
ritz_status lstsq_triangle(struct lstsq *p, ritz_dmat *T);

/* ---- operators (lstsq_cg.c, lstsq_lsmr.c) ------------------------------------------------- */

struct lstsq_operator {
    ritz_stream *s;
    const ritz_linop *A;
    ritz_dmat B, X;
    const ritz_lstsq_options *opts; /* defaults filled in */
    ritz_lstsq_report r;
};
ritz_status lstsq_operator_by_cg(struct lstsq_operator *p, int fixed, int *accepted);
ritz_status lstsq_operator_by_sketch_solve(struct lstsq_operator *p, int *accepted);
ritz_status lstsq_operator_by_lsmr(struct lstsq_operator *p, int *accepted);

#endif
