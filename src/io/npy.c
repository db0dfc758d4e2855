/* The header of NumPy's .npy files: a magic string, a version, a length, and a Python dictionary
 * with the keys descr, fortran_order and shape.
 *
 * Format: NumPy documentation, "numpy.lib.format", versions 1.0 to 3.0.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "io/format.h"

static const unsigned char npy_magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

enum {
    /* Only structured types, which are refused anyway, have headers beyond this. */
    MAX_HEADER_BYTES = 1 << 16,
    NPY_MAX_AXES = 64,      /* NumPy 2 */
    SHOWN_HEADER_BYTES = 60 /* of a piece of the header in a message */
};

bool ritz_is_npy(const unsigned char *magic, int64_t size)
{
    return size >= (int64_t)sizeof npy_magic && memcmp(magic, npy_magic, sizeof npy_magic) == 0;
}

/* ---- the dictionary ------------------------------------------------------------------------- */

typedef struct parser {
    const char *path;
    const char *text;
    int64_t size;
    int64_t at;
} parser;

static ritz_status bad_header(const parser *p, const char *what)
{
    return ritz_fail(RITZ_ERR_FORMAT,
                     "%s: the .npy header is damaged: %s at byte %" PRId64
                     " of the dictionary; write the file again with numpy.save",
                     p->path, what, p->at);
}

static char peek(const parser *p)
{
    return p->at < p->size ? p->text[p->at] : '\0';
}

static void skip_blanks(parser *p)
{
    while (p->at < p->size && (peek(p) == ' ' || peek(p) == '\n' || peek(p) == '\t')) p->at++;
}

/* Skip blanks, and `c` if it comes next. */
static bool accept(parser *p, char c)
{
    skip_blanks(p);
    if (p->at >= p->size || peek(p) != c) return false;
    p->at++;
    return true;
}

static bool accept_word(parser *p, const char *word)
{
    skip_blanks(p);
    int64_t length = (int64_t)strlen(word);
    if (p->size - p->at < length || memcmp(p->text + p->at, word, (size_t)length) != 0) {
        return false;
    }
    p->at += length;
    return true;
}

/* A quoted string without escapes. */
static ritz_status parse_string(parser *p, const char **start, int64_t *length)
{
    skip_blanks(p);
    char quote = peek(p);
    if (quote != '\'' && quote != '"') return bad_header(p, "a quoted string is missing");
    p->at++;
    *start = p->text + p->at;
    const char *end = memchr(*start, quote, (size_t)(p->size - p->at));
    if (end == NULL) return bad_header(p, "a string does not end");
    *length = end - *start;
    p->at += *length + 1;
    return RITZ_OK;
}

static ritz_status parse_bool(parser *p, bool *value)
{
    if (accept_word(p, "True")) {
        *value = true;
    } else if (accept_word(p, "False")) {
        *value = false;
    } else {
        return bad_header(p, "True or False is missing");
    }
    return RITZ_OK;
}

static ritz_status parse_size(parser *p, int64_t *value)
{
    skip_blanks(p);
    int64_t start = p->at;
    *value = 0;
    while (peek(p) >= '0' && peek(p) <= '9') {
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, peek(p) - '0', value)) {
            return bad_header(p, "an axis is longer than 2^63 - 1");
        }
        p->at++;
    }
    if (p->at == start) return bad_header(p, "the length of an axis is missing");
    (void)accept(p, 'L'); /* Python 2 wrote 3L */
    return RITZ_OK;
}

/* (), (3,), (3, 4) */
static ritz_status parse_shape(parser *p, ritz_array_header *header)
{
    header->ndim = 0;
    if (!accept(p, '(')) return bad_header(p, "'(' is missing");
    while (!accept(p, ')')) {
        if (header->ndim == NPY_MAX_AXES) return bad_header(p, "there are more than 64 axes");
        RITZ_TRY(parse_size(p, &header->shape[header->ndim]));
        header->ndim++;
        if (!accept(p, ',') && peek(p) != ')') return bad_header(p, "',' or ')' is missing");
    }
    return RITZ_OK;
}

/* ---- the type ------------------------------------------------------------------------------- */

static const struct {
    char kind;
    char size;
    ritz_elem elem;
} descrs[] = {
    {'f', '2', RITZ_ELEM_F16}, {'f', '4', RITZ_ELEM_F32}, {'f', '8', RITZ_ELEM_F64},
    {'i', '1', RITZ_ELEM_I8},  {'i', '2', RITZ_ELEM_I16}, {'i', '4', RITZ_ELEM_I32},
    {'i', '8', RITZ_ELEM_I64}, {'u', '1', RITZ_ELEM_U8},  {'u', '2', RITZ_ELEM_U16},
    {'u', '4', RITZ_ELEM_U32}, {'u', '8', RITZ_ELEM_U64}, {'b', '1', RITZ_ELEM_BOOL},
};

