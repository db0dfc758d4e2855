/* Statistics and ridge regression of data whose means are large beside the spread: the digits of
 * the centred data, however the rows came in.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2, M = 60, N = 4, S = 2 };

/* ---- the reference --------------------------------------------------------------------------- */

struct model {
    omat X, c;          /* of the data less its first counted row */
    long double rss[S]; /* weighted squares of the residuals */
    long double cond;
};

static void drop_model(struct model *r)
{
    omat_destroy(&r->X);
    omat_destroy(&r->c);
}

/* diag(w)^½ (A - 1 mean), with rows of zeros for a penalty below; rows of weight 0 are not read. */
static omat centred(omat A, omat w, bool intercept, int64_t more, omat *mean)
{
    omat out = omat_create(A.rows + more, A.cols);
    long double total = 0;
    *mean = omat_create(1, A.cols);
    for (int64_t i = 0; i < A.rows; i++) total += w.a[i];
    for (int64_t j = 0; j < A.cols; j++) {
        for (int64_t i = 0; intercept && i < A.rows; i++)
            if (w.a[i] > 0) mean->a[j] += w.a[i] * OMAT_AT(A, i, j) / total;
        for (int64_t i = 0; i < A.rows; i++)
            if (w.a[i] > 0) OMAT_AT(out, i, j) = sqrtl(w.a[i]) * (OMAT_AT(A, i, j) - mean->a[j]);
    }
    return out;
}

static struct model model_of(omat A, omat B, omat w, bool intercept, long double lambda)
{
    struct model r = {.cond = 0};
    omat mean_a, mean_b, Q, R, U, V, sigma;
    omat D = centred(A, w, intercept, A.cols, &mean_a);
    omat C = centred(B, w, intercept, A.cols, &mean_b);
    for (int64_t j = 0; j < A.cols; j++) OMAT_AT(D, A.rows + j, j) = sqrtl(lambda);
    oracle_qr(D, &Q, &R);
    oracle_svd(D, &U, &sigma, &V);
    r.cond = sigma.a[0] / sigma.a[A.cols - 1];
    omat Qt = omat_transposed(Q), QtC = oracle_product(Qt, C);
    r.X = oracle_trsm(ORACLE_UPPER, ORACLE_NON_UNIT, R, QtC);
    omat shift = oracle_product(mean_a, r.X), DX = oracle_product(D, r.X);
    r.c = oracle_add(mean_b, -1, shift);
    for (int64_t j = 0; j < B.cols; j++)
        for (int64_t i = 0; i < A.rows; i++) {
            const long double e = OMAT_AT(C, i, j) - OMAT_AT(DX, i, j);
            r.rss[j] += e * e;
        }
    omat *all[] = {&mean_a, &mean_b, &Q, &R, &U, &V, &sigma, &D, &C, &Qt, &QtC, &shift, &DX};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
    return r;
}

/* Rows less one of them: differences of close numbers are exact. */
static omat less_row(omat A, int64_t row)
{
    omat out = omat_create(A.rows, A.cols);
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            OMAT_AT(out, i, j) = OMAT_AT(A, i, j) - OMAT_AT(A, row, j);
    return out;
}

/* ---- the data -------------------------------------------------------------------------------- */

/* Ways for the rows to come in; in some of them the weights are not 1. */
enum way { WHOLE, STREAMED, ONE_AND_REST, REST_AND_ONE, BACKWARDS, WEIGHTED, REPEATED, WAYS };
static const char *const way_names[WAYS] = {"at once",
                                            "streamed",
                                            "one merged with the rest",
                                            "the rest merged with one",
                                            "from the last on",
                                            "weighted",
                                            "repeated"};

struct means_case {
    const struct place *p;
    ritz_dtype dtype;
    enum way way;
    bool intercept;
    long double lambda;
};

/* Row 1 is the first with a positive weight where there are weights. */
static bool weighted(const struct means_case *c)
{
    return c->way == WEIGHTED || c->way == REPEATED;
}

struct data {
    struct scene sc;
    omat a, b, w;
    struct operand *A, *B, *W;
};

