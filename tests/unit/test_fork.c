/* A forked child: inherited handles are refused, devices of its own work.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/support.h"

/* In the child: the number of the line that went wrong, as exit status. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) _exit(__LINE__ % 200 + 50);                                              \
    } while (0)

struct inherited {
    ritz_device *dev;
    ritz_stream *s, *direct;
    ritz_event *e;
    ritz_dmat A;
};

static void refuses_what_it_inherited(struct inherited h)
{
    ritz_device_info info = RITZ_DEVICE_INFO_INIT;
    ritz_memory_info memory = RITZ_MEMORY_INFO_INIT;
    ritz_stream *s;
    ritz_event *e;
    ritz_dmat B;
    ritz_hmat H;
    int flag;
    const char *name, *route;
    CHECK(ritz_device_describe(h.dev, &info) == RITZ_ERR_FORKED);
    CHECK(strstr(ritz_last_error(), "ritz_device_describe") && strstr(ritz_last_error(), "fork"));
    CHECK(ritz_device_memory(h.dev, &memory) == RITZ_ERR_FORKED);
    CHECK(ritz_device_set_threads(h.dev, 1) == RITZ_ERR_FORKED);
    CHECK(ritz_device_set_allocator(h.dev, NULL) == RITZ_ERR_FORKED);
    CHECK(ritz_device_operation(h.dev, 0, &name, &route) == RITZ_ERR_FORKED);
    CHECK(ritz_stream_create(h.dev, &s) == RITZ_ERR_FORKED && s == NULL);
    CHECK(ritz_stream_create_inline(h.dev, &s) == RITZ_ERR_FORKED);
    CHECK(ritz_event_create(h.dev, &e) == RITZ_ERR_FORKED && e == NULL);
    CHECK(ritz_hmat_create_pinned(h.dev, RITZ_F32, RITZ_COL_MAJOR, 1, 1, &H) == RITZ_ERR_FORKED);
    CHECK(ritz_stream_sync(h.s) == RITZ_ERR_FORKED);
    CHECK(ritz_stream_status(h.s) == RITZ_ERR_FORKED);
    CHECK(ritz_stream_query(h.s, &flag) == RITZ_ERR_FORKED);
    CHECK(ritz_stream_reserve(h.s, 10) == RITZ_ERR_FORKED);
    CHECK(ritz_dmat_create(h.s, RITZ_F32, RITZ_COL_MAJOR, 1, 1, &B) == RITZ_ERR_FORKED);
    CHECK(ritz_fill(h.s, 1, h.A) == RITZ_ERR_FORKED);
    CHECK(ritz_fill(h.direct, 1, h.A) == RITZ_ERR_FORKED);
    CHECK(ritz_gemm(h.s, 1, h.A, h.A, 0, h.A) == RITZ_ERR_FORKED);
    CHECK(ritz_event_record(h.e, h.s) == RITZ_ERR_FORKED);
    CHECK(ritz_stream_wait(h.s, h.e) == RITZ_ERR_FORKED);
    CHECK(ritz_event_sync(h.e) == RITZ_ERR_FORKED);
    CHECK(ritz_event_query(h.e, &flag) == RITZ_ERR_FORKED);
}

static void cleans_up_what_it_inherited(struct inherited h)
{
    CHECK(ritz_dmat_destroy(h.s, &h.A) == RITZ_ERR_FORKED);
    CHECK(ritz_event_destroy(&h.e) == RITZ_ERR_FORKED && h.e == NULL);
    CHECK(ritz_stream_destroy(&h.s) == RITZ_ERR_FORKED && h.s == NULL);
    CHECK(ritz_stream_destroy(&h.direct) == RITZ_ERR_FORKED && h.direct == NULL);
    CHECK(ritz_device_close(&h.dev) == RITZ_ERR_FORKED);
}

static void works_on_its_own(void)
{
    ritz_device *dev = NULL;
    ritz_stream *s = NULL;
    ritz_dmat A;
    double x[4] = {0};
    CHECK(ritz_device_open("cpu", &dev) == RITZ_OK);
    CHECK(ritz_stream_create(dev, &s) == RITZ_OK);
    CHECK(ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, 2, 2, &A) == RITZ_OK);
    CHECK(ritz_fill(s, 3, A) == RITZ_OK);
    CHECK(ritz_download(s, A, ritz_hmat_wrap(x, RITZ_F64, 2, 2, RITZ_COL_MAJOR)) == RITZ_OK);
    CHECK(ritz_stream_sync(s) == RITZ_OK);
    CHECK(x[0] > 2.5 && x[3] > 2.5);
    CHECK(ritz_dmat_destroy(s, &A) == RITZ_OK);
    CHECK(ritz_stream_destroy(&s) == RITZ_OK);
    CHECK(ritz_device_close(&dev) == RITZ_OK);
}

static void in_child(void (*body)(struct inherited), struct inherited h, bool open_own)
{
    (void)fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (body) body(h);
        if (open_own) works_on_its_own();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_fork(void **state)
{
    struct inherited h = {.dev = *state};
    h.s = queued_stream(h.dev);
    h.direct = inline_stream(h.dev);
    expect_ok(ritz_event_create(h.dev, &h.e));
    expect_ok(ritz_dmat_create(h.s, RITZ_F32, RITZ_COL_MAJOR, 2, 2, &h.A));
    in_child(refuses_what_it_inherited, h, true);
    in_child(cleans_up_what_it_inherited, h, true);
    in_child(NULL, h, true);
    /* While the parent's stream is at work. */
    struct gate gate = {0};
    expect_ok(ritz_stream_host_function(h.s, wait_at_gate, &gate));
    in_child(refuses_what_it_inherited, h, true);
    open_gate(&gate);
    /* The parent does not notice. */
    expect_ok(ritz_fill(h.s, 2, h.A));
    expect_ok(ritz_event_record(h.e, h.s));
    expect_ok(ritz_event_sync(h.e));
    expect_ok(ritz_dmat_destroy(h.s, &h.A));
    expect_ok(ritz_event_destroy(&h.e));
    expect_ok(ritz_stream_destroy(&h.s));
    expect_ok(ritz_stream_destroy(&h.direct));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fork)};
    return cmocka_run_group_tests(tests, open_cpu, close_cpu);
}
