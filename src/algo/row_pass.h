/* Passes over the rows of a source, with progress, and a state on disk from which work can go on.
 *
 * An algorithm that reads its data several times is a sequence of numbered passes and of steps
 * between them. It names the matrices that make up its state once (row_pass_keep), and is then
 * written as if nothing could interrupt it:
 *
 *     for (t = 0; t < passes; t++) {
 *         if (row_pass_behind(p)) continue;       done before the crash: its step too
 *         if (!row_pass_resumes(p)) clear the sums of this pass
 *         row_pass(p, "range", rows, visit, ctx)  from the row where the state was saved
 *         step
 *     }
 *
 * Blocks are the same whether or not the work was interrupted, and so are the bits of the result.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_ROW_PASS_H
#define RITZ_ALGO_ROW_PASS_H

#include "algo/algo.h"
#include "core/rows.h"

struct checkpoint;

enum { ROW_PASS_KEPT = 8 };

struct row_pass {
    ritz_stream *s;
    struct ritz_feed *feed;
    int64_t rows; /* of the source */
    ritz_progress_function progress;
    void *progress_context;
    struct checkpoint *checkpoint; /* NULL: none */
    ritz_dmat kept[ROW_PASS_KEPT]; /* the state: matrices of the device */
    int kept_count;
    int passes;      /* begun or behind, so far */
    int64_t resumed; /* rows that a checkpoint had done, over all passes */
    int64_t done;    /* rows visited, over all passes, before and after */
    uint64_t first;  /* checksum of the first block of this pass */
    int first_known;
};

/* What is done with the rows first .. first+block.rows-1. */
typedef ritz_status (*row_pass_visit)(ritz_stream *s, ritz_dmat block, int64_t first,
                                      void *context);

/* The matrices that the work goes on from; before the first pass. With a checkpoint all of their
 * elements must be finite from the first block on: a state that is not is not saved. */
void row_pass_keep(struct row_pass *p, const ritz_dmat *matrices, int count);

/* 1 if the next pass and the step after it were done before the state was saved; it then counts as
 * done. */
int row_pass_behind(struct row_pass *p);

/* 1 if the next pass is the one in which the state was saved: its sums must not be cleared, since
 * row_pass restores the state. */
int row_pass_resumes(const struct row_pass *p);

/* Visit all rows in blocks of at most block_rows, tell the progress, and save the state when it is
 * time, or the caller wishes to stop. Every block is visited by enqueuing work only. */
ritz_status row_pass(struct row_pass *p, const char *phase, int64_t block_rows,
                     row_pass_visit visit, void *context);

/* Tell the caller's progress function; its wish to stop is an error. */
ritz_status row_pass_progress(const struct row_pass *p, const char *phase, int64_t done);

#endif
