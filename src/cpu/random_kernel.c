/* cpu/random_kernel.c: the kernels of random_kernel.inc, built once per instruction set, and the
 * choice among them at run time.
 *
 * The instruction sets differ in speed only. The baseline has no fused multiply-add, so there
 * every one is a call into the C library, exact and slow.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/random_kernel.h"

#include "core/random_maps.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Counters of the blocks of four rows that one step of a kernel works on, lane by lane. */
enum { LANES = 16 };
typedef struct counters {
    uint32_t block_low[LANES], block_high[LANES], col[LANES];
} counters;

/* The way through a block of a matrix: blocks of four rows of one column, LANES at a time, in the
 * order in which they lie in memory: down the columns, or along the rows. */
typedef struct walk {
    bool down;
    bool one_run;                    /* the latest lanes are neighbours, none is unused */
    uint64_t first_block, first_col; /* of the latest lanes */
    uint64_t block0, blocks;
    uint64_t col0, cols;
    uint64_t block, col; /* next to be handed out, from block0 and col0 */
} walk;

static walk walk_start(const cpu_random_block *block, int64_t row_stride, int64_t col_stride)
{
    walk w = {.block0 = block->row0 / 4, .col0 = block->col0};
    if (block->rows <= 0 || block->cols <= 0) return w;
    w.blocks = (block->row0 % 4 + (uint64_t)block->rows + 3) / 4;
    w.cols = (uint64_t)block->cols;
    w.down = row_stride == 1 || (col_stride != 1 && w.blocks > w.cols);
    return w;
}

static void walk_advance(walk *w, uint64_t lanes)
{
    if (w->down) {
        w->block += lanes;
        if (w->block < w->blocks) return;
        w->block = 0;
        w->col++;
    } else {
        w->col += lanes;
        if (w->col < w->cols) return;
        w->col = 0;
        w->block++;
    }
}

/* Takes the next lanes and returns how many there are, 0 at the end. Sets their counters, save for
 * one run, where the kernel does so. */
static int walk_next(walk *w, counters *at)
{
    if (w->block >= w->blocks || w->col >= w->cols) return 0;
    w->first_block = w->block0 + w->block;
    w->first_col = w->col0 + w->col;
    w->one_run = (w->down ? w->blocks - w->block : w->cols - w->col) >= LANES;
    if (w->one_run) {
        walk_advance(w, LANES);
        return LANES;
    }
    int count = 0;
    while (count < LANES && w->block < w->blocks && w->col < w->cols) {
        const uint64_t row_block = w->block0 + w->block;
        at->block_low[count] = (uint32_t)row_block;
        at->block_high[count] = (uint32_t)(row_block >> 32);
        at->col[count] = (uint32_t)(w->col0 + w->col);
        count++;
        walk_advance(w, 1);
    }
    return count;
}

#define CONCAT(name, suffix) name##_##suffix
#define CONCAT2(name, suffix) CONCAT(name, suffix)

/* For the baseline, which has no vector instruction for one or both. */
typedef float four_floats __attribute__((vector_size(16)));

static inline four_floats fma_by_element(four_floats a, four_floats b, four_floats c)
{
    return (four_floats){fmaf(a[0], b[0], c[0]), fmaf(a[1], b[1], c[1]), fmaf(a[2], b[2], c[2]),
                         fmaf(a[3], b[3], c[3])};
}

#if !defined(__x86_64__)
static inline four_floats sqrt_by_element(four_floats a)
{
    return (four_floats){sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])};
}
#endif

/* What a build of random_kernel.inc is given: SET, the suffix of its names; TARGET, the attribute
 * of its functions; WORDS, the 32-bit words that one vector holds; and what plain C has no vector
 * operation for: MUL32, the 64-bit products of the low halves of 64-bit elements, FMAV and
 * SQRTV. */
#if defined(__x86_64__)

#define SET baseline
#define TARGET
#define WORDS 4
#define MUL32(a, b) ((u64v)_mm_mul_epu32((__m128i)(a), (__m128i)(b)))
#define FMAV(a, b, c) fma_by_element(a, b, c)
#define SQRTV(a) ((f32v)_mm_sqrt_ps((__m128)(a)))
#include "random_kernel.inc"

