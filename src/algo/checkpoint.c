/* The state of long work in a file.
 *
 * Saving costs a copy to the host, and a file that is flushed to disk. Where that takes long, it is
 * done less often, so that it never takes more than a small part of the time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/state_file.h"
#include "ritz/version.h"

#define DEFAULT_SECONDS 30.0
/* Of the time at most 1 in so many parts is spent on saving, unless the caller said how often. */
#define PATIENCE 50.0

/* The numbers of the file. */
enum {
    LIBRARY,
    DEVICE,
    ROWS,
    COLS,
    STORED,
    COMPUTED,
    COUNT,
    CHOICES,
    PASS = CHOICES + CHECKPOINT_CHOICES,
    ROW,
    BLOCK_ROWS,
    DONE,
    LAST,
    DATA,
    NUMBERS = DATA + 2
};
_Static_assert((int)NUMBERS <= (int)STATE_FILE_NUMBERS, "a state file holds the numbers");

struct checkpoint {
    ritz_stream *s;
    char *path;
    struct ritz_state_file identity; /* kind and numbers, of this work; no matrices */
    struct ritz_state_file file;     /* what was read, until it is restored */
    struct checkpoint_place place;   /* that of the file */
    int found;
    double seconds, next; /* between two savings; when the next is due */
    int fixed;            /* the caller said how often */
    int count;
};

/* ---- whose it is ------------------------------------------------------------------------- */

static void describe(const ritz_stream *s, const struct checkpoint_identity *identity,
                     struct ritz_state_file *file)
{
    memset(file, 0, sizeof *file);
    strncpy(file->kind, identity->kind, sizeof file->kind - 1);
    file->number_count = NUMBERS;
    file->numbers[LIBRARY] =
        RITZ_VERSION_MAJOR * 1000000 + RITZ_VERSION_MINOR * 1000 + RITZ_VERSION_PATCH;
    file->numbers[DEVICE] = (int64_t)s->device->info.kind;
    file->numbers[ROWS] = identity->rows;
    file->numbers[COLS] = identity->cols;
    file->numbers[STORED] = (int64_t)identity->stored;
    file->numbers[COMPUTED] = (int64_t)identity->computed;
    file->numbers[COUNT] = identity->count;
    memcpy(file->numbers + CHOICES, identity->choices,
           (size_t)identity->count * sizeof identity->choices[0]);
}

static ritz_status check_data(const char *path, const int64_t *theirs, const int64_t *ours)
{
    RITZ_REQUIRE(theirs[ROWS] == ours[ROWS] && theirs[COLS] == ours[COLS], RITZ_ERR_STATE,
                 "the checkpoint %s belongs to other data: it is %" PRId64 " x %" PRId64
                 " there and %" PRId64 " x %" PRId64 " here; remove the file to start again",
                 path, theirs[ROWS], theirs[COLS], ours[ROWS], ours[COLS]);
    RITZ_REQUIRE(theirs[STORED] == ours[STORED], RITZ_ERR_STATE,
                 "the checkpoint %s belongs to other data: it is %s there and %s here; remove the "
                 "file to start again",
                 path, ritz_dtype_name((ritz_dtype)theirs[STORED]),
                 ritz_dtype_name((ritz_dtype)ours[STORED]));
    return RITZ_OK;
}

static ritz_status check_choices(const char *path, const int64_t *theirs, const int64_t *ours,
                                 const struct checkpoint_identity *identity)
{
    RITZ_REQUIRE(theirs[COMPUTED] == ours[COMPUTED], RITZ_ERR_STATE,
                 "the checkpoint %s belongs to a computation in %s, and this is one in %s; remove "
                 "the file to start again",
                 path, ritz_dtype_name((ritz_dtype)theirs[COMPUTED]),
                 ritz_dtype_name((ritz_dtype)ours[COMPUTED]));
    for (int i = 0; i < identity->count; i++)
        RITZ_REQUIRE(theirs[CHOICES + i] == ours[CHOICES + i], RITZ_ERR_STATE,
                     "the checkpoint %s belongs to a computation with another choice of %s; remove "
                     "the file to start again",
                     path, identity->names[i] ? identity->names[i] : "its options");
    RITZ_REQUIRE(theirs[COUNT] == ours[COUNT], RITZ_ERR_STATE,
                 "the checkpoint %s belongs to a computation with other options; remove the file "
                 "to start again",
                 path);
    return RITZ_OK;
}

