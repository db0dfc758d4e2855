/* A valid call of every operation on matrices, for errors.c to spoil.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "conformance/errors.h"

#define CALL(name, ...)                                                                            \
    static ritz_status call_##name(ritz_stream *s, const ritz_dmat *m)                             \
    {                                                                                              \
        return __VA_ARGS__;                                                                        \
    }
CALL(gemm, ritz_gemm(s, 1.0, m[0], m[1], 0.0, m[2]))
CALL(syrk, ritz_syrk(s, RITZ_LOWER, 1.0, m[0], 0.0, m[1]))
CALL(trsm, ritz_trsm(s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, m[0], m[1]))
CALL(trmm, ritz_trmm(s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 1.0, m[0], m[1]))
CALL(gemm_grouped, ritz_gemm_grouped(s, 1, 1.0, &m[0], &m[1], 0.0, &m[2]))
CALL(gemm_bias, ritz_gemm_bias(s, 1.0, m[0], m[1], m[2], m[3], m[4]))
CALL(cholesky, ritz_cholesky(s, RITZ_LOWER, m[0], m[1]))
CALL(cholesky_solve, ritz_cholesky_solve(s, RITZ_LOWER, m[0], m[1]))
CALL(cholesky_inverse, ritz_cholesky_inverse(s, RITZ_LOWER, m[0], m[1]))
CALL(cholesky_logdet, ritz_cholesky_logdet(s, RITZ_LOWER, m[0], m[1]))
CALL(cholesky_condition, ritz_cholesky_condition(s, RITZ_LOWER, m[0], m[1], m[2]))
CALL(cholesky_jittered, ritz_cholesky_jittered(s, RITZ_LOWER, m[0], NULL, m[1], m[2]))
CALL(cholesky_update, ritz_cholesky_update(s, RITZ_LOWER, 1, m[0], m[1], m[2]))
CALL(cholesky_pivoted, ritz_cholesky_pivoted(s, m[0], m[1], m[2], m[3], m[4], NULL, m[5]))
CALL(lu, ritz_lu(s, m[0], m[1], m[2]))
CALL(lu_solve, ritz_lu_solve(s, RITZ_LEFT, m[0], m[2], m[1]))
CALL(lu_inverse, ritz_lu_inverse(s, m[0], m[2], m[1]))
CALL(lu_slogdet, ritz_lu_slogdet(s, m[0], m[1], m[2], m[3]))
CALL(lu_condition, ritz_lu_condition(s, m[0], m[1], m[2], m[3]))
CALL(solve, ritz_solve(s, m[0], m[1], m[2]))
CALL(spd_solve, ritz_spd_solve(s, m[0], m[1], NULL, m[2]))
CALL(qr, ritz_qr(s, m[0], m[1], m[2], NULL, NULL))
CALL(qr_pivoted, ritz_qr_pivoted(s, m[0], m[1], m[2], m[3], m[4], NULL))
CALL(random_orthogonal, ritz_random_orthogonal(s, 1, 1, m[0]))
CALL(qr_factor, ritz_qr_factor(s, m[0], m[1]))
CALL(qr_form, ritz_qr_form(s, m[0], m[1], m[2]))
CALL(qr_apply, ritz_qr_apply(s, RITZ_APPLY_Q, m[0], m[1], m[2]))
CALL(svd, ritz_svd(s, m[0], m[1], m[2], m[3], m[4]))
CALL(eigh, ritz_eigh(s, m[0], m[1], m[2], NULL, m[3]))
CALL(norm, ritz_norm(s, RITZ_NORM_TWO, m[0], m[1]))
CALL(rank, ritz_rank(s, m[0], NULL, m[1]))
CALL(cond, ritz_cond(s, m[0], m[1]))
CALL(pinv, ritz_pinv(s, m[0], m[1], NULL, m[2]))
CALL(truncate, ritz_truncate(s, m[0], 2, m[1], m[2]))
CALL(det, ritz_det(s, m[0], m[1], m[2], m[3]))
CALL(random_fill, ritz_random_fill(s, RITZ_NORMAL, 1, 0, m[0]))
CALL(copy, ritz_copy(s, m[0], m[1]))
CALL(fill, ritz_fill(s, 1.0, m[0]))

static ritz_status deliver_zeros(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                                 int64_t *delivered)
{
    (void)context;
    *delivered = rewind ? 0 : count;
    for (int64_t i = 0; !rewind && i < count; i++)
        memset((double *)dst + i * ld, 0, 3 * sizeof(double));
    return RITZ_OK;
}
static ritz_status call_qr_rows(ritz_stream *s, const ritz_dmat *m)
{
    return ritz_qr_rows(s, ritz_rows_callback(RITZ_F64, 5, 3, 0, deliver_zeros, NULL), m[0]);
}
static ritz_status call_linop_apply(ritz_stream *s, const ritz_dmat *m)
{
    const ritz_linop op = ritz_linop_dense(m[0]);
    return ritz_linop_apply(s, &op, 0, m[1], m[2]);
}
static ritz_status call_linop_centred(ritz_stream *s, const ritz_dmat *m)
{
    const ritz_linop op = ritz_linop_centred(m[0], m[1]);
    return ritz_linop_apply(s, &op, 0, m[2], m[3]);
}
static ritz_status call_range_finder(ritz_stream *s, const ritz_dmat *m)
{
    const ritz_linop op = ritz_linop_dense(m[0]);
    return ritz_range_finder(s, &op, m[1], NULL, NULL);
}
static ritz_status call_svd_randomized(ritz_stream *s, const ritz_dmat *m)
{
    const ritz_linop op = ritz_linop_dense(m[0]);
    return ritz_svd_randomized(s, &op, m[1], m[2], m[3], NULL, NULL);
}
static ritz_status call_lstsq(ritz_stream *s, const ritz_dmat *m)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.rank = m[3];
    opts.residual_norms = m[4];
    return ritz_lstsq(s, m[0], m[1], m[2], &opts, NULL);
}
static ritz_status call_lstsq_operator(ritz_stream *s, const ritz_dmat *m)
{
    const ritz_linop op = ritz_linop_dense(m[0]);
    return ritz_lstsq_operator(s, &op, m[1], m[2], NULL, NULL);
}
CALL(linear_predict, ritz_linear_predict(s, m[0], m[1], m[2], m[3]))

const struct operation error_operations[] = {
    {"ritz_gemm", 2, call_gemm, {{"A", 4, 3, 0}, {"B", 3, 5, 0}, {"C", 4, 5, OUT}}},
    {"ritz_syrk", 2, call_syrk, {{"A", 4, 3, COLS_FREE}, {"C", 4, 4, OUT}}},
    {"ritz_trsm", 2, call_trsm, {{"A", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}}},
    {"ritz_trmm", 2, call_trmm, {{"A", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}}},
    {"ritz_gemm_grouped", 2, call_gemm_grouped, {{"A", 4, 3, 0}, {"B", 3, 5, 0}, {"C", 4, 5, OUT}}},
    {"ritz_gemm_bias",
     2,
     call_gemm_bias,
     {{"A", 4, 3, 0},
      {"B", 3, 5, 0},
      {"scale", 5, 1, OPTIONAL},
      {"bias", 5, 1, OPTIONAL},
      {"C", 4, 5, OUT}}},
    {"ritz_cholesky", 2, call_cholesky, {{"A", 4, 4, OUT}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_cholesky_solve", 2, call_cholesky_solve, {{"L", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}}},
    {"ritz_cholesky_inverse", 2, call_cholesky_inverse, {{"L", 4, 4, 0}, {"X", 4, 4, OUT}}},
    {"ritz_cholesky_logdet",
     2,
     call_cholesky_logdet,
     {{"L", 4, 4, 0}, {"logdet", 2, 1, OUT | SCALARS}}},
    {"ritz_cholesky_condition",
     2,
     call_cholesky_condition,
     {{"A", 4, 4, 0}, {"L", 4, 4, 0}, {"cond", 2, 1, OUT | SCALARS}}},
    {"ritz_cholesky_jittered",
     2,
     call_cholesky_jittered,
     {{"A", 4, 4, OUT}, {"shift", 2, 1, OUT | SCALARS}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_cholesky_update",
     2,
     call_cholesky_update,
     {{"x", 4, 1, 0}, {"L", 4, 4, OUT}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_cholesky_pivoted",
     2,
     call_cholesky_pivoted,
     {{"A", 4, 4, 0},
      {"F", 4, 3, OUT | COLS_FREE},
      {"pivots", 4, 1, OUT | PIVOTS},
      {"rank", 2, 1, OUT | OPTIONAL | INFO},
      {"error", 2, 1, OUT | OPTIONAL | SCALARS},
      {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_lu",
     2,
     call_lu,
     {{"A", 4, 4, OUT}, {"pivots", 4, 1, OUT | PIVOTS}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_lu_solve",
     2,
     call_lu_solve,
     {{"LU", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}, {"pivots", 4, 1, PIVOTS}}},
    {"ritz_lu_inverse",
     2,
     call_lu_inverse,
     {{"LU", 4, 4, 0}, {"X", 4, 4, OUT}, {"pivots", 4, 1, PIVOTS}}},
    {"ritz_lu_slogdet",
     2,
     call_lu_slogdet,
     {{"LU", 4, 4, 0},
      {"pivots", 4, 1, PIVOTS},
      {"sign", 2, 1, OUT | SCALARS},
      {"logdet", 2, 1, OUT | SCALARS}}},
    {"ritz_lu_condition",
     2,
     call_lu_condition,
     {{"A", 4, 4, 0}, {"LU", 4, 4, 0}, {"pivots", 4, 1, PIVOTS}, {"cond", 2, 1, OUT | SCALARS}}},
    {"ritz_solve",
     2,
     call_solve,
     {{"A", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_spd_solve",
     2,
     call_spd_solve,
     {{"A", 4, 4, 0}, {"B", 4, 3, OUT | COLS_FREE}, {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_qr",
     2,
     call_qr,
     {{"A", 5, 3, 0}, {"Q", 5, 3, OUT | OPTIONAL}, {"R", 3, 3, OUT | OPTIONAL}}},
    {"ritz_qr_pivoted",
     2,
     call_qr_pivoted,
     {{"A", 5, 3, 0},
      {"Q", 5, 3, OUT | OPTIONAL},
      {"R", 3, 3, OUT | OPTIONAL},
      {"pivots", 3, 1, OUT | PIVOTS},
      {"rank", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_qr_rows", 1, call_qr_rows, {{"R", 3, 3, OUT}}},
    {"ritz_random_orthogonal",
     2,
     call_random_orthogonal,
     {{"Q", 5, 3, OUT | ROWS_FREE | COLS_FREE | BATCH_FREE}}},
    {"ritz_qr_factor", 2, call_qr_factor, {{"A", 5, 3, OUT | ROWS_FREE}, {"tau", 3, 1, OUT}}},
    {"ritz_qr_form",
     2,
     call_qr_form,
     {{"A", 5, 3, 0}, {"tau", 3, 1, 0}, {"Q", 5, 4, OUT | COLS_FREE}}},
    {"ritz_qr_apply",
     2,
     call_qr_apply,
     {{"A", 5, 3, 0}, {"tau", 3, 1, 0}, {"C", 5, 2, OUT | COLS_FREE}}},
    {"ritz_svd",
     2,
     call_svd,
     {{"A", 5, 3, 0},
      {"U", 5, 3, OUT | OPTIONAL},
      {"S", 3, 1, OUT},
      {"V", 3, 3, OUT | OPTIONAL},
      {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_eigh",
     2,
     call_eigh,
     {{"A", 4, 4, 0},
      {"W", 3, 1, OUT},
      {"V", 4, 3, OUT | OPTIONAL},
      {"info", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_norm",
     2,
     call_norm,
     {{"A", 5, 3, ROWS_FREE | COLS_FREE}, {"norm", 2, 1, OUT | SCALARS}}},
    {"ritz_rank", 2, call_rank, {{"A", 5, 3, ROWS_FREE | COLS_FREE}, {"rank", 2, 1, OUT | INFO}}},
    {"ritz_cond",
     2,
     call_cond,
     {{"A", 5, 3, ROWS_FREE | COLS_FREE}, {"cond", 2, 1, OUT | SCALARS}}},
    {"ritz_pinv",
     2,
     call_pinv,
     {{"A", 5, 3, 0}, {"X", 3, 5, OUT}, {"rank", 2, 1, OUT | OPTIONAL | INFO}}},
    {"ritz_truncate",
     2,
     call_truncate,
     {{"A", 5, 3, 0}, {"B", 5, 3, OUT}, {"error", 2, 2, OUT | OPTIONAL | SCALARS}}},
    {"ritz_det",
     2,
     call_det,
     {{"A", 4, 4, 0},
      {"sign", 2, 1, OUT | OPTIONAL | SCALARS},
      {"logdet", 2, 1, OUT | OPTIONAL | SCALARS},
      {"det", 2, 1, OUT | OPTIONAL | SCALARS}}},
    {"ritz_lstsq",
     2,
     call_lstsq,
     {{"A", 5, 3, 0},
      {"B", 5, 2, 0},
      {"X", 3, 2, OUT},
      {"rank", 2, 1, OUT | OPTIONAL | INFO},
      {"residual_norms", 2, 1, OUT | OPTIONAL}}},
    {"ritz_lstsq_operator",
     1,
     call_lstsq_operator,
     {{"op", 5, 3, 0}, {"B", 5, 2, 0}, {"X", 3, 2, OUT}}},
    {"ritz_linear_predict",
     1,
     call_linear_predict,
     {{"A", 5, 3, 0}, {"X", 3, 2, 0}, {"intercept", 1, 2, OPTIONAL}, {"Y", 5, 2, OUT}}},
    {"ritz_random_fill",
     2,
     call_random_fill,
     {{"A", 4, 3, OUT | ROWS_FREE | COLS_FREE | BATCH_FREE}}},
    {"ritz_copy", 2, call_copy, {{"A", 4, 3, ANY_DTYPE}, {"B", 4, 3, OUT | ANY_DTYPE}}},
    {"ritz_fill",
     2,
     call_fill,
     {{"A", 4, 3, OUT | ANY_DTYPE | ROWS_FREE | COLS_FREE | BATCH_FREE}}},
    {"ritz_linop_apply", 1, call_linop_apply, {{"op", 5, 3, 0}, {"X", 3, 2, 0}, {"Y", 5, 2, OUT}}},
    {"ritz_linop_apply",
     1,
     call_linop_centred,
     {{"op", 5, 3, 0}, {"mean", 3, 1, 0}, {"X", 3, 2, 0}, {"Y", 5, 2, OUT}}},
    {"ritz_range_finder",
     1,
     call_range_finder,
     {{"A", 5, 3, COLS_FREE}, {"Q", 5, 2, OUT | COLS_FREE}}},
    {"ritz_svd_randomized",
     1,
     call_svd_randomized,
     {{"A", 5, 3, 0}, {"U", 5, 2, OUT | OPTIONAL}, {"S", 2, 1, OUT}, {"V", 3, 2, OUT | OPTIONAL}}},
    {.name = NULL},
};
