/* Core's functions as a plugin sees them: each goes through the table that ritz_backend_open
 * received.
 *
 * Compiled into the plugin only; a backend inside libritz calls core directly.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cuda/core.h"

#include <stdarg.h>
#include <stdio.h>

static const struct ritz_core_services *core;

void cuda_set_core(const struct ritz_core_services *services)
{
    core = services;
}

void ritz_fail_message(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0) text[0] = '\0';
    va_end(arguments);
    core->fail_message(text);
}

struct ritz_work_mark ritz_work_mark(ritz_stream *s)
{
    return core->work_mark(s);
}

void ritz_work_release(ritz_stream *s, struct ritz_work_mark mark)
{
    core->work_release(s, mark);
}

ritz_status ritz_work_bytes(ritz_stream *s, size_t bytes, void **p)
{
    return core->work_bytes(s, bytes, p);
}

ritz_status ritz_work_dmat(ritz_stream *s, ritz_dtype dtype, ritz_layout layout, int64_t rows,
                           int64_t cols, int64_t batch, ritz_dmat *A)
{
    return core->work_dmat(s, dtype, layout, rows, cols, batch, A);
}

void ritz_enter_host_function(const ritz_stream *s)
{
    core->in_host_function(s);
}
