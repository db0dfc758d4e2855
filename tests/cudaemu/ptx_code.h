/* A kernel's PTX as it is executed: every instruction is a handler and the slots it works on.
 * Shared by ptx_code.cpp, which makes it, ptx_lower.cpp, the files with the handlers (one for each
 * kind of instruction) and ptx_exec.cpp, which runs it.
 *
 * Registers, constants, special registers and addresses of variables are all slots of 64 bits in
 * one array of the thread. An instruction reads as many low bits of a slot as its type has; what is
 * above them means nothing.
 *
 * "The manual" is NVIDIA's Parallel Thread Execution ISA, version 9.0.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_PTX_CODE_H
#define RITZ_TESTS_CUDAEMU_PTX_CODE_H

#include <cmath>
#include <cstring>
#include <deque>

#include "ptx.h"
#include "simt.h"

namespace emu
{
namespace ptx
{

/* ---- types ----------------------------------------------------------------------------------- */

enum class Type : uint8_t {
    Pred,
    B8,
    B16,
    B32,
    B64,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F16,
    BF16,
    F16x2,
    BF16x2,
    F32,
    F64
};
size_t size_of(Type t); /* in bytes; of a predicate 0 */
bool is_real(Type t);
/* False if the word is no type. */
bool type_named(const std::string &word, Type *t);

/* ---- code ------------------------------------------------------------------------------------ */

struct Op;

/* One thread while it runs. */
struct Frame {
    uint64_t *slot;
    const Program *program;
    const Op *code;
    const uint8_t *parameters;
    char *local;
    uint32_t next; /* instruction to go on with */
};

using Handler = void (*)(Frame &, const Op &);

struct Op {
    Handler run;
    uint32_t d = 0, e = 0; /* results */
    uint32_t s[4] = {};    /* sources; of loads and stores: the elements */
    uint32_t base = 0;     /* of an address */
    uint32_t guard = Operand::NO_REGISTER;
    bool guard_negated = false, plain = true; /* not plain: an access that is atomic */
    uint16_t flags = 0;                       /* the handler's own */
    uint32_t target = 0; /* of a branch; of a barrier or collective: its site */
    int64_t offset = 0;  /* of an address */
};

enum class Special : uint8_t {
    ThreadX,
    ThreadY,
    ThreadZ,
    BlockX,
    BlockY,
    BlockZ,
    ThreadsX,
    ThreadsY,
    ThreadsZ,
    BlocksX,
    BlocksY,
    BlocksZ,
    Lane,
    LaneMaskEqual,
    LaneMaskLess,
    LaneMaskLessEqual,
    LaneMaskGreater,
    LaneMaskGreaterEqual
};

struct SpecialSlot {
    uint32_t slot;
    Special which;
};

/* An array in shared memory that the kernel names, and the slot of its address: bytes from the
 * start of shared memory. */
struct SharedSlot {
    uint32_t slot;
    bool dynamic;
    size_t bytes, alignment;
    std::string name;
    mutable SharedSite site;
};

struct Program {
    std::string kernel, title, module, file; /* file: the .cu */
    int target;
    std::vector<Op> code, fused; /* fused: with mul and add made one, instruction by instruction */
    std::vector<std::string> text, place; /* of each instruction: words, "file.cu:120" */
    std::vector<int> line;                /* of the PTX */
    std::vector<uint64_t> image;          /* slots of a thread that begins */
    std::vector<SpecialSlot> specials;
    std::deque<SharedSlot> shared;
    std::deque<Site> sites;
    size_t parameter_bytes, local_bytes;
    std::map<uintptr_t, size_t> constants; /* where each begins, bytes */
    std::vector<std::unique_ptr<uint8_t[]>> constant_memory;
    uintptr_t first_pc = 0; /* of code[0], for the access checker */
    mutable Counts counts;

    Program() = default;
    Program(const Program &) = delete;
    ~Program();
};

/* The place that the access checker knows an instruction by. */
inline uintptr_t pc_of(const Frame &f, const Op &o)
{
    return f.program->first_pc + static_cast<uintptr_t>(&o - f.code);
}

/* A violation by the running thread at this instruction; the launch ends. */
[[noreturn]] void stop(const Frame &f, const Op &o, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ptx_coverage.cpp: the program stays until the end, if its coverage is wanted. */
void keep_for_coverage(const std::shared_ptr<const Program> &program);

/* ptx_name.cpp: "tile" of the mangled name of a variable in a kernel. */
std::string variable_title(const std::string &mangled);
/* "qr.cu" of "/src/cuda/qr.cu". */
std::string base_name(const std::string &path);

/* ---- slots ----------------------------------------------------------------------------------- */

template <typename T> inline T get(const Frame &f, uint32_t i)
{
    T v;
    memcpy(&v, f.slot + i, sizeof v);
    return v;
}

template <typename T> inline void put(Frame &f, uint32_t i, T v)
{
    uint64_t bits = 0;
    memcpy(&bits, &v, sizeof v);
    f.slot[i] = bits;
}

inline bool get_predicate(const Frame &f, uint32_t i)
{
    return f.slot[i] != 0;
}

template <typename T> T flushed(T v) /* .ftz: a subnormal number is a zero of its sign */
{
    return std::fpclassify(v) == FP_SUBNORMAL ? std::copysign(T(0), v) : v;
}

/* ---- handlers from functions ----------------------------------------------------------------- */

/* F::of<T>(a, b...): the instruction's result. */
template <typename F> struct Unary {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        put<T>(f, o.d, F::template of<T>(get<T>(f, o.s[0])));
    }
};
template <typename F> struct Binary {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        put<T>(f, o.d, F::template of<T>(get<T>(f, o.s[0]), get<T>(f, o.s[1])));
    }
};
template <typename F> struct Ternary {
    template <typename T> static void run(Frame &f, const Op &o)
    {
        put<T>(f, o.d, F::template of<T>(get<T>(f, o.s[0]), get<T>(f, o.s[1]), get<T>(f, o.s[2])));
    }
};

