/* The operations of a backend that no public function shows by itself (core/ops.def): elementwise,
 * reductions, verdicts, moments.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"
#include "core/ticket.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

/* Shapes and batches of every case: m, n, batch. */
static const int64_t shapes[][3] = {{0, 3, 1}, {3, 0, 2}, {2, 2, 0},   {1, 1, 1},   {5, 5, 3},
                                    {7, 4, 1}, {4, 7, 3}, {33, 31, 1}, {307, 2, 1}, {2, 307, 2}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

struct
try {
    const struct place *p;
    ritz_dtype dtype;
    int64_t m, n, batch;
    struct form f[3];
    int turn;
};

static bool begin(const struct try *t, const char *operation, const char *variant)
{
    return begin_case(t->p, "%s %s %s %lldx%lld batch %lld %s %s %s", operation, variant,
                      ritz_dtype_name(t->dtype), (long long)t->m, (long long)t->n,
                      (long long)t->batch, form_name(t->f[0]), form_name(t->f[1]),
                      form_name(t->f[2]));
}

static omat *uniform_items(const struct try *t, uint64_t seed, int64_t rows, int64_t cols)
{
    return make_items(general_kinds, seed, t->batch, rows, cols, t->dtype);
}

/* What an element must be, and how far off it may be. */
struct wanted {
    long double value, tolerance;
};
typedef struct wanted (*rule)(const struct try *t, const omat *in, int64_t i, int64_t j);

/* Each element of `out` against the rule; `in` are the operands before the call, item by item. */
static void check(const struct try *t, const struct operand *out,
                  const struct operand *const *operands, int count, rule want)
{
    omat in[3];
    for (int64_t b = 0; b < out->mat.batch; b++) {
        for (int o = 0; o < count; o++) in[o] = item_before(operands[o], b);
        omat got = item_after(out, b);
        bool right = true;
        for (int64_t j = 0; j < got.cols; j++)
            for (int64_t i = 0; i < got.rows; i++) {
                const struct wanted w = want(t, in, i, j);
                const long double g = OMAT_AT(got, i, j);
                const bool same =
                    isnan(w.value) ? (bool)isnan(g) : fabsl(g - w.value) <= w.tolerance;
                if (right && !same)
                    (void)expect(false, "%s(%lld, %lld) of item %lld is %.17Lg, not %.17Lg",
                                 out->name, (long long)i, (long long)j, (long long)b, g, w.value);
                right = right && same;
            }
        (void)expect(right, "%s is wrong", out->name);
        for (int o = 0; o < count; o++) omat_destroy(&in[o]);
        omat_destroy(&got);
    }
}

static struct wanted exactly(long double value)
{
    return (struct wanted){value, 0};
}
static struct wanted rounded(const struct try *t, long double value, long double scale)
{
    return (struct wanted){value, 2 * eps_of(t->dtype) * fabsl(scale)};
}

/* ---- elementwise ----------------------------------------------------------------------------- */

static struct wanted want_identity(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    (void)t, (void)in;
    return exactly(i == j);
}
static void set_identity(const struct try *t)
{
    if (!begin(t, "set_identity", "")) return;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_output(&sc, "A", t->dtype, t->f[0], t->m, t->n, t->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_set_identity(t->p->s, A->mat)))
        check(t, A, NULL, 0, want_identity);
    scene_end(&sc);
}

static const double factors[] = {2.5, -1, 0, 0.3};
static struct wanted want_scaled(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    const long double alpha = factors[t->turn % 4], value = alpha * OMAT_AT(in[0], i, j);
    return factors[t->turn % 4] == 0 ? exactly(0) : rounded(t, value, value);
}
static void scale(const struct try *t)
{
    if (!begin(t, "scale", "")) return;
    const double alpha = factors[t->turn % 4];
    omat *a = uniform_items(t, 1, t->m, t->n);
    struct scene sc;
    scene_begin(&sc, t->p);
    /* By 0 not even a NaN survives. */
    struct operand *A = add(&sc, "A", ROLE_OUTPUT, t->dtype, t->f[0], t->m, t->n, t->batch,
                            SHARE_NONE, alpha == 0 ? NULL : a);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_scale(t->p->s, alpha, A->mat)))
        check(t, A, (const struct operand *[]){A}, 1, want_scaled);
    scene_end(&sc);
    free_items(a, t->batch);
}