#define SET avx2
#define TARGET __attribute__((target("avx2,fma")))
#define WORDS 8
#define MUL32(a, b) ((u64v)_mm256_mul_epu32((__m256i)(a), (__m256i)(b)))
#define FMAV(a, b, c) ((f32v)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define SQRTV(a) ((f32v)_mm256_sqrt_ps((__m256)(a)))
#include "random_kernel.inc"

#define SET avx512
#define TARGET __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,fma")))
#define WORDS 16
#define MUL32(a, b) ((u64v)_mm512_mul_epu32((__m512i)(a), (__m512i)(b)))
#define FMAV(a, b, c) ((f32v)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define SQRTV(a) ((f32v)_mm512_sqrt_ps((__m512)(a)))
#include "random_kernel.inc"

#else

#define SET baseline
#define TARGET
#define WORDS 4
#define MUL32(a, b) (((a)&UINT32_MAX) * ((b)&UINT32_MAX))
#define FMAV(a, b, c) fma_by_element(a, b, c)
#define SQRTV(a) sqrt_by_element(a)
#include "random_kernel.inc"

#endif

bool cpu_random_path_available(cpu_random_path path)
{
    switch (path) {
    case CPU_RANDOM_BASELINE: return true;
#if defined(__x86_64__)
    case CPU_RANDOM_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case CPU_RANDOM_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("fma");
#endif
    default: return false;
    }
}

static cpu_random_path best_path(void)
{
    if (cpu_random_path_available(CPU_RANDOM_AVX512)) return CPU_RANDOM_AVX512;
    if (cpu_random_path_available(CPU_RANDOM_AVX2)) return CPU_RANDOM_AVX2;
    return CPU_RANDOM_BASELINE;
}

void cpu_random_fill_f32_on(cpu_random_path path, const cpu_random_block *block, float *out,
                            int64_t row_stride, int64_t col_stride)
{
    switch (path) {
#if defined(__x86_64__)
    case CPU_RANDOM_AVX512: fill_f32_avx512(block, out, row_stride, col_stride); return;
    case CPU_RANDOM_AVX2: fill_f32_avx2(block, out, row_stride, col_stride); return;
#endif
    default: fill_f32_baseline(block, out, row_stride, col_stride); return;
    }
}

void cpu_random_fill_f64_on(cpu_random_path path, const cpu_random_block *block, double *out,
                            int64_t row_stride, int64_t col_stride)
{
    switch (path) {
#if defined(__x86_64__)
    case CPU_RANDOM_AVX512: fill_f64_avx512(block, out, row_stride, col_stride); return;
    case CPU_RANDOM_AVX2: fill_f64_avx2(block, out, row_stride, col_stride); return;
#endif
    default: fill_f64_baseline(block, out, row_stride, col_stride); return;
    }
}

void cpu_random_fill_f32(const cpu_random_block *block, float *out, int64_t row_stride,
                         int64_t col_stride)
{
    cpu_random_fill_f32_on(best_path(), block, out, row_stride, col_stride);
}

void cpu_random_fill_f64(const cpu_random_block *block, double *out, int64_t row_stride,
                         int64_t col_stride)
{
    cpu_random_fill_f64_on(best_path(), block, out, row_stride, col_stride);
}

void cpu_random_words_on(cpu_random_path path, uint64_t seed, uint32_t stream_word, uint64_t block0,
                         int64_t blocks, uint32_t cols, uint32_t *out)
{
    switch (path) {
#if defined(__x86_64__)
    case CPU_RANDOM_AVX512: fill_words_avx512(seed, stream_word, block0, blocks, cols, out); return;
    case CPU_RANDOM_AVX2: fill_words_avx2(seed, stream_word, block0, blocks, cols, out); return;
#endif
    default: fill_words_baseline(seed, stream_word, block0, blocks, cols, out); return;
    }
}

void cpu_random_words(uint64_t seed, uint32_t stream_word, uint64_t block0, int64_t blocks,
                      uint32_t cols, uint32_t *out)
{
    cpu_random_words_on(best_path(), seed, stream_word, block0, blocks, cols, out);
}
