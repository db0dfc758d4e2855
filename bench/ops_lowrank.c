/* Randomized SVD, and PCA beside the covariance method as a careful C programmer writes it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* ---- randomized SVD -------------------------------------------------------------------------- */

static void svd_randomized_extents(struct bench_problem *p)
{
    const struct bench_shape s = p->shape;
    p->in_extent[0] = (struct bench_extent){s.m, s.n};
    p->out_extent[0] = (struct bench_extent){s.m, s.k};
    p->out_extent[1] = (struct bench_extent){s.k, 1};
    p->out_extent[2] = (struct bench_extent){s.n, s.k};
}

/* Of the defaults: 10 columns more than asked for, 2 power iterations. */
static double svd_randomized_flops(struct bench_shape s)
{
    return 6 * 2 * (double)s.m * (double)s.n * ((double)s.k + 10);
}

static ritz_status svd_randomized_ritz(struct bench_problem *p)
{
    const ritz_linop A = ritz_linop_dense(p->ritz_in[0]);
    return ritz_svd_randomized(p->stream, &A, p->ritz_out[0], p->ritz_out[1], p->ritz_out[2], NULL,
                               NULL);
}

/* How close the triplets are to the best depends on the sketch; that Aᵀ U = V S does not, nor that
 * the vectors are orthonormal. */
static double svd_randomized_error(const struct bench_problem *p, enum bench_side side,
                                   int64_t item)
{
    const struct check_matrix A = check_in(p, 0, item), U = check_out(p, side, 0, item),
                              S = check_out(p, side, 1, item), V = check_out(p, side, 2, item);
    double *x = check_signs(U.cols);
    double *Ux = check_apply(U, 0, x);
    double *got = check_apply(A, 1, Ux);
    check_scale(S, x);
    double *want = check_apply(V, 0, x);
    const double allowed = 8 * check_eps(p->dtype) * check_frobenius(A) * sqrt((double)U.cols);
    double error = check_distance(got, want, A.cols, allowed);
    error = check_worse(error, check_orthonormal(U));
    error = check_worse(error, check_orthonormal(V));
    error = check_worse(error, check_order(S, 1));
    free(x);
    free(Ux);
    free(got);
    free(want);
    return error;
}

const struct bench_operation bench_svd_randomized = {
    .name = "svd_randomized",
    .in_place = -1,
    .extents = svd_randomized_extents,
    .fill = bench_fill_uniform,
    .flops = svd_randomized_flops,
    .ritz = svd_randomized_ritz,
    .error = svd_randomized_error,
};

/* ---- PCA: the input is stored as its transpose, n x m, so that observations are contiguous --- */

enum { TILE = 4096 };

static void pca_fit_extents(struct bench_problem *p)
{
    const struct bench_shape s = p->shape;
    p->in_extent[0] = (struct bench_extent){s.n, s.m};
    p->out_extent[0] = (struct bench_extent){s.n, s.k};
    p->out_extent[1] = (struct bench_extent){s.n, 1}; /* syevr wants room for n values */
}

/* Feature j has mean 1 and a spread of 1/sqrt(j+1). */
static int pca_fit_fill(struct bench_problem *p, uint64_t seed)
{
    const int64_t n = p->shape.n, count = n * p->shape.m * p->shape.batch;
    uint64_t state = seed;
    for (int64_t i = 0; i < count; i++) {
        const double x = 1 + bench_uniform(&state) / sqrt((double)(i % n + 1));
        if (p->dtype == RITZ_F32)
            ((float *)p->in[0])[i] = (float)x;
        else
            ((double *)p->in[0])[i] = x;
    }
    return 0;
}

/* One triangle of the covariance matrix; the eigenproblem is left out of the count. */
static double pca_fit_flops(struct bench_shape s)
{
    return (double)s.m * (double)s.n * (double)(s.n + 1);
}

static ritz_status pca_fit_ritz(struct bench_problem *p)
{
    ritz_pca_options o = RITZ_PCA_DEFAULTS;
    ritz_pca *pca = NULL;
    o.components = p->shape.k;
    ritz_status status =
        ritz_pca_fit(p->stream, ritz_rows_dmat(ritz_t(p->ritz_in[0])), &o, &pca, NULL);
    if (status) return status;
    status = ritz_copy(p->stream, ritz_t(ritz_pca_components(pca)), p->ritz_out[0]);
    if (!status)
        status = ritz_copy(p->stream, ritz_pca_explained_variance(pca),
                           ritz_row_range(p->ritz_out[1], 0, p->shape.k));
    const ritz_status destroyed = ritz_pca_destroy(p->stream, &pca);
    return status ? status : destroyed;
}

