/* Low-rank approximations whose result, or part of it, comes to the host.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/cases.h"

static ritz_linop random_matrix(const struct world *w)
{
    return ritz_linop_dense(A_);
}

/* A report may not come from a graph, even one for which nothing is fetched. */
CALL(range_finder_unmeasured)
{
    const ritz_linop op = random_matrix(w);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.no_error_figure = 1;
    return ritz_range_finder(w->s, &op, ritz_cols(X_, 0, w->k), &opts, &w->sketch_report);
}

static ritz_status qb(struct world *w, double tolerance)
{
    const ritz_linop op = random_matrix(w);
    ritz_sketch_options opts = RITZ_SKETCH_DEFAULTS;
    opts.tolerance = tolerance;
    opts.block = 4;
    return ritz_qb(w->s, &op, ritz_cols(X_, 0, w->k), top(C_, w->k), &opts, &w->sketch_report);
}

CALL(qb)
{
    return qb(w, 0);
}

CALL(qb_to_tolerance)
{
    return qb(w, 0.5);
}

CALL(eigh_randomized)
{
    const ritz_linop op = ritz_linop_dense(S_);
    return ritz_eigh_randomized(w->s, &op, column(C_, 0, w->k), RITZ_NO_MAT, NULL,
                                &w->sketch_report);
}

CALL(interpolative)
{
    const ritz_linop op = random_matrix(w);
    return ritz_interpolative_cols(w->s, &op, top(w->made, w->k), top(C_, w->k), NULL,
                                   &w->sketch_report);
}

CALL(cur)
{
    const ritz_linop op = random_matrix(w);
    return ritz_cur(w->s, &op, top(w->made, w->k), ritz_row_range(w->made, w->n - w->k, w->k),
                    ritz_cols(X_, 0, w->k), ritz_block(C_, 0, 0, w->k, w->k), RITZ_NO_MAT, NULL,
                    &w->sketch_report);
}

CALL(svd_rows)
{
    return ritz_svd_rows(w->s, ritz_rows_dmat(A_), column(C_, 0, w->k), RITZ_NO_MAT, NULL,
                         &w->sketch_report);
}

PREPARE(seen_once)
{
    const ritz_status status = prepare_single_pass(w);
    return status ? status : ritz_single_pass_update(w->service, w->single_pass, 1, 1, 0, A_);
}

CALL(single_pass_svd)
{
    return ritz_single_pass_svd(w->s, w->single_pass, RITZ_NO_MAT, column(C_, 0, w->k), RITZ_NO_MAT,
                                &w->sketch_report);
}
