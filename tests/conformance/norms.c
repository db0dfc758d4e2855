/* Matrix norms.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2, KINDS = 6 };

static const struct {
    const char *name;
    long double (*oracle)(omat A);
    bool by_values; /* from the singular values, in the data type's precision */
} norms[KINDS] = {
    [RITZ_NORM_FROBENIUS] = {"Frobenius", oracle_norm_fro, false},
    [RITZ_NORM_ONE] = {"one", oracle_norm_one, false},
    [RITZ_NORM_INFINITY] = {"infinity", oracle_norm_inf, false},
    [RITZ_NORM_MAX] = {"max", oracle_norm_max, false},
    [RITZ_NORM_TWO] = {"two", oracle_norm_two, true},
    [RITZ_NORM_NUCLEAR] = {"nuclear", oracle_norm_nuclear, true},
};

static double entry(const struct operand *op, int64_t i)
{
    return (double)load_element(op->mat.dtype, op->after + element_offset(op, 0, i, 0));
}

/* A norm within its rounding errors: float64 sums, or the singular values to dim eps ‖A‖. */
static void check_norm(int kind, ritz_dtype dtype, omat A, double got)
{
    const long double want = norms[kind].oracle(A);
    const int64_t longer = A.rows > A.cols ? A.rows : A.cols;
    const double unit = norms[kind].by_values ? eps_of(dtype) * (double)longer : DBL_EPSILON;
    /* Below the normal numbers of the data type, its eps is not to be had. */
    const long double tiny =
        norms[kind].by_values && dtype == RITZ_F32 ? FLT_TRUE_MIN : DBL_TRUE_MIN;
    if (want > (long double)DBL_MAX) {
        (void)expect(isinf(got) && got > 0, "the norm overflows, but %g was returned", got);
        return;
    }
    const long double error = fabsl((long double)got - want);
    const double ratio = error <= tiny ? 0 : (double)(error / (want * unit));
    (void)expect_ratio(norms[kind].by_values ? "norm by values" : "norm by sums", dtype, ratio, 30);
}

struct norm_case {
    int kind;
    ritz_dtype dtype;
    struct form fa, fn;
    int64_t batch;
    const omat *items;
};

/* The items with their norms; special[b], if given, says that item b has a NaN (1) or Inf (2). */
static void run(const struct place *p, const struct norm_case *c, const int *special)
{
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->fa, c->batch, SHARE_NONE, c->items);
    struct operand *norm = add_output(&sc, "norm", RITZ_F64, c->fn, c->batch, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_norm(p->s, (ritz_norm_kind)c->kind, A->mat, norm->mat)))
        for (int64_t b = 0; b < c->batch; b++) {
            const double got = entry(norm, b);
            omat before = item_before(A, b);
            if (special && special[b] == 1)
                (void)expect(isnan(got), "a NaN gave %g", got);
            else if (special && special[b] == 2)
                (void)expect(isinf(got) && got > 0, "an infinity gave %g", got);
            else
                check_norm(c->kind, c->dtype, before, got);
            omat_destroy(&before);
        }
    scene_end(&sc);
}

static void all_shapes(const struct place *p, ritz_dtype dtype, int kind)
{
    static const int64_t shapes[][3] = {{0, 3, 1},   {3, 0, 2},  {2, 2, 0},  {1, 1, 1},
                                        {3, 2, 2},   {5, 5, 3},  {7, 13, 2}, {33, 31, 1},
                                        {307, 3, 1}, {3, 307, 2}};
    const struct kind *data = general_kinds;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const int64_t m = shapes[i][0], n = shapes[i][1], batch = shapes[i][2];
        struct forms walk = forms_of(2, m * n > 1000 || norms[kind].by_values ? 4 : 17);
        while (next_forms(&walk)) {
            if (begin_case(p, "norm %s %s %lldx%lld batch %lld %s A %s norm %s", norms[kind].name,
                           ritz_dtype_name(dtype), (long long)m, (long long)n, (long long)batch,
                           data->name, form_name(walk.f[0]), form_name(walk.f[1]))) {
                omat *a = make_items(data, 161, batch, m, n, dtype);
                run(p, &(struct norm_case){kind, dtype, walk.f[0], walk.f[1], batch, a}, NULL);
                free_items(a, batch);
            }
            if (!(++data)->name) data = general_kinds;
        }
    }
}

/* ---- the ends of the range ------------------------------------------------------------------- */

static omat scaled(uint64_t seed, int64_t m, int64_t n, long double factor)
{
    omat A = matgen_uniform(seed, m, n);
    for (int64_t i = 0; i < m * n; i++) A.a[i] *= factor;
    return A;
}

