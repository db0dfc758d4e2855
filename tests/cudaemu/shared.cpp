/* Shared memory of the running block: its arrays, in the order in which the kernel comes to them,
 * with redzones between.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/mman.h>

#include "engine.h"

namespace emu
{

using namespace simt;

char *shared_low, *shared_high;

namespace
{

constexpr size_t REDZONE = 32;
constexpr uint64_t REDZONE_WORD = 0x5ed20e5ed20e5ed2u;

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

/* Gives an array its place behind the others, contents and redzone. Redzones reach from an array's
 * last byte. */
const SharedArray &place_array(const char *name, const char *file, int line, size_t bytes,
                               size_t alignment)
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

} // namespace

void simt::begin_shared()
{
    if (!shared_low) make_shared_memory();
    e.arrays.clear();
    e.shared_used = REDZONE;
    fill(shared_low, REDZONE, REDZONE_WORD);
    e.shared_limit = SHARED_PER_BLOCK;
    if (e.grid->key && running &&
        dynamic_shared_limit(e.grid->key, running->device) > SHARED_PER_BLOCK)
        e.shared_limit = SHARED_PER_BLOCK_OPTIN;
    place_array("dynamic shared memory", "", 0, e.grid->dynamic_shared, 16);
}

void simt::renew_shared()
{
    for (const SharedArray &a : e.arrays) fill(shared_low + a.offset, a.bytes, UNWRITTEN);
}

/* For kernels whose accesses are not checked one by one. */
void simt::end_shared_of_block()
{
    for (size_t i = 0; i < e.arrays.size(); i++) {
        const SharedArray &a = e.arrays[i];
        const size_t begin = a.offset + a.bytes, end = round_up(begin, 8) + REDZONE;
        char expected[REDZONE + 8];
        fill(expected, end - begin, REDZONE_WORD);
        if (memcmp(shared_low + begin, expected, end - begin) == 0) continue;
        fill(shared_low + begin, end - begin, REDZONE_WORD);
        violation(
            "shared", "kernel %s: block (%u,%u,%u) wrote past the end of '%s' (%zu bytes, %s:%d)",
            e.grid->name, now.block.x, now.block.y, now.block.z, a.name, a.bytes, a.file, a.line);
        e.abandoned = true;
    }
}

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
            broken("shared",
                   "needs %zu bytes of shared memory (%zu of them dynamic); the limit is %zu",
                   total, e.arrays[0].bytes,
                   fixed > SHARED_PER_BLOCK ? SHARED_PER_BLOCK : e.shared_limit);
    }
    return shared_low + site.offset;
}

void *dynamic_shared()
{
    return shared_low + e.arrays[0].offset;
}

} // namespace emu
