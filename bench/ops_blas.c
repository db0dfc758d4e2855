/* Products and triangular solves, beside the same call to CBLAS.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#include "bench.h"

/* Sequence of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
double bench_uniform(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-52 - 1;
}

static void set(const struct bench_problem *p, void *data, int64_t at, double value)
{
    if (p->dtype == RITZ_F32)
        ((float *)data)[at] = (float)value;
    else
        ((double *)data)[at] = value;
}

void bench_fill_input(struct bench_problem *p, int which, uint64_t seed)
{
    const struct bench_extent e = p->in_extent[which];
    const int64_t count = e.rows * e.cols * p->shape.batch;
    uint64_t state = seed;
    for (int64_t i = 0; i < count; i++) set(p, p->in[which], i, bench_uniform(&state));
}

int bench_fill_uniform(struct bench_problem *p, uint64_t seed)
{
    for (int i = 0; i < BENCH_INPUTS; i++)
        if (p->in[i]) bench_fill_input(p, i, seed + (uint64_t)i);
    return 0;
}

/* What rounding errors of random sign leave of ‖E x‖, E the error of a product of factors with
 * these norms, is about a sixteenth of this. */
static double product_allowance(const struct bench_problem *p, double norm_a, double norm_b)
{
    return 4 * check_eps(p->dtype) * norm_a * norm_b;
}

/* ---- gemm ------------------------------------------------------------------------------------ */

static void gemm_extents(struct bench_problem *p)
{
    const struct bench_shape s = p->shape;
    p->in_extent[0] = (struct bench_extent){s.m, s.k};
    p->in_extent[1] = (struct bench_extent){s.k, s.n};
    p->out_extent[0] = (struct bench_extent){s.m, s.n};
}

static double gemm_flops(struct bench_shape s)
{
    return 2.0 * (double)s.m * (double)s.n * (double)s.k;
}

static ritz_status gemm_ritz(struct bench_problem *p)
{
    return ritz_gemm(p->stream, 1, p->ritz_in[0], p->ritz_in[1], 0, p->ritz_out[0]);
}

static int gemm_peer(struct bench_problem *p, int64_t item)
{
    const int m = (int)p->shape.m, n = (int)p->shape.n, k = (int)p->shape.k;
    const void *A = bench_in(p, 0, item), *B = bench_in(p, 1, item);
    void *C = bench_out(p, BENCH_PEER, 0, item);
    if (p->dtype == RITZ_F32)
        cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, A, m, B, k, 0, C, m);
    else
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, A, m, B, k, 0, C, m);
    return 0;
}

static double gemm_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const struct check_matrix A = check_in(p, 0, item), B = check_in(p, 1, item);
    double *x = check_signs(B.cols);
    double *Bx = check_apply(B, 0, x);
    double *want = check_apply(A, 0, Bx);
    double *got = check_apply(check_out(p, side, 0, item), 0, x);
    const double error = check_distance(
        got, want, A.rows, product_allowance(p, check_frobenius(A), check_frobenius(B)));
    free(x);
    free(Bx);
    free(want);
    free(got);
    return error;
}

const struct bench_operation bench_gemm = {
    .name = "gemm",
    .peer = "cblas_?gemm",
    .in_place = -1,
    .extents = gemm_extents,
    .fill = bench_fill_uniform,
    .flops = gemm_flops,
    .ritz = gemm_ritz,
    .peer_item = gemm_peer,
    .error = gemm_error,
};

/* ---- syrk ------------------------------------------------------------------------------------ */

static void syrk_extents(struct bench_problem *p)
{
    p->in_extent[0] = (struct bench_extent){p->shape.n, p->shape.k};
    p->out_extent[0] = (struct bench_extent){p->shape.n, p->shape.n};
}

static double syrk_flops(struct bench_shape s)
{
    return (double)s.n * (double)(s.n + 1) * (double)s.k;
}

static ritz_status syrk_ritz(struct bench_problem *p)
{
    return ritz_syrk(p->stream, RITZ_LOWER, 1, p->ritz_in[0], 0, p->ritz_out[0]);
}

static int syrk_peer(struct bench_problem *p, int64_t item)
{
    const int n = (int)p->shape.n, k = (int)p->shape.k;
    const void *A = bench_in(p, 0, item);
    void *C = bench_out(p, BENCH_PEER, 0, item);
    if (p->dtype == RITZ_F32)
        cblas_ssyrk(CblasColMajor, CblasLower, CblasNoTrans, n, k, 1, A, n, 0, C, n);
    else
        cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, k, 1, A, n, 0, C, n);
    return 0;
}

static double syrk_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const struct check_matrix A = check_in(p, 0, item);
    struct check_matrix C = check_out(p, side, 0, item);
    C.kind = CHECK_SYMMETRIC_LOWER;
    double *x = check_signs(A.rows);
    double *Atx = check_apply(A, 1, x);
    double *want = check_apply(A, 0, Atx);
    double *got = check_apply(C, 0, x);
    const double norm = check_frobenius(A);
    const double error = check_distance(got, want, A.rows, product_allowance(p, norm, norm));
    free(x);
    free(Atx);
    free(want);
    free(got);
    return error;
}

