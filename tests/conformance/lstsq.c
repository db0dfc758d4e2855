/* ritz_lstsq: its methods and choices, the decision and its reasons, certified sets, ranks, and
 * what cannot be solved.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/lstsq_check.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static void vary(struct lsq_problem *q, struct forms *walk)
{
    if (!next_forms(walk)) {
        *walk = forms_of(3, 0);
        (void)next_forms(walk);
    }
    memcpy(q->f, walk->f, sizeof q->f);
}

/* Weights between 0 and 2, some of which are 0; those rows are not even finite. */
static void weigh(struct lsq_problem *q)
{
    const int64_t m = q->A.rows;
    q->w = omat_create(m, 1);
    for (int64_t i = 0; i < m; i++) {
        q->w.a[i] = i % 7 == 3 ? 0 : 1 + matgen_uniform_at(841, (uint64_t)i);
        if (q->w.a[i] != 0) continue;
        for (int64_t j = 0; j < q->A.cols; j++) OMAT_AT(q->A, i, j) = (long double)NAN;
        for (int64_t j = 0; j < q->B.cols; j++) OMAT_AT(q->B, i, j) = (long double)INFINITY;
    }
}

/* ---- every method with every choice ---------------------------------------------------------- */

/* The sketched problem alone: a residual near the least, and figures that say how near. */
static void judge_sketched(const struct lsq_problem *q, const struct lsq_run *run)
{
    const ritz_lstsq_report *r = &run->report;
    omat best = omat_create(run->a.cols, run->b.cols);
    int64_t rank;
    oracle_lstsq(run->a.rows, run->a.cols, run->b.cols, run->a.a, run->b.a, 0, best.a, &rank);
    omat least = oracle_gemm(-1, run->a, best, 1, run->b);
    const long double ratio = oracle_norm_fro(run->r) / oracle_norm_fro(least);
    (void)expect_bound("lstsq sketched residual", q->dtype, (double)ratio, 1.2);
    const double eta = oracle_lstsq_backward_error(run->a, run->x, run->b);
    (void)expect(r->backward_error > eta / 2 && r->backward_error < 2 * eta,
                 "backward error %g, and %g in the report", eta, r->backward_error);
    omat At = omat_transposed(run->a), g = oracle_product(At, run->r);
    double optimality = 0;
    for (int64_t j = 0; j < g.cols; j++) {
        omat gj = omat_block(g, 0, j, g.rows, 1), rj = omat_block(run->r, 0, j, run->r.rows, 1);
        optimality = fmax(optimality, (double)(oracle_norm_fro(gj) / oracle_norm_fro(rj) /
                                               oracle_norm_fro(run->a)));
        omat_destroy(&gj);
        omat_destroy(&rj);
    }
    (void)expect(r->optimality > 0.8 * optimality && r->optimality < 1.25 * optimality,
                 "optimality %g, and %g in the report", optimality, r->optimality);
    (void)expect(strstr(r->warning, "sketch") != NULL, "no warning: %s", r->warning);
    lsq_judge_report(q, run);
    omat all[] = {best, least, At, g};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void sketched(const struct place *p, const struct lsq_problem *q, ritz_lstsq_reason reason)
{
    struct lsq_run run;
    if (!lsq_begin(p, q)) return;
    lsq_solve(p, q, RITZ_OK, NULL, &run);
    if (run.usable) {
        (void)expect(run.report.method == RITZ_LSTSQ_SKETCH_SOLVE &&
                         run.report.reason_code == reason,
                     "%s was taken: %s", run.report.method_name, run.report.reason);
        if (!q->intercept) judge_sketched(q, &run);
    }
    lsq_end(&run);
}

enum { WEIGHTS = 1, INTERCEPT = 2, PENALTY = 4, MIXED = 8, CHOICES = 16 };

static void all_methods(const struct place *p, ritz_dtype dtype, struct forms *walk)
{
    static const int64_t targets[] = {1, 3, 2};
    int turn = 0;
    for (int method = RITZ_LSTSQ_AUTO; method <= RITZ_LSTSQ_TSQR; method++)
        for (int choices = 0; choices < CHOICES; choices++, turn++) {
            struct lsq_problem q = lsq_make(dtype, 700, 6, targets[turn % 3], 10, 1);
            q.o.method = (ritz_lstsq_method)method;
            q.o.seed = (uint64_t)turn * 11;
            q.o.mixed = (choices & MIXED) != 0;
            q.o.lambda = choices & PENALTY ? 0.01 : 0;
            q.intercept = (choices & INTERCEPT) != 0;
            if (choices & WEIGHTS) weigh(&q);
            q.rank = 6;
            vary(&q, walk);
            if (method == RITZ_LSTSQ_SKETCH_SOLVE)
                sketched(p, &q, RITZ_LSTSQ_REASON_ASKED);
            else if (method == RITZ_LSTSQ_AUTO)
                lsq_try(p, &q);
            else
                lsq_try_expecting(p, &q, (ritz_lstsq_method)method, RITZ_LSTSQ_REASON_ASKED);
            lsq_drop(&q);
        }
}

/* Wide, square and flat problems with weights, intercept and penalty. */
static void other_shapes(const struct place *p, ritz_dtype dtype, struct forms *walk)
{
    static const int64_t shapes[][2] = {{12, 12}, {9, 12}, {30, 12}, {13, 12}, {40, 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int choices = 0; choices < MIXED; choices++) {
            struct lsq_problem q = lsq_make(dtype, shapes[i][0], shapes[i][1], 2, 10, 1);
            q.o.lambda = choices & PENALTY ? 0.01 : 0;
            q.intercept = (choices & INTERCEPT) != 0;
            if (choices & WEIGHTS) weigh(&q);
            vary(&q, walk);
            lsq_try(p, &q);
            lsq_drop(&q);
        }
}

/* A penalty that is far larger, or far smaller, than A, and more rows than the sketch needs. */
static void penalties(const struct place *p, ritz_dtype dtype, struct forms *walk)
{
    static const double lambdas[] = {1e-12, 1e-4, 1, 1e8};
    for (size_t i = 0; i < sizeof lambdas / sizeof *lambdas; i++)
        for (int deficient = 0; deficient < 2; deficient++)
            for (int method = RITZ_LSTSQ_AUTO; method <= RITZ_LSTSQ_TSQR; method++) {
                if (method == RITZ_LSTSQ_SKETCH_SOLVE) continue;
                omat A = deficient ? matgen_duplicates(842, 200, 10, 6, 0)
                                   : matgen_gaussian(842, 200, 10);
                struct lsq_problem q =
                    lsq_make_of(deficient ? "duplicates" : "gaussian", dtype, A, 2, 1);
                q.o.method = (ritz_lstsq_method)method;
                q.o.lambda = lambdas[i];
                vary(&q, walk);
                lsq_try(p, &q);
                lsq_drop(&q);
            }
}

/* ---- the decision ---------------------------------------------------------------------------- */

static void decision(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n,
                     long double kappa, ritz_lstsq_method method, ritz_lstsq_reason reason)
{
    struct lsq_problem q = lsq_make(dtype, m, n, 1, kappa, 1);
    q.name = "decision";
    lsq_try_expecting(p, &q, method, reason);
    lsq_drop(&q);
}

static void decisions(const struct place *p, ritz_dtype dtype)
{
    const long double ill = dtype == RITZ_F32 ? 1e5L : 1e9L;
    decision(p, dtype, 20, 50, 3, RITZ_LSTSQ_MINNORM, RITZ_LSTSQ_UNDERDETERMINED);
    decision(p, dtype, 50, 20, 3, RITZ_LSTSQ_QR, RITZ_LSTSQ_NOT_TALL);
    decision(p, dtype, 79, 20, 3, RITZ_LSTSQ_QR, RITZ_LSTSQ_NOT_TALL);
    decision(p, dtype, 80, 20, 3, RITZ_LSTSQ_NORMAL, RITZ_LSTSQ_WELL_CONDITIONED);
    decision(p, dtype, 400, 20, 3, RITZ_LSTSQ_NORMAL, RITZ_LSTSQ_WELL_CONDITIONED);
    decision(p, dtype, 400, 20, ill, RITZ_LSTSQ_SKETCH_QR, RITZ_LSTSQ_TALL);

    struct lsq_problem q =
        lsq_make_of("decision, duplicates", dtype, matgen_duplicates(843, 400, 20, 13, 0), 2, 1);
    q.rank = 13;
    lsq_try_expecting(p, &q, RITZ_LSTSQ_MINNORM, RITZ_LSTSQ_RANK_DEFICIENT);
    lsq_drop(&q);

    q = lsq_make_of("decision, square and deficient", dtype, matgen_duplicates(843, 20, 20, 13, 0),
                    2, 1);
    q.rank = 13;
    lsq_try_expecting(p, &q, RITZ_LSTSQ_MINNORM, RITZ_LSTSQ_RANK_DEFICIENT);
    lsq_drop(&q);

    for (int digits = 0; digits < 4; digits++) {
        q = lsq_make(dtype, 700, 6, 2, 10, 1);
        q.o.digits = digits;
        if (digits == 1 || digits == 2)
            sketched(p, &q, RITZ_LSTSQ_LOW_ACCURACY);
        else
            lsq_try_expecting(p, &q, RITZ_LSTSQ_NORMAL, RITZ_LSTSQ_WELL_CONDITIONED);
        lsq_drop(&q);
    }
}

/* An estimate of the condition that is right within a small factor, and one that says
 * "singular". */
static void condition_estimate(const struct place *p, ritz_lstsq_method method, long double kappa)
{
    struct lsq_problem q = lsq_make(RITZ_F64, 300, 8, 1, kappa, 1);
    struct lsq_run run;
    q.name = "condition";
    q.o.method = method;
    if (lsq_begin(p, &q)) {
        lsq_solve(p, &q, RITZ_OK, NULL, &run);
        if (run.usable) {
            omat Q, R;
            oracle_qr(run.a, &Q, &R);
            for (int64_t j = 0; j < 8; j++) {
                omat c = omat_block(R, 0, j, 8, 1);
                const long double norm = oracle_norm_fro(c);
                for (int64_t i = 0; i < 8; i++) OMAT_AT(R, i, j) /= norm;
                omat_destroy(&c);
            }
            const double exact = (double)oracle_condition_one(R), got = run.report.condition;
            (void)expect(got > exact / 4 && got < exact * 4, "condition %g, not %g", got, exact);
            omat_destroy(&Q);
            omat_destroy(&R);
        }
        lsq_end(&run);
    }
    lsq_drop(&q);
}

/* ---- ranks ----------------------------------------------------------------------------------- */

/* Small whole numbers: a product of rank r that is exact in every precision. */
static omat whole_rank(uint64_t seed, int64_t m, int64_t n, int64_t r)
{
    omat F = matgen_gaussian(seed, m, r), G = matgen_gaussian(seed + 1, r, n);
    for (int64_t i = 0; i < m * r; i++) F.a[i] = roundl(3 * F.a[i]);
    for (int64_t i = 0; i < r * n; i++) G.a[i] = roundl(3 * G.a[i]);
    omat A = oracle_product(F, G);
    omat_destroy(&F);
    omat_destroy(&G);
    return A;
}

static void ranks(const struct place *p, ritz_dtype dtype, struct forms *walk)
{
    static const int64_t shapes[][2] = {{300, 10}, {20, 10}, {19, 10}, {10, 10},
                                        {10, 19},  {10, 20}, {10, 60}, {47, 10}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const int64_t ranks_of[] = {0, 1, 4, 9, 10};
        for (size_t j = 0; j < 5; j++)
            for (int asked = 0; asked < 2; asked++) {
                struct lsq_problem q = lsq_make_of(
                    "whole numbers", dtype,
                    whole_rank(850 + 10 * j, shapes[i][0], shapes[i][1], ranks_of[j]), 3, 1);
                q.rank = ranks_of[j];
                q.o.method = asked ? RITZ_LSTSQ_MINNORM : RITZ_LSTSQ_AUTO;
                vary(&q, walk);
                lsq_try(p, &q);
                lsq_drop(&q);
            }
    }
}

/* diag(1, 1/10, ..) : R of pivoted QR is known, and so is what a tolerance leaves of it. */
static void tolerance(const struct place *p, ritz_dtype dtype, double rtol, int64_t rank)
{
    struct lsq_problem q = lsq_make_of("falling diagonal", dtype, omat_create(30, 5), 2, 1);
    struct lsq_run run;
    for (int64_t j = 0; j < 5; j++) OMAT_AT(q.A, 3 * j, j) = powl(10, (long double)-j);
    for (int64_t i = 0; i < 60; i++) q.B.a[i] = (long double)(i % 11) - 4;
    q.o.method = RITZ_LSTSQ_MINNORM;
    q.o.rtol = rtol;
    if (lsq_begin(p, &q)) {
        lsq_solve(p, &q, RITZ_OK, NULL, &run);
        if (run.usable) {
            (void)expect(run.report.rank == rank && info_after(run.rank, 0) == rank, "rank %lld",
                         (long long)run.report.rank);
            for (int64_t j = 0; j < 5; j++)
                for (int64_t k = 0; k < 2; k++) {
                    const long double want =
                        j < rank ? OMAT_AT(run.b, 3 * j, k) / OMAT_AT(run.a, 3 * j, j) : 0;
                    const long double off = fabsl(OMAT_AT(run.x, j, k) - want);
                    (void)expect(off <= 8 * (long double)eps_of(dtype) * fabsl(want),
                                 "X(%lld, %lld) is %Lg, not %Lg", (long long)j, (long long)k,
                                 OMAT_AT(run.x, j, k), want);
                }
            (void)expect(rank == 5 || run.report.warning[0] != '\0', "no warning");
        }
        lsq_end(&run);
    }
    lsq_drop(&q);
}

/* ---- certified sets -------------------------------------------------------------------------- */

/* -log10 of the largest relative error: the digits that are right, as in NIST's comparisons (the
 * LRE of McCullough, The American Statistician 52, 1998). */
static double digits_of(omat X, omat want)
{
    long double worst = 0;
    for (int64_t i = 0; i < X.rows; i++)
        worst = fmaxl(worst, fabsl(X.a[i] - want.a[i]) / fabsl(want.a[i]));
    return worst == 0 ? 16 : (double)-log10l(worst);
}

/* X of every method against the exact one: digits are lost in proportion to the condition. */
static void certified(const struct place *p, const char *name, omat A, omat b, omat want)
{
    omat U, values, V;
    oracle_svd(A, &U, &values, &V);
    const double kappa = (double)(values.a[0] / values.a[A.cols - 1]);
    omat_destroy(&U);
    omat_destroy(&values);
    omat_destroy(&V);
    for (int method = RITZ_LSTSQ_AUTO; method <= RITZ_LSTSQ_TSQR; method++) {
        struct lsq_problem q = lsq_make_of(name, RITZ_F64, omat_copy(A), 1, 0);
        struct lsq_run run;
        omat_destroy(&q.B);
        q.B = omat_copy(b);
        q.o.method = (ritz_lstsq_method)method;
        char metric[64];
        (void)snprintf(metric, sizeof metric, "lstsq %s, digits lost", name);
        if (lsq_allows(q.o.method, A.rows, A.cols) && lsq_begin(p, &q)) {
            lsq_solve(p, &q, RITZ_OK, NULL, &run);
            if (run.usable) {
                const double allowed =
                    fmax(0, 16 + log10(kappa * (double)A.cols * eps_of(RITZ_F64)));
                (void)expect_bound(metric, RITZ_F64, 16 - digits_of(run.x, want), allowed);
                lsq_judge(&q, &run);
            }
            lsq_end(&run);
        }
        lsq_drop(&q);
    }
}

/* Wampler (J. Res. NBS 73B, 1969): y = sum of x^k, and of (x/10)^k, k = 0..5, at x = 0..20. */
static void wampler(const struct place *p)
{
    omat A = omat_create(21, 6), b[2] = {omat_create(21, 1), omat_create(21, 1)};
    omat want[2] = {omat_create(6, 1), omat_create(6, 1)};
    for (int64_t j = 0; j < 6; j++) {
        want[0].a[j] = 1;
        want[1].a[j] = powl(0.1L, (long double)j);
    }
    for (int64_t i = 0; i < 21; i++)
        for (int64_t j = 0; j < 6; j++) {
            OMAT_AT(A, i, j) = j == 0 ? 1 : powl((long double)i, (long double)j);
            b[0].a[i] += OMAT_AT(A, i, j);
            b[1].a[i] += OMAT_AT(A, i, j) * want[1].a[j];
        }
    certified(p, "Wampler 1", A, b[0], want[0]);
    certified(p, "Wampler 2", A, b[1], want[1]);
    for (int k = 0; k < 2; k++) {
        omat_destroy(&b[k]);
        omat_destroy(&want[k]);
    }
    omat_destroy(&A);
}

static long double binomial(int64_t n, int64_t k)
{
    long double c = 1;
    for (int64_t i = 1; i <= k; i++) c = roundl(c * (long double)(n - k + i) / (long double)i);
    return c;
}

/* H x = e1 for the Hilbert matrix, times the least common multiple of its denominators so that it
 * is whole; x by the formula of the inverse (Choi, Amer. Math. Monthly 90, 1983). */
static void hilbert(const struct place *p)
{
    static const long double multiple[] = {0, 1, 6, 60, 420, 2520, 27720, 360360, 360360};
    for (int64_t n = 1; n <= 8; n++) {
        omat H = matgen_hilbert(n, n), b = omat_create(n, 1), want = omat_create(n, 1);
        for (int64_t i = 0; i < n * n; i++) H.a[i] = roundl(H.a[i] * multiple[n]);
        b.a[0] = multiple[n];
        for (int64_t i = 0; i < n; i++)
            want.a[i] = (i % 2 ? -1 : 1) * (long double)(i + 1) * binomial(n + i, n - 1) *
                        binomial(n, n - i - 1);
        certified(p, "Hilbert", H, b, want);
        omat_destroy(&H);
        omat_destroy(&b);
        omat_destroy(&want);
    }
}

/* [[1,2,3],[4,5,6],[7,8,9]] x = e1 has x = (-23, -2, 19) / 36 of minimum norm. */
static void three_by_three(const struct place *p, ritz_dtype dtype)
{
    static const long double want[] = {-23, -2, 19};
    struct lsq_problem q = lsq_make_of("1..9", dtype, omat_create(3, 3), 1, 0);
    struct lsq_run run;
    for (int64_t i = 0; i < 3; i++)
        for (int64_t j = 0; j < 3; j++) OMAT_AT(q.A, i, j) = (long double)(3 * i + j + 1);
    for (int64_t i = 0; i < 3; i++) q.B.a[i] = i == 0;
    if (lsq_begin(p, &q)) {
        lsq_solve(p, &q, RITZ_OK, NULL, &run);
        if (run.usable) {
            (void)expect(run.report.rank == 2, "rank %lld", (long long)run.report.rank);
            for (int64_t i = 0; i < 3; i++)
                (void)expect_ratio("lstsq 1..9", dtype,
                                   (double)fabsl(run.x.a[i] - want[i] / 36) / eps_of(dtype), 30);
        }
        lsq_end(&run);
    }
    lsq_drop(&q);
}

/* Filter factors sigma^2 / (sigma^2 + lambda) of the diagonal matrix (10, 5, 1, 0.1): x_i is the
 * factor over sigma_i for b of ones. */
static void filter(const struct place *p, double lambda, const long double *factors)
{
    static const long double sigma[] = {10, 5, 1, 0.1L};
    struct lsq_problem q = lsq_make_of("filter", RITZ_F64, omat_create(6, 4), 1, 0);
    struct lsq_run run;
    for (int64_t i = 0; i < 4; i++) OMAT_AT(q.A, i, i) = sigma[i];
    for (int64_t i = 0; i < 6; i++) q.B.a[i] = 1;
    q.o.lambda = lambda;
    if (lsq_begin(p, &q)) {
        lsq_solve(p, &q, RITZ_OK, NULL, &run);
        for (int64_t i = 0; run.usable && i < 4; i++)
            (void)expect(fabsl(run.x.a[i] * sigma[i] / factors[i] - 1) < 1e-6L,
                         "factor %lld is %Lg, not %Lg", (long long)i, run.x.a[i] * sigma[i],
                         factors[i]);
        lsq_end(&run);
    }
    lsq_drop(&q);
}

/* ---- what cannot be solved ------------------------------------------------------------------- */

static void flawed(const struct place *p, ritz_dtype dtype, ritz_lstsq_method method, int64_t m,
                   int64_t n, bool in_b, long double value)
{
    struct lsq_problem q = lsq_make(dtype, m, n, 2, 3, 1);
    struct lsq_run run;
    q.name = isnan(value) ? in_b ? "NaN in B" : "NaN in A" : in_b ? "Inf in B" : "Inf in A";
    q.o.method = method;
    q.intercept = (int)method % 2;
    if (in_b)
        OMAT_AT(q.B, m / 2, 1) = value;
    else
        OMAT_AT(q.A, m - 1, n / 2) = value;
    if (lsq_begin(p, &q)) {
        lsq_solve(p, &q, RITZ_ERR_NOT_FINITE, "ritz_lstsq|A or B", &run);
        if (run.usable) {
            (void)expect(item_is_nan(run.X, 0, RITZ_BOTH), "X is not NaN");
            (void)expect(item_is_nan(run.norms, 0, RITZ_BOTH), "the norms are not NaN");
            (void)expect(!q.intercept || item_is_nan(run.intercept, 0, RITZ_BOTH),
                         "the intercept is not NaN");
            (void)expect(info_after(run.rank, 0) == -1, "rank %lld",
                         (long long)info_after(run.rank, 0));
        }
        lsq_end(&run);
    }
    lsq_drop(&q);
}

static void all_flawed(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][2] = {{700, 6}, {9, 6}, {5, 6}};
    for (int method = RITZ_LSTSQ_AUTO; method <= RITZ_LSTSQ_TSQR; method++)
        for (size_t i = 0; i < 3; i++) {
            if (!lsq_allows((ritz_lstsq_method)method, shapes[i][0], shapes[i][1])) continue;
            flawed(p, dtype, (ritz_lstsq_method)method, shapes[i][0], shapes[i][1], method % 2,
                   (long double)NAN);
            flawed(p, dtype, (ritz_lstsq_method)method, shapes[i][0], shapes[i][1], method % 2 == 0,
                   (long double)INFINITY);
        }
}

static void bad_weight(const struct place *p, const char *name, long double weight, bool all)
{
    struct lsq_problem q = lsq_make(RITZ_F64, 30, 3, 1, 3, 1);
    struct lsq_run run;
    q.name = name;
    q.w = omat_create(30, 1);
    for (int64_t i = 0; i < 30; i++) q.w.a[i] = all || i == 17 ? weight : 1;
    if (lsq_begin(p, &q)) {
        lsq_solve(p, &q, RITZ_ERR_ARGUMENT, all ? "weights|zero" : "weight 17", &run);
        expect_kept(run.X);
        lsq_end(&run);
    }
    lsq_drop(&q);
}

/* ---- the calls ------------------------------------------------------------------------------- */

/* Nothing to solve, or nothing to solve for. */
static void empty(const struct place *p, int64_t m, int64_t n, int64_t s, int intercept)
{
    struct lsq_problem q = {.name = "empty", .dtype = RITZ_F64, .rank = -1};
    const ritz_lstsq_options defaults = RITZ_LSTSQ_DEFAULTS;
    struct lsq_run run;
    q.o = defaults;
    q.A = matgen_gaussian(861, m, n);
    q.B = matgen_gaussian(862, m, s);
    q.intercept = intercept;
    if (lsq_begin(p, &q)) {
        lsq_solve(p, &q, RITZ_OK, NULL, &run);
        if (run.usable) {
            omat X = item_after(run.X, 0);
            (void)expect(n * s == 0 || s == 0 || oracle_norm_max(X) == 0, "X is not 0");
            omat_destroy(&X);
            lsq_judge_report(&q, &run);
        }
        lsq_end(&run);
    }
    lsq_drop(&q);
}

/* Without options, without a report, and with a report that is not cleared. */
static void bare(const struct place *p)
{
    if (!begin_case(p, "lstsq without options and with a report that is not cleared")) return;
    omat a = matgen_gaussian(863, 40, 3), b = matgen_gaussian(864, 40, 2);
    ritz_lstsq_report report;
    memset(&report, 0x5a, sizeof report);
    report.size = sizeof report;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *B = add_input(&sc, "B", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &b);
    struct operand *X = add_output(&sc, "X", RITZ_F64, COL_PLAIN, 3, 2, 1);
    struct operand *Y = add_output(&sc, "Y", RITZ_F64, COL_PLAIN, 3, 2, 1);
    scene_upload(&sc);
    ritz_status call = ritz_lstsq(p->s, A->mat, B->mat, X->mat, NULL, NULL);
    (void)expect_ok(call);
    call = ritz_lstsq(p->s, A->mat, B->mat, Y->mat, NULL, &report);
    if (scene_finish(&sc, call)) {
        (void)expect(same_bits(X, Y), "a report changes X");
        (void)expect(report.size == sizeof report && report.method == RITZ_LSTSQ_NORMAL &&
                         report.rows == 40 && report.iterations == -1 && report.fallbacks == 0 &&
                         report.warning[0] == '\0',
                     "something is left of what was in the report");
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&b);
}

/* The same seed gives the same bits. */
static void repeated(const struct place *p, ritz_lstsq_method method)
{
    struct lsq_problem q = lsq_make(RITZ_F64, 700, 6, 2, 1e8L, 1);
    q.o.method = method;
    q.o.seed = 3;
    q.name = "repeated";
    if (lsq_begin(p, &q)) {
        struct lsq_run one, two;
        lsq_solve(p, &q, RITZ_OK, NULL, &one);
        lsq_solve(p, &q, RITZ_OK, NULL, &two);
        if (one.usable && two.usable)
            (void)expect(same_bits(one.X, two.X), "the second call gives another X");
        lsq_end(&one);
        lsq_end(&two);
    }
    lsq_drop(&q);
}

static void predict(const struct place *p, ritz_dtype dtype, bool intercept, struct forms *walk)
{
    if (!next_forms(walk)) return;
    if (!begin_case(p, "linear_predict %s intercept %d A %s X %s Y %s", ritz_dtype_name(dtype),
                    intercept, form_name(walk->f[0]), form_name(walk->f[1]), form_name(walk->f[2])))
        return;
    omat a = matgen_uniform(865, 37, 5), x = matgen_uniform(866, 5, 3),
         c = matgen_uniform(867, 1, 3);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, walk->f[0], 1, SHARE_NONE, &a);
    struct operand *X = add_input(&sc, "X", dtype, walk->f[1], 1, SHARE_NONE, &x);
    struct operand *C = add_input(&sc, "intercept", dtype, walk->f[1], 1, SHARE_NONE, &c);
    struct operand *Y = add_output(&sc, "Y", dtype, walk->f[2], 37, 3, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_linear_predict(p->s, A->mat, X->mat,
                                              intercept ? C->mat : RITZ_NO_MAT, Y->mat))) {
        omat a0 = item_before(A, 0), x0 = item_before(X, 0), c0 = item_before(C, 0);
        omat y = item_after(Y, 0), want = oracle_product(a0, x0);
        long double worst = 0;
        for (int64_t j = 0; j < 3; j++)
            for (int64_t i = 0; i < 37; i++)
                worst = fmaxl(worst, fabsl(OMAT_AT(y, i, j) - OMAT_AT(want, i, j) -
                                           (intercept ? c0.a[j] : 0)));
        /* Entries below 1: at most 5 products and the intercept. */
        (void)expect_ratio("linear_predict", dtype, (double)worst / eps_of(dtype) / 6 / 4, 1);
        omat all[] = {a0, x0, c0, y, want};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&x);
    omat_destroy(&c);
}

