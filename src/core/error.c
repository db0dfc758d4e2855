/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_BYTES = 1024 };

static _Thread_local char message[MESSAGE_BYTES];
static _Thread_local const char *scope_name;
static _Thread_local int scope_depth;

struct ritz_scope ritz_scope_enter(const char *name)
{
    struct ritz_scope outer = {scope_name};
    if (scope_depth++ == 0) scope_name = name;
    return outer;
}

void ritz_scope_leave(struct ritz_scope *scope)
{
    scope_name = scope->name;
    scope_depth--;
}

const char *ritz_scope_name(void)
{
    return scope_name ? scope_name : "ritz";
}

int ritz_scope_nested(void)
{
    return scope_depth > 1;
}

void ritz_fail_message(const char *format, ...)
{
    /* The text is made aside first: it may quote the message that it replaces. */
    char text[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0) text[0] = '\0';
    va_end(arguments);
    if (snprintf(message, sizeof message, "%s: %s", ritz_scope_name(), text) < 0) message[0] = '\0';
}

const char *ritz_last_error(void)
{
    return message;
}

const char *ritz_status_name(ritz_status status)
{
    switch (status) {
#define NAME(name, number, sentence)                                                               \
    case name: return #name;
        RITZ_STATUS_LIST(NAME)
#undef NAME
    }
    return "RITZ_ERR_UNKNOWN";
}

const char *ritz_status_text(ritz_status status)
{
    switch (status) {
#define TEXT(name, number, sentence)                                                               \
    case name: return sentence;
        RITZ_STATUS_LIST(TEXT)
#undef TEXT
    }
    return "an unknown status";
}
