/* Least squares and ridge regression.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/cases.h"

/* Of the first k columns of A, for the next two; X is written in rows 0 to k. */
static ritz_status lstsq(struct world *w, ritz_lstsq_method method, bool intercept)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.method = method;
    if (intercept) opts.intercept = ritz_block(X_, w->k, 0, 1, 2);
    return ritz_lstsq(w->s, ritz_cols(A_, 0, w->k), ritz_cols(A_, w->k, 2),
                      ritz_block(X_, 0, 0, w->k, 2), &opts, NULL);
}

CALL(lstsq_normal)
{
    return lstsq(w, RITZ_LSTSQ_NORMAL, true);
}

CALL(lstsq_qr)
{
    return lstsq(w, RITZ_LSTSQ_QR, false);
}

CALL(lstsq_minnorm)
{
    return lstsq(w, RITZ_LSTSQ_MINNORM, true);
}

CALL(lstsq_tsqr)
{
    return lstsq(w, RITZ_LSTSQ_TSQR, false);
}

/* Two problems: the rows of A in halves. */
CALL(lstsq_batch)
{
    const int64_t half = w->m / 2, step = half * w->n;
    return ritz_lstsq(w->s, ritz_batched(ritz_block(A_, 0, 0, half, w->k), 2, step),
                      ritz_batched(ritz_block(A_, 0, w->k, half, 2), 2, step),
                      ritz_batched(ritz_block(X_, 0, 0, w->k, 2), 2, step), NULL, NULL);
}

CALL(lstsq_operator)
{
    const ritz_linop op = ritz_linop_dense(ritz_cols(A_, 0, w->k));
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.method = RITZ_LSTSQ_LSMR;
    return ritz_lstsq_operator(w->s, &op, ritz_cols(A_, w->k, 2), ritz_block(X_, 0, 0, w->k, 2),
                               &opts, NULL);
}

CALL(linear_predict)
{
    return ritz_linear_predict(w->s, A_, S_, ritz_row_range(S_, 0, 1), X_);
}

/* ---- statistics: of the first k columns of A, for the next two ------------------------------- */

static ritz_status create_stats(struct world *w, ritz_stream *s, ritz_lstsq_stats **stats)
{
    return ritz_lstsq_stats_create(s, RITZ_F64, w->k, 2, stats);
}

static ritz_status add_rows(struct world *w, ritz_stream *s, ritz_lstsq_stats *stats, int64_t first,
                            int64_t count)
{
    return ritz_lstsq_stats_add(s, stats, ritz_block(A_, first, 0, count, w->k),
                                ritz_block(A_, first, w->k, count, 2), RITZ_NO_MAT);
}

static ritz_status solve_stats(struct world *w, ritz_stream *s)
{
    return ritz_lstsq_stats_solve(s, w->stats, ritz_block(X_, 0, 0, w->k, 2), NULL, NULL);
}

CALL(stats_create)
{
    return create_stats(w, w->s, &w->stats);
}

PREPARE(no_stats)
{
    return create_stats(w, w->service, &w->stats);
}

CALL(stats_add)
{
    return add_rows(w, w->s, w->stats, 0, w->m);
}

CALL(stats_add_rows)
{
    const ritz_hmat all =
        ritz_hmat_wrap(w->initial[MATRIX_A], RITZ_F64, w->m, w->n, RITZ_ROW_MAJOR);
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.block_rows = w->m / 3;
    return ritz_lstsq_stats_add_rows(w->s, w->stats,
                                     ritz_rows_hmat(ritz_hmat_block(all, 0, 0, w->m, w->k)),
                                     ritz_rows_hmat(ritz_hmat_block(all, 0, w->k, w->m, 2)), &opts);
}

FINISH(stats)
{
    return solve_stats(w, w->service);
}

PREPARE(two_stats)
{
    const int64_t half = w->m / 2;
    ritz_status status = create_stats(w, w->service, &w->stats);
    if (!status) status = create_stats(w, w->service, &w->more_stats);
    if (!status) status = add_rows(w, w->service, w->stats, 0, half);
    return status ? status : add_rows(w, w->service, w->more_stats, half, w->m - half);
}

CALL(stats_merge)
{
    return ritz_lstsq_stats_merge(w->s, w->stats, w->more_stats);
}

CALL(stats_solve)
{
    return solve_stats(w, w->s);
}

/* ---- ridge regression, of the same ----------------------------------------------------------- */

static ritz_status fit_ridge(struct world *w, ritz_stream *s)
{
    return ritz_ridge_fit(s, ritz_cols(A_, 0, w->k), ritz_cols(A_, w->k, 2), NULL, &w->ridge);
}

CALL(ridge_fit)
{
    return fit_ridge(w, w->s);
}

CALL(ridge_fit_stats)
{
    return ritz_ridge_fit_stats(w->s, w->stats, NULL, &w->ridge);
}

FINISH(ridge)
{
    return ritz_copy(w->service, ritz_ridge_singular_values(w->ridge), column(C_, 0, w->k));
}

PREPARE(ridge)
{
    return fit_ridge(w, w->service);
}

/* Three penalties: the diagonal of S is positive. */
static ritz_dmat penalties(const struct world *w)
{
    ritz_dmat diagonal = ritz_block(S_, 0, 0, 1, 3);
    diagonal.ld += 1;
    return ritz_t(diagonal);
}

CALL(ridge_solve)
{
    const ritz_dmat X = ritz_batched(ritz_block(X_, 0, 0, w->k, 2), 3, w->k * X_.ld);
    return ritz_ridge_solve(w->s, w->ridge, penalties(w), X, RITZ_NO_MAT);
}

CALL(ridge_scores)
{
    return ritz_ridge_scores(w->s, w->ridge, penalties(w), column(X_, 0, 3),
                             ritz_block(X_, 0, 1, 3, 2), ritz_block(X_, 0, 3, 3, 2));
}

CALL(ridge_leave_one_out)
{
    return ritz_ridge_leave_one_out(w->s, w->ridge, top(penalties(w), 1), ritz_cols(A_, 0, w->k),
                                    ritz_cols(A_, w->k, 2), RITZ_NO_MAT, ritz_cols(X_, 0, 2));
}