static struct wanted want_axpby(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    const long double beta = factors[t->turn % 4], a = -1.5L * OMAT_AT(in[0], i, j);
    const long double b = factors[t->turn % 4] == 0 ? 0 : beta * OMAT_AT(in[1], i, j);
    return rounded(t, a + b, fabsl(a) + fabsl(b));
}
static void axpby(const struct try *t)
{
    if (!begin(t, "axpby", "")) return;
    const double beta = factors[t->turn % 4];
    omat *a = uniform_items(t, 2, t->m, t->n), *b = uniform_items(t, 3, t->m, t->n);
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_input(&sc, "A", t->dtype, t->f[0], t->batch, SHARE_NONE, a);
    struct operand *B = add(&sc, "B", ROLE_OUTPUT, t->dtype, t->f[1], t->m, t->n, t->batch,
                            SHARE_NONE, beta == 0 ? NULL : b);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_axpby(t->p->s, -1.5, A->mat, beta, B->mat)))
        check(t, B, (const struct operand *[]){A, B}, 2, want_axpby);
    scene_end(&sc);
    free_items(a, t->batch);
    free_items(b, t->batch);
}

static struct wanted want_scaled_cols(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    const long double a = OMAT_AT(in[0], i, j), d = in[1].a[j];
    if (t->turn % 2 && fabsl(d) <= 0) return exactly(0);
    const long double value = t->turn % 2 ? a / d : a * d;
    return rounded(t, value, value);
}
static void scale_cols(const struct try *t)
{
    const bool in_place = t->turn % 3 == 0, wide = t->turn % 4 < 2;
    if (!begin(t, "scale_cols", t->turn % 2 ? "divide" : "multiply")) return;
    omat *a = uniform_items(t, 4, t->m, t->n), *d = uniform_items(t, 5, t->n, 1);
    for (int64_t b = 0; t->n > 1 && b < t->batch; b++) d[b].a[t->n / 2] = 0;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = in_place ? add_inout(&sc, "A", t->dtype, t->f[0], t->batch, a)
                                 : add_input(&sc, "A", t->dtype, t->f[0], t->batch, SHARE_NONE, a);
    struct operand *B =
        in_place ? A : add_output(&sc, "B", t->dtype, t->f[1], t->m, t->n, t->batch);
    struct operand *D =
        add_input(&sc, "d", wide ? RITZ_F64 : t->dtype, t->f[2], t->batch, SHARE_NONE, d);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_scale_cols(t->p->s, t->turn % 2, D->mat, A->mat, B->mat)))
        check(t, B, (const struct operand *[]){A, D}, 2, want_scaled_cols);
    scene_end(&sc);
    free_items(a, t->batch);
    free_items(d, t->batch);
}

