/* PTX: atomic operations, on integers only: of reals the result would depend on the order of
 * threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ptx_memory.h"
#include "ptx_pairs.h"

namespace emu
{
namespace ptx
{

namespace
{

struct Exchange {
    template <typename T> static T of(T, T b)
    {
        return b;
    }
};
/* To the bound and round again. */
struct Increment {
    template <typename T> static T of(T old, T b)
    {
        return old >= b ? T(0) : old + 1;
    }
};
struct Decrement {
    template <typename T> static T of(T old, T b)
    {
        return old == 0 || old > b ? b : old - 1;
    }
};

/* Threads change only at barriers and collectives: a read and a write are atomic together. */
template <typename F> struct Change {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        char *p = reach(f, o, sizeof(T), true);
        T old;
        memcpy(&old, p, sizeof old);
        const T v = F::template of<T>(old, get<T>(f, o.s[0]));
        memcpy(p, &v, sizeof v);
        put<T>(f, o.d, old);
    }
};
struct CompareAndSwap {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        char *p = reach(f, o, sizeof(T), true);
        T old;
        memcpy(&old, p, sizeof old);
        const T v = old == get<T>(f, o.s[0]) ? get<T>(f, o.s[1]) : old;
        memcpy(p, &v, sizeof v);
        put<T>(f, o.d, old);
    }
};

template <typename H> Handler words_of_bits(Type t)
{
    return t == Type::B32   ? &H::template run<uint32_t>
           : t == Type::B64 ? &H::template run<uint64_t>
                            : nullptr;
}
template <typename H> Handler numbers(Type t)
{
    return t == Type::U32   ? &H::template run<uint32_t>
           : t == Type::U64 ? &H::template run<uint64_t>
           : t == Type::S32 ? &H::template run<int32_t>
           : t == Type::S64 ? &H::template run<int64_t>
                            : nullptr;
}
template <typename H> Handler counters(Type t)
{
    return t == Type::U32 ? &H::template run<uint32_t> : nullptr;
}

const struct {
    const char *word;
    Handler (*handler)(Type);
} operations[] = {
    {"add", numbers<Change<pairs::Add>>},      {"min", numbers<Change<pairs::Least>>},
    {"max", numbers<Change<pairs::Greatest>>}, {"and", words_of_bits<Change<pairs::And>>},
    {"or", words_of_bits<Change<pairs::Or>>},  {"xor", words_of_bits<Change<pairs::Xor>>},
    {"exch", words_of_bits<Change<Exchange>>}, {"cas", words_of_bits<CompareAndSwap>},
    {"inc", counters<Change<Increment>>},      {"dec", counters<Change<Decrement>>}};

} // namespace

bool lower_atomic(Lowering &l)
{
    const bool reduction = l.opcode() == "red";
    if (!reduction && l.opcode() != "atom") return false;
    Space space = Space::Generic;
    take_any(l, {"relaxed", "acquire", "release", "acq_rel"});
    take_any(l, {"cta", "cluster", "gpu", "sys"});
    take_space(l, &space);
    take_any(l, {"cta", "cluster", "gpu", "sys"}); /* older spelling */
    size_t i = 0;
    while (i < std::size(operations) && !l.take(operations[i].word)) i++;
    if (i == std::size(operations)) l.fail("unknown atomic operation");
    const Type t = l.take_type();
    l.no_more_words();

    const bool swap = std::string(operations[i].word) == "cas";
    const size_t first = reduction ? 0 : 1; /* operand with the address */
    if (reduction && (swap || std::string(operations[i].word) == "exch"))
        l.fail("red has no such operation");
    l.operands(first + (swap ? 3 : 2));
    if (space != Space::Generic && space != Space::Global && space != Space::Shared)
        l.fail("nothing is atomic in this state space");
    l.op.plain = false;
    set_address(l, first, space);
    l.op.s[0] = l.source(first + 1, t);
    if (swap) l.op.s[1] = l.source(first + 2, t);
    Operand unused;
    unused.kind = Operand::Kind::Nothing;
    l.op.d = l.result(reduction ? unused : l.operand(0), t);
    l.set_handler(operations[i].handler(t));
    return true;
}

} // namespace ptx
} // namespace emu
