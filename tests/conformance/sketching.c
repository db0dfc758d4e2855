/* Random sketches: elements and products of every kind with every operator, and what they are good
 * for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/harness.h"
#include "conformance/subject.h"
#include "core/random_maps.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2, KINDS = 4, PURPOSE = 16 };
static const char *const kind_names[] = {"Gaussian", "Rademacher", "sparse sign", "Hadamard"};

/* ---- the definition -------------------------------------------------------------------------- */

static ritz_sketch sketch_of(int kind, int64_t d, int64_t m, uint64_t seed, uint32_t substream)
{
    ritz_sketch S = ritz_sketch_make((ritz_sketch_kind)kind, d, m, seed);
    S.substream = substream;
    return S;
}

static long double element(const ritz_sketch *S, int64_t i, int64_t j)
{
    const uint32_t word = RITZ_STREAM_WORD(PURPOSE + (int)S->kind, S->substream);
    const uint64_t row = (uint64_t)j;
    switch (S->kind) {
    case RITZ_SKETCH_GAUSSIAN:
        return ritz_random_normal_at(S->seed, word, row, (uint32_t)i) / sqrtl((long double)S->rows);
    case RITZ_SKETCH_RADEMACHER:
        return (oracle_random_word(S->seed, word, row, (uint32_t)i) >> 31 ? -1 : 1) /
               sqrtl((long double)S->rows);
    case RITZ_SKETCH_HADAMARD:
        return oracle_hadamard_sketch(S->seed, word, S->cols, i, j) / sqrtl((long double)S->rows);
    case RITZ_SKETCH_SPARSE_SIGN: break;
    }
    const int64_t part = S->rows / S->nonzeros;
    const uint32_t x = oracle_random_word(S->seed, word, row, (uint32_t)(i / part));
    if ((int64_t)((uint64_t)x * (uint64_t)part >> 32) != i % part) return 0;
    return (x % 2 ? -1 : 1) / sqrtl((long double)S->nonzeros);
}

static omat definition(const ritz_sketch *S)
{
    omat D = omat_create(S->rows, S->cols);
    for (int64_t j = 0; j < S->cols; j++)
        for (int64_t i = 0; i < S->rows; i++) OMAT_AT(D, i, j) = element(S, i, j);
    return D;
}

/* ---- elements -------------------------------------------------------------------------------- */

/* Within four roundings: of a root, a quotient, a product and the variate; and zeros exactly. */
static bool elements_agree(const ritz_sketch *S, int64_t row0, int64_t col0, omat got, double eps)
{
    for (int64_t j = 0; j < got.cols; j++)
        for (int64_t i = 0; i < got.rows; i++) {
            const long double want = element(S, row0 + i, col0 + j);
            if (!(fabsl(OMAT_AT(got, i, j) - want) <= 2 * eps * fabsl(want))) return false;
        }
    return true;
}

static void fill_one(const struct place *p, ritz_dtype dtype, const ritz_sketch *S, int64_t row0,
                     int64_t col0, int64_t rows, int64_t cols, struct form form)
{
    if (!begin_case(p, "sketch_fill %s %s %lldx%lld from (%lld, %lld) of %lldx%lld D %s",
                    ritz_dtype_name(dtype), kind_names[S->kind], (long long)rows, (long long)cols,
                    (long long)row0, (long long)col0, (long long)S->rows, (long long)S->cols,
                    form_name(form)))
        return;
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *D = add_output(&sc, "D", dtype, form, rows, cols, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_sketch_fill(p->s, S, row0, col0, D->mat))) {
        omat got = item_after(D, 0);
        (void)expect(elements_agree(S, row0, col0, got, eps_of(dtype)),
                     "an element is not that of its address");
        omat_destroy(&got);
    }
    scene_end(&sc);
}

