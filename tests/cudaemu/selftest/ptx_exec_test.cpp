/* PTX that is executed: memory and its checks, barriers, shuffles, votes, atomics, branches, fused
 * sums, counts; and what must be refused.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ptx_fixture.h"

#include <cmath>

using namespace ptx_test;
using namespace emu::ptx;
using cases::LATE;

namespace
{

const char *const REGISTERS = ".reg .pred %p<4>; .reg .b16 %h<6>; .reg .b32 %r<9>; "
                              ".reg .b64 %rd<9>; .reg .f32 %f<4>; .reg .f64 %fd<4>;\n";
/* %r0: the thread; %rd0, %rd1: its words of `in` and `out`. */
const char *const START = "mov.u32 %r0, %tid.x;\nmad.wide.u32 %rd0, %r0, 8, %in;\n"
                          "mad.wide.u32 %rd1, %r0, 8, %out;\n";

Words run(const std::string &body, const Words &in, size_t outs, unsigned threads = 1)
{
    return Code(START + body, "", REGISTERS).run(in, Words(outs, ~uint64_t(0)), threads);
}

/* A violation of this kind is recorded whose text contains both. */
void check_caught(const std::string &body, const char *kind, const char *text,
                  const char *also = "", unsigned threads = 1)
{
    emu_collect(1);
    run(".loc 1 42 3\n" + body, {1, 2, 3, 4}, 4, threads);
    const bool caught = emu_violations() > 0 && strcmp(emu_violation_kind(0), kind) == 0 &&
                        strstr(emu_violation_text(0), text) && strstr(emu_violation_text(0), also);
    if (!caught)
        fprintf(stderr, "%s: %s\n", body.c_str(),
                emu_violations() > 0 ? emu_violation_text(0) : "nothing found");
    CHECK(caught);
    emu_collect(0);
}

void check_refused(const std::string &instruction, const char *text)
{
    const std::string why = refusal(instruction);
    if (why.find(text) == std::string::npos)
        fprintf(stderr, "%s: '%s' instead of '%s'\n", instruction.c_str(), why.c_str(), text);
    CHECK(why.find(text) != std::string::npos);
}

} // namespace

/* ---- memory ---------------------------------------------------------------------------------- */

PASSES_IN(LATE, ptx_loads_and_stores)
{
    const Words in = {0xfedcba98f6543280, 0x0102030405060708};
    /* Narrow loads into wide registers are extended, by the sign or by zeros. */
    CHECK(run("ld.global.s8 %rd2, [%rd0];\nst.global.u64 [%out], %rd2;\n", in, 1)[0] ==
          0xffffffffffffff80);
    CHECK(run("ld.global.u8 %rd2, [%rd0];\nst.global.u64 [%out], %rd2;\n", in, 1)[0] == 0x80);
    CHECK(run("ld.global.s32 %rd2, [%rd0];\nst.global.u64 [%out], %rd2;\n", in, 1)[0] ==
          0xfffffffff6543280);
    CHECK(run("ld.global.nc.s16 %r2, [%rd0+2];\ncvt.s64.s32 %rd2, %r2;\n"
              "st.global.u64 [%out], %rd2;\n",
              in, 1)[0] == 0xfffffffffffff654);
    CHECK(run("ld.global.v2.u32 {%r1, %r2}, [%rd0+8];\nst.global.v2.u32 [%out], {%r2, %r1};\n", in,
              1)[0] == 0x0506070801020304);
    CHECK(run("ld.v4.u8 {%h0, %h1, %h2, %h3}, [%rd0+4];\n"
              "st.volatile.global.v4.u8 [%out], {%h3, %h2, %h1, %h0};\n"
              "st.global.u32 [%out+4], %r0;\n",
              in, 1)[0] == 0x98badcfe);
    CHECK(run("ld.relaxed.gpu.global.u64 %rd2, [%rd0+8];\nst.release.sys.u64 [%out], %rd2;\n", in,
              1)[0] == in[1]);
}

