/* A kernel for random.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_GPU_RANDOM_H
#define RITZ_TESTS_GPU_RANDOM_H

#include <stdint.h>

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Four words of each of `count` blocks of a subsequence, by curand_init and curand4. */
cudaError_t curand_words(uint64_t seed, uint64_t subsequence, uint64_t block, int count,
                         uint32_t *words, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
