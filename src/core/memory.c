/* Device memory: owned matrices, and the account of what is held.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/check.h"
#include "core/device.h"
#include "core/matrix.h"

/* ---- the table of owned allocations; the device's lock is held ---- */

static size_t place_of(const struct ritz_allocations *t, const void *p)
{
    const uint64_t hash = ((uint64_t)(uintptr_t)p >> 4) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash >> 32) & (t->capacity - 1);
}

static void put(struct ritz_allocations *t, struct ritz_allocation a)
{
    size_t i = place_of(t, a.p);
    while (t->places[i].p) i = (i + 1) & (t->capacity - 1);
    t->places[i] = a;
    t->used++;
}

/* Room for one more entry, at most half full. */
static int make_room(struct ritz_allocations *t)
{
    if (2 * (t->used + 1) <= t->capacity) return 1;
    struct ritz_allocations larger = {NULL, t->capacity ? 2 * t->capacity : 64, 0};
    larger.places = calloc(larger.capacity, sizeof *larger.places);
    if (!larger.places) return 0;
    for (size_t i = 0; i < t->capacity; i++)
        if (t->places[i].p) put(&larger, t->places[i]);
    free(t->places);
    *t = larger;
    return 1;
}

/* Take an entry out; 0 if it is not there. */
static int take_out(struct ritz_allocations *t, const void *p, size_t *bytes)
{
    if (!t->capacity) return 0;
    const size_t mask = t->capacity - 1;
    size_t hole = place_of(t, p);
    while (t->places[hole].p && t->places[hole].p != p) hole = (hole + 1) & mask;
    if (!t->places[hole].p) return 0;
    *bytes = t->places[hole].bytes;
    /* Close the gap: move entries back that would no longer be found across it. */
    for (size_t i = (hole + 1) & mask; t->places[i].p; i = (i + 1) & mask) {
        const size_t home = place_of(t, t->places[i].p);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            t->places[hole] = t->places[i];
            hole = i;
        }
    }
    t->places[hole].p = NULL;
    t->used--;
    return 1;
}

/* ---- taking and giving back ---- */

static void account(struct ritz_device_core *core, int64_t bytes, int workspace)
{
    *(workspace ? &core->workspace_bytes : &core->owned_bytes) += bytes;
    const int64_t now = core->workspace_bytes + core->owned_bytes;
    if (now > core->peak_bytes) core->peak_bytes = now;
}

static ritz_status raw_take(ritz_stream *s, size_t bytes, void **p)
{
    const ritz_allocator *allocator = &s->device->core->allocator;
    if (!allocator->allocate) return s->device->backend->allocate(s, bytes, p);
    *p = allocator->allocate(allocator->context, bytes, s);
    RITZ_REQUIRE(*p, RITZ_ERR_DEVICE_MEMORY, "the installed allocator refused %zu bytes", bytes);
    return RITZ_OK;
}

static void raw_give_back(ritz_stream *s, void *p, size_t bytes)
{
    const ritz_allocator *allocator = &s->device->core->allocator;
    if (allocator->allocate)
        allocator->release(allocator->context, p, bytes, s);
    else
        s->device->backend->release(s, p, bytes);
}

ritz_status ritz_memory_take(ritz_stream *s, size_t bytes, int workspace, void **p)
{
    struct ritz_device_core *core = s->device->core;
    *p = NULL;
    RITZ_TRY(raw_take(s, bytes, p));
    pthread_mutex_lock(&core->lock);
    const int room = workspace || make_room(&core->owned);
    if (room) {
        if (!workspace) put(&core->owned, (struct ritz_allocation){*p, bytes});
        account(core, (int64_t)bytes, workspace);
    }
    pthread_mutex_unlock(&core->lock);
    if (room) return RITZ_OK;
    raw_give_back(s, *p, bytes);
    *p = NULL;
    return ritz_fail(RITZ_ERR_MEMORY, "no host memory for the table of allocations");
}

void ritz_memory_give_back(ritz_stream *s, void *p, size_t bytes, int workspace)
{
    struct ritz_device_core *core = s->device->core;
    pthread_mutex_lock(&core->lock);
    account(core, -(int64_t)bytes, workspace);
    pthread_mutex_unlock(&core->lock);
    raw_give_back(s, p, bytes);
}

