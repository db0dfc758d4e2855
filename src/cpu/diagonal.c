/* Operations on the diagonals of a batch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "cpu/ops.h"
#include "cpu/sweep.h"

struct log_diag {
    struct cpu_view diagonal, pivots, sign, logabs;
};

#define TEMPLATE "cpu/diagonal.inc"
#include "cpu/real_types.inc"

/* The diagonal of A as a column. */
static struct cpu_view diagonal_of(ritz_dmat A, int64_t batch)
{
    struct cpu_view v = cpu_view_broadcast(A, batch);
    v.row_stride += v.col_stride;
    v.rows = A.rows < A.cols ? A.rows : A.cols;
    v.cols = 1;
    return v;
}

ritz_status cpu_shift_diag(ritz_stream *s, ritz_dmat shift, ritz_dmat A)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(shift);
    struct cpu_sweep sweep = {.run = run[A.dtype], .views = 2, .v = {diagonal_of(A, A.batch)}};
    sweep.v[1] = cpu_view_of_items(cpu_view_of(shift), &sweep.v[0]);
    return cpu_sweep_enqueue(s, &sweep);
}

/* ---- log_diag -------------------------------------------------------------------------------- */

static double number(const struct cpu_view *v, int64_t item, int64_t i)
{
    const void *at = cpu_view_at(v, item, i, 0);
    return v->dtype == RITZ_F32 ? (double)*(const float *)at : *(const double *)at;
}

/* -1 for an odd number of interchanges. */
static double sign_of_interchanges(const struct cpu_view *pivots, int64_t item)
{
    int odd = 0;
    for (int64_t i = 0; i < pivots->rows; i++)
        odd ^= *(const int32_t *)cpu_view_at(pivots, item, i, 0) != i + 1;
    return odd ? -1 : 1;
}

/* The logarithm of a product is taken of its mantissa; its exponent is a sum of integers. */
static void log_item(void *context, int64_t b, int thread)
{
    const struct log_diag *job = context;
    const double ln2 = 0.69314718055994530942;
    double sign = job->pivots.data ? sign_of_interchanges(&job->pivots, b) : 1, mantissa = 1;
    int64_t exponent = 0;
    (void)thread;
    for (int64_t i = 0; i < job->diagonal.rows; i++) {
        const double d = number(&job->diagonal, b, i);
        int power = 0;
        sign *= isnan(d) ? d : d > 0 ? 1 : d < 0 ? -1 : 0;
        mantissa = frexp(mantissa * fabs(d), &power);
        exponent += power;
    }
    double logabs = log(mantissa) + (double)exponent * ln2;
    if (isnan(sign)) logabs = sign;
    if (sign == 0) logabs = -(double)INFINITY;
    *(double *)cpu_view_at(&job->sign, 0, b, 0) = sign;
    *(double *)cpu_view_at(&job->logabs, 0, b, 0) = logabs;
}

static void log_diag_job(const struct cpu_context *ctx, const void *arguments)
{
    struct log_diag job = *(const struct log_diag *)arguments;
    const double line = 64; /* bytes that come with each element */
    struct cpu_compute compute =
        cpu_compute_begin_bytes(ctx, line * (double)job.diagonal.rows * (double)job.diagonal.batch);
    ritz_parallel_for(&compute, job.diagonal.batch, log_item, &job);
    cpu_compute_end(&compute);
}

ritz_status cpu_log_diag(ritz_stream *s, ritz_dmat A, ritz_dmat pivots, ritz_dmat sign,
                         ritz_dmat logabs)
{
    struct log_diag job = {.diagonal = diagonal_of(A, sign.rows),
                           .sign = cpu_view_of(sign),
                           .logabs = cpu_view_of(logabs)};
    if (pivots.device != NULL) job.pivots = cpu_view_broadcast(pivots, sign.rows);
    if (sign.rows == 0) return RITZ_OK;
    return cpu_enqueue(s, log_diag_job, &job, sizeof job);
}
