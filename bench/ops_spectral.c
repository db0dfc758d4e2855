/* Singular value decomposition and symmetric eigenproblem, beside LAPACK called directly.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* lwork and liwork are known: take the workspace, and a copy of the input, which LAPACK
 * overwrites. */
static int take_workspace(struct bench_problem *p)
{
    const size_t element = ritz_dtype_size(p->dtype);
    const struct bench_extent e = p->in_extent[0];
    p->work = malloc((size_t)p->lwork * element);
    p->iwork = malloc((size_t)p->liwork * sizeof *p->iwork);
    p->scratch = malloc((size_t)(e.rows * e.cols) * element);
    return p->work && p->iwork && p->scratch ? 0 : -1;
}

static void copy_input(struct bench_problem *p, int64_t item)
{
    const struct bench_extent e = p->in_extent[0];
    memcpy(p->scratch, bench_in(p, 0, item), (size_t)(e.rows * e.cols) * ritz_dtype_size(p->dtype));
}

/* ---- SVD ------------------------------------------------------------------------------------- */

/* The third output is Vᵀ, as LAPACK has it. */
static void svd_extents(struct bench_problem *p)
{
    const int64_t m = p->shape.m, n = p->shape.n, k = smaller(m, n);
    p->in_extent[0] = (struct bench_extent){m, n};
    p->out_extent[0] = (struct bench_extent){m, k};
    p->out_extent[1] = (struct bench_extent){k, 1};
    p->out_extent[2] = (struct bench_extent){k, n};
}

/* The usual count, for comparison between sizes; what is really done depends on the matrix. */
static double svd_flops(struct bench_shape s)
{
    const double large = (double)(s.m > s.n ? s.m : s.n), small = (double)smaller(s.m, s.n);
    return 6 * large * small * small + 20 * small * small * small;
}

static ritz_status svd_ritz(struct bench_problem *p)
{
    return ritz_svd(p->stream, p->ritz_in[0], p->ritz_out[0], p->ritz_out[1],
                    ritz_t(p->ritz_out[2]), RITZ_NO_MAT);
}

static int svd_call(struct bench_problem *p, int64_t item, void *work, int lwork)
{
    const int m = (int)p->shape.m, n = (int)p->shape.n, k = m < n ? m : n;
    void *U = bench_out(p, BENCH_PEER, 0, item), *S = bench_out(p, BENCH_PEER, 1, item);
    void *Vt = bench_out(p, BENCH_PEER, 2, item);
    return p->dtype == RITZ_F32 ? LAPACKE_sgesdd_work(LAPACK_COL_MAJOR, 'S', m, n, p->scratch, m, S,
                                                      U, m, Vt, k, work, lwork, p->iwork)
                                : LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', m, n, p->scratch, m, S,
                                                      U, m, Vt, k, work, lwork, p->iwork);
}

static int svd_open(struct bench_problem *p)
{
    double query = 0;
    if (svd_call(p, 0, &query, -1)) return -1;
    p->lwork = bench_wished(p, &query);
    p->liwork = 8 * (int)smaller(p->shape.m, p->shape.n);
    return take_workspace(p);
}

static int svd_peer(struct bench_problem *p, int64_t item)
{
    copy_input(p, item);
    return svd_call(p, item, p->work, p->lwork);
}

static struct check_matrix transposed_copy(struct check_matrix A, void *memory)
{
    for (int64_t i = 0; memory && i < A.rows; i++) {
        for (int64_t j = 0; j < A.cols; j++) {
            if (A.dtype == RITZ_F32)
                ((float *)memory)[j + i * A.cols] = ((const float *)A.data)[i + j * A.rows];
            else
                ((double *)memory)[j + i * A.cols] = ((const double *)A.data)[i + j * A.rows];
        }
    }
    return (struct check_matrix){memory, A.dtype, A.cols, A.rows, CHECK_GENERAL};
}

static double orthonormal_rows(struct check_matrix Vt)
{
    void *memory = malloc((size_t)(Vt.rows * Vt.cols) * ritz_dtype_size(Vt.dtype));
    if (!memory) return INFINITY;
    const double error = check_orthonormal(transposed_copy(Vt, memory));
    free(memory);
    return error;
}

