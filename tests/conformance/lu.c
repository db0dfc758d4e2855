/* LU factorization, and the solves and figures that rest on it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

/* ---- matrices at the limits ------------------------------------------------------------------ */

static omat scaled_to(uint64_t seed, int64_t n, long double factor)
{
    omat A = matgen_uniform(seed, n, n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < n; i++)
            OMAT_AT(A, i, j) =
                factor * ((i == j) + OMAT_AT(A, i, j) / (long double)(4 * (n > 0 ? n : 1)));
    return A;
}
#define MATRIX(name) static omat name(uint64_t seed, int64_t m, int64_t n, ritz_dtype dtype)
MATRIX(largest)
{
    (void)m;
    return scaled_to(seed, n, dtype == RITZ_F64 ? 1e300L : 1e38L);
}
MATRIX(smallest)
{
    (void)m;
    return scaled_to(seed, n, dtype == RITZ_F64 ? 1e-300L : 1e-38L);
}
MATRIX(beyond)
{
    omat s = matgen_spectrum(MATGEN_GEOMETRIC, n, 1000 / (long double)eps_of(dtype));
    omat A = matgen_with_singular_values(seed, m, n, s);
    omat_destroy(&s);
    return A;
}
MATRIX(kahan)
{
    (void)seed, (void)m, (void)dtype;
    return matgen_kahan(n, 1.2L);
}
/* A column of subnormal numbers beside ordinary ones: pivots whose reciprocals overflow. */
MATRIX(subnormal_column)
{
    (void)m;
    omat A = scaled_to(seed, n, 1);
    const long double factor = dtype == RITZ_F64 ? 1e-310L : 1e-40L;
    for (int64_t i = 0; i < n; i++) OMAT_AT(A, i, n / 2) *= factor;
    return A;
}
static const struct kind limit_kinds[] = {
    {"largest", largest}, {"smallest", smallest},          {"beyond 1/eps", beyond},
    {"kahan", kahan},     {"subnormal", subnormal_column}, {NULL, NULL},
};

/* Whether a matrix of this kind may have an exact zero among its pivots, so that an error would
 * surface without info. */
static bool may_be_singular(const char *kind)
{
    static const char *const regular[] = {"uniform",  "geometric",   "identity", "largest",
                                          "smallest", "graded-rows", "huge",     "tiny"};
    for (size_t i = 0; i < sizeof regular / sizeof *regular; i++)
        if (strcmp(kind, regular[i]) == 0) return false;
    return true;
}

struct lu_case {
    int64_t n, r, batch;
    ritz_dtype dtype;
    const struct kind *kind;
    struct form fa, fb;
    enum sharing sa;
    bool with_info;
};

/* ---- from the factors ------------------------------------------------------------------------ */

/* The first exact zero on the diagonal, from 1, or 0. */
static int64_t first_zero(omat LU)
{
    for (int64_t i = 0; i < LU.rows; i++)
        if (!(fabsl(OMAT_AT(LU, i, i)) > 0)) return i + 1;
    return 0;
}

static double right_ratio(omat A, omat X, omat B, double eps)
{
    omat At = omat_transposed(A), Xt = omat_transposed(X), Bt = omat_transposed(B);
    const double ratio = oracle_solve_ratio(At, Xt, Bt, eps);
    omat_destroy(&At);
    omat_destroy(&Xt);
    omat_destroy(&Bt);
    return ratio;
}

/* What is reported of the determinant, against the diagonal itself in long double. */
static double slogdet_error(omat LU, omat pivots, long double sign, long double logdet)
{
    long double want = 0, size = 1;
    int want_sign = 1;
    for (int64_t i = 0; i < LU.rows; i++) {
        const long double d = OMAT_AT(LU, i, i), l = logl(fabsl(d));
        want += l;
        size += fabsl(l);
        if ((d < 0) != (pivots.a[i] > (long double)(i + 1) || pivots.a[i] < (long double)(i + 1)))
            want_sign = -want_sign;
    }
    if (first_zero(LU) > 0) return sign == 0 && isinf(logdet) && logdet < 0 ? 0 : (double)INFINITY;
    if (sign < want_sign || sign > want_sign) return (double)INFINITY;
    return (double)(fabsl(logdet - want) /
                    (size * (long double)DBL_EPSILON * (long double)(LU.rows > 0 ? LU.rows : 1)));
}

