/* ritz_lstsq of a batch: each item of another rank, shared inputs, and items that are not finite.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/lstsq_check.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

struct batch_case {
    ritz_dtype dtype;
    int64_t m, n, s, batch;
    enum sharing of_a, of_b;
    bool wants_rank, wants_norms;
    ritz_lstsq_method method;
    struct form f[3];
    int64_t flawed; /* item that is not finite, or -1 */
    bool in_b;      /* it is B that is not */
};

static int64_t shorter(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Item b has rank b mod (k + 1), exactly: whole numbers. */
static omat *make_a(const struct batch_case *c)
{
    const int64_t k = shorter(c->m, c->n), made = c->of_a == SHARE_NONE ? c->batch : 1;
    omat *A = calloc((size_t)(made + 1), sizeof *A);
    if (!A) abort();
    for (int64_t b = 0; b < (made > 0 ? made : 1); b++) {
        const int64_t r = c->of_a == SHARE_NONE ? b % (k + 1) : k;
        omat F = matgen_gaussian(871 + (uint64_t)b, c->m, r);
        omat G = matgen_gaussian(971 + (uint64_t)b, r, c->n);
        for (int64_t i = 0; i < c->m * r; i++) F.a[i] = roundl(3 * F.a[i]);
        for (int64_t i = 0; i < r * c->n; i++) G.a[i] = roundl(3 * G.a[i]);
        A[b] = oracle_product(F, G);
        omat_destroy(&F);
        omat_destroy(&G);
    }
    return A;
}

static void check_item(const struct batch_case *c, const struct operand *A, const struct operand *B,
                       const struct operand *X, const struct operand *rank,
                       const struct operand *norms, int64_t b)
{
    const double eps = eps_of(c->dtype), u = eps / 2;
    omat a = item_before(A, c->of_a == SHARE_NONE ? b : 0);
    omat rhs = item_before(B, c->of_b == SHARE_NONE ? b : 0), x = item_after(X, b);
    omat best = omat_create(c->n, c->s), r = oracle_gemm(-1, a, x, 1, rhs), U, s, V;
    int64_t exact;
    oracle_lstsq(c->m, c->n, c->s, a.a, rhs.a, 1e-14L, best.a, &exact);
    if (rank)
        (void)expect(info_after(rank, b) == exact, "rank %lld of item %lld, not %lld",
                     (long long)info_after(rank, b), (long long)b, (long long)exact);
    const double longer = (double)(c->m > c->n ? c->m : c->n);
    (void)expect_ratio("lstsq batch backward error", c->dtype,
                       oracle_lstsq_backward_error(a, x, rhs) / (longer + 2) / u, 8);
    oracle_svd(a, &U, &s, &V);
    const long double kappa = exact > 0 ? s.a[0] / s.a[exact - 1] : 1;
    omat E = oracle_add(x, -1, best);
    const long double error = oracle_norm_fro(E);
    const long double unit = eps * longer *
                             (kappa * oracle_norm_fro(best) +
                              (exact > 0 ? kappa * kappa * oracle_norm_fro(r) / s.a[0] : 0));
    (void)expect_ratio("lstsq batch minimum norm", c->dtype,
                       error == 0 ? 0 : (double)(error / unit), 30);
    for (int64_t j = 0; norms && j < c->s; j++) {
        omat rj = omat_block(r, 0, j, c->m, 1), xj = omat_block(x, 0, j, c->n, 1);
        omat bj = omat_block(rhs, 0, j, c->m, 1), got = item_after(norms, b);
        const long double size = oracle_norm_fro(a) * oracle_norm_fro(xj) + oracle_norm_fro(bj);
        const long double off = fabsl(got.a[j] - oracle_norm_fro(rj));
        (void)expect_ratio("lstsq batch norms", c->dtype,
                           off == 0 ? 0 : (double)(off / (eps * sqrtl(longer) * size)), 30);
        omat all[] = {rj, xj, bj, got};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
    }
    omat all[] = {a, rhs, x, best, r, U, s, V, E};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) omat_destroy(&all[i]);
}

static bool is_flawed(const struct batch_case *c, int64_t b)
{
    if (c->flawed < 0) return false;
    const enum sharing sharing = c->in_b ? c->of_b : c->of_a;
    return sharing != SHARE_NONE || b == c->flawed;
}

static void check_flawed(const struct operand *X, const struct operand *rank,
                         const struct operand *norms, int64_t b)
{
    (void)expect(item_is_nan(X, b, RITZ_BOTH), "X of item %lld is not NaN", (long long)b);
    if (norms) (void)expect(item_is_nan(norms, b, RITZ_BOTH), "norms of item %lld", (long long)b);
    if (rank)
        (void)expect(info_after(rank, b) == -1, "rank %lld of item %lld",
                     (long long)info_after(rank, b), (long long)b);
}

