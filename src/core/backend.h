/* What a backend provides, and what core provides to it.
 *
 * A backend is one constant table. The CPU backend is compiled into the library; others are plugins
 * that are opened at run time. `src/algo` calls
 * operations only through the dispatchers ritz_op_<slot> at the end of this file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_BACKEND_H
#define RITZ_CORE_BACKEND_H

#include "core/error.h"
#include "core/ridge_maps.h"
#include "ritz/ritz.h"

/* ---- the operations -------------------------------------------------------------------------- */

/* Elements of a part of a long row: see csr_gemm. */
enum { RITZ_CSR_PART = 2048 };

enum ritz_op {
#define OP(slot, parameters, arguments, key, composite) RITZ_OP_##slot,
#include "core/ops.def"
#undef OP
    RITZ_OP_COUNT
};

struct ritz_ops {
#define OP(slot, parameters, arguments, key, composite) ritz_status(*slot) parameters;
#include "core/ops.def"
#undef OP
};

/* "gemm", "syrk", ... */
const char *ritz_op_name(enum ritz_op op);

/* ---- the table of a backend ------------------------------------------------------------------ */

struct ritz_event_state; /* private to the backend */

/* What went wrong on the device, found when a stream is synchronised. code 0: nothing. */
struct ritz_device_status {
    int32_t code;    /* a ritz_status */
    uint32_t ticket; /* which call; see ritz_ticket_take */
    int64_t item;    /* of the batch */
    int64_t index;   /* info of that item */
};

enum ritz_stream_kind { RITZ_STREAM_QUEUED, RITZ_STREAM_INLINE };

struct ritz_backend {
    uint32_t abi;  /* RITZ_BACKEND_ABI, and */
    uint32_t size; /* sizeof(struct ritz_backend), of the headers that a plugin was built with */
    const char *name;
    ritz_device_kind kind;

    /* Number of devices, usable or not; the message of a failure says why there are none. */
    ritz_status (*device_count)(int *count);

    /* Devices: fill dev->impl and dev->info, or fail with the reason as message. */
    ritz_status (*device_open)(ritz_device *dev, int index);
    void (*device_close)(ritz_device *dev);
    ritz_status (*device_set_threads)(ritz_device *dev, int threads);

    /* Streams: fill s->impl. destroy drains. sync waits for all work and says only whether
     * waiting succeeded. */
    ritz_status (*stream_create)(ritz_stream *s, enum ritz_stream_kind kind);
    /* A stream over the caller's native one (a cudaStream_t); NULL: there is no such thing. */
    ritz_status (*stream_wrap)(ritz_stream *s, void *native);
    void (*stream_destroy)(ritz_stream *s);
    ritz_status (*stream_sync)(ritz_stream *s);
    ritz_status (*stream_query)(ritz_stream *s, int *idle);
    /* Whether calls are recorded in a graph instead of being run; NULL: never. */
    ritz_status (*stream_capturing)(const ritz_stream *s, int *capturing);
    /* The status word as it is now; cleared if `clear` (only when the stream is idle). */
    ritz_status (*stream_status)(ritz_stream *s, int clear, struct ritz_device_status *status);
    ritz_status (*host_function)(ritz_stream *s, ritz_host_function fn, void *context);

    /* Events. */
    ritz_status (*event_create)(ritz_device *dev, struct ritz_event_state **e);
    void (*event_destroy)(struct ritz_event_state *e);
    ritz_status (*event_record)(struct ritz_event_state *e, ritz_stream *s);
    ritz_status (*event_wait)(struct ritz_event_state *e, ritz_stream *s);
    ritz_status (*event_sync)(struct ritz_event_state *e);
    ritz_status (*event_query)(struct ritz_event_state *e, int *done);

    /* Memory, in stream order, 256-byte aligned; bytes > 0. */
    ritz_status (*allocate)(ritz_stream *s, size_t bytes, void **p);
    void (*release)(ritz_stream *s, void *p, size_t bytes);

    /* Host memory that transfers need not stage (page-locked); NULL: any memory is as good. */
    ritz_status (*host_allocate)(ritz_device *dev, size_t bytes, void **p);
    void (*host_release)(ritz_device *dev, void *p);

    /* Between host and device, converting dtype and layout. Shapes agree. */
    ritz_status (*upload)(ritz_stream *s, ritz_hmat H, ritz_dmat D);
    ritz_status (*download)(ritz_stream *s, ritz_dmat D, ritz_hmat H);

