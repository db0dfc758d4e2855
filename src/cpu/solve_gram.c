/* X = A R⁻¹ and G = XᵀX in one pass over A.
 *
 * A block of rows is brought into the cache as a column-major matrix, solved there, multiplied with
 * itself, and written to X: A is read once and X written once, where separate operations read X
 * twice more. The rows are cut into pieces by the shape alone, and the sums of the pieces are added
 * in their order: the bits do not depend on the number of threads.
 *
 * Only for tall matrices of moderate width; for others (src/cpu/limits.c) the library's own
 * threads serve better.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/lapack.h"

enum {
    MOST_PIECES = 64,
    PIECE_HEIGHT = 8,      /* rows of a piece, at least, in units of n */
    BLOCK_BYTES = 1 << 18, /* what stays in the second-level cache */
    LEAST_ROWS = 128,      /* of a block */
    TILE = 8               /* rows and columns moved at a time */
};
#define SUMS_BYTES (INT64_C(64) << 20) /* of all pieces */

struct solve_gram {
    struct cpu_view A, X, G;
    struct cpu_operand R;
    CBLAS_UPLO uplo; /* of R as it is stored, and whether that is transposed */
    CBLAS_TRANSPOSE trans;
    int with_x, with_g;
    int64_t piece_rows, pieces, block_rows;
    char *sums;   /* n x n of each piece */
    char *blocks; /* block_rows x n of each thread */
};

#define TEMPLATE "cpu/solve_gram.inc"
#include "cpu/real_types.inc"

static void plan(struct solve_gram *job, int64_t m, int64_t n, size_t element)
{
    int64_t pieces = m / (PIECE_HEIGHT * n);
    const int64_t affordable = SUMS_BYTES / (n * n * (int64_t)element);
    if (pieces > affordable) pieces = affordable;
    if (pieces > MOST_PIECES) pieces = MOST_PIECES;
    if (pieces < 1) pieces = 1;
    job->piece_rows = (m + pieces - 1) / pieces;
    job->pieces = (m + job->piece_rows - 1) / job->piece_rows;
    job->block_rows = BLOCK_BYTES / (n * (int64_t)element) / TILE * TILE;
    if (job->block_rows < LEAST_ROWS) job->block_rows = LEAST_ROWS;
}

ritz_status cpu_solve_gram(ritz_stream *s, ritz_dmat R, ritz_dmat A, ritz_dmat X, ritz_dmat G)
{
    const int64_t n = A.cols;
    if (n == 0) return RITZ_OK;
    if (A.rows == 0) return ritz_present(G) ? cpu_fill(s, 0.0, G) : RITZ_OK;
    const size_t element = ritz_dtype_size(A.dtype);
    struct solve_gram job = {
        .A = cpu_view_of(A),
        .R = cpu_operand(R),
        .uplo = R.layout == RITZ_COL_MAJOR ? CblasUpper : CblasLower,
        .trans = R.layout == RITZ_COL_MAJOR ? CblasNoTrans : CblasTrans,
        .with_x = ritz_present(X),
        .with_g = ritz_present(G),
    };
    if (job.with_x) job.X = cpu_view_of(X);
    if (job.with_g) job.G = cpu_view_of(G);
    plan(&job, A.rows, n, element);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    const size_t square = job.with_g ? (size_t)(n * n) * element : 0;
    const size_t threads = (size_t)s->device->info.threads;
    void *sums = NULL, *blocks = NULL;
    ritz_status status = ritz_work_bytes(s, (size_t)job.pieces * square, &sums);
    if (status == RITZ_OK)
        status = ritz_work_bytes(s, threads * (size_t)(job.block_rows * n) * element, &blocks);
    job.sums = sums;
    job.blocks = blocks;
    if (status == RITZ_OK)
        status = cpu_enqueue(s, A.dtype == RITZ_F64 ? solve_gram_run_f64 : solve_gram_run_f32, &job,
                             sizeof job);
    ritz_work_release(s, mark);
    return status;
}
