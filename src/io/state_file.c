/* Files that hold a state.
 *
 * A header of 528 bytes and the matrices one after the other, column-major and without padding, in
 * the byte order of the machine that wrote them.
 *
 *      0  magic, 8 bytes
 *      8  u32  0x01020304
 *     12  u32  version of the format
 *     16  the kind, text of at most 31 bytes, then zeros
 *     48  i64  bytes of the file
 *     56  u32  numbers
 *     60  u32  matrices
 *     64  i64  x 32: the numbers, then zeros
 *    320  8 times: i64 rows, i64 columns, u32 data type, u32 CRC-32 of the elements; then zeros
 *    512  u64  0
 *    520  u32  0
 *    524  u32  CRC-32 of the 524 bytes before
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/state_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/error.h"
#include "core/matrix.h"
#include "io/source.h"
#include "io/whole_file.h"

static const unsigned char magic[8] = {0x93, 'R', 'I', 'T', 'Z', 'S', 'T', '\n'};
enum { VERSION = 1, BYTE_ORDER_MARK = 0x01020304, BYTE_ORDER_SWAPPED = 0x04030201 };

struct matrix_entry {
    int64_t rows, cols;
    uint32_t dtype, crc;
};

struct header {
    unsigned char magic[8];
    uint32_t order, version;
    char kind[STATE_FILE_KIND];
    int64_t bytes;
    uint32_t number_count, matrix_count;
    int64_t numbers[STATE_FILE_NUMBERS];
    struct matrix_entry matrices[STATE_FILE_MATRICES];
    uint64_t zero;
    uint32_t zero_too, crc;
};
_Static_assert(sizeof(struct header) == 528, "the header has no padding");
enum { COVERED = 524 };

/* zlib counts in unsigned int. */
static uint32_t crc_of(const void *data, int64_t size)
{
    const int64_t step = 1 << 30;
    const unsigned char *bytes = data;
    uLong crc = 0;
    for (int64_t i = 0; i < size; i += step)
        crc = crc32(crc, bytes + i, (uInt)(size - i < step ? size - i : step));
    return (uint32_t)crc;
}

static int64_t bytes_of(ritz_hmat M)
{
    return M.rows * M.cols * (int64_t)ritz_dtype_size(M.dtype);
}

/* ---- the place in the file system -------------------------------------------------------- */

ritz_status ritz_state_file_exists(const char *path, int *exists)
{
    struct stat status;
    *exists = stat(path, &status) == 0;
    RITZ_REQUIRE(*exists || errno == ENOENT, RITZ_ERR_IO, "%s cannot be opened: %s", path,
                 strerror(errno));
    return RITZ_OK;
}

ritz_status ritz_state_file_probe(const char *path)
{
    struct whole_file t;
    const ritz_status status = whole_file_open(path, &t);
    whole_file_discard(&t);
    return status;
}

ritz_status ritz_state_file_remove(const char *path)
{
    RITZ_REQUIRE(unlink(path) == 0 || errno == ENOENT, RITZ_ERR_IO, "%s cannot be removed: %s",
                 path, strerror(errno));
    return RITZ_OK;
}

void ritz_state_file_drop(struct ritz_state_file *file)
{
    /* Host memory is freed without fail. */
    for (int i = 0; i < STATE_FILE_MATRICES; i++) (void)ritz_hmat_destroy(&file->matrices[i]);
    file->matrix_count = 0;
}

/* ---- writing ----------------------------------------------------------------------------- */

static void fill_header(const struct ritz_state_file *file, struct header *h)
{
    memset(h, 0, sizeof *h);
    memcpy(h->magic, magic, sizeof magic);
    h->order = BYTE_ORDER_MARK;
    h->version = VERSION;
    memcpy(h->kind, file->kind, sizeof h->kind);
    h->number_count = (uint32_t)file->number_count;
    h->matrix_count = (uint32_t)file->matrix_count;
    memcpy(h->numbers, file->numbers, (size_t)file->number_count * sizeof h->numbers[0]);
    h->bytes = sizeof *h;
    for (int i = 0; i < file->matrix_count; i++) {
        const ritz_hmat M = file->matrices[i];
        h->bytes += bytes_of(M);
        h->matrices[i] = (struct matrix_entry){.rows = M.rows,
                                               .cols = M.cols,
                                               .dtype = (uint32_t)M.dtype,
                                               .crc = crc_of(M.data, bytes_of(M))};
    }
    h->crc = crc_of(h, COVERED);
}

ritz_status ritz_state_file_write(const char *path, const struct ritz_state_file *file)
{
    struct header h;
    struct whole_file t;
    ritz_status rc;
    fill_header(file, &h);
    RITZ_TRY_OUT(whole_file_open(path, &t));
    RITZ_TRY_OUT(whole_file_write(&t, &h, sizeof h));
    for (int i = 0; i < file->matrix_count; i++)
        RITZ_TRY_OUT(whole_file_write(&t, file->matrices[i].data, bytes_of(file->matrices[i])));
    RITZ_TRY_OUT(whole_file_finish(&t));
out:
    whole_file_discard(&t);
    return rc;
}

