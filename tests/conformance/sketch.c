/* The sparse sketch of rows, solve_gram, gather_cols and scatter_cols: what tall QR factorizations
 * and factorizations from columns are made of.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/harness.h"
#include "core/random_maps.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2, WORD = 0x05000003 };

/* ---- the sketch against its definition ------------------------------------------------------- */

/* S, d x m, from row `row0` on, by the contract in core/ops.def. */
static omat definition(uint64_t seed, int nonzeros, int64_t row0, int64_t d, int64_t m)
{
    omat S = omat_create(d, m);
    const int64_t part = d / nonzeros;
    for (int64_t i = 0; i < m; i++)
        for (int t = 0; t < nonzeros; t++) {
            const uint32_t x = ritz_random_word_at(seed, WORD, (uint64_t)(row0 + i), (uint32_t)t);
            const int64_t place = t * part + (int64_t)((uint64_t)x * (uint64_t)part >> 32);
            OMAT_AT(S, place, i) = (x % 2 ? -1 : 1) / sqrtl((long double)nonzeros);
        }
    return S;
}

static void defined_one(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n, int nonzeros,
                        int64_t part, int64_t row0, struct form fa, struct form fs)
{
    const int64_t d = part * nonzeros;
    if (!begin_case(p, "sketch_rows %s %lldx%lld to %lld rows by %d, from row %lld, A %s SA %s",
                    ritz_dtype_name(dtype), (long long)m, (long long)n, (long long)d, nonzeros,
                    (long long)row0, form_name(fa), form_name(fs)))
        return;
    omat a = matgen_uniform(81, m, n), sa = matgen_uniform(82, d, n);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, fa, 1, SHARE_NONE, &a);
    struct operand *SA = add_inout(&sc, "SA", dtype, fs, 1, &sa);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_sketch_rows(p->s, 9, WORD, nonzeros, row0, A->mat, SA->mat))) {
        omat S = definition(9, nonzeros, row0, d, m);
        omat before = item_before(A, 0), start = item_before(SA, 0), got = item_after(SA, 0);
        (void)expect_ratio("sketch_rows", dtype,
                           oracle_gemm_ratio(1, S, before, 1, start, got, eps_of(dtype)),
                           (double)m + 2);
        omat_destroy(&S);
        omat_destroy(&before);
        omat_destroy(&start);
        omat_destroy(&got);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&sa);
}

/* Several chunks of rows and groups of columns are in the largest; rows below and above 2^32. */
static void against_definition(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][5] = {/* m, n, nonzeros, rows of a part, row0 */
                                        {0, 3, 8, 2, 0},     {3, 0, 8, 2, 0},
                                        {1, 1, 1, 1, 0},     {7, 3, 2, 3, 1},
                                        {50, 5, 8, 4, 3},    {131, 17, 8, 9, 0},
                                        {3001, 5, 8, 10, 2}, {700, 150, 4, 8, INT64_C(5000000007)}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (struct forms walk = forms_of(2, i < 6 ? 16 : 5); next_forms(&walk);)
            defined_one(p, dtype, shapes[i][0], shapes[i][1], (int)shapes[i][2], shapes[i][3],
                        shapes[i][4], walk.f[0], walk.f[1]);
}

/* Rows in two calls: the same columns of S. Whole numbers and a factor 1/2 make every sum exact, so
 * that the bits must agree. */
static void in_parts(const struct place *p, ritz_dtype dtype, int64_t first)
{
    enum { M = 500, N = 7, D = 40 };
    if (!begin_case(p, "sketch_rows %s in parts of %lld and the other rows", ritz_dtype_name(dtype),
                    (long long)first))
        return;
    omat a = matgen_uniform(83, M, N), zeros = omat_create(D, N);
    for (int64_t i = 0; i < M * N; i++) a.a[i] = roundl(100 * a.a[i]);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *whole = add_inout(&sc, "SA", dtype, COL_PLAIN, 1, &zeros);
    struct operand *parts = add_inout(&sc, "SA in parts", dtype, COL_PLAIN, 1, &zeros);
    scene_upload(&sc);
    (void)expect_ok(ritz_op_sketch_rows(p->s, 9, WORD, 4, 0, A->mat, whole->mat));
    (void)expect_ok(
        ritz_op_sketch_rows(p->s, 9, WORD, 4, 0, ritz_row_range(A->mat, 0, first), parts->mat));
    if (scene_finish(&sc,
                     ritz_op_sketch_rows(p->s, 9, WORD, 4, first,
                                         ritz_row_range(A->mat, first, M - first), parts->mat)))
        (void)expect(same_bits(whole, parts), "the parts differ from the whole");
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&zeros);
}

