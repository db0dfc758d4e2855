/* The state of long work in a file, so that it can go on after a crash.
 *
 * The file is replaced as one step, and names what it belongs to: the algorithm, its choices, and
 * the data. One of other work is refused.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_CHECKPOINT_H
#define RITZ_ALGO_CHECKPOINT_H

#include "algo/algo.h"

enum { CHECKPOINT_CHOICES = 16 };

/* What must agree for work to go on. */
struct checkpoint_identity {
    const char *kind; /* "pca covariance", at most 31 characters */
    int64_t rows, cols;
    ritz_dtype stored, computed;         /* types of the data and of the computation */
    int64_t choices[CHECKPOINT_CHOICES]; /* block rows, k, l, q, seed, ... */
    int count;
    const char *names[CHECKPOINT_CHOICES]; /* of the choices, for messages */
};

/* Where the work was: in pass number `pass`, from 0, with the rows before `row` visited in blocks
 * of `block_rows`. `data`: a checksum of data that was visited, made by row_pass.c. */
struct checkpoint_place {
    int64_t pass, row, block_rows, done; /* done: rows over all passes */
    int64_t last;                        /* rows of the block before `row` */
    uint64_t data[2];                    /* of the first block, and of the one before `row` */
};

struct checkpoint;

/* Read the file if there is one, and refuse it with a message that says what differs; else make
 * sure that it can be written. path NULL: *c is NULL. seconds 0: the default, and more where saving
 * takes long. */
ritz_status checkpoint_open(ritz_stream *s, const char *path, double seconds,
                            const struct checkpoint_identity *identity, struct checkpoint **c);

/* The place that the file had when it was opened; NULL if there was none, or c is NULL. */
const struct checkpoint_place *checkpoint_found(const struct checkpoint *c);

/* For messages. */
const char *checkpoint_path(const struct checkpoint *c);

/* The matrices of the file into these, of the same shapes and types. */
ritz_status checkpoint_restore(struct checkpoint *c, const ritz_dmat *matrices, int count);

/* Whether it is time to save. */
int checkpoint_due(const struct checkpoint *c);

/* Wait for the stream, and save. A state that is not finite is not saved: it is of no use, and the
 * one saved before it may be. */
ritz_status checkpoint_save(struct checkpoint *c, const struct checkpoint_place *place,
                            const ritz_dmat *matrices, int count);

/* Times saved; 0 if c is NULL. */
int checkpoint_count(const struct checkpoint *c);

/* The work is done: remove the file. NULL is accepted. */
ritz_status checkpoint_finish(struct checkpoint *c);

/* Free; the file stays. */
void checkpoint_close(struct checkpoint **c);

#endif