    /* NULL, or why the native entry of `op` cannot take these matrices ("n = 3000000000 is
     * beyond 32-bit LAPACK"). */
    const char *(*limits)(enum ritz_op op, const ritz_dmat *key, int count);

    struct ritz_ops ops; /* NULL entries: the composite is used */
};

const struct ritz_backend *ritz_cpu_backend(void);

/* ---- what core gives to a backend (and to algo) ---------------------------------------------- */

struct ritz_arena;

struct ritz_device {
    const struct ritz_backend *backend;
    void *impl; /* the backend's own state */
    ritz_device_info info;
    struct ritz_device_core *core; /* references, allocation table, allocator: src/core/device.c */
    unsigned char route
        /* enum ritz_route: native, or the composite where there is no native entry */
        [RITZ_OP_COUNT];
};

struct ritz_stream {
    ritz_device *device;
    void *impl;                   /* the backend's own state */
    struct ritz_arena *arena;     /* src/core/work.c */
    struct ritz_tickets *tickets; /* src/core/ticket.c */
    uint32_t ticket; /* of the public call under way; a backend stores it with what it enqueues */
    uint32_t alive;  /* RITZ_STREAM_ALIVE; catches use after destroy */
};

#define RITZ_STREAM_ALIVE 0x5254535au

/* Whether this thread is at this moment running a host function of `s`. Set by the backend
 * around the call. */
extern _Thread_local const ritz_stream *ritz_stream_in_host_function;
/* The same for a backend that is a plugin: enter (s) or leave (NULL). */
void ritz_enter_host_function(const ritz_stream *s);

/* Scratch memory for one operation, from the stream's arena, in stack order: mark, take, release.
 * Memory
 * may be released as soon as the work that uses it is enqueued. */
struct ritz_work_mark {
    int32_t chunk;
    size_t used;
};
struct ritz_work_mark ritz_work_mark(ritz_stream *s);
void ritz_work_release(ritz_stream *s, struct ritz_work_mark mark);
ritz_status ritz_work_bytes(ritz_stream *s, size_t bytes,
                            void **p); /* 256-byte aligned; 0 bytes: NULL */
/* A matrix with the smallest leading dimension; batch_stride = rows * cols. */
ritz_status ritz_work_dmat(ritz_stream *s, ritz_dtype dtype, ritz_layout layout, int64_t rows,
                           int64_t cols, int64_t batch, ritz_dmat *A);

/* ---- dispatch -------------------------------------------------------------------------------- */

enum ritz_route {
    RITZ_ROUTE_REFUSED,
    RITZ_ROUTE_NATIVE,
    RITZ_ROUTE_COMPOSITE,
    RITZ_ROUTE_ABSENT /* an optional operation that algo composes of others */
};

/* Which version of `op` takes these matrices; for RITZ_ROUTE_REFUSED the message is set. */
enum ritz_route ritz_route_of(const ritz_stream *s, enum ritz_op op, const ritz_dmat *key,
                              int count);

/* Whether the device has an optional `op` that takes these matrices; sets no message. */
int ritz_op_offered(const ritz_stream *s, enum ritz_op op, const ritz_dmat *key, int count);

/* Tests: use the composite of `op` even where there is a native entry, or have an optional one
 * refused. Fails if there is no other way. */
ritz_status ritz_device_force_composite(ritz_device *dev, enum ritz_op op, int on);

extern const struct ritz_ops ritz_composites;

#define RITZ_UNPAREN(...) __VA_ARGS__
#define OP(slot, parameters, arguments, key, composite)                                            \
    static inline ritz_status ritz_op_##slot parameters                                            \
    {                                                                                              \
        const ritz_dmat ritz_key[] = {RITZ_UNPAREN key};                                           \
        const int ritz_keys = (int)(sizeof ritz_key / sizeof ritz_key[0]);                         \
        switch (ritz_route_of(s, RITZ_OP_##slot, ritz_key, ritz_keys)) {                           \
        case RITZ_ROUTE_NATIVE: return s->device->backend->ops.slot arguments;                     \
        case RITZ_ROUTE_COMPOSITE: return ritz_composites.slot arguments;                          \
        default: return RITZ_ERR_UNSUPPORTED;                                                      \
        }                                                                                          \
    }
#include "core/ops.def"
#undef OP

#endif
