/* Many products of different shapes in one call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

static const struct types {
    ritz_dtype in, out;
} types[] = {
    {RITZ_F32, RITZ_F32}, {RITZ_F64, RITZ_F64}, {RITZ_F16, RITZ_F32}, {RITZ_BF16, RITZ_F32}};
enum { TYPES = sizeof types / sizeof types[0] };

/* ---- three entries in any form --------------------------------------------------------------- */

struct entry {
    int64_t m, n, k, batch;
};

enum { ENTRIES = 3 };

static void check_entry(const struct types *t, const struct entry *e, double alpha, double beta,
                        const struct operand *A, const struct operand *B, const struct operand *C)
{
    for (int64_t b = 0; b < e->batch; b++) {
        omat a = item_before(A, A->mat.batch_stride ? b : 0), g = item_before(B, b);
        omat old = beta != 0 ? item_before(C, b) : (omat){0, 0, NULL}, got = item_after(C, b);
        (void)expect_ratio(
            "gemm_grouped error/(k+2)", t->out,
            oracle_gemm_ratio(alpha, a, g, beta, old, got, eps_of(t->out)) / (double)(e->k + 2), 1);
        omat_destroy(&a);
        omat_destroy(&g);
        omat_destroy(&old);
        omat_destroy(&got);
    }
}

static void three(const struct place *p, const struct types *t, const struct entry *e, double alpha,
                  double beta, const struct form *f)
{
    if (!begin_case(p,
                    "gemm_grouped %s->%s of %lldx%lldx%lld batch %lld and two more, alpha %g "
                    "beta %g, %s %s %s ...",
                    ritz_dtype_name(t->in), ritz_dtype_name(t->out), (long long)e->m,
                    (long long)e->n, (long long)e->k, (long long)e->batch, alpha, beta,
                    form_name(f[0]), form_name(f[1]), form_name(f[2])))
        return;
    struct operand *op[ENTRIES][3];
    ritz_dmat mat[3][ENTRIES];
    struct scene sc;
    scene_begin(&sc, p);
    for (int i = 0; i < ENTRIES; i++) {
        const enum sharing sharing = e[i].batch > 1 && i == 1 ? SHARE_ONE : SHARE_NONE;
        const uint64_t seed = 150 + 3 * (uint64_t)i;
        omat *a = make_items(general_kinds, seed, e[i].batch, e[i].m, e[i].k, t->in);
        omat *b = make_items(general_kinds, seed + 1, e[i].batch, e[i].k, e[i].n, t->in);
        omat *c = make_items(general_kinds, seed + 2, e[i].batch, e[i].m, e[i].n, t->out);
        const bool read = alpha != 0;
        op[i][0] = add(&sc, "A[i]", ROLE_INPUT, t->in, f[i], e[i].m, e[i].k, e[i].batch, sharing,
                       read ? a : NULL);
        op[i][1] = add(&sc, "B[i]", ROLE_INPUT, t->in, f[(i + 1) % 3], e[i].k, e[i].n, e[i].batch,
                       SHARE_NONE, read ? b : NULL);
        op[i][2] = add(&sc, "C[i]", ROLE_OUTPUT, t->out, f[(i + 2) % 3], e[i].m, e[i].n, e[i].batch,
                       SHARE_NONE, beta != 0 ? c : NULL);
        for (int j = 0; j < 3; j++) mat[j][i] = op[i][j]->mat;
        free_items(a, e[i].batch);
        free_items(b, e[i].batch);
        free_items(c, e[i].batch);
    }
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_gemm_grouped(p->s, ENTRIES, alpha, mat[0], mat[1], beta, mat[2])))
        for (int i = 0; i < ENTRIES; i++)
            check_entry(t, &e[i], alpha, beta, op[i][0], op[i][1], op[i][2]);
    scene_end(&sc);
}

/* ---- many entries ---------------------------------------------------------------------------- */

/* Entry i is a block of item i, of sizes from 0 to `side` that depend on i. */
static struct entry sizes_of(int64_t i, int64_t side)
{
    return (struct entry){i * 7 % (side + 1), i * 5 % side + 1, i * 3 % (side + 1), 1};
}

