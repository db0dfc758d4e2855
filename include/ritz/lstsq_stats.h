/** @file
 * Statistics of a least squares problem that can be added to, merged, saved and solved.
 *
 * They are the sum of the weights, the means of the rows [a b], in float64, and the triangular
 * factor of the rows less their means: all that any least squares problem of these rows needs, with
 * and without an intercept, with any penalty, of any rank. Made in one pass, by orthogonal
 * transformations: nothing is squared, and means that are large beside the spread cost no digits of
 * a problem with an intercept.
 *
 *     ritz_lstsq_stats_create(s, RITZ_F64, n, 1, &stats);
 *     ritz_lstsq_stats_add_rows(s, stats, ritz_rows_file("X.npy"), ritz_rows_file("y.npy"));
 *     ritz_lstsq_stats_save(s, stats, "part1.stats");
 *
 * and elsewhere: load, merge, solve.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_LSTSQ_STATS_H
#define RITZ_LSTSQ_STATS_H

#include "ritz/lstsq.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Statistics of rows [a b]: n + s columns. Used by one stream at a time. */
typedef struct ritz_lstsq_stats ritz_lstsq_stats;

/** Statistics of no rows.
 * @param s       a stream; the statistics live on its device.
 * @param dtype   RITZ_F32 or RITZ_F64, of the computation.
 * @param cols    n >= 0.
 * @param targets s >= 0.
 * @param[out] stats to be destroyed with ritz_lstsq_stats_destroy; NULL on failure.
 * @return RITZ_OK, an argument error, or a memory error.
 *
 * Synchronises: never. Capturable: no (allocates). */
RITZ_API RITZ_NODISCARD ritz_status ritz_lstsq_stats_create(ritz_stream *s, ritz_dtype dtype,
                                                            int64_t cols, int64_t targets,
                                                            ritz_lstsq_stats **stats);

/** Destroy statistics in the order of a stream.
 * @param s a stream of their device.
 * @param[in,out] stats set to NULL; NULL and *stats == NULL are accepted.
 * @return RITZ_OK or an argument error. */
RITZ_API ritz_status ritz_lstsq_stats_destroy(ritz_stream *s, ritz_lstsq_stats **stats);

/** Add rows that are in the device's memory.
 * @param s       a stream of the statistics' device.
 * @param stats   the statistics. Rows that are not finite leave them as they were before.
 * @param A       m x n, of their data type.
 * @param B       m x s.
 * @param weights m x 1, >= 0, or RITZ_NO_MAT. A row of weight 0 adds nothing, whatever is in it.
 * @return RITZ_OK; an argument error; RITZ_ERR_NOT_FINITE; RITZ_ERR_ARGUMENT for a negative weight,
 *   or where the sum of all weights overflows float64.
 *
 * Synchronises: once, and once for weights. Capturable: no (reads results). Cost: 2m(n + s)² flops.
 * Source: Chan, Golub and LeVeque 1983; Golub and Van Loan 2013, section 6.5.3. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lstsq_stats_add(ritz_stream *s, ritz_lstsq_stats *stats,
                                                         ritz_dmat A, ritz_dmat B,
                                                         ritz_dmat weights);

/** Add rows that stream by: all of them, or on an error none.
 * @param s     a stream of the statistics' device.
 * @param stats the statistics.
 * @param A     the rows a, with n columns.
 * @param B     the rows b, with s columns, as many.
 * @param opts  block_rows and progress are used; NULL for the defaults.
 * @return as ritz_lstsq_stats_add; RITZ_ERR_SHAPE if the sources disagree; errors of files;
 *   RITZ_ERR_CANCELLED.
 *
 * Synchronises: once a block of rows. Capturable: no (reads rows). Cost: one pass, 2m(n + s)²
 * flops. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lstsq_stats_add_rows(ritz_stream *s,
                                                              ritz_lstsq_stats *stats, ritz_rows A,
                                                              ritz_rows B,
                                                              const ritz_lstsq_options *opts);

/** Add the rows that other statistics hold. The result equals that of adding all rows, to rounding.
 * @param s     a stream of their device.
 * @param stats receives; must not be `other`.
 * @param other kept; the same numbers of columns and targets, and data type.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: no (the number of rows is kept on the host).
 * Cost: 10/3 (n + s)³ flops. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lstsq_stats_merge(ritz_stream *s, ritz_lstsq_stats *stats,
                                                           const ritz_lstsq_stats *other);

/** Number of rows of positive weight, columns and targets.
 * @param stats   the statistics.
 * @param rows    receives the number of rows, or NULL.
 * @param cols    receives n, or NULL.
 * @param targets receives s, or NULL.
 * @return RITZ_OK or RITZ_ERR_ARGUMENT. */
RITZ_API ritz_status ritz_lstsq_stats_shape(const ritz_lstsq_stats *stats, int64_t *rows,
                                            int64_t *cols, int64_t *targets);

/** Write statistics to a file, whole or not at all: to a temporary file that is renamed. The file
 * carries its version, byte order and a checksum.
 * @param s     a stream of their device.
 * @param stats the statistics.
 * @param path  the file.
 * @return RITZ_OK, an argument error, RITZ_ERR_IO.
 *
 * Synchronises: once. Capturable: no (writes a file). */
RITZ_API RITZ_NODISCARD ritz_status ritz_lstsq_stats_save(ritz_stream *s,
                                                          const ritz_lstsq_stats *stats,
                                                          const char *path);

/** Read statistics from a file.
 * @param s    a stream; the statistics live on its device.
 * @param path the file.
 * @param[out] stats to be destroyed with ritz_lstsq_stats_destroy; NULL on failure.
 * @return RITZ_OK; RITZ_ERR_IO; RITZ_ERR_FORMAT for a file that is cut short, damaged, of another
 *   version or of something else; memory errors. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lstsq_stats_load(ritz_stream *s, const char *path,
                                                          ritz_lstsq_stats **stats);

/** Solve the least squares problem of all rows.
 *
 * @param s      a stream of their device.
 * @param stats  kept.
 * @param X      n x s, of their data type.
 * @param opts   lambda, intercept, rank, residual_norms and rtol are used; NULL for the defaults.
 * @param report receives the outcome, or NULL. There is no backward error.
 * @return as ritz_lstsq.
 *
 * Synchronises: once or twice. Capturable: no (the host decides by results). Cost: O((n + s)³).
 * Accuracy: as RITZ_LSTSQ_TSQR. */
RITZ_API RITZ_NODISCARD ritz_status ritz_lstsq_stats_solve(ritz_stream *s,
                                                           const ritz_lstsq_stats *stats,
                                                           ritz_dmat X,
                                                           const ritz_lstsq_options *opts,
                                                           ritz_lstsq_report *report);

#ifdef __cplusplus
}
#endif
#endif
