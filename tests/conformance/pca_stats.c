/* Statistics for principal components: adding, merging, files, and the model of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/pca.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
static const ritz_pca_method methods[] = {RITZ_PCA_COVARIANCE, RITZ_PCA_EXACT,
                                          RITZ_PCA_INCREMENTAL};
enum { REALS = 2, METHODS = 3 };

static const char *path(void)
{
    return own_file("pca.stats");
}

/* ---- data on the host ------------------------------------------------------------------------ */

/* X in a data type, row-major, and as it is after rounding. */
struct data {
    ritz_dtype dtype;
    unsigned char *host;
    omat X;
};

static struct data data_of(ritz_dtype dtype, omat x)
{
    const size_t size = ritz_dtype_size(dtype);
    struct data d = {dtype, calloc((size_t)(x.rows * x.cols) + 1, size),
                     omat_create(x.rows, x.cols)};
    if (!d.host) abort();
    for (int64_t i = 0; i < x.rows; i++)
        for (int64_t j = 0; j < x.cols; j++) {
            unsigned char *at = d.host + (size_t)(i * x.cols + j) * size;
            store_element(dtype, at, OMAT_AT(x, i, j));
            OMAT_AT(d.X, i, j) = load_element(dtype, at);
        }
    omat_destroy(&x);
    return d;
}

static void drop_data(struct data *d)
{
    free(d->host);
    omat_destroy(&d->X);
}

static ritz_rows rows_of(const struct data *d, int64_t first, int64_t count)
{
    const size_t offset = (size_t)(first * d->X.cols) * ritz_dtype_size(d->dtype);
    return ritz_rows_hmat(
        ritz_hmat_wrap_const(d->host + offset, d->dtype, count, d->X.cols, RITZ_ROW_MAJOR));
}

/* ---- statistics ------------------------------------------------------------------------------ */

static ritz_pca_stats *make(const struct place *p, ritz_dtype dtype, int64_t n,
                            ritz_pca_method method, int64_t k)
{
    ritz_pca_stats *stats = NULL;
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.method = method;
    opts.components = method == RITZ_PCA_INCREMENTAL ? k : 0;
    (void)expect_ok(ritz_pca_stats_create(p->s, dtype, n, &opts, &stats));
    return stats;
}

/* Rows first .. last-1 in pieces of `step`, in blocks of `block_rows`. */
static void add_pieces(const struct place *p, ritz_pca_stats *stats, const struct data *d,
                       int64_t first, int64_t last, int64_t step, int64_t block_rows)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.block_rows = block_rows;
    for (int64_t i = first; i < last; i += step)
        (void)expect_ok(ritz_pca_stats_add_rows(
            p->s, stats, rows_of(d, i, last - i < step ? last - i : step), &opts));
}

static int64_t rows_in(const ritz_pca_stats *stats)
{
    int64_t rows = -1;
    (void)expect_ok(ritz_pca_stats_shape(stats, &rows, NULL));
    return rows;
}

static omat download(const struct place *p, ritz_dmat A)
{
    double *host = calloc((size_t)(A.rows * A.cols) + 1, sizeof *host);
    if (!host) abort();
    (void)expect_ok(
        ritz_download(p->s, A, ritz_hmat_wrap(host, RITZ_F64, A.rows, A.cols, RITZ_COL_MAJOR)));
    (void)expect_ok(ritz_stream_sync(p->s));
    omat M = omat_from_f64(host, A.rows, A.cols, 1, A.rows);
    free(host);
    return M;
}

static bool fit_stats(const struct place *p, const ritz_pca_stats *stats,
                      const ritz_pca_options *opts, struct fit *f)
{
    memset(f, 0, sizeof *f);
    f->report = (ritz_pca_report)RITZ_PCA_REPORT_INIT;
    if (!expect_ok(ritz_pca_stats_fit(p->s, stats, opts, &f->pca, &f->report))) return false;
    f->components = download(p, ritz_pca_components(f->pca));
    f->mean = download(p, ritz_pca_mean(f->pca));
    f->variance = download(p, ritz_pca_explained_variance(f->pca));
    f->singular = download(p, ritz_pca_singular_values(f->pca));
    return true;
}

/* Bit for bit the same model. */
static void expect_same(const struct fit *a, const struct fit *b)
{
    (void)expect(largest_difference(a->components, b->components) == 0 &&
                     largest_difference(a->mean, b->mean) == 0 &&
                     largest_difference(a->variance, b->variance) == 0 &&
                     largest_difference(a->singular, b->singular) == 0,
                 "the models differ");
}

