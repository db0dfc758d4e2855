/* Products with a triangular matrix.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

struct trmm_case {
    int64_t n, r, batch;
    ritz_dtype dtype;
    ritz_side side;
    ritz_uplo uplo;
    ritz_diag diag;
    double alpha;
    struct form fa, fb;
    enum sharing sa;
};

/* What the product must not read is NaN: the other triangle, and the diagonal where it is taken as
 * ones. */
static omat triangle(const struct trmm_case *c, uint64_t seed)
{
    omat T = matgen_uniform(seed, c->n, c->n);
    for (int64_t j = 0; j < c->n; j++)
        for (int64_t i = 0; i < c->n; i++) {
            const bool other = c->uplo == RITZ_LOWER ? i < j : i > j;
            if (other || (i == j && c->diag == RITZ_UNIT)) OMAT_AT(T, i, j) = (long double)NAN;
        }
    return T;
}

static double item_ratio(const struct trmm_case *c, const struct operand *A,
                         const struct operand *B, int64_t b)
{
    omat a = item_before(A, A->mat.batch_stride ? b : 0), before = item_before(B, b);
    omat got = item_after(B, b);
    omat T = oracle_triangle(c->uplo == RITZ_UPPER ? ORACLE_UPPER : ORACLE_LOWER,
                             c->diag == RITZ_UNIT ? ORACLE_UNIT : ORACLE_NON_UNIT, a);
    const bool left = c->side == RITZ_LEFT;
    const double ratio = oracle_gemm_ratio(c->alpha, left ? T : before, left ? before : T, 0,
                                           (omat){0, 0, NULL}, got, eps_of(c->dtype));
    omat_destroy(&a);
    omat_destroy(&before);
    omat_destroy(&got);
    omat_destroy(&T);
    return ratio;
}

static void trmm_one(const struct place *p, const struct trmm_case *c)
{
    if (!begin_case(p, "trmm %s n %lld r %lld batch %lld %s %s %s alpha %g A %s %s B %s",
                    ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->r,
                    (long long)c->batch, c->side == RITZ_LEFT ? "left" : "right",
                    c->uplo == RITZ_LOWER ? "lower" : "upper",
                    c->diag == RITZ_UNIT ? "unit" : "non-unit", c->alpha, form_name(c->fa),
                    sharing_name(c->sa), form_name(c->fb)))
        return;
    const int64_t items = c->sa == SHARE_NONE ? c->batch : 1, made = items > 0 ? items : 1;
    omat *a = calloc((size_t)made, sizeof *a);
    if (!a) abort();
    for (int64_t i = 0; i < made; i++) a[i] = triangle(c, 131 + (uint64_t)i);
    const bool left = c->side == RITZ_LEFT;
    omat *b =
        make_items(general_kinds, 132, c->batch, left ? c->n : c->r, left ? c->r : c->n, c->dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->fa, c->batch, c->sa, a);
    struct operand *B = add_inout(&sc, "B", c->dtype, c->fb, c->batch, b);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_trmm(p->s, c->side, c->uplo, c->diag, c->alpha, A->mat, B->mat))) {
        double worst = 0;
        for (int64_t i = 0; i < c->batch; i++) worst = oracle_worst(worst, item_ratio(c, A, B, i));
        (void)expect_ratio("trmm error/(n+2)", c->dtype, worst / (double)(c->n + 2), 1);
    }
    scene_end(&sc);
    free_items(a, items);
    free_items(b, c->batch);
}

/* alpha = 0: B becomes 0 and nothing is read, not even a NaN. */
static void trmm_zero(const struct place *p, ritz_dtype dtype, struct form fb)
{
    if (!begin_case(p, "trmm %s alpha 0 of NaN, B %s", ritz_dtype_name(dtype), form_name(fb)))
        return;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add(&sc, "A", ROLE_INPUT, dtype, COL_PLAIN, 3, 3, 1, SHARE_NONE, NULL);
    struct operand *B = add(&sc, "B", ROLE_OUTPUT, dtype, fb, 3, 2, 1, SHARE_NONE, NULL);
    scene_upload(&sc);
    if (scene_finish(&sc,
                     ritz_trmm(p->s, RITZ_LEFT, RITZ_UPPER, RITZ_NON_UNIT, 0, A->mat, B->mat))) {
        omat got = item_after(B, 0);
        (void)expect(oracle_norm_max(got) == 0, "B is not zero");
        omat_destroy(&got);
    }
    scene_end(&sc);
}

void test_trmm(const struct place *p)
{
    static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
    static const double alphas[] = {1, -2, 0.5};
    int turn = 0;
    for (int t = 0; t < 2; t++) {
        for (const struct shape *s = NULL; (s = next_shape("trmm", s));) {
            struct forms walk = forms_of(2, s->n <= 7 && s->batch <= 3 ? 0 : 16);
            while (next_forms(&walk)) {
                struct trmm_case c = {s->n,
                                      s->k,
                                      s->batch,
                                      reals[t],
                                      (ritz_side)(turn % 2),
                                      (ritz_uplo)(turn / 2 % 2),
                                      (ritz_diag)(turn / 4 % 2),
                                      alphas[turn % 3],
                                      walk.f[0],
                                      walk.f[1],
                                      s->batch == 1 ? SHARE_NONE : (enum sharing)(turn / 2 % 3)};
                turn++;
                trmm_one(p, &c);
                if (s->batch <= 1 || c.fb.view != VIEW_PADDED) continue;
                c.fb.view = VIEW_INTERLEAVED;
                trmm_one(p, &c);
            }
            turn++; /* shapes start with another combination of side, uplo and diag */
        }
        for (struct forms walk = forms_of(1, 0); next_forms(&walk);)
            trmm_zero(p, reals[t], walk.f[0]);
    }
}
