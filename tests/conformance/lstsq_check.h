/* One least squares problem, solved by ritz_lstsq and judged.
 *
 * An answer is judged by its backward error (Karlson and Waldén, in long double), against that of
 * textbook Householder QR in the precision of the data; where A does not determine X, also by the
 * oracle's solution of minimum norm. The report is compared with what X as it came back says.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_TESTS_CONFORMANCE_LSTSQ_CHECK_H
#define RITZ_TESTS_CONFORMANCE_LSTSQ_CHECK_H

#include "conformance/harness.h"
#include "oracle/lstsq.h"

struct lsq_problem {
    const char *name;
    ritz_dtype dtype;
    omat A, B;     /* before rounding; owned */
    omat w;        /* m x 1, or a == NULL: no weights; owned */
    int intercept; /* fitted */
    ritz_lstsq_options o;
    struct form f[3]; /* of A, B and X */
    int64_t rank;     /* of A by construction; -1: not known, or a matter of opinion */
};

/* m x n with singular values from 1 to 1/kappa and random singular vectors; B = A Y + a residual of
 * norm `residual` in units of ‖A Y‖. */
struct lsq_problem lsq_make(ritz_dtype dtype, int64_t m, int64_t n, int64_t s, long double kappa,
                            long double residual);
/* Of a given A, which is taken over. */
struct lsq_problem lsq_make_of(const char *name, ritz_dtype dtype, omat A, int64_t s,
                               long double residual);
void lsq_drop(struct lsq_problem *q);

struct lsq_run {
    struct scene sc;
    struct operand *A, *B, *w, *X, *intercept, *rank, *norms;
    ritz_lstsq_report report;
    ritz_status status;
    bool usable;  /* the call succeeded, and nothing but its outputs was written */
    omat a, b, x; /* the problem that was solved, and X; with a column of ones and the intercept */
    omat r;       /* b - a x */
    long double size; /* norm_F(a) norm_F(x) + norm_F(b): the scale of errors of r */
};

/* "sketch_qr" */
const char *lsq_name(ritz_lstsq_method method);
/* begin_case with all of the problem. */
bool lsq_begin(const struct place *p, const struct lsq_problem *q);
/* The operands of a problem on the device, and the options with them. */
void lsq_lay_out(const struct place *p, const struct lsq_problem *q, struct lsq_run *run,
                 ritz_lstsq_options *o);

/* Lay out, call, fetch; expecting `code`, and the words in its message. */
void lsq_solve(const struct place *p, const struct lsq_problem *q, ritz_status code,
               const char *words, struct lsq_run *run);
/* Fill a, b, x, r and size from the operands as they came back. */
void lsq_gather(const struct lsq_problem *q, struct lsq_run *run);
void lsq_end(struct lsq_run *run);

/* The shape allows the method. */
bool lsq_allows(ritz_lstsq_method method, int64_t m, int64_t n);
/* The backward error is at the level of Householder QR, and the report agrees with X. */
void lsq_judge(const struct lsq_problem *q, const struct lsq_run *run);
/* The report's norms, shape and counts alone. */
void lsq_judge_report(const struct lsq_problem *q, const struct lsq_run *run);
/* X is the solution of minimum norm of A, whose rank is known and whose condition is moderate. */
void lsq_judge_minimum_norm(const struct lsq_problem *q, const struct lsq_run *run);

/* begin, solve, judge (and of minimum norm if the rank is known and not full), end. */
void lsq_try(const struct place *p, const struct lsq_problem *q);
/* The same, with a method and a reason that must have been taken. */
void lsq_try_expecting(const struct place *p, const struct lsq_problem *q, ritz_lstsq_method method,
                       ritz_lstsq_reason reason);

#endif
