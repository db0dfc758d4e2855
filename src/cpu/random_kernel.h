/* cpu/random_kernel.h ------------------------------------------------------------------------ */
/* Fills blocks of random matrices as defined by core/random_maps.h, on the calling thread.
 *
 * A matrix may be cut into blocks in any way, and the blocks filled in any order and by any number
 * of threads: the entries are the same.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_RANDOM_KERNEL_H
#define RITZ_CPU_RANDOM_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "ritz/random.h"

typedef struct cpu_random_block {
    ritz_distribution distribution;
    uint32_t stream_word; /* RITZ_STREAM_WORD(purpose, substream) */
    uint64_t seed;
    uint64_t row0; /* matrix row and column of the block's first entry */
    uint32_t col0;
    int64_t rows, cols; /* col0 + cols <= 2^32 */
    double scale;       /* factor on every entry; rounded to float in the float32 fill */
} cpu_random_block;

/* out[i * row_stride + j * col_stride] = scale * entry(row0 + i, col0 + j). Strides count elements
 * and may be negative. Fast where one of the strides is 1, whichever. */
void cpu_random_fill_f32(const cpu_random_block *block, float *out, int64_t row_stride,
                         int64_t col_stride);
void cpu_random_fill_f64(const cpu_random_block *block, double *out, int64_t row_stride,
                         int64_t col_stride);

/* The words themselves: out[i * cols + j] = word(4*block0 + i, j) for 4*blocks rows. */
void cpu_random_words(uint64_t seed, uint32_t stream_word, uint64_t block0, int64_t blocks,
                      uint32_t cols, uint32_t *out);

/* The instruction sets the kernels are built for. The functions above take the best one that the
 * processor has; the tests compare all of them. */
typedef enum cpu_random_path {
    CPU_RANDOM_BASELINE = 0,
    CPU_RANDOM_AVX2 = 1,   /* AVX2 and FMA */
    CPU_RANDOM_AVX512 = 2, /* AVX-512 F, DQ, BW, VL */
    CPU_RANDOM_PATHS = 3
} cpu_random_path;

bool cpu_random_path_available(cpu_random_path path);

void cpu_random_fill_f32_on(cpu_random_path path, const cpu_random_block *block, float *out,
                            int64_t row_stride, int64_t col_stride);
void cpu_random_fill_f64_on(cpu_random_path path, const cpu_random_block *block, double *out,
                            int64_t row_stride, int64_t col_stride);
void cpu_random_words_on(cpu_random_path path, uint64_t seed, uint32_t stream_word, uint64_t block0,
                         int64_t blocks, uint32_t cols, uint32_t *out);

#endif