/* ‖Xc - Xc VᵀV‖_F / ‖Xc‖_F in long double. */
static double true_error(const struct fit *f, omat X)
{
    omat V = omat_transposed(f->components), Y = scores_of(f, X), mean = omat_transposed(f->mean);
    omat Xc = oracle_centred(X, mean), back = oracle_product(Y, f->components);
    omat lost = oracle_add(Xc, -1, back);
    const double error = (double)(oracle_norm_fro(lost) / oracle_norm_fro(Xc));
    omat *const all[] = {&V, &Y, &mean, &Xc, &back, &lost};
    for (int i = 0; i < 6; i++) omat_destroy(all[i]);
    return error;
}

/* ---- the same as a fit of all rows ----------------------------------------------------------- */

enum { N = 120, COLS = 14, K = 4 };

/* A spectrum that falls so fast that what the incremental method cuts off is below rounding. */
static omat decaying(uint64_t seed, double offset)
{
    return make_data(seed, N, COLS, 0.12, offset);
}

static void judge(const struct place *p, ritz_dtype dtype, const struct data *d,
                  const ritz_pca_stats *stats)
{
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    struct fit f;
    opts.components = K;
    (void)expect(rows_in(stats) == d->X.rows, "%lld rows", (long long)rows_in(stats));
    if (fit_stats(p, stats, &opts, &f)) check_fit(dtype, d->X, K, (double)(d->X.rows - 1), &f);
    forget_fit(p, &f);
}

static void pieces(const struct place *p, ritz_dtype dtype, ritz_pca_method method, int64_t step,
                   int64_t block_rows, double offset)
{
    if (!begin_case(p, "pca_stats %s %s pieces of %lld, blocks of %lld, offset %g",
                    ritz_dtype_name(dtype), pca_method_names[method], (long long)step,
                    (long long)block_rows, offset))
        return;
    struct data d = data_of(dtype, decaying(401, offset));
    ritz_pca_stats *stats = make(p, dtype, COLS, method, K);
    add_pieces(p, stats, &d, 0, N, step, block_rows);
    judge(p, dtype, &d, stats);
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &stats));
    drop_data(&d);
}

/* A mean of 10⁶ deviations, which in float64 has its own rounding: that of differences of means is
 * all that is lost. */
static void far_away(const struct place *p, ritz_pca_method method)
{
    const double offset = 1e6;
    if (!begin_case(p, "pca_stats %s offset %g", pca_method_names[method], offset)) return;
    struct data d = data_of(RITZ_F64, decaying(410, offset));
    const oracle_pca *all = reference_pca(d.X, N - 1);
    ritz_pca_stats *stats = make(p, RITZ_F64, COLS, method, K);
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    struct fit f;
    opts.components = K;
    add_pieces(p, stats, &d, 0, N, 50, 20);
    if (fit_stats(p, stats, &opts, &f)) {
        omat want = omat_block(all->variance, 0, 0, K, 1);
        const double first = (double)all->variance.a[0];
        (void)expect_ratio(
            "pca variances far away", RITZ_F64,
            largest_difference(want, f.variance) / (first * offset * eps_of(RITZ_F64)), 30);
        omat_destroy(&want);
    }
    forget_fit(p, &f);
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &stats));
    drop_data(&d);
}

/* Halves of very different means: the row between them carries it all. */
static void halves(const struct place *p, ritz_dtype dtype, ritz_pca_method method, int64_t at)
{
    if (!begin_case(p, "pca_stats merge %s %s at %lld", ritz_dtype_name(dtype),
                    pca_method_names[method], (long long)at))
        return;
    omat x = decaying(402, 1);
    for (int64_t j = 0; j < COLS; j++)
        for (int64_t i = at; i < N; i++) OMAT_AT(x, i, j) += (long double)(3 * (j % 3));
    struct data d = data_of(dtype, x);
    ritz_pca_stats *stats = make(p, dtype, COLS, method, K);
    ritz_pca_stats *other = make(p, dtype, COLS, method, K);
    add_pieces(p, stats, &d, 0, at, N, 0);
    add_pieces(p, other, &d, at, N, N, 0);
    (void)expect_ok(ritz_pca_stats_merge(p->s, stats, other));
    (void)expect(rows_in(other) == N - at, "the other has %lld rows", (long long)rows_in(other));
    judge(p, dtype, &d, stats);
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &stats));
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &other));
    drop_data(&d);
}

/* ---- what the incremental method cuts off ---------------------------------------------------- */

