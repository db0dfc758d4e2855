/* Every allocation of host memory fails in turn: the call says so, leaks nothing, and succeeds
 * when it is made again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/failing.h"
#include "unit/support.h"

/* ---- the world of one call ---- */

enum { M = 30, N = 20, K = 4, TALL = 3000 }; /* TALL: of three blocks of rows */
static const char data_file[] = "allocfail.csv", sparse_file[] = "allocfail.mtx";
static double tall_column[TALL];

struct world {
    bool queued;
    ritz_device *dev;
    ritz_stream *s;
    double a[M * N], spd[N * N], out[M * N];
    float single[M * N];
    ritz_dmat A, S, X; /* A: M x N over a; S: N x N over spd; X: M x N over out */
    /* What calls make. */
    ritz_device *made_device;
    ritz_stream *made_stream;
    ritz_event *made_event;
    ritz_dmat made;
    ritz_hmat host;
    ritz_pca *pca;
    ritz_spmat *sparse;
    int64_t next_row;
    ritz_sketch_report sketch_report;
    ritz_pca_report pca_report;
};

static void open_world(struct world *w, bool queued)
{
    memset(w, 0, sizeof *w);
    w->queued = queued;
    for (int i = 0; i < M * N; i++) w->a[i] = (double)((i * 7919) % 1013) / 1013 - 0.5;
    for (int i = 0; i < M * N; i++) w->single[i] = (float)w->a[i];
    for (int i = 0; i < N; i++) w->spd[i * N + i] = 2 + i;
    expect_ok(ritz_device_open("cpu", &w->dev));
    expect_ok(queued ? ritz_stream_create(w->dev, &w->s)
                     : ritz_stream_create_inline(w->dev, &w->s));
    w->A = ritz_dmat_wrap(w->dev, w->a, RITZ_F64, M, N, RITZ_ROW_MAJOR);
    w->S = ritz_dmat_wrap(w->dev, w->spd, RITZ_F64, N, N, RITZ_ROW_MAJOR);
    w->X = ritz_dmat_wrap(w->dev, w->out, RITZ_F64, M, N, RITZ_ROW_MAJOR);
    w->sketch_report = (ritz_sketch_report)RITZ_SKETCH_REPORT_INIT;
    w->pca_report = (ritz_pca_report)RITZ_PCA_REPORT_INIT;
}

static void close_world(struct world *w)
{
    if (w->s) expect_ok(ritz_stream_sync(w->s));
    expect_ok(ritz_pca_destroy(w->s, &w->pca));
    expect_ok(ritz_spmat_destroy(w->s, &w->sparse));
    expect_ok(ritz_dmat_destroy(w->s, &w->made));
    expect_ok(ritz_hmat_destroy(&w->host));
    expect_ok(ritz_event_destroy(&w->made_event));
    expect_ok(ritz_stream_destroy(&w->made_stream));
    expect_ok(ritz_stream_destroy(&w->s));
    expect_ok(ritz_device_close(&w->made_device));
    expect_ok(ritz_device_close(&w->dev));
}

/* ---- the calls ---- */

#define CALL(name) static ritz_status call_##name(struct world *w)
static ritz_dmat tall(ritz_dmat X, int64_t n)
{
    return ritz_cols(X, 0, n);
}

