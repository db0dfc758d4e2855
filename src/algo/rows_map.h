/* Y = f(A), row by row, for rows A that stream by.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_ROWS_MAP_H
#define RITZ_ALGO_ROWS_MAP_H

#include "algo/algo.h"
#include "core/rows.h"

struct rows_map {
    ritz_dtype dtype; /* of Y, float32 or float64 */
    int64_t cols;     /* of Y */
    int converts;     /* A is given in the data type of Y, not as it is stored */
    /* Y = f(A) for a block of rows; Y row-major. Enqueues only. */
    ritz_status (*block)(ritz_stream *s, ritz_dmat A, ritz_dmat Y, const void *context);
    const void *context;
};

/* All of Y into the memory of the host, of either data type; there once the stream has passed. */
ritz_status rows_map_into(ritz_stream *s, struct ritz_feed *feed, const struct rows_map *map,
                          ritz_hmat Y);

/* Y block by block to the caller's function. Waits for each block. */
ritz_status rows_map_deliver(ritz_stream *s, struct ritz_feed *feed, const struct rows_map *map,
                             ritz_block_function deliver, void *context);

/* The rows of a matrix of the device in the same manner. */
ritz_status rows_deliver(ritz_stream *s, ritz_dmat Y, ritz_block_function deliver, void *context);

#endif
