/* Device memory: one arena per device, closed to host code; allocations with redzones; and
 * page-locked memory.
 *
 * A block of the arena, from a multiple of 512:
 * 768 bytes of redzone | the bytes asked for | at least 512 bytes of redzone, up to the next
 * multiple of 512
 * so that user addresses are aligned to 256 and never to 512. Freed blocks wait in quarantine
 * before they are used again, so
 * that late accesses still find out whose memory it was.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sys/mman.h>

#include "state.h"

namespace emu
{

namespace
{

/* Address space, not memory: pages exist only where they are touched. */
constexpr size_t RESERVED = size_t(32) << 30, HUGE = size_t(2) << 20;
#if defined(__SANITIZE_THREAD__)
constexpr uintptr_t BASE = 0x7e8000000000u;
#else
constexpr uintptr_t BASE = 0x3d0000000000u;
#endif
constexpr size_t FRONT = 768, REAR = 512, GRAIN = 512;
constexpr size_t QUARANTINE_BYTES = size_t(64) << 20, QUARANTINE_BLOCKS = 1024;
constexpr unsigned char ZONE = 0xfb; /* as four floats or two doubles: about -2.6e36, -2e288 */
constexpr uint64_t UNWRITTEN = 0x7ff4dead7ff4deadu; /* NaN as float and as double */
constexpr size_t GIVE_BACK = HUGE; /* freed blocks of this size return their pages */

size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

struct Arena {
    char *base = nullptr;
    size_t top = 0; /* bytes in use or in `holes`, from base */
    std::map<char *, size_t> holes;
    std::deque<Record *> quarantine;
    size_t quarantined = 0;
    size_t live = 0; /* bytes asked for by allocations whose free has not been called */
    Page *pages = nullptr;
    bool open = false;
};

struct Memory {
    std::vector<Arena *> arenas;        /* by device */
    std::map<char *, Record *> records; /* by the start of their block */
    uint64_t next_id = 1;
    int opened = 0;    /* nesting of open_arenas */
    size_t guards = 0; /* records with a guard page */
    bool ran = false;
    std::vector<std::string> ran_names; /* the latest ops since redzones were verified */
};

Memory &memory()
{
    static Memory *m = new Memory();
    return *m;
}

[[noreturn]] void no_address_space(const char *what)
{
    fprintf(stderr, "emu: cannot reserve %s: %s\n", what, strerror(errno));
    abort();
}

Arena *arena_of(int device)
{
    std::vector<Arena *> &arenas = memory().arenas;
    while (int(arenas.size()) <= device) {
        Arena *a = new Arena();
        void *wish = reinterpret_cast<void *>(BASE + arenas.size() * 2 * RESERVED);
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        void *p = mmap(wish, RESERVED, PROT_NONE, flags, -1, 0);
        void *pages =
            mmap(nullptr, RESERVED / PAGE * sizeof(Page), PROT_READ | PROT_WRITE, flags, -1, 0);
        if (p == MAP_FAILED || pages == MAP_FAILED) no_address_space("an arena");
        madvise(p, RESERVED, MADV_HUGEPAGE); /* a wish: works without, only slower */
        a->base = static_cast<char *>(p);
        a->pages = static_cast<Page *>(pages);
        arenas.push_back(a);
    }
    return arenas[size_t(device)];
}

int device_at(const void *p)
{
    const char *c = static_cast<const char *>(p);
    const std::vector<Arena *> &arenas = memory().arenas;
    for (size_t d = 0; d < arenas.size(); d++)
        if (c >= arenas[d]->base && c < arenas[d]->base + RESERVED) return int(d);
    return -1;
}

/* ---- protection ------------------------------------------------------------------------------ */

