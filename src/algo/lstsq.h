/* What the least squares solvers share.
 *
 * A problem is min ‖A X - B‖_F over rows that arrive in blocks: from a matrix (one block, in
 * place), from a matrix with weights, an intercept or a penalty (blocks staged in the workspace),
 * or from sources that stream by. The methods are written for such rows, so that each is both the
 * one for memory and the one for data beyond memory.
 *
 *     lstsq.c            the public functions: checks; lstsq_choice.c, lstsq_solve.c: the choice of
 *                        methods, and what is done where one fails; lstsq_call.h
 *     lstsq_rows.c       struct lstsq_rows: the blocks
 *     lstsq_refine.c     refinement with a triangular factor, and the backward error
 *     lstsq_backward.c   the estimate of the backward error
 *     lstsq_assess.c     the figures of solutions of any rank
 *     lstsq_normal.c     normal equations
 *     lstsq_sketch.c     sketched problem; sketched QR
 *     lstsq_mixed.c      normal equations and sketched QR of float64 data with float32 factors
 *     lstsq_cg.c         sketch and conjugate gradients, with and without inner products
 *     lstsq_operator.c   the public function for operators; lstsq_operator_cg.c, lstsq_stacked.c
 *     lstsq_lsmr.c       LSMR
 *     lstsq_qr.c         Householder QR
 *     lstsq_minnorm.c    minimum norm: any rank, wide matrices
 *     lstsq_batch.c      batches
 *     lstsq_tsqr.c       R of [A B]
 *     lstsq_stats.c      statistics of rows; lstsq_centred.c, lstsq_stats_solve.c
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
    /* Powers of two that the rows of A (with those of the penalty) and of B are multiplied with;
     * 0 stands for 1. The solution is then scale_b / scale_a times that of the data. */
    double scale_a, scale_b;
    int raw; /* only lstsq_rows_next_raw is used; the weights may all be zero */
};

/* Prepare: counts the rows of positive weight, and finds the means where there is an intercept (a
 * pass over the data, for which the host waits). Refuses negative weights and weights that are all
 * zero. A row of weight 0 becomes zeros, whatever is in it. Workspace of the stream holds what it
 * needs until the caller releases it; `free` afterwards on every path. */
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
/* ‖B‖_F² of all blocks, after the first whole pass; NaN before. Host waits. */
ritz_status lstsq_rows_rhs_squares(struct lstsq_rows *rows, double *squares);
/* Another pass is possible. */
int lstsq_rows_can_repeat(const struct lstsq_rows *rows);

/* Start a pass; then the blocks, with A.rows = 0 after the last. */
ritz_status lstsq_rows_start(struct lstsq_rows *rows);
ritz_status lstsq_rows_next(struct lstsq_rows *rows, struct lstsq_block *block);
/* The first block of data in memory, before any pass: for a look at what it is like. A.rows = 0 if
 * the data is not in memory. */
ritz_status lstsq_rows_peek(struct lstsq_rows *rows, struct lstsq_block *block);

/* The whole problem as one pair of matrices that the caller may overwrite: a staged copy from the
 * workspace, column-major. */
ritz_status lstsq_rows_all(struct lstsq_rows *rows, ritz_dmat *A, ritz_dmat *B);

/* For those who centre the rows themselves: as lstsq_rows_next, but as they are stored, of any
 * type; W = diag(w)^½ W for rows `first` and following; and the sum of the weights of some rows, of
 * which *at is the first of positive weight, if there is one. */
ritz_status lstsq_rows_next_raw(struct lstsq_rows *rows, struct lstsq_block *block);
ritz_status lstsq_rows_weigh(struct lstsq_rows *rows, int64_t first, ritz_dmat W);
double lstsq_rows_weight(const struct lstsq_rows *rows, int64_t first, int64_t count, int64_t *at);

/* Where there is an intercept: the means (n x 1 and s x 1, F64), else RITZ_NO_MAT; and the sum of
 * the weights. */
void lstsq_rows_means(const struct lstsq_rows *rows, ritz_dmat *mean_a, ritz_dmat *mean_b,
                      double *weight);

