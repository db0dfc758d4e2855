/* What the parts of the command share: exit statuses, messages, the subcommands.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_COMMAND_H
#define RITZ_TOOLS_COMMAND_H

#include "ritz/ritz.h"

/* Exit statuses. */
enum {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_NOT_MET = 3,      /* results were written, but they miss the tolerance */
    STATUS_INTERRUPTED = 130 /* as a shell reports a death by SIGINT */
};

/* Write "ritz: message" to standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The message of the Ritz call that just failed, without the name of its function. */
const char *last_message(void);
/* Write it. */
void complain_last(void);
/* The same, if it was not stopped by the user; returns the exit status that fits it. */
int complain_library(ritz_status status);

/* The subcommands: argv[0] is the name of the subcommand; returns the exit status. */
int command_pca(int argc, char **argv);
int command_svd(int argc, char **argv);
int command_cur(int argc, char **argv);
int command_lstsq(int argc, char **argv);
int command_info(int argc, char **argv);

#endif
