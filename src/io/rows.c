/* Sources of rows.
 *
 * Memory is handed on in blocks of views. Files and functions are read into two buffers by turns,
 * so that the stream can work on one block while the next one
 * is read; an event per buffer tells when the stream has passed it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/rows.h"

#include <stdlib.h>

#include "core/check.h"
#include "io/reader.h"

/* ---- the public values ---- */

ritz_rows ritz_rows_dmat(ritz_dmat A)
{
    return (ritz_rows){.kind = RITZ_ROWS_DMAT, .device = A, .rows = A.rows, .cols = A.cols};
}

ritz_rows ritz_rows_hmat(ritz_hmat H)
{
    return (ritz_rows){.kind = RITZ_ROWS_HMAT, .host = H, .rows = H.rows, .cols = H.cols};
}

ritz_rows ritz_rows_file(const char *path)
{
    return (ritz_rows){.kind = RITZ_ROWS_FILES, .path = path, .count = 1};
}

ritz_rows ritz_rows_files(const char *const *paths, int64_t count)
{
    return (ritz_rows){.kind = RITZ_ROWS_FILES, .paths = paths, .count = count};
}

ritz_rows ritz_rows_callback(ritz_dtype dtype, int64_t rows, int64_t cols, int once,
                             ritz_rows_function function, void *context)
{
    return (ritz_rows){.kind = RITZ_ROWS_CALLBACK,
                       .dtype = dtype,
                       .rows = rows,
                       .cols = cols,
                       .function = function,
                       .context = context,
                       .once = once};
}

ritz_rows ritz_rows_sparse(const ritz_spmat *A)
{
    return (ritz_rows){.kind = RITZ_ROWS_SPARSE,
                       .sparse = A,
                       .rows = ritz_spmat_rows(A),
                       .cols = ritz_spmat_cols(A)};
}

/* ---- a feed ---- */

enum { BUFFERS = 2, LOAD_BYTES = 8 << 20 };

struct ritz_feed {
    ritz_stream *stream;
    ritz_rows rows;
    ritz_rows_info info;
    int64_t block_rows;
    int64_t next; /* first row of the next block */

    ritz_reader **readers; /* files */
    int64_t file;          /* the one that is being read */
    int64_t file_next;     /* next row of it */

    /* What is not read in place: one block's raw bytes on the host, and on a device that cannot
     * read those. */
    ritz_hmat buffer[BUFFERS];
    ritz_dmat copy[BUFFERS];
    ritz_event *passed[BUFFERS];
    int turn;        /* buffer of the next block */
    int outstanding; /* the last block's buffer has no event behind it yet */
};

static const char *path_of(const ritz_rows *rows, int64_t file)
{
    return rows->paths ? rows->paths[file] : rows->path;
}

/* Of two element types the one that holds both without loss, as far as there is one. */
static ritz_dtype wider(ritz_dtype a, ritz_dtype b)
{
    if (a == b || !b) return a;
    if (!a) return b;
    const int wide = a == RITZ_F64 || b == RITZ_F64 || a == RITZ_I32 || b == RITZ_I32 ||
                     a == RITZ_I64 || b == RITZ_I64;
    return wide ? RITZ_F64 : RITZ_F32;
}

static ritz_status open_files(struct ritz_feed *feed)
{
    const ritz_rows *rows = &feed->rows;
    RITZ_REQUIRE(rows->count >= 1 && (rows->paths || rows->path), RITZ_ERR_ARGUMENT,
                 "the source names no file");
    feed->readers = calloc((size_t)rows->count, sizeof(ritz_reader *));
    RITZ_REQUIRE(feed->readers, RITZ_ERR_MEMORY, "no host memory for %" PRId64 " files",
                 rows->count);
    for (int64_t i = 0; i < rows->count; i++) {
        RITZ_TRY(ritz_reader_open(path_of(rows, i), &feed->readers[i]));
        const ritz_file_info *file = ritz_reader_info(feed->readers[i]);
        RITZ_REQUIRE(i == 0 || file->cols == feed->info.cols, RITZ_ERR_SHAPE,
                     "%s has %" PRId64 " columns and %s has %" PRId64
                     "; files that are stacked must have the same columns",
                     path_of(rows, 0), feed->info.cols, path_of(rows, i), file->cols);
        feed->info.cols = file->cols;
        feed->info.rows += file->rows;
        feed->info.dtype = wider(file->dtype, feed->info.dtype);
    }
    return RITZ_OK;
}

