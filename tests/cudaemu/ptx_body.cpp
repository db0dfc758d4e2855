/* The code of a kernel: registers and labels in nested scopes, source locations, instructions and
 * their operands (NVIDIA, PTX ISA 9.0, "Instruction Operands" and "Directives"). Whether there is
 * such an instruction is for ptx_code.cpp to say.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ptx_parse.h"

#include <cctype>
#include <set>

namespace emu
{
namespace ptx
{

namespace
{

bool is_special(std::string_view name)
{
    static const std::set<std::string_view> known = {
        "tid.x",   "tid.y",       "tid.z",       "ntid.x",      "ntid.y",      "ntid.z",
        "ctaid.x", "ctaid.y",     "ctaid.z",     "nctaid.x",    "nctaid.y",    "nctaid.z",
        "laneid",  "lanemask_eq", "lanemask_lt", "lanemask_le", "lanemask_gt", "lanemask_ge"};
    return known.count(name) > 0;
}

bool is_register_type(std::string_view type)
{
    static const std::set<std::string_view> known = {".pred", ".b16", ".u16", ".s16", ".f16",
                                                     ".b32",  ".u32", ".s32", ".f32", ".b64",
                                                     ".u64",  ".s64", ".f64"};
    return known.count(type) > 0;
}

Operand operand(Operand::Kind kind)
{
    Operand o;
    o.kind = kind;
    return o;
}

class Body
{
  public:
    Body(Text &text, const Module &module, Kernel &kernel) : text_(text), kernel_(kernel)
    {
        for (const auto *list : {&module.shared, &module.constants})
            for (const Variable &v : *list) variables_.insert(v.name);
        for (const Variable &v : kernel.parameters) variables_.insert(v.name);
        scopes_.push_back({NO_SCOPE, {}, {}});
    }

    void read();

  private:
    static constexpr size_t NO_SCOPE = ~size_t(0);
    template <typename T> using Names = std::map<std::string, T, std::less<>>;
    struct Scope {
        size_t parent;
        Names<uint32_t> registers;
        Names<size_t> labels;
    };
    struct Branch {
        size_t instruction, scope;
        std::string label;
    };

    void read_statement();
    void read_directive(const Token &word);
    void read_registers();
    void read_location();
    void read_variable_into(std::vector<Variable> &to);
    void add_register(const std::string &type, const std::string &name, int line);
    void add_label(const Token &word);
    void read_guard(Instruction &i);
    void read_instruction(const Token &word, Instruction i);
    void split_word(const Token &word, Instruction &i) const;
    Operand read_operand();
    Operand read_plain();
    Operand read_number();
    Operand read_name();
    Operand read_address();
    int64_t read_offset();
    uint32_t find_register(std::string_view name) const;
    void resolve_branches();
    void check_end(int line) const;

    Text &text_;
    Kernel &kernel_;
    std::set<std::string, std::less<>> variables_;
    std::vector<Scope> scopes_;
    size_t scope_ = 0; /* the innermost one */
    std::vector<Branch> branches_;
    int file_ = 0, line_ = 0, inline_file_ = 0, inline_line_ = 0;
};

/* ---- scopes ---------------------------------------------------------------------------------- */

void Body::read()
{
    for (;;) {
        const int line = text_.now().line;
        if (text_.skip("{")) {
            scopes_.push_back({scope_, {}, {}});
            scope_ = scopes_.size() - 1;
        } else if (text_.skip("}")) {
            scope_ = scopes_[scope_].parent;
            if (scope_ != NO_SCOPE) continue;
            resolve_branches();
            check_end(line);
            return;
        } else {
            read_statement();
        }
    }
}

uint32_t Body::find_register(std::string_view name) const
{
    for (size_t s = scope_; s != NO_SCOPE; s = scopes_[s].parent) {
        const auto found = scopes_[s].registers.find(name);
        if (found != scopes_[s].registers.end()) return found->second;
    }
    return Operand::NO_REGISTER;
}

void Body::add_register(const std::string &type, const std::string &name, int line)
{
    const auto index = uint32_t(kernel_.registers.size());
    if (!scopes_[scope_].registers.emplace(name, index).second)
        text_.fail(line, "a second register '" + name + "'");
    kernel_.registers.push_back(type);
}

void Body::add_label(const Token &word)
{
    const std::string name(word.text);
    if (!scopes_[scope_].labels.emplace(name, kernel_.code.size()).second)
        text_.fail(word.line, "a second label '" + name + "'");
}

