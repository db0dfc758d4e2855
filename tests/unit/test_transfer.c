/* Moving data: conversion of single elements against the definition, and transfers in stream order.
 *
 * The conformance suite moves every pair of data types through every form of matrix.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "core/convert.h"
#include "oracle/oracle.h"
#include "unit/support.h"

/* Every binary16 and bfloat16 number, there and back. */
static void test_sixteen_bits(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits <= 0xFFFF; bits++) {
        const uint16_t h = (uint16_t)bits;
        const long double f16 = oracle_f16_value(h), bf16 = oracle_bf16_value(h);
        const float got16 = ritz_f16_to_f32(h), gotb = ritz_bf16_to_f32(h);
        if (isnan(f16)) {
            assert_true(isnan(got16) && isnan(ritz_f16_to_f32(ritz_f32_to_f16(got16))));
        } else {
            assert_true((long double)got16 == f16);
            assert_int_equal(ritz_f32_to_f16(got16), h);
            assert_int_equal(ritz_f64_to_f16((double)got16), h);
        }
        if (isnan(bf16)) {
            assert_true(isnan(gotb) && isnan(ritz_bf16_to_f32(ritz_f32_to_bf16(gotb))));
        } else {
            assert_true((long double)gotb == bf16);
            assert_int_equal(ritz_f32_to_bf16(gotb), h);
            assert_int_equal(ritz_f64_to_bf16((double)gotb), h);
        }
    }
}

/* Around every boundary between two neighbours: below, on and above the tie, one rounding only. */
static void test_ties(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 0x7C00; bits++) {
        const double low = (double)oracle_f16_value((uint16_t)bits);
        const double high = bits == 0x7BFF ? 65536 : (double)oracle_f16_value((uint16_t)(bits + 1));
        const double tie = (low + high) / 2;
        const double near[] = {tie, nextafter(tie, low), nextafter(tie, high), -tie,
                               (double)nextafterf((float)tie, (float)high)};
        for (size_t i = 0; i < COUNT(near); i++) {
            assert_int_equal(ritz_f64_to_f16(near[i]), oracle_f16_bits(near[i]));
            assert_int_equal(ritz_f32_to_f16((float)near[i]), oracle_f16_bits((float)near[i]));
        }
    }
    for (uint32_t bits = 0; bits < 0x7F80; bits++) {
        const double low = (double)oracle_bf16_value((uint16_t)bits);
        const double high =
            bits == 0x7F7F ? 0x1p128 : (double)oracle_bf16_value((uint16_t)(bits + 1));
        const double tie = (low + high) / 2;
        const double near[] = {tie, nextafter(tie, low), nextafter(tie, high), -tie};
        for (size_t i = 0; i < COUNT(near); i++)
            assert_int_equal(ritz_f64_to_bf16(near[i]), oracle_bf16_bits(near[i]));
    }
}

/* Types that occur in files only. */
static void test_file_types(void **state)
{
    (void)state;
    const int16_t i16[] = {-32768, -1, 32767};
    const uint16_t u16[] = {0, 1, 65535};
    const uint32_t u32[] = {0, 4294967295u};
    const uint64_t u64[] = {0, UINT64_MAX, (UINT64_C(1) << 53) + 1};
    const unsigned char flags[] = {0, 1, 255};
    float f[3];
    double d[3];
    unsigned char u8[3];
    int64_t i64[3];
    ritz_convert_strided(3, i16, RITZ_ELEM_I16, 1, f, RITZ_F32, 1);
    assert_true(f[0] == -32768.0f && f[1] == -1.0f && f[2] == 32767.0f);
    ritz_convert_strided(3, u16, RITZ_ELEM_U16, 1, f, RITZ_F32, 1);
    assert_true(f[0] == 0.0f && f[2] == 65535.0f);
    ritz_convert_strided(3, u16, RITZ_ELEM_U16, 1, u8, RITZ_U8, 1);
    assert_true(u8[0] == 0 && u8[1] == 1 && u8[2] == 255);
    ritz_convert_strided(2, u32, RITZ_ELEM_U32, 1, d, RITZ_F64, 1);
    assert_true(d[1] == 4294967295.0);
    ritz_convert_strided(3, u64, RITZ_ELEM_U64, 1, d, RITZ_F64, 1);
    assert_true(d[1] == 0x1p64 && d[2] == 0x1p53);
    ritz_convert_strided(3, u64, RITZ_ELEM_U64, 1, i64, RITZ_I64, 1);
    assert_true(i64[1] == INT64_MAX && i64[2] == (INT64_C(1) << 53) + 1);
    ritz_convert_strided(3, flags, RITZ_ELEM_BOOL, 1, f, RITZ_F32, 1);
    assert_true(f[0] == 0.0f && f[1] == 1.0f && f[2] == 1.0f);
    assert_int_equal(ritz_elem_size(RITZ_ELEM_U64), 8);
    assert_int_equal(ritz_elem_size((ritz_elem)99), 0);
    assert_string_equal(ritz_elem_name(RITZ_ELEM_U16), "uint16");
    assert_int_equal(ritz_elem_dtype(RITZ_ELEM_I16), RITZ_F32);
    assert_int_equal(ritz_elem_dtype(RITZ_ELEM_U32), RITZ_F64);
    assert_int_equal(ritz_elem_dtype(RITZ_ELEM_U8), RITZ_U8);
}

