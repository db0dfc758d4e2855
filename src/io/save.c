/* Host matrices as .npy files, whole or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/check.h"
#include "core/error.h"
#include "ritz/io.h"

enum {
    WRITE_BUFFER_BYTES = 1 << 20,
    HEADER_BYTES = 128, /* a multiple of 64; holds any two lengths, so that version 1.0 is enough */
    WRITE_AT_ONCE = 1 << 30
};

/* A file that is being written under a temporary name. */
typedef struct target {
    const char *shown; /* the path that the caller gave */
    char *final_path;  /* behind symbolic links */
    char *temporary;   /* NULL if it does not exist (any more) */
    int descriptor;
} target;

static ritz_status io_failed(const target *t, const char *what)
{
    return ritz_fail(RITZ_ERR_IO, "%s %s: %s", t->shown, what, strerror(errno));
}

static ritz_status no_memory(const target *t)
{
    return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", t->shown);
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Find the place that the path means, and refuse to replace what is no regular file. */
static ritz_status find_target(target *t, bool *exists, mode_t *mode)
{
    struct stat status;
    *exists = stat(t->shown, &status) == 0;
    if (!*exists) {
        if (errno != ENOENT) return io_failed(t, "cannot be written");
        t->final_path = strdup(t->shown);
        return t->final_path != NULL ? RITZ_OK : no_memory(t);
    }
    if (!S_ISREG(status.st_mode)) {
        return ritz_fail(RITZ_ERR_IO, "%s is a directory, a device or a pipe; name a regular file",
                         t->shown);
    }
    if (faccessat(AT_FDCWD, t->shown, W_OK, AT_EACCESS) != 0)
        return io_failed(t, "is protected from being replaced");
    *mode = status.st_mode & 07777;
    t->final_path = realpath(t->shown, NULL);
    if (t->final_path == NULL && errno == ENOMEM) return no_memory(t);
    return t->final_path != NULL ? RITZ_OK : io_failed(t, "cannot be written");
}

/* Create a file that nobody else has, in the same directory so that renaming it is one step. */
static ritz_status create_temporary(target *t)
{
    static atomic_uint counter;
    const char *slash = strrchr(t->final_path, '/');
    int directory = slash != NULL ? (int)(slash - t->final_path) + 1 : 0;
    do {
        free(t->temporary);
        t->temporary = NULL;
        if (asprintf(&t->temporary, "%.*s.ritz-%ld-%u.tmp", directory, t->final_path,
                     (long)getpid(), atomic_fetch_add(&counter, 1)) < 0) {
            t->temporary = NULL;
            return no_memory(t);
        }
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the target owns the name and frees it */
        t->descriptor = open(t->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (t->descriptor < 0 && errno == EEXIST);
    if (t->descriptor >= 0) return RITZ_OK;
    ritz_status status = io_failed(t, "cannot be created");
    free(t->temporary);
    t->temporary = NULL;
    return status;
}

static ritz_status open_target(target *t)
{
    bool exists = false;
    mode_t mode = 0;
    RITZ_TRY(find_target(t, &exists, &mode));
    RITZ_TRY(create_temporary(t));
    if (exists && fchmod(t->descriptor, mode) != 0) {
        return io_failed(t, "cannot be given the permissions of the file that it replaces");
    }
    return RITZ_OK;
}

static ritz_status write_bytes(const target *t, const void *data, int64_t size)
{
    const unsigned char *bytes = data;
    while (size > 0) {
        size_t wanted = (size_t)(size < WRITE_AT_ONCE ? size : WRITE_AT_ONCE);
        ssize_t n = write(t->descriptor, bytes, wanted);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_failed(t, "could not be written");
        bytes += n;
        size -= n;
    }
    return RITZ_OK;
}

/* Flush, and let the file appear under its name. */
static ritz_status finish(target *t)
{
    if (fsync(t->descriptor) != 0) return io_failed(t, "could not be flushed to disk");
    int closed = close(t->descriptor);
    t->descriptor = -1;
    if (closed != 0) return io_failed(t, "could not be closed");
    if (rename(t->temporary, t->final_path) != 0) return io_failed(t, "could not be replaced");
    free(t->temporary);
    t->temporary = NULL;
    return RITZ_OK;
}

/* Free everything, and remove the temporary file if there still is one. */
static void discard(target *t)
{
    if (t->descriptor >= 0) (void)close(t->descriptor); /* an error was reported already */
    if (t->temporary != NULL) (void)unlink(t->temporary);
    free(t->temporary);
    free(t->final_path);
}

/* ---- the contents --------------------------------------------------------------------------- */

static const char *descr_of(ritz_dtype dtype)
{
    switch (dtype) {
    case RITZ_F32: return "<f4";
    case RITZ_F64: return "<f8";
    case RITZ_F16: return "<f2";
    case RITZ_I8: return "|i1";
    case RITZ_U8: return "|u1";
    case RITZ_I32: return "<i4";
    case RITZ_I64: return "<i8";
    case RITZ_BF16: break;
    }
    return NULL;
}

static ritz_status write_header(const target *t, ritz_hmat H)
{
    char header[HEADER_BYTES + 1];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(HEADER_BYTES - 10); /* length of the dictionary, low byte first */
    header[9] = 0;
    int n =
        snprintf(header + 10, HEADER_BYTES - 10,
                 "{'descr': '%s', 'fortran_order': %s, 'shape': (%" PRId64 ", %" PRId64 "), }",
                 descr_of(H.dtype), H.layout == RITZ_COL_MAJOR ? "True" : "False", H.rows, H.cols);
    header[10 + n] = ' ';
    header[HEADER_BYTES - 1] = '\n';
    return write_bytes(t, header, HEADER_BYTES);
}

/* `count` runs (rows or columns) of `length` bytes, `step` bytes apart. */
static ritz_status write_runs(const target *t, const unsigned char *data, int64_t count,
                              int64_t length, int64_t step)
{
    if (count == 0 || length == 0) return RITZ_OK;
    if (length == step || count == 1) return write_bytes(t, data, count * length);
    if (length >= WRITE_BUFFER_BYTES) {
        for (int64_t i = 0; i < count; i++) RITZ_TRY(write_bytes(t, data + i * step, length));
        return RITZ_OK;
    }
    unsigned char *buffer = malloc(WRITE_BUFFER_BYTES);
    if (buffer == NULL) return no_memory(t);
    ritz_status rc = RITZ_OK;
    int64_t capacity = WRITE_BUFFER_BYTES / length;
    for (int64_t done = 0; done < count; done += capacity) {
        int64_t n = capacity < count - done ? capacity : count - done;
        for (int64_t i = 0; i < n; i++) {
            memcpy(buffer + i * length, data + (done + i) * step, (size_t)length);
        }
        RITZ_TRY_OUT(write_bytes(t, buffer, n * length));
    }
out:
    free(buffer);
    return rc;
}

static ritz_status write_matrix(const target *t, ritz_hmat H)
{
    int64_t size = (int64_t)ritz_dtype_size(H.dtype);
    bool by_columns = H.layout == RITZ_COL_MAJOR;
    RITZ_TRY(write_header(t, H));
    return write_runs(t, H.data, by_columns ? H.cols : H.rows,
                      (by_columns ? H.rows : H.cols) * size, H.ld * size);
}

static ritz_status check_matrix(const char *path, ritz_hmat H)
{
    RITZ_REQUIRE(path != NULL, RITZ_ERR_ARGUMENT, "path is NULL");
    RITZ_REQUIRE(path[0] != '\0', RITZ_ERR_ARGUMENT, "path is empty");
    RITZ_TRY(ritz_check_host(H, "H"));
    RITZ_REQUIRE(H.batch == 1, RITZ_ERR_SHAPE,
                 "H is a batch of %" PRId64 " matrices; write each with a call of its own",
                 H.batch);
    RITZ_REQUIRE(H.dtype != RITZ_BF16, RITZ_ERR_DTYPE,
                 "H is bfloat16, which NumPy does not have; convert it to float32");
    return RITZ_OK;
}

ritz_status ritz_save_npy(const char *path, ritz_hmat H)
{
    RITZ_SCOPE();
    RITZ_TRY(check_matrix(path, H));
    ritz_status rc = RITZ_OK;
    target t = {.shown = path, .descriptor = -1};
    RITZ_TRY_OUT(open_target(&t));
    RITZ_TRY_OUT(write_matrix(&t, H));
    RITZ_TRY_OUT(finish(&t));
out:
    discard(&t);
    return rc;
}
