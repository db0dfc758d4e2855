/* QR factorization, thin and in factored form.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/qr.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static int64_t shorter(int64_t m, int64_t n)
{
    return m < n ? m : n;
}

enum wanted { WANT_BOTH, WANT_Q, WANT_R, WANT_IN_PLACE, WANTED };
static const char *const wanted_names[] = {"Q and R", "Q only", "R only", "Q in place of A"};

struct qr_case {
    int64_t m, n, r, batch;
    ritz_dtype dtype;
    const struct kind *kind;
    struct form fa, fq, fr;
    enum sharing sa;
    enum wanted wanted;
};

/* ---- what a thin factorization promises ------------------------------------------------------ */

static void check_item(const struct qr_case *c, omat A, const struct operand *Q,
                       const struct operand *R, int64_t b)
{
    const double eps = eps_of(c->dtype);
    omat q = {0, 0, NULL}, r = {0, 0, NULL};
    if (Q) {
        q = item_after(Q, b);
        (void)expect_ratio("qr |I - Q'Q|", c->dtype, oracle_orth_ratio(q, eps), 30);
    }
    if (R) {
        r = item_after(R, b);
        check_form_of_r(r);
    }
    if (Q && R)
        (void)expect_ratio("qr |A - QR|", c->dtype, oracle_qr_ratio(A, q, r, eps), 30);
    else if (Q)
        (void)expect_ratio("qr |A - QQ'A|", c->dtype, qr_range_ratio(A, q, eps), 30);
    else
        (void)expect_ratio("qr |A'A - R'R|", c->dtype, qr_gram_ratio(A, r, eps), 30);
    omat_destroy(&q);
    omat_destroy(&r);
}

static bool begin(const struct place *p, const char *operation, const struct qr_case *c)
{
    return begin_case(p, "%s %s %lldx%lld r %lld batch %lld %s %s A %s %s Q %s R %s", operation,
                      ritz_dtype_name(c->dtype), (long long)c->m, (long long)c->n, (long long)c->r,
                      (long long)c->batch, c->kind->name, wanted_names[c->wanted], form_name(c->fa),
                      sharing_name(c->sa), form_name(c->fq), form_name(c->fr));
}

static void thin_one(const struct place *p, const struct qr_case *c)
{
    if (!begin(p, "qr", c)) return;
    const int64_t k = shorter(c->m, c->n), items = c->sa == SHARE_NONE ? c->batch : 1;
    const bool in_place = c->wanted == WANT_IN_PLACE;
    omat *a = make_items(c->kind, 51, items, c->m, c->n, c->dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = in_place ? add_inout(&sc, "A", c->dtype, c->fa, c->batch, a)
                                 : add_input(&sc, "A", c->dtype, c->fa, c->batch, c->sa, a);
    struct operand *Q = NULL, *R = NULL;
    if (in_place)
        Q = A;
    else if (c->wanted != WANT_R)
        Q = add_output(&sc, "Q", c->dtype, c->fq, c->m, k, c->batch);
    if (c->wanted != WANT_Q) R = add_output(&sc, "R", c->dtype, c->fr, k, c->n, c->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_qr(p->s, A->mat, Q ? Q->mat : RITZ_NO_MAT, R ? R->mat : RITZ_NO_MAT,
                                  NULL, NULL)))
        for (int64_t b = 0; b < c->batch; b++) {
            omat before = item_before(A, c->sa == SHARE_NONE ? b : 0);
            check_item(c, before, Q, R, b);
            omat_destroy(&before);
        }
    scene_end(&sc);
    free_items(a, items);
}

/* ---- factored form --------------------------------------------------------------------------- */

/* The items of an operand as they came back. */
static omat *results(const struct operand *op, int64_t batch)
{
    omat *items = calloc((size_t)(batch > 0 ? batch : 1), sizeof *items);
    if (!items) abort();
    for (int64_t b = 0; b < batch; b++) items[b] = item_after(op, b);
    if (batch == 0) items[0] = omat_create(op->mat.rows, op->mat.cols);
    return items;
}

/* Y = op(Q) C, by Q as a square matrix. */
static double apply_ratio(omat Q, omat C, omat Y, bool transposed, double eps)
{
    omat Qt = transposed ? omat_transposed(Q) : omat_copy(Q), want = oracle_product(Qt, C);
    const double ratio = oracle_factor_ratio(want, Y, eps);
    omat_destroy(&Qt);
    omat_destroy(&want);
    return ratio;
}

