/* watch.h on the emulation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/watch.h"

#include "cudaemu/emu.h"

void watch_begin(void)
{
}

void watch_end(void)
{
}

void watch_forbid_waiting(bool forbidden)
{
    emu_forbid(forbidden ? EMU_FORBID_SYNC | EMU_FORBID_ALLOC : 0);
}

bool watch_found_nothing_left(void)
{
    const bool nothing = emu_check_idle() == 0;
    if (nothing) emu_reset(1);
    return nothing;
}
