/* One run of `ritz cur`: from files to files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_CUR_RUN_H
#define RITZ_TOOLS_CUR_RUN_H

#include "options.h"

/* What the command line asks for. */
struct cur_options {
    struct common_options common;
    int64_t components; /* 0: not given */
    double tolerance;   /* 0: not given */
    const char *const *paths;
    size_t path_count;
};

/* Decompose, write and report; returns the exit status. */
int cur_run(const struct cur_options *options);

#endif