/* c = mean_B - mean_Aᵀ X into opts->intercept, where there is one; X is the solution of the data,
 * not of the scaled data. */
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
    int finite;         /* 0: something was found not to be finite: the data, or its squares */
    int out_of_range;   /* squares of the data may overflow or underflow: it has to be scaled */
    int measured;       /* all of it was looked at, and scaled: squares that are 0 are of zeros */
    int rank_deficient; /* set by a method that finds it */
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
/* RITZ_LSTSQ_NORMAL or RITZ_LSTSQ_SKETCH_QR of float64 data, with factors in float32. Rows can be
 * read again. (lstsq_mixed.c) */
ritz_status lstsq_by_mixed(struct lstsq *p, ritz_lstsq_method method, int *accepted);
/* The condition up to which it is of use. */
double lstsq_mixed_limit(ritz_lstsq_method method);

/* ---- shared steps ------------------------------------------------------------------------ */

/* Refine X with the upper triangular factor R (n x n, RᵀR ~ AᵀA): r = B - A X, g = Aᵀr, X +=
 * R⁻¹R⁻ᵀg, while it helps, `least` to `most` times; then the figures of the report: norms,
 * optimality, backward error, refinements. *accepted: the backward error is at the level of
 * Householder QR. (lstsq_refine.c) */
ritz_status lstsq_refine(struct lstsq *p, ritz_dmat R, int least, int most, int *accepted);

/* The sketch of the rows: Rs (n x n, upper triangular) and Y = Qsᵀ S B (n x s), from the workspace.
 * *condition: estimate of κ₁ of Rs with columns of unit length, infinity if it is singular to
 * working precision. Host waits. (lstsq_sketch.c) */
ritz_status lstsq_sketch(struct lstsq *p, uint32_t draw, ritz_dmat *Rs, ritz_dmat *Y,
                         double *condition);

/* Its steps. A pass over the rows: SA += S A, and SB += S B or RITZ_NO_MAT; the sketch that is
 * usual here has lstsq_sketch_height(n) rows and LSTSQ_NONZEROS nonzeros in a column. The factors
 * of any sketch, which is column-major and destroyed, with diag(Rs) >= 0; SB and Y may be
 * RITZ_NO_MAT; *finite: it is. Host waits for the latter. (lstsq_sketch.c) */
enum { LSTSQ_NONZEROS = 4 };
int64_t lstsq_sketch_height(int64_t n);
ritz_status lstsq_sketch_pass(struct lstsq *p, uint32_t draw, int nonzeros, ritz_dmat SA,
                              ritz_dmat SB);
ritz_status lstsq_sketch_factor(ritz_stream *s, ritz_dmat SA, ritz_dmat SB, ritz_dmat Rs,
                                ritz_dmat Y, int *finite);

/* The estimate of Karlson and Waldén for one column, relative to `norm` = ‖A‖_F: R (k x k, zeros
 * below the diagonal if it is triangular) with RᵀR ~ AᵀA, x and r the norms of the solution and of
 * the residual, not both 0, g = Aᵀr. Infinity where it cannot be computed. Host waits.
 * (lstsq_backward.c) */
ritz_status lstsq_backward_estimate(ritz_stream *s, ritz_dmat R, double norm, double x, double r,
                                    ritz_dmat g, double *eta);

/* *condition as above, of any upper triangular R with zeros below; a column of zeros counts as
 * singular. Host waits. (lstsq_refine.c) */
ritz_status lstsq_condition(ritz_stream *s, ritz_dmat R, double *condition);

/* From a sample of the rows: an estimate of the condition as above, infinity where the Gram matrix
 * of the sample is singular to working precision or overflows. Host waits. (lstsq_normal.c) */
ritz_status lstsq_pilot(struct lstsq *p, double *condition);

/* "sketch_qr": of a known method, a constant. (lstsq_choice.c) */
const char *lstsq_method_name(ritz_lstsq_method method);

/* Condition up to which the normal equations serve. (lstsq_normal.c) */
double lstsq_normal_limit(ritz_dtype dtype);

/* Rows of the sketch that RITZ_LSTSQ_SKETCH_SOLVE takes. (lstsq_sketch.c) */
int64_t lstsq_sketch_solve_rows(int64_t n);

