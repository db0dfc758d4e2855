/* Ritz's low-rank approximations of a small matrix, and the figure that each reports.
 *
 * Every method is brought into the form L R with L m x k and R k x n, on the host in float64.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "estimates.h"

enum { K = ESTIMATES_RANK, SIDE = ESTIMATES_ROWS, ROOM = ESTIMATES_ROWS * (ESTIMATES_RANK + 10) };

/* Matrices of one trial: on the device, and the factors on the host. */
struct trial {
    ritz_stream *s;
    ritz_dmat made[8];
    int count;
    ritz_status status; /* of the first call that failed */
    double L[ROOM], R[ROOM];
};

static ritz_dmat make(struct trial *t, ritz_dtype dtype, int64_t rows, int64_t cols)
{
    ritz_dmat X = RITZ_NO_MAT;
    if (t->status == RITZ_OK)
        t->status = ritz_dmat_create(t->s, dtype, RITZ_COL_MAJOR, rows, cols, &X);
    if (t->status == RITZ_OK) t->made[t->count++] = X;
    return X;
}

static void fetch(struct trial *t, ritz_dmat X, double *host)
{
    if (t->status == RITZ_OK)
        t->status =
            ritz_download(t->s, X, ritz_hmat_wrap(host, RITZ_F64, X.rows, X.cols, RITZ_COL_MAJOR));
    if (t->status == RITZ_OK) t->status = ritz_stream_sync(t->s);
}

/* The error of L R, k columns; frees the trial. */
static int finish(struct trial *t, const struct estimates_matrix *M, int k, int spectral,
                  const ritz_sketch_report *report, struct estimates_trial *result)
{
    if (t->status == RITZ_OK)
        *result = (struct estimates_trial){.truth = estimates_error(M, t->L, t->R, k, spectral),
                                           .figure = report->error,
                                           .kind = report->kind,
                                           .probability = report->probability};
    const ritz_status status = t->status;
    for (int i = 0; i < t->count; i++) (void)ritz_dmat_destroy(t->s, &t->made[i]);
    free(t);
    return status == RITZ_OK ? 0 : -1;
}

static struct trial *begin(ritz_stream *s)
{
    struct trial *t = calloc(1, sizeof *t);
    if (t) t->s = s;
    return t;
}

static void transpose(double *to, const double *from, int rows, int cols)
{
    for (int j = 0; j < cols; j++)
        for (int i = 0; i < rows; i++) to[j + i * cols] = from[i + j * rows];
}

/* L = U diag(S), R = Vᵀ. */
static void fetch_triplets(struct trial *t, ritz_dmat U, ritz_dmat S, ritz_dmat V)
{
    double values[K], right[ROOM];
    fetch(t, U, t->L);
    fetch(t, S, values);
    fetch(t, V, right);
    for (int j = 0; t->status == RITZ_OK && j < K; j++)
        cblas_dscal((int)U.rows, values[j], t->L + j * (int)U.rows, 1);
    if (t->status == RITZ_OK) transpose(t->R, right, (int)V.rows, K);
}

/* ---- bases ----------------------------------------------------------------------------------- */

static int range_finder(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A,
                        uint64_t seed, int q, struct estimates_trial *result)
{
    struct trial *t = begin(s);
    if (!t) return -1;
    const ritz_linop op = ritz_linop_dense(A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.seed = seed;
    opts.power_iterations = q;
    const ritz_dmat Q = make(t, A.dtype, M->m, K);
    if (t->status == RITZ_OK) t->status = ritz_range_finder(s, &op, Q, &opts, &report);
    fetch(t, Q, t->L);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, K, M->n, M->m, 1, t->L, M->m, M->A, M->m,
                0, t->R, K);
    return finish(t, M, K, 1, &report, result);
}

static int range_finder_plain(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A,
                              uint64_t seed, struct estimates_trial *result)
{
    return range_finder(s, M, A, seed, RITZ_POWER_ITERATIONS_NONE, result);
}

static int range_finder_power(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A,
                              uint64_t seed, struct estimates_trial *result)
{
    return range_finder(s, M, A, seed, 2, result);
}

