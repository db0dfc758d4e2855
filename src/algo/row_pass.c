/* Passes over rows that can be interrupted.
 *
 * A saved state tells its data by two checksums: of the first block, and of the last one visited.
 * Each is of the float64 sums of the columns, which every device adds up in the same order every
 * time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/row_pass.h"

#include <stdlib.h>

#include "algo/checkpoint.h"

void row_pass_keep(struct row_pass *p, const ritz_dmat *matrices, int count)
{
    for (int i = 0; i < count; i++) p->kept[i] = matrices[i];
    p->kept_count = count;
}

int row_pass_behind(struct row_pass *p)
{
    const struct checkpoint_place *found = checkpoint_found(p->checkpoint);
    if (!found || p->passes >= found->pass) return 0;
    p->passes++;
    return 1;
}

int row_pass_resumes(const struct row_pass *p)
{
    const struct checkpoint_place *found = checkpoint_found(p->checkpoint);
    return found && p->passes == found->pass;
}

/* ---- telling data apart ------------------------------------------------------------------ */

/* Fowler, Noll and Vo's FNV-1a with 64 bits. */
static uint64_t hash(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++) h = (h ^ bytes[i]) * UINT64_C(1099511628211);
    return h;
}

/* Waits. */
static ritz_status checksum(ritz_stream *s, ritz_dmat block, uint64_t *sum)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat sums;
    double *host = calloc((size_t)block.cols + 1, sizeof *host);
    RITZ_REQUIRE(host, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " sums", block.cols);
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, block.cols, 1, 1, &sums));
    if (block.cols > 0) {
        RITZ_TRY_OUT(ritz_op_col_sums(s, block, sums));
        RITZ_TRY_OUT(ritz_algo_fetch(s, sums, host));
    }
    *sum = hash(host, (size_t)block.cols * sizeof *host);
out:
    free(host);
    ritz_work_release(s, mark);
    return rc;
}

/* The next block is the one that was visited: of that many rows (0: of any number) from `first`. */
static ritz_status expect_block(struct row_pass *p, int64_t first, int64_t rows, uint64_t sum)
{
    ritz_dmat block;
    uint64_t here = 0;
    RITZ_TRY(ritz_feed_next(p->feed, &block));
    RITZ_TRY(checksum(p->s, block, &here));
    RITZ_REQUIRE((rows == 0 || rows == block.rows) && here == sum, RITZ_ERR_STATE,
                 "the checkpoint %s belongs to other data: rows %" PRId64 " to %" PRId64
                 " (counted from 0) differ; remove the file to start again",
                 checkpoint_path(p->checkpoint), first, first + block.rows - 1);
    return RITZ_OK;
}

/* ---- going on ---------------------------------------------------------------------------- */

/* The state as it was saved, and the feed behind the last row that was visited. Sources that cannot
 * start again are read forward only. */
static ritz_status resume(struct row_pass *p, int64_t block_rows)
{
    const struct checkpoint_place *found = checkpoint_found(p->checkpoint);
    const int64_t before = found->row - found->last;
    RITZ_REQUIRE(found->block_rows == block_rows, RITZ_ERR_STATE,
                 "the checkpoint %s was saved with blocks of %" PRId64
                 " rows, and now they are of %" PRId64 "; set block_rows to %" PRId64
                 ", or remove the file to start again",
                 checkpoint_path(p->checkpoint), found->block_rows, block_rows, found->block_rows);
    RITZ_TRY(checkpoint_restore(p->checkpoint, p->kept, p->kept_count));
    RITZ_TRY(expect_block(p, 0, before == 0 ? found->last : 0, found->data[0]));
    if (before > 0) {
        RITZ_TRY(ritz_feed_seek(p->feed, before));
        RITZ_TRY(expect_block(p, before, found->last, found->data[1]));
    }
    p->resumed = p->done = found->done;
    p->first = found->data[0];
    p->first_known = 1;
    return RITZ_OK;
}

/* ---- a pass ------------------------------------------------------------------------------ */

static ritz_status save(const struct row_pass *p, int64_t block_rows, int64_t row, ritz_dmat block)
{
    struct checkpoint_place place = {.pass = p->passes - 1,
                                     .row = row,
                                     .block_rows = block_rows,
                                     .done = p->done,
                                     .last = block.rows,
                                     .data = {p->first, 0}};
    RITZ_TRY(checksum(p->s, block, &place.data[1]));
    return checkpoint_save(p->checkpoint, &place, p->kept, p->kept_count);
}

static int wants_to_stop(const struct row_pass *p, const char *phase, int64_t done)
{
    return p->progress && p->progress(p->progress_context, phase, done, p->rows) != 0;
}

static ritz_status stopped(const struct row_pass *p, const char *phase, int64_t done)
{
    return ritz_fail(RITZ_ERR_CANCELLED,
                     "stopped in phase %s after %" PRId64 " of %" PRId64 " rows", phase, done,
                     p->rows);
}

ritz_status row_pass_progress(const struct row_pass *p, const char *phase, int64_t done)
{
    return wants_to_stop(p, phase, done) ? stopped(p, phase, done) : RITZ_OK;
}

/* The first checksum is taken before the visit: later there may be another block in its place. */
static ritz_status know_first(struct row_pass *p, ritz_dmat block)
{
    if (!p->checkpoint || p->first_known) return RITZ_OK;
    RITZ_TRY(checksum(p->s, block, &p->first));
    p->first_known = 1;
    return RITZ_OK;
}

ritz_status row_pass(struct row_pass *p, const char *phase, int64_t block_rows,
                     row_pass_visit visit, void *context)
{
    const int resumes = row_pass_resumes(p);
    int64_t row = 0;
    p->passes++;
    p->first_known = 0; /* blocks may be of another size than in the pass before */
    RITZ_TRY(ritz_feed_start(p->feed, block_rows));
    if (resumes) {
        RITZ_TRY(resume(p, block_rows));
        row = checkpoint_found(p->checkpoint)->row;
    }
    while (row < p->rows) {
        ritz_dmat block;
        RITZ_TRY(ritz_feed_next(p->feed, &block));
        RITZ_TRY(know_first(p, block));
        RITZ_TRY(visit(p->s, block, row, context));
        row += block.rows;
        p->done += block.rows;
        const int due = checkpoint_due(p->checkpoint);
        if (due) RITZ_TRY(save(p, block_rows, row, block));
        if (!wants_to_stop(p, phase, row)) continue;
        if (p->checkpoint && !due) RITZ_TRY(save(p, block_rows, row, block));
        return stopped(p, phase, row);
    }
    return RITZ_OK;
}
