/* Conversion of elements, by the rule of core/convert.h: to a floating-point type one rounding to
 * nearest even, overflow to infinity, NaN stays NaN; to an integer type round half to even,
 * saturate, NaN becomes 0.
 *
 * An element is loaded as float, double or int64_t, whichever holds its value exactly, and stored
 * with one rounding.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_CONVERT_CUH
#define RITZ_CUDA_CONVERT_CUH

#include "cuda/kernel.cuh"
#include "ritz/matrix.h"

namespace
{

/* ---- loading --------------------------------------------------------------------------------- */

template <typename S> struct exact {
    typedef float type;
};
template <> struct exact<double> {
    typedef double type;
};
template <> struct exact<int32_t> {
    typedef double type;
};
template <> struct exact<int64_t> {
    typedef int64_t type;
};

template <typename S> __device__ inline typename exact<S>::type loaded(S x)
{
    return static_cast<typename exact<S>::type>(x);
}
template <> __device__ inline float loaded(__half x)
{
    return __half2float(x);
}
template <> __device__ inline float loaded(__nv_bfloat16 x)
{
    return __bfloat162float(x);
}

/* ---- storing --------------------------------------------------------------------------------- */

/* A double that rounds to 16-bit formats as the integer does. From 2^53 on, the 11 lowest bits lie
 * below every place where those formats round: only whether they are 0 counts. */
__device__ inline double sticky(int64_t v)
{
    const int64_t end = INT64_C(1) << 53;
    const int64_t cut = (v & ~INT64_C(0x7FF)) | ((v & 0x7FF) != 0 ? 0x400 : 0);
    return static_cast<double>(v >= end || v <= -end ? cut : v);
}

/* The integer types: from `least` to below `end`, a power of two. */
template <typename D> struct integers;
template <> struct integers<int8_t> {
    static constexpr int64_t least = INT8_MIN, greatest = INT8_MAX;
    static constexpr float end = 0x1p7f;
};
template <> struct integers<uint8_t> {
    static constexpr int64_t least = 0, greatest = UINT8_MAX;
    static constexpr float end = 0x1p8f;
};
template <> struct integers<int32_t> {
    static constexpr int64_t least = INT32_MIN, greatest = INT32_MAX;
    static constexpr float end = 0x1p31f;
};
template <> struct integers<int64_t> {
    static constexpr int64_t least = INT64_MIN, greatest = INT64_MAX;
    static constexpr float end = 0x1p63f;
};

template <typename D, typename V> __device__ inline D saturated(V v)
{
    const V nearest = rint(v);
    if (v != v) return 0;
    if (nearest >= static_cast<V>(integers<D>::end)) return static_cast<D>(integers<D>::greatest);
    if (nearest < static_cast<V>(integers<D>::least)) return static_cast<D>(integers<D>::least);
    return static_cast<D>(nearest);
}

template <typename D> __device__ inline D saturated(int64_t v)
{
    return static_cast<D>(v < integers<D>::least      ? integers<D>::least
                          : v > integers<D>::greatest ? integers<D>::greatest
                                                      : v);
}

template <typename D> struct stored {
    template <typename V> static __device__ inline D from(V v)
    {
        return saturated<D>(v);
    }
};
template <> struct stored<float> {
    template <typename V> static __device__ inline float from(V v)
    {
        return static_cast<float>(v);
    }
};
template <> struct stored<double> {
    template <typename V> static __device__ inline double from(V v)
    {
        return static_cast<double>(v);
    }
};
template <> struct stored<__half> {
    static __device__ inline __half from(float v)
    {
        return __float2half_rn(v);
    }
    static __device__ inline __half from(double v)
    {
        return __double2half(v);
    }
    static __device__ inline __half from(int64_t v)
    {
        return __double2half(sticky(v));
    }
};
template <> struct stored<__nv_bfloat16> {
    static __device__ inline __nv_bfloat16 from(float v)
    {
        return __float2bfloat16_rn(v);
    }
    static __device__ inline __nv_bfloat16 from(double v)
    {
        return __double2bfloat16(v);
    }
    static __device__ inline __nv_bfloat16 from(int64_t v)
    {
        return __double2bfloat16(sticky(v));
    }
};

/* ---- from a value of ritz_dtype to a type ---------------------------------------------------- */

template <typename S> struct type_of {
    typedef S type;
};

/* launch(type_of<S>()) for the type S of `dtype`. */
template <typename Launch> inline cudaError_t with_type(ritz_dtype dtype, const Launch &launch)
{
    switch (dtype) {
    case RITZ_F32: return launch(type_of<float>());
    case RITZ_F64: return launch(type_of<double>());
    case RITZ_F16: return launch(type_of<__half>());
    case RITZ_BF16: return launch(type_of<__nv_bfloat16>());
    case RITZ_I8: return launch(type_of<int8_t>());
    case RITZ_U8: return launch(type_of<uint8_t>());
    case RITZ_I32: return launch(type_of<int32_t>());
    case RITZ_I64: return launch(type_of<int64_t>());
    default: return cudaErrorInvalidValue;
    }
}

/* The same for F32 and F64. */
template <typename Launch> inline cudaError_t with_real(ritz_dtype dtype, const Launch &launch)
{
    if (dtype == RITZ_F32) return launch(type_of<float>());
    return launch(type_of<double>());
}

} // namespace

#endif