void set_protection(Arena *a, bool open)
{
    size_t used = round_up(a->top, HUGE);
    if (a->open == open || used == 0) return;
    if (mprotect(a->base, used, open ? PROT_READ | PROT_WRITE : PROT_NONE) != 0)
        no_address_space("protection of an arena");
    a->open = open;
    if (!open || memory().guards == 0) return;
    for (const auto &[block, r] : memory().records)
        if (r->guard && block >= a->base && block < a->base + used)
            mprotect(r->guard, PAGE, PROT_NONE);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

void add_hole(Arena *a, char *p, size_t bytes)
{
    auto after = a->holes.lower_bound(p);
    if (after != a->holes.begin()) {
        auto before = std::prev(after);
        if (before->first + before->second == p) {
            p = before->first;
            bytes += before->second;
            a->holes.erase(before);
        }
    }
    if (after != a->holes.end() && p + bytes == after->first) {
        bytes += after->second;
        a->holes.erase(after);
    }
    a->holes[p] = bytes;
}

void release_oldest(Arena *a)
{
    Record *r = a->quarantine.front();
    a->quarantine.pop_front();
    a->quarantined -= r->block_bytes;
    add_hole(a, r->block, r->block_bytes);
}

/* The records of what was freed there, kept for messages, give way. */
void forget_records(char *p, size_t bytes)
{
    auto first = memory().records.lower_bound(p), last = first;
    for (; last != memory().records.end() && last->first < p + bytes; ++last) {
        Record *r = last->second;
        if (r->guard && arena_of(r->device)->open) mprotect(r->guard, PAGE, PROT_READ | PROT_WRITE);
        if (r->guard) memory().guards--;
        delete r;
    }
    memory().records.erase(first, last);
}

char *take_hole(Arena *a, size_t bytes)
{
    for (auto hole = a->holes.begin(); hole != a->holes.end(); ++hole) {
        char *start = hole->first;
        size_t skip = settings().guard ? size_t(-reinterpret_cast<uintptr_t>(start)) % PAGE : 0;
        if (hole->second < bytes + skip) continue;
        size_t rest = hole->second - bytes - skip;
        a->holes.erase(hole);
        if (skip) a->holes[start] = skip;
        if (rest) a->holes[start + skip + bytes] = rest;
        forget_records(start + skip, bytes);
        return start + skip;
    }
    return nullptr;
}

/* At the end of what was ever used; grows the part that is opened and closed. */
char *take_fresh(Arena *a, size_t bytes)
{
    size_t start = settings().guard ? round_up(a->top, PAGE) : a->top;
    if (bytes > RESERVED - start) return nullptr;
    size_t before = round_up(a->top, HUGE), after = round_up(start + bytes, HUGE);
    if (a->open && after > before &&
        mprotect(a->base + before, after - before, PROT_READ | PROT_WRITE) != 0)
        no_address_space("protection of an arena");
    a->top = start + bytes;
    return a->base + start;
}

char *take_block(Arena *a, size_t bytes)
{
    char *p = take_hole(a, bytes);
    if (!p) p = take_fresh(a, bytes);
    if (p) return p;
    /* Addresses run out only because frees are queued or quarantined: a device may have got so
     * far by now. */
    run_everything();
    while (!a->quarantine.empty()) release_oldest(a);
    return take_hole(a, bytes);
}

void fill_zones(Record *r, bool verify)
{
    struct {
        char *begin, *end;
        const char *where;
    } zones[] = {{r->block, r->p, "before"},
                 {r->p + r->bytes, r->guard ? r->guard : r->block + r->block_bytes, "after"}};
    for (const auto &zone : zones) {
        if (!verify) {
            memset(zone.begin, ZONE, size_t(zone.end - zone.begin));
            continue;
        }
        char *bad = std::find_if(zone.begin, zone.end,
                                 [](char c) { return static_cast<unsigned char>(c) != ZONE; });
        if (bad == zone.end) continue;
        std::string ops;
        for (const std::string &name : memory().ran_names) ops += " " + name;
        std::string place = locate(bad);
        memset(zone.begin, ZONE, size_t(zone.end - zone.begin));
        violation("redzone", "something wrote %s an allocation: %s; ops since the last check:%s",
                  zone.where, place.c_str(), ops.empty() ? " none" : ops.c_str());
    }
}

std::string new_origin(const char *api)
{
    return std::string(api) + " at " + backtrace_text(6);
}

void insert_record(Record *r, const char *api)
{
    r->id = memory().next_id++;
    r->origin = new_origin(api);
    memory().records[r->block] = r;
}

} // namespace

