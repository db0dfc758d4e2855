/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/support.h"

#include <string.h>
#include <time.h>

void check_status(ritz_status status, ritz_status code, const char *text, const char *file,
                  int line)
{
    const char *message = ritz_last_error();
    if (status != code) {
        print_error("the status is %s, not %s; the last message is \"%s\"\n",
                    ritz_status_name(status), ritz_status_name(code), message);
        _fail(file, line);
    }
    if (text && !strstr(message, text)) {
        print_error("the message \"%s\" does not say \"%s\"\n", message, text);
        _fail(file, line);
    }
}

int open_cpu(void **state)
{
    ritz_device *dev = NULL;
    const ritz_status status = ritz_device_open("cpu", &dev);
    *state = dev;
    return status == RITZ_OK ? 0 : -1;
}

int close_cpu(void **state)
{
    ritz_device *dev = *state;
    if (ritz_device_close(&dev) == RITZ_OK) return 0;
    print_error("%s\n", ritz_last_error());
    return -1;
}

ritz_stream *queued_stream(ritz_device *dev)
{
    ritz_stream *s = NULL;
    expect_ok(ritz_stream_create(dev, &s));
    return s;
}

ritz_stream *inline_stream(ritz_device *dev)
{
    ritz_stream *s = NULL;
    expect_ok(ritz_stream_create_inline(dev, &s));
    return s;
}

void expect_nothing_held(ritz_device *dev)
{
    ritz_memory_info memory = RITZ_MEMORY_INFO_INIT;
    expect_ok(ritz_device_memory(dev, &memory));
    assert_int_equal(memory.matrices, 0);
    assert_int_equal(memory.matrix_bytes, 0);
    assert_int_equal(memory.workspace_bytes, 0);
}

void open_gate(struct gate *gate)
{
    __atomic_store_n(&gate->opened, 1, __ATOMIC_RELEASE);
}

void wait_at_gate(void *gate)
{
    const struct timespec pause = {0, 100000};
    while (!__atomic_load_n(&((struct gate *)gate)->opened, __ATOMIC_ACQUIRE))
        nanosleep(&pause, NULL);
}
