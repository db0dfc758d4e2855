/* Least squares problems whose singular values and solution are known.
 *
 *     A = G F,   F = U diag(σ) Vᵀ (n x n),   b = A x + r,   Gᵀr = 0
 *
 * G is tall and random: nearly orthonormal, so that F carries the spectrum. x lies in the range of
 * Aᵀ, so that it is the solution of minimum norm.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lstsq.h"

enum { BLOCK = 2048 };

/* What a problem is made of. */
struct parts {
    double *F;         /* n x n */
    double *gram;      /* n x n: GᵀG, then its lower Cholesky factor */
    double *G, *GF;    /* BLOCK x n */
    double *e;         /* m: noise, then r */
    double *y, *y_sum; /* n */
};

static double *numbers(int64_t count)
{
    return calloc((size_t)count, sizeof(double));
}

static int take_parts(struct parts *t, int64_t m, int64_t n)
{
    *t = (struct parts){numbers(n * n), numbers(n * n), numbers(BLOCK * n), numbers(BLOCK * n),
                        numbers(m),     numbers(n),     numbers(n)};
    return t->F && t->gram && t->G && t->GF && t->e && t->y && t->y_sum ? 0 : -1;
}

static void free_parts(struct parts *t)
{
    free(t->F);
    free(t->gram);
    free(t->G);
    free(t->GF);
    free(t->e);
    free(t->y);
    free(t->y_sum);
}

/* Rows first to first + count of G, the same at every call. */
static void make_rows(struct parts *t, int64_t m, int64_t n, int64_t first, int64_t count)
{
    uint64_t state = 77 + (uint64_t)first * UINT64_C(0x632be59bd9b4e019);
    const double scale = sqrt(3 / (double)m);
    for (int64_t at = 0; at < count * n; at++) t->G[at] = scale * bench_uniform(&state);
}

/* A random n x n orthogonal matrix. */
static int make_orthogonal(double *Q, double *tau, int n, uint64_t seed)
{
    uint64_t state = seed;
    for (int64_t at = 0; at < (int64_t)n * n; at++) Q[at] = bench_uniform(&state);
    return LAPACKE_dgeqrf(LAPACK_COL_MAJOR, n, n, Q, n, tau) ||
           LAPACKE_dorgqr(LAPACK_COL_MAJOR, n, n, n, Q, n, tau);
}

/* F = U diag(σ) Vᵀ with σ falling geometrically; x = V z, z of random signs. */
static int make_factor(const struct lstsq_case *c, double *F, double *x)
{
    const int n = (int)c->n, rank = (int)c->rank;
    double *U = numbers(c->n * c->n), *V = numbers(c->n * c->n), *tau = numbers(c->n);
    const int failed =
        !U || !V || !tau || make_orthogonal(U, tau, n, 11) || make_orthogonal(V, tau, n, 12);
    uint64_t state = 13;
    for (int j = 0; !failed && j < rank; j++) {
        const double s = rank > 1 ? pow(c->condition, -(double)j / (rank - 1)) : 1;
        cblas_daxpy(n, bench_uniform(&state) < 0 ? -1 : 1, V + (int64_t)j * n, 1, x, 1);
        cblas_dscal(n, s, U + (int64_t)j * n, 1);
    }
    if (!failed)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, n, n, rank, 1, U, n, V, n, 0, F, n);
    free(U);
    free(V);
    free(tau);
    return failed ? -1 : 0;
}

static void store(const struct bench_problem *p, int which, int64_t at, double value)
{
    if (p->dtype == RITZ_F32)
        ((float *)p->in[which])[at] = (float)value;
    else
        ((double *)p->in[which])[at] = value;
}

/* A, GᵀG, and Gᵀe. */
static void first_pass(struct bench_problem *p, struct parts *t)
{
    const int64_t m = p->shape.m;
    const int n = (int)p->shape.n;
    uint64_t state = 14;
    for (int64_t first = 0; first < m; first += BLOCK) {
        const int rows = (int)(m - first < BLOCK ? m - first : BLOCK);
        make_rows(t, m, n, first, rows);
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows, n, n, 1, t->G, rows, t->F, n,
                    0, t->GF, rows);
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = 0; i < rows; i++) store(p, 0, first + i + j * m, t->GF[i + j * rows]);
        for (int64_t i = 0; i < rows; i++) t->e[first + i] = bench_uniform(&state);
        cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, n, rows, 1, t->G, rows, 1, t->gram, n);
        cblas_dgemv(CblasColMajor, CblasTrans, rows, n, 1, t->G, rows, t->e + first, 1, 1, t->y, 1);
    }
}

/* e becomes r: what is orthogonal to the columns of G. */
static int second_pass(struct bench_problem *p, struct parts *t)
{
    const int64_t m = p->shape.m;
    const int n = (int)p->shape.n;
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', n, t->gram, n) ||
        LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'L', n, 1, t->gram, n, t->y, n))
        return -1;
    for (int64_t first = 0; first < m; first += BLOCK) {
        const int rows = (int)(m - first < BLOCK ? m - first : BLOCK);
        make_rows(t, m, n, first, rows);
        cblas_dgemv(CblasColMajor, CblasNoTrans, rows, n, -1, t->G, rows, t->y, 1, 1, t->e + first,
                    1);
    }
    return 0;
}

