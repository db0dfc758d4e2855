/* Singular value decomposition.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static int64_t shorter(int64_t m, int64_t n)
{
    return m < n ? m : n;
}

enum wanted { WANT_BOTH, WANT_U, WANT_V, WANT_VALUES, WANTED };
static const char *const wanted_names[] = {"U and V", "U only", "V only", "values only"};

struct svd_case {
    int64_t m, n, batch;
    ritz_dtype dtype;
    const struct kind *kind;
    struct form fa, fu, fs, fv;
    enum sharing sa;
    enum wanted wanted;
    bool with_info;
};

/* One set of vectors alone: A - U UᵀA. */
static double range_ratio(omat A, omat U, double eps)
{
    omat Ut = omat_transposed(U), B = oracle_product(Ut, A), P = oracle_product(U, B);
    const double ratio = oracle_factor_ratio(A, P, eps);
    omat_destroy(&Ut);
    omat_destroy(&B);
    omat_destroy(&P);
    return ratio;
}

static void check_values(ritz_dtype dtype, omat A, omat s)
{
    omat U, want, V;
    oracle_svd(A, &U, &want, &V);
    (void)expect_ratio("svd singular values", dtype,
                       oracle_values_ratio(ORACLE_SINGULAR, want, s,
                                           A.rows > A.cols ? A.rows : A.cols, eps_of(dtype)),
                       30);
    omat_destroy(&U);
    omat_destroy(&want);
    omat_destroy(&V);
}

static void check_item(ritz_dtype dtype, omat A, const struct operand *U, const struct operand *S,
                       const struct operand *V, int64_t b)
{
    const double eps = eps_of(dtype);
    omat u = {0, 0, NULL}, v = {0, 0, NULL}, s = item_after(S, b), At = omat_transposed(A);
    check_values(dtype, A, s);
    if (U) {
        u = item_after(U, b);
        (void)expect_ratio("svd |I - U'U|", dtype, oracle_orth_ratio(u, eps), 30);
        (void)expect_ratio("svd |A - UU'A|", dtype, range_ratio(A, u, eps), 30);
    }
    if (V) {
        v = item_after(V, b);
        (void)expect_ratio("svd |I - V'V|", dtype, oracle_orth_ratio(v, eps), 30);
        (void)expect_ratio("svd |A - AVV'|", dtype, range_ratio(At, v, eps), 30);
        (void)expect(oracle_sign_violation(v) < 0, "column %lld of V breaks the sign rule",
                     (long long)oracle_sign_violation(v));
    }
    if (U && V) (void)expect_ratio("svd |A - USV'|", dtype, oracle_svd_ratio(A, u, s, v, eps), 30);
    omat_destroy(&u);
    omat_destroy(&v);
    omat_destroy(&s);
    omat_destroy(&At);
}

static void svd_one(const struct place *p, const struct svd_case *c)
{
    if (!begin_case(p, "svd %s %lldx%lld batch %lld %s %s A %s %s U %s S %s V %s %s",
                    ritz_dtype_name(c->dtype), (long long)c->m, (long long)c->n,
                    (long long)c->batch, c->kind->name, wanted_names[c->wanted], form_name(c->fa),
                    sharing_name(c->sa), form_name(c->fu), form_name(c->fs), form_name(c->fv),
                    c->with_info ? "info" : "no info"))
        return;
    const int64_t k = shorter(c->m, c->n), items = c->sa == SHARE_NONE ? c->batch : 1;
    omat *a = make_items(c->kind, 61, items, c->m, c->n, c->dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->fa, c->batch, c->sa, a);
    struct operand *S = add_output(&sc, "S", c->dtype, c->fs, k, 1, c->batch), *U = NULL, *V = NULL;
    if (c->wanted == WANT_BOTH || c->wanted == WANT_U)
        U = add_output(&sc, "U", c->dtype, c->fu, c->m, k, c->batch);
    if (c->wanted == WANT_BOTH || c->wanted == WANT_V)
        V = add_output(&sc, "V", c->dtype, c->fv, c->n, k, c->batch);
    struct operand *info = c->with_info ? add_info(&sc, c->fa, c->batch) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_svd(p->s, A->mat, U ? U->mat : RITZ_NO_MAT, S->mat,
                                   V ? V->mat : RITZ_NO_MAT, info ? info->mat : RITZ_NO_MAT)))
        for (int64_t b = 0; b < c->batch; b++) {
            omat before = item_before(A, c->sa == SHARE_NONE ? b : 0);
            check_item(c->dtype, before, U, S, V, b);
            if (info) (void)expect(info_after(info, b) == 0, "info of item %lld", (long long)b);
            omat_destroy(&before);
        }
    scene_end(&sc);
    free_items(a, items);
}