/* The file is of this work. */
static ritz_status check_identity(const struct checkpoint *c,
                                  const struct checkpoint_identity *identity)
{
    const int64_t *theirs = c->file.numbers, *ours = c->identity.numbers;
    RITZ_REQUIRE(strcmp(c->file.kind, c->identity.kind) == 0, RITZ_ERR_STATE,
                 "the file %s belongs to other work: '%s' and not '%s'; remove it to start again",
                 c->path, c->file.kind, c->identity.kind);
    RITZ_REQUIRE(c->file.number_count == NUMBERS && theirs[LIBRARY] == ours[LIBRARY],
                 RITZ_ERR_STATE,
                 "the checkpoint %s was saved by another version of the library; finish the work "
                 "with that, or remove the file to start again",
                 c->path);
    RITZ_REQUIRE(theirs[DEVICE] == ours[DEVICE], RITZ_ERR_STATE,
                 "the checkpoint %s was saved on a device of another kind, which rounds "
                 "differently; go on there, or remove the file to start again",
                 c->path);
    RITZ_TRY(check_data(c->path, theirs, ours));
    return check_choices(c->path, theirs, ours, identity);
}

static ritz_status read_place(struct checkpoint *c)
{
    const int64_t *n = c->file.numbers;
    c->place = (struct checkpoint_place){
        .pass = n[PASS],
        .row = n[ROW],
        .block_rows = n[BLOCK_ROWS],
        .done = n[DONE],
        .last = n[LAST],
        .data = {(uint64_t)n[DATA], (uint64_t)n[DATA + 1]},
    };
    const struct checkpoint_place *p = &c->place;
    RITZ_REQUIRE(p->pass >= 0 && p->row >= 1 && p->row <= n[ROWS] && p->last >= 1 &&
                     p->last <= p->row && p->block_rows >= p->last && p->done >= p->row,
                 RITZ_ERR_FORMAT, "%s is damaged: it is of no place in the data", c->path);
    return RITZ_OK;
}

/* ---- opening ----------------------------------------------------------------------------- */

static ritz_status open_file(struct checkpoint *c, const struct checkpoint_identity *identity)
{
    RITZ_TRY(ritz_state_file_exists(c->path, &c->found));
    if (c->found) {
        RITZ_TRY(ritz_state_file_read(c->path, "checkpoint", &c->file));
        RITZ_TRY(check_identity(c, identity));
        RITZ_TRY(read_place(c));
    }
    /* To be told now that it cannot be saved is better than in hours. */
    return ritz_state_file_probe(c->path);
}

ritz_status checkpoint_open(ritz_stream *s, const char *path, double seconds,
                            const struct checkpoint_identity *identity, struct checkpoint **out)
{
    ritz_status rc;
    *out = NULL;
    if (!path) return RITZ_OK;
    RITZ_REQUIRE(path[0], RITZ_ERR_OPTION, "the path of the checkpoint is empty");
    struct checkpoint *c = calloc(1, sizeof *c);
    RITZ_REQUIRE(c, RITZ_ERR_MEMORY, "no host memory for a checkpoint");
    c->s = s;
    c->fixed = seconds > 0;
    c->seconds = c->fixed ? seconds : DEFAULT_SECONDS;
    c->next = ritz_algo_seconds() + c->seconds;
    c->path = strdup(path);
    if (!c->path) {
        rc = ritz_fail(RITZ_ERR_MEMORY, "no host memory for a checkpoint");
        goto out;
    }
    describe(s, identity, &c->identity);
    RITZ_TRY_OUT(open_file(c, identity));
    *out = c;
    return RITZ_OK;
out:
    checkpoint_close(&c);
    return rc;
}

const struct checkpoint_place *checkpoint_found(const struct checkpoint *c)
{
    return c && c->found ? &c->place : NULL;
}

const char *checkpoint_path(const struct checkpoint *c)
{
    return c->path;
}

int checkpoint_count(const struct checkpoint *c)
{
    return c ? c->count : 0;
}

/* ---- the matrices ------------------------------------------------------------------------ */

