/* Ridge regression for many penalties, against its definition in long double: the explicit hat
 * matrix, and refits without a row.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2, PENALTIES = 5 };
static const long double penalties[PENALTIES] = {0, 0.01L, 1, 10, 1000};

/* ---- the reference --------------------------------------------------------------------------- */

/* diag(w)^½ (A - 1 mean), with the means; weights may be empty. */
static omat centred(omat A, omat w, bool intercept, omat *mean)
{
    omat out = omat_copy(A);
    long double total = 0;
    *mean = omat_create(1, A.cols);
    for (int64_t i = 0; i < A.rows; i++) total += w.a ? w.a[i] : 1;
    for (int64_t j = 0; intercept && j < A.cols; j++) {
        for (int64_t i = 0; i < A.rows; i++) mean->a[j] += (w.a ? w.a[i] : 1) * OMAT_AT(A, i, j);
        mean->a[j] /= total;
    }
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            OMAT_AT(out, i, j) = sqrtl(w.a ? w.a[i] : 1) * (OMAT_AT(A, i, j) - mean->a[j]);
    return out;
}

/* The model of one penalty, from singular values above 1e-5 of the first; what the hat matrix of
 * the weighted rows is, and the residuals. */
struct model {
    omat X, c, H, sigma;
    omat residual; /* not weighted */
    long double dof;
};

static void drop_model(struct model *r)
{
    omat *all[] = {&r->X, &r->c, &r->H, &r->sigma, &r->residual};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
}

static struct model reference(omat A, omat B, omat w, bool intercept, long double lambda)
{
    struct model r = {.dof = intercept};
    omat mean_a, mean_b, U, V;
    omat Aw = centred(A, w, intercept, &mean_a), Bw = centred(B, w, intercept, &mean_b);
    oracle_svd(Aw, &U, &r.sigma, &V);
    omat F = omat_create(r.sigma.rows, A.rows), Uf = omat_copy(U);
    for (int64_t k = 0; k < r.sigma.rows; k++) {
        const long double s = r.sigma.a[k], used = s > 1e-5L * r.sigma.a[0];
        r.dof += used > 0 ? s * s / (s * s + lambda) : 0;
        for (int64_t i = 0; i < A.rows; i++) {
            OMAT_AT(F, k, i) = used > 0 ? s / (s * s + lambda) * OMAT_AT(U, i, k) : 0;
            OMAT_AT(Uf, i, k) *= used > 0 ? s * s / (s * s + lambda) : 0;
        }
    }
    omat VF = oracle_product(V, F), Ut = omat_transposed(U);
    r.X = oracle_product(VF, Bw);
    r.H = oracle_product(Uf, Ut);
    omat shift = oracle_product(mean_a, r.X), AX = oracle_product(A, r.X);
    r.c = oracle_add(mean_b, -1, shift);
    r.residual = oracle_add(B, -1, AX);
    long double total = 0;
    for (int64_t i = 0; i < A.rows; i++) total += w.a ? w.a[i] : 1;
    for (int64_t i = 0; i < A.rows; i++) {
        for (int64_t j = 0; j < B.cols; j++) OMAT_AT(r.residual, i, j) -= r.c.a[j];
        if (intercept) OMAT_AT(r.H, i, i) += (w.a ? w.a[i] : 1) / total;
    }
    omat *all[] = {&mean_a, &mean_b, &U, &V, &Aw, &Bw, &F, &Uf, &VF, &Ut, &shift, &AX};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
    return r;
}

static omat without_row(omat A, int64_t row)
{
    omat out = omat_create(A.rows - 1, A.cols);
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            if (i != row) OMAT_AT(out, i - (i > row), j) = OMAT_AT(A, i, j);
    return out;
}

