/* Tables of numbers as text, read row by row.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_IO_CSV_H
#define RITZ_IO_CSV_H

#include "io/source.h"
#include "ritz/matrix.h"

typedef struct ritz_csv ritz_csv;

typedef struct ritz_csv_shape {
    int64_t rows;
    int64_t cols;
    int64_t header_lines; /* 0 or 1 */
    char delimiter;
} ritz_csv_shape;

/* Find the delimiter and the header, and read all lines once to count them and their fields. The
 * source stays the caller's and must outlive the result. */
ritz_status ritz_csv_open(ritz_source *source, ritz_csv **csv);
void ritz_csv_close(ritz_csv **csv);

ritz_csv_shape ritz_csv_get_shape(const ritz_csv *csv);

/* Go to the first row. */
ritz_status ritz_csv_rewind(ritz_csv *csv);

/* Read the next `count` rows, which the caller knows to be there, row-major with leading dimension
 * `ld`. */
ritz_status ritz_csv_read(ritz_csv *csv, int64_t count, void *dst, ritz_dtype dtype, int64_t ld);

#endif
