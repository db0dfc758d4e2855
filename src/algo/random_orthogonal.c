/* Uniformly distributed matrices with orthonormal columns.
 *
 * Q of the QR factorization of a Gaussian matrix is distributed by the Haar measure if diag(R) > 0,
 * which makes it unique (Stewart 1980; Mezzadri 2007, section 5). A determinant of -1 becomes 1 by
 * turning the last column round, which maps one half of the orthogonal group onto the other.
 *
 * Source: Stewart, SIAM J. Numer. Anal. 17(3), 1980; Mezzadri, Notices of the AMS 54(5), 2007.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "algo/qr.h"
#include "core/random_maps.h"

/* Q becomes Q of its QR factorization; it is finite. */
static ritz_status orthonormalise(ritz_stream *s, ritz_dmat Q)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    ritz_status rc;
    ritz_dmat info;
    if (ritz_op_offered(s, RITZ_OP_small_qr, &Q, 1)) {
        RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, Q.batch, 1, 1, &info));
        RITZ_TRY_OUT(ritz_op_small_qr(s, Q, Q, RITZ_NO_MAT, info));
    } else {
        RITZ_TRY_OUT(qr_by_reflections(s, Q, Q, RITZ_NO_MAT, RITZ_NO_MAT));
    }
out:
    ritz_work_release(s, mark);
    return rc;
}

/* The last column times the determinant, which is 1 or -1. */
static ritz_status make_special(ritz_stream *s, ritz_dmat Q)
{
    const struct ritz_work_mark mark = ritz_work_mark(s);
    const int64_t n = Q.cols;
    const ritz_dmat last = ritz_cols(Q, n - 1, 1);
    ritz_status rc;
    ritz_dmat W, pivots, info, sign, logabs;
    RITZ_TRY_OUT(ritz_work_dmat(s, Q.dtype, RITZ_COL_MAJOR, n, n, Q.batch, &W));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, n, 1, Q.batch, &pivots));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_I32, RITZ_COL_MAJOR, Q.batch, 1, 1, &info));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, Q.batch, 1, 1, &sign));
    RITZ_TRY_OUT(ritz_work_dmat(s, RITZ_F64, RITZ_COL_MAJOR, Q.batch, 1, 1, &logabs));
    RITZ_TRY_OUT(ritz_op_copy(s, Q, W));
    RITZ_TRY_OUT(ritz_op_getrf(s, W, pivots, info));
    RITZ_TRY_OUT(ritz_op_log_diag(s, W, pivots, sign, logabs));
    RITZ_TRY_OUT(
        ritz_op_scale_cols(s, 0, ritz_batched(ritz_row_range(sign, 0, 1), Q.batch, 1), last, last));
out:
    ritz_work_release(s, mark);
    return rc;
}

ritz_status ritz_random_orthogonal(ritz_stream *s, uint64_t seed, int special, ritz_dmat Q)
{
    RITZ_ENTER(s, &Q);
    RITZ_TRY(ritz_check_output(s, Q, "Q"));
    RITZ_TRY(ritz_check_real(Q, "Q"));
    RITZ_REQUIRE(Q.rows >= Q.cols, RITZ_ERR_SHAPE,
                 "Q is %" PRId64 " x %" PRId64
                 "; it cannot have more orthonormal columns than rows",
                 Q.rows, Q.cols);
    if (ritz_empty(Q)) return RITZ_OK;
    RITZ_REQUIRE(Q.batch <= (int64_t)UINT32_MAX / Q.cols, RITZ_ERR_TOO_LARGE,
                 "Q has %" PRId64 " items of %" PRId64
                 " columns; one call makes at most 2^32 - 1 columns; split it and use other seeds",
                 Q.batch, Q.cols);
    RITZ_TRY(
        ritz_op_random_fill(s, RITZ_NORMAL, seed, RITZ_STREAM_WORD(RITZ_RANDOM_HAAR, 0), 0, 0, Q));
    RITZ_TRY(orthonormalise(s, Q));
    return special && Q.rows == Q.cols ? make_special(s, Q) : RITZ_OK;
}
