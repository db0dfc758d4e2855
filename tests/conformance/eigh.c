/* The symmetric eigenproblem.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

struct eigh_case {
    int64_t n, first, k, batch;
    ritz_dtype dtype;
    const struct kind *kind;
    ritz_order order;
    bool upper, vectors, with_info;
    struct form fa, fw, fv;
    enum sharing sa;
};

static void hide_other_triangle(omat A, bool upper)
{
    for (int64_t j = 0; j < A.cols; j++)
        for (int64_t i = 0; i < A.rows; i++)
            if (upper ? i > j : i < j) OMAT_AT(A, i, j) = (long double)NAN;
}

/* The eigenvalues, all of them, in the order asked for. */
static omat all_values(omat S, ritz_order order)
{
    omat w, V;
    oracle_eig(S, &w, &V);
    for (int64_t i = 0; order == RITZ_DESCENDING && i < w.rows / 2; i++) {
        const long double t = w.a[i];
        w.a[i] = w.a[w.rows - 1 - i];
        w.a[w.rows - 1 - i] = t;
    }
    omat_destroy(&V);
    return w;
}

/* k eigenvalues from number `first` on against all: relative to the largest of all,
 * and in order. */
static double values_ratio(omat all, omat got, int64_t first, ritz_order order, double eps)
{
    const long double scale = oracle_norm_max(all) * (long double)all.rows * eps;
    double worst = 0;
    for (int64_t i = 0; i < got.rows; i++) {
        const long double error = fabsl(got.a[i] - all.a[first + i]);
        if (i > 0 && (order == RITZ_ASCENDING ? got.a[i - 1] > got.a[i] : got.a[i - 1] < got.a[i]))
            return (double)INFINITY;
        worst = oracle_worst(worst, error == 0 ? 0 : (double)(error / scale));
    }
    return worst;
}

/* A V - V diag(w), relative to A. */
static double residual_ratio(omat S, omat w, omat V, double eps)
{
    omat R = oracle_product(S, V);
    for (int64_t j = 0; j < V.cols; j++)
        for (int64_t i = 0; i < V.rows; i++) OMAT_AT(R, i, j) -= OMAT_AT(V, i, j) * w.a[j];
    const long double error = oracle_norm_one(R);
    const long double scale = (long double)S.rows * oracle_norm_one(S) * eps;
    omat_destroy(&R);
    return error == 0 ? 0 : (double)(error / scale);
}

static void check_item(const struct eigh_case *c, omat stored, const struct operand *W,
                       const struct operand *V, int64_t b)
{
    const double eps = eps_of(c->dtype);
    omat S = oracle_symmetric(c->upper ? ORACLE_UPPER : ORACLE_LOWER, stored);
    omat all = all_values(S, c->order), w = item_after(W, b);
    (void)expect_ratio("eigh eigenvalues", c->dtype, values_ratio(all, w, c->first, c->order, eps),
                       30);
    if (V) {
        omat v = item_after(V, b);
        (void)expect_ratio("eigh |AV - VW|", c->dtype, residual_ratio(S, w, v, eps), 30);
        (void)expect_ratio("eigh |I - V'V|", c->dtype, oracle_orth_ratio(v, eps), 30);
        if (c->k == c->n)
            (void)expect_ratio("eigh |A - VWV'|", c->dtype, oracle_eig_ratio(S, w, v, eps), 30);
        (void)expect(oracle_sign_violation(v) < 0, "column %lld of V breaks the sign rule",
                     (long long)oracle_sign_violation(v));
        omat_destroy(&v);
    }
    omat_destroy(&S);
    omat_destroy(&all);
    omat_destroy(&w);
}

static void eigh_one(const struct place *p, const struct eigh_case *c)
{
    if (!begin_case(
            p, "eigh %s n %lld from %lld k %lld batch %lld %s %s %s %s A %s %s W %s V %s %s",
            ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->first, (long long)c->k,
            (long long)c->batch, c->kind->name, c->upper ? "upper" : "lower",
            c->order == RITZ_ASCENDING ? "ascending" : "descending",
            c->vectors ? "vectors" : "values only", form_name(c->fa), sharing_name(c->sa),
            form_name(c->fw), form_name(c->fv), c->with_info ? "info" : "no info"))
        return;
    const int64_t items = c->sa == SHARE_NONE ? c->batch : 1;
    omat *a = make_items(c->kind, 71, items, c->n, c->n, c->dtype);
    for (int64_t b = 0; b < items; b++) hide_other_triangle(a[b], c->upper);
    ritz_eigh_options opts = RITZ_EIGH_DEFAULTS;
    opts.upper = c->upper;
    opts.order = c->order;
    opts.first = c->first;
    const bool defaults = !c->upper && c->order == RITZ_DESCENDING && c->first == 0;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->fa, c->batch, c->sa, a);
    struct operand *W = add_output(&sc, "W", c->dtype, c->fw, c->k, 1, c->batch);
    struct operand *V =
        c->vectors ? add_output(&sc, "V", c->dtype, c->fv, c->n, c->k, c->batch) : NULL;
    struct operand *info = c->with_info ? add_info(&sc, c->fw, c->batch) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_eigh(p->s, A->mat, W->mat, V ? V->mat : RITZ_NO_MAT,
                                    defaults ? NULL : &opts, info ? info->mat : RITZ_NO_MAT)))
        for (int64_t b = 0; b < c->batch; b++) {
            omat before = item_before(A, c->sa == SHARE_NONE ? b : 0);
            check_item(c, before, W, V, b);
            if (info) (void)expect(info_after(info, b) == 0, "info of item %lld", (long long)b);
            omat_destroy(&before);
        }
    scene_end(&sc);
    free_items(a, items);
}

