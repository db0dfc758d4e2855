/* Rank, condition, pseudoinverse and truncation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

/* m, n, batch */
static const int64_t shapes[][3] = {{0, 3, 1},  {3, 0, 2},   {2, 2, 0},  {1, 1, 1},
                                    {3, 2, 2},  {2, 5, 3},   {7, 6, 1},  {6, 6, 2},
                                    {13, 4, 1}, {33, 31, 1}, {5, 40, 1}, {61, 9, 1}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static int64_t shorter(int64_t m, int64_t n)
{
    return m < n ? m : n;
}

static double longer(omat A)
{
    return (double)(A.rows > A.cols ? A.rows : A.cols);
}

static double entry(const struct operand *op, int64_t i, int64_t j)
{
    return (double)load_element(op->mat.dtype, op->after + element_offset(op, 0, i, j));
}

static omat values_of(omat A)
{
    omat U, s, V;
    oracle_svd(A, &U, &s, &V);
    omat_destroy(&U);
    omat_destroy(&V);
    return s;
}

static omat with_values(uint64_t seed, int64_t m, int64_t n, const long double *values)
{
    omat s = omat_create(shorter(m, n), 1);
    for (int64_t i = 0; i < s.rows; i++) s.a[i] = values[i];
    omat A = matgen_with_singular_values(seed, m, n, s);
    omat_destroy(&s);
    return A;
}

static omat matrix3(const int *values)
{
    omat A = omat_create(3, 3);
    for (int i = 0; i < 9; i++) A.a[i] = values[i];
    return A;
}
static const int positive[] = {4, 2, 1, 2, 5, 3, 1, 3, 6};
static const int tridiagonal[] = {3, 1, 0, 1, 3, 1, 0, 1, 3};

/* ---- rank ------------------------------------------------------------------------------------ */

static void rank_is(const struct place *p, ritz_dtype dtype, struct form form, omat A,
                    const ritz_rank_options *opts, int64_t want)
{
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *a = add_input(&sc, "A", dtype, form, 1, SHARE_NONE, &A);
    struct operand *rank = add_info(&sc, form, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_rank(p->s, a->mat, opts, rank->mat)))
        (void)expect(info_after(rank, 0) == want, "rank %lld, not %lld",
                     (long long)info_after(rank, 0), (long long)want);
    scene_end(&sc);
}

/* Products of integer factors, exact in either type: rank r. The factors have r unit columns and
 * rows, so their rank is not in doubt. */
static omat integers(uint64_t seed, int64_t m, int64_t n, int64_t r, long double factor)
{
    omat X = omat_create(m, r), Y = omat_create(r, n);
    for (int64_t k = 0; k < r; k++) {
        for (int64_t i = 0; i < m; i++)
            OMAT_AT(X, i, k) =
                i < r ? i == k : roundl(3 * matgen_uniform_at(seed, (uint64_t)(i + k * m)));
        for (int64_t j = 0; j < n; j++)
            OMAT_AT(Y, k, j) =
                j < r ? j == k : roundl(3 * matgen_uniform_at(seed + 1, (uint64_t)(j + k * n)));
    }
    omat A = oracle_gemm(factor, X, Y, 0, (omat){0, 0, NULL});
    omat_destroy(&X);
    omat_destroy(&Y);
    return A;
}

static void exact_ranks(const struct place *p, ritz_dtype dtype)
{
    static const long double f64[] = {1, 0x1p900L, 0x1p-900L}, f32[] = {1, 0x1p100L, 0x1p-100L};
    for (int i = 3; i < SHAPES; i++)
        for (int64_t r = 0; r <= shorter(shapes[i][0], shapes[i][1]); r += r < 3 ? 1 : 7)
            for (struct forms walk = forms_of(1, 2); next_forms(&walk);) {
                const int64_t m = shapes[i][0], n = shapes[i][1];
                const long double factor = (dtype == RITZ_F64 ? f64 : f32)[(r + i) % 3];
                if (!begin_case(p, "rank %s %lldx%lld times %Lg of rank %lld, A %s",
                                ritz_dtype_name(dtype), (long long)m, (long long)n, factor,
                                (long long)r, form_name(walk.f[0])))
                    continue;
                omat A = integers(210, m, n, r, factor);
                rank_is(p, dtype, walk.f[0], A, NULL, r);
                omat_destroy(&A);
            }
}

