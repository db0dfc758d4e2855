/* PTX: arithmetic of integers. All of it wraps.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <limits>
#include <type_traits>

#include "engine.h"
#include "ptx_code.h"
#include "ptx_pairs.h"

namespace emu
{
namespace ptx
{

namespace
{

/* Unsigned, and not narrower than int, whose overflow would be undefined. */
template <typename T>
using Work = typename std::conditional<sizeof(T) <= 4, uint32_t, uint64_t>::type;

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;
template <typename T> struct Twice;
template <> struct Twice<uint16_t> {
    using type = uint32_t;
};
template <> struct Twice<int16_t> {
    using type = int32_t;
};
template <> struct Twice<uint32_t> {
    using type = uint64_t;
};
template <> struct Twice<int32_t> {
    using type = int64_t;
};
template <> struct Twice<uint64_t> {
    using type = uint128;
};
template <> struct Twice<int64_t> {
    using type = int128;
};

/* The product of two uint16_t does not fit an int, but an unsigned. */
template <typename T> typename Twice<T>::type product(T a, T b)
{
    using W = typename Twice<T>::type;
    return static_cast<W>(static_cast<W>(a) * static_cast<W>(b));
}

struct Subtract {
    template <typename T> static T of(T a, T b)
    {
        return static_cast<T>(static_cast<Work<T>>(a) - static_cast<Work<T>>(b));
    }
};
struct MultiplyLow {
    template <typename T> static T of(T a, T b)
    {
        return static_cast<T>(static_cast<Work<T>>(a) * static_cast<Work<T>>(b));
    }
};
struct MultiplyHigh {
    template <typename T> static T of(T a, T b)
    {
        return static_cast<T>(product(a, b) >> 8 * sizeof(T));
    }
};
struct MultiplyAddLow {
    template <typename T> static T of(T a, T b, T c)
    {
        return pairs::Add::of<T>(MultiplyLow::of<T>(a, b), c);
    }
};
struct MultiplyAddHigh {
    template <typename T> static T of(T a, T b, T c)
    {
        return pairs::Add::of<T>(MultiplyHigh::of<T>(a, b), c);
    }
};

/* By zero: "an unspecified, machine-specific value"; here a recognisable one. */
template <typename T> bool overflows(T a, T b)
{
    return std::is_signed<T>::value && a == std::numeric_limits<T>::min() &&
           b == static_cast<T>(-1);
}
struct Divide {
    template <typename T> static T of(T a, T b)
    {
        if (b == 0) return static_cast<T>(simt::UNWRITTEN);
        return overflows(a, b) ? a : static_cast<T>(a / b);
    }
};
struct Remainder {
    template <typename T> static T of(T a, T b)
    {
        if (b == 0) return static_cast<T>(simt::UNWRITTEN);
        return overflows(a, b) ? static_cast<T>(0) : static_cast<T>(a % b);
    }
};

struct Negative {
    template <typename T> static T of(T a)
    {
        return Subtract::of<T>(0, a);
    }
};
struct Absolute {
    template <typename T> static T of(T a)
    {
        return a < 0 ? Negative::of<T>(a) : a;
    }
};

template <bool WITH_ADDEND> struct Wide {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        using W = typename Twice<T>::type;
        const W p = product(get<T>(f, o.s[0]), get<T>(f, o.s[1]));
        put<W>(f, o.d, WITH_ADDEND ? pairs::Add::of<W>(p, get<W>(f, o.s[2])) : p);
    }
};

Type twice(Lowering &l, Type t)
{
    switch (t) {
    case Type::U16: return Type::U32;
    case Type::S16: return Type::S32;
    case Type::U32: return Type::U64;
    case Type::S32: return Type::S64;
    default: l.fail("there is no wide product of this type");
    }
}

template <bool WITH_ADDEND> Handler wide_handler(Type t)
{
    switch (t) {
    case Type::U16: return &Wide<WITH_ADDEND>::template run<uint16_t>;
    case Type::S16: return &Wide<WITH_ADDEND>::template run<int16_t>;
    case Type::U32: return &Wide<WITH_ADDEND>::template run<uint32_t>;
    default: return &Wide<WITH_ADDEND>::template run<int32_t>;
    }
}

void lower_wide(Lowering &l, bool with_addend)
{
    const Type t = l.take_type(), w = twice(l, t);
    l.no_more_words();
    l.operands(with_addend ? 4 : 3);
    l.op.d = l.result(0, w);
    l.op.s[0] = l.source(1, t);
    l.op.s[1] = l.source(2, t);
    if (with_addend) l.op.s[2] = l.source(3, w);
    l.set_handler(with_addend ? wide_handler<true>(t) : wide_handler<false>(t));
}

void lower_product(Lowering &l, bool with_addend)
{
    if (l.take("wide")) {
        lower_wide(l, with_addend);
        return;
    }
    const bool high = l.take("hi");
    if (!high && !l.take("lo")) l.fail("a product of integers without .lo, .hi or .wide");
    const Type t = l.take_type();
    if (with_addend)
        l.ternary(high ? for_integers<Ternary<MultiplyAddHigh>>(t)
                       : for_integers<Ternary<MultiplyAddLow>>(t),
                  t);
    else
        l.binary(
            high ? for_integers<Binary<MultiplyHigh>>(t) : for_integers<Binary<MultiplyLow>>(t), t);
}

template <typename F> void lower_binary(Lowering &l)
{
    const Type t = l.take_type();
    l.binary(for_integers<Binary<F>>(t), t);
}

template <typename F> void lower_signed_unary(Lowering &l)
{
    const Type t = l.take_type();
    l.unary(for_signed<Unary<F>>(t), t);
}

} // namespace

bool lower_integer(Lowering &l)
{
    const std::string &o = l.opcode();
    Type t;
    if (type_named(l.last_word(), &t) && is_real(t)) return false;
    if (o == "add")
        lower_binary<pairs::Add>(l);
    else if (o == "sub")
        lower_binary<Subtract>(l);
    else if (o == "mul")
        lower_product(l, false);
    else if (o == "mad")
        lower_product(l, true);
    else if (o == "div")
        lower_binary<Divide>(l);
    else if (o == "rem")
        lower_binary<Remainder>(l);
    else if (o == "min")
        lower_binary<pairs::Least>(l);
    else if (o == "max")
        lower_binary<pairs::Greatest>(l);
    else if (o == "neg")
        lower_signed_unary<Negative>(l);
    else if (o == "abs")
        lower_signed_unary<Absolute>(l);
    else
        return false;
    return true;
}

} // namespace ptx
} // namespace emu
