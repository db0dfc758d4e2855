/* Kernels with known answers, written as the backend's are: correct in every order of blocks and
 * threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/kernel_random.cuh"

#include "sample_kernels.h"

namespace
{

constexpr int TILE = 32, TILE_ROWS = 8;

/* B = transpose(A): A is m x n, B n x m, both column-major. PAD 1 keeps the columns of the tile in
 * different banks. */
template <typename T, int PAD>
__global__ void __launch_bounds__(TILE *TILE_ROWS)
    transpose_kernel(int64_t m, int64_t n, const T *A, int64_t lda, T *B, int64_t ldb)
{
    RITZ_SHARED(T, tile, [TILE][TILE + PAD]);
    const int64_t tiles_m = (m + TILE - 1) / TILE, tiles_n = (n + TILE - 1) / TILE;
    for (int64_t t = blockIdx.x; t < tiles_m * tiles_n; t += gridDim.x) {
        const int64_t i0 = t % tiles_m * TILE, j0 = t / tiles_m * TILE;
        RITZ_UNROLL
        for (int r = 0; r < TILE; r += TILE_ROWS) {
            const int64_t i = i0 + threadIdx.x, j = j0 + threadIdx.y + r;
            if (i < m && j < n) tile[threadIdx.y + r][threadIdx.x] = A[i + j * lda];
        }
        __syncthreads();
        RITZ_UNROLL
        for (int r = 0; r < TILE; r += TILE_ROWS) {
            const int64_t j = j0 + threadIdx.x, i = i0 + threadIdx.y + r;
            if (i < m && j < n) B[j + i * ldb] = tile[threadIdx.x][threadIdx.y + r];
        }
        __syncthreads(); /* the next tile takes its place */
    }
}

template <typename T>
__global__ void __launch_bounds__(TILE *TILE_ROWS)
    transpose_naive_kernel(int64_t m, int64_t n, const T *A, int64_t lda, T *B, int64_t ldb)
{
    const int64_t i = static_cast<int64_t>(blockIdx.x) * TILE + threadIdx.x;
    for (int64_t j = threadIdx.y; j < n; j += TILE_ROWS)
        if (i < m) B[j + i * ldb] = A[i + j * lda];
}

constexpr int SUM_THREADS = 256;

/* The sum over the block, in every thread. The order of additions is fixed. */
template <typename T> __device__ T block_sum(T x)
{
    RITZ_SHARED(T, of_warp, [SUM_THREADS / RITZ_WARP]);
    RITZ_UNROLL
    for (int d = RITZ_WARP / 2; d > 0; d /= 2) x += __shfl_xor_sync(RITZ_ALL_LANES, x, d);
    if (threadIdx.x % RITZ_WARP == 0) of_warp[threadIdx.x / RITZ_WARP] = x;
    __syncthreads();
    T sum = 0;
    RITZ_UNROLL
    for (int w = 0; w < SUM_THREADS / RITZ_WARP; w++) sum += of_warp[w];
    __syncthreads(); /* before the next use */
    return sum;
}

/* partial[b] = sum of the elements that block b takes; launched again on the partial sums. */
template <typename T>
__global__ void __launch_bounds__(SUM_THREADS) sum_kernel(int64_t n, const T *x, T *partial)
{
    T sum = 0;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * SUM_THREADS + threadIdx.x; i < n;
         i += static_cast<int64_t>(gridDim.x) * SUM_THREADS)
        sum += x[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

constexpr int MAP_THREADS = 256;

template <typename T>
__global__ void __launch_bounds__(MAP_THREADS) axpy_kernel(int64_t n, T a, const T *x, T *y)
{
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * MAP_THREADS + threadIdx.x; i < n;
         i += static_cast<int64_t>(gridDim.x) * MAP_THREADS)
        y[i] = fma(a, x[i], y[i]);
}

