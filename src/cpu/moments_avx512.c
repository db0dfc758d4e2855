/* The product of moments.c for AVX-512, which has 32 registers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/moments_kernel.h"

#if defined(__AVX512F__)

#include <immintrin.h>
#include <string.h>

#define VECTOR_BYTES 64
#define VECTORS 3
#define COLUMNS 8
#define TILE_PANELS 4

typedef __m512 vector_f32;
typedef __m512d vector_f64;

static inline vector_f32 fma_f32(vector_f32 sum, vector_f32 x, float y)
{
    return _mm512_fmadd_ps(x, _mm512_set1_ps(y), sum);
}

static inline vector_f64 fma_f64(vector_f64 sum, vector_f64 x, double y)
{
    return _mm512_fmadd_pd(x, _mm512_set1_pd(y), sum);
}

#define TEMPLATE "cpu/moments_kernel.inc"
#include "cpu/real_types.inc"

const struct cpu_moments_kernel *cpu_moments_avx512(ritz_dtype dtype)
{
    return dtype == RITZ_F32 ? &kernel_f32 : &kernel_f64;
}

#endif
