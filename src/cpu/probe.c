/* The steps between the solves of the 1-norm estimator.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/ops.h"
#include "cpu/parallel.h"

#include <math.h>

struct probe_cols {
    struct cpu_view scale, X, best;
    int unit;
};

#define TEMPLATE "cpu/probe.inc"
#include "cpu/real_types.inc"

static void probe_cols_job(const struct cpu_context *ctx, const void *arguments)
{
    static const cpu_loop_body body[] = CPU_BY_DTYPE(probe_column);
    struct probe_cols job = *(const struct probe_cols *)arguments;
    struct cpu_compute compute = cpu_compute_begin_bytes(ctx, cpu_view_bytes(&job.X));
    ritz_parallel_for(&compute, job.X.cols * job.X.batch, body[job.X.dtype], &job);
    cpu_compute_end(&compute);
}

ritz_status cpu_probe_cols(ritz_stream *s, int unit, ritz_dmat scale, ritz_dmat X, ritz_dmat best)
{
    const struct probe_cols job = {cpu_view_broadcast(scale, X.batch), cpu_view_of(X),
                                   cpu_view_of(best), unit};
    if (cpu_view_empty(&job.X)) return RITZ_OK;
    return cpu_enqueue(s, probe_cols_job, &job, sizeof job);
}
