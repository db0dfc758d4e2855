/* Faults that the environment plants in the emulation, for the tests of programs that must find
 * them. EMU_PLANT is one of
 *
 *     kernel:NAME         the last block of each launch of that kernel does nothing, where there
 *                         are more blocks than one
 *     sync                cudaStreamSynchronize does not wait
 *     status:CALL:K:CODE  the K-th call of that name fails with that code
 *     leak                the first cudaFree or cudaFreeAsync is forgotten
 *     bits:CALL:K         the last bit of what the K-th call of that name computes is wrong
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_PLANT_H
#define RITZ_TESTS_CUDAEMU_PLANT_H

#include "emu_int.h"
#include "library.h"

namespace emu
{

/* The grid as it is to be run. */
Grid planted(const Grid &g);
/* This wait, or this release, is to be left out. */
bool no_wait_planted();
bool leak_planted();
/* True if it has changed the last bit of the result, instead of what spoil() does. */
bool bits_planted(const Operand &o);

} // namespace emu

#endif
