/* Mean and scatter matrix of rows that arrive in pieces.
 *
 * The rows are taken in blocks. With b rows in a block, m its mean, c rows before it, d = m - mean,
 *
 *   G    += sum (x - m)(x - m)ᵀ + c b / (c + b) d dᵀ
 *   mean += b / (c + b) d
 *
 * (Chan, Golub and LeVeque, Algorithms for computing the sample variance, The American Statistician
 * 37, 1983, formula 2.1). What is staged for the product is x - m, rounded once; where that is done
 * by float32 arithmetic, it is x - s with s = m rounded to float32, and so
 *
 *   sum (x - m)(x - m)ᵀ = sum (x - s)(x - s)ᵀ - b r rᵀ,  r = m - s.
 *
 * Only the lower triangle is formed, in tiles. Blocks, row chunks and tiles are cut by the shape
 * alone; each is the work of one thread, so that the bits do not depend on how many there are.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>

#include "cpu/items.h"
#include "cpu/ops.h"
#include "cpu/reduce.h"

/* The longest sum that the type of the product carries. */
#define SUM_ROWS 512
#define PADDED_ROWS (SUM_ROWS + 16)
/* Products of so many rows that are added to G together. */
#define PRODUCTS 4
/* A block holds several such pieces, for the threads to meet less often, within these limits. */
#define BLOCK_BYTES (13 << 19)
#define BLOCK_PIECES 32
/* Rows that one thread sums, and centres, at a time. */
#define CHUNK_ROWS 128
/* The longest run of a row or column that is staged at once. */
#define RUN 256

/* Consecutive elements of a row or a column of A. */
struct stage_run {
    const void *x;
    int64_t stride, count;
    int64_t col; /* of the first */
};

struct moments;
typedef void (*stage_function)(const struct moments *job, const struct stage_run *run, void *out);

struct moments {
    struct cpu_view A, mean, G;
    int64_t count;         /* rows before */
    int by_rows;           /* A and what is staged have contiguous rows, else columns */
    int narrow;            /* A's type fits into float32, and is staged by float32 arithmetic */
    int threads;           /* for which there is scratch memory */
    int64_t pieces;        /* of SUM_ROWS rows in a block */
    int64_t width, panels; /* columns of a tile, and how often they fit into n */
    stage_function stage;
    cpu_loop_body merge_tile;

    /* Scratch. */
    void *staged; /* float32 or float64 */
    int64_t staged_size;
    void *tiles;        /* PRODUCTS of width x width for each thread */
    double *partial;    /* column sums of each chunk */
    double *shift;      /* m */
    float *shift_f32;   /* s */
    double *residual;   /* r */
    double *difference; /* d */

    /* The block under way. */
    int64_t row0, rows;
    double weight; /* c b / (c + b) */
};

