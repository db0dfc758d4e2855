/* Tables of numbers as text.
 *
 * The first line that is not skipped is a header if none of its fields is a number. Everything else
 * must be numbers, the same count on every line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/csv.h"

#include <stdlib.h>
#include <string.h>

#include "core/convert.h"
#include "core/error.h"
#include "io/csv_scanner.h"
#include "io/number.h"

enum {
    SHOWN_FIELD_BYTES = 40, /* of a field in a message */
    CONVERTED_AT_ONCE = 512
};

struct ritz_csv {
    locale_t c_locale;
    ritz_csv_shape shape;
    ritz_csv_scanner scanner;
};

static const char *csv_path(const ritz_csv *csv)
{
    return ritz_source_path(csv->scanner.source);
}

/* ---- messages ------------------------------------------------------------------------------- */

static ritz_status refuse_field(const ritz_csv *csv, const ritz_csv_field *field, int64_t column,
                                ritz_number_kind kind)
{
    const char *path = csv_path(csv);
    if (field->unbalanced) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s:%" PRId64 ": column %" PRId64
                         ": a quotation mark has no partner, or text follows it",
                         path, field->line, column);
    }
    if (field->length == 0) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s:%" PRId64 ": column %" PRId64
                         " is empty; write nan for a value that is not known",
                         path, field->line, column);
    }
    char shown[SHOWN_FIELD_BYTES + 1];
    int64_t kept = field->length < SHOWN_FIELD_BYTES ? field->length : SHOWN_FIELD_BYTES;
    for (int64_t i = 0; i < kept; i++) {
        char c = field->text[i];
        shown[i] = c >= ' ' && c <= '~' ? c : '?'; /* keep control codes off the terminal */
    }
    shown[kept] = '\0';
    if (kind == RITZ_NUMBER_TOO_LARGE) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s:%" PRId64 ": column %" PRId64
                         ": %s is too large for float64; write inf if infinity is meant",
                         path, field->line, column, shown);
    }
    bool comma = memchr(field->text, ',', (size_t)field->length) != NULL;
    return ritz_fail(RITZ_ERR_FORMAT, "%s:%" PRId64 ": column %" PRId64 ": '%s' is not a number%s",
                     path, field->line, column, shown,
                     comma ? "; decimals are written with a point" : "");
}

static ritz_status refuse_length(const ritz_csv *csv, int64_t line, int64_t fields)
{
    return ritz_fail(RITZ_ERR_FORMAT,
                     "%s:%" PRId64 ": this line has %" PRId64 " fields, the first has %" PRId64
                     "; every row needs the same number of columns",
                     csv_path(csv), line, fields, csv->shape.cols);
}

static ritz_status file_changed(const ritz_csv *csv)
{
    return ritz_fail(RITZ_ERR_IO, "%s changed while it was read; let its writer finish first",
                     csv_path(csv));
}

/* ---- delimiter and header ------------------------------------------------------------------- */

static ritz_number_kind parse_field(const ritz_csv *csv, const ritz_csv_field *field, double *value)
{
    if (field->unbalanced) return RITZ_NOT_A_NUMBER;
    return ritz_number_parse(field->text, field->length, csv->c_locale, value);
}

/* What a line is made of, if its fields are separated by the scanner's delimiter. */
typedef struct line_contents {
    int64_t line;
    int64_t fields;
    int64_t numbers;
} line_contents;

static ritz_status read_contents(ritz_csv *csv, line_contents *contents)
{
    ritz_csv_field field = {.last = false};
    *contents = (line_contents){.line = csv->scanner.line};
    while (!field.last) {
        double value = 0;
        RITZ_TRY(ritz_csv_next_field(&csv->scanner, &field));
        contents->fields++;
        if (parse_field(csv, &field, &value) != RITZ_NOT_A_NUMBER) contents->numbers++;
    }
    return RITZ_OK;
}

/* Is the line that starts at `start` of the buffer nothing but numbers, with the scanner's
 * delimiter between them? */
