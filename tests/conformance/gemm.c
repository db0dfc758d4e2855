/* Matrix products and triangular solves.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static const struct kind *uniform(void)
{
    return &general_kinds[0];
}

/* Exactly representable in every type; zeros are special. */
static const struct {
    double alpha, beta;
} factors[] = {{1, 0}, {-0.5, 1}, {2, -3}, {0, 2}, {1, 1}, {0, 0}, {-1, 0}};
enum { FACTORS = sizeof factors / sizeof factors[0] };

/* Which of the inputs of a batch are broadcast, in turn. */
static enum sharing sharing_in_turn(int64_t batch, int turn)
{
    return batch == 1 ? SHARE_NONE : (enum sharing)(turn % 3);
}

static int64_t stored(int64_t batch, enum sharing sharing)
{
    return sharing == SHARE_NONE ? batch : 1;
}

/* ---- gemm ------------------------------------------------------------------------------------ */

struct gemm_case {
    int64_t m, n, k, batch;
    ritz_dtype in, out;
    double alpha, beta;
    struct form fa, fb, fc;
    enum sharing sa, sb;
};

static double gemm_item_ratio(const struct gemm_case *c, const struct operand *A,
                              const struct operand *B, const struct operand *C, int64_t b)
{
    omat a = item_before(A, A->mat.batch_stride ? b : 0),
         g = item_before(B, B->mat.batch_stride ? b : 0);
    omat old = {0, 0, NULL}, got = item_after(C, b);
    if (c->beta != 0) old = item_before(C, b);
    const double ratio = oracle_gemm_ratio(c->alpha, a, g, c->beta, old, got, eps_of(c->out));
    omat_destroy(&a);
    omat_destroy(&g);
    omat_destroy(&old);
    omat_destroy(&got);
    return ratio;
}

static void gemm_one(const struct place *p, const struct gemm_case *c)
{
    if (!begin_case(
            p, "gemm %s->%s %lldx%lldx%lld batch %lld alpha %g beta %g A %s %s B %s %s C %s",
            ritz_dtype_name(c->in), ritz_dtype_name(c->out), (long long)c->m, (long long)c->n,
            (long long)c->k, (long long)c->batch, c->alpha, c->beta, form_name(c->fa),
            sharing_name(c->sa), form_name(c->fb), sharing_name(c->sb), form_name(c->fc)))
        return;
    omat *a = make_items(uniform(), 11, stored(c->batch, c->sa), c->m, c->k, c->in);
    omat *b = make_items(uniform(), 12, stored(c->batch, c->sb), c->k, c->n, c->in);
    omat *old = make_items(uniform(), 13, c->batch, c->m, c->n, c->out);
    struct scene sc;
    scene_begin(&sc, p);
    /* With alpha = 0 the inputs are not read: they stay NaN. */
    const bool read = c->alpha != 0;
    struct operand *A =
        add(&sc, "A", ROLE_INPUT, c->in, c->fa, c->m, c->k, c->batch, c->sa, read ? a : NULL);
    struct operand *B =
        add(&sc, "B", ROLE_INPUT, c->in, c->fb, c->k, c->n, c->batch, c->sb, read ? b : NULL);
    struct operand *C = add(&sc, "C", ROLE_OUTPUT, c->out, c->fc, c->m, c->n, c->batch, SHARE_NONE,
                            c->beta != 0 ? old : NULL);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_gemm(p->s, c->alpha, A->mat, B->mat, c->beta, C->mat))) {
        double worst = 0;
        for (int64_t i = 0; i < c->batch; i++)
            worst = oracle_worst(worst, gemm_item_ratio(c, A, B, C, i));
        (void)expect_ratio(c->in == c->out ? "gemm error/(k+2)" : "gemm 16-bit error/(k+2)", c->out,
                           worst / (double)(c->k + 2), 1);
    }
    scene_end(&sc);
    free_items(a, stored(c->batch, c->sa));
    free_items(b, stored(c->batch, c->sb));
    free_items(old, c->batch);
}