static struct wanted want_added(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    const long double value = OMAT_AT(in[0], i, j) - in[1].a[j];
    return rounded(t, value, value); /* one rounding, however large the two are */
}
static void add_row(const struct try *t)
{
    static const ritz_dtype from[] = {RITZ_F32, RITZ_F64, RITZ_F16, RITZ_BF16,
                                      RITZ_I8,  RITZ_U8,  RITZ_I32, RITZ_I64};
    const ritz_dtype dtype = from[t->turn % 8];
    if (!begin(t, "add_row from", ritz_dtype_name(dtype))) return;
    omat *a = uniform_items(t, 6, t->m, t->n), *r = uniform_items(t, 7, t->n, 1);
    for (int64_t b = 0; b < t->batch; b++) {
        for (int64_t i = 0; i < t->m * t->n; i++) a[b].a[i] = 100 + 20 * a[b].a[i];
        for (int64_t j = 0; j < t->n; j++) r[b].a[j] += 100;
    }
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_input(&sc, "A", dtype, t->f[0], t->batch, SHARE_NONE, a);
    struct operand *R = add_input(&sc, "row", RITZ_F64, t->f[1], t->batch, SHARE_NONE, r);
    struct operand *B = add_output(&sc, "B", t->dtype, t->f[2], t->m, t->n, t->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_add_row(t->p->s, -1.0, R->mat, A->mat, B->mat)))
        check(t, B, (const struct operand *[]){A, R}, 2, want_added);
    scene_end(&sc);
    free_items(a, t->batch);
    free_items(r, t->batch);
}

static struct wanted want_mirrored(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    const bool lower = t->turn % 2 == 0; /* is copied */
    return exactly((lower ? i >= j : i <= j) ? OMAT_AT(in[0], i, j) : OMAT_AT(in[0], j, i));
}
static void mirror(const struct try *t)
{
    if (t->m != t->n || !begin(t, "mirror", t->turn % 2 ? "upper" : "lower")) return;
    omat *a = uniform_items(t, 8, t->m, t->n);
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_inout(&sc, "A", t->dtype, t->f[0], t->batch, a);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_mirror(t->p->s, t->turn % 2 ? RITZ_UPPER : RITZ_LOWER, A->mat)))
        check(t, A, (const struct operand *[]){A}, 1, want_mirrored);
    scene_end(&sc);
    free_items(a, t->batch);
}

static struct wanted want_triangle(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    return exactly((t->turn % 2 ? i <= j : i >= j) ? OMAT_AT(in[0], i, j) : 0);
}
static void tri_copy(const struct try *t)
{
    if (!begin(t, "tri_copy", t->turn % 2 ? "upper" : "lower")) return;
    omat *a = uniform_items(t, 9, t->m, t->n);
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_input(&sc, "A", t->dtype, t->f[0], t->batch, SHARE_NONE, a);
    struct operand *B = add_output(&sc, "B", t->dtype, t->f[1], t->m, t->n, t->batch);
    scene_upload(&sc);
    if (scene_finish(
            &sc, ritz_op_tri_copy(t->p->s, t->turn % 2 ? RITZ_UPPER : RITZ_LOWER, A->mat, B->mat)))
        check(t, B, (const struct operand *[]){A}, 1, want_triangle);
    scene_end(&sc);
    free_items(a, t->batch);
}

/* in[0]: what is put; in[1]: what was there. */
static struct wanted want_put(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    return exactly(OMAT_AT(in[(t->turn % 2 ? i <= j : i >= j) ? 0 : 1], i, j));
}
static void tri_put(const struct try *t)
{
    if (!begin(t, "tri_put", t->turn % 2 ? "upper" : "lower")) return;
    omat *a = uniform_items(t, 9, t->m, t->n), *b = uniform_items(t, 10, t->m, t->n);
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_input(&sc, "A", t->dtype, t->f[0], t->batch, SHARE_NONE, a);
    struct operand *B = add_inout(&sc, "B", t->dtype, t->f[1], t->batch, b);
    scene_upload(&sc);
    if (scene_finish(
            &sc, ritz_op_tri_put(t->p->s, t->turn % 2 ? RITZ_UPPER : RITZ_LOWER, A->mat, B->mat)))
        check(t, B, (const struct operand *[]){A, B}, 2, want_put);
    scene_end(&sc);
    free_items(a, t->batch);
    free_items(b, t->batch);
}

