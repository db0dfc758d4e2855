/** @file
 * Sparse matrices: those of whose elements few differ from zero.
 *
 * A `ritz_spmat` holds the elements of each row one after the other (compressed sparse rows) in the
 * memory of a device, and those of its transpose too, so that A and Aᵀ are applied alike, by sums
 * that are taken in an order which depends on the pattern and the shapes only. Elements that are
 * not stored are zero; an element may be stored and be zero. The matrix is never made dense.
 *
 * Columns in a row stand in ascending order, and no place is stored twice: where the source names
 * a place several times, the values are added in the order given, in float64. Values are data: NaN
 * and infinities are taken as they are, and found where other operations find them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_SPARSE_H
#define RITZ_SPARSE_H

#include <stdint.h>

#include "ritz/matrix.h"
#include "ritz/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A sparse matrix on a device. */
typedef struct ritz_spmat ritz_spmat;

/** Choices when a sparse matrix is created. */
typedef struct ritz_spmat_options {
    size_t size; /**< sizeof(ritz_spmat_options) */
    /** RITZ_F32 or RITZ_F64: type of the values on the device; 0: float32 if the source has
     * float32, else float64 */
    ritz_dtype dtype;
    /** 1: Aᵀ will not be applied, and takes no memory; what needs it is refused. */
    int32_t one_way;
} ritz_spmat_options;

/** The defaults. */
#define RITZ_SPMAT_DEFAULTS                                                                        \
    {                                                                                              \
        .size = sizeof(ritz_spmat_options)                                                         \
    }

/** Create a sparse matrix from compressed sparse rows in the memory of the host.
 *
 * Row i has the elements from offsets(i) to before offsets(i+1). Their columns may stand in any
 * order and repeat.
 *
 * @param s       a stream of the device.
 * @param rows    rows m, at most 2^31 - 1.
 * @param cols    columns n, at most 2^31 - 1.
 * @param offsets m+1 x 1 of RITZ_I32 or RITZ_I64, ascending from 0.
 * @param indices columns, from 0, nnz x 1 of RITZ_I32 or RITZ_I64.
 * @param values  nnz x 1 of any data type.
 * @param opts    choices, or NULL.
 * @param[out] A  receives the matrix.
 * @return RITZ_OK; RITZ_ERR_ARGUMENT (the message names the first offset or index that is wrong),
 *   RITZ_ERR_SHAPE, RITZ_ERR_DTYPE, RITZ_ERR_TOO_LARGE, RITZ_ERR_MEMORY or
 *   RITZ_ERR_DEVICE_MEMORY.
 *
 * Synchronises: once; the arrays may be freed on return. Capturable: no (allocates).
 * Memory on the device: 12 bytes an element, for float64, and twice that with 4 more for Aᵀ. On the
 * host, meanwhile, at most 44 bytes an element. */
RITZ_API RITZ_NODISCARD ritz_status ritz_spmat_create_csr(ritz_stream *s, int64_t rows,
                                                          int64_t cols, ritz_hmat offsets,
                                                          ritz_hmat indices, ritz_hmat values,
                                                          const ritz_spmat_options *opts,
                                                          ritz_spmat **A);

/** Create a sparse matrix from coordinates in the memory of the host.
 *
 * @param s       a stream of the device.
 * @param rows    rows m, at most 2^31 - 1.
 * @param cols    columns n, at most 2^31 - 1.
 * @param row     the row of each element, from 0, nnz x 1 of RITZ_I32 or RITZ_I64, in any order.
 * @param col     its column, from 0, nnz x 1 of RITZ_I32 or RITZ_I64.
 * @param values  its value, nnz x 1 of any data type.
 * @param opts    choices, or NULL.
 * @param[out] A  receives the matrix.
 * @return as ritz_spmat_create_csr.
 *
 * Synchronises: once; the arrays may be freed on return. Capturable: no (allocates). Memory: as
 * ritz_spmat_create_csr. */
RITZ_API RITZ_NODISCARD ritz_status ritz_spmat_create_coo(ritz_stream *s, int64_t rows,
                                                          int64_t cols, ritz_hmat row,
                                                          ritz_hmat col, ritz_hmat values,
                                                          const ritz_spmat_options *opts,
                                                          ritz_spmat **A);

/** Create a sparse matrix from a Matrix Market file, plain or compressed with gzip.
 *
 * Read are coordinates of the fields real, integer and pattern (whose values are 1), general,
 * symmetric or skew-symmetric (the other triangle is filled in). Complex matrices, and dense ones
 * (the format's "array"), are refused. The format is that of Boisvert, Pozo and Remington, "The
 * Matrix Market Exchange Formats: Initial Design", NISTIR 5935, 1996.
 *
 * @param s      a stream of the device.
 * @param path   the file.
 * @param opts   choices, or NULL.
 * @param[out] A receives the matrix.
 * @return RITZ_OK, RITZ_ERR_IO, RITZ_ERR_FORMAT (the message names the line), RITZ_ERR_DTYPE
 *   (complex), RITZ_ERR_TOO_LARGE, RITZ_ERR_MEMORY, RITZ_ERR_ARGUMENT or RITZ_ERR_DEVICE_MEMORY.
 *
 * Synchronises: once. Capturable: no (allocates). */
RITZ_API RITZ_NODISCARD ritz_status ritz_spmat_load(ritz_stream *s, const char *path,
                                                    const ritz_spmat_options *opts, ritz_spmat **A);

