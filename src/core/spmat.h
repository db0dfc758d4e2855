/* Sparse matrices: what they are made of, and how they come into being.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_SPMAT_H
#define RITZ_CORE_SPMAT_H

#include "core/backend.h"
#include "ritz/sparse.h"

/* Compressed sparse rows, as the operation csr_gemm takes them. */
struct ritz_csr {
    ritz_dmat offsets, indices, values, parts;
};

struct ritz_spmat {
    ritz_device *device;
    ritz_dtype dtype;
    int64_t rows, cols, nonzeros;
    int one_way;
    struct ritz_csr forward;  /* A */
    struct ritz_csr backward; /* Aᵀ, unless one_way */
    ritz_dmat order; /* nnz x 1 I32: where the values of Aᵀ stand in A; none if they are too many */
    ritz_dmat gaps; /* n x 1 F64: root of the number of elements that a column does not store */
};

/* Elements in any order, in the memory of the host. */
struct ritz_triplets {
    int64_t rows, cols, count;
    int32_t *row, *col; /* in range */
    double *value;
};
void ritz_triplets_free(struct ritz_triplets *t);

/* The sizes of a sparse matrix: its indices have 32 bits. */
ritz_status ritz_spmat_check_sizes(int64_t rows, int64_t cols);
/* Options that make sense. */
ritz_status ritz_spmat_check_options(const ritz_spmat_options *opts);

/* Create a matrix from triplets, which are freed, also on failure. `dtype` where opts does not say.
 * All arguments were checked. Waits for the stream. */
ritz_status ritz_spmat_from_triplets(ritz_stream *s, struct ritz_triplets *t, ritz_dtype dtype,
                                     const ritz_spmat_options *opts, ritz_spmat **A);

/* ---- on the host (spmat_host.c) ---------------------------------------------------------- */

struct ritz_csr_host {
    int64_t rows, cols, count;
    int64_t *offsets; /* rows + 1 */
    int32_t *indices; /* ascending in a row, without repetition */
    void *values;     /* float or double */
    int64_t *parts;   /* two for each */
    int64_t part_count;
};
void ritz_csr_host_free(struct ritz_csr_host *A);

/* Sort by rows and columns, and add up what repeats, in the order given. */
ritz_status ritz_csr_host_of(const struct ritz_triplets *t, ritz_dtype dtype,
                             struct ritz_csr_host *A);
/* At = Aᵀ; order: where its values stand in A, if not NULL. */
ritz_status ritz_csr_host_transpose(const struct ritz_csr_host *A, ritz_dtype dtype,
                                    struct ritz_csr_host *At, int32_t *order);

#endif
