/* Grids, blocks, threads: a block's threads are fibers on the calling thread.
 *
 * A fiber runs one thread of the block after another, and another fiber is only started when it has to wait. Which
 * thread starts next, or goes on next, is the launch's order: in ascending order waiting threads that can go on come
 * first (so warp after warp advances), in descending order threads that have not begun (so all advance together), at
 * random either.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "simt.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <numeric>
#include <set>

#include <sys/mman.h>

#include "fiber.h"

namespace emu {

Now now;
Here here;
bool checking;
char *shared_low, *shared_high;

namespace {

constexpr uint32_t NOBODY = ~0u, WARP = 32, MAX_THREADS = 1024;
constexpr size_t REDZONE = 32;
constexpr uint64_t UNWRITTEN = 0x7ff4dead7ff4deadu; /* a NaN in both precisions */
constexpr uint64_t REDZONE_WORD = 0x5ed20e5ed20e5ed2u;

enum class State : uint8_t { New, Runs, Ready, AtBarrier, InWarp, Gone };

struct Thread {
    Fiber *fiber; /* where it waits */
    State state;
    uint32_t tick;
    const Site *site; /* of the barrier or collective it waits at */
    unsigned mask;
    Shuffle kind;
    int argument, width;
    uint64_t value, result;
    uint3 index;
};

/* What a warp's lanes know of each other, besides block barriers. Every collective has a tick. One of all lanes orders all
 * that came before (`floor`); one of some lanes is remembered lane by lane (`seen`). */
struct Warp {
    unsigned present, gone, waiting, at_barrier;
    uint32_t tick, floor;
    bool partial;
    std::array<std::array<uint32_t, WARP>, WARP> seen;
};

struct Engine {
    const Grid *grid;
    enum emu_order_kind order;
    bool busy, abandoned;
    uint32_t threads;
    uint64_t blocks, serial;
    uint64_t launch; /* counts launches, for SharedSite */

    Thread thread[MAX_THREADS];
    Warp warp[MAX_THREADS / WARP];
    uint32_t current;
    uint32_t start_order[MAX_THREADS], started;
    uint32_t starting; /* for the fiber that is switched to */
    uint32_t ready[MAX_THREADS], ready_begin, ready_count; /* a ring */
    uint32_t gone;

    const Site *barrier_site;
    uint32_t at_barrier;
    Gather gather;
    int gathered, barrier_result;

    std::vector<SharedArray> arrays;
    size_t shared_used, shared_limit;

    Fiber main, *fiber;
    std::vector<Fiber *> fibers, idle;
    uint64_t random;
    std::vector<uint32_t> block_order;
    uint64_t block_step, block_start;
} e;

/* ---- orders --------------------------------------------------------------------------------------- */

uint32_t draw(uint32_t n) /* [0, n) */
{
    e.random ^= e.random << 13;
    e.random ^= e.random >> 7;
    e.random ^= e.random << 17;
    return static_cast<uint32_t>((e.random >> 32) * n >> 32);
}

void shuffle_order(uint32_t *order, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) std::swap(order[i - 1], order[draw(i)]);
}

void plan_orders()
{
    for (uint32_t i = 0; i < e.threads; i++)
        e.start_order[i] = e.order == EMU_DESCENDING ? e.threads - 1 - i : i;
    e.block_order.clear();
    if (e.order != EMU_RANDOM_ORDER) return;

    e.random = (static_cast<uint64_t>(choose(Choice::ThreadOrder, 0xFFFFFFFFu)) << 32 |
                choose(Choice::BlockOrder, 0xFFFFFFFFu)) | 1u;
    if (e.blocks <= 1u << 20) {
        e.block_order.resize(e.blocks);
        std::iota(e.block_order.begin(), e.block_order.end(), 0u);
        shuffle_order(e.block_order.data(), static_cast<uint32_t>(e.blocks));
    } else { /* too many to list: i -> start + i * step, the step prime to their number */
        e.block_start = draw(1u << 31) % e.blocks;
        do
            e.block_step = (draw(1u << 31) | 1u) % e.blocks;
        while (std::gcd(e.block_step, e.blocks) != 1);
    }
}

uint64_t block_at(uint64_t i)
{
    switch (e.order) {
    case EMU_ASCENDING: return i;
    case EMU_DESCENDING: return e.blocks - 1 - i;
    default: break;
    }
    if (!e.block_order.empty()) return e.block_order[i];
    return static_cast<uint64_t>(
        (static_cast<unsigned __int128>(i) * e.block_step + e.block_start) % e.blocks);
}

