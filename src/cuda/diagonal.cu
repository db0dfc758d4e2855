/* Products of diagonals, and what of a diagonal counts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/columns.cuh"
#include "cuda/convert.cuh"
#include "cuda/kernels.h"
#include "cuda/tile.cuh"

namespace
{

/* The factor of the sign that the interchange in row i contributes. */
struct interchanges {
    elements<const int32_t> pivots;

    __device__ bool odd_at(const place &x) const
    {
        return pivots.p != nullptr && *pivots.at(x) != x.i + 1;
    }
};

/* ---- sign and logarithm ---------------------------------------------------------------------- */

struct log_product {
    double logs;
    int32_t negative, zero, nan;
};

template <typename T> struct log_diag_op {
    typedef log_product result;
    elements<const T> from;
    interchanges swaps;
    elements<double> sign, logabs;

    __device__ log_product none() const
    {
        return {0, 0, 0, 0};
    }
    __device__ log_product load(const place &x) const
    {
        const double d = static_cast<double>(*from.at(x));
        return {log(fabs(d)), (d < 0) != swaps.odd_at(x), d == 0, d != d};
    }
    __device__ log_product merge(const log_product &a, const log_product &b) const
    {
        return {a.logs + b.logs, a.negative ^ b.negative, a.zero | b.zero, a.nan | b.nan};
    }
    __device__ log_product swap(const log_product &a, int bit) const
    {
        return {__shfl_xor_sync(RITZ_ALL_LANES, a.logs, bit),
                __shfl_xor_sync(RITZ_ALL_LANES, a.negative, bit),
                __shfl_xor_sync(RITZ_ALL_LANES, a.zero, bit),
                __shfl_xor_sync(RITZ_ALL_LANES, a.nan, bit)};
    }
    __device__ void store(const place &x, const log_product &a) const
    {
        const double nothing = a.nan ? NAN : 0.0;
        *sign.at(x) = a.nan || a.zero ? nothing : a.negative ? -1 : 1;
        *logabs.at(x) = a.nan ? nothing : a.zero ? -INFINITY : a.logs;
    }
};

/* ---- the product ----------------------------------------------------------------------------- */

/* mantissa * 2^exponent; the mantissa has a modulus in [1/2, 1), or is 0, infinite or NaN. */
struct scaled_product {
    double mantissa;
    int64_t exponent;
};

__device__ inline scaled_product scaled(double x, int64_t exponent)
{
    if (!(fabs(x) < INFINITY) || x == 0) return {x, 0};
    int e;
    const double mantissa = frexp(x, &e);
    return {mantissa, exponent + e};
}

template <typename T> struct diag_product_op {
    typedef scaled_product result;
    elements<const T> from;
    interchanges swaps;
    elements<double> to;

    __device__ scaled_product none() const
    {
        return {0.5, 1};
    }
    __device__ scaled_product load(const place &x) const
    {
        const double d = static_cast<double>(*from.at(x));
        return scaled(swaps.odd_at(x) ? -d : d, 0);
    }
    __device__ scaled_product merge(const scaled_product &a, const scaled_product &b) const
    {
        return scaled(a.mantissa * b.mantissa, a.exponent + b.exponent);
    }
    __device__ scaled_product swap(const scaled_product &a, int bit) const
    {
        return {__shfl_xor_sync(RITZ_ALL_LANES, a.mantissa, bit),
                __shfl_xor_sync(RITZ_ALL_LANES, a.exponent, bit)};
    }
    __device__ void store(const place &x, const scaled_product &a) const
    {
        constexpr int64_t beyond = 4096; /* any exponent of this size overflows, or underflows */
        const int64_t e = a.exponent > beyond    ? beyond
                          : a.exponent < -beyond ? -beyond
                                                 : a.exponent;
        *to.at(x) = ldexp(a.mantissa, static_cast<int>(e));
    }
};

/* ---- cutting --------------------------------------------------------------------------------- */

constexpr int CUT_THREADS = 128;
constexpr int CUT_WARPS = CUT_THREADS / RITZ_WARP;

/* A warp has an item. */
template <typename T>
__global__ void RITZ_BLOCK(CUT_THREADS)
    cut_values(double rtol, double atol, elements<T> S, int64_t k, int64_t batch,
               elements<int32_t> rank, elements<double> cond)
{
    for (int64_t item = static_cast<int64_t>(blockIdx.x) * CUT_WARPS + warp(); item < batch;
         item += static_cast<int64_t>(gridDim.x) * CUT_WARPS) {
        const double first = static_cast<double>(*S.at({item, 0, 0}));
        const double last = static_cast<double>(*S.at({item, k - 1, 0}));
        const bool known = first == first;
        int64_t count = 0;
        __syncwarp();
        for (int64_t i = lane(); i < k && known; i += RITZ_WARP) {
            const double s = static_cast<double>(*S.at({item, i, 0}));
            if (s > rtol * first && s > atol)
                count++;
            else
                *S.at({item, i, 0}) = T(0);
        }
        count = ritz_warp_sum(count);
        if (lane() == 0 && rank.p != nullptr)
            *rank.at({item, 0, 0}) = known ? static_cast<int32_t>(count) : -1;
        if (lane() == 0 && cond.p != nullptr)
            *cond.at({item, 0, 0}) = !known ? NAN : last == 0 ? INFINITY : first / last;
    }
}

/* One result an item: the whole column is one chunk. */
template <typename Op>
cudaError_t over_items(const Op &op, const cuda_operand &A, cudaStream_t stream)
{
    return launch_reduce_down(op, A, cuda_chunks{A.rows, 1, 0}, stream);
}

} // namespace

cudaError_t launch_log_diag(struct cuda_operand A, struct cuda_operand pivots,
                            struct cuda_operand sign, struct cuda_operand logabs,
                            cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const log_diag_op<T> op = {elements_of<const T>(A),
                                   {elements_of<const int32_t>(pivots)},
                                   elements_of<double>(sign),
                                   elements_of<double>(logabs)};
        return over_items(op, A, stream);
    });
}

cudaError_t launch_diag_product(struct cuda_operand A, struct cuda_operand pivots,
                                struct cuda_operand out, cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const diag_product_op<T> op = {elements_of<const T>(A),
                                       {elements_of<const int32_t>(pivots)},
                                       elements_of<double>(out)};
        return over_items(op, A, stream);
    });
}

cudaError_t launch_cut_values(double rtol, double atol, struct cuda_operand S,
                              struct cuda_operand rank, struct cuda_operand cond,
                              cudaStream_t stream)
{
    return with_real(S.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        return RITZ_LAUNCH((cut_values<T>), blocks_for(pieces(S.batch, CUT_WARPS)), CUT_THREADS, 0,
                           stream, rtol, atol, elements_of<T>(S), S.rows, S.batch,
                           elements_of<int32_t>(rank), elements_of<double>(cond));
    });
}
