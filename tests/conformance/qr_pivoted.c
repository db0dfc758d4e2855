/* QR factorization with column pivoting: the factorization, the order of the columns, the rank.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/qr.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };
static const char *const pivoting_names[] = {"auto", "norm", "sketch"};

struct
try {
    const struct place *p;
    int64_t m, n, batch;
    ritz_dtype dtype;
    ritz_pivoting pivoting;
    const struct kind *kind;
    struct form fa, fq, fr, fp;
    bool with_q, with_r;
};

static bool begin(const struct try *t)
{
    return begin_case(t->p, "qr_pivoted %s %s %lldx%lld batch %lld %s%s%s A %s Q %s R %s pivots %s",
                      pivoting_names[t->pivoting], ritz_dtype_name(t->dtype), (long long)t->m,
                      (long long)t->n, (long long)t->batch, t->kind->name, t->with_q ? " Q" : "",
                      t->with_r ? " R" : "", form_name(t->fa), form_name(t->fq), form_name(t->fr),
                      form_name(t->fp));
}

/* A(:, p); NULL data if p is no permutation. */
static omat permuted(omat A, omat pivots)
{
    omat B = omat_create(A.rows, A.cols);
    bool *seen = calloc((size_t)A.cols + 1, sizeof *seen);
    if (!seen) abort();
    for (int64_t j = 0; j < A.cols; j++) {
        const int64_t from = (int64_t)pivots.a[j];
        if (!expect(from >= 0 && from < A.cols && !seen[from], "pivots(%lld) = %lld", (long long)j,
                    (long long)from))
            break;
        seen[from] = true;
        for (int64_t i = 0; i < A.rows; i++) OMAT_AT(B, i, j) = OMAT_AT(A, i, from);
    }
    free(seen);
    return B;
}

/* By norms |R(j,j)| does not grow, up to rounding, and is at least as large as what is left of each
 * later column. A sketch sees norms through its distortion, which is below 3 either way. */
static void check_order(const struct try *t, omat R)
{
    const long double largest = R.rows > 0 ? OMAT_AT(R, 0, 0) : 0;
    const long double slack =
        100 * (long double)eps_of(t->dtype) * (long double)(t->m > t->n ? t->m : t->n) * largest;
    const long double factor = t->pivoting == RITZ_PIVOTING_NORM ? 1.0001L : 10;
    for (int64_t i = 0; i < R.rows; i++)
        for (int64_t j = i + 1; j < R.cols; j++) {
            long double rest = 0;
            for (int64_t k = i; k <= j && k < R.rows; k++) rest = hypotl(rest, OMAT_AT(R, k, j));
            if (!expect(rest <= factor * OMAT_AT(R, i, i) + slack,
                        "column %lld has %Lg left at step %lld, the pivot is %Lg", (long long)j,
                        rest, (long long)i, OMAT_AT(R, i, i)))
                return;
        }
}

/* The rank that the kind has, or -1 where rounding may decide. */
static int64_t known_rank(const struct try *t)
{
    const int64_t k = t->m < t->n ? t->m : t->n;
    const char *name = t->kind->name;
    if (strcmp(name, "zeros") == 0) return 0;
    if (strcmp(name, "uniform") == 0 || strcmp(name, "identity") == 0 ||
        strcmp(name, "kappa 1") == 0 || strcmp(name, "spikes") == 0 ||
        strcmp(name, "largest") == 0 || strcmp(name, "smallest") == 0)
        return k;
    if (strcmp(name, "deficient") == 0) return k / 2;
    if (strcmp(name, "zero column") == 0) return k - 1;
    return -1;
}