static struct wanted want_sign(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    (void)t, (void)j;
    return exactly(OMAT_AT(in[0], i, i) < 0 ? -1 : 1);
}
static void diag_signs(const struct try *t)
{
    if (!begin(t, "diag_signs", "")) return;
    omat *a = uniform_items(t, 10, t->m, t->n);
    if (t->batch > 0 && t->m > 0 && t->n > 0) OMAT_AT(a[0], 0, 0) = 0;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *R = add_input(&sc, "R", t->dtype, t->f[0], t->batch, SHARE_NONE, a);
    struct operand *d =
        add_output(&sc, "d", t->dtype, t->f[1], t->m < t->n ? t->m : t->n, 1, t->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_diag_signs(t->p->s, R->mat, d->mat)))
        check(t, d, (const struct operand *[]){R}, 1, want_sign);
    scene_end(&sc);
    free_items(a, t->batch);
}

/* in[0]: the matrix itself; in[1]: the one that decides. */
static struct wanted want_flipped(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    (void)t;
    int64_t at = 0;
    for (int64_t l = 1; l < in[1].rows; l++)
        if (fabsl(OMAT_AT(in[1], l, j)) > fabsl(OMAT_AT(in[1], at, j))) at = l;
    return exactly(in[1].rows > 0 && OMAT_AT(in[1], at, j) < 0 ? -OMAT_AT(in[0], i, j)
                                                               : OMAT_AT(in[0], i, j));
}
static void sign_cols(const struct try *t)
{
    const bool with_u = t->turn % 2;
    if (!begin(t, "sign_cols", with_u ? "with U" : "alone")) return;
    omat *v = uniform_items(t, 11, t->m, t->n), *u = uniform_items(t, 12, t->m + 2, t->n);
    /* Entries of equal modulus: the first decides. */
    for (int64_t b = 0; b < t->batch; b++)
        for (int64_t i = 0; i < t->m * t->n; i++) v[b].a[i] = rintl(3 * v[b].a[i]) / 4;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *V = add_inout(&sc, "V", t->dtype, t->f[0], t->batch, v);
    struct operand *U = with_u ? add_inout(&sc, "U", t->dtype, t->f[1], t->batch, u) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_sign_cols(t->p->s, V->mat, U ? U->mat : RITZ_NO_MAT))) {
        check(t, V, (const struct operand *[]){V, V}, 2, want_flipped);
        if (U) check(t, U, (const struct operand *[]){U, V}, 2, want_flipped);
    }
    scene_end(&sc);
    free_items(v, t->batch);
    free_items(u, t->batch);
}

static struct wanted want_reversed(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    (void)t;
    return exactly(OMAT_AT(in[0], i, in[0].cols - 1 - j));
}
static void flip_cols(const struct try *t)
{
    if (!begin(t, "flip_cols", "")) return;
    omat *a = uniform_items(t, 13, t->m, t->n);
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_input(&sc, "A", t->dtype, t->f[0], t->batch, SHARE_NONE, a);
    struct operand *B = add_output(&sc, "B", t->dtype, t->f[1], t->m, t->n, t->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_flip_cols(t->p->s, A->mat, B->mat)))
        check(t, B, (const struct operand *[]){A}, 1, want_reversed);
    scene_end(&sc);
    free_items(a, t->batch);
}

/* ---- reductions: sums in float64 ------------------------------------------------------------- */