/* ---- looking up ------------------------------------------------------------------------------ */

const Record *nearest(const void *p)
{
    char *c = static_cast<char *>(const_cast<void *>(p));
    std::map<char *, Record *> &records = memory().records;
    auto after = records.upper_bound(c);
    if (after == records.begin()) return nullptr;
    const Record *r = std::prev(after)->second;
    return c < r->block + r->block_bytes ? r : nullptr;
}

Record *find_record(const void *p)
{
    Record *r = const_cast<Record *>(nearest(p));
    const char *c = static_cast<const char *>(p);
    if (!r || c < r->p) return nullptr;
    return c < r->p + r->bytes || c == r->p ? r : nullptr;
}

const Allocation *find(const void *p)
{
    return find_record(p);
}

int arena_device(const void *p)
{
    return device_at(p);
}

std::string locate(const void *p)
{
    const Record *r = nearest(p);
    char text[1024];
    if (!r) {
        int device = device_at(p);
        if (device < 0)
            snprintf(text, sizeof text, "%p, memory of the host", p);
        else
            snprintf(text, sizeof text,
                     "%p, in the memory of device %d, where nothing is allocated", p, device);
        return text;
    }
    const char *c = static_cast<const char *>(p);
    ptrdiff_t offset = c - r->p;
    const char *place = "bytes into";
    if (c >= r->p + r->bytes) {
        offset = c - (r->p + r->bytes);
        place = "bytes past the end of";
    } else if (c < r->p) {
        offset = -offset;
        place = "bytes before";
    }
    char owner[32];
    snprintf(owner, sizeof owner, "device %d", r->device);
    snprintf(text, sizeof text, "%td %s %zu bytes of %s%s, allocated by %s", offset, place,
             r->bytes, r->space == Space::Pinned ? "page-locked memory" : owner,
             r->freed ? ", freed" : "", r->origin.c_str());
    return text;
}

Page *page_of(const void *p)
{
    int device = device_at(p);
    if (device >= 0) {
        Arena *a = memory().arenas[size_t(device)];
        return a->pages + (static_cast<const char *>(p) - a->base) / ptrdiff_t(PAGE);
    }
    Record *r = const_cast<Record *>(nearest(p));
    if (!r || !r->pages) return nullptr;
    uintptr_t first = reinterpret_cast<uintptr_t>(r->block) / PAGE;
    return r->pages->data() + (reinterpret_cast<uintptr_t>(p) / PAGE - first);
}

/* ---- protection ------------------------------------------------------------------------------ */

void open_arenas()
{
    if (memory().opened++ > 0) return;
    for (Arena *a : memory().arenas) set_protection(a, true);
    open_pinned();
}

/* Nothing is closed before the call ends: other ops may follow. */
void close_arenas()
{
    memory().opened--;
}

bool arenas_are_open()
{
    return memory().opened > 0;
}

void protect_all()
{
    for (Arena *a : memory().arenas) set_protection(a, false);
    close_pinned();
}

void fill_unwritten(char *p, size_t bytes)
{
    /* The pattern lies on multiples of 8, wherever the range begins. */
    size_t phase = reinterpret_cast<uintptr_t>(p) % 8, head = std::min(bytes, (8 - phase) % 8);
    const char *pattern = reinterpret_cast<const char *>(&UNWRITTEN);
    memcpy(p, pattern + phase, head);
    p += head;
    bytes -= head;
    for (size_t i = 0; i < bytes / 8; i++) memcpy(p + 8 * i, pattern, 8);
    memcpy(p + bytes / 8 * 8, pattern, bytes % 8);
}

