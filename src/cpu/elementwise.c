/* Elementwise operations. Each is a sweep over views of its operands; what differs from one to the
 * next is the function for a run, in elementwise.inc.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/ops.h"
#include "cpu/sweep.h"

enum { MULTIPLY, DIVIDE };

/* The run's part of the vector in the third view, or its one value that many times. */
static void load_vector(const struct cpu_run *run, const struct cpu_sweep *sweep, double *d)
{
    const ritz_elem type = (ritz_elem)sweep->v[2].dtype;
    if (run->stride[2] != 0) {
        ritz_convert_strided(run->count, run->p[2], type, run->stride[2], d, RITZ_F64, 1);
        return;
    }
    double value;
    ritz_convert_strided(1, run->p[2], type, 1, &value, RITZ_F64, 1);
    for (int64_t i = 0; i < run->count; i++) d[i] = value;
}

#define TEMPLATE "cpu/elementwise.inc"
#include "cpu/real_types.inc"

/* ---- filling --------------------------------------------------------------------------------- */

static void fill_run(const struct cpu_run *run, const struct cpu_sweep *sweep)
{
    ritz_convert_strided(run->count, &sweep->alpha, RITZ_ELEM_F64, 0, run->p[0], sweep->v[0].dtype,
                         run->stride[0]);
}

ritz_status cpu_fill(ritz_stream *s, double value, ritz_dmat A)
{
    struct cpu_sweep sweep = {.run = fill_run, .views = 1, .v = {cpu_view_of(A)}, .alpha = value};
    cpu_sweep_orient(&sweep);
    cpu_sweep_join(&sweep, 1);
    return cpu_sweep_enqueue(s, &sweep);
}

ritz_status cpu_set_identity(ritz_stream *s, ritz_dmat A)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(identity);
    struct cpu_sweep sweep = {.run = run[A.dtype], .views = 1, .v = {cpu_view_of(A)}};
    cpu_sweep_orient(&sweep);
    return cpu_sweep_enqueue(s, &sweep);
}

/* ---- sums and multiples ---------------------------------------------------------------------- */

ritz_status cpu_scale(ritz_stream *s, double alpha, ritz_dmat A)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(scale);
    if (alpha == 0) return cpu_fill(s, 0.0, A);
    if (alpha == 1) return RITZ_OK;
    struct cpu_sweep sweep = {
        .run = run[A.dtype], .views = 1, .v = {cpu_view_of(A)}, .alpha = alpha};
    cpu_sweep_orient(&sweep);
    cpu_sweep_join(&sweep, 1);
    return cpu_sweep_enqueue(s, &sweep);
}

ritz_status cpu_axpby(ritz_stream *s, double alpha, ritz_dmat A, double beta, ritz_dmat B)
{
    static const cpu_run_function update[] = CPU_BY_DTYPE(axpby);
    static const cpu_run_function assign[] = CPU_BY_DTYPE(assign_scaled);
    struct cpu_sweep sweep = {.run = beta == 0 ? assign[B.dtype] : update[B.dtype],
                              .views = 2,
                              .v = {cpu_view_of(B), cpu_view_broadcast(A, B.batch)},
                              .alpha = alpha,
                              .beta = beta};
    cpu_sweep_orient(&sweep);
    cpu_sweep_join(&sweep, 1);
    return cpu_sweep_enqueue(s, &sweep);
}

/* B from A and a vector with one value a column. */
static ritz_status enqueue_with_row(ritz_stream *s, struct cpu_sweep *sweep, ritz_dmat row,
                                    ritz_dmat A, ritz_dmat B)
{
    sweep->views = 3;
    sweep->v[0] = cpu_view_of(B);
    sweep->v[1] = cpu_view_broadcast(A, B.batch);
    sweep->v[2] = cpu_view_of_row(row, &sweep->v[0]);
    cpu_sweep_orient(sweep);
    return cpu_sweep_enqueue(s, sweep);
}

