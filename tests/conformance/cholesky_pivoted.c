/* Cholesky factorization with diagonal pivoting, of positive semidefinite matrices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static oracle_uplo as_oracle(ritz_uplo uplo)
{
    return uplo == RITZ_UPPER ? ORACLE_UPPER : ORACLE_LOWER;
}
static const char *uplo_name(ritz_uplo uplo)
{
    return uplo == RITZ_UPPER ? "upper" : "lower";
}

struct pivoted_case {
    int64_t n, rank, k, batch; /* of rank `rank`; at most k steps */
    ritz_dtype dtype;
    ritz_uplo uplo;
    struct form fa, fb;
    bool with_info;
};

/* The triangle that must not be read becomes NaN. */
static void hide_other_triangle(omat A, ritz_uplo uplo)
{
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            if (uplo == RITZ_LOWER ? i < j : i > j) OMAT_AT(A, i, j) = (long double)NAN;
}

static void expect_infos(const struct operand *info, int64_t count, const int64_t *want)
{
    for (int64_t b = 0; info && b < count; b++)
        if (info_after(info, b) != (want ? want[b] : 0))
            (void)expect(false, "info of item %lld is %lld, not %lld", (long long)b,
                         (long long)info_after(info, b), (long long)(want ? want[b] : 0));
}

/* Semidefinite of rank r, with eigenvalues between 1/2 and 1 beside the zeros. */
static omat semidefinite(uint64_t seed, int64_t n, int64_t r)
{
    omat w = matgen_spectrum_rank(n, r, 0), A = matgen_with_eigenvalues(seed, w);
    omat_destroy(&w);
    return A;
}

struct worst {
    double error, nuclear;
};

/* An item whose rank and error were reported. */
static void check_pivoted(const struct pivoted_case *c, const struct scene *sc, int64_t b,
                          int64_t rank, long double error, struct worst *worst)
{
    const struct operand *op = sc->operand; /* in the order of pivoted_one */
    const int64_t want = c->rank < c->k ? c->rank : c->k;
    omat a = item_before(&op[0], b), A = oracle_symmetric(as_oracle(c->uplo), a);
    omat F = item_after(&op[1], b), pivots = item_after(&op[2], b);
    const long double scale = (long double)(c->n * c->n) * (long double)eps_of(c->dtype);
    if (rank != want)
        (void)expect(false, "the rank of item %lld is %lld, not %lld", (long long)b,
                     (long long)rank, (long long)want);
    worst->error =
        oracle_worst(worst->error, oracle_pivoted_ratio(A, F, pivots, rank, error, DBL_EPSILON));
    if (c->n > 0 && c->n <= 20)
        worst->nuclear = oracle_worst(
            worst->nuclear, (double)(fabsl(oracle_nuclear_distance(A, F) - error) / scale));
    omat all[] = {a, A, F, pivots};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static void pivoted_one(const struct place *p, const struct pivoted_case *c)
{
    if (!begin_case(p, "cholesky_pivoted %s n %lld rank %lld k %lld batch %lld %s A %s F %s %s",
                    ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->rank, (long long)c->k,
                    (long long)c->batch, uplo_name(c->uplo), form_name(c->fa), form_name(c->fb),
                    c->with_info ? "info" : "no info"))
        return;
    omat *a = calloc((size_t)(c->batch > 0 ? c->batch : 1), sizeof *a);
    if (!a) abort();
    for (int64_t b = 0; b < c->batch || b == 0; b++) {
        a[b] = semidefinite(87 + (uint64_t)b, c->n, c->rank);
        hide_other_triangle(a[b], c->uplo);
    }
    ritz_pivoted_cholesky_options opts = RITZ_PIVOTED_CHOLESKY_DEFAULTS;
    opts.uplo = c->uplo;
    opts.rtol = 100 * (double)(c->n > 0 ? c->n : 1) * eps_of(c->dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->fa, c->batch, SHARE_NONE, a);
    struct operand *F = add_output(&sc, "F", c->dtype, c->fb, c->n, c->k, c->batch);
    struct operand *pivots = add_output(&sc, "pivots", RITZ_I32, c->fa, c->n, 1, c->batch);
    struct operand *rank = add_output(&sc, "rank", RITZ_I32, c->fb, c->batch, 1, 1);
    struct operand *error = add_output(&sc, "error", RITZ_F64, c->fa, c->batch, 1, 1);
    struct operand *info = c->with_info ? add_info(&sc, c->fb, c->batch) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc,
                     ritz_cholesky_pivoted(p->s, A->mat, F->mat, pivots->mat, rank->mat, error->mat,
                                           &opts, info ? info->mat : RITZ_NO_MAT))) {
        expect_infos(info, c->batch, NULL);
        struct worst worst = {0, 0};
        omat errors = item_after(error, 0);
        for (int64_t b = 0; b < c->batch; b++)
            check_pivoted(c, &sc, b, info_after(rank, b), errors.a[b], &worst);
        (void)expect_ratio("cholesky_pivoted error", RITZ_F64, worst.error, 30);
        (void)expect_ratio("cholesky_pivoted nuclear norm", c->dtype, worst.nuclear, 30);
        omat_destroy(&errors);
    }
    scene_end(&sc);
    free_items(a, c->batch);
}

