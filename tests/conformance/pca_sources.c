/* Principal component analysis: where rows come from, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/pca.h"

/* ---- sources --------------------------------------------------------------------------------- */

enum source {
    FROM_DEVICE,
    FROM_HOST,
    FROM_FILE,
    FROM_FILES,
    FROM_FUNCTION,
    FROM_FUNCTION_ONCE,
    SOURCES
};
static const char *const source_names[] = {"device matrix", "host matrix", "file",
                                           "three files",   "function",    "function once"};
enum { SOURCE_ROWS = 97, SOURCE_COLS = 7, SOURCE_K = 3 };
static const char *paths[3];

static void name_files(void)
{
    paths[0] = own_file("pca-1.npy");
    paths[1] = own_file("pca-2.npy");
    paths[2] = own_file("pca-3.npy");
}

static const char *whole_path(void)
{
    return own_file("pca.npy");
}

struct feeder {
    const double *values; /* row-major */
    int64_t next, rows;
    int starts;
    ritz_status answer; /* to be given at the second block, if not RITZ_OK */
    bool silent;        /* delivers nothing at the second block */
};

static ritz_status feed(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                        int64_t *delivered)
{
    struct feeder *f = context;
    *delivered = 0;
    if (rewind) {
        f->next = 0;
        f->starts++;
        return RITZ_OK;
    }
    if (f->next > 0 && f->answer != RITZ_OK) return f->answer;
    if (f->next > 0 && f->silent) return RITZ_OK;
    /* Fewer than asked for is allowed. */
    while (*delivered < count && *delivered < 10 && f->next < f->rows) {
        memcpy((double *)dst + *delivered * ld, f->values + f->next * SOURCE_COLS,
               SOURCE_COLS * sizeof(double));
        f->next++;
        (*delivered)++;
    }
    return RITZ_OK;
}

static void source_one(const struct place *p, enum source source, ritz_pca_method method,
                       int64_t block_rows)
{
    if (!begin_case(p, "pca_fit and transform_rows of a %s, %s, blocks of %lld",
                    source_names[source], pca_method_names[method], (long long)block_rows))
        return;
    name_files();
    omat x = make_data(107, SOURCE_ROWS, SOURCE_COLS, 0.7, 1);
    double host[SOURCE_ROWS * SOURCE_COLS];
    omat_to_f64(x, host, SOURCE_COLS, 1);
    omat data = omat_from_f64(host, SOURCE_ROWS, SOURCE_COLS, SOURCE_COLS, 1);
    const ritz_hmat H = ritz_hmat_wrap(host, RITZ_F64, SOURCE_ROWS, SOURCE_COLS, RITZ_ROW_MAJOR);
    struct feeder feeder = {.values = host, .rows = SOURCE_ROWS};
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *X = add_input(&sc, "X", RITZ_F64, (struct form){RITZ_ROW_MAJOR, VIEW_PADDED}, 1,
                                  SHARE_NONE, &data);
    scene_upload(&sc);
    ritz_rows rows = ritz_rows_dmat(X->mat);
    switch (source) {
    case FROM_HOST: rows = ritz_rows_hmat(H); break;
    case FROM_FILE: rows = ritz_rows_file(whole_path()); break;
    case FROM_FILES: rows = ritz_rows_files(paths, 3); break;
    case FROM_FUNCTION:
        rows = ritz_rows_callback(RITZ_F64, SOURCE_ROWS, SOURCE_COLS, 0, feed, &feeder);
        break;
    case FROM_FUNCTION_ONCE:
        rows = ritz_rows_callback(RITZ_F64, SOURCE_ROWS, SOURCE_COLS, 1, feed, &feeder);
        break;
    case FROM_DEVICE:
    case SOURCES: break;
    }
    for (int i = 0; i < 3; i++)
        (void)expect_ok(
            ritz_save_npy(paths[i], ritz_hmat_block(H, i * 40, 0, i < 2 ? 40 : 17, SOURCE_COLS)));
    (void)expect_ok(ritz_save_npy(whole_path(), H));
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = SOURCE_K;
    opts.method = method;
    opts.block_rows = block_rows;
    struct fit f;
    if (fit_rows(p, rows, &opts, &f)) {
        check_fit(RITZ_F64, data, SOURCE_K, SOURCE_ROWS - 1, &f);
        feeder.next = 0;
        double scores[SOURCE_ROWS * SOURCE_K];
        for (int whitened = 0; whitened <= 1; whitened++) {
            const ritz_pca_transform_options t = {sizeof t, whitened};
            feeder.next = 0;
            if (!expect_ok(ritz_pca_transform_rows(
                    p->s, f.pca, rows,
                    ritz_hmat_wrap(scores, RITZ_F64, SOURCE_ROWS, SOURCE_K, RITZ_COL_MAJOR), &t)))
                continue;
            omat got = omat_from_f64(scores, SOURCE_ROWS, SOURCE_K, 1, SOURCE_ROWS),
                 want = scores_of(&f, data);
            if (whitened) whiten_scores(&f, want, 0);
            (void)expect_ratio(
                "pca transform_rows", RITZ_F64,
                error_quotient(largest_difference(want, got),
                               (double)oracle_norm_max(want) * SOURCE_COLS * eps_of(RITZ_F64)),
                30);
            omat_destroy(&got);
            omat_destroy(&want);
        }
    }
    forget_fit(p, &f);
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
    for (int i = 0; i < 3; i++) (void)unlink(paths[i]);
    (void)unlink(whole_path());
    omat_destroy(&x);
    omat_destroy(&data);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static int progress_calls, stop_at;
static int stop_soon(void *context, const char *phase, int64_t done, int64_t total)
{
    (void)context;
    (void)expect(phase && phase[0] && done >= 0 && done <= total, "progress %lld of %lld",
                 (long long)done, (long long)total);
    return ++progress_calls == stop_at;
}
static int never_stop(void *context, const char *phase, int64_t done, int64_t total)
{
    (void)context, (void)phase, (void)done, (void)total;
    progress_calls++;
    return 0;
}

/* The fit is refused, leaves no model, and the stream is as it was. */
static void refused(const struct place *p, const char *name, ritz_rows rows,
                    const ritz_pca_options *opts, ritz_status code, const char *words)
{
    if (!begin_case(p, "pca_fit: %s", name)) return;
    ritz_pca *pca = (ritz_pca *)(void *)&rows;
    ritz_pca_report report = RITZ_PCA_REPORT_INIT;
    const struct ritz_work_mark mark = ritz_work_mark(p->s);
    ritz_memory_info before = RITZ_MEMORY_INFO_INIT, after = RITZ_MEMORY_INFO_INIT;
    (void)expect_ok(ritz_device_memory(p->dev, &before));
    (void)expect_error(ritz_pca_fit(p->s, rows, opts, &pca, &report), code, words);
    if (!expect(pca == NULL, "a model was left")) (void)ritz_pca_destroy(p->s, &pca);
    (void)expect_ok(ritz_stream_sync(p->s));
    (void)expect_ok(ritz_device_memory(p->dev, &after));
    (void)expect(before.matrices == after.matrices, "%lld matrices were left",
                 (long long)(after.matrices - before.matrices));
    const struct ritz_work_mark now = ritz_work_mark(p->s);
    (void)expect(now.chunk == mark.chunk && now.used == mark.used,
                 "the workspace was not given back");
}

static ritz_pca_options options(int64_t components, ritz_pca_method method)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = components;
    opts.method = method;
    return opts;
}

