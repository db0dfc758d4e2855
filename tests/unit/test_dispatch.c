/* Which version of an operation runs, on a made-up backend and on the CPU.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/composite.h"
#include "unit/support.h"

static void test_operations_are_listed(void **state)
{
    ritz_device *dev = *state;
    const char *name, *route;
    for (int i = 0; i < RITZ_OP_COUNT; i++) {
        expect_ok(ritz_device_operation(dev, i, &name, &route));
        assert_string_equal(name, ritz_op_name((enum ritz_op)i));
        assert_string_equal(route, "native"); /* the CPU brings everything itself */
        for (int j = 0; j < i; j++) assert_string_not_equal(name, ritz_op_name((enum ritz_op)j));
    }
    expect_error(ritz_device_operation(dev, RITZ_OP_COUNT, &name, &route), RITZ_ERR_ARGUMENT,
                 "no operation number");
    expect_error(ritz_device_operation(dev, -1, &name, &route), RITZ_ERR_ARGUMENT, "-1");
    expect_error(ritz_device_operation(dev, 0, NULL, &route), RITZ_ERR_ARGUMENT, "NULL");
    expect_error(ritz_device_operation(NULL, 0, &name, &route), RITZ_ERR_ARGUMENT, "NULL");
}

static void test_composites_can_be_forced(void **state)
{
    ritz_device *dev = *state;
    const char *name, *route;
    expect_error(ritz_device_force_composite(dev, RITZ_OP_gemm, 1), RITZ_ERR_UNSUPPORTED,
                 "gemm has no composite");
    expect_ok(ritz_device_force_composite(dev, RITZ_OP_syrk, 1));
    expect_ok(ritz_device_operation(dev, RITZ_OP_syrk, &name, &route));
    assert_string_equal(route, "composite");
    expect_ok(ritz_device_force_composite(dev, RITZ_OP_syrk, 0));
    expect_ok(ritz_device_operation(dev, RITZ_OP_syrk, &name, &route));
    assert_string_equal(route, "native");
    expect_ok(ritz_device_force_composite(dev, RITZ_OP_gemm, 0));
}

/* ---- a backend that can little ---- */

static int native_calls;
static const char *refusal; /* what `limits` says of every matrix with more than 100 rows */

static const char *small_limits(enum ritz_op op, const ritz_dmat *key, int count)
{
    (void)op;
    for (int i = 0; i < count; i++)
        if (key[i].rows > 100) return refusal;
    return NULL;
}

static ritz_status small_scale(ritz_stream *s, double alpha, ritz_dmat A)
{
    (void)s, (void)alpha, (void)A;
    native_calls++;
    return RITZ_OK;
}

static ritz_status small_syrk(ritz_stream *s, ritz_uplo uplo, double alpha, ritz_dmat A,
                              double beta, ritz_dmat C)
{
    (void)s, (void)uplo, (void)alpha, (void)A, (void)beta, (void)C;
    native_calls++;
    return RITZ_OK;
}

static void test_limits_decide(void **state)
{
    (void)state;
    const struct ritz_backend backend = {
        .name = "small", .limits = small_limits, .ops = {.scale = small_scale, .syrk = small_syrk}};
    ritz_device dev = {.backend = &backend};
    ritz_stream s = {.device = &dev};
    dev.route[RITZ_OP_scale] = dev.route[RITZ_OP_syrk] = RITZ_ROUTE_NATIVE;
    dev.route[RITZ_OP_ormqr] = RITZ_ROUTE_COMPOSITE;
    refusal = "n = 101 is too much for it";
    ritz_dmat A = {.rows = 100, .cols = 2};
    native_calls = 0;
    expect_ok(ritz_op_scale(&s, 2.0, A));
    assert_int_equal(native_calls, 1);
    assert_int_equal(ritz_route_of(&s, RITZ_OP_syrk, &A, 1), RITZ_ROUTE_NATIVE);
    assert_int_equal(ritz_route_of(&s, RITZ_OP_ormqr, &A, 1), RITZ_ROUTE_COMPOSITE);
    A.rows = 101;
    /* Beyond the limit: the composite if there is one, else the reason. */
    assert_int_equal(ritz_route_of(&s, RITZ_OP_syrk, &A, 1), RITZ_ROUTE_COMPOSITE);
    expect_error(ritz_op_scale(&s, 2.0, A), RITZ_ERR_UNSUPPORTED, "n = 101 is too much for it");
    assert_int_equal(native_calls, 1);
}

/* The composites are judged in the conformance suite; here, that they are the ones that the list
 * names. */
static void test_list_of_composites(void **state)
{
    (void)state;
    assert_ptr_equal(ritz_composites.syrk, ritz_composite_syrk);
    assert_ptr_equal(ritz_composites.ormqr, ritz_composite_ormqr);
    assert_ptr_equal(ritz_composites.moments_merge, ritz_composite_moments_merge);
    assert_null(ritz_composites.gemm);
    assert_string_equal(ritz_op_name(RITZ_OP_gemm), "gemm");
    assert_string_equal(ritz_op_name(RITZ_OP_moments_merge), "moments_merge");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations_are_listed),
        cmocka_unit_test(test_composites_can_be_forced),
        cmocka_unit_test(test_limits_decide),
        cmocka_unit_test(test_list_of_composites),
    };
    return cmocka_run_group_tests(tests, open_cpu, close_cpu);
}