void Body::resolve_branches()
{
    for (const Branch &b : branches_) {
        Instruction &i = kernel_.code[b.instruction];
        size_t s = b.scope;
        while (s != NO_SCOPE && scopes_[s].labels.count(b.label) == 0) s = scopes_[s].parent;
        if (s == NO_SCOPE) text_.fail(i.line, "no label '" + b.label + "'");
        i.target = scopes_[s].labels.at(b.label);
        if (i.target == kernel_.code.size())
            text_.fail(i.line, "no instruction follows the label '" + b.label + "'");
    }
}

/* So that a thread that runs cannot leave the code at its end. */
void Body::check_end(int line) const
{
    static const std::set<std::string_view> last = {"ret", "exit", "trap", "bra"};
    const std::vector<Instruction> &code = kernel_.code;
    if (code.empty() || code.back().guard != Operand::NO_REGISTER ||
        last.count(code.back().word[0]) == 0)
        text_.fail(line, "the kernel's last instruction does not end it");
}

/* ---- statements ------------------------------------------------------------------------------ */

void Body::read_statement()
{
    Instruction i{};
    i.guard = Operand::NO_REGISTER;
    if (text_.skip("@")) {
        read_guard(i);
        return read_instruction(text_.expect_word("an instruction"), std::move(i));
    }
    const Token word = text_.expect_word("an instruction");
    if (word.text[0] == '.')
        read_directive(word);
    else if (text_.skip(":"))
        add_label(word);
    else
        read_instruction(word, std::move(i));
}

void Body::read_directive(const Token &word)
{
    if (word.text == ".loc") return read_location();
    if (word.text == ".reg") {
        read_registers();
    } else if (word.text == ".shared") {
        read_variable_into(kernel_.shared);
    } else if (word.text == ".local") {
        read_variable_into(kernel_.local);
    } else if (word.text == ".pragma") {
        if (text_.expect_string("a pragma") != "nounroll") text_.fail(word.line, "unknown pragma");
    } else {
        text_.fail(word.line, "unknown directive '" + std::string(word.text) + "'");
    }
    text_.expect(";");
}

/* .reg .b32 %r<84>, %temp; */
void Body::read_registers()
{
    const Token type = text_.expect_word("a type");
    if (!is_register_type(type.text))
        text_.fail(type.line, "no registers are of type '" + std::string(type.text) + "'");
    const std::string kind(type.text.substr(1));
    do {
        const Token name = text_.expect_word("a register");
        const std::string prefix(name.text);
        if (text_.skip("<")) {
            const uint64_t count = text_.expect_integer("a number of registers");
            for (uint64_t r = 0; r < count; r++)
                add_register(kind, prefix + std::to_string(r), name.line);
            text_.expect(">");
        } else {
            add_register(kind, prefix, name.line);
        }
    } while (text_.skip(","));
}

void Body::read_variable_into(std::vector<Variable> &to)
{
    const int line = text_.now().line;
    Variable v = read_variable(text_);
    if (v.bytes == 0 || !v.initial.empty())
        text_.fail(line, "'" + v.name + "' has no size, or initial values");
    if (!variables_.insert(v.name).second) text_.fail(line, "a second variable '" + v.name + "'");
    to.push_back(std::move(v));
}

/* .loc 1 33 5, function_name $L__info_string0, inlined_at 1 56 17 */
void Body::read_location()
{
    const auto integer = [this](const char *what) { return int(text_.expect_integer(what)); };
    file_ = integer("a file's number");
    line_ = integer("a line");
    integer("a column");
    inline_file_ = inline_line_ = 0;
    if (!text_.skip(",")) return;
    text_.expect("function_name");
    text_.expect_word("a label");
    if (text_.skip("+")) integer("an offset");
    text_.expect(",");
    text_.expect("inlined_at");
    inline_file_ = integer("a file's number");
    inline_line_ = integer("a line");
    integer("a column");
}

/* ---- instructions ---------------------------------------------------------------------------- */

void Body::read_guard(Instruction &i)
{
    i.guard_negated = text_.skip("!");
    const Token name = text_.expect_word("a predicate");
    i.guard = find_register(name.text);
    if (i.guard == Operand::NO_REGISTER || kernel_.registers[i.guard] != "pred")
        text_.fail(name.line, "no predicate '" + std::string(name.text) + "'");
}

