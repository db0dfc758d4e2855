/* Statistics of least squares problems: adding, merging, solving, and files that are damaged.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };
static const char *path(void)
{
    return own_file("lstsq.stats");
}

/* ---- the reference --------------------------------------------------------------------------- */

/* [diag(w)^½ [A 1]; √λ I 0] and the right-hand sides. */
static omat stacked(omat A, omat w, bool intercept, long double lambda, bool right)
{
    const int64_t n = A.cols, rows = A.rows + (lambda > 0 && !right ? n : 0);
    omat out = omat_create(right ? A.rows : rows, n + (intercept && !right));
    for (int64_t i = 0; i < A.rows; i++) {
        const long double root = sqrtl(w.a ? w.a[i] : 1);
        for (int64_t j = 0; j < n; j++) OMAT_AT(out, i, j) = root * OMAT_AT(A, i, j);
        if (intercept && !right) OMAT_AT(out, i, n) = root;
    }
    for (int64_t j = 0; lambda > 0 && !right && j < n; j++)
        OMAT_AT(out, A.rows + j, j) = sqrtl(lambda);
    return out;
}

/* [X; c] of full rank, and the norms of the columns of diag(w)^½ (B - A X - 1 c). */
static omat reference(omat A, omat B, omat w, bool intercept, long double lambda, omat *norms,
                      long double *cond)
{
    omat M = stacked(A, w, intercept, lambda, false), C = stacked(B, w, false, 0, true), Q, R, X;
    omat top, Qt, QtC, V, U, sigma, MX, D;
    oracle_qr(M, &Q, &R);
    top = omat_block(Q, 0, 0, A.rows, Q.cols); /* the penalty's right-hand side is 0 */
    Qt = omat_transposed(top);
    QtC = oracle_product(Qt, C);
    X = oracle_trsm(ORACLE_UPPER, ORACLE_NON_UNIT, R, QtC);
    oracle_svd(M, &U, &sigma, &V);
    *cond = sigma.a[0] / sigma.a[sigma.rows - 1];
    omat head = omat_block(M, 0, 0, A.rows, M.cols);
    MX = oracle_product(head, X);
    D = oracle_add(C, -1, MX);
    *norms = omat_create(B.cols, 1);
    for (int64_t j = 0; j < B.cols; j++) {
        omat d = omat_block(D, 0, j, D.rows, 1);
        norms->a[j] = oracle_norm_fro(d);
        omat_destroy(&d);
    }
    omat *all[] = {&M, &C, &Q, &R, &top, &Qt, &QtC, &V, &U, &sigma, &MX, &D, &head};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
    return X;
}

/* ---- adding, merging, saving, solving -------------------------------------------------------- */

enum way { AT_ONCE, IN_PARTS, MERGED, SAVED, STREAMED, WAYS };
static const char *const way_names[WAYS] = {"at once", "in parts", "merged", "saved", "streamed"};

struct stats_case {
    const struct place *p;
    ritz_dtype dtype;
    int64_t m, n, s;
    enum way way;
    bool intercept, weighted;
    double lambda;
    struct form f[3];
};

static ritz_dmat rows_of(ritz_dmat M, int64_t i, int64_t count)
{
    return M.device ? ritz_row_range(M, i, count) : M;
}

