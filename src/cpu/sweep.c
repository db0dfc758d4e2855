/* Elementwise loops, run by run: orientation, partition, threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/sweep.h"

/* Elements that one thread takes at a time. */
#define BUNDLE 32768
/* Side of the tiles in which matrices of different orientation are walked through. */
#define TILE 64

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t pieces(int64_t total, int64_t size)
{
    return (total + size - 1) / size;
}

int cpu_sweep_orient(struct cpu_sweep *sweep)
{
    if (cpu_view_runs_down(&sweep->v[0])) return 0;
    for (int k = 0; k < sweep->views; k++) sweep->v[k] = cpu_view_transposed(sweep->v[k]);
    return 1;
}

/* Whether in every view a column continues where the one before it (or of the item before) ends. */
static int lies_end_to_end(const struct cpu_sweep *sweep, int items)
{
    for (int k = 0; k < sweep->views; k++) {
        const struct cpu_view *v = &sweep->v[k];
        if ((items ? v->batch_stride : v->col_stride) != v->rows * v->row_stride) return 0;
    }
    return 1;
}

void cpu_sweep_join(struct cpu_sweep *sweep, int items)
{
    const struct cpu_view *v = sweep->v;
    if (v->cols != 1) {
        if (!lies_end_to_end(sweep, 0)) return;
        for (int k = 0; k < sweep->views; k++) {
            sweep->v[k].rows *= sweep->v[k].cols;
            sweep->v[k].cols = 1;
        }
    }
    if (!items || v->batch == 1 || !lies_end_to_end(sweep, 1)) return;
    for (int k = 0; k < sweep->views; k++) {
        sweep->v[k].rows *= sweep->v[k].batch;
        sweep->v[k].batch = 1;
    }
}

/* The partition: blocks of length x lines elements, in bundles. */
struct loop {
    const struct cpu_sweep *sweep;
    int64_t length, lines;
    int64_t row_blocks, col_blocks, blocks;
    int64_t bundle;
};

/* A view that runs the other way makes every run touch as many cache lines as it has elements:
 * neighbouring runs must follow soon. */
static int needs_tiles(const struct cpu_sweep *sweep)
{
    for (int k = 0; k < sweep->views; k++) {
        const struct cpu_view *v = &sweep->v[k];
        if (v->row_stride != 0 && v->row_stride != 1 && v->col_stride == 1) return 1;
    }
    return 0;
}

static void run_block(const struct loop *loop, int64_t block)
{
    const struct cpu_sweep *sweep = loop->sweep;
    const int64_t per_item = loop->row_blocks * loop->col_blocks;
    const int64_t item = block / per_item;
    const int64_t within = block % per_item;
    const int64_t first = within % loop->row_blocks * loop->length;
    const int64_t line = within / loop->row_blocks * loop->lines;
    const int64_t end = smaller(line + loop->lines, sweep->v[0].cols);
    struct cpu_run run = {
        .count = smaller(loop->length, sweep->v[0].rows - first), .item = item, .first = first};

    for (int k = 0; k < sweep->views; k++) run.stride[k] = sweep->v[k].row_stride;
    for (run.line = line; run.line < end; run.line++) {
        for (int k = 0; k < sweep->views; k++)
            run.p[k] = cpu_view_at(&sweep->v[k], item, first, run.line);
        sweep->run(&run, sweep);
    }
}

static void run_bundle(void *context, int64_t i, int thread)
{
    const struct loop *loop = context;
    const int64_t end = smaller((i + 1) * loop->bundle, loop->blocks);
    (void)thread;
    for (int64_t block = i * loop->bundle; block < end; block++) run_block(loop, block);
}

void cpu_sweep_run(const struct cpu_context *ctx, const struct cpu_sweep *sweep)
{
    const struct cpu_view *v = sweep->v;
    if (cpu_view_empty(v)) return;

    const int tiles = needs_tiles(sweep);
    struct loop loop = {.sweep = sweep};
    loop.length = smaller(v->rows, tiles ? TILE : CPU_RUN_MAX);
    loop.lines = smaller(v->cols, tiles ? TILE : pieces(CPU_RUN_MAX, loop.length));
    loop.row_blocks = pieces(v->rows, loop.length);
    loop.col_blocks = pieces(v->cols, loop.lines);
    loop.blocks = loop.row_blocks * loop.col_blocks * v->batch;
    loop.bundle = pieces(BUNDLE, loop.length * loop.lines);

    double bytes = 0;
    for (int k = 0; k < sweep->views; k++) bytes += cpu_view_bytes(&sweep->v[k]);
    struct cpu_compute compute = cpu_compute_begin_bytes(ctx, bytes);
    ritz_parallel_for(&compute, pieces(loop.blocks, loop.bundle), run_bundle, &loop);
    cpu_compute_end(&compute);
}

static void sweep_job(const struct cpu_context *ctx, const void *arguments)
{
    cpu_sweep_run(ctx, arguments);
}

ritz_status cpu_sweep_enqueue(ritz_stream *s, const struct cpu_sweep *sweep)
{
    if (cpu_view_empty(&sweep->v[0])) return RITZ_OK;
    return cpu_enqueue(s, sweep_job, sweep, sizeof *sweep);
}
