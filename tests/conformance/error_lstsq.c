/* Mistakes in calls of the least squares functions, one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "conformance/errors.h"

/* min ‖A x - S‖ for the first column of X, with choices. */
static ritz_status solve_with(ritz_stream *s, struct odd *o, const ritz_lstsq_options *opts)
{
    return ritz_lstsq(s, o->A, o->S, ritz_cols(o->X, 0, 1), opts, NULL);
}
static ritz_status solve_by(ritz_stream *s, struct odd *o, ritz_lstsq_method method, double lambda)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.method = method;
    opts.lambda = lambda;
    return solve_with(s, o, &opts);
}
ODD(lambda_negative)
{
    return solve_by(s, o, RITZ_LSTSQ_AUTO, -1e-3);
}
ODD(lambda_nan)
{
    return solve_by(s, o, RITZ_LSTSQ_AUTO, (double)NAN);
}
ODD(lambda_infinite)
{
    return solve_by(s, o, RITZ_LSTSQ_AUTO, (double)INFINITY);
}
ODD(method_range)
{
    return solve_by(s, o, (ritz_lstsq_method)10, 0);
}
ODD(method_negative)
{
    return solve_by(s, o, (ritz_lstsq_method)-1, 0);
}
ODD(method_operator)
{
    return solve_by(s, o, RITZ_LSTSQ_LSMR, 0);
}
ODD(method_rows)
{
    return solve_by(s, o, RITZ_LSTSQ_SKETCH_QR, 0);
}
ODD(options_size)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.size = 8;
    return solve_with(s, o, &opts);
}
ODD(report_size)
{
    ritz_lstsq_report report = RITZ_LSTSQ_REPORT_INIT;
    report.size = 0;
    return ritz_lstsq(s, o->A, o->S, ritz_cols(o->X, 0, 1), NULL, &report);
}
ODD(rtol_large)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.rtol = 1;
    return solve_with(s, o, &opts);
}
ODD(digits_negative)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.digits = -1;
    return solve_with(s, o, &opts);
}
ODD(refinement_negative)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.max_refinement = -1;
    return solve_with(s, o, &opts);
}
ODD(weights_shape)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.weights = ritz_row_range(o->S, 0, 3);
    return solve_with(s, o, &opts);
}
ODD(intercept_shape)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.intercept = ritz_block(o->X, 0, 1, 2, 1);
    return solve_with(s, o, &opts);
}
ODD(intercept_overlap)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.intercept = ritz_block(o->X, 2, 0, 1, 1);
    return solve_with(s, o, &opts);
}
ODD(norms_overlap)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.residual_norms = ritz_row_range(o->S, 0, 1);
    return solve_with(s, o, &opts);
}
/* Two problems of order 2, with a choice that a batch does not take. */
static ritz_status solve_two(ritz_stream *s, struct odd *o, const ritz_lstsq_options *opts)
{
    const ritz_dmat A = ritz_batched(ritz_block(o->A, 0, 0, 2, 2), 2, 2);
    const ritz_dmat B = ritz_batched(ritz_row_range(o->S, 0, 2), 2, 2);
    return ritz_lstsq(s, A, B, ritz_batched(ritz_block(o->X, 0, 0, 2, 1), 2, 4), opts, NULL);
}
ODD(batch_penalty)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.lambda = 1;
    return solve_two(s, o, &opts);
}
ODD(batch_method)
{
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.method = RITZ_LSTSQ_NORMAL;
    return solve_two(s, o, &opts);
}
static ritz_status by_operator(ritz_stream *s, struct odd *o, const ritz_linop *op,
                               const ritz_lstsq_options *opts)
{
    return ritz_lstsq_operator(s, op, o->S, ritz_cols(o->X, 0, 1), opts, NULL);
}
ODD(operator_null)
{
    return by_operator(s, o, NULL, NULL);
}
ODD(operator_method)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.method = RITZ_LSTSQ_QR;
    return by_operator(s, o, &op, &opts);
}
ODD(operator_weights)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.weights = o->S;
    return by_operator(s, o, &op, &opts);
}
ODD(operator_iterations)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.max_iterations = -1;
    return by_operator(s, o, &op, &opts);
}
ODD(operator_lambda)
{
    const ritz_linop op = ritz_linop_dense(o->A);
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.lambda = -1;
    return by_operator(s, o, &op, &opts);
}
ODD(rows_batch)
{
    const ritz_rows rows = ritz_rows_hmat(o->H);
    return ritz_lstsq_rows(s, rows, rows, ritz_batched(ritz_block(o->X, 0, 0, 4, 1), 2, 4), NULL,
                           NULL);
}
ODD(rows_block)
{
    const ritz_rows rows = ritz_rows_hmat(o->H);
    ritz_lstsq_options opts = RITZ_LSTSQ_DEFAULTS;
    opts.block_rows = -4;
    return ritz_lstsq_rows(s, rows, rows, o->X, &opts, NULL);
}
ODD(rows_kind)
{
    ritz_rows rows = ritz_rows_hmat(o->H);
    rows.kind = (ritz_rows_kind)9;
    return ritz_lstsq_rows(s, rows, rows, o->X, NULL, NULL);
}
ODD(predict_host)
{
    return ritz_linear_predict_rows(s, ritz_rows_hmat(o->H), o->A, RITZ_NO_MAT,
                                    ritz_hmat_block(o->H, 0, 0, 3, 4));
}

