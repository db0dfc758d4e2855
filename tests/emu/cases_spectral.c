/* QR, singular values and eigenvalues, and what rests on them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "emu/cases.h"

CALL(qr)
{
    return ritz_qr(w->s, A_, X_, C_, NULL, NULL);
}

/* A factored form is unique up to signs; Q Qᵀ A is unique. */
static ritz_status project(struct world *w, ritz_dmat Q)
{
    ritz_status status = ritz_gemm(w->service, 1, ritz_t(Q), A_, 0, C_);
    return status ? status : ritz_gemm(w->service, 1, Q, C_, 0, X_);
}

static ritz_status room_for_q(struct world *w)
{
    return ritz_dmat_create(w->service, RITZ_F64, RITZ_ROW_MAJOR, w->m, w->n, &w->made);
}

PREPARE(reflectors)
{
    const ritz_status status = ritz_copy(w->service, A_, X_);
    return status ? status : ritz_qr_factor(w->service, X_, column(C_, 0, w->n));
}

PREPARE(qr_factor)
{
    const ritz_status status = ritz_copy(w->service, A_, X_);
    return status ? status : room_for_q(w);
}

CALL(qr_factor)
{
    return ritz_qr_factor(w->s, X_, column(C_, 0, w->n));
}

FINISH(qr_factor)
{
    ritz_status status = ritz_qr_form(w->service, X_, column(C_, 0, w->n), w->made);
    if (!status) status = project(w, w->made);
    return status ? status : ritz_fill(w->service, 0, C_);
}

PREPARE(qr_form)
{
    const ritz_status status = prepare_reflectors(w);
    return status ? status : room_for_q(w);
}

CALL(qr_form)
{
    return ritz_qr_form(w->s, X_, column(C_, 0, w->n), w->made);
}

FINISH(qr_form)
{
    const ritz_status status = project(w, w->made);
    return status ? status : ritz_fill(w->service, 0, C_);
}

CALL(qr_apply)
{
    return ritz_qr_apply(w->s, RITZ_APPLY_Q_TRANSPOSED, X_, column(C_, 0, w->n), A_);
}

FINISH(qr_apply)
{
    ritz_status status = ritz_qr_apply(w->service, RITZ_APPLY_Q, X_, column(C_, 0, w->n), A_);
    if (!status) status = ritz_fill(w->service, 0, X_);
    return status ? status : ritz_fill(w->service, 0, C_);
}

CALL(svd)
{
    return ritz_svd(w->s, A_, X_, column(C_, 0, w->n), RITZ_NO_MAT, RITZ_NO_MAT);
}

CALL(svd_vectors)
{
    return ritz_svd(w->s, A_, RITZ_NO_MAT, column(X_, 0, w->n), C_, RITZ_NO_MAT);
}

CALL(eigh_some)
{
    return ritz_eigh(w->s, S_, column(C_, 0, w->k), RITZ_NO_MAT, NULL, RITZ_NO_MAT);
}

CALL(eigh_all)
{
    return ritz_eigh(w->s, S_, column(X_, 0, w->n), C_, NULL, RITZ_NO_MAT);
}

CALL(eigh_range)
{
    ritz_eigh_options opts = RITZ_EIGH_DEFAULTS;
    opts.first = 2;
    return ritz_eigh(w->s, S_, column(C_, 0, w->k), RITZ_NO_MAT, &opts, RITZ_NO_MAT);
}

CALL(norm_sums)
{
    const ritz_status status = ritz_norm(w->s, RITZ_NORM_FROBENIUS, A_, number(w, 0));
    return status ? status : ritz_norm(w->s, RITZ_NORM_INFINITY, A_, number(w, 1));
}

CALL(norm_values)
{
    return ritz_norm(w->s, RITZ_NORM_NUCLEAR, A_, number(w, 0));
}

PREPARE(rank)
{
    return ritz_dmat_create(w->service, RITZ_I32, RITZ_COL_MAJOR, 1, 1, &w->made);
}

CALL(rank)
{
    const ritz_status status = ritz_rank(w->s, A_, NULL, w->made);
    return status ? status : ritz_copy(w->s, w->made, number(w, 0));
}

CALL(cond)
{
    return ritz_cond(w->s, A_, number(w, 0));
}

CALL(pinv)
{
    return ritz_pinv(w->s, ritz_t(A_), X_, NULL, RITZ_NO_MAT);
}

CALL(truncate)
{
    return ritz_truncate(w->s, A_, w->k, X_, ritz_block(C_, 0, 0, 1, 2));
}

CALL(qr_batch)
{
    const int64_t half = w->m / 2, k = half < w->n ? half : w->n;
    return ritz_qr(w->s, halves(A_, 0), halves(X_, w->n - k), RITZ_NO_MAT, NULL, NULL);
}

CALL(qr_blocks)
{
    ritz_qr_options opts = RITZ_QR_DEFAULTS;
    opts.method = RITZ_QR_TSQR;
    return ritz_qr(w->s, ritz_cols(A_, 0, w->k), ritz_cols(X_, 0, w->k),
                   ritz_block(C_, 0, 0, w->k, w->k), &opts, NULL);
}

/* More columns than the kernel for small matrices takes, if there are. */
CALL(svd_batch)
{
    enum { COLUMNS = 36 };
    const int64_t half = w->m / 2, n = w->n < COLUMNS ? w->n : COLUMNS, k = half < n ? half : n;
    return ritz_svd(w->s, halves(A_, w->n - n), halves(X_, w->n - k), two_vectors(w, k),
                    RITZ_NO_MAT, RITZ_NO_MAT);
}

CALL(eigh_batch)
{
    return ritz_eigh(w->s, diagonal_blocks(S_), two_vectors(w, w->n / 2), RITZ_NO_MAT, NULL,
                     RITZ_NO_MAT);
}