/* An estimate is a lower bound up to rounding, and not far below. Where rounding hides the matrix,
 * it is large. */
static void check_condition(ritz_dtype dtype, omat A, omat LU, long double cond)
{
    const long double eps = (long double)eps_of(dtype);
    if (first_zero(LU) > 0) {
        (void)expect(isinf(cond) && cond > 0, "the condition of a singular matrix is %Lg", cond);
        return;
    }
    const long double kappa = oracle_condition_one(A);
    if (A.rows == 0) {
        (void)expect(fabsl(cond) <= 0, "the condition of nothing is %Lg", cond);
    } else if (kappa * eps * (long double)A.rows < 0.1L) {
        (void)expect_bound("condition above the truth", dtype, (double)(cond / kappa), 1.2);
        (void)expect_bound("condition below the truth", dtype, (double)(kappa / cond), 10);
    } else {
        (void)expect(cond * eps * 1000 * (long double)(A.rows * A.rows) > 1,
                     "the condition is %Lg where %Lg is right", cond, kappa);
    }
}

struct worst {
    double left, right, inverse, slogdet;
};

static void check_item(const struct lu_case *c, int64_t b, const struct scene *sc,
                       struct worst *worst)
{
    const struct operand *op = sc->operand; /* in the order of check_factors */
    const double eps = eps_of(c->dtype);
    omat A = item_before(&op[0], b), LU = item_before(&op[1], b), pivots = item_before(&op[2], b);
    omat B = item_before(&op[3], b), left = item_after(&op[3], b);
    omat C = item_before(&op[4], b), right = item_after(&op[4], b);
    omat I = omat_identity(c->n, c->n), inverse = item_after(&op[5], b);
    omat sign = item_after(&op[6], 0), logdet = item_after(&op[7], 0), cond = item_after(&op[8], 0);
    if (first_zero(LU) == 0) {
        worst->left = oracle_worst(worst->left, oracle_solve_ratio(A, left, B, eps));
        worst->right = oracle_worst(worst->right, right_ratio(A, right, C, eps));
        worst->inverse = oracle_worst(worst->inverse, oracle_solve_ratio(A, inverse, I, eps));
    }
    worst->slogdet =
        oracle_worst(worst->slogdet, slogdet_error(LU, pivots, sign.a[b], logdet.a[b]));
    check_condition(c->dtype, A, LU, cond.a[b]);
    omat all[] = {A, LU, pivots, B, left, C, right, I, inverse, sign, logdet, cond};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

/* Everything that is made of a factorization, on operands of other forms than it was made in. */
static void check_factors(const struct place *p, const struct lu_case *c, const omat *a,
                          const struct operand *F, const struct operand *P)
{
    struct scene sc;
    omat *factor = calloc((size_t)c->batch, sizeof *factor);
    omat *pivots = calloc((size_t)c->batch, sizeof *pivots);
    if (!factor || !pivots) abort();
    for (int64_t b = 0; b < c->batch; b++) {
        factor[b] = item_after(F, b);
        pivots[b] = item_after(P, b);
    }
    omat *rhs = make_items(&general_kinds[0], 62, c->batch, c->n, c->r, c->dtype);
    omat *lhs = make_items(&general_kinds[0], 63, c->batch, c->r, c->n, c->dtype);
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->fb, c->batch, SHARE_NONE, a);
    struct operand *LU = add_input(&sc, "LU", c->dtype, c->fa, c->batch, SHARE_NONE, factor);
    struct operand *piv = add_input(&sc, "pivots", RITZ_I32, c->fb, c->batch, SHARE_NONE, pivots);
    struct operand *B = add_inout(&sc, "B", c->dtype, c->fb, c->batch, rhs);
    struct operand *C = add_inout(&sc, "C", c->dtype, c->fa, c->batch, lhs);
    struct operand *X = add_output(&sc, "X", c->dtype, c->fb, c->n, c->n, c->batch);
    struct operand *sign = add_output(&sc, "sign", RITZ_F64, c->fa, c->batch, 1, 1);
    struct operand *logdet = add_output(&sc, "logdet", RITZ_F64, c->fb, c->batch, 1, 1);
    struct operand *cond = add_output(&sc, "cond", RITZ_F64, c->fa, c->batch, 1, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_lu_solve(p->s, RITZ_LEFT, LU->mat, piv->mat, B->mat));
    (void)expect_ok(ritz_lu_solve(p->s, RITZ_RIGHT, LU->mat, piv->mat, C->mat));
    (void)expect_ok(ritz_lu_inverse(p->s, LU->mat, piv->mat, X->mat));
    (void)expect_ok(ritz_lu_slogdet(p->s, LU->mat, piv->mat, sign->mat, logdet->mat));
    if (scene_finish(&sc, ritz_lu_condition(p->s, A->mat, LU->mat, piv->mat, cond->mat))) {
        struct worst worst = {0, 0, 0, 0};
        for (int64_t b = 0; b < c->batch; b++) check_item(c, b, &sc, &worst);
        (void)expect_ratio("lu_solve backward error, left", c->dtype, worst.left, 30);
        (void)expect_ratio("lu_solve backward error, right", c->dtype, worst.right, 30);
        (void)expect_ratio("lu_inverse backward error", c->dtype, worst.inverse, 30);
        (void)expect_ratio("lu_slogdet of the factors", c->dtype, worst.slogdet, 30);
    }
    scene_end(&sc);
    free_items(factor, c->batch);
    free_items(pivots, c->batch);
    free_items(rhs, c->batch);
    free_items(lhs, c->batch);
}

