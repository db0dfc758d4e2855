/* Numbers as text, whatever the locale.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_IO_NUMBER_H
#define RITZ_IO_NUMBER_H

#include <locale.h>
#include <stdint.h>

typedef enum ritz_number_kind {
    RITZ_NUMBER = 0,
    RITZ_NUMBER_TOO_LARGE, /* for float64 */
    RITZ_NOT_A_NUMBER      /* the text is something else; "nan" is a number in this sense */
} ritz_number_kind;

/* Read a decimal number, or nan, inf, infinity in any case, each with an optional sign, rounded
 * correctly. The text needs no terminator but must be writable: one byte behind it is borrowed. */
ritz_number_kind ritz_number_parse(char *text, int64_t length, locale_t c_locale, double *value);

#endif
