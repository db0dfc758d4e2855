/* Arrays of pointers for the batched routines of cuBLAS.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/kernel.cuh"

#include "cuda/factor_kernels.h"

namespace
{

constexpr int THREADS = 256;
constexpr int64_t MOST_BLOCKS = 1024;

__global__ void __launch_bounds__(THREADS)
    fill_pointers(char *base, int64_t step, int64_t count, void **out)
{
    const int64_t width = static_cast<int64_t>(gridDim.x) * THREADS;
    for (int64_t b = static_cast<int64_t>(blockIdx.x) * THREADS + threadIdx.x; b < count;
         b += width)
        out[b] = base + b * step;
}

} // namespace

extern "C" cudaError_t launch_pointers(void *base, int64_t step_bytes, int64_t count, void *out,
                                       cudaStream_t stream)
{
    if (count == 0) return cudaSuccess;
    const int64_t blocks = (count + THREADS - 1) / THREADS;
    return RITZ_LAUNCH(fill_pointers, static_cast<unsigned>(min(blocks, MOST_BLOCKS)), THREADS, 0,
                       stream, static_cast<char *>(base), step_bytes, count,
                       static_cast<void **>(out));
}
