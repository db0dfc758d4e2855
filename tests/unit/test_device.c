/* Opening, describing and closing devices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/device.h"
#include "unit/support.h"

static void test_one_object_counted(void **state)
{
    (void)state;
    ritz_device *a = NULL, *b = NULL, *c = NULL;
    expect_ok(ritz_device_open("cpu", &a));
    expect_ok(ritz_device_open("cpu", &b));
    assert_ptr_equal(a, b);
    assert_int_equal(ritz_device_get_kind(a), RITZ_DEVICE_CPU);
    expect_ok(ritz_device_close(&a));
    assert_null(a);
    expect_ok(ritz_device_close(&a)); /* NULL is accepted */
    expect_ok(ritz_device_close(NULL));
    ritz_stream *s = inline_stream(b); /* still open */
    expect_ok(ritz_stream_destroy(&s));
    expect_ok(ritz_device_close(&b));
    expect_ok(ritz_device_open("cpu", &c));
    expect_ok(ritz_device_close(&c));
}

static void test_names(void **state)
{
    (void)state;
    static const char *const unknown[] = {"",        "gpu",
                                          "CPU",     "cpu:0",
                                          "cuda:",   "cuda:x",
                                          "cuda:-1", "cuda:1x",
                                          "cuda:64", "cuda:99999999999999999999",
                                          "cudax"};
    ritz_device *dev;
    for (size_t i = 0; i < COUNT(unknown); i++) {
        dev = (ritz_device *)state; /* must be cleared */
        expect_error(ritz_device_open(unknown[i], &dev), RITZ_ERR_ARGUMENT, "ritz_device_open");
        assert_non_null(strstr(ritz_last_error(), unknown[i]));
        assert_null(dev);
    }
    expect_error(ritz_device_open("cpu", NULL), RITZ_ERR_ARGUMENT, "dev is NULL");
}

static void test_environment_overrides_auto_only(void **state)
{
    (void)state;
    ritz_device *dev = NULL;
    assert_int_equal(setenv("RITZ_DEVICE", "cpu", 1), 0);
    expect_ok(ritz_device_open("auto", &dev));
    assert_int_equal(ritz_device_get_kind(dev), RITZ_DEVICE_CPU);
    assert_non_null(strstr(ritz_device_explain(), "cpu: available\n"));
    assert_null(strstr(ritz_device_explain(), "cuda")); /* it was not even asked */
    expect_ok(ritz_device_close(&dev));
    assert_int_equal(setenv("RITZ_DEVICE", "nonsense", 1), 0);
    expect_error(ritz_device_open(NULL, &dev), RITZ_ERR_ARGUMENT, "\"nonsense\"");
    expect_error(ritz_device_open("auto", &dev), RITZ_ERR_ARGUMENT, "\"nonsense\"");
    expect_ok(ritz_device_open("cpu", &dev));
    expect_ok(ritz_device_close(&dev));
    assert_int_equal(setenv("RITZ_DEVICE", "", 1), 0);
    expect_ok(ritz_device_open(NULL, &dev)); /* empty: as if unset */
    expect_ok(ritz_device_close(&dev));
    assert_int_equal(unsetenv("RITZ_DEVICE"), 0);
}

/* Whatever "auto" takes, both devices are explained. */
static void test_explanation(void **state)
{
    (void)state;
    ritz_device *dev = NULL;
    expect_ok(ritz_device_open("auto", &dev));
    assert_non_null(strstr(ritz_device_explain(), "cpu: "));
    assert_non_null(strstr(ritz_device_explain(), "cuda"));
    expect_ok(ritz_device_close(&dev));
    if (ritz_device_open("cuda", &dev) == RITZ_OK) {
        expect_ok(ritz_device_close(&dev));
    } else {
        assert_non_null(strstr(ritz_last_error(), "ritz_device_open"));
        assert_non_null(strstr(ritz_device_explain(), "cuda: "));
    }
}

static void test_description(void **state)
{
    ritz_device *dev = *state;
    ritz_device_info info = RITZ_DEVICE_INFO_INIT;
    expect_ok(ritz_device_describe(dev, &info));
    assert_int_equal(info.size, sizeof info);
    assert_int_equal(info.kind, RITZ_DEVICE_CPU);
    assert_true(info.threads >= 1 && info.memory_bytes > 0);
    assert_true(info.name[0] != '\0');
    assert_non_null(strstr(info.library, "OpenBLAS"));
}

