/* Matrix Market files: sparse matrices as text (Boisvert, Pozo and Remington, NISTIR 5935, 1996).
 *
 *     %%MatrixMarket matrix coordinate real general
 *     % comments
 *     rows columns entries
 *     row column value
 *
 * Rows and columns count from 1. Of a symmetric or skew-symmetric matrix one triangle stands in the
 * file. What the size line promises is believed only as far as the file bears it out: memory grows
 * with the entries that are read.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/matrix_market.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/check.h"
#include "io/number.h"
#include "io/source.h"

enum {
    LINE_BUFFER = 1 << 18,
    SHOWN_BYTES = 40, /* of a field in a message */
    MOST_FIELDS = 5,  /* of a line that counts */
    SHORTEST_ENTRY = 4,
    FIRST_CAPACITY = 1 << 12
};

enum field_type { FIELD_REAL, FIELD_INTEGER, FIELD_PATTERN };
enum symmetry { GENERAL, SYMMETRIC, SKEW_SYMMETRIC };

struct field {
    char *text; /* not terminated; the byte behind it may be borrowed */
    int64_t length;
};

struct market {
    ritz_source *source;
    locale_t c_locale;
    enum field_type type;
    enum symmetry symmetry;
    int64_t entries;  /* as promised */
    int64_t capacity; /* of the triplets */
    int triangle;     /* -1 or 1: where entries off the diagonal stand; 0: none so far */
    int64_t line;     /* the one in `field`, from 1 */
    int count;        /* its fields, at most MOST_FIELDS */
    struct field field[MOST_FIELDS];
    int64_t at, end; /* of the buffer: the next line; behind the last byte */
    bool ended;      /* the source has no more */
    char buffer[LINE_BUFFER + 1];
};

