/* Rows of a file: finds the format, checks what the header promises, and delivers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/convert.h"
#include "core/error.h"
#include "io/csv.h"
#include "io/format.h"

enum {
    READ_BUFFER_BYTES = 1 << 20,  /* in the second-level cache */
    COLUMN_PIECE_BYTES = 1 << 16, /* of one column at a time, in Fortran order */
    DIRECT_ROW_BYTES = 1 << 16    /* rows from here on are read one by one without the buffer */
};

struct ritz_reader {
    ritz_source *source;
    ritz_csv *csv; /* NULL for the binary formats */
    ritz_file_info info;
    ritz_elem elem;
    int64_t next_row;
    unsigned char *buffer;
};

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t elem_bytes(const ritz_reader *r)
{
    return (int64_t)ritz_elem_size(r->elem);
}

static const char *reader_path(const ritz_reader *r)
{
    return ritz_source_path(r->source);
}

/* ---- opening -------------------------------------------------------------------------------- */

/* Formats that people try, by their first bytes. */
static const struct {
    const char *bytes;
    int size;
    const char *advice;
} known_magics[] = {
    {"PK\3\4", 4,
     "is a ZIP archive, perhaps .npz; extract one array with numpy.load and numpy.save"},
    {"\x89HDF", 4, "is an HDF5 file; write one data set with numpy.save"},
    {"\x28\xB5\x2F\xFD", 4, "is compressed with zstd; decompress it with 'zstd -d'"},
    {"\xFD"
     "7zXZ",
     5, "is compressed with xz; decompress it with 'xz -d'"},
    {"BZh", 3, "is compressed with bzip2; decompress it with 'bzip2 -d'"},
    {"%%MatrixMarket", 14, "is a Matrix Market file, which ritz_spmat_load reads"},
    {"PAR1", 4, "is a Parquet file; write its columns as one array with numpy.save"},
    {"\xFF\xFE", 2, "is UTF-16 text or binary; save text as UTF-8"},
    {"\xFE\xFF", 2, "is UTF-16 text or binary; save text as UTF-8"},
};

/* Text has no control codes but tabs and line ends. */
static bool looks_like_text(const unsigned char *magic, int64_t size)
{
    for (int64_t i = 0; i < size; i++) {
        bool space = magic[i] == '\t' || magic[i] == '\n' || magic[i] == '\r';
        if ((magic[i] < ' ' && !space) || magic[i] == 0x7F) return false;
    }
    return true;
}

static ritz_status find_format(ritz_reader *r)
{
    unsigned char magic[RITZ_MAGIC_BYTES];
    int64_t size = 0;
    RITZ_TRY(ritz_source_read(r->source, magic, sizeof magic, &size));
    if (size == 0) {
        return ritz_fail(RITZ_ERR_FORMAT, "%s is empty; write it again", reader_path(r));
    }
    for (size_t i = 0; i < sizeof known_magics / sizeof *known_magics; i++) {
        if (size >= known_magics[i].size &&
            memcmp(magic, known_magics[i].bytes, (size_t)known_magics[i].size) == 0) {
            return ritz_fail(RITZ_ERR_FORMAT, "%s %s", reader_path(r), known_magics[i].advice);
        }
    }
    if (ritz_is_npy(magic, size)) {
        r->info.format = RITZ_FILE_NPY;
    } else if (ritz_is_idx(magic, size)) {
        r->info.format = RITZ_FILE_IDX;
    } else if (looks_like_text(magic, size)) {
        r->info.format = RITZ_FILE_CSV;
    } else {
        return ritz_fail(
            RITZ_ERR_FORMAT,
            "%s is in no format that Ritz knows; it reads .npy, IDX and CSV, each also "
            "compressed with gzip",
            reader_path(r));
    }
    return RITZ_OK;
}

