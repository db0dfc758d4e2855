/* Fibers: stacks of their own, on the thread that calls.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CUDAEMU_FIBER_H
#define RITZ_TESTS_CUDAEMU_FIBER_H

namespace emu
{

struct Fiber {
    void *sp;         /* where it stopped */
    char *low, *high; /* its stack; a page below `low` is not accessible */
    void *fake_stack; /* of the address sanitizer */
    void *shadow;     /* of the thread sanitizer */
};

/* A fiber that will call `entry`, which must not return. Stacks come from the system and are never
 * given back. */
Fiber *new_fiber(void (*entry)());
/* Forget where it stopped: begin again at `entry`. */
void restart_fiber(Fiber *f, void (*entry)());

/* Stop `from`, which is running, and go on with `to`. A Fiber that was never made by new_fiber and
 * is all zero stands for the stack of the thread that makes the first switch. */
void switch_fiber(Fiber *from, Fiber *to);

} // namespace emu

#endif
