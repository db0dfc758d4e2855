/* One run of `ritz lstsq`: from files to files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_LSTSQ_RUN_H
#define RITZ_TOOLS_LSTSQ_RUN_H

#include "lstsq_path.h"
#include "plot.h"

/* What the command line asks for. */
struct lstsq_command {
    struct common_options common;
    ritz_lstsq_method method;
    double lambda; /* the one penalty */
    bool wants_path;
    struct lstsq_path_options path;
    bool intercept;
    const char *weights;
    double rtol;            /* 0: the default */
    int digits;             /* 0: all */
    const char *statistics; /* file to write, or NULL */
    const char **merge;     /* files of statistics; room for every argument */
    size_t merge_count;
    const char *predict;
    bool residuals;
    struct plot plot;
    const char *a_path; /* both NULL: merged statistics alone */
    const char *b_path;
};

/* Solve, write, draw and report; returns the exit status. */
int lstsq_run(const struct lstsq_command *command);

#endif
