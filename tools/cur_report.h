/* What `ritz cur` says about a decomposition.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_CUR_REPORT_H
#define RITZ_TOOLS_CUR_REPORT_H

#include <jansson.h>

#include "cur_run.h"
#include "data.h"
#include "run.h"

/* All that a run found out. */
struct cur_result {
    const struct cur_options *options;
    struct data data;
    int64_t components; /* columns, and rows, that were taken */
    ritz_hmat columns;  /* their numbers from 0, int64 */
    ritz_hmat rows;
    ritz_sketch_report report;
    char warning[512];
    double seconds_compute;
};

/* Whether there is a tolerance that the decomposition does not meet. */
bool cur_tolerance_missed(const struct cur_result *result);

/* The object that --json prints and report.json holds. */
json_t *cur_report_json(const struct cur_result *result, const struct run *run,
                        const struct output *listed);

/* The same for people, on standard output. */
void cur_report_print(const struct cur_result *result, const struct run *run);

#endif
