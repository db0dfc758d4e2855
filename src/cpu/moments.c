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
 * A staged block is cut into pieces of rows, a piece into panels of columns (moments_kernel.h). Of
 * the product only the lower triangle is formed, in tiles, each of them by one thread: the product
 * of a piece in the type of the computation, the sum over the pieces in float64.
 *
 * Blocks, pieces and chunks are cut by the shape and the instruction set; tiles also by the number
 * of threads, but that changes no sum: the bits do not depend on it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/items.h"
#include "cpu/moments_kernel.h"
#include "cpu/ops.h"
#include "cpu/reduce.h"

#define PIECE_ROWS CPU_MOMENTS_ROWS
/* A block holds several pieces, for the threads to meet, and to go through G, less often. */
#define BLOCK_BYTES (8 << 20)
#define LEAST_PIECES 4
#define MOST_PIECES 64
/* Rows that one thread sums, and centres, at a time; they lie in one piece. */
#define CHUNK_ROWS 128
/* The longest run of a row that is centred at once. */
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
    int64_t count;                /* rows before */
    int by_rows;                  /* A is read row by row, else column by column */
    int narrow;                   /* A's type fits into float32: staged by float32 arithmetic */
    int threads;                  /* for which there is scratch memory */
    int64_t block_pieces, panels; /* pieces of a block, panels of a piece */
    int64_t width, tiles;         /* columns of a tile, and how often they fit into n */
    stage_function stage;
    struct cpu_moments_kernel kernel;

    /* Scratch. */
    void *staged; /* float32 or float64 */
    int64_t staged_size;
    double *sums;       /* a tile for each thread */
    double *partial;    /* column sums of each chunk */
    double *shift;      /* m */
    float *shift_f32;   /* s */
    double *residual;   /* r */
    double *difference; /* d */

    /* The block under way. */
    int64_t row0, rows;
    double weight; /* c b / (c + b) */
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t pieces(int64_t total, int64_t size)
{
    return (total + size - 1) / size;
}

/* ---- the staged block ------------------------------------------------------------------------ */

static int64_t panel_size(const struct moments *job)
{
    return PIECE_ROWS * job->kernel.panel;
}

/* Row i of the block, column j. */
static void *staged_at(const struct moments *job, int64_t i, int64_t j)
{
    const int64_t panel = i / PIECE_ROWS * job->panels + j / job->kernel.panel;
    const int64_t within = i % PIECE_ROWS * job->kernel.panel + j % job->kernel.panel;
    return (char *)job->staged + (panel * panel_size(job) + within) * job->staged_size;
}

/* Columns beyond n, which the kernels read. Nothing else is ever written there. */
static void clear_padding(const struct moments *job)
{
    const int64_t last = (job->panels - 1) * job->kernel.panel;
    for (int64_t piece = 0; piece < job->block_pieces; piece++)
        memset(staged_at(job, piece * PIECE_ROWS, last), 0,
               (size_t)(panel_size(job) * job->staged_size));
}

/* Elements of type X, less their shifts of type X; the differences rounded to type T. */
#define T double
#define X double
#define FN(name) name##_f64
#define LOAD cpu_load_f64
#define SHIFT shift
#include "cpu/moments.inc"

#define T float
#define X double
#define FN(name) name##_f32
#define LOAD cpu_load_f64
#define SHIFT shift
#include "cpu/moments.inc"

/* For types that float32 holds. */
#define T float
#define X float
#define FN(name) name##_narrow
#define LOAD cpu_load_f32
#define SHIFT shift_f32
#include "cpu/moments.inc"

/* ---- tiles ----------------------------------------------------------------------------------- */

/* Of the lower triangle. */
struct tile {
    int64_t i0, j0, rows, cols;
};

static int64_t tile_count(int64_t tiles)
{
    return tiles * (tiles + 1) / 2;
}