uint3 split(uint64_t i, const dim3 &size)
{
    uint3 r;
    r.x = static_cast<unsigned>(i % size.x);
    r.y = static_cast<unsigned>(i / size.x % size.y);
    r.z = static_cast<unsigned>(i / size.x / size.y);
    return r;
}

/* ---- messages ------------------------------------------------------------------------------------- */

/* In one of a few buffers: a message may name two sites, and give_up runs no destructors. */
const char *site_text(const Site &s)
{
    static char text[4][256];
    static unsigned turn;
    char *p = text[turn++ % 4];
    snprintf(p, sizeof text[0], "%s at %s:%d", s.call, s.file, s.line);
    return p;
}

std::string current_text()
{
    return std::string("kernel ") + e.grid->name + ": " + thread_text(e.serial, e.current);
}

std::string waiting_text()
{
    std::string r;
    int shown = 0;
    for (uint32_t i = 0; i < e.threads && shown < 8; i++) {
        const Thread &t = e.thread[i];
        if (t.state != State::AtBarrier && t.state != State::InWarp) continue;
        char mask[32] = "";
        if (t.state == State::InWarp) snprintf(mask, sizeof mask, ", mask %08x", t.mask);
        r += "\n    " + thread_text(e.serial, i) + " waits in " + site_text(*t.site) + mask;
        shown++;
    }
    return r;
}

[[noreturn]] __attribute__((format(printf, 2, 3))) void broken(const char *kind, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    violation(kind, "%s %s; waiting:%s", current_text().c_str(), text, waiting_text().c_str());
    give_up();
}

/* ---- the scheduler -------------------------------------------------------------------------------- */

void make_ready(uint32_t i)
{
    e.thread[i].state = State::Ready;
    e.ready[(e.ready_begin + e.ready_count++) % MAX_THREADS] = i;
}

uint32_t take_ready()
{
    if (e.order == EMU_RANDOM_ORDER)
        std::swap(e.ready[e.ready_begin], e.ready[(e.ready_begin + draw(e.ready_count)) % MAX_THREADS]);
    const uint32_t i = e.ready[e.ready_begin];
    e.ready_begin = (e.ready_begin + 1) % MAX_THREADS;
    e.ready_count--;
    return i;
}

/* The thread to run next: one that has not begun, one that can go on, or nobody. */
uint32_t choose_thread()
{
    const bool can_start = e.started < e.threads, can_resume = e.ready_count > 0;
    if (!can_start && !can_resume) return NOBODY;
    bool start = can_start;
    if (can_start && can_resume)
        start = e.order == EMU_DESCENDING || (e.order == EMU_RANDOM_ORDER && draw(2) == 0);
    return start ? e.start_order[e.started++] : take_ready();
}

void go_to(Fiber *to)
{
    Fiber *from = e.fiber;
    e.fiber = to;
    switch_fiber(from, to);
}

void set_current(uint32_t i)
{
    const Thread &t = e.thread[i];
    e.current = i;
    now.thread = t.index;
    here.thread = i;
    here.tick = t.tick;
    here.stack_low = e.fiber->low;
    here.stack_high = e.fiber->high;
}

/* A thread ran to its end. */
void finish_thread()
{
    const uint32_t i = e.current;
    Warp &w = e.warp[i / WARP];
    const unsigned bit = 1u << i % WARP;
    e.thread[i].state = State::Gone;
    w.gone |= bit;
    e.gone++;
    if (e.at_barrier > 0) broken("barrier", "returned while others wait for it");
    for (unsigned rest = w.waiting; rest != 0; rest &= rest - 1)
        if (e.thread[i / WARP * WARP + static_cast<unsigned>(__builtin_ctz(rest))].mask & bit)
            broken("collective", "returned while lanes of its warp wait for it");
}

/* The life of a fiber: it runs threads that have not begun, until another one is to go on. */
void work()
{
    for (;;) {
        set_current(e.starting);
        e.thread[e.current].state = State::Runs;
        e.grid->thread();
        finish_thread();

        const uint32_t next = choose_thread();
        if (next != NOBODY && e.thread[next].state == State::New) {
            e.starting = next;
            continue;
        }
        if (next == NOBODY && e.gone < e.threads) broken("barrier", "returned, and nobody can go on");
        e.idle.push_back(e.fiber);
        go_to(next == NOBODY ? &e.main : e.thread[next].fiber);
    }
}