const struct bench_operation bench_syrk = {
    .name = "syrk",
    .peer = "cblas_?syrk",
    .in_place = -1,
    .extents = syrk_extents,
    .fill = bench_fill_uniform,
    .flops = syrk_flops,
    .ritz = syrk_ritz,
    .peer_item = syrk_peer,
    .error = syrk_error,
};

/* ---- trsm ------------------------------------------------------------------------------------ */

static void trsm_extents(struct bench_problem *p)
{
    p->in_extent[0] = (struct bench_extent){p->shape.n, p->shape.n};
    p->in_extent[1] = (struct bench_extent){p->shape.n, p->shape.k};
    p->out_extent[0] = p->in_extent[1];
}

/* Random triangular matrices are hopelessly ill-conditioned; a diagonal of 2 and small elements
 * beside it are not. */
static int trsm_fill(struct bench_problem *p, uint64_t seed)
{
    const int64_t n = p->shape.n;
    uint64_t state = seed;
    bench_fill_input(p, 1, seed + 1);
    for (int64_t item = 0; item < p->shape.batch; item++)
        for (int64_t at = 0; at < n * n; at++)
            set(p, bench_in(p, 0, item), at,
                at % (n + 1) == 0 ? 2 : bench_uniform(&state) / sqrt((double)n));
    return 0;
}

static double trsm_flops(struct bench_shape s)
{
    return (double)s.n * (double)s.n * (double)s.k;
}

static ritz_status trsm_ritz(struct bench_problem *p)
{
    return ritz_trsm(p->stream, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1, p->ritz_in[0],
                     p->ritz_out[0]);
}

static int trsm_peer(struct bench_problem *p, int64_t item)
{
    const int n = (int)p->shape.n, r = (int)p->shape.k;
    const void *L = bench_in(p, 0, item);
    void *B = bench_out(p, BENCH_PEER, 0, item);
    if (p->dtype == RITZ_F32)
        cblas_strsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, r, 1, L, n,
                    B, n);
    else
        cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, r, 1, L, n,
                    B, n);
    return 0;
}

static double trsm_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    struct check_matrix L = check_in(p, 0, item);
    const struct check_matrix X = check_out(p, side, 0, item);
    L.kind = CHECK_LOWER;
    double *x = check_signs(X.cols);
    double *Xx = check_apply(X, 0, x);
    double *got = check_apply(L, 0, Xx);
    double *want = check_apply(check_in(p, 1, item), 0, x);
    const double error = check_distance(
        got, want, L.rows, product_allowance(p, check_frobenius(L), check_frobenius(X)));
    free(x);
    free(Xx);
    free(got);
    free(want);
    return error;
}

const struct bench_operation bench_trsm = {
    .name = "trsm",
    .peer = "cblas_?trsm",
    .in_place = 1,
    .extents = trsm_extents,
    .fill = trsm_fill,
    .flops = trsm_flops,
    .ritz = trsm_ritz,
    .peer_item = trsm_peer,
    .error = trsm_error,
};

/* ---- trmm ------------------------------------------------------------------------------------ */

static ritz_status trmm_ritz(struct bench_problem *p)
{
    return ritz_trmm(p->stream, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1, p->ritz_in[0],
                     p->ritz_out[0]);
}

static int trmm_peer(struct bench_problem *p, int64_t item)
{
    const int n = (int)p->shape.n, r = (int)p->shape.k;
    const void *L = bench_in(p, 0, item);
    void *B = bench_out(p, BENCH_PEER, 0, item);
    if (p->dtype == RITZ_F32)
        cblas_strmm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, r, 1, L, n,
                    B, n);
    else
        cblas_dtrmm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, r, 1, L, n,
                    B, n);
    return 0;
}

static double trmm_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    struct check_matrix L = check_in(p, 0, item);
    const struct check_matrix B = check_in(p, 1, item);
    L.kind = CHECK_LOWER;
    double *x = check_signs(B.cols);
    double *Bx = check_apply(B, 0, x);
    double *want = check_apply(L, 0, Bx);
    double *got = check_apply(check_out(p, side, 0, item), 0, x);
    const double error = check_distance(
        got, want, L.rows, product_allowance(p, check_frobenius(L), check_frobenius(B)));
    free(x);
    free(Bx);
    free(want);
    free(got);
    return error;
}

const struct bench_operation bench_trmm = {
    .name = "trmm",
    .peer = "cblas_?trmm",
    .in_place = 1,
    .extents = trsm_extents,
    .fill = trsm_fill,
    .flops = trsm_flops,
    .ritz = trmm_ritz,
    .peer_item = trmm_peer,
    .error = trmm_error,
};