/* Shared, local and constant memory, with and without their state space. */
PASSES_IN(LATE, ptx_state_spaces)
{
    const std::string shared = ".shared .align 8 .b8 tile[64];\n";
    const Words in = {11, 22, 33, 44};
    const Words out = run(shared + "ld.global.u64 %rd2, [%rd0];\nshl.b32 %r1, %r0, 3;\n"
                                   "mov.u32 %r2, tile;\nadd.s32 %r2, %r2, %r1;\n"
                                   "st.shared.u64 [%r2], %rd2;\nbar.sync 0;\n"
                                   "xor.b32 %r1, %r1, 8;\nmov.u64 %rd3, tile;\n"
                                   "cvta.shared.u64 %rd3, %rd3;\ncvt.u64.u32 %rd4, %r1;\n"
                                   "add.s64 %rd3, %rd3, %rd4;\nld.u64 %rd2, [%rd3];\n"
                                   "cvta.to.shared.u64 %rd3, %rd3;\nld.shared.u64 %rd5, [%rd3];\n"
                                   "add.s64 %rd2, %rd2, %rd5;\nst.global.u64 [%rd1], %rd2;\n",
                          in, 4, 4);
    CHECK(out == Words({44, 22, 88, 66}));

    CHECK(run(".local .align 8 .b8 depot[16];\nmov.u64 %rd2, depot;\ncvta.local.u64 %rd3, %rd2;\n"
              "st.u64 [%rd3+8], %in;\nld.local.u64 %rd4, [%rd2+8];\nsub.s64 %rd4, %rd4, %in;\n"
              "st.global.u64 [%out], %rd4;\n",
              in, 1)[0] == 0);
    const std::string body = std::string(START) +
                             "mov.u64 %rd2, table;\nld.global.u32 %r1, [%rd2+4];\n"
                             "cvt.u64.u32 %rd3, %r1;\nst.global.u64 [%out], %rd3;\n";
    CHECK(Code(body, ".global .align 4 .u32 table[3] = {5, 6, 7};\n", REGISTERS)
              .run({0}, Words(1), 1)[0] == 6);
    const std::string dynamic = std::string(START) +
                                "st.shared.u32 [dynamic+12], %r0;\nld.shared.u32 %r1, "
                                "[dynamic+12];\nst.global.u32 [%out], %r1;\n";
    CHECK(Code(dynamic, ".extern .shared .align 16 .b8 dynamic[];\n", REGISTERS)
              .run({0}, Words(1, 0), 1, 1, 16)[0] == 0);
}

PASSES_IN(LATE, ptx_bad_accesses)
{
    const std::string tile = ".shared .align 8 .b8 tile[64];\n";
    check_caught("ld.global.u64 %rd2, [%rd0+4];\n", "alignment", "reads 8 bytes", "sample.cu:42");
    check_caught("ld.global.v2.u64 {%rd2, %rd3}, [%rd0+8];\n", "alignment", "reads 16 bytes");
    check_caught("st.global.u64 [%rd1+64], %rd0;\n", "range", "sample.cu:42");
    check_caught(tile + "st.shared.u32 [tile+64], %r0;\n", "shared", "tile (64 bytes",
                 "past its end");
    check_caught("mov.u32 %r1, 0x7fffffff;\nand.b32 %r1, %r1, -4;\nst.shared.u32 [%r1], %r0;\n",
                 "shared", "past its end", "sample.cu:42");
    check_caught(tile + "ld.shared.u32 %r1, [tile];\n", "uninitialised", "tile", "sample.cu:42");
    check_caught("ld.param.u64 %rd2, [k_in+16];\n", "range", "the parameters");
    check_caught(".local .align 8 .b8 depot[16];\nst.local.u64 [depot+16], %rd0;\n", "range",
                 "local memory");
    check_caught(tile + "mov.u64 %rd2, tile;\ncvta.shared.u64 %rd2, %rd2;\n"
                        "st.global.u32 [%rd2], %r0;\n",
                 "shared", "for global memory");
    const std::string parameters = "mov.u64 %rd2, k_in;\ncvta.param.u64 %rd2, %rd2;\n";
    CHECK(run(parameters + "ld.u64 %rd3, [%rd2];\nsub.s64 %rd3, %rd3, %in;\n"
                           "st.global.u64 [%out], %rd3;\n",
              {0}, 1)[0] == 0);
    check_caught(parameters + "ld.u64 %rd3, [%rd2+4];\n", "alignment", "reads 8 bytes");
    check_caught("trap;\n", "trap", "sample.cu:42");
    emu_collect(1);
    Code("mov.u64 %rd2, table;\nst.global.u64 [%rd2], %in;\n",
         ".global .align 8 .u64 table[1] = {5};\n", REGISTERS)
        .run({0}, Words(1), 1);
    CHECK(emu_violations() == 1 && strcmp(emu_violation_kind(0), "host-pointer") == 0);
    emu_collect(0);
}

