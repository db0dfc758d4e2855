/* Copies, with conversion of the data type and change of the layout.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <type_traits>

#include "cuda/convert.cuh"
#include "cuda/kernels.h"
#include "cuda/sweep.cuh"

namespace
{

template <typename S, typename D> struct convert_op {
    typedef typename exact<S>::type input;
    typedef D output;
    elements<const S> from;
    elements<D> to;

    __device__ bool wants(const place &) const
    {
        return true;
    }
    __device__ input load(const place &x) const
    {
        return loaded(*from.at(x));
    }
    __device__ D value(const place &, input v) const
    {
        return stored<D>::from(v);
    }
    __device__ D *target(const place &x) const
    {
        return to.at(x);
    }
};

/* Equal types are moved as bits, so that a NaN keeps its payload. Bits shorter than a bank of
 * shared memory are widened. */
template <typename Bits, typename Wide> struct move_op {
    typedef Wide input;
    typedef Bits output;
    elements<const Bits> from;
    elements<Bits> to;

    __device__ bool wants(const place &) const
    {
        return true;
    }
    __device__ Wide load(const place &x) const
    {
        return *from.at(x);
    }
    __device__ Bits value(const place &, Wide v) const
    {
        return static_cast<Bits>(v);
    }
    __device__ Bits *target(const place &x) const
    {
        return to.at(x);
    }
};

template <typename Bits, typename Wide>
cudaError_t launch_move(const cuda_operand &A, const cuda_operand &B, cudaStream_t stream)
{
    const move_op<Bits, Wide> op = {elements_of<const Bits>(A), elements_of<Bits>(B)};
    return launch_sweep_from(op, A, B, stream);
}

cudaError_t launch_same(const cuda_operand &A, const cuda_operand &B, cudaStream_t stream)
{
    switch (A.dtype) {
    case RITZ_I8:
    case RITZ_U8: return launch_move<uint8_t, uint32_t>(A, B, stream);
    case RITZ_F16:
    case RITZ_BF16: return launch_move<uint16_t, uint32_t>(A, B, stream);
    case RITZ_F32:
    case RITZ_I32: return launch_move<uint32_t, uint32_t>(A, B, stream);
    default: return launch_move<uint64_t, uint64_t>(A, B, stream);
    }
}

template <typename S, typename D>
cudaError_t launch_convert(const cuda_operand &A, const cuda_operand &B, cudaStream_t stream)
{
    const convert_op<S, D> op = {elements_of<const S>(A), elements_of<D>(B)};
    return launch_sweep_from(op, A, B, stream);
}

template <typename S>
cudaError_t launch_convert_from(const cuda_operand &A, const cuda_operand &B, cudaStream_t stream)
{
    return with_type(B.dtype, [&](auto to) {
        typedef typename decltype(to)::type D;
        if constexpr (std::is_same<S, D>::value)
            return cudaErrorInvalidValue;
        else
            return launch_convert<S, D>(A, B, stream);
    });
}

} // namespace

cudaError_t launch_copy(struct cuda_operand A, struct cuda_operand B, cudaStream_t stream)
{
    if (A.dtype == B.dtype) return launch_same(A, B, stream);
    return with_type(A.dtype, [&](auto from) {
        return launch_convert_from<typename decltype(from)::type>(A, B, stream);
    });
}