/* A caller compiled against another version has a struct of another size. */
static void test_structs_of_other_versions(void **state)
{
    ritz_device *dev = *state;
    struct {
        ritz_device_info info;
        char later[16];
    } newer;
    memset(&newer, 7, sizeof newer);
    newer.info.size = sizeof newer;
    expect_ok(ritz_device_describe(dev, &newer.info));
    assert_int_equal(newer.info.size, sizeof newer);
    assert_int_equal(newer.info.kind, RITZ_DEVICE_CPU);
    for (size_t i = 0; i < sizeof newer.later; i++) assert_int_equal(newer.later[i], 7);

    ritz_device_info info = RITZ_DEVICE_INFO_INIT;
    info.size = sizeof info - 1;
    expect_error(ritz_device_describe(dev, &info), RITZ_ERR_OPTION, "info has size");
    info.size = 0;
    expect_error(ritz_device_describe(dev, &info), RITZ_ERR_OPTION, "info has size 0");
    expect_error(ritz_device_describe(dev, NULL), RITZ_ERR_ARGUMENT, "info is NULL");
    expect_error(ritz_device_describe(NULL, &info), RITZ_ERR_ARGUMENT, "device is NULL");
    ritz_memory_info memory = {0, 0, 0, 0, 0};
    expect_error(ritz_device_memory(dev, &memory), RITZ_ERR_OPTION, "info has size 0");
    expect_error(ritz_device_memory(dev, NULL), RITZ_ERR_ARGUMENT, "info is NULL");
}

static void test_threads(void **state)
{
    ritz_device *dev = *state;
    ritz_device_info before = RITZ_DEVICE_INFO_INIT, now = RITZ_DEVICE_INFO_INIT;
    expect_ok(ritz_device_describe(dev, &before));
    expect_ok(ritz_device_set_threads(dev, 3));
    expect_ok(ritz_device_describe(dev, &now));
    assert_int_equal(now.threads, 3);
    expect_error(ritz_device_set_threads(dev, -1), RITZ_ERR_ARGUMENT, "threads is -1");
    expect_ok(ritz_device_describe(dev, &now));
    assert_int_equal(now.threads, 3);
    expect_ok(ritz_device_set_threads(dev, 0));
    expect_ok(ritz_device_describe(dev, &now));
    assert_int_equal(now.threads, before.threads);
    expect_error(ritz_device_set_threads(NULL, 1), RITZ_ERR_ARGUMENT, "device is NULL");
}

/* Changing the threads while a stream is at work is no race. */
static void test_threads_while_working(void **state)
{
    ritz_device *dev = *state;
    ritz_stream *s = queued_stream(dev);
    ritz_dmat A;
    expect_ok(ritz_dmat_create(s, RITZ_F32, RITZ_COL_MAJOR, 64, 64, &A));
    for (int i = 0; i < 100; i++) {
        expect_ok(ritz_fill(s, i, A));
        expect_ok(ritz_device_set_threads(dev, 1 + i % 2));
    }
    expect_ok(ritz_device_set_threads(dev, 0));
    expect_ok(ritz_dmat_destroy(s, &A));
    expect_ok(ritz_stream_destroy(&s));
}

static void test_busy_devices_stay_open(void **state)
{
    (void)state;
    ritz_device *dev = NULL, *same;
    expect_ok(ritz_device_open("cpu", &dev));
    same = dev;
    ritz_stream *s = queued_stream(dev);
    expect_error(ritz_device_close(&dev), RITZ_ERR_STATE, "1 streams, 0 events and 0 owned");
    assert_ptr_equal(dev, same);
    ritz_event *e = NULL;
    ritz_dmat A;
    expect_ok(ritz_event_create(dev, &e));
    expect_ok(ritz_dmat_create(s, RITZ_F32, RITZ_COL_MAJOR, 2, 2, &A));
    expect_error(ritz_device_close(&dev), RITZ_ERR_STATE, "1 streams, 1 events and 1 owned");
    expect_ok(ritz_dmat_destroy(s, &A));
    expect_ok(ritz_stream_destroy(&s));
    expect_error(ritz_device_close(&dev), RITZ_ERR_STATE, "0 streams, 1 events and 0 owned");
    expect_ok(ritz_event_destroy(&e));
    expect_ok(ritz_device_close(&dev));
}

static void *open_and_close(void *result)
{
    bool ok = true;
    for (int i = 0; i < 200; i++) {
        ritz_device *dev = NULL;
        ok = ok && ritz_device_open("cpu", &dev) == RITZ_OK;
        ok = ok && strstr(ritz_device_explain(), "cpu") != NULL;
        ok = ok && ritz_device_close(&dev) == RITZ_OK;
    }
    *(bool *)result = ok;
    return NULL;
}

static void test_many_threads_open_and_close(void **state)
{
    (void)state;
    pthread_t thread[4];
    bool ok[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, open_and_close, &ok[i]), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_true(ok[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_object_counted),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_environment_overrides_auto_only),
        cmocka_unit_test(test_explanation),
        cmocka_unit_test_setup_teardown(test_description, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_structs_of_other_versions, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_threads, open_cpu, close_cpu),
        cmocka_unit_test_setup_teardown(test_threads_while_working, open_cpu, close_cpu),
        cmocka_unit_test(test_busy_devices_stay_open),
        cmocka_unit_test(test_many_threads_open_and_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
