/* The parser of PTX: each construct that nvcc writes, and what must be refused, with its line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

#include <cstring>

#include "../ptx.h"

using namespace emu::ptx;
using cases::LATE;

namespace
{

using Kind = Operand::Kind;

/* Three lines before the text. */
Module module_of(const std::string &text)
{
    return parse("t.ptx", ".version 9.0\n.target sm_75\n.address_size 64\n" + text);
}

/* The code of a kernel without parameters; its first line is line 5. */
std::string kernel_text(const std::string &code)
{
    return ".visible .entry k() {\n" + code + "}\n";
}

const char *const REGISTERS = ".reg .pred %p<3>; .reg .b32 %r<5>; .reg .b64 %rd<3>; "
                              ".reg .f32 %f<3>; .reg .f64 %fd<3>;\n";

Kernel kernel_of(const std::string &code)
{
    return module_of(kernel_text(REGISTERS + code)).kernels.at("k");
}

/* The one instruction, before a ret. */
Instruction instruction(const std::string &text)
{
    return kernel_of(text + "\nret;\n").code.at(0);
}

bool is_register(const Operand &o, uint32_t index)
{
    return o.kind == Kind::Register && o.index == index;
}

void check_refused(const std::string &text, const char *expected)
{
    std::string message = "(accepted)";
    try {
        module_of(text);
    } catch (const Error &error) {
        message = error.what();
    }
    if (message == expected) return;
    fprintf(stderr, "'%s', expected '%s', for:\n%s\n", message.c_str(), expected, text.c_str());
    exit(1);
}

void check_code_refused(const std::string &code, const char *expected)
{
    check_refused(kernel_text(code), expected);
}

} // namespace

/* ---- modules --------------------------------------------------------------------------------- */

PASSES_IN(LATE, ptx_module)
{
    const Module m = module_of("// a comment\n/* and\nanother */\n"
                               ".extern .shared .align 16 .b8 dynamic[];\n"
                               ".shared .align 8 .f64 four[2][2];\n"
                               ".weak .entry k() { ret; }\n"
                               ".entry _Zk2() .maxntid 8, 4, 2 .minnctapersm 2 { exit; }\n"
                               ".file 1 \"/a/b.cu\"\n.file 2 \"c.cuh\", 12, 34\n"
                               ".section .debug_str\n{\n$L__info: .b8 1,2 { .b8 3 }\n}\n");
    CHECK(m.name == "t.ptx" && m.target == 75);
    CHECK(m.files.at(1) == "/a/b.cu" && m.files.at(2) == "c.cuh");
    CHECK(m.shared.size() == 2 && m.shared[0].external && m.shared[0].alignment == 16);
    CHECK(m.shared[0].bytes == 0 && !m.shared[1].external);
    CHECK(m.shared[1].bytes == 32 && m.shared[1].alignment == 8 && m.shared[1].type == "f64");
    CHECK(m.kernels.size() == 2 && m.kernels.at("k").max_threads == 0);
    CHECK(m.kernels.at("_Zk2").max_threads == 64 && m.kernels.at("_Zk2").name == "_Zk2");
}

PASSES_IN(LATE, ptx_constants)
{
    const Module m = module_of(".const .align 4 .b8 bytes[6] = {1, 0xFF, 3};\n"
                               ".global .align 8 .f64 half = 0d3FE0000000000000;\n"
                               ".const .s16 minus[2] = {-2, 300};\n"
                               ".global .u32 zero;\n");
    CHECK(m.constants.size() == 4);
    CHECK(m.constants[0].initial == std::vector<uint8_t>({1, 255, 3, 0, 0, 0}));
    double half;
    memcpy(&half, m.constants[1].initial.data(), sizeof half);
    CHECK(half == 0.5 && m.constants[1].bytes == 8);
    CHECK(m.constants[2].initial == std::vector<uint8_t>({0xFE, 0xFF, 0x2C, 0x01}));
    CHECK(m.constants[3].initial.empty() && m.constants[3].bytes == 4);
    CHECK(m.constants[3].alignment == 4);
}