/* Both sides of a race are named by their lines. */
PASSES_IN(LATE, ptx_races)
{
    check_caught("setp.eq.u32 %p0, %r0, 0;\n@%p0 bra first;\n.loc 1 50 1\nst.global.u32 [%out], "
                 "%r0;\nbra done;\nfirst:\n.loc 1 60 1\nst.global.u32 [%out], %r0;\ndone:\n",
                 "race", "sample.cu:50", "sample.cu:60", 2);
    CHECK(run("st.global.u64 [%rd1], %rd0;\nbar.sync 0;\nxor.b32 %r1, %r0, 1;\n"
              "mad.wide.u32 %rd2, %r1, 8, %out;\nld.global.u64 %rd3, [%rd2];\nbar.sync 0;\n"
              "sub.s64 %rd3, %rd3, %in;\nst.global.u64 [%rd1], %rd3;\n",
              {0, 0}, 2, 2) == Words({8, 0}));
}

/* ---- threads together ------------------------------------------------------------------------ */

PASSES_IN(LATE, ptx_barriers)
{
    /* Threads 0 and 2 of 3 hold. */
    const std::string held = "and.b32 %r1, %r0, 1;\nsetp.eq.u32 %p0, %r1, 0;\n";
    const std::string tell = "selp.u64 %rd2, 1, 0, %p1;\nst.global.u64 [%rd1], %rd2;\n";
    CHECK(run(held + "bar.red.or.pred %p1, 0, %p0;\n" + tell, {0, 0, 0}, 3, 3) == Words(3, 1));
    CHECK(run(held + "bar.red.and.pred %p1, 0, %p0;\n" + tell, {0, 0, 0}, 3, 3) == Words(3, 0));
    CHECK(run(held + "barrier.sync.aligned 0;\nbar.red.popc.u32 %r2, 0, !%p0;\n"
                     "cvt.u64.u32 %rd2, %r2;\nst.global.u64 [%rd1], %rd2;\n",
              {0, 0, 0}, 3, 3) == Words(3, 1));
    check_caught("setp.eq.u32 %p0, %r0, 0;\n@%p0 bra first;\nbar.sync 0;\nbra done;\nfirst:\n"
                 "bar.sync 0;\ndone:\n",
                 "barrier", "others in bar at /source/sample.cu:42", "", 2);
    check_caught("setp.eq.u32 %p0, %r0, 0;\n@%p0 bra done;\nbar.sync 0;\ndone:\n", "barrier",
                 "returned", "", 2);
    check_caught("mov.u32 %r1, 2;\nbar.warp.sync %r1;\n", "collective", "is without it");
}