/** Whether a file is one for ritz_spmat_load: by its first bytes, under any compression, not by its
 * name.
 * @param path the file.
 * @return 1 if it begins as a Matrix Market file does; 0 if not, or if it cannot be read. */
RITZ_API int ritz_is_matrix_market(const char *path);

/** Free a sparse matrix, in stream order.
 * @param s any stream of the matrix's device; may be NULL if there is no matrix.
 * @param[in,out] A the matrix, set to NULL; NULL is accepted.
 * @return RITZ_OK, RITZ_ERR_ARGUMENT or RITZ_ERR_DEVICE.
 *
 * Synchronises: never. Capturable: as ritz_dmat_destroy. */
RITZ_API ritz_status ritz_spmat_destroy(ritz_stream *s, ritz_spmat **A);

/** The number of rows.
 * @param A a sparse matrix, or NULL.
 * @return m; 0 for NULL. */
RITZ_API int64_t ritz_spmat_rows(const ritz_spmat *A);

/** The number of columns.
 * @param A a sparse matrix, or NULL.
 * @return n; 0 for NULL. */
RITZ_API int64_t ritz_spmat_cols(const ritz_spmat *A);

/** The number of elements that are stored.
 * @param A a sparse matrix, or NULL.
 * @return nnz; 0 for NULL. */
RITZ_API int64_t ritz_spmat_nonzeros(const ritz_spmat *A);

/** The type of the values.
 * @param A a sparse matrix, or NULL.
 * @return RITZ_F32 or RITZ_F64; 0 for NULL. */
RITZ_API ritz_dtype ritz_spmat_dtype(const ritz_spmat *A);

/** Replace the values and keep the pattern.
 *
 * @param s      the stream.
 * @param A      the matrix; no other stream may be using it.
 * @param values nnz x 1 on the same device, of any data type, in the order of
 *   ritz_spmat_download: row by row, columns ascending.
 * @return RITZ_OK or an argument error; RITZ_ERR_TOO_LARGE for a matrix of more than 2^31 - 1
 *   elements that keeps its transpose.
 *
 * Synchronises: never. Capturable: yes. */
RITZ_API RITZ_NODISCARD ritz_status ritz_spmat_set_values(ritz_stream *s, ritz_spmat *A,
                                                          ritz_dmat values);

/** Bring a sparse matrix to the host.
 *
 * @param s       the stream; the arrays are complete after ritz_stream_sync.
 * @param A       the matrix.
 * @param offsets m+1 x 1 of RITZ_I64 or RITZ_I32.
 * @param indices nnz x 1 of RITZ_I32 or RITZ_I64.
 * @param values  nnz x 1 of any data type.
 * @return RITZ_OK or an argument error; RITZ_ERR_TOO_LARGE if an offset is beyond the type.
 *
 * Synchronises: never on the CPU and to pinned memory; a pageable download may wait on CUDA.
 * Capturable: to pinned memory only. */
RITZ_API RITZ_NODISCARD ritz_status ritz_spmat_download(ritz_stream *s, const ritz_spmat *A,
                                                        ritz_hmat offsets, ritz_hmat indices,
                                                        ritz_hmat values);

/** Multiply a block of vectors: Y = alpha A X + beta Y, or Y = alpha Aᵀ X + beta Y.
 *
 * @param s          the stream.
 * @param transposed 0: A; 1: Aᵀ.
 * @param alpha      factor of the product; 0 reads neither A nor X.
 * @param A          m x n.
 * @param X          n x l (m x l if transposed), of A's data type. Row-major is the fastest;
 *   otherwise some columns at a time are turned in the workspace.
 * @param beta       factor of Y; 0 does not read Y.
 * @param Y          m x l (n x l if transposed).
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes.
 * Cost: 2 nnz l flops. Workspace: 32 (on a GPU 64) columns of X that is not row-major.
 * Accuracy: as sums of products in the data type, |error| <= (p + 2) u (|alpha| |A| |X| + |beta|
 * |Y|) elementwise, to first order, with p the largest number of elements in a row (Higham,
 * Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 3.1). */
RITZ_API RITZ_NODISCARD ritz_status ritz_spmm(ritz_stream *s, int transposed, double alpha,
                                              const ritz_spmat *A, ritz_dmat X, double beta,
                                              ritz_dmat Y);

/** The sums of the columns, in float64.
 * @param s   the stream.
 * @param A   m x n, which keeps its transpose.
 * @param out n x 1 of RITZ_F64.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: 8 bytes an element if A is float32. */
RITZ_API RITZ_NODISCARD ritz_status ritz_spmat_col_sums(ritz_stream *s, const ritz_spmat *A,
                                                        ritz_dmat out);

/** The means of the columns over all m rows, in float64; NaN if there are no rows.
 * @param s   the stream.
 * @param A   m x n, which keeps its transpose.
 * @param out n x 1 of RITZ_F64.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: as ritz_spmat_col_sums. */
RITZ_API RITZ_NODISCARD ritz_status ritz_spmat_col_means(ritz_stream *s, const ritz_spmat *A,
                                                         ritz_dmat out);

/** The sums of the squares of the columns, in float64.
 * @param s   the stream.
 * @param A   m x n, which keeps its transpose.
 * @param out n x 1 of RITZ_F64.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. Workspace: 16 bytes an element. */
RITZ_API RITZ_NODISCARD ritz_status ritz_spmat_col_sumsq(ritz_stream *s, const ritz_spmat *A,
                                                         ritz_dmat out);

#ifdef __cplusplus
}
#endif
#endif