static void refusals(const struct place *p)
{
    enum { N = 30, C = SOURCE_COLS };
    double x[N * C];
    for (int i = 0; i < N * C; i++) x[i] = (double)((i * 37) % 101);
    const ritz_rows good = ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, N, C, RITZ_ROW_MAJOR));
    ritz_pca_options o = options(2, RITZ_PCA_AUTO);
    refused(p, "one row", ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, 1, C, RITZ_ROW_MAJOR)), NULL,
            RITZ_ERR_SHAPE, "ritz_pca_fit|two rows");
    refused(p, "no row", ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, 0, C, RITZ_ROW_MAJOR)), NULL,
            RITZ_ERR_SHAPE, "ritz_pca_fit|two rows");
    refused(p, "no column", ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, 4, 0, RITZ_ROW_MAJOR)), NULL,
            RITZ_ERR_SHAPE, "ritz_pca_fit|column");
    refused(p, "a batch",
            ritz_rows_hmat(
                ritz_hmat_batched(ritz_hmat_wrap(x, RITZ_F64, 2, C, RITZ_ROW_MAJOR), 2, 2 * C)),
            NULL, RITZ_ERR_SHAPE, "batch");
    o = options(C + 1, RITZ_PCA_AUTO);
    refused(p, "k > n", good, &o, RITZ_ERR_OPTION, "ritz_pca_fit|components is 8|30 x 7|at most 7");
    o = options(-1, RITZ_PCA_AUTO);
    refused(p, "k < 0", good, &o, RITZ_ERR_OPTION, "components is -1");
    o = options(2, (ritz_pca_method)9);
    refused(p, "unknown method", good, &o, RITZ_ERR_OPTION, "method 9");
    o = options(2, RITZ_PCA_AUTO);
    o.variance = 0.5;
    refused(p, "components and variance", good, &o, RITZ_ERR_OPTION, "components|variance");
    o = options(0, RITZ_PCA_AUTO);
    o.variance = 1.5;
    refused(p, "variance 1.5", good, &o, RITZ_ERR_OPTION, "variance is 1.5");
    o.variance = (double)NAN;
    refused(p, "variance NaN", good, &o, RITZ_ERR_OPTION, "variance is");
    o = options(2, RITZ_PCA_AUTO);
    o.dtype = RITZ_F16;
    refused(p, "dtype float16", good, &o, RITZ_ERR_OPTION, "dtype is float16");
    o = options(2, RITZ_PCA_RANDOMIZED);
    o.oversampling = -3;
    refused(p, "oversampling", good, &o, RITZ_ERR_OPTION, "oversampling is -3");
    o = options(2, RITZ_PCA_RANDOMIZED);
    o.power_iterations = -2;
    refused(p, "powers", good, &o, RITZ_ERR_OPTION, "power_iterations is -2");
    o = options(2, RITZ_PCA_AUTO);
    o.block_rows = -1;
    refused(p, "block rows", good, &o, RITZ_ERR_OPTION, "block_rows is -1");
    o = options(2, RITZ_PCA_AUTO);
    o.size = 1;
    refused(p, "options size", good, &o, RITZ_ERR_OPTION, "opts has size 1");
    refused(p, "an empty source", (ritz_rows){.kind = (ritz_rows_kind)0}, NULL, RITZ_ERR_ARGUMENT,
            "source");
    refused(p, "no file", ritz_rows_file("does-not-exist.npy"), NULL, RITZ_ERR_IO,
            "does-not-exist.npy");
    refused(p, "no path", ritz_rows_file(NULL), NULL, RITZ_ERR_ARGUMENT, "source");
    refused(p, "no function", ritz_rows_callback(RITZ_F64, N, C, 0, NULL, NULL), NULL,
            RITZ_ERR_ARGUMENT, "function");
    refused(p, "integers from a function", ritz_rows_callback(RITZ_I32, N, C, 0, feed, NULL), NULL,
            RITZ_ERR_DTYPE, "int32");

    struct feeder feeder = {.values = x, .rows = N, .answer = RITZ_ERR_IO};
    o = options(2, RITZ_PCA_COVARIANCE);
    o.block_rows = 10;
    refused(p, "a function that fails", ritz_rows_callback(RITZ_F64, N, C, 0, feed, &feeder), &o,
            RITZ_ERR_IO, "");
    feeder = (struct feeder){.values = x, .rows = N, .silent = true};
    refused(p, "a function that stops", ritz_rows_callback(RITZ_F64, N, C, 0, feed, &feeder), &o,
            RITZ_ERR_IO, "rows are missing");

    for (int method = RITZ_PCA_AUTO; method <= RITZ_PCA_DUAL; method++) {
        char words[32];
        for (int bad = 0; bad < N; bad += 13) {
            const double kept = x[bad * C + bad % C];
            o = options(2, (ritz_pca_method)method);
            o.block_rows = 4;
            snprintf(words, sizeof words, "ritz_pca_fit|row %d ", bad);
            x[bad * C + bad % C] = bad % 2 ? (double)NAN : (double)INFINITY;
            refused(p, "a row that is not finite", good, &o, RITZ_ERR_NOT_FINITE, words);
            x[bad * C + bad % C] = kept;
        }
        progress_calls = 0;
        o = options(2, (ritz_pca_method)method);
        o.block_rows = 4;
        o.progress = never_stop;
        struct fit f;
        if (begin_case(p, "pca_fit %s with progress", pca_method_names[method])) {
            if (fit_rows(p, good, &o, &f))
                (void)expect(progress_calls > 0, "progress was never told");
            forget_fit(p, &f);
        }
    }
    progress_calls = 0;
    stop_at = 2;
    o = options(2, RITZ_PCA_COVARIANCE);
    o.block_rows = 4;
    o.progress = stop_soon;
    refused(p, "cancelled", good, &o, RITZ_ERR_CANCELLED, "ritz_pca_fit|covariance");
    stop_at = 1;
    for (int method = RITZ_PCA_RANDOMIZED; method <= RITZ_PCA_DUAL; method++) {
        progress_calls = 0;
        o.method = (ritz_pca_method)method;
        refused(p, "cancelled at once", good, &o, RITZ_ERR_CANCELLED, "ritz_pca_fit");
    }
}

