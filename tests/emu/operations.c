/* The table of operations.def.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/cases.h"

PREPARE(nothing)
{
    (void)w;
    return RITZ_OK;
}

FINISH(nothing)
{
    (void)w;
    return RITZ_OK;
}

const struct operation operations[] = {
#define OPERATION(function, variant, prepare, call, finish, writes, may, capture, tolerance)       \
    {#function, variant, prepare_##prepare, call_##call, finish_##finish,                          \
     (writes),  (may),   (capture),         (tolerance)},
#include "emu/operations.def"
#undef OPERATION
};
const size_t operation_count = sizeof operations / sizeof operations[0];