void Body::split_word(const Token &word, Instruction &i) const
{
    if (!std::islower(static_cast<unsigned char>(word.text[0])))
        text_.fail(word.line, "unknown instruction '" + std::string(word.text) + "'");
    for (size_t begin = 0; begin <= word.text.size();) {
        const size_t end = std::min(word.text.find('.', begin), word.text.size());
        if (begin == end)
            text_.fail(word.line, "unknown instruction '" + std::string(word.text) + "'");
        i.word.emplace_back(word.text.substr(begin, end - begin));
        begin = end + 1;
    }
}

void Body::read_instruction(const Token &word, Instruction i)
{
    split_word(word, i);
    i.line = word.line;
    i.file = file_, i.source_line = line_;
    i.inline_file = inline_file_, i.inline_line = inline_line_;
    if (i.word[0] == "bra") {
        const Token label = text_.expect_word("a label");
        branches_.push_back({kernel_.code.size(), scope_, std::string(label.text)});
        Operand o = operand(Operand::Kind::Name);
        o.name = label.text;
        i.operand.push_back(std::move(o));
    } else if (!text_.at(";")) {
        do i.operand.push_back(read_operand());
        while (text_.skip(","));
    }
    text_.expect(";");
    kernel_.code.push_back(std::move(i));
}

/* ---- operands -------------------------------------------------------------------------------- */

Operand Body::read_operand()
{
    Operand o = read_plain();
    if (!text_.skip("|")) return o;
    o.second.push_back(read_plain());
    for (const Operand *half : {&o, &o.second[0]})
        if (half->kind != Operand::Kind::Register && half->kind != Operand::Kind::Nothing)
            text_.unexpected("a pair of registers");
    return o;
}

Operand Body::read_plain()
{
    if (text_.skip("{")) {
        Operand o = operand(Operand::Kind::Vector);
        do o.parts.push_back(read_plain());
        while (text_.skip(","));
        text_.expect("}");
        return o;
    }
    if (text_.skip("[")) return read_address();
    if (text_.skip("!")) {
        Operand o = read_name();
        if (o.kind != Operand::Kind::Register) text_.unexpected("a predicate");
        o.negated = true;
        return o;
    }
    if (text_.at("-") || text_.now().kind == Token::Kind::Number) return read_number();
    return read_name();
}

Operand Body::read_number()
{
    Operand o = operand(Operand::Kind::Immediate);
    const bool negative = text_.skip("-");
    if (text_.now().kind != Token::Kind::Number) text_.unexpected("a number");
    const Token token = text_.take();
    o.bits = text_.number(token, &o.real);
    if (negative && o.real) text_.fail(token.line, "a sign before the bits of a real number");
    if (negative) o.bits = 0 - o.bits;
    return o;
}

/* A register, a special register, a variable, or _. */
Operand Body::read_name()
{
    const Token token = text_.expect_word("an operand");
    if (token.text == "_") return operand(Operand::Kind::Nothing);
    Operand o = operand(Operand::Kind::Register);
    o.index = find_register(token.text);
    if (o.index != Operand::NO_REGISTER) return o;
    if (token.text[0] == '%' && is_special(token.text.substr(1))) {
        o.kind = Operand::Kind::Special;
        o.name = token.text.substr(1);
        return o;
    }
    if (variables_.count(token.text) == 0)
        text_.fail(token.line, "no register or variable '" + std::string(token.text) + "'");
    o.kind = Operand::Kind::Name;
    o.name = token.text;
    o.offset = read_offset();
    return o;
}

Operand Body::read_address()
{
    Operand o = operand(Operand::Kind::Address);
    if (text_.now().kind == Token::Kind::Number) {
        o.offset = int64_t(text_.expect_integer("an address"));
    } else {
        const int line = text_.now().line;
        const Operand base = read_name();
        if (base.kind != Operand::Kind::Register && base.kind != Operand::Kind::Name)
            text_.fail(line, "an address is a register or a variable");
        o.index = base.index;
        o.name = base.name;
        o.offset = base.kind == Operand::Kind::Name ? base.offset : read_offset();
    }
    text_.expect("]");
    return o;
}

/* "+8", "+-8", "-8" or nothing. */
int64_t Body::read_offset()
{
    const bool plus = text_.skip("+"), minus = text_.skip("-");
    if (!plus && !minus) return 0;
    const auto offset = int64_t(text_.expect_integer("an offset"));
    return minus ? -offset : offset;
}

} // namespace

void read_body(Text &text, const Module &module, Kernel &kernel)
{
    Body(text, module, kernel).read();
}

} // namespace ptx
} // namespace emu
