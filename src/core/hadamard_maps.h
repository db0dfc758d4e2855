/* The Hadamard sketch: which row and column of a Hadamard matrix its own are.
 *
 *     S(i, j) = sign_j H(a_i, b_j) / sqrt(d),   H(a, b) = (-1)^(number of ones in a & b)
 *
 * H is the Hadamard matrix of order M = 2^bits in Sylvester's order, a and b are independent
 * pseudo-random permutations of 0 .. M-1, and S is d x m with d, m <= M: its rows are sampled
 * without replacement, its columns permuted. Without the second permutation, data whose mass is in
 * a few neighbouring rows meets only a few different columns of H (Boutsidis and Gittens, SIAM J.
 * Matrix Anal. Appl. 34(3), 2013, count on spread-out rows).
 *
 * As everything random, an element is a pure function of (seed, stream word, i, j); random_maps.h
 * says what a word at (row, column) is. The sign of column j is that at (j, 0). A permutation is an
 * alternating Feistel network on the upper and lower half of the bits, whose round function is the
 * word at (4x, 1 + round), the rounds of a after those of b: a bijection whatever the words are
 * (Luby and Rackoff, SIAM J. Comput. 17(2), 1988; unequal halves: Schneier and Kelsey, FSE 1996).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_HADAMARD_MAPS_H
#define RITZ_CORE_HADAMARD_MAPS_H

#include "core/random_maps.h"

#define RITZ_SHUFFLE_ROUNDS 6
#define RITZ_HADAMARD_SIGNS 0
#define RITZ_HADAMARD_COLUMNS 1
#define RITZ_HADAMARD_ROWS (RITZ_HADAMARD_COLUMNS + RITZ_SHUFFLE_ROUNDS)

/* The least exponent with m <= 2^exponent. */
RITZ_INLINE int ritz_hadamard_bits(int64_t m)
{
    int bits = 0;
    while (INT64_C(1) << bits < m) bits++;
    return bits;
}

RITZ_INLINE uint32_t ritz_shuffle_round(uint64_t seed, uint32_t word, uint32_t col, uint32_t x,
                                        int bits)
{
    const uint64_t w = ritz_random_word_at(seed, word, (uint64_t)x * 4, col);
    return (uint32_t)(w >> (32 - bits));
}

/* The place of x < 2^bits in a permutation, bits <= 32; `col`: the column of its first round. */
RITZ_INLINE uint32_t ritz_shuffle(uint64_t seed, uint32_t word, uint32_t col, int bits, uint32_t x)
{
    const int upper = bits / 2, lower = bits - upper;
    uint32_t low = x & ((UINT32_C(1) << lower) - 1), high = x >> lower;
    for (uint32_t r = 0; r < RITZ_SHUFFLE_ROUNDS; r += 2) {
        high ^= ritz_shuffle_round(seed, word, col + r, low, upper);
        low ^= ritz_shuffle_round(seed, word, col + r + 1, high, lower);
    }
    return high << lower | low;
}

/* Codes, so that S(i, j) < 0 exactly where row code & column code have an odd number of ones. */
RITZ_INLINE uint64_t ritz_hadamard_column(uint64_t seed, uint32_t word, int bits, uint64_t j)
{
    const uint32_t b = ritz_shuffle(seed, word, RITZ_HADAMARD_COLUMNS, bits, (uint32_t)j);
    const ritz_philox_block signs = ritz_random_block(seed, word, j / 4, RITZ_HADAMARD_SIGNS);
    return (uint64_t)b * 2 + (ritz_philox_word(signs, (uint32_t)(j % 4)) >> 31);
}

RITZ_INLINE uint64_t ritz_hadamard_row(uint64_t seed, uint32_t word, int bits, uint64_t i)
{
    return (uint64_t)ritz_shuffle(seed, word, RITZ_HADAMARD_ROWS, bits, (uint32_t)i) * 2 + 1;
}

