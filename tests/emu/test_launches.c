/* The number of launches and of library calls that a batched operation makes does not depend on the
 * batch: a host that walks through the items one by one would show here.
 *
 * Each operation is counted at batch 2 and at a large batch, for small matrices and for some that
 * no block of threads can keep in its shared memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "core/backend.h"
#include "cudaemu/emu.h"
#include "emu/operations.h"

/* ---- the data -------------------------------------------------------------------------------- */

/* Matrices of one case, float64, all with the same batch. */
struct data {
    ritz_stream *s;
    int64_t n, batch;
    ritz_dmat A, S, T, B, X, Y,
        R;                     /* n x n; n x n positive definite; 2n x n; n x 3; n x n; 2n x n */
    ritz_dmat v, w, tau;       /* n x 1 */
    ritz_dmat pivots, index;   /* n x 1, I32 */
    ritz_dmat info, rank;      /* batch x 1, I32 */
    ritz_dmat a, b, two, each; /* batch x 1 F64; batch x 2; 1 x 1 F64 per item */
};

static ritz_dmat take(struct data *d, ritz_dtype dtype, int64_t rows, int64_t cols, int64_t batch)
{
    ritz_dmat M;
    must(ritz_dmat_create_batch(d->s, dtype, RITZ_COL_MAJOR, rows, cols, batch, &M));
    return M;
}

static void make(struct data *d)
{
    const int64_t n = d->n, batch = d->batch;
    d->A = take(d, RITZ_F64, n, n, batch);
    d->S = take(d, RITZ_F64, n, n, batch);
    d->T = take(d, RITZ_F64, 2 * n, n, batch);
    d->B = take(d, RITZ_F64, n, 3, batch);
    d->X = take(d, RITZ_F64, n, n, batch);
    d->Y = take(d, RITZ_F64, 2 * n, n, batch);
    d->R = take(d, RITZ_F64, n, n, batch);
    d->v = take(d, RITZ_F64, n, 1, batch);
    d->w = take(d, RITZ_F64, n, 1, batch);
    d->tau = take(d, RITZ_F64, n, 1, batch);
    d->pivots = take(d, RITZ_I32, n, 1, batch);
    d->index = take(d, RITZ_I32, n, 1, batch);
    d->info = take(d, RITZ_I32, batch, 1, 1);
    d->rank = take(d, RITZ_I32, batch, 1, 1);
    d->a = take(d, RITZ_F64, batch, 1, 1);
    d->b = take(d, RITZ_F64, batch, 1, 1);
    d->two = take(d, RITZ_F64, batch, 2, 1);
    d->each = take(d, RITZ_F64, 1, 1, batch);
}

static void fill(struct data *d)
{
    ritz_dmat *const random[] = {&d->A, &d->S, &d->T, &d->B, &d->X,
                                 &d->Y, &d->R, &d->v, &d->w, &d->tau};
    for (size_t i = 0; i < sizeof random / sizeof *random; i++)
        must(ritz_op_random_fill(d->s, RITZ_UNIFORM, 5, (uint32_t)i, 0, 0, *random[i]));
    must(ritz_op_fill(d->s, (double)d->n, d->a));
    must(ritz_op_fill(d->s, 1.0, d->each));
    must(ritz_op_mirror(d->s, RITZ_LOWER, d->S));
    must(ritz_op_shift_diag(d->s, d->a, d->S));
    must(ritz_op_shift_diag(d->s, d->a, d->R));
    must(ritz_op_fill(d->s, 1.0, d->pivots));
    must(ritz_op_fill(d->s, 0.0, d->index));
    must(ritz_op_fill(d->s, 0.0, d->info));
}

static void drop(struct data *d)
{
    ritz_dmat *const all[] = {&d->A,    &d->S,    &d->T, &d->B,   &d->X,      &d->Y,
                              &d->R,    &d->v,    &d->w, &d->tau, &d->pivots, &d->index,
                              &d->info, &d->rank, &d->a, &d->b,   &d->two,    &d->each};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) must(ritz_dmat_destroy(d->s, all[i]));
}

/* ---- the operations -------------------------------------------------------------------------- */

#define NONE RITZ_NO_MAT
#define CASE(name, call)                                                                           \
    static ritz_status run_##name(struct data *d)                                                  \
    {                                                                                              \
        return call;                                                                               \
    }
#include "emu/launches.def"
#undef CASE

static const struct {
    const char *name;
    ritz_status (*run)(struct data *d);
} cases[] = {
#define CASE(name, call) {#name, run_##name},
#include "emu/launches.def"
#undef CASE
};
enum { CASES = sizeof cases / sizeof *cases };

/* ---- counting -------------------------------------------------------------------------------- */

static struct emu_counts counts_of(ritz_stream *s, int64_t n, int64_t batch, int which)
{
    struct data d = {.s = s, .n = n, .batch = batch};
    struct emu_counts counts;
    make(&d);
    fill(&d);
    emu_counters_clear();
    must(cases[which].run(&d));
    emu_counters(&counts);
    must(ritz_stream_sync(s));
    drop(&d);
    return counts;
}

static int compare(ritz_stream *s, int64_t n, int64_t batch, int which)
{
    const struct emu_counts two = counts_of(s, n, 2, which), many = counts_of(s, n, batch, which);
    const bool same = two.launches == many.launches && two.library_calls == many.library_calls;
    printf("%s %-24s n %-3lld %4lld launches %3lld library calls at batch 2, %4lld and %3lld at "
           "%lld\n",
           same ? "    " : "FAIL", cases[which].name, (long long)n, (long long)two.launches,
           (long long)two.library_calls, (long long)many.launches, (long long)many.library_calls,
           (long long)batch);
    return !same;
}

int main(void)
{
    ritz_device *dev;
    ritz_stream *s;
    int problems = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    must(ritz_device_open("cuda", &dev));
    must(ritz_stream_create(dev, &s));
    (void)counts_of(s, 5, 2, 0); /* the first library call of a stream creates handles */
    for (int i = 0; i < CASES; i++) {
        problems += compare(s, 5, 200, i);
        problems += compare(s, 96, 5, i);
    }
    must(ritz_stream_destroy(&s));
    must(ritz_device_close(&dev));
    printf("%d operations, %d problems\n", CASES, problems);
    return problems > 0;
}
