/* What `ritz svd` says about a decomposition.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "svd_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "report.h"

bool svd_tolerance_missed(const struct svd_result *result)
{
    return result->options->tolerance > 0.0 && !result->report.tolerance_met;
}

static json_t *method_json(const struct svd_result *result)
{
    const ritz_sketch_report *report = &result->report;
    return json_pack(
        "{s:s, s:b, s:o, s:s, s:I, s:i, s:I, s:i}", "name", svd_method_name(result->choice.method),
        "in_memory", result->choice.in_memory, "reason", json_text(result->choice.reason), "dtype",
        ritz_dtype_name(result->data.dtype), "seed", (json_int_t)result->options->common.seed,
        "power_iterations", report->power_iterations, "sample_size",
        (json_int_t)report->sample_size, "passes", result->passes);
}

json_t *svd_report_json(const struct svd_result *result, const struct run *run,
                        const struct output *listed)
{
    const ritz_sketch_report *report = &result->report;
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:f, s:f, s:f, s:f}, "
        "s:o, s:{s:o, s:o}}",
        "ritz", RITZ_VERSION_STRING, "command", "svd", "data", json_data(&result->data), "device",
        json_device(&run->session.info), "method", method_json(result), "components",
        (json_int_t)result->components, "rank", (json_int_t)result->rank, "singular_values",
        json_numbers(result->values.data, result->components), "norm", json_number(report->norm),
        "error", json_error(report->kind, report->error, 0.0), "tolerance",
        json_tolerance(result->options->tolerance, report->tolerance_met != 0), "gap",
        json_positive(report->gap), "warning", json_text(result->warning), "seconds", "read",
        result->data.seconds_read, "compute", result->seconds_compute, "write", run->seconds_write,
        "total", run->seconds_total, "memory", json_memory(run), "output", "directory",
        json_text(listed->directory), "files", output_files_json(listed));
}

static void print_values(const struct svd_result *result)
{
    const double *values = result->values.data;
    int64_t k = result->components;

    puts("\n      index   singular value   of the largest");
    for (int64_t i = 0; i < k; i++) {
        if (!table_shows(i, k)) {
            if (table_shows(i - 1, k)) puts("        ...");
            continue;
        }
        printf("  %9" PRId64 "  %15.8g  %15.4g\n", i + 1, values[i],
               values[0] > 0.0 ? values[i] / values[0] : 0.0);
    }
    putchar('\n');
}

static void print_error(const struct svd_result *result)
{
    const ritz_sketch_report *report = &result->report;

    print_line("Norm", "%.6g (Frobenius)", report->norm);
    if (report->kind != RITZ_ERROR_NONE) {
        print_line("Error", "%.4g: Frobenius norm of what the %" PRId64 " triplets leave out (%s)",
                   report->error, result->components, error_kind_name(report->kind));
    }
    print_tolerance(result->options->tolerance, report->tolerance_met != 0);
}

void svd_report_print(const struct svd_result *result, const struct run *run)
{
    int passes = result->passes;

    print_data(&result->data);
    print_device(&run->session.info);
    print_line("Method", "%s, in %s: %s", svd_method_name(result->choice.method),
               ritz_dtype_name(result->data.dtype), result->choice.reason);
    print_values(result);
    print_line("Rank", "%" PRId64 " of the %" PRId64 " values are above rounding", result->rank,
               result->components);
    print_error(result);
    print_gap(result->report.gap, result->components);
    if (result->warning[0] != '\0') print_line("Warning", "%s", result->warning);
    print_line("Time",
               "read %.3f s, compute %.3f s (%d pass%s over the data), write %.3f s; in all %.3f s",
               result->data.seconds_read, result->seconds_compute, passes, passes == 1 ? "" : "es",
               run->seconds_write, run->seconds_total);
    print_memory(run);
    print_output(&run->output);
}
