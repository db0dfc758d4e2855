/* PTX: cvt, between integers and reals of every size.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "ptx_code.h"

namespace emu
{
namespace ptx
{

namespace
{

enum class Rounding : uint8_t { None, Nearest, Zero, Down, Up };
enum ConvertFlags : uint16_t { ROUNDING = 7, TO_INTEGRAL = 8, FLUSH = 16, SATURATE = 32 };

/* ---- reals of 16 bits: their value is a float's ---------------------------------------------- */

struct Half {
    static constexpr int DIGITS = 11, MOST = 15, LEAST = -14; /* of the mantissa; exponents */
    uint16_t bits;
};
struct Brain {
    static constexpr int DIGITS = 8, MOST = 127, LEAST = -126;
    uint16_t bits;
};
template <typename T>
constexpr bool is_short = std::is_same<T, Half>::value || std::is_same<T, Brain>::value;
template <typename T> constexpr bool is_real_type = is_short<T> || std::is_floating_point<T>::value;

template <typename S> float value_of(S v)
{
    constexpr int FIELD = S::DIGITS - 1;
    const int exponent = v.bits >> FIELD & (2 * S::MOST + 1), field = v.bits & ((1 << FIELD) - 1);
    float r;
    if (exponent == 2 * S::MOST + 1)
        r = field ? std::numeric_limits<float>::quiet_NaN()
                  : std::numeric_limits<float>::infinity();
    else if (exponent == 0)
        r = std::ldexp(static_cast<float>(field), S::LEAST - FIELD);
    else
        r = std::ldexp(static_cast<float>(field + (1 << FIELD)), exponent - S::MOST - FIELD);
    return v.bits & 0x8000u ? -r : r;
}

template <typename F> F integral(F v, Rounding how)
{
    switch (how) {
    case Rounding::Nearest: return std::nearbyint(v);
    case Rounding::Zero: return std::trunc(v);
    case Rounding::Down: return std::floor(v);
    case Rounding::Up: return std::ceil(v);
    default: return v;
    }
}

/* `exact` in steps of the format's last digit; what is more than the greatest number becomes that
 * or infinity, as the rounding says. */
template <typename S> S short_of(long double exact, Rounding how)
{
    constexpr uint16_t INFINITE = static_cast<uint16_t>((2 * S::MOST + 1) << (S::DIGITS - 1));
    S r;
    r.bits = 0;
    if (std::isnan(exact)) {
        r.bits = 0x7fff; /* the manual: canonical */
        return r;
    }
    const uint16_t sign = std::signbit(exact) ? 0x8000u : 0u;
    if (std::isinf(exact)) {
        r.bits = static_cast<uint16_t>(sign | INFINITE);
        return r;
    }
    int exponent = 0;
    std::frexp(exact, &exponent);
    exponent = std::max(exponent - 1, S::LEAST) - (S::DIGITS - 1); /* of the last digit */
    const long double steps = std::fabs(integral(std::ldexp(exact, -exponent), how));
    /* Exponent and mantissa add up, also where rounding carries into the next power of two. */
    const long code = exact == 0 ? 0
                                 : static_cast<long>(steps) +
                                       (static_cast<long>(exponent + S::DIGITS - 1 - S::LEAST)
                                        << (S::DIGITS - 1));
    if (exponent > S::MOST || code >= INFINITE) {
        const bool inward = how == Rounding::Zero || how == (sign ? Rounding::Up : Rounding::Down);
        r.bits = static_cast<uint16_t>(sign | (inward ? INFINITE - 1 : INFINITE));
        return r;
    }
    r.bits = static_cast<uint16_t>(sign | code);
    return r;
}

/* ---- to reals -------------------------------------------------------------------------------- */

/* The conversion rounds to nearest; a neighbour is right where that went the wrong way. */
template <typename F> F rounded(long double exact, Rounding how)
{
    const F v = static_cast<F>(exact), inf = std::numeric_limits<F>::infinity();
    if (std::isnan(v)) return v;
    const bool less = static_cast<long double>(v) < exact, more = exact < v;
    switch (how) {
    case Rounding::Zero:
        if (exact < 0 ? less : more) return std::nextafter(v, F(0));
        return v;
    case Rounding::Down: return more ? std::nextafter(v, -inf) : v;
    case Rounding::Up: return less ? std::nextafter(v, inf) : v;
    default: return v;
    }
}