/* Norms for which no product or square on the way overflows or loses digits by underflow. */
int lstsq_in_range(ritz_dtype dtype, double norm);

/* Unit roundoff. */
double lstsq_roundoff(ritz_dtype dtype);

/* The batch route: A, B, X with as many items each (inputs may be broadcast); rank, residual norms
 * and method from `o`. Arguments are checked, nothing is empty. Does not wait. (lstsq_batch.c) */
ritz_status lstsq_batch(ritz_stream *s, ritz_dmat A, ritz_dmat B, ritz_dmat X,
                        const ritz_lstsq_options *o);

/* κ₁ as above, or NaN, is that of columns which are dependent to working precision. (lstsq_qr.c) */
int lstsq_is_singular(ritz_dtype dtype, double condition);

/* p->finite = 0 where A or B is not finite; they are then zeros. Host waits. (lstsq_qr.c) */
ritz_status lstsq_guard(struct lstsq *p, ritz_dmat A, ritz_dmat B);

/* X of minimum norm, min ‖R X - C‖: R k x n of any shape, C k x s, both column-major and destroyed.
 * The rank is that of pivoted QR with rtol, or, if 0, 8 sqrt(min(k, n)) eps. rank: I32 batch x 1,
 * -1 where something overflowed. rest: s x 1 F64 per item, squares of the norms of what is left of
 * C, added; or RITZ_NO_MAT. Batch. Does not wait. (lstsq_minnorm.c) */
ritz_status lstsq_minimum_norm(ritz_stream *s, double rtol, ritz_dmat R, ritz_dmat C, ritz_dmat X,
                               ritz_dmat rank, ritz_dmat rest);
/* The same of A and B, where tall and wide matrices are made square first. core, k x k with
 * k = min(m, n), or RITZ_NO_MAT: R with RᵀR = AᵀA if m >= n, else L with LLᵀ = AAᵀ.
 * (lstsq_minnorm.c) */
ritz_status lstsq_complete(ritz_stream *s, double rtol, ritz_dmat A, ritz_dmat B, ritz_dmat X,
                           ritz_dmat rank, ritz_dmat core);

/* The norms, the optimality and the backward error of X as it is, of any rank, by a pass over the
 * rows, with `core` as above; p->norm_a is known. Host waits. (lstsq_assess.c) */
ritz_status lstsq_assess(struct lstsq *p, ritz_dmat core);

/* [R C; 0 E]: the triangular factor of [A B] of all rows in one pass, (n + s) square, upper
 * triangular, column-major, from the workspace. (lstsq_tsqr.c) */
ritz_status lstsq_triangle(struct lstsq *p, ritz_dmat *T);
/* X (n x s) from T = [R C; 0 E] of m rows, which is overwritten: by R, or of minimum norm where
 * that is singular. squares: s x 1 F64 of the residual's columns; *condition of R; *rank: -1 where
 * something overflowed. Host waits. (lstsq_tsqr.c) */
ritz_status lstsq_from_triangle(ritz_stream *s, double rtol, ritz_dmat T, ritz_dmat X,
                                ritz_dmat squares, double *condition, int64_t *rank);

/* Of X and p->squares, what the report can say of data that cannot be read again: norms. Host
 * waits. (lstsq_tsqr.c) */
ritz_status lstsq_report_norms(struct lstsq *p);

/* ---- operators (lstsq_operator_cg.c, lstsq_lsmr.c) ----------------------------------------- */

struct lstsq_operator {
    ritz_stream *s;
    const ritz_linop *A;
    ritz_dmat B, X;
    const ritz_lstsq_options *opts; /* defaults filled in */
    ritz_lstsq_report r;
    ritz_dmat squares;  /* s x 1 F64: of the residual's columns; the methods fill it */
    int finite;         /* 0: something was found not to be finite */
    int rank_deficient; /* set by a method that finds it */
};
ritz_status lstsq_operator_by_cg(struct lstsq_operator *p, int fixed, int *accepted);
ritz_status lstsq_operator_by_sketch_solve(struct lstsq_operator *p, int *accepted);
ritz_status lstsq_operator_by_lsmr(struct lstsq_operator *p, int *accepted);

#endif
