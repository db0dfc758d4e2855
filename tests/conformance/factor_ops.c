/* The operations that dense factorizations are made of (core/ops.def), one by one: those that have
 * no group of their own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

/* One case: A is m x n, r a third size. */
struct
try {
    const struct place *p;
    ritz_dtype dtype;
    int64_t m, n, r, batch;
    struct form f[3];
    int turn;
};

static bool begin(const struct try *t, const char *operation, const char *variant)
{
    return begin_case(t->p, "%s %s %s %lldx%lldx%lld batch %lld %s %s %s turn %d", operation,
                      variant, ritz_dtype_name(t->dtype), (long long)t->m, (long long)t->n,
                      (long long)t->r, (long long)t->batch, form_name(t->f[0]), form_name(t->f[1]),
                      form_name(t->f[2]), t->turn);
}

/* Column-major in some view. */
static struct form columns(struct form f)
{
    return (struct form){RITZ_COL_MAJOR, f.view == VIEW_TRANSPOSED ? VIEW_PLAIN : f.view};
}

static omat *uniform(uint64_t seed, const struct try *t, int64_t rows, int64_t cols)
{
    return make_items(general_kinds, seed, t->batch, rows, cols, t->dtype);
}

static omat *vectors(int64_t batch, int64_t rows)
{
    omat *v = calloc((size_t)(batch + 1), sizeof *v);
    if (!v) abort();
    for (int64_t b = 0; b < batch; b++) v[b] = omat_create(rows, 1);
    return v;
}

static double gap(omat A, omat B)
{
    double worst = 0;
    for (int64_t e = 0; e < A.rows * A.cols; e++)
        worst = oracle_worst(worst, (double)fabsl(A.a[e] - B.a[e]));
    return worst;
}

static bool exactly(omat got, omat want)
{
    for (int64_t e = 0; e < got.rows * got.cols; e++)
        if (!(got.a[e] == want.a[e] || (isnan(got.a[e]) && isnan(want.a[e])))) return false;
    return true;
}

static void drop(omat *const *all, int count)
{
    for (int i = 0; i < count; i++) omat_destroy(all[i]);
}
#define DROP(...)                                                                                  \
    drop((omat *const[]){__VA_ARGS__}, (int)(sizeof((omat *const[]){__VA_ARGS__}) / sizeof(omat *)))

/* ---- LU -------------------------------------------------------------------------------------- */

static void interchange(omat *B, omat pivots, bool inverse)
{
    for (int64_t step = 0; step < pivots.rows; step++) {
        const int64_t k = inverse ? pivots.rows - 1 - step : step, p = (int64_t)pivots.a[k] - 1;
        for (int64_t j = 0; j < B->cols && p != k; j++) {
            const long double x = OMAT_AT(*B, k, j);
            OMAT_AT(*B, k, j) = OMAT_AT(*B, p, j);
            OMAT_AT(*B, p, j) = x;
        }
    }
}

/* P A = L U with |L| <= 1; the residual in units of |L| |U|. */
static void check_lu(const struct try *t, omat A, omat F, omat pivots)
{
    omat L = oracle_triangle(ORACLE_LOWER, ORACLE_UNIT, F),
         U = oracle_triangle(ORACLE_UPPER, ORACLE_NON_UNIT, F);
    bool fine = true;
    for (int64_t k = 0; k < A.rows; k++)
        fine = fine && pivots.a[k] >= k + 1 && pivots.a[k] <= A.rows;
    (void)expect(fine, "a pivot is out of range");
    (void)expect(oracle_norm_max(L) <= 1, "a multiplier is larger than 1");
    if (fine) interchange(&A, pivots, false);
    omat product = oracle_product(L, U), scale = oracle_gemm_scale(1, L, U, 0, (omat){0});
    const double unit = (double)A.rows * eps_of(t->dtype) * (double)oracle_norm_max(scale);
    (void)expect_ratio("getrf residual", t->dtype,
                       unit > 0 ? gap(A, product) / unit : gap(A, product), 1);
    DROP(&L, &U, &product, &scale);
}

