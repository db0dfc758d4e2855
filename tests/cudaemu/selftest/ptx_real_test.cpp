/* Instructions of PTX on real numbers against what the manual says of each (NVIDIA, PTX ISA 9.0,
 * "Floating Point Instructions", "cvt"): NaN, infinities, zeros with signs, subnormals, ties.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ptx_fixture.h"

#include <cfenv>
#include <cmath>
#include <limits>

using namespace ptx_test;
using cases::LATE;

namespace
{

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr uint64_t NAN32 = 0x7fc00000, NAN64 = 0x7ff8000000000000;

const Words singles = {word(0.0f),  word(-0.0f),  word(1.0f),    word(-1.5f),
                       word(0.1f),  word(1e-40f), word(-3e-39f), word(1e-20f),
                       word(3e38f), word(inf),    word(-inf),    NAN32};
const Words doubles = {word(0.0),   word(-0.0),        word(1.0),          word(-1.5),
                       word(0.1),   word(1e-310),      word(-3e-320),      word(1e-160),
                       word(1e308), word(double(inf)), word(-double(inf)), NAN64};

float flush(float v)
{
    return v != 0 && std::fabs(v) < std::numeric_limits<float>::min() ? std::copysign(0.0f, v) : v;
}

template <typename F> void check2(const std::string &opcode, F f, bool has_flush = true)
{
    check("f=ff", opcode + ".f32 %d, %a, %b;", rows_of(singles, 2), [&](const uint64_t *a) {
        return word<float>(f(number<float>(a[0]), number<float>(a[1])));
    });
    check("F=FF", opcode + ".f64 %d, %a, %b;", rows_of(doubles, 2), [&](const uint64_t *a) {
        return word<double>(f(number<double>(a[0]), number<double>(a[1])));
    });
    if (!has_flush) return;
    check("f=ff", opcode + ".ftz.f32 %d, %a, %b;", rows_of(singles, 2), [&](const uint64_t *a) {
        return word(
            flush(static_cast<float>(f(flush(number<float>(a[0])), flush(number<float>(a[1]))))));
    });
}

template <typename F> void check1(const std::string &opcode, F f)
{
    check("f=f", opcode + ".f32 %d, %a;", rows_of(singles, 1),
          [&](const uint64_t *a) { return word<float>(f(number<float>(a[0]))); });
    check("F=F", opcode + ".f64 %d, %a;", rows_of(doubles, 1),
          [&](const uint64_t *a) { return word<double>(f(number<double>(a[0]))); });
}

} // namespace

PASSES_IN(LATE, ptx_real_arithmetic)
{
    check2("add", [](auto a, auto b) { return a + b; });
    check2("add.rn", [](auto a, auto b) { return a + b; });
    check2("sub", [](auto a, auto b) { return a - b; });
    check2("mul", [](auto a, auto b) { return a * b; });
    check2("mul.rn", [](auto a, auto b) { return a * b; });
    check2("div.rn", [](auto a, auto b) { return a / b; });
    check2(
        "copysign", [](auto a, auto b) { return std::copysign(b, a); }, false);
    check1("sqrt.rn", [](auto a) { return std::sqrt(a); });
    check1("rcp.rn", [](auto a) { return 1 / a; });
    check1("abs", [](auto a) { return std::signbit(a) ? -a : a; });
    check1("neg", [](auto a) { return -a; });
    check("f=ff", "add.sat.f32 %d, %a, %b;", rows_of(singles, 2), [](const uint64_t *a) {
        const float s = number<float>(a[0]) + number<float>(a[1]);
        return word(s > 0 ? s < 1 ? s : 1.0f : 0.0f);
    });
}

PASSES_IN(LATE, ptx_multiply_add)
{
    /* (1 + e)(1 - e) - 1 = -e^2 only without a rounding in between. */
    const float e = std::ldexp(1.0f, -13);
    check("f=fff", "fma.rn.f32 %d, %a, %b, %c;", {{word(1 + e), word(1 - e), word(-1.0f)}},
          [=](const uint64_t *) { return word(-e * e); });
    const double g = std::ldexp(1.0, -30);
    check("F=FFF", "fma.rn.f64 %d, %a, %b, %c;", {{word(1 + g), word(1 - g), word(-1.0)}},
          [=](const uint64_t *) { return word(-g * g); });
    check("f=fff", "fma.rn.f32 %d, %a, %b, %c;", rows_of(singles, 2, {word(0.25f), word(-inf)}, 1),
          [](const uint64_t *a) {
              /* products of two floats are exact in double, and these sums too or far from a tie */
              const double p = double(number<float>(a[0])) * double(number<float>(a[1]));
              return word(static_cast<float>(p + double(number<float>(a[2]))));
          });
}

