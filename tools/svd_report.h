/* What `ritz svd` says about a decomposition.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_SVD_REPORT_H
#define RITZ_TOOLS_SVD_REPORT_H

#include <jansson.h>

#include "data.h"
#include "run.h"
#include "svd_choice.h"

/* All that a run found out. */
struct svd_result {
    const struct svd_options *options;
    struct data data;
    struct svd_choice choice;
    int64_t components; /* singular values that are reported */
    int64_t rank;       /* of these, above rounding */
    int passes;         /* over the data, without that for U */
    ritz_hmat values;   /* float64 */
    ritz_hmat right;    /* n x k, row-major; empty if not wanted */
    ritz_sketch_report report;
    char warning[512];
    double seconds_compute;
};

/* Whether there is a tolerance that the singular triplets do not meet. */
bool svd_tolerance_missed(const struct svd_result *result);

/* The object that --json prints and report.json holds. */
json_t *svd_report_json(const struct svd_result *result, const struct run *run,
                        const struct output *listed);

/* The same for people, on standard output. */
void svd_report_print(const struct svd_result *result, const struct run *run);

#endif