/* Powers 1 and 2; 0: moduli. */
static struct wanted summed(const omat A, int64_t first, int64_t last, int power)
{
    long double sum = 0, size = 0;
    for (int64_t j = first; j < last; j++)
        for (int64_t i = 0; i < A.rows; i++) {
            const long double a = OMAT_AT(A, i, j);
            const long double term = power == 2 ? a * a : power == 1 ? a : fabsl(a);
            sum += term;
            size += fabsl(term);
        }
    return (struct wanted){sum, size * 0x1p-52L * (long double)(A.rows * (last - first) + 1)};
}
static struct wanted want_col_sum(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    (void)t, (void)j;
    return summed(in[0], i, i + 1, 1);
}
static struct wanted want_col_sumsq(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    (void)t, (void)j;
    return summed(in[0], i, i + 1, 2);
}
static struct wanted want_sumsq(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    (void)t, (void)i, (void)j;
    return summed(in[0], 0, in[0].cols, 2);
}
static struct wanted want_abs_sum(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    (void)t, (void)j;
    return summed(in[0], i, i + 1, 0);
}
static struct wanted want_frobenius(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    (void)t, (void)i, (void)j;
    const long double norm = oracle_norm_fro(in[0]);
    return (struct wanted){norm, norm * 0x1p-50L * (long double)(in[0].rows + in[0].cols)};
}
static struct wanted want_max(const struct try *t, const omat *in, int64_t i, int64_t j)
{
    (void)t, (void)i, (void)j;
    long double most = 0;
    for (int64_t l = 0; l < in[0].rows * in[0].cols; l++) {
        if (isnan(in[0].a[l])) return exactly((long double)NAN);
        if (fabsl(in[0].a[l]) > most) most = fabsl(in[0].a[l]);
    }
    return exactly(most);
}

typedef ritz_status (*reduction)(ritz_stream *s, ritz_dmat A, ritz_dmat out);

static void reduce(const struct try *t, const char *name, reduction call, bool by_column,
                   ritz_dtype dtype, bool with_nan, rule want)
{
    if (!begin(t, name, ritz_dtype_name(dtype))) return;
    omat *a = uniform_items(t, 14, t->m, t->n);
    for (int64_t b = 0; b < t->batch; b++)
        for (int64_t i = 0; i < t->m * t->n; i++) a[b].a[i] = 90 * a[b].a[i] + 5;
    if (with_nan && t->batch > 0 && t->m * t->n > 0)
        a[t->batch - 1].a[t->m * t->n / 2] = (long double)NAN;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_input(&sc, "A", dtype, t->f[0], t->batch, SHARE_NONE, a);
    struct operand *out =
        add_output(&sc, "out", RITZ_F64, t->f[1], by_column ? t->n : 1, 1, t->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, call(t->p->s, A->mat, out->mat)))
        check(t, out, (const struct operand *[]){A}, 1, want);
    scene_end(&sc);
    free_items(a, t->batch);
}

static void reductions(const struct try *t)
{
    static const ritz_dtype from[] = {RITZ_F32, RITZ_F64, RITZ_F16, RITZ_BF16,
                                      RITZ_I8,  RITZ_U8,  RITZ_I32, RITZ_I64};
    reduce(t, "col_sums", ritz_op_col_sums, true, from[t->turn % 8], false, want_col_sum);
    reduce(t, "col_sumsq", ritz_op_col_sumsq, true, t->dtype, false, want_col_sumsq);
    reduce(t, "sumsq", ritz_op_sumsq, false, t->dtype, false, want_sumsq);
    reduce(t, "abs_sums", ritz_op_abs_sums, true, t->dtype, false, want_abs_sum);
    reduce(t, "frobenius", ritz_op_frobenius, false, t->dtype, false, want_frobenius);
    reduce(t, "max_abs", ritz_op_max_abs, false, t->dtype, t->turn % 2, want_max);
}

/* ---- verdicts on items ----------------------------------------------------------------------- */

static bool inside(ritz_uplo part, int64_t i, int64_t j)
{
    return part == RITZ_BOTH || (part == RITZ_LOWER ? i >= j : i <= j);
}

/* Item b is spoilt inside the part if b is odd, and outside of it, where it must not matter,
 * always. */