/* Strides, negative ones too, and gaps that are not touched. */
static void test_strides(void **state)
{
    (void)state;
    const float from[] = {1, 2, 3, 4, 5, 6};
    double to[7] = {9, 9, 9, 9, 9, 9, 9};
    ritz_convert_strided(3, from + 5, RITZ_ELEM_F32, -2, to, RITZ_F64, 3);
    static const double want[7] = {6, 9, 9, 4, 9, 9, 2};
    assert_memory_equal(to, want, sizeof want);
    ritz_convert_strided(0, from, RITZ_ELEM_F32, 1, to, RITZ_F64, 1);
    assert_memory_equal(to, want, sizeof want);
}

/* Source and destination of queued transfers are used when the stream reaches them, in order. */
static void test_stream_order(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    struct gate gate = {0};
    float in[6] = {0};
    double out[6] = {0};
    ritz_dmat A, B;
    expect_ok(ritz_dmat_create(s, RITZ_F32, RITZ_COL_MAJOR, 2, 3, &A));
    expect_ok(ritz_dmat_create(s, RITZ_F16, RITZ_ROW_MAJOR, 2, 3, &B));
    expect_ok(ritz_stream_host_function(s, wait_at_gate, &gate));
    expect_ok(ritz_upload(s, ritz_hmat_wrap_const(in, RITZ_F32, 2, 3, RITZ_ROW_MAJOR), A));
    expect_ok(ritz_copy(s, A, B));
    expect_ok(ritz_download(s, B, ritz_hmat_wrap(out, RITZ_F64, 2, 3, RITZ_ROW_MAJOR)));
    for (int i = 0; i < 6; i++) in[i] = (float)(i + 1); /* not read yet */
    open_gate(&gate);
    expect_ok(ritz_stream_sync(s));
    for (int i = 0; i < 6; i++) assert_true(out[i] == i + 1);
    expect_ok(ritz_dmat_destroy(s, &A));
    expect_ok(ritz_dmat_destroy(s, &B));
    expect_ok(ritz_stream_destroy(&s));
}

/* Large enough for the parallel path, with a transpose on the way. */
static void test_large_transpose(void **state)
{
    enum { M = 777, N = 555 };
    ritz_device *dev = *state;
    ritz_stream *s = inline_stream(dev);
    static float in[M * N], out[M * N];
    for (int i = 0; i < M * N; i++) in[i] = (float)i;
    ritz_dmat A;
    expect_ok(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, M, N, &A));
    expect_ok(ritz_upload(s, ritz_hmat_wrap(in, RITZ_F32, M, N, RITZ_ROW_MAJOR), A));
    expect_ok(ritz_download(s, ritz_t(A), ritz_hmat_wrap(out, RITZ_F32, N, M, RITZ_ROW_MAJOR)));
    expect_ok(ritz_stream_sync(s));
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) assert_true(out[j * M + i] == in[i * N + j]);
    expect_ok(ritz_dmat_destroy(s, &A));
    expect_ok(ritz_stream_destroy(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sixteen_bits), cmocka_unit_test(test_ties),
        cmocka_unit_test(test_file_types),   cmocka_unit_test(test_strides),
        cmocka_unit_test(test_stream_order), cmocka_unit_test(test_large_transpose),
    };
    return cmocka_run_group_tests(tests, open_cpu, close_cpu);
}