static ritz_status open_callback(struct ritz_feed *feed)
{
    const ritz_rows *rows = &feed->rows;
    RITZ_REQUIRE(rows->function, RITZ_ERR_ARGUMENT, "the source has no function");
    RITZ_REQUIRE(rows->rows >= 0 && rows->cols >= 0, RITZ_ERR_ARGUMENT,
                 "the source has negative sizes");
    RITZ_REQUIRE(rows->dtype == RITZ_F32 || rows->dtype == RITZ_F64, RITZ_ERR_DTYPE,
                 "a function delivers float32 or float64, not %s", ritz_dtype_name(rows->dtype));
    feed->info.rows = rows->rows;
    feed->info.cols = rows->cols;
    feed->info.dtype = rows->dtype;
    return RITZ_OK;
}

/* The CPU device works on the host's memory itself. */
static int reads_host_memory(const ritz_device *dev)
{
    return dev->info.kind == RITZ_DEVICE_CPU;
}

int ritz_feed_in_place(const struct ritz_feed *feed)
{
    return feed->rows.kind == RITZ_ROWS_DMAT ||
           (feed->rows.kind == RITZ_ROWS_HMAT && feed->stream != NULL &&
            reads_host_memory(feed->stream->device));
}

static ritz_status open_memory(struct ritz_feed *feed)
{
    ritz_rows *rows = &feed->rows;
    if (rows->kind == RITZ_ROWS_HMAT) {
        RITZ_TRY(ritz_check_host(rows->host, "the source"));
        if (!ritz_feed_in_place(feed)) {
            RITZ_REQUIRE(rows->host.batch == 1, RITZ_ERR_SHAPE,
                         "the source is a batch of matrices");
            feed->info.rows = rows->host.rows;
            feed->info.cols = rows->host.cols;
            feed->info.dtype = rows->host.dtype;
            return RITZ_OK;
        }
        rows->device = ritz_dmat_borrow(feed->stream->device, rows->host);
    }
    RITZ_TRY(ritz_check_input(feed->stream, rows->device, "the source"));
    RITZ_TRY(ritz_check_single(rows->device, "the source"));
    feed->info.rows = rows->device.rows;
    feed->info.cols = rows->device.cols;
    feed->info.dtype = rows->device.dtype;
    return RITZ_OK;
}

static ritz_status open_source(struct ritz_feed *feed)
{
    switch (feed->rows.kind) {
    case RITZ_ROWS_DMAT:
    case RITZ_ROWS_HMAT: return open_memory(feed);
    case RITZ_ROWS_FILES: return open_files(feed);
    case RITZ_ROWS_CALLBACK: return open_callback(feed);
    case RITZ_ROWS_SPARSE:
        return ritz_fail(RITZ_ERR_UNSUPPORTED,
                         "the source is a sparse matrix, which is made dense nowhere; it is taken "
                         "by ritz_pca_fit, ritz_pca_transform_rows, ritz_svd_rows and "
                         "ritz_rows_multiply, and by functions of a ritz_linop");
    }
    return ritz_fail(RITZ_ERR_ARGUMENT,
                     "the source is empty; make it with ritz_rows_dmat, _hmat, _file, _files, "
                     "_callback or _sparse");
}

static void free_buffers(struct ritz_feed *feed)
{
    for (int i = 0; i < BUFFERS; i++) {
        (void)ritz_dmat_destroy(feed->stream, &feed->copy[i]);
        (void)ritz_event_destroy(&feed->passed[i]);
        (void)ritz_hmat_destroy(&feed->buffer[i]);
    }
}

