/* The product behind moments.c: a tile of SᵀS, built once per instruction set.
 *
 * S, at most CPU_MOMENTS_ROWS rows of centred data, is stored so that both factors are read in the
 * order in which they lie: in panels of `panel` columns, the columns of a row next to each other.
 * A kernel takes the columns of the left factor as vectors, those of the right one by one; the same
 * panels serve as both.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_MOMENTS_KERNEL_H
#define RITZ_CPU_MOMENTS_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/backend.h"

/* The longest sum in the type of the product. Shorter than what the operation allows (512): what a
 * kernel reads again and again, a few columns of so many rows, stays in the first-level cache. */
#define CPU_MOMENTS_ROWS 256

/* One product. Columns of the last panel beyond left_cols or right_cols are stored, and read. */
struct cpu_moments_product {
    const void *left, *right;      /* rows x left_cols and rows x right_cols, in panels */
    int64_t panel_size;            /* elements from one panel to the next */
    int64_t rows;                  /* 0 <= rows <= CPU_MOMENTS_ROWS */
    int64_t left_cols, right_cols; /* at most `tile` */
    bool diagonal;                 /* left is right: entries above the diagonal are not needed */
    double *tile;                  /* tile x tile, column-major, aligned to 64 bytes */
};

/* The kernels of an instruction set for a type. */
struct cpu_moments_kernel {
    int64_t panel; /* columns of a panel */
    int64_t tile;  /* rows and columns of a tile, a multiple of `panel` */
    /* tile += leftᵀ right, the sums over the rows formed in the type. Also changes what lies
     * beyond left_cols and right_cols, and parts of what is above the diagonal, of the tile. */
    void (*add)(const struct cpu_moments_product *p);
};

enum cpu_moments_path {
    CPU_MOMENTS_BASELINE = 0,
    CPU_MOMENTS_AVX2 = 1,   /* AVX2 and FMA */
    CPU_MOMENTS_AVX512 = 2, /* AVX-512 F, DQ, BW, VL */
    CPU_MOMENTS_PATHS = 3
};

bool cpu_moments_path_available(enum cpu_moments_path path);

/* The best that the processor has. */
enum cpu_moments_path cpu_moments_best_path(void);

/* The kernels of an available path, for float32 or float64. */
const struct cpu_moments_kernel *cpu_moments_kernel(enum cpu_moments_path path, ritz_dtype dtype);

/* cpu_moments_merge with the kernels of an available path, for tests. */
ritz_status cpu_moments_merge_on(enum cpu_moments_path path, ritz_stream *s, ritz_dtype compute,
                                 int64_t count, ritz_dmat A, ritz_dmat mean, ritz_dmat G);

/* What the files of the instruction sets bring. */
const struct cpu_moments_kernel *cpu_moments_avx2(ritz_dtype dtype);
const struct cpu_moments_kernel *cpu_moments_avx512(ritz_dtype dtype);

#endif
