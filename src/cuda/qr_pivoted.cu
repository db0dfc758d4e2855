/* Householder QR with column pivoting. Small matrices: one a block of threads, in shared memory.
 * Others: two launches a step for the whole batch, one that takes the longest column that is left
 * and makes its reflector, and one that applies it, a column a warp.
 *
 * The lengths of what is left of the columns are updated, and computed anew where the update has
 * lost half of the digits.
 *
 * Source: Quintana-Orti, Sun and Bischof 1998, section 2; Drmac and Bujanovic 2008 (when to compute
 * lengths anew).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/factor_kernels.h"
#include "cuda/reflector.cuh"

namespace
{

__device__ inline float root_epsilon(float)
{
    return 3.4526698e-4f;
}
__device__ inline double root_epsilon(double)
{
    return 1.4901161193847656e-8;
}

/* Of the columns of one item: the length of what is left, the length when it was last computed,
 * and where the column came from. */
template <typename T> struct column_list {
    T *length, *computed;
    int32_t *pivots;
    int64_t pivot_step;
};

/* Columns first, first + step, ...; by one whole warp. */
template <typename T, typename I>
__device__ void measure(const tile<T, I> &A, const column_list<T> &c, I first, I step)
{
    for (I j = first; j < A.cols; j += step) {
        const T length = norm_from(A, I(0), j);
        if (lane() == 0) {
            c.length[j] = c.computed[j] = length;
            c.pivots[j * c.pivot_step] = static_cast<int32_t>(j);
        }
    }
}

/* The longest column that is left becomes column k, and its reflector is made: its tau. By all
 * threads of the block. */
template <int WARPS, typename T, typename I>
__device__ T take_longest(const tile<T, I> &A, const column_list<T> &c, I k, leading<T, I> *lead,
                          T *of_warp)
{
    constexpr int THREADS = WARPS * RITZ_WARP;
    const I tid = static_cast<I>(threadIdx.x);
    leading<T, I> longest = {T(-1), k};
    for (I j = k + tid; j < A.cols; j += THREADS)
        longest = ahead(longest, leading<T, I>{c.length[j], j});
    const I p = block_leading<WARPS>(longest, lead).place;
    __syncthreads();
    if (p != k) {
        for (I i = tid; i < A.rows; i += THREADS) {
            const T x = A.at(i, k);
            A.at(i, k) = A.at(i, p);
            A.at(i, p) = x;
        }
        if (tid == 0) {
            c.length[p] = c.length[k];
            c.computed[p] = c.computed[k];
            const int32_t from = c.pivots[k * c.pivot_step];
            c.pivots[k * c.pivot_step] = c.pivots[p * c.pivot_step];
            c.pivots[p * c.pivot_step] = from;
        }
    }
    __syncthreads();
    return make_reflector_together<WARPS>(A, k, of_warp);
}

/* Reflector k on column j, and the length of what is left of it; by one whole warp. */
template <typename T, typename I>
__device__ void follow(const tile<T, I> &A, const column_list<T> &c, I k, T tau, I j)
{
    reflect(A, k, tau, A, j);
    __syncwarp();
    const T length = c.length[j], computed = c.computed[j];
    if (length == 0) return; /* the whole warp */
    const T part = fabs(A.at(k, j)) / length;
    const T left = max(T(0), (1 - part) * (1 + part)), since = length / computed;
    __syncwarp();
    if (left * since * since > root_epsilon(T(0))) {
        if (lane() == 0) c.length[j] = length * sqrt(left);
    } else {
        const T fresh = norm_from(A, k + 1, j);
        if (lane() == 0) c.length[j] = c.computed[j] = fresh;
    }
}

/* ---- in shared memory ---- */

template <typename T, int THREADS>
__global__ void RITZ_BLOCK(THREADS) geqp3_small(const struct qr_small q, T *A, int32_t *pivots,
                                                int64_t pivot_step, int64_t pivot_stride, T *tau)
{
    constexpr int WARPS = THREADS / RITZ_WARP;
    typedef leading<T, int> candidate;
    RITZ_DYN_SHARED(T, memory);
    RITZ_SHARED(candidate, lead, [WARPS]);
    RITZ_SHARED(T, of_warp, [WARPS]);
    const int m = static_cast<int>(q.m), n = static_cast<int>(q.n), r = m < n ? m : n;
    const tile<T, int> t = {memory, m, n, odd(m)};
    T *lengths = memory + odd(m) * n;
    for (int64_t b = blockIdx.x; b < q.batch; b += gridDim.x) {
        const column_list<T> c = {lengths, lengths + n, pivots + b * pivot_stride, pivot_step};
        load<WARPS>(t, A + b * q.stride, q.ld);
        __syncthreads();
        measure(t, c, warp(), WARPS);
        __syncthreads();
        for (int k = 0; k < r; k++) {
            const T made = take_longest<WARPS>(t, c, k, lead, of_warp);
            if (threadIdx.x == 0) tau[b * q.tau_stride + k * q.tau_step] = made;
            __syncthreads();
            for (int j = k + 1 + warp(); j < n; j += WARPS) follow(t, c, k, made, j);
            __syncthreads();
        }
        store<WARPS>(t, A + b * q.stride, q.ld);
        __syncthreads();
    }
}

/* ---- in global memory ---- */

constexpr int LARGE_THREADS = 256;
constexpr int LARGE_WARPS = LARGE_THREADS / RITZ_WARP;

template <typename T> struct large_item {
    tile<T, int64_t> A;
    column_list<T> columns;
};

