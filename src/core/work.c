/* The workspace of a stream: a stack of memory that grows by chunks and gives none back before the
 * stream is destroyed. Because work on a stream is ordered, memory that was released on the host
 * can be taken again at
 * once: the new use runs after the old one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/work.h"

#include <stdlib.h>

#include "core/check.h"
#include "core/device.h"
#include "core/matrix.h"

enum { ALIGNMENT = 256, SMALLEST_CHUNK = 1 << 20, LARGEST_STEP = 8 << 20, MAX_CHUNKS = 256 };

struct ritz_arena {
    int chunks;
    int current; /* chunk that is being taken from */
    size_t used; /* bytes of it */
    struct {
        void *p;
        size_t bytes;
    } chunk[MAX_CHUNKS];
};

ritz_status ritz_arena_create(struct ritz_arena **arena)
{
    *arena = calloc(1, sizeof **arena);
    RITZ_REQUIRE(*arena, RITZ_ERR_MEMORY, "no host memory for a workspace");
    return RITZ_OK;
}

void ritz_arena_destroy(ritz_stream *s)
{
    if (!s->arena) return;
    for (int i = 0; i < s->arena->chunks; i++)
        ritz_memory_give_back(s, s->arena->chunk[i].p, s->arena->chunk[i].bytes, 1);
    free(s->arena);
    s->arena = NULL;
}

static size_t held(const struct ritz_arena *arena)
{
    size_t sum = 0;
    for (int i = 0; i < arena->chunks; i++) sum += arena->chunk[i].bytes;
    return sum;
}

/* Another chunk, at least `bytes`, and the larger the more is held already, within limits: few
 * allocations without much excess. */
static ritz_status grow(ritz_stream *s, size_t bytes)
{
    struct ritz_arena *arena = s->arena;
    size_t size = held(arena);
    if (size > LARGEST_STEP) size = LARGEST_STEP;
    if (size < SMALLEST_CHUNK) size = SMALLEST_CHUNK;
    if (size < bytes) size = bytes;
    RITZ_REQUIRE(arena->chunks < MAX_CHUNKS, RITZ_ERR_MEMORY,
                 "the workspace is in %d pieces; call ritz_stream_reserve once with what is needed",
                 MAX_CHUNKS);
    void *p = NULL;
    RITZ_TRY(ritz_memory_take(s, size, 1, &p));
    arena->chunk[arena->chunks].p = p;
    arena->chunk[arena->chunks].bytes = size;
    arena->chunks++;
    return RITZ_OK;
}

struct ritz_work_mark ritz_work_mark(ritz_stream *s)
{
    return (struct ritz_work_mark){s->arena->current, s->arena->used};
}

void ritz_work_release(ritz_stream *s, struct ritz_work_mark mark)
{
    s->arena->current = mark.chunk;
    s->arena->used = mark.used;
}

ritz_status ritz_work_bytes(ritz_stream *s, size_t bytes, void **p)
{
    struct ritz_arena *arena = s->arena;
    *p = NULL;
    if (bytes == 0) return RITZ_OK;
    RITZ_REQUIRE(bytes <= SIZE_MAX / 2, RITZ_ERR_TOO_LARGE, "a workspace of %zu bytes", bytes);
    const size_t need = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    int chunk = arena->current;
    size_t used = arena->used;
    while (chunk < arena->chunks && arena->chunk[chunk].bytes - used < need) {
        chunk++;
        used = 0;
    }
    if (chunk == arena->chunks) RITZ_TRY(grow(s, need));
    *p = (char *)arena->chunk[chunk].p + used;
    arena->current = chunk;
    arena->used = used + need;
    return RITZ_OK;
}

ritz_status ritz_work_dmat(ritz_stream *s, ritz_dtype dtype, ritz_layout layout, int64_t rows,
                           int64_t cols, int64_t batch, ritz_dmat *A)
{
    const int64_t size = (int64_t)ritz_dtype_size(dtype);
    *A = RITZ_NO_MAT;
    RITZ_REQUIRE(!ritz_product_overflows(rows, cols, size) &&
                     !ritz_product_overflows(rows * cols, batch, size),
                 RITZ_ERR_TOO_LARGE, "workspace of %" PRId64 " x %" PRId64 ", batch %" PRId64, rows,
                 cols, batch);
    void *p = NULL;
    RITZ_TRY(ritz_work_bytes(s, (size_t)(rows * cols * batch * size), &p));
    *A = ritz_dmat_wrap(s->device, p, dtype, rows, cols, layout);
    A->batch = batch;
    A->flags = 0;
    return RITZ_OK;
}

ritz_status ritz_stream_reserve(ritz_stream *s, size_t bytes)
{
    RITZ_ENTER(s, NULL);
    /* In one piece, so that whatever fits into `bytes` fits into the arena. */
    for (int i = 0; i < s->arena->chunks; i++)
        if (s->arena->chunk[i].bytes >= bytes) return RITZ_OK;
    return bytes > 0 ? grow(s, bytes) : RITZ_OK;
}

size_t ritz_stream_workspace(const ritz_stream *s)
{
    return s ? held(s->arena) : 0;
}
