/* Batches of small matrices in SIMD: each lane of a vector holds an element of another matrix.
 *
 * As many matrices as a vector has lanes make up a tile: element (i, j) of all of them is one
 * vector. What is written for one matrix then works on a tile, and a lane never affects another. A
 * tile is packed from the matrices, worked on, and unpacked. This header is the outside; the code
 * for one dtype and instruction set is lane_inst.h, compiled once for each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LANE_LANE_H
#define RITZ_CPU_LANE_LANE_H

#include <stddef.h>
#include <stdint.h>

#include "core/backend.h"
#include "cpu/view.h"

/* Largest order that the lanes take; above, LAPACK on one matrix at a time is as good. */
enum { LANE_LARGEST = 64 };
/* Most elements of a tall matrix: a tile of them fits in the second cache. */
enum { LANE_LARGEST_TILE = 8192 };

/* ---- arguments ---- */

/* A batch: element (i, j) of item b is data[b * item + i * row + j * col]; an input that stands for
 * all items has item = 0. One of row and col is 1. */
struct lane_matrix {
    void *data;
    int rows, cols;
    int64_t item, row, col;
};

static inline struct lane_matrix lane_matrix(ritz_dmat A)
{
    const struct cpu_view v = cpu_view_of(A);
    return (struct lane_matrix){v.data,         (int)v.rows,  (int)v.cols,
                                v.batch_stride, v.row_stride, v.col_stride};
}

static inline struct lane_matrix lane_transposed(struct lane_matrix A)
{
    return (struct lane_matrix){A.data, A.cols, A.rows, A.item, A.col, A.row};
}

/* One int32 for each item: info. */
struct lane_info {
    int32_t *data;
    int64_t stride;
};

static inline struct lane_info lane_info(ritz_dmat info)
{
    return (struct lane_info){info.data, info.layout == RITZ_COL_MAJOR ? 1 : info.ld};
}

/* ---- the functions of an instruction set ---- */

/* Items begin .. end-1; begin is a multiple of the lanes. `scratch` is aligned to 64 bytes. */
typedef void (*lane_function)(const void *arguments, int64_t begin, int64_t end, void *scratch);

struct lane_table {
    int lanes;
    size_t vector_bytes;
    lane_function cholesky, spd_solve, lu, solve; /* lane_cholesky.h, lane_lu.h */
    lane_function gemm;                           /* lane_gemm.h */
    lane_function qr, svd, eigh;                  /* lane_qr.h, lane_svd.h, lane_eig.h */
};

enum lane_path { LANE_BASELINE, LANE_AVX2, LANE_AVX512, LANE_PATHS };

/* Whether this processor can run it. */
int cpu_lane_available(enum lane_path path);
/* The path in use: the widest available one, or what the environment variable RITZ_CPU_LANES
 * (baseline, avx2, avx512) named when first asked, if it is available. */
enum lane_path cpu_lane_path(void);
/* Use another available path from now on: for tests and measurements. */
void cpu_lane_select(enum lane_path path);

const struct lane_table *cpu_lane_table(ritz_dtype dtype); /* of the path in use */

/* ---- running ---- */

struct lane_job {
    const struct lane_table *table;
    lane_function run;
    int64_t batch;
    int tiles;       /* that `run` works on together; threads are given multiples of it */
    double flops;    /* of one item */
    int64_t vectors; /* of scratch for each thread */
};

/* Enqueue job.run on all items, shared among threads if that pays. At most LANE_ARGUMENTS bytes of
 * arguments. */
#define LANE_ARGUMENTS 384u
ritz_status cpu_lane_enqueue(ritz_stream *s, const struct lane_job *job, const void *arguments,
                             size_t bytes);

/* The leading dimension of a tile of n rows: one more from 32 on, lest columns fall on the same few
 * sets of the cache. */
static inline int lane_ld(int n)
{
    return n < 32 ? n : n + 1;
}

/* ---- arguments of the functions ---- */

/* A symmetric matrix is seen with its triangle lower: of an upper one, take the transpose. */
struct lane_cholesky {
    struct lane_matrix A;
    struct lane_info info;
};

struct lane_spd_solve {
    struct lane_matrix A, B;
    struct lane_info info;
};

struct lane_lu {
    struct lane_matrix A;
    struct lane_matrix pivots; /* n x 1 of int32 */
    struct lane_info info;
};

struct lane_solve {
    struct lane_matrix A, B;
    struct lane_info info;
};

/* C = alpha A B + beta C, all in columns and square, of order 4, 8, 16, 32 or 64. */
struct lane_gemm {
    double alpha, beta;
    struct lane_matrix A, B, C;
};

/* Right-hand sides that a solve takes together. */
enum { LANE_RHS = 8 };

#endif