/* ---- factor, solve --------------------------------------------------------------------------- */

/* Subnormal numbers have fewer digits than the limits suppose. */
static bool loses_digits(const struct lu_case *c)
{
    return strcmp(c->kind->name, "subnormal") == 0;
}

static void lu_one(const struct place *p, const struct lu_case *c)
{
    if (!begin_case(p, "lu %s n %lld r %lld batch %lld %s A %s pivots %s %s",
                    ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->r,
                    (long long)c->batch, c->kind->name, form_name(c->fa), form_name(c->fb),
                    c->with_info ? "info" : "no info"))
        return;
    omat *a = make_items(c->kind, 61, c->batch, c->n, c->n, c->dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_inout(&sc, "A", c->dtype, c->fa, c->batch, a);
    struct operand *pivots = add_output(&sc, "pivots", RITZ_I32, c->fb, c->n, 1, c->batch);
    struct operand *info = c->with_info ? add_info(&sc, c->fb, c->batch) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_lu(p->s, A->mat, pivots->mat, info ? info->mat : RITZ_NO_MAT))) {
        double worst = 0;
        for (int64_t b = 0; b < c->batch; b++) {
            omat before = item_before(A, b), after = item_after(A, b), piv = item_after(pivots, b);
            worst = oracle_worst(worst, oracle_lu_ratio(before, after, piv, eps_of(c->dtype)));
            if (info && info_after(info, b) != first_zero(after))
                (void)expect(false, "info of item %lld is %lld, the first zero pivot %lld",
                             (long long)b, (long long)info_after(info, b),
                             (long long)first_zero(after));
            omat_destroy(&before);
            omat_destroy(&after);
            omat_destroy(&piv);
        }
        (void)expect_ratio("lu |PA - LU|", c->dtype, worst, 30);
        if (c->batch > 0 && c->batch < 100 && !loses_digits(c)) check_factors(p, c, a, A, pivots);
    }
    scene_end(&sc);
    free_items(a, c->batch);
}

