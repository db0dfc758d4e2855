/* Every load and store of a kernel: is the memory alive, was it written, does another thread of the
 * launch interfere?
 *
 * Kernel files are compiled with -fsanitize=thread, but its runtime is not linked: the functions
 * that the compiler calls before each access are at the end of this file.
 *
 * Accesses of different launches are compared by cells.cpp, through touch_cell. Inside a launch
 * there is a cell for each four bytes, with the last writer and the two last readers. Two accesses
 * conflict if one is a plain write, they come from different threads, and no barrier or warp
 * collective orders them. Which bytes of the four were meant is kept, so narrow types do not
 * disturb one another.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <unordered_map>

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include "simt.h"
#include "state.h"

namespace emu
{

namespace
{

constexpr uint32_t WARP = 32;

/* ---- which access ---------------------------------------------------------------------------- */

struct What {
    uintptr_t address;
    size_t bytes;
    bool write, plain; /* not plain: atomic */
    uintptr_t pc;
};

/* "file:line" of the access before `pc`; the innermost line that a person wrote, not one of
 * emu_device.h. */
std::string source_text(uintptr_t pc)
{
    if (pc >= PTX_PLACES) return instruction_place(pc);
    Dl_info info;
    if (pc == 0 || !dladdr(reinterpret_cast<void *>(pc), &info)) return "an unknown place";
    const size_t offset = pc - reinterpret_cast<uintptr_t>(info.dli_fbase);
    char text[512];
    snprintf(text, sizeof text, "addr2line -ie '%s' %#zx 2>/dev/null", info.dli_fname, offset - 1);
    std::string found;
    FILE *f = access(info.dli_fname, R_OK) == 0 ? popen(text, "r") : nullptr;
    if (f) {
        for (char line[400]; found.empty() && fgets(line, sizeof line, f);)
            if (!strstr(line, "emu_device.h") && line[0] != '?')
                found.assign(line, strcspn(line, " \n"));
        pclose(f);
    }
    if (!found.empty()) return found;
    snprintf(text, sizeof text, "%s+%#zx", info.dli_fname, offset);
    return text;
}

std::string access_text(const What &a)
{
    char text[96];
    snprintf(text, sizeof text, " %s %zu bytes, ",
             !a.plain  ? "changes atomically"
             : a.write ? "writes"
                       : "reads",
             a.bytes);
    return std::string("kernel ") + kernel_text() + ": " + thread_text(here.serial, here.thread) +
           text;
}

/* One report for each kind of finding and line of a launch: more threads only repeat it. */
std::set<std::pair<uintptr_t, std::string>> reported;

bool first_report(uintptr_t pc, const char *kind)
{
    return reported.insert({pc, kind}).second;
}

/* An access that the memory does not allow: the launch ends when the caller has cleaned up. */
bool refused;

void refuse(const char *kind, const What &a, const std::string &text)
{
    violation(kind, "%s%s (%s)", access_text(a).c_str(), text.c_str(), source_text(a.pc).c_str());
    refused = true;
}

void report(const char *kind, const What &a, const std::string &text)
{
    if (first_report(a.pc, kind))
        violation(kind, "%s%s (%s)", access_text(a).c_str(), text.c_str(),
                  source_text(a.pc).c_str());
}

/* ---- cells ----------------------------------------------------------------------------------- */

/* Places of accesses, by 16 bits of a hash: enough to name the other side of a race. */
uintptr_t places[1 << 16];

uint32_t place_of(uintptr_t pc)
{
    const uint32_t i = static_cast<uint32_t>(pc ^ pc >> 16) & 0xFFFFu;
    places[i] = pc;
    return i;
}

/* Who made an access: the block's serial number, the thread, how many barriers and collectives it
 * had passed, where. */
struct Entry {
    uint64_t serial : 40, thread : 10, bytes : 4, plain : 1, unused : 9;
    uint32_t barriers : 16, place : 16;
    uint32_t tick;
};

struct Cell {
    Entry writer, reader[2];
};

