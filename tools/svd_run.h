/* One run of `ritz svd`: from files to files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_SVD_RUN_H
#define RITZ_TOOLS_SVD_RUN_H

#include "options.h"

enum svd_method {
    SVD_AUTO,
    SVD_EXACT,      /* all of the decomposition: of A, or of the R of rows that stream by */
    SVD_RANDOMIZED, /* of A in memory, by subspace iteration */
    SVD_KRYLOV,     /* the same, by block Krylov iteration */
    SVD_STREAMED    /* randomized, of rows that stream by */
};

/* What the command line asks for. */
struct svd_options {
    struct common_options common;
    int64_t components; /* 0: not given */
    double tolerance;   /* 0: not given */
    enum svd_method method;
    const char *const *paths;
    size_t path_count;
};

const char *svd_method_name(enum svd_method method);

/* Decompose, write and report; returns the exit status. */
int svd_run(const struct svd_options *options);

#endif
