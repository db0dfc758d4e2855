/* ritz_lstsq with factors in float32: answers as good as without, and what float32 cannot do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conformance/lstsq_check.h"

static void vary(struct lsq_problem *q, struct forms *walk)
{
    if (!next_forms(walk)) {
        *walk = forms_of(3, 0);
        (void)next_forms(walk);
    }
    memcpy(q->f, walk->f, sizeof q->f);
}

enum outcome { MADE, NOT_MADE, EITHER }; /* the preconditioner, in float32 */

/* Solve and judge; `method` and what became of the preconditioner are expected. */
static void mixed(const struct place *p, struct lsq_problem *q, ritz_lstsq_method method,
                  enum outcome outcome)
{
    struct lsq_run run;
    q->o.mixed = 1;
    if (!lsq_begin(p, q)) return;
    lsq_solve(p, q, RITZ_OK, NULL, &run);
    if (run.usable) {
        const ritz_lstsq_report *r = &run.report;
        const bool made = strstr(r->reason, "; preconditioner in float32") != NULL;
        (void)expect(r->method == method, "%s was taken: %s", r->method_name, r->reason);
        if (outcome != EITHER)
            (void)expect(made == (outcome == MADE), "%s: %s", r->method_name, r->reason);
        if (made) (void)expect(r->fallbacks == 0, "%d fallbacks", r->fallbacks);
        lsq_judge(q, &run);
    }
    lsq_end(&run);
}

/* ---- condition ------------------------------------------------------------------------------- */

/* The default, and each method that is asked for. */
static void conditions(const struct place *p, struct forms *walk)
{
    static const struct {
        long double kappa;
        ritz_lstsq_method by_default, after_normal;
        enum outcome normal, sketched;
    } cases[] = {
        {1, RITZ_LSTSQ_NORMAL, RITZ_LSTSQ_NORMAL, MADE, MADE},
        {1e1L, RITZ_LSTSQ_NORMAL, RITZ_LSTSQ_NORMAL, MADE, MADE},
        {1e3L, RITZ_LSTSQ_SKETCH_QR, RITZ_LSTSQ_NORMAL, NOT_MADE, MADE},
        {1e4L, RITZ_LSTSQ_SKETCH_QR, RITZ_LSTSQ_NORMAL, NOT_MADE, MADE},
        {1e5L, RITZ_LSTSQ_SKETCH_QR, RITZ_LSTSQ_SKETCH_QR, NOT_MADE, MADE},
        {1e6L, RITZ_LSTSQ_SKETCH_QR, RITZ_LSTSQ_SKETCH_QR, NOT_MADE, EITHER},
        {1e9L, RITZ_LSTSQ_SKETCH_QR, RITZ_LSTSQ_SKETCH_QR, NOT_MADE, NOT_MADE},
        {1e13L, RITZ_LSTSQ_SKETCH_QR, RITZ_LSTSQ_SKETCH_QR, NOT_MADE, NOT_MADE},
    };
    static const long double residuals[] = {1e-12L, 1e-4L, 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t j = 0; j < sizeof residuals / sizeof *residuals; j++) {
            char name[64];
            struct lsq_problem q = lsq_make(RITZ_F64, 200, 12, 2, cases[i].kappa, residuals[j]);
            (void)snprintf(name, sizeof name, "kappa %.0Le residual %.0Le", cases[i].kappa,
                           residuals[j]);
            q.name = name;
            vary(&q, walk);
            mixed(p, &q, cases[i].by_default, cases[i].sketched);
            q.o.method = RITZ_LSTSQ_SKETCH_QR;
            mixed(p, &q, RITZ_LSTSQ_SKETCH_QR, cases[i].sketched);
            q.o.method = RITZ_LSTSQ_NORMAL;
            mixed(p, &q, cases[i].after_normal, cases[i].normal);
            lsq_drop(&q);
        }
}

/* ---- what is solved otherwise ---------------------------------------------------------------- */

static void others(const struct place *p, struct forms *walk)
{
    static const ritz_lstsq_method methods[] = {RITZ_LSTSQ_QR, RITZ_LSTSQ_MINNORM,
                                                RITZ_LSTSQ_SKETCH_CG};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct lsq_problem q = lsq_make(RITZ_F64, 300, 10, 1, 10, 1);
        q.o.method = methods[i];
        vary(&q, walk);
        mixed(p, &q, methods[i], NOT_MADE);
        lsq_drop(&q);
    }
    struct lsq_problem single = lsq_make(RITZ_F32, 300, 10, 1, 10, 1);
    vary(&single, walk);
    mixed(p, &single, RITZ_LSTSQ_NORMAL, NOT_MADE);
    lsq_drop(&single);
}

