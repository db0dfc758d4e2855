/* core/philox.h ------------------------------------------------------------------------------ */
/* Philox4x32-10: a counter (four 32-bit words) and a key (two) go in, four random words come out.
 *
 * There is no state: any block of the sequence is computed on its own, on any device, in any
 * order. Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3,
 * SC 2011, section 3.3; the constants and ten rounds are theirs.
 *
 * Plain integer arithmetic, the same for C11, C++17 and CUDA device code. A .cu file defines
 * RITZ_HD as `__host__ __device__` before including this; elsewhere it is empty.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_PHILOX_H
#define RITZ_CORE_PHILOX_H

#include <stdint.h>

#ifndef RITZ_HD
#define RITZ_HD
#endif

#define RITZ_INLINE static inline RITZ_HD

typedef struct ritz_philox_block {
    uint32_t w[4];
} ritz_philox_block;

RITZ_INLINE ritz_philox_block ritz_philox_round(ritz_philox_block c, uint32_t key0, uint32_t key1)
{
    const uint64_t p0 = (uint64_t)c.w[0] * UINT32_C(0xD2511F53);
    const uint64_t p1 = (uint64_t)c.w[2] * UINT32_C(0xCD9E8D57);
    ritz_philox_block r;
    r.w[0] = (uint32_t)(p1 >> 32) ^ c.w[1] ^ key0;
    r.w[1] = (uint32_t)p1;
    r.w[2] = (uint32_t)(p0 >> 32) ^ c.w[3] ^ key1;
    r.w[3] = (uint32_t)p0;
    return r;
}

/* The key of a 64-bit seed is (low word, high word). */
RITZ_INLINE ritz_philox_block ritz_philox4x32_10(uint64_t seed, ritz_philox_block counter)
{
    const uint32_t step0 = UINT32_C(0x9E3779B9), step1 = UINT32_C(0xBB67AE85);
    const uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    ritz_philox_block c = counter;
    for (uint32_t i = 0; i < 10; i++) c = ritz_philox_round(c, k0 + step0 * i, k1 + step1 * i);
    return c;
}

/* Word k of a block, by choices: an index that is not known when it is compiled would put the block
 * into the memory of a GPU's thread. */
RITZ_INLINE uint32_t ritz_philox_word(ritz_philox_block b, uint32_t k)
{
    const uint32_t low = k % 2 == 0 ? b.w[0] : b.w[1], high = k % 2 == 0 ? b.w[2] : b.w[3];
    return k < 2 ? low : high;
}

#endif
