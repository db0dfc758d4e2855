/* How things are timed.
 *
 * Ritz and its peer run in turn, so that both see the same clock frequency and the same
 * neighbours; who goes first alternates, so that neither always finds the caches as the other left
 * them. The ratio is formed pair by pair, which takes slow drifts of the machine out of it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

enum { MAX_SAMPLES = 2000 };

double bench_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_spread(struct bench_stats s)
{
    return s.median != 0 ? (s.q3 - s.q1) / fabs(s.median) : 0;
}

static int compare(const void *a, const void *b)
{
    double x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Linear interpolation between the order statistics. */
static double quantile(const double *sorted, int count, double q)
{
    const double position = q * (count - 1);
    const int low = (int)position;
    const int high = low + 1 < count ? low + 1 : low;
    return sorted[low] + (position - low) * (sorted[high] - sorted[low]);
}

struct bench_stats bench_summarise(double *values, int count)
{
    if (count == 0) return (struct bench_stats){.samples = 0};
    qsort(values, (size_t)count, sizeof *values, compare);
    return (struct bench_stats){.samples = count,
                                .median = quantile(values, count, 0.5),
                                .q1 = quantile(values, count, 0.25),
                                .q3 = quantile(values, count, 0.75)};
}

static struct bench_stats summarise_copy(const double *values, int count, double *scratch)
{
    memcpy(scratch, values, (size_t)count * sizeof *values);
    return bench_summarise(scratch, count);
}

/* Standard error of the median over the median: 1.253 sigma / sqrt(n) with sigma = (q3 - q1) /
 * 1.349, as for normal noise. */
static double uncertainty(struct bench_stats s)
{
    return 0.93 * bench_spread(s) / sqrt(s.samples);
}

static int time_one(struct bench_contender c, double *seconds)
{
    if (c.prepare && c.prepare(c.context)) return -1;
    const double start = bench_now();
    const int failed = c.run(c.context);
    *seconds = bench_now() - start;
    return failed ? -1 : 0;
}

struct series {
    double *ritz, *peer, *ratio, *scratch;
    int count;
};

static int add_sample(struct series *v, struct bench_contender ritz,
                      const struct bench_contender *peer)
{
    const int i = v->count;
    const int peer_first = i % 2;
    v->peer[i] = 0;
    if (peer && peer_first && time_one(*peer, &v->peer[i])) return -1;
    if (time_one(ritz, &v->ritz[i])) return -1;
    if (peer && !peer_first && time_one(*peer, &v->peer[i])) return -1;
    v->ratio[i] = v->ritz[i] > 0 ? v->peer[i] / v->ritz[i] : 0;
    v->count = i + 1;
    return 0;
}

static int known_well_enough(struct bench_budget budget, const struct series *v, int with_peer)
{
    const double *of = with_peer ? v->ratio : v->ritz;
    return uncertainty(summarise_copy(of, v->count, v->scratch)) <= budget.precision;
}

static int collect(struct bench_budget budget, struct bench_contender ritz,
                   const struct bench_contender *peer, struct series *v)
{
    const double start = bench_now();
    while (v->count < MAX_SAMPLES) {
        if (v->count >= budget.min_samples) {
            if (bench_now() - start > budget.seconds) break;
            /* Looking costs a sort: only now and then. */
            if (v->count % 8 == 0 && known_well_enough(budget, v, peer != NULL)) break;
        }
        if (add_sample(v, ritz, peer)) return -1;
    }
    return 0;
}

int bench_sample(struct bench_budget budget, struct bench_contender ritz,
                 const struct bench_contender *peer, struct bench_timing *timing)
{
    *timing = (struct bench_timing){.ritz = {.samples = 0}};
    double *memory = malloc(4 * (size_t)MAX_SAMPLES * sizeof *memory);
    if (!memory) return -1;
    struct series v = {.ritz = memory,
                       .peer = memory + MAX_SAMPLES,
                       .ratio = memory + 2 * MAX_SAMPLES,
                       .scratch = memory + 3 * MAX_SAMPLES};
    const int failed = collect(budget, ritz, peer, &v);
    if (!failed) {
        for (int i = 0; i < v.count; i++) v.scratch[i] = v.ritz[i] - v.peer[i];
        timing->difference = bench_summarise(v.scratch, v.count);
        timing->ritz = bench_summarise(v.ritz, v.count);
        if (peer) {
            timing->peer = bench_summarise(v.peer, v.count);
            timing->ratio = bench_summarise(v.ratio, v.count);
        }
    }
    free(memory);
    return failed;
}

/* ---- rounds of several ----------------------------------------------------------------------- */

static int one_round(const struct bench_contender *contenders, int count, int first,
                     double *seconds)
{
    for (int i = 0; i < count; i++) {
        const int who = (first + i) % count;
        if (time_one(contenders[who], &seconds[who])) return -1;
    }
    return 0;
}

/* Column `who` of the rounds, over the column `over` if that is not negative: over / who. */
static struct bench_stats summarise_column(const double *rounds, int done, int count, int who,
                                           int over, double *scratch)
{
    for (int r = 0; r < done; r++) {
        const double own = rounds[r * count + who];
        scratch[r] = over < 0 ? own : own > 0 ? rounds[r * count + over] / own : 0;
    }
    return bench_summarise(scratch, done);
}

int bench_rounds(struct bench_budget budget, const struct bench_contender *contenders, int count,
                 int reference, struct bench_stats *seconds, struct bench_stats *ratio)
{
    enum { MAX_ROUNDS = 200 };
    double *memory = malloc(((size_t)count + 1) * MAX_ROUNDS * sizeof *memory);
    if (!memory) return -1;
    double *scratch = memory + (size_t)count * MAX_ROUNDS;
    const double start = bench_now();
    int done = 0, failed = 0;
    while (!failed && done < MAX_ROUNDS &&
           (done < budget.min_samples || bench_now() - start < budget.seconds)) {
        failed = one_round(contenders, count, done % count, memory + (size_t)(done * count));
        done++;
    }
    for (int i = 0; !failed && i < count; i++) {
        seconds[i] = summarise_column(memory, done, count, i, -1, scratch);
        ratio[i] = summarise_column(memory, done, count, i, reference, scratch);
    }
    free(memory);
    return failed;
}