/* The statistics of the rows, made in one of the ways. */
static void gather(const struct stats_case *c, ritz_dmat A, ritz_dmat B, ritz_dmat w,
                   ritz_lstsq_stats **stats)
{
    ritz_stream *s = c->p->s;
    const int64_t half = c->m / 2, rest = c->m - half;
    ritz_lstsq_stats *other = NULL;
    if (!expect_ok(ritz_lstsq_stats_create(s, c->dtype, c->n, c->s, stats))) return;
    switch (c->way) {
    case STREAMED:
        if (!c->weighted) {
            ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
            o.block_rows = 5;
            (void)expect_ok(
                ritz_lstsq_stats_add_rows(s, *stats, ritz_rows_dmat(A), ritz_rows_dmat(B), &o));
            return;
        }
        /* fall through */
    case AT_ONCE:
    case SAVED: (void)expect_ok(ritz_lstsq_stats_add(s, *stats, A, B, w)); break;
    case IN_PARTS:
    case MERGED:
    case WAYS:
        (void)expect_ok(ritz_lstsq_stats_create(s, c->dtype, c->n, c->s, &other));
        (void)expect_ok(ritz_lstsq_stats_add(s, *stats, rows_of(A, 0, half), rows_of(B, 0, half),
                                             rows_of(w, 0, half)));
        (void)expect_ok(ritz_lstsq_stats_add(s, c->way == MERGED ? other : *stats,
                                             rows_of(A, half, rest), rows_of(B, half, rest),
                                             rows_of(w, half, rest)));
        (void)expect_ok(ritz_lstsq_stats_merge(s, *stats, other));
        (void)expect_ok(ritz_lstsq_stats_destroy(s, &other));
        break;
    }
    if (c->way != SAVED) return;
    (void)expect_ok(ritz_lstsq_stats_save(s, *stats, path()));
    (void)expect_ok(ritz_lstsq_stats_destroy(s, stats));
    (void)expect_ok(ritz_lstsq_stats_load(s, path(), stats));
    (void)unlink(path());
}

static void check_report(const struct stats_case *c, const ritz_lstsq_report *r, int64_t counted,
                         omat norms)
{
    long double squares = 0;
    for (int64_t j = 0; j < c->s; j++) squares += norms.a[j] * norms.a[j];
    (void)expect(r->rows == counted && r->cols == c->n && r->targets == c->s,
                 "shape of the report");
    (void)expect(r->rank == c->n, "rank %lld", (long long)r->rank);
    (void)expect(r->dof == (double)(counted - c->n - c->intercept), "dof %g", r->dof);
    (void)expect(isnan(r->backward_error), "backward error %g", r->backward_error);
    (void)expect(c->n == 0 || (r->condition >= 1 && isfinite(r->condition)), "condition %g",
                 r->condition);
    (void)expect(r->method == RITZ_LSTSQ_TSQR && r->method_name && r->reason[0], "method");
    if (c->lambda == 0)
        (void)expect(fabsl(r->residual_norm - sqrtl(squares)) <=
                         1000 * eps_of(c->dtype) * r->rhs_norm,
                     "residual norm %g, not %Lg", r->residual_norm, sqrtl(squares));
    (void)expect_bound("statistics optimality", c->dtype, r->optimality,
                       1000 * eps_of(c->dtype) * r->rhs_norm /
                           (r->residual_norm > 0 ? r->residual_norm : r->rhs_norm + 1e-300));
}

static void check_solution(const struct stats_case *c, const struct operand *A,
                           const struct operand *B, const struct operand *W,
                           const struct operand *X, const struct operand *C,
                           const struct operand *N, const ritz_lstsq_report *report)
{
    omat a = item_before(A, 0), b = item_before(B, 0), w = {0}, norms;
    if (W) w = item_before(W, 0);
    omat x = item_after(X, 0), intercept = {0}, got = item_after(N, 0);
    if (C) intercept = item_after(C, 0);
    long double cond = 1, off = 0, wrong = 0;
    int64_t counted = 0;
    for (int64_t i = 0; i < c->m; i++) counted += !w.a || w.a[i] > 0;
    omat want = reference(a, b, w, c->intercept, (long double)c->lambda, &norms, &cond);
    for (int64_t j = 0; j < c->s; j++) {
        for (int64_t i = 0; i < c->n; i++)
            off = fmaxl(off, fabsl(OMAT_AT(x, i, j) - OMAT_AT(want, i, j)));
        if (c->intercept) off = fmaxl(off, fabsl(intercept.a[j] - OMAT_AT(want, c->n, j)));
        wrong = fmaxl(wrong, fabsl(got.a[j] - norms.a[j]));
    }
    const long double unit = (long double)(c->m + c->n) * eps_of(c->dtype) * cond;
    (void)expect_ratio("statistics solution", c->dtype,
                       (double)(off / (oracle_norm_max(want) * unit)), 10);
    (void)expect_ratio("statistics residual norms", c->dtype,
                       (double)(wrong / (oracle_norm_fro(b) * unit)), 10);
    check_report(c, report, counted, norms);
    omat *all[] = {&a, &b, &w, &x, &intercept, &got, &want, &norms};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
}

