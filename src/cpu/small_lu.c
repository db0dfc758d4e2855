/* Batches of small LU factorizations and linear systems, in lanes; see lane/lane.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/check.h"
#include "cpu/lane/lane.h"
#include "cpu/ops.h"

/* The tile, the reciprocals of the pivots, and where they were found. */
static int64_t factor_vectors(int64_t n)
{
    return (lane_ld((int)n) + 2) * n;
}

ritz_status cpu_small_lu(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat info)
{
    if (ritz_empty(A)) return cpu_fill(s, 0.0, info);
    const struct lane_lu p = {lane_matrix(A), lane_matrix(pivots), lane_info(info)};
    const double n = (double)A.rows;
    const struct lane_table *table = cpu_lane_table(A.dtype);
    const struct lane_job job = {
        .table = table,
        .run = table->lu,
        .batch = A.batch,
        .tiles = 1,
        .flops = n * n * (2.0 * n / 3.0 + 2.0),
        .vectors = factor_vectors(A.rows),
    };
    return cpu_lane_enqueue(s, &job, &p, sizeof p);
}

ritz_status cpu_small_solve(ritz_stream *s, ritz_dmat A, ritz_dmat B, ritz_dmat info)
{
    if (B.batch == 0 || A.rows == 0) return cpu_fill(s, 0.0, info);
    const struct lane_solve p = {lane_matrix(A), lane_matrix(B), lane_info(info)};
    const double n = (double)A.rows, r = (double)B.cols;
    const struct lane_table *table = cpu_lane_table(A.dtype);
    const struct lane_job job = {
        .table = table,
        .run = table->solve,
        .batch = B.batch,
        .tiles = 1,
        .flops = n * n * (2.0 * n / 3.0 + 2.0 + 2.0 * r),
        .vectors = factor_vectors(A.rows) + A.rows * LANE_RHS,
    };
    return cpu_lane_enqueue(s, &job, &p, sizeof p);
}