/* ---- what it is good for --------------------------------------------------------------------- */

/* S A of a host matrix, in float64. */
static omat sketched(const struct place *p, omat a, uint64_t seed, int64_t d)
{
    omat zeros = omat_create(d, a.cols), got = {0, 0, NULL};
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *SA = add_inout(&sc, "SA", RITZ_F64, COL_PLAIN, 1, &zeros);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_sketch_rows(p->s, seed, WORD, 8, 0, A->mat, SA->mat)))
        got = item_after(SA, 0);
    else
        got = omat_create(d, a.cols);
    scene_end(&sc);
    omat_destroy(&zeros);
    return got;
}

/* The mean of SᵀS over many seeds is I: its diagonal is 1 each time, and an element off it has
 * variance 1/d. */
static void mean_is_identity(const struct place *p)
{
    enum { M = 24, D = 64, DRAWS = 300 };
    if (!begin_case(p, "sketch_rows: the mean of S'S over %d draws", DRAWS)) return;
    omat I = omat_identity(M, M), mean = omat_create(M, M);
    double off = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
        omat S = sketched(p, I, 1000 + (uint64_t)draw, D), St = omat_transposed(S);
        omat G = oracle_product(St, S), next = oracle_add(mean, 1.0L / DRAWS, G);
        for (int64_t i = 0; i < M; i++) off = fmax(off, (double)fabsl(OMAT_AT(G, i, i) - 1));
        omat_destroy(&mean);
        mean = next;
        omat_destroy(&S);
        omat_destroy(&St);
        omat_destroy(&G);
    }
    (void)expect_bound("sketch_rows |diag(S'S) - 1|", RITZ_F64, off, 8 * eps_of(RITZ_F64));
    omat E = oracle_add(mean, -1, I);
    (void)expect_bound("mean of S'S - I, in deviations", RITZ_F64,
                       (double)oracle_norm_max(E) * sqrt((double)D * DRAWS), 5);
    omat_destroy(&E);
    omat_destroy(&I);
    omat_destroy(&mean);
}

/* The condition number of S U for an orthonormal U, the worst of three draws, beside what Tropp and
 * others measured for a stack of 8: within a factor of 2. */
static void distortion(const struct place *p, const char *name, omat U, int64_t d, double published)
{
    if (!begin_case(p, "sketch_rows: distortion of %s, %lldx%lld to %lld rows", name,
                    (long long)U.rows, (long long)U.cols, (long long)d))
        return;
    double worst = 0;
    for (uint64_t draw = 0; draw < 3; draw++) {
        omat SU = sketched(p, U, 2000 + draw, d), u, s, v;
        oracle_svd(SU, &u, &s, &v);
        worst = fmax(worst, (double)(s.a[0] / s.a[s.rows - 1]));
        omat_destroy(&SU);
        omat_destroy(&u);
        omat_destroy(&s);
        omat_destroy(&v);
    }
    (void)expect_bound("kappa(SU) over the published", RITZ_F64, worst / published, 2);
}

static void distortions(const struct place *p)
{
    enum { M = 2048, N = 32 };
    omat U = matgen_orthonormal(84, M, N), L = matgen_leading_block(85, M, N, 1e-3L), Q, R;
    omat spikes = matgen_spikes(M, N);
    oracle_qr(L, &Q, &R);
    distortion(p, "an incoherent basis", U, 2 * N, 5.5);
    distortion(p, "mass in the first rows", Q, 2 * N, 6.0);
    distortion(p, "unit spikes", spikes, 2 * N, 5.6);
    distortion(p, "unit spikes", spikes, 4 * N, 3.2);
    omat *const all[] = {&U, &L, &Q, &R, &spikes};
    for (int i = 0; i < 5; i++) omat_destroy(all[i]);
}

/* ---- solve_gram ------------------------------------------------------------------------------ */

enum wanted { WANT_BOTH, WANT_X, WANT_G, WANT_IN_PLACE, WANTED };

