/* Random numbers: Philox against published words, the maps against double precision, the
 * distributions against their exact moments, counts and quantiles, and every kernel of the CPU,
 * bit for bit, against the definition entry by entry.
 *
 * The samples are fixed (Philox at fixed seeds), so a statistical test passes always or never. Its
 * limits are five standard deviations of the statistic under the hypothesis. */
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/random_maps.h"
#include "cpu/random_kernel.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const double pi = 3.14159265358979323846;

/* ---- Philox ---------------------------------------------------------------------------------- */

static void test_philox_known_answers(void **state)
{
    (void)state;
    /* The first three: kat_vectors of Random123, the code that goes with Salmon et al. 2011. The
     * others: cuRAND, curand_init(1234, subsequence, 4 * block). */
    static const struct {
        uint32_t counter[4];
        uint64_t seed;
        uint32_t words[4];
    } cases[] = {
        {{0, 0, 0, 0}, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         UINT64_MAX,
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         UINT64_C(0x299f31d0a4093822),
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
        {{0, 0, 0, 0}, 1234, {0x2090b348, 0xda7cf0ab, 0x4401906f, 0xcbca470e}},
        {{0, 0, 1, 0}, 1234, {0xd115a128, 0x52fc7c75, 0xc7f33f17, 0x0f1539db}},
        {{1, 0, 0, 0}, 1234, {0x9eeede35, 0x1cbe137c, 0xfa277093, 0x147edd50}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ritz_philox_block counter;
        memcpy(counter.w, cases[i].counter, sizeof counter.w);
        const ritz_philox_block r = ritz_philox4x32_10(cases[i].seed, counter);
        assert_memory_equal(r.w, cases[i].words, sizeof r.w);
    }
}

static void test_addresses(void **state)
{
    (void)state;
    /* The counter of the third published vector, as matrix coordinates. */
    static const uint32_t words[4] = {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
    const uint64_t seed = UINT64_C(0x299f31d0a4093822);
    const uint64_t block = UINT64_C(0x05a308d3243f6a88);
    ritz_philox_block counter = {{0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344}};
    const ritz_philox_block r = ritz_philox4x32_10(seed, counter);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(ritz_random_word_at(seed, 0x03707344, block * 4 + i, 0x13198a2e), r.w[i]);

    /* The published one itself has a row/4 above 2^62; it is reached through the block. */
    const ritz_philox_block whole =
        ritz_random_block(seed, 0x03707344, UINT64_C(0x85a308d3243f6a88), 0x13198a2e);
    assert_memory_equal(whole.w, words, sizeof words);

    assert_int_equal(RITZ_STREAM_WORD(0x7f, 0xffffff), 0x7fffffff);
    assert_int_equal(RITZ_STREAM_WORD(3, 5), 0x03000005);
}

/* ---- Maps against double precision ----------------------------------------------------------- */

/* Edges of the word range, of the halves, of the quarter turns and of the octants; then words that
 * step through everything (an odd multiplier visits each word once). */
static uint32_t sample_word(uint32_t i)
{
    static const uint32_t edges[] = {
        0x00000000, 0x00000001, 0x00000002, 0x000000ff, 0x007fffff, 0x00800000,
        0x00ffffff, 0x01000000, 0x1fffffff, 0x20000000, 0x3fffffff, 0x40000000,
        0x4afb0ccb, 0x4afb0ccc, 0x4afb0ccd, 0x5a82799a, 0x5fffffff, 0x60000000,
        0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0x9fffffff, 0xa0000000,
        0xb504f333, 0xb504f334, 0xb504f335, 0xbfffffff, 0xc0000000, 0xdfffffff,
        0xe0000000, 0xfeffffff, 0xff000000, 0xfffffffd, 0xfffffffe, 0xffffffff};
    return i < COUNT(edges) ? edges[i] : i * UINT32_C(2654435761) + 12345;
}

/* |got - exact| in units of the last place of a float of exact's size. */
static double ulps(float got, double exact)
{
    int exponent;
    (void)frexp(exact, &exponent);
    return fabs((double)got - exact) / ldexp(1.0, exponent - 24);
}

static double relative_error(float got, double exact)
{
    return fabs((double)got - exact) / fabs(exact);
}

static double exact_minus_two_log(uint32_t x)
{
    const double u = ((double)x + 0.5) * 0x1p-32;
    return u < 0.5 ? -2.0 * log(u) : -2.0 * log1p(-((double)~x + 0.5) * 0x1p-32);
}

/* Cosine and sine of 2 pi (y + 1/2) 2^-32; the nearest quarter turn is taken off exactly, so that
 * the smaller of the two keeps its relative accuracy. */
static void exact_cos_sin(uint32_t y, double *cosine, double *sine)
{
    const double turns = ((double)y + 0.5) * 0x1p-32;
    const double quarters = floor(turns * 4.0 + 0.5);
    const double angle = (turns * 4.0 - quarters) * (pi / 2.0);
    const double c = cos(angle), s = sin(angle);
    switch ((int)quarters % 4) {
    case 0: *cosine = c, *sine = s; break;
    case 1: *cosine = -s, *sine = c; break;
    case 2: *cosine = -c, *sine = -s; break;
    default: *cosine = s, *sine = -c; break;
    }
}

static void test_normal_accuracy(void **state)
{
    (void)state;
    double worst_log = 0, worst_cos = 0, worst_sin = 0, worst_normal = 0;
    for (uint32_t i = 0; i < UINT32_C(1) << 20; i++) {
        /* Words for the angle in another order, so that every edge meets ordinary words. */
        const uint32_t x = sample_word(i), y = sample_word(i ^ 0x2a);
        const double radius2 = exact_minus_two_log(x);
        double cosine, sine;
        exact_cos_sin(y, &cosine, &sine);
        const ritz_normal_pair direction = ritz_cos_sin(y), z = ritz_normals(x, y);

        worst_log = fmax(worst_log, ulps(ritz_minus_two_log(x), radius2));
        worst_cos = fmax(worst_cos, ulps(direction.first, cosine));
        worst_sin = fmax(worst_sin, ulps(direction.second, sine));
        worst_normal = fmax(worst_normal, relative_error(z.first, sqrt(radius2) * cosine));
        worst_normal = fmax(worst_normal, relative_error(z.second, sqrt(radius2) * sine));
    }
    printf("largest error: log %.2f, cos %.2f, sin %.2f ulp, normal %.2f epsilon\n", worst_log,
           worst_cos, worst_sin, worst_normal / (double)FLT_EPSILON);
    /* The figures promised in normal_map.inc. An ulp is at most an epsilon relatively; the root
     * halves the error of the logarithm, root and product are rounded. */
    assert_true(worst_log <= 1.7);
    assert_true(worst_cos <= 1.4);
    assert_true(worst_sin <= 1.4);
    assert_true(worst_normal <= (1.7 / 2 + 0.5 + 1.4 + 0.5) * (double)FLT_EPSILON);
}

static void test_normal_edges(void **state)
{
    (void)state;
    static const uint32_t edges[] = {0,          1,          0x3fffffff, 0x40000000, 0x7fffffff,
                                     0x80000000, 0xbfffffff, 0xc0000000, 0xfffffffe, 0xffffffff};
    for (size_t i = 0; i < COUNT(edges); i++) {
        for (size_t j = 0; j < COUNT(edges); j++) {
            const ritz_normal_pair z = ritz_normals(edges[i], edges[j]);
            assert_true(isfinite(z.first) && z.first != 0.0f);
            assert_true(isfinite(z.second) && z.second != 0.0f);
        }
    }
    /* The ends of the radius: sqrt(-2 ln 2^-33) and sqrt(-2 ln(1 - 2^-33)). */
    const double longest = sqrt(66.0 * log(2.0));
    assert_true(fabs((double)ritz_normals(0, 0).first - longest) <= 4 * 0x1p-22);
    assert_true(fabs((double)ritz_normals(0xffffffff, 0).first - 0x1p-16) <= 4 * 0x1p-40);
}

static void test_uniforms(void **state)
{
    (void)state;
    /* The ends are half a cell from 0 and 1, exactly. */
    assert_true(ritz_uniform_f32(0) == 0x1p-24f);
    assert_true(ritz_uniform_f32(0xffffffff) == 1.0f - 0x1p-24f);
    assert_true(ritz_uniform_f64(0, 0) == 0x1p-53);
    assert_true(ritz_uniform_f64(0xffffffff, 0xffffffff) == 1.0 - 0x1p-53);

    for (uint32_t i = 0; i < 100000; i++) {
        const uint32_t high = sample_word(i), low = sample_word(i ^ 0x2a);
        const float f = ritz_uniform_f32(high);
        const double d = ritz_uniform_f64(high, low);
        assert_true(0.0f < f && f < 1.0f);
        assert_true(0.0 < d && d < 1.0);
        assert_true((double)f == ((double)(high >> 9) + 0.5) * 0x1p-23);
        /* In long double the formula over 64-bit words is exact. */
        const uint64_t word = (uint64_t)high << 32 | low;
        assert_true((long double)d == ((long double)(word >> 12) + 0.5L) * 0x1p-52L);
        assert_true(fabs((double)f - d) < 0x1p-24);
    }
}

static void test_signs_and_integers(void **state)
{
    (void)state;
    assert_true(ritz_sign_f32(0) == 1.0f && ritz_sign_f32(0x7fffffff) == 1.0f);
    assert_true(ritz_sign_f32(0x80000000) == -1.0f && ritz_sign_f32(0xffffffff) == -1.0f);

    /* With bound 10 the words fall into ten runs, whose first words are ceil(k 2^32 / 10). */
    for (uint64_t k = 0; k < 10; k++) {
        const uint64_t first = ((k << 32) + 9) / 10, next = (((k + 1) << 32) + 9) / 10;
        assert_int_equal(ritz_below((uint32_t)first, 10), k);
        assert_int_equal(ritz_below((uint32_t)(next - 1), 10), k);
    }
    assert_int_equal(ritz_below(0xffffffff, 1), 0);
    assert_int_equal(ritz_below(0xffffffff, 0xffffffff), 0xfffffffe);
}

/* ---- Distributions --------------------------------------------------------------------------- */

enum { SAMPLE = 1 << 22, SAMPLE_ROWS = 1 << 12 };

/* A matrix of SAMPLE_ROWS rows, column-major; the caller frees it. */
static double *draw(ritz_distribution distribution, uint64_t seed, uint32_t stream_word)
{
    const cpu_random_block block = {.distribution = distribution,
                                    .stream_word = stream_word,
                                    .seed = seed,
                                    .rows = SAMPLE_ROWS,
                                    .cols = SAMPLE / SAMPLE_ROWS,
                                    .scale = 1.0};
    double *x = malloc(SAMPLE * sizeof *x);
    assert_non_null(x);
    cpu_random_fill_f64(&block, x, 1, SAMPLE_ROWS);
    return x;
}

/* Five standard deviations around the expectation. */
static void assert_near(const char *what, double got, double expected, double deviation)
{
    const double distance = fabs(got - expected) / deviation;
    if (!(distance <= 5.0))
        fail_msg("%s: %.6g, expected %.6g, off by %.1f standard deviations", what, got, expected,
                 distance);
}

static double mean_power(const double *x, double centre, int power)
{
    double sum = 0;
    for (int64_t i = 0; i < SAMPLE; i++) {
        double term = 1;
        for (int k = 0; k < power; k++) term *= x[i] - centre;
        sum += term;
    }
    return sum / SAMPLE;
}

static void test_moments(void **state)
{
    (void)state;
    /* Mean of (x - centre)^k has the variance (m_2k - m_k^2) / N with the exact central moments. */
    double *z = draw(RITZ_NORMAL, 1, 0);
    static const double normal[9] = {1, 0, 1, 0, 3, 0, 15, 0, 105};
    for (int k = 1; k <= 4; k++)
        assert_near("normal moment", mean_power(z, 0, k), normal[k],
                    sqrt((normal[2 * k] - normal[k] * normal[k]) / SAMPLE));
    free(z);

    double *u = draw(RITZ_UNIFORM, 2, 0);
    static const double uniform[9] = {1, 0, 1.0 / 12, 0, 1.0 / 80, 0, 1.0 / 448, 0, 1.0 / 2304};
    for (int k = 1; k <= 4; k++)
        assert_near("uniform moment", mean_power(u, 0.5, k), uniform[k],
                    sqrt((uniform[2 * k] - uniform[k] * uniform[k]) / SAMPLE));
    free(u);

    double *s = draw(RITZ_RADEMACHER, 3, 0);
    assert_near("mean of the signs", mean_power(s, 0, 1), 0, sqrt(1.0 / SAMPLE));
    assert_true(mean_power(s, 0, 2) == 1.0);
    free(s);
}

static void test_tails(void **state)
{
    (void)state;
    static const double limits[] = {0.5, 1, 2, 3, 3.5, 4, 4.5};
    double *z = draw(RITZ_NORMAL, 4, 0);
    for (size_t k = 0; k < COUNT(limits); k++) {
        const double p = 0.5 * erfc(limits[k] / sqrt(2.0));
        int64_t above = 0, below = 0;
        for (int64_t i = 0; i < SAMPLE; i++) {
            above += z[i] > limits[k];
            below += z[i] < -limits[k];
        }
        assert_near("upper tail", (double)above, SAMPLE * p, sqrt(SAMPLE * p * (1 - p)));
        assert_near("lower tail", (double)below, SAMPLE * p, sqrt(SAMPLE * p * (1 - p)));
    }
    free(z);
}

/* Pearson's statistic of numbers that ought to be uniform, over equal cells. */
static void assert_equidistributed(const char *what, const double *u)
{
    enum { CELLS = 1024 };
    int64_t counts[CELLS] = {0};
    for (int64_t i = 0; i < SAMPLE; i++) counts[(int)(u[i] * CELLS)]++;
    const double expected = (double)SAMPLE / CELLS;
    double statistic = 0;
    for (int c = 0; c < CELLS; c++)
        statistic += ((double)counts[c] - expected) * ((double)counts[c] - expected) / expected;
    assert_near(what, statistic, CELLS - 1, sqrt(2.0 * (CELLS - 1)));
}

static void test_chi_square(void **state)
{
    (void)state;
    double *u = draw(RITZ_UNIFORM, 5, 0);
    assert_equidistributed("chi-square of the uniforms", u);
    free(u);
    double *z = draw(RITZ_NORMAL, 6, 0);
    for (int64_t i = 0; i < SAMPLE; i++) z[i] = 0.5 * erfc(-z[i] / sqrt(2.0));
    assert_equidistributed("chi-square of the normals", z);
    free(z);
}

/* Correlation of x[i] and y[i], and of their squares (which Box-Muller could spoil), for samples of
 * standard normals. */
static void assert_uncorrelated(const char *what, const double *x, const double *y, int64_t count)
{
    double product = 0, squares = 0;
    for (int64_t i = 0; i < count; i++) {
        product += x[i] * y[i];
        squares += (x[i] * x[i] - 1) * (y[i] * y[i] - 1);
    }
    assert_near(what, product, 0, sqrt((double)count));
    assert_near(what, squares, 0, sqrt(4.0 * (double)count));
}

static void test_independence(void **state)
{
    (void)state;
    double *z = draw(RITZ_NORMAL, 7, RITZ_STREAM_WORD(1, 1));
    for (int64_t lag = 1; lag <= 5; lag++)
        assert_uncorrelated("neighbouring rows", z, z + lag, SAMPLE - lag);
    assert_uncorrelated("neighbouring columns", z, z + SAMPLE_ROWS, SAMPLE - SAMPLE_ROWS);

    double *other = draw(RITZ_NORMAL, 8, RITZ_STREAM_WORD(1, 1));
    assert_uncorrelated("seeds", z, other, SAMPLE);
    free(other);
    other = draw(RITZ_NORMAL, 7, RITZ_STREAM_WORD(1, 2));
    assert_uncorrelated("substreams", z, other, SAMPLE);
    free(other);
    other = draw(RITZ_NORMAL, 7, RITZ_STREAM_WORD(2, 1));
    assert_uncorrelated("purposes", z, other, SAMPLE);
    free(other);
    free(z);
}

/* ---- Kernels against the definition ---------------------------------------------------------- */

static float definition_f32(const cpu_random_block *b, uint64_t row, uint32_t col)
{
    const float scale = (float)b->scale;
    switch (b->distribution) {
    case RITZ_NORMAL: return ritz_random_normal_at(b->seed, b->stream_word, row, col) * scale;
    case RITZ_UNIFORM: return ritz_random_uniform_f32_at(b->seed, b->stream_word, row, col) * scale;
    default: return ritz_random_sign_at(b->seed, b->stream_word, row, col) * scale;
    }
}

static double definition_f64(const cpu_random_block *b, uint64_t row, uint32_t col)
{
    switch (b->distribution) {
    case RITZ_NORMAL:
        return (double)ritz_random_normal_at(b->seed, b->stream_word, row, col) * b->scale;
    case RITZ_UNIFORM:
        return ritz_random_uniform_f64_at(b->seed, b->stream_word, row, col) * b->scale;
    default: return (double)ritz_random_sign_at(b->seed, b->stream_word, row, col) * b->scale;
    }
}

/* Column-major, row-major, transposed into every other element, and bottom-up; `pad` extra elements
 * follow each line. */
enum { LAYOUTS = 4 };

static void strides_of(int layout, const cpu_random_block *b, int64_t *row, int64_t *col)
{
    const int64_t pad = 3;
    switch (layout) {
    case 0: *row = 1, *col = b->rows + pad; break;
    case 1: *row = b->cols + pad, *col = 1; break;
    case 2: *row = 2, *col = 2 * b->rows + pad; break;
    default: *row = -(b->cols + pad), *col = 1; break;
    }
}

/* Fills through one path and compares every element of the memory, written or not. */
static void check_fill(cpu_random_path path, const cpu_random_block *b, int layout)
{
    int64_t row_stride, col_stride;
    strides_of(layout, b, &row_stride, &col_stride);
    const int64_t guard = 16;
    const int64_t span = llabs(row_stride) * b->rows + llabs(col_stride) * b->cols + 2 * guard;
    const int64_t origin = guard + (row_stride < 0 ? -row_stride * b->rows : 0);
    const size_t count = (size_t)span;
    float *f = malloc(count * sizeof *f), *f_expected = malloc(count * sizeof *f);
    double *d = malloc(count * sizeof *d), *d_expected = malloc(count * sizeof *d);
    assert_true(f && f_expected && d && d_expected);
    memset(f, 0xab, count * sizeof *f);
    memset(f_expected, 0xab, count * sizeof *f);
    memset(d, 0xab, count * sizeof *d);
    memset(d_expected, 0xab, count * sizeof *d);

    for (int64_t j = 0; j < b->cols; j++) {
        for (int64_t i = 0; i < b->rows; i++) {
            const int64_t at = origin + i * row_stride + j * col_stride;
            const uint64_t row = b->row0 + (uint64_t)i;
            const uint32_t col = b->col0 + (uint32_t)j;
            f_expected[at] = definition_f32(b, row, col);
            d_expected[at] = definition_f64(b, row, col);
        }
    }
    cpu_random_fill_f32_on(path, b, f + origin, row_stride, col_stride);
    cpu_random_fill_f64_on(path, b, d + origin, row_stride, col_stride);
    const bool equal = memcmp(f, f_expected, count * sizeof *f) == 0 &&
                       memcmp(d, d_expected, count * sizeof *d) == 0;
    free(f);
    free(f_expected);
    free(d);
    free(d_expected);
    if (!equal)
        fail_msg("path %d, distribution %d, layout %d, %lld x %lld at (%llu, %u), scale %g",
                 (int)path, (int)b->distribution, layout, (long long)b->rows, (long long)b->cols,
                 (unsigned long long)b->row0, b->col0, b->scale);
}

static void check_words(cpu_random_path path, uint64_t seed, uint64_t block0)
{
    enum { BLOCKS = 37, COLS = 5 };
    static uint32_t out[4 * BLOCKS * COLS + 1];
    out[4 * BLOCKS * COLS] = 77;
    cpu_random_words_on(path, seed, 9, block0, BLOCKS, COLS, out);
    for (uint32_t i = 0; i < 4 * BLOCKS; i++)
        for (uint32_t j = 0; j < COLS; j++)
            assert_int_equal(out[i * COLS + j], ritz_random_word_at(seed, 9, 4 * block0 + i, j));
    assert_int_equal(out[4 * BLOCKS * COLS], 77);
}

static void check_path(cpu_random_path path)
{
    static const int64_t rows[] = {0, 1, 3, 4, 5, 63, 64, 67, 130};
    static const int64_t cols[] = {0, 1, 5, 16, 33};
    /* The last but one crosses from row/4 = 2^32 - 1 to 2^32 in the middle of a vector. */
    static const uint64_t row0[] = {0, 1, 3, (UINT64_C(1) << 34) - 30, UINT64_C(1) << 50};
    static const uint32_t col0[] = {0, 1000003, UINT32_MAX - 40};
    const uint64_t seed = UINT64_C(0x0123456789abcdef);
    unsigned turn = 0;
    check_words(path, seed, 0);
    check_words(path, seed, UINT32_MAX - 8);
    for (size_t r = 0; r < COUNT(rows); r++) {
        for (size_t c = 0; c < COUNT(cols); c++) {
            for (size_t o = 0; o < COUNT(row0); o++) {
                for (int distribution = 0; distribution < 3; distribution++) {
                    for (int layout = 0; layout < LAYOUTS; layout++) {
                        const cpu_random_block b = {.distribution = (ritz_distribution)distribution,
                                                    .stream_word = RITZ_STREAM_WORD(5, turn),
                                                    .seed = seed,
                                                    .row0 = row0[o],
                                                    .col0 = col0[turn % COUNT(col0)],
                                                    .rows = rows[r],
                                                    .cols = cols[c],
                                                    .scale = turn % 2 ? 1.0 : 0.37};
                        check_fill(path, &b, layout);
                        turn++;
                    }
                }
            }
        }
    }
}

static void test_baseline(void **state)
{
    (void)state;
    check_path(CPU_RANDOM_BASELINE);
}

static void test_avx2(void **state)
{
    (void)state;
    if (!cpu_random_path_available(CPU_RANDOM_AVX2)) skip();
    check_path(CPU_RANDOM_AVX2);
}

static void test_avx512(void **state)
{
    (void)state;
    if (!cpu_random_path_available(CPU_RANDOM_AVX512)) skip();
    check_path(CPU_RANDOM_AVX512);
}

/* What the fill without a path chooses gives the same numbers too. */
static void test_default_path(void **state)
{
    (void)state;
    const cpu_random_block b = {.seed = 9, .rows = 100, .cols = 1, .scale = 1.0};
    float chosen[100], baseline[100];
    cpu_random_fill_f32(&b, chosen, 1, 100);
    cpu_random_fill_f32_on(CPU_RANDOM_BASELINE, &b, baseline, 1, 100);
    assert_memory_equal(chosen, baseline, sizeof chosen);
    double chosen64[100], baseline64[100];
    cpu_random_fill_f64(&b, chosen64, 1, 100);
    cpu_random_fill_f64_on(CPU_RANDOM_BASELINE, &b, baseline64, 1, 100);
    assert_memory_equal(chosen64, baseline64, sizeof chosen64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_known_answers),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_normal_accuracy),
        cmocka_unit_test(test_normal_edges),
        cmocka_unit_test(test_uniforms),
        cmocka_unit_test(test_signs_and_integers),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_tails),
        cmocka_unit_test(test_chi_square),
        cmocka_unit_test(test_independence),
        cmocka_unit_test(test_baseline),
        cmocka_unit_test(test_avx2),
        cmocka_unit_test(test_avx512),
        cmocka_unit_test(test_default_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
