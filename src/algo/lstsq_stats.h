/* Statistics of rows, as their makers and users see them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_LSTSQ_STATS_H
#define RITZ_ALGO_LSTSQ_STATS_H

#include "algo/lstsq_centred.h"

struct ritz_lstsq_stats {
    ritz_device *device;
    int64_t cols, targets;
    struct lstsq_centred c;
};

/* c = mean_b - Xᵀ mean_a, in float64: X n x s, c 1 x s with as many items, of X's type. */
ritz_status lstsq_stats_intercept(ritz_stream *s, ritz_dmat mean_a, ritz_dmat mean_b, ritz_dmat X,
                                  ritz_dmat c);

/* Statistics on the stream's device. */
ritz_status lstsq_stats_check(const ritz_stream *s, const ritz_lstsq_stats *stats,
                              const char *name);

#endif
