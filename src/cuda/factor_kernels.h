/* Launch functions of the kernels that serve factorizations.
 *
 * Each enqueues on the stream and returns what the launch says. Strides count elements, unless
 * bytes are said. `info` is int32,
 * one entry an item, contiguous.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_FACTOR_KERNELS_H
#define RITZ_CUDA_FACTOR_KERNELS_H

#include <cuda_runtime_api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* out[b] = (char *)base + b * step_bytes, for b < count. (pointers.cu) */
cudaError_t launch_pointers(void *base, int64_t step_bytes, int64_t count, void *out,
                            cudaStream_t stream);

/* ---- Cholesky (cholesky.cu) ---- */

/* Largest order that launch_cholesky_block takes. */
enum { CHOLESKY_BLOCK = 64 };

/* Factor the n x n lower triangle at W, in place, n <= CHOLESKY_BLOCK, column-major with leading
 * dimension ld; the strict upper triangle is
 * not touched. `first` is the row of the whole matrix at which the block stands: an item whose info
 * is 0 and
 * whose leading minor number k fails gets info = first + k; an item with info already set is
 * left alone. */
cudaError_t launch_cholesky_block_f32(float *W, int64_t n, int64_t ld, int64_t stride,
                                      int64_t batch, int64_t first, int32_t *info,
                                      cudaStream_t stream);
cudaError_t launch_cholesky_block_f64(double *W, int64_t n, int64_t ld, int64_t stride,
                                      int64_t batch, int64_t first, int32_t *info,
                                      cudaStream_t stream);

/* The lower triangle (with the diagonal) of A becomes that of W; nothing else of A changes. W: n x
 * n, column-major and dense, item
 * after item; A: any steps. */
cudaError_t launch_put_lower_f32(const float *W, int64_t n, int64_t batch, float *A,
                                 int64_t row_step, int64_t col_step, int64_t stride,
                                 cudaStream_t stream);
cudaError_t launch_put_lower_f64(const double *W, int64_t n, int64_t batch, double *A,
                                 int64_t row_step, int64_t col_step, int64_t stride,
                                 cudaStream_t stream);

/* ---- QR of small matrices (qr.cu): what a block of threads works on fits CUDA_SMALL_BYTES ---- */

struct qr_small {
    int64_t m, n;                 /* A is m x n (geqrf), Q is m x n (orgqr), C is m x n (ormqr) */
    int64_t r;                    /* reflectors (orgqr, ormqr) */
    int64_t ld, stride;           /* of A */
    int64_t tau_step, tau_stride; /* between entries, between items */
    int64_t ldc, stride_c;        /* of C (ormqr) */
    int64_t batch;                /* > 0 */
};
cudaError_t launch_geqrf_f32(const struct qr_small *q, float *A, float *tau, cudaStream_t stream);
cudaError_t launch_geqrf_f64(const struct qr_small *q, double *A, double *tau, cudaStream_t stream);
cudaError_t launch_orgqr_f32(const struct qr_small *q, float *A, const float *tau,
                             cudaStream_t stream);
cudaError_t launch_orgqr_f64(const struct qr_small *q, double *A, const double *tau,
                             cudaStream_t stream);
cudaError_t launch_ormqr_f32(const struct qr_small *q, int transposed, const float *A,
                             const float *tau, float *C, cudaStream_t stream);
cudaError_t launch_ormqr_f64(const struct qr_small *q, int transposed, const double *A,
                             const double *tau, double *C, cudaStream_t stream);

/* ---- scaling of extreme items (balance.cu) ---- */

/* factors[b] = 1 if largest[b] is 0 or in [low, high], else the power of two, at most 2^most,
 * that brings it near 1. */
cudaError_t launch_balance_factors(const double *largest, int64_t batch, double low, double high,
                                   int most, double *factors, cudaStream_t stream);
/* Item b of A times factors[b], or divided by it. */
cudaError_t launch_scale_items_f32(float *A, int64_t rows, int64_t cols, int64_t row_step,
                                   int64_t col_step, int64_t stride, int64_t batch,
                                   const double *factors, int divide, cudaStream_t stream);
cudaError_t launch_scale_items_f64(double *A, int64_t rows, int64_t cols, int64_t row_step,
                                   int64_t col_step, int64_t stride, int64_t batch,
                                   const double *factors, int divide, cudaStream_t stream);

/* ---- Jacobi for small matrices (jacobi.cu): n <= CUDA_JACOBI_MOST, fits CUDA_SMALL_BYTES ---- */

struct jacobi_small {
    int64_t m, n;             /* A: m x n, m >= n (SVD), or n x n (eigen) */
    int64_t ld, stride;       /* of A */
    int64_t s_step, s_stride; /* of S or W, between entries and between items */
    int64_t u_ld, u_stride;   /* of U or Z */
    int64_t v_ld, v_stride;   /* of Vt */
    int64_t first, wanted;    /* eigen: which of the ascending eigenvalues */
    int64_t batch;            /* > 0 */
};
/* Thin SVD; U and Vt NULL for values only. info: 0, or n + 1 if not converged. */
cudaError_t launch_svd_f32(const struct jacobi_small *q, float *A, float *S, float *U, float *Vt,
                           int32_t *info, cudaStream_t stream);
cudaError_t launch_svd_f64(const struct jacobi_small *q, double *A, double *S, double *U,
                           double *Vt, int32_t *info, cudaStream_t stream);
/* Eigenvalues of the matrix whose lower triangle A holds, ascending; Z NULL for values only. */
cudaError_t launch_eigen_f32(const struct jacobi_small *q, float *A, float *W, float *Z,
                             int32_t *info, cudaStream_t stream);
cudaError_t launch_eigen_f64(const struct jacobi_small *q, double *A, double *W, double *Z,
                             int32_t *info, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
