/* Factorizations, beside LAPACK called directly (LAPACKE's _work interface: no checks, no
 * allocation).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* ---- Cholesky -------------------------------------------------------------------------------- */

int bench_fill_spd(struct bench_problem *p, uint64_t seed)
{
    const int64_t n = p->shape.n;
    double *G = malloc((size_t)(n * n) * sizeof *G), *A = malloc((size_t)(n * n) * sizeof *A);
    uint64_t state = seed;
    for (int64_t item = 0; G && A && item < p->shape.batch; item++) {
        for (int64_t i = 0; i < n * n; i++) G[i] = bench_uniform(&state);
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, (int)n, (int)n, (int)n, 1 / (double)n,
                    G, (int)n, G, (int)n, 0, A, (int)n);
        for (int64_t j = 0; j < n; j++) {
            for (int64_t i = 0; i < n; i++) {
                /* Exactly symmetric, whatever gemm's rounding. */
                const double a = (i >= j ? A[i + j * n] : A[j + i * n]) + (i == j);
                if (p->dtype == RITZ_F32)
                    ((float *)bench_in(p, 0, item))[i + j * n] = (float)a;
                else
                    ((double *)bench_in(p, 0, item))[i + j * n] = a;
            }
        }
    }
    const int failed = !G || !A;
    free(G);
    free(A);
    return failed ? -1 : 0;
}

static void cholesky_extents(struct bench_problem *p)
{
    p->in_extent[0] = p->out_extent[0] = (struct bench_extent){p->shape.n, p->shape.n};
}

static double cholesky_flops(struct bench_shape s)
{
    return (double)s.n * (double)s.n * (double)s.n / 3;
}

static ritz_status cholesky_ritz(struct bench_problem *p)
{
    return ritz_cholesky(p->stream, RITZ_LOWER, p->ritz_out[0], RITZ_NO_MAT);
}

static int cholesky_peer(struct bench_problem *p, int64_t item)
{
    const int n = (int)p->shape.n;
    void *A = bench_out(p, BENCH_PEER, 0, item);
    return p->dtype == RITZ_F32 ? LAPACKE_spotrf_work(LAPACK_COL_MAJOR, 'L', n, A, n)
                                : LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', n, A, n);
}

static double cholesky_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const struct check_matrix A = check_in(p, 0, item);
    struct check_matrix L = check_out(p, side, 0, item);
    L.kind = CHECK_LOWER;
    double *x = check_signs(A.rows);
    double *Ltx = check_apply(L, 1, x);
    double *got = check_apply(L, 0, Ltx);
    double *want = check_apply(A, 0, x);
    const double norm = check_frobenius(L);
    const double error = check_distance(got, want, A.rows, 4 * check_eps(p->dtype) * norm * norm);
    free(x);
    free(Ltx);
    free(got);
    free(want);
    return error;
}

const struct bench_operation bench_cholesky = {
    .name = "cholesky",
    .peer = "LAPACKE_?potrf_work",
    .in_place = 0,
    .extents = cholesky_extents,
    .fill = bench_fill_spd,
    .flops = cholesky_flops,
    .ritz = cholesky_ritz,
    .peer_item = cholesky_peer,
    .error = cholesky_error,
};

/* ---- QR: the peer copies A, factors the copy, takes R out of it and forms Q in its place ----- */

static void qr_extents(struct bench_problem *p)
{
    p->in_extent[0] = p->out_extent[0] = (struct bench_extent){p->shape.m, p->shape.n};
    p->out_extent[1] = (struct bench_extent){p->shape.n, p->shape.n};
}

static double qr_flops(struct bench_shape s)
{
    const double m = (double)s.m, n = (double)s.n;
    return 4 * m * n * n - 4 * n * n * n / 3;
}

static ritz_status qr_ritz(struct bench_problem *p)
{
    return ritz_qr(p->stream, p->ritz_in[0], p->ritz_out[0], p->ritz_out[1], NULL, NULL);
}

static ritz_status qr_ritz_by(struct bench_problem *p, ritz_qr_method method)
{
    ritz_qr_options opts = RITZ_QR_DEFAULTS;
    opts.method = method;
    return ritz_qr(p->stream, p->ritz_in[0], p->ritz_out[0], p->ritz_out[1], &opts, NULL);
}

