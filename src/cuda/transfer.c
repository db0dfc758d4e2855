/* Moving matrices between host and device.
 *
 * What lies alike on both sides is copied as bytes. Otherwise the device holds a dense copy in the
 * host's type and layout, and
 * its own copy kernel converts, so that the host never converts an element.
 *
 * Page-locked host memory is copied directly. Pageable memory goes through a ring of page-locked
 * slots: the upload copies
 * into a slot and returns; the download lets a host function copy out of the slot in stream order.
 * Only a transfer that is longer than the ring waits.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cuda/cuda.h"

enum { SLOTS = 4, SLOT_BYTES = 1 << 20 };

struct cuda_ring {
    char *memory;            /* SLOTS * SLOT_BYTES, page-locked */
    cudaEvent_t free[SLOTS]; /* recorded behind the last use of each slot */
    int events;
    int turn;
};

/* ---- the ring ---- */

void cuda_ring_destroy(struct cuda_ring *ring)
{
    if (!ring) return;
    for (int i = 0; i < ring->events; i++) (void)cudaEventDestroy(ring->free[i]);
    if (ring->memory) (void)cudaFreeHost(ring->memory);
    free(ring);
}

static ritz_status ring_of(ritz_stream *s, struct cuda_ring **out)
{
    struct cuda_stream *c = cuda_stream_of(s);
    RITZ_TRY(cuda_not_in_capture(s, "host memory that is not page-locked, or is converted line by "
                                    "line, cannot be copied"));
    *out = c->ring;
    if (c->ring) return RITZ_OK;
    ritz_status rc;
    void *memory = NULL;
    struct cuda_ring *ring = calloc(1, sizeof *ring);
    RITZ_REQUIRE(ring, RITZ_ERR_MEMORY, "no host memory for a transfer");
    RITZ_TRY_OUT(CUDA(cudaMallocHost(&memory, (size_t)SLOTS * SLOT_BYTES)));
    ring->memory = memory;
    for (; ring->events < SLOTS; ring->events++)
        RITZ_TRY_OUT(
            CUDA(cudaEventCreateWithFlags(&ring->free[ring->events], cudaEventDisableTiming)));
    *out = c->ring = ring;
    return RITZ_OK;
out:
    cuda_ring_destroy(ring);
    return rc;
}

/* The next slot, once whatever used it last is done. */
static ritz_status take_slot(struct cuda_ring *ring, int *slot)
{
    *slot = ring->turn;
    ring->turn = (ring->turn + 1) % SLOTS;
    /* Asking first: a wait that is not one still counts as one. */
    const cudaError_t code = cudaEventQuery(ring->free[*slot]);
    if (code == cudaErrorNotReady) return CUDA(cudaEventSynchronize(ring->free[*slot]));
    return CUDA_CODE("cudaEventQuery", code);
}

/* ---- lines: what is contiguous on the host ---- */

/* The elements of a host matrix as `count` lines of `bytes`, `pitch` bytes apart, in `batch` items.
 * Lines that join
 * are one. */
struct lines {
    char *first;
    size_t bytes, pitch, count;
    size_t batch, batch_pitch;
};

static struct lines join(struct lines l)
{
    if (l.count == 1) l.pitch = l.bytes;
    if (l.pitch == l.bytes) {
        l.bytes *= l.count;
        l.count = 1;
        if (l.batch == 1 || l.batch_pitch == l.bytes) {
            l.bytes *= l.batch;
            l.batch = 1;
        } else { /* items are the lines */
            l.count = l.batch;
            l.pitch = l.batch_pitch;
            l.batch = 1;
        }
    }
    return l;
}

static struct lines lines_of(void *data, ritz_dtype dtype, ritz_layout layout, int64_t rows,
                             int64_t cols, int64_t ld, int64_t batch, int64_t stride)
{
    const size_t size = cuda_size(dtype);
    const int col = layout == RITZ_COL_MAJOR;
    const struct lines l = {
        .first = data,
        .bytes = (size_t)(col ? rows : cols) * size,
        .pitch = (size_t)ld * size,
        .count = (size_t)(col ? cols : rows),
        .batch = (size_t)batch,
        .batch_pitch = (size_t)stride * size,
    };
    return join(l);
}

