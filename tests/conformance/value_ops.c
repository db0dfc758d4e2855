/* Operations of a backend on singular values and diagonals, in every form (core/ops.def).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

static double entry(const struct operand *op, int64_t i)
{
    return (double)load_element(op->mat.dtype, op->after + element_offset(op, 0, i, 0));
}

/* ---- cut_values ------------------------------------------------------------------------------ */

/* 2^0, 2^-1, ...; of some items the last half is 0, or the first value NaN. */
static omat values(int64_t item, int64_t k)
{
    omat s = omat_create(k, 1);
    for (int64_t i = 0; i < k; i++)
        s.a[i] = item % 4 == 1 && i >= k / 2 ? 0 : powl(2, (long double)-i);
    for (int64_t i = 0; item % 4 == 2 && i < k; i++) s.a[i] = (long double)NAN;
    for (int64_t i = 0; item % 4 == 3 && i < k; i++) s.a[i] = 0;
    return s;
}

struct cut_case {
    int64_t k, batch;
    ritz_dtype dtype;
    double rtol, atol;
    struct form fs, fr, fc;
    bool with_rank, with_cond;
};

static void check_cut(const struct cut_case *c, const struct operand *S, const struct operand *rank,
                      const struct operand *cond, int64_t b)
{
    omat before = item_before(S, b), after = item_after(S, b);
    const bool nan = isnan(before.a[0]);
    int64_t kept = 0;
    bool right = true;
    for (int64_t i = 0; i < c->k; i++) {
        const bool counts = before.a[i] > c->rtol * before.a[0] && before.a[i] > c->atol;
        kept += counts;
        right = right && (nan ? (bool)isnan(after.a[i]) : after.a[i] == (counts ? before.a[i] : 0));
    }
    (void)expect(right, "values of item %lld", (long long)b);
    if (rank)
        (void)expect(info_after(rank, b) == (nan ? -1 : kept), "rank %lld of item %lld, not %lld",
                     (long long)info_after(rank, b), (long long)b, (long long)(nan ? -1 : kept));
    if (cond) {
        const long double last = before.a[c->k - 1];
        const long double want = last == 0 ? (long double)INFINITY : before.a[0] / last;
        const double got = entry(cond, b); /* powers of two: exact */
        (void)expect(nan ? (bool)isnan(got) : got == (double)want, "condition %g of item %lld", got,
                     (long long)b);
    }
    omat_destroy(&before);
    omat_destroy(&after);
}

static void cut_one(const struct place *p, const struct cut_case *c)
{
    if (!begin_case(p, "cut_values %s k %lld batch %lld rtol %g atol %g S %s %s %s %s %s",
                    ritz_dtype_name(c->dtype), (long long)c->k, (long long)c->batch, c->rtol,
                    c->atol, form_name(c->fs), c->with_rank ? "rank" : "no rank", form_name(c->fr),
                    c->with_cond ? "cond" : "no cond", form_name(c->fc)))
        return;
    omat *s = calloc((size_t)(c->batch + 1), sizeof *s);
    if (!s) abort();
    for (int64_t b = 0; b <= c->batch; b++) s[b] = values(b, c->k);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *S = add_inout(&sc, "S", c->dtype, c->fs, c->batch, s);
    struct operand *rank = c->with_rank ? add_info(&sc, c->fr, c->batch) : NULL;
    struct operand *cond =
        c->with_cond ? add_output(&sc, "cond", RITZ_F64, c->fc, c->batch, 1, 1) : NULL;
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_cut_values(p->s, c->rtol, c->atol, S->mat,
                                             rank ? rank->mat : RITZ_NO_MAT,
                                             cond ? cond->mat : RITZ_NO_MAT)))
        for (int64_t b = 0; b < c->batch; b++) check_cut(c, S, rank, cond, b);
    scene_end(&sc);
    free_items(s, c->batch + 1);
}