/* ---- items that are not finite --------------------------------------------------------------- */

static void flawed_one(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n,
                       struct form form, int position, long double value, bool with_info)
{
    static const char *const positions[] = {"first", "middle", "last"};
    if (!begin_case(p, "svd %s %lldx%lld of 3 items, %s in the %s entry of item 1, %s, %s",
                    ritz_dtype_name(dtype), (long long)m, (long long)n,
                    isnan(value) ? "NaN" : "Inf", positions[position], form_name(form),
                    with_info ? "info" : "no info"))
        return;
    const int64_t k = shorter(m, n), entries = m * n;
    omat *a = make_items(general_kinds, 62, 3, m, n, dtype);
    a[1].a[position == 0 ? 0 : position == 1 ? entries / 2 : entries - 1] = value;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, form, 3, SHARE_NONE, a);
    struct operand *U = add_output(&sc, "U", dtype, form, m, k, 3);
    struct operand *S = add_output(&sc, "S", dtype, form, k, 1, 3);
    struct operand *V = add_output(&sc, "V", dtype, form, n, k, 3);
    struct operand *info = with_info ? add_info(&sc, form, 3) : NULL;
    scene_upload(&sc);
    if (scene_collect(
            &sc, ritz_svd(p->s, A->mat, U->mat, S->mat, V->mat, info ? info->mat : RITZ_NO_MAT),
            with_info ? RITZ_OK : RITZ_ERR_NOT_FINITE, "ritz_svd|item 1")) {
        (void)expect(item_is_nan(U, 1, RITZ_BOTH) && item_is_nan(S, 1, RITZ_BOTH) &&
                         item_is_nan(V, 1, RITZ_BOTH),
                     "the failed item is not NaN");
        for (int64_t b = 0; b < 3; b++) {
            if (info)
                (void)expect(info_after(info, b) == (b == 1 ? -1 : 0), "info of item %lld is %lld",
                             (long long)b, (long long)info_after(info, b));
            if (b == 1) continue;
            omat before = item_before(A, b);
            check_item(dtype, before, U, S, V, b);
            omat_destroy(&before);
        }
    }
    scene_end(&sc);
    free_items(a, 3);
}

/* One matrix tall enough for the sketched factorization, which must refuse it. */
static void flawed_tall(const struct place *p, ritz_dtype dtype, bool wide, long double value)
{
    const int64_t m = wide ? 20 : 2700, n = wide ? 2700 : 20;
    if (!begin_case(p, "svd %s %lldx%lld with %s", ritz_dtype_name(dtype), (long long)m,
                    (long long)n, isnan(value) ? "NaN" : "Inf"))
        return;
    omat *a = make_items(general_kinds, 64, 1, m, n, dtype);
    a[0].a[m * n / 3] = value;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, a);
    struct operand *U = add_output(&sc, "U", dtype, COL_PLAIN, m, 20, 1);
    struct operand *S = add_output(&sc, "S", dtype, COL_PLAIN, 20, 1, 1);
    struct operand *V = add_output(&sc, "V", dtype, COL_PLAIN, n, 20, 1);
    scene_upload(&sc);
    if (scene_collect(&sc, ritz_svd(p->s, A->mat, U->mat, S->mat, V->mat, RITZ_NO_MAT),
                      RITZ_ERR_NOT_FINITE, "ritz_svd|item 0"))
        (void)expect(item_is_nan(U, 0, RITZ_BOTH) && item_is_nan(S, 0, RITZ_BOTH) &&
                         item_is_nan(V, 0, RITZ_BOTH),
                     "the failed item is not NaN");
    scene_end(&sc);
    free_items(a, 1);
}