/* Those below the diagonal first: the ones on it, of which half is formed, make a better end. */
static struct tile tile_number(const struct moments *job, int64_t index)
{
    const int64_t w = job->width, n = job->A.cols;
    int64_t i = 1, j = index;
    while (i < job->tiles && j >= i) j -= i++;
    if (i == job->tiles) i = j;
    return (struct tile){
        .i0 = i * w, .j0 = j * w, .rows = smaller(n - i * w, w), .cols = smaller(n - j * w, w)};
}

/* G(tile) += sums - b r rᵀ + c b / (c + b) d dᵀ */
static void add_to_G(const struct moments *job, const struct tile *t, const double *sums)
{
    const double *restrict d = job->difference + t->i0, *restrict r = job->residual + t->i0;
    for (int64_t j = 0; j < t->cols; j++) {
        const double *restrict sum = sums + j * job->kernel.tile;
        double *restrict g = cpu_view_at(&job->G, 0, t->i0, t->j0 + j);
        const double d_j = job->weight * job->difference[t->j0 + j];
        const double r_j = (double)job->rows * job->residual[t->j0 + j];
        for (int64_t i = t->i0 == t->j0 ? j : 0; i < t->rows; i++)
            g[i] += (sum[i] - r[i] * r_j) + d[i] * d_j;
    }
}

static void merge_tile(void *context, int64_t index, int thread)
{
    const struct moments *job = context;
    const struct tile t = tile_number(job, index);
    const int64_t ld = job->kernel.tile;
    double *sums = job->sums + thread * ld * ld;
    memset(sums, 0, (size_t)(ld * ld) * sizeof *sums);
    for (int64_t row = 0; row < job->rows; row += PIECE_ROWS) {
        const struct cpu_moments_product product = {.left = staged_at(job, row, t.i0),
                                                    .right = staged_at(job, row, t.j0),
                                                    .panel_size = panel_size(job),
                                                    .rows = smaller(job->rows - row, PIECE_ROWS),
                                                    .left_cols = t.rows,
                                                    .right_cols = t.cols,
                                                    .diagonal = t.i0 == t.j0,
                                                    .tile = sums};
        job->kernel.add(&product);
    }
    add_to_G(job, &t, sums);
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
    cpu_block_sums(&v, CPU_VALUES, job->partial + chunk * job->A.cols);
}