static void check_report(const struct batch_case *c, const ritz_lstsq_report *r)
{
    const bool asked = c->method != RITZ_LSTSQ_AUTO;
    if (c->batch == 1) return;
    (void)expect(r->reason_code == (asked ? RITZ_LSTSQ_REASON_ASKED : RITZ_LSTSQ_SMALL_BATCH) &&
                     r->method == (asked ? c->method : RITZ_LSTSQ_MINNORM),
                 "%s: %s", r->method_name, r->reason);
    (void)expect(r->rows == c->m && r->cols == c->n && r->targets == c->s && r->rank == -1 &&
                     isnan(r->residual_norm) && isnan(r->backward_error),
                 "the report of a batch");
}

static void one(const struct place *p, const struct batch_case *c)
{
    if (!begin_case(p,
                    "lstsq batch %s %s %lldx%lld, %lld targets, batch %lld, A %s B %s, rank %d "
                    "norms %d, flawed %lld in %s, A %s B %s X %s",
                    lsq_name(c->method), ritz_dtype_name(c->dtype), (long long)c->m,
                    (long long)c->n, (long long)c->s, (long long)c->batch, sharing_name(c->of_a),
                    sharing_name(c->of_b), c->wants_rank, c->wants_norms, (long long)c->flawed,
                    c->in_b ? "B" : "A", form_name(c->f[0]), form_name(c->f[1]),
                    form_name(c->f[2])))
        return;
    const int64_t made_b = c->of_b == SHARE_NONE ? c->batch : 1;
    omat *a = make_a(c), *b = make_items(general_kinds, 875, made_b, c->m, c->s, c->dtype);
    if (c->flawed >= 0 && c->in_b)
        b[made_b > 1 ? c->flawed : 0].a[c->m * c->s - 1] = (long double)NAN;
    else if (c->flawed >= 0)
        a[c->of_a == SHARE_NONE ? c->flawed : 0].a[c->m * c->n / 2] = (long double)INFINITY;
    ritz_lstsq_options o = RITZ_LSTSQ_DEFAULTS;
    ritz_lstsq_report report = RITZ_LSTSQ_REPORT_INIT;
    struct operand *rank = NULL, *norms = NULL;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", c->dtype, c->f[0], c->batch, c->of_a, a);
    struct operand *B = add_input(&sc, "B", c->dtype, c->f[1], c->batch, c->of_b, b);
    struct operand *X = add_output(&sc, "X", c->dtype, c->f[2], c->n, c->s, c->batch);
    if (c->wants_rank) rank = add_info(&sc, COL_PLAIN, c->batch);
    if (c->wants_norms)
        norms = add_output(&sc, "residual_norms", RITZ_F64, c->f[1], c->s, 1, c->batch);
    scene_upload(&sc);
    o.method = c->method;
    if (rank) o.rank = rank->mat;
    if (norms) o.residual_norms = norms->mat;
    const ritz_status call = ritz_lstsq(p->s, A->mat, B->mat, X->mat, &o, &report);
    const ritz_status code = c->flawed < 0 ? RITZ_OK : RITZ_ERR_NOT_FINITE;
    if (scene_collect(&sc, call, code, code == RITZ_OK ? NULL : "ritz_lstsq|item")) {
        check_report(c, &report);
        for (int64_t i = 0; i < c->batch; i++)
            if (is_flawed(c, i))
                check_flawed(X, rank, norms, i);
            else
                check_item(c, A, B, X, rank, norms, i);
    }
    scene_end(&sc);
    free_items(a, c->of_a == SHARE_NONE ? c->batch : 1);
    free_items(b, made_b);
}

void test_lstsq_batch(const struct place *p)
{
    static const int64_t shapes[][3] = {{9, 5, 2},  {10, 5, 1},  {5, 5, 3}, {5, 9, 2},
                                        {5, 10, 1}, {60, 3, 2},  {1, 4, 1}, {4, 1, 2},
                                        {1, 1, 1},  {40, 33, 1}, {6, 40, 2}};
    static const int64_t batches[] = {13, 2, 0};
    static const ritz_lstsq_method methods[] = {RITZ_LSTSQ_AUTO, RITZ_LSTSQ_MINNORM, RITZ_LSTSQ_QR};
    for (int t = 0; t < REALS; t++) {
        int turn = 0;
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            const int variants = full_level() ? 12 : 4;
            struct forms walk = forms_of(3, variants);
            for (int v = 0; next_forms(&walk); v++, turn++) {
                struct batch_case c = {.dtype = reals[t],
                                       .m = shapes[i][0],
                                       .n = shapes[i][1],
                                       .s = shapes[i][2],
                                       .batch = batches[turn % 7 == 6   ? 2
                                                        : turn % 4 == 3 ? 1
                                                                        : 0],
                                       .of_a = (enum sharing)(v % 5 == 3 ? 1 + turn % 2 : 0),
                                       .of_b = (enum sharing)(v % 5 == 2 ? 1 + turn % 2 : 0),
                                       .wants_rank = v % 3 != 0,
                                       .wants_norms = v % 4 != 1,
                                       .method = methods[v % 3],
                                       .flawed = -1,
                                       .in_b = v % 2};
                if (!lsq_allows(c.method, c.m, c.n)) c.method = RITZ_LSTSQ_AUTO;
                memcpy(c.f, walk.f, sizeof c.f);
                one(p, &c);
                if (c.batch == 0) continue;
                c.flawed = c.batch - 2;
                one(p, &c);
            }
        }
    }
}