Fiber *idle_fiber()
{
    if (e.idle.empty()) {
        e.fibers.push_back(new_fiber(work));
        return e.fibers.back();
    }
    Fiber *f = e.idle.back();
    e.idle.pop_back();
    return f;
}

/* The running thread waits (or is ready, with others); returns when it is its turn. */
void wait()
{
    const uint32_t self = e.current;
    e.thread[self].fiber = e.fiber;
    const uint32_t next = choose_thread();
    if (next == NOBODY) broken("barrier", "waits, and nobody can go on");
    if (e.thread[next].state == State::New) {
        e.starting = next;
        go_to(idle_fiber());
    } else if (e.thread[next].fiber != e.fiber) {
        go_to(e.thread[next].fiber);
    }
    set_current(self);
    e.thread[self].state = State::Runs;
}

/* The engine's own accesses, and those of library templates that a kernel file instrumented, are not a kernel's. */
class Unchecked {
public:
    Unchecked() : was_(checking) { checking = false; }
    ~Unchecked() { checking = was_; }
    Unchecked(const Unchecked &) = delete;

private:
    bool was_;
};

Thread &caller(const Site &site)
{
    if (!e.busy) {
        fprintf(stderr, "cudaemu: %s outside a kernel\n", site_text(site));
        abort();
    }
    Thread &t = e.thread[e.current];
    t.site = &site;
    return t;
}

/* ---- block barrier -------------------------------------------------------------------------------- */

void complete_barrier()
{
    e.barrier_result = e.gather == Gather::And ? e.gathered == static_cast<int>(e.threads)
                       : e.gather == Gather::Or ? e.gathered > 0 : e.gathered;
    e.at_barrier = 0;
    e.gathered = 0;
    here.barriers++;
    for (uint32_t i = 0; i < (e.threads + WARP - 1) / WARP; i++) e.warp[i].at_barrier = 0;
    const bool down = e.order == EMU_DESCENDING;
    for (uint32_t i = 0; i < e.threads; i++) make_ready(down ? e.threads - 1 - i : i);
}

} // namespace

int barrier(const Site &site, Gather gather, int predicate)
{
    const Unchecked guard;
    Thread &t = caller(site);
    const uint32_t i = e.current;
    Warp &w = e.warp[i / WARP];
    t.state = State::AtBarrier;
    if (e.gone > 0) broken("barrier", "waits in %s, but %u threads have returned", site_text(site), e.gone);
    if (e.at_barrier > 0 && e.barrier_site != &site)
        broken("barrier", "waits in %s, but others in %s", site_text(site),
               site_text(*e.barrier_site));
    for (unsigned rest = w.waiting; rest != 0; rest &= rest - 1)
        if (e.thread[i / WARP * WARP + static_cast<unsigned>(__builtin_ctz(rest))].mask & 1u << i % WARP)
            broken("collective", "waits in %s, but lanes of its warp wait for it elsewhere",
                   site_text(site));

    e.barrier_site = &site;
    e.gather = gather;
    e.gathered += predicate != 0;
    w.at_barrier |= 1u << i % WARP;
    if (++e.at_barrier == e.threads) complete_barrier();
    wait();
    return e.barrier_result;
}

/* ---- warp collectives ----------------------------------------------------------------------------- */

namespace {

/* All lanes of `mask` have arrived: what any of them did before is ordered before what any of them does now. */
void order_lanes(Warp &w, uint32_t base, unsigned mask)
{
    w.tick++;
    if (mask == w.present) {
        w.floor = w.tick - 1;
    } else {
        if (!w.partial) {
            for (auto &row : w.seen) row.fill(0);
            w.partial = true;
        }
        std::array<uint32_t, WARP> merged{};
        for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
            const unsigned lane = static_cast<unsigned>(__builtin_ctz(rest));
            for (unsigned k = 0; k < WARP; k++) merged[k] = std::max(merged[k], w.seen[lane][k]);
            merged[lane] = std::max(merged[lane], e.thread[base + lane].tick);
        }
        for (unsigned rest = mask; rest != 0; rest &= rest - 1)
            w.seen[static_cast<unsigned>(__builtin_ctz(rest))] = merged;
    }
    for (unsigned rest = mask; rest != 0; rest &= rest - 1)
        e.thread[base + static_cast<unsigned>(__builtin_ctz(rest))].tick = w.tick;
}

