/** @file
 * Principal component analysis, as an object.
 *
 *     ritz_pca_options o = RITZ_PCA_DEFAULTS;
 *     ritz_pca_report r = RITZ_PCA_REPORT_INIT;
 *     o.components = 50;
 *     ritz_pca_fit(s, ritz_rows_file("data.npy"), &o, &pca, &r);
 *     ritz_pca_transform(s, pca, X, scores);
 *
 * The rows of the data are observations, the columns features. The data is never centred in place.
 * All methods read it in blocks of rows where it does not fit the memory allowed; only the exact
 * method for no more rows than columns needs it whole, as a centred copy. A sparse matrix is never
 * made dense.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_PCA_H
#define RITZ_PCA_H

#include "ritz/lowrank.h"
#include "ritz/rows.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A fitted model. Immutable after the fit; several streams of its device may use it at once. */
typedef struct ritz_pca ritz_pca;

/** How the components are computed. */
typedef enum ritz_pca_method {
    RITZ_PCA_AUTO = 0,       /**< chosen from shape, memory and precision; the report says why */
    RITZ_PCA_COVARIANCE = 1, /**< covariance matrix in one pass, then its leading eigenvectors */
    RITZ_PCA_RANDOMIZED = 2, /**< randomized SVD of the centred data */
    RITZ_PCA_EXACT = 3,      /**< QR factorization in row blocks, then the SVD of R: no squaring */
    RITZ_PCA_DUAL = 4,       /**< Gram matrix of the rows, for few rows and many columns */
    /** One pass that keeps the leading part of the factor R only: for many columns. What it cuts
     * off is added up in the report. */
    RITZ_PCA_INCREMENTAL = 5
} ritz_pca_method;

/** Choices of ritz_pca_fit. Zero is the default of every field. */
typedef struct ritz_pca_options {
    size_t size;        /**< sizeof(ritz_pca_options) */
    int64_t components; /**< k >= 1; 0: min(rows, columns), or as `variance` demands */
    /** In (0, 1): take the smallest k whose components explain this fraction; 0: unused. */
    double variance;
    ritz_pca_method method; /**< RITZ_PCA_AUTO */
    /** Of computation: RITZ_F32 or RITZ_F64; 0: float64 if the data is float64 or integers of 32
     * bits or more, else float32. */
    ritz_dtype dtype;
    int population;                  /**< 1: variances divide by N; 0: by N - 1 */
    int64_t oversampling;            /**< randomized: as in ritz_sketch_options */
    int power_iterations;            /**< randomized: 0: 4; RITZ_POWER_ITERATIONS_NONE: none */
    uint64_t seed;                   /**< randomized: of the sketch */
    int64_t block_rows;              /**< rows of a block that is read at once; 0: chosen */
    ritz_progress_function progress; /**< told after each block, or NULL */
    void *progress_context;          /**< passed to it */
    /** In (0, 1): take the smallest k with a relative reconstruction error of at most this; 0:
     * unused. */
    double tolerance;
    /** Bytes that the fit may hold on the device and the host beyond a source in memory; 0: half of
     * the memory of the host or the device, whichever is less. Data in files that does not fit is
     * read in blocks, as often as the method needs. A method that cannot do with so little is
     * refused. */
    int64_t memory;
    /** File in which the state of the fit is kept, so that it can go on after a crash; NULL: none.
     * If the file exists, the fit goes on from there, and gives the same bits as one without
     * interruption; a file of other data or choices is refused (RITZ_ERR_STATE). Removed when the
     * fit is done; left after errors, and after a wish to stop, which saves all blocks so far. Work
     * on data that is held whole is not saved. */
    const char *checkpoint;
    double checkpoint_seconds; /**< between two savings of the state; 0: 30 */
} ritz_pca_options;

/** Default choices of ritz_pca_fit. */
#define RITZ_PCA_DEFAULTS                                                                          \
    {                                                                                              \
        .size = sizeof(ritz_pca_options)                                                           \
    }