static void gemm_shape(const struct place *p, const struct shape *s, ritz_dtype in, ritz_dtype out,
                       int64_t wanted)
{
    static int turn;
    struct forms walk = forms_of(3, wanted);
    while (next_forms(&walk)) {
        struct gemm_case c = {s->m,
                              s->n,
                              s->k,
                              s->batch,
                              in,
                              out,
                              factors[turn % FACTORS].alpha,
                              factors[turn % FACTORS].beta,
                              walk.f[0],
                              walk.f[1],
                              walk.f[2],
                              sharing_in_turn(s->batch, turn),
                              sharing_in_turn(s->batch, turn / 3)};
        turn++;
        gemm_one(p, &c);
        if (s->batch <= 1 || c.fc.view != VIEW_PADDED) continue;
        c.fc.view = c.fa.view = VIEW_INTERLEAVED;
        gemm_one(p, &c);
    }
}

void test_gemm(const struct place *p)
{
    static const struct shape small = {"gemm", 3, 4, 5, 1, CASE_QUICK};
    static const struct {
        ritz_dtype in, out;
    } types[] = {
        {RITZ_F32, RITZ_F32}, {RITZ_F64, RITZ_F64}, {RITZ_F16, RITZ_F32}, {RITZ_BF16, RITZ_F32}};
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        const ritz_dtype in = types[t].in, out = types[t].out;
        for (const struct shape *s = NULL; (s = next_shape("gemm", s));) {
            const int64_t size = s->m * s->n * s->k * s->batch;
            gemm_shape(p, s, in, out, size > 100000 ? 2 : 9);
        }
        gemm_shape(p, &small, in, out, full_level() ? 0 : 40);
    }
}

/* ---- syrk ------------------------------------------------------------------------------------ */

struct syrk_case {
    int64_t n, k, batch;
    ritz_dtype dtype;
    ritz_uplo uplo;
    double alpha, beta;
    struct form fa, fc;
    enum sharing sa;
};

static oracle_uplo as_oracle(ritz_uplo uplo)
{
    return uplo == RITZ_UPPER ? ORACLE_UPPER : ORACLE_LOWER;
}

static bool symmetric(omat C)
{
    for (int64_t j = 0; j < C.cols; j++)
        for (int64_t i = 0; i < j; i++)
            if (!(OMAT_AT(C, i, j) == OMAT_AT(C, j, i))) return false;
    return true;
}

static double syrk_item_ratio(const struct syrk_case *c, const struct operand *A,
                              const struct operand *C, int64_t b)
{
    omat a = item_before(A, A->mat.batch_stride ? b : 0), got = item_after(C, b),
         old = {0, 0, NULL};
    if (c->beta != 0) {
        omat stored_c = item_before(C, b);
        old = oracle_symmetric(as_oracle(c->uplo), stored_c);
        omat_destroy(&stored_c);
    }
    double ratio =
        oracle_syrk_ratio(as_oracle(c->uplo), c->alpha, a, c->beta, old, got, eps_of(c->dtype));
    if (c->uplo == RITZ_BOTH) (void)expect(symmetric(got), "C is not exactly symmetric");
    omat_destroy(&a);
    omat_destroy(&got);
    omat_destroy(&old);
    return ratio;
}

