/* Running the items of a batch, and scratch memory for it.
 *
 * Many small items: the threads share them, and BLAS is single-threaded in each. Few or large
 * items: one after the other, and BLAS uses the threads. Never both. Which way it is has to be
 * known when the job is enqueued, because every thread that works on items needs scratch of its own
 * (a slot).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_ITEMS_H
#define RITZ_CPU_ITEMS_H

#include <stddef.h>

#include "cpu/parallel.h"

/* Flops that make it worth handing a portion to a thread. */
#define CPU_PORTION_FLOPS 1.0e5

struct cpu_items {
    int64_t batch;
    double flops; /* of one item */
    int slots;    /* threads that share the items; 1: the threads are left to BLAS */
};
/* Whether `batch` items of so many flops each are better shared among the threads than computed by
 * all threads one after the other. */
int cpu_items_shared(double flops, int64_t batch, int threads);

struct cpu_items cpu_items_plan(const ritz_stream *s, int64_t batch, double flops);

/* One item. `c` is for parallel loops inside it; it has one thread where the items share the
 * threads. */
typedef void (*cpu_item)(const struct cpu_compute *c, const void *arguments, int64_t b, int slot);

/* From a job: item(c, arguments, b, slot) for every b; begins and ends the computation. */
void cpu_items_run(const struct cpu_context *ctx, const struct cpu_items *items, cpu_item item,
                   const void *arguments);

/* Scratch of a slot is laid out piece by piece: each call returns the offset of a piece. */
static inline size_t cpu_piece(size_t *bytes, int64_t count, size_t element)
{
    const size_t offset = *bytes;
    *bytes += ((size_t)count * element + 63) & ~(size_t)63;
    return offset;
}

#endif