static void cuts(const struct place *p, ritz_dtype dtype)
{
    static const int64_t sizes[][2] = {{1, 1}, {1, 4}, {3, 0}, {6, 5}, {20, 2}, {100, 1}, {2, 300}};
    static const double tolerances[][2] = {{0, 0}, {0.3, 0}, {0, 0.2}, {0.1, 0.4}, {1e-6, 1e-3}};
    int turn = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (struct forms walk = forms_of(3, 40); next_forms(&walk); turn++) {
            struct cut_case c = {sizes[i][0],
                                 sizes[i][1],
                                 dtype,
                                 tolerances[turn % 5][0],
                                 tolerances[turn % 5][1],
                                 walk.f[0],
                                 walk.f[1],
                                 walk.f[2],
                                 turn % 3 != 0,
                                 turn % 3 != 1};
            cut_one(p, &c);
        }
}

/* ---- diag_product ---------------------------------------------------------------------------- */

/* Diagonals of powers of two, whose products are exact and run through both ends of the range; what
 * is not on the diagonal is NaN. */
static omat with_diagonal(int64_t item, int64_t n, ritz_dtype dtype, long double *product)
{
    const long double huge = dtype == RITZ_F64 ? 0x1p300L : 0x1p100L;
    omat A = omat_create(n, n);
    *product = 1;
    for (int64_t i = 0; i < n * n; i++) A.a[i] = (long double)NAN;
    for (int64_t i = 0; i < n; i++) {
        /* An even number of huge factors, each with its reciprocal at the other end. */
        const int64_t mirror = n - 1 - i;
        long double value = i < mirror ? huge : i > mirror ? 1 / huge : 4;
        if ((i + item) % 3 == 0) value = -value;
        if (item % 5 == 4 && i == n / 3) value = 0;
        OMAT_AT(A, i, i) = value;
        *product *= value;
    }
    return A;
}

static void product_one(const struct place *p, ritz_dtype dtype, int64_t n, int64_t batch,
                        const struct form *f, bool with_pivots)
{
    if (!begin_case(p, "diag_product %s n %lld batch %lld A %s %s %s out %s",
                    ritz_dtype_name(dtype), (long long)n, (long long)batch, form_name(f[0]),
                    with_pivots ? "pivots" : "no pivots", form_name(f[1]), form_name(f[2])))
        return;
    omat *a = calloc((size_t)(batch + 1), sizeof *a), *q = calloc((size_t)(batch + 1), sizeof *q);
    long double *want = calloc((size_t)(batch + 1), sizeof *want);
    if (!a || !q || !want) abort();
    for (int64_t b = 0; b <= batch; b++) {
        a[b] = with_diagonal(b, n, dtype, &want[b]);
        q[b] = omat_create(n, 1);
        for (int64_t i = 0; i < n; i++) {
            const int64_t row = i + (i + b) % 2 < n ? i + (i + b) % 2 : i;
            q[b].a[i] = (long double)(row + 1);
            if (with_pivots && row != i) want[b] = -want[b];
        }
    }
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, f[0], batch, SHARE_NONE, a);
    struct operand *P = NULL;
    if (with_pivots) P = add_input(&sc, "pivots", RITZ_I32, f[1], batch, SHARE_NONE, q);
    struct operand *out = add_output(&sc, "out", RITZ_F64, f[2], batch, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_diag_product(p->s, A->mat, P ? P->mat : RITZ_NO_MAT, out->mat)))
        for (int64_t b = 0; b < batch; b++)
            (void)expect(entry(out, b) == (double)want[b], "product %g of item %lld, not %Lg",
                         entry(out, b), (long long)b, want[b]);
    scene_end(&sc);
    free_items(a, batch + 1);
    free_items(q, batch + 1);
    free(want);
}

static void products(const struct place *p, ritz_dtype dtype)
{
    static const int64_t sizes[][2] = {{1, 1}, {2, 3}, {3, 0}, {5, 7}, {40, 2}, {101, 1}, {2, 300}};
    int turn = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (struct forms walk = forms_of(3, 24); next_forms(&walk); turn++)
            product_one(p, dtype, sizes[i][0], sizes[i][1], walk.f, turn % 3 != 0);
}

void test_value_ops(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        cuts(p, reals[t]);
        products(p, reals[t]);
    }
}
