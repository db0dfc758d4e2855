/** @file
 * Matrices: descriptions of memory, on the host or on a device.
 *
 * `ritz_hmat` describes memory of the host, `ritz_dmat` memory of a device. They are two types, so
 * that mixing them up does not compile. Both are values: copying one copies the description, never
 * the elements. Element (i, j) of item b is
 *
 *     data[b*batch_stride + i + j*ld]     column-major (ld >= rows)
 *     data[b*batch_stride + i*ld + j]     row-major    (ld >= cols)
 *
 * Offsets and strides count elements, not bytes. Any size may be 0.
 *
 * - *Owned* (`ritz_dmat_create`): freed once, by `ritz_dmat_destroy` on the value that create
 *   filled.
 * - *Borrowed* (`ritz_dmat_wrap`) and *views* (`ritz_t`, `ritz_block`, ...): never freed by Ritz;
 *   the memory under them must stay valid and unchanged until the stream has passed every call that
 *   was given it.
 *
 * There are no transpose arguments anywhere in Ritz: `ritz_t(A)` is the transpose, and it costs
 * nothing. A view that reaches outside its parent is marked invalid, and every operation refuses
 * it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_MATRIX_H
#define RITZ_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include "ritz/device.h"
#include "ritz/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The type of an element. The values are part of the ABI. */
typedef enum ritz_dtype {
    RITZ_F32 = 1,  /**< IEEE 754 binary32 */
    RITZ_F64 = 2,  /**< IEEE 754 binary64 */
    RITZ_F16 = 3,  /**< IEEE 754 binary16; storage, and input of ritz_gemm */
    RITZ_BF16 = 4, /**< bfloat16; storage, and input of ritz_gemm */
    RITZ_I8 = 5,   /**< signed 8 bit; storage */
    RITZ_U8 = 6,   /**< unsigned 8 bit; storage */
    RITZ_I32 = 7,  /**< signed 32 bit; `info`, labels, pivots */
    RITZ_I64 = 8   /**< signed 64 bit; storage, labels */
} ritz_dtype;

/** The order of the elements of one matrix in memory. */
typedef enum ritz_layout {
    RITZ_COL_MAJOR = 0, /**< columns are contiguous (LAPACK, BLAS) */
    RITZ_ROW_MAJOR = 1  /**< rows are contiguous (C, NumPy) */
} ritz_layout;

/** Bits of the `flags` of a matrix. */
typedef enum ritz_mat_flags {
    RITZ_MAT_OWNED = 1,     /**< created by Ritz; cleared in every view */
    RITZ_MAT_READ_ONLY = 2, /**< refused as an output */
    RITZ_MAT_INVALID = 4,   /**< a view that reaches outside its parent; refused everywhere */
    RITZ_MAT_MAPPED = 8     /**< host only: a file mapped into memory */
} ritz_mat_flags;

/** A matrix, or a batch of equally shaped ones, in the memory of the host. */
typedef struct ritz_hmat {
    void *data;             /**< NULL only if there are no elements */
    ritz_device *pinned_by; /**< the device whose page-locked memory it owns, or NULL */
    int64_t rows;           /**< rows of each item */
    int64_t cols;           /**< columns of each item */
    int64_t ld;             /**< elements between neighbouring columns (or rows, if row-major) */
    int64_t batch;          /**< number of matrices; 1 is the ordinary case */
    int64_t batch_stride;   /**< elements between neighbouring matrices; 0 broadcasts an input */
    ritz_dtype dtype;       /**< type of the elements */
    ritz_layout layout;     /**< order of the elements */
    uint32_t flags;         /**< bits of ritz_mat_flags */
    uint32_t reserved;      /**< 0 */
} ritz_hmat;

/** A matrix, or a batch of equally shaped ones, in the memory of one device. */
typedef struct ritz_dmat {
    void *data;           /**< device pointer; NULL only if there are no elements */
    ritz_device *device;  /**< where the memory is; NULL in RITZ_NO_MAT only */
    int64_t rows;         /**< rows of each item */
    int64_t cols;         /**< columns of each item */
    int64_t ld;           /**< elements between neighbouring columns (or rows, if row-major) */
    int64_t batch;        /**< number of matrices; 1 is the ordinary case */
    int64_t batch_stride; /**< elements between neighbouring matrices; 0 broadcasts an input */
    ritz_dtype dtype;     /**< type of the elements */
    ritz_layout layout;   /**< order of the elements */
    uint32_t flags;       /**< bits of ritz_mat_flags */
    uint32_t reserved;    /**< 0 */
} ritz_dmat;

