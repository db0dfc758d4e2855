/* Entry points for copies and fills (NVIDIA, CUDA Runtime API 13.0, "Memory Management"; when they
 * wait: "API synchronization behavior").
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <climits>
#include <cstring>

#include "state.h"

namespace emu
{

namespace
{

constexpr size_t MAX_PITCH = INT_MAX;
constexpr size_t STAGED_AT_ONCE = size_t(64)
                                  << 10; /* a pageable source up to this size is not waited for */

/* `height` rows of `width` bytes. */
struct Copy {
    const char *name;
    char *to;
    size_t to_pitch;
    const char *from;
    size_t from_pitch;
    size_t width, height;
    bool waits; /* the plain form, which returns when the copy is done, where that is documented */

    size_t bytes() const
    {
        return width * height;
    }
    Range target() const
    {
        return {"destination", to, width, to_pitch, height, 0, 1, Access::Write};
    }
    Range source() const
    {
        return {"source", from, width, from_pitch, height, 0, 1, Access::Read};
    }
};

size_t extent(size_t pitch, size_t width, size_t height)
{
    return (height - 1) * pitch + width;
}

bool is_pinned(const void *p)
{
    const Record *r = find_record(p);
    return r && r->space == Space::Pinned;
}

bool is_device(const void *p)
{
    return arena_device(p) >= 0;
}

void move_rows(char *to, size_t to_pitch, const char *from, size_t from_pitch, size_t width,
               size_t height)
{
    for (size_t i = 0; i < height; i++) memcpy(to + i * to_pitch, from + i * from_pitch, width);
}

void move_rows(const Copy &c)
{
    move_rows(c.to, c.to_pitch, c.from, c.from_pitch, c.width, c.height);
}

cudaMemcpyKind resolve(const Copy &c, cudaMemcpyKind kind)
{
    if (kind != cudaMemcpyDefault) return kind;
    if (is_device(c.to))
        return is_device(c.from) ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice;
    return is_device(c.from) ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost;
}

/* Both ends are what the kind says; H2D and D2H are for the stream's own device. */
bool check_ends(const Copy &c, cudaMemcpyKind kind, int device)
{
    bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    int where = to_device && from_device ? -1 : device;
    bool to_ok = to_device ? check_range(c.target(), where)
                           : check_host("destination", c.to, extent(c.to_pitch, c.width, c.height));
    bool from_ok = from_device
                       ? check_range(c.source(), where)
                       : check_host("source", c.from, extent(c.from_pitch, c.width, c.height));
    if (!to_ok || !from_ok) return false;
    if (!overlap(c.target(), c.source())) return true;
    violation("overlap", "source and destination of %s overlap", c.name);
    return false;
}

/* Neither waits nor makes a copy of the source: the only ones that a graph can hold. */
bool copies_in_order(const Copy &c, cudaMemcpyKind kind)
{
    switch (kind) {
    case cudaMemcpyHostToDevice: return is_pinned(c.from);
    case cudaMemcpyDeviceToHost: return is_pinned(c.to);
    default: return kind == cudaMemcpyDeviceToDevice;
    }
}

void note_pageable(const Copy &c)
{
    if (settings().forbidden & EMU_FORBID_PAGEABLE_ASYNC)
        violation("pageable", "%s with pageable memory, which is forbidden here: %s", c.name,
                  locate(is_device(c.to) ? c.from : c.to).c_str());
    note_sync(c.name, true);
}

cudaError_t wait(Stream *s, const Copy &c)
{
    if (!c.waits) return cudaSuccess;
    note_sync(c.name, false);
    return synchronise(s);
}

/* Between the device and page-locked memory, which the host must leave alone from now on, or from
 * each launch of the graph on. */
void copy_pinned(Stream *s, const Copy &c, char *host, size_t pitch, bool device_writes)
{
    const uint64_t allocation = find_record(host)->id;
    enqueue_prepared(s, c.name, [=]() -> Run {
        const Record *r = find_record(host);
        if (!r || r->freed || r->id != allocation) {
            violation("freed", "a graph with %s is launched: %s", c.name, locate(host).c_str());
            return [] {};
        }
        auto pending =
            std::make_shared<PendingCopy>(c.name, host, c.width, pitch, c.height, device_writes);
        return [c, pending] {
            pending->check_untouched();
            touch(c.source());
            touch(c.target());
            move_rows(c);
        };
    });
}

cudaError_t upload_pinned(Stream *s, const Copy &c)
{
    copy_pinned(s, c, const_cast<char *>(c.from), c.from_pitch, false);
    return wait(s, c);
}