static double svd_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const struct check_matrix A = check_in(p, 0, item), U = check_out(p, side, 0, item),
                              S = check_out(p, side, 1, item), Vt = check_out(p, side, 2, item);
    double *x = check_signs(A.cols);
    double *Vtx = check_apply(Vt, 0, x);
    check_scale(S, Vtx);
    double *got = check_apply(U, 0, Vtx);
    double *want = check_apply(A, 0, x);
    const double allowed =
        8 * check_rare(A.cols) * check_eps(p->dtype) * check_frobenius(A) * sqrt((double)A.cols);
    double error = check_distance(got, want, A.rows, allowed);
    error = check_worse(error, check_orthonormal(U));
    error = check_worse(error, orthonormal_rows(Vt));
    error = check_worse(error, check_order(S, 1));
    free(x);
    free(Vtx);
    free(got);
    free(want);
    return error;
}

const struct bench_operation bench_svd = {
    .name = "svd",
    .peer = "LAPACKE_?gesdd_work",
    .in_place = -1,
    .extents = svd_extents,
    .fill = bench_fill_uniform,
    .flops = svd_flops,
    .ritz = svd_ritz,
    .peer_open = svd_open,
    .peer_item = svd_peer,
    .error = svd_error,
};

/* ---- symmetric eigenproblem: all pairs by syevd, some by syevr ------------------------------- */

static int all_pairs(const struct bench_problem *p)
{
    return p->shape.k == p->shape.n;
}

static void eigh_extents(struct bench_problem *p)
{
    const int64_t n = p->shape.n, k = p->shape.k;
    p->in_extent[0] = (struct bench_extent){n, n};
    p->out_extent[0] = (struct bench_extent){n, 1}; /* syevr wants room for n */
    p->out_extent[1] = (struct bench_extent){n, k};
}

/* Tridiagonal form and the way back; the tridiagonal problem itself depends on the matrix. */
static double eigh_flops(struct bench_shape s)
{
    const double n = (double)s.n;
    return 4 * n * n * n / 3 + 2 * n * n * (double)s.k;
}

/* Ascending, as LAPACK, where all are wanted; the k largest come in descending order. */
static ritz_status eigh_ritz(struct bench_problem *p)
{
    ritz_eigh_options o = RITZ_EIGH_DEFAULTS;
    o.order = all_pairs(p) ? RITZ_ASCENDING : RITZ_DESCENDING;
    return ritz_eigh(p->stream, p->ritz_in[0], ritz_row_range(p->ritz_out[0], 0, p->shape.k),
                     p->ritz_out[1], &o, RITZ_NO_MAT);
}

static int syevd_call(struct bench_problem *p, void *V, void *W, void *work, int lwork, int *iwork,
                      int liwork)
{
    const int n = (int)p->shape.n;
    return p->dtype == RITZ_F32 ? LAPACKE_ssyevd_work(LAPACK_COL_MAJOR, 'V', 'L', n, V, n, W, work,
                                                      lwork, iwork, liwork)
                                : LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', n, V, n, W, work,
                                                      lwork, iwork, liwork);
}

static int syevr_call(struct bench_problem *p, void *V, void *W, void *work, int lwork, int *iwork,
                      int liwork)
{
    const int n = (int)p->shape.n, first = n - (int)p->shape.k + 1;
    int found = 0;
    return p->dtype == RITZ_F32
               ? LAPACKE_ssyevr_work(LAPACK_COL_MAJOR, 'V', 'I', 'L', n, p->scratch, n, 0, 0, first,
                                     n, 0, &found, W, V, n, p->tau, work, lwork, iwork, liwork)
               : LAPACKE_dsyevr_work(LAPACK_COL_MAJOR, 'V', 'I', 'L', n, p->scratch, n, 0, 0, first,
                                     n, 0, &found, W, V, n, p->tau, work, lwork, iwork, liwork);
}

static int eigh_call(struct bench_problem *p, int64_t item, void *work, int lwork, int *iwork,
                     int liwork)
{
    void *W = bench_out(p, BENCH_PEER, 0, item), *V = bench_out(p, BENCH_PEER, 1, item);
    return all_pairs(p) ? syevd_call(p, V, W, work, lwork, iwork, liwork)
                        : syevr_call(p, V, W, work, lwork, iwork, liwork);
}

