/* Cholesky factorization of small blocks, many at a time: one matrix a block of threads, in shared
 * memory.
 *
 * Left-looking by columns: column j is finished from the columns before it, then scaled by its
 * pivot.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/sweep.cuh"

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

/* A place of an item, counted along the direction in which the item is contiguous. */
template <typename T> __device__ place along(const elements<T> &A, int64_t item, int line, int at)
{
    return A.row_step <= A.col_step ? place{item, at, line} : place{item, line, at};
}

/* A whole matrix at a time: not finite, not positive definite, or its factor. */
template <typename T, int THREADS>
__global__ void RITZ_BLOCK(THREADS)
    cholesky_small(elements<T> A, int n, int64_t batch, int32_t *info, int64_t info_step)
{
    RITZ_SHARED(T, L, [N][N + 1]);
    RITZ_SHARED(int, bad, );
    const int tid = static_cast<int>(threadIdx.x);
    for (int64_t b = blockIdx.x; b < batch; b += gridDim.x) {
        int finite = 1;
        __syncthreads();
        if (tid == 0) bad = 0;
        for (int line = 0; line < n; line++)
            for (int at = tid; at < n; at += THREADS) {
                const place x = along(A, b, line, at);
                if (!in_part(RITZ_LOWER, x, 0)) continue;
                const T a = *A.at(x);
                finite &= isfinite(a) ? 1 : 0;
                L[x.j][x.i] = a;
            }
        finite = __syncthreads_and(finite);
        if (finite) factor_item<T, THREADS>(L, n, bad);
        __syncthreads();
        const int verdict = finite ? bad : -1;
        for (int line = 0; line < n; line++)
            for (int at = tid; at < n; at += THREADS) {
                const place x = along(A, b, line, at);
                if (in_part(RITZ_LOWER, x, 0)) *A.at(x) = verdict == 0 ? L[x.j][x.i] : T(NAN);
            }
        if (tid == 0) info[b * info_step] = verdict;
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

template <typename T>
cudaError_t launch_small(const cuda_operand &A, int32_t *info, int64_t info_step,
                         cudaStream_t stream)
{
    const unsigned blocks = static_cast<unsigned>(min(A.batch, MOST_BLOCKS));
    const int order = static_cast<int>(A.rows);
    if (order <= RITZ_WARP)
        return RITZ_LAUNCH((cholesky_small<T, 32>), blocks, 32, 0, stream, elements_of<T>(A), order,
                           A.batch, info, info_step);
    return RITZ_LAUNCH((cholesky_small<T, 64>), blocks, 64, 0, stream, elements_of<T>(A), order,
                       A.batch, info, info_step);
}

} // namespace

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

cudaError_t launch_cholesky_small(struct cuda_operand A, int32_t *info, int64_t info_step,
                                  cudaStream_t stream)
{
    if (A.dtype == RITZ_F64) return launch_small<double>(A, info, info_step, stream);
    return launch_small<float>(A, info, info_step, stream);
}
