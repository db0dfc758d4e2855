/* Principal components of data that does not fit the memory allowed, or is sparse; products and
 * scores that are delivered block by block; guidance.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/pca.h"
#include "conformance/rows_kit.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};

static ritz_pca_options options(ritz_pca_method method, int64_t components, int64_t memory)
{
    ritz_pca_options o = RITZ_PCA_DEFAULTS;
    o.method = method;
    o.components = components;
    o.memory = memory;
    return o;
}

/* ---- data in blocks -------------------------------------------------------------------------- */

enum { TALL_N = 400, TALL_COLS = 20, WIDE_N = 120, WIDE_COLS = 200 };

/* Bytes that hold some blocks of the tall data and what the method keeps, but not the data. */
static int64_t tall_memory(ritz_dtype dtype)
{
    return dtype == RITZ_F64 ? 40000 : 20000;
}

/* Bytes that hold the Gram matrix of the wide data's rows, a band of 33 of them, and blocks of 16,
 * but not the data. */
static int64_t wide_memory(ritz_dtype dtype)
{
    const int64_t size = (int64_t)ritz_dtype_size(dtype), row = WIDE_COLS * size;
    const int64_t products = WIDE_N * (size + 8);
    return WIDE_N * WIDE_N * (size + 24) + 4 * row + 33 * row + 16 * (3 * row + products + 64);
}

static void judge_blocks(const struct place *p, enum kit_kind kind, ritz_dtype stored,
                         ritz_dtype dtype, omat x, ritz_pca_options opts, int passes)
{
    struct kit kit;
    struct fit f;
    kit_open(&kit, p, kind, stored, x);
    opts.dtype = dtype;
    if (fit_rows(p, kit.rows, &opts, &f)) {
        (void)expect(f.report.method == opts.method, "method %s", f.report.method_name);
        (void)expect(f.report.passes == passes, "%d passes, not %d", f.report.passes, passes);
        (void)expect(kind != KIT_FUNCTION || kit.starts == passes - 1, "%d rewinds and %d passes",
                     kit.starts, passes);
        check_fit(dtype, kit.data, opts.components, (double)(x.rows - 1), &f);
    }
    forget_fit(p, &f);
    kit_close(&kit, p);
}

static void tall(const struct place *p, enum kit_kind kind, ritz_dtype stored, ritz_dtype dtype,
                 int64_t block_rows, int q)
{
    if (!begin_case(p, "pca_fit randomized of %s in blocks of %lld, %s in %s, q %d",
                    kit_names[kind], (long long)block_rows, ritz_dtype_name(stored),
                    ritz_dtype_name(dtype), q))
        return;
    omat x = make_data(501, TALL_N, TALL_COLS, 0.5, 3);
    ritz_pca_options opts = options(RITZ_PCA_RANDOMIZED, 3, tall_memory(dtype));
    opts.block_rows = block_rows;
    opts.power_iterations = q;
    judge_blocks(p, kind, stored, dtype, x, opts, (q ? q : 4) + 2);
    omat_destroy(&x);
}

static void wide(const struct place *p, enum kit_kind kind, ritz_dtype dtype, int64_t block_rows)
{
    if (!begin_case(p, "pca_fit dual of %s in blocks of %lld, %s", kit_names[kind],
                    (long long)block_rows, ritz_dtype_name(dtype)))
        return;
    omat x = make_data(502, WIDE_N, WIDE_COLS, 0.6, 3);
    ritz_pca_options opts = options(RITZ_PCA_DUAL, 4, wide_memory(dtype));
    opts.block_rows = block_rows;
    /* Once for the mean, bands of 33 (beside blocks of 7: about 50) of the 120 rows, once for the
     * components. */
    judge_blocks(p, kind, dtype, dtype, x, opts, 1 + (block_rows ? 3 : 4) + 1);
    omat_destroy(&x);
}