/* In blocks of odd sizes: the same bits. */
static void fill_blocks(const struct place *p, ritz_dtype dtype, int kind)
{
    enum { D = 24, M = 37, ROWS = 7, COLS = 10 };
    if (!begin_case(p, "sketch_fill %s %s in blocks", ritz_dtype_name(dtype), kind_names[kind]))
        return;
    const ritz_sketch S = sketch_of(kind, D, M, 77, 3);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *whole = add_output(&sc, "whole", dtype, COL_PLAIN, D, M, 1);
    struct operand *parts = add_output(&sc, "parts", dtype, COL_PLAIN, D, M, 1);
    scene_upload(&sc);
    for (int64_t i = 0; i < D; i += ROWS)
        for (int64_t j = 0; j < M; j += COLS)
            (void)expect_ok(
                ritz_sketch_fill(p->s, &S, i, j,
                                 ritz_block(parts->mat, i, j, i + ROWS < D ? ROWS : D - i,
                                            j + COLS < M ? COLS : M - j)));
    if (scene_finish(&sc, ritz_sketch_fill(p->s, &S, 0, 0, whole->mat)))
        (void)expect(same_bits(whole, parts), "the blocks differ from the whole");
    scene_end(&sc);
}

static void fills(const struct place *p, ritz_dtype dtype)
{
    static const int64_t blocks[][4] = {/* row0, col0, rows, cols */
                                        {0, 0, 40, 45}, {3, 5, 17, 31}, {39, 44, 1, 1},
                                        {0, 1, 40, 1},  {5, 0, 0, 45},  {5, 2, 3, 0}};
    for (int kind = 0; kind < KINDS; kind++) {
        const ritz_sketch S = sketch_of(kind, 40, 45, UINT64_C(0x123456789ABCDEF0), 5);
        for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++)
            for (struct forms walk = forms_of(1, b < 2 ? 0 : 1); next_forms(&walk);)
                fill_one(p, dtype, &S, blocks[b][0], blocks[b][1], blocks[b][2], blocks[b][3],
                         walk.f[0]);
        const ritz_sketch one = sketch_of(kind, 1, 1, 1, 0);
        fill_one(p, dtype, &one, 0, 0, 1, 1, COL_PLAIN);
        /* Far out: addresses beyond 32 bits, and beyond 31 for Hadamard. */
        const int64_t m = kind == RITZ_SKETCH_HADAMARD ? INT64_C(4000000000) : INT64_C(1) << 40;
        const ritz_sketch wide = sketch_of(kind, 48, m, 3, (1u << 24) - 1);
        fill_one(p, dtype, &wide, 30, m - 300, 9, 300, COL_PLAIN);
        fill_blocks(p, dtype, kind);
    }
}

/* ---- products -------------------------------------------------------------------------------- */

/* D: what S is. */
static void product_one(const struct place *p, ritz_dtype dtype, const ritz_sketch *S, omat D,
                        enum operator_kind what, bool left, int64_t other, const struct form *f)
{
    const int64_t m = left ? S->cols : other, n = left ? other : S->cols;
    if (!begin_case(p, "sketch_%s %s %s %lldx%lld, %s %lldx%lld A %s Y %s", left ? "left" : "right",
                    ritz_dtype_name(dtype), kind_names[S->kind], (long long)S->rows,
                    (long long)S->cols, operator_names[what], (long long)m, (long long)n,
                    form_name(f[0]), form_name(f[1])))
        return;
    omat *a = make_items(general_kinds, 101, 1, m, n, dtype);
    for (int64_t i = 0; what == CENTRED && i < m * n; i++) a->a[i] += 3;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, what, dtype, f[0], a);
    struct operand *Y =
        add_output(&sc, "Y", dtype, f[1], left ? S->rows : m, left ? n : S->rows, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, left ? ritz_sketch_left(p->s, S, &t.op, Y->mat)
                               : ritz_sketch_right(p->s, &t.op, S, Y->mat))) {
        omat Dt = omat_transposed(D), got = item_after(Y, 0);
        const double ratio = oracle_gemm_ratio(1, left ? D : t.effective, left ? t.effective : Dt,
                                               0, (omat){0, 0, NULL}, got, eps_of(dtype));
        /* Roundings of the element, of its factor, and of a mean's subtraction beside those of the
         * sum. */
        (void)expect_ratio("sketch error/(m+5)", dtype, ratio / (double)(S->cols + 5), 1);
        omat_destroy(&Dt);
        omat_destroy(&got);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    free_items(a, 1);
}

struct product_shape {
    int64_t d, m, other;
};

