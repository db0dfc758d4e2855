/* Moving data between host and device, and within a device.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/check.h"

static ritz_status check_pair(ritz_hmat H, ritz_dmat D)
{
    RITZ_REQUIRE(H.rows == D.rows && H.cols == D.cols && H.batch == D.batch, RITZ_ERR_SHAPE,
                 "H is %" PRId64 " x %" PRId64 ", batch %" PRId64 " and D is %" PRId64 " x %" PRId64
                 ", batch %" PRId64 "; they must agree",
                 H.rows, H.cols, H.batch, D.rows, D.cols, D.batch);
    return RITZ_OK;
}

ritz_status ritz_upload(ritz_stream *s, ritz_hmat H, ritz_dmat D)
{
    RITZ_ENTER(s, &D);
    RITZ_TRY(ritz_check_host(H, "H"));
    RITZ_TRY(ritz_check_output(s, D, "D"));
    RITZ_TRY(check_pair(H, D));
    if (ritz_empty(D)) return RITZ_OK;
    return s->device->backend->upload(s, H, D);
}

ritz_status ritz_download(ritz_stream *s, ritz_dmat D, ritz_hmat H)
{
    RITZ_ENTER(s, &D);
    RITZ_TRY(ritz_check_input(s, D, "D"));
    RITZ_TRY(ritz_check_host_output(H, "H"));
    RITZ_TRY(check_pair(H, D));
    if (ritz_empty(D)) return RITZ_OK;
    return s->device->backend->download(s, D, H);
}

ritz_status ritz_copy(ritz_stream *s, ritz_dmat A, ritz_dmat B)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_input(s, A, "A"));
    RITZ_TRY(ritz_check_output(s, B, "B"));
    RITZ_TRY(ritz_check_shape(B, "B", A.rows, A.cols, "the shape of A"));
    RITZ_TRY(ritz_check_batch(A, "A", B.batch, 1));
    RITZ_TRY(ritz_check_no_overlap(B, "B", A, "A"));
    if (ritz_empty(B)) return RITZ_OK;
    return ritz_op_copy(s, ritz_broadcast(A, B.batch), B);
}

ritz_status ritz_fill(ritz_stream *s, double value, ritz_dmat A)
{
    RITZ_ENTER(s, &A);
    RITZ_TRY(ritz_check_output(s, A, "A"));
    if (ritz_empty(A)) return RITZ_OK;
    return ritz_op_fill(s, value, A);
}
