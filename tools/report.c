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
#include <sys/resource.h>

enum { LABEL_WIDTH = 12, PAGE_WIDTH = 100, TABLE_WHOLE = 16, TABLE_HEAD = 10 };

int64_t peak_memory(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return (int64_t)usage.ru_maxrss * 1024; /* Linux counts in KiB */
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