static const char *path_of(const struct market *f)
{
    return ritz_source_path(f->source);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* The next line, without its end; NULL if there is none. */
static ritz_status next_line(struct market *f, char **text, int64_t *length)
{
    for (;;) {
        char *start = f->buffer + f->at;
        const int64_t left = f->end - f->at;
        const char *found = memchr(start, '\n', (size_t)left);
        if (found || f->ended) {
            *text = found || left > 0 ? start : NULL;
            *length = found ? found - start : left;
            f->at += *length + (found != NULL);
            f->line++;
            return RITZ_OK;
        }
        memmove(f->buffer, start, (size_t)left);
        f->at = 0;
        f->end = left;
        RITZ_REQUIRE(left < LINE_BUFFER, RITZ_ERR_FORMAT,
                     "%s:%" PRId64 ": the line is longer than %d bytes; this is no Matrix Market "
                     "file",
                     path_of(f), f->line + 1, LINE_BUFFER);
        int64_t got = 0;
        RITZ_TRY(ritz_source_read(f->source, f->buffer + left, LINE_BUFFER - left, &got));
        f->end += got;
        f->ended = got < LINE_BUFFER - left;
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Split a line at spaces; one field too many is kept, so that it is seen. */
static void split(struct market *f, char *text, int64_t length)
{
    f->count = 0;
    for (int64_t i = 0; i < length && f->count < MOST_FIELDS;) {
        while (i < length && is_space(text[i])) i++;
        const int64_t first = i;
        while (i < length && !is_space(text[i])) i++;
        if (i > first) f->field[f->count++] = (struct field){text + first, i - first};
    }
}

/* The next line that is neither empty nor a comment; no fields: there is none. */
static ritz_status next_fields(struct market *f)
{
    for (;;) {
        char *text = NULL;
        int64_t length = 0;
        RITZ_TRY(next_line(f, &text, &length));
        f->count = 0;
        if (!text) return RITZ_OK;
        if (length > 0 && text[0] == '%') continue;
        split(f, text, length);
        if (f->count > 0) return RITZ_OK;
    }
}

/* A field for a message: its beginning, without control codes. */
static const char *shown(const struct field *field, char *buffer)
{
    const int64_t length = field->length < SHOWN_BYTES ? field->length : SHOWN_BYTES;
    for (int64_t i = 0; i < length; i++) {
        const char c = field->text[i];
        buffer[i] = c;
        if (c < ' ' || c > '~') buffer[i] = '?';
    }
    buffer[length] = '\0';
    return buffer;
}

/* ---- the header ------------------------------------------------------------------------------ */

static bool is_word(const struct field *field, const char *word)
{
    if (field->length != (int64_t)strlen(word)) return false;
    for (int64_t i = 0; i < field->length; i++) {
        const char c = field->text[i];
        if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != word[i]) return false;
    }
    return true;
}

static ritz_status read_type(struct market *f, const struct field *field)
{
    static const char *const names[] = {"real", "integer", "pattern", "double"};
    static const enum field_type types[] = {FIELD_REAL, FIELD_INTEGER, FIELD_PATTERN, FIELD_REAL};
    char text[SHOWN_BYTES + 1];
    for (int i = 0; i < 4; i++)
        if (is_word(field, names[i])) {
            f->type = types[i];
            return RITZ_OK;
        }
    RITZ_REQUIRE(!is_word(field, "complex"), RITZ_ERR_DTYPE,
                 "%s holds complex numbers; Ritz reads real, integer and pattern", path_of(f));
    return ritz_fail(RITZ_ERR_FORMAT,
                     "%s:1: the field is '%s'; Ritz reads real, integer and pattern", path_of(f),
                     shown(field, text));
}

static ritz_status read_symmetry(struct market *f, const struct field *field)
{
    static const char *const names[] = {"general", "symmetric", "skew-symmetric"};
    static const enum symmetry kinds[] = {GENERAL, SYMMETRIC, SKEW_SYMMETRIC};
    char text[SHOWN_BYTES + 1];
    for (int i = 0; i < 3; i++)
        if (is_word(field, names[i])) {
            f->symmetry = kinds[i];
            return RITZ_OK;
        }
    return ritz_fail(RITZ_ERR_FORMAT,
                     "%s:1: the symmetry is '%s'; Ritz reads general, symmetric and skew-symmetric",
                     path_of(f), shown(field, text));
}

static ritz_status read_banner(struct market *f)
{
    char *text = NULL;
    int64_t length = 0;
    RITZ_TRY(next_line(f, &text, &length));
    split(f, text, text ? length : 0);
    RITZ_REQUIRE(f->count > 0 && is_word(&f->field[0], "%%matrixmarket"), RITZ_ERR_FORMAT,
                 "%s is no Matrix Market file: its first line does not begin with %%%%MatrixMarket",
                 path_of(f));
    RITZ_REQUIRE(f->count == 5 && is_word(&f->field[1], "matrix"), RITZ_ERR_FORMAT,
                 "%s:1: the first line must read %%%%MatrixMarket matrix coordinate, a field such "
                 "as real, and a symmetry such as general",
                 path_of(f));
    RITZ_REQUIRE(!is_word(&f->field[2], "array"), RITZ_ERR_FORMAT,
                 "%s holds a dense matrix (the format's array), not a sparse one; write it with "
                 "numpy.save and read it as .npy",
                 path_of(f));
    RITZ_REQUIRE(is_word(&f->field[2], "coordinate"), RITZ_ERR_FORMAT,
                 "%s:1: the format must be coordinate", path_of(f));
    RITZ_TRY(read_type(f, &f->field[3]));
    RITZ_TRY(read_symmetry(f, &f->field[4]));
    RITZ_REQUIRE(f->type != FIELD_PATTERN || f->symmetry != SKEW_SYMMETRIC, RITZ_ERR_FORMAT,
                 "%s:1: a pattern cannot be skew-symmetric, as it has no signs", path_of(f));
    return RITZ_OK;
}

/* A whole number that is not negative. */
static ritz_status read_count(const struct market *f, const struct field *field, const char *what,
                              int64_t *value)
{
    char text[SHOWN_BYTES + 1];
    *value = 0;
    bool valid = field->length > 0;
    for (int64_t i = 0; valid && i < field->length; i++) {
        const int digit = field->text[i] - '0';
        valid = digit >= 0 && digit <= 9 && !__builtin_mul_overflow(*value, 10, value) &&
                !__builtin_add_overflow(*value, digit, value);
    }
    RITZ_REQUIRE(valid, RITZ_ERR_FORMAT, "%s:%" PRId64 ": '%s' is no %s", path_of(f), f->line,
                 shown(field, text), what);
    return RITZ_OK;
}

static ritz_status read_sizes(struct market *f, struct ritz_triplets *t)
{
    RITZ_TRY(next_fields(f));
    RITZ_REQUIRE(f->count > 0, RITZ_ERR_FORMAT, "%s is cut short: it has no line of sizes",
                 path_of(f));
    RITZ_REQUIRE(f->count == 3, RITZ_ERR_FORMAT,
                 "%s:%" PRId64
                 ": the line of sizes must have three numbers: rows, columns, entries",
                 path_of(f), f->line);
    RITZ_TRY(read_count(f, &f->field[0], "number of rows", &t->rows));
    RITZ_TRY(read_count(f, &f->field[1], "number of columns", &t->cols));
    RITZ_TRY(read_count(f, &f->field[2], "number of entries", &f->entries));
    RITZ_TRY(ritz_spmat_check_sizes(t->rows, t->cols));
    RITZ_REQUIRE(f->symmetry == GENERAL || t->rows == t->cols, RITZ_ERR_FORMAT,
                 "%s:%" PRId64 ": the matrix is %" PRId64 " x %" PRId64
                 ", and a symmetric one must be square",
                 path_of(f), f->line, t->rows, t->cols);
    RITZ_REQUIRE(f->entries <= ritz_source_max_bytes(f->source) / SHORTEST_ENTRY + 1,
                 RITZ_ERR_FORMAT,
                 "%s is cut short or its line of sizes is wrong: it promises %" PRId64
                 " entries, more than fit into the file; fetch or make it again",
                 path_of(f), f->entries);
    return RITZ_OK;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* One more element; room for the mirrored one too. */
static ritz_status grow(struct market *f, struct ritz_triplets *t)
{
    if (t->count + 2 <= f->capacity) return RITZ_OK;
    const int64_t capacity = f->capacity ? f->capacity + f->capacity / 2 : FIRST_CAPACITY;
    int32_t *row = realloc(t->row, (size_t)capacity * sizeof *row);
    if (row) t->row = row;
    int32_t *col = realloc(t->col, (size_t)capacity * sizeof *col);
    if (col) t->col = col;
    double *value = realloc(t->value, (size_t)capacity * sizeof *value);
    if (value) t->value = value;
    RITZ_REQUIRE(row && col && value, RITZ_ERR_MEMORY,
                 "%s: out of memory after %" PRId64 " entries", path_of(f), t->count);
    f->capacity = capacity;
    return RITZ_OK;
}

static void append(struct ritz_triplets *t, int64_t row, int64_t col, double value)
{
    t->row[t->count] = (int32_t)row;
    t->col[t->count] = (int32_t)col;
    t->value[t->count] = value;
    t->count++;
}

static ritz_status read_index(const struct market *f, const struct field *field, const char *what,
                              int64_t limit, int64_t *index)
{
    RITZ_TRY(read_count(f, field, what, index));
    RITZ_REQUIRE(*index >= 1 && *index <= limit, RITZ_ERR_FORMAT,
                 "%s:%" PRId64 ": the %s is %" PRId64 "; it must be from 1 to %" PRId64, path_of(f),
                 f->line, what, *index, limit);
    --*index;
    return RITZ_OK;
}

static ritz_status read_value(const struct market *f, const struct field *field, double *value)
{
    char text[SHOWN_BYTES + 1];
    const ritz_number_kind kind = ritz_number_parse(field->text, field->length, f->c_locale, value);
    RITZ_REQUIRE(kind != RITZ_NUMBER_TOO_LARGE, RITZ_ERR_FORMAT,
                 "%s:%" PRId64 ": %s is too large for float64; write inf if infinity is meant",
                 path_of(f), f->line, shown(field, text));
    RITZ_REQUIRE(kind == RITZ_NUMBER, RITZ_ERR_FORMAT, "%s:%" PRId64 ": '%s' is not a number",
                 path_of(f), f->line, shown(field, text));
    RITZ_REQUIRE(f->type != FIELD_INTEGER || *value == rint(*value), RITZ_ERR_FORMAT,
                 "%s:%" PRId64 ": '%s' is not an integer, which the first line promises",
                 path_of(f), f->line, shown(field, text));
    return RITZ_OK;
}

/* An entry of a matrix of which one triangle is given. */
static ritz_status check_triangle(struct market *f, int64_t row, int64_t col)
{
    RITZ_REQUIRE(row != col || f->symmetry == SYMMETRIC, RITZ_ERR_FORMAT,
                 "%s:%" PRId64 ": an entry stands on the diagonal of a skew-symmetric matrix",
                 path_of(f), f->line);
    if (row == col) return RITZ_OK;
    const int side = row > col ? 1 : -1;
    RITZ_REQUIRE(f->triangle == 0 || f->triangle == side, RITZ_ERR_FORMAT,
                 "%s:%" PRId64 ": entries stand on both sides of the diagonal; a symmetric file "
                 "holds one triangle, and other matrices are 'general'",
                 path_of(f), f->line);
    f->triangle = side;
    return RITZ_OK;
}

static ritz_status read_entry(struct market *f, struct ritz_triplets *t)
{
    const int wanted = f->type == FIELD_PATTERN ? 2 : 3;
    RITZ_REQUIRE(f->count == wanted, RITZ_ERR_FORMAT,
                 "%s:%" PRId64 ": the line has %d fields%s; an entry has %d: row, column%s",
                 path_of(f), f->line, f->count, f->count == MOST_FIELDS ? " or more" : "", wanted,
                 wanted == 3 ? ", value" : "");
    int64_t row = 0, col = 0;
    double value = 1;
    RITZ_TRY(read_index(f, &f->field[0], "row", t->rows, &row));
    RITZ_TRY(read_index(f, &f->field[1], "column", t->cols, &col));
    if (wanted == 3) RITZ_TRY(read_value(f, &f->field[2], &value));
    if (f->symmetry != GENERAL) RITZ_TRY(check_triangle(f, row, col));
    RITZ_TRY(grow(f, t));
    append(t, row, col, value);
    if (f->symmetry != GENERAL && row != col)
        append(t, col, row, f->symmetry == SYMMETRIC ? value : -value);
    return RITZ_OK;
}

static ritz_status read_entries(struct market *f, struct ritz_triplets *t)
{
    RITZ_TRY(grow(f, t));
    for (int64_t k = 0; k < f->entries; k++) {
        RITZ_TRY(next_fields(f));
        RITZ_REQUIRE(f->count > 0, RITZ_ERR_FORMAT,
                     "%s is cut short: it has %" PRId64 " of the %" PRId64
                     " entries that it promises; fetch or make it again",
                     path_of(f), k, f->entries);
        RITZ_TRY(read_entry(f, t));
    }
    RITZ_TRY(next_fields(f));
    RITZ_REQUIRE(f->count == 0, RITZ_ERR_FORMAT,
                 "%s:%" PRId64 ": more follows behind the %" PRId64 " entries that are promised",
                 path_of(f), f->line, f->entries);
    return RITZ_OK;
}

ritz_status ritz_matrix_market_read(const char *path, struct ritz_triplets *t)
{
    ritz_status rc = RITZ_OK;
    *t = (struct ritz_triplets){.count = 0};
    struct market *f = calloc(1, sizeof *f);
    if (!f) return ritz_fail(RITZ_ERR_MEMORY, "out of memory while opening a file");
    RITZ_TRY_OUT(ritz_source_open(path, &f->source));
    f->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (f->c_locale == (locale_t)0) {
        rc = ritz_fail(RITZ_ERR_MEMORY, "%s: newlocale failed: %s", path, strerror(errno));
        goto out;
    }
    RITZ_TRY_OUT(read_banner(f));
    RITZ_TRY_OUT(read_sizes(f, t));
    RITZ_TRY_OUT(read_entries(f, t));
out:
    if (f->c_locale != (locale_t)0) freelocale(f->c_locale);
    ritz_source_close(&f->source);
    free(f);
    if (rc != RITZ_OK) ritz_triplets_free(t);
    return rc;
}

int ritz_is_matrix_market(const char *path)
{
    RITZ_SCOPE();
    static const char banner[] = "%%MatrixMarket";
    char start[sizeof banner - 1];
    int64_t got = 0;
    ritz_source *source = NULL;
    if (path == NULL || ritz_source_open(path, &source) != RITZ_OK) return 0;
    bool read = ritz_source_read(source, start, sizeof start, &got) == RITZ_OK;
    ritz_source_close(&source);
    return read && got == sizeof start && strncasecmp(start, banner, sizeof start) == 0;
}

ritz_status ritz_spmat_load(ritz_stream *s, const char *path, const ritz_spmat_options *opts,
                            ritz_spmat **A)
{
    RITZ_ENTER(s, NULL);
    RITZ_REQUIRE(A != NULL, RITZ_ERR_ARGUMENT, "A is NULL; it receives the matrix");
    *A = NULL;
    RITZ_TRY(ritz_spmat_check_options(opts));
    struct ritz_triplets t;
    RITZ_TRY(ritz_matrix_market_read(path, &t));
    return ritz_spmat_from_triplets(s, &t, RITZ_F64, opts, A);
}