/* The peer's sums of products and of features, and its eigenpairs; all float64. */
struct pca_peer {
    double *total, *sums, *vectors, *values;
    int *support;
};

static int eigenvectors(const struct bench_problem *p, struct pca_peer w, double *work, int lwork,
                        int *iwork, int liwork)
{
    const int n = (int)p->shape.n, k = (int)p->shape.k;
    int found = 0;
    return LAPACKE_dsyevr_work(LAPACK_COL_MAJOR, 'V', 'I', 'L', n, w.total, n, 0, 0, n - k + 1, n,
                               0, &found, w.values, w.vectors, n, w.support, work, lwork, iwork,
                               liwork);
}

static struct pca_peer pca_workspace(const struct bench_problem *p)
{
    const int64_t n = p->shape.n, k = p->shape.k;
    double *base = p->scratch;
    return (struct pca_peer){.total = base,
                             .sums = base + n * n,
                             .vectors = base + n * n + n,
                             .values = base + n * n + n + n * k,
                             .support = p->iwork + p->liwork};
}

static int pca_fit_open(struct bench_problem *p)
{
    const size_t n = (size_t)p->shape.n, k = (size_t)p->shape.k;
    const size_t element = ritz_dtype_size(p->dtype);
    double query = 0;
    p->liwork = 0;
    if (eigenvectors(p, (struct pca_peer){.total = NULL}, &query, -1, &p->liwork, -1)) return -1;
    p->lwork = (int)query;
    p->work = malloc((size_t)p->lwork * sizeof(double));
    p->iwork = malloc(((size_t)p->liwork + 2 * n) * sizeof *p->iwork);
    p->scratch = malloc((n * n + n + n * k + n) * sizeof(double));
    p->tau = malloc((n * n + n * TILE + n + TILE) * element);
    return p->work && p->iwork && p->scratch && p->tau ? 0 : -1;
}

/* X - shift 1ᵀ for the columns of one tile, in float32 or float64. */
static void centre(const struct bench_problem *p, int64_t first, int64_t count, const void *shift,
                   void *tile)
{
    const int64_t n = p->shape.n;
    for (int64_t j = 0; j < count; j++) {
        if (p->dtype == RITZ_F32) {
            const float *x = (const float *)p->in[0] + (first + j) * n, *c = shift;
            float *y = (float *)tile + j * n;
            for (int64_t i = 0; i < n; i++) y[i] = x[i] - c[i];
        } else {
            const double *x = (const double *)p->in[0] + (first + j) * n, *c = shift;
            double *y = (double *)tile + j * n;
            for (int64_t i = 0; i < n; i++) y[i] = x[i] - c[i];
        }
    }
}

/* total += tile tileᵀ (lower triangle), sums += tile 1. */
static void accumulate(const struct bench_problem *p, int64_t count, const void *tile,
                       const void *ones, void *product, struct pca_peer w)
{
    const int n = (int)p->shape.n, c = (int)count;
    if (p->dtype == RITZ_F32) {
        float *gram = product;
        cblas_ssyrk(CblasColMajor, CblasLower, CblasNoTrans, n, c, 1, tile, n, 0, gram, n);
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = j; i < n; i++) w.total[i + j * n] += (double)gram[i + j * n];
        cblas_sgemv(CblasColMajor, CblasNoTrans, n, c, 1, tile, n, ones, 1, 0, gram, 1);
        for (int64_t i = 0; i < n; i++) w.sums[i] += (double)gram[i];
    } else {
        cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, c, 1, tile, n, 1, w.total, n);
        cblas_dgemv(CblasColMajor, CblasNoTrans, n, c, 1, tile, n, ones, 1, 1, w.sums, 1);
    }
}

/* The mean of the first observations; `sums` is left zero, as it was. */
static void first_mean(const struct bench_problem *p, int64_t count, double *sums, void *shift)
{
    const int64_t n = p->shape.n;
    for (int64_t at = 0; at < count * n; at++)
        sums[at % n] += p->dtype == RITZ_F32 ? (double)((const float *)p->in[0])[at]
                                             : ((const double *)p->in[0])[at];
    for (int64_t i = 0; i < n; i++) {
        if (p->dtype == RITZ_F32)
            ((float *)shift)[i] = (float)(sums[i] / (double)count);
        else
            ((double *)shift)[i] = sums[i] / (double)count;
        sums[i] = 0;
    }
}

static void fill_ones(const struct bench_problem *p, void *ones)
{
    for (int64_t i = 0; i < TILE; i++) {
        if (p->dtype == RITZ_F32)
            ((float *)ones)[i] = 1;
        else
            ((double *)ones)[i] = 1;
    }
}