/* Of reals of 16 bits, integers, float and double: the value, exactly. */
template <typename A> auto value_of_source(A a)
{
    if constexpr (is_short<A>)
        return value_of(a);
    else
        return a;
}

template <typename D, typename V> D to_real(V v, uint16_t flags)
{
    const Rounding how = static_cast<Rounding>(flags & ROUNDING);
    if constexpr (std::is_floating_point<V>::value) {
        if (flags & TO_INTEGRAL) v = integral(v, how);
        if (flags & SATURATE) v = v > 0 ? std::min(v, V(1)) : V(0);
    }
    if constexpr (is_short<D>) {
        return short_of<D>(static_cast<long double>(v), how);
    } else {
        D d;
        if (how <= Rounding::Nearest || flags & TO_INTEGRAL)
            d = static_cast<D>(v);
        else
            d = rounded<D>(static_cast<long double>(v), how);
        return flags & FLUSH && sizeof(D) == 4 ? flushed(d) : d;
    }
}

/* ---- to integers ----------------------------------------------------------------------------- */

template <typename D, typename V> D clamped(V v)
{
    /* Compared as signed numbers of 65 bits and more. */
    __extension__ typedef __int128 wide;
    const wide w = static_cast<wide>(v), low = std::numeric_limits<D>::min(),
               high = std::numeric_limits<D>::max();
    return static_cast<D>(w < low ? low : w > high ? high : w);
}

/* Clamped, .sat or not. What a NaN becomes depends on the sizes. */
template <typename D, typename A, typename V> D to_integer(V v, Rounding how)
{
    if (std::isnan(v)) {
        const bool zero = !std::is_same<A, double>::value && sizeof(D) < 8;
        return zero ? D(0) : static_cast<D>(uint64_t(1) << (8 * sizeof(D) - 1));
    }
    const V w = integral(v, how), limit = std::ldexp(V(1), std::numeric_limits<D>::digits);
    if (w >= limit) return std::numeric_limits<D>::max();
    if (w < (std::is_signed<D>::value ? -limit : V(0))) return std::numeric_limits<D>::min();
    return static_cast<D>(w);
}

/* ---- handlers -------------------------------------------------------------------------------- */

template <typename D, typename A> D converted(A a, uint16_t flags)
{
    auto v = value_of_source(a);
    if constexpr (std::is_same<A, float>::value)
        if (flags & FLUSH) v = flushed(v);
    if constexpr (is_real_type<D>)
        return to_real<D>(v, flags);
    else if constexpr (is_real_type<A>)
        return to_integer<D, A>(v, static_cast<Rounding>(flags & ROUNDING));
    else
        return flags & SATURATE ? clamped<D>(v) : static_cast<D>(v);
}

/* An integer is extended to the whole slot: a register may be wider than the type. */
template <typename D, typename A> void run_convert(Frame &f, const Op &o)
{
    const D d = converted<D, A>(get<A>(f, o.s[0]), o.flags);
    if constexpr (std::is_integral<D>::value)
        f.slot[o.d] = std::is_signed<D>::value ? static_cast<uint64_t>(static_cast<int64_t>(d))
                                               : static_cast<uint64_t>(d);
    else
        put<D>(f, o.d, d);
}

/* Two floats to a pair, the first above the second. */
template <typename S> void run_pack(Frame &f, const Op &o)
{
    const uint32_t high = converted<S, float>(get<float>(f, o.s[0]), o.flags).bits,
                   low = converted<S, float>(get<float>(f, o.s[1]), o.flags).bits;
    put<uint32_t>(f, o.d, high << 16 | low);
}

template <typename D> Handler from(Type a)
{
    switch (a) {
    case Type::U8: return &run_convert<D, uint8_t>;
    case Type::U16: return &run_convert<D, uint16_t>;
    case Type::U32: return &run_convert<D, uint32_t>;
    case Type::U64: return &run_convert<D, uint64_t>;
    case Type::S8: return &run_convert<D, int8_t>;
    case Type::S16: return &run_convert<D, int16_t>;
    case Type::S32: return &run_convert<D, int32_t>;
    case Type::S64: return &run_convert<D, int64_t>;
    case Type::F16: return &run_convert<D, Half>;
    case Type::BF16: return &run_convert<D, Brain>;
    case Type::F32: return &run_convert<D, float>;
    case Type::F64: return &run_convert<D, double>;
    default: return nullptr;
    }
}

