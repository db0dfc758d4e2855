/* PTX: shifts, fields of bits, counts of bits.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>

#include "ptx_code.h"

namespace emu
{
namespace ptx
{

namespace
{

/* ---- shifts: by the register's width or more, everything is shifted out ---------------------- */

template <typename T> constexpr uint32_t width = 8 * sizeof(T);

struct Left {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        const uint32_t n = get<uint32_t>(f, o.s[1]);
        put<T>(f, o.d, n >= width<T> ? T(0) : static_cast<T>(get<T>(f, o.s[0]) << n));
    }
};
struct Right {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        const uint32_t n = get<uint32_t>(f, o.s[1]);
        const T a = get<T>(f, o.s[0]), sign = a < 0 ? static_cast<T>(-1) : T(0);
        put<T>(f, o.d, n >= width<T> ? sign : static_cast<T>(a >> n));
    }
};

/* b:a, funnelled. */
enum FunnelFlags : uint16_t { LEFT = 1, WRAP = 2 };
void run_funnel(Frame &f, const Op &o)
{
    const uint64_t pair = uint64_t{get<uint32_t>(f, o.s[1])} << 32 | get<uint32_t>(f, o.s[0]);
    uint32_t n = get<uint32_t>(f, o.s[2]);
    n = o.flags & WRAP ? n & 31u : std::min(n, 32u);
    put<uint32_t>(f, o.d, static_cast<uint32_t>(o.flags & LEFT ? pair << n >> 32 : pair >> n));
}

void lower_shift(Lowering &l, bool left)
{
    const Type t = l.take_type();
    l.no_more_words();
    l.operands(3);
    l.op.d = l.result(0, t);
    l.op.s[0] = l.source(1, t);
    l.op.s[1] = l.source(2, Type::U32);
    Handler h = left ? for_bits<Left>(t) : for_unsigned<Right>(t);
    if (!h && !left) h = for_signed<Right>(t);
    l.set_handler(h);
}

void lower_funnel(Lowering &l)
{
    if (l.take("l"))
        l.op.flags |= LEFT;
    else if (!l.take("r"))
        l.fail("shf goes neither left nor right");
    if (l.take("wrap"))
        l.op.flags |= WRAP;
    else if (!l.take("clamp"))
        l.fail("shf neither wraps nor clamps");
    const Type t = l.take_type();
    l.ternary(t == Type::B32 ? &run_funnel : nullptr, t);
}

/* ---- fields ---------------------------------------------------------------------------------- */

template <typename T> T low_bits(uint32_t n)
{
    return n >= width<T> ? static_cast<T>(~T(0)) : static_cast<T>((T(1) << n) - 1);
}

template <bool SIGNED> struct Extract {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        const T a = get<T>(f, o.s[0]);
        const uint32_t at = get<uint32_t>(f, o.s[1]) & 255u, n = get<uint32_t>(f, o.s[2]) & 255u;
        const uint32_t last = std::min(at + n - 1, width<T> - 1);
        const bool fill = SIGNED && n > 0 && (a >> last & 1);
        const uint32_t valid = at >= width<T> ? 0 : std::min(n, width<T> - at);
        const T mask = low_bits<T>(valid);
        const T field = valid == 0 ? T(0) : static_cast<T>(a >> at & mask);
        put<T>(f, o.d, fill ? static_cast<T>(field | static_cast<T>(~mask)) : field);
    }
};
struct Insert {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        const T a = get<T>(f, o.s[0]), b = get<T>(f, o.s[1]);
        const uint32_t at = get<uint32_t>(f, o.s[2]) & 255u, n = get<uint32_t>(f, o.s[3]) & 255u;
        if (at >= width<T>) {
            put<T>(f, o.d, b);
            return;
        }
        const T mask = static_cast<T>(low_bits<T>(n) << at);
        put<T>(f, o.d, static_cast<T>((b & static_cast<T>(~mask)) | ((a << at) & mask)));
    }
};

template <typename H> Handler wide_words(Type t)
{
    return size_of(t) == 4   ? &H::template run<uint32_t>
           : size_of(t) == 8 ? &H::template run<uint64_t>
                             : nullptr;
}

void lower_extract(Lowering &l)
{
    const Type t = l.take_type();
    if (is_untyped(t) || is_real(t)) l.fail("bfe has no such type");
    l.no_more_words();
    l.operands(4);
    l.op.d = l.result(0, t);
    l.op.s[0] = l.source(1, t);
    l.op.s[1] = l.source(2, Type::U32);
    l.op.s[2] = l.source(3, Type::U32);
    const bool negative = t == Type::S32 || t == Type::S64;
    l.set_handler(negative ? wide_words<Extract<true>>(t) : wide_words<Extract<false>>(t));
}

void lower_insert(Lowering &l)
{
    const Type t = l.take_type();
    if (!is_untyped(t)) l.fail("bfi has no such type");
    l.no_more_words();
    l.operands(5);
    l.op.d = l.result(0, t);
    l.op.s[0] = l.source(1, t);
    l.op.s[1] = l.source(2, t);
    l.op.s[2] = l.source(3, Type::U32);
    l.op.s[3] = l.source(4, Type::U32);
    l.set_handler(wide_words<Insert>(t));
}

