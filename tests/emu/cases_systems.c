/* Cholesky and LU factorizations, and what rests on them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/cases.h"

CALL(cholesky)
{
    return ritz_cholesky(w->s, RITZ_LOWER, S_, RITZ_NO_MAT);
}

PREPARE(factored)
{
    return ritz_cholesky(w->service, RITZ_LOWER, S_, RITZ_NO_MAT);
}

CALL(cholesky_solve)
{
    return ritz_cholesky_solve(w->s, RITZ_LOWER, S_, ritz_t(X_));
}

CALL(spd_solve)
{
    return ritz_spd_solve(w->s, S_, ritz_t(X_), NULL, RITZ_NO_MAT);
}

PREPARE(kept_and_factored)
{
    const ritz_status status = ritz_copy(w->service, S_, C_);
    return status ? status : prepare_factored(w);
}

CALL(cholesky_inverse)
{
    return ritz_cholesky_inverse(w->s, RITZ_LOWER, S_, C_);
}

CALL(cholesky_logdet)
{
    return ritz_cholesky_logdet(w->s, RITZ_LOWER, S_, number(w, 0));
}

CALL(cholesky_condition)
{
    return ritz_cholesky_condition(w->s, RITZ_LOWER, C_, S_, ritz_block(X_, 0, 0, 1, 1));
}

CALL(cholesky_jittered)
{
    return ritz_cholesky_jittered(w->s, RITZ_LOWER, S_, NULL, number(w, 0), RITZ_NO_MAT);
}

CALL(cholesky_jittered_absolute)
{
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.policy = RITZ_JITTER_ABSOLUTE;
    opts.shift = 0.5;
    return ritz_cholesky_jittered(w->s, RITZ_LOWER, S_, &opts, number(w, 0), RITZ_NO_MAT);
}

CALL(cholesky_update)
{
    return ritz_cholesky_update(w->s, RITZ_LOWER, 1, ritz_t(ritz_row_range(A_, 0, 1)), S_,
                                RITZ_NO_MAT);
}

PREPARE(pivots)
{
    return ritz_dmat_create(w->service, RITZ_I32, RITZ_COL_MAJOR, w->n, 1, &w->made);
}

CALL(cholesky_pivoted)
{
    return ritz_cholesky_pivoted(w->s, S_, ritz_cols(C_, 0, w->k), w->made, RITZ_NO_MAT,
                                 RITZ_NO_MAT, NULL, RITZ_NO_MAT);
}

CALL(lu)
{
    return ritz_lu(w->s, S_, w->made, RITZ_NO_MAT);
}

PREPARE(lu)
{
    ritz_status status = prepare_pivots(w);
    if (status == RITZ_OK) status = ritz_copy(w->service, S_, C_);
    return status ? status : ritz_lu(w->service, S_, w->made, RITZ_NO_MAT);
}

CALL(lu_solve)
{
    return ritz_lu_solve(w->s, RITZ_LEFT, S_, w->made, ritz_t(X_));
}

CALL(lu_inverse)
{
    return ritz_lu_inverse(w->s, S_, w->made, C_);
}

CALL(lu_slogdet)
{
    return ritz_lu_slogdet(w->s, S_, w->made, number(w, 0), number(w, 1));
}

CALL(lu_condition)
{
    return ritz_lu_condition(w->s, C_, S_, w->made, ritz_block(X_, 0, 0, 1, 1));
}

CALL(solve)
{
    return ritz_solve(w->s, S_, ritz_t(X_), RITZ_NO_MAT);
}

CALL(det)
{
    const int overflows = w->n > 200;
    return ritz_det(w->s, S_, number(w, 0), number(w, 1),
                    overflows ? RITZ_NO_MAT : ritz_block(X_, 0, 0, 1, 1));
}

CALL(cholesky_batch)
{
    return ritz_cholesky(w->s, RITZ_LOWER, diagonal_blocks(S_), RITZ_NO_MAT);
}

CALL(cholesky_solve_batch)
{
    const ritz_dmat B = ritz_batched(ritz_block(X_, 0, 0, w->n / 2, w->n), 2, w->n / 2 * X_.ld);
    return ritz_cholesky_solve(w->s, RITZ_LOWER, diagonal_blocks(S_), B);
}

CALL(lu_batch)
{
    const ritz_dmat pivots = ritz_batched(top(w->made, w->n / 2), 2, w->n / 2);
    return ritz_lu(w->s, diagonal_blocks(S_), pivots, RITZ_NO_MAT);
}

CALL(solve_batch)
{
    const ritz_dmat B = ritz_batched(ritz_block(X_, 0, 0, w->n / 2, w->n), 2, w->n / 2 * X_.ld);
    return ritz_solve(w->s, diagonal_blocks(S_), B, RITZ_NO_MAT);
}