/* One matrix for all items: each has what it has alone. */
static void pivoted_shared(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "cholesky_pivoted %s, one matrix for three", ritz_dtype_name(dtype))) return;
    omat a = semidefinite(88, 9, 9);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 3, SHARE_STRIDE, &a);
    struct operand *F = add_output(&sc, "F", dtype, COL_PLAIN, 9, 9, 3);
    struct operand *pivots = add_output(&sc, "pivots", RITZ_I32, COL_PLAIN, 9, 1, 3);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_cholesky_pivoted(p->s, A->mat, F->mat, pivots->mat, RITZ_NO_MAT,
                                                RITZ_NO_MAT, NULL, RITZ_NO_MAT)))
        for (int64_t b = 0; b < 3; b++) {
            omat f = item_after(F, b), ft = omat_transposed(f), product = oracle_product(f, ft);
            omat rounded = item_before(A, 0);
            (void)expect_ratio("cholesky_pivoted |A - FF'|", dtype,
                               oracle_factor_ratio(rounded, product, eps_of(dtype)), 30);
            omat_destroy(&f);
            omat_destroy(&ft);
            omat_destroy(&product);
            omat_destroy(&rounded);
        }
    scene_end(&sc);
    omat_destroy(&a);
}

/* Steps that can be counted by hand. */
static void pivoted_by_hand(const struct place *p, ritz_dtype dtype, struct form form,
                            bool with_info)
{
    if (!begin_case(p, "cholesky_pivoted %s by hand, %s, %s", ritz_dtype_name(dtype),
                    form_name(form), with_info ? "info" : "no info"))
        return;
    enum { ITEMS = 6 };
    static const double by_hand[ITEMS][9] = {
        {1, 2, 0, 2, 4, 0, 0, 0, 3},  /* pivots 1, 2; nothing is left of row 0 */
        {0, 0, 0, 0, 0, 0, 0, 0, 0},  /* rank 0 */
        {1, 2, 0, 2, 1, 0, 0, 0, 0},  /* indefinite after one step */
        {1, 0, 0, 0, -1, 0, 0, 0, 1}, /* and before */
        {1, 0, 0, 0, 1, 0, 0, 0, NAN}, {2, 0, 0, 0, 2, 0, 0, 0, 2}, /* equal: the first one first */
    };
    static const int64_t want[ITEMS] = {0, 0, 2, 1, -1, 0}, ranks[ITEMS] = {2, 0, 1, 0, 0, 3};
    static const int64_t first[ITEMS] = {1, 0, 0, 0, 0, 0};
    omat a[ITEMS];
    for (int b = 0; b < ITEMS; b++) a[b] = omat_from_f64(by_hand[b], 3, 3, 1, 3);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, form, ITEMS, SHARE_NONE, a);
    struct operand *F = add_output(&sc, "F", dtype, form, 3, 3, ITEMS);
    struct operand *pivots = add_output(&sc, "pivots", RITZ_I32, form, 3, 1, ITEMS);
    struct operand *rank = add_output(&sc, "rank", RITZ_I32, form, ITEMS, 1, 1);
    struct operand *error = add_output(&sc, "error", RITZ_F64, form, ITEMS, 1, 1);
    struct operand *info = with_info ? add_info(&sc, form, ITEMS) : NULL;
    scene_upload(&sc);
    if (scene_collect(&sc,
                      ritz_cholesky_pivoted(p->s, A->mat, F->mat, pivots->mat, rank->mat,
                                            error->mat, NULL, info ? info->mat : RITZ_NO_MAT),
                      with_info ? RITZ_OK : RITZ_ERR_NOT_SPD, "ritz_cholesky_pivoted|item 2")) {
        omat e = item_after(error, 0), n = item_after(rank, 0);
        expect_infos(info, ITEMS, want);
        for (int b = 0; b < ITEMS; b++) {
            omat order = item_after(pivots, b);
            (void)expect(fabsl(n.a[b] - (long double)ranks[b]) <= 0, "the rank of item %d is %Lg",
                         b, n.a[b]);
            (void)expect(fabsl(order.a[0] - (long double)first[b]) <= 0,
                         "the first pivot of item %d is %Lg", b, order.a[0]);
            (void)expect(item_is_nan(F, b, RITZ_BOTH) == (want[b] != 0),
                         "item %d is NaN, or is not", b);
            (void)expect(want[b] != 0 ? (bool)isnan(e.a[b]) : fabsl(e.a[b]) <= 0,
                         "the error of item %d is %Lg", b, e.a[b]);
            omat_destroy(&order);
        }
        omat_destroy(&e);
        omat_destroy(&n);
    }
    scene_end(&sc);
    for (int b = 0; b < ITEMS; b++) omat_destroy(&a[b]);
}

