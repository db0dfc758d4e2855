/* The devices of the process: opening, closing, describing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/check.h"

enum { MAX_GPUS = 64, MAX_DEVICES = MAX_GPUS + 1 }; /* place 0: the CPU; place 1 + N: GPU N */

static struct {
    pthread_mutex_t lock;
    ritz_device *open[MAX_DEVICES];
    char explanation[2048]; /* of the last ritz_device_open */
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

unsigned ritz_fork_generation;

/* ---- fork ---- */

static void before_fork(void)
{
    pthread_mutex_lock(&registry.lock);
}
static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&registry.lock);
}

static void after_fork_in_child(void)
{
    /* Worker threads and GPU contexts did not come along: forget the inherited devices, so that the
     * child can open its own. Their memory is left alone, since other code may still name them. */
    ritz_fork_generation++;
    memset(registry.open, 0, sizeof registry.open);
    pthread_mutex_unlock(&registry.lock);
}

static void watch_forks_once(void)
{
    (void)pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

static void watch_forks(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, watch_forks_once);
}

ritz_status ritz_check_device(const ritz_device *dev)
{
    RITZ_REQUIRE(dev, RITZ_ERR_ARGUMENT, "the device is NULL");
    RITZ_REQUIRE(dev->core->generation == ritz_fork_generation, RITZ_ERR_FORKED,
                 "the device was opened before fork(); open it again in the child process");
    return RITZ_OK;
}

/* ---- opening ---- */