static void solve_one(const struct place *p, const struct lu_case *c)
{
    if (!begin_case(p, "solve %s n %lld r %lld batch %lld %s A %s %s B %s %s",
                    ritz_dtype_name(c->dtype), (long long)c->n, (long long)c->r,
                    (long long)c->batch, c->kind->name, form_name(c->fa), sharing_name(c->sa),
                    form_name(c->fb), c->with_info ? "info" : "no info"))
        return;
    const int64_t items = c->sa == SHARE_NONE ? c->batch : 1;
    omat *a = make_items(c->kind, 64, items, c->n, c->n, c->dtype);
    omat *rhs = make_items(&general_kinds[0], 65, c->batch, c->n, c->r, c->dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->fa, c->batch, c->sa, a);
    struct operand *B = add_inout(&sc, "B", c->dtype, c->fb, c->batch, rhs);
    struct operand *info = c->with_info ? add_info(&sc, c->fa, c->batch) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_solve(p->s, A->mat, B->mat, info ? info->mat : RITZ_NO_MAT))) {
        double worst = 0;
        for (int64_t b = 0; b < c->batch; b++) {
            if (info && info_after(info, b) != 0) {
                (void)expect(may_be_singular(c->kind->name) && info_after(info, b) > 0 &&
                                 item_is_nan(B, b, RITZ_BOTH),
                             "info of item %lld is %lld", (long long)b,
                             (long long)info_after(info, b));
                continue;
            }
            omat t = item_before(A, c->sa == SHARE_NONE ? b : 0);
            omat solution = item_after(B, b), want = item_before(B, b);
            worst = oracle_worst(worst, oracle_solve_ratio(t, solution, want, eps_of(c->dtype)));
            omat_destroy(&t);
            omat_destroy(&solution);
            omat_destroy(&want);
        }
        if (!loses_digits(c)) (void)expect_ratio("solve backward error", c->dtype, worst, 30);
    }
    scene_end(&sc);
    free_items(a, items);
    free_items(rhs, c->batch);
}

/* ---- items that fail ------------------------------------------------------------------------- */

enum flaw {
    FLAW_COLUMN,
    FLAW_MIDDLE,
    FLAW_LAST,
    FLAW_TWINS,
    FLAW_NAN,
    FLAW_INF,
    FLAW_MINUS,
    FLAWS
};
static const char *const flaw_names[] = {"zero column",
                                         "zero pivot in the middle",
                                         "zero pivot at the end",
                                         "twin rows",
                                         "NaN first",
                                         "Inf in the middle",
                                         "-Inf last"};

/* Spoil an identity matrix; returns the info to come. */
static int64_t spoil(omat A, enum flaw flaw)
{
    const int64_t n = A.rows, i = n / 2;
    switch (flaw) {
    case FLAW_COLUMN: OMAT_AT(A, 0, 0) = 0; return 1;
    case FLAW_MIDDLE: OMAT_AT(A, i, i) = 0; return i + 1;
    case FLAW_LAST: OMAT_AT(A, n - 1, n - 1) = 0; return n;
    case FLAW_TWINS: /* rows i-1 and i become equal: the second is eliminated to nothing */
        OMAT_AT(A, i - 1, i) = OMAT_AT(A, i, i - 1) = 1;
        return i + 1;
    case FLAW_NAN: OMAT_AT(A, 0, 0) = (long double)NAN; return -1;
    case FLAW_INF: OMAT_AT(A, i, i - 1) = (long double)INFINITY; return -1;
    case FLAW_MINUS:
    case FLAWS: break;
    }
    OMAT_AT(A, n - 1, n - 1) = -(long double)INFINITY;
    return -1;
}

static bool counts_up(const struct operand *pivots, int64_t b)
{
    omat p = item_after(pivots, b);
    bool right = true;
    for (int64_t i = 0; i < p.rows; i++) right = right && fabsl(p.a[i] - (long double)(i + 1)) <= 0;
    omat_destroy(&p);
    return right;
}

