/* Files of least squares statistics.
 *
 * A header of 64 bytes, the means, and the triangular factor of the rows less their means, in the
 * byte order of the machine that wrote it. The means are a matrix of two columns of float64, whose
 * sum they are; the factor is square; both column-major.
 *
 *      0  magic, 8 bytes
 *      8  u32  0x01020304
 *     12  u32  version of the format
 *     16  u32  bytes of an element of the factor: 4 or 8, IEEE 754
 *     20  u32  CRC-32 of the means and the factor
 *     24  i64  rows of positive weight
 *     32  i64  columns
 *     40  i64  targets
 *     48  f64  sum of the weights
 *     56  u32  0
 *     60  u32  CRC-32 of the 60 bytes before
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/stats_file.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

#include "core/error.h"
#include "io/source.h"
#include "io/whole_file.h"

static const unsigned char magic[8] = {0x93, 'R', 'I', 'T', 'Z', 'L', 'S', '\n'};
enum { VERSION = 1, BYTE_ORDER_MARK = 0x01020304, BYTE_ORDER_SWAPPED = 0x04030201 };

struct header {
    unsigned char magic[8];
    uint32_t order, version, element, numbers_crc;
    int64_t rows, cols, targets;
    double weight;
    uint32_t zero, crc;
};
_Static_assert(sizeof(struct header) == 64, "the header has no padding");
enum { COVERED = 60 };

/* The CRC so far, continued; zlib counts in unsigned int. */
static uint32_t crc_of(uint32_t so_far, const void *data, int64_t size)
{
    const int64_t step = 1 << 30;
    const unsigned char *bytes = data;
    uLong crc = so_far;
    for (int64_t i = 0; i < size; i += step)
        crc = crc32(crc, bytes + i, (uInt)(size - i < step ? size - i : step));
    return (uint32_t)crc;
}

static int64_t bytes_of(ritz_hmat M)
{
    return M.rows * M.cols * (int64_t)ritz_dtype_size(M.dtype);
}

static uint32_t numbers_crc(const struct ritz_stats_file *file)
{
    const uint32_t crc = crc_of(0, file->means.data, bytes_of(file->means));
    return crc_of(crc, file->factor.data, bytes_of(file->factor));
}

ritz_status ritz_stats_file_write(const char *path, const struct ritz_stats_file *file)
{
    struct header h = {.order = BYTE_ORDER_MARK,
                       .version = VERSION,
                       .element = (uint32_t)ritz_dtype_size(file->factor.dtype),
                       .numbers_crc = numbers_crc(file),
                       .rows = file->rows,
                       .cols = file->cols,
                       .targets = file->targets,
                       .weight = file->weight};
    struct whole_file t;
    ritz_status rc;
    memcpy(h.magic, magic, sizeof magic);
    h.crc = crc_of(0, &h, COVERED);
    RITZ_TRY_OUT(whole_file_open(path, &t));
    RITZ_TRY_OUT(whole_file_write(&t, &h, sizeof h));
    RITZ_TRY_OUT(whole_file_write(&t, file->means.data, bytes_of(file->means)));
    RITZ_TRY_OUT(whole_file_write(&t, file->factor.data, bytes_of(file->factor)));
    RITZ_TRY_OUT(whole_file_finish(&t));
out:
    whole_file_discard(&t);
    return rc;
}

/* ---- reading ----------------------------------------------------------------------------- */

/* In this order, so that each message is about what is wrong. */
static ritz_status check_header(const char *path, const struct header *h)
{
    RITZ_REQUIRE(memcmp(h->magic, magic, sizeof magic) == 0, RITZ_ERR_FORMAT,
                 "%s is no file of least squares statistics", path);
    RITZ_REQUIRE(h->order != BYTE_ORDER_SWAPPED, RITZ_ERR_FORMAT,
                 "%s was written on a machine of the other byte order", path);
    RITZ_REQUIRE(h->order == BYTE_ORDER_MARK, RITZ_ERR_FORMAT, "%s is damaged: its byte order mark",
                 path);
    RITZ_REQUIRE(h->version == VERSION, RITZ_ERR_FORMAT,
                 "%s is of version %u; this library reads version %d", path, (unsigned)h->version,
                 VERSION);
    RITZ_REQUIRE(h->crc == crc_of(0, h, COVERED), RITZ_ERR_FORMAT,
                 "%s is damaged: the checksum of its header is wrong", path);
    /* Nobody writes a header with a right checksum and these, but a reader trusts no file. */
    const int64_t most = INT32_MAX;
    RITZ_REQUIRE((h->element == 4 || h->element == 8) && h->rows >= 0 && h->cols >= 0 &&
                     h->cols < most && h->targets >= 0 && h->targets < most &&
                     isfinite(h->weight) && h->weight >= 0 && h->zero == 0,
                 RITZ_ERR_FORMAT, "%s is damaged: its header contradicts itself", path);
    return RITZ_OK;
}