/* ---- the group ------------------------------------------------------------------------------- */

static void of_type(const struct place *p, ritz_dtype dtype)
{
    struct forms walk = forms_of(3, 0);
    all_methods(p, dtype, &walk);
    other_shapes(p, dtype, &walk);
    penalties(p, dtype, &walk);
    decisions(p, dtype);
    ranks(p, dtype, &walk);
    tolerance(p, dtype, 0, 5);
    tolerance(p, dtype, 0.05, 2);
    tolerance(p, dtype, 0.5, 1);
    tolerance(p, dtype, 5e-4, 4);
    three_by_three(p, dtype);
    all_flawed(p, dtype);
    for (int i = 0; i < 12; i++) predict(p, dtype, i % 2, &walk);
}

void test_lstsq(const struct place *p)
{
    static const long double one[] = {0.990099L, 0.961538L, 0.5L, 0.00990099L};
    static const long double hundredth[] = {0.9999L, 0.9996L, 0.990099L, 0.5L};
    for (int t = 0; t < REALS; t++) of_type(p, reals[t]);
    wampler(p);
    hilbert(p);
    filter(p, 1, one);
    filter(p, 0.01, hundredth);
    static const ritz_lstsq_method methods[] = {RITZ_LSTSQ_QR, RITZ_LSTSQ_SKETCH_QR,
                                                RITZ_LSTSQ_TSQR, RITZ_LSTSQ_MINNORM};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        condition_estimate(p, methods[i], 10);
        condition_estimate(p, methods[i], 1e7L);
        repeated(p, methods[i]);
    }
    bad_weight(p, "a negative weight", -1, false);
    bad_weight(p, "a NaN weight", (long double)NAN, false);
    bad_weight(p, "an infinite weight", (long double)INFINITY, false);
    bad_weight(p, "weights of zero", 0, true);
    for (int intercept = 0; intercept < 2; intercept++) {
        empty(p, 0, 3, 2, intercept);
        empty(p, 5, 0, 2, intercept);
        empty(p, 0, 0, 2, intercept);
        empty(p, 9, 3, 0, intercept);
        empty(p, 3, 9, 0, intercept);
        empty(p, 0, 0, 0, intercept);
    }
    bare(p);
}
