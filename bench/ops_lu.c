/* LU factorization, beside LAPACK called directly. Pivots are 32-bit integers in the memory of a
 * column of floating-point numbers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <lapacke.h>
#include <stdlib.h>

#include "bench.h"

static void lu_extents(struct bench_problem *p)
{
    p->in_extent[0] = p->out_extent[0] = (struct bench_extent){p->shape.n, p->shape.n};
    p->out_extent[1] = (struct bench_extent){p->shape.n, 1};
}

static double lu_flops(struct bench_shape s)
{
    return 2 * (double)s.n * (double)s.n * (double)s.n / 3;
}

static ritz_status lu_ritz(struct bench_problem *p)
{
    ritz_dmat pivots = p->ritz_out[1];
    pivots.dtype = RITZ_I32;
    pivots.batch_stride *= (int64_t)(ritz_dtype_size(p->dtype) / sizeof(int32_t));
    return ritz_lu(p->stream, p->ritz_out[0], pivots, RITZ_NO_MAT);
}

static int lu_peer(struct bench_problem *p, int64_t item)
{
    const int n = (int)p->shape.n;
    void *A = bench_out(p, BENCH_PEER, 0, item), *pivots = bench_out(p, BENCH_PEER, 1, item);
    return p->dtype == RITZ_F32 ? LAPACKE_sgetrf_work(LAPACK_COL_MAJOR, n, n, A, n, pivots)
                                : LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, n, n, A, n, pivots);
}

/* The interchanges on x; 0 if one is none. */
static int interchange(const int32_t *pivots, int64_t n, double *x)
{
    for (int64_t i = 0; x && i < n; i++) {
        const int64_t with = (int64_t)pivots[i] - 1;
        if (with < i || with >= n) return 0;
        const double t = x[i];
        x[i] = x[with];
        x[with] = t;
    }
    return 1;
}

static double lu_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const struct check_matrix A = check_in(p, 0, item);
    struct check_matrix L = check_out(p, side, 0, item), U = L;
    L.kind = CHECK_UNIT_LOWER;
    U.kind = CHECK_UPPER;
    double *x = check_signs(A.rows);
    double *Ux = check_apply(U, 0, x);
    double *got = check_apply(L, 0, Ux);
    double *want = check_apply(A, 0, x);
    const int permuted = interchange(bench_out(p, side, 1, item), A.rows, want);
    const double allowed = 4 * check_eps(p->dtype) * check_frobenius(L) * check_frobenius(U);
    const double error = check_distance(got, permuted ? want : NULL, A.rows, allowed);
    free(x);
    free(Ux);
    free(got);
    free(want);
    return error;
}

const struct bench_operation bench_lu = {
    .name = "lu",
    .peer = "LAPACKE_?getrf_work",
    .in_place = 0,
    .extents = lu_extents,
    .fill = bench_fill_uniform,
    .flops = lu_flops,
    .ritz = lu_ritz,
    .peer_item = lu_peer,
    .error = lu_error,
};