/* Two buffers of one block each, of bytes, so that files of different types can share them. */
static ritz_status make_buffers(struct ritz_feed *feed)
{
    const int64_t rows = feed->block_rows < feed->info.rows ? feed->block_rows : feed->info.rows;
    const int64_t size = (int64_t)ritz_dtype_size(feed->info.dtype);
    RITZ_REQUIRE(!ritz_product_overflows(rows, feed->info.cols, size), RITZ_ERR_TOO_LARGE,
                 "a block of %" PRId64 " rows of %" PRId64 " columns is too large", rows,
                 feed->info.cols);
    const int64_t bytes = feed->info.cols * size;
    ritz_device *dev = feed->stream->device;
    for (int i = 0; i < BUFFERS; i++) {
        if (feed->rows.kind != RITZ_ROWS_HMAT)
            RITZ_TRY(ritz_hmat_create_pinned(dev, RITZ_U8, RITZ_ROW_MAJOR, rows, bytes,
                                             &feed->buffer[i]));
        if (!reads_host_memory(dev))
            RITZ_TRY(ritz_dmat_create(feed->stream, RITZ_U8, RITZ_ROW_MAJOR, rows, bytes,
                                      &feed->copy[i]));
        RITZ_TRY(ritz_event_create(feed->stream->device, &feed->passed[i]));
    }
    return RITZ_OK;
}

ritz_status ritz_feed_open(ritz_stream *s, const ritz_rows *rows, struct ritz_feed **out)
{
    ritz_status rc = RITZ_OK;
    *out = NULL;
    RITZ_TRY(ritz_check_not_capturing(s, "rows cannot be read"));
    struct ritz_feed *feed = calloc(1, sizeof *feed);
    RITZ_REQUIRE(feed, RITZ_ERR_MEMORY, "no host memory for a source of rows");
    feed->stream = s;
    feed->rows = *rows;
    feed->info.size = sizeof feed->info;
    RITZ_TRY_OUT(open_source(feed));
    *out = feed;
    return RITZ_OK;
out:
    (void)ritz_feed_close(&feed); /* has read nothing yet */
    return rc;
}

ritz_status ritz_feed_close(struct ritz_feed **feed)
{
    struct ritz_feed *f = *feed;
    if (!f) return RITZ_OK;
    ritz_status status = RITZ_OK;
    if (f->block_rows > 0 && !ritz_feed_in_place(f))
        status = f->stream->device->backend->stream_sync(f->stream);
    free_buffers(f);
    if (f->readers)
        for (int64_t i = 0; i < f->rows.count; i++) ritz_reader_close(&f->readers[i]);
    free(f->readers);
    free(f);
    *feed = NULL;
    return status;
}

const ritz_rows_info *ritz_feed_info(const struct ritz_feed *feed)
{
    return &feed->info;
}

int ritz_feed_can_rewind(const struct ritz_feed *feed)
{
    return !feed->rows.once;
}

/* ---- reading ---- */

/* Fill a buffer with up to `most` rows of the current file. */
static ritz_status read_file(struct ritz_feed *feed, int64_t most, ritz_hmat *block)
{
    const ritz_file_info *info = ritz_reader_info(feed->readers[feed->file]);
    while (feed->file_next == info->rows) {
        feed->file++;
        feed->file_next = 0;
        info = ritz_reader_info(feed->readers[feed->file]);
    }
    const int64_t left = info->rows - feed->file_next;
    const int64_t rows = left < most ? left : most;
    void *to = feed->buffer[feed->turn].data;
    RITZ_TRY(ritz_reader_read(feed->readers[feed->file], rows, to, info->dtype,
                              info->cols > 0 ? info->cols : 1));
    feed->file_next += rows;
    *block = ritz_hmat_wrap(to, info->dtype, rows, info->cols, RITZ_ROW_MAJOR);
    return RITZ_OK;
}

/* Ask the function until the block is full. */
static ritz_status read_callback(struct ritz_feed *feed, int64_t most, ritz_hmat *block)
{
    const ritz_rows *rows = &feed->rows;
    const int64_t ld = rows->cols > 0 ? rows->cols : 1;
    char *to = feed->buffer[feed->turn].data;
    int64_t got = 0;
    while (got < most) {
        int64_t delivered = 0;
        const int64_t offset = got * ld * (int64_t)ritz_dtype_size(rows->dtype);
        RITZ_TRY(rows->function(rows->context, 0, most - got, to + offset, ld, &delivered));
        RITZ_REQUIRE(delivered > 0 && delivered <= most - got, RITZ_ERR_IO,
                     "the source's function delivered %" PRId64 " rows when up to %" PRId64
                     " were asked for; %" PRId64 " of %" PRId64 " rows are missing",
                     delivered, most - got, feed->info.rows - feed->next - got, feed->info.rows);
        got += delivered;
    }
    *block = ritz_hmat_wrap(to, rows->dtype, got, rows->cols, RITZ_ROW_MAJOR);
    return RITZ_OK;
}

