/* ritz cur: the command line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cur_run.h"

static const char help[] =
    "usage: ritz cur FILE... -k N | --tolerance T [OPTION]...\n"
    "\n"
    "Some columns C and rows R of the matrix in the files that stand for the whole, A ~ C U R:\n"
    ".npy, IDX or CSV, whose rows are stacked; or one sparse Matrix Market file. Each may be\n"
    "compressed with gzip.\n"
    "\n"
    "options:\n"
    "  -k, --components N        take N columns and N rows\n"
    "      --tolerance T         (or --tol) take only as many as leave out at most this part of\n"
    "                            the matrix, in the Frobenius norm; with -k at most N\n";

static const char examples[] = "\n"
                               "examples:\n"
                               "  ritz cur data.npy -k 20 --out results\n"
                               "  ritz cur counts.mtx.gz -k 50 --json\n"
                               "  ritz cur table.csv --tol 0.05 -k 100\n";

enum { OPTION_TOLERANCE = OPTION_OWN };

static const struct option long_options[] = {
    COMMON_LONG_OPTIONS,
    SKETCH_LONG_OPTIONS,
    {"components", required_argument, NULL, 'k'},
    {"tolerance", required_argument, NULL, OPTION_TOLERANCE},
    {NULL, 0, NULL, 0},
};

static bool take_option(int code, char **argv, struct cur_options *options)
{
    switch (code) {
    case 'k': return parse_int64("--components", optarg, 1, INT64_MAX, &options->components);
    case OPTION_TOLERANCE: return parse_fraction("--tolerance", optarg, &options->tolerance);
    default: return common_option("cur", code, argv, &options->common);
    }
}

static bool parse_options(int argc, char **argv, struct cur_options *options)
{
    int code;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":k:" COMMON_SHORT_OPTIONS, long_options, NULL)) != -1) {
        if (!take_option(code, argv, options)) return false;
        if (options->common.help) return true;
    }
    options->paths = (const char *const *)argv + optind;
    options->path_count = (size_t)(argc - optind);
    if (options->path_count == 0) {
        complain("a file is missing; see ritz cur --help");
        return false;
    }
    if (options->components == 0 && options->tolerance == 0.0) {
        complain("ritz cur needs --components or --tolerance: how many columns and rows");
        return false;
    }
    return true;
}

int command_cur(int argc, char **argv)
{
    struct cur_options options = {.common = COMMON_OPTIONS_DEFAULTS};

    if (!parse_options(argc, argv, &options)) return STATUS_USAGE;
    if (options.common.help) {
        printf("%s%s%s%s", help, sketch_options_help, common_options_help, examples);
        return STATUS_OK;
    }
    return cur_run(&options);
}
