/* What is left of B, its product with Aᵀ, and the norms of its columns, in one pass over A: against
 * sums in long double. The bounds are those of sums of products in any order (Higham 2002, section
 * 3.1), applied twice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "harness.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

enum wanted { WANT_RESIDUAL, WANT_NONE, WANT_IN_PLACE, WANTED };

/* max |got - exact| / scale, elementwise. */
static double worst(omat got, omat exact, omat scale)
{
    long double ratio = 0;
    for (int64_t j = 0; j < got.cols; j++)
        for (int64_t i = 0; i < got.rows; i++) {
            const long double off = fabsl(OMAT_AT(got, i, j) - OMAT_AT(exact, i, j));
            if (off == 0) continue;
            const long double r = off / OMAT_AT(scale, i, j);
            if (!(r <= ratio)) ratio = r;
        }
    return (double)ratio;
}

static omat moduli(omat A)
{
    omat M = omat_copy(A);
    for (int64_t i = 0; i < A.rows * A.cols; i++) M.a[i] = fabsl(M.a[i]);
    return M;
}

/* |B| + |A| |X|, the scale of the errors of B - A X. */
static omat residual_scale(omat A, omat X, omat B)
{
    return oracle_gemm_scale(-1, A, X, 1, B);
}

static void check_sums(ritz_dtype dtype, omat A, omat X, omat B, const struct operand *R,
                       const struct operand *G, const struct operand *norms)
{
    const double u = eps_of(dtype) / 2;
    const int64_t m = A.rows, n = A.cols;
    omat exact = oracle_gemm(-1, A, X, 1, B), scale = residual_scale(A, X, B);
    omat At = omat_transposed(A), G0 = item_before(G, 0), n0 = item_before(norms, 0);
    omat product = oracle_gemm(1, At, exact, 1, G0);
    omat product_scale = oracle_gemm_scale(1, At, scale, 1, G0);
    omat got = item_after(G, 0), squares = item_after(norms, 0);
    if (R) {
        omat left = item_after(R, 0);
        (void)expect_ratio("residual", dtype, worst(left, exact, scale) / ((double)(n + 2) * u), 1);
        omat_destroy(&left);
    }
    (void)expect_ratio("residual AᵀR", dtype,
                       worst(got, product, product_scale) / ((double)(n + m + 4) * u), 1);
    for (int64_t j = 0; j < B.cols; j++) {
        long double sum = OMAT_AT(n0, j, 0), size = fabsl(sum);
        for (int64_t i = 0; i < m; i++) {
            sum += OMAT_AT(exact, i, j) * OMAT_AT(exact, i, j);
            size += OMAT_AT(scale, i, j) * OMAT_AT(scale, i, j);
        }
        const double off = (double)fabsl(OMAT_AT(squares, j, 0) - sum);
        (void)expect_ratio("residual norms", dtype,
                           off == 0 ? 0 : off / ((2.0 * (double)n + 8.0) * u * (double)size), 1);
    }
    omat *const all[] = {&exact, &scale, &At, &G0, &n0, &product, &product_scale, &got, &squares};
    for (int i = 0; i < 9; i++) omat_destroy(all[i]);
}

static void residual_one(const struct place *p, ritz_dtype dtype, const int64_t *shape,
                         const struct forms *walk, enum wanted wanted)
{
    static const char *const names[] = {"R", "no R", "R in place of B"};
    const int64_t m = shape[0], n = shape[1], targets = shape[2];
    if (!begin_case(p, "residual %s %lldx%lld, %lld targets, %s, A %s X %s B %s R %s G %s",
                    ritz_dtype_name(dtype), (long long)m, (long long)n, (long long)targets,
                    names[wanted], form_name(walk->f[0]), form_name(walk->f[1]),
                    form_name(walk->f[2]), form_name(walk->f[3]), form_name(walk->f[4])))
        return;
    omat a = matgen_uniform(71, m, n), x = matgen_uniform(72, n, targets);
    omat b = matgen_uniform(73, m, targets), g = matgen_uniform(74, n, targets);
    omat norms = moduli(matgen_uniform(75, targets, 1));
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, walk->f[0], 1, SHARE_NONE, &a);
    struct operand *X = add_input(&sc, "X", dtype, walk->f[1], 1, SHARE_NONE, &x);
    struct operand *B = wanted == WANT_IN_PLACE
                            ? add_inout(&sc, "B", dtype, walk->f[2], 1, &b)
                            : add_input(&sc, "B", dtype, walk->f[2], 1, SHARE_NONE, &b);
    struct operand *R = wanted == WANT_IN_PLACE ? B
                        : wanted == WANT_NONE
                            ? NULL
                            : add_output(&sc, "R", dtype, walk->f[3], m, targets, 1);
    struct operand *G = add_inout(&sc, "G", dtype, walk->f[4], 1, &g);
    struct operand *S = add_inout(&sc, "norms", RITZ_F64, COL_PLAIN, 1, &norms);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_residual(p->s, A->mat, X->mat, B->mat, R ? R->mat : RITZ_NO_MAT,
                                           G->mat, S->mat))) {
        omat before = item_before(A, 0), factor = item_before(X, 0), rhs = item_before(B, 0);
        check_sums(dtype, before, factor, rhs, R, G, S);
        omat_destroy(&before);
        omat_destroy(&factor);
        omat_destroy(&rhs);
    }
    scene_end(&sc);
    omat *const all[] = {&a, &x, &b, &g, &norms};
    for (int i = 0; i < 5; i++) omat_destroy(all[i]);
}

void test_residual(const struct place *p)
{
    static const int64_t shapes[][3] = {{0, 3, 2}, {3, 0, 2}, {4, 3, 0},    {1, 1, 1},
                                        {7, 9, 1}, {9, 7, 3}, {5000, 3, 1}, {2100, 17, 2}};
    for (int t = 0; t < REALS; t++) {
        int turn = 0;
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            for (struct forms walk = forms_of(5, 24); next_forms(&walk);)
                residual_one(p, reals[t], shapes[i], &walk, (enum wanted)(turn++ % WANTED));
    }
}