/* The largest elements stop the elimination: atol, rtol, and no columns at all. */
static void pivoted_tolerance(const struct place *p, ritz_dtype dtype)
{
    static const struct {
        double rtol, atol;
        int64_t k, rank;
        double error;
    } t[] = {{0, 0, 4, 4, 0},   {0.3, 0, 4, 2, 3}, {0, 2.5, 4, 2, 3},
             {0.3, 5, 4, 1, 7}, {0, 0, 0, 0, 15},  {0, 0, 3, 3, 1}};
    static const double diagonal[] = {4, 1, 8, 2};
    for (size_t v = 0; v < sizeof t / sizeof *t; v++) {
        if (!begin_case(p, "cholesky_pivoted %s of diag(4, 1, 8, 2), rtol %g atol %g k %lld",
                        ritz_dtype_name(dtype), t[v].rtol, t[v].atol, (long long)t[v].k))
            continue;
        omat a = omat_create(4, 4);
        for (int64_t i = 0; i < 4; i++) OMAT_AT(a, i, i) = diagonal[i];
        ritz_pivoted_cholesky_options opts = RITZ_PIVOTED_CHOLESKY_DEFAULTS;
        opts.rtol = t[v].rtol;
        opts.atol = t[v].atol;
        struct scene sc;
        scene_begin(&sc, p);
        struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
        struct operand *F = add_output(&sc, "F", dtype, COL_PLAIN, 4, t[v].k, 1);
        struct operand *pivots = add_output(&sc, "pivots", RITZ_I32, COL_PLAIN, 4, 1, 1);
        struct operand *rank = add_output(&sc, "rank", RITZ_I32, COL_PLAIN, 1, 1, 1);
        struct operand *error = add_output(&sc, "error", RITZ_F64, COL_PLAIN, 1, 1, 1);
        scene_upload(&sc);
        if (scene_finish(&sc, ritz_cholesky_pivoted(p->s, A->mat, F->mat, pivots->mat, rank->mat,
                                                    error->mat, &opts, RITZ_NO_MAT))) {
            omat e = item_after(error, 0);
            (void)expect(info_after(rank, 0) == t[v].rank, "the rank is %lld",
                         (long long)info_after(rank, 0));
            (void)expect_ratio("cholesky_pivoted by hand", dtype,
                               (double)(fabsl(e.a[0] - t[v].error) / (16 * eps_of(dtype))), 30);
            omat_destroy(&e);
        }
        scene_end(&sc);
        omat_destroy(&a);
    }
}

void test_cholesky_pivoted(const struct place *p)
{
    int turn = 0;
    for (int t = 0; t < REALS; t++) {
        pivoted_shared(p, reals[t]);
        pivoted_tolerance(p, reals[t]);
        for (const struct shape *s = NULL; (s = next_shape("cholesky", s));) {
            struct forms walk = forms_of(2, s->n > 50 ? 3 : s->n > 7 ? 6 : 13);
            if (s->batch >= 100) walk.left = 1;
            for (; next_forms(&walk); turn++) {
                /* Of full and half rank; all columns, some, and so few that they are made one by
                 * one. */
                const int64_t n = s->n, ranks[] = {n, n / 2, n, n}, steps[] = {n, n, n / 3, n / 9};
                for (int v = 0; v < (s->batch >= 100 ? 1 : 4); v++) {
                    struct pivoted_case c = {n,         ranks[v],  steps[v],
                                             s->batch,  reals[t],  (ritz_uplo)(turn % 2),
                                             walk.f[0], walk.f[1], turn % 3 == 0};
                    if (s->batch > 1 && s->batch < 100 && turn % 4 == 3)
                        c.fa.view = c.fb.view = VIEW_INTERLEAVED;
                    pivoted_one(p, &c);
                }
            }
        }
        for (struct forms walk = forms_of(1, 0); next_forms(&walk);)
            for (int with_info = 0; with_info <= 1; with_info++)
                pivoted_by_hand(p, reals[t], walk.f[0], with_info);
    }
}