ritz_status cpu_scale_cols(ritz_stream *s, int divide, ritz_dmat d, ritz_dmat A, ritz_dmat B)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(scale_cols);
    struct cpu_sweep sweep = {.run = run[B.dtype], .option = divide ? DIVIDE : MULTIPLY};
    return enqueue_with_row(s, &sweep, d, A, B);
}

ritz_status cpu_add_row(ritz_stream *s, double alpha, ritz_dmat row, ritz_dmat A, ritz_dmat B)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(add_row);
    struct cpu_sweep sweep = {.run = run[B.dtype], .alpha = alpha};
    return enqueue_with_row(s, &sweep, row, A, B);
}

/* ---- triangles and diagonals ----------------------------------------------------------------- */

ritz_status cpu_mirror(ritz_stream *s, ritz_uplo uplo, ritz_dmat A)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(mirror);
    const struct cpu_view v = cpu_view_of(A);
    struct cpu_sweep sweep = {.run = run[A.dtype],
                              .views = 2,
                              .v = {v, cpu_view_transposed(v)},
                              .part = cpu_triangle_of_transpose(uplo)};
    if (cpu_sweep_orient(&sweep)) sweep.part = uplo;
    return cpu_sweep_enqueue(s, &sweep);
}

static ritz_status enqueue_triangle(ritz_stream *s, cpu_run_function run, ritz_uplo uplo,
                                    ritz_dmat A, ritz_dmat B)
{
    struct cpu_sweep sweep = {.run = run,
                              .views = 2,
                              .v = {cpu_view_of(B), cpu_view_broadcast(A, B.batch)},
                              .part = uplo};
    if (cpu_sweep_orient(&sweep)) sweep.part = cpu_triangle_of_transpose(uplo);
    return cpu_sweep_enqueue(s, &sweep);
}

ritz_status cpu_tri_copy(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat B)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(tri_copy);
    return enqueue_triangle(s, run[B.dtype], uplo, A, B);
}

ritz_status cpu_tri_put(ritz_stream *s, ritz_uplo uplo, ritz_dmat A, ritz_dmat B)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(tri_put);
    return enqueue_triangle(s, run[B.dtype], uplo, A, B);
}

ritz_status cpu_diag_signs(ritz_stream *s, ritz_dmat R, ritz_dmat d)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(diag_signs);
    struct cpu_view diagonal = cpu_view_broadcast(R, d.batch);
    diagonal.row_stride += diagonal.col_stride;
    diagonal.rows = d.rows;
    diagonal.cols = 1;
    const struct cpu_sweep sweep = {
        .run = run[R.dtype], .views = 2, .v = {cpu_view_of(d), diagonal}};
    return cpu_sweep_enqueue(s, &sweep);
}

/* ---- signs ----------------------------------------------------------------------------------- */

struct sign_cols {
    struct cpu_view V, U;
};

/* Columns that are worked on at a time: a cache line of a row. */
#define SIGN_COLS 16

#define TEMPLATE "cpu/sign_cols.inc"
#include "cpu/real_types.inc"

static void sign_cols_job(const struct cpu_context *ctx, const void *arguments)
{
    static const cpu_loop_body body[] = CPU_BY_DTYPE(sign_panel);
    struct sign_cols job = *(const struct sign_cols *)arguments;
    const int64_t panels = (job.V.cols + SIGN_COLS - 1) / SIGN_COLS;
    struct cpu_compute compute =
        cpu_compute_begin_bytes(ctx, cpu_view_bytes(&job.V) + cpu_view_bytes(&job.U));
    ritz_parallel_for(&compute, panels * job.V.batch, body[job.V.dtype], &job);
    cpu_compute_end(&compute);
}

ritz_status cpu_sign_cols(ritz_stream *s, ritz_dmat V, ritz_dmat U)
{
    struct sign_cols job = {.V = cpu_view_of(V)};
    if (U.device != NULL) job.U = cpu_view_of(U);
    if (cpu_view_empty(&job.V)) return RITZ_OK;
    return cpu_enqueue(s, sign_cols_job, &job, sizeof job);
}
