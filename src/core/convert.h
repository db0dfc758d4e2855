/* Conversion of elements between data types.
 *
 * The rule, everywhere in Ritz: to a floating-point type, one rounding to nearest even, overflow to
 * infinity, NaN stays NaN; to an integer type, round half to even, saturate, NaN becomes 0. The
 * code relies on the default rounding mode.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_CONVERT_H
#define RITZ_CORE_CONVERT_H

#include <stdint.h>
#include <string.h>

#include "ritz/matrix.h"

/* The type of an element in memory or in a file: every ritz_dtype under its own number, and the
 * types that occur in files only. */
typedef enum ritz_elem {
    RITZ_ELEM_F32 = RITZ_F32,
    RITZ_ELEM_F64 = RITZ_F64,
    RITZ_ELEM_F16 = RITZ_F16,
    RITZ_ELEM_BF16 = RITZ_BF16,
    RITZ_ELEM_I8 = RITZ_I8,
    RITZ_ELEM_U8 = RITZ_U8,
    RITZ_ELEM_I32 = RITZ_I32,
    RITZ_ELEM_I64 = RITZ_I64,
    RITZ_ELEM_I16 = 9,
    RITZ_ELEM_U16 = 10,
    RITZ_ELEM_U32 = 11,
    RITZ_ELEM_U64 = 12,
    RITZ_ELEM_BOOL = 13 /* one byte; anything but 0 is 1 */
} ritz_elem;

/* Bytes of one element; 0 if there is no such type. */
size_t ritz_elem_size(ritz_elem type);

/* The NumPy name, such as "uint16"; "unknown" if there is no such type. */
const char *ritz_elem_name(ritz_elem type);

/* The data type of a matrix that holds such elements: the type itself where there is one, else the
 * smallest floating-point type that loses least: int16, uint16, bool -> float32; uint32, uint64 ->
 * float64. */
ritz_dtype ritz_elem_dtype(ritz_elem type);

/* dst[i*dst_stride] = src[i*src_stride], 0 <= i < count, converted by the rule above. Strides count
 * elements. The two must not overlap, and both types must be valid. */
void ritz_convert_strided(int64_t count, const void *src, ritz_elem src_type, int64_t src_stride,
                          void *dst, ritz_dtype dst_type, int64_t dst_stride);

/* ---- scalars: branch-free, so that loops over them vectorise -------------------------------- */

static inline uint32_t ritz_f32_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float ritz_f32_from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* condition ? a : b. With masks, because compilers turn the operator into a branch where one side
 * is floating-point arithmetic, and branches do not vectorise. */
static inline uint32_t ritz_select_u32(int condition, uint32_t a, uint32_t b)
{
    uint32_t mask = 0u - (uint32_t)condition;
    return (a & mask) | (b & ~mask);
}

/* bfloat16 is the upper half of a binary32. */
static inline float ritz_bf16_to_f32(uint16_t h)
{
    return ritz_f32_from_bits((uint32_t)h << 16);
}

static inline uint16_t ritz_f32_to_bf16(float x)
{
    uint32_t bits = ritz_f32_bits(x);
    uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    uint32_t quiet_nan = (bits >> 16) | 0x40u;
    return (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet_nan : rounded);
}

/* binary16 has 5 exponent bits (bias 15) and 10 fraction bits; binary32 8 (bias 127) and 23. */
static inline float ritz_f16_to_f32(uint16_t h)
{
    const uint32_t rebias = (127u - 15u) << 23;
    uint32_t magnitude = h & 0x7FFFu;
    uint32_t normal = (magnitude << 13) + rebias;
    uint32_t special = normal + rebias; /* the largest exponent of one is that of the other */
    uint32_t subnormal = ritz_f32_bits((float)(int32_t)magnitude * 0x1p-24f);
    uint32_t bits = ritz_select_u32(magnitude >= 0x7C00u, special, normal);
    bits = ritz_select_u32(magnitude < 0x0400u, subnormal, bits);
    return ritz_f32_from_bits(bits | ((uint32_t)(h & 0x8000u) << 16));
}

static inline uint16_t ritz_f32_to_f16(float x)
{
    const uint32_t rebias = (127u - 15u) << 10;
    uint32_t bits = ritz_f32_bits(x);
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    uint32_t normal = ((magnitude + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13) - rebias;
    /* In [1/2, 1) a binary32 has the spacing 2^-24 of binary16's subnormals: the sum rounds. */
    uint32_t subnormal = ritz_f32_bits(ritz_f32_from_bits(magnitude) + 0.5f) - 0x3F000000u;
    uint32_t nan = 0x7E00u | ((magnitude >> 13) & 0x3FFu);
    uint32_t half = ritz_select_u32(magnitude < 0x38800000u, subnormal, normal); /* 2^-14 */
    half = ritz_select_u32(magnitude >= 0x477FF000u, 0x7C00u, half); /* 65520 becomes infinity */
    half = ritz_select_u32(magnitude > 0x7F800000u, nan, half);
    return (uint16_t)(half | ((bits >> 16) & 0x8000u));
}

/* binary64 to binary32, rounded to odd: cut off, and the last bit set if anything was cut. Rounding
 * the result to a format at least two bits shorter equals rounding x at once (Boldo and Melquiond,
 * "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", IEEE
 * Transactions on Computers 57, 2008, section 3). */
static inline float ritz_f64_to_f32_odd(double x)
{
    float nearest = (float)x;
    double back = (double)nearest;
    uint32_t bits = ritz_f32_bits(nearest);
    uint32_t away = (x < 0 ? back < x : back > x) ? 1u : 0u;
    uint32_t inexact = (x < back || x > back) ? 1u : 0u; /* false for NaN */
    return ritz_f32_from_bits((bits - away) | inexact);
}

static inline uint16_t ritz_f64_to_f16(double x)
{
    return ritz_f32_to_f16(ritz_f64_to_f32_odd(x));
}

static inline uint16_t ritz_f64_to_bf16(double x)
{
    return ritz_f32_to_bf16(ritz_f64_to_f32_odd(x));
}

#endif
