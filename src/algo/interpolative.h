/* What the interpolative and CUR decompositions share.
 *
 * Rows of A are columns of Aᵀ, so that everything is written for columns, of an operator and its
 * transpose.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_INTERPOLATIVE_H
#define RITZ_ALGO_INTERPOLATIVE_H

#include "algo/algo.h"

/* An operator and its transpose, which refers to it: not to be copied. */
struct interpolative_pair {
    ritz_linop op, transpose;
};

void interpolative_pair_of(const ritz_linop *A, struct interpolative_pair *p);

/* The choices of a call. */
struct interpolative_choices {
    struct ritz_algo_sketch sketch;
    int with_error;
};

ritz_status interpolative_options(const ritz_sketch_options *opts, int64_t k, const ritz_linop *A,
                                  struct interpolative_choices *o);

/* An output of k indices, "columns" or "rows", apart from the operator. */
ritz_status interpolative_check_indices(const ritz_stream *s, const ritz_linop *A, ritz_dmat J,
                                        const char *name);
/* An output of the operator's data type, rows x cols, apart from the operator; `shape` is for
 * messages. */
ritz_status interpolative_check_output(const ritz_stream *s, const ritz_linop *A, ritz_dmat X,
                                       const char *name, int64_t rows, int64_t cols,
                                       const char *shape);

/* The columns that were chosen, in the workspace. */
struct interpolation {
    ritz_dmat pivots;  /* k x 1 I32: every one names a column, also beyond the rank */
    ritz_dmat keep;    /* k x 1: 1 for those within the rank, else 0 */
    ritz_dmat rank;    /* 1 x 1 I32 */
    int products;      /* of the operator with a block */
    int64_t wanted;    /* the rank that the tolerance asks for, or k */
    int tolerance_met; /* by that rank */
};

/* Both k x 1 and the rank from the workspace. */
ritz_status interpolation_open(ritz_stream *s, ritz_dtype dtype, int64_t k,
                               struct interpolation *c);

/* Choose k > 0 columns of A (the first of the pair's two is `A`, the other its transpose), and
 * write the coefficients X (k x n, or RITZ_NO_MAT). flags: as of ritz_algo_range_finder; where set,
 * the rank is 0. With a tolerance the host waits. */
ritz_status interpolative_choose(ritz_stream *s, const ritz_linop *A, const ritz_linop *At,
                                 const struct interpolative_choices *o, struct interpolation *c,
                                 ritz_dmat X, ritz_dmat flags);

static inline double interpolative_eps(ritz_dtype dtype)
{
    return 2.0 * ritz_algo_roundoff(dtype);
}

/* Pivoted QR of F (column-major, overwritten, k <= min(rows, cols)): its `order` (a pivot for each
 * column of F), and from it pivots, keep and rank, cut where the diagonal of R is at most rtol of
 * its first element. */
ritz_status interpolation_pivot(ritz_stream *s, double rtol, ritz_dmat F, ritz_dmat order,
                                struct interpolation *c, ritz_dmat flags);

/* C = A(:, pivots), the columns beyond the rank 0. */
ritz_status interpolative_gather(ritz_stream *s, const ritz_linop *A, const struct interpolation *c,
                                 ritz_dmat C);

/* The pivots to the caller, -1 beyond the rank. */
ritz_status interpolative_indices(ritz_stream *s, const struct interpolation *c, ritz_dmat indices);

/* Write the report of the columns c (NULL: there are none to choose) from the figures, whose
 * entries PROBES and RESIDUALS are there; RITZ_NO_MAT if no error is wanted. */
ritz_status interpolative_report(ritz_stream *s, const ritz_linop *A,
                                 const struct interpolative_choices *o,
                                 const struct interpolation *c, ritz_dmat figures,
                                 ritz_sketch_report *report);

#endif
