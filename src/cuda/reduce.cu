/* Sums and maxima.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/columns.cuh"
#include "cuda/convert.cuh"
#include "cuda/kernels.h"

namespace
{

template <typename S, bool SQUARES> struct sum_op {
    typedef double result;
    elements<const S> from;
    elements<double> to;

    __device__ double none() const
    {
        return 0;
    }
    __device__ double load(const place &x) const
    {
        const double a = static_cast<double>(loaded(*from.at(x)));
        return SQUARES ? a * a : a;
    }
    __device__ double merge(double a, double b) const
    {
        return a + b;
    }
    __device__ double swap(double a, int bit) const
    {
        return __shfl_xor_sync(RITZ_ALL_LANES, a, bit);
    }
    __device__ void store(const place &x, double sum) const
    {
        *to.at(x) = sum;
    }
};

/* NaN counts as larger than infinity. */
template <typename T> struct max_abs_op {
    typedef double result;
    elements<const T> from;
    elements<double> to;

    __device__ double none() const
    {
        return 0;
    }
    __device__ double load(const place &x) const
    {
        return fabs(static_cast<double>(*from.at(x)));
    }
    __device__ double merge(double a, double b) const
    {
        return a >= b || a != a ? a : b;
    }
    __device__ double swap(double a, int bit) const
    {
        return __shfl_xor_sync(RITZ_ALL_LANES, a, bit);
    }
    __device__ void store(const place &x, double largest) const
    {
        *to.at(x) = largest;
    }
};

} // namespace

cudaError_t launch_col_sums(int squares, struct cuda_operand A, struct cuda_chunks chunks,
                            struct cuda_operand out, cudaStream_t stream)
{
    const elements<double> to = elements_of<double>(out);
    if (squares)
        return with_real(A.dtype, [&](auto type) {
            typedef typename decltype(type)::type T;
            const sum_op<T, true> op = {elements_of<const T>(A), to};
            return launch_reduce(op, A, chunks, stream);
        });
    return with_type(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type S;
        const sum_op<S, false> op = {elements_of<const S>(A), to};
        return launch_reduce(op, A, chunks, stream);
    });
}

cudaError_t launch_sumsq(struct cuda_operand A, struct cuda_chunks chunks, struct cuda_operand out,
                         cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const sum_op<T, true> op = {elements_of<const T>(A), elements_of<double>(out)};
        return launch_reduce_items(op, A, chunks, stream);
    });
}

cudaError_t launch_max_abs(struct cuda_operand A, struct cuda_chunks chunks,
                           struct cuda_operand out, cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const max_abs_op<T> op = {elements_of<const T>(A), elements_of<double>(out)};
        return launch_reduce_items(op, A, chunks, stream);
    });
}
