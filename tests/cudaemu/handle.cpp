/* Handles: values that stand for streams, events, pools and library handles. They are numbers, not
 * addresses, so
 * that a dereference crashes and a destroyed handle is never mistaken for a new one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cstdio>
#include <map>

#include "state.h"

namespace emu
{

namespace
{

/* Not canonical as an x86-64 or aarch64 user address, and above every small integer that could
 * be meant. */
constexpr uintptr_t FIRST = 0x00e0000000000000u, STEP = 64;

struct Entry {
    const char *kind;
    void *object; /* nullptr: destroyed */
    std::string origin;
};

std::vector<Entry> &entries()
{
    static std::vector<Entry> *e = new std::vector<Entry>();
    return *e;
}

Entry *entry_of(const void *handle)
{
    uintptr_t value = reinterpret_cast<uintptr_t>(handle);
    if (value < FIRST || (value - FIRST) % STEP != 0) return nullptr;
    size_t index = (value - FIRST) / STEP;
    return index < entries().size() ? &entries()[index] : nullptr;
}

Entry *checked(const void *handle, const char *kind)
{
    Entry *e = entry_of(handle);
    if (!e) {
        violation("handle", "%p is not a %s", handle, kind);
    } else if (std::string(e->kind) != kind) {
        violation("handle", "%p is a %s, not a %s; made by %s", handle, e->kind, kind,
                  e->origin.c_str());
    } else if (!e->object) {
        violation("handle", "this %s was destroyed; it was made by %s", kind, e->origin.c_str());
    } else {
        return e;
    }
    return nullptr;
}

} // namespace

void *make_handle(const char *kind, void *object)
{
    uintptr_t value = FIRST + STEP * entries().size();
    const char *call = current_call();
    entries().push_back({kind, object, (call ? call : "?") + (" at " + backtrace_text(4))});
    return reinterpret_cast<void *>(value);
}

void *handle_object(const void *handle, const char *kind)
{
    Entry *e = checked(handle, kind);
    return e ? e->object : nullptr;
}

void *retire_handle(void *handle, const char *kind)
{
    Entry *e = checked(handle, kind);
    if (!e) return nullptr;
    void *object = e->object;
    e->object = nullptr;
    return object;
}

int list_live_handles()
{
    int alive = 0;
    for (const Entry &e : entries()) {
        if (!e.object) continue;
        alive++;
        fprintf(stderr, "emu: alive: %s made by %s\n", e.kind, e.origin.c_str());
    }
    return alive;
}

void reset_handles()
{
    entries().clear();
}

} // namespace emu