static void getrf(const struct try *t)
{
    const int64_t n = t->n, empty = n / 2; /* a column of zeros, at every third turn */
    const bool singular = t->turn % 3 == 2;
    if (!begin(t, "getrf", singular ? "singular" : "")) return;
    omat *a = uniform(3, t, n, n);
    for (int64_t b = 0; b < t->batch && singular; b += 2)
        for (int64_t i = 0; i < n; i++) OMAT_AT(a[b], i, empty) = 0;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_inout(&sc, "A", t->dtype, columns(t->f[0]), t->batch, a);
    struct operand *P = add_output(&sc, "pivots", RITZ_I32, t->f[1], n, 1, t->batch);
    struct operand *I = add_info(&sc, t->f[2], t->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_getrf(t->p->s, A->mat, P->mat, I->mat)))
        for (int64_t b = 0; b < t->batch; b++) {
            omat was = item_before(A, b), F = item_after(A, b), pivots = item_after(P, b);
            const int64_t want = singular && b % 2 == 0 && n > 0 ? empty + 1 : 0;
            (void)expect(info_after(I, b) == want, "info of item %lld is %lld, not %lld",
                         (long long)b, (long long)info_after(I, b), (long long)want);
            check_lu(t, was, F, pivots);
            DROP(&was, &F, &pivots);
        }
    scene_end(&sc);
    free_items(a, t->batch);
}

static void swap_rows(const struct try *t)
{
    const bool inverse = t->turn % 2;
    if (!begin(t, "swap_rows", inverse ? "inverse" : "")) return;
    const bool shared = t->turn % 4 > 1;
    omat *b = uniform(4, t, t->n, t->r), *p = vectors(t->batch, t->n);
    for (int64_t i = 0; i < t->batch; i++)
        for (int64_t k = 0; k < t->n; k++)
            p[i].a[k] = (long double)(k + 1 + (k * k * 7 + i * 3 + t->turn) % (t->n - k));
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *P =
        add_input(&sc, "pivots", RITZ_I32, t->f[1], t->batch, shared ? SHARE_ONE : SHARE_NONE, p);
    struct operand *B = add_inout(&sc, "B", t->dtype, t->f[0], t->batch, b);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_swap_rows(t->p->s, inverse, P->mat, B->mat)))
        for (int64_t i = 0; i < t->batch; i++) {
            omat want = item_before(B, i), got = item_after(B, i);
            interchange(&want, p[shared ? 0 : i], inverse);
            (void)expect(exactly(got, want), "item %lld is wrong", (long long)i);
            DROP(&want, &got);
        }
    scene_end(&sc);
    free_items(b, t->batch);
    free_items(p, t->batch);
}

static void determinant(const struct try *t)
{
    if (!begin(t, "log_diag", "")) return;
    const int64_t n = t->n;
    const bool pivoted = t->turn % 2;
    omat *a = uniform(5, t, n, n), *p = vectors(t->batch, n);
    for (int64_t b = 0; b < t->batch; b++) {
        for (int64_t k = 0; k < n; k++) p[b].a[k] = (long double)(k + 1 + (k + b) % (n - k));
        const int64_t i = n - 1;
        if (n > 0 && (t->turn + b) % 4 == 2) OMAT_AT(a[b], i, i) = 0;
        if (n > 0 && (t->turn + b) % 8 == 3) OMAT_AT(a[b], i, i) = (long double)NAN;
    }
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_input(&sc, "A", t->dtype, t->f[0], t->batch, SHARE_NONE, a);
    struct operand *P = add_input(&sc, "pivots", RITZ_I32, t->f[1], t->batch, SHARE_NONE, p);
    struct operand *sign = add_output(&sc, "sign", RITZ_F64, t->f[2], t->batch, 1, 1);
    struct operand *logs = add_output(&sc, "logabs", RITZ_F64, t->f[1], t->batch, 1, 1);
    scene_upload(&sc);
    const ritz_dmat pivots = pivoted ? P->mat : RITZ_NO_MAT;
    if (scene_finish(&sc, ritz_op_log_diag(t->p->s, A->mat, pivots, sign->mat, logs->mat))) {
        omat s = item_after(sign, 0), l = item_after(logs, 0);
        for (int64_t b = 0; b < t->batch; b++) {
            omat was = item_before(A, b);
            long double want = 1, size = 1, sum = 0;
            for (int64_t k = 0; k < n; k++) {
                const long double x = OMAT_AT(was, k, k);
                want *= pivoted && p[b].a[k] != k + 1 ? -x : x;
                sum += logl(fabsl(x));
                size += fabsl(logl(fabsl(x)));
            }
            const double got = (double)s.a[b];
            if (isnan(want))
                (void)expect(isnan(got) && isnan(l.a[b]), "item %lld has no NaN", (long long)b);
            else
                (void)expect(got == (want > 0) - (want < 0), "sign of item %lld is %g",
                             (long long)b, got);
            if (want == 0)
                (void)expect(isinf(l.a[b]) && l.a[b] < 0, "log of 0 is %Lg", l.a[b]);
            else if (!isnan(want))
                (void)expect_ratio("log_diag", RITZ_F64,
                                   (double)(fabsl(l.a[b] - sum) / (size * 0x1p-52L)),
                                   (double)n + 4);
            omat_destroy(&was);
        }
        DROP(&s, &l);
    }
    scene_end(&sc);
    free_items(a, t->batch);
    free_items(p, t->batch);
}