static void one(const struct stats_case *c)
{
    if (!begin_case(
            c->p, "lstsq_stats %s %lld x %lld, %lld targets, %s%s%s, lambda %g, A %s B %s X %s",
            ritz_dtype_name(c->dtype), (long long)c->m, (long long)c->n, (long long)c->s,
            way_names[c->way], c->intercept ? ", intercept" : "", c->weighted ? ", weights" : "",
            c->lambda, form_name(c->f[0]), form_name(c->f[1]), form_name(c->f[2])))
        return;
    omat a = matgen_gaussian(71, c->m, c->n), b = matgen_gaussian(72, c->m, c->s);
    omat weights = omat_create(c->m, 1);
    for (int64_t i = 0; i < c->m; i++) weights.a[i] = i % 5 == 2 ? 0 : 0.5L * (long double)(i + 1);
    struct scene sc;
    scene_begin(&sc, c->p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->f[0], 1, SHARE_NONE, &a);
    struct operand *B = add_input(&sc, "B", c->dtype, c->f[1], 1, SHARE_NONE, &b);
    struct operand *W =
        c->weighted ? add_input(&sc, "weights", c->dtype, c->f[2], 1, SHARE_NONE, &weights) : NULL;
    struct operand *X = add_output(&sc, "X", c->dtype, c->f[2], c->n, c->s, 1);
    struct operand *C =
        c->intercept ? add_output(&sc, "intercept", c->dtype, c->f[0], 1, c->s, 1) : NULL;
    struct operand *N = add_output(&sc, "norms", RITZ_F64, c->f[1], c->s, 1, 1);
    struct operand *R = add_output(&sc, "rank", RITZ_I32, c->f[0], 1, 1, 1);
    scene_upload(&sc);
    ritz_lstsq_stats *stats = NULL;
    ritz_lstsq_report report = RITZ_LSTSQ_REPORT_INIT;
    gather(c, A->mat, B->mat, W ? W->mat : RITZ_NO_MAT, &stats);
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    o.lambda = c->lambda;
    if (C) o.intercept = C->mat;
    o.residual_norms = N->mat;
    o.rank = R->mat;
    const bool solved = expect_ok(ritz_lstsq_stats_solve(c->p->s, stats, X->mat, &o, &report));
    if (scene_finish(&sc, ritz_lstsq_stats_destroy(c->p->s, &stats)) && solved) {
        check_solution(c, A, B, W, X, C, N, &report);
        (void)expect(info_after(R, 0) == c->n, "rank %lld", (long long)info_after(R, 0));
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&b);
    omat_destroy(&weights);
}

static void ways(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][3] = {{20, 4, 2}, {57, 9, 1}, {12, 1, 3}, {9, 3, 1}};
    int turn = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int way = 0; way < WAYS; way++)
            for (struct forms walk = forms_of(3, 4); next_forms(&walk); turn++) {
                const struct stats_case c = {.p = p,
                                             .dtype = dtype,
                                             .m = shapes[i][0],
                                             .n = shapes[i][1],
                                             .s = shapes[i][2],
                                             .way = (enum way)way,
                                             .intercept = turn % 2,
                                             .weighted = turn / 2 % 2,
                                             .lambda = turn / 4 % 2 ? 0.75 : 0,
                                             .f = {walk.f[0], walk.f[1], walk.f[2]}};
                one(&c);
            }
}

/* ---- a small object -------------------------------------------------------------------------- */

enum { ROWS = 6, COLS = 2 };

struct small {
    struct scene sc;
    omat a, b;
    struct operand *A, *B, *X;
    ritz_lstsq_stats *stats;
};

