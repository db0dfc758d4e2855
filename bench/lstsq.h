/* The least squares part of ritz-bench (--lstsq): many contenders on one problem, with the error of
 * each.
 *
 *     lstsq_cases.def  what is timed
 *     lstsq_data.c     problems of known spectrum and solution
 *     lstsq_error.c    how good an answer is
 *     lstsq_run.c      the contenders: Ritz's methods, and LAPACK
 *     lstsq.c          a case from beginning to end
 *     lstsq_report.c   table and JSON
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RITZ_BENCH_LSTSQ_H
#define RITZ_BENCH_LSTSQ_H

#include "bench.h"

struct lstsq_case {
    ritz_dtype dtype;
    int64_t m, n, rank;
    double condition;  /* largest over smallest singular value that is not 0 */
    int64_t penalties; /* 0: least squares; else ridge regression for so many penalties */
    int use;
};

/* Uses of a case. */
enum { LSTSQ_FULL = 1, LSTSQ_QUICK = 2, LSTSQ_EVERY_METHOD = 4 };

/* The base holds A and b, and for each side the n x 1 (or n x penalties) answer. It is the first
 * member: its operation's functions get a pointer to it. */
struct lstsq_problem {
    struct bench_problem base;
    struct lstsq_case c;
    double *R;      /* n x n, upper triangular: RᵀR = AᵀA */
    double *x;      /* the solution of minimum norm of the problem without penalties */
    double *lambda; /* the penalties, ascending */
    ritz_dmat ritz_lambda;
    double *memory; /* of the peers of ridge regression: U, S and Vᵀ of A */
};

/* 0, or -1 with a message in `why` (256 bytes). Close it in any case. */
int lstsq_open(struct lstsq_problem *p, struct lstsq_case c, ritz_stream *stream, char *why);
void lstsq_close(struct lstsq_problem *p);

/* ---- errors (lstsq_error.c) ------------------------------------------------------------------ */

struct lstsq_errors {
    double backward; /* relative to ‖A‖_F; the largest of all penalties */
    double forward;  /* to the solution of minimum norm, relative; NaN where that is not known */
};

/* Of the answer that lies in the memory of a side. */
struct lstsq_errors lstsq_error(const struct lstsq_problem *p, enum bench_side side);

/* ---- contenders (lstsq_run.c) ---------------------------------------------------------------- */

struct lstsq_attempt;

struct lstsq_contender {
    const char *name;
    enum bench_side side;
    ritz_lstsq_method method;                  /* Ritz's least squares only */
    int (*wanted)(const struct lstsq_case *c); /* is it one of this case? */
    int (*run)(struct lstsq_attempt *attempt); /* 0, or -1 for a failure */
};

/* A contender and its problem. */
struct lstsq_attempt {
    const struct lstsq_contender *who;
    struct lstsq_problem *p;
    ritz_lstsq_report report; /* of Ritz's least squares */
};

enum { LSTSQ_CONTENDERS = 14 };
extern const struct lstsq_contender lstsq_contenders[LSTSQ_CONTENDERS];
/* That the ratios refer to. */
const char *lstsq_reference(const struct lstsq_case *c);

/* Workspace of LAPACK for all peers: 0, or -1. */
int lstsq_open_peers(struct lstsq_problem *p);

/* ---- results (lstsq.c, lstsq_report.c) ------------------------------------------------------- */

struct lstsq_entry {
    const struct lstsq_contender *who;
    int timed; /* it gave an answer, and its times are there */
    struct bench_stats seconds, ratio;
    struct lstsq_errors errors;
    char note[256]; /* what Ritz did, or why there are no times */
};

struct lstsq_result {
    struct lstsq_case c;
    char name[64];
    int ok;
    char message[512]; /* why not ok: the first failure of Ritz */
    struct lstsq_entry entries[LSTSQ_CONTENDERS];
    int entry_count;
};

int lstsq_case_count(void);
/* Is it one of the quick cases, or of the others? */
int lstsq_case_use(int index);
void lstsq_case_name(int index, char name[64]);
void lstsq_run_case(int index, ritz_stream *stream, struct bench_budget budget,
                    struct lstsq_result *r);

void lstsq_print(FILE *f, const struct lstsq_result *r);
void lstsq_write_json(FILE *f, const struct lstsq_result *r);

#endif
