/** @file
 * Files: host matrices from .npy, IDX (MNIST) and CSV files, and to .npy, whole or in blocks.
 *
 * What a file is, is decided by its first bytes, never by its name, and each format may be
 * compressed with gzip. A file is checked before memory is taken for it: a header that promises
 * more than the file holds is an error, never a crash. Every message names the file, what is wrong
 * and what to do. To fit a model to a file that is larger than memory, see `ritz/rows.h`.
 *
 * - .npy: versions 1, 2 and 3; C and Fortran order; float16/32/64, signed and unsigned integers,
 *   bool; either byte order.
 * - IDX: all six types.
 * - CSV: numbers separated by comma, semicolon, tab or spaces; an optional header line; lines that
 *   start with # and empty lines are skipped; read as float64.
 *
 * Types that matrices do not have are converted on the way: int16, uint16 and bool to float32;
 * uint32 and uint64 to float64 (uint64 is rounded from 2^53 on). A vector of length n is read as an
 * n x 1 matrix. Of three and more axes the first counts the rows and the others together are the
 * columns: 60000 x 28 x 28 images are a 60000 x 784 matrix.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_IO_H
#define RITZ_IO_H

#include <stddef.h>
#include <stdint.h>

#include "ritz/matrix.h"
#include "ritz/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The file formats. */
typedef enum ritz_file_format {
    RITZ_FILE_NPY = 1, /**< NumPy's .npy */
    RITZ_FILE_IDX = 2, /**< IDX, the format of the MNIST files */
    RITZ_FILE_CSV = 3  /**< numbers as text */
} ritz_file_format;

/** What a file holds. */
typedef struct ritz_file_info {
    size_t size;             /**< sizeof(ritz_file_info), set by the caller */
    ritz_file_format format; /**< the format, under any compression */
    ritz_dtype dtype;        /**< what ritz_load gives */
    int64_t rows;            /**< rows of the matrix */
    int64_t cols;            /**< columns of the matrix */
    ritz_layout layout;      /**< order of the elements in the file */
    int32_t compressed;      /**< 1 if compressed with gzip */
    int32_t byte_swapped; /**< 1 if the elements are in the other byte order than this machine's */
    int32_t ndim;         /**< axes in the file; 2 for a CSV file */
    int64_t file_bytes;   /**< size of the file on disk */
    int64_t data_offset;  /**< bytes before the first element, after decompression; CSV: 0 */
    int64_t header_lines; /**< CSV: 1 if the first line that is not skipped holds names */
    char delimiter;       /**< CSV: `,` `;`, tab, or space (any run of spaces and tabs); else 0 */
    char type_name[15];   /**< element type in the file as NumPy spells it, such as "uint16" */
} ritz_file_info;

/** Look at a file: its format, shape and type.
 *
 * Reads the header; of a CSV file all lines, to count them and to see that they are equally long.
 *
 * @param path the file.
 * @param[in,out] info its `size` is set by the caller; the rest is filled in.
 * @return RITZ_OK, RITZ_ERR_ARGUMENT, RITZ_ERR_IO, RITZ_ERR_FORMAT, RITZ_ERR_DTYPE (complex,
 *   structured and other types that are not plain numbers), RITZ_ERR_TOO_LARGE or
 *   RITZ_ERR_MEMORY. */
RITZ_API RITZ_NODISCARD ritz_status ritz_file_inspect(const char *path, ritz_file_info *info);

/** Read a whole file as a host matrix, in its own data type and layout.
 *
 * An uncompressed .npy file in this machine's byte order is mapped into memory instead of being
 * read, if its type is one that matrices have: H is then read-only, pages are fetched as they are
 * touched, and the file must not be cut short while H exists (the system would send SIGBUS).
 * Everything else is read into memory that H owns.
 *
 * @param path the file.
 * @param[out] H receives the owned matrix, to be freed with ritz_hmat_destroy.
 * @return as ritz_file_inspect; RITZ_ERR_MEMORY also if the matrix is larger than the machine's
 *   memory. */
