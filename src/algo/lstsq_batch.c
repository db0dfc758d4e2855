/* Batches of least squares problems: the complete orthogonal decomposition of each item, with a
 * rank for each. The host waits for nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/lstsq.h"

/* norms (s x 1 F64 per item) = those of the columns of B - A X. */
static ritz_status residual_norms(ritz_stream *s, ritz_dmat A, ritz_dmat B, ritz_dmat X,
                                  ritz_dmat norms)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t m = B.rows, cols = B.cols, batch = X.batch;
    ritz_status rc;
    ritz_dmat W, own;
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, m, cols, batch, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, cols, 1, batch, &own));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_broadcast(B, batch), W));
    RITZ_TRY_OUT(ritz_op_gemm(s, -1.0, ritz_broadcast(A, batch), X, 1.0, W));
    /* each column an item */
    const ritz_dmat column = ritz_dmat_wrap(s->device, W.data, W.dtype, m, 1, RITZ_COL_MAJOR);
    const ritz_dmat number = ritz_dmat_wrap(s->device, own.data, RITZ_F64, 1, 1, RITZ_COL_MAJOR);
    RITZ_TRY_OUT(ritz_op_frobenius(s, ritz_batched(column, batch * cols, m),
                                   ritz_batched(number, batch * cols, 1)));
    RITZ_TRY_OUT(ritz_op_copy(s, own, norms));
out:
    ritz_work_release(s, mark);
    return rc;
}

/* X and rank from copies; items that are not finite, or overflow, are flagged. */
static ritz_status solve(ritz_stream *s, double rtol, ritz_dmat A, ritz_dmat B, ritz_dmat X,
                         ritz_dmat rank, ritz_dmat flags)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat V, W;
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, A.rows, A.cols, X.batch, &V));
    RITZ_TRY_OUT(ritz_work_dmat(s, X.dtype, RITZ_COL_MAJOR, B.rows, B.cols, X.batch, &W));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_broadcast(A, X.batch), V));
    RITZ_TRY_OUT(ritz_op_copy(s, ritz_broadcast(B, X.batch), W));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, V, flags));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, W, flags));
    RITZ_TRY_OUT(lstsq_complete(s, rtol, V, W, X, rank, RITZ_NO_MAT));
    RITZ_TRY_OUT(ritz_op_finite_guard(s, RITZ_BOTH, X, flags));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status lstsq_batch(ritz_stream *s, ritz_dmat A, ritz_dmat B, ritz_dmat X,
                        const ritz_lstsq_options *o)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat rank = o->rank;
    struct ritz_verdict v;
    RITZ_TRY_OUT(ritz_algo_verdict_open(s, X.batch, &v));
    if (!ritz_present(rank))
        RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, X.batch, 1, 1, &rank));
    RITZ_TRY_OUT(solve(s, o->rtol, A, B, X, rank, v.flags));
    RITZ_TRY_OUT(ritz_algo_verdict_settle(s, v));
    RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, X));
    RITZ_TRY_OUT(ritz_op_info_merge(s, v.flags, rank));
    if (ritz_present(o->residual_norms)) {
        RITZ_TRY_OUT(residual_norms(s, A, B, X, o->residual_norms));
        RITZ_TRY_OUT(ritz_op_poison(s, RITZ_BOTH, v.info, o->residual_norms));
    }
    RITZ_TRY_OUT(ritz_algo_verdict_close(s, RITZ_ERR_NOT_FINITE, v, RITZ_NO_MAT));
out:
    ritz_work_release(s, mark);
    return rc;
}
