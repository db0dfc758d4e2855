/* Arrays of pointers for the batched routines of cuBLAS.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/kernel.cuh"

#include "cuda/factor_kernels.h"

namespace
{

constexpr int THREADS = 256;
constexpr int64_t MOST_BLOCKS = 1024;

__global__ void RITZ_BLOCK(THREADS)
    fill_pointers(char *base, int64_t step, int64_t count, void **out)
{
    const int64_t width = static_cast<int64_t>(gridDim.x) * THREADS;
    for (int64_t b = static_cast<int64_t>(blockIdx.x) * THREADS + threadIdx.x; b < count;
         b += width)
        out[b] = base + b * step;
}

__global__ void RITZ_BLOCK(THREADS)
    store_addresses(const struct address_list list, int64_t step, void **out)
{
    const int i = static_cast<int>(threadIdx.x);
    for (int o = 0; o < 3; o++)
        if (i < list.count) out[o * step + i] = list.p[o][i];
}
static_assert(ADDRESS_LIST <= THREADS, "a thread for each address");

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

extern "C" cudaError_t launch_addresses(const struct address_list *list, void **out, int64_t step,
                                        cudaStream_t stream)
{
    return RITZ_LAUNCH(store_addresses, 1, THREADS, 0, stream, *list, step, out);
}