/* Rows on the host as a matrix of the device: in place, or uploaded into this turn's copy. */
static ritz_status hand_over(struct ritz_feed *feed, ritz_hmat rows, ritz_dmat *block)
{
    ritz_device *dev = feed->stream->device;
    if (reads_host_memory(dev)) {
        *block = ritz_dmat_borrow(dev, rows);
        return RITZ_OK;
    }
    *block = ritz_dmat_wrap(dev, feed->copy[feed->turn].data, rows.dtype, rows.rows, rows.cols,
                            rows.layout);
    return ritz_upload(feed->stream, rows, *block);
}

/* Mark the stream's place behind the work on the last block. */
static ritz_status mark_passed(struct ritz_feed *feed)
{
    if (!feed->outstanding) return RITZ_OK;
    feed->outstanding = 0;
    return ritz_event_record(feed->passed[(feed->turn + BUFFERS - 1) % BUFFERS], feed->stream);
}

ritz_status ritz_feed_next(struct ritz_feed *feed, ritz_dmat *block)
{
    const int64_t left = feed->info.rows - feed->next;
    const int64_t most = left < feed->block_rows ? left : feed->block_rows;
    *block = RITZ_NO_MAT;
    if (most == 0) return RITZ_OK;
    if (ritz_feed_in_place(feed)) {
        *block = ritz_row_range(feed->rows.device, feed->next, most);
        feed->next += most;
        return RITZ_OK;
    }
    RITZ_TRY(mark_passed(feed));
    RITZ_TRY(ritz_event_sync(feed->passed[feed->turn]));
    ritz_hmat rows;
    switch (feed->rows.kind) {
    case RITZ_ROWS_FILES: RITZ_TRY(read_file(feed, most, &rows)); break;
    case RITZ_ROWS_CALLBACK: RITZ_TRY(read_callback(feed, most, &rows)); break;
    default: rows = ritz_hmat_block(feed->rows.host, feed->next, 0, most, feed->info.cols); break;
    }
    RITZ_TRY(hand_over(feed, rows, block));
    feed->turn = (feed->turn + 1) % BUFFERS;
    feed->outstanding = 1;
    feed->next += rows.rows;
    return RITZ_OK;
}

static ritz_status rewind_source(struct ritz_feed *feed)
{
    RITZ_REQUIRE(ritz_feed_can_rewind(feed), RITZ_ERR_STATE,
                 "the source cannot be read a second time");
    feed->next = feed->file = feed->file_next = 0;
    if (feed->rows.kind == RITZ_ROWS_CALLBACK) {
        int64_t none = 0;
        return feed->rows.function(feed->rows.context, 1, 0, NULL, 1, &none);
    }
    if (feed->rows.kind == RITZ_ROWS_FILES)
        for (int64_t i = 0; i < feed->rows.count; i++)
            RITZ_TRY(ritz_reader_rewind(feed->readers[i]));
    return RITZ_OK;
}

ritz_status ritz_feed_start(struct ritz_feed *feed, int64_t block_rows)
{
    if (feed->next > 0) RITZ_TRY(rewind_source(feed));
    if (ritz_feed_in_place(feed)) {
        feed->block_rows = block_rows;
        return RITZ_OK;
    }
    RITZ_TRY(mark_passed(feed));
    if (feed->block_rows == block_rows) return RITZ_OK;
    if (feed->block_rows) RITZ_TRY(feed->stream->device->backend->stream_sync(feed->stream));
    free_buffers(feed);
    feed->block_rows = block_rows;
    return make_buffers(feed);
}

