/* Files of least squares statistics. Declared here for the algorithms; implemented in
 * src/io/stats_file.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_STATS_FILE_H
#define RITZ_CORE_STATS_FILE_H

#include "ritz/matrix.h"

/* What a file holds: rows [a b] about their mean. Column-major, without padding. */
struct ritz_stats_file {
    int64_t rows, cols, targets;
    double weight;   /* sum of the weights */
    ritz_hmat means; /* (cols + targets) x 2 float64: the means are the sums of the two columns */
    ritz_hmat
        factor; /* cols + targets square, the triangular factor of the rows less their means */
};

/* Replace `path` as one step, or leave it as it is. */
ritz_status ritz_stats_file_write(const char *path, const struct ritz_stats_file *file);

/* On success the matrices are to be destroyed by the caller. */
ritz_status ritz_stats_file_read(const char *path, struct ritz_stats_file *file);

#endif
