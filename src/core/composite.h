/* Device-independent versions of operations, built from other operations. They never leave the
 * device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_COMPOSITE_H
#define RITZ_CORE_COMPOSITE_H

#include "core/backend.h"

ritz_status ritz_composite_syrk(ritz_stream *s, ritz_uplo uplo, double alpha, ritz_dmat A,
                                double beta, ritz_dmat C);
ritz_status ritz_composite_ormqr(ritz_stream *s, ritz_apply which, ritz_dmat A, ritz_dmat tau,
                                 ritz_dmat C);
ritz_status ritz_composite_moments_merge(ritz_stream *s, ritz_dtype compute, int64_t count,
                                         ritz_dmat A, ritz_dmat mean, ritz_dmat G);

#endif
