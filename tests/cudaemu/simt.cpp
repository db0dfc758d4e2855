/* Grids, blocks, threads: a block's threads are fibers on the calling thread.
 *
 * A fiber runs one thread of the block after another, and another fiber is only started when it has
 * to wait. Which thread starts next, or goes on next, is the launch's order: in ascending order
 * waiting threads that can go on come first (so warp after warp advances), in descending order
 * threads that have not begun (so all advance together), at random either.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <set>

#include "engine.h"

namespace emu
{

using namespace simt;

Engine simt::e;

Now now;
Here here;
bool checking;

namespace
{

/* ---- orders ---------------------------------------------------------------------------------- */

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
                choose(Choice::BlockOrder, 0xFFFFFFFFu)) |
               1u;
    if (e.blocks <= 1u << 20) {
        e.block_order.resize(e.blocks);
        std::iota(e.block_order.begin(), e.block_order.end(), 0u);
        shuffle_order(e.block_order.data(), static_cast<uint32_t>(e.blocks));
    } else { /* too many to list: i -> start + i * step, the step prime to their number */
        e.block_start = draw(1u << 31) % e.blocks;
        do e.block_step = (draw(1u << 31) | 1u) % e.blocks;
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

/* ---- messages -------------------------------------------------------------------------------- */

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

} // namespace

const char *simt::site_text(const Site &s)
{
    static char text[4][256];
    static unsigned turn;
    char *p = text[turn++ % 4];
    snprintf(p, sizeof text[0], "%s at %s:%d", s.call, s.file, s.line);
    return p;
}

void simt::broken(const char *kind, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    violation(kind, "%s %s; waiting:%s", current_text().c_str(), text, waiting_text().c_str());
    give_up();
}

/* ---- the scheduler --------------------------------------------------------------------------- */

void simt::make_ready(uint32_t i)
{
    e.thread[i].state = State::Ready;
    e.ready[(e.ready_begin + e.ready_count++) % MAX_THREADS] = i;
}

namespace
{

uint32_t take_ready()
{
    if (e.order == EMU_RANDOM_ORDER)
        std::swap(e.ready[e.ready_begin],
                  e.ready[(e.ready_begin + draw(e.ready_count)) % MAX_THREADS]);
    const uint32_t i = e.ready[e.ready_begin];
    e.ready_begin = (e.ready_begin + 1) % MAX_THREADS;
    e.ready_count--;
    return i;
}

/* The thread to run next: one that has not begun, one that can go on, or nobody. */
uint32_t choose_thread()
{
    const bool can_start = e.started<e.threads, can_resume = e.ready_count> 0;
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
        if (next == NOBODY && e.gone < e.threads)
            broken("barrier", "returned, and nobody can go on");
        e.idle.push_back(e.fiber);
        go_to(next == NOBODY ? &e.main : e.thread[next].fiber);
    }
}

Fiber *idle_fiber()
{
    if (e.idle.empty()) {
        e.fibers.emplace_back(new_fiber(work));
        return e.fibers.back().get();
    }
    Fiber *f = e.idle.back();
    e.idle.pop_back();
    return f;
}

} // namespace

void simt::wait()
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

/* ---- grids ----------------------------------------------------------------------------------- */

namespace
{

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
    if (i > 0) renew_shared();
}

void run_block(uint64_t i)
{
    begin_block(i);
    e.starting = choose_thread();
    e.fiber = &e.main;
    go_to(idle_fiber());
    e.fiber = nullptr;
    if (!e.abandoned) end_shared_of_block();
    end_block_accesses();
}

/* Fibers that were left in the middle of a kernel begin anew. */
void clear_fibers()
{
    e.idle.clear();
    for (const auto &f : e.fibers) {
        restart_fiber(f.get(), work);
        e.idle.push_back(f.get());
    }
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
    snprintf(text, sizeof text, "thread (%u,%u,%u) of block (%u,%u,%u)", t.x, t.y, t.z, b.x, b.y,
             b.z);
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
    if (name.size() > 2 && name.front() == '(' && name.back() == ')')
        name = name.substr(1, name.size() - 2);
    return names.insert(name).first->c_str();
}

void run_grid(const Grid &g)
{
    if (e.busy || g.block.x * g.block.y * g.block.z > MAX_THREADS) {
        fprintf(stderr, "cudaemu: a launch inside a launch, or of more than %u threads a block\n",
                MAX_THREADS);
        abort();
    }
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