/* A piece of the header for a message: what could disturb a terminal becomes '?'. */
static void printable(char shown[SHOWN_HEADER_BYTES + 1], const char *text, int64_t length)
{
    int64_t kept = length < SHOWN_HEADER_BYTES ? length : SHOWN_HEADER_BYTES;
    for (int64_t i = 0; i < kept; i++) shown[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    shown[kept] = '\0';
}

static ritz_status refuse_descr(const parser *p, const char *text, int64_t length)
{
    char shown[SHOWN_HEADER_BYTES + 1];
    printable(shown, text, length);
    const char *advice = "Ritz reads real numbers of up to 64 bits; convert with "
                         "astype('float64') before numpy.save";
    if (memchr(shown, 'c', strlen(shown)) != NULL) {
        advice = "Ritz has no complex numbers; save the real and imaginary parts as two arrays";
    } else if (memchr(shown, 'V', strlen(shown)) != NULL) {
        advice = "if it is bfloat16, which .npy cannot name, convert with astype('float32') before "
                 "numpy.save";
    } else if (memchr(shown, 'O', strlen(shown)) != NULL) {
        advice = "an object array holds pickled Python objects; convert with astype('float64') "
                 "before numpy.save";
    }
    return ritz_fail(RITZ_ERR_DTYPE, "%s: elements of the type '%s' are not supported: %s", p->path,
                     shown, advice);
}

static ritz_status parse_descr(parser *p, ritz_array_header *header)
{
    skip_blanks(p);
    if (peek(p) == '[' || peek(p) == '(') {
        char shown[SHOWN_HEADER_BYTES + 1];
        printable(shown, p->text + p->at, p->size - p->at);
        return ritz_fail(RITZ_ERR_DTYPE,
                         "%s: it holds records (structured type %s...); save each field as an "
                         "array of its own",
                         p->path, shown);
    }
    const char *descr = NULL;
    int64_t length = 0;
    RITZ_TRY(parse_string(p, &descr, &length));
    if (length != 3 || strchr("<>=|", descr[0]) == NULL) return refuse_descr(p, descr, length);
    for (size_t i = 0; i < sizeof descrs / sizeof *descrs; i++) {
        if (descr[1] != descrs[i].kind || descr[2] != descrs[i].size) continue;
        header->elem = descrs[i].elem;
        header->swapped = descr[0] == '>' && ritz_elem_size(header->elem) > 1;
        return RITZ_OK;
    }
    return refuse_descr(p, descr, length);
}

enum { KEY_DESCR = 1, KEY_ORDER = 2, KEY_SHAPE = 4, ALL_KEYS = 7 };

static ritz_status parse_entry(parser *p, unsigned *seen, ritz_array_header *header)
{
    const char *key = NULL;
    int64_t length = 0;
    RITZ_TRY(parse_string(p, &key, &length));
    if (!accept(p, ':')) return bad_header(p, "':' is missing");
    unsigned which = 0;
    ritz_status status = RITZ_OK;
    if (length == 5 && memcmp(key, "descr", 5) == 0) {
        which = KEY_DESCR;
        status = parse_descr(p, header);
    } else if (length == 13 && memcmp(key, "fortran_order", 13) == 0) {
        which = KEY_ORDER;
        status = parse_bool(p, &header->fortran_order);
    } else if (length == 5 && memcmp(key, "shape", 5) == 0) {
        which = KEY_SHAPE;
        status = parse_shape(p, header);
    } else {
        return bad_header(p, "an unknown key stands");
    }
    if (status == RITZ_OK && (*seen & which) != 0) return bad_header(p, "a key comes twice");
    *seen |= which;
    return status;
}

ritz_status ritz_npy_parse(const char *path, const char *text, int64_t size,
                           ritz_array_header *header)
{
    parser p = {.path = path, .text = text, .size = size};
    unsigned seen = 0;
    if (!accept(&p, '{')) return bad_header(&p, "'{' is missing");
    while (!accept(&p, '}')) {
        RITZ_TRY(parse_entry(&p, &seen, header));
        if (!accept(&p, ',') && peek(&p) != '}') return bad_header(&p, "',' or '}' is missing");
    }
    skip_blanks(&p);
    if (p.at != p.size) return bad_header(&p, "something follows the dictionary");
    if (seen != ALL_KEYS) return bad_header(&p, "descr, fortran_order or shape is missing");
    return RITZ_OK;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Version and length of the dictionary; the length field has 2 bytes in version 1, 4 since. */
static ritz_status read_preamble(ritz_source *source, int64_t *length, int64_t *preamble)
{
    unsigned char head[12];
    RITZ_TRY(ritz_source_seek(source, 0));
    RITZ_TRY(ritz_source_read_exactly(source, head, 10));
    int version = head[6];
    if (version < 1 || version > 3 || head[7] != 0) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s: version %d.%d of the .npy format is unknown; Ritz reads 1.0, 2.0 "
                         "and 3.0",
                         ritz_source_path(source), version, head[7]);
    }
    *preamble = 10;
    *length = head[8] | head[9] << 8;
    if (version >= 2) {
        RITZ_TRY(ritz_source_read_exactly(source, head + 10, 2));
        *preamble = 12;
        *length |= (int64_t)head[10] << 16 | (int64_t)head[11] << 24;
    }
    return RITZ_OK;
}

ritz_status ritz_npy_read_header(ritz_source *source, ritz_array_header *header)
{
    const char *path = ritz_source_path(source);
    int64_t length = 0;
    int64_t preamble = 0;
    RITZ_TRY(read_preamble(source, &length, &preamble));
    if (length > MAX_HEADER_BYTES) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s: a .npy header of %" PRId64
                         " bytes is announced; the headers of plain arrays have less than 65536, "
                         "so the file is damaged or holds records",
                         path, length);
    }
    char *text = malloc((size_t)length + 1);
    if (text == NULL) return ritz_fail(RITZ_ERR_MEMORY, "%s: out of memory", path);
    ritz_status rc = RITZ_OK;
    RITZ_TRY_OUT(ritz_source_read_exactly(source, text, length));
    RITZ_TRY_OUT(ritz_npy_parse(path, text, length, header));
    header->data_offset = preamble + length;
out:
    free(text);
    return rc;
}
