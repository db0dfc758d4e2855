/* PTX: loads, stores, addresses, fences.
 *
 * Addresses: of global memory and without a state space they are those of the emulation; in shared
 * memory, local memory and parameters they count from the start of that. Constants are host memory
 * of the program.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ptx_memory.h"
#include "ptx_code.h"

namespace emu
{
namespace ptx
{

namespace
{

bool inside(uintptr_t address, size_t bytes, const void *begin, size_t length)
{
    const uintptr_t offset = address - reinterpret_cast<uintptr_t>(begin);
    return offset <= length && bytes <= length - offset;
}

bool in_shared(uintptr_t address)
{
    return inside(address, 1, shared_low, static_cast<size_t>(shared_high - shared_low));
}

bool in_constants(const Program &p, uintptr_t address, size_t bytes)
{
    const auto after = p.constants.upper_bound(address);
    if (after == p.constants.begin()) return false;
    const auto &found = *std::prev(after);
    return address - found.first <= found.second && bytes <= found.second - (address - found.first);
}

/* A place in memory that is `length` bytes long and not the access checker's business. */
char *own(const Frame &f, const Op &o, const char *what, char *begin, size_t length,
          uint64_t offset, size_t bytes)
{
    if (offset % bytes != 0)
        stop(f, o, "alignment", "%zu bytes at %lld of %s, which is not a multiple", bytes,
             static_cast<long long>(offset), what);
    if (offset > length || bytes > length - offset)
        stop(f, o, "range", "%zu bytes at %lld of %s, which is %zu bytes long", bytes,
             static_cast<long long>(offset), what, length);
    return begin + offset;
}

char *shared_place(const Frame &f, const Op &o, uint64_t offset, size_t bytes, bool write)
{
    const size_t length = static_cast<size_t>(shared_high - shared_low);
    if (offset > length || bytes > length - offset)
        stop(f, o, "shared", "%zu bytes at %#llx of shared memory, past its end", bytes,
             static_cast<unsigned long long>(offset));
    note_access(shared_low + offset, bytes, write, o.plain, pc_of(f, o));
    return shared_low + offset;
}

char *any_place(const Frame &f, const Op &o, Space space, uint64_t address, size_t bytes,
                bool write)
{
    char *p = reinterpret_cast<char *>(address);
    const Program &program = *f.program;
    if (space == Space::Generic) {
        if (inside(address, bytes, f.local, program.local_bytes) && address % bytes == 0) return p;
        if (!write && inside(address, bytes, f.parameters, program.parameter_bytes) &&
            address % bytes == 0)
            return p;
    } else if (in_shared(address)) {
        stop(f, o, "shared", "%zu bytes of shared memory, by an instruction for global memory",
             bytes);
    }
    if (!write && in_constants(program, address, bytes) && address % bytes == 0) return p;
    note_access(p, bytes, write, o.plain, pc_of(f, o));
    return p;
}

} // namespace

char *reach(const Frame &f, const Op &o, size_t bytes, bool write)
{
    const Space space = static_cast<Space>(o.flags & SPACE);
    uint64_t address = f.slot[o.base] + static_cast<uint64_t>(o.offset);
    if (o.flags & NARROW) address = static_cast<uint32_t>(address);
    switch (space) {
    case Space::Shared: return shared_place(f, o, address, bytes, write);
    case Space::Local:
        return own(f, o, "local memory", f.local, f.program->local_bytes, address, bytes);
    case Space::Parameter: /* only read: lower_store sees to that */
        return own(f, o, "the parameters",
                   reinterpret_cast<char *>(const_cast<uint8_t *>(f.parameters)),
                   f.program->parameter_bytes, address, bytes);
    case Space::Constant:
        if (address % bytes != 0)
            stop(f, o, "alignment", "%zu bytes of constants, not at a multiple", bytes);
        if (!in_constants(*f.program, address, bytes))
            stop(f, o, "range", "%zu bytes outside of the module's constants", bytes);
        return reinterpret_cast<char *>(address);
    default: return any_place(f, o, space, address, bytes, write);
    }
}

bool take_space(Lowering &l, Space *space)
{
    static const struct {
        const char *word;
        Space space;
    } spaces[] = {{"global", Space::Global},      {"shared", Space::Shared},
                  {"shared::cta", Space::Shared}, {"local", Space::Local},
                  {"param", Space::Parameter},    {"param::entry", Space::Parameter},
                  {"const", Space::Constant}};
    for (const auto &s : spaces)
        if (l.take(s.word)) {
            *space = s.space;
            return true;
        }
    return false;
}

bool take_any(Lowering &l, std::initializer_list<const char *> words)
{
    for (const char *w : words)
        if (l.take(w)) return true;
    return false;
}

void set_address(Lowering &l, size_t i, Space space)
{
    l.op.flags = static_cast<uint16_t>(l.op.flags | static_cast<uint16_t>(space));
    if (l.address(i)) {
        if (space != Space::Shared && space != Space::Local && space != Space::Parameter)
            l.fail("an address of 32 bits in this state space");
        l.op.flags |= NARROW;
    }
}

