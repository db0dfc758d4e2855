/** @file
 * Rows: where the observations of a fit come from.
 *
 * A `ritz_rows` is a value that delivers rows, from memory, from files or from a function, so that
 * a fit from memory and one from files larger than memory are one call. It borrows what it is made
 * of. Integer and half-precision data is converted block by block.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ROWS_H
#define RITZ_ROWS_H

#include "ritz/matrix.h"
#include "ritz/sparse.h"
#include "ritz/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Deliver the next rows: write up to `count` rows, row-major with leading dimension `ld`, and say
 * how many.
 *
 * Called on the thread that calls Ritz. `rewind` asks to start again at the first row, and delivers
 * nothing.
 *
 * @return RITZ_OK, or an error that Ritz hands on to its caller. */
typedef ritz_status (*ritz_rows_function)(void *context, int rewind, int64_t count, void *dst,
                                          int64_t ld, int64_t *delivered);

/** The kinds of source. */
typedef enum ritz_rows_kind {
    RITZ_ROWS_DMAT = 1,     /**< a device matrix */
    RITZ_ROWS_HMAT = 2,     /**< a host matrix */
    RITZ_ROWS_FILES = 3,    /**< one or several files */
    RITZ_ROWS_CALLBACK = 4, /**< a function */
    RITZ_ROWS_SPARSE = 5    /**< a sparse matrix, which is never made dense */
} ritz_rows_kind;

/** A source of rows: a value that borrows what it is made of. */
typedef struct ritz_rows {
    ritz_rows_kind kind;         /**< what it is made of */
    ritz_dtype dtype;            /**< callback: type of what it delivers */
    ritz_dmat device;            /**< dmat: the matrix */
    ritz_hmat host;              /**< hmat: the matrix */
    const char *path;            /**< files: the one path, if `paths` is NULL */
    const char *const *paths;    /**< files: the paths */
    int64_t count;               /**< files: number of paths */
    int64_t rows;                /**< callback: number of rows */
    int64_t cols;                /**< callback: number of columns */
    ritz_rows_function function; /**< callback: the function */
    void *context;               /**< callback: passed to it */
    int once;                    /**< callback: 1 if it cannot start again */
    const ritz_spmat *sparse;    /**< sparse: the matrix */
} ritz_rows;

/** The rows of a device matrix.
 * @param A a single matrix.
 * @return the source. */
RITZ_API ritz_rows ritz_rows_dmat(ritz_dmat A);

/** The rows of a host matrix.
 * @param H a single matrix, which must outlive every call given the source.
 * @return the source. */
RITZ_API ritz_rows ritz_rows_hmat(ritz_hmat H);

/** The rows of a file: .npy, IDX or CSV, plain or gzip.
 * @param path the path; must outlive every call given the source.
 * @return the source; errors of the file surface when it is used. */
RITZ_API ritz_rows ritz_rows_file(const char *path);

/** The rows of several files with the same number of columns, one after the other.
 * @param paths the paths; array and strings must outlive every call given the source.
 * @param count number of paths.
 * @return the source; errors of the files surface when it is used. */
RITZ_API ritz_rows ritz_rows_files(const char *const *paths, int64_t count);

/** The rows that a function delivers.
 * @param dtype    type of what it writes: float32 or float64.
 * @param rows     number of rows in all.
 * @param cols     number of columns.
 * @param once     1 if the function cannot start again at the first row.
 * @param function the function.
 * @param context  passed to it.
 * @return the source. */
RITZ_API ritz_rows ritz_rows_callback(ritz_dtype dtype, int64_t rows, int64_t cols, int once,
                                      ritz_rows_function function, void *context);

/** The rows of a sparse matrix. Taken by ritz_pca_fit, ritz_pca_transform_rows,
 * ritz_pca_transform_blocks, ritz_svd_rows and ritz_rows_multiply; others refuse it.
 * @param A a sparse matrix that keeps its transpose; must outlive every call given the source.
 * @return the source. */
RITZ_API ritz_rows ritz_rows_sparse(const ritz_spmat *A);

/** What is known about a source before it is read. */
typedef struct ritz_rows_info {
    size_t size;      /**< sizeof(ritz_rows_info), set by the caller */
    int64_t rows;     /**< number of rows */
    int64_t cols;     /**< number of columns */
    ritz_dtype dtype; /**< type of the elements as stored */
} ritz_rows_info;

/** Look at a source: opens files and reads their headers (all of a CSV).
 * @param rows the source.
 * @param[in,out] info its `size` is set by the caller.
 * @return RITZ_OK, RITZ_ERR_ARGUMENT, RITZ_ERR_IO, RITZ_ERR_FORMAT, RITZ_ERR_SHAPE (files with
 *   different numbers of columns). */
RITZ_API ritz_status ritz_rows_inspect(const ritz_rows *rows, ritz_rows_info *info);

/** Take a block of rows of a result, in their order: first is the number of its first row. The
 * block is valid during the call.
 * @return RITZ_OK, or an error that stops the work and that Ritz hands on to its caller. */
typedef ritz_status (*ritz_block_function)(void *context, ritz_hmat block, int64_t first);

/** Y = A X for rows A that stream by, delivered block by block.
 *
 * @param s       the stream.
 * @param rows    A, m x n.
 * @param X       n x k, float32 or float64: the type of computation and of what is delivered.
 * @param deliver called on the calling thread with each block of Y, row-major, on the host.
 * @param context passed to it.
 * @return RITZ_OK, an argument error, an error of a file, or that of `deliver`.
 *
 * Synchronises: once a block. Capturable: no (reads rows). Cost: 2mnk flops. Workspace: two blocks
 * of rows; of a sparse matrix all of Y. */
RITZ_API RITZ_NODISCARD ritz_status ritz_rows_multiply(ritz_stream *s, ritz_rows rows, ritz_dmat X,
                                                       ritz_block_function deliver, void *context);

/** Told how far long work has come; a result other than 0 stops it with RITZ_ERR_CANCELLED. */
typedef int (*ritz_progress_function)(void *context, const char *phase, int64_t done,
                                      int64_t total);

#ifdef __cplusplus
}
#endif
#endif
