/* The bytes of a regular file, plain or gzip (RFC 1952).
 *
 * Files are read with pread, so that a file that shrinks is an error and not a SIGBUS, and no other
 * user of the descriptor matters.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/error.h"

/* Deflate writes at best 258 bytes for two bits (RFC 1951, section 3.2.5). */
enum { DEFLATE_MAX_RATIO = 1032 };

enum { INPUT_BYTES = 1 << 16 };

typedef struct gzip {
    z_stream stream;
    int64_t file_offset; /* of the next compressed byte to fetch */
    bool ended;          /* the last member is complete */
    unsigned char input[INPUT_BYTES];
} gzip;

struct ritz_source {
    char *path;
    int descriptor;
    int64_t file_bytes;
    int64_t offset; /* of the next byte to deliver */
    gzip *gzip;     /* NULL for a plain file */
};

/* ---- plain ---------------------------------------------------------------------------------- */

static ritz_status pread_fully(const ritz_source *source, void *dst, int64_t size, int64_t offset,
                               int64_t *got)
{
    unsigned char *bytes = dst;
    *got = 0;
    while (*got < size) {
        ssize_t n =
            pread(source->descriptor, bytes + *got, (size_t)(size - *got), (off_t)(offset + *got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            return ritz_fail(RITZ_ERR_IO, "%s: reading at byte %" PRId64 " failed: %s",
                             source->path, offset + *got, strerror(errno));
        }
        if (n == 0) break;
        *got += n;
    }
    return RITZ_OK;
}

/* ---- gzip ----------------------------------------------------------------------------------- */

static ritz_status gzip_damaged(const ritz_source *source, const char *what)
{
    return ritz_fail(RITZ_ERR_FORMAT,
                     "%s: the gzip data is damaged: %s; test the file with 'gzip -t' and fetch or "
                     "make it again",
                     source->path, what);
}

/* Fetch more compressed bytes if none are left; at the end of the file none come. */
static ritz_status gzip_fill(ritz_source *source)
{
    gzip *z = source->gzip;
    if (z->stream.avail_in > 0) return RITZ_OK;
    int64_t got = 0;
    RITZ_TRY(pread_fully(source, z->input, INPUT_BYTES, z->file_offset, &got));
    z->file_offset += got;
    z->stream.next_in = z->input;
    z->stream.avail_in = (uInt)got;
    return RITZ_OK;
}

/* A member is complete: the file ends here, or another member follows. */
static ritz_status gzip_next_member(ritz_source *source)
{
    gzip *z = source->gzip;
    RITZ_TRY(gzip_fill(source));
    if (z->stream.avail_in == 0) {
        z->ended = true;
        return RITZ_OK;
    }
    if (inflateReset(&z->stream) != Z_OK) {
        return ritz_fail(RITZ_ERR_INTERNAL, "%s: zlib could not be reset", source->path);
    }
    return RITZ_OK;
}

static ritz_status gzip_read(ritz_source *source, void *dst, int64_t size, int64_t *got)
{
    gzip *z = source->gzip;
    unsigned char *bytes = dst;
    *got = 0;
    while (*got < size && !z->ended) {
        RITZ_TRY(gzip_fill(source));
        if (z->stream.avail_in == 0) return gzip_damaged(source, "the file ends in the middle");
        int64_t wanted = size - *got < INT32_MAX ? size - *got : INT32_MAX;
        z->stream.next_out = bytes + *got;
        z->stream.avail_out = (uInt)wanted;
        int result = inflate(&z->stream, Z_NO_FLUSH);
        *got += wanted - (int64_t)z->stream.avail_out;
        if (result == Z_STREAM_END) {
            RITZ_TRY(gzip_next_member(source));
        } else if (result == Z_MEM_ERROR) {
            return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory while decompressing",
                             source->path);
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            return gzip_damaged(source, z->stream.msg != NULL ? z->stream.msg : "it is not valid");
        }
    }
    return RITZ_OK;
}

static ritz_status gzip_open(ritz_source *source)
{
    gzip *z = calloc(1, sizeof *z);
    if (z == NULL) return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", source->path);
    if (inflateInit2(&z->stream, 16 + MAX_WBITS) != Z_OK) { /* 16: gzip and nothing else */
        free(z);
        return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory for zlib", source->path);
    }
    source->gzip = z;
    return RITZ_OK;
}

/* ---- both ----------------------------------------------------------------------------------- */

static ritz_status refuse_kind(const char *path, mode_t mode)
{
    if (S_ISDIR(mode)) {
        return ritz_fail(RITZ_ERR_IO, "%s is a directory; name the file in it", path);
    }
    return ritz_fail(RITZ_ERR_IO,
                     "%s is not a regular file; a pipe or device cannot be read twice or from the "
                     "middle: save its content to a file first",
                     path);
}

