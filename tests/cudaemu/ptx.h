/* PTX as nvcc wrote it: read (ptx_parse.cpp), made into code (ptx_code.cpp), executed by the engine
 * thread by thread (ptx_exec.cpp), and found in the fat binaries of a program (ptx_register.cpp).
 *
 * What is not understood is refused, never skipped: a module with an unknown word does not load.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_PTX_H
#define RITZ_TESTS_CUDAEMU_PTX_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "emu_int.h"

namespace emu
{
namespace ptx
{

/* ---- a module as it is written (ptx_parse.cpp) ----------------------------------------------- */

/* A text that is not understood: "cholesky.ptx:120: unknown directive '.foo'". */
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/* A parameter, or an array in shared, local or constant memory, or one variable of these. */
struct Variable {
    std::string name, type; /* type of an element, as written: "u64", "b8", "f32" */
    size_t alignment, bytes;
    bool external;                /* .extern .shared name[]: the launch's dynamic shared memory */
    size_t offset;                /* of a parameter: its place among the launch's parameters */
    std::vector<uint8_t> initial; /* of a constant or global one; empty: zeros */
};

struct Operand {
    enum class Kind {
        Register,  /* %rd1: `index` */
        Immediate, /* `bits` */
        Address,   /* [%rd1+8], [name+8], [8]: base register `index` or `name`, and `offset` */
        Name,      /* a variable (its address) or a label */
        Special,   /* %tid.x and its kin: `name` without the percent sign */
        Vector,    /* {%f1, %f2}: `parts` */
        Nothing    /* _ */
    } kind;
    static constexpr uint32_t NO_REGISTER = ~0u;
    uint32_t index = NO_REGISTER;
    /* An integer in two's complement; the bits of 0f... in the low 32, those of 0d... in all 64. */
    uint64_t bits = 0;
    bool real = false;    /* written as 0f... or 0d... */
    bool negated = false; /* !%p1 as a source */
    std::string name;
    int64_t offset = 0;
    std::vector<Operand> parts;
    /* The second half of a pair of results, %r1|%p1; empty or one. */
    std::vector<Operand> second;
};

struct Instruction {
    std::vector<std::string> word; /* "setp.lt.and.s64" -> setp, lt, and, s64 */
    uint32_t guard;                /* predicate register, or Operand::NO_REGISTER */
    bool guard_negated;
    std::vector<Operand> operand; /* results first, as written */
    size_t target;                /* of bra: index of the instruction to go on with */
    int line;                     /* in the text of the module */
    int file, source_line;        /* of the last .loc; 0: unknown */
    int inline_file, inline_line; /* where the code that it was inlined into stands, or 0 */
};

struct Kernel {
    std::string name; /* mangled */
    std::vector<Variable> parameters, shared, local;
    size_t parameter_bytes;
    std::vector<std::string> registers; /* type of each, as written: "pred", "b32", "f64" */
    std::vector<Instruction> code;      /* without labels: they are targets */
    unsigned max_threads;               /* .maxntid, or 0 */
};

struct Module {
    std::string name;                 /* for messages */
    int target;                       /* 75 of sm_75 */
    std::map<int, std::string> files; /* of .loc */
    std::vector<Variable> constants;  /* .const and .global variables with their values */
    std::vector<Variable> shared;     /* at module scope, dynamic shared memory among them */
    std::map<std::string, Kernel> kernels;
};

/* Throws Error. */
Module parse(const std::string &name, const std::string &text);

/* ---- code (ptx_code.cpp, ptx_exec.cpp) ------------------------------------------------------- */

/* A kernel ready to be executed: opaque outside of these files. */
struct Program;

/* Throws Error where an instruction, a type or an operand is unknown. The module must outlive the
 * program. */
std::shared_ptr<const Program> make_program(const Module &module, const Kernel &kernel);

/* "potrf_block<double, 32>": the mangled name as the source spells it, without its scopes and
 * parameters. */
std::string kernel_title(const std::string &mangled);

/* One thread of the running grid (Grid::thread): `parameters` are the launch's, laid out as
 * Variable::offset says. Loads and stores are checked as access.cpp checks them. */
void run_thread(const Program &program, const uint8_t *parameters);

/* Whether mul followed by add of the same type, neither with a rounding of its own, is fused, as
 * ptxas may: by environment EMU_FUSE=1, or by a test. */
void set_fusing(bool on);

/* What has been executed: appended to the file EMU_PTX_COVERAGE at the program's end, a line for
 * each instruction of each kernel that was launched (ptx_coverage.cpp):
 *     compute_75 <tab> file.cu <tab> title <tab> mangled name <tab> index <tab> PTX line <tab>
 *     source file:line <tab> words <tab> times executed <tab> times taken <tab> times not taken
 * The last two are of guarded instructions, "-" otherwise: whether the guard held. Runs add up:
 * scripts/ptx-coverage merges. */
struct Counts {
    std::vector<uint64_t> executed, taken; /* executed: reached, whether or not the guard held */
};
const Counts &counts_of(const Program &program);

/* ---- kernels of the program (ptx_register.cpp) ----------------------------------------------- */

/* EMU_PTX: 75 (default), 90 or 120: which of the targets in the fat binaries is executed. */
int wanted_target();

/* The kernel whose host function is `stub`, of the wanted target, parsed at its first use; nullptr
 * if no fat binary registered it. */
struct Registered {
    const Kernel *kernel;
    std::shared_ptr<const Program> program;
    std::string title; /* for counters and messages */
};
const Registered *find_kernel(const void *stub);

} // namespace ptx
} // namespace emu

#endif
