/* Random matrices: the kernels of random_kernel.h, block by block.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/ops.h"
#include "cpu/parallel.h"
#include "cpu/random_kernel.h"

/* Entries that one thread makes at a time. */
#define BLOCK_ENTRIES 65536
/* Blocks are long in the direction in which memory is contiguous, up to this. */
#define BLOCK_LENGTH 4096

struct random_fill {
    struct cpu_view A;
    cpu_random_block origin; /* of the whole matrix */
    int64_t block_rows, block_cols;
};

static void fill_block(void *context, int64_t index, int thread)
{
    const struct random_fill *job = context;
    const struct cpu_view *A = &job->A;
    const int64_t row_blocks = (A->rows + job->block_rows - 1) / job->block_rows;
    const int64_t col_blocks = (A->cols + job->block_cols - 1) / job->block_cols;
    const int64_t item = index / (row_blocks * col_blocks);
    const int64_t i0 = index % row_blocks * job->block_rows;
    const int64_t j0 = index / row_blocks % col_blocks * job->block_cols;
    cpu_random_block block = job->origin;
    void *out = cpu_view_at(A, item, i0, j0);

    (void)thread;
    block.row0 += (uint64_t)i0;
    block.col0 += (uint32_t)(item * A->cols + j0);
    block.rows = A->rows - i0 < job->block_rows ? A->rows - i0 : job->block_rows;
    block.cols = A->cols - j0 < job->block_cols ? A->cols - j0 : job->block_cols;
    if (A->dtype == RITZ_F32)
        cpu_random_fill_f32(&block, out, A->row_stride, A->col_stride);
    else
        cpu_random_fill_f64(&block, out, A->row_stride, A->col_stride);
}

static void random_fill_job(const struct cpu_context *ctx, const void *arguments)
{
    struct random_fill job = *(const struct random_fill *)arguments;
    const int64_t row_blocks = (job.A.rows + job.block_rows - 1) / job.block_rows;
    const int64_t col_blocks = (job.A.cols + job.block_cols - 1) / job.block_cols;
    const double flops_an_entry = 20; /* what the multiplications and the maps are worth */
    struct cpu_compute compute = cpu_compute_begin(
        ctx, flops_an_entry * (double)job.A.rows * (double)job.A.cols * (double)job.A.batch);
    ritz_parallel_for(&compute, row_blocks * col_blocks * job.A.batch, fill_block, &job);
    cpu_compute_end(&compute);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

ritz_status cpu_random_fill(ritz_stream *s, ritz_distribution dist, uint64_t seed, uint32_t word,
                            int64_t row0, int64_t col0, ritz_dmat A)
{
    struct random_fill job = {.A = cpu_view_of(A),
                              .origin = {.distribution = dist,
                                         .stream_word = word,
                                         .seed = seed,
                                         .row0 = (uint64_t)row0,
                                         .col0 = (uint32_t)col0,
                                         .scale = 1.0}};
    if (cpu_view_empty(&job.A)) return RITZ_OK;
    const int by_rows = job.A.row_stride != 1;
    const int64_t length = smaller(by_rows ? A.cols : A.rows, BLOCK_LENGTH);
    const int64_t lines = smaller(by_rows ? A.rows : A.cols, BLOCK_ENTRIES / length);
    job.block_rows = by_rows ? lines : length;
    job.block_cols = by_rows ? length : lines;
    /* Counters cover four rows each: a block that starts elsewhere makes some of them twice. */
    if (job.block_rows < A.rows) job.block_rows = (job.block_rows + 3) / 4 * 4;
    return cpu_enqueue(s, random_fill_job, &job, sizeof job);
}
