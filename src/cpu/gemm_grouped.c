/* Products of different shapes in one job.
 *
 * Large items come first, one after the other, each on all threads. The small ones of all entries
 * are strung together and cut into portions of about equal work, which the threads share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cpu/gemm.h"

/* Portions for each thread: enough for the slowest one to be no loss. */
#define PORTIONS 8

struct position {
    int64_t entry, item;
};

/* The job's arguments: `large` entries whose items use all threads, then `small` ones, then the
 * positions at which portions begin, and the end. */
struct grouped {
    double flops;
    cpu_item item;
    int64_t large, small, portions;
    struct cpu_gemm entry[];
};

static struct position *begins(struct grouped *g)
{
    return (struct position *)(void *)(g->entry + g->large + g->small);
}

/* ---- the job --------------------------------------------------------------------------------- */

struct sharing {
    const struct grouped *g;
    const struct position *begin;
    struct cpu_compute single;
};

static void run_portion(void *context, int64_t portion, int thread)
{
    const struct sharing *sharing = context;
    const struct grouped *g = sharing->g;
    const struct position end = sharing->begin[portion + 1];
    struct position at = sharing->begin[portion];
    for (; at.entry <= end.entry && at.entry < g->large + g->small; at.entry++, at.item = 0) {
        const struct cpu_gemm *entry = &g->entry[at.entry];
        const int64_t last = at.entry == end.entry ? end.item : entry->items.batch;
        for (; at.item < last; at.item++) g->item(&sharing->single, entry, at.item, thread);
    }
}

static void grouped_run(const struct cpu_context *ctx, const void *arguments)
{
    const struct grouped *g = arguments;
    struct cpu_compute c = cpu_compute_begin(ctx, g->flops);
    for (int64_t e = 0; e < g->large; e++)
        for (int64_t b = 0; b < g->entry[e].items.batch; b++) g->item(&c, &g->entry[e], b, 0);
    struct sharing sharing = {
        g, (const struct position *)(const void *)(g->entry + g->large + g->small), c};
    sharing.single.threads = 1;
    ritz_parallel_for(&c, g->portions, run_portion, &sharing);
    cpu_compute_end(&c);
}

/* ---- what is computed where ------------------------------------------------------------------ */

/* Large entries to the front; returns the flops of the small ones. */
static double sort_entries(struct grouped *g, int64_t count, int threads)
{
    double small_flops = 0;
    int64_t items = 0;
    for (int64_t e = 0; e < count; e++) items += g->entry[e].items.batch;
    for (int64_t e = 0; e < count; e++) {
        struct cpu_gemm *entry = &g->entry[e];
        const double flops = entry->items.flops * (double)entry->items.batch;
        g->flops += flops;
        if (cpu_items_shared(entry->items.flops, items, threads)) {
            small_flops += flops;
            continue;
        }
        const struct cpu_gemm large = *entry;
        *entry = g->entry[g->large];
        g->entry[g->large++] = large;
    }
    g->small = count - g->large;
    return small_flops;
}

/* Cut the items of the small entries into at most `portions` portions of `flops`. */
static void cut_portions(struct grouped *g, double flops, int64_t portions)
{
    struct position *begin = begins(g);
    const struct position end = {g->large + g->small, 0};
    double filled = flops;
    for (struct position at = {g->large, 0}; at.entry < end.entry; at.entry++, at.item = 0) {
        const struct cpu_items *items = &g->entry[at.entry].items;
        while (at.item < items->batch) {
            if (filled >= flops && g->portions < portions) {
                begin[g->portions++] = at;
                filled = 0;
            }
            const double fit = (flops - filled) / items->flops;
            const int64_t rest = items->batch - at.item;
            const int64_t taken = !(fit < (double)rest) ? rest : fit > 1 ? (int64_t)fit : 1;
            at.item += taken;
            filled += (double)taken * items->flops;
        }
    }
    begin[g->portions] = end;
}

/* ---- the entry ------------------------------------------------------------------------------- */

/* Describe the products; those without a product are enqueued as a scaling. */
static ritz_status describe(ritz_stream *s, int64_t count, double alpha, const ritz_dmat *A,
                            const ritz_dmat *B, double beta, const ritz_dmat *C, struct grouped *g,
                            int64_t *products)
{
    *products = 0;
    for (int64_t i = 0; i < count; i++) {
        if (ritz_empty(C[i])) continue;
        if (alpha == 0.0 || A[i].cols == 0) {
            RITZ_TRY(cpu_scale(s, beta, C[i]));
            continue;
        }
        struct cpu_gemm *entry = &g->entry[(*products)++];
        *entry = cpu_gemm_of(alpha, A[i], B[i], beta, C[i]);
        entry->items = (struct cpu_items){C[i].batch, cpu_gemm_flops(entry), 1};
    }
    return RITZ_OK;
}

/* Scratch for 16-bit factors: a slot for each thread, that any entry fits in. */
static ritz_status take_scratch(ritz_stream *s, struct grouped *g, int threads)
{
    size_t slot_bytes = 0;
    void *widened = NULL;
    for (int64_t e = 0; e < g->large + g->small; e++) {
        cpu_gemm_lay_out(&g->entry[e]);
        if (g->entry[e].slot_bytes > slot_bytes) slot_bytes = g->entry[e].slot_bytes;
    }
    RITZ_TRY(ritz_work_bytes(s, (size_t)threads * slot_bytes, &widened));
    for (int64_t e = 0; e < g->large + g->small; e++) {
        g->entry[e].widened = widened;
        g->entry[e].slot_bytes = slot_bytes;
    }
    return RITZ_OK;
}

ritz_status cpu_gemm_grouped(ritz_stream *s, int64_t count, double alpha, const ritz_dmat *A,
                             const ritz_dmat *B, double beta, const ritz_dmat *C)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int threads = s->device->info.threads;
    const int64_t portions = PORTIONS * (int64_t)threads;
    const size_t bytes = sizeof(struct grouped) + (size_t)count * sizeof(struct cpu_gemm) +
                         (size_t)(portions + 1) * sizeof(struct position);
    ritz_status rc = RITZ_OK;
    int64_t products = 0;
    struct grouped *g = calloc(1, bytes);
    RITZ_REQUIRE(g != NULL, RITZ_ERR_MEMORY, "%zu bytes of host memory are not to be had", bytes);
    RITZ_TRY_OUT(describe(s, count, alpha, A, B, beta, C, g, &products));
    if (products == 0) goto out;
    g->item = cpu_gemm_item(A[0].dtype);
    const double share = sort_entries(g, products, threads) / (double)portions;
    cut_portions(g, share > CPU_PORTION_FLOPS ? share : CPU_PORTION_FLOPS, portions);
    if (A[0].dtype == RITZ_F16 || A[0].dtype == RITZ_BF16)
        RITZ_TRY_OUT(take_scratch(s, g, threads));
    RITZ_TRY_OUT(cpu_enqueue(s, grouped_run, g, bytes));
out:
    ritz_work_release(s, mark);
    free(g);
    return rc;
}
