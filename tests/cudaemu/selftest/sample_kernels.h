/* Launches of sample_kernels.cu; pointers are device memory, matrices column-major without gaps.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_SAMPLE_KERNELS_H
#define RITZ_TESTS_CUDAEMU_SAMPLE_KERNELS_H

#include <cuda_runtime_api.h>
#include <stdint.h>

extern "C" {
cudaError_t sample_transpose(int padded, int64_t m, int64_t n, const double *A, double *B,
                             cudaStream_t s);
cudaError_t sample_transpose_naive(int64_t m, int64_t n, const double *A, double *B,
                                   cudaStream_t s);
/* partial: 64 elements. */
cudaError_t sample_sum(int64_t n, const double *x, double *partial, double *sum, cudaStream_t s);
cudaError_t sample_axpy(int64_t n, float a, const float *x, float *y, cudaStream_t s);
cudaError_t sample_normal(int64_t m, int64_t n, uint64_t seed, uint32_t stream_word, float *A,
                          cudaStream_t s);
/* Inclusive scan of each row of 32, written backwards. */
cudaError_t sample_warp_scan(int64_t rows, const int *x, int *y, cudaStream_t s);
/* 64 threads; out: 16 words each; counter: 2. */
cudaError_t sample_tour(const uint32_t *x, uint32_t *out, int *counter, cudaStream_t s);
}

#endif
