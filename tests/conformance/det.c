/* Determinants.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2, SIGN = 1, LOGDET = 2, DET = 4, ALL = 7 };

static double entry(const struct operand *op, int64_t i)
{
    return (double)load_element(op->mat.dtype, op->after + element_offset(op, 0, i, 0));
}

struct outputs {
    struct operand *sign, *logdet, *det;
};

static struct outputs add_outputs(struct scene *sc, int wanted, struct form form, int64_t batch)
{
    struct outputs out = {NULL, NULL, NULL};
    if (wanted & SIGN) out.sign = add_output(sc, "sign", RITZ_F64, form, batch, 1, 1);
    if (wanted & LOGDET) out.logdet = add_output(sc, "logdet", RITZ_F64, form, batch, 1, 1);
    if (wanted & DET) out.det = add_output(sc, "det", RITZ_F64, form, batch, 1, 1);
    return out;
}

static ritz_dmat mat_of(const struct operand *op)
{
    return op ? op->mat : RITZ_NO_MAT;
}

static bool compute(struct scene *sc, const struct operand *A, const struct outputs *out)
{
    scene_upload(sc);
    return scene_finish(sc, ritz_det(sc->place->s, A->mat, mat_of(out->sign), mat_of(out->logdet),
                                     mat_of(out->det)));
}

/* Item i against a determinant that is known to a relative error of `unit` (of the logarithm: an
 * absolute one). */
static void check_item(ritz_dtype dtype, const struct outputs *out, int64_t i, long double want,
                       double unit)
{
    const double sign = want > 0 ? 1 : want < 0 ? -1 : 0;
    if (out->sign) (void)expect(entry(out->sign, i) == sign, "sign %g", entry(out->sign, i));
    if (want == 0) {
        if (out->det) (void)expect(entry(out->det, i) == 0, "det %g", entry(out->det, i));
        if (out->logdet)
            (void)expect(entry(out->logdet, i) == -(double)INFINITY, "logdet %g",
                         entry(out->logdet, i));
        return;
    }
    const long double log_want = logl(fabsl(want));
    if (out->logdet) {
        const long double error = fabsl((long double)entry(out->logdet, i) - log_want);
        const double ratio =
            error == 0 ? 0 : (double)(error / (unit + DBL_EPSILON * fabsl(log_want)));
        (void)expect_ratio("det log", dtype, ratio, 30);
    }
    if (!out->det) return;
    if (fabsl(want) > (long double)DBL_MAX || fabsl(want) < (long double)DBL_TRUE_MIN / 2) {
        const double limit = fabsl(want) > 1 ? (double)INFINITY : 0;
        (void)expect(fabs(entry(out->det, i)) == limit, "det %g", entry(out->det, i));
        return;
    }
    const long double error = fabsl((long double)entry(out->det, i) - want);
    (void)expect_ratio("det", dtype,
                       error <= (long double)DBL_TRUE_MIN
                           ? 0
                           : (double)(error / (fabsl(want) * (unit + DBL_EPSILON))),
                       30);
}

/* n kappa eps: what rounding in the factors makes of a determinant. */
static double condition_unit(ritz_dtype dtype, omat A)
{
    omat U, s, V;
    oracle_svd(A, &U, &s, &V);
    const double kappa = (double)(s.a[0] / s.a[s.rows - 1]);
    omat_destroy(&U);
    omat_destroy(&s);
    omat_destroy(&V);
    return (double)A.rows * kappa * eps_of(dtype);
}

static void random_one(const struct place *p, ritz_dtype dtype, int64_t n, int64_t batch,
                       const struct form *f, int wanted)
{
    if (!begin_case(p, "det %s n %lld batch %lld A %s out %s, %s%s%s", ritz_dtype_name(dtype),
                    (long long)n, (long long)batch, form_name(f[0]), form_name(f[1]),
                    wanted & SIGN ? "sign " : "", wanted & LOGDET ? "logdet " : "",
                    wanted & DET ? "det" : ""))
        return;
    omat *a = make_items(general_kinds, 310, batch, n, n, dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, f[0], batch, SHARE_NONE, a);
    const struct outputs out = add_outputs(&sc, wanted, f[1], batch);
    if (compute(&sc, A, &out))
        for (int64_t b = 0; b < batch; b++) {
            omat before = item_before(A, b);
            check_item(dtype, &out, b, n > 0 ? oracle_det(before) : 1,
                       n > 0 ? condition_unit(dtype, before) : 0);
            omat_destroy(&before);
        }
    scene_end(&sc);
    free_items(a, batch);
}

/* ---- closed forms ---------------------------------------------------------------------------- */

static void known(const struct place *p, ritz_dtype dtype, const char *what, omat a,
                  long double want, double unit)
{
    if (begin_case(p, "det %s of %s", ritz_dtype_name(dtype), what)) {
        struct scene sc;
        scene_begin(&sc, p);
        struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
        const struct outputs out = add_outputs(&sc, ALL, COL_PLAIN, 1);
        if (compute(&sc, A, &out)) check_item(dtype, &out, 0, want, unit);
        scene_end(&sc);
    }
    omat_destroy(&a);
}

static omat diagonal(int64_t n, const long double *values)
{
    omat A = omat_create(n, n);
    for (int64_t i = 0; i < n; i++) OMAT_AT(A, i, i) = values[i];
    return A;
}

