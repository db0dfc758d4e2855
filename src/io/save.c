/* Host matrices as .npy files, whole or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/check.h"
#include "core/error.h"
#include "io/whole_file.h"
#include "ritz/io.h"

enum {
    WRITE_BUFFER_BYTES = 1 << 20,
    HEADER_BYTES = 128 /* a multiple of 64; holds any two lengths, so that version 1.0 is enough */
};

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

static ritz_status write_header(const struct whole_file *t, ritz_hmat H)
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
    return whole_file_write(t, header, HEADER_BYTES);
}

/* `count` runs (rows or columns) of `length` bytes, `step` bytes apart. */
static ritz_status write_runs(const struct whole_file *t, const unsigned char *data, int64_t count,
                              int64_t length, int64_t step)
{
    if (count == 0 || length == 0) return RITZ_OK;
    if (length == step || count == 1) return whole_file_write(t, data, count * length);
    if (length >= WRITE_BUFFER_BYTES) {
        for (int64_t i = 0; i < count; i++) RITZ_TRY(whole_file_write(t, data + i * step, length));
        return RITZ_OK;
    }
    unsigned char *buffer = malloc(WRITE_BUFFER_BYTES);
    if (buffer == NULL) return whole_file_no_memory(t);
    ritz_status rc = RITZ_OK;
    int64_t capacity = WRITE_BUFFER_BYTES / length;
    for (int64_t done = 0; done < count; done += capacity) {
        int64_t n = capacity < count - done ? capacity : count - done;
        for (int64_t i = 0; i < n; i++) {
            memcpy(buffer + i * length, data + (done + i) * step, (size_t)length);
        }
        RITZ_TRY_OUT(whole_file_write(t, buffer, n * length));
    }
out:
    free(buffer);
    return rc;
}

static ritz_status write_matrix(const struct whole_file *t, ritz_hmat H)
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
    struct whole_file t;
    RITZ_TRY_OUT(whole_file_open(path, &t));
    RITZ_TRY_OUT(write_matrix(&t, H));
    RITZ_TRY_OUT(whole_file_finish(&t));
out:
    whole_file_discard(&t);
    return rc;
}