RITZ_API RITZ_NODISCARD ritz_status ritz_load(const char *path, ritz_hmat *H);

/** Read a whole file as a host matrix of a given data type.
 *
 * Conversions to an integer type round to nearest even and saturate; NaN becomes 0. If the file has
 * that type already, this is ritz_load.
 *
 * @param path  the file.
 * @param dtype type of the matrix.
 * @param[out] H receives the owned matrix, to be freed with ritz_hmat_destroy.
 * @return as ritz_load. */
RITZ_API RITZ_NODISCARD ritz_status ritz_load_as(const char *path, ritz_dtype dtype, ritz_hmat *H);

/** Write a host matrix as a .npy file (version 1.0) that np.load reads.
 *
 * The layout is kept (column-major is written as Fortran order); padding between rows or columns is
 * left out. The file appears whole or not at all: it is written under another name in the same
 * directory, flushed to disk and renamed. A file of that name is replaced, keeping its permissions.
 *
 * @param path the file.
 * @param H    a single matrix of any type but bfloat16, which NumPy does not have.
 * @return RITZ_OK; RITZ_ERR_ARGUMENT, RITZ_ERR_DTYPE or RITZ_ERR_SHAPE (a batch);
 *   RITZ_ERR_IO (no space left, no permission; a file that was there is as before) or
 *   RITZ_ERR_MEMORY. */
RITZ_API RITZ_NODISCARD ritz_status ritz_save_npy(const char *path, ritz_hmat H);

/** Writes a matrix to a .npy file block by block: one that is larger than memory. Used by one
 * thread at a time. */
typedef struct ritz_npy_writer ritz_npy_writer;

/** Begin a .npy file of a known shape, in C order.
 *
 * As with ritz_save_npy the file appears under its name whole or not at all: when it is finished.
 *
 * @param path  the file.
 * @param dtype type of the elements: any but bfloat16.
 * @param rows  rows in all, >= 0.
 * @param cols  columns, >= 0.
 * @param[out] writer receives the writer, which is ended by ritz_npy_writer_finish or
 *   ritz_npy_writer_discard; NULL on failure.
 * @return as ritz_save_npy; RITZ_ERR_TOO_LARGE. */
RITZ_API RITZ_NODISCARD ritz_status ritz_npy_writer_create(const char *path, ritz_dtype dtype,
                                                           int64_t rows, int64_t cols,
                                                           ritz_npy_writer **writer);

/** Write the next rows.
 * @param writer the writer.
 * @param H      the rows: any number that is still missing, of any type, which is converted as in
 *   ritz_upload, and in any layout. Row-major without padding and of the file's type is fastest.
 * @return RITZ_OK, RITZ_ERR_ARGUMENT, RITZ_ERR_SHAPE (other columns, or more rows than are
 *   missing), RITZ_ERR_IO (the file is then lost) or RITZ_ERR_MEMORY. Memory: 1 MiB. */
RITZ_API RITZ_NODISCARD ritz_status ritz_npy_writer_append(ritz_npy_writer *writer, ritz_hmat H);

/** See that all rows came, flush the file to disk, and let it appear under its name.
 * @param[in,out] writer the writer, which is freed in any case and set to NULL.
 * @return RITZ_OK, RITZ_ERR_ARGUMENT, RITZ_ERR_SHAPE (rows are missing) or RITZ_ERR_IO; on failure
 *   a file that was there before is as it was. */
RITZ_API RITZ_NODISCARD ritz_status ritz_npy_writer_finish(ritz_npy_writer **writer);

/** Give up: nothing is left of what was written.
 * @param[in,out] writer set to NULL; NULL and *writer == NULL are accepted. */
RITZ_API void ritz_npy_writer_discard(ritz_npy_writer **writer);

#ifdef __cplusplus
}
#endif
#endif
