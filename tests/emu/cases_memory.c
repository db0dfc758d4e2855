/* Streams, matrices and transfers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "emu/cases.h"

static void add_one(void *context)
{
    struct world *w = context;
    w->pageable[0] += 1;
}

CALL(event_create)
{
    return ritz_event_create(w->dev, &w->event);
}

CALL(dmat_create)
{
    return ritz_dmat_create(w->s, RITZ_F32, RITZ_COL_MAJOR, w->m, w->n, &w->made);
}

CALL(hmat_create_pinned)
{
    return ritz_hmat_create_pinned(w->dev, RITZ_F32, RITZ_COL_MAJOR, w->m, w->n, &w->made_host);
}

CALL(stream_reserve)
{
    return ritz_stream_reserve(w->s, 3 << 20);
}

CALL(event_record)
{
    const ritz_status status = ritz_fill(w->s, 2, X_);
    return status ? status : ritz_event_record(w->event, w->s);
}

/* To the other stream and back. */
CALL(stream_wait)
{
    ritz_status status = call_event_record(w);
    if (!status) status = ritz_stream_wait(w->service, w->event);
    if (!status) status = ritz_fill(w->service, 3, X_);
    if (!status) status = ritz_event_record(w->event, w->service);
    return status ? status : ritz_stream_wait(w->s, w->event);
}

CALL(host_function)
{
    return ritz_stream_host_function(w->s, add_one, w);
}

CALL(upload)
{
    return ritz_upload(w->s, w->pinned, X_);
}

/* To the other layout. */
CALL(upload_converted)
{
    ritz_hmat square = w->pinned;
    square.rows = w->n;
    return ritz_upload(w->s, square, S_);
}

CALL(upload_pageable)
{
    return ritz_upload(w->s, pageable(w), X_);
}

CALL(download)
{
    return ritz_download(w->s, A_, w->pinned);
}

CALL(download_converted)
{
    return ritz_download(w->s, S_,
                         ritz_hmat_wrap(w->pinned.data, RITZ_F32, w->n, w->n, RITZ_ROW_MAJOR));
}

CALL(download_pageable)
{
    return ritz_download(w->s, A_, pageable(w));
}

CALL(copy)
{
    return ritz_copy(w->s, A_, X_);
}

CALL(fill)
{
    return ritz_fill(w->s, 1, X_);
}

CALL(random_fill)
{
    return ritz_random_fill(w->s, RITZ_NORMAL, 1, 0, X_);
}

PREPARE(event)
{
    return ritz_event_create(w->dev, &w->event);
}

CALL(random_orthogonal)
{
    return ritz_random_orthogonal(w->s, 1, 0, X_);
}