/* The file has as many bytes as the header says; asked before memory is taken for them. */
static ritz_status check_length(ritz_source *source, int64_t order, int64_t element)
{
    const double wanted = (double)order * ((double)order * (double)element + 2 * sizeof(double)) +
                          sizeof(struct header);
    RITZ_REQUIRE(wanted <= (double)ritz_source_max_bytes(source), RITZ_ERR_FORMAT,
                 "%s is cut short: its header announces %.0f bytes; fetch or make it again",
                 ritz_source_path(source), wanted);
    return RITZ_OK;
}

/* Means that are finite, and a factor that is upper triangular and finite. */
static int plausible(const struct ritz_stats_file *file)
{
    const ritz_hmat T = file->factor;
    for (int64_t i = 0; i < 2 * T.rows; i++)
        if (!isfinite(((const double *)file->means.data)[i])) return 0;
    for (int64_t j = 0; j < T.cols; j++)
        for (int64_t i = 0; i < T.rows; i++) {
            const int64_t at = j * T.rows + i;
            const double x = T.dtype == RITZ_F32 ? (double)((const float *)T.data)[at]
                                                 : ((const double *)T.data)[at];
            if (!isfinite(x) || (i > j && x != 0)) return 0;
        }
    return 1;
}

static ritz_status read_numbers(ritz_source *source, const struct header *h,
                                struct ritz_stats_file *file)
{
    const char *path = ritz_source_path(source);
    const ritz_dtype dtype = h->element == 4 ? RITZ_F32 : RITZ_F64;
    const int64_t order = h->cols + h->targets;
    unsigned char beyond;
    int64_t got = 0;
    RITZ_TRY(check_length(source, order, h->element));
    RITZ_TRY(ritz_hmat_create(RITZ_F64, RITZ_COL_MAJOR, order, 2, &file->means));
    RITZ_TRY(ritz_hmat_create(dtype, RITZ_COL_MAJOR, order, order, &file->factor));
    RITZ_TRY(ritz_source_read_exactly(source, file->means.data, bytes_of(file->means)));
    RITZ_TRY(ritz_source_read_exactly(source, file->factor.data, bytes_of(file->factor)));
    RITZ_TRY(ritz_source_read(source, &beyond, 1, &got));
    RITZ_REQUIRE(got == 0, RITZ_ERR_FORMAT, "%s is damaged: it is longer than its header says",
                 path);
    RITZ_REQUIRE(h->numbers_crc == numbers_crc(file), RITZ_ERR_FORMAT,
                 "%s is damaged: the checksum of its numbers is wrong", path);
    RITZ_REQUIRE(plausible(file), RITZ_ERR_FORMAT,
                 "%s is damaged: its numbers are no means and triangular factor", path);
    return RITZ_OK;
}

ritz_status ritz_stats_file_read(const char *path, struct ritz_stats_file *file)
{
    struct header h;
    ritz_source *source = NULL;
    int64_t got = 0;
    ritz_status rc;
    *file = (struct ritz_stats_file){.rows = 0};
    RITZ_TRY(ritz_source_open(path, &source));
    RITZ_TRY_OUT(ritz_source_read(source, &h, sizeof h, &got));
    if (got < (int64_t)sizeof h) {
        const int foreign = memcmp(h.magic, magic, (size_t)(got < 8 ? got : 8)) != 0;
        rc = ritz_fail(RITZ_ERR_FORMAT,
                       foreign ? "%s is no file of least squares statistics"
                               : "%s is cut short in its header; fetch or make it again",
                       path);
        goto out;
    }
    RITZ_TRY_OUT(check_header(path, &h));
    RITZ_TRY_OUT(read_numbers(source, &h, file));
    file->rows = h.rows;
    file->cols = h.cols;
    file->targets = h.targets;
    file->weight = h.weight;
out:
    ritz_source_close(&source);
    if (rc != RITZ_OK) {
        (void)ritz_hmat_destroy(&file->means);
        (void)ritz_hmat_destroy(&file->factor);
    }
    return rc;
}
