/* What core gives to a backend that is loaded as a plugin.
 *
 * A plugin is not linked against libritz, whose private symbols are hidden: it receives this table
 * when it is
 * opened, and src/cuda/core.c turns it back into the functions that backend.h and error.h declare.
 * A backend
 * that is compiled into the library calls them directly.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_SERVICES_H
#define RITZ_CORE_SERVICES_H

#include "core/backend.h"

struct ritz_core_services {
    uint32_t abi;                           /* RITZ_BACKEND_ABI */
    uint32_t size;                          /* sizeof(struct ritz_core_services) */
    void (*fail_message)(const char *text); /* the finished text, without the operation's name */
    struct ritz_work_mark (*work_mark)(ritz_stream *s);
    void (*work_release)(ritz_stream *s, struct ritz_work_mark mark);
    ritz_status (*work_bytes)(ritz_stream *s, size_t bytes, void **p);
    ritz_status (*work_dmat)(ritz_stream *s, ritz_dtype dtype, ritz_layout layout, int64_t rows,
                             int64_t cols, int64_t batch, ritz_dmat *A);
    /* Tell core that this thread enters (s) or leaves (NULL) a host function of a stream. */
    void (*in_host_function)(const ritz_stream *s);
};

/* The one function that a plugin exports. NULL: refused, and the message is set. */
typedef const struct ritz_backend *(*ritz_backend_open_function)(
    const struct ritz_core_services *core);
#define RITZ_BACKEND_OPEN_NAME "ritz_backend_open"

/* src/core/services.c */
extern const struct ritz_core_services ritz_core_services;

#endif
