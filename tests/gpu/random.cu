/* Words of cuRAND's own generator, for random.c. Not on the emulation: cuRAND's header brings
 * tables of other generators as variables on the device, which no kernel of Ritz has.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <curand_kernel.h>

#include "random.h"

static __global__ void generate(uint64_t seed, uint64_t subsequence, uint64_t block, int count,
                                uint4 *words)
{
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= count) return;
    curandStatePhilox4_32_10_t state;
    curand_init(seed, subsequence, 4 * (block + static_cast<uint64_t>(i)), &state);
    words[i] = curand4(&state);
}

cudaError_t curand_words(uint64_t seed, uint64_t subsequence, uint64_t block, int count,
                         uint32_t *words, cudaStream_t stream)
{
    generate<<<(count + 127) / 128, 128, 0, stream>>>(seed, subsequence, block, count,
                                                      reinterpret_cast<uint4 *>(words));
    return cudaGetLastError();
}
