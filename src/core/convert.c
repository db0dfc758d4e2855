/* Conversion of elements between data types: one loop for each pair, from templates.
 *
 * An element is loaded as one of four C types that hold its value exactly (float for types of up
 * to 16 bits, double for 32-bit integers), and stored from there with one rounding.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/convert.h"

#include <math.h>
#include <stdbool.h>

#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)

typedef void (*convert_function)(int64_t count, const void *restrict src, int64_t src_stride,
                                 void *restrict dst, int64_t dst_stride);

static const struct {
    const char *name;
    size_t size;
    ritz_dtype dtype;
} elements[] = {
    [RITZ_ELEM_F32] = {"float32", 4, RITZ_F32}, [RITZ_ELEM_F64] = {"float64", 8, RITZ_F64},
    [RITZ_ELEM_F16] = {"float16", 2, RITZ_F16}, [RITZ_ELEM_BF16] = {"bfloat16", 2, RITZ_BF16},
    [RITZ_ELEM_I8] = {"int8", 1, RITZ_I8},      [RITZ_ELEM_U8] = {"uint8", 1, RITZ_U8},
    [RITZ_ELEM_I32] = {"int32", 4, RITZ_I32},   [RITZ_ELEM_I64] = {"int64", 8, RITZ_I64},
    [RITZ_ELEM_I16] = {"int16", 2, RITZ_F32},   [RITZ_ELEM_U16] = {"uint16", 2, RITZ_F32},
    [RITZ_ELEM_U32] = {"uint32", 4, RITZ_F64},  [RITZ_ELEM_U64] = {"uint64", 8, RITZ_F64},
    [RITZ_ELEM_BOOL] = {"bool", 1, RITZ_F32},
};

static bool is_element(ritz_elem type)
{
    return type >= RITZ_ELEM_F32 && type <= RITZ_ELEM_BOOL;
}

size_t ritz_elem_size(ritz_elem type)
{
    return is_element(type) ? elements[type].size : 0;
}

const char *ritz_elem_name(ritz_elem type)
{
    return is_element(type) ? elements[type].name : "unknown";
}

ritz_dtype ritz_elem_dtype(ritz_elem type)
{
    return elements[type].dtype;
}

/* ---- loading -------------------------------------------------------------------------------- */

static inline float load_f32(float x)
{
    return x;
}

static inline double load_f64(double x)
{
    return x;
}

static inline float load_f16(uint16_t x)
{
    return ritz_f16_to_f32(x);
}

static inline float load_bf16(uint16_t x)
{
    return ritz_bf16_to_f32(x);
}

static inline float load_i8(int8_t x)
{
    return (float)x;
}

static inline float load_u8(uint8_t x)
{
    return (float)x;
}

static inline double load_i32(int32_t x)
{
    return (double)x;
}

static inline int64_t load_i64(int64_t x)
{
    return x;
}

static inline float load_i16(int16_t x)
{
    return (float)x;
}

static inline float load_u16(uint16_t x)
{
    return (float)x;
}

static inline double load_u32(uint32_t x)
{
    return (double)x;
}

static inline uint64_t load_u64(uint64_t x)
{
    return x;
}

static inline float load_b8(uint8_t x)
{
    return x != 0 ? 1.0f : 0.0f;
}

/* ---- storing as floating point -------------------------------------------------------------- */

/* A double that rounds to binary32 and shorter formats as the integer does. From 2^53 on, the 11
 * lowest bits lie below every place where those formats round: only whether they are 0 counts. */
static inline double sticky_from_i64(int64_t v)
{
    int64_t sticky = (v & ~INT64_C(0x7FF)) | ((v & 0x7FF) != 0 ? 0x400 : 0);
    return (double)(v >= INT64_C(1) << 53 || v <= -(INT64_C(1) << 53) ? sticky : v);
}

static inline double sticky_from_u64(uint64_t v)
{
    uint64_t sticky = (v & ~UINT64_C(0xFFF)) | ((v & 0xFFF) != 0 ? 0x800u : 0u);
    return (double)(v >= UINT64_C(1) << 53 ? sticky : v);
}

static inline float store_f32_float(float v)
{
    return v;
}

static inline float store_f32_double(double v)
{
    return (float)v;
}

static inline float store_f32_int64_t(int64_t v)
{
    return (float)v;
}

static inline float store_f32_uint64_t(uint64_t v)
{
    return (float)v;
}

static inline double store_f64_float(float v)
{
    return (double)v;
}

static inline double store_f64_double(double v)
{
    return v;
}

static inline double store_f64_int64_t(int64_t v)
{
    return (double)v;
}

static inline double store_f64_uint64_t(uint64_t v)
{
    return (double)v;
}

static inline uint16_t store_f16_float(float v)
{
    return ritz_f32_to_f16(v);
}

static inline uint16_t store_f16_double(double v)
{
    return ritz_f64_to_f16(v);
}

static inline uint16_t store_f16_int64_t(int64_t v)
{
    return ritz_f64_to_f16(sticky_from_i64(v));
}