/* Singular values 8, 4, 2, ..., 2^-2: the tolerance lies between two of them. */
static void tolerances(const struct place *p, ritz_dtype dtype)
{
    static const long double values[] = {8, 4, 2, 1, 0.5L, 0.25L};
    static const struct {
        double rtol, atol;
        int64_t rank;
    } cases[] = {{0, 0, 6},   {0.1, 0, 4}, {0.7, 0, 1},   {1.5, 0, 0}, {0, 3, 2},
                 {0, 0.3, 5}, {0.1, 3, 2}, {0.4, 0.3, 2}, {0, 9, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (!begin_case(p, "rank %s rtol %g atol %g", ritz_dtype_name(dtype), cases[i].rtol,
                        cases[i].atol))
            continue;
        omat A = with_values(220, 9, 6, values);
        const ritz_rank_options opts = {sizeof opts, cases[i].rtol, cases[i].atol};
        rank_is(p, dtype, COL_PLAIN, A, &opts, cases[i].rank);
        omat_destroy(&A);
    }
    /* Where it stands by default: a value of 100 max(m, n) eps counts,
     * one of a hundredth does not. */
    for (int above = 0; above <= 1; above++) {
        if (!begin_case(p, "rank %s with the last value %s the default tolerance",
                        ritz_dtype_name(dtype), above ? "above" : "below"))
            continue;
        omat A = omat_create(7, 3);
        for (int j = 0; j < 3; j++) OMAT_AT(A, j, j) = 1;
        OMAT_AT(A, 2, 2) = 7 * eps_of(dtype) * (above ? 100 : 0.01L);
        rank_is(p, dtype, COL_PLAIN, A, NULL, above ? 3 : 2);
        omat_destroy(&A);
    }
}

/* ---- cond ------------------------------------------------------------------------------------ */

/* want = infinity: exactly. Else to kappa dim eps, relatively. */
static void cond_is(const struct place *p, ritz_dtype dtype, struct form form, omat A,
                    long double want)
{
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *a = add_input(&sc, "A", dtype, form, 1, SHARE_NONE, &A);
    struct operand *cond = add_output(&sc, "cond", RITZ_F64, form, 1, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_cond(p->s, a->mat, cond->mat))) {
        const double got = entry(cond, 0, 0);
        if (isinf(want))
            (void)expect(isinf(got) && got > 0, "the condition is %g, not infinite", got);
        else
            (void)expect_ratio("condition / kappa", dtype,
                               (double)(fabsl((long double)got - want) / (want * want)) /
                                   (longer(A) * eps_of(dtype)),
                               30);
    }
    scene_end(&sc);
}

static void conditions(const struct place *p, ritz_dtype dtype)
{
    if (begin_case(p, "cond %s of a 3x3 matrix: 4.8655938863", ritz_dtype_name(dtype))) {
        omat A = matrix3(positive), s = values_of(A);
        const long double want = s.a[0] / s.a[2];
        (void)expect(fabsl(want - 4.8655938863L) < 1e-10L, "the oracle says %Lg", want);
        cond_is(p, dtype, COL_PLAIN, A, want);
        omat_destroy(&A);
        omat_destroy(&s);
    }
    if (dtype == RITZ_F64 && begin_case(p, "cond of the Hilbert matrix of order 8: 1.526e10")) {
        omat A = matgen_hilbert(8, 8);
        cond_is(p, dtype, COL_PLAIN, A, 1.5257575568e10L);
        omat_destroy(&A);
    }
    if (begin_case(p, "cond %s of diag(2, 0)", ritz_dtype_name(dtype))) {
        omat A = omat_create(2, 2);
        A.a[0] = 2;
        cond_is(p, dtype, COL_PLAIN, A, (long double)INFINITY);
        omat_destroy(&A);
    }
    if (begin_case(p, "cond %s of zeros", ritz_dtype_name(dtype))) {
        omat A = omat_create(3, 5);
        cond_is(p, dtype, COL_PLAIN, A, (long double)INFINITY);
        omat_destroy(&A);
    }
    /* In float32, s_1 / s_k is beyond the largest number, and it is a float64. */
    if (begin_case(p, "cond %s of a quotient that overflows float32", ritz_dtype_name(dtype))) {
        omat A = omat_create(2, 2);
        A.a[0] = 0x1p100L;
        A.a[3] = 0x1p-100L;
        struct scene sc;
        scene_begin(&sc, p);
        struct operand *a = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &A);
        struct operand *cond = add_output(&sc, "cond", RITZ_F64, COL_PLAIN, 1, 1, 1);
        scene_upload(&sc);
        if (scene_finish(&sc, ritz_cond(p->s, a->mat, cond->mat)))
            (void)expect(entry(cond, 0, 0) >= 0x1p120, "the condition is %g", entry(cond, 0, 0));
        scene_end(&sc);
        omat_destroy(&A);
    }
    for (int i = 0; i < SHAPES; i++)
        for (struct forms walk = forms_of(1, 3); next_forms(&walk);) {
            const int64_t m = shapes[i][0], n = shapes[i][1];
            if (shapes[i][2] == 0 ||
                !begin_case(p, "cond %s %lldx%lld A %s", ritz_dtype_name(dtype), (long long)m,
                            (long long)n, form_name(walk.f[0])))
                continue;
            omat s = matgen_spectrum(MATGEN_GEOMETRIC, shorter(m, n), 1000);
            omat A = matgen_with_singular_values(230, m, n, s);
            cond_is(p, dtype, walk.f[0], A, shorter(m, n) > 1 ? 1000 : 1);
            omat_destroy(&s);
            omat_destroy(&A);
        }
}

