/* A call of ritz_lstsq or ritz_lstsq_rows on its way: lstsq.c checks it, lstsq_choice.c chooses the
 * methods, lstsq_solve.c tries them and hands over what they found.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_ALGO_LSTSQ_CALL_H
#define RITZ_ALGO_LSTSQ_CALL_H

#include "algo/lstsq.h"

enum { LSTSQ_MOST_METHODS = 4 };

struct lstsq_call {
    struct lstsq p;
    struct lstsq_data data;
    ritz_lstsq_options opts;
    int64_t rows; /* with those of the penalty */

    ritz_lstsq_method chain[LSTSQ_MOST_METHODS]; /* one after the other until one is accepted */
    int length;
    int mixed; /* the first of them with factors in float32 */

    double pilot;     /* condition of a sample; NaN: not looked at */
    int measured;     /* the range of the data is known, and fit */
    int exp_a, exp_b; /* of the scales */
    int passes;       /* over rows that have been opened anew since */
};

/* ---- lstsq_choice.c ---------------------------------------------------------------------- */

/* The chain of methods, and the reason for the first. Host waits. */
ritz_status lstsq_choose(struct lstsq_call *c);

/* Rows that a sketch of n columns asks for. */
int64_t lstsq_sketch_least_rows(int64_t n);

/* Set the reason of the report. */
void lstsq_explain(struct lstsq_call *c, ritz_lstsq_reason code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- lstsq_solve.c ----------------------------------------------------------------------- */

/* c->data, c->opts and c->p.s are set, and checked. */
ritz_status lstsq_solve(struct lstsq_call *c, ritz_dmat X, ritz_lstsq_report *report);

/* No figure is known. */
void lstsq_clear_figures(struct lstsq *p);

/* Copy the report to that of the caller, of which NULL is one. */
void lstsq_give_report(const struct lstsq_call *c, ritz_lstsq_report *report);

#endif