/* All lanes against the rule in the manual ("shfl.sync"). */
PASSES_IN(LATE, ptx_shuffles)
{
    Words in;
    for (uint64_t i = 0; i < 32; i++) in.push_back(1000 + i);
    for (const char *mode : {"up", "down", "bfly", "idx"})
        for (unsigned b : {0u, 1u, 5u, 16u, 31u, 35u})
            for (unsigned c : {0u, 31u, 7u, 0x181fu, 0x1c1fu, 0x1800u, 0x1003u}) {
                const std::string text =
                    "ld.global.u32 %r1, [%rd0];\nshfl.sync." + std::string(mode) +
                    ".b32 %r2|%p0, %r1, " + std::to_string(b) + ", " + std::to_string(c) +
                    ", -1;\nselp.u32 %r3, 1, 0, %p0;\nmov.b64 %rd2, {%r2, %r3};\n"
                    "st.global.u64 [%rd1], %rd2;\n";
                const Words out = run(text, in, 32, 32);
                for (int lane = 0; lane < 32; lane++) {
                    const int value = static_cast<int>(b & 31), clamp = static_cast<int>(c & 31),
                              segment = static_cast<int>(c >> 8 & 31);
                    const int limit = (lane & segment) | (clamp & ~segment & 31);
                    const int first = lane & segment;
                    int j = lane;
                    bool in_range = true;
                    switch (mode[0]) {
                    case 'u': j = lane - value, in_range = j >= limit; break;
                    case 'd': j = lane + value, in_range = j <= limit; break;
                    case 'b': j = lane ^ value, in_range = j <= limit; break;
                    default: j = first | (value & ~segment & 31), in_range = j <= limit; break;
                    }
                    const uint64_t expected = 1000 + static_cast<uint64_t>(in_range ? j : lane) +
                                              (uint64_t(in_range) << 32);
                    CHECK(out[static_cast<size_t>(lane)] == expected);
                }
            }
}

PASSES_IN(LATE, ptx_votes)
{
    const std::string begin = "setp.lt.u32 %p0, %r0, 5;\n";
    const std::string end = "cvt.u64.u32 %rd2, %r1;\nst.global.u64 [%rd1], %rd2;\n";
    const auto all_are = [&](const std::string &vote, uint64_t value) {
        CHECK(run(begin + vote + end, Words(32), 32, 32) == Words(32, value));
    };
    all_are("vote.sync.ballot.b32 %r1, %p0, -1;\n", 31);
    all_are("vote.sync.ballot.b32 %r1, !%p0, 0xffffffff;\n", 0xffffffe0);
    const std::string tell = "selp.u32 %r1, 1, 0, %p1;\n";
    all_are("vote.sync.any.pred %p1, %p0, -1;\n" + tell, 1);
    all_are("vote.sync.all.pred %p1, %p0, -1;\n" + tell, 0);
    all_are("vote.sync.uni.pred %p1, %p0, -1;\n" + tell, 0);
    all_are("mov.pred %p0, -1;\nvote.sync.uni.pred %p1, %p0, -1;\n" + tell, 1);
}

