/* PTX: one thread of a kernel, from its first instruction to its end. At a barrier or a collective
 * the handler waits, on the fiber that it runs on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include <alloca.h>

#include "engine.h"
#include "ptx_code.h"

namespace emu
{
namespace ptx
{

namespace
{

constexpr uint32_t WARP = 32;

bool &fusing()
{
    static const char *const wish = getenv("EMU_FUSE");
    static bool on = wish && strcmp(wish, "1") == 0;
    return on;
}

uint32_t special_value(Special s)
{
    const uint32_t lane = here.thread % WARP, bit = 1u << lane;
    switch (s) {
    case Special::ThreadX: return now.thread.x;
    case Special::ThreadY: return now.thread.y;
    case Special::ThreadZ: return now.thread.z;
    case Special::BlockX: return now.block.x;
    case Special::BlockY: return now.block.y;
    case Special::BlockZ: return now.block.z;
    case Special::ThreadsX: return now.block_size.x;
    case Special::ThreadsY: return now.block_size.y;
    case Special::ThreadsZ: return now.block_size.z;
    case Special::BlocksX: return now.grid_size.x;
    case Special::BlocksY: return now.grid_size.y;
    case Special::BlocksZ: return now.grid_size.z;
    case Special::Lane: return lane;
    case Special::LaneMaskEqual: return bit;
    case Special::LaneMaskLess: return bit - 1;
    case Special::LaneMaskLessEqual: return bit | (bit - 1);
    case Special::LaneMaskGreater: return ~(bit | (bit - 1));
    default: return ~(bit - 1);
    }
}

uint64_t shared_offset(const SharedSlot &s)
{
    const void *p = s.dynamic ? dynamic_shared() : shared(s.site, s.bytes, s.alignment);
    return static_cast<uint64_t>(static_cast<const char *>(p) - shared_low);
}

void fill_slots(const Program &p, uint64_t *slot)
{
    memcpy(slot, p.image.data(), p.image.size() * sizeof *slot);
    for (const SpecialSlot &s : p.specials) slot[s.slot] = special_value(s.which);
    for (const SharedSlot &s : p.shared) slot[s.slot] = shared_offset(s);
}

/* Counted as it goes: a thread may never come back from a barrier. */
void interpret(Frame &f)
{
    const Program &p = *f.program;
    const uint32_t end = static_cast<uint32_t>(p.code.size());
    uint64_t *const executed = p.counts.executed.data(), *const taken = p.counts.taken.data();
    while (f.next < end) {
        const uint32_t i = f.next++;
        const Op &o = f.code[i];
        executed[i]++;
        if (o.guard != Operand::NO_REGISTER) {
            if (get_predicate(f, o.guard) == o.guard_negated) continue;
            taken[i]++;
        }
        o.run(f, o);
    }
}

} // namespace

void set_fusing(bool on)
{
    fusing() = on;
}

void stop(const Frame &f, const Op &o, const char *kind, const char *format, ...)
{
    char text[200];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    const size_t i = static_cast<size_t>(&o - f.code);
    violation(kind, "kernel %s: %s: %s: %s (%s)", kernel_text(),
              thread_text(here.serial, here.thread).c_str(), f.program->text[i].c_str(), text,
              f.program->place[i].c_str());
    give_up();
}

void run_thread(const Program &p, const uint8_t *parameters)
{
    const size_t slots = p.image.size() * sizeof(uint64_t);
    char *memory = static_cast<char *>(alloca(slots + p.local_bytes + 16));
    memory += -reinterpret_cast<uintptr_t>(memory) % 16;
    Frame f;
    f.local = memory; /* local first: it may ask for alignment */
    f.slot = reinterpret_cast<uint64_t *>(memory + p.local_bytes);
    f.program = &p;
    f.code = fusing() ? p.fused.data() : p.code.data();
    f.parameters = parameters;
    f.next = 0;
    std::fill_n(reinterpret_cast<uint64_t *>(f.local), p.local_bytes / sizeof(uint64_t),
                simt::UNWRITTEN);
    fill_slots(p, f.slot);
    enter_kernel();
    interpret(f);
    leave_kernel();
}

} // namespace ptx
} // namespace emu
