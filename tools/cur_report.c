/* What `ritz cur` says about a decomposition.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cur_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "report.h"

bool cur_tolerance_missed(const struct cur_result *result)
{
    return result->options->tolerance > 0.0 && !result->report.tolerance_met;
}

static json_t *method_json(const struct cur_result *result)
{
    const ritz_sketch_report *report = &result->report;
    return json_pack("{s:s, s:I, s:i, s:I}", "dtype", ritz_dtype_name(result->data.dtype), "seed",
                     (json_int_t)result->options->common.seed, "power_iterations",
                     report->power_iterations, "sample_size", (json_int_t)report->sample_size);
}

static json_t *indices_json(ritz_hmat indices, int64_t count)
{
    const int64_t *numbers = indices.data;
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++) json_array_append_new(array, json_integer(numbers[i]));
    return array;
}

json_t *cur_report_json(const struct cur_result *result, const struct run *run,
                        const struct output *listed)
{
    const ritz_sketch_report *report = &result->report;
    int64_t k = result->components;
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:f, s:f, s:f, s:f}, s:o, "
        "s:{s:o, s:o}}",
        "ritz", RITZ_VERSION_STRING, "command", "cur", "data", json_data(&result->data), "device",
        json_device(&run->session.info), "method", method_json(result), "components", (json_int_t)k,
        "columns", indices_json(result->columns, k), "rows", indices_json(result->rows, k), "norm",
        json_number(report->norm), "error", json_error(report->kind, report->error, 0.0),
        "tolerance", json_tolerance(result->options->tolerance, report->tolerance_met != 0),
        "warning", json_text(result->warning), "seconds", "read", result->data.seconds_read,
        "compute", result->seconds_compute, "write", run->seconds_write, "total",
        run->seconds_total, "memory", json_memory(run), "output", "directory",
        json_text(listed->directory), "files", output_files_json(listed));
}

static void print_indices(const struct cur_result *result)
{
    const int64_t *columns = result->columns.data;
    const int64_t *rows = result->rows.data;
    int64_t k = result->components;

    puts("\n       rank       column          row");
    for (int64_t i = 0; i < k; i++) {
        if (!table_shows(i, k)) {
            if (table_shows(i - 1, k)) puts("        ...");
            continue;
        }
        printf("  %9" PRId64 "  %11" PRId64 "  %11" PRId64 "\n", i + 1, columns[i], rows[i]);
    }
    putchar('\n');
}

static void print_error(const struct cur_result *result)
{
    const ritz_sketch_report *report = &result->report;
    char part[48] = "";

    if (report->norm > 0.0) {
        snprintf(part, sizeof part, ", %.4g of it", report->error / report->norm);
        print_line("Norm", "%.6g (Frobenius)", report->norm);
    }
    if (report->kind != RITZ_ERROR_NONE) {
        print_line("Error", "%.4g%s: Frobenius norm of A - C U R (%s)", report->error, part,
                   error_kind_name(report->kind));
    }
    print_tolerance(result->options->tolerance, report->tolerance_met != 0);
}

void cur_report_print(const struct cur_result *result, const struct run *run)
{
    print_data(&result->data);
    print_device(&run->session.info);
    print_line("Method", "pivoted QR of a sketch, in %s", ritz_dtype_name(result->data.dtype));
    print_indices(result);
    print_error(result);
    if (result->warning[0] != '\0') print_line("Warning", "%s", result->warning);
    print_line("Time", "read %.3f s, compute %.3f s, write %.3f s; in all %.3f s",
               result->data.seconds_read, result->seconds_compute, run->seconds_write,
               run->seconds_total);
    print_memory(run);
    print_output(&run->output);
}
