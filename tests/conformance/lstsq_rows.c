/* ritz_lstsq_rows: sources of every kind give the answer that the same rows in memory have; sources
 * that disagree, end early, or are stopped.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/lstsq_check.h"

static const ritz_dtype reals[] = {RITZ_F32, RITZ_F64};
enum { REALS = 2 };

/* ---- sources --------------------------------------------------------------------------------- */

enum source { FROM_DEVICE, FROM_HOST, FROM_FUNCTION, FROM_ONCE, FROM_FILE, FROM_FILES, SOURCES };
static const char *const source_names[] = {"device", "host", "function", "once", "file", "files"};

enum { PARTS = 3 };

/* The rows of one matrix, and what they are read from. */
struct supply {
    enum source kind;
    const double *data; /* row-major */
    int64_t rows, cols, next;
    int64_t most;    /* rows delivered at once */
    int64_t ends_at; /* then it says that there are no more; -1: at the end */
    int64_t fails_at;
    int rewinds;
    char paths[PARTS][64];
    const char *list[PARTS];
};

static ritz_status deliver(void *context, int rewind, int64_t count, void *dst, int64_t ld,
                           int64_t *delivered)
{
    struct supply *r = context;
    const int64_t most = r->most < count ? r->most : count;
    *delivered = 0;
    if (rewind) {
        r->next = 0;
        r->rewinds++;
        return RITZ_OK;
    }
    for (; *delivered < most && r->next < r->rows; (*delivered)++, r->next++) {
        if (r->next == r->ends_at) return RITZ_OK;
        if (r->next == r->fails_at) return RITZ_ERR_IO;
        memcpy((double *)dst + *delivered * ld, r->data + r->next * r->cols,
               (size_t)r->cols * sizeof(double));
    }
    return RITZ_OK;
}

static void write_file(struct supply *r, int part, int64_t first, int64_t rows)
{
    char *path = r->paths[part];
    (void)snprintf(path, sizeof r->paths[part], "/tmp/ritz-lstsq-XXXXXX.npy");
    const int fd = mkstemps(path, 4);
    if (fd < 0) abort();
    (void)close(fd);
    (void)expect_ok(
        ritz_save_npy(path, ritz_hmat_wrap((void *)(uintptr_t)(r->data + first * r->cols), RITZ_F64,
                                           rows, r->cols, RITZ_ROW_MAJOR)));
    r->list[part] = path;
}

static ritz_rows open_supply(struct supply *r, const struct operand *on_device)
{
    void *data = (void *)(uintptr_t)r->data;
    switch (r->kind) {
    case FROM_HOST:
        return ritz_rows_hmat(ritz_hmat_wrap(data, RITZ_F64, r->rows, r->cols, RITZ_ROW_MAJOR));
    case FROM_FUNCTION:
    case FROM_ONCE:
        return ritz_rows_callback(RITZ_F64, r->rows, r->cols, r->kind == FROM_ONCE, deliver, r);
    case FROM_FILE: write_file(r, 0, 0, r->rows); return ritz_rows_file(r->list[0]);
    case FROM_FILES: {
        const int64_t third = r->rows / 3;
        write_file(r, 0, 0, third);
        write_file(r, 1, third, 1);
        write_file(r, 2, third + 1, r->rows - third - 1);
        return ritz_rows_files(r->list, PARTS);
    }
    case FROM_DEVICE:
    case SOURCES: break;
    }
    return ritz_rows_dmat(on_device->mat);
}

static void close_supply(struct supply *r)
{
    for (int i = 0; i < PARTS; i++)
        if (r->list[i]) (void)unlink(r->list[i]);
}

/* ---- one problem ----------------------------------------------------------------------------- */

static double *on_host(const struct operand *op)
{
    omat M = item_before(op, 0);
    double *host = calloc((size_t)(M.rows * M.cols + 1), sizeof *host);
    if (!host) abort();
    omat_to_f64(M, host, M.cols, 1);
    omat_destroy(&M);
    return host;
}

struct told {
    int64_t calls, last, stop_at;
};
static int progress(void *context, const char *phase, int64_t done, int64_t total)
{
    struct told *t = context;
    if (!phase || done < 0 || done > total) abort();
    t->last = done;
    return ++t->calls == t->stop_at;
}

struct stream {
    enum source a, b;
    int64_t most, ends_at, fails_at; /* of deliveries; of A */
    int64_t stop_at;                 /* call of progress that stops; 0: none */
    ritz_status code;
    const char *words;
};