/* The residuals of row i by the model of the others. */
static void left_out(omat A, omat B, omat w, bool intercept, long double lambda, int64_t i,
                     long double *e)
{
    omat A1 = without_row(A, i), B1 = without_row(B, i), w1 = {0};
    if (w.a) w1 = without_row(w, i);
    struct model r = reference(A1, B1, w1, intercept, lambda);
    for (int64_t j = 0; j < B.cols; j++) {
        e[j] = OMAT_AT(B, i, j) - r.c.a[j];
        for (int64_t k = 0; k < A.cols; k++) e[j] -= OMAT_AT(A, i, k) * OMAT_AT(r.X, k, j);
    }
    drop_model(&r);
    omat_destroy(&A1);
    omat_destroy(&B1);
    omat_destroy(&w1);
}

/* ---- a case ---------------------------------------------------------------------------------- */

struct ridge_case {
    const struct place *p;
    ritz_dtype dtype;
    int64_t m, n, s;
    bool intercept, weighted, from_stats;
    int64_t rank; /* of A */
    struct form f[3];
};

static double distance(omat want, omat got)
{
    long double d = 0, size = 0;
    for (int64_t e = 0; e < want.rows * want.cols; e++) {
        d = fmaxl(d, isnan(got.a[e]) ? (long double)INFINITY : fabsl(got.a[e] - want.a[e]));
        size = fmaxl(size, fabsl(want.a[e]));
    }
    return (double)(size > 0 ? d / size : d);
}

static double scale_of(const struct ridge_case *c, const struct model *r)
{
    const int64_t k = c->rank < r->sigma.rows ? c->rank : r->sigma.rows;
    if (r->sigma.a[0] == 0) return (double)(c->m + c->n) * eps_of(c->dtype);
    long double least = r->sigma.a[0];
    for (int64_t i = 0; i < k; i++)
        if (r->sigma.a[i] > 1e-5L * r->sigma.a[0]) least = r->sigma.a[i];
    return (double)(c->m + c->n) * eps_of(c->dtype) * (double)(r->sigma.a[0] / least);
}

/* Coefficients and figures of every penalty. */
static void check_path(const struct ridge_case *c, omat A, omat B, omat w, const struct operand *X,
                       const struct operand *intercept, const struct operand *dof,
                       const struct operand *rss, const struct operand *gcv)
{
    omat d = item_after(dof, 0), rs = item_after(rss, 0), g = item_after(gcv, 0);
    int64_t counted = 0;
    for (int64_t i = 0; i < c->m; i++) counted += !w.a || w.a[i] > 0;
    for (int64_t l = 0; l < PENALTIES; l++) {
        struct model r = reference(A, B, w, c->intercept, penalties[l]);
        omat x = item_after(X, l), b = item_after(intercept, l);
        const double unit = scale_of(c, &r);
        const long double size = oracle_norm_max(B);
        (void)expect_ratio("ridge coefficients", c->dtype, distance(r.X, x) / unit, 10);
        for (int64_t j = 0; j < c->s; j++) {
            (void)expect_ratio("ridge intercept", c->dtype,
                               (double)(fabsl(b.a[j] - r.c.a[j]) / size) / unit, 30);
            long double sum = 0;
            for (int64_t i = 0; i < c->m; i++)
                sum += (w.a ? w.a[i] : 1) * OMAT_AT(r.residual, i, j) * OMAT_AT(r.residual, i, j);
            const long double total = size * size * (long double)c->m;
            const long double rest = 1 - r.dof / (long double)counted;
            (void)expect_ratio("ridge rss", c->dtype,
                               (double)(fabsl(OMAT_AT(rs, l, j) - sum) / total) / unit, 10);
            const long double score = sum / (long double)counted / (rest * rest);
            if (rest > 0.01L)
                (void)expect_ratio("ridge gcv", c->dtype,
                                   (double)(fabsl(OMAT_AT(g, l, j) - score) * rest * rest / total *
                                            (long double)counted) /
                                       unit,
                                   30);
            if (rest < 1e-12L)
                (void)expect(isinf(OMAT_AT(g, l, j)), "gcv is %Lg where dof is the number of rows",
                             OMAT_AT(g, l, j));
        }
        (void)expect_ratio("ridge dof", c->dtype,
                           (double)(fabsl(d.a[l] - r.dof) / (1 + r.dof)) / unit, 10);
        omat_destroy(&x);
        omat_destroy(&b);
        drop_model(&r);
    }
    omat_destroy(&d);
    omat_destroy(&rs);
    omat_destroy(&g);
}

