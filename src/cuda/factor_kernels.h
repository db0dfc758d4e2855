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

#include "cuda/operand.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out[b] = (char *)base + b * step_bytes, for b < count. (pointers.cu) */
cudaError_t launch_pointers(void *base, int64_t step_bytes, int64_t count, void *out,
                            cudaStream_t stream);

/* For each of three operands `count` addresses, which travel as the arguments of a kernel. */
enum { ADDRESS_LIST = 160 };
struct address_list {
    int64_t count;
    void *p[3][ADDRESS_LIST];
};
/* out[o * step + i] = list.p[o][i]. (pointers.cu) */
cudaError_t launch_addresses(const struct address_list *list, void **out, int64_t step,
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

/* As the operation small_cholesky on the lower triangle of A, n x n with n <= CHOLESKY_BLOCK. info:
 * I32, info_step elements from one item to the next. */
cudaError_t launch_cholesky_small(struct cuda_operand A, int32_t *info, int64_t info_step,
                                  cudaStream_t stream);

/* ---- rank-one changes (cholesky_update.cu) ---- */

struct update_shape {
    int64_t n;
    int64_t row_step, col_step, stride; /* of L, lower */
    int64_t step_x, stride_x;
    int64_t batch; /* > 0 */
    int sigma;
};
/* The operation chol_update. */
cudaError_t launch_chol_update_f32(const struct update_shape *q, float *x, float *L, int32_t *info,
                                   cudaStream_t stream);
cudaError_t launch_chol_update_f64(const struct update_shape *q, double *x, double *L,
                                   int32_t *info, cudaStream_t stream);

/* ---- pivoted Cholesky (cholesky_pivoted.cu) ---- */

/* Rows of an item that a block of threads has: an item with no more is factored in one launch. */
enum { PIVOTED_ROWS = 512 };

struct pivoted_shape {
    int64_t n, steps;
    int64_t ld, stride;    /* of A */
    int64_t ldf, stride_f; /* of F, column-major */
    int64_t pivot_step, pivot_stride;
    int64_t rank_step, error_step;
    int64_t batch; /* > 0 */
    double rtol, atol;
};
/* The operation pstrf, A kept; work: as many bytes as pstrf_workspace says. */
size_t pstrf_workspace(const struct pivoted_shape *q);
cudaError_t launch_pstrf_f32(const struct pivoted_shape *q, const float *A, float *F,
                             int32_t *pivots, int32_t *rank, double *error, int32_t *info,
                             void *work, cudaStream_t stream);
cudaError_t launch_pstrf_f64(const struct pivoted_shape *q, const double *A, double *F,
                             int32_t *pivots, int32_t *rank, double *error, int32_t *info,
                             void *work, cudaStream_t stream);

/* ---- LU (lu.cu) ---- */

struct lu_panel_shape {
    int64_t m, n; /* of the panel */
    int64_t ld, stride;
    int64_t batch;                    /* > 0 */
    int64_t first;                    /* the row of the whole matrix where the panel begins */
    int64_t pivot_step, pivot_stride; /* between pivots, between items */
};
/* P A = L U in place, column-major; pivots: rows of the whole matrix, from 1. An item whose info is
 * 0 and whose column k is the first to have no pivot gets info = first + k + 1. `in_shared`: the
 * panel, with an odd leading dimension, fits CUDA_SMALL_BYTES. */
cudaError_t launch_lu_panel_f32(const struct lu_panel_shape *q, int in_shared, float *A,
                                int32_t *pivots, int32_t *info, cudaStream_t stream);
cudaError_t launch_lu_panel_f64(const struct lu_panel_shape *q, int in_shared, double *A,
                                int32_t *pivots, int32_t *info, cudaStream_t stream);

struct swap_shape {
    int64_t count, rows, cols; /* interchanges; of the matrix */
    int64_t row_step, col_step, stride;
    int64_t batch;                    /* > 0 */
    int64_t pivot_step, pivot_stride; /* between pivots, between items */
    int64_t first;                    /* the row of the whole matrix where this one begins */
    int inverse;                      /* backwards */
    int down;                         /* columns are contiguous */
};
/* Interchange row k with row pivots_k - 1 - first, if there is one, for k = 0, 1, ... */
cudaError_t launch_swap_rows_f32(const struct swap_shape *q, const int32_t *pivots, float *B,
                                 cudaStream_t stream);
cudaError_t launch_swap_rows_f64(const struct swap_shape *q, const int32_t *pivots, double *B,
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

/* geqrf of a panel of any size, where it lies. */
cudaError_t launch_geqrf_panel_f32(const struct qr_small *q, float *A, float *tau,
                                   cudaStream_t stream);
cudaError_t launch_geqrf_panel_f64(const struct qr_small *q, double *A, double *tau,
                                   cudaStream_t stream);
/* G = Vᵀ V of r <= CUDA_PANEL reflectors (r x r, ld, stride) becomes the T of their product
 * I - V T Vᵀ, zeros below. */
cudaError_t launch_block_triangle_f32(const struct qr_small *q, float *G, const float *tau,
                                      cudaStream_t stream);
cudaError_t launch_block_triangle_f64(const struct qr_small *q, double *G, const double *tau,
                                      cudaStream_t stream);

/* QR with column pivoting of A (qr_pivoted.cu); tau_step is that of tau. `lengths` NULL: A with two
 * more rows fits CUDA_SMALL_BYTES; else 2n numbers of workspace for each item. */
cudaError_t launch_geqp3_f32(const struct qr_small *q, float *A, int32_t *pivots,
                             int64_t pivot_step, int64_t pivot_stride, float *tau, float *lengths,
                             cudaStream_t stream);
cudaError_t launch_geqp3_f64(const struct qr_small *q, double *A, int32_t *pivots,
                             int64_t pivot_step, int64_t pivot_stride, double *tau, double *lengths,
                             cudaStream_t stream);

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
/* The same for any m >= n, m < 2^31, in place of A. numbers: n² + n for each item, ranks: n; both
 * are workspace. */
cudaError_t launch_svd_large_f32(const struct jacobi_small *q, float *A, float *S, float *U,
                                 float *Vt, int32_t *info, float *numbers, int32_t *ranks,
                                 cudaStream_t stream);
cudaError_t launch_svd_large_f64(const struct jacobi_small *q, double *A, double *S, double *U,
                                 double *Vt, int32_t *info, double *numbers, int32_t *ranks,
                                 cudaStream_t stream);
/* Eigenvalues of the matrix whose lower triangle A holds, ascending; Z NULL for values only. */
cudaError_t launch_eigen_f32(const struct jacobi_small *q, float *A, float *W, float *Z,
                             int32_t *info, cudaStream_t stream);
cudaError_t launch_eigen_f64(const struct jacobi_small *q, double *A, double *W, double *Z,
                             int32_t *info, cudaStream_t stream);

#ifdef __cplusplus
}
#endif
#endif
