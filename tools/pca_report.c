/* What `ritz pca` says about a fit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "pca_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "report.h"

/* Below this ratio of neighbouring singular values the last component is weakly determined. */
#define GAP_WEAK 1.1

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

static json_t *inputs_json(const struct pca_result *result)
{
    json_t *inputs = json_array();
    for (size_t i = 0; i < result->path_count; i++) {
        json_array_append_new(inputs, json_text(result->paths[i]));
    }
    return inputs;
}

static json_t *data_json(const struct pca_result *result)
{
    return json_pack("{s:o, s:I, s:I, s:s}", "files", inputs_json(result), "rows",
                     (json_int_t)result->data.rows, "columns", (json_int_t)result->data.cols,
                     "dtype", ritz_dtype_name(result->data.dtype));
}

static json_t *method_json(const struct pca_result *result)
{
    const ritz_pca_report *report = &result->report;
    return json_pack("{s:s, s:o, s:s, s:I, s:i, s:i, s:s, s:b}", "name", report->method_name,
                     "reason", json_text(report->reason), "dtype", ritz_dtype_name(result->dtype),
                     "seed", (json_int_t)result->seed, "passes", report->passes, "fallbacks",
                     report->fallbacks, "divisor", result->population ? "N" : "N-1", "whitened",
                     result->whiten);
}

static json_t *seconds_json(const struct pca_result *result)
{
    return json_pack("{s:f, s:f, s:f, s:f}", "fit", result->report.seconds, "transform",
                     result->seconds_transform, "write", result->seconds_write, "total",
                     result->seconds_total);
}

static json_t *output_json(const struct pca_result *result, const struct output *output)
{
    return json_pack("{s:o, s:o, s:o}", "directory", json_text(output->directory), "files",
                     output->directory != NULL ? output_files_json(output) : json_array(), "plot",
                     json_text(result->plot));
}

json_t *pca_report_json(const struct pca_result *result, const ritz_device_info *device,
                        const struct output *output)
{
    const ritz_pca_report *report = &result->report;
    int64_t k = report->components;

    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:{s:I, s:I}, s:o}",
        "ritz", RITZ_VERSION_STRING, "command", "pca", "data", data_json(result), "device",
        json_device(device), "method", method_json(result), "components", (json_int_t)k, "rank",
        (json_int_t)report->rank, "explained_variance", json_numbers(result->variances.data, k),
        "explained_variance_ratio", fractions_json(result, false), "cumulative_ratio",
        fractions_json(result, true), "singular_values", json_numbers(result->singular.data, k),
        "total_variance", json_number(report->total_variance), "explained",
        json_number(report->explained), "noise_variance", json_number(report->noise_variance),
        "error", json_error(report->error_kind, report->error, report->resolution),
        "value_accuracy", json_number(report->value_accuracy), "gap",
        report->gap > 0.0 ? json_number(report->gap) : json_null(), "warning",
        json_text(report->warning), "seconds", seconds_json(result), "memory", "peak_bytes",
        (json_int_t)peak_memory(), "device_peak_bytes", (json_int_t)result->device_peak, "output",
        output_json(result, output));
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

static void print_gap(const ritz_pca_report *report)
{
    if (report->gap <= 0.0) return;
    bool weak = report->gap < GAP_WEAK;
    print_line("Gap", "singular value %" PRId64 " is %.4g times the next%s", report->components,
               report->gap,
               weak ? ": so close together, the last components can turn within the space that "
                      "they share with the next"
                    : "");
}

static void print_time_and_memory(const struct pca_result *result, const struct output *output)
{
    char memory[32];
    char transform[64] = "";
    char write[64] = "";
    int passes = result->report.passes;

    if (result->scores.data != NULL) {
        snprintf(transform, sizeof transform, ", transform %.3f s", result->seconds_transform);
    }
    if (output->count > 0) {
        snprintf(write, sizeof write, ", write %.3f s", result->seconds_write);
    }
    format_bytes(peak_memory(), memory, sizeof memory);
    print_line("Time", "read and fit %.3f s (%d pass%s over the data)%s%s; in all %.3f s",
               result->report.seconds, passes, passes == 1 ? "" : "es", transform, write,
               result->seconds_total);
    print_line("Memory", "%s at the peak, of the whole process", memory);
}

void pca_report_print(const struct pca_result *result, const ritz_device_info *device,
                      const struct output *output)
{
    const ritz_pca_report *report = &result->report;

    if (result->path_count == 1) {
        printf("%-12s%s\n", "Data", result->paths[0]);
    } else {
        printf("%-12s%s and %zu more\n", "Data", result->paths[0], result->path_count - 1);
    }
    print_line("", "%" PRId64 " rows, %" PRId64 " columns, %s", result->data.rows,
               result->data.cols, ritz_dtype_name(result->data.dtype));
    print_device(device);
    print_line("Method", "%s, in %s: %s", report->method_name, ritz_dtype_name(result->dtype),
               report->reason);
    print_variances(result);
    print_line("Explained",
               "%.3f %% of the variance by %" PRId64 " components (numerical rank %" PRId64 ")",
               100.0 * report->explained, report->components, report->rank);
    print_error(report);
    print_gap(report);
    if (report->warning[0] != '\0') print_line("Warning", "%s", report->warning);
    print_time_and_memory(result, output);
    print_output(output);
    if (result->plot != NULL) printf("%-12s%s\n", "Picture", result->plot);
}