static void check_left_out(const struct ridge_case *c, omat A, omat B, omat w, long double lambda,
                           const struct operand *E)
{
    omat got = item_after(E, 0);
    struct model r = reference(A, B, w, c->intercept, lambda);
    const double unit = scale_of(c, &r);
    long double *e = calloc((size_t)(c->s + 1), sizeof *e);
    if (!e) abort();
    for (int64_t i = 0; i < c->m; i++) {
        const long double rest = 1 - OMAT_AT(r.H, i, i);
        if (rest < 1e-3L) {
            /* What the others do not determine. */
            for (int64_t j = 0; rest < 1e-12L && j < c->s; j++)
                (void)expect(isnan(OMAT_AT(got, i, j)), "residual %Lg of row %lld",
                             OMAT_AT(got, i, j), (long long)i);
            continue;
        }
        left_out(A, B, w, c->intercept, lambda, i, e);
        for (int64_t j = 0; j < c->s; j++)
            (void)expect_ratio(
                "ridge leave one out", c->dtype,
                (double)(fabsl(OMAT_AT(got, i, j) - e[j]) * rest * rest / oracle_norm_max(B)) /
                    unit,
                30);
    }
    free(e);
    drop_model(&r);
    omat_destroy(&got);
}

static ritz_status fit(const struct ridge_case *c, ritz_dmat A, ritz_dmat B, ritz_dmat w,
                       ritz_ridge **ridge)
{
    ritz_ridge_options o = RITZ_RIDGE_DEFAULTS;
    o.intercept = c->intercept;
    if (!c->from_stats) {
        o.weights = w;
        return ritz_ridge_fit(c->p->s, A, B, &o, ridge);
    }
    ritz_lstsq_stats *stats = NULL;
    (void)expect_ok(ritz_lstsq_stats_create(c->p->s, c->dtype, c->n, c->s, &stats));
    (void)expect_ok(ritz_lstsq_stats_add(c->p->s, stats, A, B, w));
    const ritz_status rc = ritz_ridge_fit_stats(c->p->s, stats, &o, ridge);
    (void)expect_ok(ritz_lstsq_stats_destroy(c->p->s, &stats));
    return rc;
}

static omat list(int64_t count, const long double *values)
{
    omat v = omat_create(count, 1);
    for (int64_t i = 0; i < count; i++) v.a[i] = values[i];
    return v;
}

