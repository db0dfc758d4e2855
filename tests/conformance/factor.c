/* Cholesky factorization and the solves that rest on it.
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

struct chol_case {
    int64_t n, r, batch;
    ritz_dtype dtype;
    ritz_uplo uplo;
    const struct kind *kind;
    struct form fa, fb;
    enum sharing sa;
    bool with_info;
};

/* The triangle that must not be read becomes NaN. */
static void hide_other_triangle(omat *items, int64_t count, ritz_uplo uplo)
{
    for (int64_t b = 0; b < count; b++)
        for (int64_t j = 0; j < items[b].cols; j++)
            for (int64_t i = 0; i < items[b].rows; i++)
                if (uplo == RITZ_LOWER ? i < j : i > j) OMAT_AT(items[b], i, j) = (long double)NAN;
}

static void expect_info_zero(const struct operand *info, int64_t count)
{
    bool zero = true;
    for (int64_t b = 0; b < count; b++) zero = zero && info_after(info, b) == 0;
    (void)expect(zero, "info is not 0");
}

/* ---- factor and solve ------------------------------------------------------------------------ */

/* A X = B from the computed factor. */
static void check_solve(const struct place *p, const struct chol_case *c, const struct operand *F,
                        const struct operand *original, omat *rhs)
{
    struct scene sc;
    omat *factor = calloc((size_t)c->batch, sizeof *factor);
    if (!factor) abort();
    for (int64_t b = 0; b < c->batch; b++) factor[b] = item_after(F, b);
    scene_begin(&sc, p);
    struct operand *L = add_input(&sc, "L", c->dtype, c->fa, c->batch, SHARE_NONE, factor);
    struct operand *B = add_inout(&sc, "B", c->dtype, c->fb, c->batch, rhs);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_cholesky_solve(p->s, c->uplo, L->mat, B->mat))) {
        double worst = 0;
        for (int64_t b = 0; b < c->batch; b++) {
            omat a = item_before(original, b), S = oracle_symmetric(as_oracle(c->uplo), a);
            omat X = item_after(B, b), want = item_before(B, b);
            worst = oracle_worst(worst, oracle_solve_ratio(S, X, want, eps_of(c->dtype)));
            omat_destroy(&a);
            omat_destroy(&S);
            omat_destroy(&X);
            omat_destroy(&want);
        }
        (void)expect_ratio("cholesky_solve backward error", c->dtype, worst, 30);
    }
    scene_end(&sc);
    free_items(factor, c->batch);
}

static void cholesky_one(const struct place *p, const struct chol_case *c)
{
    if (!begin_case(p, "cholesky %s n %lld r %lld batch %lld %s %s A %s B %s %s",
                    ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->r,
                    (long long)c->batch, uplo_name(c->uplo), c->kind->name, form_name(c->fa),
                    form_name(c->fb), c->with_info ? "info" : "no info"))
        return;
    omat *a = make_items(c->kind, 41, c->batch, c->n, c->n, c->dtype);
    omat *rhs = make_items(&general_kinds[0], 42, c->batch, c->n, c->r, c->dtype);
    hide_other_triangle(a, c->batch, c->uplo);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_inout(&sc, "A", c->dtype, c->fa, c->batch, a);
    struct operand *info = c->with_info ? add_info(&sc, c->fb, c->batch) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_cholesky(p->s, c->uplo, A->mat, info ? info->mat : RITZ_NO_MAT))) {
        double worst = 0;
        for (int64_t b = 0; b < c->batch; b++) {
            omat before = item_before(A, b), after = item_after(A, b);
            worst = oracle_worst(
                worst, oracle_cholesky_ratio(as_oracle(c->uplo), before, after, eps_of(c->dtype)));
            omat_destroy(&before);
            omat_destroy(&after);
        }
        (void)expect_ratio("cholesky |A - LL'|", c->dtype, worst, 30);
        expect_other_triangle_kept(A, c->uplo);
        if (info) expect_info_zero(info, c->batch);
        if (c->batch > 0 && c->batch < 100) check_solve(p, c, A, A, rhs);
    }
    scene_end(&sc);
    free_items(a, c->batch);
    free_items(rhs, c->batch);
}