static void products(const struct place *p, ritz_dtype dtype, int kind)
{
    /* d: fewer rows than columns, all of a Hadamard matrix, more than an operator takes at once;
     * sizes 0 and 1; powers of two and others. */
    static const struct product_shape shapes[] = {{8, 13, 5}, {32, 32, 3}, {80, 100, 7},
                                                  {1, 1, 1},  {1, 0, 3},   {4, 5, 0},
                                                  {0, 6, 2},  {2, 3, 70}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const ritz_sketch S = sketch_of(kind, shapes[i].d, shapes[i].m, 11 + i, (uint32_t)i);
        omat D = definition(&S);
        for (int what = 0; what < OPERATORS; what++)
            for (int left = 0; left <= 1; left++)
                for (struct forms walk = forms_of(2, i < 2 ? 3 : 1); next_forms(&walk);)
                    product_one(p, dtype, &S, D, (enum operator_kind)what, left, shapes[i].other,
                                walk.f);
        omat_destroy(&D);
    }
}

static void large_one(const struct place *p, ritz_dtype dtype, int kind, enum operator_kind what,
                      int left, struct product_shape shape)
{
    const ritz_sketch S = sketch_of(kind, shape.d, shape.m, 21, 0);
    omat D = definition(&S);
    for (struct forms walk = forms_of(2, 1); next_forms(&walk);)
        product_one(p, dtype, &S, D, what, left, shape.other, walk.f);
    omat_destroy(&D);
}

/* Several panels of columns, tiles and passes of the transform; several blocks of a centred matrix;
 * several tiles of S. */
static void large_products(const struct place *p, ritz_dtype dtype, int kind)
{
    large_one(p, dtype, kind, DENSE, kind % 2, (struct product_shape){8, 2100, 43});
    if (dtype == RITZ_F64)
        large_one(p, dtype, kind, CENTRED, kind % 2, (struct product_shape){4, 6199, 70});
    if (!full_level()) return;
    large_one(p, dtype, kind, DENSE, 1, (struct product_shape){8, 9000, 1});
    large_one(p, dtype, kind, CENTRED, !(kind % 2), (struct product_shape){8, 131, 6199});
    if (kind == RITZ_SKETCH_RADEMACHER)
        large_one(p, dtype, kind, DENSE, 1, (struct product_shape){1104, 1200, 2});
}

/* ---- rows as they come ----------------------------------------------------------------------- */

static void rows_one(const struct place *p, ritz_dtype dtype, int kind, const struct form *f)
{
    enum { D = 24, M = 61, N = 5 };
    static const int64_t cuts[] = {0, 1, 1, 18, 50, M};
    if (!begin_case(p, "sketch_rows %s %s in ragged blocks A %s Y %s", ritz_dtype_name(dtype),
                    kind_names[kind], form_name(f[0]), form_name(f[1])))
        return;
    const ritz_sketch S = sketch_of(kind, D, M, 5, 9);
    omat a = matgen_uniform(102, M, N), y = matgen_uniform(103, D, N);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", dtype, f[0], 1, SHARE_NONE, &a);
    struct operand *Y = add_inout(&sc, "Y", dtype, f[1], 1, &y);
    scene_upload(&sc);
    ritz_status status = RITZ_OK;
    for (int i = 0; i < 5 && status == RITZ_OK; i++)
        status = ritz_sketch_rows(p->s, &S, cuts[i],
                                  ritz_row_range(A->mat, cuts[i], cuts[i + 1] - cuts[i]), Y->mat);
    if (scene_finish(&sc, status)) {
        omat Sd = definition(&S), before = item_before(A, 0), start = item_before(Y, 0);
        omat got = item_after(Y, 0);
        const double ratio = oracle_gemm_ratio(1, Sd, before, 1, start, got, eps_of(dtype));
        (void)expect_ratio("sketch_rows error/(m+5)", dtype, ratio / (M + 5), 1);
        omat *const all[] = {&Sd, &before, &start, &got};
        for (int i = 0; i < 4; i++) omat_destroy(all[i]);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&y);
}

/* ---- what sketches are good for -------------------------------------------------------------- */

/* S U of a host matrix, in float64. */
static omat sketched(const struct place *p, const ritz_sketch *S, omat a)
{
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_input(&sc, "A", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a);
    struct operand *Y = add_output(&sc, "Y", RITZ_F64, COL_PLAIN, S->rows, a.cols, 1);
    scene_upload(&sc);
    const ritz_linop op = ritz_linop_dense(A->mat);
    omat got = scene_finish(&sc, ritz_sketch_left(p->s, S, &op, Y->mat))
                   ? item_after(Y, 0)
                   : omat_create(S->rows, a.cols);
    scene_end(&sc);
    return got;
}