/* Item by item another scale, down to denormals; the last mixes both ends. */
static void extremes(const struct place *p, ritz_dtype dtype, int kind, int64_t m, int64_t n)
{
    static const long double f64[] = {1e300L, 1e-300L, 1e-310L, 1.7e308L, 1, 1e160L, 1e-170L};
    static const long double f32[] = {1e37L, 1e-37L, 1e-41L, 1e38L, 1, 1e20L, 1e-25L};
    enum { ITEMS = 8 };
    if (!begin_case(p, "norm %s %s %lldx%lld, huge and tiny items", norms[kind].name,
                    ritz_dtype_name(dtype), (long long)m, (long long)n))
        return;
    omat a[ITEMS];
    for (int b = 0; b < ITEMS - 1; b++)
        a[b] = scaled(170 + (uint64_t)b, m, n, (dtype == RITZ_F64 ? f64 : f32)[b]);
    /* Close below the largest number only the maximum is sure not to overflow inside an SVD. */
    if (norms[kind].by_values) a[3].a[0] = 0;
    if (norms[kind].by_values)
        for (int64_t i = 0; i < m * n; i++) a[3].a[i] *= 0x1p-20L;
    a[ITEMS - 1] = scaled(180, m, n, 1);
    a[ITEMS - 1].a[0] = (dtype == RITZ_F64 ? f64 : f32)[0];
    a[ITEMS - 1].a[m * n - 1] = (dtype == RITZ_F64 ? f64 : f32)[1];
    run(p, &(struct norm_case){kind, dtype, COL_PLAIN, COL_PLAIN, ITEMS, a}, NULL);
    for (int b = 0; b < ITEMS; b++) omat_destroy(&a[b]);
}

/* Equal entries at both ends of the range: ‖·‖_F = c sqrt(mn), ‖·‖_1 = c m. */
static void equal_entries(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "norm Frobenius %s of equal huge and tiny entries", ritz_dtype_name(dtype)))
        return;
    const double huge = dtype == RITZ_F64 ? 0x1p1020 : 0x1p124;
    const double tiny = dtype == RITZ_F64 ? 0x1p-1060 : 0x1p-140;
    omat a[2] = {omat_create(8, 8), omat_create(8, 8)};
    for (int i = 0; i < 64; i++) a[0].a[i] = huge;
    for (int i = 0; i < 64; i++) a[1].a[i] = -tiny;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 2, SHARE_NONE, a);
    struct operand *norm = add_output(&sc, "norm", RITZ_F64, COL_PLAIN, 2, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_norm(p->s, RITZ_NORM_FROBENIUS, A->mat, norm->mat))) {
        (void)expect(entry(norm, 0) == 8 * huge, "8 x 8 of %g: %g", huge, entry(norm, 0));
        (void)expect(entry(norm, 1) == 8 * tiny, "8 x 8 of %g: %g", tiny, entry(norm, 1));
    }
    scene_end(&sc);
    omat_destroy(&a[0]);
    omat_destroy(&a[1]);
}

/* ---- items that are not finite --------------------------------------------------------------- */

static void flawed(const struct place *p, ritz_dtype dtype, int kind, struct form form)
{
    static const int special[] = {0, 1, 2, 1, 0, 2};
    enum { ITEMS = 6 };
    if (!begin_case(p, "norm %s %s of items with NaN and Inf, A %s", norms[kind].name,
                    ritz_dtype_name(dtype), form_name(form)))
        return;
    omat *a = make_items(general_kinds, 190, ITEMS, 7, 5, dtype);
    a[1].a[0] = (long double)NAN;
    a[2].a[34] = (long double)-INFINITY;
    a[3].a[11] = (long double)INFINITY;
    a[3].a[30] = (long double)NAN;
    a[5].a[1] = a[5].a[8] = (long double)INFINITY;
    run(p, &(struct norm_case){kind, dtype, form, COL_PLAIN, ITEMS, a}, special);
    free_items(a, ITEMS);
}

/* [[4,2,1],[2,5,3],[1,3,6]] is positive definite with trace 15, its nuclear norm. */
static void closed_form(const struct place *p, ritz_dtype dtype)
{
    static const int values[] = {4, 2, 1, 2, 5, 3, 1, 3, 6};
    if (!begin_case(p, "norm nuclear %s of a 3x3 matrix: 15", ritz_dtype_name(dtype))) return;
    omat a = omat_create(3, 3);
    for (int i = 0; i < 9; i++) a.a[i] = values[i];
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *norm = add_output(&sc, "norm", RITZ_F64, COL_PLAIN, 1, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_norm(p->s, RITZ_NORM_NUCLEAR, A->mat, norm->mat)))
        (void)expect_ratio("norm by values", dtype,
                           fabs(entry(norm, 0) - 15) / (15 * 3 * eps_of(dtype)), 30);
    scene_end(&sc);
    omat_destroy(&a);
}

static void many(const struct place *p, int kind, int64_t batch)
{
    if (!begin_case(p, "norm %s float32 of %lld items 2x1", norms[kind].name, (long long)batch))
        return;
    omat *a = make_items(general_kinds, 195, batch, 2, 1, RITZ_F32);
    run(p, &(struct norm_case){kind, RITZ_F32, COL_PLAIN, COL_PLAIN, batch, a}, NULL);
    free_items(a, batch);
}

void test_norms(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        closed_form(p, reals[t]);
        equal_entries(p, reals[t]);
        for (int kind = 0; kind < KINDS; kind++) {
            all_shapes(p, reals[t], kind);
            extremes(p, reals[t], kind, 3, 2);
            extremes(p, reals[t], kind, 5, 5);
            for (struct forms walk = forms_of(1, 0); next_forms(&walk);)
                flawed(p, reals[t], kind, walk.f[0]);
        }
    }
    for (int kind = 0; full_level() && kind < KINDS; kind++)
        for (int64_t batch = 65535; batch <= 65537; batch += norms[kind].by_values ? 2 : 1)
            many(p, kind, batch);
}
