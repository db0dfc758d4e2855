/* ritz pca: the command line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "pca_run.h"

static const char help[] =
    "usage: ritz pca FILE... [OPTION]...\n"
    "\n"
    "Principal components of the rows of the files, which are stacked one after the other:\n"
    ".npy, IDX (MNIST) or CSV; or of one sparse Matrix Market file. Each may be compressed with\n"
    "gzip. Data that is larger than --memory is read in blocks, once or a few times.\n"
    "\n"
    "options:\n"
    "  -k, --components N        number of components (default: 10, or as many as there are)\n"
    "      --variance F          as many as explain this fraction of the variance\n"
    "      --tolerance T         (or --tol) as many as leave out at most this part of the data,\n"
    "                            in the Frobenius norm\n"
    "  -m, --method NAME         auto, covariance, randomized, exact, dual or incremental\n"
    "                            (default: auto)\n"
    "      --checkpoint FILE     keep the state of the fit in FILE and, if it is there, go on from "
    "it\n"
    "      --checkpoint-seconds S\n"
    "                            between two savings of the state (default: 30)\n"
    "      --whiten              scale the scores to unit variance\n"
    "      --population          variances divide by N, not by N - 1\n"
    "      --no-scores           do not compute the scores of the rows\n"
    "  -p, --plot FILE           draw a picture: .png, .pdf or .svg (needs matplotlib)\n"
    "  -l, --labels FILE         one whole number a row, to colour the picture; may be repeated\n"
    "      --image HxW           draw components as images of this shape (default: if square)\n";

static const char examples[] =
    "\n"
    "examples:\n"
    "  ritz pca data.npy -k 50 --out results\n"
    "  ritz pca part1.npy.gz part2.npy.gz --variance 0.95 --no-scores --out results\n"
    "  ritz pca huge.npy -k 100 --memory 2G --checkpoint huge.state --out results\n"
    "  ritz pca counts.mtx.gz -k 20 --out results\n"
    "  ritz pca images-idx3-ubyte.gz -k 50 --plot pca.png --labels labels-idx1-ubyte.gz\n"
    "  ritz pca table.csv --method exact --dtype float64 --json\n";

enum {
    OPTION_VARIANCE = OPTION_OWN,
    OPTION_TOLERANCE,
    OPTION_CHECKPOINT,
    OPTION_CHECKPOINT_SECONDS,
    OPTION_WHITEN,
    OPTION_POPULATION,
    OPTION_NO_SCORES,
    OPTION_IMAGE
};

static const struct option long_options[] = {
    COMMON_LONG_OPTIONS,
    SKETCH_LONG_OPTIONS,
    {"components", required_argument, NULL, 'k'},
    {"variance", required_argument, NULL, OPTION_VARIANCE},
    {"tolerance", required_argument, NULL, OPTION_TOLERANCE},
    {"method", required_argument, NULL, 'm'},
    {"checkpoint", required_argument, NULL, OPTION_CHECKPOINT},
    {"checkpoint-seconds", required_argument, NULL, OPTION_CHECKPOINT_SECONDS},
    {"whiten", no_argument, NULL, OPTION_WHITEN},
    {"population", no_argument, NULL, OPTION_POPULATION},
    {"no-scores", no_argument, NULL, OPTION_NO_SCORES},
    {"plot", required_argument, NULL, 'p'},
    {"labels", required_argument, NULL, 'l'},
    {"image", required_argument, NULL, OPTION_IMAGE},
    {NULL, 0, NULL, 0},
};

static bool parse_method(const char *text, ritz_pca_method *method)
{
    static const struct choice methods[] = {
        {"auto", RITZ_PCA_AUTO},
        {"covariance", RITZ_PCA_COVARIANCE},
        {"exact", RITZ_PCA_EXACT},
        {"randomized", RITZ_PCA_RANDOMIZED},
        {"dual", RITZ_PCA_DUAL},
        {"incremental", RITZ_PCA_INCREMENTAL},
        {NULL, 0},
    };
    int value;
    if (!parse_choice("--method", text, methods, &value)) return false;
    *method = (ritz_pca_method)value;
    return true;
}

/* The product of two sides has to fit into 64 bits. */
#define PIXELS_MOST 1000000

static bool parse_image(const char *text, struct pca_options *options)
{
    char *cross;
    char *end = NULL;
    long rows = strtol(text, &cross, 10);
    long cols = *cross == 'x' ? strtol(cross + 1, &end, 10) : 0;

    if (rows < 1 || rows > PIXELS_MOST || cols < 1 || cols > PIXELS_MOST || *end != '\0') {
        complain("--image needs a shape such as 28x28, not '%s'", text);
        return false;
    }
    options->image_rows = rows;
    options->image_cols = cols;
    return true;
}

static bool take_option(int code, char **argv, struct pca_options *options)
{
    switch (code) {
    case 'k': return parse_int64("--components", optarg, 1, INT64_MAX, &options->components);
    case OPTION_VARIANCE: return parse_fraction("--variance", optarg, &options->variance);
    case OPTION_TOLERANCE: return parse_fraction("--tolerance", optarg, &options->tolerance);
    case 'm': return parse_method(optarg, &options->method);
    case OPTION_CHECKPOINT: options->checkpoint = optarg; return true;
    case OPTION_CHECKPOINT_SECONDS:
        return parse_seconds("--checkpoint-seconds", optarg, &options->checkpoint_seconds);
    case OPTION_WHITEN: options->whiten = true; return true;
    case OPTION_POPULATION: options->population = true; return true;
    case OPTION_NO_SCORES: options->no_scores = true; return true;
    case 'p': return parse_plot(optarg, &options->plot);
    case 'l': options->labels[options->label_count++] = optarg; return true;
    case OPTION_IMAGE: return parse_image(optarg, options);
    default: return common_option("pca", code, argv, &options->common);
    }
}

static bool check_combination(const struct pca_options *options)
{
    if ((options->components > 0) + (options->variance > 0.0) + (options->tolerance > 0.0) > 1) {
        complain("--components, --variance and --tolerance each say how many components; give one "
                 "of them");
        return false;
    }
    if (options->checkpoint_seconds > 0.0 && options->checkpoint == NULL) {
        complain("--checkpoint-seconds needs --checkpoint: the file that keeps the state");
        return false;
    }
    return true;
}

static bool parse_options(int argc, char **argv, struct pca_options *options)
{
    int code;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":k:m:p:l:" COMMON_SHORT_OPTIONS, long_options, NULL)) !=
           -1) {
        if (!take_option(code, argv, options)) return false;
        if (options->common.help) return true;
    }
    options->paths = (const char *const *)argv + optind;
    options->path_count = (size_t)(argc - optind);
    if (options->path_count == 0) {
        complain("a file is missing; see ritz pca --help");
        return false;
    }
    return check_combination(options);
}

int command_pca(int argc, char **argv)
{
    struct pca_options options = {.common = COMMON_OPTIONS_DEFAULTS,
                                  .plot = {.name = "plot_pca.py"}};
    int status = STATUS_USAGE;

    options.labels = calloc((size_t)argc, sizeof *options.labels);
    if (options.labels == NULL) {
        complain("out of memory");
        return STATUS_FAILED;
    }
    if (parse_options(argc, argv, &options)) {
        if (options.common.help) {
            printf("%s%s%s%s", help, sketch_options_help, common_options_help, examples);
            status = STATUS_OK;
        } else {
            status = pca_run(&options);
        }
    }
    free(options.labels);
    return status;
}
