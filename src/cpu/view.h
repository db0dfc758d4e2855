/* Elements in memory, of any type, order and origin: what a host matrix and a matrix of the CPU
 * device have in common, and how the kernels see them.
 *
 * Strides count elements and may be 0 (a broadcast input) or negative.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_VIEW_H
#define RITZ_CPU_VIEW_H

#include "core/convert.h"
#include "ritz/matrix.h"

struct cpu_view {
    void *data;
    ritz_dtype dtype;
    int64_t rows, cols;
    int64_t row_stride; /* from an element to the one below it */
    int64_t col_stride; /* from an element to the one on its right */
    int64_t batch, batch_stride;
};

static inline struct cpu_view cpu_view_of(ritz_dmat A)
{
    const int by_rows = A.layout == RITZ_ROW_MAJOR;
    return (struct cpu_view){.data = A.data,
                             .dtype = A.dtype,
                             .rows = A.rows,
                             .cols = A.cols,
                             .row_stride = by_rows ? A.ld : 1,
                             .col_stride = by_rows ? 1 : A.ld,
                             .batch = A.batch,
                             .batch_stride = A.batch == 1 ? 0 : A.batch_stride};
}

/* An input beside an output of `batch` items. */
static inline struct cpu_view cpu_view_broadcast(ritz_dmat A, int64_t batch)
{
    struct cpu_view v = cpu_view_of(A);
    v.batch = batch;
    return v;
}

/* The vector d (n x 1) as the matrix with rows dᵀ, of the shape of `like`. */
static inline struct cpu_view cpu_view_of_row(ritz_dmat d, const struct cpu_view *like)
{
    struct cpu_view v = cpu_view_broadcast(d, like->batch);
    v.rows = like->rows;
    v.cols = like->cols;
    v.col_stride = v.row_stride;
    v.row_stride = 0;
    return v;
}

/* The vector d (batch x 1) as a batch of constant matrices, of the shape of `like`. */
static inline struct cpu_view cpu_view_of_items(struct cpu_view d, const struct cpu_view *like)
{
    struct cpu_view v = d;
    v.batch_stride = v.row_stride;
    v.batch = like->batch;
    v.rows = like->rows;
    v.cols = like->cols;
    v.row_stride = 0;
    v.col_stride = 0;
    return v;
}

static inline struct cpu_view cpu_view_transposed(struct cpu_view v)
{
    struct cpu_view t = v;
    t.rows = v.cols;
    t.cols = v.rows;
    t.row_stride = v.col_stride;
    t.col_stride = v.row_stride;
    return t;
}

static inline void *cpu_view_at(const struct cpu_view *v, int64_t item, int64_t i, int64_t j)
{
    const int64_t offset = item * v->batch_stride + i * v->row_stride + j * v->col_stride;
    if (v->data == NULL) return NULL;
    return (char *)v->data + offset * (int64_t)ritz_elem_size((ritz_elem)v->dtype);
}

static inline int cpu_view_empty(const struct cpu_view *v)
{
    return v->rows == 0 || v->cols == 0 || v->batch == 0;
}

static inline double cpu_view_bytes(const struct cpu_view *v)
{
    return (double)v->rows * (double)v->cols * (double)v->batch *
           (double)ritz_elem_size((ritz_elem)v->dtype);
}

/* Whether a walk through v goes down its columns: along the contiguous direction, unless so few
 * elements lie there that a run would be shorter than its overhead. */
static inline int cpu_view_runs_down(const struct cpu_view *v)
{
    const int64_t short_run = 8;
    const int down = v->row_stride == 1 && (v->col_stride != 1 || v->rows >= v->cols);
    const int64_t along = down ? v->rows : v->cols;
    const int64_t across = down ? v->cols : v->rows;
    return along < short_run && across > along ? !down : down;
}

/* `count` elements as doubles or floats: where they are, if they are that, else in the buffer. */
static inline const double *cpu_load_f64(const void *x, ritz_dtype dtype, int64_t stride,
                                         int64_t count, double *buffer)
{
    if (dtype == RITZ_F64 && stride == 1) return x;
    ritz_convert_strided(count, x, (ritz_elem)dtype, stride, buffer, RITZ_F64, 1);
    return buffer;
}

static inline const float *cpu_load_f32(const void *x, ritz_dtype dtype, int64_t stride,
                                        int64_t count, float *buffer)
{
    if (dtype == RITZ_F32 && stride == 1) return x;
    ritz_convert_strided(count, x, (ritz_elem)dtype, stride, buffer, RITZ_F32, 1);
    return buffer;
}

/* A table, indexed by ritz_dtype, of the functions that a template made. */
#define CPU_BY_DTYPE(name)                                                                         \
    {                                                                                              \
        [RITZ_F32] = name##_f32, [RITZ_F64] = name##_f64                                           \
    }

/* Whether float32 holds every value of the type. */
static inline int cpu_fits_f32(ritz_dtype dtype)
{
    return dtype != RITZ_F64 && dtype != RITZ_I32 && dtype != RITZ_I64;
}

#endif
