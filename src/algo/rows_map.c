/* Y = f(A), row by row, for rows A that stream by.
 *
 * While the caller's function has a block, the device works on the next: there are two buffers on
 * the host.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/rows_map.h"

enum { BLOCK_BYTES = 8 << 20, BUFFERS = 2 };

/* Where blocks of Y go: to their places in `whole`, or through the buffers to the caller. */
struct sink {
    ritz_hmat whole;
    ritz_block_function deliver; /* NULL: `whole` */
    void *context;
    ritz_hmat buffer[BUFFERS];
    ritz_event *arrived[BUFFERS];
    int turn;
    ritz_hmat pending; /* a block on its way; no rows: none */
    int64_t first;     /* its first row */
};

static ritz_status open_sink(ritz_stream *s, const struct rows_map *map, int64_t rows,
                             struct sink *sink)
{
    if (!sink->deliver) return RITZ_OK;
    for (int i = 0; i < BUFFERS; i++) {
        RITZ_TRY(ritz_hmat_create_pinned(s->device, map->dtype, RITZ_ROW_MAJOR, rows, map->cols,
                                         &sink->buffer[i]));
        RITZ_TRY(ritz_event_create(s->device, &sink->arrived[i]));
    }
    return RITZ_OK;
}

static void close_sink(struct sink *sink)
{
    for (int i = 0; i < BUFFERS; i++) {
        (void)ritz_event_destroy(&sink->arrived[i]);
        (void)ritz_hmat_destroy(&sink->buffer[i]);
    }
}

/* Hand over the block that is on its way. */
static ritz_status flush(struct sink *sink)
{
    const ritz_hmat block = sink->pending;
    if (block.rows == 0) return RITZ_OK;
    RITZ_TRY(ritz_event_sync(sink->arrived[(sink->turn + BUFFERS - 1) % BUFFERS]));
    sink->pending.rows = 0;
    return sink->deliver(sink->context, block, sink->first);
}

static ritz_status put(ritz_stream *s, struct sink *sink, ritz_dmat Y, int64_t first)
{
    const struct ritz_backend *backend = s->device->backend;
    if (!sink->deliver)
        return backend->download(s, Y, ritz_hmat_block(sink->whole, first, 0, Y.rows, Y.cols));
    const ritz_hmat to = ritz_hmat_block(sink->buffer[sink->turn], 0, 0, Y.rows, Y.cols);
    RITZ_TRY(backend->download(s, Y, to));
    RITZ_TRY(ritz_event_record(sink->arrived[sink->turn], s));
    RITZ_TRY(flush(sink));
    sink->pending = to;
    sink->first = first;
    sink->turn = (sink->turn + 1) % BUFFERS;
    return RITZ_OK;
}

static ritz_status apply(ritz_stream *s, const struct rows_map *map, ritz_dmat A, ritz_dmat Y)
{
    if (!map->converts || A.dtype == map->dtype) return map->block(s, A, Y, map->context);
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat C;
    RITZ_TRY_OUT(ritz_work_dmat(s, map->dtype, A.layout, A.rows, A.cols, 1, &C));
    RITZ_TRY_OUT(ritz_op_copy(s, A, C));
    RITZ_TRY_OUT(map->block(s, C, Y, map->context));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status run(ritz_stream *s, struct ritz_feed *feed, const struct rows_map *map,
                       struct sink *sink)
{
    const ritz_rows_info *info = ritz_feed_info(feed);
    const int64_t width = info->cols > map->cols ? info->cols : map->cols;
    const int64_t rows = min_i64(BLOCK_BYTES / (width * 8 + 8) + 1, info->rows);
    if (info->rows == 0 || map->cols == 0) return RITZ_OK;
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat staged;
    RITZ_TRY_OUT(open_sink(s, map, rows, sink));
    RITZ_TRY_OUT(ritz_work_dmat(s, map->dtype, RITZ_ROW_MAJOR, rows, map->cols, 1, &staged));
    RITZ_TRY_OUT(ritz_feed_start(feed, rows));
    for (int64_t i = 0; i < info->rows;) {
        ritz_dmat block;
        RITZ_TRY_OUT(ritz_feed_next(feed, &block));
        const ritz_dmat Y = ritz_row_range(staged, 0, block.rows);
        RITZ_TRY_OUT(apply(s, map, block, Y));
        RITZ_TRY_OUT(put(s, sink, Y, i));
        i += block.rows;
    }
    RITZ_TRY_OUT(flush(sink));
out:
    /* Nothing may be on its way into a buffer that goes. */
    if (rc != RITZ_OK) (void)s->device->backend->stream_sync(s);
    close_sink(sink);
    ritz_work_release(s, mark);
    return rc;
}

ritz_status rows_map_into(ritz_stream *s, struct ritz_feed *feed, const struct rows_map *map,
                          ritz_hmat Y)
{
    struct sink sink = {.whole = Y};
    return run(s, feed, map, &sink);
}

ritz_status rows_map_deliver(ritz_stream *s, struct ritz_feed *feed, const struct rows_map *map,
                             ritz_block_function deliver, void *context)
{
    struct sink sink = {.deliver = deliver, .context = context};
    return run(s, feed, map, &sink);
}

static ritz_status copy_block(ritz_stream *s, ritz_dmat A, ritz_dmat Y, const void *context)
{
    (void)context;
    return ritz_op_copy(s, A, Y);
}

ritz_status rows_deliver(ritz_stream *s, ritz_dmat Y, ritz_block_function deliver, void *context)
{
    const struct rows_map map = {.dtype = Y.dtype, .cols = Y.cols, .block = copy_block};
    const ritz_rows rows = ritz_rows_dmat(Y);
    struct ritz_feed *feed = NULL;
    RITZ_TRY(ritz_feed_open(s, &rows, &feed));
    const ritz_status rc = rows_map_deliver(s, feed, &map, deliver, context);
    const ritz_status closed = ritz_feed_close(&feed);
    return rc != RITZ_OK ? rc : closed;
}