static void syrk_one(const struct place *p, const struct syrk_case *c)
{
    static const char *const names[] = {"lower", "upper", "both"};
    if (!begin_case(p, "syrk %s %lldx%lld batch %lld %s alpha %g beta %g A %s %s C %s",
                    ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->k,
                    (long long)c->batch, names[c->uplo], c->alpha, c->beta, form_name(c->fa),
                    sharing_name(c->sa), form_name(c->fc)))
        return;
    omat *a = make_items(uniform(), 21, stored(c->batch, c->sa), c->n, c->k, c->dtype);
    omat *old = make_items(uniform(), 22, c->batch, c->n, c->n, c->dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add(&sc, "A", ROLE_INPUT, c->dtype, c->fa, c->n, c->k, c->batch, c->sa,
                            c->alpha != 0 ? a : NULL);
    struct operand *C = add(&sc, "C", ROLE_OUTPUT, c->dtype, c->fc, c->n, c->n, c->batch,
                            SHARE_NONE, c->beta != 0 ? old : NULL);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_syrk(p->s, c->uplo, c->alpha, A->mat, c->beta, C->mat))) {
        double worst = 0;
        for (int64_t i = 0; i < c->batch; i++)
            worst = oracle_worst(worst, syrk_item_ratio(c, A, C, i));
        (void)expect_ratio("syrk error/(k+2)", c->dtype, worst / (double)(c->k + 2), 1);
        if (c->uplo != RITZ_BOTH) expect_other_triangle_kept(C, c->uplo);
    }
    scene_end(&sc);
    free_items(a, stored(c->batch, c->sa));
    free_items(old, c->batch);
}

void test_syrk(const struct place *p)
{
    int turn = 0;
    for (int t = 0; t < REALS; t++)
        for (const struct shape *s = NULL; (s = next_shape("syrk", s));) {
            struct forms walk = forms_of(2, s->n <= 7 && s->batch <= 3 ? 0 : 8);
            while (next_forms(&walk)) {
                struct syrk_case c = {s->n,
                                      s->k,
                                      s->batch,
                                      reals[t],
                                      (ritz_uplo)(turn % 3),
                                      factors[turn % FACTORS].alpha,
                                      factors[turn % FACTORS].beta,
                                      walk.f[0],
                                      walk.f[1],
                                      sharing_in_turn(s->batch, turn)};
                turn++;
                syrk_one(p, &c);
                if (s->batch <= 1 || c.fc.view != VIEW_PADDED) continue;
                c.fc.view = VIEW_INTERLEAVED;
                syrk_one(p, &c);
            }
        }
}

/* ---- trsm ------------------------------------------------------------------------------------ */

struct trsm_case {
    int64_t n, r, batch;
    ritz_dtype dtype;
    ritz_side side;
    ritz_uplo uplo;
    ritz_diag diag;
    double alpha;
    struct form fa, fb;
    enum sharing sa;
};

/* A triangle with a safe diagonal. What the solve must not read is NaN: the other triangle, and
 * the diagonal where it is taken as ones. */
static omat triangle(const struct trsm_case *c, uint64_t seed)
{
    omat T = matgen_uniform(seed, c->n, c->n);
    for (int64_t j = 0; j < c->n; j++)
        for (int64_t i = 0; i < c->n; i++) {
            const bool inside = c->uplo == RITZ_LOWER ? i > j : i < j;
            if (i == j)
                OMAT_AT(T, i, i) =
                    c->diag == RITZ_UNIT ? (long double)NAN : 2 + fabsl(OMAT_AT(T, i, i));
            else
                OMAT_AT(T, i, j) = inside ? OMAT_AT(T, i, j) / (long double)c->n : (long double)NAN;
        }
    return T;
}

static double trsm_item_ratio(const struct trsm_case *c, const struct operand *A,
                              const struct operand *B, int64_t b)
{
    omat a = item_before(A, A->mat.batch_stride ? b : 0), rhs = item_before(B, b);
    omat X = item_after(B, b);
    const oracle_diag diag = c->diag == RITZ_UNIT ? ORACLE_UNIT : ORACLE_NON_UNIT;
    omat T = oracle_triangle(as_oracle(c->uplo), diag, a);
    for (int64_t i = 0; i < rhs.rows * rhs.cols; i++) rhs.a[i] *= c->alpha;
    if (c->side == RITZ_RIGHT) { /* X T = B: Tᵀ Xᵀ = Bᵀ */
        omat *const turn[] = {&T, &X, &rhs};
        for (int i = 0; i < 3; i++) {
            omat turned = omat_transposed(*turn[i]);
            omat_destroy(turn[i]);
            *turn[i] = turned;
        }
    }
    const double ratio = oracle_solve_ratio(T, X, rhs, eps_of(c->dtype));
    omat_destroy(&a);
    omat_destroy(&rhs);
    omat_destroy(&X);
    omat_destroy(&T);
    return ratio;
}