PASSES_IN(LATE, ptx_parameters)
{
    const Kernel k = module_of(".entry k(\n.param .align 8 .b8 k_0[12],\n.param .u8 k_1,\n"
                               ".param .u64 .ptr .global .align 1 k_2,\n.param .u16 k_3\n)\n"
                               "{ ret; }\n")
                         .kernels.at("k");
    CHECK(k.parameters.size() == 4 && k.parameter_bytes == 26);
    CHECK(k.parameters[0].offset == 0 && k.parameters[0].bytes == 12);
    CHECK(k.parameters[1].offset == 12 && k.parameters[1].bytes == 1);
    CHECK(k.parameters[2].offset == 16 && k.parameters[2].type == "u64");
    CHECK(k.parameters[2].alignment == 8);
    CHECK(k.parameters[3].offset == 24 && k.parameters[3].name == "k_3");
}

/* ---- kernels --------------------------------------------------------------------------------- */

PASSES_IN(LATE, ptx_variables_of_kernels)
{
    const Kernel k = kernel_of(".shared .align 16 .b8 tile[1024];\n.shared .u32 one;\n"
                               ".local .align 8 .b8 __local_depot0[40];\n"
                               "mov.u32 %r1, tile+16;\nst.local.u32 [__local_depot0+4], %r1;\n"
                               "ret;\n");
    CHECK(k.shared.size() == 2 && k.shared[0].bytes == 1024 && k.shared[1].bytes == 4);
    CHECK(k.local.size() == 1 && k.local[0].bytes == 40 && k.local[0].alignment == 8);
    const Operand &name = k.code[0].operand[1], &address = k.code[1].operand[0];
    CHECK(name.kind == Kind::Name && name.name == "tile" && name.offset == 16);
    CHECK(address.kind == Kind::Address && address.name == "__local_depot0");
    CHECK(address.offset == 4 && address.index == Operand::NO_REGISTER);
}

PASSES_IN(LATE, ptx_registers)
{
    const Kernel k = kernel_of("ret;\n");
    const std::vector<std::string> types = {"pred", "pred", "pred", "b32", "b32", "b32",
                                            "b32",  "b32",  "b64",  "b64", "b64", "f32",
                                            "f32",  "f32",  "f64",  "f64", "f64"};
    CHECK(k.registers == types);
}

/* A name belongs to the innermost scope that has it. */
PASSES_IN(LATE, ptx_scopes)
{
    const Kernel k =
        kernel_of("mov.u32 %r1, 1;\n"
                  "{ .reg .b32 %r1, tmp; mov.b64 {tmp, %r1}, %rd1; mov.u32 %r2, tmp; }\n"
                  "{ .reg .b32 tmp; { mov.u32 tmp, %r1; } }\nret;\n");
    CHECK(k.registers.size() == 20 && k.code.size() == 5);
    CHECK(is_register(k.code[0].operand[0], 4));
    CHECK(is_register(k.code[1].operand[0].parts[0], 18));
    CHECK(is_register(k.code[1].operand[0].parts[1], 17));
    CHECK(is_register(k.code[2].operand[0], 5) && is_register(k.code[2].operand[1], 18));
    CHECK(is_register(k.code[3].operand[0], 19) && is_register(k.code[3].operand[1], 4));
}

PASSES_IN(LATE, ptx_branches)
{
    const Kernel k = kernel_of("$L__BB0_1:\nadd.s32 %r1, %r1, 1;\n@%p1 bra $L__BB0_2;\n"
                               "@!%p2 bra.uni $L__BB0_1;\n"
                               "{ bra inner; $L__BB0_2: inner: bra $L__BB0_2; }\n"
                               ".pragma \"nounroll\";\n$L__BB0_2:\nret;\n");
    CHECK(k.code.size() == 6 && k.code[0].guard == Operand::NO_REGISTER);
    CHECK(k.code[1].guard == 1 && !k.code[1].guard_negated && k.code[1].target == 5);
    CHECK(k.code[2].guard == 2 && k.code[2].guard_negated && k.code[2].target == 0);
    CHECK(k.code[3].target == 4 && k.code[4].target == 4);
    CHECK(k.code[1].operand.size() == 1 && k.code[1].operand[0].kind == Kind::Name);
    CHECK(k.code[0].line == 7 && k.code[5].line == 13);
}