static void one(const struct ridge_case *c)
{
    if (!begin_case(c->p, "ridge %s %lld x %lld rank %lld, %lld targets%s%s%s A %s X %s gcv %s",
                    ritz_dtype_name(c->dtype), (long long)c->m, (long long)c->n, (long long)c->rank,
                    (long long)c->s, c->intercept ? ", intercept" : "",
                    c->weighted ? ", weights" : "", c->from_stats ? ", statistics" : "",
                    form_name(c->f[0]), form_name(c->f[1]), form_name(c->f[2])))
        return;
    omat a = c->rank < c->n && c->rank < c->m ? matgen_rank(31, c->m, c->n, c->rank)
                                              : matgen_gaussian(32, c->m, c->n);
    omat b = matgen_gaussian(33, c->m, c->s), weights = omat_create(c->m, 1);
    for (int64_t i = 0; i < c->m; i++) weights.a[i] = i % 4 == 3 ? 0 : 0.25L * (long double)(i + 2);
    if (c->rank == c->n && c->m > c->n) /* a row that alone determines a coefficient */
        for (int64_t i = 0; i < c->m; i++) OMAT_AT(a, i, c->n - 1) = i == 1 ? 2 : 0;
    for (int64_t e = 0; c->intercept && e < c->m * c->n; e++) a.a[e] += 3;
    omat some = list(PENALTIES, penalties), single = list(1, penalties + 2),
         zero = list(1, penalties);
    struct scene sc;
    scene_begin(&sc, c->p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->f[0], 1, SHARE_NONE, &a);
    struct operand *B = add_input(&sc, "B", c->dtype, c->f[1], 1, SHARE_NONE, &b);
    struct operand *W =
        c->weighted ? add_input(&sc, "weights", c->dtype, c->f[2], 1, SHARE_NONE, &weights) : NULL;
    struct operand *L = add_input(&sc, "lambda", RITZ_F64, c->f[2], 1, SHARE_NONE, &some);
    struct operand *X = add_output(&sc, "X", c->dtype, c->f[1], c->n, c->s, PENALTIES);
    struct operand *C = add_output(&sc, "intercept", c->dtype, c->f[0], 1, c->s, PENALTIES);
    struct operand *dof = add_output(&sc, "dof", RITZ_F64, c->f[0], PENALTIES, 1, 1);
    struct operand *rss = add_output(&sc, "rss", RITZ_F64, c->f[1], PENALTIES, c->s, 1);
    struct operand *gcv = add_output(&sc, "gcv", RITZ_F64, c->f[2], PENALTIES, c->s, 1);
    struct operand *E = add_output(&sc, "E", c->dtype, c->f[1], c->m, c->s, 1);
    scene_upload(&sc);
    ritz_ridge *ridge = NULL;
    const ritz_dmat w = W ? W->mat : RITZ_NO_MAT;
    const int64_t at = c->rank < c->n ? 2 : 0; /* of the penalties: leave one out */
    if (expect_ok(fit(c, A->mat, B->mat, w, &ridge))) {
        (void)expect_ok(ritz_ridge_solve(c->p->s, ridge, L->mat, X->mat, C->mat));
        (void)expect_ok(ritz_ridge_scores(c->p->s, ridge, L->mat, dof->mat, rss->mat, gcv->mat));
        (void)expect_ok(ritz_ridge_leave_one_out(c->p->s, ridge, ritz_row_range(L->mat, at, 1),
                                                 A->mat, B->mat, w, E->mat));
    }
    if (scene_finish(&sc, ritz_ridge_destroy(c->p->s, &ridge))) {
        omat am = item_before(A, 0), bm = item_before(B, 0), wm = {0};
        if (W) wm = item_before(W, 0);
        check_path(c, am, bm, wm, X, C, dof, rss, gcv);
        check_left_out(c, am, bm, wm, penalties[at], E);
        omat_destroy(&am);
        omat_destroy(&bm);
        omat_destroy(&wm);
    }
    scene_end(&sc);
    omat *all[] = {&a, &b, &weights, &some, &single, &zero};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
}

static void sweep(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][4] = {{9, 4, 2, 4},  {30, 7, 3, 7}, {6, 6, 1, 6}, {5, 11, 2, 5},
                                        {12, 6, 2, 3}, {7, 20, 1, 3}, {1, 3, 2, 1}, {40, 1, 1, 1}};
    int turn = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (struct forms walk = forms_of(3, full_level() ? 8 : 4); next_forms(&walk); turn++) {
            const struct ridge_case c = {.p = p,
                                         .dtype = dtype,
                                         .m = shapes[i][0],
                                         .n = shapes[i][1],
                                         .s = shapes[i][2],
                                         .rank = shapes[i][3],
                                         .intercept = turn % 2,
                                         .weighted = turn / 2 % 2 && shapes[i][0] > 1,
                                         .from_stats = turn / 4 % 2,
                                         .f = {walk.f[0], walk.f[1], walk.f[2]}};
            one(&c);
        }
}

/* ---- published values ------------------------------------------------------------------------ */

