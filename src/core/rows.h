/* Feeding the rows of a source to a device, block by block. Declared here for the algorithms;
 * implemented in
 * src/io/rows.c, which knows the files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_ROWS_H
#define RITZ_CORE_ROWS_H

#include "core/backend.h"

struct ritz_feed;

/* Open a source at its first row. Memory is never copied where the device can read it in place. The
 * message of an error names the source. */
ritz_status ritz_feed_open(ritz_stream *s, const ritz_rows *rows, struct ritz_feed **feed);

/* Read again from the first row, in blocks of at most `block_rows` >= 1 rows. */
ritz_status ritz_feed_start(struct ritz_feed *feed, int64_t block_rows);

/* Go on with row `row`, from 0 to the number of rows, after ritz_feed_start. What cannot be sought
 * in (gzip, CSV, functions) is read up to there, from the first row if it lies behind. */
ritz_status ritz_feed_seek(struct ritz_feed *feed, int64_t row);

/* What the source holds; the dtype is that of the widest of its parts. */
const ritz_rows_info *ritz_feed_info(const struct ritz_feed *feed);

/* 1 if the source can be read again from its first row. */
int ritz_feed_can_rewind(const struct ritz_feed *feed);

/* The next rows, as a matrix on the stream's device, of the dtype in which they are stored; none
 * after the last.
 * Valid for work that is enqueued before the next call. */
ritz_status ritz_feed_next(struct ritz_feed *feed, ritz_dmat *block);

/* 1 if the rows are in memory that the device reads in place. */
int ritz_feed_in_place(const struct ritz_feed *feed);

/* All work on the last blocks must be enqueued; waits for it where the feed owns their memory, and
 * returns how the wait went. Frees in any case. */
ritz_status ritz_feed_close(struct ritz_feed **feed);

/* The whole source as one matrix: in place if it is in memory that the device reads, else in
 * `owned` (to be destroyed by the
 * caller, on every path; RITZ_NO_MAT if in place). */
ritz_status ritz_feed_all(struct ritz_feed *feed, ritz_dmat *A, ritz_dmat *owned);

#endif
