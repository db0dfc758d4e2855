/* Modules of PTX text: variables, and kernels up to their code (NVIDIA, PTX ISA 9.0, "State Spaces,
 * Types, and Variables" and "Directives"). Only what nvcc writes for kernels without calls.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "ptx_parse.h"

#include <cctype>

namespace emu
{
namespace ptx
{

namespace
{

/* Bytes of "b8", "u16", "f64", ..., or 0. */
size_t type_bytes(std::string_view type)
{
    static const char *const letters[] = {"b8",  "u8",  "s8",  "b16", "u16", "s16", "f16", "b32",
                                          "u32", "s32", "f32", "b64", "u64", "s64", "f64"};
    for (const char *known : letters)
        if (type == known) return size_t(atoi(known + 1)) / 8;
    return 0;
}

bool skip_type(Text &text, std::string *type)
{
    if (text.now().kind != Token::Kind::Word || text.now().text[0] != '.') return false;
    const std::string_view word = text.now().text.substr(1);
    if (type_bytes(word) == 0) return false;
    *type = word;
    text.take();
    return true;
}

size_t read_alignment(Text &text)
{
    const int line = text.now().line;
    const uint64_t alignment = text.expect_integer("an alignment");
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        text.fail(line, "an alignment is a power of two");
    return size_t(alignment);
}

/* ---- initial values -------------------------------------------------------------------------- */

void read_value(Text &text, const Variable &v, std::vector<uint8_t> &bytes)
{
    const size_t size = type_bytes(v.type);
    const int line = text.now().line;
    const bool negative = text.skip("-");
    if (text.now().kind == Token::Kind::Word)
        text.fail(line, "an address as initial value of '" + v.name + "' is not supported");
    if (text.now().kind != Token::Kind::Number) text.unexpected("an initial value");
    bool real;
    uint64_t value = text.number(text.now(), &real);
    text.take();
    if (real != (v.type[0] == 'f') || (real && negative))
        text.fail(line, "an initial value of '" + v.name + "' is not of its type");
    if (negative) value = 0 - value;
    for (size_t i = 0; i < size; i++) bytes.push_back(uint8_t(value >> (8 * i)));
}

void read_initial(Text &text, Variable &v)
{
    const int line = text.now().line;
    if (text.skip("{")) {
        do read_value(text, v, v.initial);
        while (text.skip(","));
        text.expect("}");
    } else {
        read_value(text, v, v.initial);
    }
    if (v.initial.size() > v.bytes)
        text.fail(line, "'" + v.name + "' has more initial values than elements");
    v.initial.resize(v.bytes);
}

/* ---- modules --------------------------------------------------------------------------------- */

class Reader
{
  public:
    Reader(const std::string &name, const std::string &words) : text_(name, words)
    {
        module_.name = name;
        module_.target = 0;
    }

    Module read()
    {
        while (text_.now().kind != Token::Kind::End) read_directive();
        if (module_.target == 0) text_.unexpected("'.target'");
        return std::move(module_);
    }

  private:
    void read_directive();
    void read_target();
    void read_file();
    void read_declaration(const Token &first);
    void read_kernel();
    void read_parameters(Kernel &kernel);
    void read_limits(Kernel &kernel);
    void add_variable(std::vector<Variable> &to, Variable v, int line);

    Text text_;
    Module module_;
};

void Reader::read_directive()
{
    const Token word = text_.expect_word("a directive");
    if (word.text == ".version") {
        if (text_.now().kind != Token::Kind::Number) text_.unexpected("a version");
        text_.take();
    } else if (word.text == ".target") {
        read_target();
    } else if (word.text == ".address_size") {
        if (text_.expect_integer("a size of addresses") != 64)
            text_.fail(word.line, "only addresses of 64 bits are supported");
    } else if (word.text == ".file") {
        read_file();
    } else if (word.text == ".section") { /* for debuggers */
        text_.expect_word("a section's name");
        text_.expect("{");
        text_.skip_block();
    } else {
        read_declaration(word);
    }
}

void Reader::read_target()
{
    const Token word = text_.expect_word("a target");
    if (word.text.substr(0, 3) != "sm_") text_.fail(word.line, "unknown target");
    const std::string digits(word.text.substr(3));
    if (digits.empty() || digits.size() > 4 ||
        digits.find_first_not_of("0123456789") != digits.npos)
        text_.fail(word.line, "unknown target '" + std::string(word.text) + "'");
    module_.target = std::stoi(digits);
}

