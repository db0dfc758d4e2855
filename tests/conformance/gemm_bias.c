/* Products with an epilogue on the columns.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "conformance/harness.h"

enum { SCALE = 1, BIAS = 2 };

struct bias_case {
    int64_t m, n, k, batch;
    ritz_dtype dtype;
    int parts; /* SCALE, BIAS */
    double alpha;
    struct form f[5]; /* A, B, scale, bias, C */
    enum sharing sharing[4];
};

static omat item_or_none(const struct operand *op, int64_t b)
{
    return op ? item_before(op, op->mat.batch_stride ? b : 0) : (omat){0, 0, NULL};
}

/* alpha A (B diag(scale)) + 1 biasᵀ. */
static double item_ratio(const struct bias_case *c, struct operand *const *op, int64_t b)
{
    omat A = item_or_none(op[0], b), B = item_or_none(op[1], b), scale = item_or_none(op[2], b);
    omat bias = item_or_none(op[3], b), got = item_after(op[4], b), add = omat_create(c->m, c->n);
    for (int64_t j = 0; j < c->n; j++) {
        for (int64_t i = 0; op[2] && i < c->k; i++) OMAT_AT(B, i, j) *= scale.a[j];
        for (int64_t i = 0; op[3] && i < c->m; i++) OMAT_AT(add, i, j) = bias.a[j];
    }
    const double ratio = oracle_gemm_ratio(c->alpha, A, B, 1, add, got, eps_of(c->dtype));
    omat *const all[] = {&A, &B, &scale, &bias, &got, &add};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) omat_destroy(all[i]);
    return ratio;
}

static void bias_one(const struct place *p, const struct bias_case *c)
{
    static const char *const names[] = {"plain", "scale", "bias", "scale and bias"};
    if (!begin_case(p,
                    "gemm_bias %s %lldx%lldx%lld batch %lld alpha %g %s A %s %s B %s %s scale %s "
                    "%s bias %s %s C %s",
                    ritz_dtype_name(c->dtype), (long long)c->m, (long long)c->n, (long long)c->k,
                    (long long)c->batch, c->alpha, names[c->parts], form_name(c->f[0]),
                    sharing_name(c->sharing[0]), form_name(c->f[1]), sharing_name(c->sharing[1]),
                    form_name(c->f[2]), sharing_name(c->sharing[2]), form_name(c->f[3]),
                    sharing_name(c->sharing[3]), form_name(c->f[4])))
        return;
    static const char *const operands[] = {"A", "B", "scale", "bias"};
    const int64_t rows[] = {c->m, c->k, c->n, c->n}, cols[] = {c->k, c->n, 1, 1};
    struct operand *op[5] = {NULL};
    struct scene sc;
    scene_begin(&sc, p);
    for (int i = 0; i < 4; i++) {
        if ((i == 2 && !(c->parts & SCALE)) || (i == 3 && !(c->parts & BIAS))) continue;
        const int64_t items = c->sharing[i] == SHARE_NONE ? c->batch : 1;
        omat *values =
            make_items(general_kinds, 141 + (uint64_t)i, items, rows[i], cols[i], c->dtype);
        /* With alpha = 0 only the bias is read: the others stay NaN. */
        op[i] = add(&sc, operands[i], ROLE_INPUT, c->dtype, c->f[i], rows[i], cols[i], c->batch,
                    c->sharing[i], c->alpha != 0 || i == 3 ? values : NULL);
        free_items(values, items);
    }
    op[4] = add_output(&sc, "C", c->dtype, c->f[4], c->m, c->n, c->batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_gemm_bias(p->s, c->alpha, op[0]->mat, op[1]->mat,
                                         op[2] ? op[2]->mat : RITZ_NO_MAT,
                                         op[3] ? op[3]->mat : RITZ_NO_MAT, op[4]->mat))) {
        double worst = 0;
        for (int64_t b = 0; b < c->batch; b++) worst = oracle_worst(worst, item_ratio(c, op, b));
        (void)expect_ratio("gemm_bias error/(k+3)", c->dtype, worst / (double)(c->k + 3), 1);
    }
    scene_end(&sc);
}

void test_gemm_bias(const struct place *p)
{
    static const int64_t shapes[][4] = {
        {0, 3, 2, 1}, {3, 0, 2, 2},  {3, 4, 0, 1},    {2, 2, 2, 0},   {1, 1, 1, 1},
        {4, 3, 2, 3}, {7, 13, 5, 2}, {33, 31, 32, 1}, {2, 307, 9, 1}, {307, 2, 9, 3}};
    static const double alphas[] = {1, -0.5, 2, 0};
    static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
    int turn = 0;
    for (int t = 0; t < 2; t++)
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
            for (struct forms walk = forms_of(5, 24); next_forms(&walk); turn++) {
                const int64_t batch = shapes[s][3];
                struct bias_case c = {.m = shapes[s][0],
                                      .n = shapes[s][1],
                                      .k = shapes[s][2],
                                      .batch = batch,
                                      .dtype = reals[t],
                                      .parts = turn % 4,
                                      .alpha = alphas[turn / 4 % 4]};
                for (int i = 0; i < 5; i++) c.f[i] = walk.f[i];
                for (int i = 0; i < 4; i++)
                    c.sharing[i] =
                        batch > 1 ? (enum sharing)((turn / 3 + (turn + i) / 2) % 3) : SHARE_NONE;
                bias_one(p, &c);
            }
}
