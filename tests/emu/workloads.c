/* The work behind the predictions of docs/cuda-costs.md. `size` is the number of rows, or of items
 * of a batch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/workloads.h"

#include <stdlib.h>

#include "core/backend.h"

enum { ITEM = 32, TALL = 100, WIDE = 200, RANK = 20, SPARSE_COLS = 2000, PER_ROW = 20, RHS = 16 };

static ritz_status take(struct workplace *w, int64_t rows, int64_t cols, int64_t batch,
                        ritz_layout layout, ritz_dmat *M)
{
    const ritz_status status = ritz_dmat_create_batch(w->s, RITZ_F64, layout, rows, cols, batch, M);
    return status ? status : ritz_random_fill(w->s, RITZ_NORMAL, 3, 0, *M);
}

/* Matrices that a factorization does not refuse: 6 I and what is left of the random ones. */
static ritz_status make_items(struct workplace *w)
{
    ritz_dmat shift;
    ritz_status status = take(w, ITEM, ITEM, w->size, RITZ_COL_MAJOR, &w->A);
    if (!status) status = take(w, ITEM, ITEM, w->size, RITZ_COL_MAJOR, &w->X);
    if (!status) status = take(w, ITEM, ITEM, w->size, RITZ_COL_MAJOR, &w->Y);
    if (!status) status = take(w, w->size, 1, 1, RITZ_COL_MAJOR, &w->Z);
    shift = w->Z;
    if (!status) status = ritz_op_scale(w->s, 0.01, w->A);
    if (!status) status = ritz_fill(w->s, 6, shift);
    return status ? status : ritz_op_shift_diag(w->s, shift, w->A);
}

/* The second call factors what the first has made, which is as far from singular. */
static ritz_status cholesky_batch(struct workplace *w)
{
    return ritz_cholesky(w->s, RITZ_LOWER, w->A, RITZ_NO_MAT);
}

static ritz_status qr_batch(struct workplace *w)
{
    return ritz_qr(w->s, w->A, w->X, w->Y, NULL, NULL);
}

static ritz_status make_tall(struct workplace *w)
{
    ritz_status status = take(w, w->size, TALL, 1, RITZ_ROW_MAJOR, &w->A);
    if (!status) status = take(w, w->size, TALL, 1, RITZ_ROW_MAJOR, &w->X);
    return status ? status : take(w, TALL, TALL, 1, RITZ_COL_MAJOR, &w->Y);
}

static ritz_status tall_qr(struct workplace *w)
{
    return ritz_qr(w->s, w->A, w->X, w->Y, NULL, NULL);
}

static ritz_status normal_equations(struct workplace *w)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.method = RITZ_LSTSQ_NORMAL;
    return ritz_lstsq(w->s, w->A, ritz_cols(w->X, 0, 1), ritz_cols(w->Y, 0, 1), &opts, NULL);
}

static ritz_status make_wide(struct workplace *w)
{
    ritz_status status = take(w, w->size, WIDE, 1, RITZ_ROW_MAJOR, &w->A);
    if (!status) status = take(w, w->size, RANK, 1, RITZ_ROW_MAJOR, &w->X);
    if (!status) status = take(w, WIDE, RANK, 1, RITZ_COL_MAJOR, &w->Y);
    return status ? status : take(w, RANK, 1, 1, RITZ_COL_MAJOR, &w->Z);
}

static ritz_status svd_randomized(struct workplace *w)
{
    const ritz_linop op = ritz_linop_dense(w->A);
    return ritz_svd_randomized(w->s, &op, w->X, w->Z, w->Y, NULL, NULL);
}

static ritz_status fit(struct workplace *w)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = RANK;
    opts.method = RITZ_PCA_COVARIANCE;
    opts.block_rows = w->size / w->blocks;
    const ritz_status status = ritz_pca_destroy(w->s, &w->pca);
    return status ? status : ritz_pca_fit(w->s, ritz_rows_dmat(w->A), &opts, &w->pca, NULL);
}

static ritz_status make_model(struct workplace *w)
{
    const ritz_status status = make_wide(w);
    return status ? status : fit(w);
}

static ritz_status transform(struct workplace *w)
{
    return ritz_pca_transform(w->s, w->pca, w->A, w->X, NULL);
}

static ritz_status make_sparse(struct workplace *w)
{
    const int64_t count = PER_ROW * w->size;
    int64_t *row = calloc((size_t)count, sizeof *row), *col = calloc((size_t)count, sizeof *col);
    double *value = calloc((size_t)count, sizeof *value);
    if (!row || !col || !value) abort();
    for (int64_t i = 0; i < count; i++) {
        row[i] = i / PER_ROW;
        col[i] = (i / PER_ROW * 37 + i % PER_ROW * 97) % SPARSE_COLS;
        value[i] = 1;
    }
    ritz_status status = ritz_spmat_create_coo(
        w->s, w->size, SPARSE_COLS, ritz_hmat_wrap(row, RITZ_I64, count, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(col, RITZ_I64, count, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(value, RITZ_F64, count, 1, RITZ_COL_MAJOR), NULL, &w->sparse);
    free(row);
    free(col);
    free(value);
    if (!status) status = take(w, SPARSE_COLS, RHS, 1, RITZ_ROW_MAJOR, &w->A);
    return status ? status : take(w, w->size, RHS, 1, RITZ_ROW_MAJOR, &w->X);
}

static ritz_status spmm(struct workplace *w)
{
    return ritz_spmm(w->s, 0, 1, w->sparse, w->A, 0, w->X);
}

const struct workload workloads[] = {
    {"cholesky_batch", make_items, cholesky_batch, 0},
    {"qr_batch", make_items, qr_batch, 0},
    {"tall_qr", make_tall, tall_qr, 0},
    {"lstsq_normal", make_tall, normal_equations, 0},
    {"svd_randomized", make_wide, svd_randomized, 0},
    {"pca_fit", make_wide, fit, 1},
    {"pca_transform", make_model, transform, 0},
    {"spmm", make_sparse, spmm, 0},
};
const int workload_count = sizeof workloads / sizeof *workloads;

ritz_status drop_workplace(struct workplace *w)
{
    ritz_status status = ritz_pca_destroy(w->s, &w->pca);
    if (!status) status = ritz_spmat_destroy(w->s, &w->sparse);
    if (!status) status = ritz_dmat_destroy(w->s, &w->A);
    if (!status) status = ritz_dmat_destroy(w->s, &w->X);
    if (!status) status = ritz_dmat_destroy(w->s, &w->Y);
    return status ? status : ritz_dmat_destroy(w->s, &w->Z);
}
