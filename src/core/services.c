/* SPDX-License-Identifier: Apache-2.0 */
#include "core/services.h"

static void fail_message(const char *text)
{
    ritz_fail_message("%s", text);
}

void ritz_enter_host_function(const ritz_stream *s)
{
    ritz_stream_in_host_function = s;
}

const struct ritz_core_services ritz_core_services = {
    .abi = RITZ_BACKEND_ABI,
    .size = sizeof(struct ritz_core_services),
    .fail_message = fail_message,
    .work_mark = ritz_work_mark,
    .work_release = ritz_work_release,
    .work_bytes = ritz_work_bytes,
    .work_dmat = ritz_work_dmat,
    .in_host_function = ritz_enter_host_function,
};