static void transform_refusals(const struct place *p)
{
    if (!begin_case(p, "pca_transform and its relatives: wrong arguments")) return;
    enum { N = 30, C = SOURCE_COLS };
    double x[N * C], host[N * C];
    for (int i = 0; i < N * C; i++) x[i] = (double)((i * 37) % 101);
    ritz_pca_options o = options(3, RITZ_PCA_EXACT);
    struct fit f;
    if (!fit_rows(p, ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, N, C, RITZ_ROW_MAJOR)), &o, &f))
        return;
    omat a = matgen_uniform(1, 6, C);
    struct scene sc;
    scene_begin(&sc, p);
    const ritz_dmat X = add_input(&sc, "X", RITZ_F64, COL_PLAIN, 1, SHARE_NONE, &a)->mat;
    const ritz_dmat Y =
        add(&sc, "Y", ROLE_INPUT, RITZ_F64, COL_PLAIN, 6, 3, 1, SHARE_NONE, NULL)->mat;
    scene_upload(&sc);
    ritz_dmat single = X;
    single.dtype = RITZ_F32;
    const ritz_pca_transform_options bad = {1, 0};
    (void)expect_error(ritz_pca_transform(p->s, NULL, X, Y, NULL), RITZ_ERR_ARGUMENT,
                       "ritz_pca_transform|pca is NULL");
    (void)expect_error(ritz_pca_transform(NULL, f.pca, X, Y, NULL), RITZ_ERR_ARGUMENT,
                       "ritz_pca_transform|stream");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, single, Y, NULL), RITZ_ERR_DTYPE,
                       "ritz_pca_transform|X is float32");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, ritz_cols(X, 0, 5), Y, NULL), RITZ_ERR_SHAPE,
                       "X has 5 columns|7");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, X, ritz_cols(Y, 0, 2), NULL), RITZ_ERR_SHAPE,
                       "Y is 6 x 2|6 x 3");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, X, ritz_read_only(Y), NULL),
                       RITZ_ERR_READ_ONLY, "Y");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, X, ritz_cols(X, 1, 3), NULL),
                       RITZ_ERR_OVERLAP, "Y|X");
    (void)expect_error(ritz_pca_transform(p->s, f.pca, X, Y, &bad), RITZ_ERR_OPTION,
                       "opts has size 1");
    (void)expect_error(ritz_pca_inverse_transform(p->s, f.pca, Y, ritz_cols(X, 0, 4), NULL),
                       RITZ_ERR_SHAPE, "ritz_pca_inverse_transform|X has 4");
    (void)expect_error(ritz_pca_inverse_transform(p->s, f.pca, Y, ritz_pca_components(f.pca), NULL),
                       RITZ_ERR_READ_ONLY, "X");
    (void)expect_error(ritz_pca_inverse_transform(p->s, NULL, Y, X, NULL), RITZ_ERR_ARGUMENT,
                       "pca is NULL");
    const ritz_rows rows = ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, N, C, RITZ_ROW_MAJOR));
    const ritz_hmat out = ritz_hmat_wrap(host, RITZ_F64, N, 3, RITZ_ROW_MAJOR);
    (void)expect_error(
        ritz_pca_transform_rows(p->s, f.pca, rows, ritz_hmat_block(out, 0, 0, N - 1, 3), NULL),
        RITZ_ERR_SHAPE, "Y is 29 x 3|30 x 3");
    (void)expect_error(
        ritz_pca_transform_rows(p->s, f.pca,
                                ritz_rows_hmat(ritz_hmat_wrap(x, RITZ_F64, N, 5, RITZ_ROW_MAJOR)),
                                out, NULL),
        RITZ_ERR_SHAPE, "ritz_pca_transform_rows|5 columns|7");
    (void)expect_error(ritz_pca_transform_rows(p->s, f.pca, rows,
                                               ritz_hmat_wrap(host, RITZ_I32, N, 3, RITZ_ROW_MAJOR),
                                               NULL),
                       RITZ_ERR_DTYPE, "int32");
    (void)expect_error(
        ritz_pca_transform_rows(p->s, f.pca, ritz_rows_file("does-not-exist.npy"), out, NULL),
        RITZ_ERR_IO, "does-not-exist.npy");
    (void)expect_error(ritz_pca_destroy(NULL, &f.pca), RITZ_ERR_ARGUMENT, "stream");
    (void)expect(f.pca != NULL, "the model is gone although it was not destroyed");
    (void)expect(ritz_pca_components(NULL).device == NULL && ritz_pca_mean(NULL).device == NULL,
                 "views of nothing");
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
    forget_fit(p, &f);
    omat_destroy(&a);
}

void test_pca_sources(const struct place *p)
{
    for (int source = 0; source < SOURCES; source++)
        for (int method = RITZ_PCA_AUTO; method <= RITZ_PCA_DUAL; method++)
            source_one(p, (enum source)source, (ritz_pca_method)method, method % 2 ? 8 : 0);
    refusals(p);
    transform_refusals(p);
}
