/* The elementwise kernels of ridge regression.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/convert.cuh"
#include "cuda/kernels.h"
#include "cuda/sweep.cuh"

#include "core/ridge_maps.h"

namespace
{

/* ---- filter factors -------------------------------------------------------------------------- */

template <typename T> struct ridge_filter_op {
    typedef T input, output;
    enum ritz_ridge_function phi;
    elements<const double> sigma, lambda;
    elements<const T> from;
    elements<T> to;

    __device__ bool wants(const place &) const
    {
        return true;
    }
    __device__ T load(const place &x) const
    {
        return from.p == nullptr ? T(1) : *from.at(x);
    }
    __device__ T value(const place &x, T c) const
    {
        return static_cast<T>(ritz_ridge_map(phi, *sigma.at(x), *lambda.at(x)) *
                              static_cast<double>(c));
    }
    __device__ T *target(const place &x) const
    {
        return to.at(x);
    }
};

/* ---- quotients ------------------------------------------------------------------------------- */

template <typename T> struct divide_rest_op {
    typedef T input, output;
    int power;
    double beyond;
    elements<const double> h;
    const double *tol;
    elements<const T> from;
    elements<T> to;

    __device__ bool wants(const place &) const
    {
        return true;
    }
    __device__ T load(const place &x) const
    {
        return *from.at(x);
    }
    __device__ T value(const place &x, T a) const
    {
        const double rest = 1 - *h.at(x), divisor = power == 2 ? rest * rest : rest;
        if (rest <= (tol == nullptr ? 0.0 : *tol)) return static_cast<T>(beyond);
        return static_cast<T>(static_cast<double>(a) / divisor);
    }
    __device__ T *target(const place &x) const
    {
        return to.at(x);
    }
};

} // namespace

cudaError_t launch_ridge_filter(int phi, struct cuda_operand sigma, struct cuda_operand lambda,
                                struct cuda_operand C, struct cuda_operand W, cudaStream_t stream)
{
    return with_real(W.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const ridge_filter_op<T> op = {
            static_cast<ritz_ridge_function>(phi), elements_of<const double>(sigma),
            elements_of<const double>(lambda), elements_of<const T>(C), elements_of<T>(W)};
        return launch_sweep_from(op, C, W, stream);
    });
}

cudaError_t launch_divide_rest(int power, double beyond, struct cuda_operand h, const void *tol,
                               struct cuda_operand A, struct cuda_operand B, cudaStream_t stream)
{
    return with_real(B.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const divide_rest_op<T> op = {power,
                                      beyond,
                                      elements_of<const double>(h),
                                      static_cast<const double *>(tol),
                                      elements_of<const T>(A),
                                      elements_of<T>(B)};
        return launch_sweep_from(op, A, B, stream);
    });
}