CALL(device_open)
{
    /* The device must not be open yet. */
    ritz_status status = RITZ_OK;
    if (w->s) {
        const int64_t armed = until_failure;
        until_failure = 0;
        expect_ok(ritz_stream_destroy(&w->s));
        expect_ok(ritz_device_close(&w->dev));
        until_failure = armed;
    }
    status = ritz_device_open("cpu", &w->made_device);
    return status;
}
CALL(stream_create)
{
    return ritz_stream_create(w->dev, &w->made_stream);
}
CALL(stream_create_inline)
{
    return ritz_stream_create_inline(w->dev, &w->made_stream);
}
CALL(event_create)
{
    return ritz_event_create(w->dev, &w->made_event);
}
CALL(dmat_create)
{
    return ritz_dmat_create(w->s, RITZ_F32, RITZ_COL_MAJOR, 5, 5, &w->made);
}
CALL(hmat_create)
{
    return ritz_hmat_create(RITZ_F32, RITZ_COL_MAJOR, 5, 5, &w->host);
}
CALL(hmat_create_pinned)
{
    return ritz_hmat_create_pinned(w->dev, RITZ_F32, RITZ_COL_MAJOR, 5, 5, &w->host);
}
CALL(stream_reserve)
{
    return ritz_stream_reserve(w->s, 3 << 20);
}
CALL(upload)
{
    return ritz_upload(w->s, ritz_hmat_wrap(w->single, RITZ_F32, M, N, RITZ_COL_MAJOR), w->X);
}
CALL(download)
{
    return ritz_download(w->s, w->A, ritz_hmat_wrap(w->single, RITZ_F32, M, N, RITZ_COL_MAJOR));
}
CALL(copy)
{
    return ritz_copy(w->s, w->A, w->X);
}
CALL(fill)
{
    return ritz_fill(w->s, 1, w->X);
}
CALL(random_fill)
{
    return ritz_random_fill(w->s, RITZ_NORMAL, 1, 0, w->X);
}
CALL(gemm)
{
    return ritz_gemm(w->s, 1, w->A, w->S, 0, w->X);
}
CALL(gemm_half)
{
    const ritz_dmat H = ritz_dmat_wrap(w->dev, w->a, RITZ_BF16, N, N, RITZ_ROW_MAJOR);
    return ritz_gemm(w->s, 1, H, H, 0,
                     ritz_dmat_wrap(w->dev, w->out, RITZ_F32, N, N, RITZ_ROW_MAJOR));
}
CALL(syrk)
{
    return ritz_syrk(w->s, RITZ_BOTH, 1, ritz_t(w->A), 0, ritz_row_range(w->X, 0, N));
}
CALL(trsm)
{
    return ritz_trsm(w->s, RITZ_RIGHT, RITZ_LOWER, RITZ_NON_UNIT, 1, w->S, w->X);
}
CALL(trmm)
{
    return ritz_trmm(w->s, RITZ_RIGHT, RITZ_LOWER, RITZ_NON_UNIT, 1, w->S, w->X);
}
static ritz_status grouped(struct world *w, ritz_dtype in, ritz_dtype out)
{
    const ritz_dmat A = ritz_dmat_wrap(w->dev, w->a, in, N, N, RITZ_ROW_MAJOR);
    const ritz_dmat C = ritz_dmat_wrap(w->dev, w->out, out, N, N, RITZ_ROW_MAJOR);
    const ritz_dmat left[] = {ritz_row_range(A, 0, K), ritz_row_range(A, K, N - K)};
    const ritz_dmat right[] = {A, A};
    const ritz_dmat result[] = {ritz_row_range(C, 0, K), ritz_row_range(C, K, N - K)};
    return ritz_gemm_grouped(w->s, 2, 1, left, right, 0, result);
}
CALL(gemm_grouped)
{
    return grouped(w, RITZ_F64, RITZ_F64);
}
CALL(gemm_grouped_half)
{
    return grouped(w, RITZ_BF16, RITZ_F32);
}
CALL(gemm_bias)
{
    const ritz_dmat row = ritz_dmat_wrap(w->dev, w->a, RITZ_F64, N, 1, RITZ_COL_MAJOR);
    return ritz_gemm_bias(w->s, 1, w->A, w->S, row, row, w->X);
}
CALL(cholesky)
{
    return ritz_cholesky(w->s, RITZ_LOWER, ritz_t(w->S), RITZ_NO_MAT);
}
CALL(cholesky_solve)
{
    return ritz_cholesky_solve(w->s, RITZ_LOWER, w->S, ritz_t(w->X));
}
CALL(spd_solve)
{
    return ritz_spd_solve(w->s, w->S, ritz_t(w->X), NULL, RITZ_NO_MAT);
}
static ritz_dmat number(struct world *w)
{
    return ritz_block(w->X, 0, 0, 1, 1);
}
CALL(cholesky_inverse)
{
    return ritz_cholesky_inverse(w->s, RITZ_LOWER, w->S, ritz_row_range(w->X, 0, N));
}
CALL(cholesky_logdet)
{
    return ritz_cholesky_logdet(w->s, RITZ_LOWER, w->S, number(w));
}
CALL(cholesky_condition)
{
    return ritz_cholesky_condition(w->s, RITZ_UPPER, w->S, w->S, number(w));
}
/* Not positive definite, for a second try to be made. */
CALL(cholesky_jittered)
{
    for (int i = 0; i < N; i++) w->spd[i * N + i] = i == 3 ? -1e-15 : 2 + i;
    const ritz_status status =
        ritz_cholesky_jittered(w->s, RITZ_LOWER, w->S, NULL, number(w), RITZ_NO_MAT);
    for (int i = 0; status != RITZ_OK && i < N; i++) w->spd[i * N + i] = 2 + i;
    return status;
}
CALL(cholesky_jittered_absolute)
{
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.policy = RITZ_JITTER_ABSOLUTE;
    opts.shift = 1;
    return ritz_cholesky_jittered(w->s, RITZ_LOWER, w->S, &opts, number(w), RITZ_NO_MAT);
}
CALL(cholesky_update)
{
    const ritz_dmat x = ritz_block(w->A, 0, 0, N, 1);
    return ritz_cholesky_update(w->s, RITZ_LOWER, 1, x, w->S, RITZ_NO_MAT);
}
static ritz_dmat integers(struct world *w)
{
    return ritz_dmat_wrap(w->dev, w->single, RITZ_I32, N, 1, RITZ_COL_MAJOR);
}
CALL(cholesky_pivoted)
{
    return ritz_cholesky_pivoted(w->s, w->S, ritz_block(w->X, 0, 0, N, K), integers(w), RITZ_NO_MAT,
                                 RITZ_NO_MAT, NULL, RITZ_NO_MAT);
}
CALL(lu)
{
    return ritz_lu(w->s, w->S, integers(w), RITZ_NO_MAT);
}
CALL(lu_solve)
{
    return ritz_lu_solve(w->s, RITZ_RIGHT, w->S, integers(w), w->X);
}
CALL(lu_inverse)
{
    return ritz_lu_inverse(w->s, w->S, integers(w), ritz_row_range(w->X, 0, N));
}
CALL(lu_slogdet)
{
    return ritz_lu_slogdet(w->s, w->S, integers(w), number(w), ritz_block(w->X, 1, 0, 1, 1));
}
CALL(lu_condition)
{
    return ritz_lu_condition(w->s, w->S, w->S, integers(w), number(w));
}
CALL(solve)
{
    return ritz_solve(w->s, w->S, ritz_t(w->X), RITZ_NO_MAT);
}
CALL(qr)
{
    return ritz_qr(w->s, w->A, w->X, w->S, NULL, NULL);
}
static ritz_status qr_by(struct world *w, ritz_qr_method method)
{
    ritz_qr_options opts = RITZ_QR_DEFAULTS;
    opts.method = method;
    return ritz_qr(w->s, ritz_cols(w->A, 0, K), ritz_cols(w->X, 0, K), RITZ_NO_MAT, &opts, NULL);
}
CALL(qr_sketch)
{
    return qr_by(w, RITZ_QR_SKETCH);
}
CALL(qr_cholesky3)
{
    return qr_by(w, RITZ_QR_CHOLESKY3);
}
CALL(qr_tsqr)
{
    ritz_qr_options opts = RITZ_QR_DEFAULTS;
    opts.method = RITZ_QR_TSQR;
    const ritz_dmat A = ritz_dmat_wrap(w->dev, tall_column, RITZ_F64, TALL, 1, RITZ_COL_MAJOR);
    return ritz_qr(w->s, A, RITZ_NO_MAT, ritz_block(w->X, 0, 0, 1, 1), &opts, NULL);
}
static ritz_status pivoted_qr(struct world *w, ritz_pivoting pivoting)
{
    ritz_qr_pivoted_options opts = RITZ_QR_PIVOTED_DEFAULTS;
    opts.pivoting = pivoting;
    const ritz_dmat pivots = ritz_dmat_wrap(w->dev, w->single, RITZ_I32, K, 1, RITZ_COL_MAJOR);
    const ritz_dmat rank = ritz_dmat_wrap(w->dev, w->single + K, RITZ_I32, 1, 1, RITZ_COL_MAJOR);
    return ritz_qr_pivoted(w->s, ritz_cols(w->A, 0, K), ritz_cols(w->X, 0, K), RITZ_NO_MAT, pivots,
                           rank, &opts);
}
CALL(qr_pivoted)
{
    return pivoted_qr(w, RITZ_PIVOTING_NORM);
}
CALL(qr_pivoted_sketch)
{
    return pivoted_qr(w, RITZ_PIVOTING_SKETCH);
}
CALL(qr_rows)
{
    return ritz_qr_rows(w->s, ritz_rows_file(data_file), ritz_block(w->X, 0, 0, N, N));
}
CALL(random_orthogonal)
{
    return ritz_random_orthogonal(w->s, 1, 1, ritz_block(w->X, 0, 0, N, N));
}
CALL(qr_factor)
{
    return ritz_qr_factor(w->s, w->A, ritz_block(w->S, 0, 0, N, 1));
}
CALL(qr_form)
{
    return ritz_qr_form(w->s, w->A, ritz_block(w->S, 0, 0, N, 1), w->X);
}
CALL(qr_apply)
{
    return ritz_qr_apply(w->s, RITZ_APPLY_Q, w->A, ritz_block(w->S, 0, 0, N, 1), w->X);
}
CALL(svd)
{
    return ritz_svd(w->s, w->A, w->X, ritz_block(w->S, 0, 0, N, 1), RITZ_NO_MAT, RITZ_NO_MAT);
}
CALL(eigh)
{
    return ritz_eigh(w->s, w->S, ritz_block(w->X, 0, 0, K, 1), RITZ_NO_MAT, NULL, RITZ_NO_MAT);
}
CALL(eigh_all)
{
    return ritz_eigh(w->s, w->S, ritz_t(ritz_row_range(w->X, N, 1)), ritz_row_range(w->X, 0, N),
                     NULL, RITZ_NO_MAT);
}
CALL(svd_full)
{
    const ritz_dmat A = ritz_block(w->A, 0, 0, N, K), X = ritz_row_range(w->X, 0, N);
    return ritz_svd(w->s, A, X, ritz_block(w->S, 0, 0, K, 1), RITZ_NO_MAT, RITZ_NO_MAT);
}
CALL(norm_frobenius)
{
    return ritz_norm(w->s, RITZ_NORM_FROBENIUS, w->A, number(w));
}
CALL(norm_one)
{
    return ritz_norm(w->s, RITZ_NORM_ONE, w->A, number(w));
}
CALL(norm_nuclear)
{
    return ritz_norm(w->s, RITZ_NORM_NUCLEAR, w->A, number(w));
}
CALL(rank)
{
    ritz_dmat rank = number(w);
    rank.dtype = RITZ_I32;
    return ritz_rank(w->s, w->A, NULL, rank);
}
CALL(cond)
{
    return ritz_cond(w->s, w->A, number(w));
}
CALL(pinv)
{
    return ritz_pinv(w->s, ritz_t(w->A), w->X, NULL, RITZ_NO_MAT);
}
CALL(truncate)
{
    return ritz_truncate(w->s, w->A, K, w->X, ritz_block(w->S, 0, 0, 1, 2));
}
CALL(det)
{
    return ritz_det(w->s, w->S, number(w), RITZ_NO_MAT, ritz_block(w->X, 1, 0, 1, 1));
}
CALL(linop_apply)
{
    const ritz_linop op = ritz_linop_centred(w->A, ritz_block(w->S, 0, 0, N, 1));
    return ritz_linop_apply(w->s, &op, 0, ritz_block(w->S, 0, 1, N, K), tall(w->X, K));
}
CALL(range_finder)
{
    const ritz_linop op = ritz_linop_dense(w->A);
    return ritz_range_finder(w->s, &op, tall(w->X, K), NULL, &w->sketch_report);
}
CALL(qb)
{
    const ritz_linop op = ritz_linop_dense(w->A);
    return ritz_qb(w->s, &op, tall(w->X, K), ritz_block(w->S, 0, 0, K, N), NULL, &w->sketch_report);
}
CALL(qb_tolerance)
{
    const ritz_linop op = ritz_linop_dense(w->A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.tolerance = 1e-12;
    return ritz_qb(w->s, &op, tall(w->X, K), ritz_block(w->S, 0, 0, K, N), &opts,
                   &w->sketch_report);
}
CALL(svd_tolerance)
{
    const ritz_linop op = ritz_linop_dense(w->A);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.tolerance = 0.1;
    return ritz_svd_randomized(w->s, &op, tall(w->X, K), ritz_block(w->S, 0, 1, K, 1), RITZ_NO_MAT,
                               &opts, &w->sketch_report);
}
CALL(eigh_randomized)
{
    const ritz_linop op = ritz_linop_dense(w->S);
    return ritz_eigh_randomized(w->s, &op, ritz_block(w->X, 0, 0, K, 1), RITZ_NO_MAT, NULL,
                                &w->sketch_report);
}
CALL(svd_randomized)
{
    const ritz_linop op = ritz_linop_centred(w->A, ritz_block(w->S, 0, 0, N, 1));
    return ritz_svd_randomized(w->s, &op, tall(w->X, K), ritz_block(w->S, 0, 1, K, 1), RITZ_NO_MAT,
                               NULL, &w->sketch_report);
}

/* A matrix in disorder; on the device from the second call on. */
static ritz_status make_sparse(struct world *w)
{
    enum { COUNT_OF = 3 * N };
    static const double values[COUNT_OF] = {1, 2, 3};
    int32_t row[COUNT_OF], col[COUNT_OF];
    if (w->sparse) return RITZ_OK;
    for (int k = 0; k < COUNT_OF; k++) {
        row[k] = k * 7 % M;
        col[k] = k * 5 % N;
    }
    return ritz_spmat_create_coo(
        w->s, M, N, ritz_hmat_wrap(row, RITZ_I32, COUNT_OF, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(col, RITZ_I32, COUNT_OF, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap_const(values, RITZ_F64, COUNT_OF, 1, RITZ_COL_MAJOR), NULL, &w->sparse);
}
CALL(spmat_create_coo)
{
    const ritz_status status = make_sparse(w);
    assert_true((status == RITZ_OK) == (w->sparse != NULL));
    return status;
}
CALL(spmat_load)
{
    if (w->sparse) return RITZ_OK;
    const ritz_status status = ritz_spmat_load(w->s, sparse_file, NULL, &w->sparse);
    assert_true((status == RITZ_OK) == (w->sparse != NULL));
    return status;
}

/* ---- principal components, by every route and from every source ---- */

static ritz_status deliver(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                           int64_t *delivered)
{
    struct world *w = context;
    *delivered = 0;
    if (rewind) w->next_row = 0;
    if (rewind) return RITZ_OK;
    while (*delivered < count && w->next_row < M) {
        memcpy((double *)dst + *delivered * ld, w->a + w->next_row * N, N * sizeof(double));
        w->next_row++;
        (*delivered)++;
    }
    return RITZ_OK;
}

static ritz_status fit(struct world *w, ritz_rows rows, ritz_pca_method method)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = K;
    opts.method = method;
    opts.block_rows = 7;
    w->next_row = 0;
    const ritz_status status = ritz_pca_fit(w->s, rows, &opts, &w->pca, &w->pca_report);
    assert_true((status == RITZ_OK) == (w->pca != NULL));
    return status;
}

CALL(fit_covariance)
{
    return fit(w, ritz_rows_dmat(w->A), RITZ_PCA_COVARIANCE);
}
CALL(fit_randomized)
{
    return fit(w, ritz_rows_dmat(w->A), RITZ_PCA_RANDOMIZED);
}
CALL(fit_exact)
{
    return fit(w, ritz_rows_dmat(w->A), RITZ_PCA_EXACT);
}
CALL(fit_dual)
{
    return fit(w, ritz_rows_dmat(w->A), RITZ_PCA_DUAL);
}
CALL(fit_host)
{
    return fit(w, ritz_rows_hmat(ritz_hmat_wrap(w->single, RITZ_F32, M, N, RITZ_COL_MAJOR)),
               RITZ_PCA_AUTO);
}
CALL(fit_callback)
{
    return fit(w, ritz_rows_callback(RITZ_F64, M, N, 0, deliver, w), RITZ_PCA_COVARIANCE);
}
CALL(fit_callback_loaded)
{
    return fit(w, ritz_rows_callback(RITZ_F64, M, N, 1, deliver, w), RITZ_PCA_RANDOMIZED);
}
CALL(fit_file)
{
    return fit(w, ritz_rows_file(data_file), RITZ_PCA_COVARIANCE);
}
CALL(rows_inspect)
{
    (void)w;
    const ritz_rows rows = ritz_rows_file(data_file);
    ritz_rows_info info = {.size = sizeof info};
    return ritz_rows_inspect(&rows, &info);
}

static ritz_pca *fitted(struct world *w)
{
    if (!w->pca) {
        const int64_t armed = until_failure;
        until_failure = 0;
        expect_ok(call_fit_exact(w));
        until_failure = armed;
    }
    return w->pca;
}
CALL(transform)
{
    return ritz_pca_transform(w->s, fitted(w), w->A, tall(w->X, K), NULL);
}
CALL(inverse)
{
    const ritz_dmat Y = ritz_dmat_wrap(w->dev, w->spd, RITZ_F64, M / 2, K, RITZ_ROW_MAJOR);
    return ritz_pca_inverse_transform(w->s, fitted(w), Y, ritz_row_range(w->X, 0, M / 2), NULL);
}
CALL(transform_rows)
{
    return ritz_pca_transform_rows(w->s, fitted(w), ritz_rows_file(data_file),
                                   ritz_hmat_wrap(w->out, RITZ_F64, M, K, RITZ_ROW_MAJOR), NULL);
}

/* ---- least squares ---- */

/* Of a line through TALL points, or of the first K columns of A. */
static ritz_status lstsq(struct world *w, ritz_lstsq_method method, bool is_tall, double lambda)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    const ritz_dmat y = ritz_dmat_wrap(w->dev, tall_column, RITZ_F64, TALL, 1, RITZ_COL_MAJOR);
    opts.method = method;
    opts.lambda = lambda;
    opts.residual_norms = ritz_block(w->X, M - 1, 0, 1, 1);
    opts.intercept = ritz_block(w->X, M - 2, 0, 1, 1);
    return is_tall ? ritz_lstsq(w->s, y, y, ritz_block(w->X, 0, 0, 1, 1), &opts, NULL)
                   : ritz_lstsq(w->s, ritz_cols(w->A, 0, K), ritz_cols(w->A, K, 1),
                                ritz_block(w->X, 0, 0, K, 1), &opts, NULL);
}
CALL(lstsq_normal)
{
    return lstsq(w, RITZ_LSTSQ_NORMAL, true, 0);
}
CALL(lstsq_sketch_qr)
{
    return lstsq(w, RITZ_LSTSQ_SKETCH_QR, true, 0.1);
}
CALL(lstsq_sketch_cg)
{
    return lstsq(w, RITZ_LSTSQ_SKETCH_CG, true, 0);
}
CALL(lstsq_qr)
{
    return lstsq(w, RITZ_LSTSQ_QR, false, 0);
}
CALL(lstsq_minnorm)
{
    return lstsq(w, RITZ_LSTSQ_MINNORM, false, 0);
}
CALL(lstsq_tsqr)
{
    return lstsq(w, RITZ_LSTSQ_TSQR, true, 0);
}
CALL(lstsq_batch)
{
    const ritz_dmat A = ritz_batched(ritz_block(w->A, 0, 0, K, K), 2, K);
    return ritz_lstsq(w->s, A, ritz_batched(ritz_block(w->A, K, 0, K, 1), 2, 1),
                      ritz_batched(ritz_block(w->X, 0, 0, K, 1), 2, 1), NULL, NULL);
}
CALL(lstsq_operator)
{
    const ritz_linop op = ritz_linop_dense(ritz_cols(w->A, 0, K));
    return ritz_lstsq_operator(w->s, &op, ritz_cols(w->A, K, 1), ritz_block(w->X, 0, 0, K, 1), NULL,
                               NULL);
}
CALL(lstsq_rows)
{
    const ritz_rows rows = ritz_rows_callback(RITZ_F64, M, N, 0, deliver, w);
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.block_rows = 7;
    w->next_row = 0;
    return ritz_lstsq_rows(w->s, rows, ritz_rows_dmat(ritz_cols(w->A, 0, 1)),
                           ritz_block(w->X, 0, 0, N, 1), &opts, NULL);
}
CALL(linear_predict)
{
    return ritz_linear_predict(w->s, w->A, ritz_block(w->S, 0, 0, N, 1),
                               ritz_block(w->S, 0, 0, 1, 1), ritz_cols(w->X, 0, 1));
}
CALL(ridge_fit)
{
    ritz_ridge *ridge = NULL;
    const ritz_status status =
        ritz_ridge_fit(w->s, ritz_cols(w->A, 0, K), ritz_cols(w->A, K, 1), NULL, &ridge);
    assert_true((status == RITZ_OK) == (ridge != NULL));
    expect_ok(ritz_ridge_destroy(w->s, &ridge));
    return status;
}
CALL(stats_create)
{
    ritz_lstsq_stats *stats = NULL;
    const ritz_status status = ritz_lstsq_stats_create(w->s, RITZ_F64, K, 1, &stats);
    assert_true((status == RITZ_OK) == (stats != NULL));
    expect_ok(ritz_lstsq_stats_destroy(w->s, &stats));
    return status;
}

/* ---- all of them ---- */

static const struct scenario {
    const char *operation; /* as its message names it */
    const char *name;
    ritz_status (*call)(struct world *w);
} scenarios[] = {
    {"ritz_device_open", "", call_device_open},
    {"ritz_stream_create", "", call_stream_create},
    {"ritz_stream_create_inline", "", call_stream_create_inline},
    {"ritz_event_create", "", call_event_create},
    {"ritz_dmat_create", "", call_dmat_create},
    {"ritz_hmat_create", "", call_hmat_create},
    {"ritz_hmat_create_pinned", "", call_hmat_create_pinned},
    {"ritz_stream_reserve", "", call_stream_reserve},
    {"ritz_upload", "", call_upload},
    {"ritz_download", "", call_download},
    {"ritz_copy", "", call_copy},
    {"ritz_fill", "", call_fill},
    {"ritz_random_fill", "", call_random_fill},
    {"ritz_gemm", "", call_gemm},
    {"ritz_gemm", "bfloat16", call_gemm_half},
    {"ritz_syrk", "", call_syrk},
    {"ritz_trsm", "", call_trsm},
    {"ritz_trmm", "", call_trmm},
    {"ritz_gemm_grouped", "", call_gemm_grouped},
    {"ritz_gemm_grouped", "bfloat16", call_gemm_grouped_half},
    {"ritz_gemm_bias", "", call_gemm_bias},
    {"ritz_cholesky", "", call_cholesky},
    {"ritz_cholesky_solve", "", call_cholesky_solve},
    {"ritz_spd_solve", "", call_spd_solve},
    {"ritz_cholesky_inverse", "", call_cholesky_inverse},
    {"ritz_cholesky_logdet", "", call_cholesky_logdet},
    {"ritz_cholesky_condition", "", call_cholesky_condition},
    {"ritz_cholesky_jittered", "", call_cholesky_jittered},
    {"ritz_cholesky_jittered", "absolute", call_cholesky_jittered_absolute},
    {"ritz_cholesky_update", "", call_cholesky_update},
    {"ritz_cholesky_pivoted", "", call_cholesky_pivoted},
    {"ritz_lu", "", call_lu},
    {"ritz_lu_solve", "", call_lu_solve},
    {"ritz_lu_inverse", "", call_lu_inverse},
    {"ritz_lu_slogdet", "", call_lu_slogdet},
    {"ritz_lu_condition", "", call_lu_condition},
    {"ritz_solve", "", call_solve},
    {"ritz_qr", "", call_qr},
    {"ritz_qr", "sketch", call_qr_sketch},
    {"ritz_qr", "CholeskyQR3", call_qr_cholesky3},
    {"ritz_qr", "TSQR", call_qr_tsqr},
    {"ritz_qr_pivoted", "norm", call_qr_pivoted},
    {"ritz_qr_pivoted", "sketch", call_qr_pivoted_sketch},
    {"ritz_qr_rows", "file", call_qr_rows},
    {"ritz_random_orthogonal", "", call_random_orthogonal},
    {"ritz_qr_factor", "", call_qr_factor},
    {"ritz_qr_form", "", call_qr_form},
    {"ritz_qr_apply", "", call_qr_apply},
    {"ritz_svd", "", call_svd},
    {"ritz_eigh", "some", call_eigh},
    {"ritz_eigh", "all", call_eigh_all},
    {"ritz_svd", "full", call_svd_full},
    {"ritz_norm", "Frobenius", call_norm_frobenius},
    {"ritz_norm", "one", call_norm_one},
    {"ritz_norm", "nuclear", call_norm_nuclear},
    {"ritz_rank", "", call_rank},
    {"ritz_cond", "", call_cond},
    {"ritz_pinv", "", call_pinv},
    {"ritz_truncate", "", call_truncate},
    {"ritz_det", "", call_det},
    {"ritz_linop_apply", "", call_linop_apply},
    {"ritz_range_finder", "", call_range_finder},
    {"ritz_svd_randomized", "", call_svd_randomized},
    {"ritz_qb", "", call_qb},
    {"ritz_qb", "tolerance", call_qb_tolerance},
    {"ritz_svd_randomized", "tolerance", call_svd_tolerance},
    {"ritz_eigh_randomized", "", call_eigh_randomized},
    {"ritz_spmat_create_coo", "", call_spmat_create_coo},
    {"ritz_spmat_load", "", call_spmat_load},
    {"ritz_rows_inspect", "", call_rows_inspect},
    {"ritz_pca_fit", "covariance", call_fit_covariance},
    {"ritz_pca_fit", "randomized", call_fit_randomized},
    {"ritz_pca_fit", "exact", call_fit_exact},
    {"ritz_pca_fit", "dual", call_fit_dual},
    {"ritz_pca_fit", "host matrix", call_fit_host},
    {"ritz_pca_fit", "function", call_fit_callback},
    {"ritz_pca_fit", "function, loaded", call_fit_callback_loaded},
    {"ritz_pca_fit", "file", call_fit_file},
    {"ritz_pca_transform", "", call_transform},
    {"ritz_pca_inverse_transform", "", call_inverse},
    {"ritz_pca_transform_rows", "", call_transform_rows},
    {"ritz_lstsq", "normal", call_lstsq_normal},
    {"ritz_lstsq", "sketch_qr", call_lstsq_sketch_qr},
    {"ritz_lstsq", "sketch_cg", call_lstsq_sketch_cg},
    {"ritz_lstsq", "qr", call_lstsq_qr},
    {"ritz_lstsq", "minnorm", call_lstsq_minnorm},
    {"ritz_lstsq", "tsqr", call_lstsq_tsqr},
    {"ritz_lstsq", "batch", call_lstsq_batch},
    {"ritz_lstsq_operator", "", call_lstsq_operator},
    {"ritz_lstsq_rows", "function", call_lstsq_rows},
    {"ritz_linear_predict", "", call_linear_predict},
    {"ritz_ridge_fit", "", call_ridge_fit},
    {"ritz_lstsq_stats_create", "", call_stats_create},
};

static void wrong(const struct scenario *sc, bool queued, int64_t k, const char *what)
{
    fail_msg("%s %s, %s, allocation %lld: %s (\"%s\")", sc->operation, sc->name,
             queued ? "queued" : "inline", (long long)k, what, ritz_last_error());
}

/* The k-th allocation of the call fails; false once it has fewer. */
static bool fail_at(const struct scenario *sc, bool queued, int64_t k)
{
    struct world w;
    const int64_t before = alive;
    open_world(&w, queued);
    fired = false;
    until_failure = k;
    const ritz_status status = sc->call(&w);
    until_failure = 0;
    if (fired) {
        if (status == RITZ_OK) wrong(sc, queued, k, "the call did not notice");
        if (status != RITZ_ERR_MEMORY && status != RITZ_ERR_DEVICE_MEMORY)
            wrong(sc, queued, k, "the status is not that of memory");
        const char *message = ritz_last_error();
        const size_t length = strlen(sc->operation);
        if (strncmp(message, sc->operation, length) != 0 || message[length] != ':' ||
            strlen(message) < length + 10)
            wrong(sc, queued, k, "the message does not name the operation");
        if (sc->call(&w) != RITZ_OK) wrong(sc, queued, k, "the call fails for ever");
    } else if (status != RITZ_OK) {
        wrong(sc, queued, k, "the call fails by itself");
    }
    if (w.s && ritz_stream_sync(w.s) != RITZ_OK)
        wrong(sc, queued, k, "an error is left on the stream");
    close_world(&w);
    if (alive != before) wrong(sc, queued, k, "something leaked");
    return fired;
}

static void test_every_allocation_fails_once(void **state)
{
    (void)state;
    int64_t failures = 0;
    for (size_t i = 0; i < COUNT(scenarios); i++)
        for (int queued = 0; queued <= 1; queued++) {
            /* Once undisturbed, for what is made once and kept. */
            (void)fail_at(&scenarios[i], queued, INT64_MAX);
            for (int64_t k = 1; fail_at(&scenarios[i], queued, k); k++) {
                failures++;
                assert_true(k < 10000);
            }
        }
    print_message("%lld allocations failed\n", (long long)failures);
    assert_true(failures > 100);
}

/* Without the redirection nothing would fail, and the test would prove nothing. */
static void test_allocations_pass_through_here(void **state)
{
    (void)state;
    ritz_device *dev = NULL;
    const int64_t before = seen;
    expect_ok(ritz_device_open("cpu", &dev));
    ritz_stream *s = queued_stream(dev);
    assert_true(seen > before + 4);
    expect_ok(ritz_stream_destroy(&s));
    expect_ok(ritz_device_close(&dev));
}

static int write_data(void **state)
{
    (void)state;
    FILE *f = fopen(data_file, "w");
    if (!f) return -1;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++)
            fprintf(f, "%d%c", (i * 31 + j * j * 17) % 101, j < N - 1 ? ',' : '\n');
    if (fclose(f) != 0) return -1;
    f = fopen(sparse_file, "w");
    if (!f) return -1;
    fprintf(f, "%%%%MatrixMarket matrix coordinate real symmetric\n3 3 2\n2 1 5\n3 3 1\n");
    return fclose(f);
}

static int remove_data(void **state)
{
    (void)state;
    return unlink(data_file) | unlink(sparse_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations_pass_through_here),
        cmocka_unit_test(test_every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, write_data, remove_data);
}
