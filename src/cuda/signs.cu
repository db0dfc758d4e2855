/* The sign rule of singular and eigenvectors: the first entry of largest modulus of a column is not
 * negative.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/columns.cuh"
#include "cuda/convert.cuh"
#include "cuda/kernels.h"

namespace
{

/* Of an element: its modulus, and twice its row, plus 1 if it is negative. NaN and 0 are passed
 * over. */
struct leader {
    double modulus;
    int64_t position;
};
static_assert(sizeof(leader) == SIGN_BYTES, "workspace of the sign rule");

struct leaders {
    typedef leader result;
    elements<leader> to;

    __device__ leader none() const
    {
        return {0, 0};
    }
    __device__ leader merge(leader a, leader b) const
    {
        const bool second =
            b.modulus > a.modulus || (b.modulus == a.modulus && b.position < a.position);
        return second ? b : a;
    }
    __device__ leader swap(leader a, int bit) const
    {
        return {__shfl_xor_sync(RITZ_ALL_LANES, a.modulus, bit),
                __shfl_xor_sync(RITZ_ALL_LANES, a.position, bit)};
    }
    __device__ void store(const place &x, leader best) const
    {
        *to.at(x) = best;
    }
};

template <typename T> struct find_op : leaders {
    elements<const T> from;

    __device__ leader load(const place &x) const
    {
        const double v = static_cast<double>(*from.at(x)), modulus = fabs(v);
        if (!(modulus > 0)) return {0, 0};
        return {modulus, 2 * x.i + (v < 0)};
    }
};

struct choose_op : leaders {
    elements<const leader> from;

    __device__ leader load(const place &x) const
    {
        return *from.at(x);
    }
};

template <typename T> struct flip_op {
    typedef T input, output;
    elements<const leader> chosen;
    elements<T> to;

    __device__ bool wants(const place &x) const
    {
        return chosen.at(x)->position & 1;
    }
    __device__ T load(const place &x) const
    {
        return *to.at(x);
    }
    __device__ T value(const place &, T a) const
    {
        return -a;
    }
    __device__ T *target(const place &x) const
    {
        return to.at(x);
    }
};

} // namespace

cudaError_t launch_find_signs(struct cuda_operand V, struct cuda_chunks chunks, void *signs,
                              cudaStream_t stream)
{
    return with_real(V.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        find_op<T> op;
        op.from = elements_of<const T>(V);
        op.to = {static_cast<leader *>(signs), 1, chunks.count, chunks.count * V.cols};
        return launch_reduce(op, V, chunks, stream);
    });
}

cudaError_t launch_choose_signs(int64_t chunks, int64_t cols, int64_t batch, const void *signs,
                                void *chosen, cudaStream_t stream)
{
    cuda_operand columns = {};
    columns.rows = chunks;
    columns.cols = cols;
    columns.batch = batch;
    choose_op op;
    op.from = {static_cast<const leader *>(signs), 1, chunks, chunks * cols};
    op.to = {static_cast<leader *>(chosen), 0, 1, cols};
    return launch_reduce_down(op, columns, cuda_chunks{chunks, 1, 0}, stream);
}

cudaError_t launch_flip_signs(struct cuda_operand chosen, struct cuda_operand A,
                              cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const flip_op<T> op = {elements_of<const leader>(chosen), elements_of<T>(A)};
        return launch_sweep(op, A, stream);
    });
}
