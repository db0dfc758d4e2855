/* Fits of principal components that are interrupted, and go on from a checkpoint.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/pca.h"

enum { N = 90, COLS = 7, K = 3, BLOCK = 16, BLOCKS = (N + BLOCK - 1) / BLOCK, ROOM = 4096 };

static const char *path(void)
{
    return own_file("pca.checkpoint");
}

static bool there(void)
{
    struct stat status;
    return stat(path(), &status) == 0;
}

static size_t slurp(unsigned char *bytes)
{
    FILE *f = fopen(path(), "rb");
    if (!f) return 0;
    const size_t got = fread(bytes, 1, ROOM, f);
    (void)fclose(f);
    return got;
}

static void spill(const unsigned char *bytes, size_t count)
{
    FILE *f = fopen(path(), "wb");
    if (!f || fwrite(bytes, 1, count, f) != count || fclose(f) != 0) abort();
}

/* ---- rows, by a function that is asked for as many as fit ------------------------------------ */

struct source {
    double rows[N * COLS];
    int64_t next;
    int64_t blocks, stop_after; /* told so far; the one that stops, or 0 */
};

static ritz_status deliver(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                           int64_t *delivered)
{
    struct source *t = context;
    if (rewind) {
        t->next = 0;
        return RITZ_OK;
    }
    *delivered = count < N - t->next ? count : N - t->next;
    for (int64_t i = 0; i < *delivered; i++)
        memcpy((double *)dst + i * ld, t->rows + (t->next + i) * COLS, COLS * sizeof(double));
    t->next += *delivered;
    return RITZ_OK;
}

static int stop(void *context, const char *phase, int64_t done, int64_t total)
{
    struct source *t = context;
    (void)phase;
    (void)done;
    (void)total;
    return ++t->blocks == t->stop_after;
}

/* `squeezed`: the last directions are so small that their squares are lost, so that the covariance
 * method falls back to the exact one. */
static void fill(struct source *t, bool squeezed)
{
    omat x = make_data(501, N, COLS, squeezed ? 1e-3 : 0.5, 1);
    memset(t, 0, sizeof *t);
    for (int64_t i = 0; i < N; i++)
        for (int64_t j = 0; j < COLS; j++) t->rows[i * COLS + j] = (double)OMAT_AT(x, i, j);
    omat_destroy(&x);
}

static ritz_rows rows_of(struct source *t, bool once)
{
    t->next = 0;
    return ritz_rows_callback(RITZ_F64, N, COLS, once, deliver, t);
}

static ritz_pca_options options_of(struct source *t, ritz_pca_method method, ritz_dtype dtype)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.method = method;
    opts.dtype = dtype;
    opts.components = K;
    opts.block_rows = BLOCK;
    opts.progress = stop;
    opts.progress_context = t;
    if (method == RITZ_PCA_RANDOMIZED) {
        opts.power_iterations = 1;
        opts.memory = 7500; /* too little for the rows, enough for a block of them */
    }
    return opts;
}

/* Stop after block number `after`; true if the fit was so long. */
static bool interrupted(const struct place *p, struct source *t, const ritz_pca_options *opts,
                        bool once, int64_t after)
{
    ritz_pca *pca = NULL;
    t->blocks = 0;
    t->stop_after = after;
    const ritz_status status = ritz_pca_fit(p->s, rows_of(t, once), opts, &pca, NULL);
    t->stop_after = 0;
    if (status == RITZ_OK) {
        (void)expect_ok(ritz_pca_destroy(p->s, &pca));
        return false;
    }
    (void)expect_error(status, RITZ_ERR_CANCELLED, "stopped");
    (void)expect(there(), "there is no checkpoint");
    return true;
}

/* ---- going on -------------------------------------------------------------------------------- */

struct work {
    const char *name;
    ritz_pca_method method;
    ritz_dtype dtype;
    int64_t components;
    bool squeezed, once;
    int passes; /* over the blocks */
};

