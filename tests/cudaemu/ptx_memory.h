/* PTX: where an instruction reaches into memory; for ptx_memory.cpp and ptx_atomic.cpp.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_PTX_MEMORY_H
#define RITZ_TESTS_CUDAEMU_PTX_MEMORY_H

#include <initializer_list>

#include "ptx_code.h"

namespace emu
{
namespace ptx
{

enum class Space : uint8_t { Generic, Global, Shared, Local, Parameter, Constant };
/* Op::flags of whatever has an address. */
enum MemoryFlags : uint16_t { SPACE = 7, NARROW = 8 /* the address has 32 bits */ };

/* Where the instruction's address points, once the access checker has seen it. */
char *reach(const Frame &f, const Op &o, size_t bytes, bool write);

bool take_space(Lowering &l, Space *space);
bool take_any(Lowering &l, std::initializer_list<const char *> words);
/* The address is operand i. */
void set_address(Lowering &l, size_t i, Space space);

} // namespace ptx
} // namespace emu

#endif
