/* What the iterative least squares solvers share: a problem min ‖A X - B‖_F seen through products
 * alone, so that one solver serves rows that arrive in blocks and linear operators. The rows of the
 * penalty belong to A.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_LSTSQ_ITERATE_H
#define RITZ_ALGO_LSTSQ_ITERATE_H

#include "algo/lstsq.h"

/* ---- problems seen through products ------------------------------------------------------- */

struct lstsq_products {
    ritz_stream *s;
    ritz_dtype dtype;
    int64_t n, targets;
    int64_t sketch_rows; /* d */
    void *context;       /* passed to: */
    /* G = Aᵀ(B - A X), squares (s x 1 F64) of the columns of B - A X. */
    ritz_status (*gradient)(void *context, ritz_dmat X, ritz_dmat G, ritz_dmat squares);
    /* W = AᵀA V, squares of the columns of A V. */
    ritz_status (*normal)(void *context, ritz_dmat V, ritz_dmat W, ritz_dmat squares);
    /* SA = S A, SB = S B for a random sparse S (d x m); both are cleared. */
    ritz_status (*sketch)(void *context, uint32_t draw, ritz_dmat SA, ritz_dmat SB);
};

/* ---- sketch and conjugate gradients (lstsq_cg.c) ------------------------------------------ */

struct lstsq_cg {
    const struct lstsq_products *on;
    ritz_dmat X;      /* n x s: sketch-and-solve, then improved */
    ritz_dmat Rs;     /* n x n: upper triangular factor of the sketch */
    double condition; /* of Rs, as of lstsq_sketch */
    int finite;       /* the sketch is */
    int iterations;   /* inner steps in all */
    int refinements;  /* outer steps */
};

/* Rows d of the sketch of m x n. */
int64_t lstsq_cg_sketch_rows(int64_t m, int64_t n);

/* Rs from the workspace, and X = the solution of the sketched problem, where `finite` and
 * `condition` allow it. Host waits. */
ritz_status lstsq_cg_start(struct lstsq_cg *cg, uint32_t draw);

/* The backward error of cg->X, and whether it is at the level of Householder QR. Host waits. */
typedef ritz_status lstsq_judge(void *context, const struct lstsq_cg *cg, double *backward_error,
                                int *accepted);

/* Improve X while it helps: by conjugate gradients or, if `fixed`, a fixed number of steps without
 * inner products. `judge` is given the context of the products. Host waits. */
ritz_status lstsq_cg_refine(struct lstsq_cg *cg, int fixed, lstsq_judge *judge, int *accepted);

/* ---- operators (lstsq_stacked.c) ---------------------------------------------------------- */

/* The operator [A; sqrt(lambda) I], m + n rows where there is a penalty. */
struct lstsq_stacked {
    ritz_stream *s;
    const ritz_linop *A;
    double lambda;
    ritz_dmat B;    /* m x s, and rows of zeros for the penalty */
    ritz_dmat zero; /* as B */
    uint64_t seed;
    int products; /* pairs of products with A and Aᵀ so far */
};

/* Takes what it needs from the workspace. */
ritz_status lstsq_stacked_open(struct lstsq_operator *p, struct lstsq_stacked *a);

/* Rows of the stacked operator. */
int64_t lstsq_stacked_rows(const struct lstsq_stacked *a);

/* A is a dense matrix, centred or not: its rows can be visited. */
int lstsq_stacked_has_rows(const struct lstsq_stacked *a);

/* R = B - A X (RITZ_NO_MAT: not wanted), G = AᵀR, squares (s x 1 F64) of the columns of R; one pass
 * over the memory of a matrix. */
ritz_status lstsq_stacked_residual(struct lstsq_stacked *a, ritz_dmat X, ritz_dmat B, ritz_dmat R,
                                   ritz_dmat G, ritz_dmat squares);

/* SA = S A, SB = S B. */
ritz_status lstsq_stacked_sketch(struct lstsq_stacked *a, uint32_t draw, ritz_dmat SA,
                                 ritz_dmat SB);

/* square (1 x 1 F64) = ‖A‖_F², and norms (n x 1 F64) the squares of the columns' norms; where rows
 * cannot be visited an estimate by random probes, and no norms of columns. */
ritz_status lstsq_stacked_norms(struct lstsq_stacked *a, ritz_dmat square, ritz_dmat norms);

/* ---- figures of an operator's problem (lstsq_measure.c) ------------------------------------ */

/* Norms for a column of B: of the residual r, the gradient Aᵀr, x and b. */
struct lstsq_column {
    double residual, gradient, solution, rhs;
    double preconditioned; /* ‖Rs⁻ᵀAᵀr‖, infinity without Rs */
    double backward_error;
};

/* What the figures rest on. */
struct lstsq_measure {
    struct lstsq_stacked *a;
    ritz_dmat Rs;  /* or RITZ_NO_MAT: the backward errors are bounds that may be far too large */
    double norm_a; /* ‖A‖_F */
};

/* Everything about p->X in one product: p->squares, p->finite, the figures of the report, and the
 * columns on the host, which may be NULL. Host waits. */
ritz_status lstsq_measure(struct lstsq_operator *p, const struct lstsq_measure *with,
                          struct lstsq_column *columns);

#endif
