/* Matrices as kernels see them: the type of an element, the shape, and the steps between elements,
 * items included.
 *
 * Steps count elements; they may be 0 (an input that is broadcast) or negative.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CUDA_OPERAND_H
#define RITZ_CUDA_OPERAND_H

#include "ritz/blas.h"
#include "ritz/matrix.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cuda_operand {
    void *p;
    ritz_dtype dtype;
    int64_t rows, cols;
    int64_t row_step; /* from an element to the one below it */
    int64_t col_step; /* from an element to the one on its right */
    int64_t batch, batch_step;
};

struct cuda_operand cuda_operand_of(ritz_dmat A);
/* An input beside an output of `batch` items. */
struct cuda_operand cuda_operand_broadcast(ritz_dmat A, int64_t batch);
/* The vector d (n x 1) as the matrix with rows dᵀ, of the shape of `like`. */
struct cuda_operand cuda_operand_of_row(ritz_dmat d, const struct cuda_operand *like);
/* The main diagonal as a column. */
struct cuda_operand cuda_operand_diagonal(ritz_dmat A);
struct cuda_operand cuda_operand_transposed(struct cuda_operand a);

int cuda_operand_empty(const struct cuda_operand *a);

/* For operands of one shape: transpose all, if that puts the rows of the first one where it is
 * contiguous; 1 if it was done. */
int cuda_orient(struct cuda_operand *a, int count);

/* Join columns that lie end to end in every operand, then also items if asked, for loops that do
 * not look at indices. */
void cuda_join(struct cuda_operand *a, int count, int items);

/* The same triangle in the transpose. */
ritz_uplo cuda_part_of_transpose(ritz_uplo part);

/* How a reduction cuts the columns of a matrix: `count` chunks of `rows` rows, the last one perhaps
 * shorter. It depends on the matrix alone, so that sums do not depend on the device. No rows: no
 * chunks. */
struct cuda_chunks {
    int64_t rows, count;
    int across; /* threads lie side by side along the rows, not the columns */
};
struct cuda_chunks cuda_chunks_of(const struct cuda_operand *a);
/* The same for all columns of an item, one below the other. */
struct cuda_chunks cuda_item_chunks_of(const struct cuda_operand *a);

#ifdef __cplusplus
}
#endif
#endif