static ritz_status splits_into_numbers(ritz_csv *csv, int64_t start, bool *does)
{
    ritz_csv_scanner *s = &csv->scanner;
    line_contents contents;
    s->at = start;
    RITZ_TRY(read_contents(csv, &contents));
    bool cut =
        s->at == s->end && s->end == RITZ_CSV_BUFFER; /* its last field may be half a number */
    *does = contents.fields > 1 && contents.numbers + (cut ? 1 : 0) >= contents.fields;
    return RITZ_OK;
}

/* Set the first delimiter that splits a line into numbers, if there is one. */
static ritz_status try_delimiters(ritz_csv *csv, int64_t start, bool *found)
{
    static const char delimiters[] = {',', ';', '\t', ' '};
    *found = false;
    for (size_t i = 0; i < sizeof delimiters && !*found; i++) {
        ritz_csv_set_delimiter(&csv->scanner, delimiters[i]);
        RITZ_TRY(splits_into_numbers(csv, start, found));
    }
    return RITZ_OK;
}

/* Set the first delimiter that occurs in a line; the comma if none does (one column). */
static void guess_delimiter(ritz_csv *csv, int64_t start)
{
    static const char by_rank[] = {';', '\t', ','}; /* 1,5;2,5 has decimal commas */
    ritz_csv_scanner *s = &csv->scanner;
    const char *line = s->buffer + start;
    const char *end = memchr(line, '\n', (size_t)(s->end - start));
    size_t length = (size_t)((end != NULL ? end : s->buffer + s->end) - line);
    for (size_t i = 0; i < sizeof by_rank; i++) {
        ritz_csv_set_delimiter(s, by_rank[i]);
        if (memchr(line, by_rank[i], length) != NULL) return;
    }
}

/* Find the delimiter from the second line, because the first may be a header, or from the first.
 * `any` says whether there is a line at all. Looks at no more than a buffer. */
static ritz_status detect_delimiter(ritz_csv *csv, bool *any)
{
    ritz_csv_scanner *s = &csv->scanner;
    ritz_csv_field line;
    bool found = false;
    RITZ_TRY(ritz_csv_restart(s));
    ritz_csv_set_delimiter(s, '\n'); /* fields are lines */
    RITZ_TRY(ritz_csv_start_line(s, any));
    if (!*any) return RITZ_OK;
    RITZ_TRY(ritz_csv_hold(s));
    int64_t first = s->at;
    RITZ_TRY(ritz_csv_next_field(s, &line));
    RITZ_TRY(ritz_csv_start_line(s, &found));
    int64_t second = found ? s->at : first;
    RITZ_TRY(try_delimiters(csv, second, &found));
    if (!found) RITZ_TRY(try_delimiters(csv, first, &found));
    if (!found) guess_delimiter(csv, second);
    return RITZ_OK;
}

/* Read the first line and decide whether it is a header. */
static ritz_status read_first_line(ritz_csv *csv)
{
    bool found = false;
    line_contents first;
    RITZ_TRY(ritz_csv_restart(&csv->scanner));
    RITZ_TRY(ritz_csv_start_line(&csv->scanner, &found));
    if (!found) return file_changed(csv);
    RITZ_TRY(read_contents(csv, &first));
    csv->shape.cols = first.fields;
    if (first.numbers == first.fields) {
        csv->shape.rows = 1;
    } else if (first.numbers == 0) {
        csv->shape.header_lines = 1;
    } else {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s:%" PRId64 ": %" PRId64 " of the %" PRId64
                         " fields are numbers, so that the line is neither a header nor a row; put "
                         "a # before a header",
                         csv_path(csv), first.line, first.numbers, first.fields);
    }
    return RITZ_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static ritz_status count_rows(ritz_csv *csv)
{
    ritz_csv_scanner *s = &csv->scanner;
    for (;;) {
        bool found = false;
        RITZ_TRY(ritz_csv_start_line(s, &found));
        if (!found) return RITZ_OK;
        ritz_csv_field field = {.last = false};
        int64_t fields = 0;
        while (!field.last) {
            RITZ_TRY(ritz_csv_next_field(s, &field));
            fields++;
        }
        if (fields != csv->shape.cols) return refuse_length(csv, field.line, fields);
        csv->shape.rows++;
    }
}