static void expect_same(const struct fit *a, const struct fit *b)
{
    (void)expect(largest_difference(a->components, b->components) == 0 &&
                     largest_difference(a->mean, b->mean) == 0 &&
                     largest_difference(a->variance, b->variance) == 0 &&
                     largest_difference(a->singular, b->singular) == 0,
                 "the models differ");
    (void)expect(a->report.method == b->report.method && a->report.passes == b->report.passes,
                 "method %s in %d passes, then %s in %d", a->report.method_name, a->report.passes,
                 b->report.method_name, b->report.passes);
}

/* Interrupted after every block; `seconds`: how often the state is saved. */
static void go_on(const struct place *p, const struct work *w, double seconds)
{
    if (!begin_case(p, "pca checkpoint %s, saved every %g s", w->name, seconds)) return;
    struct source t;
    struct fit whole, f;
    fill(&t, w->squeezed);
    ritz_pca_options opts = options_of(&t, w->method, w->dtype);
    opts.components = w->components;
    (void)unlink(path());
    if (fit_rows(p, rows_of(&t, w->once), &opts, &whole)) {
        (void)expect(whole.report.resumed == 0 && whole.report.checkpoints == 0 && !there(),
                     "a checkpoint that nobody asked for");
        opts.checkpoint = path();
        opts.checkpoint_seconds = seconds;
        int64_t after = 1;
        for (; interrupted(p, &t, &opts, w->once, after); after++) {
            const int64_t pass = (after - 1) / BLOCKS, block = (after - 1) % BLOCKS + 1;
            const int64_t done = pass * N + (block == BLOCKS ? N : block * BLOCK);
            if (fit_rows(p, rows_of(&t, w->once), &opts, &f)) {
                expect_same(&whole, &f);
                (void)expect(f.report.resumed == done, "%lld rows were done, not %lld",
                             (long long)f.report.resumed, (long long)done);
                (void)expect(f.report.checkpoints == (seconds > 0 ? w->passes * BLOCKS - after : 0),
                             "%d savings", f.report.checkpoints);
            }
            forget_fit(p, &f);
            (void)expect(!there(), "the checkpoint was left after the fit");
        }
        (void)expect(after == w->passes * BLOCKS + 1, "%lld blocks", (long long)after - 1);
    }
    forget_fit(p, &whole);
    (void)unlink(path());
}

/* Stopped again and again, it makes progress. */
static void many_times(const struct place *p, ritz_pca_method method)
{
    if (!begin_case(p, "pca checkpoint %s, stopped after each block", pca_method_names[method]))
        return;
    struct source t;
    struct fit whole, f;
    fill(&t, false);
    ritz_pca_options opts = options_of(&t, method, RITZ_F32);
    (void)fit_rows(p, rows_of(&t, false), &opts, &whole);
    opts.checkpoint = path();
    for (int i = 0; i < BLOCKS - 1; i++) (void)interrupted(p, &t, &opts, false, 1);
    if (fit_rows(p, rows_of(&t, false), &opts, &f)) {
        expect_same(&whole, &f);
        (void)expect(f.report.resumed == (BLOCKS - 1) * BLOCK, "%lld rows were done",
                     (long long)f.report.resumed);
    }
    forget_fit(p, &f);
    forget_fit(p, &whole);
    (void)unlink(path());
}

/* Stops in the second block of phase "qr". */
static int stop_in_qr(void *context, const char *phase, int64_t done, int64_t total)
{
    int *blocks = context;
    (void)done;
    (void)total;
    return strcmp(phase, "qr") == 0 && ++*blocks == 2;
}

