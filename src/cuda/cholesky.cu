/* Cholesky factorization of small blocks, many at a time: one matrix a block of threads, in shared
 * memory.
 *
 * Left-looking by columns: column j is finished from the columns before it, then scaled by its
 * pivot.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/kernel.cuh"

#include "cuda/factor_kernels.h"

namespace
{

constexpr int N = CHOLESKY_BLOCK;
constexpr int64_t MOST_BLOCKS = 65535;

/* One item; every thread owns rows of the matrix. `bad` is where the first failed pivot is left. */
template <typename T, int THREADS> __device__ void factor_item(T (&L)[N][N + 1], int n, int &bad)
{
    const int tid = static_cast<int>(threadIdx.x);
    for (int j = 0; j < n; j++) {
        for (int i = j + tid; i < n; i += THREADS) {
            T sum = L[j][i];
            for (int k = 0; k < j; k++) sum -= L[k][i] * L[k][j];
            L[j][i] = sum;
        }
        __syncthreads();
        const T pivot = L[j][j];
        /* A pivot that is not positive (a NaN is not) ends the item: what follows is of no use. */
        if (!(pivot > 0)) {
            if (tid == 0) bad = j + 1;
            return;
        }
        const T root = sqrt(pivot);
        __syncthreads();
        for (int i = j + tid; i < n; i += THREADS) L[j][i] = i == j ? root : L[j][i] / root;
        __syncthreads();
    }
}

/* THREADS: 32 for n <= 32, so that a warp has a matrix; else 64. L[j][i] holds element (i, j). */
template <typename T, int THREADS>
__global__ void RITZ_BLOCK(THREADS) cholesky_block(T *W, int n, int64_t ld, int64_t stride,
                                                   int64_t batch, int64_t first, int32_t *info)
{
    RITZ_SHARED(T, L, [N][N + 1]);
    RITZ_SHARED(int, bad, );
    const int tid = static_cast<int>(threadIdx.x);
    for (int64_t b = blockIdx.x; b < batch; b += gridDim.x) {
        T *A = W + b * stride;
        const bool alive = info[b] == 0;
        __syncthreads();
        if (tid == 0) bad = 0;
        for (int j = 0; j < n; j++)
            for (int i = j + tid; i < n; i += THREADS) L[j][i] = A[j * ld + i];
        __syncthreads();
        if (alive) factor_item<T, THREADS>(L, n, bad);
        __syncthreads();
        if (alive) {
            for (int j = 0; j < n; j++)
                for (int i = j + tid; i < n; i += THREADS) A[j * ld + i] = L[j][i];
            if (tid == 0 && bad) info[b] = static_cast<int32_t>(first + bad);
        }
    }
}

template <typename T>
cudaError_t launch(T *W, int64_t n, int64_t ld, int64_t stride, int64_t batch, int64_t first,
                   int32_t *info, cudaStream_t stream)
{
    if (n == 0 || batch == 0) return cudaSuccess;
    const unsigned blocks = static_cast<unsigned>(min(batch, MOST_BLOCKS));
    const int order = static_cast<int>(n);
    if (n <= RITZ_WARP)
        return RITZ_LAUNCH((cholesky_block<T, 32>), blocks, 32, 0, stream, W, order, ld, stride,
                           batch, first, info);
    return RITZ_LAUNCH((cholesky_block<T, 64>), blocks, 64, 0, stream, W, order, ld, stride, batch,
                       first, info);
}

constexpr int PUT_THREADS = 256;

/* A block of threads has one column of one item at a time, or more. */
template <typename T>
__global__ void RITZ_BLOCK(PUT_THREADS)
    put_lower(const T *W, int64_t n, int64_t columns, T *A, int64_t row_step, int64_t col_step,
              int64_t stride)
{
    for (int64_t c = blockIdx.x; c < columns; c += gridDim.x) {
        const int64_t item = c / n, j = c % n;
        const T *from = W + c * n;
        T *to = A + item * stride + j * col_step;
        for (int64_t i = j + threadIdx.x; i < n; i += PUT_THREADS) to[i * row_step] = from[i];
    }
}

template <typename T>
cudaError_t launch_put(const T *W, int64_t n, int64_t batch, T *A, int64_t row_step,
                       int64_t col_step, int64_t stride, cudaStream_t stream)
{
    const int64_t columns = n * batch;
    if (columns == 0) return cudaSuccess;
    return RITZ_LAUNCH((put_lower<T>), static_cast<unsigned>(min(columns, MOST_BLOCKS)),
                       PUT_THREADS, 0, stream, W, n, columns, A, row_step, col_step, stride);
}

} // namespace

extern "C" cudaError_t launch_put_lower_f32(const float *W, int64_t n, int64_t batch, float *A,
                                            int64_t row_step, int64_t col_step, int64_t stride,
                                            cudaStream_t stream)
{
    return launch_put(W, n, batch, A, row_step, col_step, stride, stream);
}

extern "C" cudaError_t launch_put_lower_f64(const double *W, int64_t n, int64_t batch, double *A,
                                            int64_t row_step, int64_t col_step, int64_t stride,
                                            cudaStream_t stream)
{
    return launch_put(W, n, batch, A, row_step, col_step, stride, stream);
}

extern "C" cudaError_t launch_cholesky_block_f32(float *W, int64_t n, int64_t ld, int64_t stride,
                                                 int64_t batch, int64_t first, int32_t *info,
                                                 cudaStream_t stream)
{
    return launch(W, n, ld, stride, batch, first, info, stream);
}

extern "C" cudaError_t launch_cholesky_block_f64(double *W, int64_t n, int64_t ld, int64_t stride,
                                                 int64_t batch, int64_t first, int32_t *info,
                                                 cudaStream_t stream)
{
    return launch(W, n, ld, stride, batch, first, info, stream);
}
