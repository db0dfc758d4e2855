/* Kernels with one bug each, beside the same kernels without it. What the emulation must find, it
 * is shown here.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/kernel.cuh"

#include "planted_kernels.h"

namespace
{

constexpr int N = PLANTED_BLOCK;
constexpr int HALF = 16;

__device__ int64_t global_index()
{
    return static_cast<int64_t>(blockIdx.x) * N + threadIdx.x;
}

template <bool BUG> __global__ void tile_store(const int *x, int *y, int *)
{
    RITZ_SHARED(int, tile, [N]);
    tile[threadIdx.x] = x[global_index()];
    if (!BUG) __syncthreads();
    y[global_index()] = tile[N - 1 - threadIdx.x];
}

template <bool BUG> __global__ void tile_reuse(const int *x, int *y, int *)
{
    RITZ_SHARED(int, tile, [N]);
    int sum = 0;
    for (int round = 0; round < 3; round++) {
        tile[threadIdx.x] = x[global_index()] + round;
        __syncthreads();
        sum += tile[N - 1 - threadIdx.x];
        if (!BUG) __syncthreads();
    }
    y[global_index()] = sum;
}

template <bool BUG> __global__ void reduction(const int *x, int *y, int *)
{
    RITZ_SHARED(int, part, [N]);
    part[threadIdx.x] = x[global_index()];
    __syncthreads();
    for (int half = N / 2; half > 0; half /= 2) {
        if (static_cast<int>(threadIdx.x) < half) part[threadIdx.x] += part[threadIdx.x + half];
        if (!BUG) __syncthreads();
    }
    if (BUG) __syncthreads();
    y[global_index()] = part[0];
}

template <bool BUG> __global__ void scan(const int *x, int *y, int *)
{
    RITZ_SHARED(int, part, [N]);
    const int t = static_cast<int>(threadIdx.x);
    part[t] = x[global_index()];
    __syncthreads();
    for (int d = 1; d < N; d *= 2) {
        const int left = t >= d ? part[t - d] : 0;
        if (!BUG) __syncthreads();
        part[t] += left;
        __syncthreads();
    }
    y[global_index()] = part[t];
}

template <bool BUG> __global__ void syncwarp(const int *x, int *y, int *)
{
    RITZ_SHARED(int, line, [N]);
    line[threadIdx.x] = x[global_index()];
    if (!BUG) __syncwarp();
    y[global_index()] = line[threadIdx.x ^ 7u];
}

/* Lanes of a half exchange among themselves; with the bug, across halves. */
template <bool BUG> __global__ void half_warp(const int *x, int *y, int *)
{
    RITZ_SHARED(int, line, [N]);
    const unsigned mask = threadIdx.x % RITZ_WARP < HALF ? 0x0000FFFFu : 0xFFFF0000u;
    line[threadIdx.x] = x[global_index()];
    __syncwarp(mask);
    y[global_index()] = line[threadIdx.x ^ (BUG ? 16u : 15u)];
}

template <bool BUG> __global__ void half_blind(const int *x, int *y, int *)
{
    const unsigned mask = threadIdx.x % RITZ_WARP < HALF ? 0x0000FFFFu : 0xFFFF0000u;
    y[global_index()] = __shfl_xor_sync(mask, x[global_index()], BUG ? 16 : 15);
}

template <bool BUG> __global__ void divergent(const int *x, int *y, int *)
{
    RITZ_SHARED(int, tile, [N]);
    tile[threadIdx.x] = x[global_index()];
    if (BUG && threadIdx.x < RITZ_WARP)
        __syncthreads();
    else
        __syncthreads();
    y[global_index()] = tile[N - 1 - threadIdx.x];
}

template <bool BUG> __global__ void early_exit(const int *x, int *y, int *)
{
    RITZ_SHARED(int, tile, [N]);
    const bool mine = threadIdx.x % 5 != 3;
    if (BUG && !mine) return;
    tile[threadIdx.x] = x[global_index()];
    __syncthreads();
    if (mine)
        y[global_index()] = tile[threadIdx.x];
    else
        y[global_index()] = 0;
}

template <bool BUG> __global__ void absent_lane(const int *x, int *y, int *)
{
    const int64_t i = static_cast<int64_t>(blockIdx.x) * N + threadIdx.x; /* 48 threads */
    const unsigned mask = BUG || threadIdx.x < RITZ_WARP ? RITZ_ALL_LANES : 0x0000FFFFu;
    y[i] = __shfl_xor_sync(mask, x[i], 1);
}