/* The blocks that the library takes differ from pass to pass. */
static void blocks_of_other_sizes(const struct place *p)
{
    if (!begin_case(p, "pca checkpoint, one block of the covariance, then several of the QR"))
        return;
    const int64_t rows = 2500;
    double *numbers = calloc((size_t)(rows * COLS), sizeof *numbers);
    if (!numbers) abort();
    omat x = make_data(502, rows, COLS, 1e-3, 1);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < COLS; j++) numbers[i * COLS + j] = (double)OMAT_AT(x, i, j);
    omat_destroy(&x);
    const ritz_rows source =
        ritz_rows_hmat(ritz_hmat_wrap_const(numbers, RITZ_F64, rows, COLS, RITZ_ROW_MAJOR));
    struct fit whole, f;
    ritz_pca *pca = NULL;
    int blocks = 0;
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.components = COLS;
    (void)unlink(path());
    (void)fit_rows(p, source, &opts, &whole);
    opts.checkpoint = path();
    opts.progress = stop_in_qr;
    opts.progress_context = &blocks;
    (void)expect_error(ritz_pca_fit(p->s, source, &opts, &pca, NULL), RITZ_ERR_CANCELLED, "qr");
    if (fit_rows(p, source, &opts, &f)) {
        expect_same(&whole, &f);
        (void)expect(f.report.resumed > rows, "%lld rows were done", (long long)f.report.resumed);
    }
    forget_fit(p, &f);
    forget_fit(p, &whole);
    free(numbers);
    (void)unlink(path());
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void refused(const struct place *p, struct source *t, const ritz_pca_options *opts,
                    ritz_status code, const char *words)
{
    ritz_pca *pca = NULL;
    (void)expect_error(ritz_pca_fit(p->s, rows_of(t, false), opts, &pca, NULL), code, words);
    (void)expect(pca == NULL, "a model in spite of the error");
    (void)expect(there(), "the checkpoint is gone");
}

static void other_work(const struct place *p, ritz_pca_method method)
{
    if (!begin_case(p, "pca checkpoint of other work, %s", pca_method_names[method])) return;
    struct source t, other;
    fill(&t, false);
    ritz_pca_options opts = options_of(&t, method, RITZ_F64), o;
    opts.checkpoint = path();
    (void)interrupted(p, &t, &opts, false, 4);

    other = t;
    other.rows[2 * COLS] += 1e-9; /* in the first block */
    refused(p, &other, &opts, RITZ_ERR_STATE, "other data|rows 0 to 15");
    other = t;
    other.rows[50 * COLS] *= 1 + 1e-12; /* in the last one visited */
    refused(p, &other, &opts, RITZ_ERR_STATE, "other data|rows 48 to 63");
    ritz_pca *pca = NULL;
    (void)expect_error(ritz_pca_fit(p->s, ritz_rows_callback(RITZ_F64, N - 1, COLS, 0, deliver, &t),
                                    &opts, &pca, NULL),
                       RITZ_ERR_STATE, "other data|90 x 7|89 x 7");
    o = opts;
    o.components = K - 1;
    refused(p, &t, &o, RITZ_ERR_STATE, "components");
    o = opts;
    o.method = method == RITZ_PCA_EXACT ? RITZ_PCA_COVARIANCE : RITZ_PCA_EXACT;
    refused(p, &t, &o, RITZ_ERR_STATE, "method");
    o = opts;
    o.dtype = RITZ_F32;
    refused(p, &t, &o, RITZ_ERR_STATE, "float64|float32");
    o = opts;
    o.block_rows = BLOCK + 1;
    refused(p, &t, &o, RITZ_ERR_STATE, "blocks of 16 rows|of 17");
    o = opts;
    o.seed = 9;
    refused(p, &t, &o, RITZ_ERR_STATE, "seed");
    struct fit f; /* after all that it is as good as before */
    if (fit_rows(p, rows_of(&t, false), &opts, &f))
        (void)expect(f.report.resumed == 4 * BLOCK, "%lld rows", (long long)f.report.resumed);
    forget_fit(p, &f);
    (void)unlink(path());
}

static void damaged(const struct place *p)
{
    if (!begin_case(p, "pca checkpoints that are damaged")) return;
    struct source t;
    unsigned char good[ROOM], bytes[ROOM];
    fill(&t, false);
    ritz_pca_options opts = options_of(&t, RITZ_PCA_COVARIANCE, RITZ_F64);
    opts.checkpoint = path();
    (void)interrupted(p, &t, &opts, false, 2);
    const size_t size = slurp(good), step = full_level() ? 1 : 11;
    if (!expect(size > 500 && size < ROOM, "%zu bytes", size)) abort();
    for (size_t i = 0; i < size; i += step) {
        memcpy(bytes, good, size);
        bytes[i] ^= (unsigned char)(1u << (i % 8));
        spill(bytes, size);
        refused(p, &t, &opts, RITZ_ERR_FORMAT, path());
    }
    for (size_t count = 0; count < size; count += 17 * step) {
        spill(good, count);
        refused(p, &t, &opts, RITZ_ERR_FORMAT, path());
    }
    memcpy(bytes, good, size);
    bytes[12] = 9;
    spill(bytes, size);
    refused(p, &t, &opts, RITZ_ERR_FORMAT, "version 9|reads version 1");
    (void)unlink(path());

    ritz_pca_stats *stats = NULL;
    (void)expect_ok(ritz_pca_stats_create(p->s, RITZ_F64, COLS, NULL, &stats));
    (void)expect_ok(ritz_pca_stats_save(p->s, stats, path()));
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &stats));
    refused(p, &t, &opts, RITZ_ERR_STATE, "other work|pca stats");
    (void)unlink(path());
}

