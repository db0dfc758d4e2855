/* Where one way of computing gives way to another, in one place.
 *
 * None of these was measured by Ritz on a GPU. They follow from what fits, or are taken from others
 * as said.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_THRESHOLDS_H
#define RITZ_CUDA_THRESHOLDS_H

/* Shared memory that every supported GPU gives a block without asking: a matrix that fits (with its
 * companions) goes to Ritz's own kernels, one matrix a block of threads. */
enum { CUDA_SMALL_BYTES = 48 * 1024 - 512 };

/* Columns of a panel where a batch is factored in blocks: the width of a warp, as the kernels that
 * combine the steps of a panel have a lane for each. */
enum { CUDA_PANEL = 32 };

/* Rows, and reflectors, up to which one matrix that does not fit into shared memory is factored in
 * blocks as a batch is: one or two panels, each a launch of one block of threads, and no cuSOLVER,
 * so that graphs can hold it. The leaves and nodes of a QR factorization in blocks of rows are such
 * matrices. */
enum { CUDA_QR_BLOCKS_ROWS = 4096, CUDA_QR_BLOCKS_MOST = 2 * CUDA_PANEL };

/* Sides up to which the own Jacobi kernels are used; cuSOLVER's batched Jacobi stops at 32 too
 * (PyTorch and JAX switch there). */
enum { CUDA_JACOBI_MOST = 32 };

/* Columns up to which a batch of matrices that do not fit into shared memory has its SVD by the own
 * Jacobi kernel, a block of threads a matrix: beyond, cuSOLVER's one after the other is taken to be
 * the faster. */
enum { CUDA_JACOBI_BATCH_MOST = 512 };

/* Shared memory for the sums of a block of the sparse sketch, besides what it holds of A: 48 KiB in
 * all. */
enum { CUDA_SKETCH_BYTES = 36 * 1024 };

/* A tile of the fast Walsh-Hadamard transform: 2^12 elements, 32 KiB of float64, in pieces of at
 * least 2^5 that lie together. */
enum { CUDA_HADAMARD_TILE_BITS = 12, CUDA_HADAMARD_LANE_BITS = 5 };

/* Columns of the vectors that a sparse product turns at a time, where they lie by columns: four
 * cache lines of float32 a row. */
enum { CUDA_CSR_PANEL = 64 };

/* XsyevBatched: n * lda * batch bytes of one call at most, as JAX caps it, and items as JAX caps
 * them. */
#define CUDA_SYEV_BATCH_BYTES 2147483647
enum { CUDA_SYEV_BATCH_MOST = 32768 };

#endif