template <bool BUG> __global__ void gone_lane(const int *x, int *y, int *)
{
    const int lane = static_cast<int>(threadIdx.x % RITZ_WARP);
    if (lane == 5) return;
    y[global_index()] = __any_sync(BUG ? RITZ_ALL_LANES : ~(1u << 5), x[global_index()] == 0);
}

template <bool BUG> __global__ void outside_mask(const int *x, int *y, int *)
{
    const unsigned mask = threadIdx.x % RITZ_WARP < HALF ? 0x0000FFFFu : 0xFFFF0000u;
    y[global_index()] =
        static_cast<int>(__ballot_sync(BUG ? 0x0000FFFFu : mask, x[global_index()] & 1));
}

template <bool BUG> __global__ void two_masks(const int *x, int *y, int *)
{
    const unsigned mask = BUG && threadIdx.x % RITZ_WARP == 9 ? 0x0000FFFFu : RITZ_ALL_LANES;
    y[global_index()] = __shfl_down_sync(mask, x[global_index()], 1);
}

template <bool BUG> __global__ void short_array(const int *x, int *y, int *)
{
    RITZ_SHARED(int, before, [3]);
    RITZ_SHARED(int, tile, [BUG ? N - 1 : N]);
    if (threadIdx.x < 3) before[threadIdx.x] = 1;
    tile[threadIdx.x] = x[global_index()];
    __syncthreads();
    y[global_index()] = threadIdx.x < N - 1 ? tile[threadIdx.x] + before[1] : 0;
}

__global__ void dynamic(const int *x, int *y)
{
    RITZ_DYN_SHARED(int, tile);
    RITZ_SHARED(int, after, );
    tile[threadIdx.x] = x[global_index()];
    if (threadIdx.x == 0) after = 1;
    __syncthreads();
    y[global_index()] = threadIdx.x < N - 1 ? tile[threadIdx.x] + after : 0;
}

/* 40 KiB of its own, and what the launch asks for. */
__global__ void much(const int *x, int *y)
{
    RITZ_SHARED(int, tile, [10 * 1024]);
    RITZ_DYN_SHARED(int, more);
    for (int i = static_cast<int>(threadIdx.x); i < 10 * 1024; i += N) tile[i] = i;
    more[threadIdx.x] = x[global_index()];
    __syncthreads();
    y[global_index()] = more[N - 1 - threadIdx.x] + tile[threadIdx.x];
}

template <bool BUG> __global__ void shared_unwritten(const int *x, int *y, int *)
{
    RITZ_SHARED(int, tile, [N]);
    if (!BUG || threadIdx.x != 77) tile[threadIdx.x] = x[global_index()];
    __syncthreads();
    y[global_index()] = tile[N - 1 - threadIdx.x];
}

template <bool BUG> __global__ void device_unwritten(const int *x, int *y, int *z)
{
    y[global_index()] = BUG && threadIdx.x == 9 ? z[global_index()] : x[global_index()];
}

template <bool BUG> __global__ void two_writers(const int *x, int *y, int *z)
{
    y[global_index()] = x[global_index()];
    if (threadIdx.x == 0) z[BUG ? 0 : blockIdx.x] = 1; /* of the same value, even */
}

template <bool BUG> __global__ void writer_reader(const int *x, int *y, int *)
{
    y[global_index()] = x[global_index()];
    __syncthreads();
    const int64_t from = BUG && blockIdx.x == 2 && threadIdx.x == 0 ? 0 : global_index();
    y[global_index()] = y[from] + 1;
}

template <bool BUG> __global__ void plain_counter(const int *x, int *y, int *)
{
    RITZ_SHARED(int, counter, );
    if (threadIdx.x == 0) counter = 0;
    __syncthreads();
    if (BUG && threadIdx.x == 100)
        counter = counter + 1;
    else
        atomicAdd(&counter, 1);
    __syncthreads();
    y[global_index()] = counter + x[global_index()];
}

template <bool BUG> __global__ void misaligned(const int *x, int *y, int *z)
{
    if (threadIdx.x == 0) *reinterpret_cast<double *>(z + blockIdx.x * 4 + (BUG ? 1 : 2)) = 1.0;
    y[global_index()] = x[global_index()];
}