static void solve_gram_one(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n,
                           const struct forms *walk, enum wanted wanted)
{
    static const char *const names[] = {"X and G", "X", "G", "X in place of A, and G"};
    if (!begin_case(p, "solve_gram %s %lldx%lld %s A %s R %s X %s G %s", ritz_dtype_name(dtype),
                    (long long)m, (long long)n, names[wanted], form_name(walk->f[0]),
                    form_name(walk->f[1]), form_name(walk->f[2]), form_name(walk->f[3])))
        return;
    omat a = matgen_uniform(86, m, n), r = matgen_uniform(87, n, n);
    for (int64_t i = 0; i < n; i++) OMAT_AT(r, i, i) += (long double)n;
    const bool in_place = wanted == WANT_IN_PLACE;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *R = add_input(&sc, "R", dtype, walk->f[1], 1, SHARE_NONE, &r);
    struct operand *A = in_place ? add_inout(&sc, "A", dtype, walk->f[0], 1, &a)
                                 : add_input(&sc, "A", dtype, walk->f[0], 1, SHARE_NONE, &a);
    struct operand *X = in_place           ? A
                        : wanted == WANT_G ? NULL
                                           : add_output(&sc, "X", dtype, walk->f[2], m, n, 1);
    struct operand *G = wanted == WANT_X ? NULL : add_output(&sc, "G", dtype, walk->f[3], n, n, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_solve_gram(p->s, R->mat, A->mat, X ? X->mat : RITZ_NO_MAT,
                                             G ? G->mat : RITZ_NO_MAT))) {
        /* X R = A is Rᵀ Xᵀ = Aᵀ. */
        omat before = item_before(A, 0), upper = item_before(R, 0);
        omat Rt = omat_transposed(upper), At = omat_transposed(before);
        omat Xt = oracle_trsm(ORACLE_LOWER, ORACLE_NON_UNIT, Rt, At);
        if (X) {
            omat got = item_after(X, 0), gt = omat_transposed(got);
            omat T = oracle_triangle(ORACLE_UPPER, ORACLE_NON_UNIT, upper);
            omat P = oracle_product(got, T);
            (void)expect_ratio("solve_gram |A - X R|", dtype,
                               oracle_factor_ratio(before, P, eps_of(dtype)), 30);
            omat_destroy(&got);
            omat_destroy(&gt);
            omat_destroy(&T);
            omat_destroy(&P);
        }
        if (G) {
            /* R is well conditioned: what X is off by is of the size of what its sum is. */
            omat got = item_after(G, 0), none = omat_create(n, n);
            (void)expect_ratio("solve_gram G", dtype,
                               oracle_syrk_ratio(ORACLE_LOWER, 1, Xt, 0, none, got, eps_of(dtype)),
                               (double)(m + 8 * n) + 2);
            omat_destroy(&got);
            omat_destroy(&none);
        }
        omat *const all[] = {&before, &upper, &Rt, &At, &Xt};
        for (int i = 0; i < 5; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&r);
}

static void solve_gram(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][2] = {{0, 3},  {3, 0},  {1, 1},    {5, 5},
                                        {40, 1}, {64, 2}, {1031, 6}, {700, 21}};
    int turn = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (struct forms walk = forms_of(4, 24); next_forms(&walk);)
            solve_gram_one(p, dtype, shapes[i][0], shapes[i][1], &walk,
                           (enum wanted)(turn++ % WANTED));
}

/* ---- gather_cols, scatter_cols --------------------------------------------------------------- */

static void gather_one(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n,
                       int64_t picked, int64_t batch, enum sharing sharing,
                       const struct forms *walk)
{
    if (!begin_case(p, "gather_cols %s %lld of %lldx%lld batch %lld %s A %s B %s index %s",
                    ritz_dtype_name(dtype), (long long)picked, (long long)m, (long long)n,
                    (long long)batch, sharing_name(sharing), form_name(walk->f[0]),
                    form_name(walk->f[1]), form_name(walk->f[2])))
        return;
    const int64_t items = sharing == SHARE_NONE ? batch : 1;
    omat *a = make_items(general_kinds, 88, items, m, n, dtype);
    omat *index = make_items(general_kinds, 89, batch, picked, 1, RITZ_F64);
    for (int64_t b = 0; b < batch; b++)
        for (int64_t j = 0; j < picked; j++) index[b].a[j] = (long double)((7 * j + 3 * b + 1) % n);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, walk->f[0], batch, sharing, a);
    struct operand *I = add_input(&sc, "index", RITZ_I32, walk->f[2], batch, SHARE_NONE, index);
    struct operand *B = add_output(&sc, "B", dtype, walk->f[1], m, picked, batch);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_gather_cols(p->s, I->mat, A->mat, B->mat))) {
        bool right = true;
        for (int64_t b = 0; b < batch; b++) {
            omat from = item_before(A, sharing == SHARE_NONE ? b : 0), got = item_after(B, b);
            for (int64_t j = 0; j < picked; j++)
                for (int64_t i = 0; i < m; i++)
                    right = right && OMAT_AT(got, i, j) == OMAT_AT(from, i, (int64_t)index[b].a[j]);
            omat_destroy(&from);
            omat_destroy(&got);
        }
        (void)expect(right, "a column is not the one that was asked for");
    }
    scene_end(&sc);
    free_items(a, items);
    free_items(index, batch);
}