RITZ_INLINE uint64_t ritz_hadamard_code(int rows, uint64_t seed, uint32_t word, int bits,
                                        uint64_t index)
{
    return rows ? ritz_hadamard_row(seed, word, bits, index)
                : ritz_hadamard_column(seed, word, bits, index);
}

RITZ_INLINE int ritz_hadamard_negative(uint64_t row, uint64_t column)
{
    uint64_t x = row & column;
    x ^= x >> 32;
    x ^= x >> 16;
    x ^= x >> 8;
    x ^= x >> 4;
    x ^= x >> 2;
    x ^= x >> 1;
    return (int)(x & 1);
}

/* ---- the fast transform ---------------------------------------------------------------------- */

/* Columns that are transformed together, of so many that are left: a power of two, so that bits of
 * an address say which column and which row. It may be more than are left, by a third. */
#define RITZ_HADAMARD_PANEL 32
RITZ_INLINE int ritz_hadamard_panel_bits(int64_t left)
{
    const int bits = ritz_hadamard_bits(left < RITZ_HADAMARD_PANEL ? left : RITZ_HADAMARD_PANEL);
    return bits > 0 && 4 * left <= INT64_C(3) << bits ? bits - 1 : bits;
}

/* A panel is an array of 2^total elements, row by row, and a pass through it makes the butterflies
 * of some bits of the index in tiles that fit fast memory: elements that differ in their last
 * `lanes` bits, which lie together, and in `bits` bits from `low` on. A tile is numbered by the
 * other bits, and its elements by (bits from low, lanes). The butterflies are those of the bits
 * from `first` of this number. */
struct ritz_hadamard_pass {
    int low, bits, lanes, first;
};

/* The first tile is one piece of memory, and the butterflies of it leave out the bits that say the
 * column. Passes go from low bits to high: the bits of the result do not depend on the tiles. */
RITZ_INLINE struct ritz_hadamard_pass ritz_hadamard_first_pass(int total, int panel_bits, int tile,
                                                               int lanes)
{
    struct ritz_hadamard_pass pass;
    const int bits = total < tile ? total : tile;
    pass.lanes = bits < lanes ? bits : lanes;
    pass.low = pass.lanes;
    pass.bits = bits - pass.lanes;
    pass.first = panel_bits;
    return pass;
}

/* The next one; no bits: there is none. */
RITZ_INLINE struct ritz_hadamard_pass ritz_hadamard_next_pass(struct ritz_hadamard_pass last,
                                                              int total, int tile)
{
    struct ritz_hadamard_pass pass = last;
    const int left = total - (last.low + last.bits), most = tile - last.lanes;
    pass.low = last.low + last.bits;
    pass.bits = left < most ? left : most;
    pass.first = last.lanes;
    return pass;
}

/* Where element e of a tile is in the panel. */
RITZ_INLINE int64_t ritz_hadamard_index(struct ritz_hadamard_pass pass, int64_t tile, int64_t e)
{
    const int64_t between = pass.low - pass.lanes; /* bits of the tile's number below `low` */
    const int64_t under = tile & ((INT64_C(1) << between) - 1), over = tile >> between;
    const int64_t lane = e & ((INT64_C(1) << pass.lanes) - 1), at = e >> pass.lanes;
    return over << (pass.low + pass.bits) | at << pass.low | under << pass.lanes | lane;
}

/* Element e of the quarter of a tile where bits `bit` and bit + 1 are 0; half: where `bit` is. */
RITZ_INLINE int64_t ritz_hadamard_quarter(int64_t e, int bit)
{
    return e >> bit << (bit + 2) | (e & ((INT64_C(1) << bit) - 1));
}
RITZ_INLINE int64_t ritz_hadamard_half(int64_t e, int bit)
{
    return e >> bit << (bit + 1) | (e & ((INT64_C(1) << bit) - 1));
}

#endif