/** No matrix: for optional arguments such as `info`. */
#ifdef __cplusplus
#define RITZ_NO_MAT (ritz_dmat{})
#else
#define RITZ_NO_MAT ((ritz_dmat){.data = NULL})
#endif

/** Bytes of one element.
 * @param dtype a data type.
 * @return 1, 2, 4 or 8; 0 if `dtype` is not a data type. */
RITZ_API size_t ritz_dtype_size(ritz_dtype dtype);

/** The name of a data type as NumPy spells it: "float32", "int8", "bfloat16".
 * @param dtype a data type.
 * @return a constant string; "unknown" if `dtype` is not a data type. */
RITZ_API const char *ritz_dtype_name(ritz_dtype dtype);

/* ---- device matrices: memory ----------------------------------------------------------------- */

/** Create a matrix in device memory; its elements are undefined.
 *
 * @param s      the stream in whose order the memory becomes usable and, later, free.
 * @param dtype  type of the elements.
 * @param layout order of the elements; ld is the smallest possible.
 * @param rows   rows, >= 0.
 * @param cols   columns, >= 0.
 * @param[out] A receives the owned matrix; RITZ_NO_MAT on failure.
 * @return RITZ_OK; RITZ_ERR_ARGUMENT, RITZ_ERR_DTYPE, RITZ_ERR_TOO_LARGE, RITZ_ERR_MEMORY or
 *   RITZ_ERR_DEVICE_MEMORY (the message says how much was needed).
 *
 * Synchronises: never. Capturable: no (allocates). */
RITZ_API RITZ_NODISCARD ritz_status ritz_dmat_create(ritz_stream *s, ritz_dtype dtype,
                                                     ritz_layout layout, int64_t rows, int64_t cols,
                                                     ritz_dmat *A);

/** Create a batch of matrices in device memory, one behind the other.
 *
 * @param s      as in ritz_dmat_create.
 * @param dtype  type of the elements.
 * @param layout order of the elements of each item.
 * @param rows   rows of each item, >= 0.
 * @param cols   columns of each item, >= 0.
 * @param batch  number of items, >= 0.
 * @param[out] A receives the owned batch; RITZ_NO_MAT on failure.
 * @return as ritz_dmat_create.
 *
 * Synchronises: never. Capturable: no (allocates). */
RITZ_API RITZ_NODISCARD ritz_status ritz_dmat_create_batch(ritz_stream *s, ritz_dtype dtype,
                                                           ritz_layout layout, int64_t rows,
                                                           int64_t cols, int64_t batch,
                                                           ritz_dmat *A);

/** Free an owned matrix in the order of a stream, and clear the value.
 *
 * Work already enqueued on `s` may still use the memory. Work on other streams must be ordered
 * before this call by an event.
 *
 * @param s any stream of the matrix's device; may be NULL if A is empty.
 * @param[in,out] A the value that ritz_dmat_create filled; empty and NULL are accepted.
 * @return RITZ_OK; RITZ_ERR_ARGUMENT for a view, a borrowed matrix or one that was already freed
 *   through a copy of the value; RITZ_ERR_DEVICE if it is on another device.
 *
 * Synchronises: never. Capturable: as at any time, but not into the graph: the memory is given
 * back once the capture has ended. */
RITZ_API ritz_status ritz_dmat_destroy(ritz_stream *s, ritz_dmat *A);

/** Describe device memory that the caller owns.
 *
 * Chain with ritz_with_ld and ritz_batched for other strides. The CPU device accepts any host
 * pointer.
 *
 * @param dev    the device of the memory.
 * @param data   pointer in that device's memory, aligned to the element size.
 * @param dtype  type of the elements.
 * @param rows   rows, >= 0.
 * @param cols   columns, >= 0.
 * @param layout order of the elements; ld is taken as the smallest possible.
 * @return the description; marked invalid if an argument cannot be right. */
RITZ_API ritz_dmat ritz_dmat_wrap(ritz_device *dev, void *data, ritz_dtype dtype, int64_t rows,
                                  int64_t cols, ritz_layout layout);

/** Like ritz_dmat_wrap for memory that Ritz must not write: the result is read-only.
 * @param dev    the device of the memory.
 * @param data   pointer in that device's memory.
 * @param dtype  type of the elements.
 * @param rows   rows, >= 0.
 * @param cols   columns, >= 0.
 * @param layout order of the elements.
 * @return the description; marked invalid if an argument cannot be right. */
RITZ_API ritz_dmat ritz_dmat_wrap_const(ritz_device *dev, const void *data, ritz_dtype dtype,
                                        int64_t rows, int64_t cols, ritz_layout layout);

/** View a host matrix as a matrix of the CPU device, without a copy.
 * @param dev the CPU device; any other gives an invalid matrix, because its memory is another.
 * @param H   a host matrix that outlives every call given the result.
 * @return the description; read-only if H is. */