/* As lsq_solve, from rows. */
static void solve_rows(const struct place *p, const struct lsq_problem *q, const struct stream *st,
                       struct lsq_run *run, struct told *told)
{
    const int64_t n = q->A.cols;
    ritz_lstsq_options o;
    struct scene *sc = &run->sc;
    lsq_lay_out(p, q, run, &o);
    *told = (struct told){.stop_at = st->stop_at};
    o.progress = progress;
    o.progress_context = told;
    double *a = on_host(run->A), *b = on_host(run->B);
    struct supply of_a = {.kind = st->a,
                          .data = a,
                          .rows = q->A.rows,
                          .cols = n,
                          .most = st->most,
                          .ends_at = st->ends_at,
                          .fails_at = st->fails_at};
    struct supply of_b = {.kind = st->b,
                          .data = b,
                          .rows = q->A.rows,
                          .cols = q->B.cols,
                          .most = st->most + 2,
                          .ends_at = -1,
                          .fails_at = -1};
    const ritz_rows rows_a = open_supply(&of_a, run->A), rows_b = open_supply(&of_b, run->B);
    run->status = ritz_lstsq_rows(p->s, rows_a, rows_b, run->X->mat, &o, &run->report);
    if (st->code != RITZ_OK) (void)expect_error(run->status, st->code, st->words);
    run->usable = scene_finish(sc, st->code == RITZ_OK ? run->status : RITZ_OK);
    close_supply(&of_a);
    close_supply(&of_b);
    free(a);
    free(b);
}

static bool begin(const struct place *p, const struct lsq_problem *q, const struct stream *st)
{
    return begin_case(p,
                      "lstsq_rows %s %s %s from %s and %s, %lldx%lld, %lld targets%s%s, lambda %g, "
                      "block_rows %lld, X %s",
                      lsq_name(q->o.method), ritz_dtype_name(q->dtype), q->name,
                      source_names[st->a], source_names[st->b], (long long)q->A.rows,
                      (long long)q->A.cols, (long long)q->B.cols, q->w.a ? ", weights" : "",
                      q->intercept ? ", intercept" : "", q->o.lambda, (long long)q->o.block_rows,
                      form_name(q->f[2]));
}

/* The answer is as good as in memory, and the report says so. */
static void right(const struct place *p, const struct lsq_problem *q, const struct stream *st)
{
    struct lsq_run run;
    struct told told;
    if (!begin(p, q, st)) return;
    solve_rows(p, q, st, &run, &told);
    if (run.usable) {
        const bool once = st->a == FROM_ONCE || st->b == FROM_ONCE;
        /* What lies in the device's memory already is solved as by ritz_lstsq. */
        const bool streams = st->a > FROM_HOST || st->b > FROM_HOST;
        lsq_gather(q, &run);
        lsq_judge(q, &run);
        if (q->rank >= 0 && q->rank < q->A.cols) lsq_judge_minimum_norm(q, &run);
        if (once)
            (void)expect(run.report.passes == 1 && isnan(run.report.backward_error),
                         "%d passes, backward error %g", run.report.passes,
                         run.report.backward_error);
        if (q->o.method != RITZ_LSTSQ_AUTO && q->rank == q->A.cols)
            (void)expect(run.report.method == q->o.method && run.report.fallbacks == 0, "%s: %s",
                         run.report.method_name, run.report.reason);
        if (q->o.method == RITZ_LSTSQ_AUTO && q->rank == q->A.cols && streams)
            (void)expect(run.report.reason_code == RITZ_LSTSQ_OUT_OF_CORE &&
                             run.report.method == (once ? RITZ_LSTSQ_TSQR : RITZ_LSTSQ_SKETCH_QR),
                         "%s: %s", run.report.method_name, run.report.reason);
        if (streams)
            (void)expect(told.calls >= run.report.passes, "told %lld times in %d passes",
                         (long long)told.calls, run.report.passes);
    }
    lsq_end(&run);
}

static void wrong(const struct place *p, const struct lsq_problem *q, const struct stream *st)
{
    struct lsq_run run;
    struct told told;
    if (!begin(p, q, st)) return;
    solve_rows(p, q, st, &run, &told);
    lsq_end(&run);
}

/* ---- every source and method ----------------------------------------------------------------- */

static void vary(struct lsq_problem *q, struct forms *walk)
{
    if (!next_forms(walk)) {
        *walk = forms_of(3, 0);
        (void)next_forms(walk);
    }
    memcpy(q->f, walk->f, sizeof q->f);
}

static void weigh(struct lsq_problem *q)
{
    q->w = omat_create(q->A.rows, 1);
    for (int64_t i = 0; i < q->A.rows; i++)
        q->w.a[i] = i % 5 == 2 ? 0 : 1 + matgen_uniform_at(881, (uint64_t)i);
}

static bool can_stream(ritz_lstsq_method method)
{
    return method != RITZ_LSTSQ_QR && method != RITZ_LSTSQ_SKETCH_CG_FIXED &&
           method != RITZ_LSTSQ_SKETCH_SOLVE;
}