/* H::run<T> for the type's host type; nullptr if the instruction has no such type. */
template <typename H> Handler for_unsigned(Type t)
{
    switch (t) {
    case Type::B16:
    case Type::U16: return &H::template run<uint16_t>;
    case Type::B32:
    case Type::U32: return &H::template run<uint32_t>;
    case Type::B64:
    case Type::U64: return &H::template run<uint64_t>;
    default: return nullptr;
    }
}
template <typename H> Handler for_signed(Type t)
{
    switch (t) {
    case Type::S16: return &H::template run<int16_t>;
    case Type::S32: return &H::template run<int32_t>;
    case Type::S64: return &H::template run<int64_t>;
    default: return nullptr;
    }
}
template <typename H> Handler for_real(Type t)
{
    switch (t) {
    case Type::F32: return &H::template run<float>;
    case Type::F64: return &H::template run<double>;
    default: return nullptr;
    }
}
inline bool is_untyped(Type t)
{
    return t <= Type::B64;
}
/* Arithmetic types: u and s, not b. */
template <typename H> Handler for_integers(Type t)
{
    if (is_untyped(t)) return nullptr;
    const Handler h = for_unsigned<H>(t);
    return h ? h : for_signed<H>(t);
}
/* Types without arithmetic: b only. */
template <typename H> Handler for_bits(Type t)
{
    return is_untyped(t) ? for_unsigned<H>(t) : nullptr;
}
/* The host type of the same size: for instructions that only move. */
template <typename H> Handler for_size(Type t)
{
    switch (size_of(t)) {
    case 2: return &H::template run<uint16_t>;
    case 4: return &H::template run<uint32_t>;
    case 8: return &H::template run<uint64_t>;
    default: return nullptr;
    }
}

/* ---- making code (ptx_code.cpp) -------------------------------------------------------------- */

/* How registers of another size than the type are seen: refused, or wider ones too (loads, stores,
 * conversions). */
enum class Fit { Exact, Wider };

/* One instruction on its way to being an Op. Its words are taken one by one; what nobody takes is
 * an error. */
class Lowering
{
  public:
    Lowering(Program &program, const Module &module, const Kernel &kernel);
    void begin(const Instruction &in);

    /* Words. */
    const std::string &opcode() const;
    const std::string &last_word() const;
    bool take(const char *word);
    Type take_type();
    void no_more_words();

    /* Operands: slots. */
    const Instruction &instruction() const;
    const Operand &operand(size_t i) const;
    void operands(size_t n);
    uint32_t result(const Operand &operand, Type t, Fit fit = Fit::Exact);
    uint32_t source(const Operand &operand, Type t, Fit fit = Fit::Exact);
    uint32_t result(size_t i, Type t);
    uint32_t source(size_t i, Type t);
    /* A predicate source that may be written !%p. */
    uint32_t predicate(size_t i, bool *negated);
    /* Sets op.base and op.offset; true if the base is a register of 32 bits. */
    bool address(size_t i);
    uint32_t site(); /* a new one for this instruction */

    /* The usual shapes: all words taken, results first, all of type t. No handler: refused. */
    void set_handler(Handler h);
    void unary(Handler h, Type t);
    void binary(Handler h, Type t);
    void ternary(Handler h, Type t);

    [[noreturn]] void fail(const std::string &what) const;

    Op op;
    std::vector<uint32_t> reads, writes; /* registers of this instruction */

  private:
    void of_sources(size_t n, Handler h, Type t);
    uint32_t register_slot(const Operand &operand, Type t, Fit fit) const;
    uint32_t immediate(const Operand &operand, Type t);
    uint32_t special(const std::string &name, Type t);
    uint32_t new_slot(uint64_t value);
    uint32_t constant(uint64_t value);
    bool shared_variable(const std::vector<Variable> &among, const std::string &name);
    bool constant_variable(const std::string &name);
    void place_locals();
    uint32_t variable(const std::string &name);

    Program &program_;
    const Module &module_;
    const Kernel &kernel_;
    const Instruction *in_ = nullptr;
    size_t word_ = 0;
    uint32_t scrap_;
    std::map<uint64_t, uint32_t> constants_;
    std::map<std::string, uint32_t> names_, specials_;
    std::map<std::string, size_t> locals_; /* where each begins */
};

/* Each makes l.op of the instruction, or returns false if the opcode is not one of its own. */
bool lower_move(Lowering &l);    /* ptx_move.cpp: mov, selp, slct, setp, logic */
bool lower_integer(Lowering &l); /* ptx_integer.cpp */
bool lower_bits(Lowering &l);    /* ptx_bits.cpp: shifts, fields, counts */
bool lower_real(Lowering &l);    /* ptx_real.cpp: arithmetic of f32 and f64 */
bool lower_convert(Lowering &l); /* ptx_convert.cpp: cvt */
bool lower_memory(Lowering &l);  /* ptx_memory.cpp: ld, st, cvta, fences */
bool lower_atomic(Lowering &l);  /* ptx_atomic.cpp: atom, red */
bool lower_flow(Lowering &l);    /* ptx_flow.cpp: branches, barriers, what a warp does together */

/* ptx_real.cpp: the handler that does mul and add in one: s0 s1 + s2, with signs by these flags. */
enum FusedFlags : uint16_t { NEGATE_PRODUCT = 1, NEGATE_ADDEND = 2 };
Handler fused_handler(Type t);
void run_nothing(Frame &f, const Op &o);

} // namespace ptx
} // namespace emu

#endif