/* An entry counts if it is not from an earlier launch or, in shared memory, of an earlier block. */
bool counts(const Entry &o, uint64_t since)
{
    return o.bytes != 0 && o.serial >= since;
}

bool same_thread(const Entry &a, const Entry &b)
{
    return a.serial == b.serial && a.thread == b.thread;
}

/* Nothing orders the earlier access `o` before the one that `me` makes now. */
bool unordered(const Entry &o, const Entry &me, uint64_t since)
{
    if (!counts(o, since) || (o.bytes & me.bytes) == 0 || same_thread(o, me)) return false;
    if (o.serial != me.serial) return true;
    if (o.barriers != me.barriers) return false;
    return o.thread / WARP != me.thread / WARP || !ordered_in_warp(o.thread, o.tick);
}

/* The entry that conflicts with `me`, or nullptr. */
const Entry *conflict(const Cell &c, const Entry &me, bool write, uint64_t since)
{
    if ((c.writer.plain || (write && me.plain)) && unordered(c.writer, me, since)) return &c.writer;
    if (!write || !me.plain) return nullptr;
    for (const Entry &r : c.reader)
        if (unordered(r, me, since)) return &r;
    return nullptr;
}

void renew(Entry *o, Entry me)
{
    if (same_thread(*o, me) && o->barriers == me.barriers && o->tick == me.tick)
        me.bytes |= o->bytes;
    *o = me;
}

void record(Cell *c, const Entry &me, bool write)
{
    if (write) {
        renew(&c->writer, me);
        return;
    }
    Entry *r = c->reader;
    if (same_thread(r[0], me)) {
        renew(&r[0], me);
    } else if (same_thread(r[1], me)) {
        renew(&r[1], me);
    } else if (!(r[0].serial == me.serial && counts(r[1], here.first) &&
                 r[1].serial != me.serial)) {
        r[1] = r[0]; /* else r[1] is kept: it alone is of another block */
        r[0] = me;
    } else {
        r[0] = me;
    }
}

constexpr size_t PAGE_CELLS = 1024, MANY_PAGES = 4096;
struct CellPage {
    Cell cell[PAGE_CELLS];
};
std::unordered_map<uintptr_t, std::unique_ptr<CellPage>> pages;
struct {
    uintptr_t number;
    CellPage *page;
} recent[64];

Cell *cell_at(uintptr_t i)
{
    const uintptr_t number = i / PAGE_CELLS;
    auto &r = recent[number % 64];
    if (r.number != number || !r.page) {
        std::unique_ptr<CellPage> &p = pages[number];
        if (!p) p = std::make_unique<CellPage>();
        r.number = number;
        r.page = p.get();
    }
    return &r.page->cell[i % PAGE_CELLS];
}

void drop_pages()
{
    pages.clear();
    for (auto &r : recent) r = {0, nullptr};
}

Entry entry_of(const What &a)
{
    Entry me = {};
    me.serial = here.serial;
    me.thread = here.thread;
    me.plain = a.plain;
    me.barriers = here.barriers & 0xFFFFu;
    me.tick = here.tick;
    me.place = place_of(a.pc);
    return me;
}

/* Calls f(cell number relative to base, the bytes of that cell). */
template <typename F> void for_each_cell(uintptr_t offset, size_t bytes, F f)
{
    const uintptr_t end = offset + bytes;
    for (uintptr_t i = offset / 4; i * 4 < end; i++) {
        const uintptr_t begin = std::max(offset, i * 4) - i * 4,
                        stop = std::min(end, i * 4 + 4) - i * 4;
        f(i, ((1u << stop) - 1) & ~((1u << begin) - 1));
    }
}

void report_race(const What &a, const std::string &place, const Entry &other, bool other_wrote)
{
    if (!first_report(a.pc, "race")) return;
    const uintptr_t pc = places[other.place];
    violation("race", "%s%s (%s), which %s %s (%s); nothing orders the two", access_text(a).c_str(),
              place.c_str(), source_text(a.pc).c_str(),
              thread_text(other.serial, other.thread).c_str(), other_wrote ? "wrote" : "read",
              source_text(pc).c_str());
}