PASSES_IN(LATE, ptx_extremes)
{
    const auto least = [](auto a, auto b) {
        if (a != a) return b;
        if (b != b) return a;
        if (a == b) return std::signbit(a) ? a : b; /* -0 < +0 */
        return a < b ? a : b;
    };
    const auto greatest = [](auto a, auto b) {
        if (a != a) return b;
        if (b != b) return a;
        if (a == b) return std::signbit(a) ? b : a;
        return a > b ? a : b;
    };
    check2("min", least);
    check2("max", greatest);
    const auto both = evaluate("f=ff", "max.f32 %d, %a, %b;", {{NAN32, 0xffc00001}});
    CHECK(both[0][0] == 0x7fffffff);
    check("f=ff", "max.NaN.f32 %d, %a, %b;", rows_of(singles, 2), [&](const uint64_t *a) {
        const float x = number<float>(a[0]), y = number<float>(a[1]);
        return x != x || y != y ? NAN32 : word(greatest(x, y));
    });
}

PASSES_IN(LATE, ptx_real_comparisons)
{
    const struct {
        const char *word;
        bool (*holds)(double, double);
        bool with_nan;
    } comparisons[] = {{"eq", [](double a, double b) { return a == b; }, false},
                       {"ne", [](double a, double b) { return a != b; }, false},
                       {"lt", [](double a, double b) { return a < b; }, false},
                       {"le", [](double a, double b) { return a <= b; }, false},
                       {"gt", [](double a, double b) { return a > b; }, false},
                       {"ge", [](double a, double b) { return a >= b; }, false},
                       {"equ", [](double a, double b) { return a == b; }, true},
                       {"neu", [](double a, double b) { return a != b; }, true},
                       {"ltu", [](double a, double b) { return a < b; }, true},
                       {"leu", [](double a, double b) { return a <= b; }, true},
                       {"gtu", [](double a, double b) { return a > b; }, true},
                       {"geu", [](double a, double b) { return a >= b; }, true},
                       {"num", [](double, double) { return true; }, false},
                       {"nan", [](double, double) { return false; }, true}};
    for (const auto &c : comparisons) {
        const auto expected = [&](double a, double b) {
            return std::isnan(a) || std::isnan(b) ? c.with_nan : c.holds(a, b);
        };
        const std::string opcode = std::string("setp.") + c.word;
        check("p=FF", opcode + ".f64 %d, %a, %b;", rows_of(doubles, 2), [&](const uint64_t *a) {
            return expected(number<double>(a[0]), number<double>(a[1]));
        });
        check("p=ff", opcode + ".f32 %d, %a, %b;", rows_of(singles, 2), [&](const uint64_t *a) {
            return expected(double(number<float>(a[0])), double(number<float>(a[1])));
        });
        check("p=ff", opcode + ".ftz.f32 %d, %a, %b;", rows_of(singles, 2), [&](const uint64_t *a) {
            return expected(double(flush(number<float>(a[0]))), double(flush(number<float>(a[1]))));
        });
    }
}

PASSES_IN(LATE, ptx_properties)
{
    const struct {
        const char *word;
        bool (*holds)(double);
    } properties[] = {
        {"finite", [](double a) { return a - a == 0; }},
        {"infinite", [](double a) { return a == inf || a == -inf; }},
        {"number", [](double a) { return a == a; }},
        {"notanumber", [](double a) { return a != a; }},
        {"normal", [](double a) { return std::fabs(a) >= 0x1p-1022 && std::fabs(a) < inf; }},
        {"subnormal", [](double a) { return a != 0 && std::fabs(a) < 0x1p-1022; }}};
    for (const auto &p : properties)
        check("p=F", std::string("testp.") + p.word + ".f64 %d, %a;", rows_of(doubles, 1),
              [&](const uint64_t *a) { return p.holds(number<double>(a[0])); });
}

/* Within the manual's bounds, or 2^-20 for the gross ones, whose lower half is zero; the special
 * values exactly. */
