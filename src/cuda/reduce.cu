/* Sums and maxima.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/columns.cuh"
#include "cuda/convert.cuh"
#include "cuda/kernels.h"

namespace
{

template <typename S, cuda_summand WHAT> struct sum_op {
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
        return WHAT == CUDA_SQUARES ? a * a : WHAT == CUDA_MODULI ? fabs(a) : a;
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

/* Sums of squares of large, ordinary and tiny numbers, the first and last ones scaled so that their
 * squares neither overflow nor vanish (Blue 1978; the limits of Anderson 2017, section 3). */
struct norm_sums {
    double large, ordinary, tiny;
};
static_assert(sizeof(norm_sums) == CUDA_NORM_BYTES, "workspace of norms");

constexpr double LARGE = 0x1p486, LARGE_SCALE = 0x1p-538;
constexpr double TINY = 0x1p-511, TINY_SCALE = 0x1p537;

struct norm_merge {
    typedef norm_sums result;

    __device__ norm_sums none() const
    {
        return {0, 0, 0};
    }
    __device__ norm_sums merge(const norm_sums &a, const norm_sums &b) const
    {
        return {a.large + b.large, a.ordinary + b.ordinary, a.tiny + b.tiny};
    }
    __device__ norm_sums swap(const norm_sums &a, int bit) const
    {
        return {__shfl_xor_sync(RITZ_ALL_LANES, a.large, bit),
                __shfl_xor_sync(RITZ_ALL_LANES, a.ordinary, bit),
                __shfl_xor_sync(RITZ_ALL_LANES, a.tiny, bit)};
    }
};

template <typename T> struct norm_sums_op : norm_merge {
    elements<const T> from;
    elements<norm_sums> to;

    __device__ norm_sums load(const place &x) const
    {
        const double a = fabs(static_cast<double>(*from.at(x)));
        if (a > LARGE) return {a * LARGE_SCALE * (a * LARGE_SCALE), 0, 0};
        if (a < TINY) return {0, 0, a * TINY_SCALE * (a * TINY_SCALE)};
        return {0, a * a, 0}; /* a NaN too */
    }
    __device__ void store(const place &x, const norm_sums &sums) const
    {
        *to.at(x) = sums;
    }
};

struct norm_op : norm_merge {
    elements<const norm_sums> from;
    elements<double> to;

    __device__ norm_sums load(const place &x) const
    {
        return *from.at(x);
    }
    __device__ void store(const place &x, const norm_sums &s) const
    {
        const double middle = sqrt(s.ordinary);
        double norm = middle;
        if (s.large > 0 && middle == middle)
            norm = hypot(middle * LARGE_SCALE, sqrt(s.large)) / LARGE_SCALE;
        else if (s.tiny > 0)
            norm = hypot(middle, sqrt(s.tiny) / TINY_SCALE);
        *to.at(x) = norm;
    }
};

template <typename T>
cudaError_t sum_columns(const cuda_summand what, const cuda_operand &A, const cuda_chunks &chunks,
                        const elements<double> &to, cudaStream_t stream)
{
    const elements<const T> from = elements_of<const T>(A);
    if (what == CUDA_SQUARES)
        return launch_reduce(sum_op<T, CUDA_SQUARES>{from, to}, A, chunks, stream);
    return launch_reduce(sum_op<T, CUDA_MODULI>{from, to}, A, chunks, stream);
}

} // namespace

cudaError_t launch_col_sums(enum cuda_summand what, struct cuda_operand A,
                            struct cuda_chunks chunks, struct cuda_operand out, cudaStream_t stream)
{
    const elements<double> to = elements_of<double>(out);
    if (what != CUDA_VALUES)
        return with_real(A.dtype, [&](auto type) {
            return sum_columns<typename decltype(type)::type>(what, A, chunks, to, stream);
        });
    return with_type(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type S;
        const sum_op<S, CUDA_VALUES> op = {elements_of<const S>(A), to};
        return launch_reduce(op, A, chunks, stream);
    });
}

cudaError_t launch_norm_sums(struct cuda_operand A, struct cuda_chunks chunks, void *sums,
                             cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        norm_sums_op<T> op;
        op.from = elements_of<const T>(A);
        op.to = {static_cast<norm_sums *>(sums), 1, 0, chunks.count};
        return launch_reduce_items(op, A, chunks, stream);
    });
}

cudaError_t launch_norms(int64_t chunks, const void *sums, struct cuda_operand out,
                         cudaStream_t stream)
{
    cuda_operand column = {};
    column.rows = chunks;
    column.cols = 1;
    column.batch = out.batch;
    norm_op op;
    op.from = {static_cast<const norm_sums *>(sums), 1, 0, chunks};
    op.to = elements_of<double>(out);
    return launch_reduce_down(op, column, cuda_chunks{chunks, 1, 0}, stream);
}

cudaError_t launch_sumsq(struct cuda_operand A, struct cuda_chunks chunks, struct cuda_operand out,
                         cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const sum_op<T, CUDA_SQUARES> op = {elements_of<const T>(A), elements_of<double>(out)};
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