static void truncated(const struct place *p, ritz_dtype dtype, double decay, int64_t block_rows)
{
    enum { ROWS = 400, WIDE = 60, KEPT = 5 };
    if (!begin_case(p, "pca_stats incremental %s decay %g, blocks of %lld", ritz_dtype_name(dtype),
                    decay, (long long)block_rows))
        return;
    struct data d = data_of(dtype, make_data(403, ROWS, WIDE, decay, 1));
    const oracle_pca *all = reference_pca(d.X, ROWS - 1);
    ritz_pca_stats *stats = make(p, dtype, WIDE, RITZ_PCA_INCREMENTAL, KEPT);
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    struct fit f;
    add_pieces(p, stats, &d, 0, ROWS, ROWS, block_rows);
    opts.components = KEPT;
    if (fit_stats(p, stats, &opts, &f)) {
        const double error = true_error(&f, d.X), eps = eps_of(dtype);
        const double total = (double)all->total, first = (double)all->variance.a[0];
        long double lost = 0;
        for (int64_t i = KEPT; i < WIDE; i++) lost += all->variance.a[i];
        (void)expect(f.report.error_kind == RITZ_ERROR_BOUND, "error kind %d",
                     (int)f.report.error_kind);
        (void)expect_bound("pca incremental error", dtype, error, f.report.error);
        (void)expect(f.report.error <= 1.6 * sqrt((double)lost / total) + 40 * sqrt(eps),
                     "the bound %g of an error of %g is of no use", f.report.error, error);
        (void)expect_ratio("pca total variance", dtype,
                           fabs(f.report.total_variance - total) / (total * ROWS * eps), 30);
        for (int64_t i = 0; i < KEPT; i++) {
            const double missing = (double)(all->variance.a[i] - f.variance.a[i]);
            (void)expect_bound("pca incremental variance", dtype, -missing,
                               30 * ROWS * eps * first);
            (void)expect_bound("pca incremental variance", dtype, missing,
                               first * (f.report.value_accuracy + 30 * ROWS * eps));
        }
    }
    forget_fit(p, &f);
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &stats));
    drop_data(&d);
}

/* The route of ritz_pca_fit, asked for. */
static void route(const struct place *p, ritz_dtype dtype)
{
    if (!begin_case(p, "pca_fit incremental %s", ritz_dtype_name(dtype))) return;
    struct data d = data_of(dtype, decaying(404, 2));
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    ritz_pca_report r = RITZ_PCA_REPORT_INIT;
    ritz_pca *none = NULL;
    struct fit f;
    opts.method = RITZ_PCA_INCREMENTAL;
    opts.variance = 0.5;
    (void)expect_error(ritz_pca_fit(p->s, rows_of(&d, 0, N), &opts, &none, &r), RITZ_ERR_OPTION,
                       "incremental|components");
    opts.variance = 0;
    opts.components = K;
    if (fit_rows(p, rows_of(&d, 0, N), &opts, &f)) {
        check_fit(dtype, d.X, K, N - 1, &f);
        (void)expect(f.report.passes == 1, "%d passes", f.report.passes);
    }
    forget_fit(p, &f);
    drop_data(&d);
}

/* Of the smallest k whose lost part is small enough; a tolerance whose square is nothing beside 1
 * too. */
static void tolerance(const struct place *p, ritz_dtype dtype, ritz_pca_method method, double tol)
{
    if (!begin_case(p, "pca_stats %s %s tolerance %g", ritz_dtype_name(dtype),
                    pca_method_names[method], tol))
        return;
    struct data d = data_of(dtype, make_data(405, N, COLS, 0.2, 0));
    const oracle_pca *all = reference_pca(d.X, N - 1);
    long double lost = 0;
    int64_t k = COLS;
    for (; k > 1; k--) {
        lost += all->variance.a[k - 1];
        if (lost > (long double)(tol * tol) * all->total) break;
    }
    ritz_pca_stats *stats = make(p, dtype, COLS, method, K);
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    struct fit f;
    add_pieces(p, stats, &d, 0, N, N, 0);
    opts.tolerance = tol;
    if (fit_stats(p, stats, &opts, &f))
        (void)expect(f.components.rows == k, "%lld components, not %lld",
                     (long long)f.components.rows, (long long)k);
    forget_fit(p, &f);
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &stats));
    drop_data(&d);
}

/* ---- errors leave everything as it was ------------------------------------------------------- */

static int stop(void *context, const char *phase, int64_t done, int64_t total)
{
    (void)context;
    (void)phase;
    (void)total;
    return done >= N / 2;
}