static void trsm_one(const struct place *p, const struct trsm_case *c)
{
    if (!begin_case(p, "trsm %s n %lld r %lld batch %lld %s %s %s alpha %g A %s %s B %s",
                    ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->r,
                    (long long)c->batch, c->side == RITZ_LEFT ? "left" : "right",
                    c->uplo == RITZ_LOWER ? "lower" : "upper",
                    c->diag == RITZ_UNIT ? "unit" : "non-unit", c->alpha, form_name(c->fa),
                    sharing_name(c->sa), form_name(c->fb)))
        return;
    const int64_t items = stored(c->batch, c->sa);
    omat *a = calloc((size_t)(items > 0 ? items : 1), sizeof *a);
    if (!a) abort();
    for (int64_t i = 0; i < (items > 0 ? items : 1); i++) a[i] = triangle(c, 31 + (uint64_t)i);
    omat *b = make_items(uniform(), 32, c->batch, c->side == RITZ_LEFT ? c->n : c->r,
                         c->side == RITZ_LEFT ? c->r : c->n, c->dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->fa, c->batch, c->sa, a);
    struct operand *B = add_inout(&sc, "B", c->dtype, c->fb, c->batch, b);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_trsm(p->s, c->side, c->uplo, c->diag, c->alpha, A->mat, B->mat))) {
        double worst = 0;
        for (int64_t i = 0; i < c->batch; i++)
            worst = oracle_worst(worst, trsm_item_ratio(c, A, B, i));
        (void)expect_ratio("trsm backward error", c->dtype, worst, 30);
    }
    scene_end(&sc);
    free_items(a, items);
    free_items(b, c->batch);
}

/* alpha = 0: B becomes 0 and nothing is read, not even a NaN. */
static void trsm_zero(const struct place *p, ritz_dtype dtype, struct form fb)
{
    if (!begin_case(p, "trsm %s alpha 0 of NaN, B %s", ritz_dtype_name(dtype), form_name(fb)))
        return;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add(&sc, "A", ROLE_INPUT, dtype, COL_PLAIN, 3, 3, 1, SHARE_NONE, NULL);
    struct operand *B = add(&sc, "B", ROLE_OUTPUT, dtype, fb, 3, 2, 1, SHARE_NONE, NULL);
    scene_upload(&sc);
    if (scene_finish(&sc,
                     ritz_trsm(p->s, RITZ_LEFT, RITZ_LOWER, RITZ_NON_UNIT, 0, A->mat, B->mat))) {
        omat X = item_after(B, 0);
        (void)expect(oracle_norm_max(X) == 0, "B is not zero");
        omat_destroy(&X);
    }
    scene_end(&sc);
}

void test_trsm(const struct place *p)
{
    static const double alphas[] = {1, -2, 0.5};
    int turn = 0;
    for (int t = 0; t < REALS; t++) {
        for (const struct shape *s = NULL; (s = next_shape("trsm", s));) {
            struct forms walk = forms_of(2, s->n <= 7 && s->batch <= 3 ? 0 : 16);
            while (next_forms(&walk)) {
                struct trsm_case c = {s->n,
                                      s->k,
                                      s->batch,
                                      reals[t],
                                      (ritz_side)(turn % 2),
                                      (ritz_uplo)(turn / 2 % 2),
                                      (ritz_diag)(turn / 4 % 2),
                                      alphas[turn % 3],
                                      walk.f[0],
                                      walk.f[1],
                                      sharing_in_turn(s->batch, turn / 2)};
                turn++;
                trsm_one(p, &c);
                if (s->batch <= 1 || c.fb.view != VIEW_PADDED) continue;
                c.fb.view = VIEW_INTERLEAVED;
                trsm_one(p, &c);
            }
            turn++; /* shapes start with another combination of side, uplo and diag */
        }
        for (struct forms walk = forms_of(1, 0); next_forms(&walk);)
            trsm_zero(p, reals[t], walk.f[0]);
    }
}
