/* One run of `ritz pca`: from files to files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_PCA_RUN_H
#define RITZ_TOOLS_PCA_RUN_H

#include "options.h"
#include "plot.h"

/* What the command line asks for. */
struct pca_options {
    struct common_options common;
    int64_t components; /* 0: not given */
    double variance;    /* 0: not given */
    double tolerance;   /* 0: not given */
    const char *checkpoint;
    double checkpoint_seconds; /* 0: the default */
    ritz_pca_method method;
    bool whiten;
    bool population;
    bool no_scores;
    struct plot plot;
    int64_t image_rows; /* shape in which components are drawn; 0: if square */
    int64_t image_cols;
    const char **labels; /* the files; room for every argument */
    size_t label_count;
    const char *const *paths;
    size_t path_count;
};

/* Fit, write, draw and report; returns the exit status. */
int pca_run(const struct pca_options *options);

#endif