/* Decide who carries out each operation, so that nobody has to test for NULL later. */
static ritz_status complete_operations(ritz_device *dev)
{
#define OP(slot, parameters, arguments, key, composite)                                            \
    if (dev->backend->ops.slot)                                                                    \
        dev->route[RITZ_OP_##slot] = RITZ_ROUTE_NATIVE;                                            \
    else if (ritz_composites.slot)                                                                 \
        dev->route[RITZ_OP_##slot] = RITZ_ROUTE_COMPOSITE;                                         \
    else                                                                                           \
        return ritz_fail(RITZ_ERR_INTERNAL, "backend %s has no %s and there is no composite",      \
                         dev->backend->name, #slot);
#define OPTIONAL(slot, parameters, arguments, key)                                                 \
    dev->route[RITZ_OP_##slot] = dev->backend->ops.slot ? RITZ_ROUTE_NATIVE : RITZ_ROUTE_ABSENT;
#include "core/ops.def"
#undef OPTIONAL
#undef OP
    return RITZ_OK;
}

static void free_device(ritz_device *dev)
{
    if (!dev) return;
    if (dev->core) {
        pthread_mutex_destroy(&dev->core->lock);
        free(dev->core->owned.places);
    }
    free(dev->core);
    free(dev);
}

static ritz_status new_device(const struct ritz_backend *backend, int index, ritz_device **out)
{
    ritz_status rc = RITZ_OK;
    ritz_device *dev = calloc(1, sizeof *dev);
    if (dev) dev->core = calloc(1, sizeof *dev->core);
    if (!dev || !dev->core || pthread_mutex_init(&dev->core->lock, NULL)) {
        if (dev) free(dev->core);
        free(dev);
        return ritz_fail(RITZ_ERR_MEMORY, "no host memory for a device");
    }
    dev->backend = backend;
    dev->core->generation = ritz_fork_generation;
    dev->info.size = sizeof dev->info;
    RITZ_TRY_OUT(complete_operations(dev));
    RITZ_TRY_OUT(backend->device_open(dev, index));
    *out = dev;
    return RITZ_OK;
out:
    free_device(dev);
    return rc;
}

static void explain(const char *device, const char *text)
{
    const size_t used = strlen(registry.explanation);
    snprintf(registry.explanation + used, sizeof registry.explanation - used, "%s: %s\n", device,
             text);
}

/* Open one place of the registry; the lock is held. */
static ritz_status open_place(const struct ritz_backend *backend, int place, int index,
                              ritz_device **dev)
{
    if (!registry.open[place]) {
        ritz_device *fresh = NULL;
        RITZ_TRY(new_device(backend, index, &fresh));
        registry.open[place] = fresh;
    }
    registry.open[place]->core->references++;
    *dev = registry.open[place];
    return RITZ_OK;
}

static ritz_status open_cpu(ritz_device **dev)
{
    ritz_status status = open_place(ritz_cpu_backend(), 0, 0, dev);
    explain("cpu", status ? ritz_last_error() : "available");
    return status;
}

static ritz_status open_gpu(const struct ritz_backend *backend, int gpu, ritz_device **dev)
{
    char name[32];
    snprintf(name, sizeof name, "cuda:%d", gpu);
    ritz_status status = open_place(backend, 1 + gpu, gpu, dev);
    explain(name, status ? ritz_last_error() : "available");
    return status;
}

/* A GPU by its number, or (index < 0) the first usable one. */
static ritz_status open_cuda(int index, ritz_device **dev)
{
    char name[32];
    snprintf(name, sizeof name, index < 0 ? "cuda" : "cuda:%d", index);
    const char *reason = NULL;
    const struct ritz_backend *backend = ritz_cuda_backend(&reason);
    if (!backend) {
        explain(name, reason);
        return ritz_fail(RITZ_ERR_UNAVAILABLE, "device \"%s\" is not available: %s", name, reason);
    }
    int count = 0;
    ritz_status status = backend->device_count(&count);
    if (status != RITZ_OK) explain(name, ritz_last_error());
    RITZ_TRY(status);
    if (index >= 0) return open_gpu(backend, index, dev);
    /* The first one that works; if none does, the message is that of the last. */
    status = ritz_fail(RITZ_ERR_UNAVAILABLE, "there is no GPU");
    for (int gpu = 0; gpu < count && gpu < MAX_GPUS && status != RITZ_OK; gpu++)
        status = open_gpu(backend, gpu, dev);
    return status;
}

/* "cuda" gives -1, "cuda:3" gives 3. */
static int parse_cuda(const char *name, int *index)
{
    if (strncmp(name, "cuda", 4) != 0) return 0;
    *index = -1;
    if (name[4] == '\0') return 1;
    char *end;
    if (name[4] != ':' || name[5] < '0' || name[5] > '9') return 0;
    const long value = strtol(name + 5, &end, 10);
    if (*end || value >= MAX_GPUS) return 0;
    *index = (int)value;
    return 1;
}

static ritz_status open_named(const char *name, ritz_device **dev)
{
    int index = -1;
    if (strcmp(name, "cpu") == 0) return open_cpu(dev);
    if (parse_cuda(name, &index)) return open_cuda(index, dev);
    if (strcmp(name, "auto") == 0) {
        if (open_cuda(-1, dev) == RITZ_OK) {
            explain("cpu", "not tried: a GPU was taken");
            return RITZ_OK;
        }
        return open_cpu(dev);
    }
    return ritz_fail(RITZ_ERR_ARGUMENT,
                     "\"%s\" is not a device; use \"auto\", \"cpu\", \"cuda\" or \"cuda:N\"", name);
}

ritz_status ritz_device_open(const char *name, ritz_device **dev)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(dev, RITZ_ERR_ARGUMENT, "dev is NULL");
    *dev = NULL;
    if (!name || strcmp(name, "auto") == 0) {
        const char *chosen = getenv("RITZ_DEVICE");
        name = chosen && chosen[0] ? chosen : "auto";
    }
    watch_forks();
    pthread_mutex_lock(&registry.lock);
    registry.explanation[0] = '\0';
    ritz_status status = open_named(name, dev);
    pthread_mutex_unlock(&registry.lock);
    return status;
}

const char *ritz_device_explain(void)
{
    static _Thread_local char copy[sizeof registry.explanation];
    pthread_mutex_lock(&registry.lock);
    memcpy(copy, registry.explanation, sizeof copy);
    pthread_mutex_unlock(&registry.lock);
    return copy;
}

/* ---- closing ---- */

static ritz_status close_device(ritz_device *dev)
{
    struct ritz_device_core *core = dev->core;
    pthread_mutex_lock(&core->lock);
    const int last = core->references == 1;
    const int streams = core->streams, events = core->events;
    const size_t matrices = core->owned.used;
    const int busy = last && (streams || events || matrices);
    if (!busy) core->references--;
    pthread_mutex_unlock(&core->lock);
    RITZ_REQUIRE(!busy, RITZ_ERR_STATE,
                 "the device still has %d streams, %d events and %zu owned matrices; destroy them "
                 "first",
                 streams, events, matrices);
    if (!last) return RITZ_OK;
    for (int place = 0; place < MAX_DEVICES; place++)
        if (registry.open[place] == dev) registry.open[place] = NULL;
    dev->backend->device_close(dev);
    free_device(dev);
    return RITZ_OK;
}

ritz_status ritz_device_close(ritz_device **dev)
{
    RITZ_SCOPE();
    if (!dev || !*dev) return RITZ_OK;
    RITZ_TRY(ritz_check_device(*dev));
    pthread_mutex_lock(&registry.lock);
    ritz_status status = close_device(*dev);
    pthread_mutex_unlock(&registry.lock);
    if (status == RITZ_OK) *dev = NULL;
    return status;
}

/* ---- describing and setting ---- */

ritz_device_kind ritz_device_get_kind(const ritz_device *dev)
{
    return dev->info.kind;
}

/* Give a caller who was compiled against an older, shorter struct the fields that he knows. */
static void copy_out(void *to, size_t to_size, const void *from, size_t from_size)
{
    memcpy(to, from, to_size < from_size ? to_size : from_size);
    memcpy(to, &to_size, sizeof to_size);
}

ritz_status ritz_device_describe(const ritz_device *dev, ritz_device_info *info)
{
    RITZ_SCOPE();
    RITZ_TRY(ritz_check_device(dev));
    RITZ_TRY(ritz_check_options(info, sizeof(ritz_device_info), "info"));
    RITZ_REQUIRE(info, RITZ_ERR_ARGUMENT, "info is NULL");
    copy_out(info, info->size, &dev->info, sizeof dev->info);
    return RITZ_OK;
}

ritz_status ritz_device_memory(const ritz_device *dev, ritz_memory_info *info)
{
    RITZ_SCOPE();
    RITZ_TRY(ritz_check_device(dev));
    RITZ_TRY(ritz_check_options(info, sizeof(ritz_memory_info), "info"));
    RITZ_REQUIRE(info, RITZ_ERR_ARGUMENT, "info is NULL");
    struct ritz_device_core *core = dev->core;
    pthread_mutex_lock(&core->lock);
    const ritz_memory_info now = {
        .size = sizeof now,
        .matrices = (int64_t)core->owned.used,
        .matrix_bytes = core->owned_bytes,
        .workspace_bytes = core->workspace_bytes,
        .peak_bytes = core->peak_bytes,
    };
    pthread_mutex_unlock(&core->lock);
    copy_out(info, info->size, &now, sizeof now);
    return RITZ_OK;
}

ritz_status ritz_device_set_threads(ritz_device *dev, int threads)
{
    RITZ_SCOPE();
    RITZ_TRY(ritz_check_device(dev));
    RITZ_REQUIRE(threads >= 0, RITZ_ERR_ARGUMENT,
                 "threads is %d; give at least 1, or 0 for the default", threads);
    return dev->backend->device_set_threads(dev, threads);
}

ritz_status ritz_device_set_allocator(ritz_device *dev, const ritz_allocator *allocator)
{
    RITZ_SCOPE();
    RITZ_TRY(ritz_check_device(dev));
    RITZ_REQUIRE(!allocator || (allocator->allocate && allocator->release), RITZ_ERR_ARGUMENT,
                 "both functions of the allocator are needed");
    struct ritz_device_core *core = dev->core;
    pthread_mutex_lock(&core->lock);
    const int busy = core->owned.used > 0 || core->workspace_bytes > 0;
    if (!busy) core->allocator = allocator ? *allocator : (ritz_allocator){NULL, NULL, NULL};
    pthread_mutex_unlock(&core->lock);
    RITZ_REQUIRE(
        !busy, RITZ_ERR_STATE,
        "the device holds memory of the present allocator; destroy matrices and streams first");
    return RITZ_OK;
}

ritz_status ritz_device_operation(const ritz_device *dev, int index, const char **name,
                                  const char **route)
{
    static const char *const routes[] = {
        [RITZ_ROUTE_REFUSED] = "refused",
        [RITZ_ROUTE_NATIVE] = "native",
        [RITZ_ROUTE_COMPOSITE] = "composite",
        [RITZ_ROUTE_ABSENT] = "composite",
    };
    RITZ_SCOPE();
    RITZ_TRY(ritz_check_device(dev));
    RITZ_REQUIRE(name && route, RITZ_ERR_ARGUMENT, "name or route is NULL");
    RITZ_REQUIRE(index >= 0 && index < RITZ_OP_COUNT, RITZ_ERR_ARGUMENT,
                 "there is no operation number %d; the last is %d", index, RITZ_OP_COUNT - 1);
    *name = ritz_op_name((enum ritz_op)index);
    *route = routes[dev->route[index]];
    return RITZ_OK;
}

void ritz_device_count_streams(ritz_device *dev, int change)
{
    pthread_mutex_lock(&dev->core->lock);
    dev->core->streams += change;
    pthread_mutex_unlock(&dev->core->lock);
}

void ritz_device_count_events(ritz_device *dev, int change)
{
    pthread_mutex_lock(&dev->core->lock);
    dev->core->events += change;
    pthread_mutex_unlock(&dev->core->lock);
}
