/* Ranges of memory that calls name, checked when a call is made.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>

#include "state.h"

namespace emu
{

namespace
{

struct Piece {
    uintptr_t begin, end;
};

bool empty(const Range &r)
{
    return r.width == 0 || r.count == 0 || r.batch == 0;
}

/* From the first byte to the last. */
Piece extent(const Range &r)
{
    uintptr_t begin = reinterpret_cast<uintptr_t>(r.p);
    return {begin, begin + (r.batch - 1) * r.batch_pitch + (r.count - 1) * r.pitch + r.width};
}

std::vector<Piece> pieces(const Range &r)
{
    std::vector<Piece> all;
    all.reserve(r.batch * r.count);
    for (size_t item = 0; item < r.batch; item++) {
        for (size_t i = 0; i < r.count; i++) {
            uintptr_t begin = reinterpret_cast<uintptr_t>(r.p) + item * r.batch_pitch + i * r.pitch;
            all.push_back({begin, begin + r.width});
        }
    }
    std::sort(all.begin(), all.end(),
              [](const Piece &a, const Piece &b) { return a.begin < b.begin; });
    return all;
}

const char *caller()
{
    return current_call() ? current_call() : "the program";
}

} // namespace

Range range(const char *what, const void *p, size_t bytes, Access access)
{
    return {what, p, bytes, bytes, 1, 0, 1, access};
}

Range matrix(const char *what, const void *p, size_t size, int64_t rows, int64_t cols, int64_t ld,
             int64_t stride, int64_t batch, Access access)
{
    if (rows <= 0 || cols <= 0 || batch <= 0) return {what, p, 0, 0, 0, 0, 0, access};
    size_t width = size_t(rows) * size, pitch = size_t(ld) * size, count = size_t(cols);
    if (pitch == width) { /* no gaps between the columns */
        width *= count;
        pitch = width;
        count = 1;
    }
    return {what, p, width, pitch, count, size_t(stride) * size, size_t(batch), access};
}

bool check_range(const Range &r, int device)
{
    if (empty(r)) return true;
    const Record *a = find_record(r.p);
    if (!a && arena_device(r.p) >= 0) {
        violation("range", "%s of %s: %s", r.what, caller(), locate(r.p).c_str());
    } else if (!a || a->space != Space::Device) {
        violation("host-pointer", "%s of %s must be device memory: %s", r.what, caller(),
                  locate(r.p).c_str());
    } else if (a->freed) {
        violation("freed", "%s of %s: %s", r.what, caller(), locate(r.p).c_str());
    } else if (device >= 0 && a->device != device) {
        violation("other-device", "%s of %s, which works on device %d: %s", r.what, caller(),
                  device, locate(r.p).c_str());
    } else if (extent(r).end > reinterpret_cast<uintptr_t>(a->p + a->bytes) ||
               extent(r).end < extent(r).begin) {
        violation("range", "%s of %s reaches %zu bytes from %s", r.what, caller(),
                  size_t(extent(r).end - extent(r).begin), locate(r.p).c_str());
    } else {
        return true;
    }
    return false;
}

bool check_host(const char *what, const void *p, size_t bytes)
{
    if (bytes == 0) return true;
    if (!p) {
        violation("null", "%s of %s is NULL", what, caller());
        return false;
    }
    if (arena_device(p) >= 0) {
        violation("device-pointer", "%s of %s must be host memory: %s", what, caller(),
                  locate(p).c_str());
        return false;
    }
    const Record *r = find_record(p);
    if (!r || bytes <= size_t(r->p + r->bytes - static_cast<const char *>(p))) return true;
    violation("range", "%s of %s: %zu bytes from %s", what, caller(), bytes, locate(p).c_str());
    return false;
}

bool overlap(const Range &a, const Range &b)
{
    if (empty(a) || empty(b)) return false;
    Piece x = extent(a), y = extent(b);
    if (x.begin >= y.end || y.begin >= x.end) return false;
    std::vector<Piece> left = pieces(a), right = pieces(b);
    for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
        if (left[i].begin < right[j].end && right[j].begin < left[i].end) return true;
        if (left[i].end <= right[j].end)
            i++;
        else
            j++;
    }
    return false;
}

} // namespace emu
