/* The permutations and signs of the Hadamard sketch: against the oracle's, bijective at every size,
 * and evenly distributed. The samples are fixed, so a statistical test passes always or never. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/hadamard_maps.h"
#include "oracle/oracle.h"

static void test_permutations_are_the_oracles(void **state)
{
    (void)state;
    static const int sizes[] = {0, 1, 2, 5, 16, 31, 32};
    for (int i = 0; i < 7; i++)
        for (uint64_t k = 0; k < 50; k++) {
            const uint32_t x = (uint32_t)(matgen_word(1, k) & ((UINT64_C(1) << sizes[i]) - 1));
            assert_int_equal(ritz_shuffle(k, 0x10000007, 7, sizes[i], x),
                             oracle_permuted(k, 0x10000007, 7, sizes[i], x));
        }
}

static void test_permutations_are_bijections(void **state)
{
    (void)state;
    static unsigned char hit[1 << 12];
    for (int bits = 0; bits <= 12; bits++)
        for (uint64_t seed = 0; seed < 6; seed++) {
            memset(hit, 0, sizeof hit);
            for (uint32_t x = 0; x < UINT32_C(1) << bits; x++) {
                const uint32_t y = ritz_shuffle(seed, 3, RITZ_HADAMARD_ROWS, bits, x);
                assert_true(y < UINT32_C(1) << bits);
                assert_int_equal(hit[y]++, 0);
            }
        }
}

/* Each permutation comes as often as the others, within five deviations of a count and a tenth: for
 * so few bits the distribution of a network of six rounds is not quite even. */
static void check_small(int bits, int permutations, int draws)
{
    int count[256] = {0}, seen = 0;
    for (int seed = 0; seed < draws; seed++) {
        int code = 0;
        for (uint32_t x = 0; x < UINT32_C(1) << bits; x++)
            code = code * 4 + (int)ritz_shuffle((uint64_t)seed, 5, RITZ_HADAMARD_COLUMNS, bits, x);
        assert_true(code < 256);
        count[code]++;
    }
    const double mean = (double)draws / permutations;
    for (int c = 0; c < 256; c++) {
        if (count[c] == 0) continue;
        assert_true(fabs(count[c] - mean) <= 5 * sqrt(mean) + mean / 10);
        seen++;
    }
    assert_int_equal(seen, permutations);
}

static void test_small_permutations_are_equally_likely(void **state)
{
    (void)state;
    check_small(1, 2, 2000);
    check_small(2, 24, 12000);
}

/* Pairs of neighbours are torn apart: the exclusive or of their places, over all pairs of a large
 * permutation, is never 0 and otherwise even. */
static void test_neighbours_part(void **state)
{
    (void)state;
    enum { BITS = 10, ORDER = 1 << BITS, SEEDS = 40 };
    static int count[ORDER];
    memset(count, 0, sizeof count);
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (uint32_t x = 0; x < ORDER; x += 2)
            count[ritz_shuffle(seed, 9, RITZ_HADAMARD_COLUMNS, BITS, x) ^
                  ritz_shuffle(seed, 9, RITZ_HADAMARD_COLUMNS, BITS, x + 1)]++;
    const double freedom = ORDER - 2, mean = (double)SEEDS * (ORDER / 2) / (ORDER - 1);
    double chi = 0;
    assert_int_equal(count[0], 0);
    for (int d = 1; d < ORDER; d++) chi += (count[d] - mean) * (count[d] - mean) / mean;
    assert_true(fabs(chi - freedom) <= 5 * sqrt(2 * freedom));
}

static void test_signs_are_the_oracles(void **state)
{
    (void)state;
    static const int64_t columns[] = {1, 2, 3, 64, 65, 1000, INT64_C(4294967295)};
    const uint32_t word = 0x13000002;
    for (int c = 0; c < 7; c++) {
        const int bits = ritz_hadamard_bits(columns[c]);
        for (uint64_t k = 0; k < 100; k++) {
            const uint64_t i = matgen_word(2, k) & ((UINT64_C(1) << bits) - 1);
            const uint64_t j = matgen_word(3, k) % (uint64_t)columns[c];
            const int negative = ritz_hadamard_negative(ritz_hadamard_row(7, word, bits, i),
                                                        ritz_hadamard_column(7, word, bits, j));
            assert_int_equal(negative ? -1 : 1,
                             oracle_hadamard_sketch(7, word, columns[c], (int64_t)i, (int64_t)j));
        }
    }
}

/* The passes of a transform make the butterflies of each bit of the row once, in ascending order,
 * and the tiles of each pass cover the panel. */
static void check_passes(int total, int panel_bits, int tile, int lanes)
{
    static unsigned char hit[1 << 16];
    int next = panel_bits;
    struct ritz_hadamard_pass pass = ritz_hadamard_first_pass(total, panel_bits, tile, lanes);
    do {
        const int last = pass.bits + pass.lanes;
        assert_true(last <= tile);
        if (last > pass.first)
            assert_int_equal(ritz_hadamard_index(pass, 0, INT64_C(1) << pass.first), INT64_C(1)
                                                                                         << next);
        memset(hit, 0, sizeof hit);
        for (int64_t t = 0; t < INT64_C(1) << (total - last); t++)
            for (int64_t e = 0; e < INT64_C(1) << last; e++)
                assert_int_equal(hit[ritz_hadamard_index(pass, t, e)]++, 0);
        next += last - pass.first;
        pass = ritz_hadamard_next_pass(pass, total, tile);
    } while (pass.bits > 0);
    assert_int_equal(next, total);
}

static void test_passes(void **state)
{
    (void)state;
    for (int panel_bits = 0; panel_bits <= 5; panel_bits++)
        for (int bits = 0; panel_bits + bits <= 14; bits++) {
            check_passes(panel_bits + bits, panel_bits, 11, 4);
            check_passes(panel_bits + bits, panel_bits, 12, 5);
            check_passes(panel_bits + bits, panel_bits, 6, 4);
        }
}

static void test_panels(void **state)
{
    (void)state;
    static const int bits[][2] = {{1, 0}, {2, 1},  {3, 1},  {4, 2},  {6, 2},  {7, 3},
                                  {8, 3}, {24, 4}, {25, 5}, {32, 5}, {33, 5}, {1000, 5}};
    for (int i = 0; i < 12; i++) assert_int_equal(ritz_hadamard_panel_bits(bits[i][0]), bits[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permutations_are_the_oracles),
        cmocka_unit_test(test_permutations_are_bijections),
        cmocka_unit_test(test_small_permutations_are_equally_likely),
        cmocka_unit_test(test_neighbours_part),
        cmocka_unit_test(test_signs_are_the_oracles),
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_panels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
