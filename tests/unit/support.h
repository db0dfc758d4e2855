/* What the unit tests share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_UNIT_SUPPORT_H
#define RITZ_TESTS_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ritz/ritz.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The call succeeded; else its message is shown. */
#define expect_ok(status) check_status((status), RITZ_OK, NULL, __FILE__, __LINE__)

/* The call failed with this status, and its message contains the text. */
#define expect_error(status, code, text) check_status((status), (code), (text), __FILE__, __LINE__)

void check_status(ritz_status status, ritz_status code, const char *text, const char *file,
                  int line);

/* cmocka's setup and teardown: the CPU device, open; closing it must leave nothing behind. */
int open_cpu(void **state);
int close_cpu(void **state);

/* A queued and an inline stream. */
ritz_stream *queued_stream(ritz_device *dev);
ritz_stream *inline_stream(ritz_device *dev);

/* Nothing is held on the device any more. */
void expect_nothing_held(ritz_device *dev);

/* A gate: host functions wait at it until it is opened. */
struct gate {
    int opened; /* changed and read atomically */
};
void open_gate(struct gate *gate);
void wait_at_gate(void *gate); /* a ritz_host_function */

#endif
