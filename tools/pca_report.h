/* What `ritz pca` says about a fit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_PCA_REPORT_H
#define RITZ_TOOLS_PCA_REPORT_H

#include <stdbool.h>

#include <jansson.h>

#include "data.h"
#include "run.h"

/* All that a run found out. */
struct pca_result {
    struct data data;
    ritz_dtype dtype; /* of computation */
    int64_t seed;
    double tolerance; /* 0: none was given */
    bool population;  /* variances divide by N, not N - 1 */
    bool whiten;      /* scores have unit variance */
    bool scores;      /* were written */
    const char *plot;

    ritz_pca_report report;
    ritz_hmat components; /* k x n, row-major, dtype */
    ritz_hmat mean;       /* n, float64 */
    ritz_hmat variances;  /* k, float64 */
    ritz_hmat singular;   /* k, float64 */

    double seconds_transform;
};

/* Whether there is a tolerance that the components do not meet. */
bool pca_tolerance_missed(const struct pca_result *result);

/* The object that --json prints and report.json holds. */
json_t *pca_report_json(const struct pca_result *result, const struct run *run,
                        const struct output *listed);

/* The same for people, on standard output. */
void pca_report_print(const struct pca_result *result, const struct run *run);

#endif
