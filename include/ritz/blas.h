/** @file
 * Matrix products and triangular solves.
 *
 * Every operand may be row- or column-major, a view, a transpose (`ritz_t`) or a batch. In a batch
 * the operands have the same number of items, or one item that is broadcast (inputs only). Outputs
 * must not overlap inputs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_BLAS_H
#define RITZ_BLAS_H

#include "ritz/matrix.h"
#include "ritz/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Which triangle of a square matrix. */
typedef enum ritz_uplo {
    RITZ_LOWER = 0, /**< elements (i, j) with i >= j */
    RITZ_UPPER = 1, /**< elements (i, j) with i <= j */
    RITZ_BOTH = 2   /**< ritz_syrk only: the whole symmetric matrix */
} ritz_uplo;

/** On which side of a product a matrix stands. */
typedef enum ritz_side {
    RITZ_LEFT = 0, /**< op(A) B */
    RITZ_RIGHT = 1 /**< B op(A) */
} ritz_side;

/** Whether the diagonal of a triangular matrix is taken as ones. */
typedef enum ritz_diag {
    RITZ_NON_UNIT = 0, /**< the stored diagonal */
    RITZ_UNIT = 1      /**< ones; the stored diagonal is not read */
} ritz_diag;

/** C = alpha A B + beta C, item by item.
 *
 * @param s     the stream.
 * @param alpha factor; with 0, A and B are not read.
 * @param A     m x k.
 * @param B     k x n.
 * @param beta  factor; with 0, C is not read (a NaN in it does not matter).
 * @param C     m x n, the output.
 * @return RITZ_OK or an argument error.
 *
 * Data types (A, B, C): all float32; all float64; A and B float16 or both bfloat16 with C float32
 * (products and sums in float32). Others are refused.
 *
 * Synchronises: never. Capturable: yes. Workspace: the widened copies of float16 and bfloat16
 * inputs on the CPU.
 * Cost: 2mnk flops. Accuracy: |error| <= g_k |alpha| |A||B| + g_2 |beta C|, g_k = k u / (1 - k u),
 * u = eps/2.
 * Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 3.5. */
RITZ_API RITZ_NODISCARD ritz_status ritz_gemm(ritz_stream *s, double alpha, ritz_dmat A,
                                              ritz_dmat B, double beta, ritz_dmat C);

/** C(i) = alpha A(i) B(i) + beta C(i) for `count` products of different shapes, in one call.
 *
 * Each entry may itself be a batch. The arrays may be freed when the call returns.
 *
 * @param s     the stream.
 * @param count products; 0 is legal.
 * @param alpha factor.
 * @param A     `count` matrices, A[i] m_i x k_i.
 * @param B     `count` matrices, B[i] k_i x n_i.
 * @param beta  factor; with 0, no C is read.
 * @param C     `count` matrices, C[i] m_i x n_i: the outputs, which must not overlap one another.
 * @return RITZ_OK; an argument error that names the entry, and then nothing was enqueued; or
 *   RITZ_ERR_MEMORY (host memory that describes the products).
 *
 * Data types: as ritz_gemm, the same for all entries. Synchronises: never. Capturable: yes.
 * Workspace: on a GPU three addresses a product; on the CPU as ritz_gemm. Cost and accuracy: as
 * ritz_gemm, entry by entry; on the CPU the entries share the threads. */
RITZ_API RITZ_NODISCARD ritz_status ritz_gemm_grouped(ritz_stream *s, int64_t count, double alpha,
                                                      const ritz_dmat *A, const ritz_dmat *B,
                                                      double beta, const ritz_dmat *C);

/** C = alpha A B diag(scale) + 1 biasᵀ: a product with an epilogue on its columns, item by item.
 *
 * @param s     the stream.
 * @param alpha factor.
 * @param A     m x k, float32 or float64.
 * @param B     k x n, of the same data type.
 * @param scale n x 1 of the same data type, or RITZ_NO_MAT: ones.
 * @param bias  n x 1 of the same data type, or RITZ_NO_MAT: zeros.
 * @param C     m x n, of the same data type, the output; never read.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: a copy of B if there is a scale, m elements if
 * there is a bias. Cost: 2mnk flops and one pass over B (scale) and C (bias). Accuracy: as
 * ritz_gemm with one more product and sum. */
RITZ_API RITZ_NODISCARD ritz_status ritz_gemm_bias(ritz_stream *s, double alpha, ritz_dmat A,
                                                   ritz_dmat B, ritz_dmat scale, ritz_dmat bias,
                                                   ritz_dmat C);

/** C = alpha A Aᵀ + beta C for symmetric C, item by item. For AᵀA pass ritz_t(A).
 *
 * @param s     the stream.
 * @param uplo  the triangle of C that is read and written; RITZ_BOTH reads the lower one and writes
 *   both.
 * @param alpha factor.
 * @param A     n x k, float32 or float64.
 * @param beta  factor; with 0, C is not read.
 * @param C     n x n, of the same data type.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: n(n+1)k flops. Accuracy: as ritz_gemm.
 * Source: as ritz_gemm. */
RITZ_API RITZ_NODISCARD ritz_status ritz_syrk(ritz_stream *s, ritz_uplo uplo, double alpha,
                                              ritz_dmat A, double beta, ritz_dmat C);

/** Solve op(A) X = alpha B (left) or X op(A) = alpha B (right) with triangular A; X overwrites B.
 *
 * @param s     the stream.
 * @param side  where A stands.
 * @param uplo  the triangle of A that is read, as A is given (for ritz_t(L) of a lower L:
 *   RITZ_UPPER).
 * @param diag  whether the diagonal is taken as ones.
 * @param alpha factor; with 0, B becomes 0 and A is not read.
 * @param A     n x n, float32 or float64. A zero on the diagonal gives Inf or NaN, not an error.
 * @param B     n x r (left) or r x n (right), of the same data type. In: B. Out: X.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Cost: n²r flops. Accuracy: each column x solves
 * (A + E)x = b exactly with |E| <= g_n |A|.
 * Source: Higham 2002, theorem 8.5. */
RITZ_API RITZ_NODISCARD ritz_status ritz_trsm(ritz_stream *s, ritz_side side, ritz_uplo uplo,
                                              ritz_diag diag, double alpha, ritz_dmat A,
                                              ritz_dmat B);

/** B = alpha A B (left) or B = alpha B A (right) with triangular A.
 *
 * @param s     the stream.
 * @param side  where A stands.
 * @param uplo  the triangle of A that is read, as A is given.
 * @param diag  whether the diagonal is taken as ones.
 * @param alpha factor; with 0, B becomes 0 and A is not read.
 * @param A     n x n, float32 or float64.
 * @param B     n x r (left) or r x n (right), of the same data type. In and out.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: on a GPU a copy of a batched B. Cost: n²r flops.
 * Accuracy and source: as ritz_gemm. */
RITZ_API RITZ_NODISCARD ritz_status ritz_trmm(ritz_stream *s, ritz_side side, ritz_uplo uplo,
                                              ritz_diag diag, double alpha, ritz_dmat A,
                                              ritz_dmat B);

#ifdef __cplusplus
}
#endif
#endif
