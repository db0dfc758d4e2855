/* The part of a device that core keeps for itself, and how the rest of core uses it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_DEVICE_H
#define RITZ_CORE_DEVICE_H

#include <pthread.h>

#include "core/backend.h"

struct ritz_allocation {
    void *p; /* NULL: an empty place */
    size_t bytes;
};

/* Owned matrices by address: catches a second free through a copy, and is the leak test. */
struct ritz_allocations {
    struct ritz_allocation *places; /* a power of two, linear probing */
    size_t capacity, used;
};

struct ritz_device_core {
    pthread_mutex_t lock; /* guards everything below */
    int references;
    int streams, events;
    struct ritz_allocations owned;
    int64_t owned_bytes, workspace_bytes, peak_bytes;
    ritz_allocator allocator; /* allocate == NULL: the backend's own */
    unsigned generation;      /* of the process, see ritz_fork_generation */
};

/* Raised in every forked child: what was opened under an older number is not usable. */
extern unsigned ritz_fork_generation;

/* The device can be used by this process. */
ritz_status ritz_check_device(const ritz_device *dev);

/* Count a stream or an event in (+1) or out (-1). */
void ritz_device_count_streams(ritz_device *dev, int change);
void ritz_device_count_events(ritz_device *dev, int change);

/* Device memory through the caller's allocator or the backend; `workspace` says for which
 * account. */
ritz_status ritz_memory_take(ritz_stream *s, size_t bytes, int workspace, void **p);
void ritz_memory_give_back(ritz_stream *s, void *p, size_t bytes, int workspace);

/* src/core/plugin.c: the CUDA backend, or NULL and the reason. The registry calls it under its
 * lock. */
const struct ritz_backend *ritz_cuda_backend(const char **reason);

#endif