PASSES_IN(LATE, ptx_approximations)
{
    const auto close = [](const std::string &instruction, double (*exact)(double), double bound) {
        for (const Words &row : rows_of({word(0.1f), word(0.75f), word(1.0f), word(3.5f)}, 1)) {
            const float d = number<float>(evaluate("f=f", instruction, {row})[0][0]);
            const double e = exact(double(number<float>(row[0])));
            CHECK(std::fabs(double(d) - e) <= bound * std::max(1.0, std::fabs(e)));
        }
    };
    close(
        "rcp.approx.f32 %d, %a;", [](double a) { return 1 / a; }, 0x1p-23);
    close(
        "rsqrt.approx.f32 %d, %a;", [](double a) { return 1 / std::sqrt(a); }, 0x1p-22);
    close(
        "sqrt.approx.f32 %d, %a;", [](double a) { return std::sqrt(a); }, 0x1p-23);
    close(
        "ex2.approx.f32 %d, %a;", [](double a) { return std::exp2(a); }, 0x1p-22);
    close(
        "lg2.approx.f32 %d, %a;", [](double a) { return std::log2(a); }, 0x1p-22);
    close(
        "sin.approx.f32 %d, %a;", [](double a) { return std::sin(a); }, 0x1p-20);
    close(
        "cos.approx.f32 %d, %a;", [](double a) { return std::cos(a); }, 0x1p-20);
    close(
        "tanh.approx.f32 %d, %a;", [](double a) { return std::tanh(a); }, 0x1p-11);

    const double numbers[] = {0.1, 1.0, -3.7, 1e300, 1e-300, 12345.678};
    for (double x : numbers) {
        const uint64_t r = evaluate("F=F", "rcp.approx.ftz.f64 %d, %a;", {{word(x)}})[0][0];
        CHECK((r & 0xffffffff) == 0 && std::fabs(number<double>(r) * x - 1) < 0x1p-19);
        const uint64_t s =
            evaluate("F=F", "rsqrt.approx.ftz.f64 %d, %a;", {{word(std::fabs(x))}})[0][0];
        CHECK((s & 0xffffffff) == 0 &&
              std::fabs(number<double>(s) * std::sqrt(std::fabs(x)) - 1) < 0x1p-19);
    }
    const double big = double(inf);
    const std::vector<Words> special = rows_of(
        {word(0.0), word(-0.0), word(1e-310), word(-1e-310), word(big), word(-big), NAN64}, 1);
    check("F=F", "rcp.approx.ftz.f64 %d, %a;", special, [=](const uint64_t *a) {
        const double x = number<double>(a[0]);
        if (x != x) return NAN64;
        return word(std::fabs(x) < 1 ? std::copysign(big, x) : std::copysign(0.0, x));
    });
    check("F=F", "rsqrt.approx.ftz.f64 %d, %a;", special, [=](const uint64_t *a) {
        const double x = number<double>(a[0]);
        if (x != x || x == -big) return NAN64;
        return word(std::fabs(x) < 1 ? std::copysign(big, x) : 0.0);
    });
}

/* Where the divisor's reciprocal is subnormal, div.approx gives zero for whatever is finite. */
PASSES_IN(LATE, ptx_approximate_quotients)
{
    check("f=ff", "div.full.f32 %d, %a, %b;", rows_of(singles, 2),
          [](const uint64_t *a) { return word(number<float>(a[0]) / number<float>(a[1])); });
    check("f=ff", "div.approx.f32 %d, %a, %b;", rows_of(singles, 2), [](const uint64_t *a) {
        const float x = number<float>(a[0]), y = number<float>(a[1]);
        if (!(std::fabs(y) > 0x1p126f) || y == inf || y == -inf) return word(x / y);
        return std::isfinite(x) ? word(std::copysign(0.0f, x)) : NAN32;
    });
}

/* ---- cvt ------------------------------------------------------------------------------------- */

PASSES_IN(LATE, ptx_integers_to_integers)
{
    const Words words = {0,      1,      0x7f,       0x80,       0xff,
                         0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff};
    check("R=r", "cvt.s64.s32 %d, %a;", rows_of(words, 1),
          [](const uint64_t *a) { return word(static_cast<int64_t>(static_cast<int32_t>(a[0]))); });
    check("R=r", "cvt.u64.u32 %d, %a;", rows_of(words, 1), [](const uint64_t *a) { return a[0]; });
    check("r=R", "cvt.u32.u64 %d, %a;", {{0xfedcba9876543210}},
          [](const uint64_t *) { return 0x76543210; });
    check("r=r", "cvt.s32.s8 %d, %a;", rows_of(words, 1),
          [](const uint64_t *a) { return word(static_cast<int32_t>(static_cast<int8_t>(a[0]))); });
    check("h=r", "cvt.u16.u32 %d, %a;", rows_of(words, 1),
          [](const uint64_t *a) { return a[0] & 0xffff; });
    check("r=r", "cvt.sat.u8.s32 %d, %a;", rows_of(words, 1), [](const uint64_t *a) -> uint64_t {
        const int32_t v = static_cast<int32_t>(a[0]);
        return v < 0 ? 0 : v > 255 ? 255 : static_cast<uint64_t>(v);
    });
}

