/* The memory of one case: inputs that Ritz and its peer share, and an answer for each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static size_t item_bytes(const struct bench_problem *p, struct bench_extent e)
{
    return (size_t)(e.rows * e.cols) * ritz_dtype_size(p->dtype);
}

static size_t batch_bytes(const struct bench_problem *p, struct bench_extent e)
{
    return item_bytes(p, e) * (size_t)p->shape.batch;
}

void *bench_in(const struct bench_problem *p, int which, int64_t item)
{
    return (char *)p->in[which] + (size_t)item * item_bytes(p, p->in_extent[which]);
}

void *bench_out(const struct bench_problem *p, enum bench_side side, int which, int64_t item)
{
    return (char *)p->out[side][which] + (size_t)item * item_bytes(p, p->out_extent[which]);
}

static int exists(struct bench_extent e)
{
    return e.rows > 0;
}

/* Aligned like large blocks of malloc would not be: the same for every run. */
static void *take(size_t bytes)
{
    const size_t alignment = 4096;
    return aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
}

static int take_memory(struct bench_problem *p)
{
    for (int i = 0; i < BENCH_INPUTS; i++) {
        if (!exists(p->in_extent[i])) continue;
        p->in[i] = take(batch_bytes(p, p->in_extent[i]));
        if (!p->in[i]) return -1;
    }
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < BENCH_OUTPUTS; i++) {
            if (!exists(p->out_extent[i])) continue;
            const size_t bytes = batch_bytes(p, p->out_extent[i]);
            p->out[side][i] = take(bytes);
            if (!p->out[side][i]) return -1;
            memset(p->out[side][i], 0xff, bytes); /* NaN: what is never written is seen */
        }
    }
    return 0;
}

static ritz_hmat host_matrix(const struct bench_problem *p, struct bench_extent e, void *data)
{
    const ritz_hmat H = ritz_hmat_wrap(data, p->dtype, e.rows, e.cols, RITZ_COL_MAJOR);
    return p->shape.batch == 1 ? H : ritz_hmat_batched(H, p->shape.batch, e.rows * e.cols);
}

/* What Ritz sees: on the CPU the host memory itself, else a copy on the device. */
static ritz_status place(struct bench_problem *p, struct bench_extent e, void *data, ritz_dmat *A)
{
    *A = RITZ_NO_MAT;
    if (!exists(e)) return RITZ_OK;
    const ritz_hmat H = host_matrix(p, e, data);
    if (ritz_device_get_kind(p->device) == RITZ_DEVICE_CPU) {
        *A = ritz_dmat_borrow(p->device, H);
        return RITZ_OK;
    }
    const ritz_status status = ritz_dmat_create_batch(p->stream, p->dtype, RITZ_COL_MAJOR, e.rows,
                                                      e.cols, p->shape.batch, A);
    return status ? status : ritz_upload(p->stream, H, *A);
}

static ritz_status place_all(struct bench_problem *p)
{
    for (int i = 0; i < BENCH_INPUTS; i++) {
        const ritz_status status = place(p, p->in_extent[i], p->in[i], &p->ritz_in[i]);
        if (status) return status;
    }
    for (int i = 0; i < BENCH_OUTPUTS; i++) {
        const ritz_status status =
            place(p, p->out_extent[i], p->out[BENCH_RITZ][i], &p->ritz_out[i]);
        if (status) return status;
    }
    return ritz_stream_sync(p->stream);
}

int bench_problem_open(struct bench_problem *p, const struct bench_operation *op,
                       struct bench_shape shape, ritz_dtype dtype, ritz_stream *stream, char *why)
{
    *p = (struct bench_problem){.op = op,
                                .shape = shape,
                                .dtype = dtype,
                                .device = ritz_stream_device(stream),
                                .stream = stream};
    op->extents(p);
    if (take_memory(p) || op->fill(p, 1)) {
        (void)snprintf(why, 256, "not enough memory for the matrices");
        return -1;
    }
    if (place_all(p)) {
        (void)snprintf(why, 256, "%s", ritz_last_error());
        return -1;
    }
    if (op->peer_open && op->peer_open(p)) {
        (void)snprintf(why, 256, "%s: no workspace", op->peer);
        return -1;
    }
    return 0;
}

void bench_problem_close(struct bench_problem *p)
{
    for (int i = 0; i < BENCH_INPUTS; i++) {
        if (p->ritz_in[i].flags & RITZ_MAT_OWNED) ritz_dmat_destroy(p->stream, &p->ritz_in[i]);
        free(p->in[i]);
    }
    for (int i = 0; i < BENCH_OUTPUTS; i++) {
        if (p->ritz_out[i].flags & RITZ_MAT_OWNED) ritz_dmat_destroy(p->stream, &p->ritz_out[i]);
        free(p->out[BENCH_RITZ][i]);
        free(p->out[BENCH_PEER][i]);
    }
    free(p->work);
    free(p->tau);
    free(p->scratch);
    free(p->iwork);
    *p = (struct bench_problem){.op = NULL};
}

int bench_prepare_ritz(void *context)
{
    struct bench_problem *p = context;
    if (p->op->in_place < 0) return 0;
    if (ritz_copy(p->stream, p->ritz_in[p->op->in_place], p->ritz_out[0])) return -1;
    return ritz_stream_sync(p->stream) ? -1 : 0;
}

int bench_run_ritz(void *context)
{
    struct bench_problem *p = context;
    if (p->op->ritz(p)) return -1;
    return ritz_stream_sync(p->stream) ? -1 : 0;
}

int bench_prepare_peer(void *context)
{
    struct bench_problem *p = context;
    if (p->op->in_place < 0) return 0;
    memcpy(p->out[BENCH_PEER][0], p->in[p->op->in_place], batch_bytes(p, p->out_extent[0]));
    return 0;
}

int bench_run_peer(void *context)
{
    struct bench_problem *p = context;
    for (int64_t item = 0; item < p->shape.batch; item++)
        if (p->op->peer_item(p, item)) return -1;
    return 0;
}

ritz_status bench_problem_fetch(struct bench_problem *p)
{
    if (ritz_device_get_kind(p->device) == RITZ_DEVICE_CPU) return RITZ_OK;
    for (int i = 0; i < BENCH_OUTPUTS; i++) {
        if (!exists(p->out_extent[i])) continue;
        const ritz_status status = ritz_download(
            p->stream, p->ritz_out[i], host_matrix(p, p->out_extent[i], p->out[BENCH_RITZ][i]));
        if (status) return status;
    }
    return ritz_stream_sync(p->stream);
}

double bench_problem_error(struct bench_problem *p, enum bench_side side)
{
    if (side == BENCH_RITZ && bench_problem_fetch(p)) return INFINITY;
    double error = 0;
    for (int64_t item = 0; item < p->shape.batch; item++)
        error = check_worse(error, p->op->error(p, side, item));
    return error;
}
