/* Reading the command line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char sketch_options_help[] =
    "      --oversampling N      randomized: extra columns of the sketch\n"
    "      --power-iterations N  randomized: more are more accurate; 0 is none\n";

const char common_options_help[] =
    "  -d, --device NAME         auto, cpu, cuda or cuda:N (default: auto)\n"
    "      --dtype TYPE          compute in float32 or float64 (default: float64 if the\n"
    "                            data is float64 or integers of 32 bits or more)\n"
    "  -t, --threads N           threads of the CPU (default: OMP_NUM_THREADS, or all)\n"
    "  -s, --seed N              seed of the random sketch (default: 0)\n"
    "      --memory SIZE         use at most about this much, such as 500M or 4G, and read larger\n"
    "                            data in blocks (default: half of the memory of the device)\n"
    "  -o, --out DIR             write the results to this directory\n"
    "  -j, --json                print one JSON object instead of tables\n"
    "  -q, --quiet               print errors only (and the JSON object)\n"
    "  -h, --help                print this and exit\n";

bool parse_int64(const char *option, const char *text, int64_t minimum, int64_t maximum,
                 int64_t *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);

    if (end == text || *end != '\0' || errno == ERANGE || number < minimum || number > maximum) {
        if (maximum == INT64_MAX) {
            complain("%s needs a whole number of at least %" PRId64 ", not '%s'", option, minimum,
                     text);
        } else {
            complain("%s needs a whole number from %" PRId64 " to %" PRId64 ", not '%s'", option,
                     minimum, maximum, text);
        }
        return false;
    }
    *value = number;
    return true;
}

bool parse_fraction(const char *option, const char *text, double *value)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end != '\0' || !(number > 0.0 && number < 1.0)) {
        complain("%s needs a fraction between 0 and 1 (both excluded), not '%s'", option, text);
        return false;
    }
    *value = number;
    return true;
}

bool parse_amount(const char *option, const char *text, double *value)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(number) || number < 0.0) {
        complain("%s needs a number that is not negative, not '%s'", option, text);
        return false;
    }
    *value = number;
    return true;
}

bool parse_seconds(const char *option, const char *text, double *value)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(number) || number <= 0.0) {
        complain("%s needs a number of seconds above 0, not '%s'", option, text);
        return false;
    }
    *value = number;
    return true;
}

bool parse_bytes(const char *option, const char *text, int64_t *value)
{
    static const char units[] = "KMGT";
    char *end;
    double number = strtod(text, &end);
    const char *unit = end != text && *end != '\0' ? strchr(units, *end) : NULL;

    if (unit != NULL) {
        number = ldexp(number, 10 * (int)(unit - units + 1));
        end++;
    }
    if (end == text || *end != '\0' || !(number >= 1.0 && number < 0x1p62)) {
        complain("%s needs a size such as 500M or 2G, not '%s'", option, text);
        return false;
    }
    *value = (int64_t)number;
    return true;
}

bool parse_choice(const char *option, const char *text, const struct choice *choices, int *value)
{
    char names[256] = "";
    for (const struct choice *choice = choices; choice->name != NULL; choice++) {
        if (!strcmp(text, choice->name)) {
            *value = choice->value;
            return true;
        }
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", choice->name);
    }
    complain("%s does not know '%s'; the choices are %s", option, text, names);
    return false;
}

/* Whether `text` can be the name of a device; whether there is such a device, the library says. */
static bool parse_device(const char *text, const char **device)
{
    bool known = !strcmp(text, "auto") || !strcmp(text, "cpu") || !strcmp(text, "cuda");
    if (!strncmp(text, "cuda:", 5)) {
        size_t digits = strspn(text + 5, "0123456789");
        known = digits > 0 && digits < 4 && text[5 + digits] == '\0';
    }
    if (!known) {
        complain("--device does not know '%s'; the choices are auto, cpu, cuda, cuda:N", text);
        return false;
    }
    *device = text;
    return true;
}

static bool parse_int(const char *option, const char *text, int minimum, int *value)
{
    int64_t number;
    if (!parse_int64(option, text, minimum, INT_MAX, &number)) return false;
    *value = (int)number;
    return true;
}

static bool parse_power_iterations(const char *text, int *value)
{
    int64_t number;
    if (!parse_int64("--power-iterations", text, 0, 1000, &number)) return false;
    *value = number == 0 ? RITZ_POWER_ITERATIONS_NONE : (int)number;
    return true;
}

static bool parse_dtype(const char *text, ritz_dtype *dtype)
{
    static const struct choice dtypes[] = {{"float32", RITZ_F32}, {"float64", RITZ_F64}, {NULL, 0}};
    int value;
    if (!parse_choice("--dtype", text, dtypes, &value)) return false;
    *dtype = (ritz_dtype)value;
    return true;
}

void complain_option(const char *command, int code, char **argv)
{
    const char *argument = argv[optind - 1];
    /* optopt is the letter of a short option; 0 or a code for a long one. */
    bool is_letter = optopt > 0 && optopt < OPTION_DTYPE && strncmp(argument, "--", 2) != 0;

    if (code == ':') {
        complain("%s needs an argument; see ritz %s --help", argument, command);
    } else if (is_letter) {
        complain("unknown option -%c; see ritz %s --help", optopt, command);
    } else {
        complain("unknown or ambiguous option %s; see ritz %s --help", argument, command);
    }
}

bool common_option(const char *command, int code, char **argv, struct common_options *options)
{
    switch (code) {
    case 'd': return parse_device(optarg, &options->device);
    case OPTION_DTYPE: return parse_dtype(optarg, &options->dtype);
    case 't': return parse_int("--threads", optarg, 1, &options->threads);
    case 's': return parse_int64("--seed", optarg, 0, INT64_MAX, &options->seed);
    case OPTION_OVERSAMPLING:
        return parse_int64("--oversampling", optarg, 1, INT64_MAX, &options->oversampling);
    case OPTION_POWER_ITERATIONS: return parse_power_iterations(optarg, &options->power_iterations);
    case OPTION_MEMORY: return parse_bytes("--memory", optarg, &options->memory);
    case 'o':
        if (optarg[0] == '\0') {
            complain("--out needs the name of a directory");
            return false;
        }
        options->out = optarg;
        return true;
    case 'j': options->json = true; return true;
    case 'q': options->quiet = true; return true;
    case 'h': options->help = true; return true;
    default: complain_option(command, code, argv); return false;
    }
}
