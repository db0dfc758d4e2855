/* The elementwise operations of ridge regression.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/ops.h"
#include "cpu/sweep.h"

/* ---- ridge_filter ---------------------------------------------------------------------------- */

struct ridge_filter {
    enum ritz_ridge_function phi;
    struct cpu_view sigma, lambda, C, W;
};

static double element(const struct cpu_view *v, int64_t item, int64_t i, int64_t j)
{
    const void *at = cpu_view_at(v, item, i, j);
    return v->dtype == RITZ_F32 ? (double)*(const float *)at : *(const double *)at;
}

/* A column of an item of W. */
static void filter_column(void *context, int64_t index, int thread)
{
    const struct ridge_filter *job = context;
    const int64_t l = index / job->W.cols, j = index % job->W.cols;
    const double lambda = element(&job->lambda, 0, l, job->lambda.cols == 1 ? 0 : j);
    (void)thread;
    for (int64_t i = 0; i < job->W.rows; i++) {
        double value = ritz_ridge_map(job->phi, element(&job->sigma, 0, i, 0), lambda);
        void *at = cpu_view_at(&job->W, l, i, j);
        if (job->C.data) value *= element(&job->C, 0, i, j);
        if (job->W.dtype == RITZ_F32)
            *(float *)at = (float)value;
        else
            *(double *)at = value;
    }
}

static void ridge_filter_job(const struct cpu_context *ctx, const void *arguments)
{
    struct ridge_filter job = *(const struct ridge_filter *)arguments;
    const double touched = 4 * cpu_view_bytes(&job.W); /* three divisions beside each element */
    struct cpu_compute compute = cpu_compute_begin_bytes(ctx, touched);
    ritz_parallel_for(&compute, job.W.batch * job.W.cols, filter_column, &job);
    cpu_compute_end(&compute);
}

ritz_status cpu_ridge_filter(ritz_stream *s, enum ritz_ridge_function phi, ritz_dmat sigma,
                             ritz_dmat lambda, ritz_dmat C, ritz_dmat W)
{
    const struct ridge_filter job = {phi, cpu_view_of(sigma), cpu_view_of(lambda), cpu_view_of(C),
                                     cpu_view_of(W)};
    if (cpu_view_empty(&job.W)) return RITZ_OK;
    return cpu_enqueue(s, ridge_filter_job, &job, sizeof job);
}

/* ---- divide_rest ----------------------------------------------------------------------------- */

#define TEMPLATE "cpu/ridge.inc"
#include "cpu/real_types.inc"

ritz_status cpu_divide_rest(ritz_stream *s, int power, double beyond, ritz_dmat h, ritz_dmat tol,
                            ritz_dmat A, ritz_dmat B)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(divide_rest);
    struct cpu_sweep sweep = {.run = run[A.dtype],
                              .views = 3,
                              .v = {cpu_view_of(B), cpu_view_of(A)},
                              .alpha = beyond,
                              .option = power,
                              .shared = tol.data};
    sweep.v[2] = cpu_view_of_row(h, &sweep.v[0]);
    return cpu_sweep_enqueue(s, &sweep);
}
