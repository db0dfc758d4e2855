/* Stands where the CUDA plugin should: FAKE_OPEN is 0 (has no ritz_backend_open), 1 (of another
 * build) or 2 (refuses).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#if FAKE_OPEN

#include "core/services.h"

const struct ritz_backend *ritz_backend_open(const struct ritz_core_services *core);

const struct ritz_backend *ritz_backend_open(const struct ritz_core_services *core)
{
#if FAKE_OPEN == 1
    static const struct ritz_backend backend = {
        .abi = RITZ_BACKEND_ABI, .size = 24, .name = "fake"};
    (void)core;
    return &backend;
#else
    core->fail_message("this plugin opens for nobody");
    return NULL;
#endif
}

#elif defined FAKE_NEEDS

int ritz_test_absent(void);
int fake(void);
int fake(void)
{
    return ritz_test_absent();
}

#else

int fake(void);
int fake(void)
{
    return 0;
}

#endif