/* Rows and columns of an array: the first axis, and all others together. */
static ritz_status set_shape(ritz_reader *r, const ritz_array_header *header)
{
    if (header->ndim == 0) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s holds a single number without axes; Ritz reads vectors and matrices",
                         reader_path(r));
    }
    if (header->fortran_order && header->ndim > 2) {
        return ritz_fail(
            RITZ_ERR_FORMAT,
            "%s has %d axes in Fortran order, which are not the rows of a matrix; save "
            "numpy.ascontiguousarray(x)",
            reader_path(r), header->ndim);
    }
    bool overflow = false;
    bool no_columns = false;
    int64_t cols = 1;
    for (int i = 1; i < header->ndim; i++) {
        no_columns = no_columns || header->shape[i] == 0;
        overflow = __builtin_mul_overflow(cols, header->shape[i], &cols) || overflow;
    }
    if (no_columns) cols = 0;
    if (overflow && !no_columns) {
        return ritz_fail(RITZ_ERR_FORMAT, "%s: the header promises more than 2^63 columns",
                         reader_path(r));
    }
    r->info.rows = header->shape[0];
    r->info.cols = cols;
    bool vector = header->ndim < 2 || cols == 1 || header->shape[0] == 1; /* both orders are one */
    bool column_major = header->fortran_order && !vector;
    r->info.layout = column_major ? RITZ_COL_MAJOR : RITZ_ROW_MAJOR;
    return RITZ_OK;
}

/* The file must be able to hold what its header promises. Behind the array of a .npy file more may
 * follow, since NumPy writes several into one file; behind an IDX array nothing may. */
static ritz_status check_size(const ritz_reader *r)
{
    int64_t promised = 0;
    int64_t offset = r->info.data_offset;
    if (__builtin_mul_overflow(r->info.rows, r->info.cols, &promised) ||
        __builtin_mul_overflow(promised, elem_bytes(r), &promised) ||
        __builtin_add_overflow(promised, offset, &promised)) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s: the header promises a %" PRId64 " x %" PRId64
                         " matrix of %s, more bytes than can be counted",
                         reader_path(r), r->info.rows, r->info.cols, r->info.type_name);
    }
    bool plain = r->info.compressed == 0;
    if (promised > ritz_source_max_bytes(r->source)) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s is cut short or its header is wrong: a %" PRId64 " x %" PRId64
                         " matrix of %s takes %" PRId64 " bytes with the header, the file has "
                         "%" PRId64 "%s; fetch or make it again",
                         reader_path(r), r->info.rows, r->info.cols, r->info.type_name, promised,
                         r->info.file_bytes, plain ? "" : " compressed, which cannot be that many");
    }
    if (r->info.format == RITZ_FILE_IDX && plain && promised != r->info.file_bytes) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s: %" PRId64 " bytes follow the %" PRId64 " x %" PRId64
                         " matrix that the header promises; fetch or make it again",
                         reader_path(r), r->info.file_bytes - promised, r->info.rows, r->info.cols);
    }
    return RITZ_OK;
}

static ritz_status open_array(ritz_reader *r)
{
    ritz_array_header header;
    if (r->info.format == RITZ_FILE_NPY) {
        RITZ_TRY(ritz_npy_read_header(r->source, &header));
    } else {
        RITZ_TRY(ritz_idx_read_header(r->source, &header));
    }
    r->elem = header.elem;
    r->info.byte_swapped = header.swapped;
    r->info.ndim = header.ndim;
    r->info.data_offset = header.data_offset;
    (void)snprintf(r->info.type_name, sizeof r->info.type_name, "%s", ritz_elem_name(r->elem));
    RITZ_TRY(set_shape(r, &header));
    RITZ_TRY(check_size(r));
    r->buffer = malloc(READ_BUFFER_BYTES);
    if (r->buffer == NULL) {
        return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", reader_path(r));
    }
    return RITZ_OK;
}

