/* Files that hold a state: a kind, a few numbers, and matrices. Declared here for the algorithms;
 * implemented in src/io/state_file.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_STATE_FILE_H
#define RITZ_CORE_STATE_FILE_H

#include "ritz/matrix.h"

enum { STATE_FILE_KIND = 32, STATE_FILE_NUMBERS = 32, STATE_FILE_MATRICES = 8 };

struct ritz_state_file {
    char kind[STATE_FILE_KIND]; /* text, with its terminator */
    int64_t numbers[STATE_FILE_NUMBERS];
    int number_count;
    ritz_hmat matrices[STATE_FILE_MATRICES]; /* column-major, without padding */
    int matrix_count;
};

/* Whether there is anything at `path`. */
ritz_status ritz_state_file_exists(const char *path, int *exists);

/* Whether a file can be written there: asked before work whose result is to go into it. */
ritz_status ritz_state_file_probe(const char *path);

/* Replace `path` as one step, or leave it as it is. */
ritz_status ritz_state_file_write(const char *path, const struct ritz_state_file *file);

/* `what` stands in messages: "checkpoint". On success the matrices are to be destroyed with
 * ritz_state_file_drop. The kind is whatever the file says. */
ritz_status ritz_state_file_read(const char *path, const char *what, struct ritz_state_file *file);

/* Remove the file, if it is there. */
ritz_status ritz_state_file_remove(const char *path);

/* Free the matrices. */
void ritz_state_file_drop(struct ritz_state_file *file);

#endif
