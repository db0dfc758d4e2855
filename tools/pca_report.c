/* What `ritz pca` says about a fit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "pca_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "report.h"

bool pca_tolerance_missed(const struct pca_result *result)
{
    const ritz_pca_report *report = &result->report;
    return result->tolerance > 0.0 && report->error_kind != RITZ_ERROR_NONE &&
           !(report->error <= result->tolerance);
}

/* Data without variance has no fractions of it. */
static double fraction_of(double variance, double total)
{
    return total > 0.0 ? variance / total : 0.0;
}

/* The fractions of the variance that the components explain, each by itself or all up to it. */
static json_t *fractions_json(const struct pca_result *result, bool cumulative)
{
    const double *variances = result->variances.data;
    json_t *fractions = json_array();
    double sum = 0.0;
    for (int64_t i = 0; i < result->report.components; i++) {
        sum = cumulative ? sum + variances[i] : variances[i];
        json_array_append_new(fractions,
                              json_number(fraction_of(sum, result->report.total_variance)));
    }
    return fractions;
}

static json_t *method_json(const struct pca_result *result)
{
    const ritz_pca_report *report = &result->report;
    return json_pack("{s:s, s:o, s:s, s:I, s:i, s:I, s:i, s:i, s:s, s:b}", "name",
                     report->method_name, "reason", json_text(report->reason), "dtype",
                     ritz_dtype_name(result->dtype), "seed", (json_int_t)result->seed, "passes",
                     report->passes, "resumed_rows", (json_int_t)report->resumed, "checkpoints",
                     report->checkpoints, "fallbacks", report->fallbacks, "divisor",
                     result->population ? "N" : "N-1", "whitened", result->whiten);
}

/* A sparse matrix is read before the fit. */
static double seconds_fit(const struct pca_result *result)
{
    return result->data.seconds_read + result->report.seconds;
}

static json_t *seconds_json(const struct pca_result *result, const struct run *run)
{
    return json_pack("{s:f, s:f, s:f, s:f}", "fit", seconds_fit(result), "transform",
                     result->seconds_transform, "write",
                     run->seconds_write - result->seconds_transform, "total", run->seconds_total);
}

static json_t *output_json(const struct pca_result *result, const struct output *output)
{
    return json_pack("{s:o, s:o, s:o}", "directory", json_text(output->directory), "files",
                     output->directory != NULL ? output_files_json(output) : json_array(), "plot",
                     json_text(result->plot));
}

json_t *pca_report_json(const struct pca_result *result, const struct run *run,
                        const struct output *listed)
{
    const ritz_pca_report *report = &result->report;
    int64_t k = report->components;

    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:o}",
        "ritz", RITZ_VERSION_STRING, "command", "pca", "data", json_data(&result->data), "device",
        json_device(&run->session.info), "method", method_json(result), "components", (json_int_t)k,
        "rank", (json_int_t)report->rank, "explained_variance",
        json_numbers(result->variances.data, k), "explained_variance_ratio",
        fractions_json(result, false), "cumulative_ratio", fractions_json(result, true),
        "singular_values", json_numbers(result->singular.data, k), "total_variance",
        json_number(report->total_variance), "explained", json_number(report->explained),
        "noise_variance", json_number(report->noise_variance), "error",
        json_error(report->error_kind, report->error, report->resolution), "tolerance",
        json_tolerance(result->tolerance, !pca_tolerance_missed(result)), "value_accuracy",
        json_number(report->value_accuracy), "gap", json_positive(report->gap), "warning",
        json_text(report->warning), "seconds", seconds_json(result, run), "memory",
        json_memory(run), "output", output_json(result, listed));
}

static void print_variances(const struct pca_result *result)
{
    const double *variances = result->variances.data;
    int64_t k = result->report.components;
    double total = result->report.total_variance;
    double sum = 0.0;

    puts("\n  component       variance   fraction   cumulative");
    for (int64_t i = 0; i < k; i++) {
        sum += variances[i];
        if (!table_shows(i, k)) {
            if (table_shows(i - 1, k)) puts("        ...");
            continue;
        }
        printf("  %9" PRId64 "  %13.6g  %7.3f %%  %9.3f %%\n", i + 1, variances[i],
               100.0 * fraction_of(variances[i], total), 100.0 * fraction_of(sum, total));
    }
    putchar('\n');
}

/* What the error figure claims, in words. */
static void print_error(const ritz_pca_report *report)
{
    static const char *const claims[] = {
        [RITZ_ERROR_EXACT] = "exact up to rounding",
        [RITZ_ERROR_ESTIMATE] = "an estimate",
        [RITZ_ERROR_BOUND] = "an upper bound",
    };
    if (report->error_kind == RITZ_ERROR_NONE) {
        print_line("Error", "not computed");
    } else {
        print_line("Error",
                   "%.4g of the centred data is not in the components (Frobenius norm; %s; "
                   "resolution %.1g)",
                   report->error, claims[report->error_kind], report->resolution);
    }
}

static void print_time(const struct pca_result *result, const struct run *run)
{
    char transform[64] = "";
    char write[64] = "";
    int passes = result->report.passes;

    if (result->scores) {
        snprintf(transform, sizeof transform, ", transform %.3f s", result->seconds_transform);
    }
    if (run->output.count > 0) {
        snprintf(write, sizeof write, ", write %.3f s",
                 run->seconds_write - result->seconds_transform);
    }
    print_line("Time", "read and fit %.3f s (%d pass%s over the data)%s%s; in all %.3f s",
               seconds_fit(result), passes, passes == 1 ? "" : "es", transform, write,
               run->seconds_total);
}

void pca_report_print(const struct pca_result *result, const struct run *run)
{
    const ritz_pca_report *report = &result->report;

    print_data(&result->data);
    print_device(&run->session.info);
    print_line("Method", "%s, in %s: %s", report->method_name, ritz_dtype_name(result->dtype),
               report->reason);
    if (report->resumed > 0) {
        print_line("Resumed", "%" PRId64 " rows, over all passes, had been read before",
                   report->resumed);
    }
    print_variances(result);
    print_line("Explained",
               "%.3f %% of the variance by %" PRId64 " components (numerical rank %" PRId64 ")",
               100.0 * report->explained, report->components, report->rank);
    print_error(report);
    if (pca_tolerance_missed(result)) {
        print_line("Tolerance", "%.4g was not met", result->tolerance);
    }
    print_gap(report->gap, report->components);
    if (report->warning[0] != '\0') print_line("Warning", "%s", report->warning);
    print_time(result, run);
    print_memory(run);
    print_output(&run->output);
    if (result->plot != NULL) printf("%-12s%s\n", "Picture", result->plot);
}