static struct lines host_lines(ritz_hmat H)
{
    return lines_of(H.data, H.dtype, H.layout, H.rows, H.cols, H.ld, H.batch, H.batch_stride);
}

static struct lines device_lines(ritz_dmat D)
{
    return lines_of(D.data, D.dtype, D.layout, D.rows, D.cols, D.ld, D.batch, D.batch_stride);
}

static int is_dense(struct lines l)
{
    return l.count == 1 && l.batch == 1;
}

/* Copy `bytes` dense bytes from position `at` of the lines to `dense`, or back. */
static void gather(struct lines l, size_t at, size_t bytes, char *dense, int scatter)
{
    while (bytes > 0) {
        const size_t line = at / l.bytes, inside = at % l.bytes;
        const size_t left = l.bytes - inside, piece = left < bytes ? left : bytes;
        char *there = l.first + line / l.count * l.batch_pitch + line % l.count * l.pitch + inside;
        if (scatter)
            memcpy(there, dense, piece);
        else
            memcpy(dense, there, piece);
        at += piece;
        dense += piece;
        bytes -= piece;
    }
}

/* ---- pageable transfers of dense device memory ---- */

static ritz_status upload_staged(ritz_stream *s, struct lines from, char *to, size_t total)
{
    struct cuda_ring *ring;
    RITZ_TRY(ring_of(s, &ring));
    for (size_t at = 0; at < total; at += SLOT_BYTES) {
        const size_t bytes = total - at < SLOT_BYTES ? total - at : SLOT_BYTES;
        int slot;
        RITZ_TRY(take_slot(ring, &slot));
        char *stage = ring->memory + (size_t)slot * SLOT_BYTES;
        gather(from, at, bytes, stage, 0);
        RITZ_TRY(
            CUDA(cudaMemcpyAsync(to + at, stage, bytes, cudaMemcpyHostToDevice, cuda_native(s))));
        RITZ_TRY(CUDA(cudaEventRecord(ring->free[slot], cuda_native(s))));
    }
    return RITZ_OK;
}

struct unpack {
    struct lines to;
    size_t at, bytes;
    char *stage;
};

static void unpack(void *context)
{
    struct unpack *u = context;
    gather(u->to, u->at, u->bytes, u->stage, 1);
}

static ritz_status download_slot(ritz_stream *s, struct cuda_ring *ring, const char *from,
                                 struct lines to, size_t at, size_t bytes)
{
    int slot;
    RITZ_TRY(take_slot(ring, &slot));
    char *stage = ring->memory + (size_t)slot * SLOT_BYTES;
    RITZ_TRY(
        CUDA(cudaMemcpyAsync(stage, from + at, bytes, cudaMemcpyDeviceToHost, cuda_native(s))));
    struct unpack *u = malloc(sizeof *u);
    RITZ_REQUIRE(u, RITZ_ERR_MEMORY, "no host memory for a transfer");
    *u = (struct unpack){to, at, bytes, stage};
    const ritz_status status = cuda_host_job(s, unpack, u, free);
    if (status != RITZ_OK) {
        free(u);
        return status;
    }
    return CUDA(cudaEventRecord(ring->free[slot], cuda_native(s)));
}

static ritz_status download_staged(ritz_stream *s, const char *from, struct lines to, size_t total)
{
    struct cuda_ring *ring;
    RITZ_TRY(ring_of(s, &ring));
    for (size_t at = 0; at < total; at += SLOT_BYTES) {
        const size_t bytes = total - at < SLOT_BYTES ? total - at : SLOT_BYTES;
        RITZ_TRY(download_slot(s, ring, from, to, at, bytes));
    }
    return RITZ_OK;
}

/* ---- page-locked transfers ---- */

static ritz_status page_locked(const void *p, int *is)
{
    struct cudaPointerAttributes attributes;
    memset(&attributes, 0, sizeof attributes);
    *is = 0;
    RITZ_TRY(CUDA(cudaPointerGetAttributes(&attributes, p)));
    *is = attributes.type == cudaMemoryTypeHost;
    return RITZ_OK;
}

enum { MAX_PITCH = 0x7fffffff };