/** What a fit did and how good it is. Complete when ritz_pca_fit returns. */
typedef struct ritz_pca_report {
    size_t size;            /**< sizeof(ritz_pca_report), set by the caller */
    ritz_pca_method method; /**< used */
    /** "covariance", "randomized", "exact", "dual", "incremental" */
    const char *method_name;
    char reason[256];           /**< why this method */
    char warning[512];          /**< what the user should know about the answer; "" if nothing */
    int64_t rows;               /**< observations, N */
    int64_t cols;               /**< features, n */
    int64_t components;         /**< k */
    int64_t rank;               /**< numerical rank among the computed singular values */
    int passes;                 /**< times the data was read */
    int fallbacks;              /**< methods that were tried and found unsafe */
    ritz_error_kind error_kind; /**< what `error` claims */
    /** Reconstruction error ‖Xc - Xc V Vᵀ‖_F / ‖Xc‖_F, Xc the centred data. */
    double error;
    double resolution; /**< smallest relative error that `error` can tell from rounding */
    /** Explained variances below this fraction of the first have no correct digit. */
    double value_accuracy;
    /** s_k / s_(k+1): near 1, the last components are not determined; 0 if s_(k+1) is unknown. */
    double gap;
    double total_variance; /**< sum of the variances of all features */
    double explained;      /**< fraction of it that the k components explain */
    double noise_variance; /**< mean of the variances not explained */
    double seconds;        /**< wall time of the fit */
    int64_t resumed;       /**< rows that a checkpoint had done already, over all passes */
    int checkpoints;       /**< times the state was saved */
} ritz_pca_report;

/** Start value of a ritz_pca_report. */
#define RITZ_PCA_REPORT_INIT                                                                       \
    {                                                                                              \
        .size = sizeof(ritz_pca_report)                                                            \
    }

/** Fit a model: the mean and the k leading principal components of the rows.
 *
 * The components V maximise the variance of Xc V, Xc = X - 1 meanᵀ; they are the leading right
 * singular vectors of Xc, the explained variances its squared singular values divided by N - 1.
 *
 * @param s      a stream; the model lives on its device.
 * @param rows   the data; must stay unchanged during the call.
 * @param opts   choices, or NULL for the defaults.
 * @param[out] pca receives the model, to be destroyed with ritz_pca_destroy; NULL on failure.
 * @param report receives the outcome, or NULL.
 * @return RITZ_OK; an argument error (fewer than two rows, k > min(N, n), ...); RITZ_ERR_NOT_FINITE
 *   with the first bad row; errors of files; RITZ_ERR_CANCELLED; RITZ_ERR_NOT_CONVERGED; memory
 *   errors.
 *
 * Synchronises: once a pass and at the end. Capturable: no (reads results).
 * Cost: covariance N n² flops and the leading eigenpairs of an n x n matrix; randomized (2q+2)
 * 2Nn(k+p); exact 2Nn² and an SVD of n x n; incremental 2Nn(k+p+b)²/b with blocks of b rows.
 * Memory beyond the data: covariance n² float64 and two blocks of rows; randomized (N + 2n)(k + p),
 * of data that is read in blocks 3n(k + p), in q + 2 passes; dual 4N², of data that is read in
 * blocks as many passes as half of the memory allowed goes into the data, and two more.
 * Accuracy: the covariance method keeps components whose standard deviation is above the Gram limit
 * (3e-7 float64, 8e-3 float32, relative to the first); below it the exact method is taken instead,
 * or, if the caller insisted, the report warns.
 * Source: Halko, Martinsson, Tropp 2011, section 5; Chan, Golub, LeVeque 1983 (merging moments);
 * Jolliffe, Principal Component Analysis, 2nd ed. 2002. */
RITZ_API RITZ_NODISCARD ritz_status ritz_pca_fit(ritz_stream *s, ritz_rows rows,
                                                 const ritz_pca_options *opts, ritz_pca **pca,
                                                 ritz_pca_report *report);

/** Destroy a model in the order of a stream.
 * @param s a stream of the model's device.
 * @param[in,out] pca set to NULL; NULL and *pca == NULL are accepted.
 * @return RITZ_OK or an argument error. */
RITZ_API ritz_status ritz_pca_destroy(ritz_stream *s, ritz_pca **pca);

/** The components: k x n, row-major, orthonormal rows, in the data type of computation.
 * @param pca the model.
 * @return a read-only view, valid while the model is. */
