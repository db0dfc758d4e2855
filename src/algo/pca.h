/* What the parts of principal component analysis share.
 *
 * A fit finds, by one of five routes, the leading singular values and right singular vectors of the
 * centred data Xc = X - 1 μᵀ:
 *
 *     pca_fit.c          checks, chooses the route, builds the model and the report
 *     pca_covariance.c   eigenvectors of XcᵀXc, accumulated over blocks of rows
 *     pca_exact.c        SVD of R of a QR factorization of Xc, accumulated over blocks of rows
 *     pca_dual.c         eigenvectors of XcXcᵀ, for few rows
 *     pca_randomized.c   randomized SVD of the operator Xc
 *     pca_incremental.c  leading directions only, updated block by block
 *     pca_rows.c         the pass of the routes that take moments (pca_moments.h)
 *     pca_result.c       how many components; the model and the report
 *     pca_memory.c       what fits the memory allowed
 *     pca_guidance.c     what the user should know about the answer
 *     pca_model.c        the fitted model: its views and transforms
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_PCA_H
#define RITZ_ALGO_PCA_H

#include "algo/algo.h"
#include "algo/pca_moments.h"
#include "algo/row_pass.h"
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
    struct ritz_feed *feed;   /* NULL for a sparse matrix */
    const ritz_spmat *sparse; /* NULL for all others */
    ritz_pca_options opts;    /* defaults filled in */
    ritz_dtype dtype;         /* T, of computation */
    int64_t N, n;             /* rows, columns */
    int64_t most;             /* min(N, n): the largest k */
    int64_t want;             /* k, or `most` if a fraction of variance decides */
    struct row_pass pass;     /* over the feed */

    /* What a route finds. Everything but `sigma` is from the stream's workspace or the model. */
    ritz_dmat mean; /* n x 1 F64, owned by the model under construction */
    double *sigma;  /* the leading singular values of Xc, `known` of them; room for `most` */
    int64_t known;
    ritz_dmat V;  /* n x c, T or F64, c >= min(want, known) right singular vectors */
    double sumsq; /* ‖Xc‖_F² */
    /* Incremental: what sumsq has beyond the known singular values; else 0. And how often something
     * was cut off. */
    double cut, updates;
    int passes;
    int overflow; /* the route's squares overflow although the data is finite */
    /* Squares of singular values below this part of the first have no digit; 0: as the method
     * has it. */
    double accuracy;
    int64_t sample_size; /* of the randomized routes, else 0 */
    int power_iterations;
    ritz_dmat loaded; /* the data, where a route had to load it; owned */
};

/* Each route fills `sigma`, `known`, `V`, `sumsq`, `mean`. It waits for the stream, and refuses
 * data that is not finite. */
ritz_status pca_by_covariance(struct pca_fit *f);
ritz_status pca_by_qr(struct pca_fit *f);
ritz_status pca_by_dual(struct pca_fit *f);
ritz_status pca_by_sketch(struct pca_fit *f);
ritz_status pca_by_increments(struct pca_fit *f);

/* ---- routes over moments ---- */

/* Bytes of a block of rows. */
enum { PCA_BLOCK_BYTES = 8 << 20 };

/* Moments of no rows, as the fit wants them. (pca_rows.c) */
struct pca_moments pca_moments_kind(const struct pca_fit *f, ritz_pca_method method);

/* Whether they fit the memory allowed. (pca_rows.c) */
int pca_moments_fit(const struct pca_fit *f, const struct pca_moments *kind);

/* Open `a` and take all rows of the feed in; their mean is the fit's. (pca_rows.c) */
ritz_status pca_take_rows(struct pca_fit *f, const struct pca_moments *kind, const char *phase,
                          struct pca_absorb *a);

/* Room for V, and what the route finds, from moments. pca_exact_open serves the incremental method
 * too. */
ritz_status pca_covariance_open(struct pca_fit *f);
ritz_status pca_covariance_components(struct pca_fit *f, const struct pca_moments *m);
ritz_status pca_exact_open(struct pca_fit *f);
ritz_status pca_incremental_components(struct pca_fit *f, const struct pca_moments *m);

/* sigma, V and sumsq of M, MᵀM = XcᵀXc. (pca_exact.c) */
ritz_status pca_svd_components(struct pca_fit *f, ritz_dmat M);

/* ---- the result (pca_result.c) ---- */

/* Whether opts.variance or opts.tolerance decide the number of components. */
int pca_demands(const struct pca_fit *f);

/* Whether the first k values are known, and what they lose is as little as those two ask. */
int pca_explains(const struct pca_fit *f, int64_t k);

/* How many components the user gets. */
int64_t pca_components(const struct pca_fit *f);

/* Room for the mean and for sigma, before a route; and the model and the report, after it.
 * Waits. */
ritz_status pca_open_model(struct pca_fit *f, struct ritz_pca *p);
ritz_status pca_close_model(struct pca_fit *f, struct ritz_pca *p, ritz_pca_report *r);

/* ---- shared steps (pca_fit.c) ---- */

/* "covariance", ...; and whether it works on a Gram matrix, so that small components drown. */
const char *pca_method_name(ritz_pca_method method);
int pca_method_squares(ritz_pca_method method);

/* A Gram matrix was squared and does not resolve the last component that the user gets; and telling
 * the user so. */
int pca_is_unresolved(const struct pca_fit *f, ritz_pca_method method);
void pca_warn_unresolved(const struct pca_fit *f, ritz_pca_report *r);

/* Check options, and take them over: those that the caller's struct has. */
ritz_status pca_read_options(struct pca_fit *f, const ritz_pca_options *opts);

/* A report that can be written; and writing what it has room for. */
ritz_status pca_check_report(const ritz_pca_report *report);
void pca_write_report(const ritz_pca_report *r, ritz_pca_report *report);

/* Rows of a block of about so many bytes of T, at least 512. */
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

/* ---- memory (pca_memory.c) ---- */

/* Bytes that the fit may hold on the device, or on the host: opts.memory, or the default. */
int64_t pca_memory(const struct pca_fit *f);

/* Whether the data as one matrix (nothing, where it is in memory that the device reads) and so many
 * bytes beside it are within that. */
int pca_fits(const struct pca_fit *f, double beside);

/* Rows of a block: opts.block_rows, or `wanted` of them or a smaller multiple of 256, so that
 * `fixed` bytes, the feed's two blocks and row_bytes for each row of a block are within the memory
 * allowed. An error says how much would do. */
ritz_status pca_blocks_within(const struct pca_fit *f, int64_t fixed, int64_t row_bytes,
                              int64_t wanted, int64_t *rows);

/* What the smallest blocks take, without what is fixed. */
double pca_least_blocks(const struct pca_fit *f, int64_t row_bytes);

/* Whether the route holds all of the data; if not, it reads blocks. */
int pca_randomized_in_memory(const struct pca_fit *f);
int pca_dual_in_memory(const struct pca_fit *f);

/* Times that the dual route reads data that it does not hold; 0 if the memory allowed is too small
 * for that too. */
int64_t pca_dual_passes(const struct pca_fit *f);

/* ---- guidance (pca_guidance.c) ---- */

/* Append to r->warning what the user should know about the k components; r is otherwise
 * complete. */
void pca_guidance(const struct pca_fit *f, int64_t k, ritz_pca_report *r);

/* Squares of singular values relative to the first that a Gram matrix still resolves
 * (algorithms: 10³ u). */
double pca_gram_limit(ritz_dtype dtype);

#endif
