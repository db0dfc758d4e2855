/* ritz svd: the command line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "svd_run.h"

static const char help[] =
    "usage: ritz svd FILE... [OPTION]...\n"
    "\n"
    "Singular values (and with --out vectors) of the matrix in the files, A = U diag(s) V', whose\n"
    "rows are stacked: .npy, IDX or CSV; or of one sparse Matrix Market file. Each may be\n"
    "compressed with gzip. Nothing is centred. Data that is larger than --memory is read in\n"
    "blocks, a few times.\n"
    "\n"
    "options:\n"
    "  -k, --components N        only the N largest (default: all)\n"
    "      --tolerance T         (or --tol) only as many as leave out at most this part of the\n"
    "                            matrix, in the Frobenius norm; with -k at most N\n"
    "  -m, --method NAME         auto, exact, randomized, krylov or streamed (default: auto, "
    "which\n"
    "                            is randomized with --tolerance or if N is at most a fifth of the\n"
    "                            smaller side, else exact; streamed if the data does not fit)\n";

static const char examples[] = "\n"
                               "examples:\n"
                               "  ritz svd data.npy\n"
                               "  ritz svd data.npy -k 20 --power-iterations 4 --out results\n"
                               "  ritz svd data.npy --tol 0.01 --json\n"
                               "  ritz svd part1.npy part2.npy -k 100 --memory 2G --out results\n"
                               "  ritz svd counts.mtx.gz -k 20 --method krylov\n"
                               "  ritz svd table.csv --dtype float64 --json\n";

enum { OPTION_TOLERANCE = OPTION_OWN };

static const struct option long_options[] = {
    COMMON_LONG_OPTIONS,
    SKETCH_LONG_OPTIONS,
    {"components", required_argument, NULL, 'k'},
    {"tolerance", required_argument, NULL, OPTION_TOLERANCE},
    {"method", required_argument, NULL, 'm'},
    {NULL, 0, NULL, 0},
};

static bool parse_method(const char *text, enum svd_method *method)
{
    static const struct choice methods[] = {
        {"auto", SVD_AUTO},     {"exact", SVD_EXACT},       {"randomized", SVD_RANDOMIZED},
        {"krylov", SVD_KRYLOV}, {"streamed", SVD_STREAMED}, {NULL, 0},
    };
    int value;
    if (!parse_choice("--method", text, methods, &value)) return false;
    *method = (enum svd_method)value;
    return true;
}

static bool take_option(int code, char **argv, struct svd_options *options)
{
    switch (code) {
    case 'k': return parse_int64("--components", optarg, 1, INT64_MAX, &options->components);
    case OPTION_TOLERANCE: return parse_fraction("--tolerance", optarg, &options->tolerance);
    case 'm': return parse_method(optarg, &options->method);
    default: return common_option("svd", code, argv, &options->common);
    }
}

static bool check_combination(const struct svd_options *options)
{
    bool limited = options->components > 0 || options->tolerance > 0.0;
    if (options->method == SVD_KRYLOV && options->tolerance > 0.0) {
        complain("--method krylov takes no --tolerance; say how many with --components");
        return false;
    }
    if (limited || options->method == SVD_AUTO || options->method == SVD_EXACT) return true;
    complain("--method %s needs --components%s: how many singular values",
             svd_method_name(options->method),
             options->method == SVD_KRYLOV ? "" : " or --tolerance");
    return false;
}

static bool parse_options(int argc, char **argv, struct svd_options *options)
{
    int code;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":k:m:" COMMON_SHORT_OPTIONS, long_options, NULL)) !=
           -1) {
        if (!take_option(code, argv, options)) return false;
        if (options->common.help) return true;
    }
    options->paths = (const char *const *)argv + optind;
    options->path_count = (size_t)(argc - optind);
    if (options->path_count == 0) {
        complain("a file is missing; see ritz svd --help");
        return false;
    }
    return check_combination(options);
}

int command_svd(int argc, char **argv)
{
    struct svd_options options = {.common = COMMON_OPTIONS_DEFAULTS};

    if (!parse_options(argc, argv, &options)) return STATUS_USAGE;
    if (options.common.help) {
        printf("%s%s%s%s", help, sketch_options_help, common_options_help, examples);
        return STATUS_OK;
    }
    return svd_run(&options);
}