void Reader::read_file()
{
    const int index = int(text_.expect_integer("a file's number"));
    module_.files[index] = text_.expect_string("a file's name");
    if (!text_.skip(",")) return;
    text_.expect_integer("a time");
    text_.expect(",");
    text_.expect_integer("a size");
}

void Reader::read_declaration(const Token &first)
{
    Token word = first;
    const bool external = word.text == ".extern";
    if (external || word.text == ".visible" || word.text == ".weak")
        word = text_.expect_word("a variable or kernel");
    if (word.text == ".entry" && !external) return read_kernel();
    const bool shared = word.text == ".shared";
    if (word.text == ".func")
        text_.fail(word.line, "functions are not supported: kernels must not call any");
    if (!shared && (external || (word.text != ".const" && word.text != ".global")))
        text_.fail(word.line, "unknown directive '" + std::string(word.text) + "'");

    Variable v = read_variable(text_);
    v.external = external;
    if (external != (v.bytes == 0))
        text_.fail(word.line, "dynamic shared memory is '.extern .shared' and has no size");
    if (shared && !v.initial.empty())
        text_.fail(word.line, "shared memory cannot have initial values");
    text_.expect(";");
    add_variable(shared ? module_.shared : module_.constants, std::move(v), word.line);
}

void Reader::add_variable(std::vector<Variable> &to, Variable v, int line)
{
    for (const auto *list : {&module_.shared, &module_.constants})
        for (const Variable &other : *list)
            if (other.name == v.name) text_.fail(line, "a second variable '" + v.name + "'");
    to.push_back(std::move(v));
}

void Reader::read_kernel()
{
    Kernel kernel{};
    const Token name = text_.expect_word("a kernel's name");
    kernel.name = name.text;
    if (text_.skip("(") && !text_.skip(")")) read_parameters(kernel);
    read_limits(kernel);
    text_.expect("{");
    read_body(text_, module_, kernel);
    if (!module_.kernels.emplace(kernel.name, std::move(kernel)).second)
        text_.fail(name.line, "a second kernel '" + std::string(name.text) + "'");
}

/* They are laid out as the members of a struct. */
void Reader::read_parameters(Kernel &kernel)
{
    size_t end = 0;
    do {
        text_.expect(".param");
        Variable v = read_variable(text_);
        v.offset = (end + v.alignment - 1) / v.alignment * v.alignment;
        end = v.offset + v.bytes;
        kernel.parameters.push_back(std::move(v));
    } while (text_.skip(","));
    text_.expect(")");
    kernel.parameter_bytes = end;
}

void Reader::read_limits(Kernel &kernel)
{
    while (!text_.at("{")) {
        const Token word = text_.expect_word("'{'");
        if (word.text == ".maxntid") {
            uint64_t threads = 1;
            do threads *= text_.expect_integer("a number of threads");
            while (text_.skip(","));
            kernel.max_threads = unsigned(threads);
        } else if (word.text == ".minnctapersm") { /* a wish to ptxas */
            text_.expect_integer("a number of blocks");
        } else {
            text_.fail(word.line, "unknown directive '" + std::string(word.text) + "'");
        }
    }
}

} // namespace

Variable read_variable(Text &text)
{
    Variable v{};
    if (text.skip(".align")) v.alignment = read_alignment(text);
    if (!skip_type(text, &v.type)) text.unexpected("a type");
    const size_t size = type_bytes(v.type);
    if (v.alignment == 0) v.alignment = size;
    if (text.skip(".ptr")) { /* of a pointer as parameter: of what it points to nothing is used */
        for (const char *space : {".const", ".global", ".local", ".shared"})
            if (text.skip(space)) break;
        if (text.skip(".align")) read_alignment(text);
    }
    v.name = text.expect_word("a name").text;
    v.bytes = size;
    while (text.skip("[")) {
        v.bytes *= text.at("]") ? 0 : size_t(text.expect_integer("a size"));
        text.expect("]");
    }
    if (text.skip("=")) read_initial(text, v);
    return v;
}

Module parse(const std::string &name, const std::string &text)
{
    return Reader(name, text).read();
}

} // namespace ptx
} // namespace emu