/* Column-major m x n standard normals. */
__global__ void __launch_bounds__(MAP_THREADS)
    normal_kernel(int64_t m, int64_t n, uint64_t seed, uint32_t stream_word, float *A)
{
    const int64_t blocks = (m + 3) / 4;
    for (int64_t t = static_cast<int64_t>(blockIdx.x) * MAP_THREADS + threadIdx.x; t < blocks * n;
         t += static_cast<int64_t>(gridDim.x) * MAP_THREADS) {
        const int64_t row_block = t % blocks, col = t / blocks;
        const ritz_philox_block w = ritz_device_random_block(
            seed, stream_word, static_cast<uint64_t>(row_block), static_cast<uint32_t>(col));
        const ritz_normal_pair a = ritz_normals(w.w[0], w.w[1]), b = ritz_normals(w.w[2], w.w[3]);
        const float z[4] = {a.first, a.second, b.first, b.second};
        for (int k = 0; k < 4; k++)
            if (4 * row_block + k < m) A[4 * row_block + k + col * m] = z[k];
    }
}

/* One warp a row: inclusive scan by shuffles of integers, in dynamic shared memory, with
 * __syncwarp. */
__global__ void __launch_bounds__(MAP_THREADS) warp_scan_kernel(int64_t rows, const int *x, int *y)
{
    RITZ_DYN_SHARED(int, line);
    const int lane = threadIdx.x % RITZ_WARP, warp = threadIdx.x / RITZ_WARP;
    int *const mine = line + warp * RITZ_WARP;
    const int64_t row = static_cast<int64_t>(blockIdx.x) * (blockDim.x / RITZ_WARP) + warp;
    int v = row < rows ? x[row * RITZ_WARP + lane] : 0;
    for (int d = 1; d < RITZ_WARP; d *= 2) {
        const int left = __shfl_up_sync(RITZ_ALL_LANES, v, d);
        if (lane >= d) v += left;
    }
    mine[lane] = v;
    __syncwarp();
    /* Through shared memory, turned round: the last lane's value first. */
    if (row < rows) y[row * RITZ_WARP + lane] = mine[RITZ_WARP - 1 - lane];
}

/* Every lane's answer from every shuffle, vote and counting function, 16 words a thread. */
constexpr int TOUR_WORDS = 16;
__global__ void __launch_bounds__(64) tour_kernel(const uint32_t *x, uint32_t *out, int *counter)
{
    static constexpr int offset[4] = {3, 1, 4, 1};
    const uint32_t v = __ldg(x + threadIdx.x);
    const int lane = threadIdx.x % RITZ_WARP;
    const unsigned half = lane < 16 ? 0x0000FFFFu : 0xFFFF0000u; /* before the branch */
    uint32_t *o = out + threadIdx.x * TOUR_WORDS;
    o[0] = __shfl_sync(RITZ_ALL_LANES, v, static_cast<int>(v % 32));
    o[1] = __shfl_up_sync(RITZ_ALL_LANES, v, offset[lane % 4], 8);
    o[2] = __shfl_down_sync(RITZ_ALL_LANES, v, offset[lane % 4], 16);
    o[3] = __shfl_xor_sync(RITZ_ALL_LANES, v, 5, 32);
    o[4] = __ballot_sync(RITZ_ALL_LANES, v & 1u);
    o[5] = static_cast<uint32_t>(__any_sync(half, v % 16 == 0)) << 1 |
           static_cast<uint32_t>(__all_sync(half, v % 16 != 0));
    o[6] = static_cast<uint32_t>(__syncthreads_count(v & 1u));
    o[7] = static_cast<uint32_t>(__syncthreads_and(v != 0)) << 1 |
           static_cast<uint32_t>(__syncthreads_or(v == 0));
    o[8] =
        static_cast<uint32_t>(__popc(v) + __popcll(static_cast<unsigned long long>(v) << 32 | 1u));
    o[9] = static_cast<uint32_t>(__clz(static_cast<int>(v)) << 8 | __ffs(static_cast<int>(v)));
    o[10] = __brev(v);
    o[11] = static_cast<uint32_t>(__half2float(__float2half(static_cast<float>(v % 1000u))) ==
                                  static_cast<float>(v % 1000u));
    o[12] = static_cast<uint32_t>(
        max(min(static_cast<int64_t>(v), static_cast<int64_t>(1) << 30), static_cast<int64_t>(7)));
    double s, c;
    sincospi(static_cast<double>(v % 64u) / 4.0, &s, &c);
    o[13] = static_cast<uint32_t>(static_cast<int>(rint(2.0 * s * s) * 4 + rint(2.0 * c * c)));
    o[14] = static_cast<uint32_t>(rint(rsqrt(1.0 / (1.0 + v % 7u)) * rsqrt(1.0 / (1.0 + v % 7u))));
    o[15] = static_cast<uint32_t>(hypot(3.0 * (v % 5u), 4.0 * (v % 5u)) + 0.5);
    atomicAdd(counter, 1);
    atomicMax(counter + 1, static_cast<int>(v % 1000u));
}

