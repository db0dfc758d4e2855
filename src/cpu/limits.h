/* What the CPU backend's operations cannot address.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LIMITS_H
#define RITZ_CPU_LIMITS_H

#include "core/backend.h"

/* struct ritz_backend::limits. The text is valid on this thread until the next call. */
const char *cpu_limits(enum ritz_op op, const ritz_dmat *key, int count);

#endif
