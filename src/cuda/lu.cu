/* LU factorization with partial pivoting, many matrices at a time, and the interchanges it makes.
 *
 * Right-looking: a step finds the pivot of its column, interchanges two rows, and subtracts an
 * outer product from what lies below and to the right.
 *
 * Source: Golub and Van Loan, Matrix Computations, 4th ed. 2013, algorithm 3.4.1.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/factor_kernels.h"
#include "cuda/tile.cuh"

namespace
{

/* ---- factorization --------------------------------------------------------------------------- */

/* Row p of the tile holds the largest element of column k. Every thread passes. */
template <int THREADS, typename T, typename I>
__device__ leading<T, I> find_pivot(const tile<T, I> &A, I k, leading<T, I> *of_warp)
{
    leading<T, I> best = {T(-1), k};
    for (I i = k + static_cast<I>(threadIdx.x); i < A.rows; i += THREADS) {
        const T x = fabs(A.at(i, k));
        if (x > best.value) best = {x, i};
    }
    return block_leading<THREADS / RITZ_WARP>(best, of_warp);
}

/* Interchange rows k and p, and divide what is below the diagonal in column k by the pivot. */
template <int THREADS, typename T, typename I>
__device__ void bring_up(const tile<T, I> &A, I k, I p, T pivot)
{
    const I tid = static_cast<I>(threadIdx.x);
    for (I j = tid; j < A.cols; j += THREADS) {
        if (p == k || j == k) continue;
        const T upper = A.at(k, j);
        A.at(k, j) = A.at(p, j);
        A.at(p, j) = upper;
    }
    if (pivot == 0) return;
    for (I i = k + 1 + tid; i < A.rows; i += THREADS)
        if (i != p) A.at(i, k) /= pivot;
    if (tid == 0 && p != k) {
        A.at(p, k) = A.at(k, k) / pivot;
        A.at(k, k) = pivot;
    }
}

template <int WARPS, typename T, typename I>
__device__ void subtract_outer_product(const tile<T, I> &A, I k)
{
    for (I j = k + 1 + warp(); j < A.cols; j += WARPS) {
        const T u = A.at(k, j);
        for (I i = k + 1 + lane(); i < A.rows; i += RITZ_WARP) A.at(i, j) -= A.at(i, k) * u;
    }
}

/* An m x n panel whose first row is row `first` of the matrix. The pivots are counted there. */
template <typename T, bool SHARED, int THREADS>
__global__ void RITZ_BLOCK(THREADS)
    lu_panel(const struct lu_panel_shape q, T *A, int32_t *pivots, int32_t *info)
{
    typedef typename index_type<SHARED>::type I;
    constexpr int WARPS = THREADS / RITZ_WARP;
    typedef leading<T, I> candidate;
    RITZ_DYN_SHARED(T, memory);
    RITZ_SHARED(candidate, of_warp, [WARPS]);
    const I m = static_cast<I>(q.m), n = static_cast<I>(q.n);
    const I steps = m < n ? m : n;
    for (int64_t b = blockIdx.x; b < q.batch; b += gridDim.x) {
        tile<T, I> t = {A + b * q.stride, m, n, static_cast<I>(q.ld)};
        if (SHARED) {
            t.p = memory;
            t.ld = m | 1;
            load<WARPS>(t, A + b * q.stride, q.ld);
            __syncthreads();
        }
        I singular = -1;
        for (I k = 0; k < steps; k++) {
            const I p = find_pivot<THREADS>(t, k, of_warp).place;
            const T pivot = t.at(p, k);
            __syncthreads();
            bring_up<THREADS>(t, k, p, pivot);
            if (threadIdx.x == 0)
                pivots[b * q.pivot_stride + k * q.pivot_step] =
                    static_cast<int32_t>(q.first + p + 1);
            if (pivot == 0 && singular < 0) singular = k;
            __syncthreads();
            if (pivot != 0) subtract_outer_product<WARPS>(t, k);
            __syncthreads();
        }
        if (threadIdx.x == 0 && singular >= 0 && info[b] == 0)
            info[b] = static_cast<int32_t>(q.first + singular + 1);
        if (SHARED) {
            store<WARPS>(t, A + b * q.stride, q.ld);
            __syncthreads();
        }
    }
}

constexpr int PANEL_THREADS = 256;

template <typename T>
cudaError_t factor(const struct lu_panel_shape *q, int in_shared, T *A, int32_t *pivots,
                   int32_t *info, cudaStream_t stream)
{
    const unsigned blocks = blocks_for(q->batch);
    if (!in_shared)
        return RITZ_LAUNCH((lu_panel<T, false, PANEL_THREADS>), blocks, PANEL_THREADS, 0, stream,
                           *q, A, pivots, info);
    const size_t bytes = sizeof(T) * static_cast<size_t>((q->m | 1) * q->n);
    if (q->m <= RITZ_WARP)
        return RITZ_LAUNCH((lu_panel<T, true, 32>), blocks, 32, bytes, stream, *q, A, pivots, info);
    return RITZ_LAUNCH((lu_panel<T, true, 128>), blocks, 128, bytes, stream, *q, A, pivots, info);
}

/* ---- interchanges ---------------------------------------------------------------------------- */

constexpr int SWAP_THREADS = 256;
constexpr int NEAR = RITZ_WARP; /* interchanges that are made together */
constexpr int SLOTS = 2 * NEAR; /* rows that they move at most */
constexpr int SWAP_COLS = 32;   /* columns of a block of threads at a time */
constexpr int MOVES = SLOTS * SWAP_COLS / SWAP_THREADS;

