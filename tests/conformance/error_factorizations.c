/* Mistakes in calls of factorizations, one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "conformance/errors.h"

ODD(cholesky_uplo)
{
    return ritz_cholesky(s, RITZ_BOTH, o->A, o->info);
}
ODD(solve_uplo)
{
    return ritz_cholesky_solve(s, RITZ_BOTH, o->A, o->X);
}
ODD(spd_uplo)
{
    ritz_spd_solve_options opts = RITZ_SPD_SOLVE_DEFAULTS;
    opts.uplo = RITZ_BOTH;
    return ritz_spd_solve(s, o->A, o->X, &opts, o->info);
}
ODD(spd_size)
{
    ritz_spd_solve_options opts = RITZ_SPD_SOLVE_DEFAULTS;
    opts.size = 4;
    return ritz_spd_solve(s, o->A, o->X, &opts, o->info);
}
ODD(info_dtype)
{
    o->info.dtype = RITZ_F32;
    return ritz_cholesky(s, RITZ_LOWER, o->A, o->info);
}
ODD(info_shape)
{
    return ritz_cholesky(s, RITZ_LOWER, o->A, ritz_block(o->info, 0, 0, 0, 1));
}
ODD(inverse_uplo)
{
    return ritz_cholesky_inverse(s, RITZ_BOTH, o->A, o->X);
}
ODD(jitter_size)
{
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.size = 2;
    return ritz_cholesky_jittered(s, RITZ_LOWER, o->A, &opts, ritz_row_range(o->S, 0, 1), o->info);
}
ODD(jitter_policy)
{
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.policy = (ritz_jitter)2;
    return ritz_cholesky_jittered(s, RITZ_LOWER, o->A, &opts, ritz_row_range(o->S, 0, 1), o->info);
}
ODD(jitter_shift)
{
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.shift = -1;
    return ritz_cholesky_jittered(s, RITZ_LOWER, o->A, &opts, ritz_row_range(o->S, 0, 1), o->info);
}
ODD(jitter_tries)
{
    ritz_jitter_options opts = RITZ_JITTER_DEFAULTS;
    opts.tries = -1;
    return ritz_cholesky_jittered(s, RITZ_LOWER, o->A, &opts, ritz_row_range(o->S, 0, 1), o->info);
}
ODD(update_sigma)
{
    return ritz_cholesky_update(s, RITZ_LOWER, 0, o->S, o->A, o->info);
}
ODD(update_uplo)
{
    return ritz_cholesky_update(s, RITZ_BOTH, 1, o->S, o->A, o->info);
}
static ritz_status pivoted(ritz_stream *s, struct odd *o, size_t size, ritz_uplo uplo, double rtol,
                           double atol)
{
    const ritz_pivoted_cholesky_options opts = {size, uplo, rtol, atol};
    ritz_dmat pivots = o->S;
    pivots.dtype = RITZ_I32;
    return ritz_cholesky_pivoted(s, o->A, o->X, pivots, RITZ_NO_MAT, RITZ_NO_MAT, &opts, o->info);
}
ODD(pivoted_size)
{
    return pivoted(s, o, 4, RITZ_LOWER, 0, 0);
}
ODD(pivoted_uplo)
{
    return pivoted(s, o, sizeof(ritz_pivoted_cholesky_options), RITZ_BOTH, 0, 0);
}
ODD(pivoted_rtol)
{
    return pivoted(s, o, sizeof(ritz_pivoted_cholesky_options), RITZ_LOWER, -0.5, 0);
}
ODD(pivoted_atol)
{
    return pivoted(s, o, sizeof(ritz_pivoted_cholesky_options), RITZ_LOWER, 0, (double)NAN);
}
ODD(pivoted_wide)
{
    ritz_dmat pivots = ritz_row_range(o->S, 0, 2);
    pivots.dtype = RITZ_I32;
    return ritz_cholesky_pivoted(s, ritz_block(o->A, 0, 0, 2, 2), ritz_block(o->X, 0, 0, 2, 3),
                                 pivots, RITZ_NO_MAT, RITZ_NO_MAT, NULL, o->info);
}
ODD(lu_solve_side)
{
    ritz_dmat pivots = o->S;
    pivots.dtype = RITZ_I32;
    return ritz_lu_solve(s, (ritz_side)2, o->A, pivots, o->X);
}
ODD(lu_solve_right)
{
    ritz_dmat pivots = o->S;
    pivots.dtype = RITZ_I32;
    return ritz_lu_solve(s, RITZ_RIGHT, o->A, pivots, ritz_cols(o->X, 0, 3));
}
ODD(qr_nothing)
{
    return ritz_qr(s, o->A, RITZ_NO_MAT, RITZ_NO_MAT, NULL, NULL);
}
ODD(qr_in_place_wide)
{
    const ritz_dmat wide = ritz_row_range(o->A, 0, 2);
    return ritz_qr(s, wide, ritz_block(wide, 0, 0, 2, 2), RITZ_NO_MAT, NULL, NULL);
}
ODD(qr_size)
{
    const ritz_qr_options opts = {2, RITZ_QR_AUTO, 0};
    return ritz_qr(s, o->A, RITZ_NO_MAT, o->X, &opts, NULL);
}
ODD(qr_method)
{
    const ritz_qr_options opts = {sizeof opts, (ritz_qr_method)6, 0};
    return ritz_qr(s, o->A, RITZ_NO_MAT, o->X, &opts, NULL);
}
ODD(qr_wide)
{
    const ritz_qr_options opts = {sizeof opts, RITZ_QR_TSQR, 0};
    return ritz_qr(s, ritz_row_range(o->A, 0, 3), RITZ_NO_MAT, ritz_row_range(o->X, 0, 3), &opts,
                   NULL);
}
ODD(qr_report)
{
    ritz_qr_report report = RITZ_QR_REPORT_INIT;
    report.size = 8;
    return ritz_qr(s, o->A, RITZ_NO_MAT, o->X, NULL, &report);
}
static ritz_status pivoted_qr(ritz_stream *s, struct odd *o, ritz_qr_pivoted_options opts)
{
    ritz_dmat pivots = o->S;
    pivots.dtype = RITZ_I32;
    return ritz_qr_pivoted(s, ritz_row_range(o->A, 0, 3), RITZ_NO_MAT, ritz_row_range(o->X, 0, 3),
                           pivots, RITZ_NO_MAT, &opts);
}
ODD(pivoting_size)
{
    return pivoted_qr(s, o, (ritz_qr_pivoted_options){4, RITZ_PIVOTING_AUTO, 0, 0, 0});
}
ODD(pivoting_unknown)
{
    return pivoted_qr(
        s, o,
        (ritz_qr_pivoted_options){sizeof(ritz_qr_pivoted_options), (ritz_pivoting)3, 0, 0, 0});
}
ODD(pivoting_wide)
{
    return pivoted_qr(
        s, o,
        (ritz_qr_pivoted_options){sizeof(ritz_qr_pivoted_options), RITZ_PIVOTING_SKETCH, 0, 0, 0});
}
ODD(pivoting_rtol)
{
    return pivoted_qr(
        s, o,
        (ritz_qr_pivoted_options){sizeof(ritz_qr_pivoted_options), RITZ_PIVOTING_NORM, -1, 0, 0});
}
ODD(pivoting_atol)
{
    return pivoted_qr(s, o,
                      (ritz_qr_pivoted_options){sizeof(ritz_qr_pivoted_options), RITZ_PIVOTING_NORM,
                                                0, (double)NAN, 0});
}
ODD(orthogonal_wide)
{
    return ritz_random_orthogonal(s, 1, 0, ritz_row_range(o->A, 0, 3));
}
ODD(apply_which)
{
    return ritz_qr_apply(s, (ritz_apply)2, o->A, o->S, o->X);
}
ODD(form_narrow)
{
    return ritz_qr_form(s, o->A, o->S, ritz_cols(o->X, 0, 3));
}
ODD(eigh_order)
{
    ritz_eigh_options opts = RITZ_EIGH_DEFAULTS;
    opts.order = (ritz_order)2;
    return ritz_eigh(s, o->A, o->S, o->X, &opts, o->info);
}
ODD(eigh_size)
{
    ritz_eigh_options opts = {0, 0, RITZ_DESCENDING, 0};
    return ritz_eigh(s, o->A, o->S, o->X, &opts, o->info);
}
ODD(eigh_many)
{
    return ritz_eigh(s, ritz_block(o->A, 0, 0, 3, 3), o->S, RITZ_NO_MAT, NULL, o->info);
}
ODD(eigh_first)
{
    ritz_eigh_options opts = RITZ_EIGH_DEFAULTS;
    opts.first = -1;
    return ritz_eigh(s, o->A, o->S, RITZ_NO_MAT, &opts, o->info);
}
ODD(eigh_beyond)
{
    ritz_eigh_options opts = RITZ_EIGH_DEFAULTS;
    opts.first = 1;
    return ritz_eigh(s, o->A, o->S, RITZ_NO_MAT, &opts, o->info);
}

const struct odd_error error_factorizations[] = {
    {"uplo both", odd_cholesky_uplo, RITZ_ERR_ARGUMENT, "ritz_cholesky", "uplo is 2"},
    {"uplo both", odd_solve_uplo, RITZ_ERR_ARGUMENT, "ritz_cholesky_solve", "uplo is 2"},
    {"option uplo", odd_spd_uplo, RITZ_ERR_OPTION, "ritz_spd_solve", "uplo is 2"},
    {"options size", odd_spd_size, RITZ_ERR_OPTION, "ritz_spd_solve", "opts has size 4"},
    {"uplo both", odd_inverse_uplo, RITZ_ERR_ARGUMENT, "ritz_cholesky_inverse", "uplo is 2"},
    {"options size", odd_jitter_size, RITZ_ERR_OPTION, "ritz_cholesky_jittered", "opts has size 2"},
    {"policy", odd_jitter_policy, RITZ_ERR_OPTION, "ritz_cholesky_jittered", "policy is 2"},
    {"shift", odd_jitter_shift, RITZ_ERR_OPTION, "ritz_cholesky_jittered", "shift is -1"},
    {"tries", odd_jitter_tries, RITZ_ERR_OPTION, "ritz_cholesky_jittered", "tries is -1"},
    {"sigma", odd_update_sigma, RITZ_ERR_ARGUMENT, "ritz_cholesky_update", "sigma is 0"},
    {"uplo both", odd_update_uplo, RITZ_ERR_ARGUMENT, "ritz_cholesky_update", "uplo is 2"},
    {"options size", odd_pivoted_size, RITZ_ERR_OPTION, "ritz_cholesky_pivoted", "opts has size 4"},
    {"option uplo", odd_pivoted_uplo, RITZ_ERR_OPTION, "ritz_cholesky_pivoted", "uplo is 2"},
    {"rtol", odd_pivoted_rtol, RITZ_ERR_OPTION, "ritz_cholesky_pivoted", "rtol is -0.5"},
    {"atol NaN", odd_pivoted_atol, RITZ_ERR_OPTION, "ritz_cholesky_pivoted", "atol is"},
    {"k > n", odd_pivoted_wide, RITZ_ERR_SHAPE, "ritz_cholesky_pivoted", "F is 2 x 3|n = 2"},
    {"side", odd_lu_solve_side, RITZ_ERR_ARGUMENT, "ritz_lu_solve", "side is 2"},
    {"columns", odd_lu_solve_right, RITZ_ERR_SHAPE, "ritz_lu_solve",
     "LU is 4 x 4|B is 4 x 3|columns"},
    {"info float32", odd_info_dtype, RITZ_ERR_DTYPE, "ritz_cholesky", "info is float32|int32"},
    {"info empty", odd_info_shape, RITZ_ERR_SHAPE, "ritz_cholesky", "info is 0 x 1"},
    {"nothing wanted", odd_qr_nothing, RITZ_ERR_ARGUMENT, "ritz_qr", "Q|R"},
    {"wide in place", odd_qr_in_place_wide, RITZ_ERR_OVERLAP, "ritz_qr", "Q|A"},
    {"options size", odd_qr_size, RITZ_ERR_OPTION, "ritz_qr", "opts has size 2"},
    {"method", odd_qr_method, RITZ_ERR_OPTION, "ritz_qr", "method is 6"},
    {"wide by TSQR", odd_qr_wide, RITZ_ERR_OPTION, "ritz_qr", "TSQR|3 x 4"},
    {"report size", odd_qr_report, RITZ_ERR_OPTION, "ritz_qr", "report has size 8"},
    {"options size", odd_pivoting_size, RITZ_ERR_OPTION, "ritz_qr_pivoted", "opts has size 4"},
    {"pivoting", odd_pivoting_unknown, RITZ_ERR_OPTION, "ritz_qr_pivoted", "pivoting is 3"},
    {"wide by a sketch", odd_pivoting_wide, RITZ_ERR_OPTION, "ritz_qr_pivoted", "SKETCH|3 x 4"},
    {"rtol", odd_pivoting_rtol, RITZ_ERR_OPTION, "ritz_qr_pivoted", "rtol is -1"},
    {"atol NaN", odd_pivoting_atol, RITZ_ERR_OPTION, "ritz_qr_pivoted", "atol is"},
    {"wide", odd_orthogonal_wide, RITZ_ERR_SHAPE, "ritz_random_orthogonal", "Q is 3 x 4"},
    {"which", odd_apply_which, RITZ_ERR_ARGUMENT, "ritz_qr_apply", "which is 2"},
    {"Q too narrow", odd_form_narrow, RITZ_ERR_SHAPE, "ritz_qr_form", "Q is 4 x 3"},
    {"order", odd_eigh_order, RITZ_ERR_OPTION, "ritz_eigh", "order is 2"},
    {"options size", odd_eigh_size, RITZ_ERR_OPTION, "ritz_eigh", "opts has size 0"},
    {"k > n", odd_eigh_many, RITZ_ERR_SHAPE, "ritz_eigh", "W asks for 4|order 3"},
    {"first < 0", odd_eigh_first, RITZ_ERR_OPTION, "ritz_eigh", "first is -1"},
    {"first + k > n", odd_eigh_beyond, RITZ_ERR_SHAPE, "ritz_eigh",
     "W asks for 4|number 1|order 4"},
    {.name = NULL},
};