static void data_begin(struct data *d, const struct means_case *c)
{
    const long double large = c->dtype == RITZ_F32 ? 1e3L : 1e9L;
    omat noise = matgen_gaussian(202, M, S);
    d->a = matgen_gaussian(201, M, N);
    d->b = omat_create(M, S);
    d->w = omat_create(M, 1);
    for (int64_t i = 0; i < M; i++) {
        d->w.a[i] = weighted(c) ? (long double)(i % 4) : 1;
        for (int64_t j = 0; j < S; j++) {
            OMAT_AT(d->b, i, j) = OMAT_AT(noise, i, j) / 4 + (long double)(3 * j - 1) * large;
            for (int64_t k = 0; k < N; k++)
                OMAT_AT(d->b, i, j) += OMAT_AT(d->a, i, k) / (long double)(k + j + 1);
        }
    }
    for (int64_t k = 0; k < N; k++)
        for (int64_t i = 0; i < M; i++)
            OMAT_AT(d->a, i, k) += large * (k % 2 ? -1 : 1) / (long double)(k + 1);
    if (weighted(c)) OMAT_AT(d->a, 0, 1) = OMAT_AT(d->b, 4, 0) = (long double)NAN; /* weight 0 */
    omat_destroy(&noise);
    scene_begin(&d->sc, c->p);
    d->A = add_input(&d->sc, "A", c->dtype, COL_PLAIN, 1, SHARE_NONE, &d->a);
    d->B = add_input(&d->sc, "B", c->dtype, COL_PLAIN, 1, SHARE_NONE, &d->b);
    d->W = add_input(&d->sc, "weights", c->dtype, COL_PLAIN, 1, SHARE_NONE, &d->w);
}

static void data_end(struct data *d)
{
    scene_end(&d->sc);
    omat_destroy(&d->a);
    omat_destroy(&d->b);
    omat_destroy(&d->w);
}

static void add_some(const struct means_case *c, const struct data *d, ritz_lstsq_stats *stats,
                     int64_t row, int64_t count)
{
    const ritz_dmat A = ritz_row_range(d->A->mat, row, count);
    const ritz_dmat B = ritz_row_range(d->B->mat, row, count);
    (void)expect_ok(ritz_lstsq_stats_add(c->p->s, stats, A, B,
                                         c->way == WEIGHTED ? ritz_row_range(d->W->mat, row, count)
                                                            : RITZ_NO_MAT));
}