/* The product is right, and what lies outside of it was not touched. */
static void check_block(const struct types *t, const struct entry *e, const struct operand *A,
                        const struct operand *B, const struct operand *C, int64_t item)
{
    omat a = item_before(A, item), b = item_before(B, item), c = item_after(C, item);
    omat left = omat_block(a, 0, 0, e->m, e->k), right = omat_block(b, 0, 0, e->k, e->n);
    omat got = omat_block(c, 0, 0, e->m, e->n);
    (void)expect_ratio(
        "gemm_grouped error/(k+2)", t->out,
        oracle_gemm_ratio(1, left, right, 0, (omat){0, 0, NULL}, got, eps_of(t->out)) /
            (double)(e->k + 2),
        1);
    bool kept = true;
    for (int64_t j = 0; j < c.cols; j++)
        for (int64_t i = 0; i < c.rows; i++)
            if (i >= e->m || j >= e->n) kept = kept && isnan(OMAT_AT(c, i, j));
    (void)expect(kept, "entry %lld was written outside its block", (long long)item);
    omat *const all[] = {&a, &b, &c, &left, &right, &got};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
}

static void many(const struct place *p, const struct types *t, int64_t count, int64_t side)
{
    if (!begin_case(p, "gemm_grouped %s->%s of %lld entries up to %lldx%lldx%lld",
                    ritz_dtype_name(t->in), ritz_dtype_name(t->out), (long long)count,
                    (long long)side, (long long)side, (long long)side))
        return;
    omat *a = make_items(general_kinds, 171, count, side, side, t->in);
    omat *b = make_items(general_kinds, 172, count, side, side, t->in);
    ritz_dmat *mat = calloc((size_t)(3 * count + 1), sizeof *mat);
    if (!mat) abort();
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", t->in, COL_PLAIN, count, SHARE_NONE, a);
    struct operand *B = add_input(&sc, "B", t->in, COL_PLAIN, count, SHARE_NONE, b);
    struct operand *C = add_output(&sc, "C", t->out, COL_PLAIN, side, side, count);
    for (int64_t i = 0; i < count; i++) {
        const struct entry e = sizes_of(i, side);
        mat[i] = ritz_block(ritz_batch_item(A->mat, i), 0, 0, e.m, e.k);
        mat[count + i] = ritz_block(ritz_batch_item(B->mat, i), 0, 0, e.k, e.n);
        mat[2 * count + i] = ritz_block(ritz_batch_item(C->mat, i), 0, 0, e.m, e.n);
    }
    scene_upload(&sc);
    const ritz_status status =
        ritz_gemm_grouped(p->s, count, 1, mat, mat + count, 0, mat + 2 * count);
    for (int64_t i = 0; i < 3 * count; i++) mat[i] = RITZ_NO_MAT; /* the arrays are the caller's */
    if (scene_finish(&sc, status))
        for (int64_t i = 0; i < count; i++) {
            const struct entry e = sizes_of(i, side);
            check_block(t, &e, A, B, C, i);
        }
    scene_end(&sc);
    free(mat);
    free_items(a, count);
    free_items(b, count);
}

void test_gemm_grouped(const struct place *p)
{
    static const struct entry groups[][ENTRIES] = {
        {{3, 4, 5, 1}, {7, 2, 1, 3}, {1, 1, 9, 2}},
        {{0, 4, 5, 1}, {3, 3, 0, 2}, {13, 7, 3, 0}},
        {{5, 5, 5, 40}, {31, 33, 32, 1}, {2, 61, 8, 1}},
    };
    static const struct {
        double alpha, beta;
    } factors[] = {{1, 0}, {-0.5, 1}, {2, -3}, {0, 2}, {0, 0}};
    static const struct entry mixed[ENTRIES] = {{3, 3, 3, 5}, {320, 300, 290, 1}, {64, 64, 64, 3}};
    int turn = 0;
    for (int t = 0; t < TYPES; t++) {
        for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
            for (struct forms walk = forms_of(3, 20); next_forms(&walk); turn++)
                three(p, &types[t], groups[g], factors[turn % 5].alpha, factors[turn % 5].beta,
                      walk.f);
        many(p, &types[t], 1, 8);
        many(p, &types[t], 2, 16);
        many(p, &types[t], 1000, 8);
        if (!full_level()) continue;
        many(p, &types[t], 77, 61);
        for (struct forms walk = forms_of(3, 2); next_forms(&walk);)
            three(p, &types[t], mixed, 1, 0, walk.f);
    }
    if (begin_case(p, "gemm_grouped of nothing"))
        (void)expect_ok(ritz_gemm_grouped(p->s, 0, 1, NULL, NULL, 0, NULL));
}