/* ---- shifting, summing ----------------------------------------------------------------------- */

static void shift(const struct try *t)
{
    if (!begin(t, "shift_diag", "")) return;
    omat *a = uniform(7, t, t->m, t->n), by = omat_create(t->batch, 1);
    for (int64_t b = 0; b < t->batch; b++) by.a[b] = 0.75L * (long double)(b + 1);
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *S = add_input(&sc, "shift", RITZ_F64, t->f[1], 1, SHARE_NONE, &by);
    struct operand *A = add_inout(&sc, "A", t->dtype, t->f[0], t->batch, a);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_shift_diag(t->p->s, S->mat, A->mat)))
        for (int64_t b = 0; b < t->batch; b++) {
            omat want = item_before(A, b), got = item_after(A, b);
            for (int64_t i = 0; i < t->m && i < t->n; i++) OMAT_AT(want, i, i) += by.a[b];
            double worst = 0;
            for (int64_t e = 0; e < t->m * t->n; e++) {
                const bool diagonal = e % t->m == e / t->m;
                const double off = (double)fabsl(got.a[e] - want.a[e]);
                worst = oracle_worst(worst, diagonal ? off / (double)(by.a[b] + 1) : off * 1e30);
            }
            (void)expect_ratio("shift_diag", t->dtype, worst / eps_of(t->dtype), 1);
            DROP(&want, &got);
        }
    scene_end(&sc);
    free_items(a, t->batch);
    omat_destroy(&by);
}