static void sources(const struct place *p, ritz_dtype dtype, struct forms *walk)
{
    static const int64_t blocks[] = {0, 17, 64, 1, 1000};
    int turn = 0;
    for (int source = 0; source < SOURCES; source++)
        for (int method = RITZ_LSTSQ_AUTO; method <= RITZ_LSTSQ_TSQR; method++)
            for (int choices = 0; choices < 4; choices++, turn++) {
                if (!can_stream((ritz_lstsq_method)method)) continue;
                const bool once = source == FROM_ONCE;
                if (once && method != RITZ_LSTSQ_AUTO && method != RITZ_LSTSQ_TSQR) continue;
                if (!full_level() && turn % 3 != 0) continue;
                struct lsq_problem q = lsq_make(dtype, 331, 7, 1 + turn % 3, 10, 1);
                q.o.method = (ritz_lstsq_method)method;
                q.o.block_rows = blocks[turn % 5];
                q.o.lambda = choices & 2 ? 0.01 : 0;
                q.intercept = (choices & 1) && !once;
                if (turn % 4 == 3) weigh(&q);
                q.rank = 7;
                vary(&q, walk);
                const struct stream st = {.a = (enum source)source,
                                          .b = (enum source)(turn % 3 == 1   ? FROM_HOST
                                                             : turn % 3 == 2 ? FROM_FUNCTION
                                                                             : source),
                                          .most = turn % 2 ? 13 : 1000,
                                          .ends_at = -1,
                                          .fails_at = -1};
                right(p, &q, &st);
                lsq_drop(&q);
            }
}

/* Few rows, few columns, ranks, ill-conditioned and extreme data, by the default. */
static void hard(const struct place *p, ritz_dtype dtype, struct forms *walk)
{
    const long double ill = dtype == RITZ_F32 ? 1e6L : 1e12L;
    for (int source = FROM_HOST; source <= FROM_ONCE; source++)
        for (int kind = 0; kind < 8; kind++) {
            struct lsq_problem q;
            if (kind == 0) q = lsq_make(dtype, 331, 7, 2, ill, 1e-6L);
            if (kind == 1)
                q = lsq_make_of("duplicates", dtype, matgen_duplicates(882, 331, 7, 4, 0), 2, 1);
            if (kind == 2) q = lsq_make(dtype, 40, 12, 2, 10, 1);
            if (kind == 3) q = lsq_make(dtype, 7, 7, 2, 10, 1);
            if (kind == 4) q = lsq_make(dtype, 5, 9, 2, 10, 1);
            if (kind == 5) q = lsq_make(dtype, 200, 1, 1, 1, 1);
            if (kind == 6) q = lsq_make_of("zeros", dtype, omat_create(200, 3), 2, 1);
            if (kind == 7) {
                q = lsq_make_of("graded", dtype, matgen_gaussian(883, 300, 6), 2, 1);
                matgen_grade_cols(&q.A, 8);
            }
            if (kind == 1) q.rank = 4;
            q.o.block_rows = 19;
            vary(&q, walk);
            const struct stream st = {.a = (enum source)source,
                                      .b = FROM_FUNCTION,
                                      .most = 11,
                                      .ends_at = -1,
                                      .fails_at = -1};
            right(p, &q, &st);
            lsq_drop(&q);
        }
}

/* ---- what cannot be solved ------------------------------------------------------------------- */

static void mistakes(const struct place *p)
{
    const struct stream ends = {FROM_FUNCTION, FROM_HOST,        9, 100, -1, 0,
                                RITZ_ERR_IO,   "200 of 300 rows"};
    const struct stream fails = {FROM_FUNCTION, FROM_HOST, 9, -1, 150, 0, RITZ_ERR_IO, "row"};
    const struct stream stops = {FROM_FUNCTION,      FROM_HOST, 9, -1, -1, 3,
                                 RITZ_ERR_CANCELLED, "lstsq"};
    const struct stream later = {FROM_HOST, FROM_FUNCTION,      9,      -1, -1,
                                 20,        RITZ_ERR_CANCELLED, "lstsq"};
    const struct stream *const all[] = {&ends, &fails, &stops, &later};
    static const char *const names[] = {"ends early", "fails", "stopped", "stopped later"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int method = RITZ_LSTSQ_AUTO; method <= RITZ_LSTSQ_TSQR; method++) {
            if (!can_stream((ritz_lstsq_method)method)) continue;
            if (i == 3 && method != RITZ_LSTSQ_SKETCH_QR) continue;
            struct lsq_problem q = lsq_make(RITZ_F64, 300, 5, 1, 10, 1);
            q.name = names[i];
            q.o.method = (ritz_lstsq_method)method;
            q.o.block_rows = 31;
            wrong(p, &q, all[i]);
            lsq_drop(&q);
        }
    struct lsq_problem q = lsq_make(RITZ_F64, 300, 5, 1, 10, 1);
    const struct stream once = {FROM_ONCE, FROM_HOST, 9, -1, -1, 0, RITZ_ERR_STATE, "twice"};
    q.intercept = 1;
    q.name = "an intercept of what is read once";
    wrong(p, &q, &once);
    lsq_drop(&q);
}