/* One tile of the lower triangle. */
struct tile {
    int64_t i0, j0, rows, cols;
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t pieces(int64_t total, int64_t size)
{
    return (total + size - 1) / size;
}

/* The tiles on the diagonal, of which half is formed, then the left and right halves of those below
 * it: all take the same time. */
static int64_t tile_count(const struct moments *job)
{
    return job->panels * job->panels;
}

static struct tile tile_number(const struct moments *job, int64_t index)
{
    const int64_t w = job->width, n = job->A.cols, half = pieces(w, 2);
    const int64_t below = index - job->panels;
    int64_t i = index, j = index;
    if (below >= 0) {
        for (i = 1, j = below / 2; j >= i; i++) j -= i;
    }
    struct tile t = {.i0 = i * w, .rows = smaller(w, n - i * w), .j0 = j * w, .cols = w};
    if (i == j) t.cols = t.rows;
    if (i != j && below % 2 == 0) t.cols = half;
    if (i != j && below % 2 == 1) {
        t.j0 += half;
        t.cols = w - half;
    }
    return t;
}

/* G(tile) += c b / (c + b) d dᵀ - b r rᵀ */
static void add_mean_terms(const struct moments *job, const struct tile *t)
{
    const double *restrict d = job->difference + t->i0, *restrict r = job->residual + t->i0;
    for (int64_t j = 0; j < t->cols; j++) {
        double *restrict g = cpu_view_at(&job->G, 0, t->i0, t->j0 + j);
        const double d_j = job->weight * job->difference[t->j0 + j];
        const double r_j = (double)job->rows * job->residual[t->j0 + j];
        for (int64_t i = t->i0 == t->j0 ? j : 0; i < t->rows; i++) g[i] += d[i] * d_j - r[i] * r_j;
    }
}

/* The staged block lies panel by panel, a panel cut into pieces of SUM_ROWS rows, so that each
 * operand of a product is in one place. In a piece, rows or columns are contiguous, as in A;
 * columns are padded: a power of two between them would put all into a few sets of the cache. */

static int64_t staged_ld(const struct moments *job, int64_t j)
{
    const int64_t first = j / job->width * job->width;
    return job->by_rows ? smaller(job->A.cols - first, job->width) : PADDED_ROWS;
}

static void *staged_at(const struct moments *job, int64_t i, int64_t j)
{
    const int64_t panel = j / job->width * job->width, col = j - panel;
    const int64_t piece = i / SUM_ROWS, row = i % SUM_ROWS;
    const int64_t panel_cols = smaller(job->A.cols - panel, job->width);
    const int64_t start = PADDED_ROWS * (panel * job->pieces + piece * panel_cols);
    const int64_t at = job->by_rows ? row * panel_cols + col : row + col * PADDED_ROWS;
    return (char *)job->staged + (start + at) * job->staged_size;
}

#define TEMPLATE "cpu/moments.inc"
#include "cpu/real_types.inc"

/* The same as stage_f32 for types that float32 holds: the difference is rounded once there too. */
static void stage_narrow(const struct moments *job, const struct stage_run *run, void *out)
{
    float buffer[RUN];
    const float *restrict x = cpu_load_f32(run->x, job->A.dtype, run->stride, run->count, buffer);
    const float *restrict shift = job->shift_f32 + run->col;
    float *restrict y = out;
    if (job->by_rows) {
        for (int64_t i = 0; i < run->count; i++) y[i] = x[i] - shift[i];
    } else {
        for (int64_t i = 0; i < run->count; i++) y[i] = x[i] - *shift;
    }
}

/* ---- the steps of a block -------------------------------------------------------------------- */

/* Rows of A, counted from the block's first. */
static struct cpu_view chunk_of(const struct moments *job, int64_t chunk)
{
    struct cpu_view v = job->A;
    v.data = cpu_view_at(&job->A, 0, job->row0 + chunk * CHUNK_ROWS, 0);
    v.rows = smaller(job->rows - chunk * CHUNK_ROWS, CHUNK_ROWS);
    return v;
}

static void sum_chunk(void *context, int64_t chunk, int thread)
{
    const struct moments *job = context;
    const struct cpu_view v = chunk_of(job, chunk);
    (void)thread;
    cpu_block_sums(&v, 0, job->partial + chunk * job->A.cols);
}

/* What lies contiguous in the staged block, from column j on. */
static int64_t run_length(const struct moments *job, int64_t j)
{
    return job->by_rows ? smaller(job->width - j % job->width, RUN) : CHUNK_ROWS;
}

static void stage_chunk(void *context, int64_t chunk, int thread)
{
    const struct moments *job = context;
    const struct cpu_view v = chunk_of(job, chunk);
    const int64_t lines = job->by_rows ? v.rows : v.cols, length = job->by_rows ? v.cols : v.rows;
    (void)thread;
    for (int64_t line = 0; line < lines; line++) {
        for (int64_t first = 0, count; first < length; first += count) {
            const int64_t i = job->by_rows ? line : first, j = job->by_rows ? first : line;
            count = smaller(length - first, run_length(job, j));
            const struct stage_run run = {.x = cpu_view_at(&v, 0, i, j),
                                          .stride = job->by_rows ? v.col_stride : v.row_stride,
                                          .count = count,
                                          .col = j};
            job->stage(job, &run, staged_at(job, chunk * CHUNK_ROWS + i, j));
        }
    }
}

/* From the chunks' sums: s and r of the block, d, and the new mean. */
static void merge_means(struct moments *job)
{
    const int64_t n = job->A.cols, chunks = pieces(job->rows, CHUNK_ROWS);
    const double b = (double)job->rows, c = (double)job->count;
    job->weight = c * b / (c + b);
    for (int64_t j = 0; j < n; j++) {
        double sum = 0;
        for (int64_t k = 0; k < chunks; k++) sum += job->partial[k * n + j];
        const double block_mean = sum / b;
        double *mean = cpu_view_at(&job->mean, 0, j, 0);
        job->shift_f32[j] = (float)block_mean;
        job->shift[j] = block_mean;
        job->residual[j] = job->narrow ? block_mean - (double)job->shift_f32[j] : 0;
        job->difference[j] = block_mean - *mean;
        *mean += b / (c + b) * job->difference[j];
    }
}

static void merge_block(struct moments *job, const struct cpu_compute *compute)
{
    const int64_t chunks = pieces(job->rows, CHUNK_ROWS);
    ritz_parallel_for(compute, chunks, sum_chunk, job);
    merge_means(job);
    ritz_parallel_for(compute, chunks, stage_chunk, job);
    ritz_parallel_for(compute, tile_count(job), job->merge_tile, job);
}

/* Of G and the mean. */
static void clear_column(void *context, int64_t j, int thread)
{
    const struct moments *job = context;
    (void)thread;
    *(double *)cpu_view_at(&job->mean, 0, j, 0) = 0;
    memset(cpu_view_at(&job->G, 0, j, j), 0, (size_t)(job->G.rows - j) * sizeof(double));
}

static void moments_job(const struct cpu_context *ctx, const void *arguments)
{
    struct moments job = *(const struct moments *)arguments;
    const double n = (double)job.A.cols;
    struct cpu_compute compute = cpu_compute_begin(ctx, n * n * (double)job.A.rows);
    if (compute.threads > job.threads) compute.threads = job.threads;
    if (job.count == 0) ritz_parallel_for(&compute, job.A.cols, clear_column, &job);
    while (job.row0 < job.A.rows) {
        job.rows = smaller(job.A.rows - job.row0, job.pieces * SUM_ROWS);
        merge_block(&job, &compute);
        job.row0 += job.rows;
        job.count += job.rows;
    }
    cpu_compute_end(&compute);
}

/* ---- the entry ------------------------------------------------------------------------------- */

/* Blocks and tiles, from the shape. */
static void cut(struct moments *job)
{
    const int64_t n = job->A.cols;
    const int64_t fit = BLOCK_BYTES / (n * job->staged_size * SUM_ROWS);
    job->pieces = smaller(smaller(fit, BLOCK_PIECES), pieces(job->A.rows, SUM_ROWS));
    if (job->pieces < 1) job->pieces = 1;

    /* Several tiles where there is work for several threads; none too small for BLAS, and none so
     * large that it and its operands leave the second-level cache. */
    const int64_t least = 32, most = 400;
    job->panels = pieces(n, most);
    if (job->panels == 1 && n >= 2 * least) job->panels = 2;
    job->width = pieces(n, job->panels);
    job->panels = pieces(n, job->width); /* the rounding may have made one superfluous */
}

static ritz_status take_scratch(ritz_stream *s, struct moments *job)
{
    const int64_t n = job->A.cols, tile = job->width * job->width;
    const size_t size = (size_t)job->staged_size, real = sizeof(double);
    size_t bytes = 0;
    void *p = NULL;
    const size_t staged = cpu_piece(&bytes, job->pieces * PADDED_ROWS * n, size);
    const size_t tiles = cpu_piece(&bytes, job->threads * PRODUCTS * tile, size);
    const size_t partial = cpu_piece(&bytes, job->pieces * (SUM_ROWS / CHUNK_ROWS) * n, real);
    const size_t shift = cpu_piece(&bytes, n, real);
    const size_t shift_f32 = cpu_piece(&bytes, n, sizeof(float));
    const size_t residual = cpu_piece(&bytes, n, real);
    const size_t difference = cpu_piece(&bytes, n, real);
    RITZ_TRY(ritz_work_bytes(s, bytes, &p));
    char *base = p;
    job->staged = base + staged;
    job->tiles = base + tiles;
    job->partial = (void *)(base + partial);
    job->shift = (void *)(base + shift);
    job->shift_f32 = (void *)(base + shift_f32);
    job->residual = (void *)(base + residual);
    job->difference = (void *)(base + difference);
    return RITZ_OK;
}

ritz_status cpu_moments_merge(ritz_stream *s, ritz_dtype compute, int64_t count, ritz_dmat A,
                              ritz_dmat mean, ritz_dmat G)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int f32 = compute == RITZ_F32;
    struct moments job = {.A = cpu_view_of(A),
                          .mean = cpu_view_of(mean),
                          .G = cpu_view_of(G),
                          .count = count,
                          .threads = s->device->info.threads,
                          .stage = f32 ? stage_f32 : stage_f64,
                          .merge_tile = f32 ? merge_tile_f32 : merge_tile_f64,
                          .staged_size = f32 ? (int64_t)sizeof(float) : (int64_t)sizeof(double)};
    ritz_status rc = RITZ_OK;
    if (A.cols == 0) return RITZ_OK;
    job.narrow = compute == RITZ_F32 && cpu_fits_f32(A.dtype);
    if (job.narrow) job.stage = stage_narrow;
    job.by_rows = !cpu_view_runs_down(&job.A);
    cut(&job);
    RITZ_TRY_OUT(take_scratch(s, &job));
    RITZ_TRY_OUT(cpu_enqueue(s, moments_job, &job, sizeof job));
out:
    ritz_work_release(s, mark);
    return rc;
}