/* ---- device memory --------------------------------------------------------------------------- */

Record *new_device_record(size_t bytes, int device, const char *origin, cudaError_t *error)
{
    Arena *a = arena_of(device);
    *error = cudaErrorMemoryAllocation;
    if (bytes > settings().capacity || a->live + round_up(bytes, GRAIN) > settings().capacity)
        return nullptr;
    bool guard = settings().guard;
    size_t block_bytes = guard ? round_up(FRONT + GRAIN + bytes, PAGE) + PAGE
                               : round_up(FRONT + bytes + REAR, GRAIN);
    char *block = take_block(a, block_bytes);
    if (!block) return nullptr;
    Record *r = new Record();
    r->block = block;
    r->block_bytes = block_bytes;
    r->guard = guard ? block + block_bytes - PAGE : nullptr;
    r->p = block + FRONT;
    if (guard) /* as near to the guard page as the alignment allows */
        r->p += (size_t(r->guard - r->p) - bytes) / GRAIN * GRAIN;
    r->bytes = bytes;
    r->space = Space::Device;
    r->device = device;
    insert_record(r, origin);
    if (guard) memory().guards++;
    if (guard && a->open) mprotect(r->guard, PAGE, PROT_NONE);
    a->live += round_up(bytes, GRAIN);
    size_t live = 0;
    for (const Arena *each : memory().arenas) live += each->live;
    count_device_bytes(live);
    *error = cudaSuccess;
    return r;
}

void arm(Record *r)
{
    fill_zones(r, false);
    fill_unwritten(r->p, r->bytes);
    fresh_cells(r->p, r->bytes);
    r->armed = true;
}

void mark_freed(Record *r)
{
    r->freed = true;
    if (r->space == Space::Device) arena_of(r->device)->live -= round_up(r->bytes, GRAIN);
}

void retire(Record *r)
{
    if (r->armed) {
        open_arenas();
        fill_zones(r, true);
        close_arenas();
    }
    r->gone = true;
    Arena *a = arena_of(r->device);
    if (r->block_bytes >= GIVE_BACK) {
        char *begin =
            reinterpret_cast<char *>(round_up(reinterpret_cast<uintptr_t>(r->block), HUGE));
        size_t inside =
            size_t(std::max<ptrdiff_t>(r->block + r->block_bytes - begin, 0)) / HUGE * HUGE;
        if (inside) madvise(begin, inside, MADV_DONTNEED);
    }
    a->quarantine.push_back(r);
    a->quarantined += r->block_bytes;
    while (a->quarantined > QUARANTINE_BYTES || a->quarantine.size() > QUARANTINE_BLOCKS)
        release_oldest(a);
}

cudaError_t allocate_device(void **p, size_t bytes, int device, const char *origin)
{
    cudaError_t error;
    Record *r = new_device_record(bytes, device, origin, &error);
    if (!r) return error;
    open_arenas();
    arm(r);
    close_arenas();
    *p = r->p;
    return cudaSuccess;
}

void poison(void *p, size_t bytes)
{
    fill_unwritten(static_cast<char *>(p), bytes);
    fresh_cells(p, bytes);
}

void note_op_ran(const char *name)
{
    constexpr size_t MOST = 8;
    memory().ran = true;
    std::vector<std::string> &names = memory().ran_names;
    if (names.size() == MOST) names.erase(names.begin());
    names.push_back(name);
}

void verify_redzones()
{
    if (!memory().ran) return;
    open_arenas();
    for (const auto &[block, r] : memory().records)
        if (r->space == Space::Device && r->armed && !r->gone) fill_zones(r, true);
    close_arenas();
    memory().ran = false;
    memory().ran_names.clear();
}

/* ---- page-locked memory ---------------------------------------------------------------------- */

