/** @file
 * Linear operators: something that can be applied to a block of vectors.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_LINOP_H
#define RITZ_LINOP_H

#include "ritz/matrix.h"
#include "ritz/sparse.h"
#include "ritz/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Apply an operator: Y = A X, or Y = Aᵀ X if `transposed`.
 *
 * It is called at once on the thread that calls Ritz, and may only enqueue work on the stream it is
 * given. X is read-only; X and Y may be in either layout, and are valid until the stream has passed
 * that work. It is not called for an X without elements: Y is then zero.
 *
 * @return RITZ_OK, or an error that Ritz hands on to its caller. */
typedef ritz_status (*ritz_linop_function)(void *context, ritz_stream *s, int transposed,
                                           ritz_dmat X, ritz_dmat Y);

/** The kinds of linear operator. */
typedef enum ritz_linop_kind {
    RITZ_LINOP_DENSE = 1,         /**< a matrix */
    RITZ_LINOP_CENTRED = 2,       /**< a matrix less its column means, never formed */
    RITZ_LINOP_ENQUEUE = 3,       /**< a caller's function */
    RITZ_LINOP_SPARSE = 4,        /**< a sparse matrix */
    RITZ_LINOP_SPARSE_CENTRED = 5 /**< a sparse matrix less its column means, never formed */
} ritz_linop_kind;

/** A linear operator, m x n: a value that borrows what it is made of. */
typedef struct ritz_linop {
    ritz_linop_kind kind;         /**< what it is made of */
    ritz_dtype dtype;             /**< type of the vectors it takes and gives */
    int64_t rows;                 /**< m */
    int64_t cols;                 /**< n */
    ritz_dmat A;                  /**< dense, centred: the matrix */
    ritz_dmat mean;               /**< both centred: n x 1, subtracted from each row */
    ritz_linop_function function; /**< enqueue: the caller's function */
    void *context;                /**< enqueue: passed to it */
    const ritz_spmat *sparse;     /**< both sparse: the matrix */
} ritz_linop;

/** The operator of a dense matrix.
 * @param A a single matrix, float32 or float64.
 * @return the operator; it borrows A. */
RITZ_API ritz_linop ritz_linop_dense(ritz_dmat A);

/** The operator A - 1 meanᵀ, applied in blocks of rows, without a centred copy of A.
 * @param A    a single matrix, m x n, float32 or float64.
 * @param mean n x 1 of RITZ_F64 on the same device.
 * @return the operator; it borrows both. */
RITZ_API ritz_linop ritz_linop_centred(ritz_dmat A, ritz_dmat mean);

/** The operator of a sparse matrix.
 * @param A a sparse matrix that keeps its transpose.
 * @return the operator; it borrows A. */
RITZ_API ritz_linop ritz_linop_sparse(const ritz_spmat *A);

/** The operator A - 1 meanᵀ of a sparse matrix, which is not made dense: a sparse product,
 * corrected by A's means.
 *
 * Its errors are those of A and of 1 meanᵀ, also where the two nearly cancel.
 *
 * @param A    a sparse matrix that keeps its transpose, m x n.
 * @param mean n x 1 of RITZ_F64 on the same device, as ritz_spmat_col_means gives.
 * @return the operator; it borrows both. */
RITZ_API ritz_linop ritz_linop_sparse_centred(const ritz_spmat *A, ritz_dmat mean);

/** The operator of a caller's function.
 * @param dtype    float32 or float64: type of the vectors.
 * @param rows     m.
 * @param cols     n.
 * @param function applies A and Aᵀ; see ritz_linop_function.
 * @param context  passed to it.
 * @return the operator. */
RITZ_API ritz_linop ritz_linop_enqueue(ritz_dtype dtype, int64_t rows, int64_t cols,
                                       ritz_linop_function function, void *context);

/** Apply an operator to a block of vectors: Y = A X or Y = Aᵀ X.
 * @param s          the stream.
 * @param op         the operator, m x n.
 * @param transposed 0: A; 1: Aᵀ.
 * @param X          n x l (m x l if transposed), of the operator's data type.
 * @param Y          m x l (n x l if transposed).
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never (a caller's function: as it does). Capturable: as its parts.
 * Cost: 2mnl flops for a matrix, 2 nnz l for a sparse one. Workspace: one block of rows for a
 * centred matrix; for a sparse one that of ritz_spmm, and vectors if centred. */
RITZ_API RITZ_NODISCARD ritz_status ritz_linop_apply(ritz_stream *s, const ritz_linop *op,
                                                     int transposed, ritz_dmat X, ritz_dmat Y);

#ifdef __cplusplus
}
#endif
#endif
