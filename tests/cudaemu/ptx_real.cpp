/* PTX: arithmetic of f32 and f64, as the processor that emulates has it: rounded to nearest.
 *
 * Directed roundings are refused. Functions that the manual calls approximate give the correctly
 * rounded value or one close by, which is within every bound that the manual states.
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

enum RealFlags : uint16_t { FLUSH = 1, SATURATE = 2, NAN_WINS = 4 };

template <typename T> T saturated(T v) /* to [0, 1]; a NaN is 0 */
{
    return v > T(0) ? std::min(v, T(1)) : T(0);
}

template <typename T> T argument(const Frame &f, const Op &o, unsigned i)
{
    const T v = get<T>(f, o.s[i]);
    return o.flags & FLUSH ? flushed(v) : v;
}

template <typename T> void finish(Frame &f, const Op &o, T v)
{
    if (o.flags & FLUSH) v = flushed(v);
    if (o.flags & SATURATE) v = saturated(v);
    put<T>(f, o.d, v);
}

template <typename F> struct Real1 {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        finish<T>(f, o, F::of(argument<T>(f, o, 0)));
    }
};
template <typename F> struct Real2 {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        finish<T>(f, o, F::of(argument<T>(f, o, 0), argument<T>(f, o, 1)));
    }
};
struct MultiplyAdd {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        finish<T>(f, o, std::fma(argument<T>(f, o, 0), argument<T>(f, o, 1), argument<T>(f, o, 2)));
    }
};

/* ---- functions ------------------------------------------------------------------------------- */

struct Add {
    template <typename T> static T of(T a, T b)
    {
        return a + b;
    }
};
struct Subtract {
    template <typename T> static T of(T a, T b)
    {
        return a - b;
    }
};
struct Multiply {
    template <typename T> static T of(T a, T b)
    {
        return a * b;
    }
};
struct Divide {
    template <typename T> static T of(T a, T b)
    {
        return a / b;
    }
};
/* Beyond 2^126 the reciprocal that div.approx multiplies with is subnormal, and zero. */
struct DivideFast {
    template <typename T> static T of(T a, T b)
    {
        const T limit = std::ldexp(T(1), 126);
        if (std::fabs(b) > limit && std::isfinite(b))
            return std::isfinite(a) ? std::copysign(T(0), a) * std::copysign(T(1), b)
                                    : std::numeric_limits<T>::quiet_NaN();
        return a / b;
    }
};

/* Only the bits of the sign change, of a NaN too. */
struct Negative {
    template <typename T> static T of(T a)
    {
        return -a;
    }
};
struct Absolute {
    template <typename T> static T of(T a)
    {
        return std::fabs(a);
    }
};

struct Root {
    template <typename T> static T of(T a)
    {
        return std::sqrt(a);
    }
};
struct Reciprocal {
    template <typename T> static T of(T a)
    {
        return T(1) / a;
    }
};
struct ReciprocalRoot {
    template <typename T> static T of(T a)
    {
        return static_cast<T>(1.0L / std::sqrt(static_cast<long double>(a)));
    }
};
struct Power2 {
    template <typename T> static T of(T a)
    {
        return std::exp2(a);
    }
};
struct Logarithm2 {
    template <typename T> static T of(T a)
    {
        return std::log2(a);
    }
};
struct Sine {
    template <typename T> static T of(T a)
    {
        return std::sin(a);
    }
};
struct Cosine {
    template <typename T> static T of(T a)
    {
        return std::cos(a);
    }
};
struct HyperbolicTangent {
    template <typename T> static T of(T a)
    {
        return std::tanh(a);
    }
};

/* "A fast, gross approximation": of the upper half of the number, whose lower half is taken for
 * zero, and with a lower half of zero. Subnormal numbers are zero. */
