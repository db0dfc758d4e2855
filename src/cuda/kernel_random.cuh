/* Random words and numbers in kernels: cuRAND's Philox, addressed by explicit counters, and Ritz's
 * own maps.
 *
 * Included instead of kernel.cuh, before anything else of the kernel file: cuRAND's header must see
 * CUDA's keywords as NVIDIA defines them, not as the emulation does. No generator state is kept: a
 * word is a pure function of seed, purpose and place (core/random_maps.h), the same as on the CPU.
 * cuRAND's own maps from words to numbers are not used; they differ from Ritz's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_KERNEL_RANDOM_CUH
#define RITZ_CUDA_KERNEL_RANDOM_CUH

#ifdef RITZ_CUDA_KERNEL_CUH
#error "kernel_random.cuh comes before kernel.cuh"
#endif

#include <cuda_runtime.h>
/* After cuda_runtime.h, whose types it uses. */
#include <curand_philox4x32_x.h>

#include "cuda/kernel.cuh"

#include "core/random_maps.h"

/* Rows 4 * row_block to 4 * row_block + 3 of a column: ritz_random_block(seed, stream_word,
 * row_block, col). */
static __device__ __forceinline__ ritz_philox_block ritz_device_random_block(uint64_t seed,
                                                                             uint32_t stream_word,
                                                                             uint64_t row_block,
                                                                             uint32_t col)
{
    uint4 counter;
    counter.x = static_cast<uint32_t>(row_block);
    counter.y = static_cast<uint32_t>(row_block >> 32);
    counter.z = col;
    counter.w = stream_word;
    uint2 key;
    key.x = static_cast<uint32_t>(seed);
    key.y = static_cast<uint32_t>(seed >> 32);
    const uint4 words = curand_Philox4x32_10(counter, key);
    ritz_philox_block block;
    block.w[0] = words.x;
    block.w[1] = words.y;
    block.w[2] = words.z;
    block.w[3] = words.w;
    return block;
}

#endif