/* Compares the access with the cell and leaves its entry there. `place` makes the text for a
 * report. */
template <typename F> void visit(const What &a, Cell *c, const Entry &me, uint64_t since, F place)
{
    const Entry *other = conflict(*c, me, a.write, since);
    if (other) report_race(a, place(), *other, other == &c->writer);
    record(c, me, a.write);
}

/* A cell of four bytes remembers only the last of several narrow accesses; so these have cells byte
 * by byte as well. */
template <typename F> void visit_bytes(const What &a, Entry me, uint64_t since, F place)
{
    constexpr uintptr_t BYTE_CELLS = uintptr_t(1) << 60;
    if (a.bytes >= 4) return;
    me.bytes = 1;
    for (uintptr_t i = a.address; i < a.address + a.bytes; i++)
        visit(a, cell_at(BYTE_CELLS + i), me, since, place);
}

/* ---- shared memory --------------------------------------------------------------------------- */

struct SharedCell {
    Cell cell;
    uint64_t serial; /* of the block that wrote `written` */
    uint32_t written;
};
constexpr size_t SHARED_CELLS = size_t(256) * 1024 / 4;
SharedCell shared_cell[SHARED_CELLS];

const SharedArray *array_at(size_t offset)
{
    const SharedArray *found = nullptr; /* the last one that begins at or before it */
    for (const SharedArray &a : shared_arrays())
        if (a.offset <= offset && a.bytes > 0) found = &a;
    return found;
}

std::string array_text(const SharedArray &a)
{
    return std::string(a.name) + " (" + std::to_string(a.bytes) + " bytes" +
           (a.line > 0 ? std::string(", ") + a.file + ":" + std::to_string(a.line) : "") + ")";
}

void touch_shared(const What &a)
{
    const size_t offset = a.address - reinterpret_cast<uintptr_t>(shared_low);
    const SharedArray *array = array_at(offset);
    if (!array || offset + a.bytes > array->offset + array->bytes) {
        refuse("shared", a,
               array ? std::to_string(offset - array->offset) + " bytes from the start of " +
                           array_text(*array) + ", past its end"
                     : "in shared memory before any array");
        return;
    }
    const auto place = [&] { return "in " + array_text(*array); };
    Entry me = entry_of(a);
    for_each_cell(offset, a.bytes, [&](uintptr_t i, uint32_t bytes) {
        SharedCell &s = shared_cell[i];
        me.bytes = bytes & 15u;
        if (s.serial != here.serial) {
            s.serial = here.serial;
            s.written = 0;
        }
        if ((!a.write || !a.plain) && (bytes & ~s.written))
            report("uninitialised", a, "which this block never wrote: " + array_text(*array));
        if (a.write) s.written |= bytes;
        visit(a, &s.cell, me, here.serial, place);
    });
    visit_bytes(a, me, here.serial, place);
    if (measuring) measure_access(reinterpret_cast<void *>(a.address), a.bytes, true, a.pc);
}

/* ---- device memory --------------------------------------------------------------------------- */

/* Allocations that this launch may use. None comes or goes while a kernel runs. */
struct Span {
    uintptr_t begin, end;
} known[8];
unsigned next_known;

/* Read-only data of the program: tables of constants. */
struct Search {
    uintptr_t address;
    bool found;
};

int in_constant_segment(struct dl_phdr_info *info, size_t, void *data)
{
    Search *s = static_cast<Search *>(data);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) &h = info->dlpi_phdr[i];
        const bool constant =
            (h.p_type == PT_LOAD && !(h.p_flags & PF_W)) || h.p_type == PT_GNU_RELRO;
        const uintptr_t begin = info->dlpi_addr + h.p_vaddr;
        if (constant && begin <= s->address && s->address < begin + h.p_memsz) s->found = true;
    }
    return s->found;
}