/* ---- pinv ------------------------------------------------------------------------------------ */

/* ‖left - right‖_F / scale. */
static double gap(omat left, omat right, long double scale)
{
    omat D = oracle_add(left, -1, right);
    const long double norm = oracle_norm_fro(D);
    omat_destroy(&D);
    return norm == 0 ? 0 : (double)(norm / scale);
}

/* The four conditions of Penrose (1955), in units of dim eps kappa, kappa = s_1 / s_r of the values
 * that were kept; what was cut off is within the tolerance. */
static void check_penrose(ritz_dtype dtype, omat A, omat X, int64_t rank)
{
    omat s = values_of(A), AX = oracle_product(A, X), XA = oracle_product(X, A);
    omat AXA = oracle_product(AX, A), XAX = oracle_product(XA, X);
    omat AXt = omat_transposed(AX), XAt = omat_transposed(XA);
    const double kappa = rank > 0 ? (double)(s.a[0] / s.a[rank - 1]) : 1;
    const double unit = longer(A) * eps_of(dtype) * kappa;
    (void)expect_ratio("pinv |AXA - A|", dtype, gap(AXA, A, oracle_norm_fro(A) * unit), 30);
    (void)expect_ratio("pinv |XAX - X|", dtype, gap(XAX, X, oracle_norm_fro(X) * unit), 30);
    (void)expect_ratio("pinv |AX - (AX)'|", dtype, gap(AX, AXt, unit), 30);
    (void)expect_ratio("pinv |XA - (XA)'|", dtype, gap(XA, XAt, unit), 30);
    omat *const all[] = {&s, &AX, &XA, &AXA, &XAX, &AXt, &XAt};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
}

static void pinv_one(const struct place *p, ritz_dtype dtype, const struct kind *kind, int64_t m,
                     int64_t n, int64_t batch, const struct form *f, enum sharing sharing,
                     bool with_rank)
{
    if (!begin_case(p, "pinv %s %lldx%lld batch %lld %s A %s %s X %s %s", ritz_dtype_name(dtype),
                    (long long)m, (long long)n, (long long)batch, kind->name, form_name(f[0]),
                    sharing_name(sharing), form_name(f[1]), with_rank ? "rank" : "no rank"))
        return;
    const int64_t items = sharing == SHARE_NONE ? batch : 1;
    omat *a = make_items(kind, 240, items, m, n, dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, f[0], batch, sharing, a);
    struct operand *X = add_output(&sc, "X", dtype, f[1], n, m, batch);
    struct operand *rank = with_rank ? add_info(&sc, f[2], batch) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_pinv(p->s, A->mat, X->mat, NULL, rank ? rank->mat : RITZ_NO_MAT)))
        for (int64_t b = 0; b < batch; b++) {
            omat before = item_before(A, sharing == SHARE_NONE ? b : 0), s = values_of(before);
            omat x = item_after(X, b);
            /* Without `rank`, it is what the rule of the default
             * tolerance makes of exact values. */
            int64_t r = 0;
            while (r < s.rows && s.a[r] > longer(before) * eps_of(dtype) * s.a[0]) r++;
            if (rank) r = info_after(rank, b);
            (void)expect(r >= 0 && r <= s.rows, "rank %lld", (long long)r);
            check_penrose(dtype, before, x, r);
            omat_destroy(&before);
            omat_destroy(&s);
            omat_destroy(&x);
        }
    scene_end(&sc);
    free_items(a, items);
}