static ritz_status open_csv(ritz_reader *r)
{
    RITZ_TRY(ritz_csv_open(r->source, &r->csv));
    ritz_csv_shape shape = ritz_csv_get_shape(r->csv);
    r->elem = RITZ_ELEM_F64;
    r->info.ndim = 2;
    r->info.rows = shape.rows;
    r->info.cols = shape.cols;
    r->info.layout = RITZ_ROW_MAJOR;
    r->info.header_lines = shape.header_lines;
    r->info.delimiter = shape.delimiter;
    (void)snprintf(r->info.type_name, sizeof r->info.type_name, "%s", ritz_elem_name(r->elem));
    return RITZ_OK;
}

ritz_status ritz_reader_open(const char *path, ritz_reader **reader)
{
    ritz_status rc = RITZ_OK;
    *reader = NULL;
    ritz_reader *r = calloc(1, sizeof *r);
    if (r == NULL) return ritz_fail(RITZ_ERR_MEMORY, "out of memory while opening a file");
    RITZ_TRY_OUT(ritz_source_open(path, &r->source));
    r->info.size = sizeof r->info;
    r->info.compressed = ritz_source_compressed(r->source);
    r->info.file_bytes = ritz_source_file_bytes(r->source);
    RITZ_TRY_OUT(find_format(r));
    RITZ_TRY_OUT(r->info.format == RITZ_FILE_CSV ? open_csv(r) : open_array(r));
    r->info.dtype = ritz_elem_dtype(r->elem);
    RITZ_TRY_OUT(ritz_reader_rewind(r));
    *reader = r;
    return RITZ_OK;
out:
    ritz_reader_close(&r);
    return rc;
}

void ritz_reader_close(ritz_reader **reader)
{
    ritz_reader *r = *reader;
    *reader = NULL;
    if (r == NULL) return;
    ritz_csv_close(&r->csv);
    ritz_source_close(&r->source);
    free(r->buffer);
    free(r);
}

const ritz_file_info *ritz_reader_info(const ritz_reader *reader)
{
    return &reader->info;
}

int ritz_reader_mappable(const ritz_reader *r)
{
    bool as_is = r->info.format == RITZ_FILE_NPY && !r->info.compressed && !r->info.byte_swapped &&
                 (int)r->elem == (int)r->info.dtype && r->info.data_offset % elem_bytes(r) == 0;
    return as_is ? ritz_source_descriptor(r->source) : -1;
}

ritz_status ritz_reader_rewind(ritz_reader *r)
{
    r->next_row = 0;
    if (r->csv != NULL) return ritz_csv_rewind(r->csv);
    return ritz_source_seek(r->source, r->info.data_offset);
}

/* Lines of text are found only by reading them. */
static ritz_status skip_lines(ritz_reader *r, int64_t count)
{
    double *row = calloc((size_t)r->info.cols + 1, sizeof *row);
    if (row == NULL) {
        return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", reader_path(r));
    }
    ritz_status status = ritz_csv_read(r->csv, count, row, RITZ_F64, 0); /* each over the last */
    free(row);
    return status;
}

