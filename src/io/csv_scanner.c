/* Splitting text into lines and fields.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/csv_scanner.h"

#include <string.h>

#include "core/error.h"

static const bool line_end[256] = {['\n'] = true};
static const bool quote_or_line_end[256] = {['"'] = true, ['\n'] = true};
static const bool spaces[256] = {[' '] = true, ['\t'] = true, ['\r'] = true};

void ritz_csv_set_delimiter(ritz_csv_scanner *s, char delimiter)
{
    s->delimiter = delimiter;
    memcpy(s->blank, spaces, sizeof spaces);
    if (delimiter != ' ') s->blank[(unsigned char)delimiter] = false;
    memcpy(s->ends_field, line_end, sizeof line_end);
    s->ends_field[(unsigned char)delimiter] = true;
    if (delimiter == ' ') s->ends_field['\t'] = true;
}

/* Drop what lies before the token, and fill the buffer. */
static ritz_status fetch(ritz_csv_scanner *s)
{
    if (s->ended) return RITZ_OK;
    memmove(s->buffer, s->buffer + s->token, (size_t)(s->end - s->token));
    s->at -= s->token;
    s->end -= s->token;
    s->token = 0;
    int64_t room = RITZ_CSV_BUFFER - s->end;
    if (room == 0) {
        return ritz_fail(RITZ_ERR_FORMAT,
                         "%s:%" PRId64 ": a field or a run of spaces is longer than %d bytes; this "
                         "is not a table of numbers",
                         ritz_source_path(s->source), s->line, RITZ_CSV_BUFFER);
    }
    int64_t got = 0;
    RITZ_TRY(ritz_source_read(s->source, s->buffer + s->end, room, &got));
    s->end += got;
    s->ended = got < room;
    return RITZ_OK;
}

/* Pass over all bytes that are in the set (or are not), keeping the token in the buffer. */
static ritz_status pass(ritz_csv_scanner *s, const bool set[256], bool in)
{
    for (;;) {
        while (s->at < s->end && set[(unsigned char)s->buffer[s->at]] == in) s->at++;
        if (s->at < s->end || s->ended) return RITZ_OK;
        RITZ_TRY(fetch(s));
    }
}

static bool at_end(const ritz_csv_scanner *s)
{
    return s->at == s->end; /* after pass(), which fetches while there is more */
}

static bool at_byte(const ritz_csv_scanner *s, char c)
{
    return s->at < s->end && s->buffer[s->at] == c;
}

static void pass_line_end(ritz_csv_scanner *s)
{
    if (!at_byte(s, '\n')) return;
    s->at++;
    s->line++;
}

/* Pass over the rest of a line, however long. */
static ritz_status skip_line(ritz_csv_scanner *s)
{
    for (;;) {
        const char *start = s->buffer + s->at;
        const char *found = memchr(start, '\n', (size_t)(s->end - s->at));
        s->at = found != NULL ? found - s->buffer : s->end;
        s->token = s->at;
        if (found != NULL || s->ended) break;
        RITZ_TRY(fetch(s));
    }
    pass_line_end(s);
    return RITZ_OK;
}

ritz_status ritz_csv_restart(ritz_csv_scanner *s)
{
    RITZ_TRY(ritz_source_seek(s->source, 0));
    s->line = 1;
    s->token = 0;
    s->at = 0;
    s->end = 0;
    s->ended = false;
    RITZ_TRY(fetch(s));
    if (s->end >= 3 && memcmp(s->buffer, "\xEF\xBB\xBF", 3) == 0) s->at = 3;
    return RITZ_OK;
}

ritz_status ritz_csv_hold(ritz_csv_scanner *s)
{
    s->token = s->at;
    if (s->at > 0) RITZ_TRY(fetch(s));
    s->ended = true;
    return RITZ_OK;
}

ritz_status ritz_csv_start_line(ritz_csv_scanner *s, bool *found)
{
    *found = false;
    for (;;) {
        s->token = s->at;
        RITZ_TRY(pass(s, spaces, true));
        if (at_end(s)) return RITZ_OK;
        if (at_byte(s, '#')) {
            RITZ_TRY(skip_line(s));
        } else if (at_byte(s, '\n')) {
            pass_line_end(s);
        } else {
            s->at = s->token; /* a leading tab may be an empty field */
            *found = true;
            return RITZ_OK;
        }
    }
}

/* Pass over what stands between a field and the next one or the line's end. */
static ritz_status pass_separator(ritz_csv_scanner *s, ritz_csv_field *field, bool quoted)
{
    if (quoted) {
        int64_t end = s->at - s->token;
        RITZ_TRY(pass(s, s->ends_field, false));
        for (int64_t i = s->token + end; i < s->at; i++) {
            if (!s->blank[(unsigned char)s->buffer[i]]) field->unbalanced = true;
        }
    }
    RITZ_TRY(pass(s, s->blank, true));
    field->last = at_end(s) || at_byte(s, '\n');
    if (field->last) {
        pass_line_end(s);
    } else if (s->delimiter != ' ') {
        s->at++;
    }
    return RITZ_OK;
}

ritz_status ritz_csv_next_field(ritz_csv_scanner *s, ritz_csv_field *field)
{
    *field = (ritz_csv_field){.line = s->line};
    s->token = s->at;
    RITZ_TRY(pass(s, s->blank, true));
    bool quoted = at_byte(s, '"');
    if (quoted) s->at++;
    s->token = s->at;
    RITZ_TRY(pass(s, quoted ? quote_or_line_end : s->ends_field, false));
    field->length = s->at - s->token;
    if (quoted && at_byte(s, '"')) {
        s->at++;
    } else {
        field->unbalanced = quoted;
    }
    RITZ_TRY(pass_separator(s, field, quoted));
    field->text = s->buffer + s->token; /* the token may have moved until here */
    while (!quoted && field->length > 0 &&
           s->blank[(unsigned char)field->text[field->length - 1]]) {
        field->length--;
    }
    return RITZ_OK;
}