PASSES_IN(LATE, ptx_locations)
{
    const Kernel k = kernel_of("ret;\n.loc 1 33 5\nret;\n"
                               ".loc 2 36 9, function_name $L__info+3, inlined_at 1 56 17\nret;\n"
                               "ret;\n.loc 1 40 1\nret;\n");
    const auto place = [&k](size_t i, int file, int line, int inline_file, int inline_line) {
        const Instruction &c = k.code.at(i);
        return c.file == file && c.source_line == line && c.inline_file == inline_file &&
               c.inline_line == inline_line;
    };
    CHECK(place(0, 0, 0, 0, 0) && place(1, 1, 33, 0, 0) && place(2, 2, 36, 1, 56));
    CHECK(place(3, 2, 36, 1, 56) && place(4, 1, 40, 0, 0));
}

/* ---- operands -------------------------------------------------------------------------------- */

PASSES_IN(LATE, ptx_words)
{
    const Instruction i = instruction("setp.lt.and.s64 %p1, %rd1, %rd2, !%p2;");
    CHECK(i.word == std::vector<std::string>({"setp", "lt", "and", "s64"}));
    CHECK(i.operand.size() == 4 && is_register(i.operand[0], 1) && is_register(i.operand[1], 9));
    CHECK(is_register(i.operand[3], 2) && i.operand[3].negated && !i.operand[0].negated);
    CHECK(instruction("membar.gl;").operand.empty());
    CHECK(instruction("ld.shared::cta.u32 %r1, [%r2];").word[1] == "shared::cta");
}

PASSES_IN(LATE, ptx_numbers)
{
    const auto bits = [](const char *number) {
        const Operand o = instruction(std::string("mov.b64 %rd1, ") + number + ";").operand[1];
        CHECK(o.kind == Kind::Immediate && o.real == (number[1] == 'f' || number[1] == 'd'));
        return o.bits;
    };
    CHECK(bits("0") == 0 && bits("42") == 42 && bits("-1") == ~uint64_t(0));
    CHECK(bits("0xFFffFFffFFffFFff") == ~uint64_t(0) && bits("-0x10") == uint64_t(-16));
    CHECK(bits("18446744073709551615") == ~uint64_t(0));
    CHECK(bits("-9223372036854775808") == uint64_t(1) << 63);
    CHECK(bits("0f3F800000") == 0x3F800000 && bits("0dBFF0000000000000") == 0xBFF0000000000000);
}

PASSES_IN(LATE, ptx_addresses)
{
    const auto address = [](const char *text) {
        const Operand o = instruction(std::string("ld.u32 %r1, ") + text + ";").operand[1];
        CHECK(o.kind == Kind::Address);
        return o;
    };
    CHECK(address("[%rd1]").index == 9 && address("[%rd1]").offset == 0);
    CHECK(address("[%rd2+8]").index == 10 && address("[%rd2+8]").offset == 8);
    CHECK(address("[%rd2+-8]").offset == -8 && address("[%rd2-12]").offset == -12);
    CHECK(address("[24]").index == Operand::NO_REGISTER && address("[24]").offset == 24);
    CHECK(address("[24]").name.empty());
}

PASSES_IN(LATE, ptx_other_operands)
{
    const Instruction v = instruction("mov.b32 %r1, {0, _};");
    CHECK(v.operand[1].kind == Kind::Vector && v.operand[1].parts.size() == 2);
    CHECK(v.operand[1].parts[0].kind == Kind::Immediate);
    CHECK(v.operand[1].parts[1].kind == Kind::Nothing);
    const Instruction s = instruction("shfl.sync.bfly.b32 %r1|%p1, %r2, 16, 31, -1;");
    CHECK(s.operand.size() == 5 && is_register(s.operand[0], 4));
    CHECK(s.operand[0].second.size() == 1 && is_register(s.operand[0].second[0], 1));
    CHECK(s.operand[1].second.empty());
    const Instruction t = instruction("mov.u32 %r1, %tid.x;");
    CHECK(t.operand[1].kind == Kind::Special && t.operand[1].name == "tid.x");
    CHECK(instruction("mov.u32 %r1, %laneid;").operand[1].name == "laneid");
}

