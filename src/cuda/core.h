/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_CORE_H
#define RITZ_CUDA_CORE_H

#include "core/services.h"

/* Keep the table of core's functions; called once, before anything else. */
void cuda_set_core(const struct ritz_core_services *services);

#endif