static void small_begin(struct small *t, const struct place *p, ritz_dtype dtype, long double bad)
{
    t->a = matgen_gaussian(81, ROWS, COLS);
    t->b = matgen_gaussian(82, ROWS, 1);
    if (bad != 0) t->a.a[3] = bad;
    t->stats = NULL;
    scene_begin(&t->sc, p);
    t->A = add_input(&t->sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &t->a);
    t->B = add_input(&t->sc, "B", dtype, COL_PLAIN, 1, SHARE_NONE, &t->b);
    t->X = add_output(&t->sc, "X", dtype, COL_PLAIN, COLS, 1, 1);
    scene_upload(&t->sc);
    (void)expect_ok(ritz_lstsq_stats_create(p->s, dtype, COLS, 1, &t->stats));
}

static void small_end(struct small *t, const struct place *p)
{
    (void)scene_finish(&t->sc, ritz_lstsq_stats_destroy(p->s, &t->stats));
    scene_end(&t->sc);
    omat_destroy(&t->a);
    omat_destroy(&t->b);
}

static int64_t rows_in(const ritz_lstsq_stats *stats)
{
    int64_t rows = -1;
    (void)expect_ok(ritz_lstsq_stats_shape(stats, &rows, NULL, NULL));
    return rows;
}

/* A bad row leaves the object as it was; the good ones still solve. */
static void bad_rows(const struct place *p, ritz_dtype dtype, long double bad)
{
    if (!begin_case(p, "lstsq_stats %s after a row with %Lg", ritz_dtype_name(dtype), bad)) return;
    struct small t;
    small_begin(&t, p, dtype, bad);
    const ritz_dmat A = t.A->mat, B = t.B->mat;
    /* Row 3 is the bad one. */
    (void)expect_ok(ritz_lstsq_stats_add(p->s, t.stats, ritz_row_range(A, 0, 3),
                                         ritz_row_range(B, 0, 3), RITZ_NO_MAT));
    (void)expect_error(ritz_lstsq_stats_add(p->s, t.stats, A, B, RITZ_NO_MAT), RITZ_ERR_NOT_FINITE,
                       "ritz_lstsq_stats_add|NaN");
    (void)expect_error(
        ritz_lstsq_stats_add_rows(p->s, t.stats, ritz_rows_dmat(A), ritz_rows_dmat(B), NULL),
        RITZ_ERR_NOT_FINITE, "ritz_lstsq_stats_add_rows|NaN");
    (void)expect(rows_in(t.stats) == 3, "%lld rows", (long long)rows_in(t.stats));
    (void)expect_ok(ritz_lstsq_stats_add(p->s, t.stats, ritz_row_range(A, 4, 2),
                                         ritz_row_range(B, 4, 2), RITZ_NO_MAT));
    (void)expect_ok(ritz_lstsq_stats_solve(p->s, t.stats, t.X->mat, NULL, NULL));
    omat a = omat_create(5, COLS), b = omat_create(5, 1), norms;
    for (int64_t i = 0; i < 5; i++) {
        OMAT_AT(b, i, 0) = OMAT_AT(t.b, i + (i > 2), 0);
        for (int64_t j = 0; j < COLS; j++) OMAT_AT(a, i, j) = OMAT_AT(t.a, i + (i > 2), j);
    }
    long double cond;
    omat want = reference(a, b, (omat){0}, false, 0, &norms, &cond);
    if (scene_finish(&t.sc, RITZ_OK)) {
        omat x = item_after(t.X, 0);
        for (int64_t i = 0; i < COLS; i++)
            (void)expect(fabsl(x.a[i] - want.a[i]) < 200 * eps_of(dtype) * cond, "X %Lg, not %Lg",
                         x.a[i], want.a[i]);
        omat_destroy(&x);
    }
    small_end(&t, p);
    omat *all[] = {&a, &b, &want, &norms};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
}