PASSES_IN(LATE, ptx_atomics)
{
    const auto after = [](const std::string &instruction, uint64_t start) {
        return Code(START + instruction + "\n", "", REGISTERS).run({0}, {start}, 40)[0];
    };
    CHECK(after("red.global.add.u32 [%out], 2;", 0xffffffffffffffff) == 0xffffffff0000004f);
    CHECK(after("atom.global.add.u64 %rd2, [%out], -1;", 5) == static_cast<uint64_t>(5 - 40));
    CHECK(after("atom.relaxed.gpu.global.max.s32 %r1, [%out], %r0;", 0xffffffff) == 39);
    CHECK(after("atom.min.u32 %r1, [%out], %r0;", 7) == 0);
    CHECK(after("red.or.b32 [%out], %r0;", 64) == (64 | 63));
    CHECK(after("red.global.xor.b64 [%out], 3;", 1) == 1);
    CHECK(after("red.global.inc.u32 [%out], 6;", 0) == 40 % 7);
    CHECK(after("red.global.dec.u32 [%out], 6;", 9) == 6 - 39 % 7);
    CHECK(after("add.s32 %r1, %r0, 1;\natom.global.cas.b32 %r2, [%out], 0, %r1;", 0) != 0);
    CHECK(run("ld.global.u32 %r1, [%rd0];\nst.global.u64 [%out], 10;\n"
              "atom.global.cas.b32 %r2, [%out], 11, 12;\natom.global.exch.b32 %r3, [%out], 13;\n"
              "mov.b64 %rd2, {%r2, %r3};\nst.global.u64 [%out+8], %rd2;\n",
              {0}, 2) == Words({13, 10 | uint64_t(10) << 32}));
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* Sums of 1 to n by a loop, n the thread's number; counts of every instruction. */
PASSES_IN(LATE, ptx_branches_and_counts)
{
    const Code code(std::string(START) +
                        "mov.u64 %rd2, 0;\nmov.u32 %r1, 0;\nloop:\nsetp.ge.u32 %p0, %r1, %r0;\n"
                        "@%p0 bra done;\nadd.s32 %r1, %r1, 1;\ncvt.u64.u32 %rd3, %r1;\n"
                        "add.s64 %rd2, %rd2, %rd3;\nbra.uni loop;\ndone:\n"
                        "st.global.u64 [%rd1], %rd2;\n",
                    "", REGISTERS);
    CHECK(code.run({0}, Words(5), 5) == Words({0, 1, 3, 6, 10}));
    const Counts &c = counts_of(code.program());
    /* ld.param, START and two movs are 7; the loop has 10 rounds and 5 ends. */
    CHECK(c.executed[0] == 5 && c.executed[7] == 15 && c.executed[8] == 15 && c.taken[8] == 5);
    CHECK(c.executed[9] == 10 && c.executed.back() == 5);
}

PASSES_IN(LATE, ptx_special_registers)
{
    const std::string text = "mov.u32 %r1, %ctaid.x;\nmov.u32 %r2, %ntid.x;\nmov.u32 %r3, "
                             "%nctaid.x;\nmad.lo.s32 %r4, %r1, %r2, %r0;\n"
                             "mad.wide.u32 %rd1, %r4, 8, %out;\nmov.u32 %r5, %laneid;\n"
                             "mov.u32 %r6, %lanemask_lt;\nshl.b32 %r5, %r5, 8;\n"
                             "or.b32 %r5, %r5, %r3;\nmov.b64 %rd2, {%r5, %r6};\n"
                             "st.global.u64 [%rd1], %rd2;\n";
    const Words out = Code(START + text, "", REGISTERS).run({0}, Words(120), 40, 3);
    for (uint64_t i = 0; i < 120; i++) {
        const uint64_t lane = i % 40 % 32;
        CHECK((out[i] & 0xffffffff) == (lane << 8 | 3) &&
              out[i] >> 32 == (uint64_t(1) << lane) - 1);
    }
}

/* What nobody wrote is recognisable. */
PASSES_IN(LATE, ptx_unwritten)
{
    CHECK(run("st.global.u64 [%out], %rd7;\n", {0}, 1)[0] == 0x7ff4dead7ff4dead);
    CHECK(run(".local .align 8 .b8 depot[16];\nld.local.u64 %rd2, [depot+8];\n"
              "st.global.u64 [%out], %rd2;\n",
              {0}, 1)[0] == 0x7ff4dead7ff4dead);
}

PASSES_IN(LATE, ptx_fusing)
{
    /* (1 + e)^2 - (1 + 2e) is e^2, which a rounding in between loses; in double, e = 2^-30. */
    const double e = std::ldexp(1.0, -30);
    const Words in = {word(1 + e), word(1 + 2 * e)};
    const std::string loads = "ld.global.f64 %fd0, [%in];\nld.global.f64 %fd1, [%in+8];\n";
    const std::string end = "st.global.f64 [%out], %fd3;\n";
    const auto value = [&](const std::string &text) {
        return number<double>(run(loads + text + end, in, 1)[0]);
    };
    const std::string plain = "mul.f64 %fd2, %fd0, %fd0;\nsub.f64 %fd3, %fd2, %fd1;\n";
    const std::string turned = "mul.f64 %fd2, %fd0, %fd0;\nsub.f64 %fd3, %fd1, %fd2;\n";
    const std::string sum = "neg.f64 %fd1, %fd1;\nmul.f64 %fd2, %fd0, %fd0;\n"
                            "add.f64 %fd3, %fd1, %fd2;\n";
    const std::string others[] = {
        "mul.rn.f64 %fd2, %fd0, %fd0;\nsub.f64 %fd3, %fd2, %fd1;\n",
        "mul.f64 %fd2, %fd0, %fd0;\nsub.rn.f64 %fd3, %fd2, %fd1;\n",
        "mul.f64 %fd2, %fd0, %fd0;\nsub.f64 %fd3, %fd2, %fd1;\nst.global.f64 [%out], %fd2;\n",
        "mul.f64 %fd2, %fd0, %fd0;\nmov.f64 %fd0, %fd1;\nsub.f64 %fd3, %fd2, %fd1;\n",
        "mul.f64 %fd2, %fd0, %fd0;\nsetp.eq.u32 %p0, %r0, 9;\n@%p0 bra over;\n"
        "over: sub.f64 %fd3, %fd2, %fd1;\n"};
    set_fusing(false);
    CHECK(value(plain) == 0 && value(turned) == 0 && value(sum) == 0);
    set_fusing(true);
    CHECK(value(plain) == e * e && value(turned) == -e * e && value(sum) == e * e);
    for (const std::string &text : others) CHECK(value(text) == 0);
    set_fusing(false);
}

PASSES_IN(LATE, ptx_refused)
{
    check_refused("frobnicate.b32 %r0, %r1;",
                  "sample.ptx:15: 'frobnicate.b32': unknown instruction");
    check_refused("add.rz.f32 %f0, %f1, %f2;", "unknown word 'rz'");
    check_refused("add.s32.wide %r0, %r1, %r2;", "unknown word 'wide'");
    check_refused("add.cc.s32 %r0, %r1, %r2;", "unknown word 'cc'");
    check_refused("add.b32 %r0, %r1, %r2;", "not with this type");
    check_refused("and.s32 %r0, %r1, %r2;", "not with this type");
    check_refused("add.s32 %r0, %r1, %rd2;", "does not fit");
    check_refused("add.s32 %r0, %r1;", "number of operands");
    check_refused("add.f32 %f0, %f1, 1;", "an integer where");
    check_refused("add.s32 %r0|%p0, %r1, %r2;", "a second result");
    check_refused("and.pred %p0|%p1, %p2, %p3;", "a second result");
    check_refused("setp.eq.u32 %p0, %r0|%p1, %r1;", "a second result");
    check_refused("mov.u32 %r0, tile+4;", "an address and an offset");
    check_refused("selp.b32 %r0, %r1, %r2, !%p0;", "with '!'");
    check_refused("setp.lo.s32 %p0, %r0, %r1;", "not with this type");
    check_refused("setp.ltu.s32 %p0, %r0, %r1;", "not with this type");
    check_refused("cvt.s32.f32 %r0, %f0;", "to an integer by");
    check_refused("cvt.f32.f64 %f0, %fd0;", "another rounding");
    check_refused("cvt.rn.f64.f32 %fd0, %f0;", "another rounding");
    check_refused("cvt.f32.s32 %f0, %r0;", "from an integer by");
    check_refused("cvt.rn.relu.f16.f32 %h0, %f0;", "unknown word 'relu'");
    check_refused("ld.global.v8.u8 %r0, [%rd0];", "unknown word 'v8'");
    check_refused("ld.global.v4.u64 {%rd0, %rd1, %rd2, %rd3}, [%rd0];", "not with this type");
    check_refused("ld.global.u32 %r0, [%r1];", "32 bits in this state space");
    check_refused("ld.global.u64 %r0, [%rd1];", "does not fit");
    check_refused("st.param.u32 [k_out], %r0;", "where nothing is written");
    check_refused("st.const.u32 [%rd0], %r0;", "where nothing is written");
    check_refused("bar.sync 1;", "only barrier 0");
    check_refused("bar.sync 0, 64;", "number of operands");
    check_refused("bar.arrive 0, 64;", "unknown barrier");
    check_refused("shfl.up.b32 %r0, %r1, 1, 0;", "only shfl.sync");
    check_refused("atom.global.add.f32 %f0, [%rd0], %f1;", "not with this type");
    check_refused("mov.u32 %r0, %clock;", "%clock");
    check_refused("mov.u64 %rd0, nothing;", "nothing");
    check_refused("fence.proxy.alias;", "unknown scope");
}
