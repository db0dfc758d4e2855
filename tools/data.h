/* The matrix in the files that a subcommand is given: dense, of one or several files whose rows are
 * stacked, or sparse, of one Matrix Market file.
 *
 * Functions that return int return an exit status, and have said on standard error why it is not
 * STATUS_OK.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_DATA_H
#define RITZ_TOOLS_DATA_H

#include "progress.h"
#include "session.h"

struct data {
    const char *const *paths;
    size_t path_count;
    ritz_rows_info info; /* shape, and type as stored */
    ritz_dtype dtype;    /* of the computation */
    ritz_spmat *sparse;  /* the matrix, if it is sparse; else NULL */
    ritz_dmat A;         /* the matrix, once a dense one was loaded */
    ritz_hmat host;      /* what A borrows on the CPU */
    int64_t part_rows;   /* of the largest of several files */
    double seconds_read; /* by data_open and data_load */
};

/* Look at the files; a sparse matrix is read. dtype 0: as the data has it. To be released in any
 * case. */
int data_open(struct data *data, struct session *session, struct progress *progress,
              const char *const *paths, size_t path_count, ritz_dtype dtype);

/* See that there are elements. */
int data_not_empty(const struct data *data);

/* Bytes of the dense matrix in the type of the computation. */
double data_bytes(const struct data *data);

/* Bytes that the matrix takes while it is brought into memory, with the part of it that is on its
 * way; 0 if it is sparse. */
double data_held_bytes(const struct data *data);

int64_t data_smaller_side(const struct data *data);

/* Read a dense matrix into memory. */
int data_load(struct data *data, struct session *session, struct progress *progress);

/* The rows, as they stream by. */
ritz_rows data_rows(const struct data *data);

/* The matrix as an operator, if it is in memory. */
ritz_linop data_linop(const struct data *data);

/* Report a failure of the library; of a matrix that was loaded, say which entry is not finite. */
int data_complain(const struct data *data, ritz_status status);

void data_release(struct data *data, struct session *session);

#endif
