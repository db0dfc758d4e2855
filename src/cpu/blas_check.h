/* Whether the BLAS in this process computes right results.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_BLAS_CHECK_H
#define RITZ_CPU_BLAS_CHECK_H

#include "ritz/status.h"

/* Multiplies two small matrices, once a process: RITZ_OK, or RITZ_ERR_UNAVAILABLE with advice. */
ritz_status cpu_blas_check(void);

#endif
