/* The product of moments.c for AVX2 and FMA, with 16 registers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/moments_kernel.h"

#if defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>
#include <string.h>

#define VECTOR_BYTES 32
#define VECTORS 3
#define COLUMNS 4
#define TILE_PANELS 6

typedef __m256 vector_f32;
typedef __m256d vector_f64;

static inline vector_f32 fma_f32(vector_f32 sum, vector_f32 x, float y)
{
    return _mm256_fmadd_ps(x, _mm256_set1_ps(y), sum);
}

static inline vector_f64 fma_f64(vector_f64 sum, vector_f64 x, double y)
{
    return _mm256_fmadd_pd(x, _mm256_set1_pd(y), sum);
}

#define TEMPLATE "cpu/moments_kernel.inc"
#include "cpu/real_types.inc"

const struct cpu_moments_kernel *cpu_moments_avx2(ritz_dtype dtype)
{
    return dtype == RITZ_F32 ? &kernel_f32 : &kernel_f64;
}

#endif