static void check_flawed(const struct scene *sc, bool solve, ritz_dtype dtype, int64_t want)
{
    const struct operand *A = &sc->operand[0], *second = &sc->operand[1];
    const double eps = eps_of(dtype);
    if (solve) {
        (void)expect(item_is_nan(second, 1, RITZ_BOTH), "the failed item is not NaN");
    } else if (want < 0) {
        (void)expect(item_is_nan(A, 1, RITZ_BOTH), "the failed item is not NaN");
        (void)expect(counts_up(second, 1), "the failed item's pivots interchange rows");
    }
    for (int64_t b = 0; b < 3; b++) {
        omat a = item_before(A, b), out = item_after(solve ? second : A, b);
        omat other = solve ? item_before(second, b) : item_after(second, b);
        if (b != 1 || (!solve && want > 0))
            (void)expect_ratio("other items of a failed batch", dtype,
                               solve ? oracle_solve_ratio(a, out, other, eps)
                                     : oracle_lu_ratio(a, out, other, eps),
                               30);
        omat_destroy(&a);
        omat_destroy(&out);
        omat_destroy(&other);
    }
}

/* Three items, the middle one spoilt, by ritz_lu or ritz_solve, with and without info. */
static void flawed_one(const struct place *p, ritz_dtype dtype, int64_t n, enum flaw flaw,
                       struct form form, bool solve, bool with_info)
{
    if (!begin_case(p, "%s %s n %lld of 3 items, %s in item 1, %s, %s", solve ? "solve" : "lu",
                    ritz_dtype_name(dtype), (long long)n, flaw_names[flaw], form_name(form),
                    with_info ? "info" : "no info"))
        return;
    omat *a = make_items(&general_kinds[0], 66, 3, n, n, dtype);
    omat *rhs = make_items(&general_kinds[0], 67, 3, n, 2, dtype);
    omat_destroy(&a[1]);
    a[1] = omat_identity(n, n);
    const int64_t want = spoil(a[1], flaw);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = solve ? add_input(&sc, "A", dtype, form, 3, SHARE_NONE, a)
                              : add_inout(&sc, "A", dtype, form, 3, a);
    struct operand *second = solve ? add_inout(&sc, "B", dtype, form, 3, rhs)
                                   : add_output(&sc, "pivots", RITZ_I32, form, n, 1, 3);
    struct operand *info = with_info ? add_info(&sc, COL_PLAIN, 3) : NULL;
    const ritz_dmat info_mat = info ? info->mat : RITZ_NO_MAT;
    scene_upload(&sc);
    ritz_status call = solve ? ritz_solve(p->s, A->mat, second->mat, info_mat)
                             : ritz_lu(p->s, A->mat, second->mat, info_mat);
    const ritz_status code = with_info  ? RITZ_OK
                             : want < 0 ? RITZ_ERR_NOT_FINITE
                                        : RITZ_ERR_SINGULAR;
    if (scene_collect(&sc, call, code, solve ? "ritz_solve|item 1" : "ritz_lu|item 1")) {
        if (info)
            (void)expect(
                info_after(info, 0) == 0 && info_after(info, 1) == want && info_after(info, 2) == 0,
                "info is %lld %lld %lld, not 0 %lld 0", (long long)info_after(info, 0),
                (long long)info_after(info, 1), (long long)info_after(info, 2), (long long)want);
        check_flawed(&sc, solve, dtype, want);
    }
    scene_end(&sc);
    free_items(a, 3);
    free_items(rhs, 3);
}

