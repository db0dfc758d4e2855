/* What the solvers of A X = B share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

ritz_status ritz_algo_check_system(const ritz_stream *s, ritz_dmat A, const char *a, ritz_dmat B)
{
    RITZ_TRY(ritz_check_input(s, A, a));
    RITZ_TRY(ritz_check_output(s, B, "B"));
    RITZ_TRY(ritz_check_real(A, a));
    RITZ_TRY(ritz_check_same_dtype(A, a, B, "B"));
    RITZ_TRY(ritz_check_square(A, a));
    RITZ_REQUIRE(B.rows == A.rows, RITZ_ERR_SHAPE,
                 "%s is %" PRId64 " x %" PRId64 " and B is %" PRId64 " x %" PRId64
                 "; B must have as many rows as %s",
                 a, A.rows, A.cols, B.rows, B.cols, a);
    RITZ_TRY(ritz_check_batch(A, a, B.batch, 1));
    return ritz_check_no_overlap(B, "B", A, a);
}

ritz_status ritz_algo_system_open(ritz_stream *s, ritz_dmat A, struct ritz_verdict v,
                                  ritz_dmat *source, struct ritz_verdict *own)
{
    const int shared = A.batch == 1 || A.batch_stride == 0;
    *source = shared ? ritz_item(A, 0) : A;
    *own = v;
    return shared ? ritz_algo_verdict_open(s, 1, own) : RITZ_OK;
}

ritz_status ritz_algo_system_close(ritz_stream *s, struct ritz_verdict own, struct ritz_verdict v)
{
    if (own.info.data == v.info.data) return RITZ_OK;
    RITZ_TRY(ritz_op_copy(s, own.flags, ritz_algo_scalar_items(v.flags)));
    return ritz_op_copy(s, own.info, ritz_algo_scalar_items(v.info));
}