cudaError_t allocate_pinned(void **p, size_t bytes)
{
    size_t block_bytes = round_up(bytes, PAGE);
    void *block =
        mmap(nullptr, block_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return cudaErrorMemoryAllocation;
    Record *r = new Record();
    r->block = r->p = static_cast<char *>(block);
    r->block_bytes = block_bytes;
    r->bytes = bytes;
    r->space = Space::Pinned;
    r->device = current_device();
    r->pages = new std::vector<Page>(block_bytes / PAGE);
    for (Page &page : *r->pages) page.written = true; /* the host's writes are not seen */
    insert_record(r, current_call());
    fill_unwritten(r->p, bytes);
    memset(r->p + bytes, ZONE, block_bytes - bytes);
    *p = r->p;
    return cudaSuccess;
}

cudaError_t register_pinned(void *p, size_t bytes)
{
    char *c = static_cast<char *>(p);
    auto after = memory().records.lower_bound(c + bytes);
    if (after != memory().records.begin()) {
        const Record *before = std::prev(after)->second;
        if (before->p + before->bytes > c) return cudaErrorHostMemoryAlreadyRegistered;
    }
    Record *r = new Record();
    r->block = r->p = c;
    r->block_bytes = r->bytes = bytes;
    r->space = Space::Pinned;
    r->device = current_device();
    r->registered = true;
    size_t first = reinterpret_cast<uintptr_t>(c) / PAGE;
    size_t last = (reinterpret_cast<uintptr_t>(c) + bytes - 1) / PAGE;
    r->pages = new std::vector<Page>(last - first + 1);
    for (Page &page : *r->pages) page.written = true;
    insert_record(r, current_call());
    return cudaSuccess;
}

static void drop_pinned(Record *r)
{
    release_details(r->pages->data(), r->pages->size());
    delete r->pages;
    memory().records.erase(r->block);
    if (!r->registered) munmap(r->block, r->block_bytes);
    delete r;
}

cudaError_t unregister_pinned(void *p)
{
    Record *r = find_record(p);
    if (!r || !r->registered || r->p != p) return cudaErrorHostMemoryNotRegistered;
    drop_pinned(r);
    return cudaSuccess;
}

bool release(void *p, Space space)
{
    Record *r = find_record(p);
    if (!r || r->p != p || r->space != space || r->registered) {
        violation("free", "%s was not allocated so", locate(p).c_str());
        return false;
    }
    if (r->freed) {
        violation("double-free", "%s is freed again", locate(p).c_str());
        return false;
    }
    if (space == Space::Pinned) {
        if (std::any_of(r->p + r->bytes, r->block + r->block_bytes,
                        [](char c) { return static_cast<unsigned char>(c) != ZONE; }))
            violation("redzone", "the host wrote past the end: %s",
                      locate(r->p + r->bytes).c_str());
        drop_pinned(r);
        return true;
    }
    mark_freed(r);
    retire(r);
    return true;
}

/* ---- bookkeeping ----------------------------------------------------------------------------- */

size_t live_bytes(int device)
{
    return device < int(memory().arenas.size()) ? memory().arenas[size_t(device)]->live : 0;
}

int list_live_memory()
{
    int alive = 0;
    for (const auto &[block, r] : memory().records) {
        if (r->freed) continue;
        alive++;
        fprintf(stderr, "emu: alive: %s\n", locate(r->p).c_str());
    }
    return alive;
}

/* Only called when nothing is alive, so that no page-locked memory is among the records. */
void reset_memory()
{
    Memory &m = memory();
    protect_all();
    for (Arena *a : m.arenas) {
        release_details(a->pages, a->top / PAGE + 1);
        forget_records(a->base, RESERVED);
        if (a->top) madvise(a->base, round_up(a->top, HUGE), MADV_DONTNEED);
        a->top = a->live = a->quarantined = 0;
        a->holes.clear();
        a->quarantine.clear();
    }
    m.next_id = 1;
    m.ran = false;
    m.ran_names.clear();
}

} // namespace emu
