/* Batches of small QR factorizations, in lanes; see lane/lane.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/check.h"
#include "cpu/lane/lane_spectral.h"
#include "cpu/ops.h"

ritz_status cpu_small_qr(ritz_stream *s, ritz_dmat A, ritz_dmat Q, ritz_dmat R, ritz_dmat info)
{
    if (ritz_empty(A)) return cpu_fill(s, 0.0, info);
    const struct lane_qr p = {lane_matrix(A), lane_matrix(Q), lane_matrix(R), lane_info(info)};
    const double m = (double)A.rows, n = (double)A.cols, both = ritz_present(Q) ? 4.0 : 2.0;
    const struct lane_table *table = cpu_lane_table(A.dtype);
    const struct lane_job job = {
        .table = table,
        .run = table->qr,
        .batch = ritz_present(Q) ? Q.batch : R.batch,
        .tiles = 1,
        .flops = both * n * n * (m - n / 3.0) + 4.0 * m * n,
        .vectors = lane_qr_vectors(p.A.rows, p.A.cols),
    };
    return cpu_lane_enqueue(s, &job, &p, sizeof p);
}