static void gather(const struct means_case *c, const struct data *d, ritz_lstsq_stats **stats)
{
    ritz_stream *s = c->p->s;
    const int64_t cut = c->way == ONE_AND_REST ? 1 : M - 1;
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    ritz_lstsq_stats *other = NULL;
    if (!expect_ok(ritz_lstsq_stats_create(s, c->dtype, N, S, stats))) return;
    switch (c->way) {
    case STREAMED:
        o.block_rows = 7;
        (void)expect_ok(ritz_lstsq_stats_add_rows(s, *stats, ritz_rows_dmat(d->A->mat),
                                                  ritz_rows_dmat(d->B->mat), &o));
        break;
    case ONE_AND_REST:
    case REST_AND_ONE:
        (void)expect_ok(ritz_lstsq_stats_create(s, c->dtype, N, S, &other));
        add_some(c, d, *stats, 0, cut);
        add_some(c, d, other, cut, M - cut);
        (void)expect_ok(ritz_lstsq_stats_merge(s, *stats, other));
        (void)expect_ok(ritz_lstsq_stats_destroy(s, &other));
        break;
    case BACKWARDS:
        for (int64_t i = M - 1; i >= 0; i--) add_some(c, d, *stats, i, 1);
        break;
    case REPEATED:
        for (int64_t i = 0; i < M; i++)
            for (int64_t k = 0; k < i % 4; k++) add_some(c, d, *stats, i, 1);
        break;
    case WHOLE:
    case WEIGHTED:
    case WAYS: add_some(c, d, *stats, 0, M); break;
    }
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* What rounding of the rows alone does to a solution. */
static long double unit_of(const struct means_case *c, const struct model *r)
{
    return (long double)(M + N) * eps_of(c->dtype) * r->cond;
}

static void check_solution(const struct means_case *c, const char *what, const struct model *r,
                           omat a, omat b, int64_t row, omat x, omat intercept)
{
    const long double unit = unit_of(c, r);
    omat diff = oracle_add(x, -1, r->X);
    (void)expect_ratio(what, c->dtype,
                       (double)(oracle_norm_max(diff) / (oracle_norm_max(r->X) * unit)), 2);
    omat_destroy(&diff);
    for (int64_t j = 0; c->intercept && j < S; j++) {
        long double want = r->c.a[j] + OMAT_AT(b, row, j), size = fabsl(OMAT_AT(b, row, j));
        for (int64_t k = 0; k < N; k++) {
            want -= OMAT_AT(a, row, k) * OMAT_AT(r->X, k, j);
            size += fabsl(OMAT_AT(a, row, k)) * oracle_norm_max(r->X);
        }
        (void)expect_ratio("intercept of large means", c->dtype,
                           (double)(fabsl(intercept.a[j] - want) / (size * unit)), 2);
    }
}

static void check_rss(const struct means_case *c, const char *what, const struct model *r,
                      int64_t j, long double squares)
{
    (void)expect_ratio(what, c->dtype,
                       (double)(fabsl(squares - r->rss[j]) / (r->rss[j] * unit_of(c, r))), 20);
}

/* ---- statistics ------------------------------------------------------------------------------ */

static void statistics(const struct means_case *c)
{
    if (!begin_case(c->p, "lstsq_stats %s of large means, %s%s, lambda %Lg",
                    ritz_dtype_name(c->dtype), way_names[c->way], c->intercept ? ", intercept" : "",
                    c->lambda))
        return;
    struct data d;
    data_begin(&d, c);
    struct operand *X = add_output(&d.sc, "X", c->dtype, COL_PLAIN, N, S, 1);
    struct operand *C = add_output(&d.sc, "intercept", c->dtype, COL_PLAIN, 1, S, 1);
    struct operand *norms = add_output(&d.sc, "norms", RITZ_F64, COL_PLAIN, S, 1, 1);
    scene_upload(&d.sc);
    ritz_lstsq_stats *stats = NULL;
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    o.lambda = (double)c->lambda;
    o.residual_norms = norms->mat;
    if (c->intercept) o.intercept = C->mat;
    gather(c, &d, &stats);
    if (!c->intercept) (void)expect_ok(ritz_op_fill(c->p->s, 0.0, C->mat));
    (void)expect_ok(ritz_lstsq_stats_solve(c->p->s, stats, X->mat, &o, NULL));
    if (scene_finish(&d.sc, ritz_lstsq_stats_destroy(c->p->s, &stats))) {
        const int64_t row = weighted(c) ? 1 : 0;
        omat a = item_before(d.A, 0), b = item_before(d.B, 0);
        omat as = c->intercept ? less_row(a, row) : omat_copy(a);
        omat bs = c->intercept ? less_row(b, row) : omat_copy(b);
        omat x = item_after(X, 0), intercept = item_after(C, 0), got = item_after(norms, 0);
        struct model r = model_of(as, bs, d.w, c->intercept, c->lambda);
        check_solution(c, "statistics of large means", &r, a, b, row, x, intercept);
        for (int64_t j = 0; c->intercept && j < S; j++)
            check_rss(c, "residual norms of large means", &r, j, got.a[j] * got.a[j]);
        drop_model(&r);
        omat *all[] = {&a, &b, &as, &bs, &x, &intercept, &got};
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
    }
    data_end(&d);
}

/* ---- ridge regression ------------------------------------------------------------------------ */

enum { PENALTIES = 2 };
static const long double penalties[PENALTIES] = {0, 20};

static ritz_status fit(const struct means_case *c, const struct data *d, bool from_stats,
                       ritz_ridge **ridge)
{
    ritz_ridge_options o = RITZ_RIDGE_DEFAULTS;
    o.intercept = 1;
    if (!from_stats) {
        if (c->way == WEIGHTED) o.weights = d->W->mat;
        return ritz_ridge_fit(c->p->s, d->A->mat, d->B->mat, &o, ridge);
    }
    ritz_lstsq_stats *stats = NULL;
    gather(c, d, &stats);
    const ritz_status rc = ritz_ridge_fit_stats(c->p->s, stats, &o, ridge);
    (void)expect_ok(ritz_lstsq_stats_destroy(c->p->s, &stats));
    return rc;
}

/* The residuals of rows by models of the others: those of weight 0 among the rows. */
static void check_left_out(const struct means_case *c, omat as, omat bs, omat w, omat got)
{
    omat others = omat_copy(w);
    for (int64_t i = 0; i < M; i += 7) {
        if (w.a[i] == 0) continue;
        others.a[i] = 0;
        struct model r = model_of(as, bs, others, true, penalties[1]);
        for (int64_t j = 0; j < S; j++) {
            long double e = OMAT_AT(bs, i, j) - r.c.a[j];
            for (int64_t k = 0; k < N; k++) e -= OMAT_AT(as, i, k) * OMAT_AT(r.X, k, j);
            (void)expect_ratio("leave one out of large means", c->dtype,
                               (double)(fabsl(OMAT_AT(got, i, j) - e) / unit_of(c, &r)), 2);
        }
        drop_model(&r);
        others.a[i] = w.a[i];
    }
    omat_destroy(&others);
}

static void ridge(const struct means_case *c, bool from_stats)
{
    if (!begin_case(c->p, "ridge %s of large means, %s%s", ritz_dtype_name(c->dtype),
                    way_names[c->way], from_stats ? ", statistics" : ""))
        return;
    omat some = omat_create(PENALTIES, 1);
    for (int64_t l = 0; l < PENALTIES; l++) some.a[l] = penalties[l];
    struct data d;
    data_begin(&d, c);
    struct operand *L = add_input(&d.sc, "lambda", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &some);
    struct operand *X = add_output(&d.sc, "X", c->dtype, COL_PLAIN, N, S, PENALTIES);
    struct operand *C = add_output(&d.sc, "intercept", c->dtype, COL_PLAIN, 1, S, PENALTIES);
    struct operand *rss = add_output(&d.sc, "rss", RITZ_F64, COL_PLAIN, PENALTIES, S, 1);
    struct operand *E = add_output(&d.sc, "E", c->dtype, COL_PLAIN, M, S, 1);
    scene_upload(&d.sc);
    ritz_ridge *object = NULL;
    if (expect_ok(fit(c, &d, from_stats, &object))) {
        const ritz_dmat w = c->way == WEIGHTED ? d.W->mat : RITZ_NO_MAT;
        (void)expect_ok(ritz_ridge_solve(c->p->s, object, L->mat, X->mat, C->mat));
        (void)expect_ok(
            ritz_ridge_scores(c->p->s, object, L->mat, RITZ_NO_MAT, rss->mat, RITZ_NO_MAT));
        (void)expect_ok(ritz_ridge_leave_one_out(c->p->s, object, ritz_row_range(L->mat, 1, 1),
                                                 d.A->mat, d.B->mat, w, E->mat));
    }
    if (scene_finish(&d.sc, ritz_ridge_destroy(c->p->s, &object))) {
        const int64_t row = weighted(c) ? 1 : 0;
        omat a = item_before(d.A, 0), b = item_before(d.B, 0);
        omat as = less_row(a, row), bs = less_row(b, row);
        omat squares = item_after(rss, 0), left = item_after(E, 0);
        for (int64_t l = 0; l < PENALTIES; l++) {
            omat x = item_after(X, l), intercept = item_after(C, l);
            struct model r = model_of(as, bs, d.w, true, penalties[l]);
            check_solution(c, "ridge of large means", &r, a, b, row, x, intercept);
            for (int64_t j = 0; j < S; j++)
                check_rss(c, "ridge rss of large means", &r, j, OMAT_AT(squares, l, j));
            drop_model(&r);
            omat_destroy(&x);
            omat_destroy(&intercept);
        }
        check_left_out(c, as, bs, d.w, left);
        omat *all[] = {&a, &b, &as, &bs, &squares, &left};
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
    }
    data_end(&d);
    omat_destroy(&some);
}

void test_lstsq_means(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        for (int way = 0; way < WAYS; way++)
            for (int kind = 0; kind < 4; kind++)
                statistics(&(struct means_case){.p = p,
                                                .dtype = reals[t],
                                                .way = (enum way)way,
                                                .intercept = kind % 2 == 0,
                                                .lambda = kind / 2 ? 3 : 0});
        for (int way = 0; way < REPEATED; way++)
            for (int from_stats = way != WHOLE && way != WEIGHTED; from_stats < 2; from_stats++)
                ridge(
                    &(struct means_case){
                        .p = p, .dtype = reals[t], .way = (enum way)way, .intercept = true},
                    from_stats);
    }
}