/* Not in any allocation: refused, unless it is harmless. */
void judge_foreign(const What &a)
{
    const void *p = reinterpret_cast<const void *>(a.address);
    const uintptr_t engine = reinterpret_cast<uintptr_t>(&now);
    if (!a.write && engine <= a.address && a.address + a.bytes <= engine + sizeof now) return;
    if (arena_device(p) >= 0) {
        refuse("range", a, locate(p));
        return;
    }
    Search s = {a.address, false};
    if (!a.write) dl_iterate_phdr(in_constant_segment, &s);
    if (s.found) return;
    char text[64];
    snprintf(text, sizeof text, "%p, in the memory of the host", p);
    refuse("host-pointer", a, text);
}

/* Why these bytes of an allocation are not the kernel's to use, or nullptr. */
const char *objection(const Record &m, uintptr_t end)
{
    if (m.gone) return "freed";
    if (m.space == Space::Host) return "host-pointer";
    if (m.space == Space::Device && running && m.device != running->device) return "other-device";
    if (m.space == Space::Device && !m.armed)
        return "race"; /* with its stream-ordered allocation */
    if (end > reinterpret_cast<uintptr_t>(m.p) + m.bytes) return "range";
    return nullptr;
}

/* True if the bytes are the kernel's to use; false if they are not, or nothing needs to be kept
 * about them. */
bool alive(const What &a)
{
    const uintptr_t end = a.address + a.bytes;
    for (const Span &s : known)
        if (s.begin <= a.address && end <= s.end) return true;

    const void *p = reinterpret_cast<const void *>(a.address);
    const Record *m = find_record(p);
    if (!m) {
        judge_foreign(a);
        return false;
    }
    const char *kind = objection(*m, end);
    if (kind) {
        refuse(kind, a, locate(p));
        return false;
    }
    const uintptr_t begin = reinterpret_cast<uintptr_t>(m->p);
    known[next_known++ % 8] = {begin, begin + m->bytes};
    return true;
}

size_t bytes_read, bytes_written;
size_t bytes_fetched, bytes_stored; /* each byte once a launch */

void touch_global(const What &a)
{
    if (!alive(a)) return;
    (a.write ? bytes_written : bytes_read) += a.bytes;

    /* What this launch did to these bytes before, touch_cell knows already. */
    bool news = false;
    const auto place = [&] { return locate(reinterpret_cast<void *>(a.address)); };
    Entry me = entry_of(a);
    for_each_cell(a.address, a.bytes, [&](uintptr_t i, uint32_t bytes) {
        Cell *c = cell_at(i);
        me.bytes = bytes & 15u;
        uint32_t seen = counts(c->writer, here.first) ? c->writer.bytes : 0u;
        if (!a.write)
            for (const Entry &r : c->reader) seen |= counts(r, here.first) ? r.bytes : 0u;
        const unsigned fresh = static_cast<unsigned>(__builtin_popcount(bytes & ~seen));
        news |= fresh != 0;
        if (a.write) bytes_stored += fresh;
        if (!a.write || !a.plain) bytes_fetched += fresh;
        visit(a, c, me, here.first, place);
    });
    visit_bytes(a, me, here.first, place);
    if (measuring) measure_access(reinterpret_cast<void *>(a.address), a.bytes, false, a.pc);
    if (!news) return;
    const void *p = reinterpret_cast<const void *>(a.address);
    const Access kind = !a.write ? Access::Read : a.plain ? Access::Write : Access::ReadWrite;
    const Finding f = touch_cell(p, a.bytes, kind);
    if (f == Finding::Uninitialised) report("uninitialised", a, locate(p) + ": " + describe(f));
    if (f == Finding::Race) report("race", a, locate(p) + ": " + describe(f));
}

/* ---- all memory ------------------------------------------------------------------------------ */

inline bool on_own_stack(uintptr_t address)
{
    return address - reinterpret_cast<uintptr_t>(here.stack_low) <
           static_cast<uintptr_t>(here.stack_high - here.stack_low);
}

void touch_any(const What &a, bool aligned)
{
    checking = false;
    if (aligned && a.address % a.bytes != 0)
        refuse("alignment", a, "at an address that is not a multiple of that");
    else if (a.address - reinterpret_cast<uintptr_t>(shared_low) <
             static_cast<uintptr_t>(shared_high - shared_low))
        touch_shared(a);
    else
        touch_global(a);
    if (refused) {
        refused = false;
        give_up();
    }
    checking = true;
}

