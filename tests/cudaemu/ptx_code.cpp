/* PTX made into code: the kernel's instructions one by one, then a second copy with mul and add
 * fused.
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

/* Registers and local memory of a thread are on its fiber's stack (256 KiB). */
constexpr size_t MOST_BYTES = size_t(160) * 1024;

/* ---- places for the access checker ----------------------------------------------------------- */

/* Programs by the place of their first instruction. */
std::map<uintptr_t, const Program *> &programs()
{
    static auto *const all = new std::map<uintptr_t, const Program *>;
    return *all;
}

void give_places(Program &p)
{
    static uintptr_t next = PTX_PLACES;
    p.first_pc = next;
    next += p.code.size();
    programs()[p.first_pc] = &p;
}

/* ---- instructions ---------------------------------------------------------------------------- */

struct Touched {
    std::vector<uint32_t> reads, writes;
};

void lower(Lowering &l, const Instruction &in, size_t length)
{
    l.begin(in);
    if (in.word[0] == "bra" && in.target > length) l.fail("a branch to nowhere");
    if (!lower_move(l) && !lower_integer(l) && !lower_real(l) && !lower_bits(l) &&
        !lower_convert(l) && !lower_memory(l) && !lower_atomic(l) && !lower_flow(l))
        l.fail("unknown instruction");
}

std::string joined(const std::vector<std::string> &words)
{
    std::string r;
    for (const std::string &w : words) r += (r.empty() ? "" : ".") + w;
    return r;
}

std::string file_of(const Module &m, int index)
{
    const auto found = m.files.find(index);
    return found != m.files.end() ? found->second : "unknown file";
}

bool ends_with(const std::string &s, const std::string &end)
{
    return s.size() >= end.size() && s.compare(s.size() - end.size(), end.size(), end) == 0;
}

/* The innermost line that is not of the toolkit's own headers. */
std::string place_of(const Module &m, const Instruction &in)
{
    const std::string file = file_of(m, in.file);
    const bool outer = in.inline_line > 0 && ends_with(file, ".hpp");
    return (outer ? file_of(m, in.inline_file) : file) + ":" +
           std::to_string(outer ? in.inline_line : in.source_line);
}

std::string source_file(const Module &m)
{
    for (const auto &f : m.files)
        if (ends_with(f.second, ".cu")) return base_name(f.second);
    return base_name(m.name);
}

/* ---- fusing ---------------------------------------------------------------------------------- */

bool contains(const std::vector<uint32_t> &v, uint32_t x)
{
    return std::find(v.begin(), v.end(), x) != v.end();
}

/* mul.f32 and its kin: without a rounding, which alone may be fused. */
bool plain_real(const Instruction &in, const char *opcode)
{
    return in.word.size() == 2 && in.word[0] == opcode &&
           (in.word[1] == "f32" || in.word[1] == "f64") && in.guard == Operand::NO_REGISTER;
}

class Fuser
{
  public:
    Fuser(const Kernel &kernel, Program &program, const std::vector<Touched> &touched)
        : kernel_(kernel), program_(program), touched_(touched), entered_(kernel.code.size() + 1),
          read_(kernel.registers.size()), written_(kernel.registers.size())
    {
        for (const Instruction &in : kernel.code)
            if (in.word[0] == "bra") entered_[in.target] = true;
        for (const Touched &t : touched) {
            for (uint32_t r : t.reads) read_[r]++;
            for (uint32_t r : t.writes) written_[r]++;
        }
    }

    void run()
    {
        for (size_t i = 0; i < kernel_.code.size(); i++)
            if (plain_real(kernel_.code[i], "mul")) fuse(i);
    }

  private:
    void fuse(size_t i);
    size_t use_of(size_t i) const;
    void join(size_t i, size_t use);

    const Kernel &kernel_;
    Program &program_;
    const std::vector<Touched> &touched_;
    std::vector<bool> entered_; /* by a branch */
    std::vector<unsigned> read_, written_;
};

/* The instruction that reads the product, if nothing in between changes its factors, branches, or
 * is branched to; otherwise the number of instructions. */
size_t Fuser::use_of(size_t i) const
{
    const size_t none = kernel_.code.size();
    const Op &mul = program_.code[i];
    for (size_t k = i + 1; k < none; k++) {
        if (entered_[k]) return none;
        if (contains(touched_[k].reads, mul.d)) return k;
        for (uint32_t r : touched_[k].writes)
            if (r == mul.s[0] || r == mul.s[1]) return none;
        const std::string &opcode = kernel_.code[k].word[0];
        if (opcode == "bra" || opcode == "ret" || opcode == "exit") return none;
    }
    return none;
}

void Fuser::fuse(size_t i)
{
    const Op &mul = program_.code[i];
    if (read_[mul.d] != 1 || written_[mul.d] != 1) return;
    const size_t use = use_of(i);
    if (use == kernel_.code.size()) return;
    const Instruction &in = kernel_.code[use];
    if (in.word.back() != kernel_.code[i].word.back()) return;
    if (program_.fused[use].run != program_.code[use].run) return; /* with its other product */
    if (plain_real(in, "add") || plain_real(in, "sub")) join(i, use);
}

void Fuser::join(size_t i, size_t use)
{
    const Op &mul = program_.code[i], &add = program_.code[use];
    const bool subtracts = kernel_.code[use].word[0] == "sub", first = add.s[0] == mul.d;
    Op &o = program_.fused[use];
    Type t = Type::F64;
    type_named(kernel_.code[use].word.back(), &t);
    o.run = fused_handler(t);
    o.s[2] = first ? add.s[1] : add.s[0];
    o.s[0] = mul.s[0];
    o.s[1] = mul.s[1];
    o.flags = !subtracts ? 0 : first ? NEGATE_ADDEND : NEGATE_PRODUCT;
    program_.fused[i].run = run_nothing;
}

} // namespace

Program::~Program()
{
    programs().erase(first_pc);
}

std::shared_ptr<const Program> make_program(const Module &module, const Kernel &kernel)
{
    const auto program = std::make_shared<Program>();
    Program &p = *program;
    p.kernel = kernel.name;
    p.title = kernel_title(kernel.name);
    p.module = module.name;
    p.file = source_file(module);
    p.target = module.target;
    p.parameter_bytes = kernel.parameter_bytes;

    Lowering l(p, module, kernel);
    std::vector<Touched> touched;
    for (const Instruction &in : kernel.code) {
        lower(l, in, kernel.code.size());
        p.code.push_back(l.op);
        touched.push_back({l.reads, l.writes});
        p.text.push_back(joined(in.word));
        p.place.push_back(place_of(module, in));
        p.line.push_back(in.line);
    }
    if (p.image.size() * sizeof p.image[0] + p.local_bytes > MOST_BYTES)
        throw Error(module.name + ": " + kernel.name + " has more registers than fit");
    p.fused = p.code;
    Fuser(kernel, p, touched).run();
    p.counts.executed.resize(p.code.size());
    p.counts.taken.resize(p.code.size());
    give_places(p);
    keep_for_coverage(program);
    return program;
}

const Counts &counts_of(const Program &program)
{
    return program.counts;
}

} // namespace ptx

std::string instruction_place(uintptr_t pc)
{
    const auto after = ptx::programs().upper_bound(pc);
    if (after == ptx::programs().begin()) return "an unknown instruction";
    const auto &found = *std::prev(after);
    const size_t i = pc - found.first;
    return i < found.second->place.size() ? found.second->place[i] : "an unknown instruction";
}

} // namespace emu
