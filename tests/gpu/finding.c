/* What a probe says.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/probes.h"

static void add(struct finding *f, const char *format, va_list arguments)
{
    const size_t length = strlen(f->answer);
    (void)vsnprintf(f->answer + length, sizeof f->answer - length, format, arguments);
}

void say(struct finding *f, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(f, format, arguments);
    va_end(arguments);
}

void judge(struct finding *f, bool agrees, const char *format, ...)
{
    va_list arguments;
    if (f->verdict != DISAGREES) f->verdict = agrees ? AGREES : DISAGREES;
    if (f->answer[0]) say(f, "; ");
    va_start(arguments, format);
    add(f, format, arguments);
    va_end(arguments);
}

void need_success(int status, const char *call)
{
    if (status == 0) return;
    (void)fprintf(stderr, "%s returned %d\n", call, status);
    exit(1);
}
