/* The state of the engine, shared by its files: simt.cpp (orders, scheduler, grids), collective.cpp
 * (barriers, warps) and shared.cpp (shared memory). One block runs at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_ENGINE_H
#define RITZ_TESTS_CUDAEMU_ENGINE_H

#include <array>
#include <memory>

#include "fiber.h"
#include "simt.h"

namespace emu
{
namespace simt
{

constexpr uint32_t NOBODY = ~0u, WARP = 32, MAX_THREADS = 1024;
constexpr uint64_t UNWRITTEN = 0x7ff4dead7ff4deadu; /* a NaN in both precisions */

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

/* What a warp's lanes know of each other, besides block barriers. Every collective has a tick. One
 * of all lanes orders all that came before (`floor`); one of some lanes is remembered lane by lane
 * (`seen`). */
struct Warp {
    unsigned present, gone, waiting, at_barrier;
    const Site *site; /* where all that wait do so, with this mask; nullptr: they differ */
    unsigned mask;
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
    uint32_t starting;                                     /* for the fiber that is switched to */
    uint32_t ready[MAX_THREADS], ready_begin, ready_count; /* a ring */
    uint32_t gone;

    const Site *barrier_site;
    uint32_t at_barrier;
    Gather gather;
    int gathered, barrier_result;

    std::vector<SharedArray> arrays;
    size_t shared_used, shared_limit;

    Fiber main, *fiber;
    std::vector<std::unique_ptr<Fiber>> fibers;
    std::vector<Fiber *> idle;
    uint64_t random;
    std::vector<uint32_t> block_order;
    uint64_t block_step, block_start;
};
extern Engine e;

/* The engine's own accesses, and those of library templates that a kernel file instrumented, are
 * not a kernel's. */
class Unchecked
{
  public:
    Unchecked() : was_(checking)
    {
        checking = false;
    }
    ~Unchecked()
    {
        checking = was_;
    }
    Unchecked(const Unchecked &) = delete;

  private:
    bool was_;
};

/* ---- simt.cpp -------------------------------------------------------------------------------- */

void make_ready(uint32_t thread);
/* The running thread waits (or is ready, with others); returns when it is its turn. */
void wait();
/* "__syncthreads at file:line", in one of a few buffers: a message may name two sites. */
const char *site_text(const Site &s);
/* A violation by the running thread; the launch ends. */
[[noreturn]] void broken(const char *kind, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- shared.cpp ------------------------------------------------------------------------------ */

void begin_shared();        /* of a launch */
void renew_shared();        /* of its next block: nothing is written */
void end_shared_of_block(); /* nothing was written between the arrays */

} // namespace simt
} // namespace emu

#endif
