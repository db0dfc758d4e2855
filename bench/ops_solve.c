/* Linear systems by LU factorization, beside LAPACK called directly.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static void solve_extents(struct bench_problem *p)
{
    p->in_extent[0] = (struct bench_extent){p->shape.n, p->shape.n};
    p->in_extent[1] = p->out_extent[0] = (struct bench_extent){p->shape.n, p->shape.k};
}

static double solve_flops(struct bench_shape s)
{
    const double n = (double)s.n;
    return 2 * n * n * n / 3 + 2 * n * n * (double)s.k;
}

static ritz_status solve_ritz(struct bench_problem *p)
{
    return ritz_solve(p->stream, p->ritz_in[0], p->ritz_out[0], RITZ_NO_MAT);
}

static int solve_open(struct bench_problem *p)
{
    const size_t n = (size_t)p->shape.n;
    p->scratch = malloc(n * n * ritz_dtype_size(p->dtype));
    p->iwork = malloc(n * sizeof *p->iwork);
    return p->scratch && p->iwork ? 0 : -1;
}

/* LAPACK destroys the matrix, so it gets a copy. */
static int solve_peer(struct bench_problem *p, int64_t item)
{
    const int n = (int)p->shape.n, k = (int)p->shape.k;
    void *B = bench_out(p, BENCH_PEER, 0, item);
    memcpy(p->scratch, bench_in(p, 0, item), (size_t)(n * n) * ritz_dtype_size(p->dtype));
    return p->dtype == RITZ_F32
               ? LAPACKE_sgesv_work(LAPACK_COL_MAJOR, n, k, p->scratch, n, p->iwork, B, n)
               : LAPACKE_dgesv_work(LAPACK_COL_MAJOR, n, k, p->scratch, n, p->iwork, B, n);
}

/* The residual A X - B, on random signs. */
static double solve_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const struct check_matrix A = check_in(p, 0, item), B = check_in(p, 1, item);
    double *signs = check_signs(B.cols);
    double *Xs = check_apply(check_out(p, side, 0, item), 0, signs);
    double *got = check_apply(A, 0, Xs), *want = check_apply(B, 0, signs);
    const double size = Xs ? check_frobenius(A) * check_norm(Xs, A.rows) : 0;
    const double error =
        check_distance(got, want, A.rows, 4 * (double)A.rows * check_eps(p->dtype) * size);
    free(signs);
    free(Xs);
    free(got);
    free(want);
    return error;
}

const struct bench_operation bench_solve = {
    .name = "solve",
    .peer = "LAPACKE_?gesv_work",
    .in_place = 1,
    .extents = solve_extents,
    .fill = bench_fill_uniform,
    .flops = solve_flops,
    .ritz = solve_ritz,
    .peer_open = solve_open,
    .peer_item = solve_peer,
    .error = solve_error,
};
