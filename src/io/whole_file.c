/* Files that appear whole or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

enum { WRITE_AT_ONCE = 1 << 30 };

static ritz_status io_failed(const struct whole_file *t, const char *what)
{
    return ritz_fail(RITZ_ERR_IO, "%s %s: %s", t->shown, what, strerror(errno));
}

ritz_status whole_file_no_memory(const struct whole_file *t)
{
    return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", t->shown);
}

/* Find the place that the path means, and refuse to replace what is no regular file. */
static ritz_status find_target(struct whole_file *t, bool *exists, mode_t *mode)
{
    struct stat status;
    *exists = stat(t->shown, &status) == 0;
    if (!*exists) {
        if (errno != ENOENT) return io_failed(t, "cannot be written");
        t->final_path = strdup(t->shown);
        return t->final_path != NULL ? RITZ_OK : whole_file_no_memory(t);
    }
    if (!S_ISREG(status.st_mode)) {
        return ritz_fail(RITZ_ERR_IO, "%s is a directory, a device or a pipe; name a regular file",
                         t->shown);
    }
    if (faccessat(AT_FDCWD, t->shown, W_OK, AT_EACCESS) != 0)
        return io_failed(t, "is protected from being replaced");
    *mode = status.st_mode & 07777;
    t->final_path = realpath(t->shown, NULL);
    if (t->final_path == NULL && errno == ENOMEM) return whole_file_no_memory(t);
    return t->final_path != NULL ? RITZ_OK : io_failed(t, "cannot be written");
}

/* Create a file that nobody else has, in the same directory so that renaming it is one step. */
static ritz_status create_temporary(struct whole_file *t)
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
            return whole_file_no_memory(t);
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

ritz_status whole_file_open(const char *path, struct whole_file *t)
{
    *t = (struct whole_file){.shown = path, .descriptor = -1};
    bool exists = false;
    mode_t mode = 0;
    RITZ_TRY(find_target(t, &exists, &mode));
    RITZ_TRY(create_temporary(t));
    if (exists && fchmod(t->descriptor, mode) != 0) {
        return io_failed(t, "cannot be given the permissions of the file that it replaces");
    }
    return RITZ_OK;
}

ritz_status whole_file_write(const struct whole_file *t, const void *data, int64_t size)
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

ritz_status whole_file_finish(struct whole_file *t)
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

void whole_file_discard(struct whole_file *t)
{
    if (t->descriptor >= 0) (void)close(t->descriptor); /* an error was reported already */
    if (t->temporary != NULL) (void)unlink(t->temporary);
    free(t->temporary);
    free(t->final_path);
}
