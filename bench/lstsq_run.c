/* The contenders of least squares and ridge regression: Ritz's methods, and LAPACK called directly
 * (LAPACKE's _work interface), which gets a copy of A where it destroys it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lstsq.h"

/* ---- Ritz ------------------------------------------------------------------------------------ */

static int run_ritz(struct lstsq_attempt *t)
{
    struct bench_problem *b = &t->p->base;
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.method = t->who->method;
    t->report = (ritz_lstsq_report)RITZ_LSTSQ_REPORT_INIT;
    return ritz_lstsq(b->stream, b->ritz_in[0], b->ritz_in[1], b->ritz_out[0], &opts, &t->report) ||
                   ritz_stream_sync(b->stream)
               ? -1
               : 0;
}

/* The columns of the answer are the items of a batch here. */
static ritz_dmat columns_as_items(ritz_dmat X)
{
    X.batch = X.cols;
    X.batch_stride = X.ld;
    X.cols = 1;
    return X;
}

static int run_ritz_ridge(struct lstsq_attempt *t)
{
    struct bench_problem *b = &t->p->base;
    ritz_ridge *ridge = NULL;
    const int failed = ritz_ridge_fit(b->stream, b->ritz_in[0], b->ritz_in[1], NULL, &ridge) ||
                       ritz_ridge_solve(b->stream, ridge, t->p->ritz_lambda,
                                        columns_as_items(b->ritz_out[0]), RITZ_NO_MAT) ||
                       ritz_stream_sync(b->stream);
    return ritz_ridge_destroy(b->stream, &ridge) || failed ? -1 : 0;
}

/* ---- LAPACK: the answer lies in a copy of b, or is made in place ----------------------------- */

static void copy_problem(struct bench_problem *b)
{
    const size_t element = ritz_dtype_size(b->dtype);
    memcpy(b->scratch, b->in[0], (size_t)(b->shape.m * b->shape.n) * element);
    memcpy(b->tau, b->in[1], (size_t)b->shape.m * element);
}

static void take_answer(struct bench_problem *b)
{
    memcpy(b->out[BENCH_PEER][0], b->tau, (size_t)b->shape.n * ritz_dtype_size(b->dtype));
}

static int call_gels(struct bench_problem *b, void *work, int lwork)
{
    const int m = (int)b->shape.m, n = (int)b->shape.n;
    return b->dtype == RITZ_F32 ? LAPACKE_sgels_work(LAPACK_COL_MAJOR, 'N', m, n, 1, b->scratch, m,
                                                     b->tau, m, work, lwork)
                                : LAPACKE_dgels_work(LAPACK_COL_MAJOR, 'N', m, n, 1, b->scratch, m,
                                                     b->tau, m, work, lwork);
}

static int run_gels(struct lstsq_attempt *t)
{
    struct bench_problem *b = &t->p->base;
    copy_problem(b);
    if (call_gels(b, b->work, b->lwork)) return -1;
    take_answer(b);
    return 0;
}

static int call_gelsy(struct bench_problem *b, void *work, int lwork)
{
    const int m = (int)b->shape.m, n = (int)b->shape.n;
    const double rcond = check_eps(b->dtype) * m;
    int rank;
    memset(b->iwork, 0, (size_t)n * sizeof *b->iwork);
    return b->dtype == RITZ_F32
               ? LAPACKE_sgelsy_work(LAPACK_COL_MAJOR, m, n, 1, b->scratch, m, b->tau, m, b->iwork,
                                     (float)rcond, &rank, work, lwork)
               : LAPACKE_dgelsy_work(LAPACK_COL_MAJOR, m, n, 1, b->scratch, m, b->tau, m, b->iwork,
                                     rcond, &rank, work, lwork);
}

static int run_gelsy(struct lstsq_attempt *t)
{
    struct bench_problem *b = &t->p->base;
    copy_problem(b);
    if (call_gelsy(b, b->work, b->lwork)) return -1;
    take_answer(b);
    return 0;
}

/* ---- by hand: the normal equations ----------------------------------------------------------- */

