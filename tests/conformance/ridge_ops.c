/* The operations of ridge regression, against their definitions in long double.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

/* By the definition, in long double, whose range holds every square. */
static long double map_of(enum ritz_ridge_function phi, long double s, long double l)
{
    if (!(l >= 0)) return (long double)NAN;
    if (s == 0) return phi == RITZ_RIDGE_REMAINDER ? 1 : 0;
    if (isinf(l)) return phi == RITZ_RIDGE_REMAINDER ? 1 : 0;
    switch (phi) {
    case RITZ_RIDGE_FILTER: return s / (s * s + l);
    case RITZ_RIDGE_SHRINK: return s * s / (s * s + l);
    case RITZ_RIDGE_REMAINDER: return l / (s * s + l);
    case RITZ_RIDGE_ROOT: return 1 / sqrtl(s * s + l);
    }
    return (long double)NAN;
}

static void filter_op(const struct place *p, ritz_dtype dtype, enum ritz_ridge_function phi,
                      bool each, bool with_factor, const struct form *f)
{
    static const long double values[] = {1e200L, 3, 1, 0.1L, 1e-150L, 0};
    static const long double lists[] = {
        0, 1e-300L, 1e-3L, 1, 1e300L, -1, (long double)NAN, (long double)INFINITY};
    enum { K = 6, L = 8, S = 3 };
    if (!begin_case(p, "ridge_filter %s of kind %d%s%s, lambda %s C %s W %s",
                    ritz_dtype_name(dtype), (int)phi, each ? ", a penalty for each" : "",
                    with_factor ? "" : ", no C", form_name(f[0]), form_name(f[1]), form_name(f[2])))
        return;
    omat s = omat_create(K, 1), l = omat_create(L, each ? S : 1), c = matgen_uniform(101, K, S);
    for (int64_t i = 0; i < K; i++) s.a[i] = values[i];
    for (int64_t e = 0; e < L * l.cols; e++) l.a[e] = lists[(e + e / L) % L];
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *X = add_input(&sc, "sigma", RITZ_F64, f[1], 1, SHARE_NONE, &s);
    struct operand *P = add_input(&sc, "lambda", RITZ_F64, f[0], 1, SHARE_NONE, &l);
    struct operand *C = with_factor ? add_input(&sc, "C", dtype, f[1], 1, SHARE_NONE, &c) : NULL;
    struct operand *W = add_output(&sc, "W", dtype, f[2], K, S, L);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_ridge_filter(p->s, phi, X->mat, P->mat, C ? C->mat : RITZ_NO_MAT,
                                               W->mat))) {
        omat sr = item_before(X, 0), lr = item_before(P, 0), cr = omat_create(K, S);
        for (int64_t e = 0; e < K * S; e++) cr.a[e] = 1;
        if (C) {
            omat_destroy(&cr);
            cr = item_before(C, 0);
        }
        const long double least = dtype == RITZ_F64 ? DBL_MIN : (long double)FLT_MIN;
        const long double most = dtype == RITZ_F64 ? DBL_MAX : (long double)FLT_MAX;
        for (int64_t b = 0; b < L; b++) {
            omat got = item_after(W, b);
            for (int64_t j = 0; j < S; j++)
                for (int64_t i = 0; i < K; i++) {
                    const long double want =
                        map_of(phi, sr.a[i], OMAT_AT(lr, b, each ? j : 0)) * OMAT_AT(cr, i, j);
                    const long double x = OMAT_AT(got, i, j);
                    if (isnan(want) || fabsl(want) > most)
                        (void)expect(isnan(want) ? isnan(x) : isinf(x), "%Lg, not %Lg", x, want);
                    else
                        (void)expect_ratio(
                            "ridge_filter", dtype,
                            (double)(fabsl(x - want) / (fabsl(want) + least)) / eps_of(dtype), 4);
                }
            omat_destroy(&got);
        }
        omat_destroy(&sr);
        omat_destroy(&lr);
        omat_destroy(&cr);
    }
    scene_end(&sc);
    omat_destroy(&s);
    omat_destroy(&l);
    omat_destroy(&c);
}

static void divide_op(const struct place *p, ritz_dtype dtype, int power, bool with_tol,
                      const struct form *f)
{
    enum { M = 5, N = 40 };
    if (!begin_case(p, "divide_rest %s power %d%s, h %s A %s B %s", ritz_dtype_name(dtype), power,
                    with_tol ? ", tol" : "", form_name(f[0]), form_name(f[1]), form_name(f[2])))
        return;
    omat h = omat_create(N, 1), tol = omat_create(1, 1), a = matgen_uniform(102, M, N);
    for (int64_t j = 0; j < N; j++) h.a[j] = j % 4 == 0 ? 1 - 0.125L * (long double)(j / 4) : 0.5L;
    h.a[3] = (long double)NAN;
    tol.a[0] = 0.25L;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *H = add_input(&sc, "h", RITZ_F64, f[0], 1, SHARE_NONE, &h);
    struct operand *T =
        with_tol ? add_input(&sc, "tol", RITZ_F64, f[0], 1, SHARE_NONE, &tol) : NULL;
    struct operand *A = add_input(&sc, "A", dtype, f[1], 1, SHARE_NONE, &a);
    struct operand *B = add_output(&sc, "B", dtype, f[2], M, N, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_divide_rest(p->s, power, 77.0, H->mat, T ? T->mat : RITZ_NO_MAT,
                                              A->mat, B->mat))) {
        omat was = item_before(A, 0), got = item_after(B, 0);
        for (int64_t j = 0; j < N; j++)
            for (int64_t i = 0; i < M; i++) {
                const long double rest = 1 - h.a[j], x = OMAT_AT(got, i, j);
                const bool beyond = rest <= (with_tol ? 0.25L : 0);
                const long double want =
                    beyond ? 77 : OMAT_AT(was, i, j) / (power == 2 ? rest * rest : rest);
                if (isnan(want))
                    (void)expect(isnan(x), "%Lg of a NaN", x);
                else
                    (void)expect_ratio("divide_rest", dtype,
                                       (double)(fabsl(x - want) / fabsl(want)) / eps_of(dtype), 2);
            }
        omat_destroy(&was);
        omat_destroy(&got);
    }
    scene_end(&sc);
    omat_destroy(&h);
    omat_destroy(&tol);
    omat_destroy(&a);
}

static void operations(const struct place *p, ritz_dtype dtype)
{
    int turn = 0;
    for (struct forms walk = forms_of(3, 32); next_forms(&walk); turn++) {
        filter_op(p, dtype, (enum ritz_ridge_function)(turn % 4), turn / 4 % 2, turn / 8 % 2,
                  walk.f);
        divide_op(p, dtype, 1 + turn % 2, turn / 2 % 2, walk.f);
    }
}

void test_ridge_ops(const struct place *p)
{
    for (int d = 0; d < REALS; d++) operations(p, reals[d]);
}