static void pinvs(const struct place *p, ritz_dtype dtype)
{
    int turn = 0;
    for (int i = 0; i < SHAPES; i++)
        for (const struct kind *kind = general_kinds; kind->name; kind++, turn++)
            for (struct forms walk = forms_of(3, 1); next_forms(&walk);) {
                const int64_t batch = shapes[i][2];
                const enum sharing sharing = batch > 1 ? (enum sharing)(turn % 3) : SHARE_NONE;
                pinv_one(p, dtype, kind, shapes[i][0], shapes[i][1], batch, walk.f, sharing, true);
            }
    pinv_one(p, dtype, &general_kinds[0], 7, 4, 3, (struct form[]){COL_PLAIN, COL_PLAIN, COL_PLAIN},
             SHARE_NONE, false);
}

/* With a tolerance between the values, X = V diag(1/8, 1/4, 0, ...) Uᵀ: its norm is 1/4. */
static void pinv_cut(const struct place *p, ritz_dtype dtype)
{
    static const long double values[] = {8, 4, 0.5L, 0.25L};
    if (!begin_case(p, "pinv %s with two of four values cut", ritz_dtype_name(dtype))) return;
    omat a = with_values(250, 6, 4, values);
    const ritz_rank_options opts = {sizeof opts, 0, 1};
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *X = add_output(&sc, "X", dtype, COL_PLAIN, 4, 6, 1);
    struct operand *rank = add_info(&sc, COL_PLAIN, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_pinv(p->s, A->mat, X->mat, &opts, rank->mat))) {
        omat x = item_after(X, 0), s = values_of(x);
        (void)expect(info_after(rank, 0) == 2, "rank %lld", (long long)info_after(rank, 0));
        const long double want[] = {0.25L, 0.125L, 0, 0};
        for (int i = 0; i < 4; i++)
            (void)expect_ratio("pinv values", dtype,
                               (double)fabsl(s.a[i] - want[i]) / (0.25 * 32 * 6 * eps_of(dtype)),
                               30);
        omat_destroy(&x);
        omat_destroy(&s);
    }
    scene_end(&sc);
    omat_destroy(&a);
}

/* ---- truncate -------------------------------------------------------------------------------- */

/* B is as near to A as any matrix of rank k, and of rank k; the error is what it says. */
static void check_truncation(ritz_dtype dtype, omat A, int64_t k, omat B, const double *error)
{
    omat s = values_of(A), t = values_of(B), D = oracle_add(A, -1, B);
    const long double top = s.rows > 0 ? s.a[0] : 0;
    const long double unit = top * longer(A) * eps_of(dtype);
    const long double two = k < s.rows ? s.a[k] : 0;
    long double frobenius = 0;
    for (int64_t i = k; i < s.rows; i++) frobenius += s.a[i] * s.a[i];
    frobenius = sqrtl(frobenius);
    const long double beyond = k < t.rows ? t.a[k] : 0; /* of B: 0 */
    const long double gaps[] = {fabsl(oracle_norm_two(D) - two),
                                fabsl(oracle_norm_fro(D) - frobenius) / 4, beyond,
                                error ? fabsl((long double)error[0] - two) : 0,
                                error ? fabsl((long double)error[1] - frobenius) / 4 : 0};
    static const char *const names[] = {"truncate |A - B|_2", "truncate |A - B|_F",
                                        "truncate rank of B", "truncate error, 2-norm",
                                        "truncate error, Frobenius"};
    for (int i = 0; i < 5; i++)
        (void)expect_ratio(names[i], dtype, gaps[i] == 0 ? 0 : (double)(gaps[i] / unit), 30);
    omat_destroy(&s);
    omat_destroy(&t);
    omat_destroy(&D);
}

