/* Sparse matrices, for linear operators.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_SPARSE_H
#define RITZ_ALGO_SPARSE_H

#include "core/spmat.h"

/* There is a matrix, on the stream's device. */
ritz_status ritz_algo_spmat_check(const ritz_stream *s, const ritz_spmat *A, const char *name);
/* It keeps its transpose. */
ritz_status ritz_algo_spmat_check_two_ways(const ritz_spmat *A, const char *name);
/* An output does not overlap the values. */
ritz_status ritz_algo_spmat_check_apart(ritz_dmat out, const char *out_name, const ritz_spmat *A);

/* Y = alpha A X + beta Y, or with Aᵀ. */
ritz_status ritz_algo_spmm(ritz_stream *s, int transposed, double alpha, const ritz_spmat *A,
                           ritz_dmat X, double beta, ritz_dmat Y);
/* Y = (A - 1 meanᵀ) X, or its transpose times X; mean n x 1 F64; X and Y are not empty. */
ritz_status ritz_algo_spmm_centred(ritz_stream *s, int transposed, const ritz_spmat *A,
                                   ritz_dmat mean, ritz_dmat X, ritz_dmat Y);

/* out = ‖A‖_F², or ‖A - 1 meanᵀ‖_F²; 1 x 1 F64. */
ritz_status ritz_algo_spmat_sumsq(ritz_stream *s, const ritz_spmat *A, ritz_dmat out);
ritz_status ritz_algo_spmat_centred_sumsq(ritz_stream *s, const ritz_spmat *A, ritz_dmat mean,
                                          ritz_dmat out);

#endif