static void errors(const struct place *p, ritz_dtype dtype, ritz_pca_method method)
{
    if (!begin_case(p, "pca_stats %s %s errors", ritz_dtype_name(dtype), pca_method_names[method]))
        return;
    struct data d = data_of(dtype, decaying(406, 1));
    omat x = decaying(407, 1);
    OMAT_AT(x, 71, 3) = (long double)NAN;
    struct data bad = data_of(dtype, x), narrow = data_of(dtype, matgen_uniform(1, N, COLS - 1));
    ritz_pca_stats *stats = make(p, dtype, COLS, method, K);
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    struct fit before, after;
    add_pieces(p, stats, &d, 0, N, N, 0);
    (void)fit_stats(p, stats, NULL, &before);
    (void)expect_error(ritz_pca_stats_add_rows(p->s, stats, rows_of(&bad, 0, N), NULL),
                       RITZ_ERR_NOT_FINITE, "row 71");
    (void)expect_error(ritz_pca_stats_add_rows(p->s, stats, rows_of(&narrow, 0, N), NULL),
                       RITZ_ERR_SHAPE, "13|14");
    opts.block_rows = N / 4;
    opts.progress = stop;
    (void)expect_error(ritz_pca_stats_add_rows(p->s, stats, rows_of(&d, 0, N), &opts),
                       RITZ_ERR_CANCELLED, "stopped|60 of 120");
    (void)expect_error(
        ritz_pca_stats_add_rows(p->s, stats, ritz_rows_file("no such file.npy"), NULL), RITZ_ERR_IO,
        "no such file.npy");
    (void)expect(rows_in(stats) == N, "%lld rows", (long long)rows_in(stats));
    if (fit_stats(p, stats, NULL, &after)) expect_same(&before, &after);
    forget_fit(p, &before);
    forget_fit(p, &after);
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &stats));
    drop_data(&d);
    drop_data(&bad);
    drop_data(&narrow);
}

static void cannot_merge(const struct place *p)
{
    if (!begin_case(p, "pca_stats that cannot be merged")) return;
    ritz_pca_stats *stats = make(p, RITZ_F64, COLS, RITZ_PCA_COVARIANCE, K), *none = NULL;
    ritz_pca_stats *others[] = {
        make(p, RITZ_F64, COLS + 1, RITZ_PCA_COVARIANCE, K),
        make(p, RITZ_F32, COLS, RITZ_PCA_COVARIANCE, K),
        make(p, RITZ_F64, COLS, RITZ_PCA_EXACT, K),
    };
    static const ritz_status codes[] = {RITZ_ERR_SHAPE, RITZ_ERR_DTYPE, RITZ_ERR_ARGUMENT};
    static const char *const words[] = {"14|15", "float32|float64", "covariance|exact"};
    for (int i = 0; i < 3; i++) {
        (void)expect_error(ritz_pca_stats_merge(p->s, stats, others[i]), codes[i], words[i]);
        (void)expect_ok(ritz_pca_stats_destroy(p->s, &others[i]));
    }
    (void)expect_error(ritz_pca_stats_merge(p->s, stats, stats), RITZ_ERR_OVERLAP, "themselves");
    (void)expect_error(ritz_pca_stats_merge(p->s, stats, NULL), RITZ_ERR_ARGUMENT, "other");
    ritz_pca *pca = NULL;
    (void)expect_error(ritz_pca_stats_fit(p->s, stats, NULL, &pca, NULL), RITZ_ERR_SHAPE,
                       "two rows");
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &stats));
    ritz_pca_options opts = RITZ_PCA_DEFAULTS;
    opts.method = RITZ_PCA_DUAL;
    (void)expect_error(ritz_pca_stats_create(p->s, RITZ_F64, 3, &opts, &none), RITZ_ERR_OPTION,
                       "dual");
    opts.method = RITZ_PCA_INCREMENTAL;
    (void)expect_error(ritz_pca_stats_create(p->s, RITZ_F64, 3, &opts, &none), RITZ_ERR_OPTION,
                       "components");
    (void)expect_error(ritz_pca_stats_create(p->s, RITZ_I32, 3, NULL, &none), RITZ_ERR_DTYPE,
                       "int32");
    (void)expect(none == NULL, "an object in spite of errors");
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Saved and loaded, statistics go on as if nothing had been, bit for bit. */
static void round_trip(const struct place *p, ritz_dtype dtype, ritz_pca_method method)
{
    if (!begin_case(p, "pca_stats %s %s save and load", ritz_dtype_name(dtype),
                    pca_method_names[method]))
        return;
    struct data d = data_of(dtype, decaying(408, 1));
    ritz_pca_stats *stats = make(p, dtype, COLS, method, K), *loaded = NULL;
    struct fit a, b;
    add_pieces(p, stats, &d, 0, 70, 35, 0);
    (void)expect_ok(ritz_pca_stats_save(p->s, stats, path()));
    (void)expect_ok(ritz_pca_stats_load(p->s, path(), &loaded));
    (void)unlink(path());
    add_pieces(p, stats, &d, 70, N, N, 0);
    add_pieces(p, loaded, &d, 70, N, N, 0);
    if (fit_stats(p, stats, NULL, &a) && fit_stats(p, loaded, NULL, &b)) {
        expect_same(&a, &b);
        forget_fit(p, &b);
    }
    forget_fit(p, &a);
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &stats));
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &loaded));
    drop_data(&d);
}