Handler handler_for(Type d, Type a)
{
    switch (d) {
    case Type::U8: return from<uint8_t>(a);
    case Type::U16: return from<uint16_t>(a);
    case Type::U32: return from<uint32_t>(a);
    case Type::U64: return from<uint64_t>(a);
    case Type::S8: return from<int8_t>(a);
    case Type::S16: return from<int16_t>(a);
    case Type::S32: return from<int32_t>(a);
    case Type::S64: return from<int64_t>(a);
    case Type::F16: return from<Half>(a);
    case Type::BF16: return from<Brain>(a);
    case Type::F32: return from<float>(a);
    case Type::F64: return from<double>(a);
    default: return nullptr;
    }
}

/* ---- lowering -------------------------------------------------------------------------------- */

uint16_t take_rounding(Lowering &l)
{
    static const char *const to_real[] = {"rn", "rz", "rm", "rp"};
    static const char *const to_integer[] = {"rni", "rzi", "rmi", "rpi"};
    for (uint16_t i = 0; i < 4; i++) {
        const uint16_t code = static_cast<uint16_t>(i + 1);
        if (l.take(to_real[i])) return code;
        if (l.take(to_integer[i])) return static_cast<uint16_t>(code | TO_INTEGRAL);
    }
    return 0;
}

/* A real of this type has digits or exponents that the other lacks. */
bool loses(Type from, Type to)
{
    if (from == to) return false;
    if (to == Type::F64) return false;
    if (to == Type::F32) return from == Type::F64;
    return true;
}

/* What the manual demands and what it forbids. */
void check_rounding(Lowering &l, Type d, Type a)
{
    const bool given = l.op.flags & ROUNDING, integral = l.op.flags & TO_INTEGRAL;
    if (is_real(d) && is_real(a)) {
        if (loses(a, d) ? !given || integral : given && (!integral || d != a))
            l.fail("this conversion is written with another rounding");
    } else if (is_real(a)) {
        if (!integral) l.fail("to an integer by .rni, .rzi, .rmi or .rpi");
    } else if (is_real(d)) {
        if (!given || integral) l.fail("from an integer by .rn, .rz, .rm or .rp");
    } else if (given) {
        l.fail("nothing is rounded between integers");
    }
    if (l.op.flags & FLUSH && d != Type::F32 && a != Type::F32) l.fail(".ftz is of .f32");
}

void lower_pack(Lowering &l, Type d)
{
    if (l.take_type() != Type::F32) l.fail("a pair is made of two .f32");
    l.no_more_words();
    if (l.op.flags != static_cast<uint16_t>(Rounding::Nearest) &&
        l.op.flags != static_cast<uint16_t>(Rounding::Zero))
        l.fail("a pair is rounded by .rn or .rz");
    l.operands(3);
    l.op.d = l.result(0, Type::B32);
    l.op.s[0] = l.source(1, Type::F32);
    l.op.s[1] = l.source(2, Type::F32);
    l.set_handler(d == Type::F16x2 ? &run_pack<Half> : &run_pack<Brain>);
}

} // namespace

bool lower_convert(Lowering &l)
{
    if (l.opcode() != "cvt") return false;
    l.op.flags = take_rounding(l);
    if (l.take("ftz")) l.op.flags |= FLUSH;
    if (l.take("sat")) l.op.flags |= SATURATE;
    const Type d = l.take_type();
    if (d == Type::F16x2 || d == Type::BF16x2) {
        lower_pack(l, d);
        return true;
    }
    const Type a = l.take_type();
    l.no_more_words();
    check_rounding(l, d, a);
    l.operands(2);
    l.op.d = l.result(l.operand(0), d, Fit::Wider);
    l.op.s[0] = l.source(l.operand(1), a, Fit::Wider);
    l.set_handler(handler_for(d, a));
    return true;
}

} // namespace ptx
} // namespace emu
