/* Products of small square matrices, without BLAS.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_SMALL_GEMM_H
#define RITZ_CPU_SMALL_GEMM_H

#include "core/backend.h"

/* Whether cpu_small_gemm has a kernel for these: float32 or float64, one layout, square, and of an
 * order that the lanes are made for. */
int cpu_small_gemm_takes(ritz_dmat A, ritz_dmat B, ritz_dmat C);

/* C = alpha A B + beta C; beta = 0 does not read C. */
ritz_status cpu_small_gemm(ritz_stream *s, double alpha, ritz_dmat A, ritz_dmat B, double beta,
                           ritz_dmat C);

#endif