static ritz_status scan_file(ritz_csv *csv)
{
    bool found = false;
    RITZ_TRY(detect_delimiter(csv, &found));
    if (found) {
        csv->shape.delimiter = csv->scanner.delimiter;
        RITZ_TRY(read_first_line(csv));
        RITZ_TRY(count_rows(csv));
    }
    if (csv->shape.rows == 0) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s holds no row of numbers; Ritz reads .npy, IDX and CSV files",
                         csv_path(csv));
    }
    return ritz_csv_rewind(csv);
}

ritz_status ritz_csv_open(ritz_source *source, ritz_csv **out)
{
    ritz_status rc = RITZ_OK;
    *out = NULL;
    ritz_csv *csv = calloc(1, sizeof *csv);
    if (csv == NULL) {
        return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", ritz_source_path(source));
    }
    csv->scanner.source = source;
    csv->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (csv->c_locale == (locale_t)0) {
        rc = ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", ritz_source_path(source));
        goto out;
    }
    RITZ_TRY_OUT(scan_file(csv));
    *out = csv;
    return RITZ_OK;
out:
    ritz_csv_close(&csv);
    return rc;
}

void ritz_csv_close(ritz_csv **csv)
{
    if (*csv != NULL && (*csv)->c_locale != (locale_t)0) freelocale((*csv)->c_locale);
    free(*csv);
    *csv = NULL;
}

ritz_csv_shape ritz_csv_get_shape(const ritz_csv *csv)
{
    return csv->shape;
}

ritz_status ritz_csv_rewind(ritz_csv *csv)
{
    RITZ_TRY(ritz_csv_restart(&csv->scanner));
    if (csv->shape.header_lines == 0) return RITZ_OK;
    bool found = false;
    line_contents header;
    RITZ_TRY(ritz_csv_start_line(&csv->scanner, &found));
    return found ? read_contents(csv, &header) : file_changed(csv);
}

static ritz_status read_row(ritz_csv *csv, unsigned char *dst, ritz_dtype dtype)
{
    int64_t cols = csv->shape.cols;
    size_t size = ritz_dtype_size(dtype);
    ritz_csv_field field = {.last = false};
    double values[CONVERTED_AT_ONCE];
    bool found = false;
    RITZ_TRY(ritz_csv_start_line(&csv->scanner, &found));
    if (!found) return file_changed(csv);
    for (int64_t first = 0; first < cols; first += CONVERTED_AT_ONCE) {
        int64_t n = cols - first < CONVERTED_AT_ONCE ? cols - first : CONVERTED_AT_ONCE;
        for (int64_t j = 0; j < n; j++) {
            if (field.last) return file_changed(csv);
            RITZ_TRY(ritz_csv_next_field(&csv->scanner, &field));
            ritz_number_kind kind = parse_field(csv, &field, &values[j]);
            if (kind != RITZ_NUMBER) return refuse_field(csv, &field, first + j + 1, kind);
        }
        ritz_convert_strided(n, values, RITZ_ELEM_F64, 1, dst + (size_t)first * size, dtype, 1);
    }
    return field.last ? RITZ_OK : file_changed(csv);
}

ritz_status ritz_csv_read(ritz_csv *csv, int64_t count, void *dst, ritz_dtype dtype, int64_t ld)
{
    unsigned char *row = dst;
    for (int64_t i = 0; i < count; i++) {
        RITZ_TRY(read_row(csv, row, dtype));
        row += (size_t)ld * ritz_dtype_size(dtype);
    }
    return RITZ_OK;
}