/* b = A x + r, A as it is stored. ‖r‖ is 1e-8 ‖A x‖: the backward error of the normal equations is
 * about u κ where r is small, and harmless where it is large. */
static void make_rhs(struct lstsq_problem *q, struct parts *t)
{
    struct bench_problem *p = &q->base;
    const int64_t m = p->shape.m, n = p->shape.n;
    cblas_dgemv(CblasColMajor, CblasNoTrans, (int)n, (int)n, 1, t->F, (int)n, q->x, 1, 0, t->y_sum,
                1);
    const double length = cblas_dnrm2((int)n, t->y_sum, 1);
    cblas_dscal((int)m, 1e-8 * length / cblas_dnrm2((int)m, t->e, 1), t->e, 1);
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < m; i++) {
            const int64_t at = i + j * m;
            t->e[i] += q->x[j] * (p->dtype == RITZ_F32 ? (double)((float *)p->in[0])[at]
                                                       : ((double *)p->in[0])[at]);
        }
    }
    for (int64_t i = 0; i < m; i++) store(p, 1, i, t->e[i]);
}

/* R of Lᵀ F, where L Lᵀ = GᵀG: that of A, at the cost of n x n matrices. */
static int make_triangle(struct lstsq_problem *q, struct parts *t)
{
    const int n = (int)q->c.n;
    cblas_dtrmm(CblasColMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, n, n, 1, t->gram, n,
                t->F, n);
    if (LAPACKE_dgeqrf(LAPACK_COL_MAJOR, n, n, t->F, n, t->y)) return -1;
    for (int64_t j = 0; j < n; j++)
        memcpy(q->R + j * n, t->F + j * n, (size_t)(j + 1) * sizeof *q->R);
    return 0;
}

static int lstsq_fill(struct bench_problem *p, uint64_t seed)
{
    struct lstsq_problem *q = (struct lstsq_problem *)p;
    struct parts t;
    (void)seed;
    q->R = numbers(q->c.n * q->c.n);
    q->x = numbers(q->c.n);
    int failed = take_parts(&t, q->c.m, q->c.n) || !q->R || !q->x || make_factor(&q->c, t.F, q->x);
    if (!failed) {
        first_pass(p, &t);
        failed = second_pass(p, &t);
    }
    if (!failed) {
        make_rhs(q, &t);
        failed = make_triangle(q, &t);
    }
    free_parts(&t);
    return failed ? -1 : 0;
}

static void lstsq_extents(struct bench_problem *p)
{
    p->in_extent[0] = (struct bench_extent){p->shape.m, p->shape.n};
    p->in_extent[1] = (struct bench_extent){p->shape.m, 1};
    p->out_extent[0] = (struct bench_extent){p->shape.n, p->shape.k};
}

static const struct bench_operation operation = {
    .name = "lstsq",
    .in_place = -1,
    .extents = lstsq_extents,
    .fill = lstsq_fill,
};

/* Penalties from 1e-6 to 1; σ falls from 1. */
static int make_penalties(struct lstsq_problem *p)
{
    const int64_t count = p->c.penalties;
    if (count == 0) return 0;
    p->lambda = numbers(count);
    if (!p->lambda) return -1;
    for (int64_t i = 0; i < count; i++)
        p->lambda[i] = pow(10, count > 1 ? -6 + 6 * (double)i / (double)(count - 1) : 0);
    ritz_stream *s = p->base.stream;
    return ritz_dmat_create(s, RITZ_F64, RITZ_COL_MAJOR, count, 1, &p->ritz_lambda) ||
                   ritz_upload(s, ritz_hmat_wrap(p->lambda, RITZ_F64, count, 1, RITZ_COL_MAJOR),
                               p->ritz_lambda) ||
                   ritz_stream_sync(s)
               ? -1
               : 0;
}

int lstsq_open(struct lstsq_problem *p, struct lstsq_case c, ritz_stream *stream, char *why)
{
    const struct bench_shape shape = {c.m, c.n, c.penalties > 0 ? c.penalties : 1, 1};
    *p = (struct lstsq_problem){.c = c, .ritz_lambda = RITZ_NO_MAT};
    if (bench_problem_open(&p->base, &operation, shape, c.dtype, stream, why)) return -1;
    if (make_penalties(p) || lstsq_open_peers(p)) {
        (void)snprintf(why, 256, "not enough memory");
        return -1;
    }
    return 0;
}

void lstsq_close(struct lstsq_problem *p)
{
    if (p->ritz_lambda.flags & RITZ_MAT_OWNED) ritz_dmat_destroy(p->base.stream, &p->ritz_lambda);
    bench_problem_close(&p->base);
    free(p->R);
    free(p->x);
    free(p->lambda);
    free(p->memory);
}
