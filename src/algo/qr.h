/* What the QR factorizations share.
 *
 *     qr.c                  ritz_qr and the choice of its method; reflections; the factored form
 *     qr_cholesky.c         by Cholesky factorizations, sketched, plain and shifted
 *     tsqr.c                in blocks of rows
 *     qr_pivoted.c          with column pivoting
 *     qr_rows.c             R of data that streams by
 *     qr_rank.c             the numerical rank
 *     random_orthogonal.c   of random matrices
 *
 * Each trusts its arguments. m >= n and one item, unless something else is said.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_QR_H
#define RITZ_ALGO_QR_H

#include "algo/algo.h"

/* ---- by reflections (qr.c) -------------------------------------------------------------- */

/* Q (m x k) and R (k x n) with diag(R) >= 0, k = min(m, n), each may be RITZ_NO_MAT, from what
 * geqrf left: W m x n column-major, overwritten; Q may be W. A batch. */
ritz_status qr_factors(ritz_stream *s, ritz_dmat W, ritz_dmat tau, ritz_dmat Q, ritz_dmat R);

/* Thin QR of any shape and batch. flags (batch x 1, or RITZ_NO_MAT for data known to be finite)
 * receives the items that are not finite, which are factored as zeros. Q may be A. */
ritz_status qr_by_reflections(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R,
                              ritz_dmat flags);

/* The same of one item in blocks of rows. (tsqr.c) */
ritz_status qr_by_blocks(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R, ritz_dmat flags);

/* ---- by Cholesky factorizations (qr_cholesky.c) ------------------------------------------ */

struct qr_outcome {
    int accepted;
    int finite;            /* nothing overflowed, and the data is finite */
    double smallest_pivot; /* see the top of qr_cholesky.c */
};

/* Thin QR by `method` (one of SKETCH, CHOLESKY2, CHOLESKY3), Q may be A. Waits for the stream to
 * see whether the checks held; if not, A is as before and the outputs are undefined. `draw` numbers
 * the sketches under one seed. */
ritz_status qr_by_cholesky(ritz_stream *s, ritz_qr_method method, uint64_t seed, uint32_t draw,
                           ritz_dmat A, ritz_dmat Q, ritz_dmat R, struct qr_outcome *outcome);

/* RITZ_QR_SKETCH up to the last step, qr_finish: A = X Lᵀ R1 with R1 upper triangular and L in the
 * lower triangle of G (n x n both, column-major). X is m x n and not A, or RITZ_NO_MAT. */
ritz_status qr_by_sketch(ritz_stream *s, uint64_t seed, uint32_t draw, ritz_dmat A, ritz_dmat X,
                         ritz_dmat G, ritz_dmat R1, struct qr_outcome *outcome);

/* Whether a sketch is of use: one item, tall in every respect, and enough to do. */
int qr_is_tall(int64_t m, int64_t n, int64_t batch);
/* Whether, besides, Q and R by the sketch take less time than by reflections. */
int qr_sketch_pays(int64_t m, int64_t n, int64_t batch);

/* SA = S A from the workspace, column-major, with as many rows as a sketch for n columns has; where
 * it is not finite it is 0 and `flags` is set. */
ritz_status qr_sketch(ritz_stream *s, uint64_t seed, uint32_t draw, ritz_dmat A, ritz_dmat flags,
                      ritz_dmat *SA);

/* The figures that the host decides by, each a vector of n of F64, but for the last. */
enum qr_figure {
    QR_FIGURE_GRAM,    /* diag(G) */
    QR_FIGURE_INVERSE, /* diag(G⁻¹) */
    QR_FIGURE_SKETCH,  /* diag(R_s) */
    QR_FIGURE_STATE,   /* enum qr_state */
    QR_FIGURE_COUNT
};
enum qr_state {
    QR_STATE_FLAGS,     /* not 0: not finite */
    QR_STATE_INFO,      /* of the factorizations: not 0 if one failed */
    QR_STATE_DEVIATION, /* ‖lower triangle of G - I‖_F² */
    QR_STATE_COUNT
};

/* The steps of a factorization whose outcome is decided by the host. */
struct qr_check {
    ritz_stream *s;
    ritz_dtype dtype;
    int64_t n;
    ritz_dmat flags, info; /* I32 1 x 1 */
    ritz_dmat figures;     /* (n + QR_STATE_COUNT) x QR_FIGURE_COUNT */
    double *host;          /* the same on the host */
};
ritz_status qr_check_open(ritz_stream *s, ritz_dtype dtype, int64_t n, struct qr_check *c);
void qr_check_close(struct qr_check *c);
/* A column of the figures, on the device and (after qr_check_wait) on the host. */
ritz_dmat qr_check_figure(const struct qr_check *c, enum qr_figure which);
const double *qr_check_values(const struct qr_check *c, enum qr_figure which);
/* The lower triangle of G becomes its Cholesky factor; what the check needs is noted. */
ritz_status qr_check_factor(struct qr_check *c, ritz_dmat G);
/* Bring the figures to the host. */
ritz_status qr_check_wait(struct qr_check *c);
/* After it: nothing failed, no pivot is small, and G deviates little where that was noted. */
int qr_check_pivots(const struct qr_check *c, struct qr_outcome *outcome);
/* diag(R_s) is such that R_s⁻¹ can be applied without overflow or underflow, and no element is less
 * than `tolerance` of the first. */
int qr_check_sketch(const struct qr_check *c, double tolerance);

/* The last steps: Q = X R₂⁻¹ and R = R₂ R₁ with R₂ = Lᵀ, L the lower triangle of G;
 * Q or R may be RITZ_NO_MAT. */
ritz_status qr_finish(ritz_stream *s, ritz_dmat G, ritz_dmat R1, ritz_dmat X, ritz_dmat Q,
                      ritz_dmat R);

/* ---- the numerical rank (qr_rank.c) ------------------------------------------------------- */

/* From the diagonal of R of a pivoted factorization, in W (any shape): rank (I32 batch x 1), and
 * keep (k x 1 an item, k as long as the diagonal) = 1 for i < rank, else 0. A diagonal that
 * overflowed gives NaN and rank -1. */
ritz_status qr_find_rank(ritz_stream *s, double rtol, ritz_dmat W, ritz_dmat rank, ritz_dmat keep);

/* The diagonal of V is 1 where keep is 0; it was 0. */
ritz_status qr_guard_diagonal(ritz_stream *s, ritz_dmat keep, ritz_dmat V);

/* rest = 1 - keep. */
ritz_status qr_complement(ritz_stream *s, ritz_dmat keep, ritz_dmat rest);

/* ---- helpers ----------------------------------------------------------------------------- */

/* The upper triangle of W's first rows, with the signs that make its diagonal >= 0: R k x n. */
ritz_status qr_positive_r(ritz_stream *s, ritz_dmat W, ritz_dmat R);

/* The main diagonal as a vector, item by item. */
static inline ritz_dmat qr_diagonal(ritz_dmat A)
{
    const int64_t k = A.rows < A.cols ? A.rows : A.cols;
    const ritz_dmat d = ritz_dmat_wrap(A.device, A.data, A.dtype, k, 1, RITZ_ROW_MAJOR);
    return ritz_batched(ritz_with_ld(d, A.ld + 1), A.batch, A.batch > 1 ? A.batch_stride : 0);
}

#endif
