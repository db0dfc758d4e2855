/* R = B - A X, G = G + AᵀR and the norms of R's columns, in one pass over A.
 *
 * A block of rows is multiplied with X, and its transpose with what that leaves of B while the
 * block is still in the cache. The rows are cut into pieces by the shape alone, and the sums of the
 * pieces are added in their order: the bits do not depend on the number of threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/lapack.h"

enum {
    MOST_PIECES = 64,
    LEAST_PIECE = 1024,    /* rows */
    BLOCK_BYTES = 1 << 18, /* what stays in the second-level cache */
    LEAST_ROWS = 32        /* of a block */
};

struct residual {
    struct cpu_view A, X, B, R, G, norms;
    CBLAS_TRANSPOSE trans; /* that makes column-major A of what is stored */
    int lda, with_r;
    int64_t piece_rows, pieces, block_rows;
    double *sums;  /* s squares of each piece */
    char *partial; /* n x s of each piece */
    char *blocks;  /* block_rows x s of each thread */
    char *factor;  /* X, n x s, column-major */
};

#define TEMPLATE "cpu/residual.inc"
#include "cpu/real_types.inc"

static void plan(struct residual *job, int64_t m, int64_t n, size_t element)
{
    int64_t pieces = m / LEAST_PIECE;
    if (pieces > MOST_PIECES) pieces = MOST_PIECES;
    if (pieces < 1) pieces = 1;
    job->piece_rows = (m + pieces - 1) / pieces;
    job->pieces = (m + job->piece_rows - 1) / job->piece_rows;
    job->block_rows = BLOCK_BYTES / ((n > 0 ? n : 1) * (int64_t)element);
    if (job->block_rows < LEAST_ROWS) job->block_rows = LEAST_ROWS;
    if (job->block_rows > job->piece_rows) job->block_rows = job->piece_rows;
}

ritz_status cpu_residual(ritz_stream *s, ritz_dmat A, ritz_dmat X, ritz_dmat B, ritz_dmat R,
                         ritz_dmat G, ritz_dmat norms)
{
    const int64_t n = A.cols, targets = B.cols;
    if (A.rows == 0 || targets == 0) return RITZ_OK;
    const size_t element = ritz_dtype_size(A.dtype);
    struct residual job = {
        .A = cpu_view_of(A),
        .X = cpu_view_of(X),
        .B = cpu_view_of(B),
        .G = cpu_view_of(G),
        .norms = cpu_view_of(norms),
        .trans = A.layout == RITZ_COL_MAJOR ? CblasNoTrans : CblasTrans,
        .lda = cpu_ld(A),
        .with_r = ritz_present(R),
    };
    if (job.with_r) job.R = cpu_view_of(R);
    plan(&job, A.rows, n, element);

    const struct ritz_work_mark mark = ritz_work_mark(s);
    const size_t pieces = (size_t)job.pieces, threads = (size_t)s->device->info.threads;
    void *sums = NULL, *partial = NULL, *blocks = NULL, *factor = NULL;
    ritz_status status = ritz_work_bytes(s, pieces * (size_t)targets * sizeof(double), &sums);
    if (status == RITZ_OK)
        status = ritz_work_bytes(s, pieces * (size_t)(n * targets) * element, &partial);
    if (status == RITZ_OK)
        status =
            ritz_work_bytes(s, threads * (size_t)(job.block_rows * targets) * element, &blocks);
    if (status == RITZ_OK) status = ritz_work_bytes(s, (size_t)(n * targets) * element, &factor);
    job.sums = sums;
    job.partial = partial;
    job.blocks = blocks;
    job.factor = factor;
    if (status == RITZ_OK)
        status = cpu_enqueue(s, A.dtype == RITZ_F64 ? residual_run_f64 : residual_run_f32, &job,
                             sizeof job);
    ritz_work_release(s, mark);
    return status;
}
