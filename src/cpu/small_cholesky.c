/* Batches of small symmetric positive definite matrices, in lanes; see lane/lane.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/check.h"
#include "cpu/lane/lane.h"
#include "cpu/ops.h"

/* With its triangle lower. */
static struct lane_matrix lower(ritz_uplo uplo, ritz_dmat A)
{
    const struct lane_matrix M = lane_matrix(A);
    return uplo == RITZ_LOWER ? M : lane_transposed(M);
}

/* The tile, and the reciprocals of its diagonal. */
static int64_t factor_vectors(int64_t n)
{
    return (lane_ld((int)n) + 1) * n;
}

ritz_status cpu_small_cholesky(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat info)
{
    if (ritz_empty(A)) return cpu_fill(s, 0.0, info);
    const struct lane_cholesky p = {lower(uplo, A), lane_info(info)};
    const double n = (double)A.rows;
    const struct lane_table *table = cpu_lane_table(A.dtype);
    const struct lane_job job = {
        .table = table,
        .run = table->cholesky,
        .batch = A.batch,
        .tiles = 1,
        .flops = n * n * n / 3.0 + n * n,
        .vectors = factor_vectors(A.rows),
    };
    return cpu_lane_enqueue(s, &job, &p, sizeof p);
}

ritz_status cpu_small_spd_solve(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat B,
                                ritz_dmat info)
{
    if (B.batch == 0 || A.rows == 0) return cpu_fill(s, 0.0, info);
    const struct lane_spd_solve p = {lower(uplo, A), lane_matrix(B), lane_info(info)};
    const double n = (double)A.rows, r = (double)B.cols;
    const struct lane_table *table = cpu_lane_table(A.dtype);
    const struct lane_job job = {
        .table = table,
        .run = table->spd_solve,
        .batch = B.batch,
        .tiles = 1,
        .flops = n * n * (n / 3.0 + 1.0 + 2.0 * r),
        .vectors = factor_vectors(A.rows) + A.rows * LANE_RHS,
    };
    return cpu_lane_enqueue(s, &job, &p, sizeof p);
}