static void sums(const struct try *t)
{
    if (!begin(t, "abs_sums, frobenius", "")) return;
    omat *a = uniform(8, t, t->m, t->n);
    /* The norm must neither overflow nor vanish. */
    const int extreme = t->turn % 4;
    const int exponent = t->dtype == RITZ_F64 ? 1000 : 110;
    for (int64_t b = 0; b < t->batch; b++)
        for (int64_t e = 0; e < t->m * t->n && extreme < 2; e++)
            a[b].a[e] = ldexpl(a[b].a[e], (e + b) % 3 ? 0 : extreme ? exponent : -exponent);
    if (t->batch > 1 && t->m * t->n > 1 && extreme == 2) a[1].a[1] = -(long double)INFINITY;
    if (t->batch > 1 && t->m * t->n > 1 && extreme == 3) a[1].a[0] = (long double)NAN;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_input(&sc, "A", t->dtype, t->f[0], t->batch, SHARE_NONE, a);
    struct operand *S = add_output(&sc, "sums", RITZ_F64, t->f[1], t->n, 1, t->batch);
    struct operand *N = add_output(&sc, "norm", RITZ_F64, t->f[2], 1, 1, t->batch);
    scene_upload(&sc);
    (void)expect_ok(ritz_op_frobenius(t->p->s, A->mat, N->mat));
    if (scene_finish(&sc, ritz_op_abs_sums(t->p->s, A->mat, S->mat)))
        for (int64_t b = 0; b < t->batch; b++) {
            omat was = item_before(A, b), got = item_after(S, b), norm = item_after(N, b);
            long double squares = 0;
            bool nan = false, infinite = false;
            double worst = 0;
            for (int64_t j = 0; j < t->n; j++) {
                long double sum = 0;
                for (int64_t i = 0; i < t->m; i++) {
                    const long double x = OMAT_AT(was, i, j);
                    sum += fabsl(x);
                    squares += x * x;
                    nan = nan || isnan(x);
                    infinite = infinite || isinf(x);
                }
                if (isnan(sum) || isinf(sum))
                    (void)expect(isnan(sum) ? isnan(got.a[j]) : isinf(got.a[j]),
                                 "sum %lld is finite", (long long)j);
                else if (sum > 0)
                    worst = oracle_worst(worst, (double)(fabsl(got.a[j] - sum) / sum));
            }
            (void)expect_ratio("abs_sums", RITZ_F64, worst / ((double)t->m * 0x1p-53), 1);
            if (nan || infinite)
                (void)expect(nan ? isnan(norm.a[0]) : isinf(norm.a[0]), "the norm is %Lg",
                             norm.a[0]);
            else
                (void)expect_ratio(
                    "frobenius", RITZ_F64,
                    (double)(squares > 0 ? fabsl(norm.a[0] / sqrtl(squares) - 1) : norm.a[0]) /
                        ((double)(t->m * t->n + 8) * 0x1p-53),
                    1);
            DROP(&was, &got, &norm);
        }
    scene_end(&sc);
    free_items(a, t->batch);
}

enum { PRODUCTS = 3 };

/* ---- Cholesky -------------------------------------------------------------------------------- */

static void chol_update(const struct try *t)
{
    const int sigma = t->turn % 2 ? 1 : -1;
    const ritz_uplo uplo = t->turn / 2 % 2 ? RITZ_LOWER : RITZ_UPPER;
    const bool fails = sigma < 0 && t->turn % 3 == 0;
    if (!begin(t, "chol_update", sigma > 0 ? "update" : fails ? "too much" : "downdate")) return;
    const int64_t n = t->n;
    omat *l = uniform(18, t, n, n), *x = uniform(19, t, n, 1);
    const long double small = 0.25L / (long double)(n + 1);
    for (int64_t b = 0; b < t->batch; b++) {
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = 0; i < n; i++) OMAT_AT(l[b], i, j) *= i == j ? 0 : small;
        for (int64_t i = 0; i < n; i++) {
            OMAT_AT(l[b], i, i) = 1 + 0.5L * (long double)(i % 3);
            x[b].a[i] *= sigma > 0 ? 3 : small;
        }
        if (fails && n > 0 && b % 2 == 0) x[b].a[n - 1] = 9;
    }
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *X = add_inout(&sc, "x", t->dtype, t->f[1], t->batch, x);
    struct operand *L = add_inout(&sc, "L", t->dtype, t->f[0], t->batch, l);
    struct operand *I = add_info(&sc, t->f[2], t->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_chol_update(t->p->s, uplo, sigma, X->mat, L->mat, I->mat))) {
        expect_other_triangle_kept(L, uplo);
        for (int64_t b = 0; b < t->batch; b++) {
            const int64_t want = fails && n > 0 && b % 2 == 0 ? n : 0;
            (void)expect(info_after(I, b) == want, "info of item %lld is %lld, not %lld",
                         (long long)b, (long long)info_after(I, b), (long long)want);
            if (want != 0) continue;
            omat before = item_before(L, b), after = item_after(L, b), v = item_before(X, b);
            const oracle_uplo part = uplo == RITZ_LOWER ? ORACLE_LOWER : ORACLE_UPPER;
            omat P = oracle_triangle(part, ORACLE_NON_UNIT, before),
                 Q = oracle_triangle(part, ORACLE_NON_UNIT, after);
            omat Pt = omat_transposed(P), Qt = omat_transposed(Q), vt = omat_transposed(v);
            omat old = uplo == RITZ_LOWER ? oracle_product(P, Pt) : oracle_product(Pt, P);
            omat want_sum = oracle_gemm(sigma, v, vt, 1, old);
            omat got = uplo == RITZ_LOWER ? oracle_product(Q, Qt) : oracle_product(Qt, Q);
            const double unit = (double)(n + 4) * eps_of(t->dtype) *
                                (double)(oracle_norm_max(old) + oracle_norm_max(want_sum));
            (void)expect_ratio("chol_update", t->dtype, unit > 0 ? gap(got, want_sum) / unit : 0,
                               2);
            DROP(&before, &after, &v, &P, &Q, &Pt, &Qt, &vt, &old, &want_sum, &got);
        }
    }
    scene_end(&sc);
    free_items(l, t->batch);
    free_items(x, t->batch);
}

