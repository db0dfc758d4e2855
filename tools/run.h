/* The course of a run that computes something: what it opens, writes and reports.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_RUN_H
#define RITZ_TOOLS_RUN_H

#include <jansson.h>

#include "output.h"
#include "progress.h"
#include "session.h"

struct run {
    const struct common_options *options;
    struct session session;
    struct progress progress;
    struct output output;
    bool writes;          /* there are files to write, if only for the picture */
    int64_t memory_limit; /* bytes, of the command line; 0: none was given */
    double started;
    double seconds_write;
    double seconds_total;
    int64_t device_peak; /* bytes */
};

/* What a subcommand does in its own way. `context` is its own. */
struct run_parts {
    void *context;
    bool (*write)(void *context);  /* the matrices, to the output; has said why it returns false */
    bool (*finish)(void *context); /* the last step before the files appear; NULL: there is none */
    json_t *(*json)(void *context, const struct output *listed);
    void (*print)(void *context);          /* the report for people */
    const char *(*warning)(void *context); /* "" if there is none */
};

void run_begin(struct run *run, const struct common_options *options);

/* Prepare the output and open the device; the exit status. */
int run_open(struct run *run);

/* The memory that may be used: that of the command line, or half of the device's. */
double run_memory(const struct run *run);

/* Write the files and move them to their place; *text receives the report. The exit status. */
int run_write(struct run *run, const struct run_parts *parts, char **text);

/* Print the report: the text as JSON, or tables. */
void run_print(const struct run *run, const struct run_parts *parts, const char *text);

/* Give back what run_begin and run_open took. */
void run_end(struct run *run);

#endif