static ritz_status open_regular(ritz_source *source)
{
    /* O_NONBLOCK: a pipe without a writer must be refused, not waited for. */
    source->descriptor = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (source->descriptor < 0 || fstat(source->descriptor, &status) != 0) {
        return ritz_fail(RITZ_ERR_IO, "%s cannot be opened: %s", source->path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) return refuse_kind(source->path, status.st_mode);
    source->file_bytes = status.st_size;
    /* Only a hint: whether it is taken makes no difference to what is read. */
    (void)posix_fadvise(source->descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
    return RITZ_OK;
}

ritz_status ritz_source_open(const char *path, ritz_source **out)
{
    *out = NULL;
    RITZ_REQUIRE(path != NULL, RITZ_ERR_ARGUMENT, "path is NULL");
    ritz_status rc = RITZ_OK;
    ritz_source *source = calloc(1, sizeof *source);
    if (source == NULL) return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", path);
    source->descriptor = -1;
    source->path = strdup(path);
    if (source->path == NULL) {
        rc = ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", path);
        goto out;
    }
    RITZ_TRY_OUT(open_regular(source));
    unsigned char magic[2];
    int64_t got = 0;
    RITZ_TRY_OUT(pread_fully(source, magic, sizeof magic, 0, &got));
    if (got == 2 && magic[0] == 0x1F && magic[1] == 0x8B) RITZ_TRY_OUT(gzip_open(source));
    *out = source;
    return RITZ_OK;
out:
    ritz_source_close(&source);
    return rc;
}

void ritz_source_close(ritz_source **source)
{
    ritz_source *s = *source;
    *source = NULL;
    if (s == NULL) return;
    if (s->gzip != NULL) {
        (void)inflateEnd(&s->gzip->stream); /* fails only if the state is not one of zlib's */
        free(s->gzip);
    }
    if (s->descriptor >= 0) (void)close(s->descriptor); /* nothing was written */
    free(s->path);
    free(s);
}

const char *ritz_source_path(const ritz_source *source)
{
    return source->path;
}

bool ritz_source_compressed(const ritz_source *source)
{
    return source->gzip != NULL;
}

int ritz_source_descriptor(const ritz_source *source)
{
    return source->descriptor;
}

int64_t ritz_source_file_bytes(const ritz_source *source)
{
    return source->file_bytes;
}

int64_t ritz_source_max_bytes(const ritz_source *source)
{
    if (source->gzip == NULL) return source->file_bytes;
    if (source->file_bytes > INT64_MAX / DEFLATE_MAX_RATIO) return INT64_MAX;
    return source->file_bytes * DEFLATE_MAX_RATIO;
}

ritz_status ritz_source_read(ritz_source *source, void *dst, int64_t size, int64_t *got)
{
    if (source->gzip != NULL) {
        RITZ_TRY(gzip_read(source, dst, size, got));
    } else {
        RITZ_TRY(pread_fully(source, dst, size, source->offset, got));
    }
    source->offset += *got;
    return RITZ_OK;
}

ritz_status ritz_source_read_exactly(ritz_source *source, void *dst, int64_t size)
{
    int64_t start = source->offset;
    int64_t got = 0;
    RITZ_TRY(ritz_source_read(source, dst, size, &got));
    if (got == size) return RITZ_OK;
    if (source->gzip != NULL || start + got >= source->file_bytes) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s is cut short: it ends after %" PRId64 " bytes%s, where %" PRId64
                         " were expected; fetch or make it again",
                         source->path, start + got,
                         source->gzip != NULL ? " of decompressed data" : "", start + size);
    }
    return ritz_fail(RITZ_ERR_IO,
                     "%s became shorter while it was read: byte %" PRId64 " of %" PRId64
                     " is gone; let its writer finish first",
                     source->path, start + got, source->file_bytes);
}

static ritz_status gzip_skip(ritz_source *source, int64_t offset)
{
    unsigned char ignored[4096];
    while (source->offset < offset) {
        int64_t left = offset - source->offset;
        int64_t size = left < (int64_t)sizeof ignored ? left : (int64_t)sizeof ignored;
        RITZ_TRY(ritz_source_read_exactly(source, ignored, size));
    }
    return RITZ_OK;
}

ritz_status ritz_source_seek(ritz_source *source, int64_t offset)
{
    gzip *z = source->gzip;
    if (z == NULL) {
        source->offset = offset;
        return RITZ_OK;
    }
    if (offset < source->offset) {
        if (inflateReset(&z->stream) != Z_OK) {
            return ritz_fail(RITZ_ERR_INTERNAL, "%s: zlib could not be reset", source->path);
        }
        z->stream.avail_in = 0;
        z->file_offset = 0;
        z->ended = false;
        source->offset = 0;
    }
    return gzip_skip(source, offset);
}