/* ---- items that are not finite --------------------------------------------------------------- */

static void flawed_one(const struct place *p, ritz_dtype dtype, struct form form, int position,
                       long double value, bool with_info)
{
    static const char *const positions[] = {"first", "middle", "last"};
    const int64_t n = 7;
    if (!begin_case(p, "eigh %s n 7 of 3 items, %s in the %s entry of item 1, %s, %s",
                    ritz_dtype_name(dtype), isnan(value) ? "NaN" : "Inf", positions[position],
                    form_name(form), with_info ? "info" : "no info"))
        return;
    struct eigh_case c = {.n = n, .k = n, .batch = 3, .dtype = dtype, .order = RITZ_DESCENDING};
    omat *a = make_items(symmetric_kinds, 72, 3, n, n, dtype);
    OMAT_AT(a[1],
            position == 0   ? 0
            : position == 1 ? 4
                            : n - 1,
            position == 0   ? 0
            : position == 1 ? 2
                            : n - 1) = value;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, form, 3, SHARE_NONE, a);
    struct operand *W = add_output(&sc, "W", dtype, form, n, 1, 3);
    struct operand *V = add_output(&sc, "V", dtype, form, n, n, 3);
    struct operand *info = with_info ? add_info(&sc, form, 3) : NULL;
    scene_upload(&sc);
    if (scene_collect(&sc,
                      ritz_eigh(p->s, A->mat, W->mat, V->mat, NULL, info ? info->mat : RITZ_NO_MAT),
                      with_info ? RITZ_OK : RITZ_ERR_NOT_FINITE, "ritz_eigh|item 1")) {
        (void)expect(item_is_nan(W, 1, RITZ_BOTH) && item_is_nan(V, 1, RITZ_BOTH),
                     "the failed item is not NaN");
        for (int64_t b = 0; b < 3; b++) {
            if (info)
                (void)expect(info_after(info, b) == (b == 1 ? -1 : 0), "info of item %lld is %lld",
                             (long long)b, (long long)info_after(info, b));
            if (b == 1) continue;
            omat before = item_before(A, b);
            check_item(&c, before, W, V, b);
            omat_destroy(&before);
        }
    }
    scene_end(&sc);
    free_items(a, 3);
}

/* ---- closed forms ---------------------------------------------------------------------------- */

/* The second difference: 2 - 2 cos(j pi / (n+1)). */
static void laplacian(const struct place *p, ritz_dtype dtype, int64_t n)
{
    if (!begin_case(p, "eigh %s of the second difference, n %lld", ritz_dtype_name(dtype),
                    (long long)n))
        return;
    omat a = matgen_laplacian(n), want = omat_create(n, 1);
    const long double pi = acosl(-1);
    for (int64_t j = 0; j < n; j++)
        want.a[j] = 2 - 2 * cosl((long double)(n - j) * pi / (long double)(n + 1));
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *W = add_output(&sc, "W", dtype, COL_PLAIN, n, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_eigh(p->s, A->mat, W->mat, RITZ_NO_MAT, NULL, RITZ_NO_MAT))) {
        omat got = item_after(W, 0);
        (void)expect_ratio("eigh eigenvalues", dtype,
                           values_ratio(want, got, 0, RITZ_DESCENDING, eps_of(dtype)), 30);
        omat_destroy(&got);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&want);
}

static void all_kinds(const struct place *p, ritz_dtype dtype, const struct shape *s)
{
    static int turn;
    const int64_t size = s->n * s->n * s->batch;
    const int64_t most = size > 10000 ? 4 : size > 1000 ? 11 : 44;
    struct forms walk = forms_of(3, s->n <= 3 && s->batch <= 3 ? 66 : most);
    const struct kind *kind = symmetric_kinds;
    if (s->batch >= 100) walk.left = 4;
    for (; next_forms(&walk); turn++) {
        struct eigh_case c = {s->n,
                              turn % 3 * (s->n - s->k) / 2,
                              s->k,
                              s->batch,
                              dtype,
                              kind,
                              (ritz_order)(turn % 2),
                              turn / 2 % 2,
                              turn % 5 != 0,
                              turn % 3 == 0,
                              walk.f[0],
                              walk.f[1],
                              walk.f[2],
                              s->batch == 1 ? SHARE_NONE : (enum sharing)(turn % 3)};
        eigh_one(p, &c);
        if (s->batch > 1 && s->batch < 100 && turn % 4 == 0) {
            c.fa.view = c.fv.view = VIEW_INTERLEAVED;
            c.sa = SHARE_NONE;
            eigh_one(p, &c);
        }
        if (!(++kind)->name) kind = symmetric_kinds;
    }
}

void test_eigh(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        laplacian(p, reals[t], 3);
        laplacian(p, reals[t], 37);
        for (const struct shape *s = NULL; (s = next_shape("eigh", s));) all_kinds(p, reals[t], s);
        for (int position = 0; position < 3; position++)
            for (struct forms walk = forms_of(1, 0); next_forms(&walk);)
                for (int with_info = 0; with_info <= 1; with_info++) {
                    flawed_one(p, reals[t], walk.f[0], position, (long double)NAN, with_info);
                    flawed_one(p, reals[t], walk.f[0], position, (long double)INFINITY, with_info);
                }
    }
}
