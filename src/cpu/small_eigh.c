/* Batches of small symmetric eigenproblems, in lanes; see lane/lane.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/check.h"
#include "cpu/lane/lane_spectral.h"
#include "cpu/ops.h"

ritz_status cpu_small_eigh(ritz_stream *s, ritz_uplo uplo, ritz_order order, ritz_dmat A,
                           int64_t first, ritz_dmat W, ritz_dmat V, ritz_dmat info)
{
    if (ritz_empty(A) || W.rows == 0) return cpu_fill(s, 0.0, info);
    const struct lane_matrix stored = lane_matrix(A);
    const struct lane_eigh p = {
        .A = uplo == RITZ_LOWER ? stored : lane_transposed(stored),
        .W = lane_matrix(W),
        .V = lane_matrix(V),
        .first = (int)first,
        .descending = order == RITZ_DESCENDING,
        .info = lane_info(info),
    };
    const double n = (double)A.rows;
    const struct lane_table *table = cpu_lane_table(A.dtype);
    const struct lane_job job = {
        .table = table,
        .run = table->eigh,
        .batch = W.batch,
        .tiles = LANE_GROUP,
        .flops = n * n * ((ritz_present(V) ? 9.0 : 1.5) * n + 60.0),
        .vectors = lane_eigh_vectors(p.A.rows),
    };
    return cpu_lane_enqueue(s, &job, &p, sizeof p);
}
