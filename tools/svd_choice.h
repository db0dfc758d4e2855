/* How `ritz svd` decomposes a matrix: by which method, in memory or as the rows stream by.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_SVD_CHOICE_H
#define RITZ_TOOLS_SVD_CHOICE_H

#include "data.h"
#include "svd_run.h"

struct svd_choice {
    enum svd_method method; /* not SVD_AUTO */
    bool in_memory;
    int64_t most; /* singular values, at most */
    char reason[200];
};

/* Choose for data of this shape and so many bytes of memory; says so if nothing serves. */
int svd_choose(struct svd_choice *choice, const struct svd_options *options,
               const struct data *data, double memory);

#endif