/* Four of the eight bytes of b:a; bit 3 of a selector spreads the byte's sign. */
void run_permute(Frame &f, const Op &o)
{
    const uint64_t pair = uint64_t{get<uint32_t>(f, o.s[1])} << 32 | get<uint32_t>(f, o.s[0]);
    const uint32_t selectors = get<uint32_t>(f, o.s[2]);
    uint32_t d = 0;
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t s = selectors >> 4 * i & 15u;
        uint32_t byte = static_cast<uint32_t>(pair >> 8 * (s & 7u)) & 255u;
        if (s & 8u) byte = byte & 128u ? 255u : 0u;
        d |= byte << 8 * i;
    }
    put<uint32_t>(f, o.d, d);
}

/* Any function of three bits: its table is a number. */
void run_logic3(Frame &f, const Op &o)
{
    const uint32_t a = get<uint32_t>(f, o.s[0]), b = get<uint32_t>(f, o.s[1]),
                   c = get<uint32_t>(f, o.s[2]), table = get<uint32_t>(f, o.s[3]);
    uint32_t d = 0;
    for (uint32_t i = 0; i < 8; i++)
        if (table >> i & 1u) d |= (i & 4u ? a : ~a) & (i & 2u ? b : ~b) & (i & 1u ? c : ~c);
    put<uint32_t>(f, o.d, d);
}

void lower_logic3(Lowering &l)
{
    if (l.take_type() != Type::B32) l.fail("lop3 has no such type");
    l.no_more_words();
    l.operands(5);
    l.op.d = l.result(0, Type::B32);
    for (size_t i = 0; i < 4; i++) l.op.s[i] = l.source(i + 1, Type::B32);
    l.set_handler(&run_logic3);
}

/* ---- counts ---------------------------------------------------------------------------------- */

template <typename T> uint32_t highest(T a) /* of bits that are one; ~0: none is */
{
    return a == 0 ? ~0u : 63u - static_cast<uint32_t>(__builtin_clzll(a));
}

struct Population {
    template <typename T> static uint32_t of(T a)
    {
        return static_cast<uint32_t>(__builtin_popcountll(a));
    }
};
struct LeadingZeros {
    template <typename T> static uint32_t of(T a)
    {
        return width<T> - 1 - highest(a);
    }
};
template <typename F> struct Count {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        put<uint32_t>(f, o.d, F::template of<T>(get<T>(f, o.s[0])));
    }
};

/* Of a negative number the highest zero is sought. */
enum FindFlags : uint16_t { NEGATIVE_TOO = 1, SHIFT_AMOUNT = 2 };
struct Find {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        T a = get<T>(f, o.s[0]);
        if (o.flags & NEGATIVE_TOO && a >> (width<T> - 1)) a = static_cast<T>(~a);
        uint32_t at = highest(a);
        if (o.flags & SHIFT_AMOUNT && at != ~0u) at = width<T> - 1 - at;
        put<uint32_t>(f, o.d, at);
    }
};

struct Reverse {
    template <typename T> static T of(T a)
    {
        T r = 0;
        for (uint32_t i = 0; i < width<T>; i++)
            r = static_cast<T>(r | (a >> i & 1) << (width<T> - 1 - i));
        return r;
    }
};

void lower_count(Lowering &l, Type t, Handler h)
{
    l.no_more_words();
    l.operands(2);
    l.op.d = l.result(0, Type::U32);
    l.op.s[0] = l.source(1, t);
    l.set_handler(h);
}

void lower_find(Lowering &l)
{
    if (l.take("shiftamt")) l.op.flags |= SHIFT_AMOUNT;
    const Type t = l.take_type();
    if (is_untyped(t) || is_real(t)) l.fail("bfind has no such type");
    if (t == Type::S32 || t == Type::S64) l.op.flags |= NEGATIVE_TOO;
    lower_count(l, t, wide_words<Find>(t));
}

template <typename H> Handler bit_words(Type t)
{
    return is_untyped(t) ? wide_words<H>(t) : nullptr;
}

} // namespace

bool lower_bits(Lowering &l)
{
    const std::string &o = l.opcode();
    if (o == "shl" || o == "shr") {
        lower_shift(l, o == "shl");
    } else if (o == "shf") {
        lower_funnel(l);
    } else if (o == "bfe") {
        lower_extract(l);
    } else if (o == "bfi") {
        lower_insert(l);
    } else if (o == "prmt") {
        const Type t = l.take_type();
        l.ternary(t == Type::B32 ? &run_permute : nullptr, t);
    } else if (o == "lop3") {
        lower_logic3(l);
    } else if (o == "popc" || o == "clz") {
        const Type t = l.take_type();
        lower_count(l, t,
                    o == "popc" ? bit_words<Count<Population>>(t)
                                : bit_words<Count<LeadingZeros>>(t));
    } else if (o == "bfind") {
        lower_find(l);
    } else if (o == "brev") {
        const Type t = l.take_type();
        l.unary(bit_words<Unary<Reverse>>(t), t);
    } else {
        return false;
    }
    return true;
}

} // namespace ptx
} // namespace emu