/* All rows of a Hadamard matrix: orthogonal, up to the padding. */
static void orthogonal(const struct place *p)
{
    if (!begin_case(p, "sketch_left Hadamard with all its rows is orthogonal")) return;
    omat I = omat_identity(50, 50);
    const ritz_sketch S = ritz_sketch_make(RITZ_SKETCH_HADAMARD, 64, 50, 4);
    omat Q = sketched(p, &S, I);
    (void)expect_ratio("|I - S'S|", RITZ_F64, oracle_orth_ratio(Q, eps_of(RITZ_F64)), 30);
    omat_destroy(&I);
    omat_destroy(&Q);
}

/* The mean of SᵀS over many draws is I. An element off the diagonal has at most the variance 1/d,
 * that of independent elements; on it there is 1, or for normal numbers the variance 2/d. */
static void mean_is_identity(const struct place *p, int kind)
{
    enum { M = 24, D = 16, DRAWS = 200 };
    if (!begin_case(p, "sketch_left %s: the mean of S'S over %d draws", kind_names[kind], DRAWS))
        return;
    omat I = omat_identity(M, M), mean = omat_create(M, M);
    double on = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
        const ritz_sketch S = sketch_of(kind, D, M, 8, (uint32_t)draw);
        omat Q = sketched(p, &S, I), Qt = omat_transposed(Q), G = oracle_product(Qt, Q);
        omat next = oracle_add(mean, 1.0L / DRAWS, G);
        for (int64_t i = 0; i < M; i++) on = fmax(on, (double)fabsl(OMAT_AT(G, i, i) - 1));
        omat_destroy(&mean);
        mean = next;
        omat_destroy(&Q);
        omat_destroy(&Qt);
        omat_destroy(&G);
    }
    if (kind != RITZ_SKETCH_GAUSSIAN)
        (void)expect_bound("|diag(S'S) - 1|", RITZ_F64, on, D * eps_of(RITZ_F64));
    omat E = oracle_add(mean, -1, I);
    const double deviation = sqrt((kind == RITZ_SKETCH_GAUSSIAN ? 2.0 : 1.0) / (D * DRAWS));
    (void)expect_bound("mean of S'S - I, in deviations", RITZ_F64,
                       (double)oracle_norm_max(E) / deviation, 5);
    omat_destroy(&E);
    omat_destroy(&I);
    omat_destroy(&mean);
}

/* The condition number of S U for an orthonormal U, the worst of three draws, beside what dense
 * independent elements give: within a factor of 2. */
static void condition(const struct place *p, int kind, const char *name, omat U, int64_t d,
                      double published)
{
    if (!begin_case(p, "sketch_left %s: condition of %s, %lldx%lld to %lld rows", kind_names[kind],
                    name, (long long)U.rows, (long long)U.cols, (long long)d))
        return;
    double worst = 0;
    for (uint32_t draw = 0; draw < 3; draw++) {
        const ritz_sketch S = sketch_of(kind, d, U.rows, 2000, draw);
        omat SU = sketched(p, &S, U), u, s, v;
        oracle_svd(SU, &u, &s, &v);
        worst = fmax(worst, (double)(s.a[0] / s.a[s.rows - 1]));
        omat_destroy(&SU);
        omat_destroy(&u);
        omat_destroy(&s);
        omat_destroy(&v);
    }
    (void)expect_bound("kappa(SU) over that of dense elements", RITZ_F64, worst / published, 2);
}

/* For orthonormal U and d = 2n, 4n, the condition number of a large Gaussian matrix is
 * (1 + sqrt(n/d)) / (1 - sqrt(n/d)) (Edelman, SIAM J. Matrix Anal. Appl. 9(4), 1988): 5.8 and 3. */