/* What `count` interchanges, the first of them of row k, come to: row to[s] gets what is in row
 * from[s]. Slots below NEAR are rows k, k+1, ...; the others are rows that pivots name, or -1. By
 * one whole warp, a lane for each pivot. */
__device__ void compose(const struct swap_shape &q, int64_t k, int count, int64_t pivot,
                        int64_t *to, int64_t *from)
{
    const int me = lane();
    int64_t near_from = me < count ? k + me : -1, far = -1, far_from = -1;
    int used = 0;
    for (int step = 0; step < count; step++) {
        const int t = q.inverse ? count - 1 - step : step;
        const int64_t p = __shfl_sync(RITZ_ALL_LANES, pivot, t);
        const int64_t upper = __shfl_sync(RITZ_ALL_LANES, near_from, t);
        const bool is_near = p >= k && p < k + count;
        const unsigned same = __ballot_sync(RITZ_ALL_LANES, !is_near && far == p);
        const int other = is_near ? static_cast<int>(p - k)
                          : same  ? __ffs(static_cast<int>(same)) - 1
                                  : used;
        if (!is_near && !same) {
            if (me == used) far = far_from = p;
            used++;
        }
        const int64_t lower = __shfl_sync(RITZ_ALL_LANES, is_near ? near_from : far_from, other);
        if (me == t) near_from = lower;
        if (me == other && is_near) near_from = upper;
        if (me == other && !is_near) far_from = upper;
    }
    to[me] = me < count ? k + me : -1;
    from[me] = near_from;
    to[NEAR + me] = far;
    from[NEAR + me] = far_from;
}

/* A block of threads takes its columns through all interchanges, NEAR at a time. */
template <typename T>
__global__ void RITZ_BLOCK(SWAP_THREADS)
    swap_rows(const struct swap_shape q, const int32_t *pivots, T *B)
{
    RITZ_SHARED(int64_t, to, [SLOTS]);
    RITZ_SHARED(int64_t, from, [SLOTS]);
    const int tid = static_cast<int>(threadIdx.x);
    const int64_t strips = (q.cols + SWAP_COLS - 1) / SWAP_COLS;
    const int64_t groups = (q.count + NEAR - 1) / NEAR;
    for (int64_t unit = blockIdx.x; unit < strips * q.batch; unit += gridDim.x) {
        const int64_t item = unit / strips, j0 = (unit - item * strips) * SWAP_COLS;
        T *X = B + item * q.stride + j0 * q.col_step;
        const int cols = static_cast<int>(min(q.cols - j0, static_cast<int64_t>(SWAP_COLS)));
        for (int64_t g = 0; g < groups; g++) {
            const int64_t k = (q.inverse ? groups - 1 - g : g) * NEAR;
            const int count = static_cast<int>(min(q.count - k, static_cast<int64_t>(NEAR)));
            if (warp() == 0) {
                /* An entry that names no row leaves its own where it is. */
                int64_t pivot = k + lane();
                if (lane() < count) {
                    const int64_t named =
                        pivots[item * q.pivot_stride + (k + lane()) * q.pivot_step] - 1 - q.first;
                    if (named >= 0 && named < q.rows) pivot = named;
                }
                compose(q, k, count, pivot, to, from);
            }
            __syncthreads();
            T moved[MOVES];
            RITZ_UNROLL
            for (int e = 0; e < MOVES; e++) {
                const int at = tid + e * SWAP_THREADS;
                const int slot = q.down ? at % SLOTS : at / SWAP_COLS;
                const int j = q.down ? at / SLOTS : at % SWAP_COLS;
                moved[e] = T(0);
                if (j < cols && to[slot] != from[slot])
                    moved[e] = X[from[slot] * q.row_step + j * q.col_step];
            }
            __syncthreads();
            RITZ_UNROLL
            for (int e = 0; e < MOVES; e++) {
                const int at = tid + e * SWAP_THREADS;
                const int slot = q.down ? at % SLOTS : at / SWAP_COLS;
                const int j = q.down ? at / SLOTS : at % SWAP_COLS;
                if (j < cols && to[slot] != from[slot] && to[slot] >= 0)
                    X[to[slot] * q.row_step + j * q.col_step] = moved[e];
            }
            __syncthreads();
        }
    }
}

template <typename T>
cudaError_t interchange(const struct swap_shape *q, const int32_t *pivots, T *B,
                        cudaStream_t stream)
{
    const int64_t strips = (q->cols + SWAP_COLS - 1) / SWAP_COLS;
    return RITZ_LAUNCH((swap_rows<T>), blocks_for(strips * q->batch), SWAP_THREADS, 0, stream, *q,
                       pivots, B);
}

} // namespace

extern "C" cudaError_t launch_lu_panel_f32(const struct lu_panel_shape *q, int in_shared, float *A,
                                           int32_t *pivots, int32_t *info, cudaStream_t stream)
{
    return factor(q, in_shared, A, pivots, info, stream);
}

extern "C" cudaError_t launch_lu_panel_f64(const struct lu_panel_shape *q, int in_shared, double *A,
                                           int32_t *pivots, int32_t *info, cudaStream_t stream)
{
    return factor(q, in_shared, A, pivots, info, stream);
}

extern "C" cudaError_t launch_swap_rows_f32(const struct swap_shape *q, const int32_t *pivots,
                                            float *B, cudaStream_t stream)
{
    return interchange(q, pivots, B, stream);
}

extern "C" cudaError_t launch_swap_rows_f64(const struct swap_shape *q, const int32_t *pivots,
                                            double *B, cudaStream_t stream)
{
    return interchange(q, pivots, B, stream);
}