/* ---- refusals -------------------------------------------------------------------------------- */

PASSES_IN(LATE, ptx_refuses_directives)
{
    check_refused("\n.foo 3\n", "t.ptx:5: unknown directive '.foo'");
    check_refused(".visible .func f() { ret; }",
                  "t.ptx:4: functions are not supported: kernels must not call any");
    check_refused(".entry k() .reqntid 8 { ret; }", "t.ptx:4: unknown directive '.reqntid'");
    check_refused("ret;", "t.ptx:4: unknown directive 'ret'");
    check_refused(";", "t.ptx:4: ';' where a directive should be");
    check_refused(".extern .global .b8 x[4];", "t.ptx:4: unknown directive '.global'");
    check_refused(".address_size 32", "t.ptx:4: only addresses of 64 bits are supported");
    check_refused(".target sm_75x", "t.ptx:4: unknown target 'sm_75x'");
    check_code_refused("\n.branchtargets a, b;\n", "t.ptx:6: unknown directive '.branchtargets'");
    check_code_refused(".pragma \"used\";\n", "t.ptx:5: unknown pragma");
    check_code_refused(".reg .b128 %q<2>;\n", "t.ptx:5: no registers are of type '.b128'");
}

PASSES_IN(LATE, ptx_refuses_variables)
{
    check_refused(".global .b7 x;", "t.ptx:4: '.b7' where a type should be");
    check_refused(".global .align 3 .b8 x;", "t.ptx:4: an alignment is a power of two");
    check_refused(".global .u64 x = y;",
                  "t.ptx:4: an address as initial value of 'x' is not supported");
    check_refused(".global .b8 x[2] = {1,\n2, 3};",
                  "t.ptx:4: 'x' has more initial values than elements");
    check_refused(".global .f32 x = 1;", "t.ptx:4: an initial value of 'x' is not of its type");
    check_refused(".global .b8 x;\n.shared .b8 x;", "t.ptx:5: a second variable 'x'");
    check_refused(".shared .b8 x = 1;", "t.ptx:4: shared memory cannot have initial values");
    check_refused(".shared .b8 x[];",
                  "t.ptx:4: dynamic shared memory is '.extern .shared' and has no size");
    check_code_refused(".shared .b8 x;\n.local .b8 x;\n", "t.ptx:6: a second variable 'x'");
}

PASSES_IN(LATE, ptx_refuses_names)
{
    check_code_refused(".reg .b32 %r<2>;\nmov.u32 %r1, %r2;\n",
                       "t.ptx:6: no register or variable '%r2'");
    check_code_refused(".reg .b32 %r<2>;\n{ .reg .b32 a; }\nmov.u32 %r1, a;\n",
                       "t.ptx:7: no register or variable 'a'");
    check_code_refused(".reg .b32 %r<2>;\nmov.u32 %r1, %tid.w;\n",
                       "t.ptx:6: no register or variable '%tid.w'");
    check_code_refused(".reg .b32 %r<2>;\n.reg .b32 %r1;\n", "t.ptx:6: a second register '%r1'");
    check_code_refused(".reg .b32 %r<2>;\n@%r1 ret;\n", "t.ptx:6: no predicate '%r1'");
    check_code_refused("a:\nret;\na:\nret;\n", "t.ptx:7: a second label 'a'");
    check_code_refused("a:\nbra b;\nret;\n", "t.ptx:6: no label 'b'");
    check_code_refused("{ a: ret; }\nbra a;\n", "t.ptx:6: no label 'a'");
    check_code_refused("bra a;\na:\n", "t.ptx:5: no instruction follows the label 'a'");
    check_refused(".entry k() { ret; }\n.entry k() { ret; }", "t.ptx:5: a second kernel 'k'");
}

