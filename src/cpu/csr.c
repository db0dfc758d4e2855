/* Products of a sparse matrix, stored by rows, with a block of vectors.
 *
 * Row i of Y is the sum of rows of X, each times an element of A, so that X is read by rows: where
 * it lies by columns, it is turned PANEL columns at a time. The rows of A are cut where the
 * elements are, and each row, or part of a long row, is summed by one thread in the order in which
 * it lies: the bits do not depend on the number of threads.
 *
 * Memory traffic: A once (once a panel, if X lies by columns), X and Y once, as far as the rows of
 * X that neighbouring rows of A ask for stay in the cache.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/backend.h"
#include "core/check.h"
#include "cpu/ops.h"
#include "cpu/parallel.h"

enum {
    PANEL = 32,            /* columns of X turned at a time */
    BLOCK_BYTES = 1 << 15, /* rows of Y that are made before they are stored: first-level cache */
    LEAST_ROWS = 8,        /* of them: what fills cache lines of a Y that lies by columns */
    MOST_ROWS = 256,
    LEAST_PIECE = 1 << 14, /* rows and elements that are worth a piece */
    PIECES_A_THREAD = 8,
    AHEAD_BYTES = 1024 /* measured: a quarter faster than what the processor fetches by itself */
};

struct csr {
    const int64_t *offsets, *parts;
    const int32_t *indices;
    const char *values;
    int64_t rows, cols, count; /* Y: rows x cols; count: number of parts */
    struct cpu_view X, Y;
    double alpha, beta;
    int64_t block_rows, pieces;
    char *blocks;  /* block_rows x cols of each thread */
    char *partial; /* cols of each part */
};

/* Begin to bring in what is read some rows later. Beyond the end of an array it does nothing. */
static inline void fetch_ahead(const void *p)
{
    __builtin_prefetch((const void *)((uintptr_t)p + AHEAD_BYTES));
}

/* One build of the inner loops: SET, the suffix of their names; TARGET, the attribute; BYTES, of a
 * vector. */
#define CONCAT(name, suffix) name##_##suffix
#define CONCAT2(name, suffix) CONCAT(name, suffix)

#define SET baseline
#define TARGET
#define BYTES 16
#define TEMPLATE "cpu/csr_kernel.inc"
#include "cpu/real_types.inc"
#undef SET
#undef TARGET
#undef BYTES

#if defined(__x86_64__)
#define SET avx2
#define TARGET __attribute__((target("avx2,fma")))
#define BYTES 32
#define TEMPLATE "cpu/csr_kernel.inc"
#include "cpu/real_types.inc"
#undef SET
#undef TARGET
#undef BYTES
#endif

#if defined(__x86_64__)
static int wide_vectors(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

/* The first row of a piece: rows and elements before it are a fair share. */
static int64_t first_row(const struct csr *job, int64_t piece)
{
    const int64_t total = job->rows + job->offsets[job->rows];
    const int64_t wanted = total / job->pieces * piece + total % job->pieces * piece / job->pieces;
    int64_t low = 0, high = job->rows;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (middle + job->offsets[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#define TEMPLATE "cpu/csr.inc"
#include "cpu/real_types.inc"

static ritz_status enqueue(ritz_stream *s, const ritz_dmat X, const ritz_dmat Y, struct csr job)
{
    const size_t element = ritz_dtype_size(Y.dtype);
    const int64_t row_bytes = Y.cols * (int64_t)element;
    job.X = cpu_view_of(X);
    job.Y = cpu_view_of(Y);
    job.rows = Y.rows;
    job.cols = Y.cols;
    job.block_rows = BLOCK_BYTES / row_bytes;
    if (job.block_rows < LEAST_ROWS) job.block_rows = LEAST_ROWS;
    if (job.block_rows > MOST_ROWS) job.block_rows = MOST_ROWS;
    const size_t threads = (size_t)s->device->info.threads;
    void *blocks = NULL, *partial = NULL;
    RITZ_TRY(ritz_work_bytes(s, threads * (size_t)(job.block_rows * row_bytes), &blocks));
    RITZ_TRY(ritz_work_bytes(s, (size_t)(job.count * row_bytes), &partial));
    job.blocks = blocks;
    job.partial = partial;
    return cpu_enqueue(s, Y.dtype == RITZ_F64 ? csr_run_f64 : csr_run_f32, &job, sizeof job);
}

/* Columns of Y for which X can be read as it lies. */
static int64_t columns_at_once(ritz_dmat X)
{
    return X.layout == RITZ_ROW_MAJOR || X.cols == 1 ? X.cols : PANEL;
}

ritz_status cpu_csr_gemm(ritz_stream *s, double alpha, ritz_dmat offsets, ritz_dmat indices,
                         ritz_dmat values, ritz_dmat parts, ritz_dmat X, double beta, ritz_dmat Y)
{
    if (ritz_empty(Y)) return RITZ_OK;
    if (alpha == 0.0 || values.rows == 0) return cpu_scale(s, beta, Y);
    const struct csr job = {.offsets = offsets.data,
                            .parts = parts.data,
                            .indices = indices.data,
                            .values = values.data,
                            .count = parts.cols,
                            .alpha = alpha,
                            .beta = beta};
    const int64_t most = columns_at_once(X);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc = RITZ_OK;
    if (most == X.cols && X.layout == RITZ_ROW_MAJOR) {
        rc = enqueue(s, X, Y, job);
        goto out;
    }
    for (int64_t j = 0; j < X.cols; j += most) {
        const int64_t width = X.cols - j < most ? X.cols - j : most;
        ritz_dmat panel = ritz_cols(X, j, width);
        ritz_work_release(s, mark); /* the last panel is read before this one is written */
        if (width > 1) {
            RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_ROW_MAJOR, X.rows, width, 1, &panel));
            const struct cpu_view from = cpu_view_of(ritz_cols(X, j, width));
            const struct cpu_view to = cpu_view_of(panel);
            RITZ_TRY_OUT(cpu_copy_strided(s, &from, &to));
        }
        RITZ_TRY_OUT(enqueue(s, panel, ritz_cols(Y, j, width), job));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}
