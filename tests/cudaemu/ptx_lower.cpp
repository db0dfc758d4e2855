/* PTX: an instruction's words and operands, for the files that know the instructions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <algorithm>

#include "engine.h"
#include "ptx_code.h"

namespace emu
{
namespace ptx
{

namespace
{

const struct {
    const char *word;
    Type type;
    size_t bytes;
} types[] = {{"pred", Type::Pred, 0},   {"b8", Type::B8, 1},         {"b16", Type::B16, 2},
             {"b32", Type::B32, 4},     {"b64", Type::B64, 8},       {"u8", Type::U8, 1},
             {"u16", Type::U16, 2},     {"u32", Type::U32, 4},       {"u64", Type::U64, 8},
             {"s8", Type::S8, 1},       {"s16", Type::S16, 2},       {"s32", Type::S32, 4},
             {"s64", Type::S64, 8},     {"f16", Type::F16, 2},       {"bf16", Type::BF16, 2},
             {"f16x2", Type::F16x2, 4}, {"bf16x2", Type::BF16x2, 4}, {"f32", Type::F32, 4},
             {"f64", Type::F64, 8}};

const struct {
    const char *name;
    Special which;
} special_names[] = {{"tid.x", Special::ThreadX},
                     {"tid.y", Special::ThreadY},
                     {"tid.z", Special::ThreadZ},
                     {"ctaid.x", Special::BlockX},
                     {"ctaid.y", Special::BlockY},
                     {"ctaid.z", Special::BlockZ},
                     {"ntid.x", Special::ThreadsX},
                     {"ntid.y", Special::ThreadsY},
                     {"ntid.z", Special::ThreadsZ},
                     {"nctaid.x", Special::BlocksX},
                     {"nctaid.y", Special::BlocksY},
                     {"nctaid.z", Special::BlocksZ},
                     {"laneid", Special::Lane},
                     {"lanemask_eq", Special::LaneMaskEqual},
                     {"lanemask_lt", Special::LaneMaskLess},
                     {"lanemask_le", Special::LaneMaskLessEqual},
                     {"lanemask_gt", Special::LaneMaskGreater},
                     {"lanemask_ge", Special::LaneMaskGreaterEqual}};

size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

const Variable *variable_named(const std::vector<Variable> &among, const std::string &name)
{
    for (const Variable &v : among)
        if (v.name == name) return &v;
    return nullptr;
}

} // namespace

size_t size_of(Type t)
{
    return types[static_cast<size_t>(t)].bytes;
}

bool is_real(Type t)
{
    return t >= Type::F16;
}

bool type_named(const std::string &word, Type *t)
{
    for (const auto &known : types)
        if (word == known.word) {
            *t = known.type;
            return true;
        }
    return false;
}

Lowering::Lowering(Program &program, const Module &module, const Kernel &kernel)
    : program_(program), module_(module), kernel_(kernel)
{
    program_.image.assign(kernel.registers.size(), simt::UNWRITTEN);
    scrap_ = new_slot(0);
    place_locals();
}

void Lowering::place_locals()
{
    size_t end = 0;
    for (const Variable &v : kernel_.local) {
        end = round_up(end, std::max<size_t>(v.alignment, 1));
        locals_[v.name] = end;
        end += v.bytes;
    }
    program_.local_bytes = round_up(end, 8);
}

void Lowering::begin(const Instruction &in)
{
    in_ = &in;
    word_ = 1;
    op = Op();
    reads.clear();
    writes.clear();
    if (in.word.empty()) fail("an instruction without a name");
    op.guard_negated = in.guard_negated;
    if (in.guard == Operand::NO_REGISTER) return;
    Operand guard;
    guard.kind = Operand::Kind::Register;
    guard.index = in.guard;
    op.guard = source(guard, Type::Pred);
}

void Lowering::fail(const std::string &what) const
{
    std::string words;
    for (const std::string &w : in_->word) words += (words.empty() ? "" : ".") + w;
    throw Error(module_.name + ":" + std::to_string(in_->line) + ": '" + words + "': " + what);
}

/* ---- words ----------------------------------------------------------------------------------- */

const std::string &Lowering::opcode() const
{
    return in_->word[0];
}

const std::string &Lowering::last_word() const
{
    return in_->word.back();
}

bool Lowering::take(const char *word)
{
    if (word_ >= in_->word.size() || in_->word[word_] != word) return false;
    word_++;
    return true;
}

Type Lowering::take_type()
{
    if (word_ >= in_->word.size()) fail("a type is missing");
    Type t;
    if (!type_named(in_->word[word_], &t)) fail("unknown word '" + in_->word[word_] + "'");
    word_++;
    return t;
}

void Lowering::no_more_words()
{
    if (word_ < in_->word.size()) fail("unknown word '" + in_->word[word_] + "'");
}

/* ---- operands -------------------------------------------------------------------------------- */

const Instruction &Lowering::instruction() const
{
    return *in_;
}

const Operand &Lowering::operand(size_t i) const
{
    return in_->operand[i];
}

void Lowering::operands(size_t n)
{
    if (in_->operand.size() != n) fail("with another number of operands");
    const bool pair = opcode() == "setp" || opcode() == "shfl"; /* p|q as their result */
    for (size_t i = pair ? 1 : 0; i < n; i++)
        if (!operand(i).second.empty()) fail("a second result that does not belong here");
}

uint32_t Lowering::register_slot(const Operand &o, Type t, Fit fit) const
{
    if (o.index >= kernel_.registers.size()) fail("a register that is not declared");
    const std::string &name = kernel_.registers[o.index];
    Type declared;
    if (!type_named(name, &declared)) fail("a register of unknown type ." + name);
    const bool fits =
        (declared == Type::Pred) == (t == Type::Pred) &&
        (fit == Fit::Wider ? size_of(declared) >= size_of(t) : size_of(declared) == size_of(t));
    if (!fits) fail("a register of type ." + name + " does not fit the instruction");
    return o.index;
}

