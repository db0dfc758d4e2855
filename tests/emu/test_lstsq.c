/* Rank-deficient least squares stays on the device: what is copied to the host is a few numbers,
 * however large the problem, and the ranks that come back are right.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "core/backend.h"
#include "cudaemu/emu.h"
#include "emu/operations.h"

enum { M = 600, N = 60, RANK = 40, TARGETS = 2, BATCH = 3, MOST_BYTES = 1024 };

static ritz_dmat take(ritz_stream *s, ritz_dtype dtype, int64_t rows, int64_t cols, int64_t batch)
{
    ritz_dmat A;
    must(ritz_dmat_create_batch(s, dtype, RITZ_COL_MAJOR, rows, cols, batch, &A));
    return A;
}

/* Of rank RANK: the last columns are sums of pairs of the first. */
static void fill(ritz_stream *s, ritz_dmat A, ritz_dmat B)
{
    must(ritz_op_random_fill(s, RITZ_NORMAL, 7, 0, 0, 0, A));
    must(ritz_op_random_fill(s, RITZ_NORMAL, 7, 1, 0, 0, B));
    const ritz_dmat rest = ritz_cols(A, RANK, N - RANK);
    must(ritz_op_copy(s, ritz_cols(A, 0, N - RANK), rest));
    must(ritz_op_axpby(s, 1.0, ritz_cols(A, N - RANK, N - RANK), 1.0, rest));
}

static int solve(ritz_stream *s, ritz_dtype dtype, ritz_lstsq_method method, int64_t batch)
{
    const ritz_dmat A = take(s, dtype, M, N, batch), B = take(s, dtype, M, TARGETS, batch);
    const ritz_dmat X = take(s, dtype, N, TARGETS, batch), rank = take(s, RITZ_I32, batch, 1, 1);
    ritz_dmat all[] = {A, B, X, rank};
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    ritz_lstsq_report report = RITZ_LSTSQ_REPORT_INIT;
    struct emu_counts counts;
    int32_t ranks[BATCH];
    int problems = 0;
    opts.method = method;
    opts.rank = rank;
    fill(s, A, B);
    must(ritz_stream_sync(s));
    emu_counters_clear();
    must(ritz_lstsq(s, A, B, X, &opts, &report));
    emu_counters(&counts);
    must(ritz_stream_sync(s));
    must(ritz_download(s, rank, ritz_hmat_wrap(ranks, RITZ_I32, batch, 1, RITZ_COL_MAJOR)));
    must(ritz_stream_sync(s));
    for (int64_t b = 0; b < batch; b++) problems += ranks[b] != RANK;
    problems += counts.bytes_d2h >= MOST_BYTES;
    printf("%s %s %-8s batch %lld: %s, rank %d, %lld bytes to the host\n",
           problems > 0 ? "FAIL" : "    ", ritz_dtype_name(dtype),
           method == RITZ_LSTSQ_AUTO ? "auto" : "minnorm", (long long)batch, report.method_name,
           (int)ranks[0], (long long)counts.bytes_d2h);
    for (int i = 0; i < 4; i++) must(ritz_dmat_destroy(s, &all[i]));
    return problems;
}

int main(void)
{
    static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
    ritz_device *dev;
    ritz_stream *s;
    int problems = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    must(ritz_device_open("cuda", &dev));
    must(ritz_stream_create(dev, &s));
    for (int t = 0; t < 2; t++) {
        problems += solve(s, reals[t], RITZ_LSTSQ_AUTO, 1);
        problems += solve(s, reals[t], RITZ_LSTSQ_MINNORM, 1);
        problems += solve(s, reals[t], RITZ_LSTSQ_AUTO, BATCH);
    }
    must(ritz_stream_destroy(&s));
    must(ritz_device_close(&dev));
    printf("%d problems\n", problems);
    return problems > 0;
}
