/* Page-locked memory that a queued copy will read or write: closed to the host until the copy has
 * run.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

#include "state.h"

namespace emu
{

namespace
{

struct Pinned {
    std::vector<PendingCopy *> pending;
    bool open = true; /* nothing is protected at this moment */
};

Pinned &pinned()
{
    static Pinned *p = new Pinned();
    return *p;
}

void protect(const PendingCopy *c, int protection)
{
    for (const PendingCopy::Run &run : c->pages) {
        if (mprotect(run.begin, size_t(run.end - run.begin), protection) == 0) continue;
        fprintf(stderr, "emu: cannot protect page-locked memory\n");
        abort();
    }
}

char *page_floor(char *p)
{
    return p - reinterpret_cast<uintptr_t>(p) % PAGE;
}

char *page_ceiling(char *p)
{
    return p + (-reinterpret_cast<uintptr_t>(p)) % PAGE;
}

/* What the destination still holds may be wanted by work that was queued earlier. */
bool nobody_needs(const PendingCopy::Run &piece)
{
    if (host_functions_are_queued()) return false;
    auto overlaps = [&](const char *begin, const char *end) {
        return begin < piece.end && piece.begin < end;
    };
    for (const PendingCopy *c : pinned().pending) {
        for (const PendingCopy::Run &run : c->pages)
            if (overlaps(run.begin, run.end)) return false;
        for (const PendingCopy::Fragment &f : c->fragments)
            if (overlaps(f.p, f.p + f.expected.size())) return false;
    }
    return true;
}

} // namespace

/* Protection first: what is copied or poisoned lies in fragments, which are never protected by this
 * copy, but perhaps by
 * another one. */
PendingCopy::PendingCopy(const char *copy_name, char *p, size_t width, size_t pitch, size_t count,
                         bool writes)
    : name(copy_name), device_writes(writes)
{
    open_pinned();
    const Record *r = find_record(p);
    if (width == pitch || count == 1) {
        add(r, p, p + width * count);
    } else {
        for (size_t i = 0; i < count; i++) add(r, p + i * pitch, p + i * pitch + width);
    }
    pinned().pending.push_back(this);
}

PendingCopy::~PendingCopy()
{
    open_pinned();
    std::vector<PendingCopy *> &all = pinned().pending;
    all.erase(std::find(all.begin(), all.end(), this));
}

void PendingCopy::add(const Record *r, char *begin, char *end)
{
    /* Nobody else owns what follows our own allocation on its last page. */
    bool to_the_end = !r->registered && end == r->p + r->bytes;
    char *first = page_ceiling(begin), *last = to_the_end ? page_ceiling(end) : page_floor(end);
    Run loose[2] = {{begin, std::min(first, end)}, {std::max(last, begin), end}};
    if (first < last) {
        pages.push_back({first, last});
    } else {
        loose[0] = {begin, end};
        loose[1] = {end, end};
    }
    for (const Run &piece : loose) {
        if (piece.begin >= piece.end) continue;
        if (device_writes && nobody_needs(piece))
            fill_unwritten(piece.begin, size_t(piece.end - piece.begin));
        fragments.push_back({piece.begin, std::vector<char>(piece.begin, piece.end), false});
    }
}

void PendingCopy::check_untouched() const
{
    for (const Fragment &f : fragments) {
        if (f.tainted || memcmp(f.p, f.expected.data(), f.expected.size()) == 0) continue;
        violation("host-race", "the host changed page-locked memory that '%s' was still to %s: %s",
                  name, device_writes ? "write" : "read", locate(f.p).c_str());
        return;
    }
}

void open_pinned()
{
    if (pinned().open) return;
    for (const PendingCopy *c : pinned().pending) protect(c, PROT_READ | PROT_WRITE);
    pinned().open = true;
}

/* Where a copy that reads and one that writes overlap, the stricter protection comes last. */
void close_pinned()
{
    if (!pinned().open || pinned().pending.empty()) return;
    for (const PendingCopy *c : pinned().pending)
        if (!c->device_writes) protect(c, PROT_READ);
    for (const PendingCopy *c : pinned().pending)
        if (c->device_writes) protect(c, PROT_NONE);
    pinned().open = false;
}

void taint_pinned(const void *p, size_t bytes)
{
    const char *begin = static_cast<const char *>(p), *end = begin + bytes;
    for (PendingCopy *c : pinned().pending)
        for (PendingCopy::Fragment &f : c->fragments)
            if (f.p < end && begin < f.p + f.expected.size()) f.tainted = true;
}

void taint_all_pinned()
{
    for (PendingCopy *c : pinned().pending)
        for (PendingCopy::Fragment &f : c->fragments) f.tainted = true;
}

const PendingCopy *pending_copy_at(const void *p)
{
    const char *c = static_cast<const char *>(p);
    for (const PendingCopy *copy : pinned().pending)
        for (const PendingCopy::Run &run : copy->pages)
            if (c >= run.begin && c < run.end) return copy;
    return nullptr;
}

} // namespace emu