PASSES_IN(LATE, ptx_refuses_operands)
{
    const std::string r = ".reg .b32 %r<3>;\n";
    const auto refused = [&r](const char *code, const char *expected) {
        check_code_refused(r + code, expected);
    };
    refused("mov.u32 %r1, (%r2);\n", "t.ptx:6: '(' where an operand should be");
    refused("mov.u32 %r1, \"a\";\n", "t.ptx:6: 'a' where an operand should be");
    refused("mov.u32 %r1 %r2;\n", "t.ptx:6: '%r2' where ';' should be");
    refused("mov.u32 %r1,\n;\n", "t.ptx:7: ';' where an operand should be");
    refused("mov.u32 %r1, 1.5;\n", "t.ptx:6: unknown number '1.5'");
    refused("mov.u32 %r1, 017;\n", "t.ptx:6: unknown number '017'");
    refused("mov.u32 %r1, 0f12;\n", "t.ptx:6: unknown number '0f12'");
    refused("mov.u32 %r1, 18446744073709551616;\n",
            "t.ptx:6: unknown number '18446744073709551616'");
    refused("mov.f32 %r1, -0f3F800000;\n", "t.ptx:6: a sign before the bits of a real number");
    refused("ld.u32 %r1, [%tid.x];\n", "t.ptx:6: an address is a register or a variable");
    refused("ld.u32 %r1, [%r2*4];\n", "t.ptx:6: '*' where ']' should be");
    refused("mov.u32 %r1|5, %r2;\n", "t.ptx:6: ',' where a pair of registers should be");
    refused("MOV %r1, %r2;\n", "t.ptx:6: unknown instruction 'MOV'");
    refused("mov..u32 %r1, %r2;\n", "t.ptx:6: unknown instruction 'mov..u32'");
}

/* Nobody may run past the end of the code. */
PASSES_IN(LATE, ptx_refuses_ends)
{
    const char *const message = "t.ptx:6: the kernel's last instruction does not end it";
    check_code_refused(".reg .pred p;\n", message);
    check_code_refused(".reg .pred p; @p ret;\n", message);
    check_code_refused("membar.gl;\n", message);
}

PASSES_IN(LATE, ptx_refuses_truncated)
{
    const std::string whole = ".entry k(\n.param .u64 k_0\n)\n{\n.reg .b32 %r<2>;\n"
                              "ld.param.u32 %r1, [k_0+4];\nret;\n}";
    module_of(whole);
    /* At each place where a word or sign ends; an empty module is one too. */
    for (size_t end = 1; end < whole.size(); end++) {
        bool refused = false;
        try {
            module_of(whole.substr(0, end));
        } catch (const Error &) {
            refused = true;
        }
        CHECK(refused);
    }
    check_refused(".entry k() {\nret", "t.ptx:5: the end of the text where an operand should be");
    check_refused(".section .debug_str {\n.b8 1",
                  "t.ptx:5: the end of the text where '}' should be");
    check_refused("/* a\nb", "t.ptx:4: a comment without end");
    check_refused("\n.file 1 \"a\n\"", "t.ptx:5: a string without end");
    bool refused = false;
    try {
        parse("empty.ptx", "\n");
    } catch (const Error &error) {
        refused =
            strcmp(error.what(), "empty.ptx:2: the end of the text where '.target' should be") == 0;
    }
    CHECK(refused);
}

/* ---- titles ---------------------------------------------------------------------------------- */

PASSES_IN(LATE, ptx_titles)
{
    CHECK(kernel_title("_ZN37_GLOBAL__N__14e09c89_5_lu_cu_281af6518lu_panelIfLb0ELi256EEEv"
                       "14lu_panel_shapePT_PiS4_") == "lu_panel<float, false, 256>");
    CHECK(
        kernel_title("_ZN44_GLOBAL__N__bcf7a7b9_11_pointers_cu_a78cf4f413fill_pointersEPcllPPv") ==
        "fill_pointers");
    CHECK(kernel_title("_ZN1a1b1kINS_1cIiEEEEvT_") == "k<a::c<int>>");
    CHECK(kernel_title("plain") == "plain");
}