static void truncate_one(const struct place *p, ritz_dtype dtype, const struct kind *kind,
                         int64_t m, int64_t n, int64_t batch, int64_t k, const struct form *f,
                         bool with_error)
{
    if (!begin_case(p, "truncate %s %lldx%lld to %lld batch %lld %s A %s B %s %s",
                    ritz_dtype_name(dtype), (long long)m, (long long)n, (long long)k,
                    (long long)batch, kind->name, form_name(f[0]), form_name(f[1]),
                    with_error ? "error" : "no error"))
        return;
    omat *a = make_items(kind, 260, batch, m, n, dtype);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, f[0], batch, SHARE_NONE, a);
    struct operand *B = add_output(&sc, "B", dtype, f[1], m, n, batch);
    struct operand *E = with_error ? add_output(&sc, "error", RITZ_F64, f[2], batch, 2, 1) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_truncate(p->s, A->mat, k, B->mat, E ? E->mat : RITZ_NO_MAT)))
        for (int64_t b = 0; b < batch; b++) {
            omat before = item_before(A, b), got = item_after(B, b);
            const double error[2] = {E ? entry(E, b, 0) : 0, E ? entry(E, b, 1) : 0};
            check_truncation(dtype, before, k, got, E ? error : NULL);
            omat_destroy(&before);
            omat_destroy(&got);
        }
    scene_end(&sc);
    free_items(a, batch);
}

static void truncations(const struct place *p, ritz_dtype dtype)
{
    int turn = 0;
    for (int i = 0; i < SHAPES; i++)
        for (const struct kind *kind = general_kinds; kind->name; kind++, turn++)
            for (struct forms walk = forms_of(3, 1); next_forms(&walk);) {
                const int64_t k = shorter(shapes[i][0], shapes[i][1]);
                const int64_t wanted[] = {k / 2, 0, k, k > 0 ? 1 : 0};
                truncate_one(p, dtype, kind, shapes[i][0], shapes[i][1], shapes[i][2],
                             wanted[turn % 4], walk.f, turn % 5 != 0);
            }
    /* Singular values 3 + sqrt 2, 3, 3 - sqrt 2. */
    if (!begin_case(p, "truncate %s of a 3x3 matrix to rank 2: 3 - sqrt 2", ritz_dtype_name(dtype)))
        return;
    omat a = matrix3(tridiagonal);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *B = add_output(&sc, "B", dtype, COL_PLAIN, 3, 3, 1);
    struct operand *E = add_output(&sc, "error", RITZ_F64, COL_PLAIN, 1, 2, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_truncate(p->s, A->mat, 2, B->mat, E->mat)))
        for (int j = 0; j < 2; j++)
            (void)expect_ratio("truncate closed form", dtype,
                               fabs(entry(E, 0, j) - (3 - sqrt(2))) / (5 * 3 * eps_of(dtype)), 30);
    scene_end(&sc);
    omat_destroy(&a);
}

/* ---- items that are not finite, and many items ----------------------------------------------- */

/* NaN or Inf in item 1 of 3: it fails in its own way, and the others are right. */
static void flawed(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n, struct form form,
                   long double value)
{
    if (!begin_case(p, "derived %s %lldx%lld of 3 items, %s in item 1, %s", ritz_dtype_name(dtype),
                    (long long)m, (long long)n, isnan(value) ? "NaN" : "Inf", form_name(form)))
        return;
    omat *a = make_items(general_kinds, 270, 3, m, n, dtype);
    a[1].a[m * n / 2] = value;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, form, 3, SHARE_NONE, a);
    struct operand *rank = add_info(&sc, form, 3), *kept = add_info(&sc, form, 3);
    struct operand *cond = add_output(&sc, "cond", RITZ_F64, form, 3, 1, 1);
    struct operand *X = add_output(&sc, "X", dtype, form, n, m, 3);
    struct operand *B = add_output(&sc, "B", dtype, form, m, n, 3);
    struct operand *E = add_output(&sc, "error", RITZ_F64, form, 3, 2, 1);
    const int64_t k = shorter(m, n);
    scene_upload(&sc);
    (void)expect_ok(ritz_rank(p->s, A->mat, NULL, rank->mat));
    (void)expect_ok(ritz_cond(p->s, A->mat, cond->mat));
    (void)expect_ok(ritz_stream_sync(p->s)); /* the result says it */
    (void)expect_ok(ritz_pinv(p->s, A->mat, X->mat, NULL, kept->mat));
    (void)expect_error(ritz_stream_sync(p->s), RITZ_ERR_NOT_FINITE, "ritz_pinv|item 1");
    if (scene_collect(&sc, ritz_truncate(p->s, A->mat, k, B->mat, E->mat), RITZ_ERR_NOT_FINITE,
                      "ritz_truncate|item 1"))
        for (int64_t b = 0; b < 3; b++) {
            const bool bad = b == 1;
            (void)expect(info_after(rank, b) == (bad ? -1 : k), "rank %lld of item %lld",
                         (long long)info_after(rank, b), (long long)b);
            (void)expect(info_after(kept, b) == (bad ? -1 : k), "kept %lld of item %lld",
                         (long long)info_after(kept, b), (long long)b);
            (void)expect(isnan(entry(cond, b, 0)) == bad && isnan(entry(E, b, 0)) == bad &&
                             isnan(entry(E, b, 1)) == bad,
                         "scalars of item %lld", (long long)b);
            (void)expect(item_is_nan(X, b, RITZ_BOTH) == bad && item_is_nan(B, b, RITZ_BOTH) == bad,
                         "matrices of item %lld", (long long)b);
            if (bad) continue;
            omat before = item_before(A, b), x = item_after(X, b), got = item_after(B, b);
            check_penrose(dtype, before, x, k);
            check_truncation(dtype, before, k, got, NULL);
            omat_destroy(&before);
            omat_destroy(&x);
            omat_destroy(&got);
        }
    scene_end(&sc);
    free_items(a, 3);
}