inline void on_access(const void *p, size_t bytes, bool write, bool aligned, uintptr_t pc)
{
    const uintptr_t address = reinterpret_cast<uintptr_t>(p);
    if (!checking || bytes == 0 || on_own_stack(address)) return;
    touch_any({address, bytes, write, true, pc}, aligned);
}

bool unknown_writes;

} // namespace

bool writes_are_known()
{
    return !unknown_writes;
}

void unchecked_kernel_ran()
{
    static const bool once = (at_reset([] { unknown_writes = false; }), true);
    static_cast<void>(once);
    unknown_writes = true;
}

void note_access(const void *p, size_t bytes, bool write, bool plain, uintptr_t pc)
{
    if (checking) touch_any({reinterpret_cast<uintptr_t>(p), bytes, write, plain, pc}, true);
}

void note_atomic(void *p, size_t bytes, const void *pc)
{
    note_access(p, bytes, true, false, reinterpret_cast<uintptr_t>(pc));
}

void begin_accesses()
{
    reported.clear();
    for (Span &s : known) s = {0, 0};
    bytes_read = bytes_written = bytes_fetched = bytes_stored = 0;
}

void end_block_accesses()
{
    if (measuring) measure_block();
}

void end_accesses()
{
    if (bytes_read + bytes_written > 0) {
        count_kernel_bytes(bytes_read, bytes_written);
        count_traffic(bytes_fetched, bytes_stored);
    }
    if (pages.size() > MANY_PAGES) drop_pages();
}

} // namespace emu

/* ---- what the compiler calls ----------------------------------------------------------------- */

/* Under the real thread sanitizer these names are its own, and kernel files are not instrumented
 * for us. */
#ifndef __SANITIZE_THREAD__

#define PC reinterpret_cast<uintptr_t>(__builtin_return_address(0))
#define ACCESS(bytes)                                                                              \
    void __tsan_read##bytes(void *p)                                                               \
    {                                                                                              \
        emu::on_access(p, bytes, false, true, PC);                                                 \
    }                                                                                              \
    void __tsan_write##bytes(void *p)                                                              \
    {                                                                                              \
        emu::on_access(p, bytes, true, true, PC);                                                  \
    }
#define UNALIGNED(bytes)                                                                           \
    void __tsan_unaligned_read##bytes(void *p)                                                     \
    {                                                                                              \
        emu::on_access(p, bytes, false, false, PC);                                                \
    }                                                                                              \
    void __tsan_unaligned_write##bytes(void *p)                                                    \
    {                                                                                              \
        emu::on_access(p, bytes, true, false, PC);                                                 \
    }

extern "C" {

void __tsan_init(void)
{
}
void __tsan_func_entry(void *)
{
}
void __tsan_func_exit(void)
{
}
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
UNALIGNED(2)
UNALIGNED(4)
UNALIGNED(8)
UNALIGNED(16)

void __tsan_read_range(void *p, size_t bytes)
{
    emu::on_access(p, bytes, false, false, PC);
}

void __tsan_write_range(void *p, size_t bytes)
{
    emu::on_access(p, bytes, true, false, PC);
}

void __tsan_vptr_update(void **, void *)
{
}
void __tsan_vptr_read(void **)
{
}

/* Newer clang. */
void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
    emu::on_access(from, bytes, false, false, PC);
    emu::on_access(to, bytes, true, false, PC);
    return memcpy(to, from, bytes);
}

void *__tsan_memmove(void *to, const void *from, size_t bytes)
{
    emu::on_access(from, bytes, false, false, PC);
    emu::on_access(to, bytes, true, false, PC);
    return memmove(to, from, bytes);
}

void *__tsan_memset(void *to, int value, size_t bytes)
{
    emu::on_access(to, bytes, true, false, PC);
    return memset(to, value, bytes);
}
}
#endif