static void conditions(const struct place *p)
{
    enum { M = 1500, N = 24 };
    omat U = matgen_orthonormal(104, M, N), L = matgen_leading_block(105, M, N, 1e-3L), Q, R;
    omat spikes = matgen_spikes(M, N);
    oracle_qr(L, &Q, &R);
    for (int kind = 0; kind < KINDS; kind++) {
        condition(p, kind, "an incoherent basis", U, 2 * N, 5.8);
        condition(p, kind, "mass in the first rows", Q, 2 * N, 5.8);
        condition(p, kind, "unit spikes", spikes, 2 * N, 5.8);
        condition(p, kind, "unit spikes", spikes, 4 * N, 3.0);
    }
    omat *const all[] = {&U, &L, &Q, &R, &spikes};
    for (int i = 0; i < 5; i++) omat_destroy(all[i]);
}

/* ---- distortion ------------------------------------------------------------------------------ */

/* max | ‖SA x‖ / ‖A x‖ - 1 | over the probes, of any SA. */
static double changed(const ritz_sketch *S, omat A, omat SA)
{
    const uint32_t word = RITZ_STREAM_WORD(PURPOSE + KINDS, S->substream);
    omat X = omat_create(A.cols, 8);
    for (int64_t j = 0; j < X.cols; j++)
        for (int64_t i = 0; i < X.rows; i++)
            OMAT_AT(X, i, j) = ritz_random_normal_at(S->seed, word, (uint64_t)i, (uint32_t)j);
    omat AX = oracle_product(A, X), SAX = oracle_product(SA, X);
    double worst = 0;
    for (int64_t j = 0; j < X.cols; j++) {
        omat before = omat_block(AX, 0, j, AX.rows, 1), after = omat_block(SAX, 0, j, SAX.rows, 1);
        const long double norm = oracle_norm_fro(before);
        if (norm > 0) worst = fmax(worst, fabs((double)(oracle_norm_fro(after) / norm - 1)));
        omat_destroy(&before);
        omat_destroy(&after);
    }
    omat_destroy(&X);
    omat_destroy(&AX);
    omat_destroy(&SAX);
    return worst;
}

static void distortion_one(const struct place *p, ritz_dtype dtype, enum operator_kind what,
                           int64_t m, int64_t n, int64_t d, double size, const struct form *f)
{
    if (!begin_case(p, "sketch_distortion %s %s %lldx%lld to %lld rows, of size %g A %s SA %s",
                    ritz_dtype_name(dtype), operator_names[what], (long long)m, (long long)n,
                    (long long)d, size, form_name(f[0]), form_name(f[1])))
        return;
    const ritz_sketch S = sketch_of(RITZ_SKETCH_GAUSSIAN, d, m, 6, 2);
    omat a = matgen_uniform(106, m, n), sa = matgen_uniform(107, d, n);
    for (int64_t i = 0; i < m * n; i++) a.a[i] *= size;
    for (int64_t i = 0; i < d * n; i++) sa.a[i] *= size;
    struct scene sc;
    scene_begin(&sc, p);
    struct subject t = make_subject(&sc, what, dtype, f[0], &a);
    struct operand *SA = add_input(&sc, "SA", dtype, f[1], 1, SHARE_NONE, &sa);
    struct operand *out = add_output(&sc, "distortion", RITZ_F64, COL_PLAIN, 1, 1, 1);
    scene_upload(&sc);
    if (scene_finish(&sc, ritz_sketch_distortion(p->s, &S, &t.op, SA->mat, out->mat))) {
        omat B = item_before(SA, 0), got = item_after(out, 0);
        const double want = changed(&S, t.effective, B);
        (void)expect_ratio(
            "sketch_distortion", dtype,
            fabs((double)got.a[0] - want) / (double)(m + n + d) / ((1 + want) * eps_of(dtype)), 1);
        omat_destroy(&B);
        omat_destroy(&got);
    }
    scene_end(&sc);
    drop_subject(p, &t);
    omat_destroy(&a);
    omat_destroy(&sa);
}

static void distortions(const struct place *p, ritz_dtype dtype)
{
    for (int what = 0; what < OPERATORS; what++)
        for (struct forms walk = forms_of(2, 2); next_forms(&walk);)
            distortion_one(p, dtype, (enum operator_kind)what, 40, 7, 16, 1, walk.f);
    const struct form plain[] = {COL_PLAIN, COL_PLAIN};
    distortion_one(p, dtype, DENSE, 40, 7, 16, 0, plain);
    distortion_one(p, dtype, DENSE, 0, 3, 4, 1, plain);
    distortion_one(p, dtype, DENSE, 5, 0, 4, 1, plain);
    distortion_one(p, dtype, DENSE, 1, 1, 1, 1, plain);
}