/* Item b is diag(c, 1) or diag(c, 0), c = 1 + b mod 5. */
static void many(const struct place *p, int64_t batch)
{
    if (!begin_case(p, "derived float32 of %lld items 2x2", (long long)batch)) return;
    omat *a = make_items(general_kinds, 280, batch, 2, 2, RITZ_F32);
    for (int64_t b = 0; b < batch; b++) {
        for (int i = 0; i < 4; i++) a[b].a[i] = 0;
        a[b].a[0] = (long double)(1 + b % 5);
        a[b].a[3] = b % 3 > 0;
    }
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F32, COL_PLAIN, batch, SHARE_NONE, a);
    struct operand *rank = add_info(&sc, COL_PLAIN, batch);
    struct operand *cond = add_output(&sc, "cond", RITZ_F64, COL_PLAIN, batch, 1, 1);
    struct operand *X = add_output(&sc, "X", RITZ_F32, COL_PLAIN, 2, 2, batch);
    struct operand *E = add_output(&sc, "error", RITZ_F64, COL_PLAIN, batch, 2, 1);
    struct operand *B = add_output(&sc, "B", RITZ_F32, COL_PLAIN, 2, 2, batch);
    scene_upload(&sc);
    (void)expect_ok(ritz_pinv(p->s, A->mat, X->mat, NULL, rank->mat));
    (void)expect_ok(ritz_truncate(p->s, A->mat, 1, B->mat, E->mat));
    bool right = true;
    if (scene_finish(&sc, ritz_cond(p->s, A->mat, cond->mat)))
        for (int64_t b = 0; b < batch; b++) {
            const double c = (double)(1 + b % 5), last = b % 3 > 0, eps = 10 * (double)FLT_EPSILON;
            omat x = item_after(X, b);
            right =
                right && info_after(rank, b) == 1 + (b % 3 > 0) &&
                (last > 0 ? fabs(entry(cond, b, 0) - c) <= eps * c : isinf(entry(cond, b, 0))) &&
                fabs(entry(E, b, 0) - last) <= eps && fabs(entry(E, b, 1) - last) <= eps &&
                fabsl(x.a[0] - 1 / (long double)c) <= eps && fabsl(x.a[3] - last) <= eps;
            omat_destroy(&x);
        }
    (void)expect(right, "an item is wrong");
    scene_end(&sc);
    free_items(a, batch);
}

void test_derived(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        exact_ranks(p, reals[t]);
        tolerances(p, reals[t]);
        conditions(p, reals[t]);
        pinvs(p, reals[t]);
        pinv_cut(p, reals[t]);
        truncations(p, reals[t]);
        for (struct forms walk = forms_of(1, 0); next_forms(&walk);) {
            flawed(p, reals[t], 9, 4, walk.f[0], (long double)NAN);
            flawed(p, reals[t], 4, 5, walk.f[0], (long double)INFINITY);
        }
    }
    for (int64_t batch = 65535; full_level() && batch <= 65537; batch++) many(p, batch);
}
