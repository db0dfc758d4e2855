/* Tickets: what a stream remembers of its calls, so that an error that is found later can be named.
 *
 * Each public call takes a ticket; the backend stores its number with what it enqueues, and writes
 * it into the status word when something fails. The ring
 * holds the last calls; an older one is reported without its name.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CORE_TICKET_H
#define RITZ_CORE_TICKET_H

#include "core/backend.h"

ritz_status ritz_tickets_create(struct ritz_tickets **tickets);
void ritz_tickets_destroy(struct ritz_tickets *tickets);

/* Begin a call; nested public calls stay under the outer ticket. key may be NULL. */
void ritz_ticket_take(ritz_stream *s, const ritz_dmat *key);

/* Turn the status word into the thread's message; returns its code. */
ritz_status ritz_ticket_fail(const ritz_stream *s, const struct ritz_device_status *status);

#endif
