/* Linked into a program that runs on the CUDA emulation: at its end nothing may be left on the
 * emulated devices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cudaemu/emu.h"

static void look_for_leaks(void)
{
    const int alive = emu_check_idle();
    if (alive == 0) return;
    printf("FAIL: %d objects (listed above) are left on the emulated devices\n", alive);
    fflush(stdout);
    _exit(1);
}

__attribute__((constructor)) static void prepare(void)
{
    if (atexit(look_for_leaks) != 0) abort();
}
