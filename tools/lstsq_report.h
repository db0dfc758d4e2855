/* What `ritz lstsq` says about a solution.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_LSTSQ_REPORT_H
#define RITZ_TOOLS_LSTSQ_REPORT_H

#include <jansson.h>

#include "lstsq_run.h"
#include "run.h"

/* All that a run found out. */
struct lstsq_result {
    const struct lstsq_command *command;
    ritz_dtype dtype;    /* of the computation */
    ritz_rows_info data; /* of A; rows of merged statistics are counted */
    int64_t targets;
    double lambda; /* of the solution */
    struct lstsq_path path;

    ritz_lstsq_report report;
    double r_squared;       /* NaN if not known */
    ritz_hmat coefficients; /* n x s, row-major */
    ritz_hmat intercept;    /* 1 x s */
    ritz_hmat norms;        /* s x 1, float64: of the residuals of each target */
    ritz_hmat fitted;       /* m x s; empty if not wanted */
    ritz_hmat residuals;
    ritz_hmat predictions;

    double seconds_read;
    double seconds_path;
    double seconds_solve;
    double seconds_predict;
};

/* The object that --json prints and report.json holds. */
json_t *lstsq_report_json(const struct lstsq_result *result, const struct run *run,
                          const struct output *listed);

/* The same for people, on standard output. */
void lstsq_report_print(const struct lstsq_result *result, const struct run *run);

#endif
