/* .npy files, version 1.0, written in pieces, whole or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/npy_writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/check.h"
#include "core/convert.h"
#include "core/error.h"
#include "io/whole_file.h"

enum {
    BUFFER_BYTES = 1 << 20,
    HEADER_BYTES = 128 /* a multiple of 64; holds any two lengths, so that version 1.0 is enough */
};

struct ritz_npy_writer {
    struct whole_file file;
    char *path; /* as the caller gave it */
    ritz_dtype dtype;
    int64_t runs;   /* rows, or columns in Fortran order */
    int64_t length; /* elements of one */
    int64_t written;
    bool broken;           /* a write failed: what is in the file is of no use */
    unsigned char *buffer; /* for what is not written as it lies; NULL before the first such */
};

/* ---- the header ------------------------------------------------------------------------------ */

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

static ritz_status write_header(const struct whole_file *file, ritz_dtype dtype, ritz_layout layout,
                                int64_t rows, int64_t cols)
{
    char header[HEADER_BYTES + 1];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(HEADER_BYTES - 10); /* length of the dictionary, low byte first */
    header[9] = 0;
    int n = snprintf(header + 10, HEADER_BYTES - 10,
                     "{'descr': '%s', 'fortran_order': %s, 'shape': (%" PRId64 ", %" PRId64 "), }",
                     descr_of(dtype), layout == RITZ_COL_MAJOR ? "True" : "False", rows, cols);
    header[10 + n] = ' ';
    header[HEADER_BYTES - 1] = '\n';
    return whole_file_write(file, header, HEADER_BYTES);
}

/* ---- opening --------------------------------------------------------------------------------- */

static ritz_status check_contents(const char *path, ritz_dtype dtype, int64_t rows, int64_t cols)
{
    int64_t bytes = 0;
    RITZ_REQUIRE(path != NULL, RITZ_ERR_ARGUMENT, "path is NULL");
    RITZ_REQUIRE(path[0] != '\0', RITZ_ERR_ARGUMENT, "path is empty");
    RITZ_REQUIRE(ritz_dtype_size(dtype) != 0, RITZ_ERR_DTYPE, "%d is not a data type", (int)dtype);
    RITZ_REQUIRE(dtype != RITZ_BF16, RITZ_ERR_DTYPE,
                 "%s cannot hold bfloat16, which NumPy does not have; convert it to float32", path);
    RITZ_REQUIRE(rows >= 0 && cols >= 0, RITZ_ERR_SHAPE,
                 "a matrix of %" PRId64 " x %" PRId64 " cannot be", rows, cols);
    RITZ_REQUIRE(!__builtin_mul_overflow(rows, cols, &bytes) &&
                     !__builtin_mul_overflow(bytes, (int64_t)ritz_dtype_size(dtype), &bytes),
                 RITZ_ERR_TOO_LARGE, "%s: %" PRId64 " x %" PRId64 " elements cannot be counted",
                 path, rows, cols);
    return RITZ_OK;
}

static void release(ritz_npy_writer *w)
{
    whole_file_discard(&w->file);
    free(w->buffer);
    free(w->path);
    free(w);
}

ritz_status npy_writer_open(const char *path, ritz_dtype dtype, ritz_layout layout, int64_t rows,
                            int64_t cols, ritz_npy_writer **writer)
{
    RITZ_TRY(check_contents(path, dtype, rows, cols));
    ritz_npy_writer *w = calloc(1, sizeof *w);
    if (w == NULL) return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", path);
    bool by_columns = layout == RITZ_COL_MAJOR;
    w->file.descriptor = -1;
    w->dtype = dtype;
    w->runs = by_columns ? cols : rows;
    w->length = by_columns ? rows : cols;
    w->path = strdup(path);
    ritz_status status = w->path != NULL ? whole_file_open(w->path, &w->file)
                                         : ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", path);
    if (status == RITZ_OK) status = write_header(&w->file, dtype, layout, rows, cols);
    if (status != RITZ_OK) {
        release(w);
        return status;
    }
    *writer = w;
    return RITZ_OK;
}

ritz_status ritz_npy_writer_create(const char *path, ritz_dtype dtype, int64_t rows, int64_t cols,
                                   ritz_npy_writer **writer)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(writer != NULL, RITZ_ERR_ARGUMENT, "writer is NULL");
    *writer = NULL;
    return npy_writer_open(path, dtype, RITZ_ROW_MAJOR, rows, cols, writer);
}

/* ---- appending ------------------------------------------------------------------------------- */

/* Elements lie in H as they stand in the file. */
static bool as_in_file(const ritz_npy_writer *w, ritz_hmat H)
{
    bool dense = H.layout == RITZ_ROW_MAJOR && (H.ld == H.cols || H.rows == 1);
    return H.dtype == w->dtype && (dense || (H.cols == 1 && H.ld == 1));
}

