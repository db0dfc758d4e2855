/* Work of typical shapes, whose cost is counted at a few small sizes to know how it grows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_EMU_WORKLOADS_H
#define RITZ_TESTS_EMU_WORKLOADS_H

#include "ritz/ritz.h"

struct workplace {
    ritz_stream *s;
    int64_t size, blocks;
    ritz_dmat A, X, Y, Z;
    ritz_spmat *sparse;
    ritz_pca *pca;
};

struct workload {
    const char *name;
    ritz_status (*make)(struct workplace *w);
    ritz_status (*run)(struct workplace *w);
    int in_blocks; /* reads blocks of rows: `blocks` of them */
};
extern const struct workload workloads[];
extern const int workload_count;

ritz_status drop_workplace(struct workplace *w);

#endif