/* Rows that determine less than all of X, and no rows at all. */
static void deficient(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "lstsq_stats %s of a constant column and of nothing",
                    ritz_dtype_name(dtype)))
        return;
    enum { M = 40 };
    omat a = matgen_gaussian(91, M, 2), b = matgen_gaussian(92, M, 1);
    for (int64_t i = 0; i < M; i++) OMAT_AT(a, i, 1) = 1.0e5L / 3;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *B = add_input(&sc, "B", dtype, COL_PLAIN, 1, SHARE_NONE, &b);
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, 2, 1, 1);
    struct operand *C = add_output(&sc, "intercept", dtype, COL_PLAIN, 1, 1, 1);
    struct operand *Z = add_output(&sc, "Z", dtype, COL_PLAIN, 2, 1, 1);
    scene_upload(&sc);
    ritz_lstsq_stats *stats = NULL;
    ritz_lstsq_report r = RITZ_LSTSQ_REPORT_INIT;
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    o.intercept = C->mat;
    (void)expect_ok(ritz_lstsq_stats_create(p->s, dtype, 2, 1, &stats));
    (void)expect_ok(ritz_lstsq_stats_solve(p->s, stats, Z->mat, NULL, &r));
    (void)expect(r.rank == 0 && r.rows == 0, "rank %lld of no rows", (long long)r.rank);
    for (int i = 0; i < 4; i++)
        (void)expect_ok(ritz_lstsq_stats_add(p->s, stats, ritz_row_range(A->mat, i * 10, 10),
                                             ritz_row_range(B->mat, i * 10, 10), RITZ_NO_MAT));
    (void)expect_ok(ritz_lstsq_stats_solve(p->s, stats, X->mat, &o, &r));
    (void)expect(r.rank == 1 && r.warning[0], "rank %lld", (long long)r.rank);
    if (scene_finish(&sc, ritz_lstsq_stats_destroy(p->s, &stats))) {
        omat x = item_after(X, 0), z = item_after(Z, 0);
        (void)expect(z.a[0] == 0 && z.a[1] == 0, "X of no rows is %Lg, %Lg", z.a[0], z.a[1]);
        (void)expect(x.a[1] == 0, "the coefficient of a constant is %Lg", x.a[1]);
        omat_destroy(&x);
        omat_destroy(&z);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&b);
}

/* Rows of weight 0 add nothing, whatever is in them; fewer rows than columns leave no degrees of
 * freedom, and no fewer. */
static void no_weight(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "lstsq_stats %s of rows of weight 0", ritz_dtype_name(dtype))) return;
    struct small t;
    omat zeros = omat_create(ROWS, 1);
    small_begin(&t, p, dtype, (long double)NAN); /* in row 3 */
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *W = add_input(&sc, "weights", dtype, COL_PLAIN, 1, SHARE_NONE, &zeros);
    scene_upload(&sc);
    const ritz_dmat A = t.A->mat, B = t.B->mat;
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    ritz_lstsq_report r = RITZ_LSTSQ_REPORT_INIT;
    (void)expect_ok(ritz_lstsq_stats_add(p->s, t.stats, A, B, W->mat));
    (void)expect(rows_in(t.stats) == 0, "%lld rows", (long long)rows_in(t.stats));
    (void)expect_ok(ritz_lstsq_stats_add(p->s, t.stats, ritz_row_range(A, 0, 1),
                                         ritz_row_range(B, 0, 1), RITZ_NO_MAT));
    (void)expect_ok(ritz_lstsq_stats_add(p->s, t.stats, A, B, W->mat));
    (void)expect(rows_in(t.stats) == 1, "%lld rows", (long long)rows_in(t.stats));
    o.lambda = 1;
    (void)expect_ok(ritz_lstsq_stats_solve(p->s, t.stats, t.X->mat, &o, &r));
    (void)expect(r.rank == COLS && r.dof == 0, "rank %lld, dof %g", (long long)r.rank, r.dof);
    /* One row a: X = a b / (1 + aᵀa). */
    if (scene_finish(&t.sc, RITZ_OK)) {
        omat x = item_after(t.X, 0), a = item_before(t.A, 0), b = item_before(t.B, 0);
        long double squares = 1;
        for (int64_t j = 0; j < COLS; j++) squares += OMAT_AT(a, 0, j) * OMAT_AT(a, 0, j);
        for (int64_t j = 0; j < COLS; j++)
            (void)expect(fabsl(x.a[j] - OMAT_AT(a, 0, j) * b.a[0] / squares) <=
                             20 * eps_of(dtype) * fabsl(b.a[0]),
                         "X %Lg", x.a[j]);
        omat_destroy(&x);
        omat_destroy(&a);
        omat_destroy(&b);
    }
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
    small_end(&t, p);
    omat_destroy(&zeros);
}

