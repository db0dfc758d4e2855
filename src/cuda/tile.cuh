/* A matrix that one block of threads works on: a copy in shared memory, or the matrix itself in
 * global memory. Algorithms are written once for both.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_TILE_CUH
#define RITZ_CUDA_TILE_CUH

#include "cuda/warp.cuh"

namespace
{

/* A grid has at most so many blocks; they loop over the items beyond. */
constexpr int64_t MOST_BLOCKS = 65535;

inline unsigned blocks_for(int64_t items)
{
    return static_cast<unsigned>(items < MOST_BLOCKS ? items : MOST_BLOCKS);
}

__device__ inline int lane()
{
    return static_cast<int>(threadIdx.x) % RITZ_WARP;
}
__device__ inline int warp()
{
    return static_cast<int>(threadIdx.x) / RITZ_WARP;
}

/* An odd leading dimension spreads the rows of a matrix in shared memory over the banks. */
__host__ __device__ inline int odd(int n)
{
    return n | 1;
}

/* Column-major. I: what indices are counted in. */
template <typename T, typename I> struct tile {
    T *p;
    I rows, cols, ld;
    __device__ T &at(I i, I j) const
    {
        return p[j * ld + i];
    }
};

/* Indices of what lies in shared memory, or anywhere. */
template <bool SHARED> struct index_type {
    typedef int64_t type;
};
template <> struct index_type<true> {
    typedef int type;
};

/* A warp has a column, lanes share its rows; WARPS: of the block. */
template <int WARPS, typename T, typename I, typename S>
__device__ void load(const tile<T, I> &t, const S *A, int64_t ld)
{
    for (I j = warp(); j < t.cols; j += WARPS)
        for (I i = lane(); i < t.rows; i += RITZ_WARP) t.at(i, j) = A[j * ld + i];
}

template <int WARPS, typename T, typename I>
__device__ void store(const tile<T, I> &t, T *A, int64_t ld)
{
    for (I j = warp(); j < t.cols; j += WARPS)
        for (I i = lane(); i < t.rows; i += RITZ_WARP) A[j * ld + i] = t.at(i, j);
}

/* The same bits in every thread of the block, by a fixed tree; `of_warp` has an element for each
 * warp. Between two uses of `of_warp` all threads meet at a barrier, as they do in here. */
template <int WARPS, typename T> __device__ T block_sum(T x, T *of_warp)
{
    x = ritz_warp_sum(x);
    if (WARPS == 1) return x;
    __syncthreads();
    if (lane() == 0) of_warp[warp()] = x;
    __syncthreads();
    T sum = of_warp[0];
    for (int w = 1; w < WARPS; w++) sum += of_warp[w];
    return sum;
}

template <int WARPS, typename T> __device__ T block_max(T x, T *of_warp)
{
    x = ritz_warp_max(x);
    if (WARPS == 1) return x;
    __syncthreads();
    if (lane() == 0) of_warp[warp()] = x;
    __syncthreads();
    T largest = of_warp[0];
    for (int w = 1; w < WARPS; w++) largest = of_warp[w] > largest ? of_warp[w] : largest;
    return largest;
}

/* The largest of the values that threads bring, and the first place that has it. A thread without
 * one, or with NaN only, brings a value below all others. */
template <typename T, typename I> struct leading {
    T value;
    I place;
};

template <typename T, typename I>
__device__ inline leading<T, I> ahead(const leading<T, I> &a, const leading<T, I> &b)
{
    return b.value > a.value || (b.value == a.value && b.place < a.place) ? b : a;
}

template <int WARPS, typename T, typename I>
__device__ leading<T, I> block_leading(leading<T, I> x, leading<T, I> *of_warp)
{
    RITZ_UNROLL
    for (int step = RITZ_WARP / 2; step > 0; step /= 2)
        x = ahead(x, leading<T, I>{__shfl_xor_sync(RITZ_ALL_LANES, x.value, step),
                                   __shfl_xor_sync(RITZ_ALL_LANES, x.place, step)});
    if (WARPS == 1) return x;
    __syncthreads();
    if (lane() == 0) of_warp[warp()] = x;
    __syncthreads();
    leading<T, I> first = of_warp[0];
    for (int w = 1; w < WARPS; w++) first = ahead(first, of_warp[w]);
    return first;
}

} // namespace

#endif