static int qb(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A, uint64_t seed,
              struct estimates_trial *result)
{
    struct trial *t = begin(s);
    if (!t) return -1;
    const ritz_linop op = ritz_linop_dense(A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.seed = seed;
    const ritz_dmat Q = make(t, A.dtype, M->m, K), B = make(t, A.dtype, K, M->n);
    if (t->status == RITZ_OK) t->status = ritz_qb(s, &op, Q, B, &opts, &report);
    fetch(t, Q, t->L);
    fetch(t, B, t->R);
    return finish(t, M, K, 0, &report, result);
}

/* ---- triplets -------------------------------------------------------------------------------- */

static int svd_of(ritz_stream *s, const struct estimates_matrix *M, const ritz_linop *op,
                  uint64_t seed, int q, ritz_range_method method, struct estimates_trial *result)
{
    struct trial *t = begin(s);
    if (!t) return -1;
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.seed = seed;
    opts.power_iterations = q;
    opts.method = method;
    const ritz_dmat U = make(t, op->dtype, M->m, K), S = make(t, op->dtype, K, 1),
                    V = make(t, op->dtype, M->n, K);
    if (t->status == RITZ_OK) t->status = ritz_svd_randomized(s, op, U, S, V, &opts, &report);
    fetch_triplets(t, U, S, V);
    return finish(t, M, K, 0, &report, result);
}

static int svd_plain(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A, uint64_t seed,
                     struct estimates_trial *result)
{
    const ritz_linop op = ritz_linop_dense(A);
    return svd_of(s, M, &op, seed, RITZ_POWER_ITERATIONS_NONE, RITZ_RANGE_SUBSPACE, result);
}

static int svd_power(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A, uint64_t seed,
                     struct estimates_trial *result)
{
    const ritz_linop op = ritz_linop_dense(A);
    return svd_of(s, M, &op, seed, 2, RITZ_RANGE_SUBSPACE, result);
}

static int svd_krylov(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A, uint64_t seed,
                      struct estimates_trial *result)
{
    const ritz_linop op = ritz_linop_dense(A);
    return svd_of(s, M, &op, seed, 2, RITZ_RANGE_KRYLOV, result);
}

static ritz_status apply(void *context, ritz_stream *s, int transposed, ritz_dmat X, ritz_dmat Y)
{
    const ritz_dmat *A = context;
    return ritz_gemm(s, 1.0, transposed ? ritz_t(*A) : *A, X, 0.0, Y);
}

static int svd_function(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A,
                        uint64_t seed, struct estimates_trial *result)
{
    const ritz_linop op = ritz_linop_enqueue(A.dtype, M->m, M->n, apply, &A);
    return svd_of(s, M, &op, seed, 2, RITZ_RANGE_SUBSPACE, result);
}

static int svd_rows(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A, uint64_t seed,
                    struct estimates_trial *result)
{
    struct trial *t = begin(s);
    if (!t) return -1;
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.seed = seed;
    const ritz_dmat S = make(t, A.dtype, K, 1), V = make(t, A.dtype, M->n, K);
    if (t->status == RITZ_OK) t->status = ritz_svd_rows(s, ritz_rows_dmat(A), S, V, &opts, &report);
    /* A ~ (A V) Vᵀ */
    double right[ROOM];
    fetch(t, V, right);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, M->m, K, M->n, 1, M->A, M->m, right,
                M->n, 0, t->L, M->m);
    transpose(t->R, right, M->n, K);
    return finish(t, M, K, 0, &report, result);
}

static int single_pass(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A, uint64_t seed,
                       struct estimates_trial *result)
{
    struct trial *t = begin(s);
    if (!t) return -1;
    ritz_single_pass *sp = NULL;
    ritz_single_pass_options opts = RITZ_SINGLE_PASS_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.seed = seed;
    const ritz_dmat U = make(t, A.dtype, M->m, K), S = make(t, A.dtype, K, 1),
                    V = make(t, A.dtype, M->n, K);
    if (t->status == RITZ_OK)
        t->status = ritz_single_pass_create(s, A.dtype, M->m, M->n, K, &opts, &sp);
    if (t->status == RITZ_OK) t->status = ritz_single_pass_update(s, sp, 1, 1, 0, A);
    if (t->status == RITZ_OK) t->status = ritz_single_pass_svd(s, sp, U, S, V, &report);
    fetch_triplets(t, U, S, V);
    (void)ritz_single_pass_destroy(s, &sp);
    return finish(t, M, K, 0, &report, result);
}

