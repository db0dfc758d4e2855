/* LU factorization by LAPACK, and the interchanges of rows that go with it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>

#include "cpu/lapack.h"

typedef int32_t bits_f32; /* signed, so that the sign says which of two is larger */
typedef int64_t bits_f64;
static const bits_f32 modulus_bits_f32 = INT32_MAX;
static const bits_f64 modulus_bits_f64 = INT64_MAX;

/* Columns without a larger element may have subnormal pivots. */
static const float tiny_f32 = FLT_MIN / FLT_EPSILON;
static const double tiny_f64 = DBL_MIN / DBL_EPSILON;

struct getrf_arguments {
    int n;
    struct cpu_operand A, pivots;
    int64_t pivots_stride; /* between the elements of one vector */
    struct cpu_info info;
    struct cpu_items items;
    char *scratch;
    size_t slot_bytes, exponents; /* dense pivots; and what columns were scaled by */
};

struct swap_rows {
    struct cpu_view pivots, B;
    int inverse;
    int64_t panel; /* columns that are worked on at a time */
};

#define TEMPLATE "cpu/lu.inc"
#include "cpu/real_types.inc"

ritz_status cpu_getrf(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat info)
{
    if (ritz_empty(A)) return cpu_fill(s, 0.0, info);
    const double n = (double)A.rows;
    struct getrf_arguments p = {
        .n = cpu_int(A.rows),
        .A = cpu_operand(A),
        .pivots = cpu_operand(pivots),
        .pivots_stride = cpu_vector_stride(pivots),
        .info = cpu_info(info),
        .items = cpu_items_plan(s, A.batch, 2.0 * n * n * n / 3.0),
    };
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *scratch = NULL;
    (void)cpu_piece(&p.slot_bytes, A.rows, sizeof(int32_t));
    p.exponents = cpu_piece(&p.slot_bytes, A.rows, sizeof(int32_t));
    RITZ_TRY(ritz_work_bytes(s, (size_t)p.items.slots * p.slot_bytes, &scratch));
    p.scratch = scratch;
    const ritz_status status =
        cpu_enqueue(s, A.dtype == RITZ_F64 ? getrf_run_f64 : getrf_run_f32, &p, sizeof p);
    ritz_work_release(s, mark);
    return status;
}

/* ---- swap_rows ------------------------------------------------------------------------------- */

static void swap_rows_job(const struct cpu_context *ctx, const void *arguments)
{
    static const cpu_loop_body body[] = CPU_BY_DTYPE(swap_panel);
    struct swap_rows job = *(const struct swap_rows *)arguments;
    const int64_t panels = (job.B.cols + job.panel - 1) / job.panel;
    struct cpu_compute compute = cpu_compute_begin_bytes(ctx, cpu_view_bytes(&job.B));
    ritz_parallel_for(&compute, panels * job.B.batch, body[job.B.dtype], &job);
    cpu_compute_end(&compute);
}

ritz_status cpu_swap_rows(ritz_stream *s, int inverse, ritz_dmat pivots, ritz_dmat B)
{
    struct swap_rows job = {
        .pivots = cpu_view_broadcast(pivots, B.batch), .B = cpu_view_of(B), .inverse = inverse};
    if (cpu_view_empty(&job.B)) return RITZ_OK;
    /* Rows are exchanged piece by piece where they are contiguous, else few columns at a time for
     * their cache lines to stay. */
    job.panel = job.B.col_stride == 1 ? 512 : 8;
    return cpu_enqueue(s, swap_rows_job, &job, sizeof job);
}