void release_lanes(Warp &w, uint32_t base, unsigned mask)
{
    order_lanes(w, base, mask);
    w.waiting &= ~mask;
    if (e.order == EMU_DESCENDING)
        for (uint32_t lane = WARP; lane-- > 0;) {
            if (mask >> lane & 1u) make_ready(base + lane);
        }
    else
        for (uint32_t lane = 0; lane < WARP; lane++)
            if (mask >> lane & 1u) make_ready(base + lane);
}

/* Waits until all lanes of the mask are here. The last one lets `combine` set every lane's result. */
uint64_t meet(const Site &site, unsigned mask, uint64_t value, Shuffle kind, int argument, int width,
              void (*combine)(uint32_t base, unsigned mask))
{
    Thread &t = caller(site);
    const uint32_t base = e.current / WARP * WARP, lane = e.current % WARP;
    const unsigned bit = 1u << lane;
    Warp &w = e.warp[e.current / WARP];
    t.state = State::InWarp;
    t.mask = mask;
    t.value = value;
    t.kind = kind;
    t.argument = argument;
    t.width = width;

    if (!(mask & bit)) broken("collective", "calls %s, but mask %08x is without it", site_text(site), mask);
    if (mask & ~w.present)
        broken("collective", "calls %s: mask %08x names lanes %08x that the warp does not have",
               site_text(site), mask, mask & ~w.present);
    if (mask & w.gone)
        broken("collective", "calls %s: mask %08x names lanes %08x that have returned", site_text(site),
               mask, mask & w.gone);
    if (mask & w.at_barrier)
        broken("collective", "calls %s: mask %08x names lanes %08x that wait at a block's barrier",
               site_text(site), mask, mask & w.at_barrier);
    for (unsigned rest = w.waiting; rest != 0; rest &= rest - 1) {
        const Thread &o = e.thread[base + static_cast<unsigned>(__builtin_ctz(rest))];
        const bool related = (o.mask & bit) || (mask & (rest & -rest));
        if (related && (o.mask != mask || o.site != &site))
            broken("collective", "calls %s with mask %08x, but a lane it meets is in %s with mask %08x",
                   site_text(site), mask, site_text(*o.site), o.mask);
    }

    w.waiting |= bit;
    if ((w.waiting & mask) == mask) {
        combine(base, mask);
        release_lanes(w, base, mask);
    }
    wait();
    return t.result;
}

void combine_nothing(uint32_t, unsigned) {}

void combine_ballot(uint32_t base, unsigned mask)
{
    uint64_t ballot = 0;
    for (unsigned lane = 0; lane < WARP; lane++)
        if (mask >> lane & 1u) ballot |= (e.thread[base + lane].value & 1u) << lane;
    for (unsigned lane = 0; lane < WARP; lane++)
        if (mask >> lane & 1u) e.thread[base + lane].result = ballot;
}

/* The lane that `lane` reads from, or itself where it would leave its group of `width` lanes. */
uint32_t source_lane(const Thread &t, uint32_t lane)
{
    const uint32_t width = static_cast<uint32_t>(t.width), begin = lane & ~(width - 1);
    const uint32_t argument = static_cast<uint32_t>(t.argument);
    switch (t.kind) {
    case Shuffle::Index: return begin | (argument & (width - 1));
    case Shuffle::Up: return argument > lane - begin ? lane : lane - argument;
    case Shuffle::Down: return argument >= width - (lane - begin) ? lane : lane + argument;
    default: return (lane ^ argument) >= begin + width ? lane : lane ^ argument;
    }
}

void combine_shuffle(uint32_t base, unsigned mask)
{
    for (uint32_t lane = 0; lane < WARP; lane++) {
        if (!(mask >> lane & 1u)) continue;
        Thread &t = e.thread[base + lane];
        const uint32_t source = source_lane(t, lane);
        t.result = mask >> source & 1u ? e.thread[base + source].value : UNWRITTEN;
    }
}

} // namespace

void warp_barrier(const Site &site, unsigned mask)
{
    const Unchecked guard;
    meet(site, mask, 0, Shuffle::Index, 0, 32, combine_nothing);
}