static void verdict(const struct try *t)
{
    const ritz_uplo part = (ritz_uplo)(t->turn % 3);
    static const char *const parts[] = {"lower", "upper", "both"};
    if ((part != RITZ_BOTH && t->m != t->n) || t->m * t->n == 0 || t->batch == 0) return;
    if (!begin(t, "finite_guard, poison and info of", parts[part])) return;
    omat *a = uniform_items(t, 15, t->m, t->n), *clean = uniform_items(t, 15, t->m, t->n);
    omat flags = omat_create(t->batch, 1), infos = omat_create(t->batch, 1);
    for (int64_t b = 0; b < t->batch; b++) {
        const int64_t i = part == RITZ_UPPER ? 0 : t->m - 1, j = part == RITZ_UPPER ? t->n - 1 : 0;
        if (b % 2 == 1)
            OMAT_AT(a[b], i, j) = b % 4 == 1 ? (long double)NAN : -(long double)INFINITY;
        if (part != RITZ_BOTH && t->m > 1) OMAT_AT(a[b], j, i) = (long double)NAN;
        infos.a[b] = b == 0 ? 3 : 0;
    }
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_inout(&sc, "A", t->dtype, t->f[0], t->batch, a);
    struct operand *B = add_inout(&sc, "B", t->dtype, t->f[1], t->batch, clean);
    struct operand *F = add_inout(&sc, "flags", RITZ_I32, t->f[2], 1, &flags);
    struct operand *I = add_inout(&sc, "info", RITZ_I32, t->f[1], 1, &infos);
    scene_upload(&sc);
    (void)expect_ok(ritz_op_finite_guard(t->p->s, part, A->mat, F->mat));
    (void)expect_ok(ritz_op_poison(t->p->s, part, F->mat, B->mat));
    (void)expect_ok(ritz_op_info_merge(t->p->s, F->mat, I->mat));
    struct ritz_scope scope = ritz_scope_enter("ritz_example");
    ritz_ticket_take(t->p->s, &A->mat);
    const ritz_status call = ritz_op_info_report(t->p->s, RITZ_ERR_NOT_SPD, I->mat);
    ritz_scope_leave(&scope);
    if (scene_collect(&sc, call, RITZ_ERR_NOT_SPD, "ritz_example|item 0|order 3")) {
        bool right = true;
        for (int64_t b = 0; b < t->batch; b++) {
            const bool bad = b % 2 == 1;
            right = right && info_after(F, b) == bad &&
                    info_after(I, b) == (bad      ? -1
                                         : b == 0 ? 3
                                                  : 0);
            omat x = item_after(A, b), was = item_before(A, b), y = item_after(B, b),
                 fresh = item_before(B, b);
            for (int64_t j = 0; j < t->n; j++)
                for (int64_t i = 0; i < t->m; i++) {
                    const long double want = bad && inside(part, i, j) ? 0 : OMAT_AT(was, i, j);
                    const bool kept =
                        OMAT_AT(x, i, j) == want || (isnan(want) && isnan(OMAT_AT(x, i, j)));
                    const bool poisoned = bad && inside(part, i, j)
                                              ? (bool)isnan(OMAT_AT(y, i, j))
                                              : OMAT_AT(y, i, j) == OMAT_AT(fresh, i, j);
                    right = right && kept && poisoned;
                }
            omat *const all[] = {&x, &was, &y, &fresh};
            for (int o = 0; o < 4; o++) omat_destroy(all[o]);
        }
        (void)expect(right, "a flag, an info or an element is wrong");
    }
    scene_end(&sc);
    free_items(a, t->batch);
    free_items(clean, t->batch);
    omat_destroy(&flags);
    omat_destroy(&infos);
}

/* ---- moments --------------------------------------------------------------------------------- */

