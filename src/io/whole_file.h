/* Files that appear whole or not at all: written under a temporary name beside the path, flushed to
 * disk, and renamed.
 *
 *     open -> write ... -> finish, and discard on every path
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_IO_WHOLE_FILE_H
#define RITZ_IO_WHOLE_FILE_H

#include <stdint.h>

#include "ritz/status.h"

struct whole_file {
    const char *shown; /* the path that the caller gave */
    char *final_path;  /* behind symbolic links */
    char *temporary;   /* NULL if it does not exist (any more) */
    int descriptor;
};

/* The caller discards after a failure too. Refuses to replace what is no regular file. */
ritz_status whole_file_open(const char *path, struct whole_file *t);

ritz_status whole_file_write(const struct whole_file *t, const void *data, int64_t size);

/* Flush, and let the file appear under its name. */
ritz_status whole_file_finish(struct whole_file *t);

/* Free everything, and remove the temporary file if there still is one. */
void whole_file_discard(struct whole_file *t);

/* The message of a failed allocation on behalf of the file. */
ritz_status whole_file_no_memory(const struct whole_file *t);

#endif
