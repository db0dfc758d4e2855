/* An allocator that counts and can be made to fail. The linker redirects malloc and its relatives
 * in everything that is linked statically to it (--wrap, see tests/CMakeLists.txt), so that the
 * allocations of Ritz are counted and those inside OpenBLAS and the C library are not. Starting a
 * thread counts too.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_UNIT_FAILING_H
#define RITZ_TESTS_UNIT_FAILING_H

#include <stdbool.h>
#include <stdint.h>

/* Of the calling thread: 0: not armed; 1: the next allocation fails. */
extern _Thread_local int64_t until_failure;
/* One has failed. */
extern _Thread_local bool fired;
/* Allocations so far, and blocks that are not freed. */
extern int64_t seen, alive;

#endif
