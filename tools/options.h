/* Reading the command line: numbers, choices, and the options that several subcommands share.
 *
 * Every function that refuses something has said so on standard error.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_OPTIONS_H
#define RITZ_TOOLS_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "command.h"

/* A word that an option takes, and what it stands for; a list ends with a NULL name. */
struct choice {
    const char *name;
    int value;
};

bool parse_int64(const char *option, const char *text, int64_t minimum, int64_t maximum,
                 int64_t *value);
bool parse_fraction(const char *option, const char *text, double *value);
/* A finite number that is not negative. */
bool parse_amount(const char *option, const char *text, double *value);
/* A time above 0. */
bool parse_seconds(const char *option, const char *text, double *value);
/* A number of bytes, with K, M, G or T for powers of 1024. */
bool parse_bytes(const char *option, const char *text, int64_t *value);
bool parse_choice(const char *option, const char *text, const struct choice *choices, int *value);

/* Where and how to compute, and what to print. */
struct common_options {
    const char *device;
    ritz_dtype dtype; /* 0: chosen by the library */
    int threads;      /* 0: the default */
    int64_t seed;
    int64_t oversampling; /* 0: the library's default */
    int power_iterations; /* as in the library's options: 0 is its default */
    int64_t memory;       /* bytes; 0: chosen */
    const char *out;      /* directory, or NULL */
    bool json;
    bool quiet;
    bool help;
};

#define COMMON_OPTIONS_DEFAULTS                                                                    \
    {                                                                                              \
        .device = "auto"                                                                           \
    }

/* Codes of the long options without a letter; above every character. */
enum {
    OPTION_DTYPE = 256,
    OPTION_OVERSAMPLING,
    OPTION_POWER_ITERATIONS,
    OPTION_MEMORY,
    OPTION_OWN /* the first code that a subcommand may use */
};

#define COMMON_SHORT_OPTIONS "d:t:s:o:jqh"
#define COMMON_LONG_OPTIONS                                                                        \
    {"device", required_argument, NULL, 'd'}, {"dtype", required_argument, NULL, OPTION_DTYPE},    \
        {"threads", required_argument, NULL, 't'}, {"seed", required_argument, NULL, 's'},         \
        {"memory", required_argument, NULL, OPTION_MEMORY}, {"out", required_argument, NULL, 'o'}, \
        {"json", no_argument, NULL, 'j'}, {"quiet", no_argument, NULL, 'q'},                       \
    {                                                                                              \
        "help", no_argument, NULL, 'h'                                                             \
    }
/* Of the subcommands with a randomized decomposition. */
#define SKETCH_LONG_OPTIONS                                                                        \
    {"oversampling", required_argument, NULL, OPTION_OVERSAMPLING},                                \
    {                                                                                              \
        "power-iterations", required_argument, NULL, OPTION_POWER_ITERATIONS                       \
    }

/* The parts of a subcommand's --help that describe the shared options. */
extern const char sketch_options_help[];
extern const char common_options_help[];

/* Say that getopt_long met an unknown option ('?') or one without its argument (':'). */
void complain_option(const char *command, int code, char **argv);

/* Take an option that getopt_long returned; says so if it is wrong or unknown. */
bool common_option(const char *command, int code, char **argv, struct common_options *options);

#endif