/* ---- files ----------------------------------------------------------------------------------- */

static size_t slurp(unsigned char *bytes, size_t room)
{
    FILE *f = fopen(path(), "rb");
    if (!f) return 0;
    const size_t got = fread(bytes, 1, room, f);
    (void)fclose(f);
    return got;
}

static void spill(const unsigned char *bytes, size_t count)
{
    FILE *f = fopen(path(), "wb");
    if (!f || fwrite(bytes, 1, count, f) != count || fclose(f) != 0) abort();
}

static void refused(const struct place *p, const char *words)
{
    ritz_lstsq_stats *stats = NULL;
    (void)expect_error(ritz_lstsq_stats_load(p->s, path(), &stats), RITZ_ERR_FORMAT, words);
    (void)expect(stats == NULL, "an object in spite of the error");
}

/* Cut at every length, longer, and with each byte changed: always refused. */
static void damaged(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "lstsq_stats %s files that are damaged", ritz_dtype_name(dtype))) return;
    unsigned char bytes[512];
    struct small t;
    small_begin(&t, p, dtype, 0);
    (void)expect_ok(ritz_lstsq_stats_add(p->s, t.stats, t.A->mat, t.B->mat, RITZ_NO_MAT));
    (void)expect_ok(ritz_lstsq_stats_save(p->s, t.stats, path()));
    const size_t size = slurp(bytes, sizeof bytes - 1);
    (void)expect(size == 64 + 48 + 9 * ritz_dtype_size(dtype), "a file of %zu bytes", size);
    for (size_t length = 0; length < size; length++) {
        spill(bytes, length);
        refused(p, "ritz_lstsq_stats_load|cut short");
    }
    bytes[size] = 0;
    spill(bytes, size + 1);
    refused(p, "longer");
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit += 3) {
            bytes[i] ^= (unsigned char)(1 << bit);
            spill(bytes, size);
            refused(p, i < 8    ? "is no file of"
                       : i < 12 ? "byte order"
                       : i < 16 ? "version"
                       : i < 64 ? "damaged|header"
                                : "damaged|numbers");
            bytes[i] ^= (unsigned char)(1 << bit);
        }
    static const unsigned char swapped[4] = {1, 2, 3, 4}, native[4] = {4, 3, 2, 1};
    (void)expect(memcmp(bytes + 8, native, 4) == 0 || memcmp(bytes + 8, swapped, 4) == 0,
                 "the byte order mark");
    unsigned char mark[4] = {bytes[11], bytes[10], bytes[9], bytes[8]};
    memcpy(bytes + 8, mark, 4);
    spill(bytes, size);
    refused(p, "other byte order");
    (void)unlink(path());
    ritz_lstsq_stats *none = NULL;
    (void)expect_error(ritz_lstsq_stats_load(p->s, path(), &none), RITZ_ERR_IO, path());
    (void)expect_error(ritz_lstsq_stats_save(p->s, t.stats, "no-such-directory/x.stats"),
                       RITZ_ERR_IO, "no-such-directory");
    small_end(&t, p);
}

/* Saving again replaces the file, and a target that is no file is left alone. What a kill leaves is
 * seen in tests/io (test_stats_file.c). */