/* The way back, with columns that are kept; scattering needs distinct numbers. */
static void scatter_one(const struct place *p, ritz_dtype dtype, int64_t m, int64_t n,
                        int64_t picked, int64_t batch, enum sharing sharing,
                        const struct forms *walk)
{
    if (!begin_case(p, "scatter_cols %s %lld into %lldx%lld batch %lld %s A %s B %s index %s",
                    ritz_dtype_name(dtype), (long long)picked, (long long)m, (long long)n,
                    (long long)batch, sharing_name(sharing), form_name(walk->f[0]),
                    form_name(walk->f[1]), form_name(walk->f[2])))
        return;
    const int64_t items = sharing == SHARE_NONE ? batch : 1;
    omat *a = make_items(general_kinds, 88, items, m, picked, dtype);
    omat *b = make_items(general_kinds, 90, batch, m, n, dtype);
    omat *index = make_items(general_kinds, 89, batch, picked, 1, RITZ_F64);
    for (int64_t item = 0; item < batch; item++)
        for (int64_t j = 0; j < picked; j++)
            index[item].a[j] = (long double)(n - 1 - (j + item) % n);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, walk->f[0], batch, sharing, a);
    struct operand *I = add_input(&sc, "index", RITZ_I32, walk->f[2], batch, SHARE_NONE, index);
    struct operand *B = add_inout(&sc, "B", dtype, walk->f[1], batch, b);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_op_scatter_cols(p->s, I->mat, A->mat, B->mat))) {
        bool right = true;
        for (int64_t item = 0; item < batch; item++) {
            omat from = item_before(A, sharing == SHARE_NONE ? item : 0);
            omat want = item_before(B, item), got = item_after(B, item);
            for (int64_t j = 0; j < picked; j++)
                for (int64_t i = 0; i < m; i++)
                    OMAT_AT(want, i, (int64_t)index[item].a[j]) = OMAT_AT(from, i, j);
            for (int64_t i = 0; i < m * n; i++) right = right && got.a[i] == want.a[i];
            omat_destroy(&from);
            omat_destroy(&want);
            omat_destroy(&got);
        }
        (void)expect(right, "a column is not where it belongs, or another one was not kept");
    }
    scene_end(&sc);
    free_items(a, items);
    free_items(b, batch);
    free_items(index, batch);
}

static void gather_and_scatter(const struct place *p, ritz_dtype dtype)
{
    static const int64_t shapes[][4] = {/* m, n, picked, batch */
                                        {0, 3, 2, 1}, {3, 2, 0, 2},  {1, 1, 1, 1},
                                        {5, 7, 4, 3}, {97, 3, 5, 1}, {4100, 2, 2, 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (struct forms walk = forms_of(3, 24); next_forms(&walk);) {
            const int64_t m = shapes[i][0], n = shapes[i][1], picked = shapes[i][2];
            const int64_t batch = shapes[i][3];
            const enum sharing sharing = batch > 1 ? (enum sharing)(walk.left % 3) : SHARE_NONE;
            gather_one(p, dtype, m, n, picked, batch, sharing, &walk);
            scatter_one(p, dtype, m, n, picked < n ? picked : n, batch, sharing, &walk);
        }
}

void test_sketch(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        against_definition(p, reals[t]);
        in_parts(p, reals[t], 1);
        in_parts(p, reals[t], 226);
        solve_gram(p, reals[t]);
        gather_and_scatter(p, reals[t]);
    }
    mean_is_identity(p);
    distortions(p);
}