static void flawed(const struct place *p, enum source source, ritz_lstsq_method method, bool in_b)
{
    struct lsq_problem q = lsq_make(RITZ_F64, 300, 5, 2, 10, 1);
    const struct stream st = {source, FROM_HOST, 9, -1, -1, 0, RITZ_ERR_NOT_FINITE, "lstsq_rows"};
    struct lsq_run run;
    struct told told;
    q.name = in_b ? "NaN in B" : "NaN in A";
    q.o.method = method;
    q.o.block_rows = 31;
    if (in_b)
        q.B.a[299] = (long double)NAN;
    else
        q.A.a[299] = (long double)NAN;
    if (begin(p, &q, &st)) {
        solve_rows(p, &q, &st, &run, &told);
        if (run.usable) {
            (void)expect(item_is_nan(run.X, 0, RITZ_BOTH) && item_is_nan(run.norms, 0, RITZ_BOTH),
                         "X and the norms are not NaN");
            (void)expect(info_after(run.rank, 0) == -1, "rank %lld",
                         (long long)info_after(run.rank, 0));
        }
        lsq_end(&run);
    }
    lsq_drop(&q);
}

/* Sources of another shape than X, or than each other. */
static void disagreeing(const struct place *p, int64_t rows_a, int64_t cols_a, int64_t rows_b,
                        int64_t cols_b, const char *words)
{
    if (!begin_case(p, "lstsq_rows of %lldx%lld and %lldx%lld", (long long)rows_a,
                    (long long)cols_a, (long long)rows_b, (long long)cols_b))
        return;
    double *zeros = calloc(400, sizeof *zeros);
    if (!zeros) abort();
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *X = add_output(&sc, "X", RITZ_F64, COL_PLAIN, 3, 2, 1);
    scene_upload(&sc);
    const ritz_rows a =
        ritz_rows_hmat(ritz_hmat_wrap(zeros, RITZ_F64, rows_a, cols_a, RITZ_ROW_MAJOR));
    const ritz_rows b =
        ritz_rows_hmat(ritz_hmat_wrap(zeros, RITZ_F64, rows_b, cols_b, RITZ_ROW_MAJOR));
    (void)expect_error(ritz_lstsq_rows(p->s, a, b, X->mat, NULL, NULL), RITZ_ERR_SHAPE, words);
    (void)scene_finish(&sc, RITZ_OK);
    expect_kept(X);
    scene_end(&sc);
    free(zeros);
}

/* A file that is shorter than its header says. */
static void cut_file(const struct place *p)
{
    if (!begin_case(p, "lstsq_rows of a file that ends early")) return;
    double *zeros = calloc(400, sizeof *zeros);
    if (!zeros) abort();
    struct supply r = {.kind = FROM_FILE, .data = zeros, .rows = 100, .cols = 3};
    const ritz_rows a = open_supply(&r, NULL);
    if (truncate(r.list[0], 128 + 90 * 3 * 8) != 0) abort();
    struct scene sc;
    scene_begin(&sc, p);
    struct operand *X = add_output(&sc, "X", RITZ_F64, COL_PLAIN, 3, 2, 1);
    scene_upload(&sc);
    const ritz_rows b = ritz_rows_hmat(ritz_hmat_wrap(zeros, RITZ_F64, 100, 2, RITZ_ROW_MAJOR));
    (void)expect_error(ritz_lstsq_rows(p->s, a, b, X->mat, NULL, NULL), RITZ_ERR_FORMAT,
                       "cut short");
    (void)scene_finish(&sc, RITZ_OK);
    scene_end(&sc);
    close_supply(&r);
    free(zeros);
}

void test_lstsq_rows(const struct place *p)
{
    for (int t = 0; t < REALS; t++) {
        struct forms walk = forms_of(3, 0);
        sources(p, reals[t], &walk);
        hard(p, reals[t], &walk);
    }
    mistakes(p);
    for (int source = FROM_HOST; source <= FROM_ONCE; source++)
        for (int in_b = 0; in_b < 2; in_b++) {
            flawed(p, (enum source)source, RITZ_LSTSQ_AUTO, in_b);
            flawed(p, (enum source)source, RITZ_LSTSQ_TSQR, in_b);
        }
    disagreeing(p, 9, 3, 8, 2, "9 rows|8");
    disagreeing(p, 9, 4, 9, 2, "X");
    disagreeing(p, 9, 3, 9, 1, "X");
    cut_file(p);
}