template <typename F> struct Gross {
    static void run(Frame &f, const Op &o)
    {
        constexpr uint64_t UPPER = 0xFFFFFFFF00000000u;
        const uint64_t bits = f.slot[o.s[0]] & UPPER;
        double a;
        memcpy(&a, &bits, sizeof a);
        if (std::isnan(get<double>(f, o.s[0]))) {
            put<double>(f, o.d, std::numeric_limits<double>::quiet_NaN());
            return;
        }
        const double v = flushed(F::of(flushed(a)));
        uint64_t r;
        memcpy(&r, &v, sizeof r);
        if (std::isfinite(v)) r += 0x80000000u; /* to the nearest of those that are left */
        f.slot[o.d] = r & UPPER;
    }
};

/* A NaN loses, unless .NaN is written; -0 is less than +0. */
template <bool LARGER> struct Extreme {
    template <typename T> static T pick(const Op &o, T a, T b)
    {
        if (std::isnan(a) || std::isnan(b)) {
            if ((std::isnan(a) && std::isnan(b)) || o.flags & NAN_WINS) {
                const uint64_t canonical = sizeof(T) == 4 ? 0x7fffffffu : 0x7fffffffffffffffu;
                T v;
                memcpy(&v, &canonical, sizeof v);
                return v;
            }
            return std::isnan(a) ? b : a;
        }
        if (a == b) return std::signbit(a) == LARGER ? b : a;
        return (a > b) == LARGER ? a : b;
    }
    template <typename T> static void run(Frame &f, const Op &o)
    {
        finish<T>(f, o, pick<T>(o, argument<T>(f, o, 0), argument<T>(f, o, 1)));
    }
};

/* b with the sign of a. */
struct CopySign {
    template <typename T> static T of(T a, T b)
    {
        return std::copysign(b, a);
    }
};

enum Property : uint16_t { FINITE, INFINITE, NUMBER, NOT_A_NUMBER, NORMAL, SUBNORMAL };
struct TestProperty {
    template <typename T> static bool holds(uint16_t property, T a)
    {
        switch (property) {
        case FINITE: return std::isfinite(a);
        case INFINITE: return std::isinf(a);
        case NUMBER: return !std::isnan(a);
        case NOT_A_NUMBER: return std::isnan(a);
        case NORMAL: return std::isnormal(a);
        default: return std::fpclassify(a) == FP_SUBNORMAL;
        }
    }
    template <typename T> static void run(Frame &f, const Op &o)
    {
        f.slot[o.d] = holds<T>(o.flags, get<T>(f, o.s[0]));
    }
};

struct Fused {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        const T a = get<T>(f, o.s[0]), c = get<T>(f, o.s[2]);
        put<T>(f, o.d,
               std::fma(o.flags & NEGATE_PRODUCT ? -a : a, get<T>(f, o.s[1]),
                        o.flags & NEGATE_ADDEND ? -c : c));
    }
};

/* ---- lowering -------------------------------------------------------------------------------- */

/* .ftz, .sat and the type. */
Type take_modes(Lowering &l)
{
    if (l.take("ftz")) l.op.flags |= FLUSH;
    if (l.take("sat")) l.op.flags |= SATURATE;
    const Type t = l.take_type();
    if (t != Type::F32 && l.op.flags != 0) l.fail(".ftz and .sat are of .f32");
    return t;
}

template <typename H> void lower_binary(Lowering &l)
{
    l.take("rn");
    const Type t = take_modes(l);
    l.binary(for_real<H>(t), t);
}

void lower_multiply_add(Lowering &l)
{
    if (!l.take("rn")) l.fail("only .rn is known here");
    const Type t = take_modes(l);
    l.ternary(for_real<MultiplyAdd>(t), t);
}

void lower_divide(Lowering &l)
{
    if (l.take("rn")) {
        const Type t = take_modes(l);
        l.binary(for_real<Real2<Divide>>(t), t);
        return;
    }
    const bool fast = l.take("approx");
    if (!fast && !l.take("full")) l.fail("only .rn, .approx and .full are known here");
    const Type t = take_modes(l);
    if (t != Type::F32) l.fail("an approximate quotient is of .f32");
    l.binary(fast ? &Real2<DivideFast>::run<float> : &Real2<Divide>::run<float>, t);
}

