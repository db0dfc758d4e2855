/* Scaling of extreme matrices by powers of two, so that squares neither overflow nor underflow;
 * exact, and undone in the result.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/kernel.cuh"

#include <float.h>

#include "cuda/factor_kernels.h"

namespace
{

constexpr int THREADS = 256;
constexpr int64_t MOST_BLOCKS = 65535;

/* 1 inside [low, high], else the power of two that brings the largest entry near 1. */
__global__ void RITZ_BLOCK(THREADS)
    balance_factors(const double *largest, int64_t batch, double low, double high, int most,
                    double *factors)
{
    const int64_t width = static_cast<int64_t>(gridDim.x) * THREADS;
    for (int64_t b = static_cast<int64_t>(blockIdx.x) * THREADS + threadIdx.x; b < batch;
         b += width) {
        const double x = largest[b];
        double factor = 1;
        if (x > 0 && (x < low || x > high)) {
            const int exponent = -ilogb(x);
            factor = scalbn(1.0, exponent < most ? exponent : most);
        }
        factors[b] = factor;
    }
}

/* A block of threads has a column of an item at a time. */
template <typename T>
__global__ void RITZ_BLOCK(THREADS)
    scale_items(T *A, int64_t rows, int64_t cols, int64_t row_step, int64_t col_step,
                int64_t stride, int64_t columns, const double *factors, int divide)
{
    for (int64_t c = blockIdx.x; c < columns; c += gridDim.x) {
        const int64_t item = c / cols, j = c % cols;
        const double factor = factors[item];
        T *x = A + item * stride + j * col_step;
        if (factor != 1)
            for (int64_t i = threadIdx.x; i < rows; i += THREADS) {
                const double y = static_cast<double>(x[i * row_step]);
                x[i * row_step] = static_cast<T>(divide ? y / factor : y * factor);
            }
    }
}

template <typename T>
cudaError_t launch(T *A, int64_t rows, int64_t cols, int64_t row_step, int64_t col_step,
                   int64_t stride, int64_t batch, const double *factors, int divide,
                   cudaStream_t stream)
{
    const int64_t columns = cols * batch;
    if (columns == 0 || rows == 0) return cudaSuccess;
    return RITZ_LAUNCH((scale_items<T>), static_cast<unsigned>(min(columns, MOST_BLOCKS)), THREADS,
                       0, stream, A, rows, cols, row_step, col_step, stride, columns, factors,
                       divide);
}

} // namespace

extern "C" cudaError_t launch_balance_factors(const double *largest, int64_t batch, double low,
                                              double high, int most, double *factors,
                                              cudaStream_t stream)
{
    if (batch == 0) return cudaSuccess;
    const int64_t blocks = (batch + THREADS - 1) / THREADS;
    return RITZ_LAUNCH(balance_factors, static_cast<unsigned>(min(blocks, MOST_BLOCKS)), THREADS, 0,
                       stream, largest, batch, low, high, most, factors);
}

extern "C" cudaError_t launch_scale_items_f32(float *A, int64_t rows, int64_t cols,
                                              int64_t row_step, int64_t col_step, int64_t stride,
                                              int64_t batch, const double *factors, int divide,
                                              cudaStream_t stream)
{
    return launch(A, rows, cols, row_step, col_step, stride, batch, factors, divide, stream);
}

extern "C" cudaError_t launch_scale_items_f64(double *A, int64_t rows, int64_t cols,
                                              int64_t row_step, int64_t col_step, int64_t stride,
                                              int64_t batch, const double *factors, int divide,
                                              cudaStream_t stream)
{
    return launch(A, rows, cols, row_step, col_step, stride, batch, factors, divide, stream);
}
