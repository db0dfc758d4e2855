/* Numbers as text.
 *
 * A decimal m * 10^e with m < 2^53 and |e| <= 22 is one exact integer multiplied or divided by
 * another, so that one operation rounds it correctly (Clinger, "How to read floating point numbers
 * accurately", PLDI 1990, section 4). Everything else is left to strtod_l.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT_POWER = 22 };

/* m * 10^exponent, with digits beyond what m holds marked by `inexact`. */
typedef struct decimal {
    bool negative;
    bool inexact;
    uint64_t m;
    int64_t exponent;
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(const char *text, int64_t length, const char *word)
{
    if (length != (int64_t)strlen(word)) return false;
    for (int64_t i = 0; i < length; i++) {
        if ((text[i] | 0x20) != word[i]) return false;
    }
    return true;
}

static void add_digit(decimal *d, char digit)
{
    if (d->m >= UINT64_C(1) << 53) {
        d->inexact = true;
        d->exponent++;
        return;
    }
    d->m = 10 * d->m + (uint64_t)(digit - '0');
}

/* [+-]digits after an 'e'; the value stops growing where it no longer matters. */
static bool scan_exponent(const char **text, const char *end, int64_t *exponent)
{
    const char *c = *text;
    bool negative = c < end && *c == '-';
    if (c < end && (*c == '+' || *c == '-')) c++;
    if (c == end || !is_digit(*c)) return false;
    int64_t value = 0;
    for (; c < end && is_digit(*c); c++) {
        if (value < INT32_MAX) value = 10 * value + (*c - '0');
    }
    *exponent += negative ? -value : value;
    *text = c;
    return true;
}

/* [+-]digits[.digits][e[+-]digits], at least one digit before the e. */
static bool scan_decimal(const char *text, const char *end, decimal *d)
{
    const char *c = text;
    bool any = false;
    *d = (decimal){.negative = c < end && *c == '-'};
    if (c < end && (*c == '+' || *c == '-')) c++;
    for (; c < end && is_digit(*c); c++, any = true) add_digit(d, *c);
    if (c < end && *c == '.') {
        for (c++; c < end && is_digit(*c); c++, any = true) {
            add_digit(d, *c);
            d->exponent--;
        }
    }
    if (!any) return false;
    if (c < end && (*c == 'e' || *c == 'E')) {
        c++;
        if (!scan_exponent(&c, end, &d->exponent)) return false;
    }
    return c == end;
}

static bool exact_value(const decimal *d, double *value)
{
    static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (d->inexact || d->m > UINT64_C(1) << 53) return false;
    if (d->exponent < -EXACT_POWER || d->exponent > EXACT_POWER) return false;
    double m = (double)d->m;
    double magnitude = d->exponent < 0 ? m / powers[-d->exponent] : m * powers[d->exponent];
    *value = d->negative ? -magnitude : magnitude;
    return true;
}

/* nan, inf and infinity, with a sign. */
static bool scan_special(const char *text, int64_t length, double *value)
{
    bool negative = length > 0 && text[0] == '-';
    if (length > 0 && (text[0] == '+' || text[0] == '-')) {
        text++;
        length--;
    }
    if (is_word(text, length, "nan")) {
        *value = (double)NAN;
    } else if (is_word(text, length, "inf") || is_word(text, length, "infinity")) {
        *value = negative ? -(double)INFINITY : (double)INFINITY;
    } else {
        return false;
    }
    return true;
}

ritz_number_kind ritz_number_parse(char *text, int64_t length, locale_t c_locale, double *value)
{
    decimal d;
    if (!scan_decimal(text, text + length, &d)) {
        return scan_special(text, length, value) ? RITZ_NUMBER : RITZ_NOT_A_NUMBER;
    }
    if (exact_value(&d, value)) return RITZ_NUMBER;
    char borrowed = text[length];
    text[length] = '\0';
    *value = strtod_l(text, NULL, c_locale);
    text[length] = borrowed;
    return isinf(*value) ? RITZ_NUMBER_TOO_LARGE : RITZ_NUMBER;
}
