/* PTX: moves, choices, comparisons, and logic bit by bit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <type_traits>

#include "ptx_code.h"
#include "ptx_pairs.h"

namespace emu
{
namespace ptx
{

namespace
{

/* ---- mov ------------------------------------------------------------------------------------- */

struct Same {
    template <typename T> static T of(T a)
    {
        return a;
    }
};

void move_predicate(Frame &f, const Op &o)
{
    f.slot[o.d] = f.slot[o.s[0]] != 0;
}

/* Pieces of 8 * sizeof(T) bits to the whole and back, the lowest first. */
template <unsigned N> struct Join {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        uint64_t whole = 0;
        for (unsigned i = 0; i < N; i++)
            whole |= static_cast<uint64_t>(get<T>(f, o.s[i])) << 8 * sizeof(T) * i;
        f.slot[o.d] = whole;
    }
};
template <unsigned N> struct Split {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        const uint64_t whole = f.slot[o.d];
        for (unsigned i = 0; i < N; i++)
            put<T>(f, o.s[i], static_cast<T>(whole >> 8 * sizeof(T) * i));
    }
};

Type piece_type(Lowering &l, Type whole, size_t n)
{
    switch (size_of(whole) / n) {
    case 2: return Type::B16;
    case 4: return Type::B32;
    default: l.fail("a vector of pieces of this size");
    }
}

template <template <unsigned> class H> Handler vector_handler(Type piece, size_t n)
{
    return n == 2 ? for_size<H<2>>(piece) : n == 4 ? for_size<H<4>>(piece) : nullptr;
}

void lower_join(Lowering &l, Type t)
{
    const std::vector<Operand> &parts = l.operand(1).parts;
    const Type piece = piece_type(l, t, parts.size());
    l.set_handler(vector_handler<Join>(piece, parts.size()));
    for (size_t i = 0; i < parts.size(); i++) l.op.s[i] = l.source(parts[i], piece);
    l.op.d = l.result(0, t);
}

void lower_split(Lowering &l, Type t)
{
    const std::vector<Operand> &parts = l.operand(0).parts;
    const Type piece = piece_type(l, t, parts.size());
    l.set_handler(vector_handler<Split>(piece, parts.size()));
    l.op.d = l.source(1, t); /* the whole is in `d` either way */
    for (size_t i = 0; i < parts.size(); i++) l.op.s[i] = l.result(parts[i], piece);
}

void lower_mov(Lowering &l)
{
    const Type t = l.take_type();
    l.no_more_words();
    l.operands(2);
    const bool join = l.operand(1).kind == Operand::Kind::Vector,
               split = l.operand(0).kind == Operand::Kind::Vector;
    if (join && split) l.fail("a vector on either side");
    if (join) {
        lower_join(l, t);
    } else if (split) {
        lower_split(l, t);
    } else {
        l.op.d = l.result(0, t);
        l.op.s[0] = l.source(1, t);
        l.set_handler(t == Type::Pred ? &move_predicate : for_size<Unary<Same>>(t));
    }
}

/* ---- choices --------------------------------------------------------------------------------- */

struct Select {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        const uint32_t from = get_predicate(f, o.s[2]) ? o.s[0] : o.s[1];
        put<T>(f, o.d, get<T>(f, from));
    }
};

/* slct: the first if the third is not negative (-0 is not, a NaN is). */
template <typename C> struct SelectBySign {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        put<T>(f, o.d, get<T>(f, get<C>(f, o.s[2]) >= 0 ? o.s[0] : o.s[1]));
    }
};

void lower_select(Lowering &l)
{
    const Type t = l.take_type();
    l.no_more_words();
    l.operands(4);
    l.op.d = l.result(0, t);
    l.op.s[0] = l.source(1, t);
    l.op.s[1] = l.source(2, t);
    l.op.s[2] = l.source(3, Type::Pred);
    l.set_handler(for_size<Select>(t));
}

void lower_select_by_sign(Lowering &l)
{
    const Type t = l.take_type(), by = l.take_type();
    if (by != Type::S32 && by != Type::F32) l.fail("slct chooses by .s32 or .f32");
    l.no_more_words();
    l.operands(4);
    l.op.d = l.result(0, t);
    l.op.s[0] = l.source(1, t);
    l.op.s[1] = l.source(2, t);
    l.op.s[2] = l.source(3, by);
    l.set_handler(by == Type::S32 ? for_size<SelectBySign<int32_t>>(t)
                                  : for_size<SelectBySign<float>>(t));
}

/* ---- setp ------------------------------------------------------------------------------------ */

enum SetFlags : uint16_t { AND = 1, OR = 2, XOR = 3, COMBINES = 3, NOT_THIRD = 4, FLUSH = 8 };

struct Equal {
    template <typename T> static bool of(T a, T b)
    {
        return a == b;
    }
};
struct Less {
    template <typename T> static bool of(T a, T b)
    {
        return a < b;
    }
};
struct LessEqual {
    template <typename T> static bool of(T a, T b)
    {
        return a <= b;
    }
};
template <typename C> struct Turned {
    template <typename T> static bool of(T a, T b)
    {
        return C::template of<T>(b, a);
    }
};
/* True exactly where C is false: of reals also if one is a NaN. */
template <typename C> struct Not {
    template <typename T> static bool of(T a, T b)
    {
        return !C::template of<T>(a, b);
    }
};
struct Ordered { /* no NaN */
    template <typename T> static bool of(T a, T b)
    {
        return a == a && b == b;
    }
};
struct NotEqual { /* and no NaN */
    template <typename T> static bool of(T a, T b)
    {
        return a < b || a > b;
    }
};

