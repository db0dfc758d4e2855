/* Device-independent versions of operations, built from other operations. They never leave the
 * device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_COMPOSITE_H
#define RITZ_CORE_COMPOSITE_H

#include "core/backend.h"

ritz_status ritz_composite_syrk(ritz_stream *s, ritz_uplo uplo, double alpha, ritz_dmat A,
                                double beta, ritz_dmat C);
ritz_status ritz_composite_trmm(ritz_stream *s, ritz_side side, ritz_uplo uplo, ritz_diag diag,
                                double alpha, ritz_dmat A, ritz_dmat B);
ritz_status ritz_composite_gemm_grouped(ritz_stream *s, int64_t count, double alpha,
                                        const ritz_dmat *A, const ritz_dmat *B, double beta,
                                        const ritz_dmat *C);
ritz_status ritz_composite_solve_gram(ritz_stream *s, ritz_dmat R, ritz_dmat A, ritz_dmat X,
                                      ritz_dmat G);
ritz_status ritz_composite_residual(ritz_stream *s, ritz_dmat A, ritz_dmat X, ritz_dmat B,
                                    ritz_dmat R, ritz_dmat G, ritz_dmat norms);
ritz_status ritz_composite_ormqr(ritz_stream *s, ritz_apply which, ritz_dmat A, ritz_dmat tau,
                                 ritz_dmat C);
ritz_status ritz_composite_moments_merge(ritz_stream *s, ritz_dtype compute, int64_t count,
                                         ritz_dmat A, ritz_dmat mean, ritz_dmat G);
ritz_status ritz_composite_hadamard_rows(ritz_stream *s, uint64_t seed, uint32_t word, ritz_dmat A,
                                         ritz_dmat SA);

#endif