static void convert(const ritz_npy_writer *w, ritz_hmat H, int64_t i, int64_t j, int64_t count,
                    unsigned char *dst)
{
    bool by_rows = H.layout == RITZ_ROW_MAJOR;
    int64_t size = (int64_t)ritz_dtype_size(H.dtype);
    int64_t at = by_rows ? i * H.ld + j : j * H.ld + i;
    const unsigned char *src = (const unsigned char *)H.data + at * size;
    if (H.dtype == w->dtype && by_rows) {
        memcpy(dst, src, (size_t)(count * size));
    } else {
        ritz_convert_strided(count, src, (ritz_elem)H.dtype, by_rows ? 1 : H.ld, dst, w->dtype, 1);
    }
}

/* Through a buffer, which is filled across the ends of rows. */
static ritz_status write_converted(ritz_npy_writer *w, ritz_hmat H)
{
    int64_t size = (int64_t)ritz_dtype_size(w->dtype);
    int64_t capacity = BUFFER_BYTES / size;
    int64_t used = 0;
    if (w->buffer == NULL) w->buffer = malloc(BUFFER_BYTES);
    if (w->buffer == NULL) return whole_file_no_memory(&w->file);
    for (int64_t i = 0; i < H.rows; i++) {
        for (int64_t j = 0; j < H.cols;) {
            int64_t room = capacity - used;
            int64_t count = H.cols - j < room ? H.cols - j : room;
            convert(w, H, i, j, count, w->buffer + used * size);
            j += count;
            used += count;
            if (used < capacity) continue;
            RITZ_TRY(whole_file_write(&w->file, w->buffer, used * size));
            used = 0;
        }
    }
    return whole_file_write(&w->file, w->buffer, used * size);
}

static ritz_status check_rows(const ritz_npy_writer *w, ritz_hmat H)
{
    RITZ_REQUIRE(w != NULL, RITZ_ERR_ARGUMENT, "writer is NULL");
    RITZ_TRY(ritz_check_host(H, "H"));
    RITZ_REQUIRE(H.batch == 1, RITZ_ERR_SHAPE,
                 "H is a batch of %" PRId64 " matrices; write each with a call of its own",
                 H.batch);
    RITZ_REQUIRE(H.cols == w->length, RITZ_ERR_SHAPE,
                 "H has %" PRId64 " columns, and the matrix in %s %" PRId64, H.cols, w->path,
                 w->length);
    RITZ_REQUIRE(H.rows <= w->runs - w->written, RITZ_ERR_SHAPE,
                 "H has %" PRId64 " rows, but %s lacks only %" PRId64 " of %" PRId64, H.rows,
                 w->path, w->runs - w->written, w->runs);
    RITZ_REQUIRE(!w->broken, RITZ_ERR_IO, "%s: an earlier write failed", w->path);
    return RITZ_OK;
}

ritz_status ritz_npy_writer_append(ritz_npy_writer *writer, ritz_hmat H)
{
    RITZ_SCOPE();
    RITZ_TRY(check_rows(writer, H));
    if (H.rows == 0 || H.cols == 0) {
        writer->written += H.rows;
        return RITZ_OK;
    }
    ritz_status status = as_in_file(writer, H)
                             ? whole_file_write(&writer->file, H.data,
                                                H.rows * H.cols * (int64_t)ritz_dtype_size(H.dtype))
                             : write_converted(writer, H);
    writer->broken = status != RITZ_OK;
    if (status == RITZ_OK) writer->written += H.rows;
    return status;
}

/* ---- the end --------------------------------------------------------------------------------- */

ritz_status ritz_npy_writer_finish(ritz_npy_writer **writer)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(writer != NULL && *writer != NULL, RITZ_ERR_ARGUMENT, "there is no writer");
    ritz_npy_writer *w = *writer;
    ritz_status rc = RITZ_OK;
    *writer = NULL;
    if (w->broken) {
        RITZ_TRY_OUT(ritz_fail(RITZ_ERR_IO, "%s: an earlier write failed", w->path));
    }
    if (w->written < w->runs) {
        RITZ_TRY_OUT(ritz_fail(RITZ_ERR_SHAPE, "%s has %" PRId64 " of its %" PRId64 " rows only",
                               w->path, w->written, w->runs));
    }
    RITZ_TRY_OUT(whole_file_finish(&w->file));
out:
    release(w);
    return rc;
}

void ritz_npy_writer_discard(ritz_npy_writer **writer)
{
    if (writer == NULL || *writer == NULL) return;
    release(*writer);
    *writer = NULL;
}