/* F F' agrees with A in the rows and columns of the pivots; pivots were the largest there were. */
static void check_pivoted(const struct try *t, omat A, omat F, omat pivots, int64_t rank,
                          long double error, long double limit)
{
    const int64_t n = A.rows;
    const long double unit = (long double)(n + 4) * eps_of(t->dtype) * oracle_norm_max(A);
    bool *seen = calloc((size_t)n + 1, sizeof *seen);
    if (!seen) abort();
    omat d = omat_create(n, 1);
    long double worst = 0, behind = 0, rest = 0, largest = 0;
    bool fine = true;
    for (int64_t i = 0; i < n; i++) d.a[i] = OMAT_AT(A, i, i);
    for (int64_t k = 0; k < n && fine; k++) {
        const int64_t p = (int64_t)pivots.a[k];
        fine = p >= 0 && p < n && !seen[p];
        if (!fine) break;
        if (k < rank) {
            for (int64_t i = 0; i < n; i++)
                if (!seen[i]) behind = fmaxl(behind, d.a[i] - d.a[p]);
            for (int64_t i = 0; i < n; i++) {
                long double sum = OMAT_AT(A, i, p);
                for (int64_t l = 0; l <= k; l++) sum -= OMAT_AT(F, i, l) * OMAT_AT(F, p, l);
                fine = fine && (!seen[i] || OMAT_AT(F, i, k) == 0);
                if (!seen[i]) worst = fmaxl(worst, fabsl(sum));
                d.a[i] -= OMAT_AT(F, i, k) * OMAT_AT(F, i, k);
            }
        } else {
            rest += d.a[p];
            largest = fmaxl(largest, d.a[p]);
        }
        seen[p] = true;
    }
    (void)expect(fine, "the pivots are no permutation, or F is not trapezoidal");
    for (int64_t k = rank; k < F.cols; k++)
        for (int64_t i = 0; i < n; i++) fine = fine && OMAT_AT(F, i, k) == 0;
    (void)expect(fine, "a column beyond the rank is not 0");
    (void)expect_ratio("pstrf residual", t->dtype, (double)(unit > 0 ? worst / unit : worst), 1);
    (void)expect_ratio("pstrf pivots", t->dtype, (double)(unit > 0 ? behind / unit : behind), 1);
    (void)expect_ratio("pstrf error", t->dtype,
                       (double)(unit > 0 ? fabsl(rest - error) / unit : fabsl(error)), 2);
    if (rank < F.cols)
        (void)expect(largest <= limit + unit, "%Lg remains, the limit is %Lg", largest, limit);
    free(seen);
    omat_destroy(&d);
}