static void check_item(const struct try *t, omat A, const struct operand *Q,
                       const struct operand *R, const struct operand *pivots, int64_t b)
{
    const double eps = eps_of(t->dtype);
    omat order = item_after(pivots, b), B = permuted(A, order);
    omat q = {0, 0, NULL}, r = {0, 0, NULL};
    if (Q) {
        q = item_after(Q, b);
        (void)expect_ratio("qr_pivoted |I - Q'Q|", t->dtype, oracle_orth_ratio(q, eps), 30);
    }
    if (R) {
        r = item_after(R, b);
        check_form_of_r(r);
        check_order(t, r);
    }
    if (Q && R)
        (void)expect_ratio("qr_pivoted |AP - QR|", t->dtype, oracle_qr_ratio(B, q, r, eps), 30);
    else if (Q)
        (void)expect_ratio("qr_pivoted |AP - QQ'AP|", t->dtype, qr_range_ratio(B, q, eps), 30);
    else if (R)
        (void)expect_ratio("qr_pivoted |P'A'AP - R'R|", t->dtype, qr_gram_ratio(B, r, eps), 30);
    omat_destroy(&order);
    omat_destroy(&B);
    omat_destroy(&q);
    omat_destroy(&r);
}

static void try_one(const struct try *t)
{
    if (!begin(t)) return;
    const int64_t k = t->m < t->n ? t->m : t->n;
    omat *a = make_items(t->kind, 91, t->batch, t->m, t->n, t->dtype);
    ritz_qr_pivoted_options opts = RITZ_QR_PIVOTED_DEFAULTS;
    opts.pivoting = t->pivoting;
    struct scene sc;
    scene_begin(&sc, t->p);
    struct operand *A = add_input(&sc, "A", t->dtype, t->fa, t->batch, SHARE_NONE, a);
    struct operand *Q = t->with_q ? add_output(&sc, "Q", t->dtype, t->fq, t->m, k, t->batch) : NULL;
    struct operand *R = t->with_r ? add_output(&sc, "R", t->dtype, t->fr, k, t->n, t->batch) : NULL;
    struct operand *pivots = add_output(&sc, "pivots", RITZ_I32, t->fp, t->n, 1, t->batch);
    struct operand *rank = add_output(&sc, "rank", RITZ_I32, t->fp, t->batch, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_qr_pivoted(t->p->s, A->mat, Q ? Q->mat : RITZ_NO_MAT,
                                          R ? R->mat : RITZ_NO_MAT, pivots->mat, rank->mat, &opts)))
        for (int64_t b = 0; b < t->batch; b++) {
            omat before = item_before(A, b);
            check_item(t, before, Q, R, pivots, b);
            if (known_rank(t) >= 0)
                (void)expect(info_after(rank, b) == known_rank(t), "the rank is %lld, not %lld",
                             (long long)info_after(rank, b), (long long)known_rank(t));
            omat_destroy(&before);
        }
    scene_end(&sc);
    free_items(a, t->batch);
}

static void all_kinds(const struct place *p, ritz_dtype dtype, ritz_pivoting pivoting, int64_t m,
                      int64_t n, int64_t batch, const struct kind *kinds)
{
    static int turn;
    struct forms walk = forms_of(4, 20);
    for (const struct kind *kind = kinds; kind->name && next_forms(&walk); kind++, turn++) {
        const struct try t = {
            p,         m,         n,         batch,     dtype,         pivoting,     kind,
            walk.f[0], walk.f[1], walk.f[2], walk.f[3], turn % 4 != 1, turn % 4 != 2};
        try_one(&t);
    }
}

static void flawed(const struct place *p, ritz_dtype dtype, ritz_pivoting pivoting)
{
    enum { M = 60, N = 4 };
    if (!begin_case(p, "qr_pivoted %s %s, NaN in item 1 of 3", pivoting_names[pivoting],
                    ritz_dtype_name(dtype)))
        return;
    omat *a = make_items(general_kinds, 92, 3, M, N, dtype);
    a[1].a[M * N - 1] = (long double)NAN;
    ritz_qr_pivoted_options opts = RITZ_QR_PIVOTED_DEFAULTS;
    opts.pivoting = pivoting;
    const struct try t = {.p = p, .m = M, .n = N, .dtype = dtype, .pivoting = pivoting};
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 3, SHARE_NONE, a);
    struct operand *Q = add_output(&sc, "Q", dtype, COL_PLAIN, M, N, 3);
    struct operand *R = add_output(&sc, "R", dtype, COL_PLAIN, N, N, 3);
    struct operand *pivots = add_output(&sc, "pivots", RITZ_I32, COL_PLAIN, N, 1, 3);
    struct operand *rank = add_output(&sc, "rank", RITZ_I32, COL_PLAIN, 3, 1, 1);
    scene_upload(&sc);
    if (scene_collect(&sc,
                      ritz_qr_pivoted(p->s, A->mat, Q->mat, R->mat, pivots->mat, rank->mat, &opts),
                      RITZ_ERR_NOT_FINITE, "ritz_qr_pivoted|item 1")) {
        (void)expect(item_is_nan(Q, 1, RITZ_BOTH) && item_is_nan(R, 1, RITZ_BOTH) &&
                         info_after(rank, 1) == -1,
                     "the failed item is not NaN with rank -1");
        for (int64_t b = 0; b < 3; b += 2) {
            omat before = item_before(A, b);
            check_item(&t, before, Q, R, pivots, b);
            (void)expect(info_after(rank, b) == N, "the rank of item %lld is %lld", (long long)b,
                         (long long)info_after(rank, b));
            omat_destroy(&before);
        }
    }
    scene_end(&sc);
    free_items(a, 3);
}