/* Line by line in hardware; both sides have the same lines. */
static ritz_status copy_lines(ritz_stream *s, struct lines to, struct lines from,
                              enum cudaMemcpyKind kind)
{
    for (size_t b = 0; b < to.batch; b++) {
        char *t = to.first + b * to.batch_pitch;
        const char *f = from.first + b * from.batch_pitch;
        if (to.count == 1)
            RITZ_TRY(CUDA(cudaMemcpyAsync(t, f, to.bytes, kind, cuda_native(s))));
        else
            RITZ_TRY(CUDA(cudaMemcpy2DAsync(t, to.pitch, f, from.pitch, to.bytes, to.count, kind,
                                            cuda_native(s))));
    }
    return RITZ_OK;
}

static int same_lines(struct lines a, struct lines b)
{
    return a.bytes == b.bytes && a.count == b.count && a.batch == b.batch && a.pitch <= MAX_PITCH &&
           b.pitch <= MAX_PITCH;
}

/* ---- the two directions ---- */

/* A caller who is told of a failure may free the host memory at once: none of it may be in use
 * then. A capture uses none of it yet. */
static ritz_status settle(ritz_stream *s, ritz_status rc)
{
    if (rc != RITZ_OK && !cuda_seems_capturing(s)) (void)cudaStreamSynchronize(cuda_native(s));
    return rc;
}

/* A matrix on the device, dense in the host's type and layout: D itself, or workspace. */
static ritz_status counterpart(ritz_stream *s, ritz_hmat H, ritz_dmat D, ritz_dmat *W)
{
    const int alike = H.dtype == D.dtype && (H.layout == D.layout || (D.rows == 1 && D.cols == 1));
    *W = D;
    if (alike && is_dense(device_lines(D))) return RITZ_OK;
    return ritz_work_dmat(s, H.dtype, H.layout, H.rows, H.cols, H.batch, W);
}

static size_t bytes_of(ritz_hmat H)
{
    return (size_t)(H.rows * H.cols * H.batch) * cuda_size(H.dtype);
}

/* Page-locked memory is copied as bytes where both sides have the same lines: `pinned` says whether
 * H is page-locked. */
static int direct(ritz_hmat H, ritz_dmat D, int pinned)
{
    return pinned && H.dtype == D.dtype && H.layout == D.layout &&
           same_lines(host_lines(H), device_lines(D));
}

ritz_status cuda_upload(ritz_stream *s, ritz_hmat H, ritz_dmat D)
{
    CUDA_ENTER(cuda_device_of(s));
    int pinned;
    RITZ_TRY(page_locked(H.data, &pinned));
    if (direct(H, D, pinned))
        return settle(s, copy_lines(s, device_lines(D), host_lines(H), cudaMemcpyHostToDevice));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W;
    RITZ_TRY_OUT(counterpart(s, H, D, &W));
    if (pinned && same_lines(host_lines(H), device_lines(W)))
        RITZ_TRY_OUT(copy_lines(s, device_lines(W), host_lines(H), cudaMemcpyHostToDevice));
    else
        RITZ_TRY_OUT(upload_staged(s, host_lines(H), W.data, bytes_of(H)));
    if (W.data != D.data) RITZ_TRY_OUT(cuda_copy(s, W, D));
out:
    ritz_work_release(s, mark);
    return settle(s, rc);
}

ritz_status cuda_download(ritz_stream *s, ritz_dmat D, ritz_hmat H)
{
    CUDA_ENTER(cuda_device_of(s));
    int pinned;
    RITZ_TRY(page_locked(H.data, &pinned));
    if (direct(H, D, pinned))
        return settle(s, copy_lines(s, host_lines(H), device_lines(D), cudaMemcpyDeviceToHost));
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W;
    RITZ_TRY_OUT(counterpart(s, H, D, &W));
    if (W.data != D.data) RITZ_TRY_OUT(cuda_copy(s, D, W));
    if (pinned && same_lines(host_lines(H), device_lines(W)))
        RITZ_TRY_OUT(copy_lines(s, host_lines(H), device_lines(W), cudaMemcpyDeviceToHost));
    else
        RITZ_TRY_OUT(download_staged(s, W.data, host_lines(H), bytes_of(H)));
out:
    ritz_work_release(s, mark);
    return settle(s, rc);
}