void lower_extreme(Lowering &l, bool larger)
{
    const bool flush = l.take("ftz");
    const bool nan = l.take("NaN");
    const Type t = l.take_type();
    if (t != Type::F32 && (flush || nan)) l.fail(".ftz and .NaN are of .f32");
    l.op.flags = static_cast<uint16_t>((flush ? FLUSH : 0) | (nan ? NAN_WINS : 0));
    l.binary(larger ? for_real<Extreme<true>>(t) : for_real<Extreme<false>>(t), t);
}

template <typename F> void lower_sign(Lowering &l)
{
    const bool flush = l.take("ftz");
    const Type t = l.take_type();
    if (flush && t != Type::F32) l.fail(".ftz is of .f32");
    if (flush) l.op.flags |= FLUSH;
    l.unary(for_real<Real1<F>>(t), t);
}

/* rcp, sqrt, rsqrt: .rn, or .approx, of which that of .ftz.f64 is gross. */
template <typename F> void lower_root(Lowering &l, bool rounded, bool gross)
{
    const bool approximate = l.take("approx");
    if (!approximate && !(rounded && l.take("rn"))) l.fail("unknown rounding");
    const bool flush = l.take("ftz");
    const Type t = l.take_type();
    if (t == Type::F64 && approximate && gross && flush) {
        l.unary(&Gross<F>::run, t);
        return;
    }
    const bool wide = t == Type::F64 && (flush || (approximate && l.opcode() != "rsqrt"));
    if (flush) l.op.flags |= FLUSH;
    l.unary(wide ? nullptr : for_real<Real1<F>>(t), t);
}

template <typename F> void lower_approximate(Lowering &l)
{
    if (!l.take("approx")) l.fail("only .approx is known here");
    const Type t = take_modes(l);
    l.unary(t == Type::F32 ? &Real1<F>::template run<float> : nullptr, t);
}

void lower_property(Lowering &l)
{
    static const char *const words[] = {"finite",     "infinite", "number",
                                        "notanumber", "normal",   "subnormal"};
    uint16_t which = 0;
    while (which < 6 && !l.take(words[which])) which++;
    if (which == 6) l.fail("unknown property");
    l.op.flags = which;
    const Type t = l.take_type();
    l.no_more_words();
    l.operands(2);
    l.op.d = l.result(0, Type::Pred);
    l.op.s[0] = l.source(1, t);
    l.set_handler(for_real<TestProperty>(t));
}

bool lower_function(Lowering &l)
{
    const std::string &o = l.opcode();
    if (o == "sqrt")
        lower_root<Root>(l, true, false);
    else if (o == "rcp")
        lower_root<Reciprocal>(l, true, true);
    else if (o == "rsqrt")
        lower_root<ReciprocalRoot>(l, false, true);
    else if (o == "ex2")
        lower_approximate<Power2>(l);
    else if (o == "lg2")
        lower_approximate<Logarithm2>(l);
    else if (o == "sin")
        lower_approximate<Sine>(l);
    else if (o == "cos")
        lower_approximate<Cosine>(l);
    else if (o == "tanh")
        lower_approximate<HyperbolicTangent>(l);
    else if (o == "testp")
        lower_property(l);
    else
        return false;
    return true;
}

} // namespace

Handler fused_handler(Type t)
{
    return for_real<Fused>(t);
}

bool lower_real(Lowering &l)
{
    const std::string &o = l.opcode();
    Type t;
    if (!type_named(l.last_word(), &t) || !is_real(t)) return false;
    if (o == "add")
        lower_binary<Real2<Add>>(l);
    else if (o == "sub")
        lower_binary<Real2<Subtract>>(l);
    else if (o == "mul")
        lower_binary<Real2<Multiply>>(l);
    else if (o == "fma" || o == "mad")
        lower_multiply_add(l);
    else if (o == "div")
        lower_divide(l);
    else if (o == "min" || o == "max")
        lower_extreme(l, o == "max");
    else if (o == "neg")
        lower_sign<Negative>(l);
    else if (o == "abs")
        lower_sign<Absolute>(l);
    else if (o == "copysign")
        lower_binary<Real2<CopySign>>(l);
    else
        return lower_function(l);
    return true;
}

} // namespace ptx
} // namespace emu
