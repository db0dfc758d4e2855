/* The faults of plant.h. A status and wrong bits are wishes that a test could have as well (emu.h).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plant.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "simt.h"
#include "state.h"

namespace emu
{

namespace
{

enum class Fault { None, Kernel, Wait, Status, Leak, Bits };
struct Plant {
    Fault fault;
    std::string name;
    bool leaked;
};

[[noreturn]] void unknown(const char *text)
{
    fprintf(stderr, "emu: EMU_PLANT=%s: see tests/cudaemu/plant.h\n", text);
    exit(2);
}

/* The fields between colons. */
std::vector<std::string> fields_of(const std::string &text)
{
    std::vector<std::string> fields;
    size_t at = 0, colon;
    while ((colon = text.find(':', at)) != std::string::npos) {
        fields.push_back(text.substr(at, colon - at));
        at = colon + 1;
    }
    fields.push_back(text.substr(at));
    return fields;
}

Plant from_environment()
{
    const char *text = getenv("EMU_PLANT");
    if (!text || !*text) return {Fault::None, "", false};
    const std::vector<std::string> f = fields_of(text);
    if (f.size() == 2 && f[0] == "kernel") return {Fault::Kernel, f[1], false};
    if (f.size() == 1 && f[0] == "sync") return {Fault::Wait, "", false};
    if (f.size() == 4 && f[0] == "status") return {Fault::Status, f[1], false};
    if (f.size() == 1 && f[0] == "leak") return {Fault::Leak, "", false};
    if (f.size() == 3 && f[0] == "bits") return {Fault::Bits, f[1], false};
    unknown(text);
}

Plant &plant()
{
    static Plant *p = new Plant(from_environment());
    return *p;
}

/* Before any call is made. */
__attribute__((constructor)) void wish()
{
    const Fault fault = plant().fault;
    if (fault != Fault::Status && fault != Fault::Bits) return;
    const std::vector<std::string> f = fields_of(getenv("EMU_PLANT"));
    const int64_t k = atoll(f[2].c_str());
    if (fault == Fault::Status)
        emu_fail_call(f[1].c_str(), k, atoi(f[3].c_str()));
    else
        emu_poison_output(f[1].c_str(), k);
}

/* Without what stands between angle brackets. */
std::string plain(const char *kernel)
{
    return std::string(kernel, strcspn(kernel, "<"));
}

bool in_last_block()
{
    const dim3 &grid = now.grid_size;
    return now.block.x + 1 == grid.x && now.block.y + 1 == grid.y && now.block.z + 1 == grid.z;
}

} // namespace

Grid planted(const Grid &g)
{
    const uint64_t blocks = uint64_t(g.grid.x) * g.grid.y * g.grid.z;
    if (plant().fault != Fault::Kernel || plant().name != plain(g.name) || blocks < 2) return g;
    Grid changed = g;
    changed.thread = [run = g.thread] {
        if (!in_last_block()) run();
    };
    return changed;
}

bool no_wait_planted()
{
    return plant().fault == Fault::Wait;
}

bool leak_planted()
{
    Plant &p = plant();
    if (p.fault != Fault::Leak || p.leaked) return false;
    return p.leaked = true;
}

bool bits_planted(const Operand &o)
{
    if (plant().fault != Fault::Bits) return false;
    char *lowest = static_cast<char *>(const_cast<void *>(o.p));
    *lowest = char(*lowest ^ 1); /* the machine is little-endian, as CUDA's are */
    return true;
}

} // namespace emu
