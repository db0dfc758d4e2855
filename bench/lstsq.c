/* A case of least squares from beginning to end. Contenders run in turn, round after round, and
 * the ratios are formed round by round.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lstsq.h"

static const struct lstsq_case cases[] = {
#define LSTSQ(dtype, m, n, rank, condition, penalties, use)                                        \
    {dtype, m, n, rank, condition, penalties, use},
#include "bench/lstsq_cases.def"
};

int lstsq_case_count(void)
{
    return (int)(sizeof cases / sizeof *cases);
}

int lstsq_case_use(int index)
{
    return cases[index].use;
}

void lstsq_case_name(int index, char name[64])
{
    const struct lstsq_case *c = &cases[index];
    char last[32];
    if (c->penalties > 0)
        (void)snprintf(last, sizeof last, "%lld", (long long)c->penalties);
    else if (c->rank < c->n)
        (void)snprintf(last, sizeof last, "rank%lld", (long long)c->rank);
    else
        (void)snprintf(last, sizeof last, "1e%.0f", log10(c->condition));
    (void)snprintf(name, 64, "%s/%s/%lldx%lld/%s", c->penalties > 0 ? "ridge" : "lstsq",
                   c->dtype == RITZ_F32 ? "f32" : "f64", (long long)c->m, (long long)c->n, last);
}

static int run_attempt(void *context)
{
    struct lstsq_attempt *t = context;
    return t->who->run(t);
}

/* Backward stable methods are well below the first; a solution of minimum norm that is right is
 * below the second. */
static int is_right(const struct lstsq_case *c, struct lstsq_errors e)
{
    const double eps = check_eps(c->dtype);
    if (!(e.backward <= (double)c->n * eps)) return 0;
    return isnan(e.forward) || e.forward <= 100 * c->condition * (double)c->n * eps;
}

/* The first failure is that of the case; the others still run. */
static void fail(struct lstsq_result *r, const char *who, const char *what)
{
    if (r->ok) (void)snprintf(r->message, sizeof r->message, "%s: %s", who, what);
    r->ok = 0;
}

static void fail_entry(struct lstsq_result *r, struct lstsq_entry *e, const char *what)
{
    (void)snprintf(e->note, sizeof e->note, "FAILED: %s", what);
    fail(r, e->who->name, what);
}

static void describe(const ritz_lstsq_report *report, struct lstsq_entry *e)
{
    char steps[32] = "";
    if (!report->method_name) return;
    if (report->refinements >= 0)
        (void)snprintf(steps, sizeof steps, ", %d refinements", report->refinements);
    (void)snprintf(e->note, sizeof e->note, "%s%s%s", report->method_name, steps,
                   report->fallbacks > 0 ? ", after another failed" : "");
}

/* A peer may give up or be wrong: that, or its error, is shown. */
static void first_run_of_peer(struct lstsq_attempt *t, struct lstsq_entry *e)
{
    e->timed = run_attempt(t) == 0;
    if (e->timed)
        e->errors = lstsq_error(t->p, BENCH_PEER);
    else
        (void)snprintf(e->note, sizeof e->note, "gave up");
}

static void first_run_of_ritz(struct lstsq_attempt *t, struct lstsq_entry *e,
                              struct lstsq_result *r)
{
    if (run_attempt(t) || bench_problem_fetch(&t->p->base)) {
        fail_entry(r, e, ritz_last_error());
        return;
    }
    e->errors = lstsq_error(t->p, BENCH_RITZ);
    e->timed = is_right(&r->c, e->errors);
    describe(&t->report, e);
    if (e->timed) return;
    char what[128];
    (void)snprintf(what, sizeof what, "wrong answer, backward error %.2g, forward %.2g",
                   e->errors.backward, e->errors.forward);
    fail_entry(r, e, what);
}

static void time_entries(struct lstsq_attempt *attempts, struct bench_budget budget,
                         struct lstsq_result *r)
{
    struct bench_contender contenders[LSTSQ_CONTENDERS];
    struct bench_stats seconds[LSTSQ_CONTENDERS], ratio[LSTSQ_CONTENDERS];
    int index[LSTSQ_CONTENDERS], count = 0, reference = -1;
    for (int i = 0; i < r->entry_count; i++) {
        if (!r->entries[i].timed) continue;
        if (strcmp(r->entries[i].who->name, lstsq_reference(&r->c)) == 0) reference = count;
        contenders[count] = (struct bench_contender){NULL, run_attempt, &attempts[i]};
        index[count++] = i;
    }
    if (reference < 0 || bench_rounds(budget, contenders, count, reference, seconds, ratio)) {
        fail(r, "timing", reference < 0 ? "LAPACK gave up" : ritz_last_error());
        for (int i = 0; i < r->entry_count; i++) r->entries[i].timed = 0;
        return;
    }
    for (int i = 0; i < count; i++) {
        r->entries[index[i]].seconds = seconds[i];
        r->entries[index[i]].ratio = ratio[i];
    }
}

static void run_problem(struct lstsq_problem *p, struct bench_budget budget, struct lstsq_result *r)
{
    struct lstsq_attempt attempts[LSTSQ_CONTENDERS];
    for (int i = 0; i < LSTSQ_CONTENDERS; i++) {
        const struct lstsq_contender *who = &lstsq_contenders[i];
        if (!who->wanted(&r->c)) continue;
        struct lstsq_attempt *t = &attempts[r->entry_count];
        struct lstsq_entry *e = &r->entries[r->entry_count++];
        *t = (struct lstsq_attempt){.who = who, .p = p, .report = RITZ_LSTSQ_REPORT_INIT};
        *e = (struct lstsq_entry){.who = who, .errors = {INFINITY, NAN}};
        if (who->side == BENCH_RITZ)
            first_run_of_ritz(t, e, r);
        else
            first_run_of_peer(t, e);
    }
    time_entries(attempts, budget, r);
}

void lstsq_run_case(int index, ritz_stream *stream, struct bench_budget budget,
                    struct lstsq_result *r)
{
    struct lstsq_problem problem;
    *r = (struct lstsq_result){.c = cases[index], .ok = 1};
    lstsq_case_name(index, r->name);
    if (lstsq_open(&problem, r->c, stream, r->message))
        r->ok = 0;
    else
        run_problem(&problem, budget, r);
    lstsq_close(&problem);
}
