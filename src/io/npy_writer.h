/* Writing .npy files: rows (or, in Fortran order, columns) one after the other.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_IO_NPY_WRITER_H
#define RITZ_IO_NPY_WRITER_H

#include "ritz/io.h"

/* As ritz_npy_writer_create; with RITZ_COL_MAJOR what is appended are the columns, as rows of the
 * transpose. */
ritz_status npy_writer_open(const char *path, ritz_dtype dtype, ritz_layout layout, int64_t rows,
                            int64_t cols, ritz_npy_writer **writer);

#endif