/* From factors F, tau: the thin Q, the square one (or a wider one, if that is large), and both
 * products with a block of columns. F and tau are kept. */
static void check_use(const struct place *p, const struct qr_case *c, const omat *originals,
                      const omat *factors, const omat *taus)
{
    const int64_t k = shorter(c->m, c->n), width = c->m <= 70 ? c->m : k + 3;
    const bool square = width == c->m;
    const double eps = eps_of(c->dtype);
    omat *blocks = make_items(&general_kinds[0], 52, c->batch, c->m, c->r, c->dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *F = add_input(&sc, "A", c->dtype, c->fa, c->batch, SHARE_NONE, factors);
    struct operand *tau = add_input(&sc, "tau", c->dtype, c->fr, c->batch, SHARE_NONE, taus);
    struct operand *Q = add_output(&sc, "Q", c->dtype, c->fq, c->m, k, c->batch);
    struct operand *wide = add_output(&sc, "wide Q", c->dtype, c->fr, c->m, width, c->batch);
    struct operand *C = add_inout(&sc, "C", c->dtype, c->fq, c->batch, blocks);
    struct operand *D = add_inout(&sc, "D", c->dtype, c->fr, c->batch, blocks);
    scene_upload(&sc);
    (void)expect_ok(ritz_qr_form(p->s, F->mat, tau->mat, Q->mat));
    (void)expect_ok(ritz_qr_form(p->s, F->mat, tau->mat, wide->mat));
    (void)expect_ok(ritz_qr_apply(p->s, RITZ_APPLY_Q, F->mat, tau->mat, C->mat));
    if (scene_finish(&sc, ritz_qr_apply(p->s, RITZ_APPLY_Q_TRANSPOSED, F->mat, tau->mat, D->mat)))
        for (int64_t b = 0; b < c->batch; b++) {
            omat q = item_after(Q, b), s = item_after(wide, b), x = item_before(C, b);
            omat y = item_after(C, b), z = item_after(D, b), f = item_before(F, b);
            omat r = omat_block(f, 0, 0, k, c->n);
            (void)expect_ratio("qr_form |A - QR|", c->dtype,
                               oracle_qr_ratio(originals[b], q, r, eps), 30);
            (void)expect_ratio("qr_form |I - Q'Q|", c->dtype, oracle_orth_ratio(s, eps), 30);
            if (square) {
                (void)expect_ratio("qr_apply |QC|", c->dtype, apply_ratio(s, x, y, false, eps), 30);
                (void)expect_ratio("qr_apply |Q'C|", c->dtype, apply_ratio(s, x, z, true, eps), 30);
            }
            omat *const all[] = {&q, &s, &x, &y, &z, &f, &r};
            for (int i = 0; i < 7; i++) omat_destroy(all[i]);
        }
    scene_end(&sc);
    free_items(blocks, c->batch);
}

static void factored_one(const struct place *p, const struct qr_case *c)
{
    if (!begin(p, "qr_factor", c)) return;
    const int64_t k = shorter(c->m, c->n);
    omat *a = make_items(c->kind, 53, c->batch, c->m, c->n, c->dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_inout(&sc, "A", c->dtype, c->fa, c->batch, a);
    struct operand *tau = add_output(&sc, "tau", c->dtype, c->fr, k, 1, c->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_qr_factor(p->s, A->mat, tau->mat))) {
        omat *factors = results(A, c->batch), *taus = results(tau, c->batch);
        omat *originals = calloc((size_t)c->batch + 1, sizeof *originals);
        if (!originals) abort();
        for (int64_t b = 0; b < c->batch; b++) originals[b] = item_before(A, b);
        if (c->batch < 100) check_use(p, c, originals, factors, taus);
        free_items(factors, c->batch);
        free_items(taus, c->batch);
        free_items(originals, c->batch);
    }
    scene_end(&sc);
    free_items(a, c->batch);
}

/* ---- items that are not finite --------------------------------------------------------------- */

static void flawed_one(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n,
                       struct form form, int position, long double value, bool factored)
{
    static const char *const positions[] = {"first", "middle", "last"};
    if (!begin_case(p, "%s %s %lldx%lld of 3 items, %s in the %s entry of item 1, %s",
                    factored ? "qr_factor" : "qr", ritz_dtype_name(dtype), (long long)m,
                    (long long)n, isnan(value) ? "NaN" : "Inf", positions[position],
                    form_name(form)))
        return;
    const int64_t k = shorter(m, n), entries = m * n;
    struct qr_case c = {m, n, 0, 3, dtype, general_kinds, form, form, form, SHARE_NONE, WANT_BOTH};
    omat *a = make_items(c.kind, 54, 3, m, n, dtype);
    a[1].a[position == 0 ? 0 : position == 1 ? entries / 2 : entries - 1] = value;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = factored ? add_inout(&sc, "A", dtype, form, 3, a)
                                 : add_input(&sc, "A", dtype, form, 3, SHARE_NONE, a);
    struct operand *Q = factored ? NULL : add_output(&sc, "Q", dtype, form, m, k, 3);
    struct operand *R = factored ? NULL : add_output(&sc, "R", dtype, form, k, n, 3);
    struct operand *tau = factored ? add_output(&sc, "tau", dtype, form, k, 1, 3) : NULL;
    scene_upload(&sc);
    const ritz_status call = factored ? ritz_qr_factor(p->s, A->mat, tau->mat)
                                      : ritz_qr(p->s, A->mat, Q->mat, R->mat, NULL, NULL);
    if (scene_collect(&sc, call, RITZ_ERR_NOT_FINITE,
                      factored ? "ritz_qr_factor|item 1" : "ritz_qr|item 1")) {
        (void)expect(item_is_nan(factored ? A : Q, 1, RITZ_BOTH) &&
                         item_is_nan(factored ? tau : R, 1, RITZ_BOTH),
                     "the failed item is not NaN");
        for (int64_t b = 0; !factored && b < 3; b += 2) {
            omat before = item_before(A, b);
            check_item(&c, before, Q, R, b);
            omat_destroy(&before);
        }
        if (factored)
            (void)expect(!item_is_nan(A, 0, RITZ_BOTH) && !item_is_nan(A, 2, RITZ_BOTH),
                         "another item is NaN");
    }
    scene_end(&sc);
    free_items(a, 3);
}

static void flawed(const struct place *p, ritz_dtype dtype)
{
    for (int position = 0; position < 3; position++)
        for (struct forms walk = forms_of(1, 0); next_forms(&walk);)
            for (int factored = 0; factored <= 1; factored++) {
                flawed_one(p, dtype, 7, 5, walk.f[0], position, (long double)NAN, factored);
                flawed_one(p, dtype, 5, 7, walk.f[0], position, (long double)INFINITY, factored);
            }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void all_kinds(const struct place *p, ritz_dtype dtype, const struct shape *s)
{
    static int turn;
    const bool small = s->m * s->n <= 10 && s->batch <= 3;
    struct forms walk = forms_of(3, small ? 48 : s->m * s->n * s->batch > 2000 ? 17 : 34);
    if (s->batch >= 100) walk.left = 4;
    const struct kind *kind = general_kinds;
    for (; next_forms(&walk); turn++) {
        struct qr_case c = {s->m,
                            s->n,
                            s->k,
                            s->batch,
                            dtype,
                            kind,
                            walk.f[0],
                            walk.f[1],
                            walk.f[2],
                            SHARE_NONE,
                            (enum wanted)(turn % WANTED)};
        factored_one(p, &c);
        if (s->batch != 1) c.sa = (enum sharing)(turn % 3);
        if (c.wanted == WANT_IN_PLACE && (s->m < s->n || c.sa != SHARE_NONE)) c.wanted = WANT_BOTH;
        thin_one(p, &c);
        if (s->batch > 1 && s->batch < 100 && turn % 4 == 0) {
            c.fa.view = c.fq.view = VIEW_INTERLEAVED;
            c.sa = SHARE_NONE;
            thin_one(p, &c);
        }
        if (!(++kind)->name) kind = general_kinds;
    }
}

void test_qr(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        for (const struct shape *s = NULL; (s = next_shape("qr", s));) all_kinds(p, reals[t], s);
        flawed(p, reals[t]);
    }
}