/* A pointer into one thread's registers, used by another. */
template <bool BUG> __global__ void local_memory(const int *x, int *y, int *)
{
    RITZ_SHARED(const int *, lent, );
    int mine[4] = {x[global_index()], 1, 2, 3};
    RITZ_SHARED(int, spare, [4]);
    if (threadIdx.x < 4) spare[threadIdx.x] = x[global_index()];
    if (threadIdx.x == 0) lent = BUG ? mine : spare;
    __syncthreads();
    y[global_index()] = lent[threadIdx.x % 4] + mine[threadIdx.x % 4];
    __syncthreads();
}

template <bool BUG> __global__ void one_past(const int *x, int *y, int *)
{
    y[global_index()] = x[global_index()];
    if (BUG && global_index() == PLANTED_N - 1) y[PLANTED_N] = 0;
}

template <bool BUG> __global__ void block_order(const int *x, int *y, int *z)
{
    RITZ_SHARED(int, place, );
    if (threadIdx.x == 0) place = atomicAdd(z, 1);
    __syncthreads();
    const int64_t to = BUG ? place : static_cast<int>(blockIdx.x);
    y[to * N + threadIdx.x] = x[global_index()];
}

template <bool BUG> __global__ void float_bytes(const int *x, int *y, int *z)
{
    signed char *const b = reinterpret_cast<signed char *>(z);
    b[BUG && threadIdx.x == 1 ? global_index() - 1 : global_index()] = 1;
    y[global_index()] = x[global_index()];
}

} // namespace

#define LAUNCH(name, threads)                                                                      \
    extern "C" cudaError_t planted_##name(int planted, const int *x, int *y, int *z,               \
                                          cudaStream_t s)                                          \
    {                                                                                              \
        return planted ? RITZ_LAUNCH((name<true>), PLANTED_BLOCKS, threads, 0, s, x, y, z)         \
                       : RITZ_LAUNCH((name<false>), PLANTED_BLOCKS, threads, 0, s, x, y, z);       \
    }
LAUNCH(tile_store, N)
LAUNCH(tile_reuse, N)
LAUNCH(reduction, N)
LAUNCH(scan, N)
LAUNCH(syncwarp, N)
LAUNCH(half_warp, N)
LAUNCH(half_blind, N)
LAUNCH(divergent, N)
LAUNCH(early_exit, N)
LAUNCH(absent_lane, 48)
LAUNCH(gone_lane, N)
LAUNCH(outside_mask, N)
LAUNCH(two_masks, N)
LAUNCH(short_array, N)
LAUNCH(shared_unwritten, N)
LAUNCH(device_unwritten, N)
LAUNCH(two_writers, N)
LAUNCH(writer_reader, N)
LAUNCH(plain_counter, N)
LAUNCH(misaligned, N)
LAUNCH(local_memory, N)
LAUNCH(one_past, N)
LAUNCH(float_bytes, N)

extern "C" cudaError_t planted_block_order(int planted, const int *x, int *y, int *z,
                                           cudaStream_t s)
{
    const cudaError_t e = cudaMemsetAsync(z, 0, sizeof *z, s);
    if (e != cudaSuccess) return e;
    return planted ? RITZ_LAUNCH((block_order<true>), PLANTED_BLOCKS, N, 0, s, x, y, z)
                   : RITZ_LAUNCH((block_order<false>), PLANTED_BLOCKS, N, 0, s, x, y, z);
}

extern "C" cudaError_t planted_short_dynamic(int planted, const int *x, int *y, int *,
                                             cudaStream_t s)
{
    return RITZ_LAUNCH(dynamic, PLANTED_BLOCKS, N,
                       static_cast<size_t>(planted ? N - 1 : N) * sizeof(int), s, x, y);
}

extern "C" cudaError_t planted_much_shared(int planted, const int *x, int *y, int *, cudaStream_t s)
{
    return RITZ_LAUNCH(much, PLANTED_BLOCKS, N,
                       static_cast<size_t>(planted ? 20 : 1) * N * sizeof(int), s, x, y);
}

namespace
{

__global__ void copy_kernel(int64_t n, const int *x, int *y)
{
    for (int64_t i = global_index(); i < n; i += static_cast<int64_t>(gridDim.x) * N) y[i] = x[i];
}

} // namespace

extern "C" cudaError_t planted_copy(int64_t n, const int *x, int *y, cudaStream_t s)
{
    return RITZ_LAUNCH(copy_kernel, 2, N, 0, s, n, x, y);
}