uint32_t Lowering::result(const Operand &o, Type t, Fit fit)
{
    if (o.kind == Operand::Kind::Nothing) return scrap_;
    if (o.kind != Operand::Kind::Register || o.negated) fail("a result that is no register");
    writes.push_back(register_slot(o, t, fit));
    return writes.back();
}

uint32_t Lowering::source(const Operand &o, Type t, Fit fit)
{
    if (o.negated) fail("an operand with '!'");
    switch (o.kind) {
    case Operand::Kind::Register: reads.push_back(register_slot(o, t, fit)); return reads.back();
    case Operand::Kind::Immediate: return immediate(o, t);
    case Operand::Kind::Special: return special(o.name, t);
    case Operand::Kind::Name:
        if (size_of(t) < 4 || is_real(t)) fail("an address does not fit the type");
        if (o.offset != 0) fail("an address and an offset");
        return variable(o.name);
    default: fail("an operand of a kind that does not belong here");
    }
}

uint32_t Lowering::result(size_t i, Type t)
{
    return result(operand(i), t);
}

uint32_t Lowering::source(size_t i, Type t)
{
    return source(operand(i), t);
}

uint32_t Lowering::predicate(size_t i, bool *negated)
{
    Operand o = operand(i);
    *negated = o.negated;
    o.negated = false;
    return source(o, Type::Pred);
}

uint32_t Lowering::new_slot(uint64_t value)
{
    program_.image.push_back(value);
    return static_cast<uint32_t>(program_.image.size() - 1);
}

uint32_t Lowering::constant(uint64_t value)
{
    const auto found = constants_.find(value);
    return found != constants_.end() ? found->second : constants_[value] = new_slot(value);
}

uint32_t Lowering::immediate(const Operand &o, Type t)
{
    if (is_real(t) && !o.real) fail("an integer where a real number belongs");
    return constant(t == Type::Pred ? o.bits != 0 : o.bits);
}

uint32_t Lowering::special(const std::string &name, Type t)
{
    if (size_of(t) != 4 || is_real(t)) fail("%" + name + " does not fit the type");
    const auto found = specials_.find(name);
    if (found != specials_.end()) return found->second;
    for (const auto &s : special_names)
        if (name == s.name) {
            const uint32_t slot = new_slot(0);
            program_.specials.push_back({slot, s.which});
            return specials_[name] = slot;
        }
    fail("unknown register %" + name);
}

bool Lowering::shared_variable(const std::vector<Variable> &among, const std::string &name)
{
    const Variable *v = variable_named(among, name);
    if (!v) return false;
    const uint32_t slot = names_[name] = new_slot(0);
    program_.shared.push_back(
        {slot, v->external, v->bytes, v->alignment, variable_title(name), {}});
    SharedSlot &s = program_.shared.back();
    s.site = {program_.file.c_str(), 0, s.name.c_str(), 0, 0};
    return true;
}

bool Lowering::constant_variable(const std::string &name)
{
    const Variable *v = variable_named(module_.constants, name);
    if (!v) return false;
    /* new gives addresses for any type; more is not asked for by what is loaded at once. */
    std::unique_ptr<uint8_t[]> memory(new uint8_t[round_up(v->bytes + 1, 16)]());
    std::copy(v->initial.begin(), v->initial.end(), memory.get());
    const uintptr_t address = reinterpret_cast<uintptr_t>(memory.get());
    program_.constants[address] = v->bytes;
    program_.constant_memory.push_back(std::move(memory));
    names_[name] = constant(address);
    return true;
}

uint32_t Lowering::variable(const std::string &name)
{
    const auto found = names_.find(name);
    if (found != names_.end()) return found->second;
    if (const Variable *v = variable_named(kernel_.parameters, name))
        return names_[name] = constant(v->offset);
    const auto local = locals_.find(name);
    if (local != locals_.end()) return names_[name] = constant(local->second);
    if (shared_variable(kernel_.shared, name) || shared_variable(module_.shared, name) ||
        constant_variable(name))
        return names_[name];
    fail("unknown name '" + name + "'");
}

bool Lowering::address(size_t i)
{
    const Operand &o = operand(i);
    if (o.kind != Operand::Kind::Address) fail("an address is missing");
    op.offset = o.offset;
    if (o.index == Operand::NO_REGISTER) {
        op.base = o.name.empty() ? constant(0) : variable(o.name);
        return false;
    }
    op.base = register_slot(o, Type::B32, Fit::Wider);
    reads.push_back(op.base);
    return kernel_.registers[o.index].substr(1) == "32";
}

uint32_t Lowering::site()
{
    const uint32_t i = static_cast<uint32_t>(program_.sites.size());
    const auto file = module_.files.find(in_->file);
    program_.sites.push_back({file != module_.files.end() ? file->second.c_str() : "unknown file",
                              in_->source_line, in_->word[0].c_str()});
    return i;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

void Lowering::set_handler(Handler h)
{
    if (!h) fail("not with this type");
    op.run = h;
}

void Lowering::of_sources(size_t n, Handler h, Type t)
{
    no_more_words();
    operands(n + 1);
    for (size_t i = 0; i < n; i++) op.s[i] = source(i + 1, t);
    op.d = result(0, t);
    set_handler(h);
}

void Lowering::unary(Handler h, Type t)
{
    of_sources(1, h, t);
}

void Lowering::binary(Handler h, Type t)
{
    of_sources(2, h, t);
}

void Lowering::ternary(Handler h, Type t)
{
    of_sources(3, h, t);
}

} // namespace ptx
} // namespace emu
