/* The error message of a thread, and the macros that hand a status on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_ERROR_H
#define RITZ_CORE_ERROR_H

#include <inttypes.h>

#include "ritz/status.h"

/* Set the thread's message to "<operation>: <text>" and give `code`. The operation is that of the
 * outermost scope (RITZ_SCOPE), so that helpers need not know on whose behalf they check. A macro,
 * so that
 * code analysers see which code comes back. */
#define ritz_fail(code, ...) (ritz_fail_message(__VA_ARGS__), (code))
void ritz_fail_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The name of the public function that this thread is in, or "ritz". */
const char *ritz_scope_name(void);

/* 1 if this thread is inside a public function that called another one. */
int ritz_scope_nested(void);

struct ritz_scope {
    const char *name;
};
struct ritz_scope ritz_scope_enter(const char *name);
void ritz_scope_leave(struct ritz_scope *scope);

/* Name the public function for messages until the end of the block; nested scopes keep the outer
 * name. */
#define RITZ_SCOPE()                                                                               \
    __attribute__((cleanup(ritz_scope_leave))) struct ritz_scope ritz_scope_here =                 \
        ritz_scope_enter(__func__);                                                                \
    (void)ritz_scope_here

/* Refuse a mistake of the caller. */
#define RITZ_REQUIRE(condition, code, ...)                                                         \
    do {                                                                                           \
        if (!(condition)) return ritz_fail(code, __VA_ARGS__);                                     \
    } while (0)

/* Hand an error on. */
#define RITZ_TRY(call)                                                                             \
    do {                                                                                           \
        ritz_status ritz_try_status = (call);                                                      \
        if (ritz_try_status != RITZ_OK) return ritz_try_status;                                    \
    } while (0)

/* Hand an error on through the exit label `out`, where what was taken is given back; `rc` is the
 * function's ritz_status. */
#define RITZ_TRY_OUT(call)                                                                         \
    do {                                                                                           \
        rc = (call);                                                                               \
        if (rc != RITZ_OK) goto out;                                                               \
    } while (0)

#endif
