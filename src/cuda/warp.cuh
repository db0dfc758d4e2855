/* Sums over a warp, by a fixed tree: every lane gets the same bits in every run.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_WARP_CUH
#define RITZ_CUDA_WARP_CUH

#include "cuda/kernel.cuh"

template <typename T> __device__ inline T ritz_warp_sum(T x)
{
    RITZ_UNROLL
    for (int step = RITZ_WARP / 2; step > 0; step /= 2)
        x += __shfl_xor_sync(RITZ_ALL_LANES, x, step);
    return x;
}

template <typename T> __device__ inline T ritz_warp_max(T x)
{
    RITZ_UNROLL
    for (int step = RITZ_WARP / 2; step > 0; step /= 2) {
        const T y = __shfl_xor_sync(RITZ_ALL_LANES, x, step);
        x = y > x ? y : x;
    }
    return x;
}

#endif