static void spd_solve_one(const struct place *p, const struct chol_case *c)
{
    if (!begin_case(p, "spd_solve %s n %lld r %lld batch %lld %s %s A %s %s B %s %s",
                    ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->r,
                    (long long)c->batch, uplo_name(c->uplo), c->kind->name, form_name(c->fa),
                    sharing_name(c->sa), form_name(c->fb), c->with_info ? "info" : "no info"))
        return;
    const int64_t items = c->sa == SHARE_NONE ? c->batch : 1;
    omat *a = make_items(c->kind, 43, items, c->n, c->n, c->dtype);
    omat *rhs = make_items(&general_kinds[0], 44, c->batch, c->n, c->r, c->dtype);
    hide_other_triangle(a, items, c->uplo);
    ritz_spd_solve_options opts = RITZ_SPD_SOLVE_DEFAULTS;
    opts.uplo = c->uplo;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->fa, c->batch, c->sa, a);
    struct operand *B = add_inout(&sc, "B", c->dtype, c->fb, c->batch, rhs);
    struct operand *info = c->with_info ? add_info(&sc, c->fa, c->batch) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_spd_solve(p->s, A->mat, B->mat,
                                         c->uplo == RITZ_LOWER && c->with_info ? NULL : &opts,
                                         info ? info->mat : RITZ_NO_MAT))) {
        double worst = 0;
        for (int64_t b = 0; b < c->batch; b++) {
            omat t = item_before(A, c->sa == SHARE_NONE ? b : 0);
            omat S = oracle_symmetric(as_oracle(c->uplo), t);
            omat X = item_after(B, b), want = item_before(B, b);
            worst = oracle_worst(worst, oracle_solve_ratio(S, X, want, eps_of(c->dtype)));
            omat_destroy(&t);
            omat_destroy(&S);
            omat_destroy(&X);
            omat_destroy(&want);
        }
        (void)expect_ratio("spd_solve backward error", c->dtype, worst, 30);
        if (info) expect_info_zero(info, c->batch);
    }
    scene_end(&sc);
    free_items(a, items);
    free_items(rhs, c->batch);
}

/* ---- items that fail ------------------------------------------------------------------------- */

enum flaw { FLAW_NEGATIVE, FLAW_ZERO, FLAW_NAN_FIRST, FLAW_NAN_MIDDLE, FLAW_INF_LAST, FLAWS };
static const char *const flaw_names[] = {"negative pivot", "zero pivot", "NaN first", "NaN middle",
                                         "Inf last"};

/* Spoil an identity matrix, so that the order of the failing minor is known; returns the info to
 * come. */
static int64_t spoil(omat A, enum flaw flaw, ritz_uplo uplo)
{
    const int64_t n = A.rows, i = n / 2, j = n / 2 > 0 ? n / 2 - 1 : 0;
    switch (flaw) {
    case FLAW_NEGATIVE: OMAT_AT(A, i, i) = -1; return i + 1;
    case FLAW_ZERO: OMAT_AT(A, n - 1, n - 1) = 0; return n;
    case FLAW_NAN_FIRST: OMAT_AT(A, 0, 0) = (long double)NAN; return -1;
    case FLAW_NAN_MIDDLE:
        if (uplo == RITZ_LOWER)
            OMAT_AT(A, i, j) = (long double)NAN;
        else
            OMAT_AT(A, j, i) = (long double)NAN;
        return -1;
    case FLAW_INF_LAST:
    case FLAWS: break;
    }
    OMAT_AT(A, n - 1, n - 1) = (long double)INFINITY;
    return -1;
}