static int eigh_open(struct bench_problem *p)
{
    double query = 0;
    p->tau = malloc(2 * (size_t)p->shape.n * sizeof(int)); /* syevr's isuppz */
    if (!p->tau || eigh_call(p, 0, &query, -1, &p->liwork, -1)) return -1;
    p->lwork = bench_wished(p, &query);
    return take_workspace(p);
}

static int eigh_peer(struct bench_problem *p, int64_t item)
{
    const struct bench_extent e = p->in_extent[0];
    if (all_pairs(p))
        memcpy(bench_out(p, BENCH_PEER, 1, item), bench_in(p, 0, item),
               (size_t)(e.rows * e.cols) * ritz_dtype_size(p->dtype));
    else
        copy_input(p, item);
    return eigh_call(p, item, p->work, p->lwork, p->iwork, p->liwork);
}

/* y = A x - V diag(W) Vᵀ x, to be freed. */
static double *apply_rest(struct check_matrix A, struct check_matrix V, struct check_matrix W,
                          const double *x)
{
    double *y = check_apply(A, 0, x);
    double *c = check_apply(V, 1, x);
    check_scale(W, c);
    double *Vc = check_apply(V, 0, c);
    for (int64_t i = 0; y && Vc && i < A.rows; i++) y[i] -= Vc[i];
    free(c);
    free(Vc);
    return y;
}

/* Are these the largest pairs of a positive definite A? What is left of A must not have a larger
 * eigenvalue. Power iteration never gives more than the largest, so a right answer always passes.
 */
static double check_largest(struct check_matrix A, struct check_matrix V, struct check_matrix W,
                            double smallest_kept, double allowed)
{
    enum { STEPS = 30 };
    double *x = check_signs(A.rows);
    double norm = 0;
    for (int step = 0; x && step < STEPS; step++) {
        const double length = check_norm(x, A.rows);
        for (int64_t i = 0; i < A.rows; i++) x[i] /= length;
        double *next = apply_rest(A, V, W, x);
        free(x);
        x = next;
        norm = x ? check_norm(x, A.rows) : 0;
    }
    const double error = x ? (norm - smallest_kept) / allowed : INFINITY;
    free(x);
    return error > 0 ? error : 0;
}

static double value_at(struct check_matrix W, int64_t i)
{
    return W.dtype == RITZ_F32 ? (double)((const float *)W.data)[i] : ((const double *)W.data)[i];
}

static double eigh_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const struct check_matrix A = check_in(p, 0, item), V = check_out(p, side, 1, item);
    struct check_matrix W = check_out(p, side, 0, item);
    W.rows = p->shape.k;
    const int descending = side == BENCH_RITZ && !all_pairs(p);
    double *x = check_signs(V.cols);
    double *Vx = check_apply(V, 0, x);
    double *AVx = check_apply(A, 0, Vx);
    check_scale(W, x);
    double *VWx = check_apply(V, 0, x);
    const double norm = check_frobenius(A);
    const double allowed = 8 * check_eps(p->dtype) * norm * sqrt((double)V.cols);
    double error = check_distance(AVx, VWx, A.rows, allowed);
    error = check_worse(error, check_orthonormal(V));
    error = check_worse(error, check_order(W, descending));
    if (!all_pairs(p))
        error = check_worse(error, check_largest(A, V, W, value_at(W, descending ? W.rows - 1 : 0),
                                                 8 * check_eps(p->dtype) * norm));
    free(x);
    free(Vx);
    free(AVx);
    free(VWx);
    return error;
}

const struct bench_operation bench_eigh = {
    .name = "eigh",
    .peer = "LAPACKE_?syevd_work (some pairs: ?syevr_work)",
    .in_place = -1,
    .extents = eigh_extents,
    .fill = bench_fill_spd,
    .flops = eigh_flops,
    .ritz = eigh_ritz,
    .peer_open = eigh_open,
    .peer_item = eigh_peer,
    .error = eigh_error,
};
