/* Entry points for memory: device, stream-ordered, page-locked (NVIDIA, CUDA Runtime API 13.0,
 * "Memory Management" and "Stream Ordered Memory Allocator").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <map>

#include "plant.h"
#include "state.h"

namespace emu
{

struct Pool {
    int device;
    bool destroyed;
    int allocations; /* alive */
};

namespace
{

std::map<int, Pool *> &default_pools()
{
    static std::map<int, Pool *> *pools = new std::map<int, Pool *>();
    return *pools;
}

Pool *default_pool(int device)
{
    Pool *&p = default_pools()[device];
    if (!p) p = new Pool{device, false, 0};
    return p;
}

Pool *pool_of(cudaMemPool_t handle)
{
    return static_cast<Pool *>(handle_object(handle, "memory pool"));
}

void settle(Pool *p)
{
    p->allocations--;
    if (p->destroyed && p->allocations == 0) delete p;
}

/* What a stream-ordered allocation does when its stream gets there. */
void begin_to_exist(Record *r)
{
    std::string other;
    if (r->gone)
        violation("freed", "freed before its stream-ordered allocation: %s", locate(r->p).c_str());
    else if (!ordered_before(r->p, r->bytes, *running->clock, &other))
        violation("race", "stream-ordered allocation of %s: %s", locate(r->p).c_str(),
                  other.c_str());
    else
        arm(r);
}

/* The address is given at once; the memory begins to exist when the stream gets there. */
cudaError_t allocate_in_order(void **p, size_t bytes, Pool *pool, Stream *s)
{
    if (!p) return cudaErrorInvalidValue;
    if (bytes == 0) {
        violation("size", "%s of 0 bytes: what it does is not documented", current_call());
        return cudaErrorInvalidValue;
    }
    cudaError_t error;
    Record *r = new_device_record(bytes, pool->device, current_call(), &error);
    if (!r) return error;
    r->pool = pool;
    pool->allocations++;
    fresh_cells(r->p, bytes); /* what was here before does not concern us */
    enqueue_memory_op(s, current_call(), [r] { begin_to_exist(r); });
    *p = r->p;
    return cudaSuccess;
}

/* An allocation that may be freed by this call; `Space` and the kind of allocation are as they
 * must be. */
Record *to_be_freed(void *p)
{
    Record *r = find_record(p);
    if (!r || r->p != p || r->space != Space::Device) {
        violation("free", "%s cannot free %s", current_call(), locate(p).c_str());
        return nullptr;
    }
    if (r->freed) {
        violation("double-free", "%s: %s", current_call(), locate(p).c_str());
        return nullptr;
    }
    return r;
}

/* cudaFree of memory from a pool waits for nothing; the caller must have done so. */
void check_waited_for(const Record *r)
{
    std::string other;
    if (!r->armed)
        violation("race", "cudaFree without waiting for the stream-ordered allocation of %s",
                  locate(r->p).c_str());
    else if (!ordered_before(r->p, r->bytes, host_clock(), &other))
        violation("race", "cudaFree of %s does not wait: %s", locate(r->p).c_str(), other.c_str());
}

cudaError_t free_in_order(Record *r, Stream *s)
{
    Pool *pool = r->pool;
    mark_freed(r);
    bool dead = sticky_error(s->device) != cudaSuccess;
    if (dead)
        retire(r);
    else
        enqueue_memory_op(s, "cudaFreeAsync", [r] {
            touch(range("the memory", r->p, r->bytes, Access::Write));
            retire(r);
        });
    settle(pool);
    return cudaSuccess;
}

} // namespace

void reset_pools()
{
    for (const auto &[device, pool] : default_pools()) delete pool;
    default_pools().clear();
}

} // namespace emu

using namespace emu;

/* ---- device memory --------------------------------------------------------------------------- */

cudaError_t cudaMalloc(void **p, size_t bytes)
{
    Call call("cudaMalloc", ALLOCATES | NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorMemoryAllocation);
    if (error != cudaSuccess) return error;
    if (!p) return remember(cudaErrorInvalidValue);
    if (bytes == 0) {
        *p = nullptr;
        return cudaSuccess;
    }
    return remember(allocate_device(p, bytes, current_device(), "cudaMalloc"));
}

