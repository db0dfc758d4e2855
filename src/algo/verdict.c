/* What became of each item of a batch.
 *
 * A non-finite item must not reach a library routine that could hang on it, and the host is not
 * asked. So the finite check zeroes the item and flags it, the routine runs on all items, and
 * afterwards the outputs of failed items become NaN:
 *
 *     open -> finite_guard(flags) -> routine(info) -> settle -> poison(info) -> close
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/algo.h"

ritz_status ritz_algo_verdict_open(ritz_stream *s, int64_t batch, struct ritz_verdict *v)
{
    ritz_dmat both;
    RITZ_TRY(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, batch, 2, 1, &both));
    v->flags = ritz_cols(both, 0, 1);
    v->info = ritz_cols(both, 1, 1);
    return ritz_op_fill(s, 0.0, both);
}

ritz_status ritz_algo_verdict_settle(ritz_stream *s, struct ritz_verdict v)
{
    return ritz_op_info_merge(s, v.flags, v.info);
}

ritz_status ritz_algo_verdict_close(ritz_stream *s, ritz_status code, struct ritz_verdict v,
                                    ritz_dmat user_info)
{
    if (ritz_present(user_info)) return ritz_op_copy(s, v.info, user_info);
    return ritz_op_info_report(s, code, v.info);
}

ritz_status ritz_algo_info_open(ritz_stream *s, int64_t batch, ritz_dmat user_info, ritz_dmat *info)
{
    *info = user_info;
    if (ritz_present(user_info)) return RITZ_OK;
    return ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, batch, 1, 1, info);
}

ritz_status ritz_algo_info_close(ritz_stream *s, ritz_status code, ritz_dmat info,
                                 ritz_dmat user_info)
{
    return ritz_present(user_info) ? RITZ_OK : ritz_op_info_report(s, code, info);
}

ritz_status ritz_algo_info_clear(ritz_stream *s, ritz_dmat user_info)
{
    return ritz_present(user_info) ? ritz_op_fill(s, 0.0, user_info) : RITZ_OK;
}

ritz_status ritz_algo_check_triangle(ritz_uplo uplo, ritz_status code)
{
    RITZ_REQUIRE(uplo == RITZ_LOWER || uplo == RITZ_UPPER, code,
                 "uplo is %d; it must be RITZ_LOWER or RITZ_UPPER", (int)uplo);
    return RITZ_OK;
}
