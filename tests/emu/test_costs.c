/* What public operations cost on the device, counted by the emulation and held to the limits of
 * costs.def: launches, calls of libraries, synchronisations, and the bytes that have to go to and
 * from memory, against the least that the mathematics needs.
 *
 * Each case is counted at its second call, in ascending order and with work that runs at once: the
 * counts do not depend on the environment. Bytes and the figures of kernels need the plugin that
 * checks accesses.
 *
 *     test_emu_costs [--json]
 *
 * scripts/check-costs makes docs/cuda-costs.md of the lines that --json prints.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudaemu/emu.h"
#include "emu/operations.h"
#include "emu/workloads.h"

static int problems;
static bool json;

/* ---- the table ------------------------------------------------------------------------------- */

struct limits {
    int64_t launches, library_ops, syncs;
    double factor;
};
enum { SMALL, LARGE, SHAPES };
static const struct shape {
    const char *name;
    int64_t m, n, k;
} shapes[SHAPES] = {{"small", 60, 24, 6}, {"large", 160, 80, 8}};

struct cost {
    const char *name, *variant;
    double (*least)(const struct world *w);
    struct limits limits[SHAPES];
};

#define COST(function, id, variant, least, small, large)                                           \
    static double least_##function##_##id(const struct world *w)                                   \
    {                                                                                              \
        const double m = (double)w->m, n = (double)w->n, k = (double)w->k;                         \
        (void)m, (void)n, (void)k;                                                                 \
        return (double)(least);                                                                    \
    }
/* Elements of a triangle of that order, and of a compressed matrix of the world: offsets, and
 * values with indices of half their size of n + 3 (m - 1) nonzeros. */
#define TRIANGLE(order) ((order) * ((order) + 1) / 2)
#define NONZEROS (n + 3 * (m - 1))
#define COMPRESSED (m + 1 + 1.5 * NONZEROS)
#include "emu/costs.def"
#undef COST

#define AT(launches, library_ops, syncs, factor)                                                   \
    {                                                                                              \
        launches, library_ops, syncs, factor                                                       \
    }
