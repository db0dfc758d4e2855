/* Random sketches, element by element, written again from what the library says of them: Philox by
 * 64-bit products (Salmon, Moraes, Dror and Shaw, SC 2011, section 3.3), permutations by a Feistel
 * network on the halves of an index, Hadamard matrices by Sylvester's recursion. */
#include "internal.h"

uint32_t oracle_random_word(uint64_t seed, uint32_t word, uint64_t row, uint32_t col)
{
    uint32_t x[4] = {(uint32_t)(row / 4), (uint32_t)(row / 4 >> 32), col, word};
    uint32_t key[2] = {(uint32_t)(seed & 0xFFFFFFFFu), (uint32_t)(seed >> 32)};
    for (int round = 0; round < 10; round++) {
        const uint64_t first = UINT64_C(0xD2511F53) * x[0], third = UINT64_C(0xCD9E8D57) * x[2];
        const uint32_t next[4] = {(uint32_t)(third >> 32) ^ x[1] ^ key[0], (uint32_t)third,
                                  (uint32_t)(first >> 32) ^ x[3] ^ key[1], (uint32_t)first};
        for (int i = 0; i < 4; i++) x[i] = next[i];
        key[0] += UINT32_C(0x9E3779B9);
        key[1] += UINT32_C(0xBB67AE85);
    }
    return x[row % 4];
}

/* The leading `bits` bits of a word. */
static uint64_t leading(uint32_t x, int bits)
{
    return bits == 0 ? 0 : x / (UINT64_C(1) << (32 - bits));
}

uint64_t oracle_permuted(uint64_t seed, uint32_t word, uint32_t col, int bits, uint64_t x)
{
    const int upper = bits / 2, lower = bits - upper;
    uint64_t low = x % (UINT64_C(1) << lower), high = x / (UINT64_C(1) << lower);
    for (uint32_t round = 0; round < 6; round++)
        if (round % 2 == 0)
            high ^= leading(oracle_random_word(seed, word, 4 * low, col + round), upper);
        else
            low ^= leading(oracle_random_word(seed, word, 4 * high, col + round), lower);
    return high * (UINT64_C(1) << lower) + low;
}

/* Of [H H; H -H]. */
static int hadamard(int bits, uint64_t row, uint64_t col)
{
    if (bits == 0) return 1;
    const uint64_t half = UINT64_C(1) << (bits - 1);
    const int sign = row >= half && col >= half ? -1 : 1;
    return sign * hadamard(bits - 1, row % half, col % half);
}

int oracle_hadamard_sketch(uint64_t seed, uint32_t word, int64_t m, int64_t i, int64_t j)
{
    int bits = 0;
    while (INT64_C(1) << bits < m) bits++;
    const int sign = leading(oracle_random_word(seed, word, (uint64_t)j, 0), 1) ? -1 : 1;
    return sign * hadamard(bits, oracle_permuted(seed, word, 7, bits, (uint64_t)i),
                           oracle_permuted(seed, word, 1, bits, (uint64_t)j));
}