static void covariance(const struct bench_problem *p, struct pca_peer w)
{
    const int64_t n = p->shape.n, m = p->shape.m;
    const int64_t element = (int64_t)ritz_dtype_size(p->dtype);
    char *product = p->tau, *tile = product + n * n * element, *shift = tile + n * TILE * element,
         *ones = shift + n * element;
    memset(w.total, 0, (size_t)(n * n + n) * sizeof(double)); /* and the sums behind it */
    fill_ones(p, ones);
    first_mean(p, m < 256 ? m : 256, w.sums, shift);
    for (int64_t first = 0; first < m; first += TILE) {
        const int64_t count = m - first < TILE ? m - first : TILE;
        centre(p, first, count, shift, tile);
        accumulate(p, count, tile, ones, product, w);
    }
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j; i < n; i++)
            w.total[i + j * n] =
                (w.total[i + j * n] - w.sums[i] * w.sums[j] / (double)m) / (double)(m - 1);
}

/* Descending, in the data type of the problem. */
static void hand_over(struct bench_problem *p, struct pca_peer w)
{
    const int64_t n = p->shape.n, k = p->shape.k;
    void *V = bench_out(p, BENCH_PEER, 0, 0), *W = bench_out(p, BENCH_PEER, 1, 0);
    for (int64_t j = 0; j < k; j++) {
        const double *v = w.vectors + (k - 1 - j) * n;
        if (p->dtype == RITZ_F32) {
            ((float *)W)[j] = (float)w.values[k - 1 - j];
            for (int64_t i = 0; i < n; i++) ((float *)V)[i + j * n] = (float)v[i];
        } else {
            ((double *)W)[j] = w.values[k - 1 - j];
            for (int64_t i = 0; i < n; i++) ((double *)V)[i + j * n] = v[i];
        }
    }
}

static int pca_fit_peer(struct bench_problem *p, int64_t item)
{
    if (item != 0) return -1; /* a PCA is no batch */
    const struct pca_peer w = pca_workspace(p);
    covariance(p, w);
    if (eigenvectors(p, w, p->work, p->lwork, p->iwork, p->liwork)) return -1;
    hand_over(p, w);
    return 0;
}

/* y = C x for the covariance matrix C, in float64, centred with the exact mean; to be freed. */
static double *apply_covariance(struct check_matrix X, const double *x)
{
    const double m = (double)X.cols;
    double *ones = malloc((size_t)X.cols * sizeof *ones);
    for (int64_t i = 0; ones && i < X.cols; i++) ones[i] = 1 / m;
    double *mean = check_apply(X, 0, ones);
    double *scores = check_apply(X, 1, x);
    double *y = NULL;
    if (mean && scores) {
        double offset = 0, sum = 0;
        for (int64_t i = 0; i < X.rows; i++) offset += mean[i] * x[i];
        for (int64_t i = 0; i < X.cols; i++) sum += scores[i] -= offset;
        y = check_apply(X, 0, scores);
        for (int64_t i = 0; y && i < X.rows; i++) y[i] = (y[i] - mean[i] * sum) / (m - 1);
    }
    free(ones);
    free(mean);
    free(scores);
    return y;
}

/* C V = V diag(variances), to what the data type can give: the eigenvalues of C are at most 1/3. */
static double pca_fit_error(const struct bench_problem *p, enum bench_side side, int64_t item)
{
    const struct check_matrix V = check_out(p, side, 0, item);
    struct check_matrix W = check_out(p, side, 1, item);
    W.rows = p->shape.k;
    double *x = check_signs(V.cols);
    double *Vx = check_apply(V, 0, x);
    double *got = Vx ? apply_covariance(check_in(p, 0, item), Vx) : NULL;
    check_scale(W, x);
    double *want = check_apply(V, 0, x);
    const double allowed = 16 * check_eps(p->dtype) * sqrt((double)V.cols);
    double error = check_distance(got, want, V.rows, allowed);
    error = check_worse(error, check_orthonormal(V));
    error = check_worse(error, check_order(W, 1));
    free(x);
    free(Vx);
    free(got);
    free(want);
    return error;
}

const struct bench_operation bench_pca_fit = {
    .name = "pca_fit",
    .peer = "tiled covariance on cblas_?syrk + LAPACKE_dsyevr_work",
    .in_place = -1,
    .extents = pca_fit_extents,
    .fill = pca_fit_fill,
    .flops = pca_fit_flops,
    .ritz = pca_fit_ritz,
    .peer_open = pca_fit_open,
    .peer_item = pca_fit_peer,
    .error = pca_fit_error,
};