RITZ_API ritz_dmat ritz_dmat_borrow(ritz_device *dev, ritz_hmat H);

/* ---- device matrices: views ------------------------------------------------------------------ */

/** The transpose of every item, without moving an element.
 * @param A a matrix or a batch.
 * @return Aᵀ, over the same memory. */
RITZ_API ritz_dmat ritz_t(ritz_dmat A);

/** The block of m x n elements whose first element is (i, j), of every item.
 * @param A a matrix or a batch.
 * @param i first row, 0 <= i, i + m <= rows.
 * @param j first column, 0 <= j, j + n <= cols.
 * @param m rows of the block.
 * @param n columns of the block.
 * @return the view; marked invalid if it reaches outside A. */
RITZ_API ritz_dmat ritz_block(ritz_dmat A, int64_t i, int64_t j, int64_t m, int64_t n);

/** Columns j .. j+n-1 of every item.
 * @param A a matrix or a batch.
 * @param j first column.
 * @param n number of columns.
 * @return the view; marked invalid if it reaches outside A. */
RITZ_API ritz_dmat ritz_cols(ritz_dmat A, int64_t j, int64_t n);

/** Rows i .. i+m-1 of every item.
 * @param A a matrix or a batch.
 * @param i first row.
 * @param m number of rows.
 * @return the view; marked invalid if it reaches outside A. */
RITZ_API ritz_dmat ritz_row_range(ritz_dmat A, int64_t i, int64_t m);

/** Item b of a batch, as a single matrix.
 * @param A a batch.
 * @param b item, 0 <= b < batch.
 * @return the view; marked invalid if there is no such item. */
RITZ_API ritz_dmat ritz_batch_item(ritz_dmat A, int64_t b);

/** Items b .. b+count-1 of a batch.
 * @param A     a batch.
 * @param b     first item.
 * @param count number of items.
 * @return the view; marked invalid if it reaches outside A. */
RITZ_API ritz_dmat ritz_batch_range(ritz_dmat A, int64_t b, int64_t count);

/** The same description with a batch count and stride, for wrapping a batch.
 * @param A      one matrix.
 * @param count  number of items, >= 0.
 * @param stride elements between items; 0 broadcasts the one matrix (inputs only).
 * @return the batch; marked invalid if A is a batch already. */
RITZ_API ritz_dmat ritz_batched(ritz_dmat A, int64_t count, int64_t stride);

/** The same description with another leading dimension, for wrapping padded memory.
 * @param A  a matrix or a batch.
 * @param ld elements between neighbouring columns (rows, if row-major), at least rows (cols).
 * @return the description; marked invalid if ld is too small. */
RITZ_API ritz_dmat ritz_with_ld(ritz_dmat A, int64_t ld);

/** The same matrix, refused as an output.
 * @param A a matrix or a batch.
 * @return the read-only view. */
RITZ_API ritz_dmat ritz_read_only(ritz_dmat A);

/* ---- host matrices --------------------------------------------------------------------------- */

/** Create a host matrix; its elements are undefined.
 * @param dtype  type of the elements.
 * @param layout order of the elements.
 * @param rows   rows, >= 0.
 * @param cols   columns, >= 0.
 * @param[out] H receives the owned matrix.
 * @return RITZ_OK, RITZ_ERR_ARGUMENT, RITZ_ERR_DTYPE, RITZ_ERR_TOO_LARGE or RITZ_ERR_MEMORY. */
RITZ_API RITZ_NODISCARD ritz_status ritz_hmat_create(ritz_dtype dtype, ritz_layout layout,
                                                     int64_t rows, int64_t cols, ritz_hmat *H);

/** Create a host matrix in page-locked memory, which a GPU reads and writes while the program goes
 * on.
 *
 * On the CPU device it is ordinary memory. The device must stay open as long as the matrix exists.
 *
 * @param dev    the device that transfers will go to and from.
 * @param dtype  type of the elements.
 * @param layout order of the elements.
 * @param rows   rows, >= 0.
 * @param cols   columns, >= 0.
 * @param[out] H receives the owned matrix, to be freed with ritz_hmat_destroy.
 * @return as ritz_hmat_create; device errors.
 *
 * Synchronises: the driver may. Capturable: no (allocates, and spoils a capture under way). */
RITZ_API RITZ_NODISCARD ritz_status ritz_hmat_create_pinned(ritz_device *dev, ritz_dtype dtype,
                                                            ritz_layout layout, int64_t rows,
                                                            int64_t cols, ritz_hmat *H);