static void saved_again(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "lstsq_stats %s: saving again replaces as one step", ritz_dtype_name(dtype)))
        return;
    unsigned char before[512], after[512];
    struct small t;
    small_begin(&t, p, dtype, 0);
    (void)expect_ok(ritz_lstsq_stats_add(p->s, t.stats, t.A->mat, t.B->mat, RITZ_NO_MAT));
    (void)expect_ok(ritz_lstsq_stats_save(p->s, t.stats, path()));
    const size_t size = slurp(before, sizeof before);
    /* A directory of the name of the target cannot be replaced, and stays. */
    (void)expect_error(ritz_lstsq_stats_save(p->s, t.stats, "."), RITZ_ERR_IO, "directory");
    (void)expect_ok(ritz_lstsq_stats_add(p->s, t.stats, t.A->mat, t.B->mat, RITZ_NO_MAT));
    (void)expect_ok(ritz_lstsq_stats_save(p->s, t.stats, path()));
    (void)expect(slurp(after, sizeof after) == size && memcmp(before, after, size) != 0,
                 "the file was not replaced");
    ritz_lstsq_stats *loaded = NULL;
    (void)expect_ok(ritz_lstsq_stats_load(p->s, path(), &loaded));
    (void)expect(rows_in(loaded) == 2 * ROWS, "%lld rows", (long long)rows_in(loaded));
    (void)expect_ok(ritz_lstsq_stats_destroy(p->s, &loaded));
    (void)unlink(path());
    small_end(&t, p);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refusals(const struct place *p)
{
    if (!begin_case(p, "lstsq_stats: arguments that are refused")) return;
    struct small t;
    small_begin(&t, p, RITZ_F64, 0);
    ritz_stream *s = p->s;
    const ritz_dmat A = t.A->mat, B = t.B->mat;
    ritz_lstsq_stats *other = NULL;
    (void)expect_error(ritz_lstsq_stats_create(s, RITZ_F16, 2, 1, &other), RITZ_ERR_DTYPE, "dtype");
    (void)expect_error(ritz_lstsq_stats_create(s, RITZ_F64, -1, 1, &other), RITZ_ERR_ARGUMENT,
                       "cols");
    (void)expect_error(ritz_lstsq_stats_add(s, t.stats, ritz_cols(A, 0, 1), B, RITZ_NO_MAT),
                       RITZ_ERR_SHAPE, "A");
    (void)expect_error(ritz_lstsq_stats_add(s, t.stats, A, ritz_row_range(B, 0, 2), RITZ_NO_MAT),
                       RITZ_ERR_SHAPE, "B");
    (void)expect_error(ritz_lstsq_stats_add(s, t.stats, A, B, A), RITZ_ERR_SHAPE, "weight");
    /* B has negative entries. */
    (void)expect_error(ritz_lstsq_stats_add(s, t.stats, A, B, B), RITZ_ERR_ARGUMENT, "weight");
    (void)expect_error(ritz_lstsq_stats_add_rows(s, t.stats, ritz_rows_dmat(A),
                                                 ritz_rows_dmat(ritz_row_range(B, 0, 3)), NULL),
                       RITZ_ERR_SHAPE, "rows");
    (void)expect_error(ritz_lstsq_stats_merge(s, t.stats, t.stats), RITZ_ERR_OVERLAP, "themselves");
    (void)expect_ok(ritz_lstsq_stats_create(s, RITZ_F32, 2, 1, &other));
    (void)expect_error(ritz_lstsq_stats_merge(s, t.stats, other), RITZ_ERR_DTYPE, "other");
    (void)expect_ok(ritz_lstsq_stats_destroy(s, &other));
    (void)expect_ok(ritz_lstsq_stats_create(s, RITZ_F64, 3, 1, &other));
    (void)expect_error(ritz_lstsq_stats_merge(s, t.stats, other), RITZ_ERR_SHAPE, "columns");
    (void)expect_ok(ritz_lstsq_stats_destroy(s, &other));
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    o.lambda = -1;
    (void)expect_error(ritz_lstsq_stats_solve(s, t.stats, t.X->mat, &o, NULL), RITZ_ERR_OPTION,
                       "lambda");
    (void)expect(rows_in(t.stats) == 0, "rows in spite of the errors");
    small_end(&t, p);
}

void test_lstsq_stats(const struct place *p)
{
    for (int d = 0; d < REALS; d++) {
        ways(p, reals[d]);
        bad_rows(p, reals[d], (long double)NAN);
        bad_rows(p, reals[d], -(long double)INFINITY);
        deficient(p, reals[d]);
        no_weight(p, reals[d]);
        damaged(p, reals[d]);
        saved_again(p, reals[d]);
    }
    refusals(p);
}
