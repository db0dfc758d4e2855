/* The product of moments.c for what every processor of the architecture has, and the choice among
 * the instruction sets.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/moments_kernel.h"

#include <string.h>

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

#define VECTOR_BYTES 16
#define TILE_PANELS 8

#if defined(__aarch64__)

/* 32 registers, and in large processors four units with a latency of four cycles. */
#define VECTORS 4
#define COLUMNS 4

typedef float32x4_t vector_f32;
typedef float64x2_t vector_f64;

static inline vector_f32 fma_f32(vector_f32 sum, vector_f32 x, float y)
{
    return vfmaq_n_f32(sum, x, y);
}

static inline vector_f64 fma_f64(vector_f64 sum, vector_f64 x, double y)
{
    return vfmaq_n_f64(sum, x, y);
}

#else

#define VECTORS 2
#define COLUMNS 4

typedef float vector_f32 __attribute__((vector_size(VECTOR_BYTES)));
typedef double vector_f64 __attribute__((vector_size(VECTOR_BYTES)));

static inline vector_f32 fma_f32(vector_f32 sum, vector_f32 x, float y)
{
    return sum + x * y;
}

static inline vector_f64 fma_f64(vector_f64 sum, vector_f64 x, double y)
{
    return sum + x * y;
}

#endif

#define TEMPLATE "cpu/moments_kernel.inc"
#include "cpu/real_types.inc"

bool cpu_moments_path_available(enum cpu_moments_path path)
{
    switch (path) {
    case CPU_MOMENTS_BASELINE: return true;
#if defined(__x86_64__)
    case CPU_MOMENTS_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case CPU_MOMENTS_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("fma");
#endif
    default: return false;
    }
}

enum cpu_moments_path cpu_moments_best_path(void)
{
    if (cpu_moments_path_available(CPU_MOMENTS_AVX512)) return CPU_MOMENTS_AVX512;
    if (cpu_moments_path_available(CPU_MOMENTS_AVX2)) return CPU_MOMENTS_AVX2;
    return CPU_MOMENTS_BASELINE;
}

const struct cpu_moments_kernel *cpu_moments_kernel(enum cpu_moments_path path, ritz_dtype dtype)
{
#if defined(__x86_64__)
    if (path == CPU_MOMENTS_AVX512) return cpu_moments_avx512(dtype);
    if (path == CPU_MOMENTS_AVX2) return cpu_moments_avx2(dtype);
#endif
    (void)path;
    return dtype == RITZ_F32 ? &kernel_f32 : &kernel_f64;
}
