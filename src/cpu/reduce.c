/* Sums and maxima over a matrix.
 *
 * Sums are in float64. A matrix is cut into blocks by its shape and layout alone; each block is
 * summed in a fixed order and the blocks' sums are added in order, so that the bits do not depend
 * on the number of threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/reduce.h"

#include <math.h>
#include <stdatomic.h>

#include "cpu/ops.h"
#include "cpu/sweep.h"

/* Terms that are added one after the other; what lies beyond goes into another partial sum. */
#define SUM_ROWS 512
/* Columns that are summed side by side, for their sums to stay in the first-level cache. */
#define SUM_COLS 1024
/* Columns of a block where columns are contiguous: few, for long pieces of them to be read. */
#define FEW_COLS 16
/* Blocks of a matrix that are enough. */
#define BLOCKS 64

typedef int32_t bits_f32; /* signed, because vector instruction sets compare signed integers */
typedef int64_t bits_f64;
static const bits_f32 modulus_bits_f32 = INT32_MAX;
static const bits_f64 modulus_bits_f64 = INT64_MAX;

/* Vectors of the compiler's: without them, it does not vectorise sums whose order is given. */
typedef float real4_f32 __attribute__((vector_size(16)));
typedef double real4_f64 __attribute__((vector_size(32)));
typedef double double4 __attribute__((vector_size(32)));
typedef int64_t bits4 __attribute__((vector_size(32)));

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t pieces(int64_t total, int64_t size)
{
    return (total + size - 1) / size;
}

/* ---- what is summed -------------------------------------------------------------------------- */

static inline double factor_of(enum cpu_term term)
{
    return term == CPU_LARGE_SQUARES ? 0x1p-600 : term == CPU_SMALL_SQUARES ? 0x1p600 : 1.0;
}

static inline double term1(double x, enum cpu_term term, double factor)
{
    if (term == CPU_VALUES) return x;
    if (term == CPU_MODULI) return fabs(x);
    x *= factor;
    return x * x;
}

/* Through pointers, because how vectors are passed depends on the instruction set. */
static inline void add_terms4(double4 *sum, const double4 *x, enum cpu_term term, double factor)
{
    if (term == CPU_VALUES) {
        *sum += *x;
    } else if (term == CPU_MODULI) {
        *sum += (double4)((bits4)*x & INT64_MAX);
    } else {
        const double4 scaled = *x * factor;
        *sum += scaled * scaled;
    }
}

/* Bits of non-negative numbers are ordered as the numbers are. */
static void raise_largest(_Atomic uint64_t *largest, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits &= UINT64_MAX >> 1; /* widening a NaN may set its sign */
    uint64_t before = atomic_load_explicit(largest, memory_order_relaxed);
    while (before < bits && !atomic_compare_exchange_weak(largest, &before, bits)) {
    }
}

#define TEMPLATE "cpu/reduce.inc"
#include "cpu/real_types.inc"

