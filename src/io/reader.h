/* Rows of a file, one block after the other, in bounded memory.
 *
 * Cost: rows in C order are read in sequence, straight into the caller's memory if neither type nor
 * byte order nor padding needs work. A .npy file in Fortran order takes one pread for each column
 * and block, so blocks should be large. A CSV file is scanned once when it is opened.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_IO_READER_H
#define RITZ_IO_READER_H

#include "ritz/io.h"

typedef struct ritz_reader ritz_reader;

/* Open a file at its first row. */
ritz_status ritz_reader_open(const char *path, ritz_reader **reader);

/* What the file holds; valid while the reader is open. */
const ritz_file_info *ritz_reader_info(const ritz_reader *reader);

/* Deliver the next `count` rows converted to `dtype`, row-major with leading dimension `ld`. Asking
 * for more rows than are left is an error, and so is Fortran order in a compressed file: its rows
 * are spread over all of the decompressed data. After an error, rewind. */
ritz_status ritz_reader_read(ritz_reader *reader, int64_t count, void *dst, ritz_dtype dtype,
                             int64_t ld);

/* Deliver all elements in the order of the file, without padding. Only before any row was read, or
 * after a rewind. */
ritz_status ritz_reader_read_all(ritz_reader *reader, void *dst, ritz_dtype dtype);

/* Go back to the first row. */
ritz_status ritz_reader_rewind(ritz_reader *reader);

/* Go to a row, from 0 to the number of rows. Compressed data and text are read up to there. */
ritz_status ritz_reader_seek(ritz_reader *reader, int64_t row);

/* Close; NULL is accepted in *reader. */
void ritz_reader_close(ritz_reader **reader);

/* The descriptor, if the elements can be mapped into memory from data_offset on: not compressed, of
 * a type that matrices have, in this machine's byte order, aligned. Else -1. */
int ritz_reader_mappable(const ritz_reader *reader);

#endif
