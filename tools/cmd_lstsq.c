/* ritz lstsq: the command line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lstsq_run.h"

static const char help[] =
    "usage: ritz lstsq X Y [OPTION]...\n"
    "       ritz lstsq --merge FILE [--merge FILE]... [X Y] [OPTION]...\n"
    "\n"
    "Least squares and ridge regression: coefficients B and an intercept c such that X B + c is\n"
    "near Y. X has a row for each observation, Y a row of targets for each; both are .npy, IDX or\n"
    "CSV files, also compressed with gzip.\n"
    "\n"
    "options:\n"
    "      --no-intercept        fit no intercept (default: one is fitted, never penalised)\n"
    "      --intercept           fit one, which is the default\n"
    "  -w, --weights FILE        a weight for each row, not negative\n"
    "      --ridge LAMBDA        add the penalty LAMBDA |B|^2 (default: 0)\n"
    "      --ridge-path[=MIN:MAX:COUNT]\n"
    "                            try penalties and take the best (default: 50 penalties chosen\n"
    "                            from the singular values)\n"
    "      --criterion NAME      what is best: gcv, generalized cross-validation, or loo,\n"
    "                            leave-one-out (default: gcv)\n"
    "  -m, --method NAME         auto, normal, qr, sketch-qr, sketch-cg, sketch-solve, minnorm or\n"
    "                            tsqr (default: auto)\n"
    "      --digits N            digits wanted; 1 or 2 allow a sketch alone (default: all)\n"
    "      --rtol F              what counts as rank deficient (default: 8 sqrt(min(m, n)) eps)\n"
    "      --statistics FILE     write what --merge takes: all of the data that a fit needs\n"
    "      --merge FILE          add the rows of these statistics; may be repeated\n"
    "      --predict FILE        predict the targets of these rows; needs --out\n"
    "      --residuals           write fitted values and residuals; needs --out\n"
    "  -p, --plot FILE           draw a picture of the path and of the residuals: .png, .pdf or\n"
    "                            .svg (needs matplotlib)\n";

static const char examples[] =
    "\n"
    "examples:\n"
    "  ritz lstsq X.npy y.npy\n"
    "  ritz lstsq X.npy y.npy --ridge-path --plot path.png --out results\n"
    "  ritz lstsq X.npy y.npy --predict new.npy --out results\n"
    "  ritz lstsq X1.npy y1.npy --statistics 1.stats -q\n"
    "  ritz lstsq X2.npy y2.npy --merge 1.stats --json\n";

enum {
    OPTION_INTERCEPT = OPTION_OWN,
    OPTION_NO_INTERCEPT,
    OPTION_RIDGE,
    OPTION_RIDGE_PATH,
    OPTION_CRITERION,
    OPTION_DIGITS,
    OPTION_RTOL,
    OPTION_STATISTICS,
    OPTION_MERGE,
    OPTION_PREDICT,
    OPTION_RESIDUALS
};

static const struct option long_options[] = {
    COMMON_LONG_OPTIONS,
    {"intercept", no_argument, NULL, OPTION_INTERCEPT},
    {"no-intercept", no_argument, NULL, OPTION_NO_INTERCEPT},
    {"weights", required_argument, NULL, 'w'},
    {"ridge", required_argument, NULL, OPTION_RIDGE},
    {"ridge-path", optional_argument, NULL, OPTION_RIDGE_PATH},
    {"criterion", required_argument, NULL, OPTION_CRITERION},
    {"method", required_argument, NULL, 'm'},
    {"digits", required_argument, NULL, OPTION_DIGITS},
    {"rtol", required_argument, NULL, OPTION_RTOL},
    {"statistics", required_argument, NULL, OPTION_STATISTICS},
    {"merge", required_argument, NULL, OPTION_MERGE},
    {"predict", required_argument, NULL, OPTION_PREDICT},
    {"residuals", no_argument, NULL, OPTION_RESIDUALS},
    {"plot", required_argument, NULL, 'p'},
    {NULL, 0, NULL, 0},
};

enum { DIGITS_MOST = 17 };

/* ---- arguments of options -------------------------------------------------------------------- */

static bool parse_method(const char *text, ritz_lstsq_method *method)
{
    static const struct choice methods[] = {
        {"auto", RITZ_LSTSQ_AUTO},
        {"normal", RITZ_LSTSQ_NORMAL},
        {"qr", RITZ_LSTSQ_QR},
        {"sketch-qr", RITZ_LSTSQ_SKETCH_QR},
        {"sketch-cg", RITZ_LSTSQ_SKETCH_CG},
        {"sketch-solve", RITZ_LSTSQ_SKETCH_SOLVE},
        {"minnorm", RITZ_LSTSQ_MINNORM},
        {"tsqr", RITZ_LSTSQ_TSQR},
        {NULL, 0},
    };
    int value;
    if (!parse_choice("--method", text, methods, &value)) return false;
    *method = (ritz_lstsq_method)value;
    return true;
}

static bool parse_criterion(const char *text, enum lstsq_criterion *criterion)
{
    static const struct choice criteria[] = {
        {"gcv", CRITERION_GCV}, {"loo", CRITERION_LOO}, {NULL, 0}};
    int value;
    if (!parse_choice("--criterion", text, criteria, &value)) return false;
    *criterion = (enum lstsq_criterion)value;
    return true;
}