enum { ROOM = 2048 };

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

static void refused(const struct place *p, const char *words)
{
    ritz_pca_stats *stats = NULL;
    (void)expect_error(ritz_pca_stats_load(p->s, path(), &stats), RITZ_ERR_FORMAT, words);
    (void)expect(stats == NULL, "an object in spite of the error");
}

/* Every byte changed, every length: all refused. */
static void damaged(const struct place *p)
{
    if (!begin_case(p, "pca_stats files that are damaged")) return;
    struct data d = data_of(RITZ_F64, matgen_uniform(409, 5, 2));
    ritz_pca_stats *stats = make(p, RITZ_F64, 2, RITZ_PCA_COVARIANCE, K), *none = NULL;
    unsigned char good[ROOM], bytes[ROOM];
    add_pieces(p, stats, &d, 0, 5, 5, 0);
    (void)expect_ok(ritz_pca_stats_save(p->s, stats, path()));
    const size_t size = slurp(good), step = full_level() ? 1 : 7;
    if (!expect(size > 500 && size < ROOM, "%zu bytes", size)) abort();
    for (size_t i = 0; i < size; i += step) {
        memcpy(bytes, good, size);
        bytes[i] ^= (unsigned char)(1u << (i % 8));
        spill(bytes, size);
        refused(p, path());
    }
    for (size_t count = 0; count < size; count += 13 * step) {
        spill(good, count);
        refused(p, path());
    }
    memcpy(bytes, good, size);
    bytes[size] = 0;
    spill(bytes, size + 1);
    refused(p, "longer");
    bytes[12]++; /* the version */
    spill(bytes, size);
    refused(p, "version 2|reads version 1");
    memcpy(bytes + 8, "\1\2\3\4", 4);
    spill(bytes, size);
    refused(p, "byte order");
    spill((const unsigned char *)"a,b\n1,2\n", 8);
    refused(p, "no file of PCA statistics");
    ritz_lstsq_stats *foreign = NULL;
    (void)expect_ok(ritz_lstsq_stats_create(p->s, RITZ_F64, 2, 40, &foreign));
    (void)expect_ok(ritz_lstsq_stats_save(p->s, foreign, path()));
    (void)expect_ok(ritz_lstsq_stats_destroy(p->s, &foreign));
    refused(p, "no file of PCA statistics");
    (void)unlink(path());
    (void)expect_error(ritz_pca_stats_load(p->s, path(), &none), RITZ_ERR_IO, path());
    (void)expect_error(ritz_pca_stats_save(p->s, stats, "no such directory/a.stats"), RITZ_ERR_IO,
                       "no such directory");
    (void)expect_ok(ritz_pca_stats_destroy(p->s, &stats));
    drop_data(&d);
}

void test_pca_stats(const struct place *p)
{
    for (int t = 0; t < REALS; t++)
        for (int m = 0; m < METHODS; m++) {
            pieces(p, reals[t], methods[m], N, 0, 1);
            pieces(p, reals[t], methods[m], 17, 5, 1);
            pieces(p, reals[t], methods[m], 1, 0, 0);
            halves(p, reals[t], methods[m], N / 2);
            halves(p, reals[t], methods[m], 3);
            halves(p, reals[t], methods[m], N - 1);
            tolerance(p, reals[t], methods[m], 0.3);
            tolerance(p, reals[t], methods[m], 1e-2);
            errors(p, reals[t], methods[m]);
            round_trip(p, reals[t], methods[m]);
        }
    for (int m = 0; m < METHODS; m++) far_away(p, methods[m]);
    tolerance(p, RITZ_F64, RITZ_PCA_EXACT, 3e-9);
    for (int t = 0; t < REALS; t++) {
        route(p, reals[t]);
        truncated(p, reals[t], 0.3, 0);
        truncated(p, reals[t], 0.8, 0);
        truncated(p, reals[t], 0.95, 100);
    }
    cannot_merge(p);
    damaged(p);
}
