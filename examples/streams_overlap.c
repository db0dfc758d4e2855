/* Two streams: one makes blocks of data while the other works on the block before.
 *
 * Row r of the data is (1, r, r²), made by a host function in the order of the first stream. The
 * second stream adds up G = Σ xᵀx. There are two buffers; events say when one is full and when it
 * may
 * be filled again. All numbers are integers below 2^53, so the sums of powers must come out
 * exactly.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <ritz/ritz.h>

enum { BLOCKS = 16, BLOCK_ROWS = 64, ROWS = BLOCKS * BLOCK_ROWS, COLS = 3, BUFFERS = 2 };

struct block {
    double (*rows)[COLS];
    int first;
};

/* Runs on the host, in the order of the stream; it must not call Ritz on that stream. */
static void make_rows(void *context)
{
    const struct block *block = context;
    for (int i = 0; i < BLOCK_ROWS; i++) {
        const double r = block->first + i;
        block->rows[i][0] = 1;
        block->rows[i][1] = r;
        block->rows[i][2] = r * r;
    }
}

/* Σ r^p over r = 0 ... n-1 (Faulhaber); the products stay below 2^63. */
static int64_t power_sum(int p)
{
    const int64_t m = ROWS - 1, n = ROWS;
    switch (p) {
    case 0: return n;
    case 1: return m * n / 2;
    case 2: return m * n * (2 * m + 1) / 6;
    case 3: return m * n / 2 * (m * n / 2);
    default: return m * n * (2 * m + 1) / 6 * (3 * m * m + 3 * m - 1) / 5;
    }
}

static int check(double G[COLS][COLS])
{
    for (int i = 0; i < COLS; i++) {
        for (int j = 0; j < COLS; j++) {
            const double expected = (double)power_sum(i + j);
            if (G[i][j] == expected) continue;
            fprintf(stderr, "G(%d, %d) is %.17g; it should be %.17g\n", i, j, G[i][j], expected);
            return 2;
        }
    }
    printf("%d rows in %d blocks: all sums are exact\n", ROWS, BLOCKS);
    return 0;
}

int main(void)
{
    double host[BUFFERS][BLOCK_ROWS][COLS], g[COLS][COLS];
    struct block block[BLOCKS];
    ritz_device *dev = NULL;
    ritz_stream *reader = NULL, *worker = NULL;
    ritz_event *full[BUFFERS] = {NULL}, *empty[BUFFERS] = {NULL};
    ritz_dmat X[BUFFERS] = {RITZ_NO_MAT, RITZ_NO_MAT}, G = RITZ_NO_MAT;
    int rc = 1;

    if (ritz_device_open("auto", &dev) || ritz_stream_create(dev, &reader) ||
        ritz_stream_create(dev, &worker) ||
        ritz_dmat_create(worker, RITZ_F64, RITZ_COL_MAJOR, COLS, COLS, &G) ||
        ritz_fill(worker, 0.0, G))
        goto out;
    for (int i = 0; i < BUFFERS; i++) {
        if (ritz_event_create(dev, &full[i]) || ritz_event_create(dev, &empty[i]) ||
            ritz_dmat_create(reader, RITZ_F64, RITZ_ROW_MAJOR, BLOCK_ROWS, COLS, &X[i]))
            goto out;
    }

    /* Nothing here waits: the loop only enqueues. An event that was never recorded does not
     * delay. */
    for (int k = 0; k < BLOCKS; k++) {
        const int i = k % BUFFERS;
        const ritz_hmat rows = ritz_hmat_wrap(host[i], RITZ_F64, BLOCK_ROWS, COLS, RITZ_ROW_MAJOR);
        block[k] = (struct block){host[i], k * BLOCK_ROWS};
        if (ritz_stream_wait(reader, empty[i]) ||
            ritz_stream_host_function(reader, make_rows, &block[k]) ||
            ritz_upload(reader, rows, X[i]) || ritz_event_record(full[i], reader) ||
            ritz_stream_wait(worker, full[i]) ||
            ritz_syrk(worker, RITZ_BOTH, 1.0, ritz_t(X[i]), 1.0, G) ||
            ritz_event_record(empty[i], worker))
            goto out;
    }
    if (ritz_download(worker, G, ritz_hmat_wrap(g, RITZ_F64, COLS, COLS, RITZ_ROW_MAJOR)) ||
        ritz_stream_sync(worker) || ritz_stream_sync(reader))
        goto out;
    rc = check(g);
out:
    if (rc == 1) fprintf(stderr, "%s\n", ritz_last_error());
    /* The reader's buffers are used by the worker too: it is done first. */
    ritz_dmat_destroy(worker, &G);
    ritz_stream_destroy(&worker);
    for (int i = 0; i < BUFFERS; i++) {
        ritz_dmat_destroy(reader, &X[i]);
        ritz_event_destroy(&empty[i]);
        ritz_event_destroy(&full[i]);
    }
    ritz_stream_destroy(&reader);
    ritz_device_close(&dev);
    return rc;
}