/** Free an owned host matrix (or unmap a mapped one) and clear the value.
 * @param[in,out] H a value that Ritz filled; empty and NULL are accepted, views are ignored with
 *   RITZ_ERR_ARGUMENT.
 * @return RITZ_OK or RITZ_ERR_ARGUMENT. */
RITZ_API ritz_status ritz_hmat_destroy(ritz_hmat *H);

/** Describe host memory that the caller owns.
 * @param data   pointer to the first element.
 * @param dtype  type of the elements.
 * @param rows   rows, >= 0.
 * @param cols   columns, >= 0.
 * @param layout order of the elements; ld is taken as the smallest possible.
 * @return the description; marked invalid if an argument cannot be right. */
RITZ_API ritz_hmat ritz_hmat_wrap(void *data, ritz_dtype dtype, int64_t rows, int64_t cols,
                                  ritz_layout layout);

/** Like ritz_hmat_wrap for memory that Ritz must not write.
 * @param data   pointer to the first element.
 * @param dtype  type of the elements.
 * @param rows   rows, >= 0.
 * @param cols   columns, >= 0.
 * @param layout order of the elements.
 * @return the read-only description. */
RITZ_API ritz_hmat ritz_hmat_wrap_const(const void *data, ritz_dtype dtype, int64_t rows,
                                        int64_t cols, ritz_layout layout);

/** The transpose of a host matrix, without moving an element.
 * @param H a host matrix.
 * @return Hᵀ, over the same memory. */
RITZ_API ritz_hmat ritz_hmat_t(ritz_hmat H);

/** A block of a host matrix.
 * @param H a host matrix.
 * @param i first row.
 * @param j first column.
 * @param m rows of the block.
 * @param n columns of the block.
 * @return the view; marked invalid if it reaches outside H. */
RITZ_API ritz_hmat ritz_hmat_block(ritz_hmat H, int64_t i, int64_t j, int64_t m, int64_t n);

/** The same host matrix with a batch count and stride.
 * @param H      one matrix.
 * @param count  number of items.
 * @param stride elements between items.
 * @return the batch; marked invalid if H is a batch already. */
RITZ_API ritz_hmat ritz_hmat_batched(ritz_hmat H, int64_t count, int64_t stride);

/** The same host matrix with another leading dimension.
 * @param H  a host matrix.
 * @param ld elements between neighbouring columns (rows, if row-major).
 * @return the description; marked invalid if ld is too small. */
RITZ_API ritz_hmat ritz_hmat_with_ld(ritz_hmat H, int64_t ld);

/* ---- moving data ----------------------------------------------------------------------------- */

/** D = H: copy from the host to a device, converting data type and layout on the way.
 *
 * @param s the stream; H must stay valid and unchanged until the stream has passed the call.
 * @param H source, on the host.
 * @param D destination, of the same shape and batch.
 * @return RITZ_OK or an argument error. Conversions to an integer type round to nearest even and
 *   saturate; NaN becomes 0.
 *
 * Synchronises: never on the CPU and from pinned memory; a pageable upload may wait on CUDA.
 * Capturable: from pinned memory only. */
RITZ_API RITZ_NODISCARD ritz_status ritz_upload(ritz_stream *s, ritz_hmat H, ritz_dmat D);

/** H = D: copy from a device to the host, converting data type and layout on the way.
 *
 * @param s the stream; H is complete after ritz_stream_sync.
 * @param D source, on the device.
 * @param H destination, of the same shape and batch.
 * @return RITZ_OK or an argument error; conversions as in ritz_upload.
 *
 * Synchronises: never on the CPU and to pinned memory; a pageable download may wait on CUDA.
 * Capturable: to pinned memory only. */
RITZ_API RITZ_NODISCARD ritz_status ritz_download(ritz_stream *s, ritz_dmat D, ritz_hmat H);

/** B = A: copy within a device, converting data type and layout on the way.
 *
 * @param s the stream.
 * @param A source.
 * @param B destination, of the same shape; A's batch stride may be 0 (broadcast). Must not overlap
 *   A.
 * @return RITZ_OK or an argument error; conversions as in ritz_upload.
 *
 * Synchronises: never. Capturable: yes. */
RITZ_API RITZ_NODISCARD ritz_status ritz_copy(ritz_stream *s, ritz_dmat A, ritz_dmat B);

/** Set every element of A to a value, converted as in ritz_upload.
 * @param s     the stream.
 * @param value the value.
 * @param A     destination, any data type.
 * @return RITZ_OK or an argument error.
 *
 * Synchronises: never. Capturable: yes. */
RITZ_API RITZ_NODISCARD ritz_status ritz_fill(ritz_stream *s, double value, ritz_dmat A);

#ifdef __cplusplus
}
#endif
#endif
