/* Elementwise loops over up to three matrices of one shape, run by run.
 *
 * A sweep cuts the columns of its matrices into runs and calls a function for each, on several
 * threads if there is much to do. Before that, the views are turned so that columns are what is
 * contiguous, and joined where they lie end to end. Broadcast inputs are views with strides of 0.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CPU_SWEEP_H
#define RITZ_CPU_SWEEP_H

#include "cpu/parallel.h"
#include "cpu/view.h"
#include "ritz/blas.h"

#define CPU_SWEEP_VIEWS 3

/* No run is longer, so that functions can keep a run in a local array. */
#define CPU_RUN_MAX 1024

/* Consecutive elements of one column. */
struct cpu_run {
    int64_t count;
    int64_t item;             /* of the batch */
    int64_t first, line;      /* row and column of the first element */
    void *p[CPU_SWEEP_VIEWS]; /* the first element in each view */
    int64_t stride[CPU_SWEEP_VIEWS];
};

struct cpu_sweep;
typedef void (*cpu_run_function)(const struct cpu_run *run, const struct cpu_sweep *sweep);

struct cpu_sweep {
    cpu_run_function run;
    int views;
    struct cpu_view v[CPU_SWEEP_VIEWS]; /* the first decides in which direction runs go */
    double alpha, beta;                 /* what the function makes of them */
    ritz_uplo part;
    int option;
    void *shared;
};

/* Turn all views so that runs go along the contiguous direction of the first; 1 if that made
 * them transposes. */
int cpu_sweep_orient(struct cpu_sweep *sweep);

/* Join columns that lie end to end in every view, for functions that do not look at `first` and
 * `line`; also items, if the function does not look at `item` either. */
void cpu_sweep_join(struct cpu_sweep *sweep, int items);

/* The part of a run that lies in a triangle (RITZ_BOTH: all of it), without the diagonal if
 * `strict`. */
struct cpu_span {
    int64_t begin, end;
};
static inline struct cpu_span cpu_run_in_triangle(const struct cpu_run *run, ritz_uplo part,
                                                  int strict)
{
    struct cpu_span span = {0, run->count};
    const int64_t diagonal = run->line - run->first;
    if (part == RITZ_LOWER) span.begin = diagonal + strict;
    if (part == RITZ_UPPER) span.end = diagonal + 1 - strict;
    if (span.begin < 0) span.begin = 0;
    if (span.end > run->count) span.end = run->count;
    if (span.end < span.begin) span.end = span.begin;
    if (span.begin > run->count) span.begin = span.end = run->count;
    return span;
}

/* The same triangle in the transpose. */
static inline ritz_uplo cpu_triangle_of_transpose(ritz_uplo part)
{
    return part == RITZ_LOWER ? RITZ_UPPER : part == RITZ_UPPER ? RITZ_LOWER : part;
}

/* From a job. The order of the runs is not fixed. */
void cpu_sweep_run(const struct cpu_context *ctx, const struct cpu_sweep *sweep);

ritz_status cpu_sweep_enqueue(ritz_stream *s, const struct cpu_sweep *sweep);

#endif