/* The cycle 0 -> 1 -> ... -> n-1 -> 0: of sign (-1)^(n-1). */
static omat cycle(int64_t n)
{
    omat A = omat_create(n, n);
    for (int64_t i = 0; i < n; i++) OMAT_AT(A, (i + 1) % n, i) = 1;
    return A;
}

static void closed_forms(const struct place *p, ritz_dtype dtype)
{
    const bool wide = dtype == RITZ_F64;
    const long double huge = wide ? 0x1p900L : 0x1p120L, tiny = 1 / huge;
    const long double four[] = {huge, huge, tiny, tiny};
    static const int example[] = {4, 2, 1, 2, 5, 3, 1, 3, 6};
    omat A = omat_create(3, 3), ones = omat_create(3, 3);
    for (int i = 0; i < 9; i++) A.a[i] = example[i];
    for (int i = 0; i < 9; i++) ones.a[i] = 1;
    known(p, dtype, "a 3x3 matrix: 67, log 4.204692619", A, 67, 3 * 4.8655938863 * eps_of(dtype));
    known(p, dtype, "ones", ones, 0, 0);
    known(p, dtype, "zeros", omat_create(4, 4), 0, 0);
    known(p, dtype, "the identity", omat_identity(5, 5), 1, 0);
    known(p, dtype, "a cycle of 4", cycle(4), -1, 0);
    known(p, dtype, "a cycle of 5", cycle(5), 1, 0);
    known(p, dtype, "huge and tiny entries that cancel", diagonal(4, four), 1,
          4 * (double)logl(huge) * DBL_EPSILON);
    omat large = omat_create(12, 12), small = omat_create(12, 12);
    for (int64_t i = 0; i < 12; i++) OMAT_AT(large, i, i) = -huge;
    for (int64_t i = 0; i < 12; i++) OMAT_AT(small, i, i) = i > 0 ? tiny : -tiny;
    known(p, dtype, "a product that overflows", large, powl(huge, 12), 0);
    known(p, dtype, "a product that underflows", small, -powl(tiny, 12), 0);
}

/* ---- items of all kinds ---------------------------------------------------------------------- */

static void flawed(const struct place *p, ritz_dtype dtype, int64_t n, struct form form,
                   long double value)
{
    if (!begin_case(p, "det %s n %lld of 4 items, %s in item 1, item 2 singular, %s",
                    ritz_dtype_name(dtype), (long long)n, isnan(value) ? "NaN" : "Inf",
                    form_name(form)))
        return;
    omat *a = make_items(general_kinds, 320, 4, n, n, dtype);
    a[1].a[n * n / 2] = value;
    for (int64_t i = 0; i < n; i++) OMAT_AT(a[2], i, n - 1) = 0;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, form, 4, SHARE_NONE, a);
    const struct outputs out = add_outputs(&sc, ALL, form, 4);
    if (compute(&sc, A, &out))
        for (int64_t b = 0; b < 4; b++) {
            if (b == 1) {
                (void)expect(isnan(entry(out.sign, b)) && isnan(entry(out.logdet, b)) &&
                                 isnan(entry(out.det, b)),
                             "the item is not finite, its determinant is");
                continue;
            }
            omat before = item_before(A, b);
            check_item(dtype, &out, b, b == 2 ? 0 : oracle_det(before),
                       b == 2 ? 0 : condition_unit(dtype, before));
            omat_destroy(&before);
        }
    scene_end(&sc);
    free_items(a, 4);
}

/* Item b is [[0, c], [1, 0]], c = b mod 5: its determinant is -c. */
static void many(const struct place *p, int64_t batch)
{
    if (!begin_case(p, "det float32 of %lld items 2x2", (long long)batch)) return;
    omat *a = make_items(general_kinds, 330, batch, 2, 2, RITZ_F32);
    for (int64_t b = 0; b < batch; b++) {
        a[b].a[0] = a[b].a[3] = 0;
        a[b].a[1] = 1;
        a[b].a[2] = (long double)(b % 5);
    }
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F32, COL_PLAIN, batch, SHARE_NONE, a);
    const struct outputs out = add_outputs(&sc, ALL, COL_PLAIN, batch);
    bool right = true;
    if (compute(&sc, A, &out))
        for (int64_t b = 0; b < batch; b++)
            right = right && entry(out.det, b) == -(double)(b % 5) &&
                    entry(out.sign, b) == (b % 5 > 0 ? -1 : 0);
    (void)expect(right, "an item is wrong");
    scene_end(&sc);
    free_items(a, batch);
}

void test_det(const struct place *p)
{
    static const int64_t orders[][2] = {{0, 1}, {0, 3}, {3, 0},  {1, 1}, {2, 3},
                                        {5, 2}, {9, 1}, {33, 1}, {61, 1}};
    int turn = 0;
    for (int t = 0; t < REALS; t++) {
        closed_forms(p, reals[t]);
        for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
            for (struct forms walk = forms_of(2, 12); next_forms(&walk); turn++)
                random_one(p, reals[t], orders[i][0], orders[i][1], walk.f, 1 + turn % 7);
        for (struct forms walk = forms_of(1, 0); next_forms(&walk);) {
            flawed(p, reals[t], 5, walk.f[0], (long double)NAN);
            flawed(p, reals[t], 40, walk.f[0], (long double)-INFINITY);
        }
    }
    for (int64_t batch = 65535; full_level() && batch <= 65537; batch++) many(p, batch);
}