unsigned grid_for(int64_t n, int64_t threads)
{
    const int64_t blocks = (n + threads - 1) / threads;
    return static_cast<unsigned>(blocks < 1 ? 1 : blocks > 64 ? 64 : blocks);
}

} // namespace

extern "C" cudaError_t sample_transpose(int padded, int64_t m, int64_t n, const double *A,
                                        double *B, cudaStream_t s)
{
    const dim3 block(TILE, TILE_ROWS);
    const unsigned tiles = grid_for(m, TILE) * grid_for(n, TILE);
    return padded
               ? RITZ_LAUNCH((transpose_kernel<double, 1>), tiles, block, 0, s, m, n, A, m, B, n)
               : RITZ_LAUNCH((transpose_kernel<double, 0>), tiles, block, 0, s, m, n, A, m, B, n);
}

extern "C" cudaError_t sample_transpose_naive(int64_t m, int64_t n, const double *A, double *B,
                                              cudaStream_t s)
{
    return RITZ_LAUNCH((transpose_naive_kernel<double>),
                       static_cast<unsigned>((m + TILE - 1) / TILE), dim3(TILE, TILE_ROWS), 0, s, m,
                       n, A, m, B, n);
}

extern "C" cudaError_t sample_sum(int64_t n, const double *x, double *partial, double *sum,
                                  cudaStream_t s)
{
    const unsigned blocks = grid_for(n, SUM_THREADS);
    const cudaError_t e =
        RITZ_LAUNCH((sum_kernel<double>), blocks, SUM_THREADS, 0, s, n, x, partial);
    if (e != cudaSuccess) return e;
    return RITZ_LAUNCH((sum_kernel<double>), 1, SUM_THREADS, 0, s, blocks, partial, sum);
}

extern "C" cudaError_t sample_axpy(int64_t n, float a, const float *x, float *y, cudaStream_t s)
{
    return RITZ_LAUNCH((axpy_kernel<float>), grid_for(n, MAP_THREADS), MAP_THREADS, 0, s, n, a, x,
                       y);
}

extern "C" cudaError_t sample_normal(int64_t m, int64_t n, uint64_t seed, uint32_t stream_word,
                                     float *A, cudaStream_t s)
{
    return RITZ_LAUNCH(normal_kernel, grid_for((m + 3) / 4 * n, MAP_THREADS), MAP_THREADS, 0, s, m,
                       n, seed, stream_word, A);
}

extern "C" cudaError_t sample_warp_scan(int64_t rows, const int *x, int *y, cudaStream_t s)
{
    return RITZ_LAUNCH(warp_scan_kernel, grid_for(rows, 2), 64, 64 * sizeof(int), s, rows, x, y);
}

extern "C" cudaError_t sample_tour(const uint32_t *x, uint32_t *out, int *counter, cudaStream_t s)
{
    return RITZ_LAUNCH(tour_kernel, 1, 64, 0, s, x, out, counter);
}
