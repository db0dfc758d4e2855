/* The Hadamard sketch (core/hadamard_maps.h): its elements, and its product with a matrix.
 *
 * The product S A goes through A in panels of columns. The rows of a panel are scattered to their
 * places, with their signs; the fast Walsh-Hadamard transform makes of them all M products with
 * rows of H, and those of the sketch are gathered:
 *
 *     W(b_j, :) = sign_j A(j, :),   W = H W in log2 M stages,   SA(i, :) = W(a_i, :) / sqrt(d)
 *
 * The transform takes a few passes through W, each in tiles that fit the first-level cache. An
 * element of it is a fixed tree of sums, whatever the tiles and threads.
 *
 * Source: Ailon and Chazelle, SIAM J. Comput. 39(1), 2009; Tropp, Adv. Adapt. Data Anal. 3, 2011.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "core/backend.h"
#include "core/hadamard_maps.h"
#include "cpu/ops.h"
#include "cpu/parallel.h"
#include "cpu/view.h"

enum {
    TILE_BITS = 11, /* 8 or 16 KiB */
    LANE_BITS = 4,  /* of these, so many are neighbours in memory */
    BLOCK = 256,    /* rows that are scattered or gathered, and codes that are made, at a time */
    STEP = 8        /* columns of them that are gone through together */
};
#define CODE_FLOPS 150.0 /* what a code is worth */

/* One build of the inner loops: SET, the suffix of its names; TARGET, the attribute. */
#define CONCAT(name, suffix) name##_##suffix
#define CONCAT2(name, suffix) CONCAT(name, suffix)

#define SET baseline
#define TARGET
#include "cpu/hadamard_kernel.inc"

#if defined(__x86_64__)
#define SET avx2
#define TARGET __attribute__((target("avx2,fma")))
#include "cpu/hadamard_kernel.inc"
#endif

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t blocks_of(int64_t count)
{
    return (count + BLOCK - 1) / BLOCK;
}

/* ---- codes ----------------------------------------------------------------------------------- */

struct codes {
    uint64_t seed;
    uint32_t word;
    int bits, rows; /* rows: of the sketch's rows, not its columns */
    int64_t first, count;
    uint64_t *code;
};

static void make_codes(void *context, int64_t index, int thread)
{
    const struct codes *c = context;
    const int64_t end = smaller(c->count, (index + 1) * BLOCK);
    (void)thread;
    for (int64_t i = index * BLOCK; i < end; i++)
        c->code[i] =
            ritz_hadamard_code(c->rows, c->seed, c->word, c->bits, (uint64_t)(c->first + i));
}

/* ---- elements -------------------------------------------------------------------------------- */

struct fill {
    struct cpu_view A; /* its columns are contiguous, perhaps after turning */
    struct codes down, along;
    double value;
};

/* ---- the transform --------------------------------------------------------------------------- */

struct transform {
    struct cpu_view A, SA;
    struct codes rows, cols;
    double scale;
    void *panel;
    char *scratch; /* of each thread: a tile */
    size_t slot_bytes;
    /* The panel and the pass that are under way. */
    int64_t first;
    int panel_bits;
    struct ritz_hadamard_pass pass;
};

#define TEMPLATE "cpu/hadamard.inc"
#include "cpu/real_types.inc"

ritz_status cpu_hadamard_fill(ritz_stream *s, uint64_t seed, uint32_t word, int bits, int64_t d,
                              int64_t row0, int64_t col0, ritz_dmat A)
{
    const struct cpu_view view = cpu_view_of(A);
    if (cpu_view_empty(&view)) return RITZ_OK;
    const int turned = view.row_stride != 1;
    const struct codes rows = {seed, word, bits, 1, row0, A.rows, NULL};
    const struct codes cols = {seed, word, bits, 0, col0, A.cols, NULL};
    struct fill job = {.A = turned ? cpu_view_transposed(view) : view,
                       .down = turned ? cols : rows,
                       .along = turned ? rows : cols,
                       .value = 1 / sqrt((double)d)};
    const struct ritz_work_mark mark = ritz_work_mark(s);
    void *codes = NULL;
    ritz_status status = ritz_work_bytes(s, (size_t)(A.rows + A.cols) * sizeof(uint64_t), &codes);
    job.down.code = codes;
    if (status == RITZ_OK) {
        job.along.code = job.down.code + job.down.count;
        status = cpu_enqueue(s, A.dtype == RITZ_F64 ? hadamard_fill_run_f64 : hadamard_fill_run_f32,
                             &job, sizeof job);
    }
    ritz_work_release(s, mark);
    return status;
}

ritz_status cpu_hadamard_rows(ritz_stream *s, uint64_t seed, uint32_t word, ritz_dmat A,
                              ritz_dmat SA)
{
    if (SA.rows == 0 || SA.cols == 0) return RITZ_OK;
    const int bits = ritz_hadamard_bits(A.rows);
    const int64_t order = INT64_C(1) << bits;
    const size_t element = ritz_dtype_size(A.dtype);
    /* A panel is never wider than the first one. */
    const size_t panel = ((size_t)order << ritz_hadamard_panel_bits(A.cols)) * element;
    struct transform job = {.A = cpu_view_of(A),
                            .SA = cpu_view_of(SA),
                            .rows = {seed, word, bits, 1, 0, SA.rows, NULL},
                            .cols = {seed, word, bits, 0, 0, order, NULL},
                            .scale = 1 / sqrt((double)SA.rows),
                            .slot_bytes = element << TILE_BITS};
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const size_t threads = (size_t)s->device->info.threads;
    void *codes = NULL, *scratch = NULL;
    ritz_status status = ritz_work_bytes(s, (size_t)(SA.rows + order) * sizeof(uint64_t), &codes);
    if (status == RITZ_OK) status = ritz_work_bytes(s, panel, &job.panel);
    if (status == RITZ_OK) status = ritz_work_bytes(s, threads * job.slot_bytes, &scratch);
    if (status == RITZ_OK) {
        job.rows.code = codes;
        job.cols.code = job.rows.code + SA.rows;
        job.scratch = scratch;
        status = cpu_enqueue(s, A.dtype == RITZ_F64 ? hadamard_rows_run_f64 : hadamard_rows_run_f32,
                             &job, sizeof job);
    }
    ritz_work_release(s, mark);
    return status;
}
