/* The device and the stream that a subcommand computes on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

ritz_status session_open(struct session *session, const struct common_options *options)
{
    *session = (struct session){.info = RITZ_DEVICE_INFO_INIT};

    ritz_status status = ritz_device_open(options->device, &session->device);
    if (status == RITZ_OK && options->threads > 0) {
        status = ritz_device_set_threads(session->device, options->threads);
    }
    if (status == RITZ_OK) status = ritz_device_describe(session->device, &session->info);
    if (status == RITZ_OK) status = ritz_stream_create(session->device, &session->stream);
    if (status != RITZ_OK) session_close(session);
    return status;
}

void session_close(struct session *session)
{
    /* What went wrong in the work has been reported; the program ends next. */
    (void)ritz_stream_destroy(&session->stream);
    (void)ritz_device_close(&session->device);
}

ritz_status session_download(struct session *session, ritz_dmat D, ritz_dtype dtype, ritz_hmat *H)
{
    ritz_status status = ritz_hmat_create(dtype, RITZ_ROW_MAJOR, D.rows, D.cols, H);
    if (status == RITZ_OK) status = ritz_download(session->stream, D, *H);
    if (status == RITZ_OK) status = ritz_stream_sync(session->stream);
    return status;
}
