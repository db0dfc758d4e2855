/* Integer, logic and bit instructions of PTX against plain loops written from the manual (NVIDIA,
 * PTX ISA 9.0, "Integer Arithmetic Instructions", "Logic and Shift Instructions"), at the edges of
 * their types.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ptx_fixture.h"

#include <algorithm>

using namespace ptx_test;
using cases::LATE;

namespace
{

__extension__ typedef __int128 int128;

const Words edges16 = {0, 1, 2, 7, 0x7fff, 0x8000, 0x8001, 0xffff, 0x1234};
const Words edges32 = {0,          1,          2,          31,         0x7fffffff, 0x80000000,
                       0x80000001, 0xffffffff, 0xfffffffe, 0x12345678, 0xdeadbeef};
const Words edges64 = {0,
                       1,
                       3,
                       0xffffffff,
                       0x100000000,
                       0x7fffffffffffffff,
                       0x8000000000000000,
                       0x8000000000000001,
                       0xffffffffffffffff,
                       0x0123456789abcdef};
const Words places = {0, 1, 5, 16, 31, 32, 33, 63, 64, 65, 255, 256, 0xffffffff};

const Words &edges(unsigned bits)
{
    return bits == 16 ? edges16 : bits == 32 ? edges32 : edges64;
}

char letter(unsigned bits)
{
    return bits == 16 ? 'h' : bits == 32 ? 'r' : 'R';
}

uint64_t low(int128 v, unsigned bits)
{
    const uint64_t w = static_cast<uint64_t>(v);
    return bits == 64 ? w : w & ((uint64_t(1) << bits) - 1);
}

/* The number that the bits mean. */
int128 meaning(uint64_t w, unsigned bits, bool negative_too)
{
    const int128 v = static_cast<int128>(low(static_cast<int128>(w), bits));
    return negative_too && (w >> (bits - 1) & 1) ? v - (static_cast<int128>(1) << bits) : v;
}

std::string type_name(unsigned bits, bool negative_too)
{
    return (negative_too ? ".s" : ".u") + std::to_string(bits);
}

/* op.type for types of all sizes and both signs; `f` computes on exact numbers. */
template <typename F> void check_binary(const std::string &opcode, F f)
{
    for (unsigned bits : {16u, 32u, 64u})
        for (bool negative : {false, true}) {
            const std::string types(3, letter(bits));
            check(types.substr(0, 1) + "=" + types.substr(1),
                  opcode + type_name(bits, negative) + " %d, %a, %b;", rows_of(edges(bits), 2),
                  [&](const uint64_t *a) {
                      return low(
                          f(meaning(a[0], bits, negative), meaning(a[1], bits, negative), bits),
                          bits);
                  });
        }
}

} // namespace

PASSES_IN(LATE, ptx_sums_and_products)
{
    check_binary("add", [](int128 a, int128 b, unsigned) { return a + b; });
    check_binary("sub", [](int128 a, int128 b, unsigned) { return a - b; });
    check_binary("min", [](int128 a, int128 b, unsigned) { return a < b ? a : b; });
    check_binary("max", [](int128 a, int128 b, unsigned) { return a > b ? a : b; });
    /* The product of two unsigned numbers of 64 bits wraps in int128; its bits are right. */
    const auto product = [](int128 a, int128 b) {
        __extension__ typedef unsigned __int128 bits128;
        return static_cast<bits128>(a) * static_cast<bits128>(b);
    };
    check_binary("mul.lo",
                 [&](int128 a, int128 b, unsigned) { return static_cast<int128>(product(a, b)); });
    check_binary("mul.hi", [&](int128 a, int128 b, unsigned bits) {
        return static_cast<int128>(product(a, b) >> bits);
    });
}

PASSES_IN(LATE, ptx_quotients)
{
    const auto by_zero = [](unsigned bits) {
        return static_cast<int128>(low(0x7ff4dead7ff4dead, bits));
    };
    check_binary("div",
                 [&](int128 a, int128 b, unsigned bits) { return b == 0 ? by_zero(bits) : a / b; });
    check_binary("rem",
                 [&](int128 a, int128 b, unsigned bits) { return b == 0 ? by_zero(bits) : a % b; });
}

