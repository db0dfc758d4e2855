/* The choice among the instruction sets, and sharing a batch among threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/lane/lane.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/check.h"
#include "cpu/parallel.h"

/* ---- instruction sets ---- */

extern const struct lane_table cpu_lane_f32_baseline, cpu_lane_f64_baseline;
#if defined(__x86_64__)
extern const struct lane_table cpu_lane_f32_avx2, cpu_lane_f64_avx2;
extern const struct lane_table cpu_lane_f32_avx512, cpu_lane_f64_avx512;
#endif

int cpu_lane_available(enum lane_path path)
{
    switch (path) {
    case LANE_BASELINE: return 1;
#if defined(__x86_64__)
    case LANE_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case LANE_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("fma");
#endif
    default: return 0;
    }
}

static enum lane_path choose(void)
{
    static const char *const names[LANE_PATHS] = {"baseline", "avx2", "avx512"};
    const char *wanted = getenv("RITZ_CPU_LANES");
    enum lane_path best = LANE_BASELINE;
    for (int path = 0; path < LANE_PATHS; path++) {
        if (!cpu_lane_available((enum lane_path)path)) continue;
        if (wanted && strcmp(wanted, names[path]) == 0) return (enum lane_path)path;
        best = (enum lane_path)path;
    }
    return best;
}

static _Atomic int path_in_use = -1;

enum lane_path cpu_lane_path(void)
{
    int path = atomic_load_explicit(&path_in_use, memory_order_relaxed);
    if (path < 0) {
        path = (int)choose(); /* threads that come here together choose the same */
        atomic_store_explicit(&path_in_use, path, memory_order_relaxed);
    }
    return (enum lane_path)path;
}

void cpu_lane_select(enum lane_path path)
{
    assert(cpu_lane_available(path));
    atomic_store_explicit(&path_in_use, (int)path, memory_order_relaxed);
}

const struct lane_table *cpu_lane_table(ritz_dtype dtype)
{
    const int f64 = dtype == RITZ_F64;
    switch (cpu_lane_path()) {
#if defined(__x86_64__)
    case LANE_AVX512: return f64 ? &cpu_lane_f64_avx512 : &cpu_lane_f32_avx512;
    case LANE_AVX2: return f64 ? &cpu_lane_f64_avx2 : &cpu_lane_f32_avx2;
#endif
    default: return f64 ? &cpu_lane_f64_baseline : &cpu_lane_f32_baseline;
    }
}

/* ---- running ---- */

/* Flops that make it worth handing a portion to a thread. */
#define PORTION_FLOPS 2.0e5

struct run {
    lane_function run;
    int64_t batch, portion; /* items */
    double flops;           /* of all items */
    int slots;              /* threads that share them */
    char *scratch;
    size_t slot_bytes;
    _Alignas(16) unsigned char arguments[LANE_ARGUMENTS];
};

/* How many threads, and how many items they take at a time: several portions for each thread, as
 * long as they are worth the handing over. */
static void share(const ritz_stream *s, const struct lane_job *job, struct run *r)
{
    const int64_t group = (int64_t)job->table->lanes * job->tiles;
    const int64_t groups = (job->batch + group - 1) / group;
    const int threads = s->device->info.threads;
    r->slots = 1;
    r->portion = job->batch;
    if (groups < 2 || threads < 2 || r->flops < CPU_PARALLEL_FLOPS) return;
    r->slots = groups < threads ? (int)groups : threads;
    const double by_work = PORTION_FLOPS / (job->flops * (double)group + 1.0);
    const int64_t least = by_work > 1.0 ? (int64_t)by_work : 1;
    const int64_t by_count = groups / (8 * (int64_t)r->slots);
    r->portion = group * (by_count > least ? by_count : least);
}

static void run_portion(void *context, int64_t i, int thread)
{
    const struct run *r = context;
    const int64_t begin = i * r->portion;
    const int64_t end = begin + r->portion < r->batch ? begin + r->portion : r->batch;
    r->run(r->arguments, begin, end, r->scratch + (size_t)thread * r->slot_bytes);
}

static void run(const struct cpu_context *ctx, const void *arguments)
{
    struct run *r = (struct run *)(uintptr_t)arguments; /* only read */
    if (r->slots == 1) {
        run_portion(r, 0, 0);
        return;
    }
    struct cpu_compute c = cpu_compute_begin(ctx, r->flops);
    if (c.threads > r->slots) c.threads = r->slots;
    ritz_parallel_for(&c, (r->batch + r->portion - 1) / r->portion, run_portion, r);
    cpu_compute_end(&c);
}

ritz_status cpu_lane_enqueue(ritz_stream *s, const struct lane_job *job, const void *arguments,
                             size_t bytes)
{
    assert(bytes <= LANE_ARGUMENTS);
    if (job->batch == 0) return RITZ_OK;
    struct run r = {.run = job->run, .batch = job->batch};
    r.flops = job->flops * (double)job->batch;
    memcpy(r.arguments, arguments, bytes);
    share(s, job, &r);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *scratch = NULL;
    /* Slots start on cache lines of their own. */
    r.slot_bytes = ((size_t)job->vectors * job->table->vector_bytes + 255) & ~(size_t)255;
    RITZ_TRY(ritz_work_bytes(s, (size_t)r.slots * r.slot_bytes, &scratch));
    r.scratch = scratch;
    const ritz_status status = cpu_enqueue(s, run, &r, sizeof r);
    ritz_work_release(s, mark);
    return status;
}
