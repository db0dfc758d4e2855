/* Conversion of elements against a reference in long double.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/convert.h"

/* long double has at least 64 bits, so that it holds every element exactly, and one rounding from
 * it is the right one. */
_Static_assert(LDBL_MANT_DIG >= 64, "the reference needs 64 bits");

/* Round to a binary format of `precision` bits whose smallest normal number is 2^min_exponent and
 * whose numbers lie below 2^max_exponent. */
static long double round_to(long double x, int precision, int min_exponent, int max_exponent)
{
    if (isnan(x) || isinf(x) || x == 0) return x;
    int exponent = 0; /* |x| = f 2^exponent, 1/2 <= f < 1 */
    (void)frexpl(x, &exponent);
    int ulp = exponent - precision;
    if (ulp < min_exponent - precision + 1) ulp = min_exponent - precision + 1;
    long double rounded = ldexpl(rintl(ldexpl(x, -ulp)), ulp);
    long double limit = ldexpl(1, max_exponent);
    return fabsl(rounded) >= limit ? copysignl((long double)INFINITY, x) : rounded;
}

/* The value of a half-precision or bfloat16 pattern, from the definition of the formats. */
static long double pattern_value(uint16_t bits, int fraction_bits, int bias)
{
    int exponent_bits = 15 - fraction_bits;
    int exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    int fraction = bits & ((1 << fraction_bits) - 1);
    long double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1) {
        return fraction != 0 ? (long double)NAN : sign * (long double)INFINITY;
    }
    if (exponent == 0) return sign * ldexpl(fraction, 1 - bias - fraction_bits);
    return sign * ldexpl(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

static bool same(long double a, long double b)
{
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    return a == b && signbit(a) == signbit(b);
}

static void test_every_half(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits <= 0xFFFF; bits++) {
        uint16_t h = (uint16_t)bits;
        assert_true(same(ritz_f16_to_f32(h), pattern_value(h, 10, 15)));
        assert_true(same(ritz_bf16_to_f32(h), pattern_value(h, 7, 127)));
        if (!isnan(ritz_f16_to_f32(h))) assert_int_equal(ritz_f32_to_f16(ritz_f16_to_f32(h)), h);
        if (!isnan(ritz_bf16_to_f32(h))) assert_int_equal(ritz_f32_to_bf16(ritz_bf16_to_f32(h)), h);
    }
}

/* Between each two neighbours: the midpoint goes to the even one, and the next number on either
 * side to the near one. Behind the largest finite number the neighbour is infinity. */
static void check_midpoints(uint16_t last, int fraction_bits, int bias, uint16_t (*from_f32)(float),
                            uint16_t (*from_f64)(double))
{
    for (uint16_t low = 0; low < last; low++) {
        uint16_t high = (uint16_t)(low + 1);
        uint16_t even = (low & 1) == 0 ? low : high;
        double a = (double)pattern_value(low, fraction_bits, bias);
        double step = low == 0
                          ? (double)pattern_value(1, fraction_bits, bias)
                          : a - (double)pattern_value((uint16_t)(low - 1), fraction_bits, bias);
        double b = high == last ? a + step : (double)pattern_value(high, fraction_bits, bias);
        double middle = (a + b) / 2;
        assert_int_equal(from_f64(middle), even);
        assert_int_equal(from_f64(nextafter(middle, a)), low);
        assert_int_equal(from_f64(nextafter(middle, b)), high);
        assert_int_equal(from_f64(-nextafter(middle, b)), high | 0x8000);
        assert_int_equal(from_f32((float)middle), even);
        assert_int_equal(from_f32(nextafterf((float)middle, (float)a)), low);
        assert_int_equal(from_f32(nextafterf((float)middle, INFINITY)), high);
        assert_int_equal(from_f32(-nextafterf((float)middle, INFINITY)), high | 0x8000);
    }
}

