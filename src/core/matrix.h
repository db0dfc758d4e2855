/* Questions about a matrix description that validation, memory and copies ask.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_MATRIX_H
#define RITZ_CORE_MATRIX_H

#include "ritz/matrix.h"

int ritz_dtype_valid(ritz_dtype dtype);

/* a * b * c does not fit into int64_t; sizes are non-negative. */
int ritz_product_overflows(int64_t a, int64_t b, int64_t c);

/* Elements from the first to the one behind the last; 0 on overflow of the byte count. */
int ritz_mat_extent(ritz_dmat A, int64_t *elements);

/* No field contradicts another. */
int ritz_mat_consistent(ritz_dmat A);
int ritz_hmat_consistent(ritz_hmat H);

/* Two items of the batch share an element, so it cannot be an output. */
int ritz_mat_self_overlaps(ritz_dmat A);
int ritz_hmat_self_overlaps(ritz_hmat H);

/* A and B may share an element (exact for blocks of one parent, else by address range). */
int ritz_mat_overlap(ritz_dmat A, ritz_dmat B);
int ritz_mat_interleaved(ritz_dmat A, ritz_dmat B);

/* ritz_dmat_destroy for each of what an object owns; the first error. (memory.c) */
ritz_status ritz_dmat_destroy_all(ritz_stream *s, ritz_dmat *const *owned, size_t count);

#endif
