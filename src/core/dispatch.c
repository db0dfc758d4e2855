/* Which version of an operation runs: the backend's own, core's composite, or none.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/backend.h"
#include "core/composite.h"

const struct ritz_ops ritz_composites = {
#define OP(slot, parameters, arguments, key, composite) .slot = composite,
#include "core/ops.def"
#undef OP
};

const char *ritz_op_name(enum ritz_op op)
{
    static const char *const names[RITZ_OP_COUNT] = {
#define OP(slot, parameters, arguments, key, composite) [RITZ_OP_##slot] = #slot,
#include "core/ops.def"
#undef OP
    };
    return op < RITZ_OP_COUNT ? names[op] : "unknown";
}

static int has_composite(enum ritz_op op)
{
    switch (op) {
#define OP(slot, parameters, arguments, key, composite)                                            \
    case RITZ_OP_##slot:                                                                           \
        return ritz_composites.slot != NULL;
#include "core/ops.def"
#undef OP
    case RITZ_OP_COUNT: break;
    }
    return 0;
}

/* Without such an operation, algo composes the public one of others. */
static int is_optional(enum ritz_op op)
{
    static const unsigned char optional[RITZ_OP_COUNT] = {
#define OP(slot, parameters, arguments, key, composite) 0,
#define OPTIONAL(slot, parameters, arguments, key) 1,
#include "core/ops.def"
#undef OPTIONAL
#undef OP
    };
    return op < RITZ_OP_COUNT && optional[op];
}

static int has_native(const ritz_device *dev, enum ritz_op op)
{
    switch (op) {
#define OP(slot, parameters, arguments, key, composite)                                            \
    case RITZ_OP_##slot:                                                                           \
        return dev->backend->ops.slot != NULL;
#include "core/ops.def"
#undef OP
    case RITZ_OP_COUNT: break;
    }
    return 0;
}

enum ritz_route ritz_route_of(const ritz_stream *s, enum ritz_op op, const ritz_dmat *key,
                              int count)
{
    const ritz_device *dev = s->device;
    if (dev->route[op] == RITZ_ROUTE_ABSENT)
        (void)ritz_fail(RITZ_ERR_UNSUPPORTED, "%s has no %s", dev->backend->name, ritz_op_name(op));
    if (dev->route[op] != RITZ_ROUTE_NATIVE) return (enum ritz_route)dev->route[op];
    const char *reason = dev->backend->limits(op, key, count);
    if (!reason) return RITZ_ROUTE_NATIVE;
    if (has_composite(op)) return RITZ_ROUTE_COMPOSITE;
    (void)ritz_fail(RITZ_ERR_UNSUPPORTED, "%s", reason);
    return RITZ_ROUTE_REFUSED;
}

int ritz_op_offered(const ritz_stream *s, enum ritz_op op, const ritz_dmat *key, int count)
{
    const ritz_device *dev = s->device;
    return dev->route[op] == RITZ_ROUTE_NATIVE && !dev->backend->limits(op, key, count);
}

ritz_status ritz_device_force_composite(ritz_device *dev, enum ritz_op op, int on)
{
    const enum ritz_route other = is_optional(op) ? RITZ_ROUTE_ABSENT : RITZ_ROUTE_COMPOSITE;
    if (on && !is_optional(op) && !has_composite(op))
        return ritz_fail(RITZ_ERR_UNSUPPORTED, "%s has no composite", ritz_op_name(op));
    dev->route[op] = (unsigned char)(on || !has_native(dev, op) ? other : RITZ_ROUTE_NATIVE);
    return RITZ_OK;
}
