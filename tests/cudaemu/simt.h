/* What the engine (simt.cpp) tells the access checker (access.cpp, figures.cpp) about the thread
 * that runs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_SIMT_H
#define RITZ_TESTS_CUDAEMU_SIMT_H

#include "emu_device.h"

namespace emu
{

/* Every run of a block has a serial number; those of one launch are consecutive. */
struct Here {
    uint64_t first;    /* serial of the launch's first block; smaller ones are of other launches */
    uint64_t serial;   /* of this block */
    uint32_t thread;   /* in the block */
    uint32_t barriers; /* that the block has passed */
    uint32_t tick;     /* of the thread: grows with every warp collective it takes part in */
    const char *stack_low, *stack_high;
};
extern Here here;

/* True while code of a kernel runs, as against the engine's or the host's: the accesses to be
 * checked. */
extern bool checking;

/* Whether what `other` (of the same warp) did at its `tick` is ordered before what the running
 * thread does now. */
bool ordered_in_warp(uint32_t other, uint32_t tick);

/* "thread (3,0,0) of block (1,0,0)" */
std::string thread_text(uint64_t serial, uint32_t thread);
const char *kernel_text(); /* name of the running kernel */

/* Shared memory of the running block: its arrays, with gaps between them that nobody may touch. */
struct SharedArray {
    const char *name, *file;
    int line;
    size_t offset, bytes;
};
extern char *shared_low, *shared_high;
const std::vector<SharedArray> &shared_arrays();

/* After a violation that is only recorded: leaves the launch where it is. Called from a thread of a
 * kernel. */
[[noreturn]] void give_up();

/* access.cpp: an access by an instruction that is interpreted. Reports name the place that
 * `pc` stands for: an instruction of PTX from PTX_PLACES on (ptx_code.cpp). */
void note_access(const void *p, size_t bytes, bool write, bool plain, uintptr_t pc);
constexpr uintptr_t PTX_PLACES = uintptr_t(1) << 62; /* no address of a program */
std::string instruction_place(uintptr_t pc);

/* access.cpp: around a launch and after each of its blocks. */
void begin_accesses();
void end_block_accesses();
void end_accesses();
void unchecked_kernel_ran();

/* figures.cpp: how well the accesses of a warp fit together; `pc` tells instructions apart. */
extern bool measuring;
void measure_access(const void *p, size_t bytes, bool in_shared, uintptr_t pc);
void measure_block();

} // namespace emu

#endif