/* MIN:MAX:COUNT */
static bool read_path(const char *text, struct lstsq_path_options *path)
{
    char *end;
    path->least = strtod(text, &end);
    if (end == text || *end != ':') return false;
    text = end + 1;
    path->most = strtod(text, &end);
    if (end == text || *end != ':') return false;
    text = end + 1;
    path->count = strtol(text, &end, 10);
    return end != text && *end == '\0' && path->least > 0.0 && path->least <= path->most &&
           isfinite(path->most) && path->count >= 1 && path->count <= PATH_COUNT_MOST;
}

static bool parse_path(const char *text, struct lstsq_command *command)
{
    command->wants_path = true;
    if (text == NULL || read_path(text, &command->path)) return true;
    complain("--ridge-path needs MIN:MAX:COUNT with 0 < MIN <= MAX and COUNT from 1 to %d, not "
             "'%s'",
             PATH_COUNT_MOST, text);
    return false;
}

static bool parse_digits(const char *text, int *digits)
{
    int64_t number;
    if (!parse_int64("--digits", text, 1, DIGITS_MOST, &number)) return false;
    *digits = (int)number;
    return true;
}

/* ---- the command line ------------------------------------------------------------------------ */

static bool take_option(int code, char **argv, struct lstsq_command *command)
{
    switch (code) {
    case OPTION_INTERCEPT: command->intercept = true; return true;
    case OPTION_NO_INTERCEPT: command->intercept = false; return true;
    case 'w': command->weights = optarg; return true;
    case OPTION_RIDGE: return parse_amount("--ridge", optarg, &command->lambda);
    case OPTION_RIDGE_PATH: return parse_path(optarg, command);
    case OPTION_CRITERION: return parse_criterion(optarg, &command->path.criterion);
    case 'm': return parse_method(optarg, &command->method);
    case OPTION_DIGITS: return parse_digits(optarg, &command->digits);
    case OPTION_RTOL: return parse_fraction("--rtol", optarg, &command->rtol);
    case OPTION_STATISTICS: command->statistics = optarg; return true;
    case OPTION_MERGE: command->merge[command->merge_count++] = optarg; return true;
    case OPTION_PREDICT: command->predict = optarg; return true;
    case OPTION_RESIDUALS: command->residuals = true; return true;
    case 'p': return parse_plot(optarg, &command->plot);
    default: return common_option("lstsq", code, argv, &command->common);
    }
}

/* What the command line forbids together, whatever the files hold. */
static const char *contradiction(const struct lstsq_command *command)
{
    bool data = command->a_path != NULL;
    bool one_pass = command->statistics != NULL || command->merge_count > 0;

    if (command->wants_path && command->lambda > 0.0) {
        return "--ridge and --ridge-path both say which penalty; give one of them";
    }
    if (command->path.criterion == CRITERION_LOO && !command->wants_path) {
        return "--criterion chooses from a path; give --ridge-path as well";
    }
    if (command->path.criterion == CRITERION_LOO && one_pass) {
        return "--criterion loo needs the rows themselves, not statistics; use gcv";
    }
    if (one_pass && command->method != RITZ_LSTSQ_AUTO && command->method != RITZ_LSTSQ_TSQR) {
        return "--statistics and --merge go with --method tsqr only";
    }
    if ((command->predict != NULL || command->residuals) && command->common.out == NULL) {
        return "--predict and --residuals write files; say where with --out";
    }
    if (!data && (command->residuals || command->weights != NULL)) {
        return "--residuals and --weights need data: name the two files";
    }
    if (!data && command->plot.file != NULL && !command->wants_path) {
        return "--plot needs data, or --ridge-path; statistics have nothing else to draw";
    }
    return NULL;
}

static bool parse_files(int argc, char **argv, struct lstsq_command *command)
{
    int count = argc - optind;
    if (count == 2) {
        command->a_path = argv[optind];
        command->b_path = argv[optind + 1];
        return true;
    }
    if (count == 0 && command->merge_count > 0) return true;
    complain("ritz lstsq needs two files, X and Y, not %d; see ritz lstsq --help", count);
    return false;
}

static bool parse_options(int argc, char **argv, struct lstsq_command *command)
{
    int code;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":w:m:p:" COMMON_SHORT_OPTIONS, long_options, NULL)) !=
           -1) {
        if (!take_option(code, argv, command)) return false;
        if (command->common.help) return true;
    }
    if (!parse_files(argc, argv, command)) return false;
    const char *fault = contradiction(command);
    if (fault != NULL) complain("%s", fault);
    return fault == NULL;
}

int command_lstsq(int argc, char **argv)
{
    struct lstsq_command command = {
        .common = COMMON_OPTIONS_DEFAULTS,
        .intercept = true,
        .path = {.count = PATH_COUNT_DEFAULT},
        .plot = {.name = "plot_lstsq.py"},
    };
    int status = STATUS_USAGE;

    command.merge = calloc((size_t)argc, sizeof *command.merge);
    if (command.merge == NULL) {
        complain("out of memory");
        return STATUS_FAILED;
    }
    if (parse_options(argc, argv, &command)) {
        if (command.common.help) {
            printf("%s%s%s", help, common_options_help, examples);
            status = STATUS_OK;
        } else {
            status = lstsq_run(&command);
        }
    }
    free(command.merge);
    return status;
}