PASSES_IN(LATE, ptx_products_of_three)
{
    for (unsigned bits : {16u, 32u})
        for (bool negative : {false, true}) {
            const std::string type = type_name(bits, negative);
            const char n = letter(bits), w = letter(2 * bits);
            const auto value = [=](uint64_t a) { return meaning(a, bits, negative); };
            check(std::string(1, w) + "=" + n + n, "mul.wide" + type + " %d, %a, %b;",
                  rows_of(edges(bits), 2),
                  [=](const uint64_t *a) { return low(value(a[0]) * value(a[1]), 2 * bits); });
            check(std::string(1, w) + "=" + n + n + w, "mad.wide" + type + " %d, %a, %b, %c;",
                  rows_of(edges(bits), 2, edges(2 * bits), 1), [=](const uint64_t *a) {
                      return low(value(a[0]) * value(a[1]) + static_cast<int128>(a[2]), 2 * bits);
                  });
            check(std::string(1, n) + "=" + n + n + n, "mad.lo" + type + " %d, %a, %b, %c;",
                  rows_of(edges(bits), 3), [=](const uint64_t *a) {
                      return low(value(a[0]) * value(a[1]) + value(a[2]), bits);
                  });
        }
    check("R=RRR", "mad.lo.s64 %d, %a, %b, %c;", rows_of(edges64, 3),
          [](const uint64_t *a) { return a[0] * a[1] + a[2]; });
}

PASSES_IN(LATE, ptx_signs)
{
    for (unsigned bits : {16u, 32u, 64u}) {
        const std::string types = {letter(bits), '=', letter(bits)};
        const std::string type = type_name(bits, true);
        check(types, "neg" + type + " %d, %a;", rows_of(edges(bits), 1),
              [=](const uint64_t *a) { return low(-meaning(a[0], bits, true), bits); });
        check(types, "abs" + type + " %d, %a;", rows_of(edges(bits), 1), [=](const uint64_t *a) {
            const int128 v = meaning(a[0], bits, true);
            return low(v < 0 ? -v : v, bits);
        });
    }
}

PASSES_IN(LATE, ptx_logic)
{
    for (unsigned bits : {16u, 32u, 64u}) {
        const std::string l(1, letter(bits)), type = ".b" + std::to_string(bits);
        const auto rows = rows_of(edges(bits), 2);
        check(l + "=" + l + l, "and" + type + " %d, %a, %b;", rows,
              [](const uint64_t *a) { return a[0] & a[1]; });
        check(l + "=" + l + l, "or" + type + " %d, %a, %b;", rows,
              [](const uint64_t *a) { return a[0] | a[1]; });
        check(l + "=" + l + l, "xor" + type + " %d, %a, %b;", rows,
              [](const uint64_t *a) { return a[0] ^ a[1]; });
        check(l + "=" + l, "not" + type + " %d, %a;", rows_of(edges(bits), 1),
              [=](const uint64_t *a) { return low(~static_cast<int128>(a[0]), bits); });
    }
    const auto truths = rows_of({0, 1}, 2);
    check("p=pp", "and.pred %d, %a, %b;", truths, [](const uint64_t *a) { return a[0] & a[1]; });
    check("p=pp", "or.pred %d, %a, %b;", truths, [](const uint64_t *a) { return a[0] | a[1]; });
    check("p=pp", "xor.pred %d, %a, %b;", truths, [](const uint64_t *a) { return a[0] ^ a[1]; });
    check("p=p", "not.pred %d, %a;", rows_of({0, 1}, 1), [](const uint64_t *a) { return !a[0]; });
    for (unsigned table : {0u, 0x96u, 0xe8u, 0xc0u, 0xffu, 0x1bu})
        check("r=rrr", "lop3.b32 %d, %a, %b, %c, " + std::to_string(table) + ";",
              rows_of({0xf0f0f0f0, 0xcccccccc, 0xaaaaaaaa, 0, 0xffffffff}, 3),
              [=](const uint64_t *a) {
                  uint64_t d = 0;
                  for (unsigned i = 0; i < 32; i++) {
                      const uint64_t k =
                          (a[0] >> i & 1) << 2 | (a[1] >> i & 1) << 1 | (a[2] >> i & 1);
                      d |= uint64_t(table >> k & 1u) << i;
                  }
                  return d;
              });
}

