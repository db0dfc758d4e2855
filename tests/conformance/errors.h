/* What the tests of the caller's mistakes share.
 *
 *     errors.c                 mutations of the arguments of valid calls, and how a refusal is
 * checked
 *     error_operations.c       the valid calls
 *     error_factorizations.c   mistakes that no mutation makes: of factorizations
 *     error_lstsq.c            of least squares
 *     error_calls.c            and of everything else
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_CONFORMANCE_ERRORS_H
#define RITZ_CONFORMANCE_ERRORS_H

#include "conformance/harness.h"

/* ---- valid calls ----------------------------------------------------------------------------- */

enum {
    OUT = 1,       /* written */
    OPTIONAL = 2,  /* may be RITZ_NO_MAT */
    INFO = 4,      /* int32, batch x 1 */
    ROWS_FREE = 8, /* one row less is another valid call */
    COLS_FREE = 16,
    BATCH_FREE = 32,
    ANY_DTYPE = 64,
    SCALARS = 128, /* float64, one row an item */
    PIVOTS = 256   /* int32, one vector an item */
};
enum { ARGUMENTS = 6 };

struct argument {
    const char *name;
    int64_t rows, cols;
    int flags;
};

struct operation {
    const char *name;
    int64_t batch;
    ritz_status (*call)(ritz_stream *s, const ritz_dmat *m);
    struct argument argument[ARGUMENTS + 1]; /* ends with a NULL name */
};

extern const struct operation error_operations[]; /* ends with a NULL name */

/* ---- single mistakes ------------------------------------------------------------------------- */

struct odd {
    struct scene sc;
    ritz_dmat A, S, X, info; /* 4 x 4, 4 x 1, 4 x 4 of float64 and 1 x 1 of int32 */
    ritz_hmat H;             /* 4 x 4 of float64 */
    double host[16];
};

typedef ritz_status (*odd_call)(ritz_stream *s, struct odd *o);
#define ODD(name) static ritz_status odd_##name(ritz_stream *s, struct odd *o)

struct odd_error {
    const char *name;
    odd_call call;
    ritz_status code;
    const char *operation, *words;
};
/* Each ends with a NULL name. */
extern const struct odd_error error_factorizations[], error_lstsq[], error_calls[];

#endif