const struct odd_error error_lstsq[] = {
    {"lambda < 0", odd_lambda_negative, RITZ_ERR_OPTION, "ritz_lstsq", "lambda is -0.001"},
    {"lambda NaN", odd_lambda_nan, RITZ_ERR_OPTION, "ritz_lstsq", "lambda is"},
    {"lambda infinite", odd_lambda_infinite, RITZ_ERR_OPTION, "ritz_lstsq", "lambda is inf"},
    {"method", odd_method_range, RITZ_ERR_OPTION, "ritz_lstsq", "method 10"},
    {"method < 0", odd_method_negative, RITZ_ERR_OPTION, "ritz_lstsq", "method -1"},
    {"a method for operators", odd_method_operator, RITZ_ERR_OPTION, "ritz_lstsq",
     "LSMR|ritz_lstsq_operator"},
    {"rows for the sketch", odd_method_rows, RITZ_ERR_OPTION, "ritz_lstsq", "sketch_qr|136|4"},
    {"options size", odd_options_size, RITZ_ERR_OPTION, "ritz_lstsq", "opts has size 8"},
    {"report size", odd_report_size, RITZ_ERR_OPTION, "ritz_lstsq", "report has size 0"},
    {"rtol", odd_rtol_large, RITZ_ERR_OPTION, "ritz_lstsq", "rtol is 1"},
    {"digits", odd_digits_negative, RITZ_ERR_OPTION, "ritz_lstsq", "digits is -1"},
    {"refinements", odd_refinement_negative, RITZ_ERR_OPTION, "ritz_lstsq", "max_refinement is -1"},
    {"weights", odd_weights_shape, RITZ_ERR_SHAPE, "ritz_lstsq", "weights|3 x 1"},
    {"intercept", odd_intercept_shape, RITZ_ERR_SHAPE, "ritz_lstsq", "intercept|2 x 1"},
    {"intercept in X", odd_intercept_overlap, RITZ_ERR_OVERLAP, "ritz_lstsq", "intercept|X"},
    {"norms in B", odd_norms_overlap, RITZ_ERR_OVERLAP, "ritz_lstsq", "residual_norms|B"},
    {"a penalty for a batch", odd_batch_penalty, RITZ_ERR_OPTION, "ritz_lstsq", "batch|penalty"},
    {"a method for a batch", odd_batch_method, RITZ_ERR_OPTION, "ritz_lstsq", "batch|normal"},
    {"no operator", odd_operator_null, RITZ_ERR_ARGUMENT, "ritz_lstsq_operator", "A"},
    {"method", odd_operator_method, RITZ_ERR_OPTION, "ritz_lstsq_operator", "method is 2"},
    {"weights", odd_operator_weights, RITZ_ERR_OPTION, "ritz_lstsq_operator", "weights"},
    {"iterations", odd_operator_iterations, RITZ_ERR_OPTION, "ritz_lstsq_operator",
     "max_iterations"},
    {"lambda < 0", odd_operator_lambda, RITZ_ERR_OPTION, "ritz_lstsq_operator", "lambda is -1"},
    {"a batch of X", odd_rows_batch, RITZ_ERR_SHAPE, "ritz_lstsq_rows", "X is a batch"},
    {"block_rows", odd_rows_block, RITZ_ERR_OPTION, "ritz_lstsq_rows", "block_rows is -4"},
    {"a source of no kind", odd_rows_kind, RITZ_ERR_ARGUMENT, "ritz_lstsq_rows",
     "source|ritz_rows_dmat"},
    {"predictions of another shape", odd_predict_host, RITZ_ERR_SHAPE, "ritz_linear_predict_rows",
     "3 x 4"},
    {.name = NULL},
};