PASSES_IN(LATE, ptx_reals_to_integers)
{
    const Words values = {word(0.5f),  word(1.5f),  word(2.5f), word(-0.5f),
                          word(-1.5f), word(-2.7f), word(3e9f), word(-3e9f),
                          word(5e9f),  word(1e30f), word(inf),  word(-inf)};
    const struct {
        const char *word;
        double (*round)(double);
    } roundings[] = {
        {"rni", std::nearbyint}, {"rzi", std::trunc}, {"rmi", std::floor}, {"rpi", std::ceil}};
    for (const auto &r : roundings) {
        const std::string opcode = std::string("cvt.") + r.word;
        const auto clamped = [&](uint64_t w, double low, double high) {
            return std::min(std::max(r.round(double(number<float>(w))), low), high);
        };
        check("r=f", opcode + ".s32.f32 %d, %a;", rows_of(values, 1), [&](const uint64_t *a) {
            return word(static_cast<int32_t>(clamped(a[0], -2147483648.0, 2147483647.0)));
        });
        check("r=f", opcode + ".u32.f32 %d, %a;", rows_of(values, 1), [&](const uint64_t *a) {
            return word(static_cast<uint32_t>(clamped(a[0], 0.0, 4294967295.0)));
        });
        check("R=f", opcode + ".s64.f32 %d, %a;", rows_of(values, 1), [&](const uint64_t *a) {
            const double v = r.round(double(number<float>(a[0])));
            return v >= 0x1p63    ? 0x7fffffffffffffffu
                   : v <= -0x1p63 ? 0x8000000000000000u
                                  : word(static_cast<int64_t>(v));
        });
        check("f=f", opcode + ".f32.f32 %d, %a;", rows_of(values, 1), [&](const uint64_t *a) {
            return word(static_cast<float>(r.round(double(number<float>(a[0])))));
        });
    }
    /* NaN: zero, unless the source or the destination has 64 bits. */
    CHECK(evaluate("r=f", "cvt.rzi.s32.f32 %d, %a;", {{NAN32}})[0][0] == 0);
    CHECK(evaluate("R=f", "cvt.rzi.s64.f32 %d, %a;", {{NAN32}})[0][0] == 0x8000000000000000);
    CHECK(evaluate("r=F", "cvt.rzi.s32.f64 %d, %a;", {{NAN64}})[0][0] == 0x80000000);
    CHECK(evaluate("r=F", "cvt.rzi.u32.f64 %d, %a;", {{NAN64}})[0][0] == 0x80000000);
}

/* By the processor's own rounding modes. */
PASSES_IN(LATE, ptx_to_reals)
{
    const struct {
        const char *word;
        int mode;
    } roundings[] = {
        {"rn", FE_TONEAREST}, {"rz", FE_TOWARDZERO}, {"rm", FE_DOWNWARD}, {"rp", FE_UPWARD}};
    const Words integers = {0,
                            1,
                            0xffffffffffffffff,
                            0x7fffffffffffffff,
                            0x8000000000000000,
                            0x0020000000000001,
                            0xffdfffffffffffff,
                            0x01000001,
                            0x01000003};
    const Words reals = {word(0.1),         word(-0.1),  word(1e-42),       word(-1e-50),
                         word(1e39),        word(-1e39), word(1 + 0x1p-24), word(1 + 0x3p-24),
                         word(double(inf)), word(-0.0)};
    for (const auto &r : roundings) {
        const std::string opcode = std::string("cvt.") + r.word;
        const auto in_mode = [&](auto f) {
            fesetround(r.mode);
            const uint64_t w = f();
            fesetround(FE_TONEAREST);
            return w;
        };
        check("F=R", opcode + ".f64.s64 %d, %a;", rows_of(integers, 1), [&](const uint64_t *a) {
            volatile int64_t v = static_cast<int64_t>(a[0]);
            return in_mode([&] {
                volatile double d = static_cast<double>(v);
                return word<double>(d);
            });
        });
        check("f=R", opcode + ".f32.s64 %d, %a;", rows_of(integers, 1), [&](const uint64_t *a) {
            volatile int64_t v = static_cast<int64_t>(a[0]);
            return in_mode([&] {
                volatile float d = static_cast<float>(v);
                return word<float>(d);
            });
        });
        check("f=F", opcode + ".f32.f64 %d, %a;", rows_of(reals, 1), [&](const uint64_t *a) {
            volatile double v = number<double>(a[0]);
            return in_mode([&] {
                volatile float d = static_cast<float>(v);
                return word<float>(d);
            });
        });
    }
    check("f=h", "cvt.rn.f32.s16 %d, %a;", rows_of({0, 1, 0x7fff, 0x8000, 0xffff}, 1),
          [](const uint64_t *a) { return word(float(static_cast<int16_t>(a[0]))); });
    check("F=f", "cvt.f64.f32 %d, %a;", rows_of(singles, 1),
          [](const uint64_t *a) { return word(double(number<float>(a[0]))); });
}