void cpu_block_sums(const struct cpu_view *A, enum cpu_term term, double *sums)
{
    if (cpu_fits_f32(A->dtype))
        block_sums_f32(A, term, sums);
    else
        block_sums_f64(A, term, sums);
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* The sums of the columns, or the sum of those (total). */
struct sums {
    struct cpu_view A, out;
    enum cpu_term term;
    int total;
    int64_t block_rows, row_blocks, block_cols, col_blocks;
    double *partial; /* row_blocks x cols for each item, row-major */
};

static double *partial_at(const struct sums *job, int64_t item, int64_t row_block, int64_t j)
{
    return job->partial + (item * job->row_blocks + row_block) * job->A.cols + j;
}

static void sum_block(void *context, int64_t index, int thread)
{
    const struct sums *job = context;
    const int64_t row_block = index % job->row_blocks;
    const int64_t col_block = index / job->row_blocks % job->col_blocks;
    const int64_t item = index / (job->row_blocks * job->col_blocks);
    const int64_t i0 = row_block * job->block_rows, j0 = col_block * job->block_cols;
    struct cpu_view block = job->A;

    (void)thread;
    block.data = cpu_view_at(&job->A, item, i0, j0);
    block.rows = smaller(job->A.rows - i0, job->block_rows);
    block.cols = smaller(job->A.cols - j0, job->block_cols);
    cpu_block_sums(&block, job->term, partial_at(job, item, row_block, j0));
}

/* The sum of column j, left in the first row of the partial sums. */
static double *sum_of_column(const struct sums *job, int64_t item, int64_t j)
{
    double *sum = partial_at(job, item, 0, j);
    for (int64_t k = 1; k < job->row_blocks; k++) *sum += *partial_at(job, item, k, j);
    return sum;
}

static double total_of(const struct sums *job, int64_t item)
{
    for (int64_t j = 0; j < job->A.cols; j++) (void)sum_of_column(job, item, j);
    return sum_f64(job->A.cols, partial_at(job, item, 0, 0), CPU_VALUES);
}

static void sum_blocks(const struct cpu_compute *compute, struct sums *job)
{
    ritz_parallel_for(compute, job->row_blocks * job->col_blocks * job->A.batch, sum_block, job);
}

static void sums_job(const struct cpu_context *ctx, const void *arguments)
{
    struct sums job = *(const struct sums *)arguments;
    struct cpu_compute compute = cpu_compute_begin_bytes(ctx, cpu_view_bytes(&job.A));
    sum_blocks(&compute, &job);
    cpu_compute_end(&compute);

    for (int64_t item = 0; item < job.A.batch; item++) {
        if (job.total) *(double *)cpu_view_at(&job.out, item, 0, 0) = total_of(&job, item);
        for (int64_t j = 0; !job.total && j < job.A.cols; j++)
            *(double *)cpu_view_at(&job.out, item, j, 0) = *sum_of_column(&job, item, j);
    }
}

/* The square root of the sum of squares of an item, whose sum of plain squares is `plain`: again
 * with scaled squares where those overflowed or may have underflowed (Blue 1978). */
static double frobenius_of(const struct cpu_compute *compute, const struct sums *job, int64_t item,
                           double plain)
{
    const int overflow = isinf(plain), underflow = plain < 0x1p-900;
    if (cpu_fits_f32(job->A.dtype) || !(overflow || underflow)) return sqrt(plain);
    struct sums again = *job;
    again.term = overflow ? CPU_LARGE_SQUARES : CPU_SMALL_SQUARES;
    again.A.data = cpu_view_at(&job->A, item, 0, 0);
    again.A.batch = 1;
    again.partial = partial_at(job, item, 0, 0);
    sum_blocks(compute, &again);
    return sqrt(total_of(&again, 0)) / factor_of(again.term);
}

static void frobenius_job(const struct cpu_context *ctx, const void *arguments)
{
    struct sums job = *(const struct sums *)arguments;
    struct cpu_compute compute = cpu_compute_begin_bytes(ctx, cpu_view_bytes(&job.A));
    sum_blocks(&compute, &job);
    for (int64_t item = 0; item < job.A.batch; item++)
        *(double *)cpu_view_at(&job.out, item, 0, 0) =
            frobenius_of(&compute, &job, item, total_of(&job, item));
    cpu_compute_end(&compute);
}

/* Enqueue with the scratch memory that the view needs; job->A and the choices are set. */
static ritz_status enqueue_sums(ritz_stream *s, cpu_job run, struct sums *job, ritz_dmat out)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    ritz_dmat partial;
    if (job->A.rows == 0 || job->A.cols == 0) return cpu_fill(s, 0.0, out);
    if (job->A.batch == 0) return RITZ_OK;
    job->out = cpu_view_of(out);
    job->block_cols = cpu_view_runs_down(&job->A) ? FEW_COLS : SUM_COLS;
    job->col_blocks = pieces(job->A.cols, job->block_cols);
    const int64_t row_blocks = pieces(BLOCKS, job->col_blocks);
    job->block_rows = SUM_ROWS * pieces(pieces(job->A.rows, row_blocks), SUM_ROWS);
    job->row_blocks = pieces(job->A.rows, job->block_rows);
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_ROW_MAJOR, job->row_blocks, job->A.cols,
                                job->A.batch, &partial));
    job->partial = partial.data;
    RITZ_TRY_OUT(cpu_enqueue(s, run, job, sizeof *job));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cpu_col_sums(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    struct sums job = {.A = cpu_view_broadcast(A, out.batch), .term = CPU_VALUES};
    return enqueue_sums(s, sums_job, &job, out);
}

ritz_status cpu_col_sumsq(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    struct sums job = {.A = cpu_view_broadcast(A, out.batch), .term = CPU_SQUARES};
    return enqueue_sums(s, sums_job, &job, out);
}

ritz_status cpu_abs_sums(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    struct sums job = {.A = cpu_view_broadcast(A, out.batch), .term = CPU_MODULI};
    return enqueue_sums(s, sums_job, &job, out);
}

/* The squares of all elements of an item, taken the way that leaves fewer partial sums. */
static struct sums all_squares(ritz_dmat A, ritz_dmat out)
{
    struct sums job = {.A = cpu_view_broadcast(A, out.batch), .term = CPU_SQUARES, .total = 1};
    if (A.rows < A.cols) job.A = cpu_view_transposed(job.A);
    return job;
}

ritz_status cpu_sumsq(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    struct sums job = all_squares(A, out);
    return enqueue_sums(s, sums_job, &job, out);
}

ritz_status cpu_frobenius(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    struct sums job = all_squares(A, out);
    return enqueue_sums(s, frobenius_job, &job, out);
}

/* ---- max_abs --------------------------------------------------------------------------------- */

struct max_abs {
    struct cpu_sweep sweep;
    struct cpu_view out;
};

static void max_abs_job(const struct cpu_context *ctx, const void *arguments)
{
    const struct max_abs *job = arguments;
    uint64_t *largest = job->sweep.shared;
    for (int64_t b = 0; b < job->out.batch; b++) largest[b] = 0;
    cpu_sweep_run(ctx, &job->sweep);
    for (int64_t b = 0; b < job->out.batch; b++)
        memcpy(cpu_view_at(&job->out, b, 0, 0), &largest[b], sizeof largest[b]);
}

ritz_status cpu_max_abs(ritz_stream *s, ritz_dmat A, ritz_dmat out)
{
    static const cpu_run_function run[] = CPU_BY_DTYPE(max_abs);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    struct max_abs job = {
        .sweep = {.run = run[A.dtype], .views = 1, .v = {cpu_view_broadcast(A, out.batch)}},
        .out = cpu_view_of(out)};
    ritz_status rc = RITZ_OK;
    void *largest = NULL;
    cpu_sweep_orient(&job.sweep);
    cpu_sweep_join(&job.sweep, 0);
    RITZ_TRY_OUT(ritz_work_bytes(s, (size_t)out.batch * sizeof(uint64_t), &largest));
    job.sweep.shared = largest;
    RITZ_TRY_OUT(cpu_enqueue(s, max_abs_job, &job, sizeof job));
out:
    ritz_work_release(s, mark);
    return rc;
}
