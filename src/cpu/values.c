/* Small results that are read off a diagonal or a list of singular values.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "cpu/ops.h"
#include "cpu/parallel.h"

static double element(const struct cpu_view *v, int64_t item, int64_t i, int64_t j)
{
    const void *at = cpu_view_at(v, item, i, j);
    return v->dtype == RITZ_F32 ? (double)*(const float *)at : *(const double *)at;
}

static void clear_element(const struct cpu_view *v, int64_t item, int64_t i)
{
    void *at = cpu_view_at(v, item, i, 0);
    if (v->dtype == RITZ_F32)
        *(float *)at = 0;
    else
        *(double *)at = 0;
}

/* ---- cut_values ------------------------------------------------------------------------------ */

struct cut_values {
    double rtol, atol;
    struct cpu_view S, rank, cond;
};

/* The values are descending, so those that count come first. */
static int32_t cut(const struct cut_values *job, int64_t b)
{
    const double threshold = job->rtol * element(&job->S, b, 0, 0);
    int64_t kept = 0;
    while (kept < job->S.rows) {
        const double value = element(&job->S, b, kept, 0);
        if (!(value > threshold && value > job->atol)) break;
        kept++;
    }
    for (int64_t i = kept; i < job->S.rows; i++) clear_element(&job->S, b, i);
    return (int32_t)kept;
}

static void cut_item(void *context, int64_t b, int thread)
{
    const struct cut_values *job = context;
    const double first = element(&job->S, b, 0, 0);
    const double last = element(&job->S, b, job->S.rows - 1, 0);
    (void)thread;
    const double cond = isnan(first) ? first : last == 0 ? (double)INFINITY : first / last;
    const int32_t rank = isnan(first) ? -1 : cut(job, b);
    if (job->cond.data) *(double *)cpu_view_at(&job->cond, 0, b, 0) = cond;
    if (job->rank.data) *(int32_t *)cpu_view_at(&job->rank, 0, b, 0) = rank;
}

static void cut_values_job(const struct cpu_context *ctx, const void *arguments)
{
    struct cut_values job = *(const struct cut_values *)arguments;
    struct cpu_compute compute = cpu_compute_begin_bytes(ctx, cpu_view_bytes(&job.S));
    ritz_parallel_for(&compute, job.S.batch, cut_item, &job);
    cpu_compute_end(&compute);
}

ritz_status cpu_cut_values(ritz_stream *s, double rtol, double atol, ritz_dmat S, ritz_dmat rank,
                           ritz_dmat cond)
{
    const struct cut_values job = {rtol, atol, cpu_view_of(S), cpu_view_of(rank),
                                   cpu_view_of(cond)};
    if (cpu_view_empty(&job.S)) return RITZ_OK;
    return cpu_enqueue(s, cut_values_job, &job, sizeof job);
}

/* ---- diag_product ---------------------------------------------------------------------------- */

struct diag_product {
    struct cpu_view A, pivots, out;
};

/* The mantissa stays in [1/2, 1), so that no partial product leaves the range. */
static double product_of(const struct diag_product *job, int64_t b)
{
    double mantissa = 1;
    int64_t exponent = 0;
    for (int64_t i = 0; i < job->A.rows; i++) {
        int shift = 0;
        mantissa = frexp(mantissa * element(&job->A, b, i, i), &shift);
        exponent += shift;
        if (job->pivots.data && *(const int32_t *)cpu_view_at(&job->pivots, b, i, 0) != i + 1)
            mantissa = -mantissa;
    }
    const int64_t limit = 4096;
    const int64_t within = exponent > limit ? limit : exponent < -limit ? -limit : exponent;
    return ldexp(mantissa, (int)within);
}

static void product_item(void *context, int64_t b, int thread)
{
    const struct diag_product *job = context;
    (void)thread;
    *(double *)cpu_view_at(&job->out, 0, b, 0) = product_of(job, b);
}

static void diag_product_job(const struct cpu_context *ctx, const void *arguments)
{
    struct diag_product job = *(const struct diag_product *)arguments;
    const double touched = (double)job.A.rows * (double)job.A.batch * 64; /* a cache line each */
    struct cpu_compute compute = cpu_compute_begin_bytes(ctx, touched);
    ritz_parallel_for(&compute, job.A.batch, product_item, &job);
    cpu_compute_end(&compute);
}

ritz_status cpu_diag_product(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat out)
{
    const struct diag_product job = {.A = cpu_view_broadcast(A, out.rows),
                                     .pivots = cpu_view_broadcast(pivots, out.rows),
                                     .out = cpu_view_of(out)};
    return cpu_enqueue(s, diag_product_job, &job, sizeof job);
}
