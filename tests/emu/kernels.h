/* Operations of a backend (core/ops.def) as small cases, which between them launch nearly every
 * kernel of the CUDA backend, in each of its types.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_EMU_KERNELS_H
#define RITZ_TESTS_EMU_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/backend.h"
#include "ritz/ritz.h"

enum kit_matrix {
    KIT_A,      /* m x n, in `layout` */
    KIT_B,      /* m x n, column-major */
    KIT_C,      /* m x n, column-major */
    KIT_S,      /* n x n, in `layout`, symmetric positive definite */
    KIT_L,      /* n x n, column-major, lower triangular, positive diagonal */
    KIT_X,      /* n x n, column-major */
    KIT_R,      /* n x 3, column-major */
    KIT_V,      /* n x 1 */
    KIT_VALUES, /* n x 1, descending, positive, the last one 0 if n > 2 */
    KIT_ROW,    /* n x 1 float64, some 0 or more than 1 */
    KIT_COLUMN, /* m x 1 float64, not negative; one of them 0 */
    KIT_NUMBER, /* batch x 1 float64, positive */
    KIT_OTHER,  /* batch x 1 float64, for results */
    KIT_EACH,   /* 1 x 1 float64 in each item, 0 */
    KIT_INDEX,  /* n x 1 int32: 0 .. n-1 in another order */
    KIT_PIVOTS, /* n x 1 int32: interchanges as of LU */
    KIT_FLAGS,  /* batch x 1 int32: 0, 1, 0, 1 ... */
    KIT_INFO,   /* batch x 1 int32, 0 */
    KIT_MATRICES
};

struct kit {
    ritz_device *dev;
    ritz_stream *s;
    ritz_dtype type;    /* float32 or float64 */
    ritz_layout layout; /* of what most cases read */
    int64_t m, n, batch;
    bool spoiled; /* NaN, infinities, zeros and numbers of extreme size in A */
    ritz_dmat mat[KIT_MATRICES];
};

struct kernel_case {
    const char *name;
    bool (*applies)(const struct kit *k);
    ritz_status (*call)(struct kit *k);
    /* In units of the type's roundoff times the longest side; 0: the same bits. Integers are the
     * same in any case. */
    unsigned tolerance;
};
extern const struct kernel_case kernel_cases[];
extern const size_t kernel_case_count;

/* The shapes that a case is run with. */
struct kit_shape {
    int64_t m, n, batch;
};
extern const struct kit_shape kit_shapes[];
extern const size_t kit_shape_count;

/* The matrices, filled; stops the program with a message where that fails. */
void open_kit(struct kit *k);
void close_kit(struct kit *k);
/* All elements of all matrices, on the host: the caller frees. */
double *kit_values(struct kit *k, size_t *count);
/* Where matrix `which` begins among these, and how many elements it has. */
size_t kit_place(const struct kit *k, int which, size_t *elements);
const char *kit_matrix_name(int which);
bool kit_is_integer(int which);

#endif