static void test_halves_round_to_nearest_even(void **state)
{
    (void)state;
    check_midpoints(0x7C00, 10, 15, ritz_f32_to_f16, ritz_f64_to_f16);
    check_midpoints(0x7F80, 7, 127, ritz_f32_to_bf16, ritz_f64_to_bf16);
    assert_int_equal(ritz_f64_to_f16(1e300), 0x7C00);
    assert_int_equal(ritz_f64_to_bf16(-1e300), 0xFF80);
    assert_int_equal(ritz_f64_to_bf16(1e-300), 0);
    assert_true(isnan(ritz_f16_to_f32(ritz_f32_to_f16(NAN))));
    assert_true(isnan(ritz_bf16_to_f32(ritz_f64_to_bf16((double)NAN))));
    /* A NaN whose payload lies in the bits that are cut off must not become infinity. */
    assert_true(isnan(ritz_f16_to_f32(ritz_f32_to_f16(ritz_f32_from_bits(0x7F800001u)))));
    assert_true(isnan(ritz_bf16_to_f32(ritz_f32_to_bf16(ritz_f32_from_bits(0xFF800001u)))));
}

/* ---- every pair of types -------------------------------------------------------------------- */

static long double load(const void *data, ritz_elem type, int64_t k)
{
    switch (type) {
    case RITZ_ELEM_F32: return ((const float *)data)[k];
    case RITZ_ELEM_F64: return ((const double *)data)[k];
    case RITZ_ELEM_F16: return pattern_value(((const uint16_t *)data)[k], 10, 15);
    case RITZ_ELEM_BF16: return pattern_value(((const uint16_t *)data)[k], 7, 127);
    case RITZ_ELEM_I8: return ((const int8_t *)data)[k];
    case RITZ_ELEM_U8: return ((const uint8_t *)data)[k];
    case RITZ_ELEM_I16: return ((const int16_t *)data)[k];
    case RITZ_ELEM_U16: return ((const uint16_t *)data)[k];
    case RITZ_ELEM_I32: return ((const int32_t *)data)[k];
    case RITZ_ELEM_U32: return ((const uint32_t *)data)[k];
    case RITZ_ELEM_I64: return ((const int64_t *)data)[k];
    case RITZ_ELEM_U64: return (long double)((const uint64_t *)data)[k];
    case RITZ_ELEM_BOOL: return ((const uint8_t *)data)[k] != 0;
    }
    fail_msg("no such type");
    return 0;
}

static long double saturate(long double x, long double low, long double high)
{
    if (isnan(x)) return 0;
    long double r = rintl(x) + 0.0L; /* no negative zero */
    return r < low ? low : r > high ? high : r;
}

/* What `x` must become; `from` matters for nothing but its value. */
static long double expected(long double x, ritz_dtype type)
{
    switch (type) {
    case RITZ_F32: return round_to(x, 24, -126, 128);
    case RITZ_F64: return round_to(x, 53, -1022, 1024);
    case RITZ_F16: return round_to(x, 11, -14, 16);
    case RITZ_BF16: return round_to(x, 8, -126, 128);
    case RITZ_I8: return saturate(x, INT8_MIN, INT8_MAX);
    case RITZ_U8: return saturate(x, 0, UINT8_MAX);
    case RITZ_I32: return saturate(x, INT32_MIN, INT32_MAX);
    case RITZ_I64: return saturate(x, (long double)INT64_MIN, (long double)INT64_MAX);
    }
    fail_msg("no such type");
    return 0;
}

enum { COUNT = 4099, STRIDE = 3 };

/* Random bits are every kind of number; small numbers and neighbours of powers of two are added. */
static void fill(unsigned char *data, ritz_elem type)
{
    static uint64_t random = 88172645463325252u; /* xorshift64, Marsaglia 2003 */
    size_t size = ritz_elem_size(type);
    for (size_t i = 0; i < COUNT * STRIDE; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        uint64_t bits = random;
        if (i % 3 == 1) {
            bits = (UINT64_C(1) << (random % 64)) + (random >> 32) % 3 - 1;
        } else if (i % 3 == 2 && type == RITZ_ELEM_F64) {
            double x = ldexp((double)(int64_t)random, -(int)(random % 70));
            memcpy(&bits, &x, sizeof bits);
        } else if (i % 3 == 2 && type == RITZ_ELEM_F32) {
            float x = ldexpf((float)(int32_t)(random >> 32), -(int)(random % 40));
            memcpy(&bits, &x, sizeof x);
        } else if (i % 3 == 2) {
            bits = (uint64_t)((int64_t)random >> (random % 64));
        }
        memcpy(data + i * size, &bits, size);
    }
}

