/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/items.h"

/* Below the first, sharing the threads inside an item costs more than it brings. Up to the second,
 * whole items are the better portions as long as there is one for each thread. */
#define SMALL_ITEM_FLOPS (2.0 * 64 * 64 * 64)
#define MEDIUM_ITEM_FLOPS (2.0 * 256 * 256 * 256)

int cpu_items_shared(double flops, int64_t batch, int threads)
{
    return flops <= SMALL_ITEM_FLOPS || (flops <= MEDIUM_ITEM_FLOPS && batch >= threads);
}

struct cpu_items cpu_items_plan(const ritz_stream *s, int64_t batch, double flops)
{
    struct cpu_items items = {.batch = batch, .flops = flops, .slots = 1};
    const int threads = s->device->info.threads;
    const int shared = cpu_items_shared(flops, batch, threads);
    if (shared && batch > 1 && flops * (double)batch >= CPU_PARALLEL_FLOPS)
        items.slots = batch < threads ? (int)batch : threads;
    return items;
}

struct portions {
    const struct cpu_compute *single;
    cpu_item item;
    const void *arguments;
    int64_t batch, size;
};

static void run_portion(void *context, int64_t i, int thread)
{
    const struct portions *p = context;
    const int64_t end = p->size < p->batch - i * p->size ? (i + 1) * p->size : p->batch;
    for (int64_t b = i * p->size; b < end; b++) p->item(p->single, p->arguments, b, thread);
}

/* Items in a portion: enough work, and enough portions for each thread to get several. */
static int64_t portion_size(const struct cpu_items *items)
{
    const double by_work = CPU_PORTION_FLOPS / (items->flops + 1.0);
    const int64_t by_count = items->batch / (4 * (int64_t)items->slots);
    const int64_t size = by_work < (double)by_count ? (int64_t)by_work : by_count;
    return size > 1 ? size : 1;
}

void cpu_items_run(const struct cpu_context *ctx, const struct cpu_items *items, cpu_item item,
                   const void *arguments)
{
    struct cpu_compute c = cpu_compute_begin(ctx, items->flops * (double)items->batch);
    if (items->slots == 1) {
        for (int64_t b = 0; b < items->batch; b++) item(&c, arguments, b, 0);
    } else {
        struct cpu_compute shared = c, single = c;
        if (shared.threads > items->slots) shared.threads = items->slots;
        single.threads = 1;
        struct portions p = {&single, item, arguments, items->batch, portion_size(items)};
        ritz_parallel_for(&shared, (p.batch + p.size - 1) / p.size, run_portion, &p);
    }
    cpu_compute_end(&c);
}