static int qr_factor(struct bench_problem *p, void *A, void *work, int lwork)
{
    const int m = (int)p->shape.m, n = (int)p->shape.n;
    return p->dtype == RITZ_F32
               ? LAPACKE_sgeqrf_work(LAPACK_COL_MAJOR, m, n, A, m, p->tau, work, lwork)
               : LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, m, n, A, m, p->tau, work, lwork);
}

static int qr_form(struct bench_problem *p, void *A, void *work, int lwork)
{
    const int m = (int)p->shape.m, n = (int)p->shape.n;
    return p->dtype == RITZ_F32
               ? LAPACKE_sorgqr_work(LAPACK_COL_MAJOR, m, n, n, A, m, p->tau, work, lwork)
               : LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, m, n, n, A, m, p->tau, work, lwork);
}

int bench_wished(const struct bench_problem *p, const double *query)
{
    float single;
    memcpy(&single, query, sizeof single);
    return (int)(p->dtype == RITZ_F32 ? (double)single : *query);
}

static int qr_open(struct bench_problem *p)
{
    const size_t element = ritz_dtype_size(p->dtype);
    double factor = 0, form = 0;
    p->tau = malloc((size_t)p->shape.n * element);
    if (!p->tau || qr_factor(p, p->out[BENCH_PEER][0], &factor, -1) ||
        qr_form(p, p->out[BENCH_PEER][0], &form, -1))
        return -1;
    const int for_factor = bench_wished(p, &factor), for_form = bench_wished(p, &form);
    p->lwork = for_factor > for_form ? for_factor : for_form;
    p->work = malloc((size_t)p->lwork * element);
    return p->work ? 0 : -1;
}

static int qr_peer(struct bench_problem *p, int64_t item)
{
    const int m = (int)p->shape.m, n = (int)p->shape.n;
    const size_t element = ritz_dtype_size(p->dtype);
    void *Q = bench_out(p, BENCH_PEER, 0, item), *R = bench_out(p, BENCH_PEER, 1, item);
    memcpy(Q, bench_in(p, 0, item), (size_t)(p->shape.m * p->shape.n) * element);
    if (qr_factor(p, Q, p->work, p->lwork)) return -1;
    memset(R, 0, (size_t)(p->shape.n * p->shape.n) * element);
    if (p->dtype == RITZ_F32)
        (void)LAPACKE_slacpy_work(LAPACK_COL_MAJOR, 'U', n, n, Q, m, R, n);
    else
        (void)LAPACKE_dlacpy_work(LAPACK_COL_MAJOR, 'U', n, n, Q, m, R, n);
    return qr_form(p, Q, p->work, p->lwork);
}

static double qr_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const struct check_matrix A = check_in(p, 0, item);
    const struct check_matrix Q = check_out(p, side, 0, item), R = check_out(p, side, 1, item);
    double *x = check_signs(A.cols);
    double *Rx = check_apply(R, 0, x);
    double *got = check_apply(Q, 0, Rx);
    double *want = check_apply(A, 0, x);
    const double allowed =
        4 * check_rare(A.cols) * check_eps(p->dtype) * check_frobenius(A) * sqrt((double)A.cols);
    const double error =
        check_worse(check_distance(got, want, A.rows, allowed), check_orthonormal(Q));
    free(x);
    free(Rx);
    free(got);
    free(want);
    return error;
}

#define QR_OPERATION(text, function)                                                               \
    {                                                                                              \
        .name = (text), .peer = "LAPACKE_?geqrf_work + ?orgqr_work", .in_place = -1,               \
        .extents = qr_extents, .fill = bench_fill_uniform, .flops = qr_flops, .ritz = (function),  \
        .peer_open = qr_open, .peer_item = qr_peer, .error = qr_error,                             \
    }
const struct bench_operation bench_qr = QR_OPERATION("qr", qr_ritz);

/* One method each, whatever the default is. */
#define QR_METHOD(name, method)                                                                    \
    static ritz_status name##_ritz(struct bench_problem *p)                                        \
    {                                                                                              \
        return qr_ritz_by(p, method);                                                              \
    }                                                                                              \
    const struct bench_operation bench_##name = QR_OPERATION(#name, name##_ritz);
QR_METHOD(qr_householder, RITZ_QR_HOUSEHOLDER)
QR_METHOD(qr_sketch, RITZ_QR_SKETCH)
QR_METHOD(qr_cholesky2, RITZ_QR_CHOLESKY2)
QR_METHOD(qr_cholesky3, RITZ_QR_CHOLESKY3)
QR_METHOD(qr_tsqr, RITZ_QR_TSQR)
