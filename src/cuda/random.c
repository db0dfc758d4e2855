/* Random matrices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/cuda.h"
#include "cuda/kernels.h"

ritz_status cuda_random_fill(ritz_stream *s, ritz_distribution dist, uint64_t seed, uint32_t word,
                             int64_t row0, int64_t col0, ritz_dmat A)
{
    const struct cuda_operand a = cuda_operand_of(A);
    if (cuda_operand_empty(&a)) return RITZ_OK;
    CUDA_ENTER(cuda_device_of(s));
    return CUDA(launch_random(dist, seed, word, row0, col0, a, cuda_native(s)));
}