PASSES_IN(LATE, ptx_shifts)
{
    for (unsigned bits : {16u, 32u, 64u}) {
        const std::string types = {letter(bits), '=', letter(bits), 'r'};
        const auto rows = rows_of(edges(bits), 1, places, 1);
        const std::string size = std::to_string(bits);
        check(types, "shl.b" + size + " %d, %a, %b;", rows, [=](const uint64_t *a) {
            return a[1] >= bits ? 0 : low(static_cast<int128>(a[0]) << a[1], bits);
        });
        check(types, "shr.u" + size + " %d, %a, %b;", rows,
              [=](const uint64_t *a) { return a[1] >= bits ? 0 : a[0] >> a[1]; });
        check(types, "shr.b" + size + " %d, %a, %b;", rows,
              [=](const uint64_t *a) { return a[1] >= bits ? 0 : a[0] >> a[1]; });
        check(types, "shr.s" + size + " %d, %a, %b;", rows, [=](const uint64_t *a) {
            return low(meaning(a[0], bits, true) >> std::min<uint64_t>(a[1], bits), bits);
        });
    }
    for (bool left : {true, false})
        for (bool wrap : {true, false})
            check("r=rrr",
                  std::string("shf.") + (left ? "l" : "r") + (wrap ? ".wrap" : ".clamp") +
                      ".b32 %d, %a, %b, %c;",
                  rows_of({0x12345678, 0xdeadbeef, 0xffffffff}, 2, places, 1),
                  [=](const uint64_t *a) {
                      const uint64_t n = wrap ? a[2] & 31 : std::min<uint64_t>(a[2], 32);
                      /* bit by bit from b:a */
                      uint64_t d = 0;
                      for (uint64_t i = 0; i < 32; i++) {
                          const uint64_t from = left ? i + 32 - n : i + n;
                          d |= (from < 32 ? a[0] >> from & 1 : a[1] >> (from - 32) & 1) << i;
                      }
                      return d;
                  });
}

PASSES_IN(LATE, ptx_fields)
{
    for (unsigned bits : {32u, 64u}) {
        const char l = letter(bits);
        for (bool negative : {false, true})
            check({l, '=', l, 'r', 'r'}, "bfe" + type_name(bits, negative) + " %d, %a, %b, %c;",
                  rows_of(edges(bits), 1, places, 2), [=](const uint64_t *a) {
                      const unsigned at = a[1] & 255, n = a[2] & 255, last = bits - 1;
                      const uint64_t sign =
                          !negative || n == 0 ? 0 : a[0] >> std::min(at + n - 1, last) & 1;
                      uint64_t d = 0;
                      for (unsigned i = 0; i <= last; i++)
                          d |= (i < n && at + i <= last ? a[0] >> (at + i) & 1 : sign) << i;
                      return d;
                  });
        check({l, '=', l, l, 'r', 'r'}, "bfi.b" + std::to_string(bits) + " %d, %a, %b, %c, %g;",
              rows_of(edges(bits), 2, places, 2), [=](const uint64_t *a) {
                  const unsigned at = a[2] & 255, n = a[3] & 255;
                  uint64_t d = a[1];
                  for (unsigned i = 0; i < n && at + i < bits; i++) {
                      const uint64_t bit = uint64_t(1) << (at + i);
                      d = (d & ~bit) | (a[0] >> i & 1) << (at + i);
                  }
                  return d;
              });
    }
    check("r=rrr", "prmt.b32 %d, %a, %b, %c;",
          rows_of({0x83c2a170, 0x7f80ff01}, 2, {0x3210, 0x7654, 0x0123, 0xfedc, 0x8f19, 0x4444}, 1),
          [](const uint64_t *a) {
              uint64_t d = 0;
              for (unsigned i = 0; i < 4; i++) {
                  const uint64_t s = a[2] >> 4 * i & 15, k = s & 7;
                  const uint64_t byte = (k < 4 ? a[0] >> 8 * k : a[1] >> 8 * (k - 4)) & 255;
                  d |= (s & 8 ? (byte >= 128 ? 255u : 0u) : byte) << 8 * i;
              }
              return d;
          });
}

PASSES_IN(LATE, ptx_counts)
{
    for (unsigned bits : {32u, 64u}) {
        const std::string types = {'r', '=', letter(bits)};
        const std::string type = ".b" + std::to_string(bits);
        const auto rows = rows_of(edges(bits), 1);
        const auto ones = [=](uint64_t a) {
            unsigned n = 0;
            for (unsigned i = 0; i < bits; i++) n += a >> i & 1;
            return n;
        };
        const auto highest = [=](uint64_t a) -> int {
            for (unsigned i = bits; i-- > 0;)
                if (a >> i & 1) return static_cast<int>(i);
            return -1;
        };
        check(types, "popc" + type + " %d, %a;", rows,
              [=](const uint64_t *a) { return ones(a[0]); });
        check(types, "clz" + type + " %d, %a;", rows, [=](const uint64_t *a) {
            return static_cast<uint64_t>(static_cast<int>(bits) - 1 - highest(a[0]));
        });
        check({letter(bits), '=', letter(bits)}, "brev" + type + " %d, %a;", rows,
              [=](const uint64_t *a) {
                  uint64_t d = 0;
                  for (unsigned i = 0; i < bits; i++) d = d << 1 | (a[0] >> i & 1);
                  return d;
              });
        for (bool negative : {false, true})
            for (bool shift : {false, true})
                check(types,
                      "bfind" + std::string(shift ? ".shiftamt" : "") + type_name(bits, negative) +
                          " %d, %a;",
                      rows, [=](const uint64_t *a) {
                          const bool turn = negative && a[0] >> (bits - 1) & 1;
                          const int at = highest(turn ? ~a[0] : a[0]);
                          return low(shift && at >= 0 ? static_cast<int>(bits) - 1 - at : at, 32);
                      });
    }
}