/* Item b; lengths: 2n for each item. */
template <typename T>
__device__ large_item<T> item_of(const struct qr_small &q, T *A, T *lengths, int32_t *pivots,
                                 int64_t pivot_step, int64_t pivot_stride, int64_t b)
{
    T *mine = lengths + b * 2 * q.n;
    return {{A + b * q.stride, q.m, q.n, q.ld},
            {mine, mine + q.n, pivots + b * pivot_stride, pivot_step}};
}

template <typename T>
__global__ void RITZ_BLOCK(LARGE_THREADS)
    geqp3_measure(const struct qr_small q, T *A, T *lengths, int32_t *pivots, int64_t pivot_step,
                  int64_t pivot_stride)
{
    const int64_t first = static_cast<int64_t>(blockIdx.y) * LARGE_WARPS + warp();
    for (int64_t b = blockIdx.x; b < q.batch; b += gridDim.x) {
        const large_item<T> x = item_of(q, A, lengths, pivots, pivot_step, pivot_stride, b);
        measure(x.A, x.columns, first, static_cast<int64_t>(gridDim.y) * LARGE_WARPS);
    }
}

template <typename T>
__global__ void RITZ_BLOCK(LARGE_THREADS)
    geqp3_take(const struct qr_small q, int64_t k, T *A, T *lengths, int32_t *pivots,
               int64_t pivot_step, int64_t pivot_stride, T *tau)
{
    typedef leading<T, int64_t> candidate;
    RITZ_SHARED(candidate, lead, [LARGE_WARPS]);
    RITZ_SHARED(T, of_warp, [LARGE_WARPS]);
    for (int64_t b = blockIdx.x; b < q.batch; b += gridDim.x) {
        const large_item<T> x = item_of(q, A, lengths, pivots, pivot_step, pivot_stride, b);
        const T made = take_longest<LARGE_WARPS>(x.A, x.columns, k, lead, of_warp);
        if (threadIdx.x == 0) tau[b * q.tau_stride + k * q.tau_step] = made;
        __syncthreads();
    }
}

template <typename T>
__global__ void RITZ_BLOCK(LARGE_THREADS)
    geqp3_follow(const struct qr_small q, int64_t k, T *A, T *lengths, int32_t *pivots,
                 int64_t pivot_step, int64_t pivot_stride, const T *tau)
{
    const int64_t first = k + 1 + static_cast<int64_t>(blockIdx.y) * LARGE_WARPS + warp();
    for (int64_t b = blockIdx.x; b < q.batch; b += gridDim.x) {
        const large_item<T> x = item_of(q, A, lengths, pivots, pivot_step, pivot_stride, b);
        const T factor = tau[b * q.tau_stride + k * q.tau_step];
        for (int64_t j = first; j < q.n; j += static_cast<int64_t>(gridDim.y) * LARGE_WARPS)
            follow(x.A, x.columns, k, factor, j);
    }
}

/* Blocks for `cols` columns of each item, side by side. */
dim3 strips_of(const struct qr_small *q, int64_t cols)
{
    const int64_t strips = (cols + LARGE_WARPS - 1) / LARGE_WARPS;
    return dim3(blocks_for(q->batch), blocks_for(strips));
}

template <typename T>
cudaError_t factor_large(const struct qr_small *q, T *A, int32_t *pivots, int64_t pivot_step,
                         int64_t pivot_stride, T *tau, T *lengths, cudaStream_t stream)
{
    const int64_t r = q->m < q->n ? q->m : q->n;
    cudaError_t code = RITZ_LAUNCH((geqp3_measure<T>), strips_of(q, q->n), LARGE_THREADS, 0, stream,
                                   *q, A, lengths, pivots, pivot_step, pivot_stride);
    for (int64_t k = 0; k < r && code == cudaSuccess; k++) {
        code = RITZ_LAUNCH((geqp3_take<T>), blocks_for(q->batch), LARGE_THREADS, 0, stream, *q, k,
                           A, lengths, pivots, pivot_step, pivot_stride, tau);
        if (k + 1 < q->n && code == cudaSuccess)
            code = RITZ_LAUNCH((geqp3_follow<T>), strips_of(q, q->n - k - 1), LARGE_THREADS, 0,
                               stream, *q, k, A, lengths, pivots, pivot_step, pivot_stride, tau);
    }
    return code;
}

template <typename T>
cudaError_t factor(const struct qr_small *q, T *A, int32_t *pivots, int64_t pivot_step,
                   int64_t pivot_stride, T *tau, T *lengths, cudaStream_t stream)
{
    if (lengths != nullptr)
        return factor_large(q, A, pivots, pivot_step, pivot_stride, tau, lengths, stream);
    const size_t bytes = sizeof(T) * static_cast<size_t>(((q->m | 1) + 2) * q->n);
    if (q->m <= RITZ_WARP && q->n <= RITZ_WARP / 2)
        return RITZ_LAUNCH((geqp3_small<T, 32>), blocks_for(q->batch), 32, bytes, stream, *q, A,
                           pivots, pivot_step, pivot_stride, tau);
    return RITZ_LAUNCH((geqp3_small<T, 128>), blocks_for(q->batch), 128, bytes, stream, *q, A,
                       pivots, pivot_step, pivot_stride, tau);
}

} // namespace

extern "C" cudaError_t launch_geqp3_f32(const struct qr_small *q, float *A, int32_t *pivots,
                                        int64_t pivot_step, int64_t pivot_stride, float *tau,
                                        float *lengths, cudaStream_t stream)
{
    return factor(q, A, pivots, pivot_step, pivot_stride, tau, lengths, stream);
}

extern "C" cudaError_t launch_geqp3_f64(const struct qr_small *q, double *A, int32_t *pivots,
                                        int64_t pivot_step, int64_t pivot_stride, double *tau,
                                        double *lengths, cudaStream_t stream)
{
    return factor(q, A, pivots, pivot_step, pivot_stride, tau, lengths, stream);
}