/* A tolerance of the caller: diag(1, 1/10, ..., 10^(1-n)) has the rank that it asks for. */
static void tolerances(const struct place *p, double rtol, double atol, int64_t expected)
{
    enum { N = 6 };
    if (!begin_case(p, "qr_pivoted, rank for rtol %g atol %g", rtol, atol)) return;
    omat a = omat_create(N, N);
    for (int64_t i = 0; i < N; i++) OMAT_AT(a, i, N - 1 - i) = powl(10, (long double)-i);
    ritz_qr_pivoted_options opts = RITZ_QR_PIVOTED_DEFAULTS;
    opts.rtol = rtol;
    opts.atol = atol;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *pivots = add_output(&sc, "pivots", RITZ_I32, COL_PLAIN, N, 1, 1);
    struct operand *rank = add_output(&sc, "rank", RITZ_I32, COL_PLAIN, 1, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_qr_pivoted(p->s, A->mat, RITZ_NO_MAT, RITZ_NO_MAT, pivots->mat,
                                          rank->mat, &opts))) {
        (void)expect(info_after(rank, 0) == expected, "the rank is %lld",
                     (long long)info_after(rank, 0));
        for (int64_t j = 0; j < N; j++)
            (void)expect(info_after(pivots, j) == N - 1 - j, "pivots(%lld) = %lld", (long long)j,
                         (long long)info_after(pivots, j));
    }
    scene_end(&sc);
    omat_destroy(&a);
}

void test_qr_pivoted(const struct place *p)
{
    static const int64_t shapes[][3] = {{1, 1, 1}, {7, 5, 3}, {5, 7, 3}, {31, 1, 1}, {33, 31, 1}};
    static const int64_t tall[][3] = {{400, 12, 1}, {150, 3, 2}, {90, 33, 1}};
    static const int64_t empty[][3] = {{0, 3, 2}, {3, 0, 1}, {3, 2, 0}};
    for (int t = 0; t < REALS; t++) {
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            all_kinds(p, reals[t], RITZ_PIVOTING_NORM, shapes[i][0], shapes[i][1], shapes[i][2],
                      general_kinds);
        for (size_t i = 0; i < sizeof tall / sizeof tall[0]; i++) {
            all_kinds(p, reals[t], RITZ_PIVOTING_SKETCH, tall[i][0], tall[i][1], tall[i][2],
                      general_kinds);
            all_kinds(p, reals[t], RITZ_PIVOTING_SKETCH, tall[i][0], tall[i][1], tall[i][2],
                      hard_qr_kinds);
        }
        all_kinds(p, reals[t], RITZ_PIVOTING_NORM, 40, 20, 1, hard_qr_kinds);
        all_kinds(p, reals[t], RITZ_PIVOTING_AUTO, 4000, 17, 1, hard_qr_kinds);
        for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
            all_kinds(p, reals[t], RITZ_PIVOTING_AUTO, empty[i][0], empty[i][1], empty[i][2],
                      (const struct kind[]){general_kinds[0], {NULL, NULL}});
        flawed(p, reals[t], RITZ_PIVOTING_NORM);
        flawed(p, reals[t], RITZ_PIVOTING_SKETCH);
    }
    tolerances(p, 0, 0, 6);
    tolerances(p, 0.005, 0, 3);
    tolerances(p, 0, 0.05, 2);
}