namespace
{

/* ---- handlers -------------------------------------------------------------------------------- */

/* T is signed where the value is to be extended by its sign. */
template <unsigned N> struct Load {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        T v[N];
        memcpy(v, reach(f, o, sizeof v, false), sizeof v);
        for (unsigned i = 0; i < N; i++)
            f.slot[o.s[i]] = std::is_signed<T>::value
                                 ? static_cast<uint64_t>(static_cast<int64_t>(v[i]))
                                 : static_cast<uint64_t>(v[i]);
    }
};
template <unsigned N> struct Store {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        T v[N];
        for (unsigned i = 0; i < N; i++) v[i] = get<T>(f, o.s[i]);
        memcpy(reach(f, o, sizeof v, true), v, sizeof v);
    }
};

template <typename H> Handler for_memory(Type t)
{
    switch (t) {
    case Type::S8: return &H::template run<int8_t>;
    case Type::S16: return &H::template run<int16_t>;
    case Type::S32: return &H::template run<int32_t>;
    default: break;
    }
    switch (size_of(t)) {
    case 1: return &H::template run<uint8_t>;
    case 2: return &H::template run<uint16_t>;
    case 4: return &H::template run<uint32_t>;
    case 8: return &H::template run<uint64_t>;
    default: return nullptr;
    }
}

template <template <unsigned> class H> Handler memory_handler(Type t, size_t n)
{
    if (n * size_of(t) > 16) return nullptr;
    return n == 1 ? for_memory<H<1>>(t) : n == 2 ? for_memory<H<2>>(t) : for_memory<H<4>>(t);
}

/* ---- lowering -------------------------------------------------------------------------------- */

struct Form {
    Space space = Space::Generic;
    size_t elements = 1;
    Type type = Type::B32;
};

/* What is said of caches changes nothing here. */
Form take_form(Lowering &l, std::initializer_list<const char *> strong)
{
    Form form;
    if (take_any(l, strong)) {
        l.op.plain = false;
        take_any(l, {"cta", "cluster", "gpu", "sys"});
    } else {
        take_any(l, {"weak", "volatile"});
    }
    take_space(l, &form.space);
    while (take_any(l, {"nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "L1::evict_normal",
                        "L1::evict_unchanged", "L1::evict_first", "L1::evict_last",
                        "L1::no_allocate", "L2::64B", "L2::128B", "L2::256B"}))
        ;
    form.elements = l.take("v2") ? 2 : l.take("v4") ? 4 : 1;
    form.type = l.take_type();
    l.no_more_words();
    l.operands(2);
    return form;
}

void check_elements(const Lowering &l, const Operand &value, size_t n)
{
    const bool vector = value.kind == Operand::Kind::Vector;
    if (vector != (n > 1) || (vector && value.parts.size() != n))
        l.fail("another number of registers than of elements");
}

void lower_load(Lowering &l)
{
    const Form form = take_form(l, {"relaxed", "acquire"});
    const Operand &value = l.operand(0);
    check_elements(l, value, form.elements);
    set_address(l, 1, form.space);
    for (size_t i = 0; i < form.elements; i++)
        l.op.s[i] = l.result(form.elements > 1 ? value.parts[i] : value, form.type, Fit::Wider);
    l.set_handler(memory_handler<Load>(form.type, form.elements));
}

void lower_store(Lowering &l)
{
    const Form form = take_form(l, {"relaxed", "release"});
    const Operand &value = l.operand(1);
    if (form.space == Space::Parameter || form.space == Space::Constant)
        l.fail("a store to where nothing is written");
    check_elements(l, value, form.elements);
    set_address(l, 0, form.space);
    for (size_t i = 0; i < form.elements; i++)
        l.op.s[i] = l.source(form.elements > 1 ? value.parts[i] : value, form.type, Fit::Wider);
    l.set_handler(memory_handler<Store>(form.type, form.elements));
}

/* Between an address in its state space and one without. */
uint64_t start_of(const Frame &f, const Op &o)
{
    switch (static_cast<Space>(o.flags & SPACE)) {
    case Space::Shared: return reinterpret_cast<uint64_t>(shared_low);
    case Space::Local: return reinterpret_cast<uint64_t>(f.local);
    case Space::Parameter: return reinterpret_cast<uint64_t>(f.parameters);
    default: return 0;
    }
}
void run_to_space(Frame &f, const Op &o)
{
    f.slot[o.d] = f.slot[o.s[0]] - start_of(f, o);
}
void run_from_space(Frame &f, const Op &o)
{
    f.slot[o.d] = f.slot[o.s[0]] + start_of(f, o);
}

void lower_convert_address(Lowering &l)
{
    const bool to = l.take("to");
    Space space = Space::Generic;
    if (!take_space(l, &space)) l.fail("unknown state space");
    const Type t = l.take_type();
    if (t != Type::U64) l.fail("addresses have 64 bits");
    l.op.flags = static_cast<uint16_t>(space);
    l.unary(to ? &run_to_space : &run_from_space, t);
}

/* Threads change only at barriers and collectives, so every fence has its effect already. */
void lower_fence(Lowering &l)
{
    if (l.opcode() == "fence") take_any(l, {"sc", "acq_rel"});
    if (!take_any(l, {"cta", "gl", "cluster", "gpu", "sys"})) l.fail("unknown scope");
    l.no_more_words();
    l.operands(0);
    l.set_handler(&run_nothing);
}

} // namespace

bool lower_memory(Lowering &l)
{
    const std::string &o = l.opcode();
    if (o == "ld")
        lower_load(l);
    else if (o == "st")
        lower_store(l);
    else if (o == "cvta")
        lower_convert_address(l);
    else if (o == "membar" || o == "fence")
        lower_fence(l);
    else
        return false;
    return true;
}

} // namespace ptx
} // namespace emu