/* Blocks of fewer rows than the sample has columns, of wide data. */
static void few_rows(const struct place *p)
{
    if (!begin_case(p, "pca_fit randomized float64 of 40 x 300 in blocks of 2")) return;
    omat x = make_data(503, 40, 300, 0.5, 1);
    ritz_pca_options opts = options(RITZ_PCA_RANDOMIZED, 5, 160000);
    opts.block_rows = 2;
    judge_blocks(p, KIT_FUNCTION, RITZ_F64, RITZ_F64, x, opts, 6);
    omat_destroy(&x);
}

static void constant(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "pca_fit randomized %s of constant rows in blocks", ritz_dtype_name(dtype)))
        return;
    omat x = omat_create(TALL_N, TALL_COLS);
    for (int64_t i = 0; i < TALL_N * TALL_COLS; i++) x.a[i] = 1e4L / 3;
    for (int64_t j = 0; j < TALL_COLS; j++)
        for (int64_t i = 0; i < TALL_N; i++) OMAT_AT(x, i, j) = (long double)(j + 1) * 0.75L;
    const ritz_pca_options opts = options(RITZ_PCA_RANDOMIZED, 2, tall_memory(dtype));
    struct kit kit;
    struct fit f;
    kit_open(&kit, p, KIT_FILES, dtype, x);
    if (fit_rows(p, kit.rows, &opts, &f)) {
        (void)expect(f.variance.a[0] <= 0 && f.report.total_variance <= 0, "a variance of %Lg",
                     f.variance.a[0]);
        (void)expect(strstr(f.report.warning, "constant") != NULL, "the warning is \"%s\"",
                     f.report.warning);
        omat V = omat_transposed(f.components);
        (void)expect_ratio("pca |I - V'V|", dtype, oracle_orth_ratio(V, eps_of(dtype)), 30);
        omat_destroy(&V);
    }
    forget_fit(p, &f);
    kit_close(&kit, p);
    omat_destroy(&x);
}

