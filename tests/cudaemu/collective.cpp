/* Barriers of a block, and what the lanes of a warp do together: barriers, shuffles, votes.
 *
 * All who meet must be at the same site of the source, and nobody who is expected may have
 * returned.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "engine.h"

namespace emu
{

using namespace simt;

namespace
{

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

/* ---- block barrier --------------------------------------------------------------------------- */

void complete_barrier()
{
    e.barrier_result = e.gather == Gather::And  ? e.gathered == static_cast<int>(e.threads)
                       : e.gather == Gather::Or ? e.gathered > 0
                                                : e.gathered;
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
    if (e.gone > 0)
        broken("barrier", "waits in %s, but %u threads have returned", site_text(site), e.gone);
    if (e.at_barrier > 0 && e.barrier_site != &site)
        broken("barrier", "waits in %s, but others in %s", site_text(site),
               site_text(*e.barrier_site));
    for (unsigned rest = w.waiting; rest != 0; rest &= rest - 1)
        if (e.thread[i / WARP * WARP + static_cast<unsigned>(__builtin_ctz(rest))].mask &
            1u << i % WARP)
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

/* ---- warp collectives ------------------------------------------------------------------------ */

namespace
{

/* All lanes of `mask` have arrived: what any of them did before is ordered before what any of them
 * does now. */
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

/* Lanes whose masks name one another must be in the same call, with the same mask. */
void check_company(const Warp &w, uint32_t base, unsigned bit, const Thread &t)
{
    for (unsigned rest = w.waiting; rest != 0; rest &= rest - 1) {
        const Thread &o = e.thread[base + static_cast<unsigned>(__builtin_ctz(rest))];
        const bool related = (o.mask & bit) || (t.mask & (rest & -rest));
        if (related && (o.mask != t.mask || o.site != t.site))
            broken("collective",
                   "calls %s with mask %08x, but a lane it meets is in %s with mask %08x",
                   site_text(*t.site), t.mask, site_text(*o.site), o.mask);
    }
}

/* Waits until all lanes of the mask are here; the last one lets `combine` set all results. */
uint64_t meet(const Site &site, unsigned mask, uint64_t value, Shuffle kind, int argument,
              int width, void (*combine)(uint32_t base, unsigned mask))
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

    if (!(mask & bit))
        broken("collective", "calls %s, but mask %08x is without it", site_text(site), mask);
    if (mask & ~w.present)
        broken("collective", "calls %s: mask %08x names lanes %08x that the warp does not have",
               site_text(site), mask, mask & ~w.present);
    if (mask & w.gone)
        broken("collective", "calls %s: mask %08x names lanes %08x that have returned",
               site_text(site), mask, mask & w.gone);
    if (mask & w.at_barrier)
        broken("collective", "calls %s: mask %08x names lanes %08x that wait at a block's barrier",
               site_text(site), mask, mask & w.at_barrier);
    if (w.waiting == 0) {
        w.site = &site;
        w.mask = mask;
    } else if (w.site != &site || w.mask != mask) {
        w.site = nullptr;
        check_company(w, base, bit, t);
    }
    w.waiting |= bit;
    if ((w.waiting & mask) == mask) {
        combine(base, mask);
        release_lanes(w, base, mask);
    }
    wait();
    return t.result;
}

void combine_nothing(uint32_t, unsigned)
{
}

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

uint64_t warp_shuffle(const Site &site, unsigned mask, Shuffle kind, uint64_t value, int argument,
                      int width)
{
    const Unchecked guard;
    if (width < 1 || width > 32 || (width & (width - 1)) != 0)
        broken("collective", "calls %s with width %d", site_text(site), width);
    return meet(site, mask, value, kind, argument, width, combine_shuffle);
}

unsigned warp_ballot(const Site &site, unsigned mask, bool predicate)
{
    const Unchecked guard;
    return static_cast<unsigned>(
        meet(site, mask, predicate, Shuffle::Index, 0, 32, combine_ballot));
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

} // namespace emu
