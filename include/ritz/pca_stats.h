/** @file
 * Statistics of rows from which principal components follow: they can be added to, merged, saved
 * and fitted, so that a fit can be continued when new rows arrive.
 *
 *     ritz_pca_stats_create(s, RITZ_F32, n, NULL, &stats);
 *     ritz_pca_stats_add_rows(s, stats, ritz_rows_file("monday.npy"), NULL);
 *     ritz_pca_stats_save(s, stats, "pca.stats");
 *
 * and on the next day: load, add, fit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_PCA_STATS_H
#define RITZ_PCA_STATS_H

#include "ritz/pca.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Statistics of rows of n columns. Used by one stream at a time. */
typedef struct ritz_pca_stats ritz_pca_stats;

/** Statistics of no rows.
 * @param s     a stream; the statistics live on its device.
 * @param dtype RITZ_F32 or RITZ_F64, of the computation.
 * @param cols  n >= 1.
 * @param opts  `method` is used: RITZ_PCA_AUTO (the covariance, if n <= 4096, else incremental),
 *   RITZ_PCA_COVARIANCE (n² float64), RITZ_PCA_EXACT (the factor R, n²) or RITZ_PCA_INCREMENTAL,
 *   which keeps `components` + `oversampling` rows and needs `components`. NULL for the defaults.
 * @param[out] stats to be destroyed with ritz_pca_stats_destroy; NULL on failure.
 * @return RITZ_OK, an argument error, or a memory error. */
RITZ_API RITZ_NODISCARD ritz_status ritz_pca_stats_create(ritz_stream *s, ritz_dtype dtype,
                                                          int64_t cols,
                                                          const ritz_pca_options *opts,
                                                          ritz_pca_stats **stats);

/** Destroy statistics in the order of a stream.
 * @param s a stream of their device.
 * @param[in,out] stats set to NULL; NULL and *stats == NULL are accepted.
 * @return RITZ_OK or an argument error. */
RITZ_API ritz_status ritz_pca_stats_destroy(ritz_stream *s, ritz_pca_stats **stats);

/** Add the rows of a source, which is read once. After an error the statistics are as they were
 * before, but for errors of the device.
 * @param s     a stream of the statistics' device.
 * @param stats the statistics.
 * @param rows  the source, with n columns.
 * @param opts  block_rows and progress are used; NULL for the defaults.
 * @return RITZ_OK; an argument error; RITZ_ERR_NOT_FINITE with the first bad row; errors of files;
 *   RITZ_ERR_CANCELLED.
 *
 * Synchronises: once a call and, incremental, once a block. Capturable: no (reads rows).
 * Cost: as the method in
 * ritz_pca_fit. */
RITZ_API RITZ_NODISCARD ritz_status ritz_pca_stats_add_rows(ritz_stream *s, ritz_pca_stats *stats,
                                                            ritz_rows rows,
                                                            const ritz_pca_options *opts);

/** Add the rows that other statistics hold. The result equals that of adding all rows, to rounding
 * (incremental: and to what is cut off).
 * @param s     a stream of their device.
 * @param stats receives; must not be `other`.
 * @param other kept; of the same columns, data type and method.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never; incremental once. Capturable: no (the number of rows is kept on the
 * host). */
RITZ_API RITZ_NODISCARD ritz_status ritz_pca_stats_merge(ritz_stream *s, ritz_pca_stats *stats,
                                                         const ritz_pca_stats *other);

/** Number of rows and columns.
 * @param stats the statistics.
 * @param rows  receives the number of rows, or NULL.
 * @param cols  receives n, or NULL.
 * @return RITZ_OK or RITZ_ERR_ARGUMENT. */
RITZ_API ritz_status ritz_pca_stats_shape(const ritz_pca_stats *stats, int64_t *rows,
                                          int64_t *cols);

/** Write statistics to a file, whole or not at all. It carries its version, byte order and
 * checksums.
 * @param s     a stream of their device.
 * @param stats the statistics.
 * @param path  the file.
 * @return RITZ_OK, an argument error, RITZ_ERR_IO.
 *
 * Synchronises: once. Capturable: no (writes a file). */
RITZ_API RITZ_NODISCARD ritz_status ritz_pca_stats_save(ritz_stream *s, const ritz_pca_stats *stats,
                                                        const char *path);

/** Read statistics from a file.
 * @param s    a stream; the statistics live on its device.
 * @param path the file.
 * @param[out] stats to be destroyed with ritz_pca_stats_destroy; NULL on failure.
 * @return RITZ_OK; RITZ_ERR_IO; RITZ_ERR_FORMAT for a file that is cut short, damaged, of another
 *   version or of something else; memory errors. */
RITZ_API RITZ_NODISCARD ritz_status ritz_pca_stats_load(ritz_stream *s, const char *path,
                                                        ritz_pca_stats **stats);

/** The model of all rows so far. The statistics are kept, and may be added to.
 *
 * @param s      a stream of their device.
 * @param stats  the statistics.
 * @param opts   components, variance, tolerance and population are used; NULL for the defaults.
 * @param[out] pca receives the model, to be destroyed with ritz_pca_destroy; NULL on failure.
 * @param report receives the outcome, or NULL.
 * @return as ritz_pca_fit.
 *
 * Synchronises: a few times. Capturable: no (the host decides by results). */
RITZ_API RITZ_NODISCARD ritz_status ritz_pca_stats_fit(ritz_stream *s, const ritz_pca_stats *stats,
                                                       const ritz_pca_options *opts, ritz_pca **pca,
                                                       ritz_pca_report *report);

#ifdef __cplusplus
}
#endif
#endif