/* Every half precision number comes back; values between two of them go to the nearest, ties to the
 * even one (IEEE 754-2019, binary16). */
PASSES_IN(LATE, ptx_short_reals)
{
    std::vector<Words> halves;
    for (uint64_t w = 0; w < 65536; w += 17) halves.push_back({w});
    const auto half = [](uint64_t w, int digits, int bias) {
        const int e = static_cast<int>(w >> (digits - 1)) & (2 * bias + 1);
        const double m = static_cast<double>(w & ((1u << (digits - 1)) - 1)), s = w >> 15 ? -1 : 1;
        if (e == 2 * bias + 1) return m != 0 ? std::nan("") : s * double(inf);
        return e == 0 ? s * std::ldexp(m, 2 - bias - digits)
                      : s * std::ldexp(m + std::ldexp(1.0, digits - 1), e - bias - digits + 1);
    };
    check("f=h", "cvt.f32.f16 %d, %a;", halves,
          [&](const uint64_t *a) { return word(static_cast<float>(half(a[0], 11, 15))); });
    check("f=h", "cvt.f32.bf16 %d, %a;", halves, [](const uint64_t *a) { return a[0] << 16; });
    const struct {
        double value;
        uint64_t half, brain;
    } known[] = {{0.0, 0, 0},
                 {-0.0, 0x8000, 0x8000},
                 {1.0, 0x3c00, 0x3f80},
                 {65504.0, 0x7bff, 0x4780},
                 {65519.0, 0x7bff, 0x4780},
                 {65520.0, 0x7c00, 0x4780},
                 {1.0 + 0x1p-11, 0x3c00, 0x3f80},
                 {1.0 + 0x3p-11, 0x3c02, 0x3f80},
                 {1.0 + 0x1p-8, 0x3c04, 0x3f80},
                 {1.0 + 0x3p-8, 0x3c0c, 0x3f82},
                 {0x1p-24, 0x0001, 0x3380},
                 {0x1p-25, 0x0000, 0x3300},
                 {-0x1.8p-25, 0x8001, 0xb340},
                 {1e39, 0x7c00, 0x7f80},
                 {0x1.ffp127, 0x7c00, 0x7f80},
                 {0x1.fefp127, 0x7c00, 0x7f7f},
                 {double(inf), 0x7c00, 0x7f80},
                 {std::nan(""), 0x7fff, 0x7fff}};
    for (const auto &k : known) {
        CHECK(evaluate("h=F", "cvt.rn.f16.f64 %d, %a;", {{word(k.value)}})[0][0] == k.half);
        CHECK(evaluate("h=F", "cvt.rn.bf16.f64 %d, %a;", {{word(k.value)}})[0][0] == k.brain);
        const uint64_t single = word(static_cast<float>(k.value));
        CHECK(evaluate("h=f", "cvt.rn.f16.f32 %d, %a;", {{single}})[0][0] == k.half);
    }
    CHECK(evaluate("h=F", "cvt.rz.f16.f64 %d, %a;", {{word(1e9)}})[0][0] == 0x7bff);
    CHECK(evaluate("r=ff", "cvt.rn.f16x2.f32 %d, %a, %b;", {{word(1.0f), word(-2.0f)}})[0][0] ==
          0x3c00c000);
}
