/* The kernels of a program that nvcc compiled: what its objects tell the runtime before main, and
 * the PTX in their fat binaries.
 *
 * An object's constructor hands over a wrapper (NVIDIA's fatbinary_section.h) that points at its
 * fat binary: a header, then entries, each of a header of its own and contents. NVIDIA does not
 * document the layout; the fields used here are those on which public readers of it agree, such as
 * Cricket (RWTH Aachen, cpu/cpu-elf2.c) and ZLUDA. For each kernel it then names the host function
 * that stands for it, by which launches name it.
 *
 * All of this runs in static constructors, so the state sits behind its first use, and texts are
 * parsed at the first launch. What has been parsed stays for ever: work that waits in a stream may
 * outlive the plugin, and a plugin that is loaded again has the same texts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>

#include "ptx.h"

namespace emu
{
namespace ptx
{

namespace
{

/* ---- fat binaries ---------------------------------------------------------------------------- */

constexpr uint32_t WRAPPER_MAGIC = 0x466243b1, WRAPPER_VERSION = 1, FAT_MAGIC = 0xba55ed50;
constexpr uint16_t KIND_PTX = 1;

struct Wrapper {
    uint32_t magic, version;
    const char *data;
    const void *unused;
};

struct FatHeader {
    uint32_t magic;
    uint16_t version, header_bytes;
    uint64_t bytes; /* of all entries */
};

struct FatEntry {
    uint16_t kind, version;
    uint32_t header_bytes;
    uint64_t bytes;            /* of the contents */
    uint32_t compressed_bytes; /* or 0 */
    uint32_t options, code_version;
    uint32_t target;              /* 75 of sm_75 */
    uint32_t name_at, name_bytes; /* of the source, in the entry */
};

struct Source {
    std::string name, text;
};

template <typename T> T read_as(const char *p)
{
    T value;
    memcpy(&value, p, sizeof value);
    return value;
}

/* "balance.ptx" of ".../src/cuda/balance.cu"; nvcc names the source only where it has -lineinfo. */
std::string text_name(const std::string &source)
{
    if (source.empty()) return "unnamed.ptx";
    const size_t slash = source.rfind('/');
    const std::string base = slash == source.npos ? source : source.substr(slash + 1);
    return base.substr(0, base.rfind('.')) + ".ptx";
}

Source source_of(const char *entry, const FatEntry &e)
{
    const Source source = {text_name(std::string(entry + e.name_at, e.name_bytes)), ""};
    if (e.compressed_bytes != 0)
        throw Error(source.name + ": the PTX is compressed: give nvcc --no-compress");
    const char *text = entry + e.header_bytes;
    return {source.name, std::string(text, strnlen(text, e.bytes))};
}

/* The PTX for one target. */
Source find_source(const char *data, int target)
{
    const auto header = read_as<FatHeader>(data);
    if (header.magic != FAT_MAGIC) throw Error("unknown fat binary");
    std::string others;
    const char *const end = data + header.header_bytes + header.bytes;
    for (const char *p = data + header.header_bytes; p < end;) {
        const auto entry = read_as<FatEntry>(p);
        if (entry.kind == KIND_PTX && entry.target == uint32_t(target)) return source_of(p, entry);
        if (entry.kind == KIND_PTX) others += " " + std::to_string(entry.target);
        p += entry.header_bytes + entry.bytes;
    }
    throw Error("a fat binary has no PTX for compute_" + std::to_string(target) +
                "; it has:" + (others.empty() ? " none" : others));
}

/* ---- what is known --------------------------------------------------------------------------- */

/* A text and what was made of it. */
struct Loaded {
    Module module;
    std::map<std::string, Registered> kernels; /* by mangled name; those asked for */
};

struct Binary {
    const char *data; /* nullptr once the object is gone */
    Loaded *loaded;   /* nullptr before the first use */
};

struct Stub {
    Binary *binary;
    std::string name;
};

struct State {
    std::mutex lock;
    std::deque<Binary> binaries;
    std::map<const void *, Stub> stubs;
    std::map<std::string, std::unique_ptr<Loaded>> texts; /* by text */
};

State &state()
{
    static auto *s = new State();
    return *s;
}

Loaded &load(State &s, Binary &binary)
{
    if (!binary.loaded) {
        const Source source = find_source(binary.data, wanted_target());
        std::unique_ptr<Loaded> &loaded = s.texts[source.text];
        if (!loaded) loaded.reset(new Loaded{parse(source.name, source.text), {}});
        binary.loaded = loaded.get();
    }
    return *binary.loaded;
}

const Registered &make_kernel(Loaded &loaded, const std::string &name)
{
    const auto made = loaded.kernels.find(name);
    if (made != loaded.kernels.end()) return made->second;
    const auto found = loaded.module.kernels.find(name);
    if (found == loaded.module.kernels.end())
        throw Error(loaded.module.name + ": no kernel '" + name + "'");
    const Kernel &kernel = found->second;
    Registered r = {&kernel, make_program(loaded.module, kernel), kernel_title(name)};
    return loaded.kernels.emplace(name, std::move(r)).first->second;
}

} // namespace

int wanted_target()
{
    static const int target = [] {
        const char *wish = getenv("EMU_PTX");
        if (!wish || !*wish) return 75;
        for (const int known : {75, 90, 120})
            if (std::to_string(known) == wish) return known;
        fprintf(stderr, "emu: EMU_PTX=%s: expected 75, 90 or 120\n", wish);
        exit(2);
    }();
    return target;
}

const Registered *find_kernel(const void *stub)
{
    State &s = state();
    const std::lock_guard<std::mutex> locked(s.lock);
    const auto found = s.stubs.find(stub);
    if (found == s.stubs.end()) return nullptr;
    return &make_kernel(load(s, *found->second.binary), found->second.name);
}

} // namespace ptx
} // namespace emu

/* ---- what nvcc's objects call ---------------------------------------------------------------- */

using namespace emu::ptx;

extern "C" void **__cudaRegisterFatBinary(void *image)
{
    const auto wrapper = read_as<Wrapper>(static_cast<const char *>(image));
    if (wrapper.magic != WRAPPER_MAGIC || wrapper.version != WRAPPER_VERSION) {
        fprintf(stderr, "emu: an object registers a fat binary of unknown kind\n");
        abort();
    }
    State &s = state();
    const std::lock_guard<std::mutex> locked(s.lock);
    s.binaries.push_back({wrapper.data, nullptr});
    return reinterpret_cast<void **>(&s.binaries.back());
}

extern "C" void __cudaRegisterFatBinaryEnd(void **)
{
}

extern "C" void __cudaUnregisterFatBinary(void **handle)
{
    State &s = state();
    const std::lock_guard<std::mutex> locked(s.lock);
    auto *binary = reinterpret_cast<Binary *>(handle);
    binary->data = nullptr;
    for (auto i = s.stubs.begin(); i != s.stubs.end();)
        i = i->second.binary == binary ? s.stubs.erase(i) : std::next(i);
}

/* The arguments after the name are for other kinds of launches. */
extern "C" void __cudaRegisterFunction(void **handle, const char *stub, char *, const char *name,
                                       int, uint3 *, uint3 *, dim3 *, dim3 *, int *)
{
    State &s = state();
    const std::lock_guard<std::mutex> locked(s.lock);
    s.stubs[stub] = {reinterpret_cast<Binary *>(handle), name};
}
