/* Operations whose measure is bytes: a change of layout, and random numbers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <math.h>

#include "bench.h"

/* ---- transpose ------------------------------------------------------------------------------- */

static void transpose_extents(struct bench_problem *p)
{
    p->in_extent[0] = (struct bench_extent){p->shape.m, p->shape.n};
    p->out_extent[0] = (struct bench_extent){p->shape.n, p->shape.m};
}

static double transpose_elements(struct bench_shape s)
{
    return 2.0 * (double)s.m * (double)s.n;
}

static ritz_status transpose_ritz(struct bench_problem *p)
{
    return ritz_copy(p->stream, ritz_t(p->ritz_in[0]), p->ritz_out[0]);
}

static int transpose_peer(struct bench_problem *p, int64_t item)
{
    const int m = (int)p->shape.m, n = (int)p->shape.n;
    if (p->dtype == RITZ_F32)
        cblas_somatcopy(CblasColMajor, CblasTrans, m, n, 1, bench_in(p, 0, item), m,
                        bench_out(p, BENCH_PEER, 0, item), n);
    else
        cblas_domatcopy(CblasColMajor, CblasTrans, m, n, 1, bench_in(p, 0, item), m,
                        bench_out(p, BENCH_PEER, 0, item), n);
    return 0;
}

/* Bit for bit. */
static double transpose_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const int64_t m = p->shape.m, n = p->shape.n;
    const void *A = bench_in(p, 0, item), *B = bench_out(p, side, 0, item);
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < m; i++) {
            const int same = p->dtype == RITZ_F32
                                 ? ((const float *)A)[i + j * m] == ((const float *)B)[j + i * n]
                                 : ((const double *)A)[i + j * m] == ((const double *)B)[j + i * n];
            if (!same) return INFINITY;
        }
    }
    return 0;
}

const struct bench_operation bench_transpose = {
    .name = "transpose",
    .peer = "cblas_?omatcopy (1 thread)",
    .in_place = -1,
    .extents = transpose_extents,
    .fill = bench_fill_uniform,
    .elements = transpose_elements,
    .ritz = transpose_ritz,
    .peer_item = transpose_peer,
    .error = transpose_error,
};

/* ---- random ---------------------------------------------------------------------------------- */

static void random_extents(struct bench_problem *p)
{
    p->out_extent[0] = (struct bench_extent){p->shape.m, p->shape.n};
}

static double random_elements(struct bench_shape s)
{
    return (double)s.m * (double)s.n;
}

static ritz_status random_ritz(struct bench_problem *p)
{
    return ritz_random_fill(p->stream, RITZ_NORMAL, 7, 0, p->ritz_out[0]);
}

/* Mean, variance and the share beyond one standard deviation, each within six standard errors. */
static double random_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const int64_t count = p->shape.m * p->shape.n;
    const void *A = bench_out(p, side, 0, item);
    double sum = 0, squares = 0, beyond_one = 0;
    for (int64_t i = 0; i < count; i++) {
        const double x =
            p->dtype == RITZ_F32 ? (double)((const float *)A)[i] : ((const double *)A)[i];
        sum += x;
        squares += x * x;
        beyond_one += fabs(x) > 1;
    }
    const double n = (double)count, tail = 0.317310507862914; /* P(|x| > 1) */
    const double mean_error = fabs(sum) / (6 * sqrt(n));
    const double variance_error = fabs(squares - n) / (6 * sqrt(2 * n));
    const double tail_error = fabs(beyond_one - tail * n) / (6 * sqrt(tail * (1 - tail) * n));
    return check_worse(check_worse(mean_error, variance_error), tail_error);
}

const struct bench_operation bench_random_fill = {
    .name = "random_fill",
    .in_place = -1,
    .extents = random_extents,
    .fill = bench_fill_uniform,
    .elements = random_elements,
    .ritz = random_ritz,
    .error = random_error,
};