/* Rows in two blocks, one after the other, against the moments of all. */
static void moments(const struct try *t)
{
    static const ritz_dtype from[] = {RITZ_F32, RITZ_F64, RITZ_U8, RITZ_F16, RITZ_I32};
    const ritz_dtype stored = from[t->turn % 5];
    if (t->m == 0 || t->n == 0 || t->n > 100 || t->batch != 1) return;
    if (!begin(t, "moments_merge from", ritz_dtype_name(stored))) return;
    const int64_t n = t->n, first = t->m, second = t->m / 2 + 600;
    const double offset = stored == RITZ_F32 || stored == RITZ_F64 ? 1000 : 100;
    omat a = matgen_uniform(16, first, n), b = matgen_uniform(17, second, n);
    for (int64_t i = 0; i < first * n; i++) a.a[i] = offset + 20 * a.a[i];
    for (int64_t i = 0; i < second * n; i++) b.a[i] = offset + 20 * b.a[i];
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_input(&sc, "A", stored, t->f[0], 1, SHARE_NONE, &a);
    struct operand *B = add_input(&sc, "B", stored, t->f[1], 1, SHARE_NONE, &b);
    struct operand *mean = add_output(&sc, "mean", RITZ_F64, COL_PLAIN, n, 1, 1);
    struct operand *G = add_output(
        &sc, "G", RITZ_F64,
        (struct form){RITZ_COL_MAJOR, t->f[2].view == VIEW_TRANSPOSED ? VIEW_PLAIN : t->f[2].view},
        n, n, 1);
    scene_upload(&sc);
    (void)expect_ok(ritz_op_moments_merge(t->p->s, t->dtype, 0, A->mat, mean->mat, G->mat));
    if (scene_finish(&sc,
                     ritz_op_moments_merge(t->p->s, t->dtype, first, B->mat, mean->mat, G->mat))) {
        omat x = item_before(A, 0), y = item_before(B, 0), all = omat_create(first + second, n);
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = 0; i < first + second; i++)
                OMAT_AT(all, i, j) = i < first ? OMAT_AT(x, i, j) : OMAT_AT(y, i - first, j);
        omat mu = oracle_column_means(all), want = oracle_covariance(all, mu, 1),
             got = item_after(G, 0), m = item_after(mean, 0);
        double worst = 0, off = 0;
        for (int64_t j = 0; j < n; j++) {
            off = oracle_worst(off, (double)fabsl(m.a[j] - mu.a[j]));
            for (int64_t i = j; i < n; i++)
                worst =
                    oracle_worst(worst, (double)fabsl(OMAT_AT(got, i, j) - OMAT_AT(want, i, j)));
        }
        const double size = (double)oracle_norm_max(want);
        (void)expect_ratio("moments mean", t->dtype,
                           off / ((double)(first + second) * offset * 0x1p-52), 1);
        /* Sums of at most 512 terms in float32. */
        (void)expect_ratio("moments G", t->dtype, worst / (size * 512 * eps_of(t->dtype)), 1);
        omat *const done[] = {&x, &y, &all, &mu, &want, &got, &m};
        for (int i = 0; i < 7; i++) omat_destroy(done[i]);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&b);
}

/* ---- all of them ----------------------------------------------------------------------------- */

void test_primitives(const struct place *p)
{
    static void (*const tests[])(const struct try *t) = {
        set_identity, scale,      axpby,     scale_cols, add_row,    mirror,  tri_copy,
        tri_put,      diag_signs, sign_cols, flip_cols,  reductions, verdict, moments,
    };
    int turn = 0;
    for (int d = 0; d < REALS; d++) {
        /* So tall that a GPU searches a column in parts. */
        for (struct forms walk = forms_of(3, 6); next_forms(&walk); turn++) {
            const struct try tall = {p,   reals[d], 600, 20, 1, {walk.f[0], walk.f[1], walk.f[2]},
                                     turn};
            sign_cols(&tall);
        }
        for (int s = 0; s < SHAPES; s++)
            for (struct forms walk = forms_of(3, shapes[s][0] * shapes[s][1] > 100 ? 12 : 24);
                 next_forms(&walk); turn++)
                for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
                    struct try t = {p,
                                    reals[d],
                                    shapes[s][0],
                                    shapes[s][1],
                                    shapes[s][2],
                                    {walk.f[0], walk.f[1], walk.f[2]},
                                    turn};
                    tests[i](&t);
                }
    }
}