/* Three items, the middle one spoilt, by ritz_cholesky or ritz_spd_solve, with and without info. */
static void flawed_one(const struct place *p, ritz_dtype dtype, int64_t n, enum flaw flaw,
                       ritz_uplo uplo, struct form form, bool solve, bool with_info)
{
    if (!begin_case(p, "%s %s n %lld of 3 items, %s in item 1, %s, %s, %s",
                    solve ? "spd_solve" : "cholesky", ritz_dtype_name(dtype), (long long)n,
                    flaw_names[flaw], uplo_name(uplo), form_name(form),
                    with_info ? "info" : "no info"))
        return;
    omat *a = make_items(&spd_kinds[0], 45, 3, n, n, dtype);
    omat *rhs = make_items(&general_kinds[0], 46, 3, n, 2, dtype);
    omat_destroy(&a[1]);
    a[1] = omat_identity(n, n);
    const int64_t want = spoil(a[1], flaw, uplo);
    hide_other_triangle(a, 3, uplo);
    ritz_spd_solve_options opts = RITZ_SPD_SOLVE_DEFAULTS;
    opts.uplo = uplo;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = solve ? add_input(&sc, "A", dtype, form, 3, SHARE_NONE, a)
                              : add_inout(&sc, "A", dtype, form, 3, a);
    struct operand *B = solve ? add_inout(&sc, "B", dtype, form, 3, rhs) : NULL;
    struct operand *info = with_info ? add_info(&sc, COL_PLAIN, 3) : NULL;
    const ritz_dmat info_mat = info ? info->mat : RITZ_NO_MAT;
    scene_upload(&sc);
    ritz_status call = solve ? ritz_spd_solve(p->s, A->mat, B->mat, &opts, info_mat)
                             : ritz_cholesky(p->s, uplo, A->mat, info_mat);
    const ritz_status code = with_info  ? RITZ_OK
                             : want < 0 ? RITZ_ERR_NOT_FINITE
                                        : RITZ_ERR_NOT_SPD;
    if (scene_collect(&sc, call, code, solve ? "ritz_spd_solve|item 1" : "ritz_cholesky|item 1")) {
        if (info)
            (void)expect(
                info_after(info, 0) == 0 && info_after(info, 1) == want && info_after(info, 2) == 0,
                "info is %lld %lld %lld, not 0 %lld 0", (long long)info_after(info, 0),
                (long long)info_after(info, 1), (long long)info_after(info, 2), (long long)want);
        (void)expect(item_is_nan(solve ? B : A, 1, solve ? RITZ_BOTH : uplo),
                     "the failed item is not NaN");
        if (!solve) expect_other_triangle_kept(A, uplo);
        for (int64_t b = 0; b < 3; b += 2) {
            omat t = item_before(A, b), S = oracle_symmetric(as_oracle(uplo), t);
            if (solve) {
                omat X = item_after(B, b), r = item_before(B, b);
                (void)expect_ratio("other items of a failed batch", dtype,
                                   oracle_solve_ratio(S, X, r, eps_of(dtype)), 30);
                omat_destroy(&X);
                omat_destroy(&r);
            } else {
                omat F = item_after(A, b);
                (void)expect_ratio("other items of a failed batch", dtype,
                                   oracle_cholesky_ratio(as_oracle(uplo), t, F, eps_of(dtype)), 30);
                omat_destroy(&F);
            }
            omat_destroy(&t);
            omat_destroy(&S);
        }
    }
    scene_end(&sc);
    free_items(a, 3);
    free_items(rhs, 3);
}

/* A right-hand side that is not finite fails its own item. */
static void flawed_rhs(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "spd_solve %s, NaN in B of item 2", ritz_dtype_name(dtype))) return;
    omat *a = make_items(&spd_kinds[0], 47, 3, 5, 5, dtype);
    omat *rhs = make_items(&general_kinds[0], 48, 3, 5, 2, dtype);
    OMAT_AT(rhs[2], 3, 1) = (long double)NAN;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 3, SHARE_NONE, a);
    struct operand *B = add_inout(&sc, "B", dtype, COL_PLAIN, 3, rhs);
    scene_upload(&sc);
    if (scene_collect(&sc, ritz_spd_solve(p->s, A->mat, B->mat, NULL, RITZ_NO_MAT),
                      RITZ_ERR_NOT_FINITE, "ritz_spd_solve|item 2"))
        (void)expect(item_is_nan(B, 2, RITZ_BOTH) && !item_is_nan(B, 0, RITZ_BOTH) &&
                         !item_is_nan(B, 1, RITZ_BOTH),
                     "not exactly item 2 is NaN");
    scene_end(&sc);
    free_items(a, 3);
    free_items(rhs, 3);
}

/* ---- known answers --------------------------------------------------------------------------- */

