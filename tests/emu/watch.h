/* What a test watches while it runs, where the machine can be watched: the emulation, not a GPU.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_EMU_WATCH_H
#define RITZ_TESTS_EMU_WATCH_H

#include <stdbool.h>

/* Before the first device is opened: one that is costly to open is kept open. */
void watch_begin(void);
void watch_end(void);
/* Until it is taken back: a synchronisation or an allocation ends the program. */
void watch_forbid_waiting(bool forbidden);
/* Of a program that has given everything back: nothing is left on the devices. */
bool watch_found_nothing_left(void);

#endif
