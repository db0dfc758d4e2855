/* Progress of long work on a terminal, and stopping it with Ctrl-C.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_PROGRESS_H
#define RITZ_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* One line on standard error that is written over again and again. */
struct progress {
    bool active;      /* standard error is a terminal, and the user did not ask for quiet */
    bool visible;     /* there is a line to clear */
    char phase[64];   /* what is being done */
    int pass;         /* how often the data was begun in this phase, from 1 */
    int64_t first;    /* done when the pass was first heard of */
    int64_t done;     /* when the pass was last heard of */
    double started;   /* when the pass was first heard of */
    double displayed; /* when the line was last written */
};

void progress_begin(struct progress *progress, bool quiet);

/* A ritz_progress_function: shows how far the work is; not 0 once the user pressed Ctrl-C. Rate and
 * time left are those of the pass over the data that is going on: how many more there will be,
 * nobody says. Work that begins anew in the same phase is the next pass. */
int progress_update(void *context, const char *phase, int64_t done, int64_t total);

/* Show work whose end is not known. */
void progress_phase(struct progress *progress, const char *phase);

/* Remove the line; to be called before anything else is printed. */
void progress_clear(struct progress *progress);

/* From here on SIGINT and SIGTERM are noted, so that the work can stop and clean up; a second one
 * ends the program at once. */
void interrupt_catch(void);
/* From here on they end the program at once: nothing has to be cleaned up. */
void interrupt_release(void);
bool interrupt_seen(void);

/* Seconds on a clock that never goes back. */
double seconds_now(void);

#endif