bool combine(const Frame &f, const Op &o, bool held)
{
    const bool third = get_predicate(f, o.s[2]) != ((o.flags & NOT_THIRD) != 0);
    switch (o.flags & COMBINES) {
    case AND: return held && third;
    case OR: return held || third;
    default: return held != third;
    }
}

template <typename T> T operand_of(const Frame &f, const Op &o, unsigned i)
{
    const T v = get<T>(f, o.s[i]);
    if constexpr (std::is_floating_point<T>::value) return o.flags & FLUSH ? flushed(v) : v;
    return v;
}

template <typename C> struct SetPredicate {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        const bool held = C::template of<T>(operand_of<T>(f, o, 0), operand_of<T>(f, o, 1));
        if (!(o.flags & COMBINES)) {
            f.slot[o.d] = held;
            f.slot[o.e] = !held;
            return;
        }
        const bool p = combine(f, o, held), q = combine(f, o, !held);
        f.slot[o.d] = p;
        f.slot[o.e] = q;
    }
};

template <typename C> Handler for_numbers(Type t)
{
    const Handler h = for_integers<SetPredicate<C>>(t);
    return h ? h : for_real<SetPredicate<C>>(t);
}
template <typename C> Handler for_all(Type t)
{
    const Handler h = for_bits<SetPredicate<C>>(t);
    return h ? h : for_numbers<C>(t);
}
template <typename C> Handler for_reals(Type t)
{
    return for_real<SetPredicate<C>>(t);
}
template <typename C> Handler for_naturals(Type t)
{
    return is_untyped(t) ? nullptr : for_unsigned<SetPredicate<C>>(t);
}
/* ne is false for a NaN, so it is not the opposite of eq there. */
Handler for_unequal(Type t)
{
    return is_real(t) ? for_reals<NotEqual>(t) : for_all<Not<Equal>>(t);
}

using Greater = Turned<Less>;
using GreaterEqual = Turned<LessEqual>;
const struct {
    const char *word;
    Handler (*handler)(Type);
} comparisons[] = {{"eq", for_all<Equal>},
                   {"ne", for_unequal},
                   {"lt", for_numbers<Less>},
                   {"le", for_numbers<LessEqual>},
                   {"gt", for_numbers<Greater>},
                   {"ge", for_numbers<GreaterEqual>},
                   {"lo", for_naturals<Less>},
                   {"ls", for_naturals<LessEqual>},
                   {"hi", for_naturals<Greater>},
                   {"hs", for_naturals<GreaterEqual>},
                   {"equ", for_reals<Not<NotEqual>>},
                   {"neu", for_reals<Not<Equal>>},
                   {"ltu", for_reals<Not<GreaterEqual>>},
                   {"leu", for_reals<Not<Greater>>},
                   {"gtu", for_reals<Not<LessEqual>>},
                   {"geu", for_reals<Not<Less>>},
                   {"num", for_reals<Ordered>},
                   {"nan", for_reals<Not<Ordered>>}};

void lower_set(Lowering &l)
{
    size_t i = 0;
    while (i < std::size(comparisons) && !l.take(comparisons[i].word)) i++;
    if (i == std::size(comparisons)) l.fail("unknown comparison");
    l.op.flags = l.take("and") ? AND : l.take("or") ? OR : l.take("xor") ? XOR : 0;
    const bool combines = l.op.flags != 0;
    const bool flush = l.take("ftz");
    const Type t = l.take_type();
    if (flush && t != Type::F32) l.fail(".ftz is of .f32");
    if (flush) l.op.flags |= FLUSH;
    l.no_more_words();
    l.operands(combines ? 4 : 3);
    l.op.s[0] = l.source(1, t);
    l.op.s[1] = l.source(2, t);
    if (combines) {
        bool negated = false;
        l.op.s[2] = l.predicate(3, &negated);
        if (negated) l.op.flags |= NOT_THIRD;
    }
    Operand unused;
    unused.kind = Operand::Kind::Nothing;
    const std::vector<Operand> &second = l.operand(0).second;
    l.op.e = l.result(second.empty() ? unused : second[0], Type::Pred);
    l.op.d = l.result(0, Type::Pred);
    l.set_handler(comparisons[i].handler(t));
}

/* ---- logic ----------------------------------------------------------------------------------- */

struct Complement {
    template <typename T> static T of(T a)
    {
        return static_cast<T>(~a);
    }
};

template <typename F> void predicate_logic(Frame &f, const Op &o)
{
    f.slot[o.d] = F::template of<uint64_t>(get_predicate(f, o.s[0]), get_predicate(f, o.s[1]));
}
void predicate_not(Frame &f, const Op &o)
{
    f.slot[o.d] = !get_predicate(f, o.s[0]);
}

template <typename F> void lower_logic(Lowering &l)
{
    const Type t = l.take_type();
    l.binary(t == Type::Pred ? &predicate_logic<F> : for_bits<Binary<F>>(t), t);
}

void lower_not(Lowering &l)
{
    const Type t = l.take_type();
    l.unary(t == Type::Pred ? &predicate_not : for_bits<Unary<Complement>>(t), t);
}

} // namespace

bool lower_move(Lowering &l)
{
    const std::string &o = l.opcode();
    if (o == "mov")
        lower_mov(l);
    else if (o == "selp")
        lower_select(l);
    else if (o == "slct")
        lower_select_by_sign(l);
    else if (o == "setp")
        lower_set(l);
    else if (o == "and")
        lower_logic<pairs::And>(l);
    else if (o == "or")
        lower_logic<pairs::Or>(l);
    else if (o == "xor")
        lower_logic<pairs::Xor>(l);
    else if (o == "not")
        lower_not(l);
    else
        return false;
    return true;
}

} // namespace ptx
} // namespace emu