/* Staged: the source is free when the call returns, and the device copy may still have to run. */
cudaError_t upload_pageable(Stream *s, const Copy &c)
{
    auto staged = std::make_shared<std::vector<char>>(c.bytes());
    move_rows(staged->data(), c.width, c.from, c.from_pitch, c.width, c.height);
    enqueue(s, c.name, [c, staged] {
        touch(c.target());
        move_rows(c.to, c.to_pitch, staged->data(), c.width, c.width, c.height);
    });
    if (!c.waits) note_pageable(c);
    return c.bytes() <= STAGED_AT_ONCE ? cudaSuccess : wait(s, c);
}

cudaError_t download_pinned(Stream *s, const Copy &c)
{
    copy_pinned(s, c, c.to, c.to_pitch, true);
    return wait(s, c);
}

cudaError_t download_pageable(Stream *s, const Copy &c)
{
    enqueue(s, c.name, [c] {
        touch(c.source());
        move_rows(c);
    });
    if (c.waits) return wait(s, c);
    note_pageable(c);
    return synchronise(s);
}

/* Copying what nobody wrote is no mistake (padding); the destination is then as unwritten as the
 * source. */
cudaError_t copy_on_device(Stream *s, const Copy &c)
{
    enqueue(s, c.name, [c] {
        touch_unchecked(c.source());
        touch(c.target());
        move_rows(c);
        for (size_t i = 0; i < c.height; i++)
            copy_written(c.to + i * c.to_pitch, c.from + i * c.from_pitch, c.width);
    });
    return cudaSuccess;
}

/* Done when the call returns, after what the stream still has to do. */
cudaError_t copy_on_host(Stream *s, const Copy &c)
{
    note_sync(c.name, !c.waits);
    cudaError_t error = synchronise(s);
    protect_all(); /* this is host code, and must not touch what a queued copy uses */
    if (error == cudaSuccess) move_rows(c);
    return error;
}

cudaError_t copy(Call &call, cudaStream_t handle, const Copy &c, cudaMemcpyKind kind)
{
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault)
        return remember(cudaErrorInvalidMemcpyDirection);
    Stream *s = stream_for_work(handle, &error);
    if (!s) return remember(error);
    if (c.width == 0 || c.height == 0) return cudaSuccess;
    bool pitched = c.height > 1;
    if (pitched && (c.to_pitch < c.width || c.from_pitch < c.width || c.to_pitch > MAX_PITCH ||
                    c.from_pitch > MAX_PITCH))
        return remember(cudaErrorInvalidPitchValue);
    kind = resolve(c, kind);
    if (!check_ends(c, kind, s->device)) return remember(cudaErrorInvalidValue);
    if (!copies_in_order(c, kind)) {
        error = not_captured(s, "what it does with pageable memory is not documented");
        if (error != cudaSuccess) return remember(error);
    }
    count_bytes(kind, c.bytes());
    switch (kind) {
    case cudaMemcpyHostToDevice:
        return remember(is_pinned(c.from) ? upload_pinned(s, c) : upload_pageable(s, c));
    case cudaMemcpyDeviceToHost:
        return remember(is_pinned(c.to) ? download_pinned(s, c) : download_pageable(s, c));
    case cudaMemcpyDeviceToDevice: return remember(copy_on_device(s, c));
    default: return remember(copy_on_host(s, c));
    }
}

Copy flat(const Call &call, void *to, const void *from, size_t bytes, bool waits)
{
    return {call.name(), static_cast<char *>(to),
            bytes,       static_cast<const char *>(from),
            bytes,       bytes,
            1,           waits};
}

} // namespace

} // namespace emu

using namespace emu;

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    Call call("cudaMemcpy", NOT_IN_CAPTURE);
    return copy(call, cudaStreamLegacy, flat(call, to, from, bytes, true), kind);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t stream)
{
    Call call("cudaMemcpyAsync", PLAIN);
    return copy(call, stream, flat(call, to, from, bytes, false), kind);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                              size_t width, size_t height, enum cudaMemcpyKind kind,
                              cudaStream_t stream)
{
    Call call("cudaMemcpy2DAsync", PLAIN);
    Copy c = {call.name(), static_cast<char *>(to),
              to_pitch,    static_cast<const char *>(from),
              from_pitch,  width,
              height,      false};
    return copy(call, stream, c, kind);
}

cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t stream)
{
    Call call("cudaMemsetAsync", PLAIN);
    cudaError_t error = begin(call, cudaErrorUnknown);
    if (error != cudaSuccess) return error;
    Stream *s = stream_for_work(stream, &error);
    if (!s) return remember(error);
    if (bytes == 0) return cudaSuccess;
    Range r = range("destination", p, bytes, Access::Write);
    if (!check_range(r, s->device)) return remember(cudaErrorInvalidValue);
    count_memset(bytes);
    enqueue(s, "cudaMemsetAsync", [=] {
        touch(r);
        memset(p, value, bytes);
    });
    return cudaSuccess;
}