/* k of a demand: the smallest one by the oracle's values. */
static void demand(const struct place *p, double variance, double tolerance)
{
    if (!begin_case(p, "pca_fit randomized float64 in blocks, variance %g, tolerance %g", variance,
                    tolerance))
        return;
    omat x = make_data(504, 400, 60, 0.93, 1);
    ritz_pca_options opts = options(RITZ_PCA_RANDOMIZED, 0, 300000);
    opts.variance = variance;
    opts.tolerance = tolerance;
    opts.block_rows = 16;
    opts.power_iterations = 8;
    struct kit kit;
    struct fit f;
    kit_open(&kit, p, KIT_FUNCTION, RITZ_F64, x);
    if (fit_rows(p, kit.rows, &opts, &f)) {
        const oracle_pca *all = reference_pca(kit.data, 399);
        const long double wanted =
            tolerance > 0 ? 1 - (long double)(tolerance * tolerance) : (long double)variance;
        long double sum = 0;
        int64_t k = 0;
        while (k < 60 && sum < wanted * all->total) sum += all->variance.a[k++];
        check_fit(RITZ_F64, kit.data, k, 399, &f);
        (void)expect(kit.starts == f.report.passes - 1, "%d passes and %d rewinds", f.report.passes,
                     kit.starts);
        /* Beyond the first try of 32 components the sample is doubled. */
        (void)expect(f.report.passes == (k > 32 ? 2 : 1) * 10, "%d passes for %lld components",
                     f.report.passes, (long long)k);
    }
    forget_fit(p, &f);
    kit_close(&kit, p);
    omat_destroy(&x);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refused(const struct place *p, const char *name, const struct kit *kit,
                    const ritz_pca_options *opts, ritz_status code, const char *words)
{
    if (!begin_case(p, "pca_fit: %s", name)) return;
    ritz_pca *pca = (ritz_pca *)(void *)&p;
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    (void)expect_error(ritz_pca_fit(p->s, kit->rows, opts, &pca, NULL), code, words);
    (void)expect(pca == NULL, "a model was left");
    (void)expect_ok(ritz_stream_sync(p->s));
    const struct ritz_work_mark now = ritz_work_mark(p->s);
    (void)expect(now.chunk == mark.chunk && now.used == mark.used,
                 "the workspace was not given back");
}

/* Cuts the file off once the first pass is over. */
static int cut_file(void *context, const char *phase, int64_t done, int64_t total)
{
    (void)phase;
    if (done == total && truncate(context, 200) != 0) return 1;
    return 0;
}

static void refusals(const struct place *p)
{
    static const enum kit_kind kinds[] = {KIT_HOST, KIT_FILES, KIT_FUNCTION};
    omat x = make_data(505, TALL_N, TALL_COLS, 0.5, 1),
         y = make_data(506, WIDE_N, WIDE_COLS, 0.5, 1);
    const ritz_pca_options random = options(RITZ_PCA_RANDOMIZED, 3, tall_memory(RITZ_F64));
    const ritz_pca_options dual = options(RITZ_PCA_DUAL, 3, wide_memory(RITZ_F64));
    ritz_pca_options o = random;
    struct kit kit;

    kit_open(&kit, p, KIT_ONCE, RITZ_F64, x);
    refused(p, "randomized, rows that come once", &kit, &random, RITZ_ERR_STATE, "6 times|once");
    kit_close(&kit, p);
    kit_open(&kit, p, KIT_ONCE, RITZ_F64, y);
    refused(p, "dual, rows that come once", &kit, &dual, RITZ_ERR_STATE, "once|incremental");
    kit_close(&kit, p);

    kit_open(&kit, p, KIT_FUNCTION, RITZ_F64, x);
    o.memory = 10000;
    refused(p, "randomized, too little memory", &kit, &o, RITZ_ERR_OPTION,
            "10000 bytes|at least|16 rows");
    o.memory = random.memory;
    o.block_rows = TALL_N;
    refused(p, "randomized, blocks too large", &kit, &o, RITZ_ERR_OPTION, "at least|400 rows");
    kit_close(&kit, p);
    kit_open(&kit, p, KIT_FUNCTION, RITZ_F64, y);
    o = dual;
    o.memory = 200000;
    refused(p, "dual, too little memory", &kit, &o, RITZ_ERR_OPTION, "200000 bytes|at least");
    kit_close(&kit, p);

    OMAT_AT(x, 277, 5) = (long double)NAN;
    OMAT_AT(y, 61, 190) = (long double)INFINITY;
    for (int i = 0; i < 3; i++) {
        kit_open(&kit, p, kinds[i], RITZ_F64, x);
        refused(p, "a NaN, randomized in blocks", &kit, &random, RITZ_ERR_NOT_FINITE,
                "ritz_pca_fit|row 277 ");
        kit_close(&kit, p);
        kit_open(&kit, p, kinds[i], RITZ_F64, y);
        refused(p, "an infinity, dual in blocks", &kit, &dual, RITZ_ERR_NOT_FINITE,
                "ritz_pca_fit|row 61 ");
        kit_close(&kit, p);
    }
    OMAT_AT(x, 277, 5) = OMAT_AT(y, 61, 190) = 0;

    char path[64];
    snprintf(path, sizeof path, "%s", kit_path());
    for (int i = 0; i < 2; i++) {
        o = i ? dual : random;
        o.progress = cut_file;
        o.progress_context = path;
        kit_open(&kit, p, KIT_FILE, RITZ_F64, i ? y : x);
        if (begin_case(p, "pca_fit %s of a file that is cut off between two passes",
                       pca_method_names[o.method])) {
            ritz_pca *pca = NULL;
            const ritz_status status = ritz_pca_fit(p->s, kit.rows, &o, &pca, NULL);
            (void)expect(status == RITZ_ERR_IO || status == RITZ_ERR_FORMAT, "the status is %s",
                         ritz_status_name(status));
            (void)expect(strstr(ritz_last_error(), kit_path()) != NULL, "the message is \"%s\"",
                         ritz_last_error());
        }
        kit_close(&kit, p);
    }
    omat_destroy(&x);
    omat_destroy(&y);
}

/* ---- a sparse matrix ------------------------------------------------------------------------- */

/* Most elements are zero; columns of falling size. */
static omat thin(uint64_t seed, int64_t N, int64_t n, double decay)
{
    omat x = omat_create(N, n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < N; i++) {
            const uint64_t at = (uint64_t)(j * N + i);
            if (matgen_word(seed + 1, at) % 5 == 0)
                OMAT_AT(x, i, j) =
                    (matgen_normal_at(seed, at) + 1) * powl((long double)decay, (long double)j);
        }
    return x;
}

static void sparse(const struct place *p, ritz_dtype dtype, ritz_pca_method method, int64_t N,
                   int64_t n, int64_t k)
{
    if (!begin_case(p, "pca_fit %s of a sparse %s matrix, %lldx%lld k %lld",
                    pca_method_names[method], ritz_dtype_name(dtype), (long long)N, (long long)n,
                    (long long)k))
        return;
    omat x = thin(510, N, n, 0.4);
    const ritz_pca_options opts = options(method, k, 0);
    struct kit kit;
    struct fit f;
    kit_open(&kit, p, KIT_SPARSE, dtype, x);
    if (fit_rows(p, kit.rows, &opts, &f)) {
        (void)expect(f.report.method == RITZ_PCA_RANDOMIZED, "method %s", f.report.method_name);
        check_fit(dtype, kit.data, k, (double)(N - 1), &f);
    }
    forget_fit(p, &f);
    kit_close(&kit, p);
    omat_destroy(&x);
}

static void sparse_refusals(const struct place *p)
{
    omat x = thin(511, 40, 9, 0.5);
    struct kit kit;
    kit_open(&kit, p, KIT_SPARSE, RITZ_F64, x);
    for (int method = RITZ_PCA_COVARIANCE; method <= RITZ_PCA_INCREMENTAL; method++) {
        const ritz_pca_options o = options((ritz_pca_method)method, 2, 0);
        if (method != RITZ_PCA_RANDOMIZED)
            refused(p, "a sparse matrix by another method", &kit, &o, RITZ_ERR_OPTION,
                    "sparse|randomized");
    }
    ritz_pca_options o = options(RITZ_PCA_AUTO, 2, 0);
    o.dtype = RITZ_F32;
    refused(p, "a sparse matrix in another type", &kit, &o, RITZ_ERR_OPTION, "float32|float64");
    kit_close(&kit, p);
    OMAT_AT(x, 17, 3) = (long double)NAN;
    kit_open(&kit, p, KIT_SPARSE, RITZ_F64, x);
    refused(p, "a NaN in a sparse matrix", &kit, NULL, RITZ_ERR_NOT_FINITE, "row 17 ");
    if (begin_case(p, "a sparse matrix where dense rows are read")) {
        ritz_rows_info info = {.size = sizeof info};
        (void)expect_ok(ritz_rows_inspect(&kit.rows, &info));
        (void)expect(info.rows == 40 && info.cols == 9 && info.dtype == RITZ_F64,
                     "it is said to be %lld x %lld", (long long)info.rows, (long long)info.cols);
        double y[40];
        ritz_dmat X = RITZ_NO_MAT;
        (void)expect_ok(ritz_dmat_create(p->s, RITZ_F64, RITZ_COL_MAJOR, 9, 1, &X));
        (void)expect_error(
            ritz_linear_predict_rows(p->s, kit.rows, X, RITZ_NO_MAT,
                                     ritz_hmat_wrap(y, RITZ_F64, 40, 1, RITZ_COL_MAJOR)),
            RITZ_ERR_UNSUPPORTED, "sparse|dense");
        (void)expect_ok(ritz_dmat_destroy(p->s, &X));
    }
    kit_close(&kit, p);
    omat_destroy(&x);
}

/* ---- blocks that are delivered --------------------------------------------------------------- */

static void expect_gathered(struct gathered *g, omat want, ritz_dtype dtype, double scale,
                            const char *metric)
{
    (void)expect(!g->out_of_turn && g->next == want.rows, "%lld of %lld rows came%s",
                 (long long)g->next, (long long)want.rows, g->out_of_turn ? ", out of turn" : "");
    (void)expect_ratio(metric, dtype,
                       error_quotient(largest_difference(want, g->values), scale * eps_of(dtype)),
                       30);
    omat_destroy(&g->values);
}

static void multiply(const struct place *p, enum kit_kind kind, ritz_dtype stored, ritz_dtype dtype)
{
    if (!begin_case(p, "rows_multiply of %s, %s in %s", kit_names[kind], ritz_dtype_name(stored),
                    ritz_dtype_name(dtype)))
        return;
    omat a = matgen_uniform(520, 61, 8), b = matgen_uniform(521, 8, 3);
    struct kit kit;
    struct scene sc;
    kit_open(&kit, p, kind, stored, a);
    scene_begin(&sc, p);
    struct operand *X =
        add_input(&sc, "X", dtype, (struct form){RITZ_ROW_MAJOR, VIEW_PADDED}, 1, SHARE_NONE, &b);
    scene_upload(&sc);
    struct gathered g = gather_open(61, 3);
    if (scene_finish(&sc, ritz_rows_multiply(p->s, kit.rows, X->mat, gather, &g))) {
        omat x = item_before(X, 0), want = oracle_product(kit.data, x);
        expect_gathered(&g, want, dtype, 8, "rows_multiply");
        omat_destroy(&x);
        omat_destroy(&want);
    }
    scene_end(&sc);
    kit_close(&kit, p);
    omat_destroy(&a);
    omat_destroy(&b);
}

static void transform(const struct place *p, enum kit_kind kind, ritz_dtype dtype, int whitened)
{
    if (!begin_case(p, "pca_transform_blocks of %s, %s%s", kit_names[kind], ritz_dtype_name(dtype),
                    whitened ? ", whitened" : ""))
        return;
    omat x = thin(522, 70, 9, 0.8);
    const ritz_pca_options opts = options(RITZ_PCA_AUTO, 3, 0);
    const ritz_pca_transform_options t = {sizeof t, whitened};
    struct kit kit;
    struct fit f;
    kit_open(&kit, p, kind, dtype, x);
    if (fit_rows(p, kit.rows, &opts, &f)) {
        omat want = scores_of(&f, kit.data);
        double scale = (double)oracle_norm_max(want) * 9;
        if (whitened) {
            whiten_scores(&f, want, 0);
            scale /= sqrt((double)f.variance.a[2]);
        }
        struct gathered g = gather_open(70, 3);
        double host[70 * 3];
        kit.next = 0;
        (void)expect_ok(ritz_pca_transform_blocks(p->s, f.pca, kit.rows, gather, &g, &t));
        expect_gathered(&g, want, dtype, scale, "pca transform_blocks");
        kit.next = 0;
        if (expect_ok(ritz_pca_transform_rows(p->s, f.pca, kit.rows,
                                              ritz_hmat_wrap(host, RITZ_F64, 70, 3, RITZ_COL_MAJOR),
                                              &t))) {
            omat got = omat_from_f64(host, 70, 3, 1, 70);
            (void)expect_ratio("pca transform_rows", dtype,
                               largest_difference(want, got) / (scale * eps_of(dtype)), 30);
            omat_destroy(&got);
        }
        g = gather_open(70, 3);
        g.stop_at = 1;
        kit.next = 0;
        (void)expect_error(ritz_pca_transform_blocks(p->s, f.pca, kit.rows, gather, &g, &t),
                           RITZ_ERR_CANCELLED, "");
        (void)expect_error(ritz_pca_transform_blocks(p->s, f.pca, kit.rows, NULL, NULL, &t),
                           RITZ_ERR_ARGUMENT, "ritz_pca_transform_blocks|deliver");
        omat_destroy(&g.values);
        omat_destroy(&want);
    }
    forget_fit(p, &f);
    kit_close(&kit, p);
    omat_destroy(&x);
}

/* More than one block: the data is larger than one. */
static void many_blocks(const struct place *p)
{
    if (!begin_case(p, "rows_multiply in several blocks, one of which is refused")) return;
    enum { ROWS = 32, COLS = 40000 };
    omat a = omat_create(ROWS, COLS), b = omat_create(COLS, 1), want = omat_create(ROWS, 1);
    for (int64_t i = 0; i < ROWS; i++) {
        OMAT_AT(a, i, i) = (long double)(i + 1);
        OMAT_AT(a, i, COLS - 1) = 0.5L;
        OMAT_AT(want, i, 0) = (long double)(i + 1) + 1;
    }
    for (int64_t j = 0; j < COLS; j++) b.a[j] = j == COLS - 1 ? 2 : 1;
    struct kit kit;
    struct scene sc;
    kit_open(&kit, p, KIT_FUNCTION, RITZ_F32, a);
    scene_begin(&sc, p);
    struct operand *X = add_input(&sc, "X", RITZ_F32, COL_PLAIN, 1, SHARE_NONE, &b);
    scene_upload(&sc);
    struct gathered g = gather_open(ROWS, 1);
    (void)expect_ok(ritz_rows_multiply(p->s, kit.rows, X->mat, gather, &g));
    (void)expect(g.blocks >= 2, "%d blocks", g.blocks);
    expect_gathered(&g, want, RITZ_F32, 70, "rows_multiply");
    g = gather_open(ROWS, 1);
    g.stop_at = 2;
    kit.next = 0;
    (void)expect_error(ritz_rows_multiply(p->s, kit.rows, X->mat, gather, &g), RITZ_ERR_CANCELLED,
                       "");
    (void)expect(g.blocks == 2, "%d blocks were delivered", g.blocks);
    omat_destroy(&g.values);
    (void)expect_error(ritz_rows_multiply(p->s, kit.rows, ritz_row_range(X->mat, 0, 7), gather, &g),
                       RITZ_ERR_SHAPE, "40000 columns|7");
    (void)expect_error(ritz_rows_multiply(p->s, kit.rows, X->mat, NULL, NULL), RITZ_ERR_ARGUMENT,
                       "ritz_rows_multiply|deliver");
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
    kit_close(&kit, p);
    omat *const all[] = {&a, &b, &want};
    for (int i = 0; i < 3; i++) omat_destroy(all[i]);
}

/* ---- the choice, and guidance ---------------------------------------------------------------- */

static void choice(const struct place *p)
{
    if (!begin_case(p, "pca_fit chooses by the memory allowed")) return;
    omat x = make_data(530, 500, 300, 0.5, 1);
    struct kit kit;
    struct fit f;
    kit_open(&kit, p, KIT_FILE, RITZ_F32, x);
    for (int small = 0; small <= 1; small++) {
        const ritz_pca_options opts = options(RITZ_PCA_AUTO, 4, small ? 300000 : 0);
        if (fit_rows(p, kit.rows, &opts, &f)) {
            (void)expect(f.report.method == RITZ_PCA_RANDOMIZED, "method %s: %s",
                         f.report.method_name, f.report.reason);
            (void)expect(f.report.passes == (small ? 6 : 12), "%d passes", f.report.passes);
        }
        forget_fit(p, &f);
    }
    kit_close(&kit, p);
    omat_destroy(&x);
}

static void guidance(const struct place *p, const char *what, ritz_dtype dtype, omat x,
                     ritz_pca_options opts, const char *word)
{
    if (!begin_case(p, "pca_fit %s warns of %s", ritz_dtype_name(dtype), what)) return;
    struct kit kit;
    struct fit f;
    kit_open(&kit, p, KIT_HOST, dtype, x);
    if (fit_rows(p, kit.rows, &opts, &f))
        (void)expect(word[0] ? strstr(f.report.warning, word) != NULL : !f.report.warning[0],
                     "the warning is \"%s\"", f.report.warning);
    forget_fit(p, &f);
    kit_close(&kit, p);
}

static void all_guidance(const struct place *p)
{
    omat steep = make_data(531, 400, 12, 0.3, 1), flat = make_data(532, 400, 60, 0.995, 1),
         slow = make_data(533, 90, 80, 0.98, 1);
    ritz_pca_options o = options(RITZ_PCA_EXACT, 4, 0);
    guidance(p, "nothing", RITZ_F64, steep, o, "");
    o = options(RITZ_PCA_COVARIANCE, 5, 0);
    guidance(p, "a gap within chance", RITZ_F64, flat, o, "400 rows");
    o = options(RITZ_PCA_RANDOMIZED, 30, 0);
    o.power_iterations = RITZ_POWER_ITERATIONS_NONE;
    guidance(p, "too few power iterations", RITZ_F64, slow, o, "power_iterations");
    o = options(RITZ_PCA_RANDOMIZED, 9, 8000);
    o.block_rows = 4;
    o.power_iterations = RITZ_POWER_ITERATIONS_NONE;
    guidance(p, "rounding in blocks", RITZ_F32, steep, o, "float64");
    omat *const all[] = {&steep, &flat, &slow};
    for (int i = 0; i < 3; i++) omat_destroy(all[i]);
}

void test_pca_large(const struct place *p)
{
    const bool full = full_level();
    for (int t = 0; t < 2; t++) {
        for (int kind = full ? 0 : KIT_FUNCTION; kind < KIT_ONCE; kind++) {
            tall(p, (enum kit_kind)kind, reals[t], reals[t], 0, 0);
            if (kind != KIT_DEVICE && kind != KIT_HOST) wide(p, (enum kit_kind)kind, reals[t], 0);
            multiply(p, (enum kit_kind)kind, reals[t], reals[t]);
        }
        tall(p, KIT_FUNCTION, reals[t], reals[t], 7, 2);
        if (full) wide(p, KIT_FUNCTION, reals[t], 7);
        constant(p, reals[t]);
        sparse(p, reals[t], RITZ_PCA_AUTO, 80, 12, 4);
        sparse(p, reals[t], RITZ_PCA_RANDOMIZED, 12, 80, 4);
        sparse(p, reals[t], RITZ_PCA_RANDOMIZED, 30, 9, 9);
        multiply(p, KIT_ONCE, reals[t], reals[t]);
        multiply(p, KIT_SPARSE, reals[t], reals[t]);
        transform(p, KIT_SPARSE, reals[t], 0);
        transform(p, KIT_SPARSE, reals[t], 1);
        transform(p, KIT_FILES, reals[t], 1);
        transform(p, KIT_ONCE, reals[t], 0);
    }
    tall(p, KIT_FILES, RITZ_F64, RITZ_F32, 0, 0);
    tall(p, KIT_HOST, RITZ_F32, RITZ_F64, 0, 0);
    multiply(p, KIT_FILE, RITZ_F32, RITZ_F64);
    few_rows(p);
    if (full) demand(p, 0.5, 0);
    demand(p, 0.999, 0);
    if (full) demand(p, 0, 0.5);
    many_blocks(p);
    choice(p);
    refusals(p);
    sparse_refusals(p);
    all_guidance(p);
}
