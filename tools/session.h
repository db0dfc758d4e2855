/* The device and the stream that a subcommand computes on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TOOLS_SESSION_H
#define RITZ_TOOLS_SESSION_H

#include "options.h"

struct session {
    ritz_device *device;
    ritz_stream *stream; /* queued: reading and computing overlap */
    ritz_device_info info;
};

/* Open the device that the options name, with as many threads; close what was opened on failure. */
ritz_status session_open(struct session *session, const struct common_options *options);

/* Also for a session that was never opened, if it is all zero. */
void session_close(struct session *session);

/* Copy a device matrix into a new host matrix of the given type; waits until it is there. */
ritz_status session_download(struct session *session, ritz_dmat D, ritz_dtype dtype, ritz_hmat *H);

#endif
