/* What `ritz pca` says about a fit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_PCA_REPORT_H
#define RITZ_TOOLS_PCA_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "output.h"
#include "session.h"

/* All that a run found out. */
struct pca_result {
    const char *const *paths; /* input files */
    size_t path_count;
    ritz_rows_info data; /* shape and type of the input */
    ritz_dtype dtype;    /* of computation */
    int64_t seed;
    bool population; /* variances divide by N, not N - 1 */
    bool whiten;     /* scores have unit variance */
    const char *plot;

    ritz_pca_report report;
    ritz_hmat components; /* k x n, row-major, dtype */
    ritz_hmat mean;       /* n, float64 */
    ritz_hmat variances;  /* k, float64 */
    ritz_hmat singular;   /* k, float64 */
    ritz_hmat scores;     /* N x k, row-major, dtype; empty if not wanted */

    double seconds_transform;
    double seconds_write;
    double seconds_total;
    int64_t device_peak; /* bytes */
};

/* The object that --json prints and report.json holds. */
json_t *pca_report_json(const struct pca_result *result, const ritz_device_info *device,
                        const struct output *output);

/* The same for people, on standard output. */
void pca_report_print(const struct pca_result *result, const ritz_device_info *device,
                      const struct output *output);

#endif