/* ---- descriptions, and what is wrong with them ----------------------------------------------- */

static void made(const struct place *p)
{
    if (!begin_case(p, "sketch_make")) return;
    static const int64_t rows[] = {0, 8, 64, 12, 7, 11, 15, 1};
    static const int nonzeros[] = {8, 8, 8, 6, 7, 1, 5, 1};
    for (int i = 0; i < 8; i++) {
        const ritz_sketch S = ritz_sketch_make(RITZ_SKETCH_SPARSE_SIGN, rows[i], 9, 3);
        (void)expect(S.nonzeros == nonzeros[i] && S.rows == rows[i] && S.cols == 9 && S.seed == 3 &&
                         S.substream == 0 && S.kind == RITZ_SKETCH_SPARSE_SIGN,
                     "%lld rows: %d nonzeros", (long long)rows[i], S.nonzeros);
    }
}

static void wrong_descriptions(const struct place *p, ritz_dmat D)
{
    const ritz_sketch good = ritz_sketch_make(RITZ_SKETCH_GAUSSIAN, 16, 20, 1);
    const struct {
        ritz_sketch S;
        ritz_status code;
        const char *words;
    } wrong[] = {
        {{.kind = (ritz_sketch_kind)4, .rows = 16, .cols = 20},
         RITZ_ERR_ARGUMENT,
         "unknown kind 4"},
        {{.rows = -1, .cols = 20}, RITZ_ERR_ARGUMENT, "-1 x 20|negative"},
        {{.rows = 16, .cols = -2}, RITZ_ERR_ARGUMENT, "16 x -2|negative"},
        {{.rows = 16, .cols = 20, .substream = 1u << 24}, RITZ_ERR_ARGUMENT, "substream|2^24"},
        {{.rows = INT64_C(1) << 32, .cols = 20}, RITZ_ERR_TOO_LARGE, "4294967296 rows"},
        {{.kind = RITZ_SKETCH_SPARSE_SIGN, .rows = 16, .cols = 20, .nonzeros = 0},
         RITZ_ERR_ARGUMENT,
         "nonzeros is 0|1 to 32"},
        {{.kind = RITZ_SKETCH_SPARSE_SIGN, .rows = 66, .cols = 20, .nonzeros = 33},
         RITZ_ERR_ARGUMENT,
         "nonzeros is 33|1 to 32"},
        {{.kind = RITZ_SKETCH_SPARSE_SIGN, .rows = 17, .cols = 20, .nonzeros = 8},
         RITZ_ERR_ARGUMENT,
         "17 rows|24"},
        {{.kind = RITZ_SKETCH_SPARSE_SIGN, .rows = INT64_C(1) << 33, .cols = 20, .nonzeros = 2},
         RITZ_ERR_TOO_LARGE,
         "parts of 2"},
        {{.kind = RITZ_SKETCH_HADAMARD, .rows = 33, .cols = 20}, RITZ_ERR_ARGUMENT, "33 rows|32"},
        {{.kind = RITZ_SKETCH_HADAMARD, .rows = 16, .cols = INT64_C(1) << 32},
         RITZ_ERR_TOO_LARGE,
         "4294967296 columns"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        (void)expect_error(ritz_sketch_fill(p->s, &wrong[i].S, 0, 0, D), wrong[i].code,
                           wrong[i].words);
    (void)expect_error(ritz_sketch_fill(p->s, NULL, 0, 0, D), RITZ_ERR_ARGUMENT, "S is NULL");
    (void)expect_error(ritz_sketch_fill(p->s, &good, 13, 0, D), RITZ_ERR_SHAPE,
                       "row0 is 13|4 rows|16");
    (void)expect_error(ritz_sketch_fill(p->s, &good, 0, 18, D), RITZ_ERR_SHAPE,
                       "col0 is 18|3 columns|20");
    (void)expect_error(ritz_sketch_fill(p->s, &good, -1, 0, D), RITZ_ERR_SHAPE, "row0 is -1");
    (void)expect_error(ritz_sketch_fill(p->s, &good, 0, 0, ritz_read_only(D)), RITZ_ERR_READ_ONLY,
                       "D|read-only");
}

static void wrong_calls(const struct place *p, ritz_dmat A, ritz_dmat Y, ritz_dmat single,
                        ritz_dmat out)
{
    const ritz_sketch S = ritz_sketch_make(RITZ_SKETCH_GAUSSIAN, 4, 6, 1);
    const ritz_linop op = ritz_linop_dense(A); /* 6 x 3 */
    ritz_stream *s = p->s;
    (void)expect_error(ritz_sketch_left(s, &S, NULL, Y), RITZ_ERR_ARGUMENT, "A is NULL");
    (void)expect_error(ritz_sketch_right(s, &op, &S, ritz_t(Y)), RITZ_ERR_SHAPE,
                       "6 columns and A 3 columns");
    (void)expect_error(ritz_sketch_left(s, &S, &op, ritz_t(Y)), RITZ_ERR_SHAPE, "Y|4 x 3");
    (void)expect_error(ritz_sketch_left(s, &S, &op, single), RITZ_ERR_DTYPE, "float64|float32");
    (void)expect_error(ritz_sketch_left(s, &S, &op, ritz_row_range(A, 1, 4)), RITZ_ERR_OVERLAP,
                       "Y overlaps A");
    (void)expect_error(ritz_sketch_rows(s, &S, 1, A, Y), RITZ_ERR_SHAPE, "row0 is 1|6 rows");
    (void)expect_error(ritz_sketch_rows(s, &S, 0, A, single), RITZ_ERR_DTYPE, "float64|float32");
    (void)expect_error(ritz_sketch_rows(s, &S, 0, A, ritz_cols(Y, 0, 2)), RITZ_ERR_SHAPE,
                       "Y|4 x 3");
    (void)expect_error(ritz_sketch_rows(s, &S, 2, ritz_row_range(A, 0, 4), ritz_row_range(A, 2, 4)),
                       RITZ_ERR_OVERLAP, "Y overlaps A");
    (void)expect_error(ritz_sketch_distortion(s, &S, &op, A, out), RITZ_ERR_SHAPE, "SA|4 x 3");
    (void)expect_error(ritz_sketch_distortion(s, &S, &op, Y, ritz_block(Y, 0, 0, 1, 1)),
                       RITZ_ERR_OVERLAP, "distortion overlaps");
    (void)expect_error(ritz_sketch_distortion(s, &S, &op, Y, ritz_block(single, 0, 0, 1, 1)),
                       RITZ_ERR_DTYPE, "distortion is float32");
}

static void mistakes(const struct place *p)
{
    if (!begin_case(p, "sketching: arguments that are refused")) return;
    omat a = matgen_uniform(108, 6, 3), y = matgen_uniform(109, 4, 3), one = omat_create(1, 1);
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *A = add_inout(&sc, "A", RITZ_F64, COL_PLAIN, 1, &a);
    struct operand *Y = add_inout(&sc, "Y", RITZ_F64, COL_PLAIN, 1, &y);
    struct operand *single = add_inout(&sc, "single", RITZ_F32, COL_PLAIN, 1, &y);
    struct operand *out = add_inout(&sc, "distortion", RITZ_F64, COL_PLAIN, 1, &one);
    scene_upload(&sc);
    wrong_descriptions(p, Y->mat);
    wrong_calls(p, A->mat, Y->mat, single->mat, out->mat);
    if (scene_finish(&sc, RITZ_OK)) {
        struct operand *const all[] = {A, Y, single, out};
        for (int i = 0; i < 4; i++) expect_kept(all[i]);
    }
    scene_end(&sc);
    omat_destroy(&a);
    omat_destroy(&y);
    omat_destroy(&one);
}

void test_sketching(const struct place *p)
{
    made(p);
    mistakes(p);
    for (int t = 0; t < REALS; t++) {
        fills(p, reals[t]);
        distortions(p, reals[t]);
        for (int kind = 0; kind < KINDS; kind++) {
            products(p, reals[t], kind);
            large_products(p, reals[t], kind);
            for (struct forms walk = forms_of(2, 4); next_forms(&walk);)
                rows_one(p, reals[t], kind, walk.f);
        }
    }
    orthogonal(p);
    for (int kind = 0; kind < KINDS; kind++) mean_is_identity(p, kind);
    if (full_level()) conditions(p);
}
