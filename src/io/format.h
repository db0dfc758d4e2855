/* Headers of the binary formats.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_IO_FORMAT_H
#define RITZ_IO_FORMAT_H

#include "core/convert.h"
#include "io/source.h"
#include "ritz/io.h"

enum { RITZ_MAX_AXES = 255 };

/* What the header of an array says. */
typedef struct ritz_array_header {
    ritz_elem elem;
    bool swapped;       /* the elements are in the other byte order */
    bool fortran_order; /* the first axis varies fastest */
    int ndim;
    int64_t shape[RITZ_MAX_AXES];
    int64_t data_offset; /* bytes before the first element */
} ritz_array_header;

/* Bytes that are enough to tell what a file is. */
enum { RITZ_MAGIC_BYTES = 4096 };

/* Do the first bytes of a file announce the format? */
bool ritz_is_npy(const unsigned char *magic, int64_t size);
bool ritz_is_idx(const unsigned char *magic, int64_t size);

/* Read the header, from the start of the source. */
ritz_status ritz_npy_read_header(ritz_source *source, ritz_array_header *header);
ritz_status ritz_idx_read_header(ritz_source *source, ritz_array_header *header);

/* The text of a .npy dictionary, from '{' to the line end, without a terminating 0. */
ritz_status ritz_npy_parse(const char *path, const char *text, int64_t size,
                           ritz_array_header *header);

#endif