RITZ_API ritz_dmat ritz_pca_components(const ritz_pca *pca);

/** The mean of each feature: n x 1, float64.
 * @param pca the model.
 * @return a read-only view, valid while the model is. */
RITZ_API ritz_dmat ritz_pca_mean(const ritz_pca *pca);

/** The variance along each component: k x 1, float64, descending.
 * @param pca the model.
 * @return a read-only view, valid while the model is. */
RITZ_API ritz_dmat ritz_pca_explained_variance(const ritz_pca *pca);

/** The singular values of the centred data: k x 1, float64, descending.
 * @param pca the model.
 * @return a read-only view, valid while the model is. */
RITZ_API ritz_dmat ritz_pca_singular_values(const ritz_pca *pca);

/** Choices of the transforms. Zero is the default of every field. */
typedef struct ritz_pca_transform_options {
    size_t size; /**< sizeof(ritz_pca_transform_options) */
    /** 1: scores of unit variance over the fitted data; components without variance give 0. */
    int whiten;
} ritz_pca_transform_options;

/** Default choices of the transforms. */
#define RITZ_PCA_TRANSFORM_DEFAULTS                                                                \
    {                                                                                              \
        sizeof(ritz_pca_transform_options), 0                                                      \
    }

/** Scores of observations: Y = (X - 1 meanᵀ) V, or that divided by the standard deviations.
 *
 * @param s    a stream of the model's device.
 * @param pca  the model.
 * @param X    m x n, of the model's data type.
 * @param Y    m x k.
 * @param opts choices, or NULL for the defaults.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: one block of rows. Cost: 2mnk flops.
 * Accuracy: centred before the product, so no digits are lost to a large mean. */
RITZ_API RITZ_NODISCARD ritz_status ritz_pca_transform(ritz_stream *s, const ritz_pca *pca,
                                                       ritz_dmat X, ritz_dmat Y,
                                                       const ritz_pca_transform_options *opts);

/** Observations from scores: X = Y Vᵀ + 1 meanᵀ (Y multiplied by the standard deviations first if
 * whitened).
 *
 * @param s    a stream of the model's device.
 * @param pca  the model.
 * @param Y    m x k, of the model's data type.
 * @param X    m x n, the output.
 * @param opts as given to ritz_pca_transform, or NULL.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: 2mnk flops. */
RITZ_API RITZ_NODISCARD ritz_status
ritz_pca_inverse_transform(ritz_stream *s, const ritz_pca *pca, ritz_dmat Y, ritz_dmat X,
                           const ritz_pca_transform_options *opts);

/** Scores of all rows of a source, block by block, into host memory.
 *
 * @param s    a stream of the model's device.
 * @param pca  the model.
 * @param rows the source, with n columns.
 * @param Y    N x k on the host, float32 or float64.
 * @param opts choices, or NULL for the defaults.
 * @return RITZ_OK, an argument error, or an error of a file.
 *
 * Synchronises: at the end. Capturable: no (reads rows). Workspace: two blocks of
 * rows; of a sparse matrix all scores. */
RITZ_API RITZ_NODISCARD ritz_status ritz_pca_transform_rows(ritz_stream *s, const ritz_pca *pca,
                                                            ritz_rows rows, ritz_hmat Y,
                                                            const ritz_pca_transform_options *opts);

/** Scores of all rows of a source, delivered block by block: for scores larger than memory.
 *
 * @param s       a stream of the model's device.
 * @param pca     the model.
 * @param rows    the source, with n columns.
 * @param deliver called on the calling thread with each block of scores, row-major, on the host, in
 *   the model's data type.
 * @param context passed to it.
 * @param opts    choices, or NULL for the defaults.
 * @return RITZ_OK, an argument error, an error of a file, or that of `deliver`.
 *
 * Synchronises: once a block. Capturable: no (reads rows). Workspace: two blocks of
 * rows; of a sparse matrix all scores. */
RITZ_API RITZ_NODISCARD ritz_status ritz_pca_transform_blocks(
    ritz_stream *s, const ritz_pca *pca, ritz_rows rows, ritz_block_function deliver, void *context,
    const ritz_pca_transform_options *opts);

#ifdef __cplusplus
}
#endif
#endif