static void check_pair(ritz_elem from, ritz_dtype to, const unsigned char *src, int64_t src_stride,
                       int64_t dst_stride)
{
    static unsigned char dst[COUNT * STRIDE * 8] __attribute__((aligned(64)));
    size_t size = ritz_dtype_size(to);
    memset(dst, 0xA5, sizeof dst);
    ritz_convert_strided(COUNT, src, from, src_stride, dst, to, dst_stride);
    for (int64_t i = 0; i < COUNT; i++) {
        long double x = load(src, from, i * src_stride);
        long double got = load(dst, (ritz_elem)to, i * dst_stride);
        if (!same(got, expected(x, to))) {
            fail_msg("%s to %s: %.21Lg became %.21Lg instead of %.21Lg", ritz_elem_name(from),
                     ritz_dtype_name(to), x, got, expected(x, to));
        }
        for (size_t b = size; b < (size_t)dst_stride * size; b++) {
            assert_int_equal(dst[(size_t)(i * dst_stride) * size + b], 0xA5);
        }
    }
    assert_int_equal(dst[(size_t)(COUNT * dst_stride) * size], 0xA5);
}

static void test_every_pair(void **state)
{
    (void)state;
    static unsigned char src[COUNT * STRIDE * 8] __attribute__((aligned(64)));
    for (int from = RITZ_ELEM_F32; from <= RITZ_ELEM_BOOL; from++) {
        fill(src, (ritz_elem)from);
        for (int to = RITZ_F32; to <= RITZ_I64; to++) {
            check_pair((ritz_elem)from, (ritz_dtype)to, src, 1, 1);
            check_pair((ritz_elem)from, (ritz_dtype)to, src, STRIDE, 1);
            check_pair((ritz_elem)from, (ritz_dtype)to, src, 1, 2);
            check_pair((ritz_elem)from, (ritz_dtype)to, src, 2, 2);
        }
    }
}

static void test_saturation(void **state)
{
    (void)state;
    const double x[] = {-1e300,      -128.5, -129, 127.5,  126.5,   0.5,          1.5,  -0.5,
                        (double)NAN, 255.5,  256,  0x1p63, -0x1p63, 2147483646.5, 1e300};
    const int8_t as_i8[] = {-128, -128, -128, 127, 126, 0, 2, 0, 0, 127, 127, 127, -128, 127, 127};
    const uint8_t as_u8[] = {0, 0, 0, 128, 126, 0, 2, 0, 0, 255, 255, 255, 0, 255, 255};
    const int64_t as_i64[] = {INT64_MIN, -128, -129, 128,       126,       0,          2,        0,
                              0,         256,  256,  INT64_MAX, INT64_MIN, 2147483646, INT64_MAX};
    int64_t n = sizeof x / sizeof *x;
    int8_t i8[sizeof x / sizeof *x];
    uint8_t u8[sizeof x / sizeof *x];
    int64_t i64[sizeof x / sizeof *x];
    ritz_convert_strided(n, x, RITZ_ELEM_F64, 1, i8, RITZ_I8, 1);
    ritz_convert_strided(n, x, RITZ_ELEM_F64, 1, u8, RITZ_U8, 1);
    ritz_convert_strided(n, x, RITZ_ELEM_F64, 1, i64, RITZ_I64, 1);
    assert_memory_equal(i8, as_i8, sizeof i8);
    assert_memory_equal(u8, as_u8, sizeof u8);
    assert_memory_equal(i64, as_i64, sizeof i64);
}

static void test_nothing_to_convert(void **state)
{
    (void)state;
    ritz_convert_strided(0, NULL, RITZ_ELEM_U8, 1, NULL, RITZ_F32, 1);
    ritz_convert_strided(0, NULL, RITZ_ELEM_F32, 1, NULL, RITZ_F32, 1);
    assert_int_equal(ritz_elem_size((ritz_elem)0), 0);
    assert_int_equal(ritz_elem_size((ritz_elem)99), 0);
    assert_string_equal(ritz_elem_name((ritz_elem)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_half),
        cmocka_unit_test(test_halves_round_to_nearest_even),
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_saturation),
        cmocka_unit_test(test_nothing_to_convert),
    };
    return cmocka_run_group_tests_name("io: conversion of elements", tests, NULL, NULL);
}
