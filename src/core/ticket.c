/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ticket.h"

#include <stdio.h>
#include <stdlib.h>

enum { RING = 1024 }; /* a power of two */

struct ritz_ticket {
    uint32_t number;
    const char *operation;
    int64_t rows, cols, batch;
    ritz_dtype dtype; /* 0: no key matrix */
};

struct ritz_tickets {
    uint32_t next;
    struct ritz_ticket ring[RING];
};

ritz_status ritz_tickets_create(struct ritz_tickets **tickets)
{
    *tickets = calloc(1, sizeof **tickets);
    RITZ_REQUIRE(*tickets, RITZ_ERR_MEMORY, "no host memory for a stream");
    return RITZ_OK;
}

void ritz_tickets_destroy(struct ritz_tickets *tickets)
{
    free(tickets);
}

void ritz_ticket_take(ritz_stream *s, const ritz_dmat *key)
{
    if (ritz_scope_nested()) return;
    struct ritz_tickets *t = s->tickets;
    struct ritz_ticket *entry = &t->ring[t->next % RING];
    *entry = (struct ritz_ticket){.number = t->next, .operation = ritz_scope_name()};
    if (key) {
        entry->rows = key->rows;
        entry->cols = key->cols;
        entry->batch = key->batch;
        entry->dtype = key->dtype;
    }
    s->ticket = t->next++;
}

static void name_call(const struct ritz_tickets *t, uint32_t number, char *text, size_t size)
{
    const struct ritz_ticket *entry = &t->ring[number % RING];
    if (!entry->operation || entry->number != number)
        snprintf(text, size, "a call more than %d calls ago", RING);
    else if (!entry->dtype)
        snprintf(text, size, "%s", entry->operation);
    else
        snprintf(text, size, "%s (%" PRId64 " x %" PRId64 " %s, batch %" PRId64 ")",
                 entry->operation, entry->rows, entry->cols, ritz_dtype_name(entry->dtype),
                 entry->batch);
}

ritz_status ritz_ticket_fail(const ritz_stream *s, const struct ritz_device_status *status)
{
    char call[192], what[128];
    const ritz_status code = (ritz_status)status->code;
    name_call(s->tickets, status->ticket, call, sizeof call);
    switch (code) {
    case RITZ_ERR_NOT_SPD:
        snprintf(what, sizeof what,
                 "the leading minor of order %" PRId64 " is not positive definite", status->index);
        break;
    case RITZ_ERR_SINGULAR:
        snprintf(what, sizeof what,
                 "the matrix is singular: pivot %" PRId64 " of its LU factorization is 0",
                 status->index);
        break;
    case RITZ_ERR_NOT_CONVERGED:
        snprintf(what, sizeof what, "the iteration did not converge (info %" PRId64 ")",
                 status->index);
        break;
    default: snprintf(what, sizeof what, "%s", ritz_status_text(code)); break;
    }
    return ritz_fail(code, "in %s, item %" PRId64 ": %s", call, status->item, what);
}
