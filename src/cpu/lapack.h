/* Calling BLAS and LAPACK: narrowing of sizes, operands of a batch, vectors with a stride.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_LAPACK_H
#define RITZ_CPU_LAPACK_H

#include <assert.h>
#include <cblas.h>
#include <lapacke.h>
#include <string.h>

#include "core/check.h"
#include "cpu/items.h"
#include "cpu/ops.h"

/* A size for BLAS or LAPACK. Larger ones were refused by the backend's limits(). */
static inline int cpu_int(int64_t size)
{
    assert(size >= INT32_MIN && size <= INT32_MAX);
    return (int)size;
}

/* The leading dimension of a matrix of `lines` columns (or rows, if row-major); for a single one it
 * has no meaning and may be large. */
static inline int cpu_ld(ritz_dmat A)
{
    const int64_t lines = A.layout == RITZ_COL_MAJOR ? A.cols : A.rows;
    return lines <= 1 && A.ld > INT32_MAX ? INT32_MAX : cpu_int(A.ld);
}

/* The items of an operand. */
struct cpu_operand {
    char *data;
    int64_t stride; /* bytes between items; 0 for one that is broadcast */
    int ld;
};

static inline struct cpu_operand cpu_operand(ritz_dmat A)
{
    const int64_t stride = A.batch > 1 ? A.batch_stride : 0;
    return (struct cpu_operand){A.data, stride * (int64_t)ritz_dtype_size(A.dtype), cpu_ld(A)};
}

static inline void *cpu_item_data(const struct cpu_operand *A, int64_t b)
{
    return A->data ? A->data + b * A->stride : NULL;
}

/* Elements between neighbours in an n x 1 matrix. */
static inline int64_t cpu_vector_stride(ritz_dmat x)
{
    return x.layout == RITZ_COL_MAJOR ? 1 : x.ld;
}

/* info of item b: an entry of a batch x 1 matrix of int32. */
struct cpu_info {
    int32_t *data;
    int64_t stride;
};

static inline struct cpu_info cpu_info(ritz_dmat info)
{
    return (struct cpu_info){info.data, cpu_vector_stride(info)};
}

static inline ritz_uplo cpu_other_triangle(ritz_uplo uplo)
{
    return uplo == RITZ_LOWER ? RITZ_UPPER : RITZ_LOWER;
}

/* The triangle in memory seen as column-major. */
static inline ritz_uplo cpu_stored_triangle(ritz_uplo uplo, ritz_layout layout)
{
    return layout == RITZ_COL_MAJOR ? uplo : cpu_other_triangle(uplo);
}

/* The workspace length that a LAPACK query returned in a floating-point number. */
static inline int64_t cpu_queried(double length)
{
    return (int64_t)(length * (1.0 + 0x1p-22)) + 1; /* a float32 may have been rounded down */
}

#endif