/* ---- owned matrices ---- */

ritz_status ritz_dmat_create_batch(ritz_stream *s, ritz_dtype dtype, ritz_layout layout,
                                   int64_t rows, int64_t cols, int64_t batch, ritz_dmat *A)
{
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(A, RITZ_ERR_ARGUMENT, "A is NULL");
    *A = RITZ_NO_MAT;
    RITZ_REQUIRE(ritz_dtype_valid(dtype), RITZ_ERR_DTYPE, "%d is not a data type", (int)dtype);
    RITZ_REQUIRE(layout == RITZ_COL_MAJOR || layout == RITZ_ROW_MAJOR, RITZ_ERR_LAYOUT,
                 "%d is not a layout", (int)layout);
    RITZ_REQUIRE(rows >= 0 && cols >= 0 && batch >= 0, RITZ_ERR_ARGUMENT,
                 "%" PRId64 " x %" PRId64 ", batch %" PRId64 ": sizes cannot be negative", rows,
                 cols, batch);
    int64_t bytes = 0;
    const int64_t size = (int64_t)ritz_dtype_size(dtype);
    RITZ_REQUIRE(!ritz_product_overflows(rows, cols, size) &&
                     !ritz_product_overflows(rows * cols, batch, size),
                 RITZ_ERR_TOO_LARGE,
                 "%" PRId64 " x %" PRId64 " of %s, batch %" PRId64 ": more than 2^63 bytes", rows,
                 cols, ritz_dtype_name(dtype), batch);
    bytes = rows * cols * batch * size;

    void *p = NULL;
    if (bytes > 0) RITZ_TRY(ritz_memory_take(s, (size_t)bytes, 0, &p));
    const int64_t inner = layout == RITZ_COL_MAJOR ? rows : cols;
    *A = (ritz_dmat){.data = p,
                     .device = s->device,
                     .rows = rows,
                     .cols = cols,
                     .ld = inner < 1 ? 1 : inner,
                     .batch = batch,
                     .batch_stride = rows * cols,
                     .dtype = dtype,
                     .layout = layout,
                     .flags = RITZ_MAT_OWNED};
    return RITZ_OK;
}

ritz_status ritz_dmat_create(ritz_stream *s, ritz_dtype dtype, ritz_layout layout, int64_t rows,
                             int64_t cols, ritz_dmat *A)
{
    RITZ_SCOPE();
    return ritz_dmat_create_batch(s, dtype, layout, rows, cols, 1, A);
}

ritz_status ritz_dmat_destroy(ritz_stream *s, ritz_dmat *A)
{
    RITZ_SCOPE();
    if (!A || (!A->data && !A->device)) return RITZ_OK;
    RITZ_REQUIRE(A->flags & RITZ_MAT_OWNED, RITZ_ERR_ARGUMENT,
                 "A is a view or borrowed; destroy the value that ritz_dmat_create filled");
    RITZ_TRY(ritz_check_stream(s));
    RITZ_REQUIRE(A->device == s->device, RITZ_ERR_DEVICE, "A is not on the stream's device");
    if (A->data) {
        size_t bytes = 0;
        pthread_mutex_lock(&s->device->core->lock);
        const int found = take_out(&s->device->core->owned, A->data, &bytes);
        pthread_mutex_unlock(&s->device->core->lock);
        RITZ_REQUIRE(found, RITZ_ERR_ARGUMENT,
                     "A was destroyed already, through a copy of its description");
        ritz_memory_give_back(s, A->data, bytes, 0);
    }
    *A = RITZ_NO_MAT;
    return RITZ_OK;
}

ritz_status ritz_dmat_destroy_all(ritz_stream *s, ritz_dmat *const *owned, size_t count)
{
    ritz_status status = RITZ_OK;
    for (size_t i = 0; i < count; i++) {
        const ritz_status one = ritz_dmat_destroy(s, owned[i]);
        if (status == RITZ_OK) status = one;
    }
    return status;
}
