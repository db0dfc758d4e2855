/* Where one way of computing gives way to another, in one place.
 *
 * None of these was measured by Ritz on a GPU. They follow from what fits, or are taken from others
 * as said.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_THRESHOLDS_H
#define RITZ_CUDA_THRESHOLDS_H

/* Shared memory that every supported GPU gives a block without asking: a matrix that fits (with its
 * companions)
 * goes to Ritz's own kernels, one matrix a block of threads; others go to cuSOLVER. */
enum { CUDA_SMALL_BYTES = 48 * 1024 - 512 };

/* Sides up to which the own Jacobi kernels are used; cuSOLVER's batched Jacobi stops at 32 too
 * (PyTorch and JAX switch there). */
enum { CUDA_JACOBI_MOST = 32 };

/* XsyevBatched: n * lda * batch bytes of one call at most, as JAX caps it, and items as JAX caps
 * them. */
#define CUDA_SYEV_BATCH_BYTES 2147483647
enum { CUDA_SYEV_BATCH_MOST = 32768 };

#endif