/* AᵀA into `gram`, lower triangle, and Aᵀb into `right`. */
static void form_normal(struct bench_problem *b, void *gram, void *right)
{
    const int m = (int)b->shape.m, n = (int)b->shape.n;
    const void *A = b->in[0], *B = b->in[1];
    if (b->dtype == RITZ_F32) {
        cblas_ssyrk(CblasColMajor, CblasLower, CblasTrans, n, m, 1, A, m, 0, gram, n);
        cblas_sgemv(CblasColMajor, CblasTrans, m, n, 1, A, m, B, 1, 0, right, 1);
    } else {
        cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, n, m, 1, A, m, 0, gram, n);
        cblas_dgemv(CblasColMajor, CblasTrans, m, n, 1, A, m, B, 1, 0, right, 1);
    }
}

static int solve_normal(ritz_dtype dtype, int n, void *gram, void *x)
{
    return dtype == RITZ_F32 ? LAPACKE_spotrf_work(LAPACK_COL_MAJOR, 'L', n, gram, n) ||
                                   LAPACKE_spotrs_work(LAPACK_COL_MAJOR, 'L', n, 1, gram, n, x, n)
                             : LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', n, gram, n) ||
                                   LAPACKE_dpotrs_work(LAPACK_COL_MAJOR, 'L', n, 1, gram, n, x, n);
}

static int run_normal(struct lstsq_attempt *t)
{
    struct bench_problem *b = &t->p->base;
    form_normal(b, t->p->memory, b->out[BENCH_PEER][0]);
    return solve_normal(b->dtype, (int)b->shape.n, t->p->memory, b->out[BENCH_PEER][0]) ? -1 : 0;
}

/* ---- ridge regression, float64 --------------------------------------------------------------- */

/* A Cholesky factorization for each penalty; AᵀA is formed once. */
static int run_ridge_cholesky(struct lstsq_attempt *t)
{
    struct bench_problem *b = &t->p->base;
    const int n = (int)b->shape.n;
    double *gram = t->p->memory, *shifted = gram + (int64_t)n * n, *right = b->tau;
    form_normal(b, gram, right);
    for (int64_t k = 0; k < t->p->c.penalties; k++) {
        double *x = (double *)b->out[BENCH_PEER][0] + k * n;
        memcpy(shifted, gram, (size_t)n * (size_t)n * sizeof *gram);
        for (int64_t j = 0; j < n; j++) shifted[j * (n + 1)] += t->p->lambda[k];
        memcpy(x, right, (size_t)n * sizeof *x);
        if (solve_normal(RITZ_F64, n, shifted, x)) return -1;
    }
    return 0;
}

static int call_gesdd(struct lstsq_problem *p, double *work, int lwork)
{
    const int m = (int)p->c.m, n = (int)p->c.n;
    double *U = p->memory, *S = U + (int64_t)m * n, *Vt = S + n;
    return LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', m, n, p->base.scratch, m, S, U, m, Vt, n,
                               work, lwork, p->base.iwork);
}

/* X = V diag(σ / (σ² + λ)) Uᵀb, all penalties in one product. */
static int run_ridge_svd(struct lstsq_attempt *t)
{
    struct lstsq_problem *p = t->p;
    struct bench_problem *b = &p->base;
    const int m = (int)p->c.m, n = (int)p->c.n, count = (int)p->c.penalties;
    const double *U = p->memory, *S = U + (int64_t)m * n, *Vt = S + n;
    double *c = b->tau, *scaled = b->work; /* room for m numbers, and for n x count */
    copy_problem(b);
    if (call_gesdd(p, b->work, b->lwork)) return -1;
    cblas_dgemv(CblasColMajor, CblasTrans, m, n, 1, U, m, b->in[1], 1, 0, c, 1);
    for (int64_t k = 0; k < count; k++)
        for (int j = 0; j < n; j++) scaled[j + k * n] = S[j] / (S[j] * S[j] + p->lambda[k]) * c[j];
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, n, count, n, 1, Vt, n, scaled, n, 0,
                b->out[BENCH_PEER][0], n);
    return 0;
}