/* A of the given values, and B the identity. */
static void diagonal_problem(const struct place *p, ritz_dtype dtype, long double unit)
{
    static const long double values[4] = {10, 5, 1, 0.1L};
    static const long double shrunk[2][4] = {{0.990099L, 0.961538L, 0.5L, 0.00990099L},
                                             {0.9999L, 0.9996L, 0.990099L, 0.5L}};
    static const long double degrees[PENALTIES] = {4, 3.4896L, 2.4615L, 1.7153L, 0.1163L};
    if (!begin_case(p, "ridge %s of diag(10, 5, 1, 0.1) * %Lg", ritz_dtype_name(dtype), unit))
        return;
    omat diagonal = list(4, values), a = omat_diagonal(diagonal), b = omat_identity(4, 4);
    omat some = list(PENALTIES, penalties);
    for (int64_t e = 0; e < 16; e++) a.a[e] *= unit;
    for (int64_t l = 0; l < PENALTIES; l++) some.a[l] *= unit * unit;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *B = add_input(&sc, "B", dtype, COL_PLAIN, 1, SHARE_NONE, &b);
    struct operand *L = add_input(&sc, "lambda", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &some);
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, 4, 4, PENALTIES);
    struct operand *dof = add_output(&sc, "dof", RITZ_F64, COL_PLAIN, PENALTIES, 1, 1);
    scene_upload(&sc);
    ritz_ridge *ridge = NULL;
    if (expect_ok(ritz_ridge_fit(p->s, A->mat, B->mat, NULL, &ridge))) {
        (void)expect(ritz_ridge_rank(ridge) == 4, "rank %lld", (long long)ritz_ridge_rank(ridge));
        (void)expect(ritz_ridge_singular_values(ridge).rows == 4, "number of values");
        (void)expect_ok(ritz_ridge_solve(p->s, ridge, L->mat, X->mat, RITZ_NO_MAT));
        (void)expect_ok(ritz_ridge_scores(p->s, ridge, L->mat, dof->mat, RITZ_NO_MAT, RITZ_NO_MAT));
    }
    if (scene_finish(&sc, ritz_ridge_destroy(p->s, &ridge))) {
        omat d = item_after(dof, 0);
        for (int64_t l = 0; l < PENALTIES; l++)
            (void)expect(fabsl(d.a[l] - degrees[l]) < 6e-5L, "dof %Lg of penalty %Lg", d.a[l],
                         penalties[l]);
        for (int64_t l = 0; l < 2; l++) {
            omat x = item_after(X, l == 0 ? 2 : 1);
            for (int64_t i = 0; i < 4; i++) {
                const long double f = OMAT_AT(x, i, i) * OMAT_AT(a, i, i);
                (void)expect(fabsl(f - shrunk[l][i]) < 1e-6L, "filter factor %Lg, not %Lg", f,
                             shrunk[l][i]);
            }
            omat_destroy(&x);
        }
        omat_destroy(&d);
    }
    scene_end(&sc);
    omat *all[] = {&diagonal, &a, &b, &some};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
}

/* ---- properties ------------------------------------------------------------------------------ */

/* A penalty for each target is the same as each target alone; a bad one is NaN, and only there. */
static void own_penalties(const struct place *p, ritz_dtype dtype, struct form form)
{
    enum { ROWS = 10, COLS = 3, TARGETS = 3, LISTS = 2 };
    if (!begin_case(p, "ridge %s with a penalty for each target, lambda %s", ritz_dtype_name(dtype),
                    form_name(form)))
        return;
    omat a = matgen_gaussian(41, ROWS, COLS), b = matgen_gaussian(42, ROWS, TARGETS);
    omat each = omat_create(LISTS, TARGETS);
    for (int64_t e = 0; e < LISTS * TARGETS; e++) each.a[e] = 0.5L * (long double)e;
    OMAT_AT(each, 1, 1) = -1;
    OMAT_AT(each, 1, 2) = (long double)NAN;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *B = add_input(&sc, "B", dtype, COL_PLAIN, 1, SHARE_NONE, &b);
    struct operand *L = add_input(&sc, "lambda", RITZ_F64, form, 1, SHARE_NONE, &each);
    struct operand *X = add_output(&sc, "X", dtype, form, COLS, TARGETS, LISTS);
    struct operand *gcv = add_output(&sc, "gcv", RITZ_F64, form, LISTS, TARGETS, 1);
    scene_upload(&sc);
    ritz_ridge *ridge = NULL;
    if (expect_ok(ritz_ridge_fit(p->s, A->mat, B->mat, NULL, &ridge))) {
        (void)expect_ok(ritz_ridge_solve(p->s, ridge, L->mat, X->mat, RITZ_NO_MAT));
        (void)expect_ok(ritz_ridge_scores(p->s, ridge, ritz_cols(L->mat, 1, 1), RITZ_NO_MAT,
                                          RITZ_NO_MAT, gcv->mat));
    }
    if (scene_finish(&sc, ritz_ridge_destroy(p->s, &ridge))) {
        omat am = item_before(A, 0), bm = item_before(B, 0), g = item_after(gcv, 0);
        for (int64_t l = 0; l < LISTS; l++) {
            omat x = item_after(X, l);
            for (int64_t j = 0; j < TARGETS; j++) {
                const long double lambda = OMAT_AT(each, l, j);
                omat bj = omat_block(bm, 0, j, ROWS, 1), xj = omat_block(x, 0, j, COLS, 1);
                struct model r = reference(am, bj, (omat){0}, false, lambda >= 0 ? lambda : 1);
                if (lambda >= 0)
                    (void)expect_ratio("ridge own penalty", dtype,
                                       distance(r.X, xj) / (100 * eps_of(dtype)), 10);
                for (int64_t i = 0; !(lambda >= 0) && i < COLS; i++)
                    (void)expect(isnan(xj.a[i]), "penalty %Lg gave %Lg", lambda, xj.a[i]);
                (void)expect((bool)isnan(OMAT_AT(g, l, j)) == (l == 1), "gcv %Lg of a penalty %Lg",
                             OMAT_AT(g, l, j), OMAT_AT(each, l, 1));
                drop_model(&r);
                omat_destroy(&bj);
                omat_destroy(&xj);
            }
            omat_destroy(&x);
        }
        omat_destroy(&am);
        omat_destroy(&bm);
        omat_destroy(&g);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&b);
    omat_destroy(&each);
}