uint64_t warp_shuffle(const Site &site, unsigned mask, Shuffle kind, uint64_t value, int argument, int width)
{
    const Unchecked guard;
    if (width < 1 || width > 32 || (width & (width - 1)) != 0)
        broken("collective", "calls %s with width %d", site_text(site), width);
    return meet(site, mask, value, kind, argument, width, combine_shuffle);
}

unsigned warp_ballot(const Site &site, unsigned mask, bool predicate)
{
    const Unchecked guard;
    return static_cast<unsigned>(meet(site, mask, predicate, Shuffle::Index, 0, 32, combine_ballot));
}

bool warp_all(const Site &site, unsigned mask, bool predicate)
{
    const Unchecked guard;
    return meet(site, mask, predicate, Shuffle::Index, 0, 32, combine_ballot) == mask;
}

bool ordered_in_warp(uint32_t other, uint32_t tick)
{
    const Warp &w = e.warp[other / WARP];
    return tick <= w.floor || (w.partial && w.seen[here.thread % WARP][other % WARP] >= tick);
}

/* ---- shared memory -------------------------------------------------------------------------------- */

namespace {

size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

void make_shared_memory()
{
    const size_t page = 65536, bytes = 4 * page;
    static_assert(SHARED_PER_BLOCK_OPTIN + 65536 < 4 * 65536, "arrays and redzones fit");
    char *p = static_cast<char *>(mmap(nullptr, bytes + 2 * page, PROT_NONE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (p == MAP_FAILED || mprotect(p + page, bytes, PROT_READ | PROT_WRITE) != 0) {
        perror("cudaemu: no memory for shared memory");
        abort();
    }
    shared_low = p + page;
    shared_high = shared_low + bytes;
}

void fill(char *p, size_t bytes, uint64_t word)
{
    for (size_t i = 0; i < bytes; i += sizeof word)
        memcpy(p + i, &word, std::min(sizeof word, bytes - i));
}

/* Gives an array its place behind the others, contents and redzone. Redzones reach from an array's last byte. */
const SharedArray &place_array(const char *name, const char *file, int line, size_t bytes, size_t alignment)
{
    const size_t offset = round_up(e.shared_used, std::max<size_t>(alignment, 16));
    const size_t end = round_up(offset + bytes, 8) + REDZONE;
    if (static_cast<size_t>(shared_high - shared_low) < end)
        broken("shared", "needs more shared memory for '%s' than a device has", name);
    e.arrays.push_back({name, file, line, offset, bytes});
    e.shared_used = end;
    fill(shared_low + offset, bytes, UNWRITTEN);
    fill(shared_low + offset + bytes, end - offset - bytes, REDZONE_WORD);
    return e.arrays.back();
}

void begin_shared()
{
    e.arrays.clear();
    e.shared_used = REDZONE;
    fill(shared_low, REDZONE, REDZONE_WORD);
    e.shared_limit = SHARED_PER_BLOCK;
    if (e.grid->key && running && dynamic_shared_limit(e.grid->key, running->device) > SHARED_PER_BLOCK)
        e.shared_limit = SHARED_PER_BLOCK_OPTIN;
    place_array("dynamic shared memory", "", 0, e.grid->dynamic_shared, 16);
}

/* After a block: nothing was written between the arrays. For kernels whose accesses are not checked one by one. */
void verify_redzones_of_block()
{
    for (size_t i = 0; i < e.arrays.size(); i++) {
        const SharedArray &a = e.arrays[i];
        const size_t begin = a.offset + a.bytes, end = round_up(begin, 8) + REDZONE;
        char expected[REDZONE + 8];
        fill(expected, end - begin, REDZONE_WORD);
        if (memcmp(shared_low + begin, expected, end - begin) == 0) continue;
        fill(shared_low + begin, end - begin, REDZONE_WORD);
        violation("shared", "kernel %s: block (%u,%u,%u) wrote past the end of '%s' (%zu bytes, %s:%d)",
                  e.grid->name, now.block.x, now.block.y, now.block.z, a.name, a.bytes, a.file, a.line);
        e.abandoned = true;
    }
}

} // namespace

const std::vector<SharedArray> &shared_arrays()
{
    return e.arrays;
}

void *shared(SharedSite &site, size_t bytes, size_t alignment)
{
    if (site.launch != e.launch) {
        const Unchecked guard;
        site.offset = place_array(site.name, site.file, site.line, bytes, alignment).offset;
        site.launch = e.launch;
        size_t total = 0;
        for (const SharedArray &a : e.arrays) total += round_up(a.bytes, 16);
        const size_t fixed = total - round_up(e.arrays[0].bytes, 16);
        if (fixed > SHARED_PER_BLOCK || total > e.shared_limit)
            broken("shared", "needs %zu bytes of shared memory (%zu of them dynamic); the limit is %zu",
                   total, e.arrays[0].bytes, fixed > SHARED_PER_BLOCK ? SHARED_PER_BLOCK : e.shared_limit);
    }
    return shared_low + site.offset;
}

void *dynamic_shared()
{
    return shared_low + e.arrays[0].offset;
}

/* ---- grids ---------------------------------------------------------------------------------------- */

namespace {

void begin_block(uint64_t i)
{
    now.block = split(block_at(i), e.grid->grid);
    e.serial = here.serial = here.first + i;
    here.barriers = 0;
    e.started = e.ready_count = e.ready_begin = e.gone = e.at_barrier = 0;
    e.gathered = 0;
    for (uint32_t t = 0; t < e.threads; t++) {
        e.thread[t].state = State::New;
        e.thread[t].tick = 1;
    }
    for (uint32_t k = 0; k * WARP < e.threads; k++) {
        Warp &w = e.warp[k];
        const uint32_t lanes = std::min(WARP, e.threads - k * WARP);
        w.present = lanes == WARP ? ~0u : (1u << lanes) - 1;
        w.gone = w.waiting = w.at_barrier = 0;
        w.tick = 1;
        w.floor = 0;
        w.partial = false;
    }
    if (e.order == EMU_RANDOM_ORDER) shuffle_order(e.start_order, e.threads);
    if (i > 0)
        for (const SharedArray &a : e.arrays) fill(shared_low + a.offset, a.bytes, UNWRITTEN);
}

void run_block(uint64_t i)
{
    begin_block(i);
    e.starting = choose_thread();
    e.fiber = &e.main;
    go_to(idle_fiber());
    e.fiber = nullptr;
    if (!e.abandoned) verify_redzones_of_block();
    end_block_accesses();
}

/* Fibers that were left in the middle of a kernel begin anew. */
void clear_fibers()
{
    e.idle = e.fibers;
    for (Fiber *f : e.fibers) restart_fiber(f, work);
}

} // namespace

void enter_kernel()
{
    checking = true;
}

void leave_kernel()
{
    checking = false;
}

void give_up()
{
    checking = false;
    e.abandoned = true;
    go_to(&e.main);
    abort();
}

std::string thread_text(uint64_t serial, uint32_t thread)
{
    const uint3 b = split(block_at(serial - here.first), e.grid->grid);
    const uint3 t = split(thread, e.grid->block);
    char text[128];
    snprintf(text, sizeof text, "thread (%u,%u,%u) of block (%u,%u,%u)", t.x, t.y, t.z, b.x, b.y, b.z);
    return text;
}

const char *kernel_text()
{
    return e.grid->name;
}

const char *kernel_name(const char *text)
{
    static std::set<std::string> names;
    std::string name = text;
    if (name.size() > 2 && name.front() == '(' && name.back() == ')') name = name.substr(1, name.size() - 2);
    return names.insert(name).first->c_str();
}

void run_grid(const Grid &g)
{
    if (e.busy || g.block.x * g.block.y * g.block.z > MAX_THREADS) {
        fprintf(stderr, "cudaemu: a launch inside a launch, or of more than %u threads a block\n", MAX_THREADS);
        abort();
    }
    if (!shared_low) make_shared_memory();
    e.grid = &g;
    e.order = settings().order;
    e.busy = true;
    e.abandoned = false;
    e.threads = g.block.x * g.block.y * g.block.z;
    e.blocks = static_cast<uint64_t>(g.grid.x) * g.grid.y * g.grid.z;
    e.launch++;
    here.first = e.serial + 1;
    now.block_size = g.block;
    now.grid_size = g.grid;
    for (uint32_t t = 0; t < e.threads; t++) e.thread[t].index = split(t, g.block);
    plan_orders();
    begin_shared();
    begin_accesses();
    if (!g.checked) unchecked_kernel_ran();
    e.main = Fiber();
    for (uint64_t i = 0; i < e.blocks && !e.abandoned; i++) run_block(i);
    end_accesses();
    if (e.abandoned) clear_fibers();
    e.grid = nullptr;
    e.busy = false;
}

} // namespace emu
