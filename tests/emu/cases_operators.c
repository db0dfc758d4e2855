/* Operators, sparse matrices and randomized methods.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "emu/cases.h"

CALL(linop_apply)
{
    const ritz_linop op = ritz_linop_centred(A_, column(S_, 0, w->n));
    return ritz_linop_apply(w->s, &op, 0, ritz_cols(S_, 1, w->k), ritz_cols(X_, 0, w->k));
}

CALL(range_finder)
{
    const ritz_linop op = ritz_linop_dense(A_);
    return ritz_range_finder(w->s, &op, ritz_cols(X_, 0, w->k), NULL, &w->sketch_report);
}

CALL(svd_randomized)
{
    const ritz_linop op = ritz_linop_centred(A_, column(S_, 0, w->n));
    return ritz_svd_randomized(w->s, &op, ritz_cols(X_, 0, w->k), column(C_, 0, w->k), RITZ_NO_MAT,
                               NULL, &w->sketch_report);
}

/* m x n: a dense row, and a few elements in each of the others. */
static ritz_status make_sparse(struct world *w, ritz_stream *s)
{
    const size_t most = (size_t)(w->n + 3 * w->m);
    int64_t *row = calloc(most, sizeof *row), *col = calloc(most, sizeof *col), count = 0;
    if (!row || !col) abort();
    for (; count < w->n; count++) col[count] = w->n - 1 - count;
    for (int64_t i = 1; i < w->m; i++)
        for (int64_t k = 0; k < 3; k++) {
            row[count] = i;
            col[count++] = (i * 5 + k * 3) % w->n;
        }
    const ritz_status status = ritz_spmat_create_coo(
        s, w->m, w->n, ritz_hmat_wrap(row, RITZ_I64, count, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(col, RITZ_I64, count, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(w->initial[MATRIX_A], RITZ_F64, count, 1, RITZ_COL_MAJOR), NULL, &w->sparse);
    free(row);
    free(col);
    return status;
}

PREPARE(sparse)
{
    return make_sparse(w, w->service);
}

CALL(spmat_create_coo)
{
    return make_sparse(w, w->s);
}

CALL(spmat_set_values)
{
    const int64_t count = ritz_spmat_nonzeros(w->sparse);
    ritz_dmat values = A_;
    values.rows = count;
    values.cols = 1;
    values.ld = count;
    values.layout = RITZ_COL_MAJOR;
    const ritz_status status = ritz_spmat_set_values(w->s, w->sparse, values);
    return status ? status : ritz_spmm(w->s, 0, 1, w->sparse, S_, 0, X_);
}

CALL(spmm)
{
    return ritz_spmm(w->s, 0, -2, w->sparse, S_, 1, X_);
}

CALL(spmm_transposed)
{
    return ritz_spmm(w->s, 1, 1, w->sparse, column(A_, 0, w->m), 0, column(C_, 0, w->n));
}

CALL(spmat_col_sums)
{
    return ritz_spmat_col_sums(w->s, w->sparse, column(C_, 0, w->n));
}

CALL(spmat_col_means)
{
    return ritz_spmat_col_means(w->s, w->sparse, column(C_, 0, w->n));
}

CALL(spmat_col_sumsq)
{
    return ritz_spmat_col_sumsq(w->s, w->sparse, column(C_, 0, w->n));
}

CALL(range_finder_sparse)
{
    const ritz_linop op = ritz_linop_sparse_centred(w->sparse, column(S_, 0, w->n));
    return ritz_range_finder(w->s, &op, ritz_cols(X_, 0, w->k), NULL, &w->sketch_report);
}

/* To page-locked memory: offsets, indices and values one after the other. */
CALL(spmat_download)
{
    const int64_t count = ritz_spmat_nonzeros(w->sparse);
    double *p = w->pinned.data;
    return ritz_spmat_download(
        w->s, w->sparse, ritz_hmat_wrap(p, RITZ_I64, w->m + 1, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(p + w->m + 1, RITZ_I64, count, 1, RITZ_COL_MAJOR),
        ritz_hmat_wrap(p + w->m + 1 + count, RITZ_F64, count, 1, RITZ_COL_MAJOR));
}

CALL(range_finder_alone)
{
    const ritz_linop op = ritz_linop_dense(A_);
    return ritz_range_finder(w->s, &op, ritz_cols(X_, 0, w->k), NULL, NULL);
}

CALL(svd_randomized_alone)
{
    const ritz_linop op = ritz_linop_dense(A_);
    return ritz_svd_randomized(w->s, &op, ritz_cols(X_, 0, w->k), column(C_, 0, w->k), RITZ_NO_MAT,
                               NULL, NULL);
}