/* A = [4 2 1; 2 5 3; 1 3 6], b = (1, 2, 3): L and x = (6, 7, 29) / 67 in closed form. */
static void known_answer(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "cholesky %s of the worked 3 x 3 example", ritz_dtype_name(dtype))) return;
    static const double A3[] = {4, 2, 1, 2, 5, 3, 1, 3, 6}, b3[] = {1, 2, 3};
    omat a = omat_from_f64(A3, 3, 3, 1, 3), b = omat_from_f64(b3, 3, 1, 1, 3);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *F = add_inout(&sc, "F", dtype, COL_PLAIN, 1, &a);
    struct operand *B = add_inout(&sc, "B", dtype, COL_PLAIN, 1, &b);
    scene_upload(&sc);
    (void)expect_ok(ritz_spd_solve(p->s, A->mat, B->mat, NULL, RITZ_NO_MAT));
    if (scene_finish(&sc, ritz_cholesky(p->s, RITZ_LOWER, F->mat, RITZ_NO_MAT))) {
        const long double x[] = {6 / 67.0L, 7 / 67.0L, 29 / 67.0L};
        const long double l[] = {2, 1, 0.5L, 2, 1, 2, 1.25L, sqrtl(4.1875L)};
        omat X = item_after(B, 0), L = item_after(F, 0);
        double worst = 0;
        for (int i = 0; i < 3; i++)
            worst = oracle_worst(worst, (double)(fabsl(X.a[i] - x[i]) / eps_of(dtype)));
        worst = oracle_worst(worst, (double)(fabsl(OMAT_AT(L, 0, 0) - l[0]) / eps_of(dtype)));
        worst = oracle_worst(worst, (double)(fabsl(OMAT_AT(L, 1, 0) - l[1]) / eps_of(dtype)));
        worst = oracle_worst(worst, (double)(fabsl(OMAT_AT(L, 2, 0) - l[2]) / eps_of(dtype)));
        worst = oracle_worst(worst, (double)(fabsl(OMAT_AT(L, 1, 1) - l[3]) / eps_of(dtype)));
        worst = oracle_worst(worst, (double)(fabsl(OMAT_AT(L, 2, 1) - l[6]) / eps_of(dtype)));
        worst = oracle_worst(worst, (double)(fabsl(OMAT_AT(L, 2, 2) - l[7]) / eps_of(dtype)));
        (void)expect_ratio("cholesky worked example", dtype, worst, 30);
        omat_destroy(&X);
        omat_destroy(&L);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&b);
}

void test_cholesky(const struct place *p)
{
    int turn = 0;
    for (int t = 0; t < REALS; t++) {
        known_answer(p, reals[t]);
        flawed_rhs(p, reals[t]);
        for (const struct shape *s = NULL; (s = next_shape("cholesky", s));) {
            const struct kind *kind = spd_kinds;
            struct forms walk = forms_of(2, s->n <= 3 && s->batch <= 3 ? 0 : s->n > 50 ? 7 : 14);
            if (s->batch >= 100) walk.left = 2;
            while (next_forms(&walk)) {
                struct chol_case c = {s->n, s->k,      s->batch,  reals[t],   (ritz_uplo)(turn % 2),
                                      kind, walk.f[0], walk.f[1], SHARE_NONE, turn % 3 == 0};
                cholesky_one(p, &c);
                if (s->batch != 1) c.sa = (enum sharing)(turn % 3);
                spd_solve_one(p, &c);
                if (s->batch > 1 && s->batch < 100) {
                    c.fa.view = c.fb.view = VIEW_INTERLEAVED;
                    c.sa = SHARE_NONE;
                    cholesky_one(p, &c);
                }
                turn++;
                if (!(++kind)->name) kind = spd_kinds;
            }
        }
        for (int f = 0; f < FLAWS; f++)
            for (struct forms walk = forms_of(1, 0); next_forms(&walk); turn++)
                for (int v = 0; v < 4; v++)
                    flawed_one(p, reals[t], v < 2 && turn % 2 ? 33 : 5, (enum flaw)f,
                               (ritz_uplo)(turn % 2), walk.f[0], v % 2, v / 2);
    }
}
