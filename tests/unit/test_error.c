/* Status names and texts, and the message of a thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>

#include "core/error.h"
#include "unit/support.h"

static void test_every_status_has_a_name_and_a_text(void **state)
{
    (void)state;
    static const struct {
        ritz_status status;
        int number;
        const char *name;
    } all[] = {
#define ENTRY(name, number, sentence) {name, number, #name},
        RITZ_STATUS_LIST(ENTRY)
#undef ENTRY
    };
    assert_int_equal(RITZ_OK, 0);
    for (size_t i = 0; i < COUNT(all); i++) {
        assert_int_equal(all[i].status, all[i].number);
        assert_string_equal(ritz_status_name(all[i].status), all[i].name);
        assert_true(strlen(ritz_status_text(all[i].status)) > 5);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(all[i].number, all[j].number);
            assert_string_not_equal(ritz_status_text(all[i].status),
                                    ritz_status_text(all[j].status));
        }
    }
    assert_string_equal(ritz_status_name((ritz_status)-7), "RITZ_ERR_UNKNOWN");
    assert_string_equal(ritz_status_text((ritz_status)-7), "an unknown status");
}

/* The numbers are part of the interface: a program may have stored them. */
static void test_numbers_never_change(void **state)
{
    (void)state;
    assert_int_equal(RITZ_ERR_ARGUMENT, -101);
    assert_int_equal(RITZ_ERR_STATE, -109);
    assert_int_equal(RITZ_ERR_NOT_SPD, -201);
    assert_int_equal(RITZ_ERR_SINGULAR, -204);
    assert_int_equal(RITZ_ERR_MEMORY, -301);
    assert_int_equal(RITZ_ERR_TOO_LARGE, -304);
    assert_int_equal(RITZ_ERR_UNAVAILABLE, -401);
    assert_int_equal(RITZ_ERR_CANCELLED, -406);
    assert_int_equal(RITZ_ERR_INTERNAL, -901);
}

static ritz_status inner(int value)
{
    RITZ_SCOPE();
    RITZ_REQUIRE(value > 0, RITZ_ERR_SHAPE, "value is %d", value);
    return RITZ_OK;
}

static ritz_status outer(int value)
{
    RITZ_SCOPE();
    assert_false(ritz_scope_nested());
    RITZ_TRY(inner(value));
    return RITZ_OK;
}

static void test_message_names_the_outermost_function(void **state)
{
    (void)state;
    assert_int_equal(outer(-3), RITZ_ERR_SHAPE);
    assert_string_equal(ritz_last_error(), "outer: value is -3");
    assert_int_equal(inner(-4), RITZ_ERR_SHAPE);
    assert_string_equal(ritz_last_error(), "inner: value is -4");
    assert_int_equal(ritz_fail(RITZ_ERR_IO, "no scope"), RITZ_ERR_IO);
    assert_string_equal(ritz_last_error(), "ritz: no scope");
}

static void test_success_keeps_the_message(void **state)
{
    (void)state;
    assert_int_equal(inner(-5), RITZ_ERR_SHAPE);
    assert_int_equal(outer(1), RITZ_OK);
    assert_string_equal(ritz_last_error(), "inner: value is -5");
}

static void test_long_and_self_quoting_messages(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)ritz_fail(RITZ_ERR_IO, "%s", text);
    const size_t length = strlen(ritz_last_error());
    assert_true(length > 500 && length < sizeof text);
    assert_memory_equal(ritz_last_error(), "ritz: xxx", 9);
    (void)ritz_fail(RITZ_ERR_IO, "first");
    (void)ritz_fail(RITZ_ERR_IO, "because of [%s]", ritz_last_error());
    assert_string_equal(ritz_last_error(), "ritz: because of [ritz: first]");
}

static void *fail_in_a_thread(void *result)
{
    const bool empty = ritz_last_error()[0] == '\0';
    (void)ritz_fail(RITZ_ERR_IO, "of the other thread");
    *(bool *)result = empty && strcmp(ritz_last_error(), "ritz: of the other thread") == 0;
    return NULL;
}

static void test_each_thread_has_its_own_message(void **state)
{
    (void)state;
    pthread_t thread;
    bool right = false;
    (void)ritz_fail(RITZ_ERR_IO, "of this thread");
    assert_int_equal(pthread_create(&thread, NULL, fail_in_a_thread, &right), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(right);
    assert_string_equal(ritz_last_error(), "ritz: of this thread");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_a_name_and_a_text),
        cmocka_unit_test(test_numbers_never_change),
        cmocka_unit_test(test_message_names_the_outermost_function),
        cmocka_unit_test(test_success_keeps_the_message),
        cmocka_unit_test(test_long_and_self_quoting_messages),
        cmocka_unit_test(test_each_thread_has_its_own_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
