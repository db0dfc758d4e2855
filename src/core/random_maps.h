/* core/random_maps.h ------------------------------------------------------------------------- */
/* From Philox words to random numbers: entry (row, col) of a random matrix is a pure function of
 * (seed, stream word, row, col), never of the matrix's size, layout, device, tiles or threads.
 *
 * Addressing. The words of a matrix lie in blocks of four rows of one column:
 *
 *     word(row, col) = philox(key = seed,
 *                             counter = (low(row/4), high(row/4), col, stream word))[row mod 4]
 *
 * with col < 2^32. The stream word says what the numbers are for (RITZ_STREAM_WORD: a purpose below
 * 2^7 in bits 30..24, a substream below 2^24 in bits 23..0). Bit 31 is kept for the second half of
 * 64-bit words: word64(row, col) = word(row, col) * 2^32 + word'(row, col), where word' is read
 * with
 * bit 31 of the stream word set.
 *
 *     uniform, float32   word at (row, col)
 *     uniform, float64   word64 at (row, col); so it agrees with the float32 number to 2^-24
 *     sign               bit 31 of word at (row, col): set means -1
 *     normal             the words of rows 2t and 2t+1: the first gives the radius, the second the
 *                        angle; row 2t is the cosine, row 2t+1 the sine. Made in float32 and
 *                        widened for float64, so that both dtypes share a sketch.
 *
 * Same bits everywhere. The normals are float32 arithmetic in which every a*b + c is an explicit
 * fma, no bare product is ever an operand of + or -, and the remaining operations (product, sum,
 * fma, square root, conversion from int32) are correctly rounded by IEEE 754. So there is nothing
 * for a compiler to contract, and gcc, clang and nvcc, scalar or vectorised, with or without
 * -ffp-contract, agree in every bit. What would break it: -ffast-math and its relatives, another
 * rounding mode than to nearest, x87 arithmetic. No intermediate result is subnormal, so flushing
 * to
 * zero does no harm. The uniforms are exact in any order of operations.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_RANDOM_MAPS_H
#define RITZ_CORE_RANDOM_MAPS_H

#include <math.h>
#include <string.h>

#include "core/philox.h"

#define RITZ_STREAM_WORD(purpose, substream)                                                       \
    (((uint32_t)(purpose)&0x7Fu) << 24 | ((uint32_t)(substream)&0xFFFFFFu))
#define RITZ_STREAM_LOW_HALF UINT32_C(0x80000000)

RITZ_INLINE uint32_t ritz_float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

RITZ_INLINE float ritz_bits_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Uniform on (0, 1), both ends excluded: the midpoints of 2^23 and 2^52 equal cells. */

RITZ_INLINE float ritz_uniform_f32(uint32_t x)
{
    return (float)(int32_t)(x >> 9) * 0x1p-23f + 0x1p-24f; /* exact, contracted or not */
}

RITZ_INLINE double ritz_uniform_f64(uint32_t high, uint32_t low)
{
    /* The 52 bits become the fraction of a number in [1, 2); what remains is exact. */
    const uint64_t bits = UINT64_C(0x3FF0000000000000) | (uint64_t)high << 20 | low >> 12;
    double x;
    memcpy(&x, &bits, sizeof x);
    return (x - 1.0) + 0x1p-53;
}

RITZ_INLINE float ritz_sign_f32(uint32_t x)
{
    return ritz_bits_float(UINT32_C(0x3F800000) | (x & UINT32_C(0x80000000)));
}

/* An integer in [0, bound). Probabilities are off by less than 2^-32, relatively bound * 2^-32. */
RITZ_INLINE uint32_t ritz_below(uint32_t x, uint32_t bound)
{
    return (uint32_t)((uint64_t)x * bound >> 32);
}

/* ritz_minus_two_log, ritz_cos_sin, ritz_normals and the type ritz_normal_pair, for numbers. */
#define NAME(x) ritz_##x
#define FUNCTION RITZ_INLINE
#define REAL float
#define WORD uint32_t
#define INTEGER int32_t
#define CONSTANT(c) (c)
#define FROM_INT(i) ((float)(i))
#define AS_F(u) ritz_bits_float(u)
#define AS_U(f) ritz_float_bits(f)
#if defined(__CUDA_ARCH__)
#define FMA(a, b, c) __fmaf_rn(a, b, c)
#define SQRT(a) __fsqrt_rn(a)
#else
#define FMA(a, b, c) fmaf(a, b, c)
#define SQRT(a) sqrtf(a)
#endif
#include "core/normal_map.inc"

/* The definition of a random matrix: one entry at a time. */

RITZ_INLINE ritz_philox_block ritz_random_block(uint64_t seed, uint32_t stream_word,
                                                uint64_t row_block, uint32_t col)
{
    ritz_philox_block counter;
    counter.w[0] = (uint32_t)row_block;
    counter.w[1] = (uint32_t)(row_block >> 32);
    counter.w[2] = col;
    counter.w[3] = stream_word;
    return ritz_philox4x32_10(seed, counter);
}

RITZ_INLINE uint32_t ritz_random_word_at(uint64_t seed, uint32_t stream_word, uint64_t row,
                                         uint32_t col)
{
    return ritz_random_block(seed, stream_word, row / 4, col).w[row % 4];
}

RITZ_INLINE float ritz_random_uniform_f32_at(uint64_t seed, uint32_t stream_word, uint64_t row,
                                             uint32_t col)
{
    return ritz_uniform_f32(ritz_random_word_at(seed, stream_word, row, col));
}

RITZ_INLINE double ritz_random_uniform_f64_at(uint64_t seed, uint32_t stream_word, uint64_t row,
                                              uint32_t col)
{
    return ritz_uniform_f64(
        ritz_random_word_at(seed, stream_word, row, col),
        ritz_random_word_at(seed, stream_word | RITZ_STREAM_LOW_HALF, row, col));
}

RITZ_INLINE float ritz_random_sign_at(uint64_t seed, uint32_t stream_word, uint64_t row,
                                      uint32_t col)
{
    return ritz_sign_f32(ritz_random_word_at(seed, stream_word, row, col));
}

RITZ_INLINE float ritz_random_normal_at(uint64_t seed, uint32_t stream_word, uint64_t row,
                                        uint32_t col)
{
    const ritz_philox_block b = ritz_random_block(seed, stream_word, row / 4, col);
    const uint32_t pair = (uint32_t)(row % 4) & 2u;
    const ritz_normal_pair z = ritz_normals(b.w[pair], b.w[pair + 1]);
    return row % 2 == 0 ? z.first : z.second;
}

#endif
