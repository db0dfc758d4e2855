/* Keeping non-finite items away from routines that could hang, and reporting failures.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/columns.cuh"
#include "cuda/convert.cuh"
#include "cuda/kernels.h"

namespace
{

/* ---- finding --------------------------------------------------------------------------------- */

struct any_set {
    typedef int32_t result;
    elements<int32_t> to, flags;

    __device__ int32_t none() const
    {
        return 0;
    }
    __device__ int32_t merge(int32_t a, int32_t b) const
    {
        return a | b;
    }
    __device__ int32_t swap(int32_t a, int bit) const
    {
        return __shfl_xor_sync(RITZ_ALL_LANES, a, bit);
    }
    __device__ void store(const place &x, int32_t bad) const
    {
        *to.at(x) = bad;
        if (bad && flags.p) *flags.at(x) = 1;
    }
};

template <typename T> struct find_bad_op : any_set {
    ritz_uplo part;
    elements<const T> from;

    __device__ int32_t load(const place &x) const
    {
        return in_part(part, x, 0) && !isfinite(*from.at(x));
    }
};

struct any_bad_op : any_set {
    elements<const int32_t> from;

    __device__ int32_t load(const place &x) const
    {
        return *from.at(x);
    }
};

/* ---- filling --------------------------------------------------------------------------------- */

template <typename T> struct fill_flagged_op {
    typedef T input, output;
    ritz_uplo part;
    T number;
    const int32_t *flags;
    int64_t step;
    elements<T> to;

    __device__ bool wants(const place &x) const
    {
        return in_part(part, x, 0) && flags[x.item * step] != 0;
    }
    __device__ T load(const place &) const
    {
        return number;
    }
    __device__ T value(const place &, T v) const
    {
        return v;
    }
    __device__ T *target(const place &x) const
    {
        return to.at(x);
    }
};

/* ---- info ------------------------------------------------------------------------------------ */

struct info_merge_op {
    typedef int32_t input, output;
    elements<const int32_t> flags;
    elements<int32_t> info;

    __device__ bool wants(const place &x) const
    {
        return *flags.at(x) != 0;
    }
    __device__ int32_t load(const place &) const
    {
        return -1;
    }
    __device__ int32_t value(const place &, int32_t v) const
    {
        return v;
    }
    __device__ int32_t *target(const place &x) const
    {
        return info.at(x);
    }
};

constexpr int REPORT_THREADS = 256;

struct report {
    const int32_t *info;
    int64_t step, batch;
    int32_t code, not_finite;
    uint32_t ticket;
};

/* One block: each thread looks for the first failed item among its own. */
__global__ RITZ_BLOCK(REPORT_THREADS) void report_first(const report r, cuda_status *word)
{
    RITZ_SHARED(int64_t, of_warp, [REPORT_THREADS / RITZ_WARP]);
    const int thread = static_cast<int>(threadIdx.x);
    int64_t first = INT64_MAX;
    for (int64_t b = thread; b < r.batch && first == INT64_MAX; b += REPORT_THREADS)
        if (r.info[b * r.step] != 0) first = b;
    for (int bit = RITZ_WARP / 2; bit > 0; bit /= 2)
        first = smaller(first, __shfl_xor_sync(RITZ_ALL_LANES, first, bit));
    if (thread % RITZ_WARP == 0) of_warp[thread / RITZ_WARP] = first;
    __syncthreads();
    if (thread == 0) {
        for (int k = 1; k < REPORT_THREADS / RITZ_WARP; k++) first = smaller(first, of_warp[k]);
        if (first != INT64_MAX && atomicCAS(&word->claimed, 0u, 1u) == 0u) {
            const int32_t info = r.info[first * r.step];
            word->code = info == -1 ? r.not_finite : r.code;
            word->ticket = r.ticket;
            word->item = first;
            word->index = info;
        }
    }
}

} // namespace

cudaError_t launch_find_bad(ritz_uplo part, struct cuda_operand A, struct cuda_chunks chunks,
                            struct cuda_operand bad, struct cuda_operand flags, cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        find_bad_op<T> op;
        op.part = part;
        op.from = elements_of<const T>(A);
        op.to = elements_of<int32_t>(bad);
        op.flags = elements_of<int32_t>(flags);
        return launch_reduce_items(op, A, chunks, stream);
    });
}

cudaError_t launch_any_bad(struct cuda_operand some, struct cuda_operand bad,
                           struct cuda_operand flags, cudaStream_t stream)
{
    any_bad_op op;
    op.from = elements_of<const int32_t>(some);
    op.to = elements_of<int32_t>(bad);
    op.flags = elements_of<int32_t>(flags);
    return launch_reduce_down(op, some, cuda_chunks{some.rows, 1, 0}, stream);
}

cudaError_t launch_fill_flagged(ritz_uplo part, double value, const void *flags, int64_t step,
                                struct cuda_operand A, cudaStream_t stream)
{
    return with_real(A.dtype, [&](auto type) {
        typedef typename decltype(type)::type T;
        const fill_flagged_op<T> op = {part, static_cast<T>(value),
                                       static_cast<const int32_t *>(flags), step,
                                       elements_of<T>(A)};
        return launch_sweep(op, A, stream);
    });
}

cudaError_t launch_info_merge(struct cuda_operand flags, struct cuda_operand info,
                              cudaStream_t stream)
{
    const info_merge_op op = {elements_of<const int32_t>(flags), elements_of<int32_t>(info)};
    return launch_sweep(op, info, stream);
}

cudaError_t launch_info_report(struct cuda_operand info, int32_t code, int32_t not_finite,
                               uint32_t ticket, struct cuda_status *word, cudaStream_t stream)
{
    const report r = {
        static_cast<const int32_t *>(info.p), info.row_step, info.rows, code, not_finite, ticket};
    return RITZ_LAUNCH(report_first, dim3(1), dim3(REPORT_THREADS), 0, stream, r, word);
}