#define COST(function, id, variant, least, small, large)                                           \
    {#function, variant, least_##function##_##id, {small, large}},
static const struct cost costs[] = {
#include "emu/costs.def"
};
#undef COST
#undef AT
enum { COSTS = sizeof costs / sizeof *costs };

static const struct cost *cost_of(const struct operation *op)
{
    for (size_t i = 0; i < COSTS; i++)
        if (strcmp(op->name, costs[i].name) == 0 && strcmp(op->variant, costs[i].variant) == 0)
            return &costs[i];
    return NULL;
}

/* ---- figures of kernels ---------------------------------------------------------------------- */

enum { MOST_KERNELS = 512 };
static struct kernel {
    char *name;
    struct emu_kernel_figures f;
} kernels[MOST_KERNELS];

static char *copy_text(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    if (!copy) abort();
    return strcpy(copy, text);
}

static void add(struct emu_kernel_figures *to, const struct emu_kernel_figures *f)
{
    to->sectors += f->sectors;
    to->ideal_sectors += f->ideal_sectors;
    to->waves += f->waves;
    to->ideal_waves += f->ideal_waves;
}

static void add_to_kernel(const char *name, const struct emu_kernel_figures *f)
{
    int i = 0;
    while (i < MOST_KERNELS && kernels[i].name && strcmp(kernels[i].name, name) != 0) i++;
    if (i == MOST_KERNELS) abort();
    if (!kernels[i].name) kernels[i].name = copy_text(name);
    add(&kernels[i].f, f);
}

/* Of all kernels since emu_measure(1), which are added to the list of kernels as well. */
static struct emu_kernel_figures measured(void)
{
    struct emu_kernel_figures sum = {0, 0, 0, 0}, f;
    const char *name;
    for (int i = 0; (name = emu_measured_kernel(i)); i++) {
        if (!emu_kernel_figures_of(name, &f)) abort();
        add(&sum, &f);
        add_to_kernel(name, &f);
    }
    return sum;
}

/* ---- counting -------------------------------------------------------------------------------- */

struct counted {
    struct emu_counts counts;
    struct emu_kernel_figures figures;
    int64_t workspace;
};

static void call(struct world *w, const struct operation *op, int figures, struct counted *c)
{
    load_world(w, op);
    emu_measure(figures);
    emu_counters_clear();
    must(op->call(w));
    emu_counters(&c->counts);
    c->figures = measured();
    c->workspace = (int64_t)ritz_stream_workspace(w->s);
    emu_measure(0);
    must(ritz_stream_sync(w->s));
    drop_made(w);
}

static void at_most(const struct operation *op, const char *shape, const char *what, double value,
                    double limit)
{
    if (value <= limit) return;
    problems++;
    printf("FAIL %s %s (%s): %s %.10g, at most %.10g\n", op->name, op->variant, shape, what, value,
           limit);
}

/* More than the least, or 0 where neither moves anything. */
static double factor_of(double bytes, double least)
{
    if (least > 0) return bytes / least;
    return bytes > 0 ? 1e9 : 0;
}

static void print(const struct operation *op, const struct shape *shape, const struct counted *c,
                  double bytes, double least)
{
    const struct emu_counts *t = &c->counts;
    const long long syncs = t->syncs + t->hidden_syncs;
    if (json) {
        printf("{\"function\": \"%s\", \"variant\": \"%s\", \"shape\": \"%s\", \"m\": %lld, "
               "\"n\": %lld, \"k\": %lld, \"launches\": %lld, \"library_ops\": %lld, "
               "\"library_calls\": %lld, \"copies\": %lld, \"syncs\": %lld, \"allocations\": %lld, "
               "\"h2d\": %lld, \"d2h\": %lld, \"bytes\": %.0f, \"least\": %.0f, "
               "\"sectors\": %lld, \"ideal_sectors\": %lld, \"waves\": %lld, "
               "\"ideal_waves\": %lld, \"workspace\": %lld}\n",
               op->name, op->variant, shape->name, (long long)shape->m, (long long)shape->n,
               (long long)shape->k, (long long)t->launches, (long long)t->library_ops,
               (long long)t->library_calls, (long long)t->copies, syncs,
               (long long)(t->allocations + t->frees), (long long)t->bytes_h2d,
               (long long)t->bytes_d2h, bytes, least, (long long)c->figures.sectors,
               (long long)c->figures.ideal_sectors, (long long)c->figures.waves,
               (long long)c->figures.ideal_waves, (long long)c->workspace);
    } else {
        printf("%-28s %-22s %-5s %4lld launches %3lld library ops %3lld copies %2lld syncs "
               "%9.0f bytes, %.2f times the least\n",
               op->name, op->variant, shape->name, (long long)t->launches,
               (long long)t->library_ops, (long long)t->copies, syncs, bytes,
               factor_of(bytes, least));
    }
}

static void check(const struct operation *op, const struct cost *cost, int which)
{
    const struct shape *shape = &shapes[which];
    const struct limits *limits = &cost->limits[which];
    struct world w;
    struct counted c;
    open_world(&w, "cuda", shape->m, shape->n);
    w.k = shape->k;
    call(&w, op, 0, &c);
    call(&w, op, 1, &c);
    const double bytes = (double)(c.counts.bytes_fetched + c.counts.bytes_stored);
    const double least = sizeof(double) * cost->least(&w);
    print(op, shape, &c, bytes, least);
    at_most(op, shape->name, "launches", (double)c.counts.launches, (double)limits->launches);
    at_most(op, shape->name, "library ops", (double)c.counts.library_ops,
            (double)limits->library_ops);
    at_most(op, shape->name, "synchronisations", (double)(c.counts.syncs + c.counts.hidden_syncs),
            (double)limits->syncs);
    at_most(op, shape->name, "bytes / least", factor_of(bytes, least), limits->factor);
    close_world(&w);
    if (emu_check_idle() != 0) abort();
    emu_reset(1);
}

static void print_kernels(void)
{
    for (int i = 0; i < MOST_KERNELS && kernels[i].name; i++) {
        const struct emu_kernel_figures *f = &kernels[i].f;
        if (json)
            printf("{\"kernel\": \"%s\", \"sectors\": %lld, \"ideal_sectors\": %lld, "
                   "\"waves\": %lld, \"ideal_waves\": %lld}\n",
                   kernels[i].name, (long long)f->sectors, (long long)f->ideal_sectors,
                   (long long)f->waves, (long long)f->ideal_waves);
        free(kernels[i].name);
    }
}

/* ---- how costs grow -------------------------------------------------------------------------- */

static void grow(const struct workload *work, int64_t size, int64_t blocks)
{
    ritz_device *dev;
    struct workplace w = {.size = size, .blocks = blocks};
    struct emu_counts t;
    must(ritz_device_open("cuda", &dev));
    must(ritz_stream_create(dev, &w.s));
    must(work->make(&w));
    must(work->run(&w));
    must(ritz_stream_sync(w.s));
    emu_counters_clear();
    must(work->run(&w));
    emu_counters(&t);
    must(drop_workplace(&w));
    must(ritz_stream_destroy(&w.s));
    must(ritz_device_close(&dev));
    if (emu_check_idle() != 0) abort();
    emu_reset(1);
    printf("{\"work\": \"%s\", \"size\": %lld, \"blocks\": %lld, \"ops\": %lld, "
           "\"syncs\": %lld, \"bytes\": %lld}\n",
           work->name, (long long)size, (long long)blocks,
           (long long)(t.launches + t.library_ops + t.copies),
           (long long)(t.syncs + t.hidden_syncs), (long long)(t.bytes_fetched + t.bytes_stored));
}

/* At two sizes, and with twice the blocks: what lies between is linear in both. */
static void print_growth(void)
{
    enum { SIZE = 1024 };
    for (int i = 0; i < workload_count; i++) {
        const bool batch = strstr(workloads[i].name, "batch") != NULL;
        const int64_t size = batch ? SIZE / 128 : SIZE;
        grow(&workloads[i], size, 1);
        grow(&workloads[i], 2 * size, 1);
        if (workloads[i].in_blocks) grow(&workloads[i], 2 * size, 2);
    }
}

int main(int argc, char **argv)
{
    json = argc > 1 && strcmp(argv[1], "--json") == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    emu_reset(1);
    emu_order(EMU_ASCENDING);
    emu_mode(EMU_EARLY);
    for (size_t i = 0; i < operation_count; i++) {
        const struct cost *cost = cost_of(&operations[i]);
        if (cost)
            for (int s = 0; s < SHAPES; s++) check(&operations[i], cost, s);
        if (cost) continue;
        problems++;
        printf("FAIL %s %s: not in costs.def\n", operations[i].name, operations[i].variant);
    }
    if (COSTS != operation_count) {
        problems++;
        printf("FAIL costs.def has %d entries for %zu cases\n", COSTS, operation_count);
    }
    print_kernels();
    if (json) print_growth();
    if (!json) printf("%d problems\n", problems);
    return problems > 0;
}