/* ---- closed forms ---------------------------------------------------------------------------- */

/* All ones, 3 x 3: singular values 3, 0, 0. */
static void ones(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "svd %s of the 3x3 matrix of ones", ritz_dtype_name(dtype))) return;
    omat a = omat_create(3, 3);
    for (int i = 0; i < 9; i++) a.a[i] = 1;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *S = add_output(&sc, "S", dtype, COL_PLAIN, 3, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_svd(p->s, A->mat, RITZ_NO_MAT, S->mat, RITZ_NO_MAT, RITZ_NO_MAT))) {
        omat want = omat_create(3, 1), got = item_after(S, 0);
        want.a[0] = 3;
        (void)expect_ratio("svd singular values", dtype,
                           oracle_values_ratio(ORACLE_SINGULAR, want, got, 3, eps_of(dtype)), 30);
        omat_destroy(&want);
        omat_destroy(&got);
    }
    scene_end(&sc);
    omat_destroy(&a);
}

/* ---- full factors ---------------------------------------------------------------------------- */

/* U m x m or V n x n: orthogonal, the leading columns a thin decomposition, signs in order. */
static void check_full(ritz_dtype dtype, omat A, const struct operand *U, const struct operand *S,
                       const struct operand *V, int64_t b)
{
    const int64_t k = shorter(A.rows, A.cols);
    omat u = item_after(U, b), s = item_after(S, b), v = item_after(V, b);
    omat thin_u = omat_block(u, 0, 0, u.rows, k), thin_v = omat_block(v, 0, 0, v.rows, k);
    const double eps = eps_of(dtype);
    (void)expect_ratio("svd full |I - U'U|", dtype, oracle_orth_ratio(u, eps), 30);
    (void)expect_ratio("svd full |I - V'V|", dtype, oracle_orth_ratio(v, eps), 30);
    if (k > 0)
        (void)expect_ratio("svd |A - USV'|", dtype, oracle_svd_ratio(A, thin_u, s, thin_v, eps),
                           30);
    omat rest = omat_block(u, 0, k, u.rows, u.cols - k);
    (void)expect(oracle_sign_violation(v) < 0 && oracle_sign_violation(rest) < 0,
                 "a column of V, or one beyond the singular values of U, breaks the sign rule");
    omat *const all[] = {&u, &s, &v, &thin_u, &thin_v, &rest};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
}

/* flawed: item 1 of a batch has a NaN. */
static void full_one(const struct place *p, ritz_dtype dtype, const struct kind *kind, int64_t m,
                     int64_t n, int64_t batch, const struct form *f, bool flawed)
{
    if (!begin_case(p, "svd %s %lldx%lld batch %lld %s, full U %s, V %s, A %s%s",
                    ritz_dtype_name(dtype), (long long)m, (long long)n, (long long)batch,
                    kind->name, form_name(f[1]), form_name(f[2]), form_name(f[0]),
                    flawed ? ", NaN in item 1" : ""))
        return;
    omat *a = make_items(kind, 63, batch, m, n, dtype);
    if (flawed) a[1].a[0] = (long double)NAN;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, f[0], batch, SHARE_NONE, a);
    struct operand *U = add_output(&sc, "U", dtype, f[1], m, m, batch);
    struct operand *S = add_output(&sc, "S", dtype, f[2], shorter(m, n), 1, batch);
    struct operand *V = add_output(&sc, "V", dtype, f[2], n, n, batch);
    struct operand *info = add_info(&sc, COL_PLAIN, batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_svd(p->s, A->mat, U->mat, S->mat, V->mat, info->mat)))
        for (int64_t b = 0; b < batch; b++) {
            const bool bad = flawed && b == 1;
            omat before = item_before(A, b);
            (void)expect(info_after(info, b) == (bad ? -1 : 0), "info of item %lld", (long long)b);
            if (bad)
                (void)expect(item_is_nan(U, b, RITZ_BOTH) && item_is_nan(V, b, RITZ_BOTH),
                             "the failed item is not NaN");
            else
                check_full(dtype, before, U, S, V, b);
            omat_destroy(&before);
        }
    scene_end(&sc);
    free_items(a, batch);
}