/* ---- workspace of the peers ------------------------------------------------------------------ */

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int query_workspace(struct lstsq_problem *p)
{
    struct bench_problem *b = &p->base;
    double query = 0;
    if (p->c.penalties > 0) {
        if (call_gesdd(p, &query, -1)) return -1;
        b->lwork = larger((int)query, (int)(p->c.n * p->c.penalties));
        return 0;
    }
    if (call_gels(b, &query, -1)) return -1;
    b->lwork = bench_wished(b, &query);
    if (call_gelsy(b, &query, -1)) return -1;
    b->lwork = larger(b->lwork, bench_wished(b, &query));
    return 0;
}

int lstsq_open_peers(struct lstsq_problem *p)
{
    struct bench_problem *b = &p->base;
    const size_t element = ritz_dtype_size(b->dtype);
    const size_t m = (size_t)p->c.m, n = (size_t)p->c.n;
    const size_t bases = p->c.penalties > 0 ? m * n : 0; /* U */
    b->scratch = malloc(m * n * element);
    b->tau = malloc(m * element);
    b->iwork = malloc(8 * n * sizeof *b->iwork);
    p->memory = malloc((bases + 2 * n * n + n) * sizeof *p->memory);
    if (!b->scratch || !b->tau || !b->iwork || !p->memory || query_workspace(p)) return -1;
    b->work = malloc((size_t)b->lwork * element);
    return b->work ? 0 : -1;
}

/* ---- who takes part -------------------------------------------------------------------------- */

static int is_ridge(const struct lstsq_case *c)
{
    return c->penalties > 0;
}

static int always(const struct lstsq_case *c)
{
    return !is_ridge(c);
}

static int full_rank(const struct lstsq_case *c)
{
    return !is_ridge(c) && c->rank == c->n;
}

static int every_method(const struct lstsq_case *c)
{
    return full_rank(c) && (c->use & LSTSQ_EVERY_METHOD);
}

static int deficient_or_every(const struct lstsq_case *c)
{
    return !is_ridge(c) && (c->rank < c->n || (c->use & LSTSQ_EVERY_METHOD));
}

/* Beyond, Ritz refuses and takes another method, which is timed by itself. */
static int safe_to_square(const struct lstsq_case *c)
{
    return full_rank(c) && c->condition < (c->dtype == RITZ_F32 ? 50 : 1e4);
}

const struct lstsq_contender lstsq_contenders[LSTSQ_CONTENDERS] = {
    {"ritz", BENCH_RITZ, RITZ_LSTSQ_AUTO, always, run_ritz},
    {"ritz normal", BENCH_RITZ, RITZ_LSTSQ_NORMAL, safe_to_square, run_ritz},
    {"ritz sketch_qr", BENCH_RITZ, RITZ_LSTSQ_SKETCH_QR, full_rank, run_ritz},
    {"ritz sketch_cg", BENCH_RITZ, RITZ_LSTSQ_SKETCH_CG, full_rank, run_ritz},
    {"ritz sketch_cg_fixed", BENCH_RITZ, RITZ_LSTSQ_SKETCH_CG_FIXED, every_method, run_ritz},
    {"ritz tsqr", BENCH_RITZ, RITZ_LSTSQ_TSQR, full_rank, run_ritz},
    {"ritz qr", BENCH_RITZ, RITZ_LSTSQ_QR, every_method, run_ritz},
    {"ritz minnorm", BENCH_RITZ, RITZ_LSTSQ_MINNORM, deficient_or_every, run_ritz},
    {"gels", BENCH_PEER, RITZ_LSTSQ_AUTO, always, run_gels},
    {"gelsy", BENCH_PEER, RITZ_LSTSQ_AUTO, always, run_gelsy},
    {"syrk + potrf", BENCH_PEER, RITZ_LSTSQ_AUTO, always, run_normal},
    {"ritz", BENCH_RITZ, RITZ_LSTSQ_AUTO, is_ridge, run_ritz_ridge},
    {"syrk + potrf each", BENCH_PEER, RITZ_LSTSQ_AUTO, is_ridge, run_ridge_cholesky},
    {"gesdd", BENCH_PEER, RITZ_LSTSQ_AUTO, is_ridge, run_ridge_svd},
};

const char *lstsq_reference(const struct lstsq_case *c)
{
    return is_ridge(c) ? "gesdd" : "gels";
}