ritz_status ritz_reader_seek(ritz_reader *r, int64_t row)
{
    RITZ_REQUIRE(row >= 0 && row <= r->info.rows, RITZ_ERR_ARGUMENT,
                 "row %" PRId64 " of %s was asked for, which has %" PRId64, row, reader_path(r),
                 r->info.rows);
    if (r->csv != NULL) {
        if (row < r->next_row) RITZ_TRY(ritz_reader_rewind(r));
        RITZ_TRY(skip_lines(r, row - r->next_row));
    } else if (r->info.layout == RITZ_ROW_MAJOR) { /* else every column is sought when it is read */
        int64_t bytes = row * r->info.cols * elem_bytes(r);
        RITZ_TRY(ritz_source_seek(r->source, r->info.data_offset + bytes));
    }
    r->next_row = row;
    return RITZ_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

static void swap_bytes(void *data, int64_t count, int64_t size)
{
    if (size == 2) {
        uint16_t *x = data;
        for (int64_t i = 0; i < count; i++) x[i] = __builtin_bswap16(x[i]);
    } else if (size == 4) {
        uint32_t *x = data;
        for (int64_t i = 0; i < count; i++) x[i] = __builtin_bswap32(x[i]);
    } else {
        uint64_t *x = data;
        for (int64_t i = 0; i < count; i++) x[i] = __builtin_bswap64(x[i]);
    }
}

/* Read the next `count` elements, which fit into `dst`, in this machine's byte order. */
static ritz_status read_elements(ritz_reader *r, int64_t count, void *dst)
{
    RITZ_TRY(ritz_source_read_exactly(r->source, dst, count * elem_bytes(r)));
    if (r->info.byte_swapped) swap_bytes(dst, count, elem_bytes(r));
    return RITZ_OK;
}

/* The next `count` elements as one run. */
static ritz_status read_run(ritz_reader *r, int64_t count, unsigned char *dst, ritz_dtype dtype)
{
    if ((int)r->elem == (int)dtype) return read_elements(r, count, dst);
    int64_t dst_bytes = (int64_t)ritz_dtype_size(dtype);
    int64_t capacity = READ_BUFFER_BYTES / elem_bytes(r);
    for (int64_t done = 0; done < count; done += capacity) {
        int64_t n = min_i64(capacity, count - done);
        RITZ_TRY(read_elements(r, n, r->buffer));
        ritz_convert_strided(n, r->buffer, r->elem, 1, dst + done * dst_bytes, dtype, 1);
    }
    return RITZ_OK;
}

/* Rows that are short and apart in `dst`: many at a time through the buffer. */
static ritz_status read_short_rows(ritz_reader *r, int64_t count, unsigned char *dst,
                                   ritz_dtype dtype, int64_t ld)
{
    int64_t row_bytes = r->info.cols * elem_bytes(r);
    int64_t step = ld * (int64_t)ritz_dtype_size(dtype);
    int64_t capacity = READ_BUFFER_BYTES / row_bytes;
    for (int64_t done = 0; done < count; done += capacity) {
        int64_t n = min_i64(capacity, count - done);
        RITZ_TRY(read_elements(r, n * r->info.cols, r->buffer));
        for (int64_t i = 0; i < n; i++) {
            ritz_convert_strided(r->info.cols, r->buffer + i * row_bytes, r->elem, 1,
                                 dst + (done + i) * step, dtype, 1);
        }
    }
    return RITZ_OK;
}

static ritz_status read_c_order(ritz_reader *r, int64_t count, unsigned char *dst, ritz_dtype dtype,
                                int64_t ld)
{
    int64_t cols = r->info.cols;
    if (cols == 0 || count == 0) return RITZ_OK;
    if (ld == cols || count == 1) return read_run(r, count * cols, dst, dtype);
    if (cols * elem_bytes(r) < DIRECT_ROW_BYTES) return read_short_rows(r, count, dst, dtype, ld);
    for (int64_t i = 0; i < count; i++) {
        RITZ_TRY(read_run(r, cols, dst + i * ld * (int64_t)ritz_dtype_size(dtype), dtype));
    }
    return RITZ_OK;
}

/* Rows first .. first+n-1 of columns j .. j+width-1, one column after the other in the buffer, and
 * from there transposed. */
static ritz_status read_panel(ritz_reader *r, int64_t first, int64_t n, int64_t j, int64_t width,
                              unsigned char *dst, ritz_dtype dtype, int64_t ld)
{
    int64_t size = elem_bytes(r);
    int64_t dst_bytes = (int64_t)ritz_dtype_size(dtype);
    for (int64_t k = 0; k < width; k++) {
        int64_t element = (j + k) * r->info.rows + first;
        RITZ_TRY(ritz_source_seek(r->source, r->info.data_offset + element * size));
        RITZ_TRY(read_elements(r, n, r->buffer + k * n * size));
    }
    for (int64_t i = 0; i < n; i++) {
        ritz_convert_strided(width, r->buffer + i * size, r->elem, n,
                             dst + (i * ld + j) * dst_bytes, dtype, 1);
    }
    return RITZ_OK;
}

static ritz_status read_fortran_order(ritz_reader *r, int64_t count, unsigned char *dst,
                                      ritz_dtype dtype, int64_t ld)
{
    int64_t cols = r->info.cols;
    int64_t piece = COLUMN_PIECE_BYTES / elem_bytes(r);
    int64_t row_bytes = ld * (int64_t)ritz_dtype_size(dtype);
    for (int64_t done = 0; done < count && cols > 0; done += piece) {
        int64_t n = min_i64(piece, count - done);
        int64_t panel = READ_BUFFER_BYTES / elem_bytes(r) / n;
        for (int64_t j = 0; j < cols; j += panel) {
            RITZ_TRY(read_panel(r, r->next_row + done, n, j, min_i64(panel, cols - j),
                                dst + done * row_bytes, dtype, ld));
        }
    }
    return RITZ_OK;
}

/* After the last element of a compressed file: see its end, so that zlib compares the checksum. */
static ritz_status check_end(ritz_reader *r)
{
    if (!r->info.compressed || r->csv != NULL) return RITZ_OK;
    unsigned char extra;
    int64_t got = 0;
    RITZ_TRY(ritz_source_read(r->source, &extra, 1, &got));
    if (got == 0 || r->info.format == RITZ_FILE_NPY) return RITZ_OK;
    return ritz_fail(RITZ_ERR_FORMAT,
                     "%s: more data follows the %" PRId64 " x %" PRId64
                     " matrix that the header promises; fetch or make it again",
                     reader_path(r), r->info.rows, r->info.cols);
}

static ritz_status check_request(const ritz_reader *r, int64_t count, const void *dst,
                                 ritz_dtype dtype, int64_t ld)
{
    RITZ_REQUIRE(ritz_dtype_size(dtype) != 0, RITZ_ERR_DTYPE, "%d is not a data type", (int)dtype);
    RITZ_REQUIRE(ld >= r->info.cols, RITZ_ERR_ARGUMENT,
                 "ld is %" PRId64 ", less than the %" PRId64 " columns of %s", ld, r->info.cols,
                 reader_path(r));
    RITZ_REQUIRE(count >= 0 && count <= r->info.rows - r->next_row, RITZ_ERR_ARGUMENT,
                 "%" PRId64 " rows of %s were asked for, and %" PRId64 " are left", count,
                 reader_path(r), r->info.rows - r->next_row);
    RITZ_REQUIRE(dst != NULL || count == 0 || r->info.cols == 0, RITZ_ERR_ARGUMENT, "dst is NULL");
    if (r->info.compressed && r->info.layout == RITZ_COL_MAJOR) {
        return ritz_fail(
            RITZ_ERR_UNSUPPORTED,
            "%s is compressed and in Fortran order, so that its rows cannot be read one "
            "after the other; decompress it with gunzip, or load it whole",
            reader_path(r));
    }
    return RITZ_OK;
}

ritz_status ritz_reader_read(ritz_reader *r, int64_t count, void *dst, ritz_dtype dtype, int64_t ld)
{
    RITZ_TRY(check_request(r, count, dst, dtype, ld));
    if (r->csv != NULL) {
        RITZ_TRY(ritz_csv_read(r->csv, count, dst, dtype, ld));
    } else if (r->info.layout == RITZ_ROW_MAJOR) {
        RITZ_TRY(read_c_order(r, count, dst, dtype, ld));
    } else {
        RITZ_TRY(read_fortran_order(r, count, dst, dtype, ld));
    }
    r->next_row += count;
    return count > 0 && r->next_row == r->info.rows ? check_end(r) : RITZ_OK;
}

ritz_status ritz_reader_read_all(ritz_reader *r, void *dst, ritz_dtype dtype)
{
    if (r->csv != NULL) return ritz_reader_read(r, r->info.rows, dst, dtype, r->info.cols);
    RITZ_TRY(read_run(r, r->info.rows * r->info.cols, dst, dtype));
    r->next_row = r->info.rows;
    return check_end(r);
}