/* A right-hand side that is not finite fails its own item; one matrix that is singular, all. */
static void flawed_rhs(const struct place *p, ritz_dtype dtype)
{
    for (int shared = 0; shared <= 1; shared++) {
        if (!begin_case(p, "solve %s, NaN in B of item 2%s", ritz_dtype_name(dtype),
                        shared ? ", one singular A" : ""))
            continue;
        omat *a = make_items(&general_kinds[shared ? 9 : 0], 68, 3, 5, 5, dtype);
        omat *rhs = make_items(&general_kinds[0], 69, 3, 5, 2, dtype);
        OMAT_AT(rhs[2], 3, 1) = (long double)NAN;
        struct scene sc;
        scene_begin(&sc, p);
        struct operand *A =
            add_input(&sc, "A", dtype, COL_PLAIN, 3, shared ? SHARE_ONE : SHARE_NONE, a);
        struct operand *B = add_inout(&sc, "B", dtype, COL_PLAIN, 3, rhs);
        struct operand *info = add_info(&sc, COL_PLAIN, 3);
        scene_upload(&sc);
        if (scene_finish(&sc, ritz_solve(p->s, A->mat, B->mat, info->mat))) {
            (void)expect(info_after(info, 0) == shared && info_after(info, 1) == shared &&
                             info_after(info, 2) == -1,
                         "info is %lld %lld %lld", (long long)info_after(info, 0),
                         (long long)info_after(info, 1), (long long)info_after(info, 2));
            for (int64_t b = 0; b < 3; b++)
                (void)expect(item_is_nan(B, b, RITZ_BOTH) == (b == 2 || shared),
                             "item %lld is NaN, or is not", (long long)b);
        }
        scene_end(&sc);
        free_items(a, 3);
        free_items(rhs, 3);
    }
}

/* The figures of items that failed. */
static void flawed_figures(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "lu_slogdet, lu_condition %s of regular, singular, NaN",
                    ritz_dtype_name(dtype)))
        return;
    omat a[3] = {omat_identity(4, 4), matgen_rank(70, 4, 4, 0), omat_identity(4, 4)};
    OMAT_AT(a[0], 1, 1) = -2;
    OMAT_AT(a[2], 3, 0) = (long double)NAN;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 3, SHARE_NONE, a);
    struct operand *F = add_inout(&sc, "F", dtype, COL_PLAIN, 3, a);
    struct operand *pivots = add_output(&sc, "pivots", RITZ_I32, COL_PLAIN, 4, 1, 3);
    struct operand *info = add_info(&sc, COL_PLAIN, 3);
    struct operand *sign = add_output(&sc, "sign", RITZ_F64, COL_PLAIN, 3, 1, 1);
    struct operand *logdet = add_output(&sc, "logdet", RITZ_F64, COL_PLAIN, 3, 1, 1);
    struct operand *cond = add_output(&sc, "cond", RITZ_F64, COL_PLAIN, 3, 1, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_lu(p->s, F->mat, pivots->mat, info->mat));
    (void)expect_ok(ritz_lu_slogdet(p->s, F->mat, pivots->mat, sign->mat, logdet->mat));
    if (scene_finish(&sc, ritz_lu_condition(p->s, A->mat, F->mat, pivots->mat, cond->mat))) {
        omat s = item_after(sign, 0), l = item_after(logdet, 0), k = item_after(cond, 0);
        (void)expect(s.a[0] < 0 && s.a[1] == 0 && isnan(s.a[2]), "the signs are %Lg %Lg %Lg",
                     s.a[0], s.a[1], s.a[2]);
        (void)expect(fabsl(l.a[0] - logl(2)) < 1e-15L && isinf(l.a[1]) && l.a[1] < 0 &&
                         isnan(l.a[2]),
                     "the logarithms are %Lg %Lg %Lg", l.a[0], l.a[1], l.a[2]);
        (void)expect(fabsl(k.a[0] - 2) < 1e-6L && isinf(k.a[1]) && k.a[1] > 0 && isnan(k.a[2]),
                     "the condition numbers are %Lg %Lg %Lg", k.a[0], k.a[1], k.a[2]);
        omat_destroy(&s);
        omat_destroy(&l);
        omat_destroy(&k);
    }
    scene_end(&sc);
    for (int i = 0; i < 3; i++) omat_destroy(&a[i]);
}

/* ---- known answers --------------------------------------------------------------------------- */