/* Go to a row of the files one after the other; those behind it will be read from their start. */
static ritz_status seek_in_files(struct ritz_feed *feed, int64_t row)
{
    int64_t first = 0; /* row of the file */
    feed->file = feed->file_next = 0;
    for (int64_t i = 0; i < feed->rows.count; i++) {
        const int64_t rows = ritz_reader_info(feed->readers[i])->rows;
        const int64_t within = row <= first ? 0 : row - first < rows ? row - first : rows;
        if (within > 0) {
            feed->file = i;
            feed->file_next = within;
        }
        if (within == 0 || within < rows) RITZ_TRY(ritz_reader_seek(feed->readers[i], within));
        first += rows;
    }
    return RITZ_OK;
}

/* Functions are asked for the rows before, into the next buffer. */
static ritz_status seek_in_callback(struct ritz_feed *feed, int64_t row)
{
    if (row < feed->next) RITZ_TRY(rewind_source(feed));
    RITZ_TRY(mark_passed(feed));
    RITZ_TRY(ritz_event_sync(feed->passed[feed->turn]));
    while (feed->next < row) {
        const int64_t left = row - feed->next;
        ritz_hmat ignored;
        RITZ_TRY(read_callback(feed, left < feed->block_rows ? left : feed->block_rows, &ignored));
        feed->next += ignored.rows;
    }
    return RITZ_OK;
}

ritz_status ritz_feed_seek(struct ritz_feed *feed, int64_t row)
{
    if (row == feed->next) return RITZ_OK;
    if (feed->rows.kind == RITZ_ROWS_CALLBACK) return seek_in_callback(feed, row);
    if (feed->rows.kind == RITZ_ROWS_FILES) RITZ_TRY(seek_in_files(feed, row));
    feed->next = row;
    return RITZ_OK;
}

ritz_status ritz_feed_all(struct ritz_feed *feed, ritz_dmat *A, ritz_dmat *owned)
{
    *owned = RITZ_NO_MAT;
    if (ritz_feed_in_place(feed)) {
        *A = feed->rows.device;
        return RITZ_OK;
    }
    const int64_t row_bytes = feed->info.cols * (int64_t)ritz_dtype_size(feed->info.dtype);
    RITZ_TRY(ritz_feed_start(feed, LOAD_BYTES / (row_bytes + 1) + 1));
    RITZ_TRY(ritz_dmat_create(feed->stream, feed->info.dtype, RITZ_ROW_MAJOR, feed->info.rows,
                              feed->info.cols, owned));
    *A = *owned;
    for (int64_t i = 0; i < feed->info.rows;) {
        ritz_dmat block;
        RITZ_TRY(ritz_feed_next(feed, &block));
        RITZ_TRY(ritz_op_copy(feed->stream, block, ritz_row_range(*A, i, block.rows)));
        i += block.rows;
    }
    return RITZ_OK;
}

/* ---- looking without a device ---- */

ritz_status ritz_rows_inspect(const ritz_rows *rows, ritz_rows_info *info)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(rows && info, RITZ_ERR_ARGUMENT, "rows or info is NULL");
    RITZ_TRY(ritz_check_options(info, sizeof(ritz_rows_info), "info"));
    struct ritz_feed feed = {.rows = *rows, .info = {.size = info->size}};
    ritz_status status = RITZ_OK;
    switch (rows->kind) {
    case RITZ_ROWS_DMAT:
        feed.info.rows = rows->device.rows;
        feed.info.cols = rows->device.cols;
        feed.info.dtype = rows->device.dtype;
        break;
    case RITZ_ROWS_HMAT:
        feed.info.rows = rows->host.rows;
        feed.info.cols = rows->host.cols;
        feed.info.dtype = rows->host.dtype;
        break;
    case RITZ_ROWS_SPARSE:
        RITZ_REQUIRE(rows->sparse, RITZ_ERR_ARGUMENT, "the source has no sparse matrix");
        feed.info.rows = ritz_spmat_rows(rows->sparse);
        feed.info.cols = ritz_spmat_cols(rows->sparse);
        feed.info.dtype = ritz_spmat_dtype(rows->sparse);
        break;
    default: status = open_source(&feed); break;
    }
    if (feed.readers)
        for (int64_t i = 0; i < rows->count; i++) ritz_reader_close(&feed.readers[i]);
    free(feed.readers);
    if (status == RITZ_OK) *info = feed.info;
    return status;
}