cudaError_t cudaFree(void *p)
{
    Call call("cudaFree", FREES | HIDDEN_SYNC | NOT_IN_CAPTURE | INFALLIBLE);
    cudaError_t error = begin_release(call);
    if (error != cudaSuccess) return error;
    if (!p || leak_planted()) return end_release(current_device());
    Record *r = to_be_freed(p);
    if (!r) return remember(cudaErrorInvalidValue);
    int device = r->device;
    Pool *pool = r->pool;
    if (pool) {
        if (sticky_error(device) == cudaSuccess) check_waited_for(r);
    } else {
        error = synchronise_device(device);
    }
    mark_freed(r);
    retire(r);
    if (pool) settle(pool);
    return error != cudaSuccess ? remember(error) : end_release(device);
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    Call call("cudaMemGetInfo", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    size_t capacity = settings().capacity;
    *free_bytes = capacity - std::min(capacity, live_bytes(current_device()));
    *total = capacity;
    return cudaSuccess;
}

/* ---- in stream order ------------------------------------------------------------------------- */

cudaError_t cudaMallocAsync(void **p, size_t bytes, cudaStream_t stream)
{
    Call call("cudaMallocAsync", ALLOCATES);
    cudaError_t error = begin(call, cudaErrorMemoryAllocation);
    if (error != cudaSuccess) return error;
    Stream *s = stream_for_work(stream, &error);
    if (!s) return remember(error);
    error = not_captured(s, "nodes of memory are not emulated, since Ritz makes none");
    if (error != cudaSuccess) return remember(error);
    return remember(allocate_in_order(p, bytes, default_pool(s->device), s));
}

cudaError_t cudaMallocFromPoolAsync(void **p, size_t bytes, cudaMemPool_t handle,
                                    cudaStream_t stream)
{
    Call call("cudaMallocFromPoolAsync", ALLOCATES);
    cudaError_t error = begin(call, cudaErrorMemoryAllocation);
    if (error != cudaSuccess) return error;
    Stream *s = stream_for_work(stream, &error);
    if (!s) return remember(error);
    error = not_captured(s, "nodes of memory are not emulated, since Ritz makes none");
    if (error != cudaSuccess) return remember(error);
    Pool *pool = pool_of(handle);
    if (!pool) return remember(cudaErrorInvalidValue);
    if (pool->device != s->device) {
        violation("other-device", "a pool of device %d serves a stream of device %d", pool->device,
                  s->device);
        return remember(cudaErrorInvalidValue);
    }
    return remember(allocate_in_order(p, bytes, pool, s));
}

cudaError_t cudaFreeAsync(void *p, cudaStream_t stream)
{
    Call call("cudaFreeAsync", FREES | INFALLIBLE);
    cudaError_t error = begin_release(call);
    if (error != cudaSuccess) return error;
    Stream *s = stream_for_work(stream, &error);
    if (!s) return remember(error);
    error = not_captured(s, "nodes of memory are not emulated, since Ritz makes none");
    if (error != cudaSuccess) return remember(error);
    if (leak_planted()) return end_release(s->device);
    Record *r = to_be_freed(p);
    if (!r) return remember(cudaErrorInvalidValue);
    if (!r->pool) {
        violation("free", "cudaFreeAsync of memory that is not stream-ordered: %s",
                  locate(p).c_str());
        return remember(cudaErrorInvalidValue);
    }
    error = free_in_order(r, s);
    return error != cudaSuccess ? remember(error) : end_release(s->device);
}

/* ---- pools ----------------------------------------------------------------------------------- */

cudaError_t cudaMemPoolCreate(cudaMemPool_t *handle, const struct cudaMemPoolProps *props)
{
    Call call("cudaMemPoolCreate", PLAIN);
    cudaError_t error = begin(call, cudaErrorMemoryAllocation);
    if (error != cudaSuccess) return error;
    bool valid = handle && props && props->allocType == cudaMemAllocationTypePinned &&
                 props->location.type == cudaMemLocationTypeDevice && props->location.id >= 0 &&
                 props->location.id < settings().devices;
    if (!valid) return remember(cudaErrorInvalidValue);
    Pool *p = new Pool{props->location.id, false, 0};
    *handle = static_cast<cudaMemPool_t>(make_handle("memory pool", p));
    return cudaSuccess;
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t handle)
{
    Call call("cudaMemPoolDestroy", INFALLIBLE);
    cudaError_t error = begin_release(call);
    if (error != cudaSuccess) return error;
    Pool *p = static_cast<Pool *>(retire_handle(handle, "memory pool"));
    if (!p) return remember(cudaErrorInvalidValue);
    int device = p->device;
    p->destroyed = true; /* and deleted when its last allocation goes */
    if (p->allocations == 0) delete p;
    return end_release(device);
}

/* How much a pool keeps, and how it reuses memory, is for speed alone: nothing depends on it. */
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t handle, enum cudaMemPoolAttr attribute,
                                    void *value)
{
    Call call("cudaMemPoolSetAttribute", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    if (!pool_of(handle) || !value) return remember(cudaErrorInvalidValue);
    switch (attribute) {
    case cudaMemPoolReuseFollowEventDependencies:
    case cudaMemPoolReuseAllowOpportunistic:
    case cudaMemPoolReuseAllowInternalDependencies:
    case cudaMemPoolAttrReleaseThreshold: return cudaSuccess;
    default: return remember(cudaErrorInvalidValue);
    }
}

/* ---- page-locked memory ---------------------------------------------------------------------- */

cudaError_t cudaMallocHost(void **p, size_t bytes)
{
    Call call("cudaMallocHost", ALLOCATES | NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorMemoryAllocation);
    if (error != cudaSuccess) return error;
    if (!p) return remember(cudaErrorInvalidValue);
    if (bytes == 0) {
        *p = nullptr;
        return cudaSuccess;
    }
    return remember(allocate_pinned(p, bytes));
}

cudaError_t cudaFreeHost(void *p)
{
    Call call("cudaFreeHost", FREES | HIDDEN_SYNC | NOT_IN_CAPTURE | INFALLIBLE);
    cudaError_t error = begin_release(call);
    if (error != cudaSuccess) return error;
    if (!p) return end_release(current_device());
    synchronise_everything();
    if (!release(p, Space::Pinned)) return remember(cudaErrorInvalidValue);
    return end_release(current_device());
}

cudaError_t cudaHostRegister(void *p, size_t bytes, unsigned flags)
{
    Call call("cudaHostRegister", ALLOCATES | NOT_IN_CAPTURE);
    cudaError_t error = begin(call, cudaErrorMemoryAllocation);
    if (error != cudaSuccess) return error;
    constexpr unsigned KNOWN = cudaHostRegisterPortable | cudaHostRegisterMapped |
                               cudaHostRegisterIoMemory | cudaHostRegisterReadOnly;
    if (!p || bytes == 0 || (flags & ~KNOWN)) return remember(cudaErrorInvalidValue);
    return remember(register_pinned(p, bytes));
}

cudaError_t cudaHostUnregister(void *p)
{
    Call call("cudaHostUnregister", FREES | HIDDEN_SYNC | NOT_IN_CAPTURE | INFALLIBLE);
    cudaError_t error = begin_release(call);
    if (error != cudaSuccess) return error;
    synchronise_everything();
    error = unregister_pinned(p);
    return error != cudaSuccess ? remember(error) : end_release(current_device());
}

/* ---- pointers -------------------------------------------------------------------------------- */

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *p)
{
    Call call("cudaPointerGetAttributes", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    if (!attributes) return remember(cudaErrorInvalidValue);
    const Record *r = find_record(p);
    void *address = const_cast<void *>(p);
    *attributes = {};
    attributes->type = cudaMemoryTypeUnregistered;
    attributes->device = cudaInvalidDeviceId;
    if (!r) {
        attributes->hostPointer = arena_device(p) < 0 ? address : nullptr;
        return cudaSuccess;
    }
    if (r->freed) violation("freed", "cudaPointerGetAttributes asks for %s", locate(p).c_str());
    attributes->type = r->space == Space::Device ? cudaMemoryTypeDevice : cudaMemoryTypeHost;
    attributes->device = r->device;
    attributes->devicePointer = address;
    attributes->hostPointer = r->space == Space::Pinned ? address : nullptr;
    return cudaSuccess;
}