/* A = [4 2 1; 2 5 3; 1 3 6], b = (1, 2, 3): x = (6, 7, 29) / 67, det A = 67. */
static void known_answer(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "solve %s of the worked 3 x 3 example", ritz_dtype_name(dtype))) return;
    static const double A3[] = {4, 2, 1, 2, 5, 3, 1, 3, 6}, b3[] = {1, 2, 3};
    omat a = omat_from_f64(A3, 3, 3, 1, 3), b = omat_from_f64(b3, 3, 1, 1, 3);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *F = add_inout(&sc, "F", dtype, COL_PLAIN, 1, &a);
    struct operand *B = add_inout(&sc, "B", dtype, COL_PLAIN, 1, &b);
    struct operand *pivots = add_output(&sc, "pivots", RITZ_I32, COL_PLAIN, 3, 1, 1);
    struct operand *sign = add_output(&sc, "sign", RITZ_F64, COL_PLAIN, 1, 1, 1);
    struct operand *logdet = add_output(&sc, "logdet", RITZ_F64, COL_PLAIN, 1, 1, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_solve(p->s, A->mat, B->mat, RITZ_NO_MAT));
    (void)expect_ok(ritz_lu(p->s, F->mat, pivots->mat, RITZ_NO_MAT));
    if (scene_finish(&sc, ritz_lu_slogdet(p->s, F->mat, pivots->mat, sign->mat, logdet->mat))) {
        const long double want[] = {6 / 67.0L, 7 / 67.0L, 29 / 67.0L};
        omat got = item_after(B, 0), s = item_after(sign, 0), l = item_after(logdet, 0);
        double worst = (double)(fabsl(l.a[0] - 4.204692619390966L) / eps_of(dtype));
        for (int i = 0; i < 3; i++)
            worst = oracle_worst(worst, (double)(fabsl(got.a[i] - want[i]) / eps_of(dtype)));
        (void)expect_ratio("lu worked example", dtype, worst, 30);
        (void)expect(fabsl(s.a[0] - 1) <= 0, "the sign is %Lg", s.a[0]);
        omat_destroy(&got);
        omat_destroy(&s);
        omat_destroy(&l);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&b);
}

static void try_shape(const struct place *p, const struct shape *s, ritz_dtype dtype, int *turn,
                      const struct kind *kinds)
{
    const struct kind *kind = kinds;
    struct forms walk = forms_of(2, s->n <= 3 && s->batch <= 3 ? 0 : s->n > 50 ? 7 : 17);
    if (s->batch >= 100) walk.left = 2;
    if (s->n > 150) walk.left = 1;
    while (next_forms(&walk)) {
        struct lu_case c = {
            s->n,      s->k,       s->batch,
            dtype,     kind,       walk.f[0],
            walk.f[1], SHARE_NONE, *turn % 3 == 0 || s->n == 1 || may_be_singular(kind->name)};
        lu_one(p, &c);
        if (s->batch != 1) c.sa = (enum sharing)(*turn % 3);
        solve_one(p, &c);
        if (s->batch > 1 && s->batch < 100) {
            c.fa.view = c.fb.view = VIEW_INTERLEAVED;
            c.sa = SHARE_NONE;
            lu_one(p, &c);
        }
        (*turn)++;
        if (!(++kind)->name) kind = kinds;
    }
}

void test_lu(const struct place *p)
{
    int turn = 0;
    for (int t = 0; t < REALS; t++) {
        known_answer(p, reals[t]);
        flawed_rhs(p, reals[t]);
        flawed_figures(p, reals[t]);
        for (const struct shape *s = NULL; (s = next_shape("lu", s));) {
            try_shape(p, s, reals[t], &turn, general_kinds);
            if (s->n > 0 && s->n <= 40 && s->batch == 3)
                try_shape(p, s, reals[t], &turn, limit_kinds);
        }
        for (int f = 0; f < FLAWS; f++)
            for (struct forms walk = forms_of(1, 0); next_forms(&walk); turn++)
                for (int v = 0; v < 4; v++)
                    flawed_one(p, reals[t], v < 2 && turn % 2 ? 33 : 5, (enum flaw)f, walk.f[0],
                               v % 2, v / 2);
    }
}
