/* The workspace of a stream, as its owner sees it. Users take from it through backend.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_WORK_H
#define RITZ_CORE_WORK_H

#include "core/backend.h"

ritz_status ritz_arena_create(struct ritz_arena **arena);
void ritz_arena_destroy(ritz_stream *s);

#endif
