/* Singular value decomposition by LAPACK: divide and conquer, and QR iteration on a kept copy where
 * that does not converge.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/lapack.h"

struct gesvd_arguments {
    int m, n;
    char job; /* 'S': with vectors, 'N': without */
    struct cpu_operand A, S, U, Vt;
    int64_t s_stride; /* between the elements of S */
    struct cpu_info info;
    struct cpu_items items;
    char *scratch;
    size_t slot_bytes, copy, values, work, integers;
    int lwork;
};

#define TEMPLATE "cpu/svd.inc"
#include "cpu/real_types.inc"

ritz_status cpu_gesvd(ritz_stream *s, ritz_dmat A, ritz_dmat S, ritz_dmat U, ritz_dmat Vt,
                      ritz_dmat info)
{
    if (ritz_empty(A)) return cpu_fill(s, 0.0, info);
    const int f64 = A.dtype == RITZ_F64, vectors = ritz_present(U);
    const double m = (double)A.rows, n = (double)A.cols;
    const double flops = vectors ? 6.0 * m * n * n + 20.0 * n * n * n : 4.0 * m * n * n;
    struct gesvd_arguments g = {
        .m = cpu_int(A.rows),
        .n = cpu_int(A.cols),
        .job = vectors ? 'S' : 'N',
        .A = cpu_operand(A),
        .S = cpu_operand(S),
        .U = cpu_operand(U),
        .Vt = cpu_operand(Vt),
        .s_stride = cpu_vector_stride(S),
        .info = cpu_info(info),
        .items = cpu_items_plan(s, A.batch, flops),
    };
    if (!vectors) g.U.ld = g.Vt.ld = 1; /* LAPACK checks them all the same */
    g.lwork = f64 ? gesvd_lwork_f64(&g) : gesvd_lwork_f32(&g);
    const size_t element = ritz_dtype_size(A.dtype);
    g.copy = cpu_piece(&g.slot_bytes, A.rows * A.cols, element);
    g.values = cpu_piece(&g.slot_bytes, A.cols, element);
    g.work = cpu_piece(&g.slot_bytes, g.lwork, element);
    g.integers = cpu_piece(&g.slot_bytes, 8 * A.cols, sizeof(int));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *scratch = NULL;
    RITZ_TRY(ritz_work_bytes(s, (size_t)g.items.slots * g.slot_bytes, &scratch));
    g.scratch = scratch;
    const ritz_status status = cpu_enqueue(s, f64 ? gesvd_run_f64 : gesvd_run_f32, &g, sizeof g);
    ritz_work_release(s, mark);
    return status;
}
