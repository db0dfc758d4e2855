/* A sparse sign sketch: its elements; and of rows: SA = SA + S A, where each row of A is added,
 * with a sign, to a few rows of SA.
 *
 * A is cut into chunks of rows and groups of columns by its shape alone. Each pair of them is
 * accumulated on its own, and the chunks are summed in their order, so that the bits depend neither
 * on the number of threads nor on which of them did what. The factor 1/sqrt(nonzeros) comes last:
 * the sums themselves are sums of elements of A.
 *
 * A group is accumulated in panels of columns whose sums stay in the first-level cache, block of
 * rows by block of rows; a block is laid out one row behind the other, whatever the layout of A.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "core/backend.h"
#include "cpu/items.h"
#include "cpu/ops.h"
#include "cpu/random_kernel.h"

enum {
    BLOCK_ROWS = 256,      /* sketched at a time; a multiple of 4 */
    MOST_CHUNKS = 32,      /* sums of the whole that exist at a time */
    GROUP_BYTES = 1 << 18, /* of the sums of a group: what stays in the second-level cache */
    PANEL_BYTES = 1 << 15, /* and of a panel, in the first */
    LEAST_GROUP = 32,
    STRIP_ROWS = 64, /* of SA, in the final sum */
    STEP = 8         /* columns in a step; panels are filled up to a multiple */
};
#define PARTIAL_BYTES (INT64_C(64) << 20)

struct sketch {
    struct cpu_view A, SA;
    uint64_t seed, row0;
    uint32_t word;
    uint32_t nonzeros, part; /* matrices in the stack; rows of each */
    int64_t chunk_rows, chunks, group_cols, groups;
    int64_t panel, panels; /* columns of a panel, filled up; panels of a group */
    char *partial;         /* d x panel of each chunk, group and panel */
    char *scratch;         /* of each thread: words, and rows of A */
    size_t slot_bytes, rows_offset;
};

/* One build of the inner loops: SET, the suffix of its names; TARGET, the attribute. */
#define CONCAT(name, suffix) name##_##suffix
#define CONCAT2(name, suffix) CONCAT(name, suffix)

#define SET baseline
#define TARGET
#include "cpu/sketch_kernel.inc"

#if defined(__x86_64__)
#define SET avx2
#define TARGET __attribute__((target("avx2,fma")))
#include "cpu/sketch_kernel.inc"
#endif

struct sketch_fill {
    struct cpu_view A;
    uint64_t seed, col0;
    int64_t row0;
    uint32_t word;
    uint32_t nonzeros, part;
    uint32_t *words; /* of each thread, of a block of columns */
    size_t slot_words;
};

#define TEMPLATE "cpu/sketch.inc"
#include "cpu/real_types.inc"

/* How the work is cut. A chunk is long enough that clearing and summing its partial sum is little
 * beside the sketch. */
static void plan(struct sketch *job)
{
    const int64_t m = job->A.rows, n = job->A.cols, d = job->SA.rows;
    const int64_t element = (int64_t)ritz_dtype_size(job->A.dtype);
    int64_t chunks = m / (8 * d);
    const int64_t affordable = PARTIAL_BYTES / (d * n * element);
    if (chunks > affordable) chunks = affordable;
    if (chunks > MOST_CHUNKS) chunks = MOST_CHUNKS;
    if (chunks < 1) chunks = 1;
    const int64_t rows = (m + chunks - 1) / chunks;
    job->chunk_rows = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS * BLOCK_ROWS;
    job->chunks = (m + job->chunk_rows - 1) / job->chunk_rows;

    int64_t cols = GROUP_BYTES / (d * element);
    if (cols < LEAST_GROUP) cols = LEAST_GROUP;
    const int64_t groups = (n + cols - 1) / cols;
    job->group_cols = (n + groups - 1) / groups;
    job->groups = (n + job->group_cols - 1) / job->group_cols;

    int64_t panel = PANEL_BYTES / (d * element) / STEP * STEP;
    if (panel < STEP) panel = STEP;
    job->panels = (job->group_cols + panel - 1) / panel;
    panel = (job->group_cols + job->panels - 1) / job->panels;
    job->panel = (panel + STEP - 1) / STEP * STEP;
}

ritz_status cpu_sketch_rows(ritz_stream *s, uint64_t seed, uint32_t word, int nonzeros,
                            int64_t row0, ritz_dmat A, ritz_dmat SA)
{
    if (A.rows == 0 || A.cols == 0 || SA.rows == 0) return RITZ_OK;
    const size_t element = ritz_dtype_size(A.dtype);
    struct sketch job = {.A = cpu_view_of(A),
                         .SA = cpu_view_of(SA),
                         .seed = seed,
                         .row0 = (uint64_t)row0,
                         .word = word,
                         .nonzeros = (uint32_t)nonzeros,
                         .part = (uint32_t)(SA.rows / nonzeros)};
    plan(&job);
    /* A block may begin and end within four rows that share their words. */
    (void)cpu_piece(&job.slot_bytes, (BLOCK_ROWS + 4) * (int64_t)nonzeros, sizeof(uint32_t));
    job.rows_offset = cpu_piece(&job.slot_bytes, BLOCK_ROWS * job.panel, element);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    const size_t partial =
        (size_t)(job.chunks * job.groups * job.panels * SA.rows * job.panel) * element;
    const size_t threads = (size_t)s->device->info.threads;
    void *partials = NULL, *scratch = NULL;
    ritz_status status = ritz_work_bytes(s, partial, &partials);
    if (status == RITZ_OK) status = ritz_work_bytes(s, threads * job.slot_bytes, &scratch);
    job.partial = partials;
    job.scratch = scratch;
    if (status == RITZ_OK)
        status =
            cpu_enqueue(s, A.dtype == RITZ_F64 ? sketch_run_f64 : sketch_run_f32, &job, sizeof job);
    ritz_work_release(s, mark);
    return status;
}

ritz_status cpu_sketch_fill(ritz_stream *s, uint64_t seed, uint32_t word, int nonzeros, int64_t d,
                            int64_t row0, int64_t col0, ritz_dmat A)
{
    struct sketch_fill job = {.A = cpu_view_of(A),
                              .seed = seed,
                              .col0 = (uint64_t)col0,
                              .row0 = row0,
                              .word = word,
                              .nonzeros = (uint32_t)nonzeros,
                              .part = (uint32_t)(d / nonzeros),
                              .slot_words = (size_t)(BLOCK_ROWS + 4) * (size_t)nonzeros};
    if (cpu_view_empty(&job.A)) return RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const size_t threads = (size_t)s->device->info.threads;
    void *words = NULL;
    ritz_status status = ritz_work_bytes(s, threads * job.slot_words * sizeof(uint32_t), &words);
    job.words = words;
    if (status == RITZ_OK)
        status = cpu_enqueue(s, A.dtype == RITZ_F64 ? sketch_fill_run_f64 : sketch_fill_run_f32,
                             &job, sizeof job);
    ritz_work_release(s, mark);
    return status;
}
