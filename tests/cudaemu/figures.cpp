/* How well the accesses of a warp fit together, kernel by kernel.
 *
 * Threads run one after the other here, so the accesses that a warp makes together on a device are
 * put together afterwards: the k-th time that each lane comes to an instruction. In global memory
 * such a group costs the 32-byte sectors it touches, at best the bytes it asks for; in shared
 * memory the waves in which no two words share one of the 32 banks. The first blocks of a launch
 * stand for all of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "simt.h"

namespace emu
{

bool measuring;

namespace
{

constexpr uint64_t BLOCKS = 64;
constexpr uint32_t WARP = 32, BANKS = 32;
constexpr uintptr_t SECTOR = 32, WORD = 4;

struct Group {
    bool in_shared;
    uint32_t bytes; /* of one lane */
    std::vector<uintptr_t> address;
};

struct Key {
    uintptr_t pc;
    uint32_t warp, turn;
    bool operator<(const Key &o) const
    {
        return std::tie(pc, warp, turn) < std::tie(o.pc, o.warp, o.turn);
    }
};

std::map<Key, Group> groups;                              /* of the running block */
std::map<std::pair<uintptr_t, uint32_t>, uint32_t> turns; /* (pc, thread): how often it was there */
std::map<std::string, emu_kernel_figures> figures;

size_t units(const std::vector<uintptr_t> &address, uint32_t bytes, uintptr_t unit)
{
    std::set<uintptr_t> touched;
    for (uintptr_t a : address)
        for (uintptr_t u = a / unit; u * unit < a + bytes; u++) touched.insert(u);
    return touched.size();
}

size_t divide_up(size_t n, size_t by)
{
    return (n + by - 1) / by;
}

/* Waves of one group; wide accesses are served by halves or quarters of the warp. */
size_t waves(const Group &g)
{
    const size_t at_once = std::max<size_t>(1, WARP * WORD / std::max<size_t>(g.bytes, WORD));
    size_t total = 0;
    for (size_t begin = 0; begin < g.address.size(); begin += at_once) {
        std::set<uintptr_t> words;
        for (size_t i = begin; i < std::min(begin + at_once, g.address.size()); i++)
            for (uintptr_t w = g.address[i] / WORD; w * WORD < g.address[i] + g.bytes; w++)
                words.insert(w);
        size_t in_bank[BANKS] = {}, most = 0;
        for (uintptr_t w : words) most = std::max(most, ++in_bank[w % BANKS]);
        total += most;
    }
    return total;
}

} // namespace

void measure_access(const void *p, size_t bytes, bool in_shared, uintptr_t pc)
{
    if (here.serial - here.first >= BLOCKS) return;
    const uint32_t turn = turns[{pc, here.thread}]++;
    Group &g = groups[{pc, here.thread / WARP, turn}];
    g.in_shared = in_shared;
    g.bytes = static_cast<uint32_t>(bytes);
    g.address.push_back(reinterpret_cast<uintptr_t>(p));
}

void measure_block()
{
    emu_kernel_figures &f = figures[kernel_text()];
    for (auto &entry : groups) {
        Group &g = entry.second;
        std::sort(g.address.begin(), g.address.end());
        if (g.in_shared) {
            f.waves += static_cast<int64_t>(waves(g));
            f.ideal_waves +=
                static_cast<int64_t>(divide_up(units(g.address, g.bytes, WORD), BANKS));
        } else {
            f.sectors += static_cast<int64_t>(units(g.address, g.bytes, SECTOR));
            f.ideal_sectors +=
                static_cast<int64_t>(divide_up(units(g.address, g.bytes, 1), SECTOR));
        }
    }
    groups.clear();
    turns.clear();
}

} // namespace emu

void emu_measure(int on)
{
    emu::measuring = on != 0;
    emu::figures.clear();
}

int emu_kernel_figures_of(const char *kernel, struct emu_kernel_figures *f)
{
    const auto found = emu::figures.find(kernel);
    if (found == emu::figures.end()) return 0;
    *f = found->second;
    return 1;
}

const char *emu_measured_kernel(int index)
{
    for (const auto &entry : emu::figures)
        if (index-- == 0) return entry.first.c_str();
    return nullptr;
}