PASSES_IN(LATE, ptx_choices)
{
    for (unsigned bits : {16u, 32u, 64u}) {
        const char l = letter(bits);
        check({l, '=', l, l, 'p'}, "selp.b" + std::to_string(bits) + " %d, %a, %b, %c;",
              rows_of(edges(bits), 2, {0, 1}, 1),
              [](const uint64_t *a) { return a[2] ? a[0] : a[1]; });
    }
    check("r=rrr", "slct.u32.s32 %d, %a, %b, %c;", rows_of(edges32, 3),
          [](const uint64_t *a) { return meaning(a[2], 32, true) >= 0 ? a[0] : a[1]; });
    check("R=RRf", "slct.b64.f32 %d, %a, %b, %c;",
          rows_of({1, 2}, 2, {word(0.0f), word(-0.0f), word(-1.0f), word(1.0f), 0x7fc00000}, 1),
          [](const uint64_t *a) { return number<float>(a[2]) >= 0 ? a[0] : a[1]; });
    check("R=rr", "mov.b64 %d, {%a, %b};", rows_of(edges32, 2),
          [](const uint64_t *a) { return a[1] << 32 | a[0]; });
    check("r=R", "mov.b64 {%d, _}, %a;", rows_of(edges64, 1),
          [](const uint64_t *a) { return low(static_cast<int128>(a[0]), 32); });
    check("r=R", "mov.b64 {_, %d}, %a;", rows_of(edges64, 1),
          [](const uint64_t *a) { return a[0] >> 32; });
    check("R=hhhh", "mov.b64 %d, {%a, %b, %c, %g};", {{0x1111, 0x2222, 0x8333, 0xf444}},
          [](const uint64_t *a) { return a[3] << 48 | a[2] << 32 | a[1] << 16 | a[0]; });
}

PASSES_IN(LATE, ptx_integer_comparisons)
{
    const struct {
        const char *word;
        bool (*holds)(int128, int128);
    } comparisons[] = {{"eq", [](int128 a, int128 b) { return a == b; }},
                       {"ne", [](int128 a, int128 b) { return a != b; }},
                       {"lt", [](int128 a, int128 b) { return a < b; }},
                       {"le", [](int128 a, int128 b) { return a <= b; }},
                       {"gt", [](int128 a, int128 b) { return a > b; }},
                       {"ge", [](int128 a, int128 b) { return a >= b; }}};
    for (const auto &c : comparisons)
        for (unsigned bits : {16u, 32u, 64u})
            for (bool negative : {false, true})
                check({'p', '=', letter(bits), letter(bits)},
                      std::string("setp.") + c.word + type_name(bits, negative) + " %d, %a, %b;",
                      rows_of(edges(bits), 2), [&](const uint64_t *a) {
                          return c.holds(meaning(a[0], bits, negative),
                                         meaning(a[1], bits, negative));
                      });
    check("p=rr", "setp.hi.u32 %d, %a, %b;", rows_of(edges32, 2),
          [](const uint64_t *a) { return a[0] > a[1]; });
}

PASSES_IN(LATE, ptx_combined_comparisons)
{
    const auto rows = rows_of({1, 2}, 2, {0, 1}, 1);
    for (const char *combination : {"and", "or", "xor"})
        for (bool negated : {false, true}) {
            const std::string instruction = std::string("setp.lt.") + combination +
                                            ".s32 %d|%e, %a, %b, " + (negated ? "!" : "") + "%c;";
            const std::vector<Words> results = evaluate("pp=rrp", instruction, rows);
            for (size_t i = 0; i < rows.size(); i++) {
                const bool held = rows[i][0] < rows[i][1], third = (rows[i][2] != 0) != negated;
                const auto combined = [&](bool p) {
                    return combination[0] == 'a'   ? p && third
                           : combination[0] == 'o' ? p || third
                                                   : p != third;
                };
                CHECK(results[i][0] == combined(held) && results[i][1] == combined(!held));
            }
        }
}
