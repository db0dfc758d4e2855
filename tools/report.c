/* Parts of the reports, for people and as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_WIDTH = 12, PAGE_WIDTH = 100, TABLE_WHOLE = 16, TABLE_HEAD = 10 };

/* Not of getrusage: Linux counts there what the parent held when it started this program. */
int64_t peak_memory(void)
{
    char line[128];
    long long kibibytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    if (file == NULL) return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmHWM: %lld kB", &kibibytes) == 1) break;
    }
    (void)fclose(file);
    return (int64_t)kibibytes * 1024;
}

json_t *json_number(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

json_t *json_numbers(const double *numbers, int64_t count)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++) json_array_append_new(array, json_number(numbers[i]));
    return array;
}

json_t *json_text(const char *text)
{
    if (text == NULL || text[0] == '\0') return json_null();
    /* A file name need not be UTF-8. */
    json_t *string = json_string(text);
    return string != NULL ? string : json_string("(not UTF-8)");
}

json_t *json_device(const ritz_device_info *info)
{
    return json_pack("{s:s, s:i, s:o, s:o, s:i, s:I}", "kind",
                     info->kind == RITZ_DEVICE_CUDA ? "cuda" : "cpu", "index", info->index, "name",
                     json_text(info->name), "library", json_text(info->library), "threads",
                     info->threads, "memory_bytes", (json_int_t)info->memory_bytes);
}

const char *error_kind_name(ritz_error_kind kind)
{
    switch (kind) {
    case RITZ_ERROR_EXACT: return "exact";
    case RITZ_ERROR_ESTIMATE: return "estimate";
    case RITZ_ERROR_BOUND: return "bound";
    case RITZ_ERROR_NONE: break;
    }
    return "none";
}

json_t *json_data(const struct data *data)
{
    json_t *files = json_array();
    for (size_t i = 0; i < data->path_count; i++) {
        json_array_append_new(files, json_text(data->paths[i]));
    }
    return json_pack(
        "{s:o, s:I, s:I, s:o, s:s}", "files", files, "rows", (json_int_t)data->info.rows, "columns",
        (json_int_t)data->info.cols, "nonzeros",
        data->sparse != NULL ? json_integer(ritz_spmat_nonzeros(data->sparse)) : json_null(),
        "dtype", ritz_dtype_name(data->info.dtype));
}

json_t *json_memory(const struct run *run)
{
    return json_pack("{s:o, s:I, s:I}", "limit_bytes",
                     run->memory_limit > 0 ? json_integer(run->memory_limit) : json_null(),
                     "peak_bytes", (json_int_t)peak_memory(), "device_peak_bytes",
                     (json_int_t)run->device_peak);
}

json_t *json_positive(double number)
{
    return number > 0.0 ? json_number(number) : json_null();
}

json_t *json_tolerance(double tolerance, bool met)
{
    return json_pack("{s:o, s:o}", "asked", json_positive(tolerance), "met",
                     tolerance > 0.0 ? json_boolean(met) : json_null());
}

json_t *json_error(ritz_error_kind kind, double value, double resolution)
{
    bool known = kind != RITZ_ERROR_NONE;
    return json_pack("{s:s, s:o, s:o}", "kind", error_kind_name(kind), "value",
                     known ? json_number(value) : json_null(), "resolution",
                     known && resolution > 0.0 ? json_number(resolution) : json_null());
}

char *json_print(json_t *report)
{
    char *text =
        report == NULL ? NULL : json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    if (text == NULL) complain("out of memory while the report was written");
    json_decref(report);
    return text;
}

void format_bytes(int64_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double amount = (double)bytes;
    size_t unit = 0;
    while (amount >= 1024.0 && unit + 1 < sizeof units / sizeof *units) {
        amount /= 1024.0;
        unit++;
    }
    snprintf(text, size, amount < 10.0 && unit > 0 ? "%.1f %s" : "%.0f %s", amount, units[unit]);
}

void print_data(const struct data *data)
{
    if (data->path_count == 1) {
        printf("%-*s%s\n", LABEL_WIDTH, "Data", data->paths[0]);
    } else {
        printf("%-*s%s and %zu more\n", LABEL_WIDTH, "Data", data->paths[0], data->path_count - 1);
    }
    if (data->sparse != NULL) {
        print_line("", "%" PRId64 " rows, %" PRId64 " columns, %" PRId64 " stored elements, %s",
                   data->info.rows, data->info.cols, ritz_spmat_nonzeros(data->sparse),
                   ritz_dtype_name(data->info.dtype));
    } else {
        print_line("", "%" PRId64 " rows, %" PRId64 " columns, %s", data->info.rows,
                   data->info.cols, ritz_dtype_name(data->info.dtype));
    }
}

void print_device(const ritz_device_info *info)
{
    print_line("Device", "%s; %s; %d %s", info->name, info->library, info->threads,
               info->kind == RITZ_DEVICE_CUDA ? "multiprocessors" : "threads");
}

void print_output(const struct output *output)
{
    if (output->directory == NULL) return;
    printf("%-*s%s:", LABEL_WIDTH, "Results", output->directory);
    for (size_t i = 0; i < output->count; i++) printf(" %s", output->files[i]);
    putchar('\n');
}

void print_gap(double gap, int64_t components)
{
    if (gap <= 0.0 || isinf(gap)) return;
    print_line("Gap", "singular value %" PRId64 " is %.4g times the next", components, gap);
}

void print_tolerance(double tolerance, bool met)
{
    if (tolerance <= 0.0) return;
    print_line("Tolerance", "%.4g of the norm: %s", tolerance, met ? "met" : "not met");
}

void print_memory(const struct run *run)
{
    char peak[32];
    char limit[32];
    format_bytes(peak_memory(), peak, sizeof peak);
    format_bytes(run->memory_limit, limit, sizeof limit);
    print_line("Memory", "%s at the peak, of the whole process%s%s", peak,
               run->memory_limit > 0 ? "; allowed " : "", run->memory_limit > 0 ? limit : "");
}

void print_line(const char *label, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) return;

    printf("%-*s", LABEL_WIDTH, label);
    int column = LABEL_WIDTH;
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        int width = (int)strlen(word);
        bool first = column == LABEL_WIDTH;
        if (!first && column + 1 + width > PAGE_WIDTH) {
            printf("\n%*s", LABEL_WIDTH, "");
            column = LABEL_WIDTH;
            first = true;
        }
        printf("%s%s", first ? "" : " ", word);
        column += width + !first;
    }
    putchar('\n');
    free(text);
}

bool table_shows(int64_t i, int64_t n)
{
    return n <= TABLE_WHOLE || i < TABLE_HEAD || i == n - 1;
}