static void pstrf(const struct try *t)
{
    const int64_t n = t->n, steps = t->r < n ? t->r : n;
    const bool indefinite = t->turn % 5 == 4 && n > 1;
    if (!begin(t, "pstrf", indefinite ? "indefinite" : "")) return;
    /* Of rank about n/2, or full. */
    omat *a = calloc((size_t)t->batch + 1, sizeof *a);
    if (!a) abort();
    for (int64_t b = 0; b < t->batch; b++) {
        const int64_t k = t->turn % 2 ? n : n / 2 + 1;
        omat G = matgen_uniform(20 + (uint64_t)b, n, k), Gt = omat_transposed(G);
        a[b] = oracle_product(G, Gt);
        DROP(&G, &Gt);
        for (int64_t j = 0; j < n; j++) /* only the lower triangle is read */
            for (int64_t i = 0; i < j; i++) OMAT_AT(a[b], i, j) = (long double)NAN;
        if (indefinite && b % 2 == 0) OMAT_AT(a[b], n - 1, n - 1) = -7;
    }
    const double rtol = t->turn % 3 == 1 ? 1e-2 : (double)n * eps_of(t->dtype) * 4, atol = 1e-30;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_inout(&sc, "A", t->dtype, columns(t->f[0]), t->batch, a);
    struct operand *F = add_output(&sc, "F", t->dtype, t->f[1], n, steps, t->batch);
    struct operand *P = add_output(&sc, "pivots", RITZ_I32, t->f[2], n, 1, t->batch);
    struct operand *R = add_output(&sc, "rank", RITZ_I32, t->f[1], t->batch, 1, 1);
    struct operand *E = add_output(&sc, "error", RITZ_F64, t->f[2], t->batch, 1, 1);
    struct operand *I = add_info(&sc, t->f[0], t->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_pstrf(t->p->s, rtol, atol, A->mat, F->mat, P->mat, R->mat, E->mat,
                                        I->mat))) {
        omat error = item_after(E, 0);
        for (int64_t b = 0; b < t->batch; b++) {
            omat was = item_before(A, b), f = item_after(F, b), pivots = item_after(P, b);
            const bool bad = indefinite && b % 2 == 0;
            const int64_t info = info_after(I, b), rank = info_after(R, b);
            (void)expect(bad ? info == 1 : info == 0, "info of item %lld is %lld", (long long)b,
                         (long long)info);
            (void)expect(rank >= 0 && rank <= steps, "rank %lld", (long long)rank);
            omat full = oracle_symmetric(ORACLE_LOWER, was);
            long double largest = 0;
            for (int64_t i = 0; i < n; i++) largest = fmaxl(largest, OMAT_AT(full, i, i));
            if (!bad) check_pivoted(t, full, f, pivots, rank, error.a[b], rtol * largest);
            DROP(&was, &f, &pivots, &full);
        }
        omat_destroy(&error);
    }
    scene_end(&sc);
    free_items(a, t->batch);
}

/* ---- pivoted QR ------------------------------------------------------------------------------ */

/* (I - tau v v') B with v from column k of F. */
static void reflect(omat F, int64_t k, long double tau, omat *B)
{
    for (int64_t j = 0; j < B->cols; j++) {
        long double sum = OMAT_AT(*B, k, j);
        for (int64_t i = k + 1; i < F.rows; i++) sum += OMAT_AT(F, i, k) * OMAT_AT(*B, i, j);
        OMAT_AT(*B, k, j) -= tau * sum;
        for (int64_t i = k + 1; i < F.rows; i++) OMAT_AT(*B, i, j) -= tau * sum * OMAT_AT(F, i, k);
    }
}

