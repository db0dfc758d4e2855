/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/small_gemm.h"

#include "cpu/lane/lane.h"

static int has_kernel(int64_t n)
{
    return n == 4 || n == 8 || n == 16 || n == 32 || n == 64;
}

int cpu_small_gemm_takes(ritz_dmat A, ritz_dmat B, ritz_dmat C)
{
    const int real = A.dtype == RITZ_F64 || A.dtype == RITZ_F32;
    const int one_layout = A.layout == C.layout && B.layout == C.layout;
    return real && one_layout && has_kernel(C.rows) && C.cols == C.rows && A.cols == C.rows;
}

ritz_status cpu_small_gemm(ritz_stream *s, double alpha, ritz_dmat A, ritz_dmat B, double beta,
                           ritz_dmat C)
{
    struct lane_gemm p = {alpha, beta, lane_matrix(A), lane_matrix(B), lane_matrix(C)};
    if (C.layout == RITZ_ROW_MAJOR) { /* Cᵀ = Bᵀ Aᵀ */
        p.A = lane_transposed(lane_matrix(B));
        p.B = lane_transposed(lane_matrix(A));
        p.C = lane_transposed(p.C);
    }
    const double n = (double)C.rows;
    const struct lane_table *table = cpu_lane_table(A.dtype);
    const struct lane_job job = {
        .table = table,
        .run = table->gemm,
        .batch = C.batch,
        .tiles = 1,
        .flops = 2.0 * n * n * n,
        .vectors = 0,
    };
    return cpu_lane_enqueue(s, &job, &p, sizeof p);
}