static inline uint16_t store_f16_uint64_t(uint64_t v)
{
    return ritz_f64_to_f16(sticky_from_u64(v));
}

static inline uint16_t store_bf16_float(float v)
{
    return ritz_f32_to_bf16(v);
}

static inline uint16_t store_bf16_double(double v)
{
    return ritz_f64_to_bf16(v);
}

static inline uint16_t store_bf16_int64_t(int64_t v)
{
    return ritz_f64_to_bf16(sticky_from_i64(v));
}

static inline uint16_t store_bf16_uint64_t(uint64_t v)
{
    return ritz_f64_to_bf16(sticky_from_u64(v));
}

/* ---- storing as integers -------------------------------------------------------------------- */

#define DST i8
#define D int8_t
#define D_MIN INT8_MIN
#define D_MAX INT8_MAX
#define D_END 0x1p7f
#include "core/convert_saturate.inc"

#define DST u8
#define D uint8_t
#define D_MIN 0
#define D_MAX UINT8_MAX
#define D_END 0x1p8f
#include "core/convert_saturate.inc"

#define DST i32
#define D int32_t
#define D_MIN INT32_MIN
#define D_MAX INT32_MAX
#define D_END 0x1p31f
#include "core/convert_saturate.inc"

#define DST i64
#define D int64_t
#define D_MIN INT64_MIN
#define D_MAX INT64_MAX
#define D_END 0x1p63f
#include "core/convert_saturate.inc"

/* ---- the pairs: SRC names a type, S is its C type in memory, V the C type of a loaded value - */

#define SRC f32
#define S float
#define V float
#include "core/convert_from.inc"

#define SRC f64
#define S double
#define V double
#include "core/convert_from.inc"

#define SRC f16
#define S uint16_t
#define V float
#include "core/convert_from.inc"

#define SRC bf16
#define S uint16_t
#define V float
#include "core/convert_from.inc"

#define SRC i8
#define S int8_t
#define V float
#include "core/convert_from.inc"

#define SRC u8
#define S uint8_t
#define V float
#include "core/convert_from.inc"

#define SRC i32
#define S int32_t
#define V double
#include "core/convert_from.inc"

#define SRC i64
#define S int64_t
#define V int64_t
#include "core/convert_from.inc"

#define SRC i16
#define S int16_t
#define V float
#include "core/convert_from.inc"

#define SRC u16
#define S uint16_t
#define V float
#include "core/convert_from.inc"

#define SRC u32
#define S uint32_t
#define V double
#include "core/convert_from.inc"

#define SRC u64
#define S uint64_t
#define V uint64_t
#include "core/convert_from.inc"

#define SRC b8
#define S uint8_t
#define V float
#include "core/convert_from.inc"

static const convert_function *const conversions[] = {
    [RITZ_ELEM_F32] = from_f32,   [RITZ_ELEM_F64] = from_f64, [RITZ_ELEM_F16] = from_f16,
    [RITZ_ELEM_BF16] = from_bf16, [RITZ_ELEM_I8] = from_i8,   [RITZ_ELEM_U8] = from_u8,
    [RITZ_ELEM_I32] = from_i32,   [RITZ_ELEM_I64] = from_i64, [RITZ_ELEM_I16] = from_i16,
    [RITZ_ELEM_U16] = from_u16,   [RITZ_ELEM_U32] = from_u32, [RITZ_ELEM_U64] = from_u64,
    [RITZ_ELEM_BOOL] = from_b8,
};

/* Equal types are moved as bits, so that a NaN keeps its payload. */
static void move_strided(int64_t count, size_t size, const unsigned char *restrict src,
                         int64_t src_stride, unsigned char *restrict dst, int64_t dst_stride)
{
    if (src_stride == 1 && dst_stride == 1) {
        memcpy(dst, src, (size_t)count * size);
        return;
    }
    int64_t src_step = src_stride * (int64_t)size;
    int64_t dst_step = dst_stride * (int64_t)size;
    switch (size) { /* a constant size makes each memcpy one move */
    case 1:
        for (int64_t i = 0; i < count; i++) dst[i * dst_step] = src[i * src_step];
        break;
    case 2:
        for (int64_t i = 0; i < count; i++) memcpy(dst + i * dst_step, src + i * src_step, 2);
        break;
    case 4:
        for (int64_t i = 0; i < count; i++) memcpy(dst + i * dst_step, src + i * src_step, 4);
        break;
    default:
        for (int64_t i = 0; i < count; i++) memcpy(dst + i * dst_step, src + i * src_step, 8);
        break;
    }
}

void ritz_convert_strided(int64_t count, const void *src, ritz_elem src_type, int64_t src_stride,
                          void *dst, ritz_dtype dst_type, int64_t dst_stride)
{
    if (count <= 0) return;
    if ((int)src_type == (int)dst_type) {
        move_strided(count, elements[src_type].size, src, src_stride, dst, dst_stride);
    } else {
        conversions[src_type][dst_type](count, src, src_stride, dst, dst_stride);
    }
}