/* A place that cannot be written is refused before the work; a state with a NaN is not saved, so
 * that the work can go on once the row is mended. */
static void no_checkpoint(const struct place *p)
{
    if (!begin_case(p, "pca checkpoints that cannot be made")) return;
    struct source t;
    struct fit whole, f;
    ritz_pca *pca = NULL;
    fill(&t, false);
    ritz_pca_options opts = options_of(&t, RITZ_PCA_EXACT, RITZ_F64);
    (void)fit_rows(p, rows_of(&t, false), &opts, &whole);
    opts.checkpoint = "no such directory/a.checkpoint";
    t.blocks = 0;
    (void)expect_error(ritz_pca_fit(p->s, rows_of(&t, false), &opts, &pca, NULL), RITZ_ERR_IO,
                       "no such directory");
    (void)expect(t.blocks == 0, "%lld blocks were read", (long long)t.blocks);
    opts.checkpoint = "";
    (void)expect_error(ritz_pca_fit(p->s, rows_of(&t, false), &opts, &pca, NULL), RITZ_ERR_OPTION,
                       "checkpoint|empty");
    opts.checkpoint = path();
    opts.checkpoint_seconds = 1e-9;
    const double right = t.rows[70 * COLS];
    t.rows[70 * COLS] = (double)NAN;
    refused(p, &t, &opts, RITZ_ERR_NOT_FINITE, "row 70");
    t.rows[70 * COLS] = right;
    if (fit_rows(p, rows_of(&t, false), &opts, &f)) {
        expect_same(&whole, &f);
        (void)expect(f.report.resumed == 4 * BLOCK, "%lld rows", (long long)f.report.resumed);
    }
    forget_fit(p, &f);
    forget_fit(p, &whole);
    (void)unlink(path());
}

static const struct work works[] = {
    {"covariance", RITZ_PCA_COVARIANCE, RITZ_F64, K, false, false, 1},
    {"covariance float32", RITZ_PCA_COVARIANCE, RITZ_F32, K, false, false, 1},
    {"exact", RITZ_PCA_EXACT, RITZ_F64, K, false, false, 1},
    {"exact of rows that come once", RITZ_PCA_EXACT, RITZ_F32, K, false, true, 1},
    {"incremental", RITZ_PCA_INCREMENTAL, RITZ_F32, 1, false, false, 1},
    {"randomized", RITZ_PCA_RANDOMIZED, RITZ_F64, K, false, false, 3},
    {"randomized float32", RITZ_PCA_RANDOMIZED, RITZ_F32, K, false, false, 3},
    {"covariance, then exact", RITZ_PCA_AUTO, RITZ_F64, COLS, true, false, 2},
};

void test_pca_checkpoint(const struct place *p)
{
    const int count = (int)(sizeof works / sizeof works[0]);
    for (int i = 0; i < count; i++) {
        go_on(p, &works[i], 1e-9);
        if (full_level()) go_on(p, &works[i], 0);
    }
    many_times(p, RITZ_PCA_COVARIANCE);
    many_times(p, RITZ_PCA_EXACT);
    blocks_of_other_sizes(p);
    other_work(p, RITZ_PCA_COVARIANCE);
    other_work(p, RITZ_PCA_INCREMENTAL);
    other_work(p, RITZ_PCA_RANDOMIZED);
    damaged(p);
    no_checkpoint(p);
}
