/* What the parts of principal component analysis share.
 *
 * A fit finds, by one of four routes, the leading singular values and right singular vectors of the
 * centred data Xc = X - 1 μᵀ:
 *
 *     pca_fit.c          checks, chooses the route, builds the model and the report
 *     pca_covariance.c   eigenvectors of XcᵀXc, accumulated over blocks of rows
 *     pca_exact.c        SVD of R of a QR factorization of Xc, accumulated over blocks of rows
 *     pca_dual.c         eigenvectors of XcXcᵀ, for few rows
 *     pca_randomized.c   randomized SVD of the operator Xc
 *     pca_model.c        the fitted model: its views and transforms
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_PCA_H
#define RITZ_ALGO_PCA_H

#include "algo/algo.h"
#include "core/rows.h"

struct ritz_pca {
    ritz_device *device;
    ritz_dmat components; /* k x n, row-major, T */
    ritz_dmat mean;       /* n x 1 F64 */
    ritz_dmat variance;   /* k x 1 F64 */
    ritz_dmat singular;   /* k x 1 F64 */
    ritz_dmat deviation;  /* k x 1 F64: square roots of the variances, 0 where there is none */
};

/* A fit under way. */
struct pca_fit {
    ritz_stream *s;
    struct ritz_feed *feed;
    ritz_pca_options opts; /* defaults filled in */
    ritz_dtype dtype;      /* T, of computation */
    int64_t N, n;          /* rows, columns */
    int64_t most;          /* min(N, n): the largest k */
    int64_t want;          /* k, or `most` if a fraction of variance decides */

    /* What a route finds. Everything but `sigma` is from the stream's workspace or the model. */
    ritz_dmat mean; /* n x 1 F64, owned by the model under construction */
    double *sigma;  /* the leading singular values of Xc, `known` of them; room for `most` */
    int64_t known;
    ritz_dmat V;  /* n x c, T or F64, c >= min(want, known) right singular vectors */
    double sumsq; /* ‖Xc‖_F² */
    int passes;
    int overflow;     /* the route's squares overflow although the data is finite */
    ritz_dmat loaded; /* the data, where a route had to load it; owned */
};

/* Each route fills `sigma`, `known`, `V`, `sumsq`, `mean`. It waits for the stream, and refuses
 * data that is not finite. */
ritz_status pca_by_covariance(struct pca_fit *f);
ritz_status pca_by_qr(struct pca_fit *f);
ritz_status pca_by_dual(struct pca_fit *f);
ritz_status pca_by_sketch(struct pca_fit *f);

/* ---- shared steps (pca_fit.c) ---- */

/* Tell the caller's progress function; its wish to stop is an error. */
ritz_status pca_progress(const struct pca_fit *f, const char *phase, int64_t done);

/* Rows of a block of about so many bytes of T, at least 256. */
int64_t pca_block_rows(const struct pca_fit *f, int64_t bytes);

/* The data as one matrix, loaded if it is not in memory (once a fit). */
ritz_status pca_all_rows(struct pca_fit *f, ritz_dmat *A);

/* mean = column means of A. */
ritz_status pca_mean(struct pca_fit *f, ritz_dmat A);

/* Wait, and bring a small F64 or I32 vector to the host as float64. */
ritz_status pca_fetch(struct pca_fit *f, ritz_dmat v, double *values);

/* Is there a NaN or an infinity in the data? The error names its row; RITZ_OK if there is none. */
ritz_status pca_find_bad_row(struct pca_fit *f);

/* Singular values from eigenvalues of a Gram matrix: rounding may have made small ones negative. */
void pca_roots(struct pca_fit *f, int64_t count);

/* The diagonal of a contiguous square matrix as a vector. */
ritz_dmat pca_diagonal(ritz_dmat G);

/* Squares of singular values relative to the first that a Gram matrix still resolves
 * (algorithms: 10³ u). */
double pca_gram_limit(ritz_dtype dtype);

#endif
