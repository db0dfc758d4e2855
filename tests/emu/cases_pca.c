/* Principal components.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "emu/cases.h"

static ritz_status deliver(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                           int64_t *delivered)
{
    struct world *w = context;
    *delivered = 0;
    if (rewind) w->next_row = 0;
    if (rewind) return RITZ_OK;
    while (*delivered < count && w->next_row < w->m) {
        memcpy((double *)dst + *delivered * ld, w->initial[MATRIX_A] + w->next_row * w->n,
               (size_t)w->n * sizeof(double));
        w->next_row++;
        (*delivered)++;
    }
    return RITZ_OK;
}

static ritz_status fit(struct world *w, ritz_stream *s, ritz_rows rows, ritz_pca_method method)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = w->k;
    opts.method = method;
    opts.block_rows = w->m / 3;
    w->next_row = 0;
    return ritz_pca_fit(s, rows, &opts, &w->pca, &w->pca_report);
}

CALL(fit_covariance)
{
    return fit(w, w->s, ritz_rows_dmat(A_), RITZ_PCA_COVARIANCE);
}

CALL(fit_randomized)
{
    return fit(w, w->s, ritz_rows_dmat(A_), RITZ_PCA_RANDOMIZED);
}

CALL(fit_exact)
{
    return fit(w, w->s, ritz_rows_dmat(A_), RITZ_PCA_EXACT);
}

CALL(fit_dual)
{
    return fit(w, w->s, ritz_rows_dmat(A_), RITZ_PCA_DUAL);
}

CALL(fit_incremental)
{
    return fit(w, w->s, ritz_rows_dmat(A_), RITZ_PCA_INCREMENTAL);
}

PREPARE(no_pca_stats)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.method = RITZ_PCA_EXACT;
    return ritz_pca_stats_create(w->service, RITZ_F64, w->n, &opts, &w->pca_stats);
}

CALL(pca_stats_add)
{
    return ritz_pca_stats_add_rows(w->s, w->pca_stats, ritz_rows_dmat(A_), NULL);
}

static ritz_status fit_stats(struct world *w, ritz_stream *s)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = w->k;
    return ritz_pca_stats_fit(s, w->pca_stats, &opts, &w->pca, &w->pca_report);
}

FINISH(pca_stats)
{
    return fit_stats(w, w->service);
}

PREPARE(pca_stats)
{
    const ritz_status status = prepare_no_pca_stats(w);
    return status ? status
                  : ritz_pca_stats_add_rows(w->service, w->pca_stats, ritz_rows_dmat(A_), NULL);
}

CALL(pca_stats_fit)
{
    return fit_stats(w, w->s);
}

CALL(fit_host)
{
    return fit(
        w, w->s,
        ritz_rows_hmat(ritz_hmat_wrap(w->initial[MATRIX_A], RITZ_F64, w->m, w->n, RITZ_ROW_MAJOR)),
        RITZ_PCA_COVARIANCE);
}

CALL(fit_function)
{
    return fit(w, w->s, ritz_rows_callback(RITZ_F64, w->m, w->n, 0, deliver, w),
               RITZ_PCA_COVARIANCE);
}

PREPARE(model)
{
    return fit(w, w->service, ritz_rows_dmat(A_), RITZ_PCA_EXACT);
}

CALL(transform)
{
    return ritz_pca_transform(w->s, w->pca, A_, ritz_cols(X_, 0, w->k), NULL);
}

CALL(inverse_transform)
{
    return ritz_pca_inverse_transform(w->s, w->pca, ritz_cols(A_, 0, w->k), X_, NULL);
}

CALL(transform_rows)
{
    return ritz_pca_transform_rows(
        w->s, w->pca, ritz_rows_callback(RITZ_F64, w->m, w->n, 1, deliver, w),
        ritz_hmat_wrap(w->pageable, RITZ_F64, w->m, w->k, RITZ_ROW_MAJOR), NULL);
}