static void check_geqp3(const struct try *t, omat A, omat F, omat pivots, omat tau)
{
    const int64_t m = A.rows, n = A.cols, q = m < n ? m : n;
    omat AP = omat_create(m, n);
    bool *seen = calloc((size_t)n + 1, sizeof *seen), fine = true;
    if (!seen) abort();
    for (int64_t j = 0; j < n && fine; j++) {
        const int64_t p = (int64_t)pivots.a[j];
        fine = p >= 0 && p < n && !seen[p];
        for (int64_t i = 0; i < m && fine; i++) OMAT_AT(AP, i, j) = OMAT_AT(A, i, p);
        if (fine) seen[p] = true;
    }
    free(seen);
    (void)expect(fine, "the pivots are no permutation");
    for (int64_t k = 0; k < q; k++) reflect(F, k, tau.a[k], &AP);
    /* What remains after k reflections has no longer column than the one that was taken, up to the
     * error of lengths that are updated: the root of eps (Drmac and Bujanovic 2008, section 2). */
    double behind = 0;
    const long double size = oracle_norm_fro(A),
                      unit = (long double)(m + n) * eps_of(t->dtype) * size;
    for (int64_t j = 0; j < n; j++) {
        long double squares = 0;
        for (int64_t k = q - 1; k >= 0; k--) {
            squares += k <= j ? OMAT_AT(F, k, j) * OMAT_AT(F, k, j) : 0;
            if (k >= j) continue;
            const long double length = sqrtl(squares), taken = fabsl(OMAT_AT(F, k, k));
            if (length > taken)
                behind = oracle_worst(
                    behind, (double)((length - taken) /
                                     (unit + sqrtl((long double)eps_of(t->dtype)) * length)));
        }
    }
    double worst = 0, orthogonal = 0;
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < m; i++)
            worst = oracle_worst(
                worst, (double)fabsl(OMAT_AT(AP, i, j) - (i <= j ? OMAT_AT(F, i, j) : 0)));
    for (int64_t k = 0; k < q; k++) { /* H is orthogonal: tau |v|² = 2, or tau = 0 */
        long double v = 1;
        for (int64_t i = k + 1; i < m; i++) v += OMAT_AT(F, i, k) * OMAT_AT(F, i, k);
        orthogonal = oracle_worst(orthogonal, tau.a[k] == 0 ? 0 : (double)fabsl(tau.a[k] * v - 2));
    }
    (void)expect_ratio("geqp3 residual", t->dtype, unit > 0 ? worst / (double)unit : worst, 1);
    (void)expect_ratio("geqp3 reflectors", t->dtype,
                       orthogonal / ((double)(m + 4) * eps_of(t->dtype)), 1);
    (void)expect_ratio("geqp3 pivots", t->dtype, behind, 4);
    omat_destroy(&AP);
}

static void geqp3(const struct try *t)
{
    const struct kind *kind = general_kinds;
    for (int i = 0; i < t->turn % 14 && kind[1].name; i++) kind++;
    if (!begin(t, "geqp3", kind->name)) return;
    omat *a = make_items(kind, 21, t->batch, t->m, t->n, t->dtype);
    const int64_t q = t->m < t->n ? t->m : t->n;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_inout(&sc, "A", t->dtype, columns(t->f[0]), t->batch, a);
    struct operand *P = add_output(&sc, "pivots", RITZ_I32, t->f[1], t->n, 1, t->batch);
    struct operand *tau = add_output(&sc, "tau", t->dtype, t->f[2], q, 1, t->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_geqp3(t->p->s, A->mat, P->mat, tau->mat)))
        for (int64_t b = 0; b < t->batch; b++) {
            omat was = item_before(A, b), F = item_after(A, b), pivots = item_after(P, b),
                 scales = item_after(tau, b);
            check_geqp3(t, was, F, pivots, scales);
            DROP(&was, &F, &pivots, &scales);
        }
    scene_end(&sc);
    free_items(a, t->batch);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* m, n, r, batch; from some size on a matrix is beyond a block's shared memory. */
static const int64_t shapes[][4] = {{1, 1, 1, 1},     {5, 4, 3, 3},     {3, 7, 2, 2},
                                    {33, 33, 33, 1},  {40, 35, 36, 3},  {31, 65, 7, 2},
                                    {130, 97, 40, 1}, {110, 110, 70, 2}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void (*const tests[])(const struct try *t) = {
    getrf, swap_rows, determinant, shift, sums, chol_update, pstrf, geqp3,
};

void test_factor_ops(const struct place *p)
{
    int turn = 0;
    for (int d = 0; d < REALS; d++) {
        const struct try nothing = {.p = p, .dtype = reals[d], .batch = 3};
        determinant(&nothing);
        for (int s = 0; s < SHAPES; s++)
            for (struct forms walk = forms_of(3, shapes[s][0] > 100  ? 3
                                                 : shapes[s][0] > 30 ? 5
                                                                     : 12);
                 next_forms(&walk); turn++)
                for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
                    const struct try t = {p,
                                          reals[d],
                                          shapes[s][0],
                                          shapes[s][1],
                                          shapes[s][2],
                                          shapes[s][3],
                                          {walk.f[0], walk.f[1], walk.f[2]},
                                          turn};
                    tests[i](&t);
                }
    }
}
