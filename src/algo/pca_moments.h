/* Statistics of rows from which principal components follow, taken in block by block.
 *
 *     method         state                                              size
 *     covariance     lower triangle of G = Σ (x - μ)(x - μ)ᵀ            n x n F64
 *     exact          R, upper triangular, RᵀR = G                       n x n T
 *     incremental    the leading l columns s_i v_i, Σ s_i² v_i v_iᵀ ≈ G  n x l T
 *
 * and the mean μ. What the incremental method cuts off,
 *
 *     G = state stateᵀ + E,   E = Σ over the updates of what was cut off, not negative,
 *
 * is known by its trace, exactly, and by a bound for its norm.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_PCA_MOMENTS_H
#define RITZ_ALGO_PCA_MOMENTS_H

#include "algo/stacked_qr.h"

/* What was cut off: entries of a vector of F64. */
enum pca_cut {
    PCA_CUT_TRACE,   /* trace(E) */
    PCA_CUT_NORM,    /* ‖E‖₂ is at most this */
    PCA_CUT_UPDATES, /* truncated factorizations so far, whose rounding adds up */
    PCA_CUT_COUNT
};

struct pca_moments {
    ritz_pca_method method; /* covariance, exact or incremental */
    ritz_dtype dtype;       /* T, of computation */
    int64_t n;              /* columns */
    int64_t keep;           /* l; 0 for the other methods */
    int64_t rows;           /* taken in */
    ritz_dmat mean;         /* n x 1 F64 */
    ritz_dmat state;
    ritz_dmat cut; /* PCA_CUT_COUNT x 1 F64; zeros but for the incremental method */
};

/* Matrices of moments that are going to be kept; they are cleared. On failure the caller destroys
 * what there is. */
ritz_status pca_moments_create(ritz_stream *s, struct pca_moments *m);
ritz_status pca_moments_destroy(ritz_stream *s, struct pca_moments *m);

/* to = from: of the same kind. */
ritz_status pca_moments_copy(ritz_stream *s, const struct pca_moments *from,
                             struct pca_moments *to);

/* Taking rows in. The moments lie in the workspace, with room beside them. */
struct pca_absorb {
    ritz_stream *s;
    struct pca_moments m;
    struct stacked_qr q; /* exact */
    ritz_dmat stack;     /* incremental: the state and more columns */
};

/* Rows of a block that the method works with best, of `all`; bytes that it takes beside the feed:
 * at all, and for each row of a block. */
int64_t pca_absorb_rows(const struct pca_moments *kind, int64_t all);
double pca_absorb_fixed_bytes(const struct pca_moments *kind);
double pca_absorb_row_bytes(const struct pca_moments *kind);

/* Begin with a copy of `from`, in blocks of at most block_rows. If it has no rows, its matrices are
 * not read. */
ritz_status pca_absorb_open(ritz_stream *s, const struct pca_moments *from, int64_t block_rows,
                            struct pca_absorb *a);

/* Enqueues only. Rows that are not finite make the mean and the state so. */
ritz_status pca_absorb_block(struct pca_absorb *a, ritz_dmat block);

/* Take in what others have: of the same kind, and not empty. block_rows is at least their state's
 * order plus 1. Enqueues only. */
ritz_status pca_absorb_moments(struct pca_absorb *a, const struct pca_moments *other);

#endif
