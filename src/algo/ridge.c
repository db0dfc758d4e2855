/* Ridge regression: the object, and its coefficients X(λ) = V diag(σ / (σ² + λ)) C.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "algo/ridge.h"

/* ---- the object -------------------------------------------------------------------------- */

ritz_status ritz_ridge_destroy(ritz_stream *s, ritz_ridge **ridge)
{
    RITZ_SCOPE();
    if (!ridge || !*ridge) return RITZ_OK;
    struct ritz_ridge *r = *ridge;
    RITZ_TRY(ritz_check_stream(s));
    RITZ_TRY(ridge_check(s, r));
    ritz_dmat *const owned[] = {&r->sigma, &r->V, &r->C, &r->rest, &r->means};
    const ritz_status status = ritz_dmat_destroy_all(s, owned, sizeof owned / sizeof owned[0]);
    free(r);
    *ridge = NULL;
    return status;
}

ritz_dmat ritz_ridge_singular_values(const ritz_ridge *ridge)
{
    return ridge ? ritz_read_only(ridge->sigma) : RITZ_NO_MAT;
}

int64_t ritz_ridge_rank(const ritz_ridge *ridge)
{
    return ridge ? ridge->rank : -1;
}

ritz_status ridge_check(const ritz_stream *s, const ritz_ridge *ridge)
{
    RITZ_REQUIRE(ridge, RITZ_ERR_ARGUMENT, "ridge is NULL");
    RITZ_REQUIRE(ridge->device == s->device, RITZ_ERR_DEVICE,
                 "ridge is on another device than the stream");
    return RITZ_OK;
}

ritz_status ridge_check_lambda(const ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda,
                               int each)
{
    const int64_t targets = ridge->C.cols;
    RITZ_TRY(ritz_check_input(s, lambda, "lambda"));
    RITZ_TRY(ritz_check_single(lambda, "lambda"));
    RITZ_REQUIRE(lambda.dtype == RITZ_F64, RITZ_ERR_DTYPE, "lambda is %s; it must be float64",
                 ritz_dtype_name(lambda.dtype));
    RITZ_REQUIRE(lambda.cols == 1 || (each && lambda.cols == targets), RITZ_ERR_SHAPE,
                 "lambda has %" PRId64 " columns; it must have one%s", lambda.cols,
                 each ? ", or one for each target" : "");
    return RITZ_OK;
}

/* ---- coefficients ------------------------------------------------------------------------ */

ritz_status ridge_coefficients(ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda,
                               ritz_dmat X)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat W;
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, ridge->C.rows, X.cols, X.batch, &W));
    RITZ_TRY_OUT(ritz_op_ridge_filter(s, RITZ_RIDGE_FILTER, ridge->sigma, lambda, ridge->C, W));
    RITZ_TRY_OUT(ritz_op_gemm(s, 1.0, ritz_broadcast(ridge->V, X.batch), W, 0.0, X));
out:
    ritz_work_release(s, mark);
    return rc;
}

static ritz_status check_solve(const ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda,
                               ritz_dmat X, ritz_dmat intercept)
{
    RITZ_TRY(ridge_check(s, ridge));
    RITZ_TRY(ridge_check_lambda(s, ridge, lambda, 1));
    RITZ_TRY(ritz_check_output(s, X, "X"));
    RITZ_TRY(ritz_check_same_dtype(X, "X", ridge->V, "ridge"));
    RITZ_TRY(ritz_check_shape(X, "X", ridge->V.rows, ridge->C.cols,
                              "X must be columns x targets of the fit"));
    RITZ_TRY(ritz_check_batch(X, "X", lambda.rows, 0));
    RITZ_TRY(ritz_check_no_overlap(X, "X", lambda, "lambda"));
    if (!ritz_present(intercept)) return RITZ_OK;
    RITZ_TRY(ritz_check_output(s, intercept, "intercept"));
    RITZ_TRY(ritz_check_same_dtype(X, "X", intercept, "intercept"));
    RITZ_TRY(ritz_check_shape(intercept, "intercept", 1, ridge->C.cols,
                              "intercept must be 1 x targets"));
    RITZ_TRY(ritz_check_batch(intercept, "intercept", lambda.rows, 0));
    RITZ_TRY(ritz_check_no_overlap(intercept, "intercept", lambda, "lambda"));
    return ritz_check_no_overlap(intercept, "intercept", X, "X");
}

ritz_status ritz_ridge_solve(ritz_stream *s, const ritz_ridge *ridge, ritz_dmat lambda, ritz_dmat X,
                             ritz_dmat intercept)
{
    RITZ_ENTER(s, &X);
    RITZ_TRY(check_solve(s, ridge, lambda, X, intercept));
    if (X.batch == 0 || X.cols == 0) return RITZ_OK;
    if (X.rows > 0) RITZ_TRY(ridge_coefficients(s, ridge, lambda, X));
    if (!ritz_present(intercept)) return RITZ_OK;
    if (!ridge->intercept) return ritz_op_fill(s, 0.0, intercept);
    return lstsq_stats_intercept(s, ridge_mean_a(ridge, 0), ridge_mean_b(ridge, 0), X, intercept);
}