static int eigh(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A, uint64_t seed,
                struct estimates_trial *result)
{
    struct trial *t = begin(s);
    if (!t) return -1;
    const ritz_linop op = ritz_linop_dense(A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    opts.seed = seed;
    const ritz_dmat W = make(t, A.dtype, K, 1), V = make(t, A.dtype, M->n, K);
    if (t->status == RITZ_OK) t->status = ritz_eigh_randomized(s, &op, W, V, &opts, &report);
    fetch_triplets(t, V, W, V);
    return finish(t, M, K, 0, &report, result);
}

/* ---- rows and columns ------------------------------------------------------------------------ */

/* The columns of A that the indices name. */
static void take_columns(const struct estimates_matrix *M, const double *index, double *C)
{
    for (int j = 0; j < K; j++)
        if (index[j] >= 0)
            memcpy(C + j * M->m, M->A + (int)index[j] * M->m, (size_t)M->m * sizeof *C);
}

static int interpolative(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A,
                         uint64_t seed, struct estimates_trial *result)
{
    struct trial *t = begin(s);
    if (!t) return -1;
    const ritz_linop op = ritz_linop_dense(A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    double index[K] = {0};
    opts.seed = seed;
    const ritz_dmat columns = make(t, RITZ_I32, K, 1), X = make(t, A.dtype, K, M->n);
    if (t->status == RITZ_OK)
        t->status = ritz_interpolative_cols(s, &op, columns, X, &opts, &report);
    fetch(t, columns, index);
    fetch(t, X, t->R);
    take_columns(M, index, t->L);
    return finish(t, M, K, 0, &report, result);
}

static int cur(ritz_stream *s, const struct estimates_matrix *M, ritz_dmat A, uint64_t seed,
               struct estimates_trial *result)
{
    struct trial *t = begin(s);
    if (!t) return -1;
    const ritz_linop op = ritz_linop_dense(A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    ritz_sketch_report report = RITZ_SKETCH_REPORT_INIT;
    double left[ROOM], core[K * K];
    opts.seed = seed;
    const ritz_dmat columns = make(t, RITZ_I32, K, 1), rows = make(t, RITZ_I32, K, 1),
                    C = make(t, A.dtype, M->m, K), U = make(t, A.dtype, K, K),
                    R = make(t, A.dtype, K, M->n);
    if (t->status == RITZ_OK) t->status = ritz_cur(s, &op, columns, rows, C, U, R, &opts, &report);
    fetch(t, C, left);
    fetch(t, U, core);
    fetch(t, R, t->R);
    if (t->status == RITZ_OK)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, M->m, K, K, 1, left, M->m, core, K,
                    0, t->L, M->m);
    return finish(t, M, K, 0, &report, result);
}

/* ---- the list -------------------------------------------------------------------------------- */

static const struct estimates_method methods[] = {
    {"range finder, q = 0", 0, 1, range_finder_plain},
    {"range finder, q = 2", 0, 1, range_finder_power},
    {"QB, q = 2", 0, 0, qb},
    {"SVD, q = 0", 0, 0, svd_plain},
    {"SVD, q = 2", 0, 0, svd_power},
    {"SVD, block Krylov, q = 2", 0, 0, svd_krylov},
    {"SVD of a function, q = 2", 0, 0, svd_function},
    {"SVD of rows, q = 2", 0, 0, svd_rows},
    {"SVD in a single pass", 0, 0, single_pass},
    {"eigenpairs, q = 2", 1, 0, eigh},
    {"interpolative, q = 2", 0, 0, interpolative},
    {"CUR, q = 2", 0, 0, cur},
};

int estimates_method_count(void)
{
    return (int)(sizeof methods / sizeof *methods);
}

const struct estimates_method *estimates_method_at(int index)
{
    return &methods[index];
}