/* No rows of lambda, no targets, no columns. */
static void nothing(const struct place *p, ritz_dtype dtype, int64_t n, int64_t s, int64_t L)
{
    if (!begin_case(p, "ridge %s of 5 x %lld, %lld targets, %lld penalties", ritz_dtype_name(dtype),
                    (long long)n, (long long)s, (long long)L))
        return;
    omat a = matgen_gaussian(51, 5, n), b = matgen_gaussian(52, 5, s), some = omat_create(L, 1);
    omat negative = omat_create(1, 1);
    negative.a[0] = -1;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *B = add_input(&sc, "B", dtype, COL_PLAIN, 1, SHARE_NONE, &b);
    struct operand *P = add_input(&sc, "lambda", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &some);
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, n, s, L);
    struct operand *dof = add_output(&sc, "dof", RITZ_F64, COL_PLAIN, L, 1, 1);
    struct operand *rss = add_output(&sc, "rss", RITZ_F64, COL_PLAIN, L, s, 1);
    struct operand *E = add_output(&sc, "E", dtype, COL_PLAIN, 5, s, 1);
    struct operand *bad = add_input(&sc, "negative", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &negative);
    struct operand *dof_bad = add_output(&sc, "bad dof", RITZ_F64, COL_PLAIN, 1, 1, 1);
    struct operand *rss_bad = add_output(&sc, "bad rss", RITZ_F64, COL_PLAIN, 1, s, 1);
    scene_upload(&sc);
    ritz_ridge_options o = RITZ_RIDGE_DEFAULTS;
    o.intercept = 1;
    ritz_ridge *ridge = NULL;
    if (expect_ok(ritz_ridge_fit(p->s, A->mat, B->mat, &o, &ridge))) {
        (void)expect_ok(ritz_ridge_solve(p->s, ridge, P->mat, X->mat, RITZ_NO_MAT));
        (void)expect_ok(ritz_ridge_scores(p->s, ridge, P->mat, dof->mat, rss->mat, RITZ_NO_MAT));
        (void)expect_ok(
            ritz_ridge_scores(p->s, ridge, bad->mat, dof_bad->mat, rss_bad->mat, RITZ_NO_MAT));
        if (L == 1)
            (void)expect_ok(
                ritz_ridge_leave_one_out(p->s, ridge, P->mat, A->mat, B->mat, RITZ_NO_MAT, E->mat));
    }
    if (scene_finish(&sc, ritz_ridge_destroy(p->s, &ridge))) {
        omat d = item_after(dof, 0), e = item_after(E, 0), bm = item_before(B, 0);
        omat db = item_after(dof_bad, 0), rb = item_after(rss_bad, 0);
        (void)expect(isnan(db.a[0]), "dof %Lg of a negative penalty", db.a[0]);
        for (int64_t j = 0; j < s; j++)
            (void)expect(isnan(rb.a[j]), "rss %Lg of a negative penalty", rb.a[j]);
        omat_destroy(&db);
        omat_destroy(&rb);
        if (L > 0) (void)expect(fabsl(d.a[0] - (long double)(n + 1)) < 1e-5L, "dof %Lg", d.a[0]);
        for (int64_t j = 0; n == 0 && L == 1 && j < s; j++) { /* the mean of the others */
            long double others = 0;
            for (int64_t i = 1; i < 5; i++) others += OMAT_AT(bm, i, j) / 4;
            (void)expect_ratio("ridge of no columns", dtype,
                               (double)fabsl(OMAT_AT(e, 0, j) - (OMAT_AT(bm, 0, j) - others)) /
                                   (50 * eps_of(dtype)),
                               1);
        }
        omat_destroy(&d);
        omat_destroy(&e);
        omat_destroy(&bm);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&b);
    omat_destroy(&some);
    omat_destroy(&negative);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refused(const struct place *p, const char *what, omat a, omat b, omat w,
                    ritz_status code, const char *words)
{
    if (!begin_case(p, "ridge_fit of %s", what)) return;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *B = add_input(&sc, "B", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &b);
    struct operand *W = w.a ? add_input(&sc, "w", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &w) : NULL;
    scene_upload(&sc);
    ritz_ridge_options o = RITZ_RIDGE_DEFAULTS;
    if (W) o.weights = W->mat;
    ritz_ridge *ridge = NULL;
    (void)expect_error(ritz_ridge_fit(p->s, A->mat, B->mat, &o, &ridge), code, words);
    (void)expect(ridge == NULL, "an object in spite of the error");
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
}