ritz_status checkpoint_restore(struct checkpoint *c, const ritz_dmat *matrices, int count)
{
    const struct ritz_backend *backend = c->s->device->backend;
    int same = c->file.matrix_count == count;
    for (int i = 0; i < count && same; i++) {
        const ritz_hmat M = c->file.matrices[i];
        same = M.rows == matrices[i].rows && M.cols == matrices[i].cols &&
               M.dtype == matrices[i].dtype;
    }
    RITZ_REQUIRE(
        same, RITZ_ERR_STATE,
        "the checkpoint %s belongs to other work: its matrices are of other sizes than here "
        "(by another `memory` or `block_rows`?); remove the file to start again",
        c->path);
    ritz_status rc = RITZ_OK;
    for (int i = 0; i < count && rc == RITZ_OK; i++)
        if (!ritz_empty(matrices[i])) rc = backend->upload(c->s, c->file.matrices[i], matrices[i]);
    const ritz_status waited = backend->stream_sync(c->s); /* what was read goes now */
    ritz_state_file_drop(&c->file);
    return rc != RITZ_OK ? rc : waited;
}

static int all_finite(ritz_hmat M)
{
    const int64_t count = M.rows * M.cols;
    if (M.dtype == RITZ_F64)
        for (int64_t i = 0; i < count; i++)
            if (!isfinite(((const double *)M.data)[i])) return 0;
    if (M.dtype == RITZ_F32)
        for (int64_t i = 0; i < count; i++)
            if (!isfinite(((const float *)M.data)[i])) return 0;
    return 1;
}

/* The matrices on the host. Waits, also after a failure. */
static ritz_status fetch(struct checkpoint *c, const ritz_dmat *matrices, int count,
                         struct ritz_state_file *file)
{
    const struct ritz_backend *backend = c->s->device->backend;
    ritz_status rc = RITZ_OK;
    file->matrix_count = count;
    for (int i = 0; i < count && rc == RITZ_OK; i++) {
        rc = ritz_hmat_create(matrices[i].dtype, RITZ_COL_MAJOR, matrices[i].rows, matrices[i].cols,
                              &file->matrices[i]);
        if (rc == RITZ_OK && !ritz_empty(matrices[i]))
            rc = backend->download(c->s, matrices[i], file->matrices[i]);
    }
    const ritz_status waited = backend->stream_sync(c->s);
    return rc != RITZ_OK ? rc : waited;
}

int checkpoint_due(const struct checkpoint *c)
{
    return c && ritz_algo_seconds() >= c->next;
}

static void write_place(const struct checkpoint_place *p, int64_t *numbers)
{
    numbers[PASS] = p->pass;
    numbers[ROW] = p->row;
    numbers[BLOCK_ROWS] = p->block_rows;
    numbers[DONE] = p->done;
    numbers[LAST] = p->last;
    numbers[DATA] = (int64_t)p->data[0];
    numbers[DATA + 1] = (int64_t)p->data[1];
}

ritz_status checkpoint_save(struct checkpoint *c, const struct checkpoint_place *place,
                            const ritz_dmat *matrices, int count)
{
    struct ritz_state_file file = c->identity;
    const double start = ritz_algo_seconds();
    int usable = 1;
    ritz_status rc;
    write_place(place, file.numbers);
    RITZ_TRY_OUT(fetch(c, matrices, count, &file));
    for (int i = 0; i < count; i++) usable = usable && all_finite(file.matrices[i]);
    if (usable) {
        RITZ_TRY_OUT(ritz_state_file_write(c->path, &file));
        c->count++;
    }
    const double end = ritz_algo_seconds(), pause = PATIENCE * (end - start);
    c->next = end + (!c->fixed && pause > c->seconds ? pause : c->seconds);
out:
    ritz_state_file_drop(&file);
    return rc;
}

/* ---- the end ----------------------------------------------------------------------------- */

ritz_status checkpoint_finish(struct checkpoint *c)
{
    return c ? ritz_state_file_remove(c->path) : RITZ_OK;
}

void checkpoint_close(struct checkpoint **c)
{
    if (!*c) return;
    ritz_state_file_drop(&(*c)->file);
    free((*c)->path);
    free(*c);
    *c = NULL;
}