/* ---- reading ----------------------------------------------------------------------------- */

/* Every field that no writer sets otherwise, and matrices that fill the file exactly. */
static int consistent(const struct header *h)
{
    int64_t bytes = sizeof *h;
    if (h->number_count > STATE_FILE_NUMBERS || h->matrix_count > STATE_FILE_MATRICES ||
        h->zero != 0 || h->zero_too != 0 || memchr(h->kind, 0, sizeof h->kind) == NULL)
        return 0;
    for (uint32_t i = 0; i < h->matrix_count; i++) {
        const struct matrix_entry *m = &h->matrices[i];
        const int64_t size = (int64_t)ritz_dtype_size((ritz_dtype)m->dtype);
        if (size == 0 || m->rows < 0 || m->cols < 0 ||
            ritz_product_overflows(m->rows, m->cols, size) ||
            __builtin_add_overflow(bytes, m->rows * m->cols * size, &bytes))
            return 0;
    }
    return bytes == h->bytes;
}

/* In this order, so that each message is about what is wrong. */
static ritz_status check_header(const char *path, const char *what, const struct header *h)
{
    RITZ_REQUIRE(memcmp(h->magic, magic, sizeof magic) == 0, RITZ_ERR_FORMAT, "%s is no %s", path,
                 what);
    RITZ_REQUIRE(h->order != BYTE_ORDER_SWAPPED, RITZ_ERR_FORMAT,
                 "%s was written on a machine of the other byte order", path);
    RITZ_REQUIRE(h->order == BYTE_ORDER_MARK, RITZ_ERR_FORMAT, "%s is damaged: its byte order mark",
                 path);
    RITZ_REQUIRE(h->version == VERSION, RITZ_ERR_FORMAT,
                 "%s is of version %u; this library reads version %d", path, (unsigned)h->version,
                 VERSION);
    RITZ_REQUIRE(h->crc == crc_of(h, COVERED), RITZ_ERR_FORMAT,
                 "%s is damaged: the checksum of its header is wrong", path);
    /* Nobody writes a header with a right checksum that fails here, but a reader trusts no file. */
    RITZ_REQUIRE(consistent(h), RITZ_ERR_FORMAT, "%s is damaged: its header contradicts itself",
                 path);
    return RITZ_OK;
}

static ritz_status read_matrix(ritz_source *source, const struct matrix_entry *m, ritz_hmat *M)
{
    RITZ_TRY(ritz_hmat_create((ritz_dtype)m->dtype, RITZ_COL_MAJOR, m->rows, m->cols, M));
    RITZ_TRY(ritz_source_read_exactly(source, M->data, bytes_of(*M)));
    RITZ_REQUIRE(crc_of(M->data, bytes_of(*M)) == m->crc, RITZ_ERR_FORMAT,
                 "%s is damaged: the checksum of its numbers is wrong", ritz_source_path(source));
    return RITZ_OK;
}

/* The length is asked before memory is taken. */
static ritz_status read_matrices(ritz_source *source, const struct header *h,
                                 struct ritz_state_file *file)
{
    const char *path = ritz_source_path(source);
    const int64_t there = ritz_source_file_bytes(source);
    RITZ_REQUIRE(h->bytes <= there, RITZ_ERR_FORMAT,
                 "%s is cut short: its header announces %" PRId64 " bytes, and it has %" PRId64,
                 path, h->bytes, there);
    RITZ_REQUIRE(h->bytes == there, RITZ_ERR_FORMAT,
                 "%s is damaged: it is longer than its header says", path);
    for (uint32_t i = 0; i < h->matrix_count; i++)
        RITZ_TRY(read_matrix(source, &h->matrices[i], &file->matrices[i]));
    return RITZ_OK;
}

ritz_status ritz_state_file_read(const char *path, const char *what, struct ritz_state_file *file)
{
    struct header h;
    ritz_source *source = NULL;
    int64_t got = 0;
    ritz_status rc;
    memset(file, 0, sizeof *file);
    RITZ_TRY(ritz_source_open(path, &source));
    RITZ_TRY_OUT(ritz_source_read(source, &h, sizeof h, &got));
    if (got < (int64_t)sizeof h) {
        const int foreign = memcmp(h.magic, magic, (size_t)(got < 8 ? got : 8)) != 0;
        rc = foreign ? ritz_fail(RITZ_ERR_FORMAT, "%s is no %s", path, what)
                     : ritz_fail(RITZ_ERR_FORMAT, "%s is cut short in its header", path);
        goto out;
    }
    RITZ_TRY_OUT(check_header(path, what, &h));
    RITZ_TRY_OUT(read_matrices(source, &h, file));
    memcpy(file->kind, h.kind, sizeof h.kind);
    memcpy(file->numbers, h.numbers, sizeof h.numbers);
    file->number_count = (int)h.number_count;
    file->matrix_count = (int)h.matrix_count;
out:
    ritz_source_close(&source);
    if (rc != RITZ_OK) ritz_state_file_drop(file);
    return rc;
}