static void refusals(const struct place *p)
{
    for (int wide = 0; wide < 2; wide++) {
        const int64_t m = wide ? 3 : 6, n = wide ? 6 : 3;
        omat a = matgen_gaussian(61, m, n), b = matgen_gaussian(62, m, 2), w = omat_create(m, 1);
        refused(p, "weights that are zero", a, b, w, RITZ_ERR_ARGUMENT, "ritz_ridge_fit|zero");
        w.a[1] = -1;
        refused(p, "a negative weight", a, b, w, RITZ_ERR_ARGUMENT, "ritz_ridge_fit|weight 1");
        b.a[1] = (long double)NAN;
        refused(p, "a NaN in B", a, b, (omat){0}, RITZ_ERR_NOT_FINITE, "ritz_ridge_fit|NaN");
        b.a[1] = 0;
        a.a[2] = (long double)INFINITY;
        refused(p, "an infinity in A", a, b, (omat){0}, RITZ_ERR_NOT_FINITE,
                "ritz_ridge_fit|infinity");
        omat none = omat_create(0, n), nothing_b = omat_create(0, 2);
        refused(p, "no rows", none, nothing_b, (omat){0}, RITZ_ERR_SHAPE, "rows");
        omat *all[] = {&a, &b, &w, &none, &nothing_b};
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
    }
}

void test_ridge(const struct place *p)
{
    for (int d = 0; d < REALS; d++) {
        sweep(p, reals[d]);
        diagonal_problem(p, reals[d], 1);
        if (reals[d] == RITZ_F64) {
            diagonal_problem(p, RITZ_F64, 0x1p500L);
            diagonal_problem(p, RITZ_F64, 0x1p-500L);
        }
        for (struct forms walk = forms_of(1, 0); next_forms(&walk);)
            own_penalties(p, reals[d], walk.f[0]);
        for (int64_t L = 0; L < 2; L++) {
            nothing(p, reals[d], 3, 2, L);
            nothing(p, reals[d], 0, 2, L);
            nothing(p, reals[d], 3, 0, L);
        }
    }
    refusals(p);
}