static void stage_chunk(void *context, int64_t chunk, int thread)
{
    const struct moments *job = context;
    const struct cpu_view v = chunk_of(job, chunk);
    const int64_t row = chunk * CHUNK_ROWS;
    (void)thread;
    if (job->by_rows) {
        const int64_t length = RUN / job->kernel.panel * job->kernel.panel;
        for (int64_t i = 0; i < v.rows; i++) {
            for (int64_t j = 0; j < v.cols; j += length) {
                const int64_t count = smaller(v.cols - j, length);
                const struct stage_run run = {cpu_view_at(&v, 0, i, j), v.col_stride, count, j};
                job->stage(job, &run, staged_at(job, row + i, j));
            }
        }
    } else {
        for (int64_t j = 0; j < v.cols; j++) {
            const struct stage_run run = {cpu_view_at(&v, 0, 0, j), v.row_stride, v.rows, j};
            job->stage(job, &run, staged_at(job, row, j));
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
    ritz_parallel_for(compute, tile_count(job->tiles), merge_tile, job);
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
    clear_padding(&job);
    if (job.count == 0) ritz_parallel_for(&compute, job.A.cols, clear_column, &job);
    while (job.row0 < job.A.rows) {
        job.rows = smaller(job.A.rows - job.row0, job.block_pieces * PIECE_ROWS);
        merge_block(&job, &compute);
        job.row0 += job.rows;
        job.count += job.rows;
    }
    cpu_compute_end(&compute);
}

/* ---- the entry ------------------------------------------------------------------------------- */

static void cut_blocks(struct moments *job)
{
    const int64_t all = pieces(job->A.rows, PIECE_ROWS);
    int64_t fit = BLOCK_BYTES / (job->panels * panel_size(job) * job->staged_size);
    if (fit < LEAST_PIECES) fit = LEAST_PIECES;
    if (fit > MOST_PIECES) fit = MOST_PIECES;
    job->block_pieces = all == 0 ? 1 : pieces(all, pieces(all, fit));
}

/* Several tiles for each thread, if there are as many. */
static void cut_tiles(struct moments *job)
{
    const int64_t enough = job->threads > 1 ? 4 * (int64_t)job->threads : 1;
    int64_t tile = job->kernel.tile / job->kernel.panel;
    while (tile > 1 && tile_count(pieces(job->panels, tile)) < enough) tile--;
    job->tiles = pieces(job->panels, tile);
    job->width = pieces(job->panels, job->tiles) * job->kernel.panel;
    job->tiles = pieces(job->A.cols, job->width); /* the rounding may have made one superfluous */
}

static ritz_status take_scratch(ritz_stream *s, struct moments *job)
{
    const int64_t n = job->A.cols, staged_count = job->block_pieces * job->panels * panel_size(job);
    const int64_t chunks = job->block_pieces * (PIECE_ROWS / CHUNK_ROWS);
    const int64_t tile = job->kernel.tile * job->kernel.tile;
    const size_t real = sizeof(double);
    size_t bytes = 0;
    void *p = NULL;
    const size_t staged = cpu_piece(&bytes, staged_count, (size_t)job->staged_size);
    const size_t sums = cpu_piece(&bytes, job->threads * tile, real);
    const size_t partial = cpu_piece(&bytes, chunks * n, real);
    const size_t shift = cpu_piece(&bytes, n, real);
    const size_t shift_f32 = cpu_piece(&bytes, n, sizeof(float));
    const size_t residual = cpu_piece(&bytes, n, real);
    const size_t difference = cpu_piece(&bytes, n, real);
    RITZ_TRY(ritz_work_bytes(s, bytes, &p));
    char *base = p;
    job->staged = base + staged;
    job->sums = (void *)(base + sums);
    job->partial = (void *)(base + partial);
    job->shift = (void *)(base + shift);
    job->shift_f32 = (void *)(base + shift_f32);
    job->residual = (void *)(base + residual);
    job->difference = (void *)(base + difference);
    return RITZ_OK;
}

static stage_function stage_function_of(const struct moments *job)
{
    if (job->narrow) return job->by_rows ? stage_row_narrow : stage_col_narrow;
    if (job->staged_size == sizeof(float)) return job->by_rows ? stage_row_f32 : stage_col_f32;
    return job->by_rows ? stage_row_f64 : stage_col_f64;
}

ritz_status cpu_moments_merge_on(enum cpu_moments_path path, ritz_stream *s, ritz_dtype compute,
                                 int64_t count, ritz_dmat A, ritz_dmat mean, ritz_dmat G)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    struct moments job = {.A = cpu_view_of(A),
                          .mean = cpu_view_of(mean),
                          .G = cpu_view_of(G),
                          .count = count,
                          .narrow = compute == RITZ_F32 && cpu_fits_f32(A.dtype),
                          .threads = s->device->info.threads,
                          .kernel = *cpu_moments_kernel(path, compute),
                          .staged_size = (int64_t)ritz_dtype_size(compute)};
    ritz_status rc = RITZ_OK;
    if (A.cols == 0) return RITZ_OK;
    job.by_rows = !cpu_view_runs_down(&job.A);
    job.stage = stage_function_of(&job);
    job.panels = pieces(A.cols, job.kernel.panel);
    cut_blocks(&job);
    cut_tiles(&job);
    RITZ_TRY_OUT(take_scratch(s, &job));
    RITZ_TRY_OUT(cpu_enqueue(s, moments_job, &job, sizeof job));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status cpu_moments_merge(ritz_stream *s, ritz_dtype compute, int64_t count, ritz_dmat A,
                              ritz_dmat mean, ritz_dmat G)
{
    return cpu_moments_merge_on(cpu_moments_best_path(), s, compute, count, A, mean, G);
}