static void full_factors(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][3] = {{0, 3, 2}, {4, 0, 1},   {3, 2, 0},  {1, 1, 1},  {5, 1, 2},
                                        {1, 6, 2}, {7, 6, 3},   {6, 7, 1},  {13, 4, 3}, {4, 13, 2},
                                        {5, 5, 2}, {40, 33, 1}, {70, 5, 1}, {9, 80, 1}};
    const struct kind *kind = general_kinds;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const int64_t m = shapes[i][0], n = shapes[i][1], batch = shapes[i][2];
        for (struct forms walk = forms_of(3, 12); next_forms(&walk);) {
            full_one(p, dtype, kind, m, n, batch, walk.f, false);
            if (!(++kind)->name) kind = general_kinds;
        }
        if (batch > 1 && m * n > 0)
            full_one(p, dtype, general_kinds, m, n, batch,
                     (struct form[]){COL_PLAIN, COL_PLAIN, COL_PLAIN}, true);
    }
}

static void all_kinds(const struct place *p, ritz_dtype dtype, const struct shape *s)
{
    static int turn;
    const int64_t size = s->m * s->n * s->batch;
    const bool small = s->m * s->n <= 10 && s->batch <= 3;
    struct forms walk = forms_of(4, small ? 96 : size > 1500 ? 17 : 51);
    const struct kind *kind = general_kinds;
    if (s->batch >= 100) walk.left = 4;
    for (; next_forms(&walk); turn++) {
        struct svd_case c = {s->m,
                             s->n,
                             s->batch,
                             dtype,
                             kind,
                             walk.f[0],
                             walk.f[1],
                             walk.f[2],
                             walk.f[3],
                             s->batch == 1 ? SHARE_NONE : (enum sharing)(turn % 3),
                             (enum wanted)(turn % WANTED),
                             turn / 4 % 2};
        svd_one(p, &c);
        if (s->batch > 1 && s->batch < 100 && turn % 4 == 0) {
            c.fa.view = c.fu.view = c.fv.view = VIEW_INTERLEAVED;
            c.sa = SHARE_NONE;
            svd_one(p, &c);
        }
        if (!(++kind)->name) kind = general_kinds;
    }
}

void test_svd(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        ones(p, reals[t]);
        for (const struct shape *s = NULL; (s = next_shape("svd", s));) all_kinds(p, reals[t], s);
        full_factors(p, reals[t]);
        for (int wide = 0; wide <= 1; wide++) {
            flawed_tall(p, reals[t], wide, (long double)NAN);
            flawed_tall(p, reals[t], wide, (long double)INFINITY);
        }
        for (int position = 0; position < 3; position++)
            for (struct forms walk = forms_of(1, 0); next_forms(&walk);)
                for (int with_info = 0; with_info <= 1; with_info++) {
                    flawed_one(p, reals[t], 11, 5, walk.f[0], position, (long double)NAN,
                               with_info);
                    flawed_one(p, reals[t], 5, 6, walk.f[0], position, (long double)-INFINITY,
                               with_info);
                }
    }
}
