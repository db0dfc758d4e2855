/* Keeping non-finite items away from routines that could hang, and reporting them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdatomic.h>

#include "cpu/ops.h"
#include "cpu/sweep.h"

typedef uint32_t bits_f32;
typedef uint64_t bits_f64;
static const bits_f32 exponent_bits_f32 = UINT32_C(0x7F800000);
static const bits_f64 exponent_bits_f64 = UINT64_C(0x7FF0000000000000);

#define TEMPLATE "cpu/guard.inc"
#include "cpu/real_types.inc"

static int32_t *entry(const struct cpu_view *v, int64_t i)
{
    return cpu_view_at(v, 0, i, 0);
}

/* ---- finite_guard, poison -------------------------------------------------------------------- */

/* A sweep that makes a region of A alpha where the item's flag is set. */
static struct cpu_sweep fill_region(ritz_uplo part, struct cpu_view flags, ritz_dmat A)
{
    static const cpu_run_function fill[] = CPU_BY_DTYPE(fill_flagged);
    struct cpu_sweep sweep = {
        .run = fill[A.dtype], .views = 2, .v = {cpu_view_of(A)}, .part = part};
    sweep.v[1] = cpu_view_of_items(flags, &sweep.v[0]);
    if (cpu_sweep_orient(&sweep)) sweep.part = cpu_triangle_of_transpose(part);
    if (part == RITZ_BOTH) cpu_sweep_join(&sweep, 0);
    return sweep;
}

struct finite_guard {
    struct cpu_sweep clear;
    struct cpu_view flags;
};

static void finite_guard_job(const struct cpu_context *ctx, const void *arguments)
{
    static const cpu_run_function find_run[] = CPU_BY_DTYPE(find_nonfinite);
    const struct finite_guard *job = arguments;
    struct cpu_sweep find = job->clear;
    int32_t *bad = job->clear.v[1].data;
    int any = 0;

    find.run = find_run[find.v[0].dtype];
    find.views = 1;
    find.shared = bad;
    for (int64_t b = 0; b < job->flags.rows; b++) bad[b] = 0;
    cpu_sweep_run(ctx, &find);
    for (int64_t b = 0; b < job->flags.rows; b++) {
        if (bad[b] == 0) continue;
        *entry(&job->flags, b) = 1;
        any = 1;
    }
    if (any) cpu_sweep_run(ctx, &job->clear);
}

ritz_status cpu_finite_guard(ritz_stream *s, ritz_uplo part, ritz_dmat A, ritz_dmat flags)
{
    const struct cpu_view target = cpu_view_of(A);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_dmat bad;
    if (cpu_view_empty(&target)) return RITZ_OK;
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, A.batch, 1, 1, &bad));
    const struct finite_guard job = {.clear = fill_region(part, cpu_view_of(bad), A),
                                     .flags = cpu_view_of(flags)};
    const ritz_status rc = cpu_enqueue(s, finite_guard_job, &job, sizeof job);
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cpu_poison(ritz_stream *s, ritz_uplo part, ritz_dmat flags, ritz_dmat A)
{
    struct cpu_sweep sweep = fill_region(part, cpu_view_of(flags), A);
    sweep.alpha = (double)NAN;
    return cpu_sweep_enqueue(s, &sweep);
}

/* ---- info_merge, info_report ----------------------------------------------------------------- */

struct info_merge {
    struct cpu_view flags, info;
};

static void info_merge_job(const struct cpu_context *ctx, const void *arguments)
{
    const struct info_merge *job = arguments;
    (void)ctx;
    for (int64_t b = 0; b < job->info.rows; b++)
        if (*entry(&job->flags, b) != 0) *entry(&job->info, b) = -1;
}

ritz_status cpu_info_merge(ritz_stream *s, ritz_dmat flags, ritz_dmat info)
{
    const struct info_merge job = {cpu_view_of(flags), cpu_view_of(info)};
    return cpu_enqueue(s, info_merge_job, &job, sizeof job);
}

struct info_report {
    ritz_status code;
    struct cpu_view info;
};

static void info_report_job(const struct cpu_context *ctx, const void *arguments)
{
    const struct info_report *job = arguments;
    for (int64_t b = 0; b < job->info.rows; b++) {
        const int32_t info = *entry(&job->info, b);
        if (info == 0) continue;
        cpu_report(ctx, info == -1 ? RITZ_ERR_NOT_FINITE : job->code, b, info);
        return;
    }
}

ritz_status cpu_info_report(ritz_stream *s, ritz_status code, ritz_dmat info)
{
    const struct info_report job = {code, cpu_view_of(info)};
    return cpu_enqueue(s, info_report_job, &job, sizeof job);
}
