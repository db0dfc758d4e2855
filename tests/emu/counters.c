/* Linked into a program that runs on the CUDA emulation: at its end it writes what was asked of the
 * device to the file that EMU_COUNTERS names.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cudaemu/emu.h"

static void write_counters(void)
{
    const char *path = getenv("EMU_COUNTERS");
    FILE *file = path != NULL ? fopen(path, "w") : NULL;
    if (file == NULL || fputs(emu_counters_json(), file) < 0 || fclose(file) != 0) abort();
}

__attribute__((constructor)) static void prepare(void)
{
    if (atexit(write_counters) != 0) abort();
}