/* Columns of the same direction: none is found in float32, and the rank is that of float64. */
static void deficient(const struct place *p, struct forms *walk)
{
    struct lsq_problem q =
        lsq_make_of("duplicates", RITZ_F64, matgen_duplicates(861, 300, 12, 8, 0), 2, 1);
    q.rank = 8;
    vary(&q, walk);
    mixed(p, &q, RITZ_LSTSQ_MINNORM, NOT_MADE);
    lsq_drop(&q);
}

/* ---- the range of float32 -------------------------------------------------------------------- */

/* Columns of A times powers of two from 2^-from to 2^from. */
static struct lsq_problem scaled(int from)
{
    omat A = matgen_gaussian(862, 300, 9);
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            OMAT_AT(A, i, j) = ldexpl(OMAT_AT(A, i, j), from * ((int)j - 4) / 4);
    return lsq_make_of("scaled columns", RITZ_F64, A, 2, 1);
}

static void ranges(const struct place *p, struct forms *walk)
{
    static const ritz_lstsq_method methods[] = {RITZ_LSTSQ_NORMAL, RITZ_LSTSQ_SKETCH_QR};
    static const struct {
        int from;
        enum outcome outcome;
    } cases[] = {{12, MADE}, {30, MADE}, {70, NOT_MADE}, {140, NOT_MADE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < sizeof methods / sizeof *methods; k++) {
            struct lsq_problem q = scaled(cases[i].from);
            q.o.method = methods[k];
            vary(&q, walk);
            mixed(p, &q, methods[k], cases[i].outcome);
            lsq_drop(&q);
        }
}

/* ---- rows that are staged -------------------------------------------------------------------- */

/* Weights, an intercept and a penalty, in blocks of a few rows. */
static void staged(const struct place *p, struct forms *walk)
{
    static const ritz_lstsq_method methods[] = {RITZ_LSTSQ_NORMAL, RITZ_LSTSQ_SKETCH_QR};
    for (size_t k = 0; k < sizeof methods / sizeof *methods; k++)
        for (int choices = 0; choices < 4; choices++) {
            struct lsq_problem q = lsq_make(RITZ_F64, 700, 6, 2, 10, 1);
            q.o.method = methods[k];
            q.o.lambda = choices & 1 ? 0.01 : 0;
            q.o.block_rows = 64;
            q.intercept = (choices & 2) != 0;
            q.w = omat_create(700, 1);
            for (int64_t i = 0; i < 700; i++)
                q.w.a[i] = i % 7 == 3 ? 0 : 1 + matgen_uniform_at(863, (uint64_t)i);
            vary(&q, walk);
            mixed(p, &q, methods[k], MADE);
            lsq_drop(&q);
        }
}

/* More rows than a block of the conversion to float32 has. What the report says of X is compared
 * with X; the backward error in it is judged by the smaller problems above. */
static void many_rows(const struct place *p, struct forms *walk)
{
    static const ritz_lstsq_method methods[] = {RITZ_LSTSQ_NORMAL, RITZ_LSTSQ_SKETCH_QR};
    for (size_t k = 0; k < sizeof methods / sizeof *methods; k++) {
        struct lsq_run run;
        struct lsq_problem q =
            lsq_make_of("gaussian", RITZ_F64, matgen_gaussian(864, 132000, 32), 1, 1);
        q.o.method = methods[k];
        q.o.mixed = 1;
        vary(&q, walk);
        if (lsq_begin(p, &q)) {
            lsq_solve(p, &q, RITZ_OK, NULL, &run);
            if (run.usable) {
                (void)expect(run.report.method == methods[k] && run.report.fallbacks == 0,
                             "%s was taken: %s", run.report.method_name, run.report.reason);
                (void)expect_ratio("lstsq reported error", RITZ_F64,
                                   run.report.backward_error / (4 * sqrt(32) * 0x1p-53), 8);
                lsq_judge_report(&q, &run);
            }
            lsq_end(&run);
        }
        lsq_drop(&q);
    }
}

void test_lstsq_mixed(const struct place *p)
{
    struct forms walk = forms_of(3, 0);
    conditions(p, &walk);
    others(p, &walk);
    deficient(p, &walk);
    ranges(p, &walk);
    staged(p, &walk);
    if (full_level()) many_rows(p, &walk);
}
