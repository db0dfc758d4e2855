/* Splitting text into lines and fields, in a bounded buffer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_IO_CSV_SCANNER_H
#define RITZ_IO_CSV_SCANNER_H

#include "io/source.h"

enum { RITZ_CSV_BUFFER = 1 << 18 };

typedef struct ritz_csv_field {
    char *text; /* not terminated; the byte behind it may be borrowed; valid until the next call */
    int64_t length;
    int64_t line;    /* from 1 */
    bool last;       /* the last one of its line */
    bool unbalanced; /* a quote without its partner, or text behind a quoted field */
} ritz_csv_field;

typedef struct ritz_csv_scanner {
    ritz_source *source;
    int64_t line;  /* of the next byte, from 1 */
    int64_t token; /* buffer[token .. at) must be kept when bytes are fetched */
    int64_t at;    /* the next byte */
    int64_t end;   /* behind the last byte fetched */
    bool ended;    /* the source has no more */
    char delimiter;
    bool blank[256];      /* trimmed from fields */
    bool ends_field[256]; /* ends a field that is not quoted */
    char buffer[RITZ_CSV_BUFFER + 1];
} ritz_csv_scanner;

/* What separates fields: a character, or ' ' for any run of spaces and tabs. */
void ritz_csv_set_delimiter(ritz_csv_scanner *s, char delimiter);

/* Go to the start of the source, and fetch the first buffer. A byte order mark is skipped. */
ritz_status ritz_csv_restart(ritz_csv_scanner *s);

/* Skip comments and empty lines, up to the start of a line with fields; `found` says if
 * there is one. */
ritz_status ritz_csv_start_line(ritz_csv_scanner *s, bool *found);

/* Fill the buffer with what comes next, and pretend that the source ends there, until the restart:
 * positions in the buffer stay valid, so that lines can be read several times. */
ritz_status ritz_csv_hold(ritz_csv_scanner *s);

/* The next field of the line. */
ritz_status ritz_csv_next_field(ritz_csv_scanner *s, ritz_csv_field *field);

#endif
