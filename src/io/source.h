/* The bytes of a regular file, as they are or decompressed from gzip, read forward from any offset.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_IO_SOURCE_H
#define RITZ_IO_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ritz/status.h"

typedef struct ritz_source ritz_source;

/* Open a regular file; anything else (a directory, a pipe) is refused. gzip is recognised by its
 * first bytes. */
ritz_status ritz_source_open(const char *path, ritz_source **source);
void ritz_source_close(ritz_source **source);

const char *ritz_source_path(const ritz_source *source);
bool ritz_source_compressed(const ritz_source *source);
int ritz_source_descriptor(const ritz_source *source);

/* Bytes of the file on disk when it was opened. */
int64_t ritz_source_file_bytes(const ritz_source *source);

/* The most bytes that the source can deliver: the size of a plain file, a bound for a compressed
 * one. */
int64_t ritz_source_max_bytes(const ritz_source *source);

/* Read up to `size` bytes from where the last read ended; fewer only at the end. */
ritz_status ritz_source_read(ritz_source *source, void *dst, int64_t size, int64_t *got);

/* Read exactly `size` bytes; the end of the file before that is an error. */
ritz_status ritz_source_read_exactly(ritz_source *source, void *dst, int64_t size);

/* Continue at another offset. In a compressed file everything before it is decompressed again if it
 * lies behind, and skipped if it lies ahead. */
ritz_status ritz_source_seek(ritz_source *source, int64_t offset);

#endif
