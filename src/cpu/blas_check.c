/* Some builds of OpenBLAS choose kernels that compute wrong products on processors newer than they
 * are. Products of small integers are exact in any order, so right means equal.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cpu/blas_check.h"

#include <cblas.h>
#include <pthread.h>

#include "core/error.h"

/* Not multiples of any kernel's tile, and large enough to pass through all of its loops. */
enum { ROWS = 97, COLS = 101, INNER = 107 };

/* Small integers without a pattern that a kernel could hide in. */
static int element(int i, int j)
{
    return (i * 7 + j * 13 + i * j) % 17 - 8;
}

#define TEMPLATE "cpu/blas_check.inc"
#include "cpu/real_types.inc"

static int results_are_right;

static void check_once(void)
{
    results_are_right = product_is_right_f32() && product_is_right_f64();
}

ritz_status cpu_blas_check(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, check_once);
    RITZ_REQUIRE(
        results_are_right, RITZ_ERR_UNAVAILABLE,
        "OpenBLAS computes wrong matrix products with its %s kernels on this processor; set "
        "the environment variable OPENBLAS_CORETYPE to an older one (such as Haswell), or "
        "update OpenBLAS",
        openblas_get_corename());
    return RITZ_OK;
}
