/* Batches of small singular value decompositions, in lanes; see lane/lane.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/check.h"
#include "cpu/lane/lane_spectral.h"
#include "cpu/ops.h"

ritz_status cpu_small_svd(ritz_stream *s, ritz_dmat A, ritz_dmat U, ritz_dmat S, ritz_dmat V,
                          ritz_dmat info)
{
    if (ritz_empty(A)) return cpu_fill(s, 0.0, info);
    const int wide = A.rows < A.cols;
    const struct lane_matrix stored = lane_matrix(A);
    const struct lane_svd p = {
        .A = wide ? lane_transposed(stored) : stored,
        .U = lane_matrix(wide ? V : U),
        .S = lane_matrix(S),
        .V = lane_matrix(wide ? U : V),
        .signs_on_u = wide,
        .info = lane_info(info),
    };
    const double m = (double)p.A.rows, n = (double)p.A.cols;
    const struct lane_table *table = cpu_lane_table(A.dtype);
    const struct lane_job job = {
        .table = table,
        .run = table->svd,
        .batch = S.batch,
        .tiles = LANE_GROUP,
        .flops = n * n * (9.0 * n + 8.0 * m + 60.0),
        .vectors = lane_svd_vectors(p.A.rows, p.A.cols),
    };
    return cpu_lane_enqueue(s, &job, &p, sizeof p);
}
